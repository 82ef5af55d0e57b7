//! The instrument without a network: the mean spectrum of the training recordings at each loudness. What a trained instrument has to beat.
//! Offline; any thread but the audio thread.

use syrinx_tracker::Features;

use crate::bands::{HARMONIC_LIMIT_HZ, loudness_db};
use crate::frames::{BANDS, FLOOR_DB, HARMONICS, Take, Target};

/// Lowest loudness told apart, dB.
const LOWEST_DB: f32 = -90.0;
/// Width of a step of loudness, dB.
const STEP_DB: f32 = 3.0;
/// Steps from the lowest to full scale and a little above.
const STEPS: usize = 32;
/// From this confidence up a frame counts as voiced.
const VOICED: f32 = 0.5;
/// Levels are averaged down to this far under the loudness, dB: as deep as the training loss looks.
const RANGE_DB: f32 = 75.0;

/// Mean spectra by loudness, relative to it, of pitched frames and of others.
#[derive(Clone, Debug)]
pub struct MeanSpectrum {
    pitched: Vec<Option<Levels>>,
    unpitched: Vec<Option<Levels>>,
}

/// Levels relative to the loudness, dB.
#[derive(Clone, Debug)]
struct Levels {
    harmonics: [f32; HARMONICS],
    noise: [f32; BANDS],
}

#[derive(Clone)]
struct Sums {
    harmonics: [(f64, f64); HARMONICS],
    noise: [f64; BANDS],
    frames: f64,
}

impl MeanSpectrum {
    /// Averages the frames of `takes`, in dB relative to their loudness.
    pub fn fit<'a>(takes: impl IntoIterator<Item = &'a Take>) -> Self {
        let empty = Sums { harmonics: [(0.0, 0.0); HARMONICS], noise: [0.0; BANDS], frames: 0.0 };
        let mut sums = [vec![empty.clone(); STEPS], vec![empty; STEPS]];
        for frame in takes.into_iter().flat_map(|take| &take.frames) {
            let target = &frame.target;
            if target.loudness_db <= LOWEST_DB {
                continue;
            }
            let relative = |db: f32| f64::from((db - target.loudness_db).max(-RANGE_DB));
            let sum = &mut sums[usize::from(target.f0_hz > 0.0)][step_of(target.loudness_db)];
            sum.frames += 1.0;
            for (k, (total, count)) in sum.harmonics.iter_mut().enumerate() {
                // Harmonics beyond the band were never heard, which is not the same as silent.
                if target.f0_hz > 0.0 && target.f0_hz * (k + 1) as f32 <= HARMONIC_LIMIT_HZ {
                    *total += relative(target.harmonics_db[k]);
                    *count += 1.0;
                }
            }
            for (total, &db) in sum.noise.iter_mut().zip(&target.noise_db) {
                *total += relative(db);
            }
        }
        let [unpitched, pitched] = sums.map(|steps| {
            steps
                .into_iter()
                .map(|sum| {
                    (sum.frames > 0.0).then(|| Levels {
                        harmonics: sum
                            .harmonics
                            .map(|(total, count)| if count > 0.0 { (total / count) as f32 } else { -RANGE_DB }),
                        noise: sum.noise.map(|total| (total / sum.frames) as f32),
                    })
                })
                .collect()
        });
        Self { pitched, unpitched }
    }

    /// The sound for a voice's features: the spectrum of the nearest loudness heard, at the loudness and pitch asked for.
    pub fn predict(&self, features: &Features) -> Target {
        let voiced = features.confidence >= VOICED && features.f0_hz > 0.0;
        let mut target = Target {
            f0_hz: if voiced { features.f0_hz } else { 0.0 },
            harmonics_db: [FLOOR_DB; HARMONICS],
            noise_db: [FLOOR_DB; BANDS],
            loudness_db: FLOOR_DB,
            pulse: Default::default(),
        };
        let wanted = features.loudness_db;
        let table = if voiced { &self.pitched } else { &self.unpitched };
        let Some(levels) = nearest(table, wanted) else { return target };
        if voiced {
            for (k, db) in target.harmonics_db.iter_mut().enumerate() {
                if target.f0_hz * (k + 1) as f32 <= HARMONIC_LIMIT_HZ && levels.harmonics[k] > -RANGE_DB {
                    *db = (wanted + levels.harmonics[k]).max(FLOOR_DB);
                }
            }
        }
        target.noise_db = levels.noise.map(|db| (wanted + db).max(FLOOR_DB));
        // Means in dB are not of the mean's loudness: shift all levels to what was asked for.
        let shift = wanted - loudness_db(target.f0_hz, &target.harmonics_db, &target.noise_db);
        if shift.is_finite() {
            for db in target.harmonics_db.iter_mut().chain(&mut target.noise_db) {
                if *db > FLOOR_DB {
                    *db = (*db + shift).max(FLOOR_DB);
                }
            }
        }
        target.loudness_db = loudness_db(target.f0_hz, &target.harmonics_db, &target.noise_db);
        target
    }
}

fn step_of(loudness_db: f32) -> usize {
    (((loudness_db - LOWEST_DB) / STEP_DB).max(0.0) as usize).min(STEPS - 1)
}

/// The step nearest in loudness that was ever heard.
fn nearest(table: &[Option<Levels>], loudness_db: f32) -> Option<&Levels> {
    let wanted = step_of(loudness_db);
    (0..STEPS)
        .filter_map(|step| table[step].as_ref().map(|levels| (step.abs_diff(wanted), levels)))
        .min_by_key(|&(far, _)| far)
        .map(|(_, levels)| levels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::Frame;

    fn features(loudness_db: f32, confidence: f32) -> Features {
        Features { frame: 0, f0_hz: 500.0, confidence, loudness_db }
    }

    fn frame(loudness: f32, f0_hz: f32, second: f32) -> Frame {
        let mut target = Target {
            f0_hz,
            harmonics_db: [FLOOR_DB; HARMONICS],
            noise_db: [loudness - 40.0; BANDS],
            loudness_db: 0.0,
            pulse: Default::default(),
        };
        if f0_hz > 0.0 {
            target.harmonics_db[0] = loudness;
            target.harmonics_db[1] = loudness + second;
        }
        target.loudness_db = loudness_db(f0_hz, &target.harmonics_db, &target.noise_db);
        Frame { features: features(target.loudness_db, if f0_hz > 0.0 { 1.0 } else { 0.0 }), target }
    }

    #[test]
    fn predicts_the_spectrum_of_the_nearest_loudness_at_the_loudness_asked_for() {
        let frames = vec![frame(-20.0, 500.0, -3.0), frame(-50.0, 500.0, -20.0), frame(-50.0, 0.0, 0.0)];
        let mean =
            MeanSpectrum::fit(&[Take { name: "a".into(), source: "b".into(), frames, band_limit_hz: 22_000.0, note: None }]);
        for (loudness, second) in [(-18.0, -3.0), (-48.0, -20.0), (-70.0, -20.0)] {
            let target = mean.predict(&features(loudness, 0.9));
            assert!((target.harmonics_db[1] - target.harmonics_db[0] - second).abs() < 0.01);
            assert!((target.loudness_db - loudness).abs() < 0.01 && target.f0_hz == 500.0);
        }
        let breath = mean.predict(&features(-40.0, 0.1));
        assert!(breath.f0_hz == 0.0 && breath.harmonics_db[0] == FLOOR_DB && (breath.loudness_db + 40.0).abs() < 0.01);
    }

    #[test]
    fn knows_nothing_without_recordings() {
        let target = MeanSpectrum::fit(&[]).predict(&features(-20.0, 0.9));
        assert_eq!(target.loudness_db, FLOOR_DB);
    }
}
