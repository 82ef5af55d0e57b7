//! Harmonics that leap: a pitch that jumps is another note, not a glide of four milliseconds. Audio thread.

use syrinx_synth::{Controls, HarmonicBank, HarmonicSynth};

/// From this interval on, in octaves (three semitones), a change of f0 within one frame is a leap. The fastest glides sung are ten times
/// slower.
pub const LEAP_OCTAVES: f32 = 0.25;

/// A harmonic bank that cross-fades at leaps: the old note fades at its own pitch while the new one starts at its own. A glide there
/// would be heard as a chirp, and sweep partials through Nyquist within a few samples.
pub struct CrossfadeBank {
    sounding: HarmonicBank,
    /// Silent but for the frame in which it fades.
    leaving: HarmonicBank,
    reached: Controls,
}

impl CrossfadeBank {
    /// A silent bank for a stream of `sample_rate_hz` samples a second.
    pub fn new(sample_rate_hz: u32) -> Self {
        let bank = || HarmonicBank::new(sample_rate_hz);
        Self { sounding: bank(), leaving: bank(), reached: Controls::silent(0) }
    }

    /// As `render`, for a pitch that is known to glide however fast.
    pub fn glide(&mut self, target: &Controls, out: &mut [f32]) {
        self.sounding.render(target, out);
        self.reached = *target;
    }

    /// The cosine of the fundamental's phase at each sample of the last segment, as long as `out`: that of the note which sounds on.
    pub fn carrier(&self, out: &mut [f32]) {
        self.sounding.carrier(out);
    }

    /// Where the last segment went.
    pub fn reached(&self) -> Controls {
        self.reached
    }
}

impl HarmonicSynth for CrossfadeBank {
    fn reset(&mut self) {
        self.sounding.reset();
        self.leaving.reset();
        self.reached = Controls::silent(0);
    }

    fn render(&mut self, target: &Controls, out: &mut [f32]) {
        let both_sound = self.reached.amplitude > 0.0 && target.amplitude > 0.0;
        if both_sound && (target.f0_hz / self.reached.f0_hz).log2().abs() >= LEAP_OCTAVES {
            self.sounding.render(&Controls::silent(target.frame), out);
            std::mem::swap(&mut self.sounding, &mut self.leaving);
            self.sounding.reset();
        }
        self.sounding.render(target, out);
        self.reached = *target;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEN: usize = 192;

    fn note(f0_hz: f32) -> Controls {
        let mut controls = Controls { f0_hz, amplitude: 0.5, ..Controls::silent(0) };
        controls.harmonics[..10].fill(0.1);
        controls
    }

    fn rendered(bank: &mut impl HarmonicSynth, frames: &[Controls]) -> Vec<f32> {
        let mut out = vec![0.0; LEN * frames.len()];
        frames.iter().zip(out.chunks_exact_mut(LEN)).for_each(|(c, out)| bank.render(c, out));
        out
    }

    #[test]
    fn a_leap_is_one_note_fading_into_another() {
        let leap = rendered(&mut CrossfadeBank::new(48_000), &[note(200.0), note(200.0), note(1000.0), note(1000.0)]);
        let old = rendered(&mut HarmonicBank::new(48_000), &[note(200.0), note(200.0), Controls::silent(0), Controls::silent(0)]);
        let new =
            rendered(&mut HarmonicBank::new(48_000), &[Controls::silent(0), Controls::silent(0), note(1000.0), note(1000.0)]);
        for ((leap, old), new) in leap.iter().zip(&old).zip(&new) {
            assert!((leap - old - new).abs() < 1e-6);
        }
    }

    #[test]
    fn a_glide_stays_a_glide() {
        let glide: Vec<Controls> = (0..20).map(|n| note(200.0 * 1.05_f32.powi(n))).collect();
        assert_eq!(rendered(&mut CrossfadeBank::new(48_000), &glide), rendered(&mut HarmonicBank::new(48_000), &glide));
    }

    #[test]
    fn leaps_in_every_frame_stay_bounded_and_end_silent() {
        let mut frames: Vec<Controls> = (0..50).map(|n| note(if n % 2 == 0 { 100.0 } else { 2000.0 })).collect();
        frames.extend([Controls::silent(0); 3]);
        let out = rendered(&mut CrossfadeBank::new(48_000), &frames);
        assert!(out.iter().all(|x| x.abs() <= 0.51));
        assert!(out[51 * LEN..].iter().all(|x| *x == 0.0));
    }
}
