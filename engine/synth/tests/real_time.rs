//! Rendering never allocates or frees: the allocator of this program aborts if it does.

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use syrinx_synth::reference::{SinBank, Sine};
use syrinx_synth::{Controls, FilteredNoise, HarmonicBank, HarmonicSynth, MAX_BANDS, Wavetable};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

/// Notes, rests, glides past Nyquist and rubbish.
fn controls(n: usize) -> Controls {
    let mut c = Controls::silent(n as u64);
    c.f0_hz = match n % 40 {
        7 => f32::NAN,
        8 => 15_000.0,
        m => 80.0 + 30.0 * m as f32,
    };
    c.amplitude = if n % 40 < 30 { 0.5 } else { 0.0 };
    for k in 0..c.harmonics.len() {
        c.harmonics[k] = ((n + k) % 9) as f32 / 500.0;
    }
    for b in 0..MAX_BANDS {
        c.noise[b] = if n % 40 < 35 { 0.01 * ((n / 3 + b) % 5) as f32 } else { 0.0 };
    }
    c
}

#[test]
fn nothing_allocates_while_rendering() {
    for rate in [44_100_u32, 48_000, 96_000, 192_000] {
        let len = rate.div_ceil(250) as usize;
        let edges: Vec<f32> = (0..=MAX_BANDS).map(|b| 60.0 * 1.1_f32.powi(b as i32)).collect();
        let mut out = vec![0.0; 3 * len];
        let mut synths: [Box<dyn HarmonicSynth>; 3] =
            [Box::new(HarmonicBank::new(rate)), Box::new(Wavetable::new(rate)), Box::new(SinBank::new(rate, Sine::Single))];
        let mut noise = FilteredNoise::new(rate, &edges, len, 1);
        for n in 0..400 {
            let target = controls(n);
            let len = [len, len - 1, 1, 3 * len][n % 4];
            assert_no_alloc(|| {
                let (plain, fast) = synths.split_last_mut().unwrap();
                for synth in fast {
                    synth.render(&target, &mut out[..len]);
                }
                // Expects sane controls.
                if target.f0_hz.is_finite() {
                    plain.render(&target, &mut out[..1]);
                }
                noise.render(&target.noise, &mut out[..len]);
                if n % 100 == 99 {
                    synths.iter_mut().for_each(|s| s.reset());
                    noise.reset();
                }
            });
        }
        assert!(out.iter().all(|x| x.is_finite()));
    }
}
