//! Training as a job: recordings in, an instrument out, on as many threads as it may have, telling how far it is, until it is done or cancelled. Any
//! thread but the audio thread: the window's, a command's.

use std::path::PathBuf;
use syrinx_analysis::{AudioError, Cancelled, Recordings, Report, ReportError, Workers, survey_files};
use syrinx_decoder::{Card, Model, ModelError};

use crate::{
    held_out::{self, HeldOut},
    train::{TrainError, TrainOptions, Trained, Twins, measure_on, train_on},
};

/// What a job is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Recordings are read and analysed: `done` and `total` are files.
    Analysing,
    /// Networks are trained: steps.
    Training,
    /// The twins are asked for what they never saw: questions.
    Scoring,
}

/// How far a job is.
#[derive(Clone, Copy, Debug)]
pub struct JobProgress {
    /// What it is at.
    pub stage: Stage,
    /// What of this stage is done, and all of it.
    pub done: usize,
    /// See `done`.
    pub total: usize,
    /// While it trains: the loss on the training rows, dB.
    pub loss_db: Option<f32>,
}

/// Why there is no instrument.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The recordings are not fit to learn from.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// Nothing could be trained on them.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A recording could not be read again.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// What was trained cannot be played.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// It was cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// An instrument that was learned.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The model file.
    pub bytes: Vec<u8>,
    /// Its card.
    pub card: Card,
    /// What was said of the recordings.
    pub report: Report,
}

/// Who works, and who is told.
pub struct Job<'a> {
    /// The threads, and whether to go on.
    pub workers: &'a Workers,
    /// Called with how far the job is, from any of its threads.
    pub tell: &'a (dyn Fn(JobProgress) + Sync),
    /// Called with the model file of the instrument as far as it is learned, some times while it trains: it plays already, and its card knows nothing yet but its range.
    pub early: Option<&'a (dyn Fn(Vec<u8>) + Sync)>,
}

impl Job<'_> {
    fn told(&self, stage: Stage, total: usize) -> impl Fn(usize) + Sync {
        move |done| (self.tell)(JobProgress { stage, done, total, loss_db: None })
    }

    /// All of it: reads `files` (sound files, each with the name of its source), and trains an instrument on those that are fit. Nothing is held out and
    /// nothing is scored: see [`Job::train`] and [`Job::score`] for that.
    ///
    /// # Errors
    /// When an option cannot be used, the recordings are too few or unfit, or the job is cancelled.
    pub fn learn(&self, files: &[(PathBuf, String)], options: &TrainOptions) -> Result<Learned, JobError> {
        options.check()?;
        let recordings = self.survey(files)?;
        recordings.report.verdict()?;
        let trained = self.train(&recordings, options, Twins::None)?;
        let bytes = trained.to_onnx(&trained.card);
        // What is given has been read back: it plays.
        Model::read(&bytes)?;
        Ok(Learned { bytes, card: trained.card, report: recordings.report })
    }

    /// Reads, analyses and judges files, each with the name of its source.
    ///
    /// # Errors
    /// When it is cancelled; files that cannot be read are in the report.
    pub fn survey(&self, files: &[(PathBuf, String)]) -> Result<Recordings, JobError> {
        let surveyed = survey_files(self.workers, files, self.told(Stage::Analysing, files.len()))?;
        Ok(Recordings::new(files.iter().map(|(path, _)| path.clone()), surveyed))
    }

    /// Trains an instrument on recordings, and as many twins as are wanted.
    ///
    /// # Errors
    /// When there is too little to learn from, an option or an entry of the card is not acceptable, or the job is cancelled.
    pub fn train(&self, recordings: &Recordings, options: &TrainOptions, twins: Twins) -> Result<Trained, JobError> {
        let tell = self.tell;
        let trained = train_on(self.workers, &recordings.takes, options, twins, self.early, &mut |progress| {
            let loss_db = Some(progress.loss);
            tell(JobProgress { stage: Stage::Training, done: progress.step, total: progress.total, loss_db });
        });
        trained.map_err(|error| match error {
            TrainError::Cancelled(cancelled) => cancelled.into(),
            error => error.into(),
        })
    }

    /// Measures anew, from recordings, what is measured beside the network of the model file `bytes`, and leaves the network as it is.
    ///
    /// # Errors
    /// When it is no instrument, or the job is cancelled.
    pub fn measure(&self, recordings: Recordings, options: &TrainOptions, bytes: &[u8]) -> Result<Learned, JobError> {
        let (card, bytes) = measure_on(self.workers, &recordings.takes, options, bytes)?;
        Ok(Learned { bytes, card, report: recordings.report })
    }

    /// Asks the twins for all that was held out from them, and compares takes of the same note.
    ///
    /// # Errors
    /// When a recording cannot be read again, or the job is cancelled.
    pub fn score(&self, recordings: &Recordings, trained: &Trained, options: &TrainOptions) -> Result<HeldOut, JobError> {
        held_out::score(self.workers, |total| self.told(Stage::Scoring, total), recordings, trained, options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroUsize;
    use syrinx_analysis::{Audio, write_wav};

    /// Files of a tone of eight harmonics at six pitches, three seconds each.
    fn tones(folder: &std::path::Path) -> Vec<(PathBuf, String)> {
        let tone = |semitone: usize| {
            let hz = 220.0 * (semitone as f64 / 6.0).exp2();
            let path = folder.join(format!("{semitone}.wav"));
            let sample = |n: usize| {
                let t = n as f64 / 48_000.0;
                (1..9).map(|k| (0.2 / f64::from(k) * (std::f64::consts::TAU * hz * f64::from(k) * t).sin()) as f32).sum()
            };
            write_wav(&path, &Audio::from_mono(48_000, (0..144_000).map(sample).collect())).unwrap();
            (path, "tones".into())
        };
        (0..6).map(tone).collect()
    }

    #[test]
    fn recordings_go_in_and_an_instrument_comes_out_or_the_job_ends_where_it_is_cancelled() {
        let folder = tempfile::tempdir().unwrap();
        let (files, options) = (tones(folder.path()), TrainOptions { steps: 4, ..TrainOptions::new("tone", "Tone") });
        let workers = Workers::at_most(NonZeroUsize::MIN);
        let versions = std::sync::Mutex::new(Vec::new());
        let early = |bytes| versions.lock().unwrap().push(bytes);
        let learned = Job { workers: &workers, tell: &|_| (), early: None }.learn(&files, &options).unwrap();
        // A training of 120 steps can be played after 50, 100 and all.
        let longer = TrainOptions { steps: 120, ..options.clone() };
        let last = Job { workers: &workers, tell: &|_| (), early: Some(&early) }.learn(&files, &longer).unwrap();
        let versions = versions.into_inner().unwrap();
        assert_eq!(versions.len(), 3);
        for version in &versions {
            assert_eq!(Model::read(version).unwrap().card().pitch_range_hz, last.card.pitch_range_hz);
        }
        assert!(versions[0] != versions[1] && versions[1] != versions[2]);
        assert_eq!(Model::read(&learned.bytes).unwrap().card().id, "tone");
        assert_eq!(learned.report.files.len(), 6);
        for at in [Stage::Analysing, Stage::Training, Stage::Scoring] {
            let workers = Workers::at_most(NonZeroUsize::MIN);
            let tell = |progress: JobProgress| {
                assert!(progress.done <= progress.total);
                if progress.stage == at {
                    workers.cancel();
                }
            };
            let job = Job { workers: &workers, tell: &tell, early: None };
            let done = job.survey(&files).and_then(|recordings| {
                let trained = job.train(&recordings, &options, Twins::All)?;
                job.score(&recordings, &trained, &options)
            });
            assert!(matches!(done, Err(JobError::Cancelled(_))), "{at:?}: {done:?}");
        }
    }
}
