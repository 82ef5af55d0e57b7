//! Rows drawn for one step, changed so that the network learns the instrument and not the recordings. The training thread.

use syrinx_analysis::HARMONICS;

use crate::{
    dataset::{Row, Rows},
    formants::keep_envelope,
    input_features::{
        CONFIDENCE_INPUT, Hearing, LOUDNESS_INPUT, LOUDNESS_UNIT, PITCH_INPUT, PITCH_UNIT, RISE_INPUTS, UNVOICED_BELOW,
    },
    output_levels::{FLOOR_DB, OUTPUTS, Weighting, lock},
    random::Random,
};

/// Rows in a step.
pub const BATCH_ROWS: usize = 16 * 96;
/// Share of the rows drawn so that every semitone comes as often as the next; the others come as often as they were recorded.
const BALANCED: f32 = 0.5;
/// Share of the rows drawn from the beginnings of notes, before those. They are one frame in fifty of sustained recordings, and drawn as
/// often as they come, attacks are 0.3 to 2 dB farther from the recordings, and nothing is nearer.
const ONSETS: f32 = 0.25;
/// Share of the onsets whose pitch is shifted, and how far, semitones: what blows, scrapes or strikes at the beginning of a note depends less
/// on its pitch than the tone does, and there are few of them.
const ONSETS_SHIFTED: f32 = 0.8;
/// See [`ONSETS_SHIFTED`].
const FARTHEST_ONSET_SHIFT: f32 = 8.0;
/// How wrong the rise of an onset's loudness is heard, dB: no two notes begin alike.
const RISE_JITTER_DB: f32 = 6.0;
/// Share of the rows whose pitch is shifted. More of them blur the pitches that were recorded and make those between no better.
const SHIFTED: f32 = 0.5;
/// How far, semitones: recordings are often three semitones apart, and this bridges them.
pub const FARTHEST_SHIFT: f32 = 2.5;
/// Share of the voiced rows that are heard as unvoiced instead, and lose their harmonics.
const UNVOICED: f32 = 0.1;
/// Share of the rows whose loudness is heard wrong, and by how much, dB: recordings give each pitch few loudnesses.
const JITTERED: f32 = 0.5;
/// See [`JITTERED`].
const LOUDNESS_JITTER_DB: f32 = 2.0;
/// Weight of a noise band against a harmonic of the same level: there are three times as many harmonics, and between them all is noise.
/// At 0.5 the attacks of held-out notes are 0.3 dB farther from the recordings, and nothing is nearer.
const NOISE_WEIGHT: f32 = 1.5;
/// Weight of the softest level against the loudest. At 0.1, soft harmonics (a flute's high ones, a hum's) are 0.1 to 0.6 dB farther from held-out
/// recordings; the lowest five are as much nearer where notes are few (`FINDINGS.md`).
const LEVEL_WEIGHT_LEAST: f32 = 0.5;
/// The lowest harmonics, which are few beside the others, and what is heard most: without a weight of their own they are 0.1 to 0.3 dB farther from
/// held-out recordings of alto saxophone, violin and flute, and nothing is nearer (`FINDINGS.md`).
const LOW_HARMONICS: usize = 5;
/// Weight of one of these against a higher harmonic of the same level.
const LOW_WEIGHT: f32 = 2.0;

/// What one step trains on: inputs, and of each answer the level wanted, its weight in the loss and in A-weighted power.
#[derive(Debug, Default)]
pub struct Batch {
    /// `[rows, INPUTS]`
    pub inputs: Vec<f32>,
    /// `[rows, OUTPUTS]`, dB, locked.
    pub targets: Vec<f32>,
    /// `[rows, OUTPUTS]`, 0 where it does not matter.
    pub weights: Vec<f32>,
    /// A-weighting of each answer, 0 for what does not sound.
    pub heard: Vec<[f32; OUTPUTS]>,
}

impl Batch {
    fn clear(&mut self) {
        self.inputs.clear();
        self.targets.clear();
        self.weights.clear();
        self.heard.clear();
    }

    /// Draws rows and changes them. Guesses of what a recording cannot hold are learned like all else: left to itself the network answers
    /// anything there (an lsd of 12.7 dB on a violin's whole band, and of 6.5 with them). Of the shifted rows, `envelope_share` keep their
    /// spectral envelope, and the others the levels of their harmonics.
    pub fn draw(&mut self, rows: &Rows<'_>, envelope_share: f32, hearing: &Hearing, weighting: &Weighting, random: &mut Random) {
        self.clear();
        let notes: Vec<&Vec<u32>> = rows.by_note.values().collect();
        for _ in 0..BATCH_ROWS {
            let onset = !rows.onsets.is_empty() && random.uniform() < ONSETS;
            let number = if onset {
                rows.onsets[random.below(rows.onsets.len())] as usize
            } else if random.uniform() < BALANCED {
                let of_note = notes[random.below(notes.len())];
                of_note[random.below(of_note.len())] as usize
            } else {
                random.below(rows.len())
            };
            self.push(varied(rows.row(number), onset, envelope_share, hearing, random), weighting, 1.0);
        }
    }

    /// Takes rows as they are, and gives guesses this weight: 0 where something is judged.
    pub fn take(&mut self, rows: impl Iterator<Item = Row>, weighting: &Weighting, guess_weight: f32) {
        self.clear();
        for row in rows {
            self.push(row, weighting, guess_weight);
        }
    }

    fn push(&mut self, mut row: Row, weighting: &Weighting, guess_weight: f32) {
        let mut heard = [0.0; OUTPUTS];
        weighting.of(row.f0_hz, row.voiced, &mut heard);
        lock(&mut row.target, &heard);
        self.inputs.extend_from_slice(&row.input);
        let guessed = |i: usize| match i.checked_sub(HARMONICS) {
            Some(band) => band >= row.heard_bands,
            None => (i + 1) as f32 * row.f0_hz > row.heard_hz,
        };
        for (i, (level, heard)) in row.target.iter().zip(&heard).enumerate() {
            let level = level.max(FLOOR_DB);
            self.targets.push(level);
            let share = match i {
                ..LOW_HARMONICS => LOW_WEIGHT,
                LOW_HARMONICS..HARMONICS => 1.0,
                _ => NOISE_WEIGHT,
            };
            let height = (1.0 - level / FLOOR_DB).clamp(0.0, 1.0);
            let weight = LEVEL_WEIGHT_LEAST + (1.0 - LEVEL_WEIGHT_LEAST) * height;
            let sure = if guessed(i) { guess_weight } else { 1.0 };
            self.weights.push(if *heard > 0.0 { row.weight * share * weight * sure } else { 0.0 });
        }
        self.heard.push(heard);
    }
}

/// A row as it might have been recorded, too; more freely where it is an `onset`.
fn varied(mut row: Row, onset: bool, envelope_share: f32, hearing: &Hearing, random: &mut Random) -> Row {
    let (shifted, farthest) = if onset { (ONSETS_SHIFTED, FARTHEST_ONSET_SHIFT) } else { (SHIFTED, FARTHEST_SHIFT) };
    if random.uniform() < shifted {
        // Not beyond what the network can hear.
        let room = |limit: f32| PITCH_UNIT * (limit - row.input[PITCH_INPUT]);
        let (lowest, highest) = (room(hearing.input_low[PITCH_INPUT]), room(hearing.input_high[PITCH_INPUT]));
        let semitones = random.between(-farthest, farthest).clamp(lowest.min(0.0), highest.max(0.0));
        let ratio = 2f32.powf(semitones / 12.0);
        row.f0_hz *= ratio;
        // Harmonics that come down from above the limit bring their guesses with them.
        row.heard_hz *= ratio.min(1.0);
        row.input[PITCH_INPUT] += semitones / PITCH_UNIT;
        if random.uniform() < envelope_share {
            keep_envelope(&mut row.target, ratio);
        }
    }
    if random.uniform() < JITTERED {
        row.input[LOUDNESS_INPUT] += random.between(-LOUDNESS_JITTER_DB, LOUDNESS_JITTER_DB) / LOUDNESS_UNIT;
    }
    if onset {
        for rise in &mut row.input[RISE_INPUTS] {
            *rise += random.between(-RISE_JITTER_DB, RISE_JITTER_DB) / LOUDNESS_UNIT;
        }
    }
    if row.voiced && random.uniform() < UNVOICED {
        row.voiced = false;
        row.input[CONFIDENCE_INPUT] = random.between(0.0, UNVOICED_BELOW);
    }
    for (i, x) in row.input.iter_mut().enumerate() {
        *x = x.clamp(hearing.input_low[i], hearing.input_high[i]);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        input_features::INPUTS,
        split::{Part, Split},
        testing::note,
    };

    #[test]
    fn drawn_rows_keep_to_what_can_be_heard_and_answered() {
        let takes: Vec<_> = (60..68).map(|n| note(n, "one", 60)).collect();
        let split = Split::everything(&takes);
        let hearing = Hearing::new([200.0, 500.0], [-80.0, 0.0]);
        let rows = Rows::new(&takes, &vec![0.0; takes.len()], &split, Part::Training, &hearing);
        let weighting = Weighting::new();
        let mut batch = Batch::default();
        batch.draw(&rows, 0.5, &hearing, &weighting, &mut Random::new(1));
        assert_eq!(batch.inputs.len(), BATCH_ROWS * INPUTS);
        let mut unvoiced = 0;
        for n in 0..BATCH_ROWS {
            let heard = &batch.heard[n];
            let weights = &batch.weights[n * OUTPUTS..][..OUTPUTS];
            let confidence = batch.inputs[n * INPUTS + CONFIDENCE_INPUT];
            if confidence < UNVOICED_BELOW {
                unvoiced += 1;
                assert!(weights[..HARMONICS].iter().all(|&w| w == 0.0));
            } else {
                assert!(weights[0] > 0.0);
            }
            assert!(weights.iter().zip(heard).all(|(w, h)| *w == 0.0 || *h > 0.0));
        }
        assert!((BATCH_ROWS / 20..BATCH_ROWS / 3).contains(&unvoiced), "{unvoiced}");
    }
}
