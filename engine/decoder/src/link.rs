//! The decoder's thread and the two rings that tie it to the audio thread. The audio thread holds the [`Link`]; it never allocates,
//! locks or waits there, except in [`Link::receive_waiting`], which is for when nobody waits for the audio.

use crate::{Decoder, Model};
use rtrb::{Consumer, Producer, RingBuffer};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle, Thread},
    time::{Duration, Instant},
};
use syrinx_synth::Controls;
use syrinx_tracker::Features;

/// How long a sleeping end may miss a wake-up at most. Wake-ups are not missed; this bounds what a lost one would cost.
const NAP: Duration = Duration::from_millis(2);

/// Both rings carry the number of the stream, so that answers to a stream that was reset are told from those to the present one.
type Stream = u32;

/// The audio thread's end.
pub struct Link {
    features: Producer<(Stream, Features)>,
    controls: Consumer<(Stream, Controls)>,
    stream: Stream,
    decoder: Thread,
    stop: Arc<AtomicBool>,
    handle: Option<JoinHandle<()>>,
}

impl Link {
    /// Starts a decoder thread for `model`, with room for `frames` frames under way in each direction.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(model: Arc<Model>, frames: usize) -> std::io::Result<Self> {
        let (features, mut requests) = RingBuffer::<(Stream, Features)>::new(frames);
        let (mut answers, controls) = RingBuffer::new(frames);
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = stop.clone();
        let handle = thread::Builder::new().name("syrinx decoder".into()).spawn(move || {
            let mut decoder = Decoder::new(model);
            let mut stream = 0;
            let mut answer = Controls::silent(0);
            let serve = || {
                while !stopping.load(Ordering::Acquire) {
                    // An answer goes out only where there is room: the request stays until then.
                    if answers.is_full() {
                        thread::park_timeout(NAP);
                        continue;
                    }
                    let Ok((of, features)) = requests.pop() else {
                        thread::park_timeout(NAP);
                        continue;
                    };
                    if of != stream {
                        decoder.reset();
                        stream = of;
                    }
                    decoder.step(&features, &mut answer);
                    let _ = answers.push((stream, answer));
                }
            };
            // SAFETY: the thread is ours alone, so no other code runs under the changed floating-point mode, and nothing in the loop
            // relies on denormals: levels that small are silence.
            unsafe { no_denormals::no_denormals(serve) };
        })?;
        Ok(Self { features, controls, stream: 0, decoder: handle.thread().clone(), stop, handle: Some(handle) })
    }

    /// Starts the stream anew: answers still under way are dropped when they come.
    pub fn reset(&mut self) {
        self.stream = self.stream.wrapping_add(1);
        while self.controls.pop().is_ok() {}
    }

    /// Sends the features of one frame; false when the ring is full because the decoder lags far behind (the frame is lost, its
    /// controls never come).
    pub fn send(&mut self, features: Features) -> bool {
        self.features.push((self.stream, features)).is_ok()
    }

    /// Wakes the decoder: once after the sends of one audio block. A wake-up does not wait.
    pub fn wake(&self) {
        self.decoder.unpark();
    }

    /// The controls of frame `frame` if they have come. Those of earlier frames are late, and dropped.
    pub fn receive(&mut self, frame: u64) -> Option<Controls> {
        loop {
            match self.controls.peek() {
                Ok((stream, controls)) if *stream == self.stream && controls.frame > frame => return None,
                Ok(_) => {}
                Err(_) => return None,
            }
            let (stream, controls) = self.controls.pop().ok()?;
            if stream == self.stream && controls.frame == frame {
                return Some(controls);
            }
        }
    }

    /// As [`receive`](Link::receive), waiting until `deadline` at most. Only for streams that run ahead of the clock.
    pub fn receive_waiting(&mut self, frame: u64, deadline: Instant) -> Option<Controls> {
        loop {
            if let Some(controls) = self.receive(frame) {
                return Some(controls);
            }
            // A later frame's answer at the head means that this one was never sent.
            let passed = self.controls.peek().is_ok_and(|(s, c)| *s == self.stream && c.frame > frame);
            if passed || Instant::now() >= deadline || self.handle.as_ref().is_none_or(JoinHandle::is_finished) {
                return None;
            }
            self.wake();
            thread::yield_now();
        }
    }
}

impl Drop for Link {
    /// Ends the decoder thread. Not for the audio thread.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.wake();
        if let Some(handle) = self.handle.take() {
            // A decoder that panicked has nothing more to say; the host must live on.
            let _ = handle.join();
        }
    }
}
