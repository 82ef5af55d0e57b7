//! `syrinx train`: recordings in, an instrument out.

use crate::{
    common::{Failure, bar, write_bytes, write_text},
    evaluate::{heading, row},
    nsynth, recordings,
};
use std::{collections::BTreeMap, ops::Range, path::PathBuf, time::Instant};
use syrinx_analysis::{ANALYSIS_RATE_HZ, MeanSpectrum, Scores, Take};
use syrinx_engine::Model;
use syrinx_tracker::FrameClock;
use syrinx_trainer::{Evaluation, Part, TrainOptions, Trained, evaluate, train};

#[derive(clap::Args)]
pub struct Args {
    /// Recordings, or folders of them: WAV, FLAC, MP3 or Ogg of one instrument playing one note at a time. Or NSynth data, of
    /// which --instrument picks.
    #[arg(required = true)]
    recordings: Vec<PathBuf>,
    /// Identifier: lower-case letters, digits and hyphens.
    #[arg(long)]
    id: String,
    /// Name shown to people.
    #[arg(long)]
    name: String,
    /// The model file to write; its card goes beside it, as FILE.toml.
    #[arg(short, long, value_name = "FILE.onnx")]
    output: PathBuf,
    /// Family: bass, brass, flute, guitar, keyboard, mallet, organ, reed, string, synth_lead or vocal. By default string, or that of the
    /// NSynth instrument. Of NSynth data, only this family is taken.
    #[arg(long)]
    family: Option<String>,
    /// Who trains the instrument.
    #[arg(long, default_value = "")]
    author: String,
    /// Licence of the instrument.
    #[arg(long, default_value = "")]
    licence: String,
    /// Who made the recordings, and under which licence; may be given many times.
    #[arg(long = "credit", value_name = "TEXT")]
    credits: Vec<String>,
    /// What the instrument is bad at; may be given many times.
    #[arg(long = "caveat", value_name = "TEXT")]
    caveats: Vec<String>,
    /// Gain in dB on the loudness of the recordings in a folder, by its name, where levels of several folders are to be made to agree;
    /// may be given many times.
    #[arg(long = "source-gain", value_name = "FOLDER=DB", allow_hyphen_values = true)]
    source_gains: Vec<String>,
    /// Seed of the training: the same recordings and seed give the same model.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Most training steps.
    #[arg(long, default_value_t = TrainOptions::new("", "").steps)]
    steps: usize,
    #[command(flatten)]
    picking: nsynth::Picking,
}

/// Family of an instrument of which nobody says it.
const FAMILY: &str = "string";

pub fn run(args: &Args) -> Result<(), Failure> {
    let gathered = nsynth::gather(&args.recordings, &args.picking, args.family.as_deref())?;
    let mut files = gathered.files;
    if !gathered.others.is_empty() {
        files.extend(recordings::find(&gathered.others)?);
    }
    let mut credits = args.credits.clone();
    credits.extend(gathered.credit);
    let options = TrainOptions {
        family: args.family.clone().or(gathered.family).unwrap_or_else(|| FAMILY.into()),
        author: args.author.clone(),
        licence: args.licence.clone(),
        credits,
        caveats: args.caveats.clone(),
        seed: args.seed,
        steps: args.steps,
        source_gains_db: args.source_gains.iter().map(|g| source_gain(g)).collect::<Result<_, _>>()?,
        ..TrainOptions::new(&args.id, &args.name)
    };
    let start = Instant::now();
    let (takes, report) = recordings::surveyed(&files);
    println!("{report}");
    report.verdict()?;
    let (paths, takes): (Vec<_>, Vec<_>) = takes.into_iter().unzip();
    let analysed = start.elapsed();

    let start = Instant::now();
    let progress = bar(options.steps as u64, "training");
    let trained = train(&takes, &options, &mut |p| {
        progress.set_position(p.step as u64);
        progress.set_message(format!("loss {:.2} dB, held out {:.2} dB", p.loss, p.validation_loss));
    })?;
    progress.finish_and_clear();
    let learned = start.elapsed();

    let held_out = held_out(&trained, &takes, &paths, &options)?;
    let mut card = trained.card.clone();
    println!("Held-out recordings:\n{}", heading());
    if let Some(mean) = Evaluation::mean(&held_out) {
        for (name, scores, prefix) in [
            (args.name.as_str(), mean.model, ""),
            ("mean spectrum", mean.mean_spectrum, "mean_spectrum_"),
            ("measured sound, rendered", mean.upper_bound, "upper_bound_"),
        ] {
            println!("{}", row(name, &scores));
            card.scores.extend(named(&scores, prefix));
        }
    }
    let bytes = trained.to_onnx(&card);
    // What is written has been read back: the file plays.
    Model::from_bytes(&bytes)?;
    write_bytes(&args.output, &bytes)?;
    let toml = toml::to_string_pretty(&card)?;
    write_text(&args.output.with_extension("toml"), &toml)?;
    for caveat in card.caveats.iter().filter(|c| !args.caveats.contains(c)) {
        println!("{caveat}");
    }
    println!(
        "{} of {} bytes; analysed in {:.0} s, trained in {:.0} s ({} steps kept)",
        args.output.display(),
        bytes.len(),
        analysed.as_secs_f64(),
        learned.as_secs_f64(),
        trained.best_step
    );
    Ok(())
}

/// Reads one `FOLDER=DB`.
fn source_gain(text: &str) -> Result<(String, f32), Failure> {
    let pair = text
        .split_once('=')
        .and_then(|(folder, db)| Some((folder.to_owned(), db.parse().ok().filter(|db: &f32| db.is_finite())?)));
    pair.ok_or_else(|| format!("--source-gain takes FOLDER=DB, not {text:?}").into())
}

/// Evaluations on the recordings that the training held out for this.
fn held_out(trained: &Trained, takes: &[Take], paths: &[PathBuf], options: &TrainOptions) -> Result<Vec<Evaluation>, Failure> {
    let model = Model::from_bytes(&trained.to_onnx(&trained.card))?;
    let test: Vec<_> = trained.split.of(Part::Test).collect();
    let seen = takes.iter().enumerate().filter(|(i, _)| test.iter().all(|s| s.take != *i)).map(|(_, t)| t);
    let mean = MeanSpectrum::fit(seen);
    let progress = bar(test.len() as u64, "scoring");
    let mut evaluations = Vec::new();
    for stretch in test {
        let samples = recordings::analysis_samples(&paths[stretch.take])?;
        let (take, samples) = cut(&takes[stretch.take], &samples, stretch.frames.clone());
        let gain_db = options.source_gains_db.get(&take.source).copied().unwrap_or(0.0);
        evaluations.push(evaluate(&model, &mean, samples, &take, gain_db));
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(evaluations)
}

/// A stretch of a take as a take of its own, and its samples.
fn cut<'a>(take: &Take, samples: &'a [f32], frames: Range<usize>) -> (Take, &'a [f32]) {
    // The frame rate divides the analysis rate, so frames start on samples.
    let length = FrameClock::new(ANALYSIS_RATE_HZ).max_len();
    let from = (frames.start * length).min(samples.len());
    let to = if frames.end == take.frames.len() { samples.len() } else { (frames.end * length).min(samples.len()) };
    let mut part = Take { frames: take.frames[frames].to_vec(), ..take.clone() };
    for (n, frame) in part.frames.iter_mut().enumerate() {
        frame.features.frame = n as u64;
    }
    (part, &samples[from..to])
}

/// Scores by their names, for the card.
fn named(scores: &Scores, prefix: &str) -> BTreeMap<String, f32> {
    let all = [
        ("lsd", Some(scores.lsd)),
        ("mel", Some(scores.mel)),
        ("h1_5", scores.h1_5),
        ("h6_15", scores.h6_15),
        ("h16_40", scores.h16_40),
        ("noise", Some(scores.noise)),
        ("loudness", Some(scores.loudness)),
        ("attack", Some(scores.attack)),
    ];
    // Two digits: what comes after them is the machine's.
    all.into_iter().filter_map(|(name, s)| Some((format!("{prefix}{name}"), (s? * 100.0).round() / 100.0))).collect()
}
