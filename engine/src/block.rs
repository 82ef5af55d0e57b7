//! The door to the engine: a block of a stream, and what changes inside of it.

use crate::params::{KeyParamId, ParamId};

/// One block: as many samples in as out, and what happens on the way.
pub struct Block<'a, 'b> {
    /// The voice, a slice a channel. Lacking channels are silent or repeat the last.
    pub input: &'a [&'a [f32]],
    /// What is played, a slice a channel; the shortest says how long the block is. Surplus channels repeat the last.
    pub output: &'a mut [&'b mut [f32]],
    /// In the order in which they happen.
    pub events: &'a [Event],
}

/// What happens at a sample of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// The sample before which it happens, counted from the block's first; what is said to happen behind the last does so at the block's end.
    pub at: usize,
    /// What happens.
    pub kind: EventKind,
}

/// What an event is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// A parameter takes a value, in its unit. Values that cannot be are made harmless, as by [`Settings::sanitised`](crate::Settings::sanitised).
    Setting(ParamId, f32),
    /// The same of how keys are played: for [`Keys`](crate::Keys).
    KeySetting(KeyParamId, f32),
    /// A message of MIDI on a channel, 0 to 15: for [`Keys`](crate::Keys), and for an [`Engine`](crate::Engine) whose pitch or chord comes
    /// [from keys](crate::PitchFrom).
    Message {
        /// The channel; those beyond are heard as the last.
        channel: u8,
        /// What it says.
        message: Message,
    },
    /// From an [`Engine`](crate::Engine), whatever its [`NoteOutput`](crate::NoteOutput) is: a note that is sung, its bend and loudness, as on one channel, to be kept.
    Sung(Message),
}

/// What a keyboard or a controller says.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Message {
    /// A key, 0 to 127 (60 is middle C, A4 is 69), is struck this hard, 0 to 1; 0 lets it go.
    NoteOn {
        /// The key.
        key: u8,
        /// How hard.
        velocity: f32,
    },
    /// A key is let go.
    NoteOff {
        /// The key.
        key: u8,
    },
    /// The pitch wheel, -1 to 1.
    Bend(f32),
    /// A controller, 0 to 127, takes a value, 0 to 1.
    Control {
        /// The controller.
        number: u8,
        /// Its value.
        value: f32,
    },
    /// Pressure on the whole channel, 0 to 1.
    Pressure(f32),
    /// Pressure on one key, 0 to 1.
    KeyPressure {
        /// The key.
        key: u8,
        /// How much.
        pressure: f32,
    },
    /// A note of its own: what CLAP and VST3 call note expressions.
    Express {
        /// Its key; none for all notes of the channel.
        key: Option<u8>,
        /// What is expressed.
        expression: Expression,
        /// How much.
        value: f32,
    },
    /// A key's note is silent at once, whatever holds it; none for all notes of the channel.
    Choke(Option<u8>),
}

impl Message {
    /// What a MIDI message of three bytes says, and on which channel; none where it is for no key or controller, or is none.
    ///
    /// ```
    /// use syrinx_engine::Message;
    ///
    /// assert_eq!(Message::of_midi([0x92, 60, 127]), Some((2, Message::NoteOn { key: 60, velocity: 1.0 })));
    /// assert_eq!(Message::of_midi([0x90, 60, 0]), Some((0, Message::NoteOff { key: 60 })));
    /// assert_eq!(Message::of_midi([0xe0, 0, 64]), Some((0, Message::Bend(0.0))));
    /// assert_eq!(Message::of_midi([0xf8, 0, 0]), None);
    /// ```
    pub fn of_midi([status, first, second]: [u8; 3]) -> Option<(u8, Self)> {
        if first > 127 || second > 127 {
            return None;
        }
        let unit = |value: u8| f32::from(value) / 127.0;
        let message = match status & 0xf0 {
            0x80 => Self::NoteOff { key: first },
            0x90 if second == 0 => Self::NoteOff { key: first },
            0x90 => Self::NoteOn { key: first, velocity: unit(second) },
            0xa0 => Self::KeyPressure { key: first, pressure: unit(second) },
            0xb0 => Self::Control { number: first, value: unit(second) },
            0xd0 => Self::Pressure(unit(first)),
            0xe0 => Self::bend_of((i16::from(second) << 7 | i16::from(first)) - 8192),
            _ => return None,
        };
        Some((status & 0x0f, message))
    }

    /// The bytes of MIDI that say so on a channel, the third 0 where there are two; none where MIDI has no word for it.
    ///
    /// ```
    /// use syrinx_engine::Message;
    ///
    /// let struck = Message::NoteOn { key: 60, velocity: 1.0 };
    /// assert_eq!(struck.to_midi(2), Some([0x92, 60, 127]));
    /// assert_eq!(Message::Bend(-1.0).to_midi(0), Some([0xe0, 0, 0]));
    /// ```
    pub fn to_midi(self, channel: u8) -> Option<[u8; 3]> {
        let unit = |value: f32| (127.0 * value.clamp(0.0, 1.0)).round() as u8;
        let (status, first, second) = match self {
            Self::NoteOff { key } => (0x80, key, 64),
            // A velocity of 0 would let it go.
            Self::NoteOn { key, velocity } => (0x90, key, unit(velocity).max(1)),
            Self::KeyPressure { key, pressure } => (0xa0, key, unit(pressure)),
            Self::Control { number, value } => (0xb0, number, unit(value)),
            Self::Pressure(pressure) => (0xd0, unit(pressure), 0),
            Self::Bend(bend) => {
                let wheel = 8192 + (bend.clamp(-1.0, 1.0) * if bend < 0.0 { 8192.0 } else { 8191.0 }).round() as i16;
                (0xe0, (wheel & 0x7f) as u8, (wheel >> 7) as u8)
            }
            Self::Express { .. } | Self::Choke(_) => return None,
        };
        Some([status | channel.min(15), first.min(127), second])
    }

    /// The bend of a pitch wheel that stands so far from its middle, -8192 to 8191.
    pub fn bend_of(wheel: i16) -> Self {
        Self::Bend(f32::from(wheel) / if wheel < 0 { 8192.0 } else { 8191.0 })
    }
}

/// What one note expresses for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expression {
    /// A linear gain, 0 to 4; 1 leaves it as it is.
    Volume,
    /// Bend of its pitch, semitones.
    Tuning,
    /// How much vibrato is added, 0 to 1.
    Vibrato,
    /// How hard it goes on to be played, 0 to 1; 1 leaves it as it was struck.
    Effort,
    /// How bright it is, 0 to 1; a half leaves it as it is.
    Brightness,
    /// Pressure on its key, 0 to 1.
    Pressure,
}

/// How long a block with this output is.
pub(crate) fn len(output: &[&mut [f32]]) -> usize {
    output.iter().map(|o| o.len()).min().unwrap_or(0)
}

/// Goes through a block of `len` samples: `run` plays what lies between two samples, and `take` gets all events of one sample at once.
pub(crate) fn walk<P>(
    player: &mut P,
    mut events: &[Event],
    len: usize,
    mut run: impl FnMut(&mut P, usize, usize),
    mut take: impl FnMut(&mut P, &[Event]),
) {
    let mut from = 0;
    while let [first, ..] = events {
        let at = first.at.clamp(from, len);
        run(player, from, at);
        // Behind the last sample there is no later.
        let later = events.iter().position(|event| event.at > at && at < len).unwrap_or(events.len());
        take(player, &events[..later]);
        (from, events) = (at, &events[later..]);
    }
    run(player, from, len);
}
