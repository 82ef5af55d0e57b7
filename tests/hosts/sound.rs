//! Sounds for hosts: making them, rendering them with `syrinx`, and comparing what comes back.

use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::Command,
};
use syrinx_analysis::{Audio, read_audio, write_wav};
use syrinx_tracker::FRAME_RATE_HZ;

use syrinx_testkit::{demo_voice, heard};

/// A sound of some channels.
#[derive(Clone)]
pub struct Sound {
    pub rate_hz: u32,
    pub channels: Vec<Vec<f32>>,
}

/// A sound in a file, as the scripts in this folder read it.
pub struct RawFile {
    pub file: PathBuf,
    pub channels: usize,
}

impl Sound {
    /// The beginning of a recorded voice where there is one beside the repository, of the sung voice elsewhere: in stereo, a little quieter
    /// on the right.
    pub fn voice(rate_hz: u32, seconds: f64) -> Self {
        let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/voices/singing-female.flac");
        let mut left = match read_audio(&recorded) {
            Ok(audio) => audio.resampled(rate_hz).mono(),
            Err(_) => demo_voice(rate_hz, 1).samples,
        };
        left.truncate((seconds * f64::from(rate_hz)) as usize);
        let right = left.iter().map(|x| 0.8 * x).collect();
        Self { rate_hz, channels: vec![left, right] }
    }

    pub fn len(&self) -> usize {
        self.channels[0].len()
    }

    pub fn first_channel(&self) -> Self {
        Self { rate_hz: self.rate_hz, channels: vec![self.channels[0].clone()] }
    }

    pub fn after_silence(&self, samples: usize) -> Self {
        self.map(|c| [vec![0.0; samples], c.to_vec()].concat())
    }

    pub fn skip(&self, first: usize) -> Self {
        self.map(|c| c[first.min(c.len())..].to_vec())
    }

    pub fn up_to(&self, end: usize) -> Self {
        self.map(|c| c[..end].to_vec())
    }

    fn map(&self, f: impl Fn(&[f32]) -> Vec<f32>) -> Self {
        Self { rate_hz: self.rate_hz, channels: self.channels.iter().map(|c| f(c)).collect() }
    }

    pub fn peak(&self) -> f32 {
        self.channels.iter().flatten().fold(0.0, |p, x| p.max(x.abs()))
    }

    /// What a script wrote, without the delay that its answer tells of.
    pub fn read_raw(path: &Path, rate_hz: u32, answer: &Value) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let samples: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        let channels = answer["channels"].as_u64().unwrap() as usize;
        let delay = answer["delay"].as_u64().unwrap() as usize;
        Self { rate_hz, channels: samples.chunks(samples.len() / channels).map(<[f32]>::to_vec).collect() }.skip(delay)
    }

    /// Reads a WAV file.
    pub fn read(path: &Path) -> Self {
        let audio = read_audio(path).unwrap();
        Self { rate_hz: audio.sample_rate_hz, channels: audio.channels }
    }

    pub fn write(&self, path: &Path) {
        write_wav(path, &Audio { sample_rate_hz: self.rate_hz, channels: self.channels.clone() }).unwrap();
    }

    /// The largest difference of two samples, over the whole length of `other`.
    pub fn distance(&self, other: &Self) -> f32 {
        assert_eq!(self.channels.len(), other.channels.len(), "channels");
        assert!(self.len() >= other.len(), "{} samples instead of {}", self.len(), other.len());
        let pairs = self.channels.iter().zip(&other.channels).flat_map(|(a, b)| a.iter().zip(b));
        pairs.fold(0.0, |worst, (a, b)| if (a - b).is_finite() { worst.max((a - b).abs()) } else { f32::INFINITY })
    }

    pub fn differs(&self, other: &Self) -> bool {
        self.distance(other) > 1e-3
    }

    /// Fails unless all samples of `other` are within `tolerance`.
    pub fn assert_equals(&self, other: &Self, tolerance: f32, what: &str) {
        assert!(other.peak() > 0.01, "{what}: nothing is heard");
        let distance = self.distance(other);
        if distance > tolerance {
            let off = |n: &usize| (self.channels[0][*n] - other.channels[0][*n]).abs() > tolerance;
            panic!("{what}: off by up to {distance}, from sample {:?} of {}", (0..other.len()).find(off), other.len());
        }
    }
}

/// A folder for one test, and `syrinx`.
pub struct Workshop(tempfile::TempDir);

impl Workshop {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a sound as scripts read it.
    pub fn raw(&self, name: &str, sound: &Sound) -> RawFile {
        let file = self.path(name);
        let bytes: Vec<u8> = sound.channels.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
        std::fs::write(&file, bytes).unwrap();
        RawFile { file, channels: sound.channels.len() }
    }

    /// What `syrinx render` makes of a voice.
    pub fn render(&self, voice: &Sound, arguments: &[&str]) -> Sound {
        let (input, output) = (self.path("render-in.wav"), self.path("render-out.wav"));
        voice.write(&input);
        let program = syrinx();
        let done = Command::new(&program).arg("render").arg(&input).arg("-o").arg(&output).args(arguments).output();
        let done = done.unwrap_or_else(|e| panic!("{}: {e}", program.display()));
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Sound::read(&output)
    }

    /// The delay that a host is to be told, samples.
    pub fn latency(&self, rate_hz: u32, mode: &str) -> usize {
        let silence = Sound { rate_hz, channels: vec![vec![0.0; 1000]] };
        self.render(&silence, &["--latency", mode, "--raw"]).len() - 1000
    }
}

/// The program, which cargo builds two folders above a test.
fn syrinx() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("syrinx").with_extension(std::env::consts::EXE_EXTENSION)
}

/// The sharpest corner of a wave: its largest second difference.
pub fn roughness(sound: &Sound) -> f32 {
    let corners = sound.channels.iter().flat_map(|c| c.windows(3)).map(|w| (w[0] - 2.0 * w[1] + w[2]).abs());
    corners.fold(0.0, f32::max)
}

/// Fails unless `moved` is `still` with its pitch in semitones, or else its loudness in dB, raised by `curve` of the time in seconds.
pub fn assert_follows(still: &Sound, moved: &Sound, pitch: bool, curve: &dyn Fn(f64) -> f64) {
    let [a, b] = [still, moved].map(|sound| heard(sound.rate_hz, &sound.channels[0]));
    let (mut sure, mut near, mut error) = (0.0, 0.0, 0.0);
    for (n, (a, b)) in a.iter().zip(&b).enumerate() {
        let wanted = curve(n as f64 / f64::from(FRAME_RATE_HZ));
        if a.confidence > 0.8 && b.confidence > 0.8 {
            sure += 1.0;
            let got = if pitch { 12.0 * f64::from(b.f0_hz / a.f0_hz).log2() } else { f64::from(b.loudness_db - a.loudness_db) };
            error += (got - wanted).abs();
            near += f64::from(u8::from((got - wanted).abs() < if pitch { 0.5 } else { 1.5 }));
        }
    }
    println!("{sure} sure frames, {:.1} % near, mean error {:.3}", 100.0 * near / sure, error / sure);
    assert!(sure > 200.0, "only {sure} frames are surely voiced");
    assert!(near > 0.95 * sure, "the automation is followed in {:.1} % of {sure} frames", 100.0 * near / sure);
}
