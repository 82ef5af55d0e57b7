//! Second-order recursive filters. Audio thread; plain data, no allocation anywhere.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// One second-order section in transposed direct form II, in f64: poles at 20 Hz and a rate of 384 kHz leave single precision
/// no digits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Biquad {
    /// Numerator.
    pub b: [f64; 3],
    /// Denominator without its leading 1.
    pub a: [f64; 2],
    z: [f64; 2],
}

impl Biquad {
    /// At rest, with these coefficients.
    pub fn new(b: [f64; 3], a: [f64; 2]) -> Self {
        Self { b, a, z: [0.0; 2] }
    }

    /// Butterworth high-pass of order 2, bilinear with the corner prewarped (RBJ cookbook, Q = 1/sqrt(2)).
    pub fn high_pass(corner_hz: f64, rate_hz: f64) -> Self {
        let (cos, alpha) = Self::warp(corner_hz, rate_hz);
        let a0 = 1.0 + alpha;
        let b = (1.0 + cos) / 2.0 / a0;
        Self::new([b, -2.0 * b, b], [-2.0 * cos / a0, (1.0 - alpha) / a0])
    }

    /// Butterworth low-pass of order 2, as [`Biquad::high_pass`].
    pub fn low_pass(corner_hz: f64, rate_hz: f64) -> Self {
        let (cos, alpha) = Self::warp(corner_hz, rate_hz);
        let a0 = 1.0 + alpha;
        let b = (1.0 - cos) / 2.0 / a0;
        Self::new([b, 2.0 * b, b], [-2.0 * cos / a0, (1.0 - alpha) / a0])
    }

    fn warp(corner_hz: f64, rate_hz: f64) -> (f64, f64) {
        let w = 2.0 * PI * corner_hz / rate_hz;
        (w.cos(), w.sin() * FRAC_1_SQRT_2)
    }

    /// Forgets the past.
    pub fn reset(&mut self) {
        self.z = [0.0; 2];
    }

    /// Filters one sample.
    #[inline(always)]
    pub fn tick(&mut self, x: f64) -> f64 {
        let y = self.b[0] * x + self.z[0];
        self.z[0] = self.b[1] * x - self.a[0] * y + self.z[1];
        self.z[1] = self.b[2] * x - self.a[1] * y;
        y
    }

    /// Sets a state that has decayed below anything audible to zero, so that silence never runs on denormal numbers.
    pub fn flush(&mut self) {
        for z in &mut self.z {
            if z.abs() < 1e-30 {
                *z = 0.0;
            }
        }
    }

    /// Squared magnitude of the response at `w` radians a sample.
    pub fn power(&self, w: f64) -> f64 {
        let poly = |c0: f64, c1: f64, c2: f64| {
            let re = c0 + c1 * w.cos() + c2 * (2.0 * w).cos();
            let im = c1 * w.sin() + c2 * (2.0 * w).sin();
            re * re + im * im
        };
        poly(self.b[0], self.b[1], self.b[2]) / poly(1.0, self.a[0], self.a[1])
    }
}
