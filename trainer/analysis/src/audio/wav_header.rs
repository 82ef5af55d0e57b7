//! WAV and RF64 files whose header is out of date, as recorders and pipes leave it: what the file really holds, behind a header that says so.
//!
//! RF64 (EBU Tech 3306) is WAV with lengths of 64 bits, in a chunk `ds64`.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
};
use symphonia::core::io::MediaSource;

/// The longest `fmt ` chunk that is believed, bytes: the extensible one has 40, and coefficients of ADPCM come on top.
const LONGEST_FORMAT: u64 = 4096;
/// Samples that the decoding library takes at a time.
const PACKET: u64 = 1152;
/// Lengths that programs write who do not know theirs, because they write into a pipe.
const UNKNOWN_LENGTHS: [Range<u64>; 2] = [0x7fff_f000..0x8000_0001, 0xffff_ff00..0x1_0000_0000];

/// A file as the decoding library gets to see it: a header that is right, then the samples.
pub struct WavSource {
    header: Vec<u8>,
    file: File,
    data: Range<u64>,
    /// Length of everything, with silence after the samples where the library would leave out those that do not fill a packet.
    len: u64,
    at: u64,
    promised: Option<u64>,
}

impl WavSource {
    /// Reads the chunks of a file. `None` where that is no WAV or RF64 file, or one without format or samples.
    pub fn open(file: &mut File) -> io::Result<Option<Self>> {
        let end = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        let Some(chunks) = Chunks::read(file, end)? else { return Ok(None) };
        let Chunks { format, data_at, data_len } = chunks;
        let room = end - data_at;
        // A length that is not the file's is a promise that was not kept, unless the writer says that it knew none.
        let len = data_len.map_or(room, |len| len.min(room));
        let frame = format.get(12..14).map_or(1, |bytes| u64::from(u16::from_le_bytes([bytes[0], bytes[1]])).max(1));
        // Where 32 bits do not reach, the library reads to the end, in whole packets.
        let (said, padded) = match u32::try_from(len) {
            Ok(said) if said < u32::MAX => (said, len),
            _ => (u32::MAX, len.next_multiple_of(frame * PACKET)),
        };
        let mut header = b"RIFF\xff\xff\xff\xffWAVEfmt ".to_vec();
        header.extend((format.len() as u32).to_le_bytes());
        header.extend(&format);
        header.resize(header.len().next_multiple_of(2), 0);
        header.extend(b"data");
        header.extend(said.to_le_bytes());
        // Samples of one length each: what is compressed counts in blocks, and the library knows how long those are.
        let is_plain = matches!(format.get(..2), Some([1 | 3 | 6 | 7, 0] | [0xfe, 0xff]));
        let is_told = data_len.is_none_or(|len| len <= room) && said < u32::MAX;
        let promised = (is_plain && !is_told).then(|| data_len.unwrap_or(room) / frame);
        let (data, all) = (data_at..data_at + len, header.len() as u64 + padded);
        Ok(Some(Self { header, file: file.try_clone()?, data, len: all, at: 0, promised }))
    }

    /// Samples a channel by the file's own header, where the library is told otherwise: the file is cut short, or longer than 32 bits say.
    pub fn promised(&self) -> Option<u64> {
        self.promised
    }
}

/// What counts of a file's chunks.
struct Chunks {
    format: Vec<u8>,
    data_at: u64,
    /// `None` where the writer knew no length.
    data_len: Option<u64>,
}

impl Chunks {
    fn read(file: &mut File, end: u64) -> io::Result<Option<Self>> {
        let mut start = [0; 12];
        if end < 12 {
            return Ok(None);
        }
        file.read_exact(&mut start)?;
        let is_long = matches!(&start[..4], b"RF64" | b"BW64");
        if !(is_long || &start[..4] == b"RIFF") || &start[8..] != b"WAVE" {
            return Ok(None);
        }
        let riff_len = u64::from(word(&start[4..]));
        let (mut at, mut format, mut long_len) = (12, Vec::new(), None);
        while at + 8 <= end {
            let mut chunk = [0; 8];
            file.seek(SeekFrom::Start(at))?;
            file.read_exact(&mut chunk)?;
            at += 8;
            let len = u64::from(word(&chunk[4..]));
            match &chunk[..4] {
                b"ds64" if (24..=end - at).contains(&len) => {
                    let mut lengths = [0; 16];
                    file.read_exact(&mut lengths)?;
                    long_len = Some(u64::from(word(&lengths[8..])) | u64::from(word(&lengths[12..])) << 32);
                }
                b"fmt " if len <= LONGEST_FORMAT.min(end - at) => {
                    format.resize(len as usize, 0);
                    file.read_exact(&mut format)?;
                }
                b"data" if format.is_empty() => return Ok(None),
                b"data" => {
                    let room = end - at;
                    let is_unknown = UNKNOWN_LENGTHS.iter().any(|lengths| lengths.contains(&len)) && len > room
                        || len == 0 && room > 0 && riff_len + 8 != end;
                    let data_len = match long_len.filter(|_| is_long && len == u64::from(u32::MAX)) {
                        Some(long) => Some(long).filter(|long| *long > 0 && *long < u64::MAX),
                        None => Some(len).filter(|_| !is_unknown),
                    };
                    return Ok(Some(Self { format, data_at: at, data_len }));
                }
                _ => {}
            }
            // Chunks begin at even places.
            at = at.saturating_add(len.next_multiple_of(2));
        }
        Ok(None)
    }
}

fn word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

impl Read for WavSource {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let header = self.header.len() as u64;
        let count = if self.at < header {
            (&self.header[self.at as usize..]).read(to)?
        } else {
            let place = self.data.start + (self.at - header);
            let left = |until: u64| (until.saturating_sub(place)).min(to.len() as u64) as usize;
            let (sound, all) = (left(self.data.end), (self.len - self.at.min(self.len)).min(to.len() as u64) as usize);
            if sound > 0 {
                self.file.seek(SeekFrom::Start(place))?;
                self.file.read(&mut to[..sound])?
            } else {
                to[..all].fill(0);
                all
            }
        };
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for WavSource {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
        };
        self.at = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

impl MediaSource for WavSource {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len)
    }
}
