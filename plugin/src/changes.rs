//! What happens inside one block, as hosts send it, changes of parameters and notes: a list of fixed length that the audio thread fills and walks
//! without allocating.

use crate::{
    note_ids::{HostNote, NoteIds},
    params::SharedValues,
    source::ROWS,
};
use syrinx_engine::{Expression, Message};

/// Changes that fit in one block. Those beyond are thinned out to the last of each parameter.
pub const MOST_CHANGES: usize = 4096;
/// Messages of keys and controllers that fit in one block.
pub const MOST_MESSAGES: usize = 4096;

/// The controller that lets all keys of a channel go.
const ALL_NOTES_OFF: u8 = 123;

/// What becomes of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// Its value, 0 to 1.
    Value(f32),
    /// What modulation adds to its value, of the range 0 to 1.
    Modulation(f32),
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// A parameter, by its place in the table, becomes something.
    Param(usize, Change),
    /// A key or a controller says something on a channel, 0 to 15.
    Message(u8, Message),
}

/// What happens at its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// The sample that it holds from.
    pub at: usize,
    /// What happens.
    pub what: What,
    order: usize,
}

/// The changes of one block, in the order in which they take effect.
pub struct Changes {
    len: usize,
    events: Vec<Event>,
    /// The last values of parameters whose changes did not fit.
    last: [Option<f32>; ROWS],
    /// How many of the events are changes, and how many messages.
    counts: [usize; 2],
    /// There were more messages than fit: which keys are down is no longer known.
    lost: bool,
    /// Which keys the host's notes are: from block to block.
    ids: NoteIds,
}

impl Default for Changes {
    fn default() -> Self {
        Self { events: Vec::with_capacity(MOST_CHANGES + MOST_MESSAGES), ..Self::none() }
    }
}

impl Changes {
    /// No changes, and no room for any.
    pub fn none() -> Self {
        Self { len: 0, events: Vec::new(), last: [None; ROWS], counts: [0; 2], lost: false, ids: NoteIds::default() }
    }

    /// Begins a block of `len` samples, without changes.
    pub fn begin(&mut self, len: usize) {
        self.len = len;
        self.events.clear();
        self.last.fill(None);
        self.counts = [0; 2];
        self.lost = false;
    }

    fn push(&mut self, at: i64, what: What) {
        let at = at.clamp(0, self.len as i64) as usize;
        self.events.push(Event { at, what, order: self.events.len() });
    }

    /// Adds a change. One that is said to come before the block or after it comes at its first sample or after its last; what is no number, or
    /// of no parameter, is left out.
    pub fn add(&mut self, at: i64, row: usize, change: Change) {
        let (Change::Value(number) | Change::Modulation(number)) = change;
        if row >= ROWS || !number.is_finite() {
            return;
        }
        let [changes, _] = &mut self.counts;
        if *changes < MOST_CHANGES && self.events.capacity() > 0 {
            *changes += 1;
            self.push(at, What::Param(row, change));
        } else if let Change::Value(value) = change {
            self.last[row] = Some(value);
        }
    }

    /// Adds what a key or a controller says, at its sample as [`add`](Self::add). Of more than [`MOST_MESSAGES`] the last are lost, and
    /// [`has_lost`](Self::has_lost) says so.
    pub fn say(&mut self, at: i64, channel: u8, message: Message) {
        let [_, messages] = &mut self.counts;
        if *messages < MOST_MESSAGES && self.events.capacity() > 0 {
            *messages += 1;
            self.push(at, What::Message(channel, message));
        } else {
            self.lost = true;
        }
    }

    /// A host's note begins, struck this hard, 0 to 1, and so many semitones beside its key.
    pub fn note_on(&mut self, at: i64, note: HostNote, velocity: f64, detuned_st: f32) {
        let Some((channel, key)) = self.ids.begin(note) else { return };
        // A note of no velocity is as soft as can be; it is MIDI alone where that ends one.
        let velocity = (velocity as f32).max(f32::MIN_POSITIVE);
        self.say(at, channel, Message::NoteOn { key, velocity });
        if detuned_st != 0.0 {
            self.say(at, channel, Message::Express { key: Some(key), expression: Expression::Tuning, value: detuned_st });
        }
    }

    /// A host's note ends: it is let go, or choked.
    pub fn note_off(&mut self, at: i64, note: HostNote, choked: bool) {
        let Some(meant) = self.ids.end(note) else { return };
        for channel in meant.channels() {
            let message = match (meant.key, choked) {
                (key, true) => Message::Choke(key),
                (Some(key), false) => Message::NoteOff { key },
                (None, false) => Message::Control { number: ALL_NOTES_OFF, value: 0.0 },
            };
            self.say(at, channel, message);
        }
    }

    /// Whether one of the host's notes has this number.
    pub fn knows(&self, id: i32) -> bool {
        self.ids.knows(id)
    }

    /// A host's note expresses something.
    pub fn express(&mut self, at: i64, note: HostNote, expression: Expression, value: f32) {
        let meant = self.ids.meant(note);
        meant.channels().for_each(|channel| self.say(at, channel, Message::Express { key: meant.key, expression, value }));
    }

    /// Whether there were more messages than fit.
    pub fn has_lost(&self) -> bool {
        self.lost
    }

    /// Puts them in order: hosts list them by parameter, or not at all.
    pub fn sort(&mut self) {
        self.events.sort_unstable_by_key(|event| (event.at, event.order));
    }

    /// The changes, after [`sort`](Self::sort).
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Has the parameters as they are to be where nothing is played that would follow them.
    pub fn keep(&self, controls: &SharedValues) {
        for event in &self.events {
            if let What::Param(row, change) = event.what {
                controls.change(row, change);
            }
        }
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
        let row = |e: &Event| if let What::Param(row, _) = e.what { row } else { usize::MAX };
        let order: Vec<_> = changes.events().iter().map(|e| (e.at, row(e))).collect();
        assert_eq!(order, [(0, 2), (10, 1), (10, 0), (64, 0), (64, 3)]);
    }

    #[test]
    fn more_notes_than_anybody_plays_are_told_as_lost() {
        let mut changes = Changes::default();
        for (notes, lost) in [(1000, false), (MOST_MESSAGES, false), (MOST_MESSAGES + 1, true), (1, false)] {
            changes.begin(64);
            (0..MOST_CHANGES).for_each(|_| changes.add(0, 0, Change::Value(0.5)));
            (0..notes).for_each(|n| changes.say(n as i64, 0, Message::NoteOff { key: 60 }));
            assert_eq!((changes.has_lost(), changes.events().len()), (lost, MOST_CHANGES + notes.min(MOST_MESSAGES)));
        }
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
