//! Features to controls: the network, then what is outside the network so that no network can get it wrong: voicing, the range
//! it was trained in, and the loudness lock. Audio thread; never allocates after `new`.

use crate::{
    Decay, Model,
    breath::{Breath, spread},
    network::Network,
};
use std::sync::Arc;
use syrinx_synth::{Controls, MAX_BANDS};
use syrinx_tracker::{Features, a_weighting_power};

/// No harmonic sounds above this, Hz: nobody hears it, and recordings end there.
pub const HIGHEST_HARMONIC_HZ: f32 = 21_000.0;
/// Below this loudness, dB, the instrument fades out; [`SILENT_DB`] is silence. Both lie under the noise of any microphone.
const FADE_DB: f32 = -84.0;
const SILENT_DB: f32 = -96.0;
/// The note is off up to the first confidence and fully on from the second; the tracker calls 0.5 voiced. Consonants and breath
/// come with less, so they sound as breath, never as a guessed pitch.
const VOICING: [f32; 2] = [0.35, 0.6];
/// The network hears loudness clamped to its training range and this much beyond, dB; the loudness lock still gives what was asked.
const LOUDNESS_MARGIN_DB: f32 = 3.0;
/// The network hears pitch clamped to its training range and this much beyond, as a ratio (two semitones).
const PITCH_MARGIN: f32 = 1.122_462;

/// Where a pitch goes, or is not sure for a while, the noise of the note is at most this above what it was in the notes of late, as a ratio of powers (3 dB): networks
/// answer what is half a consonant with half of its noise.
const MOST_NOISE: f32 = 2.0;
/// Frames of a soft note that tell the colour of the noise: more than instruments remember.
const COLOUR_FRAMES: usize = 16;

/// Answers one stream's features, frame by frame, in order.
pub struct Decoder {
    network: Network,
    /// A-weighting of each noise band at its centre, power gain.
    noise_weights: Vec<f32>,
    /// Width of each noise band, Hz.
    noise_widths: Vec<f32>,
    /// Mean square of each noise band.
    noise: Vec<f32>,
    breath: Breath,
    /// Mean square of each band of the breath, against that of all bands as the ear weights them.
    breath_noise: Vec<f32>,
    /// Mean square of each band of the noise of a soft note, against that of the note.
    colour: [f32; MAX_BANDS],
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
        let breath_noise = noise.clone();
        let mut network = Network::new(model);
        let colour = soft_noise(&mut network, last_f0_hz);
        Self {
            network,
            noise_weights,
            noise_widths,
            noise,
            breath: Breath::new(colour),
            breath_noise,
            colour,
            last_f0_hz,
            failed: 0,
        }
    }

    /// The instrument that answers.
    pub fn model(&self) -> &Arc<Model> {
        self.network.model()
    }

    /// Forgets what was played.
    pub fn reset(&mut self) {
        self.network.reset();
        self.breath = Breath::new(self.colour);
        self.last_f0_hz = middle(self.model().card().pitch_range_hz);
    }

    /// Frames that the network failed to answer with numbers; they were silent.
    pub fn failed_frames(&self) -> u64 {
        self.failed
    }

    /// Answers one frame. The A-weighted level of the answer equals `features.loudness_db` (above silence), whatever the network says; where
    /// there is no pitch it is breath, softer than that by 6 dB, and than the notes of late by 10.
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
        let silent = features.loudness_db.is_nan() || features.loudness_db <= SILENT_DB;
        let voicing = smoothstep(VOICING, confidence);
        let wanted = self.breath.step(features.loudness_db, voicing, silent);
        if silent {
            return;
        }
        let fade = ((features.loudness_db - SILENT_DB) / (FADE_DB - SILENT_DB)).clamp(0.0, 1.0);
        for (power_of, db) in self.noise.iter_mut().zip(answer.noise_db) {
            *power_of = power(*db);
        }
        self.breath_noise.fill(0.0);
        if wanted.share > 0.0 {
            // In the colour of the notes, but for what may be a note's beginning.
            let (breath, noise, widths) = (&self.breath, &self.noise, &self.noise_widths);
            let colours: [(f32, &dyn Fn(usize) -> f32); 2] =
                [(wanted.late, &|band| breath.power(widths, band)), (1.0 - wanted.late, &|band| spread(noise, widths, band))];
            for (share, power) in colours.into_iter().filter(|(share, _)| *share > 0.0) {
                let mut powers = [0.0; MAX_BANDS];
                let powers = &mut powers[..self.noise_weights.len()];
                powers.iter_mut().enumerate().for_each(|(band, p)| *p = power(band));
                let weighted: f32 = powers.iter().zip(&self.noise_weights).map(|(power, weight)| weight * power).sum();
                if weighted > f32::MIN_POSITIVE {
                    self.breath_noise.iter_mut().zip(powers).for_each(|(sum, power)| *sum += share * *power / weighted);
                }
            }
        }
        let level = |loudness_db: f32| fade * 10f32.powf(0.05 * loudness_db);

        // The note. What there is of it is as coloured as all of it would be: noise does not take the place of a tone that is not sure.
        let mut note = 0.0;
        if voicing > 0.0 {
            let mut weighted = 0.0;
            for (k, (db, share)) in answer.harmonics_db.iter().zip(&mut controls.harmonics).enumerate() {
                let hz = (k + 1) as f32 * f0_hz;
                if hz > HIGHEST_HARMONIC_HZ {
                    break;
                }
                let power = power(*db);
                weighted += power * a_weighting_power(f64::from(hz)) as f32;
                // A sine of mean square p has the peak amplitude sqrt(2 p).
                *share = (2.0 * power).sqrt();
            }
            for (band, power) in self.noise.iter_mut().enumerate() {
                if voicing < 1.0 && wanted.in_note {
                    *power = power.min(MOST_NOISE * self.breath.power(&self.noise_widths, band));
                }
                weighted += *power * self.noise_weights[band];
            }
            if weighted > f32::MIN_POSITIVE {
                // The loudness lock: one gain on everything, so that the weighted power is the one asked for.
                note = voicing * level(features.loudness_db) / weighted.sqrt();
            }
        }
        let sum: f32 = controls.harmonics.iter().sum();
        if sum > 0.0 {
            controls.harmonics.iter_mut().for_each(|share| *share /= sum);
            controls.amplitude = sum * note;
        }
        // And the breath, which fades in as the note goes.
        let breath = wanted.share * level(wanted.level_db);
        for ((rms, power), breath_power) in controls.noise.iter_mut().zip(&self.noise).zip(&self.breath_noise) {
            *rms = (note * note * power + breath * breath * breath_power).sqrt();
        }
        if voicing == 1.0 && note > 0.0 {
            self.breath.hear_note(features.loudness_db, &self.noise);
        }
    }
}

/// Mean square of each band of the noise in a soft note at `f0_hz`, against that of the note. Leaves the network as at the start of a stream.
fn soft_noise(network: &mut Network, f0_hz: f32) -> [f32; MAX_BANDS] {
    let soft_db = network.model().card().loudness_range_db[0];
    let mut colour = [0.0; MAX_BANDS];
    for _ in 0..COLOUR_FRAMES {
        let answer = network.run([f0_hz, 1.0, soft_db]);
        if answer.is_finite() {
            colour.iter_mut().zip(answer.noise_db).for_each(|(band, db)| *band = power(*db));
        }
    }
    network.reset();
    colour
}

/// Power gain of A-weighting at the centre of each band: `noise_edges_hz.len() - 1` numbers.
pub fn noise_weights(noise_edges_hz: &[f32]) -> Vec<f32> {
    noise_edges_hz.windows(2).map(|w| a_weighting_power(f64::from(0.5 * (w[0] + w[1]))) as f32).collect()
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
