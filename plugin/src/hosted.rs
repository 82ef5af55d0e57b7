//! One instance inside a host's process, whatever the plugin format: who may have the player when, and what the host is told of its times.
//!
//! The framework has the parameters, the window and all that is asked of them; sound goes by here. Hosts break every rule sooner or later: they
//! process before they activate, with more channels than were agreed on, with null pointers, or on two threads at once. None of that is to
//! end in a panic, and a panic of whatever kind never reaches a host.

use crate::{
    changes::Changes,
    main_thread::MainThread,
    monitor::Shown,
    params::SyrinxParams,
    player::{Buffers, News, NotActivated, Owner, Player},
    source::Source,
};
use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use syrinx_engine::{Event, NoteOutput};

/// What the framework's instance has of an instance: all but the player.
#[derive(Clone)]
pub struct Face {
    /// Its parameters, and what it shows.
    pub owner: Owner,
    /// The way to the host's main thread.
    pub main_thread: Arc<MainThread>,
}

thread_local! {
    /// The face that the framework's next instance on this thread gets: it makes its instances itself, out of nothing.
    static NEXT: RefCell<Option<Face>> = const { RefCell::new(None) };
}

impl Face {
    /// The one that [`Hosted::around`] left for the framework's new instance; one of its own where there is none.
    pub fn of_new_instance(source: Source) -> Self {
        NEXT.take().unwrap_or_else(|| Self::of(Player::of(source).0))
    }

    fn of(owner: Owner) -> Self {
        Self { owner, main_thread: Arc::default() }
    }
}

/// What the audio thread has.
struct Seat {
    player: Player,
    changes: Changes,
    /// Something in it has panicked: silent until it is activated anew.
    broken: bool,
}

/// One instance.
pub struct Hosted {
    face: Face,
    seat: Mutex<Seat>,
    /// Whether the host is playing, so that the audio thread may want the seat at any moment.
    playing: AtomicBool,
    latency: AtomicUsize,
    tail: AtomicUsize,
}

/// How a block went.
#[derive(Debug, PartialEq)]
pub enum Played {
    /// It was played.
    Sound(News),
    /// There is nobody to play it: the host was not told so, or told otherwise. The block is to be silent.
    Nothing,
}

impl Hosted {
    /// A new instance that is played from `source`, and what `make` makes of the framework around it.
    pub fn around<T>(source: Source, make: impl FnOnce() -> T) -> (Self, T) {
        let (owner, player) = Player::of(source);
        let face = Face::of(owner);
        NEXT.set(Some(face.clone()));
        let framework = make();
        NEXT.set(None);
        let seat = Mutex::new(Seat { player, changes: Changes::default(), broken: false });
        let (latency, tail) = (AtomicUsize::new(0), AtomicUsize::new(0));
        (Self { face, seat, playing: AtomicBool::new(false), latency, tail }, framework)
    }

    /// Its parameters.
    pub fn params(&self) -> &Arc<SyrinxParams> {
        self.face.owner.params()
    }

    /// What it shows.
    pub fn shown(&self) -> &Arc<Shown> {
        self.face.owner.shown()
    }

    /// The way to the host's main thread.
    pub fn main_thread(&self) -> &MainThread {
        &self.face.main_thread
    }

    /// Whether the audio thread may play at any moment.
    pub fn is_playing(&self) -> bool {
        self.playing.load(Ordering::Relaxed)
    }

    /// The delay, samples, as of the last block, or of the activation.
    pub fn latency_samples(&self) -> u32 {
        self.latency.load(Ordering::Relaxed) as u32
    }

    /// How long it sounds on after the voice, samples, as of the last block, or of the activation.
    pub fn tail_samples(&self) -> u32 {
        self.tail.load(Ordering::Relaxed) as u32
    }

    fn wait_for_seat(&self) -> MutexGuard<'_, Seat> {
        self.seat.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_times(&self, player: &Player) {
        self.latency.store(player.latency_samples(), Ordering::Relaxed);
        self.tail.store(player.tail_samples(), Ordering::Relaxed);
    }

    /// Gets ready to play at a rate, in Hz, with as many channels. Whether it can; if not, the player reads why in the window. Main thread.
    pub fn activate(&self, sample_rate_hz: f64, inputs: usize, outputs: usize) -> bool {
        self.playing.store(false, Ordering::Relaxed);
        let mut seat = self.wait_for_seat();
        let activated = self.face.owner.activate(&mut seat.player, sample_rate_hz, inputs, outputs).is_ok();
        seat.broken = !activated;
        self.note_times(&seat.player);
        activated
    }

    /// The host will play, or no longer. A stream begins anew. Any thread, not while a block is played.
    pub fn set_playing(&self, playing: bool) {
        if playing {
            self.begin_anew();
        }
        self.playing.store(playing, Ordering::Relaxed);
    }

    /// The next sample is the first of a stream. Any thread, not while a block is played.
    pub fn begin_anew(&self) {
        if let Ok(mut seat) = self.seat.try_lock() {
            seat.player.reset();
            self.note_times(&seat.player);
        }
    }

    /// Settings have changed; the times follow at once where no sound runs that would follow them. The delay, if it is another one. Main
    /// thread.
    pub fn settle(&self) -> Option<u32> {
        let before = self.latency_samples();
        if !self.is_playing() {
            self.begin_anew();
        }
        let now = self.latency_samples();
        (now != before).then_some(now)
    }

    /// Plays a block of `len` samples with the changes that `changes` collects; gives the notes of the voice in it to `sent`. Audio thread; never allocates, frees, locks or waits.
    pub fn play(
        &self,
        buffers: &Buffers<'_>,
        len: usize,
        changes: impl FnOnce(&mut Changes),
        sent: impl FnOnce(&[Event], NoteOutput),
    ) -> Played {
        self.playing.store(true, Ordering::Relaxed);
        // Only a host that activates or resets while it plays has it taken at this moment.
        let mut seat = match self.seat.try_lock() {
            Ok(seat) => seat,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Played::Nothing,
        };
        let was_broken = std::mem::replace(&mut seat.broken, true);
        let Seat { player, changes: list, .. } = &mut *seat;
        list.begin(len);
        changes(list);
        list.sort();
        if was_broken {
            list.keep(self.face.owner.params().controls());
            return Played::Nothing;
        }
        let played = player.play(buffers, list);
        sent(player.sent(), player.note_output());
        self.note_times(player);
        seat.broken = false;
        match played {
            Ok(news) => Played::Sound(news),
            Err(NotActivated) => Played::Nothing,
        }
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        // The framework may hold on to either.
        self.face.main_thread.end();
        self.params().end_learning();
    }
}

/// Runs what a host has called; what comes of it, or `otherwise` where it panics.
pub fn guard<T>(otherwise: T, call: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(otherwise)
}
