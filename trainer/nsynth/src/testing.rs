//! Small datasets in the exact formats, for tests. They are written by hand, byte by byte: the reader must not check itself.

use std::path::{Path, PathBuf};

use crate::{FAMILIES, SOURCES};
pub use syrinx_testkit::tfrecord::framed;
use syrinx_testkit::tfrecord::{feature, field, varint};

/// What a feature holds.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    Text(&'a str),
    Integers(&'a [i64]),
    Floats(&'a [f32]),
}

/// A serialized `tf.train.Example`.
pub fn example(features: &[(&str, Value<'_>)]) -> Vec<u8> {
    let entries: Vec<u8> = features
        .iter()
        .flat_map(|(name, value)| match value {
            Value::Text(text) => feature(name, 1, text.as_bytes()),
            Value::Floats(values) => feature(name, 2, &values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>()),
            Value::Integers(values) => feature(name, 3, &values.iter().flat_map(|x| varint(*x as u64)).collect::<Vec<_>>()),
        })
        .collect();
    field(1, &entries)
}

/// Instrument, family, source, pitch and velocity in a name.
fn parts(name: &str) -> (&str, usize, usize, i64, i64) {
    let mut split = name.rsplitn(3, '-');
    let (velocity, pitch, instrument) = (split.next().unwrap(), split.next().unwrap(), split.next().unwrap());
    let family = FAMILIES.iter().position(|f| instrument.starts_with(&format!("{f}_"))).unwrap();
    let source = SOURCES.iter().position(|s| instrument.contains(s)).unwrap();
    (instrument, family, source, pitch.parse().unwrap(), velocity.parse().unwrap())
}

/// A note with NSynth's own features.
pub fn nsynth_example(name: &str, samples: &[f32]) -> Vec<u8> {
    let (instrument, family, source, pitch, velocity) = parts(name);
    example(&[
        ("audio", Value::Floats(samples)),
        ("instrument", Value::Integers(&[417])),
        ("instrument_family", Value::Integers(&[family as i64])),
        ("instrument_family_str", Value::Text(FAMILIES[family])),
        ("instrument_source", Value::Integers(&[source as i64])),
        ("instrument_source_str", Value::Text(SOURCES[source])),
        ("instrument_str", Value::Text(instrument)),
        ("note", Value::Integers(&[201_034])),
        ("note_str", Value::Text(name)),
        ("pitch", Value::Integers(&[pitch])),
        ("qualities", Value::Integers(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 0])),
        ("qualities_str", Value::Text("dark")),
        ("sample_rate", Value::Integers(&[16_000])),
        ("velocity", Value::Integers(&[velocity])),
    ])
}

/// A note of the GANSynth subset with TensorFlow Datasets' features.
pub fn gansynth_example(name: &str, samples: &[f32]) -> Vec<u8> {
    let (_, family, source, pitch, velocity) = parts(name);
    example(&[
        ("audio", Value::Floats(samples)),
        ("f0/hz", Value::Floats(&[440.0; 1000])),
        ("id", Value::Text(name)),
        ("instrument/family", Value::Integers(&[family as i64])),
        ("instrument/label", Value::Integers(&[12])),
        ("instrument/source", Value::Integers(&[source as i64])),
        ("loudness/db", Value::Floats(&[-30.0; 1000])),
        ("pitch", Value::Integers(&[pitch])),
        ("qualities/bright", Value::Integers(&[0])),
        ("velocity", Value::Integers(&[velocity])),
    ])
}

/// Writes a TFRecord file.
pub fn write_shard(path: &Path, records: &[Vec<u8>]) -> PathBuf {
    std::fs::write(path, records.iter().flat_map(|r| framed(r)).collect::<Vec<_>>()).unwrap();
    path.into()
}

/// Writes a folder with an index and 16-bit sound files.
pub fn write_folder(path: &Path, names: &[&str], samples: &[f32]) -> PathBuf {
    std::fs::create_dir_all(path.join("audio")).unwrap();
    let mut entries = Vec::new();
    for name in names {
        let (instrument, family, source, pitch, velocity) = parts(name);
        entries.push(format!(
            r#"    "{name}": {{
        "note": 201034, "sample_rate": 16000, "instrument_family": {family}, "qualities": [0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        "instrument_source_str": "{}", "note_str": "{name}", "instrument_family_str": "{}", "instrument_str": "{instrument}",
        "pitch": {pitch}, "instrument": 417, "velocity": {velocity}, "instrument_source": {source}, "qualities_str": ["dark"]
    }}"#,
            SOURCES[source], FAMILIES[family]
        ));
        let spec =
            hound::WavSpec { channels: 1, sample_rate: 16_000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
        let mut wav = hound::WavWriter::create(path.join(format!("audio/{name}.wav")), spec).unwrap();
        samples.iter().for_each(|x| wav.write_sample((x * 32_768.0) as i16).unwrap());
        wav.finalize().unwrap();
    }
    std::fs::write(path.join("examples.json"), format!("{{\n{}\n}}\n", entries.join(",\n"))).unwrap();
    path.into()
}
