//! When a singer begins a note: what would be a stroke on a string or a bar. Audio thread; plain arithmetic on one frame, never allocates.
//!
//! A note begins where the loudness rises out of a dip, where the voice comes back after a consonant, and where the pitch leaps and
//! settles. Vibrato, tremolo, scoops, a hum's wobble and a crescendo begin none, and neither does a slide, however slow or fast, nor its end on
//! a held note: what tells a leap from it is how long the pitch is on its way, whatever the interval. Singers take 40 to 140 ms to the next
//! note of a legato. The thresholds are from recorded singing.

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
/// A pitch this far from the note's, semitones, may be another note.
const LEAP_ST: f32 = 0.85;
/// Where the voice has been as far from the note a moment ago and came back, it swings about it: another note lies farther than that by this
/// share and so much more, semitones. The moment is over in this time, s.
const SWING_SHARE: f32 = 1.15;
const SWING_ST: f32 = 0.15;
const SWING_S: f32 = 1.2;
/// A pitch has settled when the means of the thirds of these last frames (56 ms) lie within this, semitones, or this share of the leap ...
const SETTLED_FRAMES: usize = 14;
const SETTLED_ST: f32 = 0.11;
const SETTLED_SHARE: f32 = 0.07;
/// ... and it moves by less than this, semitones a second: slower slides are shorter than a leap for so long that they are known by their time.
const SETTLED_ST_PER_S: f32 = 2.0;
/// Most frames (96 ms) from 15 to 85 % of the way from one note to the next; what takes longer is a slide.
const LEAP_FRAMES: usize = 24;
/// The turns of a wobble of 3 to 5 Hz look like two notes that settle for a moment. A smaller leap than this, semitones, must either take no
/// more than so many frames (60 ms) and settle within so much; or its pitch must hold for longer: fifths of so many frames (100 ms) within so much.
const SMALL_LEAP_ST: f32 = 2.6;
const QUICK_FRAMES: usize = 15;
const QUICK_SETTLED_ST: f32 = 0.05;
const HELD_FRAMES: usize = 25;
const HELD_ST: f32 = 0.06;
/// Nearer than this to the note's pitch, semitones, the voice is still on it.
const ON_NOTE_ST: f32 = 0.5;
/// What stays away for longer than this, frames (260 ms), without settling is a slide.
const SLIDE_FRAMES: u32 = 65;
/// Pitches looked back on, frames (256 ms): all of the longest leap, and what settles behind it.
const PITCHES: usize = 64;
/// A note that has not settled by then, frames (300 ms), has the pitch that it has.
const SCOOP_FRAMES: u32 = 75;
/// The note's pitch follows the voice's by this share of the distance, or of the reach, a frame: too slowly for vibrato.
const DRIFT: f32 = 1.0 / 60.0;
const DRIFT_REACH_ST: f32 = 0.3;

/// What a frame is to the notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onset {
    /// A note begins.
    Begins,
    /// The note that has begun still rises to its level.
    Rises,
    /// Nothing begins.
    Holds,
}

/// Finds the notes of one voice.
#[derive(Clone, Copy, Debug)]
pub struct OnsetDetector {
    /// The last levels, dB, oldest first.
    levels: [f32; RECENT],
    /// The lowest of a moment ago, dB.
    lowest_db: f32,
    rising: bool,
    /// Frames without a pitch.
    gap: u32,
    /// The last raw pitches, semitones; and their medians, of which `known` are this note's, newest last.
    raw: [f32; 3],
    pitches: [f32; PITCHES],
    known: usize,
    /// The note's pitch, semitones, and for how many frames more it is looked for, until it settles.
    centre: f32,
    looking: u32,
    /// Frames away from it.
    away: u32,
    /// How far the voice has lately swung about the note's pitch, semitones; and how far it is since it passed that pitch last.
    swing: f32,
    lobe: f32,
    /// Whether the note that began last did so by being articulated.
    articulated: bool,
}

impl OnsetDetector {
    /// In silence.
    pub const fn new() -> Self {
        Self {
            levels: [LOUDNESS_FLOOR_DB; RECENT],
            lowest_db: LOUDNESS_FLOOR_DB,
            rising: false,
            gap: u32::MAX,
            raw: [0.0; 3],
            pitches: [0.0; PITCHES],
            known: 0,
            centre: 0.0,
            looking: SCOOP_FRAMES,
            away: 0,
            swing: 0.0,
            lobe: 0.0,
            articulated: false,
        }
    }

    /// Whether the note that began last did so by a rise of the voice or after a consonant, rather than by another pitch.
    pub fn is_articulated(&self) -> bool {
        self.articulated
    }

    /// Takes one more frame of `voice`, whose level counts as `level_db`, a finite number.
    pub fn step(&mut self, level_db: f32, voice: &Features) -> Onset {
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

        let onset = if louder || back || leapt {
            self.rising = true;
            self.articulated = louder || back;
            if self.articulated {
                // A voice may scoop up to its note.
                self.looking = SCOOP_FRAMES;
                self.known = 0;
            }
            Onset::Begins
        } else {
            self.rising &= level_db >= recent + STILL_RISING_DB;
            if self.rising { Onset::Rises } else { Onset::Holds }
        };
        if onset != Onset::Holds {
            // What has risen is spent.
            self.lowest_db = level_db;
        }
        onset
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
        self.pitches[PITCHES - 1] = pitch;
        self.known = (self.known + 1).min(PITCHES);

        let [first, middle, last] = means(&self.pitches, [5, 4, 5]);
        let spread = first.max(middle).max(last) - first.min(middle).min(last);
        let settled = |within: f32| {
            let slope = (last - first).abs() * FRAME_RATE_HZ as f32 / 9.0;
            self.known >= SETTLED_FRAMES && spread < within && slope < SETTLED_ST_PER_S
        };
        if self.looking > 0 {
            self.looking = if settled(SETTLED_ST) { 0 } else { self.looking - 1 };
            self.note(pitch);
            return false;
        }
        let away = pitch - self.centre;
        self.away = if away.abs() > ON_NOTE_ST { self.away.saturating_add(1) } else { 0 };
        self.swing *= 1.0 - 1.0 / (SWING_S * FRAME_RATE_HZ as f32);
        if away * self.lobe < 0.0 {
            self.swing = self.swing.max(self.lobe.abs());
            self.lobe = away;
        } else if away.abs() > self.lobe.abs() {
            self.lobe = away;
        }

        let leap = (5.0 * first + 4.0 * middle + 5.0 * last) / SETTLED_FRAMES as f32 - self.centre;
        let swung = SWING_SHARE * self.swing + SWING_ST;
        let far = away.abs() >= LEAP_ST && leap.abs() >= LEAP_ST.max(swung);
        if far && settled(SETTLED_ST.max(SETTLED_SHARE * leap.abs())) {
            let took = self.took(leap);
            let doubtful = took <= LEAP_FRAMES && leap.abs() < SMALL_LEAP_ST;
            if doubtful && !(took <= QUICK_FRAMES && spread < QUICK_SETTLED_ST || self.is_held()) {
                // It may hold yet.
                return false;
            }
            self.note(pitch);
            return took <= LEAP_FRAMES;
        }
        if self.away > SLIDE_FRAMES {
            // However long it takes, it ends in no new note.
            self.looking = u32::MAX;
        }
        if away.abs() <= ON_NOTE_ST {
            self.centre += DRIFT * away.clamp(-DRIFT_REACH_ST, DRIFT_REACH_ST);
        }
        false
    }

    /// The note is at `pitch`, whatever was before.
    fn note(&mut self, pitch: f32) {
        (self.centre, self.away, self.swing, self.lobe) = (pitch, 0, 0.0, 0.0);
    }

    /// Frames that the pitch took from 15 to 85 % of a leap that it has settled after; more than any leap where that is not known.
    fn took(&self, leap: f32) -> usize {
        let way = |pitch: &f32| (pitch - self.centre) / leap;
        let before = &self.pitches[PITCHES - self.known..PITCHES - SETTLED_FRAMES];
        let last_under = |share: f32| before.iter().rposition(|pitch| way(pitch) < share);
        match (last_under(0.15), last_under(0.85)) {
            (Some(left), Some(reached)) => reached - left,
            _ => usize::MAX,
        }
    }

    /// Whether the pitch has held for long enough to be no turn of a wobble.
    fn is_held(&self) -> bool {
        let fifths = means(&self.pitches, [HELD_FRAMES / 5; 5]);
        let (low, high) = fifths.iter().fold((f32::MAX, f32::MIN), |(low, high), &p| (low.min(p), high.max(p)));
        self.known >= HELD_FRAMES && high - low < HELD_ST
    }
}

/// Means of the last pitches in parts of so many frames, the oldest part first. They hardly feel the jitter that a voice has from frame to
/// frame, where the least and the greatest of them do.
fn means<const PARTS: usize>(pitches: &[f32; PITCHES], frames: [usize; PARTS]) -> [f32; PARTS] {
    let mut rest = &pitches[PITCHES - frames.iter().sum::<usize>()..];
    frames.map(|count| {
        let (part, after) = rest.split_at(count);
        rest = after;
        part.iter().sum::<f32>() / count as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAU: f32 = std::f32::consts::TAU;

    /// Seconds at which notes begin, of a voice told by its level in dB, its pitch in semitones from A4, and whether it has one, at each
    /// second. Beginnings within 60 ms of one another are one.
    fn begins(seconds: f32, voice: impl Fn(f32) -> (f32, f32, bool)) -> Vec<f32> {
        let mut onsets = OnsetDetector::new();
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
            if onsets.step(level, &features) == Onset::Begins && heard && found.last().is_none_or(|last| t - last > 0.06) {
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

    /// Jitter of the pitch from frame to frame at second `t`, semitones: 3 cents, as the best voices have.
    fn jitter(t: f32) -> f32 {
        let noise = |n: u32| {
            (n.wrapping_mul(2_654_435_761).rotate_left(13).wrapping_mul(2_246_822_519) >> 8) as f32 / 2f32.powi(24) - 0.5
        };
        let frame = 7 * (t * FRAME_RATE_HZ as f32) as u32;
        0.06 * (noise(frame) + noise(frame + 1) + noise(frame + 2))
    }

    #[test]
    fn vibrato_and_its_tremolo_begin_nothing() {
        for reach in [0.3, 0.5, 0.75, 1.0, 1.2] {
            for rate in [4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.5] {
                for apart in [0.0, 0.25, 0.5] {
                    let found = begins(5.0, |t| {
                        let tremolo = 3.0 * (TAU * (rate * t + apart)).sin();
                        let vibrato = reach * (TAU * rate * t).sin() * (t - 0.3).clamp(0.0, 1.0);
                        (onset(t, 0.1) + tremolo, vibrato + jitter(t), true)
                    });
                    assert_eq!(found.len(), 1, "vibrato of {reach} semitones at {rate} Hz: {found:?}");
                }
            }
        }
    }

    #[test]
    fn a_hum_that_wobbles_begins_nothing() {
        for reach in [0.3, 0.5, 0.8] {
            for rate in [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0] {
                for place in [0.0, 0.25, 0.5, 0.75] {
                    let wobble = |t: f32| (TAU * (rate * t + place)).sin();
                    let found = begins(5.0, |t| (onset(t, 0.1) + 2.0 * wobble(1.1 * t), reach * wobble(t) + jitter(t), true));
                    assert_eq!(found.len(), 1, "{reach} semitones at {rate} Hz: {found:?}");
                }
            }
        }
    }

    #[test]
    fn slides_begin_nothing_and_neither_do_their_ends() {
        let paces = [0.5, 0.67, 1.0, 1.5, 2.0, 2.6, 3.0, 3.5, 4.0, 4.2, 4.5, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0];
        for pace in paces {
            for steps in [1.0, 2.0, 3.0, 5.0, 7.0, 12.0, 24.0] {
                // What takes less than this is a leap.
                if steps / pace < 0.16 || steps / pace > 10.0 {
                    continue;
                }
                for (way, wobble_hz) in [(1.0, 0.0), (-1.0, 1.0), (1.0, 3.0), (-1.0, 8.0)] {
                    let found = begins(1.6 + steps / pace, |t| {
                        let level = onset(t, 0.1) + 2.0 * (TAU * wobble_hz * t).sin();
                        (level, way * (pace * (t - 0.8)).clamp(0.0, steps) + jitter(t), true)
                    });
                    assert_eq!(found.len(), 1, "{steps} semitones at {pace} a second: {found:?}");
                }
            }
        }
    }

    #[test]
    fn scoops_and_crescendi_begin_nothing() {
        let scoop = begins(4.0, |t| (onset(t, 0.1), 2.0 * ((t - 0.12) / 0.15).clamp(0.0, 1.0), true));
        assert_eq!(scoop.len(), 1, "a scoop: {scoop:?}");
        for pace in [6.0, 12.0, 18.0, 25.0] {
            for tremolo_hz in [0.0, 1.0, 3.0, 5.0, 8.0] {
                let found = begins(1.8, |t| (-55.0 + pace * t + 2.0 * (TAU * tremolo_hz * t).sin() + jitter(t), jitter(t), true));
                assert_eq!(found.len(), 1, "{pace} dB a second: {found:?}");
            }
        }
    }

    #[test]
    fn every_note_of_a_legato_begins_once_and_soon() {
        for steps in [1.0, -2.0, 3.0, -5.0, 7.0, 12.0] {
            for (takes, held) in [(0.04, 0.1), (0.06, 0.1), (0.08, 0.1), (0.06, 0.25), (0.08, 0.4)] {
                for turns_back in [false, true] {
                    let found = begins(0.5 + 6.0 * (takes + held) + 0.3, |t| {
                        let notes = ((t - 0.5).max(0.0) / (takes + held)).min(5.9);
                        let way = (notes.fract() * (takes + held) / takes).min(1.0);
                        let way = if t < 0.5 { 0.0 } else { way };
                        let there = notes.floor() % 2.0 == 0.0;
                        let notes = if !turns_back {
                            notes.floor() + way
                        } else if there {
                            way
                        } else {
                            1.0 - way
                        };
                        (onset(t, 0.1), steps * notes + jitter(t), true)
                    });
                    let late = |n: usize| found[n + 1] - (0.5 + n as f32 * (takes + held) + takes);
                    assert_eq!(found.len(), 7, "{steps} semitones in {takes} s, held for {held} s: {found:?}");
                    let latest = (0..6).map(late).fold(0.0, f32::max);
                    assert!(latest < 0.101, "{steps} semitones in {takes} s, held for {held} s: {latest} s late");
                }
            }
        }
        // Slower, as singers do it.
        for takes in [0.1, 0.12, 0.14] {
            let found = begins(2.0, |t| {
                let way = ((t - 1.0) / takes).clamp(0.0, 1.0);
                (onset(t, 0.1), 2.0 * way * way * (3.0 - 2.0 * way) + jitter(t), true)
            });
            assert!(found.len() == 2 && found[1] < 1.0 + takes + 0.1, "in {takes} s: {found:?}");
        }
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
