//! The whole instrument on one stream: tracker, mapping, the link to the decoder, synth and mixer, under one fixed delay.
//! Everything here but `new` and dropping is for the audio thread.
//!
//! **The clock of a frame.** Frame `n` is complete when `end_of(n)` samples have come in. Its controls are the sound reached
//! `turnaround` samples later, and the segment that glides there from frame `n - 1` starts one frame earlier. So the decoder has
//! `turnaround` less one frame to answer, which is at least one block: features sent in one call of `process` are never needed
//! before the next. What the features of frame `n` describe lies `tracker delay` before its end; the delay of the whole, by which
//! the dry voice is held back too, is the sum of both. It depends on rate, mode and greatest block only.
//!
//! **Block size never changes the output**: whole segments are rendered, whatever the host's blocks, and handed out from a ring.

use crate::{
    Settings,
    leap::LeapingBank,
    mapping,
    ring::SampleRing,
    tone::{gain, shape},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use syrinx_decoder::{Link, Model};
use syrinx_synth::{Controls, FilteredNoise, HarmonicSynth};
use syrinx_tracker::{Features, FrameClock, LatencyMode, Tracker, TrackerConfig, TrackerError};

/// Time the decoder has beyond one block, live: enough for a network of 20 µs on a busy machine to be woken and answer.
const LIVE_MARGIN_S: f64 = 0.001;
/// The same in studio mode, where nobody counts milliseconds.
const STUDIO_MARGIN_S: f64 = 0.010;
/// Longest wait for one frame of a stream that may wait; a decoder silent for this long is dead.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Voice samples beyond this are a broken input, not a voice: +60 dB re full scale.
const LOUDEST_SAMPLE: f32 = 1000.0;
/// The output never exceeds this, whatever the gains: +24 dB re full scale.
const OUTPUT_LIMIT: f32 = 16.0;

/// How an engine is set up; changing any of it makes a new engine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EngineConfig {
    /// Samples a second, 44 100 to 192 000.
    pub sample_rate_hz: u32,
    /// Channels in and out: 1 or 2. The instrument sounds the same in both; the dry voice keeps its own.
    pub channels: usize,
    /// Most samples of one call of `process` that the delay allows for, 1 to 8192; longer calls are split.
    pub max_block: usize,
    /// Live or studio.
    pub mode: LatencyMode,
    /// Seed of the noise.
    pub seed: u64,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { sample_rate_hz: 48_000, channels: 1, max_block: 512, mode: LatencyMode::Live, seed: 0 }
    }
}

/// Whether somebody waits for the audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Somebody listens: late controls are missed, never waited for.
    Live,
    /// Nobody listens yet: waiting costs nothing, and every frame is answered.
    Offline,
}

/// Why an engine cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The sample rate is none that music uses.
    #[error("the sample rate is {0} Hz, and 44100 to 192000 are possible")]
    SampleRate(u32),
    /// Neither mono nor stereo.
    #[error("{0} channels were asked for, and 1 or 2 are possible")]
    Channels(usize),
    /// The block size is out of range.
    #[error("the block size is {0} samples, and 1 to 8192 are possible")]
    BlockSize(usize),
    /// The tracker refuses.
    #[error(transparent)]
    Tracker(#[from] TrackerError),
    /// The system gave no thread to the decoder.
    #[error("the decoder's thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// What is remembered of a frame between hearing and sounding it.
#[derive(Clone, Copy)]
struct Heard {
    voice: Features,
    played: Features,
    settings: Settings,
}

/// Gains of the mixer, as reached at the end of a frame.
#[derive(Clone, Copy, Default)]
struct Mix {
    wet: f32,
    dry: f32,
    breath: f32,
}

/// Voice in, instrument out.
pub struct Engine {
    config: EngineConfig,
    clock: FrameClock,
    tracker: Tracker,
    link: Link,
    bank: LeapingBank,
    noise: FilteredNoise,
    settings: Settings,
    /// Frames heard and not yet sounded, at `frame % len`.
    heard: Vec<Heard>,
    next_heard: u64,
    next_sounded: u64,
    controls: Controls,
    mix: Mix,
    turnaround: usize,
    voice: Vec<SampleRing>,
    mono: Vec<f32>,
    segment: Vec<f32>,
    out: Vec<SampleRing>,
    position: u64,
    late: u64,
}

impl Engine {
    /// Sets up an engine that plays `model`, and starts its decoder thread. Allocates; not for the audio thread.
    ///
    /// # Errors
    /// When the configuration is out of range or the system gives no thread.
    pub fn new(config: EngineConfig, model: Arc<Model>) -> Result<Self, EngineError> {
        let EngineConfig { sample_rate_hz, channels, max_block, mode, seed } = config;
        if !(44_100..=192_000).contains(&sample_rate_hz) {
            return Err(EngineError::SampleRate(sample_rate_hz));
        }
        if !(1..=2).contains(&channels) {
            return Err(EngineError::Channels(channels));
        }
        if !(1..=8192).contains(&max_block) {
            return Err(EngineError::BlockSize(max_block));
        }
        let clock = FrameClock::new(sample_rate_hz);
        let tracker = Tracker::new(sample_rate_hz, TrackerConfig { mode, ..TrackerConfig::default() })?;
        let margin_s = if mode == LatencyMode::Live { LIVE_MARGIN_S } else { STUDIO_MARGIN_S };
        let turnaround = clock.max_len() + max_block + (margin_s * f64::from(sample_rate_hz)).ceil() as usize;
        let shortest = clock.max_len() - 1;
        // Frames heard and not yet sounded span at most the turnaround and one block; some room for rounding at both ends.
        let under_way = (turnaround + max_block) / shortest + 4;
        let link = Link::start(model.clone(), under_way)?;
        let noise = FilteredNoise::new(sample_rate_hz, &model.card().noise_edges_hz, clock.max_len(), seed);
        let history = turnaround + tracker.delay_samples() + 2 * max_block + 2 * clock.max_len();
        let silent = Features { frame: 0, f0_hz: 0.0, confidence: 0.0, loudness_db: syrinx_tracker::LOUDNESS_FLOOR_DB };
        let mut engine = Self {
            config,
            clock,
            tracker,
            link,
            bank: LeapingBank::new(sample_rate_hz),
            noise,
            settings: Settings::default(),
            heard: vec![Heard { voice: silent, played: silent, settings: Settings::default() }; under_way],
            next_heard: 0,
            next_sounded: 0,
            controls: Controls::silent(0),
            mix: Mix::default(),
            turnaround,
            voice: (0..channels).map(|_| SampleRing::new(history)).collect(),
            mono: vec![0.0; max_block],
            segment: vec![0.0; clock.max_len()],
            out: (0..channels).map(|_| SampleRing::new(turnaround + max_block + 2 * clock.max_len())).collect(),
            position: 0,
            late: 0,
        };
        engine.prime();
        Ok(engine)
    }

    /// What the engine was set up with.
    pub fn config(&self) -> EngineConfig {
        self.config
    }

    /// Samples by which the output lags the input: instrument and dry voice alike, in every block size and at every pace.
    pub fn latency_samples(&self) -> usize {
        self.turnaround + self.tracker.delay_samples()
    }

    /// Frames since the last reset whose controls had not come when they were to sound; the sound before was held.
    pub fn late_frames(&self) -> u64 {
        self.late
    }

    /// Takes new settings; they are heard with the input that comes from here on, and glide over one frame.
    pub fn set(&mut self, settings: &Settings) {
        self.settings = settings.sanitised();
    }

    /// The settings that are taken.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Forgets the stream, not the settings: the next sample is the first. Same input, same output, every time.
    pub fn reset(&mut self) {
        self.tracker.reset();
        self.link.reset();
        self.bank.reset();
        self.noise.reset();
        self.next_heard = 0;
        self.next_sounded = 0;
        self.controls = Controls::silent(0);
        self.mix = Mix::default();
        self.voice.iter_mut().for_each(SampleRing::reset);
        self.out.iter_mut().for_each(SampleRing::reset);
        self.position = 0;
        self.late = 0;
        self.prime();
    }

    /// Nothing sounds before the first frame can: the turnaround is silence.
    fn prime(&mut self) {
        for ring in &mut self.out {
            (0..self.turnaround).for_each(|_| ring.push(0.0));
        }
    }

    /// Takes `input` and gives as many samples of `output`, one slice a channel; lacking input channels are silent, surplus output
    /// channels repeat the last. Neither allocates nor locks; waits only at [`Pace::Offline`].
    pub fn process(&mut self, input: &[&[f32]], output: &mut [&mut [f32]], pace: Pace) {
        let len = output.iter().map(|o| o.len()).min().unwrap_or(0);
        let mut from = 0;
        while from < len {
            let to = len.min(from + self.config.max_block);
            self.hear(input, from, to);
            self.sound(output, from, to, pace);
            from = to;
        }
    }

    /// Tracks one block and sends what it completes to the decoder.
    fn hear(&mut self, input: &[&[f32]], from: usize, to: usize) {
        let gain = gain(self.settings.input_gain, f32::NEG_INFINITY);
        let share = gain / self.voice.len() as f32;
        let mono = &mut self.mono[..to - from];
        mono.fill(0.0);
        for (channel, ring) in self.voice.iter_mut().enumerate() {
            // A mono voice on a stereo track is heard on both sides.
            let source = input.get(channel).or(input.last());
            for (at, sum) in (from..to).zip(mono.iter_mut()) {
                let sample = source.and_then(|s| s.get(at)).copied().unwrap_or(0.0);
                let sample = if sample.is_finite() { sample.clamp(-LOUDEST_SAMPLE, LOUDEST_SAMPLE) } else { 0.0 };
                ring.push(sample);
                *sum += share * sample;
            }
        }
        let Self { tracker, link, heard, settings, next_heard, .. } = self;
        let before = *next_heard;
        tracker.process(mono, |voice| {
            let played = mapping::map(&voice, settings);
            let slot = voice.frame % heard.len() as u64;
            heard[slot as usize] = Heard { voice, played, settings: *settings };
            // A full ring means a decoder far behind: the frame will be missed, and counted, when it is to sound.
            link.send(played);
            *next_heard = voice.frame + 1;
        });
        if *next_heard != before {
            link.wake();
        }
    }

    /// Hands out one block, rendering the segments that it starts.
    fn sound(&mut self, output: &mut [&mut [f32]], from: usize, to: usize, pace: Pace) {
        let end = self.position + (to - from) as u64;
        while self.out[0].end() < end {
            self.render_segment(pace);
        }
        for (channel, out) in output.iter_mut().enumerate() {
            let ring = &self.out[channel.min(self.out.len() - 1)];
            for (at, sample) in out[from..to].iter_mut().enumerate() {
                *sample = ring.get((self.position + at as u64) as i64);
            }
        }
        self.position = end;
    }

    fn render_segment(&mut self, pace: Pace) {
        let frame = self.next_sounded;
        self.next_sounded += 1;
        let heard = self.heard[(frame % self.heard.len() as u64) as usize];
        debug_assert!(frame < self.next_heard && heard.voice.frame == frame, "a frame must be heard before it sounds");
        let answer = match pace {
            Pace::Live => self.link.receive(frame),
            Pace::Offline => self.link.receive_waiting(frame, Instant::now() + LONGEST_WAIT),
        };
        match answer {
            Some(mut controls) => {
                shape(&mut controls, &heard.settings);
                self.controls = controls;
            }
            // Hold the sound of the frame before; the pitch is known here and glides on.
            None => self.late += 1,
        }
        if heard.played.f0_hz > 0.0 {
            self.controls.f0_hz = heard.played.f0_hz;
        }

        let len = self.clock.len_of(frame);
        let wet = &mut self.segment[..len];
        wet.fill(0.0);
        self.bank.render(&self.controls, wet);
        self.noise.render(&self.controls.noise, wet);

        let from = self.mix;
        let to = Mix::of(&heard);
        self.mix = to;
        let start = (self.clock.end_of(frame) - len as u64) as i64 - self.tracker.delay_samples() as i64;
        for (ring, voice) in self.out.iter_mut().zip(&self.voice) {
            for (at, wet) in wet.iter().enumerate() {
                let t = (at + 1) as f32 / len as f32;
                let glide = |a: f32, b: f32| a + t * (b - a);
                let dry = voice.get(start + at as i64) * (glide(from.dry, to.dry) + glide(from.breath, to.breath));
                let sample = glide(from.wet, to.wet) * wet + dry;
                ring.push(if sample.is_finite() { sample.clamp(-OUTPUT_LIMIT, OUTPUT_LIMIT) } else { 0.0 });
            }
        }
    }
}

impl Mix {
    fn of(heard: &Heard) -> Self {
        let settings = &heard.settings;
        let out = gain(settings.output_gain, -60.0);
        let mix = settings.mix / 100.0;
        // Breath passes where the voice has no pitch, and as much of it as is missing of the dry voice already.
        let unvoiced = (1.0 - 2.0 * heard.voice.confidence).clamp(0.0, 1.0);
        let input = gain(settings.input_gain, f32::NEG_INFINITY);
        Self { wet: out * mix, dry: out * input * (1.0 - mix), breath: out * input * mix * unvoiced * settings.breath / 100.0 }
    }
}
