//! Notes as a CLAP host sends and gets them, of either dialect, and the ports that they go through.

use crate::{changes::Changes, note_ids::HostNote};
use clap_sys::{
    events::*,
    ext::note_ports::{
        CLAP_NOTE_DIALECT_CLAP, CLAP_NOTE_DIALECT_MIDI, CLAP_NOTE_DIALECT_MIDI_MPE, clap_note_port_info, clap_plugin_note_ports,
    },
    plugin::clap_plugin,
};
use std::{ffi::c_char, ptr};
use syrinx_engine::{Event, EventKind, Expression, Message, NoteOutput};

/// The ports of a plugin that takes notes: in Syrinx, too, for keys may give the pitch.
pub static PORTS_IN: clap_plugin_note_ports = clap_plugin_note_ports { count: Some(count_in), get: Some(get_in) };
/// The ports of one that gives a voice's notes besides.
pub static PORTS: clap_plugin_note_ports = clap_plugin_note_ports { count: Some(count), get: Some(get) };

unsafe extern "C" fn count_in(_: *const clap_plugin, is_input: bool) -> u32 {
    is_input.into()
}

unsafe extern "C" fn count(_: *const clap_plugin, _: bool) -> u32 {
    1
}

unsafe extern "C" fn get_in(plugin: *const clap_plugin, index: u32, is_input: bool, info: *mut clap_note_port_info) -> bool {
    // SAFETY: what the host gives is given on.
    is_input && unsafe { get(plugin, index, is_input, info) }
}

unsafe extern "C" fn get(_: *const clap_plugin, index: u32, is_input: bool, info: *mut clap_note_port_info) -> bool {
    if index != 0 || info.is_null() {
        return false;
    }
    let mut port = clap_note_port_info {
        id: if is_input { 0 } else { 1 },
        supported_dialects: CLAP_NOTE_DIALECT_CLAP | CLAP_NOTE_DIALECT_MIDI | CLAP_NOTE_DIALECT_MIDI_MPE,
        preferred_dialect: CLAP_NOTE_DIALECT_CLAP,
        name: [0; _],
    };
    let name: &[u8] = if is_input { b"Notes" } else { b"Sung notes" };
    port.name.iter_mut().zip(name).for_each(|(to, from)| *to = *from as c_char);
    // SAFETY: the host gives room for it.
    unsafe { info.write(port) };
    true
}

/// Gives a host what a voice sings. Notes and what they express are CLAP's own, but those of MPE, which are MIDI as its controllers are.
///
/// # Safety
/// `out` is null or a host's list that takes events.
pub unsafe fn send(sent: &[Event], output: NoteOutput, out: *const clap_output_events) {
    // SAFETY: by this function's own contract.
    let Some(push) = (unsafe { out.as_ref() }).and_then(|list| list.try_push) else { return };
    let header = |at: usize, kind: u16, size: usize| clap_event_header {
        size: size as u32,
        time: at as u32,
        space_id: CLAP_CORE_EVENT_SPACE_ID,
        type_: kind,
        flags: 0,
    };
    for Event { at, kind } in sent {
        let EventKind::Message { channel, message } = *kind else { continue };
        let note = |kind: u16, key: u8, velocity: f32| clap_event_note {
            header: header(*at, kind, size_of::<clap_event_note>()),
            note_id: -1,
            port_index: 0,
            channel: channel.into(),
            key: key.into(),
            velocity: velocity.into(),
        };
        // SAFETY: an event is copied before the call is over.
        unsafe {
            match message {
                Message::NoteOn { key, velocity } if output != NoteOutput::Mpe => {
                    push(out, &note(CLAP_EVENT_NOTE_ON, key, velocity).header);
                }
                // Whatever has begun a note, this ends it.
                Message::NoteOff { key } if output != NoteOutput::Mpe => {
                    push(out, &note(CLAP_EVENT_NOTE_OFF, key, 0.5).header);
                }
                Message::Express { key, expression, value } => {
                    let event = clap_event_note_expression {
                        header: header(*at, CLAP_EVENT_NOTE_EXPRESSION, size_of::<clap_event_note_expression>()),
                        expression_id: number_of(expression),
                        note_id: -1,
                        port_index: 0,
                        channel: channel.into(),
                        key: key.map_or(-1, i16::from),
                        value: value.into(),
                    };
                    push(out, &event.header);
                }
                message => {
                    let Some(data) = message.to_midi(channel) else { continue };
                    let header = header(*at, CLAP_EVENT_MIDI, size_of::<clap_event_midi>());
                    push(out, &clap_event_midi { header, port_index: 0, data }.header);
                }
            }
        }
    }
}

fn number_of(expression: Expression) -> clap_note_expression {
    match expression {
        Expression::Volume => CLAP_NOTE_EXPRESSION_VOLUME,
        Expression::Tuning => CLAP_NOTE_EXPRESSION_TUNING,
        Expression::Vibrato => CLAP_NOTE_EXPRESSION_VIBRATO,
        Expression::Effort => CLAP_NOTE_EXPRESSION_EXPRESSION,
        Expression::Brightness => CLAP_NOTE_EXPRESSION_BRIGHTNESS,
        Expression::Pressure => CLAP_NOTE_EXPRESSION_PRESSURE,
    }
}

/// Takes an event that is of notes or controllers; others it leaves alone.
///
/// # Safety
/// Behind the header is what its type and size say.
pub unsafe fn take(header: &clap_event_header, changes: &mut Changes) {
    let at = i64::from(header.time);
    if header.space_id != CLAP_CORE_EVENT_SPACE_ID {
        return;
    }
    // SAFETY: by this function's own contract.
    unsafe {
        match header.type_ {
            CLAP_EVENT_NOTE_ON | CLAP_EVENT_NOTE_OFF | CLAP_EVENT_NOTE_CHOKE => {
                let Some(event) = event_of::<clap_event_note>(header) else { return };
                let note = HostNote { id: event.note_id, channel: event.channel, key: event.key };
                match header.type_ {
                    CLAP_EVENT_NOTE_ON => changes.note_on(at, note, event.velocity, 0.0),
                    kind => changes.note_off(at, note, kind == CLAP_EVENT_NOTE_CHOKE),
                }
            }
            CLAP_EVENT_NOTE_EXPRESSION => {
                let Some(event) = event_of::<clap_event_note_expression>(header) else { return };
                let note = HostNote { id: event.note_id, channel: event.channel, key: event.key };
                let expression = match event.expression_id {
                    CLAP_NOTE_EXPRESSION_VOLUME => Expression::Volume,
                    CLAP_NOTE_EXPRESSION_TUNING => Expression::Tuning,
                    CLAP_NOTE_EXPRESSION_VIBRATO => Expression::Vibrato,
                    CLAP_NOTE_EXPRESSION_EXPRESSION => Expression::Effort,
                    CLAP_NOTE_EXPRESSION_BRIGHTNESS => Expression::Brightness,
                    CLAP_NOTE_EXPRESSION_PRESSURE => Expression::Pressure,
                    // One instrument stands in one place.
                    _ => return,
                };
                changes.express(at, note, expression, event.value as f32);
            }
            CLAP_EVENT_MIDI => {
                let Some(event) = event_of::<clap_event_midi>(header) else { return };
                if let Some((channel, message)) = Message::of_midi(event.data) {
                    changes.say(at, channel, message);
                }
            }
            _ => {}
        }
    }
}

/// # Safety
/// Behind the header is what its size says.
unsafe fn event_of<T>(header: &clap_event_header) -> Option<&T> {
    // SAFETY: by this function's own contract.
    (header.size as usize >= size_of::<T>()).then(|| unsafe { &*ptr::from_ref(header).cast::<T>() })
}
