//! Where an instrument was trained: its region of pitch and loudness, and what brings a voice into it. No drawing.

use super::live::note;
use syrinx_engine::{Card, Decay};

/// How far what was trained at one semitone spreads, semitones.
const PITCH_SPREAD: f32 = 1.6;
/// As to loudness, dB.
const LOUDNESS_SPREAD: f32 = 3.0;
/// A region is at least this bright where it was trained at all.
const LEAST: f32 = 0.18;

/// A region of pitch and loudness.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// Lowest and highest note, MIDI.
    pub notes: [f32; 2],
    /// Softest and loudest, dB(A).
    pub loudness_db: [f32; 2],
    pitch: Vec<(f32, f32)>,
    loudness: Vec<(f32, f32)>,
}

/// What to add to a voice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Semitones.
    pub shift_st: f32,
    /// dB.
    pub loudness_db: f32,
}

/// Where a voice lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the region.
    Inside,
    /// Too low for it.
    Below,
    /// Too high.
    Above,
    /// Too soft.
    Softer,
    /// Too loud.
    Louder,
}

impl Region {
    /// The region of the instrument with this card. Of one that is `struck` and left to ring, the voice gives the strength of the strokes,
    /// and not the level of what dies away after them.
    pub fn of(card: &Card, struck: bool) -> Self {
        let smooth = |points: Vec<(f32, f32)>, spread: f32| {
            let blurred: Vec<(f32, f32)> = points
                .iter()
                .map(|(at, _)| {
                    let sum: f32 = points.iter().map(|(x, s)| s * (-0.5 * ((x - at) / spread).powi(2)).exp()).sum();
                    (*at, sum.sqrt())
                })
                .collect();
            let most = blurred.iter().fold(0.0_f32, |m, (_, v)| m.max(*v)).max(f32::MIN_POSITIVE);
            blurred.into_iter().map(|(at, v)| (at, v / most)).collect()
        };
        let notes = card.pitch_range_hz.map(note);
        let held = |at: f32| card.pitch_histogram_s.iter().find(|(n, _)| f32::from(*n) == at).map_or(0.0, |(_, s)| *s);
        let semitones = (notes[0].floor() as i32..=notes[1].ceil() as i32).map(|n| (n as f32, held(n as f32))).collect();
        let levels = card.loudness_histogram_s.iter().map(|(db, s)| (f32::from(*db) + 1.5, *s)).collect();
        let (loudness_db, loudness) = match card.decay.as_ref().filter(|_| struck) {
            // Cards tell where most strokes lie, and no more of them.
            Some(Decay { struck_range_db: [soft, loud], .. }) => {
                let middle = 0.5 * (soft + loud);
                ([*soft, *loud], vec![(soft - 6.0, 0.25), (*soft, 0.6), (middle, 1.0), (*loud, 0.6), (loud + 6.0, 0.25)])
            }
            None => (card.loudness_range_db, smooth(levels, LOUDNESS_SPREAD)),
        };
        Self { notes, loudness_db, pitch: smooth(semitones, PITCH_SPREAD), loudness }
    }

    /// How much was trained at a note and a loudness, 0 to 1; 0 outside the region only.
    pub fn density(&self, note: f32, loudness_db: f32) -> f32 {
        if !(self.notes[0]..=self.notes[1]).contains(&note) {
            return 0.0;
        }
        let share = (between(&self.pitch, note) * between(&self.loudness, loudness_db)).max(0.0);
        LEAST + (1.0 - LEAST) * share
    }

    /// Where a note and a loudness lie.
    pub fn place(&self, note: f32, loudness_db: f32) -> Place {
        // A semitone and some decibels beyond what was trained still sound like the instrument.
        if note < self.notes[0] - 1.0 {
            Place::Below
        } else if note > self.notes[1] + 1.0 {
            Place::Above
        } else if loudness_db < self.loudness_db[0] - 9.0 {
            Place::Softer
        } else if loudness_db > self.loudness_db[1] + 6.0 {
            Place::Louder
        } else {
            Place::Inside
        }
    }

    /// What brings a voice whose usual note and loudness are these into the region: the fewest octaves, and as many decibels as it takes to
    /// its middle.
    pub fn fit(&self, usual_note: f32, usual_db: f32, most_st: f32, most_db: f32) -> Fit {
        let [low, high] = self.notes;
        let outside = |shift: f32| (low - usual_note - shift).max(usual_note + shift - high).max(0.0);
        let octaves = (most_st / 12.0).floor() as i32;
        let best = (0..=octaves)
            .flat_map(|n| [n, -n])
            .map(|n| 12.0 * n as f32)
            .fold(0.0, |best, shift| if outside(shift) < outside(best) { shift } else { best });
        let loudness_db = 0.5 * (self.loudness_db[0] + self.loudness_db[1]) - usual_db;
        Fit { shift_st: best, loudness_db: loudness_db.round().clamp(-most_db, most_db) }
    }
}

/// The value of a line through `points`, ascending, at `x`.
fn between(points: &[(f32, f32)], x: f32) -> f32 {
    let after = points.partition_point(|(at, _)| *at < x);
    match (after.checked_sub(1).and_then(|before| points.get(before)), points.get(after)) {
        (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * (x - x0) / (x1 - x0),
        (None, Some((x1, y1))) => (y1 * (1.0 - (x1 - x) / 6.0)).max(0.0),
        (Some((x0, y0)), None) => (y0 * (1.0 - (x - x0) / 6.0)).max(0.0),
        (None, None) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flute() -> Region {
        Region::of(syrinx_models::load("flute").unwrap().card(), true)
    }

    #[test]
    fn a_region_is_brighter_where_it_has_more_data_and_dark_outside() {
        let flute = flute();
        assert!((flute.notes[0] - 59.9).abs() < 0.1 && (flute.notes[1] - 93.1).abs() < 0.1, "{:?}", flute.notes);
        assert!(flute.density(60.0, -24.0) > 0.8 && flute.density(64.5, -24.0) < 0.4);
        assert!(flute.density(60.0, -24.0) > flute.density(60.0, -45.0));
        assert_eq!(flute.density(50.0, -24.0), 0.0);
    }

    #[test]
    fn what_is_struck_is_at_home_where_it_is_struck() {
        let model = syrinx_models::load("guitar").unwrap();
        let decay = model.card().decay.as_ref().unwrap();
        let (rings, held) = (Region::of(model.card(), true), Region::of(model.card(), false));
        assert_eq!((rings.loudness_db, held.loudness_db), (decay.struck_range_db, model.card().loudness_range_db));
        let middle = 0.5 * (decay.struck_range_db[0] + decay.struck_range_db[1]);
        let loud = decay.struck_range_db[1];
        assert_eq!((rings.place(60.0, loud), held.place(60.0, loud)), (Place::Inside, Place::Louder));
        assert!(rings.density(60.0, middle) > rings.density(60.0, middle - 25.0));
        assert_eq!(rings.fit(60.0, middle, 24.0, 24.0).loudness_db, 0.0);
    }

    #[test]
    fn a_deep_voice_is_brought_up_by_octaves_and_to_the_middle_of_the_loudness() {
        let flute = flute();
        let fit = flute.fit(45.0, -36.0, 24.0, 24.0);
        assert_eq!(fit.shift_st, 24.0);
        assert!((-36.0 + fit.loudness_db - 0.5 * (flute.loudness_db[0] + flute.loudness_db[1])).abs() <= 0.5);
        assert_eq!(flute.fit(69.0, -26.0, 24.0, 24.0).shift_st, 0.0);
        assert_eq!(flute.fit(100.0, -90.0, 24.0, 24.0), Fit { shift_st: -12.0, loudness_db: 24.0 });
        assert_eq!((flute.place(45.0, -30.0), flute.place(69.0, -30.0)), (Place::Below, Place::Inside));
        assert_eq!(
            (flute.place(69.0, -60.0), flute.place(69.0, -3.0), flute.place(99.0, -20.0)),
            (Place::Softer, Place::Louder, Place::Above)
        );
    }
}
