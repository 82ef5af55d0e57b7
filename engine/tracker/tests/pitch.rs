//! Pitch and voicing on signals whose pitch is known.

mod common;

use common::*;
use syrinx_tracker::{Calibration, LatencyMode, Tracker, TrackerConfig, TrackerError};

/// Time after which a steady tone must be right, s: the slowest onset allowed plus Studio's delay.
const SETTLED_S: f64 = 0.12;

#[test]
fn steady_tones_read_true_at_every_rate() {
    for mode in MODES {
        for rate in [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000, 384_000] {
            for f0 in [61.0, 110.0, 233.1, 523.3, 987.8] {
                let x = tone(rate, 0.4, |_| f0, |k, _| 0.2 / k as f64);
                let frames = track(rate, config(mode), &x);
                let share = share_right(rate, &frames, SETTLED_S, f0, 8.0);
                assert!(share > 0.99, "{mode:?} {rate} Hz, f0 {f0}: {share} right");
            }
        }
    }
}

#[test]
fn vowels_sung_at_any_pitch_keep_their_octave() {
    for formants in [[750.0, 1200.0, 2600.0], [300.0, 2300.0, 3000.0], [320.0, 800.0, 2300.0], [500.0, 900.0, 2500.0]] {
        for f0 in [82.4, 130.8, 196.0, 311.1, 440.0, 622.3, 880.0] {
            let frames = track(48_000, config(LatencyMode::Live), &tone(48_000, 0.5, |_| f0, vowel(formants)));
            let share = share_right(48_000, &frames, SETTLED_S, f0, 20.0);
            assert!(share > 0.97, "formants {formants:?}, f0 {f0}: {share} right");
        }
    }
}

#[test]
fn odd_spectra_keep_their_octave() {
    let weak = |k: usize, _: f64| if k == 1 { 0.003 } else { 0.1 / k as f64 };
    let missing = |k: usize, _: f64| if k == 1 { 0.0 } else { 0.1 / k as f64 };
    let strong_second = |k: usize, _: f64| if k == 2 { 0.3 } else { 0.05 / k as f64 };
    let odd = |k: usize, _: f64| if k % 2 == 1 { 0.2 / k as f64 } else { 0.0 };
    let pure = |k: usize, _: f64| if k == 1 { 0.2 } else { 0.0 };
    for f0 in [98.0, 146.8, 220.0, 392.0] {
        for (name, x) in [
            ("weak fundamental", tone(48_000, 0.5, |_| f0, weak)),
            ("missing fundamental", tone(48_000, 0.5, |_| f0, missing)),
            ("strong second", tone(48_000, 0.5, |_| f0, strong_second)),
            ("odd partials only", tone(48_000, 0.5, |_| f0, odd)),
            ("pure", tone(48_000, 0.5, |_| f0, pure)),
        ] {
            let frames = track(48_000, config(LatencyMode::Live), &x);
            let share = share_right(48_000, &frames, SETTLED_S, f0, 20.0);
            assert!(share > 0.97, "{name}, f0 {f0}: {share} right");
        }
    }
}

#[test]
fn the_top_of_violin_flute_and_whistle_is_tracked() {
    for rate in [44_100, 48_000] {
        for f0 in [196.0, 1318.5, 2093.0, 2637.0, 3520.0] {
            for (name, steepness) in [("violin", 2), ("whistle", 6)] {
                let x = tone(rate, 0.4, |_| f0, |k, _| 0.2 / (k as f64).powi(steepness));
                for mode in MODES {
                    let share = share_right(rate, &track(rate, config(mode), &x), SETTLED_S, f0, 20.0);
                    assert!(share > 0.97, "{mode:?}, {rate} Hz, {name}, f0 {f0}: {share} right");
                }
            }
        }
    }
}

#[test]
fn any_range_is_tracked_inside_itself() {
    for (min_f0_hz, max_f0_hz, f0) in
        [(30.0, 200.0, 41.2), (80.0, 400.0, 130.8), (400.0, 1600.0, 622.3), (1000.0, 4200.0, 1480.0)]
    {
        for mode in MODES {
            let config = TrackerConfig { min_f0_hz, max_f0_hz, ..config(mode) };
            let frames = track(48_000, config, &tone(48_000, 0.5, |_| f0, |k, _| 0.2 / k as f64));
            let share = share_right(48_000, &frames, 0.2, f0, 20.0);
            assert!(share > 0.97, "{mode:?}, {min_f0_hz} to {max_f0_hz} Hz, f0 {f0}: {share} right");
        }
    }
}

#[test]
fn onsets_are_known_within_a_few_periods() {
    // Live, from the first sample of a note after silence to a lasting right pitch.
    for (f0, limit_s) in [(98.0, 0.032), (130.8, 0.028), (220.0, 0.022), (440.0, 0.018), (880.0, 0.016)] {
        let mut x = vec![0.0; 9_600 + 77];
        x.extend(tone(48_000, 0.3, |_| f0, vowel([600.0, 1100.0, 2500.0])));
        let frames = track(48_000, config(LatencyMode::Live), &x);
        let share = share_right(48_000, &frames, 9_677.0 / 48_000.0 + limit_s, f0, 50.0);
        assert!(share > 0.99, "f0 {f0}: {share} right from {limit_s} s on");
    }
}

#[test]
fn noise_never_sings() {
    let white = noise(96_000, 0.05, 1);
    let sibilant: Vec<f32> = white.windows(2).map(|w| w[1] - w[0]).collect();
    for mode in MODES {
        for (name, limit, x) in [
            ("white noise", 0.0, white.clone()),
            ("s", 0.0, sibilant.clone()),
            ("sh", 0.01, resonate(&white, 48_000, &[(2500.0, 900.0), (3800.0, 1200.0)])),
            ("whispered a", 0.10, resonate(&white, 48_000, &[(750.0, 150.0), (1250.0, 170.0), (2600.0, 220.0)])),
            ("whispered i", 0.20, resonate(&white, 48_000, &[(320.0, 130.0), (2300.0, 180.0), (3000.0, 220.0)])),
        ] {
            let frames = track(48_000, config(mode), &x);
            let sung = frames.iter().filter(|f| f.confidence >= 0.5).count() as f64 / frames.len() as f64;
            assert!(sung <= limit, "{mode:?}, {name}: {sung} of the frames voiced");
            // The range asked for must not move the threshold.
            let narrow = track(48_000, TrackerConfig { max_f0_hz: 2000.0, ..config(mode) }, &x);
            let sung = narrow.iter().filter(|f| f.confidence >= 0.5).count() as f64 / narrow.len() as f64;
            assert!(sung <= limit, "{mode:?}, {name}, up to 2000 Hz: {sung} of the frames voiced");
        }
    }
}

/// Above what is sung, a resonance of the mouth is nearly a whistle.
#[test]
fn a_hiss_with_a_resonance_does_not_whistle() {
    let white = noise(480_000, 0.05, 5);
    for mode in MODES {
        let whistles = |expect_consonants, width_hz| {
            let config = TrackerConfig { expect_consonants, ..config(mode) };
            let hiss = resonate(&white, 48_000, &[(2600.0, width_hz)]);
            track(48_000, config, &hiss).iter().filter(|f| f.confidence >= 0.5).count()
        };
        let mouth = whistles(true, 300.0);
        assert!(mouth <= 5, "{mode:?}: {mouth} of 2500 frames whistle");
        // So narrow a resonance is a bad flute rather than a consonant.
        let (voice, instrument) = (whistles(true, 60.0), whistles(false, 60.0));
        assert!(voice < instrument, "{mode:?}: {voice} and {instrument} of 2500 frames whistle");
    }
}

#[test]
fn a_voice_is_heard_through_noise() {
    let clean = tone(48_000, 1.0, |t| 200.0 * (1.0 + 0.02 * (t * 34.0).sin()), vowel([600.0, 1100.0, 2500.0]));
    let rms = (clean.iter().map(|x| f64::from(x * x)).sum::<f64>() / clean.len() as f64).sqrt();
    let x: Vec<f32> = clean.iter().zip(noise(clean.len(), rms / 10f64.powf(0.25), 3)).map(|(a, b)| a + b).collect();
    let frames = track(48_000, config(LatencyMode::Live), &x);
    let share = share_right(48_000, &frames, SETTLED_S, 200.0, 80.0);
    assert!(share > 0.95, "{share} right at 5 dB");
}

#[test]
fn hum_does_not_sing() {
    let hum = tone(48_000, 4.0, |_| 50.0, |k, _| [0.001, 0.002, 0.0005].get(k - 1).copied().unwrap_or(0.0));
    let voice = tone(48_000, 1.0, |t| 180.0 * (1.0 + 0.02 * (t * 34.0).sin()), vowel([600.0, 1100.0, 2500.0]));
    let mut x = hum.clone();
    x.iter_mut().zip(&voice).for_each(|(a, b)| *a += b);
    // Alone it is known for what it is in less than half a second, and after a voice at once.
    let alone = track(48_000, config(LatencyMode::Live), &hum);
    assert!(alone[125..].iter().all(|f| f.confidence < 0.5));
    let frames = track(48_000, config(LatencyMode::Live), &x);
    assert!(frames[50..240].iter().all(|f| f.confidence >= 0.5));
    assert!(frames[400..].iter().all(|f| f.confidence < 0.5));
}

#[test]
fn a_sudden_piano_keeps_its_pitch() {
    let mut x = tone(48_000, 1.0, |t| 210.0 * (1.0 + 0.02 * (t * 34.0).sin()), vowel([600.0, 1100.0, 2500.0]));
    x[24_000..].iter_mut().for_each(|x| *x *= 0.1);
    let frames = track(48_000, config(LatencyMode::Live), &x);
    let sung = frames.iter().filter(|f| f.confidence >= 0.5).count();
    assert!(sung + 25 > frames.len(), "{} frames of {} lost", frames.len() - sung, frames.len());
    assert!(frames[150..].iter().all(|f| f.confidence >= 0.5), "lost for good");
}

#[test]
fn a_thump_does_not_mute_the_voice_after_it() {
    let mut x: Vec<f32> = (0..24_000).map(|n| (-(n as f32) / 800.0).exp() * (n as f32 * 0.006).sin() * 0.9).collect();
    x.extend(tone(48_000, 0.5, |_| 210.0, vowel([600.0, 1100.0, 2500.0])).iter().map(|x| x * 0.01));
    let frames = track(48_000, config(LatencyMode::Live), &x);
    let share = share_right(48_000, &frames, 0.54, 210.0, 20.0);
    assert!(share > 0.97, "{share} right after a thump");
}

#[test]
fn studio_says_what_was_sung_when_it_says() {
    let glide = |t: f64| 130.0 * (t * 1.2).exp2();
    let config = config(LatencyMode::Studio);
    for rate in [44_100, 48_000, 96_000] {
        let x = tone(rate, 1.5, glide, vowel([600.0, 1100.0, 2500.0]));
        let delay_s = Tracker::new(rate, config).expect("in range").delay_samples() as f64 / f64::from(rate);
        assert!((0.03..=0.05).contains(&delay_s), "Studio waits {delay_s} s");
        let mut errors: Vec<f64> = track(rate, config, &x)
            .iter()
            .map(|f| (described_s(rate, config, f.frame), f))
            .filter(|(t, _)| (0.1..1.4).contains(t))
            .map(|(t, f)| cents(f64::from(f.f0_hz), glide(t)))
            .collect();
        errors.sort_by(f64::total_cmp);
        // 1440 cents a second: an error of 1 ms in time is 1.4 cents.
        let median = errors[errors.len() / 2];
        assert!(median.abs() < 2.0, "{rate} Hz: Studio is {median} cents off the glide, {} ms", median / 1.44);
        assert!(errors[errors.len() / 20] > -8.0 && errors[errors.len() * 19 / 20] < 8.0);
    }
}

/// A vibrato of 5.5 Hz and a semitone: what is heard is late by the age of what was compared, and what is played less so.
#[test]
fn glides_that_are_continued_are_less_late() {
    for f0 in [110.0, 180.0, 350.0] {
        let sung = |t: f64| f0 * (0.5 / 12.0 * (std::f64::consts::TAU * 5.5 * t).sin()).exp2();
        let x = tone(48_000, 1.5, sung, vowel([600.0, 1100.0, 2500.0]));
        let error = |continue_glides: bool| {
            let config = TrackerConfig { continue_glides, ..config(LatencyMode::Live) };
            let errors: Vec<f64> = track(48_000, config, &x)
                .iter()
                .map(|f| (described_s(48_000, config, f.frame), f))
                .filter(|(t, _)| (0.2..1.4).contains(t))
                .map(|(t, f)| cents(f64::from(f.f0_hz), sung(t)).abs())
                .collect();
            errors.iter().sum::<f64>() / errors.len() as f64
        };
        let (heard, continued) = (error(false), error(true));
        println!("{f0} Hz: {heard:.1} cents off as heard, {continued:.1} continued");
        assert!(continued < 0.75 * heard, "{f0} Hz: {continued} cents off, as heard {heard}");
        let steady = TrackerConfig { continue_glides: true, ..config(LatencyMode::Live) };
        let frames = track(48_000, steady, &tone(48_000, 0.5, |_| f0, vowel([600.0, 1100.0, 2500.0])));
        assert!(share_right(48_000, &frames, SETTLED_S, f0, 5.0) > 0.97, "{f0} Hz: a steady note wobbles");
    }
}

#[test]
fn studio_knows_the_pitch_when_the_note_begins() {
    for f0 in [110.0, 220.0, 440.0] {
        let start = 0.3;
        let mut x = vec![0.0; 14_400];
        x.extend(tone(48_000, 0.4, |_| f0, vowel([600.0, 1100.0, 2500.0])));
        let config = config(LatencyMode::Studio);
        let right = |f: &syrinx_tracker::Features| f.confidence >= 0.5 && cents(f64::from(f.f0_hz), f0).abs() < 50.0;
        let frames = track(48_000, config, &x);
        let first = frames.iter().find(|f| right(f)).expect("the note is found");
        let late = described_s(48_000, config, first.frame) - start;
        assert!(late.abs() < 0.012, "f0 {f0}: right {late} s after the note began");
    }
}

#[test]
fn a_configuration_out_of_range_is_refused() {
    let base = TrackerConfig::default();
    assert_eq!(Tracker::new(7_999, base).err(), Some(TrackerError::SampleRate(7_999)));
    assert_eq!(Tracker::new(384_001, base).err(), Some(TrackerError::SampleRate(384_001)));
    for (min_f0_hz, max_f0_hz) in [(f32::NAN, 2000.0), (50.0, f32::NAN), (50.0, 5000.0), (10.0, 2000.0), (400.0, 500.0)] {
        let made = Tracker::new(48_000, TrackerConfig { min_f0_hz, max_f0_hz, ..base });
        assert!(matches!(made, Err(TrackerError::Range { .. })), "{min_f0_hz}..{max_f0_hz}");
    }
    assert_eq!(Tracker::new(48_000, TrackerConfig { gate_db: 3.0, ..base }).err(), Some(TrackerError::Gate(3.0)));
    for min_f0_hz in [30.0, 1000.0] {
        assert!(Tracker::new(8_000, TrackerConfig { min_f0_hz, ..base }).is_ok());
    }
}

/// A glide tells the range; with it, notes in strong noise are known more often, and none is taken for what the voice cannot sing.
#[test]
fn one_glide_makes_the_tracker_surer() {
    let live = config(LatencyMode::Live);
    let glide = tone(48_000, 3.0, |t| 130.0 * (t / 1.5).exp2(), vowel([600.0, 1100.0, 2500.0]));
    let mut calibration = Calibration::default();
    track(48_000, live, &glide).iter().for_each(|f| calibration.hear(f));
    let (low, high) = calibration.range_hz().expect("a glide is heard");
    assert!((95.0..125.0).contains(&low) && (560.0..720.0).contains(&high), "{low} to {high} Hz");

    let (mut right, mut wrong) = ([0, 0], [0, 0]);
    for (n, f0) in [138.6, 155.6, 185.0, 220.0, 261.6, 293.7, 349.2, 415.3, 493.9].into_iter().enumerate() {
        let clean = tone(48_000, 1.0, |_| f0, vowel([500.0, 1500.0, 2500.0]));
        let rms = (clean.iter().map(|x| f64::from(x * x)).sum::<f64>() / clean.len() as f64).sqrt();
        // Rumble: noise where the fundamental is, 9 dB louder than the voice.
        let rumble = resonate(&noise(clean.len(), 1.0, n as u32 + 1), 48_000, &[(70.0, 60.0), (250.0, 300.0)]);
        let scale = 2.8 * rms / (rumble.iter().map(|x| f64::from(x * x)).sum::<f64>() / rumble.len() as f64).sqrt();
        let x: Vec<f32> = clean.iter().zip(&rumble).map(|(a, b)| a + b * scale as f32).collect();
        for (known, range) in [(50.0, 4200.0), (low, high)].into_iter().enumerate() {
            let mut tracker = Tracker::new(48_000, live).unwrap();
            tracker.set_range(range.0, range.1);
            tracker.process(&x, |f| {
                let near = cents(f64::from(f.f0_hz), f0).abs() < 50.0;
                right[known] += u32::from(near);
                wrong[known] += u32::from(!near && f.confidence >= 0.5);
            });
        }
    }
    println!("frames right, without and with the range: {right:?}; wrong and sure: {wrong:?}");
    assert!(right[1] > right[0] && wrong[1] < wrong[0], "right {right:?}, wrong {wrong:?}");
}

#[test]
fn a_range_is_forgotten_when_it_is_none() {
    let x = tone(48_000, 0.5, |_| 220.0, |k, _| 0.2 / k as f64);
    let heard = |ranges: &[(f32, f32)]| {
        let mut tracker = Tracker::new(48_000, config(LatencyMode::Live)).unwrap();
        ranges.iter().for_each(|(low, high)| tracker.set_range(*low, *high));
        let mut all = Vec::new();
        tracker.process(&x, |f| all.push(f));
        all
    };
    let narrow = (300.0, 1000.0);
    assert!((heard(&[narrow]).last().unwrap().f0_hz - 220.0).abs() > 50.0, "it hears what it was told not to");
    let untouched = heard(&[]);
    for none in [(50.0, 4200.0), (4200.0, 50.0), (f32::NAN, 100.0)] {
        assert_eq!(heard(&[narrow, none]), untouched, "{none:?}");
    }
}
