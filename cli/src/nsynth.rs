//! `syrinx nsynth`: the NSynth dataset into folders of recordings, one an instrument; and NSynth data as recordings for `syrinx train`.

use crate::common::{Failure, bytes_bar};
use std::{
    collections::BTreeSet,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};
use syrinx_nsynth::{CREDIT, FAMILIES, Input, Note, NoteSound, NsynthError, Pick, SOURCES, list, place, sort, walk};
use tempfile::TempDir;

#[derive(clap::Args)]
pub struct Args {
    /// The dataset, unpacked: a folder with examples.json and audio/, TFRecord files (NSynth's or the GANSynth subset's), or
    /// folders of those.
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    /// Where the folders go: FOLDER/INSTRUMENT/NOTE.wav, ready for `syrinx train`. Without it, the instruments are listed.
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// Only this family; may be given many times.
    #[arg(long = "family", value_name = "FAMILY", value_parser = FAMILIES)]
    families: Vec<String>,
    #[command(flatten)]
    picking: Picking,
}

/// Which notes of NSynth data are taken.
#[derive(clap::Args)]
#[command(next_help_heading = "Picking from NSynth")]
pub struct Picking {
    /// Only this instrument, as in brass_acoustic_006; may be given many times.
    #[arg(long = "instrument", value_name = "NAME")]
    instruments: Vec<String>,
    /// Only instruments made this way; may be given many times.
    #[arg(long = "source", value_name = "SOURCE", value_parser = SOURCES)]
    sources: Vec<String>,
    /// Only these MIDI notes, as in 24-84.
    #[arg(long, value_name = "FROM-TO", value_parser = range)]
    pitch: Option<RangeInclusive<u8>>,
    /// Only these MIDI velocities, as in 75-127.
    #[arg(long, value_name = "FROM-TO", value_parser = range)]
    velocity: Option<RangeInclusive<u8>>,
}

impl Picking {
    fn pick(&self, families: &[String]) -> Pick {
        let all = Pick::default();
        Pick {
            instruments: self.instruments.clone(),
            families: families.to_vec(),
            sources: self.sources.clone(),
            pitches: self.pitch.clone().unwrap_or(all.pitches),
            velocities: self.velocity.clone().unwrap_or(all.velocities),
        }
    }

    fn is_everything(&self) -> bool {
        self.pick(&[]) == Pick::default()
    }
}

/// Reads `60` or `24-84`.
fn range(text: &str) -> Result<RangeInclusive<u8>, String> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.trim().parse().ok().filter(|n| *n < 128);
    match (number(from), number(to)) {
        (Some(from), Some(to)) if from <= to => Ok(from..=to),
        _ => Err("FROM-TO, each from 0 to 127, is expected".into()),
    }
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let inputs = inputs(&args.inputs)?;
    let pick = args.picking.pick(&args.families);
    let progress = bytes_bar(inputs.iter().map(Input::bytes).sum(), "reading");
    let mut done = |bytes| progress.inc(bytes);
    let found = match &args.output {
        Some(out) => sort(&inputs, &pick, out, &mut done),
        None => list(&inputs, &pick, &mut done),
    };
    progress.finish_and_clear();
    let found = found?;
    if found.picked().next().is_none() {
        return Err(format!("none of the {} instruments there has a note that fits", found.instruments.len()).into());
    }
    print!("{found}");
    if let Some(out) = &args.output {
        println!("{} folders in {}; credit: {CREDIT}", found.picked().count(), out.display());
    }
    Ok(())
}

fn inputs(paths: &[PathBuf]) -> Result<Vec<Input>, NsynthError> {
    let all: Result<Vec<_>, _> = paths.iter().map(|path| Input::find(path)).collect();
    Ok(all?.into_iter().flatten().collect())
}

/// Most notes for one instrument: what is measured in them stays in memory, 1 MB a note. An instrument of the dataset has 440 at most.
const MOST_NOTES: usize = 2000;

/// Recordings for a training.
pub struct Gathered {
    /// Sound files of the picked notes, in order of path, each with its instrument as the source.
    pub files: Vec<(PathBuf, String)>,
    /// Paths that are no NSynth data.
    pub others: Vec<PathBuf>,
    /// The family of the picked notes, if there is one.
    pub family: Option<String>,
    /// The credit owed, if anything was taken.
    pub credit: Option<String>,
    /// Holds the sounds that came from TFRecord files, until the training is over.
    _folder: Option<TempDir>,
}

/// Takes the picked notes out of the NSynth data among `paths`: sound files as they lie there, TFRecord files by way of a folder in the
/// system's place for temporary files.
pub fn gather(paths: &[PathBuf], picking: &Picking, family: Option<&str>) -> Result<Gathered, Failure> {
    let (data, others): (Vec<_>, Vec<_>) = paths.iter().cloned().partition(|path| Input::is_at(path));
    if data.is_empty() {
        if !picking.is_everything() {
            return Err("--instrument, --source, --pitch and --velocity pick from NSynth data, and there is none".into());
        }
        return Ok(Gathered { files: Vec::new(), others, family: None, credit: None, _folder: None });
    }
    let inputs = inputs(&data)?;
    let families: Vec<String> = family.map(str::to_owned).into_iter().collect();
    let pick = picking.pick(&families);
    let folder = TempDir::new()?;
    let named = !picking.instruments.is_empty() || family.is_some();
    let (mut files, mut instruments, mut of_family) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    let progress = bytes_bar(inputs.iter().map(Input::bytes).sum(), "reading");
    let found = walk(&inputs, &pick, &mut |bytes| progress.inc(bytes), &mut |note, sound| {
        of_family.insert(note.family.clone());
        instruments.insert(note.instrument.clone());
        if !named && instruments.len() > 1 {
            return Err(NsynthError::Stopped(several(&instruments)));
        }
        if files.len() == MOST_NOTES {
            return Err(NsynthError::Stopped(too_many()));
        }
        files.push((gathered(note, sound, folder.path())?, note.instrument.clone()));
        Ok(())
    });
    progress.finish_and_clear();
    let found = found?;
    if files.is_empty() {
        let why = "has a note that fits; `syrinx nsynth` with the same data lists them";
        return Err(format!("none of the {} instruments there {why}", found.instruments.len()).into());
    }
    if instruments.len() > 1 {
        eprintln!("syrinx: {} instruments become one, and blur each other; --instrument picks one", instruments.len());
    }
    files.sort();
    // A note that is in two files was put in its place twice.
    files.dedup();
    let family = of_family.pop_first().filter(|_| of_family.is_empty());
    Ok(Gathered { files, others, family, credit: Some(CREDIT.into()), _folder: Some(folder) })
}

fn several(instruments: &BTreeSet<String>) -> String {
    let names: Vec<_> = instruments.iter().map(String::as_str).collect();
    format!(
        "there are several instruments ({}, ...): pick one with --instrument; `syrinx nsynth` with the same data lists them",
        names.join(", ")
    )
}

fn too_many() -> String {
    format!(
        "more than {MOST_NOTES} notes are picked, and one instrument needs a few hundred: pick fewer with --instrument, --pitch or --velocity"
    )
}

/// Where a note's sound can be read while the training lasts.
fn gathered(note: &Note, sound: NoteSound<'_>, folder: &Path) -> Result<PathBuf, NsynthError> {
    match sound {
        NoteSound::File(file) => Ok(file.into()),
        sound => place(note, sound, folder),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_people_type_them() {
        assert_eq!((range("24-84"), range("60")), (Ok(24..=84), Ok(60..=60)));
        for wrong in ["", "-", "84-24", "0-128", "a-b", "24-", "24-84-90"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }
}
