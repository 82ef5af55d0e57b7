//! How far an answer is from the sound wanted. The training thread; burn supplies the derivative.

use crate::{
    batch::Batch,
    mlp::matrix,
    output_levels::{FLOOR_DB, OUTPUTS},
};
use burn::tensor::{Device, Tensor};

/// What a batch wants, as tensors of shape `[rows, OUTPUTS]`.
pub struct Wanted {
    targets: Tensor<2>,
    /// Weights in the mean, summing to 1.
    weights: Tensor<2>,
    /// A-weighting of each answer, 0 for what does not sound.
    heard: Tensor<2>,
    /// 1 where the target lies above [`FLOOR_DB`], else 0.
    sounding: Tensor<2>,
}

impl Wanted {
    /// What `batch` wants.
    pub fn new(batch: &Batch, device: &Device) -> Self {
        let total: f64 = batch.weights.iter().map(|&w| f64::from(w)).sum();
        let scale = 1.0 / total.max(f64::MIN_POSITIVE) as f32;
        let weights: Vec<f32> = batch.weights.iter().map(|w| scale * w).collect();
        let sounding: Vec<f32> = batch.targets.iter().map(|t| f32::from(u8::from(*t > FLOOR_DB))).collect();
        Self {
            targets: matrix(&batch.targets, OUTPUTS, device),
            weights: matrix(&weights, OUTPUTS, device),
            heard: matrix(batch.heard.as_flattened(), OUTPUTS, device),
            sounding: matrix(&sounding, OUTPUTS, device),
        }
    }

    /// Weighted mean of |dB| between `answers` (`[rows, OUTPUTS]`, dB relative to loudness), locked to the loudness as they will be when
    /// played, and the targets. Where the target is under [`FLOOR_DB`], all levels under it are alike; where it is not, an answer that
    /// is still counts by its distance, or nothing would lift it.
    pub fn loss(&self, answers: Tensor<2>) -> Tensor<1> {
        let locked = lock(answers, self.heard.clone());
        let away = (locked.clone() - self.targets.clone()).abs() * self.sounding.clone();
        let above = (locked - FLOOR_DB).clamp_min(0.0) * self.sounding.clone().neg().add_scalar(1.0);
        ((away + above) * self.weights.clone()).sum()
    }
}

/// The loudness lock of [`crate::output_levels::lock`], on tensors.
fn lock(levels: Tensor<2>, heard: Tensor<2>) -> Tensor<2> {
    let power = (levels.clone().clamp(-200.0, 100.0) * (0.1 * std::f32::consts::LN_10)).exp() * heard;
    let shift = power.sum_dim(1).clamp_min(f32::MIN_POSITIVE).log() * (10.0 / std::f32::consts::LN_10);
    levels - shift
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{mlp::numbers, output_levels, output_levels::Weighting, random::Random};

    fn drawn(random: &mut Random) -> Batch {
        let weighting = Weighting::new();
        let mut batch = Batch::default();
        for f0 in [150.0, 900.0] {
            let mut heard = [0.0; OUTPUTS];
            weighting.of(f0, true, &mut heard);
            batch.heard.push(heard);
            for h in heard {
                batch.targets.push(random.between(-60.0, -5.0));
                batch.weights.push(if h > 0.0 { random.uniform() } else { 0.0 });
            }
        }
        batch
    }

    fn value(batch: &Batch, answers: &[f32]) -> f32 {
        let device = Device::flex();
        numbers(Wanted::new(batch, &device).loss(matrix(answers, OUTPUTS, &device)))[0]
    }

    #[test]
    fn a_common_gain_does_not_matter() {
        let mut random = Random::new(4);
        let batch = drawn(&mut random);
        let answers: Vec<f32> = (0..2 * OUTPUTS).map(|_| random.between(-50.0, 0.0)).collect();
        let louder: Vec<f32> = answers.iter().map(|a| a + 17.0).collect();
        let at = value(&batch, &answers);
        assert!(at > 1.0 && (value(&batch, &louder) - at).abs() < 1e-3);
    }

    #[test]
    fn the_lock_is_the_decoders() {
        let mut random = Random::new(9);
        let batch = drawn(&mut random);
        let answers: Vec<f32> = (0..2 * OUTPUTS).map(|_| random.between(-50.0, 0.0)).collect();
        let device = Device::flex();
        let ours = numbers(lock(matrix(&answers, OUTPUTS, &device), matrix(batch.heard.as_flattened(), OUTPUTS, &device)));
        for (row, heard) in batch.heard.iter().enumerate() {
            let mut levels = answers[row * OUTPUTS..][..OUTPUTS].to_vec();
            output_levels::lock(&mut levels, heard);
            for (a, b) in ours[row * OUTPUTS..].iter().zip(&levels) {
                assert!((a - b).abs() < 1e-3, "{a} {b}");
            }
        }
    }

    #[test]
    fn the_target_itself_costs_nothing_and_a_level_too_low_is_lifted() {
        let weighting = Weighting::new();
        let mut heard = [0.0; OUTPUTS];
        weighting.of(200.0, true, &mut heard);
        let mut target: Vec<f32> = (0..OUTPUTS).map(|i| -0.4 * i as f32).collect();
        output_levels::lock(&mut target, &heard);
        let weights = heard.iter().map(|h| f32::from(u8::from(*h > 0.0))).collect();
        let batch = Batch { inputs: Vec::new(), targets: target.clone(), weights, heard: vec![heard] };
        assert!(value(&batch, &target) < 1e-4);
        let mut low = target.clone();
        low[3] = -150.0;
        let mut lower = target;
        lower[3] = -160.0;
        assert!(value(&batch, &lower) > value(&batch, &low));
    }
}
