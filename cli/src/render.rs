//! `syrinx render`: a recorded voice through the engine, as the plugin runs it.

use crate::{
    common::{Failure, Latency, engine_rate_hz, palette, spare, write_output},
    voice::Recording,
};
use std::path::{Path, PathBuf};
use syrinx_analysis::{FORMATS, SoundReader, WavWriter, is_sound_file, is_unreadable_sound_file};
use syrinx_engine::{Engine, EngineConfig, Kind, OWN_INSTRUMENT, PARAMS, Param, Settings};

/// Endings of files in the one format that is written.
const WRITTEN: [&str; 4] = ["wav", "wave", "bwf", "rf64"];

#[derive(clap::Args)]
#[command(after_help = parameter_list())]
pub struct Args {
    #[arg(help = format!("The voice: {FORMATS}. Of more than two channels, those that are not silent are heard as one"))]
    input: PathBuf,
    /// The WAV file to write (32-bit float; RF64 from 4 GiB on), aligned with the voice unless --raw; - is standard output. It has the voice's channels, and two
    /// where parts of a choir stand.
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
    let mut settings = Settings { instrument_a: palette.number, ..Settings::default() };
    settings.latency_mode = args.latency.into();
    set(&mut settings, &args.set)?;
    if args.block == 0 {
        return Err("a block has one sample at least".into());
    }
    writable(&args.output)?;
    spare(&[args.input.as_path(), Path::new(&args.instrument)], &args.output)?;
    let head = SoundReader::open(&args.input)?;
    let rate = args.sample_rate.unwrap_or(engine_rate_hz(head.sample_rate_hz()));
    let channels = if settings.has_choir() { 2 } else { head.channels().min(2) };
    let config = EngineConfig { sample_rate_hz: rate, channels, seed: 0 };
    // Before all of the voice is read: a rate that the engine refuses may be absurd.
    let mut engine = Engine::new(config, &palette.instruments)?;
    engine.set(&settings);
    let voice = Recording::scan(&args.input)?;
    voice.tell();

    let delay = engine.latency_samples() as u64;
    let kept = voice.len_at(rate) + if args.raw { delay } else { 0 };
    write_output(&args.output, |output| {
        let writer = WavWriter::begin(output, rate, config.channels, kept)?;
        let early = if args.raw { 0 } else { delay };
        let mut stage = Stage::new(engine, writer, args.block, early as usize);
        voice.each_block_at(rate, "rendering", |block| stage.play(block))?;
        stage.end(delay as usize)
    })
}

/// The engine, between a voice that comes in blocks of any length and the file that it plays into.
struct Stage<'a> {
    engine: Engine,
    writer: WavWriter<'a>,
    /// Samples of one block, as a host would send them.
    block: usize,
    /// Samples of the delay that are still to be taken off.
    early: usize,
    /// The voice that does not fill a block yet, one vector a channel.
    waiting: Vec<Vec<f32>>,
    sound: Vec<Vec<f32>>,
}

impl<'a> Stage<'a> {
    fn new(engine: Engine, writer: WavWriter<'a>, block: usize, early: usize) -> Self {
        let sound = vec![Vec::new(); engine.config().channels];
        Self { engine, writer, block, early, waiting: Vec::new(), sound }
    }

    fn play(&mut self, voice: &[Vec<f32>]) -> Result<(), Failure> {
        self.waiting.resize(voice.len(), Vec::new());
        self.waiting.iter_mut().zip(voice).for_each(|(waiting, voice)| waiting.extend_from_slice(voice));
        let whole = self.waiting[0].len() / self.block;
        for number in 0..whole {
            self.process(number * self.block, (number + 1) * self.block)?;
        }
        self.waiting.iter_mut().for_each(|waiting| drop(waiting.drain(..whole * self.block)));
        Ok(())
    }

    /// Plays what is left, and what comes out after the voice has ended.
    fn end(mut self, mut delay: usize) -> Result<(), Failure> {
        while delay > 0 {
            let now = delay.min(self.block);
            let silence = vec![vec![0.0; now]; self.waiting.len()];
            self.play(&silence)?;
            delay -= now;
        }
        let rest = self.waiting[0].len();
        if rest > 0 {
            self.process(0, rest)?;
        }
        match self.engine.failed_frames() {
            0 => {
                self.writer.finish();
                Ok(())
            }
            failed => Err(format!("the instrument failed to answer {failed} frames; nothing was written").into()),
        }
    }

    fn process(&mut self, from: usize, to: usize) -> Result<(), Failure> {
        self.sound.iter_mut().for_each(|channel| channel.resize(to - from, 0.0));
        let input: Vec<&[f32]> = self.waiting.iter().map(|channel| &channel[from..to]).collect();
        let mut output: Vec<&mut [f32]> = self.sound.iter_mut().map(Vec::as_mut_slice).collect();
        self.engine.process(&input, &mut output);
        let early = self.early.min(to - from);
        self.early -= early;
        let sound: Vec<&[f32]> = self.sound.iter().map(|channel| &channel[early..]).collect();
        Ok(self.writer.write(&sound)?)
    }
}

/// Refuses a name that says of the file that it is none of those written here.
pub fn writable(output: &Path) -> Result<(), Failure> {
    let is_wav = output.extension().is_some_and(|e| WRITTEN.iter().any(|known| e.eq_ignore_ascii_case(known)));
    if !is_wav && (is_sound_file(output) || is_unreadable_sound_file(output)) {
        return Err(format!("{}: only WAV can be written; give a name that ends in .wav", output.display()).into());
    }
    Ok(())
}

/// The instrument of a part of the choir that plays what the lead plays.
const LEAD: &str = "lead";

pub fn parameter_list() -> String {
    format!("Parameters:\n{}", rows(PARAMS))
}

/// A table of parameters, a line each.
pub fn rows(params: &[Param]) -> String {
    let rows = params.iter().map(|p| format!("  {:<15} {} [default: {}]  {}", p.id, p.takes(), default(p), p.help));
    rows.collect::<Vec<_>>().join("\n")
}

fn default(param: &Param) -> String {
    match (param.kind, param.id) {
        (Kind::Instrument, "instrument_a") => "--instrument".into(),
        (Kind::Instrument, _) if param.follows_lead() => LEAD.into(),
        (Kind::Instrument, _) => syrinx_models::numbered(param.default as u8).map_or_else(String::new, |m| m.card().id.clone()),
        _ => param.display(param.default),
    }
}

/// Takes the command line's `PARAM=VALUE`s.
pub fn set<'a>(settings: &mut Settings, sets: impl IntoIterator<Item = &'a String>) -> Result<(), Failure> {
    for set in sets {
        let (id, value) = set.split_once('=').ok_or_else(|| format!("--set takes PARAM=VALUE, not {set:?}"))?;
        let (id, value) = (id.trim(), value.trim());
        let instrument = PARAMS.iter().find(|p| p.id == id && p.kind == Kind::Instrument);
        // Parts of the choir play the lead's, where nothing else is said.
        let lead = instrument.filter(|row| row.follows_lead() && value.eq_ignore_ascii_case(LEAD));
        let instrument = instrument.is_some();
        match lead.map(|_| OWN_INSTRUMENT).or_else(|| syrinx_models::number(value).filter(|_| instrument)) {
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
