//! How a held tone lives: what moves in it though neither pitch nor loudness asks for it. Plain data, any thread.

use serde::{Deserialize, Serialize};
use syrinx_synth::MAX_HARMONICS;
use syrinx_tracker::FRAME_RATE_HZ;

/// Bands of modulation frequencies, Hz: drift, vibrato, flutter, roughness.
pub const MODULATION_BANDS_HZ: [(f32, f32); 4] = [(1.0, 4.0), (4.0, 8.0), (8.0, 20.0), (20.0, 60.0)];
/// How many of them.
pub const MODULATION_BANDS: usize = MODULATION_BANDS_HZ.len();
/// Harmonics at which fluctuation is told: one an octave.
pub const FLUCTUATION_POINTS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];
/// Most that a harmonic may move in one band, RMS, dB.
const MOST_DB: f32 = 24.0;
/// Most that noise may pulse: beyond it, it would be a tone of its own.
pub const MOST_PULSE: f32 = 1.2;

/// RMS levels in dB: for each of [`FLUCTUATION_POINTS`] one for each of [`MODULATION_BANDS_HZ`].
pub type FluctuationDb = [[f32; MODULATION_BANDS]; FLUCTUATION_POINTS.len()];

/// What is measured of it, from recordings of held notes. Absent from cards of format 1 and of what nobody could measure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Life {
    /// How far the level of each harmonic wanders against the whole, while the pitch stays.
    pub fluctuation_db: FluctuationDb,
    /// And how far besides, while the pitch moves as fast as [`vibrato_st_per_s`](Self::vibrato_st_per_s) or faster; the power of it grows with the
    /// square of the pitch's pace up to there. Body and room answer every frequency differently.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub vibrato_db: FluctuationDb,
    /// RMS pace of the pitch in the recordings' vibrato, semitones a second; 0 where there was none.
    #[serde(default)]
    pub vibrato_st_per_s: f32,
    /// Correlation of the wandering of neighbouring harmonics, 0 to 1: of one whole that gets brighter and darker it is 1.
    pub correlation: f32,
    /// How the noise pulses with the pitch: its amplitude follows `1 + pulse * cos(phase)`, 0 to [`MOST_PULSE`].
    pub pulse: f32,
}

fn is_zero(levels: &FluctuationDb) -> bool {
    levels.iter().flatten().all(|db| *db == 0.0)
}

impl Life {
    /// How far the harmonic that wanders most does, RMS, dB.
    pub fn furthest_db(&self) -> f32 {
        let all = |levels: &[f32; MODULATION_BANDS]| levels.iter().map(|db| db * db).sum::<f32>().sqrt();
        self.fluctuation_db.iter().map(all).fold(0.0, f32::max)
    }

    /// Checks that the numbers can be played.
    ///
    /// # Errors
    /// What is wrong, as the rest of a sentence.
    pub(crate) fn check(&self) -> Result<(), String> {
        let levels = self.fluctuation_db.iter().chain(&self.vibrato_db).flatten();
        if !levels.into_iter().all(|db| (0.0..=MOST_DB).contains(db)) {
            return Err(format!("its harmonics fluctuate by other than 0 to {MOST_DB} dB"));
        }
        if !(0.0..=1.0).contains(&self.correlation) {
            return Err(format!("the correlation of its harmonics is {}", self.correlation));
        }
        if !(0.0..=MOST_PULSE).contains(&self.pulse) {
            return Err(format!("its noise pulses by {}, and 0 to {MOST_PULSE} are possible", self.pulse));
        }
        if !(0.0..=1000.0).contains(&self.vibrato_st_per_s) {
            return Err(format!("its vibrato moves by {} semitones a second", self.vibrato_st_per_s));
        }
        Ok(())
    }
}

/// [`Life`] as it is played: one number a harmonic, band by band.
#[derive(Debug)]
pub struct LifeTable {
    /// Mean squares of the wandering, dB², while the pitch stays.
    pub still: [[f32; MAX_HARMONICS]; MODULATION_BANDS],
    /// And besides at the vibrato's full pace.
    pub moving: [[f32; MAX_HARMONICS]; MODULATION_BANDS],
    /// Inverse of the vibrato's mean square pace, (s/st)²; 0 where there was none.
    pub per_pace: f32,
    /// [`Life::correlation`].
    pub correlation: f32,
    /// [`Life::pulse`].
    pub pulse: f32,
}

impl LifeTable {
    pub(crate) fn of(life: &Life) -> Self {
        let squares = |levels: &FluctuationDb| -> [[f32; MAX_HARMONICS]; MODULATION_BANDS] {
            std::array::from_fn(|band| std::array::from_fn(|k| between_points(k + 1, |point| levels[point][band]).powi(2)))
        };
        let pace = life.vibrato_st_per_s;
        Self {
            still: squares(&life.fluctuation_db),
            moving: squares(&life.vibrato_db),
            per_pace: if pace > 0.0 { 1.0 / (pace * pace) } else { 0.0 },
            correlation: life.correlation,
            pulse: life.pulse,
        }
    }
}

/// Which of [`FLUCTUATION_POINTS`] harmonic `number` (from 1) lies between, and how far from the first to the second, 0 to 1, by octaves.
pub fn fluctuation_place(number: usize) -> (usize, f32) {
    let octaves = (number.max(1) as f32).log2().min((FLUCTUATION_POINTS.len() - 1) as f32);
    let point = (octaves as usize).min(FLUCTUATION_POINTS.len() - 2);
    (point, octaves - point as f32)
}

fn between_points(number: usize, at: impl Fn(usize) -> f32) -> f32 {
    let (point, t) = fluctuation_place(number);
    at(point) + t * (at(point + 1) - at(point))
}

/// The filter that tells one of [`MODULATION_BANDS_HZ`] from the others, for values that come [`FRAME_RATE_HZ`] times a second, and that makes it out
/// of white noise: a resonance of second order that passes the band's middle unchanged. One definition for what measures and what plays.
#[derive(Clone, Copy, Debug)]
pub struct ModulationFilter {
    gain: f32,
    a1: f32,
    a2: f32,
}

impl ModulationFilter {
    /// Of one band (bilinear transform; the middle is that of the band's edges as they are warped by it).
    pub fn of(band: usize) -> Self {
        let (low, high) = MODULATION_BANDS_HZ[band];
        let warped = |hz: f32| (std::f32::consts::PI * hz / FRAME_RATE_HZ as f32).tan();
        let (low, high) = (warped(low), warped(high));
        let (width, middle) = (high - low, low * high);
        let norm = 1.0 / (1.0 + width + middle);
        Self { gain: width * norm, a1: 2.0 * (middle - 1.0) * norm, a2: (1.0 - width + middle) * norm }
    }

    /// Takes one value and gives one; `state` is zero at the beginning.
    #[inline(always)]
    pub fn step(&self, state: &mut [f32; 2], value: f32) -> f32 {
        let out = self.gain * value + state[0];
        state[0] = state[1] - self.a1 * out;
        state[1] = -self.gain * value - self.a2 * out;
        out
    }

    /// RMS of what comes of white noise of RMS 1.
    pub fn rms_of_white(&self) -> f32 {
        let mut state = [0.0; 2];
        let answer = (0..4 * FRAME_RATE_HZ).map(|n| self.step(&mut state, if n == 0 { 1.0 } else { 0.0 }));
        answer.map(|x| x * x).sum::<f32>().sqrt()
    }
}

/// Frames over which a change of pitch is read: the jitter of a tracker is no vibrato.
const PACE_FRAMES: usize = 4;
/// A pitch that changes faster, semitones a second, leaps: it is another note.
const LEAP_ST_PER_S: f32 = 150.0;
/// The mean is over about so many frames: one swing of a vibrato.
const PACE_MEAN_FRAMES: f32 = 0.16 * FRAME_RATE_HZ as f32;

/// How fast the pitch moves: the mean square of its pace of late. Plain arithmetic on one frame.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// Pitches of the last frames, semitones; those before `known` are none.
    before: [f32; PACE_FRAMES],
    known: usize,
    mean_square: f32,
}

impl Pace {
    /// Takes the pitch of the next frame, Hz (not positive: none), and gives the mean square of the pace, (st/s)².
    pub fn step(&mut self, f0_hz: f32) -> f32 {
        if f0_hz > 0.0 && f0_hz.is_finite() {
            let pitch = 12.0 * f0_hz.log2();
            if self.known >= PACE_FRAMES {
                let pace = (pitch - self.before[PACE_FRAMES - 1]) * FRAME_RATE_HZ as f32 / PACE_FRAMES as f32;
                if pace.abs() < LEAP_ST_PER_S {
                    self.mean_square += (pace * pace - self.mean_square) / PACE_MEAN_FRAMES;
                }
            }
            self.before.rotate_right(1);
            self.before[0] = pitch;
            self.known += 1;
        } else {
            self.known = 0;
        }
        self.mean_square
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_passes_its_band_and_little_else() {
        for (band, (low, high)) in MODULATION_BANDS_HZ.into_iter().enumerate() {
            let filter = ModulationFilter::of(band);
            let rms = |hz: f32| {
                let mut state = [0.0; 2];
                let x = (0..5000).map(|n| (std::f32::consts::TAU * hz * n as f32 / FRAME_RATE_HZ as f32).sin());
                let y: Vec<f32> = x.map(|x| filter.step(&mut state, x)).collect();
                (2.0 * y[2500..].iter().map(|y| y * y).sum::<f32>() / 2500.0).sqrt()
            };
            assert!((0.68..0.74).contains(&rms(low)) && (0.68..0.74).contains(&rms(high)), "{} {}", rms(low), rms(high));
            assert!(rms((low * high).sqrt()) > 0.98 && rms(0.2 * low) < 0.25);
        }
    }

    #[test]
    fn the_pace_is_that_of_the_vibrato_and_leaps_are_none() {
        // 50 cents either way, 6 times a second.
        let mut pace = Pace::default();
        let mut last = 0.0;
        for n in 0..500 {
            let cents = 50.0 * (std::f32::consts::TAU * 6.0 * n as f32 / FRAME_RATE_HZ as f32).sin();
            last = pace.step(440.0 * (cents / 1200.0).exp2());
        }
        let wanted = 0.5 * std::f32::consts::TAU * 6.0 / 2f32.sqrt();
        assert!((last.sqrt() / wanted - 1.0).abs() < 0.15, "{} st/s, is {wanted}", last.sqrt());
        let mut leaps = Pace::default();
        let most = (0..500).map(|n| leaps.step(if n / 50 % 2 == 0 { 220.0 } else { 440.0 })).fold(0.0, f32::max);
        assert_eq!(most, 0.0);
    }

    #[test]
    fn harmonics_lie_between_the_octaves() {
        let mut life = Life { vibrato_st_per_s: 2.0, pulse: 0.4, ..Life::default() };
        for (point, levels) in life.fluctuation_db.iter_mut().enumerate() {
            levels[2] = point as f32;
        }
        let table = LifeTable::of(&life);
        let db = |number: usize| table.still[2][number - 1].sqrt();
        for (number, wanted) in [(1, 0.0), (2, 1.0), (3, 3f32.log2()), (64, 6.0), (100, 6.0)] {
            assert!((db(number) - wanted).abs() < 1e-5, "harmonic {number}: {}", db(number));
        }
        assert!(table.still[0] == [0.0; MAX_HARMONICS] && table.per_pace == 0.25 && table.pulse == 0.4);
    }

    #[test]
    fn what_cannot_be_played_is_refused() {
        assert_eq!(Life::default().check(), Ok(()));
        let bad = [
            Life { pulse: 1.5, ..Life::default() },
            Life { correlation: -0.1, ..Life::default() },
            Life { vibrato_st_per_s: f32::NAN, ..Life::default() },
            Life { fluctuation_db: [[-1.0; 4]; 7], ..Life::default() },
            Life { vibrato_db: [[f32::INFINITY; 4]; 7], ..Life::default() },
        ];
        assert!(bad.iter().all(|life| life.check().is_err()));
    }
}
