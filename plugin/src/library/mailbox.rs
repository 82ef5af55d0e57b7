//! A place for one thing on its way from one thread to another, where a newer one takes the place of an older that nobody has fetched.
//! Neither side ever waits; whoever fetches neither allocates nor frees.

use std::{
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

/// The place; any number of threads.
pub struct Mailbox<T: Send>(AtomicPtr<T>);

impl<T: Send> Default for Mailbox<T> {
    fn default() -> Self {
        Self(AtomicPtr::default())
    }
}

impl<T: Send> Mailbox<T> {
    /// Puts something in; what was there and was never fetched comes back.
    pub fn put(&self, item: Box<T>) -> Option<Box<T>> {
        self.swap(Box::into_raw(item))
    }

    /// What is there.
    pub fn take(&self) -> Option<Box<T>> {
        // Nearly always there is nothing, and looking leaves the memory to all processors.
        if self.is_empty() { None } else { self.swap(ptr::null_mut()) }
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.load(Ordering::Relaxed).is_null()
    }

    fn swap(&self, new: *mut T) -> Option<Box<T>> {
        let old = self.0.swap(new, Ordering::AcqRel);
        // SAFETY: all that ever comes in is a box's, and the swap has left this thread as the only one that knows of it.
        (!old.is_null()).then(|| unsafe { Box::from_raw(old) })
    }
}

impl<T: Send> Drop for Mailbox<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn the_newest_is_fetched_and_nothing_is_lost_or_freed_twice() {
        let mailbox = Mailbox::default();
        let counted = Arc::new(());
        assert!(mailbox.take().is_none());
        for _ in 0..10 {
            mailbox.put(Box::new((0, counted.clone())));
        }
        assert_eq!(Arc::strong_count(&counted), 2, "whoever puts a newer one in frees the older");
        assert!(mailbox.put(Box::new((1, counted.clone()))).is_some());
        assert_eq!(mailbox.take().map(|item| item.0), Some(1));
        assert!(mailbox.take().is_none());
        mailbox.put(Box::new((2, counted.clone())));
        drop(mailbox);
        assert_eq!(Arc::strong_count(&counted), 1);
    }

    #[test]
    fn what_is_fetched_while_another_puts_comes_in_order_and_the_last_arrives() {
        const LAST: u32 = 20_000;
        let mailbox = Mailbox::default();
        std::thread::scope(|scope| {
            scope.spawn(|| (1..=LAST).for_each(|n| drop(mailbox.put(Box::new(n)))));
            let mut seen = 0;
            while seen < LAST {
                if let Some(n) = mailbox.take() {
                    assert!(*n > seen);
                    seen = *n;
                }
            }
        });
    }
}
