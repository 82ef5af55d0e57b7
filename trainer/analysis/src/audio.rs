//! Sound files in and out, and changes of sample rate. Offline only: it allocates and blocks on the disk, so never on the audio thread.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rubato::audioadapter::Adapter;
use rubato::audioadapter_buffers::direct::SequentialSliceOfVecs;
use rubato::{Fft, FixedSync, Resampler};
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error as DecodeError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

/// Sample rates taken as plausible, Hz: from telephone speech to eight times 48 kHz. Outside it the header is damaged.
const PLAUSIBLE_RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=384_000;

/// Share of the promised samples that a file may lack and still count as whole: encoders round lengths, cut files lose far more.
const LENGTH_TOLERANCE: f64 = 0.01;

/// Input block of the resampler, samples. Its filter is as long, so the transition band is about 1 % of the band: flat to 21 kHz
/// at 44.1 kHz.
const RESAMPLER_BLOCK: usize = 2048;

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
    #[error("{} is not a WAV, FLAC, MP3 or Ogg Vorbis file", path.display())]
    NotAudio {
        /// The file.
        path: PathBuf,
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
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
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

    /// The mean of the channels.
    pub fn mono(&self) -> Vec<f32> {
        match self.channels.as_slice() {
            [] => Vec::new(),
            [only] => only.clone(),
            channels => {
                let share = 1.0 / channels.len() as f32;
                (0..self.len()).map(|i| channels.iter().map(|channel| channel[i]).sum::<f32>() * share).collect()
            }
        }
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
        let wanted =
            (self.len() as u64 * u64::from(rate_hz) * 2 + u64::from(self.sample_rate_hz)) / (2 * u64::from(self.sample_rate_hz));
        let channels =
            self.channels.iter().map(|samples| resample(samples, self.sample_rate_hz, rate_hz, wanted as usize)).collect();
        Self { sample_rate_hz: rate_hz, channels }
    }
}

/// Resamples one channel to exactly `wanted` samples.
fn resample(samples: &[f32], from_hz: u32, to_hz: u32, wanted: usize) -> Vec<f32> {
    let common = gcd(from_hz, to_hz) as usize;
    let unit = from_hz as usize / common;
    // The filter is centred on a whole sample only in blocks of even length; an odd one would shift the sound by half a sample.
    let block = unit * RESAMPLER_BLOCK.div_ceil(unit).next_multiple_of(2);
    let mut resampler = Fft::<f32>::new_custom(
        from_hz as usize,
        to_hz as usize,
        block,
        1,
        1,
        rubato::WindowFunction::BlackmanHarris2,
        FixedSync::Both,
    )
    .expect("rates and block are positive");
    let input = [samples.to_vec()];
    let input = SequentialSliceOfVecs::new(&input, 1, samples.len()).expect("one channel of the given length");
    let output = resampler.process_all(&input, samples.len(), None).expect("buffers are sized by the resampler");
    (0..wanted).map(|i| output.read_sample(0, i).unwrap_or(0.0)).collect()
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Reads a WAV (integer or float), FLAC, MP3 or Ogg Vorbis file; encoder delay and padding are cut off, samples that are not numbers
/// become silence.
///
/// # Errors
/// [`AudioError`], one sentence naming the file, for anything that is not a whole sound file.
pub fn read_audio(path: impl AsRef<Path>) -> Result<Audio, AudioError> {
    let path = path.as_ref();
    let open_error = |reason| AudioError::Open { path: path.into(), reason };
    let file = File::open(path).map_err(open_error)?;
    let meta = file.metadata().map_err(open_error)?;
    if meta.is_dir() {
        return Err(open_error(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    if meta.len() == 0 {
        return Err(AudioError::Empty { path: path.into() });
    }
    decode(path, file)
}

fn decode(path: &Path, file: File) -> Result<Audio, AudioError> {
    let damaged = |reason: String| AudioError::Damaged { path: path.into(), reason };
    let not_audio = || AudioError::NotAudio { path: path.into() };

    let mut hint = Hint::new();
    if let Some(extension) = path.extension().and_then(|extension| extension.to_str()) {
        hint.with_extension(extension);
    }
    let stream = MediaSourceStream::new(Box::new(file), Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(|_| not_audio())?;
    let track = format.default_track(TrackType::Audio).ok_or_else(not_audio)?;
    let params = track.codec_params.as_ref().and_then(|params| params.audio()).ok_or_else(not_audio)?;
    let (track_id, promised) = (track.id, track.num_frames);
    let mut decoder =
        symphonia::default::get_codecs().make_audio_decoder(params, &AudioDecoderOptions::default()).map_err(|_| not_audio())?;

    let mut rate_hz = params.sample_rate;
    check_rate(path, rate_hz)?;
    let mut channels: Vec<Vec<f32>> = Vec::new();
    let mut planes: Vec<Vec<f32>> = Vec::new();
    loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            // A chained stream starts over with other parameters: the first chain is the recording.
            Ok(None) | Err(DecodeError::ResetRequired) => break,
            // What is missing shows in the count of samples below.
            Err(DecodeError::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(damaged(error.to_string())),
        };
        if packet.track_id != track_id {
            continue;
        }
        let buffer = match decoder.decode(&packet) {
            Ok(buffer) => buffer,
            // One bad packet of a stream is skipped, as every player does; a file of bad packets has no samples in the end.
            Err(DecodeError::DecodeError(_) | DecodeError::IoError(_)) => continue,
            Err(error) => return Err(damaged(error.to_string())),
        };
        let now_hz = buffer.spec().rate();
        if rate_hz.is_some_and(|rate| rate != now_hz) {
            return Err(damaged(format!("its sample rate changes from {} to {now_hz} Hz", rate_hz.unwrap_or(0))));
        }
        rate_hz = Some(now_hz);
        buffer.copy_to_vecs_planar(&mut planes);
        if channels.is_empty() {
            channels.resize(planes.len(), Vec::new());
        }
        if channels.len() != planes.len() {
            return Err(damaged("its number of channels changes".into()));
        }
        for (channel, plane) in channels.iter_mut().zip(&planes) {
            channel.extend(plane.iter().map(|&sample| if sample.is_finite() { sample } else { 0.0 }));
        }
    }

    check_rate(path, rate_hz)?;
    let found = channels.first().map_or(0, Vec::len) as u64;
    if let Some(promised) = promised
        && (found as f64) < promised as f64 * (1.0 - LENGTH_TOLERANCE)
    {
        return Err(AudioError::Truncated { path: path.into(), promised, found });
    }
    match rate_hz {
        Some(sample_rate_hz) if found > 0 => Ok(Audio { sample_rate_hz, channels }),
        _ => Err(AudioError::NoSamples { path: path.into() }),
    }
}

fn check_rate(path: &Path, rate_hz: Option<u32>) -> Result<(), AudioError> {
    match rate_hz {
        Some(rate_hz) if !PLAUSIBLE_RATES_HZ.contains(&rate_hz) => Err(AudioError::Rate { path: path.into(), rate_hz }),
        _ => Ok(()),
    }
}

/// Writes a 32-bit float WAV. The file appears whole or not at all: it is written beside its place and then renamed.
///
/// # Errors
/// [`AudioError::Write`] when the disk refuses, or when `audio` has no channel.
pub fn write_wav(path: impl AsRef<Path>, audio: &Audio) -> Result<(), AudioError> {
    let path = path.as_ref();
    let error = |reason: String| AudioError::Write { path: path.into(), reason };
    let name = path.file_name().ok_or_else(|| error("it has no file name".into()))?;
    if audio.channels.is_empty() {
        return Err(error("there is no channel to write".into()));
    }
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}.part", std::process::id()));
    let beside = path.with_file_name(beside);

    let write = || -> Result<(), hound::Error> {
        let spec = hound::WavSpec {
            channels: audio.channels.len() as u16,
            sample_rate: audio.sample_rate_hz,
            bits_per_sample: 32,
            sample_format: hound::SampleFormat::Float,
        };
        let mut writer = hound::WavWriter::create(&beside, spec)?;
        for i in 0..audio.len() {
            for channel in &audio.channels {
                writer.write_sample(channel[i])?;
            }
        }
        writer.finalize()?;
        std::fs::rename(&beside, path)?;
        Ok(())
    };
    write().map_err(|reason| {
        // Best effort: the sentence about the first failure matters more than a leftover.
        let _ = std::fs::remove_file(&beside);
        error(reason.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
    }

    /// A folder of its own for each test, removed when dropped.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("syrinx-audio-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }
        fn file(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn sine(rate: u32, hz: f64, amplitude: f64, len: usize) -> Vec<f32> {
        (0..len).map(|i| (amplitude * (TAU * hz * i as f64 / f64::from(rate)).sin()) as f32).collect()
    }

    /// Amplitude and phase of `hz` in the middle of `samples`, by projection over whole periods.
    fn tone(samples: &[f32], rate: u32, hz: f64) -> (f64, f64) {
        let middle = samples.len() / 4..samples.len() * 3 / 4;
        let periods = (middle.len() as f64 * hz / f64::from(rate)).floor();
        let len = (periods * f64::from(rate) / hz).round() as usize;
        let (mut re, mut im) = (0.0, 0.0);
        for i in middle.start..middle.start + len {
            let phase = TAU * hz * i as f64 / f64::from(rate);
            re += f64::from(samples[i]) * phase.cos();
            im += f64::from(samples[i]) * phase.sin();
        }
        (2.0 * re.hypot(im) / len as f64, re.atan2(im))
    }

    #[test]
    fn reads_every_format_at_its_rate_level_and_length() {
        let cases = [
            ("tone-32k-mono.flac", 32_000, vec![0.5], 16_000, 1e-4),
            ("tone-44k-stereo.mp3", 44_100, vec![0.5, 0.25], 22_050, 0.01),
            ("tone-44k-stereo.ogg", 44_100, vec![0.5, 0.25], 22_050, 0.01),
        ];
        for (name, rate, amplitudes, len, tolerance) in cases {
            let audio = read_audio(fixture(name)).unwrap();
            assert_eq!((audio.sample_rate_hz, audio.channels.len(), audio.len()), (rate, amplitudes.len(), len), "{name}");
            for (channel, amplitude) in audio.channels.iter().zip(amplitudes) {
                let (got, phase) = tone(channel, rate, 440.0);
                assert!((got / amplitude - 1.0).abs() < tolerance, "{name}: amplitude {got}, wrote {amplitude}");
                // A sample of delay is 0.06 rad at 44.1 kHz: encoder delay must be cut off exactly.
                assert!(phase.abs() < 0.02, "{name}: phase {phase}");
            }
        }
    }

    #[test]
    fn reads_wav_of_every_width() {
        let folder = Folder::new("widths");
        let wanted = sine(22_050, 300.0, 0.7, 11_025);
        for (bits, format, tolerance) in [
            (8, hound::SampleFormat::Int, 0.01),
            (16, hound::SampleFormat::Int, 1e-4),
            (24, hound::SampleFormat::Int, 1e-6),
            (32, hound::SampleFormat::Int, 1e-6),
            (32, hound::SampleFormat::Float, 0.0),
        ] {
            let path = folder.file(&format!("{bits}-{format:?}.wav"));
            let spec = hound::WavSpec { channels: 1, sample_rate: 22_050, bits_per_sample: bits, sample_format: format };
            let mut writer = hound::WavWriter::create(&path, spec).unwrap();
            for &sample in &wanted {
                match format {
                    hound::SampleFormat::Float => writer.write_sample(sample).unwrap(),
                    hound::SampleFormat::Int => {
                        writer.write_sample((f64::from(sample) * ((1u64 << (bits - 1)) - 1) as f64).round() as i32).unwrap();
                    }
                }
            }
            writer.finalize().unwrap();
            let audio = read_audio(&path).unwrap();
            assert_eq!((audio.sample_rate_hz, audio.len()), (22_050, 11_025));
            let worst = audio.channels[0].iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= tolerance, "{bits} bits {format:?}: off by {worst}");
        }
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        let folder = Folder::new("write");
        let path = folder.file("stereo.wav");
        let audio =
            Audio { sample_rate_hz: 48_000, channels: vec![sine(48_000, 440.0, 1.5, 4800), sine(48_000, 880.0, 0.1, 4800)] };
        write_wav(&path, &audio).unwrap();
        assert_eq!(read_audio(&path).unwrap(), audio);
        assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1, "the file written beside must be gone");
        let error = write_wav(folder.file("no/such/folder.wav"), &audio).unwrap_err().to_string();
        assert!(error.starts_with("cannot write") && error.contains("folder.wav"), "{error}");
    }

    #[test]
    fn resampling_keeps_level_alignment_and_length() {
        for (from, to) in
            [(44_100, 48_000), (48_000, 44_100), (46_307, 48_000), (96_000, 48_000), (8_000, 48_000), (40_698, 48_000)]
        {
            for hz in [100.0, 1000.0, 3500.0] {
                let len = from as usize / 2 + 7;
                let audio = Audio::from_mono(from, sine(from, hz, 0.8, len)).resampled(to);
                assert_eq!(audio.len(), (len as f64 * f64::from(to) / f64::from(from)).round() as usize);
                let (amplitude, phase) = tone(&audio.channels[0], to, hz);
                assert!((20.0 * (amplitude / 0.8).log10()).abs() < 0.01, "{from} to {to}, {hz} Hz: amplitude {amplitude}");
                assert!(phase.abs() < 0.002, "{from} to {to}, {hz} Hz: phase {phase}");
            }
        }
        // The top of the band of CD recordings survives, and nothing above the new band folds back.
        let top = Audio::from_mono(44_100, sine(44_100, 21_000.0, 0.5, 22_050)).resampled(48_000);
        assert!((tone(&top.channels[0], 48_000, 21_000.0).0 / 0.5 - 1.0).abs() < 0.01);
        let folded = Audio::from_mono(96_000, sine(96_000, 30_000.0, 0.5, 48_000)).resampled(48_000);
        assert!(folded.channels[0][2000..22_000].iter().all(|x| x.abs() < 1e-4));
    }

    #[test]
    fn mono_is_the_mean_of_the_channels() {
        let audio = Audio { sample_rate_hz: 48_000, channels: vec![vec![1.0, 0.5], vec![0.0, -0.5]] };
        assert_eq!(audio.mono(), vec![0.5, 0.0]);
    }

    #[test]
    fn every_bad_file_gives_one_sentence_with_its_name() {
        let folder = Folder::new("bad");
        let whole = folder.file("whole.wav");
        write_wav(&whole, &Audio::from_mono(48_000, sine(48_000, 440.0, 0.5, 9600))).unwrap();
        let wav = std::fs::read(&whole).unwrap();
        let flac = std::fs::read(fixture("tone-32k-mono.flac")).unwrap();
        let mut odd_rate = wav.clone();
        odd_rate[24..28].copy_from_slice(&3_000_000_000u32.to_le_bytes());
        let mut slow = wav.clone();
        slow[24..28].copy_from_slice(&10u32.to_le_bytes());
        let none = folder.file("none.wav");
        write_wav(&none, &Audio::from_mono(48_000, vec![])).unwrap();
        let cases: Vec<(&str, Vec<u8>, &str)> = vec![
            ("empty.wav", vec![], "is empty"),
            ("text.wav", b"This is not a sound at all, only a long enough line of text.\n".repeat(50), "is not a WAV"),
            ("text.mp3", b"Neither is this one a sound, though its name ends in mp3.\n".repeat(50), "is not a WAV"),
            ("cut.wav", wav[..wav.len() / 2].to_vec(), "is cut short"),
            ("cut.flac", flac[..flac.len() / 2].to_vec(), "is cut short"),
            ("header.wav", wav[..30].to_vec(), "is not a WAV"),
            ("rate.wav", odd_rate, "3000000000 Hz"),
            ("slow.wav", slow, "10 Hz"),
            ("none2.wav", std::fs::read(&none).unwrap(), "holds no samples"),
        ];
        for (name, bytes, wanted) in cases {
            let path = folder.file(name);
            std::fs::write(&path, bytes).unwrap();
            let error = read_audio(&path).expect_err(name).to_string();
            assert!(error.contains(name) && error.contains(wanted) && !error.contains('\n'), "{name}: {error}");
        }
        let missing = read_audio(folder.file("missing.wav")).unwrap_err().to_string();
        assert!(missing.contains("cannot open") && missing.contains("missing.wav"), "{missing}");
        let a_folder = read_audio(&folder.0).unwrap_err().to_string();
        assert!(a_folder.contains("cannot open"), "{a_folder}");
    }

    /// Damage anywhere in a file ends in a value or an error, never in a panic or a number that is not finite.
    #[test]
    fn damaged_files_never_panic() {
        let folder = Folder::new("damage");
        let mut state = 1u32;
        let mut random = move |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % below
        };
        for name in ["tone-32k-mono.flac", "tone-44k-stereo.mp3", "tone-44k-stereo.ogg"] {
            let bytes = std::fs::read(fixture(name)).unwrap();
            for _ in 0..60 {
                let mut bad = bytes.clone();
                for _ in 0..4 {
                    let at = random(bad.len());
                    bad[at] = random(256) as u8;
                }
                let path = folder.file(name);
                std::fs::write(&path, bad).unwrap();
                if let Ok(audio) = read_audio(&path) {
                    assert!(audio.channels.iter().flatten().all(|x| x.is_finite()));
                }
            }
        }
    }
}
