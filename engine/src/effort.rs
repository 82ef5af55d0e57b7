//! How hard an instrument is played: its loudness without what swings in it. A note that is played louder is brighter; the tremolo that comes with a
//! vibrato is not played harder and softer five times a second. Audio thread; plain arithmetic.

use syrinx_tracker::{FRAME_RATE_HZ, LOUDNESS_FLOOR_DB};

/// The effort follows the loudness within this time, s: a vibrato of 5 Hz is left with a fifth of its tremolo.
const FOLLOWS_S: f32 = 0.15;
/// What is farther from it, dB, is no tremolo: a note's beginning, its end, an accent. They count at once.
const SWINGS_DB: f32 = 4.0;

/// The effort of one stream.
#[derive(Clone, Copy, Debug)]
pub struct Effort(f32);

impl Default for Effort {
    /// In silence.
    fn default() -> Self {
        Self(LOUDNESS_FLOOR_DB)
    }
}

impl Effort {
    /// Takes a frame's loudness, A-weighted, dB; gives the effort, in dB as well.
    pub fn step(&mut self, loudness_db: f32) -> f32 {
        let follows = 1.0 - (-1.0 / (FOLLOWS_S * FRAME_RATE_HZ as f32)).exp();
        self.0 += follows * (loudness_db - self.0);
        self.0 = self.0.clamp(loudness_db - SWINGS_DB, loudness_db + SWINGS_DB);
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn swing(effort_db: impl Iterator<Item = f32>) -> f32 {
        let (low, high) = effort_db.fold((f32::MAX, f32::MIN), |(low, high), db| (low.min(db), high.max(db)));
        high - low
    }

    #[test]
    fn a_tremolo_is_levelled_and_an_accent_is_not() {
        let mut effort = Effort::default();
        let tremolo = |n: usize| -20.0 + 3.0 * (std::f32::consts::TAU * 5.0 * n as f32 / FRAME_RATE_HZ as f32).sin();
        let levels: Vec<f32> = (0..1000).map(|n| effort.step(tremolo(n))).collect();
        assert!(swing(levels[500..].iter().copied()) < 1.5, "{}", swing(levels[500..].iter().copied()));
        assert!((levels[500..].iter().sum::<f32>() / 500.0 + 20.0).abs() < 0.2);
        let accent = effort.step(-6.0);
        assert!((accent + 10.0).abs() < 0.1, "{accent}");
        assert!((0..250).map(|_| effort.step(-6.0)).last().is_some_and(|db| (db + 6.0).abs() < 0.1));
        // The end of a note takes it along, too.
        assert!((effort.step(LOUDNESS_FLOOR_DB) - LOUDNESS_FLOOR_DB - SWINGS_DB).abs() < 0.1);
    }
}
