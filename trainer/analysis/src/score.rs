//! How near a rendered sound is to a recording, in dB: the scores that instruments are judged by. Offline; any thread but the audio thread.

use std::fmt;

use serde::{Deserialize, Serialize};
use syrinx_fft::Planner;
use syrinx_tracker::a_weighting_power;

use crate::audio::Audio;
use crate::band_limit::bands_heard;
use crate::bands::power_of;
use crate::frames::Target;
use crate::period_spectrum::{ANALYSIS_RATE_HZ, PeriodAnalyser};
use crate::pitch::refine;
use crate::targets::{measure, measure_recording};

/// FFT lengths over which the log-spectral distance is averaged (hop a quarter, Hann).
const LSD_LENGTHS: [usize; 5] = [4096, 2048, 1024, 512, 256];
/// FFT length of the mel distance.
const MEL_LENGTH: usize = 2048;
/// Bands of the mel distance.
const MEL_BANDS: usize = 128;
/// FFT length of the attack's distance: the window is 11 ms.
const ATTACK_LENGTH: usize = 512;
/// How much of a note is its attack, s.
const ATTACK_S: f64 = 0.060;
/// FFT length of the loudness: 21 ms.
const LOUDNESS_LENGTH: usize = 1024;
/// Bins from here up are not compared, Hz: recordings at 44.1 kHz end there.
const LIMIT_HZ: f64 = 22_000.0;
/// Spectra are compared down to this far under the recording's maximum, dB.
const SPECTRUM_RANGE_DB: f64 = 80.0;
/// Frames quieter than this under the loudest do not count, dB.
const FRAME_RANGE_DB: f64 = 50.0;
/// Harmonics and bands are compared down to this far under their frame, dB: as in the training loss.
const TARGET_RANGE_DB: f64 = 75.0;

/// Mean distances between a recording and a rendering of it, all in dB; 0 is a perfect copy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Log-spectral distance, mean over FFT lengths 4096 to 256.
    pub lsd: f32,
    /// Log-spectral distance over 128 mel bands, FFT length 2048.
    pub mel: f32,
    /// Difference of harmonics 1 to 5; none when nothing has a pitch.
    pub h1_5: Option<f32>,
    /// Difference of harmonics 6 to 15.
    pub h6_15: Option<f32>,
    /// Difference of harmonics 16 to 40.
    pub h16_40: Option<f32>,
    /// Difference of the noise bands.
    pub noise: f32,
    /// Difference of the A-weighted level over 21 ms.
    pub loudness: f32,
    /// Log-spectral distance, FFT length 512, over the first 60 ms of the sound.
    pub attack: f32,
    /// Seconds that were compared: the weight of these scores in a mean.
    pub seconds: f32,
}

impl Scores {
    /// Mean of several recordings' scores, each weighted by its seconds (the attack counts once a recording). None of nothing.
    pub fn mean(scores: &[Self]) -> Option<Self> {
        let seconds: f64 = scores.iter().map(|s| f64::from(s.seconds)).sum();
        if scores.is_empty() || seconds <= 0.0 {
            return None;
        }
        let weighted = |value: &dyn Fn(&Self) -> f32| {
            (scores.iter().map(|s| f64::from(value(s)) * f64::from(s.seconds)).sum::<f64>() / seconds) as f32
        };
        let optional = |value: &dyn Fn(&Self) -> Option<f32>| {
            let (mut sum, mut total) = (0.0, 0.0);
            for s in scores {
                if let Some(value) = value(s) {
                    sum += f64::from(value) * f64::from(s.seconds);
                    total += f64::from(s.seconds);
                }
            }
            (total > 0.0).then(|| (sum / total) as f32)
        };
        Some(Self {
            lsd: weighted(&|s| s.lsd),
            mel: weighted(&|s| s.mel),
            h1_5: optional(&|s| s.h1_5),
            h6_15: optional(&|s| s.h6_15),
            h16_40: optional(&|s| s.h16_40),
            noise: weighted(&|s| s.noise),
            loudness: weighted(&|s| s.loudness),
            attack: scores.iter().map(|s| s.attack).sum::<f32>() / scores.len() as f32,
            seconds: seconds as f32,
        })
    }

    /// The names of the columns that [`Display`](fmt::Display) prints.
    pub const COLUMNS: &'static str = "   lsd    mel   h1-5  h6-15 h16-40  noise loudness attack";
}

impl fmt::Display for Scores {
    /// One row of numbers, in dB.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let harmonic = |value: Option<f32>| value.map_or("     -".to_owned(), |value| format!("{value:6.2}"));
        write!(
            f,
            "{:6.2} {:6.2} {} {} {} {:6.2} {:8.2} {:6.2}",
            self.lsd,
            self.mel,
            harmonic(self.h1_5),
            harmonic(self.h6_15),
            harmonic(self.h16_40),
            self.noise,
            self.loudness,
            self.attack
        )
    }
}

/// Scores of `rendered` against `reference`, both at `rate` and aligned. The shorter is taken as ending in silence.
pub fn score(reference: &[f32], rendered: &[f32], rate: u32) -> Scores {
    let resampled = |samples: &[f32]| {
        let audio = Audio::from_mono(rate, samples.to_vec()).resampled(ANALYSIS_RATE_HZ);
        audio.channels.into_iter().next().unwrap_or_default()
    };
    Reference::new(resampled(reference)).score(&resampled(rendered))
}

/// A recording to compare renderings with, analysed once.
pub struct Reference {
    samples: Vec<f32>,
    targets: Vec<Target>,
    /// Nothing above this is compared, Hz.
    limit_hz: f64,
}

impl Reference {
    /// Takes mono `samples` at [`ANALYSIS_RATE_HZ`], of a recording of the whole band.
    pub fn new(samples: Vec<f32>) -> Self {
        Self::within(samples, LIMIT_HZ as f32)
    }

    /// Takes mono `samples` at [`ANALYSIS_RATE_HZ`] of a recording that holds nothing above `limit_hz`: nothing there is compared.
    pub fn within(samples: Vec<f32>, limit_hz: f32) -> Self {
        let frames = samples.len() / crate::period_spectrum::HOP;
        let (targets, _) = measure_recording(&samples, 0.0, frames);
        Self { samples, targets, limit_hz: LIMIT_HZ.min(f64::from(limit_hz)) }
    }

    /// Scores of `rendered`, at the same rate and aligned.
    pub fn score(&self, rendered: &[f32]) -> Scores {
        let mut copy = rendered[..rendered.len().min(self.samples.len())].to_vec();
        copy.resize(self.samples.len(), 0.0);

        let mut lsd = 0.0;
        let mut attack = 0.0;
        for length in LSD_LENGTHS {
            let (x, y) = (Spectrogram::new(&self.samples, length, self.limit_hz), Spectrogram::new(&copy, length, self.limit_hz));
            let distances = x.distances(&y);
            lsd += mean(&distances) / LSD_LENGTHS.len() as f64;
            if length == ATTACK_LENGTH {
                let frames = (ATTACK_S * f64::from(ANALYSIS_RATE_HZ) / (length / 4) as f64).round() as usize;
                attack = mean(&distances[..frames.min(distances.len())]);
            }
        }
        let filters = mel_filters(self.limit_hz);
        let mel = Spectrogram::new(&self.samples, MEL_LENGTH, self.limit_hz)
            .through(&filters)
            .distances(&Spectrogram::new(&copy, MEL_LENGTH, self.limit_hz).through(&filters));
        let (harmonics, noise) = self.compare_targets(&copy);
        Scores {
            lsd: lsd as f32,
            mel: mean(&mel) as f32,
            h1_5: harmonics[0],
            h6_15: harmonics[1],
            h16_40: harmonics[2],
            noise,
            loudness: loudness_distance(&self.samples, &copy, self.limit_hz) as f32,
            attack: attack as f32,
            seconds: (self.samples.len() as f64 / f64::from(ANALYSIS_RATE_HZ)) as f32,
        }
    }

    /// Mean |dB| of the three groups of harmonics, and of the noise bands.
    fn compare_targets(&self, copy: &[f32]) -> ([Option<f32>; 3], f32) {
        // The copy sounds at nearly the same pitch: from there its own is found, so that a few cents of difference do not count as level.
        let mut f0_hz: Vec<f32> = self.targets.iter().map(|target| target.f0_hz).collect();
        let mut analyser = PeriodAnalyser::new(copy, 0.0);
        refine(&mut analyser, &mut f0_hz);
        let measured = measure(&mut analyser, &f0_hz);

        let power =
            |target: &Target| target.harmonics_db.iter().chain(&target.noise_db).map(|&db| power_of(db)).sum::<f64>().max(1e-30);
        let loudest = self.targets.iter().map(power).fold(0.0, f64::max);
        let mut sums = [(0.0, 0usize); 3];
        let mut noise = (0.0, 0usize);
        let bands = bands_heard(self.limit_hz as f32);
        for (wanted, got) in self.targets.iter().zip(&measured) {
            let level = power(wanted);
            if level < loudest * 10f64.powf(-FRAME_RANGE_DB / 10.0) {
                continue;
            }
            let floor = (10.0 * level.log10() - TARGET_RANGE_DB) as f32;
            let difference = |a: f32, b: f32| f64::from((a.max(floor) - b.max(floor)).abs());
            if wanted.f0_hz > 0.0 {
                for (group, range) in [0..5, 5..15, 15..40].into_iter().enumerate() {
                    for k in range {
                        if wanted.f0_hz * (k + 1) as f32 > crate::bands::HARMONIC_LIMIT_HZ.min(self.limit_hz as f32) {
                            break;
                        }
                        sums[group].0 += difference(wanted.harmonics_db[k], got.harmonics_db[k]);
                        sums[group].1 += 1;
                    }
                }
            }
            for band in 0..bands {
                noise.0 += difference(wanted.noise_db[band], got.noise_db[band]);
                noise.1 += 1;
            }
        }
        let mean = |(sum, count): (f64, usize)| (count > 0).then(|| (sum / count as f64) as f32);
        (sums.map(mean), mean(noise).unwrap_or(0.0))
    }
}

fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// Power in frames of bins (or bands).
struct Spectrogram {
    bins: usize,
    /// Frame after frame.
    power: Vec<f64>,
    /// Power of each frame's bins together.
    levels: Vec<f64>,
}

impl Spectrogram {
    /// Hann window, hop `length / 4`, bins under `limit_hz`. The signal is continued with silence so that a short one has a frame.
    fn new(samples: &[f32], length: usize, limit_hz: f64) -> Self {
        let bins = (limit_hz / f64::from(ANALYSIS_RATE_HZ) * length as f64).ceil() as usize;
        let plan = Planner::<f32>::new().plan_fft_forward(length);
        let window: Vec<f32> =
            (0..length).map(|i| (0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / length as f64).cos()) as f32).collect();
        let (mut frame, mut out, mut scratch) = (plan.make_input_vec(), plan.make_output_vec(), plan.make_scratch_vec());
        let hop = length / 4;
        let frames = samples.len().saturating_sub(length).div_ceil(hop) + 1;
        let mut spectrogram = Self { bins, power: Vec::with_capacity(frames * bins), levels: Vec::with_capacity(frames) };
        for n in 0..frames {
            for (i, sample) in frame.iter_mut().enumerate() {
                *sample = samples.get(n * hop + i).copied().unwrap_or(0.0) * window[i];
            }
            plan.process_with_scratch(&mut frame, &mut out, &mut scratch).expect("buffers have the plan's lengths");
            spectrogram.power.extend(out[..bins].iter().map(|bin| f64::from(bin.norm_sqr())));
            spectrogram.levels.push(spectrogram.power[n * bins..].iter().sum());
        }
        spectrogram
    }

    /// The same frames as power in bands, each a weighted sum of bins.
    fn through(self, filters: &[Vec<(usize, f64)>]) -> Self {
        let power = self
            .power
            .chunks(self.bins)
            .flat_map(|frame| filters.iter().map(|filter| filter.iter().map(|&(bin, weight)| frame[bin] * weight).sum::<f64>()))
            .collect();
        Self { bins: filters.len(), power, levels: self.levels }
    }

    /// Mean |dB| of each frame that counts: those within [`FRAME_RANGE_DB`] of the loudest of `self`.
    fn distances(&self, other: &Self) -> Vec<f64> {
        let most = self.power.iter().fold(0.0f64, |a, &b| a.max(b));
        if most <= 0.0 {
            // A silent recording has no spectrum to be far from.
            return Vec::new();
        }
        let floor = most * 10f64.powf(-SPECTRUM_RANGE_DB / 10.0);
        let loudest = self.levels.iter().fold(0.0f64, |a, &b| a.max(b));
        let least = loudest * 10f64.powf(-FRAME_RANGE_DB / 10.0);
        (0..self.levels.len().min(other.levels.len()))
            .filter(|&n| self.levels[n] >= least)
            .map(|n| {
                let frame = n * self.bins..(n + 1) * self.bins;
                let sum: f64 = self.power[frame.clone()]
                    .iter()
                    .zip(&other.power[frame])
                    .map(|(x, y)| (10.0 * (x.max(floor) / y.max(floor)).log10()).abs())
                    .sum();
                sum / self.bins as f64
            })
            .collect()
    }
}

/// Triangular filters of equal area, evenly spaced in mel (Slaney 1998, Auditory Toolbox: linear to 1 kHz, then logarithmic) up to
/// [`LIMIT_HZ`], as pairs of bin and weight; those that reach beyond `limit_hz` are left out.
fn mel_filters(limit_hz: f64) -> Vec<Vec<(usize, f64)>> {
    const LINEAR_HZ: f64 = 200.0 / 3.0;
    const BREAK_HZ: f64 = 1000.0;
    let step = 6.4f64.ln() / 27.0;
    let to_mel = |hz: f64| if hz < BREAK_HZ { hz / LINEAR_HZ } else { BREAK_HZ / LINEAR_HZ + (hz / BREAK_HZ).ln() / step };
    let to_hz = |mel: f64| {
        let breaks = BREAK_HZ / LINEAR_HZ;
        if mel < breaks { mel * LINEAR_HZ } else { BREAK_HZ * ((mel - breaks) * step).exp() }
    };
    let top = to_mel(LIMIT_HZ);
    let edge = |i: usize| to_hz(top * i as f64 / (MEL_BANDS + 1) as f64);
    let bin_hz = f64::from(ANALYSIS_RATE_HZ) / MEL_LENGTH as f64;
    (0..MEL_BANDS)
        .filter(|&band| limit_hz >= LIMIT_HZ || edge(band + 2) <= limit_hz)
        .map(|band| {
            let (low, centre, high) = (edge(band), edge(band + 1), edge(band + 2));
            let bins = (low / bin_hz).floor() as usize..=(high / bin_hz).ceil() as usize;
            bins.filter_map(|bin| {
                let hz = bin as f64 * bin_hz;
                let height = ((hz - low) / (centre - low)).min((high - hz) / (high - centre));
                (height > 0.0 && hz < LIMIT_HZ).then(|| (bin, height * 2.0 / (high - low)))
            })
            .collect()
        })
        .collect()
}

/// Mean |dB| between the A-weighted levels over 21 ms, on frames within [`FRAME_RANGE_DB`] of the loudest.
fn loudness_distance(reference: &[f32], copy: &[f32], limit_hz: f64) -> f64 {
    let levels = |samples: &[f32]| -> Vec<f64> {
        let spectrogram = Spectrogram::new(samples, LOUDNESS_LENGTH, limit_hz);
        let weights: Vec<f64> = (0..spectrogram.bins)
            .map(|bin| a_weighting_power(bin as f64 * f64::from(ANALYSIS_RATE_HZ) / LOUDNESS_LENGTH as f64))
            .collect();
        spectrogram.power.chunks(spectrogram.bins).map(|frame| frame.iter().zip(&weights).map(|(p, w)| p * w).sum()).collect()
    };
    let (x, y) = (levels(reference), levels(copy));
    let loudest = x.iter().fold(0.0f64, |a, &b| a.max(b));
    if loudest <= 0.0 {
        return 0.0;
    }
    let (least, floor) = (loudest * 10f64.powf(-FRAME_RANGE_DB / 10.0), loudest * 10f64.powf(-SPECTRUM_RANGE_DB / 10.0));
    let distances: Vec<f64> = x
        .iter()
        .zip(&y)
        .filter(|&(&x, _)| x >= least)
        .map(|(x, y)| (10.0 * (x.max(floor) / y.max(floor)).log10()).abs())
        .collect();
    mean(&distances)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    const RATE: u32 = ANALYSIS_RATE_HZ;

    /// A tone of ten equal harmonics over noise that fills every bin well above the floor of the spectra.
    fn sound() -> Vec<f32> {
        let mut state = 5u32;
        (0..48_000)
            .map(|i| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = f64::from(state >> 8) / f64::from(1 << 23) - 1.0;
                let tone: f64 = (1..=10).map(|k| (TAU * 330.0 * f64::from(k) * f64::from(i) / f64::from(RATE)).sin()).sum();
                (0.02 * tone + 0.03 * noise) as f32
            })
            .collect()
    }

    #[test]
    fn a_perfect_copy_scores_zero() {
        let sound = sound();
        let scores = score(&sound, &sound, RATE);
        assert!(scores.lsd == 0.0 && scores.mel == 0.0 && scores.loudness == 0.0 && scores.attack == 0.0);
        // The copy's pitch is refined once more, so these are not bit for bit the same.
        assert!(scores.h1_5.unwrap() < 0.02 && scores.h6_15.unwrap() < 0.15 && scores.noise < 0.15, "{scores:?}");
        assert!(scores.h16_40.is_some());
    }

    #[test]
    fn twice_the_amplitude_is_six_db_in_every_score() {
        let reference = sound();
        let louder: Vec<f32> = reference.iter().map(|x| 2.0 * x).collect();
        let scores = score(&reference, &louder, RATE);
        for (name, value, tolerance) in [
            ("lsd", scores.lsd, 0.05),
            ("mel", scores.mel, 0.01),
            ("h1-5", scores.h1_5.unwrap(), 0.05),
            ("h6-15", scores.h6_15.unwrap(), 0.3),
            ("noise", scores.noise, 0.3),
            ("loudness", scores.loudness, 0.001),
            ("attack", scores.attack, 0.05),
        ] {
            assert!((value - 6.02).abs() < tolerance + 0.005, "{name} is {value}");
        }
    }

    #[test]
    fn silence_against_a_sound_is_bounded_by_the_floor() {
        let scores = score(&sound(), &[], RATE);
        assert!(scores.lsd > 30.0 && scores.lsd <= 80.0, "{scores:?}");
        assert!((scores.loudness - 80.0).abs() < 3.0);
        let nothing = score(&[0.0; 4800], &[0.0; 4800], RATE);
        assert_eq!((nothing.lsd, nothing.mel, nothing.loudness, nothing.h1_5), (0.0, 0.0, 0.0, None));
    }

    #[test]
    fn one_harmonic_changed_shows_in_its_group_alone() {
        let rate = f64::from(RATE);
        let tone = |gain: f64| -> Vec<f32> {
            (0..48_000)
                .map(|i| {
                    let sum: f64 = (1..=10)
                        .map(|k| {
                            let amplitude = if k == 3 { 0.02 * gain } else { 0.02 };
                            amplitude * (TAU * 330.0 * f64::from(k) * f64::from(i) / rate).sin()
                        })
                        .sum();
                    sum as f32
                })
                .collect()
        };
        let scores = score(&tone(1.0), &tone(0.5), RATE);
        assert!((scores.h1_5.unwrap() - 6.02 / 5.0).abs() < 0.05, "{scores:?}");
        assert!(scores.h6_15.unwrap() < 0.3, "{scores:?}");
    }

    #[test]
    fn a_mean_weighs_by_seconds() {
        let sound = sound();
        let louder: Vec<f32> = sound.iter().map(|x| 2.0 * x).collect();
        let (same, other) = (score(&sound, &sound, RATE), Scores { seconds: 3.0, ..score(&sound, &louder, RATE) });
        let mean = Scores::mean(&[same, other]).unwrap();
        assert!((mean.lsd - 0.75 * other.lsd).abs() < 1e-4 && (mean.seconds - 4.0).abs() < 1e-4);
        assert_eq!(Scores::mean(&[]), None);
    }
}
