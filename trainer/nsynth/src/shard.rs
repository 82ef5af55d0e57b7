//! The notes of one TFRecord file, one after the other. Any thread; blocks on the disk.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use crate::{
    error::NsynthError,
    example::{Example, FloatList},
    note::{FAMILIES, Note, SOURCES, Said},
    record::Records,
};

/// A TFRecord file of notes, read from its start to its end. Holds one note: the one that [`Shard::next`] has lent.
pub struct Shard<R> {
    records: Records<R>,
    example: Example,
    samples: FloatList,
}

/// One note of a shard, lent until the next is asked for.
pub struct ShardNote<'a> {
    note: Note,
    offset: u64,
    path: &'a Path,
    example: &'a Example,
    samples: &'a mut FloatList,
}

impl Shard<BufReader<File>> {
    /// Opens a file.
    ///
    /// # Errors
    /// When the system does not give it.
    pub fn open(path: &Path) -> Result<Self, NsynthError> {
        let file = File::open(path).map_err(|reason| NsynthError::Read { path: path.into(), reason })?;
        Ok(Self::new(BufReader::new(file), path))
    }
}

impl<R: Read> Shard<R> {
    /// Reads from `reader`, which should be buffered; errors name `path`.
    pub fn new(reader: R, path: &Path) -> Self {
        Self { records: Records::new(reader, path), example: Example::default(), samples: FloatList::default() }
    }

    /// Bytes read so far.
    pub fn position(&self) -> u64 {
        self.records.offset()
    }

    /// The next note, or none at the end.
    ///
    /// # Errors
    /// [`NsynthError::Record`] when the next record is damaged or is no note; nothing after it can be read then.
    #[allow(clippy::should_implement_trait)] // An iterator cannot lend.
    pub fn next(&mut self) -> Result<Option<ShardNote<'_>>, NsynthError> {
        let offset = self.records.offset();
        // What is left of the last note lies in the buffer that the next one needs.
        self.example = Example::default();
        let Some(record) = self.records.next()? else { return Ok(None) };
        let damaged = |reason| self.records.damaged(offset, reason);
        self.example = Example::from_record(record).map_err(damaged)?;
        let note = said(&self.example).and_then(Said::check).map_err(damaged)?;
        Ok(Some(ShardNote { note, offset, path: self.records.path(), example: &self.example, samples: &mut self.samples }))
    }
}

impl ShardNote<'_> {
    /// All but the sound.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// The sound: samples at ±1. Only now is it taken out of the record.
    ///
    /// # Errors
    /// [`NsynthError::Record`] when there is none, or none of a plausible length, or something that is no number in it.
    pub fn samples(&mut self) -> Result<&[f32], NsynthError> {
        let check = |list: &mut FloatList| {
            self.example.floats("audio", list)?;
            self.note.check_length(list.value.len())?;
            match list.value.iter().position(|x| !x.is_finite()) {
                Some(at) => Err(format!("sample {at} of note {} is not a number", self.note.name)),
                None => Ok(()),
            }
        };
        check(self.samples).map_err(|reason| NsynthError::Record { path: self.path.into(), offset: self.offset, reason })?;
        Ok(&self.samples.value)
    }
}

/// What an example says of its note: in NSynth's own features, or in those of TensorFlow Datasets, where names are numbers.
fn said(example: &Example) -> Result<Said, String> {
    let name = example.text("note_str")?.map_or_else(|| example.text("id"), |name| Ok(Some(name)))?;
    let label = |text: &str, numbers: [&str; 2], names: &[&str]| -> Result<Option<String>, String> {
        if let Some(text) = example.text(text)? {
            return Ok(Some(text));
        }
        for feature in numbers {
            if let Some(number) = example.integer(feature)? {
                let name = usize::try_from(number).ok().and_then(|n| names.get(n));
                return name.map(|n| Some((*n).into())).ok_or_else(|| format!("its feature {feature} cannot be {number}"));
            }
        }
        Ok(None)
    };
    Ok(Said {
        name: name.ok_or("it holds no note: there is neither a feature note_str nor id")?,
        instrument: example.text("instrument_str")?,
        family: label("instrument_family_str", ["instrument_family", "instrument/family"], &FAMILIES)?,
        source: label("instrument_source_str", ["instrument_source", "instrument/source"], &SOURCES)?,
        pitch: example.integer("pitch")?,
        velocity: example.integer("velocity")?,
        sample_rate_hz: example.integer("sample_rate")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Value, example, framed, gansynth_example, nsynth_example};

    fn first(record: &[u8]) -> Result<(Note, Vec<f32>), String> {
        let file = framed(record);
        let mut shard = Shard::new(&file[..], Path::new("some.tfrecord"));
        let mut note = shard.next().map_err(|e| e.to_string())?.expect("one record");
        let samples = note.samples().map_err(|e| e.to_string())?.to_vec();
        Ok((note.note().clone(), samples))
    }

    #[test]
    fn both_dialects_say_the_same() {
        let samples = vec![0.25; 64_000];
        let (ours, theirs) = (
            first(&nsynth_example("brass_acoustic_006-060-100", &samples)).unwrap(),
            first(&gansynth_example("brass_acoustic_006-060-100", &samples)).unwrap(),
        );
        assert_eq!(ours, theirs);
        assert_eq!((ours.0.family.as_str(), ours.0.source.as_str(), ours.0.pitch), ("brass", "acoustic", 60));
        assert_eq!(ours.1, samples);
    }

    #[test]
    fn what_is_no_note_is_refused_with_the_place() {
        let name = ("note_str", Value::Text("brass_acoustic_006-060-100"));
        let long = vec![0.0; 1600];
        let mut odd = long.clone();
        odd[7] = f32::NAN;
        for (record, says) in [
            (vec![0xff; 30], "no tf.train.Example"),
            (vec![], "neither a feature note_str nor id"),
            (example(&[("audio", Value::Floats(&long))]), "neither a feature note_str nor id"),
            (example(&[name]), "no feature audio"),
            (example(&[name, ("audio", Value::Text("x"))]), "not a list of floats"),
            (example(&[name, ("audio", Value::Floats(&[]))]), "0 samples"),
            (example(&[name, ("audio", Value::Floats(&long[..10]))]), "10 samples"),
            (example(&[name, ("audio", Value::Floats(&odd))]), "sample 7"),
            (example(&[name, ("sample_rate", Value::Integers(&[0])), ("audio", Value::Floats(&long))]), "rate of 0"),
            (example(&[name, ("pitch", Value::Integers(&[60, 61]))]), "pitch is not one whole number"),
            (example(&[name, ("pitch", Value::Integers(&vec![1; 10_000]))]), "pitch is not one whole number"),
            (example(&[name, ("instrument_family", Value::Integers(&[11]))]), "cannot be 11"),
        ] {
            let error = first(&record).unwrap_err();
            assert!(error.contains(says) && error.contains("some.tfrecord") && error.contains("byte 0"), "{error}");
        }
    }
}
