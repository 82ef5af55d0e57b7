//! Recordings as `train` and `evaluate` take them: sound files and folders of them.

use crate::common::{Failure, bar};
use std::path::PathBuf;
use syrinx_analysis::{Found, Take, analyse_files, find_recordings};

/// The sound files among and below `paths`, each with its source. What is passed over is told on standard error.
pub fn find(paths: &[PathBuf]) -> Result<Vec<(PathBuf, String)>, Failure> {
    let Found { files, passed_over } = find_recordings(paths)?;
    if let Some(what) = passed_over {
        eprintln!("syrinx: passed over: {what}");
    }
    Ok(files)
}

/// Analyses all files, with a progress bar. The first that cannot be read ends it.
pub fn analysed(files: &[(PathBuf, String)]) -> Result<Vec<Take>, Failure> {
    let progress = bar(files.len() as u64, "analysing");
    let takes: Result<Vec<_>, _> = analyse_files(files, |done| progress.set_position(done as u64)).into_iter().collect();
    progress.finish_and_clear();
    Ok(takes?)
}
