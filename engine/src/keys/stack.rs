//! The keys that are down, where only one of them sounds. Audio thread; never allocates.

use super::voice::Strike;
use crate::params::KeyPriority;

/// Most keys that are remembered: nobody has more fingers. Of more, the oldest is forgotten.
const MOST: usize = 32;

/// The keys that are down, oldest first.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyStack {
    held: [Strike; MOST],
    count: usize,
}

impl KeyStack {
    /// A key is struck; one that was down already is now the newest.
    pub fn push(&mut self, held: Strike) {
        self.remove(held.channel, Some(held.key));
        if self.count == MOST {
            self.held.copy_within(1.., 0);
            self.count -= 1;
        }
        self.held[self.count] = held;
        self.count += 1;
    }

    /// A key is let go, or all keys of a channel.
    pub fn remove(&mut self, channel: usize, key: Option<u8>) {
        let mut kept = 0;
        for at in 0..self.count {
            if !self.held[at].is_of(channel, key) {
                self.held[kept] = self.held[at];
                kept += 1;
            }
        }
        self.count = kept;
    }

    /// The key that sounds.
    pub fn chosen(&self, priority: KeyPriority) -> Option<Strike> {
        let held = self.held[..self.count].iter();
        match priority {
            KeyPriority::Last => held.last(),
            KeyPriority::High => held.max_by_key(|held| held.key),
            KeyPriority::Low => held.min_by_key(|held| held.key),
        }
        .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_that_sounds_is_the_last_the_highest_or_the_lowest() {
        let mut stack = KeyStack::default();
        for key in [60, 67, 64] {
            stack.push(Strike { channel: 0, key, velocity: 0.5 });
        }
        let chosen = |stack: &KeyStack| {
            [KeyPriority::Last, KeyPriority::High, KeyPriority::Low].map(|p| stack.chosen(p).map(|held| held.key))
        };
        assert_eq!(chosen(&stack), [Some(64), Some(67), Some(60)]);
        stack.remove(0, Some(64));
        assert_eq!(chosen(&stack), [Some(67), Some(67), Some(60)]);
        stack.push(Strike { channel: 0, key: 60, velocity: 0.7 });
        assert_eq!(chosen(&stack), [Some(60), Some(67), Some(60)]);
        stack.remove(1, None);
        stack.remove(0, None);
        assert_eq!(chosen(&stack), [None; 3]);
        for key in 0..100 {
            stack.push(Strike { channel: 0, key, velocity: 0.5 });
        }
        assert_eq!(chosen(&stack), [Some(99), Some(99), Some(68)]);
    }
}
