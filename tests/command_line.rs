//! The command line as a contract: what it reads, what it writes, and how it refuses.

mod support;

use serde_json::Value;
use std::path::{Path, PathBuf};
use support::{Folder, RATE_HZ, demo_voice, in_long_form, ok, refused, samples};
use syrinx_analysis::{Audio, AudioError, FORMATS, WavWriter, read_audio, write_wav};

fn short_voice(rate: u32, seconds: f64) -> Vec<f32> {
    let mut voice = demo_voice(rate, 1).samples;
    voice.truncate((f64::from(rate) * seconds) as usize);
    voice
}

#[test]
fn track_writes_the_columns_that_scorers_read() {
    let folder = Folder::new();
    let voice = demo_voice(RATE_HZ, 1);
    let input = folder.wav("voice.wav", RATE_HZ, &voice.samples);
    for mode in ["live", "studio"] {
        let csv = folder.path("voice.csv");
        ok(["track", input.to_str().unwrap(), "-o", csv.to_str().unwrap(), "--latency", mode]);
        let text = std::fs::read_to_string(&csv).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("time_s,f0_hz,voiced,confidence,loudness_db"));
        let rows: Vec<Vec<f64>> = lines.map(|l| l.split(',').map(|x| x.parse().unwrap()).collect()).collect();
        assert_eq!(rows.len(), voice.samples.len() * 250 / RATE_HZ as usize);
        assert!((rows[0][0] - 0.004).abs() < 1e-9 && rows.windows(2).all(|w| w[1][0] > w[0][0]));
        assert!(rows.iter().all(|r| r.len() == 5 && (r[2] == f64::from(u8::from(r[3] >= 0.5))) && (0.0..=1.0).contains(&r[3])));
        // Against the truth, at the tracker's own delay: most of what is surely voiced is right.
        let best = (0..30)
            .map(|delay| {
                let sure: Vec<_> = rows
                    .iter()
                    .filter(|r| {
                        let t = voice.truth_at(r[0] - f64::from(delay) * 0.002);
                        t.voiced && t.certain
                    })
                    .collect();
                let right = sure
                    .iter()
                    .filter(|r| {
                        let truth = voice.truth_at(r[0] - f64::from(delay) * 0.002).f0_hz;
                        r[2] == 1.0 && (1200.0 * (r[1] / truth).log2()).abs() < 50.0
                    })
                    .count();
                right as f64 / sure.len() as f64
            })
            .fold(0.0, f64::max);
        assert!(best > 0.93, "{mode}: {best}");
    }
}

#[test]
fn a_glide_narrows_what_is_listened_for() {
    let folder = Folder::new();
    let voice = demo_voice(RATE_HZ, 1);
    let input = folder.wav("voice.wav", RATE_HZ, &voice.samples);
    let csv = folder.path("voice.csv");
    let arguments = ["track", input.to_str().unwrap(), "-o", csv.to_str().unwrap(), "--calibrate", input.to_str().unwrap()];
    let output = support::syrinx(arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    // "the voice sings from 138 to 523 Hz (...)": what the score asks for lies inside, and octaves of it do not.
    let numbers: Vec<f32> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let sung: Vec<f32> = (0..1700)
        .map(|n| voice.truth_at(f64::from(n) * 0.01))
        .filter(|t| t.certain && t.voiced)
        .map(|t| t.f0_hz as f32)
        .collect();
    let (lowest, highest) = sung.iter().fold((f32::MAX, 0.0_f32), |(low, high), hz| (low.min(*hz), high.max(*hz)));
    let [low, high] = numbers[..2] else { panic!("{said}") };
    assert!(
        low < lowest && low > 0.6 * lowest && high > 0.98 * highest && high < 1.6 * highest,
        "{said}: {lowest} to {highest} Hz"
    );
    let silence = folder.wav("silence.wav", RATE_HZ, &vec![0.0; 48_000]);
    let refused =
        refused(["track", input.to_str().unwrap(), "-o", csv.to_str().unwrap(), "--calibrate", silence.to_str().unwrap()]);
    assert!(refused.contains("no glide"), "{refused}");
}

#[test]
fn instruments_are_listed_for_people_and_for_scripts() {
    let list: Value = serde_json::from_str(&ok(["instruments", "--json"])).unwrap();
    let list = list.as_array().unwrap();
    for id in ["violin", "flute", "trumpet", "alto-sax"] {
        let one = list.iter().find(|i| i["id"] == id).unwrap_or_else(|| panic!("no {id}"));
        for key in ["name", "family", "licence"] {
            assert!(one[key].as_str().is_some_and(|s| !s.is_empty()), "{id}: {key}");
        }
        assert!(!one["credits"].as_array().unwrap().is_empty());
        let range = one["pitch_range_hz"].as_array().unwrap();
        assert!(range[0].as_f64().unwrap() < range[1].as_f64().unwrap());
        assert!(one["scores"]["lsd"].as_f64().unwrap() > 0.0, "{id}: held-out scores");
    }
    let table = ok(["instruments"]);
    assert!(list.iter().all(|i| table.contains(i["name"].as_str().unwrap())));
}

#[test]
fn stereo_stays_stereo_and_low_rates_are_brought_up() {
    let folder = Folder::new();
    let voice = short_voice(RATE_HZ, 1.5);
    let stereo = folder.path("stereo.wav");
    let right: Vec<f32> = voice.iter().map(|x| 0.5 * x).collect();
    write_wav(&stereo, &Audio { sample_rate_hz: RATE_HZ, channels: vec![voice, right] }).unwrap();
    let out = folder.path("out.wav");
    ok(["render", stereo.to_str().unwrap(), "-o", out.to_str().unwrap(), "--set", "mix=50"]);
    let audio = read_audio(&out).unwrap();
    assert_eq!(audio.channels.len(), 2);
    assert_ne!(audio.channels[0], audio.channels[1], "the dry voice keeps its side");

    let telephone = folder.wav("telephone.wav", 8000, &short_voice(8000, 1.5));
    ok(["render", telephone.to_str().unwrap(), "-o", out.to_str().unwrap()]);
    assert_eq!(read_audio(&out).unwrap().sample_rate_hz, 48_000);
}

/// Every refusal is one clear sentence, and leaves no file behind.
#[test]
fn bad_input_is_refused_in_words() {
    let folder = Folder::new();
    let voice = folder.wav("voice.wav", RATE_HZ, &short_voice(RATE_HZ, 0.5));
    let voice = voice.to_str().unwrap();
    let out = folder.path("out.wav");
    let out = out.to_str().unwrap();
    let text = folder.path("text.wav");
    std::fs::write(&text, "this is no sound").unwrap();
    let empty = folder.path("empty.flac");
    std::fs::write(&empty, "").unwrap();
    let cut = folder.path("cut.wav");
    std::fs::write(&cut, &std::fs::read(voice).unwrap()[..30]).unwrap();
    let model = folder.path("model.onnx");
    std::fs::write(&model, "no network").unwrap();
    let path = |p: &std::path::Path| p.to_str().unwrap().to_owned();

    let cases: Vec<(Vec<String>, &str)> = vec![
        (vec!["render".into(), path(&folder.path("missing.wav")), "-o".into(), out.into()], "missing.wav"),
        (vec!["render".into(), path(&text), "-o".into(), out.into()], "text.wav"),
        (vec!["render".into(), path(&empty), "-o".into(), out.into()], "empty.flac"),
        (vec!["render".into(), path(&cut), "-o".into(), out.into()], "cut.wav"),
        (vec!["track".into(), path(&text), "-o".into(), out.into()], "text.wav"),
        (["render", voice, "-o", out, "--instrument", "theremin"].map(String::from).to_vec(), "no instrument \"theremin\""),
        (
            vec!["render".into(), voice.into(), "-o".into(), out.into(), "--instrument".into(), path(&model)],
            "is not a Syrinx instrument",
        ),
        (["render", voice, "-o", out, "--set", "volume=3"].map(String::from).to_vec(), "no parameter \"volume\""),
        (["render", voice, "-o", out, "--set", "mix"].map(String::from).to_vec(), "PARAM=VALUE"),
        (["render", voice, "-o", out, "--set", "pitch_shift=99"].map(String::from).to_vec(), "-24 to 24"),
        (["render", voice, "-o", out, "--sample-rate", "1000"].map(String::from).to_vec(), "44100 to 192000"),
        (["render", voice, "-o", out, "--sample-rate", "4000000000"].map(String::from).to_vec(), "44100 to 192000"),
        (["render", voice, "-o", out, "--block", "0"].map(String::from).to_vec(), "one sample at least"),
        (["render", voice, "-o", out, "--set", "instrument_b=kazoo"].map(String::from).to_vec(), "kazoo"),
        (["render", voice, "-o", out, "--set", "latency_mode=quick"].map(String::from).to_vec(), "Live, Studio"),
        (["render", voice, "-o", "no/such/folder/out.wav"].map(String::from).to_vec(), "no/such/folder/out.wav"),
        (["render", voice, "-o", out, "--latency", "soon"].map(String::from).to_vec(), "live"),
        (
            vec![
                "train".into(),
                path(&folder.path("missing")),
                "--id".into(),
                "x".into(),
                "--name".into(),
                "X".into(),
                "-o".into(),
                out.into(),
            ],
            "missing",
        ),
        (vec!["evaluate".into(), path(&model), voice.into()], "is not a Syrinx instrument"),
        (["render", voice, "-o", out, "--instrument", "/dev/zero"].map(String::from).to_vec(), "has more than"),
        (["render", "/dev/zero", "-o", out].map(String::from).to_vec(), "/dev/zero"),
        (["render", voice, "-o", "out.mp3"].map(String::from).to_vec(), "only WAV can be written"),
        (["render", voice, "-o", "out.OPUS"].map(String::from).to_vec(), "only WAV can be written"),
        (vec!["evaluate".into(), "violin".into(), path(&text)], "text.wav"),
    ];
    for (args, says) in cases {
        let sentence = refused(&args);
        assert!(sentence.contains(says), "{args:?} says {sentence:?}, which lacks {says:?}");
        assert!(!std::path::Path::new(out).exists(), "{args:?} left a file behind");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|n| !n.to_string_lossy().contains("part")), "{left:?}");
}

#[test]
fn refusals_are_one_line() {
    let sentence = refused(["render", "missing.wav", "-o", "out.wav"]);
    assert_eq!(sentence.trim_end().lines().count(), 1, "{sentence}");
    assert!(sentence.starts_with("syrinx: "));
}

#[test]
fn bench_gives_its_figures_as_an_object() {
    let choice: &[&str] = if in_long_form() { &[] } else { &["--passes", "1", "--instances", "2"] };
    let figures: Value = serde_json::from_str(&ok([&["bench", "--json"], choice].concat())).unwrap();
    for key in [
        "tracker_live_share",
        "decoder_share",
        "synth_share",
        "sin_bank_share",
        "harmonics_times_cheaper_than_sin",
        "first_sound_ms",
        "next_instance_ms",
    ] {
        assert!(figures[key].as_f64().is_some_and(|x| x > 0.0), "{key}: {figures}");
    }
    for key in ["instance_share", "choir_share", "instances_on_time"] {
        assert!(figures[key].as_array().is_some_and(|pair| pair.len() == 2), "{key}: {figures}");
    }
}

/// What the instrument promises on stage, in stream time, so that no machine is too slow for it.
#[test]
fn the_instrument_answers_as_soon_as_it_says() {
    let (choice, blocks): (&[&str], _) = if in_long_form() { (&[], 6) } else { (&["--places", "4", "--blocks", "64,1024"], 2) };
    // It fails by itself where a block size changes the sound.
    let rows: Value = serde_json::from_str(&ok([&["latency", "--json"], choice].concat())).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 2 * blocks, "two modes and all block sizes");
    for (n, row) in rows.iter().enumerate() {
        let ms = |what: &Value| what["median_ms"].as_f64().unwrap();
        let told = row["delay_ms"].as_f64().unwrap();
        let (onset, note) = (ms(&row["onset"]), [ms(&row["note"][0]), ms(&row["note"][1]), ms(&row["note"][2])]);
        assert!((onset - told).abs() < 5.0, "onsets come {onset} ms late where {told} ms are told: {row}");
        if row["mode"] == "live" {
            assert!(onset <= 8.0 && row["onset"]["jitter_ms"].as_f64().unwrap() <= 2.0, "{row}");
            assert!(note[0] <= 32.0 && note[1] <= 22.0 && note[2] <= 20.0, "{row}");
        }
        assert_eq!(row["onset"], rows[n - n % blocks]["onset"], "no block size changes it");
    }
}

#[test]
fn an_output_over_an_old_file_replaces_it() {
    let folder = Folder::new();
    let voice = folder.wav("voice.wav", RATE_HZ, &short_voice(RATE_HZ, 0.5));
    let out = folder.wav("out.wav", 8000, &[0.5; 10]);
    ok(["render", voice.to_str().unwrap(), "-o", out.to_str().unwrap()]);
    assert_eq!(samples(&out).len(), RATE_HZ as usize / 2);
}

/// Runs a command that must succeed; what it says on standard error.
fn said(args: &[&str]) -> String {
    let output = support::syrinx(args);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    text
}

fn wav(folder: &Folder, name: &str, channels: Vec<Vec<f32>>) -> PathBuf {
    let path = folder.path(name);
    write_wav(&path, &Audio { sample_rate_hz: RATE_HZ, channels }).unwrap();
    path
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn the_voice_is_heard_on_whatever_channels_it_is() {
    let folder = Folder::new();
    let voice = short_voice(RATE_HZ, 1.0);
    let silence = vec![0.0; voice.len()];
    let inverted: Vec<f32> = voice.iter().map(|x| -x).collect();
    let mono = folder.wav("mono.wav", RATE_HZ, &voice);
    let (out, csv) = (folder.path("out.wav"), folder.path("out.csv"));
    let render = |input: &Path| {
        let said = said(&["render", text(input), "-o", text(&out)]);
        (said, read_audio(&out).unwrap().channels)
    };
    let track = |input: &Path| {
        said(&["track", text(input), "-o", text(&csv)]);
        std::fs::read_to_string(&csv).unwrap()
    };
    let (quiet, alone) = render(&mono);
    let tracked = track(&mono);
    assert_eq!((quiet.as_str(), alone.len()), ("", 1));
    for (name, channels, says) in [
        ("fourth.wav", vec![silence.clone(), silence.clone(), silence.clone(), voice.clone()], "channel 4 of 4"),
        ("left.wav", vec![voice.clone(), silence.clone()], "channel 1 of 2"),
        ("inverted.wav", vec![voice.clone(), inverted], "cancel each other"),
        ("all.wav", vec![voice.clone(); 3], ""),
    ] {
        let file = wav(&folder, name, channels);
        let (said, sound) = render(&file);
        assert!(said.contains(says) && said.lines().count() == usize::from(!says.is_empty()), "{name}: {said}");
        assert_eq!(sound.len(), 2, "{name}");
        // A third of three thirds is rounded.
        let worst =
            sound.iter().flat_map(|channel| channel.iter().zip(&alone[0])).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(sound[0].len() == alone[0].len() && worst < 1e-3, "{name}: off by {worst}");
        if !says.is_empty() {
            assert_eq!(track(&file), tracked, "{name}");
        }
    }
    let (said, sound) = render(&folder.wav("silence.wav", RATE_HZ, &silence));
    assert!(said.contains("it is silent") && sound[0].len() == silence.len(), "{said}");
}

#[test]
fn samples_over_full_scale_are_said() {
    let folder = Folder::new();
    let loud: Vec<f32> = short_voice(RATE_HZ, 1.0).iter().map(|x| 32_768.0 * x).collect();
    let peak_db = 20.0 * loud.iter().fold(0.0_f32, |peak, x| peak.max(x.abs())).log10();
    let loud = folder.wav("loud.wav", RATE_HZ, &loud);
    for (command, out) in [("render", "out.wav"), ("track", "out.csv")] {
        let said = said(&[command, text(&loud), "-o", text(&folder.path(out))]);
        assert!(said.contains(&format!("{peak_db:.1} dB over full scale")), "{said}");
    }
}

#[test]
fn nothing_is_written_over_what_is_read() {
    let folder = Folder::new();
    let voice = folder.wav("voice.wav", RATE_HZ, &short_voice(RATE_HZ, 0.5));
    let before = std::fs::read(&voice).unwrap();
    let hard = folder.path("hard.wav");
    std::fs::hard_link(&voice, &hard).unwrap();
    let mut names = vec![voice.clone(), hard];
    #[cfg(unix)]
    {
        names.push(folder.path("link.wav"));
        std::os::unix::fs::symlink("voice.wav", names.last().unwrap()).unwrap();
    }
    for name in names {
        for command in ["render", "track"] {
            let sentence = refused([command, text(&voice), "-o", text(&name)]);
            assert!(sentence.contains("would overwrite"), "{sentence}");
            assert_eq!(std::fs::read(&voice).unwrap(), before);
        }
    }
}

#[test]
fn a_long_name_and_standard_output_can_be_written() {
    let folder = Folder::new();
    let voice = folder.wav("voice.wav", RATE_HZ, &short_voice(RATE_HZ, 0.5));
    let long = folder.path(&("x".repeat(245) + ".wav"));
    said(&["render", text(&voice), "-o", text(&long)]);
    let csv = folder.path("out.csv");
    said(&["track", text(&voice), "-o", text(&csv)]);
    assert_eq!(ok(["track", text(&voice), "-o", "-"]), std::fs::read_to_string(&csv).unwrap());
    let outputs: &[&str] = if cfg!(unix) { &["-", "/dev/stdout"] } else { &["-"] };
    for output in outputs {
        let written = support::syrinx(["render", text(&voice), "-o", output]);
        assert!(written.status.success() && written.stdout == std::fs::read(&long).unwrap(), "{output}");
    }
}

/// As `| head` does: a reader who has enough is no failure.
#[test]
fn a_reader_who_leaves_ends_a_command_quietly() {
    use std::process::{Command, Stdio};
    let folder = Folder::new();
    let voice = folder.wav("voice.wav", RATE_HZ, &short_voice(RATE_HZ, 1.0));
    for args in [
        &["instruments", "--json"][..],
        &["instruments"],
        &["track", text(&voice), "-o", "-"],
        &["render", text(&voice), "-o", "-"],
    ] {
        let mut child =
            Command::new(env!("CARGO_BIN_EXE_syrinx")).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_is_told() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_syrinx"))
        .arg("instruments")
        .stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.starts_with("syrinx: cannot write standard output"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_file_name_cannot_give_orders_to_the_terminal() {
    let folder = Folder::new();
    let name = folder.path("\u{1b}]0;owned\u{7}\u{202e}\nvoice.wav");
    std::fs::write(&name, "no sound").unwrap();
    let sentence = refused(["render", text(&name), "-o", text(&folder.path("out.wav"))]);
    assert!(sentence.contains("]0;owned") && sentence.trim_end().lines().count() == 1, "{sentence:?}");
    assert!(!sentence.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{sentence:?}");
}

/// Whatever its length, a recording goes through in pieces: here it is three times as large as the memory there is.
#[cfg(target_os = "linux")]
#[test]
fn a_recording_need_not_fit_into_memory() {
    const CHANNELS: usize = 16;
    const SECONDS: usize = 100;
    let folder = Folder::new();
    let (input, out) = (folder.path("long.wav"), folder.path("out.wav"));
    let mut second = vec![vec![0.0; RATE_HZ as usize]; CHANNELS];
    second[7].clone_from_slice(&short_voice(RATE_HZ, 2.0)[RATE_HZ as usize..]);
    syrinx_file::write_whole::<AudioError>(&input, |output| {
        let mut writer = WavWriter::begin(output, RATE_HZ, CHANNELS, (SECONDS * RATE_HZ as usize) as u64)?;
        (0..SECONDS).try_for_each(|_| writer.write(&second))?;
        writer.finish();
        Ok(())
    })
    .unwrap();
    let limited = "ulimit -v 100000; exec \"$@\"";
    let output = std::process::Command::new("sh")
        .args(["-c", limited, "sh", env!("CARGO_BIN_EXE_syrinx"), "render", text(&input), "-o", text(&out)])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let sound = read_audio(&out).unwrap();
    assert_eq!((sound.channels.len(), sound.len()), (2, SECONDS * RATE_HZ as usize));
    assert!(sound.channels[0].iter().any(|x| x.abs() > 0.01));
}

#[test]
fn the_help_names_what_is_read() {
    for command in ["render", "track", "latency"] {
        let help = ok([command, "--help"]).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains(FORMATS), "{command}: {help}");
    }
}
