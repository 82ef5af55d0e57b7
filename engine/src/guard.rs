//! The guard at the end: nothing that an instrument adds passes full scale. Audio thread; arithmetic on one sample, without delay.
//!
//! Up to -1 dBFS everything passes as it is, to the bit. Above, a soft knee bends the peaks under full scale; what would be bent by more than a
//! decibel or two turns the gain down at once, by as much as it needs, and the gain comes back within a tenth of a second. The voice
//! itself is never touched: where it alone is louder than that, what comes on top is left out.

/// Up to this level, -1 dBFS, nothing is done.
const KNEE: f32 = 0.891_250_9;
/// The knee takes what is up to this, +1.5 dBFS; for more the gain is turned down.
const MOST: f32 = 1.188_502_2;
/// The gain comes back with this time constant, s: quicker than anybody hears it as a change of level, slower than a low note's period.
const RELEASE_S: f32 = 0.04;
/// From here on (-0.001 dB) the gain is back.
const BACK: f32 = 0.9999;

/// The output never exceeds this, whatever the gains: +24 dB re full scale.
const OUTPUT_LIMIT: f32 = 16.0;

/// Something that can be heard, whatever a sample is.
pub fn limited(sample: f32) -> f32 {
    if sample.is_finite() { sample.clamp(-OUTPUT_LIMIT, OUTPUT_LIMIT) } else { 0.0 }
}

/// One guard over all channels, so that their balance stays.
pub struct Guard {
    gain: f32,
    release: f32,
}

impl Guard {
    /// For a stream of so many samples a second.
    pub fn new(sample_rate_hz: u32) -> Self {
        Self { gain: 1.0, release: 1.0 - (-1.0 / (RELEASE_S * sample_rate_hz as f32)).exp() }
    }

    /// Passes everything as it is again.
    pub fn reset(&mut self) {
        self.gain = 1.0;
    }

    /// Moves on by a sample of two sides without a voice, and gives them under full scale.
    pub fn sides(&mut self, [left, right]: [f32; 2]) -> [f32; 2] {
        self.step(left.abs().max(right.abs()));
        [self.pass(left, 0.0), self.pass(right, 0.0)]
    }

    /// Moves on by a sample, the greatest of whose channels has the magnitude `peak`, a finite number.
    #[inline(always)]
    pub fn step(&mut self, peak: f32) {
        if self.gain < 1.0 {
            self.gain += self.release * (1.0 - self.gain);
            if self.gain > BACK {
                self.gain = 1.0;
            }
        }
        if peak * self.gain > MOST {
            self.gain = MOST / peak;
        }
    }

    /// One channel's sample, of which `voice` is the voice itself.
    #[inline(always)]
    pub fn pass(&self, sample: f32, voice: f32) -> f32 {
        let guarded = bend(sample * self.gain);
        // As much of the sample as is the voice's passes, whatever comes on top; nothing of it where the two oppose each other.
        let own = if sample * voice > 0.0 { sample.abs().min(voice.abs()) } else { 0.0 };
        guarded.abs().max(own).copysign(sample)
    }
}

/// Straight up to the knee, and from there on, without a corner, to full scale.
fn bend(sample: f32) -> f32 {
    let over = sample.abs() - KNEE;
    if over <= 0.0 {
        return sample;
    }
    let room = 1.0 - KNEE;
    (KNEE + room * over / (room + over)).copysign(sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(guard: &mut Guard, sound: impl IntoIterator<Item = f32>) -> Vec<f32> {
        sound
            .into_iter()
            .map(|x| {
                guard.step(x.abs());
                guard.pass(x, 0.0)
            })
            .collect()
    }

    fn tone(level: f32, hz: f32, samples: usize) -> Vec<f32> {
        (0..samples).map(|n| level * (std::f32::consts::TAU * hz * n as f32 / 48_000.0).sin()).collect()
    }

    #[test]
    fn under_a_decibel_below_full_scale_it_is_not_there() {
        let sound = tone(KNEE, 331.0, 20_000);
        assert!(through(&mut Guard::new(48_000), sound.iter().copied()) == sound);
    }

    #[test]
    fn nothing_passes_full_scale_and_the_gain_comes_back() {
        let mut guard = Guard::new(48_000);
        for level in [0.95, 1.1, 2.0, 16.0, 1e6] {
            let out = through(&mut guard, tone(level, 110.0, 9600));
            let peak = out.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
            assert!(peak > KNEE && peak <= 1.0, "{level} comes out as {peak}");
        }
        let soft = tone(0.5, 110.0, 96_000);
        let out = through(&mut guard, soft.iter().copied());
        assert!(out[48_000..] == soft[48_000..], "half a second after a peak nothing is left of it");
    }

    #[test]
    fn it_bends_without_a_corner() {
        let out: Vec<f32> = (0..4000).map(|n| bend(n as f32 / 1000.0)).collect();
        assert!(out.windows(2).all(|w| w[1] >= w[0] && w[1] - w[0] <= 0.001_001), "it rises, and nowhere faster than before");
        assert!(out[3999] < 1.0 && bend(-2.0) == -bend(2.0));
    }

    #[test]
    fn the_voice_itself_passes() {
        let mut guard = Guard::new(48_000);
        for x in tone(3.0, 200.0, 4800) {
            guard.step(x.abs());
            assert_eq!(guard.pass(x, x), x);
        }
        guard.reset();
        for x in tone(0.97, 200.0, 4800) {
            // An instrument on top of a voice near full scale.
            guard.step(2.0 * x.abs());
            let out = guard.pass(2.0 * x, x);
            assert!(out.abs() >= x.abs().min(0.8) * 0.99 && out.abs() <= 1.0, "{out}");
        }
    }
}
