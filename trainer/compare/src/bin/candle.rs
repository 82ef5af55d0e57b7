//! The job in candle, layer norm from primitive operations (the fused one has no backward pass). Main thread.

#[path = "../task.rs"]
mod task;

use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::{AdamW, Init, Optimizer, ParamsAdamW, VarMap};
use task::{HIDDEN, INPUTS, OUTPUTS, ROWS};

struct Layer {
    w: Tensor,
    b: Tensor,
}

fn layer(vars: &VarMap, name: &str, rows: usize, columns: usize, device: &Device) -> Result<Layer> {
    let bound = 1.0 / (rows as f64).sqrt();
    let init = Init::Uniform { lo: -bound, up: bound };
    Ok(Layer {
        w: vars.get((rows, columns), &format!("{name}.w"), init, DType::F32, device)?,
        b: vars.get(columns, &format!("{name}.b"), init, DType::F32, device)?,
    })
}

fn linear(x: &Tensor, l: &Layer) -> Result<Tensor> {
    x.matmul(&l.w)?.broadcast_add(&l.b)
}

fn norm(x: &Tensor, l: &Layer) -> Result<Tensor> {
    let x = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let deviation = (x.sqr()?.mean_keepdim(D::Minus1)? + 1e-5)?.sqrt()?;
    x.broadcast_div(&deviation)?.broadcast_mul(&l.w)?.broadcast_add(&l.b)
}

fn leaky(x: &Tensor) -> Result<Tensor> {
    x.maximum(&(x * 0.01)?)
}

fn main() -> Result<()> {
    let device = Device::Cpu;
    let vars = VarMap::new();
    let l1 = layer(&vars, "l1", INPUTS, HIDDEN, &device)?;
    let l2 = layer(&vars, "l2", HIDDEN, HIDDEN, &device)?;
    let l3 = layer(&vars, "l3", HIDDEN, OUTPUTS, &device)?;
    let n = |name: &str| -> Result<Layer> {
        Ok(Layer {
            w: vars.get(HIDDEN, &format!("{name}.w"), Init::Const(1.0), DType::F32, &device)?,
            b: vars.get(HIDDEN, &format!("{name}.b"), Init::Const(0.0), DType::F32, &device)?,
        })
    };
    let (n1, n2) = (n("n1")?, n("n2")?);
    let all: Vec<Var> = vars.all_vars();
    let mut optimiser =
        AdamW::new(all, ParamsAdamW { lr: 3e-3, beta1: 0.9, beta2: 0.98, weight_decay: 0.02, ..Default::default() })?;
    let mut step = |x: &[f32], y: &[f32], w: &[f32]| -> Result<f32> {
        let x = Tensor::from_slice(x, (ROWS, INPUTS), &device)?;
        let y = Tensor::from_slice(y, (ROWS, OUTPUTS), &device)?;
        let w = Tensor::from_slice(w, (ROWS, OUTPUTS), &device)?;
        let h = leaky(&norm(&linear(&x, &l1)?, &n1)?)?;
        let h = leaky(&norm(&linear(&h, &l2)?, &n2)?)?;
        let loss = ((linear(&h, &l3)? - y)?.abs()? * w)?.mean_all()?;
        optimiser.backward_step(&loss)?;
        loss.to_scalar::<f32>()
    };
    task::run("candle 0.11", |x, y, w| step(x, y, w).expect("shapes are fixed"));
    Ok(())
}
