//! The noise: white noise through a filter that follows the bands. Lives on the audio thread.
//!
//! Each segment's excitation `x` is split into `x (1 - r)` and `x r`, `r` rising over the segment, and convolved with the filters
//! of the previous and of this segment's bands (overlap-add). The excitation is one and the weights sum to 1, so there are no seams,
//! and while the bands hold the filter is exactly linear and time-invariant. Filters are minimum-phase (see `noise_filter`): an
//! attack's noise begins with the attack, and no latency is added.

use std::sync::Arc;

use syrinx_fft::Complex;

use crate::MAX_BANDS;
use crate::high_pass::HighPass;
use crate::noise_filter::{Bench, Filter, FilterDesign};
use crate::random::White;

/// Least length of the filters in seconds: resolves about 60 Hz, as narrow as the lowest bands of an ear-like scale get, and with
/// the usual 4 ms segments just fits FFTs of 1024 points at 48 kHz.
const LEAST_FILTER_S: f64 = 0.0165;

/// Noise with a given RMS amplitude in each of a set of frequency bands.
///
/// Band `b` lies between edges `b` and `b + 1`; its noise has the one-sided power density `rms^2 / width`, interpolated smoothly
/// (linearly in log amplitude over ERB number) between the bands' centres, and falling off outside the first and last edge. Edges
/// above Nyquist are fine: what would lie there is not heard, and the density below is as at any other rate.
///
/// Other bands need another `FilteredNoise`, made off the audio thread: their phase curves take milliseconds where no other has them already.
pub struct FilteredNoise {
    /// Shared by all of the same rate and bands.
    design: Arc<FilterDesign>,
    bench: Bench,
    white: White,
    high_pass: HighPass,
    max_segment: usize,
    /// The bands that `now` was made for.
    bands: [f32; MAX_BANDS],
    before: Filter,
    now: Filter,
    excitation: Vec<f32>,
    product: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    ramped_spectrum: Vec<Complex<f32>>,
    /// Output already under way for the samples to come.
    pending: Vec<f32>,
    /// How many of them may not be zero.
    ringing: usize,
}

impl FilteredNoise {
    /// Silent noise for a stream of `sample_rate_hz` samples a second, with bands between successive `band_edges_hz` (bands + 1
    /// values, ascending, at most [`MAX_BANDS`] bands), efficient for segments up to `max_segment` samples (longer ones work).
    ///
    /// Allocates and, the first time, takes milliseconds: call off the audio thread. Edges that are not finite, negative or not ascending make an
    /// instance that stays silent; whoever reads them from a file has to check them and say so.
    pub fn new(sample_rate_hz: u32, band_edges_hz: &[f32], max_segment: usize, seed: u64) -> Self {
        let max_segment = max_segment.max(1);
        let least_taps = (f64::from(sample_rate_hz) * LEAST_FILTER_S).ceil() as usize;
        let fft_len = (max_segment + least_taps).next_power_of_two();
        let design = FilterDesign::of(sample_rate_hz, band_edges_hz, fft_len, fft_len + 1 - max_segment);
        Self {
            bench: design.bench(),
            white: White::new(seed),
            high_pass: design.high_pass.clone(),
            max_segment,
            bands: [0.0; MAX_BANDS],
            before: design.silent_filter(),
            now: design.silent_filter(),
            excitation: vec![0.0; fft_len],
            product: vec![0.0; fft_len],
            spectrum: design.forward.make_output_vec(),
            ramped_spectrum: design.forward.make_output_vec(),
            pending: vec![0.0; fft_len],
            ringing: 0,
            design,
        }
    }

    /// Forgets the past and reseeds: the same segments give the same samples again.
    pub fn reset(&mut self) {
        self.white.reset();
        self.silence();
    }

    /// Forgets the past and is silent at once; what comes next is drawn anew, and not what came after the last [`reset`](Self::reset).
    pub fn silence(&mut self) {
        self.high_pass.reset();
        self.bands = [0.0; MAX_BANDS];
        self.before.silent = true;
        self.now.silent = true;
        self.pending.fill(0.0);
        self.ringing = 0;
    }

    /// Adds one whole segment of `out.len()` samples to `out`, gliding from the previous bands to `noise` (RMS amplitude of each
    /// band, linear; missing ones are silent, excess ones ignored). Bands below -140 dB count as silent; when all are, the noise rings
    /// out within the filter's length and then is exactly zero and nearly free. Never allocates.
    pub fn render(&mut self, noise: &[f32], out: &mut [f32]) {
        if out.is_empty() {
            return;
        }
        let mut bands = [0.0; MAX_BANDS];
        for (b, n) in bands.iter_mut().zip(noise).take(self.design.bands()) {
            // NaN would never equal itself and so defeat the comparison below.
            *b = if n.is_finite() { *n } else { 0.0 };
        }
        let held = bands == self.bands;
        if !held {
            self.bands = bands;
            std::mem::swap(&mut self.before, &mut self.now);
            self.design.make(&bands, &mut self.now, &mut self.bench);
        }
        let len = out.len();
        let mut start = 0;
        for out in out.chunks_mut(self.max_segment) {
            self.chunk(held, start, len, out);
            start += out.len();
        }
    }

    /// Renders samples `start..start + out.len()` of a segment of `len`.
    fn chunk(&mut self, held: bool, start: usize, len: usize, out: &mut [f32]) {
        let sounds = !self.now.silent || (!held && !self.before.silent);
        if !sounds && self.ringing == 0 {
            return;
        }
        if sounds {
            self.excite(held, start, len, out.len());
            // What lies further is the FFT's rounding, and would keep silence from being exact.
            let reach = out.len() + self.design.taps - 1;
            for (p, y) in self.pending[..reach].iter_mut().zip(&self.product) {
                *p += y;
            }
            self.ringing = self.ringing.max(reach);
        }
        for (o, p) in out.iter_mut().zip(&self.pending) {
            *o += p;
        }
        self.pending.copy_within(out.len().., 0);
        let kept = self.pending.len() - out.len();
        self.pending[kept..].fill(0.0);
        self.ringing = self.ringing.saturating_sub(out.len());
    }

    /// Puts `count` samples of excitation and their ringing into `product`.
    fn excite(&mut self, held: bool, start: usize, len: usize, count: usize) {
        for x in &mut self.excitation[..count] {
            *x = self.high_pass.next(self.white.draw());
        }
        self.excitation[count..].fill(0.0);
        let scale = 1.0 / self.excitation.len() as f32;
        let scratch = &mut self.bench.scratch;
        if !held {
            // Linear, as the harmonics glide: a steady decay stays steady, where a smoother ramp would climb down in steps.
            let per_len = scale / len as f32;
            for (j, (r, x)) in self.product.iter_mut().zip(&self.excitation[..count]).enumerate() {
                *r = x * (start + j + 1) as f32 * per_len;
            }
            self.product[count..].fill(0.0);
            let done = self.design.forward.process_with_scratch(&mut self.product, &mut self.ramped_spectrum, scratch);
            debug_assert!(done.is_ok(), "lengths are the plan's own");
        }
        let done = self.design.forward.process_with_scratch(&mut self.excitation, &mut self.spectrum, scratch);
        debug_assert!(done.is_ok(), "lengths are the plan's own");
        let silence = Complex::new(0.0, 0.0);
        if !held {
            // x (1 - r) with the filter before plus x r with the one now.
            for (k, x) in self.spectrum.iter_mut().enumerate() {
                let before = if self.before.silent { silence } else { self.before.spectrum[k] };
                let now = if self.now.silent { silence } else { self.now.spectrum[k] };
                *x = *x * scale * before + self.ramped_spectrum[k] * (now - before);
            }
        } else {
            for (x, now) in self.spectrum.iter_mut().zip(&self.now.spectrum) {
                *x = *x * scale * now;
            }
        }
        // Rounding may leave traces; the ends are real by nature.
        self.spectrum[0].im = 0.0;
        let last = self.spectrum.len() - 1;
        self.spectrum[last].im = 0.0;
        let done = self.design.inverse.process_with_scratch(&mut self.spectrum, &mut self.product, scratch);
        debug_assert!(done.is_ok(), "lengths are the plan's own, and the ends of the spectrum are real");
    }
}
