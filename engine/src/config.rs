//! How an engine is set up.

use crate::listener::CHANNELS;
use syrinx_tracker::TrackerError;

/// How an engine is set up; changing any of it makes a new engine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EngineConfig {
    /// Samples a second, 44 100 to 192 000.
    pub sample_rate_hz: u32,
    /// Channels in and out: 1 or 2. The instrument sounds the same in both; the dry voice keeps its own, and the reverb is wide.
    pub channels: usize,
    /// Seed of the noise.
    pub seed: u64,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { sample_rate_hz: 48_000, channels: 1, seed: 0 }
    }
}

impl EngineConfig {
    /// Whether an engine can be set up so.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        if !(44_100..=192_000).contains(&self.sample_rate_hz) {
            return Err(EngineError::SampleRate(self.sample_rate_hz));
        }
        if !(1..=CHANNELS).contains(&self.channels) {
            return Err(EngineError::Channels(self.channels));
        }
        Ok(())
    }
}

/// Why an engine cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The sample rate is none that music uses.
    #[error("the sample rate is {0} Hz, and 44100 to 192000 are possible")]
    SampleRate(u32),
    /// The rate is none that a host runs at.
    #[error("the sample rate is {0} Hz, and 1000 to 2000000 are possible")]
    HostRate(f64),
    /// Neither mono nor stereo.
    #[error("{0} channels were asked for, and 1 or 2 are possible")]
    Channels(usize),
    /// The tracker refuses.
    #[error(transparent)]
    Tracker(#[from] TrackerError),
}
