//! Sound files, block by block.

use super::{
    Audio, AudioError,
    formats::{BEGINNING, name_of, name_of_codec},
    wav_header::WavSource,
};
use std::{
    fs::File,
    io::{self, Read, Seek},
    path::{Path, PathBuf},
};
use symphonia::core::{
    codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions},
    errors::Error as DecodeError,
    formats::{FormatOptions, FormatReader, TrackType, probe::Hint, well_known::FORMAT_ID_ADTS},
    io::{MediaSource, MediaSourceStream},
    meta::MetadataOptions,
};

/// Sample rates taken as plausible, Hz: from telephone speech to eight times 48 kHz. Outside it the header is damaged.
const PLAUSIBLE_RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=384_000;

/// Share of the promised samples that a file may lack and still count as whole: encoders round lengths, cut files lose far more.
const LENGTH_TOLERANCE: f64 = 0.01;

/// A sound file being read: it holds one block at a time, whatever the file's length.
///
/// Encoder delay and padding are cut off, but for AAC's, which the decoder leaves; samples that are not numbers become silence.
pub struct SoundReader {
    path: PathBuf,
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track_id: u32,
    /// Samples a channel by the header.
    promised: Option<u64>,
    /// Whether there is nothing but filling after the promised samples.
    is_exact: bool,
    found: u64,
    sample_rate_hz: u32,
    /// The block at hand; the first one is read when the file is opened, for some formats tell rate and channels there only.
    block: Vec<Vec<f32>>,
    is_first: bool,
}

impl SoundReader {
    /// Opens a file in one of [`FORMATS`](super::FORMATS).
    ///
    /// # Errors
    /// [`AudioError`], one sentence naming the file, for anything that is no sound file, or one without samples.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, AudioError> {
        let path = path.as_ref();
        let open_error = |reason| AudioError::Open { path: path.into(), reason };
        // Asked before it is opened: that waits for a pipe's other end.
        let meta = std::fs::metadata(path).map_err(open_error)?;
        if meta.is_dir() {
            return Err(open_error(io::ErrorKind::IsADirectory.into()));
        }
        if !meta.is_file() {
            return Err(open_error(io::Error::other("it is a device or a pipe, and a file is needed")));
        }
        if meta.len() == 0 {
            return Err(AudioError::Empty { path: path.into() });
        }
        let mut file = File::open(path).map_err(open_error)?;
        let mut beginning = Vec::new();
        file.by_ref().take(BEGINNING as u64).read_to_end(&mut beginning).map_err(open_error)?;
        if let Some(what) = name_of(&beginning) {
            return Err(AudioError::Unsupported { path: path.into(), what });
        }
        let wav = WavSource::open(&mut file).map_err(open_error)?;
        let promised = wav.as_ref().and_then(WavSource::promised);
        let source: Box<dyn MediaSource> = match wav {
            Some(wav) => Box::new(wav),
            None => {
                file.rewind().map_err(open_error)?;
                Box::new(file)
            }
        };
        let mut reader = Self::begin(path, source, promised)?;
        if !reader.read_block()? {
            reader.check_end()?;
        }
        Ok(reader)
    }

    fn begin(path: &Path, source: Box<dyn MediaSource>, promised: Option<u64>) -> Result<Self, AudioError> {
        let not_audio = || AudioError::NotAudio { path: path.into() };
        let mut hint = Hint::new();
        if let Some(extension) = path.extension().and_then(|extension| extension.to_str()) {
            hint.with_extension(extension);
        }
        let stream = MediaSourceStream::new(source, Default::default());
        let format = symphonia::default::get_probe()
            .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
            .map_err(|_| not_audio())?;
        let track =
            format.default_track(TrackType::Audio).or_else(|| format.first_track(TrackType::Audio)).ok_or_else(not_audio)?;
        let params = track.codec_params.as_ref().and_then(|params| params.audio()).ok_or_else(not_audio)?;
        let decoder = decoder(path, params)?;
        // A bare stream of AAC has no header: its length is a guess.
        let told = track.num_frames.filter(|_| format.format_info().format != FORMAT_ID_ADTS);
        let sample_rate_hz = params.sample_rate.unwrap_or(0);
        if params.sample_rate.is_some() {
            check_rate(path, sample_rate_hz)?;
        }
        Ok(Self {
            path: path.into(),
            track_id: track.id,
            decoder,
            promised: promised.or(told),
            is_exact: promised.is_some(),
            found: 0,
            sample_rate_hz,
            block: Vec::new(),
            is_first: true,
            format,
        })
    }

    /// Samples a second.
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Number of channels, one at least.
    pub fn channels(&self) -> usize {
        self.block.len()
    }

    /// The next samples, one vector of equal length a channel; `None` at the end.
    ///
    /// # Errors
    /// [`AudioError`] where the file is damaged or ends before the length that it promises.
    pub fn next_block(&mut self) -> Result<Option<&[Vec<f32>]>, AudioError> {
        if !std::mem::take(&mut self.is_first) && !self.read_block()? {
            self.check_end()?;
            return Ok(None);
        }
        Ok(Some(&self.block))
    }

    /// Reads the next block that is not empty; whether there was one.
    fn read_block(&mut self) -> Result<bool, AudioError> {
        loop {
            let packet = match self.format.next_packet() {
                Ok(Some(packet)) => packet,
                // A chained stream starts over with other parameters: the first chain is the recording.
                Ok(None) | Err(DecodeError::ResetRequired) => return Ok(false),
                // What is missing shows in the count of samples.
                Err(DecodeError::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
                Err(error) => return Err(self.damaged(error.to_string())),
            };
            if packet.track_id != self.track_id {
                continue;
            }
            let buffer = match self.decoder.decode(&packet) {
                Ok(buffer) => buffer,
                // One bad packet of a stream is skipped, as every player does; a file of bad packets has no samples in the end.
                Err(DecodeError::DecodeError(_) | DecodeError::IoError(_)) => continue,
                Err(error) => return Err(AudioError::damaged(&self.path, error.to_string())),
            };
            let (before_hz, now_hz) = (self.sample_rate_hz, buffer.spec().rate());
            if before_hz == 0 {
                check_rate(&self.path, now_hz)?;
            } else if before_hz != now_hz {
                return Err(AudioError::damaged(&self.path, format!("its sample rate changes from {before_hz} to {now_hz} Hz")));
            }
            self.sample_rate_hz = now_hz;
            let channels = self.block.len();
            buffer.copy_to_vecs_planar(&mut self.block);
            if channels != 0 && channels != self.block.len() {
                return Err(self.damaged("its number of channels changes".into()));
            }
            let len = self.block.first().map_or(0, Vec::len);
            let wanted = match self.promised {
                Some(promised) if self.is_exact => usize::try_from(promised - self.found).map_or(len, |missing| len.min(missing)),
                _ => len,
            };
            for channel in &mut self.block {
                channel.truncate(wanted);
                channel.iter_mut().filter(|sample| !sample.is_finite()).for_each(|sample| *sample = 0.0);
            }
            self.found += wanted as u64;
            if wanted > 0 {
                return Ok(true);
            }
        }
    }

    fn check_end(&self) -> Result<(), AudioError> {
        let found = self.found;
        match self.promised {
            Some(promised) if (found as f64) < promised as f64 * (1.0 - LENGTH_TOLERANCE) => {
                Err(AudioError::Truncated { path: self.path.clone(), promised, found })
            }
            _ if found == 0 => Err(AudioError::NoSamples { path: self.path.clone() }),
            _ => Ok(()),
        }
    }

    fn damaged(&self, reason: String) -> AudioError {
        AudioError::damaged(&self.path, reason)
    }
}

/// Reads a whole file; see [`SoundReader`].
///
/// # Errors
/// [`AudioError`], one sentence naming the file, for anything that is not a whole sound file.
pub fn read_audio(path: impl AsRef<Path>) -> Result<Audio, AudioError> {
    let mut reader = SoundReader::open(path)?;
    let mut channels = vec![Vec::new(); reader.channels()];
    while let Some(block) = reader.next_block()? {
        channels.iter_mut().zip(block).for_each(|(channel, block)| channel.extend_from_slice(block));
    }
    Ok(Audio { sample_rate_hz: reader.sample_rate_hz, channels })
}

fn decoder(path: &Path, params: &AudioCodecParameters) -> Result<Box<dyn AudioDecoder>, AudioError> {
    symphonia::default::get_codecs()
        .make_audio_decoder(params, &AudioDecoderOptions::default())
        .map_err(|_| AudioError::Unsupported { path: path.into(), what: name_of_codec(params.codec) })
}

fn check_rate(path: &Path, rate_hz: u32) -> Result<(), AudioError> {
    if PLAUSIBLE_RATES_HZ.contains(&rate_hz) { Ok(()) } else { Err(AudioError::Rate { path: path.into(), rate_hz }) }
}
