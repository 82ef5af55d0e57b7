//! Pictures of what is learned: which pitches were played how loudly, and spectrograms.

use super::{
    live::note_name,
    paint::{text, well},
    theme::{TINY, Theme},
};
use crate::learn::coverage::{Coverage, LEVEL_DB, LEVELS, LOWEST_DB};
use egui::{Align2, Color32, ColorImage, Rect, Stroke, Ui, pos2, vec2};
use syrinx_fft::Planner;

/// Keys from left to right, MIDI, and the levels that are shown.
const NOTES: (usize, usize) = (24, 108);
const FIRST_LEVEL: usize = 4;
/// Seconds of a cell that light it up wholly.
const FULL_S: f32 = 1.0;
/// Height of the names below.
const NAMES: f32 = 16.0;

/// Draws what was played; `now` is the note that sounds, and its level in dB.
pub fn field(ui: &Ui, rect: Rect, theme: &Theme, coverage: &Coverage, now: Option<(f32, f32)>) {
    well(ui, rect, theme);
    let plot = Rect::from_min_max(rect.min + vec2(8.0, 8.0), rect.max - vec2(8.0, NAMES + 4.0));
    let wide = plot.width() / (NOTES.1 - NOTES.0 + 1) as f32;
    let high = plot.height() / (LEVELS - FIRST_LEVEL) as f32;
    let x = |note: f32| plot.left() + wide * (note - NOTES.0 as f32);
    let y = |level: f32| plot.bottom() - high * (level - FIRST_LEVEL as f32);
    let painter = ui.painter().with_clip_rect(rect);
    for note in (NOTES.0..=NOTES.1).filter(|note| note % 12 == 0) {
        painter.vline(x(note as f32), plot.y_range(), Stroke::new(1.0, theme.line));
        text(
            &painter,
            pos2(x(note as f32 + 0.5), rect.bottom() - 4.0),
            Align2::CENTER_BOTTOM,
            &note_name(note as f32),
            TINY,
            theme.muted,
        );
    }
    for (from, to) in coverage.gaps() {
        let gap = Rect::from_x_y_ranges(x(from.into())..=x(f32::from(to) + 1.0), plot.y_range());
        painter.rect_filled(gap, 3, theme.faint(theme.alarm, 0.14));
        let words = if gap.width() > 90.0 {
            format!("nothing from {} to {}", note_name(from.into()), note_name(to.into()))
        } else {
            "?".into()
        };
        text(&painter, gap.center_top() + vec2(0.0, 8.0), Align2::CENTER_TOP, &words, TINY, theme.alarm);
    }
    for (note, levels) in coverage.cells().iter().enumerate().take(NOTES.1 + 1).skip(NOTES.0) {
        for (level, seconds) in levels.iter().enumerate().skip(FIRST_LEVEL).filter(|(_, seconds)| **seconds > 0.01) {
            let cell = Rect::from_min_size(pos2(x(note as f32), y(level as f32 + 1.0)), vec2(wide, high)).shrink(0.5);
            let lit = (seconds / FULL_S).sqrt().clamp(0.15, 1.0);
            painter.rect_filled(cell, 1, theme.between(theme.well, theme.b, lit));
        }
    }
    for (level, words) in [(0.0, "loud"), (1.0, "soft")] {
        let at = plot.left_top() + vec2(2.0, level * (plot.height() - 12.0));
        text(&painter, at, Align2::LEFT_TOP, words, TINY, theme.muted);
    }
    if let Some((note, loudness_db)) = now {
        let at = pos2(x(note + 0.5), y((loudness_db - LOWEST_DB) / LEVEL_DB).clamp(plot.top(), plot.bottom()));
        painter.circle_filled(at, 5.0, theme.voice);
        painter.circle_stroke(at, 8.0, Stroke::new(1.5, theme.faint(theme.voice, 0.5)));
    }
}

/// Columns and rows of a spectrogram, and what lies from the top to the bottom, Hz and dB.
const SIZE: [usize; 2] = [320, 96];
const RANGE_HZ: (f32, f32) = (80.0, 14_000.0);
const RANGE_DB: (f32, f32) = (-100.0, -20.0);
const WINDOW: usize = 2048;

/// Levels of a sound over time and frequency, dB, from the lowest frequency up: [`SIZE`] columns and rows.
pub fn spectrogram(samples: &[f32], rate_hz: f32) -> Vec<f32> {
    let transform = Planner::<f32>::new().plan_fft_forward(WINDOW);
    let (mut frame, mut spectrum) = (transform.make_input_vec(), transform.make_output_vec());
    let hann = |n: usize| 0.5 - 0.5 * (std::f32::consts::TAU * n as f32 / WINDOW as f32).cos();
    let bin = |row: f32| RANGE_HZ.0 * (RANGE_HZ.1 / RANGE_HZ.0).powf(row / SIZE[1] as f32) * WINDOW as f32 / rate_hz;
    let mut levels = Vec::with_capacity(SIZE[0] * SIZE[1]);
    for column in 0..SIZE[0] {
        let middle = samples.len() * (2 * column + 1) / (2 * SIZE[0]);
        for (n, sample) in frame.iter_mut().enumerate() {
            let at = (middle + n).checked_sub(WINDOW / 2);
            *sample = hann(n) * at.and_then(|at| samples.get(at)).copied().unwrap_or(0.0);
        }
        if transform.process(&mut frame, &mut spectrum).is_err() {
            spectrum.fill(Default::default());
        }
        levels.extend((0..SIZE[1]).map(|row| {
            let (from, to) = (bin(row as f32) as usize, bin(row as f32 + 1.0).ceil() as usize);
            let loudest = spectrum[from.min(WINDOW / 2)..=to.min(WINDOW / 2)].iter().map(|c| c.norm_sqr()).fold(0.0, f32::max);
            // A sine at full scale is 0 dB.
            10.0 * (loudest * (4.0 / WINDOW as f32).powi(2)).max(1e-14).log10()
        }));
    }
    levels
}

/// The picture of a spectrogram, from the ground up to a colour.
pub fn image(levels: &[f32], theme: &Theme, colour: Color32) -> ColorImage {
    let pixel = |n: usize| {
        let (column, row) = (n % SIZE[0], SIZE[1] - 1 - n / SIZE[0]);
        let share = (levels[column * SIZE[1] + row] - RANGE_DB.0) / (RANGE_DB.1 - RANGE_DB.0);
        let share = share.clamp(0.0, 1.0);
        if share < 0.7 {
            theme.between(theme.well, colour, share / 0.7)
        } else {
            theme.between(colour, theme.text, (share - 0.7) / 0.3)
        }
    };
    ColorImage::new(SIZE, (0..SIZE[0] * SIZE[1]).map(pixel).collect())
}

/// Draws a spectrogram; `along` is how much of it was played.
pub fn show(ui: &Ui, rect: Rect, theme: &Theme, texture: &egui::TextureHandle, along: Option<f32>) {
    well(ui, rect, theme);
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    let inner = rect.shrink(2.0);
    ui.painter().image(texture.id(), inner, whole, Color32::WHITE);
    if let Some(along) = along {
        ui.painter().vline(inner.left() + along * inner.width(), inner.y_range(), Stroke::new(1.5, theme.voice));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_is_a_line_at_its_frequency_and_level() {
        let samples: Vec<f32> = (0..48_000).map(|n| 0.1 * (std::f32::consts::TAU * 1000.0 * n as f32 / 48_000.0).sin()).collect();
        let levels = spectrogram(&samples, 48_000.0);
        let column = &levels[160 * SIZE[1]..161 * SIZE[1]];
        let loudest = (0..SIZE[1]).max_by(|a, b| column[*a].total_cmp(&column[*b])).unwrap();
        let hz = RANGE_HZ.0 * (RANGE_HZ.1 / RANGE_HZ.0).powf((loudest as f32 + 0.5) / SIZE[1] as f32);
        assert!((hz / 1000.0).log2().abs() < 0.1 && (column[loudest] + 20.0).abs() < 1.0, "{hz} Hz, {} dB", column[loudest]);
        assert!(column[loudest + 15] < -80.0);
    }
}
