//! What comes in, as files in the learning's folder: a new one after a pause, so that each is heard while the next is played. What is written is good up to the last second,
//! whatever ends the process. Nothing is written while nothing sounds.

use super::Shared;
use crate::tape::{Reel, recording};
use hound::{SampleFormat, WavSpec, WavWriter};
use std::{
    collections::VecDeque,
    fs::File,
    io::BufWriter,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// How often the ring is emptied, and how often what is written is made good.
const LOOKS: Duration = Duration::from_millis(40);
const FLUSH_S: f32 = 1.0;
/// Levels are taken over so long, s.
const WINDOW_S: f32 = 0.02;
/// What is softer than the loudest of late by so much is a pause, and so is what is softer than that, dB of full scale.
const PAUSE_DB: f32 = 45.0;
const SILENT_DB: f32 = -66.0;
/// How fast the loudest is forgotten, dB a second.
const FORGET_DB_S: f32 = 0.5;
/// So much of a pause is written, and of what comes before something sounds, s.
const PAUSE_S: f32 = 1.0;
const BEFORE_S: f32 = 0.1;
/// A file ends with a pause of half a second once it is as long as this, and at last, pause or not, s.
const PIECE_S: f32 = 15.0;
const END_S: f32 = 0.5;
const LONGEST_S: f32 = 90.0;

/// What was recorded since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SoFar {
    /// Seconds written.
    pub seconds: f32,
    /// The highest sample of the last moment, linear.
    pub peak: f32,
    /// Nothing sounds.
    pub silent: bool,
    /// Samples over full scale.
    pub clipped: u32,
    /// Whether anything comes in at all.
    pub runs: bool,
}

/// A recording under way.
pub struct Recorder {
    stop: Arc<AtomicBool>,
    so_far: Arc<Mutex<SoFar>>,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Begins.
    pub(super) fn begin(shared: &Arc<Shared>) -> Self {
        let (stop, so_far) = (Arc::<AtomicBool>::default(), Arc::<Mutex<SoFar>>::default());
        let run = {
            let (shared, stop, so_far) = (shared.clone(), stop.clone(), so_far.clone());
            move || {
                if let Err(why) = run(&shared, &stop, &so_far) {
                    shared.say(why);
                }
                shared.library.record(None);
                shared.shown.redraw();
            }
        };
        let thread = thread::Builder::new().name("syrinx recorder".into()).spawn(run);
        if thread.is_err() {
            shared.say("This system has no thread left to record with.");
        }
        Self { stop, so_far, thread: thread.ok() }
    }

    /// What was recorded.
    pub fn so_far(&self) -> SoFar {
        *self.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it ended by itself, because something is wrong.
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for Recorder {
    /// Ends it; what was recorded is on disk.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Records until it is to stop, stream after stream; the error is a sentence.
fn run(shared: &Arc<Shared>, stop: &AtomicBool, so_far: &Mutex<SoFar>) -> Result<(), String> {
    while !stop.load(Ordering::Relaxed) {
        let rate_hz = shared.shown.sample_rate_hz.get() as u32;
        if rate_hz == 0 {
            thread::sleep(LOOKS);
            continue;
        }
        let (tap, reel) = recording(rate_hz);
        shared.library.record(Some(tap));
        shared.shown.wake();
        let mut stream =
            Stream { shared, rate_hz, reel, so_far, piece: None, window: Window::default(), before: VecDeque::new() };
        while stream.take()? {
            if stop.load(Ordering::Relaxed) || shared.shown.sample_rate_hz.get() as u32 != rate_hz {
                break;
            }
            thread::sleep(LOOKS);
        }
        shared.library.record(None);
        // What the audio thread heard until then.
        thread::sleep(LOOKS);
        stream.take()?;
        stream.complete()?;
    }
    Ok(())
}

/// How loud it is.
struct Window {
    sum: f32,
    samples: f32,
    loudest_db: f32,
    pause_s: f32,
}

impl Default for Window {
    fn default() -> Self {
        Self { sum: 0.0, samples: 0.0, loudest_db: SILENT_DB, pause_s: PAUSE_S }
    }
}

/// A file that is being written.
struct Piece {
    path: PathBuf,
    writer: WavWriter<BufWriter<File>>,
    seconds: f32,
    flushed_s: f32,
}

/// What is recorded at one rate.
struct Stream<'a> {
    shared: &'a Arc<Shared>,
    rate_hz: u32,
    reel: Reel,
    so_far: &'a Mutex<SoFar>,
    piece: Option<Piece>,
    window: Window,
    /// The last moment, while nothing is written.
    before: VecDeque<[f32; 2]>,
}

impl Stream<'_> {
    /// Writes what has come in. Whether more can come.
    fn take(&mut self) -> Result<bool, String> {
        let mut samples = Vec::new();
        let goes_on = self.reel.read(|sample| samples.push(sample));
        if self.reel.lost() > 0 {
            self.complete()?;
            return Err("The disk was too slow for the sound: some of it is missing, and recording has stopped.".into());
        }
        let channels = self.reel.channels().unwrap_or(1);
        let (mut peak, mut clipped, mut written) = (0.0_f32, 0, 0);
        for sample in samples.iter().map(|sample| sample.map(|one| if one.is_finite() { one } else { 0.0 })) {
            let high = sample[0].abs().max(sample[1].abs());
            peak = peak.max(high);
            clipped += u32::from(high > 1.0);
            self.level(sample);
            // A pause is written where it follows something.
            let writes = self.window.pause_s == 0.0 || self.piece.is_some() && self.window.pause_s < PAUSE_S;
            self.before.push_back(sample);
            if writes {
                while let Some(sample) = self.before.pop_front() {
                    self.write(sample, channels)?;
                    written += 1;
                }
            } else if self.before.len() as f32 > BEFORE_S * self.rate_hz as f32 {
                self.before.pop_front();
            }
            if self.is_over() {
                self.complete()?;
            }
        }
        let mut so_far = self.so_far.lock().unwrap_or_else(PoisonError::into_inner);
        so_far.seconds += written as f32 / self.rate_hz as f32;
        so_far.clipped += clipped;
        so_far.peak = peak;
        so_far.runs |= !samples.is_empty();
        so_far.silent = self.window.pause_s >= PAUSE_S;
        drop(so_far);
        if written > 0 {
            self.shared.shown.redraw();
        }
        Ok(goes_on)
    }

    fn level(&mut self, sample: [f32; 2]) {
        let window = &mut self.window;
        window.sum += sample[0].powi(2).max(sample[1].powi(2));
        window.samples += 1.0;
        if window.samples < WINDOW_S * self.rate_hz as f32 {
            return;
        }
        let db = 10.0 * (window.sum / window.samples).max(1e-20).log10();
        window.loudest_db = db.max(window.loudest_db - FORGET_DB_S * WINDOW_S);
        let sounds = db > SILENT_DB && db > window.loudest_db - PAUSE_DB;
        window.pause_s = if sounds { 0.0 } else { window.pause_s + WINDOW_S };
        (window.sum, window.samples) = (0.0, 0.0);
    }

    fn is_over(&self) -> bool {
        self.piece
            .as_ref()
            .is_some_and(|piece| piece.seconds >= LONGEST_S || piece.seconds >= PIECE_S && self.window.pause_s >= END_S)
    }

    fn write(&mut self, sample: [f32; 2], channels: u16) -> Result<(), String> {
        let piece = match &mut self.piece {
            Some(piece) => piece,
            empty => {
                let path = self.shared.folder.next_recording();
                let spec =
                    WavSpec { channels, sample_rate: self.rate_hz, bits_per_sample: 32, sample_format: SampleFormat::Float };
                let writer = WavWriter::create(&path, spec).map_err(|why| trouble(&path, &why))?;
                empty.insert(Piece { path, writer, seconds: 0.0, flushed_s: 0.0 })
            }
        };
        for one in &sample[..usize::from(piece.writer.spec().channels)] {
            piece.writer.write_sample(*one).map_err(|why| trouble(&piece.path, &why))?;
        }
        piece.seconds += 1.0 / self.rate_hz as f32;
        if piece.seconds - piece.flushed_s >= FLUSH_S {
            piece.flushed_s = piece.seconds;
            piece.writer.flush().map_err(|why| trouble(&piece.path, &why))?;
        }
        Ok(())
    }

    /// The file that is being written is complete: the teacher may have it.
    fn complete(&mut self) -> Result<(), String> {
        let Some(piece) = self.piece.take() else { return Ok(()) };
        let ended = piece.writer.finalize().map_err(|why| trouble(&piece.path, &why));
        self.shared.state().unheard.push(piece.path);
        self.shared.teach();
        ended
    }
}

fn trouble(path: &std::path::Path, why: &hound::Error) -> String {
    format!("{} cannot be written: {why}. Recording has stopped; what was recorded before is kept.", path.display())
}
