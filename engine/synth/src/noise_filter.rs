//! From noise bands to a minimum-phase FIR filter. `new` off the audio thread, the rest on it.
//!
//! The log magnitude is interpolated between the bands' centres, so it is linear in the bands' log levels; and the phase of a
//! minimum-phase filter is linear in its log magnitude (its Hilbert transform: Oppenheim and Schafer, *Discrete-Time Signal
//! Processing*, section on minimum-phase systems). Hence both are weighted sums of one fixed curve per band, made once, on a
//! finer grid than any per-frame cepstrum could afford; per frame there is one small matrix product, one complex exponential per bin
//! and two FFTs that bound the filter's length.
//!
//! A filter given by samples of its spectrum wraps round in time: the low end's long tail would fall on the start, a broadband click
//! that drowns the soft top of a steep spectrum. So the curves are made for the filter damped by `d^n`, which for minimum phase is
//! the cepstrum damped by `d^n` and costs nothing; after the inverse FFT the damping is divided out, and what wrapped round stays
//! `d^fft_len` down.

use std::sync::Arc;

use syrinx_fft::{Complex, ComplexToReal, Planner, RealToComplex};

use crate::MAX_BANDS;
use crate::high_pass::HighPass;
use crate::lanes::{BASELINE_FMA, Simd, exp_turns, fma};
use syrinx_shared::Shared;

/// RMS of a band below which it counts as silent (-140 dB): 20 dB below the least that 24 bits can tell.
pub(crate) const FLOOR: f32 = 1e-7;
/// Loudest band (+36 dB): bounds what wild controls can do.
const LOUDEST: f32 = 64.0;
/// The grid on which phases are made is this many times finer than the filter's.
const OVERSAMPLING: usize = 4;
/// How far the damping takes down what wraps round (40 dB): more would lift the FFT's rounding above the tail.
const DAMPING: f64 = 0.01;
/// Bands whose curves are summed in one pass: fewer passes load and store the sums less often.
const TOGETHER: usize = 4;
/// Slope above the last edge, dB per octave, and how far down it goes.
const ABOVE_DB_PER_OCTAVE: f64 = 120.0;
const ABOVE_FLOOR_DB: f64 = 100.0;
/// Corner of the high-pass as a share of the first edge: takes 0.5 dB there, which the band's level makes up for.
const CORNER: f64 = 0.6;
/// Lowest corner in Hz, so that no offset passes even where bands begin at 0 Hz.
const LOWEST_CORNER_HZ: f64 = 8.0;
/// Highest corner in cycles per sample.
const HIGHEST_CORNER: f64 = 0.25;
/// Steepest fall from a band to its neighbour in dB, and in dB per width of the filter's resolution: steeper ones, as next to a silent
/// band, would ring beyond the filter's end and lose their power there. The softer band is raised.
const STEEPEST_DB: f64 = 30.0;
const STEEPEST_DB_PER_RESOLUTION: f64 = 15.0;
/// Most that a band's centre is moved to make up for its neighbours' pull, as a natural logarithm of amplitude (6 dB).
const MOST_CORRECTION: f32 = 0.69;

/// What one filter of a [`FilterDesign`] looks like: its spectrum on `fft_len / 2 + 1` bins, or silence.
pub(crate) struct Filter {
    pub spectrum: Vec<Complex<f32>>,
    pub silent: bool,
}

/// What decides a [`FilterDesign`]: whoever has the same has the same tables.
#[derive(Clone, PartialEq)]
struct Key {
    sample_rate_hz: u32,
    edges_hz: Vec<f32>,
    fft_len: usize,
    taps: usize,
}

static DESIGNS: Shared<Key, FilterDesign> = Shared::new();

/// Makes filters for one set of bands: tables, which all instances share.
pub(crate) struct FilterDesign {
    bands: usize,
    pub(crate) fft_len: usize,
    pub(crate) taps: usize,
    /// In front of the filters, whose levels allow for it: at rest.
    pub(crate) high_pass: HighPass,
    /// `ln` of the gain that gives a band an RMS of 1.
    unit: [f32; MAX_BANDS],
    /// Where neighbouring bands meet: share of the upper band's level at the edge between band b and b + 1.
    meeting: [f32; MAX_BANDS],
    /// Share of band b's width in Hz that lies below its centre.
    lower_share: [f32; MAX_BANDS],
    /// Largest difference of levels between band b and b + 1.
    steepest: [f32; MAX_BANDS],
    /// Rows of `fft_len` values: ln magnitude, then phase in cycles, of `fft_len / 2` bins. First the row of the fall-off outside the
    /// bands, then those of each band per unit of ln magnitude, then rows of zeros up to a multiple of [`TOGETHER`] bands.
    curves: Vec<f32>,
    /// ln magnitude at Nyquist of the same.
    nyquist: Vec<f32>,
    /// Undoes the damping, scales the inverse FFT and tapers the end, over `taps` taps.
    window: Vec<f32>,
    pub(crate) forward: Arc<dyn RealToComplex<f32>>,
    pub(crate) inverse: Arc<dyn ComplexToReal<f32>>,
    simd: Simd,
}

/// What making a filter needs besides: nothing in it outlasts the making.
pub(crate) struct Bench {
    /// The sums of the curves, later the impulse response.
    response: Vec<f32>,
    pub(crate) scratch: Vec<Complex<f32>>,
}

/// Number of equivalent rectangular bandwidths below `hz` (Glasberg and Moore, 1990).
fn erb_number(hz: f64) -> f64 {
    21.4 * (1.0 + 0.004_37 * hz).log10()
}

fn erb_number_to_hz(number: f64) -> f64 {
    (10_f64.powf(number / 21.4) - 1.0) / 0.004_37
}

impl FilterDesign {
    /// The design for bands between successive `edges_hz`, filters of `taps` taps used in FFTs of `fft_len`. Off the audio thread.
    ///
    /// Edges that are not finite, negative or not ascending make no bands: such a design is silent.
    pub fn of(sample_rate_hz: u32, edges_hz: &[f32], fft_len: usize, taps: usize) -> Arc<Self> {
        let key = Key { sample_rate_hz, edges_hz: edges_hz.to_vec(), fft_len, taps };
        DESIGNS.get(key.clone(), || Self::new(&key))
    }

    fn new(key: &Key) -> Self {
        let Key { sample_rate_hz, ref edges_hz, fft_len, taps } = *key;
        let edges: Vec<f64> = edges_hz.iter().take(MAX_BANDS + 1).map(|e| f64::from(*e)).collect();
        let sane = edges.iter().all(|e| e.is_finite() && *e >= 0.0) && edges.windows(2).all(|w| w[0] < w[1]);
        let bands = if sane { edges.len().saturating_sub(1) } else { 0 };
        let rate = f64::from(sample_rate_hz.max(1));
        let centres: Vec<f64> = edges.windows(2).map(|w| 0.5 * (erb_number(w[0]) + erb_number(w[1]))).take(bands).collect();
        let corner = (edges.first().copied().unwrap_or(0.0) * CORNER).max(LOWEST_CORNER_HZ).min(HIGHEST_CORNER * rate);
        let high_pass = HighPass::new(rate, corner);
        let resolution = rate / taps as f64;
        let (mut unit, mut meeting) = ([0.0; MAX_BANDS], [0.0; MAX_BANDS]);
        let (mut lower_share, mut steepest) = ([0.0; MAX_BANDS], [0.0; MAX_BANDS]);
        for b in 0..bands {
            let width = edges[b + 1] - edges[b];
            // White noise of variance 1 has the density 2 / rate; a band of RMS 1 has 1 / width.
            const POINTS: usize = 64;
            let passed = |i: usize| high_pass.power((edges[b] + width * (i as f64 + 0.5) / POINTS as f64) / rate);
            let high_passed = (0..POINTS).map(passed).sum::<f64>() / POINTS as f64;
            unit[b] = (0.5 * (0.5 * rate / (width * high_passed)).ln()) as f32;
            lower_share[b] = ((erb_number_to_hz(centres[b]) - edges[b]) / width) as f32;
            if b + 1 < bands {
                meeting[b] = ((erb_number(edges[b + 1]) - centres[b]) / (centres[b + 1] - centres[b])) as f32;
                let distance = erb_number_to_hz(centres[b + 1]) - erb_number_to_hz(centres[b]);
                let db = (STEEPEST_DB_PER_RESOLUTION * distance / resolution).min(STEEPEST_DB);
                steepest[b] = (db / 20.0 * std::f64::consts::LN_10) as f32;
            }
        }

        let fine_len = fft_len * OVERSAMPLING;
        let hz = |k: usize| k as f64 * rate / fine_len as f64;
        // (stretch, position) of a frequency: stretch s lies between centres s - 1 and s.
        let place = |hz: f64| {
            let e = erb_number(hz);
            let s = centres.partition_point(|c| *c <= e);
            let p = if s == 0 || s == bands { 0.0 } else { (e - centres[s - 1]) / (centres[s] - centres[s - 1]) };
            (s, p)
        };
        let places: Vec<(usize, f64)> = (0..=fine_len / 2).map(|k| place(hz(k))).collect();
        let mut minimum_phase = MinimumPhase::new(fft_len);
        let (mut curves, mut nyquist) = (Vec::new(), Vec::new());
        minimum_phase.add(&mut curves, &mut nyquist, |k| {
            let octaves = edges.get(bands).map_or(0.0, |last| (hz(k) / last).max(1.0).log2());
            -(ABOVE_DB_PER_OCTAVE * octaves).min(ABOVE_FLOOR_DB) / 20.0 * std::f64::consts::LN_10
        });
        for b in 0..bands {
            minimum_phase.add(&mut curves, &mut nyquist, |k| match places[k] {
                // Level is constant below the first centre and above the last.
                (0, _) => f64::from(b == 0),
                (s, _) if s == bands => f64::from(b == bands - 1),
                (s, p) if s == b => p,
                (s, p) if s == b + 1 => 1.0 - p,
                _ => 0.0,
            });
        }

        curves.resize((1 + bands.next_multiple_of(TOGETHER)) * fft_len, 0.0);

        let taper_len = taps / 4;
        let window = (0..taps)
            .map(|n| {
                let undamped = DAMPING.powf(-(n as f64) / fft_len as f64) / fft_len as f64;
                let into_taper = (n + taper_len).saturating_sub(taps) as f64 / taper_len.max(1) as f64;
                (undamped * (0.5 + 0.5 * (std::f64::consts::PI * into_taper).cos())) as f32
            })
            .collect();
        let mut planner = Planner::<f32>::new();
        let forward = planner.plan_fft_forward(fft_len);
        let inverse = planner.plan_fft_inverse(fft_len);
        Self {
            bands,
            fft_len,
            taps,
            high_pass,
            unit,
            meeting,
            lower_share,
            steepest,
            curves,
            nyquist,
            window,
            forward,
            inverse,
            simd: Simd::detect(),
        }
    }

    /// Room to make this design's filters in.
    pub fn bench(&self) -> Bench {
        let scratch_len = self.forward.get_scratch_len().max(self.inverse.get_scratch_len());
        Bench { response: vec![0.0; self.fft_len], scratch: vec![Complex::new(0.0, 0.0); scratch_len] }
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
    pub fn make(&self, noise: &[f32], filter: &mut Filter, bench: &mut Bench) {
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
        for b in 1..self.bands {
            level[b] = level[b].max(level[b - 1] - self.steepest[b - 1]);
        }
        for b in (1..self.bands).rev() {
            level[b - 1] = level[b - 1].max(level[b] - self.steepest[b - 1]);
        }
        match self.simd {
            Simd::Baseline => self.spectrum_of::<BASELINE_FMA>(level, &mut filter.spectrum, &mut bench.response),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Simd::detect` found AVX2 and FMA on this processor.
            Simd::Avx2 => unsafe { self.spectrum_of_avx2(level, &mut filter.spectrum, &mut bench.response) },
        }
        self.shorten(filter, bench);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn spectrum_of_avx2(&self, level: [f32; MAX_BANDS], spectrum: &mut [Complex<f32>], sums: &mut [f32]) {
        self.spectrum_of::<true>(level, spectrum, sums);
    }

    #[inline(always)]
    fn spectrum_of<const FMA: bool>(&self, mut level: [f32; MAX_BANDS], spectrum: &mut [Complex<f32>], sums: &mut [f32]) {
        self.hold_band_power::<FMA>(&mut level);
        self.exponentiate::<FMA>(&level, spectrum, sums);
    }

    /// Moves the levels at the centres so that the mean power over each band, interpolation included, is what was asked: on a slope
    /// the loud side outweighs the soft one.
    #[inline(always)]
    fn hold_band_power<const FMA: bool>(&self, level: &mut [f32; MAX_BANDS]) {
        // Mean of exp(2x) while x goes linearly from 0 to `to`: the power of half a band relative to its centre's.
        let mean = |to: f32| {
            let exact = (exp_turns::<FMA>(2.0 * to, 0.0).0 - 1.0) / (2.0 * to);
            if to.abs() < 1e-3 { 1.0 + to } else { exact }
        };
        let asked = *level;
        // On a constant slope once is exact; around peaks twice is close.
        for _ in 0..2 {
            let (mut below, mut above) = ([0.0; MAX_BANDS], [0.0; MAX_BANDS]);
            for b in 1..self.bands {
                let rise = level[b] - level[b - 1];
                above[b - 1] = rise * self.meeting[b - 1];
                below[b] = -rise * (1.0 - self.meeting[b - 1]);
            }
            for b in 0..MAX_BANDS {
                let power = self.lower_share[b] * mean(below[b]) + (1.0 - self.lower_share[b]) * mean(above[b]);
                level[b] = power;
            }
            for b in 0..self.bands {
                level[b] = asked[b] - (0.5 * level[b].ln()).clamp(-MOST_CORRECTION, MOST_CORRECTION);
            }
        }
    }

    /// The damped filter's spectrum from the bands' levels, by way of `sums`.
    #[inline(always)]
    fn exponentiate<const FMA: bool>(&self, level: &[f32; MAX_BANDS], spectrum: &mut [Complex<f32>], sums: &mut [f32]) {
        // Plain loops over slices: with sums held in arrays the compiler unrolls them into scalars.
        let (len, half) = (self.fft_len, self.fft_len / 2);
        let (first, rows) = self.curves.split_at(len);
        let sums = &mut sums[..len];
        sums.copy_from_slice(first);
        for (rows, l) in rows.chunks_exact(TOGETHER * len).zip(level.chunks_exact(TOGETHER)) {
            let (r0, r1) = (&rows[..len], &rows[len..2 * len]);
            let (r2, r3) = (&rows[2 * len..3 * len], &rows[3 * len..4 * len]);
            for i in 0..len {
                let low = fma::<FMA>(l[1], r1[i], fma::<FMA>(l[0], r0[i], sums[i]));
                sums[i] = fma::<FMA>(l[3], r3[i], fma::<FMA>(l[2], r2[i], low));
            }
        }
        let (magnitude, phase) = sums.split_at(half);
        for ((x, m), p) in spectrum.iter_mut().zip(magnitude).zip(phase) {
            let (re, im) = exp_turns::<FMA>(*m, *p);
            *x = Complex::new(re, im);
        }
        // Real at both ends, as the spectrum of any real signal.
        spectrum[0].im = 0.0;
        let mut last = self.nyquist[0];
        for b in 0..self.bands {
            last = fma::<FMA>(level[b], self.nyquist[b + 1], last);
        }
        spectrum[half] = Complex::new(exp_turns::<FMA>(last, 0.0).0, 0.0);
    }

    /// Takes off the damping and bounds the filter to `taps` taps, so that overlap-add does not wrap around.
    fn shorten(&self, filter: &mut Filter, bench: &mut Bench) {
        let Bench { response, scratch } = bench;
        let done = self.inverse.process_with_scratch(&mut filter.spectrum, response, scratch);
        debug_assert!(done.is_ok(), "lengths are the plan's own, and the ends of the spectrum are real");
        let (head, rest) = response.split_at_mut(self.window.len());
        for (h, w) in head.iter_mut().zip(&self.window) {
            *h *= w;
        }
        rest.fill(0.0);
        let done = self.forward.process_with_scratch(response, &mut filter.spectrum, scratch);
        debug_assert!(done.is_ok(), "lengths are the plan's own");
    }
}

/// Minimum phase from log magnitude by way of the folded cepstrum, on a fine grid. Off the audio thread.
struct MinimumPhase {
    fft_len: usize,
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
    spectrum: Vec<Complex<f64>>,
    cepstrum: Vec<f64>,
}

impl MinimumPhase {
    /// For filters used in FFTs of `fft_len`.
    fn new(fft_len: usize) -> Self {
        let mut planner = Planner::<f64>::new();
        let forward = planner.plan_fft_forward(fft_len * OVERSAMPLING);
        let inverse = planner.plan_fft_inverse(fft_len * OVERSAMPLING);
        Self { fft_len, spectrum: forward.make_output_vec(), cepstrum: forward.make_input_vec(), forward, inverse }
    }

    /// Appends the curves of the damped minimum-phase filter whose ln magnitude, undamped, is `log_magnitude(k)` at bin `k` of the
    /// fine grid; and its ln magnitude at Nyquist.
    fn add(&mut self, curves: &mut Vec<f32>, nyquist: &mut Vec<f32>, log_magnitude: impl Fn(usize) -> f64) {
        let len = self.cepstrum.len();
        for (k, x) in self.spectrum.iter_mut().enumerate() {
            *x = Complex::new(log_magnitude(k), 0.0);
        }
        self.inverse.process(&mut self.spectrum, &mut self.cepstrum).expect("lengths are the plan's own");
        for (n, c) in self.cepstrum.iter_mut().enumerate() {
            // Causal: quefrencies below zero, which lie in the upper half, fold onto those above.
            let fold = match n {
                0 => 1.0,
                _ if n < len / 2 => 2.0,
                _ => 0.0,
            };
            *c *= fold * DAMPING.powf(n as f64 / self.fft_len as f64) / len as f64;
        }
        self.forward.process(&mut self.cepstrum, &mut self.spectrum).expect("lengths are the plan's own");
        let at = |k: usize| self.spectrum[k * OVERSAMPLING];
        let half = self.fft_len / 2;
        curves.extend((0..half).map(|k| at(k).re as f32));
        curves.extend((0..half).map(|k| (at(k).im / std::f64::consts::TAU) as f32));
        nyquist.push(at(half).re as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: [(u32, usize, usize); 4] = [(44_100, 1024, 177), (48_000, 1024, 192), (96_000, 2048, 384), (192_000, 4096, 768)];

    fn erb_edges(bands: usize, low: f64, high: f64) -> Vec<f32> {
        let (low, high) = (erb_number(low), erb_number(high));
        (0..=bands).map(|b| erb_number_to_hz(low + (high - low) * b as f64 / bands as f64) as f32).collect()
    }

    /// RMS of each band that a filter truly gives, by the power of its spectrum on a grid of 1.5 Hz or finer; and the RMS that was
    /// to be there, which is less than asked for the band that Nyquist cuts.
    fn band_rms(
        design: &FilterDesign,
        high_pass: &HighPass,
        filter: &Filter,
        edges: &[f32],
        rate: u32,
        asked: &[f32],
    ) -> Vec<(f64, f64)> {
        let mut planner = Planner::<f64>::new();
        let mut spectrum: Vec<Complex<f64>> = filter.spectrum.iter().map(|x| Complex::new(x.re.into(), x.im.into())).collect();
        let last = spectrum.len() - 1;
        (spectrum[0].im, spectrum[last].im) = (0.0, 0.0);
        let inverse = planner.plan_fft_inverse(design.fft_len);
        let mut taps = inverse.make_output_vec();
        inverse.process(&mut spectrum, &mut taps).unwrap();
        let len = (rate as usize * 2 / 3).next_power_of_two() * 2;
        let forward = planner.plan_fft_forward(len);
        let mut padded = vec![0.0; len];
        for (p, t) in padded.iter_mut().zip(&taps[..design.window.len()]) {
            *p = t / design.fft_len as f64;
        }
        let mut fine = forward.make_output_vec();
        forward.process(&mut padded, &mut fine).unwrap();
        let hz = f64::from(rate) / len as f64;
        let nyquist = f64::from(rate) / 2.0;
        (0..design.bands)
            .filter(|b| f64::from(edges[*b]) < nyquist)
            .map(|b| {
                let (low, high) = (f64::from(edges[b]), f64::from(edges[b + 1]));
                let (first, end) = ((low / hz).ceil() as usize, (high.min(nyquist) / hz).ceil() as usize);
                let mean = (first..end).map(|k| fine[k].norm_sqr() * high_pass.power(k as f64 / len as f64)).sum::<f64>()
                    / (end - first) as f64;
                let heard = (high.min(nyquist) - low) / (high - low);
                // Density of white noise of variance 1: 2 / rate.
                ((mean * 2.0 / f64::from(rate) * (high.min(nyquist) - low)).sqrt(), f64::from(asked[b]) * heard.sqrt())
            })
            .collect()
    }

    /// Spectra as instruments have them: name, and level in dB of band `b` at share `x` of the scale.
    type Spectrum = (&'static str, fn(f64, f64) -> f64);
    const SPECTRA: [Spectrum; 6] = [
        ("equal bands", |_, _| -50.0),
        ("breath: falls by 40 dB", |x, _| -30.0 - 40.0 * x),
        ("bow: hump, falls by 60 dB", |x, _| -40.0 + 15.0 * (-((x - 0.3) / 0.1).powi(2)).exp() - 60.0 * x * x),
        ("sibilant: rises by 50 dB", |x, _| -80.0 + 50.0 * x),
        ("low rumble: falls by 80 dB", |x, _| -20.0 - 80.0 * x),
        ("ripple of 6 dB, three bands long", |_, b| -50.0 + 3.0 * (b * std::f64::consts::TAU / 3.0).sin()),
    ];

    /// Error in dB of each heard band.
    fn errors(rate: u32, fft_len: usize, max_segment: usize, edges: &[f32], asked: &[f32]) -> Vec<f64> {
        let design = FilterDesign::of(rate, edges, fft_len, fft_len + 1 - max_segment);
        let mut filter = design.silent_filter();
        design.make(asked, &mut filter, &mut design.bench());
        let rms = band_rms(&design, &design.high_pass, &filter, edges, rate, asked);
        rms.iter().map(|(got, want)| 20.0 * (got / want).log10()).collect()
    }

    #[test]
    fn bands_have_the_power_asked_for() {
        for (rate, fft_len, max_segment) in RATES {
            for bands in [16, 32, 64] {
                let edges = erb_edges(bands, 60.0, 22_000.0);
                for (name, level) in SPECTRA {
                    let asked: Vec<f32> =
                        (0..bands).map(|b| 10_f64.powf(level(b as f64 / bands as f64, b as f64) / 20.0) as f32).collect();
                    for (b, error) in errors(rate, fft_len, max_segment, &edges, &asked).iter().enumerate() {
                        // Bands narrower than the filter resolves (64 bands: 19 Hz at the bottom) blur into their neighbours.
                        let narrow = edges[b + 1] - edges[b] < 38.0;
                        let tolerance = if !name.starts_with("ripple") {
                            0.5
                        } else if narrow {
                            2.5
                        } else {
                            1.0
                        };
                        assert!(error.abs() < tolerance, "{rate} Hz, {bands} bands, {name}: band {b} is off by {error:.2} dB");
                    }
                }
            }
        }
    }

    #[test]
    fn a_band_alone_sounds_and_the_others_do_not() {
        for (rate, fft_len, max_segment) in RATES {
            let edges = erb_edges(32, 60.0, 22_000.0);
            for alone in [10, 16, 28] {
                let mut asked = vec![0.0; 32];
                asked[alone] = 0.1;
                let design = FilterDesign::of(rate, &edges, fft_len, fft_len + 1 - max_segment);
                let mut filter = design.silent_filter();
                design.make(&asked, &mut filter, &mut design.bench());
                for (b, (got, _)) in band_rms(&design, &design.high_pass, &filter, &edges, rate, &asked).iter().enumerate() {
                    let db = 20.0 * (got / 0.1).log10();
                    match b.abs_diff(alone) {
                        0 => assert!(db.abs() < 2.0, "{rate} Hz: band {b} alone is off by {db:.1} dB"),
                        1 => assert!(db < -10.0, "{rate} Hz: band {b} is at {db:.1} dB beside band {alone}"),
                        3.. => assert!(db < -35.0, "{rate} Hz: band {b} is at {db:.1} dB beside band {alone}"),
                        _ => {}
                    }
                }
            }
        }
    }
}
