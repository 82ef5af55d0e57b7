//! What an instance is played from, and what that makes of the parameters: Syrinx from a voice, Syrinx Keys from notes. Both have one table, in which each
//! parameter has its place for good; hosts and players see those that mean something.

use syrinx_engine::{KEY_PARAMS, KeyParamId, KeySettings, PARAMS, Param, ParamId, Settings};

/// Rows of the table.
pub const ROWS: usize = PARAMS.len() + KEY_PARAMS.len();

/// What plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A voice, or any one-note-at-a-time sound.
    Voice,
    /// Keys: notes from a host, a keyboard, a controller.
    Keys,
}

impl Source {
    /// Both, as they are offered.
    pub const BOTH: [Self; 2] = [Self::Voice, Self::Keys];

    /// What the instrument is called that is played so.
    pub const fn product(self) -> &'static str {
        match self {
            Self::Voice => "Syrinx",
            Self::Keys => "Syrinx Keys",
        }
    }

    /// How states and presets name it.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Voice => "voice",
            Self::Keys => "keys",
        }
    }

    /// What is called so in a state or a preset.
    ///
    /// # Errors
    /// A sentence, where it is not to be had.
    pub fn named(id: &str) -> Result<Self, String> {
        let named = Self::BOTH.into_iter().find(|source| source.id() == id);
        named.ok_or_else(|| "it is played from something that this Syrinx does not know; update Syrinx to open it".into())
    }

    /// Whether the parameter in a row means something.
    pub fn shows(self, at: usize) -> bool {
        match self {
            Self::Voice => at < PARAMS.len(),
            Self::Keys => ParamId::ALL.get(at).map_or(at < ROWS, |id| !id.is_of_voice()),
        }
    }

    /// The rows whose parameters mean something, in the order in which hosts have them.
    pub fn rows(self) -> impl Iterator<Item = usize> {
        (0..ROWS).filter(move |at| self.shows(*at))
    }

    /// The parameters that mean something.
    pub fn params(self) -> impl Iterator<Item = &'static Param> {
        self.rows().map(row)
    }

    /// The parameter with this id, if it means something.
    pub fn param(self, id: &str) -> Option<&'static Param> {
        self.params().find(|row| row.id == id)
    }
}

/// A row of the table.
pub const fn row(at: usize) -> &'static Param {
    if at < PARAMS.len() { &PARAMS[at] } else { &KEY_PARAMS[at - PARAMS.len()] }
}

/// The place of a parameter in the table.
pub const fn at(id: ParamId) -> usize {
    id.index()
}

/// The place of a parameter of the keys.
pub const fn key_at(id: KeyParamId) -> usize {
    PARAMS.len() + id.index()
}

/// All that is set.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Values {
    /// Of the instrument.
    pub settings: Settings,
    /// Of the keys.
    pub keys: KeySettings,
}

impl Values {
    /// Those that `value` gives each row, in its unit.
    pub fn from_rows(value: impl Fn(usize) -> f32) -> Self {
        Self { settings: Settings::from_values(&value), keys: KeySettings::from_values(|at| value(PARAMS.len() + at)) }
    }

    /// The value of a row, in its unit.
    pub fn get(&self, at: usize) -> f32 {
        match ParamId::ALL.get(at) {
            Some(id) => self.settings.get(*id),
            None => KeyParamId::ALL.get(at - PARAMS.len()).map_or(0.0, |id| self.keys.get(*id)),
        }
    }

    /// Sets a parameter from text, as [`Settings::set`].
    ///
    /// # Errors
    /// A sentence, where there is none with this id or the text is none of its values.
    pub fn set(&mut self, id: &str, text: &str) -> Result<(), syrinx_engine::SettingError> {
        if KeyParamId::named(id).is_some() { self.keys.set(id, text) } else { self.settings.set(id, text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sees_what_means_something_to_it() {
        let ids = |source: Source| source.params().map(|row| row.id).collect::<Vec<_>>();
        let (voice, keys) = (ids(Source::Voice), ids(Source::Keys));
        assert!(voice.contains(&"gate") && !voice.contains(&"voices"));
        assert!(keys.contains(&"voices") && keys.contains(&"a4") && !keys.contains(&"gate") && !keys.contains(&"mix"));
        assert_eq!(voice.len(), PARAMS.len());
        assert_eq!((row(at(ParamId::mix)).id, row(key_at(KeyParamId::glide)).id), ("mix", "glide"));
    }

    #[test]
    fn values_come_back_from_their_rows() {
        let mut values = Values::default();
        values.set("pitch_shift", "7 st").unwrap();
        values.set("voices", "5").unwrap();
        assert!(values.set("loud", "5").is_err());
        assert_eq!(Values::from_rows(|at| values.get(at)), values);
        // What only later versions know, too.
        for end in [|at| row(at).min, |at| row(at).max] {
            let values = Values::from_rows(end);
            assert!((0..ROWS).all(|at| values.get(at) == end(at)));
        }
        assert_eq!((values.settings.pitch_shift, values.keys.voices), (7.0, 5));
    }
}
