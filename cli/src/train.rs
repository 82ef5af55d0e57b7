//! `syrinx train`: recordings in, an instrument out.

use crate::{
    common::{Failure, bar, create_folder, write_bytes, write_text},
    evaluate::{heading, row},
    nsynth, recordings,
};
use std::{
    path::{Path, PathBuf},
    time::Instant,
};
use syrinx_analysis::{ANALYSIS_RATE_HZ, Audio, FORMATS, HELD_OUT, RESYNTHESIS, Workers, write_wav};
use syrinx_decoder::Performance;
use syrinx_engine::{Card, Decay, Dynamics, RoomResponse, SlopeSource};
use syrinx_nsynth::FAMILIES;
use syrinx_trainer::{Job, JobError, JobProgress, TrainOptions, Twins, id_of};

#[derive(clap::Args)]
pub struct Args {
    #[arg(required = true, help = format!("Recordings of one instrument playing one note at a time, or folders of them: {FORMATS}. Or NSynth data, of which --instrument picks"))]
    recordings: Vec<PathBuf>,
    /// Identifier: lower-case letters, digits and hyphens. By default made of the name.
    #[arg(long)]
    id: Option<String>,
    /// Name shown to people.
    #[arg(long)]
    name: String,
    /// The model file to write; its card goes beside it, as FILE.toml. By default the identifier's, here.
    #[arg(short, long, value_name = "FILE.onnx")]
    output: Option<PathBuf>,
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
    /// Recordings of other players of the instrument, or folders of them: they tell, with the rest, how its notes begin, join and end, and nothing else; may be given
    /// many times.
    #[arg(long, value_name = "PATH")]
    played_by: Vec<PathBuf>,
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
    /// Train nothing: take the network of this model file, with all that its card says, and measure anew what is measured beside the network.
    #[arg(long, value_name = "FILE.onnx")]
    measure: Option<PathBuf>,
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
    let id = args.id.clone().unwrap_or_else(|| id_of(&args.name));
    let output = args.output.clone().unwrap_or_else(|| format!("{id}.onnx").into());
    if args.output.is_none() && output.exists() {
        return Err(format!("{} is there already: say where to with -o", output.display()).into());
    }
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
        ..TrainOptions::new(&id, &args.name)
    };
    options.check()?;
    check_output(&output, args.sounds.as_deref())?;
    let gathered = nsynth::gather(&args.recordings, &args.picking, args.family.as_deref())?;
    options.family = args.family.clone().or(gathered.family).unwrap_or_else(|| FAMILY.into());
    options.credits.extend(gathered.credit);
    let mut files = gathered.files;
    if !gathered.others.is_empty() {
        files.extend(recordings::find(&gathered.others)?);
    }
    let workers = Workers::all();
    let start = Instant::now();
    let recordings = at(&workers, "analysing", |job| job.survey(&files))?;
    println!("{}", recordings.report);
    recordings.report.verdict()?;
    if !args.played_by.is_empty() {
        let files = recordings::find(&args.played_by)?;
        let players = at(&workers, "listening to other players", |job| job.survey(&files))?;
        println!("{}", players.report);
        options.other_players = players.takes;
    }
    let analysed = start.elapsed();

    if let Some(model) = &args.measure {
        let bytes = syrinx_judge::from_file(model)?.bytes().to_vec();
        let learned = at(&workers, "measuring", |job| job.measure(recordings, &options, &bytes))?;
        syrinx_judge::from_bytes(&learned.bytes)?;
        write_model(args, &output, &learned.bytes, &learned.card)?;
        println!("{}: measured in {:.0} s", output.display(), start.elapsed().as_secs_f64());
        return Ok(());
    }

    let start = Instant::now();
    let trained = at(&workers, "training", |job| job.train(&recordings, &options, Twins::All))?;
    let learned = start.elapsed();

    let mut card = trained.card.clone();
    println!("Held-out recordings, by twins trained without them:\n{}", heading());
    let held_out = at(&workers, "scoring", |job| job.score(&recordings, &trained, &options))?;
    if let (Some(folder), Some([recorded, rendered])) = (&args.sounds, &held_out.example) {
        for (name, samples) in [(HELD_OUT, recorded), (RESYNTHESIS, rendered)] {
            write_wav(folder.join(name), &Audio::from_mono(ANALYSIS_RATE_HZ, samples.clone()))?;
        }
    }
    for (name, scores, _) in &held_out.rows {
        println!("{}", row(name, scores));
    }
    if let Some(b) = held_out.brightness {
        println!("brighter by {:.2} semitones a dB, recorded by {:.2}", b.answered, b.recorded);
    }
    card.scores.extend(held_out.named());
    let bytes = trained.to_onnx(&card);
    // What is written has been read back: the file plays.
    syrinx_judge::from_bytes(&bytes)?;
    write_model(args, &output, &bytes, &card)?;
    if let Some((least, most)) = card.decay.as_ref().and_then(Decay::late_range) {
        println!(
            "It dies away by {least:.0} to {most:.0} dB a second while the voice holds; --set sustain=voice makes it follow the voice."
        );
    }
    println!(
        "{} of {} bytes; analysed in {:.0} s, trained in {:.0} s",
        output.display(),
        bytes.len(),
        analysed.as_secs_f64(),
        learned.as_secs_f64(),
    );
    Ok(())
}

/// How its notes are played, in words.
fn how_played(performance: &Performance) -> String {
    let notes = &performance.notes;
    let mut rises_ms: Vec<f32> = notes.iter().map(|note| 1e3 * note.rise_s()).collect();
    rises_ms.sort_by(f32::total_cmp);
    let with_vibrato = notes.iter().filter(|note| note.vibrato_st > 0.0).count();
    format!(
        "{} of its notes tell how keys are played: half are there within {:.0} ms, {} have vibrato.",
        notes.len(),
        rises_ms[rises_ms.len() / 2],
        if with_vibrato > 0 { with_vibrato.to_string() } else { "none".into() },
    )
}

/// The same TOML, its lists of numbers on a line each: people read what is between them.
fn with_short_lists(toml: &str) -> String {
    let mut short = String::new();
    let mut lines = toml.lines();
    while let Some(line) = lines.next() {
        short += line;
        if line.ends_with("= [") {
            let items: Vec<&str> = lines.by_ref().take_while(|line| *line != "]").map(str::trim).collect();
            if items.iter().any(|item| item.contains('"')) {
                items.iter().for_each(|item| short += &format!("\n    {item}"));
                short += "\n]";
            } else {
                short += &(items.join(" ") + "]").replace(",]", "]").replace("[ ", "[").replace(", ]", "]");
            }
        }
        short += "\n";
    }
    short
}

/// Writes the model and its card, and says what the card says that nobody told.
fn write_model(args: &Args, output: &Path, bytes: &[u8], card: &Card) -> Result<(), Failure> {
    write_bytes(output, bytes)?;
    write_text(&output.with_extension("toml"), &with_short_lists(&toml::to_string_pretty(card)?))?;
    for caveat in card.caveats.iter().filter(|c| !args.caveats.contains(c)) {
        println!("{caveat}");
    }
    if let Some(life) = &card.life {
        println!(
            "Its harmonics wander by up to {:.1} dB in a held note; its noise pulses by {:.0} %.",
            life.furthest_db(),
            100.0 * life.pulse
        );
    }
    if let Some(performance) = &card.performance {
        println!("{}", how_played(performance));
    }
    if let Some(Dynamics { slope_st_db, source: SlopeSource::Recordings, .. }) = &card.dynamics {
        println!("Loud is brighter by {slope_st_db:.2} semitones a decibel.");
    }
    if let Some(RoomResponse { rt60_s, level_db }) = &card.room {
        println!(
            "Its room sounds on for {:.1} s below 1.5 kHz and {:.1} s above, {:.0} and {:.0} dB below the note.",
            rt60_s[0], rt60_s[1], -level_db[0], -level_db[1]
        );
    }
    Ok(())
}

/// Does one stage of the job, with a progress bar.
fn at<T>(workers: &Workers, stage: &'static str, work: impl FnOnce(&Job<'_>) -> Result<T, JobError>) -> Result<T, JobError> {
    let progress = bar(0, stage);
    let tell = |p: JobProgress| {
        progress.set_length(p.total as u64);
        progress.set_position(p.done as u64);
        if let Some(loss_db) = p.loss_db {
            progress.set_message(format!("loss {loss_db:.2} dB"));
        }
    };
    let done = work(&Job { workers, tell: &tell, early: None });
    progress.finish_and_clear();
    done
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_numbers_are_short_and_read_the_same() {
        let card = syrinx_models::load("violin").unwrap().card().clone();
        let long = toml::to_string_pretty(&card).unwrap();
        let short = with_short_lists(&long);
        assert!(short.lines().count() < long.lines().count() / 2);
        assert_eq!(toml::from_str::<Card>(&short).unwrap(), card);
        assert_eq!(
            with_short_lists("a = [\n    1,\n    2,\n]\nb = [\n    \"x, [\",\n]\n"),
            "a = [1, 2]\nb = [\n    \"x, [\",\n]\n"
        );
    }
}
