//! The noise bands: where they lie and how loud they are heard. Plain arithmetic, any thread.

use std::sync::OnceLock;

use syrinx_tracker::a_weighting_power;

use crate::frames::{BANDS, FLOOR_DB, HARMONICS};

/// Lower end of the noise bands, Hz: below it recordings hold rumble and mains hum.
pub const NOISE_LOW_HZ: f64 = 60.0;
/// Upper end of the noise bands, Hz: as far as recordings at 44.1 kHz go.
pub const NOISE_HIGH_HZ: f64 = 22_000.0;
/// Harmonics above this count as absent, Hz: the loss does not look there, and recordings at 44.1 kHz roll off there.
pub const HARMONIC_LIMIT_HZ: f32 = 21_000.0;

/// Edges in Hz of the [`BANDS`] noise bands, equally wide in ERB number (Glasberg & Moore 1990, equation 4) from 60 Hz to 22 kHz.
pub fn noise_edges_hz() -> [f32; BANDS + 1] {
    let number = |hz: f64| 21.4 * (1.0 + 0.004_37 * hz).log10();
    let (low, high) = (number(NOISE_LOW_HZ), number(NOISE_HIGH_HZ));
    std::array::from_fn(|edge| {
        let at = low + (high - low) * edge as f64 / BANDS as f64;
        ((10f64.powf(at / 21.4) - 1.0) / 0.004_37) as f32
    })
}

/// A-weighting power of each band: the mean of the curve over the band, for noise that is flat within it.
pub fn band_a_weights() -> &'static [f32; BANDS] {
    static WEIGHTS: OnceLock<[f32; BANDS]> = OnceLock::new();
    WEIGHTS.get_or_init(|| {
        const POINTS: usize = 32;
        let edges = noise_edges_hz();
        std::array::from_fn(|band| {
            let (low, high) = (f64::from(edges[band]), f64::from(edges[band + 1]));
            let sum: f64 = (0..POINTS).map(|i| a_weighting_power(low + (high - low) * (i as f64 + 0.5) / POINTS as f64)).sum();
            (sum / POINTS as f64) as f32
        })
    })
}

/// A-weighted level of a sound given in closed form, dB re mean square 1.0, at least [`FLOOR_DB`].
///
/// `harmonics_db` and `noise_db` are mean squares in dB, as in [`crate::Target`]; harmonics at [`FLOOR_DB`] add nothing.
pub fn loudness_db(f0_hz: f32, harmonics_db: &[f32; HARMONICS], noise_db: &[f32; BANDS]) -> f32 {
    let mut power = 0.0;
    if f0_hz > 0.0 {
        for (k, &db) in harmonics_db.iter().enumerate() {
            if db > FLOOR_DB {
                power += power_of(db) * a_weighting_power(f64::from(f0_hz) * (k + 1) as f64);
            }
        }
    }
    for (&db, &weight) in noise_db.iter().zip(band_a_weights()) {
        if db > FLOOR_DB {
            power += power_of(db) * f64::from(weight);
        }
    }
    decibels(power)
}

/// Power as dB, at least [`FLOOR_DB`].
pub(crate) fn decibels(power: f64) -> f32 {
    if power > 0.0 { (10.0 * power.log10()).max(f64::from(FLOOR_DB)) as f32 } else { FLOOR_DB }
}

/// dB as power.
pub(crate) fn power_of(db: f32) -> f64 {
    10f64.powf(f64::from(db) / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_rise_from_60_hz_to_22_khz_in_equal_erb_steps() {
        let edges = noise_edges_hz();
        assert!((edges[0] - 60.0).abs() < 1e-3 && (edges[BANDS] - 22_000.0).abs() < 0.1);
        let erb = |hz: f32| 24.7 * (0.004_37 * hz + 1.0);
        for pair in edges.windows(2) {
            let width = (pair[1] - pair[0]) / erb((pair[0] * pair[1]).sqrt());
            assert!((1.1..1.45).contains(&width), "{pair:?}: {width} ERB");
        }
    }

    #[test]
    fn loudness_is_the_a_weighted_sum_of_powers() {
        let mut harmonics = [FLOOR_DB; HARMONICS];
        let mut noise = [FLOOR_DB; BANDS];
        assert_eq!(loudness_db(1000.0, &harmonics, &noise), FLOOR_DB);
        harmonics[0] = -20.0;
        assert!((loudness_db(1000.0, &harmonics, &noise) + 20.0).abs() < 0.01);
        // 100 Hz is heard 19.1 dB weaker (IEC 61672-1, table 3).
        assert!((loudness_db(100.0, &harmonics, &noise) + 39.1).abs() < 0.1);
        harmonics[1] = -20.0;
        assert!((loudness_db(1000.0, &harmonics, &noise) + 16.37).abs() < 0.05, "1 kHz at 0 dB and 2 kHz at +1.2 dB");
        noise[5] = -10.0;
        assert!(loudness_db(0.0, &harmonics, &noise) < -10.0, "without a pitch the harmonics are not heard");
    }
}
