//! The folder form: `examples.json`, entry by entry, and the sound file of each. Any thread; blocks on the disk.
//!
//! The index of the training set has 200 MB in one object, so it is never held whole: serde hands over one entry at a time.

use std::{
    cell::Cell,
    fmt,
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor},
};

use crate::{
    error::NsynthError,
    note::{Note, Said},
};

/// Name of the index in a folder.
pub(crate) const INDEX: &str = "examples.json";
/// Folder of the sound files.
const AUDIO: &str = "audio";
/// Most bytes of the index that one entry may take, those read ahead included: an entry has 600 bytes, a hostile one no end.
const LONGEST_ENTRY: usize = 1 << 20;

/// Goes through the notes of `folder` in the order of its index. `visit` gets each note, its sound file (which need not exist, see
/// [`check_file`]) and the number of bytes of the index read so far; its first error ends the walk.
pub(crate) fn each_note(
    folder: &Path,
    visit: &mut dyn FnMut(Note, &Path, u64) -> Result<(), NsynthError>,
) -> Result<(), NsynthError> {
    let path = folder.join(INDEX);
    let file = File::open(&path).map_err(|reason| NsynthError::Read { path: path.clone(), reason })?;
    let gauge = Gauge::default();
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(Gauged { file, gauge: &gauge }));
    let mut failure = None;
    let walk = Walk { folder, index: &path, gauge: &gauge, visit, failure: &mut failure };
    let outcome = json.deserialize_map(walk).and_then(|()| json.end());
    match (failure, outcome) {
        (Some(failure), _) => Err(failure),
        (None, Err(e)) if e.is_io() => Err(NsynthError::Read { path, reason: e.into() }),
        (None, Err(e)) => Err(NsynthError::Json { path, reason: e.to_string() }),
        (None, Ok(())) => Ok(()),
    }
}

/// Whether the sound file of a picked note is there, and as its entry says. Only its header is read.
pub(crate) fn check_file(note: &Note, file: &Path) -> Result<(), String> {
    let wav = hound::WavReader::open(file).map_err(|e| match e {
        hound::Error::IoError(e) if e.kind() == io::ErrorKind::NotFound => format!("{} is missing", file.display()),
        hound::Error::IoError(e) => format!("{} cannot be read: {e}", file.display()),
        _ => format!("{} is no WAV file", file.display()),
    })?;
    let rate_hz = wav.spec().sample_rate;
    if rate_hz != note.sample_rate_hz {
        return Err(format!("{} is at {rate_hz} Hz, and its entry says {} Hz", file.display(), note.sample_rate_hz));
    }
    note.check_length(wav.duration() as usize)
}

/// An entry; the rest of it is passed over.
#[derive(Deserialize)]
struct Entry {
    instrument_str: Option<String>,
    instrument_family_str: Option<String>,
    instrument_source_str: Option<String>,
    pitch: Option<i64>,
    velocity: Option<i64>,
    sample_rate: Option<i64>,
}

/// How much was read, in all and for the entry at hand.
#[derive(Default)]
struct Gauge {
    total: Cell<u64>,
    entry: Cell<usize>,
}

/// A file that refuses to go on when one entry takes too much of it.
struct Gauged<'a> {
    file: File,
    gauge: &'a Gauge,
}

impl Read for Gauged<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.gauge.entry.get() > LONGEST_ENTRY {
            return Err(io::Error::other(format!("an entry has more than {LONGEST_ENTRY} bytes")));
        }
        let n = self.file.read(to)?;
        self.gauge.total.set(self.gauge.total.get() + n as u64);
        self.gauge.entry.set(self.gauge.entry.get() + n);
        Ok(n)
    }
}

/// The walk through the object: one key and one entry at a time.
struct Walk<'a> {
    folder: &'a Path,
    index: &'a Path,
    gauge: &'a Gauge,
    visit: &'a mut dyn FnMut(Note, &Path, u64) -> Result<(), NsynthError>,
    /// What ended the walk from outside; serde's own error only carries text.
    failure: &'a mut Option<NsynthError>,
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with one entry a note")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let entry = map.next_value_seed(EntryOf(&name))?;
            self.gauge.entry.set(0);
            let said = Said {
                name,
                instrument: entry.instrument_str,
                family: entry.instrument_family_str,
                source: entry.instrument_source_str,
                pitch: entry.pitch,
                velocity: entry.velocity,
                sample_rate_hz: entry.sample_rate,
            };
            let done = said.check().map_err(|reason| NsynthError::Json { path: self.index.into(), reason }).and_then(|note| {
                let file: PathBuf = self.folder.join(AUDIO).join(format!("{}.wav", note.name));
                (self.visit)(note, &file, self.gauge.total.get())
            });
            if let Err(failure) = done {
                *self.failure = Some(failure);
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

/// An entry of which an error can say the name.
struct EntryOf<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for EntryOf<'_> {
    type Value = Entry;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Entry, D::Error> {
        Entry::deserialize(from)
            .map_err(|e| D::Error::custom(format!("entry {:?}: {e}", self.0.chars().take(40).collect::<String>())))
    }
}
