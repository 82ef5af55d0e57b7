//! The settings along the stream: what holds for a frame is what was set when its voice came in. Audio thread; never allocates after `new`.

use crate::{Settings, frame_history::FrameHistory, glide_line::GlideLine};

/// Fastest glide of the pitch shift, semitones a second: an octave in 12 ms. Timbre follows by the frame, and within a frame of a faster
/// glide that of a low note would sound at the pitch of a high one.
const FASTEST_SHIFT_ST_PER_S: f32 = 1000.0;

/// All settings to the nearest frame; pitch shift and loudness to the sample.
pub struct Automation {
    settings: Settings,
    past: FrameHistory<Settings>,
    /// Semitones.
    pub pitch_shift: GlideLine,
    /// dB.
    pub loudness: GlideLine,
}

impl Automation {
    /// Remembers so many frames, and so many samples.
    pub fn new(sample_rate_hz: u32, frames: usize, samples: usize) -> Self {
        Self {
            settings: Settings::default(),
            past: FrameHistory::new(frames, Settings::default()),
            pitch_shift: GlideLine::new(sample_rate_hz, samples, FASTEST_SHIFT_ST_PER_S),
            loudness: GlideLine::new(sample_rate_hz, samples, f32::INFINITY),
        }
    }

    /// What is set now.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes settings, from the next sample on.
    pub fn set(&mut self, settings: Settings) {
        self.settings = settings;
        self.pitch_shift.set(settings.pitch_shift);
        self.loudness.set(settings.loudness);
    }

    /// As if what is set now had always been.
    pub fn settle(&mut self) {
        self.past.fill(self.settings);
        self.pitch_shift.settle();
        self.loudness.settle();
    }

    /// The stream begins anew.
    pub fn reset(&mut self) {
        self.pitch_shift.reset();
        self.loudness.reset();
        self.settle();
    }

    /// Moves on by so many samples.
    pub fn advance(&mut self, count: usize) {
        self.pitch_shift.advance(count);
        self.loudness.advance(count);
    }

    /// Ends a frame; the settings that held `behind` frames before.
    pub fn frame(&mut self, frame: u64, behind: u64) -> Settings {
        self.past.push(frame, self.settings);
        self.past.back(behind)
    }
}
