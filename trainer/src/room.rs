//! The room that recordings were made in, measured where their notes end: what sounds on is the room, and how loud it is at the end of the note is how loud
//! it was within it. Any thread.
//!
//! A body that rings on (strings, after the bow has left them) does the same to the ear and is measured with it. A note that its player lets fade falls
//! slowly too, but from its own level: such an end tells nothing, and neither does one that was cut.

use syrinx_analysis::{ANALYSIS_RATE_HZ, BANDS, HARMONICS, Take, Target, noise_edges_hz};
use syrinx_decoder::{MOST_ROOM_DB, MOST_RT60_S, RoomResponse};
use syrinx_synth::{ROOM_SPLIT_HZ, Room, RoomParams};
use syrinx_tracker::FRAME_RATE_HZ;

use crate::{
    split::{Part, Split},
    statistics::{hundredth, quantile},
};

/// What is louder than this below the take's loud frames, dB, sounds; ...
const SOUNDS_DB: f32 = 12.0;
/// ... for this long before the end, frames (0.3 s), and not for this long after it.
const BEFORE: usize = 75;
const AFTER: usize = 75;
/// The note ends with the last frame that is softer by less than this than three quarters of the second before, dB.
const END_DB: f32 = 3.0;
const SECOND: usize = 250;
/// The note's level is its mean over these frames before the end.
const LEVEL_OF: [usize; 2] = [100, 12];
/// The fall is read from this far below the note, dB, ...
const FROM_DB: f32 = 12.0;
/// ... to this far, or to the noise of the recording and this much above it, ...
const TO_DB: f32 = 45.0;
const ABOVE_NOISE_DB: f32 = 8.0;
/// ... over as many dB and frames at least.
const LEAST_FALL_DB: f32 = 10.0;
const LEAST_FRAMES: usize = 15;
/// What rises again by this much, dB, is the next note.
const RISES_DB: f32 = 6.0;
/// Where falls begin above this, dB against the note, they are the notes' own.
const OWN_DB: f32 = -5.0;
/// What is over sooner is no room, seconds.
const SHORTEST_S: f32 = 0.15;
/// Softest room, dB: it can hardly be heard.
const SOFTEST_DB: f32 = -40.0;
/// So many falls must tell of a room, and in the lower band so many as a share of all ends.
const FEWEST: usize = 3;
const LEAST_SHARE: f32 = 0.15;
/// A room is asked for the answer to so many samples at once.
const SEGMENT: usize = 192;
/// In one room, all fall at about the same pace; the middle half of players' own falls is wider than this.
const MOST_SPREAD: f32 = 2.5;

/// The room around the training part of `takes`; none where the ends of its notes tell of none.
pub fn measure(takes: &[Take], split: &Split) -> Option<RoomResponse> {
    let (mut read, mut ends): ([Vec<[f32; 2]>; 2], usize) = Default::default();
    let edges_hz = noise_edges_hz();
    for stretch in split.of(Part::Training) {
        let frames = &takes[stretch.take].frames[stretch.frames.clone()];
        let both: Vec<[f32; 2]> = frames.iter().map(|f| levels(&f.target, &edges_hz)).collect();
        let found = ends_of(&both);
        ends += found.len();
        for (band, read) in read.iter_mut().enumerate().filter(|_| !found.is_empty()) {
            let levels: Vec<f32> = both.iter().map(|db| db[band]).collect();
            let noise_db = quantile(&mut levels.clone(), 0.02);
            read.extend(found.iter().filter_map(|end| fall(&levels, noise_db, *end)));
        }
    }
    let told = |band: &[[f32; 2]]| band.iter().filter(|[rt60_s, db]| is_room(*rt60_s) && *db < OWN_DB).count();
    let [low, high] = &read;
    // A tone that fades gets darker, so what lies above falls sooner than the note in any room: what lies below must tell of one, too.
    if told(low) + told(high) < FEWEST || (told(low) as f32) < (LEAST_SHARE * ends as f32).max(1.0) {
        return None;
    }
    let low = of_band(low)?;
    let high = of_band(high).unwrap_or(low);
    Some(RoomResponse {
        rt60_s: [low, high].map(|[rt60_s, _]| hundredth(rt60_s)),
        level_db: [low, high].map(|[_, db]| hundredth(db.clamp(SOFTEST_DB, MOST_ROOM_DB))),
    })
}

/// What the falls of a band say together: reverberation time, s, and level, dB. Notes that were ended quickly tell how loud a room is; from those that
/// faded it seems louder than it is.
fn of_band(read: &[[f32; 2]]) -> Option<[f32; 2]> {
    let falls = || read.iter().filter(|[rt60_s, _]| is_room(*rt60_s));
    let mut times: Vec<f32> = falls().map(|[rt60_s, _]| *rt60_s).collect();
    let mut levels: Vec<f32> = falls().map(|[_, db]| *db).filter(|db| *db < OWN_DB).collect();
    let alike = |times: &mut [f32]| quantile(times, 0.75) < MOST_SPREAD * quantile(times, 0.25);
    (!levels.is_empty() && alike(&mut times)).then(|| [quantile(&mut times, 0.5), quantile(&mut levels, 0.5)])
}

fn is_room(rt60_s: f32) -> bool {
    (SHORTEST_S..=MOST_RT60_S).contains(&rt60_s)
}

/// Level of all that sounds below and above the split, dB.
fn levels(target: &Target, edges_hz: &[f32; BANDS + 1]) -> [f32; 2] {
    let mut power = [1e-14_f32; 2];
    let mut add = |hz: f32, db: f32| power[usize::from(hz > ROOM_SPLIT_HZ)] += 10f32.powf(0.1 * db);
    if target.f0_hz > 0.0 {
        (0..HARMONICS).for_each(|k| add((k + 1) as f32 * target.f0_hz, target.harmonics_db[k]));
    }
    (0..BANDS).for_each(|band| add(0.5 * (edges_hz[band] + edges_hz[band + 1]), target.noise_db[band]));
    power.map(|power| 10.0 * power.log10())
}

/// The frames with which notes end.
fn ends_of(levels: &[[f32; 2]]) -> Vec<usize> {
    if levels.is_empty() {
        return Vec::new();
    }
    let all: Vec<f32> = levels.iter().map(|[low, high]| low.max(*high)).collect();
    let loud = quantile(&mut all.clone(), 0.95);
    let sounds: Vec<bool> = all.iter().map(|db| *db > loud - SOUNDS_DB).collect();
    (BEFORE..all.len().saturating_sub(LEAST_FRAMES))
        .filter(|&n| {
            let before = sounds[n - BEFORE..=n].iter().filter(|sounds| **sounds).count();
            let after = &sounds[n + 1..(n + 1 + AFTER).min(all.len())];
            sounds[n] && 10 * before >= 9 * BEFORE && !after.contains(&true)
        })
        .filter_map(|n| {
            let note = n.saturating_sub(SECOND)..n + 1;
            let level = quantile(&mut all[note.clone()].to_vec(), 0.75);
            note.rev().find(|&n| all[n] > level - END_DB)
        })
        .filter(|end| *end >= LEVEL_OF[0])
        .collect()
}

/// How the levels of a band, in which the recording's noise is this loud, fall after a note ends with frame `end`: the time to -60 dB, s, and the level from which it seems to fall, dB against the note.
fn fall(levels: &[f32], noise_db: f32, end: usize) -> Option<[f32; 2]> {
    let note = &levels[end.saturating_sub(LEVEL_OF[0])..end - LEVEL_OF[1]];
    let level = 10.0 * (note.iter().map(|db| 10f32.powf(0.1 * db)).sum::<f32>() / note.len() as f32).log10();
    let mut least = f32::MAX;
    let goes_on = |db: &f32| {
        least = least.min(*db);
        *db < least + RISES_DB
    };
    let after: Vec<f32> = levels[end..].iter().copied().take_while(goes_on).collect();
    let lowest = (noise_db + ABOVE_NOISE_DB).max(level - TO_DB);
    let from = after.iter().position(|db| *db < level - FROM_DB)?;
    let to = after.iter().position(|db| *db < lowest).unwrap_or(after.len());
    if to < from + LEAST_FRAMES || after[from] - after[to - 1] < LEAST_FALL_DB {
        return None;
    }
    let [slope, at_end] = line(&after[..to], from);
    (slope < 0.0).then(|| [-60.0 / slope, at_end - level])
}

fn seconds(frames: usize) -> f32 {
    frames as f32 / FRAME_RATE_HZ as f32
}

/// The straight line through the levels from this frame on: dB a second, and dB at the first frame of all.
fn line(levels: &[f32], from: usize) -> [f32; 2] {
    let points = || (from..levels.len()).map(|n| (seconds(n), levels[n]));
    let count = (levels.len() - from) as f32;
    let (sum_s, sum_db) = points().fold((0.0, 0.0), |(a, b), (s, db)| (a + s, b + db));
    let (mean_s, mean_db) = (sum_s / count, sum_db / count);
    let (both, square) =
        points().fold((0.0, 0.0), |(a, b), (s, db)| (a + (s - mean_s) * (db - mean_db), b + (s - mean_s).powi(2)));
    let slope = both / square;
    [slope, mean_db - slope * mean_s]
}

/// Puts a sound, at [`ANALYSIS_RATE_HZ`], into a room, as one side of it is heard.
pub fn put_into(samples: &mut [f32], room: RoomParams) {
    if room == RoomParams::NONE {
        return;
    }
    let mut network = Room::new(ANALYSIS_RATE_HZ, SEGMENT);
    let [mut left, mut right] = [[0.0; SEGMENT]; 2];
    for samples in samples.chunks_mut(SEGMENT) {
        network.process(room, SEGMENT, samples, &mut left[..samples.len()], &mut right[..samples.len()]);
        samples.iter_mut().zip(&left).for_each(|(sample, answered)| *sample = room.direct() * *sample + answered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{random::Random, testing};
    use syrinx_analysis::{Audio, analyse};
    use syrinx_synth::White;

    /// Takes of tones of ten harmonics that end after 1.5 s, in a room or fading for a second.
    fn takes(room: RoomParams, fades: bool) -> Vec<Take> {
        let rate = ANALYSIS_RATE_HZ as usize;
        (0..4)
            .map(|n| {
                let hz = 180.0 * 1.3_f64.powi(n);
                let mut white = White::new(n as u64);
                let mut sound: Vec<f32> = (0..3 * rate)
                    .map(|i| {
                        let s = i as f64 / rate as f64;
                        let level =
                            if fades { 10f64.powf(-2.0 * (s - 1.5).max(0.0)) } else { (1.0 - 50.0 * (s - 1.5)).clamp(0.0, 1.0) };
                        let tone: f64 =
                            (1..30).map(|k| (std::f64::consts::TAU * hz * f64::from(k) * s).sin() / f64::from(k)).sum();
                        (0.1 * level * tone) as f32 + 1e-5 * white.draw()
                    })
                    .collect();
                put_into(&mut sound, room);
                analyse("tone", "test", &Audio::from_mono(ANALYSIS_RATE_HZ, sound))
            })
            .collect()
    }

    #[test]
    fn a_room_is_measured_as_it_was_played() {
        let room = RoomParams { rt60_s: [0.9, 0.5], level: [0.2, 0.2] };
        let takes = takes(room, false);
        let read = measure(&takes, &Split::everything(&takes)).expect("there is a room");
        for band in 0..2 {
            let rt60_s = read.rt60_s[band] / room.rt60_s[band];
            assert!((0.7..1.4).contains(&rt60_s), "{read:?}");
            assert!((read.level_db[band] + 14.0).abs() < 4.0, "{read:?}");
        }
        assert_eq!(read.check(), Ok(()));
    }

    #[test]
    fn notes_that_are_cut_or_fade_tell_of_no_room() {
        for takes in [takes(RoomParams::NONE, false), takes(RoomParams::NONE, true)] {
            assert_eq!(measure(&takes, &Split::everything(&takes)), None);
        }
        let takes: Vec<Take> = (50..56).map(|n| testing::note(n, "one", 400)).collect();
        assert_eq!(measure(&takes, &Split::everything(&takes)), None);
        assert_eq!(measure(&[], &Split::default()), None);
        let mut random = Random::new(1);
        let odd: Vec<_> = (0..200).map(|n| testing::frame(n, 60.0, -20.0, 0.9, &mut random)).collect();
        for frames in [odd, Vec::new()] {
            let takes = [Take { frames, ..takes[0].clone() }];
            assert_eq!(measure(&takes, &Split::everything(&takes)), None);
        }
    }
}
