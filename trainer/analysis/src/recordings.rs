//! Recordings as people have them: sound files and folders of them. Offline; any thread but the audio thread.

use crate::audio::{FORMATS, is_sound_file, is_unreadable_sound_file};
use crate::frames::Take;
use crate::report::{FileReport, Report, Surveyed, Verdict};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, DirEntry},
    io,
    path::{Path, PathBuf},
};

/// What `train --sounds` leaves behind, in a folder of its own or among the recordings: no recordings both.
pub const HELD_OUT: &str = "held-out.wav";
/// See [`HELD_OUT`].
pub const RESYNTHESIS: &str = "resynthesis.wav";
/// Unreadable files that are named; the rest is counted.
const NAMED: usize = 5;

/// Why no recordings are found. Each is one sentence.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// A path at which there is nothing.
    #[error("{} does not exist", .0.display())]
    Nothing(PathBuf),
    /// A folder that cannot be looked through.
    #[error("{} cannot be read: {reason}", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// Nothing that can be read here is among them.
    #[error("no sound files ({FORMATS}) were found there{}", .0.as_ref().map_or(String::new(), |what| format!(", only {what}")))]
    NoSound(
        /// What was passed over, in words.
        Option<String>,
    ),
}

/// Recordings that were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The files in order of path, each with its source: the name of the folder it lies in. Each is there once, however many links lead to it.
    pub files: Vec<(PathBuf, String)>,
    /// What was passed over and why, in words, if anything was.
    pub passed_over: Option<String>,
}

/// The sound files among and below `paths`.
///
/// # Errors
/// When there are none.
pub fn find_recordings(paths: &[PathBuf]) -> Result<Found, FindError> {
    let mut search = Search::default();
    for path in paths {
        if path.is_dir() {
            search.below(path)?;
        } else if path.exists() {
            // What somebody names is tried, whatever its name.
            search.take(path);
        } else {
            return Err(FindError::Nothing(path.clone()));
        }
    }
    let passed_over = search.passed_over();
    if search.files.is_empty() {
        return Err(FindError::NoSound(passed_over));
    }
    search.files.sort();
    let files = search.files.into_iter().map(|path| (path.clone(), source_of(&path))).collect();
    Ok(Found { files, passed_over })
}

/// The source of a recording: the name of the folder that it lies in.
pub fn source_of(path: &Path) -> String {
    path.parent().and_then(Path::file_name).map_or(String::new(), |name| name.to_string_lossy().into_owned())
}

/// Recordings that were read, analysed and judged; more can come, and any can go.
#[derive(Clone, Debug)]
pub struct Recordings {
    /// Those that are fit for training.
    pub takes: Vec<Take>,
    /// The file of each.
    pub files: Vec<PathBuf>,
    /// What is to be said of all.
    pub report: Report,
    /// All, fit or not.
    judged: Vec<(PathBuf, Result<FileReport, String>)>,
}

impl Default for Recordings {
    fn default() -> Self {
        Self { takes: Vec::new(), files: Vec::new(), report: Report::new(Vec::new(), Vec::new()), judged: Vec::new() }
    }
}

impl Recordings {
    /// Those at the paths of `files`, in their order, as they were surveyed.
    pub fn new(files: impl IntoIterator<Item = PathBuf>, surveyed: impl IntoIterator<Item = Surveyed>) -> Self {
        let mut all = Self::default();
        for (path, surveyed) in files.into_iter().zip(surveyed) {
            all.put(all.judged.len(), path, surveyed);
        }
        all.sum_up();
        all
    }

    /// One more, or the same anew: among those that are in order of path, where [`find_recordings`] would find it.
    pub fn add(&mut self, path: PathBuf, surveyed: Surveyed) {
        self.drop_file(&path);
        let place = self.judged.partition_point(|(other, _)| *other < path);
        self.put(place, path, surveyed);
        self.sum_up();
    }

    /// One less.
    pub fn remove(&mut self, path: &Path) {
        self.drop_file(path);
        self.sum_up();
    }

    /// All of them in their order, fit or not: the path of each, and what is to be said of it, or why it cannot be read.
    pub fn judged(&self) -> &[(PathBuf, Result<FileReport, String>)] {
        &self.judged
    }

    fn put(&mut self, place: usize, path: PathBuf, surveyed: Surveyed) {
        let judged = match surveyed {
            Ok((take, report)) => {
                if report.verdict == Verdict::Usable {
                    let fit = self.judged[..place]
                        .iter()
                        .filter(|(_, judged)| matches!(judged, Ok(report) if report.verdict == Verdict::Usable));
                    let among = fit.count();
                    self.takes.insert(among, take);
                    self.files.insert(among, path.clone());
                }
                Ok(report)
            }
            Err(error) => Err(error.to_string()),
        };
        self.judged.insert(place, (path, judged));
    }

    fn drop_file(&mut self, path: &Path) {
        self.judged.retain(|(other, _)| other != path);
        if let Some(at) = self.files.iter().position(|other| other == path) {
            self.files.remove(at);
            self.takes.remove(at);
        }
    }

    fn sum_up(&mut self) {
        let readable = self.judged.iter().filter_map(|(_, judged)| judged.clone().ok());
        let unreadable = self.judged.iter().filter_map(|(_, judged)| judged.clone().err());
        self.report = Report::new(readable.collect(), unreadable.collect());
    }
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

    fn below(&mut self, folder: &Path) -> Result<(), FindError> {
        let unreadable = |reason| FindError::Unreadable { path: folder.into(), reason };
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
        let files =
            find_recordings(&paths).unwrap().files.iter().map(|(path, source)| (relative(path), source.clone())).collect();
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
        let sentence = find_recordings(&[folder.path().join("strange")]).unwrap_err().to_string();
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
