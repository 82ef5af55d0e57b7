//! The demo piece: a round in four parts, played from notes.
//!
//! *Frère Jacques* is a French round of the 18th century, in the public domain; each part begins two bars after the one before it, and sings it twice.

use std::path::Path;
use syrinx_engine::{Block, EngineConfig, Event, EventKind, Guard, Keys, Message, Settings};
use xtask::{
    Failure, picture,
    sound::{Sound, write_floats},
};

const SAMPLE_RATE_HZ: u32 = 48_000;
/// Beats a minute.
const TEMPO: f64 = 112.0;
/// A part begins so many beats after the one before, and the whole melody has so many.
const APART_BEATS: f64 = 8.0;
const MELODY_BEATS: f64 = 32.0;
/// A note sounds for this share of its beats.
const HELD: f64 = 0.95;
/// Behind the last note rooms and strings sound on, s.
const ENDS_S: f64 = 3.0;

/// The instruments, and the key of each one's C.
const PARTS: [(&str, u8); 4] = [("flute", 72), ("violin", 72), ("french-horn", 60), ("cello", 48)];

/// The melody's four phrases, each sung twice: semitones above C and beats.
const PHRASES: [&[(i8, f64)]; 4] = [
    &[(0, 1.0), (2, 1.0), (4, 1.0), (0, 1.0)],
    &[(4, 1.0), (5, 1.0), (7, 2.0)],
    &[(7, 0.5), (9, 0.5), (7, 0.5), (5, 0.5), (4, 1.0), (0, 1.0)],
    &[(0, 1.0), (-5, 1.0), (0, 2.0)],
];

/// A note: the beat at which it begins, its length in beats, its key and velocity, 0 to 1.
type Note = (f64, f64, u8, f32);

/// The notes of one part.
fn notes(number: usize, c: u8) -> Vec<Note> {
    let mut notes = Vec::new();
    for time in 0..2 {
        let mut beat = APART_BEATS * number as f64 + MELODY_BEATS * f64::from(time);
        for phrase in PHRASES.iter().flat_map(|phrase| [phrase, phrase]) {
            for (at, (semitones, beats)) in phrase.iter().enumerate() {
                // The first of a bar a little stronger.
                let velocity = if at == 0 { 0.72 } else { 0.6 };
                notes.push((beat, *beats, c.saturating_add_signed(*semitones), velocity));
                beat += beats;
            }
        }
    }
    notes
}

/// Plays the piece into `round.wav`, in stereo, with a picture of its parts, `round.png`, in `folder`.
pub fn run(folder: &Path) -> Result<(), Failure> {
    let beats = MELODY_BEATS * 2.0 + APART_BEATS * (PARTS.len() - 1) as f64;
    let len = ((beats * 60.0 / TEMPO + ENDS_S) * f64::from(SAMPLE_RATE_HZ)) as usize;
    let mut parts = Vec::new();
    for (number, (id, c)) in PARTS.into_iter().enumerate() {
        parts.push(part(id, number as u64, &notes(number, c), len)?);
    }
    let mut guard = Guard::new(SAMPLE_RATE_HZ);
    let mut interleaved = Vec::with_capacity(2 * len);
    for n in 0..len {
        let sides = [0, 1].map(|side| parts.iter().map(|part| part[side][n]).sum::<f32>());
        interleaved.extend(guard.sides(sides));
    }
    let out = folder.join("round.wav");
    write_floats(&out, SAMPLE_RATE_HZ, 2, &interleaved)?;
    let sounds: Vec<Sound> = parts
        .into_iter()
        .map(|[left, right]| Sound {
            samples: left.iter().zip(&right).map(|(left, right)| 0.5 * (left + right)).collect(),
            sample_rate_hz: SAMPLE_RATE_HZ,
        })
        .collect();
    let name = |at: usize| syrinx_models::load(PARTS[at].0).map_or_else(String::new, |model| model.card().name.clone());
    let rows: Vec<(String, &Sound)> = sounds.iter().enumerate().map(|(at, sound)| (name(at), sound)).collect();
    picture::parts::draw("Frère Jacques, a round in four parts, played from notes", &rows, &out.with_extension("png"))?;
    println!("\nA round in four parts, played from notes: {}, with its picture beside it.", out.display());
    Ok(())
}

/// One part on its instrument, both sides.
fn part(id: &str, seed: u64, notes: &[Note], len: usize) -> Result<[Vec<f32>; 2], Failure> {
    let number = syrinx_models::number(id).ok_or("a factory instrument has no number")?;
    let config = EngineConfig { sample_rate_hz: SAMPLE_RATE_HZ, channels: 2, seed };
    let mut keys = Keys::new(config, syrinx_models::factory())?;
    keys.set(&Settings { instrument_a: number, ..Settings::default() });
    let sample = |beat: f64| (beat * 60.0 / TEMPO * f64::from(SAMPLE_RATE_HZ)) as usize;
    let mut events = Vec::new();
    for (beat, beats, key, velocity) in notes {
        let event = |at, message| Event { at, kind: EventKind::Message { channel: 0, message } };
        events.push(event(sample(*beat), Message::NoteOn { key: *key, velocity: *velocity }));
        events.push(event(sample(beat + HELD * beats), Message::NoteOff { key: *key }));
    }
    events.sort_by_key(|event| event.at);
    let [mut left, mut right] = [vec![0.0; len], vec![0.0; len]];
    keys.play(Block { input: &[], output: &mut [&mut left, &mut right], events: &events });
    let sounds = left.iter().any(|x| x.abs() > 0.01);
    if !sounds || left.iter().chain(&right).any(|x| !x.is_finite()) || !keys.is_idle() {
        return Err(format!("{id} does not sound, or does not end").into());
    }
    Ok([left, right])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_all_of_the_melody_twice() {
        let notes = notes(1, 60);
        assert_eq!(notes.len(), 2 * 2 * PHRASES.iter().map(|phrase| phrase.len()).sum::<usize>());
        assert_eq!((notes[0].0, notes[0].2), (APART_BEATS, 60));
        let (beat, beats, ..) = notes[notes.len() - 1];
        assert_eq!(beat + beats, APART_BEATS + 2.0 * MELODY_BEATS);
        assert_eq!(notes.iter().map(|note| note.2).min(), Some(55));
    }
}
