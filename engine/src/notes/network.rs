//! Which key a voice means, by the pitch and the level of its last moments: a small network. Audio thread; plain arithmetic on one frame, never allocates.
//!
//! It answers odds of the keys about the pitch, from some below to as many above. `examples/note_network.rs` finds its weights, from melodies of which every note is
//! known.

use super::note_weights::{BIASES, FIRST, FIRST_HIDDEN, OUTPUT_BIASES, SECOND, SECOND_BIASES, SECOND_HIDDEN, THIRD};

/// Keys to either side that it tells apart; the outermost stand for all beyond.
pub const MOST_AWAY: usize = 3;
/// Frames back at which it hears how far the pitch was from where it is ...
const PITCHES: [usize; 16] = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 22, 26, 31, 37, 44];
/// ... and the level.
const LEVELS: [usize; 10] = [1, 2, 3, 4, 6, 8, 11, 15, 20, 28];
/// Numbers that it hears: where the pitch lies between the keys, those, which of every second pitch is of this breath, and how sure the pitch is.
pub const INPUTS: usize = 1 + PITCHES.len() + PITCHES.len() / 2 + LEVELS.len() + 1;
/// Frames that are kept: more than it looks back.
const KEPT: usize = 64;
/// The most that a pitch or a level counts for, semitones and dB; and dB that count as much as a semitone.
const MOST_ST: f32 = 4.0;
const MOST_DB: f32 = 24.0;
const DB: f32 = 6.0;

/// The network and what it remembers of one voice.
#[derive(Clone, Copy, Debug)]
pub struct NoteNetwork {
    /// The last raw pitches, MIDI; the last medians of three, in a ring, of which `known` are of this breath; and the last levels, dB.
    raw: [f32; 3],
    pitches: [f32; KEPT],
    known: usize,
    levels: [f32; KEPT],
    at: usize,
    inputs: [f32; INPUTS],
    nearest: u8,
}

impl NoteNetwork {
    /// In silence.
    pub const fn new() -> Self {
        Self {
            raw: [0.0; 3],
            pitches: [0.0; KEPT],
            known: 0,
            levels: [syrinx_tracker::LOUDNESS_FLOOR_DB; KEPT],
            at: 0,
            inputs: [0.0; INPUTS],
            nearest: 0,
        }
    }

    /// What it hears in this frame.
    pub fn inputs(&self) -> &[f32] {
        &self.inputs
    }

    /// The key nearest to the pitch.
    pub fn nearest(&self) -> u8 {
        self.nearest
    }

    /// The pitches before are none of what comes.
    pub fn breathe(&mut self) {
        self.known = 0;
    }

    /// A frame has this level, dB: every frame has one, before its pitch.
    pub fn level(&mut self, level_db: f32) {
        self.at = (self.at + 1) % KEPT;
        self.levels[self.at] = level_db;
    }

    /// Hears the pitch of the frame, MIDI, which is so sure; the odds of the keys from [`MOST_AWAY`] under the nearest to as many above.
    pub fn hear(&mut self, midi: f32, confidence: f32) -> [f32; 2 * MOST_AWAY + 1] {
        if self.known == 0 {
            self.raw = [midi; 3];
        }
        self.raw.rotate_left(1);
        self.raw[2] = midi;
        let [a, b, c] = self.raw;
        let pitch = a.max(b).min(c).max(a.min(b));
        self.pitches[self.at] = pitch;
        self.known = (self.known + 1).min(KEPT);
        let key = pitch.round();
        self.nearest = key as u8;

        let back = |frames: usize| (self.at + KEPT - frames) % KEPT;
        let inputs = &mut self.inputs;
        inputs[0] = pitch - key;
        let (pitches, rest) = inputs[1..].split_at_mut(PITCHES.len());
        let (known, rest) = rest.split_at_mut(PITCHES.len() / 2);
        for (input, frames) in pitches.iter_mut().zip(PITCHES) {
            let was = self.pitches[back(frames)];
            *input = if self.known > frames { (was - pitch).clamp(-MOST_ST, MOST_ST) } else { 0.0 };
        }
        for (input, frames) in known.iter_mut().zip(PITCHES.iter().step_by(2)) {
            *input = if self.known > *frames { 1.0 } else { 0.0 };
        }
        for (input, frames) in rest.iter_mut().zip(LEVELS) {
            *input = (self.levels[back(frames)] - self.levels[self.at]).clamp(-MOST_DB, MOST_DB) / DB;
        }
        rest[LEVELS.len()] = 2.0 * confidence - 1.0;
        answer(&self.inputs)
    }
}

/// The network's answer.
fn answer(inputs: &[f32; INPUTS]) -> [f32; 2 * MOST_AWAY + 1] {
    let mut first: [f32; FIRST_HIDDEN] = layer(inputs, &FIRST, &BIASES);
    first.iter_mut().for_each(|x| *x = x.max(0.0));
    let mut second: [f32; SECOND_HIDDEN] = layer(&first, &SECOND, &SECOND_BIASES);
    second.iter_mut().for_each(|x| *x = x.max(0.0));
    let mut odds = layer(&second, &THIRD, &OUTPUT_BIASES);
    let most = odds.iter().copied().fold(f32::MIN, f32::max);
    odds.iter_mut().for_each(|x| *x = (*x - most).exp());
    let sum: f32 = odds.iter().sum();
    odds.map(|x| x / sum)
}

/// Weights are in rows, one an input.
fn layer<const IN: usize, const OUT: usize>(inputs: &[f32; IN], weights: &[[f32; OUT]; IN], biases: &[f32; OUT]) -> [f32; OUT] {
    let mut sums = *biases;
    for (input, row) in inputs.iter().zip(weights) {
        sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += input * weight);
    }
    sums
}
