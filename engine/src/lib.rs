//! The whole instrument: voice in, instrument out. Knows no plugin API, no window and no file dialog.
//!
//! **The real-time contract.** Between `Engine::new` and dropping it, on the audio thread, nothing reachable from
//! [`Engine::process`], [`Engine::set`], [`Engine::weigh`], [`Engine::install`], [`Engine::retired`], [`Engine::frames`] and [`Engine::reset`] allocates, frees, locks, makes a
//! system call, panics or loops without bound. NaN and infinity in never come out. The output lags the input by
//! [`Engine::latency_samples`], always, and does not depend on how the host cuts the stream into blocks. Same input, same settings,
//! same output, after every reset, at every pace.

mod any_rate;
mod attack;
mod automation;
mod bounce;
mod config;
mod curve;
mod engine;
mod fit;
mod frame_history;
mod guard;
mod instrument;
mod latency_switch;
mod leap;
mod level;
mod lift;
mod listener;
mod mapping;
mod mixer;
mod noise_floor;
mod params;
mod part;
mod reverb;
mod ring;
mod sides;
mod slip;
mod snap;
mod strike;
mod sustain;
mod tell;
mod tone;
mod typed;
mod weights;

pub use any_rate::AnyRate;
pub use bounce::bounce;
pub use config::{EngineConfig, EngineError};
pub use engine::Engine;
pub use fit::{MOST_SHIFT_DB, Shift};
pub use instrument::{Instrument, Slot};
pub use params::{KEYS, Kind, MAX_INSTRUMENT, OWN_INSTRUMENT, PARAMS, Param, SettingError, Settings};
pub use sides::Sides;
pub use syrinx_decoder::{Card, Decay, Decoder, MAX_FILE_BYTES, Model, ModelError, is_control};
pub use syrinx_synth::MAX_HARMONICS;
pub use syrinx_tracker::{Calibration, Features, FrameClock, LatencyMode, Tracker, TrackerConfig};
pub use tell::{Monitor, Spectrum};
pub use weights::{LEAST_WEIGHT_DB, MOST_WEIGHT_DB, NOISE_POINTS, Weights, noise_point_hz};
