//! The instruments to choose from: the factory's, those in the user's folder, and those that play from a file. No drawing.

use super::{
    desk::{Desk, instrument},
    files,
    icons::FAMILIES,
    lists::step_among,
};
use crate::params::instrument_name;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, TryRecvError, channel},
    },
    thread,
};
use syrinx_engine::{Card, Model, ModelError, OWN_INSTRUMENT, Slot};

/// Instruments of a folder that are read at most.
const MOST: usize = 500;

/// Where an instrument comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// The factory; the number that calls it up.
    Factory(u8),
    /// A file of the user's folder.
    File(PathBuf),
}

/// One instrument.
#[derive(Clone)]
pub struct Item {
    /// Where it comes from.
    pub source: Source,
    /// The model.
    pub model: Arc<Model>,
}

impl Item {
    /// Its card.
    pub fn card(&self) -> &Card {
        self.model.card()
    }

    /// Its place among its like: by family, and by name within.
    fn place(&self) -> (usize, String, String) {
        let Card { family, name, .. } = self.card();
        let at = FAMILIES.iter().position(|known| known == family).unwrap_or(FAMILIES.len());
        (at, family.clone(), name.to_lowercase())
    }
}

/// What a search of the folder came to.
type Found = (Vec<Item>, Vec<String>);

/// All instruments.
pub struct Shelf {
    items: Vec<Item>,
    searching: Option<Receiver<Found>>,
}

impl Default for Shelf {
    fn default() -> Self {
        let factory = |(number, model): &(u8, Arc<Model>)| Item { source: Source::Factory(*number), model: model.clone() };
        let mut items: Vec<Item> = syrinx_models::factory().iter().map(factory).collect();
        items.sort_by_key(Item::place);
        Self { items, searching: None }
    }
}

impl Shelf {
    /// All of them: the factory's first, then the player's, by family and name.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Begins to look through the user's folder, on a thread of its own.
    pub fn search(&mut self, folder: &Path) {
        let folder = folder.to_owned();
        let (tell, found) = channel();
        self.searching = Some(found);
        thread::spawn(move || tell.send(read(&folder)));
    }

    /// Whether the folder is being looked through.
    pub fn searches(&self) -> bool {
        self.searching.is_some()
    }

    /// Takes what the search has come to, if it is over: what to say about it.
    pub fn take_found(&mut self) -> Option<String> {
        match self.searching.as_ref()?.try_recv() {
            Ok((mut items, wrong)) => {
                self.searching = None;
                items.sort_by_key(Item::place);
                self.items.retain(|item| matches!(item.source, Source::Factory(_)));
                self.items.extend(items);
                (!wrong.is_empty()).then(|| wrong.join(" "))
            }
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                self.searching = None;
                None
            }
        }
    }

    /// The place of the instrument that a slot plays; none for one from elsewhere.
    pub fn playing(&self, desk: &Desk, slot: Slot) -> Option<usize> {
        let number = desk.plain(instrument(slot)).round() as u8;
        let own = desk.library().own(slot);
        self.items.iter().position(|item| match &item.source {
            Source::Factory(n) => *n == number,
            Source::File(_) => number == OWN_INSTRUMENT && own.as_ref().is_some_and(|m| m.hash() == item.model.hash()),
        })
    }

    /// The model that a slot plays; none where it is not to be had.
    pub fn model(desk: &Desk, slot: Slot) -> Option<Arc<Model>> {
        match desk.plain(instrument(slot)).round() as u8 {
            OWN_INSTRUMENT => desk.library().own(slot),
            number => syrinx_models::numbered(number).cloned(),
        }
    }

    /// What the slot's instrument is called.
    pub fn name(desk: &Desk, slot: Slot) -> String {
        Self::model(desk, slot)
            .map_or_else(|| instrument_name(desk.plain(instrument(slot)).round() as i32), |m| m.card().name.clone())
    }

    /// Plays an instrument of the shelf in a slot.
    pub fn play(&self, desk: &mut Desk, slot: Slot, at: usize) {
        let Some(item) = self.items.get(at) else { return };
        match &item.source {
            Source::Factory(number) => desk.put_plain(instrument(slot), f32::from(*number)),
            Source::File(_) => desk.play_own(slot, item.model.clone()),
        }
    }

    /// Plays the one before or after the one that plays, among those at the places `wanted`.
    pub fn step(&self, desk: &mut Desk, slot: Slot, by: isize, wanted: &[usize]) {
        if let Some(to) = step_among(wanted, self.items.len(), self.playing(desk, slot), by) {
            self.play(desk, slot, to);
        }
    }
}

/// What is wrong with a file, and what to do.
fn wrong(error: &ModelError) -> String {
    let help = match error {
        ModelError::Unreadable { .. } => "Look whether the path is right and the file may be read.",
        ModelError::NotAnInstrument(_) => "Choose an .onnx file that Syrinx has trained.",
    };
    format!("{error}. {help}")
}

/// Plays the file at `path` in a slot, or says what is wrong with it.
pub fn load(desk: &mut Desk, slot: Slot, path: &Path) {
    match syrinx_judge::from_file(path) {
        Ok(model) => {
            desk.library().hush();
            desk.play_own(slot, model);
        }
        Err(error) => desk.library().say(format!("{} What plays stays as it is.", wrong(&error))),
    }
}

fn read(folder: &Path) -> Found {
    let (mut items, mut wrong) = (Vec::new(), Vec::new());
    match files::list(folder, "onnx") {
        Ok(files) => {
            for path in files.into_iter().take(MOST) {
                match syrinx_judge::from_file(&path) {
                    Ok(model) => items.push(Item { source: Source::File(path), model }),
                    Err(error) => {
                        wrong.push(format!("{}: {}", path.file_name().unwrap_or_default().display(), self::wrong(&error)));
                    }
                }
            }
        }
        Err(why) => wrong.push(why),
    }
    (items, wrong)
}
