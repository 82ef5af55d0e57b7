//! `syrinx play`: a MIDI file, each of its tracks played by an instrument.

use crate::{
    common::{Failure, Palette, bar, create_folder, palette, spare, write_output},
    midi_file::{self, MOST_BYTES, Song, Track},
    render,
};
use std::{
    collections::BTreeMap,
    io::Read,
    path::{Path, PathBuf},
    thread,
};
use syrinx_analysis::WavWriter;
use syrinx_engine::{
    Block, EngineConfig, Event, EventKind, Guard, KEY_PARAMS, KeyParamId, KeySettings, Keys, Message, Param, ParamId, Settings,
    Tuning,
};

/// What is played at a time, s: as long as nobody waits for a sign of progress.
const CHUNK_S: f64 = 1.0;
/// Behind the last event notes end, s, besides what rooms and reverb need; what sounds longer is faded out at the end of this.
const ENDS_S: f64 = 4.0;
const FADE_S: f64 = 0.1;
/// The channel of drums in General MIDI (10, counted from 1).
const DRUMS: u8 = 9;
/// Controllers that end what a file leaves sounding.
const SUSTAIN: u8 = 64;
const ALL_NOTES_OFF: u8 = 123;

#[derive(clap::Args)]
#[command(after_help = parameter_list())]
pub struct Args {
    /// The piece: a MIDI file of type 0 or 1.
    song: PathBuf,
    /// The WAV file to write (32-bit float, stereo); - is standard output.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// The instrument of all tracks: a factory instrument's id, or a model file. By default each has those that its General MIDI programs come nearest to,
    /// or the violin.
    #[arg(long, value_name = "ID|FILE.onnx")]
    instrument: Option<String>,
    /// The instrument of one track, by its number; may be given many times.
    #[arg(long = "track", value_name = "N=ID|FILE.onnx")]
    tracks: Vec<String>,
    /// Sets a parameter of all tracks, listed below; may be given many times.
    #[arg(long = "set", value_name = "PARAM=VALUE")]
    set: Vec<String>,
    /// Pitches of the keys: a scale of Scala's, from middle C on or by --keyboard-map.
    #[arg(long, value_name = "FILE.scl")]
    scale: Option<PathBuf>,
    /// Which key plays which step of the scale, and the pitch of one of them: a keyboard mapping of Scala's.
    #[arg(long, value_name = "FILE.kbm")]
    keyboard_map: Option<PathBuf>,
    /// Writes every track into a file of its own in this folder, too.
    #[arg(long, value_name = "FOLDER")]
    stems: Option<PathBuf>,
    /// Rate to render at, Hz.
    #[arg(long, value_name = "HZ", default_value_t = 48_000)]
    sample_rate: u32,
    /// Samples of one block, as a host would send them. It does not change the sound.
    #[arg(long, value_name = "N", default_value_t = 512)]
    block: usize,
    /// Seed of all that is left to chance: the same piece and seed are the same samples.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    if args.block == 0 {
        return Err("a block has one sample at least".into());
    }
    let (settings, keys) = set(&args.set)?;
    spare(&[args.song.as_path()], &args.output)?;
    render::writable(&args.output)?;
    let song = read(&args.song)?;
    let chosen = chosen(args, &song)?;
    let tuning = tuning(args)?;
    // An instrument's file is read and judged once, however many tracks it plays.
    let mut palettes = BTreeMap::new();
    for name in chosen.iter().filter_map(|(_, choice)| Some(choice.as_ref()?.first())) {
        if !palettes.contains_key(name) {
            palettes.insert(name, palette(name)?);
        }
    }
    let mut players = Vec::new();
    for (track, choice) in &chosen {
        match choice {
            Some(choice) => {
                // Tracks that play at once are no copies of one another; the first is what a plugin plays.
                let seed = args.seed.wrapping_add((players.len() as u64) << 16);
                let palette = &palettes[choice.first()];
                players.push(Player::new(track, choice, palette, (args, seed), (&settings, &keys), &tuning)?)
            }
            None => eprintln!("track {} is of drums, which no instrument here plays: it is left out", track.number),
        }
    }
    if players.is_empty() {
        return Err(format!("{}: no track of it can be played", args.song.display()).into());
    }
    for player in &players {
        eprintln!("{}", player.label);
    }
    perform(args, &song, &mut players, &args.output)?;
    if let Some(folder) = &args.stems {
        create_folder(folder)?;
        for one in 0..players.len() {
            let file = folder.join(format!("track-{}.wav", players[one].number));
            perform(args, &song, &mut players[one..=one], &file)?;
        }
    }
    Ok(())
}

/// All parameters: those of the instrument, but for the voice's, and those of the keys.
fn parameter_list() -> String {
    let of_instrument: Vec<Param> = ParamId::ALL.iter().filter(|id| !id.is_of_voice()).map(|id| *id.param()).collect();
    format!("Parameters:\n{}\n\nParameters of the keys:\n{}", render::rows(&of_instrument), render::rows(KEY_PARAMS))
}

/// Takes the command line's `PARAM=VALUE`s.
fn set(sets: &[String]) -> Result<(Settings, KeySettings), Failure> {
    let is_of_keys = |set: &&String| set.split_once('=').is_some_and(|(id, _)| KeyParamId::named(id.trim()).is_some());
    let (of_keys, others): (Vec<&String>, Vec<&String>) = sets.iter().partition(is_of_keys);
    let (mut settings, mut keys) = (Settings::default(), KeySettings::default());
    for (id, _) in others.iter().filter_map(|set| set.split_once('=')) {
        if ParamId::named(id.trim()).is_some_and(ParamId::is_of_voice) {
            return Err(format!("{} is for who plays from a voice", id.trim()).into());
        }
    }
    render::set(&mut settings, others)?;
    for (id, value) in of_keys.into_iter().filter_map(|set| set.split_once('=')) {
        keys.set(id.trim(), value.trim())?;
    }
    Ok((settings, keys))
}

fn read(path: &Path) -> Result<Song, Failure> {
    midi_file::read(&bytes_of(path)?).map_err(|why| format!("{}: {why}", path.display()).into())
}

/// What is in a file; of a long one, one byte more than can be taken, so that it is told from what fits.
fn bytes_of(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(bytes)
}

/// The pitches of keys that were asked for.
fn tuning(args: &Args) -> Result<Tuning, Failure> {
    if args.scale.is_none() && args.keyboard_map.is_none() {
        return Ok(Tuning::default());
    }
    let [scale, mapping] = [&args.scale, &args.keyboard_map].map(|path| path.as_deref().map(bytes_of).transpose());
    let read = Tuning::from_scala(scale?.as_deref(), mapping?.as_deref());
    let named: Vec<String> =
        [&args.scale, &args.keyboard_map].into_iter().flatten().map(|path| path.display().to_string()).collect();
    read.map_err(|why| format!("{}: {why}", named.join(", ")).into())
}

/// Who plays a track.
enum Choice {
    /// One instrument.
    Named(String),
    /// Those that its programs come nearest to, one after the other, beginning with this one.
    Programs(&'static str),
}

impl Choice {
    /// The name of the instrument that begins.
    fn first(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::Programs(first) => first,
        }
    }
}

/// Who plays each track; none plays drums.
fn chosen<'a>(args: &Args, song: &'a Song) -> Result<Vec<(&'a Track, Option<Choice>)>, Failure> {
    let mut named = BTreeMap::new();
    for one in &args.tracks {
        let (number, name) = one.split_once('=').ok_or_else(|| format!("--track takes N=INSTRUMENT, not {one:?}"))?;
        let number: usize = number.trim().parse().map_err(|_| format!("--track takes the number of a track, not {number:?}"))?;
        if !song.tracks.iter().any(|track| track.number == number) {
            return Err(format!("there is no track {number}: {} has {}", args.song.display(), song.tracks.len()).into());
        }
        named.insert(number, name.trim().to_owned());
    }
    let mut choose = |track: &Track| match named.remove(&track.number).or_else(|| args.instrument.clone()) {
        Some(name) => Some(Choice::Named(name)),
        None => usual(track).map(Choice::Programs),
    };
    Ok(song.tracks.iter().map(|track| (track, choose(track))).collect())
}

/// Whether a channel of a track is that of drums.
fn is_drums(track: &Track, channel: u8) -> bool {
    channel == DRUMS && track.mpe >> DRUMS & 1 == 0
}

/// The instrument that a track's first program comes nearest to; none for drums.
fn usual(track: &Track) -> Option<&'static str> {
    let notes = || track.events.iter().filter(|event| matches!(event.message, midi_file::Message::NoteOn { .. }));
    if notes().all(|event| is_drums(track, event.channel)) {
        return None;
    }
    let program = track.events.iter().find_map(|event| match event.message {
        midi_file::Message::Program(program) if !is_drums(track, event.channel) => Some(program),
        _ => None,
    });
    Some(program.map_or("violin", of_program))
}

/// The factory instrument nearest to a program of General MIDI, 0 to 127.
fn of_program(program: u8) -> &'static str {
    match program {
        0..=3 | 6 => "electric-piano",
        4 | 5 | 7 => "pianet",
        8..=15 | 108 | 112..=115 => "vibraphone",
        16..=18 => "organ",
        19 => "organ-trompette",
        20..=23 | 109 => "harmonium",
        24..=31 | 45 | 46 => "guitar",
        33..=39 => "bass-guitar",
        32 | 43 => "double-bass",
        42 => "cello",
        52 | 54 => "vowel-ah",
        53 => "hum",
        56 | 59 | 62 | 63 => "trumpet",
        57 | 61 => "trombone",
        58 => "tuba",
        60 => "french-horn",
        64 | 65 => "alto-sax",
        66 | 67 => "tenor-sax",
        68 | 69 | 71 | 111 => "clarinet",
        70 => "bassoon",
        72..=79 => "flute",
        80 => "square-lead",
        81 => "saw-lead",
        82..=103 => "fm-lead",
        104..=107 => "sitar",
        _ => "violin",
    }
}

/// One track and who plays it.
struct Player {
    number: usize,
    label: String,
    keys: Keys,
    /// What is set at the beginning.
    settings: Settings,
    /// With their samples from the beginning of the piece, of which `played` have been played.
    events: Vec<(u64, EventKind)>,
    played: usize,
    /// Reused from block to block.
    here: Vec<Event>,
    sound: [Vec<f32>; 2],
}

impl Player {
    fn new(
        track: &Track,
        choice: &Choice,
        palette: &Palette,
        (args, seed): (&Args, u64),
        (settings, keys): (&Settings, &KeySettings),
        tuning: &Tuning,
    ) -> Result<Self, Failure> {
        let by_programs = matches!(choice, Choice::Programs(_));
        let settings = Settings { instrument_a: palette.number, ..*settings };
        let config = EngineConfig { sample_rate_hz: args.sample_rate, channels: 2, seed };
        let mut player = Keys::new(config, &palette.instruments)?;
        player.set_keys(keys);
        player.set_tuning(Box::new(tuning.clone()));
        let at = |seconds: f64| (seconds * f64::from(args.sample_rate)).round() as u64;
        let mut names = vec![palette.model().card().name.clone()];
        let mut events: Vec<(u64, EventKind)> = Vec::with_capacity(track.events.len());
        for event in track.events.iter().filter(|event| !(by_programs && is_drums(track, event.channel))) {
            let kind = match event.message {
                midi_file::Message::Program(program) if by_programs => {
                    let id = of_program(program);
                    let number = syrinx_models::number(id).ok_or_else(|| format!("there is no instrument {id:?}"))?;
                    names.extend(syrinx_models::load(id).map(|model| model.card().name.clone()));
                    Some(EventKind::Setting(ParamId::instrument_a, number.into()))
                }
                other => message(other).map(|message| EventKind::Message { channel: event.channel, message }),
            };
            events.extend(kind.map(|kind| (at(event.seconds), kind)));
        }
        // Whatever a file forgets to end.
        let last = events.last().map_or(0, |(at, _)| *at);
        for channel in 0..16 {
            let ends = [(SUSTAIN, 0.0), (ALL_NOTES_OFF, 0.0)].map(|(number, value)| Message::Control { number, value });
            events.extend(ends.map(|message| (last, EventKind::Message { channel, message })));
        }
        let named = track.name.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
        names.dedup();
        let label = format!("track {}{named}: {}", track.number, names.join(", "));
        Ok(Self {
            number: track.number,
            label,
            keys: player,
            settings,
            events,
            played: 0,
            here: Vec::new(),
            sound: [Vec::new(), Vec::new()],
        })
    }

    /// Back to the beginning.
    fn rewind(&mut self) {
        self.keys.set(&self.settings);
        self.keys.reset();
        self.played = 0;
    }

    /// Plays samples `from` to `to` of the piece, in blocks.
    fn play(&mut self, from: u64, to: u64, block: usize) {
        self.sound.iter_mut().for_each(|side| side.resize((to - from) as usize, 0.0));
        let mut at = from;
        while at < to {
            // Blocks begin where a host's would, whatever is played at a time.
            let end = to.min((at / block as u64 + 1) * block as u64);
            self.here.clear();
            while let Some((when, kind)) = self.events.get(self.played).filter(|(when, _)| *when < end) {
                self.here.push(Event { at: when.saturating_sub(at) as usize, kind: *kind });
                self.played += 1;
            }
            let [left, right] = &mut self.sound;
            let [a, b] = [at, end].map(|sample| (sample - from) as usize);
            self.keys.play(Block { input: &[], output: &mut [&mut left[a..b], &mut right[a..b]], events: &self.here });
            at = end;
        }
    }
}

/// What an instrument hears of a file's message; programs are for whoever chooses instruments.
fn message(message: midi_file::Message) -> Option<Message> {
    let unit = |value: u8| f32::from(value) / 127.0;
    Some(match message {
        midi_file::Message::NoteOn { key, velocity } => Message::NoteOn { key, velocity: unit(velocity) },
        midi_file::Message::NoteOff { key, .. } => Message::NoteOff { key },
        midi_file::Message::Control { controller, value } => Message::Control { number: controller, value: unit(value) },
        midi_file::Message::Bend(bend) => Message::bend_of(bend),
        midi_file::Message::ChannelPressure(pressure) => Message::Pressure(unit(pressure)),
        midi_file::Message::KeyPressure { key, pressure } => Message::KeyPressure { key, pressure: unit(pressure) },
        midi_file::Message::Program(_) => return None,
    })
}

/// Plays tracks together, from the beginning, into a file.
fn perform(args: &Args, song: &Song, players: &mut [Player], output: &Path) -> Result<(), Failure> {
    players.iter_mut().for_each(Player::rewind);
    let rate = f64::from(args.sample_rate);
    let tail = players.iter().map(|player| player.keys.tail_samples()).max().unwrap_or(0) as u64;
    let len = ((song.seconds + ENDS_S) * rate).ceil() as u64 + tail;
    write_output(output, |output| {
        let mut writer = WavWriter::begin(output, args.sample_rate, 2, len)?;
        let mut guard = Guard::new(args.sample_rate);
        let bar = bar(len, "playing");
        let chunk = (CHUNK_S * rate) as u64;
        let mut from = 0;
        while from < len {
            let to = len.min(from + chunk);
            play_all(players, from, to, args.block);
            let mut sum = sum(players);
            // One alone has been guarded.
            if players.len() > 1 {
                guarded(&mut sum, &mut guard);
            }
            sum.iter_mut().for_each(|side| fade_out(side, from, len, args.sample_rate));
            writer.write(&sum)?;
            bar.set_position(to);
            from = to;
        }
        bar.finish_and_clear();
        match players.iter().map(|player| player.keys.failed_frames()).sum::<u64>() {
            0 => {
                writer.finish();
                Ok(())
            }
            failed => Err(format!("an instrument failed to answer {failed} frames; nothing was written").into()),
        }
    })
}

/// Plays the next samples of all tracks, on all cores.
fn play_all(players: &mut [Player], from: u64, to: u64, block: usize) {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(players.len()).max(1);
    let each = players.len().div_ceil(threads);
    thread::scope(|scope| {
        for players in players.chunks_mut(each) {
            scope.spawn(move || players.iter_mut().for_each(|player| player.play(from, to, block)));
        }
    });
}

/// Takes the end of the piece down to silence.
fn fade_out(side: &mut [f32], from: u64, len: u64, sample_rate_hz: u32) {
    let fade = FADE_S * f64::from(sample_rate_hz);
    for (n, sample) in side.iter_mut().enumerate() {
        let left = (len - from - n as u64) as f64 - 1.0;
        if left < fade {
            *sample *= (left / fade) as f32;
        }
    }
}

/// The sum of all tracks.
fn sum(players: &[Player]) -> [Vec<f32>; 2] {
    [0, 1].map(|side| {
        let mut sum = vec![0.0; players[0].sound[side].len()];
        for player in players {
            sum.iter_mut().zip(&player.sound[side]).for_each(|(sum, sample)| *sum += sample);
        }
        sum
    })
}

/// Keeps both sides under full scale.
fn guarded([left, right]: &mut [Vec<f32>; 2], guard: &mut Guard) {
    for (left, right) in left.iter_mut().zip(right) {
        [*left, *right] = guard.sides([*left, *right]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_has_an_instrument_that_is_there() {
        for program in 0..=127 {
            let id = of_program(program);
            assert!(syrinx_models::number(id).is_some(), "{program}: {id}");
        }
        assert_eq!([40, 42, 73, 56].map(of_program), ["violin", "cello", "flute", "trumpet"]);
    }
}
