//! What the chores share: pictures of what an instrument did with a voice, and the figures beside them. Light on purpose: everything waits
//! for `cargo xtask` to compile.

pub mod follow;
pub mod picture;
pub mod sound;
pub mod track;

/// What went wrong, in one sentence for the person at the terminal.
pub type Failure = Box<dyn std::error::Error>;
