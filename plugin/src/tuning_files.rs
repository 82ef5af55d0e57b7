//! Files of Scala's that say which pitch each key has: a scale, a keyboard mapping, or both. A session keeps them whole. Any thread but the audio thread.

use crate::reading::{self, harmless};
use serde::{Deserialize, Serialize};
use std::path::Path;
use syrinx_engine::{MOST_TUNING_BYTES, Tuning};

/// Which of the two a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `.scl`.
    Scale,
    /// `.kbm`.
    Mapping,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TuningFile {
    /// Its name, for people.
    pub name: String,
    /// All that is in it.
    text: String,
}

/// What is loaded; with none, keys are a semitone apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TuningFiles {
    /// The scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<TuningFile>,
    /// Which key has which of its notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<TuningFile>,
}

impl TuningFiles {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.scale.is_none() && self.mapping.is_none()
    }

    /// The pitches that they give.
    ///
    /// # Errors
    /// A sentence.
    pub fn tuning(&self) -> Result<Tuning, String> {
        let bytes = |file: &Option<TuningFile>| file.as_ref().map(|file| file.text.clone().into_bytes());
        let (scale, mapping) = (bytes(&self.scale), bytes(&self.mapping));
        if scale.is_none() && mapping.is_none() {
            return Ok(Tuning::default());
        }
        Tuning::from_scala(scale.as_deref(), mapping.as_deref()).map_err(|e| e.to_string())
    }

    /// The same with the file at `path` for one of its kind.
    ///
    /// # Errors
    /// A sentence where it cannot be read, or is none.
    pub fn with(&self, kind: Kind, path: &Path) -> Result<Self, String> {
        let name = harmless(&path.file_name().unwrap_or_default().to_string_lossy());
        let bytes = reading::bounded(path, MOST_TUNING_BYTES).map_err(|e| format!("{name} cannot be read: {e}."))?;
        // What is no ASCII in them stands in remarks.
        let file = TuningFile { name: name.clone(), text: String::from_utf8_lossy(&bytes).into_owned() };
        let mut with = self.clone();
        match kind {
            Kind::Scale => with.scale = Some(file),
            Kind::Mapping => with.mapping = Some(file),
        }
        with.tuning().map_err(|why| format!("{name} does not tune the keys: {why}."))?;
        Ok(with)
    }

    /// What they are called together, for people.
    pub fn name(&self) -> String {
        let names = [&self.scale, &self.mapping].into_iter().flatten().map(|file| harmless(&file.name));
        let names: Vec<_> = names.collect();
        if names.is_empty() { "Equal steps".into() } else { names.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_named_and_refused_in_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let pure = file("pure.scl", "! pure\nfifths and thirds\n 3\n 5/4\n 3/2\n 2/1\n");
        let tuned = TuningFiles::default().with(Kind::Scale, &pure).unwrap();
        assert_eq!((tuned.name().as_str(), tuned.is_empty()), ("pure.scl", false));
        let tuning = tuned.tuning().unwrap();
        assert!((tuning.note(62).unwrap() - tuning.note(60).unwrap() - 7.01955).abs() < 1e-3);
        assert_eq!(TuningFiles::default().tuning(), Ok(Tuning::default()));
        let broken = tuned.with(Kind::Mapping, &file("broken.kbm", "nothing")).unwrap_err();
        assert!(broken.starts_with("broken.kbm does not tune the keys: the keyboard mapping"), "{broken}");
        let none = tuned.with(Kind::Scale, Path::new("/nowhere/none.scl")).unwrap_err();
        assert!(none.starts_with("none.scl cannot be read"), "{none}");
    }
}
