//! `syrinx notes`: the notes of recorded voices as MIDI files, as the plugin sends them.

use crate::{
    common::{Failure, Latency, create_folder, engine_rate_hz, spare, write_output},
    render::{rows, set},
    voice::Recording,
};
use std::path::{Path, PathBuf};
use syrinx_analysis::{FORMATS, SoundReader};
use syrinx_engine::{Block, Engine, EngineConfig, Event, EventKind, NoteLoudness, NoteOutput, Param, ParamId, Settings};
use syrinx_file::midi_file;

/// Nobody waits for what is written down: a note holds for a frame more before it is one.
const REACT_MS: f32 = 8.0;
/// Seconds of silence behind a voice: the last note ends in them.
const AFTER_S: f64 = 1.0;
/// Samples of one block. It does not change the notes.
const BLOCK: usize = 1024;

#[derive(clap::Args)]
#[command(after_help = parameter_list())]
pub struct Args {
    #[arg(required = true, help = format!("The voices: {FORMATS}, at any rate"))]
    inputs: Vec<PathBuf>,
    /// The MIDI file to write, or a folder for one of each voice; - is standard output.
    #[arg(short, long, value_name = "OUT.mid|FOLDER")]
    output: PathBuf,
    /// MPE: each note on a channel of its own, with its own bend and pressure, rather than all on one.
    #[arg(long)]
    mpe: bool,
    /// The tempo that is written into the files, quarter notes a minute. It changes no note.
    #[arg(long, value_name = "BPM", default_value_t = 120.0)]
    tempo: f64,
    /// Sets a parameter, listed below; may be given many times.
    #[arg(long = "set", value_name = "PARAM=VALUE")]
    set: Vec<String>,
    /// Latency mode.
    #[arg(long, value_enum, default_value = "studio")]
    latency: Latency,
}

/// What says anything about notes.
fn params() -> Vec<Param> {
    use ParamId::{a4, auto_gate, gate, input_gain, snap_key, snap_scale, voice_high, voice_low};
    let listens = [input_gain, gate, voice_low, voice_high, auto_gate, snap_key, snap_scale, a4];
    let is_listed = |id: &&ParamId| listens.contains(id) || id.param().id.starts_with("note_");
    ParamId::ALL.iter().filter(is_listed).map(|id| *id.param()).collect()
}

fn parameter_list() -> String {
    let defaults = format!("here, note_output is One channel by default, and note_react {REACT_MS} ms");
    format!("Parameters (all of `syrinx render --help` are taken; these change notes; {defaults}):\n{}", rows(&params()))
}

pub fn run(args: &Args) -> Result<(), Failure> {
    if !(4.0..=960.0).contains(&args.tempo) {
        return Err(format!("a tempo is 4 to 960 quarter notes a minute, not {}", args.tempo).into());
    }
    let mut settings = Settings {
        note_output: NoteOutput::OneChannel,
        note_react: REACT_MS,
        latency_mode: args.latency.into(),
        ..Settings::default()
    };
    if args.mpe {
        settings.note_loudness = NoteLoudness::Pressure;
    }
    set(&mut settings, &args.set)?;
    // A file of MIDI has no expressions.
    if args.mpe || settings.note_output == NoteOutput::Expressions {
        settings.note_output = NoteOutput::Mpe;
    }
    let outputs = outputs(&args.inputs, &args.output)?;
    let inputs: Vec<&Path> = args.inputs.iter().map(PathBuf::as_path).collect();
    for output in &outputs {
        spare(&inputs, output)?;
    }
    for (input, output) in args.inputs.iter().zip(&outputs) {
        let (bytes, count) = notes(input, &settings, args.tempo)?;
        write_output(output, |to| Ok(to.put(&bytes)?))?;
        eprintln!("{}: {count} notes", output.display());
    }
    Ok(())
}

/// Where the notes of each voice go.
fn outputs(inputs: &[PathBuf], output: &Path) -> Result<Vec<PathBuf>, Failure> {
    let is_file = output.extension().is_some_and(|ending| ["mid", "midi"].iter().any(|known| ending.eq_ignore_ascii_case(known)));
    if let [_] = inputs
        && !output.is_dir()
        && (is_file || output == Path::new("-"))
    {
        return Ok(vec![output.into()]);
    }
    if is_file && !output.is_dir() {
        return Err(format!("{} is one file: the notes of several voices go into a folder", output.display()).into());
    }
    if output == Path::new("-") {
        return Err("standard output takes the notes of one voice".into());
    }
    create_folder(output)?;
    let mut outputs: Vec<PathBuf> = Vec::new();
    for input in inputs {
        let name = input.file_stem().unwrap_or(input.as_os_str());
        let to = output.join(name).with_added_extension("mid");
        if outputs.contains(&to) {
            return Err(format!("two of the voices are called {}, and would go into one file", name.display()).into());
        }
        outputs.push(to);
    }
    Ok(outputs)
}

/// The MIDI file of a voice's notes, and how many they are.
fn notes(input: &Path, settings: &Settings, tempo: f64) -> Result<(Vec<u8>, usize), Failure> {
    let head = SoundReader::open(input)?;
    let rate = engine_rate_hz(head.sample_rate_hz());
    let channels = head.channels().min(2);
    // It listens; nobody plays.
    let mut engine = Engine::new(EngineConfig { sample_rate_hz: rate, channels, seed: 0 }, &[])?;
    engine.set(settings);
    let voice = Recording::scan(input)?;
    voice.tell();
    // Notes are written where they begin rather than where that is known; what bends them goes with them.
    let early = engine.note_delay_samples() as f64;
    let mut heard = Listening { engine, at: 0, messages: Vec::new(), sound: vec![vec![0.0; BLOCK]; channels], notes: 0 };
    voice.each_block_at(rate, "listening", |block| {
        heard.hear(block);
        Ok(())
    })?;
    let silence = vec![vec![0.0; (AFTER_S * f64::from(rate)) as usize]; channels];
    heard.hear(&silence);
    let messages = heard.messages.iter().map(|(at, bytes)| ((*at as f64 - early) / f64::from(rate), *bytes));
    let name = input.file_stem().unwrap_or_default().to_string_lossy();
    Ok((midi_file(&name, tempo, messages), heard.notes))
}

/// An engine that listens, and what it says.
struct Listening {
    engine: Engine,
    /// Samples heard.
    at: u64,
    /// Messages of MIDI and the samples that they came at.
    messages: Vec<(u64, [u8; 3])>,
    sound: Vec<Vec<f32>>,
    notes: usize,
}

impl Listening {
    fn hear(&mut self, voice: &[Vec<f32>]) {
        let len = voice[0].len();
        for from in (0..len).step_by(BLOCK) {
            let to = len.min(from + BLOCK);
            let input: Vec<&[f32]> = voice.iter().map(|channel| &channel[from..to]).collect();
            let mut output: Vec<&mut [f32]> = self.sound.iter_mut().map(|channel| &mut channel[..to - from]).collect();
            let block = Block { input: &input, output: &mut output, events: &[] };
            let (messages, notes, before) = (&mut self.messages, &mut self.notes, self.at);
            self.engine.play_and_send(block, &mut |Event { at, kind }| {
                let EventKind::Message { channel, message } = kind else { return };
                if let Some(bytes) = message.to_midi(channel) {
                    *notes += usize::from(bytes[0] & 0xf0 == 0x90);
                    messages.push((before + at as u64, bytes));
                }
            });
            self.at += (to - from) as u64;
        }
    }
}
