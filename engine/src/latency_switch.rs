//! A change of latency mode while sound runs: the sound fades out, the other mode begins anew, and its sound fades in. Audio thread.

/// The sound fades out and in over this, seconds.
const FADE_S: f64 = 0.010;

/// Where a change has got to.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Still,
    /// The old mode fades out; samples left.
    Out(usize),
    /// The new mode fades in; samples left.
    In(usize),
}

/// The fade around a change.
pub struct LatencySwitch {
    state: State,
    fade_len: usize,
}

impl LatencySwitch {
    pub fn new(sample_rate_hz: u32) -> Self {
        Self { state: State::Still, fade_len: (FADE_S * f64::from(sample_rate_hz)) as usize }
    }

    pub fn reset(&mut self) {
        self.state = State::Still;
    }

    /// Whether a change is under way.
    pub fn is_fading(&self) -> bool {
        self.state != State::Still
    }

    /// Says whether the mode that plays is the one that is wanted.
    pub fn ask(&mut self, as_wanted: bool) {
        self.state = match (as_wanted, self.state) {
            (true, State::Out(left)) => State::In(self.fade_len - left),
            (false, State::Still) => State::Out(self.fade_len),
            (false, State::In(left)) => State::Out(self.fade_len - left),
            (_, state) => state,
        };
    }

    /// Begins a step of the stream: whether the other mode is to begin here, and the most samples that the step may have.
    pub fn begin(&mut self) -> (bool, usize) {
        match self.state {
            State::Still => (false, usize::MAX),
            State::Out(0) => {
                self.state = State::In(self.fade_len);
                (true, self.fade_len)
            }
            State::In(0) => {
                self.state = State::Still;
                (false, usize::MAX)
            }
            State::Out(left) | State::In(left) => (false, left),
        }
    }

    /// The gain of the sound at each sample of a step; none where it is whole.
    pub fn gain(&self) -> Option<impl Fn(usize) -> f32> {
        let (state, len) = (self.state, self.fade_len as f32);
        (state != State::Still).then_some(move |at: usize| match state {
            State::Still => 1.0,
            State::Out(left) => (left - at) as f32 / len,
            State::In(left) => 1.0 - (left - at) as f32 / len,
        })
    }

    /// Ends a step of so many samples.
    pub fn advance(&mut self, count: usize) {
        if let State::Out(left) | State::In(left) = &mut self.state {
            *left -= count;
        }
    }
}
