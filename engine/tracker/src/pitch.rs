//! Pitch and voicing, one estimate a hop. Audio thread; allocates in `new` only.
//!
//! The voice is brought to a base rate near 24 kHz and split into bands; each band is correlated with its past over several windows
//! (see [`expert`](crate::expert)); the experts' votes multiply into the likelihood of every pitch state, and a Bayes filter
//! (see [`posterior`](crate::posterior)) weighs them against what was believed a hop ago.

use crate::band::Band;
use crate::decimate::Decimator;
use crate::expert::Expert;
use crate::frame::FRAME_RATE_HZ;
use crate::gate::{Gate, MAINS_HZ, Verdict};
use crate::math;
use crate::partials::{FURTHEST, Partials};
use crate::posterior::{Belief, Posterior, STATE_CENTS, argmax};
use crate::refine::{PastHop, Refiner};
use crate::tuning::{BANDS, Tuning};
use crate::voicing::{EXPERTS, Heard, INPUTS, Voicing};

/// The pitch path runs near this rate: six samples in a period of 4 kHz, the top of the upper band.
const BASE_RATE_HZ: f64 = 24_000.0;
/// For pitches above this even the lower bands run at the base rate: a period must span six samples to be read between them.
const DENSE_ABOVE_HZ: f64 = 2050.0;
/// Band energies that weigh the experts are taken over this, s.
const ENERGY_S: f64 = 0.012;

/// What a silent hop says for "unvoiced", nepers: two of them leave a voice at 1 : 3000.
const SILENCE_EVIDENCE: f32 = 4.0;
/// Samples at the base rate between two pieces of work done ahead of a hop's end (0.7 ms): a host's block of 64 samples at 48 kHz has two.
const PIECE: usize = 16;
/// Pieces after which the early experts are asked: two thirds of a hop at the base rates of all usual host rates.
const EARLY: usize = 4;

/// What sounds at the mains is taken for their hum where one is known to be, by so many nepers: nobody sings that low.
const HUM_EVIDENCE: f32 = 8.0;

/// Times that the best pitch is looked at for its octaves: it may have moved by two.
const OCTAVE_ROUNDS: usize = 3;
/// Mean square of what counts as silence where levels are told (-120 dB).
const SILENT_POWER: f32 = 1e-12;
/// States to each side of the mains' pitches that a hum takes from: a voice over it repeats, with it, between the hum's pitch and the nearest
/// part of its own.
const HUM_STATES: usize = 4;
/// A peak of the evidence reaches this many states to each side.
const PEAK: usize = 6;

/// Half a state and a little, as a share of the lag.
const STATE_SPAN: f64 = 0.008;

/// Hardly anybody sings higher. The prior's tilt ends here whatever the range, so that the range never moves the threshold of voicing, and
/// sibilants find no favour above it.
const LEVEL_HZ: f64 = 2050.0;

/// Lags reach at least this far, s, however high the range: voicing and f0 are judged at multiples of the period up to here.
const SHORTEST_REACH_S: f64 = 0.009;

/// Evidence for a pitch that the voice does not sing, nepers.
const NEVER: f32 = -1e6;

/// Before anything was heard.
const NOTHING: Belief = Belief { state: 0, voiced: 0.0 };

/// What is known after a hop.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Estimate {
    pub f0_hz: f32,
    pub confidence: f32,
    /// The filter's own probability of a pitch, also where the level says that it is not sung: how far the f0 can be trusted.
    pub periodic: f32,
    /// The moment the pitch describes lies this long before the end of the hop it came with, s.
    pub age_s: f32,
}

/// The pitch path of the tracker.
#[derive(Clone, Debug)]
pub(crate) struct Pitch {
    tuning: Tuning,
    decimator: Decimator,
    bands: Vec<Band>,
    experts: Vec<Expert>,
    posterior: Posterior,
    centres_hz: Vec<f64>,
    /// The states that a pitch may be in, `0..states` unless the voice's range is known better.
    range: (usize, usize),
    /// Where the tilt of the prior ends, in states.
    level_state: f32,
    evidence: Vec<f32>,
    /// What each expert says against each state, nepers before its weight.
    against: Vec<Vec<f32>>,
    /// Ring over hops, of every expert: the refinement of a past hop needs what was heard then.
    kept: Vec<Vec<PastHop>>,
    at: usize,
    refiner: Refiner,
    partials: Partials,
    hop_s: f64,
    gate: Gate,
    verdicts: Vec<Verdict>,
    /// What was believed at the last hop, whatever Studio makes of it later.
    last: Belief,
    /// Its pitch, between the states.
    last_hz: f32,
    voicing: Voicing,
    /// Sum of the squares of the base samples since the last hop.
    full_energy: f32,
    /// Base samples since the last piece of work.
    since: usize,
    /// Pieces of the hop under way.
    pieces: usize,
    /// Experts prepared for the hop under way, and after them the prediction.
    prepared: usize,
    avx2: bool,
}

impl Pitch {
    /// `look_back_s`: how far back the estimates look from what has been heard (0: causal). `gate_db`: level under which
    /// nothing is voiced.
    pub fn new(rate_hz: u32, min_f0_hz: f64, max_f0_hz: f64, look_back_s: f64, gate_db: f32, tuning: Tuning) -> Self {
        let rate = f64::from(rate_hz);
        let factor = (rate / BASE_RATE_HZ).round().max(1.0) as usize;
        let base_rate_hz = rate / factor as f64;
        let hop_s = 1.0 / f64::from(FRAME_RATE_HZ);
        let mut tuning = tuning;
        if max_f0_hz > DENSE_ABOVE_HZ {
            tuning.bands.iter_mut().for_each(|b| b.rate_hz = BASE_RATE_HZ);
        }
        // A state beyond each end lets a pitch at the limit be a maximum.
        let low = min_f0_hz / 1.03;
        let states = ((max_f0_hz * 1.03 / low).log2() * 1200.0 / STATE_CENTS).floor() as usize + 1;
        let centres_hz: Vec<f64> = (0..states).map(|i| low * (i as f64 * STATE_CENTS / 1200.0).exp2()).collect();
        let longest = tuning.experts.iter().map(|e| Expert::window_hops(e, e.max_s, hop_s)).max().unwrap_or(1);
        let bands: Vec<Band> = tuning
            .bands
            .iter()
            .map(|&b| {
                let divisor = b.divisor(base_rate_hz);
                let longest_lag_s = (1.02 / low).max(SHORTEST_REACH_S);
                let max_lag = (base_rate_hz / divisor as f64 * longest_lag_s).ceil() as usize + 4;
                let energy_hops = (ENERGY_S / hop_s).ceil() as usize;
                Band::new(b, base_rate_hz, hop_s, max_lag, longest.max(energy_hops))
            })
            .collect();
        let ratio = (0.5 * STATE_CENTS / 1200.0).exp2();
        let experts: Vec<Expert> =
            tuning.experts.iter().map(|&e| Expert::new(e, &bands[e.band], hop_s, &centres_hz, ratio)).collect();
        let posterior = Posterior::new(&tuning, states, (look_back_s / hop_s).round() as usize);
        let kept: Vec<Vec<PastHop>> = (0..posterior.kept())
            .map(|_| experts.iter().map(|e| PastHop { rho: vec![0.0; e.rho().len()], weight: 0.0 }).collect())
            .collect();
        let refiner = Refiner::new(base_rate_hz, &bands, &experts, tuning.refine_s, hop_s);
        let len = posterior.len();
        Self {
            tuning,
            decimator: Decimator::new(factor, 0.3),
            bands,
            experts,
            level_state: ((LEVEL_HZ / low).log2() * 1200.0 / STATE_CENTS) as f32,
            range: (0, centres_hz.len()),
            centres_hz,
            evidence: vec![0.0; len],
            against: vec![vec![0.0; len]; tuning.experts.len()],
            verdicts: vec![Verdict::Silent; kept.len()],
            kept,
            at: 0,
            posterior,
            refiner,
            partials: Partials::new(base_rate_hz, low),
            hop_s,
            gate: Gate::new(tuning.gate, gate_db),
            last: NOTHING,
            last_hz: 0.0,
            voicing: Voicing::new(),
            full_energy: 0.0,
            since: 0,
            pieces: 0,
            prepared: 0,
            #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
            avx2: std::arch::is_x86_feature_detected!("avx2"),
            #[cfg(not(any(target_arch = "x86_64", target_arch = "x86")))]
            avx2: false,
        }
    }

    /// Hears only pitches of this range from now on.
    pub fn set_range(&mut self, low_hz: f64, high_hz: f64) {
        let half = (0.5 * STATE_CENTS / 1200.0).exp2();
        let states = self.centres_hz.len();
        let first = self.centres_hz.partition_point(|hz| hz * half < low_hz).min(states - 1);
        let end = self.centres_hz.partition_point(|hz| hz / half <= high_hz);
        self.range = (first, end.clamp(first + 1, states));
        self.posterior.set_possible(self.range.1 - first);
    }

    /// What the voicing network heard last.
    pub const fn voicing_inputs(&self) -> &[f32; INPUTS] {
        self.voicing.inputs()
    }

    /// Looks back so far from now on, at most as far as it was made for; to be followed by `reset`.
    pub fn set_look_back_s(&mut self, look_back_s: f64) {
        self.posterior.set_look_back((look_back_s / self.hop_s).round() as usize);
    }

    /// How far the estimates look back, s.
    pub fn look_back_s(&self) -> f64 {
        (self.posterior.kept() - 1) as f64 * self.hop_s
    }

    pub fn reset(&mut self) {
        self.decimator.reset();
        self.bands.iter_mut().for_each(Band::reset);
        self.partials.reset();
        self.posterior.reset();
        for k in self.kept.iter_mut().flatten() {
            k.rho.fill(0.0);
            k.weight = 0.0;
        }
        self.verdicts.fill(Verdict::Silent);
        self.gate.reset();
        self.experts.iter_mut().for_each(Expert::reset);
        self.last = NOTHING;
        self.last_hz = 0.0;
        self.voicing.reset();
        self.full_energy = 0.0;
        self.since = 0;
        self.pieces = 0;
        self.prepared = 0;
        self.at = 0;
    }

    /// Takes one sample. The work that can be done before the hop ends is done in pieces on the way, at samples that are counted from the
    /// hop's beginning and not from the host's block: no block of the host's has all of it to do.
    #[inline(always)]
    pub fn push(&mut self, x: f32) {
        if let Some(x) = self.decimator.push(x) {
            for b in &mut self.bands {
                b.push(x);
            }
            self.partials.push(x);
            self.full_energy += x * x;
            self.since += 1;
            if self.since == PIECE {
                self.since = 0;
                self.piece();
            }
        }
    }

    #[inline(never)]
    fn piece(&mut self) {
        #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
        if self.avx2 {
            // SAFETY: `avx2` is true only where the processor was found to have AVX2.
            return unsafe { self.piece_avx2() };
        }
        self.piece_plain();
    }

    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    #[target_feature(enable = "avx2")]
    fn piece_avx2(&mut self) {
        self.piece_plain();
    }

    #[inline(always)]
    fn piece_plain(&mut self) {
        // A closure would be compiled without the processor's wide vectors.
        for b in &mut self.bands {
            b.take();
        }
        self.prepare();
        self.prepare();
        self.pieces += 1;
        if self.pieces == EARLY {
            self.ask(true);
        }
    }

    /// Asks the experts, the early ones or the others, what speaks against each state.
    #[inline(always)]
    fn ask(&mut self, early: bool) {
        let states = self.centres_hz.len();
        let t = &self.tuning;
        for (e, against) in self.experts.iter_mut().zip(&mut self.against).filter(|(e, _)| e.tuning.early == early) {
            e.correlate(&self.bands[e.tuning.band], t.floor, t.lobe_rise);
            e.read(&mut against[..states]);
            for a in against.iter_mut() {
                *a = math::ln(1.0 + t.softness - *a);
            }
        }
    }

    /// One expert's sums, or the prediction; nothing once all is done.
    #[inline(always)]
    fn prepare(&mut self) {
        let count = self.experts.len();
        match self.experts.get_mut(self.prepared) {
            Some(expert) => expert.prepare(&self.bands[expert.tuning.band]),
            None if self.prepared == count => self.posterior.predict(),
            None => return,
        }
        self.prepared += 1;
    }

    /// Ends a hop: what is known of the pitch now. Call at every end of a frame, so that no estimate ever waits for one.
    #[inline(never)]
    pub fn hop(&mut self) -> Estimate {
        #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
        if self.avx2 {
            // SAFETY: `avx2` is true only where the processor was found to have AVX2.
            return unsafe { self.hop_avx2() };
        }
        self.hop_plain()
    }

    // Fused multiply-add is left off on purpose: without it every vector width gives the same bits.
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    #[target_feature(enable = "avx2")]
    fn hop_avx2(&mut self) -> Estimate {
        self.hop_plain()
    }

    #[inline(always)]
    fn hop_plain(&mut self) -> Estimate {
        let t = self.tuning;
        // Where hops are short, something may be left to do.
        while self.prepared <= self.experts.len() {
            self.prepare();
        }
        for b in &mut self.bands {
            b.take();
        }
        if self.pieces < EARLY {
            self.ask(true);
        }
        self.ask(false);
        let samples = self.pieces * PIECE + self.since;
        let full = std::mem::take(&mut self.full_energy) / samples.max(1) as f32;
        (self.since, self.pieces, self.prepared) = (0, 0, 0);
        for b in &mut self.bands {
            b.advance();
        }
        let mut levels = [0.0f32; BANDS];
        let mut level = 0.0f32;
        for (l, b) in levels.iter_mut().zip(&self.bands) {
            let samples = (ENERGY_S * b.rate_hz) as usize;
            *l = b.energy(samples) as f32 / samples as f32;
            level += *l;
        }
        self.at = if self.at + 1 == self.posterior.kept() { 0 } else { self.at + 1 };
        let states = self.centres_hz.len();
        self.evidence.fill(0.0);
        let mut unvoiced = 0.0;
        let (mut weights, mut nominal) = (0.0, 0.0);
        for ((e, against), kept) in self.experts.iter().zip(&self.against).zip(&mut self.kept[self.at]) {
            let share = (levels[e.tuning.band] + 1e-20) / (level + 1e-20);
            let weight = e.tuning.weight * math::exp(t.energy_exponent * math::ln(share));
            for (v, a) in self.evidence.iter_mut().zip(against) {
                *v -= weight * a;
            }
            unvoiced -= weight * math::ln(1.0 + t.softness - e.tuning.unvoiced_level);
            kept.rho.copy_from_slice(e.rho());
            kept.weight = weight;
            weights += weight;
            nominal += e.tuning.weight;
        }
        // What is known before listening counts as much as what is heard, or a quiet corner of the spectrum would be decided by it.
        let scale = weights / nominal;
        unvoiced += scale * t.unvoiced_bias;
        let tilt = scale * t.octave_tilt * (STATE_CENTS / 1200.0) as f32;
        for (i, e) in self.evidence[..states].iter_mut().enumerate() {
            *e += tilt * (i as f32 - self.level_state).min(0.0);
        }
        let (first, end) = self.range;
        self.evidence[..first].fill(NEVER);
        self.evidence[end..states].fill(NEVER);
        if self.gate.hums() {
            self.silence_mains();
        }
        self.settle_octaves(weights, tilt);
        let verdict = self.gate.judge(level, self.last_hz, self.last.voiced >= 0.5);
        self.verdicts[self.at] = verdict;
        let best = first + argmax(&self.evidence[first..end]);
        let doubt = self.doubt(best);
        let odds = self.voicing.odds(&Heard {
            margin: self.evidence[best] - unvoiced - doubt,
            doubt,
            repeats: self.repeats(best, weights, tilt),
            experts: EXPERTS.map(|e| 1.0 + t.softness - math::exp(self.against[e][best])),
            bands_db: levels.map(|level| math::decibels(level + SILENT_POWER)),
            level_db: math::decibels(level + SILENT_POWER),
            full_db: math::decibels(full + SILENT_POWER),
            f0_hz: self.centres_hz[best] as f32,
        });
        let odds = if verdict == Verdict::Silent {
            // Nothing was heard that could tell one pitch from another.
            self.evidence[first..end].fill(0.0);
            -SILENCE_EVIDENCE
        } else {
            odds
        };
        let belief = self.posterior.update(&self.evidence, odds);
        self.last = belief;
        let causal = self.refiner.read(&self.experts, &self.kept[self.at], self.centres_hz[belief.state]);
        self.last_hz = causal.f0_hz;
        let (belief, then, reading) = if self.posterior.kept() == 1 {
            (belief, self.at, causal)
        } else {
            let belief = self.posterior.look_back();
            let then = if self.at + 1 == self.posterior.kept() { 0 } else { self.at + 1 };
            (belief, then, self.refiner.read(&self.experts, &self.kept[then], self.centres_hz[belief.state]))
        };
        let verdict = self.verdicts[then];
        Estimate {
            f0_hz: reading.f0_hz,
            confidence: if verdict == Verdict::Open { belief.voiced } else { 0.0 },
            periodic: if verdict == Verdict::Silent { 0.0 } else { belief.voiced },
            age_s: self.look_back_s() as f32 + reading.age_s,
        }
    }

    /// How much of the wave repeats at the period of a state, as all experts together see it: 0 to 1 and a little.
    #[inline(always)]
    fn repeats(&self, state: usize, weights: f32, tilt: f32) -> f32 {
        let prior = tilt * (state as f32 - self.level_state).min(0.0);
        1.0 + self.tuning.softness - math::exp((prior - self.evidence[state]) / weights)
    }

    /// Takes evidence from the pitches of the mains. A hum repeats what every voice does that has a multiple of its pitch, so that both
    /// together repeat best at the hum's period.
    #[inline(always)]
    fn silence_mains(&mut self) {
        let (first, end) = self.range;
        for hz in MAINS_HZ {
            let at = (f64::from(hz) / self.centres_hz[0]).log2() * 1200.0 / STATE_CENTS;
            if at > -1.0 {
                let at = at.round().max(0.0) as usize;
                for e in self.evidence[first..end]
                    .iter_mut()
                    .take((at + HUM_STATES + 1).saturating_sub(first))
                    .skip(at.saturating_sub(first + HUM_STATES))
                {
                    *e -= HUM_EVIDENCE;
                }
            }
        }
    }

    /// Moves evidence between pitches an octave or a twelfth apart where the partials say which of them it is. `tilt` is the prior's, a state.
    #[inline(always)]
    fn settle_octaves(&mut self, weights: f32, tilt: f32) {
        let t = self.tuning.partials;
        let (first, end) = self.range;
        let mut best = first + argmax(&self.evidence[first..end]);
        for _ in 0..OCTAVE_ROUNDS {
            let repeats = self.repeats(best, weights, tilt);
            let ramp = |[from, to]: [f32; 2]| ((repeats - from) / (to - from)).clamp(0.0, 1.0);
            let trust = [ramp(t.trusted_up), ramp(t.trusted_down)];
            if trust == [0.0; 2] {
                return;
            }
            for multiple in [2, 3] {
                let apart = (1200.0 * (multiple as f64).log2() / STATE_CENTS).round() as usize;
                if best + apart < end {
                    self.settle_pair(best, self.best_about(best + apart), multiple, trust);
                }
                if best >= first + apart {
                    self.settle_pair(self.best_about(best - apart), best, multiple, trust);
                }
            }
            for multiple in 4..=FURTHEST {
                let apart = (1200.0 * (multiple as f64).log2() / STATE_CENTS).round() as usize;
                if best + apart >= end {
                    break;
                }
                self.settle_far(best, self.best_about(best + apart), multiple, trust[0]);
            }
            let now = first + argmax(&self.evidence[first..end]);
            if now == best {
                return;
            }
            best = now;
        }
    }

    /// Settles between `low` and the state `multiple` times higher; `trust` in what speaks for the higher and for the lower, 0..=1.
    #[inline(always)]
    fn settle_pair(&mut self, low: usize, high: usize, multiple: usize, trust: [f32; 2]) {
        let t = self.tuning.partials;
        let (for_low, for_high) = (self.evidence[low], self.evidence[high]);
        let lead = for_high - for_low;
        if -lead >= t.contested[0] || lead >= t.contested[1] {
            return;
        }
        let odds = self.partials.odds(self.centres_hz[low], multiple);
        // Shouts have partials like those of an alternating voice an octave up, where nobody's periods alternate.
        let shout = t.shout * ((self.centres_hz[high] / t.shout_hz).log2() as f32).clamp(0.0, 1.0);
        let (up, down) = (-t.sure - (odds + shout), odds - t.sure);
        let (wanted, trust) = if up > 0.0 {
            (up.min(t.most), trust[0])
        } else if down > 0.0 {
            (-down.min(t.most), trust[1])
        } else {
            return;
        };
        self.lead_by(low, high, wanted, trust);
    }

    /// Settles between `low` and the state `multiple` times higher, which is further than a twelfth: whether `low` is but the period after which the
    /// voice and something softer repeat together.
    #[inline(always)]
    fn settle_far(&mut self, low: usize, high: usize, multiple: usize, trust: f32) {
        let t = self.tuning.partials;
        let lead = self.evidence[low] - self.evidence[high];
        if lead >= t.contested_far || !self.peaks(low) || !self.peaks(high) {
            return;
        }
        let up = -t.sure - self.partials.far_odds(self.centres_hz[low], multiple, lead);
        if up > 0.0 {
            self.lead_by(low, high, up.min(t.most), trust);
        }
    }

    /// Has `high` lead `low` by so many nepers, or the other way round where they are negative, unless it leads by more already.
    #[inline(always)]
    fn lead_by(&mut self, low: usize, high: usize, wanted: f32, trust: f32) {
        let (for_low, for_high) = (self.evidence[low], self.evidence[high]);
        let lead = for_high - for_low;
        if wanted * lead > 0.0 && lead.abs() >= wanted.abs() {
            return;
        }
        // The wave stays as well explained as it is; by which of the two, is what is said anew.
        let lead = lead + trust * (wanted - lead);
        let most = for_low.max(for_high);
        self.give(low, most - lead.max(0.0));
        self.give(high, most + lead.min(0.0));
    }

    /// The state with the best evidence about one.
    #[inline(always)]
    fn best_about(&self, state: usize) -> usize {
        let (first, end) = self.range;
        let (from, to) = (state.saturating_sub(2).max(first), (state + 3).min(end));
        from + argmax(&self.evidence[from..to])
    }

    /// Whether no state nearby has more.
    #[inline(always)]
    fn peaks(&self, state: usize) -> bool {
        let (first, end) = self.range;
        let about = &self.evidence[state.saturating_sub(PEAK).max(first)..(state + PEAK + 1).min(end)];
        about.iter().all(|e| *e <= self.evidence[state])
    }

    /// Gives a state this evidence: what lies about it is raised with it, but no further, or capped.
    #[inline(always)]
    fn give(&mut self, state: usize, evidence: f32) {
        let (first, end) = self.range;
        let lift = evidence - self.evidence[state];
        for e in &mut self.evidence[state.saturating_sub(PEAK).max(first)..(state + PEAK + 1).min(end)] {
            *e = if lift > 0.0 { (*e + lift).min(evidence.max(*e)) } else { (*e).min(evidence) };
        }
    }

    /// What speaks for "unvoiced" although some state explains the wave well: evidence of the best state that is gone a few periods later,
    /// and a best state above all that is sung.
    #[inline(always)]
    fn doubt(&self, best: usize) -> f32 {
        let t = &self.tuning;
        let period = 1.0 / self.centres_hz[best];
        let multiple = (t.voicing_s / period).round();
        if multiple < 2.0 {
            return 0.0;
        }
        let mut doubt = if self.centres_hz[best] > LEVEL_HZ { t.whistle_doubt } else { 0.0 };
        for (e, k) in self.experts.iter().zip(&self.kept[self.at]) {
            let rate = self.bands[e.tuning.band].rate_hz;
            let once = Expert::peak(&k.rho, (period * rate) as f32, (STATE_SPAN * period * rate) as f32);
            let later = Expert::peak(&k.rho, (multiple * period * rate) as f32, (STATE_SPAN * multiple * period * rate) as f32);
            let ratio = (1.0 + t.softness - later) / (1.0 + t.softness - once);
            doubt += k.weight * math::ln(ratio.max(1.0));
        }
        doubt
    }
}

#[cfg(test)]
mod tests {
    use super::Pitch;
    use crate::tuning::Tuning;

    #[test]
    fn every_vector_width_gives_the_same_bits() {
        for look_back_s in [0.0, 0.024] {
            let mut wide = Pitch::new(48_000, 50.0, 2000.0, look_back_s, -70.0, Tuning::default());
            let mut plain = wide.clone();
            plain.avx2 = false;
            let mut seed = 7u32;
            for n in 0..48_000u32 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (seed >> 8) as f32 / 16_777_216.0 - 0.5;
                let saw = (n as f32 * (200.0 + n as f32 * 0.002) / 48_000.0).fract() - 0.5;
                let x = 0.2 * saw + 0.02 * noise;
                wide.push(x);
                plain.push(x);
                if n % 192 == 191 {
                    let (a, b) = (wide.hop(), plain.hop());
                    assert_eq!(
                        (a.f0_hz.to_bits(), a.confidence.to_bits()),
                        (b.f0_hz.to_bits(), b.confidence.to_bits()),
                        "at {n}"
                    );
                }
            }
        }
    }
}
