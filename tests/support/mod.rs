//! What the whole-program tests share: running `syrinx` as its user would, and measuring what came out.

#![allow(dead_code, unused_imports)]

mod demo_voice;
mod heard;
mod long;
mod loudness;

pub use demo_voice::demo_voice;
pub use heard::heard;
pub use long::in_long_form;
pub use loudness::{k_levels, lufs};

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};
use syrinx_analysis::{Audio, read_audio, write_wav};
use syrinx_singer::DemoVoice;
use syrinx_tracker::Features;

pub const RATE_HZ: u32 = 48_000;
/// Frames a second.
pub const FRAME_RATE_HZ: f64 = syrinx_tracker::FRAME_RATE_HZ as f64;

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

pub fn cents(a: f32, b: f64) -> f64 {
    1200.0 * (f64::from(a) / b).log2()
}

/// The same, whatever the octave.
pub fn cents_of_any_octave(a: f32, b: f64) -> f64 {
    let off = cents(a, b);
    off - 1200.0 * (off / 1200.0).round()
}

/// Reeds or pipes of several octaves sound together in these instruments: a tracker may hear any of them.
pub const OCTAVES: &[&str] = &["harmonium", "organ"];

/// How an instrument followed a voice of which the truth is known.
#[derive(Debug)]
pub struct Following {
    /// Share of surely voiced frames whose output pitch is within 50 cents of the voice's, transposed.
    pub within_50_cents: f64,
    /// The same, in whichever octave: instruments of several reeds or pipes a note sound in more than one.
    pub within_any_octave: f64,
    /// Mean |loudness out - loudness in|, K-weighted, over surely voiced frames, dB.
    pub loudness_error_db: f64,
    /// Frames that counted.
    pub frames: usize,
}

/// Compares an instrument's output with the voice, frame by frame. Frames within 60 ms of a change of voicing do not count: there, the
/// voice itself is in doubt.
pub fn following(voice: &DemoVoice, out: &[f32], semitones: f64) -> Following {
    following_sung(voice, &heard(RATE_HZ, &voice.samples), out, semitones)
}

/// The same of a voice that has been heard already, as [`heard`] does.
pub fn following_sung(voice: &DemoVoice, sung: &[Features], out: &[f32], semitones: f64) -> Following {
    let played = heard(RATE_HZ, out);
    let (sung_db, played_db) = (k_levels(&voice.samples), k_levels(out));
    let sure = |time_s: f64| {
        (-15..=15).all(|i| {
            let truth = voice.truth_at(time_s + f64::from(i) / FRAME_RATE_HZ);
            truth.voiced && truth.certain
        })
    };
    let (mut frames, mut within, mut any, mut error) = (0, 0, 0, 0.0);
    for n in 0..sung.len().min(played.len()).min(sung_db.len()).min(played_db.len()) {
        let time_s = n as f64 / FRAME_RATE_HZ;
        if sure(time_s) {
            frames += 1;
            let target = voice.truth_at(time_s).f0_hz * (semitones / 12.0).exp2();
            let f0_hz = played[n].f0_hz;
            within += usize::from(f0_hz > 0.0 && cents(f0_hz, target).abs() < 50.0);
            any += usize::from(f0_hz > 0.0 && cents_of_any_octave(f0_hz, target).abs() < 50.0);
            error += f64::from(played_db[n] - sung_db[n]).abs();
        }
    }
    assert!(frames > 200, "only {frames} frames are surely voiced");
    let share = |count: usize| count as f64 / frames as f64;
    Following { within_50_cents: share(within), within_any_octave: share(any), loudness_error_db: error / frames as f64, frames }
}
