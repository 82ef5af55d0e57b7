//! What moves in the window: the voice and its trail, levels, bars, the two lines of pitch. Made of what the audio thread tells, with the
//! smoothing and the memory that eyes need. No drawing.

use crate::monitor::Shown;
use std::collections::VecDeque;
use syrinx_engine::{MAX_HARMONICS, NOISE_POINTS, PARTS, SoundingNote};

/// Least level that is shown, dB.
pub const FLOOR_DB: f32 = -90.0;
/// How long the voice's trail stays, seconds.
pub const TRAIL_S: f64 = 1.6;
/// How much of the past the view of pitch shows, seconds.
pub const PITCH_S: f64 = 7.0;
/// Peaks are held so long, seconds.
const HOLD_S: f64 = 1.5;
/// Levels and bars fall by so much, dB a second.
const FALL_DB_S: f32 = 70.0;
/// Nothing comes from the audio thread for so long: it stands still.
const STILL_S: f64 = 0.3;
/// A pitch is sure from this confidence on.
pub const SURE: f32 = 0.5;
/// What of the singing counts as usual: the last sure moments, so many seconds of them, however many pictures that were ...
const USUAL_S: f32 = 10.0;
/// ... and no fewer than these.
const LEAST_S: f32 = 0.2;

/// The voice at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    /// When, seconds.
    pub time: f64,
    /// MIDI note number, with fractions.
    pub note: f32,
    /// dB(A).
    pub loudness_db: f32,
    /// 0 to 1.
    pub confidence: f32,
}

/// The pitches of the voice and the instrument at one moment, as MIDI note numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pitches {
    /// When, seconds.
    pub time: f64,
    /// The voice's, where it is sure.
    pub voice: Option<f32>,
    /// The instrument's, where it plays one.
    pub played: Option<f32>,
    /// The key that is sung.
    pub key: Option<u8>,
    /// The pitch of each part of the choir.
    pub parts: [Option<f32>; PARTS],
}

/// A level with its hold and its clip light.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// As it falls back, dB re full scale.
    pub db: f32,
    /// The highest of late.
    pub hold_db: f32,
    hold_until: f64,
    /// It has been over full scale; until the player has seen it.
    pub clipped: bool,
}

impl Level {
    const SILENT: Self = Self { db: FLOOR_DB, hold_db: FLOOR_DB, hold_until: 0.0, clipped: false };

    fn tick(&mut self, peak: f32, now: f64, passed: f32) {
        let db = decibels(peak);
        self.db = db.max(self.db - 0.6 * FALL_DB_S * passed).max(FLOOR_DB);
        if self.db >= self.hold_db {
            (self.hold_db, self.hold_until) = (self.db, now + HOLD_S);
        } else if now > self.hold_until {
            self.hold_db = (self.hold_db - 0.4 * FALL_DB_S * passed).max(self.db);
        }
        self.clipped |= peak > 1.0;
    }
}

/// All that moves.
pub struct Live {
    /// The voice's last moments.
    pub trail: VecDeque<Dot>,
    /// The pitches of the last [`PITCH_S`].
    pub pitches: VecDeque<Pitches>,
    /// The notes that sound, where it is played from keys.
    pub notes: Vec<SoundingNote>,
    /// Pitch of A4 that notes are named by, Hz.
    pub a4_hz: f32,
    /// Pitch that the instrument plays, Hz.
    pub played_hz: f32,
    /// Of each harmonic, dB.
    pub harmonics_db: [f32; MAX_HARMONICS],
    /// Of the noise, dB.
    pub noise_db: [f32; NOISE_POINTS],
    /// Of the voice.
    pub input: Level,
    /// Of the output.
    pub output: Level,
    /// The share of the time that computing takes, smoothed.
    pub load: f32,
    /// What octave fit adds to the voice's pitch now, semitones.
    pub fitted_st: f32,
    /// What auto range adds to its loudness, dB.
    pub fitted_db: f32,
    /// Note, loudness and length of sure moments.
    usual: VecDeque<(f32, f32, f32)>,
    usual_s: f32,
    blocks: (u32, f64),
    last: Option<f64>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            trail: VecDeque::new(),
            pitches: VecDeque::new(),
            notes: Vec::new(),
            a4_hz: A4_HZ,
            played_hz: 0.0,
            harmonics_db: [FLOOR_DB; MAX_HARMONICS],
            noise_db: [FLOOR_DB; NOISE_POINTS],
            input: Level::SILENT,
            output: Level::SILENT,
            load: 0.0,
            fitted_st: 0.0,
            fitted_db: 0.0,
            usual: VecDeque::new(),
            usual_s: 0.0,
            blocks: (0, f64::NEG_INFINITY),
            last: None,
        }
    }
}

/// A level in dB; silence is [`FLOOR_DB`].
pub fn decibels(linear: f32) -> f32 {
    if linear > 0.0 { (20.0 * linear.log10()).max(FLOOR_DB) } else { FLOOR_DB }
}

/// Where nobody has said otherwise, A4 is at this, Hz.
pub const A4_HZ: f32 = 440.0;

/// The MIDI note number of a pitch, with fractions, where A4 is at `a4_hz`.
pub fn note_at(hz: f32, a4_hz: f32) -> f32 {
    69.0 + 12.0 * (hz / a4_hz).log2()
}

/// The same where it is at 440 Hz, as instruments were recorded.
pub fn note(hz: f32) -> f32 {
    note_at(hz, A4_HZ)
}

/// The name of a note: `A4`.
pub fn note_name(note: f32) -> String {
    let nearest = note.round() as i32;
    format!("{}{}", syrinx_engine::KEYS[nearest.rem_euclid(12) as usize], nearest.div_euclid(12) - 1)
}

impl Live {
    /// Time has come to `now`, seconds.
    pub fn tick(&mut self, shown: &Shown, now: f64, a4_hz: f32) {
        self.a4_hz = a4_hz;
        let note = |hz| note_at(hz, a4_hz);
        let passed = self.last.map_or(0.0, |last| (now - last).clamp(0.0, 0.25)) as f32;
        if self.last == Some(now) {
            return;
        }
        self.last = Some(now);
        if shown.blocks.get() != self.blocks.0 {
            self.blocks = (shown.blocks.get(), now);
        }
        let runs = now - self.blocks.1 < STILL_S;

        let moment = shown.moment();
        let (hz, confidence, loudness_db) = (moment.voice_hz, moment.confidence, moment.voice_db);
        let sings = runs && hz > 0.0 && loudness_db > FLOOR_DB;
        let voice = (sings && confidence >= SURE).then(|| note(hz));
        let played_hz = moment.played_hz;
        self.played_hz = played_hz;
        self.notes.clear();
        if runs {
            self.notes.extend(shown.notes());
        }
        let wanted = confidence >= SURE || !self.notes.is_empty();
        let sounds = runs && played_hz > 0.0 && wanted && moment.played_db > FLOOR_DB;
        let played = sounds.then(|| note(played_hz));
        if sings {
            self.trail.push_back(Dot { time: now, note: note(hz), loudness_db, confidence });
        }
        while self.trail.front().is_some_and(|dot| now - dot.time > TRAIL_S) {
            self.trail.pop_front();
        }
        let key = Some(shown.sung_key.get() as u8).filter(|key| runs && *key > 0);
        let parts = if sounds { shown.parts() } else { [None; PARTS] };
        self.pitches.push_back(Pitches { time: now, voice, played, key, parts });
        while self.pitches.front().is_some_and(|p| now - p.time > PITCH_S + 0.5) {
            self.pitches.pop_front();
        }
        if let Some(note) = voice {
            self.usual.push_back((note, loudness_db, passed));
            self.usual_s += passed;
            while self.usual_s > USUAL_S
                && let Some((.., seconds)) = self.usual.pop_front()
            {
                self.usual_s -= seconds;
            }
        }
        (self.fitted_st, self.fitted_db) = (moment.fitted_st, moment.fitted_db);

        let fall = FALL_DB_S * passed;
        let follow = |bar: &mut f32, linear: f32| *bar = decibels(if runs { linear } else { 0.0 }).max(*bar - fall).max(FLOOR_DB);
        self.harmonics_db.iter_mut().zip(moment.harmonics).for_each(|(bar, linear)| follow(bar, linear));
        self.noise_db.iter_mut().zip(moment.noise).for_each(|(bar, linear)| follow(bar, linear));
        self.input.tick(shown.input_peak.take(), now, passed);
        self.output.tick(shown.output_peak.take(), now, passed);
        let load = if runs { shown.load.get() } else { 0.0 };
        self.load += (load - self.load) * (4.0 * passed).min(1.0);
    }

    /// The voice now, if it is heard.
    pub fn voice(&self) -> Option<Dot> {
        self.trail.back().copied().filter(|dot| self.last.is_some_and(|now| now - dot.time < 0.1))
    }

    /// The voice's usual note and loudness: the medians of the last sure moments, once there are enough to know.
    pub fn usual(&self) -> Option<(f32, f32)> {
        if self.usual_s < LEAST_S {
            return None;
        }
        let median = |of: fn(&(f32, f32, f32)) -> f32| {
            let mut all: Vec<f32> = self.usual.iter().map(of).collect();
            all.sort_by(f32::total_cmp);
            all[all.len() / 2]
        };
        Some((median(|u| u.0), median(|u| u.1)))
    }

    /// Whether the window may rest: nothing is under way.
    pub fn rests(&self) -> bool {
        let fallen = |bars: &[f32]| bars.iter().all(|db| *db <= FLOOR_DB);
        self.trail.is_empty()
            && self.notes.is_empty()
            && self.pitches.iter().all(|p| p.voice.is_none() && p.played.is_none())
            && self.input.hold_db <= FLOOR_DB
            && self.output.hold_db <= FLOOR_DB
            && fallen(&self.harmonics_db)
            && fallen(&self.noise_db)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syrinx_engine::{Features, Monitor, Shift, Sides, Spectrum};

    fn play(shown: &Shown, f0_hz: f32, confidence: f32, amplitude: f32) {
        let voice = Features { frame: 0, f0_hz, confidence, loudness_db: if amplitude > 0.0 { -20.0 } else { -120.0 } };
        let played = Features { f0_hz: 2.0 * f0_hz, ..voice };
        let fitted = Shift { semitones: 12.0, loudness_db: 3.5 };
        let monitor = Monitor { voice, played, fitted, input_peak: amplitude, output_peak: 1.5 * amplitude, sides: Sides::Mean };
        let spectrum = Spectrum { harmonics: [0.5 * amplitude; MAX_HARMONICS], noise: [0.1 * amplitude; NOISE_POINTS] };
        shown.update(&monitor, Some(&spectrum), 1e-3, 1e-2);
    }

    #[test]
    fn a_note_comes_stays_and_fades_and_then_the_window_rests() {
        let (shown, mut live) = (Shown::default(), Live::default());
        live.tick(&shown, 0.0, A4_HZ);
        assert!(live.rests() && live.voice().is_none());
        let mut now = 0.0;
        for _ in 0..60 {
            now += 1.0 / 60.0;
            play(&shown, 220.0, 0.9, 0.9);
            live.tick(&shown, now, A4_HZ);
        }
        let dot = live.voice().unwrap();
        assert_eq!((dot.note, dot.loudness_db), (57.0, -20.0));
        assert_eq!((live.fitted_st, live.fitted_db, live.usual()), (12.0, 3.5, Some((57.0, -20.0))));
        assert!((live.input.db - decibels(0.9)).abs() < 0.1 && !live.input.clipped && live.output.clipped);
        assert!((live.harmonics_db[3] - decibels(0.45)).abs() < 0.1);
        assert!(live.load > 0.09 && !live.rests());
        // The host stops without a word: nothing may hang.
        let mut rested = None;
        for n in 0..700 {
            now += 1.0 / 60.0;
            live.tick(&shown, now, A4_HZ);
            if live.rests() && rested.is_none() {
                rested = Some(n);
            }
        }
        assert!(rested.is_some_and(|n| n > 300), "it rests once the last pitch has scrolled away: {rested:?}");
        assert!(live.output.clipped, "a clip light waits to be seen");
    }

    #[test]
    fn an_unsure_voice_has_a_dot_but_no_pitch() {
        let (shown, mut live) = (Shown::default(), Live::default());
        for n in 1..20 {
            play(&shown, 300.0, 0.2, 0.5);
            live.tick(&shown, f64::from(n) / 60.0, A4_HZ);
        }
        assert!(live.voice().is_some_and(|dot| dot.confidence == 0.2));
        assert!(live.usual().is_none() && live.pitches.iter().all(|p| p.voice.is_none()));
    }

    #[test]
    fn notes_have_their_names() {
        assert_eq!((note_name(69.0), note_name(60.4), note_name(note(30.87))), ("A4".into(), "C4".into(), "B0".into()));
    }
}
