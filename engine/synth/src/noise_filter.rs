//! From noise bands to a minimum-phase FIR filter. `new` off the audio thread, the rest on it.
//!
//! The log magnitude is interpolated between the bands' centres, so it is linear in the bands' log levels; and the phase of a
//! minimum-phase filter is linear in its log magnitude (its Hilbert transform: Oppenheim and Schafer, *Discrete-Time Signal
//! Processing*, section on minimum-phase systems). Hence both are weighted sums of one fixed curve per band, made once, on a
//! finer grid than any per-frame cepstrum could afford; per frame there is one small matrix product, one complex exponential per bin
//! and two FFTs that bound the filter's length.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use crate::MAX_BANDS;
use crate::lanes::{BASELINE_FMA, Simd, exp_turns, fma};

/// RMS of a band below which it counts as silent (-140 dB): 20 dB below the least that 24 bits can tell.
pub(crate) const FLOOR: f32 = 1e-7;
/// Loudest band (+36 dB): bounds what wild controls can do.
const LOUDEST: f32 = 64.0;
/// The grid on which phases are made is this many times finer than the filter's.
const OVERSAMPLING: usize = 4;
/// Bins computed together: eight AVX registers of sums.
const CHUNK: usize = 64;
/// Slope below the first edge, dB per octave, and how far down it goes. A filter of some 20 ms cannot fall faster down there.
const BELOW_DB_PER_OCTAVE: f64 = 24.0;
const BELOW_FLOOR_DB: f64 = 60.0;
/// The same above the last edge.
const ABOVE_DB_PER_OCTAVE: f64 = 120.0;
const ABOVE_FLOOR_DB: f64 = 100.0;
/// Most that a band's centre is moved to make up for its neighbours' pull, as a natural logarithm of amplitude (6 dB).
const MOST_CORRECTION: f32 = 0.69;

/// What one filter of a [`FilterDesign`] looks like: its spectrum on `fft_len / 2 + 1` bins, or silence.
pub(crate) struct Filter {
    pub spectrum: Vec<Complex<f32>>,
    pub silent: bool,
}

/// Makes filters for one set of bands.
pub(crate) struct FilterDesign {
    bands: usize,
    fft_len: usize,
    taps: usize,
    /// `ln` of the gain that gives a band an RMS of 1.
    unit: [f32; MAX_BANDS],
    /// Where neighbouring bands meet: share of the upper band's level at the edge between band b and b + 1.
    meeting: [f32; MAX_BANDS],
    /// Share of band b's width in Hz that lies below its centre.
    lower_share: [f32; MAX_BANDS],
    /// First bin of each stretch between two centres: stretch 0 lies below the first centre, the last above the last.
    stretches: Vec<usize>,
    /// Per bin: how far it is from the lower centre of its stretch to the upper, 0..1.
    position: Vec<f32>,
    /// Per bin: ln magnitude of the fall-off outside the bands.
    shape: Vec<f32>,
    /// Phase in cycles of the fall-off, then that of each band's curve per unit of ln magnitude; rows of `fft_len / 2` bins.
    phases: Vec<f32>,
    /// The taper of the filter's end, from `taps - taper.len()` on.
    taper: Vec<f32>,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    log_magnitude: Vec<f32>,
    response: Vec<f32>,
    scratch: Vec<Complex<f32>>,
    simd: Simd,
}

/// Number of equivalent rectangular bandwidths below `hz` (Glasberg and Moore, 1990).
fn erb_number(hz: f64) -> f64 {
    21.4 * (1.0 + 0.004_37 * hz).log10()
}

fn erb_number_to_hz(number: f64) -> f64 {
    (10_f64.powf(number / 21.4) - 1.0) / 0.004_37
}

impl FilterDesign {
    /// For bands between successive `edges_hz`, filters of `taps` taps used in FFTs of `fft_len`.
    ///
    /// Edges that are not finite, negative or not ascending make no bands: such a design is silent.
    pub fn new(sample_rate_hz: u32, edges_hz: &[f32], fft_len: usize, taps: usize) -> Self {
        let edges: Vec<f64> = edges_hz.iter().take(MAX_BANDS + 1).map(|e| f64::from(*e)).collect();
        let sane = edges.iter().all(|e| e.is_finite() && *e >= 0.0) && edges.windows(2).all(|w| w[0] < w[1]);
        let bands = if sane { edges.len().saturating_sub(1) } else { 0 };
        let rate = f64::from(sample_rate_hz.max(1));
        let centres: Vec<f64> = edges.windows(2).map(|w| 0.5 * (erb_number(w[0]) + erb_number(w[1]))).take(bands).collect();
        let (mut unit, mut meeting, mut lower_share) = ([0.0; MAX_BANDS], [0.0; MAX_BANDS], [0.0; MAX_BANDS]);
        for b in 0..bands {
            let width = edges[b + 1] - edges[b];
            // White noise of variance 1 has the density 2 / rate; a band of RMS 1 has 1 / width.
            unit[b] = (0.5 * (0.5 * rate / width).ln()) as f32;
            lower_share[b] = ((erb_number_to_hz(centres[b]) - edges[b]) / width) as f32;
            if b + 1 < bands {
                meeting[b] = ((erb_number(edges[b + 1]) - centres[b]) / (centres[b + 1] - centres[b])) as f32;
            }
        }

        let bins = fft_len / 2 + 1;
        let bin_hz = |k: usize, len: usize| k as f64 * rate / len as f64;
        // (stretch, position) of a frequency: stretch s lies between centres s - 1 and s.
        let place = |hz: f64| {
            let e = erb_number(hz);
            let s = centres.partition_point(|c| *c <= e);
            let p = if s == 0 || s == bands { 0.0 } else { (e - centres[s - 1]) / (centres[s] - centres[s - 1]) };
            (s, p)
        };
        let fall_off = |hz: f64| {
            if bands == 0 {
                return 0.0;
            }
            let (first, last) = (edges[0], edges[bands]);
            let db = if hz < first {
                (BELOW_DB_PER_OCTAVE * (first / hz.max(1e-3)).log2()).min(BELOW_FLOOR_DB)
            } else if hz > last {
                (ABOVE_DB_PER_OCTAVE * (hz / last).log2()).min(ABOVE_FLOOR_DB)
            } else {
                0.0
            };
            -db / 20.0 * std::f64::consts::LN_10
        };
        let places: Vec<(usize, f64)> = (0..bins).map(|k| place(bin_hz(k, fft_len))).collect();
        let stretches = (0..=bands).map(|s| places.partition_point(|p| p.0 < s)).collect();
        let position = places.iter().map(|p| p.1 as f32).collect();
        let shape = (0..bins).map(|k| fall_off(bin_hz(k, fft_len)) as f32).collect();

        let mut hilbert = Hilbert::new(fft_len * OVERSAMPLING);
        let mut phases = hilbert.phase_of(OVERSAMPLING, |k| fall_off(bin_hz(k, fft_len * OVERSAMPLING)));
        for b in 0..bands {
            phases.extend(hilbert.phase_of(OVERSAMPLING, |k| match place(bin_hz(k, fft_len * OVERSAMPLING)) {
                // Level is constant below the first centre and above the last.
                (0, _) => f64::from(b == 0),
                (s, _) if s == bands => f64::from(b == bands - 1),
                (s, p) if s == b => p,
                (s, p) if s == b + 1 => 1.0 - p,
                _ => 0.0,
            }));
        }

        let taper_len = taps / 4;
        let taper = (0..taper_len)
            .map(|i| (0.5 + 0.5 * (std::f64::consts::PI * (i as f64 + 0.5) / taper_len as f64).cos()) as f32)
            .collect();
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(fft_len);
        let inverse = planner.plan_fft_inverse(fft_len);
        let scratch_len = forward.get_scratch_len().max(inverse.get_scratch_len());
        Self {
            bands,
            fft_len,
            taps,
            unit,
            meeting,
            lower_share,
            stretches,
            position,
            shape,
            phases,
            taper,
            forward,
            inverse,
            log_magnitude: vec![0.0; bins],
            response: vec![0.0; fft_len],
            scratch: vec![Complex::new(0.0, 0.0); scratch_len],
            simd: Simd::detect(),
        }
    }

    /// A silent filter of this design's size.
    pub fn silent_filter(&self) -> Filter {
        Filter { spectrum: vec![Complex::new(0.0, 0.0); self.fft_len / 2 + 1], silent: true }
    }

    /// Number of bands.
    pub fn bands(&self) -> usize {
        self.bands
    }

    /// Makes `filter` the one for these RMS amplitudes of the bands. Missing bands, and amplitudes that are not finite or below
    /// [`FLOOR`], count as silent.
    pub fn make(&mut self, noise: &[f32], filter: &mut Filter) {
        let mut level = [0.0; MAX_BANDS];
        filter.silent = true;
        for b in 0..self.bands {
            let rms = noise.get(b).copied().unwrap_or(0.0);
            let rms = if rms.is_finite() && rms > FLOOR { rms.min(LOUDEST) } else { FLOOR };
            filter.silent &= rms <= FLOOR;
            level[b] = rms.ln() + self.unit[b];
        }
        if filter.silent {
            return;
        }
        self.hold_band_power(&mut level);
        self.interpolate(&level);
        match self.simd {
            Simd::Baseline => self.exponentiate::<BASELINE_FMA>(&level, &mut filter.spectrum),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Simd::detect` found AVX2 and FMA on this processor.
            Simd::Avx2 => unsafe { self.exponentiate_avx2(&level, &mut filter.spectrum) },
        }
        self.shorten(filter);
    }

    /// Moves the levels at the centres so that the mean power over each band, interpolation included, is what was asked: on a slope
    /// the loud side outweighs the soft one.
    fn hold_band_power(&self, level: &mut [f32; MAX_BANDS]) {
        // Mean of exp(2x) while x goes linearly from 0 to `to`: the power of half a band relative to its centre's.
        let mean = |to: f32| if to.abs() < 1e-3 { 1.0 + to } else { ((2.0 * to).exp() - 1.0) / (2.0 * to) };
        let asked = *level;
        // On a constant slope once is exact; around peaks twice is close.
        for _ in 0..2 {
            let now = *level;
            for b in 0..self.bands {
                let below = if b > 0 { (now[b - 1] - now[b]) * (1.0 - self.meeting[b - 1]) } else { 0.0 };
                let above = if b + 1 < self.bands { (now[b + 1] - now[b]) * self.meeting[b] } else { 0.0 };
                let power = self.lower_share[b] * mean(below) + (1.0 - self.lower_share[b]) * mean(above);
                level[b] = asked[b] - (0.5 * power.ln()).clamp(-MOST_CORRECTION, MOST_CORRECTION);
            }
        }
    }

    /// Fills `log_magnitude`.
    fn interpolate(&mut self, level: &[f32; MAX_BANDS]) {
        let bins = self.log_magnitude.len();
        for s in 0..=self.bands {
            let (start, end) = (self.stretches[s], self.stretches.get(s + 1).copied().unwrap_or(bins));
            let low = level[s.saturating_sub(1)];
            let rise = level[s.min(self.bands - 1)] - low;
            for k in start..end {
                self.log_magnitude[k] = self.shape[k] + low + rise * self.position[k];
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn exponentiate_avx2(&self, level: &[f32; MAX_BANDS], spectrum: &mut [Complex<f32>]) {
        self.exponentiate::<true>(level, spectrum);
    }

    /// The spectrum from `log_magnitude` and the levels' phases.
    #[inline(always)]
    fn exponentiate<const FMA: bool>(&self, level: &[f32; MAX_BANDS], spectrum: &mut [Complex<f32>]) {
        let half = self.fft_len / 2;
        for start in (0..half).step_by(CHUNK) {
            let row = |r: usize| &self.phases[r * half + start..][..CHUNK];
            let mut phase = [0.0; CHUNK];
            phase.copy_from_slice(row(0));
            for b in 0..self.bands {
                let (l, row) = (level[b], row(b + 1));
                for i in 0..CHUNK {
                    phase[i] = fma::<FMA>(l, row[i], phase[i]);
                }
            }
            let log_magnitude = &self.log_magnitude[start..][..CHUNK];
            let (mut re, mut im) = ([0.0; CHUNK], [0.0; CHUNK]);
            for i in 0..CHUNK {
                (re[i], im[i]) = exp_turns::<FMA>(log_magnitude[i], phase[i]);
            }
            let spectrum = &mut spectrum[start..][..CHUNK];
            for i in 0..CHUNK {
                spectrum[i] = Complex::new(re[i], im[i]);
            }
        }
        // Real at both ends, as the spectrum of any real signal.
        spectrum[0].im = 0.0;
        spectrum[half] = Complex::new(exp_turns::<FMA>(self.log_magnitude[half], 0.0).0, 0.0);
    }

    /// Bounds the filter to `taps` taps, so that overlap-add does not wrap around.
    fn shorten(&mut self, filter: &mut Filter) {
        let done = self.inverse.process_with_scratch(&mut filter.spectrum, &mut self.response, &mut self.scratch);
        debug_assert!(done.is_ok(), "lengths are the plan's own, and the ends of the spectrum are real");
        let scale = 1.0 / self.fft_len as f32;
        let flat = self.taps - self.taper.len();
        for h in &mut self.response[..flat] {
            *h *= scale;
        }
        for (h, w) in self.response[flat..self.taps].iter_mut().zip(&self.taper) {
            *h *= scale * w;
        }
        self.response[self.taps..].fill(0.0);
        let done = self.forward.process_with_scratch(&mut self.response, &mut filter.spectrum, &mut self.scratch);
        debug_assert!(done.is_ok(), "lengths are the plan's own");
    }
}

/// Minimum phase from log magnitude, on a grid of `len` points, by way of the folded cepstrum.
struct Hilbert {
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
    spectrum: Vec<Complex<f64>>,
    cepstrum: Vec<f64>,
}

impl Hilbert {
    fn new(len: usize) -> Self {
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(len);
        let inverse = planner.plan_fft_inverse(len);
        Self { spectrum: forward.make_output_vec(), cepstrum: forward.make_input_vec(), forward, inverse }
    }

    /// The phase in cycles at every `every`th bin below Nyquist.
    fn phase_of(&mut self, every: usize, log_magnitude: impl Fn(usize) -> f64) -> Vec<f32> {
        let len = self.cepstrum.len();
        for (k, x) in self.spectrum.iter_mut().enumerate() {
            *x = Complex::new(log_magnitude(k), 0.0);
        }
        self.inverse.process(&mut self.spectrum, &mut self.cepstrum).expect("lengths are the plan's own");
        // Causal: quefrencies below zero, which lie in the upper half, fold onto those above.
        for c in &mut self.cepstrum[1..len / 2] {
            *c *= 2.0;
        }
        self.cepstrum[len / 2 + 1..].fill(0.0);
        self.forward.process(&mut self.cepstrum, &mut self.spectrum).expect("lengths are the plan's own");
        let scale = 1.0 / (len as f64 * std::f64::consts::TAU);
        self.spectrum[..len / 2].iter().step_by(every).map(|x| (x.im * scale) as f32).collect()
    }
}
