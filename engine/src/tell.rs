//! What others are told of the sound: what a window shows, and the voice frame by frame. Audio thread; never allocates.

use crate::{
    auto_range::Shift,
    mapping::{SILENT, Wish},
    sides::Sides,
    spectral_weights::NOISE_POINTS,
};
use syrinx_synth::MAX_HARMONICS;
use syrinx_tracker::Features;

/// What a window shows of the frame that sounds last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Monitor {
    /// What is heard of the voice.
    pub voice: Features,
    /// What the instrument was asked to play.
    pub played: Features,
    /// What octave fit and auto range have added to the voice to get there; what is set by hand comes on top.
    pub fitted: Shift,
    /// Peak of the voice after the input gain, since the last call of [`Engine::monitor`](crate::Engine::monitor), linear.
    pub input_peak: f32,
    /// Peak of the output since then, linear, as it comes to the guard at the end: above 1 it is what the guard has kept from coming out.
    pub output_peak: f32,
    /// What the voice is taken from.
    pub sides: Sides,
}

/// Frames of the voice that are kept for [`Engine::frames`](crate::Engine::frames): 64 ms.
const FRAMES_KEPT: usize = 16;

/// What sounds, for a window to show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spectrum {
    /// Peak amplitude of each harmonic, linear.
    pub harmonics: [f32; MAX_HARMONICS],
    /// RMS amplitude of the noise per octave about each [`noise_point_hz`](crate::noise_point_hz), linear.
    pub noise: [f32; NOISE_POINTS],
}

/// What is told, as it comes up.
pub struct Tell {
    monitor: Monitor,
    /// The latest frames of the voice, in turns, and how many there were since they were last asked for.
    frames: [Features; FRAMES_KEPT],
    count: u64,
}

const AT_REST: Monitor =
    Monitor { voice: SILENT, played: SILENT, fitted: Shift::NONE, input_peak: 0.0, output_peak: 0.0, sides: Sides::Mean };

impl Tell {
    pub const fn new() -> Self {
        Self { monitor: AT_REST, frames: [SILENT; FRAMES_KEPT], count: 0 }
    }

    /// The stream begins anew. Frames that nobody has asked for yet stay.
    pub fn reset(&mut self) {
        self.monitor = AT_REST;
    }

    /// A frame of the voice, and what is played for it.
    pub fn frame(&mut self, voice: &Features, wish: &Wish) {
        (self.monitor.voice, self.monitor.played, self.monitor.fitted) = (*voice, wish.features, wish.fitted);
        self.frames[(self.count % FRAMES_KEPT as u64) as usize] = *voice;
        self.count += 1;
    }

    /// A sample of the voice or more, whose peak this was.
    pub fn input(&mut self, peak: f32) {
        self.monitor.input_peak = self.monitor.input_peak.max(peak);
    }

    /// The same of what goes out.
    pub fn output(&mut self, peak: f32) {
        self.monitor.output_peak = self.monitor.output_peak.max(peak);
    }

    /// What is heard and played, and peaks since the last call.
    pub fn monitor(&mut self, sides: Sides) -> Monitor {
        let monitor = Monitor { sides, ..self.monitor };
        (self.monitor.input_peak, self.monitor.output_peak) = (0.0, 0.0);
        monitor
    }

    /// Hands over the frames since the last call, the oldest first.
    pub fn frames(&mut self, take: impl FnMut(Features)) {
        let count = std::mem::take(&mut self.count);
        let kept = FRAMES_KEPT as u64;
        (count.saturating_sub(kept)..count).map(|n| self.frames[(n % kept) as usize]).for_each(take);
    }
}
