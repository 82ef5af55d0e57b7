//! Syrinx Keys in hosts made by hand, of either format: notes come out as the engine plays them, to the sample, however they are sent; and whatever is sent, nothing hangs,
//! clicks, allocates or waits.

// The hosts keep the contracts of the two interfaces, but for what the tests are about.
#![allow(clippy::undocumented_unsafe_blocks)]

#[path = "keys/clap.rs"]
mod clap;
#[path = "raw/vst3_lists.rs"]
mod lists;
#[path = "keys/vst3.rs"]
mod vst3;

use clap::Clap;
use std::sync::LazyLock;
use syrinx_engine::{
    Block, EngineConfig, Event, EventKind, Expression, KeyInstrument, KeyMode, KeySettings, Keys, Message, OWN_INSTRUMENT, Param,
    Settings, Slot, Tuning,
};
use syrinx_plugin::{
    library::Library,
    params::SyrinxParams,
    source::{self, Source, Values},
    state,
    tuning_files::Kind,
};
use vst3::Vst3;

const RATE_HZ: u32 = 48_000;

/// What a host sends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Sent<'a> {
    On {
        id: i32,
        channel: i16,
        key: i16,
        velocity: f32,
    },
    Off {
        id: i32,
        channel: i16,
        key: i16,
    },
    /// CLAP alone knows it.
    Choke {
        id: i32,
        channel: i16,
        key: i16,
    },
    /// To a note, by its number.
    Express {
        id: i32,
        expression: Expression,
        value: f32,
    },
    Midi([u8; 3]),
    /// A parameter, in its unit.
    Param(&'a str, f32),
}

fn on(key: i16, velocity: f32) -> Sent<'static> {
    Sent::On { id: -1, channel: 0, key, velocity }
}

fn off(key: i16) -> Sent<'static> {
    Sent::Off { id: -1, channel: 0, key }
}

/// A host with one instance.
trait Host {
    fn new() -> Self;
    fn activate(&mut self, rate_hz: f64, most: usize);
    fn deactivate(&mut self);
    fn reset(&mut self);
    /// Delay and tail, samples.
    fn times(&self) -> [usize; 2];
    /// Plays a block, which things happen in.
    fn play(&mut self, len: usize, sent: &[(usize, Sent<'_>)]) -> [Vec<f32>; 2];
    fn save(&self) -> Vec<u8>;
    fn load(&mut self, json: &[u8]) -> bool;
    /// Whether it said after the last block that nothing will be heard, in a format that knows that.
    fn sleeps(&self) -> Option<bool>;
    /// Whether MIDI comes through as it is.
    fn speaks_midi(&self) -> bool;

    /// Plays a stream in blocks of the sizes that `blocks` repeats.
    fn stream(&mut self, len: usize, blocks: &[usize], sent: &[(usize, Sent<'_>)]) -> [Vec<f32>; 2] {
        let mut out = [Vec::new(), Vec::new()];
        let mut sizes = blocks.iter().cycle();
        while out[0].len() < len {
            let from = out[0].len();
            let to = len.min(from + sizes.next().unwrap());
            let due: Vec<_> =
                sent.iter().filter(|(at, _)| (from..to).contains(at)).map(|(at, sent)| (at - from, *sent)).collect();
            let [left, right] = self.play(to - from, &due);
            out[0].extend(left);
            out[1].extend(right);
        }
        out
    }
}

/// The parameters that hosts see.
fn shown() -> Vec<&'static Param> {
    Source::Keys.params().collect()
}

/// A value of a parameter as VST3 has it, 0 to 1.
fn normalized(id: &str, value: f32) -> f32 {
    Source::Keys.param(id).unwrap().normalized(value)
}

/// The guard's switch for the calling thread, where the guard is preloaded: see `tests/guard`.
static ARM: LazyLock<Option<extern "C" fn(bool)>> = LazyLock::new(|| {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        let found = libc::dlsym(libc::RTLD_DEFAULT, c"syrinx_guard_arm".as_ptr());
        (!found.is_null()).then(|| std::mem::transmute::<*mut std::ffi::c_void, extern "C" fn(bool)>(found))
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    None
});

/// Calls what belongs to the audio thread; where the guard is preloaded, allocating, freeing, locking or waiting in there ends the process.
fn watched<T>(call: impl FnOnce() -> T) -> T {
    let Some(arm) = *ARM else { return call() };
    arm(true);
    let result = call();
    arm(false);
    result
}

/// What the engine plays of the same events.
fn engine(values: &Values, len: usize, events: &[(usize, u8, Message)]) -> [Vec<f32>; 2] {
    engine_with(None, values, len, events)
}

/// The same with an instrument of the player's own, as A.
fn engine_with(own: Option<&str>, values: &Values, len: usize, events: &[(usize, u8, Message)]) -> [Vec<f32>; 2] {
    of_keys(&mut keys_of(own, values), len, events)
}

/// The engine, set up so.
fn keys_of(own: Option<&str>, values: &Values) -> Keys {
    let config = EngineConfig { sample_rate_hz: RATE_HZ, channels: 2, seed: 0 };
    let mut keys = Keys::new(config, syrinx_models::factory()).unwrap();
    let own = own.map(|id| Box::new(KeyInstrument::new(RATE_HZ, syrinx_models::load(id).unwrap())));
    assert!(keys.install(Slot::A, own).is_ok());
    keys.set(&values.settings);
    keys.set_keys(&values.keys);
    keys
}

fn of_keys(keys: &mut Keys, len: usize, events: &[(usize, u8, Message)]) -> [Vec<f32>; 2] {
    let event = |&(at, channel, message): &_| Event { at, kind: EventKind::Message { channel, message } };
    let events: Vec<_> = events.iter().map(event).collect();
    let mut out = [vec![0.0; len], vec![0.0; len]];
    let [left, right] = &mut out;
    keys.play(Block { input: &[], output: &mut [left, right], events: &events });
    out
}

fn peak(sound: &[Vec<f32>; 2]) -> f32 {
    sound.iter().flatten().fold(0.0, |peak, x| peak.max(x.abs()))
}

/// Names the two of a test that is for hosts of both formats.
macro_rules! in_both {
    ($($test:ident => $clap:ident, $vst3:ident;)+) => {$(
        #[test]
        fn $clap() {
            $test::<Clap>();
        }

        #[test]
        fn $vst3() {
            $test::<Vst3>();
        }
    )+};
}

in_both! {
    notes_are_those_of_the_engine => clap_notes_are_those_of_the_engine, vst3_notes_are_those_of_the_engine;
    expressions_reach_their_note => clap_expressions_reach_their_note, vst3_expressions_reach_their_note;
    a_controllers_recording_is_played => clap_plays_mpe, vst3_plays_mpe;
    parameters_are_followed_and_kept => clap_parameters_are_followed_and_kept, vst3_parameters_are_followed_and_kept;
    a_tuning_travels_with_the_session => clap_keeps_a_tuning, vst3_keeps_a_tuning;
    nothing_hangs => clap_nothing_hangs, vst3_nothing_hangs;
    odd_input_does_no_harm => clap_odd_input_does_no_harm, vst3_odd_input_does_no_harm;
    every_rate_is_played => clap_every_rate_is_played, vst3_every_rate_is_played;
}

/// A melody with a chord; keys, and when each is struck and let go, samples.
const TUNE: [(u8, usize, usize); 6] = [
    (69, 100, 9_000),
    (72, 9_000, 18_001),
    (64, 20_000, 40_000),
    (67, 20_000, 38_000),
    (72, 20_013, 40_000),
    (71, 41_111, 47_000),
];

fn notes_are_those_of_the_engine<H: Host>() {
    let len = 60_000;
    let mut host = H::new();
    host.activate(RATE_HZ.into(), 8192);
    assert_eq!(host.times()[0], 0, "no delay");
    let mut sent: Vec<(usize, Sent<'_>)> = Vec::new();
    let mut events = Vec::new();
    for (n, (key, from, to)) in TUNE.into_iter().enumerate() {
        let (id, key_as_sent, velocity) = (n as i32, i16::from(key), 0.3 + 0.1 * n as f32);
        sent.push((from, Sent::On { id, channel: 0, key: key_as_sent, velocity }));
        sent.push((to, Sent::Off { id, channel: 0, key: key_as_sent }));
        events.push((from, 0, Message::NoteOn { key, velocity }));
        events.push((to, 0, Message::NoteOff { key }));
    }
    sent.sort_by_key(|(at, _)| *at);
    events.sort_by_key(|(at, ..)| *at);
    let wanted = engine(&Values::default(), len, &events);
    assert!(peak(&wanted) > 0.02);
    let first = wanted[0].iter().position(|x| *x != 0.0);
    assert!(first.is_some_and(|first| (100..110).contains(&first)), "a note sounds from its own sample: {first:?}");
    for blocks in [&[64][..], &[1], &[512, 3, 333, 17, 2048], &[8192]] {
        host.reset();
        assert!(host.stream(len, blocks, &sent) == wanted, "in blocks of {blocks:?}");
    }
}

fn expressions_reach_their_note<H: Host>() {
    let len = 30_000;
    let mut host = H::new();
    host.activate(RATE_HZ.into(), 512);
    // The second of two notes on different channels expresses everything there is.
    let all = [
        (Expression::Tuning, 2.0),
        (Expression::Volume, 0.5),
        (Expression::Vibrato, 0.75),
        (Expression::Effort, 0.5),
        (Expression::Brightness, 0.25),
        (Expression::Pressure, 0.5),
    ];
    let mut sent = vec![
        (0, Sent::On { id: 4, channel: 0, key: 60, velocity: 0.5 }),
        (0, Sent::On { id: 9, channel: 3, key: 67, velocity: 0.5 }),
    ];
    let mut events = vec![(0, 0, Message::NoteOn { key: 60, velocity: 0.5 }), (0, 3, Message::NoteOn { key: 67, velocity: 0.5 })];
    for (n, (expression, value)) in all.into_iter().enumerate() {
        let at = 4000 + 3000 * n;
        sent.push((at, Sent::Express { id: 9, expression, value }));
        // To nobody.
        sent.push((at, Sent::Express { id: 12, expression, value: 0.9 }));
        events.push((at, 3, Message::Express { key: Some(67), expression, value }));
    }
    // In CLAP, a note that nobody has means all notes: there the host's own rule asks for a note to be found by what it says.
    if host.speaks_midi() {
        sent.retain(|(_, sent)| !matches!(sent, Sent::Express { id: 12, .. }));
    }
    let wanted = engine(&Values::default(), len, &events);
    let played = host.stream(len, &[480], &sent);
    let worst = wanted[0].iter().zip(&played[0]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    // VST3 has tunings of 240 semitones as 0 to 1.
    assert!(worst < 2e-4, "{worst}");
    let plain = engine(&Values::default(), len, &events[..2]);
    assert!(plain[0].iter().zip(&played[0]).any(|(a, b)| (a - b).abs() > 0.005), "it is heard");
}

/// What an MPE controller sends: zone and ranges, then two notes, each on its own channel with bend, pressure and timbre of its own.
fn a_controllers_recording_is_played<H: Host>() {
    let len = 40_000;
    let mut host = H::new();
    host.activate(RATE_HZ.into(), 512);
    let mut stream: Vec<(usize, [u8; 3])> = vec![
        (0, [0xe1, 0, 64]),
        (0, [0xb1, 74, 64]),
        (0, [0xd1, 0, 0]),
        (0, [0x91, 60, 90]),
        (6000, [0xe2, 0, 80]),
        (6000, [0xb2, 74, 30]),
        (6000, [0x92, 67, 70]),
        (30_000, [0x81, 60, 64]),
        (34_000, [0x82, 67, 64]),
    ];
    for n in 0..100_usize {
        stream.push((1000 + 250 * n, [0xe1, (n % 128) as u8, 64 + (n / 10) as u8]));
        stream.push((1005 + 250 * n, [0xd1, (n % 128) as u8, 0]));
        stream.push((1010 + 250 * n, [0xb2, 74, (127 - n) as u8]));
    }
    // And the whole keyboard's.
    stream.push((12_000, [0xb0, 64, 127]));
    stream.push((33_000, [0xb0, 64, 0]));
    stream.push((20_000, [0xb0, 1, 100]));
    stream.sort_by_key(|(at, _)| *at);
    let values = Values { keys: KeySettings { mpe: true, ..KeySettings::default() }, ..Values::default() };
    let mut sent: Vec<_> = stream.iter().map(|(at, data)| (*at, Sent::Midi(*data))).collect();
    sent.insert(0, (0, Sent::Param("mpe", 1.0)));
    let events: Vec<_> = stream.iter().filter_map(|(at, data)| Message::of_midi(*data).map(|(c, m)| (*at, c, m))).collect();
    let wanted = engine(&values, len, &events);
    let played = host.stream(len, &[256], &sent);
    let worst = wanted[0].iter().zip(&played[0]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 2e-4, "{worst}");
    assert!(peak(&wanted) > 0.02);
}

fn parameters_are_followed_and_kept<H: Host>() {
    let mut host = H::new();
    host.activate(RATE_HZ.into(), 512);
    let sets = [("instrument_a", 2.0), ("pitch_shift", 12.0), ("key_mode", 2.0), ("voices", 5.0), ("glide", 0.25), ("a4", 432.0)];
    let sent: Vec<_> = sets.iter().map(|(id, value)| (0, Sent::Param(id, *value))).collect();
    host.play(64, &sent);
    let text = String::from_utf8(host.save()).unwrap();
    let mut values = Values::default();
    values.settings = Settings { instrument_a: 2, pitch_shift: 12.0, a4: 432.0, ..values.settings };
    values.keys = KeySettings { key_mode: KeyMode::Legato, voices: 5, glide: 0.25, ..values.keys };
    let params = SyrinxParams::new(Library::of(Source::Keys).0.into());
    state::from_json(text.as_bytes(), &params).unwrap();
    let near = |at: usize| (params.values().get(at) - values.get(at)).abs() < 0.02;
    assert!((0..source::ROWS).all(near), "{:?}", params.values());

    // Another instance gets it back, plays so, and refuses what is a voice's.
    let mut other = H::new();
    assert!(other.load(text.as_bytes()));
    other.activate(RATE_HZ.into(), 512);
    let voices = SyrinxParams::new(Library::new().0.into());
    assert!(!other.load(&state::for_host(&voices)) && !other.load(b"{}"));
    let events = [(0, 0, Message::NoteOn { key: 69, velocity: 0.7 })];
    let played = other.stream(20_000, &[512], &[(0, on(69, 0.7))]);
    assert!(played == engine(&params.values(), 20_000, &events));

    // An instrument of the player's own travels with it.
    let own = SyrinxParams::new(Library::of(Source::Keys).0.into());
    own.library().put(Slot::A, syrinx_models::load("flute").unwrap());
    own.apply(&Settings { instrument_a: OWN_INSTRUMENT, ..Settings::default() });
    assert!(other.load(&state::for_host(&own)));
    other.reset();
    // It arrives with a block.
    other.stream(4800, &[512], &[]);
    other.reset();
    let played = other.stream(20_000, &[512], &[(0, on(69, 0.7))]);
    assert!(played == engine_with(Some("flute"), &own.values(), 20_000, &events));
}

fn a_tuning_travels_with_the_session<H: Host>() {
    const SCALE: &str = "! pure.scl\npure fifths and thirds\n 3\n 5/4\n 3/2\n 2/1\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pure.scl");
    std::fs::write(&path, SCALE).unwrap();
    let params = SyrinxParams::new(Library::of(Source::Keys).0.into());
    params.library().tune(params.library().tuning().with(Kind::Scale, &path).unwrap()).unwrap();
    let session = state::for_host(&params);
    let tuned = |tuning: Tuning| {
        let mut keys = keys_of(None, &Values::default());
        keys.set_tuning(Box::new(tuning));
        of_keys(&mut keys, 20_000, &[(0, 0, Message::NoteOn { key: 62, velocity: 0.7 })])
    };
    let (pure, equal) = (tuned(Tuning::from_scala(Some(SCALE.as_bytes()), None).unwrap()), tuned(Tuning::default()));
    assert!(pure != equal);
    let mut host = H::new();
    host.activate(RATE_HZ.into(), 512);
    let play = |host: &mut H| {
        host.reset();
        host.stream(20_000, &[512], &[(0, on(62, 0.7))])
    };
    assert!(play(&mut host) == equal);
    // While it plays; and before it does, in another.
    assert!(host.load(&session));
    host.stream(512, &[512], &[]);
    assert!(play(&mut host) == pure);
    let kept = host.save();
    let mut other = H::new();
    assert!(other.load(&kept));
    other.activate(RATE_HZ.into(), 512);
    assert!(play(&mut other) == pure);
    let broken = String::from_utf8(kept).unwrap().replace("5/4", "5/x");
    assert!(!other.load(broken.as_bytes()) && play(&mut other) == pure, "it stays as it was");
}

/// How long a note of the violin may sound on.
const RINGS: usize = 3 * RATE_HZ as usize;

fn nothing_hangs<H: Host>() {
    let mut host = H::new();
    host.activate(RATE_HZ.into(), 512);
    let mut silent_after = |what: &str, sent: &[(usize, Sent<'_>)]| {
        let sounding = host.stream(24_000, &[512], sent);
        assert!(peak(&sounding) > 0.001, "{what}: it is not heard");
        assert!(sounding.iter().flatten().all(|x| x.is_finite()));
        host.stream(RINGS, &[512], &[]);
        assert_eq!(peak(&host.stream(2048, &[512], &[])), 0.0, "{what}");
        assert!(host.sleeps().is_none_or(|sleeps| sleeps), "{what}: it is not told");
    };
    silent_after("let go", &[(0, on(60, 0.8)), (4800, off(60))]);
    silent_after("struck anew", &[(0, on(60, 0.8)), (4800, on(60, 0.9)), (9600, off(60))]);
    let numbered = |id, velocity| Sent::On { id, channel: 0, key: 60, velocity };
    let end = |id| Sent::Off { id, channel: 0, key: 60 };
    silent_after("struck anew by number", &[(0, numbered(1, 0.5)), (100, numbered(2, 0.5)), (4800, end(1)), (9600, end(2))]);
    silent_after("of a number that was used", &[(0, numbered(2, 0.5)), (4800, end(2))]);
    silent_after("all notes off", &[(0, on(60, 0.8)), (10, on(67, 0.8)), (4800, Sent::Midi([0xb0, 123, 127]))]);
    silent_after("all sound off", &[(0, on(60, 0.8)), (10, on(67, 0.8)), (4800, Sent::Midi([0xb0, 120, 127]))]);
    silent_after(
        "a pedal",
        &[(0, Sent::Midi([0xb0, 64, 127])), (0, on(60, 0.8)), (4800, off(60)), (9600, Sent::Midi([0xb0, 64, 0]))],
    );
    silent_after("bypass", &[(0, on(60, 0.8)), (4800, Sent::Param("bypass", 1.0))]);
    silent_after("after bypass", &[(0, Sent::Param("bypass", 0.0)), (0, on(60, 0.8)), (4800, off(60))]);
    silent_after("another mode", &[(0, on(60, 0.8)), (4800, Sent::Param("key_mode", 1.0)), (9600, off(60))]);
    silent_after("another instrument", &[(0, on(60, 0.8)), (4800, Sent::Param("instrument_a", 1.0)), (9600, off(60))]);
    if host.speaks_midi() {
        // Keys that stay down.
        let choke = Sent::Choke { id: -1, channel: 0, key: -1 };
        host.stream(24_000, &[512], &[(0, on(60, 0.8)), (0, on(64, 0.8)), (4800, choke)]);
        host.stream(RINGS, &[512], &[]);
        assert_eq!(peak(&host.stream(512, &[512], &[])), 0.0, "choked");
    }
    // A host that stops forgets its notes; so does a stream that begins anew.
    host.play(512, &[(0, on(60, 0.8))]);
    assert!(host.sleeps().is_none_or(|sleeps| !sleeps));
    host.reset();
    assert_eq!(peak(&host.stream(4096, &[512], &[])), 0.0, "after a reset");
    host.play(512, &[(0, on(60, 0.8))]);
    host.deactivate();
    host.activate(RATE_HZ.into(), 512);
    assert_eq!(peak(&host.stream(4096, &[512], &[])), 0.0, "after an activation");
    // A state does not leave them hanging.
    host.play(512, &[(0, on(60, 0.8))]);
    let session = host.save();
    assert!(host.load(&session));
    host.play(512, &[(0, off(60))]);
    host.stream(RINGS, &[512], &[]);
    assert_eq!(peak(&host.stream(2048, &[512], &[])), 0.0, "after a state");
}

fn odd_input_does_no_harm<H: Host>() {
    let mut host = H::new();
    host.activate(RATE_HZ.into(), 512);
    let finite = |sound: &[Vec<f32>; 2]| assert!(sound.iter().flatten().all(|x| x.is_finite() && x.abs() <= 1.0));
    // A thousand notes in a block, off before on, equal times, keys and channels that are none, velocities that are none.
    let thousand: Vec<_> =
        (0..1000).map(|n| ((n * 7919) % 512, if n % 3 == 0 { off(n as i16 % 128) } else { on(n as i16 % 128, 0.9) })).collect();
    finite(&host.play(512, &thousand));
    let odd = [
        on(-5, 0.5),
        on(128, 0.5),
        on(i16::MAX, 0.5),
        on(60, f32::NAN),
        on(60, -1.0),
        on(60, 1e30),
        on(60, 0.0),
        on(0, 1.0),
        on(127, 1.0),
    ];
    let odd = odd.into_iter().chain([
        Sent::On { id: i32::MAX, channel: 300, key: 60, velocity: 0.5 },
        Sent::Off { id: i32::MIN, channel: -300, key: -1 },
        Sent::Express { id: i32::MAX, expression: Expression::Tuning, value: f32::NAN },
        Sent::Express { id: i32::MAX, expression: Expression::Volume, value: f32::INFINITY },
        Sent::Midi([0xff, 255, 255]),
        Sent::Midi([0x90, 200, 100]),
    ]);
    let odd: Vec<_> = odd.map(|sent| (511, sent)).collect();
    finite(&host.play(512, &odd));
    finite(&host.stream(4096, &[1, 7, 512], &[]));
    // More than anybody can count: what was down is let go.
    let flood: Vec<_> = (0..20_000).map(|n| (n % 512, on((n % 128) as i16, 0.5))).collect();
    finite(&host.play(512, &flood));
    host.play(512, &[(0, Sent::Midi([0xb0, 123, 127]))]);
    host.stream(4 * RINGS, &[512], &[]);
    assert_eq!(peak(&host.stream(2048, &[512], &[])), 0.0);
    // Blocks of nothing.
    host.play(0, &[(0, on(60, 0.5))]);
    assert!(peak(&host.stream(4096, &[512], &[])) > 0.001, "what came without sound is heard with the next");
}

fn every_rate_is_played<H: Host>() {
    for rate_hz in [22_050.0, 44_100.0, 48_000.5, 96_000.0, 192_000.0, 384_000.0] {
        let mut host = H::new();
        host.activate(rate_hz, 4096);
        let own = (44_100.0..=192_000.0).contains(&rate_hz);
        assert_eq!(host.times()[0] == 0, own, "{rate_hz} Hz: the delay is {}", host.times()[0]);
        let len = (0.4 * rate_hz) as usize;
        let sound = host.stream(len, &[4096], &[(0, on(69, 0.8))]);
        // Of a note of 440 Hz: its periods.
        let tail = &sound[0][len / 2..];
        let crossings = tail.windows(2).filter(|pair| pair[0] <= 0.0 && pair[1] > 0.0).count();
        assert!(peak(&sound) > 0.01 && crossings > 60, "{rate_hz} Hz: {crossings}");
    }
}

/// What is watched for where the guard is preloaded: see `tests/hosts_raw.rs`.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn nothing_allocates_or_waits() {
    const GUARDED: &str = "SYRINX_GUARDED";
    if std::env::var_os(GUARDED).is_some() {
        assert!(ARM.is_some(), "the guard is not loaded");
        odd_input_does_no_harm::<Clap>();
        odd_input_does_no_harm::<Vst3>();
        parameters_are_followed_and_kept::<Clap>();
        parameters_are_followed_and_kept::<Vst3>();
        return;
    }
    let program = std::env::current_exe().unwrap();
    let guard = program.ancestors().skip(1).take(2).map(|folder| folder.join("libsyrinx_guard.so")).find(|path| path.exists());
    let mut again = std::process::Command::new(&program);
    again.args(["--exact", "nothing_allocates_or_waits", "--nocapture"]).env(GUARDED, "1");
    let output = again.env("LD_PRELOAD", guard.expect("the guard is built with the workspace")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
