//! What an engine tells and what it is given, besides sound and settings.

use super::Engine;
use crate::{
    PARTS, Settings,
    config::EngineConfig,
    instrument::{Instrument, Slot},
    spectral_weights::SpectralWeights,
    tell::{Monitor, Spectrum},
};
use syrinx_tracker::Features;

/// After what the tracker holds back, a note is known so long after it began, s, besides the time that it is to hold.
const NOTE_KNOWN_S: f32 = 0.012;

impl Engine {
    /// What the engine was set up with.
    pub fn config(&self) -> EngineConfig {
        self.config
    }

    /// Samples by which the output lags the input, in every block size: instrument, dry voice and settings alike. A change of latency
    /// mode changes it, at the moment the new mode begins.
    ///
    /// ```
    /// # use syrinx_engine::{Engine, EngineConfig, EngineError};
    /// # let mut engine = Engine::new(EngineConfig::default(), syrinx_models::factory())?;
    /// // 7.1 ms: 3.1 of the tracker, 4 until what was answered is reached; at any block size.
    /// assert_eq!(engine.latency_samples(), 342);
    /// # Ok::<(), EngineError>(())
    /// ```
    pub fn latency_samples(&self) -> usize {
        self.clock.max_len() + self.listener.delay_samples()
    }

    /// Samples by which a note that is sung is told behind its beginning in the stream of the voice, as the median of sung melodies has it
    /// (`examples/notes.rs`): for whoever writes down where notes begin. Those who play along have them as they come.
    pub fn note_delay_samples(&self) -> usize {
        let known_s = NOTE_KNOWN_S + self.automation.settings().note_react / 1000.0;
        self.latency_samples() + (known_s * self.config.sample_rate_hz as f32).round() as usize
    }

    /// Samples for which the present settings may sound on after the voice has ended, the delay included.
    ///
    /// ```
    /// # use syrinx_engine::{Engine, EngineConfig, EngineError, Settings};
    /// # let mut engine = Engine::new(EngineConfig::default(), syrinx_models::factory())?;
    /// engine.set(&Settings { room: 0.0, ..Settings::default() });
    /// // Without a room, little more than the delay.
    /// assert!(engine.tail_samples() < 2 * 4800);
    /// # Ok::<(), EngineError>(())
    /// ```
    pub fn tail_samples(&self) -> usize {
        // The instrument's own release follows the voice's; what the loudness and noise filters hold is under a tenth of a second.
        let settings = self.automation.settings();
        // A note that is sent ends when it has been held through the silence.
        let held_ms = if settings.note_output.is_off() { 0.0 } else { settings.note_hold };
        let held = (held_ms / 1000.0 * self.config.sample_rate_hz as f32).ceil() as usize;
        let own = self.latency_samples() + self.config.sample_rate_hz as usize / 10 + held;
        let room = (self.part.tail_s(settings) * self.config.sample_rate_hz as f32).ceil() as usize;
        own + self.choir.tail_samples(settings) + room + self.mixer.tail_samples(settings)
    }

    /// Frames that a network failed to answer with numbers; they were silent.
    pub fn failed_frames(&self) -> u64 {
        self.part.failed_frames() + self.choir.failed_frames()
    }

    /// What the network of the note detector hears in the last frame, the key nearest to its pitch, and samples before the frame's end that it describes: for whoever trains
    /// it (`examples/note_network.rs`). None where nobody sings.
    #[doc(hidden)]
    pub fn note_inputs(&self) -> Option<(&[f32], u8, usize)> {
        let (inputs, key) = self.notes.inputs()?;
        Some((inputs, key, self.listener.newest_age_samples()))
    }

    /// What is heard and played, and peaks since the last call.
    ///
    /// ```
    /// # use syrinx_engine::{Engine, EngineConfig, EngineError};
    /// # let mut engine = Engine::new(EngineConfig::default(), syrinx_models::factory())?;
    /// let tone: Vec<f32> = (0..9600).map(|n| 0.2 * (n as f32 * 0.05).sin()).collect();
    /// let mut sound = vec![0.0; tone.len()];
    /// engine.process(&[&tone], &mut [&mut sound]);
    /// let monitor = engine.monitor();
    /// assert!((monitor.voice.f0_hz - 382.0).abs() < 1.0 && monitor.output_peak > 0.01);
    /// # Ok::<(), EngineError>(())
    /// ```
    pub fn monitor(&mut self) -> Monitor {
        self.tell.monitor(self.listener.sides())
    }

    /// Hands over what was heard of the voice since the last call, frame by frame, the oldest first: all of it where it is asked for every
    /// 64 ms, or else the latest.
    ///
    /// ```
    /// # use syrinx_engine::{Engine, EngineConfig, EngineError};
    /// # let mut engine = Engine::new(EngineConfig::default(), syrinx_models::factory())?;
    /// let (silence, mut sound) = ([0.0; 960], [0.0; 960]);
    /// engine.process(&[&silence], &mut [&mut sound]);
    /// let mut frames = 0;
    /// engine.frames(|_| frames += 1);
    /// // One for each 192 samples.
    /// assert_eq!(frames, 5);
    /// # Ok::<(), EngineError>(())
    /// ```
    pub fn frames(&mut self, take: impl FnMut(Features)) {
        self.tell.frames(take);
    }

    /// The harmonics and the noise of the frame that sounds last, as the mixer gets them.
    ///
    /// ```
    /// # use syrinx_engine::{Engine, EngineConfig, EngineError};
    /// # let mut engine = Engine::new(EngineConfig::default(), syrinx_models::factory())?;
    /// // Nothing sounds yet.
    /// assert!(engine.spectrum().harmonics.iter().all(|amplitude| *amplitude == 0.0));
    /// # Ok::<(), EngineError>(())
    /// ```
    pub fn spectrum(&self) -> Spectrum {
        self.part.spectrum()
    }

    /// The pitch of each part of the choir as it sounds, MIDI; none where it is silent.
    pub fn parts(&self) -> [Option<f32>; PARTS] {
        self.choir.pitches()
    }

    /// Weights single harmonics and the noise, from the next frame (4 ms) on; frames glide into one another.
    ///
    /// ```
    /// # use syrinx_engine::{Engine, EngineConfig, EngineError};
    /// # let mut engine = Engine::new(EngineConfig::default(), syrinx_models::factory())?;
    /// use syrinx_engine::SpectralWeights;
    ///
    /// let mut weights = SpectralWeights::default();
    /// // The second harmonic 6 dB softer.
    /// weights.harmonics_db[1] = -6.0;
    /// engine.weigh(&weights);
    /// # Ok::<(), EngineError>(())
    /// ```
    pub fn weigh(&mut self, weights: &SpectralWeights) {
        self.part.weigh(weights);
        self.choir.weigh(weights);
    }

    /// Puts an instrument of the player's own, or none, into `slot`, where the number [`OWN_INSTRUMENT`](crate::OWN_INSTRUMENT) calls it up. The
    /// one before fades out and is then to be had from [`retired`](Engine::retired). Never allocates or frees.
    ///
    /// # Errors
    /// Gives the instrument back while the last one replaced still fades.
    ///
    /// ```
    /// # use syrinx_engine::{Engine, EngineConfig, EngineError, OWN_INSTRUMENT};
    /// use syrinx_engine::{Instrument, Settings, Slot};
    ///
    /// let mut engine = Engine::new(EngineConfig::default(), &[])?;
    /// let flute = syrinx_models::load("flute").expect("it comes with Syrinx");
    /// let own = Box::new(Instrument::new(engine.config().sample_rate_hz, flute));
    /// assert!(engine.install(Slot::A, Some(own)).is_ok());
    /// engine.set(&Settings { instrument_a: OWN_INSTRUMENT, ..Settings::default() });
    /// # Ok::<(), EngineError>(())
    /// ```
    pub fn install(&mut self, slot: Slot, mut own: Option<Box<Instrument>>) -> Result<(), Option<Box<Instrument>>> {
        if self.part.is_leaving(slot) || self.choir.is_leaving(slot) {
            return Err(own);
        }
        self.choir.install(slot, own.as_deref_mut());
        self.part.install(slot, own)
    }

    /// An instrument that has been replaced and is silent, for some other thread to drop.
    pub fn retired(&mut self) -> Option<Box<Instrument>> {
        Slot::BOTH.into_iter().find_map(|slot| self.part.retired(slot).or_else(|| self.choir.retired(slot)))
    }

    /// The settings that are taken.
    pub fn settings(&self) -> Settings {
        *self.automation.settings()
    }
}
