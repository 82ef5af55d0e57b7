//! The picture of one held note: levels of its lowest harmonics over time, recorded and played, side by side. Drawn on the chores' only thread.

use super::{BOTTOM_PX, FACE, FAINT, HEAD_PX, INK, LEFT_PX, heading, on_page, time_mark};
use crate::Failure;
use plotters::prelude::*;
use std::path::Path;

/// Width and height in pixels.
const SIZE: (u32, u32) = (1360, 440);
/// Room right of a panel.
const MARGIN_PX: u32 = 24;
/// Levels come so many times a second.
const FRAMES_PER_S: f64 = 250.0;
/// Most of a note that is shown, s.
const LONGEST_S: f64 = 3.0;
/// Levels are drawn down to this far below the loudest of both, dB.
const DEPTH_DB: f64 = 60.0;
/// One for each harmonic, from the lowest (Okabe and Ito 2008).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 0, 0),
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
];

/// Draws the levels, dB, one list for each harmonic, of a note as it was recorded and as it is played under `title`, into the PNG file `path`.
pub fn draw(title: &str, levels: [&[Vec<f32>]; 2], path: &Path) -> Result<(), Failure> {
    let loudest = levels.iter().flat_map(|l| l.iter()).flatten().copied().fold(-200.0, f32::max);
    let high = (f64::from(loudest) / 10.0).ceil() * 10.0;
    let frames = levels[0].first().map_or(0, Vec::len);
    let seconds = (frames as f64 / FRAMES_PER_S).clamp(0.1, LONGEST_S);
    on_page(&format!("{title}: the lowest six harmonics of a held note"), SIZE, path, |page| {
        let (left, right) = page.split_horizontally(SIZE.0 / 2);
        for (canvas, name, levels) in [(left, "Recorded", levels[0]), (right, "Played", levels[1])] {
            heading(&canvas, name)?;
            let mut chart = ChartBuilder::on(&canvas)
                .margin_top(HEAD_PX)
                .margin_right(MARGIN_PX)
                .set_label_area_size(LabelAreaPosition::Left, LEFT_PX)
                .set_label_area_size(LabelAreaPosition::Bottom, BOTTOM_PX)
                .build_cartesian_2d(0.0..seconds, high - DEPTH_DB..high)?;
            chart
                .configure_mesh()
                .light_line_style(WHITE)
                .bold_line_style(FAINT)
                .label_style((FACE, 16).into_font().color(&INK))
                .axis_style(INK)
                .x_label_formatter(&time_mark)
                .y_label_formatter(&|db| format!("{db:.0} dB"))
                .draw()?;
            for (levels, colour) in levels.iter().zip(COLOURS) {
                let points = levels.iter().enumerate().map(|(n, db)| (n as f64 / FRAMES_PER_S, f64::from(*db)));
                let shown = points.take_while(|(t, _)| *t <= seconds).map(|(t, db)| (t, db.max(high - DEPTH_DB)));
                chart.draw_series(LineSeries::new(shown, colour.stroke_width(2)))?;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_becomes_a_png_of_the_promised_size() {
        let levels = |depth: f32| -> Vec<Vec<f32>> {
            (0..6).map(|k| (0..500).map(|n| -20.0 - 5.0 * k as f32 + depth * (n as f32 * 0.1).sin()).collect()).collect()
        };
        let path = std::env::temp_dir().join(format!("xtask-envelopes-{}.png", std::process::id()));
        for [recorded, played] in [[levels(3.0), levels(1.0)], [vec![], vec![]]] {
            draw("A test", [&recorded, &played], &path).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
            assert_eq!((number(16), number(20)), (SIZE.0, SIZE.1));
        }
    }
}
