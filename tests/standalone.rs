//! The standalone as a player starts it: without a sound card, and through a JACK server without one.
//!
//! Tests with `jack` in their names need `jackd` and `Xvfb`; `cargo xtask test` brings both.

#![cfg(unix)]

mod hosts {
    #[allow(dead_code)]
    pub mod sound;
}

use hosts::sound::{Sound, Workshop};
use jack::{AudioIn, AudioOut, Client, ClientOptions, Control, Port, ProcessHandler, ProcessScope};
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

/// Sings a voice from a frame of JACK's on.
struct Singer {
    port: Port<AudioOut>,
    voice: Vec<f32>,
    from: u32,
}

impl ProcessHandler for Singer {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        let now = scope.last_frame_time();
        for (n, x) in self.port.as_mut_slice(scope).iter_mut().enumerate() {
            let at = i64::from(now) + n as i64 - i64::from(self.from);
            *x = usize::try_from(at).ok().and_then(|at| self.voice.get(at)).copied().unwrap_or(0.0);
        }
        Control::Continue
    }
}

/// Records both channels: the frame of the first sample of each block, and the block.
struct Recorder {
    ports: [Port<AudioIn>; 2],
    tape: Arc<Mutex<Vec<Block>>>,
}

type Block = (u32, [Vec<f32>; 2]);

impl ProcessHandler for Recorder {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        let block = [&self.ports[0], &self.ports[1]].map(|port| port.as_slice(scope).to_vec());
        self.tape.lock().unwrap().push((scope.last_frame_time(), block));
        Control::Continue
    }
}

/// What comes out of the standalone from JACK's frame `from` on, and the frame at which it began to play; None when JACK lost a cycle,
/// which is the machine's doing.
fn through_jack(home: &Workshop, rate: u32, voice: &[f32], flags: &[&str]) -> Option<(Sound, usize)> {
    let ports = ["--backend", "jack", "--input", "none", "--output", "none", "--no-window"];
    let mut standalone = Standalone::start(home, &[&ports[..], flags].concat());
    let began: u32 = standalone.says("began at JACK's frame").rsplit(' ').next().unwrap().parse().unwrap();
    let (recorder, _) = Client::new("recorder", ClientOptions::NO_START_SERVER).unwrap();
    let inputs = ["left", "right"].map(|name| recorder.register_port(name, AudioIn::default()).unwrap());
    let (singer, _) = Client::new("singer", ClientOptions::NO_START_SERVER).unwrap();
    let port = singer.register_port("voice", AudioOut::default()).unwrap();
    let from = singer.frame_time() + rate / 2;
    let tape = Arc::default();
    let recorder = recorder.activate_async((), Recorder { ports: inputs, tape: Arc::clone(&tape) }).unwrap();
    let singer = singer.activate_async((), Singer { port, voice: voice.to_vec(), from }).unwrap();
    for (a, b) in [("singer:voice", "syrinx:voice"), ("syrinx:left", "recorder:left"), ("syrinx:right", "recorder:right")] {
        singer.as_client().connect_ports_by_name(a, b).unwrap();
    }
    let until = from + voice.len() as u32 + rate;
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
    Some((Sound { rate_hz: rate, channels: vec![channel(0), channel(1)] }, (from - began) as usize))
}

#[test]
#[ignore = "needs jackd: cargo xtask test brings it"]
fn jack_hears_what_the_command_line_renders() {
    for (rate, period, mode) in [(48_000, 512, "live"), (44_100, 1024, "live"), (96_000, 2048, "studio")] {
        let home = Workshop::new();
        let _server = Server::start(rate, period);
        let voice = Sound::voice(rate, 3.0).first_channel();
        let flags = ["--forget", "--instrument", "flute", "--latency", mode, "--set", "pitch_shift=5"];
        let heard = (0..5).find_map(|_| through_jack(&home, rate, &voice.channels[0], &flags));
        let (heard, lead) = heard.expect("JACK lost cycles in all of five tries");
        let arguments = ["--instrument", "flute", "--latency", mode, "--set", "pitch_shift=5"];
        let latency = home.latency(rate, mode);
        // One microphone, and a room with two sides.
        let both = Sound { rate_hz: rate, channels: vec![voice.channels[0].clone(); 2] };
        let reference = home.render(&both.after_silence(lead), &arguments).skip(lead);
        heard.skip(latency).assert_equals(&reference, 0.0, &format!("{rate} Hz, blocks of {period}, {mode}"));
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
