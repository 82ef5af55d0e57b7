//! How well the note detector finds notes that are known: `cargo run --release -p syrinx-engine --example notes`. What was tuned on are the even takes, so the odd ones
//! tell. Notes that are found are where `syrinx notes` writes them; how late they are is told of the plugin's, as they come, with its own React. With a folder behind it, writes the odd ones there, for other programs to try: the sound and, as lines of seconds and key, its notes.

use std::{error::Error, fs, path::PathBuf};
use syrinx_engine::{Block, Engine, EngineConfig, Event, EventKind, LatencyMode, Message, NoteOutput, Settings};
use syrinx_testkit::{KINDS, Melody, NoteScore, RATE_HZ, delays, melody};

const TAKES: u64 = 12;

/// Kinds in which it is a matter of taste what is a note: wide vibrato from the first moment, and slides over every key.
const TASTE: [&str; 3] = ["swings", "slides", "portamento"];
/// As `syrinx notes` has it, ms.
const REACT_OF_FILES_MS: f32 = 8.0;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).map(PathBuf::from);
    let mut engine = Engine::new(EngineConfig { sample_rate_hz: RATE_HZ, channels: 1, seed: 0 }, &[])?;
    println!("F1 of onset and pitch (precision, recall) in files; how late as they come, ms, from 160 Hz up: quartiles");
    for mode in [LatencyMode::Live, LatencyMode::Studio] {
        let played = Settings { note_output: NoteOutput::OneChannel, latency_mode: mode, ..Settings::default() };
        let written = Settings { note_react: REACT_OF_FILES_MS, ..played };
        let (mut all, mut late) = (NoteScore::default(), Vec::new());
        for kind in KINDS {
            let mut score = NoteScore::default();
            let mut own = Vec::new();
            for take in (0..TAKES).map(|n| 2 * n + 1) {
                let melody = melody(kind, take, RATE_HZ);
                if let Some(folder) = folder.as_ref().filter(|_| mode == LatencyMode::Live) {
                    write(folder, take, &melody)?;
                }
                engine.set(&written);
                let found = notes(&mut engine, &melody.samples);
                let delay_s = engine.note_delay_samples() as f64 / f64::from(RATE_HZ);
                let told: Vec<(f64, u8)> = found.iter().map(|(at, key)| (at - delay_s, *key)).collect();
                score = score.and(NoteScore::of(&melody.notes, &told));
                engine.set(&played);
                let high: Vec<_> = melody.notes.iter().copied().filter(|note| note.key >= 52).collect();
                own.extend(delays(&high, &notes(&mut engine, &melody.samples)));
            }
            println!("{mode:?} {kind:10} {}", line(score, &mut own));
            if !TASTE.contains(&kind) {
                all = all.and(score);
                late.extend(own);
            }
        }
        println!("{mode:?} {:10} {}", "all", line(all, &mut late));
    }
    println!("(all: but for {})", TASTE.join(", "));
    Ok(())
}

fn line(score: NoteScore, late: &mut [f64]) -> String {
    late.sort_by(f64::total_cmp);
    let [precision, recall] = score.precision_and_recall();
    let quartiles = [1, 2, 3].map(|q| late.get(q * late.len() / 4).map_or(f64::NAN, |s| 1e3 * s));
    format!("{:.3} ({precision:.3}, {recall:.3})  {:5.1} {:5.1} {:5.1}", score.f1(), quartiles[0], quartiles[1], quartiles[2])
}

/// The notes that are sent: seconds and key.
fn notes(engine: &mut Engine, voice: &[f32]) -> Vec<(f64, u8)> {
    engine.reset();
    let mut found = Vec::new();
    let mut out = [0.0; 512];
    for (block, input) in voice.chunks(512).enumerate() {
        let output = &mut out[..input.len()];
        engine.play_and_send(Block { input: &[input], output: &mut [output], events: &[] }, &mut |Event { at, kind }| {
            if let EventKind::Message { message: Message::NoteOn { key, .. }, .. } = kind {
                found.push(((512 * block + at) as f64 / f64::from(RATE_HZ), key));
            }
        });
    }
    found
}

fn write(folder: &std::path::Path, take: u64, melody: &Melody) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let name = format!("{}-{take}", melody.kind);
    let spec =
        hound::WavSpec { channels: 1, sample_rate: RATE_HZ, bits_per_sample: 32, sample_format: hound::SampleFormat::Float };
    let mut file = hound::WavWriter::create(folder.join(format!("{name}.wav")), spec)?;
    for sample in &melody.samples {
        file.write_sample(*sample)?;
    }
    file.finalize()?;
    let lines: String = melody.notes.iter().map(|note| format!("{:.4} {:.4} {}\n", note.start_s, note.end_s, note.key)).collect();
    Ok(fs::write(folder.join(format!("{name}.notes")), lines)?)
}
