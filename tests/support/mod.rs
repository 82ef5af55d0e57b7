//! What the whole-program tests share: running `syrinx` as its user would, and measuring what came out.

#![allow(dead_code, unused_imports)]

pub use syrinx_testkit::*;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};
use syrinx_analysis::{Audio, read_audio, write_wav};

/// Runs `syrinx` with these arguments.
pub fn syrinx<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_syrinx")).args(args).output().expect("the program starts")
}

/// Runs `syrinx`, which must succeed; its standard output.
pub fn ok<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> String {
    let output = syrinx(args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs `syrinx`, which must fail with one clear sentence; the sentence.
pub fn refused<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> String {
    let output = syrinx(args);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "it succeeded: {text}");
    assert!(output.status.code().is_some_and(|c| c == 1 || c == 2), "it crashed: {text}");
    assert!(!text.contains("panicked"), "{text}");
    text
}

/// The recorded voices in `../shared/voices`, by name; nothing where that folder does not lie beside the repository.
pub fn recorded_voices() -> Option<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/voices");
    let entries = std::fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "flac")).collect();
    files.sort();
    Some(files)
}

/// A recorded voice's name, and its sound as one channel at [`RATE_HZ`].
pub fn recorded_voice(file: &Path) -> (String, Vec<f32>) {
    let name = file.file_stem().unwrap().to_string_lossy().into_owned();
    (name, read_audio(file).unwrap().resampled(RATE_HZ).mono())
}

/// A folder that is gone when the test ends.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a mono WAV file.
    pub fn wav(&self, name: &str, rate: u32, samples: &[f32]) -> PathBuf {
        let path = self.path(name);
        write_wav(&path, &Audio::from_mono(rate, samples.to_vec())).unwrap();
        path
    }
}

/// A mono file's samples.
pub fn samples(path: &Path) -> Vec<f32> {
    read_audio(path).unwrap().mono()
}

/// Reeds or pipes of several octaves sound together in these instruments: a tracker may hear any of them.
pub const OCTAVES: &[&str] = &["harmonium", "organ"];
