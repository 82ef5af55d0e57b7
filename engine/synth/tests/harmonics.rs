//! The harmonic synths against exact arithmetic: amplitude, frequency, phase, seams, aliasing, determinism, bad controls.

use syrinx_fft::{Complex, Planner};
use syrinx_synth::reference::{SinBank, Sine};
use syrinx_synth::{Controls, HarmonicBank, HarmonicSynth, MAX_HARMONICS, Wavetable};
use syrinx_testkit::in_long_form;

const RATES: [u32; 4] = [44_100, 48_000, 96_000, 192_000];

fn segment_len(rate: u32, frame: u64) -> usize {
    ((frame + 1) * u64::from(rate) / 250 - frame * u64::from(rate) / 250) as usize
}

fn controls(f0_hz: f32, amplitude: f32, count: usize, share: impl Fn(usize) -> f32) -> Controls {
    let mut c = Controls::silent(0);
    c.f0_hz = f0_hz;
    c.amplitude = amplitude;
    let sum: f32 = (0..count).map(&share).sum();
    for k in 0..count {
        c.harmonics[k] = share(k) / sum;
    }
    c
}

fn render(synth: &mut dyn HarmonicSynth, rate: u32, frames: &[Controls]) -> Vec<f32> {
    let mut out = Vec::new();
    for (n, c) in frames.iter().enumerate() {
        let start = out.len();
        out.resize(start + segment_len(rate, n as u64), 0.0);
        synth.render(c, &mut out[start..]);
    }
    out
}

fn exact(rate: u32, frames: &[Controls]) -> Vec<f64> {
    let mut bank = SinBank::new(rate, Sine::Exact);
    let mut out = Vec::new();
    for (n, c) in frames.iter().enumerate() {
        bank.render_with(c, segment_len(rate, n as u64), |_, x| out.push(x));
    }
    out
}

/// Peak error over the sum of the amplitudes, in dB.
fn error_db(got: &[f32], want: &[f64], amplitude: f64) -> f64 {
    assert_eq!(got.len(), want.len());
    let worst = got.iter().zip(want).map(|(g, w)| (f64::from(*g) - w).abs()).fold(0.0, f64::max);
    20.0 * (worst / amplitude).log10()
}

/// A vibrato with a crescendo, a jump and a fade-out: everything a note does.
fn phrase(f0: f32, count: usize, share: impl Fn(usize) -> f32 + Copy) -> Vec<Controls> {
    // Two waves of the vibrato, or six.
    let held = if in_long_form() { 250 } else { 84 };
    let mut frames: Vec<Controls> = (0..held)
        .map(|n| {
            let vibrato = 1.0 + 0.03 * (n as f32 * 0.15).sin();
            let jump = if n > held / 2 { 1.5 } else { 1.0 };
            controls(f0 * vibrato * jump, 0.2 + 0.75 * n as f32 / held as f32, count, |k| {
                share(k) * (1.0 + 0.3 * ((n + k) as f32).sin())
            })
        })
        .collect();
    frames.push(controls(0.0, 0.0, count, share));
    frames.push(controls(f0, 0.5, count, share));
    frames.push(controls(2.0 * f0, 0.5, count, share));
    frames
}

fn synths(rate: u32) -> [(&'static str, Box<dyn HarmonicSynth>); 2] {
    [("bank", Box::new(HarmonicBank::new(rate))), ("wavetable", Box::new(Wavetable::new(rate)))]
}

#[test]
fn both_are_exact_to_minus_100_db() {
    for rate in RATES {
        for f0 in [30.0, 60.0, 220.0, 1000.0, 3000.0] {
            for tilt in [0.0, 1.0] {
                let frames = phrase(f0, MAX_HARMONICS, |k| ((k + 1) as f32).powf(-tilt));
                let want = exact(rate, &frames);
                for (name, mut synth) in synths(rate) {
                    let error = error_db(&render(&mut *synth, rate, &frames), &want, 1.0);
                    println!("{name}, {rate} Hz, f0 {f0} Hz, tilt {tilt}: {error:.1} dB");
                    assert!(error < -110.0, "{name}, {rate} Hz, f0 {f0} Hz, tilt {tilt}: {error:.1} dB");
                }
            }
        }
    }
}

#[test]
fn any_length_of_segment_works() {
    for (name, mut synth) in synths(48_000) {
        let mut bank = SinBank::new(48_000, Sine::Exact);
        for (n, len) in [1, 2, 7, 15, 16, 17, 33, 176, 192, 768, 5000, 1, 1, 100].into_iter().enumerate() {
            let target = controls(150.0 + 40.0 * n as f32, 0.5, 60, |k| 1.0 / (k + n % 3 + 1) as f32);
            let mut out = vec![0.0; len];
            synth.render(&target, &mut out);
            bank.render_with(&target, len, |j, x| {
                assert!((f64::from(out[j]) - x).abs() < 3e-6, "{name}, segment {n} of {len}: {} for {x}", out[j]);
            });
            synth.render(&target, &mut []);
        }
    }
}

#[test]
fn every_harmonic_has_its_amplitude() {
    for rate in RATES {
        for (name, mut synth) in synths(rate) {
            // A frame holds a whole number of periods at 250 Hz times anything.
            let (f0, count) = (250.0_f32, MAX_HARMONICS);
            let share = |k: usize| 1.0 / (1.0 + (k % 7) as f32);
            let target = controls(f0, 0.8, count, share);
            let frames = vec![target; 27];
            let out = render(&mut *synth, rate, &frames);
            let tail = &out[out.len() - rate as usize / 10..];
            for k in 0..count {
                let cycles = f64::from(f0) * (k + 1) as f64 / f64::from(rate);
                let (mut re, mut im) = (0.0, 0.0);
                for (j, x) in tail.iter().enumerate() {
                    let (s, c) = (std::f64::consts::TAU * cycles * j as f64).sin_cos();
                    re += f64::from(*x) * c;
                    im += f64::from(*x) * s;
                }
                let got = 2.0 * (re * re + im * im).sqrt() / tail.len() as f64;
                let want = f64::from(target.amplitude * target.harmonics[k]);
                if cycles < 0.45 {
                    let error = 20.0 * (got / want).log10();
                    assert!(error.abs() < 0.001, "{name}, {rate} Hz: harmonic {} is off by {error} dB", k + 1);
                } else if cycles < 0.4999 {
                    assert!(got < want * 1.0001 && got > 0.0, "{name}, {rate} Hz: harmonic {} does not sound", k + 1);
                }
            }
        }
    }
}

/// Multiplies by a window with side lobes below -150 dB (seven-term Blackman-Harris; Albrecht, 2001) and returns the spectrum, scaled
/// so that a sine of amplitude 1 peaks at 1.
fn spectrum(x: &[f64]) -> Vec<f64> {
    const TERMS: [f64; 7] = [0.271_220_4, -0.433_444_6, 0.218_004_1, -0.065_785_34, 0.010_761_87, -7.700_127e-4, 1.368_088e-5];
    let n = x.len();
    let fft = Planner::<f64>::new().plan_fft_forward(n);
    let mut windowed: Vec<f64> = (0..n)
        .map(|j| {
            let phase = std::f64::consts::TAU * j as f64 / n as f64;
            x[j] * TERMS.iter().enumerate().map(|(i, t)| t * (phase * i as f64).cos()).sum::<f64>()
        })
        .collect();
    let mut out = fft.make_output_vec();
    fft.process(&mut windowed, &mut out).unwrap();
    out.iter().map(|c| c.norm() * 2.0 / (n as f64 * TERMS[0])).collect()
}

#[test]
fn high_notes_do_not_alias() {
    for rate in RATES {
        for f0 in [441.7_f32, 1567.9, 3951.07, 0.1803 * rate as f32, 0.4612 * rate as f32] {
            for (name, mut synth) in synths(rate) {
                let target = controls(f0, 1.0, MAX_HARMONICS, |_| 1.0);
                let len = 32_768;
                let out = render(&mut *synth, rate, &vec![target; len * 250 / rate as usize + 3]);
                let x: Vec<f64> = out[out.len() - len..].iter().map(|x| f64::from(*x)).collect();
                let per_bin = f64::from(rate) / len as f64;
                for (bin, level) in spectrum(&x).into_iter().enumerate() {
                    let harmonic = (bin as f64 * per_bin / f64::from(f0)).round().max(1.0);
                    let away = (bin as f64 - harmonic * f64::from(f0) / per_bin).abs();
                    if away > 10.0 {
                        let db = 20.0 * level.log10();
                        assert!(db < -110.0, "{name}, {rate} Hz, f0 {f0} Hz: {db:.1} dB at {:.0} Hz", bin as f64 * per_bin);
                    }
                }
            }
        }
    }
}

/// What is heard of a glide without any aliasing: its spectrum, computed at eight times the rate, from the second frame on, in which each partial
/// fades near Nyquist of the rate itself.
fn exact_glide(rate: u32, frames: &[Controls]) -> Vec<Complex<f64>> {
    const OVER: usize = 8;
    let lens: Vec<usize> = (0..frames.len()).map(|frame| segment_len(rate, frame as u64)).collect();
    let f0: Vec<f64> = frames.iter().map(|c| f64::from(c.f0_hz) / f64::from(rate)).collect();
    let amplitudes = frames[0].harmonics.map(f64::from);
    let n = lens[1..].iter().sum::<usize>();
    // The law of the glide, m samples into a frame, holds between samples too.
    let (mut frame, mut start, mut from) = (1, 0, f0[0]);
    let mut phase = from * lens[0] as f64;
    let sound = (0..n * OVER).map(|i| {
        let t = (i + OVER) as f64 / OVER as f64;
        let at = |frame: usize, m: f64, phase: f64, from: f64| {
            let step = (f0[frame] - from) / lens[frame] as f64;
            (phase + m * (from + 0.5 * step * (m + 1.0)), from + step * m)
        };
        if t > (start + lens[frame]) as f64 && frame + 1 < frames.len() {
            (phase, from) = at(frame, lens[frame] as f64, phase, from);
            (frame, start) = (frame + 1, start + lens[frame]);
        }
        let (p, f) = at(frame, t - start as f64, phase, from);
        // Each partial a turn further than the one before.
        let turn = Complex::from_polar(1.0, std::f64::consts::TAU * p.fract());
        let mut partial = Complex::new(1.0, 0.0);
        let sum: f64 = (1..)
            .zip(amplitudes)
            .map(|(k, amplitude)| {
                partial *= turn;
                let u = ((0.5 - f64::from(k) * f) / 0.05).clamp(0.0, 1.0);
                amplitude * u * u * (3.0 - 2.0 * u) * partial.im
            })
            .sum();
        sum * end_window(t, n)
    });
    transform(sound.collect()).into_iter().map(|x| x / OVER as f64).collect()
}

/// Keeps the ends of `n` samples out of the picture.
fn end_window(t: f64, n: usize) -> f64 {
    (std::f64::consts::PI * t / n as f64).sin().powi(4)
}

fn transform(mut x: Vec<f64>) -> Vec<Complex<f64>> {
    let fft = Planner::<f64>::new().plan_fft_forward(x.len());
    let mut out = fft.make_output_vec();
    fft.process(&mut x, &mut out).unwrap();
    out
}

/// What a glide aliases: energy of the difference to what is heard of it without, below 0.4 of the rate, re the sound's energy, in dB.
fn alias_db(synth: &mut dyn HarmonicSynth, rate: u32, frames: &[Controls], exact: &[Complex<f64>]) -> f64 {
    let out = render(synth, rate, frames);
    // The first frame fades in.
    let skip = segment_len(rate, 0);
    let n = out.len() - skip;
    let got = transform(out[skip..].iter().enumerate().map(|(j, x)| f64::from(*x) * end_window((j + 1) as f64, n)).collect());
    let total: f64 = got.iter().map(|x| x.norm_sqr()).sum();
    let heard = (0.4 * n as f64) as usize;
    let difference: f64 = (0..heard).map(|k| (got[k] - exact[k]).norm_sqr()).sum();
    10.0 * (difference / total).log10()
}

#[test]
fn glides_do_not_alias() {
    for rate in RATES {
        // Relative to the rate, so that the same partials cross Nyquist everywhere.
        let unit = rate as f32 / 48_000.0;
        let vibrato: Vec<f32> = (0..60).map(|n| unit * 300.0 * (1.0 + 0.05 * (n as f32 * 0.15).sin())).collect();
        let octave: Vec<f32> = (0..60).map(|n| unit * 200.0 * 2_f32.powf((n as f32 - 20.0).clamp(0.0, 20.0) / 20.0)).collect();
        let jump: Vec<f32> = (0..60).map(|n| unit * if n < 30 { 200.0 } else { 1000.0 }).collect();
        for (what, f0, tilt, most) in [
            ("vibrato", &vibrato, 0.0, -100.0),
            ("octave in 80 ms", &octave, 0.0, -100.0),
            // Partials rush by Nyquist within a few samples, and anything that short has a wide spectrum, however it is faded.
            ("200 to 1000 Hz in a frame, partials of equal amplitude", &jump, 0.0, -55.0),
            ("200 to 1000 Hz in a frame, partials falling as 1 / k", &jump, 1.0, -75.0),
        ] {
            let frames: Vec<Controls> = f0.iter().map(|f0| controls(*f0, 1.0, 100, |k| ((k + 1) as f32).powf(-tilt))).collect();
            let exact = exact_glide(rate, &frames);
            for (name, mut synth) in synths(rate) {
                let db = alias_db(&mut *synth, rate, &frames, &exact);
                println!("{name}, {rate} Hz, {what}: {db:.1} dB");
                assert!(db < most, "{name}, {rate} Hz, {what}: {db:.1} dB");
            }
        }
    }
}

#[test]
fn frame_borders_and_jumps_leave_no_click() {
    for rate in RATES {
        for (name, mut synth) in synths(rate) {
            // Ten low harmonics: smooth enough that a click would stand out; f0 and level jump from frame to frame.
            let frames: Vec<Controls> = (0..100)
                .map(|n| {
                    controls([100.0, 170.0, 130.0][n / 3 % 3], [0.3, 0.5, 0.0, 0.4][n % 4], 10, |k| 1.0 / (k + 1 + n % 2) as f32)
                })
                .collect();
            let out = render(&mut *synth, rate, &frames);
            let shortest = f64::from(rate / 250);
            // |x''| of sum a sin(p): a w^2, amplitude slopes 2 a' w and, at a border, a kink of both slopes; f0 slopes a k f'.
            let mut bound = 0.0;
            for k in 1..=10 {
                let w = std::f64::consts::TAU * f64::from(k) * 170.0 / f64::from(rate);
                let w_slope = std::f64::consts::TAU * f64::from(k) * 70.0 / f64::from(rate) / shortest;
                let a = 0.5 / f64::from(k) / 1.5;
                bound += a * (w * w + w_slope) + 2.0 * a / shortest * w + 2.0 * a / shortest;
            }
            let mut worst = 0.0_f64;
            for w in out.windows(3) {
                worst = worst.max(f64::from(w[2] - 2.0 * w[1] + w[0]).abs());
            }
            println!("{name}, {rate} Hz: {worst:.2e} of {bound:.2e}");
            assert!(worst < bound, "{name}, {rate} Hz: second difference {worst} above {bound}");
        }
    }
}

#[test]
fn a_steady_note_has_no_frame_rate_in_it() {
    for rate in RATES {
        for (name, mut synth) in synths(rate) {
            let f0 = 331.3_f32;
            let target = controls(f0, 1.0, 20, |k| 1.0 / (k + 1) as f32);
            let len = 32_768;
            let out = render(&mut *synth, rate, &vec![target; len * 250 / rate as usize + 3]);
            let x: Vec<f64> = out[out.len() - len..].iter().map(|x| f64::from(*x)).collect();
            let per_bin = f64::from(rate) / len as f64;
            for (bin, level) in spectrum(&x).into_iter().enumerate() {
                let harmonic = (bin as f64 * per_bin / f64::from(f0)).round().clamp(1.0, 20.0);
                if (bin as f64 - harmonic * f64::from(f0) / per_bin).abs() > 10.0 {
                    assert!(level < 1e-6, "{name}, {rate} Hz: {level:e} at {:.0} Hz", bin as f64 * per_bin);
                }
            }
        }
    }
}

#[test]
fn frequency_is_exact_after_an_hour() {
    // 440.1 as f32 is this over 2^16, exactly.
    let f0 = 440.1_f32;
    let numerator = (f64::from(f0) * 65_536.0) as u128;
    assert_eq!(numerator as f64 / 65_536.0, f64::from(f0));
    for rate in [44_100, 48_000] {
        let mut bank = HarmonicBank::new(rate);
        let target = controls(f0, 1.0, 1, |_| 1.0);
        let mut position = 0_u128;
        let mut out = vec![0.0; rate as usize / 250 + 1];
        for n in 0..3600 * 250 {
            let len = segment_len(rate, n);
            out[..len].fill(0.0);
            bank.render(&target, &mut out[..len]);
            if n % 90_000 == 89_999 {
                for j in 0..len {
                    // Phase in units of 1 / (65536 * rate) cycles: integers, so exact.
                    let unit = 65_536 * u128::from(rate);
                    let cycles = ((position + j as u128 + 1) * numerator % unit) as f64 / unit as f64;
                    let want = (std::f64::consts::TAU * cycles).sin();
                    assert!((f64::from(out[j]) - want).abs() < 1e-6, "{rate} Hz, segment {n}: {} for {want}", out[j]);
                }
            }
            position += len as u128;
        }
        assert_eq!(position, 3600 * u128::from(rate));
    }
}

#[test]
fn notes_begin_at_their_own_f0_and_end_at_it() {
    for (name, mut synth) in synths(48_000) {
        let note = |f0: f32| controls(f0, 0.5, 30, |k| 1.0 / (k + 1) as f32);
        let rest = Controls::silent(0);
        // After a note and a rest, a note sounds as if it were the first.
        let first = render(&mut *synth, 48_000, &[note(440.0), note(450.0), rest, rest]);
        render(&mut *synth, 48_000, &[note(100.0), rest]);
        let again = render(&mut *synth, 48_000, &[note(440.0), note(450.0), rest, rest]);
        assert_eq!(first, again, "{name}");
        // While it fades the f0 stays, whatever the control says; then silence is exact.
        let mut high_rest = rest;
        high_rest.f0_hz = 5000.0;
        let faded = render(&mut *synth, 48_000, &[note(440.0), note(450.0), high_rest, high_rest]);
        assert_eq!(first, faded, "{name}");
        assert!(first[3 * 192..].iter().all(|x| *x == 0.0), "{name}");
        assert!(first[2 * 192..3 * 192].iter().any(|x| *x != 0.0), "{name} fades, and does not stop");
    }
}

#[test]
fn reset_starts_again() {
    for rate in RATES {
        for (name, mut synth) in synths(rate) {
            let frames = phrase(123.0, 100, |k| 1.0 / (k + 1) as f32);
            let first = render(&mut *synth, rate, &frames);
            synth.reset();
            assert_eq!(first, render(&mut *synth, rate, &frames), "{name}");
        }
    }
}

#[test]
fn silence_leaves_the_output_as_it_is_and_sound_adds_to_it() {
    for (name, mut synth) in synths(48_000) {
        let mut out = vec![0.25; 192];
        synth.render(&Controls::silent(0), &mut out);
        assert!(out.iter().all(|x| *x == 0.25), "{name}");
        let target = controls(440.0, 0.5, 10, |_| 1.0);
        let mut alone = vec![0.0; 192];
        synth.render(&target, &mut out);
        synth.reset();
        synth.render(&target, &mut alone);
        for (a, b) in out.iter().zip(&alone) {
            assert_eq!(*a, 0.25 + b, "{name}");
        }
    }
}

#[test]
fn wild_controls_give_finite_bounded_sound() {
    let wild = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, f32::MAX, f32::MIN_POSITIVE, 1e-40, 0.0, 1.0, 440.0, 1e9];
    for rate in RATES {
        for (name, mut synth) in synths(rate) {
            for n in 0..2000_usize {
                let mut target = Controls::silent(n as u64);
                target.f0_hz = wild[n % wild.len()];
                target.amplitude = wild[n / 11 % wild.len()];
                target.harmonics = std::array::from_fn(|k| wild[(n * 5 + k * (1 + n % 3)) % wild.len()]);
                let mut out = vec![0.0; 1 + n % 200];
                synth.render(&target, &mut out);
                assert!(out.iter().all(|x| x.is_finite() && x.abs() < 1e5), "{name}, {rate} Hz, segment {n}");
            }
            // And it recovers.
            let frames = [controls(220.0, 0.5, 10, |_| 1.0); 3];
            let out = render(&mut *synth, rate, &frames);
            assert!(out[out.len() / 2..].iter().any(|x| x.abs() > 0.1), "{name}");
            for bad in [f32::NAN, f32::INFINITY, -1.0, 0.0] {
                synth.reset();
                let mut target = controls(220.0, 0.5, 10, |_| 1.0);
                target.f0_hz = bad;
                assert!(render(&mut *synth, rate, &[target; 2]).iter().all(|x| *x == 0.0), "{name}: f0 of {bad} is silence");
            }
        }
    }
}

#[test]
fn rates_that_are_none_do_not_panic() {
    for rate in [0, 1, 2, 8_000, 768_000] {
        for (name, mut synth) in synths(rate) {
            let mut out = vec![0.0; 1000];
            synth.render(&controls(440.0, 0.5, 10, |_| 1.0), &mut out);
            assert!(out.iter().all(|x| x.is_finite()), "{name}, {rate} Hz");
        }
    }
}
