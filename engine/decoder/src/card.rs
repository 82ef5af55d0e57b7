//! The card of an instrument: what a model file says of itself, in its metadata. Plain data, any thread.

use crate::{Decay, Dynamics, Life, Performance, RoomResponse, onnx::StringStringEntryProto, text::clean};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use syrinx_synth::{MAX_BANDS, MAX_HARMONICS};
use syrinx_tracker::FRAME_RATE_HZ;

/// Version of the model file format that this build writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 2;
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
    /// How the instrument dies away, if it does: one that is plucked or struck.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decay: Option<Decay>,
    /// What moves in its held notes, if that was measured: cards of format 1 have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub life: Option<Life>,
    /// The room it was recorded in, if that is heard when its notes end: cards of format 1 have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomResponse>,
    /// How much brighter loud is than soft, where the network does not know it: cards of format 1 have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dynamics: Option<Dynamics>,
    /// How its player begins, holds and ends notes, if that was measured: cards of format 1 have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance: Option<Performance>,
    /// Held-out scores by name, as `syrinx evaluate` gives them (dB): `lsd`, `mel`, `attack`, ...
    #[serde(default)]
    pub scores: BTreeMap<String, f32>,
    /// Facts about the training: seconds of data, held-out pitches, steps, seed, and the like.
    #[serde(default)]
    pub training: BTreeMap<String, String>,
}

impl Card {
    /// Checks that the card describes an instrument this build can play.
    ///
    /// # Errors
    /// One sentence saying which entry is wrong, and how.
    pub fn check(&self) -> Result<(), String> {
        if self.format_version > FORMAT_VERSION {
            return Err(format!(
                "it has format version {}, and this build reads up to {FORMAT_VERSION}; a newer Syrinx is needed",
                self.format_version
            ));
        }
        let id_ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || self.id.len() > 64 || !self.id.chars().all(id_ok) {
            return Err("its id is not 1 to 64 lower-case letters, digits and hyphens".into());
        }
        if self.name.trim().is_empty() || self.name.len() > 200 {
            return Err("its name is empty or longer than 200 bytes".into());
        }
        if self.frame_rate_hz != FRAME_RATE_HZ {
            return Err(format!("its frame rate is {} Hz, and Syrinx runs at {FRAME_RATE_HZ} Hz", self.frame_rate_hz));
        }
        if self.harmonics == 0 || self.harmonics > MAX_HARMONICS {
            return Err(format!("it has {} harmonics, and 1 to {MAX_HARMONICS} are possible", self.harmonics));
        }
        let bands = self.noise_edges_hz.len().saturating_sub(1);
        if bands == 0 || bands > MAX_BANDS {
            return Err(format!("it has {bands} noise bands, and 1 to {MAX_BANDS} are possible"));
        }
        let rising = self.noise_edges_hz.windows(2).all(|w| w[0] < w[1]);
        if !rising || !self.noise_edges_hz.iter().all(|hz| (0.0..=200_000.0).contains(hz)) {
            return Err("its noise band edges do not rise from 0 to at most 200 kHz".into());
        }
        let [low, high] = self.pitch_range_hz;
        if !(low > 0.0 && low <= high && high <= 20_000.0) {
            return Err(format!("its pitch range is {low} to {high} Hz"));
        }
        let [soft, loud] = self.loudness_range_db;
        if !(soft.is_finite() && loud.is_finite() && soft <= loud && soft >= -200.0 && loud <= 60.0) {
            return Err(format!("its loudness range is {soft} to {loud} dB"));
        }
        self.decay.as_ref().map_or(Ok(()), Decay::check)?;
        self.life.as_ref().map_or(Ok(()), Life::check)?;
        self.room.as_ref().map_or(Ok(()), RoomResponse::check)?;
        self.dynamics.as_ref().map_or(Ok(()), Dynamics::check)?;
        self.performance.as_ref().map_or(Ok(()), Performance::check)
    }

    /// The card as a model file has it.
    pub fn to_metadata(&self) -> StringStringEntryProto {
        let value = serde_json::to_string(self).expect("a card is made of strings, numbers and lists");
        StringStringEntryProto { key: METADATA_KEY.into(), value }
    }

    /// The card with its texts made harmless to show: control characters become spaces, for a stranger may have written them.
    pub fn cleaned(mut self) -> Self {
        let lines = self.credits.iter_mut().chain(&mut self.caveats);
        let texts = [&mut self.name, &mut self.family, &mut self.author, &mut self.licence].into_iter().chain(lines);
        texts.chain(self.training.values_mut()).for_each(clean);
        let key = |mut key: String| {
            clean(&mut key);
            key
        };
        self.training = self.training.into_iter().map(|(name, fact)| (key(name), fact)).collect();
        self.scores = self.scores.into_iter().map(|(name, score)| (key(name), score)).collect();
        self
    }

    /// The middle of the pitch range, on a logarithmic scale, Hz.
    pub fn middle_hz(&self) -> f32 {
        let [low, high] = self.pitch_range_hz;
        (low * high).sqrt()
    }

    /// Number of noise bands.
    pub fn bands(&self) -> usize {
        self.noise_edges_hz.len() - 1
    }
}
