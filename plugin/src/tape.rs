//! Sound between the audio thread and memory or disk: what comes in, recorded as it is; and a sound from memory, played in place of what comes in or of what goes out.
//! The audio thread's ends neither allocate nor wait; they come and go through the library.

use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

/// Seconds of sound that a disk may be late.
const LATE_S: u32 = 4;
/// In which a sound from memory begins and ends, s.
const FADE_S: f32 = 0.005;

/// One sample of each channel; the second is 0 where there is one channel.
pub type Samples = [f32; 2];

/// What both ends of a recording know.
#[derive(Debug, Default)]
pub struct Counts {
    /// Channels that are recorded; 0 before the first sample.
    channels: AtomicU32,
    /// Samples for which there was no room.
    lost: AtomicU32,
}

/// The audio thread's end of a recording. Once it is gone, the stream that it recorded has ended.
#[derive(Debug)]
pub struct Tap {
    samples: Producer<Samples>,
    counts: Arc<Counts>,
}

/// The other end.
#[derive(Debug)]
pub struct Reel {
    samples: Consumer<Samples>,
    counts: Arc<Counts>,
}

/// Both ends of a recording of a stream of `rate_hz`.
pub fn recording(rate_hz: u32) -> (Tap, Reel) {
    let (producer, consumer) = RingBuffer::new((LATE_S * rate_hz) as usize);
    let counts = Arc::<Counts>::default();
    (Tap { samples: producer, counts: counts.clone() }, Reel { samples: consumer, counts })
}

impl Tap {
    /// Takes what comes in. Audio thread; never allocates, frees or waits.
    pub fn hear(&mut self, input: &[&[f32]]) {
        let (Some(left), right) = (input.first(), input.get(1)) else { return };
        self.counts.channels.store(if right.is_some() { 2 } else { 1 }, Ordering::Relaxed);
        for (at, left) in left.iter().enumerate() {
            if self.samples.push([*left, right.map_or(0.0, |right| right[at])]).is_err() {
                self.counts.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl Reel {
    /// What has come in since the last call, and in how many channels. Whether more can come.
    pub fn read(&mut self, mut take: impl FnMut(Samples)) -> bool {
        // In this order: what came before the end is read.
        let goes_on = !self.samples.is_abandoned();
        while let Ok(samples) = self.samples.pop() {
            take(samples);
        }
        goes_on
    }

    /// Channels that are recorded; None before the first sample.
    pub fn channels(&self) -> Option<u16> {
        Some(self.counts.channels.load(Ordering::Relaxed) as u16).filter(|channels| *channels > 0)
    }

    /// Samples that are missing because nobody read for seconds.
    pub fn lost(&self) -> u32 {
        self.counts.lost.load(Ordering::Relaxed)
    }
}

/// Where a sound from memory is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// In place of what comes in: it is played as a voice is.
    Input,
    /// In place of what goes out.
    Output,
}

/// How far a sound from memory has been played.
#[derive(Debug, Default)]
pub struct Along {
    at: AtomicU32,
    over: AtomicBool,
}

impl Along {
    /// Samples.
    pub fn at(&self) -> usize {
        self.at.load(Ordering::Relaxed) as usize
    }

    /// Whether it has come to its end, or was taken away.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

/// A sound from memory.
#[derive(Debug)]
pub struct Clip {
    samples: Arc<[f32]>,
    side: Side,
    at: usize,
    /// How much of it is heard, 0 to 1, and what that changes by in a sample.
    level: f32,
    fade: f32,
    along: Arc<Along>,
}

impl Clip {
    /// `samples`, at the rate of the stream, from the one at `from` on.
    pub fn new(samples: Arc<[f32]>, from: usize, side: Side, rate_hz: f32) -> Self {
        let along = Arc::new(Along { at: AtomicU32::new(from as u32), over: AtomicBool::new(from >= samples.len()) });
        Self { samples, side, at: from, level: 0.0, fade: 1.0 / (FADE_S * rate_hz).max(1.0), along }
    }

    /// How far it is; known after it has gone, too.
    pub fn along(&self) -> Arc<Along> {
        self.along.clone()
    }

    /// Where it is heard.
    pub fn side(&self) -> Side {
        self.side
    }

    /// Whether nothing is heard of it any more.
    pub fn is_silent(&self) -> bool {
        self.level == 0.0
    }

    /// Puts it in the place of what is in all `channels`, which are as long; where it is to `leave`, it goes. Audio thread.
    pub fn play(&mut self, channels: &mut [&mut [f32]], leave: bool) {
        for n in 0..channels.first().map_or(0, |channel| channel.len()) {
            let left = self.samples.len() - self.at;
            let ends = leave || (left as f32) * self.fade < self.level;
            self.level = (self.level + if ends { -self.fade } else { self.fade }).clamp(0.0, 1.0);
            let sample = self.samples.get(self.at).copied().unwrap_or(0.0);
            self.at += usize::from(left > 0);
            for channel in &mut *channels {
                channel[n] += self.level * (sample - channel[n]);
            }
        }
        self.along.at.store(self.at as u32, Ordering::Relaxed);
        if self.at == self.samples.len() {
            self.along.over.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for Clip {
    fn drop(&mut self) {
        self.along.over.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_is_read_in_its_order_to_its_end_and_what_is_lost_is_counted() {
        let (mut tap, mut reel) = recording(100);
        assert_eq!(reel.channels(), None);
        tap.hear(&[&[1.0, 2.0], &[3.0, 4.0]]);
        let mut heard = Vec::new();
        assert!(reel.read(|samples| heard.push(samples)));
        assert_eq!((heard.as_slice(), reel.channels()), ([[1.0, 3.0], [2.0, 4.0]].as_slice(), Some(2)));
        tap.hear(&[&[0.5; 500]]);
        assert_eq!((reel.channels(), reel.lost()), (Some(1), 100));
        drop(tap);
        heard.clear();
        assert!(!reel.read(|samples| heard.push(samples)));
        assert_eq!(heard, vec![[0.5, 0.0]; 400]);
    }

    #[test]
    fn a_sound_from_memory_begins_and_ends_without_a_click() {
        let samples: Arc<[f32]> = vec![1.0; 3000].into();
        let mut clip = Clip::new(samples, 0, Side::Output, 48_000.0);
        let along = clip.along();
        let mut heard = Vec::new();
        while !along.is_over() {
            let (mut left, mut right) = ([-1.0; 64], [-1.0; 64]);
            clip.play(&mut [&mut left, &mut right], false);
            assert_eq!(left, right);
            heard.extend(left);
        }
        let step = heard.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        assert!(step < 0.01 && heard[1500] == 1.0 && along.at() == 3000, "{step}");
        assert!(clip.is_silent());
        // Taken away in the middle.
        let mut clip = Clip::new(vec![1.0; 3000].into(), 1000, Side::Input, 48_000.0);
        let (mut on, mut off) = ([0.0; 480], [0.0; 480]);
        clip.play(&mut [&mut on], false);
        clip.play(&mut [&mut off], true);
        assert!(on[479] == 1.0 && off[0] > 0.99 && off[479] == 0.0 && clip.is_silent());
    }
}
