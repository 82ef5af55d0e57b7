//! One band of the voice: its filter, its own sample rate, and the products of the signal with its past, hop by hop.
//! Audio thread; allocates in `new` only.

use crate::biquad::Biquad;
use crate::decimate::Decimator;
use crate::tuning::BandTuning;

/// Lags are computed in tiles of this many: four AVX2 registers of accumulators, so that additions never wait for each other.
pub(crate) const TILE: usize = 32;

/// Room for the energies of this many hops is made at once.
const HOPS_OF_ROOM: usize = 4;

/// The filtered signal of one band and the sums over it that a normalised autocorrelation needs.
#[derive(Clone, Debug)]
pub(crate) struct Band {
    filters: [Biquad; 2],
    decimator: Decimator,
    /// The band's rate, Hz.
    pub rate_hz: f64,
    /// Lags available: `0..lags`, a multiple of [`TILE`].
    pub lags: usize,
    /// Samples that no sum has yet.
    incoming: Vec<f32>,
    filled: usize,
    /// Samples of the hop under way that the sums have; hops differ by a sample where the band's rate is no multiple of the frame rate.
    taken: usize,
    /// The signal, newest first: products with the past then run through memory in the direction of growing lags.
    newest_first: Vec<f32>,
    /// From `energy_from` on, index `i` holds the energy of all kept samples older than the newest `i`. What is newer goes before it, into the
    /// room that is made now and then.
    energy_before: Vec<f64>,
    energy_from: usize,
    longest_hop: usize,
    /// Ring of hops: `products[slot * lags + t]` is the sum over one hop of `x[n] * x[n - t]`. The place after `slot` is the hop under way.
    products: Vec<f32>,
    /// Length of the hop in each slot of that ring, samples.
    lengths: Vec<usize>,
    slot: usize,
    /// `spans[k]`: samples in the newest `k` hops.
    spans: Vec<usize>,
}

impl Band {
    /// `longest_window` is the longest window in hops, `max_lag` in samples of the band.
    pub fn new(tuning: BandTuning, base_rate_hz: f64, hop_s: f64, max_lag: usize, longest_window: usize) -> Self {
        let divisor = tuning.divisor(base_rate_hz);
        let rate_hz = base_rate_hz / divisor as f64;
        // At low host rates the band ends where the sampled world does.
        let top = base_rate_hz * 0.45;
        let lags = (max_lag + 1).next_multiple_of(TILE);
        let longest_hop = (hop_s * rate_hz).ceil() as usize + 1;
        let energies = lags + longest_window * longest_hop + 1;
        let room = HOPS_OF_ROOM * longest_hop;
        Self {
            filters: [
                Biquad::high_pass(tuning.low_hz.min(top * 0.5), base_rate_hz),
                Biquad::low_pass(tuning.high_hz.min(top), base_rate_hz),
            ],
            decimator: Decimator::new(divisor, 0.35),
            rate_hz,
            lags,
            incoming: vec![0.0; longest_hop],
            filled: 0,
            taken: 0,
            newest_first: vec![0.0; longest_hop + lags],
            energy_before: vec![0.0; room + energies],
            energy_from: room,
            longest_hop,
            products: vec![0.0; lags * (longest_window + 1)],
            lengths: vec![0; longest_window + 1],
            slot: 0,
            spans: vec![0; longest_window + 1],
        }
    }

    pub fn reset(&mut self) {
        self.filters.iter_mut().for_each(Biquad::reset);
        self.decimator.reset();
        self.filled = 0;
        self.taken = 0;
        self.incoming.fill(0.0);
        self.newest_first.fill(0.0);
        self.energy_before.fill(0.0);
        self.energy_from = self.room();
        self.products.fill(0.0);
        self.lengths.fill(0);
        self.spans.fill(0);
        self.slot = 0;
    }

    /// Takes one sample at the base rate.
    #[inline(always)]
    pub fn push(&mut self, x: f32) {
        let [high_pass, low_pass] = &mut self.filters;
        let y = low_pass.tick(high_pass.tick(f64::from(x)));
        // Nothing is heard below -300 dB, and products of what lies there would be denormal numbers.
        let y = if y.abs() < 1e-15 { 0.0 } else { y as f32 };
        if let Some(y) = self.decimator.push(y)
            && let Some(place) = self.incoming.get_mut(self.filled)
        {
            *place = y;
            self.filled += 1;
        }
    }

    /// Takes what was pushed into the products of the hop under way, so that little is left to do when it ends.
    #[inline(always)]
    pub fn take(&mut self) {
        let new = std::mem::take(&mut self.filled);
        if new == 0 {
            return;
        }
        self.newest_first.copy_within(0..self.lags, new);
        for (i, x) in self.incoming[..new].iter().enumerate() {
            self.newest_first[new - 1 - i] = *x;
        }
        let first = self.taken == 0;
        self.taken += new;
        if first && self.energy_from < self.longest_hop {
            self.make_room();
        }
        for x in &self.incoming[..new] {
            let before = self.energy_before[self.energy_from];
            self.energy_from -= 1;
            self.energy_before[self.energy_from] = before + f64::from(*x) * f64::from(*x);
        }
        let slot = self.after();
        let out = &mut self.products[slot * self.lags..][..self.lags];
        for (tile, out) in out.chunks_exact_mut(TILE).enumerate() {
            let mut sum = [0.0f32; TILE];
            if !first {
                sum.copy_from_slice(out);
            }
            for i in (0..new).rev() {
                let x = self.newest_first[i];
                let past = &self.newest_first[i + tile * TILE..][..TILE];
                for (s, y) in sum.iter_mut().zip(past) {
                    *s += x * y;
                }
            }
            out.copy_from_slice(&sum);
        }
    }

    /// Ends a hop, once all of it was taken.
    #[inline(always)]
    pub fn advance(&mut self) {
        let hop = std::mem::take(&mut self.taken);
        self.filters.iter_mut().for_each(Biquad::flush);
        self.slot = self.after();
        self.lengths[self.slot] = hop;
        for k in 1..self.spans.len() {
            self.spans[k] = self.spans[k - 1] + self.lengths[self.before(k - 1)];
        }
    }

    /// Places before the energies when all room is free.
    fn room(&self) -> usize {
        HOPS_OF_ROOM * self.longest_hop
    }

    /// Moves the energies to the end of their buffer. At a hop's beginning, when little else is to be done.
    fn make_room(&mut self) {
        let room = self.room();
        let kept = self.energy_before.len() - room;
        self.energy_before.copy_within(self.energy_from..self.energy_from + kept, room);
        self.energy_from = room;
        // Counting anew from the oldest kept sample keeps the sums, and so their rounding, small for ever.
        let oldest = self.energy_before[self.energy_before.len() - 1];
        for e in &mut self.energy_before[room..] {
            *e -= oldest;
        }
    }

    fn after(&self) -> usize {
        if self.slot + 1 == self.lengths.len() { 0 } else { self.slot + 1 }
    }

    /// Energy of the newest `samples` samples.
    #[inline(always)]
    pub fn energy(&self, samples: usize) -> f64 {
        self.energy_before[self.energy_from] - self.energy_before[self.energy_from + samples]
    }

    /// Two slices whose difference at index `t` is the energy of `samples` samples that end `t` samples ago.
    #[inline(always)]
    pub fn energies(&self, samples: usize) -> (&[f64], &[f64]) {
        (&self.energy_before[self.energy_from..], &self.energy_before[self.energy_from + samples..])
    }

    /// Products of the hop under way as far as it was taken, one for every lag, and its samples.
    #[inline(always)]
    pub fn under_way(&self) -> (&[f32], usize) {
        (&self.products[self.after() * self.lags..][..self.lags], self.taken)
    }

    /// Samples in the newest `hops` hops.
    #[inline(always)]
    pub fn span(&self, hops: usize) -> usize {
        self.spans[hops]
    }

    #[inline(always)]
    fn before(&self, back: usize) -> usize {
        if self.slot >= back { self.slot - back } else { self.slot + self.lengths.len() - back }
    }

    /// Products of the hop `back` hops ago, one for every lag.
    #[inline(always)]
    pub fn products(&self, back: usize) -> &[f32] {
        &self.products[self.before(back) * self.lags..][..self.lags]
    }
}
