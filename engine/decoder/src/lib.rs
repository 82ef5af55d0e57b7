//! The instrument model of Syrinx: its file, the checks on it, and the network that answers features with controls.
//!
//! A [`Model`] is a checked file, shared by all who play it. A [`Decoder`] answers one stream, on the audio thread: after `new` it
//! neither allocates nor locks nor waits, and takes a few microseconds a frame. Files from strangers are read by `syrinx_judge`, which asks an
//! ONNX runtime for a second opinion; what plays needs no such runtime.

mod breath;
mod card;
mod check;
mod decay;
mod decode;
mod dynamics;
mod life;
mod model;
mod network;
mod noise;
pub mod onnx;
mod performance;
mod plan;
mod room;
mod table;
mod text;
mod units;

pub use card::{Card, FORMAT_VERSION, METADATA_KEY};
pub use decay::{Decay, DecayNote, EARLY_S, Fall};
pub use decode::{Decoder, DecoderState, HIGHEST_HARMONIC_HZ};
pub use dynamics::{Dynamics, MOST_TILT_DB, SlopeSource, tilt_octaves};
pub use life::{
    FLUCTUATION_POINTS, FluctuationDb, Life, LifeTable, MODULATION_BANDS, MODULATION_BANDS_HZ, MOST_PULSE, ModulationFilter,
    Pace, fluctuation_place,
};
pub use model::{MAX_FILE_BYTES, Model, ModelError, with_card};
pub use network::Network;
pub use noise::noise_weights;
pub use performance::{
    MOST_PLAYED_NOTES, MOST_PLAYED_SLURS, ONSET_DB, ONSET_POINTS, ONSET_S, ONSET_ST, Performance, PlayedNote, PlayedSlur,
};
pub use plan::{Answer, Arena};
pub use room::{MOST_ROOM_DB, MOST_RT60_S, RoomResponse};
pub use text::is_control;
pub use units::midi;
