//! `syrinx evaluate`: how near an instrument comes to recordings that it never saw.

use crate::{
    common::{Failure, bar, instrument},
    performance, realism, recordings, terminal,
};
use serde_json::json;
use std::path::PathBuf;
use syrinx_analysis::{SILENT_PEAK_DB, Scores, analysis_samples, peak_db};
use syrinx_trainer::{Evaluation, evaluate};

#[derive(clap::Args)]
pub struct Args {
    /// A factory instrument's id, or a model file.
    model: String,
    /// Recordings, or folders of them, that the model was not trained on.
    #[arg(required = true)]
    recordings: Vec<PathBuf>,
    /// Instead of scores, what moves in held notes: of the recordings, and of what the instrument makes of them in studio mode, with Life and Room and without.
    #[arg(long)]
    realism: bool,
    /// Instead of scores, how notes begin, are held and end: in the recordings, as keys play them, and as a plain envelope would.
    #[arg(long, conflicts_with = "realism")]
    keys: bool,
    /// The scores, or those figures, as an object.
    #[arg(long)]
    json: bool,
}

/// By how much a recording may peak over full scale without a word, dB.
const LOUDEST_DB: f32 = 0.5;

pub fn run(args: &Args) -> Result<(), Failure> {
    if args.realism {
        return realism::run(&args.model, &args.recordings, args.json);
    }
    if args.keys {
        return performance::run(&args.model, &args.recordings, args.json);
    }
    let model = instrument(&args.model)?;
    let files = recordings::find(&args.recordings)?;
    let takes = recordings::analysed(&files)?;
    let progress = bar(files.len() as u64, "comparing");
    let (mut rows, mut silent) = (Vec::new(), 0);
    for ((path, _), take) in files.iter().zip(&takes) {
        let samples = analysis_samples(path)?;
        match peak_db(&samples).filter(|peak| *peak >= SILENT_PEAK_DB) {
            Some(peak) => {
                if peak > LOUDEST_DB {
                    eprintln!("syrinx: {} is {peak:.0} dB over full scale", take.name);
                }
                rows.push((take.name.clone(), evaluate(&model, None, &samples, take, 0.0)));
            }
            None => silent += 1,
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    let Some(mean) = Evaluation::mean(&rows.iter().map(|(_, e)| *e).collect::<Vec<_>>()) else {
        return Err("the recordings are silent: there is nothing to compare".into());
    };
    if silent > 0 {
        eprintln!("syrinx: {silent} of {} recordings are silent and were left out", files.len());
    }
    if args.json {
        let recordings = rows
            .iter()
            .map(|(name, e)| json!({"name": name, "scores": e.model, "studio": e.studio, "upper_bound": e.upper_bound}));
        let recordings: Vec<_> = recordings.collect();
        let all = json!({
            "model": model.card().id,
            "scores": mean.model,
            "studio": mean.studio,
            "upper_bound": mean.upper_bound,
            "recordings": recordings,
        });
        terminal::json(&all)?;
        return Ok(());
    }
    println!("{}", heading());
    for (name, e) in &rows {
        println!("{}", row(name, &e.model));
    }
    println!("{}", row(&format!("all, {}", model.card().name), &mean.model));
    println!("{}", row("all, in studio mode", &mean.studio));
    println!("{}", row("measured sound, rendered", &mean.upper_bound));
    Ok(())
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
