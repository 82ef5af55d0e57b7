//! Recordings into training targets and scores: sound files, what the player's tracker hears in them, and the harmonics and noise that
//! sounded there. Everything here is offline and runs on any thread but the audio thread.

mod audio;
mod frames;

pub use audio::{Audio, AudioError, read_audio, write_wav};
pub use frames::{BANDS, FLOOR_DB, Frame, HARMONICS, Take, Target};
