//! Whether an instrument grows brighter with loudness as its recordings do. Any thread.

use std::sync::Arc;
use syrinx_analysis::{Frame, HARMONICS};
use syrinx_decoder::{Decoder, Model};
use syrinx_synth::Controls;
use syrinx_tracker::Features;

use crate::output_levels::power;

/// Harmonics are weighed up to this far under the strongest, dB: noise is not brightness.
const RANGE_DB: f32 = 60.0;
/// Fewest frames that tell a slope, and least spread (standard deviation) of their loudness, dB.
const FEWEST_FRAMES: usize = 50;
/// See [`FEWEST_FRAMES`].
const LEAST_SPREAD_DB: f32 = 1.5;

/// How brightness goes with loudness: slopes of the spectral centroid of the harmonics, semitones per dB, over the frames of single notes,
/// each note taken against its own mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Brightness {
    /// In the recordings.
    pub recorded: f32,
    /// In what the instrument answers to them.
    pub answered: f32,
}

/// Compares the brightness of stretches of recordings, over their voiced frames, with that of the models that answer them. Each comes with its model and
/// the gain on its loudness, dB. None where the loudness hardly moves.
pub fn brightness<'a>(stretches: impl IntoIterator<Item = (&'a Arc<Model>, &'a [Frame], f32)>) -> Option<Brightness> {
    let (mut recorded, mut answered) = (Slope::default(), Slope::default());
    for (model, frames, gain_db) in stretches {
        let mut decoder = Decoder::new(model.clone());
        let mut controls = Controls::silent(0);
        let mut points = Vec::new();
        for frame in frames {
            let loudness_db = frame.features.loudness_db + gain_db;
            decoder.step(&Features { loudness_db, ..frame.features }, &mut controls);
            let voiced = frame.features.confidence >= 0.6 && frame.target.f0_hz > 0.0;
            let own = centroid(|k| power(frame.target.harmonics_db[k].max(-140.0)));
            let theirs = centroid(|k| controls.harmonics[k] * controls.harmonics[k]);
            if let (true, Some(own), Some(theirs)) = (voiced, own, theirs) {
                points.push([loudness_db, own, theirs]);
            }
        }
        let mean = |i: usize| points.iter().map(|p| p[i]).sum::<f32>() / points.len().max(1) as f32;
        let means = [mean(0), mean(1), mean(2)];
        for p in &points {
            recorded.add(p[0] - means[0], p[1] - means[1]);
            answered.add(p[0] - means[0], p[2] - means[2]);
        }
    }
    Some(Brightness { recorded: recorded.slope()?, answered: answered.slope()? })
}

/// Centroid of harmonics with these powers, in semitones above the first.
pub fn centroid(power_of: impl Fn(usize) -> f32) -> Option<f32> {
    let strongest = (0..HARMONICS).map(&power_of).fold(0.0, f32::max);
    let least = strongest * 10f32.powf(-RANGE_DB / 10.0);
    // By amplitude: power would tell of the strongest harmonic alone.
    let (mut sum, mut total) = (0.0, 0.0);
    for k in (0..HARMONICS).filter(|&k| power_of(k) >= least && strongest > 0.0) {
        let amplitude = power_of(k).sqrt();
        sum += amplitude * (k + 1) as f32;
        total += amplitude;
    }
    (total > 0.0).then(|| 12.0 * (sum / total).log2())
}

/// Least squares through the origin.
#[derive(Default)]
struct Slope {
    xx: f32,
    xy: f32,
    points: usize,
}

impl Slope {
    fn add(&mut self, x: f32, y: f32) {
        self.xx += x * x;
        self.xy += x * y;
        self.points += 1;
    }

    fn slope(&self) -> Option<f32> {
        let spread = (self.xx / self.points.max(1) as f32).sqrt();
        (self.points >= FEWEST_FRAMES && spread >= LEAST_SPREAD_DB).then(|| self.xy / self.xx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::learned;

    /// The made-up instrument has a tilt that follows loudness.
    #[test]
    fn an_instrument_is_as_bright_as_its_recordings() {
        let learned = learned();
        let model = syrinx_judge::from_bytes(&learned.trained.to_onnx(&learned.trained.card)).unwrap();
        let b = brightness(learned.takes.iter().map(|t| (&model, t.frames.as_slice(), 0.0))).unwrap();
        assert!(b.recorded > 0.05 && (b.answered / b.recorded - 1.0).abs() < 0.25, "{b:?}");
        assert!(brightness([]).is_none());
    }
}
