//! The plugin as CLAP, in a host: its delay, its sound, its state, its manners, and that its audio thread never waits.

mod clap_host;

use clack_extensions::{
    preset_discovery::{
        indexer::IndexerImpl,
        metadata_receiver::MetadataReceiverImpl,
        preset_data::{FileType, Flags, Location, LocationInfo, Soundpack},
        provider::Provider,
    },
    tail::TailLength,
};
use clack_host::{
    prelude::{HostError, HostInfo},
    utils::{Timestamp, UniversalPluginId},
};
use clap_host::{Instance, Stream, bundle, load_entry};
use std::{
    ffi::{CStr, CString},
    path::{Path, PathBuf},
    process::Command,
};
use syrinx_analysis::{Audio, read_audio, write_wav};
use syrinx_engine::{Engine, EngineConfig, Kind, LatencyMode, OWN_INSTRUMENT, PARAMS, Settings};
use syrinx_plugin::{
    params::{HostParam, SyrinxParams, instrument_name},
    presets::{self, Preset},
    source::Source,
};

/// Blocks of every size that hosts send, changing from call to call.
const MIXED: &[usize] = &[64, 1, 512, 333, 8192, 17, 2048, 1000, 3];

fn demo(rate: u32, seconds: f64) -> Vec<f32> {
    let mut voice = syrinx_testkit::demo_voice(rate, 1).samples;
    voice.truncate((f64::from(rate) * seconds) as usize);
    voice
}

fn stereo(voice: &[f32]) -> [Vec<f32>; 2] {
    // Sides that differ, so that a mix-up shows.
    [voice.to_vec(), voice.iter().map(|x| 0.5 * x).collect()]
}

/// What the engine itself makes of the stream, delay included.
fn engine(rate: u32, settings: &Settings, input: &[Vec<f32>; 2]) -> [Vec<f32>; 2] {
    let config = EngineConfig { sample_rate_hz: rate, channels: 2, seed: 0 };
    let mut engine = Engine::new(config, syrinx_models::factory()).unwrap();
    engine.set(settings);
    let len = input[0].len();
    let (mut left, mut right) = (vec![0.0; len], vec![0.0; len]);
    engine.process(&[&input[0], &input[1]], &mut [&mut left, &mut right]);
    [left, right]
}

fn peak(x: &[f32]) -> f32 {
    x.iter().fold(0.0, |p: f32, x| p.max(x.abs()))
}

/// Largest step between neighbouring samples' steps: a click is one, a smooth sound has none.
fn corner(x: &[f32]) -> f32 {
    x.windows(3).map(|w| (w[2] - 2.0 * w[1] + w[0]).abs()).fold(0.0, f32::max)
}

/// A CLAP state without the length that the framework puts before it.
fn json(state: &[u8]) -> String {
    String::from_utf8(state[8..].to_vec()).unwrap()
}

fn framed(json: &str) -> Vec<u8> {
    [&(json.len() as u64).to_le_bytes()[..], json.as_bytes()].concat()
}

#[test]
fn every_parameter_is_there_with_its_name_group_and_default() {
    let mut instance = Instance::new(&load_entry());
    let seen: Vec<_> = instance.params().iter().map(|p| (p.name.clone(), p.module.clone())).collect();
    let table: Vec<_> = PARAMS.iter().map(|p| (p.name.to_string(), p.group.to_string())).collect();
    assert_eq!(seen, table);
    for p in PARAMS {
        let shown = instance.text(p.name);
        let expected = match p.kind {
            Kind::Instrument => instrument_name(p, p.default as u8),
            _ => p.display(p.default),
        };
        assert!(shown.starts_with(&expected), "{}: {shown:?} where {expected:?} is the default", p.name);
        assert!(
            p.kind == Kind::Instrument || p.unit.is_empty() || shown.ends_with(p.unit),
            "{}: {shown:?} lacks its unit",
            p.name
        );
        instance.typed(p.name, &shown);
    }
}

#[test]
fn the_delay_told_is_the_delay_measured_at_every_rate_block_and_mode() {
    let entry = load_entry();
    for rate in [44_100, 48_000, 88_200, 96_000, 176_400, 192_000] {
        let input = stereo(&demo(rate, 0.6));
        for mode in ["Live", "Studio"] {
            let mut instance = Instance::new(&entry);
            instance.set("Latency mode", mode);
            for (max_block, blocks) in [(64, &[64][..]), (1, &[1]), (8192, MIXED), (8192, &[8192])] {
                instance.activate(f64::from(rate), max_block);
                let delay = instance.latency();
                // Dry and wet, half and half: the dry voice is in time with the instrument at every mix.
                for mix in [0.0, 50.0] {
                    instance.set("Dry/wet", &format!("{mix} %"));
                    instance.deactivate();
                    instance.activate(f64::from(rate), max_block);
                    assert_eq!(instance.latency(), delay, "the delay depends on rate and mode only");
                    let out = instance.play(&input, blocks, &[]);
                    let latency_mode = if mode == "Studio" { LatencyMode::Studio } else { LatencyMode::Live };
                    let settings = Settings { mix, latency_mode, ..Settings::default() };
                    if mix == 0.0 {
                        for (out, input) in out.iter().zip(&input) {
                            assert!(out[..delay].iter().all(|x| *x == 0.0));
                            assert!(out[delay..] == input[..input.len() - delay], "{rate} Hz, {mode}, blocks of {blocks:?}");
                        }
                    } else {
                        assert!(out == engine(rate, &settings, &input), "{rate} Hz, {mode}, blocks of {blocks:?}");
                    }
                }
                instance.deactivate();
            }
        }
    }
}

/// The recorded voices where they are, the demo voice elsewhere.
fn voices() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/voices");
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> =
        entries.map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e != "json" && e != "md")).collect();
    files.sort();
    files.truncate(4);
    files
}

#[test]
fn what_comes_out_is_what_the_command_line_renders() {
    let folder = tempfile::tempdir().unwrap();
    let demo_voice = folder.path().join("demo.wav");
    write_wav(&demo_voice, &Audio { sample_rate_hz: 48_000, channels: stereo(&demo(48_000, 4.0)).to_vec() }).unwrap();
    let syrinx = bundle_sibling("syrinx");
    let entry = load_entry();
    for voice in voices().into_iter().chain([demo_voice]) {
        let rendered = folder.path().join("rendered.wav");
        let output = Command::new(&syrinx)
            .arg("render")
            .arg(&voice)
            .arg("-o")
            .arg(&rendered)
            .args([
                "--instrument",
                "flute",
                "--set",
                "pitch_shift=5",
                "--set",
                "reverb_mix=20",
                "--set",
                "breath=30",
                "--sample-rate",
                "48000",
            ])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let rendered = read_audio(&rendered).unwrap();
        let mut audio = read_audio(&voice).unwrap();
        if audio.sample_rate_hz != 48_000 {
            audio = audio.resampled(48_000);
        }
        if audio.channels.len() != 2 {
            // The command line plays mono voices in mono, where the reverb has one side: compare what both share.
            continue;
        }
        let mut instance = Instance::new(&entry);
        for (name, text) in [("Instrument A", "Flute"), ("Pitch shift", "5 st"), ("Reverb mix", "20 %"), ("Breath", "30 %")] {
            instance.set(name, text);
        }
        instance.activate(48_000.0, 512);
        let delay = instance.latency();
        let padded =
            [0, 1].map(|c| audio.channels[c].iter().copied().chain(std::iter::repeat_n(0.0, delay)).collect::<Vec<f32>>());
        let out = instance.play(&padded, &[512], &[]);
        for (out, rendered) in out.iter().zip(&rendered.channels) {
            assert!(peak(rendered) > 0.01, "{} is answered by silence", voice.display());
            assert!(out[delay..] == rendered[..], "{} differs", voice.display());
        }
    }
}

fn bundle_sibling(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(path.exists(), "{} is not built; build the workspace", path.display());
    path
}

#[test]
fn changing_the_latency_mode_tells_the_host() {
    let entry = load_entry();
    let mut instance = Instance::new(&entry);
    instance.activate(48_000.0, 64);
    let live = instance.latency();
    let asked = |instance: &Instance| {
        instance.plugin.access_shared_handler(|h| h.restarts.load(std::sync::atomic::Ordering::Relaxed))
            + instance.plugin.access_shared_handler(|h| h.callbacks.load(std::sync::atomic::Ordering::Relaxed))
    };
    let before = asked(&instance);
    let input = stereo(&demo(48_000, 1.0));
    instance.play(&input, &[64], &[(20_000, "Latency mode", "Studio")]);
    instance.idle();
    assert!(asked(&instance) > before, "the host was not told");
    instance.deactivate();
    instance.activate(48_000.0, 64);
    assert!(instance.latency() > 4 * live, "{} is not the studio's delay", instance.latency());
}

#[test]
fn a_session_brings_everything_back() {
    let entry = load_entry();
    let input = stereo(&demo(48_000, 2.0));
    let mut first = Instance::new(&entry);
    for (at, p) in PARAMS.iter().enumerate().filter(|(_, p)| p.id != "bypass" && p.id != "output_gain") {
        let text = match p.kind {
            Kind::Number { .. } => p.display(p.plain((0.4 + 0.01 * at as f32) % 1.0)),
            Kind::Choice(names) => names[names.len() - 1].into(),
            Kind::Switch => "On".into(),
            Kind::Instrument => if p.id == "instrument_a" { "Trumpet" } else { "Alto saxophone" }.into(),
        };
        first.set(p.name, &text);
    }
    let saved = first.save();
    first.activate(48_000.0, 512);
    let sound = first.play(&input, &[512], &[]);
    assert!(peak(&sound[0]) > 1e-3);
    let mut second = Instance::new(&entry);
    assert!(second.restore(&saved));
    for p in PARAMS {
        assert_eq!(first.text(p.name), second.text(p.name), "{}", p.name);
    }
    second.activate(48_000.0, 64);
    assert!(second.play(&input, &[64], &[]) == sound);
    assert!(second.save() == saved, "saved again, it is the same");
}

/// A host's browser of presets: what it is told.
#[derive(Default)]
struct Browser {
    endings: Vec<String>,
    locations: Vec<Option<CString>>,
    /// Name, key, description and flags.
    presets: Vec<(String, Option<CString>, String, Flags)>,
    errors: Vec<String>,
}

impl IndexerImpl for Browser {
    fn declare_filetype(&mut self, files: FileType<'_>) -> Result<(), HostError> {
        self.endings.push(files.file_extension.unwrap_or_default().to_string_lossy().into_owned());
        Ok(())
    }

    fn declare_location(&mut self, location: LocationInfo<'_>) -> Result<(), HostError> {
        self.locations.push(location.location.file_path().map(CStr::to_owned));
        Ok(())
    }

    fn declare_soundpack(&mut self, _: Soundpack<'_>) -> Result<(), HostError> {
        Ok(())
    }
}

impl MetadataReceiverImpl for Browser {
    fn on_error(&mut self, _: i32, message: Option<&CStr>) {
        self.errors.push(message.unwrap_or_default().to_string_lossy().into_owned());
    }

    fn begin_preset(&mut self, name: Option<&CStr>, key: Option<&CStr>) -> Result<(), HostError> {
        let name = name.unwrap_or_default().to_string_lossy().into_owned();
        self.presets.push((name, key.map(CStr::to_owned), String::new(), Flags::empty()));
        Ok(())
    }

    fn add_plugin_id(&mut self, plugin: UniversalPluginId<'_>) {
        assert_eq!((plugin.abi, plugin.id), (c"clap", c"org.syrinx.syrinx"));
    }

    fn set_soundpack_id(&mut self, _: &CStr) {}

    fn set_flags(&mut self, flags: Flags) {
        self.presets.last_mut().unwrap().3 = flags;
    }

    fn add_creator(&mut self, _: &CStr) {}

    fn set_description(&mut self, about: &CStr) {
        self.presets.last_mut().unwrap().2 = about.to_string_lossy().into_owned();
    }

    fn set_timestamps(&mut self, _: Option<Timestamp>, _: Option<Timestamp>) {}
    fn add_feature(&mut self, _: &CStr) {}
    fn add_extra_info(&mut self, _: &CStr, _: &CStr) {}
}

/// Fails unless the instance plays the preset, and has kept its gate and latency mode.
fn assert_plays(instance: &mut Instance, preset: &Preset) {
    let settings = preset.sound().unwrap().0.settings;
    let text = |row: &syrinx_engine::Param, param: &HostParam| param.text(row.normalized(settings.value(row.id).unwrap()));
    for (row, param) in SyrinxParams::new(syrinx_plugin::library::Library::new().0.into()).rows() {
        let wanted = match row.id {
            "gate" => "-40.0 dB".into(),
            "latency_mode" => "Studio".into(),
            _ => text(row, param),
        };
        assert_eq!(instance.text(row.name), wanted, "{}: {}", preset.name, row.name);
    }
}

#[test]
fn the_hosts_browser_finds_the_presets_and_plays_them() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("data/syrinx/presets");
    std::fs::create_dir_all(&folder).unwrap();
    // The player's folders are found by variables of the process, so this needs one of its own.
    const AT_HOME: &str = "SYRINX_AT_HOME";
    if cfg!(target_os = "linux") && std::env::var_os(AT_HOME).is_none() {
        let own = SyrinxParams::new(syrinx_plugin::library::Library::new().0.into());
        own.apply(&Settings { instrument_a: 1, brightness: 2.0, ..Settings::default() });
        std::fs::write(folder.join("My flute.syrinx"), presets::write(&own, "My flute", "Bright.")).unwrap();
        std::fs::write(folder.join("Broken.syrinx"), "{").unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_hosts_browser_finds_the_presets_and_plays_them", "--nocapture"])
            .env("XDG_DATA_HOME", home.path().join("data"))
            .env(AT_HOME, "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let entry = load_entry();
    let info = HostInfo::new("Syrinx tests", "Syrinx", "", "1").unwrap();
    let mut provider = Provider::instantiate(Browser::default(), &entry, c"org.syrinx.presets", &info).unwrap();
    assert_eq!(provider.indexer().endings, ["syrinx"]);
    let mut browser = Browser::default();
    provider.get_metadata(Location::Plugin, &mut browser);
    let mut instance = Instance::new(&entry);
    instance.set("Gate", "-40 dB");
    instance.set("Latency mode", "Studio");
    let all: Vec<&Preset> = Source::BOTH.into_iter().flat_map(presets::factory).collect();
    assert_eq!(browser.presets.len(), all.len());
    for ((name, key, about, flags), preset) in browser.presets.iter().zip(all) {
        assert_eq!((name, about, *flags), (&preset.name, &preset.about, Flags::IS_FACTORY_CONTENT));
        if preset.source == Source::Keys {
            let refused = instance.load_preset(Location::Plugin, key.as_deref()).unwrap_err();
            assert!(refused.contains("Syrinx has no preset"), "{refused}");
            continue;
        }
        assert_eq!(instance.load_preset(Location::Plugin, key.as_deref()), Ok(name.clone()));
        assert_plays(&mut instance, preset);
    }
    let refused = instance.load_preset(Location::Plugin, Some(c"Theremin")).unwrap_err();
    assert!(refused.contains("Theremin"), "{refused}");
    assert_plays(&mut instance, presets::factory(Source::Voice).last().unwrap());
    if std::env::var_os(AT_HOME).is_none() {
        return;
    }

    // The player's own: a folder that the host looks through by itself.
    let locations = provider.indexer().locations.clone();
    let folder = locations[1].as_ref().unwrap().to_str().unwrap();
    let [mine, broken] = ["My flute", "Broken"].map(|name| CString::new(format!("{folder}/{name}.syrinx")).unwrap());
    let mut browser = Browser::default();
    for path in [&mine, &broken] {
        provider.get_metadata(Location::File { path }, &mut browser);
    }
    let [(name, None, about, Flags::IS_USER_CONTENT)] = &browser.presets[..] else { panic!("{:?}", browser.presets) };
    assert_eq!((name.as_str(), about.as_str()), ("My flute", "Bright."));
    assert!(matches!(&browser.errors[..], [why] if why.contains("Broken.syrinx")), "{:?}", browser.errors);
    instance.load_preset(Location::File { path: &mine }, None).unwrap();
    assert_plays(&mut instance, &Preset::from_file(Path::new(mine.to_str().unwrap())).unwrap());
    let refused = instance.load_preset(Location::File { path: &broken }, None).unwrap_err();
    assert!(refused.contains("Broken.syrinx is no preset"), "{refused}");
}

/// States of every format there has been, as files: `tests/states`. Each names in its file name what it must sound and read like.
#[test]
fn states_of_every_format_still_load() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/states");
    let entry = load_entry();
    let mut seen = 0;
    for file in
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "json"))
    {
        let expected: Vec<(String, String)> =
            serde_json::from_slice(&std::fs::read(file.with_extension("expected")).unwrap()).unwrap();
        let mut instance = Instance::new(&entry);
        assert!(instance.restore(&framed(&std::fs::read_to_string(&file).unwrap())), "{}", file.display());
        for (name, text) in expected {
            assert_eq!(instance.text(&name), text, "{}: {name}", file.display());
        }
        instance.activate(48_000.0, 512);
        let out = instance.play(&stereo(&demo(48_000, 1.0)), &[512], &[]);
        assert!(peak(&out[0]) > 1e-3, "{} is silent", file.display());
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn a_state_that_cannot_be_changes_nothing() {
    let entry = load_entry();
    let mut instance = Instance::new(&entry);
    instance.set("Pitch shift", "7 st");
    instance.set("Instrument A", "Flute");
    let good = instance.save();
    let text = json(&good);
    let texts = |instance: &mut Instance| PARAMS.iter().map(|p| instance.text(p.name)).collect::<Vec<_>>();
    let before = texts(&mut instance);
    let replaced = |from: &str, to: &str| {
        assert!(text.contains(from), "{from} is not in {text}");
        framed(&text.replacen(from, to, 1))
    };
    let mut wrong = vec![
        Vec::new(),
        b"RIFF....WAVE".to_vec(),
        vec![0xff; 5000],
        framed("{}"),
        framed("[[[[[[[["),
        framed(r#"{"version":"1","params":{"pitch_shift":{"f32":3.0}},"fields":{}}"#),
        [&u64::MAX.to_le_bytes()[..], &good[8..]].concat(),
        replaced(r#""format":"2""#, r#""format":"3""#),
        replaced(r#""format":"2""#, r#""format":"one""#),
        replaced(r#""pitch_shift":{"f32":7.0}"#, r#""pitch_shift":{"string":"seven"}"#),
        replaced(r#""pitch_shift":{"f32":7.0}"#, r#""pitch_shift":{"f32":1e30}"#),
        replaced(r#""bypass":{"bool":false}"#, r#""bypass":{"i32":17}"#),
        replaced(r#""a":"{"#, r#""a":"["#),
        replaced(r#""fields":{"#, r#""fields":{"weights":"{\"harmonics\":[[500,1.0]]}","#),
        replaced(r#""fields":{"#, r#""fields":{"weights":"loud","#),
    ];
    wrong.extend((0..good.len()).step_by(41).map(|cut| good[..cut].to_vec()));
    for state in wrong {
        assert!(!instance.restore(&state), "{}", String::from_utf8_lossy(&state[..state.len().min(300)]));
        assert_eq!(texts(&mut instance), before, "{}", String::from_utf8_lossy(&state[..state.len().min(300)]));
    }
    assert!(instance.restore(&good));
    // What an older Syrinx did not know yet gets its default.
    instance.set("Reverb mix", "50 %");
    assert!(instance.restore(&replaced(r#""reverb_mix":{"f32":0.0},"#, "")));
    assert_eq!(texts(&mut instance), before);
    // What a later one of this format knows does no harm.
    assert!(instance.restore(&replaced(r#""params":{"#, r#""params":{"wobble":{"f32":0.5},"#)));
    assert_eq!(texts(&mut instance), before);
}

/// A model of the player's own travels in the session, and a session that lacks its model keeps everything else, and the reference.
#[test]
fn an_own_instrument_travels_in_the_session() {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let entry = load_entry();
    let input = stereo(&demo(48_000, 2.0));
    let mut instance = Instance::new(&entry);
    let plain = json(&instance.save());
    let own = syrinx_models::bytes("flute").unwrap();
    let hash: String = syrinx_models::load("flute").unwrap().hash().iter().map(|b| format!("{b:02x}")).collect();
    let session = |file: Option<&str>| {
        let mut state: serde_json::Value = serde_json::from_str(&plain).unwrap();
        let mut reference = serde_json::json!({"number": 127, "id": "my-flute", "name": "My flute", "hash": hash});
        if let Some(file) = file {
            reference["file"] = file.into();
        }
        state["params"]["instrument_a"]["i32"] = 127.into();
        state["params"]["pitch_shift"]["f32"] = 12.0.into();
        state["fields"]["a"] = reference.to_string().into();
        framed(&state.to_string())
    };
    assert!(instance.restore(&session(Some(&BASE64_STANDARD.encode(own)))));
    instance.activate(48_000.0, 512);
    let out = instance.play(&input, &[512], &[]);
    let flute = Settings { instrument_a: 1, pitch_shift: 12.0, ..Settings::default() };
    assert!(out == engine(48_000, &flute, &input), "it sounds as the same model does from the factory");
    let again = instance.save();
    let mut second = Instance::new(&entry);
    second.activate(48_000.0, 512);
    assert!(second.restore(&again), "into a running instance, too");
    assert!(peak(&second.play(&input, &[512], &[])[0]) > 0.01);

    for broken in [None, Some("%%%"), Some("AAAA"), Some(&*BASE64_STANDARD.encode(&own[..own.len() / 2]))] {
        let mut third = Instance::new(&entry);
        assert!(third.restore(&session(broken)));
        assert_eq!((third.text("Pitch shift").as_str(), third.text("Instrument A").as_str()), ("12.00 st", "Own file"));
        third.activate(48_000.0, 512);
        assert_eq!(peak(&third.play(&input, &[512], &[])[0]), 0.0, "nothing stands in for a missing instrument");
        let kept: serde_json::Value = serde_json::from_str(&json(&third.save())).unwrap();
        let reference: serde_json::Value = serde_json::from_str(kept["fields"]["a"].as_str().unwrap()).unwrap();
        assert_eq!((&reference["name"], &reference["hash"]), (&"My flute".into(), &hash.clone().into()));
    }
}

/// Every parameter over its whole range at audio speed, during a held note: no step that the sound at rest does not have.
#[test]
fn automation_at_audio_speed_never_clicks() {
    let rate = 48_000;
    let tone: Vec<f32> = (0..2 * rate)
        .map(|i| {
            let t = i as f32 / rate as f32;
            let envelope = (t / 0.05).min(1.0);
            (1..=10).map(|k| 0.1 / k as f32 * envelope * (std::f32::consts::TAU * 220.0 * k as f32 * t).sin()).sum()
        })
        .collect();
    let input = [tone.clone(), tone];
    let entry = load_entry();
    let mut clicks = Vec::new();
    for p in PARAMS {
        if p.id == "latency_mode" {
            continue;
        }
        let text = |share: f32| match p.kind {
            Kind::Number { .. } => p.display(p.plain(share)),
            Kind::Choice(names) => names[(share * (names.len() - 1) as f32) as usize].into(),
            Kind::Switch => if share < 0.5 { "off" } else { "on" }.into(),
            Kind::Instrument => ["Violin", "Flute", "Trumpet", "Alto saxophone"][(share * 3.0) as usize].into(),
        };
        let neutral: &[(&str, &str)] = match p.id {
            "morph" | "instrument_b" => &[("Morph", "50")],
            "reverb_size" | "reverb_damping" => &[("Reverb mix", "50")],
            "snap_key" | "snap_scale" => &[("Pitch snap", "100")],
            _ => &[],
        };
        // The reference: the loudest and brightest that the sound at rest gets at any place of the range.
        let mut at_rest = 0.0_f32;
        for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let mut still = Instance::new(&entry);
            neutral.iter().for_each(|(name, value)| still.set(name, value));
            still.set(p.name, &text(share));
            still.activate(f64::from(rate), 512);
            let out = still.play(&input, &[512], &[]);
            at_rest = at_rest.max(corner(&out[0][24_000..]));
        }
        let mut instance = Instance::new(&entry);
        neutral.iter().for_each(|(name, value)| instance.set(name, value));
        instance.activate(f64::from(rate), 512);
        // To and fro ten times, in jumps every 32 samples; then from end to end at once.
        let mut values: Vec<(usize, String)> =
            (0..600_usize).map(|step| (48_000 + 32 * step, text(((step % 60) as f32 / 30.0 - 1.0).abs()))).collect();
        values.extend([(70_000, text(0.0)), (75_000, text(1.0)), (80_000, text(0.0))]);
        let changes: Vec<_> = values.iter().map(|(at, value)| (*at, p.name, value.as_str())).collect();
        let out = instance.play(&input, &[512], &changes);
        let moving = corner(&out[0][24_000..]);
        println!("{:<16} at rest {at_rest:.5}, automated {moving:.5}", p.id);
        // The automation is sound itself: fast changes of level and pitch have corners of their own. A step of the gain has ten times
        // the corner of the sound at rest. Limits of the range that cross the note move its pitch by octaves.
        let most = if ["voice_low", "voice_high"].contains(&p.id) { 4.0 } else { 2.5 };
        if moving > most * at_rest {
            clicks.push(format!("{}: a step of {moving}, where the sound at rest has {at_rest}", p.id));
        }
    }
    assert!(clicks.is_empty(), "{clicks:#?}");
}

#[test]
fn pitch_shift_and_loudness_arrive_in_any_block_size_at_their_sample() {
    let entry = load_entry();
    let input = stereo(&demo(48_000, 2.0));
    let changes = [(30_011, "Pitch shift", "7 st"), (50_333, "Loudness", "-6 dB"), (50_334, "Pitch shift", "-5 st")];
    let run = |blocks: &[usize]| {
        let mut instance = Instance::new(&entry);
        instance.activate(48_000.0, 8192);
        instance.play(&input, blocks, &changes)
    };
    let reference = run(&[512]);
    for blocks in [&[1][..], &[64], MIXED] {
        assert!(run(blocks) == reference, "blocks of {blocks:?}");
    }
}

#[test]
fn thirty_two_at_once_play_as_one_alone() {
    let entry = load_entry();
    let input = stereo(&demo(48_000, 1.0));
    let mut instances: Vec<Instance> = (0..32).map(|_| Instance::new(&entry)).collect();
    instances.iter_mut().for_each(|i| i.activate(48_000.0, 256));
    let expected = engine(48_000, &Settings::default(), &input);
    // In turns, as a host plays its tracks.
    let mut outs: Vec<[Vec<f32>; 2]> = vec![[Vec::new(), Vec::new()]; 32];
    for from in (0..input[0].len() - 4800).step_by(4800) {
        let piece = [input[0][from..from + 4800].to_vec(), input[1][from..from + 4800].to_vec()];
        for (instance, out) in instances.iter_mut().zip(&mut outs) {
            let [left, right] = instance.play(&piece, &[256], &[]);
            out[0].extend(left);
            out[1].extend(right);
        }
    }
    for out in outs {
        assert!(out[0] == expected[0][..out[0].len()] && out[1] == expected[1][..out[1].len()]);
    }
}

#[test]
fn silence_stays_silence_and_the_host_may_sleep() {
    let entry = load_entry();
    let mut instance = Instance::new(&entry);
    instance.set("Reverb mix", "100 %");
    instance.set("Reverb size", "20 %");
    instance.activate(48_000.0, 512);
    let silence = [vec![0.0; 48_000], vec![0.0; 48_000]];
    assert_eq!(peak(&instance.play(&silence, &[512], &[])[0]), 0.0);
    let voice = demo(48_000, 1.0);
    instance.play(&stereo(&voice), &[512], &[]);
    let TailLength::Finite(tail) = instance.tail() else { panic!("the tail ends") };
    let after = [vec![0.0; tail as usize + 48_000], vec![0.0; tail as usize + 48_000]];
    let out = instance.play(&after, &[512], &[]);
    assert!(peak(&out[0][..4800]) > 1e-4, "the room rings");
    assert!(peak(&out[0][tail as usize..]) < 1e-4, "something sounds after the tail");
}

#[test]
fn what_is_no_sound_never_comes_out() {
    let entry = load_entry();
    let mut voice = demo(48_000, 1.0);
    for (i, x) in voice.iter_mut().enumerate() {
        *x = match i % 997 {
            0 => f32::NAN,
            100 => f32::INFINITY,
            200 => f32::NEG_INFINITY,
            300 => 1e-42,
            400 => 1000.0,
            500 => f32::MIN,
            _ => *x,
        };
    }
    let changes =
        [(10_000, "Bypass", "on"), (15_000, "Bypass", "off"), (20_000, "Dry/wet", "30 %"), (25_000, "Reverb mix", "80 %")];
    let mut instance = Instance::new(&entry);
    instance.activate(48_000.0, 512);
    let out = instance.play(&stereo(&voice), &[512, 0, 64], &changes);
    assert!(out.iter().flatten().all(|x| x.is_finite() && x.abs() <= 16.0));
    // And the next stream is clean.
    instance.deactivate();
    for (name, _) in [("Dry/wet", ""), ("Reverb mix", "")] {
        instance.set(name, if name == "Dry/wet" { "100" } else { "0" });
    }
    instance.activate(48_000.0, 512);
    let clean = stereo(&demo(48_000, 1.0));
    let (played, wanted) = (instance.play(&clean, &[512], &[]), engine(48_000, &Settings::default(), &clean));
    for (p, w) in played.iter().zip(&wanted) {
        let first = p.iter().zip(w).position(|(a, b)| a != b);
        let most = p.iter().zip(w).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(first.is_none(), "they differ from {first:?} on, by {most}");
    }
}

#[test]
fn bypass_is_the_voice_itself_as_late_as_the_instrument() {
    let entry = load_entry();
    let input = stereo(&demo(48_000, 1.0));
    let mut instance = Instance::new(&entry);
    instance.set("Bypass", "on");
    instance.set("Input gain", "12 dB");
    instance.activate(48_000.0, 512);
    let delay = instance.latency();
    let out = instance.play(&input, &[512], &[]);
    assert!(out[0][delay..] == input[0][..input[0].len() - delay] && out[1][delay..] == input[1][..input[1].len() - delay]);
}

#[test]
fn mono_comes_in_and_mono_or_stereo_goes_out() {
    let entry = load_entry();
    let voice = [demo(48_000, 2.0)];
    let mut instance = Instance::new(&entry);
    let layouts = instance.layouts();
    let channels: Vec<_> = layouts.iter().map(|(_, inputs, outputs)| (*inputs, *outputs)).collect();
    assert_eq!(channels, [(2, 2), (1, 1), (1, 2), (2, 1)]);
    for (id, _, outputs) in &layouts[1..3] {
        instance.select_layout(*id);
        instance.set("Dry/wet", "60 %");
        instance.activate(48_000.0, 512);
        let stream =
            Stream { input: &voice, len: voice[0].len(), outputs: *outputs as usize, blocks: &[512], changes: &[], odd: false };
        let out = instance.play_stream(&stream, &mut |call| call());
        instance.deactivate();
        let settings = Settings { mix: 60.0, ..Settings::default() };
        let config = EngineConfig { sample_rate_hz: 48_000, channels: *outputs as usize, seed: 0 };
        let mut engine = Engine::new(config, syrinx_models::factory()).unwrap();
        engine.set(&settings);
        let mut expected = vec![vec![0.0; voice[0].len()]; *outputs as usize];
        let mut slices: Vec<&mut [f32]> = expected.iter_mut().map(Vec::as_mut_slice).collect();
        engine.process(&[&voice[0]], &mut slices);
        assert!(peak(&out[0]) > 1e-2 && out == expected, "1 to {outputs}");
    }
}

#[test]
fn a_host_without_an_input_bus_gets_silence_and_no_harm() {
    let entry = load_entry();
    let mut instance = Instance::new(&entry);
    instance.activate(48_000.0, 512);
    let stream = Stream { input: &[], len: 48_000, outputs: 2, blocks: &[512, 0, 3], changes: &[], odd: true };
    let out = instance.play_stream(&stream, &mut |call| call());
    assert!(out.iter().flatten().all(|x| *x == 0.0));
    let input = stereo(&demo(48_000, 1.0));
    assert!(peak(&instance.play(&input, &[512], &[])[0]) > 1e-2, "the bus is back, and it plays");
}

#[test]
fn notes_and_a_transport_that_jumps_change_nothing_yet() {
    let entry = load_entry();
    let input = stereo(&demo(48_000, 2.0));
    let mut instance = Instance::new(&entry);
    instance.activate(48_000.0, 512);
    let stream = Stream { input: &input, len: input[0].len(), outputs: 2, blocks: &[512, 0, 77, 1], changes: &[], odd: true };
    let out = instance.play_stream(&stream, &mut |call| call());
    assert!(out == engine(48_000, &Settings::default(), &input));
}

#[test]
fn rates_that_cannot_be_played_are_refused() {
    let entry = load_entry();
    let mut instance = Instance::new(&entry);
    for rate in [0.0, 700.0, 10_000_000.0] {
        assert!(instance.try_activate(rate, 512).is_err(), "{rate} Hz");
    }
    instance.activate(48_000.0, 512);
    assert!(peak(&instance.play(&stereo(&demo(48_000, 1.0)), &[512], &[])[0]) > 1e-3, "it plays all the same afterwards");
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn allocated() -> usize {
    // SAFETY: it only reads the allocator's counts.
    let info = unsafe { libc::mallinfo2() };
    info.uordblks + info.hblkhd
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_thousand_starts_leak_nothing() {
    // It counts the memory of the whole process, so it runs in one of its own.
    const ALONE: &str = "SYRINX_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_thousand_starts_leak_nothing", "--nocapture"])
            .env(ALONE, "1")
            .output()
            .unwrap();
        println!("{}", String::from_utf8_lossy(&output.stdout));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let entry = load_entry();
    let mut instance = Instance::new(&entry);
    let cycle = |instance: &mut Instance, n: usize| {
        instance.activate([44_100.0, 48_000.0][n % 2], 64 << (n % 4));
        if n.is_multiple_of(50) {
            instance.play(&[vec![0.1; 512], vec![0.1; 512]], &[64], &[]);
        }
        instance.deactivate();
    };
    (0..20).for_each(|n| cycle(&mut instance, n));
    let before = allocated();
    (0..1000).for_each(|n| cycle(&mut instance, n));
    let leaked = allocated().saturating_sub(before);
    assert!(leaked < 100_000, "{leaked} bytes after a thousand starts");

    drop(Instance::new(&entry));
    let before = allocated();
    let instances: Vec<Instance> = (0..32)
        .map(|_| {
            let mut instance = Instance::new(&entry);
            instance.activate(48_000.0, 512);
            instance
        })
        .collect();
    let each = allocated().saturating_sub(before) / 32;
    println!("{each} bytes an instance");
    // The factory's models are in the process once; a copy each would be more than this.
    assert!(each < 4_000_000, "{each} bytes an instance");
    drop(instances);
    let left = allocated().saturating_sub(before);
    assert!(left < 200_000, "{left} bytes stay after 32 instances are gone");
}

/// The audio thread's side of everything, under a guard that ends the process if it allocates, frees, locks or waits. The guard is
/// preloaded into a second run of this test.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn the_audio_thread_never_allocates_locks_or_waits() {
    const GUARDED: &str = "SYRINX_GUARDED";
    if std::env::var_os(GUARDED).is_none() {
        let guard = bundle().with_file_name("libsyrinx_guard.so");
        let guard = if guard.exists() { guard } else { bundle_sibling("libsyrinx_guard.so") };
        let run = |calls: &str| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "the_audio_thread_never_allocates_locks_or_waits", "--nocapture"])
                .env("LD_PRELOAD", &guard)
                .env(GUARDED, calls)
                .output()
                .unwrap()
        };
        let guarded = run("plugin");
        assert!(guarded.status.success(), "{}", String::from_utf8_lossy(&guarded.stderr));
        // The guard itself must bite.
        for bad in ["allocate", "lock", "sleep"] {
            let bitten = run(bad);
            let text = String::from_utf8_lossy(&bitten.stderr).into_owned();
            assert!(!bitten.status.success() && text.contains("the audio thread called"), "{bad} went by unseen: {text}");
        }
        return;
    }
    // SAFETY: the guard is preloaded, and its function takes one boolean.
    let arm: extern "C" fn(bool) = unsafe {
        let found = libc::dlsym(libc::RTLD_DEFAULT, c"syrinx_guard_arm".as_ptr());
        assert!(!found.is_null(), "the guard is not loaded");
        std::mem::transmute(found)
    };
    match std::env::var(GUARDED).unwrap().as_str() {
        "allocate" => {
            arm(true);
            std::hint::black_box(Box::new([0_u8; 100]));
            arm(false);
        }
        "lock" => {
            let lock = std::sync::Arc::new(std::sync::Mutex::new(()));
            let held = lock.lock().unwrap();
            let other = lock.clone();
            let waiting = std::thread::spawn(move || {
                arm(true);
                drop(other.lock());
                arm(false);
            });
            std::thread::sleep(std::time::Duration::from_millis(200));
            drop(held);
            let _ = waiting.join();
        }
        "sleep" => {
            arm(true);
            std::thread::sleep(std::time::Duration::from_millis(1));
            arm(false);
        }
        _ => guarded_run(arm),
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn guarded_run(arm: extern "C" fn(bool)) {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let entry = load_entry();
    let input = stereo(&demo(48_000, 2.0));
    let mut instance = Instance::new(&entry);
    // An own instrument, so that switching reaches it too.
    let mut state: serde_json::Value = serde_json::from_str(&json(&instance.save())).unwrap();
    let session = |state: &mut serde_json::Value, id: &str| {
        let hash: String = syrinx_models::load(id).unwrap().hash().iter().map(|b| format!("{b:02x}")).collect();
        let file = BASE64_STANDARD.encode(syrinx_models::bytes(id).unwrap());
        let reference = serde_json::json!({"number": 127, "id": id, "name": id, "hash": hash, "file": file});
        state["params"]["instrument_a"]["i32"] = 127.into();
        state["fields"]["a"] = reference.to_string().into();
        framed(&state.to_string())
    };
    instance.restore(&session(&mut state, "flute"));
    instance.activate(48_000.0, 512);
    let mut values = Vec::new();
    for (n, p) in PARAMS.iter().enumerate() {
        for step in 0..40 {
            let share = (step as f32 * 0.37 + n as f32 * 0.1) % 1.0;
            let text = match p.kind {
                Kind::Number { .. } => p.display(p.plain(share)),
                Kind::Choice(names) => names[(share * names.len() as f32) as usize].into(),
                Kind::Switch => if step % 2 == 0 { "on" } else { "off" }.into(),
                Kind::Instrument => {
                    ["Violin".into(), "Flute".into(), instrument_name(p, OWN_INSTRUMENT), "Alto saxophone".into()][step % 4]
                        .clone()
                }
            };
            values.push((2000 * step + 17 * n + 5, p.name, text));
        }
    }
    values.sort_by_key(|v| v.0);
    let changes: Vec<_> = values.iter().map(|(at, name, text)| (*at, *name, text.as_str())).collect();
    let mut around = |call: &mut dyn FnMut()| {
        arm(true);
        call();
        arm(false);
    };
    for (pass, id) in ["trumpet", "violin", "flute"].into_iter().enumerate() {
        let stream = Stream { input: &input, len: input[0].len(), outputs: 2, blocks: MIXED, changes: &changes, odd: true };
        let out = instance.play_stream(&stream, &mut around);
        assert!(peak(&out[0]) > 1e-3, "pass {pass} is silent");
        instance.idle();
        // Another own instrument arrives while the stream runs, and the one before goes.
        instance.restore(&session(&mut state, id));
        arm(true);
        instance.processor().reset();
        arm(false);
    }
}
