//! The whole instrument: voice in, instrument out. Knows no plugin API, no window and no file dialog.
//!
//! **The real-time contract.** Between `Engine::new` and dropping it, on the audio thread, nothing reachable from
//! [`Engine::process`], [`Engine::set`] and [`Engine::reset`] allocates, frees, locks, makes a system call that can wait, panics or
//! loops without bound; at [`Pace::Offline`] alone, `process` waits for the decoder. NaN and infinity in never come out. The
//! output lags the input by [`Engine::latency_samples`], always, and does not depend on how the host cuts the stream into blocks.
//! Same input, same settings, same output, after every reset.

mod engine;
mod leap;
mod mapping;
mod params;
mod ring;
mod tone;

pub use engine::{Engine, EngineConfig, EngineError, Pace};
pub use params::{PARAMS, Param, SettingError, Settings};
pub use syrinx_decoder::{Card, Decoder, Model, ModelError};
pub use syrinx_tracker::{Features, LatencyMode, Tracker, TrackerConfig};
