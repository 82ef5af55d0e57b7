//! The Bayes filter over pitch states and "unvoiced": prediction, update, and the look back that Studio affords. Audio thread;
//! allocates in `new` only.

use crate::math;
use crate::tuning::Tuning;

/// Width of a pitch state, cents.
pub(crate) const STATE_CENTS: f64 = 20.0;
/// The walk's kernel reaches this many states to each side.
const REACH: usize = 8;
/// States are padded to a multiple of this, so that loops over them have no remainder.
const LANES: usize = 16;
/// Share kept by every state, so that no pitch ever becomes impossible.
const SEED: f32 = 1e-9;

/// The least log-likelihood of a state against the best: with the seed it keeps every product a normal number.
const LEAST: f32 = -50.0;

/// Probabilities of one moment.
#[derive(Clone, Debug)]
struct Moment {
    posterior: Vec<f32>,
    unvoiced: f32,
    /// Likelihood of what was heard at that moment, scaled so that the largest is 1.
    likelihood: Vec<f32>,
    likelihood_unvoiced: f32,
}

/// What the filter believes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Belief {
    /// The likeliest pitch state.
    pub state: usize,
    /// Probability that there is a pitch.
    pub voiced: f32,
}

/// The filter.
#[derive(Clone, Debug)]
pub(crate) struct Posterior {
    states: usize,
    /// Padded with [`REACH`] zeros at each side.
    padded: Vec<f32>,
    predicted: Vec<f32>,
    kernel: [f32; 2 * REACH + 1],
    jump: f32,
    start: f32,
    stop: f32,
    unvoiced: f32,
    /// Probability of a pitch at the last moment.
    voiced: f32,
    /// Number of states that a pitch may be in.
    possible: usize,
    /// A ring, of which the first `kept` are in use.
    moments: Vec<Moment>,
    kept: usize,
    now: usize,
}

impl Posterior {
    /// `states` pitch states; `look_back` hops of smoothing (0: causal).
    pub fn new(tuning: &Tuning, states: usize, look_back: usize) -> Self {
        let mut kernel = [0.0f32; 2 * REACH + 1];
        for (i, k) in kernel.iter_mut().enumerate() {
            let cents = (i as f64 - REACH as f64) * STATE_CENTS;
            *k = ((-0.5 * (cents / tuning.walk_cents).powi(2)).exp() + tuning.tail * (-cents.abs() / tuning.tail_cents).exp())
                as f32;
        }
        let sum: f32 = kernel.iter().sum();
        kernel.iter_mut().for_each(|k| *k /= sum);
        let len = states.next_multiple_of(LANES);
        let moment = Moment { posterior: vec![0.0; len], unvoiced: 1.0, likelihood: vec![0.0; len], likelihood_unvoiced: 1.0 };
        let mut new = Self {
            states,
            padded: vec![0.0; len + 2 * REACH],
            predicted: vec![0.0; len],
            kernel,
            jump: tuning.jump,
            start: tuning.start,
            stop: tuning.stop,
            unvoiced: 1.0,
            voiced: 0.0,
            possible: states,
            moments: vec![moment; look_back + 1],
            kept: look_back + 1,
            now: 0,
        };
        new.reset();
        new
    }

    /// Length that every slice of states must have: the number of states and some padding.
    pub fn len(&self) -> usize {
        self.predicted.len()
    }

    /// Only `states` of them can be: what may begin anywhere begins in those.
    pub fn set_possible(&mut self, states: usize) {
        self.possible = states.max(1);
    }

    /// Number of moments kept: the look-back plus one.
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// Smooths over so many hops, at most as many as it was made for; to be followed by `reset`.
    pub fn set_look_back(&mut self, look_back: usize) {
        self.kept = (look_back + 1).min(self.moments.len());
    }

    pub fn reset(&mut self) {
        self.unvoiced = 1.0;
        self.now = 0;
        for m in &mut self.moments {
            m.posterior.fill(0.0);
            m.posterior[..self.states].fill(1e-6 / self.states as f32);
            m.unvoiced = 1.0;
            m.likelihood.fill(0.0);
            m.likelihood[..self.states].fill(1.0);
            m.likelihood_unvoiced = 1.0;
        }
    }

    /// Blurs `self.padded` by the kernel into `out`.
    #[inline(always)]
    fn blur(padded: &[f32], kernel: &[f32; 2 * REACH + 1], out: &mut [f32]) {
        for (i, out) in out.chunks_exact_mut(LANES).enumerate() {
            let mut sum = [0.0f32; LANES];
            for (j, k) in kernel.iter().enumerate() {
                let from = &padded[i * LANES + j..][..LANES];
                for (s, x) in sum.iter_mut().zip(from) {
                    *s += k * x;
                }
            }
            out.copy_from_slice(&sum);
        }
    }

    #[inline(always)]
    fn sum(xs: &[f32]) -> f32 {
        let mut lanes = [0.0f32; LANES];
        for chunk in xs.chunks_exact(LANES) {
            for (l, x) in lanes.iter_mut().zip(chunk) {
                *l += x;
            }
        }
        lanes.iter().sum()
    }

    /// Says what the last moment lets expect of the next one, before that is heard.
    #[inline(always)]
    pub fn predict(&mut self) {
        let len = self.len();
        let before = &self.moments[self.now].posterior;
        self.voiced = Self::sum(before);
        self.padded[REACH..REACH + len].copy_from_slice(before);
        Self::blur(&self.padded, &self.kernel, &mut self.predicted);
    }

    /// Takes one hop's evidence: log-likelihood of every state, which tells pitches apart, and the odds that there is one, nepers. Returns the
    /// causal belief. [`Posterior::predict`] has been called since the hop before.
    #[inline(always)]
    pub fn update(&mut self, evidence: &[f32], odds: f32) -> Belief {
        let states = self.states;
        let voiced = self.voiced;
        let spread = ((1.0 - self.stop) * self.jump * voiced + self.start * self.unvoiced) / self.possible as f32;
        let walk = (1.0 - self.stop) * (1.0 - self.jump);
        let predicted_unvoiced = (1.0 - self.start) * self.unvoiced + self.stop * voiced;

        let most = largest(&evidence[..states]);
        self.now = if self.now + 1 == self.kept { 0 } else { self.now + 1 };
        let m = &mut self.moments[self.now];
        for (l, e) in m.likelihood.iter_mut().zip(evidence.iter()) {
            *l = math::exp((*e - most).max(LEAST));
        }
        m.likelihood[states..].fill(0.0);
        for ((p, q), l) in m.posterior.iter_mut().zip(&self.predicted).zip(&m.likelihood) {
            *p = (walk * q + spread) * l;
        }
        // The odds are those of all pitches together: how likely the hop is with a pitch, whichever, over how likely it is without.
        let heard = Self::sum(&m.posterior);
        m.likelihood_unvoiced = heard / (1.0 - predicted_unvoiced).max(SEED) * math::exp(-odds);
        let unvoiced = predicted_unvoiced * m.likelihood_unvoiced;
        let total = heard + unvoiced + f32::MIN_POSITIVE;
        let scale = 1.0 / total;
        let seed = SEED / states as f32;
        for p in &mut m.posterior[..states] {
            *p = *p * scale + seed;
        }
        self.unvoiced = unvoiced * scale;
        m.unvoiced = self.unvoiced;
        Belief { state: argmax(&m.posterior[..states]), voiced: 1.0 - self.unvoiced }
    }

    /// The belief about the moment `kept() - 1` hops ago, given all that was heard since (the backward pass of forward-backward).
    #[inline(always)]
    pub fn look_back(&mut self) -> Belief {
        let states = self.states;
        let len = self.len();
        let steps = self.kept - 1;
        let ahead = &mut self.predicted;
        ahead.fill(1.0);
        let mut ahead_unvoiced = 1.0f32;
        let mut at = self.now;
        for _ in 0..steps {
            let m = &self.moments[at];
            for ((p, a), l) in self.padded[REACH..REACH + len].iter_mut().zip(ahead.iter()).zip(&m.likelihood) {
                *p = a * l;
            }
            ahead_unvoiced *= m.likelihood_unvoiced;
            // What begins or jumps may go to any state that a pitch may be in, as in the way forward.
            let mean = Self::sum(&self.padded[REACH..REACH + len]) / self.possible as f32;
            // The kernel is symmetric, so the same blur serves both directions.
            Self::blur(&self.padded, &self.kernel, ahead);
            let walk = (1.0 - self.stop) * (1.0 - self.jump);
            let add = (1.0 - self.stop) * self.jump * mean + self.stop * ahead_unvoiced;
            let next_unvoiced = (1.0 - self.start) * ahead_unvoiced + self.start * mean;
            let mut most = next_unvoiced;
            for a in ahead.iter_mut() {
                *a = walk * *a + add;
                most = if *a > most { *a } else { most };
            }
            let scale = 1.0 / most.max(f32::MIN_POSITIVE);
            for a in ahead.iter_mut() {
                *a *= scale;
            }
            ahead_unvoiced = next_unvoiced * scale;
            at = if at == 0 { self.kept - 1 } else { at - 1 };
        }
        let m = &self.moments[at];
        for (a, p) in ahead.iter_mut().zip(&m.posterior) {
            *a *= p;
        }
        let unvoiced = m.unvoiced * ahead_unvoiced;
        let voiced = Self::sum(ahead);
        Belief { state: argmax(&ahead[..states]), voiced: voiced / (voiced + unvoiced + f32::MIN_POSITIVE) }
    }
}

/// Index of the largest, of equals the first.
#[inline(always)]
pub(crate) fn argmax(xs: &[f32]) -> usize {
    let most = largest(xs);
    xs.iter().position(|&x| x == most).unwrap_or(0)
}

/// The largest.
#[inline(always)]
fn largest(xs: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = xs.as_chunks::<LANES>();
    for chunk in chunks {
        for (l, x) in lanes.iter_mut().zip(chunk) {
            *l = if *x > *l { *x } else { *l };
        }
    }
    lanes.iter().chain(rest).fold(f32::NEG_INFINITY, |most, &x| if x > most { x } else { most })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After *Learn my range* the filter has many states, of which a pitch may be in some: it must believe what one that has only those does.
    #[test]
    fn a_learnt_range_is_smoothed_as_if_there_were_no_other_states() {
        let tuning = Tuning::default();
        let (all, from, possible) = (240, 60, 64);
        let mut wide = Posterior::new(&tuning, all, 6);
        wide.set_possible(possible);
        let mut narrow = Posterior::new(&tuning, possible, 6);
        let mut furthest = 0.0_f32;
        for hop in 0..200 {
            // Notes come and go, one of them so weakly that the smoothing decides.
            let state = 10 + hop / 40 * 12;
            let heard = if hop % 40 < 12 { -2.0 } else { 1.5 };
            let evidence = |i: usize| heard - 0.5 * (i as f32 - state as f32).abs().min(8.0);
            let mut of_narrow = vec![0.0; narrow.len()];
            let mut of_wide = vec![-1e6; wide.len()];
            for i in 0..possible {
                of_narrow[i] = evidence(i);
                of_wide[from + i] = evidence(i);
            }
            wide.predict();
            narrow.predict();
            wide.update(&of_wide, heard);
            narrow.update(&of_narrow, heard);
            let (w, n) = (wide.look_back(), narrow.look_back());
            if hop > 10 {
                furthest = furthest.max((w.voiced - n.voiced).abs());
                assert!(n.voiced < 0.5 || w.state == from + n.state, "hop {hop}: {w:?}, {n:?}");
            }
        }
        assert!(furthest < 0.01, "{furthest}");
    }
}
