//! Recordings as rows to train on: what the network hears at each frame, and the spectrum that it should answer. Any thread.

use std::collections::BTreeMap;
use syrinx_analysis::{
    BANDS, FLOOR_DB as NOTHING_DB, HARMONIC_LIMIT_HZ, HARMONICS, Take, bands_heard, is_limited, noise_edges_hz,
};
use syrinx_tracker::Features;

use crate::{
    input_features::{Hearing, INPUTS, LOUDNESS_UNIT, RISE_INPUTS, STATE, UNVOICED_BELOW, midi},
    output_levels::{FLOOR_DB, OUTPUTS, power},
    split::{Part, Split},
};

/// Frames this far below the loudest of their source are the room, not the instrument, dB.
const ROOM_DB: f32 = 60.0;
/// Weight of the softest frames against the loudest.
const SOFTEST_WEIGHT: f32 = 0.1;

/// A note begins where the loudness is this much above what the network remembers of it, in units of its input (6 dB).
const ONSET_RISE: f32 = 6.0 / LOUDNESS_UNIT;

/// One frame to train on.
#[derive(Clone, Debug)]
pub struct Row {
    /// What the network hears.
    pub input: [f32; INPUTS],
    /// Levels of harmonics and noise bands in dB relative to the loudness they make together; at least [`FLOOR_DB`].
    pub target: [f32; OUTPUTS],
    /// f0 of the target, Hz.
    pub f0_hz: f32,
    /// Whether harmonics are to sound.
    pub voiced: bool,
    /// How much it matters.
    pub weight: f32,
    /// Harmonics above this are guessed, Hz: the recording cannot hold them. Infinite when it can.
    pub heard_hz: f32,
    /// Noise bands from this one up are guessed.
    pub heard_bands: usize,
}

/// A row before it is made: which frame it is of, and what the network hears there. A row is ten times as large, and of minutes of recordings there are many.
#[derive(Clone, Copy, Debug)]
struct Place {
    take: u32,
    frame: u32,
    input: [f32; INPUTS],
}

/// What the rows of a take have in common.
#[derive(Clone, Copy, Debug)]
struct Common {
    gain_db: f32,
    /// The loudest frame of its source, dB.
    loudest_db: f32,
    /// [`Row::heard_hz`] and [`Row::heard_bands`].
    limits: (f32, usize),
}

/// Rows, and where those of each semitone are.
#[derive(Clone, Debug, Default)]
pub struct Rows<'a> {
    takes: &'a [Take],
    common: Vec<Common>,
    places: Vec<Place>,
    /// Indices of the rows of each semitone (MIDI).
    pub by_note: BTreeMap<u8, Vec<u32>>,
    /// Indices of the rows in which a note begins.
    pub onsets: Vec<u32>,
}

impl<'a> Rows<'a> {
    /// The usable frames of one part. `gains_db` has one gain a take.
    pub fn new(takes: &'a [Take], gains_db: &[f32], split: &Split, part: Part, hearing: &Hearing) -> Self {
        let loudest = loudest_by_source(takes, gains_db);
        let common = takes.iter().zip(gains_db).map(|(take, gain_db)| Common {
            gain_db: *gain_db,
            loudest_db: loudest[&take.source],
            limits: limits_of(take.band_limit_hz),
        });
        let mut rows = Self { takes, common: common.collect(), ..Self::default() };
        let mut stretches = split.of(part).peekable();
        for (number, take) in takes.iter().enumerate() {
            if stretches.peek().is_none_or(|s| s.take != number) {
                continue;
            }
            // The whole take is heard from its start, so that each stretch remembers what came before it.
            let inputs = hear(take, gains_db[number], hearing);
            while let Some(stretch) = stretches.next_if(|s| s.take == number) {
                for n in stretch.frames.clone() {
                    if split.admits(part, take.frames[n].target.f0_hz) {
                        rows.extend(Place { take: number as u32, frame: n as u32, input: inputs[n] });
                    }
                }
            }
        }
        rows
    }

    /// Rows that there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// One of them.
    pub fn row(&self, number: usize) -> Row {
        self.at(&self.places[number]).expect("places are those of rows")
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Row> {
        (0..self.len()).map(|number| self.row(number))
    }

    fn at(&self, place: &Place) -> Option<Row> {
        let take = place.take as usize;
        row(&self.takes[take], place.frame as usize, place.input, self.common[take])
    }

    fn extend(&mut self, place: Place) {
        if let Some(row) = self.at(&place) {
            let note = midi(row.f0_hz.max(8.2)).round().clamp(0.0, 127.0) as u8;
            let number = self.places.len() as u32;
            self.by_note.entry(note).or_default().push(number);
            if row.input[RISE_INPUTS].iter().any(|&rise| rise > ONSET_RISE) {
                self.onsets.push(number);
            }
            self.places.push(place);
        }
    }
}

/// Loudest frame of each source, dB: sources may have been recorded at any gain.
pub fn loudest_by_source(takes: &[Take], gains_db: &[f32]) -> BTreeMap<String, f32> {
    let mut loudest = BTreeMap::new();
    for (take, gain) in takes.iter().zip(gains_db) {
        let entry = loudest.entry(take.source.clone()).or_insert(f32::MIN);
        for frame in &take.frames {
            *entry = entry.max(frame.target.loudness_db + gain);
        }
    }
    loudest
}

/// The network's input at each frame. Pitch is that of the sound where it has one: the tracker's delay and slips are the singer's
/// affair, and the instrument has to answer the pitch asked for.
fn hear(take: &Take, gain_db: f32, hearing: &Hearing) -> Vec<[f32; INPUTS]> {
    let mut state = [0.0; STATE];
    let mut last_f0_hz = take.frames.iter().map(|f| f.target.f0_hz).find(|&f| f > 0.0).unwrap_or(0.0);
    take.frames
        .iter()
        .map(|frame| {
            if frame.target.f0_hz > 0.0 {
                last_f0_hz = frame.target.f0_hz;
            }
            let loudness_db = frame.features.loudness_db + gain_db;
            hearing.step(&mut state, &Features { f0_hz: last_f0_hz, loudness_db, ..frame.features })
        })
        .collect()
}

/// [`Row::heard_hz`] and [`Row::heard_bands`] of a recording with this limit.
fn limits_of(band_limit_hz: f32) -> (f32, usize) {
    if is_limited(band_limit_hz) { (band_limit_hz, bands_heard(band_limit_hz)) } else { (f32::INFINITY, BANDS) }
}

/// A frame as a row, if it is usable.
fn row(take: &Take, n: usize, input: [f32; INPUTS], common: Common) -> Option<Row> {
    let (frame, Common { gain_db, loudest_db, limits }) = (&take.frames[n], common);
    let below = loudest_db - (frame.target.loudness_db + gain_db);
    let pitched = frame.target.f0_hz > 0.0;
    let voiced = frame.features.confidence >= UNVOICED_BELOW;
    // A frame without pitch that the tracker takes for a pitched one teaches nothing but to be unsure.
    if below > ROOM_DB || (voiced && !pitched) {
        return None;
    }
    let mut target = [FLOOR_DB; OUTPUTS];
    let all = frame.target.harmonics_db.iter().chain(&frame.target.noise_db);
    for (to, &from) in target.iter_mut().zip(all) {
        if from > NOTHING_DB {
            *to = (from - frame.target.loudness_db).max(FLOOR_DB);
        }
    }
    if !pitched {
        target[..HARMONICS].fill(FLOOR_DB);
    }
    if pitched && !voiced {
        as_noise(&mut target, frame.target.f0_hz);
    }
    let f0_hz = if pitched { frame.target.f0_hz } else { frame.features.f0_hz };
    let weight = (1.0 - below / ROOM_DB).clamp(SOFTEST_WEIGHT, 1.0);
    let (heard_hz, heard_bands) = limits;
    Some(Row { input, target, f0_hz, voiced: voiced && pitched, weight, heard_hz, heard_bands })
}

/// Puts the harmonics' power into the bands where they lie. The tracker is not sure of the beginning of a note, and nothing may sound
/// pitched yet: the nearest that can sound is noise of the same colour.
fn as_noise(target: &mut [f32; OUTPUTS], f0_hz: f32) {
    let edges = noise_edges_hz();
    let (harmonics, noise) = target.split_at_mut(HARMONICS);
    for (k, &level) in harmonics.iter().enumerate() {
        let hz = (k + 1) as f32 * f0_hz;
        let band = edges.partition_point(|&edge| edge <= hz);
        if (1..edges.len()).contains(&band) && hz <= HARMONIC_LIMIT_HZ {
            noise[band - 1] = 10.0 * (power(noise[band - 1]) + power(level)).log10();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{input_features::PITCH_INPUT, testing::note};

    #[test]
    fn frames_of_a_note_become_rows_relative_to_loudness() {
        let takes: Vec<Take> = (60..68).map(|n| note(n, "one", 60)).collect();
        let split = Split::everything(&takes);
        let hearing = Hearing::new([200.0, 500.0], [-80.0, 0.0]);
        let gains = vec![0.0; takes.len()];
        let rows = Rows::new(&takes, &gains, &split, Part::Training, &hearing);
        let training = takes.iter().filter(|t| rows.by_note.contains_key(&t.note.unwrap())).count();
        assert_eq!(training, 8);
        // Silence is left out; the first frames, of which the tracker was not sure, are unvoiced rows.
        assert_eq!(rows.len(), 8 * 55);
        assert!(rows.iter().any(|r| !r.voiced) && rows.iter().any(|r| r.voiced));
        // Each note begins in a few of its first rows.
        assert!((8 * 3..8 * 30).contains(&rows.onsets.len()), "{}", rows.onsets.len());
        assert!(rows.onsets.iter().all(|&n| n % 55 < 35), "{:?}", rows.onsets);
        for row in rows.iter() {
            assert!(row.target.iter().all(|t| (FLOOR_DB..60.0).contains(t)));
            assert!((midi(row.f0_hz) - (24.0 * row.input[PITCH_INPUT] + 60.0)).abs() < 1e-2);
        }
        // A gain on a source moves what is heard, and nothing that is answered.
        let louder = Rows::new(&takes, &vec![6.0; takes.len()], &split, Part::Training, &hearing);
        assert_eq!(louder.len(), rows.len());
        assert_eq!(louder.row(80).target, rows.row(80).target);
        assert!((louder.row(80).input[2] - rows.row(80).input[2] - 0.3).abs() < 1e-4);
    }

    #[test]
    fn an_unsure_beginning_keeps_its_power_as_noise() {
        let mut target = [-60.0; OUTPUTS];
        target[0] = -3.0;
        target[1] = -3.0;
        let total = |t: &[f32; OUTPUTS]| t[HARMONICS..].iter().map(|&db| power(db)).sum::<f32>();
        let before = total(&target) + target[..HARMONICS].iter().map(|&db| power(db)).sum::<f32>();
        as_noise(&mut target, 200.0);
        assert!((10.0 * (total(&target) / before).log10()).abs() < 0.01);
        let loud: Vec<usize> = (0..OUTPUTS - HARMONICS).filter(|&b| target[HARMONICS + b] > -10.0).collect();
        let edges = noise_edges_hz();
        assert_eq!(loud.len(), 2);
        assert!(loud.iter().zip([200.0, 400.0]).all(|(&b, hz)| (edges[b]..edges[b + 1]).contains(&hz)));
    }
}
