//! How well notes were found: precision and recall of notes that begin within 50 ms of a known one and have its pitch within 50 cents, each known note found
//! by one (as `mir_eval.transcription` counts without offsets), and how late they were.

use crate::KnownNote;

/// Farthest that a note that is found may begin from the known one, s.
pub const ONSET_S: f64 = 0.05;

/// How well notes were found.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoteScore {
    /// Notes that there are, that were found, and that are both.
    pub known: usize,
    /// Notes that were found.
    pub found: usize,
    /// Notes that were found and are there.
    pub right: usize,
}

impl NoteScore {
    /// Of what was `found`, beginnings in s and keys, where these notes are `known`.
    pub fn of(known: &[KnownNote], found: &[(f64, u8)]) -> Self {
        // Largest matching, by augmenting paths.
        let fits = |k: usize, f: usize| known[k].key == found[f].1 && (known[k].start_s - found[f].0).abs() <= ONSET_S;
        let mut owner: Vec<Option<usize>> = vec![None; found.len()];
        fn assign(k: usize, fits: &dyn Fn(usize, usize) -> bool, owner: &mut [Option<usize>], seen: &mut [bool]) -> bool {
            for f in 0..owner.len() {
                if fits(k, f)
                    && !std::mem::replace(&mut seen[f], true)
                    && owner[f].is_none_or(|other| assign(other, fits, owner, seen))
                {
                    owner[f] = Some(k);
                    return true;
                }
            }
            false
        }
        let right = (0..known.len()).filter(|k| assign(*k, &fits, &mut owner, &mut vec![false; found.len()])).count();
        Self { known: known.len(), found: found.len(), right }
    }

    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self { known: self.known + other.known, found: self.found + other.found, right: self.right + other.right }
    }

    /// Share of what was found that is there, and of what is there that was found.
    pub fn precision_and_recall(self) -> [f64; 2] {
        [self.found, self.known].map(|of| self.right as f64 / of.max(1) as f64)
    }

    /// Their harmonic mean.
    pub fn f1(self) -> f64 {
        2.0 * self.right as f64 / (self.known + self.found).max(1) as f64
    }
}

/// How late notes were found, s, in order: the first of the same key from 60 ms before the known one to 150 ms behind it.
pub fn delays(known: &[KnownNote], found: &[(f64, u8)]) -> Vec<f64> {
    let first = |note: &KnownNote| {
        let mut late = found.iter().filter(|(_, key)| *key == note.key).map(|(start_s, _)| start_s - note.start_s);
        late.find(|late| (-0.06..0.15).contains(late))
    };
    let mut delays: Vec<f64> = known.iter().filter_map(first).collect();
    delays.sort_by(f64::total_cmp);
    delays
}
