//! What a player can set: one table of parameters, read by every face of Syrinx, and their values, each of its type.

#[macro_use]
mod table;
mod choir;
mod keys;
mod settings;

pub use choir::{ChordFrom, PARTS, PartRows, PartRule, PartSettings};
pub(crate) use keys::MOST_VOICES;
pub use keys::{Dynamics, KEY_PARAMS, KeyMode, KeyParamId, KeyPriority, KeySettings, VibratoFrom};
pub use settings::{NoteBend, NoteLoudness, NoteOutput, PARAMS, ParamId, PitchFrom, Settings, SustainedBy};

/// Most instruments that a number can name: instrument parameters run from 0 to this.
pub const MAX_INSTRUMENT: u8 = 127;
/// The number of an instrument of the player's own, read from a file; every other number is a factory instrument's.
pub const OWN_INSTRUMENT: u8 = MAX_INSTRUMENT;
/// Names of the pitch classes, by semitones above C.
pub const KEYS: &[&str] = &["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

/// What the values of a parameter mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A number; hosts and people step it by this much.
    Number {
        /// Smallest step worth hearing.
        step: f32,
        /// Knobs and automation run by ratios rather than by differences, as frequencies are heard.
        logarithmic: bool,
    },
    /// One of these, by index. Where the greatest value lies beyond them, it leaves room for those of later versions, which this one plays as
    /// the first.
    Choice(&'static [&'static str]),
    /// 0 is off, 1 is on.
    Switch,
    /// The number of an instrument, 0 to [`MAX_INSTRUMENT`].
    Instrument,
}

/// One parameter. Ids are for ever: sessions and scripts name them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Param {
    /// Stable identifier.
    pub id: &'static str,
    /// Name shown to people.
    pub name: &'static str,
    /// Group it is shown in.
    pub group: &'static str,
    /// Unit of the value: `dB`, `st` (semitones), `%`, `dB/oct`; empty for choices.
    pub unit: &'static str,
    /// What its values mean.
    pub kind: Kind,
    /// Least value.
    pub min: f32,
    /// Greatest value.
    pub max: f32,
    /// Value of a fresh instance.
    pub default: f32,
    /// Whether it is the session's rather than the sound's: how the voice is heard, and what presets leave as it is.
    pub session: bool,
    /// What it does, in a sentence.
    pub help: &'static str,
}

impl Param {
    /// Whether [`OWN_INSTRUMENT`] means the instrument that the lead plays, rather than one of a file of its own.
    pub fn follows_lead(&self) -> bool {
        self.kind == Kind::Instrument && self.default as u8 == OWN_INSTRUMENT
    }

    /// The value as people read it, without the unit: `-6.0`, `Off`, `Studio`. Instruments show their number.
    ///
    /// ```
    /// use syrinx_engine::ParamId;
    ///
    /// let gain = ParamId::output_gain.param();
    /// assert_eq!((gain.display(-6.0), gain.display(gain.min)), ("-6.0".into(), "Off".into()));
    /// assert_eq!(gain.parse("-6 dB"), Some(-6.0));
    /// ```
    pub fn display(&self, value: f32) -> String {
        match self.kind {
            Kind::Choice(names) => match names.get(value.max(0.0) as usize) {
                Some(name) => (*name).into(),
                None => format!("None ({value:.0})"),
            },
            Kind::Switch => if value >= 0.5 { "On" } else { "Off" }.into(),
            Kind::Instrument => format!("{value:.0}"),
            Kind::Number { .. } if self.silences() && value <= self.min => "Off".into(),
            Kind::Number { step, .. } => {
                let decimals = (-step.log10()).ceil().max(0.0) as usize;
                let text = format!("{value:.decimals$}");
                // No reader needs a negative nothing.
                if text.trim_start_matches('-').bytes().all(|b| matches!(b, b'0' | b'.')) {
                    text.trim_start_matches('-').into()
                } else {
                    text
                }
            }
        }
    }

    /// Where a value lies between the least and the greatest, 0 to 1, as knobs show it and hosts automate it.
    pub fn normalized(&self, value: f32) -> f32 {
        if self.is_logarithmic() {
            (value / self.min).ln() / (self.max / self.min).ln()
        } else {
            (value - self.min) / (self.max - self.min)
        }
    }

    /// The value that lies there, to the parameter's step where it is logarithmic.
    pub fn plain(&self, normalized: f32) -> f32 {
        match self.kind {
            Kind::Number { step, logarithmic: true } => {
                let value = self.min * (normalized * (self.max / self.min).ln()).exp();
                let steps = step.recip().round();
                ((value * steps).round() / steps).clamp(self.min, self.max)
            }
            _ => self.min + normalized * (self.max - self.min),
        }
    }

    /// Whether its values run by ratios.
    pub fn is_logarithmic(&self) -> bool {
        matches!(self.kind, Kind::Number { logarithmic: true, .. })
    }

    /// Whether the least value is silence rather than a level.
    pub fn silences(&self) -> bool {
        self.unit == "dB" && self.min == OFF_DB
    }
}

/// Gains that go down to this are off there, dB.
pub(crate) const OFF_DB: f32 = -60.0;

/// Why a setting was refused.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum SettingError {
    /// No parameter has this id.
    #[error("there is no parameter {id:?}; the parameters are {list}", list = ids(known))]
    Unknown {
        /// What was asked for.
        id: String,
        /// Those there are.
        known: &'static [Param],
    },
    /// The value is not a number in the parameter's range.
    #[error("{id} takes {takes}, not {given}")]
    OutOfRange {
        /// The parameter.
        id: &'static str,
        /// The values it takes, in words.
        takes: String,
        /// What was asked for.
        given: String,
    },
}

fn ids(known: &[Param]) -> String {
    known.iter().map(|p| p.id).collect::<Vec<_>>().join(", ")
}

impl SettingError {
    fn out_of_range(param: &Param, text: &str) -> Self {
        // It may be pasted, and goes to a terminal or a line of the window.
        let given = text.trim().chars().filter(|c| !c.is_control()).take(40).collect();
        Self::OutOfRange { id: param.id, takes: param.takes(), given }
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
        settings.set("pitch_shift", "-1 oct").unwrap();
        settings.set("harmonics", "off").unwrap();
        settings.set("snap_key", "f#").unwrap();
        settings.set("bypass", "on").unwrap();
        assert_eq!((settings.pitch_shift, settings.harmonics, settings.snap_key, settings.bypass), (-12.0, -60.0, 6, true));
        settings.set("pitch_shift", "-50 ct").unwrap();
        settings.set("brightness", "1.5 dB/oct").unwrap();
        settings.set("voice_low", "A2").unwrap();
        settings.set("voice_high", "b♭4").unwrap();
        assert_eq!((settings.voice_low, settings.voice_high.round()), (110.0, 466.0));
        settings.set("voice_low", "98 Hz").unwrap();
        assert_eq!(settings.voice_low, 98.0);
        assert!(settings.set("voice_low", "h2").is_err() && settings.set("voice_low", "c11").is_err());
        assert_eq!((settings.pitch_shift, settings.brightness), (-0.5, 1.5));
    }

    #[test]
    fn values_read_as_people_write_them_and_back() {
        for p in PARAMS {
            for value in [p.min, p.default, p.max, (p.min + (p.max - p.min) / 3.0).round()] {
                let text = format!("{} {}", p.display(value), p.unit);
                let back = p.parse(&text).unwrap_or_else(|| panic!("{}: {text:?}", p.id));
                let step = if let Kind::Number { step, .. } = p.kind { step } else { 1.0 };
                assert!(
                    (back - value).abs() <= 0.51 * step.max(1.0),
                    "{}: {value} reads {text:?} and comes back as {back}",
                    p.id
                );
                assert_eq!(p.parse(&format!("{} {}", p.display(back), p.unit)), Some(back), "{}", p.id);
            }
        }
        let shift = PARAMS.iter().find(|p| p.id == "pitch_shift").unwrap();
        assert_eq!((shift.display(-0.004), shift.display(7.0)), ("0.00".into(), "7.00".into()));
    }

    #[test]
    fn bad_settings_are_refused_in_words_and_change_nothing() {
        let mut settings = Settings::default();
        assert_eq!(settings.set("pitch_shift", "25").unwrap_err().to_string(), "pitch_shift takes -24 to 24 st, not 25");
        assert!(settings.set("mix", "NaN").is_err());
        assert!(settings.set("mix", "loud").is_err());
        assert_eq!(settings.set("bypass", "perhaps").unwrap_err().to_string(), "bypass takes on or off, not perhaps");
        assert!(settings.set("latency_mode", "quick").unwrap_err().to_string().contains("Live, Studio"));
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
    fn a_value_and_its_place_lead_to_each_other() {
        for p in PARAMS {
            assert_eq!([p.plain(0.0), p.plain(1.0)], [p.min, p.max], "{}", p.id);
            assert!((p.normalized(p.plain(0.3)) - 0.3).abs() < 1e-3, "{}", p.id);
            assert_eq!(p.plain(p.normalized(p.default)), p.default, "{}", p.id);
        }
        let lowest = ParamId::voice_low.param();
        // Octaves are as wide everywhere.
        assert!(
            (lowest.normalized(200.0) - lowest.normalized(100.0) - lowest.normalized(2000.0) + lowest.normalized(1000.0)).abs()
                < 1e-6
        );
    }

    #[test]
    fn a_list_has_room_for_what_later_versions_know() {
        let scale = ParamId::snap_scale.param();
        assert_eq!((scale.display(10.0), scale.display(20.0)), ("Whole tone".into(), "None (20)".into()));
        assert_eq!((scale.parse("None (20)"), scale.parse("32")), (Some(20.0), None));
    }

    #[test]
    fn what_no_host_should_send_is_made_safe() {
        let wild = Settings { mix: f32::NAN, loudness: f32::INFINITY, pitch_shift: -400.0, ..Settings::default() };
        let safe = wild.sanitised();
        assert_eq!((safe.mix, safe.loudness, safe.pitch_shift), (100.0, 0.0, -24.0));
        let mut put = Settings::default();
        ParamId::ALL.iter().for_each(|id| put.put(*id, f32::NAN));
        assert_eq!((put, Settings::from_values(|_| f32::INFINITY)), (Settings::default(), Settings::default()));
    }
}
