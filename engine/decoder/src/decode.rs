//! Features to controls: the network, then what is outside the network so that no network can get it wrong: voicing, the range
//! it was trained in, and the loudness lock. Audio thread; never allocates after `new`.

use crate::{Decay, Model, network::Network};
use std::sync::Arc;
use syrinx_synth::Controls;
use syrinx_tracker::{Features, a_weighting_power};

/// No harmonic sounds above this, Hz: nobody hears it, and recordings end there.
pub const HIGHEST_HARMONIC_HZ: f32 = 21_000.0;
/// Below this loudness, dB, the instrument fades out; [`SILENT_DB`] is silence. Both lie under the noise of any microphone.
const FADE_DB: f32 = -84.0;
const SILENT_DB: f32 = -96.0;
/// Harmonics are off up to the first confidence and fully on from the second; the tracker calls 0.5 voiced. Consonants and breath
/// come with less, so they sound as noise, never as a guessed pitch.
const VOICING: [f32; 2] = [0.35, 0.6];
/// The network hears loudness clamped to its training range and this much beyond, dB; the loudness lock still gives what was asked.
const LOUDNESS_MARGIN_DB: f32 = 3.0;
/// The network hears pitch clamped to its training range and this much beyond, as a ratio (two semitones).
const PITCH_MARGIN: f32 = 1.122_462;

/// Where there is no pitch, noise is spread over this many bands to either side: networks that learned from tones answer with the places of
/// the tones, and noise that is narrower than an octave or so sings.
const SPREAD_BANDS: usize = 4;

/// Where there is no pitch, the noise is softer than the voice by this gain (-6 dB). A note of which the pitch is not known yet begins as noise,
/// and noise as loud as the tone is a burst that no instrument has: with it, attacks were 1 to 2 dB farther from recordings.
const UNPITCHED_GAIN: f32 = 0.5;

/// Answers one stream's features, frame by frame, in order.
pub struct Decoder {
    network: Network,
    /// A-weighting of each noise band at its centre, power gain.
    noise_weights: Vec<f32>,
    /// Width of each noise band, Hz.
    noise_widths: Vec<f32>,
    /// Mean square of each noise band.
    noise: Vec<f32>,
    /// The f0 that was last sounding, for frames without pitch: the network's memory must not see it jump to nothing.
    last_f0_hz: f32,
    failed: u64,
}

impl Decoder {
    /// A decoder at the start of a stream.
    pub fn new(model: Arc<Model>) -> Self {
        let noise_weights = noise_weights(&model.card().noise_edges_hz);
        let last_f0_hz = middle(model.card().pitch_range_hz);
        let noise_widths = model.card().noise_edges_hz.windows(2).map(|edges| edges[1] - edges[0]).collect();
        let noise = vec![0.0; noise_weights.len()];
        Self { network: Network::new(model), noise_weights, noise_widths, noise, last_f0_hz, failed: 0 }
    }

    /// The instrument that answers.
    pub fn model(&self) -> &Arc<Model> {
        self.network.model()
    }

    /// Forgets what was played.
    pub fn reset(&mut self) {
        self.network.reset();
        self.last_f0_hz = middle(self.model().card().pitch_range_hz);
    }

    /// Frames that the network failed to answer with numbers; they were silent.
    pub fn failed_frames(&self) -> u64 {
        self.failed
    }

    /// Answers one frame. The A-weighted level of the answer equals `features.loudness_db` (above silence), whatever the network says; where
    /// there is no pitch it is 6 dB lower.
    pub fn step(&mut self, features: &Features, controls: &mut Controls) {
        *controls = Controls::silent(features.frame);
        let card = self.network.model().card();
        if features.f0_hz > 0.0 && features.f0_hz.is_finite() {
            self.last_f0_hz = features.f0_hz;
        }
        let f0_hz = self.last_f0_hz;
        controls.f0_hz = f0_hz;
        let confidence = features.confidence.clamp(0.0, 1.0);
        let [low, high] = card.pitch_range_hz;
        let [soft, loud] = card.loudness_range_db;
        // The network always runs, in silence too: its memory must know how long the silence was.
        let heard_f0 = f0_hz.clamp(low / PITCH_MARGIN, high * PITCH_MARGIN);
        let loud = Decay::loudest_db(card.decay.as_ref(), loud);
        let heard_db =
            if features.loudness_db < soft { features.loudness_db } else { features.loudness_db.min(loud + LOUDNESS_MARGIN_DB) };
        let answer = self.network.run([heard_f0, confidence, heard_db]);
        if !answer.is_finite() {
            self.failed += 1;
            return;
        }
        if features.loudness_db.is_nan() || features.loudness_db <= SILENT_DB {
            return;
        }
        let fade = ((features.loudness_db - SILENT_DB) / (FADE_DB - SILENT_DB)).clamp(0.0, 1.0);

        let voicing = smoothstep(VOICING, confidence);
        let mut weighted = 0.0;
        for (k, (db, share)) in answer.harmonics_db.iter().zip(&mut controls.harmonics).enumerate() {
            let hz = (k + 1) as f32 * f0_hz;
            if hz > HIGHEST_HARMONIC_HZ || voicing == 0.0 {
                break;
            }
            let power = power(*db) * voicing * voicing;
            weighted += power * a_weighting_power(f64::from(hz)) as f32;
            // A sine of mean square p has the peak amplitude sqrt(2 p).
            *share = (2.0 * power).sqrt();
        }
        for (power_of, db) in self.noise.iter_mut().zip(answer.noise_db) {
            *power_of = power(*db);
        }
        for (band, rms) in controls.noise.iter_mut().take(self.noise.len()).enumerate() {
            let mut power = self.noise[band];
            if voicing < 1.0 {
                power = voicing * power + (1.0 - voicing) * spread(&self.noise, &self.noise_widths, band);
            }
            weighted += power * self.noise_weights[band];
            *rms = power.sqrt();
        }
        if weighted <= f32::MIN_POSITIVE {
            *controls = Controls::silent(features.frame);
            controls.f0_hz = f0_hz;
            return;
        }
        // The loudness lock: one gain on everything, so that the weighted power is the one asked for.
        let unpitched = voicing + (1.0 - voicing) * UNPITCHED_GAIN;
        let lock = unpitched * fade * (10f32.powf(0.1 * features.loudness_db) / weighted).sqrt();
        controls.noise.iter_mut().for_each(|rms| *rms *= lock);
        let sum: f32 = controls.harmonics.iter().sum();
        if sum > 0.0 {
            controls.harmonics.iter_mut().for_each(|share| *share /= sum);
            controls.amplitude = sum * lock;
        }
    }
}

/// Power gain of A-weighting at the centre of each band: `noise_edges_hz.len() - 1` numbers.
pub fn noise_weights(noise_edges_hz: &[f32]) -> Vec<f32> {
    noise_edges_hz.windows(2).map(|w| a_weighting_power(f64::from(0.5 * (w[0] + w[1]))) as f32).collect()
}

/// Mean square of `band` when the power density of all bands is averaged over its neighbours, the nearer the more.
fn spread(power: &[f32], widths: &[f32], band: usize) -> f32 {
    let (from, to) = (band.saturating_sub(SPREAD_BANDS), (band + SPREAD_BANDS + 1).min(power.len()));
    let (mut sum, mut total) = (0.0, 0.0);
    for near in from..to {
        let weight = (SPREAD_BANDS + 1 - near.abs_diff(band)) as f32;
        sum += weight * power[near] / widths[near];
        total += weight;
    }
    sum / total * widths[band]
}

fn middle([low, high]: [f32; 2]) -> f32 {
    (low * high).sqrt()
}

/// Power of a level in dB; levels a hundred dB above the input or more are a broken model's, and are held there.
fn power(db: f32) -> f32 {
    10f32.powf(0.1 * db.clamp(-200.0, 100.0))
}

fn smoothstep([from, to]: [f32; 2], x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_noise_is_spread_and_an_even_one_stays() {
        let widths: Vec<f32> = (0..20).map(|n| 40.0 + 10.0 * n as f32).collect();
        for band in 0..20 {
            let even = spread(&widths, &widths, band);
            assert!((even / widths[band] - 1.0).abs() < 1e-5, "{band}: {even}");
        }
        let mut narrow = vec![0.0; 20];
        narrow[8] = widths[8];
        let density = |band: usize| spread(&narrow, &widths, band) / widths[band];
        assert!((density(8) - 0.2).abs() < 1e-5 && (density(6) - 0.12).abs() < 1e-5 && (density(12) - 0.04).abs() < 1e-5);
        assert!(density(3) == 0.0 && density(13) == 0.0);
    }
}
