//! The picture of a training: a recording that was held out beside what the instrument makes of it, and a voice beside what the
//! instrument makes of that. Drawn on the chores' only thread.

use super::{TITLE_PX, on_page, spectrogram};
use crate::Failure;
use crate::sound::Sound;
use std::path::Path;

/// Width and height in pixels.
const SIZE: (u32, u32) = (1360, 744);
/// Most of a sound that is shown, s.
const LONGEST_S: f64 = 6.0;
/// Most marks on a time axis.
const TIME_MARKS: usize = 7;

/// A recording and the instrument's answer to it.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// What stands above the recording.
    pub heard_title: &'a str,
    /// The recording.
    pub heard: &'a Sound,
    /// What stands above the answer.
    pub played_title: &'a str,
    /// The instrument's answer, aligned with it.
    pub played: &'a Sound,
}

/// Draws two pairs, one above the other, under `title`, into the PNG file `path`.
pub fn draw(title: &str, pairs: [Pair<'_>; 2], path: &Path) -> Result<(), Failure> {
    on_page(title, SIZE, path, |page| {
        let (upper, lower) = page.split_vertically((SIZE.1 - TITLE_PX) / 2);
        for (canvas, pair) in [upper, lower].iter().zip(&pairs) {
            let (left, right) = canvas.split_horizontally(SIZE.0 / 2);
            let seconds = pair.heard.seconds().clamp(0.1, LONGEST_S);
            let sounds = [(&left, pair.heard_title, pair.heard), (&right, pair.played_title, pair.played)];
            spectrogram::all(&sounds, seconds, TIME_MARKS)?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pairs_become_a_png_of_the_promised_size() {
        let tone = |hz: f32| Sound {
            samples: (0..48_000).map(|n| 0.3 * (std::f32::consts::TAU * hz * n as f32 / 48_000.0).sin()).collect(),
            sample_rate_hz: 48_000,
        };
        let (low, high) = (tone(500.0), tone(5000.0));
        let pair = Pair { heard_title: "Recorded", heard: &low, played_title: "Played", played: &high };
        let path = std::env::temp_dir().join(format!("xtask-quartet-{}.png", std::process::id()));
        draw("A test", [pair, pair], &path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!((number(16), number(20)), SIZE);
        assert!(bytes.len() > 10_000, "{} bytes", bytes.len());
    }
}
