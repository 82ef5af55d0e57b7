//! What was done in the window, to be undone and done again.

use crate::{library::Named, source, tuning_files::TuningFiles};
use std::sync::Arc;
use syrinx_engine::{Model, SpectralWeights};

/// Steps that are remembered.
const MOST: usize = 200;

/// Everything that the window can change, at one moment.
#[derive(Clone)]
pub struct Snapshot {
    /// Of every parameter, 0 to 1.
    pub values: Vec<f32>,
    /// Of harmonics and noise.
    pub weights: SpectralWeights,
    /// Instruments of the player's own.
    pub own: [Option<Arc<Model>>; 2],
    /// The preset that was loaded last.
    pub preset: Option<Named>,
    /// Which pitch each key has.
    pub tuning: TuningFiles,
}

impl Snapshot {
    /// Whether nothing differs that is heard.
    pub fn same(&self, other: &Self) -> bool {
        let hashes = |s: &Self| s.own.each_ref().map(|own| own.as_ref().map(|m| *m.hash()));
        self.values == other.values
            && self.weights == other.weights
            && hashes(self) == hashes(other)
            && self.tuning == other.tuning
    }
}

/// One step.
#[derive(Clone)]
pub struct Entry {
    /// As it was.
    pub before: Snapshot,
    /// As it became.
    pub after: Snapshot,
}

impl Entry {
    /// What it changed, in a word or two.
    pub fn name(&self) -> String {
        if self.before.preset != self.after.preset {
            return self.after.preset.as_ref().map_or("the preset".into(), |preset| format!("the preset {}", preset.name));
        }
        let values = self.before.values.iter().zip(&self.after.values).enumerate();
        let mut changed = values.filter(|(_, (before, after))| before != after).map(|(at, _)| source::row(at));
        match (changed.next(), changed.next()) {
            (Some(row), None) => row.name.into(),
            (Some(_), Some(_)) => "several settings".into(),
            (None, _) if self.before.tuning != self.after.tuning => "tuning".into(),
            (None, _) if self.before.weights != self.after.weights => "weights".into(),
            _ => "instrument".into(),
        }
    }
}

/// Steps done, and steps taken back.
#[derive(Default)]
pub struct History {
    done: Vec<Entry>,
    undone: Vec<Entry>,
}

impl History {
    /// A step was done; one that changed nothing is none.
    pub fn push(&mut self, before: Snapshot, after: Snapshot) {
        if before.same(&after) {
            return;
        }
        self.undone.clear();
        if self.done.len() == MOST {
            self.done.remove(0);
        }
        self.done.push(Entry { before, after });
    }

    /// The last step went on.
    pub fn extend(&mut self, after: Snapshot) {
        if let Some(last) = self.done.last_mut() {
            last.after = after;
        }
    }

    /// The step to take back.
    pub fn undo(&mut self) -> Option<Entry> {
        let entry = self.done.pop()?;
        self.undone.push(entry.clone());
        Some(entry)
    }

    /// The step to do again.
    pub fn redo(&mut self) -> Option<Entry> {
        let entry = self.undone.pop()?;
        self.done.push(entry.clone());
        Some(entry)
    }

    /// The last step done.
    pub fn last_done(&self) -> Option<&Entry> {
        self.done.last()
    }

    /// The last step taken back.
    pub fn last_undone(&self) -> Option<&Entry> {
        self.undone.last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(value: f32) -> Snapshot {
        let mut values = vec![0.0; source::ROWS];
        values[0] = value;
        Snapshot { values, weights: SpectralWeights::default(), own: [None, None], preset: None, tuning: TuningFiles::default() }
    }

    #[test]
    fn steps_go_back_and_forth_and_a_new_one_ends_what_was_undone() {
        let mut history = History::default();
        history.push(at(0.0), at(0.0));
        assert!(history.last_done().is_none(), "nothing changed");
        history.push(at(0.0), at(0.5));
        history.push(at(0.5), at(0.7));
        history.extend(at(0.9));
        assert_eq!(history.undo().unwrap().before.values[0], 0.5);
        assert_eq!(history.undo().unwrap().before.values[0], 0.0);
        assert!(history.undo().is_none());
        assert_eq!(history.redo().unwrap().after.values[0], 0.5);
        assert_eq!(history.redo().unwrap().after.values[0], 0.9);
        history.undo();
        history.push(at(0.5), at(0.1));
        assert!(history.redo().is_none() && history.last_done().unwrap().name() == "Input gain");
        for n in 0..300 {
            history.push(at(n as f32), at(n as f32 + 1.0));
        }
        assert_eq!(history.done.len(), MOST);
    }
}
