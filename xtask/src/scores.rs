//! `models/SCORES.md`: the scores of all factory instruments in one table, from their cards.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use xtask::Failure;

/// What stands above the table.
const HEAD: &str = "\
# Scores of the factory instruments

Written by `cargo xtask train-all`. All in dB; smaller is nearer to the recordings, 0 a perfect copy. Scores are of held-out pitches (or
phrases), by a twin of each instrument that was trained without them; the instruments themselves are trained on all recordings.

* **live**, **studio**: the instrument, driven by what the tracker hears in the held-out recording in that latency mode.
* **take**: another take of the same note by the same player, where there are two: as near as anybody needs.
* **mean**: the mean spectrum of the recordings at each loudness, without a network. **bound**: the measured sound itself through the
  synth, the least that any network could reach.
* lsd: log-spectral distance. mel: the same over 128 mel bands. h1-5, h6-15, h16-40, noise: harmonics and noise bands, measured again.
  attack: lsd of the first 60 ms. brighter: how many semitones the centroid of the harmonics rises with each dB of loudness, played /
  recorded. s: seconds that the whole training took on two cores, analysis and scoring included.

| instrument | lsd live | studio | take | mean | bound | mel live | studio | take | mean | h1-5 | h6-15 | h16-40 | noise | loudness | attack live | studio | take | mean | bound | brighter | s |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
";

/// Scores on the card, in the order of the table's columns up to the brightness.
const COLUMNS: [&str; 19] = [
    "lsd",
    "studio_lsd",
    "second_take_lsd",
    "mean_spectrum_lsd",
    "upper_bound_lsd",
    "mel",
    "studio_mel",
    "second_take_mel",
    "mean_spectrum_mel",
    "h1_5",
    "h6_15",
    "h16_40",
    "noise",
    "loudness",
    "attack",
    "studio_attack",
    "second_take_attack",
    "mean_spectrum_attack",
    "upper_bound_attack",
];

/// As much of a card as the table shows.
#[derive(Deserialize)]
struct Card {
    name: String,
    scores: BTreeMap<String, f32>,
}

/// The table, by id of the instrument.
pub struct Scores {
    models: PathBuf,
    rows: BTreeMap<String, String>,
}

impl Scores {
    /// The table in the folder `models`, or an empty one. Rows are kept as they are until their instrument is trained anew.
    pub fn read(models: &Path) -> Result<Self, Failure> {
        let path = models.join("SCORES.md");
        let old = if path.exists() { std::fs::read_to_string(&path)? } else { String::new() };
        let rows = old.lines().filter_map(|line| Some((line.split_once("](pictures/")?.1.split_once(".png")?.0, line)));
        Ok(Self { models: models.into(), rows: rows.map(|(id, line)| (id.into(), line.into())).collect() })
    }

    /// Sets the row of the instrument `id`, whose training took `seconds`, from its card.
    pub fn add(&mut self, id: &str, seconds: f64) -> Result<(), Failure> {
        let path = self.models.join(format!("{id}.toml"));
        let card: Card = toml::from_str(&std::fs::read_to_string(&path)?).map_err(|e| format!("{}: {e}", path.display()))?;
        let score = |name: &str| card.scores.get(name).map_or("-".into(), |score| format!("{score:.2}"));
        let mut row = format!("| [{}](pictures/{id}.png) |", card.name);
        for name in COLUMNS {
            write!(row, " {} |", score(name))?;
        }
        let brightness = (score("brightness_st_db"), score("recorded_brightness_st_db"));
        write!(row, " {} / {} | {seconds:.0} |", brightness.0, brightness.1)?;
        self.rows.insert(id.into(), row);
        Ok(())
    }

    /// Writes the table.
    pub fn write(&self) -> Result<(), Failure> {
        let path = self.models.join("SCORES.md");
        let rows: String = self.rows.values().map(|row| format!("{row}\n")).collect();
        std::fs::write(&path, format!("{HEAD}{rows}")).map_err(|e| format!("{}: {e}", path.display()).into())
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
        std::fs::write(models.join("flute.toml"), card("Flute", 4.5)).unwrap();
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
        let rows: Vec<&str> = text.lines().filter(|line| line.contains("pictures/")).collect();
        assert_eq!(rows.len(), 2);
        assert!(rows[0].starts_with("| [Flute](pictures/flute.png) | 4.50 |") && rows[0].ends_with("| 61 |"), "{}", rows[0]);
        assert!(rows[1].contains("| 3.75 |") && !text.contains("5.25"), "{}", rows[1]);
        // As many columns as the head has.
        let columns = |line: &str| line.matches('|').count();
        let head = text.lines().find(|line| line.starts_with("| instrument")).unwrap();
        assert!(rows.iter().all(|row| columns(row) == columns(head)));
    }
}
