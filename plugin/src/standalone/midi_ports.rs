//! The system's MIDI inputs (ALSA's sequencer, CoreMIDI, Windows): all that are plugged in, or those that the player has chosen, opened as they come and let go as they leave.
//! What they say goes to the player's ring, and is heard with the next block.

use crate::audio_devices;
use midir::{Ignore, MidiInput, MidiInputConnection};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use std::{thread, time::Duration};
use syrinx_engine::Message;
use syrinx_plugin::monitor::Shown;

const CLIENT: &str = "Syrinx Keys";
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
pub fn run(shown: &Arc<Shown>, stop: &AtomicBool) {
    let mut open: Vec<Open> = Vec::new();
    let mut finder = None;
    while !stop.load(Ordering::Relaxed) {
        finder = finder.or_else(|| input().ok());
        match &finder {
            Some(finder) => look(shown, finder, &mut open),
            // The window says that there are none.
            None => _ = shown.midi_inputs.found(Vec::new()),
        }
        thread::sleep(LOOK);
    }
}

fn look(shown: &Arc<Shown>, finder: &MidiInput, open: &mut Vec<Open>) {
    let there: Vec<(String, String)> =
        finder.ports().iter().filter_map(|port| Some((port.id(), finder.port_name(port).ok()?))).collect();
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
