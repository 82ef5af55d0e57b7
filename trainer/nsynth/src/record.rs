//! TFRecord framing: records one after the other, each with its length and two checksums. Any thread; blocks on the disk.
//!
//! `length: u64, crc(length): u32, data, crc(data): u32`, all little-endian; `crc` is CRC-32C, rotated and offset (TensorFlow,
//! `core/lib/io/record_writer.h` and `core/lib/hash/crc32c.h`).

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

use bytes::{Bytes, BytesMut};

use crate::error::NsynthError;

/// Longest record, bytes: a note of a minute at 48 kHz has 11 MiB. A longer one is a damaged or hostile file.
const LONGEST: u64 = 16 << 20;
/// Bytes that are asked for at a time: a false length costs no more memory than this.
const STEP: usize = 1 << 20;
/// First bytes of a file that gzip has packed (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// TensorFlow's offset of masked checksums.
const MASK_DELTA: u32 = 0xa282_ead8;

/// Records of one file, read into one buffer.
pub(crate) struct Records<R> {
    reader: R,
    path: PathBuf,
    /// Bytes read so far: where the next record starts.
    offset: u64,
    /// The record read last; its memory is used for the next.
    record: Bytes,
}

impl<R: Read> Records<R> {
    /// Reads from `reader`; errors name `path`.
    pub fn new(reader: R, path: &Path) -> Self {
        Self { reader, path: path.into(), offset: 0, record: Bytes::new() }
    }

    /// Bytes read so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The next record, or none at the end of the file. Its memory is used again if no clone is left when this is called next.
    pub fn next(&mut self) -> Result<Option<Bytes>, NsynthError> {
        let start = self.offset;
        let mut header = [0; 12];
        let got = self.fill(&mut header)?;
        if got == 0 {
            return Ok(None);
        }
        let (length, length_crc) = (&header[..8], &header[8..]);
        if got < header.len() || masked_crc(length) != u32_of(length_crc) {
            return Err(match (start, got < header.len()) {
                (0, _) => self.no_records(&header),
                (_, true) => self.truncated(start),
                (_, false) => self.damaged(start, "its length is damaged: the checksum differs".into()),
            });
        }
        let length = u64::from_le_bytes(length.try_into().expect("eight bytes"));
        if length > LONGEST {
            return Err(self.damaged(start, format!("it claims {length} bytes, and no note has more than {LONGEST}")));
        }
        let length = length as usize;
        let mut buffer: BytesMut = std::mem::take(&mut self.record).try_into_mut().unwrap_or_default();
        buffer.clear();
        while buffer.len() < length {
            let from = buffer.len();
            buffer.resize(length.min(from + STEP), 0);
            if self.fill(&mut buffer[from..])? < buffer.len() - from {
                return Err(self.truncated(start));
            }
        }
        let mut footer = [0; 4];
        if self.fill(&mut footer)? < footer.len() {
            return Err(self.truncated(start));
        }
        if masked_crc(&buffer) != u32_of(&footer) {
            return Err(self.damaged(start, "it is damaged: the checksum differs".into()));
        }
        self.record = buffer.freeze();
        Ok(Some(self.record.clone()))
    }

    /// The error that the record at `offset` is not what it should be.
    pub fn damaged(&self, offset: u64, reason: String) -> NsynthError {
        NsynthError::Record { path: self.path.clone(), offset, reason }
    }

    /// The error that the file does not begin with a record; says what to do with the packed files that datasets come in.
    fn no_records(&self, header: &[u8]) -> NsynthError {
        let packed = header.starts_with(&GZIP)
            || self.path.extension().is_some_and(|e| ["tar", "gz", "tgz", "zip"].iter().any(|p| e == *p));
        let reason = if packed { "it is packed; unpack it first" } else { "it does not begin as a TFRecord file" };
        NsynthError::NotNsynth { path: self.path.clone(), reason: reason.into() }
    }

    fn truncated(&self, offset: u64) -> NsynthError {
        self.damaged(offset, "the file ends in the middle of it".into())
    }

    /// Fills `to` as far as the file goes; the number of bytes that came.
    fn fill(&mut self, to: &mut [u8]) -> Result<usize, NsynthError> {
        let mut filled = 0;
        while filled < to.len() {
            match self.reader.read(&mut to[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => (),
                Err(reason) => return Err(NsynthError::Read { path: self.path.clone(), reason }),
            }
        }
        self.offset += filled as u64;
        Ok(filled)
    }
}

fn u32_of(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().expect("four bytes"))
}

/// CRC-32C as TFRecord files hold it: a checksum of data that holds checksums is weak, so they are masked.
pub(crate) fn masked_crc(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(MASK_DELTA)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::framed;

    fn read(bytes: &[u8]) -> Result<Vec<Bytes>, String> {
        let mut records = Records::new(bytes, Path::new("some.tfrecord"));
        let mut all = Vec::new();
        while let Some(record) = records.next().map_err(|e| e.to_string())? {
            all.push(record);
        }
        assert_eq!(records.offset(), bytes.len() as u64);
        Ok(all)
    }

    #[test]
    fn the_checksum_is_that_of_real_files() {
        // The header of any file whose first record has 24 bytes, as TensorFlow writes it.
        assert_eq!(masked_crc(&24u64.to_le_bytes()).to_le_bytes(), [0xa3, 0x7f, 0x4b, 0x22]);
        // RFC 3720, B.4: 32 bytes of zeros.
        assert_eq!(crc32c::crc32c(&[0; 32]), 0x8a91_36aa);
    }

    #[test]
    fn records_come_in_order_and_end() {
        let wanted: Vec<Vec<u8>> = vec![vec![1; 10], vec![], vec![2; 3 << 20], vec![3; 5]];
        let file: Vec<u8> = wanted.iter().flat_map(|r| framed(r)).collect();
        assert_eq!(read(&file).unwrap(), wanted);
        assert!(read(&[]).unwrap().is_empty());
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_one_sentence() {
        let file = [framed(&[7; 40]), framed(&[8; 20])].concat();
        for end in (1..file.len()).filter(|&end| end != 56) {
            let error = read(&file[..end]).unwrap_err();
            let says = if end < 12 { "does not begin as a TFRecord" } else { "ends in the middle" };
            assert!(error.contains("some.tfrecord") && error.contains(says), "{end}: {error}");
        }
        for bit in 0..8 * file.len() {
            let mut file = file.clone();
            file[bit / 8] ^= 1 << (bit % 8);
            let error = read(&file).unwrap_err();
            let says = match bit / 8 {
                0..12 => "does not begin as a TFRecord",
                12..56 => "record at byte 0: it is damaged",
                56..68 => "record at byte 56: its length",
                _ => "record at byte 56: it is damaged",
            };
            assert!(error.contains(says), "{bit}: {error}");
        }
    }

    #[test]
    fn a_packed_file_is_to_be_unpacked() {
        for (name, bytes) in [
            ("a.tfrecord", &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 1, 1][..]),
            ("nsynth-train.tfrecord.tar", b"nsynth-train.tfrecord"),
        ] {
            let error = Records::new(bytes, Path::new(name)).next().unwrap_err().to_string();
            assert!(error.contains("unpack it") && error.contains(name), "{error}");
        }
    }

    #[test]
    fn a_hostile_length_is_refused_before_anything_is_allocated() {
        for length in [1u64 << 60, u64::MAX, LONGEST + 1, LONGEST] {
            let mut file = length.to_le_bytes().to_vec();
            file.extend(masked_crc(&file).to_le_bytes());
            let mut records = Records::new(&file[..], Path::new("hostile.tfrecord"));
            let error = records.next().unwrap_err().to_string();
            let says = if length > LONGEST { "claims" } else { "ends in the middle" };
            assert!(error.contains(says), "{error}");
        }
    }

    /// A source that counts: of a long file, one buffer as long as the longest record is all that is ever held.
    #[test]
    fn one_buffer_serves_all_records() {
        let one = framed(&vec![5; 257_000]);
        let file: Vec<u8> = one.iter().copied().cycle().take(200 * one.len()).collect();
        let mut records = Records::new(&file[..], Path::new("long.tfrecord"));
        let first = records.next().unwrap().unwrap().as_ptr();
        let mut number = 1;
        while let Some(record) = records.next().unwrap() {
            assert_eq!(record.as_ptr(), first, "record {number} lies elsewhere");
            number += 1;
        }
        assert_eq!(number, 200);
    }
}
