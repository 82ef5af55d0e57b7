//! The pitch of a recording, found offline: the tracker with look-ahead, then refined until the high harmonics fall on their bins.
//! Offline; any thread but the audio thread.

use syrinx_tracker::{Features, LatencyMode, Tracker, TrackerConfig};

use crate::period_spectrum::{ANALYSIS_RATE_HZ, HOP, PeriodAnalyser, PeriodSpectrum};
use crate::targets::noise_spectrum;
use crate::workers::end_if_cancelled;

/// Lowest pitch looked for, Hz: below the lowest string of a double bass with extension.
pub const LOWEST_F0_HZ: f32 = 30.0;
/// Level under which the offline tracker hears no pitch, dB: releases of quiet recordings count here, where a player's room must not.
const OFFLINE_GATE_DB: f32 = -90.0;

/// Largest relative error of f0 that each pass of refinement can mend. Each pass hears the harmonics which such an error leaves within
/// reach of their bins, so the first listens to the lowest few and the last to all. The tracker itself is nearer than the first.
const PASSES: [f64; 3] = [0.01, 0.003, 0.001];
/// Harmonics that every pass hears: the first alone may be missing or drowned.
const FEWEST_HEARD: usize = 2;
/// Offset in bins up to which a harmonic's reading is trusted.
const REACH_BINS: f64 = 0.8;
/// Harmonic powers count up to this many times the noise beside them: beyond, modulation and not noise limits the reading.
const MOST_SNR: f64 = 1000.0;
/// Harmonics less than this many times the noise beside them say nothing.
const LEAST_SNR: f64 = 4.0;
/// How far around a frame the pitch is looked at to tell whether it has slipped, in frames: half a second to each side.
const AROUND: usize = 125;
/// Every how many frames that pitch is looked at.
const STRIDE: usize = 5;
/// Share of the pitched frames that must be near the median for a recording to be of one note, slips of an octave included.
const SINGLE_SHARE: f32 = 0.6;
/// Longest gap within a note, in frames: 0.2 s.
const LONGEST_GAP: usize = 50;
/// How far a note may reach beyond what the tracker was sure of, in frames: before its start (the tracker needs a few periods) and after its
/// end (the tracker gives up where the room takes over).
const BEFORE: usize = 6;
const BEYOND: usize = 25;
/// Largest step of pitch across a gap within one note, octaves: a semitone.
const GAP_STEP: f32 = 1.0 / 12.0;
/// Least share of the sound that the harmonics must hold for an unsure frame to count as pitched.
const SURELY_HARMONIC: f64 = 0.8;
/// A pitch this far from the median around it may have slipped, octaves.
const SLIPPED: f32 = 0.4;
/// The same in a recording of one note, where no melody has to be spared: farther than a vibrato.
const SLIPPED_FROM_NOTE: f32 = 0.12;
/// A pitch that may have slipped, and explains less than this share of the sound, is none.
const LEAST_EXPLAINED: f64 = 0.5;
/// How much more of the sound another pitch must explain to be the better one. A pitch an octave up explains less by nature (every harmonic
/// of the higher is one of the lower), so it may explain this much less.
const BETTER: f64 = 0.05;
/// Harmonics above this are left out of the refinement, Hz: recordings hold little but noise there.
const REFINE_LIMIT_HZ: f64 = 16_000.0;

/// All frames of `samples` (48 kHz) as the tracker says them, and the tracker's delay in samples. Silence is appended, so that the last
/// frames describe the end of the recording.
pub fn track(samples: &[f32], config: TrackerConfig) -> (Vec<Features>, usize) {
    let mut tracker = Tracker::new(ANALYSIS_RATE_HZ, config).expect("the analysis rate and range are within the tracker's");
    let delay = tracker.delay_samples();
    let mut frames = Vec::with_capacity((samples.len() + delay) / HOP + 1);
    for samples in samples.chunks(ANALYSIS_RATE_HZ as usize) {
        end_if_cancelled();
        tracker.process(samples, |frame| frames.push(frame));
    }
    tracker.process(&vec![0.0; delay.next_multiple_of(HOP)], |frame| frames.push(frame));
    (frames, delay)
}

/// The engine's tracker, told that it hears an instrument.
pub fn of_an_instrument(mode: LatencyMode) -> TrackerConfig {
    TrackerConfig { mode, expect_consonants: false, ..TrackerConfig::default() }
}

/// The configuration of the tracker that looks ahead.
pub fn offline_config() -> TrackerConfig {
    TrackerConfig { min_f0_hz: LOWEST_F0_HZ, gate_db: OFFLINE_GATE_DB, ..of_an_instrument(LatencyMode::Studio) }
}

/// f0 in Hz and confidence at `frames` instants `HOP` apart, the first at sample `first_instant`. f0 is the best guess also where the
/// confidence is low.
pub fn offline_pitch(samples: &[f32], first_instant: f64, frames: usize) -> Vec<(f32, f32)> {
    let (tracked, delay) = track(samples, offline_config());
    // Frame m describes sample (m + 1) * HOP - delay.
    let shift = (first_instant + delay as f64) / HOP as f64 - 1.0;
    let at = |m: i64| tracked[m.clamp(0, tracked.len() as i64 - 1) as usize];
    (0..frames)
        .map(|n| {
            let position = n as f64 + shift;
            let (before, share) = (position.floor() as i64, (position - position.floor()) as f32);
            let (a, b) = (at(before), at(before + 1));
            let near = if share < 0.5 { a } else { b };
            let glides = a.confidence >= 0.5 && b.confidence >= 0.5 && (a.f0_hz / b.f0_hz).ln().abs() < 0.04;
            let f0 = if glides { a.f0_hz + share * (b.f0_hz - a.f0_hz) } else { near.f0_hz };
            (f0, near.confidence)
        })
        .collect()
}

/// Refines `f0_hz` (0 where there is no pitch) from the frequencies of the partials.
pub fn refine(analyser: &mut PeriodAnalyser, f0_hz: &mut [f32]) {
    let mut spectrum = PeriodSpectrum::new();
    for tolerance in PASSES {
        let readings: Vec<(f64, f64)> = (0..f0_hz.len())
            .map(|n| {
                if f0_hz[n] <= 0.0 {
                    return (0.0, 0.0);
                }
                analyser.pitched(f0_hz, n, &mut spectrum);
                let (error, weight) = read_error(&spectrum, tolerance);
                (error.clamp(-tolerance, tolerance), weight)
            })
            .collect();
        let refined: Vec<f32> = (0..f0_hz.len())
            .map(|n| {
                if f0_hz[n] <= 0.0 {
                    return 0.0;
                }
                // Neighbours see nearly the same sound: their weighted mean steadies what noise makes jitter.
                let (mut sum, mut total) = (0.0, 0.0);
                for (step, share) in [(-1i64, 0.5), (0, 1.0), (1, 0.5)] {
                    let m = n as i64 + step;
                    if m < 0 || m as usize >= f0_hz.len() || (f0_hz[m as usize] / f0_hz[n] - 1.0).abs() > 0.04 {
                        continue;
                    }
                    let (error, weight) = readings[m as usize];
                    sum += share * weight * error;
                    total += share * weight;
                }
                if total > 0.0 { f0_hz[n] * (1.0 + sum / total) as f32 } else { f0_hz[n] }
            })
            .collect();
        f0_hz.copy_from_slice(&refined);
    }
}

/// Relative error of the spectrum's f0 and the weight of that reading: least squares over the offsets of the harmonics, each weighted by its
/// power over the noise beside it.
fn read_error(spectrum: &PeriodSpectrum, tolerance: f64) -> (f64, f64) {
    let periods = spectrum.periods;
    let highest =
        ((REFINE_LIMIT_HZ / spectrum.f0_hz) as usize).min((REACH_BINS / (tolerance * periods as f64)) as usize).max(FEWEST_HEARD);
    let (mut sum, mut total) = (0.0, 0.0);
    let bins = (1..=highest).map(|k| k * periods).take_while(|&at| at < spectrum.bins.len());
    let strongest = bins.map(|at| spectrum.tone_power(at)).fold(1e-30, f64::max);
    for k in 1..=highest {
        let at = k * periods;
        if at + periods / 2 >= spectrum.bins.len() {
            break;
        }
        let Some(offset) = spectrum.offset_of(k) else { continue };
        let beside = 0.5 * (spectrum.noise_power(at - periods / 2) + spectrum.noise_power(at + periods / 2));
        let snr = spectrum.tone_power(at) / beside.max(1e-30);
        if snr < LEAST_SNR || offset.abs() > 1.0 {
            continue;
        }
        let bins = at as f64;
        // Far under the strongest harmonic, what looks like a partial may be the skirt of another sound; but the fourth root lets the many high
        // harmonics, which read f0 best, outweigh the lowest.
        let weight = snr.min(MOST_SNR) * (spectrum.tone_power(at) / strongest).powf(0.25);
        sum += weight * bins * offset;
        total += weight * bins * bins;
    }
    if total > 0.0 { (sum / total, total) } else { (0.0, 0.0) }
}

/// Mends frames whose pitch has slipped by an octave or so from what sounds around them, where the pitch around them explains the frame
/// better. Returns whether any frame was changed.
pub fn repair_octaves(analyser: &mut PeriodAnalyser, f0_hz: &mut [f32]) -> bool {
    let original = f0_hz.to_vec();
    let mut spectrum = PeriodSpectrum::new();
    let mut noise = Vec::new();
    let mut changed = false;
    let single = single_pitch(&original);
    let slipped = if single.is_some() { SLIPPED_FROM_NOTE } else { SLIPPED };
    let mut around = single.unwrap_or(0.0);
    for n in 0..f0_hz.len() {
        if single.is_none() && n.is_multiple_of(STRIDE) {
            around = median_around(&original, n);
        }
        let f0 = original[n];
        if f0 <= 0.0 || around <= 0.0 || (f0 / around).log2().abs() < slipped {
            continue;
        }
        // A simple multiple near the median keeps the vibrato that the slipped pitch has.
        let mut multiples = [2.0, 3.0, 4.0, 0.5, 1.0 / 3.0, 0.25, 1.5, 2.0 / 3.0].into_iter().map(|ratio| f0 * ratio);
        let other = multiples.find(|other| (other / around).log2().abs() < 0.08).unwrap_or(around);
        let mut explained = |hz: f32| {
            f0_hz[n] = hz;
            analyser.pitched(f0_hz, n, &mut spectrum);
            harmonic_share(&spectrum, &mut noise)
        };
        let (kept, challenger) = (explained(f0), explained(other));
        let margin = if other > f0 { -BETTER } else { BETTER };
        if challenger > kept + margin {
            f0_hz[n] = other;
            changed = true;
        } else if kept < LEAST_EXPLAINED {
            f0_hz[n] = 0.0;
            changed = true;
        } else {
            f0_hz[n] = f0;
        }
    }
    changed
}

/// Gives frames a pitch that the tracker was not sure of, within a note and at its ends, where the harmonics of the note explain them.
/// Otherwise the note would turn into noise there. Returns whether any frame was changed.
pub fn bridge_gaps(analyser: &mut PeriodAnalyser, f0_hz: &mut [f32]) -> bool {
    let mut spectrum = PeriodSpectrum::new();
    let mut noise = Vec::new();
    let mut changed = false;
    let mut explains = |f0_hz: &mut [f32], n: usize, hz: f32| {
        f0_hz[n] = hz;
        analyser.pitched(f0_hz, n, &mut spectrum);
        let accepted = harmonic_share(&spectrum, &mut noise) >= SURELY_HARMONIC;
        if !accepted {
            f0_hz[n] = 0.0;
        }
        changed |= accepted;
        accepted
    };
    let frames = f0_hz.len();
    let mut n = 0;
    while n < frames {
        if f0_hz[n] > 0.0 {
            n += 1;
            continue;
        }
        let start = n;
        let end = (start..frames).find(|&m| f0_hz[m] > 0.0).unwrap_or(frames);
        let before = start.checked_sub(1).map(|last| f0_hz[last]);
        let after = f0_hz.get(end).copied();
        match (before, after) {
            (Some(a), Some(b)) if end - start <= LONGEST_GAP && (a / b).log2().abs() <= GAP_STEP => {
                for m in start..end {
                    let share = (m + 1 - start) as f32 / (end + 1 - start) as f32;
                    explains(f0_hz, m, a + share * (b - a));
                }
            }
            _ => {
                if let Some(a) = before {
                    let mut m = start;
                    while m < end.min(start + BEYOND) && explains(f0_hz, m, a) {
                        m += 1;
                    }
                }
                if let Some(b) = after {
                    let mut m = end;
                    while m > start.max(end.saturating_sub(BEFORE)) && f0_hz[m - 1] == 0.0 && explains(f0_hz, m - 1, b) {
                        m -= 1;
                    }
                }
            }
        }
        n = end;
    }
    changed
}

/// The pitch of a recording of one note, Hz: the median, when most pitched frames lie within a semitone of it.
fn single_pitch(f0_hz: &[f32]) -> Option<f32> {
    let mut pitched: Vec<f32> = f0_hz.iter().copied().filter(|&f0| f0 > 0.0).collect();
    pitched.sort_by(f32::total_cmp);
    let median = *pitched.get(pitched.len() / 2)?;
    let near = pitched.iter().filter(|&f0| (f0 / median).log2().abs() < 1.0 / 12.0).count();
    (near as f32 >= SINGLE_SHARE * pitched.len() as f32).then_some(median)
}

/// Median pitch of the pitched frames around frame `n`, Hz; 0 when there is none.
fn median_around(f0_hz: &[f32], n: usize) -> f32 {
    let frames = n.saturating_sub(AROUND)..(n + AROUND + 1).min(f0_hz.len());
    let mut pitched: Vec<f32> = f0_hz[frames].iter().copied().step_by(STRIDE).filter(|&f0| f0 > 0.0).collect();
    pitched.sort_by(f32::total_cmp);
    pitched.get(pitched.len() / 2).copied().unwrap_or(0.0)
}

/// Share of the power that the harmonics hold.
fn harmonic_share(spectrum: &PeriodSpectrum, noise: &mut Vec<f64>) -> f64 {
    noise_spectrum(spectrum, noise);
    let highest = (REFINE_LIMIT_HZ / spectrum.bin_hz) as usize;
    let between: f64 = noise.iter().take(highest).sum();
    let harmonic: f64 = (spectrum.periods..highest.min(noise.len()))
        .step_by(spectrum.periods)
        .map(|bin| (spectrum.tone_power(bin) - 1.5 * noise[bin]).max(0.0))
        .sum();
    if harmonic > 0.0 { harmonic / (harmonic + between) } else { 0.0 }
}
