//! One player of the choir: a line of sound that follows the lead at a distance, in its own time, place and tune. Audio thread; never allocates after `new`.

use super::Lead;
use crate::{
    OWN_INSTRUMENT, Settings,
    delay_line::DelayLine,
    keys::hz_of,
    mapping::Mapping,
    params::{OFF_DB, PARTS, PartRule, PartSettings},
    part::{Moment, Part},
    tone::gain,
};
use std::sync::Arc;
use syrinx_decoder::Model;
use syrinx_synth::White;
use syrinx_tracker::{FRAME_RATE_HZ, FrameClock};

/// The latest that a player can be, s: what can be set, and what people are.
pub const MOST_DELAY_S: f32 = 0.08;
/// How far a player is from the lead with every note at full humanise: at most so late, s; and spreads of pitch, cents, and level, dB.
///
/// Players of a section begin 30 to 50 ms apart (Rasch, Synchronization in performed ensemble music, Acustica 1979) and are 5 to 15 cents beside each other (Ternström, Sundberg, 1988).
const LATE_S: f32 = 0.025;
const CENTS: f32 = 7.0;
const LEVEL_DB: f32 = 1.2;
/// How the pitch drifts within a note: its spread, cents, and how soon it forgets where it was, s.
const DRIFT_CENTS: f32 = 4.0;
const DRIFT_S: f32 = 0.4;
/// Players of one part are at least so far from the lead.
const LEAST_OF_SECTION: f32 = 0.3;
/// Players of one part stand apart by so much of the stage, all together.
const SECTION_WIDTH: f32 = 0.6;
/// What is new in a player's tune glides in with this time constant, s, and in place and level with this one.
const TUNE_S: f32 = 0.06;
const GAIN_S: f32 = 0.008;
/// The shortest way from note to note of a part that does not go with the voice, time constant in s.
const SHORTEST_S: f32 = 0.012;
/// The way that is set ends after so many time constants.
const GLIDE_ENDS: f32 = 3.0;
/// How far a voice is beside its note, semitones, those go along who have notes of their own: no farther than this, with this time constant, s. Scoops and slides are the lead's.
const BESIDE_ST: f32 = 0.35;
const BESIDE_S: f32 = 0.15;
/// A gain under this is silence (-100 dB), and one delay goes over into another within this, s.
const SILENT: f32 = 1e-5;
const CROSS_S: f32 = 0.01;

/// What a player plays: a part, and which of its players it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    pub part: usize,
    pub place: usize,
    pub of: usize,
}

/// How this player differs from the lead, with this note.
#[derive(Clone, Copy, Debug, Default)]
struct Human {
    late_s: f32,
    cents: f32,
    level_db: f32,
}

/// One of the choir.
pub struct Player {
    part: Part,
    mapping: Mapping,
    white: White,
    seat: Option<Seat>,
    /// It sounds, or is about to.
    awake: bool,
    human: Human,
    drift_cents: f32,
    /// What of both is heard, cents.
    tuned_cents: f32,
    /// The key of its part; the one it is on its way to, as it is reached; and how far the voice is beside its own.
    key: Option<i32>,
    reached: f32,
    beside: f32,
    /// MIDI, of what it plays.
    pitch: f32,
    /// To the left and to the right, as reached.
    gains: [f32; 2],
    line: DelayLine,
    /// Samples played, and by how many of them it is late, and was.
    played: i64,
    late: i64,
    was_late: i64,
    /// Samples of the way from the one to the other that are left, of so many.
    crossing: usize,
    cross: usize,
    rate_hz: f32,
}

/// Whether a part goes along with the voice wherever it slides, rather than to notes of its own.
fn goes_along(rule: PartRule) -> bool {
    matches!(rule, PartRule::Interval | PartRule::Unison)
}

/// The share of the way that a frame goes with this time constant, s.
fn share(constant_s: f32) -> f32 {
    if constant_s > 0.0 { 1.0 - (-1.0 / (constant_s * FRAME_RATE_HZ as f32)).exp() } else { 1.0 }
}

impl Player {
    pub fn new(sample_rate_hz: u32, seed: u64, palette: &[(u8, Arc<Model>)]) -> Self {
        let rate_hz = sample_rate_hz as f32;
        Self {
            part: Part::new(sample_rate_hz, seed, palette),
            mapping: Mapping::new(),
            white: White::new(seed ^ 0x6368_6f69),
            seat: None,
            awake: false,
            human: Human::default(),
            drift_cents: 0.0,
            tuned_cents: 0.0,
            key: None,
            reached: 0.0,
            beside: 0.0,
            pitch: 0.0,
            gains: [0.0; 2],
            line: DelayLine::new((MOST_DELAY_S * rate_hz) as usize + FrameClock::new(sample_rate_hz).max_len()),
            played: 0,
            late: 0,
            was_late: 0,
            crossing: 0,
            cross: (CROSS_S * rate_hz) as usize,
            rate_hz,
        }
    }

    /// The stream begins anew.
    pub fn reset(&mut self, settings: &Settings) {
        self.part.reset(settings);
        self.white.reset();
        self.seat = None;
        self.sleep();
    }

    /// Plays no more, and costs nothing.
    fn sleep(&mut self) {
        self.awake = false;
        self.gains = [0.0; 2];
        self.key = None;
        self.part.rest();
        self.mapping.reset();
        self.line.reset();
        (self.played, self.late, self.was_late, self.crossing) = (0, 0, 0, 0);
        (self.drift_cents, self.tuned_cents, self.human) = (0.0, 0.0, Human::default());
    }

    pub fn part(&self) -> &Part {
        &self.part
    }

    pub fn part_mut(&mut self) -> &mut Part {
        &mut self.part
    }

    /// Which part it plays, and the pitch (MIDI), where it does.
    pub fn playing(&self) -> Option<(usize, f32)> {
        self.seat.filter(|_| self.awake && self.key.is_some()).map(|seat| (seat.part, self.pitch))
    }

    /// Whether it plays nothing.
    pub fn is_asleep(&self) -> bool {
        !self.awake
    }

    /// Whether it is to be heard.
    fn wants(&self, seat: Option<Seat>, lead: &Lead<'_>) -> bool {
        self.seat.filter(|_| seat == self.seat).is_some_and(|seat| {
            let set = &lead.parts[seat.part];
            !set.rule.is_off() && set.level_db > OFF_DB && !set.mute && (set.solo || !lead.solo)
        })
    }

    /// Plays one segment into both sides, where the parts have these keys. It takes the seat that it is given as soon as it is silent in the one that it has.
    pub fn play(
        &mut self,
        lead: &Lead<'_>,
        seat: Option<Seat>,
        keys: &[Option<i32>; PARTS],
        sides: &mut [Vec<f32>; 2],
        len: usize,
    ) {
        if !self.awake {
            self.seat = seat;
            if !self.wants(seat, lead) {
                return;
            }
            self.part.reset(lead.settings);
            self.awake = true;
        }
        let Some(own) = self.seat else { return };
        let key = keys[own.part];
        let set = lead.parts[own.part];
        let humanise = if own.of > 1 { set.humanise.max(LEAST_OF_SECTION) } else { set.humanise };
        let wanted = self.wants(seat, lead);
        // A note of its own begins where the key changes, or the voice does.
        if let Some(key) = key.filter(|key| lead.begins || self.key != Some(*key)) {
            self.begin(key, &set, humanise, lead);
        }
        if key.is_none() {
            self.key = None;
        }
        self.follow(&set, humanise, lead);
        let settings = self.settings(&set, lead.settings);
        self.part.call(&settings);
        let (target, ringing) = (self.part.target(&settings), self.part.ringing());
        let mut wish = self.mapping.map(lead.sung, &settings, target, ringing, 0.0, lead.loudness_db);
        wish.unshifted_hz = hz_of(self.pitch + 0.01 * self.tuned_cents, settings.a4);
        wish.features.f0_hz = wish.unshifted_hz;
        let moment = Moment { settings: &settings, automation: None, colour_db: lead.colour_db, len, end: lead.end };
        self.part.play(&wish, &moment);

        let level_db = set.level_db + humanise * self.human.level_db;
        let level = if wanted && self.key.is_some() { gain(level_db, OFF_DB) / (own.of as f32).sqrt() } else { 0.0 };
        self.sound(level, &set, own, humanise, sides, len);
        let silent = level == 0.0 && self.gains.iter().all(|gain| *gain < SILENT);
        if silent && !wanted {
            self.sleep();
        }
    }

    /// Another note.
    fn begin(&mut self, key: i32, set: &PartSettings, humanise: f32, lead: &Lead<'_>) {
        let goes_along = goes_along(set.rule);
        let beside = lead.straight - lead.key as f32;
        if lead.begins || self.key.is_none() {
            (self.reached, self.beside) = (key as f32, if goes_along { beside } else { 0.0 });
        } else if goes_along {
            // What is heard goes on from where it is.
            self.reached += self.beside - beside;
            self.beside = beside;
        }
        self.key = Some(key);
        if humanise > 0.0 {
            let mut draw = || self.white.draw();
            self.human = Human {
                late_s: LATE_S * (0.5 + 0.3 * draw()).clamp(0.0, 1.0),
                cents: CENTS * draw(),
                level_db: LEVEL_DB * draw(),
            };
        }
        if lead.begins {
            self.tuned_cents = humanise * self.human.cents;
        }
    }

    /// Goes on by one frame.
    fn follow(&mut self, set: &PartSettings, humanise: f32, lead: &Lead<'_>) {
        if let Some(key) = self.key.filter(|_| lead.voiced) {
            let beside = lead.straight - lead.key as f32;
            let (wanted, share_of_it, shortest_s) = if goes_along(set.rule) {
                (beside, 1.0, 0.0)
            } else if set.rule == PartRule::Drone {
                (0.0, share(BESIDE_S), SHORTEST_S)
            } else {
                (beside.clamp(-BESIDE_ST, BESIDE_ST), share(BESIDE_S), SHORTEST_S)
            };
            self.beside += share_of_it * (wanted - self.beside);
            self.reached += share((set.glide_ms / 1000.0 / GLIDE_ENDS).max(shortest_s)) * (key as f32 - self.reached);
            // All of the lead's ways, or the vibrato alone.
            let own_way = if goes_along(set.rule) { lead.deviation - lead.vibrato } else { 0.0 };
            self.pitch = self.reached + self.beside + own_way + set.vibrato * lead.vibrato;
        }
        if humanise > 0.0 {
            let keeps = 1.0 - share(DRIFT_S);
            self.drift_cents = keeps * self.drift_cents + (1.0 - keeps * keeps).sqrt() * DRIFT_CENTS * self.white.draw();
        }
        let wanted = humanise * (self.human.cents + self.drift_cents);
        self.tuned_cents += share(TUNE_S) * (wanted - self.tuned_cents);
    }

    /// The settings that its instrument is played with.
    fn settings(&self, set: &PartSettings, settings: &Settings) -> Settings {
        let mut own = Settings { octave_fit: false, snap: 0.0, vibrato: 100.0, pitch_shift: 0.0, ..*settings };
        if set.instrument != OWN_INSTRUMENT {
            (own.instrument_a, own.morph) = (set.instrument, 0.0);
        }
        own
    }

    /// Brings what was played to its place, in its time.
    fn sound(&mut self, level: f32, set: &PartSettings, seat: Seat, humanise: f32, sides: &mut [Vec<f32>; 2], len: usize) {
        self.part.segment(len).iter().for_each(|sample| self.line.push(*sample));
        let late_s = set.delay_ms / 1000.0 + humanise * self.human.late_s;
        let late = (late_s.min(MOST_DELAY_S) * self.rate_hz).round() as i64;
        if late != self.late && self.crossing == 0 {
            self.crossing = if self.gains == [0.0; 2] { 0 } else { self.cross };
            (self.was_late, self.late) = (self.late, late);
        }
        let apart = if seat.of > 1 { SECTION_WIDTH * (seat.place as f32 / (seat.of - 1) as f32 - 0.5) } else { 0.0 };
        // As loud everywhere, and in the middle as the lead is.
        let angle = std::f32::consts::FRAC_PI_4 * (1.0 + (set.pan + apart).clamp(-1.0, 1.0));
        let wanted = [angle.cos(), angle.sin()].map(|side| level * std::f32::consts::SQRT_2 * side);
        let from = self.gains;
        for (gain, wanted) in self.gains.iter_mut().zip(wanted) {
            *gain += share(GAIN_S) * (wanted - *gain);
            *gain = if wanted == 0.0 && *gain < SILENT { 0.0 } else { *gain };
        }
        let [left, right] = sides;
        for (at, (left, right)) in left[..len].iter_mut().zip(&mut right[..len]).enumerate() {
            let position = self.played + at as i64;
            let mut sample = self.line.get(position - self.late);
            if self.crossing > 0 {
                let old = self.crossing as f32 / self.cross as f32;
                sample += old * (self.line.get(position - self.was_late) - sample);
                self.crossing -= 1;
            }
            let t = (at + 1) as f32 / len as f32;
            *left += (from[0] + t * (self.gains[0] - from[0])) * sample;
            *right += (from[1] + t * (self.gains[1] - from[1])) * sample;
        }
        self.played += len as i64;
    }
}
