//! Instruments of the player's own: read and freed on any thread but the audio thread, and handed to it and back through rings. Also what
//! the player is to be told in words, and the name of the preset.

use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use syrinx_engine::{Engine, Instrument, Model, Slot};

/// Instruments under way at most, in each direction.
const RING: usize = 4;

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
struct Shelf {
    own: [Option<Arc<Model>>; 2],
    /// What a session asked for and was not to be had: kept, so that saving it again loses nothing.
    missing: [Option<Reference>; 2],
    message: Option<String>,
    preset: Option<Named>,
    /// Rate of the running engine, Hz.
    rate: Option<u32>,
}

/// The side of the window, the session and the main thread.
pub struct Library {
    shelf: Mutex<Shelf>,
    deliveries: Mutex<Producer<Delivery>>,
    returns: Mutex<Consumer<Box<Instrument>>>,
}

struct Delivery {
    slot: Slot,
    rate: u32,
    own: Option<Box<Instrument>>,
}

/// The audio thread's side.
pub struct Stage {
    deliveries: Consumer<Delivery>,
    returns: Producer<Box<Instrument>>,
    /// An instrument that waits for the one before the last to fade.
    waiting: Option<Delivery>,
}

/// A thread that panicked here left nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Library {
    /// Both sides, empty.
    pub fn new() -> (Self, Stage) {
        let (deliver, deliveries) = RingBuffer::new(RING);
        let (give_back, returns) = RingBuffer::new(RING);
        let library = Self { shelf: Mutex::default(), deliveries: Mutex::new(deliver), returns: Mutex::new(returns) };
        (library, Stage { deliveries, returns: give_back, waiting: None })
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
        if before.as_ref().map(|m| m.hash()) == model.as_ref().map(|m| m.hash()) {
            return;
        }
        if let Some(rate) = shelf.rate {
            let delivery = Delivery { slot, rate, own: model.map(|model| Box::new(Instrument::new(rate, model))) };
            // A full ring means an engine that stands still; it gets the instrument when the host starts it again.
            let _ = lock(&self.deliveries).push(delivery);
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

    /// Tells the player something; it stays until something else is said.
    pub fn say(&self, message: impl Into<String>) {
        let message = message.into();
        nice_plug::prelude::nice_warn!("{message}");
        lock(&self.shelf).message = Some(message);
    }

    /// Nothing is wrong any more.
    pub fn hush(&self) {
        lock(&self.shelf).message = None;
    }

    /// What the player is to be told.
    pub fn message(&self) -> Option<String> {
        lock(&self.shelf).message.clone()
    }

    /// The preset that was loaded last; None where none was.
    pub fn preset(&self) -> Option<Named> {
        lock(&self.shelf).preset.clone()
    }

    /// Remembers which preset was loaded last.
    pub fn name_preset(&self, preset: Option<Named>) {
        lock(&self.shelf).preset = preset;
    }

    /// Frees what the audio thread has given back.
    pub fn free_returned(&self) {
        let mut returns = lock(&self.returns);
        while returns.pop().is_ok() {}
    }
}

impl Stage {
    /// Brings a newly set-up engine its instruments. Main thread, while nothing is processed.
    pub fn begin(&mut self, engine: &mut Engine, library: &Library) {
        let rate = engine.config().sample_rate_hz;
        let mut shelf = lock(&library.shelf);
        // Whatever is under way was made for the engine before, or is on the shelf too.
        while self.deliveries.pop().is_ok() {}
        self.waiting = None;
        shelf.rate = Some(rate);
        for slot in [Slot::A, Slot::B] {
            let own = shelf.own[slot as usize].clone().map(|model| Box::new(Instrument::new(rate, model)));
            while engine.retired().is_some() {}
            // A stream that has not begun has nothing to fade, so there is room.
            let _ = engine.install(slot, own);
        }
        while engine.retired().is_some() {}
        drop(shelf);
        library.free_returned();
    }

    /// Takes what the library has sent, and gives back what has faded. Audio thread; never allocates, frees, locks or waits.
    pub fn exchange(&mut self, engine: &mut Engine) {
        if self.waiting.is_none() {
            self.waiting = self.deliveries.pop().ok();
        }
        if let Some(Delivery { slot, rate, own }) = self.waiting.take() {
            let refused = match own {
                // Made for an engine that is gone; the shelf has the model for this one. To be freed elsewhere, once there is room.
                Some(own) if rate != engine.config().sample_rate_hz => {
                    self.returns.push(own).err().map(|rtrb::PushError::Full(own)| Some(own))
                }
                own => engine.install(slot, own).err(),
            };
            self.waiting = refused.map(|own| Delivery { slot, rate, own });
        }
        if !self.returns.is_full()
            && let Some(old) = engine.retired()
        {
            // There is room: checked above, and only this end fills it.
            let _ = self.returns.push(old);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syrinx_engine::{EngineConfig, OWN_INSTRUMENT, Settings};

    fn model(id: &str) -> Arc<Model> {
        syrinx_models::load(id).unwrap()
    }

    fn peak(engine: &mut Engine, stage: &mut Stage, from: usize) -> f32 {
        let tone: Vec<f32> =
            (from..from + 48_000).map(|i| 0.3 * (0.05 * i as f32).sin() + 0.2 * (0.1 * i as f32).sin()).collect();
        let mut peak = 0.0_f32;
        for block in tone.chunks(480) {
            let mut out = [0.0; 480];
            stage.exchange(engine);
            engine.process(&[block], &mut [&mut out]);
            peak = out.iter().fold(peak, |p, x| p.max(x.abs()));
        }
        peak
    }

    #[test]
    fn an_own_instrument_reaches_a_running_engine_and_the_old_one_comes_back_to_be_freed() {
        let (library, mut stage) = Library::new();
        let mut engine = Engine::new(EngineConfig::default(), syrinx_models::factory()).unwrap();
        engine.set(&Settings { instrument_a: f32::from(OWN_INSTRUMENT), ..Settings::default() });
        stage.begin(&mut engine, &library);
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
        for rate in [44_100, 48_000] {
            let mut engine = Engine::new(EngineConfig { sample_rate_hz: rate, ..EngineConfig::default() }, &[]).unwrap();
            engine.set(&Settings { instrument_a: f32::from(OWN_INSTRUMENT), ..Settings::default() });
            stage.begin(&mut engine, &library);
            assert!(peak(&mut engine, &mut stage, 0) > 0.01, "{rate} Hz");
        }
    }
}
