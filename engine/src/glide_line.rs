//! A setting that glides, sample by sample, and is read later: pitch shift and loudness. Audio thread; never allocates after `new`.

/// How long a change takes, seconds: quick enough to be played, too slow to click.
const GLIDE_S: f64 = 0.005;

/// The values of one setting along the stream. Every change starts a straight glide to its target at the very sample it came with.
pub struct GlideLine {
    values: Vec<f32>,
    end: u64,
    now: f32,
    target: f32,
    step: f32,
    glide: usize,
    /// Most that it moves in one sample.
    fastest: f32,
    left: usize,
}

impl GlideLine {
    /// A line that remembers at least `history` samples, and moves by `fastest_per_s` in a second at most: great changes take longer.
    pub fn new(sample_rate_hz: u32, history: usize, fastest_per_s: f32) -> Self {
        let glide = (GLIDE_S * f64::from(sample_rate_hz)).round() as usize;
        let values = vec![0.0; history.max(1).next_power_of_two()];
        Self { values, end: 0, now: 0.0, target: 0.0, step: 0.0, glide, fastest: fastest_per_s / sample_rate_hz as f32, left: 0 }
    }

    /// The stream starts anew, at the target.
    pub fn reset(&mut self) {
        self.end = 0;
        self.settle();
    }

    /// Ends a glide at once, as if it had never been elsewhere.
    pub fn settle(&mut self) {
        self.left = 0;
        self.now = self.target;
        self.values.fill(self.target);
    }

    /// Samples it has moved on by since the stream began.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The value that the samples from here on glide to.
    pub fn set(&mut self, target: f32) {
        if target == self.target {
            return;
        }
        self.target = target;
        if self.end == 0 {
            self.reset();
        } else {
            let change = target - self.now;
            self.left = self.glide.max((change.abs() / self.fastest).ceil() as usize);
            self.step = change / self.left as f32;
        }
    }

    /// Moves on by `count` samples.
    pub fn advance(&mut self, count: usize) {
        let mask = self.values.len() as u64 - 1;
        for _ in 0..count {
            if self.left > 0 {
                self.left -= 1;
                self.now = if self.left == 0 { self.target } else { self.now + self.step };
            }
            self.values[(self.end & mask) as usize] = self.now;
            self.end += 1;
        }
    }

    /// The value at `position`; the first or last one known outside the stream.
    pub fn at(&self, position: i64) -> f32 {
        let Some(last) = self.end.checked_sub(1) else { return self.now };
        let at = position.clamp(0, last as i64) as u64;
        self.values[(at & (self.values.len() as u64 - 1)) as usize]
    }

    /// Whether it is the same from `from` to `to`. Sees a glide of any length that is not over within fewer samples than a glide takes.
    pub fn holds(&self, from: i64, to: i64) -> bool {
        let first = self.at(from);
        let stride = (self.glide / 2).max(1);
        (from..to).step_by(stride).all(|p| self.at(p) == first) && self.at(to) == first
    }
}

#[cfg(test)]
mod tests {
    use super::GlideLine;

    #[test]
    fn a_change_starts_at_its_sample_and_glides() {
        let mut line = GlideLine::new(48_000, 1000, f32::INFINITY);
        line.set(2.0);
        line.advance(100);
        assert_eq!((line.at(-5), line.at(0), line.at(99)), (2.0, 2.0, 2.0));
        line.set(12.0);
        line.advance(400);
        assert_eq!(line.at(99), 2.0);
        assert!(line.at(100) > 2.0 && (line.at(100 + 119) - 7.0).abs() < 1e-3);
        assert_eq!((line.at(100 + 239), line.at(400), line.at(9000)), (12.0, 12.0, 12.0));
        assert!(line.holds(0, 99) && !line.holds(0, 110) && !line.holds(200, 392) && line.holds(340, 499));
        line.reset();
        assert_eq!(line.at(0), 12.0);
    }

    #[test]
    fn great_changes_take_longer() {
        let mut line = GlideLine::new(48_000, 2000, 1000.0);
        line.advance(1);
        line.set(24.0);
        line.advance(1500);
        assert!((line.at(576) - 12.0).abs() < 0.05 && line.at(1152) == 24.0 && line.at(1100) < 24.0);
    }
}
