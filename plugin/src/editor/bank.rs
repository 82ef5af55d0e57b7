//! The presets to choose from, which of them plays, and the user's as files. No drawing.

use super::{desk::Desk, files, lists::step_among};
use crate::library::Named;
pub use crate::presets::USER;
use crate::presets::{self, EXTENSION, Played, Preset, is_sessions};
use std::path::PathBuf;
use syrinx_engine::{PARAMS, Param as Row};

/// All presets, and which of them plays.
pub struct Bank {
    presets: Vec<Preset>,
    /// What plays in each of them.
    instruments: Vec<Vec<Played>>,
    folder: Option<PathBuf>,
}

/// What the preset that was loaded last is called; a fresh instance is the factory's first.
fn loaded(desk: &Desk) -> Named {
    desk.library().preset().unwrap_or_else(|| presets::factory()[0].named())
}

impl Bank {
    /// The factory's presets and those of the user's folder; what to say of files that are none.
    pub fn new(folder: Option<PathBuf>) -> (Self, Option<String>) {
        let mut bank = Self { presets: presets::factory().to_vec(), instruments: Vec::new(), folder };
        let trouble = bank.rescan();
        (bank, trouble)
    }

    /// All of them: the factory's first.
    pub fn presets(&self) -> &[Preset] {
        &self.presets
    }

    /// What plays in the preset at a place.
    pub fn instruments(&self, at: usize) -> &[Played] {
        self.instruments.get(at).map_or(&[], Vec::as_slice)
    }

    /// Reads the user's folder anew; what to say of files that are none.
    pub fn rescan(&mut self) -> Option<String> {
        let trouble = self.read();
        self.instruments = self.presets.iter().map(Preset::instruments).collect();
        trouble
    }

    fn read(&mut self) -> Option<String> {
        self.presets.retain(|p| p.file.is_none());
        let folder = self.folder.clone()?;
        let files = match files::list(&folder, EXTENSION) {
            Ok(files) => files,
            Err(why) => return Some(why),
        };
        let (read, wrong): (Vec<_>, Vec<_>) = files.iter().map(|path| Preset::from_file(path)).partition(Result::is_ok);
        self.presets.extend(read.into_iter().flatten());
        let wrong: Vec<String> = wrong.into_iter().filter_map(Result::err).collect();
        (!wrong.is_empty()).then(|| wrong.join(" "))
    }

    /// The name of the preset that was loaded last.
    pub fn name(desk: &Desk) -> String {
        loaded(desk).name
    }

    /// The place of the preset that was loaded last.
    pub fn current(&self, desk: &Desk) -> Option<usize> {
        let Named { name, group } = loaded(desk);
        self.presets.iter().position(|p| p.name == name && p.group == group)
    }

    /// Whether the sound is no longer that of the preset.
    pub fn changed(&self, desk: &Desk) -> bool {
        let Some(preset) = self.current(desk).map(|at| &self.presets[at]) else { return true };
        let Ok((settings, weights)) = preset.sound() else { return true };
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
    pub fn load(&self, desk: &mut Desk, at: usize) -> Result<(), String> {
        let Some(preset) = self.presets.get(at) else { return Ok(()) };
        let ((settings, weights), own) = (preset.sound()?, preset.own()?);
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
            desk.library().name_preset(Some(preset.named()));
        });
        desk.library().hush();
        Ok(())
    }

    /// Plays the preset so many places on from the one that was loaded last, among those at the places `wanted`.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn step(&self, desk: &mut Desk, by: isize, wanted: &[usize]) -> Result<(), String> {
        match step_among(wanted, self.presets.len(), self.current(desk), by) {
            Some(to) => self.load(desk, to),
            None => Ok(()),
        }
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
        files::write(&path, &presets::write(desk.params(), about))?;
        let trouble = self.rescan();
        desk.library().name_preset(Some(Named { name: name.trim().into(), group: USER.into() }));
        trouble.map_or(Ok(()), Err)
    }

    /// Gives a preset of the user's another name.
    ///
    /// # Errors
    /// A sentence; nothing is lost.
    pub fn rename(&mut self, desk: &Desk, at: usize, name: &str) -> Result<(), String> {
        let Some(Preset { file: Some(file), name: before, .. }) = self.presets.get(at).cloned() else {
            return Err("The factory's presets keep their names; save one of your own.".into());
        };
        let to = self.path(name)?;
        if to == file {
            return Ok(());
        }
        if to.exists() {
            return Err(format!("There is a preset {:?} already: choose another name.", name.trim()));
        }
        std::fs::rename(&file, &to)
            .map_err(|e| format!("{} cannot be renamed: {e}. See that it may be written there.", file.display()))?;
        if loaded(desk) == (Named { name: before, group: USER.into() }) {
            desk.library().name_preset(Some(Named { name: name.trim().into(), group: USER.into() }));
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
        std::fs::remove_file(file)
            .map_err(|e| format!("{} cannot be deleted: {e}. See that it may be written there.", file.display()))?;
        self.rescan().map_or(Ok(()), Err)
    }
}
