//! Signals with a known pitch, made by code, and the ways to run a tracker over them.

// Each test program uses some of these.
#![allow(dead_code)]

pub mod octaves;
pub mod sung;

use std::f64::consts::TAU;

use syrinx_tracker::{Features, FrameClock, LatencyMode, Tracker, TrackerConfig};

pub const MODES: [LatencyMode; 2] = [LatencyMode::Live, LatencyMode::Studio];

/// Adds partials of a (moving) f0. `f0_hz` of the time in s; `amplitude` of the partial's number and frequency.
pub fn tone(rate: u32, seconds: f64, f0_hz: impl Fn(f64) -> f64, amplitude: impl Fn(usize, f64) -> f64) -> Vec<f32> {
    let dt = 1.0 / f64::from(rate);
    let mut phase = 0.0;
    (0..(seconds / dt) as usize)
        .map(|n| {
            let f0 = f0_hz(n as f64 * dt);
            phase = (phase + f0 * dt).fract();
            let top = 0.45 * f64::from(rate).min(40_000.0);
            (1..=60)
                .take_while(|&k| k as f64 * f0 < top)
                .map(|k| amplitude(k, k as f64 * f0) * (TAU * phase * k as f64).sin())
                .sum::<f64>() as f32
        })
        .collect()
}

/// Amplitude of a vowel's partial: a glottal slope under three resonances.
pub fn vowel(formants: [f64; 3]) -> impl Fn(usize, f64) -> f64 {
    move |k, hz| {
        let shape: f64 = formants.iter().map(|f| 1.0 / (1.0 + ((hz - f) / 90.0).powi(2))).sum();
        0.25 * (shape + 0.02) / (k as f64).sqrt()
    }
}

/// White noise, uniform, of the given root mean square; always the same.
pub fn noise(len: usize, rms: f64, seed: u32) -> Vec<f32> {
    let mut state = seed;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let uniform = f64::from(state >> 8) / f64::from(1u32 << 24) - 0.5;
            (uniform * 12.0f64.sqrt() * rms) as f32
        })
        .collect()
}

/// Noise through two-pole resonances (centre, bandwidth in Hz): a whisper.
pub fn resonate(input: &[f32], rate: u32, resonances: &[(f64, f64)]) -> Vec<f32> {
    let mut out: Vec<f64> = input.iter().map(|&x| f64::from(x)).collect();
    for (hz, width) in resonances {
        let r = (-std::f64::consts::PI * width / f64::from(rate)).exp();
        let (a1, a2) = (-2.0 * r * (TAU * hz / f64::from(rate)).cos(), r * r);
        let (mut y1, mut y2) = (0.0, 0.0);
        for x in &mut out {
            let y = (1.0 - r) * *x - a1 * y1 - a2 * y2;
            (y2, y1) = (y1, y);
            *x = y;
        }
    }
    let rms = (out.iter().map(|x| x * x).sum::<f64>() / out.len() as f64).sqrt();
    out.iter().map(|x| (x / rms * 0.03) as f32).collect()
}

pub fn config(mode: LatencyMode) -> TrackerConfig {
    TrackerConfig { mode, ..Default::default() }
}

/// Every frame of a signal, tracked in blocks of 64.
pub fn track(rate: u32, config: TrackerConfig, input: &[f32]) -> Vec<Features> {
    let mut tracker = Tracker::new(rate, config).expect("a configuration in range");
    let mut frames = Vec::new();
    for block in input.chunks(64) {
        tracker.process(block, |f| frames.push(f));
    }
    frames
}

/// What a frame describes lies this long before its end, s.
pub fn delay_s(rate: u32, config: TrackerConfig) -> f64 {
    Tracker::new(rate, config).expect("a configuration in range").delay_samples() as f64 / f64::from(rate)
}

/// The moment of the input that a frame describes, s.
pub fn described_s(rate: u32, config: TrackerConfig, frame: u64) -> f64 {
    FrameClock::new(rate).end_of(frame) as f64 / f64::from(rate) - delay_s(rate, config)
}

pub fn cents(a: f64, b: f64) -> f64 {
    1200.0 * (a / b).log2()
}

/// Share of the frames from `from_s` on that are voiced and within `limit` cents of `f0_hz`.
pub fn share_right(rate: u32, frames: &[Features], from_s: f64, f0_hz: f64, limit: f64) -> f64 {
    let clock = FrameClock::new(rate);
    let late: Vec<_> = frames.iter().filter(|f| clock.end_of(f.frame) as f64 >= from_s * f64::from(rate)).collect();
    let right = late.iter().filter(|f| f.confidence >= 0.5 && cents(f64::from(f.f0_hz), f0_hz).abs() < limit).count();
    right as f64 / late.len() as f64
}
