//! The filtered noise as it is heard: spectrum, seams, silence, onset, determinism, bad controls.

use syrinx_fft::Planner;
use syrinx_synth::{FilteredNoise, MAX_BANDS};
use syrinx_testkit::in_long_form;

const RATES: [u32; 4] = [44_100, 48_000, 96_000, 192_000];
const BANDS: usize = 32;

/// Seconds of noise that are measured: the more, the surer.
fn seconds() -> usize {
    if in_long_form() { 60 } else { 20 }
}

/// Edges of `bands` bands that are equally wide on the ERB-number scale, 60 Hz to 22 kHz.
fn erb_edges(bands: usize) -> Vec<f32> {
    let number = |hz: f64| 21.4 * (1.0 + 0.00437 * hz).log10();
    let (low, high) = (number(60.0), number(22_000.0));
    (0..=bands).map(|b| ((10_f64.powf((low + (high - low) * b as f64 / bands as f64) / 21.4) - 1.0) / 0.00437) as f32).collect()
}

fn longest_segment(rate: u32) -> usize {
    rate.div_ceil(250) as usize
}

fn segment_len(rate: u32, frame: usize) -> usize {
    (frame + 1) * rate as usize / 250 - frame * rate as usize / 250
}

fn synth(rate: u32) -> FilteredNoise {
    FilteredNoise::new(rate, &erb_edges(BANDS), longest_segment(rate), 1)
}

fn render(noise: &mut FilteredNoise, rate: u32, frames: usize, controls: impl Fn(usize) -> Vec<f32>) -> Vec<f32> {
    let mut out = Vec::new();
    for n in 0..frames {
        let start = out.len();
        out.resize(start + segment_len(rate, n), 0.0);
        noise.render(&controls(n), &mut out[start..]);
    }
    out
}

/// A breath: falls by 40 dB over the bands.
fn breath() -> Vec<f32> {
    (0..BANDS).map(|b| 0.03 * 10_f32.powf(-2.0 * b as f32 / BANDS as f32)).collect()
}

/// One-sided power density per bin (Welch, Hann windows, half overlapping) and the bins' distance in Hz.
fn density(x: &[f32], rate: u32, len: usize) -> (Vec<f64>, f64) {
    let fft = Planner::<f64>::new().plan_fft_forward(len);
    let (mut windowed, mut spectrum) = (fft.make_input_vec(), fft.make_output_vec());
    let mut power = vec![0.0; len / 2 + 1];
    let window: Vec<f64> = (0..len).map(|i| 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / len as f64).cos()).collect();
    let mut count = 0.0;
    for start in (0..=x.len() - len).step_by(len / 2) {
        for (i, w) in windowed.iter_mut().enumerate() {
            *w = f64::from(x[start + i]) * window[i];
        }
        fft.process(&mut windowed, &mut spectrum).unwrap();
        for (p, s) in power.iter_mut().zip(&spectrum) {
            *p += s.norm_sqr();
        }
        count += 1.0;
    }
    let window_power: f64 = window.iter().map(|w| w * w).sum();
    for p in &mut power {
        *p *= 2.0 / (count * window_power * f64::from(rate));
    }
    (power, f64::from(rate) / len as f64)
}

#[test]
fn bands_sound_with_their_rms_at_every_rate() {
    let edges = erb_edges(BANDS);
    let asked = breath();
    for rate in RATES {
        // The frame-to-frame flutter, of a thousandth, has every segment go the way of moving controls.
        let flutter = |n: usize| breath().iter().map(|a| a * (1.0 + 1e-3 * (n % 2) as f32)).collect();
        let out = render(&mut synth(rate), rate, 250 * seconds(), flutter);
        let (power, hz) = density(&out, rate, rate as usize / 2);
        for b in 0..BANDS {
            let (low, high) = (f64::from(edges[b]), f64::from(edges[b + 1]).min(f64::from(rate) / 2.0));
            // Shares of the bins that the edges cut count in proportion.
            let share = |k: usize| (((k as f64 + 0.5) * hz).min(high) - ((k as f64 - 0.5) * hz).max(low)).max(0.0);
            let heard: f64 = power.iter().enumerate().map(|(k, p)| p * share(k)).sum();
            let wanted = f64::from(asked[b]).powi(2) * (high - low) / f64::from(edges[b + 1] - edges[b]);
            let error = 10.0 * (heard / wanted).log10();
            assert!(error.abs() < 0.5, "{rate} Hz: band {b} ({low:.0} to {high:.0} Hz) is off by {error:.2} dB");
        }
        let beyond = (25_000.0 / hz) as usize;
        if beyond < power.len() {
            let ultrasonic: f64 = power[beyond..].iter().sum::<f64>() * hz;
            let total: f64 = power.iter().sum::<f64>() * hz;
            assert!(ultrasonic < 1e-5 * total, "{rate} Hz: sounds above the last band");
        }
        let rumble: f64 = power[..(20.0 / hz) as usize].iter().sum::<f64>() * hz;
        let lowest = f64::from(asked[0]).powi(2);
        assert!(rumble < 0.05 * lowest, "{rate} Hz: rumbles below the first band");
    }
}

#[test]
fn constant_controls_make_one_noise_whatever_the_segments() {
    for rate in RATES {
        let longest = longest_segment(rate);
        let total = 40 * longest;
        let with_lengths = |lengths: &[usize]| {
            let mut noise = synth(rate);
            let mut out = vec![0.0; total];
            // The first segment fades in, so it is the same for all.
            noise.render(&breath(), &mut out[..longest]);
            let mut start = longest;
            for len in lengths.iter().cycle() {
                let end = (start + len).min(total);
                noise.render(&breath(), &mut out[start..end]);
                start = end;
                if start == total {
                    break;
                }
            }
            out
        };
        let whole = with_lengths(&[longest]);
        for lengths in [&[1][..], &[17, 64, 3], &[longest - 1, longest], &[5 * longest + 3]] {
            let other = with_lengths(lengths);
            let worst = whole.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-6, "{rate} Hz, segments of {lengths:?}: differs by {worst}");
        }
    }
}

#[test]
fn gliding_between_equal_controls_is_holding_them() {
    let rate = 48_000;
    let held = render(&mut synth(rate), rate, 100, |_| breath());
    let fluttering =
        render(&mut synth(rate), rate, 100, |n| breath().iter().map(|a| a * (1.0 + 1e-6 * (n % 2) as f32)).collect());
    let peak = held.iter().fold(0.0_f32, |p, x| p.max(x.abs()));
    let worst = held.iter().zip(&fluttering).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-5 * peak, "differs by {worst} of {peak}");
}

#[test]
fn the_envelope_has_no_frame_rate_in_it() {
    for rate in RATES {
        for flutter in [0.0, 1e-3] {
            let controls = |n: usize| breath().iter().map(|a| a * (1.0 + flutter * (n % 3) as f32)).collect();
            let out = render(&mut synth(rate), rate, 250 * seconds(), controls);
            // Power in eighths of a frame, and the spectrum of that: 4000 Hz / 2000 gives half-Hz bins after averaging.
            let step = rate as f64 / 2000.0;
            let envelope: Vec<f32> = (100..2000 * seconds() - 1)
                .map(|i| {
                    let part = &out[(i as f64 * step) as usize..((i + 1) as f64 * step) as usize];
                    part.iter().map(|x| x * x).sum::<f32>() / part.len() as f32
                })
                .collect();
            let mean = envelope.iter().sum::<f32>() / envelope.len() as f32;
            let envelope: Vec<f32> = envelope.iter().map(|e| e / mean - 1.0).collect();
            let (power, hz) = density(&envelope, 2000, 1000);
            for multiple in 1..=3 {
                let at = (250.0 * f64::from(multiple) / hz) as usize;
                let around: f64 = (5..25).map(|d| power[at - d] + power[at + d]).sum::<f64>() / 40.0;
                let raised = 10.0 * (power[at] / around).log10();
                assert!(raised < 2.0, "{rate} Hz, flutter {flutter}: {raised:.1} dB at {} Hz", 250 * multiple);
            }
        }
    }
}

#[test]
fn moving_controls_move_the_level_steadily() {
    // 30 dB down over 30 frames, averaged over many notes: each frame must lie on the line, without steps.
    let rate = 48_000;
    let len = segment_len(rate, 0);
    let mut noise = synth(rate);
    let notes = 800;
    let mut power = vec![0.0_f64; 31 * 4];
    for _ in 0..notes {
        for n in 0..40 {
            let level = 10_f32.powf(-1.5 * (n as f32 - 9.0).max(0.0) / 30.0);
            let mut out = vec![0.0; len];
            noise.render(&breath().iter().map(|a| a * level).collect::<Vec<_>>(), &mut out);
            if n >= 9 {
                for (quarter, part) in out.chunks(len / 4).enumerate() {
                    power[(n - 9) * 4 + quarter] += part.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
                }
            }
        }
    }
    let db: Vec<f64> = power.iter().map(|p| 10.0 * p.log10()).collect();
    for q in 4..db.len() - 4 {
        let line = 0.5 * (db[q - 4] + db[q + 4]);
        assert!((db[q] - line).abs() < 1.0, "quarter {q} lies {:.2} dB off the line", db[q] - line);
    }
}

#[test]
fn noise_begins_with_its_segment_and_at_once() {
    for rate in RATES {
        let len = longest_segment(rate);
        let (mut attack, mut late) = (0.0, 0.0);
        for seed in 0..50 {
            let mut noise = FilteredNoise::new(rate, &erb_edges(8), len, seed);
            let mut out = vec![0.0_f32; 4 * len];
            for part in out.chunks_mut(len) {
                noise.render(&[0.01; 8], part);
            }
            attack += out[len..2 * len].iter().map(|x| f64::from(x * x)).sum::<f64>();
            late += out[3 * len..].iter().map(|x| f64::from(x * x)).sum::<f64>();
        }
        // Once the first segment has faded in, the level is there: minimum phase delays nothing.
        assert!((10.0 * (attack / late).log10()).abs() < 0.7, "{rate} Hz: {:.1} dB", 10.0 * (attack / late).log10());
    }
}

#[test]
fn silence_is_exact_after_the_ringing_and_before_the_first_noise() {
    for rate in RATES {
        let mut noise = synth(rate);
        let quiet = render(&mut noise, rate, 5, |_| vec![0.0; BANDS]);
        assert!(quiet.iter().all(|x| *x == 0.0));
        render(&mut noise, rate, 20, |_| breath());
        let tail = render(&mut noise, rate, 20, |_| vec![0.0; BANDS]);
        let end = tail.iter().rposition(|x| *x != 0.0).map_or(0, |i| i + 1);
        // One segment of fading and one filter length.
        assert!((end as f64) < f64::from(rate) * 0.030, "{rate} Hz: rings for {end} samples");
        // Too soft to count: as silence.
        assert!(render(&mut noise, rate, 5, |_| vec![1e-8; BANDS]).iter().all(|x| *x == 0.0));
    }
}

#[test]
fn reset_and_seed_say_what_is_heard() {
    let rate = 44_100;
    let controls = |n: usize| breath().iter().map(|a| a * (1.0 + (n as f32 * 0.3).sin())).collect::<Vec<_>>();
    let mut noise = synth(rate);
    let first = render(&mut noise, rate, 50, controls);
    assert_ne!(first, render(&mut noise, rate, 50, controls), "goes on, and does not repeat");
    noise.reset();
    assert_eq!(first, render(&mut noise, rate, 50, controls));
    assert_eq!(first, render(&mut synth(rate), rate, 50, controls));
    let mut other = FilteredNoise::new(rate, &erb_edges(BANDS), longest_segment(rate), 2);
    assert_ne!(first, render(&mut other, rate, 50, controls));
}

#[test]
fn adds_to_what_is_there() {
    let mut out = vec![0.25; 192];
    let mut alone = vec![0.0; 192];
    synth(48_000).render(&breath(), &mut out);
    synth(48_000).render(&breath(), &mut alone);
    for (a, b) in out.iter().zip(&alone) {
        assert_eq!(*a, 0.25 + b);
    }
}

#[test]
fn wild_controls_give_finite_bounded_noise() {
    let wild = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, f32::MAX, f32::MIN_POSITIVE, 1e-40, 0.0, 1.0];
    for rate in RATES {
        let mut noise = synth(rate);
        let out = render(&mut noise, rate, 300, |n| (0..BANDS).map(|b| wild[(n * 7 + b * (1 + n % 5)) % wild.len()]).collect());
        assert!(out.iter().all(|x| x.is_finite() && x.abs() < 1e5));
        let tail = render(&mut noise, rate, 20, |_| vec![f32::NAN; BANDS]);
        assert!(tail[tail.len() / 2..].iter().all(|x| *x == 0.0), "NaN is silence");
    }
}

#[test]
fn odd_numbers_of_bands_and_segments_work() {
    let rate = 48_000;
    let mut out = vec![0.0; 500];
    // Too few controls, too many, none.
    let mut noise = synth(rate);
    noise.render(&[0.1; 3], &mut out);
    noise.render(&[0.1; 200], &mut out);
    noise.render(&[], &mut out);
    noise.render(&[0.1; 32], &mut []);
    assert!(out.iter().all(|x| x.is_finite()));
    // One band, from 0 Hz; the most bands; a single sample at a time.
    for edges in [vec![0.0, 20_000.0], (0..=MAX_BANDS).map(|b| 300.0 * b as f32).collect()] {
        let mut noise = FilteredNoise::new(rate, &edges, 1, 3);
        let mut out = vec![0.0; 30_000];
        for x in out.chunks_mut(1) {
            noise.render(&[0.1; MAX_BANDS], x);
        }
        let rms = (out.iter().map(|x| f64::from(x * x)).sum::<f64>() / out.len() as f64).sqrt();
        let wanted = 0.1 * ((edges.len() - 1) as f64).sqrt();
        assert!((20.0 * (rms / wanted).log10()).abs() < 0.5, "{} bands: {rms} for {wanted}", edges.len() - 1);
    }
}

#[test]
fn edges_that_are_none_make_silence() {
    let bad: [&[f32]; 6] = [&[], &[100.0], &[200.0, 100.0], &[100.0, 100.0], &[f32::NAN, 100.0], &[-5.0, 100.0]];
    for edges in bad {
        let mut noise = FilteredNoise::new(48_000, edges, 192, 1);
        let mut out = vec![0.0; 192];
        noise.render(&[1.0; 4], &mut out);
        assert!(out.iter().all(|x| *x == 0.0), "{edges:?}");
    }
}

#[test]
fn rates_that_are_none_do_not_panic() {
    for rate in [0, 1, 20, 8_000, 768_000] {
        let mut noise = FilteredNoise::new(rate, &erb_edges(BANDS), 64, 1);
        let mut out = vec![0.0; 1000];
        noise.render(&breath(), &mut out);
        assert!(out.iter().all(|x| x.is_finite()), "{rate} Hz");
    }
}
