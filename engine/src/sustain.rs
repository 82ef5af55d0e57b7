//! Sustain: what a held note does on an instrument that is plucked or struck. A note's beginning sets a level; from there the level falls
//! as the instrument's does, while the voice holds. Audio thread; plain arithmetic on one frame, never allocates.
//!
//! **The level is a ceiling over the voice's.** What the voice does above it is not heard, as nothing can be added to a string that has
//! been plucked; but every new note ([`Onset`]) strikes at the voice's level. Where the voice falls below it by more than the dip that
//! would make the next rise a new note, the voice is followed: singers damp their notes by ending them, as players do with hand or
//! pedal, and nothing rings on that nobody sings.
//!
//! **Its place** is after the gate, so that what is not played strikes nothing; before the attack's softness, so that each stroke is
//! softened, not only those after silence; and before auto range and the loudness setting, which move a sounding note as a volume
//! pedal does. Auto range listens to the voice, not to what is left of the ringing.

use crate::notes::{Onset, RISE_DB};
use syrinx_decoder::{EARLY_S, Fall};
use syrinx_tracker::{FRAME_RATE_HZ, Features, LOUDNESS_FLOOR_DB};

const FRAME_S: f32 = 1.0 / FRAME_RATE_HZ as f32;
/// A stroke reaches its level over this many frames (12 ms), evenly in amplitude: a pick or a mallet takes as long, and no step is heard.
const STROKE_FRAMES: u32 = 3;
/// Changing from voice to instrument and back takes as long as a change of instrument, 48 ms.
const FADE_PER_FRAME: f32 = 1.0 / 12.0;

/// How the instruments that play die away, together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ringing {
    /// Share of the sound that is of instruments that do, 0 to 1.
    pub share: f32,
    /// Their fall at the pitch that is played, in the mean.
    pub fall: Fall,
}

/// Follows one voice.
#[derive(Clone, Copy, Debug)]
pub struct Sustain {
    /// The level of what rings, dB.
    ringing_db: f32,
    /// The highest level of the voice in this note's rise, dB.
    top_db: f32,
    /// Seconds that it has fallen for, and frames since the stroke.
    fallen_s: f32,
    struck: u32,
    /// How much the instrument's decay is in force, 0 to 1.
    on: f32,
}

impl Sustain {
    /// In silence.
    pub const fn new() -> Self {
        Self { ringing_db: LOUDNESS_FLOOR_DB, top_db: LOUDNESS_FLOOR_DB, fallen_s: 0.0, struck: u32::MAX, on: 0.0 }
    }

    /// Back to silence.
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    /// The loudness to play, dB, for this frame of `voice`, which the gate has left at `level_db` and which is an `onset` or none. `level_db` itself where nothing rings, or
    /// where the voice is to be followed (not `own`).
    pub fn step(&mut self, level_db: f32, voice: &Features, onset: Onset, ringing: Ringing, own: bool) -> f32 {
        if !level_db.is_finite() {
            self.reset();
            return level_db;
        }
        // A gate may ask for less than the tracker's floor; a rise from there begins no sooner than from silence.
        let level = level_db.max(LOUDNESS_FLOOR_DB);
        // Also where the voice is followed, so that a note rings from where it is when that changes.
        self.ring(level, onset, ringing.fall);
        let wanted = f32::from(u8::from(own));
        // In silence nothing can jump.
        let fade = if level <= LOUDNESS_FLOOR_DB { 1.0 } else { FADE_PER_FRAME };
        self.on += (wanted - self.on).clamp(-fade, fade);
        let amount = self.on * ringing.share;
        if amount > 0.0 {
            // Singers sag after an onset; what rings does not. Breath and the room are not held up.
            let sag = RISE_DB * (2.0 * voice.confidence - 1.0).clamp(0.0, 1.0);
            level_db + amount * (self.ringing_db - level_db).min(sag)
        } else {
            level_db
        }
    }

    /// Moves the level of what rings by a frame.
    fn ring(&mut self, level: f32, onset: Onset, fall: Fall) {
        if onset == Onset::Begins {
            (self.struck, self.fallen_s, self.top_db) = (0, 0.0, LOUDNESS_FLOOR_DB);
        }
        let early = fall.early_db * (-self.fallen_s / EARLY_S).exp() * (1.0 - (-FRAME_S / EARLY_S).exp());
        self.ringing_db = (self.ringing_db - early - fall.late_db_per_s * FRAME_S).max(LOUDNESS_FLOOR_DB);
        self.fallen_s += FRAME_S;
        self.struck = self.struck.saturating_add(1);
        if self.struck <= STROKE_FRAMES {
            // What still rang is caught, if it was louder: a soft note after a loud one is soft.
            self.ringing_db -= (self.ringing_db - level).max(0.0) / (STROKE_FRAMES + 1 - self.struck) as f32;
        }
        let higher = onset != Onset::Holds && level > self.top_db;
        self.top_db = self.top_db.max(level);
        if higher || self.struck <= STROKE_FRAMES {
            let reached = self.struck.min(STROKE_FRAMES) as f32 / STROKE_FRAMES as f32;
            let struck_db = level + 20.0 * reached.log10();
            if struck_db >= self.ringing_db {
                (self.ringing_db, self.fallen_s) = (struck_db, 0.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notes::OnsetDetector;

    const GUITAR: Ringing = Ringing { share: 1.0, fall: Fall { early_db: 10.0, late_db_per_s: 8.0 } };

    /// What is played, dB, at each frame of a voice told by its level in dB and its pitch in Hz at each second.
    fn play(
        seconds: f32,
        ringing: impl Fn(f32) -> Ringing,
        own: impl Fn(f32) -> bool,
        voice: impl Fn(f32) -> (f32, f32),
    ) -> Vec<f32> {
        let (mut sustain, mut onsets) = (Sustain::new(), OnsetDetector::new());
        (0..(seconds * FRAME_RATE_HZ as f32) as u64)
            .map(|frame| {
                let t = frame as f32 * FRAME_S;
                let (loudness_db, f0_hz) = voice(t);
                let voice = Features { frame, f0_hz, confidence: 0.9, loudness_db };
                let onset = onsets.step(loudness_db, &voice);
                sustain.step(loudness_db, &voice, onset, ringing(t), own(t))
            })
            .collect()
    }

    fn at(levels: &[f32], seconds: f32) -> f32 {
        levels[(seconds * FRAME_RATE_HZ as f32) as usize]
    }

    /// Rises to -20 dB in 80 ms, and holds for 3 s.
    fn held(t: f32) -> f32 {
        if t > 3.0 { -100.0 } else { -20.0 - 60.0 * (1.0 - t / 0.08).max(0.0) }
    }

    #[test]
    fn a_held_note_falls_as_the_instrument_does_and_ends_with_the_voice() {
        let levels = play(4.0, |_| GUITAR, |_| true, |t| (held(t), 220.0));
        assert!((levels[..25].iter().copied().fold(f32::MIN, f32::max) + 20.0).abs() < 0.5, "the note is struck at its level");
        for t in [0.2, 0.5, 1.0, 2.0, 2.9] {
            let wanted = -20.0 - GUITAR.fall.after(t - 0.08);
            assert!((at(&levels, t) - wanted).abs() < 0.5, "{} dB at {t} s, and {wanted} were wanted", at(&levels, t));
        }
        assert!(at(&levels, 3.01) <= -100.0 + RISE_DB, "nothing rings on");
    }

    #[test]
    fn a_voice_that_sags_is_not_heard_to() {
        let bell = Ringing { share: 1.0, fall: Fall { early_db: 1.0, late_db_per_s: 3.0 } };
        let sags = |t: f32| (held(t) - 4.0 * (1.0 - (-(t - 0.1).max(0.0) / 0.05).exp()), 220.0);
        let levels = play(3.0, |_| bell, |_| true, sags);
        for t in [0.3, 0.6, 2.0] {
            assert!((at(&levels, t) + 20.0 + bell.fall.after(t - 0.08)).abs() < 0.5, "{} dB at {t} s", at(&levels, t));
        }
    }

    #[test]
    fn what_is_followed_or_does_not_ring_is_the_voice_to_the_bit() {
        let voice = |t: f32| (held(t) + (31.0 * t).sin(), 220.0 * (1.0 + 0.2 * (2.0 * t).sin()));
        let bits = |levels: Vec<f32>| levels.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        let same: Vec<f32> = (0..1000).map(|n| voice(n as f32 * FRAME_S).0).collect();
        assert_eq!(bits(play(4.0, |_| GUITAR, |_| false, voice)), bits(same.clone()));
        assert_eq!(bits(play(4.0, |_| Ringing::default(), |_| true, voice)), bits(same));
    }

    #[test]
    fn a_new_note_is_struck_at_the_voices_level_loud_or_soft() {
        // A breath's dip at 1 s, then 6 dB louder; another at 2 s, then 15 dB softer.
        let level = |t: f32| match t {
            t if (0.95..1.0).contains(&t) || (1.95..2.0).contains(&t) => -45.0,
            t if t < 1.0 => -20.0,
            t if t < 2.0 => -14.0,
            _ => -29.0,
        };
        let levels = play(3.0, |_| GUITAR, |_| true, |t| (level(t), 220.0));
        assert!(at(&levels, 0.9) < -35.0);
        assert!((at(&levels, 1.012) + 14.0).abs() < 1.0, "{} dB", at(&levels, 1.012));
        assert!((at(&levels, 2.012) + 29.0).abs() < 1.0 && at(&levels, 2.9) < -44.0, "the soft note falls too");
    }

    #[test]
    fn a_leap_strikes_and_a_slide_rings_on() {
        let leap = |length: f32| {
            play(
                3.0,
                |_| GUITAR,
                |_| true,
                |t| (held(t).max(-20.0), 220.0 * (((t - 1.0) / length).clamp(0.0, 1.0) * 4.0 / 12.0).exp2()),
            )
        };
        let (leapt, slid) = (leap(0.05), leap(0.8));
        let struck = leapt[250..300].iter().copied().fold(f32::MIN, f32::max);
        assert!(struck > -20.5, "the leap strikes at {struck} dB");
        assert!(at(&leapt, 2.5) > at(&slid, 2.5) + 5.0, "{} and {} dB", at(&leapt, 2.5), at(&slid, 2.5));
        assert!(slid[250..].iter().all(|db| *db < -36.0));
    }

    #[test]
    fn nothing_jumps() {
        let kinds: [&dyn Fn(f32) -> Ringing; 3] = [
            &|_| GUITAR,
            // The instrument is changed for another, and back; shares fade as the ensemble's do.
            &|t| Ringing { share: ((2.0 - t) / 0.048).clamp(0.0, 1.0) + ((t - 2.5) / 0.048).clamp(0.0, 1.0), ..GUITAR },
            &|_| Ringing { share: 0.5, ..GUITAR },
        ];
        let voice = |t: f32| (held(t).max(-20.0), if t < 1.0 { 220.0 } else { 440.0 });
        for (n, kind) in kinds.into_iter().enumerate() {
            for own in [&|_| true, &(|t: f32| !(1.5..2.2).contains(&t)) as &dyn Fn(f32) -> bool] {
                let levels = play(3.0, kind, own, voice);
                let linear: Vec<f32> = levels.iter().map(|db| 10f32.powf(db / 20.0)).collect();
                let step = linear.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
                // The fastest that is wanted: a stroke in three frames.
                assert!(step < 0.36 * 0.1, "{n}: a step of {step}");
            }
        }
    }

    #[test]
    fn between_two_instruments_the_fall_lies_between() {
        let end = |ringing: Ringing| at(&play(2.0, |_| ringing, |_| true, |t| (held(t), 220.0)), 1.9) + 20.0;
        let half = end(Ringing { share: 0.5, ..GUITAR });
        assert!((half - 0.5 * end(GUITAR)).abs() < 0.1, "{half} dB");
    }

    #[test]
    fn broken_numbers_leave_no_trace() {
        let mut sustain = Sustain::new();
        let voice = Features { frame: 0, f0_hz: f32::NAN, confidence: 0.1, loudness_db: -20.0 };
        assert!(sustain.step(f32::NAN, &voice, Onset::Holds, GUITAR, true).is_nan());
        for f0_hz in [f32::NAN, f32::INFINITY, -1.0, 0.0] {
            let out = sustain.step(-20.0, &Features { f0_hz, confidence: 1.0, ..voice }, Onset::Holds, GUITAR, true);
            assert!(out.is_finite() && out <= -20.0 + RISE_DB, "{out}");
        }
        assert_eq!(sustain.step(-200.0, &voice, Onset::Holds, GUITAR, true), -200.0);
    }
}
