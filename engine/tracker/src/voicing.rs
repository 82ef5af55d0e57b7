//! Whether what was heard in a hop is a note: a small network over what the correlations and the level say. Audio thread; nothing allocates.
//!
//! How well a wave repeats says most of it, but not all. At an onset the windows are half empty, in noise a voice repeats badly, a fricative's
//! resonance repeats a little, and a room repeats what was sung before. What the levels of the bands do at the same time tells these apart.
//! The network's answer is the odds of a note in one hop; the filter (see [`posterior`](crate::posterior)) sums them up over time. It hears
//! nothing of what was believed before: a network that hears its own errors repeats them.

use crate::math;
use crate::tuning::BANDS;
use crate::voicing_weights::{BIAS, HIDDEN, HIDDEN_BIAS, HIDDEN_WEIGHTS, WEIGHTS};

/// Numbers that the network hears.
pub const INPUTS: usize = 26;
/// Experts whose correlation at the likeliest pitch is among them: the short windows of the three bands.
pub(crate) const EXPERTS: [usize; 3] = [0, 1, 4];
/// Levels and pitches remembered, hops: 256 ms, and a power of two.
const KEPT: usize = 64;
/// The level of digital silence, dB, and one that no room is so quiet as to have: what lies below is a stream that has not begun or was cut.
const SILENCE_DB: f32 = -120.0;
const CUT_DB: f32 = -100.0;
/// The highest level of late sinks, and the lowest rises, by this, dB a second.
const FORGET_DB_PER_S: f32 = 3.0;
/// Share of the way that the room's level sinks to a lower one in a hop.
const SINK: f32 = 0.2;
/// Every input lies within so much of 0.
const MOST: f32 = 3.0;
/// The most that one hop says, nepers.
const SUREST: f32 = 12.0;
/// One hop counts less than the network says, as windows overlap and the same is heard in several hops; and notes that begin are worth an
/// error now and then.
const SHARE: f32 = 0.6;
const LEAN: f32 = 0.5;

/// Where the correlations have this much evidence, nepers, and the level does not fall by so many dB in so many hops as in a room (whose
/// RT60 is then above 1.1 s), there is a note, with these odds, nepers: instruments that the network never heard have notes as well.
const PLAIN: f32 = 8.0;
const PLAIN_ODDS: f32 = 2.0;
const STILL_DB: f32 = 1.5;
const STILL_HOPS: usize = 7;

/// What was heard in one hop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard {
    /// Evidence of the likeliest pitch over that of none, as the correlations have it, nepers; and what is left to doubt of it.
    pub margin: f32,
    pub doubt: f32,
    /// Share of the wave that repeats at that pitch, all experts together, and three of them alone.
    pub repeats: f32,
    pub experts: [f32; 3],
    /// Level of each band and of all together, and of all frequencies up to the base rate's end, dB.
    pub bands_db: [f32; BANDS],
    pub level_db: f32,
    pub full_db: f32,
    /// The likeliest pitch, Hz.
    pub f0_hz: f32,
}

/// The network and what it remembers.
#[derive(Clone, Debug)]
pub(crate) struct Voicing {
    /// Rings of levels, dB, and pitches, octaves; the newest at `at`.
    levels: [f32; KEPT],
    pitches: [f32; KEPT],
    at: usize,
    /// The highest level of late, dB.
    loudest_db: f32,
    /// The lowest level of late, of all bands together and of each, dB.
    floor_db: f32,
    floors_db: [f32; BANDS],
    inputs: [f32; INPUTS],
}

impl Voicing {
    pub const fn new() -> Self {
        Self {
            levels: [SILENCE_DB; KEPT],
            pitches: [0.0; KEPT],
            at: 0,
            loudest_db: SILENCE_DB,
            floor_db: 0.0,
            floors_db: [0.0; BANDS],
            inputs: [0.0; INPUTS],
        }
    }

    pub fn reset(&mut self) {
        *self = Self::new();
    }

    /// Takes one more hop and returns the odds, nepers, that it has a note.
    pub fn odds(&mut self, heard: &Heard) -> f32 {
        self.hear(heard);
        let odds = (SHARE * answer(&self.inputs)).clamp(-SHARE * SUREST, SHARE * SUREST) + LEAN;
        let falls_db = self.ago(&self.levels, STILL_HOPS) - self.levels[self.at];
        if heard.margin > PLAIN && falls_db < STILL_DB { odds.max(PLAIN_ODDS) } else { odds }
    }

    /// What the network heard last, for whoever trains it.
    pub const fn inputs(&self) -> &[f32; INPUTS] {
        &self.inputs
    }

    /// Entry of a ring, that many hops ago.
    fn ago(&self, ring: &[f32; KEPT], hops: usize) -> f32 {
        ring[(self.at + KEPT - hops) % KEPT]
    }

    /// Slope of the newest `hops` levels, hundreds of dB a second, and their root mean square distance from that line, dB.
    fn line(&self, hops: usize) -> (f32, f32) {
        let middle = 0.5 * (hops as f32 - 1.0);
        let mean = (0..hops).map(|i| self.ago(&self.levels, i)).sum::<f32>() / hops as f32;
        let (mut product, mut square) = (0.0, 0.0);
        for i in 0..hops {
            let t = middle - i as f32;
            product += t * (self.ago(&self.levels, i) - mean);
            square += t * t;
        }
        let slope = product / square;
        let off = |i: usize| self.ago(&self.levels, i) - mean - slope * (middle - i as f32);
        let power = (0..hops).map(|i| off(i) * off(i)).sum::<f32>() / hops as f32;
        (slope * 2.5, power.sqrt())
    }

    fn hear(&mut self, heard: &Heard) {
        let forget = FORGET_DB_PER_S / crate::frame::FRAME_RATE_HZ as f32;
        let level = heard.level_db.max(SILENCE_DB);
        // A stream that begins is one that was silent before: silence leaves nothing behind.
        let sounds = level > CUT_DB;
        let octaves = if sounds { math::ln(heard.f0_hz / 200.0) * std::f32::consts::LOG2_E } else { 0.0 };
        self.at = (self.at + 1) % KEPT;
        self.levels[self.at] = level;
        self.pitches[self.at] = octaves;
        self.loudest_db = (self.loudest_db - forget).max(level);
        let follow = |floor: &mut f32, level: f32| *floor += if level < *floor { SINK * (level - *floor) } else { forget };
        if sounds {
            follow(&mut self.floor_db, level);
            for (floor, band) in self.floors_db.iter_mut().zip(heard.bands_db) {
                follow(floor, band.max(SILENCE_DB));
            }
        }
        let highest = (0..50).map(|i| self.ago(&self.levels, i)).fold(SILENCE_DB, f32::max);
        let lowest = (0..50).map(|i| self.ago(&self.levels, i)).fold(0.0, f32::min);
        let moved = |hops: usize| (0..hops).map(|i| (octaves - self.ago(&self.pitches, i)).abs()).fold(0.0, f32::max);
        let since = |hops: usize| level - self.ago(&self.levels, hops);
        let (slope_48_ms, off_48_ms) = self.line(12);
        let (slope_100_ms, off_100_ms) = self.line(25);
        let share_db = heard.bands_db.map(|band| band - heard.level_db);
        let over_db: [f32; BANDS] = std::array::from_fn(|i| heard.bands_db[i].max(SILENCE_DB) - self.floors_db[i]);
        let inputs = [
            0.1 * heard.margin,
            0.1 * heard.doubt,
            heard.repeats,
            0.1 * share_db[0],
            0.1 * share_db[1],
            0.1 * share_db[2],
            0.1 * (heard.full_db - heard.level_db),
            0.05 * (level - self.loudest_db),
            0.05 * (level - self.floor_db),
            0.1 * since(3),
            0.1 * since(7),
            0.1 * (level - highest),
            slope_48_ms,
            0.5 * off_48_ms,
            slope_100_ms,
            0.5 * off_100_ms,
            0.5 * octaves,
            4.0 * moved(5),
            0.05 * over_db[0],
            0.05 * over_db[1],
            0.05 * over_db[2],
            4.0 * moved(25),
            0.05 * (level - lowest),
            heard.experts[0],
            heard.experts[1],
            heard.experts[2],
        ];
        self.inputs = inputs.map(|x| x.clamp(-MOST, MOST));
    }
}

/// The network: one hidden layer of rectified sums.
#[inline(always)]
fn answer(inputs: &[f32; INPUTS]) -> f32 {
    let mut hidden = HIDDEN_BIAS;
    for (x, weights) in inputs.iter().zip(&HIDDEN_WEIGHTS) {
        for (h, w) in hidden.iter_mut().zip(weights) {
            *h += w * x;
        }
    }
    let mut sum = BIAS;
    for i in 0..HIDDEN {
        sum += hidden[i].max(0.0) * WEIGHTS[i];
    }
    sum
}
