//! (skeleton)
mod card;
pub use card::{Card, FORMAT_VERSION, METADATA_KEY};
