//! The door to the engine: a block of a stream, and what changes inside of it.

use crate::params::ParamId;

/// One block: as many samples in as out, and what happens on the way.
pub struct Block<'a, 'b> {
    /// The voice, a slice a channel. Lacking channels are silent or repeat the last.
    pub input: &'a [&'a [f32]],
    /// What is played, a slice a channel; the shortest says how long the block is. Surplus channels repeat the last.
    pub output: &'a mut [&'b mut [f32]],
    /// In the order in which they happen.
    pub events: &'a [Event],
}

/// What happens at a sample of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// The sample before which it happens, counted from the block's first; what is said to happen behind the last does so at the block's end.
    pub at: usize,
    /// What happens.
    pub change: Change,
}

/// What an event changes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// A parameter takes a value, in its unit. Values that cannot be are made harmless, as by [`Settings::sanitised`](crate::Settings::sanitised).
    Setting(ParamId, f32),
}
