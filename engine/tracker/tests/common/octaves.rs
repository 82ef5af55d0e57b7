//! What a tracker makes of takes whose pitch is known.

use super::sung::{RATE, Take};
use std::iter::Sum;
use std::ops::Add;
use syrinx_tracker::{FRAME_RATE_HZ, FrameClock, LatencyMode, TrackerConfig};

/// A pitch further than this from the truth is another note, cents.
const SLIP_CENTS: f64 = 350.0;
/// A note's first and last part are no middle, s.
const BEGINNING_S: f64 = 0.1;
const END_S: f64 = 0.04;
/// Frames in a row that make a slip.
const SLIP_FRAMES: usize = 2;
/// Runs of frames with a pitch that are shorter than this are blips (20 ms).
const BLIP_FRAMES: usize = 5;

/// Times are in s.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    pub seconds: f64,
    /// Time in mid-note where the voice is at least as loud as all else.
    pub mid_note_s: f64,
    /// Time in mid-note where something else is louder, and that of it at a wrong pitch.
    pub buried_s: f64,
    pub buried_wrong_s: f64,
    /// Time in mid-note at a wrong pitch, and times that one began.
    pub wrong_s: f64,
    pub slips: f64,
    /// Time in mid-note without a pitch.
    pub missed_s: f64,
    pub sung_s: f64,
    /// Time with the right pitch to 50 and to 10 cents, at the moment that the tracker describes, and to 50 cents at the moment it says so.
    pub right_s: f64,
    pub exact_s: f64,
    pub right_now_s: f64,
    /// Sung time that has a pitch; time that nobody sings, and that of it with a pitch.
    pub recalled_s: f64,
    pub unsung_s: f64,
    pub false_s: f64,
    /// Runs of a pitch that last 20 ms or less.
    pub blips: f64,
    /// Notes that end in a pause, and time that they were held after it began.
    pub ends: f64,
    pub held_s: f64,
}

impl Count {
    pub fn slips_a_minute(&self) -> f64 {
        60.0 * self.slips / self.mid_note_s
    }
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            seconds: self.seconds + other.seconds,
            mid_note_s: self.mid_note_s + other.mid_note_s,
            buried_s: self.buried_s + other.buried_s,
            buried_wrong_s: self.buried_wrong_s + other.buried_wrong_s,
            wrong_s: self.wrong_s + other.wrong_s,
            slips: self.slips + other.slips,
            missed_s: self.missed_s + other.missed_s,
            sung_s: self.sung_s + other.sung_s,
            right_s: self.right_s + other.right_s,
            exact_s: self.exact_s + other.exact_s,
            right_now_s: self.right_now_s + other.right_now_s,
            recalled_s: self.recalled_s + other.recalled_s,
            unsung_s: self.unsung_s + other.unsung_s,
            false_s: self.false_s + other.false_s,
            blips: self.blips + other.blips,
            ends: self.ends + other.ends,
            held_s: self.held_s + other.held_s,
        }
    }
}

impl Sum for Count {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), Add::add)
    }
}

/// Tracks a take and compares it with the truth.
pub fn count(take: &Take, mode: LatencyMode) -> Count {
    let config = TrackerConfig { mode, ..Default::default() };
    // Live, pitch is read over some periods, and describes a moment a little before the one that the loudness does.
    let delay_s = if mode == LatencyMode::Live { 0.008 } else { super::delay_s(RATE, config) };
    let clock = FrameClock::new(RATE);
    let frame_s = 1.0 / f64::from(FRAME_RATE_HZ);
    let truth = |t: f64| if t < 0.0 { 0.0 } else { take.f0_hz.get((t * 1000.0).round() as usize).copied().unwrap_or(0.0) };
    let stands_out = take.stands_out();
    let mut count = Count::default();
    let (mut wrong, mut voiced) = (0, 0);
    // A note is held until it is silent once.
    let mut holds = false;
    for frame in super::track(RATE, config, &take.sound) {
        let now = clock.end_of(frame.frame) as f64 / f64::from(RATE);
        let (then, sung, sung_now) = (now - delay_s, truth(now - delay_s), truth(now));
        let sure = frame.confidence >= 0.5;
        let off = |hz: f64| super::cents(f64::from(frame.f0_hz).max(1.0), hz).abs();
        let add = |to: &mut f64, when: bool| *to += if when { frame_s } else { 0.0 };
        count.seconds += frame_s;
        add(&mut count.sung_s, sung > 0.0);
        add(&mut count.right_s, sung > 0.0 && off(sung) < 50.0);
        add(&mut count.exact_s, sung > 0.0 && off(sung) < 10.0);
        add(&mut count.right_now_s, sung_now > 0.0 && off(sung_now) < 50.0);
        add(&mut count.recalled_s, sung > 0.0 && sure);
        add(&mut count.unsung_s, sung == 0.0);
        add(&mut count.false_s, sung == 0.0 && sure);
        if sung > 0.0 && truth(then + frame_s) == 0.0 {
            count.ends += 1.0;
            holds = true;
        }
        holds &= sure && (sung == 0.0 || truth(then + frame_s) == 0.0);
        add(&mut count.held_s, holds);
        if !sure && (1..=BLIP_FRAMES).contains(&voiced) {
            count.blips += 1.0;
        }
        voiced = if sure { voiced + 1 } else { 0 };
        let mid_note = sung > 0.0 && take.notes.iter().any(|n| then > n.from_s + BEGINNING_S && then < n.to_s - END_S);
        let buried = mid_note && !stands_out.get((then * 1000.0).round() as usize).copied().unwrap_or(false);
        add(&mut count.buried_s, buried);
        add(&mut count.buried_wrong_s, buried && sure && off(sung) > SLIP_CENTS);
        let mid_note = mid_note && !buried;
        let slipped = mid_note && sure && off(sung) > SLIP_CENTS;
        add(&mut count.mid_note_s, mid_note);
        add(&mut count.missed_s, mid_note && !sure);
        add(&mut count.wrong_s, slipped);
        wrong = if slipped { wrong + 1 } else { 0 };
        if wrong == SLIP_FRAMES {
            count.slips += 1.0;
        }
    }
    count
}
