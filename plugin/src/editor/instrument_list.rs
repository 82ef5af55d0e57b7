//! The instruments to choose from: the factory's, those in the user's folder, and those that play from a file. No drawing.
//!
//! Of the folder's files only the cards are read, each once in a process; an instrument is judged, and held in memory, when it is chosen.

use super::{
    edits::{Edits, instrument},
    files,
    icons::FAMILIES,
    lists::step_among,
};
use crate::{
    judged,
    params::instrument_name,
    reading::{self, Once, harmless},
};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, TryRecvError, channel},
    },
    thread::{self, JoinHandle},
};
use syrinx_engine::{Card, MAX_FILE_BYTES, Model, ModelError, OWN_INSTRUMENT, Slot};

/// Instruments of a folder that are listed at most.
const MOST: usize = 500;

/// Where an instrument comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// The factory; the number that calls it up.
    Factory(u8),
    /// A file of the user's folder.
    File(PathBuf),
}

/// What the list knows of an instrument.
struct Entry {
    card: Card,
    /// SHA-256 of its file.
    hash: [u8; 32],
}

impl Entry {
    fn of(model: &Model) -> Arc<Self> {
        Arc::new(Self { card: model.card().clone(), hash: *model.hash() })
    }
}

/// One instrument.
#[derive(Clone)]
pub struct Item {
    /// Where it comes from.
    pub source: Source,
    entry: Arc<Entry>,
}

impl Item {
    /// Its card.
    pub fn card(&self) -> &Card {
        &self.entry.card
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

/// A search of the folder, on a thread of its own, which is over when this is dropped.
struct Search {
    found: Receiver<Found>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Search {
    fn begin(folder: PathBuf) -> Self {
        let (tell, found) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        // Whoever asked may be gone by now.
        let thread = thread::spawn(move || drop(tell.send(read(&folder, &stopped))));
        Self { found, stop, thread: Some(thread) }
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It looks at `stop` after each file, and the library must not be unloaded under it.
            let _ = thread.join();
        }
    }
}

/// All instruments.
pub struct InstrumentList {
    items: Vec<Item>,
    searching: Option<Search>,
}

impl Default for InstrumentList {
    fn default() -> Self {
        static FACTORY: OnceLock<Vec<Item>> = OnceLock::new();
        let items = FACTORY.get_or_init(|| {
            let item = |(number, model): &(u8, Arc<Model>)| Item { source: Source::Factory(*number), entry: Entry::of(model) };
            let mut items: Vec<Item> = syrinx_models::factory().iter().map(item).collect();
            items.sort_by_key(Item::place);
            items
        });
        Self { items: items.clone(), searching: None }
    }
}

impl InstrumentList {
    /// All of them: the factory's first, then the player's, by family and name.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Begins to look through the user's folder, on a thread of its own.
    pub fn search(&mut self, folder: &Path) {
        self.searching = Some(Search::begin(folder.to_owned()));
    }

    /// Whether the folder is being looked through.
    pub fn searches(&self) -> bool {
        self.searching.is_some()
    }

    /// Takes what the search has come to, if it is over: what to say about it.
    pub fn take_found(&mut self) -> Option<String> {
        match self.searching.as_ref()?.found.try_recv() {
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
    pub fn playing(&self, edits: &Edits, slot: Slot) -> Option<usize> {
        let number = edits.plain(instrument(slot)).round() as u8;
        let own = edits.library().own(slot);
        self.items.iter().position(|item| match &item.source {
            Source::Factory(n) => *n == number,
            Source::File(_) => number == OWN_INSTRUMENT && own.as_ref().is_some_and(|m| *m.hash() == item.entry.hash),
        })
    }

    /// The model that a slot plays; none where it is not to be had.
    pub fn model(edits: &Edits, slot: Slot) -> Option<Arc<Model>> {
        match edits.plain(instrument(slot)).round() as u8 {
            OWN_INSTRUMENT => edits.library().own(slot),
            number => syrinx_models::numbered(number).cloned(),
        }
    }

    /// What the slot's instrument is called.
    pub fn name(edits: &Edits, slot: Slot) -> String {
        Self::model(edits, slot).map_or_else(
            || instrument_name(edits.row(instrument(slot)), edits.plain(instrument(slot)).round() as u8),
            |m| m.card().name.clone(),
        )
    }

    /// Plays an instrument of the list in a slot.
    pub fn play(&self, edits: &mut Edits, slot: Slot, at: usize) {
        let Some(item) = self.items.get(at) else { return };
        match &item.source {
            Source::Factory(number) => edits.put_plain(instrument(slot), f32::from(*number)),
            Source::File(path) => match judged::from_file(path) {
                Ok(model) => edits.play_own(slot, model),
                Err(error) => refuse(edits, &error),
            },
        }
    }

    /// Plays the one before or after the one that plays, among those at the places `wanted`.
    pub fn step(&self, edits: &mut Edits, slot: Slot, by: isize, wanted: &[usize]) {
        if let Some(to) = step_among(wanted, self.items.len(), self.playing(edits, slot), by) {
            self.play(edits, slot, to);
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

/// Says why an instrument is not played.
fn refuse(edits: &Edits, error: &ModelError) {
    edits.notices().say(format!("{} What plays stays as it is.", wrong(error)));
}

/// Plays the file at `path` in a slot, or says what is wrong with it.
pub fn load(edits: &mut Edits, slot: Slot, path: &Path) {
    match judged::from_file(path) {
        Ok(model) => {
            edits.notices().hush();
            edits.play_own(slot, model);
        }
        Err(error) => refuse(edits, &error),
    }
}

/// What a file of the folder says of itself; whether its network answers as it should is tried when it is chosen.
fn entry(path: &Path) -> Result<Arc<Entry>, String> {
    let name = || harmless(&path.file_name().unwrap_or_default().to_string_lossy());
    let bytes = reading::bounded(path, MAX_FILE_BYTES).map_err(|e| format!("{} cannot be read: {e}.", name()))?;
    Model::read(&bytes).map(|model| Entry::of(&model)).map_err(|error| format!("{}: {}", name(), wrong(&error)))
}

fn read(folder: &Path, stop: &AtomicBool) -> Found {
    static ENTRIES: Once<Result<Arc<Entry>, String>> = Once::new();
    ENTRIES.tidy();
    let (mut items, mut wrong) = (Vec::new(), Vec::new());
    let files = files::list(folder, "onnx").unwrap_or_else(|why| {
        wrong.push(why);
        Vec::new()
    });
    if files.len() > MOST {
        let folder = folder.display();
        wrong.push(format!("{folder} has {} instruments; the first {MOST} are listed. Open the others by file.", files.len()));
    }
    for path in files.into_iter().take(MOST).take_while(|_| !stop.load(Ordering::Relaxed)) {
        match ENTRIES.get(&path, entry) {
            Ok(entry) => items.push(Item { source: Source::File(path), entry }),
            Err(why) => wrong.push(why),
        }
    }
    (items, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_share_what_is_listed_and_no_network_is_kept_for_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tuba.onnx"), syrinx_models::bytes("tuba").unwrap()).unwrap();
        std::fs::write(folder.path().join("zz.onnx"), b"no instrument").unwrap();
        let on = AtomicBool::new(false);
        let ((first, wrong), (second, _)) = (read(folder.path(), &on), read(folder.path(), &on));
        assert_eq!((first.len(), wrong.len()), (1, 1));
        assert!(wrong[0].starts_with("zz.onnx: ") && Arc::ptr_eq(&first[0].entry, &second[0].entry));
        let tuba = syrinx_models::load("tuba").unwrap();
        assert_eq!((&first[0].card().name, &first[0].entry.hash), (&tuba.card().name, tuba.hash()));
        assert!(read(folder.path(), &AtomicBool::new(true)).0.is_empty(), "it ends when it is to end");
    }

    #[test]
    fn a_search_that_nobody_waits_for_is_over_at_once() {
        let folder = tempfile::tempdir().unwrap();
        for n in 0..40 {
            std::fs::write(folder.path().join(format!("{n}.onnx")), syrinx_models::bytes("harmonium").unwrap()).unwrap();
        }
        let mut instrument_list = InstrumentList::default();
        instrument_list.search(folder.path());
        let stop = Arc::downgrade(&instrument_list.searching.as_ref().unwrap().stop);
        drop(instrument_list);
        assert!(stop.upgrade().is_none(), "its thread has ended");
    }
}
