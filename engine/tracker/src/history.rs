//! The last samples of a stream, in one piece. Audio thread; allocates in `new` only.

/// The last `len` samples, each kept twice, so that they always lie in one piece.
#[derive(Clone, Debug)]
pub(crate) struct History {
    twice: Vec<f32>,
    at: usize,
}

impl History {
    /// So many samples of silence.
    pub fn new(len: usize) -> Self {
        Self { twice: vec![0.0; 2 * len], at: 0 }
    }

    pub fn reset(&mut self) {
        self.twice.fill(0.0);
        self.at = 0;
    }

    /// Samples kept.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.twice.len() / 2
    }

    #[inline(always)]
    pub fn push(&mut self, x: f32) {
        let len = self.len();
        self.twice[self.at] = x;
        self.twice[self.at + len] = x;
        self.at = if self.at + 1 == len { 0 } else { self.at + 1 };
    }

    /// The newest `count` samples, the oldest of them first; `count` is at most [`len`](Self::len).
    #[inline(always)]
    pub fn newest(&self, count: usize) -> &[f32] {
        let end = self.at + self.len();
        &self.twice[end - count..end]
    }
}
