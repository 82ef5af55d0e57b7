//! Slips of the tracker: a few frames in the middle of a note of which it is not sure. Audio thread; plain arithmetic on one frame.
//!
//! No note has a hole of a hundredth of a second, and an instrument that played one would cut breath through its tone. A consonant begins so much
//! later; what is softer at once, as before a t, is no slip.

use syrinx_tracker::Features;

/// Most frames (12 ms) that are held as the one before them.
const SLIP_FRAMES: u32 = 3;
/// Frames with a pitch (32 ms) that make a note.
const NOTE_FRAMES: u32 = 8;
/// What has fallen by more than this since the note, dB, is its end.
const FALLEN_DB: f32 = 6.0;

/// Follows one voice.
#[derive(Clone, Copy, Debug)]
pub struct Slips {
    /// The last frame with a pitch.
    note: Features,
    /// Frames with a pitch that lasted until then, slips included, and frames since.
    sung: u32,
    slipped: u32,
}

impl Slips {
    pub const fn new() -> Self {
        let nobody = Features { frame: 0, f0_hz: 0.0, confidence: 0.0, loudness_db: 0.0 };
        Self { note: nobody, sung: 0, slipped: 0 }
    }

    /// The next frame of the stream; as sure of the note's pitch as it was, and no louder, where that slips for a moment.
    pub fn step(&mut self, voice: &Features) -> Features {
        if voice.confidence >= 0.5 {
            (self.note, self.slipped) = (*voice, 0);
            self.sung = self.sung.saturating_add(1);
            return *voice;
        }
        let Features { f0_hz, confidence, loudness_db, .. } = self.note;
        if self.sung >= NOTE_FRAMES && self.slipped < SLIP_FRAMES && voice.loudness_db >= loudness_db - FALLEN_DB {
            self.slipped += 1;
            return Features { f0_hz, confidence, loudness_db: voice.loudness_db.min(loudness_db), ..*voice };
        }
        self.sung = 0;
        *voice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(frames: &[(f32, f32)]) -> Vec<Features> {
        let mut slips = Slips::new();
        let frame = |(frame, (confidence, loudness_db)): (u64, &(f32, f32))| {
            let f0_hz = if *confidence < 0.5 { 1450.0 } else { 220.0 };
            slips.step(&Features { frame, f0_hz, confidence: *confidence, loudness_db: *loudness_db })
        };
        (0..).zip(frames).map(frame).collect()
    }

    #[test]
    fn a_note_has_no_hole_of_three_frames() {
        let mut frames = vec![(0.9, -20.0); 40];
        for at in [10, 20, 21, 30, 31, 32] {
            frames[at] = (0.1, -15.0);
        }
        for frame in play(&frames) {
            assert_eq!((frame.f0_hz, frame.confidence, frame.loudness_db), (220.0, 0.9, -20.0));
        }
    }

    #[test]
    fn a_consonant_and_the_end_of_a_note_pass() {
        let note = vec![(0.9, -20.0); 20];
        let heard = play(&[note.clone(), vec![(0.1, -15.0); 20]].concat());
        assert!(heard[20..23].iter().all(|f| f.confidence == 0.9 && f.loudness_db == -20.0));
        assert!(heard[23..].iter().all(|f| f.confidence == 0.1 && f.loudness_db == -15.0), "the s comes 12 ms later");
        let heard = play(&[note, vec![(0.1, -40.0); 20]].concat());
        assert!(heard[20..].iter().all(|f| f.confidence == 0.1), "a t");
        let heard = play(&[vec![(0.1, -30.0); 10], vec![(0.9, -20.0); 3], vec![(0.1, -20.0); 5]].concat());
        assert!(heard[13..].iter().all(|f| f.confidence == 0.1), "a squeak is no note");
    }
}
