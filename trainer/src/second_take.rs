//! The yardstick: how far apart two takes of the same note by the same player are. An instrument that is as near to a recording as
//! another take of it is as near as anybody needs. Any thread.

use std::collections::BTreeMap;
use syrinx_analysis::{Reference, Scores, Take};

use crate::statistics::quantile;

/// Takes whose loudness (median of the sounding frames) differs by more than this are of different layers, dB.
const SAME_LAYER_DB: f32 = 3.0;
/// A take begins where it comes within this of its loudest, dB.
const BEGINS_DB: f32 = 30.0;
/// Most pairs compared.
const MOST_PAIRS: usize = 12;
/// Length over which the level is measured to find the beginning, samples (1 ms).
const LEVEL_SAMPLES: usize = 48;

/// Words that tell takes of the same note apart, as numbers do: strokes of the bow.
const STROKES: [&str; 2] = ["up", "down"];

/// Pairs of takes (their indices) of one note and one loudness layer, whose file names and sources differ by nothing but numbers and strokes
/// of the bow (other words are other strings, vowels or dynamics); each take in one pair at most, 12 pairs at most, evenly from low to high.
pub fn second_takes(takes: &[Take]) -> Vec<(usize, usize)> {
    let mut of_note = BTreeMap::<(u8, Vec<&str>, Vec<&str>), Vec<(f32, usize)>>::new();
    for (n, take) in takes.iter().enumerate() {
        if let (Some(note), Some(loudness)) = (take.note, usual_loudness_db(take)) {
            of_note.entry((note, words(&take.source), words(&take.name))).or_default().push((loudness, n));
        }
    }
    let mut pairs = Vec::new();
    for mut takes in of_note.into_values() {
        takes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut rest = takes.as_slice();
        while let [a, b, after @ ..] = rest {
            let same = b.0 - a.0 <= SAME_LAYER_DB;
            if same {
                pairs.push((a.1.min(b.1), a.1.max(b.1)));
            }
            rest = if same { after } else { &rest[1..] };
        }
    }
    let wanted = pairs.len().min(MOST_PAIRS);
    (0..wanted).map(|n| pairs[n * pairs.len() / wanted]).collect()
}

/// What names say besides numbers and strokes.
fn words(name: &str) -> Vec<&str> {
    name.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty() && !STROKES.contains(word)).collect()
}

/// Scores of the take `second` against the take `first` as the reference, both mono at the analysis rate, from where each begins to
/// where one ends. None when one of them is silent. Nothing above `limit_hz` is compared.
pub fn compare_takes(first: &[f32], second: &[f32], limit_hz: f32) -> Option<Scores> {
    let (first, second) = (&first[beginning(first)?..], &second[beginning(second)?..]);
    let len = first.len().min(second.len());
    Some(Reference::within(first[..len].to_vec(), limit_hz).score(&second[..len]))
}

/// Median loudness of the frames with a pitch, dB.
fn usual_loudness_db(take: &Take) -> Option<f32> {
    let mut levels: Vec<f32> = take.frames.iter().filter(|f| f.target.f0_hz > 0.0).map(|f| f.features.loudness_db).collect();
    (!levels.is_empty()).then(|| quantile(&mut levels, 0.5))
}

/// The first sample that belongs to the sound.
fn beginning(samples: &[f32]) -> Option<usize> {
    let power = |block: &[f32]| block.iter().map(|x| x * x).sum::<f32>();
    let loudest = samples.chunks(LEVEL_SAMPLES).map(power).fold(0.0, f32::max);
    let least = loudest * 10f32.powf(-BEGINS_DB / 10.0);
    (loudest > 0.0).then(|| samples.chunks(LEVEL_SAMPLES).position(|block| power(block) >= least).unwrap_or(0) * LEVEL_SAMPLES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::note;

    #[test]
    fn takes_are_paired_within_note_words_and_layer() {
        let soft = |mut take: Take, by: f32| {
            take.frames.iter_mut().for_each(|f| f.features.loudness_db -= by);
            take
        };
        let takes = vec![
            note(60, "one", 100),
            note(61, "one", 100),
            note(60, "one", 100),
            note(60, "two", 100),
            soft(note(61, "one", 100), 10.0),
            soft(note(61, "one", 100), 9.0),
            soft(note(60, "one", 100), 1.0),
            Take { name: "62_f_rr1.wav".into(), ..note(62, "one", 100) },
            Take { name: "62_p_rr1.wav".into(), ..note(62, "one", 100) },
            Take { name: "62_f_rr2.wav".into(), ..note(62, "one", 100) },
            Take { name: "63_down.wav".into(), ..note(63, "hall", 100) },
            Take { name: "63_up.wav".into(), ..note(63, "hall-2", 100) },
            Take { name: "63_up.wav".into(), ..note(63, "stage", 100) },
        ];
        assert_eq!(second_takes(&takes), [(0, 6), (4, 5), (7, 9), (10, 11)]);
        let many: Vec<Take> = (40..100).flat_map(|n| [note(n, "one", 30), note(n, "one", 30)]).collect();
        assert_eq!(second_takes(&many).len(), 12);
        assert!(second_takes(&[]).is_empty());
    }

    #[test]
    fn a_take_is_its_own_equal_wherever_it_begins() {
        let tone: Vec<f32> = (0..24_000).map(|n| 0.2 * (n as f32 * 0.05).sin()).collect();
        let late: Vec<f32> = vec![0.0; 480].into_iter().chain(tone.iter().copied()).collect();
        let softer: Vec<f32> = late.iter().map(|x| 0.5 * x).collect();
        assert!(compare_takes(&tone, &late, 22_000.0).unwrap().lsd < 0.1);
        let scores = compare_takes(&tone, &softer, 22_000.0).unwrap();
        assert!((scores.loudness - 6.0).abs() < 0.1, "{scores}");
        assert!(compare_takes(&tone, &[0.0; 100], 22_000.0).is_none());
    }
}
