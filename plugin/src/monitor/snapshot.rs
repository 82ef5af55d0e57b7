//! Numbers that belong together, on their way from one thread to others: whoever reads has all of one moment, never some of one and some of another.

use std::sync::atomic::{AtomicU32, Ordering, fence};

/// The numbers of the last moment. One thread writes, and never waits; any number read.
pub struct Snapshot<const NUMBERS: usize> {
    /// Odd while a moment is being written.
    epoch: AtomicU32,
    numbers: [AtomicU32; NUMBERS],
}

impl<const NUMBERS: usize> Snapshot<NUMBERS> {
    /// With these numbers.
    pub fn new(numbers: [f32; NUMBERS]) -> Self {
        Self { epoch: AtomicU32::new(0), numbers: numbers.map(|number| AtomicU32::new(number.to_bits())) }
    }

    /// Writes a moment. By one thread alone; never waits.
    pub fn write(&self, numbers: impl IntoIterator<Item = f32>) {
        let before = self.epoch.load(Ordering::Relaxed);
        self.epoch.store(before.wrapping_add(1), Ordering::Relaxed);
        // Whoever sees one of these numbers sees that the epoch is odd, or another.
        fence(Ordering::Release);
        self.numbers.iter().zip(numbers).for_each(|(place, number)| place.store(number.to_bits(), Ordering::Relaxed));
        self.epoch.store(before.wrapping_add(2), Ordering::Release);
    }

    /// The last moment, whole. Waits for a writer that is in the middle of one.
    pub fn read(&self) -> [f32; NUMBERS] {
        loop {
            let before = self.epoch.load(Ordering::Acquire);
            let numbers = std::array::from_fn(|at| f32::from_bits(self.numbers[at].load(Ordering::Relaxed)));
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && self.epoch.load(Ordering::Relaxed) == before {
                return numbers;
            }
            std::thread::yield_now();
        }
    }

    /// One of the numbers, of whichever moment.
    pub fn one(&self, at: usize) -> f32 {
        f32::from_bits(self.numbers[at].load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn what_is_read_is_of_one_moment() {
        let (snapshot, done) = (Snapshot::new([0.0; 200]), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                (1..20_000).for_each(|moment| snapshot.write([moment as f32; 200]));
                done.store(true, Ordering::Relaxed);
            });
            let mut last = 0.0;
            while !done.load(Ordering::Relaxed) {
                let [first, rest @ ..] = snapshot.read();
                assert!(rest.iter().all(|number| *number == first) && first >= last, "{first} after {last}");
                last = first;
            }
        });
        assert_eq!(snapshot.read(), [19_999.0; 200]);
    }
}
