//! A feedback delay network, the core of a reverb. Audio thread; never allocates after `new`.
//!
//! Eight delay lines of mutually prime lengths feed back into each other through a Hadamard matrix (Jot & Chaigne, "Digital delay networks
//! for designing artificial reverberators", AES 1991). What each line absorbs is what its length costs at the wanted reverberation time.
//! Allpasses before it make the first echoes dense.

/// A tail ends here, dB.
pub const TAIL_DB: f32 = -100.0;
/// Lines of the network.
pub const LINES: usize = 8;
/// Coefficient of the allpasses: as dense as it gets without a ring of their own.
const DIFFUSION: f32 = 0.62;
/// What is under this (-140 dB) is silence.
const SILENCE: f32 = 1e-7;
/// Signs by which the lines make up each side: orthogonal, so that the sides are not alike.
const SIDES: [[f32; LINES]; 2] = [[1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0]];

/// A delay of fixed length.
struct Line {
    samples: Vec<f32>,
    at: usize,
}

impl Line {
    fn new(len: usize) -> Self {
        Self { samples: vec![0.0; len], at: 0 }
    }

    fn oldest(&self) -> f32 {
        self.samples[self.at]
    }

    fn push(&mut self, sample: f32) {
        self.samples[self.at] = sample;
        self.at = if self.at + 1 == self.samples.len() { 0 } else { self.at + 1 };
    }

    fn reset(&mut self) {
        self.samples.fill(0.0);
        self.at = 0;
    }
}

/// What is left of each line's sound when it has gone through: `direct` of it as it is, and `damped` of what a one-pole low-pass with this `pole` gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Absorption {
    /// Gain of the sound as it is.
    pub direct: [f32; LINES],
    /// Gain of its lows.
    pub damped: [f32; LINES],
    /// Pole of the low-pass.
    pub pole: [f32; LINES],
    /// Gain of what is heard of all lines.
    pub level: f32,
}

/// Mono in, two sides out.
pub struct DelayNetwork {
    sample_rate_hz: u32,
    diffusers: Vec<Line>,
    lines: Vec<Line>,
    lows: [f32; LINES],
    /// What is absorbed, and where that comes from; how many samples of its glide are over.
    now: Option<Absorption>,
    from: Option<Absorption>,
    glided: usize,
    /// Samples since anything was louder than silence; from `longest` on there is nothing left.
    quiet: usize,
    longest: usize,
}

impl DelayNetwork {
    /// Silent, with lines and allpasses of these lengths, seconds; the next primes in samples are taken, so that echoes never coincide.
    pub fn new(sample_rate_hz: u32, lines_s: &[f64; LINES], diffusers_s: &[f64]) -> Self {
        let line = |seconds: &f64| Line::new(prime_from((seconds * f64::from(sample_rate_hz)).round() as usize));
        let lines: Vec<Line> = lines_s.iter().map(line).collect();
        let diffusers: Vec<Line> = diffusers_s.iter().map(line).collect();
        let longest = lines.iter().chain(&diffusers).map(|l| l.samples.len()).sum();
        Self { sample_rate_hz, diffusers, lines, lows: [0.0; LINES], now: None, from: None, glided: 0, quiet: longest, longest }
    }

    /// What is left of a sound after each line where it is to fall by 60 dB in `rt60_s` seconds: the gain as a power of ten.
    pub fn log_gains(&self, rt60_s: f32) -> [f32; LINES] {
        std::array::from_fn(|line| -3.0 * (self.lines[line].samples.len() as f32 / self.sample_rate_hz as f32) / rt60_s)
    }

    /// The gain with which the network answers steady noise as loudly as it is, `most` at the most, where the lines have these gains.
    pub fn made_up(gains: &[f32; LINES], most: f32) -> f32 {
        let kept = gains.iter().map(|gain| gain * gain).sum::<f32>() / LINES as f32;
        // The lines together hold 1 / (1 - kept) of the power that comes in, and are heard after their gain.
        ((1.0 - kept) / kept).sqrt().min(most)
    }

    /// Forgets all sound.
    pub fn reset(&mut self) {
        self.forget();
        self.now = None;
        self.quiet = self.longest;
    }

    fn forget(&mut self) {
        self.diffusers.iter_mut().chain(&mut self.lines).for_each(Line::reset);
        self.lows = [0.0; LINES];
    }

    /// Writes what comes of the next samples of `input` into `left` and `right`, as long as it. What is absorbed glides to `to` over so many samples, from the
    /// first at which it is another. Neither where the input is cut nor how often changes what comes out.
    pub fn process(&mut self, to: &Absorption, glide: usize, input: &[f32], left: &mut [f32], right: &mut [f32]) {
        if self.now != Some(*to) {
            self.from = self.now.map(|now| between(&self.from.unwrap_or(now), &now, self.glided, glide));
            (self.now, self.glided) = (Some(*to), 0);
        }
        let from = self.from.unwrap_or(*to);
        let per_sample = 1.0 / glide.max(1) as f32;
        for ((input, left), right) in input.iter().zip(left).zip(right) {
            let mut x = if input.is_finite() { *input } else { 0.0 };
            self.glided = (self.glided + 1).min(glide);
            if self.quiet >= self.longest && x.abs() < SILENCE {
                if self.quiet != usize::MAX {
                    self.forget();
                    self.quiet = usize::MAX;
                }
                (*left, *right) = (0.0, 0.0);
                continue;
            }
            self.quiet = self.quiet.min(self.longest);
            let t = if self.glided >= glide { 1.0 } else { self.glided as f32 * per_sample };
            for line in &mut self.diffusers {
                let delayed = line.oldest();
                let inner = x + DIFFUSION * delayed;
                line.push(inner);
                x = delayed - DIFFUSION * inner;
            }
            let glide = |from: f32, to: f32| from + t * (to - from);
            let mut heard = [0.0; LINES];
            for (i, heard) in heard.iter_mut().enumerate() {
                let pole = glide(from.pole[i], to.pole[i]);
                let oldest = self.lines[i].oldest();
                self.lows[i] = (1.0 - pole) * oldest + pole * self.lows[i];
                *heard = glide(from.direct[i], to.direct[i]) * oldest + glide(from.damped[i], to.damped[i]) * self.lows[i];
            }
            let level = glide(from.level, to.level);
            let side = |signs: &[f32; LINES]| level * signs.iter().zip(&heard).map(|(s, x)| s * x).sum::<f32>();
            (*left, *right) = (side(&SIDES[0]), side(&SIDES[1]));
            let loudest = heard.iter().fold(x.abs(), |most, x| most.max(x.abs()));
            self.quiet = if loudest < SILENCE { self.quiet + 1 } else { 0 };
            hadamard(&mut heard);
            let share = x * (LINES as f32).sqrt().recip();
            for (i, line) in self.lines.iter_mut().enumerate() {
                // The sign spreads the input over the matrix's modes.
                line.push(heard[i] + if i % 2 == 0 { share } else { -share });
            }
        }
    }
}

/// What is absorbed so many samples into a glide.
fn between(from: &Absorption, to: &Absorption, glided: usize, glide: usize) -> Absorption {
    let t = (glided as f32 / glide.max(1) as f32).min(1.0);
    let way = |from: f32, to: f32| from + t * (to - from);
    let each = |from: &[f32; LINES], to: &[f32; LINES]| std::array::from_fn(|line| way(from[line], to[line]));
    Absorption {
        direct: each(&from.direct, &to.direct),
        damped: each(&from.damped, &to.damped),
        pole: each(&from.pole, &to.pole),
        level: way(from.level, to.level),
    }
}

/// The Hadamard matrix of order 8, scaled to keep power: every line feeds every other equally.
fn hadamard(x: &mut [f32; LINES]) {
    let mut span = 1;
    while span < LINES {
        for start in (0..LINES).step_by(2 * span) {
            for i in start..start + span {
                let (a, b) = (x[i], x[i + span]);
                (x[i], x[i + span]) = (a + b, a - b);
            }
        }
        span *= 2;
    }
    x.iter_mut().for_each(|x| *x *= (LINES as f32).sqrt().recip());
}

/// The first prime from `n` on.
fn prime_from(n: usize) -> usize {
    let prime = |n: &usize| *n > 1 && (2..).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
    (n..).find(prime).expect("there is always another prime")
}
