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

use crate::{Card, METADATA_KEY, check, plan::Plan};
use prost::Message;
use sha2::{Digest, Sha256};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};
use tract_onnx::{pb::ModelProto, prelude::*, tract_core::internal::SimpleState};

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

/// Most that the answers here and the runtime's may differ, relative: rounding, and no more than anybody hears (0.1 dB at -100 dB).
const TOLERANCE: f32 = 1e-3;

/// An instrument that has passed every check. Cheap to share: decoders of all instances run the same one.
pub struct Model {
    card: Card,
    bytes: Vec<u8>,
    hash: [u8; 32],
    pub(crate) plan: Plan,
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

    /// Checks the bytes of a model file and makes it ready to run; takes some tens of milliseconds, in which the ONNX runtime is asked
    /// for a second opinion.
    ///
    /// # Errors
    /// When the bytes are not an instrument: one sentence says what is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Arc<Self>, ModelError> {
        let (model, proto) = Self::read(bytes)?;
        model.rehearse(&proto).map_err(ModelError::NotAnInstrument)?;
        Ok(Arc::new(model))
    }

    /// As [`from_bytes`](Self::from_bytes) without the second opinion, in about a millisecond: for files that came with the program,
    /// whose answers its tests have compared.
    ///
    /// # Errors
    /// When the bytes are not an instrument.
    pub fn from_factory(bytes: &[u8]) -> Result<Arc<Self>, ModelError> {
        Ok(Arc::new(Self::read(bytes)?.0))
    }

    fn read(bytes: &[u8]) -> Result<(Self, ModelProto), ModelError> {
        if bytes.len() > check::MAX_FILE_BYTES {
            return Err(too_large(bytes.len() as u64));
        }
        if bytes.is_empty() {
            return Err(ModelError::NotAnInstrument("it is empty".into()));
        }
        let proto = ModelProto::decode(bytes)
            .map_err(|_| ModelError::NotAnInstrument("it is not an ONNX file, or a damaged one".into()))?;
        let model = Self::from_proto(&proto, bytes).map_err(ModelError::NotAnInstrument)?;
        Ok((model, proto))
    }

    fn from_proto(proto: &ModelProto, bytes: &[u8]) -> Result<Self, String> {
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
        let plan = Plan::of(proto.graph.as_ref().expect("checked"))?;
        if plan.answers() != (shapes.harmonics, shapes.bands) || plan.state_len() != shapes.state {
            return Err("its network is malformed: its answers have other lengths than it says".into());
        }
        Ok(Self { card, bytes: bytes.to_vec(), hash: Sha256::digest(bytes).into(), plan })
    }

    /// Runs the network over the corners of its input, here and in the ONNX runtime: what plays has been seen to answer with numbers,
    /// and with the right ones.
    fn rehearse(&self, proto: &ModelProto) -> Result<(), String> {
        // The runtime is not written against hostile files; whatever slips past the checks must not take the host down.
        catch_unwind(AssertUnwindSafe(|| self.compare(proto))).unwrap_or_else(|_| Err("its network is malformed".into()))
    }

    fn compare(&self, proto: &ModelProto) -> Result<(), String> {
        let fails = |e: TractError| format!("its network cannot be run ({})", first_line(&e));
        let runtime = check::runtime(proto).map_err(fails)?;
        let mut session = SimpleState::new(&runtime).map_err(fails)?;
        let mut arena = self.plan.arena();
        let mut state = vec![0.0; self.plan.state_len()];
        for loudness_db in [-120.0, -60.0, -20.0, 0.0] {
            for f0_hz in [0.0, 50.0, 440.0, 2000.0, 4200.0] {
                for confidence in [0.0, 0.5, 1.0] {
                    let features = [f0_hz, confidence, loudness_db];
                    let row =
                        |v: &[f32]| Tensor::from_shape(&[1, v.len()], v).expect("a row has as many numbers as its shape says");
                    // Both start each frame from the same state, so that differences of rounding do not add up.
                    let theirs = session.run(tvec!(row(&features).into(), row(&state).into())).map_err(fails)?;
                    let (harmonics, noise) = self.plan.run(&mut arena, features, &mut state);
                    let mut ours = harmonics.iter().chain(noise).chain(&state);
                    for answer in &theirs {
                        let plain = answer.try_as_plain_ram().map_err(fails)?;
                        for theirs in plain.as_slice::<f32>().map_err(fails)? {
                            let ours = *ours.next().ok_or("its network is malformed")?;
                            if !theirs.is_finite() || !ours.is_finite() {
                                return Err("its network answers with infinities or numbers that are none (NaN)".into());
                            }
                            if (ours - theirs).abs() > TOLERANCE * theirs.abs().max(1.0) {
                                return Err("its network answers otherwise than the ONNX runtime does".into());
                            }
                        }
                    }
                }
            }
        }
        Ok(())
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
