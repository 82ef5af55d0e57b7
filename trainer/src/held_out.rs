//! What is known of an instrument on recordings that it never saw: its twins are asked for what was held out from them. Any thread but the audio
//! thread.

use std::{collections::BTreeMap, ops::Range};
use syrinx_analysis::{ANALYSIS_RATE_HZ, MeanSpectrum, Recordings, Scores, Take, Workers, analysis_samples, live_delay_samples};
use syrinx_decoder::Model;
use syrinx_tracker::FrameClock;

use crate::{
    evaluate::{Evaluation, evaluate, render},
    expression::{Brightness, brightness},
    job::JobError,
    second_take::compare_takes,
    split::{Part, Stretch},
    train::{TrainOptions, Trained},
};

/// Scores on recordings that were held out.
#[derive(Clone, Debug)]
pub struct HeldOut {
    /// Name, scores, and what their names on the card begin with.
    pub rows: Vec<(&'static str, Scores, &'static str)>,
    /// How much brighter louder playing is; none where the loudness hardly moves.
    pub brightness: Option<Brightness>,
    /// One recording, and what the twin that never saw it makes of it, to listen to: samples at [`ANALYSIS_RATE_HZ`]. None where nothing was held out.
    pub example: Option<[Vec<f32>; 2]>,
}

impl HeldOut {
    /// All of it by its names on a card.
    pub fn named(&self) -> BTreeMap<String, f32> {
        let mut scores: BTreeMap<_, _> = self.rows.iter().flat_map(|(_, scores, prefix)| named(scores, prefix)).collect();
        if let Some(b) = self.brightness {
            scores.insert("brightness_st_db".into(), rounded(b.answered));
            scores.insert("recorded_brightness_st_db".into(), rounded(b.recorded));
        }
        scores
    }
}

/// One recording for a twin that never saw it.
struct Question<'a> {
    twin: usize,
    stretch: &'a Stretch,
}

/// Asks the twins for all that was held out from them, and compares takes of the same note. `told` makes what is called with the number of questions
/// that are answered, from any of the threads, when it is known how many there are.
pub fn score<Told: Fn(usize) + Sync>(
    workers: &Workers,
    told: impl FnOnce(usize) -> Told,
    recordings: &Recordings,
    trained: &Trained,
    options: &TrainOptions,
) -> Result<HeldOut, JobError> {
    let takes = &recordings.takes;
    let (pairs, knowing) = trained.second_takes.as_ref().map(|(pairs, twin)| (pairs.as_slice(), twin)).unzip();
    let pairs = pairs.unwrap_or_default();
    let twins: Vec<_> = trained.rounds.iter().chain(knowing).collect();
    let models = twins.iter().map(|twin| Model::read(&twin.to_onnx(&trained.card))).collect::<Result<Vec<_>, _>>()?;
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
    let samples = |take: usize| analysis_samples(&recordings.files[take]);

    let told = told(questions.len() + pairs.len());
    let answered = workers.map(&questions, &told, |Question { twin, stretch }| {
        let samples = samples(stretch.take)?;
        let (take, samples) = cut(&takes[stretch.take], &samples, stretch.frames.clone());
        Ok::<_, JobError>(evaluate(&models[*twin], means.get(*twin), samples, &take, options.gain_db(&take)))
    })?;
    let compared = workers.map(
        pairs,
        |done| told(questions.len() + done),
        |&(first, second)| Ok::<_, JobError>(compare_takes(&samples(second)?, &samples(first)?, takes[second].band_limit_hz)),
    )?;
    let answered = answered.into_iter().collect::<Result<Vec<_>, _>>()?;
    let second: Vec<Scores> = compared.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    let of_rounds = questions.iter().filter(|q| q.twin < trained.rounds.len()).count();
    let (held_out, known) = answered.split_at(of_rounds);

    // A note in the middle of what there is.
    let example = questions[..of_rounds].get(of_rounds / 2).map(|question| {
        let samples = samples(question.stretch.take)?;
        let (take, samples) = cut(&takes[question.stretch.take], &samples, question.stretch.frames.clone());
        let features: Vec<_> = take.frames.iter().map(|f| f.features).collect();
        let model = &models[question.twin];
        let rendered = render(model, &features, live_delay_samples(), options.gain_db(&take), samples.len());
        Ok::<_, JobError>([samples.to_vec(), rendered])
    });
    let brightness = brightness(questions[..of_rounds].iter().map(|Question { twin, stretch }| {
        let take = &takes[stretch.take];
        (&models[*twin], &take.frames[stretch.frames.clone()], options.gain_db(take))
    }));
    let (unseen, known) = (Evaluation::mean(held_out), Evaluation::mean(known));
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
    Ok(HeldOut { rows, brightness, example: example.transpose()? })
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
