//! The thread that listens to recordings and trains: there is one while there is something to do, and of all in a process one works at a time. It gives way to whatever
//! else the machine has to do.

use super::{Learned, SLOT, Shared, Stage, options, priority::give_way};
use crate::hosted::guard;
use std::{
    sync::{Arc, Mutex, MutexGuard, TryLockError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use syrinx_analysis::{Surveyed, Verdict, Workers, source_of, survey_file};
use syrinx_engine::Model;
use syrinx_trainer::{Job, JobError, JobProgress, Stage as At, Twins};

/// Whoever has it works.
static TURN: Mutex<()> = Mutex::new(());
/// How often one looks whether it is its turn.
const LOOKS: Duration = Duration::from_millis(50);
/// Steps after which the time left is known.
const LEAST_DONE: f32 = 0.02;

/// Begins a teacher, unless there is one or nothing for it to do.
pub fn begin(shared: &Arc<Shared>) -> Option<JoinHandle<()>> {
    let mut state = shared.state();
    if state.teaches || state.ended || (state.unheard.is_empty() && state.wanted.is_none()) {
        return None;
    }
    state.teaches = true;
    drop(state);
    let with = shared.clone();
    let run = move || {
        give_way();
        if !guard(false, || {
            run(&with);
            true
        }) {
            let mut state = with.state();
            (state.teaches, state.stage, state.wanted) = (false, Stage::Idle, None);
            state.trouble = Some("Something in the training went wrong that should not. What was recorded is kept.".into());
        }
        with.shown.redraw();
    };
    let thread = thread::Builder::new().name("syrinx teacher".into()).spawn(run).ok();
    if thread.is_none() {
        shared.state().teaches = false;
        shared.say("This system has no thread left to learn with.");
    }
    thread
}

/// What is to be done next.
enum Next {
    Listen(Vec<std::path::PathBuf>),
    Train(usize),
}

fn run(shared: &Shared) {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let (mut heard, mut of) = (0, 0);
    loop {
        let workers = Arc::new(Workers::all().that_begin(give_way));
        let next = {
            let mut state = shared.state();
            state.workers = Some(workers.clone());
            if !state.ended && !state.unheard.is_empty() {
                of = of.max(heard + state.unheard.len());
                Next::Listen(state.unheard.iter().take(threads).cloned().collect())
            } else if !state.ended
                && let Some(times) = state.wanted.take()
            {
                Next::Train(times)
            } else {
                // Whatever comes from here on is another teacher's.
                (state.teaches, state.stage) = (false, Stage::Idle);
                return;
            }
        };
        let Some(_turn) = turn(shared, &workers) else { continue };
        match next {
            Next::Listen(paths) => {
                put(shared, Stage::Checking(heard, of));
                let surveyed = workers.map(&paths, |_| (), |path| survey_file(path, &source_of(path)));
                if let Ok(surveyed) = surveyed {
                    heard += paths.len();
                    take(shared, paths, surveyed);
                }
            }
            Next::Train(times) => {
                if let Err(why) = train(shared, &workers, times) {
                    let mut state = shared.state();
                    state.trouble = match why {
                        JobError::Cancelled(_) | JobError::Train(syrinx_trainer::TrainError::Cancelled(_)) => None,
                        why => Some(super::capital(&why.to_string())),
                    };
                }
            }
        }
        shared.shown.redraw();
    }
}

/// Waits until no other instance works; None where there is nothing to do any more.
fn turn(shared: &Shared, workers: &Workers) -> Option<MutexGuard<'static, ()>> {
    loop {
        match TURN.try_lock() {
            Ok(turn) => return Some(turn),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => {
                workers.check().ok()?;
                put(shared, Stage::Waiting);
                thread::sleep(LOOKS);
            }
        }
    }
}

fn put(shared: &Shared, stage: Stage) {
    let mut state = shared.state();
    if state.stage != stage {
        state.stage = stage;
        drop(state);
        shared.shown.redraw();
    }
}

/// Takes what was heard in files, unless they were left out meanwhile.
fn take(shared: &Shared, paths: Vec<std::path::PathBuf>, surveyed: Vec<Surveyed>) {
    let mut state = shared.state();
    for (path, surveyed) in paths.into_iter().zip(surveyed) {
        let Some(at) = state.unheard.iter().position(|unheard| *unheard == path) else { continue };
        state.unheard.remove(at);
        if let Ok((take, report)) = &surveyed
            && report.verdict == Verdict::Usable
        {
            Arc::make_mut(&mut state.coverage).take(take);
        }
        Arc::make_mut(&mut state.recordings).add(path, surveyed);
    }
    state.report = Some(Arc::new(state.recordings.report.clone()));
}

/// Trains and scores.
fn train(shared: &Shared, workers: &Workers, times: usize) -> Result<(), JobError> {
    let (recordings, about) = {
        let mut state = shared.state();
        state.versions = 0;
        (state.recordings.clone(), state.about.clone())
    };
    let options = options(&about, times);
    options.check()?;
    recordings.report.verdict()?;
    let begun = Instant::now();
    let tell = |progress: JobProgress| {
        let share = progress.done as f32 / progress.total.max(1) as f32;
        put(
            shared,
            match progress.stage {
                At::Scoring => Stage::Scoring(share),
                _ => {
                    let left = (share > LEAST_DONE).then(|| begun.elapsed().mul_f32((1.0 - share) / share));
                    Stage::Training(share, left.map(|left| Duration::from_secs(left.as_secs())))
                }
            },
        );
    };
    put(shared, Stage::Training(0.0, None));
    let early = |bytes: Vec<u8>| {
        if let Ok(model) = Model::read(&bytes) {
            show(shared, model);
        }
    };
    let job = Job { workers, tell: &tell, early: Some(&early) };
    let trained = job.train(&recordings, &options, Twins::All)?;
    show(shared, Model::read(&trained.to_onnx(&trained.card))?);
    let held_out = job.score(&recordings, &trained, &options)?;
    let mut card = trained.card.clone();
    card.scores.extend(held_out.named());
    let learned = Learned { trained, card, held_out, times };
    shared.state().learned = Some(Arc::new(learned));
    Ok(())
}

/// Another version of the instrument can be played; where the one before plays, it takes its place.
fn show(shared: &Shared, model: Arc<Model>) {
    let mut state = shared.state();
    let before = state.version.replace(model.clone());
    let plays = shared.library.own(SLOT).is_some_and(|own| before.is_some_and(|before| own.hash() == before.hash()));
    state.versions += 1;
    state.is_new |= state.versions == 1;
    drop(state);
    if plays {
        shared.library.put(SLOT, model);
    }
    shared.shown.redraw();
}
