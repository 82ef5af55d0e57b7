//! How the player of the recordings begins, holds and ends notes: what a key needs to be played, for it brings only a pitch and a velocity. Any thread.
//!
//! Told are notes that begin and end on their own: what is slurred has no beginning. Whoever plays draws from them by pitch and loudness, so single notes say more
//! than means over all would.

use std::ops::Range;
use syrinx_analysis::{Frame, Take};
use syrinx_decoder::{
    Card, MOST_PLAYED_NOTES, MOST_PLAYED_SLURS, ONSET_DB, ONSET_POINTS, ONSET_S, ONSET_ST, Performance, PlayedNote, PlayedSlur,
};
use syrinx_tracker::FRAME_RATE_HZ;

use crate::{
    split::{Part, Split, notes_in, sure_pitch},
    statistics::{hundredth, quantile, rms},
    train::SYNTHESISER,
};

/// A note is this long at least, frames (0.3 s).
const SHORTEST: usize = 75;
/// A note begins where it is this far under its held level, dB, and at most so many frames (0.6 s) before its pitch is known.
const BEGINS_DB: f32 = 24.0;
const LONGEST_RISE: usize = 150;
/// A moment of a beginning is a mean over this share of its time to both sides.
const SMOOTHED_SHARE: f32 = 0.15;
/// From here on it is held, frames (0.2 s); the last of it (0.1 s) belong to its end.
const HELD_FROM: usize = 50;
const ENDS: usize = 25;
/// It is played as long as it is no softer than its upper quartile by this, dB.
const PLAYED_DB: f32 = 8.0;
/// What is plucked or struck is loudest within so many frames (0.2 s).
const STRUCK: usize = 50;
/// A vibrato is looked for in windows of so many frames (0.6 s) at these rates, Hz; ...
const WINDOW: usize = 150;
const RATES_HZ: [f32; 2] = [3.5, 8.5];
const RATE_STEP_HZ: f32 = 0.25;
/// ... it covers this at least, half of it, semitones, and is this share of what moves in the pitch; ...
const LEAST_VIBRATO_ST: f32 = 0.06;
const VIBRATO_SHARE: f32 = 0.35;
/// ... and the loudness swings with it where the two agree by this, 0 to 1; by this at most, dB.
const COHERENT: f32 = 0.6;
const MOST_TREMOLO_DB: f32 = 4.0;
/// Wandering is of means over so many frames (0.25 s), up to this, dB and semitones.
const SMOOTHED: usize = 62;
const MOST_DRIFT_DB: f32 = 3.0;
const MOST_DRIFT_ST: f32 = 0.2;
/// A release goes from this far under the note's last level to 20 dB further, dB, within so many frames (2 s); and takes these times, s.
const RELEASE_FROM_DB: f32 = 6.0;
const LONGEST_RELEASE: usize = 500;
const RELEASES_S: [f32; 2] = [0.01, 2.0];
/// What falls by 20 dB within so many frames (0.3 s) is stopped.
const DAMPED: usize = 75;
/// What is plucked or struck is damped within this time where no recording tells, s.
const DAMPED_S: f32 = 0.15;
/// Of the notes found, so many are told.
const TOLD: usize = 40;
const _: () = assert!(TOLD <= MOST_PLAYED_NOTES);
/// Slurred notes are so long at least, frames (0.1 s), and so far apart, semitones: an octave may be the tracker's; from one to the next it takes at most so many frames (0.24 s), and it gets
/// no softer than this, dB.
const SLURRED: usize = 25;
const SLUR_ST: [f32; 2] = [0.8, 9.5];
const LONGEST_WAY: usize = 60;
const MOST_DIP_DB: f32 = 12.0;
/// Fewer notes than this tell of no player, and fewer slurs of no way to slur.
const FEWEST: usize = 3;
const FEWEST_SLURS: usize = 6;

/// The notes of the training part of `takes` and the ways between them, as many as a card tells; none where there are too few. `gains_db` has one gain a take. With
/// them, those of `others`: takes of other players of the same instrument.
pub fn measure(takes: &[Take], gains_db: &[f32], split: &Split, card: &Card, others: &[Take]) -> Option<Performance> {
    let mut own = Heard::default();
    for stretch in split.of(Part::Training) {
        let take = &takes[stretch.take];
        own.hear(&take.frames[stretch.frames.clone()], take, gains_db[stretch.take], card);
    }
    let mut theirs = Heard::default();
    others.iter().for_each(|take| theirs.hear(&take.frames, take, 0.0, card));
    theirs.play_as_loudly_as(&own);
    let Heard { notes: mut found, mut slurs } = own;
    found.extend(theirs.notes);
    slurs.extend(theirs.slurs);
    if found.len() < FEWEST {
        return None;
    }
    // Where a note's end is not told, it is that of the others.
    let mut releases: Vec<f32> = found.iter().filter_map(|found| found.release_s).collect();
    let usual_s = if !releases.is_empty() {
        quantile(&mut releases, 0.5)
    } else if card.decay.is_some() {
        DAMPED_S
    } else {
        PlayedNote::usual(&card.family, 0.0).release_s
    };
    found.sort_by(|a, b| a.played.note.total_cmp(&b.played.note).then(a.played.loudness_db.total_cmp(&b.played.loudness_db)));
    let notes = some_of(&found, TOLD).map(|HeardNote { played, release_s, .. }| PlayedNote {
        release_s: release_s.unwrap_or(usual_s),
        // What swells in a synthesiser's recordings was drawn to learn from; it holds still.
        drift_db: if card.family == SYNTHESISER { 0.0 } else { played.drift_db },
        ..*played
    });
    if slurs.len() < FEWEST_SLURS {
        slurs.clear();
    }
    slurs.sort_by(|a, b| a.interval_st.total_cmp(&b.interval_st));
    Some(Performance { notes: notes.collect(), slurs: some_of(&slurs, MOST_PLAYED_SLURS).copied().collect() })
}

/// What is heard of how notes are played.
#[derive(Default)]
struct Heard {
    notes: Vec<HeardNote>,
    slurs: Vec<PlayedSlur>,
}

impl Heard {
    /// Listens to some frames of a take.
    fn hear(&mut self, frames: &[Frame], take: &Take, gain_db: f32, card: &Card) {
        let steady = notes_in(frames, take.note);
        self.notes.extend(heard_in(frames, &steady, gain_db, card.decay.is_some()));
        let joined: Vec<&Range<usize>> = steady.iter().filter(|run| run.len() >= SLURRED).collect();
        self.slurs.extend(joined.windows(2).filter_map(|pair| slur(frames, pair[0], pair[1])));
    }

    /// Others stood elsewhere, at other microphones: how loud they usually play is taken for how loud those of `own` do.
    fn play_as_loudly_as(&mut self, own: &Self) {
        let usual_db = |heard: &Self| {
            let mut all: Vec<f32> = heard.notes.iter().map(|note| note.played.loudness_db).collect();
            (!all.is_empty()).then(|| quantile(&mut all, 0.5))
        };
        if let Some((own_db, their_db)) = usual_db(own).zip(usual_db(self)) {
            for note in &mut self.notes {
                note.played.loudness_db = hundredth(note.played.loudness_db + own_db - their_db);
            }
        }
    }
}

/// So many of `all` at most, evenly spaced.
fn some_of<T>(all: &[T], most: usize) -> impl Iterator<Item = &T> {
    let kept = all.len().min(most);
    (0..kept).map(move |n| &all[n * all.len() / kept])
}

/// The pitch at a frame, if it is sure, as a MIDI note number.
fn pitch(frames: &[Frame], n: usize) -> Option<f32> {
    frames.get(n).and_then(sure_pitch)
}

/// The way from one note to the next; none where the second has a beginning of its own, or is the same.
fn slur(frames: &[Frame], from: &Range<usize>, to: &Range<usize>) -> Option<PlayedSlur> {
    if to.start - from.end > LONGEST_WAY {
        return None;
    }
    let middle = |run: &Range<usize>, of: &dyn Fn(usize) -> f32| {
        let (start, end) = (run.start + run.len() / 4, run.end - run.len() / 4);
        quantile(&mut (start..end).map(of).collect::<Vec<f32>>(), 0.5)
    };
    let level = |n: usize| frames[n].features.loudness_db;
    let [from_st, to_st] = [from, to].map(|run| middle(run, &|n| pitch(frames, n).unwrap_or(0.0)));
    let [from_db, to_db] = [from, to].map(|run| middle(run, &level));
    let interval_st = to_st - from_st;
    // From within the first note to within the second.
    let between = from.end - from.len() / 4..to.start + to.len() / 4;
    let lowest_db = between.clone().map(level).fold(f32::MAX, f32::min);
    let dip_db = (from_db.min(to_db) - lowest_db).max(0.0);
    if !(SLUR_ST[0]..=SLUR_ST[1]).contains(&interval_st.abs()) || dip_db > MOST_DIP_DB {
        return None;
    }
    let way = |n: usize| pitch(frames, n).map(|st| (st - from_st) / interval_st);
    let left = between.clone().rfind(|n| way(*n).is_some_and(|way| way < 0.15))?;
    let reached = (left..between.end).find(|n| way(*n).is_some_and(|way| way > 0.85))?;
    // Seven tenths of the way are measured.
    let way_s = ((reached - left) as f32 / FRAME_RATE_HZ as f32 / 0.7).clamp(0.004, 2.0);
    Some(PlayedSlur { interval_st: hundredth(interval_st), way_s: (1000.0 * way_s).round() / 1000.0, dip_db: hundredth(dip_db) })
}

/// A note as it was heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeardNote {
    /// How it was played; its release is 0.
    pub played: PlayedNote,
    /// Its release, s, if that was heard.
    pub release_s: Option<f32>,
    /// Seconds from its beginning until it is let go.
    pub held_s: f32,
}

/// The notes of a take, as [`measure`] reads them; `is_struck` where they die away of themselves.
pub fn heard_notes(take: &Take, is_struck: bool) -> Vec<HeardNote> {
    heard_in(&take.frames, &notes_in(&take.frames, take.note), 0.0, is_struck)
}

/// Those of `notes` that are long enough and are heard to begin.
fn heard_in(frames: &[Frame], notes: &[Range<usize>], gain_db: f32, is_struck: bool) -> Vec<HeardNote> {
    let loud: Vec<f32> = frames.iter().map(|frame| frame.features.loudness_db + gain_db).collect();
    let notes = notes.iter().filter(|run| run.len() >= SHORTEST);
    notes.filter_map(|run| note(frames, &loud, run.clone(), is_struck)).collect()
}

/// The note whose pitch is known over `run`, of frames that are so `loud`, dB; none where its beginning is not heard.
fn note(frames: &[Frame], loud: &[f32], run: Range<usize>, is_struck: bool) -> Option<HeardNote> {
    // The pitch may be known for longer than the note is played.
    let loudest_db = quantile(&mut loud[run.clone()].to_vec(), 0.75);
    let last = run.clone().rev().find(|n| loud[*n] >= loudest_db - PLAYED_DB)?;
    let run = if is_struck { run } else { run.start..last + 1 };
    if run.len() < SHORTEST {
        return None;
    }
    let held = run.start + HELD_FROM.min(run.len() / 3)..run.end - ENDS.min(run.len() / 4);
    let held_db = if is_struck {
        loud[run.start.saturating_sub(STRUCK / 2)..run.end.min(run.start + STRUCK)].iter().copied().fold(f32::MIN, f32::max)
    } else {
        quantile(&mut loud[held.clone()].to_vec(), 0.5)
    };
    let begin = beginning(loud, run.clone(), held_db)?;
    let pitches: Vec<f32> = held.clone().map(|n| pitch(frames, n).unwrap_or(0.0)).collect();
    let centre = quantile(&mut pitches.clone(), 0.5);

    let levels_at = |t: f32| {
        // Later moments are means over longer times: what swings in a note is not its beginning.
        let [from, to] =
            [1.0 - SMOOTHED_SHARE, 1.0 + SMOOTHED_SHARE].map(|share| begin + (share * t * FRAME_RATE_HZ as f32) as usize);
        let frames = &loud[from.min(run.end - 1)..(to + 1).min(run.end)];
        frames.iter().sum::<f32>() / frames.len() as f32
    };
    // How it goes on is not the beginning's: a key that is down holds, and what dies away does so as the card's decay says.
    let [settled_db, rises_for] = if is_struck {
        let loudest = (0..ONSET_POINTS).max_by(|a, b| levels_at(ONSET_S[*a]).total_cmp(&levels_at(ONSET_S[*b])))?;
        [held_db, ONSET_S[loudest]]
    } else {
        [levels_at(ONSET_S[ONSET_POINTS - 1]), f32::MAX]
    };
    let onset_db = ONSET_S.map(|t| {
        let db = if t > rises_for { 0.0 } else { levels_at(t) - settled_db };
        hundredth(db.clamp(ONSET_DB[0], ONSET_DB[1]))
    });
    let mut onset_st = [0.0; ONSET_POINTS];
    let mut next = 0.0;
    for (at, t) in ONSET_S.iter().enumerate().rev() {
        let there = pitch(frames, (begin + (t * FRAME_RATE_HZ as f32) as usize).min(run.end - 1));
        if let Some(st) = there.map(|st| st - centre).filter(|st| st.abs() <= ONSET_ST) {
            next = st;
        }
        onset_st[at] = hundredth(next);
    }
    // From there on it is held.
    onset_st[ONSET_POINTS - 1] = 0.0;

    let levels: Vec<f32> = loud[held].to_vec();
    let swings = vibrato(&pitches, &levels);
    // The last of the beginning's points is where the vibrato may have begun: it is not part of the beginning.
    if swings.is_some() {
        let calm = ONSET_S.map(|t| (1.0 - (t - 0.1) / 0.15).clamp(0.0, 1.0));
        onset_st.iter_mut().zip(calm).for_each(|(st, calm)| *st = hundredth(*st * calm));
    }
    let Swings { extent_st, rate_hz, tremolo_db } = swings.unwrap_or_default();
    let delay_s =
        if extent_st > 0.0 { delay(&pitches, rate_hz, extent_st) + HELD_FROM as f32 / FRAME_RATE_HZ as f32 } else { 0.0 };
    let played = PlayedNote {
        note: hundredth(centre),
        loudness_db: hundredth(held_db),
        onset_db,
        onset_st,
        vibrato_st: hundredth(extent_st),
        vibrato_hz: hundredth(rate_hz),
        vibrato_delay_s: hundredth(delay_s.min(10.0)),
        tremolo_db: hundredth(tremolo_db),
        drift_db: if is_struck { 0.0 } else { hundredth(wandering(&levels).min(MOST_DRIFT_DB)) },
        drift_st: hundredth(wandering(&pitches).min(MOST_DRIFT_ST)),
        release_s: 0.0,
    };
    let release_s = if is_struck { damping(loud, &run) } else { release(loud, &run) };
    Some(HeardNote { played, release_s, held_s: (run.end - begin) as f32 / FRAME_RATE_HZ as f32 })
}

/// The first frame of a note: behind the last before its pitch is known that is softer than it by [`BEGINS_DB`].
fn beginning(loud: &[f32], run: Range<usize>, held_db: f32) -> Option<usize> {
    let sounds = run.clone().find(|n| loud[*n] >= held_db - 6.0)?;
    let earliest = run.start.saturating_sub(LONGEST_RISE);
    match (earliest..sounds).rev().find(|n| loud[*n] <= held_db - BEGINS_DB) {
        Some(silent) => Some(silent + 1),
        // Files of single notes may begin with them.
        None => (earliest == 0 && sounds < LONGEST_RISE / 10).then_some(0),
    }
}

/// A vibrato.
#[derive(Clone, Copy, Debug, Default)]
struct Swings {
    extent_st: f32,
    rate_hz: f32,
    tremolo_db: f32,
}

/// A windowed cosine and sine transform of what is left of `values` without their straight line, at a rate: amplitude times cosine and sine of the phase.
fn at_rate(values: &[f32], rate_hz: f32) -> [f32; 2] {
    let (mut sums, mut weights) = ([0.0; 2], 0.0);
    for (n, value) in without_line(values).into_iter().enumerate() {
        let place = (n as f32 + 0.5) / values.len() as f32;
        let weight = (std::f32::consts::PI * place).sin().powi(2);
        let (sin, cos) = (std::f32::consts::TAU * rate_hz * n as f32 / FRAME_RATE_HZ as f32).sin_cos();
        sums = [sums[0] + weight * value * cos, sums[1] + weight * value * sin];
        weights += weight;
    }
    sums.map(|sum| 2.0 * sum / f32::max(weights, f32::MIN_POSITIVE))
}

fn magnitude([a, b]: [f32; 2]) -> f32 {
    a.hypot(b)
}

/// Values less the straight line through them.
fn without_line(values: &[f32]) -> Vec<f32> {
    let count = values.len() as f32;
    let (middle, mean) = (0.5 * (count - 1.0), values.iter().sum::<f32>() / count.max(1.0));
    let (mut across, mut along) = (0.0, 0.0);
    for (n, value) in values.iter().enumerate() {
        let x = n as f32 - middle;
        across += x * (value - mean);
        along += x * x;
    }
    let slope = if along > 0.0 { across / along } else { 0.0 };
    values.iter().enumerate().map(|(n, value)| value - mean - slope * (n as f32 - middle)).collect()
}

/// The vibrato in pitches, and what swings with it in levels.
fn vibrato(pitches: &[f32], levels: &[f32]) -> Option<Swings> {
    let rates = || {
        let count = ((RATES_HZ[1] - RATES_HZ[0]) / RATE_STEP_HZ) as usize;
        (0..=count).map(|n| RATES_HZ[0] + RATE_STEP_HZ * n as f32)
    };
    let mut read: Vec<[f32; 2]> = Vec::new();
    // Cross power of pitch and level, and the powers of both.
    let (mut cross, mut of_pitch, mut of_level) = ([0.0; 2], 0.0, 0.0);
    let windows = pitches.windows(WINDOW).zip(levels.windows(WINDOW)).step_by(WINDOW / 2);
    for (pitches, levels) in windows {
        let (rate_hz, swing) =
            rates().map(|hz| (hz, at_rate(pitches, hz))).max_by(|a, b| magnitude(a.1).total_cmp(&magnitude(b.1)))?;
        let extent_st = magnitude(swing);
        let all = without_line(pitches).iter().map(|st| st * st).sum::<f32>() / WINDOW as f32;
        let is_vibrato = 0.5 * extent_st * extent_st >= VIBRATO_SHARE * all && extent_st >= LEAST_VIBRATO_ST;
        read.push([if is_vibrato { extent_st } else { 0.0 }, rate_hz]);
        let level = at_rate(levels, rate_hz);
        cross = [cross[0] + level[0] * swing[0] + level[1] * swing[1], cross[1] + level[1] * swing[0] - level[0] * swing[1]];
        of_pitch += extent_st * extent_st;
        of_level += magnitude(level).powi(2);
    }
    let swinging: Vec<[f32; 2]> = read.iter().copied().filter(|[extent_st, _]| *extent_st > 0.0).collect();
    // Half of the note swings, or it has no vibrato.
    if swinging.is_empty() || 2 * swinging.len() < read.len() {
        return None;
    }
    let median = |of: usize| quantile(&mut swinging.iter().map(|one| one[of]).collect::<Vec<f32>>(), 0.5);
    let (extent_st, rate_hz) = (median(0).min(2.0), median(1));
    let coherent = magnitude(cross) >= COHERENT * (of_pitch * of_level).sqrt();
    let tremolo_db = if coherent { (extent_st * cross[0] / of_pitch).clamp(-MOST_TREMOLO_DB, MOST_TREMOLO_DB) } else { 0.0 };
    Some(Swings { extent_st, rate_hz, tremolo_db })
}

/// Seconds until a vibrato has half of its extent.
fn delay(pitches: &[f32], rate_hz: f32, extent_st: f32) -> f32 {
    // Two turns tell of one.
    let turns = ((2.0 * FRAME_RATE_HZ as f32 / rate_hz) as usize).clamp(1, pitches.len());
    let reached = pitches.windows(turns).position(|pitches| magnitude(at_rate(pitches, rate_hz)) >= 0.5 * extent_st);
    // At the middle of the window; one that is there from the first may have been there before.
    let middle = |n: usize| if n == 0 { 0 } else { n + turns / 2 };
    reached.map_or(0.0, |n| middle(n) as f32 / FRAME_RATE_HZ as f32)
}

/// How far means over a quarter of a second wander about their straight line, RMS.
fn wandering(values: &[f32]) -> f32 {
    if values.len() < 3 * SMOOTHED {
        return 0.0;
    }
    let means: Vec<f32> = values.windows(SMOOTHED).map(|w| w.iter().sum::<f32>() / SMOOTHED as f32).collect();
    let moves = without_line(&means);
    rms(&moves)
}

/// Seconds that the end of a note takes to fall by 20 dB; none where it is not heard to.
fn release(loud: &[f32], run: &Range<usize>) -> Option<f32> {
    let last_db = quantile(&mut loud[run.end - ENDS.min(run.len())..run.end].to_vec(), 0.75);
    fall(loud, run.end - 1, last_db)
}

/// The same of what dies away of itself, where it is stopped.
fn damping(loud: &[f32], run: &Range<usize>) -> Option<f32> {
    let stopped = |n: &usize| loud.get(n + DAMPED).is_some_and(|later| loud[*n] - later >= 20.0);
    let from = (run.start + HELD_FROM..run.end).find(stopped)?;
    fall(loud, from, loud[from])
}

/// Seconds from [`RELEASE_FROM_DB`] under a level to 20 dB further down, behind frame `from`.
fn fall(loud: &[f32], from: usize, level_db: f32) -> Option<f32> {
    let after = || from..loud.len().min(from + LONGEST_RELEASE);
    let falls_by = |db: f32| after().find(|n| loud[*n] <= level_db - db);
    let (from, to) = (falls_by(RELEASE_FROM_DB)?, falls_by(RELEASE_FROM_DB + 20.0)?);
    // What swells again on the way is another note.
    let swells = (from..to).any(|n| loud[n] > level_db - RELEASE_FROM_DB + 3.0);
    let seconds = (to - from).max(1) as f32 / FRAME_RATE_HZ as f32;
    (!swells).then(|| hundredth(seconds.clamp(RELEASES_S[0], RELEASES_S[1])).max(RELEASES_S[0]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use crate::testing::{frame, learned, silence};

    /// A note that rises evenly over 0.1 s, has a vibrato of a third of a semitone at 5.5 Hz from 0.5 s on, and falls by 100 dB a second at its end.
    fn played(midi: f32) -> Take {
        let mut random = Random::new(midi as u64);
        let frames = (0..1000).map(|n| {
            let t = (n as f32 - 25.0) / 250.0;
            let swing = (std::f32::consts::TAU * 5.5 * t).sin() * f32::from(u8::from(t > 0.5));
            let level = match t {
                t if t <= 0.0 => return silence(n),
                t if t < 0.1 => -20.0 - 30.0 * (1.0 - t / 0.1),
                t if t < 3.0 => -20.0 + 2.0 * swing,
                t => -20.0 - 100.0 * (t - 3.0),
            };
            let scoop = -0.5 * (1.0 - t / 0.06).max(0.0);
            if level < -90.0 { silence(n) } else { frame(n, midi + scoop + 0.3 * swing, level, 0.9, &mut random) }
        });
        Take {
            name: "one.wav".into(),
            source: "one".into(),
            frames: frames.collect(),
            band_limit_hz: 22_000.0,
            note: Some(midi as u8),
        }
    }

    #[test]
    fn how_notes_are_played_is_read() {
        let takes: Vec<Take> = (60..66).map(|n| played(n as f32)).collect();
        let card = Card { decay: None, ..learned().trained.card.clone() };
        let measured = measure(&takes, &[3.0; 6], &Split::everything(&takes), &card, &[]).unwrap();
        assert_eq!((measured.check(), measured.notes.len()), (Ok(()), 6));
        for (played, note) in measured.notes.iter().zip(60..) {
            assert!((played.note - note as f32).abs() < 0.1, "{played:?}");
            assert!((played.vibrato_st - 0.3).abs() < 0.05 && (played.vibrato_hz - 5.5).abs() < 0.3, "{played:?}");
            assert!((played.vibrato_delay_s - 0.5).abs() < 0.2, "{played:?}");
            assert!((played.tremolo_db - 2.0).abs() < 0.6, "{played:?}");
            assert!((played.release_s - 0.2).abs() < 0.05, "{played:?}");
            assert!(played.drift_st < 0.08 && played.drift_db < 0.5, "{played:?}");
            // Over 24 dB in eight hundredths of a second.
            assert!(
                played.onset_db[0] < -20.0 && (played.onset_db[6] + 12.0).abs() < 5.0 && played.onset_db[10].abs() < 2.5,
                "{played:?}"
            );
            assert!(played.onset_st[0] < -0.15 && played.onset_st[8].abs() < 0.1, "{played:?}");
        }
    }

    #[test]
    fn slurs_are_read() {
        let mut random = Random::new(2);
        // Every 0.4 s to another note, within 0.05 s, 4 dB softer on the way.
        let frames = (0..2000).map(|n| {
            let (note, t) = (n / 100, (n % 100) as f32 / 250.0);
            let way = (t / 0.05).min(1.0);
            let [before, now] = [note + 1, note].map(|n| [60.0, 64.0][n % 2]);
            let dip = if n >= 100 && way < 1.0 { 4.0 * (std::f32::consts::PI * way).sin() } else { 0.0 };
            frame(n, if n < 100 { 60.0 } else { before + way * (now - before) }, -20.0 - dip, 0.9, &mut random)
        });
        let take = Take { frames: frames.collect(), note: None, ..played(60.0) };
        let takes: Vec<Take> = std::iter::once(take).chain((60..64).map(|n| played(n as f32))).collect();
        let measured = measure(&takes, &[0.0; 5], &Split::everything(&takes), &learned().trained.card, &[]).unwrap();
        assert!(measured.slurs.len() > 15 && measured.check().is_ok());
        for slur in &measured.slurs {
            assert!((slur.interval_st.abs() - 4.0).abs() < 0.1 && (slur.way_s - 0.05).abs() < 0.015, "{slur:?}");
            assert!((2.5..8.0).contains(&slur.dip_db), "{slur:?}");
        }
    }

    #[test]
    fn other_players_are_heard_as_loudly_as_the_own() {
        let own: Vec<Take> = (60..64).map(|n| played(n as f32)).collect();
        let far = |n: i32| {
            let mut take = played(n as f32);
            take.frames.iter_mut().for_each(|frame| frame.features.loudness_db -= 30.0);
            take
        };
        let others: Vec<Take> = (65..70).map(far).collect();
        let card = &learned().trained.card;
        let measured = measure(&own, &[0.0; 4], &Split::everything(&own), card, &others).unwrap();
        assert_eq!(measured.notes.len(), 9);
        let loudness = |note: &PlayedNote| note.loudness_db;
        let (least, most) = (
            measured.notes.iter().map(loudness).fold(f32::MAX, f32::min),
            measured.notes.iter().map(loudness).fold(f32::MIN, f32::max),
        );
        assert!(most - least < 2.0, "{least} to {most} dB");
        // Of others alone, too.
        assert_eq!(measure(&[], &[], &Split::default(), card, &others).unwrap().notes.len(), 5);
    }

    #[test]
    fn what_tells_of_no_player_is_left_to_the_family() {
        let card = &learned().trained.card;
        assert!(measure(&[], &[], &Split::default(), card, &[]).is_none());
        let two: Vec<Take> = (60..62).map(|n| played(n as f32)).collect();
        assert!(measure(&two, &[0.0; 2], &Split::everything(&two), card, &[]).is_none());
        // A tone that was there before the recording began and goes on behind its end has no beginning.
        let mut random = Random::new(1);
        let endless: Vec<Take> = (0..5)
            .map(|_| {
                let mut frames: Vec<Frame> = (0..100).map(|n| frame(n, 50.0, -20.0, 0.9, &mut random)).collect();
                frames.extend((100..400).map(|n| frame(n, 62.0, -20.0, 0.9, &mut random)));
                Take { frames: frames.split_off(40), ..played(60.0) }
            })
            .collect();
        let measured = measure(&endless, &[0.0; 5], &Split::everything(&endless), card, &[]);
        assert!(measured.is_none_or(|m| m.notes.iter().all(|note| note.note < 51.0)));
    }
}
