//! A learning on disk: a folder with its recordings and `learning.json`, which says what the instrument is to be and which other files it is learned from. Whoever has it
//! open holds a lock on a file in it, which the system lets go whatever ends the process.

use crate::{reading, whole_file};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};
use syrinx_analysis::is_sound_file;

const ABOUT: &str = "learning.json";
const LOCK: &str = "lock";
/// Most bytes of what is said of a learning: room for thousands of paths.
const MOST_BYTES: usize = 4 << 20;

/// What an instrument is to be, and what it is learned from besides the recordings in its folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// Family, as on the card.
    pub family: String,
    /// Name shown to people; empty before it has one.
    pub name: String,
    /// Who trains it.
    pub author: String,
    /// Its licence.
    pub licence: String,
    /// Steps of a training.
    pub steps: usize,
    /// Files from elsewhere.
    pub files: Vec<PathBuf>,
    /// Recordings in the folder that are not learned from.
    pub left_out: Vec<PathBuf>,
    /// Nobody goes on with it unasked.
    pub done: bool,
}

impl Default for About {
    fn default() -> Self {
        Self {
            family: "string".into(),
            name: String::new(),
            author: String::new(),
            licence: String::new(),
            steps: syrinx_trainer::TrainOptions::new("", "").steps,
            files: Vec::new(),
            left_out: Vec::new(),
            done: false,
        }
    }
}

/// A folder that is this process's as long as the value lives.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// A new one below `home`.
    ///
    /// # Errors
    /// A sentence, where it cannot be written to.
    pub fn new(home: &Path) -> Result<Self, String> {
        let refused = |why: std::io::Error| {
            format!("Nothing can be kept in {}: {why}. See that there is room, and that it may be written there.", home.display())
        };
        fs::create_dir_all(home).map_err(refused)?;
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        for n in 0..1000 {
            let path = home.join(format!("{seconds}-{n:03}"));
            match fs::create_dir(&path) {
                Ok(()) => {}
                Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => continue,
                Err(why) => return Err(refused(why)),
            }
            let folder = Self::locked(&path).map_err(refused)?.ok_or("A folder that was just made is another's.")?;
            folder.keep(&About::default())?;
            return Ok(folder);
        }
        Err(format!("{} is full. Move some of it away.", home.display()))
    }

    /// The latest below `home` that is neither done nor another's and has something to learn from.
    pub fn latest(home: &Path) -> Option<Self> {
        let mut all: Vec<PathBuf> = fs::read_dir(home).ok()?.flatten().map(|entry| entry.path()).collect();
        all.sort();
        all.into_iter().rev().filter(|path| path.join(ABOUT).is_file()).find_map(|path| {
            let folder = Self::locked(&path).ok()??;
            let about = folder.about();
            (!about.done && !folder.recordings(&about).is_empty()).then_some(folder)
        })
    }

    fn locked(path: &Path) -> std::io::Result<Option<Self>> {
        let lock = File::options().create(true).append(true).open(path.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { path: path.into(), _lock: lock })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(why)) => Err(why),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says; the defaults where it says nothing that can be understood.
    pub fn about(&self) -> About {
        let bytes = reading::bounded(&self.path.join(ABOUT), MOST_BYTES).ok();
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Writes what it says, whole or not at all.
    ///
    /// # Errors
    /// A sentence.
    pub fn keep(&self, about: &About) -> Result<(), String> {
        let bytes = serde_json::to_vec_pretty(about).expect("it is made of texts");
        let path = self.path.join(ABOUT);
        whole_file::write(&path, &bytes)
            .map_err(|why| format!("{} cannot be written: {why}. What was recorded stays on disk.", path.display()))
    }

    /// All that it is learned from, in order of path.
    pub fn recordings(&self, about: &About) -> Vec<PathBuf> {
        let own = fs::read_dir(&self.path).into_iter().flatten().flatten().map(|entry| entry.path());
        let own = own.filter(|path| is_sound_file(path) && !about.left_out.contains(path));
        let mut all: Vec<PathBuf> = own.chain(about.files.iter().cloned()).collect();
        all.sort();
        all.dedup();
        all
    }

    /// A name for the next recording.
    pub fn next_recording(&self) -> PathBuf {
        let name = |n: u32| self.path.join(format!("recording {n:03}.wav"));
        (1..).map(name).find(|path| !path.exists()).expect("no folder has so many")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_is_gone_on_with_unless_it_is_done_or_anothers() {
        let home = tempfile::tempdir().unwrap();
        assert!(Folder::latest(home.path()).is_none());
        let first = Folder::new(home.path()).unwrap();
        let about = About { name: "Größe".into(), family: "reed".into(), ..About::default() };
        first.keep(&about).unwrap();
        assert!(Folder::latest(home.path()).is_none(), "another has it open");
        let path = first.path().to_owned();
        drop(first);
        assert!(Folder::latest(home.path()).is_none(), "there is nothing to learn from");
        fs::write(path.join("recording 001.wav"), [0]).unwrap();
        let again = Folder::latest(home.path()).unwrap();
        assert_eq!((again.path(), again.about()), (path.as_path(), about.clone()));
        assert_eq!(again.recordings(&about), [path.join("recording 001.wav")]);
        assert_eq!(again.next_recording(), path.join("recording 002.wav"));
        let second = Folder::new(home.path()).unwrap();
        assert_ne!(second.path(), path);
        again.keep(&About { done: true, ..about }).unwrap();
        drop(again);
        assert!(Folder::latest(home.path()).is_none(), "it is done");
    }

    #[test]
    fn what_cannot_be_understood_or_written_is_no_end_of_it() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::new(home.path()).unwrap();
        for text in ["", "{", "[1]", r#"{"files": 3}"#] {
            fs::write(folder.path().join(ABOUT), text).unwrap();
            assert_eq!(folder.about(), About::default(), "{text}");
        }
        fs::write(home.path().join("file"), "").unwrap();
        let why = Folder::new(&home.path().join("file").join("below")).unwrap_err();
        assert!(why.contains("Nothing can be kept in") && why.lines().count() == 1, "{why}");
    }
}
