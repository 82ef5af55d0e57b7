//! Notes as a CLAP host sends them, of either dialect, and the port that they come in at.

use crate::{changes::Changes, note_ids::HostNote};
use clap_sys::{
    events::*,
    ext::note_ports::{
        CLAP_NOTE_DIALECT_CLAP, CLAP_NOTE_DIALECT_MIDI, CLAP_NOTE_DIALECT_MIDI_MPE, clap_note_port_info, clap_plugin_note_ports,
    },
    plugin::clap_plugin,
};
use std::{ffi::c_char, ptr};
use syrinx_engine::{Expression, Message};

/// The port of either plugin: in Syrinx, keys may give the pitch.
pub static PORTS: clap_plugin_note_ports = clap_plugin_note_ports { count: Some(count), get: Some(get) };

unsafe extern "C" fn count(_: *const clap_plugin, is_input: bool) -> u32 {
    is_input.into()
}

unsafe extern "C" fn get(_: *const clap_plugin, index: u32, is_input: bool, info: *mut clap_note_port_info) -> bool {
    if index != 0 || !is_input || info.is_null() {
        return false;
    }
    let mut port = clap_note_port_info {
        id: 0,
        supported_dialects: CLAP_NOTE_DIALECT_CLAP | CLAP_NOTE_DIALECT_MIDI | CLAP_NOTE_DIALECT_MIDI_MPE,
        preferred_dialect: CLAP_NOTE_DIALECT_CLAP,
        name: [0; _],
    };
    port.name.iter_mut().zip(b"Notes").for_each(|(to, from)| *to = *from as c_char);
    // SAFETY: the host gives room for it.
    unsafe { info.write(port) };
    true
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
