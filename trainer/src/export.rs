//! The trained network as a model file: the ONNX graph of the contract in `syrinx_decoder`, with its card. Any thread.
//!
//! The graph holds all that the trainer's own forward pass has (clamps, memory, network), so nothing outside it can get out of step.
//! It uses operators of set 17 that any runtime has, about twenty nodes: at this size each node costs as much as its sums.

use prost::Message;
use syrinx_analysis::HARMONICS;
use syrinx_decoder::{
    Card,
    onnx::{
        AttributeProto, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
        TensorType, TypeProto, ValueInfoProto, attribute_type, data_type,
    },
};

use crate::{
    envelope::{PER_HZ, POINTS, points_per_ln},
    input_features::{CONFIDENCE_INPUT, FEATURES, INPUTS, LN_HZ_MIDDLE, LN_HZ_PER_UNIT, PITCH_INPUT, STATE, UNVOICED_BELOW},
    mlp::{LEAK, NORM_EPSILON},
    network::Network,
    output_levels::OUTPUTS,
};

/// ONNX operator set written: the first with LayerNormalization.
const OPSET: i64 = 17;
/// ONNX file version that goes with it.
const IR_VERSION: i64 = 8;
/// How fast harmonics vanish when confidence falls below [`UNVOICED_BELOW`], dB per 1 of confidence ...
const GATE_SLOPE_DB: f32 = 2_000.0;
/// ... and how far, dB.
const GATE_DEPTH_DB: f32 = 100.0;

impl Network {
    /// The bytes of a model file with this network and card.
    pub fn to_onnx(&self, card: &Card) -> Vec<u8> {
        ModelProto {
            ir_version: IR_VERSION,
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
            producer_name: "syrinx".into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            doc_string: "A Syrinx instrument.".into(),
            graph: Some(self.graph()),
            metadata_props: vec![card.to_metadata()],
        }
        .encode_to_vec()
    }

    fn graph(&self) -> GraphProto {
        let hidden = self.mlp.shape().hidden;
        let places = self.mlp.shape().places();
        let w = &self.mlp.weights;
        let hearing = &self.hearing;
        // The map to the network's input gets one more column: the gate that silences harmonics where there is no voice.
        let heard = INPUTS + 1;
        let mut to_input = Vec::with_capacity((STATE + FEATURES) * heard);
        for (from, row) in hearing.to_input.chunks_exact(INPUTS).enumerate() {
            to_input.extend_from_slice(row);
            to_input.push(if from == STATE + CONFIDENCE_INPUT { GATE_SLOPE_DB } else { 0.0 });
        }
        let with = |values: &[f32], gate: f32| [values, &[gate]].concat();
        // The first layer does not hear the gate.
        let w1 = [&w[places.w1.clone()], &vec![0.0; hidden][..]].concat();
        let scaled: Vec<f32> = w[places.w3.clone()].iter().map(|v| v * self.output_unit).collect();
        // Only what is above an envelope has a middle of its own.
        let middle = self.output_middle.iter().copied().chain(std::iter::repeat(0.0));
        let offset: Vec<f32> = w[places.b3.clone()].iter().zip(middle).map(|(v, middle)| middle + v * self.output_unit).collect();
        let outputs = self.mlp.shape().outputs;
        let columns = |from: usize, to: usize| -> Vec<f32> {
            scaled.chunks_exact(outputs).flat_map(|row| row[from..to].iter().copied()).collect()
        };

        let mut g = Builder::default();
        let row = |g: &mut Builder, name: &str, values: &[f32]| g.floats(name, &[1, values.len()], values);
        let vector = |g: &mut Builder, name: &str, values: &[f32]| g.floats(name, &[values.len()], values);
        row(&mut g, "feature_low", &hearing.feature_low);
        row(&mut g, "feature_high", &hearing.feature_high);
        g.floats("to_state", &[STATE + FEATURES, STATE], &hearing.to_state);
        vector(&mut g, "state_offset", &hearing.state_offset);
        g.floats("to_input", &[STATE + FEATURES, heard], &to_input);
        vector(&mut g, "input_offset", &with(&hearing.input_offset, -GATE_SLOPE_DB * UNVOICED_BELOW));
        row(&mut g, "input_low", &with(&hearing.input_low, -GATE_DEPTH_DB));
        row(&mut g, "input_high", &with(&hearing.input_high, 0.0));
        g.floats("w1", &[heard, hidden], &w1);
        g.floats("w2", &[hidden, hidden], &w[places.w2.clone()]);
        for (name, place) in [
            ("b1", &places.b1),
            ("scale1", &places.scale1),
            ("shift1", &places.shift1),
            ("b2", &places.b2),
            ("scale2", &places.scale2),
            ("shift2", &places.shift2),
        ] {
            vector(&mut g, name, &w[place.clone()]);
        }
        g.floats("w_harmonics", &[hidden, HARMONICS], &columns(0, HARMONICS));
        vector(&mut g, "b_harmonics", &offset[..HARMONICS]);
        g.floats("w_noise", &[hidden, OUTPUTS - HARMONICS], &columns(HARMONICS, OUTPUTS));
        vector(&mut g, "b_noise", &offset[HARMONICS..OUTPUTS]);
        for (name, value) in [("zero", 0), ("one", 1), ("features_end", FEATURES), ("gate", INPUTS), ("gate_end", INPUTS + 1)] {
            g.index(name, value);
        }

        g.node("Max", &["features", "feature_low"], "not_too_low", vec![]);
        g.node("Min", &["not_too_low", "feature_high"], "clamped", vec![]);
        g.node("Slice", &["clamped", "zero", "one", "one"], "f0", vec![]);
        g.node("Log", &["f0"], "ln_f0", vec![]);
        g.node("Slice", &["clamped", "one", "features_end", "one"], "others", vec![]);
        g.node("Concat", &["state", "ln_f0", "others"], "all", vec![int("axis", 1)]);
        g.node("Gemm", &["all", "to_state", "state_offset"], "next_state", vec![]);
        g.node("Gemm", &["all", "to_input", "input_offset"], "mapped", vec![]);
        g.node("Max", &["mapped", "input_low"], "mapped_low", vec![]);
        g.node("Min", &["mapped_low", "input_high"], "heard", vec![]);
        for (n, from) in [("1", "heard"), ("2", "active1")] {
            let name = |what: &str| format!("{what}{n}");
            g.node("Gemm", &[from, &name("w"), &name("b")], &name("sum"), vec![]);
            let norm = vec![int("axis", -1), float("epsilon", NORM_EPSILON)];
            g.node("LayerNormalization", &[&name("sum"), &name("scale"), &name("shift")], &name("normed"), norm);
            g.node("LeakyRelu", &[&name("normed")], &name("active"), vec![float("alpha", LEAK)]);
        }
        if outputs == OUTPUTS {
            g.node("Gemm", &["active2", "w_harmonics", "b_harmonics"], "harmonics_ungated", vec![]);
        } else {
            g.node("Gemm", &["active2", "w_harmonics", "b_harmonics"], "harmonics_own", vec![]);
            g.floats("w_envelope", &[hidden, POINTS], &columns(OUTPUTS, outputs));
            vector(&mut g, "b_envelope", &offset[OUTPUTS..]);
            g.node("Gemm", &["active2", "w_envelope", "b_envelope"], "envelope", vec![]);
            g.envelope(self.own_harmonics);
        }
        g.node("Slice", &["heard", "gate", "gate_end", "one"], "gate_db", vec![]);
        g.node("Add", &["harmonics_ungated", "gate_db"], "harmonics_db", vec![]);
        g.node("Gemm", &["active2", "w_noise", "b_noise"], "noise_db", vec![]);

        GraphProto {
            name: "instrument".into(),
            node: g.nodes,
            initializer: g.tensors,
            input: vec![value("features", FEATURES), value("state", STATE)],
            output: vec![value("harmonics_db", HARMONICS), value("noise_db", OUTPUTS - HARMONICS), value("next_state", STATE)],
        }
    }
}

#[derive(Default)]
struct Builder {
    nodes: Vec<NodeProto>,
    tensors: Vec<TensorProto>,
}

impl Builder {
    fn floats(&mut self, name: &str, dims: &[usize], values: &[f32]) {
        debug_assert_eq!(dims.iter().product::<usize>(), values.len());
        self.tensors.push(TensorProto {
            name: name.into(),
            dims: dims.iter().map(|&d| d as i64).collect(),
            data_type: data_type::FLOAT,
            raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            ..TensorProto::default()
        });
    }

    /// Adds the envelope to the harmonics above the first `own` where they lie, as [`crate::envelope::read`] does.
    fn envelope(&mut self, own: usize) {
        // What one Hz of f0 adds to each harmonic's place on the scale, before its logarithm.
        let bend: Vec<f32> = (own + 1..=HARMONICS).map(|k| PER_HZ * k as f32).collect();
        self.floats("bend_per_hz", &[1, bend.len()], &bend);
        for (name, value) in [
            ("ln_hz_per_unit", LN_HZ_PER_UNIT),
            ("ln_hz_middle", LN_HZ_MIDDLE),
            ("one_float", 1.0),
            ("points_per_ln", points_per_ln()),
            ("last", (POINTS - 1) as f32),
            ("last_but_one", (POINTS - 2) as f32),
        ] {
            self.floats(name, &[1, 1], &[value]);
        }
        for (name, value) in [("pitch", PITCH_INPUT), ("pitch_end", PITCH_INPUT + 1), ("envelope_end", POINTS)] {
            self.index(name, value);
        }
        self.node("Slice", &["heard", "pitch", "pitch_end", "one"], "pitch_input", vec![]);
        self.node("Mul", &["pitch_input", "ln_hz_per_unit"], "ln_ratio", vec![]);
        self.node("Add", &["ln_ratio", "ln_hz_middle"], "ln_f0_heard", vec![]);
        self.node("Exp", &["ln_f0_heard"], "f0_heard", vec![]);
        self.node("Mul", &["bend_per_hz", "f0_heard"], "bent", vec![]);
        self.node("Add", &["bent", "one_float"], "bent_one", vec![]);
        self.node("Log", &["bent_one"], "erb", vec![]);
        self.node("Mul", &["erb", "points_per_ln"], "place_open", vec![]);
        self.node("Min", &["place_open", "last"], "place", vec![]);
        self.node("Floor", &["place"], "point_open", vec![]);
        self.node("Min", &["point_open", "last_but_one"], "point", vec![]);
        self.node("Sub", &["place", "point"], "share", vec![]);
        self.node("Cast", &["point"], "point_number", vec![int("to", data_type::INT64.into())]);
        self.node("GatherElements", &["envelope", "point_number"], "below", vec![int("axis", 1)]);
        self.node("Slice", &["envelope", "one", "envelope_end", "one"], "envelope_above", vec![]);
        self.node("GatherElements", &["envelope_above", "point_number"], "above", vec![int("axis", 1)]);
        self.node("Sub", &["above", "below"], "rise", vec![]);
        self.node("Mul", &["rise", "share"], "risen", vec![]);
        self.node("Add", &["below", "risen"], "read", vec![]);
        if own == 0 {
            self.node("Add", &["harmonics_own", "read"], "harmonics_ungated", vec![]);
            return;
        }
        self.index("own_end", own);
        self.index("harmonics_end", HARMONICS);
        self.node("Slice", &["harmonics_own", "zero", "own_end", "one"], "lowest", vec![]);
        self.node("Slice", &["harmonics_own", "own_end", "harmonics_end", "one"], "higher_own", vec![]);
        self.node("Add", &["higher_own", "read"], "higher", vec![]);
        self.node("Concat", &["lowest", "higher"], "harmonics_ungated", vec![int("axis", 1)]);
    }

    /// A list of one integer, as Slice takes its bounds and axes.
    fn index(&mut self, name: &str, value: usize) {
        self.tensors.push(TensorProto {
            name: name.into(),
            dims: vec![1],
            data_type: data_type::INT64,
            raw_data: (value as i64).to_le_bytes().to_vec(),
            ..TensorProto::default()
        });
    }

    fn node(&mut self, op: &str, input: &[&str], output: &str, attribute: Vec<AttributeProto>) {
        self.nodes.push(NodeProto {
            input: input.iter().map(|&s| s.into()).collect(),
            output: vec![output.into()],
            name: output.into(),
            op_type: op.into(),
            attribute,
            ..NodeProto::default()
        });
    }
}

fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: attribute_type::INT, i, ..AttributeProto::default() }
}

fn float(name: &str, f: f32) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: attribute_type::FLOAT, f, ..AttributeProto::default() }
}

/// A row of `len` floats among the graph's inputs or outputs.
fn value(name: &str, len: usize) -> ValueInfoProto {
    let dimension = |n: usize| Dimension { dim_value: Some(n as i64) };
    let shape = TensorShapeProto { dim: vec![dimension(1), dimension(len)] };
    let tensor = TensorType { elem_type: data_type::FLOAT, shape: Some(shape) };
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type: Some(tensor) }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        envelope,
        input_features::Hearing,
        mlp::{Mlp, Shape},
        random::Random,
        testing,
    };
    use syrinx_tracker::Features;
    use tract_onnx::prelude::*;

    /// With an envelope for the harmonics above the first so many, or without one.
    fn network(random: &mut Random, envelope: Option<usize>) -> Network {
        let outputs = envelope::width(envelope.is_some());
        let mut mlp = Mlp::new(Shape { inputs: INPUTS, hidden: 64, outputs }, || random.uniform());
        mlp.weights.iter_mut().for_each(|w| *w += random.between(-0.1, 0.1));
        Network {
            hearing: Hearing::new([100.0, 1000.0], [-60.0, -5.0]),
            mlp,
            own_harmonics: envelope.unwrap_or(envelope::OWN),
            output_middle: (0..OUTPUTS).map(|i| -0.3 * i as f32).collect(),
            output_unit: 10.0,
        }
    }

    /// The file, run by tract, answers as the trainer's own forward pass, along a stream with its state.
    #[test]
    fn the_file_answers_as_the_trained_network() {
        for envelope in [None, Some(envelope::OWN), Some(0)] {
            the_file_answers(envelope);
        }
    }

    fn the_file_answers(envelope: Option<usize>) {
        let mut random = Random::new(2);
        let network = network(&mut random, envelope);
        let bytes = network.to_onnx(&testing::card());
        let plan = tract_onnx::onnx()
            .model_for_read(&mut std::io::Cursor::new(&bytes))
            .unwrap()
            .into_optimized()
            .unwrap()
            .into_runnable()
            .unwrap();
        let mut theirs: Vec<f32> = vec![0.0; STATE];
        let mut ours = [0.0; STATE];
        for frame in 0..500 {
            let features = Features {
                frame,
                f0_hz: if frame % 50 == 0 { 0.0 } else { random.between(60.0, 1500.0) },
                confidence: random.uniform(),
                loudness_db: random.between(-120.0, 0.0),
            };
            let row = |values: &[f32]| Tensor::from_shape(&[1, values.len()], values).unwrap();
            let input = row(&[features.f0_hz, features.confidence, features.loudness_db]);
            let out = plan.run(tvec!(input.into(), row(&theirs).into())).unwrap();
            let out: Vec<Vec<f32>> =
                out.iter().map(|t| t.try_as_plain_ram().unwrap().as_slice::<f32>().unwrap().to_vec()).collect();
            let heard = network.hearing.step(&mut ours, &features);
            let answers = network.answers(&heard);
            let voiced = features.confidence >= UNVOICED_BELOW;
            for i in 0..OUTPUTS {
                let wanted = answers[i];
                let got = if i < HARMONICS { out[0][i] } else { out[1][i - HARMONICS] };
                if i >= HARMONICS || voiced {
                    // Relative: levels in dB reach a hundred, where f32 itself has steps of 1e-5. Places in an envelope go through a logarithm.
                    let within = if envelope.is_some() { 1e-3 } else { 1e-4 };
                    assert!((got - wanted).abs() < within * wanted.abs().max(1.0), "frame {frame}, output {i}: {got} {wanted}");
                } else if features.confidence < UNVOICED_BELOW - GATE_DEPTH_DB / GATE_SLOPE_DB {
                    assert!((got - (wanted - GATE_DEPTH_DB)).abs() < 1e-2);
                }
            }
            for (a, b) in ours.iter().zip(&out[2]) {
                assert!((a - b).abs() < 1e-4 * a.abs().max(1.0), "state {a} {b}");
            }
            theirs.copy_from_slice(&out[2]);
        }
    }

    #[test]
    fn the_reader_takes_it() {
        let card = testing::card();
        for envelope in [None, Some(envelope::OWN), Some(0)] {
            let bytes = network(&mut Random::new(1), envelope).to_onnx(&card);
            let model = syrinx_judge::from_bytes(&bytes).unwrap();
            assert_eq!(model.card(), &card);
            assert!(bytes.len() < 100_000, "{} bytes", bytes.len());
        }
    }
}
