//! The command line of the standalone, and what it asks for together with what is remembered.

use crate::config::SoundConfig;
use clap::{Parser, ValueEnum};
use std::{ops::RangeInclusive, path::PathBuf};
use syrinx_plugin::{midi_inputs::Heard, source::Source};

/// Channels of an input, from 1.
pub const CHANNELS: RangeInclusive<i64> = 1..=256;
/// Samples that a sound card hands over at a time.
pub const BUFFERS: RangeInclusive<i64> = 16..=8192;
/// Sample rates that Syrinx plays at, Hz.
pub const RATES: RangeInclusive<i64> = 1_000..=2_000_000;

/// Syrinx, the instrument you play with your voice, for the stage: sing into an input of the sound card, hear the instrument. With --keys, play it from
/// MIDI instead.
///
/// The choices of sound card, rate and buffer are remembered, and so is the session: the next start needs no flags.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "\
ROUND TRIP: what you hear comes after (buffer in) + (buffers out) + the converters' own time + Syrinx's delay, 7.1 ms live and 44 ms in \
studio mode at 48 kHz. The window and the first line on the terminal show the sum as the sound card reports it. Shortest: JACK, or \
the same card for input and output, with --buffer 64 or as small as the card plays without a crackle."
)]
pub struct Options {
    /// Where sound comes from and goes to; auto takes a running JACK server, or else the system's sound cards.
    #[arg(long, value_enum)]
    pub backend: Option<Backend>,
    /// Input: a sound card's name or a part of it, or a JACK port.
    #[arg(long, value_name = "DEVICE")]
    pub input: Option<String>,
    /// Output: a sound card's name or a part of it, or a JACK client whose input ports to play to.
    #[arg(long, value_name = "DEVICE")]
    pub output: Option<String>,
    /// The input's channel that the microphone is on, from 1.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(CHANNELS))]
    pub channel: Option<u16>,
    /// Sample rate, Hz, 1000 to 2000000; JACK has its own.
    #[arg(long, value_name = "HZ")]
    pub sample_rate: Option<u32>,
    /// Samples that the sound card hands over at a time; JACK has its own.
    #[arg(long, value_name = "SAMPLES", value_parser = clap::value_parser!(u32).range(BUFFERS))]
    pub buffer: Option<u32>,
    /// Syrinx Keys: played from MIDI inputs, the window's keyboard or the computer's keys, instead of from a voice. It has a session of its own.
    #[arg(long)]
    pub keys: bool,
    /// The MIDI inputs to hear, all, none, or those whose name has this as a part: with --keys, what is played; from a voice, the chord of its choir and
    /// the keys of Pitch by keys.
    #[arg(long, value_name = "all|none|NAME")]
    pub midi: Option<String>,
    /// With --keys: a scale of Scala's (.scl) that the keys are tuned to.
    #[arg(long, value_name = "FILE.scl", requires = "keys")]
    pub scale: Option<PathBuf>,
    /// With --keys: a keyboard mapping of Scala's (.kbm).
    #[arg(long, value_name = "FILE.kbm", requires = "keys")]
    pub keyboard_map: Option<PathBuf>,
    /// The instrument to begin with: a factory instrument's id, or a model file.
    #[arg(long, value_name = "ID|FILE.onnx")]
    pub instrument: Option<String>,
    /// Latency mode.
    #[arg(long, value_enum, conflicts_with = "keys")]
    pub latency: Option<Latency>,
    /// Sets a parameter; may be given many times. `syrinx render --help` lists them.
    #[arg(long = "set", value_name = "PARAM=VALUE")]
    pub set: Vec<String>,
    /// The session: opened if it is there, saved as it changes. By default, the last one.
    #[arg(long, value_name = "FILE")]
    pub session: Option<PathBuf>,
    /// Begins as on the first day: no remembered sound card, no last session.
    #[arg(long)]
    pub forget: bool,
    /// Lists sound cards, JACK ports and MIDI inputs, and ends.
    #[arg(long)]
    pub list_devices: bool,
    /// Plays without a window.
    #[arg(long)]
    pub no_window: bool,
    /// Ends after this time.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub seconds: Option<f64>,
}

fn seconds(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "it is no number")?;
    if (0.0..=1e9).contains(&value) { Ok(value) } else { Err("0 to 1000000000 are possible".into()) }
}

/// The name of the system's own sound cards' interface.
#[cfg(target_os = "linux")]
pub const CARDS: &str = "alsa";
#[cfg(target_os = "macos")]
pub const CARDS: &str = "coreaudio";
#[cfg(windows)]
pub const CARDS: &str = "wasapi";
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
pub const CARDS: &str = "cards";

/// Where sound comes from and goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// JACK where its server runs, or else the sound cards.
    #[default]
    Auto,
    /// A JACK server, or PipeWire's.
    Jack,
    /// The system's sound cards.
    #[value(name = CARDS)]
    Cards,
    /// No sound: silence in, and what comes out goes nowhere.
    Dummy,
}

/// `live` or `studio`.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum Latency {
    /// Causal, as early as can be.
    Live,
    /// Looks ahead.
    Studio,
}

impl From<Latency> for syrinx_engine::LatencyMode {
    fn from(latency: Latency) -> Self {
        match latency {
            Latency::Live => Self::Live,
            Latency::Studio => Self::Studio,
        }
    }
}

/// What a stream is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    pub backend: Backend,
    pub input: Option<String>,
    pub output: Option<String>,
    /// From 0.
    pub channel: usize,
    pub sample_rate_hz: u32,
    pub buffer: u32,
    /// Which MIDI inputs are heard.
    pub midi: Heard,
}

impl Options {
    /// What is played.
    pub fn source(&self) -> Source {
        if self.keys { Source::Keys } else { Source::Voice }
    }

    /// What the flags ask for, or else the memory, or else the defaults. A flag for another backend forgets the names that belong to the
    /// one before.
    pub fn wanted(&self, remembered: &SoundConfig) -> Wanted {
        let same = self.backend.is_none_or(|b| Some(b) == remembered.backend);
        let name = |flag: &Option<String>, memory: &Option<String>| flag.clone().or_else(|| memory.clone().filter(|_| same));
        Wanted {
            backend: self.backend.or(remembered.backend).unwrap_or_default(),
            input: name(&self.input, &remembered.input),
            output: name(&self.output, &remembered.output),
            channel: usize::from(self.channel.or(remembered.channel).unwrap_or(1)).saturating_sub(1),
            sample_rate_hz: self.sample_rate.or(remembered.sample_rate).unwrap_or(48_000),
            buffer: self.buffer.or(remembered.buffer).unwrap_or(128),
            midi: self.midi.as_deref().or(remembered.midi.as_deref()).map(Heard::of).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_memory_and_memory_over_defaults() {
        let remembered =
            SoundConfig { backend: Some(Backend::Cards), input: Some("USB".into()), buffer: Some(64), ..SoundConfig::default() };
        let wanted = |flags: &[&str]| Options::parse_from([&["syrinx"], flags].concat()).wanted(&remembered);
        assert_eq!(wanted(&[]).input.as_deref(), Some("USB"));
        let flagged = wanted(&["--buffer", "256", "--channel", "2"]);
        assert_eq!((flagged.buffer, flagged.channel, flagged.sample_rate_hz), (256, 1, 48_000));
        let other = wanted(&["--backend", "jack"]);
        assert_eq!((other.backend, other.input, other.buffer), (Backend::Jack, None, 64));
    }
}
