//! `syrinx track`: what the tracker hears, as CSV that the pitch scorers read.

use crate::common::{Failure, Latency, bar, write_text};
use std::path::{Path, PathBuf};
use syrinx_analysis::read_audio;
use syrinx_engine::{Calibration, LatencyMode, Tracker, TrackerConfig};
use syrinx_tracker::{FrameClock, csv};

/// Samples tracked between two updates of the progress bar.
const STEP: usize = 16_384;

#[derive(clap::Args)]
pub struct Args {
    /// The voice: WAV, FLAC, MP3 or Ogg, at any rate.
    input: PathBuf,
    /// The CSV file to write: time_s,f0_hz,voiced,confidence,loudness_db. time_s is the input time consumed when the row came out.
    #[arg(short, long, value_name = "OUT.csv")]
    output: PathBuf,
    /// A glide from the singer's lowest note to the highest, in a recording of its own: narrows what is listened for.
    #[arg(long, value_name = "GLIDE")]
    calibrate: Option<PathBuf>,
    /// Latency mode.
    #[arg(long, value_enum, default_value = "live")]
    latency: Latency,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let voice = read_audio(&args.input)?;
    let rate = voice.sample_rate_hz;
    let mut tracker = Tracker::new(rate, TrackerConfig { mode: args.latency.into(), ..TrackerConfig::default() })?;
    if let Some(glide) = &args.calibrate {
        let (low, high) = range(glide)?;
        eprintln!("the voice sings from {low:.0} to {high:.0} Hz (--set voice_low={low:.1} --set voice_high={high:.1})");
        tracker.set_range(low, high);
    }
    let clock = FrameClock::new(rate);
    let mut text = format!("{}\n", csv::HEADER);
    let mono = voice.mono();
    let progress = bar(mono.len() as u64, "tracking");
    for block in mono.chunks(STEP) {
        tracker.process(block, |f| {
            let time_s = clock.end_of(f.frame) as f64 / f64::from(rate);
            text += &csv::row(time_s, &f);
            text.push('\n');
        });
        progress.inc(block.len() as u64);
    }
    progress.finish_and_clear();
    write_text(&args.output, &text)
}

/// The range of the voice that glides in a recording, Hz.
fn range(glide: &Path) -> Result<(f32, f32), Failure> {
    let audio = read_audio(glide)?;
    let mut tracker =
        Tracker::new(audio.sample_rate_hz, TrackerConfig { mode: LatencyMode::Studio, ..TrackerConfig::default() })?;
    let mut calibration = Calibration::default();
    tracker.process(&audio.mono(), |f| calibration.hear(&f));
    calibration.range_hz().ok_or_else(|| format!("{}: there is no glide to be heard", glide.display()).into())
}
