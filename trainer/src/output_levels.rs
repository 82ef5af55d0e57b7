//! Levels of a frame as the decoder will play them: A-weighting per harmonic, and the loudness lock. Any thread.

use syrinx_analysis::{BANDS, HARMONIC_LIMIT_HZ, HARMONICS, noise_edges_hz};
use syrinx_tracker::a_weighting_power;

/// Numbers that the network answers: harmonics, then noise bands.
pub const OUTPUTS: usize = HARMONICS + BANDS;
/// Nothing lower than this counts, dB below the loudness of the frame: it is under the noise of any room.
pub const FLOOR_DB: f32 = -75.0;

/// Step of the A-weighting table, Hz: interpolation errs by less than 0.02 dB above 60 Hz.
const STEP_HZ: f32 = 2.0;

/// A-weighting of everything that sounds, from a table: it is asked for some hundred million times in a training.
pub struct Weighting {
    table: Vec<f32>,
    bands: [f32; BANDS],
}

impl Weighting {
    /// Fills the table.
    pub fn new() -> Self {
        let len = (HARMONIC_LIMIT_HZ / STEP_HZ) as usize + 2;
        let table = (0..len).map(|n| a_weighting_power(f64::from(n as f32 * STEP_HZ)) as f32).collect();
        // At the bands' centres, as the decoder's lock has it.
        let weights = syrinx_decoder::noise_weights(&noise_edges_hz());
        let mut bands = [0.0; BANDS];
        bands.copy_from_slice(&weights);
        Self { table, bands }
    }

    /// Power gain of the harmonics (from `0`, at `f0_hz`) and bands of a frame; 0 for harmonics that never sound.
    pub fn of(&self, f0_hz: f32, voiced: bool, weights: &mut [f32; OUTPUTS]) {
        weights[HARMONICS..].copy_from_slice(&self.bands);
        weights[..HARMONICS].fill(0.0);
        if !voiced {
            return;
        }
        for (k, weight) in weights[..HARMONICS].iter_mut().enumerate() {
            let hz = (k + 1) as f32 * f0_hz;
            if hz > HARMONIC_LIMIT_HZ {
                break;
            }
            let place = hz / STEP_HZ;
            let n = place as usize;
            *weight = self.table[n] + (place - n as f32) * (self.table[n + 1] - self.table[n]);
        }
    }
}

/// 10^(db / 10).
pub fn power(db: f32) -> f32 {
    (db * (0.1 * std::f32::consts::LN_10)).exp()
}

/// The loudness lock: shifts `levels` (dB relative to loudness) so that their power, weighted by `weights`, is 1.
pub fn lock(levels: &mut [f32], weights: &[f32; OUTPUTS]) {
    let sounds = levels.iter().zip(weights).filter(|(_, weight)| **weight > 0.0);
    let total: f32 = sounds.map(|(level, weight)| weight * power(level.clamp(-200.0, 100.0))).sum();
    let shift = -10.0 * total.max(f32::MIN_POSITIVE).log10();
    levels.iter_mut().for_each(|level| *level += shift);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_curve() {
        let weighting = Weighting::new();
        let mut weights = [0.0; OUTPUTS];
        for f0 in [61.3, 440.0, 1234.5] {
            weighting.of(f0, true, &mut weights);
            for k in 0..HARMONICS {
                let hz = (k + 1) as f32 * f0;
                if hz > HARMONIC_LIMIT_HZ {
                    assert_eq!(weights[k], 0.0);
                } else {
                    let exact = a_weighting_power(f64::from(hz));
                    assert!((10.0 * (f64::from(weights[k]) / exact).log10()).abs() < 0.02, "{hz}");
                }
            }
        }
        weighting.of(440.0, false, &mut weights);
        assert!(weights[..HARMONICS].iter().all(|&w| w == 0.0) && weights[HARMONICS] > 0.0);
    }

    #[test]
    fn locked_levels_have_the_loudness() {
        let weighting = Weighting::new();
        let mut weights = [0.0; OUTPUTS];
        weighting.of(300.0, true, &mut weights);
        let mut levels: Vec<f32> = (0..OUTPUTS).map(|i| 30.0 - 0.4 * i as f32).collect();
        lock(&mut levels, &weights);
        let total: f32 = levels.iter().zip(&weights).map(|(l, w)| w * power(*l)).sum();
        assert!((total - 1.0).abs() < 1e-4);
    }
}
