//! The whole instrument: voice in, instrument out ([`Engine`]); or notes in, instrument out ([`Keys`]). Knows no plugin API, no window and no file dialog.
//!
//! **The real-time contract.** Between `Engine::new` and dropping it, on the audio thread, nothing reachable from
//! [`Engine::play`], [`Engine::set`], [`Engine::weigh`], [`Engine::install`], [`Engine::retired`], [`Engine::frames`] and [`Engine::reset`] allocates, frees, locks, makes a
//! system call, panics or loops without bound; nor does anything from the same functions of [`Keys`]. NaN and infinity in never come out. The output lags the input by
//! [`Engine::latency_samples`], always, and does not depend on how the host cuts the stream into blocks. Same input, same settings,
//! same output, after every reset, at every pace.

mod any_rate;
mod attack;
mod auto_range;
mod automation;
mod block;
mod bounce;
mod choir;
mod config;
mod crossfade_bank;
mod delay_line;
mod effort;
mod engine;
mod ensemble;
mod frame_history;
mod glide_line;
mod guard;
mod instrument;
mod keyed_pitch;
mod keys;
mod latency_switch;
mod level;
mod life;
mod lift;
mod listener;
mod mapping;
mod mixer;
mod noise_floor;
mod notes;
mod params;
mod part;
mod reverb;
mod sides;
mod slip;
mod snap;
mod spectral_weights;
mod sustain;
mod tell;
mod tone;
mod typed;

pub use any_rate::{AnyRate, Playing};
pub use auto_range::{MOST_SHIFT_DB, Shift};
pub use block::{Block, Event, EventKind, Expression, Message};
pub use bounce::bounce;
pub use config::{EngineConfig, EngineError};
pub use engine::Engine;
pub use guard::Guard;
pub use instrument::{Instrument, Slot};
pub use keys::{KeyInstrument, Keys, MOST_TUNING_BYTES, SoundingNote, Tuning, TuningError};
pub use params::{
    ChordFrom, Dynamics as KeyDynamics, KEY_PARAMS, KEYS, KeyMode, KeyParamId, KeyPriority, KeySettings, Kind, MAX_INSTRUMENT,
    NoteBend, NoteLoudness, NoteOutput, OWN_INSTRUMENT, PARAMS, PARTS, Param, ParamId, PartRows, PartRule, PartSettings,
    PitchFrom, SettingError, Settings, SustainedBy, VibratoFrom,
};
pub use sides::Sides;
pub use spectral_weights::{LEAST_WEIGHT_DB, MOST_WEIGHT_DB, NOISE_POINTS, SpectralWeights, noise_point_hz};
pub use syrinx_decoder::{
    Card, Decay, Decoder, Dynamics, Life, MAX_FILE_BYTES, Model, ModelError, RoomResponse, SlopeSource, is_control,
};
pub use syrinx_synth::MAX_HARMONICS;
pub use syrinx_tracker::{Calibration, FRAME_RATE_HZ, Features, FrameClock, LatencyMode, Tracker, TrackerConfig};
pub use tell::{Monitor, Spectrum};
