//! The trained network as a whole: what it hears, what it answers to that, and in which unit. Any thread.

use crate::{hearing::Hearing, levels::OUTPUTS, mlp::Mlp};

/// The trained network with what it hears and how its answer is scaled: all that plays.
#[derive(Clone, Debug)]
pub struct Network {
    /// What it hears.
    pub hearing: Hearing,
    /// Its answer to that, in units.
    pub mlp: Mlp,
    /// The answer in dB is `output_middle + output_unit * unit`; `[OUTPUTS]`.
    pub output_middle: Vec<f32>,
    /// See `output_middle`.
    pub output_unit: f32,
}

impl Network {
    /// Turns answers of `mlp` into dB.
    pub fn decibels(&self, units: &[f32], answers: &mut Vec<f32>) {
        answers.clear();
        for row in units.chunks_exact(OUTPUTS) {
            answers.extend(row.iter().zip(&self.output_middle).map(|(u, middle)| middle + self.output_unit * u));
        }
    }
}
