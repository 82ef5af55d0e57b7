//! How files of the player's own are read: never more of one than is allowed, each once in a process however many instances ask, and with
//! nothing in what is shown of it that could disguise the rest. Not for the audio thread.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};
use syrinx_engine::is_control;

/// Reads a file of at most `most` bytes.
///
/// # Errors
/// Those of the disk; and where there is more, or what is there is no file, before it is read.
pub fn bounded(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    // Before it is opened: a pipe that nobody writes to would never be.
    let about = fs::metadata(path)?;
    let too_long = || io::Error::other(format!("it has more than {most} bytes"));
    if !about.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let file = File::open(path)?;
    if about.len() > most as u64 {
        return Err(too_long());
    }
    // It may grow while it is read.
    let mut bytes = Vec::with_capacity(about.len() as usize);
    file.take(most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most { Err(too_long()) } else { Ok(bytes) }
}

/// A text of a stranger's as it may be shown: signs that move the cursor, turn the direction of what follows, or cannot be seen at all are
/// replaced.
pub fn harmless(text: &str) -> String {
    let hides = |c: char| {
        is_control(c)
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().map(|c| if hides(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// What tells that a file is no longer the one that was read.
#[derive(Clone, Copy, PartialEq)]
struct Stamp {
    modified: Option<SystemTime>,
    len: u64,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|about| Self { modified: about.modified().ok(), len: about.len() })
    }
}

/// What files were read as: each is read anew only when it has changed.
pub struct Once<T>(Mutex<BTreeMap<PathBuf, (Stamp, T)>>);

impl<T: Clone> Default for Once<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone> Once<T> {
    /// With nothing read.
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// What the file at `path` says; whoever asks for any while one is read waits for it.
    pub fn get(&self, path: &Path, read: impl FnOnce(&Path) -> T) -> T {
        let key = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let Some(stamp) = Stamp::of(path) else { return read(path) };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, said)) = known.get(&key).filter(|(then, _)| *then == stamp) {
            return said.clone();
        }
        let said = read(path);
        known.insert(key, (stamp, said.clone()));
        said
    }

    /// Forgets the files that are gone.
    pub fn tidy(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|path, _| path.exists());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::Cell, time::Duration};

    #[test]
    fn no_more_is_read_than_is_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, [7; 100]).unwrap();
        assert_eq!(bounded(&path, 100).unwrap().len(), 100);
        assert!(bounded(&path, 99).unwrap_err().to_string().contains("more than 99 bytes"));
        assert!(bounded(folder.path(), 99).is_err());
        // As long as a disk: it is not read at all.
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(bounded(&path, 1 << 20).is_err());
        #[cfg(unix)]
        {
            let pipe = folder.path().join("pipe");
            assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            for path in [pipe.as_path(), "/dev/zero".as_ref()] {
                assert!(bounded(path, 1 << 20).unwrap_err().to_string().contains("no file"));
            }
        }
    }

    #[test]
    fn a_file_is_read_once_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let (once, reads) = (Once::new(), Cell::new(0));
        let get = |path: &Path| {
            once.get(path, |path| {
                reads.set(reads.get() + 1);
                fs::read_to_string(path).unwrap_or_default()
            })
        };
        fs::write(&path, "one").unwrap();
        assert_eq!((get(&path), get(&path), reads.get()), ("one".into(), "one".into(), 1));
        assert_eq!((get(&folder.path().join("./file")), reads.get()), ("one".into(), 1), "the same under another name");
        fs::write(&path, "longer").unwrap();
        assert_eq!((get(&path), reads.get()), ("longer".into(), 2));
        let later = SystemTime::now() + Duration::from_secs(5);
        fs::write(&path, "equals").unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
        assert_eq!((get(&path), reads.get()), ("equals".into(), 3));
        fs::remove_file(&path).unwrap();
        once.tidy();
        assert!(once.0.lock().unwrap().is_empty());
    }

    #[test]
    fn nothing_in_a_name_disguises_the_rest() {
        assert_eq!(harmless("Flöte – B♭ ‘x’ 日本"), "Flöte – B♭ ‘x’ 日本");
        assert_eq!(
            harmless("a\u{1b}[2J\nb\u{202e}gpj.exe\u{2066}\u{200b}"),
            "a\u{fffd}[2J\u{fffd}b\u{fffd}gpj.exe\u{fffd}\u{fffd}"
        );
    }
}
