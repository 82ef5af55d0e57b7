//! The notes of a voice in one block, for whoever is to play them: a list of fixed length that the audio thread fills without allocating.

use syrinx_engine::{Event, EventKind, Message};

/// Messages that fit in one block: a second and more of everything that is ever sent.
const MOST: usize = 4096;
/// Room that is kept for notes, so that none is left hanging in the longest block: bends and loudness are left out before.
const FOR_NOTES: usize = 1024;

/// The messages of one block, in order.
pub struct Sent {
    events: Vec<Event>,
    /// A bit for each key of each channel that has begun and not ended.
    down: [u128; 16],
    /// Whoever has sent them is there no more.
    orphaned: bool,
}

impl Sent {
    /// None yet.
    pub fn new() -> Self {
        Self { events: Vec::with_capacity(MOST), down: [0; 16], orphaned: false }
    }

    /// Begins a block.
    pub fn begin(&mut self) {
        self.events.clear();
        if !std::mem::take(&mut self.orphaned) {
            return;
        }
        for channel in 0..16 {
            while self.down[channel] != 0 {
                let message = Message::NoteOff { key: self.down[channel].trailing_zeros() as u8 };
                self.push(Event { at: 0, kind: EventKind::Message { channel: channel as u8, message } });
            }
        }
    }

    /// Another engine sends from now on: notes of the one before end with the next block.
    pub fn orphan(&mut self) {
        self.orphaned = true;
    }

    /// Adds what is sent. Of notes that begin where there is hardly room left, none is added; their ends always are.
    pub fn push(&mut self, event: Event) {
        let EventKind::Message { channel, message } = event.kind else { return };
        let down = &mut self.down[usize::from(channel).min(15)];
        let room = MOST - self.events.len();
        let needed = match message {
            Message::NoteOff { .. } => 0,
            Message::NoteOn { .. } => FOR_NOTES / 2,
            _ => FOR_NOTES,
        };
        if room <= needed {
            return;
        }
        match message {
            Message::NoteOn { key, .. } => *down |= 1 << key.min(127),
            Message::NoteOff { key } => *down &= !(1 << key.min(127)),
            _ => {}
        }
        self.events.push(event);
    }

    /// What was sent in this block.
    pub fn events(&self) -> &[Event] {
        &self.events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_much_is_sent_every_note_ends() {
        let mut sent = Sent::new();
        let message = |at, message| Event { at, kind: EventKind::Message { channel: 0, message } };
        for at in 0..10_000 {
            sent.push(message(at, Message::Bend(0.1)));
            if at % 10 == 0 {
                sent.push(message(at, Message::NoteOn { key: 60, velocity: 1.0 }));
                sent.push(message(at, Message::NoteOff { key: 60 }));
            }
        }
        assert_eq!(sent.events().len().max(MOST), MOST);
        let count = |is: fn(&Message) -> bool| {
            let messages = sent.events().iter().filter_map(|event| match &event.kind {
                EventKind::Message { message, .. } => Some(message),
                _ => None,
            });
            messages.filter(|message| is(message)).count()
        };
        let begun = count(|message| matches!(message, Message::NoteOn { .. }));
        assert!(begun > 400 && count(|message| matches!(message, Message::NoteOff { .. })) >= begun);
        sent.begin();
        assert!(sent.events().is_empty());
        sent.push(message(3, Message::NoteOn { key: 127, velocity: 1.0 }));
        sent.orphan();
        sent.begin();
        assert_eq!(sent.events(), [message(0, Message::NoteOff { key: 127 })]);
        sent.begin();
        assert!(sent.events().is_empty());
    }
}
