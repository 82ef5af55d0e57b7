//! NSynth (Engel et al. 2017, "Neural Audio Synthesis of Musical Notes with WaveNet Autoencoders") as a stream: 300 000 notes of four seconds
//! at 16 kHz, sorted by instrument in one pass. Offline; any thread but the audio thread.
//!
//! The dataset comes in two forms, and both are read, unpacked:
//!
//! - a folder with `examples.json` and `audio/NAME.wav`, and
//! - TFRecord files, one or many shards, of `tf.train.Example`: with NSynth's own features (`note_str`, `instrument_str`, ...) or with
//!   those of TensorFlow Datasets (`id`, `instrument/family`, ...), which is how the GANSynth subset is handed out.
//!
//! # What it promises
//!
//! Never more than one note is in memory: [`Shard::next`] lends the note out of the one buffer that the next call fills again, and the
//! compiler holds the caller to it. The samples of a note that is not picked are checked against the file's checksum and not looked at
//! otherwise. No length that a file claims is believed before that many bytes have come. Whatever is wrong with a file is one sentence
//! that names the file and the byte, line or note.
//!
//! # Use
//!
//! ```no_run
//! use syrinx_nsynth::{Input, Pick, sort};
//! let inputs = Input::find("nsynth-train.tfrecord".as_ref())?;
//! let pick = Pick { families: vec!["brass".into()], sources: vec!["acoustic".into()], ..Pick::default() };
//! let found = sort(&inputs, &pick, "brass".as_ref(), &mut |_| ())?;
//! for (instrument, notes) in found.picked() {
//!     println!("brass/{instrument}: {} notes", notes.picked);
//! }
//! # Ok::<(), syrinx_nsynth::NsynthError>(())
//! ```

mod error;
mod example;
mod folder;
mod input;
mod inventory;
mod note;
mod pick;
mod record;
mod shard;
mod sort;
#[cfg(test)]
mod testing;
mod walk;

pub use error::NsynthError;
pub use input::Input;
pub use inventory::{Inventory, Notes};
pub use note::{FAMILIES, Note, SOURCES};
pub use pick::Pick;
pub use shard::{Shard, ShardNote};
pub use sort::{place, sort};
pub use walk::{NoteSound, list, walk};

/// Who made the notes, and under which licence: the credit that an instrument trained on them owes.
pub const CREDIT: &str = "NSynth dataset, Jesse Engel, Cinjon Resnick, Adam Roberts, Sander Dieleman, Douglas Eck, Karen Simonyan and \
Mohammad Norouzi (Google Magenta and DeepMind, 2017), CC BY 4.0";
