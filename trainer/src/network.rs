//! The trained network as a whole: what it hears, what it answers to that, and in which unit. Any thread.

use burn::tensor::Device;

use crate::{
    envelope,
    input_features::Hearing,
    mlp::{Mlp, numbers},
    output_levels::OUTPUTS,
};

/// The trained network with what it hears and how its answer is scaled: all that plays.
#[derive(Clone, Debug)]
pub struct Network {
    /// What it hears.
    pub hearing: Hearing,
    /// Its answer to that, in units: of width [`OUTPUTS`], or wider by an envelope.
    pub mlp: Mlp,
    /// Harmonics, from the lowest, that read no envelope.
    pub own_harmonics: usize,
    /// The answer in dB is `output_middle + output_unit * unit`; `[OUTPUTS]`.
    pub output_middle: Vec<f32>,
    /// See `output_middle`.
    pub output_unit: f32,
}

impl Network {
    /// Answers in dB, rows of [`OUTPUTS`], to rows of what it hears.
    pub fn answers(&self, heard: &[f32]) -> Vec<f32> {
        let device = Device::flex();
        let mut answers = numbers(envelope::read(self.mlp.answers(heard, &device), heard, self.own_harmonics, &device));
        for row in answers.chunks_exact_mut(OUTPUTS) {
            row.iter_mut().zip(&self.output_middle).for_each(|(u, middle)| *u = middle + self.output_unit * *u);
        }
        answers
    }
}
