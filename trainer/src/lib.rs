//! Recordings in, one instrument out: trains the network of a model file on analysed recordings, in seconds, on any computer.
//!
//! The network learns frame by frame, from what the live tracker hears in a recording to the harmonics and noise measured at the same
//! instant; nothing is rendered while training, and there is no backpropagation through time, because the memory of an instrument is a
//! fixed linear recurrence. A frame's way: [`Split`] says what it is for, `input_features` makes it an input, `dataset` pairs that with its target,
//! `batch` varies it (as `formants` says the instrument would), `mlp` answers, `output_levels` locks the answer to the loudness, `loss` compares,
//! `learner` corrects, and `export` writes the result as the ONNX file that `syrinx_decoder` reads. [`evaluate`] renders it beside recordings
//! that it never saw.
//!
//! The same takes, options and seed give the same file, to the byte, on the same kind of processor: each training is one thread and one
//! random sequence.
//!
//! # Why burn
//!
//! The same job (16 x 96 rows, two hidden layers of 64, 132 answers, weighted L1, AdamW) in two deep-learning crates, and for the scale of
//! things with a gradient written by hand:
//!
//! | | CPU-ms a step | final loss | crates | clean build, CPU-s |
//! |---|---|---|---|---|
//! | candle 0.11 | 12 | 0.17 to 0.25 (its CPU device cannot be seeded) | 130 | 273 |
//! | **burn 0.22, flex** | 5.1 | 0.19 | 148 | 419 |
//! | by hand, matrixmultiply | 2.5 | 0.18 | 3 | 3 |
//!
//! Measured by `cargo run --release --features candle --bin candle` (or `burn`) in `compare/`, and by hand with the code that the trainer had
//! before it was given burn; with `RAYON_NUM_THREADS=1` and `time`, on two shared cores of a Xeon with AVX-512. With two threads on a busy
//! machine candle took up to 124 ms a step, burn 8. Burn is faster, keeps its pace beside other work, computes in a fixed order, and brings
//! layer norm with its gradient, AdamW and clipping, which in candle are ours to write. By hand is faster still, but a training takes seconds
//! either way, and what comes next (recurrence, spectral losses) is not to be differentiated by hand.
//!
//! # Use
//!
//! ```no_run
//! use syrinx_analysis::Workers;
//! use syrinx_trainer::{Job, TrainOptions};
//! let files = [("notes/a4.wav".into(), "notes".to_string()), ("notes/b4.wav".into(), "notes".to_string())];
//! // Another thread may call `workers.cancel()`.
//! let workers = Workers::all();
//! let job = Job { workers: &workers, tell: &|p| println!("{:?}: {} of {}", p.stage, p.done, p.total), early: None };
//! let learned = job.learn(&files, &TrainOptions::new("my-flute", "My flute"))?;
//! std::fs::write("my-flute.onnx", learned.bytes)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod dataset;
mod decay;
mod dynamics;
mod envelope;
mod evaluate;
mod export;
mod expression;
mod formants;
mod held_out;
mod input_features;
mod job;
mod learner;
mod life;
mod loss;
mod mlp;
mod network;
mod output_levels;
mod performance;
mod random;
mod realism;
mod room;
mod second_take;
mod split;
mod statistics;
#[cfg(test)]
mod testing;
mod train;

pub use evaluate::{Evaluation, evaluate, render};
pub use expression::{Brightness, brightness};
pub use held_out::HeldOut;
pub use job::{Job, JobError, JobProgress, Learned, Stage};
pub use performance::{HeardNote, heard_notes};
pub use realism::{Realism, notes};
pub use second_take::compare_takes;
pub use split::{Part, Split, Stretch};
pub use statistics::quantile;
pub use train::{Progress, TrainError, TrainOptions, Trained, Twin, Twins, id_of, measure_on, train, train_on};
