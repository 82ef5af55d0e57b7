//! Files that appear whole or not at all. Not for the audio thread.

use std::{fs, io, path::Path};

/// Writes a file, and the folder it is in. What was there before stays until the new one is complete.
///
/// # Errors
/// Those of the disk; nothing half written is left.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    syrinx_file::write_bytes(path, bytes).map_err(|e| e.reason)
}
