//! Takes the rumble below the lowest noise band out of the white noise. Lives on the audio thread.
//!
//! A recursive filter in front of the noise's FIR: a fall-off at some tens of Hz would need an FIR several times as long. It is
//! fixed and linear, so it makes no seams.

/// Butterworth high-pass of second order in f64 (poles this close to 1 need it), by the bilinear transform.
#[derive(Clone)]
pub(crate) struct HighPass {
    gain: f64,
    a1: f64,
    a2: f64,
    state: [f64; 2],
}

impl HighPass {
    /// With its -3 dB point at `corner_hz`, which must lie within 0 and Nyquist.
    pub fn new(sample_rate_hz: f64, corner_hz: f64) -> Self {
        let w = (std::f64::consts::PI * corner_hz / sample_rate_hz).tan();
        let norm = 1.0 / (1.0 + std::f64::consts::SQRT_2 * w + w * w);
        Self {
            gain: norm,
            a1: 2.0 * (w * w - 1.0) * norm,
            a2: (1.0 - std::f64::consts::SQRT_2 * w + w * w) * norm,
            state: [0.0; 2],
        }
    }

    pub fn reset(&mut self) {
        self.state = [0.0; 2];
    }

    /// One sample (transposed direct form II).
    #[inline(always)]
    pub fn next(&mut self, x: f32) -> f32 {
        let x = f64::from(x) * self.gain;
        let y = x + self.state[0];
        self.state[0] = self.state[1] - 2.0 * x - self.a1 * y;
        self.state[1] = x - self.a2 * y;
        y as f32
    }

    /// Power gain at `cycles` per sample.
    pub fn power(&self, cycles: f64) -> f64 {
        let w = std::f64::consts::TAU * cycles;
        let (s1, c1) = w.sin_cos();
        let (s2, c2) = (2.0 * w).sin_cos();
        // Numerator (1 - z^-1)^2.
        let num = (2.0 - 2.0 * c1).powi(2);
        let den = (1.0 + self.a1 * c1 + self.a2 * c2).powi(2) + (self.a1 * s1 + self.a2 * s2).powi(2);
        self.gain * self.gain * num / den
    }
}

#[cfg(test)]
mod tests {
    use super::HighPass;

    #[test]
    fn passes_what_lies_above_the_corner_and_stops_what_lies_below() {
        for rate in [44_100.0, 192_000.0] {
            let filter = HighPass::new(rate, 42.0);
            let db = |hz: f64| 10.0 * filter.power(hz / rate).log10();
            assert!((db(42.0) + 3.01).abs() < 0.01);
            assert!(db(420.0).abs() < 0.01);
            assert!((db(4.2) + 40.0).abs() < 0.1);
        }
    }

    #[test]
    fn sounds_as_its_response_says() {
        let rate = 48_000.0;
        for hz in [20.0, 42.0, 100.0, 5000.0] {
            let mut filter = HighPass::new(rate, 42.0);
            let n = 48_000;
            let mut power = 0.0;
            for j in 0..2 * n {
                let y = filter.next((std::f64::consts::TAU * hz * j as f64 / rate).sin() as f32);
                if j >= n {
                    power += f64::from(y).powi(2) * 2.0 / n as f64;
                }
            }
            assert!((10.0 * (power / filter.power(hz / rate)).log10()).abs() < 0.01, "{hz} Hz");
        }
    }
}
