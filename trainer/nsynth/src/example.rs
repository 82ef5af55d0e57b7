//! The parts of a serialized `tf.train.Example` (TensorFlow, `core/example/{example,feature}.proto`), taken apart only as far as asked.
//! Any thread.
//!
//! `prost` reads it, as it writes the model files; the lists within a feature are declared as bytes, which look the same on the wire, so
//! that decoding from [`Bytes`] leaves the samples where they are until [`Example::floats`] wants them.

use bytes::Bytes;
use prost::Message;
use std::collections::HashMap;

/// Longest list that holds a number or a name, bytes.
const LONGEST_LIST: usize = 4096;

/// One example: features by name.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Example {
    #[prost(message, optional, tag = "1")]
    features: Option<Features>,
}

#[derive(Clone, PartialEq, Message)]
struct Features {
    #[prost(map = "string, message", tag = "1")]
    feature: HashMap<String, Feature>,
}

/// One of the three lists, not taken apart.
#[derive(Clone, PartialEq, Message)]
struct Feature {
    #[prost(bytes = "bytes", optional, tag = "1")]
    bytes_list: Option<Bytes>,
    #[prost(bytes = "bytes", optional, tag = "2")]
    float_list: Option<Bytes>,
    #[prost(bytes = "bytes", optional, tag = "3")]
    int64_list: Option<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
struct BytesList {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    value: Vec<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
struct Int64List {
    #[prost(int64, repeated, tag = "1")]
    value: Vec<i64>,
}

/// Samples; kept from note to note for its memory.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct FloatList {
    #[prost(float, repeated, tag = "1")]
    pub value: Vec<f32>,
}

impl Example {
    /// Takes a record apart as far as its features.
    pub fn from_record(record: Bytes) -> Result<Self, String> {
        Self::decode(record).map_err(|_| "it holds no tf.train.Example".into())
    }

    fn feature(&self, name: &str) -> Option<&Feature> {
        self.features.as_ref()?.feature.get(name)
    }

    /// The one text of a feature; none when there is no such feature, or nothing in it.
    pub fn text(&self, name: &str) -> Result<Option<String>, String> {
        let Some(list) = self.feature(name).and_then(|f| f.bytes_list.clone()) else { return Ok(None) };
        let wrong = || format!("its feature {name} is not one text");
        let list = BytesList::decode(short(list).ok_or_else(wrong)?).map_err(|_| wrong())?;
        match list.value.as_slice() {
            [] => Ok(None),
            [one] => String::from_utf8(one.to_vec()).map(Some).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }

    /// The one whole number of a feature; none when there is no such feature, or nothing in it.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, String> {
        let Some(list) = self.feature(name).and_then(|f| f.int64_list.clone()) else { return Ok(None) };
        let wrong = || format!("its feature {name} is not one whole number");
        let list = Int64List::decode(short(list).ok_or_else(wrong)?).map_err(|_| wrong())?;
        match list.value.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            _ => Err(wrong()),
        }
    }

    /// Puts all numbers of a feature into `list`, in place of what it held.
    pub fn floats(&self, name: &str, list: &mut FloatList) -> Result<(), String> {
        let feature = self.feature(name).ok_or_else(|| format!("it has no feature {name}"))?;
        let wrong = || format!("its feature {name} is not a list of floats");
        let bytes = feature.float_list.clone().ok_or_else(wrong)?;
        list.value.clear();
        // Once and not by doubling, which would hold the samples twice.
        list.value.reserve(bytes.len() / size_of::<f32>());
        list.merge(bytes).map_err(|_| wrong())
    }
}

/// The list, if it is no longer than a number or a name can be: a hostile list of numbers is eight times as long in memory.
fn short(list: Bytes) -> Option<Bytes> {
    (list.len() <= LONGEST_LIST).then_some(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Value, example};

    #[test]
    fn features_are_read_by_name_and_samples_lie_in_the_record() {
        let samples = [0.5, -0.25, 1.0];
        let record = Bytes::from(example(&[
            ("note_str", Value::Text("bass_synthetic_033-022-050")),
            ("pitch", Value::Integers(&[22])),
            ("qualities", Value::Integers(&[0, 1])),
            ("audio", Value::Floats(&samples)),
            ("empty", Value::Integers(&[])),
        ]));
        let example = Example::from_record(record.clone()).unwrap();
        assert_eq!(example.text("note_str").unwrap().as_deref(), Some("bass_synthetic_033-022-050"));
        assert_eq!(
            (example.integer("pitch"), example.integer("empty"), example.integer("none")),
            (Ok(Some(22)), Ok(None), Ok(None))
        );
        assert!(example.integer("qualities").is_err());
        let audio = example.feature("audio").unwrap().float_list.clone().unwrap();
        assert!(record.as_ptr_range().contains(&audio.as_ptr()), "the samples were copied");
        let mut list = FloatList { value: vec![9.0; 7] };
        example.floats("audio", &mut list).unwrap();
        assert_eq!(list.value, samples);
        assert!(example.floats("pitch", &mut list).is_err() && example.floats("none", &mut list).is_err());
    }

    #[test]
    fn samples_one_by_one_are_samples_too() {
        // Feature { float_list { value: 0.5 value: -1 } }, not packed, as proto2 writers have it.
        let list = [&[0x0d][..], &0.5f32.to_le_bytes(), &[0x0d], &(-1.0f32).to_le_bytes()].concat();
        let mut floats = FloatList::default();
        floats.merge(Bytes::from(list)).unwrap();
        assert_eq!(floats.value, [0.5, -1.0]);
    }

    #[test]
    fn cut_or_changed_records_never_end_the_program() {
        let good = example(&[("pitch", Value::Integers(&[60])), ("audio", Value::Floats(&[0.1; 20])), ("id", Value::Text("a"))]);
        let look = |bytes: Vec<u8>| {
            if let Ok(example) = Example::from_record(bytes.into()) {
                let _ = (example.text("id"), example.integer("pitch"), example.floats("audio", &mut FloatList::default()));
            }
        };
        for end in 0..good.len() {
            look(good[..end].to_vec());
        }
        for bit in 0..8 * good.len() {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            look(bytes);
        }
    }
}
