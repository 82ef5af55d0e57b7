//! Which frames are trained on, and which only tell how good an instrument became. Any thread.
//!
//! Single notes are split by pitch and phrases by phrase; a random split of frames would only measure memory. In rounds, every pitch but
//! the lowest and the highest is held out once, and every phrase. A held-out pitch is held out of every source, because two collections can
//! be takes of the same note, and is left out of training phrases too. Pitches next to a held-out one stay in training: the scores are of
//! notes in between, as they are played.

use std::{collections::BTreeSet, ops::Range};
use syrinx_analysis::{Frame, Take};

use crate::input_features::midi;

/// What frames are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The network learns them.
    Training,
    /// They tell how near it comes.
    Test,
}

/// Some frames of one take, all for one purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Index of the take.
    pub take: usize,
    /// The frames.
    pub frames: Range<usize>,
    /// What they are for.
    pub part: Part,
}

/// A split of recordings.
#[derive(Clone, Debug, Default)]
pub struct Split {
    /// All frames of all takes, each in one stretch.
    pub stretches: Vec<Stretch>,
    /// MIDI notes that are held out.
    pub test_notes: BTreeSet<u8>,
}

/// Distinct pitches without which holding one out would leave too little.
const FEWEST_NOTES: usize = 5;
/// Phrases without which holding one out would leave too little.
const FEWEST_PHRASES: usize = 3;
/// Rounds in which everything is held out once, at most.
const ROUNDS: usize = 6;
/// A phrase ends at the first pause after this long, frames (2 s) ...
const PHRASE_FRAMES: usize = 500;
/// ... or at this length, frames (8 s).
const LONGEST_PHRASE_FRAMES: usize = 2000;
/// A pause is this far below the loudest frame, dB.
const PAUSE_DB: f32 = 35.0;

impl Split {
    /// Everything for training: what is played knows all recordings.
    pub fn everything(takes: &[Take]) -> Self {
        Self::holding_out(takes, BTreeSet::new(), |_| false, |_| false)
    }

    /// Everything but these takes, whatever else there is of their notes.
    pub fn without(takes: &[Take], held_out: &[usize]) -> Self {
        Self::holding_out(takes, BTreeSet::new(), |take| held_out.contains(&take), |_| false)
    }

    /// Splits that hold out all pitches in between and all phrases, each once. Empty when there are too few of them to hold any out.
    pub fn rounds(takes: &[Take]) -> Vec<Self> {
        let notes: Vec<u8> = takes.iter().filter_map(|t| t.note).collect::<BTreeSet<_>>().into_iter().collect();
        let between = if notes.len() >= FEWEST_NOTES { &notes[1..notes.len() - 1] } else { &[] };
        let phrases = takes.iter().filter(|t| t.note.is_none()).map(|t| phrases_of(t).len()).sum::<usize>();
        let phrases = if phrases >= FEWEST_PHRASES { phrases } else { 0 };
        let rounds = ROUNDS.min(between.len().max(phrases));
        (0..rounds)
            .map(|round| {
                // Neighbours are held out in different rounds.
                let test_notes = between.iter().skip(round).step_by(rounds).copied().collect();
                Self::holding_out(takes, test_notes, |_| false, |phrase| phrases > 0 && phrase % rounds == round)
            })
            .filter(|split| split.of(Part::Test).next().is_some() && split.of(Part::Training).next().is_some())
            .collect()
    }

    /// Holds out notes, whole takes (by index) and phrases (by number).
    fn holding_out(
        takes: &[Take],
        test_notes: BTreeSet<u8>,
        take_is: impl Fn(usize) -> bool,
        phrase_is: impl Fn(usize) -> bool,
    ) -> Self {
        let mut split = Self { stretches: Vec::new(), test_notes };
        let mut phrases = 0;
        let part = |test| if test { Part::Test } else { Part::Training };
        for (take, t) in takes.iter().enumerate() {
            if let Some(note) = t.note {
                let part = part(take_is(take) || split.test_notes.contains(&note));
                split.stretches.push(Stretch { take, frames: 0..t.frames.len(), part });
            } else {
                for frames in phrases_of(t) {
                    split.stretches.push(Stretch { take, frames, part: part(take_is(take) || phrase_is(phrases)) });
                    phrases += 1;
                }
            }
        }
        split
    }

    /// Whether a frame of `f0_hz` may be used in `part`: held-out notes sound in phrases, too.
    pub fn admits(&self, part: Part, f0_hz: f32) -> bool {
        if f0_hz <= 0.0 || part == Part::Test {
            return true;
        }
        let note = midi(f0_hz).round().clamp(0.0, 127.0) as u8;
        !self.test_notes.contains(&note)
    }

    /// The stretches of one part.
    pub fn of(&self, part: Part) -> impl Iterator<Item = &Stretch> {
        self.stretches.iter().filter(move |s| s.part == part)
    }
}

/// Cuts a long take at its pauses.
fn phrases_of(take: &Take) -> Vec<Range<usize>> {
    let loudest = take.frames.iter().map(|f| f.features.loudness_db).fold(f32::MIN, f32::max);
    let mut phrases = Vec::new();
    let mut start = 0;
    for (n, frame) in take.frames.iter().enumerate() {
        let long_enough = n - start >= PHRASE_FRAMES && frame.features.loudness_db < loudest - PAUSE_DB;
        if long_enough || n - start >= LONGEST_PHRASE_FRAMES {
            phrases.push(start..n);
            start = n;
        }
    }
    phrases.push(start..take.frames.len());
    phrases
}

/// `frames` in runs: one goes on to frame `n` as long as `goes_on` says so of its first frame and `n`.
pub fn runs(frames: Range<usize>, goes_on: impl Fn(usize, usize) -> bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for n in frames {
        match runs.last_mut().filter(|run| goes_on(run.start, n)) {
            Some(run) => run.end = n + 1,
            None => runs.push(n..n + 1),
        }
    }
    runs
}

/// A pitch of the tracker's that is surer than this is one; ...
const SURE: f32 = 0.6;
/// ... and a note stays within this of where it is when it is first known, semitones.
const NOTE_ST: f32 = 1.0;

/// The pitch of a frame, if it is sure, as a MIDI note number.
pub fn sure_pitch(frame: &Frame) -> Option<f32> {
    (frame.features.confidence >= SURE && frame.target.f0_hz > 0.0).then(|| midi(frame.target.f0_hz))
}

/// The notes in some frames of a take, as runs of them in which the pitch is sure and stays. Where the take is a single note (`only`, MIDI), there is that one alone:
/// whatever else is heard in it, and be it for long, is how it rings out.
pub fn notes_in(frames: &[Frame], only: Option<u8>) -> Vec<Range<usize>> {
    let pitch = |n: usize| sure_pitch(&frames[n]);
    let stays = |first: usize, n: usize| pitch(n).zip(pitch(first)).is_some_and(|(now, first)| (now - first).abs() <= NOTE_ST);
    let all = runs(0..frames.len(), stays).into_iter().filter(|run| pitch(run.start).is_some());
    match only {
        None => all.collect(),
        Some(note) => {
            let is_it =
                |run: &Range<usize>| pitch(run.start + run.len() / 2).is_some_and(|st| (st - f32::from(note)).abs() <= NOTE_ST);
            all.filter(is_it).max_by_key(Range::len).into_iter().collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        random::Random,
        testing::{frame, note, phrase},
    };

    #[test]
    fn every_pitch_in_between_is_held_out_once_of_all_sources_and_never_beside_its_neighbour() {
        let mut takes: Vec<Take> = (50..74).map(|n| note(n, "one", 100)).collect();
        takes.extend((50..74).step_by(2).map(|n| note(n, "two", 100)));
        let rounds = Split::rounds(&takes);
        assert_eq!(rounds.len(), ROUNDS);
        let mut held: Vec<u8> = Vec::new();
        for split in &rounds {
            for stretch in &split.stretches {
                let test = split.test_notes.contains(&takes[stretch.take].note.unwrap());
                assert_eq!(stretch.part == Part::Test, test);
            }
            let notes: Vec<u8> = split.test_notes.iter().copied().collect();
            assert!(notes.windows(2).all(|w| w[1] - w[0] > 1));
            assert!(!split.admits(Part::Training, 440.0 * 2f32.powf((f32::from(notes[0]) + 0.3 - 69.0) / 12.0)));
            assert!(split.admits(Part::Training, 440.0 * 2f32.powf((f32::from(notes[0]) + 0.7 - 69.0) / 12.0)));
            held.extend(notes);
        }
        held.sort_unstable();
        assert_eq!(held, (51..73).collect::<Vec<u8>>());
    }

    #[test]
    fn phrases_are_whole_and_every_one_is_held_out_once() {
        let takes = [phrase(40 * 250)];
        let rounds = Split::rounds(&takes);
        assert!(rounds.len() >= FEWEST_PHRASES);
        for split in &rounds {
            let mut at = 0;
            for stretch in &split.stretches {
                assert_eq!(stretch.frames.start, at);
                assert!(stretch.frames.len() <= LONGEST_PHRASE_FRAMES);
                at = stretch.frames.end;
            }
            assert_eq!(at, takes[0].frames.len());
        }
        let held: usize = rounds.iter().map(|split| split.of(Part::Test).count()).sum();
        assert_eq!(held, rounds[0].stretches.len());
    }

    #[test]
    fn a_take_is_held_out_and_the_others_of_its_note_are_not() {
        let takes: Vec<Take> = (60..66).flat_map(|n| [note(n, "one", 100), note(n, "one", 100)]).collect();
        let split = Split::without(&takes, &[1, 4]);
        let held: Vec<usize> = split.of(Part::Test).map(|s| s.take).collect();
        assert_eq!(held, [1, 4]);
        assert!(split.admits(Part::Training, 261.6));
        assert!(Split::everything(&takes).of(Part::Test).next().is_none());
    }

    #[test]
    fn a_single_note_is_one_whatever_rings_after_it() {
        let mut random = Random::new(1);
        let mut frames: Vec<Frame> = (0..100).map(|n| frame(n, 60.0, -20.0, 0.9, &mut random)).collect();
        frames.extend((100..300).map(|n| frame(n, 48.0, -50.0, 0.9, &mut random)));
        frames.extend((300..340).map(|n| frame(n, 60.3, -55.0, 0.9, &mut random)));
        frames.extend((340..400).map(|n| frame(n, 60.0, -60.0, 0.1, &mut random)));
        assert_eq!(notes_in(&frames, None), [0..100, 100..300, 300..340]);
        assert_eq!(notes_in(&frames, Some(60)), std::slice::from_ref(&(0..100)));
        assert!(notes_in(&frames, Some(72)).is_empty() && notes_in(&[], None).is_empty());
    }

    #[test]
    fn too_little_is_refused() {
        let takes: Vec<Take> = (60..64).map(|n| note(n, "one", 100)).collect();
        assert!(Split::rounds(&takes).is_empty());
        assert!(Split::rounds(&[]).is_empty());
    }
}
