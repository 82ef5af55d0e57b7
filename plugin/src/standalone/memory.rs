//! What the standalone remembers from one start to the next: the sound card, and the session. Files are written whole or not at all.

use crate::{
    Failure,
    options::{Backend, Options, Wanted},
};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use syrinx_plugin::whole_file;

/// The sound card as it was last played on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sound {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<Backend>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer: Option<u32>,
}

/// Where all that is kept.
pub struct Memory {
    sound: PathBuf,
    session: PathBuf,
    /// What the session's file holds, as far as this program knows.
    saved: Vec<u8>,
}

impl Memory {
    /// In the player's own configuration folder, but for a session named by a flag.
    pub fn new(options: &Options) -> Result<Self, Failure> {
        let folder = dirs::config_dir().ok_or("this system names no folder for settings (on Linux: set HOME)")?.join("syrinx");
        let session = options.session.clone().unwrap_or_else(|| folder.join("session.json"));
        Ok(Self { sound: folder.join("standalone.toml"), session, saved: Vec::new() })
    }

    /// The sound card as remembered; nothing, with a word on the terminal, where that cannot be read.
    pub fn sound(&self) -> Sound {
        let text = match fs::read_to_string(&self.sound) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Sound::default(),
            Err(e) => {
                eprintln!("syrinx: {} cannot be read ({e}); the defaults are used", self.sound.display());
                return Sound::default();
            }
        };
        toml::from_str(&text).unwrap_or_else(|e: toml::de::Error| {
            eprintln!("syrinx: {} cannot be understood ({}); the defaults are used", self.sound.display(), e.message());
            Sound::default()
        })
    }

    /// Remembers a sound card that plays.
    pub fn remember(&self, wanted: &Wanted) -> Result<(), Failure> {
        let sound = Sound {
            backend: Some(wanted.backend),
            input: wanted.input.clone(),
            output: wanted.output.clone(),
            channel: u16::try_from(wanted.channel + 1).ok(),
            sample_rate: Some(wanted.sample_rate_hz),
            buffer: Some(wanted.buffer),
        };
        write(&self.sound, toml::to_string(&sound).map_err(|e| e.to_string())?.as_bytes())
    }

    /// The last session's bytes, if there is one.
    pub fn session(&self) -> Result<Option<Vec<u8>>, Failure> {
        match fs::read(&self.session) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(format!("{} cannot be read: {e}", self.session.display())),
        }
    }

    /// Saves the session, if it is not what is saved already.
    pub fn save_session(&mut self, bytes: Vec<u8>) -> Result<(), Failure> {
        if bytes != self.saved {
            write(&self.session, &bytes)?;
            self.saved = bytes;
        }
        Ok(())
    }

    /// Moves a session that cannot be opened out of the way of the next one; where it is then.
    pub fn set_session_aside(&self) -> Result<PathBuf, Failure> {
        let name = |n: u32| self.session.with_extension(format!("unreadable-{n}.json"));
        let aside = (1..).map(name).find(|p| !p.exists()).expect("a folder has not as many files as there are numbers");
        fs::rename(&self.session, &aside).map_err(|e| format!("{} cannot be renamed: {e}", self.session.display()))?;
        Ok(aside)
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    whole_file::write(path, bytes).map_err(|e| format!("{} cannot be written: {e}", path.display()))
}
