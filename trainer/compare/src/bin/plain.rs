//! The job in the trainer's own code: a backward pass written by hand over plain slices. Main thread.

#[path = "../../../src/adamw.rs"]
#[allow(dead_code)]
mod adamw;
#[path = "../../../src/mlp.rs"]
#[allow(dead_code)]
mod mlp;
#[path = "../task.rs"]
mod task;

use task::{HIDDEN, INPUTS, OUTPUTS};

fn main() {
    let mut random = task::Random(7);
    let shape = mlp::Shape { inputs: INPUTS, hidden: HIDDEN, outputs: OUTPUTS };
    let mut network = mlp::Mlp::new(shape, || random.uniform());
    let mut pass = mlp::Pass::default();
    let mut optimiser = adamw::AdamW::new(shape.len());
    let mut gradient = vec![0.0; shape.len()];
    let mut slope = Vec::new();
    task::run("plain slices, matrixmultiply", |x, y, w| {
        let answer = network.forward(x, &mut pass);
        let scale = 1.0 / answer.len() as f32;
        let mut loss = 0f64;
        slope.clear();
        for ((a, y), w) in answer.iter().zip(y).zip(w) {
            loss += f64::from(w * (a - y).abs());
            slope.push(scale * w * (a - y).signum());
        }
        network.backward(x, &mut pass, &slope, &mut gradient);
        optimiser.step(&mut network.weights, &gradient, 3e-3, 0.02);
        loss as f32 * scale
    });
}
