//! `models/REALISM.md`: what moves in the held notes of each instrument's recordings, and in what Syrinx makes of those very recordings; with a picture of one
//! note's harmonics of each.

use crate::{
    syrinx::Syrinx,
    table::{ask, some_of},
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use xtask::{Failure, picture::envelopes};

/// What stands above the table.
pub const HEAD: &str = "\
# How alive the factory instruments are

Written by `cargo xtask train-all`, by `syrinx evaluate INSTRUMENT RECORDINGS --realism` on up to eight recordings of each, which it was trained on. Each
figure: the recording, Syrinx playing that recording in studio mode with *Life* and *Room* at 0, **and at 100 %**; medians over the notes that are held for 0.9 s or more.

* unexplained: what moves in harmonics' levels that neither pitch nor loudness nor their slopes explain, RMS, dB. AM: how far harmonics move against the whole, between these
  modulation frequencies in Hz, RMS, dB. pulse: how noise of 2 to 6 kHz pulses with the pitch, 0 to 1 (noise that does not reads about 0.05). release: from 6 to 26 dB under the note
  where it ends, ms.

| instrument | unexplained | AM 1-4 | AM 4-8 | AM 8-20 | AM 20-60 | pulse | release |
|---|---|---|---|---|---|---|---|
";

/// As much of the command's answer as the table shows.
#[derive(Deserialize)]
struct Answer {
    realism: BTreeMap<String, Figures>,
    envelopes_db: Option<Envelopes>,
}

#[derive(Deserialize)]
struct Figures {
    unexplained_db: f32,
    am_db: [f32; 4],
    pulse: Option<f32>,
    release_ms: Option<f32>,
}

#[derive(Deserialize)]
struct Envelopes {
    recorded: Vec<Vec<f32>>,
    played: Vec<Vec<f32>>,
}

/// Measures the instrument `id`, called `name`, from some of its `recordings` (files, or folders of them), and draws its picture; its row.
pub fn row_of(syrinx: &Syrinx, models: &Path, id: &str, name: &str, recordings: &[PathBuf]) -> Result<String, Failure> {
    let answer: Answer = ask(syrinx, models, id, &some_of(recordings)?, "--realism")?;
    if let Some(Envelopes { recorded, played }) = &answer.envelopes_db {
        envelopes::draw(name, [recorded, played], &models.join(format!("pictures/{id}-note.png")))?;
    }
    Ok(row(id, name, &answer.realism))
}

/// One row: of each figure, all that was asked for.
fn row(id: &str, name: &str, figures: &BTreeMap<String, Figures>) -> String {
    let cell = |of: &dyn Fn(&Figures) -> Option<f32>, digits: usize| {
        let one = |way: &str| figures.get(way).and_then(of).map_or("-".into(), |x| format!("{x:.digits$}"));
        format!("{}: {}, **{}**", one("recorded"), one("without Life and Room"), one("played"))
    };
    let am = (0..4).map(|band| cell(&|f| Some(f.am_db[band]), 2));
    let all = std::iter::once(cell(&|f| Some(f.unexplained_db), 2)).chain(am);
    let all: Vec<String> = all.chain([cell(&|f| f.pulse, 2), cell(&|f| f.release_ms, 0)]).collect();
    format!("| [{name}](pictures/{id}-note.png) | {} |", all.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_all_figures() {
        let figures =
            |unexplained_db| Figures { unexplained_db, am_db: [1.0, 2.0, 3.0, 4.0], pulse: None, release_ms: Some(120.4) };
        let all: BTreeMap<_, _> = [("recorded", 4.5), ("without Life and Room", 1.25), ("played", 4.0)]
            .map(|(way, db)| (way.to_owned(), figures(db)))
            .into_iter()
            .collect();
        let line = row("flute", "Flute", &all);
        assert!(line.starts_with("| [Flute](pictures/flute-note.png) | 4.50: 1.25, **4.00** |"), "{line}");
        assert!(line.ends_with("| -: -, **-** | 120: 120, **120** |"), "{line}");
        let head = HEAD.lines().find(|line| line.starts_with("| instrument")).unwrap();
        assert_eq!(line.matches('|').count(), head.matches('|').count());
    }
}
