//! What sounds at each frame of a recording: harmonics and noise, measured where the live tracker's features point. Offline; any thread but
//! the audio thread.

use std::path::{Path, PathBuf};

use syrinx_fft::Complex;
use syrinx_tracker::{Features, FrameClock, HeldPitch, LatencyMode, TrackerConfig};

use crate::audio::{Audio, AudioError, read_audio};
use crate::band_limit::{band_limit_hz, continue_above};
use crate::bands::{HARMONIC_LIMIT_HZ, decibels, loudness_db, noise_edges_hz};
use crate::frames::{BANDS, FLOOR_DB, Frame, HARMONICS, Pulse, Take, Target};
use crate::period_spectrum::{ANALYSIS_RATE_HZ, PeriodAnalyser, PeriodSpectrum};
use crate::pitch::{LOWEST_F0_HZ, bridge_gaps, of_an_instrument, offline_pitch, refine, repair_octaves, track};
use crate::workers::in_parallel;

/// Bins at least this far from every harmonic hold noise alone: the Hann window spreads a harmonic over one bin on each side.
const CLEAR_BINS: usize = 2;
/// Noise is read further than one in this many of the bins from one harmonic to the next, if that is more than [`CLEAR_BINS`].
const CLEAR_SHARE: usize = 4;
/// Least share of a harmonic's reading that is left when the noise is taken off it. Where the noise fluctuates above its neighbourhood's mean
/// nothing would remain, and dB of nothing cannot be learned.
const LEAST_LEFT: f64 = 0.03;
/// Where the noise is asked whether it pulses, Hz, ...
const PULSE_HZ: [f64; 2] = [2000.0, 6000.0];
/// ... in so many parts, ...
const PULSE_PARTS: usize = 4;
/// ... and the harmonics below this number tell the phase of the pitch.
const PHASE_HARMONICS: usize = 10;
/// In a window of fewer periods, bins that a harmonic's own modulation spreads into are all there is between two of them.
const PULSE_PERIODS: usize = 8;
/// Noise of less power in a bin than this share of the loudest harmonic's there (-55 dB) is not heard, and not asked.
const LEAST_NOISE: f32 = 3e-6;
/// Median pitch under which a recording counts as a bass, Hz: the live tracker is then told to listen an octave deeper.
const BASS_BELOW_HZ: f32 = 56.0;
/// Share of the pitched frames (by loudness) that must lie within [`NOTE_CENTS`] of the median for a take to be one note.
const NOTE_SHARE: f64 = 0.8;
/// See [`NOTE_SHARE`]: a vibrato is narrower, a step to another note wider.
const NOTE_CENTS: f32 = 80.0;

/// Analyses one recording: the features of the live tracker and the sound at the instants they describe, 250 times a second.
///
/// `name` and `source` are kept in the take. Levels are as recorded; above what the sample rate of `audio` can hold, they are guessed.
pub fn analyse(name: &str, source: &str, audio: &Audio) -> Take {
    let samples = mono_at_analysis_rate(audio);
    let probe = of_an_instrument(LatencyMode::Live);
    let (mut features, delay) = track(&samples, probe);
    let first_instant = FrameClock::new(ANALYSIS_RATE_HZ).end_of(0) as f64 - delay as f64;
    let (mut targets, _) = measure_recording(&samples, first_instant, features.len());
    let listening = listening(probe, targets.iter());
    if listening != probe {
        features = track(&samples, listening).0;
    }
    let note = single_note(&targets);
    let (band_limit_hz, edges) = (band_limit_hz(audio.sample_rate_hz), noise_edges_hz());
    targets.iter_mut().for_each(|target| continue_above(target, band_limit_hz, &edges));
    // As the engine plays them.
    let mut held = HeldPitch::default();
    let features = features.iter().map(|f| held.step(f));
    let frames = features.zip(targets).map(|(features, target)| Frame { features, target }).collect();
    Take { name: name.into(), source: source.into(), frames, band_limit_hz, note }
}

/// What the engine's tracker says in studio mode of `samples` (at [`ANALYSIS_RATE_HZ`]), of which `take` is the analysis, and how many samples
/// late it says it: a frame describes the sound that long before its end.
pub fn studio_features(samples: &[f32], take: &Take) -> (Vec<Features>, usize) {
    let config = of_an_instrument(LatencyMode::Studio);
    let (mut features, delay) = track(samples, listening(config, take.frames.iter().map(|f| &f.target)));
    let mut held = HeldPitch::default();
    features.iter_mut().for_each(|f| *f = held.step(f));
    (features, delay)
}

/// Reads and analyses files, each with the name of its source, on as many threads as the machine has cores. Results are in the order of
/// `files`; `done` is called with the number of files finished so far, from any of the threads.
pub fn analyse_files(files: &[(PathBuf, String)], done: impl Fn(usize) + Sync) -> Vec<Result<Take, AudioError>> {
    in_parallel(files, done, |(path, source)| {
        let audio = read_audio(path)?;
        Ok(analyse(&file_name(path), source, &audio))
    })
}

/// Last component of a path, for reports.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// A recording's samples as the analysis hears them: mono, at [`ANALYSIS_RATE_HZ`].
///
/// # Errors
/// When the file cannot be read.
pub fn analysis_samples(path: &Path) -> Result<Vec<f32>, AudioError> {
    Ok(mono_at_analysis_rate(&read_audio(path)?))
}

/// The mean of the channels at [`ANALYSIS_RATE_HZ`].
pub(crate) fn mono_at_analysis_rate(audio: &Audio) -> Vec<f32> {
    let mono = Audio::from_mono(audio.sample_rate_hz, audio.mono()).resampled(ANALYSIS_RATE_HZ);
    mono.channels.into_iter().next().unwrap_or_default()
}

/// Targets at `frames` instants, the first at sample `first_instant`, and the confidence of the pitch at each.
pub(crate) fn measure_recording(samples: &[f32], first_instant: f64, frames: usize) -> (Vec<Target>, Vec<f32>) {
    let pitch = offline_pitch(samples, first_instant, frames);
    let mut analyser = PeriodAnalyser::new(samples, first_instant);
    let mut f0_hz: Vec<f32> = pitch.iter().map(|&(f0, confidence)| if confidence >= 0.5 { f0 } else { 0.0 }).collect();
    refine(&mut analyser, &mut f0_hz);
    let slipped = repair_octaves(&mut analyser, &mut f0_hz);
    let bridged = bridge_gaps(&mut analyser, &mut f0_hz);
    if slipped || bridged {
        refine(&mut analyser, &mut f0_hz);
    }
    (measure(&mut analyser, &f0_hz), pitch.iter().map(|&(_, confidence)| confidence).collect())
}

/// What sounds in `samples` (at [`ANALYSIS_RATE_HZ`]) at instants of which the pitch is known, Hz (0 where there is none): one every frame, the first at
/// sample `first_instant`.
pub fn levels_of(samples: &[f32], first_instant: f64, f0_hz: &[f32]) -> Vec<Target> {
    measure(&mut PeriodAnalyser::new(samples, first_instant), f0_hz)
}

/// Targets at every frame of `f0_hz` (0 where there is no pitch).
pub(crate) fn measure(analyser: &mut PeriodAnalyser, f0_hz: &[f32]) -> Vec<Target> {
    let edges = noise_edges_hz();
    let mut spectrum = PeriodSpectrum::new();
    let (mut noise, mut wide) = (Vec::new(), PeriodSpectrum::new());
    (0..f0_hz.len())
        .map(|n| {
            let pitched = f0_hz[n] > 0.0;
            if pitched {
                analyser.pitched(f0_hz, n, &mut spectrum);
            } else {
                analyser.plain(n, &mut spectrum);
            }
            noise_spectrum(&spectrum, &mut noise);
            let mut harmonics_db = [FLOOR_DB; HARMONICS];
            if pitched {
                for (k, db) in harmonics_db.iter_mut().enumerate() {
                    if f0_hz[n] * (k + 1) as f32 > HARMONIC_LIMIT_HZ {
                        break;
                    }
                    let bin = (k + 1) * spectrum.periods;
                    let read = spectrum.tone_power(bin);
                    // Noise of mean square s a bin reads as a tone of 3/2 s: the ratio of the two corrections.
                    *db = decibels((read - 1.5 * noise[bin]).max(LEAST_LEFT * read));
                }
            }
            let noise_db = pool(&noise, spectrum.bin_hz, &edges).map(decibels);
            let loudness_db = loudness_db(f0_hz[n], &harmonics_db, &noise_db);
            let pulse = if !pitched {
                Pulse::default()
            } else if spectrum.periods >= PULSE_PERIODS {
                pulse(&spectrum)
            } else {
                analyser.pitched_over(f0_hz, n, PULSE_PERIODS, &mut wide);
                pulse(&wide)
            };
            Target { f0_hz: f0_hz[n], harmonics_db, noise_db, loudness_db, pulse }
        })
        .collect()
}

/// Whether a bin holds noise alone, in a window of so many periods.
fn is_clear(periods: usize, bin: usize) -> bool {
    // Vibrato and tremolo spread a harmonic a little beyond its window's bins: where there is room, keep further away.
    let least = CLEAR_BINS.max(periods / CLEAR_SHARE);
    // Bin 0 and its neighbour hold any constant offset.
    bin >= CLEAR_BINS
        && (periods == 0 || {
            let beyond = bin % periods;
            (beyond >= least || bin < periods) && periods - beyond >= least
        })
}

/// How the noise pulses with the pitch.
fn pulse(spectrum: &PeriodSpectrum) -> Pulse {
    let PeriodSpectrum { periods, bins, bin_hz, .. } = spectrum;
    let periods = *periods;
    let [from, to] = PULSE_HZ.map(|hz| (hz / bin_hz) as usize);
    // Noise pulses in step with the harmonics: the phase between one and the next, of the strongest mostly, is that of the pitch.
    let apart = |bin: usize| bins[bin + periods] * bins[bin].conj();
    let harmonics = (1..PHASE_HARMONICS).map(|k| k * periods).filter(|bin| bin + periods < bins.len());
    let phase = harmonics.map(apart).fold(Complex::new(0.0, 0.0), |sum, x| sum + x);
    let turn = if phase.norm() > 0.0 { phase.conj() / phase.norm() } else { return Pulse::default() };
    // What is so soft beside the tone is the tone's own spread, and no noise.
    let loudest = (1..).map(|k| k * periods).take_while(|bin| *bin < to.min(bins.len())).map(|bin| bins[bin].norm_sqr());
    let least = LEAST_NOISE * loudest.fold(0.0, f32::max);
    // Halfway between harmonics, where what the tone spreads is least.
    let halfway = |bin: &usize| (3 * periods..=5 * periods).contains(&(8 * (bin % periods)));
    let mut sum = Pulse::default();
    // Part by part, each as much as the others: the lowest have most of the power.
    let last = to.min(bins.len()).saturating_sub(periods);
    for part in 0..PULSE_PARTS {
        let edge = |part: usize| from + last.saturating_sub(from) * part / PULSE_PARTS;
        let (mut count, mut power, mut beat) = (0.0, 0.0, Complex::new(0.0, 0.0));
        for bin in (edge(part)..edge(part + 1)).filter(halfway) {
            power += 0.5 * (bins[bin].norm_sqr() + bins[bin + periods].norm_sqr());
            beat += apart(bin);
            count += 1.0;
        }
        if power > count * least {
            let beat = beat * turn / power;
            sum = Pulse { power: sum.power + 1.0, beat: [sum.beat[0] + beat.re, sum.beat[1] + beat.im] };
        }
    }
    sum
}

/// Mean square of the noise in each bin: read where no harmonic is near, a straight line between such bins elsewhere.
pub(crate) fn noise_spectrum(spectrum: &PeriodSpectrum, noise: &mut Vec<f64>) {
    let bins = spectrum.bins.len();
    let clear = |bin: usize| is_clear(spectrum.periods, bin);
    noise.clear();
    noise.resize(bins, 0.0);
    let mut last: Option<usize> = None;
    for bin in (0..bins).filter(|&bin| clear(bin)) {
        noise[bin] = spectrum.noise_power(bin);
        let (from, start) = last.map_or((noise[bin], 0), |last| (noise[last], last + 1));
        let width = (bin + 1 - start) as f64;
        for between in start..bin {
            noise[between] = from + (noise[bin] - from) * (between + 1 - start) as f64 / width;
        }
        last = Some(bin);
    }
    if let Some(last) = last {
        let level = noise[last];
        noise[last + 1..].fill(level);
    }
}

/// Mean square within each band, from the mean square in each bin; a bin that straddles an edge is shared out by width.
fn pool(noise: &[f64], bin_hz: f64, edges: &[f32; BANDS + 1]) -> [f64; BANDS] {
    // Power below frequency f, where bin b covers (b - 1/2, b + 1/2).
    let mut below = Vec::with_capacity(noise.len() + 1);
    let mut sum = 0.0;
    for &power in noise {
        below.push(sum);
        sum += power;
    }
    below.push(sum);
    let power_below = |hz: f32| {
        let at = (f64::from(hz) / bin_hz + 0.5).clamp(0.0, noise.len() as f64);
        let whole = (at as usize).min(noise.len() - 1);
        below[whole] + (at - whole as f64) * noise[whole]
    };
    std::array::from_fn(|band| (power_below(edges[band + 1]) - power_below(edges[band])).max(0.0))
}

/// `config` as a tracker listens to a recording with these targets: an octave deeper to a bass.
fn listening<'a>(config: TrackerConfig, targets: impl Iterator<Item = &'a Target>) -> TrackerConfig {
    let bass = median_f0(targets).is_some_and(|f0| f0 < BASS_BELOW_HZ);
    if bass { TrackerConfig { min_f0_hz: LOWEST_F0_HZ, ..config } } else { config }
}

/// Median f0 of the pitched frames, each weighted by its loudness in power, Hz.
fn median_f0<'a>(targets: impl Iterator<Item = &'a Target>) -> Option<f32> {
    let mut pitched: Vec<(f32, f64)> =
        targets.filter(|t| t.f0_hz > 0.0).map(|t| (t.f0_hz, 10f64.powf(f64::from(t.loudness_db) / 20.0))).collect();
    pitched.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = pitched.iter().map(|p| p.1).sum::<f64>() / 2.0;
    let mut sum = 0.0;
    pitched
        .iter()
        .find(|p| {
            sum += p.1;
            sum >= half
        })
        .map(|p| p.0)
}

/// The MIDI note of a take that holds a single one.
fn single_note(targets: &[Target]) -> Option<u8> {
    let median = median_f0(targets.iter())?;
    let (mut near, mut all) = (0.0, 0.0);
    for target in targets.iter().filter(|t| t.f0_hz > 0.0) {
        let weight = 10f64.powf(f64::from(target.loudness_db) / 20.0);
        all += weight;
        if (1200.0 * (target.f0_hz / median).log2()).abs() <= NOTE_CENTS {
            near += weight;
        }
    }
    (near >= NOTE_SHARE * all).then(|| (69.0 + 12.0 * (median / 440.0).log2()).round().clamp(0.0, 127.0) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bands::power_of;
    use crate::period_spectrum::HOP;
    use std::f64::consts::TAU;

    /// Uniform noise of mean square 1 from a linear congruential generator.
    fn white(len: usize, mut state: u64) -> Vec<f64> {
        (0..len)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                ((state >> 11) as f64 / (1u64 << 53) as f64 - 0.5) * 12f64.sqrt()
            })
            .collect()
    }

    const NOISE_RMS: f64 = 0.003;

    fn harmonic_ms(k: usize) -> f64 {
        0.5 * (0.25 / (k as f64).powf(1.2)).powi(2)
    }

    /// A vibrato tone with 24 known harmonics and white noise of known level.
    fn known_sound(f0_hz: f64, seconds: f64) -> Vec<f32> {
        let rate = f64::from(ANALYSIS_RATE_HZ);
        let len = (seconds * rate) as usize;
        let noise = white(len, 7);
        let mut phase = 0.0;
        (0..len)
            .map(|i| {
                let tone: f64 = (1..=24)
                    .map(|k| (2.0 * harmonic_ms(k)).sqrt() * (TAU * (k as f64 * phase + 0.13 * (k * k) as f64)).sin())
                    .sum();
                phase += f0_hz * (1.0 + 0.01 * (TAU * 5.5 * i as f64 / rate).sin()) / rate;
                (tone + NOISE_RMS * noise[i]) as f32
            })
            .collect()
    }

    #[test]
    fn a_known_sound_gives_back_its_levels() {
        for f0 in [82.0, 220.0, 440.0, 987.0] {
            let audio = Audio::from_mono(ANALYSIS_RATE_HZ, known_sound(f0, 2.0));
            let take = analyse("known", "test", &audio);
            let middle: Vec<&Target> = take.frames[100..400].iter().map(|frame| &frame.target).collect();
            assert!(middle.iter().all(|t| t.f0_hz > 0.0), "{f0} Hz: a frame without pitch");
            let mean = |power: &dyn Fn(&Target) -> f64| middle.iter().map(|t| power(t)).sum::<f64>() / middle.len() as f64;
            for k in 1..=24 {
                if f0 * k as f64 > 20_000.0 {
                    break;
                }
                let wanted = harmonic_ms(k);
                // A reading this far above the noise is exact; below, single readings scatter and only the mean holds.
                let got = mean(&|t| power_of(t.harmonics_db[k - 1]));
                assert!((10.0 * (got / wanted).log10()).abs() < 0.3, "{f0} Hz, harmonic {k}: {got:e}, is {wanted:e}");
            }
            let edges = noise_edges_hz();
            for band in 0..BANDS {
                let wanted = NOISE_RMS.powi(2) * f64::from(edges[band + 1] - edges[band]) / (f64::from(ANALYSIS_RATE_HZ) / 2.0);
                let got = mean(&|t| power_of(t.noise_db[band]));
                let error = 10.0 * (got / wanted).log10();
                assert!(error.abs() < 1.0, "{f0} Hz, band {band}: off by {error} dB");
            }
            let wanted = (69.0 + 12.0 * (f0 / 440.0).log2()).round() as u8;
            assert_eq!(take.note, Some(wanted));
        }
    }

    #[test]
    fn noise_that_pulses_with_the_pitch_reads_as_much() {
        let (rate, f0) = (f64::from(ANALYSIS_RATE_HZ), 233.0);
        let noise = white(2 * ANALYSIS_RATE_HZ as usize, 11);
        for pulse in [0.0, 0.3, 0.8] {
            let sound = noise.iter().enumerate().map(|(i, noise)| {
                let phase = TAU * f0 * i as f64 / rate;
                let tone: f64 = (1..=24).map(|k| (2.0 * harmonic_ms(k)).sqrt() * (k as f64 * phase).sin()).sum();
                (tone + 4.0 * NOISE_RMS * (1.0 + pulse * phase.cos()) * noise) as f32
            });
            let sound: Vec<f32> = sound.collect();
            let targets = levels_of(&sound, 960.0, &[f0 as f32; 450]);
            let (power, beat) = targets[50..400].iter().fold((0.0, [0.0; 2]), |(power, beat), t| {
                (power + t.pulse.power, [beat[0] + t.pulse.beat[0], beat[1] + t.pulse.beat[1]])
            });
            let (read, wanted) = (beat[0] / power, pulse as f32 / (1.0 + 0.5 * pulse * pulse) as f32);
            assert!(
                (read - wanted).abs() < 0.05 && (beat[1] / power).abs() < 0.05,
                "{pulse}: {read} and {}, is {wanted}",
                beat[1] / power
            );
        }
    }

    #[test]
    fn refined_pitch_follows_the_vibrato() {
        let audio = Audio::from_mono(ANALYSIS_RATE_HZ, known_sound(330.0, 2.0));
        let take = analyse("vibrato", "test", &audio);
        let delay = track(&[0.0; 4800], TrackerConfig::default()).1 as f64;
        let mut worst: f64 = 0.0;
        for (n, frame) in take.frames.iter().enumerate().take(440).skip(60) {
            let t = ((n + 1) as f64 * HOP as f64 - delay) / f64::from(ANALYSIS_RATE_HZ);
            let wanted = 330.0 * (1.0 + 0.01 * (TAU * 5.5 * t).sin());
            worst = worst.max((f64::from(frame.target.f0_hz) / wanted - 1.0).abs());
        }
        // Harmonic 40 stays within 0.2 of a bin (8 periods in the window) when f0 is right to 0.0006.
        assert!(worst < 6e-4, "f0 off by {worst}");
    }

    #[test]
    fn noise_alone_has_no_harmonics_and_the_right_bands() {
        let samples: Vec<f32> = white(96_000, 3).iter().map(|x| (0.1 * x) as f32).collect();
        let take = analyse("noise", "test", &Audio::from_mono(ANALYSIS_RATE_HZ, samples));
        let unpitched = take.frames.iter().filter(|f| f.target.f0_hz == 0.0).count();
        assert!(unpitched * 10 > take.frames.len() * 9, "{unpitched} of {} frames without pitch", take.frames.len());
        assert_eq!(take.note, None);
        let edges = noise_edges_hz();
        let middle = &take.frames[50..450];
        for band in 0..BANDS {
            let wanted = 0.01 * f64::from(edges[band + 1] - edges[band]) / 24_000.0;
            let got = middle.iter().map(|f| power_of(f.target.noise_db[band])).sum::<f64>() / middle.len() as f64;
            assert!((10.0 * (got / wanted).log10()).abs() < 1.0, "band {band}: {got:e}, is {wanted:e}");
        }
        for frame in middle.iter().filter(|f| f.target.f0_hz == 0.0) {
            assert!(frame.target.harmonics_db.iter().all(|&db| db == FLOOR_DB));
        }
    }

    #[test]
    fn targets_describe_the_instant_of_the_features() {
        // A tone that starts at 0.5 s: the first loud target lies there, whatever the tracker's delay is.
        let mut samples = known_sound(440.0, 1.5);
        samples[..24_000].fill(0.0);
        let take = analyse("start", "test", &Audio::from_mono(ANALYSIS_RATE_HZ, samples));
        let delay = track(&[0.0; 4800], TrackerConfig::default()).1 as f64;
        let loud = take.frames.iter().position(|f| f.target.loudness_db > -24.0).unwrap();
        let at = ((loud + 1) as f64 * HOP as f64 - delay) / f64::from(ANALYSIS_RATE_HZ);
        assert!((at - 0.5).abs() < 0.012, "the tone starts at 0.5 s, the targets say {at} s");
    }

    #[test]
    fn silence_and_very_short_sounds_are_analysed_without_complaint() {
        for len in [1, 100, 5000] {
            let take = analyse("silence", "test", &Audio::from_mono(ANALYSIS_RATE_HZ, vec![0.0; len]));
            for frame in &take.frames {
                assert!(frame.target.f0_hz == 0.0 && frame.target.loudness_db == FLOOR_DB);
            }
            assert_eq!(take.note, None);
        }
    }

    /// A tone with a bowed string's resonances under it, at the frequency where trackers most easily slip by an octave.
    #[test]
    fn a_slip_of_an_octave_is_mended_and_a_melody_left_alone() {
        let samples = known_sound(880.0, 2.0);
        let mut analyser = PeriodAnalyser::new(&samples, 0.0);
        let mut f0_hz = vec![880.0f32; 450];
        f0_hz[100..150].fill(440.0);
        f0_hz[200..220].fill(1760.0);
        f0_hz[300..310].fill(293.3);
        assert!(repair_octaves(&mut analyser, &mut f0_hz));
        assert!(f0_hz[60..440].iter().all(|f0| (f0 / 880.0 - 1.0).abs() < 0.02));

        let mut melody = known_sound(440.0, 1.0);
        melody.extend(known_sound(880.0, 0.4));
        melody.extend(known_sound(330.0, 0.4));
        melody.extend(known_sound(440.0, 0.6));
        let mut analyser = PeriodAnalyser::new(&melody, 0.0);
        let mut f0_hz = vec![440.0f32; 600];
        f0_hz[250..350].fill(880.0);
        f0_hz[350..450].fill(330.0);
        let before = f0_hz.clone();
        repair_octaves(&mut analyser, &mut f0_hz);
        // Where one note stops and the next starts either may be heard.
        let changed = f0_hz.iter().zip(&before).filter(|(a, b)| a != b).count();
        assert!(changed < 12, "{changed} frames of a melody were changed");
    }

    #[test]
    fn a_note_is_pitched_from_end_to_end_and_pauses_are_not() {
        let mut samples = known_sound(523.0, 1.0);
        samples.extend(vec![0.0; 14_400]);
        samples.extend(known_sound(523.0, 1.0));
        let mut analyser = PeriodAnalyser::new(&samples, 0.0);
        let mut f0_hz = vec![0.0f32; 575];
        for (n, f0) in f0_hz.iter_mut().enumerate() {
            let sounds = (6..245).contains(&n) || (332..575).contains(&n);
            *f0 = if sounds && !(100..130).contains(&n) { 523.0 } else { 0.0 };
        }
        assert!(bridge_gaps(&mut analyser, &mut f0_hz));
        assert!(f0_hz[4..247].iter().all(|f0| (f0 / 523.0 - 1.0).abs() < 0.02), "the gap within the note is bridged");
        assert!(f0_hz[262..315].iter().all(|&f0| f0 == 0.0), "the pause is not");
    }
}
