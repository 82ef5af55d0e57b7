//! One expert's opinion: the normalised autocorrelation of one band over windows that grow with the lag. Audio thread; allocates
//! in `new` only.

use crate::band::Band;
use crate::tuning::ExpertTuning;
use std::sync::Arc;
use syrinx_shared::Shared;

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

/// More lags than any band has: 0.035 s (down to 30 Hz and a little) at 36 kHz, and a power of two.
const MOST_LAGS: usize = 2048;

/// States are read in lanes of this many, which the longest vectors here divide.
const LANES: usize = 8;

/// How wide states read an expert's correlation, [`LANES`] of them at a time: by a parabola through the centre, at the vertex, and at
/// every whole lag the state spans.
#[derive(Clone, Debug)]
struct Wide {
    /// Whole lag nearest each centre.
    nearest: [u32; LANES],
    /// The parabola's weights of the lags around it.
    weights: [[f32; LANES]; 3],
    /// The vertex counts between these offsets from `nearest`.
    low: [f32; LANES],
    high: [f32; LANES],
    /// First and last whole lag inside each state; where there is none, the nearest, for want of another.
    first: [u32; LANES],
    last: [u32; LANES],
    /// 0 where whole lags lie inside the state, and too much to subtract where none does.
    outside: [f32; LANES],
    /// Most whole lags in one of these states.
    most: usize,
}

/// How narrow states read: by interpolation at their centres.
#[derive(Clone, Debug)]
struct Narrow {
    /// First of the six lags interpolated.
    base: [u32; LANES],
    weights: [[f32; LANES]; 6],
}

/// How all states read the correlations of one band: tables, which all trackers share.
#[derive(Debug)]
struct Readers {
    /// In the order of the states: first the wide, then the narrow.
    wide: Vec<Wide>,
    narrow: Vec<Narrow>,
    /// The first narrow state.
    narrow_from: usize,
}

/// What decides [`Readers`].
#[derive(Clone, PartialEq)]
struct ReadersKey {
    rate_hz: f64,
    lags: usize,
    lowest_hz: f64,
    states: usize,
    ratio: f64,
}

static READERS: Shared<ReadersKey, Readers> = Shared::new();

/// Normalised autocorrelation of one band, and how the states read it.
#[derive(Clone, Debug)]
pub(crate) struct Expert {
    pub tuning: ExpertTuning,
    readers: Arc<Readers>,
    /// `steps[k]`: first lag whose window is longer than `k` hops.
    steps: Vec<usize>,
    /// Products of all hops of each lag's window but the newest.
    older: Vec<f32>,
    /// The correlation by lag, 0 under the main lobe; longer than there are lags, so that no index needs to be checked.
    rho: Box<[f32; MOST_LAGS]>,
    lags: usize,
    /// Energy of each lag's window that far in the past.
    there: Vec<f32>,
}

impl Readers {
    fn of(band: &Band, centres_hz: &[f64], ratio: f64) -> Arc<Self> {
        let (lowest_hz, states) = (centres_hz[0], centres_hz.len());
        let key = ReadersKey { rate_hz: band.rate_hz, lags: band.lags, lowest_hz, states, ratio };
        READERS.get(key, || Self::new(band, centres_hz, ratio))
    }

    fn new(band: &Band, centres_hz: &[f64], ratio: f64) -> Self {
        let last = band.lags - 4;
        // Lags shrink as the states rise.
        let narrow_from = centres_hz.partition_point(|hz| band.rate_hz / hz >= NARROW);
        // What lies beyond the last state of a group repeats it.
        let group = |states: &[f64]| -> [f64; LANES] { std::array::from_fn(|i| states[i.min(states.len() - 1)]) };
        let wide = centres_hz[..narrow_from]
            .chunks(LANES)
            .map(|states| {
                let lags = group(states).map(|hz| band.rate_hz / hz);
                let nearest = lags.map(|lag| (lag.round() as usize).min(last));
                let offset: [f32; LANES] = std::array::from_fn(|i| (lags[i] - nearest[i] as f64) as f32);
                let end = lags.map(|lag| (((lag * ratio).floor() as usize) + 1).min(last));
                let first: [usize; LANES] = std::array::from_fn(|i| ((lags[i] / ratio).ceil() as usize).min(end[i]));
                let empty: [bool; LANES] = std::array::from_fn(|i| first[i] >= end[i]);
                let most = (0..LANES).map(|i| end[i] - first[i]).max().unwrap_or(0);
                Wide {
                    nearest: nearest.map(|n| n as u32),
                    weights: [
                        offset.map(|d| 0.5 * d * (d - 1.0)),
                        offset.map(|d| 1.0 - d * d),
                        offset.map(|d| 0.5 * d * (d + 1.0)),
                    ],
                    low: std::array::from_fn(|i| ((lags[i] / ratio - nearest[i] as f64) as f32).max(-0.75)),
                    high: std::array::from_fn(|i| ((lags[i] * ratio - nearest[i] as f64) as f32).min(0.75)),
                    first: std::array::from_fn(|i| if empty[i] { nearest[i] } else { first[i] } as u32),
                    last: std::array::from_fn(|i| if empty[i] { nearest[i] } else { end[i] - 1 } as u32),
                    outside: empty.map(|e| if e { 1e3 } else { 0.0 }),
                    most,
                }
            })
            .collect();
        let narrow = centres_hz[narrow_from..]
            .chunks(LANES)
            .map(|states| {
                let lags = group(states).map(|hz| band.rate_hz / hz);
                let third = lags.map(|lag| (lag.floor() as usize).clamp(2, last));
                let weights: [[f32; 6]; LANES] = std::array::from_fn(|i| lagrange((lags[i] - third[i] as f64) as f32));
                Narrow {
                    base: third.map(|t| t as u32 - 2),
                    weights: std::array::from_fn(|j| std::array::from_fn(|i| weights[i][j])),
                }
            })
            .collect();
        Self { wide, narrow, narrow_from }
    }
}

impl Expert {
    /// `centres_hz`: frequency of every state, each as far above the one before; `ratio`: half a state's width as a frequency ratio above 1.
    pub fn new(tuning: ExpertTuning, band: &Band, hop_s: f64, centres_hz: &[f64], ratio: f64) -> Self {
        let window = |t: usize| Self::window_hops(&tuning, t as f64 / band.rate_hz, hop_s);
        let most = window(band.lags);
        let steps = (0..most).map(|k| (0..band.lags).find(|&t| window(t) > k).unwrap_or(band.lags)).collect();
        Self {
            tuning,
            readers: Readers::of(band, centres_hz, ratio),
            steps,
            older: vec![0.0; band.lags],
            rho: Box::new([0.0; MOST_LAGS]),
            lags: band.lags,
            there: vec![0.0; band.lags],
        }
    }

    /// The correlation by lag, 0 under the main lobe.
    #[inline(always)]
    pub fn rho(&self) -> &[f32] {
        &self.rho[..self.lags]
    }

    /// Window length for a lag, in hops.
    pub fn window_hops(tuning: &ExpertTuning, lag_s: f64, hop_s: f64) -> usize {
        let window = (tuning.periods * lag_s).clamp(tuning.min_s, tuning.max_s);
        ((window / hop_s - 0.3).ceil() as usize).max(1)
    }

    /// Sums what is known of the next hop's windows before it ends.
    #[inline(always)]
    pub fn prepare(&mut self, band: &Band) {
        let older = &mut self.older[..];
        older.fill(0.0);
        for (k, &start) in self.steps.iter().enumerate().skip(1) {
            for (r, p) in older[start..].iter_mut().zip(&band.products(k - 1)[start..]) {
                *r += p;
            }
        }
    }

    pub fn reset(&mut self) {
        self.older.fill(0.0);
        self.rho.fill(0.0);
    }

    /// Computes the correlation at every lag, once [`Expert::prepare`] has been called since the hop before and before [`Band::advance`] is;
    /// `floor` is a mean square.
    #[inline(always)]
    pub fn correlate(&mut self, band: &Band, floor: f32, lobe_rise: f32) {
        let rho = &mut self.rho[..self.lags];
        let there = &mut self.there[..self.lags];
        // Every window has the newest hop.
        let (newest, taken) = band.under_way();
        for ((r, o), p) in rho.iter_mut().zip(&self.older).zip(newest) {
            *r = o + p;
        }
        for (k, &start) in self.steps.iter().enumerate() {
            let end = self.steps.get(k + 1).copied().unwrap_or(rho.len());
            let samples = taken + band.span(k);
            let least = floor * samples as f32;
            let here = band.energy(samples) as f32 + least;
            let (newer, older) = band.energies(samples);
            // In two passes, as the second takes twice as many at once.
            for ((e, n), o) in there[start..end].iter_mut().zip(&newer[start..]).zip(&older[start..]) {
                *e = (n - o) as f32;
            }
            for (r, e) in rho[start..end].iter_mut().zip(&there[start..end]) {
                *r /= (here * (e + least)).sqrt();
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

    /// The best correlation inside each state, 0..=1. `out` has a place for each state, and some more.
    #[inline(always)]
    pub fn read(&self, out: &mut [f32]) {
        let gather = |lags: [u32; LANES]| lags.map(|lag| self.rho[lag as usize % MOST_LAGS]);
        for (out, s) in out.chunks_mut(LANES).zip(&self.readers.wide) {
            let y0 = gather(s.nearest.map(|n| n - 1));
            let y1 = gather(s.nearest);
            let y2 = gather(s.nearest.map(|n| n + 1));
            let mut best = [0.0f32; LANES];
            for i in 0..LANES {
                let centre = s.weights[0][i] * y0[i] + s.weights[1][i] * y1[i] + s.weights[2][i] * y2[i];
                let bend = (y0[i] - 2.0 * y1[i] + y2[i]).min(-1e-12);
                let slope = y0[i] - y2[i];
                // The vertex lies at slope / (2 bend), if the parabola has its top inside the state.
                let inside = (0.5 * slope <= s.low[i] * bend) & (0.5 * slope >= s.high[i] * bend) & (bend < -1e-12);
                let vertex = y1[i] - 0.125 * slope * slope / bend;
                best[i] = if inside & (vertex > centre) { vertex } else { centre };
            }
            for j in 0..s.most as u32 {
                let lags: [u32; LANES] = std::array::from_fn(|i| (s.first[i] + j).min(s.last[i]));
                let r = gather(lags);
                for i in 0..LANES {
                    let r = r[i] - s.outside[i];
                    best[i] = if r > best[i] { r } else { best[i] };
                }
            }
            let len = out.len();
            out.copy_from_slice(&best.map(|b| b.clamp(0.0, 1.0))[..len]);
        }
        for (out, s) in out[self.readers.narrow_from..].chunks_mut(LANES).zip(&self.readers.narrow) {
            let mut sum = [0.0f32; LANES];
            for j in 0..6 {
                let r = gather(s.base.map(|b| b + j as u32));
                for i in 0..LANES {
                    sum[i] += s.weights[j][i] * r[i];
                }
            }
            let len = out.len();
            out.copy_from_slice(&sum.map(|b| b.clamp(0.0, 1.0))[..len]);
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
