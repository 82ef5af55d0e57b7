//! Changes of parameters inside one block, as hosts send them: a list of fixed length that the audio thread fills and walks without allocating.

use syrinx_engine::PARAMS;

/// Changes that fit in one block. Those beyond are thinned out to the last of each parameter.
pub const MOST_CHANGES: usize = 4096;

/// What becomes of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// Its value, 0 to 1.
    Value(f32),
    /// What modulation adds to its value, of the range 0 to 1.
    Modulation(f32),
}

/// A change at its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// The sample that it holds from.
    pub at: usize,
    /// The parameter, by its place in the table.
    pub row: usize,
    /// What becomes of it.
    pub change: Change,
    order: usize,
}

/// The changes of one block, in the order in which they take effect.
pub struct Changes {
    len: usize,
    events: Vec<Event>,
    /// The last values of parameters whose changes did not fit.
    last: [Option<f32>; PARAMS.len()],
}

impl Default for Changes {
    fn default() -> Self {
        Self { events: Vec::with_capacity(MOST_CHANGES), ..Self::none() }
    }
}

impl Changes {
    /// No changes, and no room for any.
    pub fn none() -> Self {
        Self { len: 0, events: Vec::new(), last: [None; PARAMS.len()] }
    }

    /// Begins a block of `len` samples, without changes.
    pub fn begin(&mut self, len: usize) {
        self.len = len;
        self.events.clear();
        self.last.fill(None);
    }

    /// Adds a change. One that is said to come before the block or after it comes at its first sample or after its last; what is no number, or
    /// of no parameter, is left out.
    pub fn add(&mut self, at: i64, row: usize, change: Change) {
        let (Change::Value(number) | Change::Modulation(number)) = change;
        if row >= PARAMS.len() || !number.is_finite() {
            return;
        }
        if self.events.len() < self.events.capacity() {
            let at = at.clamp(0, self.len as i64) as usize;
            self.events.push(Event { at, row, change, order: self.events.len() });
        } else if let Change::Value(value) = change {
            self.last[row] = Some(value);
        }
    }

    /// Puts them in order: hosts list them by parameter, or not at all.
    pub fn sort(&mut self) {
        self.events.sort_unstable_by_key(|event| (event.at, event.order));
    }

    /// The changes, after [`sort`](Self::sort).
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// What comes after the block, where there were too many changes.
    pub fn leftovers(&self) -> impl Iterator<Item = (usize, f32)> {
        self.last.iter().enumerate().filter_map(|(row, value)| value.map(|value| (row, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_in_order_and_inside_their_block() {
        let mut changes = Changes::default();
        changes.begin(64);
        for (at, row, value) in
            [(70, 0, 0.1), (10, 1, 0.2), (10, 0, 0.3), (-5, 2, 0.4), (i64::MAX, 3, 0.5), (0, 999, 0.6), (3, 0, f32::NAN)]
        {
            changes.add(at, row, Change::Value(value));
        }
        changes.sort();
        let order: Vec<_> = changes.events().iter().map(|e| (e.at, e.row)).collect();
        assert_eq!(order, [(0, 2), (10, 1), (10, 0), (64, 0), (64, 3)]);
    }

    #[test]
    fn the_last_value_survives_however_many_there_are() {
        let mut changes = Changes::default();
        changes.begin(10);
        for n in 0..3 * MOST_CHANGES {
            changes.add(0, 1, Change::Value(n as f32 / (3 * MOST_CHANGES) as f32));
        }
        assert_eq!(changes.events.capacity(), Changes::default().events.capacity(), "nothing was allocated");
        assert_eq!(changes.leftovers().collect::<Vec<_>>(), [(1, (3 * MOST_CHANGES - 1) as f32 / (3 * MOST_CHANGES) as f32)]);
    }
}
