//! `syrinx track`: what the tracker hears, as CSV that the pitch scorers read.

use crate::{
    common::{Failure, Latency, spare, write_output},
    voice::Recording,
};
use std::path::{Path, PathBuf};
use syrinx_analysis::FORMATS;
use syrinx_engine::{Calibration, LatencyMode, Tracker, TrackerConfig};
use syrinx_tracker::{FrameClock, csv};

#[derive(clap::Args)]
pub struct Args {
    #[arg(help = format!("The voice: {FORMATS}, at any rate"))]
    input: PathBuf,
    /// The CSV file to write, - for standard output: time_s,f0_hz,voiced,confidence,loudness_db. time_s is the input time consumed when the row came out.
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
    let inputs: Vec<&Path> = std::iter::once(&args.input).chain(&args.calibrate).map(PathBuf::as_path).collect();
    spare(&inputs, &args.output)?;
    let voice = Recording::scan(&args.input)?;
    voice.tell();
    let rate = voice.sample_rate_hz();
    let mut tracker = Tracker::new(rate, TrackerConfig { mode: args.latency.into(), ..TrackerConfig::default() })?;
    if let Some(glide) = &args.calibrate {
        let (low, high) = range(glide)?;
        eprintln!("the voice sings from {low:.0} to {high:.0} Hz (--set voice_low={low:.1} --set voice_high={high:.1})");
        tracker.set_range(low, high);
    }
    let clock = FrameClock::new(rate);
    write_output(&args.output, |output| {
        output.put(format!("{}\n", csv::HEADER).as_bytes())?;
        voice.each_block("tracking", |block| {
            let mut rows = String::new();
            tracker.process(block, |f| {
                let time_s = clock.end_of(f.frame) as f64 / f64::from(rate);
                rows += &csv::row(time_s, &f);
                rows.push('\n');
            });
            Ok(output.put(rows.as_bytes())?)
        })
    })
}

/// The range of the voice that glides in a recording, Hz.
fn range(path: &Path) -> Result<(f32, f32), Failure> {
    let glide = Recording::scan(path)?;
    let config = TrackerConfig { mode: LatencyMode::Studio, ..TrackerConfig::default() };
    let mut tracker = Tracker::new(glide.sample_rate_hz(), config)?;
    let mut calibration = Calibration::default();
    glide.each_block("listening", |block| {
        tracker.process(block, |f| calibration.hear(&f));
        Ok(())
    })?;
    calibration.range_hz().ok_or_else(|| format!("{}: there is no glide to be heard", path.display()).into())
}
