//! What the standalone remembers from one start to the next: the sound card, and the session. Files are written whole or not at all.

use crate::{
    Failure,
    options::{BUFFERS, Backend, CHANNELS, Options, RATES, Wanted},
};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};
use syrinx_plugin::{reading, source::Source, state, whole_file};

/// Most bytes of the file that remembers the sound card.
const MOST_BYTES: usize = 1 << 16;

/// The sound card as it was last played on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SoundConfig {
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub midi: Option<String>,
}

impl SoundConfig {
    /// Without what no flag could have asked for, which `tell` is told of: somebody has written in the file, or another Syrinx has.
    fn possible(mut self, mut tell: impl FnMut(String)) -> Self {
        let mut possible = |name: &str, value: i64, range: RangeInclusive<i64>| {
            if !range.contains(&value) {
                let (least, most) = (range.start(), range.end());
                tell(format!("{name} is {value}, and {least} to {most} are possible; the default is used"));
            }
            range.contains(&value)
        };
        self.channel = self.channel.filter(|n| possible("channel", (*n).into(), CHANNELS));
        self.sample_rate = self.sample_rate.filter(|n| possible("sample_rate", (*n).into(), RATES));
        self.buffer = self.buffer.filter(|n| possible("buffer", (*n).into(), BUFFERS));
        self
    }
}

/// What every session has, whichever Syrinx saved it.
#[derive(Deserialize)]
struct Mark {
    #[serde(rename = "fields")]
    _fields: Format,
}

#[derive(Deserialize)]
struct Format {
    #[serde(rename = "format")]
    _format: String,
}

/// Where all that is kept.
pub struct Config {
    sound: PathBuf,
    session: PathBuf,
    /// Whether the player named the session's file: it may be anything.
    is_named: bool,
    /// What the session's file holds, as far as this program knows.
    saved: Vec<u8>,
}

impl Config {
    /// In the player's own configuration folder, but for a session named by a flag.
    pub fn new(options: &Options) -> Result<Self, Failure> {
        let folder = dirs::config_dir().ok_or("this system names no folder for settings (on Linux: set HOME)")?.join("syrinx");
        let last = match options.source() {
            Source::Voice => "session.json",
            Source::Keys => "session-keys.json",
        };
        let session = options.session.clone().unwrap_or_else(|| folder.join(last));
        let is_named = options.session.is_some();
        Ok(Self { sound: folder.join("standalone.toml"), session, is_named, saved: Vec::new() })
    }

    /// The sound card as remembered; nothing, with a word on the terminal, of what cannot be read or cannot be.
    pub fn sound(&self) -> SoundConfig {
        let unread = |why: &dyn std::fmt::Display| {
            eprintln!("syrinx: {} cannot be {why}; the defaults are used", self.sound.display());
            SoundConfig::default()
        };
        let bytes = match reading::bounded(&self.sound, MOST_BYTES) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return SoundConfig::default(),
            Err(e) => return unread(&format_args!("read ({e})")),
        };
        match toml::from_slice::<SoundConfig>(&bytes) {
            Ok(sound) => sound.possible(|what| eprintln!("syrinx: {}: {what}", self.sound.display())),
            Err(e) => unread(&format_args!("understood ({})", e.message())),
        }
    }

    /// Remembers a sound card that plays.
    pub fn remember(&self, wanted: &Wanted) -> Result<(), Failure> {
        let sound = SoundConfig {
            backend: Some(wanted.backend),
            input: wanted.input.clone(),
            output: wanted.output.clone(),
            channel: u16::try_from(wanted.channel + 1).ok(),
            sample_rate: Some(wanted.sample_rate_hz),
            buffer: Some(wanted.buffer),
            midi: Some(wanted.midi.text().into()),
        };
        write(&self.sound, toml::to_string(&sound).map_err(|e| e.to_string())?.as_bytes())
    }

    /// The last session's bytes, if there is one. A file that the player named and that is no session is refused: it is to stay as it is.
    pub fn session(&self) -> Result<Option<Vec<u8>>, Failure> {
        let name = self.session.display();
        let bytes = match reading::bounded(&self.session, state::MAX_STATE_BYTES) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(format!("{name} cannot be read: {e}")),
        };
        if self.is_named && serde_json::from_slice::<Mark>(&bytes).is_err() {
            return Err(format!("{name} is not a session of Syrinx; it stays as it is, and --session takes another name"));
        }
        Ok(Some(bytes))
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
