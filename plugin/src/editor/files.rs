//! The window's own folders and files: how it looks, user presets, user instruments. Files are written whole or not at all. The window's
//! thread.

use super::layout::SIZE;
use crate::{reading, whole_file};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

/// Scales that the window is offered in, per cent.
pub const SCALES: [u16; 6] = [75, 100, 125, 150, 175, 200];

/// Most bytes of the file that remembers the looks: room for thousands of favourites.
const MOST_BYTES: usize = 1 << 20;

/// What the window remembers, for all instances.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Looks {
    /// Width and height before the scale, points.
    pub size: (f32, f32),
    /// Per cent.
    pub scale: u16,
    /// The dark palette.
    pub dark: bool,
    /// Ids of instruments.
    pub favourite_instruments: BTreeSet<String>,
    /// Names of presets.
    pub favourite_presets: BTreeSet<String>,
}

impl Default for Looks {
    fn default() -> Self {
        Self { size: SIZE, scale: 100, dark: true, favourite_instruments: BTreeSet::new(), favourite_presets: BTreeSet::new() }
    }
}

/// Where the window keeps things.
#[derive(Clone, Debug)]
pub struct Home {
    looks: PathBuf,
    /// User presets.
    pub presets: PathBuf,
    /// User instruments.
    pub instruments: PathBuf,
    /// Notes that were sung.
    pub notes: PathBuf,
    /// Instruments that are being learned, with their recordings.
    pub learning: PathBuf,
}

impl Home {
    /// In the player's own folders, where the system names them.
    pub fn of_player() -> Option<Self> {
        let data = dirs::data_dir()?.join("syrinx");
        Some(Self {
            looks: dirs::config_dir()?.join("syrinx").join("window.json"),
            presets: data.join("presets"),
            instruments: data.join("instruments"),
            notes: data.join("notes"),
            learning: data.join("learning"),
        })
    }

    /// All in one folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            looks: folder.join("window.json"),
            presets: folder.join("presets"),
            instruments: folder.join("instruments"),
            notes: folder.join("notes"),
            learning: folder.join("learning"),
        }
    }

    /// The looks as remembered; the defaults where there is nothing, or nothing that can be understood.
    pub fn looks(&self) -> Looks {
        let mut looks: Looks = reading::bounded(&self.looks, MOST_BYTES)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let sane = |value: f32, least: f32, most: f32| if value.is_finite() { value.clamp(least, most) } else { least };
        let least = super::layout::LEAST;
        looks.size = (sane(looks.size.0, least.0, 4000.0), sane(looks.size.1, least.1, 3000.0));
        if !SCALES.contains(&looks.scale) {
            looks.scale = 100;
        }
        looks
    }

    /// Remembers the looks.
    ///
    /// # Errors
    /// A sentence.
    pub fn remember(&self, looks: &Looks) -> Result<(), String> {
        let bytes = serde_json::to_vec_pretty(looks).expect("they are made of numbers and texts");
        write(&self.looks, &bytes)
    }
}

/// Writes a file whole or not at all, and the folder it is in.
///
/// # Errors
/// A sentence.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    whole_file::write(path, bytes).map_err(|e| {
        format!("{} cannot be written: {e}. See that there is room, and that it may be written there.", path.display())
    })
}

/// The files in a folder that end in `extension`, by name; none where there is no folder.
///
/// # Errors
/// A sentence.
pub fn list(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(format!("{} cannot be read: {e}. See that it may be read, then rescan.", folder.display())),
    };
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == extension) && p.is_file()).collect();
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_remembered_and_nonsense_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::in_folder(folder.path());
        assert_eq!(home.looks(), Looks::default());
        let looks = Looks { size: (1300.0, 800.0), scale: 150, dark: false, ..Looks::default() };
        home.remember(&looks).unwrap();
        assert_eq!(home.looks(), looks);
        for text in ["", "{", r#"{"size":[1e9,-3.0],"scale":7}"#] {
            fs::write(folder.path().join("window.json"), text).unwrap();
            let looks = home.looks();
            assert!(looks.size.0 <= 4000.0 && looks.size.1 >= 640.0 && looks.scale == 100, "{text}: {looks:?}");
        }
    }
}
