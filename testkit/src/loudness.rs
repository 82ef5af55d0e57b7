//! How loud a programme is to a listener: ITU-R BS.1770-5, integrated loudness of one channel at 48 kHz.

/// The two filters of K-weighting at 48 kHz, `[b0, b1, b2, a1, a2]`: the recommendation's tables 1 and 2.
const SHELF: [f64; 5] =
    [1.535_124_859_586_97, -2.691_696_189_406_38, 1.198_392_810_852_85, -1.690_659_293_182_41, 0.732_480_774_215_85];
const HIGH_PASS: [f64; 5] = [1.0, -2.0, 1.0, -1.990_047_454_833_98, 0.990_072_250_366_21];
/// Blocks of 400 ms, three quarters of each in the next, at 48 kHz.
const BLOCK: usize = 19_200;
const STEP: usize = BLOCK / 4;

/// `sound`, K-weighted.
fn k_weighted(sound: &[f32]) -> Vec<f64> {
    let mut states = [[0.0_f64; 2]; 2];
    let filter = |x: f64, state: &mut [f64; 2], [b0, b1, b2, a1, a2]: [f64; 5]| {
        let y = b0 * x + state[0];
        *state = [b1 * x - a1 * y + state[1], b2 * x - a2 * y];
        y
    };
    sound
        .iter()
        .map(|x| {
            let shelved = filter(f64::from(*x), &mut states[0], SHELF);
            filter(shelved, &mut states[1], HIGH_PASS)
        })
        .collect()
}

/// Integrated loudness of `sound`, LUFS; nothing where it is silent or shorter than a block. A single channel counts as one, as the
/// recommendation has it.
pub fn lufs(sound: &[f32]) -> Option<f64> {
    let weighted = k_weighted(sound);
    let blocks: Vec<f64> =
        weighted.windows(BLOCK).step_by(STEP).map(|block| block.iter().map(|y| y * y).sum::<f64>() / BLOCK as f64).collect();
    let level = |power: f64| -0.691 + 10.0 * power.log10();
    let mean_over = |least: f64| {
        let loud: Vec<f64> = blocks.iter().copied().filter(|power| level(*power) > least).collect();
        (!loud.is_empty()).then(|| level(loud.iter().sum::<f64>() / loud.len() as f64))
    };
    mean_over(mean_over(-70.0)? - 10.0)
}

/// K-weighted level of `sound`, dB, at each frame `n / FRAME_RATE_HZ`: the mean over 40 ms about it.
pub fn k_levels(sound: &[f32]) -> Vec<f32> {
    const FRAME: usize = 192;
    const HALF: usize = 960;
    let mut sums = vec![0.0];
    for y in k_weighted(sound) {
        sums.push(sums[sums.len() - 1] + y * y);
    }
    let mean = |n: usize| {
        let (from, to) = ((n * FRAME).saturating_sub(HALF), (n * FRAME + HALF).min(sound.len()));
        ((sums[to] - sums[from]) / (to - from) as f64).max(1e-12)
    };
    (0..sound.len() / FRAME).map(|n| 10.0 * mean(n).log10() as f32).collect()
}
