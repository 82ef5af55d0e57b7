//! Life: what moves in a held note of its own. Levels of harmonics wander, each its own way, as was measured of the instrument. Audio thread; never
//! allocates after `new`.
//!
//! One set of wandering numbers serves all instruments of a stream: for each harmonic and each band of modulation frequencies white noise through
//! the filter that the measurement uses, of RMS 1. What an instrument makes of them is its own: how far in each band, how alike
//! neighbours are, and how much of it only while the pitch moves. Frames are numbered and drawn one by one, so neither the host's
//! blocks nor the sample rate changes what is drawn.

use syrinx_decoder::{LifeTable, MODULATION_BANDS, ModulationFilter, Pace};
use syrinx_synth::{MAX_HARMONICS, White};

/// What neighbours have in common turns by this much from one octave of harmonics to the next, radians: octaves lean against one another, which is
/// a tone that gets brighter and darker.
const TURN_PER_OCTAVE: f32 = 1.2;
/// Wandering of each harmonic, and the two that all have in common.
const WALKS: usize = MAX_HARMONICS + 2;
/// Most that a harmonic is raised and lowered, dB.
const MOST_RAISED_DB: f32 = 9.0;
const MOST_LOWERED_DB: f32 = -18.0;
/// A note begins as it is played, and wanders as it was measured, held, from here on, frames (0.16 s).
const HELD_FRAMES: u32 = 40;
/// The noise of instruments is drawn from the engine's seed; this is another.
const OTHER_SEED: u64 = 0x6c69_6665;

/// The wandering numbers of one stream.
pub struct Fluctuation {
    white: White,
    filters: [(ModulationFilter, f32); MODULATION_BANDS],
    states: [[[f32; 2]; WALKS]; MODULATION_BANDS],
    now: [[f32; WALKS]; MODULATION_BANDS],
    /// What harmonics have in common, as shares of the two: cosine and sine.
    common: [[f32; 2]; MAX_HARMONICS],
    pace: Pace,
    /// Mean square of the pitch's pace, (st/s)².
    pace_square: f32,
    /// Frames that the note sounds.
    age: u32,
}

impl Fluctuation {
    /// At the beginning of a stream.
    pub fn new(seed: u64) -> Self {
        let filters = std::array::from_fn(|band| {
            let filter = ModulationFilter::of(band);
            (filter, 1.0 / filter.rms_of_white())
        });
        let common = std::array::from_fn(|k| {
            let (sin, cos) = (TURN_PER_OCTAVE * ((k + 1) as f32).log2()).sin_cos();
            [cos, sin]
        });
        Self {
            white: White::new(seed ^ OTHER_SEED),
            filters,
            states: [[[0.0; 2]; WALKS]; MODULATION_BANDS],
            now: [[0.0; WALKS]; MODULATION_BANDS],
            common,
            pace: Pace::default(),
            pace_square: 0.0,
            age: 0,
        }
    }

    /// Begins the stream anew.
    pub fn reset(&mut self) {
        self.white.reset();
        self.states = [[[0.0; 2]; WALKS]; MODULATION_BANDS];
        self.pace = Pace::default();
        self.pace_square = 0.0;
        self.age = 0;
    }

    /// Nothing sounds that wanders: what comes next is the beginning of a note.
    pub fn rest(&mut self) {
        self.age = 0;
    }

    /// Goes on by one frame of a note, whose pitch is `f0_hz`.
    pub fn step(&mut self, f0_hz: f32) {
        self.age = (self.age + 1).min(HELD_FRAMES);
        self.pace_square = self.pace.step(f0_hz);
        for ((filter, norm), (states, now)) in self.filters.iter().zip(self.states.iter_mut().zip(&mut self.now)) {
            for x in now.iter_mut() {
                *x = self.white.draw() * norm;
            }
            for (x, state) in now.iter_mut().zip(states) {
                *x = filter.step(state, *x);
            }
        }
    }

    /// The gain on each harmonic of an instrument, `amount` times as much as was measured: 1 is that.
    pub fn gains(&self, table: &LifeTable, amount: f32) -> [f32; MAX_HARMONICS] {
        let amount = amount * self.age as f32 / HELD_FRAMES as f32;
        let pace = (self.pace_square * table.per_pace).min(1.0);
        let (own, common) = ((1.0 - table.correlation).sqrt(), table.correlation.sqrt());
        let mut db = [0.0; MAX_HARMONICS];
        for (band, walks) in self.now.iter().enumerate() {
            let [first, second] = [walks[MAX_HARMONICS], walks[MAX_HARMONICS + 1]];
            let (still, moving) = (&table.still[band], &table.moving[band]);
            for (k, db) in db.iter_mut().enumerate() {
                let [cos, sin] = self.common[k];
                let wandering = own * walks[k] + common * (cos * first + sin * second);
                *db += (still[k] + pace * moving[k]).sqrt() * wandering;
            }
        }
        db.map(|db| (std::f32::consts::LN_10 / 20.0 * (amount * db).clamp(MOST_LOWERED_DB, MOST_RAISED_DB)).exp())
    }
}

/// Multiplies noise by `1 + pulse * carrier`, at the same power; the pulse goes from one strength to the other over the segment, and where the carrier
/// is still (0), nothing changes.
pub fn pulse(noise: &mut [f32], carrier: &[f32], from: f32, to: f32) {
    let step = (to - from) / noise.len().max(1) as f32;
    let mut pulse = from;
    for (sample, carrier) in noise.iter_mut().zip(carrier) {
        pulse += step;
        if *carrier != 0.0 {
            *sample *= (1.0 + pulse * carrier) / (1.0 + 0.5 * pulse * pulse).sqrt();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syrinx_tracker::FRAME_RATE_HZ;

    fn table() -> LifeTable {
        let mut still = [[0.0; MAX_HARMONICS]; MODULATION_BANDS];
        let mut moving = still;
        for k in 0..MAX_HARMONICS {
            for (band, db) in [0.5_f32, 1.0, 1.5, 0.8].into_iter().enumerate() {
                still[band][k] = db.powi(2);
            }
            moving[1][k] = 4.0;
        }
        LifeTable { still, moving, per_pace: 0.01, correlation: 0.3, pulse: 0.5 }
    }

    /// Levels of each harmonic, dB, frame by frame.
    fn levels(table: &LifeTable, amount: f32, f0_hz: impl Fn(usize) -> f32) -> Vec<[f32; MAX_HARMONICS]> {
        let mut fluctuation = Fluctuation::new(7);
        (0..5000)
            .map(|n| {
                fluctuation.step(f0_hz(n));
                fluctuation.gains(table, amount).map(|gain| 20.0 * gain.log10())
            })
            .collect()
    }

    fn rms(levels: &[[f32; MAX_HARMONICS]]) -> f32 {
        (levels.iter().flatten().map(|db| db * db).sum::<f32>() / (levels.len() * MAX_HARMONICS) as f32).sqrt()
    }

    #[test]
    fn harmonics_wander_as_far_as_was_measured_and_more_while_the_pitch_moves() {
        let table = table();
        let wanted = (0.25_f32 + 1.0 + 2.25 + 0.64).sqrt();
        let still = levels(&table, 1.0, |_| 440.0);
        assert!((rms(&still[500..]) / wanted - 1.0).abs() < 0.05, "{} dB, is {wanted}", rms(&still[500..]));
        let twice = levels(&table, 2.0, |_| 440.0);
        assert!((rms(&twice[500..]) / wanted - 2.0).abs() < 0.15, "{} dB", rms(&twice[500..]));
        // A wide vibrato, faster than the recordings'.
        let vibrato = levels(&table, 1.0, |n| {
            440.0 * (0.06 * (std::f32::consts::TAU * 6.0 * n as f32 / FRAME_RATE_HZ as f32).sin()).exp2()
        });
        let wanted = (wanted * wanted + 4.0).sqrt();
        assert!((rms(&vibrato[500..]) / wanted - 1.0).abs() < 0.05, "{} dB, is {wanted}", rms(&vibrato[500..]));
        assert!(still.iter().flatten().all(|db| (MOST_LOWERED_DB - 0.01..MOST_RAISED_DB + 0.01).contains(db)));
    }

    #[test]
    fn neighbours_are_as_alike_as_was_measured() {
        let still = levels(&table(), 1.0, |_| 440.0);
        let of = |a: usize, b: usize| still[500..].iter().map(|db| db[a] * db[b]).sum::<f32>();
        let alike: Vec<f32> = (20..60).map(|k| of(k, k + 1) / (of(k, k) * of(k + 1, k + 1)).sqrt()).collect();
        let mean = alike.iter().sum::<f32>() / alike.len() as f32;
        assert!((mean - 0.3).abs() < 0.1, "{mean}");
    }

    #[test]
    fn a_pulse_keeps_the_power_and_follows_the_phase() {
        let mut white = White::new(3);
        let before: Vec<f32> = (0..48_000).map(|_| white.draw()).collect();
        let carrier: Vec<f32> = (0..48_000).map(|n| (std::f32::consts::TAU * 220.0 * n as f32 / 48_000.0).cos()).collect();
        let mut after = before.clone();
        after.chunks_mut(192).zip(carrier.chunks(192)).for_each(|(noise, carrier)| pulse(noise, carrier, 0.6, 0.6));
        let power = |x: &[f32]| x.iter().map(|x| x * x).sum::<f32>();
        assert!((power(&after) / power(&before) - 1.0).abs() < 0.03);
        let first = 2.0 * after.iter().zip(&carrier).map(|(x, c)| x * x * c).sum::<f32>() / power(&after);
        let wanted = 2.0 * 0.6 / (1.0 + 0.18);
        assert!((first / wanted - 1.0).abs() < 0.1, "{first}, is {wanted}");
        let mut still = before.clone();
        pulse(&mut still, &[0.0; 48_000], 0.6, 0.6);
        assert_eq!(still, before);
    }
}
