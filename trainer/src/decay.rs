//! Whether an instrument dies away of its own, and how fast at each pitch: measured from its notes, single or in phrases. Any thread.
//!
//! A note that rings is loudest at once and then falls, steadily: its A-weighted loudness follows [`Fall`], a fast early fall and a slow
//! late one, to within a small share of what it falls by. An instrument rings when most of its notes do. Of 20 folders of recordings,
//! measured so, 83 to 100 % of the notes of vibraphone, electric piano, guitar, bass guitar and sitar ring, and at most 18 % of those of
//! any organ, harmonium, bowed string, wind or voice: half is far from both.

use syrinx_analysis::{Frame, Take};
use syrinx_decoder::{Decay, DecayNote, EARLY_S, Fall};
use syrinx_tracker::FRAME_RATE_HZ;

use crate::{
    hearing::midi,
    split::{Part, Split},
    statistics::quantile,
};

const FRAME_S: f32 = 1.0 / FRAME_RATE_HZ as f32;
/// A note is looked at from its loudest frame until it has fallen by this, dB: what is softer is the room.
const LOWEST_DB: f32 = 36.0;
/// And for this long at most, seconds: nobody holds notes for longer, and recordings are faded out.
const LONGEST_S: f32 = 2.5;
/// And for this share of what there is after its loudest frame: at the end it is damped, or cut.
const UNDAMPED_SHARE: f32 = 0.8;
/// What is left must be this long, seconds.
const SHORTEST_S: f32 = 0.25;
/// A note that rings is loudest within this after it has come within [`ONSET_DB`] of that, seconds.
const LATEST_PEAK_S: f32 = 0.4;
const ONSET_DB: f32 = 20.0;
/// It falls at least by this in the end, dB a second; no slower bell is sung to.
const SLOWEST_DB_PER_S: f32 = 2.0;
/// And strays from its curve by less than this share of its fall: what is bowed or blown comes and goes.
const STRAY_SHARE: f32 = 0.15;
/// In a phrase a note begins with a rise of this much, dB, above the lowest level of a moment ago, which is forgotten at this pace, dB a
/// second; rises within so many frames (60 ms) are one; and from its 10th to its 90th percentile its pitch moves by less than this.
const RISE_DB: f32 = 6.0;
const FORGET_DB_PER_S: f32 = 30.0;
const RISING_FRAMES: usize = 15;
const SAME_PITCH_ST: f32 = 1.0;
/// So many notes are needed to tell.
const FEWEST_NOTES: usize = 5;
/// Share of the notes that ring, from which on the instrument does.
const RINGING_SHARE: f32 = 0.5;
/// Semitones between the pitches of the card's table, about.
const TABLE_STEP_ST: f32 = 6.0;
/// Each is the median of so many notes, the nearest, and of all that lie within this, semitones: so that a note of which the pitch was
/// mistaken does not stand for its neighbours. The early fall depends less on pitch than on how hard the note is struck, and few
/// pitches were recorded soft and loud.
const MEDIAN_OF: usize = 5;
const EARLY_REACH_ST: f32 = 12.0;
const LATE_REACH_ST: f32 = 3.0;
/// Rounds of the fit.
const ROUNDS: usize = 30;
/// Deviations under this count alike, dB.
const ALIKE_DB: f32 = 0.2;

/// A note that was measured.
struct Note {
    midi: f32,
    peak_db: f32,
    fall: Fall,
}

/// The decay of the instrument that the training notes of `takes` are of, if it has one. `gains_db` has one gain a take.
pub fn measure(takes: &[Take], gains_db: &[f32], split: &Split) -> Option<Decay> {
    let (mut judged, mut notes) = (0, Vec::new());
    for stretch in split.of(Part::Training) {
        let take = &takes[stretch.take];
        let frames = &take.frames[stretch.frames.clone()];
        let played = match take.note {
            Some(note) => vec![(f32::from(note), frames)],
            None => notes_of(frames),
        };
        for (midi, frames) in played {
            let levels: Vec<f32> = frames.iter().map(|f| f.features.loudness_db).collect();
            let Some(ring) = ringing(&levels) else { continue };
            judged += 1;
            if let Some((peak_db, fall)) = ring {
                notes.push(Note { midi, peak_db: peak_db + gains_db[stretch.take], fall });
            }
        }
    }
    if judged < FEWEST_NOTES || (notes.len() as f32) < RINGING_SHARE * judged as f32 {
        return None;
    }
    let mut peaks: Vec<f32> = notes.iter().map(|n| n.peak_db).collect();
    let struck_range_db = [quantile(&mut peaks, 0.05), quantile(&mut peaks, 0.95)];
    Some(Decay { struck_range_db, notes: table(&notes) })
}

/// The notes of a phrase, each with its pitch: from one rise of loudness to the next, where the pitch stays.
fn notes_of(frames: &[Frame]) -> Vec<(f32, &[Frame])> {
    let mut lowest = f32::MAX;
    let mut starts: Vec<usize> = Vec::new();
    for (n, frame) in frames.iter().enumerate() {
        let level = frame.features.loudness_db;
        lowest = level.min(lowest + FORGET_DB_PER_S * FRAME_S);
        if level >= lowest + RISE_DB {
            lowest = level;
            // What still rises is the same note.
            if starts.last().is_none_or(|last| n - last > RISING_FRAMES) {
                starts.push(n);
            } else {
                starts.last_mut().into_iter().for_each(|last| *last = n);
            }
        }
    }
    starts
        .iter()
        .zip(starts.iter().skip(1).chain([&frames.len()]))
        .filter_map(|(&start, &end)| {
            let note = &frames[start..end];
            let mut pitches: Vec<f32> = note.iter().filter(|f| f.target.f0_hz > 0.0).map(|f| midi(f.target.f0_hz)).collect();
            if pitches.is_empty() {
                return None;
            }
            let (low, middle, high) = (quantile(&mut pitches, 0.1), quantile(&mut pitches, 0.5), quantile(&mut pitches, 0.9));
            (high - low < SAME_PITCH_ST).then_some((middle, note))
        })
        .collect()
}

/// Loudest level and fall of a note, told by its loudness at each frame, dB; `Some(None)` if it does not ring, `None` if it is too short
/// to tell.
fn ringing(levels: &[f32]) -> Option<Option<(f32, Fall)>> {
    let peak_db = levels.iter().copied().fold(f32::MIN, f32::max);
    let peak = levels.iter().position(|db| *db == peak_db)?;
    let onset = levels.iter().position(|db| *db > peak_db - ONSET_DB)?;
    if (peak - onset) as f32 * FRAME_S > LATEST_PEAK_S {
        return Some(None);
    }
    let after = &levels[peak..];
    let whole = after.iter().position(|db| *db < peak_db - LOWEST_DB).unwrap_or(usize::MAX);
    let undamped = (UNDAMPED_SHARE * after.len() as f32) as usize;
    let heard = &after[..whole.min(undamped).min((LONGEST_S / FRAME_S) as usize)];
    if (heard.len() as f32) < SHORTEST_S / FRAME_S {
        return None;
    }
    let (fall, stray_db) = fit(heard);
    let fallen_db = fall.after(heard.len() as f32 * FRAME_S);
    let rings = fall.late_db_per_s >= SLOWEST_DB_PER_S && stray_db < STRAY_SHARE * fallen_db;
    Some(rings.then_some((peak_db, fall)))
}

/// The fall that deviates least from `levels`, and its mean deviation, dB: least absolute deviations, by least squares that are weighted
/// anew each round, so that a beat or a knock does not bend it.
fn fit(levels: &[f32]) -> (Fall, f32) {
    let rows: Vec<[f64; 3]> = levels
        .iter()
        .enumerate()
        .map(|(n, db)| {
            let t = n as f32 * FRAME_S;
            [f64::from(1.0 - (-t / EARLY_S).exp()), f64::from(t), f64::from(levels[0] - db)]
        })
        .collect();
    let stray = |fall: &[f64; 2], row: &[f64; 3]| (row[2] - fall[0] * row[0] - fall[1] * row[1]).abs();
    let solve = |early: bool| {
        let mut fall = [0.0; 2];
        for round in 0..ROUNDS {
            let (mut a, mut b, mut c, mut p, mut q) = (1e-9, 0.0, 1e-9, 0.0, 0.0);
            for row in &rows {
                let w = if round == 0 { 1.0 } else { 1.0 / stray(&fall, row).max(f64::from(ALIKE_DB)) };
                let x = if early { row[0] } else { 0.0 };
                (a, b, c) = (a + w * x * x, b + w * x * row[1], c + w * row[1] * row[1]);
                (p, q) = (p + w * x * row[2], q + w * row[1] * row[2]);
            }
            let determinant = a * c - b * b;
            fall = [(c * p - b * q) / determinant, (a * q - b * p) / determinant];
        }
        fall
    };
    let mut fall = solve(true);
    if fall[0] < 0.0 {
        // It swells at first: there is no early fall.
        fall = solve(false);
        fall[0] = 0.0;
    }
    let stray_db = rows.iter().map(|row| stray(&fall, row)).sum::<f64>() / rows.len() as f64;
    (Fall { early_db: fall[0] as f32, late_db_per_s: fall[1] as f32 }, stray_db as f32)
}

/// The falls over pitch: at evenly spaced pitches the median of the notes about it.
fn table(notes: &[Note]) -> Vec<DecayNote> {
    let low = notes.iter().map(|n| n.midi).fold(f32::MAX, f32::min);
    let high = notes.iter().map(|n| n.midi).fold(f32::MIN, f32::max);
    let steps = ((high - low) / TABLE_STEP_ST).round().max(1.0);
    let places = if high > low { steps as usize + 1 } else { 1 };
    (0..places)
        .map(|place| {
            let note = low + (high - low) * place as f32 / steps;
            let mut distances: Vec<f32> = notes.iter().map(|n| (n.midi - note).abs()).collect();
            distances.sort_unstable_by(f32::total_cmp);
            let nearest = distances[MEDIAN_OF.min(distances.len()) - 1];
            let median = |of: fn(&Fall) -> f32, reach: f32, most: f32| {
                let reach = reach.max(nearest);
                let near = notes.iter().filter(|n| (n.midi - note).abs() <= reach);
                let mut values: Vec<f32> = near.map(|n| of(&n.fall)).collect();
                // Hundredths are more than was measured.
                (100.0 * quantile(&mut values, 0.5).clamp(0.0, most)).round() / 100.0
            };
            let fall = Fall {
                early_db: median(|f| f.early_db, EARLY_REACH_ST, Fall::MOST.early_db),
                late_db_per_s: median(|f| f.late_db_per_s, LATE_REACH_ST, Fall::MOST.late_db_per_s),
            };
            DecayNote { note, fall }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        random::Random,
        testing::{frame, note},
    };

    /// A note of 3 s at `midi` whose loudness is `level` at each second after its onset, a tenth of a second into the take.
    fn take(midi: u8, level: impl Fn(f32, &mut Random) -> f32) -> Take {
        let mut random = Random::new(u64::from(midi));
        let mut take = note(midi, "one", 750);
        for (n, f) in take.frames.iter_mut().enumerate() {
            let t = n as f32 * FRAME_S - 0.1;
            let db = if t < 0.0 { -90.0 } else { level(t, &mut random) };
            *f = frame(n, f32::from(midi), db, 0.9, &mut random);
            // Exactly.
            f.features.loudness_db = db;
        }
        take
    }

    fn measured(takes: &[Take]) -> Option<Decay> {
        measure(takes, &vec![3.0; takes.len()], &Split::everything(takes))
    }

    #[test]
    fn notes_that_fall_are_measured_over_pitch() {
        let falls = |midi: f32| Fall { early_db: 12.0 - 0.1 * (midi - 40.0), late_db_per_s: 3.0 + 0.3 * (midi - 40.0) };
        let takes: Vec<Take> = (40..80)
            .step_by(2)
            .map(|midi| {
                take(midi, |t, random| {
                    let loud = -12.0 - f32::from(midi % 3);
                    // Damped in the end, in a room, with beats.
                    let damped = 100.0 * (t - 2.6).max(0.0);
                    (loud - falls(f32::from(midi)).after(t) - damped + random.between(-0.4, 0.4)).max(-70.0)
                })
            })
            .collect();
        let decay = measured(&takes).unwrap();
        assert_eq!(decay.check(), Ok(()));
        assert!(decay.notes.len() >= 6 && decay.notes[0].note <= 42.0, "{decay:?}");
        for midi in [44.0, 60.0, 74.0] {
            let (wanted, found) = (falls(midi), decay.at(440.0 * ((midi - 69.0) / 12.0_f32).exp2()));
            for t in [0.1, 0.5, 2.0] {
                let error = found.after(t) - wanted.after(t);
                assert!(error.abs() < 0.1 * wanted.after(t) + 0.5, "{midi} at {t} s: {found:?} where {wanted:?} is true");
            }
        }
        let [soft, loud] = decay.struck_range_db;
        assert!((-11.8..-10.5).contains(&soft) && (-9.5..-8.2).contains(&loud), "with the gain, {soft} to {loud} dB");
    }

    /// Notes of a second at changing pitches, one after the other, in one recording.
    fn phrase(level: impl Fn(f32) -> f32) -> Take {
        let mut take = note(60, "one", 60 * 250);
        let mut random = Random::new(3);
        for (n, f) in take.frames.iter_mut().enumerate() {
            let (which, t) = (n / 250, (n % 250) as f32 * FRAME_S);
            *f = frame(n, 50.0 + (which * 7 % 12) as f32, level(t), 0.9, &mut random);
            f.features.loudness_db = level(t);
        }
        Take { note: None, ..take }
    }

    #[test]
    fn phrases_are_measured_note_by_note() {
        let plucked = phrase(|t| -20.0 - 4.0 * (1.0 - (-t / EARLY_S).exp()) - 9.0 * t - 150.0 * (t - 0.9).max(0.0));
        let decay = measured(&[plucked]).unwrap();
        assert!(decay.notes.len() >= 2 && decay.check().is_ok());
        for n in &decay.notes {
            assert!((n.fall.early_db - 4.0).abs() < 1.5 && (n.fall.late_db_per_s - 9.0).abs() < 2.0, "{n:?}");
        }
        assert_eq!(measured(&[phrase(|t| -20.0 - 2.0 * (6.0 * t).sin() - 150.0 * (t - 0.8).max(0.0))]), None, "bowed");
    }

    #[test]
    fn what_is_blown_bowed_or_held_does_not_ring() {
        type Level = fn(f32, &mut Random) -> f32;
        let kinds: [(&str, Level); 5] = [
            ("organ", |_, random| -20.0 + random.between(-0.2, 0.2)),
            ("swell", |t, _| -40.0 + 20.0 * (t / 3.0 * std::f32::consts::PI).sin()),
            ("bow", |t, _| -20.0 + 4.0 * (4.0 * t).sin() - 2.0 * t),
            ("breath that wanes", |t, random| -20.0 - 1.2 * t + random.between(-1.0, 1.0)),
            ("tongued and held", |t, _| -20.0 - 6.0 * (1.0 - (-t / 0.05).exp())),
        ];
        for (name, level) in kinds {
            let takes: Vec<Take> = (50..70).map(|midi| take(midi, level)).collect();
            assert_eq!(measured(&takes), None, "{name}");
        }
    }

    #[test]
    fn too_few_notes_say_nothing() {
        let falling = |t: f32, _: &mut Random| -20.0 - 8.0 * t;
        let takes: Vec<Take> = (50..54).map(|midi| take(midi, falling)).collect();
        assert_eq!(measured(&takes), None);
        assert_eq!(ringing(&[]), None);
        assert_eq!(ringing(&[-20.0; 40]), None);
        assert_eq!(ringing(&[-20.0; 400]), Some(None));
    }
}
