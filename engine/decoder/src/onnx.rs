//! The part of ONNX that instruments use: the messages of a model file, by the numbers of `onnx.proto` (github.com/onnx/onnx, version 1.17),
//! and a reader that takes no stranger's word for how much memory to use. Never the audio thread.
//!
//! What a message here lacks is passed over when it is read, unless it would change what a network does (graphs within graphs, functions,
//! sparse tensors): then the file is refused.

use prost::{
    Message,
    bytes::Buf,
    encoding::{WireType, decode_key, decode_varint},
};

/// What the numbers of a tensor are: `TensorProto.DataType`.
pub mod data_type {
    #![allow(missing_docs)]
    pub const FLOAT: i32 = 1;
    pub const INT32: i32 = 6;
    pub const INT64: i32 = 7;
    pub const BOOL: i32 = 9;
}

/// What an attribute holds: `AttributeProto.AttributeType`.
pub mod attribute_type {
    #![allow(missing_docs)]
    pub const FLOAT: i32 = 1;
    pub const INT: i32 = 2;
    pub const TENSOR: i32 = 4;
}

/// A model file.
#[derive(Clone, PartialEq, Message)]
pub struct ModelProto {
    /// Version of the file format.
    #[prost(int64, tag = "1")]
    pub ir_version: i64,
    /// The program that wrote it.
    #[prost(string, tag = "2")]
    pub producer_name: String,
    /// Its version.
    #[prost(string, tag = "3")]
    pub producer_version: String,
    /// For people.
    #[prost(string, tag = "6")]
    pub doc_string: String,
    /// The network.
    #[prost(message, optional, tag = "7")]
    pub graph: Option<GraphProto>,
    /// The operator sets it is written in.
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSetIdProto>,
    /// Whatever its maker says of it, the instrument's card among it.
    #[prost(message, repeated, tag = "14")]
    pub metadata_props: Vec<StringStringEntryProto>,
}

/// An operator set.
#[derive(Clone, PartialEq, Message)]
pub struct OperatorSetIdProto {
    /// Empty or `ai.onnx` for the standard ones.
    #[prost(string, tag = "1")]
    pub domain: String,
    /// Its version.
    #[prost(int64, tag = "2")]
    pub version: i64,
}

/// A name and a text.
#[derive(Clone, PartialEq, Message)]
pub struct StringStringEntryProto {
    /// The name.
    #[prost(string, tag = "1")]
    pub key: String,
    /// The text.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// A network.
#[derive(Clone, PartialEq, Message)]
pub struct GraphProto {
    /// Operations, each after those that it needs.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<NodeProto>,
    /// For people.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Constants, weights above all.
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<TensorProto>,
    /// What goes in.
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfoProto>,
    /// What comes out.
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfoProto>,
}

/// An operation.
#[derive(Clone, PartialEq, Message)]
pub struct NodeProto {
    /// Names of what it takes.
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    /// Names of what it makes.
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    /// For people.
    #[prost(string, tag = "3")]
    pub name: String,
    /// Which operation.
    #[prost(string, tag = "4")]
    pub op_type: String,
    /// Its settings.
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<AttributeProto>,
    /// Operator set of the operation.
    #[prost(string, tag = "7")]
    pub domain: String,
}

/// A setting of an operation.
#[derive(Clone, PartialEq, Message)]
pub struct AttributeProto {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// A number.
    #[prost(float, tag = "2")]
    pub f: f32,
    /// A whole number.
    #[prost(int64, tag = "3")]
    pub i: i64,
    /// A tensor.
    #[prost(message, optional, tag = "5")]
    pub t: Option<TensorProto>,
    /// Numbers.
    #[prost(float, repeated, tag = "7")]
    pub floats: Vec<f32>,
    /// Whole numbers.
    #[prost(int64, repeated, tag = "8")]
    pub ints: Vec<i64>,
    /// Tensors.
    #[prost(message, repeated, tag = "10")]
    pub tensors: Vec<TensorProto>,
    /// Which of these it is: one of [`attribute_type`].
    #[prost(int32, tag = "20")]
    pub r#type: i32,
}

/// Numbers in rows and columns.
#[derive(Clone, PartialEq, Message)]
pub struct TensorProto {
    /// Sizes.
    #[prost(int64, repeated, tag = "1")]
    pub dims: Vec<i64>,
    /// One of [`data_type`].
    #[prost(int32, tag = "2")]
    pub data_type: i32,
    /// The numbers, where they are floats.
    #[prost(float, repeated, tag = "4")]
    pub float_data: Vec<f32>,
    /// The same of 32-bit integers and truth values.
    #[prost(int32, repeated, tag = "5")]
    pub int32_data: Vec<i32>,
    /// The same of 64-bit integers.
    #[prost(int64, repeated, tag = "7")]
    pub int64_data: Vec<i64>,
    /// Its name.
    #[prost(string, tag = "8")]
    pub name: String,
    /// The numbers, whatever they are, as bytes: little end first.
    #[prost(bytes = "vec", tag = "9")]
    pub raw_data: Vec<u8>,
    /// Where else the numbers are.
    #[prost(message, repeated, tag = "13")]
    pub external_data: Vec<StringStringEntryProto>,
    /// 0 where the numbers are here.
    #[prost(int32, tag = "14")]
    pub data_location: i32,
}

/// What a value of the graph is.
#[derive(Clone, PartialEq, Message)]
pub struct ValueInfoProto {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its type.
    #[prost(message, optional, tag = "2")]
    pub r#type: Option<TypeProto>,
}

/// A type.
#[derive(Clone, PartialEq, Message)]
pub struct TypeProto {
    /// That of a tensor; none where it is something else.
    #[prost(message, optional, tag = "1")]
    pub tensor_type: Option<TensorType>,
}

/// The type of a tensor.
#[derive(Clone, PartialEq, Message)]
pub struct TensorType {
    /// One of [`data_type`].
    #[prost(int32, tag = "1")]
    pub elem_type: i32,
    /// Its sizes.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<TensorShapeProto>,
}

/// Sizes.
#[derive(Clone, PartialEq, Message)]
pub struct TensorShapeProto {
    /// One after the other.
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<Dimension>,
}

/// A size.
#[derive(Clone, PartialEq, Message)]
pub struct Dimension {
    /// The size, where it is a number.
    #[prost(int64, optional, tag = "1")]
    pub dim_value: Option<i64>,
}

/// Most fields of all messages of a file together. The factory instruments have about a thousand; what exporters of other makers add (names,
/// shapes between operations) is some ten times the nodes.
const MOST_FIELDS: usize = 1 << 16;
/// Most bytes of all lists of numbers that a tensor or an attribute spells out together, which may grow eightfold in memory.
const MOST_LISTED_BYTES: usize = 8 << 20;

/// Reads a model file, whose messages are counted before any memory is taken for them: two bytes of a file can be a message of some hundred
/// bytes in memory.
///
/// # Errors
/// A sentence that completes "… is not a Syrinx instrument: ".
pub fn parse(bytes: &[u8]) -> Result<ModelProto, String> {
    let mut left = Left { fields: MOST_FIELDS, listed: MOST_LISTED_BYTES };
    count(bytes, Kind::Model, &mut left)?;
    ModelProto::decode(bytes).map_err(|_| DAMAGED.into())
}

const DAMAGED: &str = "it is not an ONNX file, or a damaged one";

/// The messages that have messages in them, or lists.
#[derive(Clone, Copy)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Value,
    Type,
    TensorType,
    /// One in which no field is another message of these: what is in it is counted all the same.
    Flat,
}

/// What a field holds.
enum Held {
    Message(Kind),
    Listed,
    Plain,
}

impl Kind {
    fn field(self, number: u32) -> Held {
        use Held::{Listed, Message, Plain};
        match (self, number) {
            (Self::Model, 7) => Message(Self::Graph),
            (Self::Model, 8 | 14) | (Self::Graph, 14 | 16) | (Self::Node, 9 | 10) | (Self::Value, 4) => Message(Self::Flat),
            (Self::Graph, 1) => Message(Self::Node),
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) => Message(Self::Tensor),
            (Self::Graph, 11..=13) => Message(Self::Value),
            (Self::Node, 5) => Message(Self::Attribute),
            (Self::Tensor, 13 | 16) | (Self::TensorType, 2) => Message(Self::Flat),
            (Self::Tensor, 1 | 4 | 5 | 7 | 10 | 11) | (Self::Attribute, 7 | 8) => Listed,
            (Self::Value, 2) => Message(Self::Type),
            (Self::Type, 1) => Message(Self::TensorType),
            _ => Plain,
        }
    }

    /// Fields with which a network is more than an instrument: refused here, so that nothing has to count what is in them.
    fn refusal(self, number: u32) -> Option<&'static str> {
        match (self, number) {
            (Self::Model, 25) => Some("it defines functions of its own"),
            (Self::Model, 20) => Some("it holds what is needed to train it further"),
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Some("it holds sparse tensors"),
            (Self::Attribute, 6 | 11) => Some("it holds graphs within its graph"),
            (Self::Type, 4 | 5 | 8 | 9) => Some("it holds sequences, maps or sparse tensors"),
            _ => None,
        }
    }
}

/// What may still be read.
struct Left {
    fields: usize,
    listed: usize,
}

/// Counts the fields of a message and of all in it. The depth is that of [`Kind`]'s tree: nothing recurs.
fn count(mut bytes: &[u8], kind: Kind, left: &mut Left) -> Result<(), String> {
    let damaged = || DAMAGED.to_string();
    while bytes.has_remaining() {
        let (number, wire) = decode_key(&mut bytes).map_err(|_| damaged())?;
        if let Some(why) = kind.refusal(number) {
            return Err(why.into());
        }
        let held = kind.field(number);
        // Numbers that are listed one by one are bounded as those listed together.
        let spent = if matches!(held, Held::Listed) { &mut left.listed } else { &mut left.fields };
        *spent = spent.checked_sub(1).ok_or("it has more parts than any instrument")?;
        let size = match wire {
            WireType::Varint => {
                decode_varint(&mut bytes).map_err(|_| damaged())?;
                0
            }
            WireType::ThirtyTwoBit => 4,
            WireType::SixtyFourBit => 8,
            WireType::LengthDelimited => {
                usize::try_from(decode_varint(&mut bytes).map_err(|_| damaged())?).map_err(|_| damaged())?
            }
            WireType::StartGroup | WireType::EndGroup => return Err(damaged()),
        };
        let (content, rest) = bytes.split_at_checked(size).ok_or_else(damaged)?;
        bytes = rest;
        match held {
            Held::Message(_) if wire != WireType::LengthDelimited => return Err(damaged()),
            Held::Message(within) => count(content, within, left)?,
            Held::Listed => left.listed = left.listed.checked_sub(size).ok_or("it lists more numbers than any instrument")?,
            Held::Plain => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2];
        prost::encoding::encode_varint(content.len() as u64, &mut out);
        out.extend(content);
        out
    }

    /// A file of 30 MB that would be 11 GB in memory.
    #[test]
    fn a_file_of_nothing_but_empty_parts_is_refused_before_it_grows() {
        let attributes = message(5, &[]).repeat(15 << 20);
        let node = message(1, &attributes);
        let file = message(7, &node);
        assert!(file.len() > 30 << 20);
        assert!(parse(&file).unwrap_err().contains("more parts"));
        for parts in [message(1, &[]), message(5, &[]), message(11, &[]), message(13, &[]), message(13, &message(2, &[]))] {
            assert!(parse(&message(7, &parts.repeat(1 << 20))).unwrap_err().contains("more parts"));
        }
        assert!(parse(&message(8, &[]).repeat(1 << 20)).unwrap_err().contains("more parts"));
        // Names, and what other makers write beside them.
        assert!(parse(&message(7, &message(1, &message(1, b"").repeat(1 << 20)))).unwrap_err().contains("more parts"));
        let dims = message(1, &[1; 9 << 20]);
        assert!(parse(&message(7, &message(5, &dims))).unwrap_err().contains("more numbers"));
        let one_by_one = [1 << 3, 1].repeat(9 << 20);
        assert!(parse(&message(7, &message(5, &one_by_one))).is_err());
    }

    #[test]
    fn what_is_no_message_is_damaged() {
        for bytes in [&b"RIFF....WAVE"[..], &[0xff; 64], &[7 << 3], &[7 << 3 | 2, 0xff, 0xff, 0xff, 0xff, 0x7f], &[7 << 3 | 3]] {
            assert_eq!(parse(bytes).unwrap_err(), DAMAGED, "{bytes:?}");
        }
    }
}
