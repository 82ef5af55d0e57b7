//! How an instrument followed a voice of which the truth is known.

use crate::{FRAME_RATE_HZ, RATE_HZ, heard, k_levels};
use syrinx_singer::DemoVoice;
use syrinx_tracker::Features;

/// How far `a` lies above `b`, both in Hz, in cents.
pub fn cents(a: f32, b: f64) -> f64 {
    1200.0 * (f64::from(a) / b).log2()
}

/// The same, whatever the octave.
pub fn cents_of_any_octave(a: f32, b: f64) -> f64 {
    let off = cents(a, b);
    off - 1200.0 * (off / 1200.0).round()
}

/// How an instrument followed a voice of which the truth is known.
#[derive(Debug)]
pub struct Following {
    /// Share of surely voiced frames whose output pitch is within 50 cents of the voice's, transposed.
    pub within_50_cents: f64,
    /// The same, in whichever octave: instruments of several reeds or pipes a note sound in more than one.
    pub within_any_octave: f64,
    /// Mean |loudness out - loudness in|, K-weighted, over surely voiced frames, dB.
    pub loudness_error_db: f64,
    /// Frames that counted.
    pub frames: usize,
}

/// Compares an instrument's output with the voice, frame by frame. Frames within 60 ms of a change of voicing do not count: there, the
/// voice itself is in doubt.
pub fn following(voice: &DemoVoice, out: &[f32], semitones: f64) -> Following {
    following_sung(voice, &heard(RATE_HZ, &voice.samples), out, semitones)
}

/// The same of a voice that has been heard already, as [`heard`](crate::heard) does.
pub fn following_sung(voice: &DemoVoice, sung: &[Features], out: &[f32], semitones: f64) -> Following {
    let played = heard(RATE_HZ, out);
    let (sung_db, played_db) = (k_levels(&voice.samples), k_levels(out));
    let sure = |time_s: f64| {
        (-15..=15).all(|i| {
            let truth = voice.truth_at(time_s + f64::from(i) / FRAME_RATE_HZ);
            truth.voiced && truth.certain
        })
    };
    let (mut frames, mut within, mut any, mut error) = (0, 0, 0, 0.0);
    for n in 0..sung.len().min(played.len()).min(sung_db.len()).min(played_db.len()) {
        let time_s = n as f64 / FRAME_RATE_HZ;
        if sure(time_s) {
            frames += 1;
            let target = voice.truth_at(time_s).f0_hz * (semitones / 12.0).exp2();
            let f0_hz = played[n].f0_hz;
            within += usize::from(f0_hz > 0.0 && cents(f0_hz, target).abs() < 50.0);
            any += usize::from(f0_hz > 0.0 && cents_of_any_octave(f0_hz, target).abs() < 50.0);
            error += f64::from(played_db[n] - sung_db[n]).abs();
        }
    }
    assert!(frames > 200, "only {frames} frames are surely voiced");
    let share = |count: usize| count as f64 / frames as f64;
    Following { within_50_cents: share(within), within_any_octave: share(any), loudness_error_db: error / frames as f64, frames }
}
