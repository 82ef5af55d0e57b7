//! What an instrument plays where the voice has no pitch: breath, as loud and as coloured as goes with its notes. Audio thread; plain
//! arithmetic on one frame, never allocates.
//!
//! **Level.** An s is often louder than the vowels beside it, and an instrument's breath is not: it stays [`UNDER_NOTES_DB`] under the notes
//! played of late. Nor is it ever as loud as the voice: a note of which the pitch is not known yet begins as breath, and breath as loud as the tone
//! is a burst that no instrument has. What comes out of rest may be such a beginning, and is not held down further; when no pitch has come for so
//! long, it is none. Before the first note nobody knows how loud notes will be, and what is no beginning is softer for that.
//!
//! **Colour.** That of the noise within the instrument's notes of late; before the first, within a soft note in the middle of its range. What may be
//! the beginning of a note has the colour that the network gives it, for that is how the instrument's notes begin. Networks that learned from tones
//! leave noise at the places of the tones, and noise that is narrower than an octave or so sings: it is spread.

use syrinx_synth::MAX_BANDS;
use syrinx_tracker::FRAME_RATE_HZ;

/// Breath is so much softer than the notes of late, dB, what may be a note's beginning included; and what is none, by so much more, for noise
/// fluctuates.
pub(crate) const UNDER_NOTES_DB: f32 = 10.0;
const NO_BEGINNING_DB: f32 = 4.0;
/// Breath is so much softer than the voice, dB; and where there were no notes yet, what is no beginning is softer by so much more.
const UNDER_VOICE_DB: f32 = 6.0;
const NO_FIRST_BEGINNING_DB: f32 = 12.0;
/// After the first of these times out of rest, s, it is no note's beginning, which comes about over the second.
const BEGINNING_S: f32 = 0.032;
const FADING_S: f32 = 0.04;
/// The voice rests near the lowest level of late, and far under its notes, dB; that lowest level is forgotten at this pace, dB a second.
const NEAR_LOWEST_DB: f32 = 6.0;
const REST_DB: f32 = 20.0;
const LOWEST_DB_PER_S: f32 = 10.0;
/// The level of the notes of late follows louder ones within the first of these times, s, and softer ones within the second: the end of a note
/// that dies away says little of the next.
const LOUDER_S: f32 = 0.06;
const SOFTER_S: f32 = 0.2;
/// In a rest it is forgotten at this pace, dB a second, until so much is gone: the next phrase may be softer.
const FORGET_DB_PER_S: f32 = 3.0;
const FORGET_DB: f32 = 6.0;
/// The colour of the notes' noise is a mean over this, s.
const COLOUR_S: f32 = 0.15;
/// Breath fades in over so many frames (8 ms) where a note ends; it fades out as the next one begins.
const FADE_FRAMES: f32 = 2.0;
/// Noise is spread over this many bands to either side.
const SPREAD_BANDS: usize = 4;

/// The breath of one instrument on one stream.
pub(crate) struct Breath {
    /// Level of the notes of late, dB, and how much of it was forgotten since; none before the first note.
    notes_db: Option<f32>,
    forgotten_db: f32,
    /// The lowest level of late, dB, and frames since the voice came out of rest; more than any beginning after a note.
    lowest_db: f32,
    frames: u32,
    /// Mean square of each band of the notes' noise, against that of the whole note.
    colour: [f32; MAX_BANDS],
    /// How much of the breath is there, 0 to 1.
    share: f32,
    /// Whether a note sounds, or did until now.
    in_note: bool,
}

/// The breath of one frame.
pub(crate) struct Wanted {
    /// A-weighted level, dB.
    pub level_db: f32,
    /// Share of its amplitude that is there, 0 to 1.
    pub share: f32,
    /// How surely it is no beginning of a note, 0 to 1.
    pub late: f32,
    /// Whether it follows a note that may not be over.
    pub in_note: bool,
}

impl Breath {
    /// Before the first note, of an instrument whose noise has this colour.
    pub const fn new(colour: [f32; MAX_BANDS]) -> Self {
        Self { notes_db: None, forgotten_db: 0.0, lowest_db: f32::MAX, frames: 0, colour, share: 1.0, in_note: false }
    }

    /// A frame of a note was played at `loudness_db`, with this mean square of the noise in each band against that of the note.
    pub fn hear_note(&mut self, loudness_db: f32, noise: &[f32]) {
        let pace = |seconds: f32| 1.0 / (seconds * FRAME_RATE_HZ as f32);
        // Of no note nothing is forgotten, however long the silence before the first.
        let notes_db = self.notes_db.map_or(loudness_db, |notes_db| notes_db - self.forgotten_db);
        let apart = loudness_db - notes_db;
        self.notes_db = Some(notes_db + pace(if apart > 0.0 { LOUDER_S } else { SOFTER_S }) * apart);
        self.forgotten_db = 0.0;
        for (mean, now) in self.colour.iter_mut().zip(noise) {
            *mean += pace(COLOUR_S) * (now - *mean);
        }
    }

    /// The breath of one frame of a voice at `loudness_db` that has a pitch as far as `voicing` says, 0 to 1.
    pub fn step(&mut self, loudness_db: f32, voicing: f32, silent: bool) -> Wanted {
        self.in_note = voicing == 1.0 || self.in_note && voicing > 0.0;
        self.share = (1.0 - voicing).min(self.share + 1.0 / FADE_FRAMES);
        let per_frame = 1.0 / FRAME_RATE_HZ as f32;
        if voicing > 0.0 {
            self.frames = u32::MAX;
        } else {
            self.lowest_db = loudness_db.min(self.lowest_db + LOWEST_DB_PER_S * per_frame);
            let under_notes = self.notes_db.is_none_or(|notes_db| loudness_db < notes_db - REST_DB);
            let rests = silent || under_notes && loudness_db < self.lowest_db + NEAR_LOWEST_DB;
            self.frames = if rests { 0 } else { self.frames.saturating_add(1) };
            self.forgotten_db = (self.forgotten_db + FORGET_DB_PER_S * per_frame).min(FORGET_DB);
        }
        let late = ((self.frames as f32 * per_frame - BEGINNING_S) / FADING_S).clamp(0.0, 1.0);
        let level = loudness_db - UNDER_VOICE_DB;
        let level_db = match self.notes_db {
            Some(notes_db) => level.min(notes_db - self.forgotten_db - UNDER_NOTES_DB - NO_BEGINNING_DB * late),
            None => level - NO_FIRST_BEGINNING_DB * late,
        };
        Wanted { level_db, share: self.share, late, in_note: self.in_note }
    }

    /// Mean square of `band`, of bands of these widths in Hz, in the notes' colour.
    pub fn power(&self, widths: &[f32], band: usize) -> f32 {
        spread(&self.colour, widths, band)
    }
}

/// Mean square of `band` when the power density of all bands is averaged over its neighbours, the nearer the more.
pub(crate) fn spread(power: &[f32], widths: &[f32], band: usize) -> f32 {
    let (from, to) = (band.saturating_sub(SPREAD_BANDS), (band + SPREAD_BANDS + 1).min(widths.len()));
    let (mut sum, mut total) = (0.0, 0.0);
    for near in from..to {
        let weight = (SPREAD_BANDS + 1 - near.abs_diff(band)) as f32;
        sum += weight * power[near] / widths[near];
        total += weight;
    }
    sum / total * widths[band]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breath() -> Breath {
        Breath::new([1.0; MAX_BANDS])
    }

    /// Level of the breath after so many seconds of a voice at `loudness_db`.
    fn after(breath: &mut Breath, seconds: f32, loudness_db: f32) -> f32 {
        let frames = (seconds * FRAME_RATE_HZ as f32) as usize;
        (0..frames).map(|_| breath.step(loudness_db, 0.0, false).level_db).last().unwrap()
    }

    fn sing(breath: &mut Breath, seconds: f32, loudness_db: f32) {
        for _ in 0..(seconds * FRAME_RATE_HZ as f32) as usize {
            breath.hear_note(loudness_db, &[1.0]);
            breath.step(loudness_db, 1.0, false);
        }
    }

    #[test]
    fn it_stays_under_the_notes_however_loud_the_consonant_is() {
        let mut breath = breath();
        sing(&mut breath, 0.5, -30.0);
        for consonant_db in [-50.0, -30.0, -20.0, 0.0] {
            let level = after(&mut breath, 0.1, consonant_db);
            assert!(level <= -30.0 - UNDER_NOTES_DB && level <= consonant_db - UNDER_VOICE_DB, "{level} dB");
        }
        assert!(
            after(&mut breath, 0.1, -10.0) < -30.0 - UNDER_NOTES_DB - NO_BEGINNING_DB,
            "it follows a note, and is no beginning of one"
        );
        // The end of a note that dies away, a softer phrase, a long rest.
        sing(&mut breath, 0.5, -30.0);
        sing(&mut breath, 0.04, -50.0);
        assert!(after(&mut breath, 0.02, -20.0) > -30.0 - UNDER_NOTES_DB - NO_BEGINNING_DB - 5.0);
        sing(&mut breath, 2.0, -40.0);
        assert!(after(&mut breath, 0.1, -20.0) < -52.0);
        let rested = after(&mut breath, 60.0, -20.0);
        assert!((-60.0..=-40.0 - UNDER_NOTES_DB - FORGET_DB).contains(&rested), "{rested} dB");
    }

    #[test]
    fn what_comes_out_of_rest_may_be_a_note() {
        let mut breath = breath();
        sing(&mut breath, 0.5, -30.0);
        after(&mut breath, 0.4, -80.0);
        let begins = after(&mut breath, 0.02, -30.0);
        assert!((-42.0..=-40.0).contains(&begins), "{begins} dB");
        assert!(after(&mut breath, 0.2, -30.0) < begins - 2.5, "no pitch has come");
    }

    #[test]
    fn before_the_first_note_it_is_softer_than_what_may_become_one() {
        let mut breath = breath();
        for _ in 0..2 {
            after(&mut breath, 0.5, -70.0);
            assert_eq!(after(&mut breath, 0.02, -20.0), -26.0, "a note may have begun");
            assert_eq!(after(&mut breath, 0.2, -20.0), -38.0, "no pitch has come");
        }
    }

    #[test]
    fn it_fades_in_where_a_note_ends_and_is_there_from_silence_on() {
        let mut breath = breath();
        assert_eq!(breath.step(-30.0, 0.0, false).share, 1.0);
        assert_eq!(breath.step(-30.0, 1.0, false).share, 0.0);
        let shares = [0; 3].map(|_| breath.step(-30.0, 0.0, false).share);
        assert_eq!(shares, [0.5, 1.0, 1.0]);
        assert!((breath.step(-30.0, 0.8, false).share - 0.2).abs() < 1e-6);
    }

    #[test]
    fn its_colour_is_that_of_the_notes() {
        let mut breath = breath();
        let widths = [10.0; 20];
        let mut dark = [0.0; 20];
        dark[..8].fill(1.0);
        for _ in 0..250 {
            breath.hear_note(-30.0, &dark);
        }
        let powers: Vec<f32> = (0..20).map(|band| breath.power(&widths, band)).collect();
        assert!(powers[2] > 0.99 && powers[15] < 0.01, "{powers:?}");
    }

    #[test]
    fn a_narrow_noise_is_spread_and_an_even_one_stays() {
        let widths: Vec<f32> = (0..20).map(|n| 40.0 + 10.0 * n as f32).collect();
        for band in 0..20 {
            let even = spread(&widths, &widths, band);
            assert!((even / widths[band] - 1.0).abs() < 1e-5, "{band}: {even}");
        }
        let mut narrow = vec![0.0; 20];
        narrow[8] = widths[8];
        let density = |band: usize| spread(&narrow, &widths, band) / widths[band];
        assert!((density(8) - 0.2).abs() < 1e-5 && (density(6) - 0.12).abs() < 1e-5 && (density(12) - 0.04).abs() < 1e-5);
        assert!(density(3) == 0.0 && density(13) == 0.0);
    }
}
