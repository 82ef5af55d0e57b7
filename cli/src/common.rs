//! What the subcommands share: finding instruments, progress, files written whole or not at all.

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use std::{path::Path, sync::Arc};
use syrinx_analysis::AudioError;
use syrinx_engine::{LatencyMode, Model, OWN_INSTRUMENT};
use syrinx_file::{Output, WriteError, is_same_file, write_to_stdout, write_whole};

/// Rate at which voices are heard whose own rate the engine does not run at, Hz.
const FALLBACK_RATE_HZ: u32 = 48_000;

/// The rate at which a voice of this one is heard, Hz: its own, where the engine runs at it.
pub fn engine_rate_hz(own: u32) -> u32 {
    if (44_100..=192_000).contains(&own) { own } else { FALLBACK_RATE_HZ }
}

/// What ends a command: one sentence for the user.
pub type Failure = Box<dyn std::error::Error>;

/// `live` or `studio`, as people type it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Latency {
    /// Causal, as early as can be.
    Live,
    /// Looks ahead; the delay is known and taken off.
    Studio,
}

impl From<Latency> for LatencyMode {
    fn from(latency: Latency) -> Self {
        match latency {
            Latency::Live => Self::Live,
            Latency::Studio => Self::Studio,
        }
    }
}

/// The instrument called `name`: a factory instrument's id, or the path of a model file.
pub fn instrument(name: &str) -> Result<Arc<Model>, Failure> {
    if let Some(factory) = syrinx_models::load(name) {
        return Ok(factory);
    }
    if Path::new(name).exists() || name.ends_with(".onnx") {
        return syrinx_judge::from_file(Path::new(name)).map_err(|e| match e {
            syrinx_engine::ModelError::NotAnInstrument(why) => format!("{name} is not a Syrinx instrument: {why}").into(),
            e => Failure::from(e),
        });
    }
    let known: Vec<_> = syrinx_models::ids().collect();
    Err(format!("there is no instrument {name:?}: give a model file (.onnx) or one of {}", known.join(", ")).into())
}

/// What an engine plays: all factory instruments and the one asked for, and the number that calls that one up.
pub struct Palette {
    /// Every instrument that can be called up.
    pub instruments: Vec<(u8, Arc<Model>)>,
    /// The one asked for.
    pub number: u8,
}

impl Palette {
    /// The one asked for.
    pub fn model(&self) -> &Arc<Model> {
        let asked_for = self.instruments.iter().rfind(|(number, _)| *number == self.number);
        &asked_for.expect("it was put there").1
    }
}

/// The palette around the instrument called `name`: a factory instrument's id, or the path of a model file.
pub fn palette(name: &str) -> Result<Palette, Failure> {
    let mut instruments = syrinx_models::factory().to_vec();
    if let Some(number) = syrinx_models::number(name) {
        return Ok(Palette { instruments, number });
    }
    instruments.push((OWN_INSTRUMENT, instrument(name)?));
    Ok(Palette { instruments, number: OWN_INSTRUMENT })
}

/// A bar with the time left, on a terminal; nothing elsewhere.
pub fn bar(total: u64, what: &'static str) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{prefix:>10} {bar:40} {percent:>3} %  {msg}  {eta} left").expect("a fixed template");
    ProgressBar::new(total).with_style(style).with_prefix(what)
}

/// The same for bytes of a long file, with its pace.
pub fn bytes_bar(total: u64, what: &'static str) -> ProgressBar {
    let template =
        "{prefix:>10} {bar:40} {percent:>3} %  {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}  {eta} left";
    ProgressBar::new(total).with_style(ProgressStyle::with_template(template).expect("a fixed template")).with_prefix(what)
}

/// Makes a folder, with those it lies in, where it is not there yet.
pub fn create_folder(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path).map_err(|e| format!("{}: {e}", path.display()).into())
}

/// Writes a text file whole or not at all.
pub fn write_text(path: &Path, text: &str) -> Result<(), Failure> {
    write_bytes(path, text.as_bytes())
}

/// Writes a file whole or not at all.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    Ok(syrinx_file::write_bytes(path, bytes)?)
}

/// Writes what a command was asked to write: a file, whole or not at all, or standard output where it is called `-`.
pub fn write_output(path: &Path, write: impl FnOnce(&mut Output) -> Result<(), Failure>) -> Result<(), Failure> {
    if path == Path::new(STDOUT) { write_to_stdout(write) } else { write_whole(path, write) }
}

/// How standard output is called on the command line.
const STDOUT: &str = "-";

/// Refuses to write over one of the files that are read.
pub fn spare(inputs: &[&Path], output: &Path) -> Result<(), Failure> {
    match inputs.iter().find(|input| is_same_file(input, output)) {
        None => Ok(()),
        Some(input) => Err(format!("writing {} would overwrite {}, which is read", output.display(), input.display()).into()),
    }
}

/// Whether a command ended because nobody reads what it writes any more.
pub fn is_broken_pipe(failure: &(dyn std::error::Error + 'static)) -> bool {
    let of_file = failure.downcast_ref::<WriteError>();
    let of_sound = failure.downcast_ref::<AudioError>().and_then(|failure| match failure {
        AudioError::Write(failure) => Some(failure),
        _ => None,
    });
    of_file.or(of_sound).is_some_and(WriteError::is_broken_pipe)
}
