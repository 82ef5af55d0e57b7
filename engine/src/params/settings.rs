//! What is set of an instrument that a voice plays, and what its parts have in common with one that is played from notes.

use super::{
    KEYS, Kind, MAX_INSTRUMENT, OFF_DB, Param, SettingError,
    choir::{ChordFrom, PARTS, PartRows, PartRule, PartSettings},
    table::{Value, choice, finite},
};
use crate::{choir::CHORDS, snap::SCALES};
use syrinx_tracker::{LatencyMode, TrackerConfig};

impl Value for LatencyMode {
    fn number(self) -> f32 {
        match self {
            Self::Live => 0.0,
            Self::Studio => 1.0,
        }
    }

    fn of(number: f32) -> Self {
        if number >= 0.5 { Self::Studio } else { Self::Live }
    }
}

/// Who sustains a held note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SustainedBy {
    /// A plucked or struck instrument dies away of its own until the next note.
    Instrument,
    /// Every instrument follows the voice.
    Voice,
}

impl Value for SustainedBy {
    fn number(self) -> f32 {
        match self {
            Self::Instrument => 0.0,
            Self::Voice => 1.0,
        }
    }

    fn of(number: f32) -> Self {
        if number >= 0.5 { Self::Voice } else { Self::Instrument }
    }
}

/// Who gives the pitch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PitchFrom {
    /// The voice.
    Voice,
    /// Keys, where the voice gives loudness and breath.
    Keys,
}

impl Value for PitchFrom {
    fn number(self) -> f32 {
        match self {
            Self::Voice => 0.0,
            Self::Keys => 1.0,
        }
    }

    fn of(number: f32) -> Self {
        if number >= 0.5 { Self::Keys } else { Self::Voice }
    }
}

/// Who is given the voice's notes, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteOutput {
    /// Nobody.
    Off,
    /// All on the first channel of MIDI.
    OneChannel,
    /// MPE: each on a channel of its own, of fifteen.
    Mpe,
    /// Each expresses its bend and loudness for itself, as CLAP and VST3 have it; as MPE where there is MIDI only.
    Expressions,
    /// A way of a later version, which this one keeps and sends nothing in.
    Later(u8),
}

impl NoteOutput {
    const ALL: [Self; 4] = [Self::Off, Self::OneChannel, Self::Mpe, Self::Expressions];

    /// Whether nothing is sent.
    pub fn is_off(self) -> bool {
        matches!(self, Self::Off | Self::Later(_))
    }
}

impl Value for NoteOutput {
    fn number(self) -> f32 {
        match self {
            Self::Later(number) => number.into(),
            known => Self::ALL.iter().position(|way| *way == known).map_or(0.0, |at| at as f32),
        }
    }

    fn of(number: f32) -> Self {
        let number = number.round() as u8;
        Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::Later(number))
    }
}

/// What of the voice's pitch bends its notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteBend {
    /// Nothing: they are the keys they are.
    Off,
    /// All but the vibrato: slides, scoops, and what is out of tune.
    Glides,
    /// All.
    Full,
}

impl Value for NoteBend {
    fn number(self) -> f32 {
        f32::from(self as u8)
    }

    fn of(number: f32) -> Self {
        choice(&[Self::Off, Self::Glides, Self::Full], number)
    }
}

/// What the voice's loudness moves while a note lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteLoudness {
    /// Nothing.
    Off,
    /// Expression, controller 11.
    Expression,
    /// Pressure.
    Pressure,
}

impl Value for NoteLoudness {
    fn number(self) -> f32 {
        f32::from(self as u8)
    }

    fn of(number: f32) -> Self {
        choice(&[Self::Off, Self::Expression, Self::Pressure], number)
    }
}

const DECIBEL: Kind = Kind::Number { step: 0.1, logarithmic: false };
const PERCENT: Kind = Kind::Number { step: 0.1, logarithmic: false };
const HERTZ: Kind = Kind::Number { step: 0.1, logarithmic: true };
const WHOLE: Kind = Kind::Number { step: 1.0, logarithmic: false };
const TENTH: Kind = Kind::Number { step: 0.1, logarithmic: false };
const CENT: Kind = Kind::Number { step: 0.01, logarithmic: false };
/// A list of scales may grow up to here; the range of a parameter is for ever.
const MOST_SCALES: u8 = 32;
/// As may one of chords.
const MOST_CHORDS: u8 = 32;

/// Marks what is the session's.
const SESSION: bool = true;

/// The table, to which every part of the choir adds a group of the same rows. Each part is given by the ids of its rows.
macro_rules! with_parts {
    ([$($number:literal $group:literal: $rule:ident $step:ident $instrument:ident $players:ident $level:ident $pan:ident $delay:ident $humanise:ident
        $vibrato:ident $glide:ident $mute:ident $solo:ident;)+] $($table:tt)+) => {
        params! {
            $($table)+
            $($group {
                /// What the part plays, by what is sung: a fixed interval, a degree of the key and scale of the snap, a tone of the chord, a drone on the key,
                /// or the same note.
                $rule: PartRule, concat!("Part ", $number, " rule"), "", Kind::Choice(PartRule::NAMES), 0.0, 15.0, 0.0;
                /// How far from what is sung: semitones of an interval, steps of the scale (2 is a third), tones of the chord, semitones of a drone above the
                /// key's C3 to B3, octaves in unison.
                $step: f32, concat!("Part ", $number, " step"), "", WHOLE, -24.0, 24.0, 0.0;
                /// The instrument of the part, or the lead's.
                $instrument: u8, concat!("Part ", $number, " instrument"), "", Kind::Instrument, 0.0, MAX_INSTRUMENT as f32, MAX_INSTRUMENT as f32;
                /// Players of the part, who are never quite in step. All parts together have eight.
                $players: f32, concat!("Part ", $number, " players"), "", WHOLE, 1.0, 8.0, 1.0;
                /// How loud the part is against the lead, dB; the least value is off.
                $level: f32, concat!("Part ", $number, " level"), "dB", DECIBEL, OFF_DB, 12.0, 0.0;
                /// Where the part stands, from the left (-100) to the right.
                $pan: f32, concat!("Part ", $number, " pan"), "%", PERCENT, -100.0, 100.0, 0.0;
                /// How much later than the lead the part plays, ms.
                $delay: f32, concat!("Part ", $number, " delay"), "ms", TENTH, 0.0, 50.0, 0.0;
                /// How far the part is from the lead in timing, pitch and level, as people are who play together.
                $humanise: f32, concat!("Part ", $number, " humanise"), "%", PERCENT, 0.0, 100.0, 0.0;
                /// How much of the voice's vibrato the part plays.
                $vibrato: f32, concat!("Part ", $number, " vibrato"), "%", PERCENT, 0.0, 200.0, 100.0;
                /// How long the part takes from note to note, ms.
                $glide: f32, concat!("Part ", $number, " glide"), "ms", WHOLE, 0.0, 500.0, 0.0;
                /// Silences the part.
                $mute: bool, concat!("Part ", $number, " mute"), "", Kind::Switch, 0.0, 1.0, 0.0;
                /// Silences the lead and every part that is not solo.
                $solo: bool, concat!("Part ", $number, " solo"), "", Kind::Switch, 0.0, 1.0, 0.0;
            })+
        }

        /// The rows of each part of the choir.
        const PART_ROWS: [PartRows; PARTS] = [$(PartRows {
            rule: ParamId::$rule, step: ParamId::$step, instrument: ParamId::$instrument, players: ParamId::$players, level: ParamId::$level,
            pan: ParamId::$pan, delay: ParamId::$delay, humanise: ParamId::$humanise, vibrato: ParamId::$vibrato, glide: ParamId::$glide,
            mute: ParamId::$mute, solo: ParamId::$solo,
        }),+];

        impl Settings {
            /// How each part of the choir is set.
            pub fn parts(&self) -> [PartSettings; PARTS] {
                [$(PartSettings {
                    rule: self.$rule, step: self.$step as i32, instrument: self.$instrument, players: self.$players as usize, level_db: self.$level,
                    pan: self.$pan / 100.0, delay_ms: self.$delay, humanise: self.$humanise / 100.0, vibrato: self.$vibrato / 100.0,
                    glide_ms: self.$glide, mute: self.$mute, solo: self.$solo,
                }),+]
            }
        }
    };
}

with_parts! {
    [
        "1" "Part 1": part1_rule part1_step part1_instrument part1_players part1_level part1_pan part1_delay part1_humanise part1_vibrato part1_glide part1_mute part1_solo;
        "2" "Part 2": part2_rule part2_step part2_instrument part2_players part2_level part2_pan part2_delay part2_humanise part2_vibrato part2_glide part2_mute part2_solo;
        "3" "Part 3": part3_rule part3_step part3_instrument part3_players part3_level part3_pan part3_delay part3_humanise part3_vibrato part3_glide part3_mute part3_solo;
        "4" "Part 4": part4_rule part4_step part4_instrument part4_players part4_level part4_pan part4_delay part4_humanise part4_vibrato part4_glide part4_mute part4_solo;
        "5" "Part 5": part5_rule part5_step part5_instrument part5_players part5_level part5_pan part5_delay part5_humanise part5_vibrato part5_glide part5_mute part5_solo;
        "6" "Part 6": part6_rule part6_step part6_instrument part6_players part6_level part6_pan part6_delay part6_humanise part6_vibrato part6_glide part6_mute part6_solo;
        "7" "Part 7": part7_rule part7_step part7_instrument part7_players part7_level part7_pan part7_delay part7_humanise part7_vibrato part7_glide part7_mute part7_solo;
        "8" "Part 8": part8_rule part8_step part8_instrument part8_players part8_level part8_pan part8_delay part8_humanise part8_vibrato part8_glide part8_mute part8_solo;
    ]
    /// The values of all parameters, numbers in their units.
    Settings, ParamId, PARAMS;
    "Input" {
        /// Gain of the voice before anything listens to it, dB.
        input_gain: f32, "Input gain", "dB", DECIBEL, -24.0, 24.0, 0.0, SESSION;
        /// Voice below this A-weighted level, dB, fades to silence instead of being played.
        gate: f32, "Gate", "dB", DECIBEL, -100.0, -20.0, -65.0, SESSION;
        /// Lowest note of the voice, Hz: with the highest, it spares the tracker what is not sung, and makes it sooner and surer.
        voice_low: f32, "Lowest note", "Hz", HERTZ, TrackerConfig::DEFAULT_MIN_F0_HZ, TrackerConfig::MAX_F0_HZ, TrackerConfig::DEFAULT_MIN_F0_HZ, SESSION;
        /// Highest note of the voice, Hz. Where it is not above the lowest, every pitch is heard.
        voice_high: f32, "Highest note", "Hz", HERTZ, TrackerConfig::DEFAULT_MIN_F0_HZ, TrackerConfig::MAX_F0_HZ, TrackerConfig::MAX_F0_HZ, SESSION;
        /// Raises the gate to just above the noise of the room while nobody sings; off, the gate stays where it is set.
        auto_gate: bool, "Adaptive gate", "", Kind::Switch, 0.0, 1.0, 1.0, SESSION;
    }
    "Instrument" {
        /// The instrument that plays.
        instrument_a: u8, "Instrument A", "", Kind::Instrument, 0.0, MAX_INSTRUMENT as f32, 0.0;
        /// The instrument to morph to.
        instrument_b: u8, "Instrument B", "", Kind::Instrument, 0.0, MAX_INSTRUMENT as f32, 1.0;
        /// How far the sound has gone from instrument A to instrument B, per cent.
        morph: f32, "Morph", "%", PERCENT, 0.0, 100.0, 0.0;
    }
    "Pitch and loudness" {
        /// Transposition of the instrument against the voice, semitones.
        pitch_shift: f32, "Pitch shift", "st", CENT, -24.0, 24.0, 0.0;
        /// Who gives the pitch: the voice, or keys (MIDI), of which the last that is down counts, while the voice gives loudness and breath. Without a key it is silent.
        pitch_from: PitchFrom, "Pitch from", "", Kind::Choice(&["Voice", "Keys"]), 0.0, 1.0, 0.0;
        /// How much louder than the voice the instrument is played, dB: it sounds louder, and plays as if blown or bowed harder.
        loudness: f32, "Loudness", "dB", DECIBEL, -24.0, 24.0, 0.0;
        /// Plays the instrument as softly and as hard as it was recorded, however soft or loud the voice usually is. It sounds as loud as the
        /// voice all the same.
        auto_range: bool, "Auto range", "", Kind::Switch, 0.0, 1.0, 0.0;
        /// Transposes by whole octaves to where the instrument plays; a melody stays in one octave.
        octave_fit: bool, "Octave fit", "", Kind::Switch, 0.0, 1.0, 0.0;
        /// How much of the voice's vibrato is played, per cent: 100 as it is sung, 0 none; notes and slides between them stay.
        vibrato: f32, "Vibrato", "%", PERCENT, 0.0, 200.0, 100.0;
        /// How far notes are drawn to the scale, per cent; vibrato stays.
        snap: f32, "Pitch snap", "%", PERCENT, 0.0, 100.0, 0.0;
        /// Key of the scale that notes are drawn to.
        snap_key: u8, "Snap key", "", Kind::Choice(KEYS), 0.0, 11.0, 0.0;
        /// Scale that notes are drawn to.
        snap_scale: u8, "Snap scale", "", Kind::Choice(&SCALE_NAMES), 0.0, (MOST_SCALES - 1) as f32, 0.0;
        /// Pitch of A4, Hz, that scales and keys are tuned to.
        a4: f32, "A4", "Hz", HERTZ, 392.0, 466.0, 440.0, SESSION;
    }
    "Sound" {
        /// Gain of the instrument's harmonics, dB; the least value is off.
        harmonics: f32, "Harmonics", "dB", DECIBEL, OFF_DB, 12.0, 0.0;
        /// Gain of the instrument's noise, dB: the breath within its notes, and what it makes of breath and consonants, which is 10 dB softer
        /// than the notes around where this is 0. The least value is off.
        noise: f32, "Noise", "dB", DECIBEL, OFF_DB, 12.0, 0.0;
        /// How far the harmonics wander and the noise pulses with the pitch in a held note, and how much brighter loud is where the network does not know,
        /// against what was measured of the instrument, per cent: 100 is that, 0 as still as a machine.
        life: f32, "Life", "%", PERCENT, 0.0, 200.0, 100.0;
        /// How much of the room that the instrument was recorded in sounds, against what was measured of it, per cent: 100 is that, 0 is dry.
        room: f32, "Room", "%", PERCENT, 0.0, 200.0, 100.0;
        /// How much of the voice's own unpitched sound, its breath and consonants, passes, per cent.
        breath: f32, "Breath", "%", PERCENT, 0.0, 100.0, 0.0;
        /// Tilt of the harmonics about 1 kHz, dB per octave.
        brightness: f32, "Brightness", "dB/oct", DECIBEL, -6.0, 6.0, 0.0;
        /// Balance of the harmonics: -100 leaves the odd ones alone, +100 the even ones and the fundamental.
        even_odd: f32, "Even/odd", "%", PERCENT, -100.0, 100.0, 0.0;
        /// How softly notes begin: at 100 %, over 0.4 s.
        attack: f32, "Attack softness", "%", PERCENT, 0.0, 100.0, 0.0;
        /// Who sustains a held note: a plucked or struck instrument, which dies away of its own until the next note, or the voice. Others
        /// follow the voice anyway.
        sustain: SustainedBy, "Sustain", "", Kind::Choice(&["Instrument", "Voice"]), 0.0, 1.0, 0.0;
    }
    "Reverb" {
        /// Size of the room, per cent: 0.3 to 6 s of reverberation.
        reverb_size: f32, "Reverb size", "%", PERCENT, 0.0, 100.0, 40.0;
        /// How much faster the highs die away than the rest, per cent.
        reverb_damping: f32, "Reverb damping", "%", PERCENT, 0.0, 100.0, 50.0;
        /// Level of the room's answer, per cent.
        reverb_mix: f32, "Reverb mix", "%", PERCENT, 0.0, 100.0, 0.0;
    }
    "Notes" {
        /// Sends the notes that are sung to other instruments: on one channel of MIDI, as MPE, or as notes with expressions of their own (CLAP and VST3).
        note_output: NoteOutput, "Note output", "", Kind::Choice(&["Off", "One channel", "MPE", "Expressions"]), 0.0, 7.0, 0.0, SESSION;
        /// How long a pitch holds before it is a note, ms: little is soon, much is sure.
        note_react: f32, "React", "ms", WHOLE, 4.0, 40.0, 4.0, SESSION;
        /// How far past the border between two notes the voice has to go before the note changes, cents.
        note_stickiness: f32, "Stickiness", "cents", WHOLE, 0.0, 50.0, 20.0, SESSION;
        /// How long a note is held through a gap in the voice, ms.
        note_hold: f32, "Hold breath", "ms", WHOLE, 0.0, 300.0, 60.0, SESSION;
        /// A new syllable on the same pitch is a new note.
        note_retrigger: bool, "Retrigger", "", Kind::Switch, 0.0, 1.0, 1.0, SESSION;
        /// What of the voice's pitch bends the notes that are sent: nothing, all but vibrato, or all.
        note_bend: NoteBend, "Note bend", "", Kind::Choice(&["Off", "Glides", "Full"]), 0.0, 2.0, 2.0, SESSION;
        /// How far the wheel bends on one channel, semitones: as the instrument that receives it is set. MPE and expressions have 48.
        note_bend_range: f32, "Note bend range", "st", WHOLE, 1.0, 48.0, 2.0, SESSION;
        /// Sends the notes of the snap's key and scale alone.
        note_scale: bool, "Notes in scale", "", Kind::Switch, 0.0, 1.0, 0.0, SESSION;
        /// What the loudness of the voice moves while a note lasts: expression (controller 11) or pressure.
        note_loudness: NoteLoudness, "Note loudness", "", Kind::Choice(&["Off", "Expression", "Pressure"]), 0.0, 2.0, 1.0, SESSION;
        /// Octaves by which the notes that are sent are moved.
        note_octave: f32, "Note octave", "oct", WHOLE, -3.0, 3.0, 0.0, SESSION;
    }
    "Output" {
        /// Share of the instrument against the voice, in time with it, per cent.
        mix: f32, "Dry/wet", "%", PERCENT, 0.0, 100.0, 100.0;
        /// Gain of the output, dB; the least value is off.
        output_gain: f32, "Output gain", "dB", DECIBEL, OFF_DB, 24.0, 0.0;
        /// Passes the voice unchanged, as late as the instrument would be.
        bypass: bool, "Bypass", "", Kind::Switch, 0.0, 1.0, 0.0, SESSION;
        /// Live answers as early as can be; studio looks ahead, so that pitch is right from a note's first sample.
        latency_mode: LatencyMode, "Latency mode", "", Kind::Choice(&["Live", "Studio"]), 0.0, 1.0, 0.0, SESSION;
    }
    "Choir" {
        /// How loud the lead is, dB, against the parts of the choir; the least value is off.
        lead_level: f32, "Lead level", "dB", DECIBEL, OFF_DB, 12.0, 0.0;
        /// Whether the parts' chord is the one that is set, or that of the keys (MIDI) that were last down together.
        chord_from: ChordFrom, "Chord from", "", Kind::Choice(&["Set", "Keys"]), 0.0, 1.0, 0.0, SESSION;
        /// The root of the chord.
        chord_root: u8, "Chord root", "", Kind::Choice(KEYS), 0.0, 11.0, 0.0, SESSION;
        /// The kind of chord.
        chord_type: u8, "Chord type", "", Kind::Choice(&CHORD_NAMES), 0.0, (MOST_CHORDS - 1) as f32, 0.0, SESSION;
        /// Lets parts that play chord tones cross each other and the lead, where that moves them less.
        choir_crossing: bool, "Parts may cross", "", Kind::Switch, 0.0, 1.0, 0.0;
    }
}

const CHORD_NAMES: [&str; CHORDS.len()] = {
    let mut names = [""; CHORDS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = CHORDS[at].0;
        at += 1;
    }
    names
};

const SCALE_NAMES: [&str; SCALES.len()] = {
    let mut names = [""; SCALES.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = SCALES[at].0;
        at += 1;
    }
    names
};

impl ParamId {
    /// Whether it says how a voice is heard and followed, and so means nothing to [`Keys`](crate::Keys).
    pub const fn is_of_voice(self) -> bool {
        use ParamId::{
            auto_gate, auto_range, breath, gate, input_gain, latency_mode, mix, note_bend, note_bend_range, note_hold,
            note_loudness, note_octave, note_output, note_react, note_retrigger, note_scale, note_stickiness, octave_fit,
            pitch_from, snap, snap_key, snap_scale, sustain, voice_high, voice_low,
        };
        matches!(
            self,
            input_gain
                | gate
                | voice_low
                | voice_high
                | auto_gate
                | auto_range
                | octave_fit
                | pitch_from
                | snap
                | snap_key
                | snap_scale
                | breath
                | sustain
                | mix
                | latency_mode
                | note_output
                | note_react
                | note_stickiness
                | note_hold
                | note_retrigger
                | note_bend
                | note_bend_range
                | note_scale
                | note_loudness
                | note_octave
        ) || self.is_of_choir()
    }

    /// Whether it is of the choir, or of a part of it.
    pub const fn is_of_choir(self) -> bool {
        // They are the last of the table.
        self as usize >= Self::lead_level as usize
    }

    /// The rows of a part of the choir, of [`PARTS`].
    ///
    /// # Panics
    /// When there are not so many.
    pub fn part_rows(part: usize) -> &'static PartRows {
        &PART_ROWS[part]
    }
}

impl Settings {
    /// Whether any part of the choir plays.
    pub fn has_choir(&self) -> bool {
        self.parts().iter().any(|part| !part.rule.is_off())
    }

    /// Whether instruments that die away do so while the voice holds.
    pub(crate) fn sustains_as_instrument(&self) -> bool {
        self.sustain == SustainedBy::Instrument
    }
}
