//! The command line as a contract: what it reads, what it writes, and how it refuses.

mod support;

use serde_json::Value;
use support::{Folder, RATE_HZ, ok, refused, samples};
use syrinx_singer::sing;

fn short_voice(rate: u32, seconds: f64) -> Vec<f32> {
    let mut voice = sing(rate, 1).samples;
    voice.truncate((f64::from(rate) * seconds) as usize);
    voice
}

#[test]
fn track_writes_the_columns_that_scorers_read() {
    let folder = Folder::new();
    let voice = sing(RATE_HZ, 1);
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
    let voice = sing(RATE_HZ, 1);
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
    syrinx_analysis::write_wav(&stereo, &syrinx_analysis::Audio { sample_rate_hz: RATE_HZ, channels: vec![voice, right] })
        .unwrap();
    let out = folder.path("out.wav");
    ok(["render", stereo.to_str().unwrap(), "-o", out.to_str().unwrap(), "--set", "mix=50"]);
    let audio = syrinx_analysis::read_audio(&out).unwrap();
    assert_eq!(audio.channels.len(), 2);
    assert_ne!(audio.channels[0], audio.channels[1], "the dry voice keeps its side");

    let telephone = folder.wav("telephone.wav", 8000, &short_voice(8000, 1.5));
    ok(["render", telephone.to_str().unwrap(), "-o", out.to_str().unwrap()]);
    assert_eq!(syrinx_analysis::read_audio(&out).unwrap().sample_rate_hz, 48_000);
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
    let figures: Value = serde_json::from_str(&ok(["bench", "--json"])).unwrap();
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
    for key in ["instance_share", "instances_on_time"] {
        assert!(figures[key].as_array().is_some_and(|pair| pair.len() == 2), "{key}: {figures}");
    }
}

/// What the instrument promises on stage, in stream time, so that no machine is too slow for it.
#[test]
fn the_instrument_answers_as_soon_as_it_says() {
    let rows: Value = serde_json::from_str(&ok(["latency", "--json"])).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 12, "two modes and six block sizes");
    for row in rows {
        let ms = |what: &Value| what["median_ms"].as_f64().unwrap();
        let told = row["delay_ms"].as_f64().unwrap();
        let (onset, note) = (ms(&row["onset"]), [ms(&row["note"][0]), ms(&row["note"][1]), ms(&row["note"][2])]);
        assert!((onset - told).abs() < 5.0, "onsets come {onset} ms late where {told} ms are told: {row}");
        if row["mode"] == "live" {
            assert!(onset <= 8.0 && row["onset"]["jitter_ms"].as_f64().unwrap() <= 2.0, "{row}");
            assert!(note[0] <= 32.0 && note[1] <= 22.0 && note[2] <= 20.0, "{row}");
        }
        assert_eq!(row["onset"], rows[if row["mode"] == "live" { 0 } else { 6 }]["onset"], "no block size changes it");
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
