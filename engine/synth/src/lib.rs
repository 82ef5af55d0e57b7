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
//! Every renderer *adds* one whole segment to its output, gliding from the target of the segment before to the new one, so block
//! sizes are the caller's affair and cannot change the sound. All are generic in the sample rate, 44.1 to 192 kHz.

mod bank;
mod controls;
mod glide;
mod high_pass;
mod lanes;
mod noise;
mod noise_filter;
mod random;
pub mod reference;
mod wavetable;

pub use bank::HarmonicBank;
pub use controls::{Controls, MAX_BANDS, MAX_HARMONICS};
pub use noise::FilteredNoise;
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
