//! Which of the two forms a path is. Any thread; looks at the disk.

use std::path::{Path, PathBuf};

use crate::{error::NsynthError, folder::INDEX};

/// One piece of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A folder with `examples.json` and `audio/`.
    Folder(PathBuf),
    /// A TFRecord file.
    Shard(PathBuf),
}

impl Input {
    /// What lies at `path`: a folder of the first form, a TFRecord file, or a folder of TFRecord files, in order of name.
    ///
    /// # Errors
    /// When there is nothing, or nothing of the kind.
    pub fn find(path: &Path) -> Result<Vec<Self>, NsynthError> {
        let read = |reason| NsynthError::Read { path: path.into(), reason };
        if !std::fs::metadata(path).map_err(read)?.is_dir() {
            // Whatever a shard is called, its first bytes decide.
            return Ok(vec![Self::Shard(path.into())]);
        }
        if path.join(INDEX).is_file() {
            return Ok(vec![Self::Folder(path.into())]);
        }
        let mut shards = Vec::new();
        for entry in std::fs::read_dir(path).map_err(read)? {
            let file = entry.map_err(read)?.path();
            if file.is_file() && is_shard(&file) {
                shards.push(Self::Shard(file));
            }
        }
        if shards.is_empty() {
            let reason = format!("it has neither {INDEX} nor TFRecord files in it");
            return Err(NsynthError::NotNsynth { path: path.into(), reason });
        }
        shards.sort_by(|a, b| a.path().cmp(b.path()));
        Ok(shards)
    }

    /// Whether `path` looks like a piece of a dataset by its name or contents, where sound files are expected as well.
    pub fn is_at(path: &Path) -> bool {
        if path.is_dir() { Self::find(path).is_ok() } else { path.is_file() && is_shard(path) }
    }

    /// The folder or file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::Shard(path) => path,
        }
    }

    /// The error that there is not one note in it.
    pub(crate) fn holds_nothing(&self) -> NsynthError {
        let reason = match self {
            Self::Folder(_) => "its index lists no notes",
            Self::Shard(_) => "the file is empty",
        };
        NsynthError::NotNsynth { path: self.path().into(), reason: reason.into() }
    }

    /// Bytes that a walk reads of it, for progress; 0 when the system does not say.
    pub fn bytes(&self) -> u64 {
        let file = match self {
            Self::Folder(path) => path.join(INDEX),
            Self::Shard(path) => path.clone(),
        };
        std::fs::metadata(file).map_or(0, |meta| meta.len())
    }
}

/// By name: `x.tfrecord`, or `x.tfrecord-00000-of-00512` as TensorFlow Datasets has them.
fn is_shard(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.rsplit_once(".tfrecord")
        .is_some_and(|(_, rest)| rest.chars().all(|c| c == '-' || c.is_ascii_digit() || "of".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_known_by_their_names() {
        for name in ["nsynth-train.tfrecord", "nsynth-train.tfrecord-00000-of-00512", "/data/a.tfrecord"] {
            assert!(is_shard(name.as_ref()), "{name}");
        }
        for name in ["a.tfrecord.gz", "a.tfrecord.part", "tfrecord", "a.wav", ""] {
            assert!(!is_shard(name.as_ref()), "{name}");
        }
    }

    #[test]
    fn folders_are_known_by_what_is_in_them() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(matches!(Input::find(&at("nothing")), Err(NsynthError::Read { .. })));
        assert!(matches!(Input::find(folder.path()), Err(NsynthError::NotNsynth { .. })) && !Input::is_at(folder.path()));
        for name in ["b.tfrecord-00001-of-00002", "b.tfrecord-00000-of-00002", "notes.txt"] {
            std::fs::write(at(name), "x").unwrap();
        }
        let shards = Input::find(folder.path()).unwrap();
        let names: Vec<_> = shards.iter().map(|s| s.path().file_name().unwrap().to_string_lossy().into_owned()).collect();
        assert_eq!(names, ["b.tfrecord-00000-of-00002", "b.tfrecord-00001-of-00002"]);
        std::fs::write(at(INDEX), "{}").unwrap();
        assert_eq!(Input::find(folder.path()).unwrap(), [Input::Folder(folder.path().into())]);
        assert_eq!(Input::Folder(folder.path().into()).bytes(), 2);
    }
}
