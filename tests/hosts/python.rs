//! Hosts that are Python packages: each has a script in this folder, which does the steps that it is sent.

use super::sound::RawFile;
use serde_json::{Value, json};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A host.
#[derive(Clone, Copy)]
pub enum Host {
    Pedalboard,
    DawDreamer,
}

impl Host {
    /// Has the host do the steps, in one process; its answers.
    pub fn run(self, steps: Vec<Value>) -> Vec<Value> {
        let python = std::env::var_os("SYRINX_PYTHON").expect("SYRINX_PYTHON names a Python with the hosts: cargo xtask test");
        let script = match self {
            Self::Pedalboard => "pedalboard_host.py",
            Self::DawDreamer => "dawdreamer_host.py",
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/hosts").join(script);
        let mut child = Command::new(python)
            .arg("-B")
            .arg(script)
            // JUCE opens the first display that there is, even without this variable; one that goes away would end the host.
            .env("DISPLAY", ":65000")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("Python starts");
        child.stdin.take().unwrap().write_all(json!(steps).to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the host failed ({}): {said}", output.status);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("the host answers no JSON ({e}): {said}"))
    }

    /// The step that plays a sound, whole, into a file.
    pub fn render(self, id: &str, input: &RawFile, rate_hz: u32, block: usize, output: &Path) -> Value {
        json!({"do": "render", "id": id, "input": input.file, "channels": input.channels, "rate": rate_hz, "block": block, "output": output})
    }
}

/// The step that loads the plugin.
pub fn load(id: &str, rate_hz: u32, block: usize) -> Value {
    json!({"do": "load", "id": id, "plugin": plugin_path(), "rate": rate_hz, "block": block})
}

/// The bundle under test.
pub fn plugin_path() -> PathBuf {
    let bundles = std::env::var_os("SYRINX_BUNDLES").expect("SYRINX_BUNDLES names the folder of bundles: cargo xtask test");
    let path = PathBuf::from(bundles).join("Syrinx.vst3");
    assert!(path.is_dir(), "{}: no bundle", path.display());
    path
}
