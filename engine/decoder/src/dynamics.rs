//! How much brighter loud is than soft, where an instrument's network does not know it: its recordings were of one loudness. Plain data, any thread.

use crate::{table::place, units::midi};
use serde::{Deserialize, Serialize};

/// Steepest tilt, dB an octave, either way: steeper ones would lift what the recordings had of noise into the tone.
pub const MOST_TILT_DB: f32 = 3.0;
/// A tilt goes on up to this many octaves above the fundamental, and what lies higher goes with it: there, low notes are mostly noise.
const TILT_OCTAVES: f32 = 5.0;
/// Most points of a table.
const MOST_POINTS: usize = 128;

/// Where an instrument's slope of brightness over loudness comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SlopeSource {
    /// Its own recordings: notes of one pitch, played softer and louder.
    Recordings,
    /// Other instruments of its family.
    Family,
}

/// What is added to the network's answers so that they get brighter with loudness as the instrument does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dynamics {
    /// Slope of the harmonics' centroid over loudness, semitones per dB.
    pub slope_st_db: f32,
    /// Where the slope comes from.
    pub source: SlopeSource,
    /// How loud it was played in its recordings: `(MIDI note, A-weighted loudness in dB)`, notes ascending.
    pub usual_db: Vec<(f32, f32)>,
    /// `(loudness above the usual one in dB, tilt of the harmonics in dB an octave above the fundamental)`, loudness ascending. Of both tables: straight lines
    /// between points, and beyond them the nearest.
    pub tilt_db_octave: Vec<(f32, f32)>,
}

/// What a table says at `x`.
fn between_points(points: &[(f32, f32)], x: f32) -> f32 {
    place(points, |(at, _)| *at, x).map_or(0.0, |((_, low), (_, high), t)| low + t * (high - low))
}

impl Dynamics {
    /// The loudness at which it was played at a pitch, dB. Never allocates; one search in a short table.
    pub fn usual_at(&self, f0_hz: f32) -> f32 {
        between_points(&self.usual_db, midi(f0_hz))
    }

    /// The tilt at a pitch and a loudness, dB an octave. Never allocates; two searches in short tables.
    pub fn tilt_at(&self, f0_hz: f32, loudness_db: f32) -> f32 {
        between_points(&self.tilt_db_octave, loudness_db - self.usual_at(f0_hz))
    }

    /// Checks that it can be played.
    ///
    /// # Errors
    /// One sentence.
    pub fn check(&self) -> Result<(), String> {
        for points in [&self.usual_db, &self.tilt_db_octave] {
            if points.is_empty() || points.len() > MOST_POINTS {
                return Err(format!("its dynamics have {} points, and 1 to {MOST_POINTS} are possible", points.len()));
            }
            if !points.windows(2).all(|w| w[0].0 < w[1].0) || !points.iter().all(|(at, _)| at.abs() <= 200.0) {
                return Err("the points of its dynamics do not rise within -200 to 200".into());
            }
        }
        if !self.usual_db.iter().all(|(_, db)| (-200.0..=60.0).contains(db)) {
            return Err("its usual loudness is not -200 to 60 dB".into());
        }
        if !self.slope_st_db.is_finite() || !self.tilt_db_octave.iter().all(|(_, tilt)| tilt.abs() <= MOST_TILT_DB) {
            return Err(format!("its dynamics tilt by more than {MOST_TILT_DB} dB an octave"));
        }
        Ok(())
    }
}

/// How many octaves of a tilt harmonic `number` (from 1) has.
pub fn tilt_octaves(number: usize) -> f32 {
    (number.max(1) as f32).log2().min(TILT_OCTAVES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dynamics(points: &[(f32, f32)]) -> Dynamics {
        let usual_db = vec![(57.0, -40.0), (69.0, -30.0)];
        Dynamics { slope_st_db: 0.4, source: SlopeSource::Family, usual_db, tilt_db_octave: points.to_vec() }
    }

    #[test]
    fn a_tilt_goes_straight_from_point_to_point_and_stays_beyond_them() {
        let d = dynamics(&[(-10.0, -2.0), (0.0, 0.0), (10.0, 1.0)]);
        for (db, tilt) in [(-80.0, -2.0), (-40.0, -2.0), (-35.0, -1.0), (-30.0, 0.0), (-25.0, 0.5), (-20.0, 1.0), (0.0, 1.0)] {
            for hz in [440.0, 1000.0] {
                assert!((d.tilt_at(hz, db) - tilt).abs() < 1e-6, "{db} dB: {}", d.tilt_at(hz, db));
            }
            assert!((d.tilt_at(311.127, db - 5.0) - tilt).abs() < 1e-4 && (d.tilt_at(100.0, db - 10.0) - tilt).abs() < 1e-6);
        }
        for odd in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(d.tilt_at(odd, -30.0).is_finite() && d.tilt_at(440.0, odd).is_finite());
        }
        assert_eq!([1, 2, 32, 100].map(tilt_octaves), [0.0, 1.0, 5.0, 5.0]);
    }

    #[test]
    fn what_cannot_be_played_is_refused() {
        assert_eq!(dynamics(&[(-40.0, -2.0), (-30.0, 0.0)]).check(), Ok(()));
        let flat = dynamics(&[(0.0, 0.0)]);
        let bad = [
            dynamics(&[]),
            dynamics(&[(0.0, 0.0), (0.0, 1.0)]),
            dynamics(&[(0.0, 7.0)]),
            dynamics(&[(0.0, f32::NAN)]),
            dynamics(&[(f32::NAN, 0.0)]),
            dynamics(&[(-300.0, 0.0)]),
            Dynamics { slope_st_db: f32::INFINITY, ..flat.clone() },
            Dynamics { usual_db: vec![], ..flat.clone() },
            Dynamics { usual_db: vec![(60.0, f32::NAN)], ..flat.clone() },
            Dynamics { usual_db: vec![(0.0, 0.0); 129], ..flat },
        ];
        assert!(bad.iter().all(|d| d.check().is_err()));
    }
}
