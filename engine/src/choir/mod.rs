//! The choir: instruments that play along with the lead, each by a rule of its own. Audio thread; never allocates after `new`.
//!
//! **In time.** Parts answer the frames that the lead answers, so they sound with it to the sample, and later by what is set. **In tune.** A part that goes along with the voice (an interval,
//! unison) does so with every slide; one that has notes of its own goes to another when the one note detector says that the voice has, and takes from the
//! voice how far it is beside its note, and its vibrato. **What is off costs nothing.**

mod harmony;
mod player;

pub use harmony::CHORDS;

use crate::{
    Settings,
    block::Message,
    frame_history::FrameHistory,
    instrument::{Instrument, Slot},
    keys::note_of,
    mapping::Wish,
    mixer::Wet,
    notes::Sung,
    params::{ChordFrom, OFF_DB, PARTS, PartSettings},
    snap::{scale_mask, turned},
    spectral_weights::SpectralWeights,
    tone::gain,
};
use harmony::{Harmony, HeldChord};
use player::{MOST_DELAY_S, Player, Seat};
use std::sync::Arc;
use syrinx_decoder::Model;
use syrinx_tracker::FrameClock;

/// Frames without a voice (60 ms) after which a note begins anew.
const BREATH_FRAMES: u32 = 15;
/// Within a phrase, another note counts after so many frames (16 ms).
const CHANGING_FRAMES: u32 = 4;
/// Before a note is known, it is the key nearest to the voice until that has gone so far, semitones.
const GUESS_ST: f32 = 0.8;
/// The transposition counts as another number of semitones where it is so far from the one that it was.
const TRANSPOSED_ST: f32 = 0.6;
/// Frames that half a swing of vibrato takes (8.3 to 3.5 Hz), and how many in a row are one; it is believed by this share a frame, and no wider than this, semitones.
const HALF_SWING: std::ops::RangeInclusive<u32> = 15..=36;
const SURE_SWINGS: u32 = 2;
const SURE_SHARE: f32 = 0.08;
const MOST_VIBRATO_ST: f32 = 0.8;
/// The lead's level goes to what is set by this share a frame.
const LEAD_SHARE: f32 = 0.4;

/// The lead in one frame, for those who go along with it.
pub struct Lead<'a> {
    pub settings: &'a Settings,
    /// Of all parts, and whether some are to be heard alone.
    pub parts: &'a [PartSettings; PARTS],
    pub solo: bool,
    pub sung: &'a Sung,
    /// Whether it has a pitch, and a phrase begins with this frame.
    pub voiced: bool,
    pub begins: bool,
    /// Its note as it is played; its pitch (MIDI) on a straight line, how far it is beside that, semitones, and as much of it as is vibrato for sure.
    pub key: i32,
    pub straight: f32,
    pub deviation: f32,
    pub vibrato: f32,
    /// The loudness setting, and how much louder the voice is than its level says, dB.
    pub loudness_db: f32,
    pub colour_db: f32,
    /// The position behind its last sample in the stream of settings.
    pub end: i64,
}

/// What a frame is, besides what is sung and wished for.
pub struct Frame {
    pub number: u64,
    /// Frames that it is behind what has come in.
    pub behind: u64,
    pub loudness_db: f32,
    pub colour_db: f32,
    pub len: usize,
    pub end: i64,
}

/// Tells vibrato from the turns of slides and consonants: it swings to and fro, half a swing in a time of its own.
#[derive(Clone, Copy, Debug, Default)]
struct Vibrato {
    /// How far the voice is beside a straight line, semitones.
    deviation: f32,
    /// Frames on this side of it, and half swings in a row that were those of a vibrato.
    half: u32,
    swings: u32,
    /// How sure it is, 0 to 1.
    sure: f32,
}

impl Vibrato {
    fn step(&mut self, deviation: f32) {
        self.half += 1;
        if (deviation < 0.0) != (self.deviation < 0.0) {
            self.swings = if HALF_SWING.contains(&self.half) { self.swings + 1 } else { 0 };
            self.half = 0;
        } else if self.half > *HALF_SWING.end() {
            self.swings = 0;
        }
        self.deviation = deviation;
        let wanted = if self.swings >= SURE_SWINGS { 1.0 } else { 0.0 };
        self.sure += SURE_SHARE * (wanted - self.sure);
    }

    /// The vibrato, semitones.
    fn sure(&self) -> f32 {
        self.sure * self.deviation.clamp(-MOST_VIBRATO_ST, MOST_VIBRATO_ST)
    }
}

/// Whether some part is to be heard alone.
fn any_solo(parts: &[PartSettings; PARTS]) -> bool {
    parts.iter().any(|part| part.solo && !part.rule.is_off())
}

/// All parts besides the lead.
pub struct Choir {
    players: Vec<Player>,
    chord: HeldChord,
    chords: FrameHistory<u16>,
    /// The key of each part.
    keys: [Option<i32>; PARTS],
    /// The lead's key, before the transposition, as it is known or guessed; frames without a voice, and for which the detector has had another; the last pitch and its vibrato.
    key: Option<i32>,
    gap: u32,
    changing: u32,
    straight: f32,
    vibrato: Vibrato,
    transposed: f32,
    /// Semitones by which its note is transposed.
    transposed_st: i32,
    /// Gain of the lead, as reached.
    lead_gain: f32,
    /// The latest that a part can be, samples.
    most_delay: usize,
    sides: [Vec<f32>; 2],
    /// Of both sides, with the lead: what rooms hear.
    sum: Vec<f32>,
    lead: Vec<f32>,
}

impl Choir {
    /// For every instrument of `palette`; chords that keys give are remembered for so many frames.
    pub fn new(sample_rate_hz: u32, seed: u64, palette: &[(u8, Arc<Model>)], frames: usize) -> Self {
        let longest = FrameClock::new(sample_rate_hz).max_len();
        // What is drawn for one player is drawn for no other.
        let player = |n: usize| Player::new(sample_rate_hz, seed.wrapping_add((n as u64 + 1) << 40), palette);
        let silence = || vec![0.0; longest];
        Self {
            players: (0..PARTS).map(player).collect(),
            chord: HeldChord::default(),
            chords: FrameHistory::new(frames, 0),
            keys: [None; PARTS],
            key: None,
            gap: u32::MAX,
            changing: 0,
            straight: 0.0,
            vibrato: Vibrato::default(),
            transposed: 0.0,
            transposed_st: 0,
            lead_gain: 1.0,
            most_delay: (MOST_DELAY_S * sample_rate_hz as f32).ceil() as usize,
            sides: [silence(), silence()],
            sum: silence(),
            lead: silence(),
        }
    }

    /// The stream begins anew; the chord of the keys stays.
    pub fn reset(&mut self, settings: &Settings) {
        self.players.iter_mut().for_each(|player| player.reset(settings));
        self.chords.fill(self.chord.notes());
        self.forget_lead();
        self.settle(settings);
    }

    /// What the lead plays next has nothing to do with what it has played.
    fn forget_lead(&mut self) {
        (self.keys, self.key, self.gap, self.changing) = ([None; PARTS], None, u32::MAX, 0);
        (self.vibrato, self.transposed_st) = (Vibrato::default(), 0);
    }

    /// As if `settings` had always been.
    pub fn settle(&mut self, settings: &Settings) {
        self.lead_gain = lead_gain(settings, any_solo(&settings.parts()));
    }

    /// Hears keys: the chord.
    pub fn hear(&mut self, message: Message) {
        match message {
            Message::NoteOn { key, velocity } if velocity > 0.0 => self.chord.press(key),
            Message::NoteOn { key, .. } | Message::NoteOff { key } => self.chord.release(Some(key)),
            Message::Choke(key) => self.chord.release(key),
            Message::Control { number: 120 | 123..=127, .. } => self.chord.release(None),
            _ => {}
        }
    }

    /// No key has been down.
    pub fn forget_chord(&mut self) {
        self.chord = HeldChord::default();
    }

    /// All keys go up.
    pub fn let_keys_go(&mut self) {
        self.chord.release(None);
    }

    /// [`Engine::weigh`](crate::Engine::weigh).
    pub fn weigh(&mut self, weights: &SpectralWeights) {
        self.players.iter_mut().for_each(|player| player.part_mut().weigh(weights));
    }

    /// Whether instruments that were replaced in a slot still fade.
    pub fn is_leaving(&self, slot: Slot) -> bool {
        self.players.iter().any(|player| player.part().is_leaving(slot))
    }

    /// Puts the copies of the player's own instrument, or none, into a slot where [`Choir::is_leaving`] says that there is room.
    pub fn install(&mut self, slot: Slot, mut own: Option<&mut Instrument>) {
        for player in &mut self.players {
            let copy = own.as_mut().and_then(|own| own.copies.pop());
            let _ = player.part_mut().install(slot, copy);
        }
    }

    /// One of a player's own instruments that have been replaced and are silent.
    pub fn retired(&mut self, slot: Slot) -> Option<Box<Instrument>> {
        self.players.iter_mut().find_map(|player| player.part_mut().retired(slot))
    }

    /// Frames that a network failed to answer with numbers.
    pub fn failed_frames(&self) -> u64 {
        self.players.iter().map(|player| player.part().failed_frames()).sum()
    }

    /// Samples for which parts sound on behind the lead.
    pub fn tail_samples(&self, settings: &Settings) -> usize {
        if settings.has_choir() { self.most_delay } else { 0 }
    }

    /// The pitch (MIDI) of each part as it sounds.
    pub fn pitches(&self) -> [Option<f32>; PARTS] {
        let mut pitches = [None; PARTS];
        for (part, pitch) in self.players.iter().filter_map(Player::playing) {
            pitches[part].get_or_insert(pitch);
        }
        pitches
    }

    /// Plays a segment beside the lead's, which is to play `wish`; what is heard of both, or none where it is the lead alone as it is.
    pub fn play(&mut self, lead: &[f32], sung: &Sung, wish: &Wish, settings: &Settings, frame: &Frame) -> Option<Wet<'_>> {
        let Frame { number, behind, len, end, .. } = *frame;
        self.chord.tick();
        self.chords.push(number, self.chord.notes());
        let parts = settings.parts();
        let solo = any_solo(&parts);
        let seats = seats(&parts);
        let wanted_gain = lead_gain(settings, solo);
        let is_alone = seats == [None; PARTS] && self.players.iter().all(Player::is_asleep);
        if is_alone && (wanted_gain, self.lead_gain) == (1.0, 1.0) {
            self.forget_lead();
            return None;
        }
        self.sides.iter_mut().for_each(|side| side[..len].fill(0.0));
        let (voiced, begins) = self.follow(sung, wish, settings);
        // Until there was a note, nobody has anything to play.
        if let Some(key) = self.key {
            let key = key + self.transposed_st;
            self.keys = harmony(key, settings, &parts, self.chords.back(behind)).keys(&self.keys);
            let lead = Lead {
                settings,
                parts: &parts,
                solo,
                sung,
                voiced,
                begins,
                key,
                straight: self.straight + self.transposed,
                deviation: self.vibrato.deviation,
                vibrato: self.vibrato.sure(),
                loudness_db: frame.loudness_db,
                colour_db: frame.colour_db,
                end,
            };
            for (player, seat) in self.players.iter_mut().zip(seats) {
                player.play(&lead, seat, &self.keys, &mut self.sides, len);
            }
        }
        let from = self.lead_gain;
        self.lead_gain = approach(from, wanted_gain);
        let [left, right] = &self.sides;
        for (at, sample) in lead.iter().enumerate() {
            let t = (at + 1) as f32 / len as f32;
            self.lead[at] = (from + t * (self.lead_gain - from)) * sample;
            self.sum[at] = self.lead[at] + 0.5 * (left[at] + right[at]);
        }
        Some(Wet { lead: &self.lead[..len], sides: Some([&left[..len], &right[..len]]), sum: &self.sum[..len] })
    }

    /// Finds the lead's note and how it goes about it: whether it has a pitch, and begins.
    fn follow(&mut self, sung: &Sung, wish: &Wish, settings: &Settings) -> (bool, bool) {
        let Some([pitch, glide]) = sung.pitch else {
            self.gap = self.gap.saturating_add(1);
            return (false, false);
        };
        let begins = self.gap > BREATH_FRAMES;
        self.gap = 0;
        // What the lead leaves of its vibrato and of what is beside the scale is the parts' own affair.
        let kept = settings.vibrato / 100.0 * (pitch - glide);
        self.transposed = note_of(wish.features.f0_hz, settings.a4) - kept - glide;
        self.straight = glide;
        self.vibrato.step(pitch - glide);
        let guess = || Some(glide.round() as i32);
        // What the detector thinks better of at once is no note for many.
        self.changing = if sung.key.map(i32::from) == self.key { 0 } else { self.changing + 1 };
        self.key = match (sung.key, self.key) {
            (Some(key), None) => Some(key.into()),
            (Some(key), _) if begins || self.changing > CHANGING_FRAMES => Some(key.into()),
            (Some(_), key) => key,
            (None, Some(key)) if !begins && (glide - key as f32).abs() < GUESS_ST => Some(key),
            (None, _) => guess(),
        };
        // By the note that the lead plays, where the voice is on its own: the scale that it is drawn to may have another.
        if let Some(key) = self.key.map(|key| key as f32).filter(|key| (glide - key).abs() < 0.5) {
            let transposed = glide + self.transposed - key;
            if (transposed - self.transposed_st as f32).abs() > TRANSPOSED_ST {
                self.transposed_st = transposed.round() as i32;
            }
        }
        (true, begins)
    }
}

/// What the parts go by.
fn harmony(lead: i32, settings: &Settings, parts: &[PartSettings; PARTS], keys: u16) -> Harmony {
    let chord = match settings.chord_from {
        ChordFrom::Keys => keys,
        // Kinds of later versions are played as the first.
        ChordFrom::Set => {
            let (_, notes) = CHORDS.get(usize::from(settings.chord_type)).unwrap_or(&CHORDS[0]);
            turned(*notes, settings.chord_root)
        }
    };
    Harmony {
        lead,
        root: settings.snap_key,
        scale: scale_mask(settings.snap_key, settings.snap_scale),
        chord,
        crossing: settings.choir_crossing,
        rules: parts.map(|part| (part.rule, part.step)),
    }
}

/// Who plays which part: each one player, and what more it wants of those who are left.
fn seats(parts: &[PartSettings; PARTS]) -> [Option<Seat>; PARTS] {
    let wanted = parts.map(|part| if part.rule.is_off() { 0 } else { part.players.max(1) });
    let mut seats = [None; PARTS];
    let mut free = wanted.iter().filter(|wanted| **wanted == 0).count();
    let of: [usize; PARTS] = std::array::from_fn(|part| {
        let more = wanted[part].saturating_sub(1).min(free);
        free -= more;
        wanted[part].min(1) + more
    });
    for part in 0..PARTS {
        if of[part] > 0 {
            seats[part] = Some(Seat { part, place: 0, of: of[part] });
        }
    }
    let mut chairs = (0..PARTS).filter(|chair| wanted[*chair] == 0);
    for part in 0..PARTS {
        for place in 1..of[part] {
            let Some(chair) = chairs.next() else { break };
            seats[chair] = Some(Seat { part, place, of: of[part] });
        }
    }
    seats
}

fn lead_gain(settings: &Settings, solo: bool) -> f32 {
    if solo { 0.0 } else { gain(settings.lead_level, OFF_DB) }
}

fn approach(from: f32, to: f32) -> f32 {
    let next = from + LEAD_SHARE * (to - from);
    if (next - to).abs() < 1e-4 { to } else { next }
}
