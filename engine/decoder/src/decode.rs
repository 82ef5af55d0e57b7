//! Features to controls: the network, then what is outside the network so that no network can get it wrong: voicing, the range
//! it was trained in, and the loudness lock. Audio thread; never allocates after `new`.

use crate::{
    Decay, Model,
    breath::{Breath, spread},
    noise::{NoiseBands, power},
    plan::Arena,
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

/// The answers to one stream's features, frame by frame, in order: what has to be remembered from frame to frame, and no more. Many of them run
/// in one [`Arena`].
pub struct DecoderState {
    model: Arc<Model>,
    /// The network's memory.
    network: Vec<f32>,
    breath: Breath,
    /// The f0 that was last sounding, for frames without pitch: the network's memory must not see it jump to nothing.
    last_f0_hz: f32,
    failed: u64,
}

impl DecoderState {
    /// At the start of a stream.
    pub fn new(model: Arc<Model>) -> Self {
        Self {
            network: vec![0.0; model.plan.state_len()],
            breath: Breath::new(model.noise.soft),
            last_f0_hz: model.card().middle_hz(),
            failed: 0,
            model,
        }
    }

    /// Makes room for the memories of all of these models, so that [`become_of`](Self::become_of) does not allocate.
    pub fn reserve<'a>(&mut self, models: impl IntoIterator<Item = &'a Model>) {
        let most = models.into_iter().map(|model| model.plan.state_len()).max().unwrap_or(0);
        self.network.reserve_exact(most.saturating_sub(self.network.len()));
    }

    /// Answers for another model from now on, at the start of a stream. Never allocates where there was made room for it, and never frees as long as
    /// another holds the model before.
    pub fn become_of(&mut self, model: &Arc<Model>) {
        self.model = model.clone();
        self.network.clear();
        self.network.resize(model.plan.state_len(), 0.0);
        self.reset();
    }

    /// The instrument that answers.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Forgets what was played.
    pub fn reset(&mut self) {
        self.network.fill(0.0);
        self.breath = Breath::new(self.model.noise.soft);
        self.last_f0_hz = self.model.card().middle_hz();
    }

    /// Frames that the network failed to answer with numbers; they were silent.
    pub fn failed_frames(&self) -> u64 {
        self.failed
    }

    /// Answers one frame. The A-weighted level of the answer equals `features.loudness_db` (above silence), whatever the network says; where
    /// there is no pitch it is breath, softer than that by 6 dB, and than the notes of late by 10.
    pub fn step(&mut self, arena: &mut Arena, features: &Features, controls: &mut Controls) {
        *controls = Controls::silent(features.frame);
        let card = self.model.card();
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
        let answer = self.model.plan.run(arena, [heard_f0, confidence, heard_db], &mut self.network);
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
        let NoiseBands { weights, widths, .. } = &self.model.noise;
        // Mean square of each noise band; and of each band of the breath, against that of all bands as the ear weights them.
        let (mut noise, mut breath_noise) = ([0.0; MAX_BANDS], [0.0; MAX_BANDS]);
        let (noise, breath_noise) = (&mut noise[..weights.len()], &mut breath_noise[..weights.len()]);
        for (power_of, db) in noise.iter_mut().zip(answer.noise_db) {
            *power_of = power(*db);
        }
        if wanted.share > 0.0 {
            // In the colour of the notes, but for what may be a note's beginning.
            let (breath, noise) = (&self.breath, &*noise);
            let colours: [(f32, &dyn Fn(usize) -> f32); 2] =
                [(wanted.late, &|band| breath.power(widths, band)), (1.0 - wanted.late, &|band| spread(noise, widths, band))];
            for (share, power) in colours.into_iter().filter(|(share, _)| *share > 0.0) {
                let mut powers = [0.0; MAX_BANDS];
                let powers = &mut powers[..weights.len()];
                powers.iter_mut().enumerate().for_each(|(band, p)| *p = power(band));
                let weighted: f32 = powers.iter().zip(weights).map(|(power, weight)| weight * power).sum();
                if weighted > f32::MIN_POSITIVE {
                    breath_noise.iter_mut().zip(powers).for_each(|(sum, power)| *sum += share * *power / weighted);
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
            for (band, power) in noise.iter_mut().enumerate() {
                if voicing < 1.0 && wanted.in_note {
                    *power = power.min(MOST_NOISE * self.breath.power(widths, band));
                }
                weighted += *power * weights[band];
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
        for ((rms, power), breath_power) in controls.noise.iter_mut().zip(&*noise).zip(&*breath_noise) {
            *rms = (note * note * power + breath * breath * breath_power).sqrt();
        }
        if voicing == 1.0 && note > 0.0 {
            self.breath.hear_note(features.loudness_db, noise);
        }
    }
}

/// [`DecoderState`] with an [`Arena`] of its own.
pub struct Decoder {
    state: DecoderState,
    arena: Arena,
}

impl Decoder {
    /// A decoder at the start of a stream.
    pub fn new(model: Arc<Model>) -> Self {
        Self { arena: Arena::of([&*model]), state: DecoderState::new(model) }
    }

    /// [`DecoderState::step`].
    pub fn step(&mut self, features: &Features, controls: &mut Controls) {
        self.state.step(&mut self.arena, features, controls);
    }
}

fn smoothstep([from, to]: [f32; 2], x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
