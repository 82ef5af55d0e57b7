//! From the singer's features to the instrument's: transposition, snap, fit, loudness, gate, sustain and attack. Audio thread; plain
//! arithmetic on one frame, with the memory that snap, fit, sustain and attack need.

use crate::{
    Settings,
    attack::SoftAttack,
    auto_range::{AutoRange, AutoRangeSettings, FitTarget, Shift},
    lift::Lift,
    notes::Sung,
    snap::{Snap, SnapSettings},
    sustain::{Ringing, Sustain},
};
use syrinx_tracker::{Features, LOUDNESS_FLOOR_DB};

/// What a part is asked to play over a frame, whoever asks.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// As the voice's, with pitch and loudness as the instrument plays them.
    pub features: Features,
    /// Pitch before the transposition by `pitch_shift`, Hz.
    pub unshifted_hz: f32,
    /// What octave fit and auto range have added, in it already.
    pub fitted: Shift,
    /// How much louder it sounds than that loudness, dB: what auto range has added is how hard the instrument is played, and is taken off
    /// again; strokes that die away are lifted by as much as they fall.
    pub level_db: f32,
}

/// A voice that is silent.
pub const SILENT: Features = Features { frame: 0, f0_hz: 0.0, confidence: 0.0, loudness_db: LOUDNESS_FLOOR_DB };

/// Maps one stream's frames, in order.
pub struct Mapping {
    snap: Snap,
    fit: AutoRange,
    sustain: Sustain,
    attack: SoftAttack,
    lift: Lift,
}

impl Mapping {
    pub fn new() -> Self {
        Self {
            snap: Snap::new(),
            fit: AutoRange::new(),
            sustain: Sustain::new(),
            attack: SoftAttack::new(),
            lift: Lift::default(),
        }
    }

    pub fn reset(&mut self) {
        self.snap.reset();
        self.fit.reset();
        self.sustain.reset();
        self.attack.reset();
        self.lift.reset();
    }

    /// What is to be played for what is `sung`, by an instrument that was trained on `target` and dies away as `ringing` says; `shift_st` and
    /// `loudness_db` are those two settings, gliding, at the moment that the frame describes.
    pub fn map(
        &mut self,
        sung: &Sung,
        settings: &Settings,
        target: FitTarget,
        ringing: Ringing,
        shift_st: f32,
        loudness_db: f32,
    ) -> Wish {
        let Sung { voice, gated_db, floor_db, onset, .. } = sung;
        let fit = AutoRangeSettings { auto_range: settings.auto_range, octave_fit: settings.octave_fit };
        let fitted = self.fit.step(voice, target, *floor_db, fit);
        let voiced = voice.confidence >= 0.5;
        let octave_hz = if fitted.semitones == 0.0 { voice.f0_hz } else { voice.f0_hz * (fitted.semitones / 12.0).exp2() };
        let (key, scale) = (settings.snap_key.into(), settings.snap_scale.into());
        let snap =
            SnapSettings { amount: settings.snap / 100.0, key, scale, vibrato: settings.vibrato / 100.0, a4_hz: settings.a4 };
        let unshifted_hz = self.snap.step(octave_hz, voiced, snap);

        let sustained = self.sustain.step(*gated_db, voice, *onset, ringing, settings.sustains_as_instrument());
        let lifted_db = self.lift.step(*gated_db, sustained, ringing, settings.sustains_as_instrument());
        let soft = self.attack.step(sustained, settings.attack / 100.0);
        let level = if voice.loudness_db <= LOUDNESS_FLOOR_DB {
            LOUDNESS_FLOOR_DB
        } else {
            (soft + fitted.loudness_db + loudness_db).max(LOUDNESS_FLOOR_DB)
        };
        Wish {
            features: Features { f0_hz: unshifted_hz * (shift_st / 12.0).exp2(), loudness_db: level, ..*voice },
            unshifted_hz,
            fitted,
            level_db: lifted_db - fitted.loudness_db,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notes::Notes;

    const VOICE: Features = Features { frame: 7, f0_hz: 220.0, confidence: 0.9, loudness_db: -30.0 };
    const TARGET: FitTarget = FitTarget { pitch_range_hz: [200.0, 2000.0], loudness_range_db: [-40.0, -10.0] };

    /// What comes of a voice, by way of what is sung.
    struct Way(Notes, Mapping);

    impl Way {
        fn new() -> Self {
            Self(Notes::new(), Mapping::new())
        }

        fn map(&mut self, voice: &Features, settings: &Settings, shift_st: f32, loudness_db: f32) -> Wish {
            let sung = self.0.hear(voice, (*voice, 0), settings, &mut |_| {});
            self.1.map(&sung, settings, TARGET, Ringing::default(), shift_st, loudness_db)
        }
    }

    fn map(voice: &Features, settings: &Settings) -> Features {
        Way::new().map(voice, settings, settings.pitch_shift, settings.loudness).features
    }

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
    fn the_adaptive_gate_silences_the_room_and_keeps_soft_notes() {
        let settings = Settings::default();
        let hiss = Features { confidence: 0.0, loudness_db: -50.0, ..VOICE };
        let play = |settings: &Settings, voice: &Features| {
            let mut mapping = Way::new();
            for _ in 0..1500 {
                mapping.map(&hiss, settings, 0.0, 0.0);
            }
            mapping.map(voice, settings, 0.0, 0.0).features.loudness_db
        };
        assert!(play(&settings, &hiss) < -70.0, "the room plays along");
        let soft = Features { loudness_db: -48.0, ..VOICE };
        assert_eq!(play(&settings, &soft), -48.0, "a soft note is lost in the room");
        assert_eq!(play(&Settings { auto_gate: false, ..settings }, &hiss), -50.0, "the gate is overridden");
    }

    #[test]
    fn auto_range_plays_harder_and_sounds_no_louder() {
        let settings = Settings { auto_range: true, loudness: 5.0, ..Settings::default() };
        let mut mapping = Way::new();
        let mut out = mapping.map(&VOICE, &settings, 0.0, 5.0);
        for _ in 0..500 {
            out = mapping.map(&VOICE, &settings, 0.0, 5.0);
        }
        assert!((out.features.loudness_db + 20.0).abs() < 1.0, "played at {} dB", out.features.loudness_db);
        assert!((out.features.loudness_db + out.level_db + 25.0).abs() < 1e-3, "and as loud as the voice and what was set");
    }

    #[test]
    fn silence_stays_silence_however_loud_the_instrument_is_set() {
        let silence = Features { loudness_db: LOUDNESS_FLOOR_DB, ..VOICE };
        assert_eq!(map(&silence, &Settings { loudness: 24.0, ..Settings::default() }).loudness_db, LOUDNESS_FLOOR_DB);
    }

    #[test]
    fn octave_fit_and_snap_work_on_the_voice_before_the_transposition() {
        let low = Features { f0_hz: 66.0, ..VOICE };
        let settings = Settings { octave_fit: true, snap: 100.0, pitch_shift: 7.0, ..Settings::default() };
        let mut mapping = Way::new();
        let mut out = mapping.map(&low, &settings, 7.0, 0.0);
        for _ in 0..250 {
            out = mapping.map(&low, &settings, 7.0, 0.0);
        }
        // 66 Hz is 16 cents over C2; the octave of C that lies in the range, and a fifth above it.
        let cents = 1200.0 * (out.unshifted_hz / 261.626).log2();
        assert!(cents.abs() < 3.0, "{} Hz", out.unshifted_hz);
        assert!((out.features.f0_hz / out.unshifted_hz - (7.0_f32 / 12.0).exp2()).abs() < 1e-5);
        assert_eq!((out.fitted.semitones, out.fitted.loudness_db), (24.0, 0.0), "and what was fitted is told");
    }
}
