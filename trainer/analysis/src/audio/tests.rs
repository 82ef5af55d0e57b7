//! Sound files of every kind, whole and damaged.

use super::{testing::Folder, *};
use std::f64::consts::TAU;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
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
        ("tone-16k-mono-alac.m4a", 16_000, vec![0.5], 8_000, 1e-4),
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

/// The decoder does not cut off what AAC's encoders put before and after: some hundredths of a second of silence.
#[test]
fn aac_is_read_at_its_rate_and_level() {
    let audio = read_audio(fixture("tone-44k-stereo.m4a")).unwrap();
    assert_eq!((audio.sample_rate_hz, audio.channels.len()), (44_100, 2));
    assert!((22_050..22_050 + 2 * 1024).contains(&audio.len()), "{} samples", audio.len());
    for (channel, amplitude) in audio.channels.iter().zip([0.5, 0.25]) {
        let got = tone(channel, 44_100, 440.0).0;
        assert!((got / amplitude - 1.0).abs() < 0.02, "amplitude {got}, wrote {amplitude}");
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
    let audio = Audio { sample_rate_hz: 48_000, channels: vec![sine(48_000, 440.0, 1.5, 4800), sine(48_000, 880.0, 0.1, 4800)] };
    write_wav(&path, &audio).unwrap();
    assert_eq!(read_audio(&path).unwrap(), audio);
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1, "the file written beside must be gone");
    let error = write_wav(folder.file("no/such/folder.wav"), &audio).unwrap_err().to_string();
    assert!(error.starts_with("cannot write") && error.contains("folder.wav"), "{error}");
}

#[test]
fn resampling_keeps_level_alignment_and_length() {
    for (from, to) in [(44_100, 48_000), (48_000, 44_100), (46_307, 48_000), (96_000, 48_000), (8_000, 48_000), (40_698, 48_000)]
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

/// The bytes of a WAV file of 16-bit samples, with what its header says of the lengths of the file and of the samples.
fn wav_16(samples: &[f32], riff: u32, data: u32) -> Vec<u8> {
    let mut bytes = b"RIFF".to_vec();
    bytes.extend(riff.to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend([48_000_u32, 96_000].iter().flat_map(|word| word.to_le_bytes()));
    bytes.extend(b"\x02\0\x10\0data");
    bytes.extend(data.to_le_bytes());
    bytes.extend(samples.iter().flat_map(|x| ((x * 32_767.0).round() as i16).to_le_bytes()));
    bytes
}

/// Recorders that were switched off and programs that write into a pipe leave lengths that are wrong.
#[test]
fn headers_that_are_out_of_date_are_read_for_what_is_there() {
    let folder = Folder::new("headers");
    let samples = sine(48_000, 440.0, 0.5, 5_000);
    let (data, riff) = (10_000, 10_036);
    let written = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.file(name), bytes).unwrap();
        read_audio(folder.file(name))
    };
    let right = written("right.wav", &wav_16(&samples, riff, data)).unwrap();
    assert_eq!(right.len(), 5_000);
    for (name, riff, data) in [
        ("riff-8-short.wav", riff - 8, data),
        ("riff-0.wav", 0, data),
        ("riff-long.wav", riff + 100, data),
        ("both-0.wav", 0, 0),
        ("both-0-but-for-the-header.wav", 36, 0),
        ("pipe.wav", u32::MAX, u32::MAX),
        ("pipe-of-sox.wav", 0x7fff_f024, 0x7fff_f000),
        ("pipe-of-arecord.wav", 0x8000_0024, 0x8000_0000),
    ] {
        assert_eq!(written(name, &wav_16(&samples, riff, data)).unwrap(), right, "{name}");
    }
    // What follows the samples is no sound.
    let mut list = wav_16(&samples, riff + 12, data);
    list.extend(b"LIST\x04\0\0\0INFO");
    assert_eq!(written("list.wav", &list).unwrap(), right);
    // No sound at all is no promise that was broken.
    let none = written("none.wav", &wav_16(&[], 36, 0)).unwrap_err().to_string();
    assert!(none.contains("holds no samples"), "{none}");
    let cut = written("cut.wav", &wav_16(&samples[..2_500], riff, data)).unwrap_err();
    assert!(matches!(cut, AudioError::Truncated { promised: 5_000, found: 2_500, .. }), "{cut}");
}

#[test]
fn rf64_is_read() {
    let folder = Folder::new("rf64");
    let samples = sine(48_000, 440.0, 0.5, 5_000);
    let wav = wav_16(&samples, 10_036, 10_000);
    for (name, magic) in [("long.wav", b"RF64"), ("long.bw64", b"BW64")] {
        let mut bytes = magic.to_vec();
        bytes.extend(b"\xff\xff\xff\xffWAVEds64\x1c\0\0\0");
        bytes.extend([10_072_u64, 10_000, 5_000].iter().flat_map(|length| length.to_le_bytes()));
        bytes.extend([0; 4]);
        bytes.extend(&wav[12..36]);
        bytes.extend(b"data\xff\xff\xff\xff");
        bytes.extend(&wav[44..]);
        std::fs::write(folder.file(name), &bytes).unwrap();
        let audio = read_audio(folder.file(name)).unwrap();
        assert_eq!((audio.len(), audio.sample_rate_hz), (5_000, 48_000));
        std::fs::write(folder.file(name), &bytes[..bytes.len() - 5_000]).unwrap();
        let cut = read_audio(folder.file(name)).unwrap_err();
        assert!(matches!(cut, AudioError::Truncated { promised: 5_000, found: 2_500, .. }), "{cut}");
    }
}

#[test]
fn aiff_and_caf_are_read() {
    let folder = Folder::new("apple");
    let samples = sine(22_050, 440.0, 0.5, 4_000);
    let words: Vec<u8> = samples.iter().flat_map(|x| ((x * 32_767.0).round() as i16).to_be_bytes()).collect();
    // The rate as an 80-bit float: 22050 = 0xac44 << 47 at an exponent of 14.
    let mut aiff = b"FORM\0\0\x1f\x6eAIFFCOMM\0\0\0\x12\0\x01\0\0\x0f\xa0\0\x10\x40\x0d\xac\x44\0\0\0\0\0\0".to_vec();
    aiff.extend(b"SSND\0\0\x1f\x48\0\0\0\0\0\0\0\0");
    aiff.extend(&words);
    let mut caf = b"caff\0\x01\0\0desc\0\0\0\0\0\0\0\x20".to_vec();
    caf.extend(22_050_f64.to_be_bytes());
    // 16-bit PCM, high byte first: bytes and samples a packet, channels, bits.
    caf.extend(b"lpcm");
    caf.extend([0_u32, 2, 1, 1, 16].iter().flat_map(|word| word.to_be_bytes()));
    caf.extend(b"data\0\0\0\0\0\0\x1f\x44\0\0\0\0");
    caf.extend(&words);
    for (name, bytes) in [("tone.aiff", aiff), ("tone.caf", caf)] {
        std::fs::write(folder.file(name), bytes).unwrap();
        let audio = read_audio(folder.file(name)).unwrap();
        assert_eq!((audio.sample_rate_hz, audio.channels.len(), audio.len()), (22_050, 1, 4_000), "{name}");
        assert!(audio.channels[0].iter().zip(&samples).all(|(got, wanted)| (got - wanted).abs() < 1e-4), "{name}");
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = Folder::new("named");
    let opus = read_audio(fixture("tone-48k-mono.opus")).unwrap_err().to_string();
    assert!(opus.contains("is Opus, which cannot be read; convert it to WAV or FLAC"), "{opus}");
    for (bytes, name) in
        [(&b"\x1a\x45\xdf\xa3 and more of it"[..], "Matroska or WebM"), (b"wvpk, and what follows that", "WavPack")]
    {
        std::fs::write(folder.file("sound.wav"), bytes).unwrap();
        let error = read_audio(folder.file("sound.wav")).unwrap_err().to_string();
        assert!(error.contains(&format!("is {name}, which cannot be read")), "{error}");
    }
    #[cfg(unix)]
    {
        let device = read_audio("/dev/zero").unwrap_err().to_string();
        assert!(device.contains("a device or a pipe"), "{device}");
    }
}

/// However long a file is, a reader holds one block of it.
#[test]
fn a_file_is_read_in_blocks() {
    let folder = Folder::new("blocks");
    let wav = folder.file("long.wav");
    write_wav(&wav, &Audio::from_mono(48_000, sine(48_000, 440.0, 0.5, 200_000))).unwrap();
    for file in [wav, fixture("tone-44k-stereo.mp3"), fixture("tone-44k-stereo.ogg"), fixture("tone-32k-mono.flac")] {
        let whole = read_audio(&file).unwrap();
        let mut reader = SoundReader::open(&file).unwrap();
        assert_eq!((reader.sample_rate_hz(), reader.channels()), (whole.sample_rate_hz, whole.channels.len()));
        let mut at = 0;
        while let Some(block) = reader.next_block().unwrap() {
            assert!(block.iter().zip(&whole.channels).all(|(block, whole)| *block == whole[at..at + block.len()]));
            assert!(block[0].len() <= 8192, "{} samples at a time", block[0].len());
            at += block[0].len();
        }
        assert_eq!(at, whole.len());
    }
}
