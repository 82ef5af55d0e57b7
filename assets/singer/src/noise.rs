//! Deterministic randomness: white noise for turbulence, and smooth noise for the wander of a living voice. Any thread, no state shared.

/// A splitmix64 generator: 64 bits of state, full period, the same numbers on every machine.
#[derive(Clone, Debug)]
pub(crate) struct White(u64);

impl White {
    /// A generator whose numbers depend on `seed` and on `stream`, so that one seed feeds several independent sources.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        Self(mix(seed ^ mix(stream.wrapping_add(0x51_7C_C1_B7_27_22_0A_95))))
    }

    /// The next number, uniform in -1..1 and scaled to unit variance (so within ±1.733): filtered, it is Gaussian enough.
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        unit(mix(self.0)) * 3f64.sqrt()
    }
}

/// Smooth noise over time: random values -1..1 on a grid `rate_hz` apart, joined by raised cosines. It is a function of time, so it does not
/// depend on how often it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wander {
    seed: u64,
    rate_hz: f64,
}

impl Wander {
    pub(crate) fn new(seed: u64, stream: u64, rate_hz: f64) -> Self {
        Self { seed: mix(seed ^ mix(stream)), rate_hz }
    }

    pub(crate) fn at(&self, time_s: f64) -> f64 {
        let position = time_s * self.rate_hz;
        let knot = position.floor();
        let value = |k: f64| unit(mix(self.seed ^ mix(k as i64 as u64)));
        let blend = crate::track::smooth(position - knot);
        value(knot) * (1.0 - blend) + value(knot + 1.0) * blend
    }
}

/// The output function of splitmix64 (Steele, Lea and Flood 2014).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The top 53 bits as a number in -1..1.
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_noise_has_unit_variance_no_mean_and_no_memory() {
        let mut white = White::new(7, 1);
        let x: Vec<f64> = (0..100_000).map(|_| white.next()).collect();
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let variance = x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64;
        let lag1 = x.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / x.len() as f64;
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02 && lag1.abs() < 0.02, "{mean} {variance} {lag1}");
    }

    #[test]
    fn wander_is_continuous_and_bounded() {
        let wander = Wander::new(3, 2, 5.0);
        for i in 0..20_000 {
            let (a, b) = (wander.at(i as f64 * 1e-3), wander.at((i + 1) as f64 * 1e-3));
            assert!(a.abs() <= 1.0 && (a - b).abs() < 0.02);
        }
    }
}
