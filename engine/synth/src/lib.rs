//! The synth of Syrinx: harmonics and noise, rendered one control segment at a time on the audio thread.
//!
//! The contract: after `new`, nothing here allocates, frees, locks, blocks, makes a system call or panics; every call does bounded
//! work; the same calls after `reset` give the same samples; controls that are not finite or not positive count as silence, and
//! nothing that is not finite comes out. All of it is held by tests.
//!
//! * [`HarmonicBank`] and [`Wavetable`] render the harmonics, behind one face, [`HarmonicSynth`].
//! * [`FilteredNoise`] renders the noise bands.
//! * [`mod@reference`] has the slow, plain renderers which both are measured against.
//!
//! What they cost at 48 kHz in segments of 192 samples, in percent of one 2.6 GHz x86-64 core with AVX2 (`cargo bench -p syrinx-synth`; 100
//! harmonics with vibrato, and 32 noise bands):
//!
//! | renderer            | 110 Hz | 220 Hz | 440 Hz |
//! |---------------------|-------:|-------:|-------:|
//! | a bank of `f32::sin` |  2.98 |   3.01 |   1.57 |
//! | [`HarmonicBank`]    |  0.049 |  0.056 |  0.051 |
//! | [`Wavetable`]       |  0.053 |  0.070 |  0.075 |
//!
//! Noise takes 0.24 while its bands move, 0.07 while they hold and 0.001 in silence. At 192 kHz, where segments are long, the
//! wavetable is the cheaper one (0.13 to the bank's 0.17); at 48 kHz the bank is, and it is the more exact (-130 dB against f64 arithmetic, the wavetable -115 dB:
//! `cargo test -p syrinx-synth both_are_exact -- --nocapture`).
//!
//! The one thing that folds is a leap: when f0 jumps from 200 to 1000 Hz within one 4 ms segment, partials rush past Nyquist within a
//! few samples, and what folds is 82 dB below the sound with partials falling as 1/k, 62 dB with all equal (48 kHz; an octave
//! in 80 ms: 112 dB; `cargo test -p syrinx-synth glides -- --nocapture`).
//!
//! Every renderer *adds* one whole segment to its output, gliding from the target of the segment before to the new one, so block
//! sizes are the caller's affair and cannot change the sound. All are generic in the sample rate, 44.1 to 192 kHz.

mod bank;
mod controls;
mod delay_network;
mod glide;
mod high_pass;
mod lanes;
mod noise;
mod noise_filter;
mod random;
pub mod reference;
mod room;
mod wavetable;

pub use bank::HarmonicBank;
pub use controls::{Controls, MAX_BANDS, MAX_HARMONICS};
pub use delay_network::{Absorption, DelayNetwork, LINES, TAIL_DB};
pub use noise::FilteredNoise;
pub use random::White;
pub use room::{ROOM_SPLIT_HZ, Room, RoomParams};
pub use wavetable::Wavetable;

/// One harmonic synth: tiny face, after Plaits' engines: construct (off the audio thread), reset, render.
pub trait HarmonicSynth {
    /// Forgets the past: the next segment starts from silence, at phase 0.
    fn reset(&mut self);

    /// Adds one whole segment of `out.len()` samples to `out`, gliding from the previous target to `target`.
    ///
    /// f0 and the amplitude of every harmonic move linearly and reach `target` at the last sample. A note that begins (nothing
    /// sounded at the previous target) starts at the target's f0 and at phase 0; one that ends keeps its f0 while it fades. Any
    /// length works; a control frame is 176 to 768 samples. Reads the harmonic fields of `target` only. Never allocates.
    fn render(&mut self, target: &Controls, out: &mut [f32]);
}
