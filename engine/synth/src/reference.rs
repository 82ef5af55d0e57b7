//! Plain renderers that the fast ones are measured against: for tests and benchmarks, on any thread but the audio thread's budget.
//!
//! Written from the contract of [`HarmonicSynth`] alone, a sine per harmonic per sample, and sharing no code with the fast ones.

use crate::{Controls, HarmonicSynth, MAX_HARMONICS};

/// How a plain bank computes its sines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sine {
    /// `f32::sin`, as a straightforward bank would: the yardstick of cost.
    Single,
    /// `f64::sin` and sums in f64: the yardstick of error.
    Exact,
}

/// A bank of harmonics with one call of `sin` per harmonic and sample.
pub struct SinBank {
    sine: Sine,
    sample_rate_hz: f64,
    phase: f64,
    f0_hz: f64,
    amplitudes: [f64; MAX_HARMONICS],
}

impl SinBank {
    /// A silent bank for a stream of `sample_rate_hz` samples a second.
    pub fn new(sample_rate_hz: u32, sine: Sine) -> Self {
        Self { sine, sample_rate_hz: f64::from(sample_rate_hz), phase: 0.0, f0_hz: 0.0, amplitudes: [0.0; MAX_HARMONICS] }
    }

    /// As [`HarmonicSynth::render`], handing each sample to `put` before it is rounded to f32. Expects finite, non-negative controls.
    pub fn render_with(&mut self, target: &Controls, len: usize, mut put: impl FnMut(usize, f64)) {
        let to: [f64; MAX_HARMONICS] = std::array::from_fn(|k| f64::from(target.amplitude * target.harmonics[k]));
        let sounds = |amplitudes: &[f64; MAX_HARMONICS]| amplitudes.iter().rposition(|a| *a > 0.0).map_or(0, |k| k + 1);
        let (from, from_count, to_count) = (self.amplitudes, sounds(&self.amplitudes), sounds(&to));
        let count = from_count.max(to_count);
        self.amplitudes = to;
        if count == 0 {
            return;
        }
        if from_count == 0 {
            self.phase = 0.0;
            self.f0_hz = f64::from(target.f0_hz);
        }
        let from_hz = self.f0_hz;
        let to_hz = if to_count == 0 { from_hz } else { f64::from(target.f0_hz) };
        for j in 0..len {
            let t = (j + 1) as f64 / len as f64;
            let f0 = (from_hz + (to_hz - from_hz) * t) / self.sample_rate_hz;
            self.phase = (self.phase + f0).fract();
            let (mut sum, mut sum_single) = (0.0, 0.0_f32);
            for k in 0..count {
                let harmonic = (k + 1) as f64;
                if harmonic * f0 >= 0.5 {
                    break;
                }
                // Smoothstep from 0.9 of Nyquist to Nyquist.
                let u = ((0.5 - harmonic * f0) / 0.05).clamp(0.0, 1.0);
                let amplitude = (from[k] + (to[k] - from[k]) * t) * u * u * (3.0 - 2.0 * u);
                let cycles = (harmonic * self.phase).fract();
                match self.sine {
                    Sine::Single => sum_single += amplitude as f32 * (std::f32::consts::TAU * cycles as f32).sin(),
                    Sine::Exact => sum += amplitude * (std::f64::consts::TAU * cycles).sin(),
                }
            }
            put(j, sum + f64::from(sum_single));
        }
        self.f0_hz = to_hz;
    }
}

impl HarmonicSynth for SinBank {
    fn reset(&mut self) {
        *self = Self::new(self.sample_rate_hz as u32, self.sine);
    }

    fn render(&mut self, target: &Controls, out: &mut [f32]) {
        self.render_with(target, out.len(), |j, x| out[j] += x as f32);
    }
}
