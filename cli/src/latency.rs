//! `syrinx latency`: how late the instrument answers, measured on the engine as the plugin runs it, block by block.
//!
//! Times are those of the stream, without the sound card's: what a block size costs in a host, the wait for a block to fill and to be
//! played, comes on top and is shown beside. Tones with known beginnings and steps of pitch, and sung notes: the demo voice's, and those
//! of recordings that are given.
//!
//! * *Onset*: the moment at which the level of the output has come within 20 dB of where it settles, less the same of the input.
//! * *Note*: from the beginning of a tone after silence until the instrument sounds at its pitch, within 50 cents, for 50 ms on end.
//! * *Step*: the same from the moment at which a sounding tone changes its pitch.

use crate::{
    common::{Failure, Palette, palette},
    terminal,
};
use serde::Serialize;
use std::{f64::consts::TAU, path::PathBuf};
use syrinx_analysis::{FORMATS, read_audio};
use syrinx_engine::{Engine, EngineConfig, Features, FrameClock, LatencyMode, Settings};

const RATE_HZ: u32 = 48_000;
/// Tones of all registers, Hz; their harmonics fall as those of a voice on "ah".
const TONES_HZ: [f64; 9] = [82.4, 110.0, 155.6, 164.8, 220.0, 311.1, 329.6, 440.0, 880.0];
/// Block in which no more than one frame ends.
const LOOK: usize = 64;
/// Notes begin in silence, last for so long until they change, and as long again, seconds.
const SILENCE_S: f64 = 0.25;
const NOTE_S: f64 = 0.5;
/// Registers that are told apart, lower edges in Hz.
const REGISTERS_HZ: [f64; 3] = [80.0, 160.0, 320.0];
/// Steps of pitch, semitones.
const STEPS_ST: [f64; 4] = [2.0, -3.0, 7.0, -12.0];
/// A pitch is right within this, octaves (50 cents) ...
const RIGHT_OCTAVES: f64 = 50.0 / 1200.0;
/// ... for this many frames on end (50 ms).
const LASTING_FRAMES: usize = 13;
/// The level is there within this ratio (20 dB) of where it settles.
const THERE: f64 = 0.1;
/// Window of the level, seconds.
const LEVEL_S: f64 = 0.001;

#[derive(clap::Args)]
pub struct Args {
    #[arg(help = format!("Recorded voices whose onsets are measured besides: {FORMATS}"))]
    voices: Vec<PathBuf>,
    /// A factory instrument's id, or a model file.
    #[arg(long, value_name = "ID|FILE.onnx", default_value = "violin")]
    instrument: String,
    /// Samples of a block, as hosts send them; several, with commas between. The sound must be the same in all.
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_values_t = [32, 64, 128, 256, 512, 1024], value_parser = block)]
    blocks: Vec<usize>,
    /// Begin each tone at this many places of a frame, 1 to 64: jitter is what differs between them.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    places: u8,
    /// The figures as an object.
    #[arg(long)]
    json: bool,
}

fn block(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| (1..=65_536).contains(n)).ok_or_else(|| "a block has 1 to 65536 samples".into())
}

/// Times in milliseconds.
#[derive(Serialize, Clone, Copy)]
struct Spread {
    median_ms: f64,
    p95_ms: f64,
    /// Half of the span from the 5th to the 95th percentile.
    jitter_ms: f64,
    count: usize,
}

#[derive(Serialize)]
struct Measured {
    mode: &'static str,
    block: usize,
    /// The delay that hosts are told.
    delay_samples: usize,
    delay_ms: f64,
    /// What the block costs in a host besides: one to fill, one to be played.
    block_ms: f64,
    onset: Spread,
    /// By register: from 80, 160 and 320 Hz up.
    note: [Spread; 3],
    step: Spread,
    sung_onset: Option<Spread>,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let palette = palette(&args.instrument)?;
    let mut voices = vec![syrinx_singer::sing(RATE_HZ, 1).samples];
    for path in &args.voices {
        voices.push(read_audio(path)?.resampled(RATE_HZ).mono());
    }
    let tones = tones(usize::from(args.places));
    let mut rows = Vec::new();
    for (mode, value) in [("live", LatencyMode::Live), ("studio", LatencyMode::Studio)] {
        rows.extend(measure(&palette, mode, value, &args.blocks, &tones, &voices)?);
    }
    if args.json {
        terminal::json(&rows)?;
    } else {
        print(&rows, &args.instrument);
    }
    Ok(())
}

/// What came out, and what the instrument played at each frame.
struct Played {
    out: Vec<f32>,
    frames: Vec<Features>,
}

/// Plays a voice, looking at what the instrument plays at each frame; then in the host's blocks, of which each may hold many frames and only the
/// last could be asked for. They must make the same sound.
fn play(engine: &mut Engine, voice: &[f32], blocks: &[usize]) -> Result<Played, Failure> {
    let mut out = vec![0.0; voice.len()];
    let mut frames: Vec<Features> = Vec::new();
    engine.reset();
    for (voice, out) in voice.chunks(LOOK).zip(out.chunks_mut(LOOK)) {
        engine.process(&[voice], &mut [out]);
        let played = engine.monitor().played;
        if played.loudness_db > -119.0 && frames.last().is_none_or(|last| last.frame != played.frame) {
            frames.push(played);
        }
    }
    let mut again = vec![0.0; voice.len()];
    for block in blocks.iter().filter(|block| **block != LOOK) {
        engine.reset();
        for (voice, again) in voice.chunks(*block).zip(again.chunks_mut(*block)) {
            engine.process(&[voice], &mut [again]);
        }
        if again != out {
            return Err(format!("blocks of {block} sound other than blocks of {LOOK}").into());
        }
    }
    Ok(Played { out, frames })
}

/// A tone that begins after a silence and changes its pitch.
struct Tone {
    samples: Vec<f32>,
    /// Samples at which it begins and changes.
    start: usize,
    change: usize,
    /// Pitch before and after, Hz.
    hz: f64,
    to: f64,
}

/// Tones of all registers, each beginning at so many places of a frame.
fn tones(places: usize) -> Vec<Tone> {
    let frame = FrameClock::new(RATE_HZ).max_len();
    let at = |hz: f64, place: usize| {
        let start = samples(SILENCE_S) + place * frame / places;
        let change = start + samples(NOTE_S);
        let to = hz * (STEPS_ST[place % STEPS_ST.len()] / 12.0).exp2();
        Tone { samples: tone(start, change, hz, to), start, change, hz, to }
    };
    TONES_HZ.iter().flat_map(|hz| (0..places).map(move |place| at(*hz, place))).collect()
}

fn samples(seconds: f64) -> usize {
    (seconds * f64::from(RATE_HZ)) as usize
}

/// The figures of one mode: the same for all blocks, or a failure.
fn measure(
    palette: &Palette,
    mode: &'static str,
    latency_mode: LatencyMode,
    blocks: &[usize],
    tones: &[Tone],
    voices: &[Vec<f32>],
) -> Result<Vec<Measured>, Failure> {
    let config = EngineConfig { sample_rate_hz: RATE_HZ, ..EngineConfig::default() };
    let mut engine = Engine::new(config, &palette.instruments)?;
    // A held note is to have one level, against which its beginning is measured; beginnings are the same with life and without.
    engine.set(&Settings { instrument_a: palette.number, latency_mode, life: 0.0, room: 0.0, ..Settings::default() });
    let clock = FrameClock::new(RATE_HZ);
    let ms = |samples: f64| 1e3 * samples / f64::from(RATE_HZ);
    // The sound of frame n is reached one frame after its end.
    let sounds_at = |f: &Features| (clock.end_of(f.frame) + clock.len_of(f.frame) as u64) as f64;
    let right_from = |frames: &[Features], from: f64, hz: f64| {
        let right = |f: &Features| f.confidence >= 0.5 && (f64::from(f.f0_hz) / hz).log2().abs() < RIGHT_OCTAVES;
        let after: Vec<&Features> = frames.iter().filter(|f| sounds_at(f) > from).collect();
        let lasting = after.windows(LASTING_FRAMES).find(|w| w.iter().all(|f| right(f)))?;
        Some(ms(sounds_at(lasting[0]) - from))
    };

    let mut onsets = Vec::new();
    let mut notes = [const { Vec::new() }; 3];
    let mut steps = Vec::new();
    for Tone { samples, start, change, hz, to } in tones {
        let register = REGISTERS_HZ.iter().rposition(|low| hz >= low).expect("all tones are above 80 Hz");
        let played = play(&mut engine, samples, blocks)?;
        let (began, changed) = (*start as f64, *change as f64);
        onsets.push(onset(&played.out[..*change], *start).map(|at| ms(at - onset(&samples[..*change], *start).unwrap_or(began))));
        notes[register].push(right_from(&played.frames, began, *hz));
        if *to >= REGISTERS_HZ[0] {
            steps.push(right_from(&played.frames, changed, *to));
        }
    }
    let mut sung = Vec::new();
    for voice in voices {
        let played = play(&mut engine, voice, blocks)?;
        for start in beginnings(voice) {
            let end = (start + RATE_HZ as usize / 5).min(voice.len());
            if let (Some(heard), Some(sang)) = (onset(&played.out[..end], start), onset(&voice[..end], start)) {
                sung.push(Some(ms(heard - sang)));
            }
        }
    }
    let delay = engine.latency_samples();
    let onset = spread(onsets, "onset")?;
    let [low, middle, high] = notes;
    let note = [spread(low, "low note")?, spread(middle, "note")?, spread(high, "high note")?];
    let step = spread(steps, "step of pitch")?;
    let sung_onset = spread(sung, "sung onset").ok();
    let row = |block: &usize| Measured {
        mode,
        block: *block,
        delay_samples: delay,
        delay_ms: ms(delay as f64),
        block_ms: ms(2.0 * *block as f64),
        onset,
        note,
        step,
        sung_onset,
    };
    Ok(blocks.iter().map(row).collect())
}

/// A tone that begins at `start`, changes from `hz` to `to` at `change` without a break, and goes on for as long.
fn tone(start: usize, change: usize, hz: f64, to: f64) -> Vec<f32> {
    let rate = f64::from(RATE_HZ);
    let mut phase = 0.0;
    (0..change + samples(NOTE_S))
        .map(|i| {
            if i < start {
                return 0.0;
            }
            let f0 = if i < change { hz } else { to };
            phase += f0 / rate;
            let begun = ((i - start) as f64 / (0.003 * rate)).min(1.0);
            let partials = (1..=24).take_while(|k| f64::from(*k) * f0 < 8000.0);
            let sum: f64 = partials.map(|k| (TAU * f64::from(k) * phase).sin() / f64::from(k).powf(1.2)).sum();
            (0.15 * begun * begun * (3.0 - 2.0 * begun) * sum) as f32
        })
        .collect()
}

/// Sample at which the level, from `start` on, has come within 20 dB of its median over what follows.
fn onset(x: &[f32], start: usize) -> Option<f64> {
    let window = (LEVEL_S * f64::from(RATE_HZ)) as usize;
    let level = |at: usize| (x[at..at + window].iter().map(|x| f64::from(x * x)).sum::<f64>() / window as f64).sqrt();
    let last = x.len().checked_sub(window)?;
    let mut settled: Vec<f64> = (start + (last.saturating_sub(start)) / 2..last).step_by(window / 4).map(level).collect();
    settled.sort_by(f64::total_cmp);
    let loud = *settled.get(settled.len() / 2)?;
    (loud > 1e-4)
        .then(|| (start.saturating_sub(window)..last).find(|at| level(*at) >= THERE * loud).map(|at| (at + window) as f64))?
}

/// Samples at which notes begin after a silence: 60 ms at least 30 dB under what follows.
fn beginnings(voice: &[f32]) -> Vec<usize> {
    let hop = RATE_HZ as usize / 100;
    let level: Vec<f64> =
        voice.chunks_exact(hop).map(|c| (c.iter().map(|x| f64::from(x * x)).sum::<f64>() / hop as f64).sqrt()).collect();
    (6..level.len().saturating_sub(16))
        .filter(|&n| {
            let before = level[n - 6..n].iter().fold(0.0, |a: f64, b| a.max(*b));
            let mut after = level[n + 3..n + 16].to_vec();
            after.sort_by(f64::total_cmp);
            let after = after[after.len() / 2];
            after > 3e-3 && before < 0.03 * after
        })
        .map(|n| n * hop)
        // Neighbouring hops see the same beginning: the last one is nearest to it.
        .fold(Vec::new(), |mut found: Vec<usize>, at| {
            match found.last_mut() {
                Some(last) if at - *last <= 5 * hop => *last = at,
                _ => found.push(at),
            }
            found
        })
}

fn spread(times: Vec<Option<f64>>, what: &str) -> Result<Spread, Failure> {
    let count = times.len();
    let mut times: Vec<f64> = times.into_iter().flatten().collect();
    if times.is_empty() || times.len() < count {
        return Err(format!("{} of {count} times the instrument did not answer a {what}", count - times.len()).into());
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((count - 1) as f64 * share).round() as usize];
    Ok(Spread { median_ms: at(0.5), p95_ms: at(0.95), jitter_ms: 0.5 * (at(0.95) - at(0.05)), count })
}

fn print(rows: &[Measured], instrument: &str) {
    println!(
        "{instrument} at {RATE_HZ} Hz; milliseconds: median, 95 % under, and for onsets ± jitter (half of what lies between 5 and 95 %)"
    );
    println!("the block's own share, one to fill and one to be played, comes on top in a host\n");
    println!(
        "{:<7}{:>6}{:>8}{:>8}{:>8}   {:<20}{:<20}{:<20}{:<20}{:<20}{:<20}",
        "mode",
        "block",
        "told",
        "ms",
        "+block",
        "onset",
        "note 80 Hz up",
        "note 160 Hz up",
        "note 320 Hz up",
        "step of pitch",
        "sung onset"
    );
    let onset = |s: Spread| format!("{:.1}, {:.1}, ±{:.1}", s.median_ms, s.p95_ms, s.jitter_ms);
    let pitch = |s: Spread| format!("{:.1}, {:.1}", s.median_ms, s.p95_ms);
    for r in rows {
        let [low, middle, high] = r.note.map(pitch);
        println!(
            "{:<7}{:>6}{:>8}{:>8.2}{:>8.2}   {:<20}{low:<20}{middle:<20}{high:<20}{:<20}{:<20}",
            r.mode,
            r.block,
            r.delay_samples,
            r.delay_ms,
            r.block_ms,
            onset(r.onset),
            pitch(r.step),
            r.sung_onset.map_or("-".into(), onset),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_onset_is_found_where_it_is() {
        let voice = tone(10_000, 34_000, 220.0, 330.0);
        let found = onset(&voice[..34_000], 10_000).unwrap();
        assert!((10_010.0..10_150.0).contains(&found), "{found}");
        assert_eq!(onset(&[0.0; 48_000], 10_000), None);
    }

    #[test]
    fn notes_after_silence_are_found_once() {
        let mut voice = tone(24_000, 48_000, 220.0, 220.0);
        voice.extend(tone(24_000, 48_000, 330.0, 330.0));
        let found = beginnings(&voice);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!((23_000..25_000).contains(&found[0]) && (95_000..97_000).contains(&found[1]), "{found:?}");
    }
}
