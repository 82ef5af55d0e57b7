//! A model file: read, checked, and ready to be played by any number of decoders. Never the audio thread.
//!
//! The contract, format version 1: one ONNX graph, operator set 13 to 22, that answers one control frame.
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

use crate::{Card, METADATA_KEY, check};
use prost::Message;
use sha2::{Digest, Sha256};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};
use tract_onnx::{pb::ModelProto, prelude::*};

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

/// An instrument that has passed every check. Cheap to share: decoders of all instances run the same one.
pub struct Model {
    card: Card,
    bytes: Vec<u8>,
    hash: [u8; 32],
    pub(crate) state_len: usize,
    pub(crate) plan: Arc<TypedRunnableModel>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("card", &self.card).finish_non_exhaustive()
    }
}

impl Model {
    /// Reads a model file.
    ///
    /// # Errors
    /// When the file cannot be read or is not an instrument.
    pub fn from_file(path: &Path) -> Result<Arc<Self>, ModelError> {
        let unreadable = |source| ModelError::Unreadable { path: path.display().to_string(), source };
        let size = std::fs::metadata(path).map_err(unreadable)?.len();
        if size > check::MAX_FILE_BYTES as u64 {
            return Err(too_large(size));
        }
        Self::from_bytes(&std::fs::read(path).map_err(unreadable)?)
    }

    /// Checks the bytes of a model file and makes it ready to run; takes some tens of milliseconds.
    ///
    /// # Errors
    /// When the bytes are not an instrument: one sentence says what is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Arc<Self>, ModelError> {
        if bytes.len() > check::MAX_FILE_BYTES {
            return Err(too_large(bytes.len() as u64));
        }
        if bytes.is_empty() {
            return Err(ModelError::NotAnInstrument("it is empty".into()));
        }
        let proto = ModelProto::decode(bytes)
            .map_err(|_| ModelError::NotAnInstrument("it is not an ONNX file, or a damaged one".into()))?;
        Self::from_proto(&proto, bytes).map_err(ModelError::NotAnInstrument)
    }

    fn from_proto(proto: &ModelProto, bytes: &[u8]) -> Result<Arc<Self>, String> {
        // The card first: "it has no card" says more of another network than what its shapes lack.
        let json = proto
            .metadata_props
            .iter()
            .find(|p| p.key == METADATA_KEY)
            .ok_or("it carries no instrument card; it may be another network")?;
        let card: Card = serde_json::from_str(&json.value).map_err(|e| format!("its card cannot be read ({e})"))?;
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
        // The runtime is not written against hostile files; whatever slips past the checks above must not take the host down.
        let plan = catch_unwind(AssertUnwindSafe(|| check::plan(proto)))
            .map_err(|_| "its network is malformed".to_string())?
            .map_err(|e| format!("its network cannot be run ({})", first_line(&e)))?;
        let model =
            Arc::new(Self { card, bytes: bytes.to_vec(), hash: Sha256::digest(bytes).into(), state_len: shapes.state, plan });
        model.rehearse()?;
        Ok(model)
    }

    /// Runs the network over the corners of its input, so that what plays has been seen to answer with numbers.
    fn rehearse(self: &Arc<Self>) -> Result<(), String> {
        let answer = catch_unwind(AssertUnwindSafe(|| {
            let mut network = crate::network::Network::new(self.clone());
            for loudness_db in [-120.0, -60.0, -20.0, 0.0] {
                for f0_hz in [0.0, 50.0, 440.0, 2000.0] {
                    for confidence in [0.0, 0.5, 1.0] {
                        if !network.run([f0_hz, confidence, loudness_db])?.is_finite() {
                            return Ok(false);
                        }
                    }
                }
            }
            Ok::<_, TractError>(true)
        }));
        match answer {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err("its network answers with infinities or numbers that are none (NaN)".into()),
            Ok(Err(e)) => Err(format!("its network cannot be run ({})", first_line(&e))),
            Err(_) => Err("its network is malformed".into()),
        }
    }

    /// What the instrument says of itself.
    pub fn card(&self) -> &Card {
        &self.card
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

fn too_large(size: u64) -> ModelError {
    ModelError::NotAnInstrument(format!("it has {size} bytes, and {} are allowed", check::MAX_FILE_BYTES))
}

fn first_line(error: &TractError) -> String {
    error.to_string().lines().next().unwrap_or_default().chars().take(120).collect()
}
