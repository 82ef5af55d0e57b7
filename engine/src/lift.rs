//! Lift: strokes of a plucked or struck instrument, which die away while the voice holds, are played louder than the voice, so that a phrase
//! is as loud. Audio thread; plain arithmetic on one frame, never allocates.
//!
//! Of a first note, nobody knows how long it will be held; it is taken for a moment's. After that it is known by how much strokes fall short of
//! this voice: speech ends its notes itself, and hardly loses any. The lift changes only at strokes, so that what rings falls as it should.

use crate::sustain::Ringing;
use syrinx_decoder::Fall;
use syrinx_tracker::FRAME_RATE_HZ;

/// What a note is taken to last of which nothing is known, s.
const MOMENT_S: f32 = 0.35;
/// What was sung counts for this long, s of voiced time; ...
const MEMORY_S: f32 = 4.0;
/// ... the guess counts as much as so many frames (0.15 s).
const GUESS_FRAMES: f32 = 0.15 * FRAME_RATE_HZ as f32;
/// Strokes stay this much softer, dB, than would be as loud: they are all peaks, and nobody misses so little.
const SPARED_DB: f32 = 0.3;
/// Most that strokes are lifted, dB, and most that they are let down: what hardly falls outlasts the ends of spoken syllables.
const MOST_DB: f32 = 11.0;
const LEAST_DB: f32 = -4.0;
/// What is softer than this is no voice, dB.
const SOFTEST_DB: f32 = -70.0;
/// What rings gains this much in a frame, dB, where it is struck.
const STRUCK_DB: f32 = 0.2;
/// The lift moves by this much a frame at most, dB.
const FASTEST_DB: f32 = 1.5;
/// Following the voice instead, and back, takes as long as in `sustain`.
const FADE_PER_FRAME: f32 = 1.0 / 12.0;

/// Compares what rings with the voice.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lift {
    /// Sums of power, of the voice and of what rings without a lift, and of frames, all fading.
    voice: f32,
    rings: f32,
    frames: f32,
    before_db: f32,
    lift_db: f32,
    on: f32,
}

impl Lift {
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// How much louder than `rings_db` to play, dB, for a voice that the gate has left at `level_db`.
    pub fn step(&mut self, level_db: f32, rings_db: f32, ringing: Ringing, own: bool) -> f32 {
        let wanted = f32::from(u8::from(own && ringing.share > 0.0));
        let silent = level_db.is_nan() || level_db <= SOFTEST_DB;
        self.on += (wanted - self.on).clamp(-FADE_PER_FRAME, FADE_PER_FRAME);
        if ringing.share <= 0.0 {
            *self = Self { on: self.on, ..Self::default() };
            return 0.0;
        }
        if !silent && rings_db.is_finite() {
            let fade = 1.0 - 1.0 / (MEMORY_S * FRAME_RATE_HZ as f32);
            self.voice = fade * self.voice + 10f32.powf(0.1 * level_db);
            self.rings = fade * self.rings + 10f32.powf(0.1 * rings_db);
            self.frames = fade * self.frames + 1.0;
        }
        if silent || rings_db >= self.before_db + STRUCK_DB {
            let step = (self.needed_db(ringing.fall) - self.lift_db).clamp(-FASTEST_DB, FASTEST_DB);
            self.lift_db += step;
        }
        self.before_db = rings_db;
        self.on * ringing.share * self.lift_db
    }

    fn needed_db(&self, fall: Fall) -> f32 {
        let lost = if self.voice > 0.0 { self.rings / self.voice * self.frames } else { 0.0 };
        let share = (lost + GUESS_FRAMES * share_of_a_moment(fall)) / (self.frames + GUESS_FRAMES);
        (-10.0 * share.max(1e-6).log10() - SPARED_DB).clamp(LEAST_DB, MOST_DB)
    }
}

/// The share of its power that is left, in the mean over a moment, of what falls by `fall`.
fn share_of_a_moment(fall: Fall) -> f32 {
    const STEPS: usize = 12;
    let power = |n: usize| 10f32.powf(-0.1 * fall.after((n as f32 + 0.5) / STEPS as f32 * MOMENT_S));
    (0..STEPS).map(power).sum::<f32>() / STEPS as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUITAR: Ringing = Ringing { share: 1.0, fall: Fall { early_db: 10.0, late_db_per_s: 8.0 } };

    /// Power of what is played over that of a voice at -20 dB, dB, and the lift of the last frame, of notes of so many frames each.
    fn play(lift: &mut Lift, ringing: Ringing, own: bool, notes: usize, frames: usize) -> (f32, f32) {
        let (mut power, mut last) = (0.0, 0.0);
        for n in 0..notes * frames {
            let rings_db = -20.0 - ringing.fall.after((n % frames) as f32 / FRAME_RATE_HZ as f32);
            last = lift.step(-20.0, rings_db, ringing, own);
            power += 10f32.powf(0.1 * (rings_db + last + 20.0));
        }
        (10.0 * (power / (notes * frames) as f32).log10(), last)
    }

    #[test]
    fn a_phrase_of_strokes_is_as_loud_as_the_voice() {
        for frames in [30, 60, 100, 150] {
            let (off_db, lift_db) = play(&mut Lift::default(), GUITAR, true, 3000 / frames, frames);
            assert!(off_db.abs() < 2.0, "notes of {frames} frames are off by {off_db} dB at a lift of {lift_db} dB");
        }
    }

    #[test]
    fn what_rings_is_not_lifted_while_it_falls() {
        let mut lift = Lift::default();
        play(&mut lift, GUITAR, true, 10, 100);
        let before = play(&mut lift, GUITAR, true, 1, 20).1;
        for n in 20..500 {
            assert_eq!(lift.step(-20.0, -20.0 - GUITAR.fall.after(n as f32 / FRAME_RATE_HZ as f32), GUITAR, true), before);
        }
    }

    #[test]
    fn what_is_followed_or_does_not_ring_is_not_lifted() {
        for (ringing, own) in [(GUITAR, false), (Ringing::default(), true)] {
            assert_eq!(play(&mut Lift::default(), ringing, own, 5, 100).1, 0.0);
        }
    }

    #[test]
    fn broken_numbers_leave_no_trace() {
        let mut lift = Lift::default();
        for (level_db, rings_db) in [(f32::NAN, f32::NAN), (-20.0, f32::NAN), (f32::NEG_INFINITY, -20.0), (-20.0, -90.0)] {
            let lifted = lift.step(level_db, rings_db, GUITAR, true);
            assert!((LEAST_DB..=MOST_DB).contains(&lifted), "{lifted}");
        }
    }
}
