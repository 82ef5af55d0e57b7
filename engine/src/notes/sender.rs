//! Notes out of the voice, as a keyboard would have played them: messages of MIDI on one channel or as MPE, or notes that express for themselves. Audio thread;
//! plain arithmetic on one frame, never allocates.

use super::{detector::NoteChange, dynamics::SungDynamics};
use crate::{
    Settings,
    block::{Expression, Message},
    params::{NoteBend, NoteLoudness, NoteOutput},
};

/// The channels of MPE's lower zone that notes go round, 1 to 15; 0 is the master's.
const MEMBERS: u8 = 15;
/// Semitones that a member's wheel bends by: what MPE begins with.
const MPE_RANGE_ST: f32 = 48.0;
/// A bend moves by this much, of its range, to be worth a message: under a cent at two octaves.
const LEAST_BEND: f32 = 1.0 / 8192.0;
/// Frames between two messages of loudness: 60 a second.
const LOUDNESS_FRAMES: u32 = 4;
/// Controllers: expression, the two of data, and the numbers of what they set.
const EXPRESSION: u8 = 11;
const DATA: u8 = 6;
const RPN: [u8; 2] = [101, 100];

/// A note that has been sent, and the semitones that its key was moved by.
#[derive(Clone, Copy, Debug)]
struct Sent {
    channel: u8,
    key: u8,
    octaves: f32,
}

/// What a receiver has been told about how to hear.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Introduced {
    output: NoteOutput,
    range_st: f32,
    loudness: NoteLoudness,
}

/// Takes messages, each with its channel.
pub type Send<'a> = &'a mut dyn FnMut(u8, Message);

/// Sends the notes of one voice.
#[derive(Clone, Copy, Debug)]
pub struct NoteSender {
    introduced: Option<Introduced>,
    /// It is to be introduced anew: the receiver may be another.
    anew: bool,
    sounding: Option<Sent>,
    /// They overlap the one that sounds by a frame, as legato playing does.
    leaving: [Option<Sent>; 2],
    /// The channel of the next note of MPE.
    member: u8,
    /// What was last sent: bend of the note's channel, a share of its range, and loudness.
    bend: f32,
    loudness: u8,
    /// Frames since.
    since: u32,
}

impl NoteSender {
    /// Nothing has been sent.
    pub const fn new() -> Self {
        Self {
            introduced: None,
            anew: false,
            sounding: None,
            leaving: [None; 2],
            member: 0,
            bend: 0.0,
            loudness: u8::MAX,
            since: 0,
        }
    }

    /// Lets go of what sounds with the next frame, and introduces itself anew: the receiver may be another.
    pub fn reset(&mut self) {
        let [old, older] = self.leaving;
        *self = Self { introduced: self.introduced, anew: true, leaving: [self.sounding, old.or(older)], ..Self::new() };
    }

    /// Lets go of everything at once.
    pub fn let_go(&mut self, send: Send<'_>) {
        let [old, older] = std::mem::take(&mut self.leaving);
        for note in [old, older, self.sounding.take()].into_iter().flatten() {
            send(note.channel, Message::NoteOff { key: note.key });
        }
    }

    /// Sends what a frame changes: `change`, of a voice at `pitch` (MIDI; none where it has none), which is `glide` without its vibrato.
    pub fn step(
        &mut self,
        change: NoteChange,
        pitch: Option<[f32; 2]>,
        dynamics: &SungDynamics,
        settings: &Settings,
        send: Send<'_>,
    ) {
        let is_off = settings.bypass || settings.note_output.is_off();
        let output = if is_off { NoteOutput::Off } else { settings.note_output };
        for left in std::mem::take(&mut self.leaving).into_iter().flatten() {
            send(left.channel, Message::NoteOff { key: left.key });
        }
        let range_st = if output == NoteOutput::OneChannel { settings.note_bend_range } else { MPE_RANGE_ST };
        let as_wanted = self.introduced.is_some_and(|told| told.output == output);
        if !as_wanted {
            self.let_go(send);
        }
        let wanted = Introduced { output, range_st, loudness: settings.note_loudness };
        if self.introduced != Some(wanted) || self.anew {
            if let Some(old) = self.introduced {
                rest(old, send);
            }
            (self.introduced, self.anew) = (Some(wanted), false);
            introduce(wanted, send);
            (self.bend, self.loudness, self.since) = (f32::NAN, u8::MAX, LOUDNESS_FRAMES);
        }
        if is_off {
            return;
        }
        let octaves = 12.0 * settings.note_octave;
        match change {
            NoteChange::None => {}
            NoteChange::Ends => self.let_go(send),
            NoteChange::Begins(key) => {
                self.let_go(send);
                self.begin(key, octaves, pitch, dynamics, settings, range_st, send);
            }
            NoteChange::GoesOn(key) => {
                let before = self.sounding.take();
                self.begin(key, octaves, pitch, dynamics, settings, range_st, send);
                // A key that is struck once more has to be let go of first; beyond the keyboard there is no other.
                self.leaving[0] = before;
            }
        }
        if let Some(note) = self.sounding {
            self.bend(note, pitch, settings, range_st, send);
            self.since += 1;
            if self.since >= LOUDNESS_FRAMES {
                self.loudness(note, dynamics, settings, send);
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn begin(
        &mut self,
        key: u8,
        octaves: f32,
        pitch: Option<[f32; 2]>,
        dynamics: &SungDynamics,
        settings: &Settings,
        range_st: f32,
        send: Send<'_>,
    ) {
        let shifted = i32::from(key) + octaves as i32;
        let Ok(key) = u8::try_from(shifted) else { return };
        if key > 127 {
            return;
        }
        let channel = if settings.note_output == NoteOutput::Mpe {
            self.member = self.member % MEMBERS + 1;
            self.bend = f32::NAN;
            self.loudness = u8::MAX;
            self.member
        } else {
            0
        };
        let note = Sent { channel, key, octaves };
        let own = settings.note_output == NoteOutput::Expressions;
        // What MIDI says of a note, it says before.
        if own {
            (self.bend, self.loudness) = (f32::NAN, u8::MAX);
        } else {
            self.bend(note, pitch, settings, range_st, send);
            self.loudness(note, dynamics, settings, send);
        }
        send(channel, Message::NoteOn { key, velocity: dynamics.velocity() });
        self.sounding = Some(note);
        if own {
            self.bend(note, pitch, settings, range_st, send);
            self.loudness(note, dynamics, settings, send);
        }
    }

    fn bend(&mut self, note: Sent, pitch: Option<[f32; 2]>, settings: &Settings, range_st: f32, send: Send<'_>) {
        let away = |pitch: f32| pitch + note.octaves - f32::from(note.key);
        let semitones = match (settings.note_bend, pitch) {
            (NoteBend::Off, _) => 0.0,
            // While the voice pauses, it stays where it was.
            (_, None) => return,
            (NoteBend::Glides, Some([_, glide])) => away(glide),
            (NoteBend::Full, Some([sung, _])) => away(sung),
        };
        let bend = (semitones / range_st).clamp(-1.0, 1.0);
        if (bend - self.bend).abs() < LEAST_BEND {
            return;
        }
        self.bend = bend;
        if settings.note_output == NoteOutput::Expressions {
            send(note.channel, Message::Express { key: Some(note.key), expression: Expression::Tuning, value: bend * range_st });
        } else {
            send(note.channel, Message::Bend(bend));
        }
    }

    fn loudness(&mut self, note: Sent, dynamics: &SungDynamics, settings: &Settings, send: Send<'_>) {
        let value = (127.0 * dynamics.loudness()).round() as u8;
        if settings.note_loudness == NoteLoudness::Off || value == self.loudness {
            return;
        }
        (self.loudness, self.since) = (value, 0);
        let value = f32::from(value) / 127.0;
        let own = settings.note_output == NoteOutput::Expressions;
        let express = |expression| Message::Express { key: Some(note.key), expression, value };
        let message = match (settings.note_loudness, own) {
            (NoteLoudness::Pressure, true) => express(Expression::Pressure),
            (_, true) => express(Expression::Effort),
            (NoteLoudness::Pressure, false) => Message::Pressure(value),
            (_, false) => Message::Control { number: EXPRESSION, value },
        };
        send(note.channel, message);
    }
}

/// The registered parameters of a wheel's range, and of a zone of MPE.
const RANGE: u8 = 0;
const ZONE: u8 = 6;

fn register(channel: u8, number: u8, data: u8, send: Send<'_>) {
    let unit = |value: u8| f32::from(value) / 127.0;
    send(channel, Message::Control { number: RPN[0], value: 0.0 });
    send(channel, Message::Control { number: RPN[1], value: unit(number) });
    send(channel, Message::Control { number: DATA, value: unit(data) });
}

/// Tells a receiver how far the wheel bends, and of the zone of MPE.
fn introduce(wanted: Introduced, send: Send<'_>) {
    match wanted.output {
        NoteOutput::Off | NoteOutput::Expressions | NoteOutput::Later(_) => {}
        NoteOutput::OneChannel => register(0, RANGE, wanted.range_st as u8, send),
        NoteOutput::Mpe => {
            register(0, ZONE, MEMBERS, send);
            register(1, RANGE, MPE_RANGE_ST as u8, send);
        }
    }
}

/// Leaves a receiver as it was found: who plays it next is not to play softly and out of tune.
fn rest(old: Introduced, send: Send<'_>) {
    let channels = match old.output {
        NoteOutput::Off | NoteOutput::Expressions | NoteOutput::Later(_) => return,
        NoteOutput::OneChannel => 0..=0,
        NoteOutput::Mpe => 1..=MEMBERS,
    };
    for channel in channels {
        send(channel, Message::Bend(0.0));
        match old.loudness {
            NoteLoudness::Off => {}
            NoteLoudness::Expression => send(channel, Message::Control { number: EXPRESSION, value: 1.0 }),
            NoteLoudness::Pressure => send(channel, Message::Pressure(0.0)),
        }
    }
    if old.output == NoteOutput::Mpe {
        register(0, ZONE, 0, send);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is sent in frames of these changes, sung a fifth of a semitone sharp of the key.
    fn sent(sender: &mut NoteSender, settings: &Settings, changes: &[NoteChange]) -> Vec<(u8, Message)> {
        let mut all = Vec::new();
        for change in changes {
            let pitch = match change {
                NoteChange::Begins(key) | NoteChange::GoesOn(key) => Some([f32::from(*key) + 0.2; 2]),
                _ => None,
            };
            sender.step(*change, pitch, &SungDynamics::new(), settings, &mut |channel, message| all.push((channel, message)));
        }
        all
    }

    #[test]
    fn whatever_is_cut_off_ends_and_the_receiver_is_left_as_it_was() {
        for output in [NoteOutput::OneChannel, NoteOutput::Mpe, NoteOutput::Expressions] {
            let on = Settings { note_output: output, ..Settings::default() };
            let mut sender = NoteSender::new();
            let begun = sent(&mut sender, &on, &[NoteChange::Begins(60), NoteChange::GoesOn(64)]);
            assert!(begun.iter().all(|(_, message)| !matches!(message, Message::NoteOff { .. })), "they overlap");
            // In the very frame in which both sound.
            sender.reset();
            let after = sent(&mut sender, &Settings::default(), &[NoteChange::None; 3]);
            let ended: Vec<u8> =
                after.iter().filter_map(|(_, m)| if let Message::NoteOff { key } = m { Some(*key) } else { None }).collect();
            assert_eq!(ended, [64, 60], "{output:?}");
            let wheel = |(_, message): &(u8, Message)| if let Message::Bend(bend) = message { Some(*bend) } else { None };
            if output == NoteOutput::Expressions {
                assert_eq!(after.len(), 2);
            } else {
                assert!(begun.iter().filter_map(wheel).any(|bend| bend > 0.0));
                assert!(after.iter().filter_map(wheel).all(|bend| bend == 0.0));
                assert!(after.contains(&(begun[begun.len() - 1].0, Message::Control { number: EXPRESSION, value: 1.0 })));
            }
        }
    }

    #[test]
    fn another_octave_counts_from_the_next_note_on() {
        let on = Settings { note_output: NoteOutput::OneChannel, ..Settings::default() };
        let mut sender = NoteSender::new();
        sent(&mut sender, &on, &[NoteChange::Begins(60)]);
        let up = Settings { note_octave: 1.0, ..on };
        let mut bends = Vec::new();
        sender.step(NoteChange::None, Some([60.3; 2]), &SungDynamics::new(), &up, &mut |_, message| bends.push(message));
        assert!(matches!(bends[..], [Message::Bend(bend)] if (bend - 0.15).abs() < 1e-3), "{bends:?}");
        let next = sent(&mut sender, &up, &[NoteChange::GoesOn(62)]);
        assert!(next.iter().any(|(_, message)| matches!(message, Message::NoteOn { key: 74, .. })), "{next:?}");
    }
}
