//! What was so at the end of each of the last frames. Audio thread; never allocates after `new`.

/// One value a frame, for as many frames as it was made for.
pub struct FrameHistory<T> {
    values: Vec<T>,
    /// The latest frame.
    last: u64,
}

impl<T: Copy> FrameHistory<T> {
    /// Of `frames` frames, all of which have been `value`.
    pub fn new(frames: usize, value: T) -> Self {
        Self { values: vec![value; frames.max(1)], last: 0 }
    }

    /// As if it had been `value` all the time.
    pub fn fill(&mut self, value: T) {
        self.values.fill(value);
    }

    /// The value at the end of `frame`, the one after the last or the first of a stream.
    pub fn push(&mut self, frame: u64, value: T) {
        self.last = frame;
        let at = self.at(0);
        self.values[at] = value;
    }

    /// The value `frames` before the latest; that of the first where a stream has not as many.
    pub fn back(&self, frames: u64) -> T {
        self.values[self.at(frames)]
    }

    fn at(&self, back: u64) -> usize {
        (self.last.saturating_sub(back) % self.values.len() as u64) as usize
    }
}
