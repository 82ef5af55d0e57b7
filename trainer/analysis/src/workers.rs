//! Work on many things at once, on as many threads as it may have, until it is done or cancelled. Any thread but the audio thread.

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The work was cancelled before it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it was cancelled")]
pub struct Cancelled;

/// How many threads some work may have, and whether it is to go on. Shared by who works and who may cancel.
#[derive(Debug)]
pub struct Workers {
    threads: usize,
    begin: fn(),
    cancelled: Arc<AtomicBool>,
}

thread_local! {
    /// What tells a thread that works that it is to end.
    static CANCELLED: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Ends what this thread works at, where [`Workers`] have it work and were cancelled: for loops that go on for seconds. It unwinds to [`Workers::map`], without a word.
pub(crate) fn end_if_cancelled() {
    let cancelled = CANCELLED.with_borrow(|flag| flag.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed)));
    if cancelled {
        resume_unwind(Box::new(Cancelled));
    }
}

impl Workers {
    /// As many threads as the machine has cores.
    pub fn all() -> Self {
        Self::at_most(std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }

    /// At most so many threads at a time.
    pub fn at_most(threads: NonZeroUsize) -> Self {
        Self { threads: threads.get(), begin: || (), cancelled: Arc::default() }
    }

    /// The same threads, each of which calls `begin` before anything else: to give way to others, say.
    pub fn that_begin(self, begin: fn()) -> Self {
        Self { begin, ..self }
    }

    /// Ends all work that these do, as soon as each has done what it is at: a step of a training, some seconds of a recording. For good.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the work is to go on.
    ///
    /// # Errors
    /// When it was cancelled.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.cancelled.load(Ordering::Relaxed) { Err(Cancelled) } else { Ok(()) }
    }

    /// Maps `work` over `items`, keeping the order. `done` is called with the number of items finished so far, from any of the threads.
    ///
    /// # Errors
    /// When it was cancelled.
    pub fn map<T: Sync, R: Send>(
        &self,
        items: &[T],
        done: impl Fn(usize) + Sync,
        work: impl Fn(&T) -> R + Sync,
    ) -> Result<Vec<R>, Cancelled> {
        let (next, finished) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let results: Mutex<Vec<Option<R>>> = Mutex::new((0..items.len()).map(|_| None).collect());
        std::thread::scope(|scope| {
            for _ in 0..self.threads.min(items.len().max(1)) {
                scope.spawn(|| {
                    (self.begin)();
                    CANCELLED.set(Some(self.cancelled.clone()));
                    while self.check().is_ok() {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(item) = items.get(index) else { break };
                        let result = match catch_unwind(AssertUnwindSafe(|| work(item))) {
                            Ok(result) => result,
                            Err(end) if end.is::<Cancelled>() => break,
                            Err(panic) => resume_unwind(panic),
                        };
                        results.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(result);
                        done(finished.fetch_add(1, Ordering::Relaxed) + 1);
                    }
                });
            }
        });
        let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.into_iter().collect::<Option<_>>().ok_or(Cancelled)
    }
}

/// [`Workers::map`] on all cores, to its end.
pub fn in_parallel<T: Sync, R: Send>(items: &[T], done: impl Fn(usize) + Sync, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    Workers::all().map(items, done, work).expect("nobody can cancel it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parallel_results_keep_their_order() {
        let items: Vec<usize> = (0..50).collect();
        let most = AtomicUsize::new(0);
        let doubled = in_parallel(
            &items,
            |done| {
                most.fetch_max(done, Ordering::Relaxed);
            },
            |&i| 2 * i,
        );
        assert_eq!(doubled, (0..100).step_by(2).collect::<Vec<_>>());
        assert_eq!(most.into_inner(), 50);
    }

    #[test]
    fn no_more_threads_work_than_may_and_none_when_it_is_cancelled() {
        let workers = Workers::at_most(NonZeroUsize::new(2).unwrap());
        let (now, most, begun) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let work = |item: &usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            std::thread::sleep(std::time::Duration::from_millis(2));
            now.fetch_sub(1, Ordering::Relaxed);
            if *item == 10 {
                workers.cancel();
            }
        };
        let items: Vec<usize> = (0..100).collect();
        assert_eq!(workers.map(&items, |_| (), work), Err(Cancelled));
        assert!(most.load(Ordering::Relaxed) <= 2 && (11..15).contains(&begun.load(Ordering::Relaxed)), "{begun:?} were begun");
        assert_eq!(workers.map(&items[..1], |_| (), work), Err(Cancelled), "for good");
    }

    #[test]
    fn long_work_ends_in_its_middle_and_a_panic_stays_one() {
        let workers = Workers::at_most(NonZeroUsize::MIN);
        let rounds = AtomicUsize::new(0);
        let work = |_: &u8| {
            for round in 0..1_000_000 {
                end_if_cancelled();
                rounds.store(round, Ordering::Relaxed);
                if round == 10 {
                    workers.cancel();
                }
            }
        };
        assert_eq!(workers.map(&[0, 1], |_| (), work), Err(Cancelled));
        assert_eq!(rounds.into_inner(), 10);
        end_if_cancelled();
        let panics = || Workers::all().map(&[0], |_| (), |_| assert_eq!(1, 2, "as it should"));
        assert!(catch_unwind(panics).is_err());
    }
}
