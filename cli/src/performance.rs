//! `syrinx evaluate --keys`: how notes begin, are held and end in recordings, in what keys make of the same notes, and in what a plain envelope would.

use crate::{
    common::{Failure, Palette, bar, palette},
    recordings, terminal,
};
use serde_json::{Value, json};
use std::{path::PathBuf, sync::Arc};
use syrinx_analysis::{ANALYSIS_RATE_HZ, Audio, Take, analyse, in_parallel};
use syrinx_decoder::{ONSET_POINTS, ONSET_S, Performance, PlayedNote, with_card};
use syrinx_engine::{Block, EngineConfig, Event, EventKind, KeySettings, Keys, Message, Model, Settings};
use syrinx_trainer::{HeardNote, heard_notes, quantile};

/// Silence before each note that is played, and what is listened to after its end, s.
const BEFORE_S: f32 = 0.2;
const AFTER_S: f32 = 2.0;
/// Longest that a key is held, s.
const LONGEST_S: f32 = 4.0;
/// The softest stroke that is played: what is softer is hardly heard.
const SOFTEST: f32 = 0.1;
/// Attack and release of the plain envelope, s: what synthesisers begin with.
const PLAIN_S: [f32; 2] = [0.01, 0.1];

/// The figures that are compared: name, unit, and what a note says of each.
type Figure = (&'static str, &'static str, fn(&HeardNote) -> Option<f32>);
const FIGURES: [Figure; 7] = [
    ("attack", "ms", |note| Some(1e3 * note.played.rise_s())),
    ("overshoot", "dB", |note| Some(note.played.onset_db.into_iter().fold(0.0, f32::max))),
    ("scoop", "st", |note| Some(note.played.onset_st[0])),
    ("vibrato", "st", |note| Some(note.played.vibrato_st)),
    ("drift", "dB", |note| Some(note.played.drift_db)),
    ("drift of pitch", "st", |note| Some(note.played.drift_st)),
    ("release", "ms", |note| note.release_s.map(|s| 1e3 * s)),
];

pub fn run(model: &str, paths: &[PathBuf], as_json: bool) -> Result<(), Failure> {
    let palette = palette(model)?;
    let card = palette.model().card();
    let is_struck = card.decay.is_some();
    let takes = recordings::analysed(&recordings::find(paths)?)?;
    let recorded: Vec<HeardNote> = takes.iter().flat_map(|take| heard_notes(take, is_struck)).collect();
    if recorded.is_empty() {
        return Err("no note of the recordings is heard to begin and to be held".into());
    }
    let plain = Palette { instruments: vec![(0, plain(palette.model())?)], number: 0 };
    let played = play(&palette, &recorded)?;
    let enveloped = play(&plain, &recorded)?;
    let away = [&played, &enveloped].map(|notes| distances(&recorded, notes));
    let ways = [("recorded", &recorded), ("played", &played), ("plain envelope", &enveloped)];
    if as_json {
        let figures: Vec<Value> = FIGURES
            .iter()
            .map(|(name, unit, of)| {
                let all: serde_json::Map<String, Value> =
                    ways.iter().map(|(way, notes)| ((*way).into(), json!(quartiles(notes, *of)))).collect();
                json!({"figure": name, "unit": unit, "quartiles": all})
            })
            .collect();
        let [played, plain] = away.map(|[db, st]| json!({"loudness_db": db, "pitch_st": st}));
        return terminal::json(&json!({
            "model": card.id, "notes": recorded.len(), "figures": figures,
            "distances": {"played": played, "plain envelope": plain},
        }));
    }
    println!("{}: {} notes as recorded, and as keys play them; quartiles", card.name, recorded.len());
    println!("{:<20} {:>22} {:>22} {:>22}", "", ways[0].0, ways[1].0, ways[2].0);
    for (name, unit, of) in FIGURES {
        let cells = ways.map(|(_, notes)| match quartiles(notes, of) {
            Some(quartiles) => quartiles.map(|x| if unit == "ms" { format!("{x:.0}") } else { format!("{x:.2}") }).join(" "),
            None => "-".into(),
        });
        println!("{:<20} {:>22} {:>22} {:>22}", format!("{name}, {unit}"), cells[0], cells[1], cells[2]);
    }
    for (at, name) in ["beginnings, dB", "beginnings, st"].into_iter().enumerate() {
        let [played, plain] = away.map(|distances| distances[at]);
        println!("{:<20} {:>22} {:>22} {:>22}", format!("away: {name}"), "", format!("{played:.2}"), format!("{plain:.2}"));
    }
    Ok(())
}

/// The instrument, played by a plain envelope: it knows nothing of its players.
fn plain(model: &Arc<Model>) -> Result<Arc<Model>, Failure> {
    let mut card = model.card().clone();
    let loudness_db = card.performance.as_ref().map_or(card.loudness_range_db[1], |p| p.usual_db(60.0));
    let note = PlayedNote {
        onset_db: ONSET_S.map(|t| 20.0 * (t / PLAIN_S[0]).min(1.0).log10()),
        vibrato_st: 0.0,
        drift_db: 0.0,
        drift_st: 0.0,
        release_s: PLAIN_S[1],
        ..PlayedNote::usual(&card.family, loudness_db)
    };
    card.performance = Some(Performance { notes: vec![note], slurs: vec![] });
    Ok(Model::read(&with_card(model.bytes(), &card)?)?)
}

/// Plays each note by a key: the same pitch, as loud against the usual one, as long.
fn play(palette: &Palette, notes: &[HeardNote]) -> Result<Vec<HeardNote>, Failure> {
    let card = palette.model().card();
    let velocity = |note: &HeardNote| {
        let usual_db = card.performance.as_ref().map_or(note.played.loudness_db, |p| p.usual_db(note.played.note));
        KeySettings::default().velocity_of(note.played.loudness_db - usual_db).max(SOFTEST)
    };
    let mut keys = Keys::new(EngineConfig { sample_rate_hz: ANALYSIS_RATE_HZ, channels: 1, seed: 0 }, &palette.instruments)?;
    keys.set(&Settings { instrument_a: palette.number, ..Settings::default() });
    // One after the other, for what is drawn for a note depends on those before; what is heard of them is anybody's work.
    let mut sounds = Vec::new();
    for note in notes {
        let samples = |seconds: f32| (seconds * ANALYSIS_RATE_HZ as f32) as usize;
        let held_s = note.held_s.min(LONGEST_S);
        let key = note.played.note.round().clamp(0.0, 127.0) as u8;
        let event = |at: usize, message| Event { at, kind: EventKind::Message { channel: 0, message } };
        let events = [
            event(samples(BEFORE_S), Message::NoteOn { key, velocity: velocity(note) }),
            event(samples(BEFORE_S + held_s), Message::NoteOff { key }),
        ];
        let mut sound = vec![0.0; samples(BEFORE_S + held_s + AFTER_S)];
        keys.play(Block { input: &[], output: &mut [&mut sound], events: &events });
        sounds.push((key, sound));
    }
    let progress = bar(sounds.len() as u64, "listening");
    let heard = in_parallel(
        &sounds,
        |done| progress.set_position(done as u64),
        |(key, sound)| {
            let take = Take { note: Some(*key), ..analyse("key", "keys", &Audio::from_mono(ANALYSIS_RATE_HZ, sound.clone())) };
            heard_notes(&take, card.decay.is_some()).into_iter().next()
        },
    );
    progress.finish_and_clear();
    Ok(heard.into_iter().flatten().collect())
}

/// Quartiles of a figure; none where no note has it.
fn quartiles(notes: &[HeardNote], of: fn(&HeardNote) -> Option<f32>) -> Option<[f32; 3]> {
    let mut values: Vec<f32> = notes.iter().filter_map(of).collect();
    (!values.is_empty()).then(|| [0.25, 0.5, 0.75].map(|share| quantile(&mut values, share)))
}

/// How far the beginnings of some notes are from those of others, as distributions: the mean, over the moments of a beginning, of how far a loudness, dB, and a pitch,
/// semitones, of the ones is from that of the others at the same place when both are sorted.
fn distances(ones: &[HeardNote], others: &[HeardNote]) -> [f32; 2] {
    let of = |curve: &dyn Fn(&HeardNote) -> [f32; ONSET_POINTS]| {
        let at = |notes: &[HeardNote], point: usize| {
            let mut values: Vec<f32> = notes.iter().map(|note| curve(note)[point]).collect();
            values.sort_by(f32::total_cmp);
            values
        };
        let apart = (0..ONSET_POINTS).map(|point| sorted_apart(&at(ones, point), &at(others, point)));
        apart.sum::<f32>() / ONSET_POINTS as f32
    };
    [of(&|note| note.played.onset_db), of(&|note| note.played.onset_st)]
}

/// The mean distance of two sorted samples, place by place (Wasserstein's, of first order).
fn sorted_apart(ones: &[f32], others: &[f32]) -> f32 {
    if ones.is_empty() || others.is_empty() {
        return f32::NAN;
    }
    const PLACES: usize = 64;
    let at = |values: &[f32], place: usize| values[(place * values.len()) / PLACES];
    (0..PLACES).map(|place| (at(ones, place) - at(others, place)).abs()).sum::<f32>() / PLACES as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_that_are_moved_are_as_far_apart_as_that() {
        let (ones, others) = ([1.0, 2.0, 3.0, 4.0], [2.5, 3.5, 4.5, 5.5]);
        assert!((sorted_apart(&ones, &others) - 1.5).abs() < 1e-6);
        assert_eq!(sorted_apart(&ones, &ones), 0.0);
        assert!(sorted_apart(&[], &ones).is_nan());
    }
}
