//! A spectral envelope in the network's answer: levels at fixed frequencies, which harmonics read where they lie and add to their own.
//! The training thread; burn supplies the derivative.
//!
//! What body and throat do to a sound lies at frequencies, what string and reed do at harmonics. A network that answers harmonics alone has
//! to learn the first anew at every pitch; with an envelope beside them, pitches that were never recorded come nearer (`FINDINGS.md`).

use burn::tensor::{Device, Int, Tensor, TensorData};
use syrinx_analysis::HARMONICS;

use crate::{
    input_features::{INPUTS, PITCH_INPUT, ln_hz},
    mlp::matrix,
    output_levels::OUTPUTS,
};

/// Harmonics, from the lowest, that read no envelope, where nothing else is said. With one, the trumpet's are 0.3 dB farther from held-out
/// recordings, and the flute is farther as a whole; the violin's are nearer (`FINDINGS.md`).
pub const OWN: usize = 5;
/// Points of an envelope, evenly on the ERB-rate scale (Glasberg & Moore 1990) from 0 Hz to [`HIGHEST_HZ`]: 0.8 ERB apart.
pub const POINTS: usize = 48;
/// Where the scale ends; what is higher reads its end.
const HIGHEST_HZ: f32 = 22_000.0;
/// The scale is `ln(1 + PER_HZ * f)`, times a constant ...
pub const PER_HZ: f32 = 0.00437;

/// ... which is this, in points.
pub fn points_per_ln() -> f32 {
    (POINTS - 1) as f32 / (1.0 + PER_HZ * HIGHEST_HZ).ln()
}

/// Width of a network's answer, with an envelope or without.
pub fn width(envelope: bool) -> usize {
    OUTPUTS + if envelope { POINTS } else { 0 }
}

/// Where a frequency lies, in points from the first; between the first and the last.
fn place(hz: f32) -> f32 {
    (points_per_ln() * (1.0 + PER_HZ * hz).ln()).min((POINTS - 1) as f32)
}

/// Answers of width [`OUTPUTS`] from `answers` of the network to `heard` (`[rows, INPUTS]`): where they are wider by an envelope, it is added to
/// the harmonics above the first `own`.
pub fn read(answers: Tensor<2>, heard: &[f32], own: usize, device: &Device) -> Tensor<2> {
    let [rows, width] = answers.dims();
    if width == OUTPUTS {
        return answers;
    }
    let readers = HARMONICS - own;
    let (mut below, mut share) = (Vec::with_capacity(rows * readers), Vec::with_capacity(rows * readers));
    for row in heard.chunks_exact(INPUTS) {
        let f0_hz = ln_hz(row[PITCH_INPUT]).exp();
        for k in own + 1..=HARMONICS {
            let at = place(f0_hz * k as f32);
            let point = (at as usize).min(POINTS - 2);
            below.push(point as i64);
            share.push(at - point as f32);
        }
    }
    let above = below.iter().map(|point| point + 1).collect();
    let numbers = |points: Vec<i64>| Tensor::<2, Int>::from_data(TensorData::new(points, [rows, readers]), device);
    let part = |from: usize, to: usize| answers.clone().slice([0..rows, from..to]);
    let envelope = part(OUTPUTS, width);
    let below = envelope.clone().gather(1, numbers(below));
    let above = envelope.gather(1, numbers(above));
    let read = below.clone() + (above - below) * matrix(&share, readers, device);
    let lowest = (own > 0).then(|| part(0, own));
    Tensor::cat(lowest.into_iter().chain([part(own, HARMONICS) + read, part(HARMONICS, OUTPUTS)]).collect(), 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mlp::numbers;

    #[test]
    fn harmonics_read_the_envelope_where_they_lie() {
        let device = Device::flex();
        // Two octaves above middle C, and a straight envelope.
        let mut heard = [0.0; INPUTS];
        heard[PITCH_INPUT] = 1.0;
        let mut answer = vec![0.0; OUTPUTS + POINTS];
        answer[OWN + 2] = 100.0;
        answer[HARMONICS] = 7.0;
        (0..POINTS).for_each(|point| answer[OUTPUTS + point] = point as f32);
        let all = numbers(super::read(matrix(&answer, OUTPUTS + POINTS, &device), &heard, 0, &device));
        let read = numbers(read(matrix(&answer, OUTPUTS + POINTS, &device), &heard, OWN, &device));
        assert_eq!((all.len(), read.len()), (OUTPUTS, OUTPUTS));
        assert!(
            all[OWN..] == read[OWN..]
                && all[..OWN].iter().zip(1..).all(|(level, k)| (level - place(1046.5 * k as f32)).abs() < 1e-3)
        );
        for (k, level) in [(OWN, 0.0), (OWN + 1, 0.0), (OWN + 2, 100.0), (99, 0.0)] {
            let wanted = level + place(1046.5 * (k + 1) as f32);
            assert!((read[k] - wanted).abs() < 1e-3, "{k}: {} {wanted}", read[k]);
        }
        assert!(place(30.0) > 0.0 && place(1e5) == (POINTS - 1) as f32);
        assert!(read[..OWN].iter().all(|level| *level == 0.0));
        assert_eq!(read[HARMONICS], 7.0);
        let plain = numbers(super::read(matrix(&answer[..OUTPUTS], OUTPUTS, &device), &heard, OWN, &device));
        assert_eq!(plain, answer[..OUTPUTS]);
    }
}
