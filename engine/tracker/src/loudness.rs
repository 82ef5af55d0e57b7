//! Loudness: the A-weighting filter and the windowed level behind it. Audio thread; allocates in `new` only.

use std::f64::consts::PI;

use crate::a_weighting::a_weighting_power;
use crate::biquad::Biquad;
use crate::frame::LOUDNESS_FLOOR_DB;

/// A-weighting as a digital filter that follows the analogue curve up to the Nyquist frequency.
///
/// The poles are the standard's, mapped by `exp(-w / rate)`; the zeros at DC stay there; the numerator of the last section is solved so that
/// the whole matches [`a_weighting_power`] exactly at three frequencies (Vicanek, "Matched Second Order Digital Filters", 2016). The
/// usual bilinear design is several dB low at 16 kHz when the rate is 44.1 kHz; this one stays within class 1 of IEC 61672-1.
#[derive(Clone, Debug)]
pub struct AWeighting {
    sections: [Biquad; 3],
}

impl AWeighting {
    /// The filter for a stream of `sample_rate_hz` samples a second.
    pub fn new(sample_rate_hz: u32) -> Self {
        let rate = f64::from(sample_rate_hz);
        let pole = |hz: f64| (-2.0 * PI * hz / rate).exp();
        let pair = |p: f64, q: f64| [-(p + q), p * q];
        // IEC 61672-1:2013, annex E.
        let high_pass = [1.0, -2.0, 1.0];
        let low = Biquad::new(high_pass, pair(pole(20.598_997), pole(20.598_997)));
        let mid = Biquad::new(high_pass, pair(pole(107.652_65), pole(737.862_23)));
        let mut top = Biquad::new([1.0, 0.0, 0.0], pair(pole(12_194.217), pole(12_194.217)));
        // |B|^2 = B0 cos^2 + B1 sin^2 + B2 4 sin^2 cos^2 of half the angle, solved where the ear hears: at 1 kHz, at the end of hearing
        // (or just below the Nyquist frequency) and between.
        let end = 20_000.0f64.min(0.49 * rate);
        let points = [1000.0, 0.55 * end, end].map(|hz| {
            let w = 2.0 * PI * hz / rate;
            let sin2 = (w / 2.0).sin().powi(2);
            let cos2 = 1.0 - sin2;
            let want = a_weighting_power(hz) / (low.power(w) * mid.power(w) * top.power(w));
            ([cos2, sin2, 4.0 * cos2 * sin2], want)
        });
        let [b0, b1, b2] = solve(points);
        let (dc, nyquist) = (b0.max(0.0).sqrt(), b1.max(0.0).sqrt());
        let w = 0.5 * (dc + nyquist);
        let first = 0.5 * (w + (w * w + b2).max(0.0).sqrt());
        top.b = [first, 0.5 * (dc - nyquist), -b2 / (4.0 * first)];
        Self { sections: [low, mid, top] }
    }

    /// Forgets the past. No allocation.
    pub fn reset(&mut self) {
        self.sections.iter_mut().for_each(Biquad::reset);
    }

    /// Filters one sample.
    #[inline(always)]
    pub fn tick(&mut self, x: f32) -> f32 {
        let [low, mid, top] = &mut self.sections;
        top.tick(mid.tick(low.tick(f64::from(x)))) as f32
    }

    /// Power gain at `hz` of the filter as built.
    pub fn power(&self, hz: f64, sample_rate_hz: u32) -> f64 {
        let w = 2.0 * PI * hz / f64::from(sample_rate_hz);
        self.sections.iter().map(|s| s.power(w)).product()
    }

    fn flush(&mut self) {
        self.sections.iter_mut().for_each(Biquad::flush);
    }
}

/// Three equations in three unknowns by Cramer's rule.
fn solve(rows: [([f64; 3], f64); 3]) -> [f64; 3] {
    let det = |m: [[f64; 3]; 3]| {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    let whole = det(rows.map(|(r, _)| r));
    [0, 1, 2].map(|i| {
        let column = rows.map(|(mut r, want)| {
            r[i] = want;
            r
        });
        det(column) / whole
    })
}

/// How long the level is averaged.
#[derive(Clone, Copy, Debug)]
struct Windows {
    /// Without a pitch, s.
    plain_s: f64,
    /// With one: whole periods, as many as fit here, and never fewer than one...
    fill_s: f64,
    /// ...but never longer than this, s: one period of the lowest pitch tracked by default.
    longest_s: f64,
}

/// Live: half of 12.5 ms, so that a tone of 80 Hz (whose square swings at 160 Hz) reads steady even before its pitch is known.
const LIVE: Windows = Windows { plain_s: 0.006_25, fill_s: 0.006_25, longest_s: 0.0205 };
/// Studio has time for a steadier reading.
const STUDIO: Windows = Windows { plain_s: 0.0125, fill_s: 0.0125, longest_s: 0.0205 };

/// Centre of the Live loudness window, s before the end of the frame: half the plain window, which therefore ends with the frame.
pub(crate) const LIVE_DELAY_S: f64 = 0.5 * LIVE.plain_s;

/// A-weighted level of a stream, read at any moment.
///
/// Where a pitch is known the window is a whole number of its periods, so that a steady voice reads as a steady level: the pulses of a
/// low voice would otherwise beat against the frame rate and roughen the sound.
#[derive(Clone, Debug)]
pub(crate) struct Loudness {
    filter: AWeighting,
    /// Ring of squares of the filtered signal; its length is a power of two.
    squares: Vec<f32>,
    at: usize,
    rate_hz: f64,
    delay_s: f64,
    windows: Windows,
}

impl Loudness {
    /// `delay_s`: how long before the newest sample the centre of the window lies.
    pub fn new(sample_rate_hz: u32, delay_s: f64, studio: bool) -> Self {
        let windows = if studio { STUDIO } else { LIVE };
        let rate_hz = f64::from(sample_rate_hz);
        let longest = (delay_s + windows.longest_s) * rate_hz;
        Self {
            filter: AWeighting::new(sample_rate_hz),
            squares: vec![0.0; (longest as usize + 4).next_power_of_two()],
            at: 0,
            rate_hz,
            delay_s,
            windows,
        }
    }

    /// Reads with another delay and other windows from now on: shorter ones than it was made for, or those. To be followed by `reset`.
    pub fn set(&mut self, delay_s: f64, studio: bool) {
        self.delay_s = delay_s;
        self.windows = if studio { STUDIO } else { LIVE };
    }

    pub fn reset(&mut self) {
        self.filter.reset();
        self.squares.fill(0.0);
        self.at = 0;
    }

    #[inline(always)]
    pub fn push(&mut self, x: f32) {
        let y = self.filter.tick(x);
        self.at = (self.at + 1) & (self.squares.len() - 1);
        // Far below the floor, where squares would be denormal numbers, there is nothing.
        self.squares[self.at] = if y.abs() < 1e-15 { 0.0 } else { y * y };
    }

    /// The level now, dB re a full-scale square wave. `f0_hz`: the pitch, 0 where there is none.
    pub fn read(&mut self, f0_hz: f32) -> f32 {
        self.filter.flush();
        let w = self.windows;
        let mut window_s = w.plain_s;
        if f0_hz > 0.0 {
            let period = 1.0 / f64::from(f0_hz);
            // A little is granted so that a period of exactly the length does not flicker between one and none.
            let whole = (w.fill_s * 1.001 / period).floor().max(1.0) * period;
            if whole <= w.longest_s {
                window_s = whole;
            }
        }
        // A window longer than twice the delay cannot be centred: it ends at the newest sample.
        let newest = ((self.delay_s - 0.5 * window_s).max(0.0) * self.rate_hz).round() as usize;
        let length = window_s * self.rate_hz;
        let whole = length as usize;
        let mask = self.squares.len() - 1;
        let get = |back: usize| f64::from(self.squares[(self.at + self.squares.len() - back) & mask]);
        // Four sums that do not wait for each other.
        let mut sums = [0.0f64; 4];
        let mut i = 0;
        while i + 4 <= whole {
            for (k, s) in sums.iter_mut().enumerate() {
                *s += get(newest + i + k);
            }
            i += 4;
        }
        while i < whole {
            sums[0] += get(newest + i);
            i += 1;
        }
        let part = (length - whole as f64) * get(newest + whole);
        let mean = (sums[0] + sums[1] + sums[2] + sums[3] + part) / length;
        if mean <= 0.0 { LOUDNESS_FLOOR_DB } else { (10.0 * mean.log10() as f32).max(LOUDNESS_FLOOR_DB) }
    }
}
