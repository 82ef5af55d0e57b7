//! Which of two channels the voice is in. As a rule it is their mean; but a channel that is silent is none of the voice, and where the two cancel
//! each other (one is the other turned upside down), one of them has to do. The same is asked of a recording as a whole before it is rendered;
//! here it is asked of a stream, which begins with the mean and leaves it for a reason only.

/// Time in which the power of the channels is measured, s.
const WINDOW_S: f64 = 0.25;
/// Sound that a decision takes, s. Low and wide voices are against each other for shorter than that.
const LEAST_S: f64 = 0.1;
/// Samples between two decisions.
const STEP: u32 = 64;
/// Time in which one choice glides into the next, s.
const GLIDE_S: f64 = 0.02;
/// Power under which nothing is decided: -60 dB.
const FLOOR: f64 = 1e-6;
/// A channel that is weaker than the other by this factor of power, 40 dB, is silent.
const SILENT: f64 = 1e-4;
/// Channels cancel where their mean is weaker than the louder one by this factor of power, 12 dB, ...
const CANCELS: f64 = 0.063;
/// ... until it is not any more by half of that.
const AGREES: f64 = 0.25;

/// What the voice is taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sides {
    /// The mean of all channels.
    #[default]
    Mean,
    /// One channel, because the other is silent.
    OneSided,
    /// One channel, because the two cancel each other.
    Cancelling,
}

/// Chooses for a stream of two channels.
pub struct SideChoice {
    /// Share of the past that a sample leaves.
    keep: f64,
    least: u64,
    glide: f32,
    /// Of left, right and their mean.
    power: [f64; 3],
    heard: u64,
    until: u32,
    sides: Sides,
    wanted: [f32; 2],
    weights: [f32; 2],
}

impl SideChoice {
    /// At a rate, in Hz.
    pub fn new(sample_rate_hz: u32) -> Self {
        let rate = f64::from(sample_rate_hz);
        Self {
            keep: (-1.0 / (WINDOW_S * rate)).exp(),
            least: (LEAST_S * rate) as u64,
            glide: (1.0 / (GLIDE_S * rate)) as f32,
            power: [0.0; 3],
            heard: 0,
            until: STEP,
            sides: Sides::Mean,
            wanted: [0.5; 2],
            weights: [0.5; 2],
        }
    }

    /// From the beginning.
    pub fn reset(&mut self) {
        (self.power, self.heard, self.until) = ([0.0; 3], 0, STEP);
        (self.sides, self.wanted, self.weights) = (Sides::Mean, [0.5; 2], [0.5; 2]);
    }

    /// What the voice is taken from.
    pub fn sides(&self) -> Sides {
        self.sides
    }

    /// The voice in a sample of either channel.
    pub fn hear(&mut self, left: f32, right: f32) -> f32 {
        let (l, r) = (f64::from(left), f64::from(right));
        let mean = 0.5 * (l + r);
        for (power, x) in self.power.iter_mut().zip([l, r, mean]) {
            *power = self.keep * *power + (1.0 - self.keep) * x * x;
        }
        self.heard += 1;
        self.until -= 1;
        if self.until == 0 {
            self.until = STEP;
            self.decide();
        }
        for (weight, wanted) in self.weights.iter_mut().zip(self.wanted) {
            *weight += (wanted - *weight).clamp(-self.glide, self.glide);
        }
        self.weights[0] * left + self.weights[1] * right
    }

    fn decide(&mut self) {
        let [left, right, mean] = self.power;
        let (louder, softer) = (left.max(right), left.min(right));
        if louder < FLOOR {
            // A pause says nothing, and what was silence does not count as time to listen.
            self.heard = 0;
            return;
        }
        if self.heard < self.least {
            return;
        }
        let enough = if self.sides == Sides::Cancelling { AGREES } else { CANCELS };
        let sides = if softer < SILENT * louder {
            Sides::OneSided
        } else if mean < enough * louder {
            Sides::Cancelling
        } else {
            Sides::Mean
        };
        if sides == Sides::Mean {
            self.wanted = [0.5; 2];
        } else if sides != self.sides {
            // Which one is decided once: two that are as loud would change places all the time.
            self.wanted = if left >= right { [1.0, 0.0] } else { [0.0, 1.0] };
        }
        self.sides = sides;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(choice: &mut SideChoice, seconds: f32, of: impl Fn(f32) -> (f32, f32)) -> Vec<f32> {
        (0..(48_000.0 * seconds) as usize).map(|n| of(n as f32)).map(|(left, right)| choice.hear(left, right)).collect()
    }

    fn tone(n: f32) -> f32 {
        0.2 * (0.03 * n).sin()
    }

    fn rms(x: &[f32]) -> f32 {
        (x.iter().map(|x| x * x).sum::<f32>() / x.len() as f32).sqrt()
    }

    #[test]
    fn two_channels_are_their_mean_to_the_last_bit() {
        let mut choice = SideChoice::new(48_000);
        let stereo = |n: f32| (tone(n), 0.5 * tone(n + 3.0));
        let out = listen(&mut choice, 1.0, stereo);
        assert!(out.iter().enumerate().all(|(n, out)| *out == 0.5 * stereo(n as f32).0 + 0.5 * stereo(n as f32).1));
        assert_eq!(choice.sides(), Sides::Mean);
    }

    #[test]
    fn what_cancels_and_what_is_silent_is_heard_as_one_alone() {
        type Voice = fn(f32) -> (f32, f32);
        let cases: [(Voice, Sides); 4] = [
            (|n| (tone(n), -tone(n)), Sides::Cancelling),
            (|n| (tone(n), -0.8 * tone(n)), Sides::Cancelling),
            (|n| (0.0, tone(n)), Sides::OneSided),
            (|n| (tone(n), 0.001 * tone(n)), Sides::OneSided),
        ];
        for (number, (voice, sides)) in cases.into_iter().enumerate() {
            let mut choice = SideChoice::new(48_000);
            let out = listen(&mut choice, 1.0, voice);
            assert_eq!(choice.sides(), sides, "case {number}");
            assert!((rms(&out[24_000..]) / rms(&(0..24_000).map(|n| tone(n as f32)).collect::<Vec<_>>()) - 1.0).abs() < 0.01);
            let step = out.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
            assert!(step < 0.01, "case {number}: a click of {step}");
            // Back to the mean where the two agree.
            listen(&mut choice, 1.0, |n| (tone(n), tone(n)));
            assert_eq!(choice.sides(), Sides::Mean, "case {number}");
        }
    }

    #[test]
    fn silence_decides_nothing() {
        let mut choice = SideChoice::new(48_000);
        listen(&mut choice, 2.0, |n| (1e-5 * tone(n), 0.0));
        assert_eq!(choice.sides(), Sides::Mean);
    }
}
