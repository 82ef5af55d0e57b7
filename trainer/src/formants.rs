//! What of a note stays when an instrument plays the next one: the levels of its harmonics, or its spectral envelope. Any thread.
//!
//! A resonating body (a violin, a voice) keeps its envelope where it is, and each harmonic takes the level that it finds there; a bore or
//! a reed (a flute, a harmonium) gives each harmonic its level wherever it comes to lie. The recordings tell which: each pair of
//! neighbouring notes is predicted from one another both ways.

use syrinx_analysis::HARMONICS;

use crate::{
    dataset::Rows,
    output_levels::{FLOOR_DB, OUTPUTS},
};

/// Notes with fewer rows than this say nothing, rows (0.1 s).
const FEWEST_ROWS: usize = 25;
/// Notes farther apart than this say nothing of each other, semitones.
const FARTHEST: u8 = 6;
/// Harmonics compared: those up to this frequency, Hz, ...
const HIGHEST_HZ: f32 = 16_000.0;
/// ... and at most as many.
const MOST_HARMONICS: usize = 40;
/// How decided the share is: the ratio of the errors to this power is the ratio of the shares.
const DECISION: f32 = 6.0;
/// Without neighbouring notes: an instrument lies in between.
const UNKNOWN: f32 = 0.5;

/// Reads the levels of harmonics of `ratio` times the f0 off the envelope through the given ones.
pub fn keep_envelope(target: &mut [f32; OUTPUTS], ratio: f32) {
    let old = *target;
    for (k, level) in target[..HARMONICS].iter_mut().enumerate() {
        *level = read(&old[..HARMONICS], (k + 1) as f32 * ratio);
    }
}

/// The share of shifted rows that had better keep their envelope, 0 to 1, judged by `rows`.
pub fn envelope_share(rows: &Rows<'_>) -> f32 {
    let notes: Vec<(u8, Vec<f32>)> =
        rows.by_note.iter().filter_map(|(&note, of_note)| Some((note, mean(rows, of_note)?))).collect();
    let (mut by_harmonic, mut by_envelope) = (0.0, 0.0);
    for pair in notes.windows(2).filter(|pair| pair[1].0 - pair[0].0 <= FARTHEST) {
        for (from, to) in [(&pair[0], &pair[1]), (&pair[1], &pair[0])] {
            let ratio = 2f32.powf((f32::from(to.0) - f32::from(from.0)) / 12.0);
            let f0_hz = 440.0 * 2f32.powf((f32::from(to.0) - 69.0) / 12.0);
            let most = ((HIGHEST_HZ / f0_hz) as usize).clamp(2, MOST_HARMONICS);
            for (k, &level) in to.1[..most].iter().enumerate() {
                by_harmonic += (from.1[k] - level).abs() / most as f32;
                by_envelope += (read(&from.1, (k + 1) as f32 * ratio) - level).abs() / most as f32;
            }
        }
    }
    let total = by_harmonic.powf(DECISION) + by_envelope.powf(DECISION);
    if total > 0.0 && total.is_finite() { by_harmonic.powf(DECISION) / total } else { UNKNOWN }
}

/// Mean levels of a note's voiced rows; none when they are too few.
fn mean(rows: &Rows<'_>, of_note: &[u32]) -> Option<Vec<f32>> {
    let voiced: Vec<_> = of_note.iter().map(|&n| rows.row(n as usize)).filter(|row| row.voiced).collect();
    (voiced.len() >= FEWEST_ROWS).then(|| {
        let level = |k: usize| voiced.iter().map(|row| row.target[k].max(FLOOR_DB)).sum::<f32>() / voiced.len() as f32;
        (0..HARMONICS).map(level).collect()
    })
}

/// The envelope through `levels` of harmonics 1, 2, ... at the (fractional) harmonic `number`.
fn read(levels: &[f32], number: f32) -> f32 {
    let place = (number - 1.0).clamp(0.0, (levels.len() - 1) as f32);
    let n = (place as usize).min(levels.len() - 2);
    levels[n] + (place - n as f32) * (levels[n + 1] - levels[n])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        input_features::Hearing,
        split::{Part, Split},
        testing::note,
    };
    use syrinx_analysis::Take;

    #[test]
    fn an_envelope_stays_where_it_was() {
        let mut target = [0.0; OUTPUTS];
        // Straight in frequency, so reading between harmonics is exact.
        for (k, t) in target[..HARMONICS].iter_mut().enumerate() {
            *t = -0.5 * (k + 1) as f32;
        }
        keep_envelope(&mut target, 1.1);
        for k in 0..80 {
            assert!((target[k] + 0.55 * (k + 1) as f32).abs() < 1e-3);
        }
    }

    fn rows(takes: &[Take]) -> Rows<'_> {
        let split = Split::everything(takes);
        let hearing = Hearing::new([100.0, 1000.0], [-80.0, 0.0]);
        Rows::new(takes, &vec![0.0; takes.len()], &split, Part::Training, &hearing)
    }

    #[test]
    fn a_body_is_told_from_a_bore() {
        // The made-up instrument has a resonance at 1 kHz.
        let body: Vec<Take> = (48..72).step_by(2).map(|n| note(n, "one", 100)).collect();
        let mut bore = body.clone();
        for frame in bore.iter_mut().flat_map(|t| &mut t.frames).filter(|f| f.target.f0_hz > 0.0) {
            for (k, level) in frame.target.harmonics_db.iter_mut().enumerate() {
                *level = frame.target.loudness_db - if k % 2 == 0 { 3.0 } else { 20.0 } - 0.5 * k as f32;
            }
        }
        let (of_body, of_bore) = (envelope_share(&rows(&body)), envelope_share(&rows(&bore)));
        assert!(of_body > 0.8 && of_bore < 0.2, "{of_body}, {of_bore}");
    }

    #[test]
    fn nothing_is_decided_on_nothing() {
        assert_eq!(envelope_share(&Rows::default()), UNKNOWN);
    }
}
