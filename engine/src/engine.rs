//! The whole instrument on one stream: tracker, mapping, instruments, synth, reverb and mixer, under one fixed delay. Everything here
//! but `new` and dropping is for the audio thread.
//!
//! **The clock of a frame.** Frame `n` is complete when `end_of(n)` samples have come in. It is answered at once, and the segment that
//! glides to its controls is what sounds over the next frame's time. So a sound is reached one frame, the *turnaround*, after the frame
//! that asks for it. What the features of frame `n` describe lies `tracker delay` before its end; the delay of the whole, by which
//! voice and settings are held back too, is the sum of both. It depends on rate and latency mode only: not on the block size.
//!
//! **Block size never changes the output**: whole segments are rendered, whatever the host's blocks, and handed out from a ring.
//!
//! **Everything is done on the audio thread**, the network included: some twenty microseconds a frame, where a thread of its own would
//! cost a block and a wake-up of delay, and be late when the machine is busy. So live, bounced and exported takes are the same samples.

use crate::{
    Settings,
    curve::Curve,
    fit::{Shift, Target},
    guard::Guard,
    instrument::{Ensemble, Instrument, Slot},
    leap::LeapingBank,
    level::{Colour, LAG_FRAMES, believed},
    mapping::{Mapped, Mapping},
    params::OFF_DB,
    reverb::{Reverb, ReverbParams},
    ring::SampleRing,
    sides::{Listener, Sides},
    tone::{gain, shape},
    weights::{Gains, NOISE_POINTS, Weights},
};
use std::sync::Arc;
use syrinx_decoder::Model;
use syrinx_synth::{Controls, HarmonicSynth, MAX_HARMONICS};
use syrinx_tracker::{Features, FrameClock, LatencyMode, Tracker, TrackerConfig, TrackerError};

/// Voice samples beyond this are a broken input, not a voice: +60 dB re full scale.
const LOUDEST_SAMPLE: f32 = 1000.0;
/// The output never exceeds this, whatever the gains: +24 dB re full scale.
const OUTPUT_LIMIT: f32 = 16.0;
/// Most samples taken in at a time: under the shortest frame (176), so that one step completes one frame at most.
const STEP: usize = 128;
/// Samples between two values of a moving pitch shift or loudness; straight lines between.
const CURVE_STEP: usize = 16;
/// Fastest glide of the pitch shift, semitones a second: an octave in 12 ms. Timbre follows by the frame, and within a frame of a faster
/// glide that of a low note would sound at the pitch of a high one.
const FASTEST_SHIFT_ST_PER_S: f32 = 1000.0;
/// A change of latency mode fades the sound out and in over this, seconds.
const MODE_FADE_S: f64 = 0.010;

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

/// What a window shows of the frame that sounds last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Monitor {
    /// What is heard of the voice.
    pub voice: Features,
    /// What the instrument was asked to play.
    pub played: Features,
    /// What octave fit and auto range have added to the voice to get there; what is set by hand comes on top.
    pub fitted: Shift,
    /// Peak of the voice after the input gain, since the last call of [`Engine::monitor`], linear.
    pub input_peak: f32,
    /// Peak of the output since then, linear, as it comes to the guard at the end: above 1 it is what the guard has kept from coming out.
    pub output_peak: f32,
    /// What the voice is taken from.
    pub sides: Sides,
}

/// Frames of the voice that are kept for [`Engine::frames`]: 64 ms.
const FRAMES_KEPT: usize = 16;

/// What sounds, for a window to show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spectrum {
    /// Peak amplitude of each harmonic, linear.
    pub harmonics: [f32; MAX_HARMONICS],
    /// RMS amplitude of the noise per octave about each [`noise_point_hz`](crate::noise_point_hz), linear.
    pub noise: [f32; NOISE_POINTS],
}

/// Gains of the mixer, as reached at the end of a frame.
#[derive(Clone, Copy, Default)]
struct Mix {
    wet: f32,
    dry: f32,
    breath: f32,
    reverb: f32,
    /// The bare voice of a bypassed instance, and how much of all else is left.
    bypass: f32,
}

/// Where a change of latency mode has got to.
#[derive(Clone, Copy, PartialEq)]
enum Change {
    None,
    /// The old mode fades out; samples left.
    Out(usize),
    /// The new mode fades in; samples left.
    In(usize),
}

/// Voice in, instrument out.
pub struct Engine {
    config: EngineConfig,
    clock: FrameClock,
    trackers: [Tracker; 2],
    mode: LatencyMode,
    mapping: Mapping,
    ensemble: Ensemble,
    bank: LeapingBank,
    reverb: Reverb,
    guard: Guard,
    settings: Settings,
    gains: Gains,
    /// Settings in force at the end of each of the last frames, at `frame % len`.
    past: Vec<Settings>,
    /// How much more of the voice K-weighting hears than A-weighting, and the same at the end of each of the last frames, dB.
    colour: Colour,
    colours: Vec<f32>,
    pitch_shift: Curve,
    loudness: Curve,
    input_gain: Curve,
    next_frame: u64,
    /// Whether there was anything but silence since the stream began.
    heard: bool,
    before: Mapped,
    controls: Controls,
    /// Of the frame before: pitch before the shift, and what the loudness setting contributed to the amplitude.
    reached_hz: f32,
    reached_loudness: f32,
    mix: Mix,
    change: Change,
    fade_len: usize,
    voice: Vec<SampleRing>,
    mono: [f32; STEP],
    sides: Listener,
    segment: Vec<f32>,
    room: [Vec<f32>; 2],
    out: Vec<SampleRing>,
    position: u64,
    monitor: Monitor,
    /// The latest frames of the voice, in turns, and how many there were since they were last asked for.
    frames: ([Features; FRAMES_KEPT], u64),
}

const SILENT: Features = Features { frame: 0, f0_hz: 0.0, confidence: 0.0, loudness_db: syrinx_tracker::LOUDNESS_FLOOR_DB };
const UNFITTED: Shift = Shift { semitones: 0.0, loudness_db: 0.0 };
/// Before the first frame.
const UNHEARD: Mapped = Mapped { features: SILENT, unshifted_hz: 0.0, fitted: UNFITTED, level_db: 0.0 };
const AT_REST: Monitor =
    Monitor { voice: SILENT, played: SILENT, fitted: UNFITTED, input_peak: 0.0, output_peak: 0.0, sides: Sides::Mean };

impl Engine {
    /// Sets up an engine that can play every instrument of `palette`, each with the number that calls it up. Allocates and takes
    /// milliseconds; not for the audio thread.
    ///
    /// # Errors
    /// When the configuration is out of range.
    pub fn new(config: EngineConfig, palette: &[(u8, Arc<Model>)]) -> Result<Self, EngineError> {
        let EngineConfig { sample_rate_hz, channels, seed } = config;
        if !(44_100..=192_000).contains(&sample_rate_hz) {
            return Err(EngineError::SampleRate(sample_rate_hz));
        }
        if !(1..=2).contains(&channels) {
            return Err(EngineError::Channels(channels));
        }
        let clock = FrameClock::new(sample_rate_hz);
        let tracker =
            |mode| Tracker::new(sample_rate_hz, TrackerConfig { mode, continue_glides: true, ..TrackerConfig::default() });
        let trackers = [tracker(LatencyMode::Live)?, tracker(LatencyMode::Studio)?];
        let frame = clock.max_len();
        let delay = trackers[1].delay_samples();
        let history = delay + 4 * frame + STEP;
        let mut engine = Self {
            config,
            clock,
            mode: LatencyMode::Live,
            mapping: Mapping::new(),
            ensemble: Ensemble::new(sample_rate_hz, seed, palette),
            bank: LeapingBank::new(sample_rate_hz),
            reverb: Reverb::new(sample_rate_hz),
            guard: Guard::new(sample_rate_hz),
            settings: Settings::default(),
            gains: Gains::new(),
            past: vec![Settings::default(); delay / (frame - 1) + 3],
            colour: Colour::new(sample_rate_hz),
            colours: vec![0.0; delay / (frame - 1) + 3],
            pitch_shift: Curve::new(sample_rate_hz, history, FASTEST_SHIFT_ST_PER_S),
            loudness: Curve::new(sample_rate_hz, history, f32::INFINITY),
            input_gain: Curve::new(sample_rate_hz, STEP, f32::INFINITY),
            next_frame: 0,
            heard: false,
            before: UNHEARD,
            controls: Controls::silent(0),
            reached_hz: 0.0,
            reached_loudness: 1.0,
            mix: Mix::default(),
            change: Change::None,
            fade_len: (MODE_FADE_S * f64::from(sample_rate_hz)) as usize,
            voice: (0..channels).map(|_| SampleRing::new(history)).collect(),
            mono: [0.0; STEP],
            sides: Listener::new(sample_rate_hz),
            segment: vec![0.0; frame],
            room: [vec![0.0; frame], vec![0.0; frame]],
            out: (0..channels).map(|_| SampleRing::new(3 * frame + STEP)).collect(),
            position: 0,
            monitor: AT_REST,
            frames: ([AT_REST.voice; FRAMES_KEPT], 0),
            trackers,
        };
        engine.input_gain.set(1.0);
        engine.reset();
        Ok(engine)
    }

    /// An engine that plays `model` alone, as both of its instruments.
    ///
    /// # Errors
    /// As `new`.
    pub fn of(config: EngineConfig, model: Arc<Model>) -> Result<Self, EngineError> {
        Self::new(config, &[(0, model.clone()), (1, model)])
    }

    /// What the engine was set up with.
    pub fn config(&self) -> EngineConfig {
        self.config
    }

    /// Samples by which the output lags the input, in every block size: instrument, dry voice and settings alike. A change of latency
    /// mode changes it, at the moment the new mode begins.
    pub fn latency_samples(&self) -> usize {
        self.clock.max_len() + self.tracker_delay()
    }

    /// Samples for which the present settings may sound on after the voice has ended, the delay included.
    pub fn tail_samples(&self) -> usize {
        // The instrument's own release follows the voice's; what the loudness and noise filters hold is under a tenth of a second.
        let own = self.latency_samples() + self.config.sample_rate_hz as usize / 10;
        let room = if self.settings.reverb_mix > 0.0 { self.reverb.tail_samples(room(&self.settings)) as usize } else { 0 };
        own + room
    }

    /// Frames that a network failed to answer with numbers; they were silent.
    pub fn failed_frames(&self) -> u64 {
        self.ensemble.failed_frames()
    }

    /// What is heard and played, and peaks since the last call.
    pub fn monitor(&mut self) -> Monitor {
        let monitor = Monitor { sides: self.sides.sides(), ..self.monitor };
        (self.monitor.input_peak, self.monitor.output_peak) = (0.0, 0.0);
        monitor
    }

    /// Hands over what was heard of the voice since the last call, frame by frame, the oldest first: all of it where it is asked for every
    /// 64 ms, or else the latest.
    pub fn frames(&mut self, take: impl FnMut(Features)) {
        let (frames, count) = &mut self.frames;
        let count = std::mem::take(count);
        let kept = FRAMES_KEPT as u64;
        (count.saturating_sub(kept)..count).map(|n| frames[(n % kept) as usize]).for_each(take);
    }

    /// The harmonics and the noise of the frame that sounds last, as the mixer gets them.
    pub fn spectrum(&self) -> Spectrum {
        Spectrum {
            harmonics: self.controls.harmonics.map(|share| self.controls.amplitude * share),
            noise: self.ensemble.noise_shown(),
        }
    }

    /// Weights single harmonics and the noise, from the next frame (4 ms) on; frames glide into one another.
    pub fn weigh(&mut self, weights: &Weights) {
        self.gains.set(weights);
    }

    /// Puts an instrument of the player's own, or none, into `slot`, where the number [`OWN_INSTRUMENT`](crate::OWN_INSTRUMENT) calls it up. The
    /// one before fades out and is then to be had from [`retired`](Engine::retired). Never allocates or frees.
    ///
    /// # Errors
    /// Gives the instrument back while the last one replaced still fades.
    pub fn install(&mut self, slot: Slot, own: Option<Box<Instrument>>) -> Result<(), Option<Box<Instrument>>> {
        self.ensemble.install(slot, own)
    }

    /// An instrument that has been replaced and is silent, for some other thread to drop.
    pub fn retired(&mut self) -> Option<Box<Instrument>> {
        self.ensemble.retired()
    }

    /// Takes new settings; they hold for the input that comes from here on, and are heard with it. Pitch shift and loudness start to
    /// glide at this very sample, the rest within a frame (4 ms).
    pub fn set(&mut self, settings: &Settings) {
        if *settings == self.settings {
            return;
        }
        self.settings = settings.sanitised();
        self.pitch_shift.set(self.settings.pitch_shift);
        self.loudness.set(self.settings.loudness);
        self.input_gain.set(gain(self.settings.input_gain, f32::NEG_INFINITY));
        for tracker in &mut self.trackers {
            tracker.set_range(self.settings.voice_low, self.settings.voice_high);
        }
        if !self.heard {
            self.settle();
        }
        self.ask_for_mode();
    }

    /// Takes the settings as if they had held since the stream began. Hosts restore a session while silence runs already; as long as nothing
    /// was heard, nothing can click, and the first note shall not be the end of a glide.
    fn settle(&mut self) {
        self.past.fill(self.settings);
        self.pitch_shift.settle();
        self.loudness.settle();
        self.input_gain.settle();
        self.ensemble.settle();
        self.reached_loudness = gain(self.settings.loudness, f32::NEG_INFINITY);
        self.mix = Mix::of(&self.settings, &SILENT);
    }

    /// The settings that are taken.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Forgets the stream, not the settings: the next sample is the first. Same input, same output, every time.
    pub fn reset(&mut self) {
        self.mode = self.wanted_mode();
        self.change = Change::None;
        self.sides.reset();
        self.restart();
    }

    fn restart(&mut self) {
        self.trackers.iter_mut().for_each(Tracker::reset);
        self.mapping.reset();
        self.ensemble.reset();
        self.bank.reset();
        self.reverb.reset();
        self.guard.reset();
        self.colour.reset();
        self.colours.fill(0.0);
        self.pitch_shift.reset();
        self.loudness.reset();
        self.input_gain.reset();
        self.next_frame = 0;
        self.before = UNHEARD;
        self.controls = Controls::silent(0);
        self.reached_hz = 0.0;
        self.settle();
        self.voice.iter_mut().for_each(SampleRing::reset);
        self.out.iter_mut().for_each(SampleRing::reset);
        self.position = 0;
        self.heard = false;
        self.monitor = AT_REST;
        // Nothing sounds before the first frame can: the turnaround is silence.
        for ring in &mut self.out {
            (0..self.clock.max_len()).for_each(|_| ring.push(0.0));
        }
    }

    fn tracker_delay(&self) -> usize {
        self.trackers[self.mode as usize].delay_samples()
    }

    fn wanted_mode(&self) -> LatencyMode {
        if self.settings.latency_mode >= 0.5 { LatencyMode::Studio } else { LatencyMode::Live }
    }

    fn ask_for_mode(&mut self) {
        match (self.wanted_mode() == self.mode, self.change) {
            (true, Change::Out(left)) => self.change = Change::In(self.fade_len - left),
            (false, Change::None) if self.position == 0 => self.reset(),
            (false, Change::None) => self.change = Change::Out(self.fade_len),
            (false, Change::In(left)) => self.change = Change::Out(self.fade_len - left),
            _ => {}
        }
    }

    /// Takes `input` and gives as many samples of `output`, one slice a channel; lacking input channels are silent or repeat the last,
    /// surplus output channels repeat the last. Never allocates, locks or waits.
    pub fn process(&mut self, input: &[&[f32]], output: &mut [&mut [f32]]) {
        let len = output.iter().map(|o| o.len()).min().unwrap_or(0);
        let mut from = 0;
        while from < len {
            let mut to = len.min(from + STEP);
            match self.change {
                Change::None => {}
                Change::Out(0) => {
                    self.mode = self.wanted_mode();
                    self.restart();
                    self.change = Change::In(self.fade_len);
                }
                Change::In(0) => self.change = Change::None,
                Change::Out(left) | Change::In(left) => to = to.min(from + left),
            }
            self.hear(input, from, to);
            self.sound(output, from, to);
            from = to;
        }
    }

    /// Tracks some samples, and answers the frame that they complete.
    fn hear(&mut self, input: &[&[f32]], from: usize, to: usize) {
        let count = to - from;
        let stereo = self.voice.len() == 2 && input.len() >= 2;
        let before = self.input_gain.end() as i64;
        self.input_gain.advance(count);
        let mono = &mut self.mono[..count];
        let mut peak = 0.0_f32;
        for (at, voice) in (from..to).zip(mono.iter_mut()) {
            let mut sides = [0.0; 2];
            for (channel, (ring, side)) in self.voice.iter_mut().zip(&mut sides).enumerate() {
                // A mono voice on a stereo track is heard on both sides.
                let source = input.get(channel).or(input.last());
                let sample = source.and_then(|s| s.get(at)).copied().unwrap_or(0.0);
                *side = if sample.is_finite() { sample.clamp(-LOUDEST_SAMPLE, LOUDEST_SAMPLE) } else { 0.0 };
                ring.push(*side);
                peak = peak.max(side.abs());
            }
            *voice = if stereo { self.sides.hear(sides[0], sides[1]) } else { sides[0] };
        }
        for (at, sample) in mono.iter_mut().enumerate() {
            *sample *= self.input_gain.at(before + at as i64);
            self.colour.push(*sample);
        }
        self.heard |= peak > 0.0;
        self.monitor.input_peak = self.monitor.input_peak.max(self.input_gain.at(before) * peak);
        self.pitch_shift.advance(count);
        self.loudness.advance(count);
        let mut complete = None;
        self.trackers[self.mode as usize].process(mono, |features| complete = Some(features));
        if let Some(voice) = complete {
            self.answer(voice);
        }
    }

    /// Answers one frame of the voice with one segment of sound.
    fn answer(&mut self, voice: Features) {
        let frame = voice.frame;
        debug_assert_eq!(frame, self.next_frame, "frames come one by one");
        self.next_frame = frame + 1;
        let kept = self.past.len() as u64;
        let now = (frame % kept) as usize;
        (self.past[now], self.colours[now]) = (self.settings, self.colour.difference_db());
        // Settings are heard with the input they came with, to the nearest frame; the two curves, to the sample.
        let delay = self.tracker_delay();
        let behind = (delay as f64 / self.clock.max_len() as f64).round() as u64;
        let at = |behind: u64| (frame.saturating_sub(behind) % kept) as usize;
        let settings = self.past[at(behind)];
        // Where the tracker looks ahead, what the average is late by is there already.
        let colour_db = believed(self.colours[at(behind.saturating_sub(LAG_FRAMES))], &voice);
        let end = self.clock.end_of(frame) as i64 - delay as i64;
        let len = self.clock.len_of(frame);

        self.ensemble.call(settings.instrument_a, settings.instrument_b, settings.morph / 100.0);
        let target = self.ensemble.leader(settings.morph / 100.0).map_or(Target::ANY, |model| {
            let card = model.card();
            // What the voice gives an instrument that rings is the strength of its strokes.
            let struck = card.decay.as_ref().filter(|_| settings.sustains_as_instrument());
            let loudness_range_db = struck.map_or(card.loudness_range_db, |decay| decay.struck_range_db);
            Target { pitch_range_hz: card.pitch_range_hz, loudness_range_db }
        });
        // The pitch is that of the frame before: the table of a decay changes less within a frame than anybody hears.
        let ringing = self.ensemble.ringing(self.before.features.f0_hz);
        let loudness_db = self.loudness.at(end);
        let mapped = self.mapping.map(&voice, &settings, target, ringing, self.pitch_shift.at(end), loudness_db);
        self.ensemble.decode(&mapped.features, mapped.level_db + colour_db, &mut self.controls);
        shape(&mut self.controls, &settings);
        self.gains.shape(&mut self.controls);
        (self.monitor.voice, self.monitor.played, self.monitor.fitted) = (voice, mapped.features, mapped.fitted);
        let (frames, count) = &mut self.frames;
        frames[(*count % FRAMES_KEPT as u64) as usize] = voice;
        *count += 1;

        self.segment[..len].fill(0.0);
        self.render_harmonics(&mapped, end, len);
        let wet = &mut self.segment[..len];
        self.ensemble.render_noise(gain(settings.noise, OFF_DB), &self.gains, wet);
        self.follow_loudness(loudness_db, end, len);
        self.before = mapped;
        self.mix_segment(&settings, &voice, end, len);
    }

    /// Adds the harmonics of one segment, its pitch following the shift's curve within it.
    fn render_harmonics(&mut self, mapped: &Mapped, end: i64, len: usize) {
        let start = end - len as i64;
        let (from_hz, to_hz) = (self.reached_hz, mapped.unshifted_hz);
        self.reached_hz = to_hz;
        let wet = &mut self.segment[..len];
        let leaps = from_hz <= 0.0 || to_hz <= 0.0 || (to_hz / from_hz).log2().abs() >= crate::leap::LEAP_OCTAVES;
        if leaps || self.pitch_shift.holds(start, end) {
            self.bank.render(&self.controls, wet);
            return;
        }
        // Harmonic amplitudes go straight from segment to segment, so cutting one in pieces needs what lies between.
        let was = self.bank.reached();
        let target = self.controls;
        let mut at = 0;
        while at < len {
            let to = len.min(at + CURVE_STEP);
            let t = to as f32 / len as f32;
            let ratio = (self.pitch_shift.at(start + to as i64) / 12.0).exp2();
            let mut piece = if to == len { target } else { between(&was, &target, t) };
            piece.f0_hz = (from_hz + t * (to_hz - from_hz)) * ratio;
            self.bank.glide(&piece, &mut wet[at..to]);
            at = to;
        }
        self.controls.f0_hz = mapped.features.f0_hz;
    }

    /// Makes the level follow the loudness setting sample by sample, where the frames know it at their ends alone.
    fn follow_loudness(&mut self, loudness_db: f32, end: i64, len: usize) {
        let start = end - len as i64;
        let (from, to) = (self.reached_loudness, gain(loudness_db, f32::NEG_INFINITY));
        self.reached_loudness = to;
        if self.loudness.holds(start, end) && from == to {
            return;
        }
        let correction = |at: usize| {
            let t = at as f32 / len as f32;
            gain(self.loudness.at(start + at as i64), f32::NEG_INFINITY) / (from + t * (to - from))
        };
        let mut at = 0;
        let mut before = correction(0);
        while at < len {
            let next = len.min(at + CURVE_STEP);
            let after = correction(next);
            let piece = &mut self.segment[at..next];
            let step = (after - before) / piece.len() as f32;
            for (i, sample) in piece.iter_mut().enumerate() {
                *sample *= before + step * (i + 1) as f32;
            }
            (at, before) = (next, after);
        }
    }

    /// Mixes the segment with the voice that it answers, into the output rings.
    fn mix_segment(&mut self, settings: &Settings, voice: &Features, end: i64, len: usize) {
        let (from, to) = (self.mix, Mix::of(settings, voice));
        self.mix = to;
        let wet = &self.segment[..len];
        let [left, right] = &mut self.room;
        let reverberates = from.reverb > 0.0 || to.reverb > 0.0;
        if reverberates {
            self.reverb.process(room(settings), wet, &mut left[..len], &mut right[..len]);
            if to.reverb == 0.0 {
                // What the room still holds must not be heard when it is opened again.
                self.reverb.reset();
            }
        }
        let start = end - len as i64;
        let (channels, limit) = (self.out.len(), |x: f32| if x.is_finite() { x.clamp(-OUTPUT_LIMIT, OUTPUT_LIMIT) } else { 0.0 });
        for (at, wet) in wet.iter().enumerate() {
            let t = (at + 1) as f32 / len as f32;
            let glide = |a: f32, b: f32| a + t * (b - a);
            let dry = glide(from.dry, to.dry) + glide(from.breath, to.breath);
            let (wet, reverb) = (glide(from.wet, to.wet) * wet, glide(from.reverb, to.reverb));
            let bypass = glide(from.bypass, to.bypass);
            // Of each channel: the bare voice, what of it is mixed in, and all that is played.
            let mut sides = [(0.0, 0.0, 0.0); 2];
            for ((bare, dry_voice, played), (voice, room)) in sides.iter_mut().zip(self.voice.iter().zip([&*left, &*right])) {
                *bare = voice.get(start + at as i64);
                *dry_voice = *bare * dry;
                let room = if reverberates { reverb * room[at] } else { 0.0 };
                *played = limit(wet + room + *dry_voice);
            }
            let sides = &sides[..channels];
            self.guard.step(sides.iter().fold(0.0, |peak, (_, _, played)| peak.max(played.abs())));
            for (ring, (bare, dry_voice, played)) in self.out.iter_mut().zip(sides) {
                // Whole at both ends, to the bit.
                let mixed = |played: f32| limit((1.0 - bypass) * played + bypass * bare);
                self.monitor.output_peak = self.monitor.output_peak.max(mixed(*played).abs());
                ring.push(mixed(self.guard.pass(*played, *dry_voice)));
            }
        }
    }

    /// Hands out what has been rendered.
    fn sound(&mut self, output: &mut [&mut [f32]], from: usize, to: usize) {
        let fade = |at: usize| match self.change {
            Change::None => 1.0,
            Change::Out(left) => (left - at) as f32 / self.fade_len as f32,
            Change::In(left) => 1.0 - (left - at) as f32 / self.fade_len as f32,
        };
        for (channel, out) in output.iter_mut().enumerate() {
            let ring = &self.out[channel.min(self.out.len() - 1)];
            for (at, sample) in out[from..to].iter_mut().enumerate() {
                *sample = ring.get((self.position + at as u64) as i64);
                if self.change != Change::None {
                    *sample *= fade(at);
                }
            }
        }
        let count = to - from;
        self.position += count as u64;
        if let Change::Out(left) | Change::In(left) = &mut self.change {
            *left -= count;
        }
    }
}

/// The controls a share `t` of the way from one frame's to the next's.
fn between(from: &Controls, to: &Controls, t: f32) -> Controls {
    let mut controls = Controls::silent(to.frame);
    let mut sum = 0.0;
    for ((k, a), b) in controls.harmonics.iter_mut().zip(&from.harmonics).zip(&to.harmonics) {
        let (a, b) = (from.amplitude * a, to.amplitude * b);
        *k = a + t * (b - a);
        sum += *k;
    }
    if sum > 0.0 {
        controls.harmonics.iter_mut().for_each(|k| *k /= sum);
    }
    controls.amplitude = sum;
    controls
}

fn room(settings: &Settings) -> ReverbParams {
    ReverbParams { size: settings.reverb_size / 100.0, damping: settings.reverb_damping / 100.0 }
}

impl Mix {
    fn of(settings: &Settings, voice: &Features) -> Self {
        let out = gain(settings.output_gain, OFF_DB);
        let mix = settings.mix / 100.0;
        // Breath passes where the voice has no pitch, and as much of it as is missing of the dry voice already.
        let unvoiced = (1.0 - 2.0 * voice.confidence).clamp(0.0, 1.0);
        let input = gain(settings.input_gain, f32::NEG_INFINITY);
        Self {
            wet: out * mix,
            dry: out * input * (1.0 - mix),
            breath: out * input * mix * unvoiced * settings.breath / 100.0,
            reverb: out * mix * settings.reverb_mix / 100.0,
            bypass: if settings.bypass >= 0.5 { 1.0 } else { 0.0 },
        }
    }
}
