//! `syrinx render`: a recorded voice through the engine, as the plugin runs it.

use crate::common::{Failure, Latency, bar, palette};
use std::path::PathBuf;
use syrinx_analysis::{Audio, read_audio, write_wav};
use syrinx_engine::{Engine, EngineConfig, Kind, LatencyMode, PARAMS, Settings};

/// Rate at which voices are rendered whose own rate the engine does not run at, Hz.
const FALLBACK_RATE_HZ: u32 = 48_000;

#[derive(clap::Args)]
#[command(after_help = parameter_list())]
pub struct Args {
    /// The voice: WAV, FLAC, MP3 or Ogg, mono or stereo.
    input: PathBuf,
    /// The WAV file to write (32-bit float), aligned with the voice unless --raw.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// A factory instrument's id, or a model file.
    #[arg(long, value_name = "ID|FILE.onnx", default_value = "violin")]
    instrument: String,
    /// Sets a parameter, listed below; may be given many times.
    #[arg(long = "set", value_name = "PARAM=VALUE")]
    set: Vec<String>,
    /// Latency mode.
    #[arg(long, value_enum, default_value = "live")]
    latency: Latency,
    /// Rate to render at, Hz; the voice's own by default, or 48000 where that is under 44100 or over 192000.
    #[arg(long, value_name = "HZ")]
    sample_rate: Option<u32>,
    /// Samples of one block, as a host would send them. It does not change the sound.
    #[arg(long, value_name = "N", default_value_t = 512)]
    block: usize,
    /// Keep the delay: OUT is what a host receives, longer than the voice by the reported latency.
    #[arg(long)]
    raw: bool,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let palette = palette(&args.instrument)?;
    let mut settings = Settings { instrument_a: f32::from(palette.number), ..Settings::default() };
    settings.latency_mode = if LatencyMode::from(args.latency) == LatencyMode::Studio { 1.0 } else { 0.0 };
    set(&mut settings, &args.set)?;
    if args.block == 0 {
        return Err("a block has one sample at least".into());
    }
    let voice = read_audio(&args.input)?;
    let own = voice.sample_rate_hz;
    let rate = args.sample_rate.unwrap_or(if (44_100..=192_000).contains(&own) { own } else { FALLBACK_RATE_HZ });
    let config = EngineConfig { sample_rate_hz: rate, channels: voice.channels.len().min(2), seed: 0 };
    // Before the voice is resampled: a rate that the engine refuses may be absurd.
    let mut engine = Engine::new(config, &palette.instruments)?;
    engine.set(&settings);
    let voice = if rate == own { voice } else { voice.resampled(rate) };

    let delay = engine.latency_samples();
    let total = voice.len() + delay;
    let mut out = vec![vec![0.0; total]; config.channels];
    let padded: Vec<Vec<f32>> =
        voice.channels.iter().take(2).map(|c| c.iter().copied().chain(std::iter::repeat_n(0.0, delay)).collect()).collect();
    let progress = bar(total as u64, "rendering");
    for from in (0..total).step_by(args.block) {
        let to = total.min(from + args.block);
        let input: Vec<&[f32]> = padded.iter().map(|c| &c[from..to]).collect();
        let mut output: Vec<&mut [f32]> = out.iter_mut().map(|c| &mut c[from..to]).collect();
        engine.process(&input, &mut output);
        progress.inc((to - from) as u64);
    }
    progress.finish_and_clear();
    if engine.failed_frames() > 0 {
        return Err(format!("the instrument failed to answer {} frames; nothing was written", engine.failed_frames()).into());
    }
    if !args.raw {
        out.iter_mut().for_each(|c| drop(c.drain(..delay)));
    }
    write_wav(&args.output, &Audio { sample_rate_hz: rate, channels: out })?;
    Ok(())
}

fn parameter_list() -> String {
    let rows = PARAMS.iter().map(|p| format!("  {:<15} {} [default: {}]  {}", p.id, p.takes(), default(p), p.help));
    format!("Parameters:\n{}", rows.collect::<Vec<_>>().join("\n"))
}

fn default(param: &syrinx_engine::Param) -> String {
    match (param.kind, param.id) {
        (Kind::Instrument, "instrument_a") => "--instrument".into(),
        (Kind::Instrument, _) => syrinx_models::numbered(param.default as u8).map_or_else(String::new, |m| m.card().id.clone()),
        _ => param.display(param.default),
    }
}

/// Takes the command line's `PARAM=VALUE`s.
fn set(settings: &mut Settings, sets: &[String]) -> Result<(), Failure> {
    for set in sets {
        let (id, value) = set.split_once('=').ok_or_else(|| format!("--set takes PARAM=VALUE, not {set:?}"))?;
        let (id, value) = (id.trim(), value.trim());
        let instrument = PARAMS.iter().any(|p| p.id == id && p.kind == Kind::Instrument);
        match syrinx_models::number(value).filter(|_| instrument) {
            Some(number) => settings.set(id, &number.to_string())?,
            None if instrument => {
                let known: Vec<_> = syrinx_models::ids().collect();
                return Err(format!("there is no instrument {value:?}: {id} takes one of {}", known.join(", ")).into());
            }
            None => settings.set(id, value)?,
        }
    }
    Ok(())
}
