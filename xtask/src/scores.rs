//! `models/SCORES.md`: the scores of all factory instruments in one table, from their cards.

use crate::table::rows;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use xtask::Failure;

/// What stands above the tables.
const HEAD: &str = "\
# Scores of the factory instruments

Written by `cargo xtask train-all`. All in dB; smaller is nearer to the recordings, 0 a perfect copy. Scores are of held-out pitches (or
phrases): each between the lowest and the highest is held out once, from a twin of the instrument that is trained without it. The instruments
themselves are trained on all recordings.

* **live**, **studio**: the instrument, driven by what the tracker hears in the held-out recording in that latency mode.
* **mean**: the mean spectrum of the recordings at each loudness, without a network. **bound**: the measured sound itself through the
  synth, the least that any network could reach.
* lsd: log-spectral distance. mel: the same over 128 mel bands. h1-5, h6-15, h16-40, noise: harmonics and noise bands, measured again.
  attack: lsd of the first 60 ms. brighter: how many semitones the centroid of the harmonics rises with each dB of loudness, played /
  recorded. s: seconds that the whole training took on two cores, analysis and scoring included.

| instrument | lsd live | studio | mean | bound | mel live | studio | mean | h1-5 | h6-15 | h16-40 | noise | loudness | attack live | studio | mean | bound | brighter | s |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
";

/// Scores on the card, in the order of the first table's columns up to the brightness.
const COLUMNS: [&str; 16] = [
    "lsd",
    "studio_lsd",
    "mean_spectrum_lsd",
    "upper_bound_lsd",
    "mel",
    "studio_mel",
    "mean_spectrum_mel",
    "h1_5",
    "h6_15",
    "h16_40",
    "noise",
    "loudness",
    "attack",
    "studio_attack",
    "mean_spectrum_attack",
    "upper_bound_attack",
];

/// What stands above the second table.
const SECOND_HEAD: &str = "
## Beside another take

Where a player was recorded twice on the same notes: how far one take is from the other (**take**: as near as anybody needs), and how far the
instrument is from it, live and in studio mode, when it knows the first take of each such note and is asked for the second.

| instrument | lsd take | live | studio | mel take | live | studio | h1-5 take | studio | h6-15 take | studio | h16-40 take | studio | noise take | studio | attack take | live | studio |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
";

/// Scores on the card, in the order of the second table's columns.
const SECOND_COLUMNS: [&str; 17] = [
    "second_take_lsd",
    "retake_lsd",
    "studio_retake_lsd",
    "second_take_mel",
    "retake_mel",
    "studio_retake_mel",
    "second_take_h1_5",
    "studio_retake_h1_5",
    "second_take_h6_15",
    "studio_retake_h6_15",
    "second_take_h16_40",
    "studio_retake_h16_40",
    "second_take_noise",
    "studio_retake_noise",
    "second_take_attack",
    "retake_attack",
    "studio_retake_attack",
];

/// As much of a card as the table shows.
#[derive(Deserialize)]
struct Card {
    name: String,
    scores: BTreeMap<String, f32>,
}

/// The tables, by id of the instrument.
pub struct Scores {
    models: PathBuf,
    rows: BTreeMap<String, String>,
    second_takes: BTreeMap<String, String>,
}

impl Scores {
    /// The tables in the folder `models`, or empty ones. Rows are kept as they are until their instrument is trained anew.
    pub fn read(models: &Path) -> Result<Self, Failure> {
        let path = models.join("SCORES.md");
        let old = if path.exists() { std::fs::read_to_string(&path)? } else { String::new() };
        let (first, second) = old.split_once("\n## ").unwrap_or((&old, ""));
        Ok(Self { models: models.into(), rows: rows(first, ".png"), second_takes: rows(second, ".png") })
    }

    /// Sets the rows of the instrument `id`, whose training took `seconds`, from its card.
    pub fn add(&mut self, id: &str, seconds: f64) -> Result<(), Failure> {
        let path = self.models.join(format!("{id}.toml"));
        let card: Card = toml::from_str(&std::fs::read_to_string(&path)?).map_err(|e| format!("{}: {e}", path.display()))?;
        let score = |name: &str| card.scores.get(name).map_or("-".into(), |score| format!("{score:.2}"));
        let row = |columns: &[&str]| {
            columns.iter().fold(format!("| [{}](pictures/{id}.png) |", card.name), |row, name| format!("{row} {} |", score(name)))
        };
        let brightness = (score("brightness_st_db"), score("recorded_brightness_st_db"));
        let all = format!("{} {} / {} | {seconds:.0} |", row(&COLUMNS), brightness.0, brightness.1);
        self.rows.insert(id.into(), all);
        if card.scores.contains_key(SECOND_COLUMNS[0]) {
            self.second_takes.insert(id.into(), row(&SECOND_COLUMNS));
        } else {
            self.second_takes.remove(id);
        }
        Ok(())
    }

    /// Writes the tables.
    pub fn write(&self) -> Result<(), Failure> {
        let path = self.models.join("SCORES.md");
        let lines = |rows: &BTreeMap<String, String>| rows.values().map(|row| format!("{row}\n")).collect::<String>();
        let mut text = format!("{HEAD}{}", lines(&self.rows));
        if !self.second_takes.is_empty() {
            text += &format!("{SECOND_HEAD}{}", lines(&self.second_takes));
        }
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_replaced_and_the_others_stay() {
        let models = std::env::temp_dir().join(format!("xtask-scores-{}", std::process::id()));
        std::fs::create_dir_all(&models).unwrap();
        let card = |name: &str, lsd: f32| format!("name = \"{name}\"\n[scores]\nlsd = {lsd}\nattack = 3.0\n");
        let twice = card("Flute", 4.5) + "second_take_lsd = 4.25\nstudio_retake_attack = 2.5\n";
        std::fs::write(models.join("flute.toml"), twice).unwrap();
        std::fs::write(models.join("oboe.toml"), card("Oboe", 5.25)).unwrap();
        let mut scores = Scores::read(&models).unwrap();
        scores.add("flute", 61.4).unwrap();
        scores.add("oboe", 20.0).unwrap();
        scores.write().unwrap();
        std::fs::write(models.join("oboe.toml"), card("Oboe", 3.75)).unwrap();
        let mut scores = Scores::read(&models).unwrap();
        scores.add("oboe", 22.0).unwrap();
        scores.write().unwrap();
        let text = std::fs::read_to_string(models.join("SCORES.md")).unwrap();
        std::fs::remove_dir_all(&models).unwrap();
        let (first, second) = text.split_once("## Beside").unwrap();
        let [rows, pairs] = [first, second].map(|text| text.lines().filter(|l| l.contains("pictures/")).collect::<Vec<_>>());
        assert_eq!((rows.len(), pairs.len()), (2, 1));
        assert!(rows[0].starts_with("| [Flute](pictures/flute.png) | 4.50 |") && rows[0].ends_with("| 61 |"), "{}", rows[0]);
        assert!(rows[1].contains("| 3.75 |") && !text.contains("5.25"), "{}", rows[1]);
        // As many columns as the head has.
        let columns = |line: &str| line.matches('|').count();
        let head = |text: &str| columns(text.lines().find(|line| line.starts_with("| instrument")).unwrap());
        assert!(rows.iter().all(|row| columns(row) == head(first)));
        assert!(pairs[0].contains("| 4.25 | - |") && pairs[0].ends_with("| 2.50 |"), "{}", pairs[0]);
        assert_eq!(columns(pairs[0]), head(second));
    }
}
