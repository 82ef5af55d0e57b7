//! Recorded voices on every factory instrument, where a folder of them lies beside the repository (`../shared/voices`); elsewhere the
//! sung voice of `play.rs` has to do. `--nocapture` prints the figures.

mod support;

use std::path::Path;
use support::{Folder, RATE_HZ, cents, heard, ok, samples};

/// A chord of gliding voices: no one pitch to follow.
const SEVERAL_VOICES: &[&str] = &["up-down-vocals-1"];
/// Speaking, not singing.
const SPEECH: &[&str] = &["librispeech-3436", "speech-female", "speech-male"];
/// What the live tracker listens for ends at 2000 Hz; a whistle may go higher.
const HIGHEST_HZ: f32 = 1950.0;
/// A whistle that is higher than that from start to end.
const TOO_HIGH: &[&str] = &["whistle-2"];
/// Frames on both sides that must be as sure, or as surely unvoiced: what counts is away from the borders of notes.
const AROUND: usize = 12;

#[test]
fn recorded_voices_are_followed_and_their_consonants_do_not_sing() {
    let voices = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/voices");
    let Ok(entries) = std::fs::read_dir(&voices) else {
        println!("no recorded voices here");
        return;
    };
    let mut files: Vec<_> = entries.map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "flac")).collect();
    files.sort();
    assert!(files.len() >= 8);
    let ids: Vec<String> = serde_json::from_str::<serde_json::Value>(&ok(["instruments", "--json"]))
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["id"].as_str().unwrap().to_owned())
        .collect();
    let folder = Folder::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let voice = syrinx_analysis::read_audio(&file).unwrap().resampled(RATE_HZ).mono();
        let input = folder.wav("voice.wav", RATE_HZ, &voice);
        let sung = heard(RATE_HZ, &voice);
        let all = |n: usize, sure: &dyn Fn(f32) -> bool| {
            (n.saturating_sub(AROUND)..(n + AROUND + 1).min(sung.len())).all(|i| sure(sung[i].confidence))
        };
        for id in &ids {
            let out = folder.path("out.wav");
            ok(["render", input.to_str().unwrap(), "-o", out.to_str().unwrap(), "--instrument", id]);
            let played = heard(RATE_HZ, &samples(&out));
            let (mut sure, mut near, mut error) = (0.0, 0.0, 0.0);
            let (mut unvoiced, mut sings) = (0.0, 0.0);
            for (n, (v, i)) in sung.iter().zip(&played).enumerate() {
                if all(n, &|c| c >= 0.8) && v.f0_hz < HIGHEST_HZ {
                    sure += 1.0;
                    near += f64::from(u8::from(i.f0_hz > 0.0 && cents(i.f0_hz, f64::from(v.f0_hz)).abs() < 50.0));
                    error += f64::from((i.loudness_db - v.loudness_db).abs());
                } else if v.loudness_db > -55.0 && all(n, &|c| c < 0.3) {
                    unvoiced += 1.0;
                    sings += f64::from(u8::from(i.confidence >= 0.5));
                }
            }
            let (near, error, sings) = (near / f64::max(sure, 1.0), error / f64::max(sure, 1.0), sings / f64::max(unvoiced, 1.0));
            println!(
                "{name:<24} {id:<10} {sure:>5} sure frames, {:.1} % near, {error:.2} dB; {unvoiced:>4} unvoiced, {:.1} % sing",
                100.0 * near,
                100.0 * sings
            );
            assert!(error < 1.0, "{name} on {id}: loudness is {error:.2} dB off");
            assert!(sings < 0.05, "{name} on {id}: {:.1} % of what has no pitch sings", 100.0 * sings);
            if !SEVERAL_VOICES.contains(&name.as_str()) {
                // Speech glides by semitones within the live tracker's delay.
                let least = if SPEECH.contains(&name.as_str()) { 0.85 } else { 0.93 };
                let followed = sure > 50.0 && near > least;
                assert!(
                    followed || TOO_HIGH.contains(&name.as_str()),
                    "{name} on {id}: {:.1} % of {sure} frames near",
                    100.0 * near
                );
            }
        }
    }
}
