//! What is sung: notes, breaths and rests, in order. Plain data, any thread.

use crate::phoneme::Phoneme;

/// One thing to do, after the one before it.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A syllable on a pitch.
    Note(Note),
    /// Air drawn in: noise, no pitch.
    Breath {
        /// Seconds it takes.
        duration_s: f64,
    },
    /// Nothing at all: the samples are zero once the tract has rung out.
    Rest {
        /// Seconds it takes.
        duration_s: f64,
    },
}

/// One syllable on one pitch. Its vowel starts on the beat; the consonants before the vowel take their time from the event before.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// Pitch at the start and at the end, as MIDI note numbers (69 is 440 Hz, fractions allowed); between them it moves evenly.
    pub midi: [f64; 2],
    /// Seconds from this vowel's onset to the next event's beat.
    pub duration_s: f64,
    /// The syllable: consonants, at least one vowel (or a nasal, for humming), consonants. Of several vowels the first is held.
    pub sounds: Vec<Phoneme>,
    /// Vocal effort at the start and at the end, 0 (barely sounding) to 1 (all there is).
    pub effort: [f64; 2],
    /// Seconds to glide from the pitch before, beyond the reluctance every larynx has.
    pub glide_s: f64,
    /// Without voice: every sound comes from breath alone.
    pub whispered: bool,
    /// Factor on the voice's vibrato: 0 sings straight.
    pub vibrato: f64,
}

impl Note {
    /// A note of steady pitch and effort, with the voice's own vibrato.
    pub fn new(midi: f64, duration_s: f64, sounds: &[Phoneme]) -> Self {
        Self {
            midi: [midi; 2],
            duration_s,
            sounds: sounds.to_vec(),
            effort: [0.6; 2],
            glide_s: 0.0,
            whispered: false,
            vibrato: 1.0,
        }
    }

    /// The same note, its effort moving evenly between two values.
    pub fn effort(mut self, from: f64, to: f64) -> Self {
        self.effort = [from, to];
        self
    }

    /// The same note, reached by a glide of `seconds`.
    pub fn glide(mut self, seconds: f64) -> Self {
        self.glide_s = seconds;
        self
    }

    /// The same note, its pitch moving evenly to `midi`.
    pub fn towards(mut self, midi: f64) -> Self {
        self.midi[1] = midi;
        self
    }

    /// The same note with `factor` times the voice's vibrato.
    pub fn vibrato(mut self, factor: f64) -> Self {
        self.vibrato = factor;
        self
    }

    /// The same syllable, whispered.
    pub fn whispered(mut self) -> Self {
        self.whispered = true;
        self
    }
}
