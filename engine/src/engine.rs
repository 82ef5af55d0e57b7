//! The whole instrument on one stream: tracker, mapping, instruments, synth, reverb and mixer, under one fixed delay. Everything here
//! but `new` and dropping is for the audio thread.
//!
//! **The clock of a frame.** Frame `n` is complete when `end_of(n)` samples have come in. It is answered at once, and the segment that
//! glides to its controls is what sounds over the next frame's time. So a sound is reached one frame, the *turnaround*, after the frame
//! that asks for it. What the features of frame `n` describe lies `tracker delay` before its end; the delay of the whole, by which
//! voice and settings are held back too, is the sum of both. It depends on rate and latency mode only: not on the block size.
//!
//! **Block size never changes the output**: whole segments are rendered, whatever the host's blocks, and handed out from a delay line.
//!
//! **Everything is done on the audio thread**, the network included: some twenty microseconds a frame, where a thread of its own would
//! cost a block and a wake-up of delay, and be late when the machine is busy. So live, bounced and exported takes are the same samples.

mod told;

use crate::{
    Settings,
    automation::Automation,
    block::{self, Block, Event, EventKind},
    choir::{self, Choir},
    config::{EngineConfig, EngineError},
    keyed_pitch::KeyedPitch,
    latency_switch::LatencySwitch,
    listener::{Listener, STEP},
    mapping::Mapping,
    mixer::{Mixer, Wet},
    notes::Notes,
    params::PitchFrom,
    part::{Moment, Part},
    tell::Tell,
};
use std::sync::Arc;
use syrinx_decoder::Model;
use syrinx_tracker::{Features, FrameClock};

/// Voice in, instrument out.
pub struct Engine {
    config: EngineConfig,
    clock: FrameClock,
    listener: Listener,
    latency_switch: LatencySwitch,
    automation: Automation,
    keyed_pitch: KeyedPitch,
    notes: Notes,
    mapping: Mapping,
    part: Part,
    choir: Choir,
    mixer: Mixer,
    tell: Tell,
    next_frame: u64,
    /// Samples taken in since the stream began.
    taken_in: u64,
}

impl Engine {
    /// Sets up an engine that can play every instrument of `palette`, each with the number that calls it up: [`OWN_INSTRUMENT`](crate::OWN_INSTRUMENT)
    /// too, for instrument A. Allocates and takes milliseconds; not for the audio thread.
    ///
    /// # Errors
    /// When the configuration is out of range.
    pub fn new(config: EngineConfig, palette: &[(u8, Arc<Model>)]) -> Result<Self, EngineError> {
        let EngineConfig { sample_rate_hz, channels, seed } = config;
        config.check()?;
        let clock = FrameClock::new(sample_rate_hz);
        let listener = Listener::new(sample_rate_hz, channels)?;
        let (frame, delay) = (clock.max_len(), listener.most_delay_samples());
        let mut engine = Self {
            config,
            clock,
            latency_switch: LatencySwitch::new(sample_rate_hz),
            automation: Automation::new(sample_rate_hz, listener.most_frames(), delay + 4 * frame + STEP),
            keyed_pitch: KeyedPitch::new(),
            notes: Notes::new(),
            mapping: Mapping::new(),
            part: Part::new(sample_rate_hz, seed, palette),
            choir: Choir::new(sample_rate_hz, seed, palette, listener.most_frames()),
            mixer: Mixer::new(sample_rate_hz, channels, frame, delay, STEP),
            tell: Tell::new(),
            next_frame: 0,
            taken_in: 0,
            listener,
        };
        engine.reset();
        Ok(engine)
    }

    /// An engine that plays `model` alone, as both of its instruments.
    ///
    /// # Errors
    /// As `new`.
    ///
    /// ```
    /// use syrinx_engine::{Engine, EngineConfig, EngineError};
    ///
    /// let violin = syrinx_models::load("violin").expect("it comes with Syrinx");
    /// let engine = Engine::of(EngineConfig { sample_rate_hz: 44_100, channels: 2, seed: 0 }, violin)?;
    /// assert!(Engine::new(EngineConfig { sample_rate_hz: 8_000, ..engine.config() }, &[]).is_err(), "that is for `AnyRate`");
    /// # Ok::<(), EngineError>(())
    /// ```
    pub fn of(config: EngineConfig, model: Arc<Model>) -> Result<Self, EngineError> {
        Self::new(config, &[(0, model.clone()), (1, model)])
    }

    /// Takes new settings; they hold for the input that comes from here on, and are heard with it. Pitch shift and loudness start to
    /// glide at this very sample, the rest within a frame (4 ms).
    ///
    /// ```
    /// # use syrinx_engine::{Engine, EngineConfig, EngineError};
    /// # let mut engine = Engine::new(EngineConfig::default(), syrinx_models::factory())?;
    /// use syrinx_engine::Settings;
    ///
    /// engine.set(&Settings { pitch_shift: 12.0, octave_fit: true, ..Settings::default() });
    /// // What no host should send is made safe.
    /// engine.set(&Settings { loudness: f32::NAN, ..engine.settings() });
    /// assert_eq!(engine.settings().loudness, 0.0);
    /// # Ok::<(), EngineError>(())
    /// ```
    pub fn set(&mut self, settings: &Settings) {
        if settings == self.automation.settings() {
            return;
        }
        let settings = settings.sanitised();
        self.automation.set(settings);
        self.listener.set(&settings);
        if !self.listener.has_heard() {
            self.settle();
        }
        let as_wanted = settings.latency_mode == self.listener.mode();
        if !as_wanted && self.mixer.is_at_beginning() && !self.latency_switch.is_fading() {
            self.reset();
        } else {
            self.latency_switch.ask(as_wanted);
        }
    }

    /// Takes the settings as if they had held since the stream began. Hosts restore a session while silence runs already; as long as nothing
    /// was heard, nothing can click, and the first note shall not be the end of a glide.
    fn settle(&mut self) {
        self.automation.settle();
        self.listener.settle();
        let settings = self.automation.settings();
        self.part.settle(settings);
        self.choir.settle(settings);
        self.mixer.settle(settings);
    }

    /// Forgets the stream, not the settings: the next sample is the first. Same input, same output, every time.
    ///
    /// ```
    /// # use syrinx_engine::{Engine, EngineConfig, EngineError};
    /// # let mut engine = Engine::new(EngineConfig::default(), syrinx_models::factory())?;
    /// let tone: Vec<f32> = (0..4800).map(|n| 0.2 * (n as f32 * 0.05).sin()).collect();
    /// let [mut once, mut again] = [vec![0.0; 4800], vec![0.0; 4800]];
    /// engine.process(&[&tone], &mut [&mut once]);
    /// engine.reset();
    /// engine.process(&[&tone], &mut [&mut again]);
    /// assert_eq!(once, again);
    /// # Ok::<(), EngineError>(())
    /// ```
    pub fn reset(&mut self) {
        self.latency_switch.reset();
        self.listener.forget_sides();
        self.keyed_pitch.reset();
        self.choir.forget_chord();
        self.restart();
    }

    /// Lets all keys go that give the pitch, or the chord, which stays.
    pub fn let_keys_go(&mut self) {
        self.keyed_pitch.let_go();
        self.choir.let_keys_go();
    }

    /// Begins anew in the mode that is wanted.
    fn restart(&mut self) {
        self.listener.restart(self.automation.settings().latency_mode);
        self.automation.reset();
        let settings = self.automation.settings();
        self.keyed_pitch.begin_anew();
        self.notes.reset();
        self.mapping.reset();
        self.part.reset(settings);
        self.choir.reset(settings);
        // Nothing sounds before the first frame can: the turnaround is silence.
        self.mixer.reset(settings, self.clock.max_len());
        self.tell.reset();
        self.next_frame = 0;
        self.taken_in = 0;
    }

    /// Takes `input` and gives as many samples of `output`, one slice a channel, while nothing changes. See [`Engine::play`].
    pub fn process(&mut self, input: &[&[f32]], output: &mut [&mut [f32]]) {
        self.run(input, output, 0, block::len(output), &mut |_| {});
    }

    /// Plays a block; each of its events is heard from its very sample on, as if the block had been cut there and [`Engine::set`] been called. Never
    /// allocates, locks or waits.
    ///
    /// ```
    /// use syrinx_engine::{Block, Engine, EngineConfig, Event, EventKind, ParamId};
    ///
    /// let mut engine = Engine::new(EngineConfig::default(), syrinx_models::factory())?;
    /// let (voice, mut sound) = ([0.0; 512], [0.0; 512]);
    /// // An octave up from the hundredth sample on.
    /// let events = [Event { at: 100, kind: EventKind::Setting(ParamId::pitch_shift, 12.0) }];
    /// engine.play(Block { input: &[&voice], output: &mut [&mut sound], events: &events });
    /// assert_eq!(engine.settings().pitch_shift, 12.0);
    /// # Ok::<(), syrinx_engine::EngineError>(())
    /// ```
    pub fn play(&mut self, block: Block<'_, '_>) {
        self.play_and_send(block, &mut |_| {});
    }

    /// [`Engine::play`], which gives the notes that are sung to `send`, as [`Settings::note_output`] says: messages, in order, each at the sample of the block
    /// that completed the frame which shows it. That is before the sound of the same frame by [`Engine::latency_samples`]: hosts that make up for the one make up for the other.
    ///
    /// ```
    /// use syrinx_engine::{Block, Engine, EngineConfig, NoteOutput, Settings};
    ///
    /// let mut engine = Engine::new(EngineConfig::default(), syrinx_models::factory())?;
    /// engine.set(&Settings { note_output: NoteOutput::OneChannel, ..Settings::default() });
    /// let tone: Vec<f32> = (0..9600).map(|n| 0.2 * (n as f32 * 0.05).sin()).collect();
    /// let (mut sound, mut sent) = (vec![0.0; 9600], Vec::new());
    /// engine.play_and_send(Block { input: &[&tone], output: &mut [&mut sound], events: &[] }, &mut |event| sent.push(event));
    /// assert!(sent.iter().any(|event| event.at < 2400), "a note within 50 ms");
    /// # Ok::<(), syrinx_engine::EngineError>(())
    /// ```
    pub fn play_and_send(&mut self, block: Block<'_, '_>, send: &mut dyn FnMut(Event)) {
        let Block { input, output, events } = block;
        let len = block::len(output);
        block::walk(self, events, len, |engine, from, to| engine.run(input, output, from, to, send), Self::take);
    }

    /// Takes the events of one sample at once: a value that another follows there is none.
    pub(crate) fn take(&mut self, events: &[Event]) {
        let mut settings = self.settings();
        for event in events {
            match event.kind {
                EventKind::Setting(param, value) => settings.put(param, value),
                EventKind::Message { channel, message } => {
                    self.keyed_pitch.hear(channel, message);
                    self.choir.hear(message);
                }
                EventKind::KeySetting(..) | EventKind::Sung(_) => {}
            }
        }
        self.set(&settings);
    }

    /// Samples `from` to `to` of a block.
    fn run(&mut self, input: &[&[f32]], output: &mut [&mut [f32]], mut from: usize, end: usize, send: &mut dyn FnMut(Event)) {
        while from < end {
            let (begins_anew, most) = self.latency_switch.begin();
            if begins_anew {
                self.restart();
            }
            let to = end.min(from + STEP.min(most));
            let (peak, complete) = self.listener.hear(input, from, to);
            self.tell.input(peak);
            self.mixer.keep(self.listener.voice(to - from));
            self.automation.advance(to - from);
            self.keyed_pitch.advance(to - from);
            if let Some(voice) = complete {
                let at = from + (self.clock.end_of(voice.frame) - self.taken_in) as usize - 1;
                self.answer(&voice, &mut |kind| send(Event { at, kind }));
            }
            self.taken_in += (to - from) as u64;
            self.mixer.hand_out(output, from, to, self.latency_switch.gain());
            self.latency_switch.advance(to - from);
            from = to;
        }
    }

    /// Answers one frame of the voice with one segment of sound.
    fn answer(&mut self, voice: &Features, send: &mut dyn FnMut(EventKind)) {
        debug_assert_eq!(voice.frame, self.next_frame, "frames come one by one");
        self.next_frame = voice.frame + 1;
        // Settings are heard with the input they came with, to the nearest frame; the two that glide, to the sample.
        let behind = self.listener.frames_behind();
        let settings = self.automation.frame(voice.frame, behind);
        let end = self.clock.end_of(voice.frame) as i64 - self.listener.delay_samples() as i64;
        let len = self.clock.len_of(voice.frame);
        let colour_db = self.listener.colour_db(voice);
        self.part.call(&settings);
        let (target, ringing) = (self.part.target(&settings), self.part.ringing());
        let (shift_st, loudness_db) = (self.automation.pitch_shift.at(end), self.automation.loudness.at(end));
        let keyed = (settings.pitch_from == PitchFrom::Keys).then(|| self.keyed_pitch.step(voice, end, settings.a4));
        let newest = self.listener.newest(voice);
        let sung = self.notes.hear(keyed.as_ref().unwrap_or(voice), newest, &settings, send);
        let wish = self.mapping.map(&sung, &settings, target, ringing, shift_st, loudness_db);
        self.part.play(&wish, &Moment { settings: &settings, automation: Some(&self.automation), colour_db, len, end });
        self.tell.frame(voice, &wish);
        let lead = self.part.segment(len);
        let frame = choir::Frame { number: voice.frame, behind, loudness_db, colour_db, len, end };
        let wet = self.choir.play(lead, &sung, &wish, &settings, &frame).unwrap_or(Wet::alone(lead));
        let peak = self.mixer.mix(wet, self.part.room(), &settings, voice, end);
        self.tell.output(peak);
    }
}
