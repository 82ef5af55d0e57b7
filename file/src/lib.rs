//! Files that appear whole or not at all: what all of Syrinx writes with. Blocks on the disk: never on the audio thread.
//!
//! A file is written beside its place, under a short name of its own, and renamed when it is complete; what stood there before stays until then,
//! and its rights are kept. A symbolic link is followed: the file that it points to is replaced, and the link stays. Devices and pipes are
//! opened and written as they are.

mod midi;

pub use midi::midi_file;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

/// Bytes gathered between two calls of the system.
const BUFFER: usize = 1 << 16;
/// Symbolic links followed, as many as Linux follows.
const MOST_LINKS: usize = 40;

/// Why a file cannot be written: one sentence that names it.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {reason}", path.display())]
pub struct WriteError {
    /// The file, as it was named.
    pub path: PathBuf,
    /// What the system says.
    pub reason: io::Error,
}

impl WriteError {
    /// Whether whoever was to read the bytes has gone, as `head` does when it has enough.
    pub fn is_broken_pipe(&self) -> bool {
        self.reason.kind() == io::ErrorKind::BrokenPipe
    }
}

/// Takes the bytes of a file that is being written.
pub struct Output {
    path: PathBuf,
    to: BufWriter<Box<dyn Write>>,
}

impl Output {
    fn new(path: &Path, to: impl Write + 'static) -> Self {
        Self { path: path.into(), to: BufWriter::with_capacity(BUFFER, Box::new(to)) }
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.to.write_all(bytes).map_err(|reason| WriteError { path: self.path.clone(), reason })
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.to.flush().map_err(|reason| WriteError { path: self.path.clone(), reason })
    }
}

/// Writes a file with `write`. When that fails, what stood in its place stays, and nothing half written is left.
///
/// # Errors
/// Those of `write`, and [`WriteError`] when the system refuses.
pub fn write_whole<E: From<WriteError>>(path: &Path, write: impl FnOnce(&mut Output) -> Result<(), E>) -> Result<(), E> {
    let fails = |reason| WriteError { path: path.into(), reason };
    let standing = match fs::metadata(path) {
        Ok(standing) => Some(standing),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => return Err(fails(e).into()),
    };
    if standing.as_ref().is_some_and(|standing| standing.is_dir()) {
        return Err(fails(io::ErrorKind::IsADirectory.into()).into());
    }
    if standing.as_ref().is_some_and(|standing| !standing.is_file()) || names_an_open_file(path) {
        let device = OpenOptions::new().write(true).truncate(true).open(path).map_err(fails)?;
        let mut output = Output::new(path, device);
        write(&mut output)?;
        return Ok(output.flush()?);
    }
    let place = behind_links(path).map_err(fails)?;
    let part = Part::beside(&place).map_err(fails)?;
    let file = OpenOptions::new().write(true).create_new(true).open(&part.0).map_err(fails)?;
    if let Some(standing) = standing {
        file.set_permissions(standing.permissions()).map_err(fails)?;
        keep_owner(&file, &standing);
    }
    let mut output = Output::new(path, file);
    write(&mut output)?;
    output.flush()?;
    // Closed before it is renamed, as some systems demand.
    drop(output);
    fs::rename(&part.0, &place).map_err(fails)?;
    Ok(())
}

/// Writes the bytes of a file; see [`write_whole`].
///
/// # Errors
/// Those of the disk.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    write_whole(path, |output| output.put(bytes))
}

/// Writes to standard output with `write`.
///
/// # Errors
/// Those of `write`, and [`WriteError`] when standard output takes no more.
pub fn write_to_stdout<E: From<WriteError>>(write: impl FnOnce(&mut Output) -> Result<(), E>) -> Result<(), E> {
    let mut output = Output::new(Path::new("standard output"), io::stdout());
    write(&mut output)?;
    Ok(output.flush()?)
}

/// Whether two paths name one file, by way of symbolic or hard links too. Paths at which there is nothing name none.
pub fn is_same_file(a: &Path, b: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        match (fs::metadata(a), fs::metadata(b)) {
            (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
            _ => false,
        }
    }
    #[cfg(not(unix))]
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// The file being written, gone unless it has been renamed.
struct Part(PathBuf);

impl Part {
    /// A name that nobody else uses and that is short, for the final name may be as long as names can be.
    fn beside(place: &Path) -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        if place.file_name().is_none() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it has no file name"));
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Ok(Self(place.with_file_name(format!(".syrinx-{}-{number}.part", std::process::id()))))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Best effort: the first failure is the one that is told. After the renaming there is nothing of this name.
        let _ = fs::remove_file(&self.0);
    }
}

/// `/dev/stdout` and its like lead to files that somebody has open: those are written, not replaced.
fn names_an_open_file(path: &Path) -> bool {
    cfg!(unix) && (path.starts_with("/dev") || path.starts_with("/proc"))
}

/// The path at the end of a chain of symbolic links, whether something is there or not.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(to) => path = path.parent().map_or(to.clone(), |folder| folder.join(&to)),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// A file that the superuser replaces stays its owner's. Others cannot give files away, and need not.
fn keep_owner(file: &File, standing: &fs::Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let _ = std::os::unix::fs::fchown(file, Some(standing.uid()), Some(standing.gid()));
    }
    #[cfg(not(unix))]
    let _ = (file, standing);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        write_bytes(&path, b"old").unwrap();
        let failure = write_whole(&path, |output| {
            output.put(b"half")?;
            assert_eq!((fs::read(&path).unwrap(), names(folder.path()).len()), (b"old".to_vec(), 2));
            Err(WriteError { path: path.clone(), reason: io::Error::other("no more") })
        });
        assert_eq!(failure.unwrap_err().to_string(), format!("cannot write {}: no more", path.display()));
        assert_eq!((fs::read(&path).unwrap(), names(folder.path())), (b"old".to_vec(), vec!["out".into()]));
        write_bytes(&path, b"new").unwrap();
        assert_eq!((fs::read(&path).unwrap(), names(folder.path())), (b"new".to_vec(), vec!["out".into()]));
    }

    #[test]
    fn a_name_as_long_as_names_can_be_is_written() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["x".repeat(249) + ".wav", "é".repeat(126)] {
            write_bytes(&folder.path().join(&name), b"bytes").unwrap();
            assert_eq!(fs::read(folder.path().join(&name)).unwrap(), b"bytes");
        }
    }

    #[test]
    fn many_writers_of_one_file_do_not_disturb_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        std::thread::scope(|scope| {
            for byte in 0..8u8 {
                let path = &path;
                scope.spawn(move || write_bytes(path, &[byte; 100_000]).unwrap());
            }
        });
        let bytes = fs::read(&path).unwrap();
        assert!(bytes.len() == 100_000 && bytes.iter().all(|b| *b == bytes[0]));
        assert_eq!(names(folder.path()), ["out"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_and_so_do_rights() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("elsewhere")).unwrap();
        fs::write(at("elsewhere/target"), "old").unwrap();
        fs::set_permissions(at("elsewhere/target"), fs::Permissions::from_mode(0o600)).unwrap();
        symlink("elsewhere/target", at("middle")).unwrap();
        symlink("middle", at("link")).unwrap();
        write_bytes(&at("link"), b"new").unwrap();
        assert_eq!(fs::read(at("elsewhere/target")).unwrap(), b"new");
        assert_eq!(fs::metadata(at("elsewhere/target")).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(
            fs::symlink_metadata(at("link")).unwrap().is_symlink() && fs::symlink_metadata(at("middle")).unwrap().is_symlink()
        );
        assert!(is_same_file(&at("link"), &at("elsewhere/target")) && !is_same_file(&at("link"), &at("missing")));

        symlink("elsewhere/fresh", at("dangling")).unwrap();
        write_bytes(&at("dangling"), b"first").unwrap();
        assert_eq!(fs::read(at("elsewhere/fresh")).unwrap(), b"first");
        symlink("round", at("round")).unwrap();
        assert!(write_bytes(&at("round"), b"x").is_err());

        fs::hard_link(at("elsewhere/target"), at("hard")).unwrap();
        assert!(is_same_file(&at("hard"), &at("elsewhere/target")));
    }

    #[cfg(unix)]
    #[test]
    fn devices_are_written_as_they_are() {
        let before = fs::metadata("/dev/null").unwrap();
        write_bytes(Path::new("/dev/null"), b"gone").unwrap();
        assert_eq!(fs::metadata("/dev/null").unwrap().file_type(), before.file_type());
        let folder = write_bytes(&std::env::temp_dir(), b"x").unwrap_err().to_string();
        assert!(folder.contains("directory"), "{folder}");
    }
}
