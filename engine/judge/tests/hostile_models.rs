//! Model files from strangers: every way to be wrong gets one clear sentence, in bounded time and memory.

use prost::Message;
use std::{f32::consts::TAU, sync::Arc};
use syrinx_decoder::{
    Model, ModelError,
    onnx::{ModelProto, TensorProto, data_type},
};
use syrinx_engine::{Engine, EngineConfig};
use syrinx_testkit::in_long_form;

fn violin() -> ModelProto {
    ModelProto::decode(syrinx_models::bytes("violin").unwrap()).unwrap()
}

/// The sentence with which the changed violin is refused.
fn refusal(change: impl FnOnce(&mut ModelProto)) -> String {
    let mut proto = violin();
    change(&mut proto);
    sentence(&proto.encode_to_vec())
}

fn sentence(bytes: &[u8]) -> String {
    match syrinx_judge::from_bytes(bytes) {
        Ok(_) => panic!("it was taken for an instrument"),
        Err(e @ ModelError::NotAnInstrument(_)) => {
            let text = e.to_string();
            assert!(!text.contains('\n') && text.len() < 400, "not one sentence: {text}");
            text
        }
        Err(e) => panic!("{e}"),
    }
}

fn weights(proto: &mut ModelProto) -> &mut TensorProto {
    let graph = proto.graph.as_mut().unwrap();
    graph.initializer.iter_mut().filter(|t| t.data_type == data_type::FLOAT).max_by_key(|t| t.raw_data.len()).unwrap()
}

fn card(proto: &mut ModelProto, from: &str, to: &str) {
    let entry = proto.metadata_props.iter_mut().find(|p| p.key == "syrinx.card").unwrap();
    assert!(entry.value.contains(from), "{from} is not in {}", entry.value);
    entry.value = entry.value.replacen(from, to, 1);
}

#[test]
fn every_factory_instrument_is_taken() {
    for id in syrinx_models::ids() {
        let model = syrinx_judge::from_bytes(syrinx_models::bytes(id).unwrap()).unwrap_or_else(|e| panic!("{id}: {e}"));
        assert_eq!(model.card().id, id);
    }
    assert_eq!(syrinx_judge::from_bytes(&violin().encode_to_vec()).unwrap().card().id, "violin");
}

#[test]
fn what_a_card_says_cannot_reach_a_terminal_as_orders() {
    let mut proto = violin();
    card(&mut proto, "\"name\":\"Violin", "\"name\":\"\\u001b]0;owned\\u0007\\u009b2J\\u202eViolin");
    let model = syrinx_judge::from_bytes(&proto.encode_to_vec()).unwrap();
    assert_eq!(model.card().name.trim_start(), "]0;owned  2J Violin");
}

#[test]
fn files_that_are_no_models() {
    assert!(sentence(b"").ends_with("it is empty"));
    assert!(sentence(b"RIFF....WAVEfmt this is a sound file, not a network").contains("not an ONNX file"));
    assert!(sentence(&[0xff; 4096]).contains("not an ONNX file"));
}

#[test]
fn truncated_at_any_place() {
    let whole = syrinx_models::bytes("violin").unwrap();
    for cut in (1..whole.len()).step_by(whole.len() / 97) {
        sentence(&whole[..cut]);
    }
}

/// Random damage never panics, and what still passes plays numbers, and not loudly.
#[test]
fn damaged_anywhere() {
    let ids: Vec<&str> = syrinx_models::ids().collect();
    let mut seed = 1_u64;
    let mut random = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let rounds = if in_long_form() { 3000 } else { 150 };
    let (mut taken, mut most) = (0, 0.0_f32);
    for n in 0..rounds {
        let mut bytes = syrinx_models::bytes(ids[n % ids.len()]).unwrap().to_vec();
        for _ in 0..1 + random(3) {
            let at = random(bytes.len());
            match random(6) {
                0..3 => bytes[at] ^= 1 << random(8),
                3 => bytes[at] = random(256) as u8,
                4 => drop(bytes.remove(at)),
                _ => bytes.insert(at, random(256) as u8),
            }
        }
        match syrinx_judge::from_bytes(&bytes) {
            Err(e) => assert!(!e.to_string().is_empty()),
            Ok(model) => {
                taken += 1;
                let loudest = played(model);
                assert!(loudest <= 4.0, "mutation {n} of {}: {loudest}", ids[n % ids.len()]);
                most = most.max(loudest);
            }
        }
    }
    println!("{taken} of {rounds} were taken; the loudest of them peaks at {most}");
    assert!(taken < rounds);
}

/// The peak of what an engine plays on the instrument, to a voice from low and soft to high and loud; infinite where it is no number.
fn played(model: Arc<Model>) -> f32 {
    let mut engine = Engine::of(EngineConfig { channels: 1, ..EngineConfig::default() }, model).unwrap();
    let (mut sung, mut out) = (vec![0.0; 12_000], vec![f32::NAN; 12_000]);
    let mut turn = 0.0;
    for (n, x) in sung.iter_mut().enumerate() {
        let way = n as f32 / 12_000.0;
        turn += 80.0 * (4.0 * way).exp2() / 48_000.0;
        *x = 0.4 * way * (1..5).map(|k| (TAU * turn * k as f32).sin() / k as f32).sum::<f32>();
    }
    engine.process(&[&sung], &mut [&mut out]);
    out.iter().map(|x| if x.is_finite() { x.abs() } else { f32::INFINITY }).fold(0.0, f32::max)
}

#[test]
fn weights_that_are_no_numbers() {
    let nan = refusal(|p| weights(p).raw_data[..4].copy_from_slice(&f32::NAN.to_le_bytes()));
    assert!(nan.contains("NaN"), "{nan}");
    let infinite = refusal(|p| weights(p).raw_data[..4].copy_from_slice(&f32::INFINITY.to_le_bytes()));
    assert!(infinite.contains("infinities"), "{infinite}");
}

#[test]
fn finite_weights_that_overflow_when_run() {
    let text = refusal(|p| {
        for t in p.graph.as_mut().unwrap().initializer.iter_mut().filter(|t| t.data_type == data_type::FLOAT) {
            t.raw_data.chunks_exact_mut(4).for_each(|w| w.copy_from_slice(&3e38_f32.to_le_bytes()));
        }
    });
    assert!(text.contains("infinities") || text.contains("cannot be run"), "{text}");
}

#[test]
fn tensors_that_lie_about_their_size() {
    let giant = refusal(|p| weights(p).dims = vec![1 << 40, 1 << 40]);
    assert!(giant.contains("claims more than"), "{giant}");
    let negative = refusal(|p| weights(p).dims[0] = -1);
    assert!(negative.contains("negative size"), "{negative}");
    let short = refusal(|p| weights(p).raw_data.truncate(40));
    assert!(short.contains("holds 10 numbers where its shape says"), "{short}");
}

#[test]
fn another_network() {
    let no_card = refusal(|p| p.metadata_props.clear());
    assert!(no_card.contains("no instrument card"), "{no_card}");
    let renamed = refusal(|p| p.graph.as_mut().unwrap().input[0].name = "image".into());
    assert!(renamed.contains("\"image\""), "{renamed}");
    let missing = refusal(|p| drop(p.graph.as_mut().unwrap().output.pop()));
    assert!(missing.contains("no output \"next_state\""), "{missing}");
}

#[test]
fn shapes_that_do_not_fit() {
    let harmonics = refusal(|p| card(p, "\"harmonics\":100", "\"harmonics\":99"));
    assert!(harmonics.contains("100 harmonics") && harmonics.contains("99"), "{harmonics}");
    let outer = refusal(|p| {
        let w = weights(p);
        w.dims.reverse();
    });
    assert!(outer.contains("network"), "{outer}");
}

/// The runtime would walk from such an axis to the last one, for years.
#[test]
fn axes_far_beyond_any_shape() {
    let text = refusal(|p| {
        let nodes = &mut p.graph.as_mut().unwrap().node;
        let norm = nodes.iter_mut().find(|n| n.op_type == "LayerNormalization").unwrap();
        norm.attribute.iter_mut().find(|a| a.name == "axis").unwrap().i = -(1 << 40);
    });
    assert!(text.contains("\"axis\""), "{text}");
}

#[test]
fn operators_that_instruments_do_not_need() {
    let text = refusal(|p| p.graph.as_mut().unwrap().node[0].op_type = "Loop".into());
    assert!(text.contains("\"Loop\""), "{text}");
    let foreign = refusal(|p| p.graph.as_mut().unwrap().node[0].domain = "com.example".into());
    assert!(foreign.contains("which instruments do not need"), "{foreign}");
}

#[test]
fn cards_that_cannot_be() {
    let future = refusal(|p| card(p, "\"format_version\":2", "\"format_version\":3"));
    assert!(future.contains("newer Syrinx"), "{future}");
    let rate = refusal(|p| card(p, "\"frame_rate_hz\":250", "\"frame_rate_hz\":0"));
    assert!(rate.contains("frame rate"), "{rate}");
    let id = refusal(|p| card(p, "\"id\":\"violin\"", "\"id\":\"../violin\""));
    assert!(id.contains("id"), "{id}");
    let text = refusal(|p| card(p, "{", "["));
    assert!(text.contains("card cannot be read"), "{text}");
}

#[test]
fn too_large_a_file_is_refused_before_it_is_parsed() {
    assert!(sentence(&vec![0; 33 << 20]).contains("more than 33554432 bytes"));
    #[cfg(unix)]
    assert!(syrinx_judge::from_file("/dev/zero".as_ref()).unwrap_err().to_string().contains("more than 33554432 bytes"));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = syrinx_judge::from_file("no/such/model.onnx".as_ref()).unwrap_err().to_string();
    assert!(error.starts_with("no/such/model.onnx cannot be read"), "{error}");
}
