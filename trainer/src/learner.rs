//! The network while it learns: batches in, steps down the gradient. The training thread; burn supplies the gradient and AdamW.

use crate::{
    batch::Batch,
    envelope,
    input_features::RISE_INPUTS,
    loss::Wanted,
    mlp::{Layers, matrix, numbers},
    network::Network,
    output_levels::OUTPUTS,
};
use burn::{
    grad_clipping::GradientClippingConfig,
    optim::{AdamWConfig, GradientsParams, ModuleOptimizer},
    tensor::{Device, Tensor},
};

/// Decay of the optimiser's average square: 0.98 forgets within a run of some hundred steps.
const BETA2: f32 = 0.98;
/// Weight decay of a step, times its rate, where nothing else is said. It takes a fiftieth off the weights in all.
pub const WEIGHT_DECAY: f32 = 0.02;
/// Longest gradient of one tensor of weights that is taken as it is; a longer one is shortened to this (Pascanu et al. 2013).
const CLIP: f32 = 1.0;

/// A network and the optimiser that changes it.
pub struct Learner {
    /// Taken while the optimiser has it.
    layers: Option<Layers>,
    optimiser: ModuleOptimizer,
    /// How answers in units become dB; `[1, OUTPUTS]` and a factor.
    middle: Tensor<2>,
    unit: f32,
    own_harmonics: usize,
    /// What the weights decay by beyond those that hear the rise.
    more_decay: f32,
    inputs: usize,
    device: Device,
}

impl Learner {
    /// Starts from `network` as it is. `rise_decay` is the weight decay of what hears how the loudness rises, `weight_decay` that of all else.
    pub fn new(network: &Network, weight_decay: f32, rise_decay: f32) -> Self {
        let device = Device::flex().autodiff();
        let optimiser = AdamWConfig::new()
            .with_beta_2(BETA2)
            .with_weight_decay(rise_decay)
            .with_grad_clipping(Some(GradientClippingConfig::Norm(CLIP)))
            .init();
        Self {
            layers: Some(Layers::new(&network.mlp, &device)),
            optimiser,
            middle: matrix(&network.output_middle, OUTPUTS, &device),
            unit: network.output_unit,
            own_harmonics: network.own_harmonics,
            more_decay: weight_decay - rise_decay,
            inputs: network.mlp.shape().inputs,
            device,
        }
    }

    /// One step of AdamW (Loshchilov & Hutter 2019) at `rate` on `batch`; the loss before it, dB.
    pub fn step(&mut self, batch: &Batch, rate: f64) -> f32 {
        let layers = self.layers.take().expect("put back by every step");
        let units = layers.forward(matrix(&batch.inputs, self.inputs, &self.device));
        let units = envelope::read(units, &batch.inputs, self.own_harmonics, &self.device);
        let loss = Wanted::new(batch, &self.device).loss(units * self.unit + self.middle.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &layers);
        let mut layers = self.optimiser.step(rate, layers, gradients);
        if self.more_decay != 0.0 {
            layers = layers.shrunk(1.0 - rate as f32 * self.more_decay, RISE_INPUTS);
        }
        self.layers = Some(layers);
        numbers(loss)[0]
    }

    /// The weights as they are now, in the order of [`crate::mlp::Places`].
    pub fn weights(&self) -> Vec<f32> {
        self.layers.as_ref().expect("put back by every step").weights()
    }
}

/// Loss of answers in dB (`[rows, OUTPUTS]`) on `batch`, dB.
pub fn loss_of(answers: &[f32], batch: &Batch) -> f32 {
    let device = Device::flex();
    numbers(Wanted::new(batch, &device).loss(matrix(answers, OUTPUTS, &device)))[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        input_features::Hearing,
        mlp::{Mlp, Shape},
        output_levels::Weighting,
        random::Random,
    };

    /// A batch in which everything sounds and the target follows the input.
    fn lesson(random: &mut Random) -> Batch {
        let weighting = Weighting::new();
        let mut batch = Batch::default();
        for _ in 0..64 {
            let x = random.between(-1.0, 1.0);
            let mut heard = [0.0; OUTPUTS];
            weighting.of(150.0, true, &mut heard);
            batch.inputs.extend([x, 1.0]);
            batch.targets.extend((0..OUTPUTS).map(|i| -10.0 - (0.3 + 0.1 * x) * i as f32));
            batch.weights.extend(heard.map(|h| f32::from(u8::from(h > 0.0))));
            batch.heard.push(heard);
        }
        batch
    }

    fn trained(seed: u64, weight_decay: f32, steps: usize) -> (f32, f32, Vec<f32>) {
        let mut random = Random::new(seed);
        let mlp = Mlp::new(Shape { inputs: 2, hidden: 16, outputs: OUTPUTS }, || random.uniform());
        let hearing = Hearing::new([100.0, 1000.0], [-60.0, -5.0]);
        let network =
            Network { hearing, mlp, own_harmonics: envelope::OWN, output_middle: vec![-30.0; OUTPUTS], output_unit: 10.0 };
        let mut learner = Learner::new(&network, weight_decay, WEIGHT_DECAY);
        let first = {
            let batch = lesson(&mut random);
            loss_of(&network.answers(&batch.inputs), &batch)
        };
        let mut last = 0.0;
        for _ in 0..steps {
            last = learner.step(&lesson(&mut random), 1e-2);
        }
        (first, last, learner.weights())
    }

    #[test]
    fn a_lesson_is_learned() {
        let (first, last, _) = trained(1, WEIGHT_DECAY, 150);
        assert!(last < 0.2 * first, "from {first} to {last}");
    }

    #[test]
    fn the_same_seed_learns_the_same_to_the_bit() {
        let weights = |seed| trained(seed, WEIGHT_DECAY, 10).2;
        let (a, b) = (weights(2), weights(2));
        assert!(a == b && a != weights(3));
    }

    #[test]
    fn decay_makes_weights_smaller_and_the_lesson_is_learned_still() {
        let length = |weights: Vec<f32>| weights.iter().map(|w| w * w).sum::<f32>();
        let (first, last, decayed) = trained(1, 2.0, 150);
        assert!(last < 0.25 * first, "from {first} to {last}");
        assert!(length(decayed) < 0.5 * length(trained(1, WEIGHT_DECAY, 150).2));
    }
}
