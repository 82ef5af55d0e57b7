//! From the internal rate to any other by a windowed sinc, so that a song is the same signal at every rate. Any thread.

use std::f64::consts::PI;

/// Zero crossings on each side of the kernel's centre: with the Kaiser window below, 90 dB of rejection from 1.08 times the cutoff.
const CROSSINGS: f64 = 36.0;

/// The cutoff as a share of the lower of the two Nyquist frequencies, which leaves the kernel's skirt to fall below it.
const CUTOFF: f64 = 0.925;

/// Shape of the Kaiser window: 90 dB of side lobe rejection (Kaiser 1974).
const KAISER_BETA: f64 = 9.0;

/// Kernel values tabulated per zero crossing; read linearly between, an error under -100 dB.
const STEPS: usize = 512;

/// `input`, sampled at `from_hz`, at `to_hz`. Sample 0 stays at time 0 and nothing is delayed.
pub(crate) fn resample(input: &[f64], from_hz: f64, to_hz: f64) -> Vec<f32> {
    // The kernel is stretched so that its zero crossings are those of the cutoff frequency.
    let cutoff = CUTOFF * (to_hz / from_hz).min(1.0);
    let reach = CROSSINGS / cutoff;
    let table = kernel();
    let length = (input.len() as f64 * to_hz / from_hz).round() as usize;
    (0..length)
        .map(|n| {
            let centre = n as f64 * from_hz / to_hz;
            let first = (centre - reach).ceil().max(0.0) as usize;
            let last = ((centre + reach).floor() as usize).min(input.len() - 1);
            let mut sum = 0.0;
            for i in first..=last {
                let x = (i as f64 - centre).abs() * cutoff * STEPS as f64;
                let index = x as usize;
                let weight = table[index] + (x - index as f64) * (table[index + 1] - table[index]);
                sum += input[i] * weight;
            }
            (sum * cutoff) as f32
        })
        .collect()
}

/// One side of the kernel, with zeros beyond its end so that reading between points needs no bounds of its own.
fn kernel() -> Vec<f64> {
    let points = CROSSINGS as usize * STEPS;
    (0..points + 2)
        .map(|i| {
            let x = i as f64 / STEPS as f64;
            if i >= points {
                return 0.0;
            }
            let sinc = if i == 0 { 1.0 } else { (PI * x).sin() / (PI * x) };
            let edge = x / CROSSINGS;
            sinc * bessel_i0(KAISER_BETA * (1.0 - edge * edge).sqrt()) / bessel_i0(KAISER_BETA)
        })
        .collect()
}

/// The modified Bessel function of order zero, by its power series.
pub(crate) fn bessel_i0(x: f64) -> f64 {
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-16 {
        term *= (x / (2.0 * k)).powi(2);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f64, rate: f64, seconds: f64) -> Vec<f64> {
        (0..(rate * seconds) as usize).map(|n| (2.0 * PI * hz * n as f64 / rate).sin()).collect()
    }

    #[test]
    fn a_sine_keeps_its_place_and_height_at_every_rate() {
        let input = sine(3000.0, 96_000.0, 0.1);
        for rate in [22_050.0, 44_100.0, 48_000.0, 96_000.0, 192_000.0] {
            let output = resample(&input, 96_000.0, rate);
            let wanted = sine(3000.0, rate, 0.1);
            let edge = (0.005 * rate) as usize;
            for n in edge..output.len() - edge {
                assert!((f64::from(output[n]) - wanted[n]).abs() < 1e-4, "{rate}: {n}");
            }
        }
    }

    #[test]
    fn what_the_new_rate_cannot_hold_is_gone() {
        let output = resample(&sine(15_000.0, 96_000.0, 0.1), 96_000.0, 22_050.0);
        let middle = &output[200..output.len() - 200];
        assert!(middle.iter().all(|v| v.abs() < 1e-4));
    }
}
