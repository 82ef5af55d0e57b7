//! Noise that belongs to the tone: it pulses with the pitch. Audio thread; plain arithmetic.

/// Multiplies noise by `1 + pulse * carrier`, at the same power; the pulse goes from one strength to the other over the segment, and where the carrier
/// is still (0), nothing changes.
pub fn pulse(noise: &mut [f32], carrier: &[f32], from: f32, to: f32) {
    let step = (to - from) / noise.len().max(1) as f32;
    let mut pulse = from;
    for (sample, carrier) in noise.iter_mut().zip(carrier) {
        pulse += step;
        if *carrier != 0.0 {
            *sample *= (1.0 + pulse * carrier) / (1.0 + 0.5 * pulse * pulse).sqrt();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syrinx_synth::White;

    #[test]
    fn a_pulse_keeps_the_power_and_follows_the_phase() {
        let mut white = White::new(3);
        let before: Vec<f32> = (0..48_000).map(|_| white.draw()).collect();
        let carrier: Vec<f32> = (0..48_000).map(|n| (std::f32::consts::TAU * 220.0 * n as f32 / 48_000.0).cos()).collect();
        let mut after = before.clone();
        after.chunks_mut(192).zip(carrier.chunks(192)).for_each(|(noise, carrier)| pulse(noise, carrier, 0.6, 0.6));
        let power = |x: &[f32]| x.iter().map(|x| x * x).sum::<f32>();
        assert!((power(&after) / power(&before) - 1.0).abs() < 0.03);
        let first = 2.0 * after.iter().zip(&carrier).map(|(x, c)| x * x * c).sum::<f32>() / power(&after);
        let wanted = 2.0 * 0.6 / (1.0 + 0.18);
        assert!((first / wanted - 1.0).abs() < 0.1, "{first}, is {wanted}");
        let mut still = before.clone();
        pulse(&mut still, &[0.0; 48_000], 0.6, 0.6);
        assert_eq!(still, before);
    }
}
