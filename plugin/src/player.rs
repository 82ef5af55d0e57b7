//! One instance of Syrinx behind whatever face: the engine, what the player set and what is shown. The plugin and the standalone drive it
//! alike. It lives on the audio thread while sound runs, and on the main thread before and after.

use crate::{
    captured::Capture,
    changes::{Change, Changes, MOST_CHANGES, MOST_MESSAGES, What},
    library::{Library, Stage},
    monitor::{Ends, InputNote, MOST_SAID, Shown},
    params::{SharedValues, SyrinxParams},
    playing::{GoesOn, Playing},
    sent::Sent,
    source::{Source, Values},
    tape::Side,
};
use std::{cell::Cell, marker::PhantomData, ptr, sync::Arc, time::Instant};
use syrinx_engine::{Block, EngineError, Event, EventKind, KeyParamId, Message, NoteOutput, PARAMS, ParamId, Sides};

/// Most channels, in and out.
const CHANNELS: usize = 2;
/// Samples of a block that are copied aside at a time: hosts give one buffer for in and out.
const STEP: usize = 256;

/// A host's buffers for one block: the first channels in and out. Any of them may be missing, and any two may be the same memory, for what comes in
/// is copied aside before anything goes out.
pub struct Buffers<'a> {
    inputs: [*const f32; CHANNELS],
    input_count: usize,
    outputs: [*mut f32; CHANNELS],
    output_count: usize,
    len: usize,
    memory: PhantomData<&'a mut [f32]>,
}

impl<'a> Buffers<'a> {
    /// The first channels of `inputs` and `outputs`; a null pointer in is silence, one out is left alone.
    ///
    /// # Safety
    /// What is not null is good for `len` samples as long as `'a`: for reading in `inputs`, for writing in `outputs`.
    pub unsafe fn new(inputs: &[*mut f32], outputs: &[*mut f32], len: usize) -> Self {
        let first = |of: &[*mut f32], at: usize| of.get(at).copied().unwrap_or(ptr::null_mut());
        Self {
            inputs: std::array::from_fn(|at| first(inputs, at).cast_const()),
            input_count: inputs.len().min(CHANNELS),
            outputs: std::array::from_fn(|at| first(outputs, at)),
            output_count: outputs.len().min(CHANNELS),
            len,
            memory: PhantomData,
        }
    }

    /// Channels of the first of those out that [`Player::play`] writes to.
    pub fn written(&self) -> usize {
        self.output_count
    }

    /// Channels that hold the voice and get the sound; the shortest decides how long the block is.
    pub fn in_place(channels: &'a mut [&mut [f32]]) -> Self {
        let len = channels.iter().map(|channel| channel.len()).min().unwrap_or(0);
        let mut pointers = [ptr::null_mut(); CHANNELS];
        pointers.iter_mut().zip(&mut *channels).for_each(|(pointer, channel)| *pointer = channel.as_mut_ptr());
        let pointers = &pointers[..channels.len().min(CHANNELS)];
        // SAFETY: the slices are as long, and borrowed as long as the value lives.
        unsafe { Self::new(pointers, pointers, len) }
    }
}

/// What a host is to be told after a block.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct News {
    /// The delay, samples, where it is no longer the one told before.
    pub latency: Option<usize>,
    /// The same of the tail.
    pub tail: Option<usize>,
    /// What will be heard where nothing comes in any more.
    pub goes_on: GoesOn,
}

/// What the main thread, the window and sessions have of an instance: there is no way from it to the player.
#[derive(Clone)]
pub struct Owner {
    params: Arc<SyrinxParams>,
    shown: Arc<Shown>,
}

/// What hosts know of the times of an engine, samples.
#[derive(Clone, Copy, Default, PartialEq)]
struct Told {
    latency: usize,
    tail: usize,
}

impl Told {
    fn of(engine: &Playing) -> Self {
        Self { latency: engine.latency_samples(), tail: engine.tail_samples() }
    }
}

/// What the audio thread has of an instance, and all that it has: values in atomics, the ends of rings, and what is its own. No lock is among them, so
/// nothing that a window or a session does can make it wait.
///
/// It can go from thread to thread, as hosts have it, but is one thread's at a time:
///
/// ```
/// let (owner, mut player) = syrinx_plugin::player::Player::new();
/// owner.activate(&mut player, 48_000.0, 1, 1)?;
/// std::thread::spawn(move || player.process(&mut [&mut [0.0; 64]]).is_ok()).join().unwrap();
/// # Ok::<(), syrinx_engine::EngineError>(())
/// ```
///
/// What it has cannot be reached from another thread by mistake, nor can the owner lead to it:
///
/// ```compile_fail,E0277
/// let (owner, player) = syrinx_plugin::player::Player::new();
/// std::thread::scope(|scope| scope.spawn(|| player.latency_samples()).join().unwrap());
/// ```
pub struct Player {
    controls: Arc<SharedValues>,
    shown: Arc<Shown>,
    /// Its ends of the rings from and to the window.
    ends: Ends,
    /// The audio thread's end of the library.
    stage: Stage,
    /// None until it is activated at a rate that Syrinx plays at.
    engine: Option<Playing>,
    input_channels: usize,
    told: Told,
    /// What is in force; not always what is set, see [`SharedValues::whole`].
    values: Values,
    /// The version of the weights that the engine has.
    weights_seen: u32,
    /// The changes of a block as the engine takes them.
    events: Vec<Event>,
    /// The notes of the voice in the last block.
    sent: Sent,
    capture: Capture,
    /// Nobody understands notes but those of MIDI.
    midi_only: bool,
    /// One thread at a time: no reference to it goes to another.
    alone: PhantomData<Cell<()>>,
}

impl Owner {
    /// Its parameters.
    pub fn params(&self) -> &Arc<SyrinxParams> {
        &self.params
    }

    /// What it shows.
    pub fn shown(&self) -> &Arc<Shown> {
        &self.shown
    }

    /// Gets its player ready to play a stream of this rate and as many channels, from its beginning. The delay, in samples. Main thread, while nothing is
    /// processed: the library is read, and instruments are made.
    ///
    /// # Errors
    /// At a rate that Syrinx does not play at; the player reads why in the window too.
    pub fn activate(
        &self,
        player: &mut Player,
        sample_rate_hz: f64,
        inputs: usize,
        outputs: usize,
    ) -> Result<usize, EngineError> {
        debug_assert!(Arc::ptr_eq(&self.shown, &player.shown), "another's player");
        player.activate(&self.params, sample_rate_hz, inputs, outputs)
    }
}

impl Player {
    /// A new instance that is played from a voice, not activated yet: what the main thread has, and what the audio thread has.
    pub fn new() -> (Owner, Self) {
        Self::of(Source::Voice)
    }

    /// The same, played from `source`.
    pub fn of(source: Source) -> (Owner, Self) {
        let (library, stage) = Library::of(source);
        let (shown, ends) = Shown::new();
        let owner = Owner { params: Arc::new(SyrinxParams::new(Arc::new(library))), shown: Arc::new(shown) };
        let player = Self {
            controls: owner.params.controls().clone(),
            shown: owner.shown.clone(),
            ends,
            stage,
            engine: None,
            input_channels: 0,
            told: Told::default(),
            values: Values::default(),
            weights_seen: 0,
            events: Vec::with_capacity(MOST_CHANGES + MOST_MESSAGES + MOST_SAID),
            sent: Sent::new(),
            capture: Capture::default(),
            midi_only: false,
            alone: PhantomData,
        };
        (owner, player)
    }

    /// Plays a block in place: the first channels hold the voice, all get the sound. Audio thread; never allocates, frees, locks or waits.
    ///
    /// # Errors
    /// Before [`Owner::activate`] has succeeded; the block stays as it was.
    pub fn process(&mut self, channels: &mut [&mut [f32]]) -> Result<News, NotActivated> {
        self.play(&Buffers::in_place(channels), &Changes::none())
    }

    /// Plays a block with sorted changes inside of it, each heard from its very sample on. Audio thread; never allocates, frees, locks or waits.
    ///
    /// # Errors
    /// Before [`Owner::activate`] has succeeded; the changes are taken, the buffers stay as they were.
    pub fn play(&mut self, buffers: &Buffers<'_>, changes: &Changes) -> Result<News, NotActivated> {
        // A voice that dies away leaves numbers in filters that are hundreds of times slower to compute with.
        // SAFETY: what is computed inside does not depend on denormals, and the processor's state is as before afterwards.
        unsafe { no_denormals::no_denormals(|| self.play_block(buffers, changes)) }
    }

    /// The delay, samples, as it was told last; none before [`Owner::activate`].
    pub fn latency_samples(&self) -> usize {
        self.told.latency
    }

    /// How long it sounds on after the voice, samples, as it was told last.
    pub fn tail_samples(&self) -> usize {
        self.told.tail
    }

    /// The notes of the voice in the last block, in order, each at its sample: for whoever is to play them.
    pub fn sent(&self) -> &[Event] {
        self.sent.events()
    }

    /// Sends notes as MIDI alone can tell them.
    pub fn set_midi_only(&mut self) {
        self.midi_only = true;
    }

    /// How they are sent.
    pub fn note_output(&self) -> NoteOutput {
        self.values.settings.note_output
    }

    fn activate(
        &mut self,
        params: &SyrinxParams,
        sample_rate_hz: f64,
        inputs: usize,
        outputs: usize,
    ) -> Result<usize, EngineError> {
        self.input_channels = inputs;
        let same = |engine: &Playing| (engine.rate_hz(), engine.config().channels) == (sample_rate_hz, outputs);
        let new = !self.engine.as_ref().is_some_and(same);
        if new {
            self.engine = None;
            self.sent.orphan();
            let key = self.shown.sung_key.take() as u8;
            if key > 0 {
                self.capture.sung(&self.shown.captured, 0, Message::NoteOff { key }, self.shown.sample_rate_hz.get().into());
            }
            let engine = Playing::new(params.source(), sample_rate_hz, outputs).inspect_err(|error| {
                params
                    .notices()
                    .say(format!("Syrinx cannot play here: {error}. Change it in the host or the sound card's settings."));
            })?;
            self.engine = Some(engine);
        }
        let engine = self.engine.as_mut().expect("set above");
        self.capture.begin(self.shown.sample_rate_hz.get().into());
        self.values = self.controls.values();
        engine.set(&self.values);
        engine.weigh(&self.controls.spectral_weights().get());
        engine.reset();
        // What was struck while nothing played is not heard later.
        while self.ends.said.pop().is_ok() {}
        self.stage.begin(engine, params.library(), new);
        self.told = Told::of(engine);
        self.shown.sample_rate_hz.set(sample_rate_hz as f32);
        self.shown.latency_samples.set(self.told.latency as f32);
        self.shown.late_blocks.reset();
        self.shown.redraw();
        Ok(self.told.latency)
    }

    /// Begins the stream anew. Audio thread.
    pub fn reset(&mut self) {
        if let Some(engine) = &mut self.engine {
            self.values = self.controls.values();
            engine.set(&self.values);
            engine.reset();
            self.told = Told::of(engine);
            self.shown.latency_samples.set(self.told.latency as f32);
            self.shown.late_blocks.reset();
        }
    }

    fn play_block(&mut self, buffers: &Buffers<'_>, changes: &Changes) -> Result<News, NotActivated> {
        // Reading the clock neither waits nor enters the system.
        let begun = Instant::now();
        self.sent.begin();
        let Some(engine) = &mut self.engine else {
            changes.keep(&self.controls);
            return Err(NotActivated);
        };
        // A state that is being put in force right now is taken whole with one of the next blocks, or not yet.
        if self.controls.is_whole() {
            self.stage.exchange(engine);
            if let Some(weights) = self.controls.spectral_weights().news(&mut self.weights_seen) {
                engine.weigh(&weights);
            }
        }
        if let Some(values) = self.controls.whole() {
            self.values = values;
        }
        let output = &mut self.values.settings.note_output;
        if self.midi_only && *output == NoteOutput::Expressions {
            *output = NoteOutput::Mpe;
        }
        engine.set(&self.values);
        let mut changed = false;
        self.events.clear();
        if changes.has_lost() {
            // Some of them may have let keys go.
            engine.silence();
        }
        let said = std::iter::from_fn(|| self.ends.said.pop().ok()).take(MOST_SAID);
        self.events.extend(said.map(|(channel, message)| Event { at: 0, kind: EventKind::Message { channel, message } }));
        for event in changes.events() {
            let kind = match event.what {
                What::Message(channel, message) => EventKind::Message { channel, message },
                What::Param(row, change) => {
                    changed |= self.controls.change(row, change);
                    let value = self.controls.value(row);
                    match ParamId::ALL.get(row) {
                        Some(id) => EventKind::Setting(*id, value),
                        None => EventKind::KeySetting(KeyParamId::ALL[row - PARAMS.len()], value),
                    }
                }
            };
            self.events.push(Event { at: event.at, kind });
        }
        if changed {
            self.shown.redraw();
        }
        let (mut at, mut first) = (0, 0);
        loop {
            let to = (at + STEP).min(buffers.len);
            // What happens behind a step's last sample happens at the next one's first, but at the block's end.
            let later = self.events[first..].iter().position(|event| event.at >= to && to < buffers.len);
            let next = later.map_or(self.events.len(), |later| first + later);
            let events = &mut self.events[first..next];
            events.iter_mut().for_each(|event| event.at -= at);
            let rate_hz = engine.rate_hz();
            step(engine, &mut self.stage, buffers, self.input_channels, events, at, to, &mut |event| match event.kind {
                EventKind::Sung(message) => {
                    match message {
                        Message::NoteOn { key, .. } => self.shown.sung_key.set(key.into()),
                        Message::NoteOff { key } if self.shown.sung_key.get() == f32::from(key) => self.shown.sung_key.set(0.0),
                        _ => {}
                    }
                    self.capture.sung(&self.shown.captured, event.at, message, rate_hz);
                }
                _ => self.sent.push(event),
            });
            first = next;
            // A window that takes none, because there is none, misses those that come when the ring is full.
            engine.frames(|frame| {
                let _ = self.ends.frames.push(frame);
            });
            at = to;
            if at == buffers.len {
                break;
            }
        }
        self.capture.advance(buffers.len);
        self.values = engine.values();
        for (row, value) in changes.leftovers() {
            self.controls.change(row, Change::Value(value));
        }
        if buffers.len > 0 {
            let lasts_s = (buffers.len as f64 / engine.rate_hz()) as f32;
            let monitor = engine.monitor();
            self.shown.set_notes(engine.notes());
            self.shown.set_parts(engine.parts());
            self.shown.input_note.set(match monitor.sides {
                Sides::Mean => InputNote::None,
                Sides::OneSided => InputNote::OneSided,
                Sides::Cancelling => InputNote::Cancelling,
            });
            let spectrum = self.shown.is_watched().then(|| engine.spectrum());
            self.shown.update(&monitor, spectrum.as_ref(), begun.elapsed().as_secs_f32(), lasts_s);
            self.shown.failed_frames.set(engine.failed_frames() as f32);
        }
        // Whoever sleeps hears nothing of what comes from memory.
        let goes_on = if self.stage.is_needed() { GoesOn::Sounds } else { engine.goes_on() };
        let (now, before) = (Told::of(engine), self.told);
        self.told = now;
        let news = |now: usize, before: usize| (now != before).then_some(now);
        let news = News { latency: news(now.latency, before.latency), tail: news(now.tail, before.tail), goes_on };
        if news.latency.is_some() {
            self.shown.latency_samples.set(now.latency as f32);
            self.shown.redraw();
        }
        Ok(news)
    }
}

/// Plays some samples of a block.
#[allow(clippy::too_many_arguments)]
fn step(
    engine: &mut Playing,
    stage: &mut Stage,
    buffers: &Buffers<'_>,
    input_channels: usize,
    events: &[Event],
    from: usize,
    to: usize,
    send: &mut dyn FnMut(Event),
) {
    let len = to - from;
    let (mut input, mut output) = ([[0.0; STEP]; CHANNELS], [[0.0; STEP]; CHANNELS]);
    for (copy, source) in input.iter_mut().zip(buffers.inputs).filter(|(_, source)| !source.is_null()) {
        // SAFETY: the buffer is good for the block's length, and the copy for a step.
        unsafe { ptr::copy_nonoverlapping(source.add(from), copy.as_mut_ptr(), len) };
    }
    let [mut left, mut right] = input;
    let heard = [&left[..len], &right[..len]];
    stage.hear(&heard[..input_channels.min(buffers.input_count)]);
    stage.play_clip(Side::Input, &mut [&mut left[..len], &mut right[..len]]);
    let inputs = input_channels.min(buffers.input_count);
    if inputs == 2 && engine.config().channels == 1 {
        left.iter_mut().zip(right).for_each(|(left, right)| *left = 0.5 * (*left + right));
    }
    let [to_left, to_right] = &mut output;
    let (input, output_slices) = ([&left[..len], &right[..len]], &mut [&mut to_left[..len], &mut to_right[..len]]);
    let block = Block { input: &input[..inputs], output: &mut *output_slices, events };
    engine.play(block, &mut |event| send(Event { at: from + event.at, ..event }));
    stage.play_clip(Side::Output, output_slices);
    for (samples, sink) in output.iter().zip(buffers.outputs).filter(|(_, sink)| !sink.is_null()) {
        // SAFETY: as above, the other way round.
        unsafe { ptr::copy_nonoverlapping(samples.as_ptr(), sink.add(from), len) };
    }
}

/// [`Player::process`] before [`Owner::activate`].
#[derive(Debug)]
pub struct NotActivated;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spectra_are_made_while_a_window_is_open_and_the_rest_always() {
        let (owner, mut player) = Player::new();
        owner.activate(&mut player, 48_000.0, 2, 2).unwrap();
        let mut sing = || {
            let (mut left, mut right) = (vec![0.0; 48_000], vec![0.0; 48_000]);
            let tone = |n: usize| (1..8).map(|k| 0.1 * (0.03 * (k * n) as f32).sin()).sum::<f32>();
            left.iter_mut().zip(&mut right).enumerate().for_each(|(n, (l, r))| (*l, *r) = (tone(n), tone(n)));
            player.process(&mut [&mut left, &mut right]).unwrap();
            (owner.shown().clone(), owner.shown().moment())
        };
        let (shown, unseen) = sing();
        assert!(unseen.voice_hz > 200.0 && unseen.played_db > -40.0);
        assert!(unseen.harmonics.iter().chain(&unseen.noise).all(|level| *level == 0.0));
        let watching = shown.watch();
        assert!(sing().1.harmonics[0] > 0.001);
        drop(watching);
        assert!(!shown.is_watched());
    }

    /// Load and late blocks are of the host's blocks: automation cuts a block into pieces that last next to nothing.
    #[test]
    fn a_block_counts_once_however_many_changes_are_in_it() {
        let (owner, mut player) = Player::new();
        owner.activate(&mut player, 48_000.0, 2, 2).unwrap();
        let mut changes = Changes::default();
        for round in 0..20 {
            changes.begin(4096);
            for at in 0..1000 {
                changes.add(at, 0, Change::Value((at % 7) as f32 / 7.0));
            }
            changes.sort();
            let (mut left, mut right) = (vec![0.1; 4096], vec![0.1; 4096]);
            player.play(&Buffers::in_place(&mut [&mut left, &mut right]), &changes).unwrap();
            assert_eq!(owner.shown().blocks.get(), round + 1);
        }
        assert_eq!(owner.shown().late_blocks.get(), 0, "85 ms are enough for any machine");
        // What comes without sound is no block.
        changes.begin(0);
        changes.add(0, 0, Change::Value(0.5));
        player.play(&Buffers::in_place(&mut []), &changes).unwrap();
        assert_eq!(owner.shown().blocks.get(), 20);
    }
}
