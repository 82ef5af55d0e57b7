//! Which notes are wanted. Any thread.

use std::ops::RangeInclusive;

use crate::note::Note;

/// A choice of notes: those that fit every entry. An empty list lets all through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// Names of instruments.
    pub instruments: Vec<String>,
    /// Families, of [`FAMILIES`](crate::FAMILIES).
    pub families: Vec<String>,
    /// Ways of making, of [`SOURCES`](crate::SOURCES).
    pub sources: Vec<String>,
    /// MIDI notes.
    pub pitches: RangeInclusive<u8>,
    /// MIDI velocities.
    pub velocities: RangeInclusive<u8>,
}

impl Default for Pick {
    /// Everything.
    fn default() -> Self {
        Self { instruments: Vec::new(), families: Vec::new(), sources: Vec::new(), pitches: 0..=127, velocities: 0..=127 }
    }
}

impl Pick {
    /// Whether `note` is wanted.
    pub fn admits(&self, note: &Note) -> bool {
        let among = |list: &[String], value: &str| list.is_empty() || list.iter().any(|x| x == value);
        among(&self.instruments, &note.instrument)
            && among(&self.families, &note.family)
            && among(&self.sources, &note.source)
            && self.pitches.contains(&note.pitch)
            && self.velocities.contains(&note.velocity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::Said;

    #[test]
    fn every_entry_must_fit() {
        let note = Said { name: "brass_acoustic_006-060-100".into(), ..Said::default() }.check().unwrap();
        let list = |x: &str| vec![x.to_owned()];
        assert!(Pick::default().admits(&note));
        let fits = Pick { families: list("brass"), sources: list("acoustic"), pitches: 24..=84, ..Pick::default() };
        assert!(fits.admits(&note));
        for other in [
            Pick { families: list("reed"), ..fits.clone() },
            Pick { sources: list("synthetic"), ..fits.clone() },
            Pick { instruments: list("brass_acoustic_00"), ..fits.clone() },
            Pick { pitches: 61..=84, ..fits.clone() },
            Pick { velocities: 0..=99, ..fits },
        ] {
            assert!(!other.admits(&note), "{other:?}");
        }
    }
}
