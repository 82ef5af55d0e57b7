//! How loud the room is when nobody sings: what lies at that level is not the voice. Audio thread; plain arithmetic on one frame.

use syrinx_tracker::{FRAME_RATE_HZ, Features, LOUDNESS_FLOOR_DB};

/// Below this confidence nobody sings.
const UNVOICED: f32 = 0.3;
/// The level is averaged over this before it counts, s: hiss fluctuates from frame to frame.
const SMOOTH_S: f32 = 0.06;
/// What is quieter than the floor pulls it down at this pace, s: silence shows the floor, whatever sounded before.
const FALL_S: f32 = 0.08;
/// What is louder lifts it at this pace, s: a breath or a sibilant is over before it has, a fan is not.
const RISE_S: f32 = 1.5;
/// A room is steady: what strays this far from its own average is somebody, dB.
const STEADY_DB: f32 = 6.0;

/// The level of the room, from the frames of one stream.
#[derive(Clone, Copy, Debug)]
pub struct NoiseFloor {
    level_db: f32,
    /// Average of the level since the last voiced frame, dB; none just after one.
    average_db: Option<f32>,
}

impl NoiseFloor {
    pub fn new() -> Self {
        Self { level_db: LOUDNESS_FLOOR_DB, average_db: None }
    }

    /// Takes one more frame; the A-weighted level of the room, dB.
    pub fn step(&mut self, voice: &Features) -> f32 {
        let pace = |seconds: f32| 1.0 / (seconds * FRAME_RATE_HZ as f32);
        if voice.confidence >= UNVOICED {
            self.average_db = None;
            return self.level_db;
        }
        let level = voice.loudness_db.max(LOUDNESS_FLOOR_DB);
        let average = self.average_db.get_or_insert(level);
        *average += pace(SMOOTH_S) * (level - *average);
        let distance = *average - self.level_db;
        if distance < 0.0 {
            self.level_db += pace(FALL_S) * distance;
        } else if (level - *average).abs() < STEADY_DB {
            self.level_db += pace(RISE_S) * distance;
        }
        self.level_db
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(confidence: f32, loudness_db: f32) -> Features {
        Features { frame: 0, f0_hz: 220.0, confidence, loudness_db }
    }

    fn after(floor: &mut NoiseFloor, seconds: f32, confidence: f32, level: impl Fn(usize) -> f32) -> f32 {
        (0..(seconds * FRAME_RATE_HZ as f32) as usize).map(|n| floor.step(&frame(confidence, level(n)))).last().unwrap()
    }

    #[test]
    fn a_steady_room_is_found_and_left_behind() {
        let mut floor = NoiseFloor::new();
        let hiss = |n: usize| -50.0 + 2.0 * ((n * 7919 % 13) as f32 / 6.0 - 1.0);
        let found = after(&mut floor, 6.0, 0.0, hiss);
        assert!((found + 50.0).abs() < 2.5, "{found}");
        let quiet = after(&mut floor, 0.5, 0.0, |_| -90.0);
        assert!(quiet < -85.0, "{quiet}");
    }

    #[test]
    fn a_breath_or_a_voice_is_no_room() {
        let mut floor = NoiseFloor::new();
        after(&mut floor, 2.0, 0.0, |_| -75.0);
        let breath = after(&mut floor, 0.4, 0.0, |_| -40.0);
        assert!(breath < -60.0, "{breath}");
        let before = floor.step(&frame(0.0, -75.0));
        assert_eq!(after(&mut floor, 5.0, 0.9, |_| -20.0), before);
        // Speech that is whispered comes and goes.
        let whisper = after(&mut floor, 5.0, 0.0, |n| if n / 30 % 2 == 0 { -45.0 } else { -70.0 });
        assert!(whisper < -55.0, "{whisper}");
    }
}
