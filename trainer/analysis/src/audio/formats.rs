//! Which sound files are read, and what the others are called.

use std::path::Path;
use symphonia::core::codecs::audio::{AudioCodecId, well_known as codec};

/// The formats that are read, for people.
pub const FORMATS: &str = "WAV, AIFF, CAF, FLAC, MP3, M4A (AAC or ALAC) or Ogg Vorbis";

/// How the names of sound files end that are read, in lower case and without the dot.
pub const EXTENSIONS: &[&str] =
    &["wav", "wave", "bwf", "rf64", "aif", "aiff", "aifc", "caf", "flac", "mp3", "m4a", "m4b", "mp4", "aac", "ogg", "oga"];

/// How the names of sound files end that are known and cannot be read.
const OTHER_EXTENSIONS: &[&str] = &[
    "opus", "webm", "mka", "wma", "wv", "ape", "amr", "au", "snd", "w64", "mpc", "tta", "spx", "ac3", "dts", "dsf", "dff", "mid",
];

/// Whether a file's name says that it is a sound that is read.
pub fn is_sound_file(path: impl AsRef<Path>) -> bool {
    ends_in(path.as_ref(), EXTENSIONS)
}

/// Whether a file's name says that it is a sound of a kind that cannot be read.
pub fn is_unreadable_sound_file(path: impl AsRef<Path>) -> bool {
    ends_in(path.as_ref(), OTHER_EXTENSIONS)
}

fn ends_in(path: &Path, extensions: &[&str]) -> bool {
    path.extension().is_some_and(|own| extensions.iter().any(|known| own.eq_ignore_ascii_case(known)))
}

/// Bytes from the beginning of a file by which [`name_of`] tells what it is.
pub const BEGINNING: usize = 64;

/// What is there at which place of files that cannot be read.
const BEGINNINGS: &[(usize, &[u8], &str)] = &[
    (28, b"OpusHead", "Opus"),
    (28, b"Speex   ", "Speex"),
    (28, b"\x80theora", "a video"),
    (0, b"\x1a\x45\xdf\xa3", "Matroska or WebM"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media"),
    (0, b"wvpk", "WavPack"),
    (0, b"MAC ", "Monkey's Audio"),
    (0, b"#!AMR", "AMR"),
    (0, b".snd", "Sun AU"),
    (0, b"riff\x2e\x91\xcf\x11", "Wave64"),
    (0, b"MPCK", "Musepack"),
    (0, b"MP+", "Musepack"),
    (0, b"TTA1", "TTA"),
    (0, b"\x0b\x77", "AC-3"),
    (0, b"\x7f\xfe\x80\x01", "DTS"),
    (0, b"DSD ", "DSD"),
    (0, b"FRM8", "DSD"),
    (0, b"MThd", "MIDI"),
];

/// What a file is that begins so, where it is known and cannot be read.
pub fn name_of(beginning: &[u8]) -> Option<&'static str> {
    let is = |(at, bytes, _): &&(usize, &[u8], &str)| beginning.get(*at..).is_some_and(|rest| rest.starts_with(bytes));
    BEGINNINGS.iter().find(is).map(|(.., name)| *name)
}

/// What a codec is called that cannot be decoded.
pub fn name_of_codec(id: AudioCodecId) -> &'static str {
    match id {
        codec::CODEC_ID_OPUS => "Opus",
        codec::CODEC_ID_SPEEX => "Speex",
        codec::CODEC_ID_AC3 | codec::CODEC_ID_EAC3 => "AC-3",
        codec::CODEC_ID_AC4 => "AC-4",
        codec::CODEC_ID_DCA => "DTS",
        codec::CODEC_ID_WMA => "Windows Media",
        codec::CODEC_ID_MP1 => "MPEG layer 1",
        codec::CODEC_ID_MP2 => "MPEG layer 2",
        codec::CODEC_ID_WAVPACK => "WavPack",
        codec::CODEC_ID_ADPCM_G722 | codec::CODEC_ID_ADPCM_G726 | codec::CODEC_ID_ADPCM_G726LE => "G.722 or G.726",
        _ => "coded in a way that is not known here",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_count_in_any_case() {
        assert!(is_sound_file("a/b.M4A") && is_sound_file("x.wav") && !is_sound_file("wav") && !is_sound_file("x.txt"));
        assert!(is_unreadable_sound_file("x.Opus") && !is_unreadable_sound_file("x.ogg"));
    }
}
