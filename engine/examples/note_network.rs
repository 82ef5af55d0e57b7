//! Finds the weights of the network that tells notes (`src/notes/network.rs`) and prints them as `src/notes/note_weights.rs` holds them:
//! `cargo run --release -p syrinx-engine --example note_network > engine/src/notes/note_weights.rs`, some minutes.
//!
//! It learns from melodies of which every note is known (`testkit/src/melodies.rs`), sung by the demo singer and made of tones; even takes from 100 on, so none of
//! those that tests or tables use. What it is to answer in every frame is the key that is sung at the moment that the pitch describes, from the middle of the way
//! between two notes on; before the first vowel of a breath, the key to come.

use std::{error::Error, thread};
use syrinx_engine::{Engine, EngineConfig, LatencyMode, Settings};
use syrinx_testkit::{KINDS, KnownNote, RATE_HZ, melody};

const TAKES: u64 = 120;
const HIDDEN: [usize; 2] = [80, 48];
const OUTPUTS: usize = 7;
const EPOCHS: usize = 36;
const BATCH: usize = 512;
/// Adam's step, at first and at last.
const STEP: [f32; 2] = [2e-3, 1e-4];
/// Frames on the nearest key are most, and easy: this share of them is learned from.
const EASY: f32 = 0.2;
/// The singer is tuned beside the keys by up to this, semitones, anew in every epoch.
const TUNED_ST: f32 = 0.1;
/// What sounds is a frame later than what is known, s.
const TURNAROUND_S: f64 = 0.004;
/// Seconds before a note that what is sung already leads to it, and after one that it still belongs to it.
const BEFORE_S: f64 = 0.12;
const AFTER_S: f64 = 0.02;

/// A frame: what is heard, and the key that is meant, from the nearest.
struct Row {
    inputs: Vec<f32>,
    away: f32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let work: Vec<(&str, u64)> = KINDS.iter().flat_map(|kind| (0..TAKES).map(move |n| (*kind, 100 + 2 * n))).collect();
    let threads = thread::available_parallelism()?.get();
    let parts: Vec<Vec<Row>> = thread::scope(|scope| {
        let run = |part: &[(&'static str, u64)]| part.iter().flat_map(|(kind, take)| rows(kind, *take)).collect::<Vec<_>>();
        let workers: Vec<_> = work.chunks(work.len().div_ceil(threads)).map(|part| scope.spawn(move || run(part))).collect();
        workers.into_iter().map(|worker| worker.join().expect("it does not panic")).collect()
    });
    let rows: Vec<Row> = parts.into_iter().flatten().collect();
    eprintln!("{} frames", rows.len());
    let network = learn(&rows);
    print!("{}", source(&network));
    Ok(())
}

fn rows(kind: &'static str, take: u64) -> Vec<Row> {
    let melody = melody(kind, take, RATE_HZ);
    let mut engine = Engine::new(EngineConfig { sample_rate_hz: RATE_HZ, channels: 1, seed: 0 }, &[]).expect("it is a good rate");
    let mut rows = Vec::new();
    for latency_mode in [LatencyMode::Live, LatencyMode::Studio] {
        engine.set(&Settings { latency_mode, ..Settings::default() });
        engine.reset();
        let frame = (RATE_HZ / 250) as usize;
        let mut out = vec![0.0; frame];
        for (n, input) in melody.samples.chunks_exact(frame).enumerate() {
            engine.process(&[input], &mut [&mut out]);
            let Some((inputs, nearest, age)) = engine.note_inputs() else { continue };
            let time_s = (((n + 1) * frame) as f64 - age as f64) / f64::from(RATE_HZ) - TURNAROUND_S;
            if let Some(key) = meant(&melody.notes, time_s) {
                rows.push(Row { inputs: inputs.to_vec(), away: f32::from(key) - f32::from(nearest) });
            }
        }
    }
    rows
}

/// The key that is sung at a moment, or led to.
fn meant(notes: &[KnownNote], time_s: f64) -> Option<u8> {
    let begun = notes.partition_point(|note| note.start_s <= time_s);
    let last = begun.checked_sub(1).map(|at| notes[at]);
    let next = notes.get(begun).filter(|next| next.start_s - time_s < BEFORE_S && last.is_none_or(|last| time_s > last.end_s));
    match (next, last) {
        (Some(next), _) => Some(next.key),
        (None, Some(last)) if time_s <= last.end_s + AFTER_S => Some(last.key),
        _ => None,
    }
}

/// A generator of numbers (SplitMix64).
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) >> 40) as f32 / (1u64 << 24) as f32
    }
}

/// One layer: weights in rows, one an input; its gradient, and Adam's two means of it, are as long.
struct Layer {
    outputs: usize,
    /// Rows, and the biases behind them.
    weights: Vec<f32>,
    gradient: Vec<f32>,
    means: [Vec<f32>; 2],
}

impl Layer {
    fn new(inputs: usize, outputs: usize, random: &mut Random) -> Self {
        let most = (6.0 / inputs as f32).sqrt();
        let mut weights: Vec<f32> = (0..inputs * outputs).map(|_| most * (2.0 * random.unit() - 1.0)).collect();
        weights.resize((inputs + 1) * outputs, 0.0);
        let none = vec![0.0; weights.len()];
        Self { outputs, gradient: none.clone(), means: [none.clone(), none], weights }
    }

    fn forward(&self, inputs: &[f32], is_last: bool) -> Vec<f32> {
        let (rows, biases) = self.weights.split_at(self.weights.len() - self.outputs);
        let mut sums = biases.to_vec();
        for (input, row) in inputs.iter().zip(rows.chunks_exact(self.outputs)).filter(|(input, _)| **input != 0.0) {
            sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += input * weight);
        }
        if !is_last {
            sums.iter_mut().for_each(|sum| *sum = sum.max(0.0));
        }
        sums
    }

    /// Adds to the gradient what `error` at its outputs says; the error at its inputs.
    fn backward(&mut self, inputs: &[f32], error: &[f32]) -> Vec<f32> {
        let (rows, biases) = self.gradient.split_at_mut(self.weights.len() - self.outputs);
        for (input, row) in inputs.iter().zip(rows.chunks_exact_mut(self.outputs)).filter(|(input, _)| **input != 0.0) {
            row.iter_mut().zip(error).for_each(|(sum, error)| *sum += input * error);
        }
        biases.iter_mut().zip(error).for_each(|(sum, error)| *sum += error);
        let dot = |row: &[f32]| row.iter().zip(error).map(|(weight, error)| weight * error).sum();
        self.weights.chunks_exact(self.outputs).take(inputs.len()).map(dot).collect()
    }

    fn step(&mut self, step: f32, time: i32) {
        let [first, second] = &mut self.means;
        let corrected = step * (1.0 - 0.999_f32.powi(time)).sqrt() / (1.0 - 0.9_f32.powi(time));
        for (((weight, gradient), first), second) in self.weights.iter_mut().zip(&mut self.gradient).zip(first).zip(second) {
            *first += 0.1 * (*gradient - *first);
            *second += 0.001 * (*gradient * *gradient - *second);
            *weight -= corrected * *first / (second.sqrt() + 1e-8);
            *gradient = 0.0;
        }
    }
}

fn learn(rows: &[Row]) -> [Layer; 3] {
    let mut random = Random(1);
    let inputs = rows[0].inputs.len();
    let sizes = [inputs, HIDDEN[0], HIDDEN[1], OUTPUTS];
    let mut layers = [0, 1, 2].map(|n| Layer::new(sizes[n], sizes[n + 1], &mut random));
    let mut time = 0;
    for epoch in 0..EPOCHS {
        let mut order: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].away != 0.0 || random.unit() < EASY).collect();
        for n in (1..order.len()).rev() {
            order.swap(n, (random.unit() * (n + 1) as f32) as usize % (n + 1));
        }
        let share = epoch as f32 / (EPOCHS - 1) as f32;
        let step = STEP[0] * (STEP[1] / STEP[0]).powf(share);
        let mut loss = 0.0;
        for batch in order.chunks(BATCH) {
            for at in batch {
                let row = &rows[*at];
                let mut heard = row.inputs.clone();
                // Tuned otherwise, another key may be nearest.
                let pitch = heard[0] + TUNED_ST * (2.0 * random.unit() - 1.0);
                heard[0] = pitch - pitch.round();
                let most = (OUTPUTS / 2) as f32;
                let wanted = ((row.away - pitch.round()).clamp(-most, most) + most) as usize;
                let first = layers[0].forward(&heard, false);
                let second = layers[1].forward(&first, false);
                let mut odds = layers[2].forward(&second, true);
                let greatest = odds.iter().copied().fold(f32::MIN, f32::max);
                odds.iter_mut().for_each(|x| *x = (*x - greatest).exp());
                let sum: f32 = odds.iter().sum();
                odds.iter_mut().for_each(|x| *x /= sum);
                loss -= f64::from(odds[wanted].max(1e-9).ln());
                odds[wanted] -= 1.0;
                odds.iter_mut().for_each(|x| *x /= batch.len() as f32);
                let mut error = layers[2].backward(&second, &odds);
                error.iter_mut().zip(&second).for_each(|(error, out)| *error *= f32::from(u8::from(*out > 0.0)));
                let mut error = layers[1].backward(&first, &error);
                error.iter_mut().zip(&first).for_each(|(error, out)| *error *= f32::from(u8::from(*out > 0.0)));
                layers[0].backward(&heard, &error);
            }
            time += 1;
            layers.iter_mut().for_each(|layer| layer.step(step, time));
        }
        eprintln!("epoch {epoch}: {:.4} of {} frames", loss / order.len() as f64, order.len());
    }
    layers
}

fn source(layers: &[Layer; 3]) -> String {
    let numbers = |row: &[f32]| row.iter().map(|x| format!("{x:.3}")).collect::<Vec<_>>().join(", ").replace("-0.000", "0.000");
    let mut text = format!(
        "//! Weights of the network in `network.rs`, as `examples/note_network.rs` finds them.\n\n\
         // That some come near well-known numbers means nothing.\n#![allow(clippy::approx_constant)]\n\n\
         use super::network::{{INPUTS, MOST_AWAY}};\n\n\
         /// Sums in the hidden layers.\npub const FIRST_HIDDEN: usize = {};\npub const SECOND_HIDDEN: usize = {};\n",
        HIDDEN[0], HIDDEN[1]
    );
    let shapes = [
        ("FIRST", "[[f32; FIRST_HIDDEN]; INPUTS]", "BIASES", "[f32; FIRST_HIDDEN]"),
        ("SECOND", "[[f32; SECOND_HIDDEN]; FIRST_HIDDEN]", "SECOND_BIASES", "[f32; SECOND_HIDDEN]"),
        ("THIRD", "[[f32; 2 * MOST_AWAY + 1]; SECOND_HIDDEN]", "OUTPUT_BIASES", "[f32; 2 * MOST_AWAY + 1]"),
    ];
    for (layer, (weights, shape, biases, of_biases)) in layers.iter().zip(shapes) {
        let mut rows: Vec<&[f32]> = layer.weights.chunks_exact(layer.outputs).collect();
        let last = rows.pop().expect("biases are behind the weights");
        let lines: String = rows.iter().map(|row| format!("    [{}],\n", numbers(row))).collect();
        text += &format!("\n#[rustfmt::skip]\npub static {weights}: {shape} = [\n{lines}];\n");
        text += &format!("\n#[rustfmt::skip]\npub static {biases}: {of_biases} = [{}];\n", numbers(last));
    }
    text
}
