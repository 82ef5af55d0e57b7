//! When a singer begins a note: what would be a stroke on a string or a bar. Audio thread; plain arithmetic on one frame, never allocates.
//!
//! A note begins where the loudness rises out of a dip, where the voice comes back after a consonant, and where the pitch leaps and
//! settles. Vibrato, tremolo, scoops, slides and a crescendo begin none. The thresholds are from recorded singing.

use syrinx_tracker::{FRAME_RATE_HZ, Features, LOUDNESS_FLOOR_DB};

/// A rise of this much above the lowest level of a moment ago begins a note, dB. "La la" dips by 8 dB and more; the tremolo that comes
/// with vibrato has up to 6.
pub const RISE_DB: f32 = 6.0;
/// That lowest level is forgotten at this pace, dB a second: a crescendo is slower.
const FORGET_DB_PER_S: f32 = 30.0;
/// After its beginning a note still rises as long as it gains this much, dB, over the last [`RECENT`] frames.
const STILL_RISING_DB: f32 = 1.0;
/// Levels looked back on, frames (40 ms).
const RECENT: usize = 10;
/// A level that has fallen by more than this over the recent frames is a note's end: its last pitches begin none, dB.
const FALLING_DB: f32 = 3.0;
/// Frames without a pitch (40 ms) after which the voice begins anew: a consonant as loud as a vowel makes no dip.
const CONSONANT_FRAMES: u32 = 10;
/// A pitch this far from the note's, semitones, may be another note; a vibrato that reaches as far turns back too soon to settle there.
const LEAP_ST: f32 = 0.8;
/// A pitch has settled when these many frames (60 ms) lie within the greater of this, semitones, and this share of the leap: vibrato of
/// 4.5 Hz and more that reaches [`LEAP_ST`] moves more about its turns.
const SETTLED_FRAMES: usize = 15;
const SETTLED_ST: f32 = 0.25;
const SETTLED_SHARE: f32 = 0.15;
/// Nearer than this to the note's pitch, semitones, the voice is still on it.
const ON_NOTE_ST: f32 = 0.5;
/// A way to another pitch that is longer than this, frames (220 ms, the settling included), is a slide.
const SLIDE_FRAMES: u32 = 55;
/// A note that has not settled by then, frames (300 ms), has the pitch that it has.
const SCOOP_FRAMES: u32 = 75;
/// The note's pitch follows the voice's by this share of the distance, or of the reach, a frame: too slowly for vibrato.
const DRIFT: f32 = 1.0 / 60.0;
const DRIFT_REACH_ST: f32 = 0.3;

/// What a frame is to the notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// A note begins.
    Begins,
    /// The note that has begun still rises to its level.
    Rises,
    /// Nothing begins.
    Holds,
}

/// Finds the notes of one voice.
#[derive(Clone, Copy, Debug)]
pub struct Strokes {
    /// The last levels, dB, oldest first.
    levels: [f32; RECENT],
    /// The lowest of a moment ago, dB.
    lowest_db: f32,
    rising: bool,
    /// Frames without a pitch.
    gap: u32,
    /// The last raw pitches, semitones; and their medians, of which `known` are this note's, newest last.
    raw: [f32; 3],
    pitches: [f32; SETTLED_FRAMES],
    known: usize,
    /// The note's pitch, semitones, and for how many frames more it is looked for, until it settles.
    centre: f32,
    looking: u32,
    /// Frames away from it.
    away: u32,
}

impl Strokes {
    /// In silence.
    pub const fn new() -> Self {
        Self {
            levels: [LOUDNESS_FLOOR_DB; RECENT],
            lowest_db: LOUDNESS_FLOOR_DB,
            rising: false,
            gap: u32::MAX,
            raw: [0.0; 3],
            pitches: [0.0; SETTLED_FRAMES],
            known: 0,
            centre: 0.0,
            looking: SCOOP_FRAMES,
            away: 0,
        }
    }

    /// Takes one more frame of `voice`, whose level counts as `level_db`, a finite number.
    pub fn step(&mut self, level_db: f32, voice: &Features) -> Stroke {
        let recent = self.levels[0];
        self.levels.rotate_left(1);
        self.levels[RECENT - 1] = level_db;

        self.lowest_db = level_db.min(self.lowest_db + FORGET_DB_PER_S / FRAME_RATE_HZ as f32);
        let louder = level_db >= self.lowest_db + RISE_DB;
        let pitch = 12.0 * (voice.f0_hz / 440.0).log2();
        let (mut back, mut leapt) = (false, false);
        if voice.confidence >= 0.5 && pitch.is_finite() {
            back = self.gap >= CONSONANT_FRAMES;
            self.gap = 0;
            leapt = self.follow(pitch, back) && level_db >= recent - FALLING_DB;
        } else {
            self.gap = self.gap.saturating_add(1);
        }

        let stroke = if louder || back || leapt {
            self.rising = true;
            if louder || back {
                // A voice may scoop up to its note.
                self.looking = SCOOP_FRAMES;
                self.known = 0;
            }
            Stroke::Begins
        } else {
            self.rising &= level_db >= recent + STILL_RISING_DB;
            if self.rising { Stroke::Rises } else { Stroke::Holds }
        };
        if stroke != Stroke::Holds {
            // What has risen is spent.
            self.lowest_db = level_db;
        }
        stroke
    }

    /// Follows the pitch of the note, in semitones; whether another note is found at the end of a leap.
    fn follow(&mut self, raw: f32, begins: bool) -> bool {
        if begins {
            self.raw = [raw; 3];
            self.known = 0;
        }
        self.raw.rotate_left(1);
        self.raw[2] = raw;
        let [a, b, c] = self.raw;
        let pitch = a.max(b).min(c).max(a.min(b));
        self.pitches.rotate_left(1);
        self.pitches[SETTLED_FRAMES - 1] = pitch;
        self.known = (self.known + 1).min(SETTLED_FRAMES);
        let (low, high) = self.pitches.iter().fold((f32::MAX, f32::MIN), |(low, high), &p| (low.min(p), high.max(p)));
        let settled = |within: f32| self.known == SETTLED_FRAMES && high - low < within;

        let away = pitch - self.centre;
        self.away = if away.abs() > ON_NOTE_ST { self.away.saturating_add(1) } else { 0 };
        if self.looking > 0 {
            self.looking = if settled(SETTLED_ST) { 0 } else { self.looking - 1 };
            (self.centre, self.away) = (pitch, 0);
            false
        } else if away.abs() >= LEAP_ST && settled(SETTLED_ST.max(SETTLED_SHARE * away.abs())) {
            let leapt = self.away <= SLIDE_FRAMES;
            (self.centre, self.away) = (pitch, 0);
            leapt
        } else {
            if self.away > SLIDE_FRAMES {
                // However long it takes, it ends in no new note.
                self.looking = u32::MAX;
            }
            self.centre += DRIFT * away.clamp(-DRIFT_REACH_ST, DRIFT_REACH_ST);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAU: f32 = std::f32::consts::TAU;

    /// Seconds at which notes begin, of a voice told by its level in dB, its pitch in semitones from A4, and whether it has one, at each
    /// second. Beginnings within 60 ms of one another are one.
    fn begins(seconds: f32, voice: impl Fn(f32) -> (f32, f32, bool)) -> Vec<f32> {
        let mut strokes = Strokes::new();
        let mut found: Vec<f32> = Vec::new();
        for frame in 0..(seconds * FRAME_RATE_HZ as f32) as u64 {
            let t = frame as f32 / FRAME_RATE_HZ as f32;
            let (level, pitch, voiced) = voice(t);
            let heard = level > -70.0;
            let features = Features {
                frame,
                f0_hz: 440.0 * (pitch / 12.0).exp2(),
                confidence: if voiced && heard { 0.9 } else { 0.1 },
                loudness_db: level,
            };
            if strokes.step(level, &features) == Stroke::Begins && heard && found.last().is_none_or(|last| t - last > 0.06) {
                found.push(t);
            }
        }
        found
    }

    /// From silence to -20 dB in a tenth of a second, at `start`.
    fn onset(t: f32, start: f32) -> f32 {
        if t < start { -100.0 } else { -20.0 - 40.0 * (1.0 - (t - start) / 0.1).max(0.0) }
    }

    #[test]
    fn a_note_begins_once_and_holds() {
        let found = begins(6.0, |t| (onset(t, 0.5), 0.0, t > 0.53));
        assert!(found.len() == 1 && (0.5..0.51).contains(&found[0]), "{found:?}");
    }

    #[test]
    fn vibrato_and_its_tremolo_begin_nothing() {
        for (reach, rate) in [(0.3, 6.0), (0.5, 5.0), (0.75, 5.5), (1.0, 5.0), (1.0, 6.5)] {
            let found = begins(6.0, |t| {
                let turn = (TAU * rate * t).sin();
                (onset(t, 0.1) + 3.0 * turn, reach * turn * (t - 0.3).clamp(0.0, 1.0), true)
            });
            assert_eq!(found.len(), 1, "vibrato of {reach} semitones at {rate} Hz: {found:?}");
        }
    }

    #[test]
    fn slides_scoops_and_a_crescendo_begin_nothing() {
        let slide = |from: f32, length: f32, steps: f32| {
            begins(4.0, |t| (onset(t, 0.1), steps * ((t - from) / length).clamp(0.0, 1.0), true))
        };
        for steps in [2.0, -5.0, 12.0] {
            for length in [0.4, 1.0, 2.0] {
                let found = slide(1.0, length, steps);
                assert_eq!(found.len(), 1, "a slide of {steps} semitones in {length} s: {found:?}");
            }
        }
        assert_eq!(slide(0.12, 0.15, 2.0).len(), 1, "a scoop");
        assert_eq!(begins(4.0, |t| (-50.0 + 12.0 * t, 0.0, true)).len(), 1, "a crescendo");
    }

    #[test]
    fn a_leap_that_settles_begins_a_note() {
        for steps in [1.0, -2.0, 7.0, -12.0] {
            let found = begins(3.0, |t| (onset(t, 0.1), steps * ((t - 1.0) / 0.06).clamp(0.0, 1.0), true));
            assert!(found.len() == 2 && (1.05..1.16).contains(&found[1]), "{steps} semitones: {found:?}");
        }
    }

    #[test]
    fn a_dip_and_a_consonant_begin_the_note_again() {
        let dip = |depth: f32| begins(3.0, |t| (onset(t, 0.1) - if (1.0..1.08).contains(&t) { depth } else { 0.0 }, 0.0, true));
        assert_eq!((dip(4.0).len(), dip(10.0).len(), dip(40.0).len()), (1, 2, 2));
        let found = begins(3.0, |t| (onset(t, 0.1), 0.0, !(1.0..1.1).contains(&t)));
        assert!(found.len() == 2 && (1.1..1.11).contains(&found[1]), "a loud s: {found:?}");
        let found = begins(3.0, |t| (onset(t, 0.1), 0.0, !(1.0..1.02).contains(&t)));
        assert_eq!(found.len(), 1, "a slip of the tracker: {found:?}");
    }

    #[test]
    fn the_last_pitches_of_a_note_begin_none() {
        let found = begins(3.0, |t| (onset(t, 0.1) - 200.0 * (t - 1.0).max(0.0), if t > 1.05 { -12.0 } else { 0.0 }, t < 1.3));
        assert_eq!(found.len(), 1, "{found:?}");
    }
}
