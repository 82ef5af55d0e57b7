//! Pitch, voicing and loudness of one voice, block by block, on the audio thread.
//!
//! [`Tracker::process`] takes samples in blocks of any size and answers with a [`Features`] every 4 ms
//! ([`FrameClock`]). After [`Tracker::new`] nothing allocates, locks or panics, and the block size never changes a bit of the output.
//!
//! # How it works
//!
//! The pitch is a Bayes filter over 20-cent states and one state "unvoiced", updated at every end of a frame. Its observation is a
//! product of experts: each is the normalised autocorrelation (Boersma 1993) of one band of the voice, over a window that
//! grows with the lag tested. Short lags get short windows, which is why high notes are known in a few milliseconds; the filter's memory
//! is why it stays sure in noise. Voicing is judged a few periods later than pitch, because noise through a formant resembles
//! itself only briefly; mains hum and the ringing of a room are told from a voice by how their level moves.
//!
//! Loudness is an A-weighted mean square over a window of its own, and never waits for the pitch.
//!
//! | | [`LatencyMode::Live`] | [`LatencyMode::Studio`] |
//! |---|---|---|
//! | delay reported | 3.125 ms (centre of the loudness window) | 40 ms |
//! | pitch | causal filter, the newest estimate, glides continued if asked | forward-backward over 24 ms, read at the moment described |
//! | loudness window | 6.25 ms, or whole periods of the voice | 12.5 ms, or whole periods |
//!
//! `cargo bench -p syrinx-tracker` prints the cost; `cargo run --release -p syrinx-tracker --example track_raw` tracks a file.
//!
//! # Example
//!
//! ```
//! use syrinx_tracker::{Tracker, TrackerConfig};
//! let mut tracker = Tracker::new(48_000, TrackerConfig::default())?;
//! let tone: Vec<f32> = (0..9600).map(|n| 0.1 * (n as f32 * 220.0 * std::f32::consts::TAU / 48_000.0).sin()).collect();
//! let mut last = None;
//! tracker.process(&tone, |frame| last = Some(frame));
//! let frame = last.expect("50 frames were completed");
//! assert!(frame.confidence > 0.5 && (frame.f0_hz - 220.0).abs() < 1.0);
//! # Ok::<(), syrinx_tracker::TrackerError>(())
//! ```

mod a_weighting;
mod band;
mod biquad;
pub mod csv;
mod decimate;
mod expert;
mod frame;
mod gate;
mod glide;
mod history;
mod loudness;
mod math;
mod partials;
mod pitch;
mod posterior;
mod range;
mod refine;
mod tracker;
mod tuning;
mod voicing;
mod voicing_weights;

pub use a_weighting::a_weighting_power;
pub use biquad::Biquad;
pub use frame::{FRAME_RATE_HZ, Features, FrameClock, HeldPitch, LOUDNESS_FLOOR_DB, LatencyMode};
pub use loudness::AWeighting;
pub use range::Calibration;
pub use tracker::{Tracker, TrackerConfig, TrackerError};
