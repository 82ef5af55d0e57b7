//! What tells a living tone from a static one, in figures: of a recording, and of what an instrument makes of that recording, side by side. Offline, any
//! thread.

use std::ops::Range;
use syrinx_analysis::{Take, Target};
use syrinx_decoder::MODULATION_BANDS;
use syrinx_tracker::FRAME_RATE_HZ;

use crate::{
    life::{PULSE_WINDOW, clear_in, filtered, held, levels_against_all, mirrored, pulse_in},
    split::Split,
    statistics::{hundredth, quantile, rms},
};

/// What is slower than this is the note's own course, Hz.
const SLOWEST_HZ: f32 = 1.0;
/// A note has ended where its loudness has fallen from the first of these to the second under what it was, dB, within so many frames (4 s).
const RELEASE_DB: [f32; 2] = [6.0, 26.0];
const LONGEST_RELEASE: usize = 1000;

/// Figures of one held note, or medians over many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Realism {
    /// RMS, dB, of the levels of harmonics over 1 Hz that neither f0 nor loudness nor their slopes explain.
    pub unexplained_db: f32,
    /// RMS, dB, of harmonics' levels against the whole, in each of [`MODULATION_BANDS_HZ`](syrinx_decoder::MODULATION_BANDS_HZ).
    pub am_db: [f32; MODULATION_BANDS],
    /// How noise of 2 to 6 kHz pulses with the pitch, 0 to 1: see [`Pulse`](syrinx_analysis::Pulse). None where there is too little of it.
    pub pulse: Option<f32>,
    /// Time in which the level falls from 6 to 26 dB under the note's where it ends, ms. None where it does not fall so far.
    pub release_ms: Option<f32>,
}

impl Realism {
    /// Of each of the held [`notes`] of a take: of its own recording, or of what sounds at the same instants instead (`levels_of` at the take's own pitches).
    /// Notes of which too few harmonics are clear are none.
    pub fn of_notes(notes: &[Range<usize>], targets: &[Target]) -> Vec<Self> {
        notes.iter().filter(|note| note.end <= targets.len()).filter_map(|note| of(targets, note.clone())).collect()
    }

    /// Medians, to two decimals; none of nothing.
    pub fn median(all: &[Self]) -> Option<Self> {
        let median = |of: &dyn Fn(&Self) -> Option<f32>| {
            let mut values: Vec<f32> = all.iter().filter_map(of).collect();
            (!values.is_empty()).then(|| hundredth(quantile(&mut values, 0.5)))
        };
        let mut am_db = [0.0; MODULATION_BANDS];
        for (band, db) in am_db.iter_mut().enumerate() {
            *db = median(&|r| Some(r.am_db[band]))?;
        }
        Some(Self {
            unexplained_db: median(&|r| Some(r.unexplained_db))?,
            am_db,
            pulse: median(&|r| r.pulse),
            release_ms: median(&|r| r.release_ms),
        })
    }
}

/// The held notes of a take, as frames.
pub fn notes(take: &Take) -> Vec<Range<usize>> {
    let takes = std::slice::from_ref(take);
    held(takes, &[0.0], &Split::everything(takes)).into_iter().map(|held| held.frames).collect()
}

fn of(targets: &[Target], note: Range<usize>) -> Option<Realism> {
    let held = &targets[note.clone()];
    let clear = clear_in(held);
    let against_all = levels_against_all(held);
    let harmonics: Vec<usize> = (0..clear.len()).filter(|k| clear[*k]).collect();
    // One alone is the whole.
    if harmonics.len() < 2 {
        return None;
    }
    let mean = |of: &dyn Fn(usize) -> f32| harmonics.iter().map(|k| of(*k)).sum::<f32>() / harmonics.len() as f32;
    let am_db = std::array::from_fn(|band| mean(&|k| rms(&filtered(&against_all(k), band))));
    let loudness: Vec<f32> = held.iter().map(|t| t.loudness_db).collect();
    let pitch: Vec<f32> = held.iter().map(|t| 12.0 * t.f0_hz.max(1.0).log2()).collect();
    let middle = pitch.iter().sum::<f32>() / pitch.len() as f32;
    let square = pitch.iter().map(|p| (p - middle).powi(2)).collect();
    let known = [slope(&loudness), slope(&pitch), loudness, pitch, square].map(|x| high_passed(&x));
    let known = orthonormal(known);
    let unexplained = |k: usize| {
        let mut level = high_passed(&held.iter().map(|t| t.harmonics_db[k]).collect::<Vec<_>>());
        known.iter().for_each(|x| take_off(&mut level, x));
        rms(&level).powi(2)
    };
    Some(Realism { unexplained_db: mean(&unexplained).sqrt(), am_db, pulse: pulse(held), release_ms: release(targets, note) })
}

/// The change a frame.
fn slope(x: &[f32]) -> Vec<f32> {
    let at = |n: usize| x[n.min(x.len() - 1)];
    (0..x.len()).map(|n| 0.5 * (at(n + 1) - at(n.saturating_sub(1)))).collect()
}

/// What is faster than [`SLOWEST_HZ`]: a Butterworth filter of second order, forwards and backwards.
fn high_passed(x: &[f32]) -> Vec<f32> {
    let k = (std::f32::consts::PI * SLOWEST_HZ / FRAME_RATE_HZ as f32).tan();
    let norm = 1.0 / (1.0 + std::f32::consts::SQRT_2 * k + k * k);
    let (a1, a2) = (2.0 * (k * k - 1.0) * norm, (1.0 - std::f32::consts::SQRT_2 * k + k * k) * norm);
    mirrored(x, |state, x| {
        let y = norm * x + state[0];
        state[0] = state[1] - 2.0 * norm * x - a1 * y;
        state[1] = norm * x - a2 * y;
        y
    })
}

/// Takes off `x` what of it goes with `known`, of length 1.
fn take_off(x: &mut [f32], known: &[f32]) {
    let share: f32 = x.iter().zip(known).map(|(x, known)| x * known).sum();
    x.iter_mut().zip(known).for_each(|(x, known)| *x -= share * known);
}

/// The same space, each at right angles to the others and of length 1; what adds nothing to it is left out.
fn orthonormal(all: [Vec<f32>; 5]) -> Vec<Vec<f32>> {
    let mut known: Vec<Vec<f32>> = Vec::new();
    for mut x in all {
        let before = rms(&x);
        // Twice, for rounding.
        for _ in 0..2 {
            known.iter().for_each(|known| take_off(&mut x, known));
        }
        let length = rms(&x) * (x.len() as f32).sqrt();
        if rms(&x) > 1e-3 * before && length > 0.0 {
            x.iter_mut().for_each(|x| *x /= length);
            known.push(x);
        }
    }
    known
}

/// The median over windows.
fn pulse(held: &[Target]) -> Option<f32> {
    let mut windows: Vec<f32> = held.chunks_exact(PULSE_WINDOW).filter_map(pulse_in).collect();
    (!windows.is_empty()).then(|| quantile(&mut windows, 0.5))
}

fn release(targets: &[Target], note: Range<usize>) -> Option<f32> {
    let usual = quantile(&mut targets[note.clone()].iter().map(|t| t.loudness_db).collect::<Vec<_>>(), 0.5);
    // A slow end begins within what counts as held.
    let all = &targets[note.start..targets.len().min(note.end + LONGEST_RELEASE)];
    let low = all.iter().position(|t| t.loudness_db < usual - RELEASE_DB[1])?;
    let high = all[..low].iter().rposition(|t| t.loudness_db > usual - RELEASE_DB[0])?;
    Some((low - high) as f32 * 1000.0 / FRAME_RATE_HZ as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        random::Random,
        testing::{frame, silence},
    };

    /// One note of two seconds, whose harmonics do as `moves` says of the frame and the number, and silence after it.
    fn note(moves: impl Fn(usize, usize) -> f32, release: usize) -> Take {
        let frames = (0..700 + release + 100).map(|n| {
            let fall = -30.0 * n.saturating_sub(700) as f32 / release as f32;
            if n >= 700 + release {
                return silence(n);
            }
            let mut frame = frame(n, 60.0, -20.0, 0.9, &mut Random::new(7));
            for (k, db) in frame.target.harmonics_db.iter_mut().enumerate() {
                *db += fall + moves(n, k);
            }
            frame.target.noise_db.iter_mut().for_each(|db| *db += fall - 20.0);
            frame.target.loudness_db += fall;
            frame
        });
        Take { name: "note.wav".into(), source: "one".into(), frames: frames.collect(), band_limit_hz: 22_000.0, note: Some(60) }
    }

    fn read(take: &Take) -> Realism {
        let targets: Vec<Target> = take.frames.iter().map(|f| f.target.clone()).collect();
        let all = Realism::of_notes(&notes(take), &targets);
        Realism::median(&all).unwrap()
    }

    #[test]
    fn what_moves_is_told_from_what_is_still() {
        let still = read(&note(|_, _| 0.0, 60));
        assert!(still.unexplained_db < 0.05 && still.am_db.iter().all(|db| *db < 0.05), "{still:?}");
        // Each by 2 dB (1.41 RMS) at 12 Hz, in phases that leave the whole as it is.
        let moves = |n: usize, k: usize| 2.0 * (std::f32::consts::TAU * (12.0 * n as f32 / 250.0 + 0.37 * k as f32)).sin();
        let moving = read(&note(moves, 60));
        assert!((moving.am_db[2] - 1.41).abs() < 0.3 && (moving.unexplained_db - 1.41).abs() < 0.3, "{moving:?}");
        assert!(moving.am_db[0] < 0.3 * moving.am_db[2], "{moving:?}");
    }

    #[test]
    fn what_goes_with_the_loudness_is_explained() {
        let mut take = note(|_, _| 0.0, 20);
        for (n, frame) in take.frames.iter_mut().enumerate().take(700) {
            let swell = (std::f32::consts::TAU * 5.0 * n as f32 / 250.0).sin();
            frame.target.loudness_db += 2.0 * swell;
            frame.target.harmonics_db.iter_mut().enumerate().for_each(|(k, db)| *db += (2.0 + 0.1 * k as f32) * swell);
        }
        let read = read(&take);
        assert!(read.unexplained_db < 0.1 && read.am_db[1] > 0.3, "{read:?}");
    }

    #[test]
    fn an_end_is_as_long_as_it_takes() {
        for frames in [60, 200] {
            let ms = read(&note(|_, _| 0.0, frames)).release_ms.unwrap();
            // 20 of 30 dB.
            assert!((ms / (frames as f32 * 4.0 * 2.0 / 3.0) - 1.0).abs() < 0.1, "{ms} ms of {frames} frames");
        }
        assert_eq!(Realism::median(&[]), None);
    }
}
