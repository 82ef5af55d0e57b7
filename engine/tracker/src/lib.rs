//! Pitch, voicing and loudness of one voice, block by block, on the audio thread.
//!
//! [`Tracker::process`] takes samples in blocks of any size and answers with a [`Features`] every 4 ms
//! ([`FrameClock`]). After [`Tracker::new`] nothing allocates, locks or panics, and the block size never changes a bit of the output.
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
mod decimate;
mod expert;
mod frame;
mod gate;
mod loudness;
mod math;
mod pitch;
mod posterior;
mod refine;
mod tracker;
mod tuning;

pub use a_weighting::a_weighting_power;
pub use frame::{FRAME_RATE_HZ, Features, FrameClock, LOUDNESS_FLOOR_DB, LatencyMode};
pub use loudness::AWeighting;
pub use tracker::{Tracker, TrackerConfig, TrackerError};
