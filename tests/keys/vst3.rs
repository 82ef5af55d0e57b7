//! Syrinx Keys in a VST3 host made by hand.

use super::{
    Host, Sent,
    lists::{Events, Queues},
    watched,
};
use nice_plug::prelude::Vst3Plugin;
use nice_plug::wrapper::vst3::vst3::{
    Class, ComPtr, ComWrapper, Interface,
    Steinberg::{
        FUnknown, IBStream, IBStreamTrait, IPluginBaseTrait, IPluginFactory, IPluginFactoryTrait,
        Vst::{
            AudioBusBuffers, AudioBusBuffers__type0, BusDirections_, Event, Event_::EventTypes_, Event__type0, IAudioProcessor,
            IAudioProcessorTrait, IComponent, IComponentTrait, IEditController, IEditControllerTrait, IEventList, IMidiMapping,
            IMidiMappingTrait, INoteExpressionController, INoteExpressionControllerTrait, INoteExpressionPhysicalUIMapping,
            INoteExpressionPhysicalUIMappingTrait, IParameterChanges, MediaTypes_, NoteExpressionValueEvent, NoteOffEvent,
            NoteOnEvent, ParamID, ParameterInfo_::ParameterFlags_, PhysicalUIMap, PhysicalUIMapList, PolyPressureEvent,
            ProcessData, ProcessModes_, ProcessSetup, SymbolicSampleSizes_,
        },
        int32, int64, kResultFalse, kResultOk, tresult,
    },
};
use std::{
    collections::HashMap,
    ffi::c_void,
    mem::zeroed,
    ptr::{null, null_mut},
    sync::Mutex,
};
use syrinx_engine::{Expression, Message};
use syrinx_plugin::{SyrinxKeys, vst3_instance::GetPluginFactory};

/// Hidden parameters: bend, pressure and timbre of sixteen channels, ten controllers of all.
const HIDDEN: usize = 58;

/// A host with one instance.
pub struct Vst3 {
    component: ComPtr<IComponent>,
    processor: ComPtr<IAudioProcessor>,
    mapping: ComPtr<IMidiMapping>,
    params: HashMap<String, ParamID>,
}

struct Stream(Mutex<(Vec<u8>, usize)>);

impl Class for Stream {
    type Interfaces = (IBStream,);
}

impl IBStreamTrait for Stream {
    unsafe fn read(&self, to: *mut c_void, size: int32, count: *mut int32) -> tresult {
        let (bytes, at) = &mut *self.0.lock().unwrap();
        let now = (bytes.len() - *at).min(size as usize);
        unsafe { to.cast::<u8>().copy_from_nonoverlapping(bytes[*at..].as_ptr(), now) };
        unsafe { *count = now as int32 };
        *at += now;
        kResultOk
    }
    unsafe fn write(&self, from: *mut c_void, size: int32, count: *mut int32) -> tresult {
        self.0.lock().unwrap().0.extend_from_slice(unsafe { std::slice::from_raw_parts(from.cast(), size as usize) });
        unsafe { *count = size };
        kResultOk
    }
    unsafe fn seek(&self, _: int64, _: int32, _: *mut int64) -> tresult {
        kResultFalse
    }
    unsafe fn tell(&self, _: *mut int64) -> tresult {
        kResultFalse
    }
}

impl Vst3 {
    /// The hidden parameter and the value that a host makes of a message on a channel.
    fn hidden(&self, channel: u8, message: Message) -> Option<(ParamID, f64)> {
        let (number, value) = match message {
            Message::Bend(bend) => (129, 0.5 + 0.5 * f64::from(bend)),
            Message::Pressure(pressure) => (128, pressure.into()),
            Message::Control { number, value } => (number.into(), value.into()),
            _ => return None,
        };
        let mut id = 0;
        let known = unsafe { self.mapping.getMidiControllerAssignment(0, channel.into(), number, &mut id) };
        (known == kResultOk).then_some((id, value))
    }

    /// An event of notes.
    fn event(at: usize, sent: &Sent<'_>) -> Option<Event> {
        let (kind, content) = match *sent {
            Sent::On { id, channel, key, velocity } => {
                let on = NoteOnEvent { channel, pitch: key, tuning: 0.0, velocity, length: 0, noteId: id };
                (EventTypes_::kNoteOnEvent, Event__type0 { noteOn: on })
            }
            Sent::Off { id, channel, key } => {
                let off = NoteOffEvent { channel, pitch: key, velocity: 0.0, noteId: id, tuning: 0.0 };
                (EventTypes_::kNoteOffEvent, Event__type0 { noteOff: off })
            }
            Sent::Express { id, expression, value } => {
                let (number, value) = match expression {
                    Expression::Volume => (0, value / 4.0),
                    Expression::Tuning => (2, 0.5 + value / 240.0),
                    Expression::Vibrato => (3, value),
                    Expression::Effort => (4, value),
                    Expression::Brightness => (5, value),
                    Expression::Pressure => (100_000, value),
                };
                let said = NoteExpressionValueEvent { typeId: number, noteId: id, value: value.into() };
                (EventTypes_::kNoteExpressionValueEvent, Event__type0 { noteExpressionValue: said })
            }
            Sent::Midi(data) => match Message::of_midi(data)? {
                (channel, Message::NoteOn { key, velocity }) => {
                    return Self::event(at, &Sent::On { id: -1, channel: channel.into(), key: key.into(), velocity });
                }
                (channel, Message::NoteOff { key }) => {
                    return Self::event(at, &Sent::Off { id: -1, channel: channel.into(), key: key.into() });
                }
                (channel, Message::KeyPressure { key, pressure }) => {
                    let press = PolyPressureEvent { channel: channel.into(), pitch: key.into(), pressure, noteId: -1 };
                    (EventTypes_::kPolyPressureEvent, Event__type0 { polyPressure: press })
                }
                _ => return None,
            },
            Sent::Choke { .. } | Sent::Param(..) => return None,
        };
        let mut event: Event = unsafe { zeroed() };
        (event.sampleOffset, event.r#type, event.__field0) = (at as int32, kind as u16, content);
        Some(event)
    }
}

impl Host for Vst3 {
    fn new() -> Self {
        unsafe {
            let factory = ComPtr::<IPluginFactory>::from_raw(GetPluginFactory().cast()).unwrap();
            assert_eq!(factory.countClasses(), 2);
            let mut object = null_mut();
            let class = SyrinxKeys::PLATFORM_VST3_CLASS_ID;
            assert_eq!(factory.createInstance(class.as_ptr().cast(), IComponent::IID.as_ptr().cast(), &mut object), kResultOk);
            let component = ComPtr::<IComponent>::from_raw(object.cast()).unwrap();
            assert_eq!(component.initialize(null_mut::<FUnknown>()), kResultOk);
            let buses = [MediaTypes_::kAudio, MediaTypes_::kEvent].map(|media| {
                [BusDirections_::kInput, BusDirections_::kOutput].map(|way| component.getBusCount(media as int32, way as int32))
            });
            assert_eq!(buses, [[0, 1], [1, 0]]);
            let controller = component.cast::<IEditController>().unwrap();
            let shown = super::shown();
            assert_eq!(controller.getParameterCount() as usize, shown.len() + HIDDEN);
            let mut params = HashMap::new();
            for index in 0..controller.getParameterCount() {
                let mut info = zeroed();
                assert_eq!(controller.getParameterInfo(index, &mut info), kResultOk);
                let at_first = controller.getParamNormalized(info.id);
                assert!((at_first - info.defaultNormalizedValue).abs() < 1e-6, "parameter {index}");
                let hidden = info.flags & ParameterFlags_::kIsHidden != 0;
                assert_eq!(hidden, index as usize >= shown.len());
                if let Some(row) = shown.get(index as usize) {
                    params.insert(row.id.to_owned(), info.id);
                }
            }
            let (processor, mapping) = (component.cast::<IAudioProcessor>().unwrap(), component.cast::<IMidiMapping>().unwrap());
            expressions_are_told(&component);
            let mut out = 3;
            assert_eq!(processor.setBusArrangements(null_mut(), 0, &mut out, 1), kResultOk);
            Self { component, processor, mapping, params }
        }
    }

    fn activate(&mut self, rate_hz: f64, most: usize) {
        let mut setup = ProcessSetup {
            processMode: ProcessModes_::kRealtime as int32,
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as int32,
            maxSamplesPerBlock: most as int32,
            sampleRate: rate_hz,
        };
        unsafe {
            assert_eq!(self.processor.setupProcessing(&mut setup), kResultOk);
            assert_eq!(self.component.setActive(1), kResultOk);
            self.processor.setProcessing(1);
        }
    }

    fn deactivate(&mut self) {
        unsafe {
            self.processor.setProcessing(0);
            assert_eq!(self.component.setActive(0), kResultOk);
        }
    }

    fn reset(&mut self) {
        unsafe {
            self.processor.setProcessing(0);
            self.processor.setProcessing(1);
        }
    }

    fn times(&self) -> [usize; 2] {
        unsafe { [self.processor.getLatencySamples() as usize, self.processor.getTailSamples() as usize] }
    }

    fn play(&mut self, len: usize, sent: &[(usize, Sent<'_>)]) -> [Vec<f32>; 2] {
        let changed = |(at, sent): &(usize, Sent<'_>)| match *sent {
            Sent::Param(id, value) => Some((self.params[id], *at as int32, super::normalized(id, value).into())),
            Sent::Midi(data) => {
                let (channel, message) = Message::of_midi(data)?;
                let (id, value) = self.hidden(channel, message)?;
                Some((id, *at as int32, value))
            }
            _ => None,
        };
        let queues = ComWrapper::new(Queues::of(sent.iter().filter_map(changed)));
        let events = ComWrapper::new(Events::of(sent.iter().filter_map(|(at, sent)| Self::event(*at, sent)).collect()));
        let mut out = [vec![7.0; len], vec![7.0; len]];
        let mut pointers = out.each_mut().map(|channel| channel.as_mut_ptr());
        let mut bus = AudioBusBuffers {
            numChannels: 2,
            silenceFlags: 0,
            __field0: AudioBusBuffers__type0 { channelBuffers32: pointers.as_mut_ptr() },
        };
        let mut data: ProcessData = unsafe { zeroed() };
        data.symbolicSampleSize = SymbolicSampleSizes_::kSample32 as int32;
        data.numSamples = len as int32;
        data.inputParameterChanges = queues.as_com_ref::<IParameterChanges>().unwrap().as_ptr();
        data.inputEvents = events.as_com_ref::<IEventList>().unwrap().as_ptr();
        (data.numOutputs, data.outputs) = (1, &mut bus);
        assert_eq!(watched(|| unsafe { self.processor.process(&mut data) }), kResultOk);
        let silent = out.each_ref().map(|channel| channel.iter().all(|x| *x == 0.0));
        assert_eq!(bus.silenceFlags, u64::from(silent[0]) | u64::from(silent[1]) << 1);
        out
    }

    fn save(&self) -> Vec<u8> {
        let stream = ComWrapper::new(Stream(Mutex::default()));
        assert_eq!(unsafe { self.component.getState(stream.as_com_ref::<IBStream>().unwrap().as_ptr()) }, kResultOk);
        stream.0.lock().unwrap().0.clone()
    }

    fn load(&mut self, json: &[u8]) -> bool {
        let stream = ComWrapper::new(Stream(Mutex::new((json.to_vec(), 0))));
        unsafe { self.component.setState(stream.as_com_ref::<IBStream>().unwrap().as_ptr()) == kResultOk }
    }

    fn sleeps(&self) -> Option<bool> {
        None
    }

    fn speaks_midi(&self) -> bool {
        false
    }
}

/// Six expressions, with texts that are read back, and what an MPE controller's surface plays.
unsafe fn expressions_are_told(component: &ComPtr<IComponent>) {
    unsafe {
        let expressions = component.cast::<INoteExpressionController>().unwrap();
        assert_eq!(expressions.getNoteExpressionCount(0, 0), 6);
        for index in 0..6 {
            let mut info = zeroed();
            assert_eq!(expressions.getNoteExpressionInfo(0, 0, index, &mut info), kResultOk);
            let (mut text, mut back) = ([0; 128], -1.0);
            let at_rest = info.valueDesc.defaultValue;
            assert_eq!(expressions.getNoteExpressionStringByValue(0, 0, info.typeId, at_rest, &mut text), kResultOk);
            assert_eq!(expressions.getNoteExpressionValueByString(0, 0, info.typeId, text.as_ptr(), &mut back), kResultOk);
            assert!((back - at_rest).abs() < 0.01);
        }
        assert_ne!(expressions.getNoteExpressionInfo(0, 0, 6, &mut zeroed()), kResultOk);
        assert_ne!(expressions.getNoteExpressionValueByString(0, 0, 0, null(), &mut 0.0), kResultOk);
        let surfaces = component.cast::<INoteExpressionPhysicalUIMapping>().unwrap();
        let mut maps = [0, 1, 2].map(|surface| PhysicalUIMap { physicalUITypeID: surface, noteExpressionTypeID: 77 });
        let mut list = PhysicalUIMapList { count: 3, map: maps.as_mut_ptr() };
        assert_eq!(surfaces.getPhysicalUIMapping(0, 0, &mut list), kResultOk);
        assert_eq!(maps.map(|map| map.noteExpressionTypeID), [2, 5, 100_000]);
    }
}

impl Drop for Vst3 {
    fn drop(&mut self) {
        unsafe { self.component.terminate() };
    }
}
