//! Learning an instrument where it is played: recordings, what is to be said of them, the training, and what comes of it. All of it goes on while no window is open, and
//! what is on disk survives whatever ends the process.
//!
//! * `folder`: what is kept on disk, and how it is found again.
//! * `recorder`: what comes in, as files.
//! * `teacher`: the thread that listens to recordings and trains; one at a time in a process, and it gives way to all others.
//! * `coverage`: which pitches were played how loudly, and what is worth playing next.
//!
//! Any thread but the audio thread.

pub mod coverage;
pub mod folder;
mod priority;
pub mod recorder;
mod teacher;

use crate::{
    editor::{
        files,
        live::{note, note_name},
    },
    library::Library,
    monitor::Shown,
    tape::Clip,
};
use coverage::Coverage;
use folder::{About, Folder};
use recorder::Recorder;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};
use syrinx_analysis::{ANALYSIS_RATE_HZ, Audio, Recordings, Report, Workers, find_recordings};
use syrinx_engine::{Card, Model, Slot};
use syrinx_trainer::{HeldOut, TrainOptions, Trained, id_of};

/// Files that are learned from at most.
const MOST_FILES: usize = 5000;
/// What an instrument is called that has no name yet.
const NAMELESS: &str = "My instrument";
/// To keep going is to train anew with twice the steps, up to so many times as many.
pub const MOST_TIMES: usize = 8;

/// What the teacher is at.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Stage {
    /// Nothing.
    #[default]
    Idle,
    /// Another instance of the process learns; this one is next.
    Waiting,
    /// It listens to recordings: so many of so many are heard.
    Checking(usize, usize),
    /// It trains: the share that is done, and how long the rest takes, where that is known.
    Training(f32, Option<Duration>),
    /// The instrument is asked for what was held out from it: the share that is done.
    Scoring(f32),
}

impl Stage {
    /// Whether it trains or is to, or scores.
    pub fn is_lesson(&self) -> bool {
        matches!(self, Self::Training(..) | Self::Scoring(_))
    }
}

/// An instrument that was learned.
pub struct Learned {
    /// Its network.
    trained: Trained,
    /// Its card, with scores, under the name that it had then.
    pub card: Card,
    /// How it does on what it never saw.
    pub held_out: HeldOut,
    /// Steps of its training, against those of a usual one.
    pub times: usize,
}

impl Learned {
    /// What it is good at, and what it is bad at, in words.
    pub fn words(&self) -> Vec<String> {
        let card = &self.card;
        let [low, high] = card.pitch_range_hz.map(|hz| note_name(note(hz)));
        let [soft, loud] = card.loudness_range_db;
        let mut words = vec![format!("At home from {low} to {high}, and {soft:.0} to {loud:.0} dB(A).")];
        if let Some(life) = &card.life {
            words.push(format!("It lives: harmonics of a held note wander by up to {:.1} dB.", life.furthest_db()));
        }
        if let Some(performance) = &card.performance {
            words.push(format!("{} of its notes tell keys how to play.", performance.notes.len()));
        }
        words.extend(card.caveats.iter().cloned());
        words
    }
}

/// What is known of one recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The file.
    pub path: PathBuf,
    /// A few words.
    pub says: String,
    /// Whether it is learned from; None before it was heard.
    pub fit: Option<bool>,
}

/// Everything as it is, to be shown.
#[derive(Clone, Default)]
pub struct View {
    /// What it is to be.
    pub about: About,
    /// Each recording.
    pub recorded: Vec<Recorded>,
    /// What is to be said of all of them.
    pub report: Option<Arc<Report>>,
    /// Which pitches were played how loudly, of those that were heard.
    pub coverage: Arc<Coverage>,
    /// What the teacher is at.
    pub stage: Stage,
    /// Versions of the instrument so far, and the last.
    pub versions: u32,
    /// The last of them.
    pub version: Option<Arc<Model>>,
    /// What came of the last training.
    pub learned: Option<Arc<Learned>>,
    /// What is wrong, in a sentence.
    pub trouble: Option<String>,
    /// Where it was saved.
    pub saved: Option<PathBuf>,
}

#[derive(Default)]
struct State {
    about: About,
    /// Those that were heard.
    recordings: Arc<Recordings>,
    report: Option<Arc<Report>>,
    coverage: Arc<Coverage>,
    /// Those that were not.
    unheard: Vec<PathBuf>,
    stage: Stage,
    /// A training is wanted, with so many times the usual steps.
    wanted: Option<usize>,
    /// Who may cancel what the teacher is at.
    workers: Option<Arc<Workers>>,
    /// Whether there is a teacher.
    teaches: bool,
    ended: bool,
    versions: u32,
    version: Option<Arc<Model>>,
    /// The first version of a training waits to be put where it is heard.
    is_new: bool,
    learned: Option<Arc<Learned>>,
    trouble: Option<String>,
    saved: Option<PathBuf>,
}

impl State {
    /// What the teacher is at, or will be in a moment.
    fn stage(&self) -> Stage {
        match self.stage {
            Stage::Idle if !self.unheard.is_empty() => Stage::Checking(0, self.unheard.len()),
            Stage::Idle if self.wanted.is_some() => Stage::Training(0.0, None),
            ref stage => stage.clone(),
        }
    }
}

/// What all threads of a learning share.
struct Shared {
    folder: Folder,
    library: Arc<Library>,
    shown: Arc<Shown>,
    state: Mutex<State>,
    teacher: Mutex<Option<JoinHandle<()>>>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // A thread that panicked here left nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a teacher do what there is to do.
    fn teach(self: &Arc<Self>) {
        if let Some(new) = teacher::begin(self) {
            let before = self.teacher.lock().unwrap_or_else(PoisonError::into_inner).replace(new);
            // It had nothing left to do.
            if let Some(before) = before {
                let _ = before.join();
            }
        }
    }

    /// Says what is wrong.
    fn say(&self, trouble: impl Into<String>) {
        self.state().trouble = Some(trouble.into());
        self.shown.redraw();
    }
}

/// One learning, of one instance.
pub struct Learning {
    shared: Arc<Shared>,
    recorder: Mutex<Option<Recorder>>,
}

impl Learning {
    /// Goes on with what was begun in a folder below `home` and is neither done nor another's, the latest; or begins anew.
    ///
    /// # Errors
    /// A sentence, where nothing can be written there.
    pub fn open(home: &Path, library: &Arc<Library>, shown: &Arc<Shown>) -> Result<Self, String> {
        let folder = match Folder::latest(home) {
            Some(folder) => folder,
            None => Folder::new(home)?,
        };
        Ok(Self::in_folder(folder, library, shown))
    }

    /// Begins anew. What was there stays on disk, and is not gone on with unasked.
    ///
    /// # Errors
    /// The same.
    pub fn anew(self, home: &Path) -> Result<Self, String> {
        let (library, shown) = (self.shared.library.clone(), self.shared.shown.clone());
        let mut about = self.view().about;
        let folder = Folder::new(home)?;
        about.done = true;
        self.shared.folder.keep(&about)?;
        drop(self);
        Ok(Self::in_folder(folder, &library, &shown))
    }

    fn in_folder(folder: Folder, library: &Arc<Library>, shown: &Arc<Shown>) -> Self {
        let about = folder.about();
        let state = State { unheard: folder.recordings(&about), about, ..State::default() };
        let shared = Shared {
            folder,
            library: library.clone(),
            shown: shown.clone(),
            state: Mutex::new(state),
            teacher: Mutex::default(),
        };
        let learning = Self { shared: Arc::new(shared), recorder: Mutex::default() };
        learning.shared.teach();
        learning
    }

    /// Where its own recordings are.
    pub fn folder(&self) -> &Path {
        self.shared.folder.path()
    }

    /// Rate of the stream that it hears, Hz; 0 before the host has said it.
    pub fn rate_hz(&self) -> f32 {
        self.shared.shown.sample_rate_hz.get()
    }

    /// Everything as it is.
    pub fn view(&self) -> View {
        let state = self.shared.state();
        let unheard = state.unheard.iter().map(|path| (path, ("not heard yet".to_owned(), None)));
        let heard = state.recordings.judged().iter().map(|(path, judged)| {
            let says = match judged {
                Ok(report) => coverage::words_of(report),
                Err(why) => (why.clone(), Some(false)),
            };
            (path, says)
        });
        let mut recorded: Vec<Recorded> =
            heard.chain(unheard).map(|(path, (says, fit))| Recorded { path: path.clone(), says, fit }).collect();
        recorded.sort_by(|a, b| a.path.cmp(&b.path));
        View {
            about: state.about.clone(),
            recorded,
            report: state.report.clone(),
            coverage: state.coverage.clone(),
            stage: state.stage(),
            versions: state.versions,
            version: state.version.clone(),
            learned: state.learned.clone(),
            trouble: state.trouble.clone(),
            saved: state.saved.clone(),
        }
    }

    /// Changes what it is to be, on disk too.
    pub fn change(&self, change: impl FnOnce(&mut About)) {
        let mut state = self.shared.state();
        let before = state.about.clone();
        change(&mut state.about);
        if state.about != before
            && let Err(why) = self.shared.folder.keep(&state.about)
        {
            state.trouble = Some(why);
        }
    }

    /// Nothing is wrong any more.
    pub fn hush(&self) {
        self.shared.state().trouble = None;
    }

    /// Records what comes in, or no longer.
    pub fn record(&self, on: bool) {
        let mut recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        if on && recorder.is_none() {
            self.hush();
            *recorder = Some(Recorder::begin(&self.shared));
        } else if !on && let Some(recorder) = recorder.take() {
            drop(recorder);
            self.shared.teach();
        }
    }

    /// Whether it records, and what it has recorded since it began.
    pub fn recording(&self) -> Option<recorder::SoFar> {
        let mut recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        if recorder.as_ref().is_some_and(Recorder::has_ended) {
            // Why is said.
            *recorder = None;
        }
        recorder.as_ref().map(Recorder::so_far)
    }

    /// Learns from files, too, and from what is below folders.
    pub fn add(&self, paths: &[PathBuf]) {
        let found = match find_recordings(paths) {
            Ok(found) => found,
            Err(why) => return self.shared.say(capital(&why.to_string())),
        };
        let mut state = self.shared.state();
        state.trouble = None;
        let heard = state.recordings.judged().iter().map(|(path, _)| path);
        let known: BTreeSet<PathBuf> = heard.chain(&state.unheard).cloned().collect();
        let new: Vec<PathBuf> = found.files.into_iter().map(|(path, _)| path).filter(|path| !known.contains(path)).collect();
        if known.len() + new.len() > MOST_FILES {
            state.trouble = Some(format!("That would be more than {MOST_FILES} recordings. Choose some of them."));
            return;
        }
        if let Some(what) = found.passed_over {
            state.trouble = Some(format!("Passed over: {what}."));
        }
        state.about.files.extend(new.iter().filter(|path| !path.starts_with(self.folder())).cloned());
        state.about.left_out.retain(|path| !new.contains(path));
        state.unheard.extend(new);
        let kept = self.shared.folder.keep(&state.about);
        drop(state);
        if let Err(why) = kept {
            self.shared.say(why);
        }
        self.shared.teach();
    }

    /// Learns no longer from a file, which stays on disk.
    pub fn leave_out(&self, path: &Path) {
        let mut state = self.shared.state();
        state.about.files.retain(|other| other != path);
        if path.starts_with(self.folder()) {
            state.about.left_out.push(path.to_owned());
        }
        state.unheard.retain(|other| other != path);
        Arc::make_mut(&mut state.recordings).remove(path);
        state.coverage = Arc::new(Coverage::of(&state.recordings.takes));
        state.report = Some(Arc::new(state.recordings.report.clone()));
        let kept = self.shared.folder.keep(&state.about);
        drop(state);
        if let Err(why) = kept {
            self.shared.say(why);
        }
    }

    /// Trains an instrument on what was recorded, with so many times the usual steps; versions of it go to instrument B.
    pub fn train(&self, times: usize) {
        self.record(false);
        let mut state = self.shared.state();
        state.trouble = None;
        state.wanted = Some(times.clamp(1, MOST_TIMES));
        drop(state);
        self.shared.teach();
    }

    /// The last version of a training of which none was put where it is heard yet, once: those that follow take its place there by themselves.
    pub fn introduction(&self) -> Option<Arc<Model>> {
        let mut state = self.shared.state();
        std::mem::take(&mut state.is_new).then(|| state.version.clone())?
    }

    /// Trains no longer. What was recorded and learned before stays.
    pub fn cancel(&self) {
        let mut state = self.shared.state();
        state.wanted = None;
        if state.stage.is_lesson()
            && let Some(workers) = &state.workers
        {
            workers.cancel();
        }
    }

    /// The instrument that was learned as a file of what it is to be now.
    ///
    /// # Errors
    /// A sentence: nothing was learned, or something of what it is to be cannot stand on a card.
    pub fn instrument(&self) -> Result<(Vec<u8>, Card), String> {
        let state = self.shared.state();
        let learned = state.learned.clone().ok_or("Nothing was learned yet.")?;
        let about = state.about.clone();
        drop(state);
        let mut card = learned.card.clone();
        let options = options(&about, learned.times);
        (card.id, card.name, card.author, card.licence) = (options.id, options.name, options.author, options.licence);
        card.check().map_err(|why| format!("It cannot be called so: {why}."))?;
        Ok((learned.trained.to_onnx(&card), card))
    }

    /// Writes the instrument into the folder `instruments`, under a name that no other file there has: where it is, and the instrument.
    ///
    /// # Errors
    /// A sentence.
    pub fn save(&self, instruments: &Path) -> Result<(PathBuf, Arc<Model>), String> {
        let (bytes, card) = self.instrument()?;
        let model = crate::judged::from_bytes(&bytes).map_err(|error| capital(&format!("{error}.")))?;
        let name = |n: u32| instruments.join(if n == 1 { format!("{}.onnx", card.id) } else { format!("{}-{n}.onnx", card.id) });
        let path = (1..10_000).map(name).find(|path| !path.exists()).ok_or("There are too many instruments of that name.")?;
        files::write(&path, &bytes)?;
        let mut state = self.shared.state();
        state.saved = Some(path.clone());
        Ok((path, model))
    }

    /// Plays `samples` at [`ANALYSIS_RATE_HZ`] to the output, from `from` seconds on, or nothing; how far that is.
    pub fn listen(&self, samples: Option<&[f32]>, from_s: f32) -> Option<Arc<crate::tape::Along>> {
        let rate_hz = self.shared.shown.sample_rate_hz.get();
        let clip = samples.filter(|_| rate_hz >= 1.0).map(|samples| {
            let audio = Audio::from_mono(ANALYSIS_RATE_HZ, samples.to_vec()).resampled(rate_hz as u32);
            let samples: Vec<f32> = audio.channels.into_iter().next().unwrap_or_default();
            Clip::new(samples.into(), (from_s * rate_hz) as usize, crate::tape::Side::Output, rate_hz)
        });
        let along = clip.as_ref().map(Clip::along);
        self.shared.library.play_clip(clip);
        self.shared.shown.wake();
        along
    }
}

impl Drop for Learning {
    fn drop(&mut self) {
        self.shared.state().ended = true;
        self.record(false);
        let state = self.shared.state();
        if let Some(workers) = &state.workers {
            workers.cancel();
        }
        drop(state);
        if let Some(teacher) = self.shared.teacher.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = teacher.join();
        }
    }
}

/// How an instrument is trained that is to be such.
pub fn options(about: &About, times: usize) -> TrainOptions {
    let name = about.name.trim();
    let name = if name.is_empty() { NAMELESS } else { name };
    TrainOptions {
        family: about.family.clone(),
        author: about.author.trim().into(),
        licence: about.licence.trim().into(),
        steps: times * about.steps,
        ..TrainOptions::new(&id_of(name), name)
    }
}

/// A sentence with its first letter large.
pub fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let end = if sentence.ends_with('.') { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// The slot that versions are played in.
pub const SLOT: Slot = Slot::B;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_it_is_called_it_can_be_trained() {
        for name in ["My violin", "  Größe Nº 3! ", "漢字", "", " "] {
            let about = About { name: name.into(), ..About::default() };
            assert!(options(&about, 1).check().is_ok(), "{name:?}");
        }
        assert_eq!(options(&About::default(), 2).id, "my-instrument");
        assert_eq!(options(&About::default(), 2).steps, 2 * TrainOptions::new("", "").steps);
    }

    #[test]
    fn sentences_begin_large_and_end_with_a_stop() {
        assert_eq!(capital("a is b"), "A is b.");
        assert_eq!(capital("a is b."), "A is b.");
    }
}
