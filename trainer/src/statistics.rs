//! What the training data covers: the ranges and histograms of the card. Any thread.

use std::collections::BTreeMap;
use syrinx_analysis::Take;
use syrinx_tracker::FRAME_RATE_HZ;

use crate::{
    input_features::midi,
    split::{Part, Split},
};

/// From this confidence up the tracker calls a frame voiced.
const VOICED: f32 = 0.5;
/// Width of a bin of the loudness histogram, dB.
const LOUDNESS_BIN_DB: f32 = 3.0;

/// Pitches and loudnesses of some frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Lowest and highest f0, Hz (0.5th and 99.5th percentile: a slip is no note).
    pub pitch_range_hz: [f32; 2],
    /// 5th and 95th percentile of loudness, dB.
    pub loudness_range_db: [f32; 2],
    /// `(MIDI note, seconds)`.
    pub pitch_histogram_s: Vec<(u8, f32)>,
    /// `(lower edge in dB, seconds)`.
    pub loudness_histogram_s: Vec<(i16, f32)>,
    /// Seconds of the sounding frames counted here.
    pub seconds: f32,
}

impl Statistics {
    /// Of a second of one note: where something must stand before anything is known.
    pub fn of_one_note() -> Self {
        Self {
            pitch_range_hz: [440.0; 2],
            loudness_range_db: [-20.0; 2],
            pitch_histogram_s: vec![(69, 1.0)],
            loudness_histogram_s: vec![(-20, 1.0)],
            seconds: 1.0,
        }
    }

    /// Of the sounding (pitched, voiced) training frames; none when there are none. `gains_db` has one gain a take.
    pub fn new(takes: &[Take], gains_db: &[f32], split: &Split) -> Option<Self> {
        let (mut pitches, mut loudnesses) = (Vec::new(), Vec::new());
        for stretch in split.of(Part::Training) {
            for frame in &takes[stretch.take].frames[stretch.frames.clone()] {
                if frame.target.f0_hz > 0.0 && frame.features.confidence >= VOICED {
                    pitches.push(frame.target.f0_hz);
                    loudnesses.push(frame.features.loudness_db + gains_db[stretch.take]);
                }
            }
        }
        if pitches.is_empty() {
            return None;
        }
        let frame_s = 1.0 / FRAME_RATE_HZ as f32;
        let (mut notes, mut levels) = (BTreeMap::<u8, u32>::new(), BTreeMap::<i16, u32>::new());
        for (&hz, &db) in pitches.iter().zip(&loudnesses) {
            *notes.entry(midi(hz).round().clamp(0.0, 127.0) as u8).or_default() += 1;
            *levels.entry(((db / LOUDNESS_BIN_DB).floor() * LOUDNESS_BIN_DB) as i16).or_default() += 1;
        }
        let seconds = |count: u32| count as f32 * frame_s;
        Some(Self {
            pitch_range_hz: [quantile(&mut pitches, 0.005), quantile(&mut pitches, 0.995)],
            loudness_range_db: [quantile(&mut loudnesses, 0.05), quantile(&mut loudnesses, 0.95)],
            pitch_histogram_s: notes.into_iter().map(|(n, count)| (n, seconds(count))).collect(),
            loudness_histogram_s: levels.into_iter().map(|(db, count)| (db, seconds(count))).collect(),
            seconds: pitches.len() as f32 * frame_s,
        })
    }
}

/// The value below which the share `q` of `values` lies; sorts them.
pub fn quantile(values: &mut [f32], q: f32) -> f32 {
    values.sort_unstable_by(f32::total_cmp);
    values[((values.len() - 1) as f32 * q).round() as usize]
}

/// Root of the mean square; 0 of nothing.
pub fn rms(x: &[f32]) -> f32 {
    (x.iter().map(|x| x * x).sum::<f32>() / x.len().max(1) as f32).sqrt()
}

/// To two decimals, as cards tell what was measured.
pub fn hundredth(x: f32) -> f32 {
    // Zero has no sign.
    (100.0 * x).round() / 100.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::note;

    #[test]
    fn the_card_tells_what_was_trained_on_and_only_that() {
        let takes: Vec<Take> = (60..72).map(|n| note(n, "one", 105)).collect();
        let split = Split::rounds(&takes).remove(0);
        let s = Statistics::new(&takes, &vec![0.0; takes.len()], &split).unwrap();
        assert!((midi(s.pitch_range_hz[0]) - 60.0).abs() < 0.01 && (midi(s.pitch_range_hz[1]) - 71.0).abs() < 0.01);
        assert!(s.pitch_histogram_s.iter().all(|(n, _)| !split.test_notes.contains(n)));
        let by_pitch: f32 = s.pitch_histogram_s.iter().map(|p| p.1).sum();
        let by_loudness: f32 = s.loudness_histogram_s.iter().map(|p| p.1).sum();
        assert!((by_pitch - s.seconds).abs() < 1e-2 && (by_loudness - s.seconds).abs() < 1e-2);
        assert!(s.loudness_range_db[0] < s.loudness_range_db[1]);
        let louder = Statistics::new(&takes, &vec![5.0; takes.len()], &split).unwrap();
        assert!((louder.loudness_range_db[1] - s.loudness_range_db[1] - 5.0).abs() < 1e-3);
        assert!(Statistics::new(&[], &[], &Split::default()).is_none());
    }
}
