//! Recordings in, one instrument out: trains the network of a model file on analysed recordings, in seconds, on any computer.
//!
//! The network learns frame by frame, from what the live tracker hears in a recording to the harmonics and noise measured at the same
//! instant; nothing is rendered while training, and there is no backpropagation through time, because the memory of an instrument is a
//! fixed linear recurrence. A frame's way: [`Split`] says what it is for, `hearing` makes it an input, `rows` pairs that with
//! its target, `batch` varies it, `mlp` answers, `levels` locks the answer to the loudness, `loss` compares, `adamw` corrects, and
//! `export` writes the result as the ONNX file that `syrinx_decoder` reads. [`evaluate`] renders it beside recordings that it never saw.
//!
//! The same takes, options and seed give the same file, to the byte, on the same kind of processor: one thread, one random sequence.
//!
//! # Why the gradient is written by hand
//!
//! The same job (16 x 96 rows, two hidden layers of 64, 132 answers, weighted L1, AdamW) in two frameworks and in this crate's `mlp`:
//!
//! | | CPU-ms a step | final loss | crates | clean build, CPU-s |
//! |---|---|---|---|---|
//! | candle 0.11 | 12 | 0.17 to 0.25 (it cannot be seeded) | 130 | 273 |
//! | burn 0.22, flex | 5.1 | 0.19 | 148 | 419 |
//! | plain slices, matrixmultiply | 2.5 | 0.18 | 3 | 3 |
//!
//! Measured by `cargo run --release --features candle --bin candle` (or `burn`, `plain`) in `compare/`, with `RAYON_NUM_THREADS=1` and
//! `time`, on two shared cores of a Xeon with AVX-512. With two threads on the busy machine candle took up to 124 ms a step, burn 8. A network of
//! this size is a hundred lines of gradient, checked against differences in its tests; a framework would be most of the build.
//!
//! # How near it comes
//!
//! Held-out pitches of one source each, in dB, by `cargo run --release -p syrinx-trainer --example try_train -- OUT.onnx FOLDER`. Played by the live
//! tracker, so what it is not yet sure of at the start of a note counts too. Training takes 2 s, a step of the file 30 µs.
//!
//! | lsd / mel / attack | instrument | mean spectrum | targets resynthesised |
//! |---|---|---|---|
//! | alto sax (Weresax) | 4.99 / 4.22 / 6.42 | 6.02 / 5.65 / 7.25 | 3.74 / 1.64 / 4.30 |
//! | violin (VSCO2) | 4.36 / 5.18 / 2.80 | 7.39 / 7.11 / 6.19 | 2.56 / 2.11 / 1.68 |
//! | trumpet (VSCO2, f and mf) | 4.07 / 4.21 / 4.79 | 5.46 / 6.18 / 7.52 | 3.01 / 1.67 / 3.38 |
//! | flute (VSCO2) | 4.46 / 4.92 / 5.85 | 4.84 / 5.82 / 6.08 | 3.37 / 2.10 / 3.78 |
//! | flute (Ixox) | 5.49 / 5.05 / 10.52 | 7.35 / 6.94 / 9.35 | 4.47 / 2.62 / 5.15 |
//!
//! # Use
//!
//! ```no_run
//! use syrinx_analysis::analyse_files;
//! use syrinx_trainer::{TrainOptions, train};
//! let files = [("notes/a4.wav".into(), "notes".to_string())];
//! let takes: Vec<_> = analyse_files(&files, |_| ()).into_iter().collect::<Result<_, _>>()?;
//! let trained = train(&takes, &TrainOptions::new("my-flute", "My flute"), &mut |p| println!("{} of {}", p.step, p.total))?;
//! std::fs::write("my-flute.onnx", trained.to_onnx(&trained.card))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod adamw;
mod batch;
mod evaluate;
mod export;
mod hearing;
mod levels;
mod loss;
mod mlp;
mod network;
mod random;
mod rows;
mod split;
mod statistics;
#[cfg(test)]
mod testing;
mod train;

pub use evaluate::{Evaluation, evaluate, render};
pub use split::{Part, Split, Stretch};
pub use train::{Progress, TrainError, TrainOptions, Trained, train};
