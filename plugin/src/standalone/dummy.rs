//! No sound: for machines without a sound card. A thread plays silence in the stream's own time.

use crate::{
    Failure,
    audio::{self, Health, Instance, PlayerHandle, Running, Stream},
    options::Wanted,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use syrinx_plugin::changes::Changes;

struct Dummy {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Running for Dummy {
    fn card_latency_samples(&self) -> Option<usize> {
        None
    }
}

impl Drop for Dummy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Opens it, which always succeeds at a rate that Syrinx plays at.
pub fn open(wanted: &Wanted, instance: &Instance) -> Result<Stream, Failure> {
    audio::activate(instance, wanted.sample_rate_hz)?;
    let health = Arc::new(Health::default());
    let handle = PlayerHandle { player: instance.player.clone(), health: health.clone(), sung: instance.sung.clone() };
    let (rate, buffer) = (wanted.sample_rate_hz, wanted.buffer);
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = stop.clone();
    let thread = thread::spawn(move || {
        let (mut left, mut right) = (vec![0.0; buffer as usize], vec![0.0; buffer as usize]);
        let (begun, none) = (Instant::now(), Changes::none());
        let mut blocks = 0_u32;
        while !stopping.load(Ordering::Relaxed) {
            left.fill(0.0);
            handle.play(&mut left, &mut right, &none);
            blocks = blocks.wrapping_add(1);
            let due = Duration::from_secs_f64(f64::from(blocks) * f64::from(buffer) / f64::from(rate));
            thread::sleep(due.saturating_sub(begun.elapsed()));
        }
    });
    Ok(Stream {
        description: "nothing: silence in, and what comes out goes nowhere".into(),
        sample_rate_hz: rate,
        buffer,
        health,
        running: Box::new(Dummy { stop, thread: Some(thread) }),
    })
}
