//! The command line, built and run as a user would, for the chores that need it.

use serde_json::Value;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use xtask::Failure;

/// The command line, as a user has it.
pub struct Syrinx(PathBuf);

impl Syrinx {
    /// Builds it and finds where cargo put it.
    pub fn build(root: &Path) -> Result<Self, Failure> {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--release", "--bin", "syrinx", "--message-format", "json-render-diagnostics"])
            .current_dir(root)
            .stderr(Stdio::inherit())
            .output()
            .map_err(|e| format!("cargo does not run: {e}"))?;
        if !built.status.success() {
            return Err("the command line does not build".into());
        }
        let path = executable(&built.stdout).ok_or("cargo built the command line but did not say where")?;
        Ok(Self(path))
    }

    /// Runs it; all that it prints goes to the terminal.
    pub fn run(&self, arguments: &[&str]) -> Result<(), Failure> {
        let done = Command::new(&self.0).args(arguments).status();
        self.succeeded(arguments, done.map(|status| status.success()))
    }

    /// Runs it, and gives what it prints on standard output.
    pub fn ask(&self, arguments: &[&str]) -> Result<String, Failure> {
        let done = Command::new(&self.0).args(arguments).stderr(Stdio::inherit()).output();
        self.succeeded(arguments, done.as_ref().map(|output| output.status.success()))?;
        Ok(String::from_utf8(done?.stdout)?)
    }

    /// Says which call failed, and how.
    fn succeeded<E: Display>(&self, arguments: &[&str], done: Result<bool, E>) -> Result<(), Failure> {
        match done {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("'syrinx {}' failed", arguments.join(" ")).into()),
            Err(e) => Err(format!("{} does not run: {e}", self.0.display()).into()),
        }
    }
}

/// The executable named in cargo's messages, one JSON object a line.
fn executable(messages: &[u8]) -> Option<PathBuf> {
    let messages = messages.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    messages.filter_map(|message| message.get("executable")?.as_str().map(PathBuf::from)).next_back()
}

/// A path as an argument.
pub fn text(path: &Path) -> Result<&str, Failure> {
    path.to_str().ok_or_else(|| format!("{}: the path is not Unicode", path.display()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_in_cargos_messages() {
        let messages = b"{\"reason\":\"compiler-artifact\",\"executable\":null}\n{\"executable\":\"target/release/syrinx\"}\n{\"success\":true}\n";
        assert_eq!(executable(messages), Some(PathBuf::from("target/release/syrinx")));
    }
}
