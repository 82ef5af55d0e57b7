//! One instance as a CLAP host has it: sound, times and states by Syrinx's own way ([`Hosted`]); parameters, ports and the window by the
//! framework's.

use crate::{
    Plug, Product,
    changes::{Change, Changes},
    clap_entry::{c_text, chosen, text},
    clap_notes,
    hosted::{Hosted, Played, guard},
    player::{Buffers, News},
    playing::GoesOn,
    source::Source,
    state,
};
use clap_sys::{
    events::{
        CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_PARAM_MOD, CLAP_EVENT_PARAM_VALUE, CLAP_TRANSPORT_HAS_TEMPO, clap_event_header,
        clap_event_param_mod, clap_event_param_value, clap_input_events, clap_output_events,
    },
    ext::{
        audio_ports::{CLAP_EXT_AUDIO_PORTS, clap_audio_port_info, clap_plugin_audio_ports},
        latency::{CLAP_EXT_LATENCY, clap_host_latency, clap_plugin_latency},
        note_ports::CLAP_EXT_NOTE_PORTS,
        params::{CLAP_EXT_PARAMS, CLAP_PARAM_RESCAN_VALUES, clap_host_params, clap_param_info, clap_plugin_params},
        preset_load::{CLAP_EXT_PRESET_LOAD, CLAP_EXT_PRESET_LOAD_COMPAT, clap_host_preset_load, clap_plugin_preset_load},
        state::{CLAP_EXT_STATE, clap_plugin_state},
        tail::{CLAP_EXT_TAIL, clap_host_tail, clap_plugin_tail},
    },
    factory::preset_discovery::clap_preset_discovery_location_kind,
    host::clap_host,
    plugin::clap_plugin,
    process::{
        CLAP_PROCESS_CONTINUE, CLAP_PROCESS_ERROR, CLAP_PROCESS_SLEEP, CLAP_PROCESS_TAIL, clap_process, clap_process_status,
    },
    stream::{clap_istream, clap_ostream},
};
use nice_plug::wrapper::clap::Wrapper;
use std::{
    collections::HashMap,
    ffi::{CStr, c_char, c_void},
    mem::MaybeUninit,
    ptr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// Bytes of a state that are asked of a host at a time.
const READ: usize = 1 << 16;

static LATENCY: clap_plugin_latency = clap_plugin_latency { get: Some(latency) };
static TAIL: clap_plugin_tail = clap_plugin_tail { get: Some(tail) };
static STATE: clap_plugin_state = clap_plugin_state { save: Some(save), load: Some(load) };
static PRESET_LOAD: clap_plugin_preset_load = clap_plugin_preset_load { from_location: Some(load_preset) };

/// The plugin as the host gets it. The framework's functions know the instance by `plugin_data`, which is the same here.
#[repr(C)]
struct Offered {
    /// First, so that a pointer to it is one to the whole.
    plugin: clap_plugin,
    framework: *const clap_plugin,
    host: *const clap_host,
    hosted: Hosted,
    /// The framework's parameters, but for what is Syrinx's own.
    params: clap_plugin_params,
    /// Row of the table and steps of each parameter, by the number that hosts know it by.
    rows: HashMap<u32, (usize, f64)>,
    /// The delay as the host knows it: it may change in an activation only.
    latency: AtomicU32,
    /// What the host listens with; to be asked for from `init` on.
    ears: OnceLock<Ears>,
}

/// The host's functions that hear of changes.
struct Ears {
    latency: Option<unsafe extern "C" fn(*const clap_host)>,
    tail: Option<unsafe extern "C" fn(*const clap_host)>,
    rescan: Option<unsafe extern "C" fn(*const clap_host, u32)>,
}

/// A host, for what any thread may ask of it.
struct ThreadSafe(*const clap_host);

// SAFETY: it is asked for nothing else.
unsafe impl Send for ThreadSafe {}
// SAFETY: the same.
unsafe impl Sync for ThreadSafe {}

impl ThreadSafe {
    /// It is to go on where it plays nothing because nothing sounds.
    fn request_process(&self) {
        // SAFETY: the host outlives its plugins, whose end takes this away, and hears this on any thread.
        unsafe {
            if let Some(ask) = (*self.0).request_process {
                ask(self.0);
            }
        }
    }
}

impl Offered {
    /// # Safety
    /// `plugin` is one of [`create`]'s that has not been destroyed.
    unsafe fn of<'a>(plugin: *const clap_plugin) -> &'a Self {
        // SAFETY: by this function's own contract.
        unsafe { &*plugin.cast() }
    }

    /// What the framework offers.
    fn framework_extension(&self, id: &CStr) -> *const c_void {
        // SAFETY: the framework's plugin lives until `destroy`.
        unsafe { (*self.framework).get_extension.map_or(ptr::null(), |get| get(self.framework, id.as_ptr())) }
    }

    /// What the host offers.
    ///
    /// # Safety
    /// `T` is what the extension's specification says, and the host lets itself be asked: from `init` on.
    unsafe fn host_extension<T>(&self, id: &CStr) -> Option<&T> {
        // SAFETY: the host outlives its plugins, and offers what it offers as long as it lives.
        unsafe { (*self.host).get_extension.and_then(|get| get(self.host, id.as_ptr()).cast::<T>().as_ref()) }
    }

    /// Tells the host something by a function of its own.
    fn tell(&self, ear: impl FnOnce(&Ears) -> Option<unsafe extern "C" fn(*const clap_host)>) {
        if let Some(tell) = self.ears.get().and_then(ear) {
            // SAFETY: the host outlives its plugins.
            unsafe { tell(self.host) };
        }
    }

    /// The delay is another one than the host knows: it has to activate anew to hear of it. Any thread.
    fn ask_for_restart(&self) {
        // SAFETY: the host outlives its plugins, and hears this on any thread.
        unsafe {
            if let Some(ask) = (*self.host).request_restart {
                ask(self.host);
            }
        }
    }

    /// Channels of the main port.
    fn channels(&self, is_input: bool) -> usize {
        let mut info = MaybeUninit::<clap_audio_port_info>::zeroed();
        // SAFETY: the framework's extension lives as long as its plugin, and fills the info where it returns true.
        unsafe {
            let ports = self.framework_extension(CLAP_EXT_AUDIO_PORTS).cast::<clap_plugin_audio_ports>().as_ref();
            match ports.and_then(|ports| ports.get) {
                Some(get) if get(self.framework, 0, is_input, info.as_mut_ptr()) => info.assume_init().channel_count as usize,
                _ => 0,
            }
        }
    }

    /// Takes what happens in a block, as the host lists it.
    ///
    /// # Safety
    /// `events` is null or a host's list.
    unsafe fn collect(&self, events: *const clap_input_events, changes: &mut Changes) {
        // SAFETY: by this function's own contract.
        unsafe {
            self.walk(events, |header| match self.change_of(header) {
                Some((row, change)) => changes.add(i64::from(header.time), row, change),
                None => clap_notes::take(header, changes),
            });
        }
    }

    /// Gives the host's events, one by one.
    ///
    /// # Safety
    /// `events` is null or a host's list.
    unsafe fn walk(&self, events: *const clap_input_events, mut give: impl FnMut(&clap_event_header)) {
        // SAFETY: by this function's own contract; events say what they are and how long.
        unsafe {
            let Some(list) = events.as_ref() else { return };
            let (Some(size), Some(get)) = (list.size, list.get) else { return };
            for index in 0..size(list) {
                let Some(header) = get(list, index).as_ref() else { continue };
                give(header);
            }
        }
    }

    /// The row of the table whose parameter an event changes, and how, if it does.
    ///
    /// # Safety
    /// Behind the header is what its type and size say.
    unsafe fn change_of(&self, header: &clap_event_header) -> Option<(usize, Change)> {
        let is = |kind: u16, size: usize| {
            (header.space_id, header.type_) == (CLAP_CORE_EVENT_SPACE_ID, kind) && header.size as usize >= size
        };
        // SAFETY: by this function's own contract.
        let (id, number, change): (u32, f64, fn(f32) -> Change) = unsafe {
            if is(CLAP_EVENT_PARAM_VALUE, size_of::<clap_event_param_value>()) {
                let event = &*ptr::from_ref(header).cast::<clap_event_param_value>();
                (event.param_id, event.value, Change::Value)
            } else if is(CLAP_EVENT_PARAM_MOD, size_of::<clap_event_param_mod>()) {
                let event = &*ptr::from_ref(header).cast::<clap_event_param_mod>();
                (event.param_id, event.amount, Change::Modulation)
            } else {
                return None;
            }
        };
        let &(row, steps) = self.rows.get(&id)?;
        Some((row, change((number / steps) as f32)))
    }

    /// Lets the framework tell the host what the window has changed.
    ///
    /// # Safety
    /// `out` is null or a host's list.
    unsafe fn tell_windows_changes(&self, out: *const clap_output_events) {
        // SAFETY: by this function's own contract; the framework's extension lives as long as its plugin.
        unsafe {
            let framework = self.framework_extension(CLAP_EXT_PARAMS).cast::<clap_plugin_params>().as_ref();
            if let (Some(flush), false) = (framework.and_then(|params| params.flush), out.is_null()) {
                flush(self.framework, ptr::null(), out);
            }
        }
    }

    /// All values may be others. Main thread.
    fn have_values_read(&self) {
        if let Some(Ears { rescan: Some(rescan), .. }) = self.ears.get() {
            // SAFETY: the host outlives its plugins.
            unsafe { rescan(self.host, CLAP_PARAM_RESCAN_VALUES) };
        }
    }

    /// A state or a preset was taken, or parameters have changed while no sound runs.
    fn follow(&self) {
        self.hosted.shown().redraw();
        if self.hosted.settle().is_some() {
            self.ask_for_restart();
        }
    }
}

/// A new instance for a host.
///
/// # Safety
/// The host outlives its plugins.
pub unsafe fn create<P: Product>(host: *const clap_host) -> *const clap_plugin {
    // SAFETY: the framework's `destroy` takes the count that is left here back.
    let make = || unsafe { (*Arc::into_raw(Wrapper::<Plug<P>>::new(host))).clap_plugin.as_ptr().cast_const() };
    let (hosted, framework) = Hosted::around(P::SOURCE, make);
    // SAFETY: it was made a moment ago.
    let plugin = clap_plugin {
        init: Some(init),
        destroy: Some(destroy),
        activate: Some(activate),
        deactivate: Some(deactivate),
        start_processing: Some(start_processing),
        stop_processing: Some(stop_processing),
        reset: Some(reset),
        process: Some(process),
        get_extension: Some(get_extension),
        ..unsafe { *framework }
    };
    let params = clap_plugin_params {
        count: None,
        get_info: None,
        get_value: None,
        value_to_text: None,
        text_to_value: None,
        flush: None,
    };
    let (latency, ears) = (AtomicU32::new(0), OnceLock::new());
    let mut offered = Box::new(Offered { plugin, framework, host, hosted, params, rows: HashMap::new(), latency, ears });
    // SAFETY: the framework's extension lives as long as its plugin.
    if let Some(frameworks) = unsafe { offered.framework_extension(CLAP_EXT_PARAMS).cast::<clap_plugin_params>().as_ref() } {
        offered.params = clap_plugin_params { get_info: Some(param_info), flush: Some(flush), ..*frameworks };
        // The framework keeps the table's order.
        for (index, row) in P::SOURCE.rows().enumerate() {
            let mut info = MaybeUninit::<clap_param_info>::zeroed();
            // SAFETY: it fills the info where it returns true.
            unsafe {
                if frameworks.get_info.is_some_and(|get| get(framework, index as u32, info.as_mut_ptr())) {
                    let info = info.assume_init();
                    offered.rows.insert(info.id, (row, info.max_value.max(1.0)));
                }
            }
        }
    }
    Box::into_raw(offered).cast()
}

unsafe extern "C" fn init(plugin: *const clap_plugin) -> bool {
    guard(false, || {
        // SAFETY: hosts give a plugin of ours, and can be asked from now on.
        let offered = unsafe { Offered::of(plugin) };
        // SAFETY: as above.
        let ears = unsafe {
            Ears {
                latency: offered.host_extension::<clap_host_latency>(CLAP_EXT_LATENCY).and_then(|ear| ear.changed),
                tail: offered.host_extension::<clap_host_tail>(CLAP_EXT_TAIL).and_then(|ear| ear.changed),
                rescan: offered.host_extension::<clap_host_params>(CLAP_EXT_PARAMS).and_then(|ear| ear.rescan),
            }
        };
        let _ = offered.ears.set(ears);
        let host = ThreadSafe(offered.host);
        offered.hosted.shown().set_wake(Some(Box::new(move || host.request_process())));
        // SAFETY: the framework's plugin lives until `destroy`.
        unsafe { (*offered.framework).init.is_some_and(|init| init(offered.framework)) }
    })
}

unsafe extern "C" fn destroy(plugin: *const clap_plugin) {
    guard((), || {
        // SAFETY: hosts destroy a plugin of ours, once.
        unsafe {
            let offered = Box::from_raw(plugin.cast_mut().cast::<Offered>());
            offered.hosted.shown().set_wake(None);
            if let Some(destroy) = (*offered.framework).destroy {
                destroy(offered.framework);
            }
        }
    });
}

unsafe extern "C" fn activate(plugin: *const clap_plugin, sample_rate: f64, least: u32, most: u32) -> bool {
    guard(false, || {
        // SAFETY: hosts give a plugin of ours; the framework's lives until `destroy`.
        let offered = unsafe { Offered::of(plugin) };
        // SAFETY: as above.
        let framework =
            unsafe { (*offered.framework).activate.is_some_and(|go| go(offered.framework, sample_rate, least, most)) };
        if !framework || !offered.hosted.activate(sample_rate, offered.channels(true), offered.channels(false)) {
            return false;
        }
        let latency = offered.hosted.latency_samples();
        if offered.latency.swap(latency, Ordering::Relaxed) != latency {
            offered.tell(|ears| ears.latency);
        }
        true
    })
}

unsafe extern "C" fn deactivate(plugin: *const clap_plugin) {
    guard((), || {
        // SAFETY: as in `activate`.
        unsafe {
            let offered = Offered::of(plugin);
            offered.hosted.set_playing(false);
            if let Some(deactivate) = (*offered.framework).deactivate {
                deactivate(offered.framework);
            }
        }
    });
}

unsafe extern "C" fn start_processing(plugin: *const clap_plugin) -> bool {
    // SAFETY: hosts give a plugin of ours.
    guard((), || unsafe { Offered::of(plugin) }.hosted.set_playing(true));
    true
}

unsafe extern "C" fn stop_processing(plugin: *const clap_plugin) {
    // SAFETY: hosts give a plugin of ours.
    guard((), || unsafe { Offered::of(plugin) }.hosted.set_playing(false));
}

unsafe extern "C" fn reset(plugin: *const clap_plugin) {
    // SAFETY: hosts give a plugin of ours.
    guard((), || unsafe { Offered::of(plugin) }.hosted.begin_anew());
}

unsafe extern "C" fn process(plugin: *const clap_plugin, process: *const clap_process) -> clap_process_status {
    guard(CLAP_PROCESS_ERROR, || {
        // SAFETY: hosts give a plugin of ours and a block that lives until the call is over.
        let (offered, Some(block)) = (unsafe { Offered::of(plugin) }, unsafe { process.as_ref() }) else {
            return CLAP_PROCESS_ERROR;
        };
        let len = block.frames_count as usize;
        // SAFETY: a transport that is there lives as long as the block.
        if let Some(song) = unsafe { block.transport.as_ref() }
            && song.flags & CLAP_TRANSPORT_HAS_TEMPO != 0
        {
            offered.hosted.shown().captured.set_tempo(song.tempo);
        }
        // SAFETY: ports have as many channels as they say, of as many samples as the block has.
        let buffers = unsafe {
            let input = block.audio_inputs.as_ref().filter(|_| block.audio_inputs_count > 0);
            let output = block.audio_outputs.as_ref().filter(|_| block.audio_outputs_count > 0);
            Buffers::new(
                input.map_or(&[], |port| channels_of(port.data32, port.channel_count)),
                output.map_or(&[], |port| channels_of(port.data32, port.channel_count)),
                len,
            )
        };
        // What is sent is in order of time: before the notes of the block, what the window has changed.
        // SAFETY: the lists are the block's.
        unsafe { offered.tell_windows_changes(block.out_events) };
        let collect = |changes: &mut Changes| {
            // SAFETY: as above.
            unsafe { offered.collect(block.in_events, changes) };
        };
        let played = offered.hosted.play(&buffers, len, collect, |sent, output| {
            // SAFETY: as above.
            unsafe { clap_notes::send(sent, output, block.out_events) };
        });
        // SAFETY: as above; whatever the sound has not been written to is to be silent.
        unsafe {
            let written = if matches!(played, Played::Sound(_)) { buffers.written() } else { 0 };
            for port in 0..block.audio_outputs_count as usize {
                let Some(port_of) = block.audio_outputs.add(port).as_mut() else { continue };
                let sounding = if port == 0 { written } else { 0 };
                let channels = channels_of(port_of.data32, port_of.channel_count);
                channels
                    .iter()
                    .skip(sounding)
                    .filter(|channel| !channel.is_null())
                    .for_each(|channel| channel.write_bytes(0, len));
                port_of.constant_mask = 0;
            }
        }
        match played {
            Played::Sound(News { latency, tail, goes_on }) => {
                if latency.is_some() {
                    offered.ask_for_restart();
                }
                if tail.is_some() {
                    offered.tell(|ears| ears.tail);
                }
                match goes_on {
                    GoesOn::Tail => CLAP_PROCESS_TAIL,
                    GoesOn::Sounds => CLAP_PROCESS_CONTINUE,
                    GoesOn::Silent => CLAP_PROCESS_SLEEP,
                }
            }
            Played::Nothing => CLAP_PROCESS_ERROR,
        }
    })
}

/// The channels of a port.
///
/// # Safety
/// `data` is null or has as many pointers.
unsafe fn channels_of<'a>(data: *mut *mut f32, count: u32) -> &'a [*mut f32] {
    // SAFETY: by this function's own contract.
    if data.is_null() { &[] } else { unsafe { std::slice::from_raw_parts(data, count as usize) } }
}

unsafe extern "C" fn get_extension(plugin: *const clap_plugin, id: *const c_char) -> *const c_void {
    guard(ptr::null(), || {
        // SAFETY: hosts give a plugin of ours and a text.
        let (offered, Some(name)) = (unsafe { Offered::of(plugin) }, unsafe { text(id) }) else { return ptr::null() };
        if name == CLAP_EXT_PRESET_LOAD || name == CLAP_EXT_PRESET_LOAD_COMPAT {
            (&raw const PRESET_LOAD).cast()
        } else if name == CLAP_EXT_LATENCY {
            (&raw const LATENCY).cast()
        } else if name == CLAP_EXT_TAIL {
            (&raw const TAIL).cast()
        } else if name == CLAP_EXT_STATE {
            (&raw const STATE).cast()
        } else if name == CLAP_EXT_PARAMS {
            (&raw const offered.params).cast()
        } else if name == CLAP_EXT_NOTE_PORTS {
            match offered.hosted.params().source() {
                Source::Voice => (&raw const clap_notes::PORTS).cast(),
                Source::Keys => (&raw const clap_notes::PORTS_IN).cast(),
            }
        } else {
            offered.framework_extension(name)
        }
    })
}

unsafe extern "C" fn latency(plugin: *const clap_plugin) -> u32 {
    // SAFETY: hosts give a plugin of ours.
    unsafe { Offered::of(plugin) }.latency.load(Ordering::Relaxed)
}

unsafe extern "C" fn tail(plugin: *const clap_plugin) -> u32 {
    // SAFETY: hosts give a plugin of ours.
    unsafe { Offered::of(plugin) }.hosted.tail_samples()
}

unsafe extern "C" fn param_info(plugin: *const clap_plugin, index: u32, info: *mut clap_param_info) -> bool {
    // The framework reads past its table at the first number after it.
    // SAFETY: hosts give a plugin of ours; the framework's extension lives as long as its plugin.
    unsafe {
        let offered = Offered::of(plugin);
        if index as usize >= offered.rows.len() || info.is_null() {
            return false;
        }
        let framework = offered.framework_extension(CLAP_EXT_PARAMS).cast::<clap_plugin_params>().as_ref();
        framework.and_then(|params| params.get_info).is_some_and(|get| get(offered.framework, index, info))
    }
}

unsafe extern "C" fn flush(plugin: *const clap_plugin, events: *const clap_input_events, out: *const clap_output_events) {
    guard((), || {
        // SAFETY: hosts give a plugin of ours and lists that live until the call is over.
        let offered = unsafe { Offered::of(plugin) };
        // SAFETY: as above.
        unsafe {
            offered.walk(events, |header| {
                if let Some((row, change)) = offered.change_of(header) {
                    offered.hosted.params().controls().change(row, change);
                }
            });
            offered.tell_windows_changes(out);
        }
        offered.follow();
    });
}

// ---- States: their length in eight bytes, least significant first, and as many bytes of JSON. A stream's end is no end of a state.

unsafe extern "C" fn save(plugin: *const clap_plugin, stream: *const clap_ostream) -> bool {
    guard(false, || {
        // SAFETY: hosts give a plugin of ours and a stream.
        let (offered, Some(to)) = (unsafe { Offered::of(plugin) }, unsafe { stream.as_ref() }) else { return false };
        let Some(write) = to.write else { return false };
        let json = state::for_host(offered.hosted.params());
        let bytes = [&(json.len() as u64).to_le_bytes()[..], &json].concat();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            // SAFETY: the bytes stay until the call is over.
            match usize::try_from(unsafe { write(stream, rest.as_ptr().cast(), rest.len() as u64) }) {
                Ok(count) if count > 0 => rest = &rest[count.min(rest.len())..],
                _ => return false,
            }
        }
        true
    })
}

unsafe extern "C" fn load(plugin: *const clap_plugin, stream: *const clap_istream) -> bool {
    guard(false, || {
        // SAFETY: hosts give a plugin of ours and a stream.
        let offered = unsafe { Offered::of(plugin) };
        // SAFETY: as above.
        let read = |most: usize| unsafe { read_from(stream, most) };
        let length = read(8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
        let length = length.and_then(|length| usize::try_from(length).ok()).filter(|length| *length <= state::MAX_STATE_BYTES);
        // What is no state is refused in the same words as one that is broken.
        let json = length.and_then(read).unwrap_or_default();
        let loaded = state::load(&json, offered.hosted.params());
        offered.follow();
        if loaded {
            offered.have_values_read();
        }
        loaded
    })
}

/// Up to `most` bytes of a stream; fewer where it ends before.
///
/// # Safety
/// `stream` is null or a host's.
unsafe fn read_from(stream: *const clap_istream, most: usize) -> Option<Vec<u8>> {
    // SAFETY: by this function's own contract.
    let read = unsafe { stream.as_ref() }?.read?;
    let mut bytes = Vec::new();
    while bytes.len() < most {
        let at = bytes.len();
        bytes.resize(at + READ.min(most - at), 0);
        // SAFETY: there is room for as many bytes.
        let count = usize::try_from(unsafe { read(stream, bytes[at..].as_mut_ptr().cast(), (bytes.len() - at) as u64) }).ok()?;
        bytes.truncate(at + count.min(bytes.len() - at));
        if count == 0 {
            break;
        }
    }
    Some(bytes)
}

// ---- Playing a preset.

unsafe extern "C" fn load_preset(
    plugin: *const clap_plugin,
    kind: clap_preset_discovery_location_kind,
    location: *const c_char,
    key: *const c_char,
) -> bool {
    guard(false, || {
        // SAFETY: hosts give a plugin of ours and texts.
        let (offered, place, name) = unsafe { (Offered::of(plugin), text(location), text(key)) };
        let played = chosen(offered.hosted.params().source(), kind, place, name).and_then(|preset| preset.to_state());
        let played = played.and_then(|json| state::from_json(&json, offered.hosted.params()));
        offered.follow();
        // SAFETY: a host that loads presets lets itself be asked.
        let listener = unsafe {
            let ask = |id| offered.host_extension::<clap_host_preset_load>(id);
            ask(CLAP_EXT_PRESET_LOAD).or_else(|| ask(CLAP_EXT_PRESET_LOAD_COMPAT))
        };
        if played.is_ok() {
            offered.have_values_read();
        }
        match (&played, listener) {
            (Ok(()), Some(clap_host_preset_load { loaded: Some(loaded), .. })) => {
                // SAFETY: the texts are the host's own.
                unsafe { loaded(offered.host, kind, location, key) };
            }
            (Err(why), Some(clap_host_preset_load { on_error: Some(on_error), .. })) => {
                // SAFETY: as above; the sentence stays until the call is over.
                unsafe { on_error(offered.host, kind, location, key, 0, c_text(why).as_ptr()) };
            }
            _ => {}
        }
        played.is_ok()
    })
}
