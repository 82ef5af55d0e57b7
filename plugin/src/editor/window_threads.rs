//! The threads of a window: the one that draws it and hears its mouse and keys, which baseview makes on X11, and those that it makes itself. On
//! Windows and macOS the host's main thread draws, and there is nothing to wait for.
//!
//! Closing a window is to end its threads, as what they do last (giving back what belongs to the screen) must not meet a parent window
//! that the host has closed, a library that it has unloaded, or a process that ends: graphics drivers crash on it. But baseview (0.4.2) first
//! tells its thread to stop and then asks it to show the window; a thread that stops in between never answers, and baseview takes that for
//! the end and does not wait. And nobody waits for the thread of the clipboard (x11-clipboard 0.9.3). When both do, this file can go.
//!
//! A thread passes its name on to those that it makes. So the window's has one of its own, and whoever has that name is waited for.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How long threads may take to end before they are left to themselves, which is better than a host that hangs.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often they are looked at.
const LOOKS: Duration = Duration::from_millis(1);

/// What the names of all windows' threads begin with; the system cuts them to 15 bytes.
const NAMES: &str = "syrinx ui ";

/// The threads of the window that was opened last; copies know the same ones.
#[derive(Clone, Default)]
pub struct WindowThreads(
    /// Their name.
    Arc<Mutex<Option<String>>>,
);

impl WindowThreads {
    /// The window is drawn by the thread that calls this, and by those that it makes from here on.
    pub fn begin_here(&self) {
        static WINDOWS: AtomicU32 = AtomicU32::new(0);
        if cfg!(target_os = "linux") {
            let name = format!("{NAMES}{}", WINDOWS.fetch_add(1, Ordering::Relaxed) % 100_000);
            let named = std::fs::write("/proc/thread-self/comm", &name).is_ok();
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = named.then_some(name);
        }
    }

    /// Returns when the threads have ended. The first must have been told to.
    pub fn wait_for_their_end(&self) {
        let Some(name) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let until = Instant::now() + PATIENCE;
        while there_is(&name) && Instant::now() < until {
            thread::sleep(LOOKS);
        }
    }
}

/// Whether this process has a thread of that name.
fn there_is(name: &str) -> bool {
    let has_it = |thread: &Path| std::fs::read_to_string(thread.join("comm")).is_ok_and(|comm| comm.trim_end() == name);
    std::fs::read_dir("/proc/self/task").is_ok_and(|all| all.flatten().any(|thread| has_it(&thread.path())))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn the_end_of_all_is_waited_for() {
        let threads = WindowThreads::default();
        // Nobody's: nothing to wait for.
        threads.wait_for_their_end();
        let (known, is_known) = mpsc::channel();
        let ended = Arc::new(AtomicU32::new(0));
        let lives_for = |time: u64, ended: &Arc<AtomicU32>| {
            let ended = ended.clone();
            move || {
                thread::sleep(Duration::from_millis(time));
                ended.fetch_add(1, Ordering::Release);
            }
        };
        let (here, last) = (threads.clone(), lives_for(30, &ended));
        let made_by_it = lives_for(80, &ended);
        // Not joined, as baseview's and the clipboard's are not.
        thread::spawn(move || {
            here.begin_here();
            thread::spawn(made_by_it);
            known.send(()).unwrap();
            last();
        });
        is_known.recv().unwrap();
        threads.wait_for_their_end();
        assert_eq!(ended.load(Ordering::Acquire), 2);
    }
}
