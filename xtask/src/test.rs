//! `cargo xtask test`: all tests, with the hosts and peers that some of them run in or compare against. `cargo xtask lint`: what the
//! compiler's linter says of everything.
//!
//! The peers are Python packages, listed in `tests/requirements.txt` and put into an environment of their own under `target/`; the hosts
//! are those of them that load plugins, and Debian's. Tests that need what cannot be had are left out and that is said; under CI, that is
//! a failure.

use crate::{
    bundle::{self, Profile},
    system::{has_program, install, succeed},
};
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};
use xtask::Failure;

/// Programs of the system that tests need.
struct Need {
    /// The programs.
    programs: &'static [&'static str],
    /// Debian's packages with them.
    packages: &'static [&'static str],
    /// A word in the names of the tests that need them, and of no others.
    tests: &'static str,
    /// What those tests are.
    what: &'static str,
}

const NEEDS: &[Need] = &[
    Need { programs: &["ardour7-lua", "ardour7-export"], packages: &["ardour"], tests: "ardour", what: "the tests in Ardour" },
    Need { programs: &["jackd", "Xvfb"], packages: &["jackd2", "xvfb"], tests: "jack", what: "the tests of the standalone" },
    Need {
        programs: &["Xvfb", "xdotool", "import"],
        packages: &["xvfb", "xdotool", "imagemagick"],
        tests: "on_screen",
        what: "the tests of the window on a screen",
    },
];

/// Words in the names of the tests that need a Python with the peers, and of no others.
const TESTS_WITH_PEERS: [&str; 3] = ["onnxruntime", "pedalboard", "dawdreamer"];

/// Runs the tests; `more` is handed to `cargo test`.
pub fn run(more: &[String]) -> Result<(), Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the workspace has no folder")?;
    let mut left_out: Vec<&str> = Vec::new();
    for need in NEEDS {
        let met = || need.programs.iter().all(|p| has_program(p));
        let done = if met() { Ok(()) } else { install(need.packages) };
        let missing = || Failure::from(format!("{} brought no {}", need.packages.join(" and "), need.programs.join(" and ")));
        leave_out(done.and_then(|()| if met() { Ok(()) } else { Err(missing()) }), need.what, &[need.tests], &mut left_out)?;
    }
    let peers = peers(root);
    let python = peers.as_ref().ok().cloned();
    leave_out(peers.map(drop), "the tests in pedalboard, DawDreamer and onnxruntime", &TESTS_WITH_PEERS, &mut left_out)?;
    leave_out(bundle::standalone_needs(), "the standalone", &["jack"], &mut left_out)?;

    let bundles = bundle::make(Profile::Dev)?;
    let mut tests = Command::new(env!("CARGO"));
    tests.current_dir(root).args(["test", "--workspace", "--locked"]);
    if bundles.standalone {
        // As the bundles were built: nothing is built twice.
        tests.args(["--features", "syrinx-plugin/standalone"]);
    }
    tests.args(more).env("SYRINX_BUNDLES", &bundles.folder);
    if let Some(python) = python {
        tests.env("SYRINX_PYTHON", python);
    }
    // The tests marked as ignored are those that need something that this chore brings.
    tests.args(["--", "--include-ignored"]);
    for word in left_out {
        tests.args(["--skip", word]);
    }
    succeed(&mut tests)
}

/// Runs the linter, for which warnings are errors.
pub fn lint() -> Result<(), Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the workspace has no folder")?;
    let mut left_out = Vec::new();
    leave_out(bundle::standalone_needs(), "the standalone", &["standalone"], &mut left_out)?;
    let mut clippy = Command::new(env!("CARGO"));
    clippy.current_dir(root).args(["clippy", "--workspace", "--all-targets", "--locked"]);
    if left_out.is_empty() {
        clippy.args(["--features", "syrinx-plugin/standalone"]);
    }
    succeed(clippy.args(["--", "-D", "warnings"]))
}

/// Leaves tests out by the words in their names, where what they need cannot be had; a failure under CI.
fn leave_out<'a>(had: Result<(), Failure>, what: &str, words: &[&'a str], left_out: &mut Vec<&'a str>) -> Result<(), Failure> {
    match had {
        Ok(()) => Ok(()),
        Err(why) if env::var_os("CI").is_some() => Err(format!("{what} cannot be had: {why}").into()),
        Err(why) => {
            eprintln!("xtask: {what} will be left out: {why}");
            left_out.extend(words);
            Ok(())
        }
    }
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
        install(&["python3-venv"])?;
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
