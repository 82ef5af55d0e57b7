//! What the audio thread tells the window: the latest values, in atomics. Written by the audio thread, read by any.

use std::sync::atomic::{AtomicU32, Ordering};
use syrinx_engine::Monitor;

/// A number that one thread writes and others read.
#[derive(Default)]
pub struct Value(AtomicU32);

impl Value {
    /// Writes it.
    pub fn set(&self, value: f32) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// Reads it.
    pub fn get(&self) -> f32 {
        f32::from_bits(self.0.load(Ordering::Relaxed))
    }

    /// Writes the greater of what is there and `value`; the reader's `take` starts anew.
    fn raise(&self, value: f32) {
        if value > self.get() {
            self.set(value);
        }
    }

    /// Reads it and leaves 0.
    pub fn take(&self) -> f32 {
        f32::from_bits(self.0.swap(0, Ordering::Relaxed))
    }
}

/// The latest of what is heard and played.
pub struct Shown {
    /// Rate of the stream, Hz; 0 before the host has said it.
    pub sample_rate_hz: Value,
    /// Delay as the host is told, samples.
    pub latency_samples: Value,
    /// The sound card's own delay, there and back, samples; 0 where it is not known. For the standalone.
    pub card_samples: Value,
    /// Gaps in the sound so far. For the standalone.
    pub dropouts: Value,
    /// Pitch of the voice, Hz.
    pub voice_hz: Value,
    /// Confidence in it, 0 to 1.
    pub confidence: Value,
    /// A-weighted loudness of the voice, dB.
    pub voice_db: Value,
    /// Pitch that the instrument plays, Hz.
    pub played_hz: Value,
    /// Loudness that the instrument plays at, dB.
    pub played_db: Value,
    /// Peak of the voice since the last `take`, linear.
    pub input_peak: Value,
    /// Peak of the output since the last `take`, linear.
    pub output_peak: Value,
}

impl Default for Shown {
    fn default() -> Self {
        let (zero, silence) = (Value::default, || Value(AtomicU32::new((-120.0_f32).to_bits())));
        Self {
            sample_rate_hz: zero(),
            latency_samples: zero(),
            card_samples: zero(),
            dropouts: zero(),
            voice_hz: zero(),
            confidence: zero(),
            voice_db: silence(),
            played_hz: zero(),
            played_db: silence(),
            input_peak: zero(),
            output_peak: zero(),
        }
    }
}

impl Shown {
    /// Audio thread: after each block.
    pub fn update(&self, monitor: &Monitor) {
        self.voice_hz.set(monitor.voice.f0_hz);
        self.confidence.set(monitor.voice.confidence);
        self.voice_db.set(monitor.voice.loudness_db);
        self.played_hz.set(monitor.played.f0_hz);
        self.played_db.set(monitor.played.loudness_db);
        self.input_peak.raise(monitor.input_peak);
        self.output_peak.raise(monitor.output_peak);
    }
}
