//! Files that appear whole or not at all. Not for the audio thread.

use std::{fs, io, path::Path};

/// Writes a file, and the folder it is in. What was there before stays until the new one is complete.
///
/// # Errors
/// Those of the disk; nothing half written is left.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = path.with_extension("part");
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&part, bytes)).and_then(|()| fs::rename(&part, path));
    written.inspect_err(|_| {
        let _ = fs::remove_file(&part);
    })
}
