//! Finds the weights of the network that tells notes from all else (`src/voicing.rs`) and prints them as `src/voicing_weights.rs` holds them.
//!
//! `cargo run --release -p syrinx-tracker --example voicing -- [DIR=WEIGHT]... [spoil:DIR=WEIGHT]... > weights.rs`
//!
//! It learns from takes made by code (`tests/common/sung.rs`; even numbers from 100 on, so none of those that tests or tables use) and from
//! recordings whose pitch is known: each DIR holds NAME.f32 (raw mono floats at 48 kHz) and NAME.csv (a header, then `time_s,f0_hz,voiced`
//! every millisecond; voiced is 1, 0, or -1 where nobody knows). `spoil:` adds twelve copies of each of its recordings with rooms, noise, hum,
//! music and consonants. The weights in the tracker were found with `DEV=4 spoil:CLEAN=1 VOICES=2 INSTRUMENTS=2`: the pitch benchmark's
//! development set, its takes without noise, voices where two other trackers agree, and instruments, only where they sound.
//!
//! What a hum, music or a room plays is not told from a voice here but by the level over time (`src/gate.rs`): of those takes the network
//! learns what is sung, and a little of the tails of rooms.

#[path = "../tests/common/mod.rs"]
mod common;

use common::sung::{self, KINDS, Note, RATE, Random, Take};
use std::{error::Error, fs, path::Path, thread};
use syrinx_tracker::{Tracker, TrackerConfig};

const INPUTS: usize = 26;
const HIDDEN: usize = 24;
const TAKES_OF_EACH_KIND: u64 = 30;
const COPIES: u64 = 12;
const EPOCHS: usize = 20;
const BATCH: usize = 4096;
const RATE_OF_LEARNING: f64 = 3e-3;
/// Weights of noise, which makes the others no more likely to be notes, and of the tails of rooms.
const NOISE: f32 = 4.0;
const TAIL: f32 = 0.3;

/// One hop: what the network hears, whether it is a note, and how much it counts.
struct Row {
    inputs: [f32; INPUTS],
    note: bool,
    weight: f32,
    noise: bool,
}

/// What is learnt from the parts of a take that are not sung, as a weight.
fn unsung(name: &str) -> f32 {
    let is = |word: &str| name.contains(word);
    if is("hum") || is("music") {
        0.0
    } else if is("room") || is("reverb") {
        TAIL
    } else if is("noise-") {
        NOISE
    } else {
        1.0
    }
}

fn rows(take: &Take, weight: f32) -> Vec<Row> {
    let mut tracker = Tracker::new(RATE, TrackerConfig::default()).expect("the defaults are in range");
    let truth = |t: f64| if t < 0.0 { 0.0 } else { take.f0_hz[((t * 1000.0).round() as usize).min(take.f0_hz.len() - 1)] };
    let mut rows = Vec::new();
    let noise = take.name.starts_with("noise");
    for (n, x) in take.sound.iter().enumerate() {
        let mut ended = false;
        tracker.process(&[*x], |_| ended = true);
        if !ended {
            continue;
        }
        let now = (n + 1) as f64 / f64::from(RATE);
        // A note is to be known at once, and to be held as long as it was sung at the moment that the pitch describes.
        let note = truth(now - 0.008) > 0.0 || truth(now - 0.001) > 0.0;
        let known = [0.008, 0.004, 0.0].iter().all(|back| truth(now - back) >= 0.0);
        let changes = (truth(now) > 0.0) != (truth(now - 0.014) > 0.0);
        let weight = weight * if changes { 0.25 } else { 1.0 } * if note { 1.0 } else { unsung(&take.name) };
        if known && weight > 0.0 {
            let inputs = tracker.voicing_inputs().try_into().expect("the network has as many inputs");
            rows.push(Row { inputs, note, weight, noise });
        }
    }
    rows
}

fn load(dir: &Path) -> Result<Vec<Take>, Box<dyn Error>> {
    let mut takes = Vec::new();
    let mut paths: Vec<_> = fs::read_dir(dir)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|e| e == "f32")) {
        let sound: Vec<f32> = fs::read(path)?.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        let mut f0_hz = Vec::new();
        for line in fs::read_to_string(path.with_extension("csv"))?.lines().skip(1) {
            let values = line.split(',').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
            let [_, hz, voiced, ..] = values[..] else { return Err(format!("{}: {line}", path.display()).into()) };
            f0_hz.push(if voiced > 0.0 { hz.max(1.0) } else { voiced });
        }
        if f0_hz.is_empty() {
            return Err(format!("{} has no truth", path.display()).into());
        }
        let mut notes: Vec<Note> = Vec::new();
        for (i, hz) in f0_hz.iter().enumerate().filter(|(_, hz)| **hz > 0.0) {
            let t = i as f64 * 0.001;
            match notes.last_mut() {
                Some(note) if t - note.to_s < 0.0015 => note.to_s = t,
                _ => notes.push(Note { from_s: t, to_s: t, f0_hz: *hz, legato: false }),
            }
        }
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        takes.push(Take { name, voice: sound.clone(), sound, f0_hz, notes });
    }
    Ok(takes)
}

fn spoil(take: &Take, number: u64, copy: u64) -> Take {
    let random = &mut Random(7000 + 31 * number + copy);
    let (mut sound, what) = (take.clone(), copy % 6);
    match what {
        0 => {
            let (rt60_s, distance_m, snr_db) = (random.between(0.25, 1.0), random.between(0.2, 1.5), random.between(35.0, 60.0));
            sung::add_room(&mut sound, random, rt60_s, distance_m);
            sung::add_noise(&mut sound, random, true, snr_db);
        }
        1 | 2 => {
            let snr_db = random.between(0.0, 15.0);
            sung::add_noise(&mut sound, random, what == 1, snr_db);
        }
        3 => {
            let (mains_hz, snr_db) = (random.of(&[50.0, 60.0]), random.between(10.0, 30.0));
            sung::add_hum(&mut sound, random, mains_hz, snr_db);
        }
        4 => {
            let snr_db = random.between(15.0, 25.0);
            sung::add_music(&mut sound, random, snr_db);
        }
        _ => {
            sung::add_consonants(&mut sound, random);
            let snr_db = random.between(30.0, 60.0);
            sung::add_noise(&mut sound, random, true, snr_db);
        }
    }
    sound.name = format!("{} {}", take.name, ["room", "pink", "white", "hum", "music", "consonants"][what as usize]);
    sound
}

/// The rows of many takes, made where they are used: sound is large.
fn gather<'a>(jobs: Vec<Box<dyn FnOnce() -> Vec<Row> + Send + 'a>>) -> Vec<Row> {
    let half = jobs.len() / 2;
    let mut jobs = jobs;
    let rest = jobs.split_off(half);
    let run =
        |jobs: Vec<Box<dyn FnOnce() -> Vec<Row> + Send + 'a>>| -> Vec<Row> { jobs.into_iter().flat_map(|job| job()).collect() };
    thread::scope(|scope| {
        let first = scope.spawn(|| run(jobs));
        let second = run(rest);
        first.join().expect("no take panics").into_iter().chain(second).collect()
    })
}

/// A network in training, with the first and second moments of its gradients (Adam, Kingma and Ba 2015).
struct Learner {
    values: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    step: i32,
}

/// Where in the values the hidden layer's biases, the output's weights and its bias are.
const HIDDEN_BIAS: usize = INPUTS * HIDDEN;
const OUT: usize = HIDDEN_BIAS + HIDDEN;
const OUT_BIAS: usize = OUT + HIDDEN;

impl Learner {
    fn new(random: &mut Random) -> Self {
        let mut values = vec![0.0; OUT_BIAS + 1];
        values[..HIDDEN_BIAS].iter_mut().for_each(|w| *w = random.normal() / (INPUTS as f64).sqrt());
        values[OUT..OUT_BIAS].iter_mut().for_each(|w| *w = random.normal() / (HIDDEN as f64).sqrt());
        Self { first: vec![0.0; values.len()], second: vec![0.0; values.len()], values, step: 0 }
    }

    /// Adds the gradient of one row, and returns its loss.
    fn learn(&self, inputs: &[f64; INPUTS], row: &Row, weight: f64, gradient: &mut [f64]) -> f64 {
        let v = &self.values;
        let mut hidden = [0.0; HIDDEN];
        hidden.copy_from_slice(&v[HIDDEN_BIAS..OUT]);
        for (i, x) in inputs.iter().enumerate() {
            hidden.iter_mut().zip(&v[i * HIDDEN..]).for_each(|(h, w)| *h += w * x);
        }
        let odds = v[OUT_BIAS] + hidden.iter().zip(&v[OUT..]).map(|(h, w)| h.max(0.0) * w).sum::<f64>();
        let target = f64::from(u8::from(row.note));
        let error = weight * (1.0 / (1.0 + (-odds).exp()) - target);
        gradient[OUT_BIAS] += error;
        let mut back = [0.0; HIDDEN];
        for j in 0..HIDDEN {
            gradient[OUT + j] += error * hidden[j].max(0.0);
            back[j] = if hidden[j] > 0.0 { error * v[OUT + j] } else { 0.0 };
            gradient[HIDDEN_BIAS + j] += back[j];
        }
        for (i, x) in inputs.iter().enumerate() {
            gradient[i * HIDDEN..][..HIDDEN].iter_mut().zip(&back).for_each(|(g, b)| *g += b * x);
        }
        weight * ((-odds.abs()).exp().ln_1p() + odds.max(0.0) - odds * target)
    }

    fn take_step(&mut self, gradient: &[f64], rate: f64) {
        self.step += 1;
        let (one, two) = (1.0 - 0.9f64.powi(self.step), 1.0 - 0.999f64.powi(self.step));
        for (i, g) in gradient.iter().enumerate() {
            self.first[i] = 0.9 * self.first[i] + 0.1 * g;
            self.second[i] = 0.999 * self.second[i] + 0.001 * g * g;
            self.values[i] -= rate * (self.first[i] / one) / ((self.second[i] / two).sqrt() + 1e-8);
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut given = Vec::new();
    for arg in std::env::args().skip(1) {
        let (dir, weight) = arg.rsplit_once('=').ok_or_else(|| format!("{arg} is no DIR=WEIGHT"))?;
        let weight: f32 = weight.parse()?;
        let (dir, spoilt) = dir.strip_prefix("spoil:").map_or((dir, false), |dir| (dir, true));
        given.push((load(Path::new(dir))?, weight, spoilt));
    }
    let mut jobs: Vec<Box<dyn FnOnce() -> Vec<Row> + Send>> = Vec::new();
    for number in 0..TAKES_OF_EACH_KIND {
        for kind in KINDS {
            jobs.push(Box::new(move || rows(&sung::take(kind, 100 + 2 * number), 1.0)));
        }
    }
    for (takes, weight, spoilt) in &given {
        for (number, take) in (0..).zip(takes) {
            if *spoilt {
                jobs.extend((0..COPIES).map(|copy| {
                    let job: Box<dyn FnOnce() -> Vec<Row> + Send> = Box::new(move || rows(&spoil(take, number, copy), *weight));
                    job
                }));
            } else {
                jobs.push(Box::new(move || rows(take, *weight)));
            }
        }
    }
    let rows = gather(jobs);
    eprintln!("{} hops", rows.len());

    // Notes count as much as what is none, noise aside; inputs have no mean and unit variance while the network learns.
    let sum = |note: bool| rows.iter().filter(|row| row.note == note && !row.noise).map(|row| f64::from(row.weight)).sum::<f64>();
    let (sung, unsung) = (sum(true), sum(false));
    let scale = |row: &Row| f64::from(row.weight) * if row.note { unsung / sung } else { 1.0 };
    let mean_weight = rows.iter().map(scale).sum::<f64>() / rows.len() as f64;
    let mut mean = [0.0; INPUTS];
    let mut deviation = [0.0; INPUTS];
    for i in 0..INPUTS {
        let values = || rows.iter().map(|row| f64::from(row.inputs[i]));
        mean[i] = values().sum::<f64>() / rows.len() as f64;
        deviation[i] = (values().map(|x| (x - mean[i]).powi(2)).sum::<f64>() / rows.len() as f64).sqrt() + 1e-3;
    }

    let random = &mut Random(1);
    let mut learner = Learner::new(random);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let steps = EPOCHS * (rows.len() / BATCH);
    for epoch in 0..EPOCHS {
        for i in (1..order.len()).rev() {
            order.swap(i, random.between(0.0, i as f64 + 1.0) as usize);
        }
        let mut loss = 0.0;
        for batch in order.chunks_exact(BATCH) {
            let half = |part: &[usize]| {
                let mut gradient = vec![0.0; OUT_BIAS + 1];
                let mut loss = 0.0;
                for row in part.iter().map(|at| &rows[*at]) {
                    let inputs: [f64; INPUTS] = std::array::from_fn(|i| (f64::from(row.inputs[i]) - mean[i]) / deviation[i]);
                    loss += learner.learn(&inputs, row, scale(row) / mean_weight / BATCH as f64, &mut gradient);
                }
                (gradient, loss)
            };
            let (one, other) = batch.split_at(BATCH / 2);
            let ((mut gradient, a), (more, b)) = thread::scope(|scope| {
                let one = scope.spawn(|| half(one));
                let other = half(other);
                (one.join().expect("no row panics"), other)
            });
            gradient.iter_mut().zip(&more).for_each(|(g, m)| *g += m);
            loss += a + b;
            let way = f64::from(learner.step + 1) / steps as f64;
            learner.take_step(&gradient, 0.5 * RATE_OF_LEARNING * (1.0 + (std::f64::consts::PI * way).cos()));
        }
        eprintln!("epoch {}: loss {:.5}", epoch + 1, loss / (rows.len() / BATCH) as f64);
    }

    // The scaling of the inputs goes into the weights.
    let v = &learner.values;
    let line = |values: &mut dyn Iterator<Item = f64>| values.map(|x| format!("{x:.4}")).collect::<Vec<_>>().join(", ");
    println!("//! Weights of the network in `voicing.rs`, as `examples/voicing.rs` finds them.\n");
    println!("// That some come near well-known numbers means nothing.\n#![allow(clippy::approx_constant)]\n");
    println!("use crate::voicing::INPUTS;\n\n/// Sums in the hidden layer.\npub(crate) const HIDDEN: usize = {HIDDEN};\n");
    println!("#[rustfmt::skip]\npub(crate) const HIDDEN_WEIGHTS: [[f32; HIDDEN]; INPUTS] = [");
    for i in 0..INPUTS {
        println!("    [{}],", line(&mut (0..HIDDEN).map(|j| v[i * HIDDEN + j] / deviation[i])));
    }
    let bias = |j: usize| v[HIDDEN_BIAS + j] - (0..INPUTS).map(|i| v[i * HIDDEN + j] * mean[i] / deviation[i]).sum::<f64>();
    println!("];\n\n#[rustfmt::skip]\npub(crate) const HIDDEN_BIAS: [f32; HIDDEN] = [{}];\n", line(&mut (0..HIDDEN).map(bias)));
    println!("#[rustfmt::skip]\npub(crate) const WEIGHTS: [f32; HIDDEN] = [{}];\n", line(&mut v[OUT..OUT_BIAS].iter().copied()));
    println!("pub(crate) const BIAS: f32 = {:.4};", v[OUT_BIAS]);
    Ok(())
}
