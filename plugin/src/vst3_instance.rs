//! What hosts find in the VST3, and one instance as a host has it: sound, buses, times and states by Syrinx's own way ([`Hosted`]); parameters,
//! units and the window by the framework's.

use crate::{
    FromKeys, FromVoice, Plug, Product, Syrinx,
    changes::{Change, Changes},
    hosted::{Hosted, Played, guard},
    player::{Buffers, News},
    source::{ROWS, Source},
    state, vst3_midi,
};
use nice_plug::wrapper::vst3::{
    PluginInfo, Wrapper,
    vst3::{
        Class, ComPtr, ComRef, ComWrapper,
        Steinberg::{
            FIDString, FUnknown, IBStream, IBStreamTrait, IPlugView, IPluginBaseTrait, IPluginFactory, IPluginFactory2,
            IPluginFactory2Trait, IPluginFactory3, IPluginFactory3Trait, IPluginFactoryTrait, PClassInfo, PClassInfo2,
            PClassInfoW, PFactoryInfo, TBool, TUID,
            Vst::{
                AudioBusBuffers, BusDirection, BusInfo, CString,
                ChannelContext::{IInfoListener, IInfoListenerTrait},
                CtrlNumber, Event, IAttributeList, IAudioProcessor, IAudioProcessorTrait, IComponent, IComponentHandler,
                IComponentHandlerTrait, IComponentTrait, IEditController, IEditControllerTrait, IEventListTrait, IMidiMapping,
                IMidiMappingTrait, INoteExpressionController, INoteExpressionControllerTrait, INoteExpressionPhysicalUIMapping,
                INoteExpressionPhysicalUIMappingTrait, IParamValueQueue, IParamValueQueueTrait, IParameterChangesTrait,
                IProcessContextRequirements, IProcessContextRequirements_, IProcessContextRequirementsTrait, IUnitInfo,
                IUnitInfoTrait, IoMode, MediaType, NoteExpressionTypeID, NoteExpressionTypeInfo, NoteExpressionValue, ParamID,
                ParamValue, ParameterInfo, PhysicalUIMapList, ProcessContext_, ProcessData, ProcessSetup, ProgramListID,
                ProgramListInfo, RestartFlags_, RoutingInfo, SpeakerArrangement, String128, SymbolicSampleSizes_, TChar, UnitID,
                UnitInfo,
            },
            int16, int32, kInternalError, kInvalidArgument, kResultFalse, kResultOk, tresult, uint32,
        },
    },
};
use std::{
    collections::HashMap,
    ffi::c_void,
    mem,
    num::NonZeroU32,
    ptr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
};
use syrinx_engine::{Event as EngineEvent, EventKind};

/// Bytes of a state that are asked of a host at a time.
const READ: usize = 1 << 16;

// ---- The factory.

/// One class that is offered.
struct Offered {
    info: PluginInfo,
    create: fn() -> Option<ComPtr<FUnknown>>,
}

fn offer<P: Product>() -> Offered {
    let create = || ComWrapper::new(Instance::<P>::new()).to_com_ptr::<FUnknown>();
    Offered { info: PluginInfo::for_plugin::<Plug<P>>(), create }
}

/// The classes, in the order in which hosts list them.
struct Factory([Offered; 2]);

impl Class for Factory {
    type Interfaces = (IPluginFactory, IPluginFactory2, IPluginFactory3);
}

impl Factory {
    /// Fills what the host gives with what is told of a class.
    ///
    /// # Safety
    /// `to` is null, or there is room for it.
    unsafe fn fill<T>(&self, index: int32, to: *mut T, from: impl FnOnce(&PluginInfo) -> T) -> tresult {
        let class = usize::try_from(index).ok().and_then(|index| self.0.get(index));
        let Some(class) = class.filter(|_| !to.is_null()) else { return kInvalidArgument };
        guard(kInternalError, || {
            // SAFETY: by this function's own contract.
            unsafe { to.write(from(&class.info)) };
            kResultOk
        })
    }
}

impl IPluginFactoryTrait for Factory {
    unsafe fn getFactoryInfo(&self, info: *mut PFactoryInfo) -> tresult {
        // SAFETY: as `fill` asks for.
        unsafe { self.fill(0, info, PluginInfo::create_factory_info) }
    }

    unsafe fn countClasses(&self) -> int32 {
        self.0.len() as int32
    }

    unsafe fn getClassInfo(&self, index: int32, info: *mut PClassInfo) -> tresult {
        // SAFETY: as `fill` asks for.
        unsafe { self.fill(index, info, PluginInfo::create_class_info) }
    }

    unsafe fn createInstance(&self, cid: FIDString, iid: FIDString, object: *mut *mut c_void) -> tresult {
        // SAFETY: class ids have 16 bytes; the instance counts who has it.
        unsafe {
            if cid.is_null() || object.is_null() {
                return kInvalidArgument;
            }
            let Some(class) = self.0.iter().find(|class| *class.info.cid == *cid.cast::<[u8; 16]>()) else {
                return kInvalidArgument;
            };
            guard(kInternalError, || {
                let Some(instance) = (class.create)() else { return kInternalError };
                let unknown = instance.as_ptr();
                ((*(*unknown).vtbl).queryInterface)(unknown, iid as *const TUID, object)
            })
        }
    }
}

impl IPluginFactory2Trait for Factory {
    unsafe fn getClassInfo2(&self, index: int32, info: *mut PClassInfo2) -> tresult {
        // SAFETY: as `fill` asks for.
        unsafe { self.fill(index, info, PluginInfo::create_class_info_2) }
    }
}

impl IPluginFactory3Trait for Factory {
    unsafe fn getClassInfoUnicode(&self, index: int32, info: *mut PClassInfoW) -> tresult {
        // SAFETY: as `fill` asks for.
        unsafe { self.fill(index, info, PluginInfo::create_class_info_unicode) }
    }

    unsafe fn setHostContext(&self, _: *mut FUnknown) -> tresult {
        kResultOk
    }
}

/// Where hosts begin.
#[unsafe(no_mangle)]
#[allow(non_snake_case)]
pub extern "system" fn GetPluginFactory() -> *mut c_void {
    guard(ptr::null_mut(), || {
        let factory = ComWrapper::new(Factory([offer::<FromVoice>(), offer::<FromKeys>()])).to_com_ptr::<IPluginFactory>();
        factory.map_or(ptr::null_mut(), |factory| factory.into_raw().cast())
    })
}

/// The library is loaded.
fn loaded() -> bool {
    guard(false, || {
        nice_plug::wrapper::setup_logger::<Syrinx>();
        true
    })
}

macro_rules! entries {
    ($($system:meta, $convention:literal: $load:ident, $unload:ident;)+) => {$(
        /// The host has loaded the library.
        #[$system]
        #[unsafe(no_mangle)]
        #[allow(non_snake_case)]
        pub extern $convention fn $load(#[cfg(not(windows))] _library: *mut c_void) -> bool {
            loaded()
        }

        /// The host is about to unload it.
        #[$system]
        #[unsafe(no_mangle)]
        #[allow(non_snake_case)]
        pub extern $convention fn $unload() -> bool {
            true
        }
    )+};
}

entries! {
    cfg(all(unix, not(target_os = "macos"))), "C": ModuleEntry, ModuleExit;
    cfg(target_os = "macos"), "C": bundleEntry, bundleExit;
    cfg(windows), "system": InitDll, ExitDll;
}

// ---- An instance.

/// One instance.
struct Instance<P: Product> {
    hosted: Hosted,
    framework: Wrapper<Plug<P>>,
    /// Row of the table of each parameter, by the number that hosts know it by.
    rows: HashMap<u32, usize>,
    /// The rate of the next activation, Hz, as bits.
    rate: AtomicU64,
    /// Channels in and out that were agreed on last.
    channels: [AtomicUsize; 2],
    /// Values that the host has shown the controller while sound runs and not sent to the audio thread yet, as bits; not a number where it has not.
    shown: Vec<AtomicU32>,
    /// The places of the hidden parameters, and what the host has last shown the controller of each, as bits.
    midi: Vec<(usize, AtomicU32)>,
    /// The delay that the host has been given last, samples; none yet.
    told: AtomicU64,
    handler: Arc<Handler>,
}

/// No delay.
const UNTOLD: u64 = u64::MAX;
/// No value.
const NOT_SHOWN: u32 = f32::NAN.to_bits();

/// The host's ear.
type Handler = Mutex<Option<ComPtr<IComponentHandler>>>;

/// Says that the delay is another one. The host's main thread.
fn tell_latency(handler: &Handler) {
    let handler = handler.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(handler) = handler {
        // SAFETY: the host's object lives as long as it is counted.
        unsafe { handler.restartComponent(RestartFlags_::kLatencyChanged as int32) };
    }
}

impl<P: Product> Class for Instance<P> {
    type Interfaces = (
        IComponent,
        IEditController,
        IAudioProcessor,
        IProcessContextRequirements,
        IUnitInfo,
        IInfoListener,
        IMidiMapping,
        INoteExpressionController,
        INoteExpressionPhysicalUIMapping,
    );
}

impl<P: Product> Instance<P> {
    fn new() -> Self {
        let (hosted, framework) = Hosted::around(P::SOURCE, Wrapper::<Plug<P>>::new);
        let handler: Arc<Handler> = Arc::default();
        let told = handler.clone();
        hosted.main_thread().set_errand(move || tell_latency(&told));
        // The framework keeps the table's order.
        let id = |(index, row): (usize, usize)| {
            // SAFETY: a parameter's description is made of numbers and texts, for which zeroes are as good as any.
            let mut info: ParameterInfo = unsafe { mem::zeroed() };
            // SAFETY: there is room for it.
            let known = unsafe { framework.getParameterInfo(index as int32, &mut info) } == kResultOk;
            known.then_some((info.id, row))
        };
        let rows = P::SOURCE.rows().enumerate().filter_map(id).collect();
        let channels = [P::LAYOUTS[0].main_input_channels, P::LAYOUTS[0].main_output_channels];
        let channels = channels.map(|count| AtomicUsize::new(count.map_or(0, NonZeroU32::get) as usize));
        let shown = (0..ROWS).map(|_| AtomicU32::new(NOT_SHOWN)).collect();
        let at_rest = |at: usize| (at, AtomicU32::new((vst3_midi::at_rest(at) as f32).to_bits()));
        let midi = vst3_midi::places(P::SOURCE).into_iter().map(at_rest).collect();
        let told = AtomicU64::new(UNTOLD);
        Self { hosted, framework, rows, rate: AtomicU64::new(0), channels, shown, midi, told, handler }
    }

    /// What the host has last shown of a hidden parameter, by the number that it knows it by.
    fn hidden(&self, id: ParamID) -> Option<&AtomicU32> {
        let place = vst3_midi::place(id)?;
        self.midi.iter().find(|(known, _)| *known == place).map(|(_, shown)| shown)
    }

    /// Gets ready to play at the rate and with the channels that the host has set up; whether it can. Main thread.
    fn get_ready(&self) -> bool {
        let [inputs, outputs] = self.channels.each_ref().map(|channels| channels.load(Ordering::Relaxed));
        self.hosted.activate(f64::from_bits(self.rate.load(Ordering::Relaxed)), inputs, outputs)
    }

    /// A state was taken, or a parameter has changed. Main thread.
    fn follow(&self) {
        self.shown.iter().for_each(|shown| shown.store(NOT_SHOWN, Ordering::Relaxed));
        self.hosted.shown().redraw();
        if self.hosted.settle().is_some() {
            tell_latency(&self.handler);
        }
    }

    /// Takes what happens in a block: changes of parameters, and behind them, where they are for the same sample, notes.
    ///
    /// # Safety
    /// `data` is a host's.
    unsafe fn collect(&self, data: &ProcessData, changes: &mut Changes) {
        // SAFETY: by this function's own contract; the objects live until the call is over.
        unsafe {
            if let Some(queues) = ComRef::from_raw(data.inputParameterChanges) {
                for index in 0..queues.getParameterCount() {
                    let Some(queue) = ComRef::from_raw(queues.getParameterData(index)) else { continue };
                    self.collect_points(&queue, changes);
                }
            }
            let Some(events) = ComRef::from_raw(data.inputEvents) else { return };
            for index in 0..events.getEventCount() {
                let mut event: Event = mem::zeroed();
                if events.getEvent(index, &mut event) == kResultOk {
                    vst3_midi::take(&event, changes);
                }
            }
        }
    }

    /// Takes all changes of one parameter.
    ///
    /// # Safety
    /// The queue is a host's.
    unsafe fn collect_points(&self, queue: &ComRef<'_, IParamValueQueue>, changes: &mut Changes) {
        // SAFETY: by this function's own contract.
        unsafe {
            let id = queue.getParameterId();
            for point in 0..queue.getPointCount() {
                let (mut at, mut value) = (0, 0.0);
                if queue.getPoint(point, &mut at, &mut value) != kResultOk {
                    continue;
                }
                if let Some(&row) = self.rows.get(&id) {
                    self.shown[row].store(NOT_SHOWN, Ordering::Relaxed);
                    changes.add(i64::from(at), row, Change::Value(value as f32));
                } else if let Some(place) = vst3_midi::place(id).filter(|_| self.hidden(id).is_some()) {
                    vst3_midi::control(i64::from(at), place, value, changes);
                }
            }
        }
    }
}

/// The buses of a block.
///
/// # Safety
/// `buses` is null or has as many.
unsafe fn buses_of<'a>(buses: *mut AudioBusBuffers, count: int32) -> &'a mut [AudioBusBuffers] {
    match usize::try_from(count) {
        // SAFETY: by this function's own contract.
        Ok(count) if !buses.is_null() => unsafe { std::slice::from_raw_parts_mut(buses, count) },
        _ => &mut [],
    }
}

/// The channels of a bus.
///
/// # Safety
/// Its list is null or has as many pointers as it says.
unsafe fn channels_of(bus: &AudioBusBuffers) -> &[*mut f32] {
    // SAFETY: by this function's own contract; samples have 32 bits, see `canProcessSampleSize`.
    unsafe {
        let list = bus.__field0.channelBuffers32;
        match usize::try_from(bus.numChannels) {
            Ok(count) if !list.is_null() => std::slice::from_raw_parts(list, count),
            _ => &[],
        }
    }
}

/// Which channels of a bus that has been played are silent: a bit for each.
///
/// # Safety
/// As [`channels_of`], of as many samples.
unsafe fn silence_of(bus: &AudioBusBuffers, len: usize) -> u64 {
    // SAFETY: by this function's own contract.
    unsafe {
        let is_silent =
            |channel: *mut f32| channel.is_null() || std::slice::from_raw_parts(channel, len).iter().all(|x| *x == 0.0);
        let channels = channels_of(bus).iter().take(64).enumerate();
        channels.fold(0, |flags, (number, channel)| flags | u64::from(is_silent(*channel)) << number)
    }
}

/// The channels of the main bus.
///
/// # Safety
/// As [`channels_of`].
unsafe fn main_of(buses: &[AudioBusBuffers]) -> &[*mut f32] {
    // SAFETY: by this function's own contract.
    buses.first().map_or(&[], |bus| unsafe { channels_of(bus) })
}

/// Passes a host's calls on to the framework, and no panic back.
macro_rules! as_the_framework {
    ($($as:ident::$name:ident($($argument:ident: $type:ty),*) -> $result:ty, $otherwise:expr;)+) => {$(
        unsafe fn $name(&self, $($argument: $type),*) -> $result {
            // SAFETY: whatever the host promises.
            guard($otherwise, || unsafe { $as::$name(&self.framework, $($argument),*) })
        }
    )+};
}

impl<P: Product> IPluginBaseTrait for Instance<P> {
    as_the_framework! {
        IPluginBaseTrait::initialize(context: *mut FUnknown) -> tresult, kInternalError;
    }

    unsafe fn terminate(&self) -> tresult {
        guard(kInternalError, || {
            *self.handler.lock().unwrap_or_else(PoisonError::into_inner) = None;
            // SAFETY: whatever the host promises.
            unsafe { self.framework.terminate() }
        })
    }
}

impl<P: Product> IComponentTrait for Instance<P> {
    as_the_framework! {
        IComponentTrait::getControllerClassId(class: *mut TUID) -> tresult, kInternalError;
        IComponentTrait::setIoMode(mode: IoMode) -> tresult, kInternalError;
        IComponentTrait::getBusCount(media: MediaType, direction: BusDirection) -> int32, 0;
        IComponentTrait::getBusInfo(media: MediaType, direction: BusDirection, index: int32, info: *mut BusInfo) -> tresult, kInternalError;
        IComponentTrait::getRoutingInfo(from: *mut RoutingInfo, to: *mut RoutingInfo) -> tresult, kInternalError;
        IComponentTrait::activateBus(media: MediaType, direction: BusDirection, index: int32, state: TBool) -> tresult, kInternalError;
    }

    unsafe fn setActive(&self, state: TBool) -> tresult {
        guard(kInternalError, || {
            if state == 0 {
                self.hosted.set_playing(false);
                return kResultOk;
            }
            if !self.get_ready() {
                return kResultFalse;
            }
            // Hosts that have asked before they agreed on channels or brought a state back.
            if ![UNTOLD, u64::from(self.hosted.latency_samples())].contains(&self.told.load(Ordering::Relaxed)) {
                tell_latency(&self.handler);
            }
            kResultOk
        })
    }

    unsafe fn setState(&self, stream: *mut IBStream) -> tresult {
        guard(kInternalError, || {
            // SAFETY: the host's object lives until the call is over.
            let Some(stream) = (unsafe { ComRef::from_raw(stream) }) else { return kInvalidArgument };
            let mut json = Vec::new();
            // One byte more than a state may have shows that it is none.
            while json.len() <= state::MAX_STATE_BYTES {
                let (at, mut count) = (json.len(), 0);
                json.resize(at + READ, 0);
                // Some hosts say that reading failed where it ended; the count is right in all of them.
                // SAFETY: there is room for as many bytes.
                unsafe { stream.read(json[at..].as_mut_ptr().cast(), READ as int32, &mut count) };
                json.truncate(at + usize::try_from(count).unwrap_or(0).min(READ));
                if count <= 0 {
                    break;
                }
            }
            let loaded = state::load(&json, self.hosted.params());
            self.follow();
            if loaded { kResultOk } else { kResultFalse }
        })
    }

    unsafe fn getState(&self, stream: *mut IBStream) -> tresult {
        guard(kInternalError, || {
            // SAFETY: the host's object lives until the call is over.
            let Some(stream) = (unsafe { ComRef::from_raw(stream) }) else { return kInvalidArgument };
            let mut json = state::for_host(self.hosted.params());
            let mut rest = &mut json[..];
            while !rest.is_empty() {
                let (len, mut count) = (rest.len().min(READ), 0);
                // SAFETY: the bytes stay until the call is over.
                unsafe { stream.write(rest.as_mut_ptr().cast(), len as int32, &mut count) };
                let Ok(count @ 1..) = usize::try_from(count) else { return kResultFalse };
                rest = &mut rest[count.min(len)..];
            }
            kResultOk
        })
    }
}

impl<P: Product> IEditControllerTrait for Instance<P> {
    // The state is the component's; the controller is the same object.
    unsafe fn setComponentState(&self, _: *mut IBStream) -> tresult {
        kResultOk
    }

    unsafe fn setState(&self, _: *mut IBStream) -> tresult {
        kResultOk
    }

    unsafe fn getState(&self, _: *mut IBStream) -> tresult {
        kResultOk
    }

    as_the_framework! {
        IEditControllerTrait::getParamValueByString(id: ParamID, text: *mut TChar, value: *mut ParamValue) -> tresult, kInternalError;
        IEditControllerTrait::normalizedParamToPlain(id: ParamID, value: ParamValue) -> ParamValue, value;
        IEditControllerTrait::plainParamToNormalized(id: ParamID, value: ParamValue) -> ParamValue, value;
        IEditControllerTrait::createView(name: FIDString) -> *mut IPlugView, ptr::null_mut();
    }

    unsafe fn getParameterCount(&self) -> int32 {
        (self.rows.len() + self.midi.len()) as int32
    }

    unsafe fn getParameterInfo(&self, index: int32, info: *mut ParameterInfo) -> tresult {
        let Ok(at) = usize::try_from(index) else { return kInvalidArgument };
        // SAFETY: whatever the host promises.
        guard(kInternalError, || unsafe {
            // The framework reads past its table at the first number after it.
            if at < self.rows.len() {
                return self.framework.getParameterInfo(index, info);
            }
            let Some((place, _)) = self.midi.get(at - self.rows.len()).filter(|_| !info.is_null()) else {
                return kInvalidArgument;
            };
            info.write(mem::zeroed());
            vst3_midi::info(*place, &mut *info);
            kResultOk
        })
    }

    unsafe fn getParamStringByValue(&self, id: ParamID, value: ParamValue, text: *mut String128) -> tresult {
        // SAFETY: whatever the host promises.
        guard(kInternalError, || unsafe {
            match (self.hidden(id), text.as_mut()) {
                (Some(_), Some(text)) => {
                    vst3_midi::write(text, &format!("{:.0} %", 100.0 * value));
                    kResultOk
                }
                _ => self.framework.getParamStringByValue(id, value, text),
            }
        })
    }

    unsafe fn getParamNormalized(&self, id: ParamID) -> ParamValue {
        guard(0.0, || {
            if let Some(hidden) = self.hidden(id) {
                return f32::from_bits(hidden.load(Ordering::Relaxed)).into();
            }
            let shown = self.rows.get(&id).map(|row| f32::from_bits(self.shown[*row].load(Ordering::Relaxed)));
            match shown.filter(|shown| !shown.is_nan()) {
                Some(shown) => shown.into(),
                // SAFETY: whatever the host promises.
                None => unsafe { self.framework.getParamNormalized(id) },
            }
        })
    }

    unsafe fn setParamNormalized(&self, id: ParamID, value: ParamValue) -> tresult {
        guard(kInternalError, || {
            if let Some(hidden) = self.hidden(id) {
                // What it says to the keys comes with a block.
                hidden.store((value as f32).clamp(0.0, 1.0).to_bits(), Ordering::Relaxed);
                return kResultOk;
            }
            let Some(&row) = self.rows.get(&id) else { return kInvalidArgument };
            // While sound runs, the audio thread gets the same value, and when it is due; until then it is the controller's alone.
            if self.hosted.is_playing() {
                self.shown[row].store((value as f32).clamp(0.0, 1.0).to_bits(), Ordering::Relaxed);
            } else {
                self.hosted.params().controls().change(row, Change::Value(value as f32));
                self.follow();
            }
            kResultOk
        })
    }

    unsafe fn setComponentHandler(&self, handler: *mut IComponentHandler) -> tresult {
        guard(kInternalError, || {
            // SAFETY: the host's object lives as long as it is counted.
            let kept = unsafe { ComRef::from_raw(handler) }.map(|handler| handler.to_com_ptr());
            *self.handler.lock().unwrap_or_else(PoisonError::into_inner) = kept;
            // SAFETY: whatever the host promises.
            unsafe { self.framework.setComponentHandler(handler) }
        })
    }
}

impl<P: Product> IAudioProcessorTrait for Instance<P> {
    as_the_framework! {
        IAudioProcessorTrait::getBusArrangement(direction: BusDirection, index: int32, arrangement: *mut SpeakerArrangement) -> tresult,
            kInternalError;
        IAudioProcessorTrait::canProcessSampleSize(size: int32) -> tresult, kInternalError;
    }

    unsafe fn setBusArrangements(
        &self,
        inputs: *mut SpeakerArrangement,
        input_count: int32,
        outputs: *mut SpeakerArrangement,
        output_count: int32,
    ) -> tresult {
        guard(kInternalError, || {
            // Where there are no buses, hosts have no list of them; the framework wants one.
            let (mut no_buses, is_list) = ([0; 1], |list: *mut SpeakerArrangement, count| count != 0 || !list.is_null());
            let [inputs, outputs] = [(inputs, input_count), (outputs, output_count)]
                .map(|(list, count)| if is_list(list, count) { list } else { no_buses.as_mut_ptr() });
            // SAFETY: whatever the host promises; what the framework agrees to has at most one bus in and one out.
            unsafe {
                let agreed = self.framework.setBusArrangements(inputs, input_count, outputs, output_count);
                if agreed == kResultOk {
                    for (channels, (bus, count)) in self.channels.iter().zip([(inputs, input_count), (outputs, output_count)]) {
                        let speakers = if count > 0 && !bus.is_null() { *bus } else { 0 };
                        channels.store(speakers.count_ones() as usize, Ordering::Relaxed);
                    }
                }
                agreed
            }
        })
    }

    unsafe fn getLatencySamples(&self) -> uint32 {
        let latency = self.hosted.latency_samples();
        self.told.store(latency.into(), Ordering::Relaxed);
        latency
    }

    unsafe fn setupProcessing(&self, setup: *mut ProcessSetup) -> tresult {
        // SAFETY: the host's description lives until the call is over.
        let Some(setup) = (unsafe { setup.as_ref() }) else { return kInvalidArgument };
        // SAFETY: it only compares.
        if unsafe { self.canProcessSampleSize(setup.symbolicSampleSize) } != kResultOk {
            return kResultFalse;
        }
        self.rate.store(setup.sampleRate.to_bits(), Ordering::Relaxed);
        // Hosts ask for the delay before they activate. Where it cannot play, the activation says so.
        guard(false, || self.get_ready());
        kResultOk
    }

    unsafe fn setProcessing(&self, state: TBool) -> tresult {
        guard(kInternalError, || {
            self.hosted.set_playing(state != 0);
            kResultOk
        })
    }

    unsafe fn process(&self, data: *mut ProcessData) -> tresult {
        guard(kInternalError, || {
            // SAFETY: the host's block lives until the call is over.
            let Some(data) = (unsafe { data.as_ref() }) else { return kInvalidArgument };
            let Ok(len) = usize::try_from(data.numSamples) else { return kInvalidArgument };
            if data.symbolicSampleSize != SymbolicSampleSizes_::kSample32 as int32 {
                return kInvalidArgument;
            }
            // SAFETY: buses have as many channels as they say, of as many samples as the block has.
            unsafe {
                let (inputs, outputs) = (buses_of(data.inputs, data.numInputs), buses_of(data.outputs, data.numOutputs));
                let buffers = Buffers::new(main_of(inputs), main_of(outputs), len);
                if let Some(song) = data.processContext.as_ref()
                    && song.state & ProcessContext_::StatesAndFlags_::kTempoValid as uint32 != 0
                {
                    self.hosted.shown().captured.set_tempo(song.tempo);
                }
                let collect = |changes: &mut Changes| self.collect(data, changes);
                let played = self.hosted.play(&buffers, len, collect, |sent, _| {
                    let Some(events) = ComRef::from_raw(data.outputEvents) else { return };
                    for EngineEvent { at, kind } in sent {
                        let EventKind::Message { channel, message } = *kind else { continue };
                        if let Some(mut event) = vst3_midi::event_of(*at, channel, message) {
                            events.addEvent(&mut event);
                        }
                    }
                });
                let written = if matches!(played, Played::Sound(_)) { buffers.written() } else { 0 };
                for (number, bus) in outputs.iter_mut().enumerate() {
                    let sounding = if number == 0 { written } else { 0 };
                    let silent = channels_of(bus).iter().skip(sounding).filter(|channel| !channel.is_null());
                    silent.for_each(|channel| channel.write_bytes(0, len));
                    bus.silenceFlags = silence_of(bus, len);
                }
                match played {
                    Played::Sound(News { latency, .. }) => {
                        if latency.is_some() {
                            self.hosted.main_thread().send_errand();
                        }
                        kResultOk
                    }
                    Played::Nothing => kResultFalse,
                }
            }
        })
    }

    unsafe fn getTailSamples(&self) -> uint32 {
        self.hosted.tail_samples()
    }
}

impl<P: Product> IProcessContextRequirementsTrait for Instance<P> {
    unsafe fn getProcessContextRequirements(&self) -> uint32 {
        // The tempo is kept with the notes that are sung; nothing else of the song is looked at.
        IProcessContextRequirements_::Flags_::kNeedTempo as uint32
    }
}

impl<P: Product> IUnitInfoTrait for Instance<P> {
    as_the_framework! {
        IUnitInfoTrait::getUnitCount() -> int32, 0;
        IUnitInfoTrait::getUnitInfo(index: int32, info: *mut UnitInfo) -> tresult, kInternalError;
        IUnitInfoTrait::getProgramListCount() -> int32, 0;
        IUnitInfoTrait::getProgramListInfo(index: int32, info: *mut ProgramListInfo) -> tresult, kInternalError;
        IUnitInfoTrait::getProgramName(list: ProgramListID, index: int32, name: *mut String128) -> tresult, kInternalError;
        IUnitInfoTrait::getProgramInfo(list: ProgramListID, index: int32, attribute: CString, value: *mut String128) -> tresult, kInternalError;
        IUnitInfoTrait::hasProgramPitchNames(list: ProgramListID, index: int32) -> tresult, kInternalError;
        IUnitInfoTrait::getProgramPitchName(list: ProgramListID, index: int32, pitch: int16, name: *mut String128) -> tresult, kInternalError;
        IUnitInfoTrait::getSelectedUnit() -> UnitID, 0;
        IUnitInfoTrait::selectUnit(id: UnitID) -> tresult, kInternalError;
        IUnitInfoTrait::getUnitByBus(media: MediaType, direction: BusDirection, bus: int32, channel: int32, unit: *mut UnitID) -> tresult,
            kInternalError;
        IUnitInfoTrait::setUnitProgramData(list: int32, index: int32, data: *mut IBStream) -> tresult, kInternalError;
    }
}

impl<P: Product> IMidiMappingTrait for Instance<P> {
    unsafe fn getMidiControllerAssignment(&self, bus: int32, channel: int16, number: CtrlNumber, id: *mut ParamID) -> tresult {
        let assigned = vst3_midi::assignment(channel, number).filter(|id| self.hidden(*id).is_some() && bus == 0);
        match assigned {
            Some(assigned) if !id.is_null() => {
                // SAFETY: the host gives room for it.
                unsafe { id.write(assigned) };
                kResultOk
            }
            _ => kResultFalse,
        }
    }
}

impl<P: Product> INoteExpressionControllerTrait for Instance<P> {
    unsafe fn getNoteExpressionCount(&self, bus: int32, _: int16) -> int32 {
        if P::SOURCE == Source::Keys && bus == 0 { vst3_midi::EXPRESSIONS.len() as int32 } else { 0 }
    }

    unsafe fn getNoteExpressionInfo(
        &self,
        bus: int32,
        channel: int16,
        index: int32,
        info: *mut NoteExpressionTypeInfo,
    ) -> tresult {
        // SAFETY: the host gives room for it.
        guard(kInternalError, || unsafe {
            if !(0..self.getNoteExpressionCount(bus, channel)).contains(&index) || info.is_null() {
                return kInvalidArgument;
            }
            info.write(mem::zeroed());
            vst3_midi::expression_info(index as usize, &mut *info);
            kResultOk
        })
    }

    unsafe fn getNoteExpressionStringByValue(
        &self,
        _: int32,
        _: int16,
        id: NoteExpressionTypeID,
        value: NoteExpressionValue,
        text: *mut String128,
    ) -> tresult {
        // SAFETY: the host gives room for it.
        guard(kInternalError, || unsafe {
            match (vst3_midi::expression_text(id, value), text.as_mut()) {
                (Some(said), Some(text)) => {
                    vst3_midi::write(text, &said);
                    kResultOk
                }
                _ => kInvalidArgument,
            }
        })
    }

    unsafe fn getNoteExpressionValueByString(
        &self,
        _: int32,
        _: int16,
        id: NoteExpressionTypeID,
        text: *const TChar,
        value: *mut NoteExpressionValue,
    ) -> tresult {
        // SAFETY: the host gives a text that ends in a zero and fits its field, and room for the value.
        guard(kInternalError, || unsafe {
            if text.is_null() || value.is_null() {
                return kInvalidArgument;
            }
            let letters: Vec<u16> = (0..128).map(|at| *text.add(at)).take_while(|letter| *letter != 0).collect();
            let Some(meant) = vst3_midi::expression_value(id, &String::from_utf16_lossy(&letters)) else { return kResultFalse };
            value.write(meant);
            kResultOk
        })
    }
}

impl<P: Product> INoteExpressionPhysicalUIMappingTrait for Instance<P> {
    unsafe fn getPhysicalUIMapping(&self, bus: int32, _: int16, list: *mut PhysicalUIMapList) -> tresult {
        // SAFETY: the host gives a list of as many as it says.
        guard(kInternalError, || unsafe {
            let Some(list) = list.as_ref().filter(|_| P::SOURCE == Source::Keys && bus == 0) else { return kResultFalse };
            for at in 0..list.count as usize {
                let map = &mut *list.map.add(at);
                map.noteExpressionTypeID = vst3_midi::of_surface(map.physicalUITypeID);
            }
            kResultOk
        })
    }
}

impl<P: Product> IInfoListenerTrait for Instance<P> {
    as_the_framework! {
        IInfoListenerTrait::setChannelContextInfos(list: *mut IAttributeList) -> tresult, kInternalError;
    }
}
