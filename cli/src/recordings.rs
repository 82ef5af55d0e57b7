//! Recordings as `train` and `evaluate` take them: sound files and folders of them.

use crate::common::{Failure, bar};
use std::path::{Path, PathBuf};
use syrinx_analysis::{ANALYSIS_RATE_HZ, Audio, Report, Take, analyse_files, read_audio, survey_files};

/// Endings of the sound files that are looked for in folders.
const ENDINGS: [&str; 6] = ["wav", "wave", "flac", "mp3", "ogg", "oga"];

/// The sound files among and below `paths`, in order of path, each with its source: the name of the folder it lies in.
pub fn find(paths: &[PathBuf]) -> Result<Vec<(PathBuf, String)>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            below(path, &mut files)?;
        } else if path.exists() {
            files.push(path.clone());
        } else {
            return Err(format!("{} does not exist", path.display()).into());
        }
    }
    files.sort();
    files.dedup();
    if files.is_empty() {
        return Err("no sound files (WAV, FLAC, MP3, Ogg) were found there".into());
    }
    let source = |p: &Path| p.parent().and_then(Path::file_name).map_or(String::new(), |n| n.to_string_lossy().into_owned());
    Ok(files.into_iter().map(|p| (p.clone(), source(&p))).collect())
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |e| format!("{} cannot be read: {e}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            below(&path, files)?;
        } else if path.extension().is_some_and(|e| ENDINGS.iter().any(|known| e.eq_ignore_ascii_case(known))) {
            files.push(path);
        }
    }
    Ok(())
}

/// Analyses all files, with a progress bar. The first that cannot be read ends it.
pub fn analysed(files: &[(PathBuf, String)]) -> Result<Vec<Take>, Failure> {
    let progress = bar(files.len() as u64, "analysing");
    let takes: Result<Vec<_>, _> = analyse_files(files, |done| progress.set_position(done as u64)).into_iter().collect();
    progress.finish_and_clear();
    Ok(takes?)
}

/// Reads, analyses and judges all files, with a progress bar: the takes that are fit for training, each with its file, and the report.
pub fn surveyed(files: &[(PathBuf, String)]) -> (Vec<(PathBuf, Take)>, Report) {
    let progress = bar(files.len() as u64, "analysing");
    let (takes, report) = survey_files(files, |done| progress.set_position(done as u64));
    progress.finish_and_clear();
    // Takes come in the order of the files, less those that are unfit.
    let mut rest = files.iter();
    let mut file_of = |take: &Take| {
        let is_it = |(path, source): &&(PathBuf, String)| {
            *source == take.source && path.file_name().is_some_and(|n| n.to_string_lossy() == take.name)
        };
        rest.by_ref().find(is_it).expect("every take comes from a file").0.clone()
    };
    (takes.into_iter().map(|take| (file_of(&take), take)).collect(), report)
}

/// A recording's samples as the analysis heard them: mono, at [`ANALYSIS_RATE_HZ`].
pub fn analysis_samples(path: &Path) -> Result<Vec<f32>, Failure> {
    let audio = read_audio(path)?;
    let mono = Audio::from_mono(audio.sample_rate_hz, audio.mono());
    Ok(mono.resampled(ANALYSIS_RATE_HZ).mono())
}
