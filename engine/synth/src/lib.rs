//! (skeleton)
mod controls;
pub use controls::{Controls, MAX_BANDS, MAX_HARMONICS};
