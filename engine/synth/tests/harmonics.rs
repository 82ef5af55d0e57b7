//! The harmonic synths against exact arithmetic: amplitude, frequency, phase, seams, aliasing, determinism, bad controls.

use syrinx_synth::reference::{SinBank, Sine};
use syrinx_synth::{Controls, HarmonicBank, HarmonicSynth, MAX_HARMONICS, Wavetable};

const RATES: [u32; 4] = [44_100, 48_000, 96_000, 192_000];

fn segment_len(rate: u32, frame: u64) -> usize {
    ((frame + 1) * u64::from(rate) / 250 - frame * u64::from(rate) / 250) as usize
}

fn controls(f0_hz: f32, amplitude: f32, count: usize, share: impl Fn(usize) -> f32) -> Controls {
    let mut c = Controls::silent(0);
    c.f0_hz = f0_hz;
    c.amplitude = amplitude;
    let sum: f32 = (0..count).map(&share).sum();
    for k in 0..count {
        c.harmonics[k] = share(k) / sum;
    }
    c
}

fn render(synth: &mut dyn HarmonicSynth, rate: u32, frames: &[Controls]) -> Vec<f32> {
    let mut out = Vec::new();
    for (n, c) in frames.iter().enumerate() {
        let start = out.len();
        out.resize(start + segment_len(rate, n as u64), 0.0);
        synth.render(c, &mut out[start..]);
    }
    out
}

fn exact(rate: u32, frames: &[Controls]) -> Vec<f64> {
    let mut bank = SinBank::new(rate, Sine::Exact);
    let mut out = Vec::new();
    for (n, c) in frames.iter().enumerate() {
        bank.render_with(c, segment_len(rate, n as u64), |_, x| out.push(x));
    }
    out
}

/// Peak error over the sum of the amplitudes, in dB.
fn error_db(got: &[f32], want: &[f64], amplitude: f64) -> f64 {
    assert_eq!(got.len(), want.len());
    let worst = got.iter().zip(want).map(|(g, w)| (f64::from(*g) - w).abs()).fold(0.0, f64::max);
    20.0 * (worst / amplitude).log10()
}

/// A vibrato with a crescendo, a jump and a fade-out: everything a note does.
fn phrase(f0: f32, count: usize, share: impl Fn(usize) -> f32 + Copy) -> Vec<Controls> {
    let mut frames: Vec<Controls> = (0..250)
        .map(|n| {
            let vibrato = 1.0 + 0.03 * (n as f32 * 0.15).sin();
            let jump = if n > 120 { 1.5 } else { 1.0 };
            controls(f0 * vibrato * jump, 0.2 + 0.003 * n as f32, count, |k| share(k) * (1.0 + 0.3 * ((n + k) as f32).sin()))
        })
        .collect();
    frames.push(controls(0.0, 0.0, count, share));
    frames.push(controls(f0, 0.5, count, share));
    frames.push(controls(2.0 * f0, 0.5, count, share));
    frames
}

#[test]
fn the_bank_is_exact_to_minus_100_db() {
    for rate in RATES {
        for f0 in [30.0, 60.0, 110.0, 220.0, 440.0, 1000.0, 3000.0] {
            for tilt in [0.0, 1.0] {
                let frames = phrase(f0, MAX_HARMONICS, |k| ((k + 1) as f32).powf(-tilt));
                let want = exact(rate, &frames);
                let error = error_db(&render(&mut HarmonicBank::new(rate), rate, &frames), &want, 1.0);
                let table = error_db(&render(&mut Wavetable::new(rate), rate, &frames), &want, 1.0);
                println!("{rate} Hz, f0 {f0} Hz, tilt {tilt}: bank {error:.1} dB, wavetable {table:.1} dB");
                assert!(error < -100.0, "{rate} Hz, f0 {f0} Hz, tilt {tilt}: {error:.1} dB");
                assert!(table < -100.0, "{rate} Hz, f0 {f0} Hz, tilt {tilt}: wavetable {table:.1} dB");
            }
        }
    }
}
