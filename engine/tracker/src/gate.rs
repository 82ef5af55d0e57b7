//! Which moments may have a pitch at all, judged by how the level moves. Audio thread; nothing allocates.
//!
//! Four things sound periodic and are not sung: what the room still rings with after a note, mains hum, music in the background, and whatever
//! lies far below the voice. None can be told from a voice by its periodicity, all can by how their level moves.

use crate::frame::FRAME_RATE_HZ;
use crate::math;
use crate::tuning::GateTuning;

/// Levels remembered, hops: 400 ms.
const KEPT: usize = 100;
/// Level of digital silence, dB.
const SILENCE_DB: f32 = -200.0;
/// No room is so quiet, dB: a stream that has not begun, or was cut.
const CUT_DB: f32 = -100.0;
/// Pauses remembered.
const PAUSES: usize = 16;
/// A pitch goes on while it moves by less than this in a hop (60 cents).
const GOES_ON: f32 = 1.035;
/// What is lower than a pause's level by this is the pause, and what was taken for it was none, dB.
const LOWER_DB: f32 = 3.0;

/// Pitches a mains hum is heard at: the mains, where nobody sings, and their octave, where rectifiers put it, and where men sing.
pub(crate) const MAINS_HZ: [f32; 2] = [50.0, 60.0];

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

/// A pause between notes: its lowest level, dB, hops near that, and how many of those had a pitch.
#[derive(Clone, Copy, Debug)]
struct Pause {
    level_db: f32,
    hops: f32,
    pitched: f32,
}

/// The gate.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    tuning: GateTuning,
    lowest_db: f32,
    /// Ring of levels, dB, the newest at `at`.
    levels: [f32; KEPT],
    /// Ring of the same, averaged over `smooth_s`.
    smooth: [f32; KEPT],
    powers: [f32; KEPT],
    at: usize,
    /// Hops since the stream began or was silent, up to as many as are kept.
    heard: usize,
    /// Level of the voice, dB: the loudest of late with a pitch (a thump against the microphone is none), sinking slowly.
    voice_db: f32,
    /// The same, sinking more slowly still.
    loud_db: f32,
    /// While a note rings out: the lowest level since it ended.
    ringing: Option<f32>,
    /// Hops for which the pitch has been that of the mains.
    mains: usize,
    /// Level of a hum found, dB.
    hum_db: f32,
    /// Ring of the last pauses, the newest at `pause`, and hops since that was begun.
    pauses: [Option<Pause>; PAUSES],
    pause: usize,
    since_pause: usize,
    /// What may be a pause, if it ends as one.
    low: Pause,
    /// The last pitch, Hz, and whether it has gone on since the voice was last above the background.
    f0_hz: f32,
    goes_on: bool,
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
            heard: 0,
            voice_db: SILENCE_DB,
            loud_db: SILENCE_DB,
            ringing: None,
            mains: 0,
            hum_db: SILENCE_DB,
            pauses: [None; PAUSES],
            pause: 0,
            since_pause: 0,
            low: Pause { level_db: 0.0, hops: 0.0, pitched: 0.0 },
            f0_hz: 0.0,
            goes_on: false,
        }
    }

    pub fn reset(&mut self) {
        *self = Self::new(self.tuning, self.lowest_db);
    }

    /// Whether a hum of the mains is known to sound.
    pub fn hums(&self) -> bool {
        self.hum_db > SILENCE_DB
    }

    /// Least and most of the newest `seconds` of a ring.
    fn extremes(&self, ring: &[f32; KEPT], seconds: f32) -> (f32, f32) {
        (0..hops(seconds))
            .map(|i| ring[(self.at + KEPT - i) % KEPT])
            .fold((f32::MAX, f32::MIN), |(low, high), l| (low.min(l), high.max(l)))
    }

    /// Takes the mean square of one more hop. `f0_hz` and `voiced`: the likeliest pitch of the hop before, and whether it was heard.
    pub fn judge(&mut self, mean_square: f32, f0_hz: f32, voiced: bool) -> Verdict {
        let t = self.tuning;
        let hop_s = 1.0 / FRAME_RATE_HZ as f32;
        let db = |power: f32| math::decibels(power + 1e-20).max(SILENCE_DB);
        let level = db(mean_square);
        self.at = (self.at + 1) % KEPT;
        self.heard = if level > CUT_DB { (self.heard + 1).min(KEPT) } else { 0 };
        self.levels[self.at] = level;
        self.powers[self.at] = mean_square;
        let smooth = hops(t.smooth_s);
        let sum: f32 = (0..smooth).map(|i| self.powers[(self.at + KEPT - i) % KEPT]).sum();
        self.smooth[self.at] = db(sum / smooth as f32);
        self.voice_db = (self.voice_db - t.forget_db_per_s * hop_s).max(SILENCE_DB);
        self.loud_db = (self.loud_db - t.loud_forget_db_per_s * hop_s).max(SILENCE_DB);
        if voiced {
            self.voice_db = self.voice_db.max(level);
            self.loud_db = self.loud_db.max(level);
        }
        let rings = self.rings(level);
        let hums = self.is_hum(level, f0_hz);
        let behind = self.is_background(level, f0_hz, voiced);
        if level < self.lowest_db || level < self.voice_db - t.range_db {
            Verdict::Silent
        } else if rings || hums || behind {
            Verdict::Shut
        } else {
            Verdict::Open
        }
    }

    /// Whether a note has ended and what sounds is the room.
    fn rings(&mut self, level: f32) -> bool {
        let t = self.tuning;
        let (_, high) = self.extremes(&self.levels, t.fall_s);
        let before = self.levels[(self.at + KEPT - hops(t.still_s)) % KEPT];
        match &mut self.ringing {
            None if level < high - t.fall_db => self.ringing = Some(level),
            None => {}
            Some(least) if level > *least + t.rise_db || level > before - t.still_db => self.ringing = None,
            Some(least) => *least = least.min(level),
        }
        self.ringing.is_some()
    }

    /// Whether what sounds is a hum of the mains.
    fn is_hum(&mut self, level: f32, f0_hz: f32) -> bool {
        let t = self.tuning;
        let near = |hz: f32| (f0_hz / hz - 1.0).abs() < t.mains_width;
        let (low, high) = (MAINS_HZ.iter().any(|hz| near(*hz)), MAINS_HZ.iter().any(|hz| near(2.0 * hz)));
        self.mains = if low || high { self.mains + 1 } else { 0 };
        let hum = if low { t.hum } else { t.hum_octave };
        let (low_level, high_level) = self.extremes(&self.smooth, hum.steady_s);
        let steady = self.smooth[self.at];
        let faint = level < hum.alone_db.max(self.voice_db - hum.below_db);
        if self.mains >= hops(hum.steady_s) && high_level - low_level < hum.steady_db && faint {
            self.hum_db = steady;
        } else if steady < self.hum_db - t.hum_above_db {
            // A hum never pauses: what can be quieter was none, or has been switched off.
            self.hum_db = SILENCE_DB;
        }
        (low || high) && level < self.hum_db + t.hum_above_db
    }

    /// Whether what sounds is no louder than what sounded in the pauses before, with a pitch, and far softer than the voice. A pause is known
    /// when it is over: a soft passage after a loud one is none.
    fn is_background(&mut self, level: f32, f0_hz: f32, voiced: bool) -> bool {
        let t = self.tuning;
        if self.heard >= hops(t.smooth_s) {
            self.hear_pause(level, voiced);
        }
        let floor_db = self.pauses.iter().flatten().map(|pause| pause.level_db).fold(f32::MAX, f32::min);
        let hops: f32 = self.pauses.iter().flatten().map(|pause| pause.hops).sum();
        let long = self.pauses.iter().flatten().filter(|pause| pause.hops >= t.pause_long_s * FRAME_RATE_HZ as f32);
        let pitched: f32 = long.map(|pause| pause.pitched).sum();
        // Noise has no pitch, and needs no gate.
        let sounds = pitched > t.pause_pitched * hops;
        let behind = sounds && level < floor_db + t.pause_above_db && level < self.loud_db - t.pause_below_db;
        // A note that fades into the background is the voice's as long as its pitch goes on.
        let moved = f0_hz / self.f0_hz.max(1.0);
        self.goes_on = voiced && (!behind || self.goes_on && moved > 1.0 / GOES_ON && moved < GOES_ON);
        self.f0_hz = f0_hz;
        behind && !self.goes_on
    }

    fn hear_pause(&mut self, level: f32, voiced: bool) {
        let t = self.tuning;
        let level_db = self.smooth[self.at];
        let begun = Pause { level_db, hops: 0.0, pitched: 0.0 };
        if level_db < self.low.level_db - LOWER_DB {
            self.low = begun;
        }
        self.low.level_db = self.low.level_db.min(level_db);
        if level_db < self.low.level_db + t.pause_above_db {
            self.low.hops += 1.0;
            self.low.pitched += f32::from(u8::from(voiced));
        }
        self.since_pause += 1;
        if level < self.low.level_db + t.pause_rise_db {
            return;
        }
        // What comes soon after is the same one: a phrase has many dips.
        if self.since_pause as f32 > t.pause_apart_s * FRAME_RATE_HZ as f32 {
            self.since_pause = 0;
            self.pause = (self.pause + 1) % PAUSES;
            self.pauses[self.pause] = None;
        }
        let lowest = self.pauses[self.pause].get_or_insert(self.low);
        if self.low.level_db < lowest.level_db {
            *lowest = self.low;
        }
        self.low = begun;
    }
}

/// Whole hops in a span of time.
fn hops(seconds: f32) -> usize {
    ((seconds * FRAME_RATE_HZ as f32) as usize).clamp(1, KEPT - 1)
}
