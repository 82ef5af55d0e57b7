//! The job both frameworks are given: shapes, data, and how time is taken. Main thread.

use std::time::Instant;

/// Rows of one step: 16 sequences of 96 frames.
pub const ROWS: usize = 16 * 96;
/// Inputs of the network.
pub const INPUTS: usize = 8;
/// Width of both hidden layers.
pub const HIDDEN: usize = 64;
/// Outputs: 100 harmonics and 32 noise bands.
pub const OUTPUTS: usize = 132;
/// Steps timed.
pub const STEPS: usize = 300;
/// Steps before the clock starts.
pub const WARM_UP: usize = 10;

/// splitmix64 (Steele, Lea, Flood 2014): both frameworks see the same numbers.
pub struct Random(pub u64);

impl Random {
    /// Uniform in 0..1.
    pub fn uniform(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    }
}

/// Inputs, targets in dB and weights of one step, row by row. The targets are a smooth function of the inputs, as spectra are.
pub fn batch(random: &mut Random) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let x: Vec<f32> = (0..ROWS * INPUTS).map(|_| random.uniform() * 2.0 - 1.0).collect();
    let mut y = Vec::with_capacity(ROWS * OUTPUTS);
    for row in x.chunks_exact(INPUTS) {
        for k in 0..OUTPUTS {
            let k = k as f32;
            y.push(-0.4 * k + 6.0 * (row[0] * 3.0 + 0.1 * k).sin() + 10.0 * row[1] * (0.01 * k) + 3.0 * row[2] * row[3]);
        }
    }
    let w = (0..ROWS * OUTPUTS).map(|_| random.uniform()).collect();
    (x, y, w)
}

/// Runs `step` over the job and prints what it cost; `step` returns the loss.
pub fn run(name: &str, mut step: impl FnMut(&[f32], &[f32], &[f32]) -> f32) {
    let mut random = Random(1);
    let mut data = Vec::new();
    for _ in 0..8 {
        data.push(batch(&mut random));
    }
    let mut start = Instant::now();
    let mut last = Vec::new();
    for n in 0..WARM_UP + STEPS {
        if n == WARM_UP {
            start = Instant::now();
        }
        let (x, y, w) = &data[n % data.len()];
        last.push(step(x, y, w));
    }
    let ms = start.elapsed().as_secs_f64() * 1e3 / STEPS as f64;
    let tail = &last[last.len() - 8..];
    println!("{name}: {ms:.2} ms a step, final loss {:.4}", tail.iter().sum::<f32>() / tail.len() as f32);
}
