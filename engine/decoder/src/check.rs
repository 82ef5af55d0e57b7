//! What a model file must be before anything runs it. A model is read from strangers: sizes, ops, shapes and numbers are checked
//! here on the bare file, so that no tensor is computed, and no memory is taken, on a stranger's word. Never the audio thread.

use crate::{
    onnx::{AttributeProto, GraphProto, ModelProto, TensorProto, ValueInfoProto, data_type},
    plan,
};
use std::collections::HashSet;

/// Most weights in one model, of all its tensors together: what an audio thread can multiply within a block with ease (about 0.1 ms).
const MAX_WEIGHTS: usize = 1 << 19;
/// Most nodes in the graph. The factory instruments have about 30.
const MAX_NODES: usize = 512;
/// Longest state.
const MAX_STATE: usize = 1 << 12;
/// Largest integer, either way, in attributes and tensors: sizes and axes. The runtime loops over some of them.
const MAX_INTEGER: i64 = 1 << 16;
/// ONNX operator sets that were tried with the runtime.
const OPSETS: std::ops::RangeInclusive<i64> = 13..=22;

/// Shapes that the rest of the reader relies on.
pub struct Shapes {
    pub harmonics: usize,
    pub bands: usize,
    pub state: usize,
}

/// Checks the parsed file against the contract of `model.rs`; the sentence of an `Err` completes "… is not a Syrinx instrument: ".
pub fn check(proto: &ModelProto) -> Result<Shapes, String> {
    if proto.opset_import.iter().any(|o| !o.domain.is_empty() && o.domain != "ai.onnx") {
        return Err("it uses operators outside the standard ONNX set".into());
    }
    match proto.opset_import.first() {
        Some(o) if OPSETS.contains(&o.version) => {}
        Some(o) => {
            return Err(format!("it uses ONNX operator set {}, and {} to {} are read", o.version, OPSETS.start(), OPSETS.end()));
        }
        None => return Err("it names no ONNX operator set".into()),
    }
    let graph = proto.graph.as_ref().ok_or("it has no graph")?;
    if graph.node.len() > MAX_NODES {
        return Err(format!("its graph has {} nodes, and {MAX_NODES} are allowed", graph.node.len()));
    }
    let mut weights = 0;
    for tensor in &graph.initializer {
        weights += tensor_len(tensor)?;
    }
    for node in &graph.node {
        if !matches!(node.domain.as_str(), "" | "ai.onnx") || !plan::OPS.contains(&node.op_type.as_str()) {
            return Err(format!("it uses the operator {:?}, which instruments do not need", clip(&node.op_type)));
        }
        for attribute in &node.attribute {
            weights += attribute_len(attribute)?;
        }
    }
    if weights > MAX_WEIGHTS {
        return Err(format!("it has {weights} weights, and {MAX_WEIGHTS} are allowed"));
    }

    let [features, state] = interface(&graph.input, ["features", "state"], "input", graph)?;
    let [harmonics, bands, next] = interface(&graph.output, ["harmonics_db", "noise_db", "next_state"], "output", graph)?;
    no_computed_constants(graph)?;
    if features != 3 {
        return Err(format!("its input \"features\" has {features} numbers, and f0, confidence and loudness are 3"));
    }
    if state != next {
        return Err(format!("its state goes in with {state} numbers and comes out with {next}"));
    }
    if state == 0 || state > MAX_STATE {
        return Err(format!("its state has {state} numbers, and 1 to {MAX_STATE} are allowed"));
    }
    Ok(Shapes { harmonics, bands, state })
}

/// A name of the file's own, short enough for a sentence.
pub fn clip(name: &str) -> String {
    name.chars().take(40).collect()
}

/// Nodes fed by nothing but constants would be computed while loading, at sizes the file chooses; trained models have none.
fn no_computed_constants(graph: &GraphProto) -> Result<(), String> {
    let mut alive: HashSet<&str> = graph.input.iter().map(|i| i.name.as_str()).collect();
    for tensor in &graph.initializer {
        alive.remove(tensor.name.as_str());
    }
    for node in &graph.node {
        let fed = node.input.iter().any(|i| alive.contains(i.as_str()));
        if fed {
            alive.extend(node.output.iter().map(String::as_str));
        } else if node.op_type != "Constant" {
            return Err(format!("its node {:?} depends on no input", clip(&node.name)));
        }
    }
    Ok(())
}

/// Second dimensions of the inputs or outputs called `names`, which must be all there are, each `[1, n]` of 32-bit floats.
fn interface<const N: usize>(
    values: &[ValueInfoProto],
    names: [&str; N],
    what: &str,
    graph: &GraphProto,
) -> Result<[usize; N], String> {
    // Files of old writers list their weights among the inputs; those are not inputs to feed.
    let is_weight = |name: &str| graph.initializer.iter().any(|t| t.name == name);
    let real: Vec<_> = values.iter().filter(|v| !is_weight(&v.name)).collect();
    if let Some(extra) = real.iter().find(|v| !names.contains(&v.name.as_str())) {
        return Err(format!("it has an {what} {:?}, which Syrinx does not know", clip(&extra.name)));
    }
    let mut widths = [0; N];
    for (at, (width, name)) in widths.iter_mut().zip(names).enumerate() {
        let found = real.iter().position(|v| v.name == name).ok_or(format!("it has no {what} \"{name}\""))?;
        if found != at {
            return Err(format!("its {what}s are not in the order {}", names.join(", ")));
        }
        let value = real[found];
        *width = row_width(value).ok_or_else(|| format!("its {what} \"{name}\" is not a row of 32-bit floats, [1, n]"))?;
    }
    Ok(widths)
}

/// `n` where the value is declared as a row of 32-bit floats, `[1, n]`.
pub fn row_width(value: &ValueInfoProto) -> Option<usize> {
    let tensor = value.r#type.as_ref()?.tensor_type.as_ref()?;
    let dims = &tensor.shape.as_ref()?.dim;
    let size = |at: usize| dims.get(at)?.dim_value.and_then(|size| usize::try_from(size).ok());
    let row = tensor.elem_type == data_type::FLOAT && dims.len() == 2 && size(0) == Some(1);
    if row { size(1) } else { None }
}

fn attribute_len(attribute: &AttributeProto) -> Result<usize, String> {
    if !attribute.f.is_finite() || attribute.floats.iter().any(|f| !f.is_finite()) {
        return Err(format!("its attribute {:?} is not a finite number", clip(&attribute.name)));
    }
    if attribute.ints.iter().chain([&attribute.i]).any(|&i| !small(i) || i == i64::MAX) {
        return Err(format!("its attribute {:?} is not a size or an axis that a small network has", clip(&attribute.name)));
    }
    attribute.t.iter().chain(&attribute.tensors).map(tensor_len).sum()
}

/// Whether an integer is a plausible size or axis, or the one that writers put for "to the end".
fn small(i: i64) -> bool {
    (-MAX_INTEGER..=MAX_INTEGER).contains(&i) || i == i64::MAX
}

/// Number of elements, once the tensor is known to hold just what its shape says, inline, and only finite numbers.
fn tensor_len(tensor: &TensorProto) -> Result<usize, String> {
    let name = clip(&tensor.name);
    if tensor.data_location != 0 || !tensor.external_data.is_empty() {
        return Err(format!("its tensor {name:?} is kept in another file"));
    }
    let too_big = || format!("its tensor {name:?} claims more than {MAX_WEIGHTS} numbers");
    let mut len: usize = 1;
    for &dim in &tensor.dims {
        let dim = usize::try_from(dim).map_err(|_| format!("its tensor {name:?} has a negative size"))?;
        len = len.checked_mul(dim).filter(|&n| n <= MAX_WEIGHTS).ok_or_else(too_big)?;
    }
    let raw = &tensor.raw_data;
    let (width, listed) = match tensor.data_type {
        data_type::FLOAT => (4, tensor.float_data.len()),
        data_type::INT64 => (8, tensor.int64_data.len()),
        data_type::INT32 => (4, tensor.int32_data.len()),
        data_type::BOOL => (1, tensor.int32_data.len()),
        _ => return Err(format!("its tensor {name:?} is of another type than floats and integers")),
    };
    let held = if raw.is_empty() { listed } else { raw.len() / width };
    if held != len || !raw.len().is_multiple_of(width) || (!raw.is_empty() && listed != 0) {
        return Err(format!("its tensor {name:?} holds {held} numbers where its shape says {len}"));
    }
    let finite = tensor.data_type != data_type::FLOAT
        || (raw.chunks_exact(4).all(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]).is_finite())
            && tensor.float_data.iter().all(|f| f.is_finite()));
    if !finite {
        return Err(format!("its tensor {name:?} holds infinities or numbers that are none (NaN)"));
    }
    let integers = match tensor.data_type {
        data_type::INT64 => raw.chunks_exact(8).all(|b| small(i64::from_le_bytes(b.try_into().expect("eight bytes")))),
        data_type::INT32 => raw.chunks_exact(4).all(|b| small(i32::from_le_bytes(b.try_into().expect("four bytes")).into())),
        _ => true,
    };
    if !integers || tensor.int64_data.iter().any(|&i| !small(i)) || tensor.int32_data.iter().any(|&i| !small(i.into())) {
        return Err(format!("its tensor {name:?} holds integers that are no size or axis of a small network"));
    }
    Ok(len)
}
