//! Opens the sound card, watches it, opens it anew after it has vanished, and saves the session. Its own thread.

use crate::{
    Failure,
    audio::{self, Instance, Stream},
    config::Config,
    options::Wanted,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use syrinx_plugin::{monitor::Shown, params::SyrinxParams, state};

const LOOK: Duration = Duration::from_millis(100);
/// Between two tries to open a sound card that is not there.
const RETRY: Duration = Duration::from_secs(1);
/// A stream that has not played for so long plays no more.
const STALLED: Duration = Duration::from_secs(3);
const SAVE: Duration = Duration::from_secs(2);

/// The supervisor and all it holds.
pub struct Supervisor {
    pub wanted: Wanted,
    pub instance: Instance,
    pub config: Config,
    /// Set when the program ends.
    pub stop: Arc<AtomicBool>,
    /// Whether a sound card that is missing from the start is waited for, because there is a window to say so in.
    pub patient: bool,
    /// The last message that the terminal has.
    pub told: Option<String>,
}

/// How a stream ended.
enum End {
    Stopped,
    Lost(String),
}

impl Supervisor {
    /// Plays until the program ends.
    ///
    /// # Errors
    /// Where a sound card is missing from the start, or the session cannot be saved at the end.
    pub fn run(mut self) -> Result<(), Failure> {
        let (params, shown) = (self.instance.owner.params().clone(), self.instance.owner.shown().clone());
        let mut played = false;
        let mut said = String::new();
        while !self.stopped() {
            self.tell(&params, &shown);
            match audio::open(&self.wanted, &self.instance) {
                Ok(stream) => {
                    if let Err(why) = self.config.remember(&self.wanted) {
                        eprintln!("syrinx: {why}");
                    }
                    if params.notices().message().is_some_and(|message| message == said) {
                        params.notices().hush();
                    }
                    played = true;
                    match self.watch(stream, &params, &shown) {
                        End::Stopped => break,
                        End::Lost(why) => {
                            said = format!("The sound stopped: {why}. It goes on as soon as it can.");
                            params.notices().say(said.clone());
                        }
                    }
                }
                Err(why) if !played && !self.patient => {
                    self.stop.store(true, Ordering::Relaxed);
                    return Err(why);
                }
                Err(why) => {
                    let waiting = format!("{why} Waiting for it.");
                    if !played && waiting != said {
                        said = waiting;
                        params.notices().say(said.clone());
                    }
                    self.tell(&params, &shown);
                    self.save(&params);
                    let until = Instant::now() + RETRY;
                    while !self.stopped() && Instant::now() < until {
                        thread::sleep(LOOK);
                    }
                }
            }
        }
        self.config.save_session(state::to_json(&params))
    }

    /// What the window says is said on the terminal too.
    fn tell(&mut self, params: &SyrinxParams, shown: &Shown) {
        let message = params.notices().message();
        if message != self.told {
            if let Some(message) = &message {
                eprintln!("syrinx: {message}");
            }
            self.told = message;
            shown.redraw();
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The window may have chosen other MIDI inputs.
    fn remember_midi(&mut self, shown: &Shown) {
        let heard = shown.midi_inputs.heard();
        if heard != self.wanted.midi {
            self.wanted.midi = heard;
            if let Err(why) = self.config.remember(&self.wanted) {
                eprintln!("syrinx: the MIDI inputs are not remembered: {why}");
            }
        }
    }

    fn save(&mut self, params: &SyrinxParams) {
        if let Err(why) = self.config.save_session(state::to_json(params)) {
            eprintln!("syrinx: the session is not saved: {why}");
        }
    }

    fn watch(&mut self, stream: Stream, params: &SyrinxParams, shown: &Shown) -> End {
        let mut told = None;
        let (mut blocks, mut moved, mut saved) = (0, Instant::now(), Instant::now());
        let end = loop {
            if self.stopped() {
                break End::Stopped;
            }
            if let Some(why) = stream.health.trouble() {
                break End::Lost(why);
            }
            if stream.health.blocks() != blocks {
                (blocks, moved) = (stream.health.blocks(), Instant::now());
            } else if moved.elapsed() > STALLED {
                break End::Lost("nothing is played any more".into());
            }
            let card = stream.running.card_latency_samples();
            let (card_samples, dropouts) = (card.map_or(0.0, |samples| samples as f32), stream.health.dropouts() as f32);
            if (shown.card_samples.get(), shown.dropouts.get()) != (card_samples, dropouts) {
                shown.card_samples.set(card_samples);
                shown.dropouts.set(dropouts);
                shown.redraw();
            }
            // Once blocks run, for only then do cards know how late they are.
            let now = (shown.latency_samples.get() as usize, card.is_some());
            if blocks > 0 && told != Some(now) {
                told = Some(now);
                eprintln!("syrinx: {}", describe(&stream, now.0, card));
            }
            if saved.elapsed() > SAVE {
                saved = Instant::now();
                self.save(params);
                self.remember_midi(shown);
            }
            self.tell(params, shown);
            // Instruments that have faded are freed here, whoever replaced them.
            params.library().free_returned();
            thread::sleep(LOOK);
        };
        if stream.health.dropouts() > 0 {
            eprintln!("syrinx: {} gaps in the sound (a larger --buffer helps)", stream.health.dropouts());
        }
        end
    }
}

/// The stream and its round trip, in words.
fn describe(stream: &Stream, syrinx: usize, card: Option<usize>) -> String {
    let ms = |samples: usize| 1e3 * samples as f64 / f64::from(stream.sample_rate_hz);
    let trip = card.map_or_else(
        || format!("Syrinx's delay {:.1} ms", ms(syrinx)),
        |card| format!("round trip {:.1} ms ({:.1} Syrinx, {:.1} sound card)", ms(syrinx + card), ms(syrinx), ms(card)),
    );
    format!("plays through {}; {} Hz, blocks of {}, {trip}", stream.description, stream.sample_rate_hz, stream.buffer)
}
