//! The way from the audio thread to the host's main thread. The framework's own allocates on threads that Rust has not made, as hosts' audio
//! threads are, and takes locks; so a thread of each instance's goes between, that is woken by a flag.

use crate::hosted::guard;
use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle, Thread},
};

/// Stack of the thread between, bytes: it makes one call of the host's.
const STACK: usize = 256 << 10;

/// Which thread this is. Rust's own way to ask allocates on threads that it has not made.
fn this_thread() -> usize {
    #[cfg(unix)]
    {
        unsafe extern "C" {
            safe fn pthread_self() -> usize;
        }
        pthread_self()
    }
    #[cfg(windows)]
    {
        unsafe extern "system" {
            safe fn GetCurrentThreadId() -> u32;
        }
        GetCurrentThreadId() as usize
    }
}

type Call = OnceLock<Box<dyn Fn() + Send + Sync>>;

/// One errand to the host that belongs on its main thread, sent from wherever.
#[derive(Default)]
pub struct MainThread {
    errand: Arc<Errand>,
    /// That thread itself.
    id: OnceLock<usize>,
    awake: OnceLock<Thread>,
    messenger: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Errand {
    run: Call,
    way: Call,
    is_wanted: AtomicBool,
    is_over: AtomicBool,
}

impl Errand {
    fn run(&self) {
        if let Some(run) = self.run.get() {
            run();
        }
    }

    /// Has it run where it belongs, as nearly as the system lets a plugin. On Linux the framework knows of no main thread but while a window is
    /// open, and has a thread of its own that stops for good when a task comes for an instance that has gone: so it is run right here.
    fn carry(&self) {
        match self.way.get().filter(|_| cfg!(not(target_os = "linux"))) {
            Some(go) => go(),
            None => self.run(),
        }
    }
}

impl MainThread {
    /// What is to be done there; the thread between begins. Main thread.
    pub fn set_errand(&self, errand: impl Fn() + Send + Sync + 'static) {
        if self.errand.run.set(Box::new(errand)).is_err() {
            return;
        }
        let _ = self.id.set(this_thread());
        let errand = self.errand.clone();
        let wait = move || {
            while !errand.is_over.load(Ordering::Acquire) {
                if errand.is_wanted.swap(false, Ordering::AcqRel) {
                    guard((), || errand.carry());
                } else {
                    thread::park();
                }
            }
        };
        // Without it, the host hears of changes with the next activation.
        if let Ok(messenger) = thread::Builder::new().name("syrinx errands".into()).stack_size(STACK).spawn(wait) {
            let _ = self.awake.set(messenger.thread().clone());
            *self.messenger.lock().unwrap_or_else(PoisonError::into_inner) = Some(messenger);
        }
    }

    /// How to have [`run_errand`](Self::run_errand) called there, where there is a way.
    pub fn set_way(&self, way: impl Fn() + Send + Sync + 'static) {
        let _ = self.errand.way.set(Box::new(way));
    }

    /// Has the errand run: at once on the main thread, which hosts that export may play on and never return to their other work from. Any other
    /// thread, the audio thread too, neither allocates nor locks nor waits.
    pub fn send_errand(&self) {
        if self.id.get() == Some(&this_thread()) {
            return self.run_errand();
        }
        self.errand.is_wanted.store(true, Ordering::Release);
        if let Some(messenger) = self.awake.get() {
            messenger.unpark();
        }
    }

    /// Runs it. The main thread.
    pub fn run_errand(&self) {
        self.errand.run();
    }

    /// No errand is sent any more; one that is under way is waited for.
    pub fn end(&self) {
        self.errand.is_over.store(true, Ordering::Release);
        let messenger = self.messenger.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(messenger) = messenger {
            messenger.thread().unpark();
            // A host may let go of the instance from within the errand itself.
            if messenger.thread().id() != thread::current().id() {
                let _ = messenger.join();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::atomic::AtomicUsize,
        time::{Duration, Instant},
    };

    /// Sends an errand from another thread.
    fn send_from_elsewhere(main_thread: &MainThread) {
        thread::scope(|scope| scope.spawn(|| main_thread.send_errand()).join().unwrap());
    }

    #[test]
    fn errands_arrive_and_none_after_the_end() {
        let main_thread = MainThread::default();
        // Before there is anything to do.
        send_from_elsewhere(&main_thread);
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = runs.clone();
        main_thread.set_errand(move || _ = counted.fetch_add(1, Ordering::Relaxed));
        for n in 1..100 {
            let begun = Instant::now();
            while runs.load(Ordering::Relaxed) < n {
                assert!(begun.elapsed() < Duration::from_secs(60));
                thread::yield_now();
            }
            send_from_elsewhere(&main_thread);
        }
        main_thread.end();
        let before = runs.load(Ordering::Relaxed);
        send_from_elsewhere(&main_thread);
        main_thread.end();
        assert_eq!(runs.load(Ordering::Relaxed), before);
    }

    #[test]
    fn on_the_main_thread_an_errand_is_run_at_once() {
        let main_thread = MainThread::default();
        let here = Arc::new(AtomicUsize::new(0));
        let ran = here.clone();
        main_thread.set_errand(move || ran.store(this_thread(), Ordering::Relaxed));
        main_thread.send_errand();
        assert_eq!(here.load(Ordering::Relaxed), this_thread());
        assert_ne!(thread::spawn(this_thread).join().unwrap(), this_thread());
        main_thread.end();
    }

    #[test]
    fn an_errand_that_panics_is_not_the_last() {
        let main_thread = MainThread::default();
        let (send, came) = std::sync::mpsc::channel();
        main_thread.set_errand(move || {
            send.send(()).unwrap();
            panic!("as a host's call may");
        });
        for _ in 0..3 {
            send_from_elsewhere(&main_thread);
            came.recv_timeout(Duration::from_secs(60)).unwrap();
        }
        main_thread.end();
    }
}
