//! How well an instrument followed a voice, from the tracks of both.

use crate::track::TrackPoint;

/// Rows further apart than this do not speak of the same moment: half a frame of 4 ms.
const SAME_MOMENT_S: f64 = 0.002;

/// Pitch counts as followed within this, in semitones.
const NEAR_ST: f64 = 0.5;

/// Loudness is compared where the voice is within this of its loudest, in dB: below lies what nobody hears beside it.
const LOUDNESS_DEPTH_DB: f64 = 40.0;

/// The figures of one instrument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Follow {
    /// Share of the voice's voiced frames in which the instrument sounds within 50 cents of the voice's pitch, octave aside; 0..=1.
    pub near: f64,
    /// The octaves between them: what the instrument's range asks for.
    pub octaves: i32,
    /// Median of instrument minus voice, dB.
    pub loudness_offset_db: f64,
    /// Mean distance from that median, dB, over the voiced frames.
    pub loudness_error_db: f64,
    /// Share of the voice's audible frames without pitch, away from any with one, in which the instrument has a pitch; 0..=1.
    pub sings_unvoiced: f64,
}

/// Frames this near to a voiced one, in rows, belong to neither: the trackers' windows reach over.
const BORDER: usize = 12;

/// Compares the tracks, paired by time. `None` where they share no voiced moment.
pub fn follow(voice: &[TrackPoint], instrument: &[TrackPoint]) -> Option<Follow> {
    let loudest = voice.iter().map(|p| p.loudness_db).fold(f64::NEG_INFINITY, f64::max);
    let (mut pairs, mut unvoiced) = (Vec::new(), Vec::new());
    let mut next = 0;
    for (row, point) in voice.iter().enumerate() {
        while next < instrument.len() && instrument[next].time_s < point.time_s - SAME_MOMENT_S {
            next += 1;
        }
        if let Some(other) = instrument.get(next).filter(|o| o.time_s <= point.time_s + SAME_MOMENT_S) {
            let around = &voice[row.saturating_sub(BORDER)..voice.len().min(row + BORDER + 1)];
            if point.midi().is_some() {
                pairs.push((*point, *other));
            } else if point.loudness_db > loudest - LOUDNESS_DEPTH_DB && around.iter().all(|p| p.midi().is_none()) {
                unvoiced.push(other.midi().is_some());
            }
        }
    }
    let intervals: Vec<Option<f64>> = pairs.iter().map(|(v, i)| Some(i.midi()? - v.midi()?)).collect();
    let octaves = (median(intervals.iter().flatten().copied().collect())? / 12.0).round();
    let near = intervals.iter().flatten().filter(|st| (**st - 12.0 * octaves).abs() <= NEAR_ST).count();
    let differences: Vec<f64> = pairs
        .iter()
        .filter(|(v, _)| v.loudness_db > loudest - LOUDNESS_DEPTH_DB)
        .map(|(v, i)| i.loudness_db - v.loudness_db)
        .collect();
    let offset = median(differences.clone())?;
    Some(Follow {
        near: near as f64 / pairs.len() as f64,
        octaves: octaves as i32,
        loudness_offset_db: offset,
        sings_unvoiced: unvoiced.iter().filter(|sings| **sings).count() as f64 / unvoiced.len().max(1) as f64,
        loudness_error_db: differences.iter().map(|d| (d - offset).abs()).sum::<f64>() / differences.len() as f64,
    })
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(f0: impl Fn(usize) -> f64, loudness: impl Fn(usize) -> f64) -> Vec<TrackPoint> {
        (0..100)
            .map(|n| TrackPoint { time_s: (n + 1) as f64 * 0.004, f0_hz: f0(n), voiced: f0(n) > 0.0, loudness_db: loudness(n) })
            .collect()
    }

    #[test]
    fn an_octave_and_a_fixed_gain_are_no_error() {
        let voice = track(|_| 220.0, |n| -20.0 - n as f64 * 0.1);
        let follow = follow(&voice, &track(|_| 441.0, |n| -14.0 - n as f64 * 0.1)).unwrap();
        assert_eq!((follow.near, follow.octaves), (1.0, 1));
        assert!((follow.loudness_offset_db - 6.0).abs() < 1e-9 && follow.loudness_error_db < 1e-9);
    }

    #[test]
    fn wrong_and_missing_pitch_count_against_it() {
        let voice = track(|_| 220.0, |_| -20.0);
        let instrument = track(|n| [220.0, 240.0, 0.0, 221.0][n % 4], |n| if n % 2 == 0 { -20.0 } else { -22.0 });
        let follow = follow(&voice, &instrument).unwrap();
        assert_eq!(follow.near, 0.5);
        assert_eq!(follow.loudness_error_db, 1.0);
    }

    #[test]
    fn a_pitch_where_the_voice_has_none_is_counted_away_from_the_borders() {
        let voice = track(|n| if n < 40 { 220.0 } else { 0.0 }, |_| -20.0);
        let sings = |from: usize| {
            follow(&voice, &track(|n| if n < 40 || n >= from { 220.0 } else { 0.0 }, |_| -20.0)).unwrap().sings_unvoiced
        };
        assert_eq!(sings(100), 0.0);
        assert_eq!(sings(52), 1.0);
        assert!((sings(76) - 0.5).abs() < 0.02);
    }

    #[test]
    fn silence_cannot_be_followed() {
        assert_eq!(follow(&track(|_| 0.0, |_| -120.0), &track(|_| 220.0, |_| -20.0)), None);
    }
}
