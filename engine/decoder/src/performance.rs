//! How an instrument's player plays a note: how it begins, is held and ends. Plain data, any thread.
//!
//! A voice brings all of this along; a key says only which note, when and how hard. So the card keeps notes of the recordings, each with the curves of its
//! beginning and the figures of its vibrato and end: whoever plays a key looks for those of about its pitch and loudness.

use serde::{Deserialize, Serialize};

/// Moments of a beginning that are told.
pub const ONSET_POINTS: usize = 13;
/// Seconds after a note's beginning at which its first moments are told; from the last on it is held.
pub const ONSET_S: [f32; ONSET_POINTS] =
    [0.004, 0.008, 0.012, 0.016, 0.024, 0.032, 0.048, 0.064, 0.096, 0.128, 0.192, 0.256, 0.384];
/// Levels of a beginning lie within this about the held one, dB.
pub const ONSET_DB: [f32; 2] = [-40.0, 12.0];
/// And pitches within this about the note's, semitones.
pub const ONSET_ST: f32 = 2.0;
/// A note is there where it is this far under its held level, dB.
const THERE_DB: f32 = -3.0;
/// Most notes of a card, ...
pub const MOST_PLAYED_NOTES: usize = 64;
/// ... and most ways from one to the next.
pub const MOST_PLAYED_SLURS: usize = 32;

/// Notes as they were played.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Performance {
    /// The notes, pitches ascending: 1 to [`MOST_PLAYED_NOTES`].
    pub notes: Vec<PlayedNote>,
    /// Ways from one note to the next on the same breath or bow, up to [`MOST_PLAYED_SLURS`]; none where none was heard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slurs: Vec<PlayedSlur>,
}

/// How a player went from one note to another without a new beginning.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlayedSlur {
    /// Semitones from the one to the other, up or down.
    pub interval_st: f32,
    /// Seconds that the pitch was on its way.
    pub way_s: f32,
    /// How far the loudness fell under both on the way, dB.
    pub dip_db: f32,
}

impl PlayedSlur {
    /// What is usual where no recording tells: a finger that is put down.
    pub const USUAL: Self = Self { interval_st: 2.0, way_s: 0.045, dip_db: 3.0 };

    fn check(&self) -> Result<(), String> {
        let possible =
            self.interval_st.abs() <= 48.0 && (0.004..=2.0).contains(&self.way_s) && (0.0..=40.0).contains(&self.dip_db);
        if possible { Ok(()) } else { Err(format!("the way it goes by {} semitones cannot be", self.interval_st)) }
    }
}

/// One note of a player.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlayedNote {
    /// Its pitch, held, as a MIDI note number.
    pub note: f32,
    /// Its A-weighted loudness, held, dB; of what is plucked or struck, at its loudest.
    pub loudness_db: f32,
    /// Loudness against the held one at each of [`ONSET_S`], dB.
    pub onset_db: [f32; ONSET_POINTS],
    /// Pitch against the held one at each of [`ONSET_S`], semitones.
    pub onset_st: [f32; ONSET_POINTS],
    /// Half of what its vibrato covers, semitones; 0 is none.
    pub vibrato_st: f32,
    /// Turns of the vibrato a second.
    pub vibrato_hz: f32,
    /// Seconds from the beginning until the vibrato has half of its extent.
    pub vibrato_delay_s: f32,
    /// How much louder the note is where the vibrato is highest than in its middle, dB.
    pub tremolo_db: f32,
    /// How far the held loudness wanders, without vibrato, RMS, dB.
    pub drift_db: f32,
    /// And the pitch, RMS, semitones.
    pub drift_st: f32,
    /// Seconds that it takes to fall by 20 dB when it is ended.
    pub release_s: f32,
}

impl PlayedNote {
    /// What is usual in a family of instruments, at the loudness `loudness_db`: for cards that tell of no note.
    pub fn usual(family: &str, loudness_db: f32) -> Self {
        // Seconds from 24 dB under the held level to it; the vibrato's extent in semitones, its rate in Hz; seconds of 20 dB of release.
        let (attack_s, [vibrato_st, vibrato_hz], release_s) = match family {
            "string" => (0.09, [0.18, 5.6], 0.12),
            "brass" => (0.05, [0.05, 5.0], 0.08),
            "flute" => (0.06, [0.12, 5.0], 0.08),
            "reed" => (0.04, [0.06, 5.0], 0.07),
            "vocal" => (0.08, [0.25, 5.5], 0.1),
            "organ" => (0.02, [0.0, 5.0], 0.05),
            "synth_lead" => (0.008, [0.0, 5.0], 0.06),
            // What is plucked or struck.
            _ => (0.006, [0.0, 5.0], 0.12),
        };
        Self {
            note: 60.0,
            loudness_db,
            onset_db: ONSET_S.map(|t| if t < attack_s { -24.0 * (1.0 - t / attack_s) } else { 0.0 }),
            onset_st: [0.0; ONSET_POINTS],
            vibrato_st,
            vibrato_hz,
            vibrato_delay_s: 0.4,
            tremolo_db: 0.0,
            drift_db: 0.4,
            drift_st: if vibrato_st > 0.0 { 0.03 } else { 0.0 },
            release_s,
        }
    }

    /// Seconds until it is there: within 3 dB of its held level.
    pub fn rise_s(&self) -> f32 {
        let there = ONSET_S.iter().zip(self.onset_db).find(|(_, db)| *db >= THERE_DB);
        there.map_or(ONSET_S[ONSET_POINTS - 1], |(t, _)| *t)
    }

    /// Checks that it can be played.
    fn check(&self) -> Result<(), String> {
        let within = |values: &[f32], [low, high]: [f32; 2]| values.iter().all(|x| (low..=high).contains(x));
        let possible = within(&[self.note], [0.0, 127.0])
            && within(&[self.loudness_db], [-200.0, 60.0])
            && within(&self.onset_db, ONSET_DB)
            && within(&self.onset_st, [-ONSET_ST, ONSET_ST])
            && within(&[self.vibrato_st], [0.0, 2.0])
            && within(&[self.vibrato_hz], [0.0, 20.0])
            && within(&[self.vibrato_delay_s], [0.0, 10.0])
            && within(&[self.tremolo_db], [-12.0, 12.0])
            && within(&[self.drift_db], [0.0, 12.0])
            && within(&[self.drift_st], [0.0, 1.0])
            && within(&[self.release_s], [0.001, 10.0]);
        if possible { Ok(()) } else { Err(format!("the way its note {} is played cannot be", self.note)) }
    }
}

impl Performance {
    /// The loudness at which the instrument is usually played at a pitch, dB: the mean of all notes, the near ones counting most.
    pub fn usual_db(&self, note: f32) -> f32 {
        /// Semitones at which a note counts six tenths of one right there.
        const NEAR_ST: f32 = 3.0;
        let away = |played: &PlayedNote| 0.5 * ((played.note - note) / NEAR_ST).powi(2);
        let nearest = self.notes.iter().map(away).fold(f32::MAX, f32::min);
        let weighted = self.notes.iter().map(|played| ((nearest - away(played)).exp(), played.loudness_db));
        let (sum, weight) = weighted.fold((0.0, 0.0), |(sum, weight), (w, db)| (sum + w * db, weight + w));
        if weight > 0.0 { sum / weight } else { 0.0 }
    }

    /// Checks that it can be played.
    ///
    /// # Errors
    /// One sentence.
    pub fn check(&self) -> Result<(), String> {
        if self.notes.is_empty() || self.notes.len() > MOST_PLAYED_NOTES {
            return Err(format!("it tells how {} notes are played, and 1 to {MOST_PLAYED_NOTES} are possible", self.notes.len()));
        }
        if !self.notes.windows(2).all(|pair| pair[0].note <= pair[1].note) {
            return Err("the notes that it tells how to play do not rise".into());
        }
        if self.slurs.len() > MOST_PLAYED_SLURS {
            return Err(format!("it tells of {} slurs, and up to {MOST_PLAYED_SLURS} are possible", self.slurs.len()));
        }
        self.slurs.iter().try_for_each(PlayedSlur::check)?;
        self.notes.iter().try_for_each(PlayedNote::check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAMILIES: [&str; 11] =
        ["bass", "brass", "flute", "guitar", "keyboard", "mallet", "organ", "reed", "string", "synth_lead", "vocal"];

    #[test]
    fn every_family_has_a_way_to_play() {
        for family in FAMILIES {
            let usual = PlayedNote::usual(family, -20.0);
            assert!((0.004..0.1).contains(&usual.rise_s()), "{family}");
            assert_eq!(Performance { notes: vec![usual], slurs: vec![] }.check(), Ok(()), "{family}");
        }
    }

    #[test]
    fn the_usual_loudness_is_that_of_near_notes() {
        let mut notes = vec![PlayedNote::usual("reed", -20.0); 3];
        for (played, (note, loudness_db)) in notes.iter_mut().zip([(40.0, -40.0), (60.0, -20.0), (61.0, -24.0)]) {
            (played.note, played.loudness_db) = (note, loudness_db);
        }
        let performance = Performance { notes, slurs: vec![] };
        assert!((performance.usual_db(20.0) + 40.0).abs() < 0.01);
        assert!((performance.usual_db(60.5) + 22.0).abs() < 0.01);
        assert!((-38.0..-22.0).contains(&performance.usual_db(50.2)));
    }

    #[test]
    fn what_cannot_be_played_is_refused() {
        let good = Performance { notes: vec![PlayedNote::usual("string", -20.0)], slurs: vec![] };
        let with = |change: fn(&mut PlayedNote)| {
            let mut bad = good.clone();
            change(&mut bad.notes[0]);
            bad
        };
        let bad = [
            Performance { notes: vec![], slurs: vec![] },
            Performance { notes: vec![good.notes[0]; MOST_PLAYED_NOTES + 1], slurs: vec![] },
            Performance { notes: vec![PlayedNote { note: 70.0, ..good.notes[0] }, good.notes[0]], slurs: vec![] },
            with(|n| n.note = f32::NAN),
            with(|n| n.loudness_db = f32::INFINITY),
            with(|n| n.onset_db[3] = 13.0),
            with(|n| n.onset_st[0] = -3.0),
            with(|n| n.vibrato_st = 5.0),
            with(|n| n.vibrato_hz = -1.0),
            with(|n| n.release_s = 0.0),
            with(|n| n.drift_st = f32::NAN),
            Performance { slurs: vec![PlayedSlur { way_s: 0.0, ..PlayedSlur::USUAL }], ..good.clone() },
            Performance { slurs: vec![PlayedSlur::USUAL; MOST_PLAYED_SLURS + 1], ..good.clone() },
        ];
        assert!(bad.iter().all(|p| p.check().is_err()));
    }
}
