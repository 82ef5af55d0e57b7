//! Spectra of frames warped to constant pitch, in which harmonic `k` is exactly bin `k * periods`. Offline; any thread but the audio
//! thread.

use std::collections::HashMap;
use std::sync::Arc;

use syrinx_fft::{Complex, Planner, RealToComplex};

use crate::audio::Audio;
use crate::workers::end_if_cancelled;

/// Rate at which recordings are analysed, Hz.
pub const ANALYSIS_RATE_HZ: u32 = 48_000;
/// Samples between frames at that rate.
pub const HOP: usize = (ANALYSIS_RATE_HZ / syrinx_tracker::FRAME_RATE_HZ) as usize;
/// Shortest window, s.
pub const SHORTEST_S: f64 = 0.021;
/// Fewest periods in a window: harmonics are then four bins apart, and one bin between two of them belongs to neither.
pub const FEWEST_PERIODS: usize = 4;
/// Samples of the window of frames without pitch: 21 ms.
const PLAIN_LEN: usize = 1024;

/// The signal is held at twice its rate, so that 16 taps interpolate it with images 110 dB down.
const OVERSAMPLING: usize = 2;
/// Taps of the interpolation filter.
const TAPS: usize = 16;
/// Filters a sample; between them the taps are interpolated linearly (error -106 dB).
const PHASES: usize = 256;
/// Kaiser's beta for 115 dB (Kaiser 1974: 2.285 * transition width * (taps - 1) + 8, transition from a quarter to three quarters of
/// the doubled rate).
const KAISER_BETA: f64 = 11.7;
/// Largest change of f0 between neighbouring frames that is a glide; beyond it another note begins.
const LARGEST_GLIDE: f32 = 0.04;

/// One frame's spectrum. Hann window; complex values as the FFT gives them.
pub struct PeriodSpectrum {
    /// Periods in the window: harmonic `k` (from 1) is bin `k * periods`. 0 for a frame without pitch.
    pub periods: usize,
    /// f0 at the centre of the frame, Hz.
    pub f0_hz: f64,
    /// Width of a bin, Hz.
    pub bin_hz: f64,
    /// Samples of the window.
    pub len: usize,
    /// `len / 2 + 1` bins.
    pub bins: Vec<Complex<f32>>,
}

impl PeriodSpectrum {
    /// Empty, to be filled by [`PeriodAnalyser`].
    pub fn new() -> Self {
        Self { periods: 0, f0_hz: 0.0, bin_hz: 0.0, len: 0, bins: Vec::new() }
    }

    /// Mean square of a steady sine at exactly `bin`: the Hann window halves its amplitude.
    pub fn tone_power(&self, bin: usize) -> f64 {
        8.0 * f64::from(self.bins[bin].norm_sqr()) / (self.len as f64).powi(2)
    }

    /// Mean square that noise has within one bin's width: the Hann window passes 3/8 of its power.
    pub fn noise_power(&self, bin: usize) -> f64 {
        16.0 / 3.0 * f64::from(self.bins[bin].norm_sqr()) / (self.len as f64).powi(2)
    }

    /// How far harmonic `k` lies from its bin, in bins, and the power it was read from.
    ///
    /// Exact for a steady sine under a Hann window: with `a`, `b`, `c` the bins below, at and above (signs alternating away), the offset is
    /// `2 (c - a) / (a + 2b + c)`, since the three are in proportion `(1-d)(2-d) : (4-d²) : (1+d)(2+d)` over a common factor.
    pub fn offset_of(&self, k: usize) -> Option<f64> {
        let at = k * self.periods;
        if at == 0 || at + 1 >= self.bins.len() {
            return None;
        }
        // The window is centred on sample len/2, which turns the phase of every other bin by half a turn.
        let (a, b, c) = (-self.bins[at - 1], self.bins[at], -self.bins[at + 1]);
        let (rise, sum) = (c - a, a + b * 2.0 + c);
        let power = f64::from(sum.norm_sqr());
        (power > 0.0).then(|| 2.0 * f64::from((rise * sum.conj()).re) / power)
    }
}

/// A transform and the window before it.
type Plan = (Arc<dyn RealToComplex<f32>>, Vec<f32>);

/// Cuts warped frames out of one recording.
pub struct PeriodAnalyser {
    /// The recording at twice the analysis rate, with `margin` zeros on both sides.
    doubled: Vec<f32>,
    /// Position of frame 0's instant, samples at the analysis rate.
    first_instant: f64,
    filters: Vec<[f32; TAPS]>,
    planner: Planner<f32>,
    plans: HashMap<usize, Plan>,
    positions: Vec<f64>,
    frame: Vec<f32>,
    scratch: Vec<Complex<f32>>,
}

impl PeriodAnalyser {
    /// For `samples` at [`ANALYSIS_RATE_HZ`], where frame `n` looks at sample `first_instant + n * HOP`.
    pub fn new(samples: &[f32], first_instant: f64) -> Self {
        let doubled = Audio::from_mono(ANALYSIS_RATE_HZ, samples.to_vec()).resampled(ANALYSIS_RATE_HZ * OVERSAMPLING as u32);
        Self {
            doubled: doubled.channels.into_iter().next().unwrap_or_default(),
            first_instant,
            filters: interpolation_filters(),
            planner: Planner::<f32>::new(),
            plans: HashMap::new(),
            positions: Vec::new(),
            frame: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// The spectrum of frame `n`, warped so that the pitch of `f0_hz` (Hz for each frame, 0 without pitch) is constant in it.
    pub fn pitched(&mut self, f0_hz: &[f32], n: usize, out: &mut PeriodSpectrum) {
        self.pitched_over(f0_hz, n, FEWEST_PERIODS, out);
    }

    /// The same over so many periods, or more where they would be too short.
    pub fn pitched_over(&mut self, f0_hz: &[f32], n: usize, periods: usize, out: &mut PeriodSpectrum) {
        end_if_cancelled();
        let centre_hz = f64::from(f0_hz[n]);
        let periods = periods.max((centre_hz * SHORTEST_S).ceil() as usize).next_multiple_of(2);
        let span = periods as f64 / centre_hz * f64::from(ANALYSIS_RATE_HZ);
        let len = good_len(span.ceil() as usize);
        out.periods = periods;
        out.f0_hz = centre_hz;
        out.bin_hz = centre_hz / periods as f64;

        let phase_step = periods as f64 / len as f64;
        self.positions.clear();
        self.positions.resize(len, 0.0);
        let half = len / 2;
        self.positions[half] = n as f64;
        march(f0_hz, n, true, phase_step, &mut self.positions[half + 1..]);
        // Backwards: filled from the end of the slice.
        let mut backwards = vec![0.0; half];
        march(f0_hz, n, false, phase_step, &mut backwards);
        for (i, &position) in backwards.iter().enumerate() {
            self.positions[half - 1 - i] = position;
        }
        self.frame.clear();
        for &position in &self.positions {
            let at = (self.first_instant + position * HOP as f64) * OVERSAMPLING as f64;
            self.frame.push(interpolate(&self.doubled, &self.filters, at));
        }
        self.transform(out);
    }

    /// The spectrum of 21 ms around frame `n`, as it is.
    pub fn plain(&mut self, n: usize, out: &mut PeriodSpectrum) {
        end_if_cancelled();
        out.periods = 0;
        out.f0_hz = 0.0;
        out.bin_hz = f64::from(ANALYSIS_RATE_HZ) / PLAIN_LEN as f64;
        let centre = (self.first_instant + (n * HOP) as f64).round() as i64;
        self.frame.clear();
        for i in 0..PLAIN_LEN as i64 {
            let at = (centre + i - PLAIN_LEN as i64 / 2) * OVERSAMPLING as i64;
            self.frame.push(usize::try_from(at).ok().and_then(|at| self.doubled.get(at)).copied().unwrap_or(0.0));
        }
        self.transform(out);
    }

    /// Windows and transforms `self.frame`.
    fn transform(&mut self, out: &mut PeriodSpectrum) {
        let len = self.frame.len();
        let (plan, window) = self.plans.entry(len).or_insert_with(|| {
            let window = (0..len).map(|i| (0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / len as f64).cos()) as f32).collect();
            (self.planner.plan_fft_forward(len), window)
        });
        for (sample, weight) in self.frame.iter_mut().zip(window.iter()) {
            *sample *= weight;
        }
        out.len = len;
        out.bins.clear();
        out.bins.resize(len / 2 + 1, Complex::default());
        self.scratch.resize(plan.get_scratch_len(), Complex::default());
        plan.process_with_scratch(&mut self.frame, &mut out.bins, &mut self.scratch).expect("buffers have the plan's lengths");
    }
}

/// Fills `positions` (in frames) with the moments at which the phase of the contour has moved 1, 2, ... `phase_step`s away from frame `n`.
fn march(f0_hz: &[f32], n: usize, forward: bool, phase_step: f64, positions: &mut [f64]) {
    let frame_s = HOP as f64 / f64::from(ANALYSIS_RATE_HZ);
    let step_of = |hz: f64| phase_step / (hz * frame_s);
    let sign = if forward { 1.0 } else { -1.0 };
    let mut near = n;
    let mut distance = 0.0;
    let neighbour = |frame: usize| -> Option<usize> {
        let next = if forward { frame + 1 } else { frame.checked_sub(1)? };
        let (a, b) = (f0_hz[frame], *f0_hz.get(next)?);
        (b > 0.0 && (a - b).abs() <= LARGEST_GLIDE * a).then_some(next)
    };
    let mut next = neighbour(near);
    let mut begun = 0.0;
    let mut hz = f64::from(f0_hz[n]);
    for position in positions {
        // Midpoint rule: the pitch half a step ahead decides the step.
        let half_ahead = distance + 0.5 * step_of(hz) - begun;
        if half_ahead > 1.0
            && let Some(reached) = next
        {
            near = reached;
            next = neighbour(near);
            begun += 1.0;
        }
        if let Some(next) = next {
            let share = (distance + 0.5 * step_of(hz) - begun).clamp(0.0, 1.0);
            hz = f64::from(f0_hz[near]) * (1.0 - share) + f64::from(f0_hz[next]) * share;
        } else {
            hz = f64::from(f0_hz[near]);
        }
        distance += step_of(hz);
        *position = n as f64 + sign * distance;
    }
}

/// The smallest even length of small prime factors that is at least `len`.
fn good_len(len: usize) -> usize {
    let mut power = 256;
    loop {
        for eighths in [8, 9, 10, 12, 15] {
            let candidate = power * eighths / 8;
            if candidate >= len {
                return candidate;
            }
        }
        power *= 2;
    }
}

/// Kaiser-windowed sinc filters for every fraction of a sample, one more than [`PHASES`] so that the last can be interpolated to.
fn interpolation_filters() -> Vec<[f32; TAPS]> {
    // Modified Bessel function of the first kind, order 0, by its power series.
    let bessel = |x: f64| {
        let (mut term, mut sum) = (1.0, 1.0);
        for i in 1..60 {
            term *= (x / (2.0 * i as f64)).powi(2);
            sum += term;
        }
        sum
    };
    (0..=PHASES)
        .map(|phase| {
            let fraction = phase as f64 / PHASES as f64;
            let mut taps = [0.0; TAPS];
            let mut total = 0.0;
            let weights: Vec<f64> = (0..TAPS)
                .map(|tap| {
                    let x = tap as f64 - (TAPS / 2 - 1) as f64 - fraction;
                    let sinc = if x == 0.0 { 1.0 } else { (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) };
                    let inside = (1.0 - (x / (TAPS / 2) as f64).powi(2)).max(0.0);
                    let weight = sinc * bessel(KAISER_BETA * inside.sqrt()) / bessel(KAISER_BETA);
                    total += weight;
                    weight
                })
                .collect();
            for (tap, weight) in taps.iter_mut().zip(weights) {
                *tap = (weight / total) as f32;
            }
            taps
        })
        .collect()
}

/// The signal at the fractional position `at`; silence outside.
#[inline]
fn interpolate(signal: &[f32], filters: &[[f32; TAPS]], at: f64) -> f32 {
    let whole = at.floor();
    let phase = (at - whole) * PHASES as f64;
    let index = (phase as usize).min(PHASES - 1);
    let blend = (phase - index as f64) as f32;
    let (low, high) = (&filters[index], &filters[index + 1]);
    let start = whole as i64 - (TAPS / 2 - 1) as i64;
    let mut sums = [0.0f32; TAPS];
    if start >= 0 && start as usize + TAPS <= signal.len() {
        let window: &[f32; TAPS] = signal[start as usize..start as usize + TAPS].try_into().expect("TAPS samples");
        for tap in 0..TAPS {
            sums[tap] = (low[tap] + blend * (high[tap] - low[tap])) * window[tap];
        }
    } else {
        for tap in 0..TAPS {
            let sample = usize::try_from(start + tap as i64).ok().and_then(|i| signal.get(i)).copied().unwrap_or(0.0);
            sums[tap] = (low[tap] + blend * (high[tap] - low[tap])) * sample;
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// A gliding sawtooth-like sound: harmonics of amplitude 0.3/k, phase accumulated from `f0_at` seconds.
    fn glide(seconds: f64, harmonics: usize, f0_at: impl Fn(f64) -> f64) -> Vec<f32> {
        let rate = f64::from(ANALYSIS_RATE_HZ);
        let mut phase = 0.0;
        (0..(seconds * rate) as usize)
            .map(|i| {
                let sample: f64 = (1..=harmonics).map(|k| 0.3 / k as f64 * (TAU * k as f64 * phase).sin()).sum();
                phase += f0_at((i as f64 + 0.5) / rate) / rate;
                sample as f32
            })
            .collect()
    }

    #[test]
    fn harmonics_of_a_glide_stay_on_their_bins() {
        let f0_at = |t: f64| 220.0 * (1.0 + 0.02 * (TAU * 5.0 * t).sin());
        let samples = glide(1.0, 60, f0_at);
        let mut analyser = PeriodAnalyser::new(&samples, 0.0);
        let f0: Vec<f32> = (0..250).map(|n| f0_at(n as f64 * 0.004) as f32).collect();
        let mut spectrum = PeriodSpectrum::new();
        for n in 20..230 {
            analyser.pitched(&f0, n, &mut spectrum);
            for k in 1..=60 {
                let got = 10.0 * spectrum.tone_power(k * spectrum.periods).log10();
                let wanted = 10.0 * (0.5 * (0.3 / k as f64).powi(2)).log10();
                assert!((got - wanted).abs() < 0.1, "frame {n}, harmonic {k}: {got} dB, is {wanted}");
            }
        }
    }

    #[test]
    fn the_offset_of_a_detuned_harmonic_is_exact() {
        let samples = glide(0.5, 30, |_| 441.0);
        let mut analyser = PeriodAnalyser::new(&samples, 0.0);
        let mut spectrum = PeriodSpectrum::new();
        analyser.pitched(&[440.0; 120], 60, &mut spectrum);
        for k in 1..=30 {
            let wanted = k as f64 / 440.0 * spectrum.periods as f64;
            let got = spectrum.offset_of(k).unwrap();
            assert!((got - wanted).abs() < 0.005, "harmonic {k}: {got} bins, is {wanted}");
        }
    }

    #[test]
    fn lengths_are_even_and_long_enough() {
        for len in 1..20_000 {
            let good = good_len(len);
            assert!(good >= len && good.is_multiple_of(2) && (len < 256 || good as f64 <= 1.26 * len as f64));
        }
    }
}
