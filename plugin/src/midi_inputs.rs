//! The MIDI inputs of the system: which there are, which are to be heard, as the window shows and changes them. The standalone opens them; in a host there are none.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which inputs are to be heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Heard {
    /// Whatever is plugged in.
    #[default]
    All,
    /// None.
    None,
    /// Those with this name, or whose names have it as a part.
    Named(String),
}

impl Heard {
    /// What a flag or a file says: `all`, `none`, or a name.
    pub fn of(text: &str) -> Self {
        match text {
            "all" => Self::All,
            "none" => Self::None,
            name => Self::Named(name.into()),
        }
    }

    /// As a flag or a file says it.
    pub fn text(&self) -> &str {
        match self {
            Self::All => "all",
            Self::None => "none",
            Self::Named(name) => name,
        }
    }

    /// Whether an input of this name is to be heard.
    pub fn hears(&self, name: &str) -> bool {
        match self {
            // What programs say to the system's own loop comes back from it.
            Self::All => !name.contains("Midi Through"),
            Self::None => false,
            Self::Named(part) => name.to_lowercase().contains(&part.to_lowercase()),
        }
    }
}

#[derive(Default)]
struct Known {
    /// None where nobody looks for any.
    there: Option<Vec<String>>,
    heard: Heard,
}

/// What is known of the inputs. Its lock is the window's and the standalone's own: the audio thread has none of it.
#[derive(Default)]
pub struct MidiInputs(Mutex<Known>);

impl MidiInputs {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names of those there are; none where nobody looks for any.
    pub fn there(&self) -> Option<Vec<String>> {
        self.known().there.clone()
    }

    /// Somebody has looked for them. Whether they are others than before.
    pub fn found(&self, names: Vec<String>) -> bool {
        let before = self.known().there.replace(names);
        before != self.known().there
    }

    /// Which are to be heard.
    pub fn heard(&self) -> Heard {
        self.known().heard.clone()
    }

    /// Says which are to be heard.
    pub fn hear(&self, heard: Heard) {
        self.known().heard = heard;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_heard_is_said_in_a_word_and_comes_back() {
        for heard in [Heard::All, Heard::None, Heard::Named("Seaboard".into())] {
            assert_eq!(Heard::of(heard.text()), heard);
        }
        let hears = |heard: &Heard| ["ROLI Seaboard 24:0", "Midi Through Port-0 14:0"].map(|name| heard.hears(name));
        assert_eq!(hears(&Heard::All), [true, false]);
        assert_eq!(hears(&Heard::None), [false, false]);
        assert_eq!(hears(&Heard::of("seaboard")), [true, false]);
        assert_eq!(hears(&Heard::of("through")), [false, true]);
    }
}
