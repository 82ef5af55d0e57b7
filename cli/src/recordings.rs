//! Recordings as `train` and `evaluate` take them: sound files and folders of them.

use crate::common::{Failure, bar};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, DirEntry},
    path::{Path, PathBuf},
};
use syrinx_analysis::{FORMATS, Take, analyse_files, is_sound_file, is_unreadable_sound_file};

/// What `train --sounds` leaves behind, in a folder of its own or among the recordings: no recordings both.
pub const HELD_OUT: &str = "held-out.wav";
/// See [`HELD_OUT`].
pub const RESYNTHESIS: &str = "resynthesis.wav";
/// Unreadable files that are named; the rest is counted.
const NAMED: usize = 5;

/// The sound files among and below `paths`, in order of path, each with its source: the name of the folder it lies in. Each is there once,
/// however many links lead to it. What is passed over is told on standard error.
pub fn find(paths: &[PathBuf]) -> Result<Vec<(PathBuf, String)>, Failure> {
    let mut search = Search::default();
    for path in paths {
        if path.is_dir() {
            search.below(path)?;
        } else if path.exists() {
            // What somebody names is tried, whatever its name.
            search.take(path);
        } else {
            return Err(format!("{} does not exist", path.display()).into());
        }
    }
    let passed_over = search.passed_over();
    if search.files.is_empty() {
        let but = passed_over.map_or(String::new(), |what| format!(", only {what}"));
        return Err(format!("no sound files ({FORMATS}) were found there{but}").into());
    }
    if let Some(what) = passed_over {
        eprintln!("syrinx: passed over: {what}");
    }
    search.files.sort();
    let source = |p: &Path| p.parent().and_then(Path::file_name).map_or(String::new(), |n| n.to_string_lossy().into_owned());
    Ok(search.files.into_iter().map(|p| (p.clone(), source(&p))).collect())
}

/// What a walk through folders has found so far.
#[derive(Default)]
struct Search {
    files: Vec<PathBuf>,
    /// Files and folders come across, without links in their paths.
    seen: BTreeSet<PathBuf>,
    /// How many files were passed over, by what they are.
    counts: BTreeMap<&'static str, usize>,
    /// Names of sound files that cannot be read.
    unreadable: Vec<String>,
}

impl Search {
    /// Whether nothing that was come across before lies at `path`.
    fn is_new(&mut self, path: &Path) -> bool {
        // What cannot be resolved cannot be read either, and reading says why.
        self.seen.insert(path.canonicalize().unwrap_or_else(|_| path.into()))
    }

    fn take(&mut self, path: &Path) {
        if self.is_new(path) {
            self.files.push(path.into());
        } else {
            self.pass_over("found again through a link or a second path");
        }
    }

    fn pass_over(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn below(&mut self, folder: &Path) -> Result<(), Failure> {
        let unreadable = |e| format!("{} cannot be read: {e}", folder.display());
        if !self.is_new(folder) {
            self.pass_over("found again through a link or a second path");
            return Ok(());
        }
        let mut entries: Vec<DirEntry> = fs::read_dir(folder).and_then(Iterator::collect).map_err(unreadable)?;
        // What lies here is itself; what a link leads to may lie here, too.
        entries.sort_by_key(|entry| (entry.file_type().is_ok_and(|kind| kind.is_symlink()), entry.file_name()));
        let holds_sounds = [HELD_OUT, RESYNTHESIS].iter().all(|name| folder.join(name).is_file());
        for path in entries.iter().map(DirEntry::path) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with('.') {
                // Among them what file managers and editors leave beside a file: `._a.wav`, `.ipynb_checkpoints`.
                self.pass_over("hidden");
            } else if path.is_dir() {
                self.below(&path)?;
            } else if holds_sounds && [HELD_OUT, RESYNTHESIS].contains(&name.as_str()) {
                self.pass_over("made by a training");
            } else if is_sound_file(&path) {
                self.take(&path);
            } else if is_unreadable_sound_file(&path) {
                self.unreadable.push(name);
            } else {
                self.pass_over("no sound file");
            }
        }
        Ok(())
    }

    /// What was passed over and why, if anything was.
    fn passed_over(&self) -> Option<String> {
        let counts = self.counts.iter().map(|(what, count)| format!("{count} {what}"));
        let named = self.unreadable.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = match self.unreadable.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let unreadable = (!named.is_empty()).then(|| format!("of a format that cannot be read: {named}{more}"));
        let all: Vec<String> = counts.chain(unreadable).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

/// Analyses all files, with a progress bar. The first that cannot be read ends it.
pub fn analysed(files: &[(PathBuf, String)]) -> Result<Vec<Take>, Failure> {
    let progress = bar(files.len() as u64, "analysing");
    let takes: Result<Vec<_>, _> = analyse_files(files, |done| progress.set_position(done as u64)).into_iter().collect();
    progress.finish_and_clear();
    Ok(takes?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes empty files.
    fn touch(folder: &Path, names: &[&str]) {
        for name in names {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, []).unwrap();
        }
    }

    /// What is found, relative to `folder`, with the sources; and what is passed over.
    fn found(folder: &Path, paths: &[&str]) -> (Vec<(String, String)>, String) {
        let mut search = Search::default();
        for path in paths.iter().map(|path| folder.join(path)) {
            if path.is_dir() { search.below(&path).unwrap() } else { search.take(&path) }
        }
        let passed_over = search.passed_over().unwrap_or_default();
        let paths: Vec<PathBuf> = paths.iter().map(|path| folder.join(path)).collect();
        let relative = |path: &Path| path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
        let files = find(&paths).unwrap().iter().map(|(path, source)| (relative(path), source.clone())).collect();
        (files, passed_over)
    }

    #[test]
    fn only_recordings_are_found_and_the_rest_is_told() {
        let folder = tempfile::tempdir().unwrap();
        touch(
            folder.path(),
            &[
                "set/b.WAV",
                "set/a.flac",
                "set/soft/c.ogg",
                "set/._a.flac",
                "set/.hidden.wav",
                "set/.ipynb_checkpoints/a-checkpoint.flac",
                "set/d.wma",
                "set/e.Opus",
                "set/f.ape",
                "set/readme.txt",
                "set/sounds/held-out.wav",
                "set/sounds/resynthesis.wav",
                "set/named/held-out.wav",
            ],
        );
        let (files, passed_over) = found(folder.path(), &["set"]);
        let of = |path: &str, source: &str| (path.to_owned(), source.to_owned());
        assert_eq!(
            files,
            [
                of("set/a.flac", "set"),
                of("set/b.WAV", "set"),
                of("set/named/held-out.wav", "named"),
                of("set/soft/c.ogg", "soft")
            ]
        );
        for says in ["3 hidden", "2 made by a training", "1 no sound file", "cannot be read: d.wma, e.Opus, f.ape"] {
            assert!(passed_over.contains(says), "{says:?} is not in {passed_over:?}");
        }
        assert!(!found(folder.path(), &["set/soft"]).1.contains("passed"));
        touch(folder.path(), &["strange/x.opus"]);
        let sentence = find(&[folder.path().join("strange")]).unwrap_err().to_string();
        assert!(
            sentence.contains("no sound files") && sentence.contains("x.opus") && sentence.lines().count() == 1,
            "{sentence}"
        );
    }

    #[test]
    fn a_file_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        touch(folder.path(), &["set/a.wav"]);
        let once = [("set/a.wav".to_owned(), "set".to_owned())];
        let (files, passed_over) = found(folder.path(), &["set", "set/a.wav", "set/../set"]);
        assert_eq!(files, once);
        assert!(passed_over.contains("2 found again"), "{passed_over}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::symlink;
            symlink("../set", folder.path().join("set/Loop")).unwrap();
            symlink("a.wav", folder.path().join("set/0.wav")).unwrap();
            let (files, passed_over) = found(folder.path(), &["set"]);
            assert_eq!(files, once);
            assert!(passed_over.contains("2 found again"), "{passed_over}");
        }
    }
}
