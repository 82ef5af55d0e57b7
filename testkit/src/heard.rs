//! What a listener hears of a sound, for the tests of the command line and of the plugin in hosts.

use syrinx_tracker::{FRAME_RATE_HZ, Features, LatencyMode, Tracker, TrackerConfig};

/// What the tracker hears with look-ahead, every squeak included, in frames of time `n / FRAME_RATE_HZ` of the sound itself: the delay is
/// taken off.
pub fn heard(rate_hz: u32, sound: &[f32]) -> Vec<Features> {
    let config = TrackerConfig { mode: LatencyMode::Studio, expect_consonants: false, ..TrackerConfig::default() };
    let mut tracker = Tracker::new(rate_hz, config).unwrap();
    let delay = tracker.delay_samples();
    let mut frames = Vec::new();
    let padded: Vec<f32> = sound.iter().copied().chain(std::iter::repeat_n(0.0, delay)).collect();
    tracker.process(&padded, |f| frames.push(f));
    // Frame n describes the instant end_of(n) - delay.
    let shift = (delay as f64 / f64::from(rate_hz) * f64::from(FRAME_RATE_HZ)).round() as usize;
    frames.drain(..shift.saturating_sub(1));
    frames
}
