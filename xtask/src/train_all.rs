//! `cargo xtask train-all`: the factory instruments, trained anew from a folder of recordings by the recipes in `models/recipes.toml`; with
//! them a table of all scores, `models/SCORES.md`, and a picture of each in `models/pictures/`. With `--measure`, networks and scores stay, and only what
//! is measured beside the networks is measured anew: the same numbers as a training would, in a fraction of the time. Both end with `models/REALISM.md`, what moves
//! in recordings and in what is made of them, and `models/PERFORMANCE.md`, how keys play them.

use crate::{
    demo::write_voice,
    performance, realism,
    scores::Scores,
    syrinx::{Syrinx, text},
    table::Table,
};
use serde::Deserialize;
use std::{
    path::{Path, PathBuf},
    time::Instant,
};
use xtask::Failure;
use xtask::picture::quartet::{self, Pair};
use xtask::sound::Sound;

/// Where the recordings are looked for by default, from the root of the repository.
const RECORDINGS: &str = "../shared/data";

/// `models/recipes.toml`.
#[derive(Deserialize)]
struct Recipes {
    author: String,
    instrument: Vec<Recipe>,
}

/// How one factory instrument is trained.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recipe {
    id: String,
    name: String,
    family: String,
    licence: String,
    /// Recordings (a `*` in a file name fits many), folders of them, or NSynth data, within the folder of all recordings.
    #[serde(default)]
    recordings: Vec<String>,
    /// Which of those are left out; a `*` here fits many, too.
    #[serde(default)]
    without: Vec<String>,
    /// Recordings of other players, which tell how notes begin, join and end, and nothing else.
    #[serde(default)]
    played_by: Vec<String>,
    /// A synthesiser's single cycle there, rendered as notes to train on.
    cycle: Option<String>,
    /// Instruments to pick from NSynth data.
    #[serde(default)]
    nsynth: Vec<String>,
    credits: Vec<String>,
    #[serde(default)]
    caveats: Vec<String>,
    /// Gain on the loudness of a folder's recordings, dB, as `FOLDER=DB`.
    #[serde(default)]
    source_gains: Vec<String>,
    /// Seed of the training; that of `syrinx train` where there is none.
    seed: Option<u64>,
    /// Harmonics, from the lowest, that read no spectral envelope; likewise.
    own_harmonics: Option<usize>,
    /// Weight decay of the training; likewise.
    weight_decay: Option<f32>,
    /// The same of what hears how the loudness rises; likewise.
    rise_decay: Option<f32>,
}

/// Trains all instruments, or those named after the folder of recordings.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let (options, arguments): (Vec<_>, Vec<_>) = arguments.iter().cloned().partition(|argument| argument.starts_with("--"));
    let measure = match &options[..] {
        [] => false,
        [only] if only == "--measure" => true,
        [.., other] => return Err(format!("there is no option {other}").into()),
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the workspace has no folder")?;
    let (folder, wanted) = match &arguments[..] {
        [folder, wanted @ ..] => (PathBuf::from(folder), wanted),
        [] => (root.join(RECORDINGS), &[][..]),
    };
    if !folder.is_dir() {
        return Err(format!("{} is no folder of recordings", folder.display()).into());
    }
    let path = root.join("models/recipes.toml");
    let recipes: Recipes = toml::from_str(&std::fs::read_to_string(&path)?).map_err(|e| format!("{}: {e}", path.display()))?;
    if let Some(stranger) = wanted.iter().find(|id| recipes.instrument.iter().all(|r| r.id != **id)) {
        return Err(format!("there is no recipe for '{stranger}' in {}", path.display()).into());
    }
    let syrinx = Syrinx::build(root)?;
    let work = root.join("target/train-all");
    std::fs::create_dir_all(root.join("models/pictures"))?;
    std::fs::create_dir_all(&work)?;
    let voice = work.join("voice.wav");
    write_voice(&voice)?;
    let mut scores = Scores::read(&root.join("models"))?;
    let models = root.join("models");
    let mut alive = Table::read(&models.join("REALISM.md"), realism::HEAD, "-note.png")?;
    let mut played_by_keys = Table::read(&models.join("PERFORMANCE.md"), performance::HEAD, ".png")?;
    for recipe in recipes.instrument.iter().filter(|r| wanted.is_empty() || wanted.contains(&r.id)) {
        let start = Instant::now();
        println!("== {} ==", recipe.name);
        let sounds = work.join(&recipe.id);
        let model = root.join(format!("models/{}.onnx", recipe.id));
        let recordings = recipe.recordings(&folder, &sounds, &syrinx)?;
        let players = chosen(&folder, &recipe.played_by, &[])?;
        recipe.train(&recipes.author, (&recordings, &players), &model, measure, &sounds, &syrinx)?;
        alive.put(&recipe.id, realism::row_of(&syrinx, &models, &recipe.id, &recipe.name, &recordings)?)?;
        played_by_keys.put(&recipe.id, performance::row_of(&syrinx, &models, &recipe.id, &recipe.name, &recordings)?)?;
        if measure {
            continue;
        }
        let seconds = start.elapsed().as_secs_f64();
        let played = sounds.join("voice.wav");
        // The octave and the loudness that the instrument is at home in, as a player would have them.
        let fitted = ["--set", "octave_fit=on", "--set", "auto_range=on"];
        let command = ["render", text(&voice)?, "-o", text(&played)?, "--instrument", text(&model)?];
        syrinx.run(&[&command[..], &fitted[..]].concat())?;
        draw_training(recipe, &sounds, &voice, &root.join(format!("models/pictures/{}.png", recipe.id)))?;
        println!("{} took {seconds:.0} s in all\n", recipe.name);
        scores.add(&recipe.id, seconds)?;
        scores.write()?;
    }
    println!("The instruments are in models/, with their scores in models/SCORES.md; the next build has them.");
    Ok(())
}

impl Recipe {
    /// The recordings that it is trained on; notes of a single cycle are left in the folder `sounds`.
    fn recordings(&self, folder: &Path, sounds: &Path, syrinx: &Syrinx) -> Result<Vec<PathBuf>, Failure> {
        let mut recordings = chosen(folder, &self.recordings, &self.without)?;
        if let Some(cycle) = &self.cycle {
            let notes = sounds.join("notes");
            syrinx.run(&["cycles", text(&folder.join(cycle))?, "-o", text(&notes)?])?;
            recordings.push(notes);
        }
        Ok(recordings)
    }

    /// Trains the instrument into the file `model`, or measures it anew; a held-out recording and what became of it are left in the folder `sounds`.
    fn train(
        &self,
        author: &str,
        (recordings, players): (&[PathBuf], &[PathBuf]),
        model: &Path,
        measure: bool,
        sounds: &Path,
        syrinx: &Syrinx,
    ) -> Result<(), Failure> {
        let mut command = vec!["train"];
        for path in recordings {
            command.push(text(path)?);
        }
        for path in players {
            command.extend(["--played-by", text(path)?]);
        }
        command.extend(["--id", &self.id, "--name", &self.name, "--family", &self.family, "--licence", &self.licence]);
        command.extend(["--author", author, "-o", text(model)?, "--sounds", text(sounds)?]);
        if measure {
            command.extend(["--measure", text(model)?]);
        }
        command.extend(self.credits.iter().flat_map(|c| ["--credit", c.as_str()]));
        command.extend(self.caveats.iter().flat_map(|c| ["--caveat", c.as_str()]));
        command.extend(self.source_gains.iter().flat_map(|g| ["--source-gain", g.as_str()]));
        command.extend(self.nsynth.iter().flat_map(|n| ["--instrument", n.as_str()]));
        let numbers = [
            ("--seed", self.seed.map(|n| n.to_string())),
            ("--own-harmonics", self.own_harmonics.map(|n| n.to_string())),
            ("--weight-decay", self.weight_decay.map(|n| n.to_string())),
            ("--rise-decay", self.rise_decay.map(|n| n.to_string())),
        ];
        command.extend(numbers.iter().filter_map(|(name, number)| Some([name, number.as_deref()?])).flatten());
        syrinx.run(&command)
    }
}

/// All paths that one of the patterns `with` fits and none of those `without`, below `folder`.
fn chosen(folder: &Path, with: &[String], without: &[String]) -> Result<Vec<PathBuf>, Failure> {
    let all = |patterns: &[String]| patterns.iter().map(|pattern| fitting(folder, pattern)).collect::<Result<Vec<_>, _>>();
    let (mut files, left_out) = (all(with)?.concat(), all(without)?.concat());
    files.retain(|path| !left_out.contains(path));
    Ok(files)
}

/// The path `pattern` below `folder`; where its last part has a `*`, all files that it fits, by name.
fn fitting(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, Failure> {
    let path = folder.join(pattern);
    let name = path.file_name().and_then(|n| n.to_str()).ok_or_else(|| format!("{pattern:?} is no path of recordings"))?;
    let Some((before, after)) = name.split_once('*') else { return Ok(vec![path]) };
    let parent = path.parent().ok_or("a pattern has a folder before it")?;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(parent).map_err(|e| format!("{}: {e}", parent.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after) {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(format!("no recording fits {}", path.display()).into());
    }
    Ok(files)
}

/// Draws the held-out recording, the voice, and what the instrument made of both.
fn draw_training(recipe: &Recipe, sounds: &Path, voice: &Path, picture: &Path) -> Result<(), Failure> {
    let read = |name: &str| Sound::read(&sounds.join(name));
    let (held_out, resynthesis, played, voice) =
        (read("held-out.wav")?, read("resynthesis.wav")?, read("voice.wav")?, Sound::read(voice)?);
    let pairs = [
        Pair {
            heard_title: "A recording that the training held out",
            heard: &held_out,
            played_title: "Its pitch and loudness, played",
            played: &resynthesis,
        },
        Pair { heard_title: "The demo voice", heard: &voice, played_title: "The demo voice, played", played: &played },
    ];
    quartet::draw(&recipe.name, pairs, picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_all_files_that_fit() {
        let folder = std::env::temp_dir().join(format!("xtask-recipes-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("organ")).unwrap();
        for name in ["all_b5.flac", "all_a4.flac", "bass_a4.flac"] {
            std::fs::write(folder.join("organ").join(name), []).unwrap();
        }
        let names = |pattern: &str| -> Vec<String> {
            let files = fitting(&folder, pattern).unwrap();
            files.iter().map(|f| f.strip_prefix(&folder).unwrap().to_string_lossy().replace('\\', "/")).collect()
        };
        assert_eq!(names("organ/all_*"), ["organ/all_a4.flac", "organ/all_b5.flac"]);
        assert_eq!(names("organ/*_a4.flac"), ["organ/all_a4.flac", "organ/bass_a4.flac"]);
        assert_eq!(names("organ"), ["organ"]);
        assert!(fitting(&folder, "organ/flute*").unwrap_err().to_string().contains("flute*"));
        let chosen = |without: &str| chosen(&folder, &["organ/*.flac".into()], &[without.into()]);
        assert_eq!(chosen("organ/all_*").unwrap(), [folder.join("organ/bass_a4.flac")]);
        assert!(chosen("organ/flute*").is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn every_recipe_has_a_number_and_a_licence() {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
        let recipes: Recipes = toml::from_str(&std::fs::read_to_string(models.join("recipes.toml")).unwrap()).unwrap();
        let numbers: toml::Table = toml::from_str(&std::fs::read_to_string(models.join("numbers.toml")).unwrap()).unwrap();
        for recipe in &recipes.instrument {
            assert!(numbers.contains_key(&recipe.id), "{}", recipe.id);
            assert!(!recipe.licence.is_empty() && !recipe.credits.is_empty(), "{}", recipe.id);
        }
    }
}
