//! What the network hears of a voice: features and their past, as one linear recurrence and one linear map, both clamped. Any thread.
//!
//! The memory of an instrument is not learned: it is a delay line and leaky averages, so the rows that the network trains on can be
//! computed once per recording, and training needs no backpropagation through time. The same matrices go into the model file
//! (`export`), so what plays hears exactly what was trained on.
//!
//! With `x = [ln f0_hz, confidence, loudness_db]`, each clamped, and the state `s`:
//! `next s = [s, x] * to_state + state_offset`, and the network's input is `clamp([s, x] * to_input + input_offset)`.
//! A state of zeros means that there was silence before: the state keeps loudness as its height above silence.

use std::ops::Range;
use syrinx_tracker::{FRAME_RATE_HZ, Features, LOUDNESS_FLOOR_DB};

/// Numbers that one frame brings: ln f0, confidence, loudness.
pub const FEATURES: usize = 3;
/// Frames over which the loudness difference is taken: 20 ms, as long as the loudness window, so that it is the slope of an attack.
const DIFFERENCE_FRAMES: usize = 5;
/// Time constants of the leaky averages of loudness, s. One of 30 ms tells an attack from a sustained tone; a second one of 150 ms, which
/// would tell the age of a note, made held-out pitches no better (4.85 dB against 4.79 over four instruments, 4.90 without any memory).
const AVERAGE_S: [f32; 1] = [0.03];
/// Confidence under which nothing may sound pitched; the decoder silences harmonics there. Above it confidence is not heard: how sure
/// a tracker is of a singer says nothing about how the instrument sounds, and a network that hears it thins out doubtful notes.
pub const UNVOICED_BELOW: f32 = 0.35;
/// Numbers in the state.
pub const STATE: usize = DIFFERENCE_FRAMES + AVERAGE_S.len();
/// Numbers in the network's input.
pub const INPUTS: usize = 4 + AVERAGE_S.len();
/// Index of the pitch, the confidence and the loudness in the network's input, for augmentation.
pub const PITCH_INPUT: usize = 0;
/// See [`PITCH_INPUT`].
pub const CONFIDENCE_INPUT: usize = 1;
/// See [`PITCH_INPUT`].
pub const LOUDNESS_INPUT: usize = 2;
/// Indices of what the loudness has risen by, against the memory of it.
pub const RISE_INPUTS: Range<usize> = LOUDNESS_INPUT + 1..INPUTS;
/// Semitones that are 1 in the network's input.
pub const PITCH_UNIT: f32 = 24.0;
/// dB that are 1 in the network's input.
pub const LOUDNESS_UNIT: f32 = 20.0;
/// Middle of the pitches, MIDI.
const PITCH_MIDDLE: f32 = 60.0;
/// What [`ln_hz`] adds to (the ln of middle C's f0) ...
pub const LN_HZ_MIDDLE: f32 = 5.566_914;
/// ... and what it multiplies by.
pub const LN_HZ_PER_UNIT: f32 = PITCH_UNIT / 12.0 * std::f32::consts::LN_2;
/// Middle of the loudnesses, dB.
const LOUDNESS_MIDDLE: f32 = -40.0;
/// Slopes beyond this many units (40 dB) all sound alike: the start from silence is not louder than the start from a breath.
const STEEPEST: f32 = 2.0;

pub use syrinx_decoder::midi;

/// Natural logarithm of the f0 in Hz that this pitch input means.
pub fn ln_hz(pitch_input: f32) -> f32 {
    LN_HZ_MIDDLE + LN_HZ_PER_UNIT * pitch_input
}

/// The clamps, the recurrence and the map; see the file's head. Matrices are `[from, to]`, row by row, state before features.
#[derive(Clone, Debug)]
pub struct Hearing {
    /// Least f0 (Hz), confidence and loudness (dB) that count.
    pub feature_low: [f32; FEATURES],
    /// Most of them.
    pub feature_high: [f32; FEATURES],
    /// `[STATE + FEATURES, STATE]`
    pub to_state: Vec<f32>,
    /// `[STATE]`
    pub state_offset: Vec<f32>,
    /// `[STATE + FEATURES, INPUTS]`
    pub to_input: Vec<f32>,
    /// `[INPUTS]`
    pub input_offset: Vec<f32>,
    /// Least of each input.
    pub input_low: [f32; INPUTS],
    /// Most of each input.
    pub input_high: [f32; INPUTS],
}

impl Hearing {
    /// For an instrument of `pitch_hz`, low to high, and `loudness_db`, soft to loud: what lies outside is heard as the nearest inside.
    pub fn new(pitch_hz: [f32; 2], loudness_db: [f32; 2]) -> Self {
        let mut hearing = Self {
            feature_low: [pitch_hz[0], 0.0, LOUDNESS_FLOOR_DB],
            feature_high: [pitch_hz[1], 1.0, 20.0],
            to_state: vec![0.0; (STATE + FEATURES) * STATE],
            state_offset: vec![0.0; STATE],
            to_input: vec![0.0; (STATE + FEATURES) * INPUTS],
            input_offset: vec![0.0; INPUTS],
            input_low: [-STEEPEST; INPUTS],
            input_high: [STEEPEST; INPUTS],
        };
        const LN_F0: usize = STATE;
        const CONFIDENCE: usize = STATE + 1;
        const LOUDNESS: usize = STATE + 2;

        let semitones_per_ln = 12.0 / std::f32::consts::LN_2;
        hearing.input(LN_F0, PITCH_INPUT, semitones_per_ln / PITCH_UNIT);
        hearing.input_offset[PITCH_INPUT] = (midi(1.0) - PITCH_MIDDLE) / PITCH_UNIT;
        hearing.bounds(PITCH_INPUT, pitch_hz.map(|hz| (midi(hz) - PITCH_MIDDLE) / PITCH_UNIT));
        hearing.input(CONFIDENCE, CONFIDENCE_INPUT, 1.0);
        hearing.bounds(CONFIDENCE_INPUT, [0.0, UNVOICED_BELOW]);
        hearing.input(LOUDNESS, LOUDNESS_INPUT, 1.0 / LOUDNESS_UNIT);
        hearing.input_offset[LOUDNESS_INPUT] = -LOUDNESS_MIDDLE / LOUDNESS_UNIT;
        hearing.bounds(LOUDNESS_INPUT, loudness_db.map(|db| (db - LOUDNESS_MIDDLE) / LOUDNESS_UNIT));

        // The delay line: height above silence, newest first.
        for place in 0..DIFFERENCE_FRAMES {
            let from = if place == 0 { LOUDNESS } else { place - 1 };
            hearing.to_state[from * STATE + place] = 1.0;
        }
        hearing.state_offset[0] = -LOUDNESS_FLOOR_DB;
        let difference = LOUDNESS_INPUT + 1;
        hearing.input(LOUDNESS, difference, 1.0 / LOUDNESS_UNIT);
        hearing.input(DIFFERENCE_FRAMES - 1, difference, -1.0 / LOUDNESS_UNIT);
        hearing.input_offset[difference] = -LOUDNESS_FLOOR_DB / LOUDNESS_UNIT;

        for (n, seconds) in AVERAGE_S.into_iter().enumerate() {
            let place = DIFFERENCE_FRAMES + n;
            let leak = 1.0 - (-1.0 / (seconds * FRAME_RATE_HZ as f32)).exp();
            hearing.to_state[place * STATE + place] = 1.0 - leak;
            hearing.to_state[LOUDNESS * STATE + place] = leak;
            hearing.state_offset[place] = -leak * LOUDNESS_FLOOR_DB;
            let input = difference + 1 + n;
            hearing.input(LOUDNESS, input, 1.0 / LOUDNESS_UNIT);
            hearing.input(place, input, -1.0 / LOUDNESS_UNIT);
            hearing.input_offset[input] = -LOUDNESS_FLOOR_DB / LOUDNESS_UNIT;
        }
        hearing
    }

    fn input(&mut self, from: usize, to: usize, factor: f32) {
        self.to_input[from * INPUTS + to] = factor;
    }

    fn bounds(&mut self, input: usize, [low, high]: [f32; 2]) {
        self.input_low[input] = low;
        self.input_high[input] = high;
    }

    /// Hears one frame: moves `state` on and answers the network's input.
    pub fn step(&self, state: &mut [f32; STATE], features: &Features) -> [f32; INPUTS] {
        let mut all = [0.0; STATE + FEATURES];
        all[..STATE].copy_from_slice(state);
        let raw = [features.f0_hz, features.confidence, features.loudness_db];
        for i in 0..FEATURES {
            all[STATE + i] = raw[i].clamp(self.feature_low[i], self.feature_high[i]);
        }
        all[STATE] = all[STATE].ln();
        let mut input = [0.0; INPUTS];
        input.copy_from_slice(&self.input_offset);
        state.copy_from_slice(&self.state_offset);
        for (from, v) in all.iter().enumerate() {
            for (to, s) in state.iter_mut().enumerate() {
                *s += v * self.to_state[from * STATE + to];
            }
            for (to, x) in input.iter_mut().enumerate() {
                *x += v * self.to_input[from * INPUTS + to];
            }
        }
        for i in 0..INPUTS {
            input[i] = input[i].clamp(self.input_low[i], self.input_high[i]);
        }
        input
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(f0_hz: f32, loudness_db: f32) -> Features {
        Features { frame: 0, f0_hz, confidence: 1.0, loudness_db }
    }

    #[test]
    fn zeros_mean_silence_before() {
        let hearing = Hearing::new([100.0, 1000.0], [-60.0, -10.0]);
        let mut fresh = [0.0; STATE];
        let mut waited = [0.0; STATE];
        for _ in 0..1000 {
            hearing.step(&mut waited, &features(440.0, LOUDNESS_FLOOR_DB));
        }
        let a = hearing.step(&mut fresh, &features(440.0, -20.0));
        let b = hearing.step(&mut waited, &features(440.0, -20.0));
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() < 1e-3, "{a} {b}");
        }
        assert!((a[LOUDNESS_INPUT] - 1.0).abs() < 1e-5);
        assert_eq!(a[LOUDNESS_INPUT + 1], STEEPEST);
    }

    #[test]
    fn a_steady_tone_has_no_slope_and_pitch_is_in_units() {
        let hearing = Hearing::new([100.0, 1000.0], [-60.0, -10.0]);
        let mut state = [0.0; STATE];
        for _ in 0..1000 {
            hearing.step(&mut state, &features(261.6256, -30.0));
        }
        let at_rest = hearing.step(&mut state, &features(261.6256, -30.0));
        assert!(at_rest[PITCH_INPUT].abs() < 1e-4);
        assert!(at_rest[LOUDNESS_INPUT + 1..].iter().all(|x| x.abs() < 1e-3), "{at_rest:?}");
        let louder = hearing.step(&mut state, &features(523.2511, -20.0));
        assert!((louder[PITCH_INPUT] - 0.5).abs() < 1e-4);
        assert!(louder[LOUDNESS_INPUT + 1..].iter().all(|x| (x - 0.5).abs() < 1e-2), "{louder:?}");
        let too_high = hearing.step(&mut state, &features(9000.0, 15.0));
        for input in [PITCH_INPUT, LOUDNESS_INPUT] {
            assert!((too_high[input] - hearing.input_high[input]).abs() < 1e-5);
        }
    }
}
