//! `syrinx evaluate`: how near an instrument comes to recordings that it never saw.

use crate::{
    common::{Failure, bar, instrument},
    recordings,
};
use serde_json::json;
use std::{path::PathBuf, sync::Arc};
use syrinx_analysis::{Reference, Scores, Take, Target, resynthesise};
use syrinx_engine::Model;
use syrinx_trainer::render;

#[derive(clap::Args)]
pub struct Args {
    /// A factory instrument's id, or a model file.
    model: String,
    /// Recordings, or folders of them, that the model was not trained on.
    #[arg(required = true)]
    recordings: Vec<PathBuf>,
    /// The scores as an object.
    #[arg(long)]
    json: bool,
}

/// Seed of the noise in what is compared: the same scores every time.
const SEED: u64 = 1;

pub fn run(args: &Args) -> Result<(), Failure> {
    let model = instrument(&args.model)?;
    let files = recordings::find(&args.recordings)?;
    let takes = recordings::analysed(&files)?;
    let progress = bar(files.len() as u64, "comparing");
    let mut rows = Vec::new();
    for ((path, _), take) in files.iter().zip(&takes) {
        let samples = recordings::analysis_samples(path)?;
        rows.push((take.name.clone(), compare(&model, take, &samples)));
        progress.inc(1);
    }
    progress.finish_and_clear();
    let mean = |of: fn(&Compared) -> Scores| Scores::mean(&rows.iter().map(|(_, c)| of(c)).collect::<Vec<_>>());
    let (Some(own), Some(bound)) = (mean(|c| c.model), mean(|c| c.upper_bound)) else {
        return Err("the recordings are silent: there is nothing to compare".into());
    };
    if args.json {
        let recordings: Vec<_> =
            rows.iter().map(|(name, c)| json!({"name": name, "scores": c.model, "upper_bound": c.upper_bound})).collect();
        let all = json!({"model": model.card().id, "scores": own, "upper_bound": bound, "recordings": recordings});
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    println!("{}", heading());
    for (name, c) in &rows {
        println!("{}", row(name, &c.model));
    }
    println!("{}", row(&format!("all, {}", model.card().name), &own));
    println!("{}", row("measured sound, rendered", &bound));
    Ok(())
}

/// Scores on one recording: the model's, and those of the measured sound itself through the synth.
pub struct Compared {
    pub model: Scores,
    pub upper_bound: Scores,
}

pub fn compare(model: &Arc<Model>, take: &Take, samples: &[f32]) -> Compared {
    let reference = Reference::within(samples.to_vec(), take.band_limit_hz);
    let features: Vec<_> = take.frames.iter().map(|f| f.features).collect();
    let targets: Vec<Target> = take.frames.iter().map(|f| f.target.clone()).collect();
    Compared {
        model: reference.score(&render(model, &features, 0.0, samples.len())),
        upper_bound: reference.score(&resynthesise(&targets, samples.len(), SEED)),
    }
}

pub fn heading() -> String {
    format!(
        "{:<28} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6}",
        "dB", "s", "lsd", "mel", "h1-5", "h6-15", "h16-40", "noise", "loud", "attack"
    )
}

pub fn row(name: &str, s: &Scores) -> String {
    let name: String = name.chars().take(28).collect();
    let some = |x: Option<f32>| x.map_or("-".into(), |x| format!("{x:.2}"));
    format!(
        "{name:<28} {:>6.1} {:>6.2} {:>6.2} {:>6} {:>6} {:>6} {:>6.2} {:>6.2} {:>6.2}",
        s.seconds,
        s.lsd,
        s.mel,
        some(s.h1_5),
        some(s.h6_15),
        some(s.h16_40),
        s.noise,
        s.loudness,
        s.attack
    )
}
