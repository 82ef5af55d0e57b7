//! How much brighter loud is than soft, and what the network's answers lack of it. Any thread.
//!
//! Brightness is the centroid of the harmonics' amplitudes, in semitones above the fundamental. Within one note it tells little of how hard the
//! instrument was played: vibrato, bow and room move it as well. What tells is one pitch, played softer and louder: the median slope over all such pairs
//! of notes. Where the recordings have none, other instruments of the family say what is usual, and the network, which can know nothing of it, is tilted until
//! its centroid follows that slope; where they have, the network has learnt it, and is tilted beyond what was recorded only.

use std::{collections::BTreeMap, sync::Arc};
use syrinx_analysis::{HARMONICS, Take};
use syrinx_decoder::{Card, Decoder, Dynamics, MOST_TILT_DB, Model, SlopeSource, tilt_octaves};
use syrinx_synth::{Controls, MAX_HARMONICS};
use syrinx_tracker::Features;

use crate::{
    expression::centroid,
    input_features::midi,
    output_levels::power,
    split::{Part, Split, notes_in},
    statistics::{hundredth, quantile},
};

/// A note is this long at least, frames (0.2 s); ...
const SHORTEST: usize = 50;
/// ... and is as bright and loud as its frames that are no softer than its loudest by this, dB.
const SUSTAINED_DB: f32 = 8.0;
/// Notes of one pitch tell a slope that differ by this at least, dB, ...
const LEAST_STEP_DB: f32 = 3.0;
/// ... at so many pitches, ...
const FEWEST_PITCHES: usize = 5;
/// ... and the middle half of the slopes no wider than this, semitones per dB.
const WIDEST_ST_DB: f32 = 1.0;
/// A network whose own slope over the same pairs is within this of the recordings', semitones per dB, has learnt it.
const LEARNT_ST_DB: f32 = 0.15;
/// Points of the table are this far apart, dB; ...
const STEP_DB: f32 = 3.0;
/// ... and the slope goes on beyond the recorded loudness by so many (9 dB): nobody knows how far it does.
const BEYOND_STEPS: i32 = 3;
/// The usual loudness is told at pitches about this far apart, semitones, each from the notes about as near.
const USUAL_ST: f32 = 2.0;
/// A network is asked at so many pitches of its range, evenly spaced, and each answer is taken after so many frames, when it has forgotten the beginning.
const PITCHES: usize = 9;
const SETTLED: u64 = 80;
/// No tilt is steeper than this, dB an octave, for each decibel: between two loudnesses of one note, cellos tilt by 0.2, saxophones by 0.35, trumpets by 0.5.
const MOST_TILT_PER_DB: f32 = 0.5;
/// A tilt is found by so many halvings.
const HALVINGS: usize = 10;

/// Slopes that are usual, semitones per dB; none where instruments of a family differ, or die away. Strings: median of the cello of four loudnesses (0.50) and
/// the double bass (0.25), which other violins (0.28) lie between; brass: of the trumpet (0.59), other trombones (1.09) and tubas (0.71); flutes and voices:
/// other flutes (0.31), the singing man (0.58); reeds: between the alto saxophone (1.38) and the bassoon (about 0). An organ knows no loud and soft.
fn usual_st_db(family: &str) -> Option<f32> {
    Some(match family {
        "string" => 0.4,
        "brass" => 0.7,
        "flute" => 0.3,
        "reed" => 0.7,
        "vocal" => 0.5,
        "organ" => 0.0,
        _ => return None,
    })
}

/// What `model`, trained on the training part of `takes`, lacks. `gains_db` has one gain a take. None where neither the recordings nor the family tell a slope.
pub fn measure(takes: &[Take], gains_db: &[f32], split: &Split, model: &Arc<Model>) -> Option<Dynamics> {
    let card = model.card();
    let notes = notes(takes, gains_db, split);
    let recorded = slope(&notes, |note| note.centroid_st);
    let slope_st_db = recorded.or_else(|| usual_st_db(&card.family))?;
    let source = if recorded.is_some() { SlopeSource::Recordings } else { SlopeSource::Family };
    let usual_db = usual(&notes, card)?;
    let dynamics = Dynamics { slope_st_db: hundredth(slope_st_db), source, usual_db, tilt_db_octave: Vec::new() };
    // Loudness against the usual one at its pitch, of all notes.
    let mut around: Vec<f32> = notes.values().flatten().map(|note| note.loudness_db - dynamics.usual_at(note.f0_hz)).collect();
    let [soft, loud] = [0.05, 0.95].map(|q| quantile(&mut around, q));
    // Where the network is believed; elsewhere the centroid goes straight on from there.
    let learnt = recorded.is_some_and(|recorded| {
        let answered = slope(&notes, |note| Answers::of(model, [(note.f0_hz, note.loudness_db)]).centroid_st(0.0));
        answered.is_some_and(|answered| (answered - recorded).abs() <= LEARNT_ST_DB)
    });
    let believed = if learnt { [soft.min(0.0), loud.max(0.0)] } else { [0.0; 2] };
    let [low, high] = card.pitch_range_hz;
    let pitches: [f32; PITCHES] = std::array::from_fn(|n| low * (high / low).powf((n + 1) as f32 / (PITCHES + 1) as f32));
    let at = |above_db: f32| Answers::of(model, pitches.map(|hz| (hz, dynamics.usual_at(hz) + above_db)));
    let [soft_end, loud_end] = believed.map(|above_db| (above_db, at(above_db).centroid_st(0.0)));
    let tilt = |above_db: f32| {
        let (nearest, centroid_st) = if above_db < soft_end.0 { soft_end } else { loud_end };
        let beyond_db = above_db - nearest;
        at(above_db).tilt_to(centroid_st + dynamics.slope_st_db * beyond_db, beyond_db)
    };
    let (first, last) = ((soft / STEP_DB).floor() as i32 - BEYOND_STEPS, (loud / STEP_DB).ceil() as i32 + BEYOND_STEPS);
    let points = (first..=last).map(|n| STEP_DB * n as f32);
    let is_believed = |above_db: f32| (soft_end.0..=loud_end.0).contains(&above_db);
    let tilts = points.map(|above_db| (above_db, if is_believed(above_db) { 0.0 } else { tilt(above_db) })).collect();
    Some(Dynamics { tilt_db_octave: tilts, ..dynamics })
}

/// The loudness at which notes were played, by pitch.
fn usual(notes: &BTreeMap<i32, Vec<Note>>, card: &Card) -> Option<Vec<(f32, f32)>> {
    let all: Vec<&Note> = notes.values().flatten().collect();
    let [low, high] = card.pitch_range_hz.map(midi);
    // One point alone where all is within a tone.
    let points = ((high - low) / USUAL_ST) as usize;
    (0..=points)
        .map(|n| {
            let pitch = low + (high - low) * n as f32 / points.max(1) as f32;
            let away = |note: &Note| 0.5 * ((midi(note.f0_hz) - pitch) / USUAL_ST).powi(2);
            // Against the nearest: far from all notes it is as loud as that.
            let nearest = all.iter().map(|note| away(note)).min_by(f32::total_cmp)?;
            let weights = all.iter().map(|note| ((nearest - away(note)).exp(), note.loudness_db));
            let (sum, weight) = weights.fold((0.0, 0.0), |(sum, weight), (w, db)| (sum + w * db, weight + w));
            Some((hundredth(pitch), hundredth(sum / weight)))
        })
        .collect()
}

/// What a network answers, held, to some pitches and loudnesses: amplitudes of the harmonics.
struct Answers(Vec<[f32; MAX_HARMONICS]>);

impl Answers {
    fn of(model: &Arc<Model>, asked: impl IntoIterator<Item = (f32, f32)>) -> Self {
        let answer = |(f0_hz, loudness_db)| {
            let (mut decoder, mut controls) = (Decoder::new(model.clone()), Controls::silent(0));
            for frame in 0..SETTLED {
                decoder.step(&Features { frame, f0_hz, confidence: 1.0, loudness_db }, &mut controls);
            }
            controls.harmonics
        };
        Self(asked.into_iter().map(answer).collect())
    }

    /// The mean centroid of all, tilted, semitones above the fundamental.
    fn centroid_st(&self, tilt_db_octave: f32) -> f32 {
        let gains: [f32; HARMONICS] = std::array::from_fn(|k| power(tilt_db_octave * tilt_octaves(k + 1)));
        let centroids = self.0.iter().filter_map(|amplitudes| centroid(|k| gains[k] * amplitudes[k] * amplitudes[k]));
        let (sum, count) = centroids.fold((0.0, 0.0), |(sum, count), st| (sum + st, count + 1.0));
        sum / f32::max(count, 1.0)
    }

    /// The tilt with which their mean centroid is `wanted`, semitones; they are this far beyond the loudness at which the network is believed, dB. Loud is never
    /// made duller, nor soft brighter: where the network gets brighter faster than is usual, it has heard notes begin and end.
    fn tilt_to(&self, wanted: f32, beyond_db: f32) -> f32 {
        let most = MOST_TILT_DB.min(MOST_TILT_PER_DB * beyond_db.abs());
        let [mut low, mut high] = if beyond_db > 0.0 { [0.0, most] } else { [-most, 0.0] };
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            *(if self.centroid_st(middle) < wanted { &mut low } else { &mut high }) = middle;
        }
        hundredth(0.5 * (low + high))
    }
}

/// A note of the recordings.
struct Note {
    f0_hz: f32,
    loudness_db: f32,
    centroid_st: f32,
}

/// The notes of the training part, by pitch (MIDI).
fn notes(takes: &[Take], gains_db: &[f32], split: &Split) -> BTreeMap<i32, Vec<Note>> {
    let mut all: BTreeMap<i32, Vec<Note>> = BTreeMap::new();
    for stretch in split.of(Part::Training) {
        let frames = &takes[stretch.take].frames[stretch.frames.clone()];
        for run in notes_in(frames, takes[stretch.take].note).into_iter().filter(|run| run.len() >= SHORTEST) {
            if let Some(note) = note(&frames[run], gains_db[stretch.take]) {
                all.entry(midi(note.f0_hz).round() as i32).or_default().push(note);
            }
        }
    }
    all
}

/// What is sustained of frames of one pitch.
fn note(frames: &[syrinx_analysis::Frame], gain_db: f32) -> Option<Note> {
    let loudest = frames.iter().map(|f| f.target.loudness_db).fold(f32::MIN, f32::max);
    let sustained = frames.iter().map(|f| &f.target).filter(|t| t.loudness_db >= loudest - SUSTAINED_DB);
    let read = sustained.filter_map(|t| {
        let centroid_st = centroid(|k| power(t.harmonics_db[k].max(-140.0)))?;
        Some([midi(t.f0_hz), t.loudness_db + gain_db, centroid_st])
    });
    let (sums, count) =
        read.fold(([0.0; 3], 0.0), |(sums, count), one| (std::array::from_fn::<f32, 3, _>(|i| sums[i] + one[i]), count + 1.0));
    let [pitch, loudness_db, centroid_st] = sums.map(|sum| sum / count);
    (count as usize >= SHORTEST / 2).then(|| Note { f0_hz: 440.0 * ((pitch - 69.0) / 12.0).exp2(), loudness_db, centroid_st })
}

/// The median slope of brightness over loudness between notes of one pitch; none where they are too few, too alike in loudness, or of no one mind.
fn slope(notes: &BTreeMap<i32, Vec<Note>>, brightness_st: impl Fn(&Note) -> f32) -> Option<f32> {
    let (mut slopes, mut pitches) = (Vec::new(), 0);
    // One alone has nothing to be compared with, and need not be asked.
    for notes in notes.values().filter(|notes| notes.len() > 1) {
        let read: Vec<[f32; 2]> = notes.iter().map(|note| [note.loudness_db, brightness_st(note)]).collect();
        let before = slopes.len();
        for [soft, dull] in &read {
            let louder = read.iter().filter(|[loud, _]| loud - soft >= LEAST_STEP_DB);
            slopes.extend(louder.map(|[loud, bright]| (bright - dull) / (loud - soft)));
        }
        pitches += usize::from(slopes.len() > before);
    }
    if pitches < FEWEST_PITCHES {
        return None;
    }
    let [first, third] = [0.25, 0.75].map(|q| quantile(&mut slopes, q));
    (third - first <= WIDEST_ST_DB).then(|| quantile(&mut slopes, 0.5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::learned;

    /// The centroid that is played at a pitch, `above_db` over the usual loudness.
    fn played(model: &Arc<Model>, dynamics: &Dynamics, f0_hz: f32, above_db: f32) -> f32 {
        let loudness_db = dynamics.usual_at(f0_hz) + above_db;
        Answers::of(model, [(f0_hz, loudness_db)]).centroid_st(dynamics.tilt_at(f0_hz, loudness_db))
    }

    fn model(family: &str) -> Arc<Model> {
        let trained = &learned().trained;
        Model::read(&trained.to_onnx(&Card { family: family.into(), dynamics: None, ..trained.card.clone() })).unwrap()
    }

    /// Eight notes that all die away by the same: one loudness a pitch.
    #[test]
    fn of_one_loudness_the_family_says_how_bright_loud_is() {
        let takes = &learned().takes;
        let (gains, split) = (vec![0.0; takes.len()], Split::everything(takes));
        let told = |family| measure(takes, &gains, &split, &model(family));
        let brass = told("brass").unwrap();
        assert_eq!((brass.slope_st_db, brass.source, brass.check()), (0.7, SlopeSource::Family, Ok(())));
        let model = model("brass");
        let slope = (0..8).map(|n| {
            let hz = 150.0 + 20.0 * n as f32;
            (played(&model, &brass, hz, 3.0) - played(&model, &brass, hz, -3.0)) / 48.0
        });
        let slope: f32 = slope.sum();
        assert!((slope - 0.7).abs() < 0.15, "{slope} st/dB");
        // At the loudness of the recordings nothing is changed, and nobody knows of a kazoo.
        assert!(brass.tilt_at(200.0, brass.usual_at(200.0)).abs() < 0.01);
        assert_eq!(told("kazoo"), None);
    }

    /// The same notes, and softer ones of the same pitches: the made-up instrument gets brighter by itself.
    #[test]
    fn of_soft_and_loud_the_recordings_do() {
        let mut takes = learned().takes.clone();
        for take in &mut takes {
            take.frames.truncate(take.frames.len() / 2);
        }
        let softer = learned().takes.clone().into_iter().map(|mut take| {
            take.frames.drain(5..take.frames.len() / 2);
            take
        });
        takes.extend(softer);
        let dynamics = measure(&takes, &vec![0.0; takes.len()], &Split::everything(&takes), &model("kazoo")).unwrap();
        assert_eq!(dynamics.source, SlopeSource::Recordings);
        // As `expression.rs` reads it within the notes.
        assert!((0.05..0.6).contains(&dynamics.slope_st_db), "{} st/dB", dynamics.slope_st_db);
        let inside = [-4.0, -2.0, 0.0, 2.0, 4.0].map(|db| dynamics.tilt_at(200.0, dynamics.usual_at(200.0) + db));
        assert!(inside.iter().all(|tilt| tilt.abs() < 0.3), "what the network has learnt is left: {inside:?}");
    }

    #[test]
    fn without_notes_nothing_is_told() {
        assert_eq!(measure(&[], &[], &Split::default(), &model("brass")), None);
    }
}
