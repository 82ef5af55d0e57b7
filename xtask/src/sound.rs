//! Sounds on disk, as the pictures need them: one channel of floats.

use crate::Failure;
use std::path::Path;

/// A mono sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// Samples, full scale ±1.
    pub samples: Vec<f32>,
    /// Samples a second.
    pub sample_rate_hz: u32,
}

impl Sound {
    /// Reads a WAV file of any depth; channels are averaged.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let unreadable = |e: hound::Error| format!("{}: {e}", path.display());
        let mut reader = hound::WavReader::open(path).map_err(unreadable)?;
        let spec = reader.spec();
        let interleaved: Vec<f32> = match spec.sample_format {
            hound::SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>(),
            hound::SampleFormat::Int => {
                let scale = 1.0 / (1i64 << (spec.bits_per_sample - 1)) as f32;
                reader.samples::<i32>().map(|s| s.map(|s| s as f32 * scale)).collect()
            }
        }
        .map_err(unreadable)?;
        let channels = usize::from(spec.channels.max(1));
        let samples = interleaved.chunks(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32).collect();
        Ok(Self { samples, sample_rate_hz: spec.sample_rate })
    }

    /// Writes a mono WAV file of 24 bits. What lies beyond full scale is clipped.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        const FULL_SCALE: f32 = ((1 << 23) - 1) as f32;
        let unwritable = |e: hound::Error| format!("{}: {e}", path.display());
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: self.sample_rate_hz,
            bits_per_sample: 24,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(path, spec).map_err(unwritable)?;
        for sample in &self.samples {
            writer.write_sample((sample.clamp(-1.0, 1.0) * FULL_SCALE).round() as i32).map_err(unwritable)?;
        }
        Ok(writer.finalize().map_err(unwritable)?)
    }

    /// Writes a mono WAV file of 32-bit floats.
    pub fn write_float(&self, path: &Path) -> Result<(), Failure> {
        write_floats(path, self.sample_rate_hz, 1, &self.samples)
    }

    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.sample_rate_hz)
    }
}

/// Writes a WAV file of 32-bit floats, the samples of its channels in turn.
pub fn write_floats(path: &Path, sample_rate_hz: u32, channels: u16, interleaved: &[f32]) -> Result<(), Failure> {
    let unwritable = |e: hound::Error| format!("{}: {e}", path.display());
    let spec =
        hound::WavSpec { channels, sample_rate: sample_rate_hz, bits_per_sample: 32, sample_format: hound::SampleFormat::Float };
    let mut writer = hound::WavWriter::create(path, spec).map_err(unwritable)?;
    for sample in interleaved {
        writer.write_sample(*sample).map_err(unwritable)?;
    }
    Ok(writer.finalize().map_err(unwritable)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let path = std::env::temp_dir().join(format!("xtask-sound-{}.wav", std::process::id()));
        let sound = Sound { samples: (0..1000).map(|n| (n as f32 * 0.01).sin() * 0.9).collect(), sample_rate_hz: 44_100 };
        sound.write(&path).unwrap();
        let read = Sound::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!((read.sample_rate_hz, read.samples.len()), (44_100, 1000));
        assert!(read.samples.iter().zip(&sound.samples).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn a_missing_file_is_named() {
        let failure = Sound::read(Path::new("no-such-file.wav")).unwrap_err().to_string();
        assert!(failure.contains("no-such-file.wav"), "{failure}");
    }
}
