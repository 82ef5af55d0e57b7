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

/// Harmonics fade by a smoothstep from here (0.9 of Nyquist, in cycles per sample) to Nyquist.
const FADE_START: f64 = 0.45;

type Amplitudes = [f32; MAX_HARMONICS];

/// A bank of harmonics with one call of `sin` per harmonic and sample.
pub struct SinBank {
    sine: Sine,
    sample_rate_hz: f64,
    phase: f64,
    f0_hz: f64,
    amplitudes: Amplitudes,
}

impl SinBank {
    /// A silent bank for a stream of `sample_rate_hz` samples a second.
    pub fn new(sample_rate_hz: u32, sine: Sine) -> Self {
        Self { sine, sample_rate_hz: f64::from(sample_rate_hz), phase: 0.0, f0_hz: 0.0, amplitudes: [0.0; MAX_HARMONICS] }
    }

    /// As [`HarmonicSynth::render`], handing each sample to `put` before it is rounded to f32. Expects finite, non-negative controls.
    pub fn render_with(&mut self, target: &Controls, len: usize, mut put: impl FnMut(usize, f64)) {
        let to: Amplitudes = std::array::from_fn(|k| target.amplitude * target.harmonics[k]);
        let sounds = |amplitudes: &Amplitudes| amplitudes.iter().rposition(|a| *a > 0.0).map_or(0, |k| k + 1);
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
            self.phase += f0;
            if self.phase >= 1.0 {
                self.phase -= 1.0;
            }
            put(
                j,
                match self.sine {
                    Sine::Single => f64::from(self.single(&from, &to, count, t as f32, f0 as f32)),
                    Sine::Exact => self.exact(&from, &to, count, t, f0),
                },
            );
        }
        self.f0_hz = to_hz;
    }

    /// One sample as one would write it first: cheap arithmetic but for the sine.
    fn single(&self, from: &Amplitudes, to: &Amplitudes, count: usize, t: f32, f0: f32) -> f32 {
        let angle = std::f32::consts::TAU * self.phase as f32;
        let mut sum = 0.0;
        for k in 0..count {
            let harmonic = (k + 1) as f32;
            let cycles = harmonic * f0;
            if cycles >= 0.5 {
                break;
            }
            let mut amplitude = from[k] + (to[k] - from[k]) * t;
            if cycles > FADE_START as f32 {
                let u = (0.5 - cycles) / (0.5 - FADE_START as f32);
                amplitude *= u * u * (3.0 - 2.0 * u);
            }
            sum += amplitude * (harmonic * angle).sin();
        }
        sum
    }

    /// One sample in f64.
    fn exact(&self, from: &Amplitudes, to: &Amplitudes, count: usize, t: f64, f0: f64) -> f64 {
        let mut sum = 0.0;
        for k in 0..count {
            let harmonic = (k + 1) as f64;
            let u = ((0.5 - harmonic * f0) / (0.5 - FADE_START)).clamp(0.0, 1.0);
            let (from, to) = (f64::from(from[k]), f64::from(to[k]));
            let amplitude = (from + (to - from) * t) * u * u * (3.0 - 2.0 * u);
            sum += amplitude * (std::f64::consts::TAU * (harmonic * self.phase).fract()).sin();
        }
        sum
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
