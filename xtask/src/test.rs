//! `cargo xtask test`: all tests, with the peers that some of them compare against.
//!
//! The peers are Python packages, listed in `tests/requirements.txt` and put into an environment of their own under `target/`. Where no
//! Python can be had, the comparisons with peers are left out and that is said; under CI, that is a failure.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};
use xtask::Failure;

/// Runs the tests; `more` is handed to `cargo test`.
pub fn run(more: &[String]) -> Result<(), Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the workspace has no folder")?;
    let peers = peers(root);
    let mut tests = Command::new(env!("CARGO"));
    tests.current_dir(root).args(["test", "--workspace", "--locked"]).args(more);
    match &peers {
        // The tests marked as ignored are those that need the peers.
        Ok(python) => tests.env("SYRINX_PYTHON", python).args(["--", "--include-ignored"]),
        Err(why) if env::var_os("CI").is_some() => {
            return Err(format!("the peers of the tests cannot be installed: {why}").into());
        }
        Err(why) => {
            eprintln!("xtask: comparisons with onnxruntime are left out: {why}");
            &mut tests
        }
    };
    succeed(&mut tests)
}

/// The Python of an environment that has the peers, made if need be.
fn peers(root: &Path) -> Result<PathBuf, Failure> {
    let wanted = root.join("tests/requirements.txt");
    let folder = root.join("target/peers");
    let python = folder.join("bin/python");
    let installed = folder.join("requirements.txt");
    let list = std::fs::read_to_string(&wanted)?;
    if python.exists() && std::fs::read_to_string(&installed).is_ok_and(|had| had == list) {
        return Ok(python);
    }
    if !has_venv() {
        install_python()?;
    }
    succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    succeed(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&wanted))?;
    std::fs::write(&installed, list)?;
    Ok(python)
}

/// Whether there is a Python that can make environments: Debian's comes without, unless asked.
fn has_venv() -> bool {
    Command::new("python3").args(["-c", "import venv, ensurepip"]).output().is_ok_and(|o| o.status.success())
}

/// Installs Python where that needs no questions: as root, on Debian and its kin.
fn install_python() -> Result<(), Failure> {
    let root_user = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.trim_ascii() == b"0");
    if !root_user || !Path::new("/usr/bin/apt-get").exists() {
        return Err("there is no Python 3 with venv (on Debian: apt install python3-venv)".into());
    }
    let apt =
        |arguments: &[&str]| succeed(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").arg("-qq").args(arguments));
    apt(&["update"])?;
    apt(&["install", "-y", "--no-install-recommends", "python3-venv"])
}

fn succeed(command: &mut Command) -> Result<(), Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|e| format!("{program} cannot be run: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{program} failed ({status})").into()) }
}
