//! The room an instrument was recorded in. Any one thread at a time; never allocates after `new`.
//!
//! What is known of the room is how long it sounds on and how loud, in two bands: no microphone's place, no walls. A network of delays with that decay and
//! that level stands for it. The instrument itself goes past it, so nothing is late.

use crate::delay_network::{Absorption, DelayNetwork, LINES, TAIL_DB};

/// The room is described below and above this, Hz.
pub const ROOM_SPLIT_HZ: f32 = 1500.0;
/// Lengths of the lines, seconds: the walls of a studio.
const LENGTHS_S: [f64; LINES] = [0.0113, 0.0157, 0.0211, 0.0263, 0.0331, 0.0409, 0.0487, 0.0599];
/// Lengths of the allpasses, seconds.
const DIFFUSERS_S: [f64; 2] = [0.0023, 0.0041];
/// However soon a room is to be still, its echoes must be dense, so the lines cannot be shorter; they are not raised by more than this for it.
const MOST_RAISED: f32 = 4.0;

/// A room, below and above [`ROOM_SPLIT_HZ`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoomParams {
    /// Reverberation time to -60 dB, seconds, above 0.
    pub rt60_s: [f32; 2],
    /// How loud the room sounds of a steady sound, against that sound and the room together: an amplitude, 0 to 1; 0 is no room.
    pub level: [f32; 2],
}

impl RoomParams {
    /// No room.
    pub const NONE: Self = Self { rt60_s: [0.5; 2], level: [0.0; 2] };
    /// Loudest that a room can be, against all that is heard.
    pub const MOST: f32 = 0.9;

    /// `amount` times as loud; 1 is as it is.
    pub fn times(self, amount: f32) -> Self {
        Self { level: self.level.map(|level| (amount * level).clamp(0.0, Self::MOST)), ..self }
    }

    /// The amplitude of what is heard past the room, so that a steady sound stays as loud as it is without.
    pub fn direct(&self) -> f32 {
        let [low, high] = self.level;
        (1.0 - 0.5 * (low * low + high * high)).max(0.0).sqrt()
    }

    /// Seconds until it has fallen by 100 dB.
    pub fn tail_s(&self) -> f32 {
        let sounds =
            |(rt60_s, level): (f32, f32)| if level > 0.0 { rt60_s * TAIL_DB / -60.0 + LENGTHS_S[LINES - 1] as f32 } else { 0.0 };
        self.rt60_s.into_iter().zip(self.level).map(sounds).fold(0.0, f32::max)
    }
}

/// Mono in, two sides of the room out.
pub struct Room {
    network: DelayNetwork,
    pole: f32,
    lows: f32,
    /// What is known, what the lines make of it, and the gain of lows and highs before them.
    now: Option<(RoomParams, Absorption, [f32; 2])>,
    /// Where those gains come from, and how many samples of their glide are over.
    from: [f32; 2],
    glided: usize,
    input: Vec<f32>,
}

impl Room {
    /// Silent, for segments of `longest` samples at most, at this rate.
    pub fn new(sample_rate_hz: u32, longest: usize) -> Self {
        Self {
            network: DelayNetwork::new(sample_rate_hz, &LENGTHS_S, &DIFFUSERS_S),
            pole: (-std::f32::consts::TAU * ROOM_SPLIT_HZ / sample_rate_hz as f32).exp(),
            lows: 0.0,
            now: None,
            from: [0.0; 2],
            glided: 0,
            input: vec![0.0; longest],
        }
    }

    /// Forgets all sound.
    pub fn reset(&mut self) {
        self.network.reset();
        self.lows = 0.0;
        self.now = None;
    }

    /// Writes what the room answers to the next samples of `input` into `left` and `right`, as long as it. Changes of `params` glide over so many samples, from the
    /// first of this `input` on.
    pub fn process(&mut self, params: RoomParams, glide: usize, input: &[f32], left: &mut [f32], right: &mut [f32]) {
        let per_sample = 1.0 / glide.max(1) as f32;
        let at = |from: [f32; 2], to: [f32; 2], glided: usize| {
            let t = glided as f32 * per_sample;
            if glided >= glide { to } else { [0, 1].map(|band| from[band] + t * (to[band] - from[band])) }
        };
        let (absorption, to) = match self.now {
            Some((known, absorption, gains)) if known == params => (absorption, gains),
            before => {
                let (absorption, to) = self.made_of(params);
                self.from = before.map_or(to, |(_, _, gains)| at(self.from, gains, self.glided));
                self.glided = 0;
                (absorption, to)
            }
        };
        self.now = Some((params, absorption, to));
        let from = self.from;
        let tinted = &mut self.input[..input.len()];
        if from == [0.0; 2] && to == [0.0; 2] {
            tinted.fill(0.0);
            self.lows = 0.0;
        } else {
            for (tinted, input) in tinted.iter_mut().zip(input) {
                self.glided = (self.glided + 1).min(glide);
                let [low, high] = at(from, to, self.glided);
                let x = if input.is_finite() { *input } else { 0.0 };
                self.lows = (1.0 - self.pole) * x + self.pole * self.lows;
                *tinted = high * x + (low - high) * self.lows;
            }
            if self.glided >= glide {
                self.from = to;
            }
        }
        self.network.process(&absorption, glide, tinted, left, right);
    }

    fn made_of(&self, params: RoomParams) -> (Absorption, [f32; 2]) {
        let [low, high] = params.rt60_s.map(|rt60_s| self.network.log_gains(rt60_s).map(|log_gain| 10f32.powf(log_gain)));
        // Highs go through as they are, and lows besides, where they last longer.
        let damped = std::array::from_fn(|line| low[line] - high[line]);
        let gain = |gains, level| level * DelayNetwork::made_up(gains, MOST_RAISED);
        let absorption = Absorption { direct: high, damped, pole: [self.pole; LINES], level: 1.0 };
        (absorption, [gain(&low, params.level[0]), gain(&high, params.level[1])])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::White;

    const RATE_HZ: u32 = 48_000;
    const SEGMENT: usize = 192;
    const ROOM: RoomParams = RoomParams { rt60_s: [1.0, 0.5], level: [0.3, 0.15] };

    fn played(rate_hz: u32, params: impl Fn(usize) -> RoomParams, input: &[f32]) -> [Vec<f32>; 2] {
        let mut room = Room::new(rate_hz, SEGMENT);
        let (mut left, mut right) = (vec![0.0; input.len()], vec![0.0; input.len()]);
        for (n, ((i, l), r)) in input.chunks(SEGMENT).zip(left.chunks_mut(SEGMENT)).zip(right.chunks_mut(SEGMENT)).enumerate() {
            room.process(params(n), SEGMENT, i, l, r);
        }
        [left, right]
    }

    /// Noise for a while, then nothing.
    fn noise(rate_hz: u32, seconds: usize, silence: usize) -> Vec<f32> {
        let mut white = White::new(5);
        let mut all: Vec<f32> = (0..seconds * rate_hz as usize).map(|_| white.draw()).collect();
        all.resize((seconds + silence) * rate_hz as usize, 0.0);
        all
    }

    /// What lies well below or well above the split.
    fn band(x: &[f32], rate_hz: u32, highs: bool) -> Vec<f32> {
        let hz = if highs { 6000.0 } else { 400.0 };
        let pole = (-std::f32::consts::TAU * hz / rate_hz as f32).exp();
        let mut lows = [0.0; 3];
        x.iter()
            .map(|x| {
                let mut y = *x;
                for low in &mut lows {
                    *low += (1.0 - pole) * (y - *low);
                    y = if highs { y - *low } else { *low };
                }
                y
            })
            .collect()
    }

    fn power(x: &[f32]) -> f32 {
        x.iter().map(|x| x * x).sum::<f32>() / x.len() as f32
    }

    #[test]
    fn it_is_as_loud_and_sounds_on_as_long_as_it_says_below_and_above() {
        for rate_hz in [44_100, RATE_HZ, 192_000] {
            let input = noise(rate_hz, 4, 1);
            for side in played(rate_hz, |_| ROOM, &input) {
                for (highs, rt60_s, level) in [(false, ROOM.rt60_s[0], ROOM.level[0]), (true, ROOM.rt60_s[1], ROOM.level[1])] {
                    let (heard, input) = (band(&side, rate_hz, highs), band(&input, rate_hz, highs));
                    let rate = rate_hz as usize;
                    let db = 10.0 * (power(&heard[2 * rate..4 * rate]) / power(&input[2 * rate..4 * rate])).log10();
                    assert!((db - 20.0 * level.log10()).abs() < 2.5, "{rate_hz} Hz, highs {highs}: {db} dB");
                    // From 0.1 s to 0.3 s after the end.
                    let at = |ms: usize| power(&heard[4 * rate + (ms - 30) * rate / 1000..4 * rate + (ms + 30) * rate / 1000]);
                    let falls = 10.0 * (at(100) / at(300)).log10() / 0.2;
                    assert!((falls * rt60_s / 60.0 - 1.0).abs() < 0.25, "{rate_hz} Hz, highs {highs}: {falls} dB/s");
                }
            }
        }
    }

    #[test]
    fn none_is_silence_and_one_that_is_shut_sounds_on_without_a_step() {
        let input = noise(RATE_HZ, 2, 0);
        assert!(played(RATE_HZ, |_| RoomParams::NONE, &input).iter().flatten().all(|x| *x == 0.0));
        let shut = |n: usize| if n * SEGMENT < RATE_HZ as usize { ROOM } else { ROOM.times(0.0) };
        let tone: Vec<f32> = (0..4 * RATE_HZ as usize).map(|n| 0.5 * (0.03 * n as f32).sin()).collect();
        let [left, _] = played(RATE_HZ, shut, &tone);
        let corner = left.windows(3).map(|w| (w[2] - 2.0 * w[1] + w[0]).abs()).fold(0.0, f32::max);
        assert!(corner < 2e-3, "{corner}");
        let after = RATE_HZ as usize;
        assert!(power(&left[after + 2400..after + 7200]) > 1e-3 * power(&left[after - 4800..after]));
        assert!(left[after + (ROOM.tail_s() * RATE_HZ as f32) as usize..].iter().all(|x| x.abs() < 1e-5));
    }

    #[test]
    fn the_whole_is_as_loud_as_the_bare_sound_and_its_sides_differ() {
        let input = noise(RATE_HZ, 4, 0);
        let [left, right] = played(RATE_HZ, |_| ROOM, &input);
        let whole: Vec<f32> = input.iter().zip(&left).map(|(x, room)| ROOM.direct() * x + room).collect();
        let db = 10.0 * (power(&whole[RATE_HZ as usize..]) / power(&input[RATE_HZ as usize..])).log10();
        assert!(db.abs() < 0.3, "{db} dB");
        let product: f32 = left.iter().zip(&right).map(|(l, r)| l * r).sum::<f32>() / left.len() as f32;
        assert!(product.abs() < 0.2 * (power(&left) * power(&right)).sqrt());
    }
}
