//! `cargo xtask train-all`: the factory instruments, trained anew from a folder of recordings by the recipes in `models/recipes.toml`.

use crate::syrinx::Syrinx;
use serde::Deserialize;
use std::{
    path::{Path, PathBuf},
    time::Instant,
};
use xtask::Failure;

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
    /// Folders of recordings, or NSynth data, within the folder of all recordings.
    #[serde(default)]
    recordings: Vec<String>,
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
}

/// Trains all instruments, or those named after the folder of recordings.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the workspace has no folder")?;
    let (folder, wanted) = match arguments {
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
    for recipe in recipes.instrument.iter().filter(|r| wanted.is_empty() || wanted.contains(&r.id)) {
        let start = Instant::now();
        println!("== {} ==", recipe.name);
        let model = root.join(format!("models/{}.onnx", recipe.id));
        let mut recordings: Vec<String> =
            recipe.recordings.iter().map(|r| folder.join(r).to_string_lossy().into_owned()).collect();
        if let Some(cycle) = &recipe.cycle {
            let notes = root.join(format!("target/cycles/{}", recipe.id)).to_string_lossy().into_owned();
            syrinx.run(&["cycles", &folder.join(cycle).to_string_lossy(), "-o", &notes])?;
            recordings.push(notes);
        }
        let mut command: Vec<&str> = vec!["train"];
        command.extend(recordings.iter().map(String::as_str));
        let model = model.to_string_lossy();
        command.extend(["--id", &recipe.id, "--name", &recipe.name, "--family", &recipe.family, "--licence", &recipe.licence]);
        command.extend(["--author", &recipes.author, "-o", &model]);
        command.extend(recipe.credits.iter().flat_map(|c| ["--credit", c.as_str()]));
        command.extend(recipe.caveats.iter().flat_map(|c| ["--caveat", c.as_str()]));
        command.extend(recipe.source_gains.iter().flat_map(|g| ["--source-gain", g.as_str()]));
        command.extend(recipe.nsynth.iter().flat_map(|n| ["--instrument", n.as_str()]));
        syrinx.run(&command)?;
        println!("{} took {:.0} s in all\n", recipe.name, start.elapsed().as_secs_f64());
    }
    println!("The instruments are in models/; the next build has them.");
    Ok(())
}
