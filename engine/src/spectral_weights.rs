//! What the player makes of the instrument's own spectrum by hand: a gain for every harmonic, and one for the noise around each of some
//! frequencies. Audio thread; plain arithmetic on one frame. Gains glide with the frames they shape, and so do not click.

use syrinx_synth::{Controls, MAX_HARMONICS};

/// Frequencies at which the noise is weighted, and shown.
pub const NOISE_POINTS: usize = 24;
/// The lowest and the highest of them, Hz.
const NOISE_HZ: (f32, f32) = (60.0, 20_000.0);
/// Weights are at most this, dB.
pub const MOST_WEIGHT_DB: f32 = 12.0;
/// A weight of this is silence, dB.
pub const LEAST_WEIGHT_DB: f32 = -36.0;

/// The frequency of a point of the noise, Hz: evenly in octaves.
pub fn noise_point_hz(point: usize) -> f32 {
    let (low, high) = NOISE_HZ;
    low * (high / low).powf(point as f32 / (NOISE_POINTS - 1) as f32)
}

/// Weights by hand, dB; [`LEAST_WEIGHT_DB`] is off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpectralWeights {
    /// Of each harmonic, from the fundamental.
    pub harmonics_db: [f32; MAX_HARMONICS],
    /// Of the noise about each [`noise_point_hz`].
    pub noise_db: [f32; NOISE_POINTS],
}

impl Default for SpectralWeights {
    fn default() -> Self {
        Self { harmonics_db: [0.0; MAX_HARMONICS], noise_db: [0.0; NOISE_POINTS] }
    }
}

/// Weights as the audio thread applies them.
pub(crate) struct SpectralGains {
    weights: SpectralWeights,
    neutral: bool,
    harmonics: [f32; MAX_HARMONICS],
}

impl SpectralGains {
    pub fn new() -> Self {
        Self { weights: SpectralWeights::default(), neutral: true, harmonics: [1.0; MAX_HARMONICS] }
    }

    /// Takes new weights; whatever is no number, or out of range, is made harmless.
    pub fn set(&mut self, weights: &SpectralWeights) {
        if *weights == self.weights {
            return;
        }
        self.weights = *weights;
        let sane = |db: &mut f32| *db = if db.is_finite() { db.clamp(LEAST_WEIGHT_DB, MOST_WEIGHT_DB) } else { 0.0 };
        self.weights.harmonics_db.iter_mut().for_each(sane);
        self.weights.noise_db.iter_mut().for_each(sane);
        self.neutral = self.weights == SpectralWeights::default();
        for (gain, db) in self.harmonics.iter_mut().zip(&self.weights.harmonics_db) {
            *gain = linear(*db);
        }
    }

    /// Weights the harmonics of one frame.
    pub fn shape(&self, controls: &mut Controls) {
        if self.neutral {
            return;
        }
        controls.scale_harmonics(&self.harmonics);
    }

    /// The gain of the noise between two frequencies, Hz: a straight line in dB and octaves between the points.
    pub fn noise(&self, low_hz: f32, high_hz: f32) -> f32 {
        if self.neutral {
            return 1.0;
        }
        let (low, high) = NOISE_HZ;
        let place = ((low_hz.max(1.0) * high_hz.max(1.0)).sqrt() / low).log2() / (high / low).log2();
        let at = (place * (NOISE_POINTS - 1) as f32).clamp(0.0, (NOISE_POINTS - 1) as f32);
        let below = (at as usize).min(NOISE_POINTS - 2);
        let t = at - below as f32;
        linear(self.weights.noise_db[below] * (1.0 - t) + self.weights.noise_db[below + 1] * t)
    }
}

fn linear(db: f32) -> f32 {
    if db <= LEAST_WEIGHT_DB { 0.0 } else { 10f32.powf(db / 20.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat() -> Controls {
        let mut c = Controls::silent(0);
        (c.f0_hz, c.amplitude) = (200.0, 1.0);
        c.harmonics[..4].fill(0.25);
        c
    }

    #[test]
    fn neutral_weights_change_nothing() {
        let mut gains = SpectralGains::new();
        let mut c = flat();
        gains.shape(&mut c);
        assert_eq!((c, gains.noise(100.0, 200.0)), (flat(), 1.0));
        gains.set(&SpectralWeights { harmonics_db: [f32::NAN; MAX_HARMONICS], noise_db: [f32::INFINITY; NOISE_POINTS] });
        gains.shape(&mut c);
        assert_eq!(c, flat(), "what is no number is no weight");
    }

    #[test]
    fn one_harmonic_moves_and_the_others_stay() {
        let mut weights = SpectralWeights::default();
        (weights.harmonics_db[1], weights.harmonics_db[3]) = (6.0206, LEAST_WEIGHT_DB);
        let mut gains = SpectralGains::new();
        gains.set(&weights);
        let mut c = flat();
        gains.shape(&mut c);
        let levels: Vec<f32> = c.harmonics[..4].iter().map(|k| c.amplitude * k).collect();
        for (level, wanted) in levels.iter().zip([0.25, 0.5, 0.25, 0.0]) {
            assert!((level - wanted).abs() < 1e-4, "{levels:?}");
        }
        assert!((c.harmonics.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }

    #[test]
    fn all_off_is_silence() {
        let mut gains = SpectralGains::new();
        gains.set(&SpectralWeights { harmonics_db: [-400.0; MAX_HARMONICS], noise_db: [-400.0; NOISE_POINTS] });
        let mut c = flat();
        gains.shape(&mut c);
        assert_eq!((c.amplitude, gains.noise(60.0, 100.0)), (0.0, 0.0));
    }

    /// Largest step between neighbouring samples' steps: a click is one.
    fn corner(x: &[f32]) -> f32 {
        x.windows(3).map(|w| (w[2] - 2.0 * w[1] + w[0]).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn weights_that_are_drawn_while_it_sounds_never_click() {
        use crate::{Engine, EngineConfig};
        let model = syrinx_models::load("violin").unwrap();
        let tone: Vec<f32> = (0..96_000)
            .map(|i| {
                (1..=8).map(|k| 0.1 / k as f32 * (std::f32::consts::TAU * 440.0 * k as f32 * i as f32 / 48_000.0).sin()).sum()
            })
            .collect();
        let play = |drawn: &dyn Fn(usize) -> f32| {
            let mut engine = Engine::of(EngineConfig::default(), model.clone()).unwrap();
            let mut out = vec![0.0; tone.len()];
            for (n, (block, out)) in tone.chunks(64).zip(out.chunks_mut(64)).enumerate() {
                let mut weights = SpectralWeights::default();
                weights.harmonics_db.fill(drawn(n));
                weights.noise_db.fill(drawn(n + 7));
                engine.weigh(&weights);
                engine.process(&[block], &mut [out]);
            }
            out.split_off(48_000)
        };
        let loud = corner(&play(&|_| MOST_WEIGHT_DB));
        // To and fro, in jumps; with silence among them.
        let drawn = corner(&play(&|n| if n % 9 < 4 { LEAST_WEIGHT_DB } else { MOST_WEIGHT_DB }));
        assert!(loud > 0.0 && drawn < 2.0 * loud, "{drawn}, where the loudest at rest has {loud}");
        assert!(play(&|_| LEAST_WEIGHT_DB).iter().all(|x| *x == 0.0), "all off is silence");
        assert!(play(&|_| 0.0) == play(&|_| f32::NAN), "what is no number is no weight");
    }

    #[test]
    fn noise_is_weighted_about_its_point() {
        let mut weights = SpectralWeights::default();
        weights.noise_db[10] = -20.0;
        let mut gains = SpectralGains::new();
        gains.set(&weights);
        let hz = noise_point_hz(10);
        assert!((gains.noise(hz, hz) - 0.1).abs() < 1e-3);
        assert!((gains.noise(noise_point_hz(9), noise_point_hz(9)) - 1.0).abs() < 1e-3);
        let between = gains.noise(hz, noise_point_hz(11));
        assert!((20.0 * between.log10() + 10.0).abs() < 0.1, "{between}");
        assert_eq!(gains.noise(0.0, 0.0), 1.0);
    }
}
