//! Changes of sample rate, block by block.

use rubato::audioadapter_buffers::direct::SequentialSliceOfVecs;
use rubato::{Fft, FixedSync, Resampler as _};

/// Input block, samples. The filter is as long, so the transition band is about 1 % of the band: flat to 21 kHz at 44.1 kHz.
const BLOCK: usize = 2048;

/// Resamples one channel as it comes: band-limited and without delay. The sound is the same however it is cut into blocks.
pub struct Resampler {
    fft: Fft<f32>,
    /// Samples that do not fill a block yet.
    waiting: [Vec<f32>; 1],
    answer: [Vec<f32>; 1],
    /// Samples of the filter's delay that are still to be dropped.
    late: usize,
}

impl Resampler {
    /// # Panics
    /// When either rate is 0.
    pub fn new(from_hz: u32, to_hz: u32) -> Self {
        assert!(from_hz > 0 && to_hz > 0, "sample rates must be positive");
        let unit = (from_hz / gcd(from_hz, to_hz)) as usize;
        // The filter is centred on a whole sample only in blocks of even length; an odd one would shift the sound by half a sample.
        let block = unit * BLOCK.div_ceil(unit).next_multiple_of(2);
        let window = rubato::WindowFunction::BlackmanHarris2;
        let fft = Fft::<f32>::new_custom(from_hz as usize, to_hz as usize, block, 1, 1, window, FixedSync::Both)
            .expect("rates and block are positive");
        let answer = [vec![0.0; fft.output_frames_max()]];
        Self { late: fft.output_delay(), fft, waiting: [Vec::new()], answer }
    }

    /// Takes samples, and appends to `out` what they complete.
    pub fn process(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        let mut rest = samples;
        while !rest.is_empty() {
            let room = self.fft.input_frames_next() - self.waiting[0].len();
            let (now, later) = rest.split_at(room.min(rest.len()));
            self.waiting[0].extend_from_slice(now);
            rest = later;
            if now.len() == room {
                self.answer(out);
            }
        }
    }

    /// Appends what is still to come after the last sample, up to `missing` samples of it.
    pub fn finish(&mut self, mut missing: usize, out: &mut Vec<f32>) {
        while missing > 0 {
            let before = out.len();
            let block = self.fft.input_frames_next();
            self.waiting[0].resize(block, 0.0);
            self.answer(out);
            out.truncate(before + missing);
            missing -= out.len() - before;
        }
    }

    /// Resamples the block that is waiting.
    fn answer(&mut self, out: &mut Vec<f32>) {
        let (taken, given) = (self.waiting[0].len(), self.fft.output_frames_next());
        let input = SequentialSliceOfVecs::new(&self.waiting, 1, taken).expect("one channel of the given length");
        let mut answer = SequentialSliceOfVecs::new_mut(&mut self.answer, 1, given).expect("one channel of the given length");
        self.fft.process_into_buffer(&input, &mut answer, None).expect("buffers are sized by the resampler");
        let late = self.late.min(given);
        self.late -= late;
        out.extend_from_slice(&self.answer[0][late..given]);
        self.waiting[0].clear();
    }
}

/// Samples that `len` samples become.
pub fn resampled_len(len: u64, from_hz: u32, to_hz: u32) -> u64 {
    let (from, to) = (u128::from(from_hz), u128::from(to_hz));
    ((u128::from(len) * to * 2 + from) / (2 * from)) as u64
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sound_is_the_same_however_it_is_cut() {
        let samples: Vec<f32> = (0..30_011u32).map(|n| ((n * n) % 1009) as f32 / 1009.0 - 0.5).collect();
        for (from, to) in [(44_100, 48_000), (48_000, 44_100), (8_000, 48_000), (46_307, 48_000)] {
            let len = resampled_len(samples.len() as u64, from, to) as usize;
            let in_blocks = |block: usize| {
                let (mut resampler, mut out) = (Resampler::new(from, to), Vec::new());
                samples.chunks(block).for_each(|samples| resampler.process(samples, &mut out));
                out.truncate(len);
                resampler.finish(len - out.len(), &mut out);
                out
            };
            let whole = in_blocks(samples.len());
            assert_eq!(whole.len(), len);
            for block in [1, 1152, 2048, 9999] {
                assert!(in_blocks(block) == whole, "{from} to {to} Hz in blocks of {block}");
            }
        }
    }
}
