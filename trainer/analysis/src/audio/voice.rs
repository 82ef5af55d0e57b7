//! Which channels of a recording are the voice: one rule for all that listens offline.

use std::fmt;

/// A channel that is so much softer than the loudest is silent, dB: what a microphone that nobody sings into picks up, or crosstalk.
const SILENT_DB: f64 = 40.0;
/// A mean that is so much softer than its loudest channel has cancelled, dB. Channels that have nothing to do with each other lose 3 dB a pair.
const CANCELLED_DB: f64 = 12.0;
/// Samples that far over full scale are no rounding any more, dB.
pub(crate) const ROUNDING_DB: f32 = 0.1;

/// The levels of a sound's channels, gathered block by block: what decides which of them are the voice.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    /// Sums of products of each two channels, `a` not before `b`, at `a (a + 1) / 2 + b`: the level of any mean follows from them.
    products: Vec<f64>,
    channels: usize,
    peak: f32,
}

impl Levels {
    /// Takes a block, one vector of equal length a channel.
    pub fn hear(&mut self, block: &[Vec<f32>]) {
        self.channels = block.len();
        self.products.resize(block.len() * (block.len() + 1) / 2, 0.0);
        let pairs = (0..block.len()).flat_map(|a| (0..=a).map(move |b| (a, b)));
        for (sum, (a, b)) in self.products.iter_mut().zip(pairs) {
            *sum += block[a].iter().zip(&block[b]).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        }
        self.peak = block.iter().flatten().fold(self.peak, |peak, x| peak.max(x.abs()));
    }

    /// How far the loudest sample lies over full scale, dB, where it does by more than rounding.
    pub fn over_full_scale_db(&self) -> Option<f64> {
        let db = 20.0 * f64::from(self.peak).log10();
        (db > f64::from(ROUNDING_DB)).then_some(db)
    }

    /// Decides which channels are the voice.
    pub fn voice(&self) -> Voice {
        let energy = |a: usize| self.product(a, a);
        let loudest = (0..self.channels).reduce(|a, b| if energy(b) > energy(a) { b } else { a }).unwrap_or(0);
        let of = self.channels;
        if self.channels == 0 || energy(loudest) == 0.0 {
            return Voice { heard: (0..of).collect(), of, why: Why::Silent };
        }
        let floor = energy(loudest) * 10f64.powf(-SILENT_DB / 10.0);
        let heard: Vec<usize> = (0..of).filter(|a| energy(*a) >= floor).collect();
        let all = heard.iter().flat_map(|a| heard.iter().map(move |b| (*a, *b)));
        let mean = all.map(|(a, b)| self.product(a, b)).sum::<f64>() / (heard.len() * heard.len()) as f64;
        if mean < energy(loudest) * 10f64.powf(-CANCELLED_DB / 10.0) {
            return Voice { heard: vec![loudest], of, why: Why::OthersCancel };
        }
        let why = if heard.len() == of { Why::All } else { Why::OthersSilent };
        Voice { heard, of, why }
    }

    fn product(&self, a: usize, b: usize) -> f64 {
        let (a, b) = (a.max(b), a.min(b));
        self.products[a * (a + 1) / 2 + b]
    }
}

/// The channels of a recording that are the voice. Its `Display` says in a few words what is not heard, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    heard: Vec<usize>,
    of: usize,
    why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    All,
    OthersSilent,
    OthersCancel,
    Silent,
}

impl Voice {
    /// The channels that are the voice, from 0.
    pub fn channels(&self) -> &[usize] {
        &self.heard
    }

    /// Whether every channel counts: nothing is to be said.
    pub fn is_everything(&self) -> bool {
        self.why == Why::All
    }

    /// Whether there is no sound in any channel.
    pub fn is_silent(&self) -> bool {
        self.why == Why::Silent
    }

    /// The voice in a block of the recording: the mean of its channels.
    pub fn of<C: AsRef<[f32]>>(&self, block: &[C]) -> Vec<f32> {
        let channels: Vec<&[f32]> = self.heard.iter().map(|a| block[*a].as_ref()).collect();
        match channels.as_slice() {
            [] => Vec::new(),
            [only] => only.to_vec(),
            channels => {
                let share = 1.0 / channels.len() as f32;
                (0..channels[0].len()).map(|i| channels.iter().map(|channel| channel[i]).sum::<f32>() * share).collect()
            }
        }
    }
}

impl fmt::Display for Voice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.heard.iter().map(|a| (a + 1).to_string()).collect();
        let (numbers, of) = (numbers.join(", "), self.of);
        let heard = if self.heard.len() == 1 { "channel" } else { "channels" };
        match self.why {
            Why::All => write!(f, "all of its channels are heard"),
            Why::OthersSilent => write!(f, "the voice is {heard} {numbers} of {of}; the others are silent"),
            Why::OthersCancel => {
                write!(
                    f,
                    "its channels cancel each other, as with one of them inverted; {heard} {numbers} of {of} alone is heard"
                )
            }
            Why::Silent => write!(f, "it is silent: there is nothing to be heard"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A channel of noise, the same for the same seed.
    fn noise(seed: u32, gain: f32) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            gain * ((state >> 8) as f32 / 8_388_608.0 - 1.0)
        };
        (0..4800).map(|_| next()).collect()
    }

    fn voice(channels: &[Vec<f32>]) -> Voice {
        let mut levels = Levels::default();
        levels.hear(channels);
        levels.voice()
    }

    #[test]
    fn silent_channels_do_not_count_and_those_that_cancel_are_not_added() {
        let sung = noise(1, 0.5);
        let inverted: Vec<f32> = sung.iter().map(|x| -x).collect();
        let cases = [
            (vec![sung.clone()], vec![0], ""),
            (vec![sung.clone(), noise(2, 0.5)], vec![0, 1], ""),
            (vec![sung.clone(), noise(2, 0.05)], vec![0, 1], ""),
            (vec![sung.clone(), noise(2, 0.004)], vec![0], "channel 1 of 2"),
            (vec![vec![0.0; 4800], vec![0.0; 4800], vec![0.0; 4800], sung.clone()], vec![3], "channel 4 of 4"),
            (vec![sung.clone(), vec![0.0; 4800], noise(2, 0.5)], vec![0, 2], "channels 1, 3 of 3"),
            (vec![sung.clone(), inverted.clone()], vec![0], "cancel"),
            (vec![vec![0.0; 4800], noise(3, 0.1), inverted, sung], vec![2], "cancel"),
            (vec![vec![0.0; 4800]; 2], vec![0, 1], "silent"),
        ];
        for (channels, heard, says) in cases {
            let voice = voice(&channels);
            assert_eq!(voice.channels(), heard, "{voice}");
            assert_eq!(voice.is_everything(), says.is_empty(), "{voice}");
            assert!(voice.to_string().contains(says), "{voice}");
            if let [only] = heard[..] {
                assert_eq!(voice.of(&channels), channels[only]);
            }
        }
    }

    #[test]
    fn levels_are_the_same_however_the_sound_is_cut() {
        let channels = [noise(1, 0.5), noise(2, 1.5)];
        let mut levels = Levels::default();
        for from in (0..4800).step_by(96) {
            levels.hear(&channels.each_ref().map(|c| c[from..from + 96].to_vec()));
        }
        assert_eq!(levels.voice(), voice(&channels));
        assert!((levels.over_full_scale_db().unwrap() - 3.52).abs() < 0.05);
        let mut full = Levels::default();
        full.hear(&[vec![1.0, -1.005]]);
        assert_eq!(full.over_full_scale_db(), None);
    }
}
