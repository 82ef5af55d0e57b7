//! `syrinx track`: what the tracker hears, as CSV that the pitch scorers read.

use crate::common::{Failure, Latency, bar, write_text};
use std::{fmt::Write, path::PathBuf};
use syrinx_analysis::read_audio;
use syrinx_engine::{Tracker, TrackerConfig};
use syrinx_tracker::FrameClock;

/// Samples tracked between two updates of the progress bar.
const STEP: usize = 16_384;

#[derive(clap::Args)]
pub struct Args {
    /// The voice: WAV, FLAC, MP3 or Ogg, at any rate.
    input: PathBuf,
    /// The CSV file to write: time_s,f0_hz,voiced,confidence,loudness_db. time_s is the input time consumed when the row came out.
    #[arg(short, long, value_name = "OUT.csv")]
    output: PathBuf,
    /// Latency mode.
    #[arg(long, value_enum, default_value = "live")]
    latency: Latency,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let voice = read_audio(&args.input)?;
    let rate = voice.sample_rate_hz;
    let mut tracker = Tracker::new(rate, TrackerConfig { mode: args.latency.into(), ..TrackerConfig::default() })?;
    let clock = FrameClock::new(rate);
    let mut csv = String::from("time_s,f0_hz,voiced,confidence,loudness_db\n");
    let mono = voice.mono();
    let progress = bar(mono.len() as u64, "tracking");
    for block in mono.chunks(STEP) {
        tracker.process(block, |f| {
            let time_s = clock.end_of(f.frame) as f64 / f64::from(rate);
            let voiced = u8::from(f.confidence >= 0.5);
            writeln!(csv, "{time_s:.6},{:.3},{voiced},{:.4},{:.2}", f.f0_hz, f.confidence, f.loudness_db)
                .expect("a string takes all");
        });
        progress.inc(block.len() as u64);
    }
    progress.finish_and_clear();
    write_text(&args.output, &csv)
}
