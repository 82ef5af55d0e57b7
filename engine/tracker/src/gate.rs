//! Which moments may have a pitch at all, judged by level alone. Audio thread; nothing allocates.
//!
//! Three things sound periodic and are not sung: what the room still rings with after a note, mains hum, and whatever lies far below
//! the voice. None can be told from a voice by its periodicity, all can by how their level moves.

use crate::frame::FRAME_RATE_HZ;
use crate::math;
use crate::tuning::GateTuning;

/// Levels remembered, hops: 400 ms.
const KEPT: usize = 100;
/// The level of a hum is steady only over many of its periods, hops: 100 ms are whole periods of 50 and of 60 Hz.
const SMOOTH: usize = 25;
/// Level of digital silence, dB.
const SILENCE_DB: f32 = -200.0;

/// What the level says of a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There may be a voice.
    Open,
    /// What sounds is not the voice, though its pitch may still be the voice's.
    Shut,
    /// Nothing is there to have a pitch.
    Silent,
}

/// The gate.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    tuning: GateTuning,
    lowest_db: f32,
    /// Ring of levels, dB, the newest at `at`.
    levels: [f32; KEPT],
    /// Ring of the same, averaged over [`SMOOTH`] hops.
    smooth: [f32; KEPT],
    powers: [f32; KEPT],
    at: usize,
    /// Level of the voice, dB: the loudest of late with a pitch (a thump against the microphone is none), sinking slowly.
    voice_db: f32,
    /// While a note rings out: the lowest level since it ended.
    ringing: Option<f32>,
    /// Level of a hum found, dB.
    hum_db: f32,
}

impl Gate {
    /// `lowest_db`: the level under which nothing counts.
    pub fn new(tuning: GateTuning, lowest_db: f32) -> Self {
        Self {
            tuning,
            lowest_db,
            levels: [SILENCE_DB; KEPT],
            smooth: [SILENCE_DB; KEPT],
            powers: [0.0; KEPT],
            at: 0,
            voice_db: SILENCE_DB,
            ringing: None,
            hum_db: SILENCE_DB,
        }
    }

    pub fn reset(&mut self) {
        *self = Self::new(self.tuning, self.lowest_db);
    }

    /// Least and most of the newest `seconds` of a ring.
    fn extremes(&self, ring: &[f32; KEPT], seconds: f32) -> (f32, f32) {
        (0..hops(seconds))
            .map(|i| ring[(self.at + KEPT - i) % KEPT])
            .fold((f32::MAX, f32::MIN), |(low, high), l| (low.min(l), high.max(l)))
    }

    /// Takes the mean square of one more hop. `voiced`: a pitch was heard last; `mains`: the likeliest pitch was that of a hum.
    pub fn judge(&mut self, mean_square: f32, mains: bool, voiced: bool) -> Verdict {
        let t = self.tuning;
        let hop_s = 1.0 / FRAME_RATE_HZ as f32;
        let db = |power: f32| (4.342_945 * math::ln(power + 1e-20)).max(SILENCE_DB);
        let level = db(mean_square);
        self.at = (self.at + 1) % KEPT;
        self.levels[self.at] = level;
        self.powers[self.at] = mean_square;
        let sum: f32 = (0..SMOOTH).map(|i| self.powers[(self.at + KEPT - i) % KEPT]).sum();
        self.smooth[self.at] = db(sum / SMOOTH as f32);
        self.voice_db = (self.voice_db - t.forget_db_per_s * hop_s).max(SILENCE_DB);
        if voiced {
            self.voice_db = self.voice_db.max(level);
        }

        let (_, high) = self.extremes(&self.levels, t.fall_s);
        let before = self.levels[(self.at + KEPT - hops(t.still_s)) % KEPT];
        match &mut self.ringing {
            None if level < high - t.fall_db => self.ringing = Some(level),
            None => {}
            Some(least) if level > *least + t.rise_db || level > before - t.still_db => self.ringing = None,
            Some(least) => *least = least.min(level),
        }

        let (low_level, high_level) = self.extremes(&self.smooth, t.steady_s);
        let steady = self.smooth[self.at];
        let faint = level < t.hum_alone_db.max(self.voice_db - t.hum_below_db);
        if mains && high_level - low_level < t.steady_db && faint {
            self.hum_db = steady;
        } else if steady < self.hum_db - t.hum_above_db {
            // A hum never pauses: what can be quieter was none, or has been switched off.
            self.hum_db = SILENCE_DB;
        }
        let hum = mains && level < self.hum_db + t.hum_above_db;
        if level < self.lowest_db || level < self.voice_db - t.range_db {
            Verdict::Silent
        } else if self.ringing.is_some() || hum {
            Verdict::Shut
        } else {
            Verdict::Open
        }
    }
}

/// Whole hops in a span of time.
fn hops(seconds: f32) -> usize {
    ((seconds * FRAME_RATE_HZ as f32) as usize).clamp(1, KEPT - 1)
}
