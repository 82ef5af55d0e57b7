//! What hosts find in the VST3, and one instance as a host has it: sound, buses, times and states by Syrinx's own way ([`Hosted`]); parameters,
//! units and the window by the framework's.

use crate::{
    Syrinx,
    changes::{Change, Changes},
    hosted::{Hosted, Played, guard},
    player::{Buffers, News},
    state,
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
                IAttributeList, IAudioProcessor, IAudioProcessorTrait, IComponent, IComponentHandler, IComponentHandlerTrait,
                IComponentTrait, IEditController, IEditControllerTrait, IParamValueQueueTrait, IParameterChangesTrait,
                IProcessContextRequirements, IProcessContextRequirementsTrait, IUnitInfo, IUnitInfoTrait, IoMode, MediaType,
                ParamID, ParamValue, ParameterInfo, ProcessData, ProcessSetup, ProgramListID, ProgramListInfo, RestartFlags_,
                RoutingInfo, SpeakerArrangement, String128, SymbolicSampleSizes_, TChar, UnitID, UnitInfo,
            },
            int16, int32, kInternalError, kInvalidArgument, kResultFalse, kResultOk, tresult, uint32,
        },
    },
};
use std::{
    collections::HashMap,
    ffi::c_void,
    mem, ptr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
};
use syrinx_engine::PARAMS;

/// Bytes of a state that are asked of a host at a time.
const READ: usize = 1 << 16;

// ---- The factory.

struct Factory(PluginInfo);

impl Class for Factory {
    type Interfaces = (IPluginFactory, IPluginFactory2, IPluginFactory3);
}

/// Fills what the host gives, at the one place there is.
unsafe fn fill<T>(index: int32, to: *mut T, from: impl FnOnce() -> T) -> tresult {
    if index != 0 || to.is_null() {
        return kInvalidArgument;
    }
    guard(kInternalError, || {
        // SAFETY: the host gives room for it.
        unsafe { to.write(from()) };
        kResultOk
    })
}

impl IPluginFactoryTrait for Factory {
    unsafe fn getFactoryInfo(&self, info: *mut PFactoryInfo) -> tresult {
        // SAFETY: as `fill` asks for.
        unsafe { fill(0, info, || self.0.create_factory_info()) }
    }

    unsafe fn countClasses(&self) -> int32 {
        1
    }

    unsafe fn getClassInfo(&self, index: int32, info: *mut PClassInfo) -> tresult {
        // SAFETY: as `fill` asks for.
        unsafe { fill(index, info, || self.0.create_class_info()) }
    }

    unsafe fn createInstance(&self, cid: FIDString, iid: FIDString, object: *mut *mut c_void) -> tresult {
        // SAFETY: class ids have 16 bytes; the instance counts who has it.
        unsafe {
            if cid.is_null() || object.is_null() || *cid.cast::<[u8; 16]>() != *self.0.cid {
                return kInvalidArgument;
            }
            guard(kInternalError, || {
                let instance = ComWrapper::new(Instance::new());
                let Some(unknown) = instance.as_com_ref::<FUnknown>() else { return kInternalError };
                let unknown = unknown.as_ptr();
                ((*(*unknown).vtbl).queryInterface)(unknown, iid as *const TUID, object)
            })
        }
    }
}

impl IPluginFactory2Trait for Factory {
    unsafe fn getClassInfo2(&self, index: int32, info: *mut PClassInfo2) -> tresult {
        // SAFETY: as `fill` asks for.
        unsafe { fill(index, info, || self.0.create_class_info_2()) }
    }
}

impl IPluginFactory3Trait for Factory {
    unsafe fn getClassInfoUnicode(&self, index: int32, info: *mut PClassInfoW) -> tresult {
        // SAFETY: as `fill` asks for.
        unsafe { fill(index, info, || self.0.create_class_info_unicode()) }
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
        let factory = ComWrapper::new(Factory(PluginInfo::for_plugin::<Syrinx>())).to_com_ptr::<IPluginFactory>();
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
struct Instance {
    hosted: Hosted,
    framework: Wrapper<Syrinx>,
    /// Row of the table of each parameter, by the number that hosts know it by.
    rows: HashMap<u32, usize>,
    /// The rate of the next activation, Hz, as bits.
    rate: AtomicU64,
    /// Channels in and out that were agreed on last.
    channels: [AtomicUsize; 2],
    /// Values that the host has shown the controller while sound runs and not sent to the audio thread yet, as bits; not a number where it has not.
    shown: Vec<AtomicU32>,
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

impl Class for Instance {
    type Interfaces = (IComponent, IEditController, IAudioProcessor, IProcessContextRequirements, IUnitInfo, IInfoListener);
}

impl Instance {
    fn new() -> Self {
        let (hosted, framework) = Hosted::around(Wrapper::<Syrinx>::new);
        let handler: Arc<Handler> = Arc::default();
        let told = handler.clone();
        hosted.main_thread().set_errand(move || tell_latency(&told));
        // The framework keeps the table's order.
        let id = |row: usize| {
            // SAFETY: a parameter's description is made of numbers and texts, for which zeroes are as good as any.
            let mut info: ParameterInfo = unsafe { mem::zeroed() };
            // SAFETY: there is room for it.
            let known = unsafe { framework.getParameterInfo(row as int32, &mut info) } == kResultOk;
            known.then_some((info.id, row))
        };
        let rows = (0..PARAMS.len()).filter_map(id).collect();
        let channels = [AtomicUsize::new(2), AtomicUsize::new(2)];
        let shown = PARAMS.iter().map(|_| AtomicU32::new(NOT_SHOWN)).collect();
        Self { hosted, framework, rows, rate: AtomicU64::new(0), channels, shown, told: AtomicU64::new(UNTOLD), handler }
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

    /// Gives the host's changes of parameters, each with its sample and the row of the table.
    ///
    /// # Safety
    /// `data` is a host's.
    unsafe fn collect(&self, data: &ProcessData, mut give: impl FnMut(i64, usize, Change)) {
        // SAFETY: by this function's own contract; the objects live until the call is over.
        unsafe {
            let Some(queues) = ComRef::from_raw(data.inputParameterChanges) else { return };
            for index in 0..queues.getParameterCount() {
                let Some(queue) = ComRef::from_raw(queues.getParameterData(index)) else { continue };
                let Some(&row) = self.rows.get(&queue.getParameterId()) else { continue };
                for point in 0..queue.getPointCount() {
                    let (mut at, mut value) = (0, 0.0);
                    if queue.getPoint(point, &mut at, &mut value) == kResultOk {
                        give(i64::from(at), row, Change::Value(value as f32));
                    }
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

impl IPluginBaseTrait for Instance {
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

impl IComponentTrait for Instance {
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

impl IEditControllerTrait for Instance {
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
        IEditControllerTrait::getParameterCount() -> int32, 0;
        IEditControllerTrait::getParamStringByValue(id: ParamID, value: ParamValue, text: *mut String128) -> tresult, kInternalError;
        IEditControllerTrait::getParamValueByString(id: ParamID, text: *mut TChar, value: *mut ParamValue) -> tresult, kInternalError;
        IEditControllerTrait::normalizedParamToPlain(id: ParamID, value: ParamValue) -> ParamValue, value;
        IEditControllerTrait::plainParamToNormalized(id: ParamID, value: ParamValue) -> ParamValue, value;
        IEditControllerTrait::createView(name: FIDString) -> *mut IPlugView, ptr::null_mut();
    }

    unsafe fn getParameterInfo(&self, index: int32, info: *mut ParameterInfo) -> tresult {
        // The framework reads past its table at the first number after it.
        if usize::try_from(index).is_ok_and(|index| index < PARAMS.len()) {
            // SAFETY: whatever the host promises.
            guard(kInternalError, || unsafe { self.framework.getParameterInfo(index, info) })
        } else {
            kInvalidArgument
        }
    }

    unsafe fn getParamNormalized(&self, id: ParamID) -> ParamValue {
        guard(0.0, || {
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

impl IAudioProcessorTrait for Instance {
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
            // SAFETY: whatever the host promises; what the framework agrees to has one bus in and one out.
            unsafe {
                let agreed = self.framework.setBusArrangements(inputs, input_count, outputs, output_count);
                if agreed == kResultOk {
                    for (channels, bus) in self.channels.iter().zip([inputs, outputs]) {
                        channels.store((*bus).count_ones() as usize, Ordering::Relaxed);
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
                let collect = |changes: &mut Changes| {
                    self.collect(data, |at, row, change| {
                        self.shown[row].store(NOT_SHOWN, Ordering::Relaxed);
                        changes.add(at, row, change);
                    });
                };
                let played = self.hosted.play(&buffers, len, collect);
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

impl IProcessContextRequirementsTrait for Instance {
    unsafe fn getProcessContextRequirements(&self) -> uint32 {
        // Neither the song's place nor its tempo is looked at.
        0
    }
}

impl IUnitInfoTrait for Instance {
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

impl IInfoListenerTrait for Instance {
    as_the_framework! {
        IInfoListenerTrait::setChannelContextInfos(list: *mut IAttributeList) -> tresult, kInternalError;
    }
}
