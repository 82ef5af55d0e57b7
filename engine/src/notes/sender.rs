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

/// A note that has been sent.
#[derive(Clone, Copy, Debug)]
struct Sent {
    channel: u8,
    key: u8,
}

/// What a receiver has been told about how to hear.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Introduced {
    output: NoteOutput,
    range_st: f32,
}

/// Takes messages, each with its channel.
pub type Send<'a> = &'a mut dyn FnMut(u8, Message);

/// Sends the notes of one voice.
#[derive(Clone, Copy, Debug)]
pub struct NoteSender {
    introduced: Option<Introduced>,
    sounding: Option<Sent>,
    /// Overlaps the one that sounds by a frame, as legato playing does.
    leaving: Option<Sent>,
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
        Self { introduced: None, sounding: None, leaving: None, member: 0, bend: 0.0, loudness: u8::MAX, since: 0 }
    }

    /// Lets go of what sounds with the next frame, and introduces itself anew: the receiver may be another.
    pub fn reset(&mut self) {
        let old = self.sounding.or(self.leaving);
        *self = Self { leaving: old, ..Self::new() };
    }

    /// Lets go of everything at once.
    pub fn let_go(&mut self, send: Send<'_>) {
        for note in [self.leaving.take(), self.sounding.take()].into_iter().flatten() {
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
        if let Some(left) = self.leaving.take() {
            send(left.channel, Message::NoteOff { key: left.key });
        }
        let range_st = if output == NoteOutput::OneChannel { settings.note_bend_range } else { MPE_RANGE_ST };
        let as_wanted = self.introduced.is_some_and(|told| told.output == output);
        if !as_wanted {
            self.let_go(send);
        }
        let wanted = Introduced { output, range_st };
        if self.introduced != Some(wanted) {
            self.introduced = Some(wanted);
            introduce(wanted, send);
            (self.bend, self.loudness) = (f32::NAN, u8::MAX);
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
                self.leaving = before;
            }
        }
        if let Some(note) = self.sounding {
            self.bend(note, octaves, pitch, settings, range_st, send);
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
        let note = Sent { channel, key };
        let own = settings.note_output == NoteOutput::Expressions;
        // What MIDI says of a note, it says before.
        if own {
            (self.bend, self.loudness) = (f32::NAN, u8::MAX);
        } else {
            self.bend(note, octaves, pitch, settings, range_st, send);
            self.loudness(note, dynamics, settings, send);
        }
        send(channel, Message::NoteOn { key, velocity: dynamics.velocity() });
        self.sounding = Some(note);
        if own {
            self.bend(note, octaves, pitch, settings, range_st, send);
            self.loudness(note, dynamics, settings, send);
        }
    }

    fn bend(&mut self, note: Sent, octaves: f32, pitch: Option<[f32; 2]>, settings: &Settings, range_st: f32, send: Send<'_>) {
        let away = |pitch: f32| pitch + octaves - f32::from(note.key);
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

/// Tells a receiver how far the wheel bends, and of the zone of MPE.
fn introduce(wanted: Introduced, send: Send<'_>) {
    let mut set = |channel: u8, number: u8, data: u8| {
        let unit = |value: u8| f32::from(value) / 127.0;
        send(channel, Message::Control { number: RPN[0], value: 0.0 });
        send(channel, Message::Control { number: RPN[1], value: unit(number) });
        send(channel, Message::Control { number: DATA, value: unit(data) });
    };
    match wanted.output {
        NoteOutput::Off | NoteOutput::Expressions | NoteOutput::Later(_) => {}
        NoteOutput::OneChannel => set(0, 0, wanted.range_st as u8),
        NoteOutput::Mpe => {
            set(0, 6, MEMBERS);
            set(1, 0, MPE_RANGE_ST as u8);
        }
    }
}
