//! `syrinx evaluate --realism`: what moves in held notes of recordings, and in what an instrument makes of those very recordings.

use crate::{
    common::{Failure, Palette, bar, palette},
    recordings, terminal,
};
use serde_json::{Value, json};
use std::path::PathBuf;
use syrinx_analysis::{ANALYSIS_RATE_HZ, Take, Target, analysis_samples, in_parallel, levels_of, live_delay_samples};
use syrinx_engine::{Engine, EngineConfig, FrameClock, LatencyMode, Settings, bounce};
use syrinx_trainer::{Realism, notes};

/// What a row is of, and how the instrument is set for it: *Life* and *Room*, per cent.
const WAYS: [(&str, f32); 2] = [("without Life and Room", 0.0), ("played", 100.0)];
/// Harmonics whose levels over time are given, of one note: the lowest.
const SHOWN: usize = 6;

/// All that is read of one recording: figures of each note as recorded, and each of the [`WAYS`]; and the levels of its longest note, recorded and played.
struct Read {
    figures: [Vec<Realism>; 3],
    longest: usize,
    levels: [Vec<Vec<f32>>; 2],
}

pub fn run(model: &str, recordings: &[PathBuf], as_json: bool) -> Result<(), Failure> {
    let palette = palette(model)?;
    let files = recordings::find(recordings)?;
    let takes = recordings::analysed(&files)?;
    let progress = bar(files.len() as u64, "playing");
    let both: Vec<_> = files.iter().zip(&takes).collect();
    let read = in_parallel(
        &both,
        |done| progress.set_position(done as u64),
        |((path, _), take)| {
            let samples = analysis_samples(path).map_err(|e| e.to_string())?;
            read(&palette, &samples, take)
        },
    );
    progress.finish_and_clear();
    let read = read.into_iter().collect::<Result<Vec<_>, String>>()?;
    let median = |way: usize| Realism::median(&read.iter().flat_map(|r| r.figures[way].iter().copied()).collect::<Vec<_>>());
    let recorded = median(0).ok_or("no note is held for long enough (0.9 s) to tell what moves in it")?;
    let rows: Vec<(&str, Realism)> = std::iter::once(("recorded", Some(recorded)))
        .chain(WAYS.iter().enumerate().map(|(n, (title, _))| (*title, median(1 + n))))
        .filter_map(|(title, figures)| Some((title, figures?)))
        .collect();
    if as_json {
        let longest = read.iter().max_by_key(|r| r.longest);
        let envelopes = longest.map(|r| json!({"recorded": r.levels[0], "played": r.levels[1]}));
        let figures: serde_json::Map<String, Value> = rows.iter().map(|(title, r)| ((*title).into(), object(r))).collect();
        return terminal::json(
            &json!({"model": palette.model().card().id, "notes": read.iter().map(|r| r.figures[0].len()).sum::<usize>(),
            "realism": figures, "envelopes_db": envelopes}),
        );
    }
    println!(
        "{:<24} {:>11} {:>6} {:>6} {:>6} {:>7} {:>6} {:>8}",
        "", "unexplained", "AM 1-4", "4-8", "8-20", "20-60", "pulse", "release"
    );
    let some = |x: Option<f32>, digits| x.map_or("-".into(), |x| format!("{x:.digits$}"));
    for (title, r) in &rows {
        let [a, b, c, d] = r.am_db;
        println!(
            "{title:<24} {:>8.2} dB {a:>6.2} {b:>6.2} {c:>6.2} {d:>7.2} {:>6} {:>5} ms",
            r.unexplained_db,
            some(r.pulse, 2),
            some(r.release_ms, 0)
        );
    }
    Ok(())
}

fn object(r: &Realism) -> Value {
    json!({"unexplained_db": r.unexplained_db, "am_db": r.am_db, "pulse": r.pulse, "release_ms": r.release_ms})
}

fn read(palette: &Palette, samples: &[f32], take: &Take) -> Result<Read, String> {
    let clock = FrameClock::new(ANALYSIS_RATE_HZ);
    let first_instant = clock.end_of(0) as f64 - live_delay_samples() as f64;
    let f0_hz: Vec<f32> = take.frames.iter().map(|f| f.target.f0_hz).collect();
    let recorded: Vec<Target> = take.frames.iter().map(|f| f.target.clone()).collect();
    let config = EngineConfig { sample_rate_hz: ANALYSIS_RATE_HZ, channels: 1, seed: 0 };
    let mut engine = Engine::new(config, &palette.instruments).map_err(|e| e.to_string())?;
    let played = WAYS.map(|(_, amount)| {
        let latency_mode = LatencyMode::Studio;
        engine.set(&Settings { instrument_a: palette.number, latency_mode, life: amount, room: amount, ..Settings::default() });
        // At the recording's own pitches: what follows it has them.
        levels_of(&bounce(&mut engine, &[samples], 512).remove(0), first_instant, &f0_hz)
    });
    let notes = notes(take);
    let figures = [&recorded, &played[0], &played[1]].map(|targets| Realism::of_notes(&notes, targets));
    let note = notes.into_iter().max_by_key(ExactSizeIterator::len).unwrap_or_default();
    let levels = |targets: &[Target]| -> Vec<Vec<f32>> {
        (0..SHOWN).map(|k| targets[note.clone()].iter().map(|t| (10.0 * t.harmonics_db[k]).round() / 10.0).collect()).collect()
    };
    let levels = [levels(&recorded), levels(&played[1])];
    Ok(Read { figures, longest: note.len(), levels })
}
