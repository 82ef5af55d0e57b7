//! Recordings at low sample rates say nothing of the highest harmonics and bands, which is not the same as silence there. Any thread.

use crate::bands::{HARMONIC_LIMIT_HZ, NOISE_HIGH_HZ, loudness_db, noise_edges_hz};
use crate::frames::{BANDS, FLOOR_DB, HARMONICS, Target};

/// From this sample rate up a recording holds all that is measured here, Hz.
const WHOLE_BAND_RATE_HZ: u32 = 44_100;
/// How far up a recording can be trusted, as a share of its sample rate: the filters of converters and resamplers fall off above.
const TRUSTED_SHARE: f32 = 0.47;
/// How far under the limit the slope is measured, octaves.
const OCTAVES: f32 = 2.0;
/// Fewest harmonics or bands on which a slope is measured.
const FEWEST: usize = 3;
/// Slope of harmonics where there are fewer, dB an octave: that of a sawtooth is -6, of a triangle -12.
const USUAL_SLOPE_DB: f32 = -12.0;
/// Least and greatest slope of harmonics that is believed, dB an octave: nothing gets louder where nobody has heard it.
const HARMONIC_SLOPES_DB: (f32, f32) = (-36.0, -6.0);
/// The same for the density of noise.
const NOISE_SLOPES_DB: (f32, f32) = (-24.0, 0.0);

/// How much steeper than below the limit the spectrum falls above it, dB an octave. Of four instruments cut at 7.5 kHz whose whole band is
/// known, what lies above is then off by 5.0 dB, where a straight line is off by 6.1 and silence by 10.6.
const BEND_DB: f32 = -6.0;

/// Highest frequency of which a recording at `rate_hz` tells anything, Hz.
pub fn band_limit_hz(rate_hz: u32) -> f32 {
    if rate_hz >= WHOLE_BAND_RATE_HZ { NOISE_HIGH_HZ as f32 } else { TRUSTED_SHARE * rate_hz as f32 }
}

/// Whether a recording with this limit leaves something to be guessed.
pub fn is_limited(limit_hz: f32) -> bool {
    limit_hz < HARMONIC_LIMIT_HZ
}

/// How many of the noise bands, from the lowest, lie wholly in what was heard.
pub fn bands_heard(limit_hz: f32) -> usize {
    // The highest edge is 22 kHz but for rounding.
    noise_edges_hz()[1..].partition_point(|&edge| edge <= limit_hz + 1.0)
}

/// Guesses what sounded above `limit_hz`: the spectrum falls on as it does in the two octaves below, and a
/// little steeper. The loudness follows.
pub(crate) fn continue_above(target: &mut Target, limit_hz: f32, edges: &[f32; BANDS + 1]) {
    if !is_limited(limit_hz) {
        return;
    }
    if target.f0_hz > 0.0 {
        let hz = |k: usize| target.f0_hz * (k + 1) as f32;
        let heard = (0..HARMONICS).filter(|&k| hz(k) <= limit_hz && target.harmonics_db[k] > FLOOR_DB);
        let line = Line::through(heard.map(|k| (hz(k), target.harmonics_db[k])), limit_hz, USUAL_SLOPE_DB, HARMONIC_SLOPES_DB);
        for k in (0..HARMONICS).filter(|&k| hz(k) > limit_hz) {
            let sounds = hz(k) <= HARMONIC_LIMIT_HZ;
            target.harmonics_db[k] = line.as_ref().filter(|_| sounds).map_or(FLOOR_DB, |line| line.at(hz(k)).max(FLOOR_DB));
        }
    }
    let bands = edges[1..].partition_point(|&edge| edge <= limit_hz);
    let centre = |band: usize| (edges[band] * edges[band + 1]).sqrt();
    // Bands get wider towards the top: it is the density that goes on.
    let width_db = |band: usize| 10.0 * (edges[band + 1] - edges[band]).log10();
    let heard = (0..bands).filter(|&b| target.noise_db[b] > FLOOR_DB);
    let density = heard.map(|b| (centre(b), target.noise_db[b] - width_db(b)));
    let line = Line::through(density, limit_hz, 0.0, NOISE_SLOPES_DB);
    for band in bands..BANDS {
        target.noise_db[band] = line.as_ref().map_or(FLOOR_DB, |line| (line.at(centre(band)) + width_db(band)).max(FLOOR_DB));
    }
    target.loudness_db = loudness_db(target.f0_hz, &target.harmonics_db, &target.noise_db);
}

/// dB over octaves, up to the limit and beyond.
struct Line {
    octave: f32,
    db: f32,
    slope: f32,
    limit_hz: f32,
}

impl Line {
    /// The straight line nearest to the points (Hz, dB) in the octaves under `limit_hz`; none of nothing.
    fn through(points: impl Iterator<Item = (f32, f32)>, limit_hz: f32, usual: f32, (least, most): (f32, f32)) -> Option<Self> {
        let mut all: Vec<(f32, f32)> = points.map(|(hz, db)| (hz.log2(), db)).collect();
        let near = limit_hz.log2() - OCTAVES;
        if all.iter().any(|p| p.0 >= near) {
            all.retain(|p| p.0 >= near);
        }
        let count = all.len() as f32;
        let (octave, db) = all.iter().fold((0.0, 0.0), |sum, p| (sum.0 + p.0 / count, sum.1 + p.1 / count));
        let (mut product, mut square) = (0.0, 0.0);
        for p in &all {
            product += (p.0 - octave) * (p.1 - db);
            square += (p.0 - octave).powi(2);
        }
        let slope = if all.len() >= FEWEST && square > 0.0 { product / square } else { usual };
        (!all.is_empty()).then(|| Self { octave, db, slope: slope.clamp(least, most), limit_hz })
    }

    /// The line, bent at the limit.
    fn at(&self, hz: f32) -> f32 {
        self.db + self.slope * (hz.log2() - self.octave) + BEND_DB * (hz / self.limit_hz).log2()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn straight(f0_hz: f32, slope: f32, noise_slope: f32) -> Target {
        let edges = noise_edges_hz();
        let octaves = |hz: f32| (hz / 1000.0).log2();
        let mut target = Target {
            f0_hz,
            harmonics_db: [FLOOR_DB; HARMONICS],
            noise_db: [FLOOR_DB; BANDS],
            loudness_db: 0.0,
            pulse: Default::default(),
        };
        for (k, db) in target.harmonics_db.iter_mut().enumerate() {
            let hz = f0_hz * (k + 1) as f32;
            if f0_hz > 0.0 && hz <= HARMONIC_LIMIT_HZ {
                *db = -20.0 + slope * octaves(hz);
            }
        }
        for (b, db) in target.noise_db.iter_mut().enumerate() {
            let (low, high) = (edges[b], edges[b + 1]);
            *db = -90.0 + noise_slope * octaves((low * high).sqrt()) + 10.0 * (high - low).log10();
        }
        target.loudness_db = loudness_db(f0_hz, &target.harmonics_db, &target.noise_db);
        target
    }

    #[test]
    fn whole_recordings_are_left_alone_and_others_end_below_their_nyquist_frequency() {
        for rate in [44_100, 48_000, 96_000] {
            assert!(!is_limited(band_limit_hz(rate)) && bands_heard(band_limit_hz(rate)) == BANDS, "{rate}");
        }
        let limit = band_limit_hz(16_000);
        assert!(is_limited(limit) && (7_000.0..8_000.0).contains(&limit));
        assert!((BANDS / 2..BANDS).contains(&bands_heard(limit)));
        let before = straight(440.0, -9.0, -3.0);
        let mut after = before.clone();
        continue_above(&mut after, band_limit_hz(44_100), &noise_edges_hz());
        assert_eq!(after, before);
    }

    #[test]
    fn a_straight_spectrum_goes_on_and_bends_down() {
        let (limit, edges) = (band_limit_hz(16_000), noise_edges_hz());
        for f0 in [0.0, 110.0, 440.0, 1500.0] {
            let whole = straight(f0, -15.0, -4.0);
            let mut cut = whole.clone();
            for (k, db) in cut.harmonics_db.iter_mut().enumerate() {
                if f0 * (k + 1) as f32 > limit {
                    *db = -130.0;
                }
            }
            cut.noise_db[bands_heard(limit)..].fill(-130.0);
            continue_above(&mut cut, limit, &edges);
            let check = |hz: f32, was: f32, is: f32| {
                let wanted = if hz > limit && was > FLOOR_DB { was + BEND_DB * (hz / limit).log2() } else { was };
                assert!((is - wanted).abs() < 0.01, "{f0} Hz, at {hz} Hz: {is} dB, was {was} dB");
            };
            for k in 0..HARMONICS {
                check(f0 * (k + 1) as f32, whole.harmonics_db[k], cut.harmonics_db[k]);
            }
            for band in 0..BANDS {
                let centre = (edges[band] * edges[band + 1]).sqrt();
                check(if band < bands_heard(limit) { 0.0 } else { centre }, whole.noise_db[band], cut.noise_db[band]);
            }
            assert!((cut.loudness_db - whole.loudness_db).abs() < 0.3);
        }
    }

    #[test]
    fn what_rises_towards_the_limit_falls_beyond_it() {
        let limit = band_limit_hz(16_000);
        let mut target = straight(500.0, 10.0, 10.0);
        continue_above(&mut target, limit, &noise_edges_hz());
        let beyond = (limit / 500.0) as usize;
        assert!(target.harmonics_db[beyond..40].windows(2).all(|w| w[1] < w[0]));
        assert!(target.noise_db[BANDS - 1] < -30.0);
    }

    #[test]
    fn one_harmonic_and_none_are_enough_to_go_on_from() {
        let (limit, edges) = (band_limit_hz(16_000), noise_edges_hz());
        let mut high = straight(4_500.0, -12.0, 0.0);
        continue_above(&mut high, limit, &edges);
        let step = USUAL_SLOPE_DB + BEND_DB * (9_000.0 / limit).log2();
        assert!((high.harmonics_db[1] - high.harmonics_db[0] - step).abs() < 0.1);
        let mut silent = Target {
            f0_hz: 0.0,
            harmonics_db: [FLOOR_DB; HARMONICS],
            noise_db: [FLOOR_DB; BANDS],
            loudness_db: FLOOR_DB,
            pulse: Default::default(),
        };
        let before = silent.clone();
        continue_above(&mut silent, limit, &edges);
        assert_eq!(silent, before);
    }
}
