//! What sounds, from a voice or from keys, behind one face.

use crate::source::{Source, Values};
use std::sync::Arc;
use syrinx_engine::{
    AnyRate, Block, EngineConfig, EngineError, Event, Features, Instrument, KeyInstrument, Keys, Model, Monitor, PARTS, Slot,
    SoundingNote, SpectralWeights, Spectrum, Tuning,
};

/// An engine at a host's rate.
pub enum Playing {
    /// Plays from a voice.
    Voice(Box<AnyRate>),
    /// Plays from keys.
    Keys(Box<AnyRate<Keys>>),
}

/// What will be heard after a block where nothing comes in any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GoesOn {
    /// A tail of the length that is told.
    #[default]
    Tail,
    /// As much as keys hold.
    Sounds,
    /// Nothing.
    Silent,
}

macro_rules! with {
    ($playing:expr, $p:ident => $do:expr) => {
        match $playing {
            Playing::Voice($p) => $do,
            Playing::Keys($p) => $do,
        }
    };
}

/// An instrument of the player's own, made ready to be played.
pub enum Own {
    /// From a voice.
    Voice(Box<Instrument>),
    /// From keys.
    Keys(Box<KeyInstrument>),
}

impl Own {
    /// Makes `model` ready for a stream of the engine's rate. Takes milliseconds; not for the audio thread.
    pub fn new(source: Source, rate: u32, model: Arc<Model>) -> Self {
        match source {
            Source::Voice => Self::Voice(Box::new(Instrument::with_choir(rate, &model))),
            Source::Keys => Self::Keys(Box::new(KeyInstrument::new(rate, model))),
        }
    }

    fn for_voice(self) -> Option<Box<Instrument>> {
        if let Self::Voice(own) = self { Some(own) } else { None }
    }

    fn for_keys(self) -> Option<Box<KeyInstrument>> {
        if let Self::Keys(own) = self { Some(own) } else { None }
    }
}

impl Playing {
    /// Sets up what plays all factory instruments from `source` at a host's rate, on as many channels. Takes milliseconds; not for the audio thread.
    ///
    /// # Errors
    /// At a rate that nothing plays at.
    pub fn new(source: Source, rate_hz: f64, channels: usize) -> Result<Self, EngineError> {
        let palette = syrinx_models::factory();
        Ok(match source {
            Source::Voice => Self::Voice(Box::new(AnyRate::new(rate_hz, channels, palette)?)),
            Source::Keys => Self::Keys(Box::new(AnyRate::of_keys(rate_hz, channels, palette)?)),
        })
    }

    /// The host's rate, Hz.
    pub fn rate_hz(&self) -> f64 {
        with!(self, p => p.rate_hz())
    }

    /// How the engine was set up; its rate is not always the host's.
    pub fn config(&self) -> EngineConfig {
        with!(self, p => p.config())
    }

    /// Samples of the host's by which it lags.
    pub fn latency_samples(&self) -> usize {
        with!(self, p => p.latency_samples())
    }

    /// Samples of the host's for which it sounds on, the delay included.
    pub fn tail_samples(&self) -> usize {
        with!(self, p => p.tail_samples())
    }

    /// Begins the stream anew.
    pub fn reset(&mut self) {
        with!(self, p => p.reset());
    }

    /// Plays a block, and gives the notes of a voice to `send`.
    pub fn play(&mut self, block: Block<'_, '_>, send: &mut dyn FnMut(Event)) {
        with!(self, p => p.play_and_send(block, send));
    }

    /// Lets all keys and pedals go.
    pub fn silence(&mut self) {
        match self {
            Self::Voice(p) => p.engine().let_keys_go(),
            Self::Keys(p) => p.engine().silence(),
        }
    }

    /// Takes all that is set.
    pub fn set(&mut self, values: &Values) {
        match self {
            Self::Voice(p) => p.engine().set(&values.settings),
            Self::Keys(p) => {
                p.engine().set(&values.settings);
                p.engine().set_keys(&values.keys);
            }
        }
    }

    /// What is set.
    pub fn values(&mut self) -> Values {
        match self {
            Self::Voice(p) => Values { settings: p.engine().settings(), ..Values::default() },
            Self::Keys(p) => Values { settings: p.engine().settings(), keys: p.engine().key_settings() },
        }
    }

    /// The pitch of each part of the choir as it sounds, MIDI.
    pub fn parts(&mut self) -> [Option<f32>; PARTS] {
        match self {
            Self::Voice(p) => p.engine().parts(),
            Self::Keys(_) => [None; PARTS],
        }
    }

    /// Weighs single harmonics and the noise.
    pub fn weigh(&mut self, weights: &SpectralWeights) {
        with!(self, p => p.engine().weigh(weights));
    }

    /// Puts an instrument of the player's own, or none, into a slot. Audio thread.
    ///
    /// # Errors
    /// Gives it back where the one before still fades.
    pub fn install(&mut self, slot: Slot, own: Option<Own>) -> Result<(), Option<Own>> {
        match self {
            Self::Voice(p) => p.engine().install(slot, own.and_then(Own::for_voice)).map_err(|own| own.map(Own::Voice)),
            Self::Keys(p) => p.engine().install(slot, own.and_then(Own::for_keys)).map_err(|own| own.map(Own::Keys)),
        }
    }

    /// An instrument that was replaced and is silent. Audio thread.
    pub fn retired(&mut self) -> Option<Own> {
        match self {
            Self::Voice(p) => p.engine().retired().map(Own::Voice),
            Self::Keys(p) => p.engine().retired().map(Own::Keys),
        }
    }

    /// Takes the pitches of keys that are struck from now on; those before, or, where there are no keys, the same, to be dropped elsewhere.
    pub fn tune(&mut self, tuning: Box<Tuning>) -> Box<Tuning> {
        match self {
            Self::Voice(_) => tuning,
            Self::Keys(p) => p.engine().set_tuning(tuning),
        }
    }

    /// Hands over the frames of the voice since the last call.
    pub fn frames(&mut self, take: impl FnMut(Features)) {
        if let Self::Voice(p) = self {
            p.engine().frames(take);
        }
    }

    /// The notes that sound, where it is played from keys.
    pub fn notes(&mut self) -> impl Iterator<Item = SoundingNote> {
        let keys = if let Self::Keys(p) = self { Some(p.engine()) } else { None };
        keys.into_iter().flat_map(|keys| keys.notes())
    }

    /// What will be heard where nothing comes in any more.
    pub fn goes_on(&mut self) -> GoesOn {
        match self {
            Self::Voice(_) => GoesOn::Tail,
            Self::Keys(p) => match p.is_direct() && p.engine().is_silent() {
                true => GoesOn::Silent,
                false => GoesOn::Sounds,
            },
        }
    }

    /// What a window shows.
    pub fn monitor(&mut self) -> Monitor {
        with!(self, p => p.engine().monitor())
    }

    /// What sounds.
    pub fn spectrum(&mut self) -> Spectrum {
        with!(self, p => p.engine().spectrum())
    }

    /// Frames that a network failed to answer.
    pub fn failed_frames(&mut self) -> u64 {
        with!(self, p => p.engine().failed_frames())
    }
}
