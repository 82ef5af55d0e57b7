//! Loudness: the standard's curve, the speed of an onset, and a steady reading of a steady tone.

mod common;

use common::*;
use syrinx_tracker::{AWeighting, FrameClock, LatencyMode, Tracker, a_weighting_power};

const RATES: [u32; 12] = [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000, 384_000];

#[test]
fn the_filter_follows_the_standards_curve() {
    // IEC 61672-1:2013, table 3, class 1 (Hz, above, below, dB); the filter is held to half of it, and to 1 dB where it sets no lower limit.
    let class_1: [(f64, f64, f64); 31] = [
        (20.0, 2.0, 2.0),
        (25.0, 2.0, 1.5),
        (31.5, 1.5, 1.5),
        (40.0, 1.0, 1.0),
        (50.0, 1.0, 1.0),
        (63.0, 1.0, 1.0),
        (80.0, 1.0, 1.0),
        (100.0, 1.0, 1.0),
        (125.0, 1.0, 1.0),
        (160.0, 1.0, 1.0),
        (200.0, 1.0, 1.0),
        (250.0, 1.0, 1.0),
        (315.0, 1.0, 1.0),
        (400.0, 1.0, 1.0),
        (500.0, 1.0, 1.0),
        (630.0, 1.0, 1.0),
        (800.0, 1.0, 1.0),
        (1000.0, 0.7, 0.7),
        (1250.0, 1.0, 1.0),
        (1600.0, 1.0, 1.0),
        (2000.0, 1.0, 1.0),
        (2500.0, 1.0, 1.0),
        (3150.0, 1.0, 1.0),
        (4000.0, 1.0, 1.0),
        (5000.0, 1.5, 1.5),
        (6300.0, 1.5, 2.0),
        (8000.0, 1.5, 2.5),
        (10_000.0, 2.0, 3.0),
        (12_500.0, 2.0, 5.0),
        (16_000.0, 2.5, 16.0),
        (20_000.0, 3.0, 2.0),
    ];
    for rate in RATES {
        let filter = AWeighting::new(rate);
        for (hz, above, below) in class_1 {
            if hz > 0.47 * f64::from(rate) {
                continue;
            }
            let error = 10.0 * (filter.power(hz, rate) / a_weighting_power(hz)).log10();
            assert!(error < above / 2.0 && error > -(below.min(2.0) / 2.0), "{rate} Hz, {hz} Hz: {error:.3} dB");
        }
    }
}

#[test]
fn a_tone_reads_its_a_weighted_level() {
    for mode in MODES {
        for rate in [44_100, 48_000, 96_000, 192_000] {
            for hz in [100.0, 250.0, 1000.0, 4000.0, 10_000.0, 16_000.0] {
                let frames = track(rate, config(mode), &tone(rate, 0.3, |_| hz, |k, _| if k == 1 { 0.5 } else { 0.0 }));
                let want = 10.0 * (0.125 * a_weighting_power(hz)).log10();
                let got = frames.last().expect("frames").loudness_db;
                assert!((f64::from(got) - want).abs() < 0.5, "{mode:?} {rate} Hz: {hz} Hz reads {got} dB, not {want:.2}");
            }
        }
    }
}

#[test]
fn an_onset_is_heard_within_8_ms() {
    let rate = 48_000;
    let clock = FrameClock::new(rate);
    for offset in [0, 30, 61, 100, 150, 191] {
        for hz in [440.0, 1000.0] {
            let start = 9_600 + offset;
            let mut x = vec![0.0; start];
            x.extend(tone(rate, 0.2, |_| hz, |k, _| if k == 1 { 0.3 } else { 0.0 }));
            let frames = track(rate, config(LatencyMode::Live), &x);
            let settled = frames.last().expect("frames").loudness_db;
            for f in frames.iter().filter(|f| clock.end_of(f.frame) as usize >= start + rate as usize * 8 / 1000) {
                // 90 % of the amplitude.
                assert!(f.loudness_db > settled - 0.92, "{hz} Hz at {offset}: frame {} reads {}", f.frame, f.loudness_db);
            }
        }
    }
    assert!(Tracker::new(rate, config(LatencyMode::Live)).expect("in range").delay_samples() <= rate as usize * 4 / 1000);
}

#[test]
fn a_steady_tone_reads_steady() {
    for mode in MODES {
        for hz in [80.0, 100.0, 123.0, 164.8, 261.6, 440.0] {
            // A pure tone, and the pulses of a voice.
            for x in [
                tone(48_000, 0.6, |_| hz, |k, _| if k == 1 { 0.3 } else { 0.0 }),
                tone(48_000, 0.6, |_| hz, vowel([600.0, 1100.0, 2500.0])),
            ] {
                let frames = track(48_000, config(mode), &x);
                let steady = frames[40..frames.len() - 2].iter().map(|f| f.loudness_db);
                let (low, high) = steady.fold((f32::MAX, f32::MIN), |(l, h), x| (l.min(x), h.max(x)));
                assert!(high - low < 0.5, "{mode:?}, {hz} Hz: ripple of {} dB", high - low);
            }
        }
    }
}

#[test]
fn loudness_describes_the_moment_it_says() {
    for mode in MODES {
        for rate in [44_100, 48_000, 96_000] {
            let config = config(mode);
            let mut x = vec![0.0; rate as usize / 2];
            x.extend(noise(rate as usize / 2, 0.1, 4));
            let frames = track(rate, config, &x);
            let loud = frames.last().expect("frames").loudness_db;
            // Half the power lies in the window when its centre is at the step.
            let crossing = frames.iter().find(|f| f.loudness_db > loud - 3.0).expect("the step is heard");
            let late = described_s(rate, config, crossing.frame) - 0.5;
            assert!((-0.004..0.006).contains(&late), "{mode:?} {rate} Hz: the step is {late} s off");
        }
    }
}
