//! One instance of Syrinx behind whatever face: the engine, what the player set and what is shown. The plugin and the standalone drive it
//! alike. It lives on the audio thread while sound runs, and on the main thread before and after.

use crate::{
    library::{Library, Stage},
    monitor::Shown,
    params::{Controls, SyrinxParams},
};
use std::{sync::Arc, time::Instant};
use syrinx_engine::{Engine, EngineConfig, EngineError};

/// Most channels, in and out.
const CHANNELS: usize = 2;
/// Samples of a block that are copied aside at a time: hosts give one buffer for in and out.
const STEP: usize = 256;

/// One instance.
pub struct Player {
    /// What the main thread, the window and sessions have; the audio thread does not touch it.
    params: Arc<SyrinxParams>,
    audio: Audio,
}

/// What the audio thread has, and all that it has: values in atomics, the ends of rings, and what is its own. No lock is among them, so
/// nothing that a window or a session does can make it wait.
struct Audio {
    controls: Arc<Controls>,
    shown: Arc<Shown>,
    /// The audio thread's end of the library.
    stage: Stage,
    /// None until it is activated at a rate that Syrinx plays at.
    engine: Option<Engine>,
    input_channels: usize,
    told_latency: usize,
    /// The version of the weights that the engine has.
    weights_seen: u32,
}

impl Default for Player {
    fn default() -> Self {
        let (library, stage) = Library::new();
        let params = Arc::new(SyrinxParams::new(Arc::new(library)));
        let audio = Audio {
            controls: params.controls().clone(),
            shown: Arc::default(),
            stage,
            engine: None,
            input_channels: 0,
            told_latency: 0,
            weights_seen: 0,
        };
        Self { params, audio }
    }
}

impl Player {
    /// Its parameters.
    pub fn params(&self) -> &Arc<SyrinxParams> {
        &self.params
    }

    /// What it shows.
    pub fn shown(&self) -> &Arc<Shown> {
        &self.audio.shown
    }

    /// Gets ready to play a stream of this rate and as many channels, from its beginning. The delay, in samples. Main thread.
    ///
    /// # Errors
    /// At a rate that Syrinx does not play at; the player reads why in the window too.
    pub fn activate(&mut self, sample_rate_hz: u32, inputs: usize, outputs: usize) -> Result<usize, EngineError> {
        self.audio.activate(self.params.library(), sample_rate_hz, inputs, outputs)
    }

    /// Begins the stream anew. Audio thread.
    pub fn reset(&mut self) {
        self.audio.reset();
    }

    /// Plays a block in place: the first channels hold the voice, all get the sound. Returns the delay in samples where it is no longer the
    /// one told before. Audio thread; never allocates, frees, locks or waits.
    ///
    /// # Errors
    /// Before [`Player::activate`] has succeeded; the block stays as it was.
    pub fn process(&mut self, channels: &mut [&mut [f32]]) -> Result<Option<usize>, NotActivated> {
        self.audio.process(channels)
    }

    /// How long it sounds on after the voice, samples.
    pub fn tail_samples(&self) -> usize {
        self.audio.engine.as_ref().map_or(0, Engine::tail_samples)
    }
}

impl Audio {
    /// Main thread, while nothing is processed: the library is read, and instruments are made.
    fn activate(&mut self, library: &Library, sample_rate_hz: u32, inputs: usize, outputs: usize) -> Result<usize, EngineError> {
        self.input_channels = inputs;
        let config = EngineConfig { sample_rate_hz, channels: outputs, seed: 0 };
        if self.engine.as_ref().is_none_or(|engine| engine.config() != config) {
            self.engine = None;
            let engine = Engine::new(config, syrinx_models::factory()).inspect_err(|error| {
                library.say(format!("Syrinx cannot play here: {error}. Change it in the host or the sound card's settings."));
            })?;
            self.engine = Some(engine);
        }
        let engine = self.engine.as_mut().expect("set above");
        engine.set(&self.controls.settings());
        engine.weigh(&self.controls.weighting().get());
        engine.reset();
        self.stage.begin(engine, library);
        self.told_latency = engine.latency_samples();
        self.shown.sample_rate_hz.set(sample_rate_hz as f32);
        self.shown.latency_samples.set(self.told_latency as f32);
        self.shown.late_blocks.reset();
        self.shown.redraw();
        Ok(self.told_latency)
    }

    fn reset(&mut self) {
        if let Some(engine) = &mut self.engine {
            engine.set(&self.controls.settings());
            engine.reset();
            self.shown.late_blocks.reset();
        }
    }

    fn process(&mut self, channels: &mut [&mut [f32]]) -> Result<Option<usize>, NotActivated> {
        let Some(engine) = &mut self.engine else { return Err(NotActivated) };
        // Reading the clock neither waits nor enters the system.
        let begun = Instant::now();
        self.stage.exchange(engine);
        engine.set(&self.controls.settings());
        if let Some(weights) = self.controls.weighting().news(&mut self.weights_seen) {
            engine.weigh(&weights);
        }
        let len = channels.first().map_or(0, |c| c.len());
        for from in (0..len).step_by(STEP) {
            let to = len.min(from + STEP);
            let mut input = [[0.0; STEP]; CHANNELS];
            for (copy, channel) in input.iter_mut().zip(channels.iter()) {
                copy[..to - from].copy_from_slice(&channel[from..to]);
            }
            let [left, right] = &input;
            let input = [&left[..to - from], &right[..to - from]];
            let input = &input[..self.input_channels.min(channels.len()).min(CHANNELS)];
            match channels {
                [only] => engine.process(input, &mut [&mut only[from..to]]),
                [left, right, ..] => engine.process(input, &mut [&mut left[from..to], &mut right[from..to]]),
                [] => {}
            }
        }
        let lasts_s = len as f32 / engine.config().sample_rate_hz as f32;
        self.shown.update(&engine.monitor(), &engine.spectrum(), begun.elapsed().as_secs_f32(), lasts_s);
        self.shown.failed_frames.set(engine.failed_frames() as f32);
        let latency = engine.latency_samples();
        let news = (latency != self.told_latency).then_some(latency);
        self.told_latency = latency;
        self.shown.latency_samples.set(latency as f32);
        if news.is_some() {
            self.shown.redraw();
        }
        Ok(news)
    }
}

/// [`Player::process`] before [`Player::activate`].
#[derive(Debug)]
pub struct NotActivated;
