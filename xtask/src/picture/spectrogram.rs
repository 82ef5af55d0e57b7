//! Spectrograms: measured per pixel, and drawn with their scale.

use super::{BOTTOM_PX, Canvas, DEPTH_DB, FACE, HEAD_PX, INK, LEFT_PX, RIGHT_PX, TOP_HZ, colour::inferno, heading, time_mark};
use crate::Failure;
use crate::sound::Sound;
use plotters::element::BitMapElement;
use plotters::prelude::*;
use syrinx_fft::Planner;

/// Length of the window in seconds, before rounding up to a power of two samples: long enough to part the harmonics of a bass.
const WINDOW_S: f64 = 0.04;

/// The spectrum is read this much finer than the window resolves, so that ridges are round.
const PADDING: usize = 4;

/// Levels are drawn in steps of this, dB: finer ones are not seen, and make the file several times as large.
const COLOUR_DB: f64 = 2.5;

/// What silence is drawn as, dB.
const FLOOR_DB: f64 = -200.0;

/// Level of a sound at each pixel: dB re a full-scale sine.
struct Spectrogram {
    width: usize,
    height: usize,
    /// Row by row from the top.
    db: Vec<f64>,
}

impl Spectrogram {
    /// The first `seconds` of `sound` from 0 to `top_hz`, one column a pixel. Beyond the sound and beyond Nyquist there is silence.
    fn new(sound: &Sound, seconds: f64, top_hz: f64, width: usize, height: usize) -> Self {
        let rate = f64::from(sound.sample_rate_hz);
        let window = ((WINDOW_S * rate) as usize).next_power_of_two();
        let size = window * PADDING;
        let fft = Planner::<f32>::new().plan_fft_forward(size);
        let hann: Vec<f32> = (0..window).map(|n| 0.5 - 0.5 * (std::f32::consts::TAU * n as f32 / window as f32).cos()).collect();
        let (mut input, mut output, mut scratch) = (fft.make_input_vec(), fft.make_output_vec(), fft.make_scratch_vec());
        let mut db = vec![FLOOR_DB; width * height];
        for x in 0..width {
            let centre = ((x as f64 + 0.5) / width as f64 * seconds * rate) as i64;
            input.fill(0.0);
            for (n, weight) in hann.iter().enumerate() {
                let at = centre - window as i64 / 2 + n as i64;
                if let Some(sample) = usize::try_from(at).ok().and_then(|at| sound.samples.get(at)).filter(|s| s.is_finite()) {
                    input[n] = sample * weight;
                }
            }
            fft.process_with_scratch(&mut input, &mut output, &mut scratch).expect("buffers made by the plan itself");
            // A full-scale sine has a line of a quarter of the window.
            let level = |bin: usize| output.get(bin).map_or(0.0, |c| f64::from(c.norm())) / (window as f64 / 4.0);
            for y in 0..height {
                let bin_at = |edge: f64| (edge / height as f64 * top_hz / rate * size as f64).max(0.0);
                let (low, high) = (bin_at((height - y) as f64 - 1.0), bin_at((height - y) as f64));
                // The highest of the bins under the pixel, so that no partial falls between rows.
                let peak =
                    (low.ceil() as usize..=(high.floor() as usize).max(low.ceil() as usize)).map(level).fold(0.0, f64::max);
                db[y * width + x] = (20.0 * peak.log10()).max(FLOOR_DB);
            }
        }
        Self { width, height, db }
    }

    /// The highest level.
    fn loudest_db(&self) -> f64 {
        self.db.iter().copied().fold(FLOOR_DB, f64::max)
    }
}

/// Draws sounds on canvases of one size, each under its title, on one scale, so that colours can be compared.
pub(super) fn all(sounds: &[(&Canvas<'_>, &str, &Sound)], seconds: f64, time_marks: usize) -> Result<(), Failure> {
    let picture = |(canvas, _, sound): &(&Canvas<'_>, &str, &Sound)| {
        let (width, height) = canvas.dim_in_pixel();
        let (width, height) = (width - LEFT_PX - RIGHT_PX, height - HEAD_PX - BOTTOM_PX);
        Spectrogram::new(sound, seconds, TOP_HZ, width as usize, height as usize)
    };
    let pictures: Vec<Spectrogram> = sounds.iter().map(picture).collect();
    let loudest = pictures.iter().map(Spectrogram::loudest_db).fold(-100.0, f64::max);
    // A whole multiple of 10 dB.
    let top_db = (loudest / 10.0).ceil() * 10.0;
    for ((canvas, title, _), picture) in sounds.iter().zip(&pictures) {
        panel(canvas, title, picture, seconds, top_db, time_marks)?;
    }
    Ok(())
}

/// Draws `picture` with its axes, at most `time_marks` on that of time, and its scale of colours, whose top is `top_db`.
fn panel(
    canvas: &Canvas<'_>,
    title: &str,
    picture: &Spectrogram,
    seconds: f64,
    top_db: f64,
    time_marks: usize,
) -> Result<(), Failure> {
    heading(canvas, title)?;
    let colour_of = |db: f64| inferno(((db / COLOUR_DB).round() * COLOUR_DB - top_db + DEPTH_DB) / DEPTH_DB);
    let mut chart = ChartBuilder::on(canvas)
        .margin_top(HEAD_PX)
        .margin_right(RIGHT_PX)
        .set_label_area_size(LabelAreaPosition::Left, LEFT_PX)
        .set_label_area_size(LabelAreaPosition::Bottom, BOTTOM_PX)
        .build_cartesian_2d(0.0..seconds, 0.0..TOP_HZ / 1000.0)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .label_style((FACE, 16).into_font().color(&INK))
        .axis_style(INK)
        .x_labels(time_marks)
        .y_labels(7)
        .x_label_formatter(&time_mark)
        .y_label_formatter(&|khz| format!("{khz:.0} kHz"))
        .draw()?;
    let pixels: Vec<u8> = picture.db.iter().flat_map(|&db| colour_of(db)).collect();
    let size = (picture.width as u32, picture.height as u32);
    let place = (LEFT_PX as i32, HEAD_PX as i32);
    let bitmap = BitMapElement::with_owned_buffer(place, size, pixels).ok_or("a spectrogram has the wrong size")?;
    canvas.draw(&bitmap)?;

    // The scale.
    let left = (LEFT_PX + picture.width as u32 + 22) as i32;
    let top = HEAD_PX as i32;
    for y in 0..picture.height as i32 {
        let db = top_db - DEPTH_DB * f64::from(y) / picture.height as f64;
        let [r, g, b] = colour_of(db);
        canvas.draw(&Rectangle::new([(left, top + y), (left + 16, top + y + 1)], RGBColor(r, g, b).filled()))?;
    }
    for step in 0..=(DEPTH_DB / 20.0) as i32 {
        let y = top + (f64::from(step) * 20.0 / DEPTH_DB * picture.height as f64) as i32;
        let text = format!("{} dB", top_db as i32 - 20 * step);
        canvas.draw(&Text::new(text, (left + 22, (y - 8).max(top - 2)), (FACE, 15).into_font().color(&INK)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_is_one_bright_line_at_its_place_and_level() {
        let samples = (0..48_000).map(|n| 0.5 * (std::f32::consts::TAU * 3000.0 * n as f32 / 48_000.0).sin()).collect();
        let picture = Spectrogram::new(&Sound { samples, sample_rate_hz: 48_000 }, 1.0, 12_000.0, 100, 240);
        let column: Vec<f64> = (0..240).map(|y| picture.db[y * 100 + 50]).collect();
        let brightest = (0..240).max_by(|&a, &b| column[a].total_cmp(&column[b])).unwrap();
        // Row 180 of 240 from the top is a quarter of the way up; the line may fall on either side of the border.
        assert!((179..=180).contains(&brightest), "{brightest}");
        assert!((column[brightest] + 6.02).abs() < 0.1, "{}", column[brightest]);
        assert!(column[100] < -80.0);
    }

    #[test]
    fn beyond_nyquist_and_beyond_the_end_there_is_silence() {
        let samples = (0..8000).map(|n| if n % 2 == 0 { 0.5 } else { -0.25 }).collect();
        let picture = Spectrogram::new(&Sound { samples, sample_rate_hz: 16_000 }, 2.0, 12_000.0, 50, 60);
        assert_eq!(picture.db[5 * 50 + 5], FLOOR_DB);
        assert_eq!(picture.db[50 * 50 + 40], FLOOR_DB);
    }
}
