//! WAV files of 32-bit floats, written as the sound comes: the length is known before, so nothing is gone back to.

use super::AudioError;
use syrinx_file::Output;

/// `KSDATAFORMAT_SUBTYPE_IEEE_FLOAT`.
const FLOAT: [u8; 16] = [3, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
const BYTES: u64 = 4;
/// Samples turned into bytes at a time.
const BLOCK: usize = 4096;

/// A WAV file being written; RF64 (EBU Tech 3306) where its length needs more than 32 bits.
pub struct WavWriter<'a> {
    output: &'a mut Output,
    channels: usize,
    /// Samples a channel that are still to come.
    missing: u64,
    bytes: Vec<u8>,
}

impl<'a> WavWriter<'a> {
    /// Writes the header of a sound of `len` samples a channel.
    ///
    /// # Errors
    /// Those of the disk.
    ///
    /// # Panics
    /// When there is no channel, or more than a WAV file can have (65535).
    pub fn begin(output: &'a mut Output, sample_rate_hz: u32, channels: usize, len: u64) -> Result<Self, AudioError> {
        assert!((1..=usize::from(u16::MAX)).contains(&channels), "a WAV file has 1 to 65535 channels");
        output.put(&header(sample_rate_hz, channels as u16, len))?;
        Ok(Self { output, channels, missing: len, bytes: Vec::new() })
    }

    /// Appends samples, one slice of equal length a channel.
    ///
    /// # Errors
    /// Those of the disk.
    ///
    /// # Panics
    /// When there are other channels or more samples than were announced.
    pub fn write<C: AsRef<[f32]>>(&mut self, sound: &[C]) -> Result<(), AudioError> {
        assert_eq!(sound.len(), self.channels, "the channels of a file stay the same");
        let len = sound[0].as_ref().len();
        self.missing = self.missing.checked_sub(len as u64).expect("no more samples than were announced");
        for from in (0..len).step_by(BLOCK) {
            self.bytes.clear();
            for i in from..len.min(from + BLOCK) {
                for channel in sound {
                    self.bytes.extend(channel.as_ref()[i].to_le_bytes());
                }
            }
            self.output.put(&self.bytes)?;
        }
        Ok(())
    }

    /// # Panics
    /// When fewer samples were written than were announced: the file would be cut short.
    pub fn finish(self) {
        assert_eq!(self.missing, 0, "as many samples as were announced");
    }
}

fn header(sample_rate_hz: u32, channels: u16, len: u64) -> Vec<u8> {
    let frame = BYTES * u64::from(channels);
    let data = len * frame;
    let mut format = Vec::new();
    format.extend(0xfffe_u16.to_le_bytes());
    format.extend(channels.to_le_bytes());
    format.extend(sample_rate_hz.to_le_bytes());
    format.extend(((u64::from(sample_rate_hz) * frame) as u32).to_le_bytes());
    format.extend((frame as u16).to_le_bytes());
    // Bits of a sample, length of what follows, bits that count.
    [32_u16, 22, 32].iter().for_each(|word| format.extend(word.to_le_bytes()));
    // Speakers: one a channel, from front left on, as far as there are any (18).
    let speakers = if channels >= 18 { (1 << 18) - 1 } else { (1_u32 << channels) - 1 };
    format.extend(speakers.to_le_bytes());
    format.extend(FLOAT);

    let mut chunks = b"WAVEfmt ".to_vec();
    chunks.extend((format.len() as u32).to_le_bytes());
    chunks.extend(&format);
    let riff = chunks.len() as u64 + 8 + data;
    let Ok(short) = u32::try_from(riff) else {
        const DS64: u32 = 28;
        let mut long = b"RF64\xff\xff\xff\xffWAVEds64".to_vec();
        long.extend(DS64.to_le_bytes());
        [riff + 8 + u64::from(DS64), data, len].iter().for_each(|length| long.extend(length.to_le_bytes()));
        // No table of other long chunks.
        long.extend(0_u32.to_le_bytes());
        long.extend(&chunks[4..]);
        long.extend(b"data\xff\xff\xff\xff");
        return long;
    };
    let mut header = b"RIFF".to_vec();
    header.extend(short.to_le_bytes());
    header.extend(chunks);
    header.extend(b"data");
    header.extend((data as u32).to_le_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{testing::Folder, wav_header::WavSource};
    use std::io::{Read, Seek, SeekFrom};

    /// Bytes before the samples of a file that is short.
    const WAV_HEADER: u64 = 68;

    #[test]
    fn short_files_are_those_of_hound() {
        for channels in [1, 2, 4] {
            let spec =
                hound::WavSpec { channels, sample_rate: 44_100, bits_per_sample: 32, sample_format: hound::SampleFormat::Float };
            let mut bytes = std::io::Cursor::new(Vec::new());
            let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
            (0..usize::from(channels) * 10).for_each(|_| writer.write_sample(0.0_f32).unwrap());
            writer.finalize().unwrap();
            let mut ours = header(44_100, channels, 10);
            ours.resize(ours.len() + usize::from(channels) * 40, 0);
            assert!(ours == bytes.into_inner(), "{channels} channels");
        }
    }

    /// A file of 4.3 GB that takes no room on the disk: all but its end is a hole.
    #[cfg(unix)]
    #[test]
    fn what_is_longer_than_32_bits_reach_says_so_and_is_found() {
        use std::os::unix::fs::FileExt;
        let folder = Folder::new("long");
        let path = folder.file("long.wav");
        // Not a whole number of the decoding library's packets.
        let len = (1_u64 << 30) + 1001;
        let header = header(48_000, 1, len);
        assert_eq!((&header[..4], &header[12..16]), (&b"RF64"[..], &b"ds64"[..]));
        let file = std::fs::File::create(&path).unwrap();
        file.write_all_at(&header, 0).unwrap();
        file.write_all_at(&0.25_f32.to_le_bytes(), header.len() as u64 + 4 * (len - 1)).unwrap();
        let mut file = std::fs::File::open(&path).unwrap();
        let mut source = WavSource::open(&mut file).unwrap().unwrap();
        assert_eq!(source.promised(), Some(len));
        source.seek(SeekFrom::Start(WAV_HEADER + 4 * (len - 1))).unwrap();
        let mut rest = Vec::new();
        source.read_to_end(&mut rest).unwrap();
        assert_eq!((&rest[..4], rest.len() as u64), (&0.25_f32.to_le_bytes()[..], 4 * (1 + len.next_multiple_of(1152) - len)));
    }
}
