//! What can be wrong with a dataset. Any thread.

use std::{io, path::PathBuf};

/// Why a dataset cannot be read or sorted. Each is one sentence that names the file and the place.
#[derive(Debug, thiserror::Error)]
pub enum NsynthError {
    /// The system does not give the file.
    #[error("{} cannot be read: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// Neither form of the dataset.
    #[error("{} is no NSynth data: {reason}", path.display())]
    NotNsynth {
        /// The file or folder.
        path: PathBuf,
        /// What was looked for; completes the sentence.
        reason: String,
    },
    /// A TFRecord file is damaged, or holds something else than notes.
    #[error("{}, record at byte {offset}: {reason}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Where the record starts.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// `examples.json` is damaged, or holds something else than notes.
    #[error("{}: {reason}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        reason: String,
    },
    /// A note of a folder cannot be used.
    #[error("{}, note {note}: {reason}", path.display())]
    Note {
        /// `examples.json`.
        path: PathBuf,
        /// Name of the note.
        note: String,
        /// What is wrong.
        reason: String,
    },
    /// A picked note cannot be written.
    #[error("{} cannot be written: {reason}", path.display())]
    Write {
        /// The file to be.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The caller of [`walk`](crate::walk) has seen enough.
    #[error("{0}")]
    Stopped(String),
}
