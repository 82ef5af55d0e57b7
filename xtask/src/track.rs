//! What the tracker hears of a sound with look-ahead: pitch, voicing and loudness over time.

use crate::{Failure, sound::Sound};
use std::path::Path;
use syrinx_tracker::{Features, FrameClock, LatencyMode, Tracker, TrackerConfig, csv};

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackPoint {
    /// Seconds of input consumed when the frame came out.
    pub time_s: f64,
    /// Fundamental frequency in Hz; a guess where not voiced.
    pub f0_hz: f64,
    /// Whether there is a pitch.
    pub voiced: bool,
    /// A-weighted level, dB.
    pub loudness_db: f64,
}

impl TrackPoint {
    /// Pitch as a MIDI note number, where there is one.
    pub fn midi(&self) -> Option<f64> {
        (self.voiced && self.f0_hz > 0.0).then(|| 69.0 + 12.0 * (self.f0_hz / 440.0).log2())
    }
}

/// What is heard, and where the frames end, s.
pub struct Track(Vec<(f64, Features)>);

impl Track {
    /// Tracks a sound.
    pub fn of(sound: &Sound) -> Result<Self, Failure> {
        let config = TrackerConfig { mode: LatencyMode::Studio, ..TrackerConfig::default() };
        let mut tracker = Tracker::new(sound.sample_rate_hz, config)?;
        let clock = FrameClock::new(sound.sample_rate_hz);
        let mut frames = Vec::new();
        tracker.process(&sound.samples, |f| frames.push((clock.end_of(f.frame) as f64 / f64::from(sound.sample_rate_hz), f)));
        Ok(Self(frames))
    }

    /// As points to draw and compare.
    pub fn points(&self) -> Vec<TrackPoint> {
        let point = |(time_s, f): &(f64, Features)| TrackPoint {
            time_s: *time_s,
            f0_hz: f.f0_hz.into(),
            voiced: f.confidence >= 0.5,
            loudness_db: f.loudness_db.into(),
        };
        self.0.iter().map(point).collect()
    }

    /// Writes it as `syrinx track` does.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let rows: String = self.0.iter().map(|(time_s, f)| format!("{}\n", csv::row(*time_s, f))).collect();
        std::fs::write(path, format!("{}\n{rows}", csv::HEADER)).map_err(|e| format!("{}: {e}", path.display()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_heard_at_its_pitch_and_written_in_rows() {
        let tone = Sound {
            samples: (0..24_000).map(|n| 0.2 * (std::f32::consts::TAU * 440.0 * n as f32 / 48_000.0).sin()).collect(),
            sample_rate_hz: 48_000,
        };
        let track = Track::of(&tone).unwrap();
        let points = track.points();
        assert_eq!((points.len(), points[0].time_s), (125, 0.004));
        assert!(points[60..].iter().all(|p| p.midi().is_some_and(|midi| (midi - 69.0).abs() < 0.05)));
        let path = std::env::temp_dir().join(format!("xtask-track-{}.csv", std::process::id()));
        track.write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!((text.lines().count(), text.lines().next()), (126, Some(csv::HEADER)));
    }
}
