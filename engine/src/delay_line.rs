//! A delay line: samples addressed by their position in the stream. Audio thread; never allocates after `new`.

/// The last `capacity` samples written; positions outside those read as zero.
pub struct DelayLine {
    samples: Vec<f32>,
    end: u64,
}

impl DelayLine {
    /// Remembers at least `capacity` samples.
    pub fn new(capacity: usize) -> Self {
        Self { samples: vec![0.0; capacity.max(1).next_power_of_two()], end: 0 }
    }

    pub fn reset(&mut self) {
        self.samples.fill(0.0);
        self.end = 0;
    }

    pub fn push(&mut self, sample: f32) {
        let mask = self.samples.len() as u64 - 1;
        self.samples[(self.end & mask) as usize] = sample;
        self.end += 1;
    }

    /// The sample at `position`; zero before the stream began, after its end, and where it is forgotten.
    pub fn get(&self, position: i64) -> f32 {
        let len = self.samples.len() as u64;
        match u64::try_from(position) {
            Ok(at) if at < self.end && self.end - at <= len => self.samples[(at & (len - 1)) as usize],
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DelayLine;

    #[test]
    fn reads_what_was_written_and_zero_elsewhere() {
        let mut line = DelayLine::new(4);
        (0..10).for_each(|i| line.push(i as f32));
        let got: Vec<f32> = [-1, 5, 6, 9, 10].map(|p| line.get(p)).to_vec();
        assert_eq!(got, [0.0, 0.0, 6.0, 9.0, 0.0]);
        line.reset();
        assert_eq!((line.get(9), line.end), (0.0, 0));
    }
}
