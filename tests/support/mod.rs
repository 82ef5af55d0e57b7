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

/// Compares a sound with what stands in `tests/golden` under this name, to a decibel; with `SYRINX_BLESS` set, writes what stands there.
pub fn sounds_as_ever(name: &str, sound: &[f32]) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    let path = golden.join(format!("{name}.json"));
    let now = fingerprint(sound);
    if std::env::var_os("SYRINX_BLESS").is_some() {
        std::fs::create_dir_all(&golden).unwrap();
        std::fs::write(&path, serde_json::to_string(&now).unwrap()).unwrap();
        return;
    }
    let then: Vec<Vec<f32>> = serde_json::from_str(&std::fs::read_to_string(&path).expect("a golden file")).unwrap();
    assert_eq!(now.len(), then.len());
    let mut worst = (0.0_f32, 0, 0);
    for (at, (a, b)) in now.iter().zip(&then).enumerate() {
        for (band, (a, b)) in a.iter().zip(b).enumerate() {
            // Noise is the same noise, so bands agree closely; what is 60 dB down does not count.
            if a.max(*b) > -70.0 && (a - b).abs() > worst.0 {
                worst = ((a - b).abs(), at, band);
            }
        }
    }
    assert!(worst.0 < 1.0, "{name}: {:.2} dB off at {} ms in octave band {}", worst.0, worst.1 * 50, worst.2);
}

/// Level in dB of ten octave bands (one-pole differences; coarse, and enough) every 50 ms.
fn fingerprint(sound: &[f32]) -> Vec<Vec<f32>> {
    const BANDS: usize = 9;
    let step = (0.05 * f64::from(RATE_HZ)) as usize;
    let mut low = [[0.0_f64; 2]; BANDS + 1];
    let mut rows = Vec::new();
    for chunk in sound.chunks_exact(step) {
        let mut energy = [0.0_f64; BANDS];
        for x in chunk {
            let mut levels = [0.0; BANDS + 1];
            for (b, state) in low.iter_mut().enumerate() {
                let hz = 44.0 * 2f64.powi(b as i32);
                let a = 1.0 - (-std::f64::consts::TAU * hz / f64::from(RATE_HZ)).exp();
                state[0] += a * (f64::from(*x) - state[0]);
                state[1] += a * (state[0] - state[1]);
                levels[b] = state[1];
            }
            for b in 0..BANDS {
                energy[b] += (levels[b + 1] - levels[b]).powi(2);
            }
        }
        rows.push(energy.iter().map(|e| (10.0 * (e / step as f64 + 1e-12).log10() * 10.0).round() as f32 / 10.0).collect());
    }
    rows
}
