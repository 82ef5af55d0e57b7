//! Which note a singer sings: where it begins, where another follows it, and where it ends. Audio thread; plain arithmetic on one frame, never allocates.
//!
//! A small network ([`NoteNetwork`]) hears the pitch and the level of the last moments and says which key the voice means, as odds of the keys about the pitch; a
//! Bayes filter over the keys sums them up. It knows slides, scoops, the dips of consonants, and a vibrato from a trill by what it has heard of each, and
//! is sure soon where they are plain.

use super::{
    network::{MOST_AWAY, NoteNetwork},
    onset::{Onset, OnsetDetector},
};
use crate::{keys::note_of, snap::has_note};
use syrinx_tracker::{FRAME_RATE_HZ, Features, LOUDNESS_FLOOR_DB};

/// How notes are told apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoteSettings {
    /// Frames for which a key must be meant before it is a note.
    pub react: u32,
    /// Semitones past the border between two keys before the note changes.
    pub stickiness_st: f32,
    /// Frames without a voice that a note is held for.
    pub hold: u32,
    /// Whether a syllable on the same key is a new note.
    pub retrigger: bool,
    /// The keys that are notes, a bit for each semitone above C.
    pub keys: u16,
    /// Pitch of A4, Hz.
    pub a4_hz: f32,
}

/// What a frame is to the notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteChange {
    /// Nothing.
    None,
    /// A note begins, out of silence or with a syllable of its own.
    Begins(u8),
    /// The voice has gone on to another note.
    GoesOn(u8),
    /// The note ends.
    Ends,
}

/// Keys there are.
const KEYS: usize = 128;
/// What is believed of every key without hearing more: that the voice may mean another in the next frame.
const CHANGES: f32 = 0.05;
/// One frame counts less than the network says, as the next hears nearly the same.
const SHARE: f32 = 0.6;
/// The least that is believed of a key in a frame.
const LEAST: f32 = 1e-4;
/// A key that is believed to be meant this much is.
const SURE: f32 = 0.95;
/// A note is over where it is softer than it was by this, dB; what it was is forgotten at this pace, dB a second.
const OVER_DB: f32 = 24.0;
const FORGET_DB_PER_S: f32 = 8.0;
/// Frames for which a note has begun before a syllable can begin another (60 ms).
const SYLLABLE_FRAMES: u32 = 15;
/// Frames that a voiced consonant takes until its vowel (32 ms).
const CONSONANT_FRAMES: u32 = 8;
/// Frames without a voice (40 ms) that make what comes after it a new breath.
const BREATH_FRAMES: u32 = 10;

/// Follows one voice.
#[derive(Clone, Copy, Debug)]
pub struct NoteDetector {
    onsets: OnsetDetector,
    network: NoteNetwork,
    /// How much is believed of each key; and the key that is believed in, with the frames for which it has been.
    belief: [f32; KEYS],
    meant: Option<u8>,
    meant_for: u32,
    /// The key that sounds, and frames since it began.
    key: Option<u8>,
    age: u32,
    /// The loudest of the note, dB, fading.
    top_db: f32,
    /// Frames without a voice.
    gap: u32,
    /// A syllable has begun whose key is not known yet: frames until it may be on the key that sounds.
    syllable: Option<u32>,
}

impl NoteDetector {
    /// In silence.
    pub const fn new() -> Self {
        Self {
            onsets: OnsetDetector::new(),
            network: NoteNetwork::new(),
            belief: [1.0 / KEYS as f32; KEYS],
            meant: None,
            meant_for: 0,
            key: None,
            age: 0,
            top_db: LOUDNESS_FLOOR_DB,
            gap: u32::MAX,
            syllable: None,
        }
    }

    /// The key that sounds.
    pub fn key(&self) -> Option<u8> {
        self.key
    }

    /// What the network hears in this frame, and the key nearest to its pitch; none where there is no voice.
    pub fn inputs(&self) -> Option<(&[f32], u8)> {
        (self.gap == 0).then(|| (self.network.inputs(), self.network.nearest()))
    }

    /// Takes one more frame of `voice`, whose level counts as `level_db`, a finite number: whether it strikes; and what it is to the notes, of which `sung` has a
    /// pitch where one can be.
    pub fn step(&mut self, level_db: f32, voice: &Features, sung: &Features, settings: &NoteSettings) -> (Onset, NoteChange) {
        let onset = self.onsets.step(level_db, voice);
        (onset, self.note(level_db, sung, onset, settings))
    }

    fn note(&mut self, level_db: f32, voice: &Features, onset: Onset, settings: &NoteSettings) -> NoteChange {
        self.age = self.age.saturating_add(1);
        self.top_db = level_db.max(self.top_db - FORGET_DB_PER_S / FRAME_RATE_HZ as f32);
        self.network.level(level_db);
        let midi = note_of(voice.f0_hz, settings.a4_hz);
        let over = level_db < self.top_db - OVER_DB || level_db <= LOUDNESS_FLOOR_DB;
        if voice.confidence < 0.5 || !(0.0..KEYS as f32 - 1.0).contains(&midi) || over {
            return self.wait(settings);
        }
        let after_gap = self.gap > 0;
        if after_gap {
            self.network.breathe();
        }
        if self.gap >= BREATH_FRAMES {
            self.doubt();
        }
        self.gap = 0;
        if onset == Onset::Begins && self.onsets.is_articulated() && self.key.is_some() && self.age >= SYLLABLE_FRAMES {
            self.syllable = Some(if after_gap { 0 } else { CONSONANT_FRAMES });
            self.doubt();
        }
        self.syllable = self.syllable.map(|left| left.saturating_sub(1));
        let odds = self.network.hear(midi, voice.confidence);
        self.believe(&odds);
        self.follow(midi, settings)
    }

    /// A frame without a voice.
    fn wait(&mut self, settings: &NoteSettings) -> NoteChange {
        self.gap = self.gap.saturating_add(1);
        if self.gap > settings.hold && self.key.take().is_some() {
            self.syllable = None;
            return NoteChange::Ends;
        }
        NoteChange::None
    }

    /// Any key may be meant.
    fn doubt(&mut self) {
        self.belief = [1.0 / KEYS as f32; KEYS];
        (self.meant, self.meant_for) = (None, 0);
    }

    /// Takes the odds of the keys about the pitch, the outermost of which are those of all beyond.
    fn believe(&mut self, odds: &[f32; 2 * MOST_AWAY + 1]) {
        let nearest = usize::from(self.network.nearest());
        let mut sum = 0.0;
        for (key, belief) in self.belief.iter_mut().enumerate() {
            let at = (key + MOST_AWAY).wrapping_sub(nearest);
            let outermost = at == 0 || at == 2 * MOST_AWAY;
            let odds = odds.get(at).map_or(LEAST, |odds| if outermost { odds / 3.0 } else { *odds });
            *belief = ((1.0 - CHANGES) * *belief + CHANGES / KEYS as f32) * (SHARE * odds.max(LEAST).ln()).exp();
            sum += *belief;
        }
        self.belief.iter_mut().for_each(|belief| *belief /= sum);
        let most = (0..KEYS).max_by(|a, b| self.belief[*a].total_cmp(&self.belief[*b]));
        let meant = most.filter(|key| self.belief[*key] > SURE).map(|key| key as u8);
        self.meant_for = if meant == self.meant { self.meant_for.saturating_add(1) } else { 1 };
        self.meant = meant;
    }

    /// A voice that means a key, or another than before.
    fn follow(&mut self, midi: f32, settings: &NoteSettings) -> NoteChange {
        let Some(meant) = self.meant.filter(|_| self.meant_for >= settings.react) else { return NoteChange::None };
        // Of two keys of a scale, the one that is nearer to what is sung.
        let sung = f32::from(meant) + (midi - f32::from(meant)).clamp(-0.49, 0.49);
        let Some(next) = nearest(sung, settings.keys) else { return NoteChange::None };
        match self.key {
            None => self.start(next, NoteChange::Begins(next)),
            // A voiced consonant is still on the key of the note before, whichever comes.
            Some(key) if key == next && self.syllable.is_some_and(|left| left > 0) => NoteChange::None,
            Some(_) if self.syllable.take().is_some() && settings.retrigger => self.start(next, NoteChange::Begins(next)),
            Some(key) if key == next => NoteChange::None,
            Some(key) if (midi - f32::from(key)).abs() <= 0.5 + settings.stickiness_st => NoteChange::None,
            Some(_) => self.start(next, NoteChange::GoesOn(next)),
        }
    }

    /// Another note.
    fn start(&mut self, key: u8, change: NoteChange) -> NoteChange {
        (self.key, self.age) = (Some(key), 0);
        change
    }
}

/// The key nearest to a pitch of those there are; none where it lies beyond what keys there are.
fn nearest(pitch: f32, keys: u16) -> Option<u8> {
    let about = pitch.round() as i32;
    let is_note = |key: &i32| (0..KEYS as i32).contains(key) && has_note(keys, *key);
    let away = |key: &i32| (pitch - *key as f32).abs();
    (about - 6..=about + 6).filter(is_note).min_by(|a, b| away(a).total_cmp(&away(b))).map(|key| key as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAU: f32 = std::f32::consts::TAU;
    const SETTINGS: NoteSettings =
        NoteSettings { react: 2, stickiness_st: 0.2, hold: 15, retrigger: true, keys: 0xfff, a4_hz: 440.0 };

    /// What a voice gives, told by its level in dB and its pitch in MIDI at each second: seconds and changes.
    fn changes(settings: &NoteSettings, seconds: f32, voice: impl Fn(f32) -> (f32, f32)) -> Vec<(f32, NoteChange)> {
        let mut detector = NoteDetector::new();
        let frame = |n: u64| {
            let t = n as f32 / FRAME_RATE_HZ as f32;
            let (loudness_db, midi) = voice(t);
            let confidence = if loudness_db > -70.0 { 0.9 } else { 0.1 };
            let features = Features { frame: n, f0_hz: 440.0 * ((midi - 69.0) / 12.0).exp2(), confidence, loudness_db };
            (t, detector.step(loudness_db, &features, &features, settings).1)
        };
        (0..(seconds * FRAME_RATE_HZ as f32) as u64).map(frame).filter(|(_, change)| *change != NoteChange::None).collect()
    }

    /// The keys that begin, of it.
    fn keys(changes: &[(f32, NoteChange)]) -> Vec<u8> {
        let key = |change: &NoteChange| match change {
            NoteChange::Begins(key) | NoteChange::GoesOn(key) => Some(*key),
            _ => None,
        };
        changes.iter().filter_map(|(_, change)| key(change)).collect()
    }

    /// From silence to -20 dB within 30 ms, at 0.1 s, until `end`.
    fn sung(t: f32, end: f32) -> f32 {
        if (0.1..end).contains(&t) { -20.0 - 60.0 * (1.0 - (t - 0.1) / 0.03).max(0.0) } else { -100.0 }
    }

    #[test]
    fn a_vibrato_of_a_semitone_is_one_note_from_its_first_swing() {
        for rate in [4.0, 5.0, 6.0, 7.0] {
            for reach in [0.3, 0.6, 0.8, 1.0] {
                for place in [0.0, 0.25, 0.5, 0.75] {
                    let found = changes(&SETTINGS, 3.0, |t| (sung(t, 2.5), 60.0 + reach * (TAU * (rate * t + place)).sin()));
                    // A voice that begins at the turn of a wide vibrato has been there.
                    let begun = keys(&found);
                    assert!(
                        begun.last() == Some(&60) && begun.len() <= 2,
                        "{reach} semitones at {rate} Hz from {place}: {found:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_trill_is_its_notes() {
        for step in [1.0, 2.0] {
            let trill = |t: f32| 60.0 + if t < 0.1 || (5.0 * (t - 0.1)).rem_euclid(1.0) < 0.5 { 0.0 } else { step };
            // The larynx takes 30 ms.
            let smooth = |t: f32| (0..8).map(|n| trill(t - 0.004 * n as f32)).sum::<f32>() / 8.0;
            let found = keys(&changes(&SETTINGS, 3.0, |t| (sung(t, 2.1), smooth(t))));
            assert!((19..=21).contains(&found.len()), "{found:?}");
            assert!(found.windows(2).all(|pair| pair[0].abs_diff(pair[1]) == step as u8), "{found:?}");
        }
    }

    #[test]
    fn a_leap_is_a_note_at_once_and_a_step_soon() {
        for (way, most_s) in [(12.0, 0.022), (3.0, 0.022), (-5.0, 0.022), (2.0, 0.03), (-1.0, 0.03)] {
            let found = changes(&SETTINGS, 2.0, |t| (sung(t, 2.0), if t < 1.0 { 60.0 } else { 60.0 + way }));
            assert_eq!(keys(&found), [60, (60.0 + way) as u8]);
            assert!(found[1].0 < 1.0 + most_s, "{way} semitones: {found:?}");
        }
    }

    #[test]
    fn a_slide_is_the_keys_on_its_way_or_where_it_ends() {
        let slow = keys(&changes(&SETTINGS, 4.0, |t| (sung(t, 4.0), 60.0 + (4.0 * (t - 0.5)).clamp(0.0, 5.0))));
        assert_eq!(slow, [60, 61, 62, 63, 64, 65]);
        // As a larynx goes: slowly away and slowly there.
        let smooth = |t: f32| 0.5 - 0.5 * (0.5 * TAU * t.clamp(0.0, 1.0)).cos();
        let quick = keys(&changes(&SETTINGS, 2.0, |t| (sung(t, 2.0), 60.0 + 12.0 * smooth((t - 0.5) / 0.12))));
        assert!(quick.len() <= 4 && quick[0] == 60 && quick.last() == Some(&72), "{quick:?}");
        assert!(quick.windows(2).all(|pair| pair[0] < pair[1]), "{quick:?}");
    }

    #[test]
    fn breath_is_held_as_long_as_is_wanted_and_a_note_that_fades_ends() {
        let gap = |t: f32| if (1.0..1.05).contains(&t) { -100.0 } else { sung(t, 2.0) };
        let held = NoteSettings { hold: 20, retrigger: false, ..SETTINGS };
        assert_eq!(keys(&changes(&held, 3.0, |t| (gap(t), 60.0))), [60]);
        assert_eq!(keys(&changes(&NoteSettings { hold: 0, ..held }, 3.0, |t| (gap(t), 60.0))), [60, 60]);
        assert_eq!(keys(&changes(&NoteSettings { retrigger: true, ..held }, 3.0, |t| (gap(t), 60.0))), [60, 60]);
        // The room rings on, and still has a pitch.
        let fades = |t: f32| sung(t, 9.0) - 60.0 * (t - 1.0).max(0.0);
        let found = changes(&SETTINGS, 2.0, |t| (fades(t), 60.0));
        assert!(matches!(found[..], [(_, NoteChange::Begins(60)), (end, NoteChange::Ends)] if end < 1.6), "{found:?}");
    }

    #[test]
    fn stickiness_and_the_scale_say_which_key_it_is() {
        let flat = |t: f32| (sung(t, 2.0), if t < 1.0 { 60.0 } else { 60.6 });
        assert_eq!(keys(&changes(&NoteSettings { stickiness_st: 0.0, ..SETTINGS }, 2.0, flat)), [60, 61]);
        assert_eq!(keys(&changes(&SETTINGS, 2.0, flat)), [60]);
        // C major has no C#.
        let scale = NoteSettings { keys: 0b1010_1011_0101, ..SETTINGS };
        assert_eq!(keys(&changes(&scale, 2.0, |t| (sung(t, 2.0), if t < 1.0 { 60.0 } else { 61.3 }))), [60, 62]);
    }
}
