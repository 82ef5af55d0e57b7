//! The card of an instrument: what a model file says of itself, in its metadata. Plain data, any thread.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the model file format that this build writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;
/// Key of the ONNX `metadata_props` entry that holds the card as JSON.
pub const METADATA_KEY: &str = "syrinx.card";

/// Everything a model file tells about its instrument besides the network itself.
///
/// Stored as JSON under [`METADATA_KEY`] in the model file, and as TOML beside the factory instruments for people to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// [`FORMAT_VERSION`] of the writer.
    pub format_version: u32,
    /// Stable identifier: lower-case letters, digits and hyphens.
    pub id: String,
    /// Name shown to people.
    pub name: String,
    /// Family, as in NSynth: bass, brass, flute, guitar, keyboard, mallet, organ, reed, string, synth_lead, vocal.
    pub family: String,
    /// Who trained the model.
    pub author: String,
    /// Licence of the model.
    pub licence: String,
    /// Who recorded what the model was trained on, and under which licence; one line each.
    pub credits: Vec<String>,
    /// What the instrument is bad at, in words; may be empty.
    #[serde(default)]
    pub caveats: Vec<String>,
    /// Control frames per second.
    pub frame_rate_hz: u32,
    /// Number of harmonics the network answers with.
    pub harmonics: usize,
    /// Edges of the noise bands in Hz, ascending: one more than there are bands.
    pub noise_edges_hz: Vec<f32>,
    /// Lowest and highest f0 of the training data, Hz.
    pub pitch_range_hz: [f32; 2],
    /// 5th and 95th percentile of the sounding training frames' A-weighted loudness, dB.
    pub loudness_range_db: [f32; 2],
    /// Seconds of training data at each semitone: `(MIDI note number, seconds)`, ascending, semitones without data left out.
    #[serde(default)]
    pub pitch_histogram_s: Vec<(u8, f32)>,
    /// Seconds of training data at each 3 dB of loudness: `(lower edge in dB, seconds)`, ascending.
    #[serde(default)]
    pub loudness_histogram_s: Vec<(i16, f32)>,
    /// Held-out scores by name, as `syrinx evaluate` gives them (dB): `lsd`, `mel`, `attack`, ...
    #[serde(default)]
    pub scores: BTreeMap<String, f32>,
    /// Facts about the training: seconds of data, held-out pitches, steps, seed, and the like.
    #[serde(default)]
    pub training: BTreeMap<String, String>,
}
