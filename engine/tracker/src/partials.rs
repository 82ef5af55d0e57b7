//! Which of two pitches a sound has of which one is a multiple of the other, by its partials. Audio thread; allocates in `new` only.
//!
//! What repeats after T repeats after 2T as well, and better where every other period differs a little, as in many voices. An
//! autocorrelation takes such a voice for one an octave lower. But a voice at f0/2 has partials at the odd multiples of f0/2 about as
//! strong as their neighbours, and a voice at f0 whose periods alternate has next to nothing there.
//!
//! A voice over something softer and lower (a hum, a bass) repeats best, with it, at a period of several of its own. There only the low
//! sound's partials fill the gaps, and they lie under the voice's first.

use crate::history::History;
use crate::math;

/// The highest multiple that is told from its pitch.
pub(crate) const FURTHEST: usize = 9;
/// Partials looked at, at most, for an octave or a twelfth.
const NEAR: usize = 12;
/// Partials looked at, at most.
const MOST: usize = 2 * FURTHEST;
/// Vectors that the sums run in.
const LANES: usize = 8;
/// Periods of the lower pitch in a window, at least: with two, a window nulls the neighbours of a partial.
const PERIODS: f64 = 2.0;
/// The shortest window, s: noise makes what shorter ones say waver.
const SHORTEST_S: f64 = 0.020;
/// Partials above this say little, Hz: the band-limited signal has none.
const HIGHEST_HZ: f64 = 6000.0;

/// A partial counts as this far from the line between its neighbours at least and at most, dB, with a knee between.
const LEAST_DB: f32 = -25.0;
const KNEE_DB: f32 = -12.0;
const MOST_DB: f32 = 4.0;

/// Odds, nepers, that the lower of two pitches an octave apart is the right one: for nothing, and for each dB of the partials between its
/// even ones from the lowest up, below the knee and above. By logistic regression on made voices (`tests/common/sung.rs`, seeds for tuning
/// only) and half of a set of resynthesised singing.
const OCTAVE_BIAS: f32 = 8.017;
const OCTAVE: [[f32; 2]; 6] = [[0.293, 0.109], [0.100, 0.212], [0.140, 0.242], [0.089, 0.168], [0.153, 0.011], [0.165, 0.010]];
/// The same for a twelfth, and the stronger of the two partials in each gap.
const TWELFTH_BIAS: f32 = 5.949;
const TWELFTH: [[f32; 2]; 4] = [[0.165, 0.239], [0.031, 0.174], [0.150, 0.322], [0.184, 0.154]];

/// Odds, nepers, that the lower of two pitches further apart is the right one: for nothing, for each neper that the correlations say so, for each
/// dB of the partials between the higher one's first and second, and for each of the strongest under its first, as far as these count. By
/// logistic regression on made voices (seeds for tuning only) and on real ones with hum, music, noise and rooms laid over them.
const FAR_BIAS: f32 = -2.3;
const FAR_LEAD: f32 = 1.15;
const FAR_BETWEEN: f32 = 0.2;
const FAR_BETWEEN_DB: [f32; 2] = [-20.0, 5.0];
const FAR_UNDER: f32 = 0.12;
const FAR_UNDER_DB: [f32; 2] = [-20.0, 10.0];

/// The last samples, for the partials to be read of.
#[derive(Clone, Debug)]
pub(crate) struct Partials {
    rate_hz: f64,
    history: History,
}

impl Partials {
    /// For pitches down to `low_hz` in a signal of `rate_hz`.
    pub fn new(rate_hz: f64, low_hz: f64) -> Self {
        let len = (rate_hz * (PERIODS / low_hz).max(1.5 * SHORTEST_S)) as usize + LANES;
        Self { rate_hz, history: History::new(len) }
    }

    pub fn reset(&mut self) {
        self.history.reset();
    }

    #[inline(always)]
    pub fn push(&mut self, x: f32) {
        self.history.push(x);
    }

    /// Odds, nepers, that the pitch is `low_hz` and not `multiple` (2 or 3) times that: by how strong the partials are that only the lower one
    /// has, beside those that both have. 0 where the window or the band does not reach.
    #[inline(always)]
    pub fn odds(&self, low_hz: f64, multiple: usize) -> f32 {
        let count = NEAR.min((HIGHEST_HZ / low_hz) as usize);
        if count < 2 * multiple {
            return 0.0;
        }
        let Some(level) = self.levels(low_hz, count) else { return 0.0 };
        let (mut odds, weights): (f32, &[[f32; 2]]) =
            if multiple == 2 { (OCTAVE_BIAS, &OCTAVE) } else { (TWELFTH_BIAS, &TWELFTH) };
        for (gap, [deep, shallow]) in weights.iter().enumerate() {
            if (gap + 1) * multiple > count {
                break;
            }
            let place = between(&level, multiple, gap);
            odds += deep * (place.min(KNEE_DB) - KNEE_DB) + shallow * place.clamp(KNEE_DB, MOST_DB);
        }
        odds
    }

    /// The same for a `multiple` of 4 to [`FURTHEST`], where the correlations say by `lead` nepers that it is the lower.
    #[inline(always)]
    pub fn far_odds(&self, low_hz: f64, multiple: usize, lead: f32) -> f32 {
        let count = 2 * multiple;
        if count as f64 * low_hz > HIGHEST_HZ {
            return 0.0;
        }
        let Some(level) = self.levels(low_hz, count) else { return 0.0 };
        let first = level[multiple - 1];
        let under = level[..multiple - 1].iter().fold(f32::NEG_INFINITY, |most, &l| most.max(l)) - first;
        let counts = |db: f32, [least, most]: [f32; 2]| db.clamp(least, most);
        FAR_BIAS
            + FAR_LEAD * lead
            + FAR_BETWEEN * counts(between(&level, multiple, 1), FAR_BETWEEN_DB)
            + FAR_UNDER * counts(under, FAR_UNDER_DB)
    }

    /// Levels of the first `count` partials of a pitch, dB; none where the window does not reach.
    #[inline(always)]
    fn levels(&self, low_hz: f64, count: usize) -> Option<[f32; MOST]> {
        let periods = (SHORTEST_S * low_hz).round().max(PERIODS);
        let window = (periods * self.rate_hz / low_hz).round() as usize;
        if window > self.history.len() {
            return None;
        }
        let newest = self.history.newest(window);
        let mut sums = [[[0.0f32; LANES]; 2]; MOST];
        let mut hann = Turning::new(std::f64::consts::TAU / (periods * self.rate_hz / low_hz));
        let mut lowest = Turning::new(std::f64::consts::TAU * low_hz / self.rate_hz);
        for chunk in newest.chunks(LANES) {
            let mut x = [0.0f32; LANES];
            x[..chunk.len()].copy_from_slice(chunk);
            for (x, c) in x.iter_mut().zip(&hann.cos) {
                *x *= 1.0 - c;
            }
            let mut cos = [1.0f32; LANES];
            let mut sin = [0.0f32; LANES];
            let (mut before_cos, mut before_sin) = (lowest.cos, lowest.sin.map(|s| -s));
            for [re, im] in &mut sums[..count] {
                for i in 0..LANES {
                    // Of the last two angles the next: cos((k+1)a) = 2 cos(a) cos(ka) - cos((k-1)a).
                    let twice = 2.0 * lowest.cos[i];
                    let (next_cos, next_sin) = (twice * cos[i] - before_cos[i], twice * sin[i] - before_sin[i]);
                    (before_cos[i], before_sin[i]) = (cos[i], sin[i]);
                    (cos[i], sin[i]) = (next_cos, next_sin);
                    re[i] += x[i] * next_cos;
                    im[i] += x[i] * next_sin;
                }
            }
            hann.turn();
            lowest.turn();
        }
        let mut level = [0.0f32; MOST];
        for (l, [re, im]) in level.iter_mut().zip(&sums[..count]) {
            let (re, im) = (re.iter().sum::<f32>(), im.iter().sum::<f32>());
            *l = math::decibels(re * re + im * im + 1e-18);
        }
        Some(level)
    }
}

/// How far the strongest of the partials in a gap is from the line between those that a pitch `multiple` times higher has too, dB; gap 0 lies
/// under that one's first.
#[inline(always)]
fn between(level: &[f32; MOST], multiple: usize, gap: usize) -> f32 {
    let above = level[(gap + 1) * multiple - 1];
    let below = if gap == 0 { above } else { level[gap * multiple - 1] };
    let mut place = LEAST_DB;
    for part in 1..multiple {
        let around = below + (above - below) * part as f32 / multiple as f32;
        place = place.max(level[gap * multiple + part - 1] - around);
    }
    place
}

/// The cosine and sine of an angle that grows by as much from sample to sample, for [`LANES`] samples at a time.
struct Turning {
    cos: [f32; LANES],
    sin: [f32; LANES],
    turn_cos: f32,
    turn_sin: f32,
}

impl Turning {
    #[inline(always)]
    fn new(angle: f64) -> Self {
        let (mut cos, mut sin) = ([0.0; LANES], [0.0; LANES]);
        for i in 0..LANES {
            let (s, c) = (angle * (i as f64 + 0.5)).sin_cos();
            (cos[i], sin[i]) = (c as f32, s as f32);
        }
        let (turn_sin, turn_cos) = (angle * LANES as f64).sin_cos();
        Self { cos, sin, turn_cos: turn_cos as f32, turn_sin: turn_sin as f32 }
    }

    #[inline(always)]
    fn turn(&mut self) {
        for (c, s) in self.cos.iter_mut().zip(&mut self.sin) {
            (*c, *s) = (*c * self.turn_cos - *s * self.turn_sin, *c * self.turn_sin + *s * self.turn_cos);
        }
    }
}
