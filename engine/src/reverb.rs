//! The player's own room. Audio thread; never allocates after `new`.

use crate::Settings;
use syrinx_synth::{Absorption, DelayNetwork, LINES, TAIL_DB};

/// Lengths of the network's lines, seconds.
const LENGTHS_S: [f64; LINES] = [0.0297, 0.0341, 0.0389, 0.0437, 0.0491, 0.0553, 0.0617, 0.0691];
/// Lengths of the allpasses that diffuse the input, seconds.
const DIFFUSERS_S: [f64; 4] = [0.0021, 0.0033, 0.0049, 0.0077];
/// Reverberation time (to -60 dB) of the smallest and the largest room, seconds.
const RT60_S: [f32; 2] = [0.3, 6.0];
/// At full damping the reverberation time at the top of the spectrum is this part of that at the bottom.
const MOST_DAMPED: f32 = 0.1;
/// Highest pole of the damping: small rooms would be nothing but bass beyond it.
const HIGHEST_POLE: f32 = 0.9;
/// A short reverberation is not raised by more than this.
const MOST_RAISED: f32 = 2.0;

/// What a player sets of the room.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReverbParams {
    /// 0 to 1: reverberation time from 0.3 to 6 s, in equal ratios.
    pub size: f32,
    /// 0 to 1: how much sooner the highs die away; at 1 their time is a tenth.
    pub damping: f32,
}

impl ReverbParams {
    /// What is set.
    pub fn of(settings: &Settings) -> Self {
        Self { size: settings.reverb_size / 100.0, damping: settings.reverb_damping / 100.0 }
    }

    /// Reverberation time at low frequencies, seconds to -60 dB.
    pub fn rt60_s(self) -> f32 {
        RT60_S[0] * (RT60_S[1] / RT60_S[0]).powf(self.size.clamp(0.0, 1.0))
    }
}

/// Mono in, two sides of a room out.
pub struct Reverb {
    sample_rate_hz: u32,
    network: DelayNetwork,
    now: Option<(ReverbParams, Absorption)>,
}

impl Reverb {
    /// A silent room for a stream of `sample_rate_hz` samples a second.
    pub fn new(sample_rate_hz: u32) -> Self {
        Self { sample_rate_hz, network: DelayNetwork::new(sample_rate_hz, &LENGTHS_S, &DIFFUSERS_S), now: None }
    }

    /// Forgets all sound.
    pub fn reset(&mut self) {
        self.network.reset();
    }

    /// Samples until the room has fallen by 100 dB.
    pub fn tail_samples(&self, params: ReverbParams) -> u32 {
        let seconds = params.rt60_s() * TAIL_DB / -60.0 + (LENGTHS_S[LINES - 1] + DIFFUSERS_S.iter().sum::<f64>()) as f32;
        (seconds * self.sample_rate_hz as f32).ceil() as u32
    }

    /// Writes what the room answers to one segment of `input` into `left` and `right`, as long as it. Steady noise comes back about as loud
    /// as it went in, whatever the size. Changes of `params` glide over so many samples.
    pub fn process(&mut self, params: ReverbParams, glide: usize, input: &[f32], left: &mut [f32], right: &mut [f32]) {
        let absorption = match self.now {
            Some((known, absorption)) if known == params => absorption,
            _ => self.absorption(params),
        };
        self.now = Some((params, absorption));
        self.network.process(&absorption, glide, input, left, right);
    }

    fn absorption(&self, params: ReverbParams) -> Absorption {
        let rt60_s = params.rt60_s();
        let highs = 1.0 - (1.0 - MOST_DAMPED) * params.damping.clamp(0.0, 1.0);
        let log_gains = self.network.log_gains(rt60_s);
        let damped = log_gains.map(|log_gain| 10f32.powf(log_gain));
        // Jot's: the pole for which a line's loss at the top is that of the shorter time.
        let pole = |log_gain: f32| 0.25 * std::f32::consts::LN_10 * log_gain * (1.0 - 1.0 / (highs * highs));
        let pole = log_gains.map(|log_gain| pole(log_gain).clamp(0.0, HIGHEST_POLE));
        Absorption { direct: [0.0; LINES], damped, pole, level: DelayNetwork::made_up(&damped, MOST_RAISED) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGMENT: usize = 192;

    fn played(reverb: &mut Reverb, params: impl Fn(usize) -> ReverbParams, input: &[f32]) -> [Vec<f32>; 2] {
        let (mut left, mut right) = (vec![0.0; input.len()], vec![0.0; input.len()]);
        for (n, ((i, l), r)) in input.chunks(SEGMENT).zip(left.chunks_mut(SEGMENT)).zip(right.chunks_mut(SEGMENT)).enumerate() {
            reverb.process(params(n), SEGMENT, i, l, r);
        }
        [left, right]
    }

    fn impulse(rate: u32, params: ReverbParams) -> [Vec<f32>; 2] {
        let mut input = vec![0.0; (rate as f32 * 1.2 * params.rt60_s()) as usize];
        input[0] = 1.0;
        played(&mut Reverb::new(rate), |_| params, &input)
    }

    /// Time to -60 dB by the slope of Schroeder's backward integral between -5 and -35 dB.
    fn rt60(x: &[f32], rate: u32) -> f32 {
        let mut energy: Vec<f64> = x
            .iter()
            .rev()
            .scan(0.0, |sum, x| {
                *sum += f64::from(x * x);
                Some(*sum)
            })
            .collect();
        energy.reverse();
        let at = |db: f64| energy.iter().position(|e| 10.0 * (e / energy[0]).log10() < db).unwrap() as f32;
        2.0 * (at(-35.0) - at(-5.0)) / rate as f32
    }

    fn power(x: &[f32]) -> f32 {
        x.iter().map(|x| x * x).sum::<f32>() / x.len() as f32
    }

    fn noise(len: usize) -> Vec<f32> {
        let mut seed = 1_u32;
        (0..len)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 8) as f32 / 8_388_608.0 - 1.0
            })
            .collect()
    }

    #[test]
    fn it_reverberates_as_long_as_asked_at_every_rate() {
        for rate in [44_100, 48_000, 96_000, 192_000] {
            for size in [0.0, 0.25, 0.5, 0.75, 1.0] {
                let params = ReverbParams { size, damping: 0.0 };
                let [left, right] = impulse(rate, params);
                for side in [left, right] {
                    let ratio = rt60(&side, rate) / params.rt60_s();
                    assert!((0.85..1.15).contains(&ratio), "{rate} Hz, size {size}: {ratio} of the time");
                }
            }
        }
    }

    #[test]
    fn damping_shortens_the_highs_alone() {
        let highs = |x: &[f32]| x.windows(2).map(|w| w[1] - w[0]).collect::<Vec<_>>();
        let lows = |x: &[f32]| {
            let mut y = 0.0;
            x.iter()
                .map(|x| {
                    y += 0.02 * (x - y);
                    y
                })
                .collect::<Vec<_>>()
        };
        let at = |damping| impulse(48_000, ReverbParams { size: 0.6, damping })[0].clone();
        let (bare, damped) = (at(0.0), at(0.8));
        assert!(rt60(&highs(&damped), 48_000) < 0.5 * rt60(&highs(&bare), 48_000));
        assert!(rt60(&lows(&damped), 48_000) > 0.75 * rt60(&lows(&bare), 48_000));
    }

    #[test]
    fn noise_is_as_loud_in_every_room() {
        for size in [0.0, 0.3, 0.6, 0.9] {
            let params = ReverbParams { size, damping: 0.0 };
            let input = noise(48_000 * 8);
            for side in played(&mut Reverb::new(48_000), |_| params, &input) {
                let db = 10.0 * (power(&side[48_000 * 5..]) / power(&input)).log10();
                assert!((-3.0..=3.0).contains(&db), "size {size}: {db} dB");
            }
        }
    }

    #[test]
    fn the_sides_differ_and_echoes_are_dense() {
        let [left, right] = impulse(48_000, ReverbParams { size: 0.5, damping: 0.2 });
        let from = 48_000 / 5;
        let (l, r) = (&left[from..from + 24_000], &right[from..from + 24_000]);
        let product: f32 = l.iter().zip(r).map(|(l, r)| l * r).sum::<f32>() / 24_000.0;
        assert!(product.abs() < 0.15 * (power(l) * power(r)).sqrt(), "the sides are alike");
        // A flutter would be a peak of the autocorrelation.
        for lag in (200..6000).step_by(7) {
            let c: f32 = l[..18_000].iter().zip(&l[lag..]).map(|(a, b)| a * b).sum::<f32>() / 18_000.0;
            // A line hears itself by one over the root of eight.
            assert!(c.abs() < 0.42 * power(l), "an echo every {lag} samples: {}", c / power(l));
        }
    }

    #[test]
    fn the_tail_ends_where_it_says_and_in_exact_silence() {
        let params = ReverbParams { size: 0.2, damping: 0.5 };
        let mut reverb = Reverb::new(48_000);
        let tail = reverb.tail_samples(params) as usize;
        let mut input = noise(20_000);
        input.extend(vec![0.0; tail + 96_000]);
        let [left, _] = played(&mut reverb, |_| params, &input);
        assert!(power(&left[19_000..20_000]) > 0.01);
        assert!(left[20_000 + tail..].iter().all(|x| x.abs() < 1e-5));
        assert!(left[left.len() - 4800..].iter().all(|x| *x == 0.0));
    }

    #[test]
    fn moving_walls_make_no_step() {
        let tone: Vec<f32> = (0..96_000).map(|i| 0.5 * (0.03 * i as f32).sin()).collect();
        let corner = |x: &[f32]| x.windows(3).map(|w| (w[2] - 2.0 * w[1] + w[0]).abs()).fold(0.0, f32::max);
        let still = played(&mut Reverb::new(48_000), |_| ReverbParams { size: 0.9, damping: 0.0 }, &tone);
        let moving = played(
            &mut Reverb::new(48_000),
            |n| ReverbParams { size: (n % 9) as f32 / 8.0, damping: (n % 7) as f32 / 6.0 },
            &tone,
        );
        let (moving, still) = (corner(&moving[0][24_000..]), corner(&still[0][24_000..]));
        // A step of a tenth of the level would be a corner of 0.05.
        assert!(moving < 5e-3, "{moving}, and {still} at rest");
    }

    #[test]
    fn the_same_after_a_reset_and_broken_input_does_not_stay() {
        let params = ReverbParams { size: 0.5, damping: 0.5 };
        let mut reverb = Reverb::new(48_000);
        let input = noise(10_000);
        let first = played(&mut reverb, |_| params, &input);
        played(&mut reverb, |_| params, &[f32::NAN; 500]);
        assert!(played(&mut reverb, |_| params, &input)[0].iter().all(|x| x.is_finite()));
        reverb.reset();
        assert!(played(&mut reverb, |_| params, &input) == first);
    }
}
