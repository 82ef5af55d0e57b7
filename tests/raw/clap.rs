//! A CLAP host without manners.

use super::super::{Host, Ports, row, watched};
use clap_sys::{
    audio_buffer::clap_audio_buffer,
    events::*,
    ext::{
        audio_ports::{CLAP_EXT_AUDIO_PORTS, clap_audio_port_info, clap_plugin_audio_ports},
        audio_ports_config::{CLAP_EXT_AUDIO_PORTS_CONFIG, clap_audio_ports_config, clap_plugin_audio_ports_config},
        latency::{CLAP_EXT_LATENCY, clap_host_latency, clap_plugin_latency},
        params::{CLAP_EXT_PARAMS, clap_param_info, clap_plugin_params},
        state::{CLAP_EXT_STATE, clap_plugin_state},
        tail::{CLAP_EXT_TAIL, clap_host_tail, clap_plugin_tail},
    },
    factory::plugin_factory::{CLAP_PLUGIN_FACTORY_ID, clap_plugin_factory},
    host::clap_host,
    plugin::clap_plugin,
    process::{CLAP_PROCESS_ERROR, clap_process},
    stream::{clap_istream, clap_ostream},
    version::CLAP_VERSION,
};
use std::{
    ffi::{CStr, c_char, c_void},
    mem::zeroed,
    ptr::{null, null_mut},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use syrinx_engine::{Expression, Message, PARAMS};
use syrinx_plugin::clap_entry::clap_entry;

/// What the plugin has told.
#[derive(Default)]
struct Heard {
    activating: AtomicBool,
    latency_changes: AtomicUsize,
    outside: AtomicUsize,
    restarts: AtomicUsize,
    tail_changes: AtomicUsize,
}

/// A host with one instance.
pub struct Raw {
    plugin: *const clap_plugin,
    heard: Box<Heard>,
    _host: Box<clap_host>,
    active: bool,
    ids: Vec<u32>,
    given: Mutex<Vec<(usize, u8, Message)>>,
}

// SAFETY: the plugin's object is for a thread that plays and another that asks, and what is the host's own does not change while they do.
unsafe impl Sync for Raw {}

fn heard<'a>(host: *const clap_host) -> &'a Heard {
    unsafe { &*(*host).host_data.cast() }
}

fn up(count: &AtomicUsize) {
    count.fetch_add(1, Ordering::Relaxed);
}

unsafe extern "C" fn latency_changed(host: *const clap_host) {
    let heard = heard(host);
    up(if heard.activating.load(Ordering::Relaxed) { &heard.latency_changes } else { &heard.outside });
}

unsafe extern "C" fn tail_changed(host: *const clap_host) {
    up(&heard(host).tail_changes);
}

static LATENCY: clap_host_latency = clap_host_latency { changed: Some(latency_changed) };
static TAIL: clap_host_tail = clap_host_tail { changed: Some(tail_changed) };

unsafe extern "C" fn offer(_: *const clap_host, id: *const c_char) -> *const c_void {
    match unsafe { CStr::from_ptr(id) } {
        id if id == CLAP_EXT_LATENCY => (&raw const LATENCY).cast(),
        id if id == CLAP_EXT_TAIL => (&raw const TAIL).cast(),
        _ => null(),
    }
}

unsafe extern "C" fn restart(host: *const clap_host) {
    up(&heard(host).restarts);
}

unsafe extern "C" fn nothing(_: *const clap_host) {}

unsafe extern "C" fn event_count(list: *const clap_input_events) -> u32 {
    unsafe { (*(*list).ctx.cast::<Vec<clap_event_param_value>>()).len() as u32 }
}

unsafe extern "C" fn event(list: *const clap_input_events, index: u32) -> *const clap_event_header {
    unsafe { &raw const (&(*(*list).ctx.cast::<Vec<clap_event_param_value>>()))[index as usize].header }
}

unsafe extern "C" fn forget(_: *const clap_output_events, _: *const clap_event_header) -> bool {
    true
}

/// What a plugin gives, in the order in which it does. Room for it is there beforehand: nothing may allocate meanwhile.
unsafe extern "C" fn take(list: *const clap_output_events, event: *const clap_event_header) -> bool {
    unsafe {
        let header = &*event;
        let at = header.time as usize;
        let given = &mut *(*list).ctx.cast::<Vec<(usize, u8, Message)>>();
        assert!(given.len() < given.capacity() && given.last().is_none_or(|(before, ..)| *before <= at), "out of order");
        assert_eq!(header.space_id, CLAP_CORE_EVENT_SPACE_ID);
        let (channel, message) = match header.type_ {
            kind @ (CLAP_EVENT_NOTE_ON | CLAP_EVENT_NOTE_OFF) => {
                let note = &*event.cast::<clap_event_note>();
                assert_eq!((header.size as usize, note.port_index), (size_of::<clap_event_note>(), 0));
                let (key, velocity) = (note.key as u8, note.velocity as f32);
                let on = kind == CLAP_EVENT_NOTE_ON;
                (note.channel as u8, if on { Message::NoteOn { key, velocity } } else { Message::NoteOff { key } })
            }
            CLAP_EVENT_NOTE_EXPRESSION => {
                let said = &*event.cast::<clap_event_note_expression>();
                let expression = match said.expression_id {
                    CLAP_NOTE_EXPRESSION_TUNING => Expression::Tuning,
                    CLAP_NOTE_EXPRESSION_PRESSURE => Expression::Pressure,
                    CLAP_NOTE_EXPRESSION_EXPRESSION => Expression::Effort,
                    other => panic!("expression {other}"),
                };
                (said.channel as u8, Message::Express { key: Some(said.key as u8), expression, value: said.value as f32 })
            }
            CLAP_EVENT_MIDI => Message::of_midi((*event.cast::<clap_event_midi>()).data).unwrap(),
            // What the window has changed.
            _ => return true,
        };
        given.push((at, channel, message));
        true
    }
}

unsafe extern "C" fn write(stream: *const clap_ostream, from: *const c_void, size: u64) -> i64 {
    // Seven at a time: streams may be slow.
    let size = size.min(7) as usize;
    unsafe { (*(*stream).ctx.cast::<Vec<u8>>()).extend_from_slice(std::slice::from_raw_parts(from.cast(), size)) };
    size as i64
}

unsafe extern "C" fn read(stream: *const clap_istream, to: *mut c_void, size: u64) -> i64 {
    unsafe {
        let rest = &mut *(*stream).ctx.cast::<&[u8]>();
        let (now, later) = rest.split_at(rest.len().min(size as usize).min(9));
        to.cast::<u8>().copy_from_nonoverlapping(now.as_ptr(), now.len());
        *rest = later;
        now.len() as i64
    }
}

impl Raw {
    fn extension<T>(&self, id: &CStr) -> &T {
        unsafe { (*self.plugin).get_extension.unwrap()(self.plugin, id.as_ptr()).cast::<T>().as_ref().unwrap() }
    }

    fn events(&self, changes: &[(i64, &str, f32)]) -> Vec<clap_event_param_value> {
        let event = |&(time, id, value): &(i64, &str, f32)| clap_event_param_value {
            header: clap_event_header {
                size: size_of::<clap_event_param_value>() as u32,
                time: time as u32,
                space_id: CLAP_CORE_EVENT_SPACE_ID,
                type_: CLAP_EVENT_PARAM_VALUE,
                flags: 0,
            },
            param_id: self.ids[row(id)],
            cookie: null_mut(),
            note_id: -1,
            port_index: -1,
            channel: -1,
            key: -1,
            value: f64::from(value) * self.steps(row(id)),
        };
        changes.iter().map(event).collect()
    }

    fn info(&self, row: usize) -> clap_param_info {
        let params: &clap_plugin_params = self.extension(CLAP_EXT_PARAMS);
        unsafe {
            let mut info = zeroed();
            assert!(params.get_info.unwrap()(self.plugin, row as u32, &mut info));
            assert!(
                !params.get_info.unwrap()(self.plugin, PARAMS.len() as u32, &mut zeroed()),
                "there is one parameter too many"
            );
            info
        }
    }

    fn steps(&self, row: usize) -> f64 {
        self.info(row).max_value
    }
}

impl Host for Raw {
    fn new() -> Self {
        let heard = Box::<Heard>::default();
        let host = Box::new(clap_host {
            clap_version: CLAP_VERSION,
            host_data: (&raw const *heard).cast_mut().cast(),
            name: c"raw".as_ptr(),
            vendor: c"raw".as_ptr(),
            url: c"".as_ptr(),
            version: c"1".as_ptr(),
            get_extension: Some(offer),
            request_restart: Some(restart),
            request_process: Some(nothing),
            request_callback: Some(nothing),
        });
        unsafe {
            assert!(clap_entry.init.unwrap()(c"".as_ptr()));
            let factory = clap_entry.get_factory.unwrap()(CLAP_PLUGIN_FACTORY_ID.as_ptr()).cast::<clap_plugin_factory>();
            let plugin = (*factory).create_plugin.unwrap()(factory, &*host, c"org.syrinx.syrinx".as_ptr());
            assert!((*plugin).init.unwrap()(plugin));
            let mut raw = Self { plugin, heard, _host: host, active: false, ids: Vec::new(), given: Mutex::default() };
            raw.ids = (0..PARAMS.len()).map(|row| raw.info(row).id).collect();
            raw
        }
    }

    fn agree(&mut self, inputs: usize, outputs: usize) -> bool {
        let ports: &clap_plugin_audio_ports = self.extension(CLAP_EXT_AUDIO_PORTS);
        let configs: &clap_plugin_audio_ports_config = self.extension(CLAP_EXT_AUDIO_PORTS_CONFIG);
        let wanted = [inputs as u32, outputs as u32];
        unsafe {
            let found = (0..configs.count.unwrap()(self.plugin)).find_map(|index| {
                let mut config: clap_audio_ports_config = zeroed();
                assert!(configs.get.unwrap()(self.plugin, index, &mut config));
                let channels = [config.main_input_channel_count, config.main_output_channel_count];
                (channels == wanted).then_some(config.id)
            });
            let Some(id) = found else { return false };
            assert!(configs.select.unwrap()(self.plugin, id));
            for (is_input, channels) in [(true, wanted[0]), (false, wanted[1])] {
                let mut info: clap_audio_port_info = zeroed();
                assert!(ports.get.unwrap()(self.plugin, 0, is_input, &mut info));
                assert_eq!(info.channel_count, channels);
            }
            true
        }
    }

    fn activate(&mut self, rate_hz: f64, most: usize) -> bool {
        self.heard.activating.store(true, Ordering::Relaxed);
        self.active = unsafe { (*self.plugin).activate.unwrap()(self.plugin, rate_hz, 1, most as u32) };
        self.heard.activating.store(false, Ordering::Relaxed);
        self.active
    }

    fn deactivate(&mut self) {
        unsafe { (*self.plugin).stop_processing.unwrap()(self.plugin) };
        unsafe { (*self.plugin).deactivate.unwrap()(self.plugin) };
        self.active = false;
    }

    fn latency(&mut self) -> usize {
        let latency: &clap_plugin_latency = self.extension(CLAP_EXT_LATENCY);
        unsafe { latency.get.unwrap()(self.plugin) as usize }
    }

    fn tail(&mut self) -> usize {
        let tail: &clap_plugin_tail = self.extension(CLAP_EXT_TAIL);
        unsafe { tail.get.unwrap()(self.plugin) as usize }
    }

    fn play(&self, ports: Ports, voice: &[f32], changes: &[(i64, &str, f32)]) -> Vec<Vec<f32>> {
        let mut memory = super::super::Memory::new(ports, voice);
        let buffer = |list: &mut Vec<*mut f32>| clap_audio_buffer {
            data32: if list.is_empty() { null_mut() } else { list.as_mut_ptr() },
            data64: null_mut(),
            channel_count: list.len() as u32,
            latency: 0,
            constant_mask: 0,
        };
        let (inputs, mut outputs) = (buffer(&mut memory.inputs), buffer(&mut memory.outputs));
        let mut events = self.events(changes);
        let mut given = Vec::<(usize, u8, Message)>::with_capacity(1 << 14);
        let input_events = clap_input_events { ctx: (&raw mut events).cast(), size: Some(event_count), get: Some(event) };
        let output_events = clap_output_events { ctx: (&raw mut given).cast(), try_push: Some(take) };
        let block = clap_process {
            steady_time: -1,
            frames_count: voice.len() as u32,
            transport: null(),
            audio_inputs: if ports.inputs == 0 { null() } else { &inputs },
            audio_outputs: if ports.outputs == 0 { null_mut() } else { &mut outputs },
            audio_inputs_count: u32::from(ports.inputs > 0),
            audio_outputs_count: u32::from(ports.outputs > 0),
            in_events: &input_events,
            out_events: &output_events,
        };
        let status = watched(|| unsafe { (*self.plugin).process.unwrap()(self.plugin, &block) });
        assert_eq!(status != CLAP_PROCESS_ERROR, self.active);
        *self.given.lock().unwrap() = given;
        memory.out()
    }

    fn given(&self) -> Vec<(usize, u8, Message)> {
        self.given.lock().unwrap().clone()
    }

    fn value(&self, id: &str) -> f32 {
        let params: &clap_plugin_params = self.extension(CLAP_EXT_PARAMS);
        let mut value = 0.0;
        unsafe { assert!(params.get_value.unwrap()(self.plugin, self.ids[row(id)], &mut value)) };
        (value / self.steps(row(id))) as f32
    }

    fn set(&self, id: &str, value: f32) {
        let params: &clap_plugin_params = self.extension(CLAP_EXT_PARAMS);
        let mut events = self.events(&[(0, id, value)]);
        let list = clap_input_events { ctx: (&raw mut events).cast(), size: Some(event_count), get: Some(event) };
        let out = clap_output_events { ctx: null_mut(), try_push: Some(forget) };
        unsafe { params.flush.unwrap()(self.plugin, &list, &out) };
    }

    fn save(&self) -> Vec<u8> {
        let state: &clap_plugin_state = self.extension(CLAP_EXT_STATE);
        let mut bytes = Vec::<u8>::new();
        let stream = clap_ostream { ctx: (&raw mut bytes).cast(), write: Some(write) };
        unsafe { assert!(state.save.unwrap()(self.plugin, &stream)) };
        bytes
    }

    fn load(&self, bytes: &[u8]) -> bool {
        let state: &clap_plugin_state = self.extension(CLAP_EXT_STATE);
        let mut rest = bytes;
        let stream = clap_istream { ctx: (&raw mut rest).cast(), read: Some(read) };
        unsafe { state.load.unwrap()(self.plugin, &stream) }
    }

    fn state(json: Vec<u8>) -> Vec<u8> {
        [&(json.len() as u64).to_le_bytes()[..], &json].concat()
    }

    fn told(&self) -> (usize, usize) {
        (self.heard.latency_changes.load(Ordering::Relaxed), self.heard.restarts.load(Ordering::Relaxed))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if self.active {
            self.deactivate();
        }
        unsafe { (*self.plugin).destroy.unwrap()(self.plugin) };
    }
}

/// A host may hear that the delay has changed in an activation, and at no other time; of the tail, while it plays.
pub fn latency_is_told_inside_activate_only() {
    let mut host = Raw::new();
    let voice = super::super::voice(48_000.0, 0, 512);
    let play = |host: &mut Raw, changes: &[(i64, &str, f32)]| drop(host.play(super::super::WHOLE, &voice, changes));
    assert!(host.activate(48_000.0, 512));
    let first = host.heard.latency_changes.load(Ordering::Relaxed);
    play(&mut host, &[(100, "reverb_mix", 0.4)]);
    assert!(host.heard.tail_changes.load(Ordering::Relaxed) > 0, "the room's tail is told");
    play(&mut host, &[(10, "latency_mode", 1.0)]);
    // The old mode fades out first.
    let live = host.latency();
    (0..100).for_each(|_| play(&mut host, &[]));
    assert_eq!(host.latency(), live, "it is another one from the next activation on");
    assert_eq!((host.heard.restarts.load(Ordering::Relaxed), host.heard.latency_changes.load(Ordering::Relaxed)), (1, first));
    host.deactivate();
    assert!(host.activate(48_000.0, 512));
    assert_eq!((host.heard.restarts.load(Ordering::Relaxed), host.heard.latency_changes.load(Ordering::Relaxed)), (1, first + 1));
    assert!(host.latency() > live);
    host.deactivate();
    // At another rate, it is another one: told, and no restart asked for.
    assert!(host.activate(96_000.0, 512));
    assert_eq!((host.heard.restarts.load(Ordering::Relaxed), host.heard.latency_changes.load(Ordering::Relaxed)), (1, first + 2));
    assert_eq!(host.heard.outside.load(Ordering::Relaxed), 0);
}
