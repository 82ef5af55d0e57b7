//! What the tests of all crates share, and nothing else uses: a voice of which the truth is known, what a listener hears of a sound, how loud it is, and
//! how an instrument followed a voice.

mod demo_voice;
mod following;
mod heard;
mod loudness;
mod melodies;
mod note_score;
pub mod tfrecord;

pub use demo_voice::demo_voice;
pub use following::{Following, cents, cents_of_any_octave, following, following_sung};
pub use heard::heard;
pub use loudness::{k_levels, lufs};
pub use melodies::{KINDS, KnownNote, Melody, melody};
pub use note_score::{NoteScore, delays};

/// The rate that most tests run at, Hz.
pub const RATE_HZ: u32 = 48_000;
/// Frames a second.
pub const FRAME_RATE_HZ: f64 = syrinx_tracker::FRAME_RATE_HZ as f64;

/// Whether tests are to try everything, as a release has to, and not a choice of it: `cargo xtask test --long`.
pub fn in_long_form() -> bool {
    std::env::var_os("SYRINX_LONG").is_some_and(|value| value == "1")
}
