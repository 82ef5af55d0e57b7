//! The trained part of an instrument: a small multi-layer perceptron with its backward pass, on plain slices. The training thread.
//!
//! Two hidden layers, each linear, layer norm (Ba, Kiros, Hinton 2016) and leaky ReLU, then a linear layer. All weights lie in one
//! slice, so that optimiser, averaging and clipping are loops over numbers. The gradient is written out by hand, because at this size
//! a framework's bookkeeping costs more than the sums (numbers in the crate's documentation), and is checked against differences.
//! Everything runs on the calling thread in a fixed order: equal input, equal result, to the bit.

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

/// The network: its sizes and its weights.
#[derive(Clone, Debug)]
pub struct Mlp {
    shape: Shape,
    places: Places,
    /// All weights, where [`Shape::places`] says.
    pub weights: Vec<f32>,
}

/// What one pass over a batch leaves behind for the backward pass. Made once, used for every step.
#[derive(Debug, Default)]
pub struct Pass {
    layers: [Normed; 2],
    outputs: Vec<f32>,
    slope: Vec<f32>,
    below: Vec<f32>,
}

/// One hidden layer after a forward pass.
#[derive(Debug, Default)]
struct Normed {
    /// Normalised, before scale and shift.
    unit: Vec<f32>,
    /// 1 / standard deviation, per row.
    steepness: Vec<f32>,
    /// After the leaky ReLU.
    active: Vec<f32>,
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
        weights[places.scale1.clone()].fill(1.0);
        weights[places.scale2.clone()].fill(1.0);
        weights[places.shift1.clone()].fill(0.0);
        weights[places.shift2.clone()].fill(0.0);
        Self { shape, places, weights }
    }

    /// Its sizes.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Answers `x` (rows of `inputs`); the answer (rows of `outputs`) stays in `pass`.
    ///
    /// # Panics
    /// When `x` is not made of whole rows.
    pub fn forward<'a>(&self, x: &[f32], pass: &'a mut Pass) -> &'a [f32] {
        let Shape { inputs, hidden, outputs } = self.shape;
        assert!(x.len().is_multiple_of(inputs), "whole rows");
        let rows = x.len() / inputs;
        let p = &self.places;
        let w = &self.weights;
        let [first, second] = &mut pass.layers;
        affine(x, &w[p.w1.clone()], &w[p.b1.clone()], rows, inputs, hidden, &mut first.unit);
        first.finish(&w[p.scale1.clone()], &w[p.shift1.clone()]);
        affine(&first.active, &w[p.w2.clone()], &w[p.b2.clone()], rows, hidden, hidden, &mut second.unit);
        second.finish(&w[p.scale2.clone()], &w[p.shift2.clone()]);
        affine(&second.active, &w[p.w3.clone()], &w[p.b3.clone()], rows, hidden, outputs, &mut pass.outputs);
        &pass.outputs
    }

    /// Gradient of the weights (written over `gradient`) for the gradient `d_outputs` of the answer that `pass` holds for `x`.
    ///
    /// # Panics
    /// When the lengths do not fit the pass.
    pub fn backward(&self, x: &[f32], pass: &mut Pass, d_outputs: &[f32], gradient: &mut [f32]) {
        let Shape { inputs, hidden, outputs } = self.shape;
        let rows = x.len() / inputs;
        assert_eq!(d_outputs.len(), rows * outputs, "one gradient an output");
        assert_eq!(gradient.len(), self.weights.len(), "one gradient a weight");
        let p = &self.places;
        let w = &self.weights;
        let [first, second] = &pass.layers;
        let (slope, below) = (&mut pass.slope, &mut pass.below);

        transposed_times(&second.active, d_outputs, rows, hidden, outputs, &mut gradient[p.w3.clone()]);
        column_sums(d_outputs, &mut gradient[p.b3.clone()]);
        times_transposed(d_outputs, &w[p.w3.clone()], rows, outputs, hidden, slope);

        second.backward(slope, &w[p.scale2.clone()], gradient, &p.scale2, &p.shift2);
        transposed_times(&first.active, slope, rows, hidden, hidden, &mut gradient[p.w2.clone()]);
        column_sums(slope, &mut gradient[p.b2.clone()]);
        times_transposed(slope, &w[p.w2.clone()], rows, hidden, hidden, below);

        first.backward(below, &w[p.scale1.clone()], gradient, &p.scale1, &p.shift1);
        transposed_times(x, below, rows, inputs, hidden, &mut gradient[p.w1.clone()]);
        column_sums(below, &mut gradient[p.b1.clone()]);
    }
}

impl Normed {
    /// From the linear layer's sums in `unit`: normalise, scale, shift, bend.
    fn finish(&mut self, scale: &[f32], shift: &[f32]) {
        let width = scale.len();
        self.steepness.clear();
        self.active.resize(self.unit.len(), 0.0);
        for (row, active) in self.unit.chunks_exact_mut(width).zip(self.active.chunks_exact_mut(width)) {
            let mean = row.iter().sum::<f32>() / width as f32;
            let variance = row.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / width as f32;
            let steepness = 1.0 / (variance + NORM_EPSILON).sqrt();
            self.steepness.push(steepness);
            for i in 0..width {
                row[i] = (row[i] - mean) * steepness;
                let v = row[i] * scale[i] + shift[i];
                active[i] = v.max(LEAK * v);
            }
        }
    }

    /// Turns `slope` (gradient of `active`) into the gradient of the linear layer's sums; writes those of scale and shift.
    fn backward(&self, slope: &mut [f32], scale: &[f32], gradient: &mut [f32], to_scale: &Range<usize>, to_shift: &Range<usize>) {
        let width = scale.len();
        let mut d_scale = vec![0.0; width];
        let mut d_shift = vec![0.0; width];
        let rows = slope.chunks_exact_mut(width).zip(self.active.chunks_exact(width)).zip(self.unit.chunks_exact(width));
        for (((slope, active), unit), steepness) in rows.zip(&self.steepness) {
            let (mut mean, mut along) = (0.0, 0.0);
            for i in 0..width {
                // The leaky ReLU keeps the sign, so what came out tells which side it was on.
                let d = if active[i] < 0.0 { LEAK * slope[i] } else { slope[i] };
                d_shift[i] += d;
                d_scale[i] += d * unit[i];
                slope[i] = d * scale[i];
                mean += slope[i];
                along += slope[i] * unit[i];
            }
            mean /= width as f32;
            along /= width as f32;
            for i in 0..width {
                slope[i] = steepness * (slope[i] - mean - unit[i] * along);
            }
        }
        gradient[to_scale.clone()].copy_from_slice(&d_scale);
        gradient[to_shift.clone()].copy_from_slice(&d_shift);
    }
}

/// `out[rows, to] = x[rows, from] * w[from, to] + b[to]`
fn affine(x: &[f32], w: &[f32], b: &[f32], rows: usize, from: usize, to: usize, out: &mut Vec<f32>) {
    out.clear();
    for _ in 0..rows {
        out.extend_from_slice(b);
    }
    multiply([rows, from, to], (x, from, 1), (w, to, 1), 1.0, out);
}

/// `out[a, b] = x[rows, a]^T * y[rows, b]`
fn transposed_times(x: &[f32], y: &[f32], rows: usize, a: usize, b: usize, out: &mut [f32]) {
    multiply([a, rows, b], (x, 1, a), (y, b, 1), 0.0, out);
}

/// `out[rows, to] = x[rows, from] * w[to, from]^T`
fn times_transposed(x: &[f32], w: &[f32], rows: usize, from: usize, to: usize, out: &mut Vec<f32>) {
    out.resize(rows * to, 0.0);
    multiply([rows, from, to], (x, from, 1), (w, 1, from), 0.0, out);
}

/// `c[m, n] = a[m, k] * b[k, n] + beta * c`; `a` and `b` come with their row and column strides.
fn multiply([m, k, n]: [usize; 3], a: (&[f32], usize, usize), b: (&[f32], usize, usize), beta: f32, c: &mut [f32]) {
    let last = |(_, row, column): (&[f32], usize, usize), rows: usize, columns: usize| (rows - 1) * row + (columns - 1) * column;
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    assert!(last(a, m, k) < a.0.len() && last(b, k, n) < b.0.len() && c.len() == m * n, "sizes fit");
    // SAFETY: the assertion above: the last element of each matrix lies within its slice, and strides are not negative.
    unsafe {
        matrixmultiply::sgemm(
            m,
            k,
            n,
            1.0,
            a.0.as_ptr(),
            a.1 as isize,
            a.2 as isize,
            b.0.as_ptr(),
            b.1 as isize,
            b.2 as isize,
            beta,
            c.as_mut_ptr(),
            n as isize,
            1,
        );
    }
}

fn column_sums(x: &[f32], out: &mut [f32]) {
    out.fill(0.0);
    for row in x.chunks_exact(out.len()) {
        for (sum, v) in out.iter_mut().zip(row) {
            *sum += v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cheap, odd-sized and smooth enough that differences of f32 tell something.
    const SHAPE: Shape = Shape { inputs: 3, hidden: 10, outputs: 5 };

    fn numbers(seed: u64) -> impl FnMut() -> f32 {
        let mut state = seed;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 24) as f32
        }
    }

    #[test]
    fn the_gradient_is_that_of_differences() {
        let mut random = numbers(3);
        let mut mlp = Mlp::new(SHAPE, &mut random);
        let x: Vec<f32> = (0..7 * SHAPE.inputs).map(|_| 2.0 * random() - 1.0).collect();
        let direction: Vec<f32> = (0..7 * SHAPE.outputs).map(|_| 2.0 * random() - 1.0).collect();
        let mut pass = Pass::default();
        let value = |mlp: &Mlp, pass: &mut Pass| -> f64 {
            mlp.forward(&x, pass).iter().zip(&direction).map(|(a, b)| f64::from(a * b)).sum()
        };
        let here = value(&mlp, &mut pass);
        let mut gradient = vec![0.0; SHAPE.len()];
        mlp.backward(&x, &mut pass, &direction, &mut gradient);
        const STEP: f32 = 1e-3;
        for i in 0..mlp.weights.len() {
            let was = mlp.weights[i];
            let mut side = |step: f32| {
                mlp.weights[i] = was + step;
                ((value(&mlp, &mut pass) - here) / f64::from(step)) as f32
            };
            let sides = [side(STEP), side(-STEP)];
            mlp.weights[i] = was;
            // One side will do: on the other there may be a bend of the leaky ReLU.
            let fits = sides.iter().any(|d| (d - gradient[i]).abs() < 0.01 + 0.01 * d.abs());
            assert!(fits, "weight {i}: {sides:?} {}", gradient[i]);
        }
    }

    #[test]
    fn rows_do_not_see_each_other() {
        let mut random = numbers(5);
        let mlp = Mlp::new(SHAPE, &mut random);
        let x: Vec<f32> = (0..4 * SHAPE.inputs).map(|_| random()).collect();
        let mut pass = Pass::default();
        let all = mlp.forward(&x, &mut pass).to_vec();
        for (row, x) in x.chunks_exact(SHAPE.inputs).enumerate() {
            let one = mlp.forward(x, &mut pass);
            for (a, b) in one.iter().zip(&all[row * SHAPE.outputs..]) {
                assert!((a - b).abs() < 1e-6);
            }
        }
    }
}
