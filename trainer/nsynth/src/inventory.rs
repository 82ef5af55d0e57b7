//! What a walk has come across. Any thread.

use std::{collections::BTreeMap, fmt};

use crate::note::Note;

/// Instruments by name, those without a picked note too. The dataset has 1006: this stays small whatever its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Notes of each instrument.
    pub instruments: BTreeMap<String, Notes>,
}

/// The notes of one instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notes {
    /// Its family.
    pub family: String,
    /// How it was made.
    pub source: String,
    /// Notes come across.
    pub notes: u64,
    /// Notes picked.
    pub picked: u64,
    /// Lowest and highest MIDI note, of all its notes.
    pub pitches: (u8, u8),
}

impl Inventory {
    /// Counts a note.
    pub(crate) fn count(&mut self, note: &Note, picked: bool) {
        if !self.instruments.contains_key(&note.instrument) {
            let (family, source) = (note.family.clone(), note.source.clone());
            let notes = Notes { family, source, notes: 0, picked: 0, pitches: (note.pitch, note.pitch) };
            self.instruments.insert(note.instrument.clone(), notes);
        }
        if let Some(notes) = self.instruments.get_mut(&note.instrument) {
            notes.notes += 1;
            notes.picked += u64::from(picked);
            notes.pitches = (notes.pitches.0.min(note.pitch), notes.pitches.1.max(note.pitch));
        }
    }

    /// Instruments of which notes were picked.
    pub fn picked(&self) -> impl Iterator<Item = (&String, &Notes)> {
        self.instruments.iter().filter(|(_, notes)| notes.picked > 0)
    }
}

impl fmt::Display for Inventory {
    /// One line an instrument of which notes were picked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<28} {:<10} {:<10} {:>6} {:>9}", "instrument", "family", "source", "notes", "pitches")?;
        for (name, notes) in self.picked() {
            let pitches = format!("{}-{}", notes.pitches.0, notes.pitches.1);
            writeln!(f, "{name:<28} {:<10} {:<10} {:>6} {pitches:>9}", notes.family, notes.source, notes.picked)?;
        }
        Ok(())
    }
}
