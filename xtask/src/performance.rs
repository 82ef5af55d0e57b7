//! `models/PERFORMANCE.md`: how notes begin, are held and end in the recordings of each instrument, as keys play them, and as a plain envelope would.

use crate::{
    syrinx::Syrinx,
    table::{ask, some_of},
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use xtask::Failure;

/// What stands above the table.
pub const HEAD: &str = "\
# How keys play the factory instruments

Written by `cargo xtask train-all`, by `syrinx evaluate INSTRUMENT RECORDINGS --keys` on up to eight recordings of each, which it was trained on. Each
figure: the recording, **keys playing the same notes as loudly and as long**; lower quartile, median, upper quartile over the notes.

* attack: until a note is within 3 dB of what it is after 0.4 s, ms. vibrato: half of what it covers, semitones, where it is known from the first. drift: how far the loudness wanders, RMS, dB.
  release: from 6 to 26 dB under the note's end, ms.
* away: how far the first 0.4 s of all notes are from those of the recordings, as distributions, keys: a plain envelope (10 ms of attack, 100 ms of release); loudness in dB, pitch in cents.

| instrument | attack | vibrato | drift | release | away, dB | away, cents |
|---|---|---|---|---|---|---|
";

/// As much of the command's answer as the table shows.
#[derive(Deserialize)]
struct Answer {
    figures: Vec<Figure>,
    distances: BTreeMap<String, Distance>,
}

#[derive(Deserialize)]
struct Figure {
    figure: String,
    quartiles: BTreeMap<String, Option<[f32; 3]>>,
}

#[derive(Deserialize)]
struct Distance {
    loudness_db: f32,
    pitch_st: f32,
}

/// Measures the instrument `id`, called `name`, from some of its `recordings`; its row.
pub fn row_of(syrinx: &Syrinx, models: &Path, id: &str, name: &str, recordings: &[PathBuf]) -> Result<String, Failure> {
    Ok(row(id, name, &ask(syrinx, models, id, &some_of(recordings)?, "--keys")?))
}

fn row(id: &str, name: &str, answer: &Answer) -> String {
    let cell = |wanted: &str, digits: usize| {
        let figure = answer.figures.iter().find(|figure| figure.figure == wanted);
        let one = |way: &str| {
            let quartiles = figure.and_then(|figure| figure.quartiles.get(way).copied().flatten());
            quartiles.map_or("-".into(), |quartiles| quartiles.map(|x| format!("{x:.digits$}")).join(" "))
        };
        format!("{}, **{}**", one("recorded"), one("played"))
    };
    let away = |of: &dyn Fn(&Distance) -> f32, digits: usize| {
        let one = |way: &str| answer.distances.get(way).map_or("-".into(), |distance| format!("{:.digits$}", of(distance)));
        format!("{}: {}", one("played"), one("plain envelope"))
    };
    let cells = [
        cell("attack", 0),
        cell("vibrato", 2),
        cell("drift", 1),
        cell("release", 0),
        away(&|d| d.loudness_db, 1),
        away(&|d| 100.0 * d.pitch_st, 0),
    ];
    format!("| [{name}](pictures/{id}.png) | {} |", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_what_was_recorded_and_what_is_played() {
        let answer = r#"{"figures": [{"figure": "attack", "unit": "ms", "quartiles": {"recorded": [8, 12, 16], "played": [9, 12, 15], "plain envelope": null}},
            {"figure": "release", "unit": "ms", "quartiles": {"recorded": null, "played": [90, 100, 110]}}],
            "distances": {"played": {"loudness_db": 1.04, "pitch_st": 0.03}, "plain envelope": {"loudness_db": 6.3, "pitch_st": 0.1}}}"#;
        let row = row("violin", "Violin", &serde_json::from_str(answer).unwrap());
        assert_eq!(
            row,
            "| [Violin](pictures/violin.png) | 8 12 16, **9 12 15** | -, **-** | -, **-** | -, **90 100 110** | 1.0: 6.3 | 3: 10 |"
        );
    }
}
