//! The network as a list of sums that runs without allocating: what the audio thread calls 250 times a second. Made once from the
//! checked file, off the audio thread, and shared; it holds no memory of any stream.
//!
//! Why not the runtime itself: it allocates on every run, so it needs a thread of its own, and a thread needs time to wake. At these
//! sizes (some ten thousand weights) the sums take a few microseconds, less than the wake-up. The runtime stays the judge: a file is
//! taken only if both answer alike (`model.rs`), and the factory instruments are held against onnxruntime besides.
//!
//! Every value in a graph of the contract is a row, `[1, n]`. All rows lie in one arena, constants first, each result after
//! everything it is made of.

use crate::Model;
use crate::onnx::{AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto, data_type};
use std::collections::HashMap;

/// Most numbers of all rows together: bounds the time of one run, exponentials included, well under a millisecond.
const MAX_ARENA: usize = 1 << 15;

/// Most multiplications in one run: what an audio thread does within a block with ease (about 0.1 ms). The factory instruments need
/// some thirty thousand.
const MAX_PRODUCTS: usize = 1 << 19;

/// Operators that a model may use: those of small feed-forward networks, and of recurrent ones written out.
pub const OPS: &[&str] = &[
    "Abs",
    "Add",
    "Cast",
    "Clip",
    "Concat",
    "Constant",
    "Div",
    "Exp",
    "Floor",
    "GatherElements",
    "Gemm",
    "Identity",
    "LayerNormalization",
    "LeakyRelu",
    "Log",
    "MatMul",
    "Max",
    "Min",
    "Mul",
    "Neg",
    "Relu",
    "Sigmoid",
    "Slice",
    "Softplus",
    "Sqrt",
    "Sub",
    "Tanh",
];

/// Where a row lies in the arena.
#[derive(Clone, Copy, Debug)]
struct Span {
    at: usize,
    len: usize,
}

impl Span {
    fn of(self, arena: &[f32]) -> &[f32] {
        &arena[self.at..self.at + self.len]
    }
}

#[derive(Clone, Copy)]
enum Unary {
    Abs,
    Exp,
    Floor,
    LeakyRelu(f32),
    Log,
    Neg,
    Sigmoid,
    Softplus,
    Sqrt,
    Tanh,
    Trunc,
}

#[derive(Clone, Copy)]
enum Binary {
    Add,
    Div,
    Max,
    Min,
    Mul,
    Sub,
}

enum Step {
    Unary(Unary, Span, Span),
    /// Operands of one number are spread over the other's.
    Binary(Binary, Span, Span, Span),
    /// `out = x W + bias`; `W` has a row of `out.len` weights for each number of `x`.
    Sums {
        x: Span,
        weights: Vec<f32>,
        bias: Vec<f32>,
        out: Span,
    },
    /// Layer normalisation (Ba, Kiros & Hinton 2016) over the whole row.
    Norm {
        x: Span,
        scale: Vec<f32>,
        shift: Vec<f32>,
        epsilon: f32,
        out: Span,
    },
    Copy {
        from: Span,
        to: Span,
    },
    /// `out[i] = from[at[i]]`; places beyond the row's ends are its ends, those below zero count from the last.
    Gather {
        from: Span,
        at: Span,
        out: Span,
    },
}

/// What the network says of one frame: levels in dB relative to the loudness asked for.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Mean square of each harmonic, dB.
    pub harmonics_db: &'a [f32],
    /// Mean square of the noise within each band, dB.
    pub noise_db: &'a [f32],
}

impl Answer<'_> {
    /// Whether all of it is numbers.
    pub fn is_finite(&self) -> bool {
        self.harmonics_db.iter().chain(self.noise_db).all(|x| x.is_finite())
    }
}

/// Where networks are run, one after the other: nothing in it outlasts a run, so one does for all that a thread plays.
pub struct Arena(Vec<f32>);

impl Arena {
    /// With room for each of these models. Allocates.
    pub fn of<'a>(models: impl IntoIterator<Item = &'a Model>) -> Self {
        Self::with_room(models.into_iter().map(|model| model.plan.rows_len()).max().unwrap_or(0))
    }

    /// With room for plans of so many numbers.
    pub(crate) fn with_room(rows_len: usize) -> Self {
        Self(vec![0.0; rows_len])
    }
}

/// The network, ready to run.
pub struct Plan {
    steps: Vec<Step>,
    /// The arena before a run: constants in their places.
    blank: Vec<f32>,
    features: Span,
    state: Span,
    harmonics: Span,
    noise: Span,
    next: Span,
}

impl Plan {
    /// Numbers of all rows together.
    pub fn rows_len(&self) -> usize {
        self.blank.len()
    }

    /// Numbers of harmonics and of noise bands that a run answers with.
    pub fn answers(&self) -> (usize, usize) {
        (self.harmonics.len, self.noise.len)
    }

    /// Numbers of the state.
    pub fn state_len(&self) -> usize {
        self.state.len
    }

    /// Answers one frame in `arena`, from `features` and `state`; moves `state` on. Neither allocates
    /// nor panics for an arena with room for this plan's rows and a state of this plan.
    pub fn run<'a>(&self, arena: &'a mut Arena, features: [f32; 3], state: &mut [f32]) -> Answer<'a> {
        let arena = &mut arena.0[..self.blank.len()];
        arena.copy_from_slice(&self.blank);
        arena[self.features.at..][..3].copy_from_slice(&features);
        arena[self.state.at..][..self.state.len].copy_from_slice(state);
        for step in &self.steps {
            step.run(arena);
        }
        let next = self.next.of(arena);
        // One bad frame must not spoil all that follow.
        if next.iter().all(|x| x.is_finite()) {
            state.copy_from_slice(next);
        } else {
            state.fill(0.0);
        }
        let arena: &'a [f32] = arena;
        Answer { harmonics_db: self.harmonics.of(arena), noise_db: self.noise.of(arena) }
    }

    /// Makes the plan of a graph that has passed `check`; the sentence of an `Err` completes "… is not a Syrinx instrument: ".
    pub fn of(graph: &GraphProto) -> Result<Self, String> {
        let mut maker = Maker::default();
        for tensor in &graph.initializer {
            maker.constant(&tensor.name, tensor);
        }
        let width = |value: &ValueInfoProto| crate::check::row_width(value).ok_or("its inputs are not rows");
        let inputs: Vec<_> = graph.input.iter().filter(|i| !maker.constants.contains_key(&i.name)).collect();
        let [features, state] = inputs[..] else { return Err("it has not two inputs".into()) };
        // Constants used as operands come before everything computed, so they are placed on first sight of each node: the arena is
        // cut in two at every result, and what a result is made of must lie below it.
        let features = maker.declare(&features.name, width(features)?)?;
        let state = maker.declare(&state.name, width(state)?)?;
        for node in &graph.node {
            maker.node(node)?;
        }
        let mut output = |at: usize| -> Result<Span, String> {
            let name = graph.output.get(at).map(|o| o.name.clone()).unwrap_or_default();
            maker.row(&name)
        };
        let (harmonics, noise, next) = (output(0)?, output(1)?, output(2)?);
        if next.len != state.len || features.len != 3 {
            return Err("its state changes its length".into());
        }
        Ok(Self { steps: maker.steps, blank: maker.arena, features, state, harmonics, noise, next })
    }
}

impl Step {
    fn run(&self, arena: &mut [f32]) {
        match self {
            Self::Unary(op, x, out) => {
                let (below, out) = results(arena, *out);
                op.run(x.of(below), out);
            }
            Self::Binary(op, a, b, out) => {
                let (below, out) = results(arena, *out);
                op.run(a.of(below), b.of(below), out);
            }
            Self::Sums { x, weights, bias, out } => {
                let (below, out) = results(arena, *out);
                out.copy_from_slice(bias);
                for (x, row) in x.of(below).iter().zip(weights.chunks_exact(out.len())) {
                    for (sum, weight) in out.iter_mut().zip(row) {
                        *sum += x * weight;
                    }
                }
            }
            Self::Norm { x, scale, shift, epsilon, out } => {
                let (below, out) = results(arena, *out);
                let x = x.of(below);
                let len = x.len() as f32;
                let mean = x.iter().sum::<f32>() / len;
                let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / len;
                let gain = 1.0 / (variance + epsilon).sqrt();
                for (out, ((x, scale), shift)) in out.iter_mut().zip(x.iter().zip(scale).zip(shift)) {
                    *out = (x - mean) * gain * scale + shift;
                }
            }
            Self::Copy { from, to } => {
                let (below, out) = results(arena, *to);
                out.copy_from_slice(from.of(below));
            }
            Self::Gather { from, at, out } => {
                let (below, out) = results(arena, *out);
                let (from, at) = (from.of(below), at.of(below));
                for (o, at) in out.iter_mut().zip(at) {
                    let place = if *at < 0.0 { at + from.len() as f32 } else { *at };
                    // A place that is no number is the first.
                    *o = from[(place as usize).min(from.len() - 1)];
                }
            }
        }
    }
}

/// What lies below a result, to read, and the result, to write.
fn results(arena: &mut [f32], out: Span) -> (&[f32], &mut [f32]) {
    let (below, above) = arena.split_at_mut(out.at);
    (below, &mut above[..out.len])
}

impl Unary {
    fn run(self, x: &[f32], out: &mut [f32]) {
        // A loop for each operator, so that the processor takes several numbers at once.
        fn each(x: &[f32], out: &mut [f32], f: impl Fn(f32) -> f32) {
            out.iter_mut().zip(x).for_each(|(o, x)| *o = f(*x));
        }
        match self {
            Self::Abs => each(x, out, f32::abs),
            Self::Exp => each(x, out, f32::exp),
            Self::Floor => each(x, out, f32::floor),
            Self::LeakyRelu(alpha) => each(x, out, |x| if x < 0.0 { alpha * x } else { x }),
            Self::Log => each(x, out, f32::ln),
            Self::Neg => each(x, out, |x| -x),
            Self::Sigmoid => each(x, out, |x| 1.0 / (1.0 + (-x).exp())),
            // ln(1 + e^x), written so that a great x does not overflow.
            Self::Softplus => each(x, out, |x| x.max(0.0) + (-x.abs()).exp().ln_1p()),
            Self::Sqrt => each(x, out, f32::sqrt),
            Self::Tanh => each(x, out, f32::tanh),
            Self::Trunc => each(x, out, f32::trunc),
        }
    }
}

impl Binary {
    fn run(self, a: &[f32], b: &[f32], out: &mut [f32]) {
        fn each(a: &[f32], b: &[f32], out: &mut [f32], f: impl Fn(f32, f32) -> f32) {
            match (a, b) {
                ([a], _) => out.iter_mut().zip(b).for_each(|(o, b)| *o = f(*a, *b)),
                (_, [b]) => out.iter_mut().zip(a).for_each(|(o, a)| *o = f(*a, *b)),
                _ => out.iter_mut().zip(a).zip(b).for_each(|((o, a), b)| *o = f(*a, *b)),
            }
        }
        match self {
            Self::Add => each(a, b, out, |a, b| a + b),
            Self::Div => each(a, b, out, |a, b| a / b),
            Self::Max => each(a, b, out, f32::max),
            Self::Min => each(a, b, out, f32::min),
            Self::Mul => each(a, b, out, |a, b| a * b),
            Self::Sub => each(a, b, out, |a, b| a - b),
        }
    }
}

/// Constant tensors of the file, as floats; integers are sizes and axes, small enough to be exact.
struct Constant {
    dims: Vec<usize>,
    values: Vec<f32>,
}

#[derive(Default)]
struct Maker {
    constants: HashMap<String, Constant>,
    rows: HashMap<String, Span>,
    arena: Vec<f32>,
    steps: Vec<Step>,
    /// Multiplications of all steps.
    products: usize,
}

impl Maker {
    fn constant(&mut self, name: &str, tensor: &TensorProto) {
        let raw = &tensor.raw_data;
        let values = match tensor.data_type {
            data_type::FLOAT if raw.is_empty() => tensor.float_data.clone(),
            data_type::FLOAT => raw.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
            data_type::INT64 if raw.is_empty() => tensor.int64_data.iter().map(|&i| i as f32).collect(),
            data_type::INT64 => {
                raw.chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().expect("eight bytes")) as f32).collect()
            }
            _ => Vec::new(),
        };
        let dims = tensor.dims.iter().map(|&d| d as usize).collect();
        self.constants.insert(name.into(), Constant { dims, values });
    }

    fn declare(&mut self, name: &str, len: usize) -> Result<Span, String> {
        let row = Span { at: self.arena.len(), len };
        if len == 0 || row.at + len > MAX_ARENA {
            return Err(format!("its rows have more than {MAX_ARENA} numbers together"));
        }
        self.arena.resize(row.at + len, 0.0);
        if self.rows.insert(name.into(), row).is_some() {
            return Err(format!("two of its values are called {:?}", crate::check::clip(name)));
        }
        Ok(row)
    }

    /// The row called `name`; a constant gets its place in the arena when it is first asked for.
    fn row(&mut self, name: &str) -> Result<Span, String> {
        if let Some(row) = self.rows.get(name) {
            return Ok(*row);
        }
        let unknown = || format!("its network is malformed: {:?} is used before it is made", crate::check::clip(name));
        let constant = self.constants.get(name).ok_or_else(unknown)?;
        if constant.dims.iter().rev().skip(1).any(|&d| d != 1) {
            return Err(format!("its network is malformed: {:?} is not a row", crate::check::clip(name)));
        }
        let values = constant.values.clone();
        let row = self.declare(name, values.len())?;
        self.arena[row.at..].copy_from_slice(&values);
        Ok(row)
    }

    /// The numbers of the constant called `name`, which must be `len`.
    fn numbers(&self, name: &str, len: usize) -> Result<Vec<f32>, String> {
        let constant = self.constants.get(name).filter(|c| c.values.len() == len);
        Ok(constant.ok_or_else(|| malformed(name, "has not the size that its use needs"))?.values.clone())
    }

    /// The one number of a constant, where an operator takes a setting.
    fn number(&self, name: &str) -> Result<f32, String> {
        Ok(self.numbers(name, 1)?[0])
    }

    fn node(&mut self, node: &NodeProto) -> Result<(), String> {
        let inputs: Vec<&str> = node.input.iter().map(String::as_str).collect();
        let [output] = &node.output[..] else { return Err(malformed(&node.name, "has not one result")) };
        let input = |at: usize| inputs.get(at).copied().filter(|i| !i.is_empty());
        let need = |at: usize| input(at).ok_or_else(|| malformed(&node.name, "lacks an input"));
        let op = node.op_type.as_str();
        let unary = match op {
            "Abs" => Some(Unary::Abs),
            // To whole numbers, which are places; floats hold them exactly.
            "Cast" if int(node, "to", 0) == i64::from(data_type::INT64) => Some(Unary::Trunc),
            "Exp" => Some(Unary::Exp),
            "Floor" => Some(Unary::Floor),
            "LeakyRelu" => Some(Unary::LeakyRelu(float(node, "alpha", 0.01))),
            "Relu" => Some(Unary::LeakyRelu(0.0)),
            "Log" => Some(Unary::Log),
            "Neg" => Some(Unary::Neg),
            "Sigmoid" => Some(Unary::Sigmoid),
            "Softplus" => Some(Unary::Softplus),
            "Sqrt" => Some(Unary::Sqrt),
            "Tanh" => Some(Unary::Tanh),
            _ => None,
        };
        if let Some(unary) = unary {
            let x = self.row(need(0)?)?;
            let out = self.declare(output, x.len)?;
            self.steps.push(Step::Unary(unary, x, out));
            return Ok(());
        }
        let binary = match op {
            "Add" => Some(Binary::Add),
            "Div" => Some(Binary::Div),
            "Max" => Some(Binary::Max),
            "Min" => Some(Binary::Min),
            "Mul" => Some(Binary::Mul),
            "Sub" => Some(Binary::Sub),
            _ => None,
        };
        if let Some(binary) = binary {
            if inputs.len() != 2 {
                return Err(malformed(&node.name, "has not two inputs"));
            }
            let (a, b) = (self.row(need(0)?)?, self.row(need(1)?)?);
            if a.len != b.len && a.len != 1 && b.len != 1 {
                return Err(malformed(&node.name, "joins rows of different lengths"));
            }
            let out = self.declare(output, a.len.max(b.len))?;
            self.steps.push(Step::Binary(binary, a, b, out));
            return Ok(());
        }
        match op {
            "Constant" => {
                let tensor = attribute(node, "value").and_then(|a| a.t.as_ref());
                self.constant(output, tensor.ok_or_else(|| malformed(&node.name, "holds no tensor"))?);
            }
            "Identity" => {
                let from = self.row(need(0)?)?;
                let to = self.declare(output, from.len)?;
                self.steps.push(Step::Copy { from, to });
            }
            "Clip" => {
                let mut x = self.row(need(0)?)?;
                for (at, bound, name) in [(1, Binary::Max, "above"), (2, Binary::Min, "below")] {
                    if let Some(limit) = input(at) {
                        self.number(limit)?;
                        let limit = self.row(limit)?;
                        let out = self.declare(&format!("{output} {name}"), x.len)?;
                        self.steps.push(Step::Binary(bound, x, limit, out));
                        x = out;
                    }
                }
                let to = self.declare(output, x.len)?;
                self.steps.push(Step::Copy { from: x, to });
            }
            "Gemm" | "MatMul" => self.sums(node, need(0)?, need(1)?, input(2), output)?,
            "LayerNormalization" => {
                let x = self.row(need(0)?)?;
                along_row(node, -1)?;
                let scale = self.numbers(need(1)?, x.len)?;
                let shift = match input(2) {
                    Some(shift) => self.numbers(shift, x.len)?,
                    None => vec![0.0; x.len],
                };
                let out = self.declare(output, x.len)?;
                self.steps.push(Step::Norm { x, scale, shift, epsilon: float(node, "epsilon", 1e-5), out });
            }
            "Concat" => {
                along_row(node, 0)?;
                let parts = inputs.iter().map(|i| self.row(i)).collect::<Result<Vec<_>, _>>()?;
                let out = self.declare(output, parts.iter().map(|p| p.len).sum())?;
                let mut at = out.at;
                for from in parts {
                    self.steps.push(Step::Copy { from, to: Span { at, len: from.len } });
                    at += from.len;
                }
            }
            "GatherElements" => {
                along_row(node, 0)?;
                let (from, at) = (self.row(need(0)?)?, self.row(need(1)?)?);
                let out = self.declare(output, at.len)?;
                self.steps.push(Step::Gather { from, at, out });
            }
            "Slice" => {
                let x = self.row(need(0)?)?;
                let place = |value: f32| {
                    let from_end = if value < 0.0 { x.len as f32 + value } else { value };
                    from_end.clamp(0.0, x.len as f32) as usize
                };
                let (from, to) = (place(self.number(need(1)?)?), place(self.number(need(2)?)?));
                let axis = input(3).map_or(Ok(0.0), |a| self.number(a))?;
                let step = input(4).map_or(Ok(1.0), |s| self.number(s))?;
                if step != 1.0 || !(axis == 1.0 || axis == -1.0) || from >= to {
                    return Err(malformed(&node.name, "is not a part of a row"));
                }
                let out = self.declare(output, to - from)?;
                self.steps.push(Step::Copy { from: Span { at: x.at + from, len: to - from }, to: out });
            }
            _ => return Err(malformed(&node.name, "is of a kind that instruments do not need")),
        }
        Ok(())
    }

    /// `Gemm` and `MatMul` of a row with constant weights.
    fn sums(&mut self, node: &NodeProto, x: &str, weights: &str, bias: Option<&str>, output: &str) -> Result<(), String> {
        let x = self.row(x)?;
        let matrix = self.constants.get(weights).ok_or_else(|| malformed(weights, "is not a constant"))?;
        let [rows, columns] = matrix.dims[..] else { return Err(malformed(weights, "is not a matrix")) };
        let gemm = node.op_type == "Gemm";
        let transposed = gemm && int(node, "transB", 0) != 0;
        if gemm && int(node, "transA", 0) != 0 {
            return Err(malformed(&node.name, "turns its input"));
        }
        let (alpha, beta) = if gemm { (float(node, "alpha", 1.0), float(node, "beta", 1.0)) } else { (1.0, 1.0) };
        let (heard, answered) = if transposed { (columns, rows) } else { (rows, columns) };
        if heard != x.len || heard * answered != matrix.values.len() || answered == 0 {
            return Err(malformed(weights, "does not fit the row that it weighs"));
        }
        // Before the weights are copied: many products may share one tensor.
        self.products = self.products.saturating_add(heard * answered);
        if self.products > MAX_PRODUCTS {
            return Err(format!("one step of its network takes more than {MAX_PRODUCTS} multiplications"));
        }
        let at = |i: usize, o: usize| if transposed { o * heard + i } else { i * answered + o };
        let weights = (0..heard).flat_map(|i| (0..answered).map(move |o| (i, o))).map(|(i, o)| alpha * matrix.values[at(i, o)]);
        let weights: Vec<f32> = weights.collect();
        let bias = match bias {
            Some(name) => match self.number(name) {
                Ok(one) => vec![beta * one; answered],
                Err(_) => self.numbers(name, answered)?.iter().map(|b| beta * b).collect(),
            },
            None => vec![0.0; answered],
        };
        let out = self.declare(output, answered)?;
        self.steps.push(Step::Sums { x, weights, bias, out });
        Ok(())
    }
}

fn malformed(name: &str, why: &str) -> String {
    format!("its network is malformed: {:?} {why}", crate::check::clip(name))
}

/// Refuses an operator that works along another axis than the row; `default` is where it works if the file does not say.
fn along_row(node: &NodeProto, default: i64) -> Result<(), String> {
    let row = matches!(int(node, "axis", default), -1 | 1);
    if row { Ok(()) } else { Err(malformed(&node.name, "works along another axis than the row")) }
}

fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|a| a.name == name)
}

fn int(node: &NodeProto, name: &str, default: i64) -> i64 {
    attribute(node, name).map_or(default, |a| a.i)
}

fn float(node: &NodeProto, name: &str, default: f32) -> f32 {
    attribute(node, name).map_or(default, |a| a.f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{Dimension, ModelProto, OperatorSetIdProto, TensorShapeProto, TensorType, TypeProto, attribute_type};
    use prost::Message;
    use tract_onnx::prelude::*;

    fn tensor(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
        TensorProto {
            name: name.into(),
            dims: dims.to_vec(),
            data_type: data_type::FLOAT,
            float_data: values.to_vec(),
            ..TensorProto::default()
        }
    }

    fn index(name: &str, value: i64) -> TensorProto {
        TensorProto {
            name: name.into(),
            dims: vec![1],
            data_type: data_type::INT64,
            int64_data: vec![value],
            ..TensorProto::default()
        }
    }

    fn node(op: &str, input: &[&str], output: &str, attribute: Vec<AttributeProto>) -> NodeProto {
        NodeProto {
            op_type: op.into(),
            name: output.into(),
            input: input.iter().map(|&i| i.into()).collect(),
            output: vec![output.into()],
            attribute,
            ..NodeProto::default()
        }
    }

    fn value(name: &str, width: i64) -> ValueInfoProto {
        let dim = |n| Dimension { dim_value: Some(n) };
        let shape = TensorShapeProto { dim: vec![dim(1), dim(width)] };
        let tensor = TensorType { elem_type: data_type::FLOAT, shape: Some(shape) };
        ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type: Some(tensor) }) }
    }

    fn attr_i(name: &str, i: i64) -> AttributeProto {
        AttributeProto { name: name.into(), r#type: attribute_type::INT, i, ..AttributeProto::default() }
    }

    fn attr_f(name: &str, f: f32) -> AttributeProto {
        AttributeProto { name: name.into(), r#type: attribute_type::FLOAT, f, ..AttributeProto::default() }
    }

    /// A graph that uses every operator there is.
    fn everything() -> GraphProto {
        let weights: Vec<f32> = (0..15).map(|i| 0.1 * (i as f32 - 7.0)).collect();
        let constant = AttributeProto {
            name: "value".into(),
            r#type: attribute_type::TENSOR,
            t: Some(tensor("", &[1], &[0.25])),
            ..AttributeProto::default()
        };
        GraphProto {
            name: "everything".into(),
            input: vec![value("features", 3), value("state", 2)],
            output: vec![value("harmonics_db", 5), value("noise_db", 3), value("next_state", 2)],
            initializer: vec![
                tensor("w", &[5, 3], &weights),
                tensor("w_turned", &[5, 3], &weights),
                tensor("bias", &[3], &[0.1, -0.2, 0.3]),
                tensor("half", &[], &[0.5]),
                tensor("low", &[], &[-0.5]),
                tensor("scale", &[5], &[1.0, 1.1, 1.2, 1.3, 1.4]),
                tensor("shift", &[5], &[0.0, 0.1, 0.2, 0.3, 0.4]),
                tensor("weigh", &[1, 5], &[2.0, 1.0, 0.5, 0.25, 3.0]),
                index("i0", 0),
                index("i1", 1),
                index("i2", 2),
                index("minus2", -2),
                index("end", i64::MAX),
            ],
            node: vec![
                node("Constant", &[], "quarter", vec![constant]),
                node("Concat", &["features", "state"], "all", vec![attr_i("axis", 1)]),
                node("Abs", &["all"], "abs", vec![]),
                node("Add", &["abs", "quarter"], "positive", vec![]),
                node("Log", &["positive"], "log", vec![]),
                node("Sqrt", &["positive"], "sqrt", vec![]),
                node("Sub", &["log", "sqrt"], "sub", vec![]),
                node("Mul", &["sub", "weigh"], "mul", vec![]),
                node("Div", &["mul", "positive"], "div", vec![]),
                node("LayerNormalization", &["div", "scale", "shift"], "norm", vec![attr_i("axis", -1), attr_f("epsilon", 1e-4)]),
                node("LeakyRelu", &["norm"], "leaky", vec![attr_f("alpha", 0.2)]),
                node("Clip", &["leaky", "low", "half"], "clipped", vec![]),
                node("Tanh", &["leaky"], "tanh", vec![]),
                node("Exp", &["tanh"], "exp", vec![]),
                node("Neg", &["exp"], "neg", vec![]),
                node("Softplus", &["neg"], "softplus", vec![]),
                node("Max", &["softplus", "clipped"], "max", vec![]),
                node("Min", &["max", "half"], "min", vec![]),
                node("Gemm", &["min", "w", "bias"], "gemm", vec![attr_f("alpha", 0.7), attr_f("beta", 1.3)]),
                node("Relu", &["gemm"], "relu", vec![]),
                node("Sigmoid", &["relu"], "noise_db", vec![]),
                node("Gemm", &["noise_db", "w_turned"], "harmonics_raw", vec![attr_i("transB", 1)]),
                node("Floor", &["exp"], "floor", vec![]),
                node("Cast", &["floor"], "places", vec![attr_i("to", i64::from(data_type::INT64))]),
                node("GatherElements", &["positive", "places"], "gathered", vec![attr_i("axis", 1)]),
                node("Add", &["harmonics_raw", "gathered"], "harmonics_sum", vec![]),
                node("Identity", &["harmonics_sum"], "harmonics_db", vec![]),
                node("MatMul", &["max", "w"], "matmul", vec![]),
                node("Slice", &["matmul", "minus2", "end", "i1"], "tail", vec![]),
                node("Slice", &["state", "i0", "i2", "i1", "i1"], "whole", vec![]),
                node("Add", &["tail", "whole"], "next_sum", vec![]),
                node("Tanh", &["next_sum"], "next_state", vec![]),
            ],
        }
    }

    /// Every operator answers as the runtime's, along a stream with its state.
    #[test]
    fn answers_as_the_runtime() {
        let graph = everything();
        let used: std::collections::HashSet<&str> = graph.node.iter().map(|n| n.op_type.as_str()).collect();
        assert!(OPS.iter().all(|op| used.contains(op)), "the graph uses every operator that is allowed");
        let proto = ModelProto {
            ir_version: 8,
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 17 }],
            graph: Some(graph.clone()),
            ..ModelProto::default()
        };
        let bytes = proto.encode_to_vec();
        let runtime = tract_onnx::onnx().model_for_read(&mut bytes.as_slice()).unwrap();
        let runtime = runtime.into_optimized().unwrap().into_runnable().unwrap();
        let plan = Plan::of(&graph).unwrap();
        let mut arena = Arena(vec![f32::NAN; plan.rows_len() + 7]);
        let (mut ours, mut theirs) = ([0.0; 2], vec![0.0; 2]);
        for n in 0..50 {
            let features = [n as f32 * 0.3 - 4.0, (n as f32).sin(), 5.0 - n as f32];
            let row = |v: &[f32]| Tensor::from_shape(&[1, v.len()], v).unwrap();
            let out = runtime.run(tvec!(row(&features).into(), row(&theirs).into())).unwrap();
            let out: Vec<Vec<f32>> =
                out.iter().map(|t| t.try_as_plain_ram().unwrap().as_slice::<f32>().unwrap().to_vec()).collect();
            let Answer { harmonics_db, noise_db } = plan.run(&mut arena, features, &mut ours);
            for (a, b) in harmonics_db.iter().chain(noise_db).chain(&ours).zip(out.iter().flatten()) {
                assert!((a - b).abs() < 1e-5 * b.abs().max(1.0), "frame {n}: {a}, and the runtime says {b}");
            }
            theirs = out[2].clone();
        }
    }

    #[test]
    fn a_state_that_breaks_starts_anew() {
        let mut graph = everything();
        graph.node.last_mut().unwrap().op_type = "Log".into();
        let plan = Plan::of(&graph).unwrap();
        let mut state = [-50.0, -50.0];
        plan.run(&mut Arena(vec![0.0; plan.rows_len()]), [1.0; 3], &mut state);
        assert_eq!(state, [0.0; 2]);
    }

    #[test]
    fn graphs_that_do_not_fit_are_refused() {
        let refusal = |change: &dyn Fn(&mut GraphProto)| {
            let mut graph = everything();
            change(&mut graph);
            Plan::of(&graph).err().expect("it must be refused")
        };
        assert!(refusal(&|g| g.node[4].input[0] = "later".into()).contains("used before"));
        assert!(refusal(&|g| g.node.swap(2, 3)).contains("used before"));
        assert!(refusal(&|g| g.node[5].output[0] = "log".into()).contains("two of its values"));
        assert!(refusal(&|g| g.initializer[0].dims = vec![3, 5]).contains("does not fit"));
        assert!(refusal(&|g| g.node[1].attribute[0].i = 0).contains("another axis"));
        assert!(refusal(&|g| g.input[1] = value("state", 40_000)).contains("numbers together"));
        // Products that share their weights: little to read, much to do.
        let shared = refusal(&|g| {
            g.initializer.push(tensor("square", &[256, 256], &[0.0; 256 * 256]));
            g.initializer.push(tensor("row", &[1, 256], &[0.5; 256]));
            for n in 0..9 {
                let from = if n == 0 { "row".to_string() } else { format!("product{}", n - 1) };
                g.node.push(node("MatMul", &[&from, "square"], &format!("product{n}"), vec![]));
            }
        });
        assert!(shared.contains("multiplications"), "{shared}");
    }
}
