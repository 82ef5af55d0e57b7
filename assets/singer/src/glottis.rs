//! The voice source: the LF model of the derivative of glottal flow, one cycle at a time. Any thread.
//!
//! Fant, Liljencrants and Lin, "A four-parameter model of glottal flow", STL-QPSR 4/1985; the single shape parameter Rd is Fant's,
//! "The LF-model revisited", STL-QPSR 2-3/1995. Radiation at the lips is a derivative, so the model's output needs no further one.

use std::f64::consts::PI;

/// Rd outside this range leaves the region where Fant's regressions hold.
const RD_RANGE: [f64; 2] = [0.4, 2.6];

/// One glottal cycle of unit length and unit excitation: `E(te) = -1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pulse {
    /// The phase of strongest excitation, when the folds meet.
    te: f64,
    /// Angular frequency of the open phase.
    omega: f64,
    /// Growth of the open phase.
    alpha: f64,
    /// Amplitude of the open phase.
    e0: f64,
    /// Decay of the return phase.
    epsilon: f64,
    /// `1 / (epsilon * ta)`.
    scale: f64,
    /// What the return phase has decayed to at the cycle's end; taken off so that the cycle ends at zero.
    rest: f64,
}

impl Pulse {
    /// The cycle whose shape is `rd`.
    pub(crate) fn new(rd: f64) -> Self {
        let rd = rd.clamp(RD_RANGE[0], RD_RANGE[1]);
        let ra = (-1.0 + 4.8 * rd) / 100.0;
        let rk = (22.4 + 11.8 * rd) / 100.0;
        let rg = rk / (4.0 * (0.11 * rd / (0.5 + 1.2 * rk) - ra));
        let tp = 0.5 / rg;
        let te = tp * (1.0 + rk);
        let omega = PI / tp;
        let closed = 1.0 - te;
        // epsilon * ta = 1 - exp(-epsilon * (1 - te)); the iteration contracts, since the right side is nearly constant.
        let mut epsilon = 1.0 / ra;
        for _ in 0..60 {
            epsilon = (1.0 - (-epsilon * closed).exp()) / ra;
        }
        let rest = (-epsilon * closed).exp();
        let scale = 1.0 / (epsilon * ra);
        let return_area = -scale * ((1.0 - rest) / epsilon - closed * rest);
        // The flow must come back to where it started: find the growth for which the areas cancel. The open phase's area falls with alpha.
        let open_area = |alpha: f64| {
            let end = (alpha * te).exp();
            let e0 = -1.0 / (end * (omega * te).sin());
            e0 * (end * (alpha * (omega * te).sin() - omega * (omega * te).cos()) + omega) / (alpha * alpha + omega * omega)
        };
        let (mut low, mut high) = (-60.0, 120.0);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if open_area(middle) + return_area > 0.0 { low = middle } else { high = middle }
        }
        let alpha = 0.5 * (low + high);
        let e0 = -1.0 / ((alpha * te).exp() * (omega * te).sin());
        Self { te, omega, alpha, e0, epsilon, scale, rest }
    }

    /// The flow's derivative at `phase`, 0..1 of the cycle.
    pub(crate) fn at(&self, phase: f64) -> f64 {
        if phase < self.te {
            self.e0 * (self.alpha * phase).exp() * (self.omega * phase).sin()
        } else {
            -self.scale * ((-self.epsilon * (phase - self.te)).exp() - self.rest)
        }
    }

    /// How open the glottis is at `phase`, 0..1: turbulence follows it.
    pub(crate) fn opening(&self, phase: f64) -> f64 {
        if phase < self.te { (PI * phase / self.te).sin() } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flow_returns_to_where_it_started_and_nothing_jumps() {
        for rd in [0.4, 0.7, 1.0, 1.5, 2.0, 2.6] {
            let pulse = Pulse::new(rd);
            let steps = 200_000;
            let (mut flow, mut highest) = (0.0, 0.0f64);
            for i in 0..steps {
                flow += pulse.at(i as f64 / steps as f64) / steps as f64;
                highest = highest.max(flow);
            }
            assert!(flow.abs() < 1e-3 * highest, "Rd {rd}: flow ends at {flow} of {highest}");
            assert!(pulse.at(0.0).abs() < 1e-9 && pulse.at(1.0).abs() < 1e-9);
            let (before, after) = (pulse.at(pulse.te - 1e-9), pulse.at(pulse.te + 1e-9));
            assert!((before + 1.0).abs() < 1e-6 && (after + 1.0).abs() < 1e-6, "Rd {rd}: {before} {after}");
        }
    }

    /// Fant 1995: a lax voice is duller. H1 minus H10 in dB has to grow with Rd.
    #[test]
    fn a_larger_rd_is_duller() {
        let level = |pulse: &Pulse, k: f64| {
            let n = 4096;
            let (mut re, mut im) = (0.0, 0.0);
            for i in 0..n {
                let (phase, value) = (i as f64 / n as f64, pulse.at(i as f64 / n as f64));
                re += value * (2.0 * PI * k * phase).cos();
                im += value * (2.0 * PI * k * phase).sin();
            }
            10.0 * (re * re + im * im).log10()
        };
        let tilt: Vec<f64> = [0.5, 1.0, 1.7, 2.5]
            .iter()
            .map(|&rd| {
                let pulse = Pulse::new(rd);
                level(&pulse, 1.0) - level(&pulse, 10.0)
            })
            .collect();
        assert!(tilt.windows(2).all(|w| w[1] > w[0] + 3.0), "{tilt:?}");
    }
}
