//! What all backends have in common: streams, what goes wrong with them, and the player on their thread.

use crate::{
    Failure, audio_devices, dummy, jack_client, midi_ports,
    options::{Backend, CARDS, Wanted},
};
use crossbeam_queue::ArrayQueue;
use std::sync::{
    Arc, Mutex, PoisonError, TryLockError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use syrinx_engine::{Event, EventKind};
use syrinx_plugin::{
    changes::Changes,
    player::{Buffers, Owner, Player},
    source::Source,
};

/// Messages that wait for the system's port at most: some seconds.
const MOST_SUNG: usize = 2048;
/// Channels out: in stereo.
pub const OUTPUTS: usize = 2;

/// A stream that plays until it is dropped.
pub struct Stream {
    /// What it plays through, in words.
    pub description: String,
    pub sample_rate_hz: u32,
    pub buffer: u32,
    pub health: Arc<Health>,
    /// Keeps the backend going.
    pub running: Box<dyn Running>,
}

/// A backend at work.
pub trait Running {
    /// From the microphone's plug to the loudspeaker's but for Syrinx's own delay, samples, as far as the system knows.
    fn card_latency_samples(&self) -> Option<usize>;
}

/// How a stream is: written by its threads, read by the supervisor.
#[derive(Default)]
pub struct Health {
    /// Blocks played.
    blocks: AtomicU64,
    /// Times that a sample was missing or one too many.
    dropouts: AtomicU64,
    /// Set where not even a message may be made.
    gone: AtomicBool,
    trouble: Mutex<Option<String>>,
}

impl Health {
    /// The stream is over, and no words can be made here: an asynchronous signal's rules.
    pub fn is_gone(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }

    /// The stream is over. Not for the audio thread.
    pub fn ends(&self, why: String) {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
    }

    /// A gap in the sound.
    pub fn dropout(&self) {
        self.dropouts.fetch_add(1, Ordering::Relaxed);
    }

    /// Gaps so far.
    pub fn dropouts(&self) -> u64 {
        self.dropouts.load(Ordering::Relaxed)
    }

    /// Blocks so far.
    pub fn blocks(&self) -> u64 {
        self.blocks.load(Ordering::Relaxed)
    }

    /// Why the stream is over, if it is.
    pub fn trouble(&self) -> Option<String> {
        let said = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        said.or_else(|| self.gone.load(Ordering::Relaxed).then(|| "its server has stopped".into()))
    }
}

/// An instance whose player goes from stream to stream: only the thread of the one that runs has it in hand.
#[derive(Clone)]
pub struct Instance {
    pub owner: Owner,
    pub player: Arc<Mutex<Player>>,
    /// Where notes that are sung go, but where JACK takes them.
    pub sung: Arc<SungNotes>,
}

impl Instance {
    /// Whether it listens to a voice.
    pub fn hears(&self) -> bool {
        self.owner.params().source() == Source::Voice
    }
}

/// Messages of MIDI on their way from the audio thread to the system's port.
pub struct SungNotes(ArrayQueue<[u8; 3]>);

impl Default for SungNotes {
    fn default() -> Self {
        Self(ArrayQueue::new(MOST_SUNG))
    }
}

impl SungNotes {
    /// The next message.
    pub fn next(&self) -> Option<[u8; 3]> {
        self.0.pop()
    }

    /// Takes a message; where nobody has come for the first of them, those are lost. Audio thread.
    pub fn take(&self, message: [u8; 3]) {
        let _ = self.0.force_push(message);
    }
}

/// The player as the audio thread has it.
pub struct PlayerHandle {
    pub player: Arc<Mutex<Player>>,
    pub health: Arc<Health>,
    pub sung: Arc<SungNotes>,
}

impl PlayerHandle {
    /// Plays a block with what happens in it: the voice is in the first channel, and the sound is in both afterwards. Never waits: should the player be held
    /// elsewhere, which nobody does while a stream runs, the block is silent, and counted as a gap.
    pub fn play(&self, left: &mut [f32], right: &mut [f32], changes: &Changes) {
        self.play_and_send(left, right, changes, |_, message| self.sung.take(message));
    }

    /// The same, the notes that are sung given to `send`: samples, and messages of MIDI.
    pub fn play_and_send(&self, left: &mut [f32], right: &mut [f32], changes: &Changes, mut send: impl FnMut(usize, [u8; 3])) {
        let player = match self.player.try_lock() {
            Ok(player) => Some(player),
            // Whatever a panic left undone is over with the next block; a stream that is silent from then on would be worse.
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        let played = player.is_some_and(|mut player| {
            let channels = &mut [&mut *left, &mut *right];
            let played = player.play(&Buffers::in_place(channels), changes).is_ok();
            for Event { at, kind } in player.sent() {
                if let EventKind::Message { channel, message } = kind
                    && let Some(bytes) = message.to_midi(*channel)
                {
                    send(*at, bytes);
                }
            }
            played
        });
        if played {
            self.health.blocks.fetch_add(1, Ordering::Relaxed);
        } else {
            left.fill(0.0);
            right.fill(0.0);
            self.health.dropout();
        }
    }
}

/// Opens a stream and begins to play.
///
/// # Errors
/// A sentence that says what is missing and what there is.
pub fn open(wanted: &Wanted, instance: &Instance) -> Result<Stream, Failure> {
    match wanted.backend {
        Backend::Jack => jack_client::open(wanted, instance),
        Backend::Cards => audio_devices::open(wanted, instance),
        Backend::Dummy => dummy::open(wanted, instance),
        Backend::Auto => jack_client::open(wanted, instance).or_else(|no_jack| {
            audio_devices::open(wanted, instance)
                .map_err(|no_card| format!("{no_card} Nor is there JACK: {no_jack} (--backend dummy plays without sound.)"))
        }),
    }
}

/// Gets the player ready for a stream; to be called before its thread runs.
pub fn activate(instance: &Instance, sample_rate_hz: u32) -> Result<(), Failure> {
    let mut player = instance.player.lock().unwrap_or_else(PoisonError::into_inner);
    instance
        .owner
        .activate(&mut player, f64::from(sample_rate_hz), usize::from(instance.hears()), OUTPUTS)
        .map(drop)
        .map_err(|e| format!("{e}."))
}

/// All there is to play through, for `--list-devices`.
pub fn list() -> String {
    let part = |name: &str, found: Result<Vec<String>, Failure>| match found {
        Ok(lines) if lines.is_empty() => format!("{name}: nothing\n"),
        Ok(lines) => format!("{name}:\n{}", lines.iter().map(|l| format!("  {l}\n")).collect::<String>()),
        Err(why) => format!("{name}: {why}\n"),
    };
    part("jack", jack_client::list())
        + &part(CARDS, audio_devices::list())
        + "dummy: silence in, nowhere out\n"
        + &part("midi", midi_ports::list())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle() -> PlayerHandle {
        let (owner, player) = Player::new();
        let instance = Instance { owner, player: Arc::new(Mutex::new(player)), sung: Arc::default() };
        activate(&instance, 48_000).unwrap();
        PlayerHandle { player: instance.player, health: Arc::default(), sung: Arc::default() }
    }

    fn sounds(handle: &PlayerHandle) -> bool {
        let mut peak = 0.0_f32;
        for n in 0..200 {
            let tone = |i: usize| 0.3 * (0.05 * (480 * n + i) as f32).sin() + 0.2 * (0.1 * (480 * n + i) as f32).sin();
            let (mut left, mut right): (Vec<f32>, Vec<f32>) = ((0..480).map(tone).collect(), vec![0.0; 480]);
            handle.play(&mut left, &mut right, &Changes::none());
            peak = right.iter().fold(peak, |peak, x| peak.max(x.abs()));
        }
        peak > 0.01
    }

    #[test]
    fn a_thread_that_panics_with_the_player_in_hand_does_not_silence_the_rest() {
        let handle = handle();
        let player = handle.player.clone();
        let panics = std::thread::spawn(move || {
            let _held = player.lock().unwrap();
            panic!("on purpose");
        });
        assert!(panics.join().is_err() && handle.player.is_poisoned());
        assert!(sounds(&handle));
        assert_eq!((handle.health.blocks(), handle.health.dropouts()), (200, 0));
    }

    #[test]
    fn a_block_that_is_not_played_is_silent_and_counts_as_a_gap() {
        let handle = handle();
        let held = handle.player.lock().unwrap();
        let (mut left, mut right) = ([0.5; 64], [0.5; 64]);
        handle.play(&mut left, &mut right, &Changes::none());
        assert_eq!((left, right), ([0.0; 64], [0.0; 64]));
        assert_eq!((handle.health.blocks(), handle.health.dropouts()), (0, 1));
        drop(held);
        assert!(sounds(&handle));
        assert_eq!(handle.health.blocks(), 200);
        // Nor is one of a player that nobody has set up.
        let handle = PlayerHandle { player: Arc::new(Mutex::new(Player::new().1)), health: Arc::default(), sung: Arc::default() };
        handle.play(&mut left, &mut right, &Changes::none());
        assert_eq!((handle.health.blocks(), handle.health.dropouts()), (0, 1));
    }
}
