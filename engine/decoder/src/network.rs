//! One running copy of a model's network, with its memory. The decoder's own thread: a run allocates.

use crate::Model;
use std::sync::Arc;
use tract_onnx::{
    prelude::*,
    tract_core::internal::{SimpleState, TypedFact, TypedOp},
};

/// A session of the runtime and the state that goes round: the bare network, without what [`Decoder`](crate::Decoder) adds.
pub struct Network {
    model: Arc<Model>,
    session: Option<SimpleState<TypedFact, Box<dyn TypedOp>>>,
    features: Tensor,
    state: Tensor,
    answer: Answer,
}

/// What the network says of one frame: levels in dB relative to the loudness asked for.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Mean square of each harmonic, dB.
    pub harmonics_db: Vec<f32>,
    /// Mean square of the noise within each band, dB.
    pub noise_db: Vec<f32>,
}

impl Answer {
    /// Whether all of it is numbers.
    pub fn is_finite(&self) -> bool {
        self.harmonics_db.iter().chain(&self.noise_db).all(|x| x.is_finite())
    }
}

impl Network {
    /// A network at the start of a stream.
    pub fn new(model: Arc<Model>) -> Self {
        let state = tensor(&vec![0.0; model.state_len]);
        Self { session: None, features: tensor(&[0.0; 3]), state, answer: Answer::default(), model }
    }

    /// The instrument that it belongs to.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Forgets what was played, as at the start of a stream.
    pub fn reset(&mut self) {
        self.state = tensor(&vec![0.0; self.model.state_len]);
    }

    /// Answers one frame's `[f0_hz, confidence, loudness_db]` and moves the state on. A next state that is not finite leaves the state zeroed, so that one bad frame
    /// does not spoil all that follow.
    ///
    /// # Errors
    /// When the runtime fails, which the checks on the model rule out.
    pub fn run(&mut self, features: [f32; 3]) -> TractResult<&Answer> {
        if self.session.is_none() {
            self.session = Some(SimpleState::new(&self.model.plan)?);
        }
        let session = self.session.as_mut().expect("set above");
        self.features = tensor(&features);
        let outputs = session.run(tvec!(self.features.clone().into(), self.state.clone().into()))?;
        let [harmonics, noise, next] = &outputs[..] else {
            tract_onnx::tract_core::internal::bail!("it answers with {} tensors", outputs.len());
        };
        fill(&mut self.answer.harmonics_db, harmonics)?;
        fill(&mut self.answer.noise_db, noise)?;
        let next = next.clone().into_tensor();
        let next_ok = next.try_as_plain_ram()?.as_slice::<f32>()?.iter().all(|x| x.is_finite());
        self.state = if next_ok { next } else { tensor(&vec![0.0; self.model.state_len]) };
        Ok(&self.answer)
    }
}

fn tensor(row: &[f32]) -> Tensor {
    Tensor::from_shape(&[1, row.len()], row).expect("a row has as many numbers as its shape says")
}

fn fill(to: &mut Vec<f32>, from: &TValue) -> TractResult<()> {
    to.clear();
    to.extend_from_slice(from.try_as_plain_ram()?.as_slice::<f32>()?);
    Ok(())
}
