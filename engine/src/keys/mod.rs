//! Instruments played from notes: keys in, sound out, without delay. Everything here but `new` and dropping is for the audio thread.
//!
//! **The clock of a note.** Its frames begin at its own sample: the first segment glides from silence to what the first frame asks for, and every later one is
//! played when the one before is over. So a note sounds from the sample at which it was struck, and neither the host's blocks nor other notes change what it
//! is. What controllers say counts from the next frame of a note on (4 ms).
//!
//! **Who sounds.** One voice a note, and a few more, in which notes that were taken away fade. Where there are more notes than voices, one that was let go is taken
//! first, and of several the softest.

mod bus;
mod channel;
mod own;
mod performer;
mod stack;
mod tuning;
mod voice;

pub(crate) use channel::Channels;
pub use own::KeyInstrument;
pub(crate) use performer::{hz_of, note_of};
pub(crate) use stack::KeyStack;
pub use tuning::{MOST_BYTES as MOST_TUNING_BYTES, Tuning, TuningError};
pub(crate) use voice::Strike;

use crate::{
    Settings, Sides,
    auto_range::Shift,
    block::{self, Block, Event, EventKind, Expression, Message},
    config::{EngineConfig, EngineError},
    instrument::Slot,
    mapping::SILENT,
    params::{KeyMode, KeySettings, MOST_VOICES},
    spectral_weights::{NOISE_POINTS, SpectralWeights},
    tell::{Monitor, Spectrum},
};
use bus::Bus;
use channel::{CHANNELS, controller};
use own::OwnSlot;
use performer::{Before, Draws, Join};
use std::sync::Arc;
use syrinx_decoder::Model;
use syrinx_synth::MAX_HARMONICS;
use voice::{Start, Voice};

/// Voices in which notes that were taken away fade, besides those that sound.
const FADING: usize = 4;
const VOICES: usize = MOST_VOICES + FADING;
/// Samples that are played at a time.
const STEP: usize = 256;
/// What is cut off falls to silence with this time constant, s: nobody needs it who plays fewer than a thousand notes a second.
const CUT_S: f32 = 0.001;
/// Less than this (-140 dB) is silence.
const CUT_OFF: f32 = 1e-7;

/// Keys that are struck within this time are a chord, s.
const CHORD_S: f32 = 0.03;
/// A note that was let go this long ago, s, is one that bow and breath go on from.
const LEADS_ON_S: f32 = 0.06;
/// What is before the first note.
const FIRST: Before = Before { gap_s: f32::INFINITY, joined: false };
/// It has been quiet for so long that rooms have died away, too: nothing is computed until a note begins.
const ASLEEP: usize = usize::MAX;

/// A note that sounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoundingNote {
    /// Its channel, 0 to 15.
    pub channel: u8,
    /// Its key, 0 to 127.
    pub key: u8,
    /// Whether a key or a pedal holds it.
    pub held: bool,
    /// Its pitch as it is played, Hz.
    pub f0_hz: f32,
    /// Its loudness as it is played, dB.
    pub loudness_db: f32,
}

/// Notes in, instrument out.
///
/// ```
/// use syrinx_engine::{Block, EngineConfig, Event, EventKind, Keys, Message};
///
/// let mut keys = Keys::new(EngineConfig { channels: 2, ..EngineConfig::default() }, syrinx_models::factory())?;
/// let (mut left, mut right) = ([0.0; 4800], [0.0; 4800]);
/// let a4 = Message::NoteOn { key: 69, velocity: 0.8 };
/// let events = [Event { at: 480, kind: EventKind::Message { channel: 0, message: a4 } }];
/// keys.play(Block { input: &[], output: &mut [&mut left, &mut right], events: &events });
/// assert!(left[..480].iter().all(|x| *x == 0.0) && left[480..960].iter().any(|x| *x != 0.0));
/// # Ok::<(), syrinx_engine::EngineError>(())
/// ```
pub struct Keys {
    config: EngineConfig,
    settings: Settings,
    keys: KeySettings,
    tuning: Box<Tuning>,
    channels: Channels,
    voices: Vec<Voice>,
    /// Instruments of the player's own, in A and B.
    own: [OwnSlot; 2],
    stack: KeyStack,
    draws: Draws,
    bus: Bus,
    /// All notes, before their way out; and both sides behind it.
    sum: Vec<f32>,
    sides: [Vec<f32>; 2],
    /// When the last note or chord began, sample of the stream, and what was before it.
    stroke_at: Option<u64>,
    before: Before,
    /// Number of the next note, and the pitch of the last.
    order: u64,
    last_note: Option<f32>,
    /// What was cut off, falling to silence.
    cut: f32,
    cut_falls: f32,
    /// Samples of the stream, and how many of them nothing has sounded, as it is looked at every [`STEP`] of them.
    position: u64,
    quiet: usize,
}

impl Keys {
    /// Sets up an instrument that can be every one of `palette`, each with the number that calls it up. Allocates and takes milliseconds; not for the audio
    /// thread.
    ///
    /// # Errors
    /// When the configuration is out of range.
    pub fn new(config: EngineConfig, palette: &[(u8, Arc<Model>)]) -> Result<Self, EngineError> {
        config.check()?;
        let EngineConfig { sample_rate_hz, seed, .. } = config;
        // What is drawn in one voice is drawn in no other.
        let voice = |n: usize| Voice::new(sample_rate_hz, seed.wrapping_add((n as u64 + 1) << 32), palette);
        let mut new = Self {
            config,
            settings: Settings::default(),
            keys: KeySettings::default(),
            tuning: Box::default(),
            channels: Channels::RESET,
            voices: (0..VOICES).map(voice).collect(),
            own: Default::default(),
            stack: KeyStack::default(),
            draws: Draws::new(seed),
            bus: Bus::new(sample_rate_hz, STEP),
            sum: vec![0.0; STEP],
            sides: [vec![0.0; STEP], vec![0.0; STEP]],
            stroke_at: None,
            before: FIRST,
            order: 0,
            last_note: None,
            cut: 0.0,
            cut_falls: (-1.0 / (CUT_S * sample_rate_hz as f32)).exp(),
            position: 0,
            quiet: ASLEEP,
        };
        new.reset();
        Ok(new)
    }

    /// How it was set up.
    pub fn config(&self) -> EngineConfig {
        self.config
    }

    /// What is set.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// How keys are played.
    pub fn key_settings(&self) -> KeySettings {
        self.keys
    }

    /// Takes new settings, from the next sample on. Those of the voice, its latency and its mix mean nothing here; *Vibrato* is how much of the recorded
    /// players' there is.
    pub fn set(&mut self, settings: &Settings) {
        if *settings == self.settings {
            return;
        }
        let was_bypassed = std::mem::replace(&mut self.settings, settings.sanitised()).bypass;
        if self.settings.bypass && !was_bypassed {
            // Nothing is to be found hanging when it is taken back.
            self.end_all(None);
        }
        self.set_bus();
    }

    /// Weighs single harmonics and the noise, from the next frames of notes on.
    pub fn weigh(&mut self, weights: &SpectralWeights) {
        self.voices.iter_mut().for_each(|voice| voice.part_mut().weigh(weights));
    }

    fn set_bus(&mut self) {
        let room = self.voices[0].part().room_of(&self.settings);
        self.bus.set(&self.settings, room);
    }

    /// Takes how keys are played from now on; notes that no longer have a voice fade.
    pub fn set_keys(&mut self, keys: &KeySettings) {
        let keys = keys.sanitised();
        if keys == self.keys {
            return;
        }
        let changes = keys.key_mode != self.keys.key_mode;
        self.keys = keys;
        if changes {
            self.end_all(None);
        }
        self.make_room(self.limit());
    }

    /// Takes the pitches of keys that are struck from now on; those before, for some other thread to drop.
    pub fn set_tuning(&mut self, tuning: Box<Tuning>) -> Box<Tuning> {
        std::mem::replace(&mut self.tuning, tuning)
    }

    /// Forgets all notes and what controllers said, not the settings: the next sample is the first. Same events, same output, every time.
    pub fn reset(&mut self) {
        let settings = self.settings;
        self.voices.iter_mut().for_each(|voice| voice.reset(&settings));
        self.channels = Channels::RESET;
        self.stack = KeyStack::default();
        self.draws.reset();
        self.set_bus();
        self.bus.reset();
        (self.order, self.last_note, self.cut) = (0, None, 0.0);
        (self.stroke_at, self.before) = (None, FIRST);
        (self.position, self.quiet) = (0, ASLEEP);
    }

    /// Lets all keys and pedals go.
    pub fn silence(&mut self) {
        self.channels = Channels::RESET;
        self.end_all(None);
    }

    /// Plays a block: its `input` is not heard, and each of its events counts from its very sample on. Never allocates, locks or waits.
    pub fn play(&mut self, block: Block<'_, '_>) {
        let Block { output, events, .. } = block;
        let len = block::len(output);
        block::walk(self, events, len, |keys, from, to| keys.run(output, from, to), Self::take);
    }

    /// Puts an instrument of the player's own, or none, into `slot`, where the number [`OWN_INSTRUMENT`](crate::OWN_INSTRUMENT) calls it up. The one before fades
    /// out, in notes that sound, and is then to be had from [`retired`](Self::retired). Never allocates or frees.
    ///
    /// # Errors
    /// Gives the instrument back while the last one replaced still fades.
    pub fn install(&mut self, slot: Slot, own: Option<Box<KeyInstrument>>) -> Result<(), Option<Box<KeyInstrument>>> {
        self.own[slot as usize].install(slot, own, &mut self.voices)?;
        self.set_bus();
        Ok(())
    }

    /// An instrument that has been replaced and is silent, for some other thread to drop.
    pub fn retired(&mut self) -> Option<Box<KeyInstrument>> {
        Slot::BOTH.into_iter().find_map(|slot| self.own[slot as usize].retired(slot, &mut self.voices))
    }

    /// Whether nothing sounds, and nothing will without a new note, but for the room and the reverb.
    pub fn is_idle(&self) -> bool {
        self.voices.iter().all(Voice::is_free)
    }

    /// Whether nothing is heard until a new note, not even of rooms.
    pub fn is_silent(&self) -> bool {
        self.quiet == ASLEEP
    }

    /// How many notes sound, those that fade not counted.
    pub fn sounding(&self) -> usize {
        self.voices.iter().filter(|voice| voice.struck().is_some()).count()
    }

    /// The notes that sound, those that fade not among them.
    pub fn notes(&self) -> impl Iterator<Item = SoundingNote> {
        self.voices.iter().filter_map(|voice| {
            let (struck, played) = (voice.struck()?, voice.played());
            Some(SoundingNote {
                channel: struck.channel as u8,
                key: struck.key,
                held: voice.is_held(),
                f0_hz: played.f0_hz,
                loudness_db: played.loudness_db,
            })
        })
    }

    /// The note that was struck last, of those that sound.
    fn latest(&self) -> Option<&Voice> {
        self.voices.iter().filter(|voice| voice.struck().is_some()).max_by_key(|voice| voice.order())
    }

    /// What a window shows: of the notes, the one that was struck last; the peak of the output since the last call.
    pub fn monitor(&mut self) -> Monitor {
        let played = self.latest().map_or(SILENT, Voice::played);
        let output_peak = self.bus.take_peak();
        Monitor { voice: SILENT, played, fitted: Shift::NONE, input_peak: 0.0, output_peak, sides: Sides::Mean }
    }

    /// The harmonics and the noise of the note that was struck last.
    pub fn spectrum(&self) -> Spectrum {
        let silence = Spectrum { harmonics: [0.0; MAX_HARMONICS], noise: [0.0; NOISE_POINTS] };
        self.latest().map_or(silence, |voice| voice.part().spectrum())
    }

    /// None: a note sounds from its own sample on.
    pub const fn latency_samples(&self) -> usize {
        0
    }

    /// Samples for which room and reverb sound on after the last note.
    pub fn tail_samples(&self) -> usize {
        let room_s = self.voices[0].part().tail_s(&self.settings);
        self.bus.tail_samples(&self.settings).max((room_s * self.config.sample_rate_hz as f32).ceil() as usize)
    }

    /// Frames that a network failed to answer with numbers; they were silent.
    pub fn failed_frames(&self) -> u64 {
        self.voices.iter().map(|voice| voice.part().failed_frames()).sum()
    }

    pub(crate) fn take(&mut self, events: &[Event]) {
        for event in events {
            match event.kind {
                EventKind::Setting(param, value) => {
                    let mut settings = self.settings;
                    settings.put(param, value);
                    self.set(&settings);
                }
                EventKind::KeySetting(param, value) => {
                    let mut keys = self.keys;
                    keys.put(param, value);
                    self.set_keys(&keys);
                }
                EventKind::Message { channel, message } => self.hear(usize::from(channel).min(CHANNELS - 1), message),
                EventKind::Sung(_) => {}
            }
        }
    }

    fn hear(&mut self, channel: usize, message: Message) {
        match message {
            // A velocity that is no number lets go, too.
            Message::NoteOn { velocity, .. } if velocity > 0.0 && self.settings.bypass => {}
            Message::NoteOn { key, velocity } if velocity > 0.0 => {
                let velocity = self.channels.dynamics(channel, 0.0, &self.keys).unwrap_or(velocity);
                self.strike(Strike { channel, key: key.min(127), velocity });
            }
            Message::NoteOn { key, .. } | Message::NoteOff { key } => self.let_go(channel, key.min(127)),
            Message::Bend(bend) => self.channels.each[channel].bend(bend),
            Message::Pressure(pressure) => self.channels.each[channel].press(pressure),
            Message::KeyPressure { key, pressure } => {
                self.of_key(channel, Some(key)).for_each(|voice| voice.express(Expression::Pressure, pressure));
            }
            Message::Express { key, expression, value } => {
                self.of_key(channel, key).for_each(|voice| voice.express(expression, value));
            }
            Message::Choke(key) => {
                self.stack.remove(channel, key);
                self.of_key(channel, key).for_each(Voice::take_away);
            }
            Message::Control { number, value } => self.control(channel, number, value),
        }
    }

    /// The voices of a key, or of all keys of a channel.
    fn of_key(&mut self, channel: usize, key: Option<u8>) -> impl Iterator<Item = &mut Voice> {
        self.voices.iter_mut().filter(move |voice| voice.struck().is_some_and(|struck| struck.is_of(channel, key)))
    }

    fn control(&mut self, channel: usize, number: u8, value: f32) {
        let before = self.channels.each[channel].sostenuto;
        match number {
            controller::ALL_SOUND_OFF => {
                self.stack.remove(channel, None);
                self.of_key(channel, None).for_each(Voice::take_away);
            }
            controller::ALL_NOTES_OFF..=controller::LAST_MODE => self.end_all(Some(channel)),
            _ => self.channels.control(channel, number, value),
        }
        let after = self.channels.each[channel].sostenuto;
        if before != after {
            let for_all = self.channels.is_for_all(channel, &self.keys);
            let hear = |voice: &&mut Voice| voice.struck().is_some_and(|s| for_all || s.channel == channel);
            self.voices.iter_mut().filter(hear).for_each(|voice| voice.catch(after));
        }
        // A pedal may have gone up.
        self.settle();
    }

    /// Lets go all keys of a channel, or of all.
    fn end_all(&mut self, channel: Option<usize>) {
        match channel {
            Some(channel) => self.stack.remove(channel, None),
            None => self.stack = KeyStack::default(),
        }
        let is_of = |voice: &&mut Voice| voice.struck().is_some_and(|s| channel.is_none_or(|channel| s.channel == channel));
        self.voices.iter_mut().filter(is_of).for_each(Voice::let_go);
        self.settle();
    }

    /// Ends the notes that neither a key nor a pedal holds.
    fn settle(&mut self) {
        let (channels, keys) = (&self.channels, &self.keys);
        self.voices.iter_mut().for_each(|voice| voice.settle(channels, keys));
    }

    /// Most notes that sound at once.
    fn limit(&self) -> usize {
        if self.keys.key_mode == KeyMode::Poly { self.keys.voices.into() } else { 1 }
    }

    fn strike(&mut self, strike: Strike) {
        if self.tuning.note(strike.key).is_none() {
            return;
        }
        if self.keys.key_mode == KeyMode::Poly {
            // A key cannot be down twice, nor does a pedal hold what is struck anew.
            let (channels, keys) = (self.channels, self.keys);
            self.of_key(strike.channel, Some(strike.key)).for_each(|voice| voice.release(&channels, &keys));
            self.begin(strike, self.last_note.filter(|_| self.keys.glide_always || self.voices.iter().any(Voice::is_down)));
            return;
        }
        self.change_stack(|stack| stack.push(strike));
    }

    fn let_go(&mut self, channel: usize, key: u8) {
        if self.keys.key_mode == KeyMode::Poly {
            self.of_key(channel, Some(key)).for_each(Voice::let_go);
            self.settle();
            return;
        }
        self.change_stack(|stack| stack.remove(channel, Some(key)));
    }

    /// Changes which keys are down where only one of them sounds, and lets that one sound.
    fn change_stack(&mut self, change: impl FnOnce(&mut KeyStack)) {
        let before = self.stack.chosen(self.keys.key_priority);
        change(&mut self.stack);
        let now = self.stack.chosen(self.keys.key_priority);
        if now != before {
            self.follow(now, before);
        }
    }

    /// Where one note sounds at a time, it is that of another key from now on.
    fn follow(&mut self, now: Option<Strike>, before: Option<Strike>) {
        let sounding = self.voices.iter().position(|voice| voice.is_held());
        let Some(strike) = now else {
            self.voices.iter_mut().for_each(Voice::let_go);
            self.settle();
            return;
        };
        match sounding.filter(|_| self.keys.key_mode == KeyMode::Legato && before.is_some()) {
            Some(at) => {
                let note = self.note(strike.key);
                self.voices[at].slur(strike, note, &self.settings, &self.keys, &mut self.draws);
                self.last_note = Some(note);
            }
            None => self.begin(strike, self.last_note.filter(|_| self.keys.glide_always || before.is_some())),
        }
    }

    /// Begins a note, coming from another pitch where there is a glide.
    fn begin(&mut self, strike: Strike, from: Option<f32>) {
        if std::mem::take(&mut self.quiet) == ASLEEP {
            // What was set meanwhile holds from the first sample on.
            self.bus.reset();
        }
        self.notice_stroke();
        self.make_room(self.limit() - 1);
        let at = self.free_voice();
        let note = self.note(strike.key);
        let start = Start { strike, note, before: self.before, order: self.order };
        self.voices[at].begin(&start, &self.settings, &self.keys, &mut self.draws);
        self.order += 1;
        if let Some(from) = from {
            let from_st = from - note;
            self.voices[at].join(Join { from_st, glide_s: self.keys.glide_over(from_st), dip_db: 0.0 });
        }
        self.last_note = Some(note);
    }

    /// A key is struck: alone, or as one of a chord, which has one thing before it.
    fn notice_stroke(&mut self) {
        let since = self.stroke_at.map(|stroke_at| self.position - stroke_at);
        let gap_s = since.map_or(f32::INFINITY, |samples| samples as f32 / self.config.sample_rate_hz as f32);
        if gap_s < CHORD_S {
            return;
        }
        self.before = Before { gap_s, joined: self.voices.iter().any(|voice| voice.leads_on(LEADS_ON_S)) };
        self.stroke_at = Some(self.position);
        self.voices.iter_mut().for_each(Voice::hurry_out);
    }

    /// The pitch of a key that has one.
    fn note(&self, key: u8) -> f32 {
        self.tuning.note(key).unwrap_or(f32::from(key))
    }

    /// Takes notes away until no more than so many sound.
    fn make_room(&mut self, limit: usize) {
        while self.sounding() > limit {
            // Let go before held, soft before loud, old before new.
            let rank = |voice: &&mut Voice| (voice.is_held(), voice.level_db(), voice.order());
            let sounding = self.voices.iter_mut().filter(|voice| voice.struck().is_some());
            let Some(taken) = sounding.min_by(|a, b| {
                let ((a_held, a_db, a_order), (b_held, b_db, b_order)) = (rank(a), rank(b));
                a_held.cmp(&b_held).then(a_db.total_cmp(&b_db)).then(a_order.cmp(&b_order))
            }) else {
                return;
            };
            taken.take_away();
        }
    }

    /// A voice for a new note: a silent one, or else the one whose fade is nearest to its end, cut off.
    fn free_voice(&mut self) -> usize {
        if let Some(free) = self.voices.iter().position(Voice::is_free) {
            return free;
        }
        let nearest = (0..self.voices.len()).min_by_key(|at| self.voices[*at].fade_left()).unwrap_or(0);
        self.cut += self.voices[nearest].cut();
        nearest
    }

    /// Samples `from` to `to` of a block.
    fn run(&mut self, output: &mut [&mut [f32]], mut from: usize, end: usize) {
        while from < end {
            let into_step = (self.position % STEP as u64) as usize;
            if into_step == 0 {
                self.doze();
            }
            let to = end.min(from + STEP - into_step);
            self.position += (to - from) as u64;
            if self.quiet == ASLEEP {
                output.iter_mut().for_each(|out| out[from..to].fill(0.0));
            } else {
                self.sound(output, from, to);
            }
            from = to;
        }
    }

    /// Looks whether anything can be heard: at fixed samples of the stream, so that blocks do not matter.
    fn doze(&mut self) {
        if self.quiet == ASLEEP {
            return;
        }
        if self.cut.abs() < CUT_OFF {
            self.cut = 0.0;
        }
        self.quiet = if self.is_idle() && self.cut == 0.0 { self.quiet + STEP } else { 0 };
        if self.quiet > STEP && self.quiet > self.tail_samples() + STEP {
            self.quiet = ASLEEP;
        }
    }

    /// The same of at most [`STEP`] samples in which something may sound.
    fn sound(&mut self, output: &mut [&mut [f32]], from: usize, to: usize) {
        let len = to - from;
        let sum = &mut self.sum[..len];
        sum.fill(0.0);
        for voice in &mut self.voices {
            voice.add(sum, &self.channels, &self.settings, &self.keys);
        }
        if self.cut != 0.0 {
            for sample in sum.iter_mut() {
                self.cut *= self.cut_falls;
                *sample += self.cut;
            }
        }
        let [left, right] = &mut self.sides;
        self.bus.process(sum, [&mut left[..len], &mut right[..len]]);
        for (side, out) in output.iter_mut().enumerate() {
            let played = left.iter().zip(&*right).map(|(left, right)| match (self.config.channels, side) {
                (1, _) => 0.5 * (left + right),
                (_, 0) => *left,
                _ => *right,
            });
            out[from..to].iter_mut().zip(played).for_each(|(out, played)| *out = played);
        }
    }
}
