//! The contract of the audio thread: no allocation, nothing that is not a number comes out, and blocks leave no trace.

mod common;

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use common::*;
use syrinx_tracker::{Features, LOUDNESS_FLOOR_DB, LatencyMode, Tracker};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

/// A note, a breath, a note, silence: every path of the tracker.
fn phrase(rate: u32) -> Vec<f32> {
    let mut x = tone(rate, 0.35, |t| 150.0 + 80.0 * t, vowel([600.0, 1100.0, 2500.0]));
    x.extend(noise(rate as usize / 5, 0.05, 9));
    x.extend(tone(rate, 0.3, |_| 420.0, vowel([700.0, 1200.0, 2500.0])));
    x.extend(vec![0.0; rate as usize / 5]);
    x
}

fn bits(frames: &[Features]) -> Vec<(u64, u32, u32, u32)> {
    frames.iter().map(|f| (f.frame, f.f0_hz.to_bits(), f.confidence.to_bits(), f.loudness_db.to_bits())).collect()
}

fn track_in_blocks(tracker: &mut Tracker, input: &[f32], mut size: impl FnMut() -> usize) -> Vec<Features> {
    let mut frames = Vec::new();
    let mut rest = input;
    while !rest.is_empty() {
        let (block, after) = rest.split_at(size().min(rest.len()));
        tracker.process(block, |f| frames.push(f));
        rest = after;
    }
    frames
}

#[test]
fn the_block_size_never_changes_a_bit() {
    for mode in MODES {
        for rate in [44_100, 48_000, 96_000] {
            let x = phrase(rate);
            let mut tracker = Tracker::new(rate, config(mode)).expect("in range");
            let whole = bits(&track_in_blocks(&mut tracker, &x, || usize::MAX));
            assert_eq!(whole.len() as u64, x.len() as u64 * 250 / u64::from(rate));
            for size in [1, 7, 64, 1000] {
                tracker.reset();
                assert!(bits(&track_in_blocks(&mut tracker, &x, || size)) == whole, "{mode:?}, {rate} Hz, blocks of {size}");
            }
            let mut turn = 0;
            let mut fresh = Tracker::new(rate, config(mode)).expect("in range");
            let changing = track_in_blocks(&mut fresh, &x, || {
                turn += 1;
                [1, 480, 33, 0, 257, 64][turn % 6]
            });
            assert!(bits(&changing) == whole, "{mode:?}, {rate} Hz, changing blocks");
        }
    }
}

#[test]
fn nothing_allocates_after_new() {
    for mode in MODES {
        for rate in [44_100, 192_000] {
            let x = phrase(rate);
            let mut tracker = Tracker::new(rate, config(mode)).expect("in range");
            let mut count = 0u64;
            let mut voiced = 0u64;
            assert_no_alloc(|| {
                for _ in 0..2 {
                    for block in x.chunks(64) {
                        tracker.process(block, |f| {
                            count += 1;
                            voiced += u64::from(f.confidence >= 0.5);
                        });
                    }
                    tracker.reset();
                }
            });
            assert_eq!(count, 2 * (x.len() as u64 * 250 / u64::from(rate)));
            assert!(voiced > count / 2);
        }
    }
}

#[test]
fn what_is_not_a_number_is_silence() {
    let clean = phrase(48_000);
    let mut dirty = clean.clone();
    let mut holes = clean;
    for (i, bad) in [(500, f32::NAN), (7_000, f32::INFINITY), (7_001, f32::NEG_INFINITY), (30_000, f32::NAN)] {
        dirty[i] = bad;
        holes[i] = 0.0;
    }
    for mode in MODES {
        let got = track(48_000, config(mode), &dirty);
        assert!(bits(&got) == bits(&track(48_000, config(mode), &holes)));
        let all_bad = track(48_000, config(mode), &[f32::NAN; 9_600]);
        assert!(all_bad.iter().all(|f| f.confidence == 0.0 && f.f0_hz.is_finite() && f.loudness_db == LOUDNESS_FLOOR_DB));
    }
}

#[test]
fn absurd_levels_do_no_harm() {
    for mode in MODES {
        let mut x: Vec<f32> = phrase(48_000).iter().map(|x| x * 1e30).collect();
        x.extend(phrase(48_000));
        x.extend([f32::MAX, f32::MIN, f32::MIN_POSITIVE, 1e-40]);
        let frames = track(48_000, config(mode), &x);
        assert!(frames.iter().all(|f| f.f0_hz.is_finite() && (0.0..=1.0).contains(&f.confidence) && f.loudness_db.is_finite()));
    }
}

#[test]
fn silence_has_no_pitch_and_no_loudness() {
    for mode in MODES {
        let frames = track(48_000, config(mode), &vec![0.0; 24_000]);
        assert!(frames.iter().all(|f| f.confidence == 0.0 && f.loudness_db == LOUDNESS_FLOOR_DB));
        // After a note the pitch is held, and the level sinks to the floor.
        let mut x = tone(48_000, 0.3, |_| 220.0, |k, _| 0.2 / k as f64);
        x.extend(vec![0.0; 48_000]);
        let frames = track(48_000, config(mode), &x);
        let last = frames[frames.len() - 1];
        assert!(cents(f64::from(last.f0_hz), 220.0).abs() < 100.0, "{mode:?} holds {} Hz", last.f0_hz);
        assert_eq!((last.confidence, last.loudness_db), (0.0, LOUDNESS_FLOOR_DB));
    }
    assert_eq!(LatencyMode::default(), LatencyMode::Live);
}
