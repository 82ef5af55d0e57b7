//! Keys that give the pitch where a voice gives loudness and breath: the key that was struck last, of those that are down, bent by the wheel. What keys say counts for the
//! voice that it came with, to the nearest frame. Audio thread; plain data, never allocates.

use crate::{
    KeySettings,
    block::Message,
    keys::{Channels, KeyStack, Strike, hz_of},
    params::KeyPriority,
};
use syrinx_tracker::{Features, LOUDNESS_FLOOR_DB};

/// Messages that may wait for the voice that they came with: more than a keyboard says within the longest delay. Of more, the oldest count at once.
const MOST: usize = 256;
/// Without a key, what sounds falls by so much a frame, dB: over some 50 ms.
const FALL_DB: f32 = 5.0;
const SILENT_DB: f32 = 60.0;

/// A message, and the sample of the stream that it came with.
#[derive(Clone, Copy)]
struct Said {
    at: i64,
    channel: usize,
    message: Message,
}

const NOTHING: Said = Said { at: 0, channel: 0, message: Message::Bend(0.0) };

/// The keys of one stream.
pub struct KeyedPitch {
    stack: KeyStack,
    channels: Channels,
    /// What has been said and does not count yet, the oldest first.
    waiting: [Said; MOST],
    count: usize,
    /// Samples of the stream so far.
    position: i64,
    /// The key that sounds, or has.
    last: Option<Strike>,
    /// How far it has fallen, dB.
    fallen_db: f32,
}

impl KeyedPitch {
    pub fn new() -> Self {
        Self {
            stack: KeyStack::default(),
            channels: Channels::RESET,
            waiting: [NOTHING; MOST],
            count: 0,
            position: 0,
            last: None,
            fallen_db: SILENT_DB,
        }
    }

    /// No key is down.
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    /// Lets all keys go.
    pub fn let_go(&mut self) {
        while self.count > 0 {
            self.take_oldest();
        }
        self.stack = KeyStack::default();
    }

    /// The stream's samples are counted from the present one; keys that are down stay so.
    pub fn begin_anew(&mut self) {
        while self.count > 0 {
            self.take_oldest();
        }
        self.position = 0;
    }

    /// So many samples of the stream have come.
    pub fn advance(&mut self, samples: usize) {
        self.position += samples as i64;
    }

    /// Something is said at the present sample.
    pub fn hear(&mut self, channel: u8, message: Message) {
        if self.count == MOST {
            self.take_oldest();
        }
        self.waiting[self.count] = Said { at: self.position, channel: usize::from(channel).min(15), message };
        self.count += 1;
    }

    fn take_oldest(&mut self) {
        let Said { channel, message, .. } = self.waiting[0];
        self.waiting.copy_within(1..self.count, 0);
        self.count -= 1;
        match message {
            Message::NoteOn { key, velocity } if velocity > 0.0 => {
                self.stack.push(Strike { channel, key: key.min(127), velocity });
            }
            Message::NoteOn { key, .. } | Message::NoteOff { key } => self.stack.remove(channel, Some(key.min(127))),
            Message::Choke(key) => self.stack.remove(channel, key),
            Message::Control { number: 120 | 123..=127, .. } => self.stack.remove(channel, None),
            Message::Control { number, value } => self.channels.control(channel, number, value),
            Message::Bend(bend) => self.channels.each[channel].bend(bend),
            _ => {}
        }
    }

    /// The voice of a frame that describes the stream up to sample `end`, at the pitch of the keys; silent where none is down.
    pub fn step(&mut self, voice: &Features, end: i64, a4_hz: f32) -> Features {
        while self.count > 0 && self.waiting[0].at < end {
            self.take_oldest();
        }
        match self.stack.chosen(KeyPriority::Last) {
            Some(struck) => (self.last, self.fallen_db) = (Some(struck), 0.0),
            None => self.fallen_db = (self.fallen_db + FALL_DB).min(SILENT_DB),
        }
        let silent = Features { f0_hz: voice.f0_hz, confidence: 0.0, loudness_db: LOUDNESS_FLOOR_DB, ..*voice };
        let Some(struck) = self.last.filter(|_| self.fallen_db < SILENT_DB) else { return silent };
        let bend_st = self.channels.bend_st(struck.channel, &KeySettings::default());
        Features {
            f0_hz: hz_of(f32::from(struck.key) + bend_st, a4_hz),
            loudness_db: (voice.loudness_db - self.fallen_db).max(LOUDNESS_FLOOR_DB),
            ..*voice
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOICE: Features = Features { frame: 0, f0_hz: 150.0, confidence: 0.9, loudness_db: -20.0 };

    fn struck(key: u8) -> Message {
        Message::NoteOn { key, velocity: 0.5 }
    }

    #[test]
    fn the_last_key_gives_the_pitch_and_none_gives_silence() {
        let mut keys = KeyedPitch::new();
        assert_eq!(keys.step(&VOICE, 100, 440.0).loudness_db, LOUDNESS_FLOOR_DB);
        keys.hear(0, struck(69));
        let played = keys.step(&VOICE, 200, 440.0);
        assert_eq!((played.f0_hz, played.loudness_db, played.confidence), (440.0, -20.0, 0.9));
        keys.hear(0, struck(57));
        keys.hear(0, Message::Bend(1.0));
        assert!((keys.step(&VOICE, 300, 432.0).f0_hz - 216.0 * (2.0_f32 / 12.0).exp2()).abs() < 1e-3);
        keys.hear(0, Message::Bend(0.0));
        keys.hear(0, Message::NoteOff { key: 57 });
        assert_eq!(keys.step(&VOICE, 400, 440.0).f0_hz, 440.0, "back to the one that is still down");
        keys.hear(0, Message::Control { number: 123, value: 0.0 });
        let fades: Vec<f32> = (0..14).map(|n| keys.step(&VOICE, 500 + n, 440.0).loudness_db).collect();
        assert!(fades.windows(2).all(|w| w[1] <= w[0]) && fades[0] > -30.0 && fades[13] == LOUDNESS_FLOOR_DB, "{fades:?}");
    }

    #[test]
    fn what_is_said_counts_for_the_voice_that_it_came_with() {
        let mut keys = KeyedPitch::new();
        keys.advance(1000);
        keys.hear(0, struck(69));
        assert_eq!(keys.step(&VOICE, 1000, 440.0).loudness_db, LOUDNESS_FLOOR_DB);
        assert_eq!(keys.step(&VOICE, 1001, 440.0).f0_hz, 440.0);
        // A flood is not lost.
        (0..2 * MOST).for_each(|n| keys.hear(0, struck((n % 100) as u8)));
        (0..100).for_each(|key| keys.hear(0, Message::NoteOff { key }));
        keys.hear(0, Message::NoteOff { key: 69 });
        (0..20).for_each(|n| _ = keys.step(&VOICE, 2000 + n, 440.0));
        assert_eq!(keys.step(&VOICE, 3000, 440.0).loudness_db, LOUDNESS_FLOOR_DB);
    }
}
