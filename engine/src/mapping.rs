//! From the singer's features to the instrument's: transposition, loudness, and the gate. Audio thread; plain arithmetic.

use crate::Settings;
use syrinx_tracker::{Features, LOUDNESS_FLOOR_DB};

/// How steeply the gate closes: dB out per dB in below the threshold. An expander rather than a switch, so that soft note ends fade
/// instead of being chopped.
const GATE_SLOPE: f32 = 4.0;

/// The features the instrument is asked to play for those of the voice.
pub fn map(voice: &Features, settings: &Settings) -> Features {
    let under = (settings.gate - voice.loudness_db).max(0.0);
    let loudness_db = voice.loudness_db - (GATE_SLOPE - 1.0) * under + settings.loudness;
    Features {
        frame: voice.frame,
        f0_hz: voice.f0_hz * (settings.pitch_shift / 12.0).exp2(),
        confidence: voice.confidence,
        loudness_db: if voice.loudness_db <= LOUDNESS_FLOOR_DB { LOUDNESS_FLOOR_DB } else { loudness_db.max(LOUDNESS_FLOOR_DB) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOICE: Features = Features { frame: 7, f0_hz: 220.0, confidence: 0.9, loudness_db: -30.0 };

    #[test]
    fn transposes_and_plays_louder() {
        let out = map(&VOICE, &Settings { pitch_shift: 12.0, loudness: 6.0, ..Settings::default() });
        assert_eq!(out, Features { f0_hz: 440.0, loudness_db: -24.0, ..VOICE });
    }

    #[test]
    fn the_gate_fades_what_lies_under_it_without_a_step() {
        let settings = Settings { gate: -50.0, ..Settings::default() };
        let at = |loudness_db| map(&Features { loudness_db, ..VOICE }, &settings).loudness_db;
        assert_eq!(at(-50.0), -50.0);
        assert_eq!(at(-60.0), -90.0);
        assert!((at(-50.01) - at(-49.99)).abs() < 0.1);
        assert_eq!(at(LOUDNESS_FLOOR_DB), LOUDNESS_FLOOR_DB);
    }

    #[test]
    fn silence_stays_silence_however_loud_the_instrument_is_set() {
        let silence = Features { loudness_db: LOUDNESS_FLOOR_DB, ..VOICE };
        assert_eq!(map(&silence, &Settings { loudness: 24.0, ..Settings::default() }).loudness_db, LOUDNESS_FLOOR_DB);
    }
}
