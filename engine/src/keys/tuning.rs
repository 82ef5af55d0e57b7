//! Which pitch each key has: equal temperament, or that of Scala's files (.scl and .kbm). Made on any thread, plain data on the audio thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use tune::{
    key::PianoKey,
    note::Note,
    pitch::{Pitch, Ratio},
    scala::{Kbm, KbmRoot, Scl},
    tuning::KeyboardMapping,
};

/// Keys of MIDI.
const KEYS: usize = 128;
/// Most bytes of a file of Scala's: the longest scales of the archives have a few thousand.
pub const MOST_BYTES: usize = 1 << 18;
/// Pitches that can be played, as MIDI note numbers: 4 Hz to 25 kHz.
const NOTES: [f64; 2] = [-12.0, 139.0];

/// Why a tuning cannot be read: one sentence, without a name of a file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TuningError(String);

/// The pitches of all keys, for A4 at 440 Hz; [`Settings::a4`](crate::Settings::a4) moves all of them together.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuning {
    /// As MIDI note numbers with a fraction; none where a key has no pitch.
    notes: [Option<f32>; KEYS],
}

impl Default for Tuning {
    /// Twelve equal steps an octave.
    fn default() -> Self {
        Self { notes: std::array::from_fn(|key| Some(key as f32)) }
    }
}

impl Tuning {
    /// The pitches that a scale of Scala's gives to the keys, by a keyboard mapping or from middle C (key 60) on; or a mapping of the twelve equal steps.
    /// The format: <https://www.huygens-fokker.org/scala/scl_format.html>, and `help.htm#mappings` there.
    ///
    /// # Errors
    /// When one of the two is none, or has pitches that cannot be.
    ///
    /// ```
    /// use syrinx_engine::Tuning;
    ///
    /// let fifths = b"! a scale\npure thirds and fifths\n 3\n 5/4\n 3/2\n 2/1\n";
    /// let tuning = Tuning::from_scala(Some(fifths), None)?;
    /// let interval = tuning.note(62).unwrap() - tuning.note(60).unwrap();
    /// assert!((interval - 7.01955).abs() < 1e-4, "two keys up is a pure fifth");
    /// # Ok::<(), syrinx_engine::TuningError>(())
    /// ```
    pub fn from_scala(scale: Option<&[u8]>, mapping: Option<&[u8]>) -> Result<Self, TuningError> {
        for (what, bytes) in [("scale", scale), ("keyboard mapping", mapping)] {
            if bytes.is_some_and(|bytes| bytes.len() > MOST_BYTES) {
                return Err(TuningError(format!("the {what} has more than {} KiB", MOST_BYTES >> 10)));
            }
        }
        // The library counts with what a stranger wrote, and may count too far.
        let read = catch_unwind(AssertUnwindSafe(|| read(scale, mapping)));
        read.unwrap_or_else(|_| Err(TuningError("the tuning has numbers that cannot be counted with".into())))
    }

    /// The pitch of a key, 0 to 127, as a MIDI note number with a fraction, for A4 at 440 Hz; none where the mapping leaves the key out.
    pub fn note(&self, key: u8) -> Option<f32> {
        self.notes.get(usize::from(key)).copied().flatten()
    }
}

fn read(scale: Option<&[u8]>, mapping: Option<&[u8]>) -> Result<Tuning, TuningError> {
    let scale = match scale {
        Some(bytes) => Scl::import(bytes)
            .map_err(|why| TuningError(format!("the scale is none of Scala's ({})", in_words(&format!("{why:?}")))))?,
        None => Scl::builder()
            .push_ratio(Ratio::octave().divided_into_equal_steps(12))
            .build()
            .map_err(|why| TuningError(format!("{why:?}")))?,
    };
    let mapping = match mapping {
        Some(bytes) => Kbm::import(bytes)
            .map_err(|why| TuningError(format!("the keyboard mapping is none of Scala's ({})", in_words(&format!("{why:?}")))))?,
        // Middle C as equal temperament has it.
        None => KbmRoot::from(Note::from_midi_number(60)).to_kbm(),
    };
    if scale.num_items() == 0 {
        return Err(TuningError("the scale has no steps".into()));
    }
    let mapping = from_its_middle(&scale, mapping)?;
    let tuning = (&scale, &mapping);
    let mut notes = [None; KEYS];
    for (key, note) in notes.iter_mut().enumerate() {
        let Some(pitch) = tuning.maybe_pitch_of(PianoKey::from_midi_number(key as i32)) else { continue };
        let number = 69.0 + Ratio::between_pitches(Pitch::from_hz(440.0), pitch).as_semitones();
        if !number.is_finite() {
            return Err(TuningError(format!("key {key} has no pitch that could be")));
        }
        // Beyond what can be heard there is nothing to play.
        *note = (NOTES[0]..=NOTES[1]).contains(&number).then_some(number as f32);
    }
    if notes.iter().all(Option::is_none) {
        return Err(TuningError("the tuning gives no key a pitch that can be heard".into()));
    }
    Ok(Tuning { notes })
}

/// The same mapping, counted from its middle note as the format says; the library counts from the note whose pitch is told.
fn from_its_middle(scale: &Scl, mut mapping: Kbm) -> Result<Kbm, TuningError> {
    let told = mapping.root.ref_key;
    mapping.root.ref_key = told.plus_steps(mapping.root.root_offset);
    mapping.root.root_offset = 0;
    let degree = mapping.scale_degree_of(told);
    let degree = degree.ok_or_else(|| TuningError("the keyboard mapping leaves out the very key whose pitch it tells".into()))?;
    mapping.root.ref_pitch = mapping.root.ref_pitch / scale.relative_pitch_of(degree);
    Ok(mapping)
}

/// What the library says, on one line and short.
fn in_words(why: &str) -> String {
    why.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: &[u8] = b"! meantone.scl\n!\nQuarter-comma meantone\n 12\n!\n 76.04900\n 193.15686\n 310.26471\n 5/4\n 503.42157\n 579.47057\n 696.57843\n 25/16\n 889.73529\n 1006.84314\n 1082.89214\n 2/1\n";
    const MAPPING: &[u8] = b"! white keys\n12\n0\n127\n60\n69\n432.0\n12\n0\nx\n2\nx\n4\n5\nx\n7\nx\n9\nx\n11\n";

    #[test]
    fn equal_steps_are_the_keys_themselves() {
        let tuning = Tuning::default();
        assert!((0..128).all(|key| tuning.note(key) == Some(key.into())));
        assert_eq!(tuning.note(128), None);
        let read = Tuning::from_scala(
            Some(b"12edo\n12\n100.\n200.\n300.\n400.\n500.\n600.\n700.\n800.\n900.\n1000.\n1100.\n1200.\n"),
            None,
        );
        let read = read.unwrap();
        assert!((0..128).all(|key| (read.note(key).unwrap() - f32::from(key)).abs() < 1e-3));
    }

    #[test]
    fn scales_and_mappings_are_read() {
        let tuning = Tuning::from_scala(Some(SCALE), None).unwrap();
        let cents = |key: u8| 100.0 * (tuning.note(key).unwrap() - 60.0);
        assert!((cents(64) - 386.314).abs() < 0.01 && (cents(67) - 696.578).abs() < 0.01 && (cents(72) - 1200.0).abs() < 0.01);
        let mapped = Tuning::from_scala(None, Some(MAPPING)).unwrap();
        let a4 = 69.0 + 12.0 * (432.0_f32 / 440.0).log2();
        assert!((mapped.note(69).unwrap() - a4).abs() < 1e-3);
        assert_eq!([61, 63, 66, 68, 70].map(|key| mapped.note(key)), [None; 5]);
        assert!((mapped.note(60).unwrap() - (a4 - 9.0)).abs() < 1e-3);
    }

    #[test]
    fn what_is_no_tuning_is_refused_in_a_sentence() {
        for bad in [
            &b""[..],
            b"x",
            b"a\nb\nc",
            b"a\n3\n100.\n",
            b"a\n1\n0/0\n",
            b"a\n1\n1/0\n",
            b"a\n0\n",
            b"a\n99999999999\n1.\n",
            b"\xff\xfe\0\0",
        ] {
            let said = Tuning::from_scala(Some(bad), None);
            if let Err(why) = &said {
                assert!(why.to_string().lines().count() == 1, "{why}");
            }
            assert!(said.is_err(), "{bad:?}: {said:?}");
            assert!(Tuning::from_scala(None, Some(bad)).is_err());
        }
        assert!(Tuning::from_scala(Some(&vec![b' '; MOST_BYTES + 1]), None).is_err());
    }

    /// Whatever is changed in good files, they are read or refused.
    #[test]
    fn broken_files_do_no_harm() {
        let mut seed = 1_u64;
        let mut draw = |most: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as usize % most
        };
        std::panic::set_hook(Box::new(|_| {}));
        for _ in 0..3000 {
            let [scale, mapping] = [SCALE, MAPPING].map(|good| {
                let mut bytes = good.to_vec();
                for _ in 0..1 + draw(3) {
                    let at = draw(bytes.len());
                    bytes[at] = b"0123456789./-x\n! e"[draw(18)];
                }
                bytes
            });
            if let Ok(tuning) = Tuning::from_scala(Some(&scale), Some(&mapping)) {
                assert!((0..128).filter_map(|key| tuning.note(key)).all(|note| note.is_finite()));
            }
        }
        let _ = std::panic::take_hook();
    }
}
