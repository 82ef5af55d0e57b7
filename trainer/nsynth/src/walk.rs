//! One pass through a dataset, whatever its form. Any thread; blocks on the disk.

use std::path::Path;

use crate::{
    error::NsynthError,
    folder::{self, INDEX},
    input::Input,
    inventory::Inventory,
    note::Note,
    pick::Pick,
    shard::Shard,
};

/// Where the sound of a note is.
pub enum NoteSound<'a> {
    /// In a WAV file, of which the header has been checked.
    File(&'a Path),
    /// In memory until the visit is over, at ±1.
    Samples(&'a [f32]),
}

/// What is done with a picked note.
type Visit<'a> = &'a mut dyn FnMut(&Note, NoteSound<'_>) -> Result<(), NsynthError>;

/// Goes through `inputs` once and counts the notes that `pick` admits, without a look at their sounds. `done` is told the bytes read since
/// it was last told.
///
/// # Errors
/// The first thing that is wrong with an input.
pub fn list(inputs: &[Input], pick: &Pick, done: &mut dyn FnMut(u64)) -> Result<Inventory, NsynthError> {
    pass(inputs, pick, done, None)
}

/// Goes through `inputs` once and calls `visit` with every note that `pick` admits. `done` is told the bytes read since it was last told.
///
/// # Errors
/// The first thing that is wrong with an input, or the first error of `visit`.
pub fn walk(inputs: &[Input], pick: &Pick, done: &mut dyn FnMut(u64), visit: Visit<'_>) -> Result<Inventory, NsynthError> {
    pass(inputs, pick, done, Some(visit))
}

fn pass(
    inputs: &[Input],
    pick: &Pick,
    done: &mut dyn FnMut(u64),
    mut visit: Option<Visit<'_>>,
) -> Result<Inventory, NsynthError> {
    let mut inventory = Inventory::default();
    for input in inputs {
        let mut told = 0;
        let mut tell = |position: u64| {
            done(position - told);
            told = position;
        };
        match input {
            Input::Shard(path) => {
                let mut shard = Shard::open(path)?;
                while let Some(mut lent) = shard.next()? {
                    let picked = pick.admits(lent.note());
                    inventory.count(lent.note(), picked);
                    if picked && let Some(visit) = &mut visit {
                        let note = lent.note().clone();
                        visit(&note, NoteSound::Samples(lent.samples()?))?;
                    }
                    tell(shard.position());
                }
            }
            Input::Folder(path) => folder::each_note(path, &mut |note, file, position| {
                let picked = pick.admits(&note);
                inventory.count(&note, picked);
                if picked && let Some(visit) = &mut visit {
                    let wrong = |reason| NsynthError::Note { path: path.join(INDEX), note: note.name.clone(), reason };
                    folder::check_file(&note, file).map_err(wrong)?;
                    visit(&note, NoteSound::File(file))?;
                }
                tell(position);
                Ok(())
            })?,
        }
    }
    match inputs.first() {
        Some(first) if inventory.instruments.is_empty() => Err(first.holds_nothing()),
        _ => Ok(inventory),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{gansynth_example, nsynth_example, write_folder, write_shard};

    const NAMES: [&str; 4] =
        ["brass_acoustic_006-060-100", "brass_acoustic_006-062-100", "reed_acoustic_001-060-075", "bass_synthetic_033-022-050"];

    /// Names of the picked notes, bytes told, and the counts.
    fn walked(inputs: &[Input], pick: &Pick) -> Result<(Vec<String>, u64, Inventory), String> {
        let (mut names, mut bytes) = (Vec::new(), 0);
        let inventory = walk(inputs, pick, &mut |n| bytes += n, &mut |note, sound| {
            let len = match sound {
                NoteSound::File(file) => hound::WavReader::open(file).unwrap().duration() as usize,
                NoteSound::Samples(samples) => samples.len(),
            };
            assert_eq!(len, 64_000);
            names.push(note.name.clone());
            Ok(())
        });
        Ok((names, bytes, inventory.map_err(|e| e.to_string())?))
    }

    #[test]
    fn all_forms_give_the_same_notes() {
        let folder = tempfile::tempdir().unwrap();
        let samples = vec![0.1; 64_000];
        let of = |example: fn(&str, &[f32]) -> Vec<u8>, file: &str| {
            let records: Vec<_> = NAMES.iter().map(|name| example(name, &samples)).collect();
            Input::Shard(write_shard(&folder.path().join(file), &records))
        };
        let forms = [
            of(nsynth_example, "a.tfrecord"),
            of(gansynth_example, "b.tfrecord"),
            Input::Folder(write_folder(&folder.path().join("c"), &NAMES, &samples)),
        ];
        let pick = Pick { families: vec!["brass".into()], ..Pick::default() };
        for form in forms {
            let (mut names, bytes, inventory) = walked(std::slice::from_ref(&form), &pick).unwrap();
            names.sort();
            assert_eq!(names, NAMES[..2], "{form:?}");
            assert_eq!(inventory.instruments.len(), 3);
            let brass = &inventory.instruments["brass_acoustic_006"];
            assert_eq!((brass.notes, brass.picked, brass.pitches), (2, 2, (60, 62)));
            assert_eq!(inventory.picked().count(), 1);
            assert_eq!(list(std::slice::from_ref(&form), &pick, &mut |_| ()).unwrap(), inventory);
            // The end of an index has no note.
            assert!(bytes <= form.bytes() && bytes * 2 > form.bytes(), "{bytes} of {}", form.bytes());
        }
    }

    #[test]
    fn an_empty_file_is_said_to_be_empty_unless_others_hold_notes() {
        let folder = tempfile::tempdir().unwrap();
        let empty = Input::Shard(write_shard(&folder.path().join("empty.tfrecord"), &[]));
        let error = walked(std::slice::from_ref(&empty), &Pick::default()).unwrap_err();
        assert!(error.contains("empty.tfrecord") && error.contains("the file is empty"), "{error}");
        let note = Input::Shard(write_shard(&folder.path().join("a.tfrecord"), &[nsynth_example(NAMES[0], &[0.1; 64_000])]));
        assert_eq!(walked(&[empty, note], &Pick::default()).unwrap().0, NAMES[..1]);
        let index = write_folder(&folder.path().join("c"), &[], &[]);
        let error = walked(&[Input::Folder(index)], &Pick::default()).unwrap_err();
        assert!(error.contains("its index lists no notes"), "{error}");
    }

    #[test]
    fn a_broken_folder_is_one_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let samples = vec![0.1; 64_000];
        let path = write_folder(&folder.path().join("c"), &NAMES, &samples);
        let input = [Input::Folder(path.clone())];
        let refused = |pick: &Pick| walked(&input, pick).unwrap_err();
        let index = path.join(INDEX);
        let good = std::fs::read_to_string(&index).unwrap();
        let everything = Pick::default();

        std::fs::remove_file(path.join("audio/reed_acoustic_001-060-075.wav")).unwrap();
        let error = refused(&everything);
        assert!(error.contains("note reed_acoustic_001-060-075") && error.contains("is missing"), "{error}");
        // Nobody asked for it: no harm.
        assert!(walked(&input, &Pick { families: vec!["bass".into()], ..Pick::default() }).is_ok());
        std::fs::write(path.join("audio/reed_acoustic_001-060-075.wav"), "not a sound").unwrap();
        assert!(refused(&everything).contains("is no WAV file"));
        std::fs::copy(path.join("audio/brass_acoustic_006-060-100.wav"), path.join("audio/reed_acoustic_001-060-075.wav"))
            .unwrap();

        for (json, says) in [
            (good[..good.len() / 2].to_owned(), "line"),
            (String::new(), "EOF"),
            ("[1, 2]".into(), "one entry a note"),
            (good.clone() + "{}", "trailing"),
            (r#"{"brass_acoustic_006-060-100": 7}"#.into(), "entry \"brass_acoustic_006-060-100\""),
            (r#"{"brass_acoustic_006-060-100": {"pitch": "C4"}}"#.into(), "entry \"brass_acoustic_006-060-100\""),
            (r#"{"brass_acoustic_006-060-100": {"sample_rate": 44100}}"#.into(), "is at 16000 Hz"),
            (r#"{"../../up_acoustic_1-060-100": {}}"#.into(), "no name of a note"),
            (format!(r#"{{"brass_acoustic_006-060-100": {{"x": "{}"}}}}"#, "y".repeat(3 << 20)), "an entry has more than"),
        ] {
            std::fs::write(&index, json).unwrap();
            let error = refused(&everything);
            assert!(error.contains(says) && error.contains("examples.json") && error.len() < 400, "{says}: {error}");
        }
    }
}
