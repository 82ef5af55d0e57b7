//! The presets to choose from, which of them plays, and the user's as files. No drawing.

use super::{edits::Edits, files, lists::step_among};
use crate::library::Named;
pub use crate::presets::USER;
use crate::presets::{self, EXTENSION, Played, Preset};
use crate::reading::Once;
use crate::source::{self, Source};
use std::{path::PathBuf, sync::Arc};

/// All presets, and which of them plays.
pub struct PresetList {
    /// The user's are shared with other instances, for instruments may be in them.
    presets: Vec<Arc<Preset>>,
    /// What plays in each of them.
    instruments: Vec<Vec<Played>>,
    folder: Option<PathBuf>,
    source: Source,
}

/// What the preset that was loaded last is called; a fresh instance is the factory's first.
fn loaded(edits: &Edits) -> Named {
    edits.library().preset().unwrap_or_else(|| presets::factory(edits.source())[0].named())
}

impl PresetList {
    /// The factory's presets for who plays from `source`; those of the user's folder come with [`rescan`](Self::rescan).
    pub fn new(source: Source, folder: Option<PathBuf>) -> Self {
        let presets: Vec<_> = presets::factory(source).iter().cloned().map(Arc::new).collect();
        let instruments = presets.iter().map(|preset| preset.instruments()).collect();
        Self { presets, instruments, folder, source }
    }

    /// All of them: the factory's first.
    pub fn presets(&self) -> &[Arc<Preset>] {
        &self.presets
    }

    /// What plays in the preset at a place.
    pub fn instruments(&self, at: usize) -> &[Played] {
        self.instruments.get(at).map_or(&[], Vec::as_slice)
    }

    /// Reads the user's folder anew; what to say of files that are none.
    pub fn rescan(&mut self) -> Option<String> {
        let trouble = self.read();
        self.instruments = self.presets.iter().map(|preset| preset.instruments()).collect();
        trouble
    }

    fn read(&mut self) -> Option<String> {
        static READ: Once<Result<Arc<Preset>, String>> = Once::new();
        READ.tidy();
        self.presets.retain(|p| p.file.is_none());
        let folder = self.folder.clone()?;
        let files = match files::list(&folder, EXTENSION) {
            Ok(files) => files,
            Err(why) => return Some(why),
        };
        let preset = |path: &PathBuf| READ.get(path, |path| Preset::from_file(path).map(Arc::new));
        let (read, wrong): (Vec<_>, Vec<_>) = files.iter().map(preset).partition(Result::is_ok);
        // Those of the other plugin lie in the same folder.
        self.presets.extend(read.into_iter().flatten().filter(|preset| preset.source == self.source));
        let wrong: Vec<String> = wrong.into_iter().filter_map(Result::err).collect();
        (!wrong.is_empty()).then(|| wrong.join(" "))
    }

    /// The name of the preset that was loaded last.
    pub fn name(edits: &Edits) -> String {
        loaded(edits).name
    }

    /// The place of the preset that was loaded last.
    pub fn current(&self, edits: &Edits) -> Option<usize> {
        let Named { name, group } = loaded(edits);
        self.presets.iter().position(|p| p.name == name && p.group == group)
    }

    /// Whether the sound is no longer that of the preset.
    pub fn changed(&self, edits: &Edits) -> bool {
        let Some(preset) = self.current(edits).map(|at| &self.presets[at]) else { return true };
        let Ok((values, weights)) = preset.sound() else { return true };
        let differs = |at: usize| edits.normalized(at, values.get(at)) != edits.value(at);
        self.sounds().any(differs) || edits.weights() != weights
    }

    /// The places of what a preset sets.
    fn sounds(&self) -> impl Iterator<Item = usize> {
        self.source.rows().filter(|at| !source::row(*at).session)
    }

    /// Plays a preset: one step of the history.
    ///
    /// # Errors
    /// A sentence; nothing is changed then.
    pub fn load(&self, edits: &mut Edits, at: usize) -> Result<(), String> {
        let Some(preset) = self.presets.get(at) else { return Ok(()) };
        let ((values, weights), own) = (preset.sound()?, preset.own()?);
        edits.together(|edits| {
            for (slot, model) in own {
                edits.library().put(slot, model);
            }
            for at in self.sounds() {
                let to = edits.normalized(at, values.get(at));
                if edits.value(at) != to {
                    edits.put(at, to);
                }
            }
            edits.weigh(&weights);
            edits.library().name_preset(Some(preset.named()));
        });
        edits.notices().hush();
        Ok(())
    }

    /// Plays the preset so many places on from the one that was loaded last, among those at the places `wanted`.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn step(&self, edits: &mut Edits, by: isize, wanted: &[usize]) -> Result<(), String> {
        match step_among(wanted, self.presets.len(), self.current(edits), by) {
            Some(to) => self.load(edits, to),
            None => Ok(()),
        }
    }

    fn folder(&self) -> Result<&PathBuf, String> {
        self.folder.as_ref().ok_or_else(|| "This system names no folder for presets.".into())
    }

    /// The file of the user's preset with this name.
    fn file(&self, name: &str) -> Option<&PathBuf> {
        self.presets.iter().find(|preset| preset.name == name && preset.file.is_some())?.file.as_ref()
    }

    /// Keeps the sound as a preset of the user's; one of the same name is replaced.
    ///
    /// # Errors
    /// A sentence; nothing is lost.
    pub fn save(&mut self, edits: &Edits, name: &str, about: &str) -> Result<(), String> {
        let name = presets::name(name)?;
        let path = match self.file(name) {
            Some(file) => file.clone(),
            None => presets::path(self.folder()?, name),
        };
        files::write(&path, &presets::write(edits.params(), name, about))?;
        let trouble = self.rescan();
        edits.library().name_preset(Some(Named { name: name.into(), group: USER.into() }));
        trouble.map_or(Ok(()), Err)
    }

    /// Gives a preset of the user's another name.
    ///
    /// # Errors
    /// A sentence; nothing is lost.
    pub fn rename(&mut self, edits: &Edits, at: usize, name: &str) -> Result<(), String> {
        let preset = self.presets.get(at).cloned();
        let Some((Preset { name: before, .. }, file)) =
            preset.as_deref().and_then(|preset| Some((preset, preset.file.as_ref()?)))
        else {
            return Err("The factory's presets keep their names; save one of your own.".into());
        };
        let name = presets::name(name)?;
        if name == before {
            return Ok(());
        }
        if self.file(name).is_some() {
            return Err(format!("There is a preset {name:?} already: choose another name."));
        }
        files::write(&presets::path(self.folder()?, name), &presets::renamed(file, name)?)?;
        std::fs::remove_file(file)
            .map_err(|e| format!("{} cannot be removed: {e}. The preset has both names now.", file.display()))?;
        if loaded(edits) == (Named { name: before.clone(), group: USER.into() }) {
            edits.library().name_preset(Some(Named { name: name.into(), group: USER.into() }));
        }
        self.rescan().map_or(Ok(()), Err)
    }

    /// Throws a preset of the user's away.
    ///
    /// # Errors
    /// A sentence.
    pub fn delete(&mut self, at: usize) -> Result<(), String> {
        let Some(file) = self.presets.get(at).and_then(|preset| preset.file.as_ref()) else {
            return Err("The factory's presets stay.".into());
        };
        std::fs::remove_file(file)
            .map_err(|e| format!("{} cannot be deleted: {e}. See that it may be written there.", file.display()))?;
        self.rescan().map_or(Ok(()), Err)
    }
}
