//! (skeleton)
mod a_weighting;
mod frame;
pub use a_weighting::a_weighting_power;
pub use frame::{FRAME_RATE_HZ, Features, FrameClock, LOUDNESS_FLOOR_DB, LatencyMode};
