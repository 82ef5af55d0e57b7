//! `syrinx bench`: what each stage and the whole cost, as a share of one core, while the demo voice is played.
//!
//! Shares are medians over passes of one run. Machines differ and are noisy; the ratio to a plain bank of sines, measured turn by
//! turn in the same run, is what to compare between machines.

mod keys;

use crate::{
    common::{Failure, instrument},
    terminal,
};
use serde::Serialize;
use std::{hint::black_box, sync::Arc, time::Instant};
use syrinx_decoder::Decoder;
use syrinx_engine::{Engine, EngineConfig, Features, LatencyMode, Model, ParamId, Settings, Tracker, TrackerConfig};
use syrinx_synth::{
    Controls, FilteredNoise, HarmonicBank, HarmonicSynth, Wavetable,
    reference::{SinBank, Sine},
};
use syrinx_tracker::FrameClock;

/// The rate and block that the aims are set for.
const RATE_HZ: u32 = 48_000;
const BLOCK: usize = 64;
/// An instance as hosts have it.
const STEREO: EngineConfig = EngineConfig { sample_rate_hz: RATE_HZ, channels: 2, seed: 0 };
/// Parts of the choirs that are measured.
const CHOIRS: [usize; 2] = [4, 8];
/// Blocks in which whole instances are measured.
const INSTANCE_BLOCKS: [usize; 2] = [64, 512];

#[derive(clap::Args)]
pub struct Args {
    /// A factory instrument's id, or a model file.
    #[arg(long, value_name = "ID|FILE.onnx", default_value = "violin")]
    instrument: String,
    /// Passes over the voice, of which the median counts.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    passes: u16,
    /// The most instances to try on one core.
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..=1024))]
    instances: u16,
    /// What notes cost instead of a voice: none, one, four and sixteen of them held.
    #[arg(long)]
    keys: bool,
    /// The figures as an object.
    #[arg(long)]
    json: bool,
}

/// Shares are of one core, 1 = all of it; at 48 kHz, block 64.
#[derive(Serialize)]
struct Figures {
    instrument: String,
    sample_rate_hz: u32,
    block: usize,
    seconds_of_voice: f64,
    tracker_live_share: f64,
    tracker_studio_share: f64,
    /// Slowest and median block of the live tracker, µs.
    tracker_block_us: Worst,
    decoder_share: f64,
    decoder_step_us: Worst,
    harmonics_share: f64,
    noise_share: f64,
    synth_share: f64,
    wavetable_share: f64,
    sin_bank_share: f64,
    /// How many times cheaper the harmonic bank is than one `sin()` per harmonic and sample.
    harmonics_times_cheaper_than_sin: f64,
    /// The same for bank and noise together.
    synth_times_cheaper_than_sin: f64,
    /// One instance, all of it, in blocks of 64 and of 512 samples.
    instance_share: [f64; 2],
    /// One instance with a choir of four and of eight parts on the tones of a chord, in blocks of 64.
    choir_share: [f64; 2],
    /// Instances that one core plays at these block sizes without any block taking longer than it lasts.
    instances_on_time: [usize; 2],
    /// From nothing to the first block played: all factory instruments read, an engine set up.
    first_sound_ms: f64,
    /// The same for every further instance of the process.
    next_instance_ms: f64,
}

#[derive(Serialize, Clone, Copy)]
struct Worst {
    median: f64,
    p99: f64,
    worst: f64,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    if args.keys {
        return keys::run(args);
    }
    let [first_sound_ms, next_instance_ms] = [first_sound_ms()?, first_sound_ms()?];
    let model = instrument(&args.instrument)?;
    let voice = syrinx_singer::sing(RATE_HZ, 1).samples;
    let seconds = voice.len() as f64 / f64::from(RATE_HZ);
    let clock = FrameClock::new(RATE_HZ);
    let passes = usize::from(args.passes);

    let mut features = Vec::new();
    let mut blocks = Vec::new();
    let live = track(&voice, passes, LatencyMode::Live, &mut blocks, &mut features)?;
    let studio = track(&voice, passes, LatencyMode::Studio, &mut Vec::new(), &mut Vec::new())?;

    let mut controls = Vec::new();
    let mut steps = Vec::new();
    let decoder = median((0..passes).map(|_| {
        let mut decoder = Decoder::new(model.clone());
        controls.clear();
        let start = Instant::now();
        for f in &features {
            let step = Instant::now();
            let mut answer = Controls::silent(0);
            decoder.step(f, &mut answer);
            steps.push(step.elapsed().as_secs_f64() * 1e6);
            controls.push(answer);
        }
        start.elapsed().as_secs_f64()
    }));

    // The synths take turns within a pass, so that a slow moment of the machine strikes all of them.
    let mut bank = HarmonicBank::new(RATE_HZ);
    let mut table = Wavetable::new(RATE_HZ);
    let mut plain = SinBank::new(RATE_HZ, Sine::Single);
    let mut noise = FilteredNoise::new(RATE_HZ, &model.card().noise_edges_hz, clock.max_len(), 0);
    let mut times = [const { Vec::new() }; 4];
    for _ in 0..passes {
        times[0].push(harmonic(&mut bank, &controls, clock));
        times[1].push(harmonic(&mut table, &controls, clock));
        times[2].push(harmonic(&mut plain, &controls, clock));
        times[3].push(timed(&controls, clock, |c, out| noise.render(&c.noise, out)));
    }
    let [harmonics, wavetable, sin_bank, noise] = times.map(|t| median(t.into_iter()) / seconds);

    let alone = Settings::default();
    let instance_shares = INSTANCE_BLOCKS.map(|block| instance_share(&model, &alone, &voice, block, passes));
    let choir_share = CHOIRS.map(|parts| instance_share(&model, &choir(parts), &voice, BLOCK, passes));
    let instances_on_time = INSTANCE_BLOCKS.map(|block| instances_on_time(&model, &voice, block, args.instances.into()));

    let figures = Figures {
        instrument: args.instrument.clone(),
        sample_rate_hz: RATE_HZ,
        block: BLOCK,
        seconds_of_voice: seconds,
        tracker_live_share: live / seconds,
        tracker_studio_share: studio / seconds,
        tracker_block_us: worst(blocks),
        decoder_share: decoder / seconds,
        decoder_step_us: worst(steps),
        harmonics_share: harmonics,
        noise_share: noise,
        synth_share: harmonics + noise,
        wavetable_share: wavetable,
        sin_bank_share: sin_bank,
        harmonics_times_cheaper_than_sin: sin_bank / harmonics,
        synth_times_cheaper_than_sin: sin_bank / (harmonics + noise),
        instance_share: instance_shares,
        choir_share,
        instances_on_time,
        first_sound_ms,
        next_instance_ms,
    };
    if args.json {
        terminal::json(&figures)?;
    } else {
        print(&figures);
    }
    Ok(())
}

/// Time to set an instance up and play one block. The first call in a process reads the factory instruments besides.
fn first_sound_ms() -> Result<f64, Failure> {
    let start = Instant::now();
    let mut engine = Engine::new(STEREO, syrinx_models::factory())?;
    let (mut left, mut right) = ([0.0; BLOCK], [0.0; BLOCK]);
    engine.process(&[&[0.1; BLOCK]], &mut [&mut left, &mut right]);
    Ok(1e3 * start.elapsed().as_secs_f64())
}

fn stereo(model: &Arc<Model>) -> Engine {
    Engine::of(STEREO, model.clone()).expect("the configuration is one that engines take")
}

/// Parts that play, above and below the lead in turn.
fn choir(parts: usize) -> Settings {
    let mut settings = Settings::default();
    for part in 0..parts {
        let rows = ParamId::part_rows(part);
        let step = (1 + part / 2) as f32 * if part % 2 == 0 { 1.0 } else { -1.0 };
        settings.set(rows.rule.param().id, "Chord tone").expect("it is a rule");
        settings.put(rows.step, step);
    }
    settings
}

fn instance_share(model: &Arc<Model>, settings: &Settings, voice: &[f32], block: usize, passes: usize) -> f64 {
    let mut engine = stereo(model);
    engine.set(settings);
    let (mut left, mut right) = (vec![0.0; block], vec![0.0; block]);
    let seconds = voice.len() as f64 / f64::from(RATE_HZ);
    median((0..passes).map(|_| {
        engine.reset();
        let start = Instant::now();
        for block in voice.chunks_exact(block) {
            engine.process(&[block, block], &mut [&mut left, &mut right]);
            black_box((&left, &right));
        }
        start.elapsed().as_secs_f64()
    })) / seconds
}

/// How many instances, `most` at the most, one thread plays in turn, as hosts do, with every round done within the time that its block lasts.
fn instances_on_time(model: &Arc<Model>, voice: &[f32], block: usize, most: usize) -> usize {
    let lasts = block as f64 / f64::from(RATE_HZ);
    let voice = &voice[..voice.len().min(4 * RATE_HZ as usize)];
    let (mut left, mut right) = (vec![0.0; block], vec![0.0; block]);
    let mut engines: Vec<Engine> = Vec::new();
    let mut on_time = |count: usize| {
        engines.resize_with(count.max(engines.len()), || stereo(model));
        engines[..count].iter_mut().for_each(Engine::reset);
        voice.chunks_exact(block).all(|voice| {
            let start = Instant::now();
            for engine in &mut engines[..count] {
                engine.process(&[voice, voice], &mut [&mut left, &mut right]);
            }
            start.elapsed().as_secs_f64() <= lasts
        })
    };
    let (mut plays, mut fails) = (0, most + 1);
    while fails - plays > 1 {
        let count = (plays + fails) / 2;
        // A busy machine may be late with one instance; twice at the same count is no accident.
        if on_time(count) || on_time(count) { plays = count } else { fails = count }
    }
    plays
}

fn track(
    voice: &[f32],
    passes: usize,
    mode: LatencyMode,
    blocks: &mut Vec<f64>,
    features: &mut Vec<Features>,
) -> Result<f64, Failure> {
    let mut tracker = Tracker::new(RATE_HZ, TrackerConfig { mode, ..TrackerConfig::default() })?;
    Ok(median((0..passes).map(|_| {
        tracker.reset();
        features.clear();
        let start = Instant::now();
        for block in voice.chunks_exact(BLOCK) {
            let begun = Instant::now();
            tracker.process(block, |f| features.push(f));
            blocks.push(begun.elapsed().as_secs_f64() * 1e6);
        }
        start.elapsed().as_secs_f64()
    })))
}

fn harmonic(synth: &mut impl HarmonicSynth, controls: &[Controls], clock: FrameClock) -> f64 {
    synth.reset();
    timed(controls, clock, |c, out| synth.render(c, out))
}

/// Seconds to render all segments.
fn timed(controls: &[Controls], clock: FrameClock, mut render: impl FnMut(&Controls, &mut [f32])) -> f64 {
    let mut out = vec![0.0; clock.max_len()];
    let start = Instant::now();
    for c in controls {
        let out = &mut out[..clock.len_of(c.frame)];
        out.fill(0.0);
        render(c, out);
        black_box(&out);
    }
    start.elapsed().as_secs_f64()
}

fn median(times: impl Iterator<Item = f64>) -> f64 {
    worst(times.collect()).median
}

fn worst(mut times: Vec<f64>) -> Worst {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    Worst { median: at(0.5), p99: at(0.99), worst: at(1.0) }
}

fn print(f: &Figures) {
    println!(
        "{} at {} Hz, block {}, {:.1} s of the demo voice; share of one core",
        f.instrument, f.sample_rate_hz, f.block, f.seconds_of_voice
    );
    let row = |name: &str, share: f64| println!("  {name:<23} {:>7.3} %", 100.0 * share);
    row("tracker, live", f.tracker_live_share);
    row("tracker, studio", f.tracker_studio_share);
    row("decoder", f.decoder_share);
    row("synth: harmonics", f.harmonics_share);
    row("synth: noise", f.noise_share);
    row("wavetable instead", f.wavetable_share);
    row("plain sin() bank", f.sin_bank_share);
    for (block, share) in INSTANCE_BLOCKS.iter().zip(f.instance_share) {
        row(&format!("one instance, block {block}"), share);
    }
    for (parts, share) in CHOIRS.iter().zip(f.choir_share) {
        row(&format!("with a choir of {parts}"), share);
    }
    let us =
        |name: &str, w: Worst| println!("  {name:<22} median {:.1} µs, 99 % under {:.1}, worst {:.1}", w.median, w.p99, w.worst);
    us("tracker, one block", f.tracker_block_us);
    us("decoder, one step", f.decoder_step_us);
    for (block, count) in INSTANCE_BLOCKS.iter().zip(f.instances_on_time) {
        println!("  one core plays {count} instances at block {block} with no block late");
    }
    println!("  first sound after {:.1} ms, of a further instance after {:.1} ms", f.first_sound_ms, f.next_instance_ms);
    println!(
        "  the harmonic bank is {:.1} times cheaper than a sin() per harmonic and sample; bank and noise together {:.1} times",
        f.harmonics_times_cheaper_than_sin, f.synth_times_cheaper_than_sin
    );
}
