//! What is set of the choir: the parts that other instruments play with the lead.

use super::{
    ParamId,
    table::{Value, choice},
};

/// Parts besides the lead, and players of all of them together.
pub const PARTS: usize = 8;

/// What a part plays, by what is sung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartRule {
    /// Nothing.
    Off,
    /// So many semitones from it.
    Interval,
    /// So many steps of the scale from it.
    Degree,
    /// The chord's tone that is so many above or below it; at 0, the nearest.
    Chord,
    /// One note for all.
    Drone,
    /// The same, octaves apart.
    Unison,
    /// A rule of a later version, which this one keeps and plays nothing by.
    Later(u8),
}

impl PartRule {
    const ALL: [Self; 6] = [Self::Off, Self::Interval, Self::Degree, Self::Chord, Self::Drone, Self::Unison];
    pub(super) const NAMES: &'static [&'static str] = &["Off", "Interval", "Scale degree", "Chord tone", "Drone", "Unison"];

    /// Whether nothing is played.
    pub fn is_off(self) -> bool {
        matches!(self, Self::Off | Self::Later(_))
    }
}

impl Value for PartRule {
    fn number(self) -> f32 {
        match self {
            Self::Later(number) => number.into(),
            known => Self::ALL.iter().position(|rule| *rule == known).map_or(0.0, |at| at as f32),
        }
    }

    fn of(number: f32) -> Self {
        let number = number.round() as u8;
        Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::Later(number))
    }
}

/// Where the parts' chord comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChordFrom {
    /// It is set.
    Set,
    /// The keys (MIDI) that were last down together.
    Keys,
}

impl Value for ChordFrom {
    fn number(self) -> f32 {
        f32::from(self as u8)
    }

    fn of(number: f32) -> Self {
        choice(&[Self::Set, Self::Keys], number)
    }
}

/// How one part of the choir is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartSettings {
    /// What it plays.
    pub rule: PartRule,
    /// How far from what is sung, as the rule counts.
    pub step: i32,
    /// The number of its instrument; [`OWN_INSTRUMENT`](crate::OWN_INSTRUMENT) is the lead's.
    pub instrument: u8,
    /// How many play it.
    pub players: usize,
    /// How loud it is against the lead, dB.
    pub level_db: f32,
    /// From the left, -1, to the right, 1.
    pub pan: f32,
    /// How much later it plays, ms.
    pub delay_ms: f32,
    /// How far from the lead it is, 0 to 1.
    pub humanise: f32,
    /// Share of the voice's vibrato.
    pub vibrato: f32,
    /// From note to note, ms.
    pub glide_ms: f32,
    /// It is silent.
    pub mute: bool,
    /// All others are.
    pub solo: bool,
}

/// The rows of a part in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct PartRows {
    pub rule: ParamId,
    pub step: ParamId,
    pub instrument: ParamId,
    pub players: ParamId,
    pub level: ParamId,
    pub pan: ParamId,
    pub delay: ParamId,
    pub humanise: ParamId,
    pub vibrato: ParamId,
    pub glide: ParamId,
    pub mute: ParamId,
    pub solo: ParamId,
}
