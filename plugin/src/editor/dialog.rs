//! The system's own file dialog, on a thread of its own: the window goes on moving while it is open.

use std::{
    path::PathBuf,
    sync::mpsc::{Receiver, TryRecvError, channel},
    thread,
    time::{Duration, Instant},
};
use syrinx_engine::Slot;

/// Nobody chooses sooner than this: a dialog that is gone by then never opened.
const TOO_SOON: Duration = Duration::from_millis(400);

/// What a file is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// An instrument for this slot.
    Instrument(Slot),
}

/// How a dialog ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// A file was chosen.
    Chosen(For, PathBuf),
    /// The dialog could not be opened; a sentence.
    Failed(String),
}

/// What was chosen, if anything, and how long it took.
type Choice = (Option<PathBuf>, Duration);

/// The dialog, open or not.
#[derive(Default)]
pub struct Dialog {
    open: Option<(For, Receiver<Choice>)>,
}

impl Dialog {
    /// Opens it, unless it is open already.
    pub fn open(&mut self, title: &str, kind: &str, extension: &str, wanted: For) {
        if self.open.is_some() {
            return;
        }
        let (tell, answer) = channel();
        let dialog = rfd::FileDialog::new().set_title(title).add_filter(kind, &[extension]);
        thread::spawn(move || {
            let begun = Instant::now();
            // Whoever asked may be gone by now.
            let _ = tell.send((dialog.pick_file(), begun.elapsed()));
        });
        self.open = Some((wanted, answer));
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Its answer, once there is one; closing it without a choice is none.
    pub fn answer(&mut self) -> Option<Answer> {
        let (wanted, answer) = self.open.as_ref()?;
        let wanted = *wanted;
        match answer.try_recv() {
            Err(TryRecvError::Empty) => None,
            Ok((Some(path), _)) => {
                self.open = None;
                Some(Answer::Chosen(wanted, path))
            }
            Ok((None, took)) => {
                self.open = None;
                (took < TOO_SOON).then(Self::failed)
            }
            Err(TryRecvError::Disconnected) => {
                self.open = None;
                Some(Self::failed())
            }
        }
    }

    fn failed() -> Answer {
        let needs = if cfg!(target_os = "linux") { " (it takes xdg-desktop-portal or zenity)" } else { "" };
        Answer::Failed(format!("This system opened no file dialog{needs}. Type the file's path instead."))
    }
}
