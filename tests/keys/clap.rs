//! Syrinx Keys in a CLAP host made by hand.

use super::{Host, Sent, watched};
use clap_sys::{
    audio_buffer::clap_audio_buffer,
    events::*,
    ext::{
        audio_ports::{CLAP_EXT_AUDIO_PORTS, clap_plugin_audio_ports},
        latency::{CLAP_EXT_LATENCY, clap_plugin_latency},
        note_ports::{
            CLAP_EXT_NOTE_PORTS, CLAP_NOTE_DIALECT_CLAP, CLAP_NOTE_DIALECT_MIDI, CLAP_NOTE_DIALECT_MIDI_MPE,
            clap_plugin_note_ports,
        },
        params::{CLAP_EXT_PARAMS, clap_plugin_params},
        state::{CLAP_EXT_STATE, clap_plugin_state},
        tail::{CLAP_EXT_TAIL, clap_plugin_tail},
    },
    factory::plugin_factory::{CLAP_PLUGIN_FACTORY_ID, clap_plugin_factory},
    host::clap_host,
    plugin::clap_plugin,
    process::{CLAP_PROCESS_ERROR, CLAP_PROCESS_SLEEP, clap_process},
    stream::{clap_istream, clap_ostream},
    version::CLAP_VERSION,
};
use std::{
    collections::HashMap,
    ffi::{CStr, c_char, c_void},
    mem::zeroed,
    ptr::{null, null_mut},
};
use syrinx_engine::Expression;
use syrinx_plugin::clap_entry::clap_entry;

/// Bytes of the largest event, in words that are aligned for all of them.
type Bytes = [u64; 8];

/// A host with one instance.
pub struct Clap {
    plugin: *const clap_plugin,
    _host: Box<clap_host>,
    /// Number of each parameter, and its greatest value.
    params: HashMap<String, (u32, f64)>,
    sleeps: bool,
}

unsafe extern "C" fn offer(_: *const clap_host, _: *const c_char) -> *const c_void {
    null()
}

unsafe extern "C" fn nothing(_: *const clap_host) {}

unsafe extern "C" fn event_count(list: *const clap_input_events) -> u32 {
    unsafe { (*(*list).ctx.cast::<Vec<Bytes>>()).len() as u32 }
}

unsafe extern "C" fn event(list: *const clap_input_events, index: u32) -> *const clap_event_header {
    unsafe { (&raw const (&(*(*list).ctx.cast::<Vec<Bytes>>()))[index as usize]).cast() }
}

unsafe extern "C" fn forget(_: *const clap_output_events, _: *const clap_event_header) -> bool {
    true
}

unsafe extern "C" fn write(stream: *const clap_ostream, from: *const c_void, size: u64) -> i64 {
    unsafe { (*(*stream).ctx.cast::<Vec<u8>>()).extend_from_slice(std::slice::from_raw_parts(from.cast(), size as usize)) };
    size as i64
}

unsafe extern "C" fn read(stream: *const clap_istream, to: *mut c_void, size: u64) -> i64 {
    unsafe {
        let rest = &mut *(*stream).ctx.cast::<&[u8]>();
        let (now, later) = rest.split_at(rest.len().min(size as usize));
        to.cast::<u8>().copy_from_nonoverlapping(now.as_ptr(), now.len());
        *rest = later;
        now.len() as i64
    }
}

/// An event as bytes, which begin with its header.
fn bytes<T>(event: T) -> Bytes {
    assert!(size_of::<T>() <= size_of::<Bytes>() && align_of::<T>() <= align_of::<Bytes>());
    let mut bytes = [0; 8];
    unsafe { (&raw mut bytes).cast::<T>().write(event) };
    bytes
}

fn header<T>(at: usize, kind: u16) -> clap_event_header {
    clap_event_header { size: size_of::<T>() as u32, time: at as u32, space_id: CLAP_CORE_EVENT_SPACE_ID, type_: kind, flags: 0 }
}

impl Clap {
    fn extension<T>(&self, id: &CStr) -> &T {
        unsafe { (*self.plugin).get_extension.unwrap()(self.plugin, id.as_ptr()).cast::<T>().as_ref().unwrap() }
    }

    fn event(&self, at: usize, sent: &Sent<'_>) -> Bytes {
        let note = |kind: u16, id: i32, channel: i16, key: i16, velocity: f32| {
            let header = header::<clap_event_note>(at, kind);
            bytes(clap_event_note { header, note_id: id, port_index: 0, channel, key, velocity: velocity.into() })
        };
        match *sent {
            Sent::On { id, channel, key, velocity } => note(CLAP_EVENT_NOTE_ON, id, channel, key, velocity),
            Sent::Off { id, channel, key } => note(CLAP_EVENT_NOTE_OFF, id, channel, key, 0.0),
            Sent::Choke { id, channel, key } => note(CLAP_EVENT_NOTE_CHOKE, id, channel, key, 0.0),
            Sent::Express { id, expression, value } => bytes(clap_event_note_expression {
                header: header::<clap_event_note_expression>(at, CLAP_EVENT_NOTE_EXPRESSION),
                expression_id: match expression {
                    Expression::Volume => CLAP_NOTE_EXPRESSION_VOLUME,
                    Expression::Tuning => CLAP_NOTE_EXPRESSION_TUNING,
                    Expression::Vibrato => CLAP_NOTE_EXPRESSION_VIBRATO,
                    Expression::Effort => CLAP_NOTE_EXPRESSION_EXPRESSION,
                    Expression::Brightness => CLAP_NOTE_EXPRESSION_BRIGHTNESS,
                    Expression::Pressure => CLAP_NOTE_EXPRESSION_PRESSURE,
                },
                note_id: id,
                port_index: -1,
                channel: -1,
                key: -1,
                value: value.into(),
            }),
            Sent::Midi(data) => {
                bytes(clap_event_midi { header: header::<clap_event_midi>(at, CLAP_EVENT_MIDI), port_index: 0, data })
            }
            Sent::Param(id, value) => bytes(clap_event_param_value {
                header: header::<clap_event_param_value>(at, CLAP_EVENT_PARAM_VALUE),
                param_id: self.params[id].0,
                cookie: null_mut(),
                note_id: -1,
                port_index: -1,
                channel: -1,
                key: -1,
                value: f64::from(super::normalized(id, value)) * self.params[id].1,
            }),
        }
    }
}

impl Host for Clap {
    fn new() -> Self {
        unsafe {
            let factory = clap_entry.get_factory.unwrap()(CLAP_PLUGIN_FACTORY_ID.as_ptr()).cast::<clap_plugin_factory>();
            let host = Box::new(clap_host {
                clap_version: CLAP_VERSION,
                host_data: null_mut(),
                name: c"Keys".as_ptr(),
                vendor: c"".as_ptr(),
                url: c"".as_ptr(),
                version: c"".as_ptr(),
                get_extension: Some(offer),
                request_restart: Some(nothing),
                request_process: Some(nothing),
                request_callback: Some(nothing),
            });
            assert_eq!((*factory).get_plugin_count.unwrap()(factory), 2);
            let plugin = (*factory).create_plugin.unwrap()(factory, &raw const *host, c"org.syrinx.keys".as_ptr());
            assert!((*plugin).init.unwrap()(plugin));
            let mut made = Self { plugin, _host: host, params: HashMap::new(), sleeps: false };
            let params: &clap_plugin_params = made.extension(CLAP_EXT_PARAMS);
            let shown = super::shown();
            assert_eq!(params.count.unwrap()(plugin) as usize, shown.len());
            let mut ids = HashMap::new();
            for (index, row) in shown.iter().enumerate() {
                let mut info = zeroed();
                assert!(params.get_info.unwrap()(plugin, index as u32, &mut info));
                assert_eq!(CStr::from_ptr(info.name.as_ptr()).to_str(), Ok(row.name));
                ids.insert(row.id.to_owned(), (info.id, info.max_value));
            }
            assert!(!params.get_info.unwrap()(plugin, shown.len() as u32, &mut zeroed()));
            let ports: &clap_plugin_note_ports = made.extension(CLAP_EXT_NOTE_PORTS);
            assert_eq!((ports.count.unwrap()(plugin, true), ports.count.unwrap()(plugin, false)), (1, 0));
            let mut port = zeroed();
            assert!(ports.get.unwrap()(plugin, 0, true, &mut port) && !ports.get.unwrap()(plugin, 1, true, &mut port));
            let dialects = CLAP_NOTE_DIALECT_CLAP | CLAP_NOTE_DIALECT_MIDI | CLAP_NOTE_DIALECT_MIDI_MPE;
            assert_eq!((port.supported_dialects, port.preferred_dialect), (dialects, CLAP_NOTE_DIALECT_CLAP));
            let audio: &clap_plugin_audio_ports = made.extension(CLAP_EXT_AUDIO_PORTS);
            assert_eq!((audio.count.unwrap()(plugin, true), audio.count.unwrap()(plugin, false)), (0, 1));
            made.params = ids;
            made
        }
    }

    fn activate(&mut self, rate_hz: f64, most: usize) {
        unsafe {
            assert!((*self.plugin).activate.unwrap()(self.plugin, rate_hz, 1, most as u32));
            assert!((*self.plugin).start_processing.unwrap()(self.plugin));
        }
    }

    fn deactivate(&mut self) {
        unsafe {
            (*self.plugin).stop_processing.unwrap()(self.plugin);
            (*self.plugin).deactivate.unwrap()(self.plugin);
        }
    }

    fn reset(&mut self) {
        unsafe { (*self.plugin).reset.unwrap()(self.plugin) };
    }

    fn times(&self) -> [usize; 2] {
        let (latency, tail): (&clap_plugin_latency, &clap_plugin_tail) =
            (self.extension(CLAP_EXT_LATENCY), self.extension(CLAP_EXT_TAIL));
        unsafe { [latency.get.unwrap()(self.plugin) as usize, tail.get.unwrap()(self.plugin) as usize] }
    }

    fn play(&mut self, len: usize, sent: &[(usize, Sent<'_>)]) -> [Vec<f32>; 2] {
        let mut events: Vec<Bytes> = sent.iter().map(|(at, sent)| self.event(*at, sent)).collect();
        let mut out = [vec![7.0; len], vec![7.0; len]];
        let mut pointers = out.each_mut().map(|channel| channel.as_mut_ptr());
        let mut port: clap_audio_buffer = unsafe { zeroed() };
        (port.data32, port.channel_count) = (pointers.as_mut_ptr(), 2);
        let list = clap_input_events { ctx: (&raw mut events).cast(), size: Some(event_count), get: Some(event) };
        let told = clap_output_events { ctx: null_mut(), try_push: Some(forget) };
        let block = clap_process {
            steady_time: -1,
            frames_count: len as u32,
            transport: null(),
            audio_inputs: null(),
            audio_outputs: &raw mut port,
            audio_inputs_count: 0,
            audio_outputs_count: 1,
            in_events: &raw const list,
            out_events: &raw const told,
        };
        let status = watched(|| unsafe { (*self.plugin).process.unwrap()(self.plugin, &raw const block) });
        assert_ne!(status, CLAP_PROCESS_ERROR);
        self.sleeps = status == CLAP_PROCESS_SLEEP;
        out
    }

    fn save(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = Vec::new();
        let stream = clap_ostream { ctx: (&raw mut bytes).cast(), write: Some(write) };
        let state: &clap_plugin_state = self.extension(CLAP_EXT_STATE);
        assert!(unsafe { state.save.unwrap()(self.plugin, &raw const stream) });
        bytes.split_off(8)
    }

    fn load(&mut self, json: &[u8]) -> bool {
        let bytes = [&(json.len() as u64).to_le_bytes()[..], json].concat();
        let mut rest = &bytes[..];
        let stream = clap_istream { ctx: (&raw mut rest).cast(), read: Some(read) };
        let state: &clap_plugin_state = self.extension(CLAP_EXT_STATE);
        unsafe { state.load.unwrap()(self.plugin, &raw const stream) }
    }

    fn sleeps(&self) -> Option<bool> {
        Some(self.sleeps)
    }

    fn speaks_midi(&self) -> bool {
        true
    }
}

impl Drop for Clap {
    fn drop(&mut self) {
        unsafe { (*self.plugin).destroy.unwrap()(self.plugin) };
    }
}
