//! Melodies of which every note is known: sung by the demo singer, and made of tones. For trying out what finds notes.

use std::f64::consts::TAU;
use syrinx_singer::{Event, Note, Phoneme, Phoneme::*, Voice, sing_score};

/// A note that is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KnownNote {
    /// Where it begins, s: its vowel, the beginning of its sound, or where the pitch is halfway from the note before.
    pub start_s: f64,
    /// Where it ends, s.
    pub end_s: f64,
    /// Its key.
    pub key: u8,
}

/// What is heard, and what there is in it.
#[derive(Clone, Debug)]
pub struct Melody {
    /// What kind of melody it is.
    pub kind: &'static str,
    /// The sound, mono.
    pub samples: Vec<f32>,
    /// Its notes, in order.
    pub notes: Vec<KnownNote>,
}

/// The kinds there are.
pub const KINDS: [&str; 10] =
    ["tenor", "mezzo", "tongued", "slurred", "trills", "noisy", "swings", "slides", "steps", "portamento"];

/// A melody of some ten seconds; others with every seed.
pub fn melody(kind: &'static str, seed: u64, rate_hz: u32) -> Melody {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ kind.len() as u64 ^ u64::from(kind.as_bytes()[0]) << 32);
    match kind {
        "tenor" => sung(kind, &Voice::tenor(), 48.0..=66.0, seed, rate_hz, &mut random),
        "mezzo" => sung(kind, &Voice::mezzo(), 57.0..=76.0, seed, rate_hz, &mut random),
        _ => played(kind, rate_hz, &mut random),
    }
}

fn sung(
    kind: &'static str,
    voice: &Voice,
    range: std::ops::RangeInclusive<f64>,
    seed: u64,
    rate_hz: u32,
    random: &mut Random,
) -> Melody {
    const SYLLABLES: [&[Phoneme]; 10] = [&[D, A], &[T, A], &[L, A], &[N, O], &[M, I], &[D, U], &[T, I], &[A], &[U], &[B, A]];
    let mut song = vec![Event::Rest { duration_s: 0.3 }];
    let mut midi = random.between(*range.start(), *range.end()).round();
    let tune = random.between(-0.15, 0.15);
    for phrase in 0..4 {
        if phrase > 0 {
            song.push(Event::Breath { duration_s: random.between(0.25, 0.5) });
        }
        let slow = random.between(0.18, 0.5);
        for _ in 0..5 + random.below(4) {
            let long = slow * random.of(&[1.0, 1.0, 1.0, 2.0, 0.75]);
            let effort = random.between(0.35, 0.8);
            let mut note = Note::new(midi + tune, long, random.of(&SYLLABLES)).effort(effort, effort);
            note.vibrato = random.of(&[0.0, 0.6, 1.0, 1.4]);
            note.glide_s = random.of(&[0.0, 0.0, 0.0, 0.08]);
            song.push(Event::Note(note));
            midi = next_key(midi, &range, random);
        }
    }
    song.push(Event::Rest { duration_s: 0.4 });
    let taken = sing_score(&song, voice, rate_hz, seed).expect("it can be sung");
    let notes =
        taken.notes.iter().map(|note| KnownNote { start_s: note.start_s, end_s: note.end_s, key: note.midi[0].round() as u8 });
    // A vowel that goes on as the one before, on the same key, is one note to any ear.
    Melody { kind, notes: joined(notes.collect(), &song), samples: taken.samples }
}

/// The notes of a song, those without a consonant on the key before them joined to it.
fn joined(notes: Vec<KnownNote>, song: &[Event]) -> Vec<KnownNote> {
    let mut joined: Vec<KnownNote> = Vec::new();
    let mut rested = true;
    let mut notes = notes.into_iter();
    for event in song {
        let Event::Note(sung) = event else {
            rested = true;
            continue;
        };
        let Some(note) = notes.next() else { break };
        match joined.last_mut().filter(|last| !rested && last.key == note.key && sung.sounds[0].is_vowel()) {
            Some(last) => last.end_s = note.end_s,
            None => joined.push(note),
        }
        rested = false;
    }
    joined
}

/// The next key of a melody: mostly steps, some leaps, some the same again.
fn next_key(midi: f64, range: &std::ops::RangeInclusive<f64>, random: &mut Random) -> f64 {
    let way = random.of(&[0.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 4.0, 5.0, 7.0, 12.0]) * random.of(&[-1.0, 1.0]);
    if range.contains(&(midi + way)) { midi + way } else { midi - way }.clamp(*range.start(), *range.end())
}

/// A tone with the spectrum of an open vowel.
fn played(kind: &'static str, rate_hz: u32, random: &mut Random) -> Melody {
    let range = 52.0..=79.0;
    let mut midi = random.between(55.0, 70.0).round();
    let tune = random.between(-0.2, 0.2);
    // Pitch, and level in dB, at the corners: seconds from the one before, on smooth ways between them.
    let mut curve: Vec<(f64, f64, f64)> = vec![(0.0, midi, SILENT_DB), (0.3, midi, SILENT_DB)];
    let mut notes: Vec<KnownNote> = Vec::new();
    let mut time = 0.3;
    let mut add = |curve: &mut Vec<(f64, f64, f64)>, long: f64, midi: f64, db: f64| {
        time += long;
        curve.push((time, midi, db));
        time
    };
    // From the first moment, where it is what is tried.
    let vibrato = match kind {
        "trills" | "slides" | "steps" => Movement { hz: 5.0, semitones: 0.0, delay_s: 0.0, straight: kind == "slides" },
        "swings" => Movement { hz: random.between(4.0, 7.0), semitones: random.between(0.5, 1.0), delay_s: 0.0, straight: false },
        _ => {
            Movement { hz: random.between(4.8, 6.6), semitones: random.of(&[0.0, 0.3, 0.5, 0.7]), delay_s: 0.1, straight: false }
        }
    };
    while notes.last().is_none_or(|note| note.end_s < 9.0) {
        let db = random.between(-30.0, -12.0);
        let phrase = match kind {
            "tongued" | "swings" => 1,
            _ => 3 + random.below(6),
        };
        let rise = random.between(0.015, 0.06);
        let (trilled, rest) = (random.of(&[1.0, 2.0]), random.of(&[0.1, 0.1, 0.2]));
        let slow = random.between(0.15, 0.4);
        let start_s = add(&mut curve, 0.0, midi, SILENT_DB);
        // It is there when it is 30 dB softer than it will be.
        let heard_s = start_s + rise * (db - 30.0 - SILENT_DB) / (db - SILENT_DB);
        notes.push(KnownNote { start_s: heard_s, end_s: heard_s, key: midi as u8 });
        add(&mut curve, rise, midi, db);
        for n in 0..phrase {
            let long = match kind {
                "trills" => rest - 0.04,
                "swings" => random.between(0.5, 2.0),
                "slides" => random.between(0.05, 0.5),
                _ => slow * random.of(&[1.0, 1.0, 2.0, 0.7]),
            };
            notes.last_mut().expect("one has begun").end_s = add(&mut curve, long, midi, db);
            if n + 1 < phrase && kind == "slides" {
                // Straight and slowly, so that it is on every key for a while.
                let (way, pace) = (random.of(&[-5.0, -3.0, 2.0, 4.0_f64]), random.between(2.0, 6.0));
                let to = if range.contains(&(midi + way)) { midi + way } else { midi - way };
                while midi != to {
                    let step = (to - midi).signum();
                    midi += step;
                    let half_s = 0.5 / pace;
                    let border = add(&mut curve, half_s, midi - 0.5 * step, db);
                    notes.push(KnownNote { start_s: border, end_s: border + half_s, key: midi as u8 });
                    add(&mut curve, half_s, midi, db);
                }
            } else if n + 1 < phrase {
                midi = match kind {
                    "trills" => midi + if n % 2 == 0 { trilled } else { -trilled },
                    _ => loop {
                        let next = next_key(midi, &range, random);
                        if next != midi {
                            break next;
                        }
                    },
                };
                let glide = match kind {
                    "trills" => 0.04,
                    "steps" => random.between(0.001, 0.015),
                    "portamento" => random.between(0.08, 0.25),
                    _ => random.between(0.03, 0.1),
                };
                let arrived = add(&mut curve, glide, midi, db);
                notes.push(KnownNote { start_s: arrived - 0.5 * glide, end_s: arrived, key: midi as u8 });
            }
        }
        let end_s = add(&mut curve, random.between(0.03, 0.1), midi, SILENT_DB);
        notes.last_mut().expect("one has begun").end_s = end_s;
        add(&mut curve, random.of(&[0.05, 0.15, 0.3]), midi, SILENT_DB);
        midi = if kind == "steps" && random.below(2) == 0 { midi } else { next_key(midi, &range, random) };
    }
    let noise_db = if kind == "noisy" { -48.0 } else { -75.0 };
    let samples = tones(&curve, tune, vibrato, noise_db, rate_hz, random);
    Melody { kind, samples, notes }
}

/// The level of silence, dB.
const SILENT_DB: f64 = -80.0;

/// How the pitch moves.
struct Movement {
    hz: f64,
    semitones: f64,
    /// Seconds of every note before it does; 0 where it always does.
    delay_s: f64,
    /// Whether the ways from note to note are straight.
    straight: bool,
}

fn tones(curve: &[(f64, f64, f64)], tune: f64, vibrato: Movement, noise_db: f64, rate_hz: u32, random: &mut Random) -> Vec<f32> {
    let rate = f64::from(rate_hz);
    let len = (curve[curve.len() - 1].0 * rate) as usize;
    let (mut corner, mut phase, mut wander, mut since) = (0, 0.0_f64, 0.0_f64, 0.0_f64);
    let mut extent = 0.0_f64;
    let noise = 10f64.powf(noise_db / 20.0);
    (0..len)
        .map(|n| {
            let time = n as f64 / rate;
            while curve[corner + 1].0 <= time {
                corner += 1;
            }
            let [(t0, p0, l0), (t1, p1, l1)] = [curve[corner], curve[corner + 1]];
            let t = (time - t0) / (t1 - t0);
            let bent = if vibrato.straight { t } else { smooth(t) };
            let (midi, db) = (p0 + bent * (p1 - p0), l0 + t * (l1 - l0));
            // Vibrato begins anew with every note, but not at once.
            since = if db <= SILENT_DB || p0 != p1 { 0.0 } else { since + 1.0 / rate };
            wander += 0.002 * random.normal() - 0.0005 * wander;
            if vibrato.delay_s > 0.0 {
                let grown = ((since - vibrato.delay_s) / 0.2).clamp(0.0, 1.0);
                extent += (grown - extent) * 30.0 / rate;
            } else {
                extent = 1.0;
            }
            let swing = vibrato.semitones * extent * (TAU * vibrato.hz * time).sin();
            let hz = 440.0 * ((midi + tune + swing + 0.4 * wander - 69.0) / 12.0).exp2();
            phase = (phase + hz / rate).fract();
            let amplitude = if db <= SILENT_DB { 0.0 } else { 10f64.powf(db / 20.0) };
            let tone: f64 = (1..=20)
                .take_while(|k| f64::from(*k) * hz < 0.45 * rate)
                .map(|k| (TAU * phase * f64::from(k)).sin() * vowel(f64::from(k) * hz) / f64::from(k))
                .sum();
            (amplitude * tone + noise * random.normal()) as f32
        })
        .collect()
}

/// From 0 to 1 as voices go: slowly away and slowly there.
fn smooth(t: f64) -> f64 {
    0.5 - 0.5 * (0.5 * TAU * t).cos()
}

/// How strong an open vowel is at a frequency, roughly.
fn vowel(hz: f64) -> f64 {
    let formant = |centre: f64, width: f64| 1.0 / (1.0 + ((hz - centre) / width).powi(2));
    0.3 + formant(700.0, 120.0) + 0.7 * formant(1150.0, 150.0) + 0.4 * formant(2700.0, 250.0)
}

/// A small generator of numbers (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.unit() * (high - low)
    }

    fn below(&mut self, count: usize) -> usize {
        (self.unit() * count as f64) as usize
    }

    fn of<T: Copy>(&mut self, choice: &[T]) -> T {
        choice[self.below(choice.len())]
    }

    /// Of variance 1, roughly normal.
    fn normal(&mut self) -> f64 {
        (0..4).map(|_| self.unit() - 0.5).sum::<f64>() * 3f64.sqrt()
    }
}
