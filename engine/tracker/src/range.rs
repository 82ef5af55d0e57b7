//! The range of a voice, learnt from one glide from its lowest to its highest note. Plain counting, no allocation, any thread.

use crate::frame::Features;

/// Lowest pitch that can be counted, Hz.
const LOWEST_HZ: f32 = 30.0;
/// Width of a bin, semitones.
const BIN_ST: f32 = 0.5;
/// Bins: up to the highest pitch that any tracker hears ([`TrackerConfig::MAX_F0_HZ`](crate::TrackerConfig::MAX_F0_HZ), 85.6 semitones
/// above the lowest).
const BINS: usize = 172;
/// A pitch counts from this confidence up.
const SURE: f32 = 0.9;
/// Frames that must be sure: fewer are no glide.
const LEAST: u32 = 50;
/// Share of the frames at each end that may be slips, and are left out.
const SLIPS: f32 = 0.02;
/// How far beyond its glide a voice may sing, semitones: nobody reaches the ends at the first try.
const MARGIN_ST: f32 = 3.0;

/// Counts pitches while somebody glides.
#[derive(Clone, Debug)]
pub struct Calibration {
    bins: [u32; BINS],
    count: u32,
}

impl Default for Calibration {
    fn default() -> Self {
        Self { bins: [0; BINS], count: 0 }
    }
}

impl Calibration {
    /// Takes what the tracker says of one more frame.
    pub fn hear(&mut self, features: &Features) {
        if features.confidence >= SURE && features.f0_hz >= LOWEST_HZ {
            let bin = (12.0 * (features.f0_hz / LOWEST_HZ).log2() / BIN_ST) as usize;
            self.bins[bin.min(BINS - 1)] += 1;
            self.count += 1;
        }
    }

    /// The voice's range with a margin, lowest and highest pitch in Hz, for [`Tracker::set_range`](crate::Tracker::set_range); none as long
    /// as too little was heard.
    pub fn range_hz(&self) -> Option<(f32, f32)> {
        if self.count < LEAST {
            return None;
        }
        let slips = (SLIPS * self.count as f32) as u32;
        // The first bin from either end with more than slips up to it.
        let mut passed = [0; 2];
        let mut past = |end: usize, bin: &usize| {
            passed[end] += self.bins[*bin];
            passed[end] > slips
        };
        let low = (0..BINS).find(|bin| past(0, bin))? as f32;
        let high = (0..BINS).rev().find(|bin| past(1, bin))? as f32 + 1.0;
        let hz = |semitones: f32| LOWEST_HZ * (semitones / 12.0).exp2();
        Some((hz(BIN_ST * low - MARGIN_ST), hz(BIN_ST * high + MARGIN_ST)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_guesses_do_not_widen_the_range() {
        let mut calibration = Calibration::default();
        let frame = |f0_hz, confidence| Features { frame: 0, f0_hz, confidence, loudness_db: -20.0 };
        (0..49).for_each(|_| calibration.hear(&frame(200.0, 1.0)));
        assert_eq!(calibration.range_hz(), None, "too short");
        for n in 0..1000 {
            calibration.hear(&frame(110.0 * (n as f32 / 500.0).exp2(), 0.99));
            calibration.hear(&frame(1500.0, 0.6));
        }
        (0..10).for_each(|_| calibration.hear(&frame(55.0, 0.95)));
        let (low, high) = calibration.range_hz().unwrap();
        let st = |a: f32, b: f32| 12.0 * (a / b).log2();
        assert!((-4.5..-2.5).contains(&st(low, 110.0)) && (2.5..4.5).contains(&st(high, 440.0)), "{low} to {high} Hz");
    }
}
