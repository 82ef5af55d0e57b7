//! What the audio thread tells the window: the latest moment, whole, some values in atomics, and every frame of the voice, in a ring. Written by the
//! audio thread, read by any. And the other way, in a ring too: the keys that are struck in the window.

mod snapshot;

use crate::{captured::Captured, midi_inputs::MidiInputs};
use rtrb::{Consumer, Producer, RingBuffer};
use snapshot::Snapshot;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering},
};
use syrinx_engine::{Features, MAX_HARMONICS, Message, Monitor, NOISE_POINTS, PARTS, SoundingNote, Spectrum};

/// Nobody hears less, dB(A): below it, nothing moves in the window.
const SILENT_DB: f32 = -100.0;
/// Nor less than this, linear: -100 dB.
const SILENT: f32 = 1e-5;
/// Frames of the voice that a window may be behind: 8 s.
const FRAMES: usize = 2048;
/// The channel of keys that are struck in the window: no controller has it but in the largest MPE zones.
pub const WINDOW_CHANNEL: u8 = 15;
/// The controller that lets all keys of a channel go.
const ALL_NOTES_OFF: u8 = 123;
/// Most messages from the window or MIDI ports that are heard in a block.
pub const MOST_SAID: usize = 1024;
/// Notes that are shown at most, and the numbers of each.
const NOTES: usize = 16;
const NOTE_NUMBERS: usize = 5;

/// A number that one thread writes and others read.
#[derive(Default)]
pub struct Value(AtomicU32);

impl Value {
    /// Writes it.
    pub fn set(&self, value: f32) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// Reads it.
    pub fn get(&self) -> f32 {
        f32::from_bits(self.0.load(Ordering::Relaxed))
    }

    /// Writes the greater of what is there and `value`; the reader's `take` starts anew.
    fn raise(&self, value: f32) {
        if value > self.get() {
            self.set(value);
        }
    }

    /// Reads it and leaves 0.
    pub fn take(&self) -> f32 {
        f32::from_bits(self.0.swap(0, Ordering::Relaxed))
    }
}

/// A number that only one thread raises, by ones.
#[derive(Default)]
pub struct Count(AtomicU32);

impl Count {
    /// One more; after a very long time, from 0 again.
    fn up(&self) {
        self.0.store(self.get().wrapping_add(1), Ordering::Relaxed);
    }

    /// From 0.
    pub fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// So many.
    pub fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What is to be said of the two channels of a stereo input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum InputNote {
    /// Nothing.
    #[default]
    None,
    /// One is the other turned upside down: their sum is silence.
    Cancelling,
    /// One alone carries a voice.
    OneSided,
}

/// An [`InputNote`] that one thread writes and others read.
#[derive(Default)]
pub struct Note(AtomicU8);

impl Note {
    /// Writes it.
    pub fn set(&self, note: InputNote) {
        self.0.store(note as u8, Ordering::Relaxed);
    }

    /// Reads it.
    pub fn get(&self) -> InputNote {
        [InputNote::Cancelling, InputNote::OneSided]
            .into_iter()
            .find(|note| *note as u8 == self.0.load(Ordering::Relaxed))
            .unwrap_or_default()
    }
}

/// What is heard and played at the end of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Pitch of the voice, Hz.
    pub voice_hz: f32,
    /// Confidence in it, 0 to 1.
    pub confidence: f32,
    /// A-weighted loudness of the voice, dB.
    pub voice_db: f32,
    /// Pitch that the instrument plays, Hz.
    pub played_hz: f32,
    /// Loudness that the instrument plays at, dB.
    pub played_db: f32,
    /// What octave fit has added to the voice's pitch, semitones.
    pub fitted_st: f32,
    /// What auto range has added to the voice's loudness, dB.
    pub fitted_db: f32,
    /// Peak amplitude of each harmonic that sounds, linear; as long as nobody watches, that of the last who did.
    pub harmonics: [f32; MAX_HARMONICS],
    /// RMS amplitude per octave of the noise that sounds, linear; the same.
    pub noise: [f32; NOISE_POINTS],
}

impl Moment {
    const NUMBERS: usize = 7 + MAX_HARMONICS + NOISE_POINTS;
    /// Places among the numbers.
    const VOICE_DB: usize = 2;
    const PLAYED_DB: usize = 4;
    const FITTED_DB: usize = 6;

    /// Nothing is heard.
    const SILENCE: [f32; Self::NUMBERS] = {
        let mut numbers = [0.0; Self::NUMBERS];
        numbers[Self::VOICE_DB] = -120.0;
        numbers[Self::PLAYED_DB] = -120.0;
        numbers
    };

    fn of(numbers: [f32; Self::NUMBERS]) -> Self {
        let [voice_hz, confidence, voice_db, played_hz, played_db, fitted_st, fitted_db, ref spectrum @ ..] = numbers;
        let (harmonics, noise) = spectrum.split_at(MAX_HARMONICS);
        Self {
            voice_hz,
            confidence,
            voice_db,
            played_hz,
            played_db,
            fitted_st,
            fitted_db,
            harmonics: std::array::from_fn(|n| harmonics[n]),
            noise: std::array::from_fn(|n| noise[n]),
        }
    }
}

/// A window that is open: as long as there is one, spectra are made for it.
pub struct Watching(Arc<Shown>);

impl Drop for Watching {
    fn drop(&mut self) {
        // Nobody lets go what is still held down there.
        self.0.say(WINDOW_CHANNEL, Message::Control { number: ALL_NOTES_OFF, value: 0.0 });
        self.0.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Has a host go on.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// The audio thread's ends: where frames of the voice are put for [`Shown::take_frames`], and what [`Shown::say`] has said.
pub struct Ends {
    /// Frames of the voice.
    pub frames: Producer<Features>,
    /// Messages, each with its channel.
    pub said: Consumer<(u8, Message)>,
}

/// The latest of what is heard and played. The window has nothing of the audio thread's but this: it can wait for no lock of it, for there
/// is none.
pub struct Shown {
    /// Frames of the voice that no window has taken yet. Its lock is the windows' own: the audio thread has the other end.
    frames: Mutex<Consumer<Features>>,
    /// Where keys are struck that no host knows of: in the window, at the standalone's MIDI ports. Its lock is theirs.
    keyboard: Mutex<Producer<(u8, Message)>>,
    /// Has a host go on that plays nothing while nothing sounds.
    wake: Mutex<Option<Wake>>,
    /// [`SoundingNote`]s, as many as there is room for.
    notes: Snapshot<{ NOTES * NOTE_NUMBERS }>,
    /// The notes that were sung in the last minutes.
    pub captured: Captured,
    /// The key that is sung; 0 where none is.
    pub sung_key: Value,
    /// The pitch of each part of the choir, MIDI; 0 where it is silent.
    parts: [Value; PARTS],
    /// What is to be said of the input's channels.
    pub input_note: Note,
    /// Rate of the stream, Hz; 0 before the host has said it.
    pub sample_rate_hz: Value,
    /// Delay as the host is told, samples.
    pub latency_samples: Value,
    /// The sound card's own delay, there and back, samples; 0 where it is not known. For the standalone.
    pub card_samples: Value,
    /// Gaps in the sound so far. For the standalone.
    pub dropouts: Value,
    /// A [`Moment`].
    moment: Snapshot<{ Moment::NUMBERS }>,
    /// Windows that are open.
    watchers: AtomicUsize,
    /// Peak of the voice since the last `take`, linear.
    pub input_peak: Value,
    /// Peak of the output since the last `take`, linear.
    pub output_peak: Value,
    /// Time that the latest block took to compute, as a share of what it lasts.
    pub load: Value,
    /// Blocks since the last reset that took longer to compute than they last.
    pub late_blocks: Count,
    /// Blocks so far: whether anything runs.
    pub blocks: Count,
    /// Frames since the start that a network failed to answer.
    pub failed_frames: Value,
    /// The system's MIDI inputs. For the standalone.
    pub midi_inputs: MidiInputs,
    /// Has the open window drawn anew.
    #[cfg(feature = "editor")]
    pub repaint: nice_plug_egui::RepaintNotifier,
}

impl Default for Shown {
    fn default() -> Self {
        Self::new().0
    }
}

impl Shown {
    /// Both ends: what is shown, and what the audio thread has of it besides.
    pub fn new() -> (Self, Ends) {
        let zero = Value::default;
        let (producer, frames) = RingBuffer::new(FRAMES);
        let (keyboard, said) = RingBuffer::new(MOST_SAID);
        let shown = Self {
            frames: Mutex::new(frames),
            keyboard: Mutex::new(keyboard),
            wake: Mutex::default(),
            notes: Snapshot::new([0.0; NOTES * NOTE_NUMBERS]),
            captured: Captured::default(),
            sung_key: zero(),
            parts: Default::default(),
            input_note: Note::default(),
            sample_rate_hz: zero(),
            latency_samples: zero(),
            card_samples: zero(),
            dropouts: zero(),
            moment: Snapshot::new(Moment::SILENCE),
            watchers: AtomicUsize::new(0),
            input_peak: zero(),
            output_peak: zero(),
            load: zero(),
            late_blocks: Count::default(),
            blocks: Count::default(),
            failed_frames: zero(),
            midi_inputs: MidiInputs::default(),
            #[cfg(feature = "editor")]
            repaint: nice_plug_egui::RepaintNotifier::default(),
        };
        (shown, Ends { frames: producer, said })
    }

    /// Says to the keys what was struck in the window or at a MIDI port: it is heard with the next block. Whether there was room. Not for the audio thread.
    pub fn say(&self, channel: u8, message: Message) -> bool {
        let said = self.keyboard.lock().unwrap_or_else(PoisonError::into_inner).push((channel, message)).is_ok();
        self.wake();
        said
    }

    /// Has a host go on that plays nothing while nothing sounds. Not for the audio thread.
    pub fn wake(&self) {
        if let Some(wake) = &*self.wake.lock().unwrap_or_else(PoisonError::into_inner) {
            wake();
        }
    }

    /// What has a host go on that plays nothing while nothing sounds; None, where it is gone. Any thread may call it.
    pub fn set_wake(&self, wake: Option<Wake>) {
        *self.wake.lock().unwrap_or_else(PoisonError::into_inner) = wake;
    }

    /// The notes that sound. For the window.
    pub fn notes(&self) -> impl Iterator<Item = SoundingNote> {
        let numbers = self.notes.read();
        (0..NOTES).filter_map(move |note| {
            let [state, channel, key, f0_hz, loudness_db] = std::array::from_fn(|n| numbers[note * NOTE_NUMBERS + n]);
            (state > 0.0).then_some(SoundingNote {
                channel: channel as u8,
                key: key as u8,
                held: state > 1.0,
                f0_hz,
                loudness_db,
            })
        })
    }

    /// Writes the pitch of each part of the choir, MIDI. Audio thread.
    pub fn set_parts(&self, pitches: [Option<f32>; PARTS]) {
        self.parts.iter().zip(pitches).for_each(|(shown, pitch)| shown.set(pitch.unwrap_or(0.0)));
    }

    /// The pitch of each part of the choir as it sounds, MIDI.
    pub fn parts(&self) -> [Option<f32>; PARTS] {
        self.parts.each_ref().map(|pitch| Some(pitch.get()).filter(|pitch| *pitch > 0.0))
    }

    /// Audio thread: the notes that sound at the end of a block.
    pub fn set_notes(&self, notes: impl Iterator<Item = SoundingNote>) {
        let numbers = notes.take(NOTES).flat_map(|note| {
            [1.0 + f32::from(u8::from(note.held)), note.channel.into(), note.key.into(), note.f0_hz, note.loudness_db]
        });
        self.notes.write(numbers.chain(std::iter::repeat(0.0)));
    }

    /// Hands over every frame of the voice since the last call, the oldest first; of more than some seconds, the first of them. For the
    /// window, which may be slow or fast: what it counts is the voice's time and not its own.
    pub fn take_frames(&self, take: impl FnMut(Features)) {
        let mut frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| frames.pop().ok()).for_each(take);
    }

    /// The last moment, whole. For the window.
    pub fn moment(&self) -> Moment {
        Moment::of(self.moment.read())
    }

    /// A window opens; it is open as long as it holds on to the answer.
    pub fn watch(self: &Arc<Self>) -> Watching {
        self.watchers.fetch_add(1, Ordering::Relaxed);
        Watching(self.clone())
    }

    /// Whether a window is open.
    pub fn is_watched(&self) -> bool {
        self.watchers.load(Ordering::Relaxed) > 0
    }

    /// Audio thread: after each block, which took `took_s` to compute and lasts `lasts_s`; with a `spectrum` where somebody watches.
    pub fn update(&self, monitor: &Monitor, spectrum: Option<&Spectrum>, took_s: f32, lasts_s: f32) {
        let Monitor { voice, played, fitted, .. } = monitor;
        let levels = [voice.f0_hz, voice.confidence, voice.loudness_db, played.f0_hz, played.loudness_db];
        // Switched off, auto range glides back, in silence too.
        let glides = self.moment.one(Moment::FITTED_DB) != fitted.loudness_db;
        let spectrum = spectrum.into_iter().flat_map(|spectrum| spectrum.harmonics.into_iter().chain(spectrum.noise));
        self.moment.write(levels.into_iter().chain([fitted.semitones, fitted.loudness_db]).chain(spectrum));
        if glides {
            self.redraw();
        }
        self.input_peak.raise(monitor.input_peak);
        self.output_peak.raise(monitor.output_peak);
        if lasts_s > 0.0 {
            self.load.set(took_s / lasts_s);
            if took_s > lasts_s {
                self.late_blocks.up();
                self.redraw();
            }
        }
        self.blocks.up();
        #[cfg(feature = "editor")]
        if self.sounds() {
            // A flag that the window's timer looks at: nothing is called.
            self.repaint.request_repaint();
        }
    }

    /// Something else than sound has changed that the window shows: a message, the delay, a gap. Any thread; sets a flag.
    pub fn redraw(&self) {
        #[cfg(feature = "editor")]
        self.repaint.request_repaint();
    }

    /// Whether there is anything to see move.
    pub fn sounds(&self) -> bool {
        self.moment.one(Moment::VOICE_DB) > SILENT_DB
            || self.notes.one(0) > 0.0
            || self.input_peak.get() > SILENT
            || self.output_peak.get() > SILENT
    }
}
