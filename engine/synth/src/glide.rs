//! What harmonic synths remember between segments, and the glide of one segment. Lives on the audio thread.
//!
//! Owns: cleaning of the controls, the phase of the fundamental, the f0 and amplitudes last reached, and the law by which partials
//! fade near Nyquist.

use crate::{Controls, MAX_HARMONICS};

/// Partials start to fade here, in cycles per sample: 0.9 of Nyquist, so that even at 44.1 kHz all below 19.8 kHz is untouched.
pub(crate) const FADE_START: f32 = 0.45;
/// Partials are silent from here, in cycles per sample: Nyquist.
pub(crate) const FADE_END: f32 = 0.5;
/// Amplitudes below -200 dB count as none, which keeps denormals out and lets silent partials be skipped.
pub(crate) const SILENCE: f32 = 1e-10;
/// Loudest amplitude of one harmonic (+36 dB): bounds what wild controls can do, far above what sane ones ask.
pub(crate) const LOUDEST: f32 = 64.0;
/// Lowest f0 in Hz; also what a positive f0 below it becomes.
const LOWEST_HZ: f64 = 1.0;

/// Amplitude as the synth takes it: not finite, negative or inaudible is 0; bounded by [`LOUDEST`].
#[inline]
pub(crate) fn clean_amplitude(amplitude: f32) -> f32 {
    if amplitude.is_finite() && amplitude >= SILENCE { amplitude.min(LOUDEST) } else { 0.0 }
}

/// Gain of a partial at `cycles_per_sample`: 1 up to [`FADE_START`], 0 from [`FADE_END`], a smoothstep between.
#[inline(always)]
pub(crate) fn fade(cycles_per_sample: f32) -> f32 {
    const PER_WIDTH: f32 = 1.0 / (FADE_END - FADE_START);
    // Not f32::clamp: two comparisons vectorise on every target.
    let u = (FADE_END - cycles_per_sample) * PER_WIDTH;
    let u = if u > 1.0 { 1.0 } else { u };
    let u = if u > 0.0 { u } else { 0.0 };
    u * u * (3.0 - 2.0 * u)
}

/// What is kept from one segment to the next.
#[derive(Clone)]
pub(crate) struct Glide {
    sample_rate_hz: f64,
    /// Phase of the fundamental at the last sample, in cycles, within -0.5..=0.5.
    phase: f64,
    /// f0 at the last sample, in cycles per sample.
    f0: f64,
    amplitudes: [f32; MAX_HARMONICS],
    /// Harmonics up to the last that sounds; 0 in silence.
    count: usize,
}

/// One segment's glide. Sample `j` (from 0) lies at `m = j + 1` of `len`: at its end the target is reached.
pub(crate) struct Segment {
    /// Phase before the first sample, in cycles.
    pub phase: f64,
    /// f0 before the first sample, in cycles per sample.
    pub f0: f64,
    /// Change of f0 per sample, in cycles per sample squared.
    pub f0_step: f64,
    /// Samples.
    pub len: usize,
    /// Harmonics up to the last that sounds at either end.
    pub count: usize,
    /// Amplitudes before the first sample.
    pub from: [f32; MAX_HARMONICS],
    /// Amplitudes at the last sample minus [`from`](Self::from).
    pub change: [f32; MAX_HARMONICS],
    /// Harmonics that stay below the fade zone for the whole segment, sounding or not.
    pub clear: usize,
    /// The same, at most `count`.
    pub untouched: usize,
}

impl Segment {
    /// Phase at `m` samples into the segment, in cycles, not wrapped: the sum of the m frequencies, in closed form.
    #[inline(always)]
    pub fn phase_at(&self, m: f64) -> f64 {
        self.phase + m * (self.f0 + self.f0_step * 0.5 * (m + 1.0))
    }

    /// f0 at `m` samples into the segment, in cycles per sample.
    #[inline(always)]
    pub fn f0_at(&self, m: f64) -> f64 {
        self.f0 + self.f0_step * m
    }
}

impl Glide {
    pub fn new(sample_rate_hz: u32) -> Self {
        let sample_rate_hz = f64::from(sample_rate_hz.max(1));
        Self { sample_rate_hz, phase: 0.0, f0: 0.0, amplitudes: [0.0; MAX_HARMONICS], count: 0 }
    }

    pub fn reset(&mut self) {
        self.phase = 0.0;
        self.f0 = 0.0;
        self.amplitudes = [0.0; MAX_HARMONICS];
        self.count = 0;
    }

    /// Moves on by one segment of `len` samples and says how it went; `None` if it is silent (or empty).
    pub fn advance(&mut self, target: &Controls, len: usize) -> Option<Segment> {
        if len == 0 {
            return None;
        }
        let total = clean_amplitude(target.amplitude);
        let mut amplitudes = [0.0; MAX_HARMONICS];
        let mut count = 0;
        let pitched = target.f0_hz.is_finite() && target.f0_hz > 0.0;
        if total > 0.0 && pitched {
            for k in 0..MAX_HARMONICS {
                // The share is bounded before it is multiplied, so that the product cannot overflow.
                amplitudes[k] = clean_amplitude(total * clean_amplitude(target.harmonics[k]));
                if amplitudes[k] > 0.0 {
                    count = k + 1;
                }
            }
        }
        let (from_count, from) = (self.count, self.amplitudes);
        self.amplitudes = amplitudes;
        self.count = count;
        let count = count.max(from_count);
        if count == 0 {
            return None;
        }
        // From Nyquist up nothing sounds, so a higher f0 need not be told apart from Nyquist.
        let wanted = (f64::from(target.f0_hz).max(LOWEST_HZ) / self.sample_rate_hz).min(f64::from(FADE_END));
        if from_count == 0 {
            // Every note starts alike.
            self.phase = 0.0;
            self.f0 = wanted;
        }
        let to = if self.count == 0 { self.f0 } else { wanted };
        let mut change = [0.0; MAX_HARMONICS];
        for k in 0..count {
            change[k] = self.amplitudes[k] - from[k];
        }
        let highest = self.f0.max(to);
        let clear = (f64::from(FADE_START) / highest) as usize;
        let segment = Segment {
            phase: self.phase,
            f0: self.f0,
            f0_step: (to - self.f0) / len as f64,
            len,
            count,
            from,
            change,
            clear,
            untouched: clear.min(count),
        };
        let phase = segment.phase_at(len as f64);
        self.phase = phase - phase.round();
        self.f0 = to;
        Some(segment)
    }
}
