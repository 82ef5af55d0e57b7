//! A small CLAP host for tests, around the bundled plugin: load, list parameters, automate, process, save, restore.

#![allow(dead_code)]

use clack_extensions::{
    audio_ports_config::{AudioPortsConfigBuffer, MainPortInfo, PluginAudioPortsConfig},
    gui::{GuiApiType, GuiConfiguration, GuiError, GuiSize, HostGui, HostGuiImpl, PluginGui, Window},
    latency::{HostLatency, HostLatencyImpl, PluginLatency},
    params::{
        HostParams, HostParamsImplMainThread, HostParamsImplShared, ParamClearFlags, ParamInfoBuffer, ParamRescanFlags,
        PluginParams,
    },
    preset_discovery::{HostPresetLoad, HostPresetLoadImpl, PluginPresetLoad, preset_data::Location},
    state::{HostState, HostStateImpl, PluginState},
    tail::{HostTail, HostTailImpl, PluginTail, TailLength},
};
use clack_host::{
    events::{
        EventFlags, Match, Pckn, UnknownEvent,
        event_types::{MidiEvent, NoteOffEvent, NoteOnEvent, ParamValueEvent, TransportEvent, TransportFlags},
        io::EventBuffer,
        spaces::CoreEventSpace,
    },
    prelude::*,
    process::{PluginAudioProcessor, ProcessStatus},
    utils::{BeatTime, SecondsTime},
};
use std::{
    cell::{Cell, RefCell},
    ffi::CStr,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

/// The bundle under test: the one in the folder that `SYRINX_BUNDLES` names, or the library that the bundle is made of.
pub fn bundle() -> PathBuf {
    if let Some(folder) = std::env::var_os("SYRINX_BUNDLES") {
        return Path::new(&folder).join("Syrinx.clap");
    }
    let test = std::env::current_exe().unwrap();
    // Beside the test lies the one that was built with it; the folder above has that of the last `cargo build`, which may be old.
    let built =
        test.parent().unwrap().join(format!("{}syrinx_plugin{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX));
    assert!(built.exists(), "{} is not built", built.display());
    built
}

/// What the plugin has asked of its host.
#[derive(Default)]
pub struct Asked {
    pub restarts: AtomicUsize,
    pub callbacks: AtomicUsize,
    /// Sizes that the window has asked for, packed.
    pub size: AtomicU64,
}

impl HostGuiImpl for Asked {
    fn resize_hints_changed(&self) {}

    fn request_resize(&self, new_size: GuiSize) -> Result<(), HostError> {
        self.size.store(new_size.pack_to_u64(), Ordering::Relaxed);
        Ok(())
    }

    fn request_show(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn request_hide(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn closed(&self, _: bool) {}
}

impl SharedHandler<'_> for Asked {
    fn request_restart(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }

    fn request_process(&self) {}

    fn request_callback(&self) {
        self.callbacks.fetch_add(1, Ordering::Relaxed);
    }
}

impl HostParamsImplShared for Asked {
    fn request_flush(&self) {}
}

#[derive(Default)]
pub struct MainThread {
    pub latency_changes: Cell<usize>,
    /// What was said of presets: the key of one that plays, or what is wrong.
    pub presets: RefCell<Vec<Result<String, String>>>,
}

impl<'a> MainThreadHandler<'a> for MainThread {}

impl HostLatencyImpl for MainThread {
    fn changed(&self) {
        self.latency_changes.set(self.latency_changes.get() + 1);
    }
}

impl HostParamsImplMainThread for MainThread {
    fn rescan(&self, _: ParamRescanFlags) {}
    fn clear(&self, _: ClapId, _: ParamClearFlags) {}
}

impl HostPresetLoadImpl for MainThread {
    fn on_error(&self, _: Location<'_>, _: Option<&CStr>, _: i32, message: Option<&CStr>) {
        self.presets.borrow_mut().push(Err(message.unwrap_or_default().to_string_lossy().into_owned()));
    }

    fn loaded(&self, _: Location<'_>, key: Option<&CStr>) {
        self.presets.borrow_mut().push(Ok(key.unwrap_or_default().to_string_lossy().into_owned()));
    }
}

impl HostStateImpl for MainThread {
    fn mark_dirty(&self) {}
}

pub struct AudioThread;

impl<'a> AudioProcessorHandler<'a> for AudioThread {}

impl HostTailImpl for AudioThread {
    fn changed(&mut self) {}
}

pub struct Host;

impl HostHandlers for Host {
    type Shared<'a> = Asked;
    type MainThread<'a> = MainThread;
    type AudioProcessor<'a> = AudioThread;

    fn declare_extensions(builder: &mut HostExtensions<'_, Self>, _: &Self::Shared<'_>) {
        builder.register::<HostLatency>().register::<HostParams>().register::<HostState>().register::<HostTail>();
        builder.register::<HostGui>().register::<HostPresetLoad>();
    }
}

/// One parameter as the host sees it.
#[derive(Clone, Debug)]
pub struct ParamSeen {
    pub id: ClapId,
    pub name: String,
    pub module: String,
    pub min: f64,
    pub max: f64,
    pub default: f64,
}

/// What the plugin tells its host of a parameter: that somebody takes hold of it, turns it, and lets go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Said {
    Begin(ClapId),
    Value(ClapId, f64),
    End(ClapId),
}

impl Said {
    fn of(event: &UnknownEvent) -> Option<Self> {
        match event.as_core_event()? {
            CoreEventSpace::ParamGestureBegin(event) => Some(Self::Begin(event.param_id()?)),
            CoreEventSpace::ParamValue(event) => Some(Self::Value(event.param_id()?, event.value())),
            CoreEventSpace::ParamGestureEnd(event) => Some(Self::End(event.param_id()?)),
            _ => None,
        }
    }
}

/// An instance in the host.
pub struct Instance {
    pub plugin: PluginInstance<Host>,
    /// What it tells of its parameters while it plays, once somebody wants to know.
    pub said: Option<Vec<Said>>,
    /// How long the host takes from giving the window a parent to showing it: not all are quick.
    pub hesitates: Duration,
    processor: Option<PluginAudioProcessor<Host>>,
    params: Vec<ParamSeen>,
}

/// A change of a parameter: at this sample of the stream, to this text.
pub type Change<'a> = (usize, &'a str, &'a str);

pub fn load_entry() -> PluginEntry {
    // SAFETY: the library is our own plugin.
    unsafe { PluginEntry::load(bundle().as_os_str()) }.expect("the bundle loads")
}

impl Instance {
    pub fn new(entry: &PluginEntry) -> Self {
        let info = HostInfo::new("Syrinx tests", "Syrinx", "", "1").unwrap();
        let mut plugin =
            PluginInstance::<Host>::new(|_| Asked::default(), |_| MainThread::default(), entry, c"org.syrinx.syrinx", &info)
                .unwrap();
        let params = Self::list(&mut plugin);
        Self { plugin, said: None, hesitates: Duration::ZERO, processor: None, params }
    }

    fn extension<E: clack_host::extensions::Extension<ExtensionSide = clack_host::extensions::PluginExtensionSide>>(
        &mut self,
    ) -> E {
        self.plugin.plugin_handle().get_extension().expect("the plugin offers the extension")
    }

    fn list(plugin: &mut PluginInstance<Host>) -> Vec<ParamSeen> {
        let handle = plugin.plugin_handle();
        let params: PluginParams = handle.get_extension().unwrap();
        (0..params.count(&handle))
            .map(|at| {
                let mut buffer = ParamInfoBuffer::default();
                let info = params.get_info(&handle, at, &mut buffer).unwrap();
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                ParamSeen {
                    id: info.id,
                    name: text(info.name),
                    module: text(info.module),
                    min: info.min_value,
                    max: info.max_value,
                    default: info.default_value,
                }
            })
            .collect()
    }

    pub fn params(&self) -> &[ParamSeen] {
        &self.params
    }

    pub fn param(&self, name: &str) -> ParamSeen {
        self.params.iter().find(|p| p.name == name).unwrap_or_else(|| panic!("there is no parameter {name:?}")).clone()
    }

    /// The value as the plugin writes it.
    pub fn text(&mut self, name: &str) -> String {
        let id = self.param(name).id;
        let params: PluginParams = self.extension();
        let handle = self.plugin.plugin_handle();
        let value = params.get_value(&handle, id).unwrap();
        let mut buffer = [0; 128];
        String::from_utf8(params.value_to_text(&handle, id, value, &mut buffer).unwrap().to_vec()).unwrap()
    }

    /// The host's value for what a person types.
    pub fn typed(&mut self, name: &str, text: &str) -> f64 {
        let id = self.param(name).id;
        let params: PluginParams = self.extension();
        let c_text = std::ffi::CString::new(text).unwrap();
        params.text_to_value(&self.plugin.plugin_handle(), id, &c_text).unwrap_or_else(|| panic!("{name} does not take {text:?}"))
    }

    fn event(&mut self, time: usize, name: &str, text: &str) -> ParamValueEvent {
        let value = self.typed(name, text);
        ParamValueEvent::new(time as u32, self.param(name).id, Pckn::match_all(), value)
    }

    /// Sets a parameter while no audio runs.
    pub fn set(&mut self, name: &str, text: &str) {
        let events = [self.event(0, name, text)];
        let params: PluginParams = self.extension();
        let input = InputEvents::from_buffer(&events);
        match &mut self.processor {
            Some(processor) => params.flush_active(&mut processor.plugin_handle(), &input, &mut OutputEvents::void()),
            None => params.flush(&mut self.plugin.inactive_plugin_handle().unwrap(), &input, &mut OutputEvents::void()),
        }
    }

    pub fn activate(&mut self, sample_rate: f64, max_block: usize) {
        self.try_activate(sample_rate, max_block).unwrap();
    }

    pub fn try_activate(&mut self, sample_rate: f64, max_block: usize) -> Result<(), PluginInstanceError> {
        let config = PluginAudioConfiguration { sample_rate, min_frames_count: 1, max_frames_count: max_block as u32 };
        let processor = self.plugin.activate(|_, _| AudioThread, config)?;
        self.processor = Some(processor.into());
        Ok(())
    }

    pub fn deactivate(&mut self) {
        if let Some(processor) = self.processor.take() {
            self.plugin.deactivate(processor.into_stopped());
        }
    }

    /// Samples of delay as the host is told.
    pub fn latency(&mut self) -> usize {
        let latency: PluginLatency = self.extension();
        latency.get(&self.plugin.plugin_handle()) as usize
    }

    pub fn tail(&mut self) -> TailLength {
        let tail: PluginTail = self.extension();
        tail.get(&self.processor.as_mut().unwrap().plugin_handle())
    }

    /// Gives the plugin the main thread, as hosts do when it asks for it.
    pub fn idle(&mut self) {
        self.plugin.call_on_main_thread_callback();
    }

    /// Opens the window in the X11 window `parent`; its size, pixels.
    ///
    /// # Errors
    /// Where the plugin opens none.
    pub fn open_window(&mut self, parent: u32) -> Result<(u32, u32), GuiError> {
        self.open_window_at(parent, None)
    }

    /// As `open_window`, on a screen where the host draws at this scale.
    ///
    /// # Errors
    /// Where the plugin opens none.
    pub fn open_window_at(&mut self, parent: u32, scale: Option<f64>) -> Result<(u32, u32), GuiError> {
        let gui: PluginGui = self.extension();
        let handle = self.plugin.plugin_handle();
        gui.create(&handle, GuiConfiguration { api_type: GuiApiType::X11, is_floating: false })?;
        if let Some(scale) = scale {
            gui.set_scale(&handle, scale)?;
        }
        let size = gui.get_size(&handle).expect("an open window has a size");
        // SAFETY: the test keeps the parent open until the window is closed.
        unsafe { gui.set_parent(&handle, Window::from_x11_handle(parent.into())) }?;
        std::thread::sleep(self.hesitates);
        // Not every plugin needs to be shown: some show themselves.
        let _ = gui.show(&handle);
        Ok((size.width, size.height))
    }

    /// Makes the open window this big; the size that it took, pixels.
    pub fn resize_window(&mut self, width: u32, height: u32) -> (u32, u32) {
        let gui: PluginGui = self.extension();
        let handle = self.plugin.plugin_handle();
        let size = gui.adjust_size(&handle, GuiSize { width, height }).expect("the window can be resized");
        gui.set_size(&handle, size).expect("an adjusted size fits");
        (size.width, size.height)
    }

    /// Closes the window.
    pub fn close_window(&mut self) {
        let gui: PluginGui = self.extension();
        gui.destroy(&self.plugin.plugin_handle());
    }

    pub fn save(&mut self) -> Vec<u8> {
        let state: PluginState = self.extension();
        let mut bytes = Vec::new();
        state.save(&self.plugin.plugin_handle(), &mut bytes).unwrap();
        bytes
    }

    pub fn restore(&mut self, mut bytes: &[u8]) -> bool {
        let state: PluginState = self.extension();
        state.load(&self.plugin.plugin_handle(), &mut bytes).is_ok()
    }

    /// Has the plugin play a preset; what it said.
    pub fn load_preset(&mut self, location: Location<'_>, key: Option<&CStr>) -> Result<String, String> {
        let presets: PluginPresetLoad = self.extension();
        let done = presets.load_from_location(&self.plugin.plugin_handle(), location, key);
        let said = self.plugin.access_handler(|main| main.presets.borrow_mut().pop()).expect("it says something");
        assert_eq!(done.is_ok(), said.is_ok());
        said
    }

    pub fn processor(&mut self) -> &mut PluginAudioProcessor<Host> {
        self.processor.as_mut().expect("it is active")
    }

    /// The layouts of audio ports that the plugin offers: their ids, and their channels in and out.
    pub fn layouts(&mut self) -> Vec<(ClapId, u32, u32)> {
        let configs: PluginAudioPortsConfig = self.extension();
        let handle = self.plugin.plugin_handle();
        let mut buffer = AudioPortsConfigBuffer::new();
        (0..configs.count(&handle))
            .map(|at| {
                let config = configs.get(&handle, at, &mut buffer).unwrap();
                let channels = |port: Option<MainPortInfo<'_>>| port.map_or(0, |p| p.channel_count);
                (config.id, channels(config.main_input), channels(config.main_output))
            })
            .collect()
    }

    pub fn select_layout(&mut self, id: ClapId) {
        let configs: PluginAudioPortsConfig = self.extension();
        configs.select(&self.plugin.plugin_handle(), id).unwrap();
    }

    /// Processes a stereo stream in blocks of the sizes that `blocks` repeats; `changes` are sent at their samples.
    pub fn play(&mut self, input: &[Vec<f32>; 2], blocks: &[usize], changes: &[Change<'_>]) -> [Vec<f32>; 2] {
        self.play_with(input, blocks, changes, &mut |call| {
            call();
        })
    }

    /// As `play`; every call of the plugin goes through `around`, which must make it.
    pub fn play_with(
        &mut self,
        input: &[Vec<f32>; 2],
        blocks: &[usize],
        changes: &[Change<'_>],
        around: &mut dyn FnMut(&mut dyn FnMut()),
    ) -> [Vec<f32>; 2] {
        let stream = Stream { input, len: input[0].len(), outputs: 2, blocks, changes, odd: false };
        self.play_stream(&stream, around).try_into().unwrap()
    }

    /// Processes a stream; every call of the plugin goes through `around`, which must make it.
    pub fn play_stream(&mut self, stream: &Stream<'_>, around: &mut dyn FnMut(&mut dyn FnMut())) -> Vec<Vec<f32>> {
        let Stream { input, len, outputs, blocks, changes, odd } = *stream;
        let changes: Vec<(usize, ParamValueEvent)> =
            changes.iter().map(|(at, name, text)| (*at, self.event(0, name, text))).collect();
        let mut output = vec![vec![f32::NAN; len]; outputs];
        let mut sizes = blocks.iter().cycle();
        let (mut ins, mut outs) = (AudioPorts::with_capacity(2, 1), AudioPorts::with_capacity(2, 1));
        // Copies, for a plugin may write into what it gets.
        let mut voice = input.to_vec();
        let processor = self.processor.as_mut().expect("it is active").ensure_processing_started().unwrap();
        let mut at = 0;
        while at < len {
            let to = len.min(at + sizes.next().unwrap());
            let mut due = EventBuffer::new();
            for (when, event) in changes.iter().filter(|(when, _)| (at..to).contains(when)) {
                let event = ParamValueEvent::new((when - at) as u32, event.param_id().unwrap(), Pckn::match_all(), event.value());
                due.push(&event);
            }
            if odd && to > at {
                let key = Pckn::new(0_u16, 0_u16, (at % 128) as u16, Match::All);
                due.push(&NoteOnEvent::new(0, key, 0.8));
                due.push(&MidiEvent::new((to - at - 1) as u32, 0, [0xe0, 0x10, 0x20]));
                due.push(&NoteOffEvent::new((to - at - 1) as u32, key, 0.0));
                due.sort();
            }
            // Here and there, now rolling, now not.
            let jump = odd.then(|| transport(at as i64 * 7919 % 1000 - 500, at % 3 > 0));
            let audio_in = match voice.len() {
                0 => InputAudioBuffers::empty(),
                _ => ins.with_input_buffers([AudioPortBuffer {
                    latency: 0,
                    channels: AudioPortBufferType::f32_input_only(
                        voice.iter_mut().map(|c| InputChannel::variable(&mut c[at..to])),
                    ),
                }]),
            };
            let mut audio_out = outs.with_output_buffers([AudioPortBuffer {
                latency: 0,
                channels: AudioPortBufferType::f32_output_only(output.iter_mut().map(|c| &mut c[at..to])),
            }]);
            let events_in = due.as_input();
            let steady = if odd { None } else { Some(at as u64) };
            let mut status = None;
            let mut out = EventBuffer::new();
            let wanted = self.said.is_some();
            around(&mut || {
                let mut events_out = if wanted { out.as_output() } else { OutputEvents::void() };
                status = Some(processor.process(&audio_in, &mut audio_out, &events_in, &mut events_out, steady, jump.as_ref()));
            });
            let status = status.expect("the call was made").unwrap();
            assert!(!matches!(status, ProcessStatus::Sleep), "the plugin never sleeps on its own");
            if let Some(said) = &mut self.said {
                said.extend(out.iter().filter_map(Said::of));
            }
            at = to;
        }
        output
    }
}

/// What is played through an instance.
#[derive(Clone, Copy)]
pub struct Stream<'a> {
    /// The voice's channels; none for a host without an input bus.
    pub input: &'a [Vec<f32>],
    /// Samples.
    pub len: usize,
    /// Channels out.
    pub outputs: usize,
    /// Sizes of blocks, repeated.
    pub blocks: &'a [usize],
    pub changes: &'a [Change<'a>],
    /// With notes in every block, and a transport that jumps.
    pub odd: bool,
}

fn transport(seconds: i64, rolling: bool) -> TransportEvent {
    let mut flags = TransportFlags::HAS_SECONDS_TIMELINE | TransportFlags::HAS_BEATS_TIMELINE | TransportFlags::HAS_TEMPO;
    flags.set(TransportFlags::IS_PLAYING, rolling);
    TransportEvent {
        header: EventHeader::new_core(0, EventFlags::empty()),
        flags,
        song_pos_beats: BeatTime::from_int(2 * seconds),
        song_pos_seconds: SecondsTime::from_int(seconds),
        tempo: 120.0,
        tempo_inc: 0.0,
        loop_start_beats: BeatTime::from_int(0),
        loop_end_beats: BeatTime::from_int(0),
        loop_start_seconds: SecondsTime::from_int(0),
        loop_end_seconds: SecondsTime::from_int(0),
        bar_start: BeatTime::from_int(0),
        bar_number: 0,
        time_signature_numerator: 4,
        time_signature_denominator: 4,
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.deactivate();
    }
}
