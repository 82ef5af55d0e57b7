//! The picture of one instrument: the voice that went in, the sound that came out, and the pitch and loudness of both, over one time axis.
//!
//! Drawn on the chores' only thread, with plotters, into a PNG.

mod colour;
mod curves;
pub mod envelopes;
pub mod parts;
pub mod quartet;
mod spectrogram;

use crate::Failure;
use crate::sound::Sound;
use crate::track::TrackPoint;
use plotters::prelude::*;
use plotters::style::register_font;
use std::path::Path;
use std::sync::Once;

/// Width and height in pixels.
const SIZE: (u32, u32) = (1600, 1240);

/// Heights of the title, the two spectrograms, and the pitch panel; loudness has what is left.
const TITLE_PX: u32 = 64;
const SPECTROGRAM_PX: u32 = 330;
const PITCH_PX: u32 = 270;

/// Room left of every plot for its labels, and right of it for the scale and the legends: the same in all, so that time lines up.
const LEFT_PX: u32 = 86;
const RIGHT_PX: u32 = 120;
const BOTTOM_PX: u32 = 44;
const HEAD_PX: u32 = 28;

/// The top of the spectrograms: above it little is left of a voice, while what DDSP's 8 kHz limit cuts off still shows.
const TOP_HZ: f64 = 12_000.0;

/// Most marks on the time axis of a spectrogram as wide as the picture.
const TIME_MARKS: usize = 16;

/// Depth of the spectrograms below the loudest point of both, dB.
const DEPTH_DB: f64 = 85.0;

/// The typeface, carried along so that a picture looks the same on every machine.
const TYPEFACE: &[u8] = include_bytes!("../../assets/fonts/Roboto-Regular.ttf");
const FACE: &str = "Roboto";

const INK: RGBColor = RGBColor(32, 33, 36);
const FAINT: RGBColor = RGBColor(222, 224, 228);
/// Two colours that stay apart for colour-blind eyes too (Okabe and Ito 2008).
const VOICE: RGBColor = RGBColor(0, 114, 178);
const INSTRUMENT: RGBColor = RGBColor(213, 94, 0);

/// All that a picture shows.
#[derive(Clone, Copy, Debug)]
pub struct Sheet<'a> {
    /// What stands above it.
    pub title: &'a str,
    /// The voice that went in.
    pub voice: &'a Sound,
    /// The sound that came out, aligned with it.
    pub instrument: &'a Sound,
    /// Track of the voice.
    pub voice_track: &'a [TrackPoint],
    /// Track of what came out.
    pub instrument_track: &'a [TrackPoint],
}

/// A panel's canvas.
type Canvas<'a> = DrawingArea<BitMapBackend<'a>, plotters::coord::Shift>;

/// Draws `sheet` into the PNG file `path`.
pub fn draw(sheet: &Sheet<'_>, path: &Path) -> Result<(), Failure> {
    on_page(sheet.title, SIZE, path, |page| {
        let (voice, rest) = page.split_vertically(SPECTROGRAM_PX);
        let (instrument, rest) = rest.split_vertically(SPECTROGRAM_PX);
        let (pitch, loudness) = rest.split_vertically(PITCH_PX);
        let seconds = sheet.voice.seconds().max(sheet.instrument.seconds()).max(0.1);
        let sounds = [(&voice, "Voice in", sheet.voice), (&instrument, "Instrument out", sheet.instrument)];
        spectrogram::all(&sounds, seconds, TIME_MARKS)?;
        curves::pitch(&pitch, sheet, seconds)?;
        curves::loudness(&loudness, sheet, seconds)
    })
}

/// Has `draw` fill a white page of `size` pixels under `title`, and writes it into the PNG file `path`.
fn on_page(
    title: &str,
    size: (u32, u32),
    path: &Path,
    draw: impl FnOnce(&Canvas<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    know_typeface();
    let mut pixels = vec![0; (3 * size.0 * size.1) as usize];
    {
        let root = BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area();
        root.fill(&WHITE)?;
        let (head, page) = root.split_vertically(TITLE_PX);
        head.draw(&Text::new(title.to_owned(), (LEFT_PX as i32, 18), (FACE, 30).into_font().color(&INK)))?;
        draw(&page)?;
        root.present()?;
    }
    save(&pixels, size, path)
}

/// Writes `pixels` as a PNG file, as small as it gets: these pictures are kept.
fn save(pixels: &[u8], (width, height): (u32, u32), path: &Path) -> Result<(), Failure> {
    let unwritable = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let file = std::fs::File::create(path).map_err(|e| unwritable(&e))?;
    let mut encoder = png::Encoder::new(std::io::BufWriter::new(file), width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    // Runs of one colour become zeros; with the filters of its own choice the encoder makes files twice as large.
    encoder.set_filter(png::Filter::Sub);
    let mut writer = encoder.write_header().map_err(|e| unwritable(&e))?;
    writer.write_image_data(pixels).map_err(|e| unwritable(&e))?;
    Ok(writer.finish().map_err(|e| unwritable(&e))?)
}

/// Makes the typeface known to plotters.
fn know_typeface() {
    static KNOWN: Once = Once::new();
    KNOWN.call_once(|| {
        // The bytes are a constant of this program and parse; drawing text would say so if they did not.
        let _ = register_font(FACE, FontStyle::Normal, TYPEFACE);
    });
}

/// Writes a panel's heading.
fn heading(canvas: &Canvas<'_>, text: &str) -> Result<(), Failure> {
    canvas.draw(&Text::new(text.to_owned(), (LEFT_PX as i32, 5), (FACE, 19).into_font().color(&INK)))?;
    Ok(())
}

/// A mark on the time axis: whole seconds plainly, others with as many digits as they need.
fn time_mark(t: &f64) -> String {
    // Marks are sums of steps, so they carry rounding errors.
    format!("{} s", (t * 1e3).round() / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_half_seconds_say_so() {
        assert_eq!([0.0, 0.5, 1.0, 0.1 + 0.2].map(|t| time_mark(&t)), ["0 s", "0.5 s", "1 s", "0.3 s"]);
    }

    /// A voice and a plain organ that follows it, made here, so that drawing can be judged without any instrument.
    fn example() -> (Sound, Sound, Vec<TrackPoint>, Vec<TrackPoint>) {
        let voice = syrinx_singer::sing(48_000, 1);
        let mut phase = 0.0f64;
        let mut level = 0.0;
        let organ: Vec<f32> = (0..voice.samples.len())
            .map(|n| {
                let truth = voice.truth_at(n as f64 / 48_000.0);
                phase = (phase + 2.0 * truth.f0_hz / 48_000.0).fract();
                level += 0.001 * (if truth.voiced { 0.15 } else { 0.0 } - level);
                ((1..12).map(|k| (std::f64::consts::TAU * k as f64 * phase).sin() / k as f64).sum::<f64>() * level) as f32
            })
            .collect();
        let track = |samples: &[f32], octave: f64| {
            (1..samples.len() / 192)
                .map(|frame| {
                    let truth = voice.truth_at(frame as f64 * 0.004);
                    let block = &samples[(frame - 1) * 192..(frame + 1) * 192];
                    let power = block.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / block.len() as f64;
                    TrackPoint {
                        time_s: frame as f64 * 0.004,
                        f0_hz: truth.f0_hz * octave,
                        voiced: truth.voiced,
                        loudness_db: 10.0 * (power + 1e-12).log10(),
                    }
                })
                .collect::<Vec<_>>()
        };
        let (voice_track, organ_track) = (track(&voice.samples, 1.0), track(&organ, 2.0));
        let sound = |samples| Sound { samples, sample_rate_hz: 48_000 };
        (sound(voice.samples.clone()), sound(organ), voice_track, organ_track)
    }

    #[test]
    fn a_sheet_becomes_a_png_of_the_promised_size_with_both_curves_in_it() {
        let (voice, instrument, voice_track, instrument_track) = example();
        let sheet = Sheet {
            title: "An organ, an octave up",
            voice: &voice,
            instrument: &instrument,
            voice_track: &voice_track,
            instrument_track: &instrument_track,
        };
        let path = std::env::var_os("XTASK_PICTURE")
            .map_or_else(|| std::env::temp_dir().join(format!("xtask-picture-{}.png", std::process::id())), Into::into);
        draw(&sheet, &path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        if std::env::var_os("XTASK_PICTURE").is_none() {
            std::fs::remove_file(&path).unwrap();
        }
        assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
        // The header chunk: width and height, big-endian.
        let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!((number(16), number(20)), SIZE);
        assert!(bytes.len() > 200_000, "two spectrograms do not compress to {} bytes", bytes.len());
    }

    #[test]
    fn silence_and_empty_tracks_can_be_drawn() {
        let silence = Sound { samples: vec![0.0; 4800], sample_rate_hz: 48_000 };
        let sheet = Sheet { title: "Nothing", voice: &silence, instrument: &silence, voice_track: &[], instrument_track: &[] };
        let path = std::env::temp_dir().join(format!("xtask-silence-{}.png", std::process::id()));
        draw(&sheet, &path).unwrap();
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_folder_that_is_missing_is_an_error() {
        let silence = Sound { samples: vec![0.0; 480], sample_rate_hz: 48_000 };
        let sheet = Sheet { title: "Nothing", voice: &silence, instrument: &silence, voice_track: &[], instrument_track: &[] };
        let path = std::env::temp_dir().join("xtask-no-such-folder").join("picture.png");
        assert!(draw(&sheet, &path).unwrap_err().to_string().contains("picture.png"));
    }
}
