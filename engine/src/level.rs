//! How loud things sound: K-weighting (ITU-R BS.1770, the LUFS of broadcasting), of a voice as it comes in and of what an instrument is
//! about to play. Audio thread; never allocates after `new`.
//!
//! **Why two weightings.** Instruments were trained on A-weighted levels, and that is what a network hears: how hard it is played. But equal
//! A-weighted levels are not equally loud where most of the power lies low (at 100 Hz it counts a hundredth): a tuba is far too loud
//! and a whistle too soft. So what *sounds* is measured as listeners measure loudness, on both sides.

use std::f64::consts::PI;
use syrinx_synth::{Controls, MAX_HARMONICS};
use syrinx_tracker::{AWeighting, Biquad, Features, FrameClock, a_weighting_power};

/// The two filters of K-weighting as the analogue ones that the recommendation's table, which is for 48 kHz, was made of: a shelf that lifts by
/// so much, dB, above so many Hz, and a high-pass.
const SHELF_DB: f64 = 3.999_843_854;
const SHELF_HZ: f64 = 1_681.974_451;
const SHELF_Q: f64 = 0.707_175_237;
/// The shelf's middle term grows with its gain to this power.
const SHELF_MIDDLE: f64 = 0.499_666_774;
const HIGH_PASS_HZ: f64 = 38.135_470_88;
const HIGH_PASS_Q: f64 = 0.500_327_037;

/// The voice's powers are averaged by this many one-pole filters in a row, each of this time constant, s: what swings with the period of a voice of
/// 80 Hz is down by 34 dB, and a vowel is long beside it.
const STAGES: usize = 3;
const STAGE_S: f64 = 0.007;
/// By so many frames the average is late (21 ms).
pub const LAG_FRAMES: u64 = 5;
/// A mean square under this (-110 dB) says nothing of a voice.
const SILENCE: f64 = 1e-11;
/// Least difference that is believed, dB: about that of a whistle at 1.5 kHz, where both weightings are alike.
const LEAST_DB: f32 = -2.0;
/// Most that is believed of what has no pitch, dB: hiss at the end of hearing. More is a pop or the mains.
const MOST_UNPITCHED_DB: f32 = 6.0;

/// Lower sounds count as much as this one, Hz: loudspeakers give less of them than the weighting believes, and to make up for what it takes off
/// there would be all peaks.
const LOWEST_HZ: f32 = 50.0;

/// K-weighting at `hz` as a power gain; under [`LOWEST_HZ`] it is that there.
pub fn k_weighting_power(hz: f32) -> f32 {
    let hz = hz.max(LOWEST_HZ);
    let gain = 10f64.powf(SHELF_DB / 20.0);
    let square = |x: f64| x * x;
    let u = f64::from(hz) / SHELF_HZ;
    let shelf = (square(1.0 - gain * u * u) + square(gain.powf(SHELF_MIDDLE) * u / SHELF_Q))
        / (square(1.0 - u * u) + square(u / SHELF_Q));
    let v = f64::from(hz) / HIGH_PASS_HZ;
    let high_pass = square(v * v) / (square(1.0 - v * v) + square(v / HIGH_PASS_Q));
    (shelf * high_pass) as f32
}

/// K-weighting power gain at the centre of each band: one number fewer than there are edges.
pub fn k_noise_weights(noise_edges_hz: &[f32]) -> Vec<f32> {
    noise_edges_hz.windows(2).map(|w| k_weighting_power(0.5 * (w[0] + w[1]))).collect()
}

/// Mean squares of what `controls` ask for, A-weighted and K-weighted; noise bands without weights are left out.
pub fn powers(controls: &Controls, a_weights: &[f32], k_weights: &[f32]) -> [f32; 2] {
    moved_powers(controls, None, a_weights, k_weights)
}

/// [`powers`] of what `controls` ask for, A-weighted, and of what comes of it when each harmonic has its gain, K-weighted.
pub fn moved_powers(controls: &Controls, gains: Option<&[f32; MAX_HARMONICS]>, a_weights: &[f32], k_weights: &[f32]) -> [f32; 2] {
    let mut sums = [0.0; 2];
    for (k, share) in controls.harmonics.iter().enumerate().filter(|(_, share)| **share > 0.0) {
        let hz = (k + 1) as f32 * controls.f0_hz;
        let peak = controls.amplitude * share;
        let power = 0.5 * peak * peak;
        sums[0] += power * a_weighting_power(f64::from(hz)) as f32;
        let moved = gains.map_or(1.0, |gains| gains[k]);
        sums[1] += power * (moved * moved) * k_weighting_power(hz);
    }
    for (rms, (a, k)) in controls.noise.iter().zip(a_weights.iter().zip(k_weights)) {
        sums[0] += rms * rms * a;
        sums[1] += rms * rms * k;
    }
    sums
}

/// `(high s² + middle s + low) / (s² + s / q + 1)` with s in units of `hz`, by the bilinear transform with that frequency kept.
fn section(hz: f64, q: f64, [high, middle, low]: [f64; 3], rate_hz: f64) -> Biquad {
    let k = (PI * hz / rate_hz).tan();
    let a0 = 1.0 + k / q + k * k;
    let (low, middle) = (low * k * k, middle * k / q);
    let b = [(high + middle + low) / a0, 2.0 * (low - high) / a0, (high - middle + low) / a0];
    Biquad::new(b, [2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0])
}

/// Listens to one voice: by how much its K-weighted level exceeds its A-weighted one.
pub struct Colour {
    sections: [Biquad; 2],
    a_weighting: AWeighting,
    pace: f64,
    /// Averaged mean squares, A-weighted and K-weighted, after each stage.
    powers: [[f64; STAGES]; 2],
    clock: FrameClock,
    samples: u64,
    frame: u64,
    /// As of the last frame's end, dB.
    difference_db: f32,
}

impl Colour {
    pub fn new(sample_rate_hz: u32) -> Self {
        let rate = f64::from(sample_rate_hz);
        let gain = 10f64.powf(SHELF_DB / 20.0);
        Self {
            sections: [
                section(SHELF_HZ, SHELF_Q, [gain, gain.powf(SHELF_MIDDLE), 1.0], rate),
                section(HIGH_PASS_HZ, HIGH_PASS_Q, [1.0, 0.0, 0.0], rate),
            ],
            a_weighting: AWeighting::new(sample_rate_hz),
            pace: 1.0 - (-1.0 / (STAGE_S * rate)).exp(),
            powers: [[0.0; STAGES]; 2],
            clock: FrameClock::new(sample_rate_hz),
            samples: 0,
            frame: 0,
            difference_db: 0.0,
        }
    }

    pub fn reset(&mut self) {
        self.sections.iter_mut().for_each(Biquad::reset);
        self.a_weighting.reset();
        self.powers = [[0.0; STAGES]; 2];
        (self.samples, self.frame, self.difference_db) = (0, 0, 0.0);
    }

    /// Takes one more sample. What is told is as of the ends of frames, whatever the blocks.
    #[inline(always)]
    pub fn push(&mut self, sample: f32) {
        let a = f64::from(self.a_weighting.tick(sample));
        let shelved = self.sections[0].tick(f64::from(sample));
        let k = self.sections[1].tick(shelved);
        for (stages, y) in self.powers.iter_mut().zip([a, k]) {
            let mut power = y * y;
            for stage in stages {
                *stage += self.pace * (power - *stage);
                power = *stage;
            }
        }
        self.samples += 1;
        if self.samples == self.clock.end_of(self.frame) {
            self.frame += 1;
            let [a, k] = self.powers.map(|stages| stages[STAGES - 1]);
            if a > SILENCE {
                self.difference_db = 10.0 * (k / a).log10() as f32;
            } else {
                // So that silence never runs on denormal numbers.
                self.sections.iter_mut().for_each(Biquad::flush);
                self.powers.iter_mut().flatten().filter(|power| **power < 1e-30).for_each(|power| *power = 0.0);
            }
        }
    }

    /// The difference at the last frame's end, dB; while nothing is heard, what it was before.
    pub fn difference_db(&self) -> f32 {
        self.difference_db
    }
}

/// `difference_db`, of [`Colour`], as far as `voice` can have it: a voice is at most as dull as a bare tone at its pitch. Pops, wind and the
/// mains, of which A-weighting hears nothing, must not make it loud.
pub fn believed(difference_db: f32, voice: &Features) -> f32 {
    let pitched = voice.confidence >= 0.5 && voice.f0_hz.is_finite() && voice.f0_hz > 0.0;
    let most = if pitched {
        let tone = k_weighting_power(voice.f0_hz) / a_weighting_power(f64::from(voice.f0_hz)) as f32;
        (10.0 * tone.log10()).max(MOST_UNPITCHED_DB)
    } else {
        MOST_UNPITCHED_DB
    };
    difference_db.clamp(LEAST_DB, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_recommendations_filter_at_48_khz() {
        let colour = Colour::new(48_000);
        let [shelf, high_pass] = colour.sections;
        let near = |got: &[f64], table: &[f64]| got.iter().zip(table).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(near(&shelf.b, &[1.535_124_859_6, -2.691_696_189_4, 1.198_392_810_9]), "{:?}", shelf.b);
        assert!(near(&shelf.a, &[-1.690_659_293_2, 0.732_480_774_2]), "{:?}", shelf.a);
        assert!(near(&high_pass.a, &[-1.990_047_454_8, 0.990_072_250_4]), "{:?}", high_pass.a);
    }

    #[test]
    fn tones_measure_as_the_curves_say_at_every_rate() {
        for rate in [44_100, 48_000, 96_000, 192_000] {
            for hz in [60.0, 200.0, 997.0, 4000.0, 8000.0_f32] {
                let mut colour = Colour::new(rate);
                for n in 0..rate {
                    colour.push(0.1 * (std::f32::consts::TAU * hz * n as f32 / rate as f32).sin());
                }
                let wanted = 10.0 * (k_weighting_power(hz) / a_weighting_power(f64::from(hz)) as f32).log10();
                let got = colour.difference_db();
                assert!((got - wanted).abs() < 0.4, "{hz} Hz at {rate} Hz: {got} dB, {wanted} wanted");
            }
        }
        assert!((10.0 * k_weighting_power(997.0).log10() - 0.691).abs() < 0.06);
    }

    #[test]
    fn a_pop_or_the_mains_is_not_believed() {
        let voice = |f0_hz, confidence| Features { frame: 0, f0_hz, confidence, loudness_db: -30.0 };
        assert!(believed(30.0, &voice(200.0, 0.9)) < 12.0);
        assert_eq!(believed(30.0, &voice(200.0, 0.1)), MOST_UNPITCHED_DB);
        assert_eq!(believed(3.0, &voice(200.0, 0.9)), 3.0);
        assert!(believed(f32::NAN, &voice(f32::NAN, 0.9)).is_nan() && !Colour::new(48_000).difference_db().is_nan());
    }
}
