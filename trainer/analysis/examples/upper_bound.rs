//! How near the synth comes to recordings when it is given exactly what was measured in them, and how near their mean spectrum comes:
//! the bounds between which every instrument trained here lies.
//!
//! `cargo run --release -p syrinx-analysis --example upper_bound -- [--render FOLDER] FILES...`
//!
//! The mean spectrum is fitted on all files but the one it is scored on (and those of the same note), and plays the measured pitch.

use std::path::PathBuf;
use std::time::Instant;

use syrinx_analysis::{
    ANALYSIS_RATE_HZ, Audio, AudioError, MeanSpectrum, Reference, Scores, Take, Target, analyse_files, in_parallel, read_audio,
    resynthesise, write_wav,
};
use syrinx_tracker::Features;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let mut folder = None;
    if arguments.first().is_some_and(|first| first.as_os_str() == "--render") {
        folder = Some(arguments.drain(..2.min(arguments.len())).next_back().ok_or("--render needs a folder")?);
    }
    if arguments.is_empty() {
        return Err("name the recordings".into());
    }
    let files: Vec<(PathBuf, String)> = arguments.into_iter().map(|path| (path, String::new())).collect();

    let begun = Instant::now();
    let takes: Vec<Take> = analyse_files(&files, |_| ()).into_iter().collect::<Result<_, _>>()?;
    let analysis_s = begun.elapsed().as_secs_f64();

    let indices: Vec<usize> = (0..files.len()).collect();
    let rows = in_parallel(
        &indices,
        |_| (),
        |&index| -> Result<(Scores, Scores), AudioError> {
            let audio = read_audio(&files[index].0)?;
            let mono = Audio::from_mono(audio.sample_rate_hz, audio.mono()).resampled(ANALYSIS_RATE_HZ);
            let reference = Reference::new(mono.channels[0].clone());
            let take = &takes[index];
            let targets: Vec<Target> = take.frames.iter().map(|frame| frame.target.clone()).collect();
            let upper = resynthesise(&targets, mono.len(), 1);

            let others = takes.iter().enumerate().filter(|(i, t)| *i != index && (t.note.is_none() || t.note != take.note));
            let spectrum = MeanSpectrum::fit(others.map(|(_, take)| take));
            let heard = |target: &Target| Features {
                frame: 0,
                f0_hz: target.f0_hz,
                confidence: if target.f0_hz > 0.0 { 1.0 } else { 0.0 },
                loudness_db: target.loudness_db,
            };
            let predicted: Vec<Target> = targets.iter().map(|target| spectrum.predict(&heard(target))).collect();
            let mean = resynthesise(&predicted, mono.len(), 1);
            if let Some(folder) = &folder {
                let write = |suffix: &str, samples: &[f32]| {
                    write_wav(
                        folder.join(format!("{}.{suffix}.wav", take.name)),
                        &Audio::from_mono(ANALYSIS_RATE_HZ, samples.to_vec()),
                    )
                };
                write("recorded", &mono.channels[0])?;
                write("resynthesised", &upper)?;
                write("mean", &mean)?;
            }
            Ok((reference.score(&upper), reference.score(&mean)))
        },
    );
    let rows: Vec<(Scores, Scores)> = rows.into_iter().collect::<Result<_, _>>()?;

    println!("{:32} {}", "targets resynthesised", Scores::COLUMNS);
    for (take, (upper, _)) in takes.iter().zip(&rows) {
        println!("{:32} {upper}", take.name);
    }
    let (upper, mean): (Vec<Scores>, Vec<Scores>) = rows.into_iter().unzip();
    let (upper, mean) = (Scores::mean(&upper).ok_or("no sound")?, Scores::mean(&mean).ok_or("no sound")?);
    println!("{:32} {upper}", "ALL: targets resynthesised");
    println!("{:32} {mean}", "ALL: mean spectrum");
    println!("{:.1} s of sound analysed in {analysis_s:.1} s", upper.seconds);
    Ok(())
}
