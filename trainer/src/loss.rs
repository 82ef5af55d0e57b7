//! How far an answer is from the sound wanted, and which way is better. The training thread.

use crate::{
    batch::Batch,
    levels::{FLOOR_DB, OUTPUTS, lock},
};

/// Weighted mean of |dB| between the answers (`[rows, OUTPUTS]`), locked to the loudness as they will be when played, and the batch's
/// targets; levels under [`FLOOR_DB`] are all alike. Writes the derivative to `slope`, through the lock.
pub fn loss(answers: &[f32], batch: &Batch, slope: &mut Vec<f32>) -> f32 {
    let total: f64 = batch.weights.iter().map(|&w| f64::from(w)).sum();
    let scale = 1.0 / total.max(f64::MIN_POSITIVE) as f32;
    slope.clear();
    slope.reserve(answers.len());
    let mut sum = 0f64;
    let mut shares = [0.0; OUTPUTS];
    let mut levels = [0.0; OUTPUTS];
    let rows = answers.chunks_exact(OUTPUTS).zip(batch.targets.chunks_exact(OUTPUTS)).zip(batch.weights.chunks_exact(OUTPUTS));
    for (((answer, target), weights), heard) in rows.zip(&batch.heard) {
        levels.copy_from_slice(answer);
        lock(&mut levels, heard, &mut shares);
        let start = slope.len();
        let (mut row_sum, mut all) = (0.0, 0.0);
        for i in 0..OUTPUTS {
            let away = levels[i].max(FLOOR_DB) - target[i];
            row_sum += weights[i] * away.abs();
            let d = if away == 0.0 { 0.0 } else { scale * weights[i] * away.signum() };
            all += d;
            slope.push(d);
        }
        sum += f64::from(row_sum);
        // Every level moves the gain on all, by its share in the power.
        for (d, share) in slope[start..].iter_mut().zip(&shares) {
            *d -= share * all;
        }
    }
    (sum * f64::from(scale)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{levels::Weighting, random::Random};

    #[test]
    fn the_slope_is_that_of_differences_and_a_common_gain_does_not_matter() {
        let mut random = Random::new(4);
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
        let mut answers: Vec<f32> = (0..2 * OUTPUTS).map(|_| random.between(-50.0, 0.0)).collect();
        let (mut slope, mut unused) = (Vec::new(), Vec::new());
        let at = loss(&answers, &batch, &mut slope);
        let louder: Vec<f32> = answers.iter().map(|a| a + 17.0).collect();
        assert!((loss(&louder, &batch, &mut unused) - at).abs() < 1e-3);
        for i in (0..2 * OUTPUTS).step_by(3) {
            let was = answers[i];
            answers[i] = was + 0.2;
            let above = loss(&answers, &batch, &mut unused);
            answers[i] = was - 0.2;
            let below = loss(&answers, &batch, &mut unused);
            answers[i] = was;
            let difference = (above - below) / 0.4;
            assert!((difference - slope[i]).abs() < 5e-4 + 0.05 * slope[i].abs(), "{i}: {difference} {}", slope[i]);
        }
    }

    #[test]
    fn the_target_itself_costs_nothing() {
        let weighting = Weighting::new();
        let mut heard = [0.0; OUTPUTS];
        weighting.of(200.0, true, &mut heard);
        let mut target: Vec<f32> = (0..OUTPUTS).map(|i| -0.4 * i as f32).collect();
        lock(&mut target, &heard, &mut [0.0; OUTPUTS]);
        let weights = heard.iter().map(|h| f32::from(*h > 0.0)).collect();
        let batch = Batch { inputs: Vec::new(), targets: target.clone(), weights, heard: vec![heard] };
        assert!(loss(&target, &batch, &mut Vec::new()) < 1e-4);
    }
}
