//! What the player is to be told in words: the last sentence, until it is read or nothing is wrong any more. Any thread but the audio thread.

use crate::reading::harmless;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The sentence, if there is one.
#[derive(Default)]
pub struct Notices(Mutex<Option<String>>);

impl Notices {
    fn sentence(&self) -> MutexGuard<'_, Option<String>> {
        // A thread that panicked here left nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the player something; it stays until something else is said.
    pub fn say(&self, message: impl AsRef<str>) {
        // Names of files and cards are in it.
        let message = harmless(message.as_ref());
        nice_plug::prelude::nice_warn!("{message}");
        *self.sentence() = Some(message);
    }

    /// Nothing is wrong any more.
    pub fn hush(&self) {
        *self.sentence() = None;
    }

    /// What the player is to be told.
    pub fn message(&self) -> Option<String> {
        self.sentence().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sentence_stays_until_all_is_well_and_cannot_disguise_itself() {
        let notices = Notices::default();
        assert_eq!(notices.message(), None);
        notices.say("first");
        notices.say("no\u{202e}xnno.\u{1b}[2Jonnx");
        assert_eq!(notices.message().unwrap(), "no\u{fffd}xnno.\u{fffd}[2Jonnx");
        notices.hush();
        assert_eq!(notices.message(), None);
    }
}
