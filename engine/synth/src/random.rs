//! White noise that is the same in every run. Audio thread.

/// White noise from a counter-based generator: sample `i` is a hash of the seed and `i` (SplitMix64; Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", 2014).
#[derive(Clone)]
pub struct White {
    seed: u64,
    counter: u64,
}

impl White {
    /// At the first sample.
    pub fn new(seed: u64) -> Self {
        Self { seed, counter: seed }
    }

    /// Starts again from the first sample.
    pub fn reset(&mut self) {
        self.counter = self.seed;
    }

    /// The next sample: uniform, mean 0, variance 1 (so within ±sqrt 3). The filter's sum of many makes it nearly Gaussian.
    #[inline(always)]
    pub fn draw(&mut self) -> f32 {
        self.counter = self.counter.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.counter;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        // The top 32 bits as a signed integer. SplitMix64's last step only improves the low ones.
        const SCALE: f32 = 1.732_050_8 / 2_147_483_648.0;
        ((z >> 32) as u32 as i32) as f32 * SCALE
    }
}

#[cfg(test)]
mod tests {
    use super::White;

    #[test]
    fn has_unit_variance_no_mean_and_no_correlation() {
        let mut white = White::new(7);
        let x: Vec<f64> = (0..200_000).map(|_| f64::from(white.draw())).collect();
        let n = x.len() as f64;
        assert!((x.iter().sum::<f64>() / n).abs() < 0.01);
        assert!((x.iter().map(|v| v * v).sum::<f64>() / n - 1.0).abs() < 0.01);
        for lag in 1..20 {
            let r = x.iter().zip(&x[lag..]).map(|(a, b)| a * b).sum::<f64>() / n;
            assert!(r.abs() < 0.01, "lag {lag}: {r}");
        }
    }
}
