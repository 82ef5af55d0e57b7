//! An instrument of the player's own under the keys: one for every voice. Made and freed on any thread but the audio thread.

use super::{VOICES, voice::Voice};
use crate::instrument::{Instrument, Slot};
use std::sync::Arc;
use syrinx_decoder::Model;

/// An instrument of the player's own, made ready for [`Keys`](crate::Keys) at one sample rate. Takes milliseconds to make.
pub struct KeyInstrument {
    /// Those that no voice has.
    each: [Option<Box<Instrument>>; VOICES],
    model: Arc<Model>,
}

impl KeyInstrument {
    /// Makes `model` ready for a stream of `sample_rate_hz` samples a second.
    pub fn new(sample_rate_hz: u32, model: Arc<Model>) -> Self {
        Self { each: std::array::from_fn(|_| Some(Box::new(Instrument::new(sample_rate_hz, model.clone())))), model }
    }

    /// What plays.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }
}

/// A slot of all voices. What comes goes to the voices and what goes comes back from them, each when it is silent there; the boxes around them wait here.
#[derive(Default)]
pub struct OwnSlot {
    playing: Option<Box<KeyInstrument>>,
    leaving: Option<Box<KeyInstrument>>,
}

impl OwnSlot {
    /// Puts an instrument, or none, into `slot` of all voices. Gives it back while the last one replaced still fades.
    pub fn install(
        &mut self,
        slot: Slot,
        mut own: Option<Box<KeyInstrument>>,
        voices: &mut [Voice],
    ) -> Result<(), Option<Box<KeyInstrument>>> {
        if self.leaving.is_some() {
            return Err(own);
        }
        for (at, voice) in voices.iter_mut().enumerate() {
            let each = own.as_mut().and_then(|own| own.each.get_mut(at)?.take());
            // Nothing leaves, so there is room.
            let installed = voice.part_mut().install(slot, each);
            debug_assert!(installed.is_ok());
        }
        self.leaving = std::mem::replace(&mut self.playing, own);
        Ok(())
    }

    /// The instrument that has been replaced, when no voice has it any more.
    pub fn retired(&mut self, slot: Slot, voices: &mut [Voice]) -> Option<Box<KeyInstrument>> {
        let leaving = self.leaving.as_mut()?;
        for (home, voice) in leaving.each.iter_mut().zip(voices) {
            if home.is_none() {
                *home = voice.part_mut().retired(slot);
            }
        }
        if leaving.each.iter().all(Option::is_some) { self.leaving.take() } else { None }
    }
}
