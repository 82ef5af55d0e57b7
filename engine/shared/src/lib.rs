//! Tables that many have in common: made once for all that need them, and freed with the last that has them. A host may hold a hundred
//! instances, and what a sample rate, a set of bands or a model decides is the same for all.
//!
//! Not for the audio thread: whoever asks may wait while another makes the table.

use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The tables of one kind, by what decides them.
pub struct Shared<K, T>(Mutex<Vec<(K, Weak<T>)>>);

impl<K: PartialEq, T> Shared<K, T> {
    /// None yet.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// The table for `key`: what others have already, or else what `make` makes.
    pub fn get(&self, key: K, make: impl FnOnce() -> T) -> Arc<T> {
        // A table that could not be made is not in the list, so whoever panicked there left nothing half done.
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = tables.iter().find(|(k, _)| *k == key).and_then(|(_, table)| table.upgrade()) {
            return table;
        }
        let table = Arc::new(make());
        tables.retain(|(_, table)| table.strong_count() > 0);
        tables.push((key, Arc::downgrade(&table)));
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_made_once_and_freed_with_the_last_who_has_it() {
        let (tables, mut made) = (Shared::new(), 0);
        let mut get = |key| {
            tables.get(key, || {
                made += 1;
                [made; 100]
            })
        };
        let (first, same, other) = (get(1), get(1), get(2));
        assert!(Arc::ptr_eq(&first, &same) && !Arc::ptr_eq(&first, &other));
        drop((first, same));
        assert_eq!(get(1)[0], 3, "nobody had it any more");
        assert_eq!(get(2)[0], 2);
        assert_eq!(tables.0.lock().unwrap().iter().filter(|(_, table)| table.strong_count() > 0).count(), 1);
    }
}
