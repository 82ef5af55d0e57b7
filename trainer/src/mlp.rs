//! The trained part of an instrument: a small multi-layer perceptron, its weights, and its answers. The training thread.
//!
//! Two hidden layers, each linear, layer norm (Ba, Kiros, Hinton 2016) and leaky ReLU, then a linear layer, run by burn. At rest all
//! weights lie in one slice, so that averaging, keeping the best and the model file need no framework. Burn's CPU backend computes in a
//! fixed order: equal input, equal result, to the bit.

use burn::{
    module::{Module, ModuleMapper, Param},
    nn::{LayerNorm, LayerNormConfig, Linear},
    tensor::{Device, Tensor, TensorData, activation::leaky_relu},
};
use std::ops::Range;

/// Slope of the leaky ReLU below zero; the default of ONNX's LeakyRelu.
pub const LEAK: f32 = 0.01;
/// Added to the variance in layer norm; the default of ONNX's LayerNormalization.
pub const NORM_EPSILON: f32 = 1e-5;

/// Sizes of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Numbers in a row of input.
    pub inputs: usize,
    /// Width of both hidden layers.
    pub hidden: usize,
    /// Numbers in a row of output.
    pub outputs: usize,
}

/// Where a layer's weights lie in the slice of all: matrices are `[from, to]`, row by row.
#[derive(Clone, Debug)]
pub struct Places {
    /// `[inputs, hidden]`
    pub w1: Range<usize>,
    /// `[hidden]`, as are the next two.
    pub b1: Range<usize>,
    /// Scale of the first layer norm.
    pub scale1: Range<usize>,
    /// Offset of the first layer norm.
    pub shift1: Range<usize>,
    /// `[hidden, hidden]`
    pub w2: Range<usize>,
    /// `[hidden]`, as are the next two.
    pub b2: Range<usize>,
    /// Scale of the second layer norm.
    pub scale2: Range<usize>,
    /// Offset of the second layer norm.
    pub shift2: Range<usize>,
    /// `[hidden, outputs]`
    pub w3: Range<usize>,
    /// `[outputs]`
    pub b3: Range<usize>,
}

impl Shape {
    /// Where each layer's weights lie.
    pub fn places(self) -> Places {
        let mut at = 0;
        let mut next = |len: usize| {
            at += len;
            at - len..at
        };
        let Shape { inputs, hidden, outputs } = self;
        Places {
            w1: next(inputs * hidden),
            b1: next(hidden),
            scale1: next(hidden),
            shift1: next(hidden),
            w2: next(hidden * hidden),
            b2: next(hidden),
            scale2: next(hidden),
            shift2: next(hidden),
            w3: next(hidden * outputs),
            b3: next(outputs),
        }
    }

    /// Number of weights.
    pub fn len(self) -> usize {
        self.places().b3.end
    }
}

/// The network at rest: its sizes and its weights.
#[derive(Clone, Debug)]
pub struct Mlp {
    shape: Shape,
    /// All weights, where [`Shape::places`] says.
    pub weights: Vec<f32>,
}

impl Mlp {
    /// A network with weights drawn by `uniform` (0..1): He-uniform with gain 1/sqrt 3, as usual for such layers.
    pub fn new(shape: Shape, mut uniform: impl FnMut() -> f32) -> Self {
        let places = shape.places();
        let mut weights = vec![0.0; shape.len()];
        for (matrix, bias, from) in [
            (&places.w1, &places.b1, shape.inputs),
            (&places.w2, &places.b2, shape.hidden),
            (&places.w3, &places.b3, shape.hidden),
        ] {
            let bound = 1.0 / (from as f32).sqrt();
            weights[matrix.start..bias.end].fill_with(|| bound * (2.0 * uniform() - 1.0));
        }
        weights[places.scale1].fill(1.0);
        weights[places.scale2].fill(1.0);
        weights[places.shift1].fill(0.0);
        weights[places.shift2].fill(0.0);
        Self { shape, weights }
    }

    /// Its sizes.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Answers `x`, rows of `inputs`; rows of `outputs`.
    ///
    /// # Panics
    /// When `x` is not made of whole rows.
    pub fn answers(&self, x: &[f32], device: &Device) -> Tensor<2> {
        Layers::new(self, device).forward(matrix(x, self.shape.inputs, device))
    }
}

/// The network as burn runs and changes it.
#[derive(Module, Debug)]
pub struct Layers {
    l1: Linear,
    n1: LayerNorm,
    l2: Linear,
    n2: LayerNorm,
    l3: Linear,
}

impl Layers {
    /// The network `mlp` on `device`.
    pub fn new(mlp: &Mlp, device: &Device) -> Self {
        let Shape { inputs, hidden, outputs } = mlp.shape;
        let (p, w) = (mlp.shape.places(), &mlp.weights);
        let vector = |place: &Range<usize>| Param::from_data(TensorData::new(w[place.clone()].to_vec(), [place.len()]), device);
        let linear = |matrix: &Range<usize>, bias: &Range<usize>, from: usize, to: usize| Linear {
            weight: Param::from_data(TensorData::new(w[matrix.clone()].to_vec(), [from, to]), device),
            bias: Some(vector(bias)),
        };
        let norm = |scale: &Range<usize>, shift: &Range<usize>| {
            let mut norm = LayerNormConfig::new(hidden).with_epsilon(f64::from(NORM_EPSILON)).init(device);
            norm.gamma = vector(scale);
            norm.beta = Some(vector(shift));
            norm
        };
        Self {
            l1: linear(&p.w1, &p.b1, inputs, hidden),
            n1: norm(&p.scale1, &p.shift1),
            l2: linear(&p.w2, &p.b2, hidden, hidden),
            n2: norm(&p.scale2, &p.shift2),
            l3: linear(&p.w3, &p.b3, hidden, outputs),
        }
    }

    /// Answers rows of input.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let h = leaky_relu(self.n1.forward(self.l1.forward(x)), f64::from(LEAK));
        let h = leaky_relu(self.n2.forward(self.l2.forward(h)), f64::from(LEAK));
        self.l3.forward(h)
    }

    /// The network with all weights `kept` times what they are, but those that hear the inputs `spared`.
    pub fn shrunk(mut self, kept: f32, spared: Range<usize>) -> Self {
        let [inputs, _] = self.l1.weight.dims();
        let of_input: Vec<f32> = (0..inputs).map(|input| if spared.contains(&input) { 1.0 } else { kept }).collect();
        let first = scaled(self.l1.weight.clone(), |weights| {
            let of_input = matrix(&of_input, 1, &weights.device());
            weights * of_input
        });
        self = self.map(&mut Shrinking { kept });
        self.l1.weight = first;
        self
    }

    /// All weights, in the order of [`Places`].
    pub fn weights(&self) -> Vec<f32> {
        let bias = |l: &Linear| l.bias.as_ref().map(|b| numbers(b.val())).unwrap_or_default();
        let shift = |n: &LayerNorm| n.beta.as_ref().map(|b| numbers(b.val())).unwrap_or_default();
        [
            numbers(self.l1.weight.val()),
            bias(&self.l1),
            numbers(self.n1.gamma.val()),
            shift(&self.n1),
            numbers(self.l2.weight.val()),
            bias(&self.l2),
            numbers(self.n2.gamma.val()),
            shift(&self.n2),
            numbers(self.l3.weight.val()),
            bias(&self.l3),
        ]
        .concat()
    }
}

/// Takes every weight `kept` times.
struct Shrinking {
    kept: f32,
}

impl ModuleMapper for Shrinking {
    fn map_float<const D: usize>(&mut self, weights: Param<Tensor<D>>) -> Param<Tensor<D>> {
        scaled(weights, |weights| weights * self.kept)
    }
}

/// The same weights to the optimiser, changed apart from the gradient.
fn scaled<const D: usize>(weights: Param<Tensor<D>>, change: impl FnOnce(Tensor<D>) -> Tensor<D>) -> Param<Tensor<D>> {
    let (id, tensor, mapper) = weights.consume();
    Param::from_mapped_value(id, Tensor::from_inner(change(tensor.inner())).require_grad(), mapper)
}

/// Rows of `width` numbers as a tensor.
///
/// # Panics
/// When `x` is not made of whole rows.
pub fn matrix(x: &[f32], width: usize, device: &Device) -> Tensor<2> {
    assert!(x.len().is_multiple_of(width), "whole rows");
    Tensor::from_data(TensorData::new(x.to_vec(), [x.len() / width, width]), device)
}

/// The numbers of a tensor, row by row.
pub fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec::<f32>().expect("tensors of this crate hold f32")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { inputs: 3, hidden: 10, outputs: 5 };

    fn random(seed: u64) -> impl FnMut() -> f32 {
        let mut random = crate::random::Random::new(seed);
        move || random.uniform()
    }

    #[test]
    fn weights_come_back_from_the_framework_in_their_places() {
        let mlp = Mlp::new(SHAPE, random(3));
        let device = Device::flex().autodiff();
        assert_eq!(Layers::new(&mlp, &device).weights(), mlp.weights);
    }

    #[test]
    fn all_shrink_but_what_hears_the_spared_inputs() {
        let mlp = Mlp::new(SHAPE, random(4));
        let shrunk = Layers::new(&mlp, &Device::flex().autodiff()).shrunk(0.5, 1..2).weights();
        let spared = SHAPE.hidden..2 * SHAPE.hidden;
        for (i, (now, before)) in shrunk.iter().zip(&mlp.weights).enumerate() {
            let kept = if spared.contains(&i) { 1.0 } else { 0.5 };
            assert_eq!(*now, kept * before, "{i}");
        }
    }

    #[test]
    fn answers_are_the_layers_in_order() {
        let mlp = Mlp::new(SHAPE, random(5));
        let x = [0.3, -0.7, 0.9, -0.2, 0.1, 0.5];
        let (p, w) = (SHAPE.places(), &mlp.weights);
        let mut expected = Vec::new();
        for row in x.chunks_exact(3) {
            let linear = |x: &[f32], m: &Range<usize>, b: &Range<usize>| -> Vec<f32> {
                let to = b.len();
                (0..to)
                    .map(|o| w[b.start + o] + x.iter().enumerate().map(|(i, v)| v * w[m.start + i * to + o]).sum::<f32>())
                    .collect()
            };
            let norm = |x: Vec<f32>, scale: &Range<usize>, shift: &Range<usize>| -> Vec<f32> {
                let mean = x.iter().sum::<f32>() / x.len() as f32;
                let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / x.len() as f32;
                let bent = |i: usize| {
                    let v = (x[i] - mean) / (variance + NORM_EPSILON).sqrt() * w[scale.start + i] + w[shift.start + i];
                    if v < 0.0 { LEAK * v } else { v }
                };
                (0..x.len()).map(bent).collect()
            };
            let h = norm(linear(row, &p.w1, &p.b1), &p.scale1, &p.shift1);
            let h = norm(linear(&h, &p.w2, &p.b2), &p.scale2, &p.shift2);
            expected.extend(linear(&h, &p.w3, &p.b3));
        }
        for (a, b) in numbers(mlp.answers(&x, &Device::flex())).iter().zip(&expected) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }
}
