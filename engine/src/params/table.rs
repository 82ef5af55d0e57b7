//! A table of parameters: from its rows come the typed settings, the ids, and everything that is done with all of them alike.

/// What a parameter can be, and its number in the table, in sessions and for hosts.
pub trait Value: Copy {
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

/// The choice with this number; those before the first and behind the last are these.
pub fn choice<T: Copy>(choices: &[T], number: f32) -> T {
    choices[(number.round().max(0.0) as usize).min(choices.len() - 1)]
}

/// The number, or else the default.
pub fn finite(number: f32, default: f32) -> f32 {
    if number.is_finite() { number } else { default }
}

/// Rows in groups: help, field, type, name, unit, kind, least, greatest, default, and whether it is the session's. The field's name is the id.
macro_rules! params {
    ($(#[doc = $about:literal])+ $settings:ident, $id:ident, $rows:ident;
     $($group:literal { $($(#[doc = $help:literal])+ $field:ident: $type:ty, $name:expr, $unit:literal, $kind:expr, $min:expr, $max:expr, $default:expr $(, $session:expr)?;)+ })+) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $settings { $($($(#[doc = $help])+ pub $field: $type,)+)+ }

        impl Default for $settings {
            fn default() -> Self { Self { $($($field: Value::of($default),)+)+ } }
        }

        /// All parameters of the table, in the order that people see.
        pub const $rows: &[Param] = &[$($(Param {
            id: stringify!($field), name: $name, group: $group, unit: $unit, kind: $kind, min: $min, max: $max, default: $default,
            session: false $(|| $session)?, help: concat!($($help),+).trim_ascii(),
        },)+)+];

        /// Names a parameter of the table: what is misspelt does not compile. The names are the ids.
        #[allow(non_camel_case_types, missing_docs)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $id { $($($field,)+)+ }

        impl $id {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$($(Self::$field,)+)+];

            /// The parameter with this id, if there is one.
            pub fn named(id: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.param().id == id)
            }

            /// Its place in the table.
            pub const fn index(self) -> usize {
                self as usize
            }

            /// Its row of the table.
            pub const fn param(self) -> &'static Param {
                &$rows[self as usize]
            }
        }

        impl $settings {
            /// The number of a parameter's value, as the table has it: in its unit; choices by index, switches 0 or 1.
            pub fn get(&self, id: $id) -> f32 {
                match id { $($($id::$field => self.$field.number(),)+)+ }
            }

            /// Gives a parameter the value of this number; what is none is the default.
            pub fn put(&mut self, id: $id, number: f32) {
                let number = finite(number, id.param().default);
                match id { $($($id::$field => self.$field = Value::of(number),)+)+ }
            }

            /// The settings whose numbers are `value(at)`, for each place `at` in the table.
            pub fn from_values(value: impl Fn(usize) -> f32) -> Self {
                let mut at = 0;
                $($(let $field = Value::of(finite(value(at), $default)); at += 1;)+)+
                debug_assert_eq!(at, $rows.len());
                Self { $($($field,)+)+ }
            }

            /// The value of the parameter `id`, if there is one.
            pub fn value(&self, id: &str) -> Option<f32> {
                $id::named(id).map(|id| self.get(id))
            }

            /// Every row of the table with its value.
            ///
            /// ```
            /// use syrinx_engine::Settings;
            ///
            /// for (row, value) in Settings::default().rows() {
            ///     println!("{}: {} {}", row.name, row.display(value), row.unit);
            /// }
            /// ```
            pub fn rows(&self) -> impl Iterator<Item = (&'static Param, f32)> {
                $id::ALL.iter().map(|id| (id.param(), self.get(*id)))
            }

            /// The same settings with every value finite and in its range: whatever a host sends is safe to play.
            pub fn sanitised(mut self) -> Self {
                for id in $id::ALL {
                    let (row, value) = (id.param(), self.get(*id));
                    self.put(*id, finite(value, row.default).clamp(row.min, row.max));
                }
                self
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
                let known = $id::named(id).ok_or_else(|| SettingError::Unknown { id: id.into(), known: $rows })?;
                let value = known.param().parse(text).ok_or_else(|| SettingError::out_of_range(known.param(), text))?;
                self.put(known, value);
                Ok(())
            }
        }
    };
}
