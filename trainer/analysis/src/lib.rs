//! (skeleton)
mod frames;
pub use frames::{BANDS, FLOOR_DB, Frame, HARMONICS, Take, Target};
