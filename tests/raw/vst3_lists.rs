//! What a VST3 host hands over with a block.

#![allow(dead_code)]

use nice_plug::wrapper::vst3::vst3::{
    Class, ComPtr, ComWrapper,
    Steinberg::{
        Vst::{
            Event, IEventList, IEventListTrait, IParamValueQueue, IParamValueQueueTrait, IParameterChanges,
            IParameterChangesTrait, ParamID, ParamValue,
        },
        int32, kResultFalse, kResultOk, tresult,
    },
};
use std::{cell::RefCell, ptr::null_mut};

struct Queue {
    id: ParamID,
    points: Vec<(int32, f64)>,
}

impl Class for Queue {
    type Interfaces = (IParamValueQueue,);
}

impl IParamValueQueueTrait for Queue {
    unsafe fn getParameterId(&self) -> ParamID {
        self.id
    }
    unsafe fn getPointCount(&self) -> int32 {
        self.points.len() as int32
    }
    unsafe fn getPoint(&self, index: int32, at: *mut int32, value: *mut ParamValue) -> tresult {
        unsafe { (*at, *value) = self.points[index as usize] };
        kResultOk
    }
    unsafe fn addPoint(&self, _: int32, _: ParamValue, _: *mut int32) -> tresult {
        kResultFalse
    }
}

/// Changes of parameters of one block.
pub struct Queues(Vec<ComPtr<IParamValueQueue>>);

impl Queues {
    /// Of these parameters, at these samples, to these values: a queue for each.
    pub fn of(points: impl Iterator<Item = (ParamID, int32, f64)>) -> Self {
        Self(
            points
                .map(|(id, at, value)| ComWrapper::new(Queue { id, points: vec![(at, value)] }).to_com_ptr().unwrap())
                .collect(),
        )
    }
}

impl Class for Queues {
    type Interfaces = (IParameterChanges,);
}

impl IParameterChangesTrait for Queues {
    unsafe fn getParameterCount(&self) -> int32 {
        self.0.len() as int32
    }
    unsafe fn getParameterData(&self, index: int32) -> *mut IParamValueQueue {
        self.0[index as usize].as_ptr()
    }
    unsafe fn addParameterData(&self, _: *const ParamID, _: *mut int32) -> *mut IParamValueQueue {
        null_mut()
    }
}

/// Notes of one block: a host's, or a plugin's.
pub struct Events(RefCell<Vec<Event>>);

impl Events {
    /// Those that a host hands over.
    pub fn of(events: Vec<Event>) -> Self {
        Self(RefCell::new(events))
    }

    /// None yet, and room for a plugin's: nothing may allocate while it plays.
    pub fn with_room() -> Self {
        Self::of(Vec::with_capacity(1 << 14))
    }

    /// Those that are there.
    pub fn taken(&self) -> Vec<Event> {
        self.0.borrow().clone()
    }
}

impl Class for Events {
    type Interfaces = (IEventList,);
}

impl IEventListTrait for Events {
    unsafe fn getEventCount(&self) -> int32 {
        self.0.borrow().len() as int32
    }
    unsafe fn getEvent(&self, index: int32, event: *mut Event) -> tresult {
        unsafe { *event = self.0.borrow()[index as usize] };
        kResultOk
    }
    unsafe fn addEvent(&self, event: *mut Event) -> tresult {
        let mut events = self.0.borrow_mut();
        if events.len() == events.capacity() {
            return kResultFalse;
        }
        events.push(unsafe { *event });
        kResultOk
    }
}
