//! A voice without a microphone: the demo voice, or a recording, in place of what comes in. It is sung, or read, on a thread of its own.

use crate::{
    learn::capital,
    library::Library,
    tape::{Along, Clip, Side},
};
use std::{
    path::PathBuf,
    sync::Arc,
    thread::{self, JoinHandle},
};
use syrinx_analysis::{Audio, read_audio};

/// Which voice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Voice {
    /// The demo singer's.
    Demo,
    /// A recording's.
    File(PathBuf),
}

/// The voice that is sung, if one is.
#[derive(Default)]
pub struct Trial {
    thread: Option<JoinHandle<Result<Vec<f32>, String>>>,
    along: Option<Arc<Along>>,
}

impl Trial {
    /// Begins to sing at the rate of a stream, Hz; 0 where none runs.
    ///
    /// # Errors
    /// A sentence.
    pub fn sing(&mut self, voice: Voice, rate_hz: f32) -> Result<(), String> {
        if rate_hz < 1.0 {
            return Err("No sound runs yet that a voice could be heard in.".into());
        }
        if self.thread.is_none() {
            let thread = thread::Builder::new().name("syrinx voice".into()).spawn(move || samples(voice, rate_hz as u32));
            self.thread = Some(thread.map_err(|why| format!("This system has no thread left: {why}."))?);
        }
        Ok(())
    }

    /// Whether one is sung, or will be in a moment.
    pub fn is_on(&self) -> bool {
        self.thread.is_some() || self.along.as_ref().is_some_and(|along| !along.is_over())
    }

    /// Sings no more.
    pub fn stop(&mut self, library: &Library) {
        if self.along.take().is_some() {
            library.play_clip(None);
        }
    }

    /// What was sung or read goes to the audio thread.
    ///
    /// # Errors
    /// A sentence: the recording cannot be read.
    pub fn tick(&mut self, library: &Library, rate_hz: f32) -> Result<(), String> {
        let Some(thread) = self.thread.take_if(|thread| thread.is_finished()) else { return Ok(()) };
        let samples = thread.join().map_err(|_| "The voice could not be sung.".to_owned())??;
        let clip = Clip::new(samples.into(), 0, Side::Input, rate_hz);
        self.along = Some(clip.along());
        library.play_clip(Some(clip));
        Ok(())
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn samples(voice: Voice, rate_hz: u32) -> Result<Vec<f32>, String> {
    match voice {
        Voice::Demo => Ok(syrinx_singer::sing(rate_hz, 0).samples),
        Voice::File(path) => {
            let audio = read_audio(&path).map_err(|why| capital(&why.to_string()))?;
            let mono = Audio::from_mono(audio.sample_rate_hz, audio.mono());
            Ok(mono.resampled(rate_hz).channels.into_iter().next().unwrap_or_default())
        }
    }
}
