//! The room an instrument was recorded in, as its card tells it. Plain data, any thread.

use serde::{Deserialize, Serialize};
use syrinx_synth::RoomParams;

/// Longest reverberation that is believed, seconds: more is a hall, or the sound itself.
pub const MOST_RT60_S: f32 = 2.0;
/// Loudest room that is believed, dB against the steady sound that is in it.
pub const MOST_ROOM_DB: f32 = -10.0;

/// What sounds on when a note of the recordings has ended: below and above [`ROOM_SPLIT_HZ`](syrinx_synth::ROOM_SPLIT_HZ).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoomResponse {
    /// Reverberation time to -60 dB, seconds: above 0 and at most [`MOST_RT60_S`].
    pub rt60_s: [f32; 2],
    /// Level of what sounds on at the moment the note ends, dB against the note: -60 to [`MOST_ROOM_DB`].
    pub level_db: [f32; 2],
}

impl RoomResponse {
    /// Checks that it can be played.
    ///
    /// # Errors
    /// One sentence.
    pub fn check(&self) -> Result<(), String> {
        if !self.rt60_s.iter().all(|s| (0.01..=MOST_RT60_S).contains(s)) {
            return Err(format!("its room sounds on for other than 0.01 to {MOST_RT60_S} s"));
        }
        if !self.level_db.iter().all(|db| (-60.0..=MOST_ROOM_DB).contains(db)) {
            return Err(format!("its room is at other than -60 to {MOST_ROOM_DB} dB"));
        }
        Ok(())
    }

    /// As it is played.
    pub fn params(&self) -> RoomParams {
        RoomParams { rt60_s: self.rt60_s, level: self.level_db.map(|db| 10f32.powf(0.05 * db)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_played_is_refused() {
        let room = RoomResponse { rt60_s: [0.9, 0.5], level_db: [-10.0, -20.0] };
        assert_eq!(room.check(), Ok(()));
        assert!((room.params().level[1] - 0.1).abs() < 1e-6);
        let bad = [
            RoomResponse { rt60_s: [0.0, 0.5], ..room },
            RoomResponse { rt60_s: [f32::NAN, 0.5], ..room },
            RoomResponse { rt60_s: [0.5, 100.0], ..room },
            RoomResponse { level_db: [0.0, -20.0], ..room },
            RoomResponse { level_db: [-10.0, f32::NEG_INFINITY], ..room },
        ];
        assert!(bad.iter().all(|room| room.check().is_err()));
    }
}
