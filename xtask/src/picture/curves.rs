//! Pitch and loudness of voice and instrument, on one axis each.

use super::{
    BOTTOM_PX, Canvas, FACE, FAINT, HEAD_PX, INK, INSTRUMENT, LEFT_PX, RIGHT_PX, SIZE, Sheet, VOICE, heading, time_mark,
};
use crate::Failure;
use crate::track::TrackPoint;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;
use std::ops::Range;

/// Loudness is drawn down to this far below the loudest, dB.
const LOUDNESS_DEPTH_DB: f64 = 70.0;

/// A gap in time longer than this breaks a curve, seconds.
const GAP_S: f64 = 0.02;

/// Seconds, and the value where there is one.
type Curve = Vec<(f64, Option<f64>)>;

/// Draws the pitch panel.
pub(super) fn pitch(canvas: &Canvas<'_>, sheet: &Sheet<'_>, seconds: f64) -> Result<(), Failure> {
    heading(canvas, "Pitch")?;
    let notes = |track: &[TrackPoint]| -> Curve { track.iter().map(|p| (p.time_s, p.midi())).collect() };
    let curves = [(notes(sheet.voice_track), VOICE), (notes(sheet.instrument_track), INSTRUMENT)];
    let mut heard: Vec<f64> = curves.iter().flat_map(|(curve, _)| curve.iter().filter_map(|p| p.1)).collect();
    heard.sort_by(f64::total_cmp);
    // A stray octave error should not shrink all else: the axis holds all but the outermost half per cent on each side.
    let at = |share: f64| heard.get(((heard.len().saturating_sub(1)) as f64 * share) as usize).copied();
    let (low, high) = (at(0.005).unwrap_or(57.0).floor() - 2.0, at(0.995).unwrap_or(69.0).ceil() + 2.0);
    let named =
        (low.ceil() as i32..=high.floor() as i32).filter(|&n| worth_naming(n, high - low)).map(f64::from).collect::<Vec<_>>();
    panel(canvas, seconds, Axis { range: low..high, marks: named, name: note_name }, &curves)
}

/// Draws the loudness panel.
pub(super) fn loudness(canvas: &Canvas<'_>, sheet: &Sheet<'_>, seconds: f64) -> Result<(), Failure> {
    heading(canvas, "Loudness, A-weighted")?;
    let levels = |track: &[TrackPoint]| -> Curve {
        track.iter().map(|p| (p.time_s, p.loudness_db.is_finite().then_some(p.loudness_db))).collect()
    };
    let curves = [(levels(sheet.voice_track), VOICE), (levels(sheet.instrument_track), INSTRUMENT)];
    let loudest = curves.iter().flat_map(|(curve, _)| curve.iter().filter_map(|p| p.1)).fold(-100.0, f64::max);
    let high = (loudest / 10.0).ceil() * 10.0;
    let low = high - LOUDNESS_DEPTH_DB;
    let named = (0..=(LOUDNESS_DEPTH_DB / 10.0) as i32).map(|step| low + 10.0 * f64::from(step)).collect::<Vec<_>>();
    panel(canvas, seconds, Axis { range: low..high, marks: named, name: |db| format!("{db:.0} dB") }, &curves)
}

/// A linear axis with marks of our own choosing: plotters would put them at round numbers, and notes are not round.
struct Axis {
    range: Range<f64>,
    marks: Vec<f64>,
    name: fn(f64) -> String,
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.marks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        (self.name)(*value)
    }
}

/// A panel with two curves and their legend. A curve breaks where it has no value.
fn panel(canvas: &Canvas<'_>, seconds: f64, axis: Axis, curves: &[(Curve, RGBColor); 2]) -> Result<(), Failure> {
    let bounds = axis.range.clone();
    let mut chart = ChartBuilder::on(canvas)
        .margin_top(HEAD_PX)
        .margin_right(RIGHT_PX)
        .set_label_area_size(LabelAreaPosition::Left, LEFT_PX)
        .set_label_area_size(LabelAreaPosition::Bottom, BOTTOM_PX)
        .build_cartesian_2d(0.0..seconds, axis)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(FAINT)
        .label_style((FACE, 16).into_font().color(&INK))
        .axis_style(INK)
        .x_labels(16)
        .y_labels(16)
        .x_label_formatter(&time_mark)
        .draw()?;
    for (curve, colour) in curves {
        for run in runs(curve) {
            let inside = run.into_iter().map(|(t, v)| (t, v.clamp(bounds.start, bounds.end)));
            chart.draw_series(LineSeries::new(inside, colour.stroke_width(2)))?;
        }
    }
    let left = (SIZE.0 - RIGHT_PX + 14) as i32;
    for (row, (name, colour)) in [("voice", VOICE), ("instrument", INSTRUMENT)].into_iter().enumerate() {
        let y = HEAD_PX as i32 + 14 + 24 * row as i32;
        canvas.draw(&PathElement::new([(left, y), (left + 18, y)], colour.stroke_width(3)))?;
        canvas.draw(&Text::new(name, (left + 24, y - 8), (FACE, 16).into_font().color(&INK)))?;
    }
    Ok(())
}

/// The unbroken stretches of a curve.
fn runs(curve: &[(f64, Option<f64>)]) -> Vec<Vec<(f64, f64)>> {
    let mut runs: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut last_s = f64::NEG_INFINITY;
    for &(time, value) in curve {
        let Some(value) = value else { continue };
        if time - last_s > GAP_S {
            runs.push(Vec::new());
        }
        runs.last_mut().expect("the first time is far from the start").push((time, value));
        last_s = time;
    }
    runs
}

/// Whether a note is written at the axis: all white keys over a small range, fewer over a large one.
fn worth_naming(midi: i32, range_st: f64) -> bool {
    let shown: &[i32] = match range_st {
        r if r <= 15.0 => &[0, 2, 4, 5, 7, 9, 11],
        r if r <= 30.0 => &[0, 4, 7, 9],
        r if r <= 48.0 => &[0, 7],
        _ => &[0],
    };
    shown.contains(&midi.rem_euclid(12))
}

/// The name of the nearest note: 60 is C4.
fn note_name(midi: f64) -> String {
    const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
    let nearest = midi.round() as i32;
    format!("{}{}", NAMES[nearest.rem_euclid(12) as usize], nearest.div_euclid(12) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_named_as_players_name_them() {
        assert_eq!([60.0, 69.2, 57.6, -1.0].map(note_name), ["C4", "A4", "A#3", "B-2"]);
    }

    #[test]
    fn a_curve_breaks_where_the_voice_does() {
        let curve = [(0.0, Some(1.0)), (0.004, Some(2.0)), (0.008, None), (0.05, Some(3.0))];
        assert_eq!(runs(&curve), [vec![(0.0, 1.0), (0.004, 2.0)], vec![(0.05, 3.0)]]);
    }

    #[test]
    fn wide_ranges_name_fewer_notes() {
        let count = |range| (48..72).filter(|&n| worth_naming(n, range)).count();
        assert_eq!([count(12.0), count(24.0), count(40.0), count(60.0)], [14, 8, 4, 2]);
    }
}
