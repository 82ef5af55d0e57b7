//! The notes that were sung in the last minutes, whether anybody played them or not: the audio thread writes, and any thread reads, without waiting.
//!
//! Each message lies in one atomic number, with its time, in a circle: what is new takes the place of what is oldest.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use syrinx_engine::Message;

/// Messages that are kept: some three minutes of singing without a pause, and more of any other, in 128 kB.
const KEPT: usize = 1 << 14;
/// Messages that may be written while they are read.
const MARGIN: u64 = 256;
/// A time in a message, s.
const TICK_S: f64 = 1e-4;
/// Between two bends and two of loudness within a note, s: as fine as is heard.
const BEND_S: f64 = 0.02;
const LOUDNESS_S: f64 = 0.04;
/// The controllers of expression and of a registered parameter's value, which is the wheel's range.
const EXPRESSION: u8 = 11;
const DATA: u8 = 6;
const RPN: [u8; 2] = [101, 100];
/// How often a host's song goes, quarter notes a minute, as long as it does not say.
const USUAL_TEMPO: f64 = 120.0;

/// A message of MIDI, and when it was sung, s.
pub type Timed = (f64, [u8; 3]);

/// The last notes.
pub struct Captured {
    slots: Box<[AtomicU64]>,
    /// Messages so far.
    written: AtomicU64,
    /// Of the host's song, quarter notes a minute; 0 before it says.
    tempo: AtomicU32,
    /// Whether a note is among them; and how far the wheel bends, semitones.
    has_notes: AtomicBool,
    range_st: AtomicU8,
}

impl Default for Captured {
    fn default() -> Self {
        let slots = (0..KEPT).map(|_| AtomicU64::new(0)).collect();
        Self {
            slots,
            written: AtomicU64::new(0),
            tempo: AtomicU32::new(0),
            has_notes: AtomicBool::new(false),
            range_st: AtomicU8::new(2),
        }
    }
}

/// The audio thread's end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Capture {
    /// Seconds of the streams that have been, and samples of the one that is.
    before_s: f64,
    samples: u64,
    /// What has moved within a note and is not written yet, and when the last was.
    bend: Thinned,
    loudness: Thinned,
}

/// A stream of values of which not every one is written.
#[derive(Clone, Copy, Debug, Default)]
struct Thinned {
    waiting: Option<Message>,
    written_s: f64,
}

impl Capture {
    /// Another stream begins.
    pub fn begin(&mut self, rate_hz: f64) {
        self.before_s += self.samples as f64 / rate_hz.max(1.0);
        self.samples = 0;
    }

    /// Writes what was sung at a sample of the block that is being played.
    pub fn sung(&mut self, to: &Captured, at: usize, message: Message, rate_hz: f64) {
        let time_s = self.before_s + (self.samples + at as u64) as f64 / rate_hz;
        match message {
            Message::Bend(_) => self.bend.waiting = Some(message),
            Message::Control { number: EXPRESSION, .. } | Message::Pressure(_) => self.loudness.waiting = Some(message),
            // It is written where the notes are.
            Message::Control { number: DATA, value } => {
                to.range_st.store((127.0 * value).round() as u8, Ordering::Relaxed);
                return;
            }
            Message::Control { number, .. } if RPN.contains(&number) => return,
            _ => {
                // A note begins as it is.
                for thinned in [&mut self.bend, &mut self.loudness] {
                    if let Some(waiting) = thinned.waiting.take() {
                        thinned.written_s = time_s;
                        write(to, time_s, waiting);
                    }
                }
                to.has_notes.fetch_or(matches!(message, Message::NoteOn { .. }), Ordering::Relaxed);
                write(to, time_s, message);
            }
        }
        for (thinned, least_s) in [(&mut self.bend, BEND_S), (&mut self.loudness, LOUDNESS_S)] {
            if time_s - thinned.written_s >= least_s
                && let Some(waiting) = thinned.waiting.take()
            {
                thinned.written_s = time_s;
                write(to, time_s, waiting);
            }
        }
    }

    /// The block is over.
    pub fn advance(&mut self, len: usize) {
        self.samples += len as u64;
    }
}

/// Writes a message that was sung at a time, s. Audio thread.
fn write(to: &Captured, time_s: f64, message: Message) {
    let Some([status, first, second]) = message.to_midi(0) else { return };
    let bytes = u64::from(u32::from_be_bytes([0, status, first, second]));
    let written = to.written.load(Ordering::Relaxed);
    to.slots[written as usize % KEPT].store(((time_s / TICK_S) as u64) << 24 | bytes, Ordering::Relaxed);
    to.written.store(written + 1, Ordering::Release);
}

impl Captured {
    /// A host says how fast its song goes.
    pub fn set_tempo(&self, quarters_per_minute: f64) {
        if quarters_per_minute.is_finite() && quarters_per_minute > 0.0 {
            self.tempo.store((quarters_per_minute as f32).to_bits(), Ordering::Relaxed);
        }
    }

    /// How fast the host's song goes, quarter notes a minute.
    pub fn tempo(&self) -> f64 {
        match f32::from_bits(self.tempo.load(Ordering::Relaxed)) {
            0.0 => USUAL_TEMPO,
            tempo => tempo.into(),
        }
    }

    /// Whether a note is among them.
    pub fn has_notes(&self) -> bool {
        self.has_notes.load(Ordering::Relaxed)
    }

    /// What was sung, from the beginning of the oldest note that is kept, at 0 s, and before it how far the wheel bends and what it stands at; every note ends.
    pub fn messages(&self) -> Vec<Timed> {
        let written = self.written.load(Ordering::Acquire);
        let from = written.saturating_sub(KEPT as u64);
        let numbers: Vec<u64> = (from..written).map(|n| self.slots[n as usize % KEPT].load(Ordering::Relaxed)).collect();
        // What has been written over meanwhile is of another time.
        let now = self.written.load(Ordering::Acquire);
        let lost = (now + MARGIN).saturating_sub(KEPT as u64).saturating_sub(from).min(numbers.len() as u64);
        let kept = if from == 0 && now == written { &numbers[..] } else { &numbers[lost as usize..] };
        let message = |number: &u64| {
            let [_, status, first, second] = (*number as u32 & 0xff_ffff).to_be_bytes();
            ((number >> 24) as f64 * TICK_S, [status, first, second])
        };
        let sung: Vec<Timed> = kept.iter().map(message).collect();
        let Some(first) = sung.iter().position(|(_, bytes)| bytes[0] & 0xf0 == 0x90) else { return Vec::new() };
        let start_s = sung[first].0;
        let range = [(RPN[0], 0), (RPN[1], 0), (DATA, self.range_st.load(Ordering::Relaxed))];
        let mut messages: Vec<Timed> = range.map(|(controller, value)| (0.0, [0xb0, controller, value])).to_vec();
        // The last of each kind.
        for status in [0xe0, 0xb0, 0xd0] {
            messages.extend(sung[..first].iter().rfind(|(_, bytes)| bytes[0] == status).map(|(_, bytes)| (0.0, *bytes)));
        }
        messages.extend(sung[first..].iter().map(|(time_s, bytes)| (time_s - start_s, *bytes)));
        let mut down = Vec::new();
        for (_, [status, key, _]) in &messages {
            match status & 0xf0 {
                0x90 => down.push(*key),
                0x80 => down.retain(|known| known != key),
                _ => {}
            }
        }
        let end_s = messages.last().map_or(0.0, |(time_s, _)| *time_s) + 0.1;
        messages.extend(down.into_iter().map(|key| (end_s, [0x80, key, 64])));
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(key: u8) -> Message {
        Message::NoteOn { key, velocity: 0.5 }
    }

    #[test]
    fn what_was_sung_is_kept_from_its_first_note_and_ends() {
        let (captured, mut capture) = (Captured::default(), Capture::default());
        assert!(captured.messages().is_empty() && !captured.has_notes());
        capture.begin(48_000.0);
        capture.advance(48_000);
        capture.sung(&captured, 10, Message::Bend(0.5), 48_000.0);
        capture.sung(&captured, 24_000, on(60), 48_000.0);
        capture.advance(48_000);
        // In another stream, at another rate.
        capture.begin(48_000.0);
        capture.sung(&captured, 0, Message::NoteOff { key: 60 }, 96_000.0);
        capture.sung(&captured, 48_000, on(62), 96_000.0);
        let messages = captured.messages();
        let expected = [
            // Two semitones, and where the wheel stood.
            (0.0, [0xb0, 101, 0]),
            (0.0, [0xb0, 100, 0]),
            (0.0, [0xb0, 6, 2]),
            (0.0, Message::Bend(0.5).to_midi(0).unwrap()),
            (0.0, [0x90, 60, 64]),
            (0.5, [0x80, 60, 64]),
            (1.0, [0x90, 62, 64]),
            (1.1, [0x80, 62, 64]),
        ];
        assert_eq!(messages.len(), expected.len());
        for ((time, bytes), (wanted, wanted_bytes)) in messages.iter().zip(expected) {
            assert!((time - wanted).abs() < 1e-3 && *bytes == wanted_bytes, "{messages:?}");
        }
    }

    #[test]
    fn the_oldest_make_room_and_bends_are_thinned_out() {
        let (captured, mut capture) = (Captured::default(), Capture::default());
        for n in 0..4000 {
            let key = 40 + (n % 50) as u8;
            capture.sung(&captured, 0, on(key), 48_000.0);
            for step in 1..25 {
                let bend = 0.01 * step as f32;
                capture.sung(&captured, 192 * step, Message::Bend(bend), 48_000.0);
            }
            capture.sung(&captured, 4800, Message::NoteOff { key }, 48_000.0);
            capture.advance(9600);
        }
        let messages = captured.messages();
        assert!((12_000..KEPT).contains(&messages.len()), "{}", messages.len());
        assert!(messages.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        let bends = messages.iter().filter(|(_, bytes)| bytes[0] == 0xe0).count();
        let notes = messages.iter().filter(|(_, bytes)| bytes[0] == 0x90).count();
        assert!((4 * notes..=6 * notes).contains(&bends), "{bends} bends of {notes} notes");
        // The last of a note is where it ends.
        let ends = messages.windows(2).filter(|pair| pair[1].1[0] == 0x80 && pair[0].1[0] == 0xe0);
        assert!(ends.clone().count() + 1 >= notes, "{} of {notes}", ends.count());
    }

    #[test]
    fn it_may_be_read_while_it_is_written() {
        let captured = Captured::default();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut capture = Capture::default();
                for n in 0..200_000_u32 {
                    let key = (n % 100) as u8;
                    capture.sung(&captured, 0, if n % 2 == 0 { on(key) } else { Message::NoteOff { key: key - 1 } }, 48_000.0);
                    capture.advance(5);
                }
            });
            for _ in 0..50 {
                let messages = captured.messages();
                assert!(messages.windows(2).all(|pair| pair[0].0 <= pair[1].0), "the new among the old");
            }
        });
    }

    #[test]
    fn the_tempo_is_the_hosts_where_it_says_one() {
        let captured = Captured::default();
        assert_eq!(captured.tempo(), USUAL_TEMPO);
        captured.set_tempo(97.5);
        [0.0, -3.0, f64::NAN].into_iter().for_each(|odd| captured.set_tempo(odd));
        assert_eq!(captured.tempo(), 97.5);
    }
}
