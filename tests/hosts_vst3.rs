//! The VST3 bundle in hosts that people use: pedalboard, DawDreamer and Ardour. What comes out of each is what `syrinx render` writes, sample
//! for sample.
//!
//! `cargo xtask test` brings the hosts and runs this: `SYRINX_BUNDLES` names the folder of bundles, `SYRINX_PYTHON` a Python with the hosts
//! that are packages. Names of tests tell which host they need.

mod hosts {
    pub mod ardour;
    pub mod python;
    pub mod sound;
}

use hosts::{
    ardour::{Ardour, Session, TICKS_PER_QUARTER},
    python::{Host, load, plugin_path},
    sound::{Sound, Workshop, assert_follows, roughness},
};
use serde_json::{Value, json};
use syrinx_engine::{
    Block, Engine, EngineConfig, Event, EventKind, KeyMode, KeySettings, Keys, Kind, Message, PARAMS, Param, PitchFrom, Settings,
};
use syrinx_plugin::{
    params::instrument_name,
    presets::{self, Preset},
    source::Source,
};

const RATE_HZ: u32 = 48_000;
/// The delays that a host may be told, by latency mode.
const MODES: [&str; 2] = ["live", "studio"];

fn row(id: &str) -> &'static Param {
    PARAMS.iter().find(|p| p.id == id).unwrap()
}

/// A value as hosts have it, 0 to 1.
fn normalized(id: &str, value: f32) -> f64 {
    row(id).normalized(value).into()
}

/// The text that a host shows for a value, without what it shows as the unit.
fn shown(row: &Param, value: f32) -> String {
    let number = value as u8;
    match row.kind {
        Kind::Instrument => instrument_name(row, number),
        _ if row.silences() && value > row.min => format!("{} {}", row.display(value), row.unit),
        _ => row.display(value),
    }
}

fn parameters_are_the_engines(host: Host) {
    let listed = &host.run(vec![load("it", RATE_HZ, 512), json!({"do": "parameters", "id": "it"})])[1];
    let listed = listed.as_array().unwrap();
    let names: Vec<&str> = listed.iter().map(|p| p["name"].as_str().unwrap()).collect();
    // These hosts show hidden ones, too: by them VST3 brings what a keyboard says besides notes.
    let hidden = ["Pitch bend 1", "All notes off"];
    assert_eq!(names, PARAMS.iter().map(|p| p.name).chain(hidden).collect::<Vec<_>>());
    for (row, theirs) in PARAMS.iter().zip(listed) {
        let unit = if row.silences() { "" } else { row.unit };
        assert_eq!(theirs["unit"], unit, "{}", row.id);
        for (end, value) in [("least", row.min), ("most", row.max), ("default", row.default)] {
            assert_eq!(theirs[end], shown(row, value), "{}: {end}", row.id);
        }
    }
}

/// Every rate, latency mode and size of block.
fn sound_is_that_of_the_command_line(host: Host) {
    let workshop = Workshop::new();
    for rate in [44_100, 48_000, 96_000] {
        let voice = Sound::voice(rate, 3.0);
        let input = workshop.raw("voice", &voice);
        for (number, mode) in MODES.iter().enumerate() {
            let reference = workshop.render(&voice, &["--latency", mode]);
            assert!(reference.peak() > 0.05, "the reference is silent");
            let mut steps = Vec::new();
            for block in [64, 512, 1000, 4096] {
                let id = block.to_string();
                steps.push(load(&id, rate, block));
                steps.push(json!({"do": "set", "id": id, "values": {"Latency mode": number}}));
                steps.push(host.render(&id, &input, rate, block, &workshop.path(&id)));
            }
            let answers = host.run(steps);
            for (block, answer) in [64, 512, 1000, 4096].iter().zip(answers.iter().skip(2).step_by(3)) {
                let latency = workshop.latency(rate, mode);
                assert_eq!(answer["latency"], latency, "{rate} Hz, {mode}, blocks of {block}");
                let out = Sound::read_raw(&workshop.path(&block.to_string()), rate, answer);
                out.assert_equals(&reference, 0.0, &format!("{rate} Hz, {mode}, blocks of {block}"));
            }
        }
    }
}

fn mono_plays_too(host: Host) {
    let workshop = Workshop::new();
    let voice = Sound::voice(RATE_HZ, 3.0).first_channel();
    let input = workshop.raw("voice", &voice);
    let answers = host.run(vec![load("it", RATE_HZ, 512), host.render("it", &input, RATE_HZ, 512, &workshop.path("out"))]);
    let out = Sound::read_raw(&workshop.path("out"), RATE_HZ, &answers[1]);
    out.assert_equals(&workshop.render(&voice, &[]), 0.0, "mono");
}

/// The pitch shift and the loudness move, and the instrument with them, without a click.
fn automation_is_followed(host: Host) {
    const BLOCK: usize = 64;
    let workshop = Workshop::new();
    let voice = Sound::voice(RATE_HZ, 5.0);
    let input = workshop.raw("voice", &voice);
    let seconds = voice.len() as f64 / f64::from(RATE_HZ);
    // Up, down and up again, as a wave; and a jump in the middle of everything.
    let pitch = |t: f64| 5.0 * (t * 2.2).sin() + if t > seconds / 2.0 { 3.0 } else { 0.0 };
    let loudness = |t: f64| 6.0 * (t * 3.0).sin() - if t > seconds / 3.0 { 4.0 } else { 0.0 };
    for (id, curve, ends) in [("pitch_shift", &pitch as &dyn Fn(f64) -> f64, ["-5", "8"]), ("loudness", &loudness, ["-10", "6"])]
    {
        let lane: Vec<f32> =
            (0..voice.len()).map(|n| normalized(id, curve(n as f64 / f64::from(RATE_HZ)) as f32) as f32).collect();
        let lane = workshop.raw("lane", &Sound { rate_hz: RATE_HZ, channels: vec![lane] });
        let mut step = host.render("it", &input, RATE_HZ, BLOCK, &workshop.path("out"));
        step["do"] = json!("automate");
        step["lanes"] = json!({row(id).name: lane.file});
        let answers = host.run(vec![load("it", RATE_HZ, BLOCK), step]);
        let moved = Sound::read_raw(&workshop.path("out"), RATE_HZ, &answers[1]);
        let still = workshop.render(&voice, &[]);
        assert_follows(&still, &moved, id == "pitch_shift", curve);

        // A click is a corner in the wave, sharper than any that the sound has of itself at either end of the automation.
        let held = ends.map(|value| roughness(&workshop.render(&voice, &["--set", &format!("{id}={value}")])));
        let sharpest = held[0].max(held[1]).max(roughness(&still));
        println!("{id}: second difference {} moving, {sharpest} held", roughness(&moved));
        assert!(roughness(&moved) < 1.1 * sharpest, "{id} clicks: {} against {sharpest}", roughness(&moved));
    }
}

/// A session comes back as it was, in an instance that knows nothing of it; and an export made twice is the same twice.
fn state_brings_the_sound_back(host: Host) {
    let workshop = Workshop::new();
    let voice = Sound::voice(RATE_HZ, 3.0);
    let input = workshop.raw("voice", &voice);
    let settings =
        [("pitch_shift", -5.0), ("loudness", 3.0), ("brightness", 2.0), ("breath", 40.0), ("reverb_mix", 25.0), ("mix", 75.0)];
    let mut values: serde_json::Map<_, _> =
        settings.iter().map(|(id, v)| (row(id).name.to_owned(), json!(normalized(id, *v)))).collect();
    values.insert("Instrument A".into(), json!(normalized("instrument_a", 3.0)));
    values.insert("Latency mode".into(), json!(1.0));
    let state = workshop.path("state");
    let render = |id: &str, out: &str| host.render(id, &input, RATE_HZ, 512, &workshop.path(out));
    let first = host.run(vec![
        load("a", RATE_HZ, 512),
        json!({"do": "set", "id": "a", "values": values}),
        render("a", "first"),
        render("a", "again"),
        json!({"do": "save", "id": "a", "path": state}),
        json!({"do": "unload", "id": "a"}),
    ]);
    // Another process: nothing is left but the file.
    let second = host.run(vec![
        load("b", RATE_HZ, 512),
        render("b", "fresh"),
        json!({"do": "restore", "id": "b", "path": state}),
        render("b", "restored"),
    ]);
    let read = |name: &str, answer| Sound::read_raw(&workshop.path(name), RATE_HZ, answer);
    let made = read("first", &first[2]);
    read("again", &first[3]).assert_equals(&made, 0.0, "the same export twice");
    assert_ne!(second[1]["latency"], first[2]["latency"], "the state changes nothing");
    assert_eq!(second[3]["latency"], first[2]["latency"]);
    read("restored", &second[3]).assert_equals(&made, 0.0, "restored");

    let sets: Vec<String> = settings.iter().map(|(id, value)| format!("{id}={value}")).collect();
    let mut arguments = vec!["--instrument", "alto-sax", "--latency", "studio"];
    arguments.extend(sets.iter().flat_map(|set| ["--set", set]));
    // A host's value goes through 0 to 1 and back, which may cost the last bit of a setting.
    made.assert_equals(&workshop.render(&voice, &arguments), 1e-6, "the settings by the command line");
}

fn many_at_once_do_not_disturb_each_other(host: Host) {
    const INSTANCES: usize = 32;
    let workshop = Workshop::new();
    let voice = Sound::voice(RATE_HZ, 1.5);
    let input = workshop.raw("voice", &voice);
    let instruments: Vec<&str> = syrinx_models::ids().collect();
    let instrument = |n: usize| instruments[n % instruments.len()];
    let render = |n: usize, out: String| host.render(&n.to_string(), &input, RATE_HZ, 512, &workshop.path(&out));
    let mut steps: Vec<_> = (0..INSTANCES).map(|n| load(&n.to_string(), RATE_HZ, 512)).collect();
    for n in 0..INSTANCES {
        let number = f32::from(syrinx_models::number(instrument(n)).unwrap());
        steps.push(json!({"do": "set", "id": n.to_string(), "values": {"Instrument A": normalized("instrument_a", number)}}));
    }
    steps.extend((0..INSTANCES).map(|n| render(n, format!("first-{n}"))));
    // Half of them go; the others stay as they are.
    steps.extend((0..INSTANCES).step_by(2).map(|n| json!({"do": "unload", "id": n.to_string()})));
    steps.extend((1..INSTANCES).step_by(2).map(|n| render(n, format!("second-{n}"))));
    steps.extend((1..INSTANCES).step_by(2).map(|n| json!({"do": "unload", "id": n.to_string()})));
    let answers = host.run(steps);
    let references: Vec<Sound> = instruments.iter().map(|id| workshop.render(&voice, &["--instrument", id])).collect();
    assert!(references[0].differs(&references[1]), "the instruments sound alike");
    for n in 0..INSTANCES {
        let expected = &references[n % instruments.len()];
        let out = Sound::read_raw(&workshop.path(&format!("first-{n}")), RATE_HZ, &answers[2 * INSTANCES + n]);
        out.assert_equals(expected, 0.0, &format!("instance {n}"));
        if n % 2 == 1 {
            let answer = &answers[3 * INSTANCES + INSTANCES / 2 + n / 2];
            let out = Sound::read_raw(&workshop.path(&format!("second-{n}")), RATE_HZ, answer);
            out.assert_equals(expected, 0.0, &format!("instance {n}, after half of them went"));
        }
    }
}

macro_rules! in_hosts {
    ($($pedalboard:ident, $dawdreamer:ident => $check:ident;)+) => {$(
        #[test]
        #[ignore = "needs pedalboard and the bundles: cargo xtask test brings them"]
        fn $pedalboard() { $check(Host::Pedalboard) }

        #[test]
        #[ignore = "needs DawDreamer and the bundles: cargo xtask test brings them"]
        fn $dawdreamer() { $check(Host::DawDreamer) }
    )+};
}

in_hosts! {
    pedalboard_lists_the_parameters, dawdreamer_lists_the_parameters => parameters_are_the_engines;
    pedalboard_sounds_like_the_command_line, dawdreamer_sounds_like_the_command_line => sound_is_that_of_the_command_line;
    pedalboard_automates, dawdreamer_automates => automation_is_followed;
    pedalboard_restores_a_state, dawdreamer_restores_a_state => state_brings_the_sound_back;
    pedalboard_runs_many_instances, dawdreamer_runs_many_instances => many_at_once_do_not_disturb_each_other;
}

/// Every factory preset as a file of the format that VST3 hosts list.
#[test]
#[ignore = "needs pedalboard and the bundles: cargo xtask test brings them"]
fn pedalboard_loads_the_presets() {
    let folder = plugin_path().with_file_name("vst3-presets").join("Syrinx");
    let file = |preset: &Preset| folder.join(format!("{}.vstpreset", preset.name));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), presets::factory(Source::Voice).len());
    let workshop = Workshop::new();
    let voice = Sound::voice(RATE_HZ, 3.0);
    let input = workshop.raw("voice", &voice);
    let render = Host::Pedalboard.render("it", &input, RATE_HZ, 512, &workshop.path("out"));
    let session = json!({"Gate": normalized("gate", -40.0), "Latency mode": 1.0});
    // What is set arrives with the next block.
    let mut steps = vec![load("it", RATE_HZ, 512), json!({"do": "set", "id": "it", "values": session}), render.clone()];
    for preset in presets::factory(Source::Voice) {
        steps.push(json!({"do": "preset", "id": "it", "path": file(preset)}));
        steps.push(json!({"do": "state", "id": "it"}));
    }
    let answers = Host::Pedalboard.run(steps);
    for (preset, state) in presets::factory(Source::Voice).iter().zip(answers[4..].iter().step_by(2)) {
        let settings = preset.sound().unwrap().0.settings;
        for row in PARAMS {
            let wanted = match row.id {
                "gate" => -40.0,
                "latency_mode" => 1.0,
                id => settings.value(id).unwrap(),
            };
            let found = match state["params"][row.id].as_object().unwrap().values().next().unwrap() {
                Value::Bool(on) => f64::from(u8::from(*on)),
                number => number.as_f64().unwrap(),
            };
            assert!((f64::from(wanted) - found).abs() < 1e-4, "{}: {} is {found}, not {wanted}", preset.name, row.id);
        }
    }

    // And it sounds like it.
    let preset = presets::factory(Source::Voice).iter().find(|p| p.name == "Fifth above").unwrap();
    let answers =
        Host::Pedalboard.run(vec![load("it", RATE_HZ, 512), json!({"do": "preset", "id": "it", "path": file(preset)}), render]);
    let sets = ["pitch_shift=7", "auto_range=on", "mix=50", "reverb_mix=14"];
    let mut arguments = vec!["--instrument", "alto-sax"];
    arguments.extend(sets.iter().flat_map(|set| ["--set", set]));
    let out = Sound::read_raw(&workshop.path("out"), RATE_HZ, &answers[2]);
    out.assert_equals(&workshop.render(&voice, &arguments), 1e-6, "the preset by the command line");
}

// DawDreamer makes every plugin stereo.
#[test]
#[ignore = "needs pedalboard and the bundles: cargo xtask test brings them"]
fn pedalboard_plays_mono() {
    mono_plays_too(Host::Pedalboard);
}

/// An export, and how much silence Ardour gave the plugin before the session began, samples, but for whole frames. What else Ardour plays before an
/// export, and whether it fades the beginning in, is up to it and to how busy the machine is: of some exports, one must be what the engine plays, and
/// what each of the others is instead is printed.
fn export_as_played(session: &Session<'_>, voice: &Sound, settings: &Settings) -> (Sound, usize) {
    const EXPORTS: usize = 4;
    for _ in 0..EXPORTS {
        let exported = session.export();
        match lead(voice, &exported, settings) {
            Ok(lead) => return (exported, lead),
            Err(why) => eprintln!("{why}"),
        }
    }
    panic!("none of {EXPORTS} exports is what the engine plays")
}

/// The silence before `exported`, samples, but for whole frames. Ardour does not tell, and it matters: frames are numbered from the first sample
/// that a plugin gets, and a voice that begins at another place in them sounds the same to people, not to a comparison of samples.
fn lead(voice: &Sound, exported: &Sound, settings: &Settings) -> Result<usize, String> {
    let rate = voice.rate_hz;
    // So many samples hold a whole number of frames.
    let period = if rate.is_multiple_of(250) { rate / 250 } else { rate / 25 } as usize;
    let mut engine = engine(rate, settings);
    let delay = engine.latency_samples();
    let mut played = |lead: usize, samples: usize| {
        engine.reset();
        let padded = voice.up_to(samples + delay).after_silence(lead);
        let mut played = vec![vec![0.0; padded.len()]; 2];
        let [left, right] = &mut played[..] else { unreachable!() };
        engine.process(&[&padded.channels[0], &padded.channels[1]], &mut [left, right]);
        Sound { rate_hz: rate, channels: played }.skip(lead + delay)
    };
    // The first that sounds tells all leads but a few from the right one.
    let sounds = exported.channels[0].iter().position(|x| x.abs() > 0.01).ok_or("the export is silent")? + 1;
    let second = rate as usize;
    // Where in a frame the voice begins: but for the last bits, that is all that counts.
    let distances: Vec<f32> = (0..period).map(|begin| exported.distance(&played(begin, sounds))).collect();
    let begins: Vec<usize> = (0..period).filter(|begin| distances[*begin] < 1e-6).collect();
    // The last bits depend on how long the silence was: the tracker's sums are made anew every few frames, and at a stream's beginning the belief
    // that nobody sings is not settled yet.
    let mut leads = begins.iter().flat_map(|begin| (0..60).map(move |periods| begin + periods * period));
    let mut equals = |lead: usize, samples: usize| exported.distance(&played(lead, samples)) == 0.0;
    leads.find(|lead| equals(*lead, sounds) && equals(*lead, sounds + second / 4)).ok_or_else(|| {
        let nearest = (0..period).min_by(|a, b| distances[*a].total_cmp(&distances[*b])).unwrap_or(0);
        let there = played(nearest, sounds + second / 4);
        let off = exported.channels[0].iter().zip(&there.channels[0]).position(|(a, b)| (a - b).abs() > 1e-6);
        format!(
            "the export is not what the engine plays, wherever in a frame it began: {sounds} samples until it sounds, then {} where the engine, \
             {nearest} samples into a frame, plays {}; off by up to {} there, from sample {off:?} on; begins: {begins:?}",
            exported.channels[0][sounds - 1],
            there.channels[0][sounds - 1],
            distances[nearest],
        )
    })
}

fn engine(rate: u32, settings: &Settings) -> Engine {
    let config = EngineConfig { sample_rate_hz: rate, channels: 2, seed: 0 };
    let mut engine = Engine::new(config, syrinx_models::factory()).unwrap();
    engine.set(settings);
    engine
}

#[test]
#[ignore = "needs Ardour and the bundles: cargo xtask test brings them"]
fn ardour_exports_what_the_command_line_renders() {
    let workshop = Workshop::new();
    let ardour = Ardour::new(&workshop, &plugin_path());
    for rate in [44_100, 48_000] {
        let voice = Sound::voice(rate, 4.0);
        let session = ardour.session(&voice, &["Instrument A=3", "Loudness=-3", "Output gain=2"]);
        assert_eq!(session.latency, workshop.latency(rate, "live"));
        let settings = Settings { instrument_a: 3, loudness: -3.0, output_gain: 2.0, ..Settings::default() };
        let arguments = ["--instrument", "alto-sax", "--set", "loudness=-3", "--set", "output_gain=2"];
        for export in ["first", "second"] {
            // Every export has its own lead: it depends on how soon Ardour was ready.
            let (out, lead) = export_as_played(&session, &voice, &settings);
            let reference = workshop.render(&voice.after_silence(lead), &arguments).skip(lead);
            out.assert_equals(&reference, 0.0, &format!("{rate} Hz, {export} export"));
        }
    }
}

/// Keys give Syrinx the pitch in DawDreamer, and the voice the rest: as the engine has it.
#[test]
#[ignore = "needs DawDreamer and the bundles: cargo xtask test brings them"]
fn dawdreamer_gives_the_pitch_by_keys() {
    let workshop = Workshop::new();
    let voice = Sound::voice(RATE_HZ, 3.0);
    let input = workshop.raw("voice", &voice);
    let notes = [(64, 0.25, 0.5), (67, 1.0, 0.75), (60, 1.5, 1.0)];
    let mut render = Host::DawDreamer.render("it", &input, RATE_HZ, 512, &workshop.path("out"));
    render["notes"] = notes.iter().map(|(key, begins, lasts)| json!([key, 100, begins, lasts])).collect();
    let set = json!({"do": "set", "id": "it", "values": {"Pitch from": 1.0}});
    let answers = Host::DawDreamer.run(vec![load("it", RATE_HZ, 512), set, render]);
    let out = Sound::read_raw(&workshop.path("out"), RATE_HZ, &answers[2]);

    let config = EngineConfig { sample_rate_hz: RATE_HZ, channels: 2, seed: 0 };
    let mut engine = Engine::new(config, syrinx_models::factory()).unwrap();
    engine.set(&Settings { pitch_from: PitchFrom::Keys, ..Settings::default() });
    let at = |seconds: f64| (seconds * f64::from(RATE_HZ)) as usize;
    let mut events: Vec<Event> = Vec::new();
    for (key, begins, lasts) in notes {
        let said = [(begins, Message::NoteOn { key, velocity: 100.0 / 127.0 }), (begins + lasts, Message::NoteOff { key })];
        events.extend(said.map(|(when, message)| Event { at: at(when), kind: EventKind::Message { channel: 0, message } }));
    }
    events.sort_by_key(|event| event.at);
    let padded = voice.after_silence(0);
    let [left, right] = [0, 1].map(|channel| &padded.channels[channel.min(padded.channels.len() - 1)]);
    let len = left.len();
    let (mut to_left, mut to_right) = (vec![0.0; len], vec![0.0; len]);
    let output = &mut [&mut to_left[..], &mut to_right[..]];
    engine.play(Block { input: &[left, right], output, events: &events });
    let latency = engine.latency_samples();
    let reference = Sound { rate_hz: RATE_HZ, channels: vec![to_left, to_right] }.skip(latency);
    assert!(reference.peak() > 0.02);
    out.up_to(reference.len()).assert_equals(&reference, 1e-6, "by keys");
}

/// What the engine plays of MIDI messages at their samples.
fn keys_play(settings: &Settings, how: &KeySettings, seconds: f64, messages: &[(u32, [u8; 3])]) -> Sound {
    let config = EngineConfig { sample_rate_hz: RATE_HZ, channels: 2, seed: 0 };
    let mut keys = Keys::new(config, syrinx_models::factory()).unwrap();
    keys.set(settings);
    keys.set_keys(how);
    let event = |(at, bytes): &(u32, [u8; 3])| {
        let (channel, message) = Message::of_midi(*bytes).unwrap();
        Event { at: *at as usize, kind: EventKind::Message { channel, message } }
    };
    let events: Vec<Event> = messages.iter().map(event).collect();
    let len = (seconds * f64::from(RATE_HZ)) as usize;
    let (mut left, mut right) = (vec![0.0; len], vec![0.0; len]);
    keys.play(Block { input: &[], output: &mut [&mut left, &mut right], events: &events });
    Sound { rate_hz: RATE_HZ, channels: vec![left, right] }
}

/// Syrinx Keys on a MIDI track of Ardour's, exported.
#[test]
#[ignore = "needs Ardour and the bundles: cargo xtask test brings them"]
fn ardour_plays_the_keys() {
    let workshop = Workshop::new();
    let ardour = Ardour::new(&workshop, &plugin_path());
    // In ticks; Ardour counts 3840 a second, so that each even one is a whole sample.
    let notes: [(u32, [u8; 3]); 6] = [
        (960, [0x90, 69, 90]),
        (1920, [0x90, 72, 70]),
        (1924, [0x80, 69, 64]),
        (3960, [0x80, 72, 64]),
        (3960, [0x90, 64, 80]),
        (4960, [0x80, 64, 64]),
    ];
    let (mut track, mut last) = (Vec::new(), 0);
    for (at, bytes) in notes {
        let delta = at - last;
        track.extend([0x80 | (delta >> 7) as u8, (delta & 0x7f) as u8]);
        track.extend(bytes);
        last = at;
    }
    track.extend([0, 0xff, 0x2f, 0]);
    let mut song = b"MThd\0\0\0\x06\0\0\0\x01".to_vec();
    song.extend(TICKS_PER_QUARTER.to_be_bytes());
    song.extend(b"MTrk");
    song.extend((track.len() as u32).to_be_bytes());
    song.extend(track);
    let session = ardour.keys_session(RATE_HZ, &song, 2, &["Instrument A=2"]);
    assert_eq!(session.latency, 0);
    let out = session.export();
    let messages = notes.map(|(at, bytes)| (at * 25 / 2, bytes));
    let settings = Settings { instrument_a: 2, ..Settings::default() };
    let reference = keys_play(&settings, &KeySettings::default(), 2.0, &messages);
    assert!(reference.peak() > 0.02);
    out.up_to(2 * RATE_HZ as usize).assert_equals(&reference, 1e-6, "Ardour's MIDI track");
}

/// Syrinx Keys in pedalboard: notes at their times sound as the engine plays them.
#[test]
#[ignore = "needs pedalboard and the bundles: cargo xtask test brings them"]
fn pedalboard_plays_the_keys() {
    let workshop = Workshop::new();
    let messages: [(u32, [u8; 3]); 6] = [
        (0, [0x90, 69, 90]),
        (9_600, [0x90, 72, 70]),
        (12_000, [0x80, 69, 64]),
        // This host has what is no note heard from its block's first sample on.
        (33 * 512, [0xe0, 127, 127]),
        (47 * 512, [0xb0, 1, 100]),
        (31_200, [0x80, 72, 0]),
    ];
    let seconds = |at: u32| f64::from(at) / f64::from(RATE_HZ);
    let sent: Vec<_> = messages.iter().map(|(at, bytes)| json!([seconds(*at), bytes])).collect();
    let load = json!({"do": "load", "id": "it", "plugin": plugin_path(), "name": "Syrinx Keys", "rate": RATE_HZ, "block": 512});
    let set = json!({"do": "set", "id": "it", "values": {"Key mode": 0.5, "Instrument A": normalized("instrument_a", 2.0)}});
    let play = |block: usize, to: &str| json!({"do": "play", "id": "it", "messages": sent, "seconds": 1.0, "rate": RATE_HZ, "block": block, "output": workshop.path(to)});
    let answers = Host::Pedalboard.run(vec![load, set, play(512, "first"), play(512, "512"), play(64, "64"), play(256, "256")]);
    assert_eq!((answers[0]["name"].as_str(), answers[3]["latency"].as_u64()), (Some("Syrinx Keys"), Some(0)));

    let settings = Settings { instrument_a: 2, ..Settings::default() };
    let reference = keys_play(&settings, &KeySettings { key_mode: KeyMode::Mono, ..KeySettings::default() }, 1.0, &messages);
    assert!(reference.peak() > 0.02);
    // The first render brings the parameters along.
    for (answer, block) in answers[3..].iter().zip(["512", "64", "256"]) {
        let out = Sound::read_raw(&workshop.path(block), RATE_HZ, answer);
        // A wheel of 14 bits is a number of 32 in this host's hands.
        out.assert_equals(&reference, 1e-4, &format!("blocks of {block}"));
    }
}

#[test]
#[ignore = "needs Ardour and the bundles: cargo xtask test brings them"]
fn ardour_lists_the_presets() {
    let workshop = Workshop::new();
    let ardour = Ardour::new(&workshop, &plugin_path());
    ardour.install_presets(&plugin_path().with_file_name("vst3-presets").join("Syrinx"));
    let session = ardour.session(&Sound::voice(RATE_HZ, 0.5), &["preset:Fifth above"]);
    let mut listed = session.presets.clone();
    let mut names: Vec<String> = presets::factory(Source::Voice).iter().map(|p| p.name.clone()).collect();
    names.sort();
    listed.sort();
    assert_eq!(listed, names);
    for (name, value) in [("Pitch shift", 7.0), ("Dry/wet", 50.0), ("Instrument A", 3.0)] {
        let found = session.values.iter().find(|(n, _)| n == name).unwrap().1;
        assert!((found - value).abs() < 1e-3, "{name} is {found} with the preset");
    }
}

#[test]
#[ignore = "needs Ardour and the bundles: cargo xtask test brings them"]
fn ardour_plays_automation() {
    let workshop = Workshop::new();
    let ardour = Ardour::new(&workshop, &plugin_path());
    let voice = Sound::voice(RATE_HZ, 5.0);
    let session = ardour.session(&voice, &["Pitch shift@0=0", "Pitch shift@1=0", "Pitch shift@3=7", "Pitch shift@30=7"]);
    let (out, lead) = export_as_played(&session, &voice, &Settings::default());
    let padded = voice.after_silence(lead);
    let still = workshop.render(&padded, &[]).skip(lead);
    let second = RATE_HZ as usize;
    out.up_to(second).assert_equals(&still.up_to(second), 0.0, "before the automation");
    assert_follows(&still, &out, true, &|t| (3.5 * (t - 1.0)).clamp(0.0, 7.0));
}

/// A track of one channel, with one channel out or with the two of Ardour's own new mono tracks.
#[test]
#[ignore = "needs Ardour and the bundles: cargo xtask test brings them"]
fn ardour_plays_a_mono_track() {
    let workshop = Workshop::new();
    let ardour = Ardour::new(&workshop, &plugin_path());
    let voice = Sound::voice(RATE_HZ, 3.0).first_channel();
    for outputs in [1, 2] {
        let session = ardour.session_with_outputs(&voice, outputs, &["Instrument A=3"]);
        assert_eq!(session.latency, workshop.latency(RATE_HZ, "live"), "{outputs} out");
        let out = session.export();
        assert!(out.peak() > 0.05, "{outputs} out: the export is silent");
    }
}
