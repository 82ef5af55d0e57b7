//! Whether an instrument dies away of its own, and how fast at each pitch: measured from its notes, single or in phrases. Any thread.
//!
//! A note that rings is loudest at once and then falls, steadily: its A-weighted loudness follows [`Fall`], a fast early fall and a slow
//! late one, to within a small share of what it falls by. An instrument rings when most of its notes do. Of 20 folders of recordings,
//! measured so, 83 to 100 % of the notes of vibraphone, electric piano, guitar, bass guitar and sitar ring, and at most 18 % of those of
//! any organ, harmonium, bowed string, wind or voice: half is far from both.
//!
//! **What was made to fade does not ring.** A string or a bar loses most at first: in dB its fall is straight, or slows down. A held note
//! that somebody faded out, turned down or cut begins level and falls ever faster, and one that swells comes back without being struck. An
//! instrument most of whose falling notes do so is held by its player, and sounds as long as the voice.

use syrinx_analysis::{Frame, Take};
use syrinx_decoder::{Decay, DecayNote, EARLY_S, Fall};
use syrinx_tracker::FRAME_RATE_HZ;

use crate::{
    input_features::midi,
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
/// A fall that gets faster by so much of itself was made: of `a t + b t^2` after the early fall, `b t^2` is at the end more than this share.
/// It is 0 of what falls straight in dB, 0.7 of a fade that is straight in amplitude, 1 of one that holds and falls as `t^2`. By this and
/// the next, at most one in nine of the falling notes of a plucked or struck instrument seems made (strings beat), and all of those that were.
const MADE_SHARE: f32 = 0.5;
/// And so was what rises again by [`RISE_DB`] and by more than this share of what it fell by, without being struck.
const REGAINED_SHARE: f32 = 0.5;
/// Share of the falling notes that were made to, from which on the instrument does not ring.
const MADE_NOTES_SHARE: f32 = 0.5;
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

/// A note that falls.
struct Note {
    midi: f32,
    ring: Ring,
}

/// How a note falls.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ring {
    /// Level of its loudest frame, dB.
    peak_db: f32,
    fall: Fall,
    /// Whether somebody made it fade, so that it says nothing of the instrument.
    made: bool,
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
            if let Some(ring) = ring {
                notes.push(Note { midi, ring: Ring { peak_db: ring.peak_db + gains_db[stretch.take], ..ring } });
            }
        }
    }
    let made = notes.iter().filter(|n| n.ring.made).count();
    let most = |part: usize, share: f32, whole: usize| part as f32 >= share * whole as f32;
    if judged < FEWEST_NOTES || !most(notes.len(), RINGING_SHARE, judged) || most(made, MADE_NOTES_SHARE, notes.len()) {
        return None;
    }
    let mut peaks: Vec<f32> = notes.iter().map(|n| n.ring.peak_db).collect();
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

/// How a note falls, told by its loudness at each frame, dB; `Some(None)` if it does not, `None` if it is too short to tell.
fn ringing(levels: &[f32]) -> Option<Option<Ring>> {
    let peak_db = levels.iter().copied().fold(f32::MIN, f32::max);
    let peak = levels.iter().position(|db| *db == peak_db)?;
    let onset = levels.iter().position(|db| *db > peak_db - ONSET_DB)?;
    if (peak - onset) as f32 * FRAME_S > LATEST_PEAK_S {
        return Some(None);
    }
    let after = &levels[peak..];
    let whole = after.iter().position(|db| *db < peak_db - LOWEST_DB).unwrap_or(usize::MAX);
    let undamped = &after[..whole.min((UNDAMPED_SHARE * after.len() as f32) as usize)];
    let heard = &undamped[..undamped.len().min((LONGEST_S / FRAME_S) as usize)];
    if (heard.len() as f32) < SHORTEST_S / FRAME_S {
        return None;
    }
    let (fall, stray_db) = fit(heard);
    let fallen_db = fall.after(heard.len() as f32 * FRAME_S);
    let rings = fall.late_db_per_s >= SLOWEST_DB_PER_S && stray_db < STRAY_SHARE * fallen_db;
    let made = || falls_ever_faster(undamped) || swells_again(after);
    Some(rings.then(|| Ring { peak_db, fall, made: made() }))
}

/// The fall that deviates least from `levels`, and its mean deviation, dB.
fn fit(levels: &[f32]) -> (Fall, f32) {
    let falls = falls(levels);
    let rows: Vec<[f64; 2]> = (0..levels.len()).map(time_s).map(|t| [early(t), t]).collect();
    let mut fall = least_absolute(&rows, &falls);
    if fall[0] < 0.0 {
        // It swells at first: there is no early fall.
        let late: Vec<[f64; 1]> = rows.iter().map(|row| [row[1]]).collect();
        fall = [0.0, least_absolute(&late, &falls)[0]];
    }
    let stray_db = rows.iter().zip(&falls).map(|(row, db)| stray(&fall, row, *db)).sum::<f64>() / rows.len() as f64;
    (Fall { early_db: fall[0] as f32, late_db_per_s: fall[1] as f32 }, stray_db as f32)
}

/// Whether the fall of `levels` gets faster by more than [`MADE_SHARE`] of itself.
fn falls_ever_faster(levels: &[f32]) -> bool {
    let falls = falls(levels);
    let rows: Vec<[f64; 3]> = (0..levels.len()).map(time_s).map(|t| [early(t), t, t * t]).collect();
    let mut fall = least_absolute(&rows, &falls);
    if fall[0] < 0.0 {
        let late: Vec<[f64; 2]> = rows.iter().map(|row| [row[1], row[2]]).collect();
        let [straight, bent] = least_absolute(&late, &falls);
        fall = [0.0, straight, bent];
    }
    let end = time_s(levels.len());
    let bent = fall[2] * end * end;
    bent > f64::from(MADE_SHARE) * (fall[0] * early(end) + fall[1] * end + bent)
}

/// Whether a note of these `levels`, from its loudest frame on, gets loud again before it is struck anew.
fn swells_again(levels: &[f32]) -> bool {
    let (mut recent, mut lowest) = (f32::MAX, f32::MAX);
    for level in levels {
        recent = level.min(recent + FORGET_DB_PER_S * FRAME_S);
        if *level >= recent + RISE_DB {
            return false;
        }
        lowest = lowest.min(*level);
        let risen = level - lowest;
        if risen >= RISE_DB && risen > REGAINED_SHARE * (levels[0] - lowest) {
            return true;
        }
    }
    false
}

fn time_s(frame: usize) -> f64 {
    f64::from(frame as f32 * FRAME_S)
}

/// The share of the early fall that has happened after `t` seconds.
fn early(t: f64) -> f64 {
    1.0 - (-t / f64::from(EARLY_S)).exp()
}

/// How far each of `levels` lies under the first, dB.
fn falls(levels: &[f32]) -> Vec<f64> {
    levels.iter().map(|db| f64::from(levels[0] - db)).collect()
}

fn stray<const N: usize>(factors: &[f64; N], row: &[f64; N], value: f64) -> f64 {
    (value - row.iter().zip(factors).map(|(x, factor)| factor * x).sum::<f64>()).abs()
}

/// The factors of `rows` whose sums deviate least from `values`: least absolute deviations, by least squares that are weighted anew each
/// round, so that a beat or a knock does not bend them.
fn least_absolute<const N: usize>(rows: &[[f64; N]], values: &[f64]) -> [f64; N] {
    let mut factors = [0.0; N];
    for round in 0..ROUNDS {
        let (mut matrix, mut right) = ([[0.0; N]; N], [0.0; N]);
        (0..N).for_each(|i| matrix[i][i] = 1e-9);
        for (row, value) in rows.iter().zip(values) {
            let w = if round == 0 { 1.0 } else { 1.0 / stray(&factors, row, *value).max(f64::from(ALIKE_DB)) };
            for i in 0..N {
                right[i] += w * row[i] * value;
                (0..N).for_each(|j| matrix[i][j] += w * row[i] * row[j]);
            }
        }
        factors = solved(matrix, right);
    }
    factors
}

/// The solution of a symmetric, positive definite system: elimination without pivots.
fn solved<const N: usize>(mut matrix: [[f64; N]; N], mut right: [f64; N]) -> [f64; N] {
    for i in 0..N {
        for below in i + 1..N {
            let factor = matrix[below][i] / matrix[i][i];
            (i..N).for_each(|j| matrix[below][j] -= factor * matrix[i][j]);
            right[below] -= factor * right[i];
        }
    }
    for i in (0..N).rev() {
        let known: f64 = (i + 1..N).map(|j| matrix[i][j] * right[j]).sum();
        right[i] = (right[i] - known) / matrix[i][i];
    }
    right
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
                let mut values: Vec<f32> = near.map(|n| of(&n.ring.fall)).collect();
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

    /// To a straight line or an early fall most of these come near enough.
    #[test]
    fn what_was_made_to_fade_does_not_ring() {
        type Level = fn(f32, &mut Random) -> f32;
        let kinds: [(&str, Level); 9] = [
            ("a fade that is straight in amplitude", |t, _| -20.0 + 20.0 * (1.0 - t / 2.9).max(1e-4).log10()),
            ("the same, tongued", |t, _| -20.0 - 3.0 * (1.0 - (-t / 0.05).exp()) + 20.0 * (1.0 - t / 2.9).max(1e-4).log10()),
            ("the same, with a tremolo", |t, _| -20.0 + (31.0 * t).sin() + 20.0 * (1.0 - t / 2.9).max(1e-4).log10()),
            ("a fade that gets faster in dB", |t, random| -20.0 - 6.0 * t * t + random.between(-0.3, 0.3)),
            ("half a cosine", |t, _| -20.0 + 20.0 * (0.5 + 0.5 * (t / 2.9 * std::f32::consts::PI).cos()).max(1e-4).log10()),
            ("held, then faded", |t, _| -20.0 - 26.0 * (t - 0.4).max(0.0)),
            ("held, then cut", |t, _| -20.0 - 300.0 * (t - 1.5).max(0.0)),
            ("turned down and up again", |t, _| -20.0 - t - 26.0 * (1.4 - (t - 1.4).abs())),
            ("a cycle through all levels", |t, _| -20.0 - 26.0 * (1.4 - (t - 1.8).abs()).max(0.0) - 800.0 * (t - 2.8).max(0.0)),
        ];
        for (name, level) in kinds {
            let takes: Vec<Take> = (50..70).map(|midi| take(midi, level)).collect();
            assert_eq!(measured(&takes), None, "{name}");
        }
    }

    #[test]
    fn what_rings_may_beat_tremble_be_damped_faded_out_or_struck_again() {
        type Level = fn(f32, &mut Random) -> f32;
        let kinds: [(&str, Level); 6] = [
            ("straight in dB", |t, _| -20.0 - 12.0 * t),
            ("in two stages", |t, _| (-20.0 - 40.0 * t).max(-30.0 - 5.0 * t)),
            ("with a motor", |t, _| -20.0 - 8.0 * t + 1.5 * (31.0 * t).sin()),
            ("damped", |t, _| -20.0 - 6.0 * t - 150.0 * (t - 2.5).max(0.0)),
            ("faded out at the end", |t, _| -20.0 - 8.0 * t + 20.0 * ((2.9 - t) / 0.6).clamp(1e-4, 1.0).log10()),
            ("struck again", |t, _| -20.0 - 14.0 * if t < 2.0 { t } else { t - 2.0 }),
        ];
        for (name, level) in kinds {
            let takes: Vec<Take> = (50..70).map(|midi| take(midi, level)).collect();
            assert!(measured(&takes).is_some_and(|decay| decay.check().is_ok()), "{name}");
        }
    }

    #[test]
    fn a_few_fades_among_ringing_notes_change_nothing() {
        let faded = |midi: u8| midi.is_multiple_of(3);
        let takes = |some: bool| -> Vec<Take> {
            let one = |midi: u8| take(midi, |t, _| -20.0 - if some && faded(midi) { 4.0 * t * t } else { 12.0 * t });
            (50..70).map(one).collect()
        };
        assert!(measured(&takes(false)).is_some() && measured(&takes(true)).is_some());
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
