//! The plugin in hosts made by hand, which do what hosts of either format are free to do, and what they are not: any number of channels, buffers
//! that are one another, or missing, events out of place, rates of every kind. No host goes down with it, and nothing is lost.

// The hosts keep the contracts of the two interfaces, but for what the tests are about.
#![allow(clippy::undocumented_unsafe_blocks)]

mod raw {
    pub mod clap;
    pub mod notes;
    pub mod vst3;
    pub mod vst3_lists;
}

use raw::{clap, vst3};
use std::{
    env,
    f32::consts::TAU,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    process::{Command, Output},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};
use syrinx_engine::{AnyRate, LatencyMode, Message, OWN_INSTRUMENT, PARAMS, Settings, Slot, SpectralWeights};
use syrinx_plugin::{judged, library::Library, params::SyrinxParams, state};
use syrinx_testkit::in_long_form;

/// What a host gives a block: its channels in and out, and which of them are missing or one memory.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    inputs: usize,
    outputs: usize,
    /// Out goes to the memory that in comes from.
    in_place: bool,
    /// The last channel in each direction is a null pointer.
    holes: bool,
}

/// The memory of a block.
struct Memory {
    /// Pointers as the host gives them.
    inputs: Vec<*mut f32>,
    outputs: Vec<*mut f32>,
    channels: Vec<Vec<f32>>,
    own: usize,
}

impl Memory {
    fn new(ports: Ports, voice: &[f32]) -> Self {
        let own = if ports.in_place { 0 } else { ports.inputs };
        // Whatever was in what goes out before has no business there.
        let mut channels = vec![voice.to_vec(); ports.inputs];
        channels.resize_with(own + ports.outputs.max(if ports.in_place { ports.inputs } else { 0 }), || vec![7.0; voice.len()]);
        let mut pointers: Vec<*mut f32> = channels.iter_mut().map(|channel| channel.as_mut_ptr()).collect();
        let (mut inputs, mut outputs) = (pointers[..ports.inputs].to_vec(), pointers.split_off(own)[..ports.outputs].to_vec());
        if ports.holes {
            [&mut inputs, &mut outputs]
                .into_iter()
                .filter_map(|list| list.last_mut())
                .for_each(|last| *last = std::ptr::null_mut());
        }
        Self { inputs, outputs, channels, own }
    }

    /// What came out.
    fn out(self) -> Vec<Vec<f32>> {
        let written = self.outputs.iter().zip(&self.channels[self.own..]);
        written.filter(|(pointer, _)| !pointer.is_null()).map(|(_, channel)| channel.clone()).collect()
    }
}

/// A host with one instance. What takes `&self` may be called by two threads: one plays, the other asks.
trait Host: Sync {
    fn new() -> Self;
    /// Agrees on channels; whether the plugin does.
    fn agree(&mut self, inputs: usize, outputs: usize) -> bool;
    /// Whether it activates.
    fn activate(&mut self, rate_hz: f64, most: usize) -> bool;
    fn deactivate(&mut self);
    fn latency(&mut self) -> usize;
    fn tail(&mut self) -> usize;
    /// Plays a block of a voice on all channels in, with changes of parameters (sample, id, 0 to 1); the channels that come out, holes left out.
    fn play(&self, ports: Ports, voice: &[f32], changes: &[(i64, &str, f32)]) -> Vec<Vec<f32>>;
    /// The notes that the plugin gave with the last block: samples, channels, and what they say.
    fn given(&self) -> Vec<(usize, u8, Message)>;
    /// Value of a parameter, 0 to 1.
    fn value(&self, id: &str) -> f32;
    fn set(&self, id: &str, value: f32);
    fn save(&self) -> Vec<u8>;
    fn load(&self, state: &[u8]) -> bool;
    /// A state as this format's hosts hand it over.
    fn state(json: Vec<u8>) -> Vec<u8>;
    /// Times that the plugin has said that its delay is another one, and asked to be activated anew.
    fn told(&self) -> (usize, usize);
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

/// Runs a test of this program in a process of its own, with a variable of the environment.
fn again(test: &str, variable: &str, value: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(variable, value);
    command
}

/// What such a process said, which must have ended well.
fn ended_well(output: Output) -> String {
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "{}: {said}", output.status);
    said
}

/// Numbers below what is asked for, by chance, and the same in every run.
fn chance(mut seed: u32) -> impl FnMut(usize) -> usize {
    move |below| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % below
    }
}

fn row(id: &str) -> usize {
    PARAMS.iter().position(|p| p.id == id).unwrap()
}

fn voice(rate_hz: f64, from: usize, len: usize) -> Vec<f32> {
    let tone = |n: usize, partial: f32| (TAU * 220.0 * partial * (n as f64 / rate_hz) as f32).sin() / partial;
    (from..from + len).map(|n| 0.2 * (1..9).map(|k| tone(n, k as f32)).sum::<f32>()).collect()
}

const WHOLE: Ports = Ports { inputs: 2, outputs: 2, in_place: false, holes: false };

fn peak(x: &[f32]) -> f32 {
    x.iter().fold(0.0, |peak: f32, x| peak.max(x.abs()))
}

fn any_channels<H: Host>() {
    for agreed in [(2, 2), (1, 1), (1, 2), (2, 1)] {
        let mut host = H::new();
        assert!(host.agree(agreed.0, agreed.1), "{agreed:?}");
        // What cannot be had is refused, and what was agreed on stays.
        for (inputs, outputs) in [(0, 2), (2, 0), (3, 3), (6, 2), (2, 6)] {
            assert!(!host.agree(inputs, outputs), "{inputs} in and {outputs} out");
        }
        assert!(host.activate(48_000.0, 512));
        let mut at = 0;
        let mut block = |host: &mut H, ports: Ports| {
            let voice = voice(48_000.0, at, 480);
            at += 480;
            host.play(ports, &voice, &[])
        };
        for inputs in 0..5 {
            for outputs in 0..5 {
                for (in_place, holes) in [(false, false), (true, false), (false, true), (true, true)] {
                    let ports = Ports { inputs, outputs, in_place, holes };
                    for _ in 0..3 {
                        let out = block(&mut host, ports);
                        assert!(out.iter().flatten().all(|x| x.is_finite()), "{agreed:?}, {ports:?}");
                        assert!(
                            out.iter().skip(2).all(|extra| peak(extra) == 0.0),
                            "{agreed:?}, {ports:?}: channels of nobody sound"
                        );
                    }
                }
            }
        }
        // And it plays on as if nothing had been.
        let ports = Ports { inputs: agreed.0, outputs: agreed.1, in_place: agreed.0 == agreed.1, holes: false };
        let mut sounds = vec![0.0_f32; agreed.1];
        for _ in 0..100 {
            let out = block(&mut host, ports);
            sounds.iter_mut().zip(&out).for_each(|(most, channel)| *most = most.max(peak(channel)));
        }
        assert!(sounds.iter().all(|most| *most > 0.01), "{agreed:?}: {sounds:?}");
    }
}

#[test]
fn clap_plays_with_any_channels() {
    any_channels::<clap::Raw>();
}

#[test]
fn vst3_plays_with_any_channels() {
    any_channels::<vst3::Raw>();
}

/// What comes out is the engine's own, however the buffers lie.
fn in_place_is_as_apart<H: Host>() {
    for (inputs, outputs) in [(2, 2), (1, 1), (1, 2)] {
        let mut engine = AnyRate::new(48_000.0, outputs, syrinx_models::factory()).unwrap();
        let sung = voice(48_000.0, 0, 24_000);
        let (mut left, mut right) = (vec![0.0; sung.len()], vec![0.0; sung.len()]);
        engine.process(&vec![&sung[..]; inputs], &mut [&mut left, &mut right]);
        for in_place in [false, true] {
            let mut host = H::new();
            assert!(host.agree(inputs, outputs) && host.activate(48_000.0, 512));
            let ports = Ports { inputs, outputs, in_place, holes: false };
            let blocks: Vec<_> = sung.chunks(500).map(|block| host.play(ports, block, &[])).collect();
            for (channel, wanted) in [&left, &right].into_iter().enumerate().take(outputs) {
                let out: Vec<f32> = blocks.iter().flat_map(|block| block[channel].iter().copied()).collect();
                assert!(out == *wanted, "{inputs} in, {outputs} out, in place {in_place}: channel {channel}");
            }
        }
    }
}

#[test]
fn clap_in_place_is_as_apart() {
    in_place_is_as_apart::<clap::Raw>();
}

#[test]
fn vst3_in_place_is_as_apart() {
    in_place_is_as_apart::<vst3::Raw>();
}

/// Changes are heard from their very sample on; those before or after their block at its nearer end, and none is lost.
fn changes_are_clamped_and_exact<H: Host>() {
    let sung = voice(48_000.0, 0, 30_000);
    let mut engine = AnyRate::new(48_000.0, 2, syrinx_models::factory()).unwrap();
    let mut wanted = vec![0.0; sung.len()];
    let mut settings = Settings::default();
    let mut from = 0;
    // Sample of the stream, and where in its block of 500 the host says it is.
    let changes = [
        (3_000, 0_i64, 0.25),
        (4_123, 123, 0.75),
        (6_000, 500, 0.125),
        (7_000, 501, 0.875),
        (9_500, i64::from(u32::MAX), 0.375),
        (12_499, 499, 0.625),
    ];
    for (at, _, pitch) in changes {
        engine.process(&[&sung[from..at]], &mut [&mut wanted[from..at]]);
        let row = &PARAMS[row("pitch_shift")];
        settings.pitch_shift = row.min + pitch * (row.max - row.min);
        engine.engine().set(&settings);
        from = at;
    }
    engine.process(&[&sung[from..]], &mut [&mut wanted[from..]]);
    let mut host = H::new();
    assert!(host.activate(48_000.0, 512));
    let mut out = Vec::new();
    for (number, block) in sung.chunks(500).enumerate() {
        let here = |at: usize, said: i64| if said >= 500 { at == 500 * (number + 1) } else { at / 500 == number };
        // Sorted by nobody.
        let list: Vec<_> = changes
            .iter()
            .rev()
            .filter(|(at, said, _)| here(*at, *said))
            .map(|(_, said, v)| (*said, "pitch_shift", *v))
            .collect();
        out.extend(host.play(WHOLE, block, &list).remove(0));
    }
    let off = out.iter().zip(&wanted).position(|(a, b)| a != b);
    assert_eq!(off, None, "the first sample that differs");
    // A number that is none changes nothing.
    host.play(WHOLE, &sung[..64], &[(0, "pitch_shift", f32::NAN), (3, "pitch_shift", f32::INFINITY)]);
    assert!((host.value("pitch_shift") - 0.625).abs() < 0.01);
}

#[test]
fn clap_changes_are_clamped_and_exact() {
    changes_are_clamped_and_exact::<clap::Raw>();
}

#[test]
fn vst3_changes_are_clamped_and_exact() {
    changes_are_clamped_and_exact::<vst3::Raw>();
}

/// It plays at every rate from 8 to 768 kHz with the delay that it tells, and says so where there is none that it can play at.
fn any_rate<H: Host>() {
    let mut host = H::new();
    for rate_hz in [8_000.0, 22_050.0, 32_000.0, 44_100.0, 47_952.05, 64_000.0, 384_000.0, 768_000.0] {
        assert!(host.activate(rate_hz, 1024), "{rate_hz} Hz");
        let (latency, tail) = (host.latency(), host.tail());
        assert!(latency > 0 && tail > latency, "{rate_hz} Hz: delay {latency}, tail {tail} before the first block");
        let mut most = 0.0_f32;
        for n in 0..(0.4 * rate_hz / 1024.0) as usize {
            let out = host.play(WHOLE, &voice(rate_hz, n * 1024, 1024), &[]);
            assert!(out.iter().flatten().all(|x| x.is_finite()));
            most = most.max(peak(&out[0]));
        }
        assert!(most > 0.01, "{rate_hz} Hz is silent");
        assert_eq!((host.latency(), host.tail()), (latency, tail), "{rate_hz} Hz: what was told is still so");
        host.deactivate();
    }
    for rate_hz in [0.0, 700.0, 1e9, f64::NAN] {
        assert!(!host.activate(rate_hz, 512), "{rate_hz} Hz");
        // A host that processes all the same hears nothing.
        let out = host.play(WHOLE, &voice(48_000.0, 0, 512), &[]);
        assert!(out.iter().all(|channel| peak(channel) == 0.0));
    }
    assert!(host.activate(48_000.0, 512));
}

#[test]
fn clap_plays_at_any_rate() {
    any_rate::<clap::Raw>();
}

#[test]
fn vst3_plays_at_any_rate() {
    any_rate::<vst3::Raw>();
}

/// The delay and the tail are right from the activation on; a state or a setting changes them, and the host is told, once.
fn times_are_told<H: Host>() {
    let mut host = H::new();
    assert!(host.activate(48_000.0, 512));
    let (live, asked) = (host.latency(), host.told().1);
    assert_eq!(asked, 0, "an activation asks for none");
    host.play(WHOLE, &voice(48_000.0, 0, 512), &[]);
    assert_eq!(host.told().1, 0, "nor does a block");
    host.deactivate();
    host.set("latency_mode", 1.0);
    let studio_state = host.save();
    assert!(host.activate(48_000.0, 512));
    let studio = host.latency();
    assert!(studio > live);
    host.deactivate();
    host.set("latency_mode", 0.0);
    assert!(host.activate(48_000.0, 512));
    assert_eq!(host.latency(), live);
    // While it is active and nothing plays.
    let before = host.told();
    assert!(host.load(&studio_state));
    let after = host.told();
    assert!(after > before, "the host hears that the delay is another one: {before:?}, {after:?}");
    host.deactivate();
    assert!(host.activate(48_000.0, 512));
    assert_eq!(host.latency(), studio);
    // A tail: the room's.
    let dry = host.tail();
    host.deactivate();
    host.set("reverb_mix", 0.5);
    assert!(host.activate(48_000.0, 512));
    assert!(host.tail() > dry + 10_000, "{dry} and {} samples", host.tail());
}

#[test]
fn clap_times_are_told() {
    times_are_told::<clap::Raw>();
    clap::latency_is_told_inside_activate_only();
}

/// While sound runs, a host shows the controller a value at once, and sends it to the audio thread when it is due.
#[test]
fn vst3_shows_what_the_controller_was_told() {
    let mut host = vst3::Raw::new();
    assert!(host.activate(48_000.0, 512));
    let sung = voice(48_000.0, 0, 512);
    host.play(WHOLE, &sung, &[]);
    host.set("bypass", 1.0);
    assert_eq!(host.value("bypass"), 1.0);
    host.play(WHOLE, &sung, &[(0, "bypass", 1.0)]);
    assert_eq!(host.value("bypass"), 1.0);
    host.play(WHOLE, &sung, &[(0, "bypass", 0.0)]);
    assert_eq!(host.value("bypass"), 0.0);
}

#[test]
fn vst3_times_are_told() {
    times_are_told::<vst3::Raw>();
}

/// A state that is refused is said to be, and changes nothing.
fn a_refused_state_is_said_to_be<H: Host>() {
    let host = H::new();
    host.set("pitch_shift", 0.75);
    let state = host.save();
    for bad in [&b""[..], b"{}", b"not json", &state[..state.len() / 2], &[0xff; 100_000]] {
        assert!(!host.load(bad));
        assert!((host.value("pitch_shift") - 0.75).abs() < 0.01);
    }
    host.set("pitch_shift", 0.25);
    assert!(host.load(&state));
    assert!((host.value("pitch_shift") - 0.75).abs() < 0.01);
}

#[test]
fn clap_says_that_a_state_is_refused() {
    a_refused_state_is_said_to_be::<clap::Raw>();
}

#[test]
fn vst3_says_that_a_state_is_refused() {
    a_refused_state_is_said_to_be::<vst3::Raw>();
}

/// States with damage anywhere are taken or refused, and whatever comes of it plays numbers.
fn damaged_states_do_no_harm<H: Host>() {
    let mut host = H::new();
    host.set("pitch_shift", 0.75);
    let state = host.save();
    assert!(host.activate(48_000.0, 512));
    let sung = voice(48_000.0, 0, 512);
    let mut random = chance(1);
    let rounds = if in_long_form() { 3000 } else { 300 };
    let mut taken = 0;
    for _ in 0..rounds {
        let mut bad = state.clone();
        for _ in 0..1 + random(4) {
            let at = random(bad.len());
            match random(4) {
                0 => bad[at] = random(256) as u8,
                1 => bad[at] ^= 1 << random(8),
                2 => drop(bad.remove(at)),
                _ => bad.insert(at, b"0123456789{}[]\",.-e"[random(19)]),
            }
        }
        taken += u32::from(host.load(&bad));
        let out = host.play(WHOLE, &sung, &[]);
        assert!(out.iter().flatten().all(|x| x.is_finite()));
    }
    assert!(taken < rounds, "every one was taken");
    assert!(host.load(&state));
    assert!((host.value("pitch_shift") - 0.75).abs() < 0.01);
}

#[test]
fn clap_damaged_states_do_no_harm() {
    damaged_states_do_no_harm::<clap::Raw>();
}

#[test]
fn vst3_damaged_states_do_no_harm() {
    damaged_states_do_no_harm::<vst3::Raw>();
}

/// A session: settings, and an own instrument for the first slot.
fn session<H: Host>(own: Option<&str>, settings: Settings, weights: &SpectralWeights) -> Vec<u8> {
    let params = SyrinxParams::new(Arc::new(Library::new().0));
    params.apply(&settings);
    params.spectral_weights().set(weights);
    if let Some(id) = own {
        params.library().put(Slot::A, judged::from_bytes(syrinx_models::bytes(id).unwrap()).unwrap());
    }
    H::state(state::for_host(&params))
}

/// Runs `audio` on a thread that is not of Rust's making, as hosts' are not, until `main` has ended here.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn beside(audio: &(dyn Fn(&AtomicBool) + Sync), main: impl FnOnce()) {
    use std::{ffi::c_void, ptr};
    type Call<'a> = (&'a (dyn Fn(&AtomicBool) + Sync), AtomicBool);
    extern "C" fn run(call: *mut c_void) -> *mut c_void {
        let (audio, done) = unsafe { &*call.cast::<Call<'_>>() };
        audio(done);
        ptr::null_mut()
    }
    let mut call: Call<'_> = (audio, AtomicBool::new(false));
    let call = &raw mut call;
    let mut thread = 0;
    assert_eq!(unsafe { libc::pthread_create(&mut thread, ptr::null(), run, call.cast()) }, 0);
    let ended = catch_unwind(AssertUnwindSafe(main));
    unsafe {
        (*call).1.store(true, Ordering::Relaxed);
        libc::pthread_join(thread, ptr::null_mut());
    }
    ended.unwrap_or_else(|panic| resume_unwind(panic));
}

/// Sessions are restored, each with another own instrument, other settings and another delay, while sound runs and its parameters move, and
/// the audio thread goes on: never silent for good, and, where the guard is preloaded, without allocating, freeing, locking or waiting.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn restored_while_it_plays<H: Host>(ask: impl Fn(&H, usize)) {
    let mut host = H::new();
    let own = OWN_INSTRUMENT;
    let weighted = SpectralWeights { harmonics_db: std::array::from_fn(|n| -(n as f32 % 7.0)), ..SpectralWeights::default() };
    let sessions = [
        session::<H>(Some("flute"), Settings { instrument_a: own, reverb_mix: 40.0, ..Settings::default() }, &weighted),
        session::<H>(
            Some("trumpet"),
            Settings { instrument_a: own, latency_mode: LatencyMode::Studio, ..Settings::default() },
            &SpectralWeights::default(),
        ),
        session::<H>(None, Settings { instrument_a: 3, instrument_b: 2, morph: 50.0, ..Settings::default() }, &weighted),
        session::<H>(
            Some("cello"),
            Settings { instrument_b: own, morph: 70.0, ..Settings::default() },
            &SpectralWeights::default(),
        ),
        session::<H>(Some("flute"), Settings { instrument_a: own, ..Settings::default() }, &SpectralWeights::default()),
    ];
    // Restored anew every time, they would be judged anew every time.
    let _kept: Vec<_> =
        ["flute", "trumpet", "cello"].map(|id| judged::from_bytes(syrinx_models::bytes(id).unwrap()).unwrap()).into();
    assert!(host.activate(48_000.0, 512));
    let (host, blocks) = (&host, AtomicUsize::new(0));
    let sung = voice(48_000.0, 0, 48_000);
    let audio = |done: &AtomicBool| {
        let (mut random, mut at) = (chance(1), 0);
        while !done.load(Ordering::Relaxed) {
            let len = [64, 1, 512, 333, 17, 500, 0][random(7)];
            let value = |random: &mut dyn FnMut(usize) -> usize| [0.0, 1.0, random(1000) as f32 / 1000.0][random(3)];
            let changes: Vec<_> =
                (0..random(4)).map(|_| (random(len + 1) as i64, PARAMS[random(PARAMS.len())].id, value(&mut random))).collect();
            let out = host.play(WHOLE, &sung[at..at + len], &changes);
            assert!(out.iter().flatten().all(|x| x.is_finite()));
            at = (at + len) % (sung.len() - 512);
            blocks.fetch_add(1, Ordering::Relaxed);
        }
    };
    beside(&audio, || {
        for n in 0..300 {
            let before = blocks.load(Ordering::Relaxed);
            let session = &sessions[n % sessions.len()];
            assert!(host.load(session), "session {n}");
            assert!(!host.load(&session[..session.len() - 1]), "half a session");
            ask(host, n);
            assert!(host.save().len() > 1000 && host.value("morph").is_finite());
            // Most at a block's distance or some, others at once.
            while n % 4 > 0 && blocks.load(Ordering::Relaxed) < before + n % 4 {
                thread::yield_now();
            }
        }
    });
    let told = host.told();
    assert!(told.0 + told.1 > 0, "the delay was another one, and nobody said so");
    assert!(host.load(&sessions[4]));
    let loudest =
        |host: &H| (0..100).map(|n| peak(&host.play(WHOLE, &voice(48_000.0, 480 * n, 480), &[])[0])).fold(0.0, f32::max);
    assert!(loudest(host) > 0.01, "it plays on");
}

/// In a second run of a test, under the guard.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn guarded(test: &str, run: impl FnOnce()) {
    const GUARDED: &str = "SYRINX_GUARDED";
    if env::var_os(GUARDED).is_some() {
        assert!(ARM.is_some(), "the guard is not loaded");
        return run();
    }
    let deps = env::current_exe().unwrap();
    let guard = deps.ancestors().skip(1).take(2).map(|folder| folder.join("libsyrinx_guard.so")).find(|path| path.exists());
    let guard = guard.expect("the guard is built with the workspace");
    ended_well(again(test, GUARDED, "1").env("LD_PRELOAD", guard).output().unwrap());
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn clap_restored_while_it_plays() {
    guarded("clap_restored_while_it_plays", || restored_while_it_plays::<clap::Raw>(|_, _| ()));
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn vst3_restored_while_it_plays() {
    // Here, the controller may be told of values meanwhile.
    let ask = |host: &vst3::Raw, n: usize| host.set(PARAMS[n % PARAMS.len()].id, 0.5);
    guarded("vst3_restored_while_it_plays", || restored_while_it_plays::<vst3::Raw>(ask));
}

/// In a process of its own, for what is counted of whole processes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn alone(test: &str, run: impl FnOnce()) {
    const ALONE: &str = "SYRINX_ALONE";
    if env::var_os(ALONE).is_some() {
        return run();
    }
    print!("{}", ended_well(again(test, ALONE, "1").output().unwrap()));
}

/// Bytes of this process in memory, and of them those that were asked for and not given back.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn held() -> (usize, usize) {
    // SAFETY: one gives back to the system what is free already, the other reads the allocator's counts.
    let info = unsafe {
        libc::malloc_trim(0);
        libc::mallinfo2()
    };
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kilobytes: usize = resident.split_whitespace().next().unwrap().parse().unwrap();
    (1024 * kilobytes, info.uordblks + info.hblkhd)
}

/// What 25 instances that play add to a process that has none yet, the first one's share for all among it.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn twenty_five_are_small<H: Host>() {
    let before = held();
    let mut hosts: Vec<H> = (0..25).map(|_| H::new()).collect();
    assert!(hosts.iter_mut().all(|host| host.activate(48_000.0, 512)));
    for n in 0..100 {
        let sung = voice(48_000.0, 480 * n, 480);
        let playing = hosts.iter().map(|host| peak(&host.play(WHOLE, &sung, &[])[0])).filter(|peak| *peak > 0.01).count();
        assert!(n < 50 || playing == 25, "{playing} play");
    }
    let after = held();
    let [resident, asked] = [after.0 - before.0, after.1 - before.1].map(|bytes| bytes as f64 / 1e6);
    println!("25 instances: {resident:.1} MB in memory, {asked:.1} MB asked for");
    assert!(resident < 67.0, "{resident} MB");
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn clap_twenty_five_are_small() {
    alone("clap_twenty_five_are_small", twenty_five_are_small::<clap::Raw>);
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn vst3_twenty_five_are_small() {
    alone("vst3_twenty_five_are_small", twenty_five_are_small::<vst3::Raw>);
}

/// Minutes of notes, of parameters that move, of other instruments and of sessions restored: memory stays what it is after the first one.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn minutes_leave_nothing_behind<H: Host>() {
    let own = OWN_INSTRUMENT;
    let session = |id| session::<H>(Some(id), Settings { instrument_a: own, ..Settings::default() }, &SpectralWeights::default());
    let sessions = ["flute", "trumpet", "cello"].map(session);
    // Two notes, and a breath.
    let sung: Vec<f32> = [(0, 0.7), (96_000, 1.0), (0, 0.0)]
        .into_iter()
        .flat_map(|(from, gain)| voice(48_000.0, from, 24_000).into_iter().map(move |x| gain * x))
        .collect();
    let mut host = H::new();
    assert!(host.activate(48_000.0, 512));
    let mut random = chance(1);
    let mut minute = || {
        for n in 0..60 * 100 {
            let from = 480 * n % sung.len();
            let value = |random: &mut dyn FnMut(usize) -> usize| random(1000) as f32 / 1000.0;
            let changes: Vec<_> =
                (0..random(3)).map(|_| (random(480) as i64, PARAMS[random(PARAMS.len())].id, value(&mut random))).collect();
            let out = host.play(WHOLE, &sung[from..from + 480], &changes);
            assert!(out.iter().flatten().all(|x| x.is_finite()));
            if n % 200 == 0 {
                assert!(host.load(&sessions[n / 200 % 3]));
            }
        }
        assert!(host.load(&sessions[0]));
        host.play(WHOLE, &sung[..480], &[]);
        held()
    };
    let minutes = if in_long_form() { 10 } else { 1 };
    let first = minute();
    let all: Vec<_> = (0..minutes).map(|_| minute()).collect();
    println!("in memory and asked for after the first minute {first:?}, and after each of {minutes} more: {all:?}");
    let last = all[all.len() - 1];
    assert!(last.1 < first.1 + 200_000, "{first:?} and {last:?} bytes");
    assert!(last.0 < first.0 + 2_000_000, "{first:?} and {last:?} bytes");
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn clap_minutes_leave_nothing_behind() {
    alone("clap_minutes_leave_nothing_behind", minutes_leave_nothing_behind::<clap::Raw>);
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn vst3_minutes_leave_nothing_behind() {
    alone("vst3_minutes_leave_nothing_behind", minutes_leave_nothing_behind::<vst3::Raw>);
}
