//! Presets: the factory's, and the user's as files. A preset is a sound: how the voice is heard, the latency mode and bypass are the
//! session's, and stay. No drawing.

use super::{desk::Desk, files};
use crate::{library::Reference, weighting::Weighting};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use syrinx_engine::{Model, OWN_INSTRUMENT, PARAMS, Param as Row, Settings, Slot, Weights};

/// The factory's presets.
const FACTORY: &str = include_str!("../../presets/factory.toml");
/// How preset files end.
pub const EXTENSION: &str = "syrinx";
/// The format that is written, and the newest that is read.
const FORMAT: u32 = 1;
/// Where users' presets are.
pub const USER: &str = "Yours";
/// The preset of a fresh instance.
pub const INIT: &str = "Violin, plain";

/// Whether a parameter belongs to the session and not to the sound.
pub fn is_sessions(row: &Row) -> bool {
    row.group == "Input" || matches!(row.id, "bypass" | "latency_mode")
}

/// One preset.
#[derive(Clone, Debug)]
pub struct Preset {
    /// Its name.
    pub name: String,
    /// Its group.
    pub group: String,
    /// What it is good for, in a sentence; may be empty.
    pub about: String,
    /// Its file, if it is the user's.
    pub file: Option<PathBuf>,
    values: BTreeMap<String, String>,
    weights: Option<String>,
    own: BTreeMap<String, Reference>,
}

/// A preset as a file. Values are texts with units, as people type them.
#[derive(Serialize, Deserialize)]
struct Written {
    syrinx_preset: u32,
    #[serde(default)]
    about: String,
    values: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weights: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    own: BTreeMap<String, Reference>,
}

#[derive(Deserialize)]
struct Factory {
    preset: Vec<FactoryPreset>,
}

#[derive(Deserialize)]
struct FactoryPreset {
    name: String,
    group: String,
    about: String,
    #[serde(default)]
    values: BTreeMap<String, String>,
    #[serde(default)]
    harmonics: BTreeMap<String, f32>,
    #[serde(default)]
    noise: BTreeMap<String, f32>,
}

impl FactoryPreset {
    fn weights(&self) -> Result<Option<String>, String> {
        if self.harmonics.is_empty() && self.noise.is_empty() {
            return Ok(None);
        }
        let mut weights = Weights::default();
        for (of, all) in [(&self.harmonics, &mut weights.harmonics_db[..]), (&self.noise, &mut weights.noise_db[..])] {
            for (number, db) in of {
                let at: usize = number.parse().map_err(|_| format!("{number:?} is no number"))?;
                *at.checked_sub(1).and_then(|at| all.get_mut(at)).ok_or_else(|| format!("there is no weight {number}"))? = *db;
            }
        }
        let text = Weighting::write(&weights);
        Weighting::parse(&text).map(|_| Some(text))
    }
}

/// All presets, and which of them plays.
pub struct Bank {
    presets: Vec<Preset>,
    folder: Option<PathBuf>,
    /// The name and group of the one that was loaded last, and what it made of the settings.
    loaded: (String, String),
}

fn factory() -> Result<Vec<Preset>, String> {
    let read: Factory = toml::from_str(FACTORY).map_err(|e| e.to_string())?;
    read.preset
        .into_iter()
        .map(|preset| {
            let weights = preset.weights().map_err(|e| format!("{}: {e}", preset.name))?;
            let FactoryPreset { name, group, about, values, .. } = preset;
            Ok(Preset { name, group, about, file: None, values, weights, own: BTreeMap::new() })
        })
        .collect()
}

impl Bank {
    /// The factory's presets and those of the user's folder; what to say of files that are none.
    pub fn new(folder: Option<PathBuf>) -> (Self, Option<String>) {
        let presets = factory().expect("the tests read the factory's presets");
        let mut bank = Self { presets, folder, loaded: (INIT.into(), String::new()) };
        let trouble = bank.rescan();
        (bank, trouble)
    }

    /// All of them: the factory's first.
    pub fn presets(&self) -> &[Preset] {
        &self.presets
    }

    /// Reads the user's folder anew; what to say of files that are none.
    pub fn rescan(&mut self) -> Option<String> {
        self.presets.retain(|p| p.file.is_none());
        let folder = self.folder.clone()?;
        let files = match files::list(&folder, EXTENSION) {
            Ok(files) => files,
            Err(why) => return Some(why),
        };
        let (read, wrong): (Vec<_>, Vec<_>) = files.iter().map(|path| read(path)).partition(Result::is_ok);
        self.presets.extend(read.into_iter().flatten());
        let wrong: Vec<String> = wrong.into_iter().filter_map(Result::err).collect();
        (!wrong.is_empty()).then(|| wrong.join(" "))
    }

    /// The name of the preset that was loaded last.
    pub fn name(&self) -> &str {
        &self.loaded.0
    }

    /// The place of the preset that was loaded last.
    pub fn current(&self) -> Option<usize> {
        let (name, group) = &self.loaded;
        self.presets.iter().position(|p| p.name == *name && (group.is_empty() || p.group == *group))
    }

    /// Whether the sound is no longer that of the preset.
    pub fn changed(&self, desk: &Desk) -> bool {
        let Some(preset) = self.current().map(|at| &self.presets[at]) else { return true };
        let Ok((settings, weights, _)) = preset.read() else { return true };
        let differs = |row: &Row| {
            let at = super::desk::at(row.id);
            let wanted = settings.value(row.id).expect("the table's own id");
            desk.normalized(at, wanted) != desk.value(at)
        };
        PARAMS.iter().filter(|row| !is_sessions(row)).any(differs) || desk.weights() != weights
    }

    /// Plays a preset: one step of the history.
    ///
    /// # Errors
    /// A sentence; nothing is changed then.
    pub fn load(&mut self, desk: &mut Desk, at: usize) -> Result<(), String> {
        let Some(preset) = self.presets.get(at) else { return Ok(()) };
        let (settings, weights, own) = preset.read()?;
        desk.together(|desk| {
            for (slot, model) in own {
                desk.library().put(slot, model);
            }
            for (at, row) in PARAMS.iter().enumerate().filter(|(_, row)| !is_sessions(row)) {
                let to = desk.normalized(at, settings.value(row.id).expect("the table's own id"));
                if desk.value(at) != to {
                    desk.put(at, to);
                }
            }
            desk.weigh(&weights);
        });
        desk.library().hush();
        self.loaded = (preset.name.clone(), preset.group.clone());
        Ok(())
    }

    /// Plays the preset so many places on from the one that was loaded last.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn step(&mut self, desk: &mut Desk, by: isize) -> Result<(), String> {
        let count = self.presets.len() as isize;
        let to = self.current().map_or(0, |now| (now as isize + by).rem_euclid(count));
        self.load(desk, to as usize)
    }

    fn path(&self, name: &str) -> Result<PathBuf, String> {
        let folder = self.folder.as_ref().ok_or("This system names no folder for presets.")?;
        let name = name.trim();
        let plain = |c: char| c.is_alphanumeric() || " -_.,()+&'".contains(c);
        if name.is_empty() || name.len() > 80 || name.starts_with('.') || !name.chars().all(plain) {
            return Err("A preset's name is made of letters, figures and spaces, at most 80.".into());
        }
        Ok(folder.join(format!("{name}.{EXTENSION}")))
    }

    /// Keeps the sound as a preset of the user's; one of the same name is replaced.
    ///
    /// # Errors
    /// A sentence; nothing is lost.
    pub fn save(&mut self, desk: &Desk, name: &str, about: &str) -> Result<(), String> {
        let path = self.path(name)?;
        let settings = desk.params().settings();
        let value = |row: &Row| {
            let value = settings.value(row.id).expect("the table's own id");
            let text = match row.kind {
                syrinx_engine::Kind::Instrument => instrument_text(value as u8),
                _ => format!("{} {}", row.display(value), row.unit).trim_end().to_owned(),
            };
            (row.id.to_owned(), text)
        };
        let own = [(Slot::A, "a", settings.instrument_a), (Slot::B, "b", settings.instrument_b)]
            .into_iter()
            .filter(|(_, _, number)| *number as u8 == OWN_INSTRUMENT)
            .filter_map(|(slot, letter, _)| Some((letter.to_owned(), reference(&desk.library().own(slot)?))))
            .collect();
        let written = Written {
            syrinx_preset: FORMAT,
            about: about.into(),
            values: PARAMS.iter().filter(|row| !is_sessions(row)).map(value).collect(),
            weights: desk.params().weighting().to_json(),
            own,
        };
        let bytes = serde_json::to_vec_pretty(&written).expect("it is made of texts");
        files::write(&path, &bytes)?;
        let trouble = self.rescan();
        self.loaded = (name.trim().into(), USER.into());
        trouble.map_or(Ok(()), Err)
    }

    /// Gives a preset of the user's another name.
    ///
    /// # Errors
    /// A sentence; nothing is lost.
    pub fn rename(&mut self, at: usize, name: &str) -> Result<(), String> {
        let Some(Preset { file: Some(file), name: before, .. }) = self.presets.get(at).cloned() else {
            return Err("The factory's presets keep their names; save one of your own.".into());
        };
        let to = self.path(name)?;
        if to == file {
            return Ok(());
        }
        if to.exists() {
            return Err(format!("There is a preset {:?} already.", name.trim()));
        }
        std::fs::rename(&file, &to).map_err(|e| format!("{} cannot be renamed: {e}.", file.display()))?;
        if self.loaded.0 == before {
            self.loaded = (name.trim().into(), USER.into());
        }
        self.rescan().map_or(Ok(()), Err)
    }

    /// Throws a preset of the user's away.
    ///
    /// # Errors
    /// A sentence.
    pub fn delete(&mut self, at: usize) -> Result<(), String> {
        let Some(Preset { file: Some(file), .. }) = self.presets.get(at) else {
            return Err("The factory's presets stay.".into());
        };
        std::fs::remove_file(file).map_err(|e| format!("{} cannot be deleted: {e}.", file.display()))?;
        self.rescan().map_or(Ok(()), Err)
    }

    /// Everything was set back: nothing of a preset is left.
    pub fn forget(&mut self) {
        self.loaded = (INIT.into(), String::new());
    }
}

type Sound = (Settings, Weights, Vec<(Slot, std::sync::Arc<Model>)>);

impl Preset {
    /// What it sets; what it leaves out is at its default.
    fn read(&self) -> Result<Sound, String> {
        let lost = |why: String| format!("The preset {:?} cannot be played: {why}.", self.name);
        let mut settings = Settings::default();
        for (id, text) in &self.values {
            // A parameter of another Syrinx of the same format does no harm.
            let Some(row) = PARAMS.iter().find(|row| row.id == id) else { continue };
            if row.kind == syrinx_engine::Kind::Instrument {
                let number =
                    crate::params::instrument_number(text).ok_or_else(|| lost(format!("there is no instrument {text:?}")))?;
                if id == "instrument_a" { settings.instrument_a = number as f32 } else { settings.instrument_b = number as f32 }
            } else {
                settings.set(id, text).map_err(|e| lost(e.to_string()))?;
            }
        }
        let weights = self.weights.as_deref().map_or(Ok(Weights::default()), Weighting::parse).map_err(lost)?;
        let mut own = Vec::new();
        for (slot, letter) in [(Slot::A, "a"), (Slot::B, "b")] {
            let Some(reference) = self.own.get(letter) else { continue };
            let bytes = reference.file.as_ref().and_then(|file| BASE64_STANDARD.decode(file).ok());
            let bytes = bytes.ok_or_else(|| lost("the file of its instrument is damaged".into()))?;
            own.push((slot, Model::from_bytes(&bytes).map_err(|e| lost(e.to_string()))?));
        }
        Ok((settings, weights, own))
    }
}

fn instrument_text(number: u8) -> String {
    syrinx_models::numbered(number).map_or_else(|| crate::params::instrument_name(i32::from(number)), |m| m.card().id.clone())
}

fn reference(model: &std::sync::Arc<Model>) -> Reference {
    Reference {
        number: OWN_INSTRUMENT,
        id: model.card().id.clone(),
        name: model.card().name.clone(),
        hash: model.hash().iter().map(|b| format!("{b:02x}")).collect(),
        file: Some(BASE64_STANDARD.encode(model.bytes())),
    }
}

fn read(path: &Path) -> Result<Preset, String> {
    let wrong = |why: String| format!("{} is no preset: {why}.", path.display());
    let bytes = std::fs::read(path).map_err(|e| format!("{} cannot be read: {e}.", path.display()))?;
    let written: Written = serde_json::from_slice(&bytes).map_err(|e| wrong(e.to_string()))?;
    if written.syrinx_preset != FORMAT {
        return Err(wrong("a newer Syrinx wrote it".into()));
    }
    let name = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let Written { about, values, weights, own, .. } = written;
    Ok(Preset { name, group: USER.into(), about, file: Some(path.into()), values, weights, own })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_factory_has_many_presets_and_all_can_be_played() {
        let presets = factory().unwrap();
        assert!(presets.len() >= 24, "{}", presets.len());
        let names: BTreeSet<_> = presets.iter().map(|p| &p.name).collect();
        assert_eq!(names.len(), presets.len(), "two have the same name");
        let mut sounds = Vec::new();
        for preset in &presets {
            let (settings, weights, _) = preset.read().unwrap();
            assert!(!preset.about.is_empty() && !preset.group.is_empty(), "{}", preset.name);
            assert!(preset.values.keys().all(|id| PARAMS.iter().any(|row| row.id == id && !is_sessions(row))), "{}", preset.name);
            assert!(!sounds.contains(&(settings, weights)), "{} is another one's double", preset.name);
            sounds.push((settings, weights));
        }
        let init = presets.iter().find(|p| p.name == INIT).expect("a fresh instance is one of them");
        assert_eq!(init.read().unwrap().0, Settings::default());
    }
}
