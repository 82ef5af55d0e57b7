//! How a plucked or struck instrument dies away while nobody stops it: a fast early fall, then a slow one. Plain data, any thread.

use crate::{table::place, units::midi};
use serde::{Deserialize, Serialize};

/// Time constant of the early fall, seconds: the same for all. Electric piano, vibraphone, guitars and sitar are fitted as well by it as
/// by one of their own (within 0.04 dB of mean error).
pub const EARLY_S: f32 = 0.15;
/// Most notes in a table: one for every MIDI note.
const MOST_NOTES: usize = 128;

/// The decay of an instrument, measured from recordings of single notes. Absent from the cards of instruments that sound as long as they
/// are blown or bowed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decay {
    /// 5th and 95th percentile of the notes' loudest frames, A-weighted, dB: how softly and how hard the instrument is struck.
    pub struck_range_db: [f32; 2],
    /// The fall at some pitches, ascending: straight lines between them, and beyond them the nearest.
    pub notes: Vec<DecayNote>,
}

/// The decay at one pitch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecayNote {
    /// MIDI note number.
    pub note: f32,
    /// How the level falls there.
    #[serde(flatten)]
    pub fall: Fall,
}

/// How a level falls: `t` seconds after the strike it is lower by `early_db * (1 - exp(-t / EARLY_S)) + late_db_per_s * t`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fall {
    /// All of the early fall, dB: what the pick, the mallet or the hammer adds for a moment.
    pub early_db: f32,
    /// The late fall, dB a second.
    pub late_db_per_s: f32,
}

impl Fall {
    /// The most that is possible: faster than a wood block.
    pub const MOST: Self = Self { early_db: 60.0, late_db_per_s: 200.0 };

    /// How far the level has fallen, dB, `seconds` after the strike.
    pub fn after(&self, seconds: f32) -> f32 {
        self.early_db * (1.0 - (-seconds / EARLY_S).exp()) + self.late_db_per_s * seconds
    }
}

impl Decay {
    /// The fall at `f0_hz`. What is no pitch falls as the lowest note. Never allocates; one search in a short table.
    pub fn at(&self, f0_hz: f32) -> Fall {
        let Some((low, high, t)) = place(&self.notes, |n| n.note, midi(f0_hz)) else { return Fall::default() };
        let between = |a: f32, b: f32| a + t * (b - a);
        Fall {
            early_db: between(low.fall.early_db, high.fall.early_db),
            late_db_per_s: between(low.fall.late_db_per_s, high.fall.late_db_per_s),
        }
    }

    /// The slowest and the fastest late fall, dB a second.
    pub fn late_range(&self) -> Option<(f32, f32)> {
        let late = self.notes.iter().map(|n| n.fall.late_db_per_s);
        Some((late.clone().min_by(f32::total_cmp)?, late.max_by(f32::total_cmp)?))
    }

    /// The loudest that an instrument was heard, dB: `loud_db`, the upper end of its range of loudness, unless it dies away. Then its strikes,
    /// which are too short to count in that range, were louder.
    pub fn loudest_db(decay: Option<&Self>, loud_db: f32) -> f32 {
        decay.map_or(loud_db, |decay| decay.struck_range_db[1].max(loud_db))
    }

    /// Checks that the numbers are those of an instrument.
    ///
    /// # Errors
    /// One sentence saying what is wrong.
    pub fn check(&self) -> Result<(), String> {
        let [soft, loud] = self.struck_range_db;
        if !(soft.is_finite() && loud.is_finite() && soft <= loud && soft >= -200.0 && loud <= 60.0) {
            return Err(format!("its notes are struck at {soft} to {loud} dB"));
        }
        if self.notes.is_empty() || self.notes.len() > MOST_NOTES {
            return Err(format!("its decay is told at {} pitches, and 1 to {MOST_NOTES} are possible", self.notes.len()));
        }
        let rising = self.notes.windows(2).all(|w| w[0].note < w[1].note);
        if !rising || !self.notes.iter().all(|n| (0.0..=127.0).contains(&n.note)) {
            return Err("the pitches of its decay do not rise from 0 to at most 127".into());
        }
        let possible = |n: &DecayNote| {
            (0.0..=Fall::MOST.early_db).contains(&n.fall.early_db)
                && (0.0..=Fall::MOST.late_db_per_s).contains(&n.fall.late_db_per_s)
        };
        match self.notes.iter().find(|n| !possible(n)) {
            Some(n) => Err(format!(
                "its decay at note {} is {} dB and {} dB a second, and up to {} and {} are possible",
                n.note,
                n.fall.early_db,
                n.fall.late_db_per_s,
                Fall::MOST.early_db,
                Fall::MOST.late_db_per_s
            )),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(note: f32, early_db: f32, late_db_per_s: f32) -> DecayNote {
        DecayNote { note, fall: Fall { early_db, late_db_per_s } }
    }

    fn decay() -> Decay {
        Decay { struck_range_db: [-40.0, -10.0], notes: vec![note(57.0, 10.0, 4.0), note(69.0, 2.0, 12.0)] }
    }

    #[test]
    fn it_is_read_between_the_notes_and_held_beyond_them() {
        let decay = decay();
        assert_eq!(decay.at(440.0 / 2f32.sqrt()), Fall { early_db: 6.0, late_db_per_s: 8.0 });
        assert_eq!((decay.at(110.0), decay.at(3000.0)), (decay.notes[0].fall, decay.notes[1].fall));
        for nothing in [0.0, -1.0, f32::NAN, f32::NEG_INFINITY] {
            assert_eq!(decay.at(nothing), decay.notes[0].fall, "{nothing}");
        }
        assert_eq!(decay.at(f32::INFINITY), decay.notes[1].fall);
        assert_eq!(decay.at(220.0).after(0.0), 0.0);
        assert!((decay.at(220.0).after(2.0) - 18.0).abs() < 1e-3);
    }

    #[test]
    fn it_is_kept_as_it_was() {
        let json = serde_json::to_string(&decay()).unwrap();
        assert_eq!(serde_json::from_str::<Decay>(&json).unwrap(), decay());
        assert!(json.contains(r#"{"note":57.0,"early_db":10.0,"late_db_per_s":4.0}"#), "{json}");
    }

    #[test]
    fn what_no_instrument_does_is_refused() {
        assert_eq!(decay().check(), Ok(()));
        let with = |change: &dyn Fn(&mut Decay)| {
            let mut decay = decay();
            change(&mut decay);
            decay.check()
        };
        assert!(with(&|d| d.notes.clear()).is_err());
        assert!(with(&|d| d.notes = vec![note(60.0, 1.0, 1.0); 2]).is_err());
        assert!(with(&|d| d.notes = (0..129).map(|n| note(n as f32 / 2.0, 1.0, 1.0)).collect()).is_err());
        for wrong in [-0.1, 201.0, f32::NAN, f32::INFINITY] {
            assert!(with(&|d| d.notes[0].note = wrong).is_err(), "{wrong}");
            assert!(with(&|d| d.notes[1].fall.early_db = wrong).is_err(), "{wrong}");
            assert!(with(&|d| d.notes[1].fall.late_db_per_s = wrong).is_err(), "{wrong}");
            assert!(with(&|d| d.struck_range_db[1] = wrong).is_err() || wrong == -0.1, "{wrong}");
        }
    }
}
