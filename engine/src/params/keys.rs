//! How keys are played: what a keyboard has and a voice has not.

use super::{
    Kind, Param, SettingError,
    table::{Value, choice, finite},
};

/// Most notes that sound at once.
pub const MOST_VOICES: usize = 16;
/// A key struck in the middle, at velocity 80, plays the instrument as it usually was at that pitch.
const USUAL_VELOCITY: f32 = 80.0 / 127.0;

/// Marks what is the session's: what is the controller's rather than the sound's.
const SESSION: bool = true;

/// How many notes sound at once, and how they follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyMode {
    /// Up to [`KeySettings::voices`] at once.
    Poly,
    /// One: a new key while another is held begins a new note.
    Mono,
    /// One: a new key while another is held goes on with the same breath, bow or stroke.
    Legato,
}

impl Value for KeyMode {
    fn number(self) -> f32 {
        f32::from(self as u8)
    }

    fn of(number: f32) -> Self {
        choice(&[Self::Poly, Self::Mono, Self::Legato], number)
    }
}

/// Which of the keys that are held sounds, where only one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPriority {
    /// The one that was struck last.
    Last,
    /// The highest.
    High,
    /// The lowest.
    Low,
}

impl Value for KeyPriority {
    fn number(self) -> f32 {
        f32::from(self as u8)
    }

    fn of(number: f32) -> Self {
        choice(&[Self::Last, Self::High, Self::Low], number)
    }
}

/// What says how hard a note is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dynamics {
    /// How hard its key was struck.
    Velocity,
    /// The modulation wheel (controller 1), all the time.
    Wheel,
    /// Breath (controller 2).
    Breath,
    /// Expression (controller 11).
    Expression,
    /// Pressure.
    Pressure,
}

/// What adds vibrato to that of the recorded players.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VibratoFrom {
    /// The modulation wheel, or pressure on the whole keyboard.
    WheelOrPressure,
    /// The modulation wheel.
    Wheel,
    /// Pressure.
    Pressure,
    /// Nothing.
    Players,
}

/// Room for what later versions know: the range of a parameter is for ever.
const MOST_SOURCES: f32 = 7.0;

params! {
    /// How keys are played.
    KeySettings, KeyParamId, KEY_PARAMS;
    "Keys" {
        /// How many notes sound at once, and how they follow one another: many; one, which every key begins anew; or one that goes on with the same breath, bow or
        /// stroke while a key is held.
        key_mode: KeyMode, "Key mode", "", Kind::Choice(&["Poly", "Mono", "Legato"]), 0.0, 2.0, 0.0;
        /// Most notes at once where there are many.
        voices: u8, "Voices", "", Kind::Number { step: 1.0, logarithmic: false }, 1.0, MOST_VOICES as f32, MOST_VOICES as f32;
        /// Which of the keys that are held sounds where only one does.
        key_priority: KeyPriority, "Key priority", "", Kind::Choice(&["Last", "High", "Low"]), 0.0, 2.0, 0.0;
        /// How long the pitch takes from note to note, seconds.
        glide: f32, "Glide", "s", Kind::Number { step: 0.001, logarithmic: false }, 0.0, 2.0, 0.0;
        /// Every note glides from the one before; off, only those that are struck while another key is held do.
        glide_always: bool, "Glide always", "", Kind::Switch, 0.0, 1.0, 0.0;
        /// The glide is a pace: an octave takes the time that is set, and less takes less.
        glide_pace: bool, "Glide by pace", "", Kind::Switch, 0.0, 1.0, 0.0;
        /// How far the pitch wheel bends, semitones, until a controller says otherwise.
        bend_range: f32, "Bend range", "st", Kind::Number { step: 0.01, logarithmic: false }, 0.0, 96.0, 2.0, SESSION;
        /// Each note has a channel of its own, as MPE controllers play.
        mpe: bool, "MPE", "", Kind::Switch, 0.0, 1.0, 0.0, SESSION;
        /// How much louder the hardest stroke is than the softest, dB.
        velocity_range: f32, "Velocity range", "dB", Kind::Number { step: 0.1, logarithmic: false }, 0.0, 60.0, 30.0;
        /// Bend of the velocity curve: above 0 a light touch gives more, under 0 less.
        velocity_curve: f32, "Velocity curve", "", Kind::Number { step: 0.01, logarithmic: false }, -2.0, 2.0, 0.0, SESSION;
        /// What says how hard a note is played: how hard its key was struck; or, all the time, the wheel, breath, expression or pressure, by the velocity's range and curve and down to
        /// silence.
        dynamics: u8, "Dynamics from", "", Kind::Choice(&["Velocity", "Wheel", "Breath", "Expression", "Pressure"]), 0.0, MOST_SOURCES, 0.0, SESSION;
        /// What adds vibrato to that of the recorded players, where it does not say how hard notes are played.
        vibrato_from: u8, "Vibrato from", "", Kind::Choice(&["Wheel or pressure", "Wheel", "Pressure", "Players alone"]), 0.0, MOST_SOURCES, 0.0, SESSION;
    }
}

impl KeySettings {
    /// What says how hard notes are played; what only later versions know is the velocity here.
    pub fn dynamics_from(&self) -> Dynamics {
        let known = [Dynamics::Velocity, Dynamics::Wheel, Dynamics::Breath, Dynamics::Expression, Dynamics::Pressure];
        known.get(usize::from(self.dynamics)).copied().unwrap_or(Dynamics::Velocity)
    }

    /// What adds vibrato; what only later versions know is the wheel or pressure here.
    pub fn vibrato_source(&self) -> VibratoFrom {
        let known = [VibratoFrom::WheelOrPressure, VibratoFrom::Wheel, VibratoFrom::Pressure, VibratoFrom::Players];
        known.get(usize::from(self.vibrato_from)).copied().unwrap_or(VibratoFrom::WheelOrPressure)
    }

    /// How much harder than is usual a velocity, 0 to 1, plays, dB.
    pub fn harder_db(&self, velocity: f32) -> f32 {
        self.velocity_range * (velocity.clamp(0.0, 1.0).powf((-self.velocity_curve).exp2()) - USUAL_VELOCITY)
    }

    /// The velocity, 0 to 1, that plays so much harder than is usual, dB, or as nearly so as one can.
    ///
    /// ```
    /// let keys = syrinx_engine::KeySettings { velocity_curve: 0.5, ..Default::default() };
    /// assert!((keys.harder_db(keys.velocity_of(-7.0)) + 7.0).abs() < 1e-3);
    /// assert_eq!(keys.velocity_of(40.0), 1.0);
    /// ```
    pub fn velocity_of(&self, harder_db: f32) -> f32 {
        let straight = USUAL_VELOCITY + harder_db / self.velocity_range.max(f32::MIN_POSITIVE);
        straight.clamp(0.0, 1.0).powf(self.velocity_curve.exp2())
    }

    /// How long a glide over an interval takes, s.
    pub(crate) fn glide_over(&self, semitones: f32) -> f32 {
        if self.glide_pace { self.glide * semitones.abs() / 12.0 } else { self.glide }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::PARAMS;

    #[test]
    fn what_is_typed_is_read_back_and_no_id_is_another_tables() {
        let mut keys = KeySettings::default();
        for (id, text) in
            [("key_mode", "legato"), ("voices", "8"), ("glide", "250 ms"), ("bend_range", "1 octave"), ("mpe", "on")]
        {
            keys.set(id, text).unwrap();
        }
        assert_eq!((keys.key_mode, keys.voices, keys.glide, keys.bend_range, keys.mpe), (KeyMode::Legato, 8, 0.25, 12.0, true));
        assert_eq!(keys.set("glide", "3").unwrap_err().to_string(), "glide takes 0 to 2 s, not 3");
        assert!(
            keys.set("mix", "3")
                .unwrap_err()
                .to_string()
                .starts_with("there is no parameter \"mix\"; the parameters are key_mode")
        );
        assert!(KEY_PARAMS.iter().all(|row| PARAMS.iter().all(|other| other.id != row.id)));
        for (row, value) in KeySettings::default().rows() {
            assert_eq!(row.parse(&row.display(value)), Some(value), "{}", row.id);
            assert_eq!(row.plain(row.normalized(row.default)), row.default, "{}", row.id);
        }
    }

    #[test]
    fn what_no_player_wants_is_made_harmless() {
        let wild = KeySettings { voices: 0, glide: f32::NAN, bend_range: f32::INFINITY, ..KeySettings::default() };
        assert_eq!(wild.sanitised(), KeySettings { voices: 1, ..KeySettings::default() });
    }
}
