//! NSynth data as its user has it: sorted, listed, trained on and refused, in files of the exact formats that the test writes.

mod support;

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    sync::OnceLock,
};
use support::{Folder, ok, refused};
use syrinx_analysis::read_audio;
use syrinx_testkit::tfrecord::{feature, field, framed, masked_crc, varint};

const RATE_HZ: u32 = 16_000;

#[derive(Clone)]
struct Note {
    instrument: &'static str,
    family: (&'static str, u64),
    source: (&'static str, u64),
    pitch: u64,
    velocity: u64,
    samples: Vec<f32>,
}

impl Note {
    fn name(&self) -> String {
        format!("{}-{:03}-{:03}", self.instrument, self.pitch, self.velocity)
    }

    fn floats(&self) -> Vec<u8> {
        self.samples.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    /// With the features of NSynth's own files.
    fn nsynth(&self) -> Vec<u8> {
        let whole = |name, n| feature(name, 3, &varint(n));
        let text = |name, text: &str| feature(name, 1, text.as_bytes());
        let features = [
            whole("note", 201_034),
            text("note_str", &self.name()),
            whole("instrument", 417),
            text("instrument_str", self.instrument),
            whole("pitch", self.pitch),
            whole("velocity", self.velocity),
            whole("sample_rate", RATE_HZ.into()),
            feature("audio", 2, &self.floats()),
            feature("qualities", 3, &[0, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
            text("qualities_str", "dark"),
            whole("instrument_family", self.family.1),
            text("instrument_family_str", self.family.0),
            whole("instrument_source", self.source.1),
            text("instrument_source_str", self.source.0),
        ];
        framed(&field(1, &features.concat()))
    }

    /// With those of the GANSynth subset in TensorFlow Datasets.
    fn gansynth(&self) -> Vec<u8> {
        let whole = |name, n| feature(name, 3, &varint(n));
        let features = [
            feature("audio", 2, &self.floats()),
            feature("id", 1, self.name().as_bytes()),
            whole("instrument/family", self.family.1),
            whole("instrument/label", 31),
            whole("instrument/source", self.source.1),
            whole("pitch", self.pitch),
            whole("velocity", self.velocity),
        ];
        framed(&field(1, &features.concat()))
    }

    fn entry(&self) -> String {
        format!(
            r#"    "{name}": {{
        "qualities": [0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        "pitch": {pitch},
        "note": 201034,
        "instrument_source_str": "{source}",
        "velocity": {velocity},
        "instrument_str": "{instrument}",
        "instrument": 417,
        "sample_rate": {RATE_HZ},
        "qualities_str": ["dark"],
        "instrument_source": {source_number},
        "note_str": "{name}",
        "instrument_family": {family_number},
        "instrument_family_str": "{family}"
    }}"#,
            name = self.name(),
            pitch = self.pitch,
            velocity = self.velocity,
            instrument = self.instrument,
            source = self.source.0,
            source_number = self.source.1,
            family = self.family.0,
            family_number = self.family.1,
        )
    }
}

/// A note of a sawtooth through a low-pass, three seconds held and one of silence after it, in 16 bits.
fn brass(pitch: u64, velocity: u64) -> Note {
    let f0 = 440.0 * ((pitch as f64 - 69.0) / 12.0).exp2();
    let loudness = 0.1 + 0.3 * velocity as f64 / 127.0;
    let samples = (0..4 * RATE_HZ)
        .map(|i| {
            let t = f64::from(i) / f64::from(RATE_HZ);
            let edge = (t / 0.03).min((3.0 - t) / 0.1).clamp(0.0, 1.0);
            let tone: f64 = (1..=100)
                .map(f64::from)
                .filter(|k| k * f0 < 7_900.0)
                .map(|k| k.powf(-1.6 + 0.4 * loudness) * (std::f64::consts::TAU * k * f0 * t).sin())
                .sum();
            ((loudness * edge * tone * 0.5 * 32_768.0).round() / 32_768.0) as f32
        })
        .collect();
    Note { instrument: "brass_acoustic_006", family: ("brass", 1), source: ("acoustic", 0), pitch, velocity, samples }
}

/// A short note of some other instrument: what is in the way.
fn other(instrument: &'static str, family: (&'static str, u64), source: (&'static str, u64), pitch: u64) -> Note {
    let samples = (0..RATE_HZ).map(|i| (i % 64) as f32 / 128.0).collect();
    Note { instrument, family, source, pitch, velocity: 50, samples }
}

/// Twelve notes of a brass instrument and four of others, in between.
fn notes() -> &'static [Note] {
    static NOTES: OnceLock<Vec<Note>> = OnceLock::new();
    NOTES.get_or_init(|| {
        let mut all: Vec<Note> = (0..12).map(|n| brass(50 + 2 * n, if n % 2 == 0 { 75 } else { 127 })).collect();
        all.insert(0, other("bass_synthetic_033", ("bass", 0), ("synthetic", 2), 22));
        all.insert(3, other("brass_synthetic_000", ("brass", 1), ("synthetic", 2), 60));
        all.insert(9, other("reed_acoustic_023", ("reed", 7), ("acoustic", 0), 84));
        all.push(other("synth_lead_synthetic_011", ("synth_lead", 9), ("synthetic", 2), 96));
        all
    })
}

/// Writes records; the file.
fn shard(folder: &Folder, name: &str, records: impl IntoIterator<Item = Vec<u8>>) -> PathBuf {
    let path = folder.path(name);
    let mut file = BufWriter::new(File::create(&path).unwrap());
    records.into_iter().for_each(|record| file.write_all(&record).unwrap());
    file.flush().unwrap();
    path
}

/// Writes the folder form, with 16-bit files as in the dataset; the folder.
fn json_wav(folder: &Folder, name: &str, notes: &[Note]) -> PathBuf {
    let path = folder.path(name);
    std::fs::create_dir_all(path.join("audio")).unwrap();
    for note in notes {
        let data: Vec<u8> = note.samples.iter().flat_map(|x| ((x * 32_768.0) as i16).to_le_bytes()).collect();
        let le = |n: u32| n.to_le_bytes();
        let format = [&le(16)[..], &[1, 0, 1, 0], &le(RATE_HZ), &le(2 * RATE_HZ), &[2, 0, 16, 0]].concat();
        let size = le(36 + data.len() as u32);
        let wav = [b"RIFF", &size[..], b"WAVEfmt ", &format, b"data", &le(data.len() as u32), &data].concat();
        std::fs::write(path.join(format!("audio/{}.wav", note.name())), wav).unwrap();
    }
    let entries: Vec<String> = notes.iter().map(Note::entry).collect();
    std::fs::write(path.join("examples.json"), format!("{{\n{}\n}}\n", entries.join(",\n"))).unwrap();
    path
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// All files below a folder, relative to it, in order.
fn below(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            all.extend(below(&path).into_iter().map(|rest| format!("{name}/{rest}")));
        } else {
            all.push(name);
        }
    }
    all.sort();
    all
}

#[test]
fn every_form_is_sorted_by_instrument_and_listed() {
    let folder = Folder::new();
    let notes = notes();
    // Two shards in a folder, the subset's features, and files with an index.
    std::fs::create_dir_all(folder.path("shards")).unwrap();
    shard(&folder, "shards/nsynth.tfrecord-00000-of-00002", notes[..7].iter().map(Note::nsynth));
    shard(&folder, "shards/nsynth.tfrecord-00001-of-00002", notes[7..].iter().map(Note::nsynth));
    let forms = [
        folder.path("shards"),
        shard(&folder, "gansynth.tfrecord", notes.iter().map(Note::gansynth)),
        json_wav(&folder, "nsynth-test", notes),
    ];
    for (n, form) in forms.iter().enumerate() {
        let listed = ok(["nsynth", text(form)]);
        for note in notes {
            let line = listed.lines().find(|l| l.starts_with(note.instrument)).unwrap_or_else(|| panic!("{listed}"));
            assert!(line.contains(note.family.0) && line.contains(note.source.0), "{line}");
        }
        assert!(listed.contains("50-72"), "the range of pitches: {listed}");

        let out = folder.path(&format!("all-{n}"));
        ok(["nsynth", text(form), "-o", text(&out)]);
        let wanted: std::collections::BTreeSet<_> = notes.iter().map(|n| format!("{}/{}.wav", n.instrument, n.name())).collect();
        assert_eq!(below(&out), wanted.into_iter().collect::<Vec<_>>());
        for note in notes {
            let audio = read_audio(out.join(note.instrument).join(format!("{}.wav", note.name()))).unwrap();
            assert!(audio.sample_rate_hz == RATE_HZ && audio.mono() == note.samples, "{} has changed", note.name());
        }

        let some = folder.path(&format!("some-{n}"));
        let pick = ["--family", "brass", "--source", "acoustic", "--pitch", "54-62", "--velocity", "100-127"];
        let said = ok(["nsynth", text(form), "-o", text(&some)].into_iter().chain(pick));
        assert_eq!(
            below(&some),
            ["brass_acoustic_006/brass_acoustic_006-056-127.wav", "brass_acoustic_006/brass_acoustic_006-060-127.wav"]
        );
        assert!(said.contains("CC BY 4.0"), "the credit that is owed: {said}");
        let sentence = refused(["nsynth", text(form), "--instrument", "brass_acoustic_999"]);
        assert!(sentence.contains("none of the 5 instruments"), "{sentence}");
    }
}

#[test]
fn an_instrument_is_trained_straight_from_a_shard_and_its_card_says_what_was_guessed() {
    let folder = Folder::new();
    // Every second note of the brass, and few steps, unless `SYRINX_LONG` asks for more: neither changes what is told of it.
    let long = std::env::var_os("SYRINX_LONG").is_some();
    let (steps, recordings) = if long { ("60", "12 recordings") } else { ("20", "6 recordings") };
    let notes = notes().iter().filter(|n| long || n.family.0 != "brass" || n.source.0 != "acoustic" || n.pitch % 4 == 2);
    let shard = shard(&folder, "nsynth.tfrecord", notes.map(|n| n.nsynth()));
    let train = |out: &Path, more: &[&str]| {
        let args = ["train", text(&shard), "--id", "test-brass", "--name", "Test Brass", "--steps", steps, "-o", text(out)];
        args.into_iter().chain(more.iter().copied()).map(str::to_owned).collect::<Vec<_>>()
    };
    let model = folder.path("brass.onnx");
    let sentence = refused(train(&model, &[]));
    assert!(sentence.contains("--instrument") && !model.exists(), "{sentence}");
    let report = ok(train(&model, &["--instrument", "brass_acoustic_006"]));
    assert!(report.contains(recordings) && report.contains("7.5 kHz"), "{report}");
    let card: toml::Table = std::fs::read_to_string(model.with_extension("toml")).unwrap().parse().unwrap();
    assert_eq!(card["family"].as_str(), Some("brass"));
    let all = |key: &str| card[key].as_array().unwrap().iter().map(|t| t.as_str().unwrap()).collect::<Vec<_>>().join("; ");
    assert!(all("credits").contains("NSynth") && all("credits").contains("CC BY 4.0"), "{card}");
    assert!(all("caveats").contains("guessed"), "{card}");

    // The same recordings, sorted first, are the same instrument but for the credit, which a folder of sound files does not tell.
    let sorted = folder.path("sorted");
    ok(["nsynth", text(&shard), "--instrument", "brass_acoustic_006", "-o", text(&sorted)]);
    let from_folder = folder.path("again.onnx");
    let recordings = sorted.join("brass_acoustic_006");
    let credit = all("credits");
    ok(["train", text(&recordings), "--id", "test-brass", "--name", "Test Brass", "--steps", steps, "--family", "brass"]
        .into_iter()
        .chain(["--credit", &credit, "-o", text(&from_folder)]));
    assert!(std::fs::read(&model).unwrap() == std::fs::read(&from_folder).unwrap(), "two ways, two instruments");
    let sentence = refused(["train", text(&recordings), "--id", "x", "--name", "X", "-o", text(&model), "--instrument", "a"]);
    assert!(sentence.contains("NSynth"), "{sentence}");
}

#[test]
fn damaged_data_is_refused_with_file_and_place() {
    let folder = Folder::new();
    let good: Vec<Vec<u8>> = notes()[..2].iter().map(Note::nsynth).collect();
    let second = good[0].len();
    let with = |name: &str, bytes: Vec<u8>| shard(&folder, name, [bytes]);
    let whole = good.concat();
    let mut flipped = whole.clone();
    flipped[second + 5_000] ^= 1;
    let hostile = |length: u64| {
        let bytes = length.to_le_bytes();
        [&good[0][..], &bytes, &masked_crc(&bytes).to_le_bytes(), &[0; 100]].concat()
    };
    let odd = |change: fn(&mut Note)| {
        let mut note = notes()[1].clone();
        change(&mut note);
        [&good[0][..], &note.nsynth()].concat()
    };
    let place = format!("record at byte {second}");
    for (path, says) in [
        (with("cut.tfrecord", whole[..whole.len() - 9].to_vec()), vec!["ends in the middle", &place]),
        (with("cut-header.tfrecord", whole[..second + 3].to_vec()), vec!["ends in the middle", &place]),
        (with("flipped.tfrecord", flipped), vec!["checksum", &place]),
        (with("hostile.tfrecord", hostile(1 << 60)), vec!["1152921504606846976", &place]),
        (with("hostile-2.tfrecord", hostile(u64::MAX)), vec!["claims", &place]),
        (with("hostile-3.tfrecord", hostile(15 << 20)), vec!["ends in the middle", &place]),
        (with("text.tfrecord", b"this is no TFRecord file at all".to_vec()), vec!["does not begin as a TFRecord"]),
        (with("tiny.tfrecord", vec![1, 2, 3]), vec!["does not begin as a TFRecord"]),
        (with("other.tfrecord", framed(&field(1, &feature("image", 1, b"png")))), vec!["note_str", "byte 0"]),
        (with("rubbish.tfrecord", framed(&[0xff; 50])), vec!["no tf.train.Example", "byte 0"]),
        (with("silent.tfrecord", odd(|n| n.samples.clear())), vec!["0 samples", "brass_acoustic_006-050-075", &place]),
        (with("nan.tfrecord", odd(|n| n.samples[9] = f32::NAN)), vec!["not a number", &place]),
        (with("high.tfrecord", odd(|n| n.pitch = 300)), vec!["pitch of 300", &place]),
        (with("up.tfrecord", odd(|n| n.instrument = "../brass_acoustic_1")), vec!["no name of a note", &place]),
        (folder.path("nothing.tfrecord"), vec!["cannot be read"]),
    ] {
        let out = folder.path("out");
        let sentence = refused(["nsynth", text(&path), "-o", text(&out)]);
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(says.iter().all(|s| sentence.contains(s)) && sentence.contains(name), "{sentence}");
        assert_eq!(sentence.lines().count(), 1, "{sentence}");
    }
    assert!(!folder.path("brass_acoustic_1").exists());
    let empty = with("empty.tfrecord", vec![]);
    let sentence = refused(["nsynth", text(&empty)]);
    assert!(sentence.contains("the file is empty") && sentence.contains("empty.tfrecord"), "{sentence}");

    let data = json_wav(&folder, "nsynth-test", &notes()[..2]);
    std::fs::remove_file(data.join("audio/brass_acoustic_006-050-075.wav")).unwrap();
    let sentence = refused(["nsynth", text(&data), "-o", text(&folder.path("out"))]);
    assert!(sentence.contains("is missing") && sentence.contains("note brass_acoustic_006-050-075"), "{sentence}");
    std::fs::write(data.join("examples.json"), "{\"brass_acoustic_006-050-075\": {\"pitch\": 50,").unwrap();
    let sentence = refused(["nsynth", text(&data)]);
    assert!(sentence.contains("examples.json") && sentence.contains("line 1"), "{sentence}");
    std::fs::remove_file(data.join("examples.json")).unwrap();
    assert!(refused(["nsynth", text(&data)]).contains("neither examples.json nor TFRecord"));
}
