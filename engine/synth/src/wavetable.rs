//! The wavetable synth: the bank's harmonics through interpolated tables. Lives on the audio thread.
//!
//! Once a segment the target's harmonics become one period of sound by an inverse FFT; the segment crossfades from the table before
//! to the new one, both read at the bank's phase, so it equals the bank. Tables hold the coefficients of a quintic B-spline
//! (Unser, "Splines: a perfect fit for signal and image processing", 1999): division by the spline's spectrum before the inverse FFT
//! makes each harmonic exact, and what is left are the spline's images, `(h / (SIZE - h))^6` of harmonic `h`: -101 dB for the
//! 128th, -141 dB for the 64th.
//!
//! No aliasing in glides: tables hold only harmonics that stay below the fade zone for the whole segment; the few others are
//! rendered by rotation, faded sample by sample, as in the bank.

use std::sync::Arc;

use syrinx_fft::{Complex, ComplexToReal, Planner};

use crate::glide::{Glide, Segment};
use crate::lanes::{BASELINE_FMA, LANES, Lanes, Simd, Times, add_faded, add_to, fma};
use crate::{Controls, HarmonicSynth, MAX_HARMONICS};

/// Points of a period: eight for the highest harmonic, which is what bounds the images (see the file's head).
const SIZE: usize = 1024;
/// Taps of the quintic spline.
const TAPS: usize = 6;
/// Repeated points at the end, so that the taps of the last one need no wrapping.
const GUARD: usize = TAPS - 1;
/// A table is made to hold this many harmonics fewer than it could, so that a vibrato does not force new ones ...
const HEADROOM: usize = 4;
/// ... and is kept until it holds this many fewer than it could.
const SLACK: usize = 16;

type Table = [f32; SIZE + GUARD];

/// Wavetable synth; sounds as [`HarmonicBank`](crate::HarmonicBank) does, to within -100 dB.
pub struct Wavetable {
    glide: Glide,
    /// The tables of the previous target and of this one, in the order told by `current`.
    tables: Box<[Table; 2]>,
    /// Which of the tables is the last target's.
    current: usize,
    /// Harmonics that the last target's table may hold.
    limit: usize,
    fft: Arc<dyn ComplexToReal<f32>>,
    spectrum: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    period: Vec<f32>,
    /// Half the inverse of the spline's response at each harmonic.
    emphasis: [f32; MAX_HARMONICS],
    simd: Simd,
}

impl Wavetable {
    /// A silent synth for a stream of `sample_rate_hz` samples a second.
    pub fn new(sample_rate_hz: u32) -> Self {
        Self::with_simd(sample_rate_hz, Simd::detect())
    }

    fn with_simd(sample_rate_hz: u32, simd: Simd) -> Self {
        let fft = Planner::<f32>::new().plan_fft_inverse(SIZE);
        let emphasis = std::array::from_fn(|k| {
            let x = std::f64::consts::PI * (k + 1) as f64 / SIZE as f64;
            (0.5 * (x / x.sin()).powi(TAPS as i32)) as f32
        });
        Self {
            glide: Glide::new(sample_rate_hz),
            tables: Box::new([[0.0; SIZE + GUARD]; 2]),
            current: 0,
            limit: 0,
            spectrum: fft.make_input_vec(),
            scratch: fft.make_scratch_vec(),
            period: fft.make_output_vec(),
            fft,
            emphasis,
            simd,
        }
    }

    /// Makes `table` one period of harmonics with the amplitudes of `amplitude(k)`, `k < limit`.
    fn fill(&mut self, table: usize, limit: usize, amplitude: impl Fn(usize) -> f32) {
        self.spectrum.fill(Complex::new(0.0, 0.0));
        let mut silent = true;
        for k in 0..limit {
            let a = amplitude(k);
            silent &= a == 0.0;
            // a * sin = -i a / 2 at the harmonic, and its conjugate on the other side.
            self.spectrum[k + 1] = Complex::new(0.0, -a * self.emphasis[k]);
        }
        let table = &mut self.tables[table];
        if silent {
            table.fill(0.0);
            return;
        }
        let done = self.fft.process_with_scratch(&mut self.spectrum, &mut self.period, &mut self.scratch);
        debug_assert!(done.is_ok(), "lengths are the plan's own, and the ends of the spectrum are real");
        table[..SIZE].copy_from_slice(&self.period);
        table[SIZE..].copy_from_slice(&self.period[..GUARD]);
    }
}

impl HarmonicSynth for Wavetable {
    fn reset(&mut self) {
        self.glide.reset();
        self.tables[self.current].fill(0.0);
        // Not kept: a table's limit depends on the notes before.
        self.limit = 0;
    }

    fn render(&mut self, target: &Controls, out: &mut [f32]) {
        let Some(segment) = self.glide.advance(target, out.len()) else { return };
        let (from, to) = (self.current, 1 - self.current);
        let most = segment.clear.min(MAX_HARMONICS);
        if self.limit > most || self.limit + SLACK < most {
            self.limit = if segment.clear >= MAX_HARMONICS + HEADROOM { MAX_HARMONICS } else { most.saturating_sub(HEADROOM) };
            self.fill(from, self.limit, |k| segment.from[k]);
        }
        if segment.change.iter().all(|c| *c == 0.0) {
            let [a, b] = &mut *self.tables;
            if from == 0 { b.copy_from_slice(a) } else { a.copy_from_slice(b) }
        } else {
            self.fill(to, self.limit, |k| segment.from[k] + segment.change[k]);
        }
        self.current = to;
        let (from, to) = (&self.tables[from], &self.tables[to]);
        match self.simd {
            Simd::Baseline => kernel::<BASELINE_FMA>(&segment, self.limit, from, to, out),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Simd::detect` found AVX2 and FMA on this processor.
            Simd::Avx2 => unsafe { kernel_avx2(&segment, self.limit, from, to, out) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn kernel_avx2(segment: &Segment, limit: usize, from: &Table, to: &Table, out: &mut [f32]) {
    kernel::<true>(segment, limit, from, to, out);
}

#[inline(always)]
fn kernel<const FMA: bool>(segment: &Segment, limit: usize, from: &Table, to: &Table, out: &mut [f32]) {
    for (block, out) in out.chunks_mut(LANES).enumerate() {
        let times = Times::of(segment, block * LANES);
        let mut sum = look_up::<FMA>(&times, from, to);
        add_faded::<FMA>(segment, limit, &times, &mut sum);
        add_to(out, &sum);
    }
}

/// The crossfade of both tables at each lane's phase.
#[inline(always)]
fn look_up<const FMA: bool>(times: &Times, from: &Table, to: &Table) -> Lanes {
    let mut index = [0_usize; LANES];
    let mut u = [0.0; LANES];
    for l in 0..LANES {
        // Shifted by a period so that truncation rounds down.
        let x = (times.phase[l] + 1.0) * SIZE as f64;
        let whole = x as i32;
        u[l] = (x - f64::from(whole)) as f32;
        // The first of the taps lies two points before.
        index[l] = (whole as usize + SIZE - 2) % SIZE;
    }
    let mut weights = [[0.0; LANES]; TAPS];
    for l in 0..LANES {
        let w = spline(u[l]);
        for i in 0..TAPS {
            weights[i][l] = w[i];
        }
    }
    let mut sum = [0.0; LANES];
    for l in 0..LANES {
        let (a, b) = (&from[index[l]..index[l] + TAPS], &to[index[l]..index[l] + TAPS]);
        for i in 0..TAPS {
            sum[l] = fma::<FMA>(weights[i][l], fma::<FMA>(times.t[l], b[i] - a[i], a[i]), sum[l]);
        }
    }
    sum
}

/// The quintic B-spline at `u + 2, u + 1, u, u - 1, u - 2, u - 3`, for `u` within 0..1.
#[inline(always)]
fn spline(u: f32) -> [f32; TAPS] {
    const SCALE: f32 = 1.0 / 120.0;
    let fifth = |x: f32| (x * x) * (x * x) * x * SCALE;
    let v = 1.0 - u;
    let (u0, u1, u2, v0, v1, v2) = (fifth(u), fifth(u + 1.0), fifth(u + 2.0), fifth(v), fifth(v + 1.0), fifth(v + 2.0));
    [v0, v1 - 6.0 * v0, v2 - 6.0 * v1 + 15.0 * v0, u2 - 6.0 * u1 + 15.0 * u0, u1 - 6.0 * u0, u0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spline_sums_to_one_and_is_symmetric() {
        for i in 0..=100 {
            let (w, mirrored) = (spline(i as f32 / 100.0), spline(1.0 - i as f32 / 100.0));
            assert!((w.iter().sum::<f32>() - 1.0).abs() < 1e-6);
            for t in 0..TAPS {
                assert!((w[t] - mirrored[TAPS - 1 - t]).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn sounds_alike_on_every_machine() {
        let mut fast = Wavetable::new(48_000);
        let mut plain = Wavetable::with_simd(48_000, Simd::Baseline);
        for n in 0..200_u64 {
            let mut target = Controls::silent(n);
            target.f0_hz = 200.0 * (1.0 + 0.5 * (n as f32 * 0.1).sin());
            target.amplitude = if n % 50 < 40 { 0.5 } else { 0.0 };
            target.harmonics = std::array::from_fn(|k| ((n as usize + k) % 5) as f32 / 256.0);
            let (mut a, mut b) = ([0.0; 192], [0.0; 192]);
            fast.render(&target, &mut a);
            plain.render(&target, &mut b);
            for (a, b) in a.iter().zip(&b) {
                assert!((a - b).abs() < 2e-6, "{a} and {b} in segment {n}");
            }
        }
    }
}
