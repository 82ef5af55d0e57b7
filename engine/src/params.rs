//! What a player can set: one table of parameters, read by every face of Syrinx, and their values as plain numbers.

/// One parameter. Ids are for ever: sessions and scripts name them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Param {
    /// Stable identifier.
    pub id: &'static str,
    /// Name shown to people.
    pub name: &'static str,
    /// Unit of the value: `dB`, `st` (semitones), `%`, `dB/oct`.
    pub unit: &'static str,
    /// Least value.
    pub min: f32,
    /// Greatest value.
    pub max: f32,
    /// Value of a fresh instance.
    pub default: f32,
    /// What it does, in a sentence.
    pub help: &'static str,
}

macro_rules! params {
    ($($(#[doc = $help:literal])+ $field:ident: $name:literal, $unit:literal, $min:literal ..= $max:literal, $default:literal;)+) => {
        /// The values of all parameters, in their units.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct Settings { $($(#[doc = $help])+ pub $field: f32,)+ }

        impl Default for Settings {
            fn default() -> Self { Self { $($field: $default,)+ } }
        }

        /// All parameters, in the order that people see.
        pub const PARAMS: &[Param] = &[$(Param {
            id: stringify!($field), name: $name, unit: $unit, min: $min, max: $max, default: $default, help: concat!($($help),+).trim_ascii(),
        },)+];

        impl Settings {
            fn slot(&mut self, id: &str) -> Option<&mut f32> {
                match id { $(stringify!($field) => Some(&mut self.$field),)+ _ => None }
            }
        }
    };
}

params! {
    /// Gain of the voice before anything listens to it, dB.
    input_gain: "Input gain", "dB", -24.0..=24.0, 0.0;
    /// Voice below this A-weighted level, dB, fades to silence instead of being played.
    gate: "Gate", "dB", -100.0..=-20.0, -65.0;
    /// Transposition of the instrument against the voice, semitones.
    pitch_shift: "Pitch shift", "st", -24.0..=24.0, 0.0;
    /// How much louder than the voice the instrument is played, dB: it sounds louder, and plays as if blown or bowed harder.
    loudness: "Loudness", "dB", -24.0..=24.0, 0.0;
    /// Gain of the instrument's harmonics, dB; the least value is off.
    harmonics: "Harmonics", "dB", -60.0..=12.0, 0.0;
    /// Gain of the instrument's noise, dB; the least value is off.
    noise: "Noise", "dB", -60.0..=12.0, 0.0;
    /// How much of the voice's own unpitched sound, its breath and consonants, passes, per cent.
    breath: "Breath", "%", 0.0..=100.0, 0.0;
    /// Tilt of the harmonics about 1 kHz, dB per octave.
    brightness: "Brightness", "dB/oct", -6.0..=6.0, 0.0;
    /// Balance of the harmonics: -100 leaves the odd ones alone, +100 the even ones and the fundamental.
    even_odd: "Even/odd", "%", -100.0..=100.0, 0.0;
    /// Share of the instrument against the voice, in time with it, per cent.
    mix: "Dry/wet", "%", 0.0..=100.0, 100.0;
    /// Gain of the output, dB; the least value is off.
    output_gain: "Output gain", "dB", -60.0..=24.0, 0.0;
}

/// Why a setting was refused.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum SettingError {
    /// No parameter has this id.
    #[error("there is no parameter {0:?}; the parameters are {list}", list = ids())]
    Unknown(String),
    /// The value is not a number in the parameter's range.
    #[error("{id} takes {min} to {max} {unit}, not {given}")]
    OutOfRange {
        /// The parameter.
        id: &'static str,
        /// Its least value.
        min: f32,
        /// Its greatest value.
        max: f32,
        /// Its unit.
        unit: &'static str,
        /// What was asked for.
        given: String,
    },
}

fn ids() -> String {
    PARAMS.iter().map(|p| p.id).collect::<Vec<_>>().join(", ")
}

impl Settings {
    /// Sets the parameter `id` from text: a number, with or without the unit (`"-6"`, `"-6 dB"`, `"12 st"`).
    ///
    /// # Errors
    /// When there is no such parameter, or the text is not a number in its range; nothing is changed then.
    pub fn set(&mut self, id: &str, text: &str) -> Result<(), SettingError> {
        let param = PARAMS.iter().find(|p| p.id == id).ok_or_else(|| SettingError::Unknown(id.into()))?;
        let text = text.trim();
        let number = text.strip_suffix(param.unit).unwrap_or(text).trim();
        match number.parse::<f32>() {
            Ok(value) if (param.min..=param.max).contains(&value) => {
                *self.slot(id).expect("every parameter in the table has a slot") = value;
                Ok(())
            }
            _ => Err(SettingError::OutOfRange {
                id: param.id,
                min: param.min,
                max: param.max,
                unit: param.unit,
                given: text.into(),
            }),
        }
    }

    /// The same settings with every value finite and in its range: whatever a host sends is safe to play.
    pub fn sanitised(mut self) -> Self {
        for p in PARAMS {
            if let Some(value) = self.slot(p.id) {
                *value = if value.is_finite() { value.clamp(p.min, p.max) } else { p.default };
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_in_range() {
        assert_eq!(Settings::default().sanitised(), Settings::default());
        assert!(PARAMS.iter().all(|p| p.min <= p.default && p.default <= p.max && !p.help.is_empty()));
    }

    #[test]
    fn text_sets_a_value_with_or_without_its_unit() {
        let mut settings = Settings::default();
        settings.set("loudness", "-6 dB").unwrap();
        settings.set("pitch_shift", "12").unwrap();
        assert_eq!((settings.loudness, settings.pitch_shift), (-6.0, 12.0));
    }

    #[test]
    fn bad_settings_are_refused_in_words_and_change_nothing() {
        let mut settings = Settings::default();
        assert_eq!(settings.set("pitch_shift", "25").unwrap_err().to_string(), "pitch_shift takes -24 to 24 st, not 25");
        assert!(settings.set("mix", "NaN").is_err());
        assert!(settings.set("mix", "loud").is_err());
        assert!(
            settings
                .set("volume", "1")
                .unwrap_err()
                .to_string()
                .starts_with("there is no parameter \"volume\"; the parameters are input_gain")
        );
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn what_no_host_should_send_is_made_safe() {
        let wild = Settings { mix: f32::NAN, loudness: f32::INFINITY, pitch_shift: -400.0, ..Settings::default() };
        let safe = wild.sanitised();
        assert_eq!((safe.mix, safe.loudness, safe.pitch_shift), (100.0, 0.0, -24.0));
    }
}
