//! `syrinx bench --keys`: what notes cost, beside a voice's instance in the same run.

use super::{Args, BLOCK, RATE_HZ, STEREO, Worst, instance_share, median, worst};
use crate::{
    common::{Failure, instrument},
    terminal,
};
use serde::Serialize;
use std::{hint::black_box, sync::Arc, time::Instant};
use syrinx_decoder::midi;
use syrinx_engine::{Block, Event, EventKind, Keys, Message, Model, Settings};

/// Notes that are held at once.
const NOTES: [usize; 4] = [0, 1, 4, 16];
/// Seconds of each pass; notes have begun before.
const SECONDS: f64 = 4.0;
/// What is plucked or struck is struck anew this often, s.
const STRUCK_EVERY_S: f64 = 1.0;

/// Shares are of one core, 1 = all of it; at 48 kHz, block 64.
#[derive(Serialize)]
struct Figures {
    instrument: String,
    sample_rate_hz: u32,
    block: usize,
    /// How many notes are held, and what that costs.
    held: Vec<Held>,
    /// A voice's instance of the same instrument.
    instance_share: f64,
    /// From nothing to the first block of a note: an instrument set up. The first in a process reads all factory instruments besides.
    first_sound_ms: f64,
    next_instance_ms: f64,
}

#[derive(Serialize)]
struct Held {
    notes: usize,
    share: f64,
    block_us: Worst,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let [first_sound_ms, next_instance_ms] = [first_sound_ms()?, first_sound_ms()?];
    let model = instrument(&args.instrument)?;
    let passes = usize::from(args.passes);
    let voice = syrinx_singer::sing(RATE_HZ, 1).samples;
    let held = NOTES.map(|notes| held(&model, notes, passes)).into_iter().collect::<Result<Vec<Held>, Failure>>()?;
    let figures = Figures {
        instrument: args.instrument.clone(),
        sample_rate_hz: RATE_HZ,
        block: BLOCK,
        held,
        instance_share: instance_share(&model, &Settings::default(), &voice, BLOCK, passes),
        first_sound_ms,
        next_instance_ms,
    };
    if args.json {
        return terminal::json(&figures);
    }
    println!("{} from notes at {RATE_HZ} Hz, block {BLOCK}; share of one core", figures.instrument);
    for Held { notes, share, block_us } in &figures.held {
        let Worst { median, p99, worst } = block_us;
        println!(
            "  {notes:>2} notes held   {:>7.3} %   a block: median {median:.1} µs, 99 % under {p99:.1}, worst {worst:.1}",
            100.0 * share
        );
    }
    println!("  a voice instead {:>7.3} %", 100.0 * figures.instance_share);
    println!("  first sound after {first_sound_ms:.1} ms, of a further instance after {next_instance_ms:.1} ms");
    Ok(())
}

fn first_sound_ms() -> Result<f64, Failure> {
    let start = Instant::now();
    let mut keys = Keys::new(STEREO, syrinx_models::factory())?;
    let (mut left, mut right) = ([0.0; BLOCK], [0.0; BLOCK]);
    keys.play(Block { input: &[], output: &mut [&mut left, &mut right], events: &[strike(60)] });
    Ok(1e3 * start.elapsed().as_secs_f64())
}

fn strike(key: u8) -> Event {
    Event { at: 0, kind: EventKind::Message { channel: 0, message: Message::NoteOn { key, velocity: 0.7 } } }
}

/// What so many held notes cost.
fn held(model: &Arc<Model>, notes: usize, passes: usize) -> Result<Held, Failure> {
    let mut keys = Keys::new(STEREO, &[(0, model.clone())])?;
    // Across the range, for high notes have fewer harmonics.
    let [low, high] = model.card().pitch_range_hz.map(midi);
    let key = |n: usize| (low + (high - low) * (n as f32 + 0.5) / notes as f32).round() as u8;
    let chord: Vec<Event> = (0..notes).map(|n| strike(key(n))).collect();
    let again = if model.card().decay.is_some() { STRUCK_EVERY_S } else { f64::INFINITY };
    let (mut left, mut right) = ([0.0; BLOCK], [0.0; BLOCK]);
    // None yet: what sounds as long as it is held is struck once.
    let mut since_s = None;
    let mut times = Vec::new();
    let blocks = (SECONDS * f64::from(RATE_HZ)) as usize / BLOCK;
    let share = median((0..=passes).map(|_| {
        let start = Instant::now();
        for _ in 0..blocks {
            let begun = Instant::now();
            let strikes = since_s.is_none_or(|since_s| since_s >= again);
            let events = if strikes { &chord[..] } else { &[] };
            since_s = Some(if strikes { 0.0 } else { since_s.unwrap_or(0.0) + BLOCK as f64 / f64::from(RATE_HZ) });
            keys.play(Block { input: &[], output: &mut [&mut left, &mut right], events });
            black_box((&left, &right));
            times.push(begun.elapsed().as_secs_f64() * 1e6);
        }
        start.elapsed().as_secs_f64()
    }));
    Ok(Held { notes, share: share / SECONDS, block_us: worst(times) })
}
