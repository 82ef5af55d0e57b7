//! One expert's opinion: the normalised autocorrelation of one band over windows that grow with the lag. Audio thread; allocates
//! in `new` only.

use crate::band::Band;
use crate::tuning::ExpertTuning;

/// Lagrange's weights of the six lags around a point `d` (0..1) after the third: error below 1 % up to a third of the sample rate.
#[inline(always)]
fn lagrange(d: f32) -> [f32; 6] {
    let (a, b, c, e, f, g) = (d + 2.0, d + 1.0, d, d - 1.0, d - 2.0, d - 3.0);
    [
        b * c * e * f * g * (-1.0 / 120.0),
        a * c * e * f * g * (1.0 / 24.0),
        a * b * e * f * g * (-1.0 / 12.0),
        a * b * c * f * g * (1.0 / 12.0),
        a * b * c * e * g * (-1.0 / 24.0),
        a * b * c * e * f * (1.0 / 120.0),
    ]
}

#[inline(always)]
fn dot(weights: &[f32; 6], six: &[f32]) -> f32 {
    weights.iter().zip(&six[..6]).map(|(w, x)| w * x).sum()
}

/// Below this lag, in samples, a state is so much narrower than a sample that its centre says all.
const NARROW: f64 = 24.0;

/// How a wide state reads an expert's correlation: by a parabola through its centre, at the vertex, and at every whole lag it spans.
#[derive(Clone, Copy, Debug)]
struct Wide {
    /// Whole lag nearest the centre.
    nearest: u32,
    /// The parabola's weights of the lags around it.
    weights: [f32; 3],
    /// The vertex counts between these offsets from `nearest`.
    low: f32,
    high: f32,
    /// Whole lags inside the state, `first..end`.
    first: u32,
    end: u32,
}

/// How a narrow state reads: by interpolation at its centre.
#[derive(Clone, Copy, Debug)]
struct Narrow {
    /// First of the six lags interpolated.
    base: u32,
    weights: [f32; 6],
}

/// Normalised autocorrelation of one band, and how the states read it.
#[derive(Clone, Debug)]
pub(crate) struct Expert {
    pub tuning: ExpertTuning,
    /// Readers of the states in their order: first the wide, then the narrow.
    wide: Vec<Wide>,
    narrow: Vec<Narrow>,
    /// `steps[k]`: first lag whose window is longer than `k` hops.
    steps: Vec<usize>,
    /// The correlation by lag, 0 under the main lobe.
    pub rho: Vec<f32>,
}

impl Expert {
    /// `centres_hz`: frequency of every state; `ratio`: half a state's width as a frequency ratio above 1.
    pub fn new(tuning: ExpertTuning, band: &Band, hop_s: f64, centres_hz: &[f64], ratio: f64) -> Self {
        let last = band.lags - 4;
        // Lags shrink as the states rise.
        let (wide, narrow) = centres_hz.split_at(centres_hz.partition_point(|hz| band.rate_hz / hz >= NARROW));
        let wide = wide
            .iter()
            .map(|hz| {
                let lag = band.rate_hz / hz;
                let nearest = (lag.round() as usize).min(last);
                let d = (lag - nearest as f64) as f32;
                let end = (((lag * ratio).floor() as usize) + 1).min(last);
                Wide {
                    nearest: nearest as u32,
                    weights: [0.5 * d * (d - 1.0), 1.0 - d * d, 0.5 * d * (d + 1.0)],
                    low: ((lag / ratio - nearest as f64) as f32).max(-0.75),
                    high: ((lag * ratio - nearest as f64) as f32).min(0.75),
                    first: ((lag / ratio).ceil() as usize).min(end) as u32,
                    end: end as u32,
                }
            })
            .collect();
        let narrow = narrow
            .iter()
            .map(|hz| {
                let lag = band.rate_hz / hz;
                let third = (lag.floor() as usize).clamp(2, last);
                Narrow { base: third as u32 - 2, weights: lagrange((lag - third as f64) as f32) }
            })
            .collect();
        let window = |t: usize| Self::window_hops(&tuning, t as f64 / band.rate_hz, hop_s);
        let most = window(band.lags);
        let steps = (0..most).map(|k| (0..band.lags).find(|&t| window(t) > k).unwrap_or(band.lags)).collect();
        Self { tuning, wide, narrow, steps, rho: vec![0.0; band.lags] }
    }

    /// Window length for a lag, in hops.
    pub fn window_hops(tuning: &ExpertTuning, lag_s: f64, hop_s: f64) -> usize {
        let window = (tuning.periods * lag_s).clamp(tuning.min_s, tuning.max_s);
        ((window / hop_s - 0.3).ceil() as usize).max(1)
    }

    /// Computes the correlation at every lag; `floor` is a mean square.
    #[inline(always)]
    pub fn correlate(&mut self, band: &Band, floor: f32, lobe_rise: f32) {
        let rho = &mut self.rho[..];
        rho.fill(0.0);
        for (k, &start) in self.steps.iter().enumerate() {
            for (r, p) in rho[start..].iter_mut().zip(&band.products(k)[start..]) {
                *r += p;
            }
        }
        for (k, &start) in self.steps.iter().enumerate() {
            let end = self.steps.get(k + 1).copied().unwrap_or(rho.len());
            let samples = band.span(k + 1);
            let least = floor * samples as f32;
            let here = band.energy(samples) as f32 + least;
            let (newer, older) = band.energies(samples);
            for ((r, n), o) in rho[start..end].iter_mut().zip(&newer[start..]).zip(&older[start..]) {
                let there = (n - o) as f32 + least;
                *r /= (here * there).sqrt();
            }
        }
        // Near lag 0 every signal resembles itself: the lobe there says nothing of a pitch.
        let mut lowest = rho[1];
        let mut end = 1;
        for (t, &r) in rho.iter().enumerate().skip(1) {
            if r < lowest {
                lowest = r;
                end = t;
            } else if r > lowest + lobe_rise {
                break;
            }
        }
        rho[..end].fill(0.0);
    }

    /// The best correlation inside each state, 0..=1.
    #[inline(always)]
    pub fn read(&self, out: &mut [f32]) {
        let rho = &self.rho[..];
        let (wide, narrow) = out.split_at_mut(self.wide.len());
        for (out, s) in wide.iter_mut().zip(&self.wide) {
            let near = s.nearest as usize;
            let around = &rho[near - 1..near + 2];
            let (y0, y1, y2) = (around[0], around[1], around[2]);
            let mut best = s.weights[0] * y0 + s.weights[1] * y1 + s.weights[2] * y2;
            let bend = y0 - 2.0 * y1 + y2;
            let slope = y0 - y2;
            // The vertex lies at slope / (2 bend); compared without dividing, because few states have one.
            if bend < -1e-12 && 0.5 * slope <= s.low * bend && 0.5 * slope >= s.high * bend {
                best = best.max(y1 - 0.125 * slope * slope / bend);
            }
            for &r in &rho[s.first as usize..s.end as usize] {
                best = if r > best { r } else { best };
            }
            *out = best.clamp(0.0, 1.0);
        }
        for (out, s) in narrow.iter_mut().zip(&self.narrow) {
            *out = dot(&s.weights, &rho[s.base as usize..]).clamp(0.0, 1.0);
        }
    }

    /// The largest correlation within `span` of a lag, 0..=1.
    #[inline(always)]
    pub fn peak(rho: &[f32], lag: f32, span: f32) -> f32 {
        let mut best = Self::at(rho, lag).max(Self::at(rho, lag - span)).max(Self::at(rho, lag + span));
        let low = (lag - span).ceil().max(0.0) as usize;
        let high = ((lag + span) as usize + 1).min(rho.len());
        for &r in rho.get(low..high).unwrap_or(&[]) {
            best = best.max(r);
        }
        best.min(1.0)
    }

    /// The correlation at a lag between samples, clipped to 0..=1.
    #[inline(always)]
    pub fn at(rho: &[f32], lag: f32) -> f32 {
        let i = (lag as usize).clamp(2, rho.len() - 4);
        dot(&lagrange(lag - i as f32), &rho[i - 2..]).clamp(0.0, 1.0)
    }
}
