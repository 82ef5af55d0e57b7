//! The system's MIDI (ALSA's sequencer, CoreMIDI, Windows). Its inputs: all that are plugged in, or those that the player has chosen, opened as they come and let go as they leave.
//! What they say goes to the player's ring, and is heard with the next block. And a port of Syrinx's own, for the notes that are sung.

use crate::{audio::SungNotes, audio_devices};
#[cfg(unix)]
use midir::MidiOutput;
use midir::{Ignore, MidiInput, MidiInputConnection, MidiOutputConnection};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use std::{
    thread,
    time::{Duration, Instant},
};
use syrinx_engine::Message;
use syrinx_plugin::{monitor::Shown, source::Source};

const CLIENT: &str = "Syrinx Keys";
#[cfg(unix)]
const VOICE_CLIENT: &str = "Syrinx";
/// The port of the notes that are sung.
const SUNG: &str = "sung notes";
/// Between two looks at what is sung, and at whether the system has MIDI by now.
const SEND: Duration = Duration::from_millis(1);
const RETRY: Duration = Duration::from_secs(5);
/// Between two looks at what is plugged in.
const LOOK: Duration = Duration::from_millis(500);
/// A channel's keys are let go by this controller, and its pedal by the other.
const ALL_NOTES_OFF: u8 = 123;
const SUSTAIN: u8 = 64;

/// An input that is open, by the number that the system gives it.
struct Open {
    id: String,
    name: String,
    _connection: MidiInputConnection<()>,
}

/// The names of the inputs there are.
///
/// # Errors
/// A sentence where the system has no MIDI.
pub fn list() -> Result<Vec<String>, String> {
    let input = input()?;
    Ok(input.ports().iter().filter_map(|port| input.port_name(port).ok()).collect())
}

fn input() -> Result<MidiInput, String> {
    audio_devices::hush();
    let mut input = MidiInput::new(CLIENT).map_err(|_| "the system has no MIDI inputs.")?;
    input.ignore(Ignore::All);
    Ok(input)
}

/// Opens what is plugged in, until `stop` is set. A thread of its own.
pub fn run(shown: &Arc<Shown>, source: Source, stop: &AtomicBool) {
    let mut open: Vec<Open> = Vec::new();
    let mut finder = None;
    while !stop.load(Ordering::Relaxed) {
        finder = finder.or_else(|| input().ok());
        match &finder {
            Some(finder) => look(shown, source, finder, &mut open),
            // The window says that there are none.
            None => _ = shown.midi_inputs.found(Vec::new()),
        }
        thread::sleep(LOOK);
    }
}

fn look(shown: &Arc<Shown>, source: Source, finder: &MidiInput, open: &mut Vec<Open>) {
    let named = finder.ports().into_iter().filter_map(|port| Some((port.id(), finder.port_name(&port).ok()?)));
    // What a voice sings is no chord for it.
    let there: Vec<(String, String)> = named.filter(|(_, name)| source == Source::Keys || !name.contains(SUNG)).collect();
    if shown.midi_inputs.found(there.iter().map(|(_, name)| name.clone()).collect()) {
        shown.redraw();
    }
    let heard = shown.midi_inputs.heard();
    let before = open.len();
    open.retain(|open| heard.hears(&open.name) && there.iter().any(|(id, _)| *id == open.id));
    if open.len() < before {
        // Nobody lets go what was held down on one that has left.
        for channel in 0..16 {
            shown.say(channel, Message::Control { number: SUSTAIN, value: 0.0 });
            shown.say(channel, Message::Control { number: ALL_NOTES_OFF, value: 0.0 });
        }
    }
    for (id, name) in there {
        if !heard.hears(&name) || open.iter().any(|open| open.id == id) {
            continue;
        }
        // Each connection takes a finder with it.
        let (Ok(input), to) = (input(), shown.clone()) else { continue };
        let Some(port) = input.find_port_by_id(&id) else { continue };
        let connected = input.connect(&port, "notes", move |_, bytes, ()| hear(&to, bytes), ());
        if let Ok(connection) = connected {
            eprintln!("syrinx: hears {name}");
            open.push(Open { id, name, _connection: connection });
        }
    }
}

/// Gives what is sung to a port that other programs find, until `stop` is set. A thread of its own. Systems without MIDI, and Windows, which has no such ports, have none.
pub fn send(sung: &SungNotes, stop: &AtomicBool) {
    let mut port = None;
    let mut looked: Option<Instant> = None;
    while !stop.load(Ordering::Relaxed) {
        if port.is_none() && looked.is_none_or(|looked| looked.elapsed() > RETRY) {
            looked = Some(Instant::now());
            port = output();
        }
        while let Some(bytes) = sung.next() {
            if let Some(port) = &mut port {
                let _ = port.send(&bytes[..len(bytes)]);
            }
        }
        thread::sleep(SEND);
    }
    if let Some(port) = &mut port {
        // Whoever plays them is not to be left with one.
        for channel in 0..16 {
            let _ = port.send(&[0xb0 | channel, ALL_NOTES_OFF, 0]);
        }
    }
}

#[cfg(unix)]
fn output() -> Option<MidiOutputConnection> {
    use midir::os::unix::VirtualOutput;
    audio_devices::hush();
    MidiOutput::new(VOICE_CLIENT).ok()?.create_virtual(SUNG).ok()
}

#[cfg(not(unix))]
fn output() -> Option<MidiOutputConnection> {
    None
}

/// Bytes of a message: a pressure of the channel has one after its status.
pub fn len(bytes: [u8; 3]) -> usize {
    if bytes[0] & 0xf0 == 0xd0 { 2 } else { 3 }
}

/// A message from an input, on its thread.
fn hear(shown: &Shown, bytes: &[u8]) {
    if let Some((channel, message)) = message(bytes) {
        shown.say(channel, message);
    }
}

/// What some bytes of MIDI say: of two or three, for a program or a pressure has one after its status.
pub fn message(bytes: &[u8]) -> Option<(u8, Message)> {
    let mut three = [0; 3];
    let given = three.get_mut(..bytes.len()).filter(|given| given.len() >= 2)?;
    given.copy_from_slice(bytes);
    Message::of_midi(three)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_of_two_or_three_bytes() {
        assert_eq!(message(&[0x93, 60, 127]), Some((3, Message::NoteOn { key: 60, velocity: 1.0 })));
        assert_eq!(message(&[0xd0, 127]), Some((0, Message::Pressure(1.0))));
        assert_eq!((message(&[]), message(&[0xf8]), message(&[0xf0, 1, 2, 0xf7])), (None, None, None));
    }
}
