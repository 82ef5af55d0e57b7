//! A VST3 host without manners.

use super::{
    super::{Host, Ports, row, watched},
    vst3_lists::{Events, Queues},
};
use nice_plug::prelude::Vst3Plugin;
use nice_plug::wrapper::vst3::vst3::{
    Class, ComPtr, ComWrapper, Interface,
    Steinberg::{
        FUnknown, IBStream, IBStreamTrait, IPluginBaseTrait, IPluginFactory, IPluginFactoryTrait,
        Vst::{
            AudioBusBuffers, AudioBusBuffers__type0, BusDirections_, Event, Event_::EventTypes_, IAudioProcessor,
            IAudioProcessorTrait, IComponent, IComponentHandler, IComponentHandlerTrait, IComponentTrait, IEditController,
            IEditControllerTrait, IEventList, IParameterChanges, NoteExpressionTypeIDs_, ParamID, ParamValue, ProcessData,
            ProcessModes_, ProcessSetup, RestartFlags_, SpeakerArrangement, SymbolicSampleSizes_,
        },
        int32, int64, kInvalidArgument, kResultFalse, kResultOk, tresult,
    },
};
use std::{
    ffi::c_void,
    mem::zeroed,
    ptr::null_mut,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use syrinx_engine::{Expression, Message};
use syrinx_plugin::{Syrinx, vst3_instance::GetPluginFactory};

/// A host with one instance.
pub struct Raw {
    component: ComPtr<IComponent>,
    processor: ComPtr<IAudioProcessor>,
    controller: ComPtr<IEditController>,
    handler: ComWrapper<Handler>,
    channels: (usize, usize),
    active: bool,
    given: Mutex<Vec<(usize, u8, Message)>>,
}

// SAFETY: the plugin's objects are for a thread that plays and another that asks, and what is the host's own does not change while they do.
unsafe impl Sync for Raw {}

#[derive(Default)]
struct Handler {
    latency_changes: AtomicUsize,
}

impl Class for Handler {
    type Interfaces = (IComponentHandler,);
}

impl IComponentHandlerTrait for Handler {
    unsafe fn beginEdit(&self, _: ParamID) -> tresult {
        kResultOk
    }
    unsafe fn performEdit(&self, _: ParamID, _: ParamValue) -> tresult {
        kResultOk
    }
    unsafe fn endEdit(&self, _: ParamID) -> tresult {
        kResultOk
    }
    unsafe fn restartComponent(&self, flags: int32) -> tresult {
        assert_eq!(flags, RestartFlags_::kLatencyChanged as int32);
        self.latency_changes.fetch_add(1, Ordering::Relaxed);
        kResultOk
    }
}

/// A stream that can be read or written once.
struct Stream(Mutex<(Vec<u8>, usize)>);

impl Class for Stream {
    type Interfaces = (IBStream,);
}

impl IBStreamTrait for Stream {
    unsafe fn read(&self, to: *mut c_void, size: int32, count: *mut int32) -> tresult {
        let (bytes, at) = &mut *self.0.lock().unwrap();
        // Some hosts give less than they are asked for, and call the end a failure.
        let now = (bytes.len() - *at).min(size as usize).min(1000);
        unsafe { to.cast::<u8>().copy_from_nonoverlapping(bytes[*at..].as_ptr(), now) };
        unsafe { *count = now as int32 };
        *at += now;
        if now == 0 { kResultFalse } else { kResultOk }
    }
    unsafe fn write(&self, from: *mut c_void, size: int32, count: *mut int32) -> tresult {
        let now = size.min(1000);
        self.0.lock().unwrap().0.extend_from_slice(unsafe { std::slice::from_raw_parts(from.cast(), now as usize) });
        unsafe { *count = now };
        kResultOk
    }
    unsafe fn seek(&self, _: int64, _: int32, _: *mut int64) -> tresult {
        kResultFalse
    }
    unsafe fn tell(&self, _: *mut int64) -> tresult {
        kResultFalse
    }
}

impl Raw {
    fn id(&self, id: &str) -> ParamID {
        unsafe {
            let mut info = zeroed();
            assert_eq!(self.controller.getParameterInfo(row(id) as int32, &mut info), kResultOk);
            assert_eq!(self.controller.getParameterInfo(self.controller.getParameterCount(), &mut zeroed()), kInvalidArgument);
            info.id
        }
    }
}

/// What an event of a plugin's says.
fn given(event: &Event) -> (usize, u8, Message) {
    let at = event.sampleOffset as usize;
    let number = |id: i32| ((id / 128) as u8, (id % 128) as u8);
    unsafe {
        match u32::from(event.r#type) {
            EventTypes_::kNoteOnEvent => {
                let on = event.__field0.noteOn;
                assert_eq!(number(on.noteId), (on.channel as u8, on.pitch as u8));
                (at, on.channel as u8, Message::NoteOn { key: on.pitch as u8, velocity: on.velocity })
            }
            EventTypes_::kNoteOffEvent => {
                let off = event.__field0.noteOff;
                (at, off.channel as u8, Message::NoteOff { key: off.pitch as u8 })
            }
            EventTypes_::kNoteExpressionValueEvent => {
                let said = event.__field0.noteExpressionValue;
                let (channel, key) = number(said.noteId);
                let (expression, value) = match said.typeId {
                    NoteExpressionTypeIDs_::kTuningTypeID => (Expression::Tuning, 240.0 * said.value - 120.0),
                    NoteExpressionTypeIDs_::kExpressionTypeID => (Expression::Effort, said.value),
                    _ => (Expression::Pressure, said.value),
                };
                (at, channel, Message::Express { key: Some(key), expression, value: value as f32 })
            }
            EventTypes_::kLegacyMIDICCOutEvent => {
                let said = event.__field0.midiCCOut;
                let [value, value2] = [said.value, said.value2].map(|value| value as u8);
                let bytes = match said.controlNumber {
                    129 => [0xe0 | said.channel as u8, value, value2],
                    128 => [0xd0 | said.channel as u8, value, 0],
                    number => [0xb0 | said.channel as u8, number, value],
                };
                let (channel, message) = Message::of_midi(bytes).unwrap();
                (at, channel, message)
            }
            other => panic!("event {other}"),
        }
    }
}

/// As many speakers.
fn speakers(count: usize) -> SpeakerArrangement {
    (1 << count) - 1
}

impl Host for Raw {
    fn new() -> Self {
        unsafe {
            let factory = ComPtr::<IPluginFactory>::from_raw(GetPluginFactory().cast()).unwrap();
            let mut object = null_mut();
            let class = Syrinx::PLATFORM_VST3_CLASS_ID;
            assert_eq!(factory.createInstance(class.as_ptr().cast(), IComponent::IID.as_ptr().cast(), &mut object), kResultOk);
            let component = ComPtr::<IComponent>::from_raw(object.cast()).unwrap();
            assert_eq!(component.initialize(null_mut::<FUnknown>()), kResultOk);
            let (processor, controller) =
                (component.cast::<IAudioProcessor>().unwrap(), component.cast::<IEditController>().unwrap());
            let handler = ComWrapper::new(Handler::default());
            controller.setComponentHandler(handler.as_com_ref::<IComponentHandler>().unwrap().as_ptr());
            Self { component, processor, controller, handler, channels: (2, 2), active: false, given: Mutex::default() }
        }
    }

    fn agree(&mut self, inputs: usize, outputs: usize) -> bool {
        let (mut into, mut out) = (speakers(inputs), speakers(outputs));
        let agreed = unsafe { self.processor.setBusArrangements(&mut into, 1, &mut out, 1) } == kResultOk;
        if agreed {
            self.channels = (inputs, outputs);
        }
        for (direction, channels) in [(BusDirections_::kInput, self.channels.0), (BusDirections_::kOutput, self.channels.1)] {
            let mut now = 0;
            assert_eq!(unsafe { self.processor.getBusArrangement(direction as int32, 0, &mut now) }, kResultOk);
            assert_eq!(now.count_ones() as usize, channels, "what was agreed on");
        }
        agreed
    }

    fn activate(&mut self, rate_hz: f64, most: usize) -> bool {
        let mut setup = ProcessSetup {
            processMode: ProcessModes_::kRealtime as int32,
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as int32,
            maxSamplesPerBlock: most as int32,
            sampleRate: rate_hz,
        };
        unsafe {
            assert_eq!(self.processor.setupProcessing(&mut setup), kResultOk);
            self.active = self.component.setActive(1) == kResultOk;
        }
        self.active
    }

    fn deactivate(&mut self) {
        unsafe {
            self.processor.setProcessing(0);
            assert_eq!(self.component.setActive(0), kResultOk);
        }
        self.active = false;
    }

    fn latency(&mut self) -> usize {
        unsafe { self.processor.getLatencySamples() as usize }
    }

    fn tail(&mut self) -> usize {
        unsafe { self.processor.getTailSamples() as usize }
    }

    fn play(&self, ports: Ports, voice: &[f32], changes: &[(i64, &str, f32)]) -> Vec<Vec<f32>> {
        let mut memory = super::super::Memory::new(ports, voice);
        let bus = |list: &mut Vec<*mut f32>| AudioBusBuffers {
            numChannels: list.len() as int32,
            silenceFlags: 0,
            __field0: AudioBusBuffers__type0 { channelBuffers32: if list.is_empty() { null_mut() } else { list.as_mut_ptr() } },
        };
        let (mut inputs, mut outputs) = (bus(&mut memory.inputs), bus(&mut memory.outputs));
        let point = |&(at, id, value): &(i64, &str, f32)| (self.id(id), at.min(i64::from(i32::MAX)) as int32, f64::from(value));
        let queues = ComWrapper::new(Queues::of(changes.iter().map(point)));
        let mut data: ProcessData = unsafe { zeroed() };
        data.symbolicSampleSize = SymbolicSampleSizes_::kSample32 as int32;
        data.numSamples = voice.len() as int32;
        data.inputParameterChanges = queues.as_com_ref::<IParameterChanges>().unwrap().as_ptr();
        let events = ComWrapper::new(Events::with_room());
        data.outputEvents = events.as_com_ref::<IEventList>().unwrap().as_ptr();
        // A bus without channels on one side, and none at all on the other.
        (data.numInputs, data.inputs) = (1, &mut inputs);
        if ports.outputs > 0 {
            (data.numOutputs, data.outputs) = (1, &mut outputs);
        }
        assert_eq!(watched(|| unsafe { self.processor.process(&mut data) }) == kResultOk, self.active);
        *self.given.lock().unwrap() = events.taken().iter().map(given).collect();
        memory.out()
    }

    fn given(&self) -> Vec<(usize, u8, Message)> {
        self.given.lock().unwrap().clone()
    }

    fn value(&self, id: &str) -> f32 {
        unsafe { self.controller.getParamNormalized(self.id(id)) as f32 }
    }

    fn set(&self, id: &str, value: f32) {
        assert_eq!(unsafe { self.controller.setParamNormalized(self.id(id), f64::from(value)) }, kResultOk);
    }

    fn save(&self) -> Vec<u8> {
        let stream = ComWrapper::new(Stream(Mutex::default()));
        assert_eq!(unsafe { self.component.getState(stream.as_com_ref::<IBStream>().unwrap().as_ptr()) }, kResultOk);
        stream.0.lock().unwrap().0.clone()
    }

    fn load(&self, state: &[u8]) -> bool {
        let stream = ComWrapper::new(Stream(Mutex::new((state.to_vec(), 0))));
        unsafe { self.component.setState(stream.as_com_ref::<IBStream>().unwrap().as_ptr()) == kResultOk }
    }

    fn state(json: Vec<u8>) -> Vec<u8> {
        json
    }

    fn told(&self) -> (usize, usize) {
        // An activation has nothing to ask for: a host looks at the delay after it.
        (self.handler.latency_changes.load(Ordering::Relaxed), 0)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if self.active {
            self.deactivate();
        }
        unsafe { self.component.terminate() };
    }
}
