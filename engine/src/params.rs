//! What a player can set: one table of parameters, read by every face of Syrinx, and their values, each of its type.

use syrinx_tracker::{LatencyMode, TrackerConfig};

use crate::snap::SCALES;

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

/// What a parameter can be, and its number in the table, in sessions and for hosts.
trait Value: Copy {
    fn number(self) -> f32;
    /// Whatever the number is, something that can be.
    fn of(number: f32) -> Self;
}

impl Value for f32 {
    fn number(self) -> f32 {
        self
    }

    fn of(number: f32) -> Self {
        number
    }
}

impl Value for bool {
    fn number(self) -> f32 {
        f32::from(u8::from(self))
    }

    fn of(number: f32) -> Self {
        number >= 0.5
    }
}

/// A place in a list, or the number of an instrument.
impl Value for u8 {
    fn number(self) -> f32 {
        self.into()
    }

    fn of(number: f32) -> Self {
        number as Self
    }
}

impl Value for LatencyMode {
    fn number(self) -> f32 {
        match self {
            Self::Live => 0.0,
            Self::Studio => 1.0,
        }
    }

    fn of(number: f32) -> Self {
        if number >= 0.5 { Self::Studio } else { Self::Live }
    }
}

/// Who sustains a held note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SustainedBy {
    /// A plucked or struck instrument dies away of its own until the next note.
    Instrument,
    /// Every instrument follows the voice.
    Voice,
}

impl Value for SustainedBy {
    fn number(self) -> f32 {
        match self {
            Self::Instrument => 0.0,
            Self::Voice => 1.0,
        }
    }

    fn of(number: f32) -> Self {
        if number >= 0.5 { Self::Voice } else { Self::Instrument }
    }
}

/// The number, or else the default.
fn finite(number: f32, default: f32) -> f32 {
    if number.is_finite() { number } else { default }
}

macro_rules! params {
    ($($group:literal { $($(#[doc = $help:literal])+ $field:ident: $type:ty, $name:literal, $unit:literal, $kind:expr, $min:expr, $max:expr, $default:expr $(, $session:expr)?;)+ })+) => {
        /// The values of all parameters, numbers in their units.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct Settings { $($($(#[doc = $help])+ pub $field: $type,)+)+ }

        impl Default for Settings {
            fn default() -> Self { Self { $($($field: Value::of($default),)+)+ } }
        }

        /// All parameters, in the order that people see.
        pub const PARAMS: &[Param] = &[$($(Param {
            id: stringify!($field), name: $name, group: $group, unit: $unit, kind: $kind, min: $min, max: $max, default: $default,
            session: false $(|| $session)?, help: concat!($($help),+).trim_ascii(),
        },)+)+];

        /// Names a parameter of the table: what is misspelt does not compile. The names are the ids.
        #[allow(non_camel_case_types, missing_docs)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ParamId { $($($field,)+)+ }

        impl ParamId {
            /// All of them, in the order of [`PARAMS`].
            pub const ALL: &[Self] = &[$($(Self::$field,)+)+];
        }

        impl Settings {
            /// The number of a parameter's value, as the table has it: in its unit; choices by index, switches 0 or 1.
            pub fn get(&self, id: ParamId) -> f32 {
                match id { $($(ParamId::$field => self.$field.number(),)+)+ }
            }

            /// Gives a parameter the value of this number; what is none is the default.
            pub fn put(&mut self, id: ParamId, number: f32) {
                let number = finite(number, id.param().default);
                match id { $($(ParamId::$field => self.$field = Value::of(number),)+)+ }
            }

            /// The settings whose numbers are `value(at)`, for each place `at` in [`PARAMS`].
            pub fn from_values(value: impl Fn(usize) -> f32) -> Self {
                let mut at = 0;
                $($(let $field = Value::of(finite(value(at), $default)); at += 1;)+)+
                debug_assert_eq!(at, PARAMS.len());
                Self { $($($field,)+)+ }
            }
        }
    };
}

const DECIBEL: Kind = Kind::Number { step: 0.1, logarithmic: false };
const PERCENT: Kind = Kind::Number { step: 0.1, logarithmic: false };
const HERTZ: Kind = Kind::Number { step: 0.1, logarithmic: true };
const CENT: Kind = Kind::Number { step: 0.01, logarithmic: false };
/// A list of scales may grow up to here; the range of a parameter is for ever.
const MOST_SCALES: u8 = 32;

/// Marks what is the session's.
const SESSION: bool = true;

params! {
    "Input" {
        /// Gain of the voice before anything listens to it, dB.
        input_gain: f32, "Input gain", "dB", DECIBEL, -24.0, 24.0, 0.0, SESSION;
        /// Voice below this A-weighted level, dB, fades to silence instead of being played.
        gate: f32, "Gate", "dB", DECIBEL, -100.0, -20.0, -65.0, SESSION;
        /// Lowest note of the voice, Hz: with the highest, it spares the tracker what is not sung, and makes it sooner and surer.
        voice_low: f32, "Lowest note", "Hz", HERTZ, TrackerConfig::DEFAULT_MIN_F0_HZ, TrackerConfig::MAX_F0_HZ, TrackerConfig::DEFAULT_MIN_F0_HZ, SESSION;
        /// Highest note of the voice, Hz. Where it is not above the lowest, every pitch is heard.
        voice_high: f32, "Highest note", "Hz", HERTZ, TrackerConfig::DEFAULT_MIN_F0_HZ, TrackerConfig::MAX_F0_HZ, TrackerConfig::MAX_F0_HZ, SESSION;
        /// Raises the gate to just above the noise of the room while nobody sings; off, the gate stays where it is set.
        auto_gate: bool, "Adaptive gate", "", Kind::Switch, 0.0, 1.0, 1.0, SESSION;
    }
    "Instrument" {
        /// The instrument that plays.
        instrument_a: u8, "Instrument A", "", Kind::Instrument, 0.0, MAX_INSTRUMENT as f32, 0.0;
        /// The instrument to morph to.
        instrument_b: u8, "Instrument B", "", Kind::Instrument, 0.0, MAX_INSTRUMENT as f32, 1.0;
        /// How far the sound has gone from instrument A to instrument B, per cent.
        morph: f32, "Morph", "%", PERCENT, 0.0, 100.0, 0.0;
    }
    "Pitch and loudness" {
        /// Transposition of the instrument against the voice, semitones.
        pitch_shift: f32, "Pitch shift", "st", CENT, -24.0, 24.0, 0.0;
        /// How much louder than the voice the instrument is played, dB: it sounds louder, and plays as if blown or bowed harder.
        loudness: f32, "Loudness", "dB", DECIBEL, -24.0, 24.0, 0.0;
        /// Plays the instrument as softly and as hard as it was recorded, however soft or loud the voice usually is. It sounds as loud as the
        /// voice all the same.
        auto_range: bool, "Auto range", "", Kind::Switch, 0.0, 1.0, 0.0;
        /// Transposes by whole octaves to where the instrument plays; a melody stays in one octave.
        octave_fit: bool, "Octave fit", "", Kind::Switch, 0.0, 1.0, 0.0;
        /// How much of the voice's vibrato is played, per cent: 100 as it is sung, 0 none; notes and slides between them stay.
        vibrato: f32, "Vibrato", "%", PERCENT, 0.0, 200.0, 100.0;
        /// How far notes are drawn to the scale, per cent; vibrato stays.
        snap: f32, "Pitch snap", "%", PERCENT, 0.0, 100.0, 0.0;
        /// Key of the scale that notes are drawn to.
        snap_key: u8, "Snap key", "", Kind::Choice(KEYS), 0.0, 11.0, 0.0;
        /// Scale that notes are drawn to.
        snap_scale: u8, "Snap scale", "", Kind::Choice(&SCALE_NAMES), 0.0, (MOST_SCALES - 1) as f32, 0.0;
    }
    "Sound" {
        /// Gain of the instrument's harmonics, dB; the least value is off.
        harmonics: f32, "Harmonics", "dB", DECIBEL, OFF_DB, 12.0, 0.0;
        /// Gain of the instrument's noise, dB: the breath within its notes, and what it makes of breath and consonants, which is 10 dB softer
        /// than the notes around where this is 0. The least value is off.
        noise: f32, "Noise", "dB", DECIBEL, OFF_DB, 12.0, 0.0;
        /// How far the harmonics wander and the noise pulses with the pitch in a held note, and how much brighter loud is where the network does not know,
        /// against what was measured of the instrument, per cent: 100 is that, 0 as still as a machine.
        life: f32, "Life", "%", PERCENT, 0.0, 200.0, 100.0;
        /// How much of the room that the instrument was recorded in sounds, against what was measured of it, per cent: 100 is that, 0 is dry.
        room: f32, "Room", "%", PERCENT, 0.0, 200.0, 100.0;
        /// How much of the voice's own unpitched sound, its breath and consonants, passes, per cent.
        breath: f32, "Breath", "%", PERCENT, 0.0, 100.0, 0.0;
        /// Tilt of the harmonics about 1 kHz, dB per octave.
        brightness: f32, "Brightness", "dB/oct", DECIBEL, -6.0, 6.0, 0.0;
        /// Balance of the harmonics: -100 leaves the odd ones alone, +100 the even ones and the fundamental.
        even_odd: f32, "Even/odd", "%", PERCENT, -100.0, 100.0, 0.0;
        /// How softly notes begin: at 100 %, over 0.4 s.
        attack: f32, "Attack softness", "%", PERCENT, 0.0, 100.0, 0.0;
        /// Who sustains a held note: a plucked or struck instrument, which dies away of its own until the next note, or the voice. Others
        /// follow the voice anyway.
        sustain: SustainedBy, "Sustain", "", Kind::Choice(&["Instrument", "Voice"]), 0.0, 1.0, 0.0;
    }
    "Reverb" {
        /// Size of the room, per cent: 0.3 to 6 s of reverberation.
        reverb_size: f32, "Reverb size", "%", PERCENT, 0.0, 100.0, 40.0;
        /// How much faster the highs die away than the rest, per cent.
        reverb_damping: f32, "Reverb damping", "%", PERCENT, 0.0, 100.0, 50.0;
        /// Level of the room's answer, per cent.
        reverb_mix: f32, "Reverb mix", "%", PERCENT, 0.0, 100.0, 0.0;
    }
    "Output" {
        /// Share of the instrument against the voice, in time with it, per cent.
        mix: f32, "Dry/wet", "%", PERCENT, 0.0, 100.0, 100.0;
        /// Gain of the output, dB; the least value is off.
        output_gain: f32, "Output gain", "dB", DECIBEL, OFF_DB, 24.0, 0.0;
        /// Passes the voice unchanged, as late as the instrument would be.
        bypass: bool, "Bypass", "", Kind::Switch, 0.0, 1.0, 0.0, SESSION;
        /// Live answers as early as can be; studio looks ahead, so that pitch is right from a note's first sample.
        latency_mode: LatencyMode, "Latency mode", "", Kind::Choice(&["Live", "Studio"]), 0.0, 1.0, 0.0, SESSION;
    }
}

const SCALE_NAMES: [&str; SCALES.len()] = {
    let mut names = [""; SCALES.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = SCALES[at].0;
        at += 1;
    }
    names
};

impl ParamId {
    /// The parameter with this id, if there is one.
    pub fn named(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.param().id == id)
    }

    /// Its place in [`PARAMS`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its row of [`PARAMS`].
    pub const fn param(self) -> &'static Param {
        &PARAMS[self as usize]
    }
}

/// Why a setting was refused.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum SettingError {
    /// No parameter has this id.
    #[error("there is no parameter {0:?}; the parameters are {list}", list = ids())]
    Unknown(String),
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

fn ids() -> String {
    PARAMS.iter().map(|p| p.id).collect::<Vec<_>>().join(", ")
}

impl Settings {
    /// The value of the parameter `id`, if there is one.
    pub fn value(&self, id: &str) -> Option<f32> {
        ParamId::named(id).map(|id| self.get(id))
    }

    /// Every row of [`PARAMS`] with its value.
    ///
    /// ```
    /// use syrinx_engine::Settings;
    ///
    /// for (row, value) in Settings::default().rows() {
    ///     println!("{}: {} {}", row.name, row.display(value), row.unit);
    /// }
    /// ```
    pub fn rows(&self) -> impl Iterator<Item = (&'static Param, f32)> {
        ParamId::ALL.iter().map(|id| (id.param(), self.get(*id)))
    }

    /// The same settings with every value finite and in its range: whatever a host sends is safe to play.
    pub fn sanitised(mut self) -> Self {
        for id in ParamId::ALL {
            let (row, value) = (id.param(), self.get(*id));
            self.put(*id, finite(value, row.default).clamp(row.min, row.max));
        }
        self
    }

    /// Whether instruments that die away do so while the voice holds.
    pub(crate) fn sustains_as_instrument(&self) -> bool {
        self.sustain == SustainedBy::Instrument
    }

    /// Sets the parameter `id` from text, as [`Param::parse`] reads it (`"-6"`, `"−6 dB"`, `"7 semitones"`).
    ///
    /// ```
    /// use syrinx_engine::Settings;
    ///
    /// let mut settings = Settings::default();
    /// settings.set("pitch_shift", "1 octave")?;
    /// settings.set("latency_mode", "studio")?;
    /// assert_eq!(settings.pitch_shift, 12.0);
    /// assert_eq!(settings.set("mix", "loud").unwrap_err().to_string(), "mix takes 0 to 100 %, not loud");
    /// # Ok::<(), syrinx_engine::SettingError>(())
    /// ```
    ///
    /// # Errors
    /// When there is no such parameter, or the text is not a number in its range; nothing is changed then.
    pub fn set(&mut self, id: &str, text: &str) -> Result<(), SettingError> {
        let known = ParamId::named(id).ok_or_else(|| SettingError::Unknown(id.into()))?;
        let param = known.param();
        let Some(value) = param.parse(text) else {
            // It may be pasted, and goes to a terminal or a line of the window.
            let given = text.trim().chars().filter(|c| !c.is_control()).take(40).collect();
            return Err(SettingError::OutOfRange { id: param.id, takes: param.takes(), given });
        };
        self.put(known, value);
        Ok(())
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
