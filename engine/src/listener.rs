//! What the voice says: input gain, one channel out of two, the tracker, and how the voice is coloured. Knows no instrument. Audio thread;
//! never allocates after `new`.

use crate::{
    Settings,
    frame_history::FrameHistory,
    glide_line::GlideLine,
    level::{Colour, LAG_FRAMES, believed},
    sides::{SideChoice, Sides},
    tone::gain,
};
use syrinx_tracker::{Features, FrameClock, LatencyMode, Tracker, TrackerConfig, TrackerError};

/// Most samples taken in at a time: under the shortest frame (176), so that one step completes one frame at most.
pub const STEP: usize = 128;
/// Most channels.
pub const CHANNELS: usize = 2;
/// Voice samples beyond this are a broken input, not a voice: +60 dB re full scale.
const LOUDEST_SAMPLE: f32 = 1000.0;

/// Listens to one voice.
pub struct Listener {
    tracker: Tracker,
    sample_rate_hz: u32,
    channels: usize,
    gain: GlideLine,
    sides: SideChoice,
    /// How much more of the voice K-weighting hears than A-weighting, dB, and the same at the end of each of the last frames.
    colour: Colour,
    colours: FrameHistory<f32>,
    /// The voice of a step as it came, a channel each, and as it is heard.
    voice: [[f32; STEP]; CHANNELS],
    mono: [f32; STEP],
    heard: bool,
    /// Samples of the longest frame.
    frame_len: usize,
}

impl Listener {
    /// For a voice in so many channels.
    ///
    /// # Errors
    /// When the tracker refuses.
    pub fn new(sample_rate_hz: u32, channels: usize) -> Result<Self, TrackerError> {
        let config = TrackerConfig { mode: LatencyMode::Studio, continue_glides: true, ..TrackerConfig::default() };
        let mut listener = Self {
            tracker: Tracker::new(sample_rate_hz, config)?,
            sample_rate_hz,
            channels,
            gain: GlideLine::new(sample_rate_hz, STEP, f32::INFINITY),
            sides: SideChoice::new(sample_rate_hz),
            colour: Colour::new(sample_rate_hz),
            colours: FrameHistory::new(0, 0.0),
            frame_len: FrameClock::new(sample_rate_hz).max_len(),
            voice: [[0.0; STEP]; CHANNELS],
            mono: [0.0; STEP],
            heard: false,
        };
        listener.colours = FrameHistory::new(listener.most_frames(), 0.0);
        listener.tracker.restart(LatencyMode::Live);
        listener.gain.set(1.0);
        Ok(listener)
    }

    /// Samples by which its frames lag the voice, in the mode that it listens in.
    pub fn delay_samples(&self) -> usize {
        self.tracker.delay_samples()
    }

    /// The most that [`Listener::delay_samples`] can be.
    pub fn most_delay_samples(&self) -> usize {
        Tracker::delay_samples_in(LatencyMode::Studio, self.sample_rate_hz)
    }

    /// Frames that the delay can be long, and a few more.
    pub fn most_frames(&self) -> usize {
        self.most_delay_samples() / (self.frame_len - 1) + 3
    }

    /// The voice of `frame`, the last, with the pitch that is known best by now; and frames by which that is younger than the frame's own.
    pub fn newest(&self, frame: &Features) -> (Features, u32) {
        let (f0_hz, confidence, age) = self.tracker.newest();
        let younger = (self.delay_samples() - age) / self.frame_len;
        (Features { f0_hz, confidence, ..*frame }, younger as u32)
    }

    /// Samples before the end of the last frame that its newest pitch describes.
    pub fn newest_age_samples(&self) -> usize {
        self.tracker.newest().2
    }

    /// Whole frames that the delay is long.
    pub fn frames_behind(&self) -> u64 {
        (self.delay_samples() as f64 / self.frame_len as f64).round() as u64
    }

    /// The mode that it listens in.
    pub fn mode(&self) -> LatencyMode {
        self.tracker.mode()
    }

    /// What the voice is taken from.
    pub fn sides(&self) -> Sides {
        self.sides.sides()
    }

    /// Whether there was anything but silence since the stream began.
    pub fn has_heard(&self) -> bool {
        self.heard
    }

    /// Takes the settings that are its own, all but the latency mode.
    pub fn set(&mut self, settings: &Settings) {
        self.gain.set(gain(settings.input_gain, f32::NEG_INFINITY));
        self.tracker.set_range(settings.voice_low, settings.voice_high);
    }

    /// As if what is set had always been.
    pub fn settle(&mut self) {
        self.gain.settle();
    }

    /// The stream begins anew, in this mode; which channel the voice is in stays.
    pub fn restart(&mut self, mode: LatencyMode) {
        self.tracker.restart(mode);
        self.colour.reset();
        self.colours.fill(0.0);
        self.gain.reset();
        self.heard = false;
    }

    /// Forgets which channel the voice was in.
    pub fn forget_sides(&mut self) {
        self.sides.reset();
    }

    /// Takes samples `from` to `to` of a block, [`STEP`] of them at most: their peak after the input gain, and the frame that they complete. Lacking
    /// channels are silent or repeat the last.
    pub fn hear(&mut self, input: &[&[f32]], from: usize, to: usize) -> (f32, Option<Features>) {
        let count = to - from;
        let stereo = self.channels == 2 && input.len() >= 2;
        let before = self.gain.end() as i64;
        self.gain.advance(count);
        let mut peak = 0.0_f32;
        for (n, mono) in self.mono[..count].iter_mut().enumerate() {
            let mut sides = [0.0; CHANNELS];
            for (channel, (voice, side)) in self.voice.iter_mut().zip(&mut sides).take(self.channels).enumerate() {
                // A mono voice on a stereo track is heard on both sides.
                let source = input.get(channel).or(input.last());
                let sample = source.and_then(|s| s.get(from + n)).copied().unwrap_or(0.0);
                *side = if sample.is_finite() { sample.clamp(-LOUDEST_SAMPLE, LOUDEST_SAMPLE) } else { 0.0 };
                voice[n] = *side;
                peak = peak.max(side.abs());
            }
            *mono = if stereo { self.sides.hear(sides[0], sides[1]) } else { sides[0] };
        }
        for (n, sample) in self.mono[..count].iter_mut().enumerate() {
            *sample *= self.gain.at(before + n as i64);
            self.colour.push(*sample);
        }
        self.heard |= peak > 0.0;
        let mut complete = None;
        self.tracker.process(&self.mono[..count], |features| complete = Some(features));
        if let Some(frame) = &complete {
            self.colours.push(frame.frame, self.colour.difference_db());
        }
        (self.gain.at(before) * peak, complete)
    }

    /// The voice of the last step, of so many samples, as it came: one slice a channel, without numbers that are none.
    pub fn voice(&self, count: usize) -> impl Iterator<Item = &[f32]> {
        self.voice[..self.channels].iter().map(move |channel| &channel[..count])
    }

    /// How much louder the voice is, dB, than the A-weighted level of the last frame says.
    pub fn colour_db(&self, voice: &Features) -> f32 {
        // Where the tracker looks ahead, what the average is late by is there already.
        believed(self.colours.back(self.frames_behind().saturating_sub(LAG_FRAMES)), voice)
    }
}
