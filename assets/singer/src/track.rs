//! Curves over time: targets joined by smooth transitions, and the grid on which the plan of a song is written. Any thread.

/// Points a second of the plan. Everything a larynx or a tongue does is slower than a millisecond.
pub(crate) const PLAN_RATE_HZ: f64 = 1000.0;

/// A raised cosine from 0 at `x <= 0` to 1 at `x >= 1`.
pub(crate) fn smooth(x: f64) -> f64 {
    0.5 - 0.5 * (std::f64::consts::PI * x.clamp(0.0, 1.0)).cos()
}

/// Reads a curve given on the plan's grid at `position` (in grid points), linearly between points and constant beyond the ends.
pub(crate) fn read(curve: &[f64], position: f64) -> f64 {
    let last = curve.len() - 1;
    let index = (position.max(0.0) as usize).min(last);
    let fraction = (position - index as f64).clamp(0.0, 1.0);
    curve[index] + fraction * (curve[(index + 1).min(last)] - curve[index])
}

/// A curve over the mean of `2 * reach + 1` points around each point.
pub(crate) fn average(curve: &[f64], reach: usize) -> Vec<f64> {
    let mut sums = Vec::with_capacity(curve.len() + 1);
    sums.push(0.0);
    for value in curve {
        sums.push(sums[sums.len() - 1] + value);
    }
    (0..curve.len())
        .map(|i| {
            let (from, to) = (i.saturating_sub(reach), (i + reach + 1).min(curve.len()));
            (sums[to] - sums[from]) / (to - from) as f64
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smooth_joins_without_a_corner() {
        assert_eq!((smooth(-1.0), smooth(2.0)), (0.0, 1.0));
        assert!((smooth(0.5) - 0.5).abs() < 1e-12);
        assert!(smooth(1e-3) < 1e-5);
    }

    #[test]
    fn average_keeps_a_constant_and_spreads_a_step() {
        assert!(average(&[2.0; 9], 3).iter().all(|v| (v - 2.0).abs() < 1e-12));
        let step: Vec<f64> = (0..10).map(|i| f64::from(i >= 5)).collect();
        assert!((average(&step, 2)[4] - 0.4).abs() < 1e-12);
    }

    #[test]
    fn reading_beyond_the_ends_holds_them() {
        let curve = [1.0, 3.0];
        assert_eq!((read(&curve, -4.0), read(&curve, 0.5), read(&curve, 9.0)), (1.0, 2.0, 3.0));
    }
}
