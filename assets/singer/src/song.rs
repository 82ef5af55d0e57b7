//! The demo song: *Shenandoah*, an American river song of the early nineteenth century, words and tune in the public domain. Plain data.

use crate::phoneme::Phoneme::{self, *};
use crate::score::{Event, Note};

/// Seconds of a quarter note.
const BEAT_S: f64 = 0.56;

/// The first verse, in B flat, as [`crate::sing`] sings it: F3 to B flat 4.
pub fn shenandoah() -> Vec<Event> {
    let note =
        |midi: f64, beats: f64, sounds: &[Phoneme], from: f64, to: f64| Note::new(midi, beats * BEAT_S, sounds).effort(from, to);
    let breath = |seconds: f64| Event::Breath { duration_s: seconds };
    let mut song = vec![Event::Rest { duration_s: 0.25 }, breath(0.35)];
    let mut phrase = |notes: Vec<Note>| song.extend(notes.into_iter().map(Event::Note));
    phrase(vec![
        note(53.0, 1.0, &[O, U], 0.45, 0.5),
        note(58.0, 0.5, &[Sh, E], 0.5, 0.55),
        note(58.0, 0.5, &[N, Schwa, N], 0.5, 0.5),
        note(58.0, 1.0, &[D, O, U, Schwa], 0.6, 0.55),
        note(60.0, 0.5, &[A, Ih], 0.5, 0.55),
        note(62.0, 0.5, &[L, Aw, Ng], 0.6, 0.6),
        note(63.0, 0.5, &[T, U], 0.55, 0.6),
        note(67.0, 1.0, &[S, I], 0.7, 0.75),
        note(65.0, 1.7, &[J, U], 0.7, 0.35).glide(0.22),
    ]);
    song.push(breath(0.35));
    let mut phrase = |notes: Vec<Note>| song.extend(notes.into_iter().map(Event::Note));
    phrase(vec![
        note(70.0, 0.5, &[F, A], 0.8, 0.85),
        note(69.0, 1.2, &[Schwa, W, Ei, Ih], 0.85, 0.8).glide(0.16),
        note(67.0, 0.5, &[J, U], 0.65, 0.65),
        note(65.0, 0.5, &[R, O, U], 0.65, 0.65),
        note(67.0, 0.5, &[L, Ih, Ng], 0.6, 0.6),
        note(65.0, 0.75, &[R, Ih], 0.6, 0.6),
        note(62.0, 1.7, &[V, Schwa, R], 0.6, 0.2),
    ]);
    song.push(breath(0.4));
    let mut phrase = |notes: Vec<Note>| song.extend(notes.into_iter().map(Event::Note));
    phrase(vec![
        note(65.0, 0.75, &[O, U], 0.5, 0.6),
        note(67.0, 0.5, &[Sh, E], 0.65, 0.7),
        note(67.0, 0.5, &[N, Schwa, N], 0.65, 0.65),
        note(67.0, 1.4, &[D, O, U, Schwa], 0.75, 0.85),
        note(62.0, 0.5, &[A, Ih], 0.6, 0.55),
        note(65.0, 0.75, &[L, Aw, Ng], 0.65, 0.6).glide(0.12),
        note(62.0, 0.5, &[T, Schwa], 0.5, 0.5),
        note(60.0, 0.75, &[H, I, R], 0.55, 0.5),
        note(58.0, 1.6, &[J, U], 0.5, 0.2),
    ]);
    song.push(breath(0.35));
    let mut phrase = |notes: Vec<Note>| song.extend(notes.into_iter().map(Event::Note));
    phrase(vec![
        note(58.0, 0.5, &[Schwa], 0.4, 0.45),
        note(60.0, 0.5, &[K, R, Aw, S], 0.55, 0.55),
        note(62.0, 0.5, &[Dh, Schwa], 0.5, 0.5),
        note(58.0, 1.0, &[W, A, Ih, D], 0.6, 0.6),
        note(60.0, 0.75, &[M, Ih], 0.55, 0.5),
        note(57.0, 0.75, &[Z, U], 0.5, 0.45).glide(0.15),
        note(58.0, 2.6, &[R, I], 0.45, 0.05),
    ]);
    song.push(Event::Rest { duration_s: 0.3 });
    song
}
