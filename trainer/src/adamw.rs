//! The optimiser: AdamW with clipping, over one slice of weights. The training thread.

/// AdamW (Loshchilov & Hutter 2019, algorithm 2): Adam with weight decay taken apart from the gradient.
pub struct AdamW {
    mean: Vec<f32>,
    square: Vec<f32>,
    steps: i32,
}

/// Decay of the average gradient.
const BETA1: f32 = 0.9;
/// Decay of the average square; 0.98 forgets within a run of some hundred steps.
const BETA2: f32 = 0.98;
const EPSILON: f32 = 1e-8;
/// Longest gradient that is taken as it is; a longer one is shortened to this (Pascanu et al. 2013).
const CLIP: f32 = 1.0;

impl AdamW {
    /// For `len` weights, before the first step.
    pub fn new(len: usize) -> Self {
        Self { mean: vec![0.0; len], square: vec![0.0; len], steps: 0 }
    }

    /// Moves the weights one step down the gradient.
    pub fn step(&mut self, weights: &mut [f32], gradient: &[f32], rate: f32, decay: f32) {
        self.steps += 1;
        let norm = gradient.iter().map(|&g| f64::from(g) * f64::from(g)).sum::<f64>().sqrt() as f32;
        let shorten = if norm > CLIP { CLIP / norm } else { 1.0 };
        let mean_bias = 1.0 - BETA1.powi(self.steps);
        let square_bias = 1.0 - BETA2.powi(self.steps);
        for i in 0..weights.len() {
            let g = shorten * gradient[i];
            self.mean[i] = BETA1 * self.mean[i] + (1.0 - BETA1) * g;
            self.square[i] = BETA2 * self.square[i] + (1.0 - BETA2) * g * g;
            let step = (self.mean[i] / mean_bias) / ((self.square[i] / square_bias).sqrt() + EPSILON);
            weights[i] -= rate * (step + decay * weights[i]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AdamW;

    #[test]
    fn finds_the_bottom_of_a_bowl() {
        let (mut w, bottom) = (vec![3.0, -2.0], [1.0, 0.5]);
        let mut optimiser = AdamW::new(2);
        for step in 0..400 {
            let gradient: Vec<f32> = w.iter().zip(&bottom).map(|(w, b)| 2.0 * (w - b)).collect();
            optimiser.step(&mut w, &gradient, 0.1 * (1.0 - step as f32 / 400.0), 0.0);
        }
        assert!((w[0] - 1.0).abs() < 1e-3 && (w[1] - 0.5).abs() < 1e-3, "{w:?}");
    }

    #[test]
    fn decay_alone_shrinks_weights_and_a_huge_gradient_does_not_throw_them() {
        let mut w = vec![1.0];
        AdamW::new(1).step(&mut w, &[0.0], 0.1, 0.5);
        assert!((w[0] - 0.95).abs() < 1e-6);
        AdamW::new(1).step(&mut w, &[1e30], 0.1, 0.0);
        assert!(w[0].is_finite() && (w[0] - 0.85).abs() < 1e-3);
    }
}
