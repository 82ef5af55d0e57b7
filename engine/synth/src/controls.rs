//! What the decoder asks of the synth, once a frame. Plain data, any thread.

/// Most harmonics a model may ask for.
pub const MAX_HARMONICS: usize = 128;
/// Most noise bands a model may ask for.
pub const MAX_BANDS: usize = 64;

/// The sound wanted at the end of one frame; the synth glides there from the frame before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controls {
    /// Number of the frame, as in the features that it answers.
    pub frame: u64,
    /// Fundamental frequency in Hz that sounds; meaningless while `amplitude` is 0.
    pub f0_hz: f32,
    /// Total amplitude of the harmonics: harmonic `k` (from 0, at `(k + 1) * f0_hz`) has the peak amplitude
    /// `amplitude * harmonics[k]`, linear.
    pub amplitude: f32,
    /// Share of each harmonic in the amplitude, summing to 1 (all 0 in silence). Entries past the model's count are 0.
    pub harmonics: [f32; MAX_HARMONICS],
    /// RMS amplitude of the noise within each band, linear. Entries past the model's count are 0.
    pub noise: [f32; MAX_BANDS],
}

impl Controls {
    /// Silence at frame `frame`.
    pub const fn silent(frame: u64) -> Self {
        Self { frame, f0_hz: 0.0, amplitude: 0.0, harmonics: [0.0; MAX_HARMONICS], noise: [0.0; MAX_BANDS] }
    }

    /// Multiplies each harmonic by its gain. The shares go on summing to 1: what that changes in level goes into the amplitude.
    pub fn scale_harmonics(&mut self, gains: &[f32; MAX_HARMONICS]) {
        let mut sum = 0.0;
        for (share, gain) in self.harmonics.iter_mut().zip(gains) {
            *share *= gain;
            sum += *share;
        }
        if sum > 0.0 {
            self.harmonics.iter_mut().for_each(|share| *share /= sum);
        }
        self.amplitude *= sum;
    }
}
