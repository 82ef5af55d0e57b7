//! `syrinx train`: recordings in, an instrument out.

use crate::{
    common::{Failure, bar, create_folder, write_bytes, write_text},
    evaluate::{heading, row},
    nsynth,
    recordings::{self, HELD_OUT, RESYNTHESIS},
};
use std::{
    collections::BTreeMap,
    ops::Range,
    path::{Path, PathBuf},
    time::Instant,
};
use syrinx_analysis::{ANALYSIS_RATE_HZ, Audio, FORMATS, MeanSpectrum, Scores, Take, in_parallel, live_delay_samples, write_wav};
use syrinx_engine::Decay;
use syrinx_nsynth::FAMILIES;
use syrinx_tracker::FrameClock;
use syrinx_trainer::{
    Brightness, Evaluation, Part, Stretch, TrainOptions, Trained, brightness, compare_takes, evaluate, render, train,
};

#[derive(clap::Args)]
pub struct Args {
    #[arg(required = true, help = format!("Recordings of one instrument playing one note at a time, or folders of them: {FORMATS}. Or NSynth data, of which --instrument picks"))]
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
    /// Family. By default string, or that of the NSynth instrument. Of NSynth data, only this family is taken.
    #[arg(long, value_parser = FAMILIES)]
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
    /// The network answers levels of harmonics alone, and no spectral envelope beside them: to compare.
    #[arg(long)]
    no_envelope: bool,
    /// Harmonics, from the lowest, that read no spectral envelope, 0 to 99.
    #[arg(long, value_name = "N", default_value_t = TrainOptions::new("", "").own_harmonics)]
    own_harmonics: usize,
    /// Weight decay of the training, 0 to 100: more of it brings pitches that were never recorded nearer where recordings are few; 2 is much.
    #[arg(long, value_name = "DECAY", default_value_t = TrainOptions::new("", "").weight_decay)]
    weight_decay: f32,
    /// The same of what hears how the loudness rises, and decides how soon a note is there.
    #[arg(long, value_name = "DECAY", default_value_t = TrainOptions::new("", "").rise_decay)]
    rise_decay: f32,
    /// Training steps.
    #[arg(long, default_value_t = TrainOptions::new("", "").steps)]
    steps: usize,
    /// Keep one held-out recording and what the instrument makes of it here, as held-out.wav and resynthesis.wav, to listen to and look at.
    #[arg(long, value_name = "FOLDER")]
    sounds: Option<PathBuf>,
    #[command(flatten)]
    picking: nsynth::Picking,
}

/// Family of an instrument of which nobody says it.
const FAMILY: &str = "string";

pub fn run(args: &Args) -> Result<(), Failure> {
    let mut options = TrainOptions {
        author: args.author.clone(),
        licence: args.licence.clone(),
        credits: args.credits.clone(),
        caveats: args.caveats.clone(),
        seed: args.seed,
        steps: args.steps,
        envelope: !args.no_envelope,
        own_harmonics: args.own_harmonics,
        weight_decay: args.weight_decay,
        rise_decay: args.rise_decay,
        source_gains_db: args.source_gains.iter().map(|g| source_gain(g)).collect::<Result<_, _>>()?,
        ..TrainOptions::new(&args.id, &args.name)
    };
    options.check()?;
    check_output(&args.output, args.sounds.as_deref())?;
    let gathered = nsynth::gather(&args.recordings, &args.picking, args.family.as_deref())?;
    options.family = args.family.clone().or(gathered.family).unwrap_or_else(|| FAMILY.into());
    options.credits.extend(gathered.credit);
    let mut files = gathered.files;
    if !gathered.others.is_empty() {
        files.extend(recordings::find(&gathered.others)?);
    }
    let start = Instant::now();
    let (takes, report) = recordings::surveyed(&files);
    println!("{report}");
    report.verdict()?;
    let (paths, takes): (Vec<_>, Vec<_>) = takes.into_iter().unzip();
    let analysed = start.elapsed();

    let start = Instant::now();
    let progress = bar(0, "training");
    let trained = train(&takes, &options, &mut |p| {
        progress.set_length(p.total as u64);
        progress.set_position(p.step as u64);
        progress.set_message(format!("loss {:.2} dB", p.loss));
    })?;
    progress.finish_and_clear();
    let learned = start.elapsed();

    let mut card = trained.card.clone();
    println!("Held-out recordings, by twins trained without them:\n{}", heading());
    let judged = judge(&trained, &takes, &paths, &options, args.sounds.as_deref())?;
    for (name, scores, prefix) in &judged.rows {
        println!("{}", row(name, scores));
        card.scores.extend(named(scores, prefix));
    }
    if let Some(b) = judged.brightness {
        println!("brighter by {:.2} semitones a dB, recorded by {:.2}", b.answered, b.recorded);
        card.scores.extend([
            ("brightness_st_db".into(), rounded(b.answered)),
            ("recorded_brightness_st_db".into(), rounded(b.recorded)),
        ]);
    }
    let bytes = trained.to_onnx(&card);
    // What is written has been read back: the file plays.
    syrinx_judge::from_bytes(&bytes)?;
    write_bytes(&args.output, &bytes)?;
    let toml = toml::to_string_pretty(&card)?;
    write_text(&args.output.with_extension("toml"), &toml)?;
    for caveat in card.caveats.iter().filter(|c| !args.caveats.contains(c)) {
        println!("{caveat}");
    }
    if let Some((least, most)) = card.decay.as_ref().and_then(Decay::late_range) {
        println!(
            "It dies away by {least:.0} to {most:.0} dB a second while the voice holds; --set sustain=voice makes it follow the voice."
        );
    }
    println!(
        "{} of {} bytes; analysed in {:.0} s, trained in {:.0} s",
        args.output.display(),
        bytes.len(),
        analysed.as_secs_f64(),
        learned.as_secs_f64(),
    );
    Ok(())
}

/// Whether what comes of minutes of training can be kept.
fn check_output(model: &Path, sounds: Option<&Path>) -> Result<(), Failure> {
    if model.is_dir() || model.file_name().is_none() {
        return Err(format!("{} is a folder, and the model is a file", model.display()).into());
    }
    if model.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml")) {
        return Err(format!("{} would be the card's name: give the model's, FILE.onnx", model.display()).into());
    }
    let folder = model.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(format!("there is no folder {}", folder.display()).into());
    }
    if let Some(sounds) = sounds {
        create_folder(sounds)?;
    }
    for folder in [Some(folder), sounds].into_iter().flatten() {
        tempfile::tempfile_in(folder).map_err(|e| format!("nothing can be written into {}: {e}", folder.display()))?;
    }
    Ok(())
}

/// Reads one `FOLDER=DB`.
fn source_gain(text: &str) -> Result<(String, f32), Failure> {
    let pair = text
        .split_once('=')
        .and_then(|(folder, db)| Some((folder.to_owned(), db.parse().ok().filter(|db: &f32| db.is_finite())?)));
    pair.ok_or_else(|| format!("--source-gain takes FOLDER=DB, not {text:?}").into())
}

/// What is known of an instrument on recordings that it never saw.
struct Judged {
    /// Name, scores, and what their names on the card begin with.
    rows: Vec<(&'static str, Scores, &'static str)>,
    brightness: Option<Brightness>,
}

/// One recording for a twin that never saw it.
struct Question<'a> {
    twin: usize,
    stretch: &'a Stretch,
}

/// Asks the twins for all that was held out from them, and compares takes of the same note.
fn judge(
    trained: &Trained,
    takes: &[Take],
    paths: &[PathBuf],
    options: &TrainOptions,
    sounds: Option<&Path>,
) -> Result<Judged, Failure> {
    let (pairs, knowing) = trained.second_takes.as_ref().map(|(pairs, twin)| (pairs.as_slice(), twin)).unzip();
    let pairs = pairs.unwrap_or_default();
    let twins: Vec<_> = trained.rounds.iter().chain(knowing).collect();
    let models =
        twins.iter().map(|twin| syrinx_judge::from_bytes(&twin.to_onnx(&trained.card))).collect::<Result<Vec<_>, _>>()?;
    // What there was to gain is asked of the rounds alone.
    let means: Vec<_> = trained
        .rounds
        .iter()
        .map(|twin| {
            let held_out: Vec<usize> = twin.split.of(Part::Test).map(|s| s.take).collect();
            MeanSpectrum::fit(takes.iter().enumerate().filter(|(n, _)| !held_out.contains(n)).map(|(_, take)| take))
        })
        .collect();
    let questions: Vec<_> = twins
        .iter()
        .enumerate()
        .flat_map(|(twin, t)| t.split.of(Part::Test).map(move |stretch| Question { twin, stretch }))
        .collect();
    let samples = |take: usize| recordings::analysis_samples(&paths[take]).map_err(|e| e.to_string());

    let progress = bar((questions.len() + pairs.len()) as u64, "scoring");
    let answered = in_parallel(
        &questions,
        |done| progress.set_position(done as u64),
        |Question { twin, stretch }| {
            let samples = samples(stretch.take)?;
            let (take, samples) = cut(&takes[stretch.take], &samples, stretch.frames.clone());
            let evaluation = evaluate(&models[*twin], means.get(*twin), samples, &take, options.gain_db(&take));
            Ok::<_, String>((take, evaluation))
        },
    );
    let compared = in_parallel(
        pairs,
        |done| progress.set_position((questions.len() + done) as u64),
        |&(first, second)| Ok::<_, String>(compare_takes(&samples(second)?, &samples(first)?, takes[second].band_limit_hz)),
    );
    progress.finish_and_clear();
    let answered = answered.into_iter().collect::<Result<Vec<_>, _>>()?;
    let second: Vec<Scores> = compared.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    let of_rounds = questions.iter().filter(|q| q.twin < trained.rounds.len()).count();
    let (held_out, known) = answered.split_at(of_rounds);

    // A note in the middle of what there is.
    if let (Some(folder), Some(question)) = (sounds, questions[..of_rounds].get(of_rounds / 2)) {
        let samples = samples(question.stretch.take)?;
        let (take, samples) = cut(&takes[question.stretch.take], &samples, question.stretch.frames.clone());
        let features: Vec<_> = take.frames.iter().map(|f| f.features).collect();
        let model = &models[question.twin];
        let rendered = render(model, &features, live_delay_samples(), options.gain_db(&take), samples.len());
        write_wav(folder.join(HELD_OUT), &Audio::from_mono(ANALYSIS_RATE_HZ, samples.to_vec()))?;
        write_wav(folder.join(RESYNTHESIS), &Audio::from_mono(ANALYSIS_RATE_HZ, rendered))?;
    }
    let brightness = brightness(
        questions.iter().zip(held_out).map(|(question, (take, _))| (&models[question.twin], take, options.gain_db(take))),
    );
    let mean = |answered: &[(Take, Evaluation)]| Evaluation::mean(&answered.iter().map(|(_, e)| *e).collect::<Vec<_>>());
    let (unseen, known) = (mean(held_out), mean(known));
    let rows = [
        ("the instrument, live", unseen.as_ref().map(|m| m.model), ""),
        ("the instrument, studio", unseen.as_ref().map(|m| m.studio), "studio_"),
        ("mean spectrum", unseen.as_ref().and_then(|m| m.mean_spectrum), "mean_spectrum_"),
        ("measured sound, rendered", unseen.as_ref().map(|m| m.upper_bound), "upper_bound_"),
        ("another take of one note", Scores::mean(&second), "second_take_"),
        ("  from the other, live", known.as_ref().map(|m| m.model), "retake_"),
        ("  from the other, studio", known.as_ref().map(|m| m.studio), "studio_retake_"),
    ];
    let rows = rows.into_iter().filter_map(|(name, scores, prefix)| Some((name, scores?, prefix))).collect();
    Ok(Judged { rows, brightness })
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
    all.into_iter().filter_map(|(name, s)| Some((format!("{prefix}{name}"), rounded(s?)))).collect()
}

/// To two digits: what comes after them is the machine's.
fn rounded(score: f32) -> f32 {
    (score * 100.0).round() / 100.0
}
