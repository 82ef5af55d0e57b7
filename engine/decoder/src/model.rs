//! A model file: read, checked, and ready to be played by any number of decoders. Never the audio thread.
//!
//! The contract, format versions 1 and 2 (which tells of [`Life`](crate::Life), room and [`Dynamics`](crate::Dynamics), too): one ONNX graph, operator set 13 to 22, that answers one control frame.
//!
//! | name | shape | what |
//! |---|---|---|
//! | input `features` | `[1, 3]` | `f0_hz`, `confidence` 0..=1, `loudness_db` (A-weighted), as in `Features`, not normalised |
//! | input `state` | `[1, S]` | zeros at the start of a stream, then `next_state` of the frame before |
//! | output `harmonics_db` | `[1, H]` | mean square of each harmonic in dB, relative to `loudness_db` |
//! | output `noise_db` | `[1, B]` | mean square of the noise within each band in dB, relative to `loudness_db` |
//! | output `next_state` | `[1, S]` | |
//!
//! The [`Card`] is in the file's `metadata_props` under [`METADATA_KEY`](crate::METADATA_KEY), as JSON.

use crate::{Card, LifeTable, METADATA_KEY, check, noise::NoiseBands, onnx, plan::Plan};
use prost::Message;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Why a file is not an instrument.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The bytes are not an instrument; the text completes the sentence.
    #[error("this file is not a Syrinx instrument: {0}")]
    NotAnInstrument(String),
}

/// The same model file with another card.
///
/// # Errors
/// When the bytes are no model file.
pub fn with_card(bytes: &[u8], card: &Card) -> Result<Vec<u8>, ModelError> {
    let mut proto = onnx::parse(bytes).map_err(ModelError::NotAnInstrument)?;
    proto.metadata_props.retain(|p| p.key != METADATA_KEY);
    proto.metadata_props.push(card.to_metadata());
    Ok(proto.encode_to_vec())
}

/// Largest model file read. The factory instruments have about 100 kB.
pub const MAX_FILE_BYTES: usize = 32 << 20;

/// An instrument that has passed every check. Cheap to share: decoders of all instances run the same one.
pub struct Model {
    card: Card,
    bytes: Vec<u8>,
    hash: [u8; 32],
    pub(crate) plan: Plan,
    pub(crate) noise: NoiseBands,
    life: Option<LifeTable>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("card", &self.card).finish_non_exhaustive()
    }
}

impl Model {
    /// Reads the bytes of a model file and makes it ready to run, in some milliseconds. Whatever they are, neither time nor memory is out of
    /// bounds. That it answers with numbers, and with those that an ONNX runtime answers with, is not tried: files that did not come with the
    /// program go through `syrinx_judge`, which does.
    ///
    /// # Errors
    /// When the bytes are not an instrument: one sentence says what is wrong.
    pub fn read(bytes: &[u8]) -> Result<Arc<Self>, ModelError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(ModelError::NotAnInstrument(format!("it has more than {MAX_FILE_BYTES} bytes")));
        }
        if bytes.is_empty() {
            return Err(ModelError::NotAnInstrument("it is empty".into()));
        }
        let model = onnx::parse(bytes).and_then(|proto| Self::from_proto(&proto, bytes)).map_err(ModelError::NotAnInstrument)?;
        Ok(Arc::new(model))
    }

    fn from_proto(proto: &onnx::ModelProto, bytes: &[u8]) -> Result<Self, String> {
        // The card first: "it has no card" says more of another network than what its shapes lack.
        let json = proto
            .metadata_props
            .iter()
            .find(|p| p.key == METADATA_KEY)
            .ok_or("it carries no instrument card; it may be another network")?;
        let card: Card = serde_json::from_str(&json.value).map_err(|e| format!("its card cannot be read ({e})"))?;
        let card = card.cleaned();
        card.check()?;
        let shapes = check::check(proto)?;
        if (shapes.harmonics, shapes.bands) != (card.harmonics, card.bands()) {
            return Err(format!(
                "it answers {} harmonics and {} noise bands where its card says {} and {}",
                shapes.harmonics,
                shapes.bands,
                card.harmonics,
                card.bands()
            ));
        }
        let plan = Plan::of(proto.graph.as_ref().expect("checked"))?;
        if plan.answers() != (shapes.harmonics, shapes.bands) || plan.state_len() != shapes.state {
            return Err("its network is malformed: its answers have other lengths than it says".into());
        }
        let noise = NoiseBands::of(&card.noise_edges_hz, &plan, card.middle_hz(), card.loudness_range_db[0]);
        let life = card.life.as_ref().map(LifeTable::of);
        Ok(Self { card, bytes: bytes.to_vec(), hash: Sha256::digest(bytes).into(), plan, noise, life })
    }

    /// What the instrument says of itself.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// What moves in its held notes, harmonic by harmonic, if that was measured.
    pub fn life(&self) -> Option<&LifeTable> {
        self.life.as_ref()
    }

    /// A-weighting of each noise band at its centre, power gain.
    pub fn noise_weights(&self) -> &[f32] {
        &self.noise.weights
    }

    /// The file, as it was read: what a session keeps of a model of the user's own.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the file, by which a session finds the model again.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }
}
