//! Sound files in and out, and changes of sample rate. Offline only: it allocates and blocks on the disk, so never on the audio thread.

mod formats;
mod read;
mod resample;
mod voice;
mod wav_header;
mod wav_writer;

pub use formats::{EXTENSIONS, FORMATS, is_sound_file, is_unreadable_sound_file};
pub use read::{SoundReader, read_audio};
pub use resample::{Resampler, resampled_len};
pub(crate) use voice::ROUNDING_DB;
pub use voice::{Levels, Voice};
pub use wav_writer::WavWriter;

use std::{
    io,
    path::{Path, PathBuf},
};
use syrinx_file::{Output, WriteError, write_whole};

/// Sound in memory: one vector of samples a channel, all of one length, full scale at ±1.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    /// Samples a second.
    pub sample_rate_hz: u32,
    /// `channels[channel][sample]`.
    pub channels: Vec<Vec<f32>>,
}

/// Why a sound file cannot be read or written. Each is one sentence that names the file.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// The file cannot be opened.
    #[error("cannot open {}: {reason}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// The file has no bytes.
    #[error("{} is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Not a format that is read here.
    #[error("{} is not a {FORMATS} file", path.display())]
    NotAudio {
        /// The file.
        path: PathBuf,
    },
    /// A sound, but of a kind that cannot be read here.
    #[error("{} is {what}, which cannot be read; convert it to WAV or FLAC", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What the format is called.
        what: &'static str,
    },
    /// The right format, but damaged.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file ends before the length that it promises.
    #[error("{} is cut short: it promises {promised} samples and holds {found}", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Samples a channel by its header.
        promised: u64,
        /// Samples a channel that could be decoded.
        found: u64,
    },
    /// A valid file without sound.
    #[error("{} holds no samples", path.display())]
    NoSamples {
        /// The file.
        path: PathBuf,
    },
    /// A sample rate that no recording has.
    #[error("{} says that its sample rate is {rate_hz} Hz, which cannot be right", path.display())]
    Rate {
        /// The file.
        path: PathBuf,
        /// The rate by its header.
        rate_hz: u32,
    },
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl AudioError {
    fn damaged(path: &Path, reason: String) -> Self {
        Self::Damaged { path: path.into(), reason }
    }
}

impl Audio {
    /// One channel at `sample_rate_hz`.
    pub fn from_mono(sample_rate_hz: u32, samples: Vec<f32>) -> Self {
        Self { sample_rate_hz, channels: vec![samples] }
    }

    /// Samples a channel.
    pub fn len(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }

    /// Whether there is no sample at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.len() as f64 / f64::from(self.sample_rate_hz)
    }

    /// How loud the channels are, and which of them are the voice.
    pub fn levels(&self) -> Levels {
        let mut levels = Levels::default();
        levels.hear(&self.channels);
        levels
    }

    /// The voice as one channel: the mean of the channels that [`Levels::voice`] finds.
    pub fn mono(&self) -> Vec<f32> {
        self.levels().voice().of(&self.channels)
    }

    /// The same sound at another rate: band-limited, without delay, of `round(len * rate_hz / sample_rate_hz)` samples.
    ///
    /// # Panics
    /// When either rate is 0.
    pub fn resampled(&self, rate_hz: u32) -> Self {
        assert!(rate_hz > 0 && self.sample_rate_hz > 0, "sample rates must be positive");
        if rate_hz == self.sample_rate_hz || self.is_empty() {
            return Self { sample_rate_hz: rate_hz, channels: self.channels.clone() };
        }
        let wanted = resampled_len(self.len() as u64, self.sample_rate_hz, rate_hz) as usize;
        let resample = |samples: &Vec<f32>| {
            let (mut resampler, mut out) = (Resampler::new(self.sample_rate_hz, rate_hz), Vec::with_capacity(wanted));
            resampler.process(samples, &mut out);
            out.truncate(wanted);
            resampler.finish(wanted - out.len(), &mut out);
            out
        };
        Self { sample_rate_hz: rate_hz, channels: self.channels.iter().map(resample).collect() }
    }
}

/// Writes a 32-bit float WAV, whole or not at all.
///
/// # Errors
/// [`AudioError::Write`] when the disk refuses, or when `audio` has no channel.
pub fn write_wav(path: impl AsRef<Path>, audio: &Audio) -> Result<(), AudioError> {
    let path = path.as_ref();
    if audio.channels.is_empty() {
        return Err(WriteError { path: path.into(), reason: io::Error::other("there is no channel to write") }.into());
    }
    write_whole(path, |output: &mut Output| {
        let mut writer = WavWriter::begin(output, audio.sample_rate_hz, audio.channels.len(), audio.len() as u64)?;
        writer.write(&audio.channels)?;
        writer.finish();
        Ok(())
    })
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
