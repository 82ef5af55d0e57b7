//! How the tone of an instrument lives, measured from its held notes: how each harmonic's level wanders against the whole, and how the noise pulses
//! with the pitch. Any thread.
//!
//! The instrument's network answers pitch and loudness, and moves as they do. What moves besides is what the recordings have and the
//! network, asked for the same pitches and levels, has not: both are heard in the same way, the network's answer made into sound first, so that
//! what noise and analysis add to the reading is in both and is taken off.
//!
//! **Wandering.** A harmonic's level against the power of all goes through the filters that the engine draws its own wandering with
//! ([`ModulationFilter`]). Power that leaks from band to band is undone by the filters' own leakage. Where the pitch moves, in a vibrato, body and room answer
//! each frequency differently: windows of a fifth of a second, each with the pace of its pitch, tell what belongs to the moving pitch (a straight
//! line over the square of the pace, up to the pace that one window in ten exceeds).
//!
//! **Pulse.** Noise whose amplitude follows `1 + m cos` of the pitch's phase has spectra that are alike one harmonic apart: their mean product
//! is `m / (1 + m² / 2)` of their power ([`Pulse`](syrinx_analysis::Pulse)).

use std::borrow::Borrow;
use std::sync::Arc;
use syrinx_analysis::{
    ANALYSIS_RATE_HZ, BANDS, Cancelled, FLOOR_DB, HARMONICS, Take, Target, Workers, levels_of, live_delay_samples, loudness_db,
    noise_edges_hz, resynthesise,
};
use syrinx_decoder::{
    Decoder, FLUCTUATION_POINTS, Life, MODULATION_BANDS, MOST_PULSE, Model, ModulationFilter, Pace, fluctuation_place,
};
use syrinx_synth::{Controls, RoomParams};
use syrinx_tracker::{FRAME_RATE_HZ, Features, FrameClock};

use crate::{
    room,
    split::{Part, Split, runs},
    statistics::{hundredth, quantile},
};

/// What is held at least, frames (0.6 s), besides what is left out of its beginning (0.16 s) and its end (0.12 s).
const SHORTEST: usize = 150;
const LEFT_OUT: [usize; 2] = [40, 30];
/// Longer ones are cut, frames (4 s).
const LONGEST: usize = 1000;
/// Frames softer than the loudest of their recording by this, dB, are no held note.
const SOFTEST_DB: f32 = 20.0;
/// From one frame to the next the pitch moves by less than this, semitones, and from the first by less than a trill.
const STEP_ST: f32 = 0.5;
const RANGE_ST: f32 = 1.6;
/// So many stretches are measured at most, evenly chosen: more tell no more.
const MOST_STRETCHES: usize = 30;
/// So many are needed.
const FEWEST_STRETCHES: usize = 3;
/// Harmonics are listened to that are softer than the loudest by less than this, dB, ...
const WEAKEST_DB: f32 = 45.0;
/// ... lie above the noise around them by more than this, dB, ...
const CLEAREST_DB: f32 = 12.0;
/// ... and below this, Hz.
const HIGHEST_HZ: f32 = 14_400.0;
/// No harmonic wanders by more than this, RMS, dB, as what comes from everywhere in a room does (the level of Rayleigh fading): more is another sound
/// that was read for it.
const MOST_DB: f32 = 5.57;
/// Where no harmonic wanders by more than this, RMS, dB, neighbours have nothing to be alike in.
const LEAST_DB: f32 = 0.4;
/// Frames of a window (0.2 s).
const WINDOW: usize = 50;
/// So many of them with a fast pitch and so many with a slow one tell what moves with it.
const FEWEST_WINDOWS: usize = 20;
/// Filters have forgotten how they began after so many frames; those are heard backwards first.
const WARM_UP: usize = 125;
/// A pitch that moves less than this, semitones a second, RMS, is held still: there is nothing to tell apart.
const STILL_ST_PER_S: f32 = 2.0;
/// A window that moves more than this often the median window does, in power, is a slip of the analysis.
const SLIP: f32 = 6.0;
/// At a point of the table so many harmonics of stretches are needed.
const FEWEST_HARMONICS: f32 = 2.0;
/// Frames of a window of the pulse (0.1 s), and what noise that does not pulse reads as in it.
pub const PULSE_WINDOW: usize = 25;
const PULSE_OF_NONE: f32 = 0.05;
/// So many windows of notes this high, Hz, tell it for all; of lower ones no more is believed than this.
const PULSE_WINDOWS: usize = 10;
const PULSE_CLEAR_HZ: f32 = 330.0;
const MOST_READ_LOW: f32 = 0.3;
/// Most that can be read of a pulse; [`MOST_PULSE`] reads less.
const MOST_READ: f32 = 0.65;
/// Of all harmonics of all stretches, one moves as far as is usual that so many move less than: the median is too little for what is heard of all together, and
/// the mean square tells of the few that move most.
const USUAL: f32 = 0.6;
/// Seed of the noise of what the network answers.
const SEED: u64 = 1;

/// A held stretch of a take.
pub struct Held<'a> {
    take: &'a Take,
    gain_db: f32,
    pub frames: std::ops::Range<usize>,
}

/// Mean squares of wandering, dB²: for each point and band, still and besides that with the full pace.
type Wandering = [[[f32; 2]; MODULATION_BANDS]; FLUCTUATION_POINTS.len()];

/// What `model`, trained on the training part of `takes`, lacks of what lives in their held notes; none where too few are held. `gains_db` has one gain a
/// take; `room` is the one that they were recorded in.
///
/// # Errors
/// When it is cancelled.
pub fn measure(
    workers: &Workers,
    takes: &[Take],
    gains_db: &[f32],
    split: &Split,
    model: &Arc<Model>,
    room: RoomParams,
) -> Result<Option<Life>, Cancelled> {
    let held = held(takes, gains_db, split);
    if held.len() < FEWEST_STRETCHES {
        return Ok(None);
    }
    let answered = workers.map(&held, |_| (), |h| answer(h, model, room))?;
    Ok(lacking(&held, &answered, model))
}

/// What the network's answers to held notes lack of them.
fn lacking(held: &[Held<'_>], answered: &[Vec<Target>], model: &Model) -> Option<Life> {
    // Of minutes of recordings, copies would be many megabytes.
    let recorded: Vec<Vec<&Target>> =
        held.iter().map(|h| h.take.frames[h.frames.clone()].iter().map(|f| &f.target).collect()).collect();
    let mut paces: Vec<f32> = recorded.iter().flat_map(|targets| windows(&paces_of(targets))).collect();
    let full = quantile(&mut paces, 0.9).sqrt();
    let full = if full < STILL_ST_PER_S { 0.0 } else { full };
    let clear: Vec<Vec<Vec<bool>>> = recorded.iter().map(|targets| clear(targets)).collect();
    let (theirs, correlation) = wandering(&recorded, &clear, full)?;
    let (ours, _) = wandering(answered, &clear, full)?;
    let leaks = leaks();
    let mut life = Life { vibrato_st_per_s: hundredth(full), ..Life::default() };
    for (point, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
        let lacks = |part: usize| unleaked(std::array::from_fn(|band| (theirs[band][part] - ours[band][part]).max(0.0)), &leaks);
        let (still, moving) = (lacks(0), if full > 0.0 { lacks(1) } else { [0.0; MODULATION_BANDS] });
        let all: f32 = still.iter().chain(&moving).sum();
        let share = (MOST_DB * MOST_DB / all).min(1.0);
        life.fluctuation_db[point] = still.map(|square| hundredth((share * square).sqrt()));
        life.vibrato_db[point] = moving.map(|square| hundredth((share * square).sqrt()));
    }
    if life.fluctuation_db.iter().chain(&life.vibrato_db).flatten().any(|db| *db > LEAST_DB) {
        life.correlation = hundredth(correlation);
    }
    // What is plucked or struck is nowhere opened and shut by its own tone, and its strings are out of tune with their own harmonics, which reads as
    // a pulse.
    if model.card().decay.is_none() {
        life.pulse = hundredth(pulse(&recorded, answered));
    }
    Some(life)
}

/// The held notes of the training part.
pub fn held<'a>(takes: &'a [Take], gains_db: &[f32], split: &Split) -> Vec<Held<'a>> {
    let mut all = Vec::new();
    for stretch in split.of(Part::Training) {
        let take = &takes[stretch.take];
        let loudest = take.frames.iter().map(|f| f.target.loudness_db).fold(f32::MIN, f32::max);
        let pitch = |n: usize| {
            let target = &take.frames[n].target;
            (target.f0_hz > 0.0 && target.loudness_db > loudest - SOFTEST_DB).then(|| 12.0 * target.f0_hz.log2())
        };
        let held = runs(stretch.frames.clone(), |first, n| match (pitch(n), pitch(n - 1), pitch(first)) {
            (Some(now), Some(before), Some(first)) => (now - before).abs() < STEP_ST && (now - first).abs() < RANGE_ST,
            _ => false,
        });
        for run in held {
            let (mut from, to) = (run.start + LEFT_OUT[0], run.end.saturating_sub(LEFT_OUT[1]));
            while to >= from + SHORTEST {
                let end = to.min(from + LONGEST);
                all.push(Held { take, gain_db: gains_db[stretch.take], frames: from..end });
                from = end;
            }
        }
    }
    let step = all.len().div_ceil(MOST_STRETCHES).max(1);
    all.into_iter().step_by(step).collect()
}

/// What the model answers to the pitches and levels of a stretch, made into sound in its `room` and measured as recordings are.
fn answer(held: &Held<'_>, model: &Arc<Model>, room: RoomParams) -> Vec<Target> {
    let mut decoder = Decoder::new(model.clone());
    let mut controls = Controls::silent(0);
    // What it remembers begins before the stretch.
    let from = held.frames.start.saturating_sub(LEFT_OUT[0]);
    let frames = &held.take.frames[from..held.frames.end];
    let mut f0_hz = Vec::with_capacity(frames.len());
    let targets: Vec<Target> = frames
        .iter()
        .map(|frame| {
            let loudness_db = frame.features.loudness_db + held.gain_db;
            let pitch = if frame.target.f0_hz > 0.0 { frame.target.f0_hz } else { frame.features.f0_hz };
            decoder.step(&Features { f0_hz: pitch, confidence: 1.0, loudness_db, ..frame.features }, &mut controls);
            f0_hz.push(controls.f0_hz);
            target_of(&controls)
        })
        .collect();
    let clock = FrameClock::new(ANALYSIS_RATE_HZ);
    let mut samples = resynthesise(&targets, clock.end_of(targets.len() as u64) as usize, SEED);
    // What a room makes of a moving pitch is not to be played twice.
    room::put_into(&mut samples, room);
    let first_instant = clock.end_of(0) as f64 - live_delay_samples() as f64;
    levels_of(&samples, first_instant, &f0_hz).split_off(held.frames.start - from)
}

/// What these controls ask for.
fn target_of(controls: &Controls) -> Target {
    let db = |power: f32| if power > 0.0 { 10.0 * power.log10() } else { FLOOR_DB };
    let harmonics_db: [f32; HARMONICS] =
        std::array::from_fn(|k| db(0.5 * (controls.amplitude * controls.harmonics[k]).powi(2)).max(FLOOR_DB));
    let noise_db: [f32; BANDS] = std::array::from_fn(|band| db(controls.noise[band].powi(2)).max(FLOOR_DB));
    let loudness_db = loudness_db(controls.f0_hz, &harmonics_db, &noise_db);
    Target { f0_hz: controls.f0_hz, harmonics_db, noise_db, loudness_db, pulse: Default::default() }
}

/// Which harmonics can be heard well in each window of a stretch: what dies away sinks into the noise one by one.
fn clear(targets: &[impl Borrow<Target>]) -> Vec<Vec<bool>> {
    targets.chunks_exact(WINDOW).map(clear_in).collect()
}

/// Which harmonics can be heard well.
pub fn clear_in(targets: &[impl Borrow<Target>]) -> Vec<bool> {
    let edges = noise_edges_hz();
    let power = |db: f32| 10f32.powf(0.1 * db);
    let mean =
        |level: &dyn Fn(&Target) -> f32| targets.iter().map(|t| power(level(t.borrow()))).sum::<f32>() / targets.len() as f32;
    let f0_hz = targets.iter().map(|t| t.borrow().f0_hz).sum::<f32>() / targets.len() as f32;
    let levels: Vec<f32> = (0..HARMONICS).map(|k| mean(&|t| t.harmonics_db[k])).collect();
    let loudest = levels.iter().copied().fold(0.0, f32::max);
    levels
        .iter()
        .enumerate()
        .map(|(k, &level)| {
            let hz = (k + 1) as f32 * f0_hz;
            let band = edges.partition_point(|edge| *edge <= hz);
            if !(1..edges.len()).contains(&band) || hz > HIGHEST_HZ {
                return false;
            }
            // A harmonic is read from a line as wide as a fourth of the distance to the next, or narrower; Hann's is half as wide again.
            let width = 1.5 * (0.25 * f0_hz).min(48.0);
            let noise = mean(&|t| t.noise_db[band - 1]) * width / (edges[band] - edges[band - 1]);
            level > loudest * power(-WEAKEST_DB) && level > noise * power(CLEAREST_DB)
        })
        .collect()
}

/// Mean square pace of the pitch at each frame.
fn paces_of(targets: &[impl Borrow<Target>]) -> Vec<f32> {
    let mut pace = Pace::default();
    targets.iter().map(|t| pace.step(t.borrow().f0_hz)).collect()
}

/// Means over windows.
fn windows(values: &[f32]) -> Vec<f32> {
    values.chunks_exact(WINDOW).map(|window| window.iter().sum::<f32>() / WINDOW as f32).collect()
}

/// Levels of a harmonic against the power of all, dB.
pub fn levels_against_all<T: Borrow<Target>>(targets: &[T]) -> impl Fn(usize) -> Vec<f32> {
    let all = |t: &Target| 10.0 * t.harmonics_db.iter().map(|db| 10f32.powf(0.1 * db)).sum::<f32>().log10();
    let all: Vec<f32> = targets.iter().map(|t| all(t.borrow())).collect();
    move |k| targets.iter().zip(&all).map(|(t, all)| t.borrow().harmonics_db[k] - all).collect()
}

/// How the clear harmonics wander, and how alike neighbours are.
fn wandering(stretches: &[Vec<impl Borrow<Target>>], clear: &[Vec<Vec<bool>>], full: f32) -> Option<(Wandering, f32)> {
    /// Share of a harmonic in a point, mean square of a window, and its pace's share of the full one.
    type Window = (f32, f32, f32);
    let mut read: [[Vec<Window>; MODULATION_BANDS]; FLUCTUATION_POINTS.len()] = Default::default();
    let mut heard = [0.0; FLUCTUATION_POINTS.len()];
    // Of each harmonic of a stretch, RMS: the median says what is usual, where a mean square would tell of the few that move most.
    let mut usual: [[Vec<f32>; MODULATION_BANDS]; FLUCTUATION_POINTS.len()] = Default::default();
    let (mut alike, mut whole) = (0.0, 0.0);
    for (targets, clear) in stretches.iter().zip(clear) {
        let paces = windows(&paces_of(targets));
        let against_all = levels_against_all(targets);
        let mut before: Option<Vec<f32>> = None;
        for k in 0..HARMONICS {
            let heard_in: Vec<bool> = clear.iter().map(|window| window[k]).collect();
            let share_heard = heard_in.iter().filter(|clear| **clear).count() as f32 / heard_in.len().max(1) as f32;
            if share_heard == 0.0 {
                before = None;
                continue;
            }
            let levels = against_all(k);
            let (point, t) = fluctuation_place(k + 1);
            let mut together = vec![0.0; levels.len()];
            for (point, share) in [(point, 1.0 - t), (point + 1, t)] {
                heard[point] += share * share_heard;
            }
            for band in 0..MODULATION_BANDS {
                let moves = filtered(&levels, band);
                together.iter_mut().zip(&moves).for_each(|(sum, x)| *sum += x);
                let squares: Vec<f32> = moves.iter().map(|x| x * x).collect();
                let all = windows(&squares).into_iter().zip(&paces).zip(&heard_in);
                let clear: Vec<(f32, f32)> =
                    all.filter(|(_, clear)| **clear).map(|((square, pace), _)| (square, *pace)).collect();
                let rms = (clear.iter().map(|(square, _)| square).sum::<f32>() / clear.len() as f32).sqrt();
                usual[if t < 0.5 { point } else { point + 1 }][band].push(rms);
                for (square, pace) in clear {
                    let pace = if full > 0.0 { (pace / (full * full)).min(1.0) } else { 0.0 };
                    for (point, share) in [(point, 1.0 - t), (point + 1, t)].into_iter().filter(|(_, share)| *share > 0.0) {
                        read[point][band].push((share, square, pace));
                    }
                }
            }
            if let Some(before) = before.as_ref().filter(|_| share_heard == 1.0) {
                let (product, most) = likeness(before, &together);
                alike += product;
                whole += most;
            }
            before = (share_heard == 1.0).then_some(together);
        }
    }
    let mut found: [Option<[[f32; 2]; MODULATION_BANDS]>; FLUCTUATION_POINTS.len()] = Default::default();
    for (((found, read), heard), usual) in found.iter_mut().zip(&mut read).zip(heard).zip(&mut usual) {
        *found = (heard >= FEWEST_HARMONICS && !usual[0].is_empty())
            .then(|| std::array::from_fn(|band| line(&mut read[band], quantile(&mut usual[band], USUAL).powi(2), full > 0.0)));
    }
    // What was not heard moves as the nearest that was.
    let nearest =
        |point: usize| found.iter().enumerate().filter_map(|(n, f)| Some((n.abs_diff(point), (*f)?))).min_by_key(|(far, _)| *far);
    let mut all: Wandering = Default::default();
    for (point, all) in all.iter_mut().enumerate() {
        *all = nearest(point)?.1;
    }
    Some((all, if whole > 0.0 { (alike / whole).clamp(0.0, 1.0) } else { 0.0 }))
}

/// How alike two neighbours are, and how alike they would be if they were one.
fn likeness(before: &[f32], now: &[f32]) -> (f32, f32) {
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    (product(before, now), (product(before, before) * product(now, now)).sqrt())
}

/// Levels through the filter of a band, forwards and backwards: what is slower than the band, a note that darkens as it lasts, must not leak into
/// it. Both ways it has heard their beginning mirrored before.
pub fn filtered(levels: &[f32], band: usize) -> Vec<f32> {
    let filter = ModulationFilter::of(band);
    mirrored(levels, |state, level| filter.step(state, level))
}

/// Levels, less their mean, through a filter forwards and backwards.
pub fn mirrored(levels: &[f32], step: impl Fn(&mut [f32; 2], f32) -> f32) -> Vec<f32> {
    let mean = levels.iter().sum::<f32>() / levels.len() as f32;
    let mut once: Vec<f32> = levels.iter().map(|level| level - mean).collect();
    for _ in 0..2 {
        let mut state = [0.0; 2];
        // Mirrored in time and about its first value, so that a slope goes on straight.
        let first = once[0];
        for level in once.iter().take(WARM_UP).skip(1).rev() {
            step(&mut state, 2.0 * first - level);
        }
        once.iter_mut().for_each(|level| *level = step(&mut state, *level));
        once.reverse();
    }
    once
}

/// Mean square where the pitch is still, and what the full pace adds: a straight line through the windows, neither negative, made to have the
/// `usual` mean square.
fn line(windows: &mut [(f32, f32, f32)], usual: f32, moves: bool) -> [f32; 2] {
    windows.sort_by(|a, b| a.1.total_cmp(&b.1));
    let most = SLIP * windows.get(windows.len() / 2).map_or(0.0, |w| w.1);
    let (mut n, mut y, mut x, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for &(share, square, pace) in windows.iter() {
        let square = square.min(most);
        n += share;
        y += share * square;
        x += share * pace;
        xx += share * pace * pace;
        xy += share * pace * square;
    }
    let mean = y / n;
    if mean <= 0.0 {
        return [0.0; 2];
    }
    let usual = usual / mean;
    let spread = xx - x * x / n;
    let fast = windows.iter().filter(|(_, _, pace)| *pace > 0.5).count();
    if !moves || fast < FEWEST_WINDOWS || windows.len() - fast < FEWEST_WINDOWS || spread <= 1e-6 * n {
        return [usual * mean, 0.0];
    }
    let slope = (xy - x * y / n) / spread;
    let still = mean - slope * x / n;
    let [still, slope] = if slope <= 0.0 {
        [mean, 0.0]
    } else if still < 0.0 {
        [0.0, xy / xx]
    } else {
        [still, slope]
    };
    [usual * still, usual * slope]
}

/// A number for each band that is read and each that is drawn.
type Leaks = [[f32; MODULATION_BANDS]; MODULATION_BANDS];

/// Mean square that is read in one band of what is drawn in another with a mean square of 1.
fn leaks() -> Leaks {
    let filters: [ModulationFilter; MODULATION_BANDS] = std::array::from_fn(ModulationFilter::of);
    let leak = |i: usize, j: usize| {
        let (mut drawn, mut heard) = ([0.0; 2], [0.0; 2]);
        let answer = (0..4 * FRAME_RATE_HZ).map(|n| {
            let x = filters[j].step(&mut drawn, if n == 0 { 1.0 / filters[j].rms_of_white() } else { 0.0 });
            filters[i].step(&mut heard, x)
        });
        // Backwards, too.
        let mut answer: Vec<f32> = answer.collect();
        answer.reverse();
        let mut heard = [0.0; 2];
        answer.into_iter().map(|x| filters[i].step(&mut heard, x).powi(2)).sum::<f32>()
    };
    std::array::from_fn(|i| std::array::from_fn(|j| leak(i, j)))
}

/// Mean squares of what is drawn in each band from those that are read in each. The nearest that are not negative, by coordinate descent.
fn unleaked(read: [f32; MODULATION_BANDS], leaks: &Leaks) -> [f32; MODULATION_BANDS] {
    let mut drawn = read;
    for _ in 0..5000 {
        for j in 0..MODULATION_BANDS {
            let rest =
                |i: usize| read[i] - (0..MODULATION_BANDS).filter(|&k| k != j).map(|k| leaks[i][k] * drawn[k]).sum::<f32>();
            let (up, down) =
                (0..MODULATION_BANDS).fold((0.0, 0.0), |(up, down), i| (up + leaks[i][j] * rest(i), down + leaks[i][j].powi(2)));
            drawn[j] = f32::max(up / down, 0.0);
        }
    }
    drawn
}

/// How the noise of a window of [`PULSE_WINDOW`] frames pulses, 0 to 1; none where there is too little of it.
pub fn pulse_in(window: &[impl Borrow<Target>]) -> Option<f32> {
    let (mut power, mut beat) = (0.0, [0.0; 2]);
    for target in window.iter().map(Borrow::borrow) {
        power += target.pulse.power;
        beat = std::array::from_fn(|part| beat[part] + target.pulse.beat[part]);
    }
    (power > 0.0).then(|| beat[0].hypot(beat[1]) / power)
}

/// How the noise pulses, as [`Life::pulse`]: of the windows of the recordings, less what the network's answer reads as. Where the pitch is low, a harmonic's
/// own unrest reaches half the way to the next and reads as a pulse, so high notes are believed, and of low ones alone not much.
fn pulse(recorded: &[Vec<&Target>], answered: &[Vec<Target>]) -> f32 {
    fn read(stretches: &[Vec<impl Borrow<Target>>]) -> (f32, f32) {
        let (mut high, mut low) = (Vec::new(), Vec::new());
        for window in stretches.iter().flat_map(|targets| targets.chunks_exact(PULSE_WINDOW)) {
            if let Some(read) = pulse_in(window) {
                let windows = if window[0].borrow().f0_hz >= PULSE_CLEAR_HZ { &mut high } else { &mut low };
                windows.push(read);
            }
        }
        if high.len() >= PULSE_WINDOWS {
            (quantile(&mut high, 0.5), MOST_READ)
        } else if low.is_empty() {
            (0.0, MOST_READ)
        } else {
            (quantile(&mut low, 0.5), MOST_READ_LOW)
        }
    }
    let ((theirs, most), (ours, _)) = (read(recorded), read(answered));
    let read = (theirs * theirs - ours.max(PULSE_OF_NONE).powi(2)).max(0.0).sqrt().min(most);
    if read == 0.0 { 0.0 } else { ((1.0 - (1.0 - 2.0 * read * read).sqrt()) / read).min(MOST_PULSE) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        random::Random,
        testing::{frame, learned},
    };
    use syrinx_analysis::{Frame, Pulse};
    use syrinx_decoder::Card;

    /// Held notes of an instrument that the network knows, whose harmonics wander like this besides.
    fn notes(lowest: u64, still_db: [f32; MODULATION_BANDS], vibrato_db: [f32; MODULATION_BANDS], pulse: f32) -> Vec<Take> {
        let filters: [ModulationFilter; MODULATION_BANDS] = std::array::from_fn(ModulationFilter::of);
        (lowest..lowest + 16)
            .step_by(2)
            .map(|midi| {
                let mut random = Random::new(1000 + midi);
                let mut states = vec![[[0.0; 2]; MODULATION_BANDS]; HARMONICS];
                let frames = (0..900)
                    .map(|n| {
                        // One half of the notes is sung straight.
                        let vibrato = if midi % 4 == 0 { 0.0 } else { (std::f32::consts::TAU * 6.0 * n as f32 / 250.0).sin() };
                        let mut frame: Frame = frame(n, midi as f32 + 0.2 * vibrato, -20.0, 0.9, &mut Random::new(7));
                        for (level, states) in
                            frame.target.harmonics_db.iter_mut().zip(&mut states).filter(|(level, _)| **level > FLOOR_DB)
                        {
                            for (band, state) in states.iter_mut().enumerate() {
                                let rms = if midi % 4 == 0 { still_db[band] } else { still_db[band].hypot(vibrato_db[band]) };
                                // Three uniform numbers of variance 1/3 each.
                                let white = (0..3).map(|_| random.between(-1.0, 1.0)).sum::<f32>();
                                *level += rms * filters[band].step(state, white) / filters[band].rms_of_white();
                            }
                        }
                        frame.target.pulse = Pulse { power: 1.0, beat: [pulse / (1.0 + 0.5 * pulse * pulse), 0.0] };
                        frame
                    })
                    .collect();
                Take {
                    name: format!("{midi}.wav"),
                    source: "one".into(),
                    frames,
                    band_limit_hz: 22_000.0,
                    note: Some(midi as u8),
                }
            })
            .collect()
    }

    fn model() -> Arc<Model> {
        let trained = &learned().trained;
        // The notes here are held.
        Model::read(&trained.to_onnx(&Card { decay: None, ..trained.card.clone() })).unwrap()
    }

    fn measured(takes: &[Take]) -> Option<Life> {
        measure(&Workers::all(), takes, &vec![0.0; takes.len()], &Split::everything(takes), &model(), RoomParams::NONE).unwrap()
    }

    #[test]
    fn what_wanders_is_measured_band_by_band() {
        let (still, vibrato) = ([0.0, 1.0, 1.5, 1.0], [0.0, 0.0, 3.0, 0.0]);
        let life = measured(&notes(50, still, vibrato, 0.0)).unwrap();
        let total = |levels: [f32; 4]| levels.iter().map(|db| db * db).sum::<f32>().sqrt();
        for (point, (got, moving)) in life.fluctuation_db.iter().zip(&life.vibrato_db).enumerate().take(5).skip(2) {
            // Neighbouring bands overlap: it is their sum that is heard. Levels are read against the whole, whose own unrest is in them, too: this
            // instrument has its power in a few harmonics. And six in ten move less than what is read.
            assert!((0.9..1.5).contains(&(total(*got) / total(still))), "point {point}: {got:?}");
            assert!((0.9..1.45).contains(&(total(*moving) / 3.0)) && moving[2] > 2.0, "point {point}: {moving:?}");
        }
        assert!((3.0..9.0).contains(&life.vibrato_st_per_s) && life.correlation < 0.2, "{life:?}");
    }

    #[test]
    fn measuring_ends_where_it_is_cancelled() {
        let takes = notes(50, [1.0; 4], [0.0; 4], 0.0);
        let workers = Workers::all();
        workers.cancel();
        let cancelled =
            measure(&workers, &takes, &vec![0.0; takes.len()], &Split::everything(&takes), &model(), RoomParams::NONE);
        assert!(cancelled.is_err());
    }

    #[test]
    fn a_pulse_is_read_of_high_notes() {
        let pulse = |lowest, pulse| measured(&notes(lowest, [0.0; 4], [0.0; 4], pulse)).unwrap().pulse;
        let read = pulse(66, 0.5);
        assert!((read - 0.5).abs() < 0.05, "{read}");
        // Of low ones alone no more is believed than is sure.
        assert!(pulse(38, 0.9) <= 0.33);
    }

    #[test]
    fn what_is_still_stays_still_and_what_is_not_held_is_not_measured() {
        let life = measured(&notes(50, [0.0; 4], [0.0; 4], 0.0)).unwrap();
        assert!(life.fluctuation_db.iter().flatten().all(|db| *db < 0.35), "{life:?}");
        assert!(life.pulse == 0.0 && life.correlation == 0.0, "{life:?}");
        let mut short = notes(50, [1.0; 4], [0.0; 4], 0.0);
        short.iter_mut().for_each(|take| take.frames.truncate(SHORTEST));
        assert_eq!(measured(&short), None);
    }

    #[test]
    fn what_leaks_from_band_to_band_is_undone() {
        let filters: [ModulationFilter; MODULATION_BANDS] = std::array::from_fn(ModulationFilter::of);
        let wanted = [1.0, 0.0, 4.0, 0.5];
        let mut random = Random::new(3);
        let mut states = [[0.0; 2]; MODULATION_BANDS];
        let levels: Vec<f32> = (0..100_000)
            .map(|_| {
                let draw = |band: usize, state: &mut [f32; 2], white: f32| {
                    f32::sqrt(wanted[band]) * filters[band].step(state, white) / filters[band].rms_of_white()
                };
                let mut sum = 0.0;
                for (band, state) in states.iter_mut().enumerate() {
                    sum += draw(band, state, 3f32.sqrt() * random.between(-1.0, 1.0));
                }
                sum
            })
            .collect();
        let read = std::array::from_fn(|band| {
            let moves = filtered(&levels, band);
            moves.iter().map(|x| x * x).sum::<f32>() / moves.len() as f32
        });
        // Seven minutes say so much.
        for (got, wanted) in unleaked(read, &leaks()).into_iter().zip(wanted) {
            assert!((got - wanted).abs() < 0.7, "{got} instead of {wanted}");
        }
        assert!(read[1] > 0.2, "{read:?}: nothing leaks into the band that is empty");
    }
}
