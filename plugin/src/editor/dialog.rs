//! The system's own file dialog, on a thread of its own: the window goes on moving while it is open.

use crate::tuning_files::Kind;
use std::{
    path::PathBuf,
    sync::mpsc::{Receiver, TryRecvError, channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use syrinx_engine::Slot;

/// Nobody chooses sooner than this: a dialog that is gone by then never opened.
const TOO_SOON: Duration = Duration::from_millis(400);

/// How long a window that closes waits for a dialog that is open: none can be closed from here, and the library should not be unloaded under
/// its thread.
const GOODBYE: Duration = Duration::from_millis(500);

/// What a file is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// An instrument for this slot.
    Instrument(Slot),
    /// Which pitch each key has.
    Tuning(Kind),
    /// Recordings to learn from, or a folder of them.
    Recordings,
    /// A voice to play with.
    Voice,
}

/// What can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choose {
    /// One file.
    File,
    /// Some files.
    Files,
    /// A folder.
    Folder,
}

/// How a dialog ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// This was chosen, at least one.
    Chosen(For, Vec<PathBuf>),
    /// The dialog could not be opened; a sentence.
    Failed(String),
}

/// What was chosen, and how long it took.
type Choice = (Vec<PathBuf>, Duration);

/// The dialog, open or not.
#[derive(Default)]
pub struct Dialog {
    open: Option<Open>,
}

/// An open dialog.
struct Open {
    wanted: For,
    answer: Receiver<Choice>,
    thread: JoinHandle<()>,
}

impl Drop for Dialog {
    fn drop(&mut self) {
        let Some(open) = self.open.take() else { return };
        let until = Instant::now() + GOODBYE;
        while !open.thread.is_finished() && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
        if open.thread.is_finished() {
            let _ = open.thread.join();
        }
    }
}

impl Dialog {
    /// Opens it, unless it is open already.
    pub fn open(&mut self, title: &str, kind: &str, extensions: &[&str], choose: Choose, wanted: For) {
        if self.open.is_some() {
            return;
        }
        let (tell, answer) = channel();
        let dialog = rfd::FileDialog::new().set_title(title).add_filter(kind, extensions);
        let thread = thread::spawn(move || {
            let begun = Instant::now();
            let chosen = match choose {
                Choose::File => dialog.pick_file().into_iter().collect(),
                Choose::Files => dialog.pick_files().unwrap_or_default(),
                Choose::Folder => dialog.pick_folder().into_iter().collect(),
            };
            // Whoever asked may be gone by now.
            let _ = tell.send((chosen, begun.elapsed()));
        });
        self.open = Some(Open { wanted, answer, thread });
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Its answer, once there is one; closing it without a choice is none.
    pub fn answer(&mut self) -> Option<Answer> {
        let answer = match self.open.as_ref()?.answer.try_recv() {
            Err(TryRecvError::Empty) => return None,
            answer => answer,
        };
        let open = self.open.take()?;
        // It has answered, or has panicked: nothing is left for its thread to do.
        let _ = open.thread.join();
        match answer {
            Ok((chosen, took)) if chosen.is_empty() => (took < TOO_SOON).then(Self::failed),
            Ok((chosen, _)) => Some(Answer::Chosen(open.wanted, chosen)),
            Err(_) => Some(Self::failed()),
        }
    }

    fn failed() -> Answer {
        let needs = if cfg!(target_os = "linux") { " (it takes xdg-desktop-portal or zenity)" } else { "" };
        Answer::Failed(format!("This system opened no file dialog{needs}. Type the file's path instead."))
    }
}
