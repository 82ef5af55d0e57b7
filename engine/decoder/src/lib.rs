//! The instrument model of Syrinx: its file, the checks on it, and the network that answers features with controls.
//!
//! A [`Model`] is a checked file, shared by all who play it. A [`Decoder`] answers one stream, and allocates while it does; a
//! [`Link`] runs a decoder on a thread of its own and is the only part that an audio thread may hold: its `send`, `wake` and
//! `receive` neither allocate nor lock nor wait.

mod card;
mod check;
mod decode;
mod link;
mod model;
mod network;

pub use card::{Card, FORMAT_VERSION, METADATA_KEY};
pub use decode::{Decoder, HIGHEST_HARMONIC_HZ, noise_weights};
pub use link::Link;
pub use model::{Model, ModelError};
pub use network::{Answer, Network};
