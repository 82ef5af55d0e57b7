//! Trains an instrument on folders of recordings and prints how near it comes to the pitches that were held out.
//!
//! `cargo run --release -p syrinx-trainer --example try_train -- OUT.onnx FOLDER...`; each folder is one source. Main thread.

use std::{collections::HashSet, error::Error, fs, io::Write, path::PathBuf, time::Instant};
use syrinx_analysis::{ANALYSIS_RATE_HZ, MeanSpectrum, Scores, analyse_files, read_audio};
use syrinx_decoder::Model;
use syrinx_trainer::{Evaluation, Part, TrainOptions, evaluate, train};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(out), folders) = (arguments.next(), arguments.collect::<Vec<_>>()) else {
        return Err("usage: try_train OUT.onnx FOLDER...".into());
    };
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    for folder in &folders {
        let source = PathBuf::from(folder).file_name().unwrap_or_default().to_string_lossy().into_owned();
        for entry in fs::read_dir(folder)? {
            files.push((entry?.path(), source.clone()));
        }
    }
    files.sort();
    let start = Instant::now();
    let mut takes = Vec::new();
    let mut kept = Vec::new();
    for (file, take) in files.iter().zip(analyse_files(&files, |_| ())) {
        match take {
            Ok(take) => {
                takes.push(take);
                kept.push(file.0.clone());
            }
            Err(e) => eprintln!("{e}"),
        }
    }
    println!("{} recordings analysed in {:.1} s", takes.len(), start.elapsed().as_secs_f32());

    let start = Instant::now();
    let trained = train(&takes, &TrainOptions::new("try", "Try"), &mut |p| {
        if p.step.is_multiple_of(20) {
            let left = p.left.as_secs_f32();
            print!("\rstep {} of {}: {:.2} dB, held out {:.2} dB, {left:.0} s left ", p.step, p.total, p.loss, p.validation_loss);
            let _ = std::io::stdout().flush();
        }
    })?;
    println!("\ntrained in {:.1} s; {:?}", start.elapsed().as_secs_f32(), trained.card.training);
    println!(
        "{:.0} to {:.0} Hz, {:.0} to {:.0} dB",
        trained.card.pitch_range_hz[0],
        trained.card.pitch_range_hz[1],
        trained.card.loudness_range_db[0],
        trained.card.loudness_range_db[1]
    );
    let bytes = trained.to_onnx(&trained.card);
    fs::write(&out, &bytes)?;

    let model = Model::from_bytes(&bytes)?;
    let training: HashSet<usize> = trained.split.of(Part::Training).map(|s| s.take).collect();
    let mean = MeanSpectrum::fit(takes.iter().enumerate().filter(|(n, _)| training.contains(n)).map(|(_, t)| t));
    let mut evaluations = Vec::new();
    println!("{:32} {}", "", Scores::COLUMNS);
    for stretch in trained.split.of(Part::Test).filter(|s| takes[s.take].note.is_some()) {
        let take = &takes[stretch.take];
        let samples = read_audio(&kept[stretch.take])?.resampled(ANALYSIS_RATE_HZ).mono();
        let evaluation = evaluate(&model, &mean, &samples, take, 0.0);
        println!("{:32} {}", take.name, evaluation.model);
        evaluations.push(evaluation);
    }
    if let Some(all) = Evaluation::mean(&evaluations) {
        for (name, scores) in [("model", all.model), ("mean spectrum", all.mean_spectrum), ("upper bound", all.upper_bound)] {
            println!("{name:32} {scores}");
        }
    }
    Ok(())
}
