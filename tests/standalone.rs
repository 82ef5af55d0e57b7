//! The standalone as a player starts it: without a sound card, and through a JACK server without one.
//!
//! Tests with `jack` in their names need `jackd` and `Xvfb`; `cargo xtask test` brings both.

#![cfg(unix)]

mod hosts {
    #[allow(dead_code)]
    pub mod sound;
}

use hosts::sound::{Sound, Workshop};
use jack::{AudioIn, AudioOut, Client, ClientOptions, Control, MidiIn, MidiOut, Port, ProcessHandler, ProcessScope, RawMidi};
use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, channel},
    },
    thread,
    time::{Duration, Instant},
};

use syrinx_engine::{Block, Engine, EngineConfig, Event, EventKind, KeyMode, KeySettings, Keys, Message, NoteOutput, Settings};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The standalone at work, in a home of its own.
struct Standalone {
    child: Child,
    said: Receiver<String>,
    /// All that it has said so far.
    log: String,
}

impl Standalone {
    fn start(home: &Workshop, arguments: &[&str]) -> Self {
        let mut child = command(home, arguments).stderr(Stdio::piped()).spawn().unwrap();
        let (tell, said) = channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, said, log: String::new() }
    }

    /// Waits for a line with `word` in it.
    fn says(&mut self, word: &str) -> String {
        let until = Instant::now() + PATIENCE;
        while let Ok(line) = self.said.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.log += &line;
            self.log.push('\n');
            if line.contains(word) {
                return line;
            }
        }
        panic!("it does not say {word:?} but:\n{}", self.log);
    }

    /// Ends it as a session manager does; all that it said.
    fn end(mut self) -> String {
        // SAFETY: a signal to a child that has not been waited for.
        unsafe { libc::kill(self.child.id() as i32, libc::SIGTERM) };
        let until = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() > until => panic!("it does not end:\n{}", self.log),
                None => thread::sleep(Duration::from_millis(20)),
            }
        };
        self.log.extend(self.said.iter().map(|line| line + "\n"));
        assert!(status.success(), "{status}:\n{}", self.log);
        std::mem::take(&mut self.log)
    }
}

impl Drop for Standalone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(home: &Workshop, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_syrinx-plugin"));
    command.args(arguments).env("HOME", home.path("")).env("XDG_CONFIG_HOME", home.path("config")).stdin(Stdio::null());
    command
}

/// Runs it to its end: what it said, and whether it succeeded.
fn run(home: &Workshop, arguments: &[&str]) -> (String, bool) {
    let output = command(home, arguments).output().unwrap();
    let said = [output.stdout, output.stderr].map(|s| String::from_utf8_lossy(&s).into_owned()).concat();
    assert!(output.status.code().is_some_and(|c| c < 3), "it crashed ({}): {said}", output.status);
    assert!(!said.contains("panicked"), "{said}");
    (said, output.status.success())
}

#[test]
fn without_a_sound_card_it_plays_and_says_how_late_it_is() {
    let home = Workshop::new();
    let flags = ["--backend", "dummy", "--no-window", "--seconds", "1.5", "--sample-rate", "48000", "--buffer", "64"];
    let (said, well) = run(&home, &flags);
    assert!(well, "{said}");
    assert!(said.contains("48000 Hz, blocks of 64, Syrinx's delay 7.1 ms"), "{said}");
    let (said, well) = run(&home, &["--no-window", "--seconds", "1", "--latency", "studio"]);
    assert!(well, "{said}");
    assert!(said.contains("blocks of 64, Syrinx's delay 44.0 ms"), "the sound card is not remembered: {said}");
    assert!(run(&home, &["--list-devices"]).0.contains("dummy"));
}

#[test]
fn the_session_comes_back_as_it_was_left() {
    let home = Workshop::new();
    let own = home.path("mine.onnx");
    std::fs::write(&own, syrinx_models::bytes("flute").unwrap()).unwrap();
    let flags = ["--backend", "dummy", "--no-window", "--seconds", "0.5"];
    let set = ["--set", "pitch_shift=-12 st", "--set", "instrument_b=trumpet", "--set", "bypass=on", "--instrument"];
    let (said, well) = run(&home, &[&flags[..], &set, &[own.to_str().unwrap()]].concat());
    assert!(well, "{said}");
    std::fs::remove_file(&own).unwrap();
    let session = home.path("config/syrinx/session.json");
    let left = std::fs::read_to_string(&session).unwrap();
    let values: serde_json::Value = serde_json::from_str(&left).unwrap();
    assert_eq!(values["params"]["pitch_shift"]["f32"], -12.0, "{left}");
    assert_eq!(values["params"]["instrument_b"]["i32"], 2, "{left}");
    assert!(left.len() > 50_000, "the player's own instrument is not in the session");
    assert!(run(&home, &flags).1);
    assert_eq!(std::fs::read_to_string(&session).unwrap(), left);

    std::fs::write(&session, &left[..left.len() / 2]).unwrap();
    let (said, well) = run(&home, &flags);
    assert!(well && said.contains("session was not loaded"), "{said}");
    let aside = home.path("config/syrinx/session.unreadable-1.json");
    assert_eq!(std::fs::read_to_string(aside).unwrap(), left[..left.len() / 2], "the broken session is lost");
    let fresh = std::fs::read_to_string(&session).unwrap();
    assert!(fresh.contains("\"pitch_shift\"") && fresh != left);
}

#[test]
fn a_file_that_is_no_session_stays_as_it_is() {
    let home = Workshop::new();
    let flags = ["--backend", "dummy", "--no-window", "--seconds", "0.2", "--session"];
    for (name, bytes) in
        [("song.wav", &b"RIFF\x24\0\0\0WAVEfmt and so on"[..]), ("notes.json", b"{\"fields\": {}}"), ("empty.json", b"")]
    {
        let file = home.path(name);
        std::fs::write(&file, bytes).unwrap();
        for forget in [&[][..], &["--forget"]] {
            let (said, well) = run(&home, &[&flags[..], &[file.to_str().unwrap()], forget].concat());
            assert!(!well && said.contains("is not a session of Syrinx") && said.lines().count() == 1, "{name}: {said}");
            assert_eq!(std::fs::read(&file).unwrap(), bytes, "{name}");
        }
    }
    let session = home.path("tonight.json");
    let flags = [&flags[..], &[session.to_str().unwrap()]].concat();
    for _ in 0..2 {
        let (said, well) = run(&home, &flags);
        assert!(well && session.exists(), "{said}");
    }
}

#[test]
fn what_cannot_be_is_refused_in_a_sentence() {
    let home = Workshop::new();
    let dummy = ["--backend", "dummy", "--no-window", "--seconds", "0.2"];
    for (flags, word) in [
        (&["--instrument", "theremin"][..], "violin"),
        (&["--instrument", "nowhere.onnx"], "nowhere.onnx"),
        (&["--set", "pitch_shift=99"], "-24 to 24 st"),
        (&["--set", "pitch"], "PARAM=VALUE"),
        (&["--sample-rate", "700"], "1000 to 2000000"),
        (&["--buffer", "1"], "16"),
        (&["--channel", "0"], "channel"),
        (&["--seconds=-1"], "seconds"),
    ] {
        let (said, well) = run(&home, &[&dummy[..], flags].concat());
        assert!(!well && said.contains(word), "{flags:?}: {said}");
    }
    let cards = if cfg!(target_os = "macos") { "coreaudio" } else { "alsa" };
    let (said, well) = run(&home, &["--backend", cards, "--no-window", "--input", "no such card"]);
    assert!(!well && said.contains("no such card"), "{said}");
    assert!(!home.path("config/syrinx/standalone.toml").exists(), "what does not play is not remembered");
    std::fs::create_dir_all(home.path("config/syrinx")).unwrap();
    std::fs::write(home.path("config/syrinx/standalone.toml"), "backend = 3").unwrap();
    let (said, well) = run(&home, &dummy);
    assert!(well && said.contains("standalone.toml cannot be understood"), "{said}");
    // What no flag could have asked for is not taken from the file either.
    let dummy = ["--backend", "dummy", "--no-window", "--seconds", "1.5"];
    for (line, words) in [
        ("buffer = 0", "buffer is 0, and 16 to 8192 are possible"),
        ("buffer = 4000000000", "buffer is 4000000000"),
        ("sample_rate = 7", "sample_rate is 7"),
        ("channel = 0", "channel is 0, and 1 to 256"),
    ] {
        std::fs::write(home.path("config/syrinx/standalone.toml"), format!("backend = \"dummy\"\n{line}\n")).unwrap();
        let (said, well) = run(&home, &dummy);
        assert!(well && said.contains(words), "{line}: {said}");
        assert_eq!(said.matches("the default is used").count(), 1, "{line}: {said}");
        assert!(said.contains("48000 Hz, blocks of 128"), "{line}: {said}");
    }
    std::fs::File::create(home.path("config/syrinx/standalone.toml")).unwrap().set_len(1 << 30).unwrap();
    let (said, well) = run(&home, &dummy);
    assert!(well && said.contains("standalone.toml cannot be read (it has more than"), "{said}");
}

/// A JACK server without a sound card. One at a time: clients know it by a variable of their process.
struct Server {
    child: Child,
    _one: MutexGuard<'static, ()>,
}

impl Server {
    fn start(rate: u32, period: usize) -> Self {
        static ONE: Mutex<()> = Mutex::new(());
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: whoever reads this variable holds the mutex, or is a child.
        unsafe { std::env::set_var("JACK_DEFAULT_SERVER", format!("syrinx-test-{}", std::process::id())) };
        jack::set_logger(jack::LoggerType::None);
        Self { child: Self::launch(rate, period), _one: one }
    }

    fn launch(rate: u32, period: usize) -> Child {
        let name = std::env::var("JACK_DEFAULT_SERVER").unwrap();
        // Synchronous: a cycle waits for its clients, however busy the machine is.
        let (rate, period) = (rate.to_string(), period.to_string());
        let mut jackd = Command::new("jackd");
        jackd.args(["-n", &name, "--no-realtime", "-S", "-d", "dummy", "-r", &rate, "-p", &period, "-C", "2", "-P", "2"]);
        let child = jackd.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("jackd is installed");
        let until = Instant::now() + PATIENCE;
        while Client::new("knock", ClientOptions::NO_START_SERVER).is_err() {
            assert!(Instant::now() < until, "jackd does not answer");
            thread::sleep(Duration::from_millis(100));
        }
        child
    }

    fn kill(&mut self) {
        // SAFETY: a signal to a child that has not been waited for.
        unsafe { libc::kill(self.child.id() as i32, libc::SIGTERM) };
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What is played to the standalone, from a frame of JACK's on.
enum Performer {
    Sings(Port<AudioOut>, Vec<f32>, u32),
    /// Messages at their frames, in their order.
    Plays(Port<MidiOut>, Vec<(u32, [u8; 3])>, u32),
}

impl ProcessHandler for Performer {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        let now = scope.last_frame_time();
        match self {
            Self::Sings(port, voice, from) => {
                for (n, x) in port.as_mut_slice(scope).iter_mut().enumerate() {
                    let at = i64::from(now) + n as i64 - i64::from(*from);
                    *x = usize::try_from(at).ok().and_then(|at| voice.get(at)).copied().unwrap_or(0.0);
                }
            }
            Self::Plays(port, notes, from) => {
                let mut writer = port.writer(scope);
                for (at, bytes) in notes {
                    let time = i64::from(*from) + i64::from(*at) - i64::from(now);
                    if (0..i64::from(scope.n_frames())).contains(&time) {
                        writer.write(&RawMidi { time: time as u32, bytes }).unwrap();
                    }
                }
            }
        }
        Control::Continue
    }
}

/// Records both channels: the frame of the first sample of each block, and the block; and messages of MIDI, with their frames.
struct Recorder {
    ports: [Port<AudioIn>; 2],
    notes: Port<MidiIn>,
    tape: Arc<Mutex<Vec<Taped>>>,
    messages: Arc<Mutex<Vec<Sent>>>,
}

type Taped = (u32, [Vec<f32>; 2]);

type Sent = (u32, Vec<u8>);

impl ProcessHandler for Recorder {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        let block = [&self.ports[0], &self.ports[1]].map(|port| port.as_slice(scope).to_vec());
        self.tape.lock().unwrap().push((scope.last_frame_time(), block));
        let messages = self.notes.iter(scope).map(|raw| (scope.last_frame_time() + raw.time, raw.bytes.to_vec()));
        self.messages.lock().unwrap().extend(messages);
        Control::Continue
    }
}

/// What is played to the standalone.
enum Played<'a> {
    Voice(&'a [f32]),
    Notes(&'a [(u32, [u8; 3])]),
}

/// What comes out of the standalone.
struct Heard {
    sound: Sound,
    /// Frames that it had played before.
    lead: usize,
    /// The notes that were sung: frames since the voice began, and messages of MIDI.
    notes: Vec<(i64, Vec<u8>)>,
}

/// What comes out of the standalone from JACK's frame `from` on, for `len` frames and a second; None when JACK lost a cycle, which is the machine's doing.
fn through_jack(home: &Workshop, rate: u32, played: &Played<'_>, len: u32, flags: &[&str]) -> Option<Heard> {
    let ports = ["--backend", "jack", "--output", "none", "--no-window"];
    let mut standalone = Standalone::start(home, &[&ports[..], flags].concat());
    let began: u32 = standalone.says("began at JACK's frame").rsplit(' ').next().unwrap().parse().unwrap();
    let (recorder, _) = Client::new("recorder", ClientOptions::NO_START_SERVER).unwrap();
    let inputs = ["left", "right"].map(|name| recorder.register_port(name, AudioIn::default()).unwrap());
    let notes = recorder.register_port("notes", MidiIn::default()).unwrap();
    let (singer, _) = Client::new("singer", ClientOptions::NO_START_SERVER).unwrap();
    let from = singer.frame_time() + rate / 2;
    let (performer, syrinx, input) = match played {
        Played::Voice(voice) => {
            let port = singer.register_port("out", AudioOut::default()).unwrap();
            (Performer::Sings(port, voice.to_vec(), from), "syrinx", "syrinx:voice")
        }
        Played::Notes(notes) => {
            let port = singer.register_port("out", MidiOut::default()).unwrap();
            (Performer::Plays(port, notes.to_vec(), from), "syrinx-keys", "syrinx-keys:notes")
        }
    };
    let (tape, messages) = (Arc::default(), Arc::default());
    let own = Recorder { ports: inputs, notes, tape: Arc::clone(&tape), messages: Arc::clone(&messages) };
    let recorder = recorder.activate_async((), own).unwrap();
    let singer = singer.activate_async((), performer).unwrap();
    let [left, right] = ["left", "right"].map(|side| format!("{syrinx}:{side}"));
    for (a, b) in [("singer:out", input), (&left, "recorder:left"), (&right, "recorder:right")] {
        singer.as_client().connect_ports_by_name(a, b).unwrap();
    }
    if matches!(played, Played::Voice(_)) {
        singer.as_client().connect_ports_by_name("syrinx:sung notes", "recorder:notes").unwrap();
    }
    let until = from + len + rate;
    let give_up = Instant::now() + PATIENCE;
    while singer.as_client().frame_time() < until {
        assert!(Instant::now() < give_up, "JACK stands still");
        thread::sleep(Duration::from_millis(50));
    }
    drop(recorder.deactivate());
    drop(singer.deactivate());
    let said = standalone.end();
    let tape = std::mem::take(&mut *tape.lock().unwrap());
    let whole = tape.windows(2).all(|w| w[0].0 + w[0].1[0].len() as u32 == w[1].0);
    if !whole || said.contains("gaps") {
        return None;
    }
    let first = (from - tape[0].0) as usize;
    let channel = |c: usize| tape.iter().flat_map(|(_, block)| &block[c]).skip(first).copied().collect();
    let sound = Sound { rate_hz: rate, channels: vec![channel(0), channel(1)] };
    let messages = std::mem::take(&mut *messages.lock().unwrap());
    let notes = messages.into_iter().map(|(at, bytes)| (i64::from(at) - i64::from(from), bytes)).collect();
    Some(Heard { sound, lead: (from - began) as usize, notes })
}

#[test]
#[ignore = "needs jackd: cargo xtask test brings it"]
fn jack_hears_what_the_command_line_renders() {
    for (rate, period, mode) in [(48_000, 512, "live"), (44_100, 1024, "live"), (96_000, 2048, "studio")] {
        let home = Workshop::new();
        let _server = Server::start(rate, period);
        let voice = Sound::voice(rate, 3.0).first_channel();
        let flags = ["--input", "none", "--forget", "--instrument", "flute", "--latency", mode, "--set", "pitch_shift=5"];
        let voice = &voice.channels[0];
        let heard = (0..5).find_map(|_| through_jack(&home, rate, &Played::Voice(voice), voice.len() as u32, &flags));
        let Heard { sound: heard, lead, .. } = heard.expect("JACK lost cycles in all of five tries");
        let arguments = ["--instrument", "flute", "--latency", mode, "--set", "pitch_shift=5"];
        let latency = home.latency(rate, mode);
        // One microphone, and a room with two sides.
        let both = Sound { rate_hz: rate, channels: vec![voice.clone(); 2] };
        let reference = home.render(&both.after_silence(lead), &arguments).skip(lead);
        heard.skip(latency).assert_equals(&reference, 0.0, &format!("{rate} Hz, blocks of {period}, {mode}"));
    }
}

/// Notes at their frames: the standalone plays what the engine does, to the sample.
/// Notes that express for themselves are MPE where there is MIDI alone.
#[test]
#[ignore = "needs jackd: cargo xtask test brings it"]
fn jack_is_given_the_notes_that_are_sung_at_their_samples() {
    let (rate, home) = (48_000, Workshop::new());
    let _server = Server::start(rate, 512);
    let voice = Sound::voice(rate, 3.0).first_channel();
    let voice = &voice.channels[0];
    let flags = ["--input", "none", "--forget", "--set", "note_output=Expressions", "--set", "note_hold=100"];
    let heard = (0..5).find_map(|_| through_jack(&home, rate, &Played::Voice(voice), voice.len() as u32, &flags));
    let Heard { lead, notes, .. } = heard.expect("JACK lost cycles in all of five tries");

    let mut engine = Engine::new(EngineConfig { sample_rate_hz: rate, channels: 2, seed: 0 }, &[]).unwrap();
    engine.set(&Settings { note_output: NoteOutput::Mpe, note_hold: 100.0, ..Settings::default() });
    let sung = [vec![0.0; lead], voice.clone()].concat();
    let (mut left, mut right, mut expected) = (vec![0.0; sung.len()], vec![0.0; sung.len()], Vec::new());
    let block = Block { input: &[&sung, &sung], output: &mut [&mut left, &mut right], events: &[] };
    engine.play_and_send(block, &mut |event| {
        if let EventKind::Message { channel, message } = event.kind {
            let bytes = message.to_midi(channel).unwrap();
            let len = if bytes[0] & 0xf0 == 0xd0 { 2 } else { 3 };
            expected.push((event.at as i64 - lead as i64, bytes[..len].to_vec()));
        }
    });
    // Before the voice, it introduces itself to nobody.
    let from_the_voice_on =
        |notes: Vec<(i64, Vec<u8>)>| notes.into_iter().filter(|(at, _)| (0..voice.len() as i64).contains(at)).collect::<Vec<_>>();
    let (notes, expected) = (from_the_voice_on(notes), from_the_voice_on(expected));
    assert!(expected.iter().filter(|(_, bytes)| bytes[0] & 0xf0 == 0x90).count() >= 3);
    assert_eq!(notes, expected);
}

#[test]
#[ignore = "needs jackd: cargo xtask test brings it"]
fn jack_keys_play_what_the_engine_plays() {
    let (rate, home) = (48_000, Workshop::new());
    let _server = Server::start(rate, 512);
    let messages: [(u32, [u8; 3]); 7] = [
        (0, [0x90, 69, 90]),
        (9_000, [0x90, 72, 70]),
        (9_011, [0x80, 69, 64]),
        (20_000, [0xe0, 0, 80]),
        (24_003, [0xb0, 1, 100]),
        (30_000, [0x80, 72, 0]),
        (30_000, [0x90, 64, 100]),
    ];
    let len = 40_000;
    let flags = ["--keys", "--forget", "--instrument", "flute", "--set", "key_mode=legato"];
    let heard = (0..5).find_map(|_| through_jack(&home, rate, &Played::Notes(&messages), len, &flags));
    let heard = heard.expect("JACK lost cycles in all of five tries").sound;

    let config = EngineConfig { sample_rate_hz: rate, channels: 2, seed: 0 };
    let mut keys = Keys::new(config, syrinx_models::factory()).unwrap();
    keys.set(&Settings { instrument_a: syrinx_models::number("flute").unwrap(), ..Settings::default() });
    keys.set_keys(&KeySettings { key_mode: KeyMode::Legato, ..KeySettings::default() });
    let events = messages.map(|(at, bytes)| {
        let (channel, message) = Message::of_midi(bytes).unwrap();
        Event { at: at as usize, kind: EventKind::Message { channel, message } }
    });
    let (mut left, mut right) = (vec![0.0; len as usize], vec![0.0; len as usize]);
    keys.play(Block { input: &[], output: &mut [&mut left, &mut right], events: &events });
    let reference = Sound { rate_hz: rate, channels: vec![left, right] };
    assert!(reference.peak() > 0.02);
    heard.up_to(len as usize).assert_equals(&reference, 0.0, "keys through JACK");
}

/// A session of the keys is theirs, and what a voice has they have not.
#[test]
fn keys_have_a_session_of_their_own() {
    let home = Workshop::new();
    let dummy = ["--backend", "dummy", "--no-window", "--seconds", "0.5"];
    let (said, ended) = run(&home, &[&dummy[..], &["--keys", "--set", "glide=0.2", "--set", "instrument_a=cello"]].concat());
    assert!(ended && said.contains("Syrinx's delay 0.0 ms"), "{said}");
    let (said, ended) = run(&home, &[&dummy[..], &["--set", "gate=-40"]].concat());
    assert!(ended && !said.contains("not loaded"), "{said}");
    let session = |name: &str| std::fs::read_to_string(home.path("config/syrinx").join(name)).unwrap();
    assert!(session("session-keys.json").contains("\"plays\": \"keys\"") && !session("session.json").contains("plays"));
    for (flags, word) in [
        (&["--keys", "--set", "gate=-40"][..], "Syrinx Keys has no parameter \"gate\""),
        (&["--set", "glide=1"], "Syrinx has no parameter \"glide\""),
        (&["--keys", "--latency", "studio"], "cannot be used with"),
    ] {
        let (said, ended) = run(&home, &[&dummy[..], flags].concat());
        assert!(!ended && said.contains(word), "{flags:?}: {said}");
    }
}

#[test]
#[ignore = "needs jackd: cargo xtask test brings it"]
fn jack_going_away_and_coming_back_is_said_and_survived() {
    let home = Workshop::new();
    let mut server = Server::start(48_000, 256);
    let mut standalone = Standalone::start(&home, &["--backend", "jack", "--no-window"]);
    let line = standalone.says("plays through JACK");
    assert!(line.contains("system:capture_1 in, system:playback_1 and system:playback_2 out"), "{line}");
    assert!(line.contains("round trip"), "{line}");
    server.kill();
    standalone.says("The sound stopped");
    server.child = Server::launch(44_100, 128);
    let line = standalone.says("plays through JACK");
    assert!(line.contains("44100 Hz, blocks of 128"), "{line}");
    standalone.end();
    // The next start needs no flags; and two play side by side.
    let mut first = Standalone::start(&home, &["--no-window"]);
    first.says("plays through JACK");
    let second_home = Workshop::new();
    let mut second = Standalone::start(&second_home, &["--no-window"]);
    second.says("plays through JACK");
    first.end();
    second.end();
    let (said, well) = run(&home, &["--no-window", "--input", "nobody:nothing"]);
    assert!(!well && said.contains("system:capture_1"), "{said}");
}

#[test]
#[ignore = "needs Xvfb, which comes with jackd: cargo xtask test brings both"]
fn window_opens_beside_jack_or_without() {
    // A display of its own, which tells its number.
    let mut display = Command::new("Xvfb");
    display.args(["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]);
    let mut display = display.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("Xvfb is installed");
    let mut number = String::new();
    BufReader::new(display.stdout.as_mut().unwrap().by_ref()).read_line(&mut number).unwrap();
    let home = Workshop::new();
    let mut start = command(&home, &["--backend", "dummy"]);
    let mut child = start.env("DISPLAY", format!(":{}", number.trim())).stderr(Stdio::piped()).spawn().unwrap();
    let (tell, said) = channel();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
    let mut standalone = Standalone { child, said, log: String::new() };
    standalone.says("plays through nothing");
    // Long enough for pages to be drawn; the signal closes the window, and the session is saved.
    thread::sleep(Duration::from_secs(2));
    let said = standalone.end();
    let _ = display.kill();
    let _ = display.wait();
    assert!(!said.contains("no window"), "{said}");
    assert!(home.path("config/syrinx/session.json").exists());
}
