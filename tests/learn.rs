//! Recordings in, an instrument out: training and evaluation as their user runs them, on recordings that the test makes.

mod support;

use serde_json::Value;
use std::path::Path;
use support::{Folder, RATE_HZ, following, ok, refused, samples};

/// A plain reed: odd harmonics stronger, brighter when louder, some breath; `seconds` at `midi`, soft to loud and back.
fn note(midi: f64, seconds: f64, seed: u32) -> Vec<f32> {
    let rate = f64::from(RATE_HZ);
    let f0 = 440.0 * ((midi - 69.0) / 12.0).exp2();
    let len = (seconds * rate) as usize;
    let mut noise = seed.wrapping_mul(2_654_435_761) | 1;
    let mut smooth = 0.0;
    let mut phase = 0.0_f64;
    (0..len)
        .map(|i| {
            let t = i as f64 / rate;
            let edge = (t.min(seconds - t) / 0.04).clamp(0.0, 1.0);
            let swell = (std::f64::consts::PI * t / seconds).sin();
            phase += f0 * (1.0 + 0.004 * (33.0 * t).sin()) / rate;
            let tilt = 1.9 - 0.7 * swell;
            let tone: f64 = (1..=40)
                .filter(|k| f64::from(*k) * f0 < 20_000.0)
                .map(|k| {
                    let side = if k % 2 == 1 { 1.0 } else { 0.25 };
                    side * f64::from(k).powf(-tilt) * (std::f64::consts::TAU * phase * f64::from(k)).sin()
                })
                .sum();
            noise ^= noise << 13;
            noise ^= noise >> 17;
            noise ^= noise << 5;
            smooth += 0.3 * (f64::from(noise) / f64::from(u32::MAX) - 0.5 - smooth);
            ((0.05 + 0.2 * swell) * edge * (tone + 0.02 * smooth)) as f32
        })
        .collect()
}

fn recordings(folder: &Folder, name: &str) -> std::path::PathBuf {
    let path = folder.path(name);
    std::fs::create_dir_all(&path).unwrap();
    for (i, midi) in (52..76).step_by(2).enumerate() {
        folder.wav(&format!("{name}/note-{i:02}.wav"), RATE_HZ, &note(f64::from(midi), 2.5, midi));
    }
    path
}

fn train(recordings: &Path, out: &Path) -> String {
    let args = [
        "train",
        recordings.to_str().unwrap(),
        "--id",
        "test-reed",
        "--name",
        "Test Reed",
        "--family",
        "reed",
        "--credit",
        "made by the test",
        "--licence",
        "CC0-1.0",
        "-o",
        out.to_str().unwrap(),
    ];
    ok(args)
}

#[test]
fn a_new_instrument_from_recordings_plays_and_is_the_same_every_time() {
    let folder = Folder::new();
    let recordings = recordings(&folder, "reed");
    let (model, again) = (folder.path("reed.onnx"), folder.path("again.onnx"));
    let report = train(&recordings, &model);
    assert!(report.contains("usable") && report.contains("pitch: E3 to D5"), "the report on the recordings: {report}");
    train(&recordings, &again);
    assert!(std::fs::read(&model).unwrap() == std::fs::read(&again).unwrap(), "same seed, same model");

    // It plays: a sung phrase comes out at its pitch and loudness.
    let voice = syrinx_singer::sing(RATE_HZ, 1);
    let input = folder.wav("voice.wav", RATE_HZ, &voice.samples);
    let out = folder.path("out.wav");
    ok(["render", input.to_str().unwrap(), "-o", out.to_str().unwrap(), "--instrument", model.to_str().unwrap()]);
    let f = following(&voice, &samples(&out), 0.0);
    assert!(f.within_50_cents > 0.95 && f.loudness_error_db < 1.5, "{f:?}");

    // It has learnt its recordings' timbre: on pitches that lie between those of its training, it is close to the real thing.
    folder.wav("unseen.wav", RATE_HZ, &note(63.0, 2.5, 9));
    let unseen = folder.path("unseen.wav");
    let scores: Value =
        serde_json::from_str(&ok(["evaluate", model.to_str().unwrap(), unseen.to_str().unwrap(), "--json"])).unwrap();
    let violin: Value = serde_json::from_str(&ok(["evaluate", "violin", unseen.to_str().unwrap(), "--json"])).unwrap();
    let score = |of: &Value, name: &str| of["scores"][name].as_f64().unwrap_or_else(|| panic!("{name} in {of}"));
    println!("test reed {scores}\nviolin {violin}");
    assert!(score(&scores, "h1_5") < 4.0, "{scores}");
    assert!(score(&scores, "lsd") < score(&violin, "lsd"), "a violin is closer to the reed than the reed: {scores} {violin}");
    assert!(score(&scores, "loudness") < 1.0, "{scores}");
}

#[test]
fn hopeless_recordings_are_refused_with_the_reason() {
    let folder = Folder::new();
    let seconds = 25 * RATE_HZ as usize;
    let mut seed = 7_u32;
    let noise: Vec<f32> = (0..seconds)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            0.2 * (seed as f32 / u32::MAX as f32 - 0.5)
        })
        .collect();
    let noise = folder.wav("noise.wav", RATE_HZ, &noise);
    let silence = folder.wav("silence.wav", RATE_HZ, &vec![0.0; seconds]);
    let short = folder.wav("short.wav", RATE_HZ, &note(60.0, 1.0, 1));
    let model = folder.path("model.onnx");
    for (file, says) in [(&noise, "pitch"), (&silence, "silent"), (&short, "at least 20 s")] {
        let args = ["train", file.to_str().unwrap(), "--id", "x", "--name", "X", "-o", model.to_str().unwrap()];
        let sentence = refused(args);
        assert!(sentence.to_lowercase().contains(says), "{}: {sentence}", file.display());
        assert!(!model.exists());
    }
}
