//! The sixteen channels of MIDI as their controllers stand. Audio thread; plain data.

use super::performer::Touch;
use crate::{
    block::Expression,
    params::{Dynamics, KeySettings, VibratoFrom},
};

/// Channels of MIDI.
pub const CHANNELS: usize = 16;
/// Semitones of the bend of a note's own channel in MPE, until a controller says otherwise; and of the whole zone.
const MPE_BEND_ST: f32 = 48.0;
const MPE_ZONE_BEND_ST: f32 = 2.0;
/// What the modulation wheel, or pressure, adds to the vibrato at its top, semitones.
const WHEEL_VIBRATO_ST: f32 = 0.5;
/// Pressure of a note's own, at its top, plays it harder by so much, dB.
const PRESSURE_DB: f32 = 8.0;
/// The soft pedal, dB.
const SOFT_DB: f32 = -6.0;
/// What expression, breath and volume are at their least, dB.
const LEAST_DB: f32 = -96.0;
/// Tilt of a note's harmonics, dB an octave, at the ends of MPE's third dimension.
const TIMBRE_DB_OCTAVE: f32 = 4.0;

/// The loudest volume of a note's own, linear, and its widest tuning, semitones: CLAP's.
const MOST_VOLUME: f32 = 4.0;
const MOST_TUNING_ST: f32 = 120.0;

/// Controllers that are understood, by number.
pub mod controller {
    pub const MODULATION: u8 = 1;
    pub const BREATH: u8 = 2;
    pub const DATA_COARSE: u8 = 6;
    pub const VOLUME: u8 = 7;
    pub const EXPRESSION: u8 = 11;
    pub const DATA_FINE: u8 = 38;
    pub const SUSTAIN: u8 = 64;
    pub const SOSTENUTO: u8 = 66;
    pub const SOFT: u8 = 67;
    pub const TIMBRE: u8 = 74;
    pub const NON_REGISTERED: [u8; 2] = [98, 99];
    pub const REGISTERED_FINE: u8 = 100;
    pub const REGISTERED_COARSE: u8 = 101;
    pub const ALL_SOUND_OFF: u8 = 120;
    pub const RESET_ALL: u8 = 121;
    pub const ALL_NOTES_OFF: u8 = 123;
    /// Omni and mono modes: they end all notes, too.
    pub const LAST_MODE: u8 = 127;
}

/// A registered parameter that bend and zones are set by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Registered {
    None,
    BendRange,
    MpeZone,
}

/// One channel.
#[derive(Clone, Copy, Debug)]
pub struct Channel {
    bend: f32,
    /// Semitones of its bend, where a controller has said.
    bend_st: Option<f32>,
    modulation: f32,
    breath: f32,
    expression: f32,
    volume: f32,
    pressure: f32,
    timbre: f32,
    pub sustain: bool,
    pub sostenuto: bool,
    pub soft: bool,
    registered: [u8; 2],
}

impl Channel {
    pub const RESET: Self = Self {
        bend: 0.0,
        bend_st: None,
        modulation: 0.0,
        breath: 1.0,
        expression: 1.0,
        volume: 1.0,
        pressure: 0.0,
        timbre: 0.5,
        sustain: false,
        sostenuto: false,
        soft: false,
        registered: [127; 2],
    };

    /// As after *reset all controllers*: volume and ranges stay.
    fn reset_controllers(&mut self) {
        *self = Self { volume: self.volume, bend_st: self.bend_st, ..Self::RESET };
    }

    /// Bends, -1 to 1.
    pub fn bend(&mut self, bend: f32) {
        self.bend = if bend.is_finite() { bend.clamp(-1.0, 1.0) } else { 0.0 };
    }

    /// Presses, 0 to 1.
    pub fn press(&mut self, pressure: f32) {
        self.pressure = unit(pressure);
    }

    /// Takes a controller's value, 0 to 1; pedals and modes are for whoever has the notes. Some: this many channels beside this one belong to an MPE zone now.
    pub fn control(&mut self, number: u8, value: f32) -> Option<u8> {
        let value = unit(value);
        let number_of = |value: f32| (127.0 * value).round() as u8;
        match number {
            controller::MODULATION => self.modulation = value,
            controller::BREATH => self.breath = value,
            controller::VOLUME => self.volume = value,
            controller::EXPRESSION => self.expression = value,
            controller::TIMBRE => self.timbre = value,
            controller::SUSTAIN => self.sustain = value >= 0.5,
            controller::SOSTENUTO => self.sostenuto = value >= 0.5,
            controller::SOFT => self.soft = value >= 0.5,
            controller::REGISTERED_COARSE => self.registered[0] = number_of(value),
            controller::REGISTERED_FINE => self.registered[1] = number_of(value),
            controller::RESET_ALL => self.reset_controllers(),
            controller::DATA_COARSE => match self.registered() {
                Registered::BendRange => self.bend_st = Some(f32::from(number_of(value)).min(96.0)),
                Registered::MpeZone => return Some(number_of(value).min(15)),
                Registered::None => {}
            },
            controller::DATA_FINE if self.registered() == Registered::BendRange => {
                let whole = self.bend_st.map_or(0.0, f32::floor);
                self.bend_st = Some((whole + f32::from(number_of(value).min(99)) / 100.0).min(96.0));
            }
            number if controller::NON_REGISTERED.contains(&number) => self.registered = [127; 2],
            _ => {}
        }
        None
    }

    fn registered(&self) -> Registered {
        match self.registered {
            [0, 0] => Registered::BendRange,
            [0, 6] => Registered::MpeZone,
            _ => Registered::None,
        }
    }

    /// Gain of its volume.
    pub fn gain(&self) -> f32 {
        self.volume * self.volume
    }

    /// What is added to the brightness of its notes, dB an octave.
    pub fn tilt_db_octave(&self) -> f32 {
        TIMBRE_DB_OCTAVE * (2.0 * self.timbre - 1.0)
    }
}

/// Below this, what says how hard notes are played fades them to silence: nobody blows who does not blow.
const HARDLY: f32 = 0.1;

/// What a note expresses for itself.
#[derive(Clone, Copy, Debug)]
pub struct Own {
    /// How hard it was struck, 0 to 1, or what has said it instead.
    struck: f32,
    bend_st: f32,
    vibrato: f32,
    effort: f32,
    timbre: f32,
    volume: f32,
    pressure: f32,
}

impl Own {
    pub const NOTHING: Self =
        Self { struck: 0.0, bend_st: 0.0, vibrato: 0.0, effort: 1.0, timbre: 0.5, volume: 1.0, pressure: 0.0 };

    /// Nothing yet, of a note that was struck so.
    pub fn of(struck: f32) -> Self {
        Self { struck, ..Self::NOTHING }
    }

    /// Takes an expression; what is no number is nothing new.
    pub fn express(&mut self, expression: Expression, value: f32) {
        if !value.is_finite() {
            return;
        }
        match expression {
            Expression::Volume => self.volume = value.clamp(0.0, MOST_VOLUME),
            Expression::Tuning => self.bend_st = value.clamp(-MOST_TUNING_ST, MOST_TUNING_ST),
            Expression::Vibrato => self.vibrato = unit(value),
            Expression::Effort => self.effort = unit(value),
            Expression::Brightness => self.timbre = unit(value),
            Expression::Pressure => self.pressure = unit(value),
        }
    }

    /// Gain of its own volume.
    pub fn gain(&self) -> f32 {
        self.volume
    }

    /// What is added to its brightness, dB an octave.
    pub fn tilt_db_octave(&self) -> f32 {
        TIMBRE_DB_OCTAVE * (2.0 * self.timbre - 1.0)
    }
}

/// A value from 0 to 1; what is no number is 0.
pub fn unit(value: f32) -> f32 {
    if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 }
}

/// 40 dB a decade, as General MIDI has it.
fn decibels(value: f32) -> f32 {
    (40.0 * value.log10()).max(LEAST_DB)
}

/// All channels.
#[derive(Clone, Copy, Debug)]
pub struct Channels {
    pub each: [Channel; CHANNELS],
    /// The master of the MPE zone that a controller has asked for.
    zone: Option<usize>,
}

impl Channels {
    pub const RESET: Self = Self { each: [Channel::RESET; CHANNELS], zone: None };

    /// Takes a controller's value on a channel.
    pub fn control(&mut self, channel: usize, number: u8, value: f32) {
        let members = self.each[channel].control(number, value);
        if let Some(members) = members.filter(|_| channel == 0 || channel == CHANNELS - 1) {
            self.zone = (members > 0).then_some(channel);
        }
    }

    /// The channel that speaks for all, where each note has one of its own.
    fn master(&self, keys: &KeySettings) -> Option<usize> {
        self.zone.or(keys.mpe.then_some(0))
    }

    /// Whether `channel` is one note's own.
    pub fn is_of_one_note(&self, channel: usize, keys: &KeySettings) -> bool {
        self.master(keys).is_some_and(|master| master != channel)
    }

    /// Whether the pedal holds notes of `channel`: its own, or that of the whole zone.
    pub fn sustains(&self, channel: usize, keys: &KeySettings) -> bool {
        self.each[channel].sustain || self.master(keys).is_some_and(|master| self.each[master].sustain)
    }

    /// Whether what is said on `channel` is for notes of all channels.
    pub fn is_for_all(&self, channel: usize, keys: &KeySettings) -> bool {
        self.master(keys) == Some(channel)
    }

    /// Semitones that notes of `channel` are bent by.
    pub fn bend_st(&self, channel: usize, keys: &KeySettings) -> f32 {
        self.touch(channel, &Own::NOTHING, keys).bend_st
    }

    /// How hard notes of `channel` are played now, 0 to 1, where that is not what their keys were struck with.
    pub fn dynamics(&self, channel: usize, pressure: f32, keys: &KeySettings) -> Option<f32> {
        let own = &self.each[channel];
        let all = self.master(keys).map_or(own, |master| &self.each[master]);
        match keys.dynamics_from() {
            Dynamics::Velocity => None,
            Dynamics::Wheel => Some(all.modulation),
            Dynamics::Breath => Some(all.breath),
            Dynamics::Expression => Some(all.expression),
            Dynamics::Pressure => Some(own.pressure.max(pressure)),
        }
    }

    /// What the controllers make of a note on `channel`, and what it expresses for itself.
    pub fn touch(&self, channel: usize, note: &Own, keys: &KeySettings) -> Touch {
        let own = &self.each[channel];
        let master = self.master(keys).filter(|master| *master != channel);
        let all = master.map_or(own, |master| &self.each[master]);
        let bend_st = match master {
            Some(_) => own.bend * own.bend_st.unwrap_or(MPE_BEND_ST) + all.bend * all.bend_st.unwrap_or(MPE_ZONE_BEND_ST),
            None => own.bend * own.bend_st.unwrap_or(keys.bend_range),
        };
        let pressure = own.pressure.max(note.pressure);
        // A note's own pressure is how hard it is played; that of a whole keyboard has always been vibrato.
        let pressed_harder = master.is_some() && keys.dynamics_from() != Dynamics::Pressure;
        let harder_db = if pressed_harder { PRESSURE_DB * pressure } else { 0.0 };
        let soft_db = if all.soft { SOFT_DB } else { 0.0 };
        // What says how hard notes are played says nothing else.
        let unless =
            |dynamics: Dynamics, value: f32, otherwise: f32| if keys.dynamics_from() == dynamics { otherwise } else { value };
        let softer_db = decibels(unless(Dynamics::Expression, all.expression, 1.0))
            + decibels(unless(Dynamics::Breath, all.breath, 1.0))
            + decibels(note.effort);
        let wheel = unless(Dynamics::Wheel, all.modulation, 0.0);
        let pressed = if master.is_some() { 0.0 } else { unless(Dynamics::Pressure, pressure, 0.0) };
        let vibrato = match keys.vibrato_source() {
            VibratoFrom::WheelOrPressure => wheel.max(pressed),
            VibratoFrom::Wheel => wheel,
            VibratoFrom::Pressure => pressed,
            VibratoFrom::Players => 0.0,
        };
        let played_db = self
            .dynamics(channel, note.pressure, keys)
            .map_or(0.0, |now| keys.harder_db(now) - keys.harder_db(note.struck) + decibels((now / HARDLY).min(1.0)));
        Touch {
            bend_st: bend_st + note.bend_st,
            effort_db: played_db + softer_db + harder_db + soft_db,
            vibrato_st: WHEEL_VIBRATO_ST * vibrato.max(note.vibrato),
        }
    }
}
