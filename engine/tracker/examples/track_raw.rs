//! Tracks a file of raw mono samples and prints what the tracker says, frame by frame, as CSV.
//!
//! `cargo run --release -p syrinx-tracker --example track_raw -- FILE.f32 RATE [live|glides|studio]`
//!
//! FILE holds 32-bit little-endian floats. `glides`: live, as the instrument is played, glides continued to where they are by now.
//! `time_s` is the input consumed when the value came out.

use std::error::Error;
use std::io::Write;

use syrinx_tracker::{FrameClock, LatencyMode, Tracker, TrackerConfig};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let (Some(path), Some(rate)) = (args.get(1), args.get(2)) else {
        return Err("usage: track_raw FILE.f32 RATE [live|glides|studio]".into());
    };
    let rate: u32 = rate.parse()?;
    let (mode, continue_glides) = match args.get(3).map(String::as_str) {
        None | Some("live") => (LatencyMode::Live, false),
        Some("glides") => (LatencyMode::Live, true),
        Some("studio") => (LatencyMode::Studio, false),
        Some(other) => return Err(format!("the mode is live, glides or studio, not {other}").into()),
    };
    let samples: Vec<f32> = std::fs::read(path)?.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    let mut tracker = Tracker::new(rate, TrackerConfig { mode, continue_glides, ..Default::default() })?;
    let clock = FrameClock::new(rate);
    let mut frames = Vec::new();
    for block in samples.chunks(64) {
        tracker.process(block, |f| frames.push(f));
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    writeln!(out, "time_s,f0_hz,voiced,confidence,loudness_db")?;
    for f in frames {
        let time_s = clock.end_of(f.frame) as f64 / f64::from(rate);
        let voiced = u8::from(f.confidence >= 0.5);
        writeln!(out, "{time_s:.6},{:.4},{voiced},{:.5},{:.2}", f.f0_hz, f.confidence, f.loudness_db)?;
    }
    Ok(())
}
