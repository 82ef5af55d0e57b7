//! Singing made by code, with its pitch known exactly, and what spoils it: periods that alternate, creaky onsets, rooms, noise, hum,
//! shouts, consonants, music; and noise that nobody sings. Half of the seeds are for tuning, the other half for reporting.

use std::f64::consts::TAU;

/// Samples a second of everything made here.
pub const RATE: u32 = 48_000;
/// Samples between two values of the truth (1 ms).
pub const STEP: usize = 48;

/// Numbers that look random and are the same in every run (SplitMix64).
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform between two numbers.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in the logarithm.
    pub fn log_between(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }

    /// Nearly normal, of unit variance.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.between(-0.5, 0.5)).sum()
    }

    pub fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.next() as usize % choices.len()]
    }
}

/// One note: when it sounds, and at which pitch about its middle.
#[derive(Clone, Copy, Debug)]
pub struct Note {
    pub from_s: f64,
    pub to_s: f64,
    pub f0_hz: f64,
    /// Whether the voice slides into it from the note before, without a pause.
    pub legato: bool,
}

/// How a voice is made.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Lowest and highest note, Hz.
    pub range_hz: [f64; 2],
    /// Every other period is louder by this share, longer by this, and has its glottis open for longer by this.
    pub alternates: [f64; 3],
    /// The same at a note's beginning, on top, gone after `creak_s`.
    pub creak: [f64; 3],
    pub creak_s: f64,
    /// Random deviation of every period's length and amplitude.
    pub jitter: f64,
    pub shimmer: f64,
    /// First formants follow the second or third harmonic, as in a shout.
    pub shout: bool,
    /// Whether notes leap by octaves.
    pub octaves: bool,
    /// Breath, dB under the voice.
    pub breath_db: f64,
}

impl Manner {
    pub const PLAIN: Self = Self {
        range_hz: [110.0, 440.0],
        alternates: [0.0; 3],
        creak: [0.0; 3],
        creak_s: 0.0,
        jitter: 0.003,
        shimmer: 0.02,
        shout: false,
        octaves: false,
        breath_db: -36.0,
    };
}

/// Sound with its truth.
#[derive(Clone)]
pub struct Take {
    pub name: String,
    pub sound: Vec<f32>,
    /// The voice alone, in its room: `sound` without what was laid over it.
    pub voice: Vec<f32>,
    /// Pitch every millisecond, Hz; 0 where nothing is sung.
    pub f0_hz: Vec<f64>,
    pub notes: Vec<Note>,
}

impl Take {
    /// For every value of the truth, whether the voice is at least as loud (over 50 ms) as all that was laid over it.
    pub fn stands_out(&self) -> Vec<bool> {
        // Powers summed up to each value, so that a window's is a difference.
        let mut sums = vec![[0.0f64; 2]];
        for (sound, voice) in self.sound.chunks(STEP).zip(self.voice.chunks(STEP)) {
            let [mut own, mut other] = sums[sums.len() - 1];
            for (x, v) in sound.iter().zip(voice) {
                own += f64::from(*v).powi(2);
                other += f64::from(x - v).powi(2);
            }
            sums.push([own, other]);
        }
        let last = sums.len() - 1;
        (0..self.f0_hz.len())
            .map(|n| {
                let (from, to) = (n.saturating_sub(25).min(last), (n + 25).min(last));
                sums[to][0] - sums[from][0] >= sums[to][1] - sums[from][1]
            })
            .collect()
    }
}

const VOWELS: [[f64; 5]; 6] = [
    [700.0, 1150.0, 2600.0, 3300.0, 4200.0],
    [500.0, 1750.0, 2450.0, 3300.0, 4100.0],
    [310.0, 2150.0, 2900.0, 3500.0, 4300.0],
    [430.0, 820.0, 2600.0, 3300.0, 4000.0],
    [330.0, 700.0, 2500.0, 3200.0, 4000.0],
    [580.0, 1350.0, 2500.0, 3300.0, 4200.0],
];
const WIDTHS: [f64; 5] = [70.0, 90.0, 130.0, 180.0, 250.0];

/// A melody of about `seconds`.
pub fn melody(random: &mut Random, manner: &Manner, seconds: f64) -> Vec<Note> {
    let [low, high] = manner.range_hz;
    let mut notes: Vec<Note> = Vec::new();
    let mut at = 0.3;
    let mut pitch = random.log_between(low, high);
    while at < seconds - 0.6 {
        let length = random.between(0.35, 1.3).min(seconds - 0.2 - at);
        let legato = !notes.is_empty() && random.between(0.0, 1.0) < 0.45;
        notes.push(Note { from_s: at, to_s: at + length, f0_hz: pitch, legato });
        at += length + if random.between(0.0, 1.0) < 0.45 { 0.0 } else { random.between(0.06, 0.35) };
        if let Some(last) = notes.last()
            && at > last.to_s
        {
            at = at.max(last.to_s + 0.06);
        }
        let steps = if manner.octaves {
            random.of(&[12.0, -12.0])
        } else {
            random.of(&[-5.0, -4.0, -3.0, -2.0, -1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0])
        };
        let next = pitch * f64::exp2(steps / 12.0);
        pitch = if (low..=high).contains(&next) { next } else { pitch * f64::exp2(-steps / 12.0) };
    }
    // A note is legato only where it follows at once.
    for n in 1..notes.len() {
        notes[n].legato = notes[n].from_s - notes[n - 1].to_s < 0.01;
    }
    notes
}

/// Sings a melody.
pub fn sing(name: &str, random: &mut Random, manner: &Manner, notes: &[Note], seconds: f64) -> Take {
    let len = (seconds * f64::from(RATE)) as usize;
    let dt = 1.0 / f64::from(RATE);
    let mut f0_hz = vec![0.0; len / STEP];
    let mut sound = vec![0.0f64; len];
    let vibrato_hz = random.between(4.6, 6.4);
    let vibrato_cents = random.of(&[0.0, 12.0, 25.0, 50.0]);
    let mut swell = Random(random.0 ^ 0x5357_454C_4C00);
    let wander = [random.between(0.0, TAU), random.between(0.0, TAU)];
    let mut n = 0;
    while n < notes.len() {
        // A phrase: notes that follow one another without a pause.
        let mut end = n + 1;
        while end < notes.len() && notes[end].legato {
            end += 1;
        }
        let phrase = &notes[n..end];
        n = end;
        let (from, to) = (phrase[0].from_s, phrase[phrase.len() - 1].to_s);
        let pitch = |t: f64| {
            let at = phrase.iter().rposition(|note| t >= note.from_s).unwrap_or(0);
            let note = phrase[at];
            let mut cents = 0.0;
            if at > 0 {
                // Portamento: 70 ms, half a cosine.
                let way = ((t - note.from_s) / 0.07).clamp(0.0, 1.0);
                cents += 1200.0 * (phrase[at - 1].f0_hz / note.f0_hz).log2() * 0.5 * (1.0 + (std::f64::consts::PI * way).cos());
            }
            let grown = ((t - note.from_s - 0.15) / 0.3).clamp(0.0, 1.0);
            cents += grown * vibrato_cents * (TAU * vibrato_hz * t).sin();
            cents += 6.0 * (TAU * 0.9 * t + wander[0]).sin() + 4.0 * (TAU * 2.3 * t + wander[1]).sin();
            note.f0_hz * (cents / 1200.0).exp2()
        };
        let rise_s = random.between(0.02, 0.07);
        let fall_s = random.between(0.04, 0.12);
        // A phrase swells or fades.
        let loud = [random.between(-8.0, 0.0), swell.between(-14.0, 0.0)];
        let level = |t: f64| {
            let way = ((t - from) / (to - from)).clamp(0.0, 1.0);
            let loud = 10f64.powf((loud[0] + (loud[1] - loud[0]) * way) / 20.0);
            let rise = ((t - from) / rise_s).clamp(0.0, 1.0);
            let fall = ((to - t) / fall_s).clamp(0.0, 1.0);
            loud * (0.5 - 0.5 * (std::f64::consts::PI * rise).cos()) * (0.5 - 0.5 * (std::f64::consts::PI * fall).cos())
        };
        let start = (from / dt) as usize;
        let stop = ((to / dt) as usize).min(len);
        // The glottis: each period the derivative of a flow that opens like a sine and closes sooner (after Rosenberg 1971).
        let mut source = vec![0.0f64; stop.saturating_sub(start) + 4800];
        let open = random.between(0.55, 0.75);
        let mut t = from;
        let mut count = 0u32;
        while t < to {
            let sign = if count.is_multiple_of(2) { 1.0 } else { -1.0 };
            count += 1;
            let since = phrase.iter().rev().find(|note| t >= note.from_s).map_or(0.0, |note| t - note.from_s);
            let creak = if manner.creak_s > 0.0 { (1.0 - since / manner.creak_s).max(0.0) } else { 0.0 };
            let by = |which: usize| sign * (manner.alternates[which] + creak * manner.creak[which]);
            let f0 = pitch(t);
            let length = (1.0 + 0.5 * by(1) + manner.jitter * random.normal()) / f0;
            let size = level(t) * (1.0 + 0.5 * by(0) + manner.shimmer * random.normal());
            let open_s = open * (1.0 + 0.5 * by(2)) / f0;
            let opening_s = 0.67 * open_s;
            let closing_s = open_s - opening_s;
            let first = ((t - from) / dt).ceil() as usize;
            for (i, x) in source.iter_mut().enumerate().skip(first) {
                let tau = from + i as f64 * dt - t;
                if tau >= open_s {
                    break;
                }
                *x += size
                    * if tau < opening_s {
                        0.5 * (closing_s / opening_s) * (std::f64::consts::PI * tau / opening_s).sin()
                    } else {
                        -0.5 * (std::f64::consts::FRAC_PI_2 * (tau - opening_s) / closing_s).sin()
                    };
            }
            t += length;
        }
        let breath = 10f64.powf(manner.breath_db / 20.0);
        for (i, x) in source.iter_mut().enumerate() {
            *x += breath * 0.3 * level(from + i as f64 * dt) * random.normal();
        }
        // The tract: resonances in a row, moved from note to note.
        let mut formants = random.of(&VOWELS);
        let scale = random.between(0.92, 1.18);
        // A belted vowel's first resonance sits near a harmonic, not on it.
        let shouted = random.of(&[2.0, 2.0, 3.0]) * random.between(0.95, 1.05);
        let shouted_width = random.between(60.0, 150.0);
        let mut state = [[0.0f64; 2]; 5];
        let mut target = formants;
        let mut note_at = 0;
        for (i, x) in source.iter().enumerate() {
            let t = from + i as f64 * dt;
            if note_at < phrase.len() && t >= phrase[note_at].from_s {
                target = random.of(&VOWELS).map(|hz| hz * scale);
                if note_at == 0 {
                    formants = target;
                }
                note_at += 1;
            }
            let mut y = *x;
            for (k, s) in state.iter_mut().enumerate() {
                formants[k] += (target[k] - formants[k]) * dt / 0.03;
                let (hz, width) = if manner.shout && k == 0 {
                    (shouted * pitch(t), shouted_width)
                } else {
                    // Singers do not let the first formant fall under the pitch.
                    (if k == 0 { formants[k].max(1.05 * pitch(t)) } else { formants[k] }, WIDTHS[k])
                };
                let r = (-std::f64::consts::PI * width * dt).exp();
                let (a1, a2) = (2.0 * r * (TAU * hz * dt).cos(), -r * r);
                let out = (1.0 - a1 - a2) * y + a1 * s[0] + a2 * s[1];
                *s = [out, s[0]];
                y = out;
            }
            if let Some(place) = sound.get_mut(start + i) {
                *place += y;
            }
        }
        for (i, f) in f0_hz.iter_mut().enumerate() {
            let t = i as f64 * 0.001;
            if t >= from && t < to - 0.3 * fall_s {
                *f = pitch(t);
            }
        }
    }
    let peak = sound.iter().fold(1e-9f64, |m, x| m.max(x.abs()));
    let gain = 10f64.powf(random.between(-18.0, -6.0) / 20.0) / peak;
    let sound: Vec<f32> = sound.iter().map(|x| (x * gain) as f32).collect();
    Take { name: name.into(), voice: sound.clone(), sound, f0_hz, notes: notes.to_vec() }
}

/// Plays notes of any spectrum, struck or held, anywhere between a double bass and a whistle.
pub fn play(name: &str, random: &mut Random, seconds: f64) -> Take {
    let len = (seconds * f64::from(RATE)) as usize;
    let dt = 1.0 / f64::from(RATE);
    let low = random.log_between(45.0, 1800.0);
    let manner = Manner { range_hz: [low, 2.2 * low], ..Manner::PLAIN };
    let mut notes = melody(random, &manner, seconds);
    notes.iter_mut().for_each(|note| note.legato = false);
    let mut f0_hz = vec![0.0; len / STEP];
    let mut sound = vec![0.0f64; len];
    // How fast partials fall, how strong even ones are, how strong the first is, and one resonance.
    let tilt = random.of(&[0.5, 1.0, 1.5, 2.5, 6.0]);
    let even = random.of(&[1.0, 1.0, 1.0, 0.1]);
    let first = random.of(&[1.0, 1.0, 0.2]);
    let resonance = random.log_between(300.0, 3000.0);
    let struck = random.between(0.0, 1.0) < 0.4;
    let decay_s = random.log_between(0.15, 2.0);
    let rise_s = if struck { random.between(0.001, 0.006) } else { random.between(0.005, 0.08) };
    let fall_s = random.between(0.02, 0.15);
    let (vibrato_hz, vibrato_cents) = (random.between(4.5, 6.5), random.of(&[0.0, 0.0, 15.0, 40.0]));
    let last = notes.len();
    for n in 0..last {
        let note = notes[n];
        let size = random.between(0.3, 1.0);
        let to = if n + 1 < last { notes[n + 1].from_s.min(note.to_s) } else { note.to_s };
        // A sudden piano, or none.
        let piano_s = random.between(0.15, 1.0);
        let piano = 10f64.powf(-random.of(&[0.0, 0.0, 8.0, 15.0, 22.0]) / 20.0);
        let level = |t: f64| {
            let since = t - note.from_s;
            let size = if since > piano_s { size * piano } else { size };
            let ends = ((to - t) / fall_s).clamp(0.0, 1.0);
            let held = if struck { (-since / decay_s).exp() } else { 1.0 };
            size * (since / rise_s).clamp(0.0, 1.0) * held * ends
        };
        let mut phase = 0.0f64;
        for i in (note.from_s / dt) as usize..((to / dt) as usize).min(len) {
            let t = i as f64 * dt;
            let f0 = note.f0_hz * (vibrato_cents / 1200.0 * (TAU * vibrato_hz * t).sin()).exp2();
            phase = (phase + f0 * dt).fract();
            let mut x = 0.0;
            for k in 1..=24 {
                let hz = f0 * f64::from(k);
                if hz > 0.4 * f64::from(RATE) {
                    break;
                }
                let own = if k == 1 {
                    first
                } else if k % 2 == 0 {
                    even
                } else {
                    1.0
                };
                let lift = 1.0 + 3.0 / (1.0 + ((hz - resonance) / (0.2 * resonance)).powi(2));
                x += own * lift * f64::from(k).powf(-tilt) * (TAU * phase * f64::from(k)).sin();
            }
            sound[i] += level(t) * x;
            // What has rung out is no note any more.
            if i % STEP == 0 && level(t) > 0.01 * size && i / STEP < f0_hz.len() {
                f0_hz[i / STEP] = f0;
            }
        }
        notes[n].to_s = to;
    }
    let peak = sound.iter().fold(1e-9f64, |m, x| m.max(x.abs()));
    let gain = 10f64.powf(random.between(-24.0, -6.0) / 20.0) / peak;
    let sound: Vec<f32> = sound.iter().map(|x| (x * gain) as f32).collect();
    Take { name: name.into(), voice: sound.clone(), sound, f0_hz, notes }
}

/// Noise of all kinds, one after another, and no voice.
pub fn hiss(name: &str, random: &mut Random, seconds: f64) -> Take {
    let len = (seconds * f64::from(RATE)) as usize;
    let mut sound: Vec<f64> = Vec::with_capacity(len);
    while sound.len() < len {
        let part = (random.between(0.4, 2.0) * f64::from(RATE)) as usize;
        let resonances: Vec<[f64; 2]> = match random.of(&[0, 0, 1, 1, 2, 3]) {
            // A whispered vowel.
            0 => {
                let widen = random.between(0.8, 2.0);
                random
                    .of(&VOWELS)
                    .iter()
                    .zip(WIDTHS)
                    .take(random.of(&[2, 3, 5]))
                    .map(|(hz, width)| [*hz, width * widen])
                    .collect()
            }
            // Air through a narrow gap.
            1 => {
                let hz = random.log_between(800.0, 6000.0);
                vec![[hz, hz * random.log_between(0.05, 0.5)]]
            }
            // Dull noise.
            2 => vec![[random.log_between(40.0, 400.0), random.log_between(50.0, 800.0)]],
            // White.
            _ => vec![],
        };
        let noise = resonant_noise(random, part, &resonances);
        let size = random.log_between(0.02, 1.0);
        let (hz, depth) = (random.log_between(0.5, 12.0), random.of(&[0.0, 0.0, 0.5, 1.0]));
        for (i, x) in noise.iter().enumerate() {
            let t = i as f64 / f64::from(RATE);
            let ends = (t / 0.01).min((noise.len() - i) as f64 / f64::from(RATE) / 0.01).min(1.0);
            sound.push(size * ends * x * (1.0 - depth * (0.5 + 0.5 * (TAU * hz * t).sin())));
        }
    }
    sound.truncate(len);
    let peak = sound.iter().fold(1e-9f64, |m, x| m.max(x.abs()));
    let gain = 10f64.powf(random.between(-30.0, -3.0) / 20.0) / peak;
    let sound: Vec<f32> = sound.iter().map(|x| (x * gain) as f32).collect();
    Take { name: name.into(), voice: vec![0.0; sound.len()], sound, f0_hz: vec![0.0; len / STEP], notes: Vec::new() }
}

/// Mean square of a take where it is sung.
pub fn sung_power(take: &Take) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for (block, f0) in take.sound.chunks(STEP).zip(&take.f0_hz) {
        if *f0 > 0.0 {
            sum += block.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
            count += block.len();
        }
    }
    sum / count.max(1) as f64
}

/// Adds noise whose power density falls by `slope` powers of the frequency (0 white, 1 pink), at a ratio of the voice's power.
pub fn add_noise(take: &mut Take, random: &mut Random, pink: bool, snr_db: f64) {
    // Pink by Kellet's three poles, within half a dB from 40 Hz up.
    let mut b = [0.0f64; 3];
    let noise: Vec<f64> = (0..take.sound.len())
        .map(|_| {
            let white = random.normal();
            if !pink {
                return white;
            }
            b[0] = 0.99765 * b[0] + white * 0.099_046;
            b[1] = 0.963 * b[1] + white * 0.296_516_4;
            b[2] = 0.57 * b[2] + white * 1.052_691_3;
            b[0] + b[1] + b[2] + white * 0.1848
        })
        .collect();
    let power = noise.iter().map(|x| x * x).sum::<f64>() / noise.len() as f64;
    let gain = (sung_power(take) / power * 10f64.powf(-snr_db / 10.0)).sqrt();
    take.sound.iter_mut().zip(&noise).for_each(|(x, n)| *x += (gain * n) as f32);
}

/// Adds mains hum with harmonics, this far under the voice.
pub fn add_hum(take: &mut Take, random: &mut Random, mains_hz: f64, snr_db: f64) {
    let mains = mains_hz * (1.0 + random.between(-0.003, 0.003));
    let parts: Vec<(f64, f64, f64)> = (1..=12)
        .map(|k| {
            (
                mains * f64::from(k),
                random.between(0.3, 1.0) / f64::from(k).powf(random.between(0.6, 1.4)),
                random.between(0.0, TAU),
            )
        })
        .collect();
    let power: f64 = parts.iter().map(|p| 0.5 * p.1 * p.1).sum();
    let gain = (sung_power(take) / power * 10f64.powf(-snr_db / 10.0)).sqrt();
    for (n, x) in take.sound.iter_mut().enumerate() {
        let t = n as f64 / f64::from(RATE);
        *x += (gain * parts.iter().map(|(hz, a, phase)| a * (TAU * hz * t + phase).sin()).sum::<f64>()) as f32;
    }
}

/// Puts the voice into a room: mirror images of the source in a box (Allen and Berkley 1979), each wall returning the same share. The take
/// stays in time with its direct sound, whose level does not change.
pub fn add_room(take: &mut Take, random: &mut Random, rt60_s: f64, distance_m: f64) {
    const SPEED: f64 = 343.0;
    let size = [random.between(3.5, 7.0), random.between(3.0, 5.5), random.between(2.4, 3.2)];
    let volume: f64 = size.iter().product();
    let surface = 2.0 * (size[0] * size[1] + size[1] * size[2] + size[0] * size[2]);
    // Eyring's formula, solved for what a wall returns.
    let returned = (-(0.161 * volume) / (surface * rt60_s)).exp().sqrt();
    let mut source = [0.0; 3];
    let mut ear = [0.0; 3];
    for axis in 0..3 {
        source[axis] = size[axis] * random.between(0.35, 0.65);
        ear[axis] = source[axis];
    }
    ear[0] += distance_m;
    ear[0] = ear[0].min(size[0] - 0.2);
    let direct: f64 = ear[0] - source[0];
    let longest_s = (0.9 * rt60_s).min(0.9);
    let mut response = vec![0.0f64; (longest_s * f64::from(RATE)) as usize];
    let reach = |axis: usize| (longest_s * SPEED / (2.0 * size[axis])) as i64 + 1;
    let start = direct / SPEED;
    for x in -reach(0)..=reach(0) {
        for y in -reach(1)..=reach(1) {
            for z in -reach(2)..=reach(2) {
                for mirror in 0..8u32 {
                    let mut square = 0.0;
                    let mut bounces = 0;
                    for (axis, n) in [x, y, z].into_iter().enumerate() {
                        let flip = i64::from(mirror >> axis & 1);
                        let image = 2.0 * n as f64 * size[axis] + if flip == 1 { -source[axis] } else { source[axis] };
                        square += (image - ear[axis]).powi(2);
                        bounces += (2 * n - flip).unsigned_abs() as i32;
                    }
                    let away = square.sqrt().max(0.05);
                    let at = (away / SPEED - start) * f64::from(RATE);
                    let gain = direct / away * returned.powi(bounces);
                    let whole = at.floor().max(0.0) as usize;
                    if gain > 1e-6 && whole + 1 < response.len() {
                        let part = at - whole as f64;
                        response[whole] += gain * (1.0 - part);
                        response[whole + 1] += gain * part;
                    }
                }
            }
        }
    }
    // All images of the late part with the same sign make a rumble that rooms do not have: a high pass takes it, as Allen and Berkley say.
    let (mut low, mut pole) = (0.0, 0.0);
    let share = 1.0 - (-TAU * 60.0 / f64::from(RATE)).exp();
    let first = response[0];
    for r in &mut response {
        low += share * (*r - low);
        pole += share * (*r - low - pole);
        *r -= low + pole;
    }
    response[0] = first.max(response[0]);
    convolve(&mut take.sound, &response);
    take.voice.clone_from(&take.sound);
}

/// `sound` through `response`, as long as it was.
fn convolve(sound: &mut [f32], response: &[f64]) {
    let len = (sound.len() + response.len()).next_power_of_two();
    let mut planner = syrinx_fft::Planner::<f64>::new();
    let (forward, inverse) = (planner.plan_fft_forward(len), planner.plan_fft_inverse(len));
    let spectrum = |values: &mut dyn Iterator<Item = f64>| {
        let mut padded = vec![0.0; len];
        padded.iter_mut().zip(values).for_each(|(p, v)| *p = v);
        let mut out = forward.make_output_vec();
        forward.process(&mut padded, &mut out).expect("the lengths are the plan's");
        out
    };
    let mut product = spectrum(&mut sound.iter().map(|x| f64::from(*x)));
    let other = spectrum(&mut response.iter().copied());
    product.iter_mut().zip(&other).for_each(|(a, b)| *a *= b);
    let mut out = vec![0.0; len];
    inverse.process(&mut product, &mut out).expect("the lengths are the plan's");
    sound.iter_mut().zip(&out).for_each(|(x, y)| *x = (y / len as f64) as f32);
}

/// Noise through resonances in a row (centre and width, Hz), of unit power.
fn resonant_noise(random: &mut Random, len: usize, resonances: &[[f64; 2]]) -> Vec<f64> {
    let mut out: Vec<f64> = (0..len).map(|_| random.normal()).collect();
    // A zero at 0 Hz or none: what hisses does not rumble, and what is whispered may.
    let zero = random.of(&[0.0, 1.0]);
    for [hz, width] in resonances {
        let r = (-std::f64::consts::PI * width / f64::from(RATE)).exp();
        let (a1, a2) = (2.0 * r * (TAU * hz / f64::from(RATE)).cos(), -r * r);
        let mut state = [0.0; 2];
        for x in &mut out {
            let y = *x + a1 * state[0] + a2 * state[1];
            *x = y - zero * state[0];
            state = [y, state[0]];
        }
    }
    let power = out.iter().map(|x| x * x).sum::<f64>() / len.max(1) as f64;
    out.iter().map(|x| x / power.sqrt().max(1e-9)).collect()
}

/// Adds what mouths and clothes do between notes: each pause, and the moment before each note, gets one or two of them.
pub fn add_consonants(take: &mut Take, random: &mut Random) {
    let power = sung_power(take).sqrt();
    let ends: Vec<f64> = take.notes.iter().map(|note| note.to_s).collect();
    let starts: Vec<(f64, bool)> = take.notes.iter().map(|note| (note.from_s, note.legato)).collect();
    let mut add = |at_s: f64, sound: &[f64], gain: f64| {
        let at = (at_s * f64::from(RATE)) as usize;
        for (i, x) in sound.iter().enumerate() {
            if let Some(place) = take.sound.get_mut(at + i) {
                *place += (gain * power * x) as f32;
            }
        }
    };
    for (at, (start, legato)) in starts.iter().enumerate() {
        if *legato {
            continue;
        }
        let pause = if at == 0 { 0.3 } else { start - ends[at - 1] };
        for _ in 0..2 {
            let longest = (0.8 * pause).max(0.03);
            let level = |random: &mut Random, low: f64, high: f64| 10f64.powf(random.between(low, high) / 20.0);
            let shaped = |sound: &[f64], rise_s: f64, fall_s: f64| -> Vec<f64> {
                let length = sound.len() as f64 / f64::from(RATE);
                let ramp = |t: f64, over: f64| (t / over.max(1e-4)).clamp(0.0, 1.0);
                sound
                    .iter()
                    .enumerate()
                    .map(|(i, x)| {
                        let t = i as f64 / f64::from(RATE);
                        x * ramp(t, rise_s) * ramp(length - t, fall_s)
                    })
                    .collect()
            };
            let samples = |seconds: f64| (seconds * f64::from(RATE)) as usize;
            match random.of(&[0, 0, 1, 1, 2, 3, 4]) {
                // A sibilant or another fricative, up to the note.
                0 => {
                    let seconds = random.between(0.05, 0.2).min(longest);
                    let centre = random.of(&[1500.0, 2500.0, 3500.0, 5000.0, 6500.0, 8000.0]) * random.between(0.85, 1.15);
                    let width = centre * random.between(0.06, 0.4);
                    let second = [centre * random.between(1.2, 1.6), width * 2.0];
                    let noise = resonant_noise(random, samples(seconds), &[[centre, width], second]);
                    let gain = level(random, -26.0, -4.0);
                    add(start - seconds - random.between(-0.01, 0.02), &shaped(&noise, 0.02, 0.015), gain);
                }
                // A burst or a click: a knock at some resonances, gone within milliseconds.
                1 => {
                    let modes: Vec<[f64; 3]> = (0..3)
                        .map(|_| [random.log_between(250.0, 5000.0), random.log_between(80.0, 600.0), random.between(0.3, 1.0)])
                        .collect();
                    let sound: Vec<f64> = (0..samples(0.03))
                        .map(|i| {
                            let t = i as f64 / f64::from(RATE);
                            let decay = |width: f64| (-std::f64::consts::PI * width * t).exp();
                            modes.iter().map(|[hz, width, size]| size * decay(*width) * (TAU * hz * t).sin()).sum::<f64>()
                        })
                        .collect();
                    let gain = level(random, -24.0, 3.0);
                    let before = random.between(0.0, pause.min(0.25));
                    add(start - before, &sound, gain);
                }
                // A breath: noise through a vowel's tract.
                2 => {
                    let seconds = random.between(0.1, 0.4).min(longest);
                    let vowel = random.of(&VOWELS);
                    let tract: Vec<[f64; 2]> =
                        vowel.iter().take(4).zip(WIDTHS).map(|(hz, width)| [*hz, width * random.between(1.5, 4.0)]).collect();
                    let noise = resonant_noise(random, samples(seconds), &tract);
                    let gain = level(random, -36.0, -14.0);
                    add(start - seconds - 0.1 * pause, &shaped(&noise, 0.3 * seconds, 0.3 * seconds), gain);
                }
                // Rustle: dull noise that comes and goes.
                3 => {
                    let seconds = random.between(0.1, 0.5).min(longest);
                    let centre = random.between(150.0, 900.0);
                    let mut noise = resonant_noise(random, samples(seconds), &[[centre, 900.0]]);
                    let (hz, phase) = (random.between(4.0, 25.0), random.between(0.0, TAU));
                    for (i, x) in noise.iter_mut().enumerate() {
                        *x *= (0.5 + 0.5 * (TAU * hz * i as f64 / f64::from(RATE) + phase).sin()).powi(2);
                    }
                    let gain = level(random, -32.0, -12.0);
                    add(start - seconds - random.between(0.0, 0.05), &shaped(&noise, 0.02, 0.02), gain);
                }
                // A pop: a gust at the microphone.
                _ => {
                    let seconds = random.between(0.02, 0.08);
                    let centre = random.between(30.0, 120.0);
                    let noise = resonant_noise(random, samples(seconds), &[[centre, 60.0]]);
                    let gain = level(random, -20.0, 0.0);
                    add(start - seconds - random.between(0.0, 0.1), &shaped(&noise, 0.004, 0.5 * seconds), gain);
                }
            }
        }
    }
}

/// Adds a band that plays all the time: chords, a bass and a drum, this far under the voice.
pub fn add_music(take: &mut Take, random: &mut Random, snr_db: f64) {
    let len = take.sound.len();
    let beat_s = random.between(0.4, 0.7);
    let mut music = vec![0.0f64; len];
    let root = random.log_between(55.0, 110.0);
    let decay_s = random.between(0.3, 1.5);
    let mut at_s = 0.0;
    let mut beat = 0;
    while at_s < len as f64 / f64::from(RATE) {
        let from = (at_s * f64::from(RATE)) as usize;
        let step = random.of(&[0.0, 5.0, 7.0, 9.0, 2.0]);
        let third = random.of(&[3.0, 4.0]);
        let mut strike = |hz: f64, size: f64, seconds: f64, tilt: f64| {
            for i in 0..(2.0 * beat_s * f64::from(RATE)) as usize {
                let t = i as f64 / f64::from(RATE);
                let level = size * (-t / seconds).exp() * (t / 0.004).min(1.0) * ((2.0 * beat_s - t) / 0.05).clamp(0.0, 1.0);
                let Some(place) = music.get_mut(from + i) else { break };
                *place += level * (1..=8).map(|k| (TAU * hz * f64::from(k) * t).sin() / f64::from(k).powf(tilt)).sum::<f64>();
            }
        };
        strike(root * f64::exp2(step / 12.0), 1.0, 0.6, 1.3);
        if beat % 2 == 0 {
            for interval in [12.0, 12.0 + third, 19.0, 24.0] {
                strike(root * f64::exp2((step + interval) / 12.0), 0.5, decay_s, 1.0);
            }
        }
        let drum = random.of(&[180.0, 2500.0, 6000.0]);
        let drum = resonant_noise(random, (0.12 * f64::from(RATE)) as usize, &[[drum, 1500.0]]);
        for (i, x) in drum.iter().enumerate() {
            if let Some(place) = music.get_mut(from + i) {
                *place += 1.5 * x * (-(i as f64) / (0.03 * f64::from(RATE))).exp();
            }
        }
        at_s += beat_s;
        beat += 1;
    }
    let power = music.iter().map(|x| x * x).sum::<f64>() / len as f64;
    let gain = (sung_power(take) / power * 10f64.powf(-snr_db / 10.0)).sqrt();
    take.sound.iter_mut().zip(&music).for_each(|(x, m)| *x += (gain * m) as f32);
}

/// What is wrong with the takes of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Plain,
    /// Every other period differs by 1 to 10 %.
    Alternating,
    /// Notes begin creaky.
    Creaky,
    /// Octave leaps.
    Leaps,
    /// Strong second or third harmonics.
    Shouted,
    /// Over the tail of the note before.
    Room,
    Pink,
    White,
    Hum,
    /// Sibilants, bursts, clicks, breaths and rustle between the notes and at their ends.
    Consonants,
    /// Over music, 20 dB softer.
    Music,
    /// Instruments and whistles: any spectrum, any register, struck or held.
    Played,
    /// Nobody sings: whispers, hisses, noise of any colour.
    Noise,
}

pub const KINDS: [Kind; 13] = [
    Kind::Plain,
    Kind::Alternating,
    Kind::Creaky,
    Kind::Leaps,
    Kind::Shouted,
    Kind::Room,
    Kind::Pink,
    Kind::White,
    Kind::Hum,
    Kind::Consonants,
    Kind::Music,
    Kind::Played,
    Kind::Noise,
];

/// The `number`-th take of a kind. Takes with the same number and kind are the same in every run.
pub fn take(kind: Kind, number: u64) -> Take {
    let mut random = Random(1000 * (kind as u64 + 1) + number);
    let seconds = 8.0;
    let range_hz = random.of(&[[82.0, 330.0], [110.0, 440.0], [165.0, 700.0], [220.0, 1000.0]]);
    let mut manner =
        Manner { range_hz, jitter: random.between(0.001, 0.006), shimmer: random.between(0.01, 0.05), ..Manner::PLAIN };
    match kind {
        Kind::Alternating => {
            manner.alternates = [random.log_between(0.01, 0.1), random.log_between(0.002, 0.03), random.log_between(0.01, 0.1)];
        }
        Kind::Creaky => {
            manner.creak = [random.between(0.2, 0.6), random.between(0.02, 0.15), random.between(0.05, 0.3)];
            manner.creak_s = random.between(0.05, 0.15);
        }
        Kind::Leaps => manner.octaves = true,
        Kind::Shouted => {
            manner.shout = true;
            manner.range_hz = random.of(&[[200.0, 500.0], [300.0, 700.0]]);
        }
        _ => {}
    }
    let notes = melody(&mut random, &manner, seconds);
    let name = format!("{kind:?}-{number}").to_lowercase();
    let mut take = match kind {
        Kind::Played => play(&name, &mut random, seconds),
        Kind::Noise => hiss(&name, &mut random, seconds),
        _ => sing(&name, &mut random, &manner, &notes, seconds),
    };
    match kind {
        Kind::Room => {
            let (rt60, distance) = (random.between(0.3, 0.9), random.between(0.2, 1.2));
            add_room(&mut take, &mut random, rt60, distance);
        }
        Kind::Pink => {
            let snr = random.of(&[0.0, 0.0, 5.0, 10.0]);
            add_noise(&mut take, &mut random, true, snr);
        }
        Kind::White => {
            let snr = random.of(&[0.0, 5.0, 10.0]);
            add_noise(&mut take, &mut random, false, snr);
        }
        Kind::Hum => {
            let (mains, snr) = (random.of(&[50.0, 60.0]), random.between(8.0, 30.0));
            add_hum(&mut take, &mut random, mains, snr);
        }
        Kind::Consonants => {
            add_consonants(&mut take, &mut random);
            let snr = random.between(35.0, 60.0);
            add_noise(&mut take, &mut random, true, snr);
        }
        Kind::Played => {
            let snr = random.of(&[15.0, 25.0, 40.0, 60.0, 60.0]);
            let pink = random.of(&[true, false]);
            add_noise(&mut take, &mut random, pink, snr);
        }
        Kind::Noise => {}
        Kind::Music => {
            add_music(&mut take, &mut random, 20.0);
        }
        _ => {
            // A quiet room, or the gate would have digital silence to go by.
            let snr = random.between(40.0, 60.0);
            add_noise(&mut take, &mut random, true, snr);
        }
    }
    take
}
