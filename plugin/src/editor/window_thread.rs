//! The thread that draws a window and hears its mouse and keys: baseview makes one on X11. On Windows and macOS it is the host's main thread,
//! and there is nothing to wait for.
//!
//! Closing a window is to end its thread, as what the thread does last (giving back what belongs to the screen) must not meet a parent window
//! that the host has closed, a library that it has unloaded, or a process that ends: graphics drivers crash on it. But baseview (0.4.2) first
//! tells the thread to stop and then asks it to show the window; a thread that stops in between never answers, and baseview takes that for
//! the end and does not wait. When a baseview does wait, this file can go.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// How long a thread may take to end before it is left to itself, which is better than a host that hangs.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked at.
const LOOKS: Duration = Duration::from_millis(1);

/// The thread of the window that was opened last; copies know the same one.
#[derive(Clone, Default)]
pub struct WindowThread(
    /// The system's folder of it, which is there as long as it runs.
    Arc<Mutex<Option<PathBuf>>>,
);

impl WindowThread {
    /// The window is drawn by the thread that calls this.
    pub fn is_this_one(&self) {
        if cfg!(target_os = "linux") {
            let folder = std::fs::read_link("/proc/thread-self").ok().map(|folder| PathBuf::from("/proc").join(folder));
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = folder;
        }
    }

    /// Returns when the thread has ended. It must have been told to.
    pub fn wait_for_its_end(&self) {
        let Some(folder) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let until = Instant::now() + PATIENCE;
        while folder.exists() && Instant::now() < until {
            thread::sleep(LOOKS);
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    };

    #[test]
    fn its_end_is_waited_for() {
        let window_thread = WindowThread::default();
        // Nobody's: nothing to wait for.
        window_thread.wait_for_its_end();
        let (known, is_known) = mpsc::channel();
        let gone = Arc::new(AtomicBool::new(false));
        let (here, there) = (window_thread.clone(), gone.clone());
        // Not joined, as baseview's is not.
        thread::spawn(move || {
            here.is_this_one();
            known.send(()).unwrap();
            thread::sleep(Duration::from_millis(50));
            there.store(true, Ordering::Release);
        });
        is_known.recv().unwrap();
        window_thread.wait_for_its_end();
        assert!(gone.load(Ordering::Acquire));
    }
}
