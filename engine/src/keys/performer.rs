//! A player at one key: what loudness and pitch a note has, frame by frame, from how hard the key is struck and how the instrument's player played such notes.
//! Audio thread; plain arithmetic, never allocates.
//!
//! A note is drawn from those of the recordings: one of the nearest in pitch and loudness, never the one of the note before where there is another, leaning
//! to a second one by up to a third. Its beginning, vibrato, wandering and end are theirs. Everything is drawn from one seed, in the order of the notes.

use super::voice::Start;
use crate::{Settings, attack::SoftAttack, auto_range::Shift, mapping::Wish, params::KeySettings};
use syrinx_decoder::{Card, Fall, ONSET_POINTS, ONSET_S, Performance, PlayedNote, PlayedSlur};
use syrinx_synth::White;
use syrinx_tracker::{FRAME_RATE_HZ, Features, LOUDNESS_FLOOR_DB};

const FRAME_S: f32 = 1.0 / FRAME_RATE_HZ as f32;
/// As it usually was played at a pitch, an instrument sounds this loud, K-weighted, dB: about as a voice at a microphone.
const USUAL_LEVEL_DB: f32 = -24.0;
/// Notes of the recordings that are near enough to be drawn from.
const CANDIDATES: usize = 6;
/// The second of them counts up to this share: more would level what is particular to each.
const MOST_LEAN: f32 = 0.35;
/// Notes that follow one another quickly begin as quickly: within this share of the time between them. Two violinists who play Bach's solos, 1300 notes of 50 to
/// 400 ms: from the dip between two notes to 3 dB under the second's top it takes 0.30, 0.27, 0.26 and 0.22 of its length, at 80, 135, 200 and 320 ms (medians).
const RISES_IN: f32 = 0.27;
const MOST_HURRY: f32 = 20.0;
/// A note that is played harder begins sooner, by so many powers of two a decibel: double bass 0.039 ±0.026 and trumpet 0.024 ±0.031, over 9 and 11 dB of spread.
const HURRY_PER_DB: f32 = 0.04;
/// Between notes that are joined the level falls to this under the second's, dB: those violinists' by 4 to 14 (quartiles of the shortest and the longest).
const JOINED_DB: f32 = -9.0;
/// Who begins another note ends the one that was let go within this time, s for 20 dB.
const HURRIED_S: f32 = 0.08;
/// As far apart as a decibel are so many semitones of pitch, for how near a note is.
const DB_PER_ST: f32 = 1.0;
/// A vibrato grows to its extent over this time, s, about its delay.
const VIBRATO_GROWS_S: f32 = 0.3;
/// Turns of a vibrato differ from one to the next by this share, RMS, in rate and in extent.
const UNEVEN: f32 = 0.06;
/// What wanders does so slower than this, Hz, and as far as it does from so long after the beginning on, s.
const DRIFT_HZ: f32 = 1.0;
const DRIFT_GROWS_S: f32 = 0.3;
/// Held, a note never falls under this for its wandering, dB, nor rises by more.
const MOST_DRIFT_DB: f32 = 4.0;
/// A note that was ended, or dies away, is over when nothing but that has made it this soft, dB: what a controller has silenced may be raised again.
const OVER_DB: f32 = -90.0;
/// Where the room of the recordings is played, this share of a recorded release is the player's.
const OWN_RELEASE: f32 = 0.6;

/// What holds of a key for one frame, besides the settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Touch {
    /// Bend of the pitch, semitones.
    pub bend_st: f32,
    /// How much harder it is played than it was struck, dB: expression, breath, pressure.
    pub effort_db: f32,
    /// Vibrato by the player's own hand, half of what it covers, semitones.
    pub vibrato_st: f32,
}

/// How a note is joined to the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Join {
    /// Semitones from this note to where its pitch begins.
    pub from_st: f32,
    /// Seconds until the pitch is the note's.
    pub glide_s: f32,
    /// How far the loudness falls on the way, dB.
    pub dip_db: f32,
}

/// What a note has before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Before {
    /// Seconds since the note or chord before began; infinite for the first.
    pub gap_s: f32,
    /// That one still sounds, or did a moment ago: bow and breath go on.
    pub joined: bool,
}

/// The random numbers of one stream of notes, and which of the recorded notes the last one was drawn from.
pub struct Draws {
    white: White,
    last: usize,
}

impl Draws {
    pub fn new(seed: u64) -> Self {
        /// The noise of instruments and what wanders in them are drawn from the engine's seed; this is another.
        const OTHER_SEED: u64 = 0x6b65_7973;
        Self { white: White::new(seed ^ OTHER_SEED), last: usize::MAX }
    }

    pub fn reset(&mut self) {
        self.white.reset();
        self.last = usize::MAX;
    }

    /// Evenly from 0 to 1.
    fn share(&mut self) -> f32 {
        (0.5 + self.white.draw() / 12f32.sqrt()).clamp(0.0, 1.0)
    }

    /// One of `count` places.
    fn place(&mut self, count: usize) -> usize {
        ((self.share() * count as f32) as usize).min(count.saturating_sub(1))
    }

    /// A way over an interval, semitones: one of the nearest that were played.
    fn slur(&mut self, performance: Option<&Performance>, interval_st: f32) -> PlayedSlur {
        let slurs = performance.map_or(&[][..], |performance| &performance.slurs);
        let after = slurs.partition_point(|slur| slur.interval_st < interval_st);
        let first = after.saturating_sub(CANDIDATES / 2).min(slurs.len().saturating_sub(CANDIDATES));
        let near = &slurs[first..slurs.len().min(first + CANDIDATES)];
        near.get(self.place(near.len())).copied().unwrap_or(PlayedSlur::USUAL)
    }

    /// A note as it may be played.
    fn note(&mut self, performance: &Performance, note: f32, loudness_db: f32) -> Option<PlayedNote> {
        let mut nearest = [(f32::MAX, 0); CANDIDATES];
        for (at, played) in performance.notes.iter().enumerate() {
            let away = (DB_PER_ST * (played.note - note)).powi(2) + (played.loudness_db - loudness_db).powi(2);
            if away < nearest[CANDIDATES - 1].0 {
                nearest[CANDIDATES - 1] = (away, at);
                nearest.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
            }
        }
        let count = performance.notes.len().min(CANDIDATES);
        let mut first = self.place(count);
        if nearest[first].1 == self.last && count > 1 {
            first = (first + 1) % count;
        }
        self.last = nearest[first].1;
        let (second, lean) = (self.place(count), MOST_LEAN * self.share());
        let (first, second) = (performance.notes.get(nearest[first].1)?, performance.notes.get(nearest[second].1)?);
        let between = |of: fn(&PlayedNote) -> f32| of(first) + lean * (of(second) - of(first));
        let curve = |a: &[f32; ONSET_POINTS], b: &[f32; ONSET_POINTS]| std::array::from_fn(|n| a[n] + lean * (b[n] - a[n]));
        Some(PlayedNote {
            onset_db: curve(&first.onset_db, &second.onset_db),
            onset_st: curve(&first.onset_st, &second.onset_st),
            drift_db: between(|n| n.drift_db),
            drift_st: between(|n| n.drift_st),
            release_s: between(|n| n.release_s),
            // Half a vibrato is none.
            ..*first
        })
    }
}

/// A number that wanders slowly, of RMS 1.
#[derive(Clone, Copy, Debug, Default)]
struct Drift([f32; 2]);

impl Drift {
    fn step(&mut self, white: &mut White) -> f32 {
        let pole = (-std::f32::consts::TAU * DRIFT_HZ * FRAME_S).exp();
        // Two such poles leave of white noise of variance 1 this much.
        let rms = ((1.0 - pole).powi(4) * (1.0 + pole * pole) / (1.0 - pole * pole).powi(3)).sqrt();
        self.0[0] += (1.0 - pole) * (white.draw() - self.0[0]);
        self.0[1] += (1.0 - pole) * (self.0[0] - self.0[1]);
        self.0[1] / rms
    }
}

/// One note, from its beginning to its end.
pub struct Performer {
    played: PlayedNote,
    /// The pitch of the key, as a MIDI note number with a fraction.
    note: f32,
    /// How hard it is played, as the network hears it, and how much louder it sounds, dB.
    effort_db: f32,
    level_db: f32,
    /// How much faster than recorded it begins, and the level from which it rises, dB.
    hurry: f32,
    least_db: f32,
    /// Plucked or struck, it falls like this.
    falls: Option<Fall>,
    frame: u64,
    /// Seconds since it began, and since it was ended.
    age_s: f32,
    released_s: Option<f32>,
    /// How long it takes to fall by 20 dB then.
    release_s: f32,
    join: Join,
    joined_s: f32,
    /// Of the vibrato: its phase in turns, and this turn's rate and extent against the usual ones.
    turn: f32,
    pace: f32,
    extent: f32,
    drifts: [Drift; 2],
    attack: SoftAttack,
    white: White,
    /// The last loudness, and how loud it would sound but for controllers, wandering and the beginning, dB.
    loudness_db: f32,
    left_db: f32,
}

impl Performer {
    /// Nobody plays.
    pub fn new() -> Self {
        Self {
            played: PlayedNote::usual("", 0.0),
            note: 0.0,
            effort_db: 0.0,
            level_db: 0.0,
            hurry: 1.0,
            least_db: f32::NEG_INFINITY,
            falls: None,
            frame: 0,
            age_s: 0.0,
            released_s: None,
            release_s: 0.1,
            join: Join::default(),
            joined_s: f32::MAX,
            turn: 0.0,
            pace: 1.0,
            extent: 1.0,
            drifts: [Drift::default(); 2],
            attack: SoftAttack::new(),
            white: White::new(0),
            loudness_db: LOUDNESS_FLOOR_DB,
            left_db: LOUDNESS_FLOOR_DB,
        }
    }

    /// Begins a note of an instrument.
    pub fn begin(&mut self, card: &Card, start: &Start, keys: &KeySettings, draws: &mut Draws) {
        let Start { strike, note, before, .. } = *start;
        let harder_db = keys.harder_db(strike.velocity);
        let hz = hz_of(note, 440.0);
        let [soft, loud] = card.decay.as_ref().map_or(card.loudness_range_db, |decay| decay.struck_range_db);
        let usual_db = match (&card.performance, &card.dynamics) {
            (Some(performance), _) => performance.usual_db(note),
            (None, Some(dynamics)) => dynamics.usual_at(hz),
            (None, None) => 0.5 * (soft + loud),
        };
        // What is plucked or struck was played as hard and as softly as it can be.
        let effort_db = match card.decay {
            Some(_) => (usual_db + harder_db).clamp(soft.min(usual_db), loud.max(usual_db)),
            None => usual_db + harder_db,
        };
        let drawn = card.performance.as_ref().and_then(|performance| draws.note(performance, note, effort_db));
        self.played = drawn.unwrap_or_else(|| PlayedNote::usual(&card.family, usual_db));
        self.note = note;
        self.effort_db = effort_db;
        self.level_db = USUAL_LEVEL_DB + harder_db - effort_db;
        self.falls = card.decay.as_ref().map(|decay| decay.at(hz));
        (self.hurry, self.least_db) = (1.0, f32::NEG_INFINITY);
        if self.falls.is_none() {
            // The note that was drawn was played softer or harder than this one.
            let harder = (HURRY_PER_DB * (effort_db - self.played.loudness_db)).clamp(-1.0, 1.0).exp2();
            self.hurry = (self.played.rise_s() / (RISES_IN * before.gap_s)).max(harder).min(MOST_HURRY);
            self.least_db = if before.joined { JOINED_DB } else { f32::NEG_INFINITY };
        }
        self.release_s = self.played.release_s * if card.room.is_some() { OWN_RELEASE } else { 1.0 };
        (self.frame, self.age_s, self.released_s) = (0, 0.0, None);
        (self.join, self.joined_s) = (Join::default(), f32::MAX);
        (self.turn, self.pace, self.extent) = (draws.share(), 1.0, 1.0);
        self.white = White::new(u64::from((1e9 * draws.share()) as u32));
        self.drifts = [Drift::default(); 2];
        self.attack.reset();
        (self.loudness_db, self.left_db) = (LOUDNESS_FLOOR_DB, effort_db + self.level_db);
    }

    /// The note's pitch begins elsewhere.
    pub fn join(&mut self, join: Join) {
        (self.join, self.joined_s) = (join, 0.0);
    }

    /// Another note on the same breath, bow or stroke, as the player of the recordings goes there; or in `glide_s`, where that is set.
    pub fn slur(&mut self, card: &Card, note: f32, glide_s: f32, draws: &mut Draws) {
        let from_st = self.note + self.gliding_st() - note;
        let played = draws.slur(card.performance.as_ref(), -from_st);
        self.note = note;
        // What is plucked or struck rings on.
        let dip_db = if self.falls.is_some() { 0.0 } else { played.dip_db };
        self.join(if glide_s > 0.0 {
            Join { from_st, glide_s, dip_db: 0.0 }
        } else {
            Join { from_st, glide_s: played.way_s, dip_db }
        });
    }

    /// The key is let go.
    pub fn release(&mut self) {
        self.released_s.get_or_insert(0.0);
    }

    /// Another note begins: what was let go of something that is blown or bowed ends soon.
    pub fn hurry_out(&mut self) {
        if self.falls.is_none() && self.is_released() {
            // Where it is by now it stays, and falls faster from there.
            let released_s = self.released_s.unwrap_or(0.0);
            let hurried_s = self.release_s.min(HURRIED_S);
            self.released_s = Some(released_s * hurried_s / self.release_s);
            self.release_s = hurried_s;
        }
    }

    /// Seconds since the key was let go, if it was.
    pub fn released_for(&self) -> Option<f32> {
        self.released_s
    }

    /// Whether the key was let go.
    pub fn is_released(&self) -> bool {
        self.released_s.is_some()
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.left_db <= OVER_DB
    }

    /// How loud it is, or will be where it has not begun, dB.
    pub fn level_db(&self) -> f32 {
        self.level_db + if self.frame == 0 { self.effort_db } else { self.loudness_db }
    }

    /// The pitch of the key, as a MIDI note number with a fraction.
    pub fn note(&self) -> f32 {
        self.note
    }

    /// What is left of the way from where the pitch began, semitones.
    pub fn gliding_st(&self) -> f32 {
        if self.joined_s >= self.join.glide_s {
            return 0.0;
        }
        self.join.from_st * (1.0 - self.joined_s / self.join.glide_s)
    }

    /// What to play over the next frame, to be reached at its end.
    pub fn step(&mut self, touch: &Touch, settings: &Settings) -> Wish {
        self.age_s += FRAME_S;
        self.joined_s += FRAME_S;
        if let Some(released_s) = &mut self.released_s {
            *released_s += FRAME_S;
        }
        let drifts = [self.drifts[0].step(&mut self.white), self.drifts[1].step(&mut self.white)];
        let (vibrato_st, tremolo_db) = self.vibrato(touch, settings.vibrato / 100.0);
        let onset = |points: &[f32; ONSET_POINTS]| at_time(points, self.hurry * self.age_s);
        // What is told of the beginning has wandered already.
        let held = ((self.age_s - ONSET_S[ONSET_POINTS - 1]) / DRIFT_GROWS_S).clamp(0.0, 1.0);

        let note = self.note
            + self.gliding_st()
            + onset(&self.played.onset_st)
            + held * self.played.drift_st * drifts[0]
            + vibrato_st
            + touch.bend_st
            + settings.pitch_shift;
        let f0_hz = hz_of(note, settings.a4);

        let drift_db = (held * self.played.drift_db * drifts[1]).clamp(-MOST_DRIFT_DB, MOST_DRIFT_DB);
        let fallen_db = self.falls.map_or(0.0, |fall| fall.after(self.age_s));
        let on_its_way = self.join.dip_db > 0.0 && self.joined_s < self.join.glide_s;
        let slur_db =
            if on_its_way { self.join.dip_db * (std::f32::consts::PI * self.joined_s / self.join.glide_s).sin() } else { 0.0 };
        let released_db = self.released_s.map_or(0.0, |s| 20.0 * s / self.release_s);
        let moved_db =
            onset(&self.played.onset_db).max(self.least_db) + drift_db + tremolo_db - fallen_db - slur_db - released_db;
        let wanted_db = self.effort_db + touch.effort_db + settings.loudness + moved_db;
        self.loudness_db = self.attack.step(wanted_db, settings.attack / 100.0).max(LOUDNESS_FLOOR_DB);
        self.left_db = self.effort_db + self.level_db - fallen_db - released_db;
        if self.is_over() {
            self.loudness_db = LOUDNESS_FLOOR_DB;
        }
        let features = Features { frame: self.frame, f0_hz, confidence: 1.0, loudness_db: self.loudness_db };
        self.frame += 1;
        Wish { features, unshifted_hz: f0_hz, fitted: Shift::NONE, level_db: self.level_db }
    }

    /// What the vibrato adds to pitch, semitones, and loudness, dB: as much of the recorded one as is wanted, and that of the player's hand.
    fn vibrato(&mut self, touch: &Touch, amount: f32) -> (f32, f32) {
        let PlayedNote { vibrato_st, vibrato_hz, vibrato_delay_s, tremolo_db, .. } = self.played;
        let grown = ((self.age_s - vibrato_delay_s) / VIBRATO_GROWS_S + 0.5).clamp(0.0, 1.0);
        let own = if vibrato_st > 0.0 { amount * grown } else { 0.0 };
        let rate_hz = if vibrato_hz > 0.0 { vibrato_hz } else { 5.5 };
        self.turn += self.pace * rate_hz * FRAME_S;
        if self.turn >= 1.0 {
            self.turn -= 1.0;
            self.pace = (1.0 + UNEVEN * self.white.draw()).max(0.5);
            self.extent = (1.0 + UNEVEN * self.white.draw()).max(0.0);
        }
        let swing = self.extent * (std::f32::consts::TAU * self.turn).sin();
        (swing * (own * vibrato_st + touch.vibrato_st), swing * own * tremolo_db)
    }
}

/// The value of a curve told at [`ONSET_S`], at a time.
fn at_time(points: &[f32; ONSET_POINTS], t: f32) -> f32 {
    let next = ONSET_S.partition_point(|known| *known <= t);
    match (next.checked_sub(1), next < ONSET_POINTS) {
        (None, _) => points[0],
        (Some(last), false) => points[last],
        (Some(last), true) => {
            let share = (t - ONSET_S[last]) / (ONSET_S[next] - ONSET_S[last]);
            points[last] + share * (points[next] - points[last])
        }
    }
}

/// The MIDI note number of a frequency, with a fraction.
pub fn note_of(hz: f32, a4_hz: f32) -> f32 {
    69.0 + 12.0 * (hz / a4_hz).log2()
}

/// The frequency of a MIDI note number with a fraction.
pub fn hz_of(note: f32, a4_hz: f32) -> f32 {
    a4_hz * ((note - 69.0) / 12.0).exp2()
}
