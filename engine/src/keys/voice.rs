//! One note as it sounds: its player and its line of sound, on a clock that starts with it. Audio thread; never allocates after `new`.

use super::{
    channel::{Channels, Own},
    performer::{Before, Draws, Join, Performer},
};
use crate::{
    Settings,
    block::Expression,
    mapping::SILENT,
    params::KeySettings,
    part::{Moment, Part},
};
use std::sync::Arc;
use syrinx_decoder::Model;
use syrinx_tracker::{Features, FrameClock};

/// A note that is taken away fades over this time, s.
const FADE_S: f32 = 0.005;

/// A key that was struck.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Strike {
    pub channel: usize,
    pub key: u8,
    /// How hard, 0 to 1.
    pub velocity: f32,
}

impl Strike {
    /// Whether it is of this key, or of any key of the channel.
    pub fn is_of(&self, channel: usize, key: Option<u8>) -> bool {
        self.channel == channel && key.is_none_or(|key| key == self.key)
    }
}

/// All that decides what a note is, besides settings and chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Start {
    pub strike: Strike,
    /// Its pitch, a MIDI note number with a fraction.
    pub note: f32,
    pub before: Before,
    /// Number of the note.
    pub order: u64,
}

/// One note at a time.
pub struct Voice {
    part: Part,
    performer: Performer,
    clock: FrameClock,
    frame: u64,
    /// The place in the present segment, and its end.
    at: usize,
    len: usize,
    /// Gain of the channel at the segment's beginning and end.
    gain: [f32; 2],
    /// What was struck, while it sounds.
    struck: Option<Strike>,
    /// Number of the note: later ones are greater.
    order: u64,
    /// The key is down; a pedal holds the note all the same.
    down: bool,
    sostenuto: bool,
    /// What it expresses for itself.
    own: Own,
    /// What it was asked to play last.
    played: Features,
    /// The bend that it had when it was let go, where its channel may be another note's since, semitones.
    left_at_st: Option<f32>,
    /// Samples of a fade that are left.
    fade: Option<usize>,
    fade_len: usize,
    /// The last sample that it gave.
    reached: f32,
}

impl Voice {
    pub fn new(sample_rate_hz: u32, seed: u64, palette: &[(u8, Arc<Model>)]) -> Self {
        Self {
            part: Part::new(sample_rate_hz, seed, palette),
            performer: Performer::new(),
            clock: FrameClock::new(sample_rate_hz),
            frame: 0,
            at: 0,
            len: 0,
            gain: [0.0; 2],
            struck: None,
            order: 0,
            down: false,
            sostenuto: false,
            own: Own::NOTHING,
            played: SILENT,
            left_at_st: None,
            fade: None,
            fade_len: (FADE_S * sample_rate_hz as f32).ceil() as usize,
            reached: 0.0,
        }
    }

    /// Is silent, and begins its streams of chance anew.
    pub fn reset(&mut self, settings: &Settings) {
        self.part.reset(settings);
        self.end();
    }

    fn end(&mut self) {
        (self.struck, self.fade, self.down, self.sostenuto) = (None, None, false, false);
        self.reached = 0.0;
        self.part.rest();
    }

    /// Begins a note, from this sample on.
    pub fn begin(&mut self, start: &Start, settings: &Settings, keys: &KeySettings, draws: &mut Draws) {
        self.part.begin_note();
        self.part.call(settings);
        if let Some(model) = self.part.leader(settings) {
            self.performer.begin(model.card(), start, keys, draws);
        }
        (self.struck, self.order, self.down, self.sostenuto) = (Some(start.strike), start.order, true, false);
        (self.frame, self.at, self.len, self.own) = (0, 0, 0, Own::of(start.strike.velocity));
        (self.left_at_st, self.fade) = (None, None);
        self.gain = [f32::NAN; 2];
    }

    /// Its pitch comes from elsewhere.
    pub fn join(&mut self, join: Join) {
        self.performer.join(join);
    }

    /// Goes on to another key of this pitch, on the same breath, bow or stroke.
    pub fn slur(&mut self, to: Strike, note: f32, settings: &Settings, keys: &KeySettings, draws: &mut Draws) {
        let glide_s = keys.glide_over(note - self.performer.note());
        if let Some(model) = self.part.leader(settings) {
            self.performer.slur(model.card(), note, glide_s, draws);
        }
        if let Some(struck) = &mut self.struck {
            (struck.key, struck.channel) = (to.key, to.channel);
        }
    }

    /// What was struck, while it sounds and is not being taken away.
    pub fn struck(&self) -> Option<Strike> {
        self.struck.filter(|_| self.fade.is_none())
    }

    /// Whether it is silent and free.
    pub fn is_free(&self) -> bool {
        self.struck.is_none()
    }

    /// Whether its key or a pedal holds it.
    pub fn is_held(&self) -> bool {
        self.struck().is_some() && !self.performer.is_released()
    }

    /// Whether its key is down.
    pub fn is_down(&self) -> bool {
        self.struck().is_some() && self.down
    }

    /// Number of its note.
    pub fn order(&self) -> u64 {
        self.order
    }

    /// How loud it is, dB.
    pub fn level_db(&self) -> f32 {
        self.performer.level_db()
    }

    /// Samples of its fade that are left; all of them where it does not fade.
    pub fn fade_left(&self) -> usize {
        self.fade.unwrap_or(usize::MAX)
    }

    /// The sostenuto pedal goes down, or up.
    pub fn catch(&mut self, caught: bool) {
        self.sostenuto = caught && self.down;
    }

    /// The key is let go; pedals may hold the note.
    pub fn let_go(&mut self) {
        self.down = false;
    }

    /// Ends a note whose key is up, unless a pedal holds it.
    pub fn settle(&mut self, channels: &Channels, keys: &KeySettings) {
        let held = self.struck.is_some_and(|s| self.down || self.sostenuto || channels.sustains(s.channel, keys));
        if !held {
            self.release(channels, keys);
        }
    }

    /// Ends a note, as an instrument does.
    pub fn release(&mut self, channels: &Channels, keys: &KeySettings) {
        (self.down, self.sostenuto) = (false, false);
        let Some(struck) = self.struck.filter(|_| !self.performer.is_released()) else { return };
        if channels.is_of_one_note(struck.channel, keys) {
            // The channel's next note bends another.
            self.left_at_st = Some(channels.touch(struck.channel, &self.own, keys).bend_st);
        }
        self.performer.release();
    }

    /// Another note begins.
    pub fn hurry_out(&mut self) {
        self.performer.hurry_out();
    }

    /// Whether it sounds as if bow or breath could go on from it to another note: it is held, or was let go less than so many seconds ago.
    pub fn leads_on(&self, within_s: f32) -> bool {
        self.struck().is_some() && self.performer.released_for().is_none_or(|s| s < within_s)
    }

    /// Takes the note away, silently.
    pub fn take_away(&mut self) {
        if self.len == 0 {
            // It has not sounded yet.
            self.end();
        } else if self.struck.is_some() {
            self.fade.get_or_insert(self.fade_len);
        }
    }

    /// Cuts the note off; the sample that it has reached.
    pub fn cut(&mut self) -> f32 {
        let reached = self.reached;
        self.end();
        reached
    }

    /// Takes what the note expresses for itself.
    pub fn express(&mut self, expression: Expression, value: f32) {
        self.own.express(expression, value);
    }

    /// What it was asked to play last.
    pub fn played(&self) -> Features {
        self.played
    }

    /// Adds its next samples to `bus`.
    pub fn add(&mut self, bus: &mut [f32], channels: &Channels, settings: &Settings, keys: &KeySettings) {
        let mut done = 0;
        while done < bus.len() {
            let Some(struck) = self.struck else { return };
            if self.at == self.len {
                if self.performer.is_over() {
                    self.end();
                    return;
                }
                self.play_frame(struck, channels, settings, keys);
            }
            let now = (self.len - self.at).min(bus.len() - done);
            let [from, to] = self.gain;
            let segment = &self.part.segment(self.len)[self.at..self.at + now];
            for (n, (sum, sample)) in bus[done..done + now].iter_mut().zip(segment).enumerate() {
                let t = (self.at + n + 1) as f32 / self.len as f32;
                let mut gain = from + t * (to - from);
                if let Some(left) = &mut self.fade {
                    *left = left.saturating_sub(1);
                    gain *= *left as f32 / self.fade_len as f32;
                }
                self.reached = gain * sample;
                *sum += self.reached;
            }
            self.at += now;
            done += now;
            if self.fade == Some(0) {
                self.end();
            }
        }
    }

    fn play_frame(&mut self, struck: Strike, channels: &Channels, settings: &Settings, keys: &KeySettings) {
        let channel = &channels.each[struck.channel];
        let mut touch = channels.touch(struck.channel, &self.own, keys);
        touch.bend_st = self.left_at_st.unwrap_or(touch.bend_st);
        let tilt_db_octave = channel.tilt_db_octave() + self.own.tilt_db_octave();
        let tilted = Settings { brightness: settings.brightness + tilt_db_octave, ..*settings };
        self.part.call(settings);
        let wish = self.performer.step(&touch, settings);
        self.played = wish.features;
        self.len = self.clock.len_of(self.frame);
        let moment = Moment { settings: &tilted, automation: None, colour_db: 0.0, len: self.len, end: 0 };
        self.part.play(&wish, &moment);
        self.frame += 1;
        self.at = 0;
        let before = self.gain[1];
        let gain = channel.gain() * self.own.gain();
        self.gain = [if before.is_nan() { gain } else { before }, gain];
    }

    /// Its line of sound.
    pub fn part(&self) -> &Part {
        &self.part
    }

    /// The same, to change it.
    pub fn part_mut(&mut self) -> &mut Part {
        &mut self.part
    }
}
