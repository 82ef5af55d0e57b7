//! Instruments of the player's own: read and freed on any thread but the audio thread. To it leads a mailbox for each slot, in which the
//! latest choice takes the place of one that was not fetched, so that what is chosen last plays, however quickly or while whatever stands
//! still; back leads a ring. Also the name of the preset.

mod mailbox;

use crate::{
    playing::{Own, Playing},
    reading::harmless,
    source::Source,
    tape::{Clip, Side, Tap},
    tuning_files::TuningFiles,
};
use mailbox::Mailbox;
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use syrinx_engine::{Model, PARTS, Slot, Tuning};

/// Things on their way back at most. Each choice brings two or three, and the copies that the choir had, and frees those of the choices before.
const RING: usize = 32 + 8 * PARTS;
/// Things that one slot may give back in a block: a letter, and one that it has overtaken.
const ROOM: usize = 2;

/// What a session says of an instrument, whether it is to be had or not.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Reference {
    /// The number that calls it up.
    pub number: u8,
    /// Its id, as on its card.
    #[serde(default)]
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// SHA-256 of its file, in hexadecimal.
    #[serde(default)]
    pub hash: String,
    /// The file itself, in Base64, where it is the player's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// What a preset is called.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its group.
    pub group: String,
}

#[derive(Default)]
struct InstrumentList {
    own: [Option<Arc<Model>>; 2],
    /// What a session asked for and was not to be had: kept, so that saving it again loses nothing.
    missing: [Option<Reference>; 2],
    preset: Option<Named>,
    /// Which pitch each key has.
    tuning: TuningFiles,
    /// Rate of the running engine, Hz.
    rate: Option<u32>,
}

/// What goes to the audio thread: the instrument that a slot is to have, or that it is to have none.
struct Letter {
    /// The rate that the instrument was made for, Hz.
    rate: u32,
    own: Option<Own>,
}

/// One mailbox for each slot, one for the pitches of keys, and those of recordings and of sounds from memory, which a letter without either takes away.
#[derive(Default)]
struct Post {
    slots: [Mailbox<Letter>; 2],
    tuning: Mailbox<Tuning>,
    tap: Mailbox<Option<Tap>>,
    clip: Mailbox<Option<Clip>>,
}

/// Whatever the audio thread is done with, to be freed elsewhere.
enum Spent {
    Letter(#[allow(dead_code, reason = "it is only to be dropped")] Box<Letter>),
    Own(#[allow(dead_code, reason = "it is only to be dropped")] Own),
    Tuning(#[allow(dead_code, reason = "it is only to be dropped")] Box<Tuning>),
    Tap(#[allow(dead_code, reason = "it is only to be dropped")] Box<Option<Tap>>),
    Clip(#[allow(dead_code, reason = "it is only to be dropped")] Box<Option<Clip>>),
}

/// The side of the window, the session and the main thread.
pub struct Library {
    source: Source,
    shelf: Mutex<InstrumentList>,
    post: Arc<Post>,
    returns: Mutex<Consumer<Spent>>,
}

/// The audio thread's side.
pub struct Stage {
    post: Arc<Post>,
    /// For each slot, what waits for the one before the last to fade.
    waiting: [Option<Box<Letter>>; 2],
    /// What is recorded, and what is played from memory.
    tap: Option<Box<Option<Tap>>>,
    clip: Option<Box<Option<Clip>>>,
    returns: Producer<Spent>,
}

/// A thread that panicked here left nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Library {
    /// Both sides, empty, for who plays from a voice.
    pub fn new() -> (Self, Stage) {
        Self::of(Source::Voice)
    }

    /// The same for who plays from `source`.
    pub fn of(source: Source) -> (Self, Stage) {
        let post = Arc::new(Post::default());
        let (give_back, returns) = RingBuffer::new(RING);
        let library = Self { source, shelf: Mutex::default(), post: post.clone(), returns: Mutex::new(returns) };
        (library, Stage { post, waiting: [None, None], tap: None, clip: None, returns: give_back })
    }

    /// What the instance is played from.
    pub fn source(&self) -> Source {
        self.source
    }

    /// Makes `model` the player's own instrument of `slot`. Not for the audio thread.
    pub fn put(&self, slot: Slot, model: Arc<Model>) {
        self.replace(slot, Some(model));
    }

    /// Leaves `slot` without an instrument of the player's own, and forgets what was missing there.
    pub fn clear(&self, slot: Slot) {
        self.replace(slot, None);
    }

    fn replace(&self, slot: Slot, model: Option<Arc<Model>>) {
        let mut shelf = lock(&self.shelf);
        shelf.missing[slot as usize] = None;
        let before = std::mem::replace(&mut shelf.own[slot as usize], model.clone());
        self.free_returned();
        if before.is_none() && model.is_none() {
            return;
        }
        // Without an engine nothing is sent: it gets what is in the library when it is set up.
        if let Some(rate) = shelf.rate {
            let own = model.map(|model| Own::new(self.source, rate, model));
            drop(self.post.slots[slot as usize].put(Box::new(Letter { rate, own })));
        }
    }

    /// The player's own instrument of `slot`.
    pub fn own(&self, slot: Slot) -> Option<Arc<Model>> {
        lock(&self.shelf).own[slot as usize].clone()
    }

    /// Says that an instrument a session asks for is not to be had; it is remembered.
    pub fn miss(&self, slot: Slot, reference: Option<Reference>) {
        lock(&self.shelf).missing[slot as usize] = reference;
    }

    /// What a session asked for and was not to be had.
    pub fn missing(&self, slot: Slot) -> Option<Reference> {
        lock(&self.shelf).missing[slot as usize].clone()
    }

    /// The preset that was loaded last; None where none was.
    pub fn preset(&self) -> Option<Named> {
        lock(&self.shelf).preset.clone()
    }

    /// Remembers which preset was loaded last.
    pub fn name_preset(&self, preset: Option<Named>) {
        let preset = preset.map(|Named { name, group }| Named { name: harmless(&name), group: harmless(&group) });
        lock(&self.shelf).preset = preset;
    }

    /// Which files say what pitch each key has.
    pub fn tuning(&self) -> TuningFiles {
        lock(&self.shelf).tuning.clone()
    }

    /// Has keys that are struck from now on at the pitches that `files` give. Not for the audio thread.
    ///
    /// # Errors
    /// A sentence where they give none; nothing is changed then.
    pub fn tune(&self, files: TuningFiles) -> Result<(), String> {
        let tuning = files.tuning()?;
        let mut shelf = lock(&self.shelf);
        self.free_returned();
        if shelf.tuning != files {
            shelf.tuning = files;
            drop(self.post.tuning.put(Box::new(tuning)));
        }
        Ok(())
    }

    /// Has what comes in recorded by `tap` from now on, or by none. Not for the audio thread.
    pub fn record(&self, tap: Option<Tap>) {
        self.free_returned();
        drop(self.post.tap.put(Box::new(tap)));
    }

    /// Plays `clip`, in the place of one that is being played, or none. Not for the audio thread.
    pub fn play_clip(&self, clip: Option<Clip>) {
        self.free_returned();
        drop(self.post.clip.put(Box::new(clip)));
    }

    /// Frees what the audio thread has given back.
    pub fn free_returned(&self) {
        let mut returns = lock(&self.returns);
        while returns.pop().is_ok() {}
    }
}

impl Stage {
    /// Brings an engine that is to begin its instruments; one that has them, because it is not `new` and nothing was chosen since, keeps them.
    /// Main thread, while nothing is processed.
    pub fn begin(&mut self, engine: &mut Playing, library: &Library, new: bool) {
        let rate = engine.config().sample_rate_hz;
        let mut shelf = lock(&library.shelf);
        // Whoever records hears by it that another stream begins.
        self.tap = None;
        drop(self.post.tuning.take());
        drop(engine.tune(Box::new(shelf.tuning.tuning().unwrap_or_default())));
        if !new && self.waiting.iter().all(Option::is_none) && self.post.slots.iter().all(Mailbox::is_empty) {
            return;
        }
        // Whatever is under way was made for the engine before, or is in the library too.
        self.post.slots.iter().for_each(|mailbox| drop(mailbox.take()));
        self.waiting = [None, None];
        shelf.rate = Some(rate);
        for slot in [Slot::A, Slot::B] {
            let own = shelf.own[slot as usize].clone().map(|model| Own::new(library.source, rate, model));
            while engine.retired().is_some() {}
            // A stream that has not begun has nothing to fade, so there is room.
            let _ = engine.install(slot, own);
        }
        while engine.retired().is_some() {}
        drop(shelf);
        library.free_returned();
    }

    /// Takes what the library has sent last, and gives back what has faded. Audio thread; never allocates, frees, locks or waits.
    pub fn exchange(&mut self, engine: &mut Playing) {
        let rate = engine.config().sample_rate_hz;
        if !self.returns.is_full()
            && let Some(tuning) = self.post.tuning.take()
        {
            give_back(&mut self.returns, Spent::Tuning(engine.tune(tuning)));
        }
        if !self.returns.is_full()
            && let Some(tap) = self.post.tap.take()
            && let Some(old) = self.tap.replace(tap)
        {
            give_back(&mut self.returns, Spent::Tap(old));
        }
        if !self.returns.is_full()
            && self.clip().is_none_or(|clip| clip.is_silent())
            && let Some(clip) = self.post.clip.take()
            && let Some(old) = self.clip.replace(clip)
        {
            give_back(&mut self.returns, Spent::Clip(old));
        }
        for slot in [Slot::A, Slot::B] {
            // Nothing is taken that could not be given back; the next choice makes room.
            if self.returns.slots() < ROOM {
                break;
            }
            let waiting = &mut self.waiting[slot as usize];
            if let Some(latest) = self.post.slots[slot as usize].take()
                && let Some(overtaken) = waiting.replace(latest)
            {
                give_back(&mut self.returns, Spent::Letter(overtaken));
            }
            let Some(mut letter) = waiting.take() else { continue };
            // One that was made for an engine that is gone is not needed: the library had the model for this one.
            if letter.rate == rate
                && let Err(own) = engine.install(slot, letter.own.take())
            {
                letter.own = own;
                *waiting = Some(letter);
            } else {
                give_back(&mut self.returns, Spent::Letter(letter));
            }
        }
        if !self.returns.is_full()
            && let Some(old) = engine.retired()
        {
            give_back(&mut self.returns, Spent::Own(old));
        }
    }
}

impl Stage {
    fn clip(&mut self) -> Option<&mut Clip> {
        self.clip.as_deref_mut().and_then(Option::as_mut)
    }

    /// Whether a sound from memory is played, or one is under way to it.
    pub fn is_needed(&mut self) -> bool {
        !self.post.clip.is_empty() || self.clip().is_some_and(|clip| !clip.along().is_over())
    }

    /// Records what comes in. Audio thread.
    pub fn hear(&mut self, input: &[&[f32]]) {
        if let Some(tap) = self.tap.as_deref_mut().and_then(Option::as_mut) {
            tap.hear(input);
        }
    }

    /// Plays a sound from memory that is heard there, if one is, over what is in `channels`. Audio thread.
    pub fn play_clip(&mut self, side: Side, channels: &mut [&mut [f32]]) {
        let leave = !self.post.clip.is_empty();
        if let Some(clip) = self.clip().filter(|clip| clip.side() == side) {
            clip.play(channels, leave);
        }
    }
}

/// Sends something to be freed elsewhere, for which whoever calls has seen that there is room: only this end fills the ring.
fn give_back(returns: &mut Producer<Spent>, spent: Spent) {
    let pushed = returns.push(spent);
    debug_assert!(pushed.is_ok());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Values;
    use assert_no_alloc::assert_no_alloc;
    use syrinx_engine::{Block, OWN_INSTRUMENT, Settings};

    // Without assertions there is nothing that watches.
    #[cfg(debug_assertions)]
    #[global_allocator]
    static GUARD: assert_no_alloc::AllocDisabler = assert_no_alloc::AllocDisabler;

    /// A model of the test's own: whoever else holds it has it to name or to play.
    fn model(id: &str) -> Arc<Model> {
        Model::read(syrinx_models::bytes(id).unwrap()).unwrap()
    }

    /// Plays its own instrument, from a voice.
    fn playing(rate_hz: f64) -> Playing {
        let mut playing = Playing::new(Source::Voice, rate_hz, 1).unwrap();
        playing.set(&Values { settings: Settings { instrument_a: OWN_INSTRUMENT, ..Settings::default() }, ..Values::default() });
        playing
    }

    fn peak(engine: &mut Playing, stage: &mut Stage, from: usize) -> f32 {
        let tone: Vec<f32> =
            (from..from + 48_000).map(|i| 0.3 * (0.05 * i as f32).sin() + 0.2 * (0.1 * i as f32).sin()).collect();
        let mut peak = 0.0_f32;
        for block in tone.chunks(480) {
            let mut out = [0.0; 480];
            assert_no_alloc(|| {
                stage.exchange(engine);
                engine.play(Block { input: &[block], output: &mut [&mut out], events: &[] }, &mut |_| {});
            });
            peak = out.iter().fold(peak, |p, x| p.max(x.abs()));
        }
        peak
    }

    #[test]
    fn an_own_instrument_reaches_a_running_engine_and_the_old_one_comes_back_to_be_freed() {
        let (library, mut stage) = Library::new();
        let mut engine = playing(48_000.0);
        stage.begin(&mut engine, &library, true);
        assert_eq!(peak(&mut engine, &mut stage, 0), 0.0, "there is no own instrument yet");
        let flute = model("flute");
        library.put(Slot::A, flute.clone());
        assert!(peak(&mut engine, &mut stage, 48_000) > 0.01);
        let held = Arc::strong_count(&flute);
        library.put(Slot::A, model("trumpet"));
        peak(&mut engine, &mut stage, 96_000);
        library.free_returned();
        assert!(Arc::strong_count(&flute) < held, "the flute is freed once it has faded");
        assert_eq!(Arc::strong_count(&flute), 1);
    }

    #[test]
    fn an_engine_set_up_anew_gets_the_own_instruments() {
        let (library, mut stage) = Library::new();
        library.put(Slot::A, model("flute"));
        for rate in [44_100.0, 48_000.0] {
            let mut engine = playing(rate);
            stage.begin(&mut engine, &library, true);
            assert!(peak(&mut engine, &mut stage, 0) > 0.01, "{rate} Hz");
        }
    }

    #[test]
    fn an_engine_that_begins_again_keeps_its_instruments_until_another_is_chosen() {
        let (library, mut stage) = Library::new();
        let flute = model("flute");
        library.put(Slot::A, flute.clone());
        let mut engine = playing(48_000.0);
        stage.begin(&mut engine, &library, true);
        let first = peak(&mut engine, &mut stage, 0);
        let held = Arc::strong_count(&flute);
        engine.reset();
        stage.begin(&mut engine, &library, false);
        assert_eq!((peak(&mut engine, &mut stage, 0), Arc::strong_count(&flute)), (first, held));
        library.put(Slot::A, model("trumpet"));
        engine.reset();
        stage.begin(&mut engine, &library, false);
        assert_eq!(Arc::strong_count(&flute), 1, "the trumpet plays from the first sample on");
        assert!(peak(&mut engine, &mut stage, 0) > 0.01);
    }

    #[test]
    fn of_many_choices_the_last_plays_whether_or_not_anything_is_processed_between() {
        let ids = ["flute", "trumpet", "alto-sax", "violin", "flute", "trumpet", "alto-sax", "violin", "cello", "clarinet"];
        for (choices, blocks_between) in [(3, 0), (5, 0), (10, 0), (10, 1), (10, 3)] {
            let (library, mut stage) = Library::new();
            let mut engine = playing(48_000.0);
            stage.begin(&mut engine, &library, true);
            peak(&mut engine, &mut stage, 0);
            let models: Vec<Arc<Model>> = ids[..choices].iter().map(|id| model(id)).collect();
            for model in &models {
                for slot in [Slot::A, Slot::B] {
                    library.put(slot, model.clone());
                }
                for _ in 0..blocks_between {
                    let mut out = [0.0; 64];
                    assert_no_alloc(|| {
                        stage.exchange(&mut engine);
                        engine.play(Block { input: &[&[0.1; 64]], output: &mut [&mut out], events: &[] }, &mut |_| {});
                    });
                }
            }
            assert!(peak(&mut engine, &mut stage, 48_000) > 0.01);
            library.free_returned();
            let (last, others) = models.split_last().unwrap();
            assert_eq!(library.own(Slot::A).unwrap().hash(), last.hash());
            assert!(others.iter().all(|model| Arc::strong_count(model) == 1), "{choices}: an older one plays, or is lost");
            assert!(Arc::strong_count(last) > 3, "{choices}: it is named for both slots, and plays");
        }
    }

    #[test]
    fn a_choice_made_again_is_sent_again_and_a_cleared_slot_stays_clear() {
        let (library, mut stage) = Library::new();
        let mut engine = playing(48_000.0);
        stage.begin(&mut engine, &library, true);
        let flute = model("flute");
        library.put(Slot::A, flute.clone());
        library.clear(Slot::A);
        assert_eq!(peak(&mut engine, &mut stage, 0), 0.0, "it was taken away before it came");
        library.put(Slot::A, flute.clone());
        library.put(Slot::A, flute);
        assert!(peak(&mut engine, &mut stage, 48_000) > 0.01);
    }

    #[test]
    fn what_is_named_cannot_disguise_itself() {
        let (library, _) = Library::new();
        library.name_preset(Some(Named { name: "a\nb".into(), group: "\u{2067}".into() }));
        assert_eq!(library.preset(), Some(Named { name: "a\u{fffd}b".into(), group: "\u{fffd}".into() }));
    }
}
