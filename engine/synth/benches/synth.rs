//! What each renderer costs: nanoseconds per sample, and the share of one core that playing live takes.
//!
//! `cargo bench -p syrinx-synth`. Every number is the best of many short bursts, each too short to be interrupted often: the one
//! least disturbed by the rest of the machine.

use std::hint::black_box;
use std::time::Instant;

use syrinx_synth::reference::{SinBank, Sine};
use syrinx_synth::{Controls, FilteredNoise, HarmonicBank, HarmonicSynth, Wavetable};

/// Harmonics of the instrument measured.
const HARMONICS: usize = 100;
/// Segments a second.
const FRAME_RATE: usize = 250;
/// Seconds of bursts per number.
const PATIENCE_S: f64 = 0.4;
/// Seconds that a burst lasts, about.
const BURST_S: f64 = 0.5e-3;

/// Nanoseconds per sample of `render`, called with the number of the frame for segments of `len` samples.
fn time(len: usize, mut render: impl FnMut(usize, &mut [f32])) -> f64 {
    let mut out = vec![0.0; len];
    let mut frame = 0;
    let mut burst = |frames: usize| {
        let start = Instant::now();
        for _ in 0..frames {
            out.fill(0.0);
            render(frame, &mut out);
            black_box(&out);
            frame += 1;
        }
        start.elapsed().as_secs_f64()
    };
    burst(20);
    let frames = ((BURST_S / (burst(20) / 20.0)) as usize).clamp(1, 1000);
    let (mut best, start) = (f64::INFINITY, Instant::now());
    while start.elapsed().as_secs_f64() < PATIENCE_S {
        best = best.min(burst(frames));
    }
    best * 1e9 / (frames * len) as f64
}

/// Share of a core in percent at `rate` samples a second.
fn share(ns_per_sample: f64, rate: usize) -> f64 {
    ns_per_sample * rate as f64 * 1e-7
}

/// A voice-like note with vibrato: amplitudes and f0 move in every frame.
fn note(f0_hz: f32) -> Vec<Controls> {
    (0..FRAME_RATE)
        .map(|n| {
            let mut c = Controls::silent(n as u64);
            let swing = (n as f32 * 6.0 * std::f32::consts::TAU / FRAME_RATE as f32).sin();
            c.f0_hz = f0_hz * (1.0 + 0.02 * swing);
            c.amplitude = 0.5 + 0.1 * swing;
            for k in 0..HARMONICS {
                c.harmonics[k] = (1.0 + 0.2 * (k as f32 + swing).sin()) / (k + 1) as f32 / 5.2;
            }
            c
        })
        .collect()
}

fn harmonics(rate: usize) {
    let len = rate / FRAME_RATE;
    println!("{HARMONICS} harmonics with vibrato, {} kHz, segments of {len} samples:", rate as f64 / 1000.0);
    println!("  f0 Hz  renderer        ns/sample  % of a core  times cheaper than f32::sin");
    for f0_hz in [110.0, 220.0, 440.0] {
        let note = note(f0_hz);
        let mut plain = f64::NAN;
        let mut row = |name: &str, synth: &mut dyn HarmonicSynth| {
            let ns = time(len, |n, out| synth.render(black_box(&note[n % note.len()]), out));
            if plain.is_nan() {
                plain = ns;
            }
            println!("  {f0_hz:5}  {name:14}  {ns:9.2}  {:11.3}  {:8.1}", share(ns, rate), plain / ns);
        };
        let rate = rate as u32;
        row("f32::sin bank", &mut SinBank::new(rate, Sine::Single));
        row("f64 exact bank", &mut SinBank::new(rate, Sine::Exact));
        row("HarmonicBank", &mut HarmonicBank::new(rate));
        row("Wavetable", &mut Wavetable::new(rate));
    }
}

/// Edges of `bands` bands that are equally wide on the ERB-number scale, 60 Hz to 22 kHz.
fn erb_edges(bands: usize) -> Vec<f32> {
    let number = |hz: f32| 21.4 * (1.0 + 0.00437 * hz).log10();
    let (low, high) = (number(60.0), number(22_000.0));
    (0..=bands).map(|b| (10_f32.powf((low + (high - low) * b as f32 / bands as f32) / 21.4) - 1.0) / 0.00437).collect()
}

fn noise(rate: usize) {
    let len = rate / FRAME_RATE;
    println!("noise, {} kHz, segments of {len} samples:", rate as f64 / 1000.0);
    println!("  bands  controls        ns/sample  % of a core");
    for bands in [32, 64] {
        let moving: Vec<Vec<f32>> = (0..FRAME_RATE)
            .map(|n| (0..bands).map(|b| 0.01 * (1.0 + 0.5 * ((n + 3 * b) as f32 * 0.1).sin())).collect())
            .collect();
        let row = |name: &str, controls: &dyn Fn(usize) -> Vec<f32>| {
            let controls: Vec<Vec<f32>> = (0..FRAME_RATE).map(controls).collect();
            let mut noise = FilteredNoise::new(rate as u32, &erb_edges(bands), len, 1);
            let ns = time(len, |n, out| noise.render(black_box(&controls[n % FRAME_RATE]), out));
            println!("  {bands:5}  {name:14}  {ns:9.2}  {:11.3}", share(ns, rate));
        };
        row("moving", &|n| moving[n].clone());
        row("held", &|_| moving[0].clone());
        row("silent", &|_| vec![0.0; bands]);
    }
}

fn main() {
    for rate in [48_000, 192_000] {
        harmonics(rate);
        noise(rate);
    }
}
