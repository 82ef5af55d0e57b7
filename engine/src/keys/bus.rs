//! What all notes together go through on their way out: the room of the recordings, the player's reverb, the gain, the guard. Audio thread; never allocates
//! after `new`.
//!
//! Here everything glides from the very sample at which it is set, over a time of its own, so that the host's blocks are not heard.

use crate::{
    Settings,
    guard::{Guard, limited},
    params::OFF_DB,
    reverb::{Reverb, ReverbParams},
    tone::gain,
};
use syrinx_synth::{Room, RoomParams};
use syrinx_tracker::FrameClock;

/// A gain on its way, straight, to where it was set.
#[derive(Clone, Copy, Debug)]
struct Glide {
    now: f32,
    target: f32,
    left: usize,
    over: usize,
}

impl Glide {
    fn at(value: f32, over: usize) -> Self {
        Self { now: value, target: value, left: 0, over }
    }

    fn set(&mut self, target: f32) {
        if target != self.target {
            (self.target, self.left) = (target, self.over);
        }
    }

    fn step(&mut self) -> f32 {
        if self.left > 0 {
            self.now += (self.target - self.now) / self.left as f32;
            self.left -= 1;
        }
        self.now
    }
}

/// The way out of one instrument.
pub struct Bus {
    room: Room,
    reverb: Reverb,
    guard: Guard,
    recorded: [Vec<f32>; 2],
    reverberated: [Vec<f32>; 2],
    room_params: RoomParams,
    reverb_params: ReverbParams,
    level: Glide,
    direct: Glide,
    reverb_level: Glide,
    /// Samples that a change takes.
    glide: usize,
    /// Peak of what has come to the guard.
    peak: f32,
}

impl Bus {
    /// For at most `longest` samples at a time.
    pub fn new(sample_rate_hz: u32, longest: usize) -> Self {
        let sides = || [vec![0.0; longest], vec![0.0; longest]];
        let glide = FrameClock::new(sample_rate_hz).max_len();
        Self {
            room: Room::new(sample_rate_hz, longest),
            reverb: Reverb::new(sample_rate_hz),
            guard: Guard::new(sample_rate_hz),
            recorded: sides(),
            reverberated: sides(),
            room_params: RoomParams::NONE,
            reverb_params: ReverbParams { size: 0.0, damping: 0.0 },
            level: Glide::at(1.0, glide),
            direct: Glide::at(1.0, glide),
            reverb_level: Glide::at(0.0, glide),
            glide,
            peak: 0.0,
        }
    }

    /// Peak of what has come to the guard since the last call, linear.
    pub fn take_peak(&mut self) -> f32 {
        std::mem::take(&mut self.peak)
    }

    /// Takes settings, from the next sample on, and the room that the instruments were recorded in.
    pub fn set(&mut self, settings: &Settings, recorded: RoomParams) {
        self.room_params = recorded.times(settings.room / 100.0);
        self.reverb_params = ReverbParams::of(settings);
        // Bypassed, an instrument is silent.
        let out = if settings.bypass { 0.0 } else { gain(settings.output_gain, OFF_DB) };
        self.level.set(out);
        self.direct.set(self.room_params.direct());
        self.reverb_level.set(out * settings.reverb_mix / 100.0);
    }

    /// The stream begins anew, and what is set has always been.
    pub fn reset(&mut self) {
        self.room.reset();
        self.reverb.reset();
        self.guard.reset();
        for glide in [&mut self.level, &mut self.direct, &mut self.reverb_level] {
            *glide = Glide::at(glide.target, glide.over);
        }
    }

    /// Samples for which the player's reverb sounds on.
    pub fn tail_samples(&self, settings: &Settings) -> usize {
        if settings.reverb_mix > 0.0 { self.reverb.tail_samples(ReverbParams::of(settings)) as usize } else { 0 }
    }

    /// Puts what all notes play into both sides.
    pub fn process(&mut self, played: &[f32], sides: [&mut [f32]; 2]) {
        let closing = self.reverb_level.left;
        if self.reverb_level.target == 0.0 && (1..=played.len()).contains(&closing) {
            let [left, right] = sides;
            let ((played, rest), (left, left_rest), (right, right_rest)) =
                (played.split_at(closing), left.split_at_mut(closing), right.split_at_mut(closing));
            self.process_on(played, [left, right]);
            // What the reverb still holds must not be heard when it is opened again.
            self.reverb.reset();
            self.process_on(rest, [left_rest, right_rest]);
        } else {
            self.process_on(played, sides);
        }
    }

    /// The same, while the reverb is open or shut all the time.
    fn process_on(&mut self, played: &[f32], sides: [&mut [f32]; 2]) {
        let len = played.len();
        let [left, right] = &mut self.recorded;
        self.room.process(self.room_params, self.glide, played, &mut left[..len], &mut right[..len]);
        let [left, right] = &mut self.reverberated;
        let reverberates = self.reverb_level.left > 0 || self.reverb_level.target > 0.0;
        if reverberates {
            self.reverb.process(self.reverb_params, self.glide, played, &mut left[..len], &mut right[..len]);
        }
        let [left, right] = sides;
        for (at, played) in played.iter().enumerate() {
            let (level, direct, reverb) = (self.level.step(), self.direct.step(), self.reverb_level.step());
            let side = |side: usize| {
                let reverberated = if reverberates { reverb * self.reverberated[side][at] } else { 0.0 };
                limited(level * (direct * played + self.recorded[side][at]) + reverberated)
            };
            let both = [side(0), side(1)];
            self.peak = both.iter().fold(self.peak, |peak, x| peak.max(x.abs()));
            [left[at], right[at]] = self.guard.sides(both);
        }
    }
}
