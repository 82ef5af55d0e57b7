//! The clock of frames and what is known of the voice at each. Plain data, any thread.

/// Frames per second of stream time, whatever the host's sample rate or block size.
pub const FRAME_RATE_HZ: u32 = 250;

/// Maps frame numbers to sample positions of the stream.
///
/// Frame `n` ends when [`end_of(n)`](FrameClock::end_of) samples have been consumed since the last reset. At rates that the frame
/// rate does not divide (44.1 kHz: 176.4 samples a frame) lengths alternate, and never drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameClock {
    sample_rate_hz: u32,
}

impl FrameClock {
    /// A clock for a stream of `sample_rate_hz` samples a second.
    pub const fn new(sample_rate_hz: u32) -> Self {
        Self { sample_rate_hz }
    }

    /// Samples a second.
    pub const fn sample_rate_hz(self) -> u32 {
        self.sample_rate_hz
    }

    /// Samples consumed when frame `frame` is complete: `floor((frame + 1) * rate / FRAME_RATE_HZ)`.
    pub const fn end_of(self, frame: u64) -> u64 {
        (frame + 1) * self.sample_rate_hz as u64 / FRAME_RATE_HZ as u64
    }

    /// Length of frame `frame` in samples.
    pub const fn len_of(self, frame: u64) -> usize {
        let start = frame * self.sample_rate_hz as u64 / FRAME_RATE_HZ as u64;
        (self.end_of(frame) - start) as usize
    }

    /// The longest frame at this rate, in samples.
    pub const fn max_len(self) -> usize {
        self.sample_rate_hz.div_ceil(FRAME_RATE_HZ) as usize
    }
}

/// What the tracker says of one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Features {
    /// Number of the frame since the last reset, from 0.
    pub frame: u64,
    /// Fundamental frequency in Hz: the best guess also where there is no voice; 0 before the first guess.
    pub f0_hz: f32,
    /// Probability that there is a pitch, 0..=1. From 0.5 up the frame counts as voiced.
    pub confidence: f32,
    /// A-weighted level (IEC 61672-1), dB re full-scale square wave (mean square 1.0), at least [`LOUDNESS_FLOOR_DB`].
    pub loudness_db: f32,
}

/// Keeps the last pitch that was more than a guess. The best guess at a pitch that is not there wanders, and what follows it into the
/// colour of a noise makes the noise sing: instruments are trained on held pitches and played by them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HeldPitch {
    f0_hz: f32,
}

impl HeldPitch {
    /// Below this confidence a pitch is a guess.
    const GUESS: f32 = 0.05;

    /// The next frame of a stream, with the pitch held where it is only guessed.
    pub fn step(&mut self, features: &Features) -> Features {
        if features.confidence >= Self::GUESS {
            self.f0_hz = features.f0_hz;
        }
        Features { f0_hz: self.f0_hz, ..*features }
    }
}

/// Loudness of silence, dB.
pub const LOUDNESS_FLOOR_DB: f32 = -120.0;

/// How long the instrument may wait before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LatencyMode {
    /// Causal, as early as can be.
    #[default]
    Live,
    /// Looks a few tens of milliseconds ahead, all of it reported as delay.
    Studio,
}
