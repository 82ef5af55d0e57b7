//! A dataset into one folder of WAV files an instrument, in one pass. Any thread; blocks on the disk.

use std::path::{Path, PathBuf};

use syrinx_analysis::{Audio, write_wav};

use crate::{
    error::NsynthError,
    input::Input,
    inventory::Inventory,
    note::Note,
    pick::Pick,
    walk::{NoteSound, walk},
};

/// Writes every note that `pick` admits to `out/INSTRUMENT/NOTE.wav`: 32-bit float WAV from TFRecord files, without loss; from folders, a
/// hard link to the file there, or a copy where links cannot be. Files that are there already are replaced, so that a pass which was
/// interrupted can simply be made again. `done` is told the bytes read since it was last told.
///
/// # Errors
/// The first thing that is wrong with an input, or the disk's refusal.
pub fn sort(inputs: &[Input], pick: &Pick, out: &Path, done: &mut dyn FnMut(u64)) -> Result<Inventory, NsynthError> {
    walk(inputs, pick, done, &mut |note, sound| place(note, sound, out).map(drop))
}

/// Puts the sound of one note in its place, `out/INSTRUMENT/NOTE.wav`; the file.
///
/// # Errors
/// [`NsynthError::Write`] when the disk refuses.
pub fn place(note: &Note, sound: NoteSound<'_>, out: &Path) -> Result<PathBuf, NsynthError> {
    let folder = out.join(&note.instrument);
    let file = folder.join(format!("{}.wav", note.name));
    let error = |reason: String| NsynthError::Write { path: file.clone(), reason };
    std::fs::create_dir_all(&folder).map_err(|e| error(e.to_string()))?;
    match sound {
        NoteSound::Samples(samples) => {
            let audio = Audio::from_mono(note.sample_rate_hz, samples.to_vec());
            write_wav(&file, &audio).map_err(|e| error(e.to_string()))?;
        }
        NoteSound::File(from) => link_or_copy(from, &file).map_err(|e| error(e.to_string()))?,
    }
    Ok(file)
}

fn link_or_copy(from: &Path, to: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(to) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => (),
    }
    std::fs::hard_link(from, to).or_else(|_| {
        // Another disk, or one without links. Whole or not at all: under its name only when it is complete.
        let part = to.with_extension("wav.part");
        std::fs::copy(from, &part).and_then(|_| std::fs::rename(&part, to))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{nsynth_example, write_folder, write_shard};
    use syrinx_analysis::read_audio;

    #[test]
    fn notes_land_in_the_folder_of_their_instrument_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["brass_acoustic_006-060-100", "reed_acoustic_001-060-075"];
        let samples: Vec<f32> = (0..64_000).map(|i| (i % 200 - 100) as f32 / 32_768.0).collect();
        let records: Vec<_> = names.iter().map(|name| nsynth_example(name, &samples)).collect();
        let inputs = [
            Input::Shard(write_shard(&folder.path().join("a.tfrecord"), &records)),
            Input::Folder(write_folder(&folder.path().join("json"), &names, &samples)),
        ];
        for (input, again) in inputs.iter().flat_map(|i| [(i, false), (i, true)]) {
            let out = folder.path().join("out");
            let found = sort(std::slice::from_ref(input), &Pick::default(), &out, &mut |_| ()).unwrap();
            assert_eq!(found.picked().count(), 2, "again: {again}");
            for name in names {
                let audio = read_audio(out.join(&name[..name.len() - 8]).join(format!("{name}.wav"))).unwrap();
                assert_eq!((audio.sample_rate_hz, audio.mono()), (16_000, samples.clone()));
            }
            let entries = |f: &Path| std::fs::read_dir(f).unwrap().count();
            assert_eq!((entries(&out), entries(&out.join("brass_acoustic_006"))), (2, 1), "nothing else is left there");
        }
    }

    #[test]
    fn where_nothing_can_be_written_that_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let record = nsynth_example("brass_acoustic_006-060-100", &[0.0; 16_000]);
        let input = Input::Shard(write_shard(&folder.path().join("a.tfrecord"), &[record]));
        let out = folder.path().join("file");
        std::fs::write(&out, "in the way").unwrap();
        let error = sort(&[input], &Pick::default(), &out, &mut |_| ()).unwrap_err().to_string();
        assert!(error.contains("cannot be written"), "{error}");
    }
}
