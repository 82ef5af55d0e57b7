//! The picture of a piece: each of its parts, one under the other, over one time axis. Drawn on the chores' only thread.

use super::{TITLE_PX, on_page, spectrogram};
use crate::Failure;
use crate::sound::Sound;
use std::path::Path;

/// Width of the picture, and height of a part, pixels.
const WIDTH_PX: u32 = 1600;
const PART_PX: u32 = 260;
/// Most marks on the time axis.
const TIME_MARKS: usize = 16;

/// Draws named parts under `title` into the PNG file `path`.
pub fn draw(title: &str, parts: &[(String, &Sound)], path: &Path) -> Result<(), Failure> {
    let seconds = parts.iter().map(|(_, sound)| sound.seconds()).fold(0.1, f64::max);
    on_page(title, (WIDTH_PX, TITLE_PX + PART_PX * parts.len() as u32), path, |page| {
        let rows = page.split_evenly((parts.len(), 1));
        let sounds: Vec<_> = rows.iter().zip(parts).map(|(row, (name, sound))| (row, name.as_str(), *sound)).collect();
        spectrogram::all(&sounds, seconds, TIME_MARKS)
    })
}
