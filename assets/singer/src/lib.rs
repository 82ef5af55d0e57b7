//! A small singer, so that Syrinx can be heard and tested without anyone's recording: it sings any score of notes and syllables, and knows
//! exactly what it sang.
//!
//! The method is the classic one: an LF model of the glottis, breath and hiss as noise, and the formants of the vocal tract as resonators
//! (Klatt 1980). Pitch moves as larynxes move it, with overshoot, vibrato that takes its time, drift and jitter. The whole is computed at
//! one internal rate and brought to the rate asked for, so a song is the same signal at every rate. Nothing here is real-time code: it
//! belongs to tests and to the demo, on any thread.
//!
//! ```
//! use syrinx_singer::{Event, Note, Phoneme::*, Voice, sing_score};
//!
//! let song = [Event::Note(Note::new(57.0, 0.5, &[L, A]))];
//! let voice = sing_score(&song, &Voice::tenor(), 48_000, 1)?;
//! let middle = voice.truth_at(0.3);
//! assert!(middle.voiced && (middle.f0_hz - 220.0).abs() < 5.0);
//! # Ok::<(), syrinx_singer::SingError>(())
//! ```

mod glottis;
mod noise;
mod phoneme;
mod pitch;
mod plan;
mod render;
mod resample;
mod score;
mod song;
mod track;
mod tract;
mod voice;

pub use phoneme::Phoneme;
pub use score::{Event, Note};
pub use song::shenandoah;
pub use voice::Voice;

/// Points of the truth a second.
pub const TRUTH_RATE_HZ: f64 = track::PLAN_RATE_HZ;

/// Rates the singer can be sampled at, in Hz.
pub const SAMPLE_RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=384_000;

/// A voicing below this, relative to the note's own strength, is no pitch any more (-20 dB).
const VOICED_FROM: f64 = 0.1;

/// A voicing above this is a pitch beyond doubt (-8 dB).
const VOICED_SURELY_FROM: f64 = 0.4;

/// The tract rings on for about this long after the last pulse, in truth points: the end of voicing is not sure until then.
const RING_POINTS: usize = 30;

/// What was sung, and the truth about it.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoVoice {
    /// The sound, mono, within ±1.
    pub samples: Vec<f32>,
    /// Samples a second.
    pub sample_rate_hz: u32,
    /// Pitch and voicing, [`TRUTH_RATE_HZ`] points a second from time 0.
    pub truth: Vec<TruthPoint>,
    /// The notes, in order.
    pub notes: Vec<SungNote>,
}

impl DemoVoice {
    /// The truth nearest to `time_s`; beyond the ends, that of the end.
    pub fn truth_at(&self, time_s: f64) -> TruthPoint {
        let index = (time_s.max(0.0) * TRUTH_RATE_HZ).round() as usize;
        self.truth[index.min(self.truth.len() - 1)]
    }
}

/// What the glottis does at one instant. The sound follows within a millisecond: the way through the tract.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TruthPoint {
    /// Seconds since the first sample.
    pub time_s: f64,
    /// Fundamental frequency in Hz. Cycles scatter about it by the voice's jitter, which does not accumulate. Where nothing is voiced, it is
    /// where the larynx stands.
    pub f0_hz: f64,
    /// Whether the glottis vibrates at more than -20 dB of the note's own strength.
    pub voiced: bool,
    /// False while voicing comes and goes, where one ear would say voiced and another not: nothing should be scored there.
    pub certain: bool,
}

/// A note as it was sung.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SungNote {
    /// The beat: its vowel begins, in seconds.
    pub start_s: f64,
    /// The next beat, or the end of the phrase, in seconds.
    pub end_s: f64,
    /// The score's pitch at its start and end, MIDI note numbers.
    pub midi: [f64; 2],
    /// Whether it was whispered: it has no pitch.
    pub whispered: bool,
}

/// Why a score cannot be sung.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum SingError {
    /// An event lasts no time, or longer than memory should hold.
    #[error("an event of {0} s: durations must be above 0 and a song at most 600 s")]
    Duration(f64),
    /// A pitch outside what any voice sings.
    #[error("a note from {} to {} (MIDI): the singer's range is 24 to 96", .0[0], .0[1])]
    Pitch([f64; 2]),
    /// A note without a syllable.
    #[error("a note has no sound to sing")]
    NoSound,
    /// A rate outside [`SAMPLE_RATES_HZ`].
    #[error("{0} Hz is no rate the singer can be sampled at: 8 to 384 kHz")]
    Rate(u32),
}

/// Sings the demo song, [`shenandoah`], in a tenor voice: about 17 s. The same `seed` gives the same samples on every run.
///
/// # Panics
///
/// If `sample_rate_hz` is outside [`SAMPLE_RATES_HZ`].
pub fn sing(sample_rate_hz: u32, seed: u64) -> DemoVoice {
    sing_score(&shenandoah(), &Voice::tenor(), sample_rate_hz, seed).expect("the demo song can be sung")
}

/// Sings `score` with `voice`. Samples that would leave ±1 make the whole song softer, never clipped.
pub fn sing_score(score: &[Event], voice: &Voice, sample_rate_hz: u32, seed: u64) -> Result<DemoVoice, SingError> {
    if !SAMPLE_RATES_HZ.contains(&sample_rate_hz) {
        return Err(SingError::Rate(sample_rate_hz));
    }
    let plan = plan::plan(score, voice, seed)?;
    let sound = render::render(&plan, voice, seed);
    let mut samples = resample::resample(&sound, render::RATE_HZ, f64::from(sample_rate_hz));
    let peak = samples.iter().fold(0.0f32, |m, s| m.max(s.abs()));
    if peak > 0.98 {
        samples.iter_mut().for_each(|s| *s *= 0.98 / peak);
    }
    Ok(DemoVoice { samples, sample_rate_hz, truth: truth(&plan), notes: plan.notes })
}

fn truth(plan: &plan::Plan) -> Vec<TruthPoint> {
    (0..plan.len())
        .map(|i| {
            let voicing = plan.voicing[i];
            let around = &plan.voicing[i.saturating_sub(RING_POINTS)..(i + 3).min(plan.len())];
            let still = around.iter().all(|&v| v < 1e-3);
            TruthPoint {
                time_s: i as f64 / TRUTH_RATE_HZ,
                f0_hz: plan.f0_hz[i],
                voiced: voicing >= VOICED_FROM,
                certain: voicing >= VOICED_SURELY_FROM || still,
            }
        })
        .collect()
}
