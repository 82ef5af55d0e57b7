//! The f0 between the states of the filter. Audio thread; allocates in `new` only.

use crate::band::Band;
use crate::expert::Expert;
use crate::math;

/// One, and how much of the wave may be left unexplained where the f0 is read.
const SOFTNESS: f32 = 1.05;

/// One expert's correlation and weight as they were at one hop.
#[derive(Clone, Debug)]
pub(crate) struct PastHop {
    pub rho: Vec<f32>,
    pub weight: f32,
}

/// A pitch, and when it was sung.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub f0_hz: f32,
    /// The middle of what was compared lies this long before the end of the hop, s.
    pub age_s: f32,
}

/// Reads the peak of the experts' evidence near a state, at a multiple of the period: the longer the lag, the smaller the error of its
/// peak counts.
#[derive(Clone, Debug)]
pub(crate) struct Refiner {
    rate_hz: f64,
    /// Rate of each expert's band over the base rate.
    ratios: Vec<f32>,
    /// Longest lag that every band has, in base samples.
    longest: usize,
    /// The multiple is the largest below this, s.
    reach_s: f64,
    hop_s: f64,
}

impl Refiner {
    pub fn new(rate_hz: f64, bands: &[Band], experts: &[Expert], reach_s: f64, hop_s: f64) -> Self {
        let longest = bands.iter().map(|b| (b.lags - 6) as f64 * rate_hz / b.rate_hz).fold(f64::MAX, f64::min) as usize;
        let ratios = experts.iter().map(|e| (bands[e.tuning.band].rate_hz / rate_hz) as f32).collect();
        Self { rate_hz, ratios, longest, reach_s, hop_s }
    }

    /// The f0 near `rough_hz`, from what the experts knew at one hop.
    #[inline(always)]
    pub fn read(&self, experts: &[Expert], kept: &[PastHop], rough_hz: f64) -> Reading {
        let rough = (self.rate_hz / rough_hz) as f32;
        // The state is right to its width; its own period narrows that first.
        let once = self.peak(kept, rough, (rough * 0.02).max(1.5));
        let period = if near(once, rough, 40.0) { once } else { rough };
        let mut multiple = ((self.reach_s * self.rate_hz) as f32 / rough).floor().max(1.0);
        if multiple * period * 1.02 > self.longest as f32 - 2.0 {
            multiple = 1.0;
        }
        let mut best = period;
        if multiple > 1.0 {
            let found = self.peak(kept, period * multiple, (0.015 * period * multiple).max(1.5)) / multiple;
            if near(found, period, 25.0) {
                best = found;
            }
        }
        let lag_s = f64::from(best * multiple) / self.rate_hz;
        let (mut age, mut total) = (0.0, f32::MIN_POSITIVE);
        for (e, k) in experts.iter().zip(kept) {
            let window_s = Expert::window_hops(&e.tuning, lag_s, self.hop_s) as f64 * self.hop_s;
            age += k.weight * (0.5 * (window_s + lag_s)) as f32;
            total += k.weight;
        }
        Reading { f0_hz: self.rate_hz as f32 / best, age_s: age / total }
    }

    /// Lag of the highest evidence within `width` of `centre`, in base samples.
    #[inline(always)]
    fn peak(&self, kept: &[PastHop], centre: f32, width: f32) -> f32 {
        let low = ((centre - width) as usize).max(2);
        let high = ((centre + width + 1.0) as usize).min(self.longest);
        let mut peak = (f32::MIN, low as f32);
        for lag in low..=high {
            let lag = lag as f32;
            let mut evidence = 0.0;
            for (k, ratio) in kept.iter().zip(&self.ratios) {
                evidence -= k.weight * math::ln(SOFTNESS - Expert::at(&k.rho, lag * ratio));
            }
            if evidence > peak.0 {
                peak = (evidence, lag);
            }
        }
        peak.1 + self.vertex(kept, peak.1)
    }

    /// Offset of the peak from the whole lag nearest it. The evidence is too pointed for a parabola; its linearisation there, a weighted
    /// sum of correlations, is as smooth as the bands and peaks at the same place.
    #[inline(always)]
    fn vertex(&self, kept: &[PastHop], lag: f32) -> f32 {
        let (mut before, mut here, mut after) = (0.0, 0.0, 0.0);
        for (k, ratio) in kept.iter().zip(&self.ratios) {
            let y = Expert::at(&k.rho, lag * ratio);
            let slope = k.weight / (SOFTNESS - y);
            before += slope * Expert::at(&k.rho, (lag - 1.0) * ratio);
            here += slope * y;
            after += slope * Expert::at(&k.rho, (lag + 1.0) * ratio);
        }
        let bend = before - 2.0 * here + after;
        if bend >= -1e-12 {
            return 0.0;
        }
        let x = 0.5 * (before - after) / bend;
        if x.abs() > 1.0 { 0.0 } else { x }
    }
}

#[inline(always)]
fn near(a: f32, b: f32, cents: f32) -> bool {
    (1200.0 * (a / b).log2()).abs() < cents
}
