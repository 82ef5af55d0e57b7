//! The job in burn, on its CPU backend. Main thread.

#[path = "../task.rs"]
mod task;

use burn::module::Module;
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::activation::leaky_relu;
use burn::tensor::{Device, Tensor, TensorData};
use task::{HIDDEN, INPUTS, OUTPUTS, ROWS};

#[derive(Module, Debug)]
struct Network {
    l1: Linear,
    n1: LayerNorm,
    l2: Linear,
    n2: LayerNorm,
    l3: Linear,
}

impl Network {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let h = leaky_relu(self.n1.forward(self.l1.forward(x)), 0.01);
        let h = leaky_relu(self.n2.forward(self.l2.forward(h)), 0.01);
        self.l3.forward(h)
    }
}

fn main() {
    let device = Device::flex().autodiff();
    device.seed(1);
    let mut network = Some(Network {
        l1: LinearConfig::new(INPUTS, HIDDEN).init(&device),
        n1: LayerNormConfig::new(HIDDEN).init(&device),
        l2: LinearConfig::new(HIDDEN, HIDDEN).init(&device),
        n2: LayerNormConfig::new(HIDDEN).init(&device),
        l3: LinearConfig::new(HIDDEN, OUTPUTS).init(&device),
    });
    let mut optimiser = AdamWConfig::new().with_beta_1(0.9).with_beta_2(0.98).with_weight_decay(0.02).init();
    task::run("burn 0.22", |x, y, w| {
        let model = network.take().expect("put back each step");
        let x = Tensor::<2>::from_data(TensorData::new(x.to_vec(), [ROWS, INPUTS]), &device);
        let y = Tensor::<2>::from_data(TensorData::new(y.to_vec(), [ROWS, OUTPUTS]), &device);
        let w = Tensor::<2>::from_data(TensorData::new(w.to_vec(), [ROWS, OUTPUTS]), &device);
        let loss = ((model.forward(x) - y).abs() * w).mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        network = Some(optimiser.step(3e-3, model, gradients));
        loss.into_scalar::<f32>()
    });
}
