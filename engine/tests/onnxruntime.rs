//! Any ONNX runtime plays a Syrinx model: every factory instrument answers alike in onnxruntime and here.
//!
//! Needs a Python with onnxruntime, named by `SYRINX_PYTHON`; `cargo xtask test` makes one and runs this.

use serde_json::{Value, json};
use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};
use syrinx_decoder::Network;

/// A sung phrase in features: silence, an attack, a glide with vibrato, a consonant, a loud high note, silence.
fn phrase() -> Vec<[f32; 3]> {
    (0..300)
        .map(|n| {
            let t = n as f32 / 250.0;
            match n {
                0..20 => [0.0, 0.0, -120.0],
                20..150 => [220.0 * (0.8 * t + 0.02 * (34.0 * t).sin()).exp2(), 0.97, -45.0 + (n - 20).min(60) as f32 * 0.4],
                150..180 => [300.0, 0.05, -38.0],
                180..270 => [1200.0, 0.99, -12.0],
                _ => [1200.0, 0.1, -100.0],
            }
        })
        .collect()
}

#[test]
#[ignore = "needs a Python with onnxruntime: cargo xtask test brings one"]
fn factory_instruments_answer_alike_in_onnxruntime() {
    let python = std::env::var("SYRINX_PYTHON").expect("SYRINX_PYTHON names a Python with onnxruntime");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for id in syrinx_models::ids() {
        let mut child = Command::new(&python)
            .arg(root.join("tests/onnxruntime_answers.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let job = json!({"model": root.join(format!("models/{id}.onnx")), "features": phrase()});
        child.stdin.take().unwrap().write_all(job.to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{id}: onnxruntime refused the model");
        let theirs: Value = serde_json::from_slice(&output.stdout).unwrap();

        let mut network = Network::new(syrinx_models::load(id).unwrap());
        let mut worst = 0.0_f64;
        for (row, features) in theirs.as_array().unwrap().iter().zip(phrase()) {
            let ours = network.run(features);
            let ours: Vec<f32> = ours.harmonics_db.iter().chain(ours.noise_db).copied().collect();
            let theirs = row.as_array().unwrap();
            assert_eq!(ours.len(), theirs.len());
            for (a, b) in ours.iter().zip(theirs) {
                worst = worst.max((f64::from(*a) - b.as_f64().unwrap()).abs());
            }
        }
        // Sums of 96 terms in another order, in 32 bits.
        assert!(worst < 2e-4, "{id}: answers differ by up to {worst} dB");
    }
}
