//! One running copy of a model's network, with its memory: the bare network, without what [`Decoder`](crate::Decoder) adds. Audio
//! thread; allocates when it is made, never when it runs.

use crate::{Answer, Arena, Model};
use std::sync::Arc;

/// A network and the state that goes round.
pub struct Network {
    model: Arc<Model>,
    arena: Arena,
    state: Vec<f32>,
}

impl Network {
    /// A network at the start of a stream.
    pub fn new(model: Arc<Model>) -> Self {
        Self { arena: Arena::of([&*model]), state: vec![0.0; model.plan.state_len()], model }
    }

    /// The instrument that it belongs to.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// What it remembers of the stream.
    pub fn state(&self) -> &[f32] {
        &self.state
    }

    /// Answers one frame's `[f0_hz, confidence, loudness_db]` and moves the state on. A next state that is not finite leaves the state
    /// zeroed, so that one bad frame does not spoil all that follow.
    pub fn run(&mut self, features: [f32; 3]) -> Answer<'_> {
        self.model.plan.run(&mut self.arena, features, &mut self.state)
    }
}
