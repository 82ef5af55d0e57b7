//! Lowering the sample rate by a whole number ahead of the pitch analysis. Audio thread; allocates in `new` only.

use crate::history::History;
use std::f64::consts::PI;

/// Filter length in output samples: with a passband that ends at 4 kHz and output rates from 18 to 36 kHz the transition is wide,
/// so 6 output periods give 60 dB, at a delay of 3 output samples (0.13 ms at 24 kHz).
const LENGTH: usize = 6;

/// A linear-phase FIR low-pass that keeps one sample in `factor`.
#[derive(Clone, Debug)]
pub(crate) struct Decimator {
    factor: usize,
    taps: Vec<f32>,
    history: History,
    phase: usize,
}

impl Decimator {
    /// Keeps one sample in `factor` (1: passes everything through), with the -6 dB point at `cutoff` of the output rate.
    pub fn new(factor: usize, cutoff: f64) -> Self {
        let len = if factor == 1 { 1 } else { LENGTH * factor + 1 };
        let mid = (len - 1) as f64 / 2.0;
        let mut taps: Vec<f64> = (0..len)
            .map(|i| {
                let t = (i as f64 - mid) * 2.0 * cutoff / factor as f64;
                let sinc = if t == 0.0 { 1.0 } else { (PI * t).sin() / (PI * t) };
                // Blackman: its side lobes (-58 dB and falling) are what keeps sibilants out of the voice's band.
                let u = (i as f64 + 0.5) / len as f64;
                sinc * (0.42 - 0.5 * (2.0 * PI * u).cos() + 0.08 * (4.0 * PI * u).cos())
            })
            .collect();
        let sum: f64 = taps.iter().sum();
        taps.iter_mut().for_each(|t| *t /= sum);
        Self { factor, taps: taps.iter().map(|&t| t as f32).collect(), history: History::new(len), phase: 0 }
    }

    pub fn reset(&mut self) {
        self.history.reset();
        self.phase = 0;
    }

    /// Takes one sample; gives one back at every `factor`-th.
    #[inline(always)]
    pub fn push(&mut self, x: f32) -> Option<f32> {
        if self.factor == 1 {
            return Some(x);
        }
        self.history.push(x);
        self.phase += 1;
        if self.phase < self.factor {
            return None;
        }
        self.phase = 0;
        Some(self.taps.iter().zip(self.history.newest(self.taps.len())).map(|(t, x)| t * x).sum())
    }
}
