//! The vocal tract: formants in cascade for what comes from the glottis, noise bands in parallel for turbulence in the mouth. Any thread.
//!
//! Klatt, "Software for a cascade/parallel formant synthesizer", JASA 67(3), 1980.

use std::f64::consts::PI;

/// A digital resonator or its inverse (Klatt 1980, equations 1 to 4), of unit gain at 0 Hz.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Resonator {
    a: f64,
    b: f64,
    c: f64,
    past: [f64; 2],
}

impl Resonator {
    pub(crate) fn tune(&mut self, hz: f64, bandwidth_hz: f64, rate_hz: f64) {
        self.c = -(-2.0 * PI * bandwidth_hz / rate_hz).exp();
        self.b = 2.0 * (-PI * bandwidth_hz / rate_hz).exp() * (2.0 * PI * hz / rate_hz).cos();
        self.a = 1.0 - self.b - self.c;
    }

    pub(crate) fn still(&mut self) {
        self.past = [0.0; 2];
    }

    /// One sample through the pole pair.
    pub(crate) fn pole(&mut self, x: f64) -> f64 {
        let y = self.a * x + self.b * self.past[0] + self.c * self.past[1];
        self.past = [y, self.past[0]];
        y
    }

    /// One sample through the zero pair that would undo [`pole`](Self::pole).
    pub(crate) fn zero(&mut self, x: f64) -> f64 {
        let y = (x - self.b * self.past[0] - self.c * self.past[1]) / self.a;
        self.past = [x, self.past[0]];
        y
    }
}

/// A band pass of unit gain at its centre: a resonator with zeros at 0 Hz and at Nyquist.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Band {
    gain: f64,
    b: f64,
    c: f64,
    input: [f64; 2],
    output: [f64; 2],
}

impl Band {
    pub(crate) fn tune(&mut self, hz: f64, bandwidth_hz: f64, rate_hz: f64) {
        // Bilinear transform of a second-order band pass.
        let warped = (PI * hz / rate_hz).tan();
        let width = warped * bandwidth_hz / hz;
        let norm = 1.0 / (1.0 + width + warped * warped);
        self.gain = width * norm;
        self.b = 2.0 * (1.0 - warped * warped) * norm;
        self.c = -(1.0 - width + warped * warped) * norm;
    }

    pub(crate) fn still(&mut self) {
        (self.input, self.output) = ([0.0; 2], [0.0; 2]);
    }

    pub(crate) fn next(&mut self, x: f64) -> f64 {
        let y = self.gain * (x - self.input[1]) + self.b * self.output[0] + self.c * self.output[1];
        self.input = [x, self.input[0]];
        self.output = [y, self.output[0]];
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gain(mut filter: impl FnMut(f64) -> f64, hz: f64, rate: f64) -> f64 {
        let (mut re, mut im) = (0.0, 0.0);
        for n in 0..20_000 {
            let y = filter(if n == 0 { 1.0 } else { 0.0 });
            re += y * (2.0 * PI * hz * n as f64 / rate).cos();
            im += y * (2.0 * PI * hz * n as f64 / rate).sin();
        }
        re.hypot(im)
    }

    #[test]
    fn a_resonator_peaks_where_it_is_tuned_by_f_over_bandwidth() {
        let mut r = Resonator::default();
        r.tune(1000.0, 100.0, 96_000.0);
        let peak = gain(|x| r.pole(x), 1000.0, 96_000.0);
        assert!((peak - 10.0).abs() < 0.3, "{peak}");
        r.past = [0.0; 2];
        assert!((gain(|x| r.pole(x), 0.0, 96_000.0) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_zero_undoes_its_pole() {
        let (mut r, mut z) = (Resonator::default(), Resonator::default());
        r.tune(700.0, 80.0, 96_000.0);
        z.tune(700.0, 80.0, 96_000.0);
        for n in 0..1000 {
            let x = f64::from(n % 7) - 3.0;
            assert!((z.zero(r.pole(x)) - x).abs() < 1e-6);
        }
    }

    #[test]
    fn a_band_passes_its_centre_and_halves_power_at_its_edges() {
        for (hz, expected) in [(5000.0, 1.0), (4525.0, 0.707), (5525.0, 0.707)] {
            let mut band = Band::default();
            band.tune(5000.0, 1000.0, 96_000.0);
            let found = gain(|x| band.next(x), hz, 96_000.0);
            assert!((found - expected).abs() < 0.01, "{hz}: {found}");
        }
    }
}
