//! TFRecord files and `tf.train.Example` messages, written byte by byte for tests and benchmarks: the reader must not check itself.

/// CRC-32C (RFC 3720, B.4) of a byte after nothing, for all bytes.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

/// CRC-32C, masked as TFRecord files have it: not the library's that the reader uses.
pub fn masked_crc(data: &[u8]) -> u32 {
    let crc = data.iter().fold(u32::MAX, |crc, &byte| (crc >> 8) ^ TABLE[((crc ^ u32::from(byte)) & 0xff) as usize]);
    (!crc).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// One record in its frame.
pub fn framed(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked_crc(&length).to_le_bytes(), data, &masked_crc(data).to_le_bytes()].concat()
}

/// A whole number as the wire has it.
pub fn varint(mut n: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while n >= 0x80 {
        bytes.push(n as u8 | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
    bytes
}

/// A field of wire type 2.
pub fn field(number: u8, data: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2][..], &varint(data.len() as u64), data].concat()
}

/// One entry of a `tf.train.Features`, with list 1 (bytes), 2 (floats) or 3 (whole numbers).
pub fn feature(name: &str, list: u8, value: &[u8]) -> Vec<u8> {
    field(1, &[field(1, name.as_bytes()), field(2, &field(list, &field(1, value)))].concat())
}
