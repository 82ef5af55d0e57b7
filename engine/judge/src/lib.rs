//! Model files from strangers, read with a second opinion: an instrument is taken only if the network as Syrinx plays it has been seen to
//! answer with numbers over the corners of its input, and with those that an ONNX runtime answers with. A crate of its own, because the runtime
//! is judge and never player: what only plays the factory's instruments is built without it.
//!
//! Takes some tens of milliseconds; any thread but the audio thread.

use std::{
    fs::File,
    io::Read,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};
use syrinx_decoder::{MAX_FILE_BYTES, Model, ModelError, Network};
use tract_onnx::{
    prelude::*,
    tract_core::internal::{SimpleState, bail},
};

/// Most that the answers here and the runtime's may differ, relative: rounding, and no more than anybody hears (0.1 dB at -100 dB).
const TOLERANCE: f32 = 1e-3;
/// Most numbers in any one tensor while the runtime runs the network; the largest of a checked file are its weights.
const MAX_TENSOR: usize = 1 << 19;

/// Reads a model file.
///
/// # Errors
/// When the file cannot be read or is not an instrument.
pub fn from_file(path: &Path) -> Result<Arc<Model>, ModelError> {
    let unreadable = |source| ModelError::Unreadable { path: path.display().to_string(), source };
    let mut bytes = Vec::new();
    // One byte more than is allowed tells that there are too many, also of what has no length, as a device.
    File::open(path).and_then(|file| file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    from_bytes(&bytes)
}

/// Reads the bytes of a model file.
///
/// # Errors
/// When the bytes are not an instrument: one sentence says what is wrong.
pub fn from_bytes(bytes: &[u8]) -> Result<Arc<Model>, ModelError> {
    let model = Model::read(bytes)?;
    // The runtime is not written against hostile files; whatever slips past the checks must not take the host down.
    catch_unwind(AssertUnwindSafe(|| compare(&model)))
        .unwrap_or_else(|_| Err("its network is malformed".into()))
        .map_err(ModelError::NotAnInstrument)?;
    Ok(model)
}

/// Runs the network over the corners of its input, here and in the runtime.
fn compare(model: &Arc<Model>) -> Result<(), String> {
    let fails = |e: TractError| format!("its network cannot be run ({})", first_line(&e));
    let mut session = SimpleState::new(&runtime(model.bytes()).map_err(fails)?).map_err(fails)?;
    let mut network = Network::new(model.clone());
    for loudness_db in [-120.0, -60.0, -20.0, 0.0] {
        for f0_hz in [0.0, 50.0, 440.0, 2000.0, 4200.0] {
            for confidence in [0.0, 0.5, 1.0] {
                let features = [f0_hz, confidence, loudness_db];
                let row = |v: &[f32]| Tensor::from_shape(&[1, v.len()], v).expect("a row has as many numbers as its shape says");
                // Both start each frame from the same state, so that differences of rounding do not add up.
                let theirs = session.run(tvec!(row(&features).into(), row(network.state()).into())).map_err(fails)?;
                let answer = network.run(features);
                let mut ours: Vec<f32> = answer.harmonics_db.iter().chain(answer.noise_db).copied().collect();
                ours.extend(network.state());
                let mut ours = ours.into_iter();
                for answer in &theirs {
                    let plain = answer.try_as_plain_ram().map_err(fails)?;
                    for theirs in plain.as_slice::<f32>().map_err(fails)? {
                        let ours = ours.next().ok_or("its network is malformed")?;
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

/// The checked file as the runtime runs it, with the shapes of all its tensors bounded first.
fn runtime(bytes: &[u8]) -> TractResult<Arc<TypedRunnableModel>> {
    let mut model = tract_onnx::onnx().model_for_read(&mut &bytes[..])?;
    model.analyse(false)?;
    let typed = model.into_typed()?;
    for node in typed.nodes() {
        for outlet in &node.outputs {
            let len = outlet.fact.shape.as_concrete().map(|s| s.iter().try_fold(1usize, |n, &d| n.checked_mul(d)));
            match len {
                Some(Some(len)) if len <= MAX_TENSOR => {}
                _ => bail!("its tensor {} has no bounded size", node.name.chars().take(40).collect::<String>()),
            }
        }
    }
    typed.into_optimized()?.into_runnable()
}

fn first_line(error: &TractError) -> String {
    error.to_string().lines().next().unwrap_or_default().chars().take(120).collect()
}
