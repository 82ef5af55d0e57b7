//! Which frames are trained on, which the choices in this crate were made by, and which only tell how good an instrument became. Any thread.
//!
//! Single notes are split by pitch and phrases by phrase; a random split of frames would only measure memory. A held-out pitch is held
//! out of every source, because two collections can be takes of the same note, and is left out of training phrases too. Pitches next
//! to a held-out one stay in training, and so do the lowest and the highest: the scores are of notes in between, as they are played.

use std::{collections::BTreeSet, ops::Range};
use syrinx_analysis::Take;

use crate::hearing::midi;

/// What frames are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The network learns them.
    Training,
    /// What is tried in this crate is judged on them.
    Validation,
    /// No choice is made on them: only the scores.
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
    /// MIDI notes that what is tried is judged on.
    pub validation_notes: BTreeSet<u8>,
    /// MIDI notes that only scores know.
    pub test_notes: BTreeSet<u8>,
}

/// Distinct pitches without which holding two out would leave too little.
const FEWEST_NOTES: usize = 5;
/// One pitch in this many is for validation, and one for test.
const NOTES_A_PART: usize = 8;
/// One phrase in this many is for validation, and one for test.
const PHRASES_A_PART: usize = 8;
/// A phrase ends at the first pause after this long, frames (2 s) ...
const PHRASE_FRAMES: usize = 500;
/// ... or at this length, frames (8 s).
const LONGEST_PHRASE_FRAMES: usize = 2000;
/// A pause is this far below the loudest frame, dB.
const PAUSE_DB: f32 = 35.0;

impl Split {
    /// Splits takes; `None` when there are too few pitches and phrases to hold any out.
    pub fn new(takes: &[Take]) -> Option<Self> {
        let notes: Vec<u8> = takes.iter().filter_map(|t| t.note).collect::<BTreeSet<_>>().into_iter().collect();
        let mut split = Self::default();
        if notes.len() >= FEWEST_NOTES {
            let each = (notes.len() / NOTES_A_PART).max(1);
            for n in 0..2 * each {
                let note = notes[((n as f32 + 0.5) * notes.len() as f32 / (2 * each) as f32) as usize];
                let part = if n % 2 == 0 { &mut split.test_notes } else { &mut split.validation_notes };
                part.insert(note);
            }
        }
        let mut phrases = 0;
        for (take, t) in takes.iter().enumerate() {
            if let Some(note) = t.note {
                let part = split.part_of(note);
                split.stretches.push(Stretch { take, frames: 0..t.frames.len(), part });
            } else {
                for frames in phrases_of(t) {
                    // The first phrases that are held out come early, so that four phrases are enough for all three parts.
                    let part = match phrases % PHRASES_A_PART {
                        1 => Part::Test,
                        3 => Part::Validation,
                        _ => Part::Training,
                    };
                    split.stretches.push(Stretch { take, frames, part });
                    phrases += 1;
                }
            }
        }
        let has = |part| split.stretches.iter().any(|s| s.part == part && !s.frames.is_empty());
        (has(Part::Training) && has(Part::Validation) && has(Part::Test)).then_some(split)
    }

    /// The same frames, all for training: nothing is held out of the instrument that is played.
    pub fn all_for_training(&self) -> Self {
        let stretches = self.stretches.iter().map(|s| Stretch { part: Part::Training, ..s.clone() }).collect();
        Self { stretches, ..Self::default() }
    }

    fn part_of(&self, note: u8) -> Part {
        if self.test_notes.contains(&note) {
            Part::Test
        } else if self.validation_notes.contains(&note) {
            Part::Validation
        } else {
            Part::Training
        }
    }

    /// Whether a frame of `f0_hz` may be used in `part`: held-out notes sound in phrases, too.
    pub fn admits(&self, part: Part, f0_hz: f32) -> bool {
        if f0_hz <= 0.0 || part != Part::Training {
            return true;
        }
        let note = midi(f0_hz).round().clamp(0.0, 127.0) as u8;
        self.part_of(note) == Part::Training
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{note, phrase};

    #[test]
    fn a_held_out_pitch_is_held_out_of_all_sources_and_its_neighbours_are_not() {
        let mut takes: Vec<Take> = (50..74).map(|n| note(n, "one", 100)).collect();
        takes.extend((50..74).step_by(2).map(|n| note(n, "two", 100)));
        let split = Split::new(&takes).unwrap();
        for stretch in &split.stretches {
            assert_eq!(stretch.part, split.part_of(takes[stretch.take].note.unwrap()));
        }
        let held: Vec<u8> = split.test_notes.union(&split.validation_notes).copied().collect();
        assert_eq!(held.len(), 6);
        assert!(split.test_notes.is_disjoint(&split.validation_notes));
        assert!(held.windows(2).all(|w| w[1] - w[0] > 1));
        assert!(held.iter().all(|&n| n > 50 && n < 73));
        assert!(!split.admits(Part::Training, 440.0 * 2f32.powf((f32::from(held[0]) + 0.3 - 69.0) / 12.0)));
        assert!(split.admits(Part::Training, 440.0 * 2f32.powf((f32::from(held[0]) + 0.7 - 69.0) / 12.0)));
    }

    #[test]
    fn phrases_are_whole_and_every_frame_is_somewhere_once() {
        let takes = [phrase(40 * 250)];
        let split = Split::new(&takes).unwrap();
        let mut at = 0;
        for stretch in &split.stretches {
            assert_eq!(stretch.frames.start, at);
            assert!(stretch.frames.len() <= LONGEST_PHRASE_FRAMES);
            at = stretch.frames.end;
        }
        assert_eq!(at, takes[0].frames.len());
        for part in [Part::Training, Part::Validation, Part::Test] {
            assert!(split.of(part).count() > 0);
        }
    }

    #[test]
    fn too_little_is_refused() {
        let takes: Vec<Take> = (60..64).map(|n| note(n, "one", 100)).collect();
        assert!(Split::new(&takes).is_none());
        assert!(Split::new(&[]).is_none());
    }
}
