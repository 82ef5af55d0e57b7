//! What chores need of the system they run on: Debian's packages where those may be installed unasked, and running other programs.

use std::{path::Path, process::Command};
use xtask::Failure;

/// Runs a command, which must succeed.
pub fn succeed(command: &mut Command) -> Result<(), Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|e| format!("{program} cannot be run: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{program} failed ({status})").into()) }
}

/// Whether a program of this name is on the path.
pub fn has_program(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}

/// Installs packages where that needs no questions: as root, on Debian and its kin.
///
/// # Errors
/// Elsewhere, a sentence that says what to install.
pub fn install(packages: &[&str]) -> Result<(), Failure> {
    let root_user = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.trim_ascii() == b"0");
    if !root_user || !Path::new("/usr/bin/apt-get").exists() {
        return Err(format!("not everything needed is installed (on Debian: apt install {})", packages.join(" ")).into());
    }
    let apt =
        |arguments: &[&str]| succeed(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").arg("-qq").args(arguments));
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], packages].concat())
}
