//! What the tracker costs: share of one core per mode and rate, the median and the worst block, and the worst as a share of the time
//! the block lasts.
//!
//! `cargo bench -p syrinx-tracker`

use std::hint::black_box;
use std::time::Instant;

use syrinx_tracker::{LatencyMode, Tracker, TrackerConfig};

/// A voice-like tone with vibrato and some noise, so that no branch of the tracker idles.
fn voice(rate: u32, seconds: u32) -> Vec<f32> {
    let mut phase = 0.0f64;
    let mut seed = 1u32;
    (0..rate * seconds)
        .map(|n| {
            let t = f64::from(n) / f64::from(rate);
            phase += 180.0 * (1.0 + 0.03 * (t * 34.0).sin()) / f64::from(rate);
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = f64::from(seed >> 8) / f64::from(1u32 << 24) - 0.5;
            let tone: f64 = (1..=12).map(|k| (std::f64::consts::TAU * phase * f64::from(k)).sin() / f64::from(k)).sum();
            (0.1 * tone + 0.01 * noise) as f32
        })
        .collect()
}

/// Least time of every block over several passes, us: the work of a block is the same each time, what interrupts it is not.
fn block_times(rate: u32, mode: LatencyMode, input: &[f32], block: usize) -> Vec<f64> {
    const PASSES: usize = 7;
    let mut tracker = Tracker::new(rate, TrackerConfig { mode, ..Default::default() }).expect("a plain configuration");
    let mut least = vec![f64::MAX; input.len() / block];
    for _ in 0..PASSES {
        tracker.reset();
        for (least, block) in least.iter_mut().zip(input.chunks_exact(block)) {
            let start = Instant::now();
            tracker.process(block, |f| {
                black_box(f);
            });
            *least = least.min(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    least
}

fn main() {
    const SECONDS: u32 = 4;
    println!(
        "{:>7} {:>7} {:>6} {:>12} {:>10} {:>10} {:>10}",
        "mode", "rate", "block", "% of a core", "median us", "worst us", "worst %"
    );
    for (name, mode) in [("live", LatencyMode::Live), ("studio", LatencyMode::Studio)] {
        for rate in [44_100, 48_000, 96_000, 192_000] {
            let input = voice(rate, SECONDS);
            for block in [64, 512] {
                let mut times = block_times(rate, mode, &input, block);
                let share = times.iter().sum::<f64>() / 1e4 / f64::from(SECONDS);
                times.sort_by(f64::total_cmp);
                let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
                let block_us = block as f64 / f64::from(rate) * 1e6;
                println!(
                    "{name:>7} {rate:>7} {block:>6} {share:>12.2} {median:>10.1} {worst:>10.1} {:>10.2}",
                    100.0 * worst / block_us
                );
            }
        }
    }
}
