//! Fit: brings the voice, by whole octaves, to where an instrument plays, and its usual loudness to how hard it was played. Audio thread;
//! plain arithmetic on one frame, never allocates.

use syrinx_tracker::{FRAME_RATE_HZ, Features};

/// What counts as usual: the last so many frames, 4 s of loudness and 8 s of pitch.
const LOUDNESS_MEMORY: usize = 4 * FRAME_RATE_HZ as usize;
const PITCH_MEMORY: usize = 8 * FRAME_RATE_HZ as usize;

/// Pitch is remembered in quarter tones above this, Hz: under any voice.
const LOWEST_HZ: f32 = 20.0;
const PITCH_BINS: usize = 24 * 9;
/// A pitch within this of a note's, semitones, is the same note.
const NOTE_ST: f32 = 1.0;
/// A note's pitch follows the voice's by this share of the distance a frame.
const NOTE_PACE: f32 = 0.1;
/// So many frames of one note (80 ms) are surely one: they decide.
const NOTE_FRAMES: u32 = 20;
/// And so many of a glide (150 ms): whatever it is gliding to.
const GLIDE_FRAMES: u32 = 38;
/// Until then the octave is provisional, and chosen anew when the pitch has moved by this, semitones.
const PROVISIONAL_ST: f32 = 3.0;
/// Where a melody goes from a note of which nothing else is known: semitones from it, and how likely. Melodies begin rather in the lower
/// half of their range.
const MELODY: [(f32, f32); 9] =
    [(-9.0, 0.05), (-6.0, 0.08), (-3.0, 0.12), (-1.0, 0.15), (1.0, 0.18), (3.0, 0.16), (5.0, 0.12), (8.0, 0.09), (12.0, 0.05)];
/// That guess counts as much as so many frames of what was sung (2 s).
const GUESS_FRAMES: f32 = 2.0 * FRAME_RATE_HZ as f32;
/// An octave of transposition is worth lying outside the instrument's range by so much in the mean, semitones: a little beyond it, an
/// instrument still plays well.
const OCTAVE_COST_ST: f32 = 1.0;
/// A new instrument's octave is chosen when the voice has had no pitch for this many frames (52 ms): then nothing sounds that could leap.
const GAP_FRAMES: u32 = 13;
/// A decision is looked at again only in a gap this long, frames (300 ms): between phrases, not between syllables.
const PHRASE_GAP_FRAMES: u32 = 75;
/// And only when the voice lies outside the instrument's range by this in the mean, semitones, with no more than this share of it inside, ...
const LEFT_ST: f32 = 7.0;
const LEFT_INSIDE: f32 = 0.1;
/// ... another octave would mend so much of it, semitones, ...
const CLEARLY_ST: f32 = 6.0;
/// ... and that was so for this long, frames (4 s), ...
const LEFT_FRAMES: usize = 1000;
/// ... on so many different notes.
const LEFT_NOTES: usize = 3;
/// What is louder by this than all that was heard, dB, and elsewhere, is the voice; what came before, and was no louder than this, was the mains
/// or a neighbour.
const FAR_LOUDER_DB: f32 = 20.0;
const FAINT_DB: f32 = -45.0;
/// Frames (20 ms) for which it has to be.
const FAR_LOUDER_FRAMES: u32 = 5;
/// Most octaves of a transposition, either way.
const MOST_OCTAVES: i32 = 5;

/// Loudness is remembered in half decibels from this level, dB: softer is no singing.
const SOFTEST_DB: f32 = -90.0;
const LOUDNESS_BINS: usize = 2 * 120;
/// Frames at a note's beginning (60 ms) that say nothing of how loud it is.
const ATTACK_FRAMES: u32 = 15;
/// Frames of loudness before it is shifted.
const FEW_FRAMES: usize = 10;
/// Loudness is shifted by this much at most, dB.
pub const MOST_SHIFT_DB: f32 = 18.0;
/// And moves by this much at most, dB a second: it is heard as timbre, not as level.
pub const FASTEST_SHIFT_DB_S: f32 = 120.0;
/// Time constants of the shift, in seconds of voiced time: at first, and when it has settled. The latter is longer than a phrase, so that
/// a phrase keeps its swell.
const FIRST_S: f32 = 0.05;
const SETTLED_S: f32 = 12.0;
/// The time constant goes from the one to the other over this, seconds of voiced time.
const SETTLING_S: f32 = 7.0;
/// From here on in a note (0.3 s) the shift moves by this at most, dB, until another note begins: what is held sounds held.
const HELD_FRAMES: u32 = 75;
const HELD_DB: f32 = 0.8;

const FRAME_S: f32 = 1.0 / FRAME_RATE_HZ as f32;

/// What the instrument was trained on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitTarget {
    /// Lowest and highest pitch, Hz.
    pub pitch_range_hz: [f32; 2],
    /// 5th and 95th percentile of A-weighted loudness, dB.
    pub loudness_range_db: [f32; 2],
}

impl FitTarget {
    /// Takes everything as it is: where there is no instrument.
    pub const ANY: Self = Self { pitch_range_hz: [0.0, f32::INFINITY], loudness_range_db: [f32::NEG_INFINITY, f32::INFINITY] };
}

/// Which of the fits are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AutoRangeSettings {
    /// Shifts loudness.
    pub auto_range: bool,
    /// Transposes by octaves.
    pub octave_fit: bool,
}

/// What to add to the voice.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shift {
    /// Transposition, a multiple of 12.
    pub semitones: f32,
    /// Shift of the loudness that the instrument is played with, dB. It does not sound louder for it.
    pub loudness_db: f32,
}

impl Shift {
    /// Nothing.
    pub(crate) const NONE: Self = Self { semitones: 0.0, loudness_db: 0.0 };
}

/// Counts of the last `MEMORY` values: exact running percentiles, without sorting.
#[derive(Clone)]
struct Usual<const MEMORY: usize, const BINS: usize> {
    last: [u16; MEMORY],
    counts: [u16; BINS],
    len: usize,
    next: usize,
}

impl<const MEMORY: usize, const BINS: usize> Usual<MEMORY, BINS> {
    const fn new() -> Self {
        Self { last: [0; MEMORY], counts: [0; BINS], len: 0, next: 0 }
    }

    fn forget(&mut self) {
        self.counts.fill(0);
        (self.len, self.next) = (0, 0);
    }

    fn push(&mut self, bin: usize) {
        let bin = bin.min(BINS - 1);
        if self.len == MEMORY {
            self.counts[usize::from(self.last[self.next])] -= 1;
        } else {
            self.len += 1;
        }
        self.last[self.next] = bin as u16;
        self.counts[bin] += 1;
        self.next = (self.next + 1) % MEMORY;
    }

    /// The value, in bins, below which a share `q` of all lies.
    fn percentile(&self, q: f32) -> f32 {
        let wanted = q * self.len as f32;
        let mut below = 0.0;
        for (bin, &count) in self.counts.iter().enumerate() {
            let count = f32::from(count);
            if count > 0.0 && below + count >= wanted {
                return bin as f32 + (wanted - below) / count;
            }
            below += count;
        }
        0.0
    }
}

/// Where the octave has got to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Octave {
    /// Nothing was sung yet.
    Unknown,
    /// Chosen for a pitch, semitones above [`LOWEST_HZ`], that was not yet a note.
    Provisional(f32),
    /// Chosen for good.
    Decided,
    /// Chosen for another instrument, or switched off: to be chosen in the next gap.
    Stale,
}

/// Follows one voice, frame by frame.
#[derive(Clone)]
pub struct AutoRange {
    pitch: Usual<PITCH_MEMORY, PITCH_BINS>,
    loudness: Usual<LOUDNESS_MEMORY, LOUDNESS_BINS>,
    octave: Octave,
    octaves: i32,
    /// Pitch of the present note, semitones above [`LOWEST_HZ`], and frames that it has had.
    note_st: f32,
    note_frames: u32,
    /// The loudest frame of what counts as notes, dB.
    loudest_db: f32,
    shift_db: f32,
    /// The shift when the present note had settled.
    held_db: f32,
    /// Frames since the last one of a note, and frames of notes since the last gap.
    gap: u32,
    sung: u32,
    /// Seconds of voice since there was a new instrument to adapt to.
    adapting_s: f32,
    target: FitTarget,
}

impl AutoRange {
    /// Knows nothing of the voice yet.
    pub const fn new() -> Self {
        Self {
            pitch: Usual::new(),
            loudness: Usual::new(),
            octave: Octave::Unknown,
            octaves: 0,
            note_st: 0.0,
            note_frames: 0,
            loudest_db: f32::NEG_INFINITY,
            shift_db: 0.0,
            held_db: 0.0,
            gap: u32::MAX,
            sung: 0,
            adapting_s: 0.0,
            target: FitTarget::ANY,
        }
    }

    /// Forgets the voice.
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    /// What to add to the frame `voice`, for an instrument trained on `target`. What is not louder than `floor_db` is the room, and says
    /// nothing of the voice.
    ///
    /// **Octave fit**: the octave in which the melody that begins with the first note will probably lie in the instrument's range; of
    /// several, the nearest to the voice's own. A pitch is answered at once, provisionally; 80 ms of one note decide, and then the octave
    /// stays: whatever a melody does, it is played in one. It changes only between phrases, when what was sung of late lies well outside
    /// the instrument, on several notes, and another octave is clearly better. For a new instrument it is chosen in the next gap, from
    /// all that was sung of late. Switched off, the voice's own octave is back at once.
    ///
    /// **Auto range**: the middle between the 5th and 95th percentile of the voice's loudness is brought to the instrument's, by
    /// [`MOST_SHIFT_DB`] at most; quickly at first, then more slowly than a phrase, hardly at all within a held note, and only while the voice
    /// sounds. Switched off, it glides back.
    pub fn step(&mut self, voice: &Features, target: FitTarget, floor_db: f32, settings: AutoRangeSettings) -> Shift {
        if target != self.target {
            self.target = target;
            self.adapting_s = 0.0;
            self.unfit();
        }
        let voiced = voice.confidence >= 0.5 && voice.f0_hz.is_finite() && voice.f0_hz > 0.0;
        let sings = voiced && voice.loudness_db.is_finite() && voice.loudness_db > floor_db.max(SOFTEST_DB);
        let pitch_st = if voiced { 12.0 * (voice.f0_hz / LOWEST_HZ).log2() } else { 0.0 };
        if sings {
            self.hear(pitch_st, voice.loudness_db);
        } else {
            self.gap = self.gap.saturating_add(1);
            if self.gap >= GAP_FRAMES {
                (self.note_frames, self.sung) = (0, 0);
            }
        }
        if settings.octave_fit {
            self.choose(voiced.then_some(pitch_st), sings);
        } else {
            self.octaves = 0;
            self.unfit();
        }
        self.shift_loudness(sings, settings.auto_range);
        Shift { semitones: 12.0 * self.octaves as f32, loudness_db: self.shift_db }
    }

    /// The median of the pitches sung of late, semitones above [`LOWEST_HZ`].
    fn usual_st(&self) -> f32 {
        0.5 * self.pitch.percentile(0.5)
    }

    /// The octave was chosen for what is no more.
    fn unfit(&mut self) {
        self.octave = if self.pitch.len == 0 { Octave::Unknown } else { Octave::Stale };
    }

    /// Remembers a frame of a note.
    fn hear(&mut self, pitch_st: f32, loudness_db: f32) {
        let away = pitch_st - self.note_st;
        if self.note_frames > 0 && away.abs() <= NOTE_ST {
            self.note_st += NOTE_PACE * away;
            self.note_frames = self.note_frames.saturating_add(1);
        } else {
            (self.note_st, self.note_frames) = (pitch_st, 1);
        }
        self.gap = 0;
        self.sung = self.sung.saturating_add(1);
        let far_louder = self.pitch.len > 0 && self.loudest_db < FAINT_DB && loudness_db > self.loudest_db + FAR_LOUDER_DB;
        let elsewhere = || (pitch_st - self.usual_st()).abs() > PROVISIONAL_ST;
        if far_louder && self.note_frames >= FAR_LOUDER_FRAMES && elsewhere() {
            self.pitch.forget();
            self.loudness.forget();
            self.octave = Octave::Unknown;
            self.adapting_s = 0.0;
        }
        if !far_louder || self.pitch.len == 0 || self.note_frames >= NOTE_FRAMES {
            self.loudest_db = if self.pitch.len == 0 { loudness_db } else { self.loudest_db.max(loudness_db) };
        }
        self.pitch.push((2.0 * pitch_st).max(0.0) as usize);
        if self.sung > ATTACK_FRAMES {
            self.loudness.push((2.0 * (loudness_db - SOFTEST_DB)) as usize);
        }
    }

    /// Decides on the octave of a frame that has this pitch, if any, and may be of a note.
    fn choose(&mut self, pitch_st: Option<f32>, sings: bool) {
        if self.octave == Octave::Stale && self.gap >= GAP_FRAMES {
            self.octave = Octave::Decided;
            self.octaves = self.best(self.usual_st(), GUESS_FRAMES, OCTAVE_COST_ST);
        }
        match (self.octave, pitch_st) {
            (Octave::Unknown, Some(pitch_st)) => {
                self.octave = Octave::Provisional(pitch_st);
                self.octaves = self.best(pitch_st, GUESS_FRAMES, OCTAVE_COST_ST);
            }
            (Octave::Provisional(before_st), Some(pitch_st)) => {
                // Of a scoop up to a note the note counts.
                if (pitch_st - before_st).abs() > PROVISIONAL_ST {
                    self.octave = Octave::Provisional(pitch_st);
                    self.octaves = self.best(pitch_st, GUESS_FRAMES, OCTAVE_COST_ST);
                }
                if sings && (self.note_frames >= NOTE_FRAMES || self.sung >= GLIDE_FRAMES) {
                    self.octave = Octave::Decided;
                }
            }
            (Octave::Decided, _) if self.gap == PHRASE_GAP_FRAMES => {
                self.octaves = self.octaves_if_left().unwrap_or(self.octaves);
            }
            _ => {}
        }
    }

    /// Another octave, where what was sung of late lies so far outside the instrument that it is clearly better.
    fn octaves_if_left(&self) -> Option<i32> {
        let semitones = self.pitch.counts.as_chunks::<2>().0.iter().map(|[a, b]| u32::from(*a) + u32::from(*b));
        let notes = semitones.filter(|frames| *frames >= NOTE_FRAMES).count();
        let [low, high] = self.target.pitch_range_hz.map(|hz| 24.0 * (hz / LOWEST_HZ).log2() - 24.0 * self.octaves as f32);
        let inside = |bin: &usize| (low..=high).contains(&(*bin as f32 + 0.5));
        let inside: f32 = (0..PITCH_BINS).filter(inside).map(|bin| f32::from(self.pitch.counts[bin])).sum();
        // In a range narrower than an octave no melody lies well, and by chance better in one octave than in another.
        let clearly = CLEARLY_ST + 0.5 * (12.0 - 0.5 * (high - low)).max(0.0);
        let now = self.outside(self.octaves, 0.0, 0.0);
        // By what was sung alone; of equals, the fewest octaves.
        let best = self.best(0.0, 0.0, 0.01);
        let then = self.outside(best, 0.0, 0.0);
        let has_left = self.pitch.len >= LEFT_FRAMES
            && inside <= LEFT_INSIDE * self.pitch.len as f32
            && notes >= LEFT_NOTES
            && now >= LEFT_ST
            && now - then >= clearly;
        has_left.then_some(best)
    }

    /// How far outside the instrument's range, in the mean and in semitones, what was sung of late lies when it is transposed by
    /// `octaves`, and with the weight of `guess` frames a melody about `pitch_st`.
    fn outside(&self, octaves: i32, pitch_st: f32, guess: f32) -> f32 {
        let [low, high] = self.target.pitch_range_hz.map(|hz| 12.0 * (hz / LOWEST_HZ).log2());
        let shift = 12.0 * octaves as f32;
        let outside = |pitch_st: f32| (low - pitch_st - shift).max(pitch_st + shift - high).max(0.0);
        let guessed: f32 = MELODY.iter().map(|(away, likely)| likely * outside(pitch_st + away)).sum();
        let sung: f32 = (self.pitch.counts.iter().enumerate())
            .filter(|(_, count)| **count > 0)
            .map(|(bin, count)| f32::from(*count) * outside(0.5 * (bin as f32 + 0.5)))
            .sum();
        (guess * guessed + sung) / (guess + self.pitch.len as f32).max(1.0)
    }

    /// The best octave by [`AutoRange::outside`], where an octave of transposition costs `octave_st` more.
    fn best(&self, pitch_st: f32, guess: f32, octave_st: f32) -> i32 {
        let [low, high] = self.target.pitch_range_hz;
        // Neither an empty range nor one without numbers says anything.
        if !(low > 0.0 && low < high && high.is_finite()) {
            return 0;
        }
        let cost = |octaves: i32| self.outside(octaves, pitch_st, guess) + octave_st * octaves.abs() as f32;
        // Few octaves first, so that of equals the fewest win.
        let octaves = (1..=MOST_OCTAVES).flat_map(|n| [n, -n]);
        octaves.fold((0, cost(0)), |best, n| if cost(n) < best.1 { (n, cost(n)) } else { best }).0
    }

    fn shift_loudness(&mut self, sings: bool, on: bool) {
        let most = FASTEST_SHIFT_DB_S * FRAME_S;
        if !on {
            self.shift_db -= self.shift_db.clamp(-most, most);
            self.adapting_s = 0.0;
            return;
        }
        // The first frames of the first note are its attack, and say little of how loud the voice is.
        if !sings || self.loudness.len < FEW_FRAMES {
            return;
        }
        let [soft, loud] = self.target.loudness_range_db;
        let middle = 0.5 * (soft + loud);
        let usual = SOFTEST_DB + 0.25 * (self.loudness.percentile(0.05) + self.loudness.percentile(0.95));
        let wanted = if middle.is_finite() { (middle - usual).clamp(-MOST_SHIFT_DB, MOST_SHIFT_DB) } else { 0.0 };
        let settled = (self.adapting_s / SETTLING_S).min(1.0);
        self.adapting_s += FRAME_S;
        let time_s = FIRST_S * (SETTLED_S / FIRST_S).powf(settled);
        self.shift_db += ((wanted - self.shift_db) * FRAME_S / time_s).clamp(-most, most);
        if self.note_frames.min(self.sung) < HELD_FRAMES {
            self.held_db = self.shift_db;
        } else {
            self.shift_db = self.shift_db.clamp(self.held_db - HELD_DB, self.held_db + HELD_DB);
        }
    }
}

impl Default for AutoRange {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A violin, more or less.
    const VIOLIN: FitTarget = FitTarget { pitch_range_hz: [196.0, 2000.0], loudness_range_db: [-45.0, -15.0] };
    const BOTH: AutoRangeSettings = AutoRangeSettings { auto_range: true, octave_fit: true };
    const FLOOR_DB: f32 = -65.0;

    fn note(f0_hz: f32, loudness_db: f32) -> Features {
        Features { frame: 0, f0_hz, confidence: 0.9, loudness_db }
    }

    fn rest() -> Features {
        Features { frame: 0, f0_hz: 100.0, confidence: 0.1, loudness_db: -70.0 }
    }

    /// Holds one frame for `seconds` and returns the shift at the end.
    fn hold(fit: &mut AutoRange, voice: Features, target: FitTarget, seconds: f32) -> Shift {
        let mut shift = Shift::default();
        for _ in 0..(seconds / FRAME_S).round() as usize {
            shift = fit.step(&voice, target, FLOOR_DB, BOTH);
        }
        shift
    }

    /// Sings a melody, in semitones from `from_hz` and a tenth of a second a unit of length: each note is scooped up to and has vibrato, every
    /// third follows a consonant, and after every fifth is a breath. Tells every transposition that is heard, each change once.
    fn sing(fit: &mut AutoRange, target: FitTarget, from_hz: f32, melody: &[(f32, u32)]) -> Vec<f32> {
        let mut heard: Vec<f32> = Vec::new();
        for (n, (semitones, length)) in melody.iter().enumerate() {
            if n % 5 == 0 {
                hold(fit, rest(), target, 0.45);
            } else if n % 3 == 0 {
                hold(fit, rest(), target, 0.08);
            }
            for frame in 0..25 * length {
                let t = frame as f32 * FRAME_S;
                let scoop = -1.5 * (1.0 - t / 0.06).max(0.0);
                let vibrato = 0.5 * (std::f32::consts::TAU * 5.5 * t).sin() * (t / 0.3).min(1.0);
                let f0_hz = from_hz * ((semitones + scoop + vibrato) / 12.0).exp2();
                let loudness_db = -22.0 - 25.0 * (1.0 - t / 0.05).max(0.0);
                let shift = fit.step(&note(f0_hz, loudness_db), target, FLOOR_DB, BOTH);
                if heard.last() != Some(&shift.semitones) {
                    heard.push(shift.semitones);
                }
            }
        }
        heard
    }

    /// Lowest note, Hz, and semitones from it.
    const MELODIES: [(f32, &[f32]); 12] = [
        // Five notes of a low man, of a tenor, of an alto and of a soprano.
        (82.0, &[0.0, 2.0, 4.0, 5.0, 7.0, 5.0, 4.0, 2.0, 0.0, 0.0]),
        (147.0, &[7.0, 4.0, 0.0, 4.0, 7.0, 7.0, 5.0, 4.0, 2.0, 0.0]),
        (220.0, &[4.0, 4.0, 5.0, 7.0, 7.0, 5.0, 4.0, 2.0, 0.0, 2.0]),
        (523.0, &[0.0, 7.0, 5.0, 4.0, 2.0, 0.0, 7.0, 4.0, 0.0, 0.0]),
        // An octave and a little.
        (110.0, &[0.0, 12.0, 11.0, 7.0, 9.0, 11.0, 12.0, 5.0, 4.0, 0.0]),
        (171.0, &[3.0, 0.0, 5.0, 8.0, 12.0, 13.0, 10.0, 5.0, 1.0, 0.0]),
        (247.0, &[12.0, 7.0, 3.0, 0.0, 3.0, 7.0, 10.0, 14.0, 12.0, 7.0]),
        // From the top down and from the bottom up, an octave and a half.
        (98.0, &[19.0, 17.0, 16.0, 14.0, 12.0, 9.0, 7.0, 4.0, 2.0, 0.0]),
        (131.0, &[0.0, 4.0, 7.0, 9.0, 12.0, 14.0, 16.0, 19.0, 16.0, 12.0]),
        (196.0, &[0.0, 0.0, 0.0, 17.0, 0.0, 0.0, 19.0, 0.0, 17.0, 0.0]),
        // Two octaves, and one note.
        (165.0, &[0.0, 12.0, 24.0, 19.0, 16.0, 12.0, 7.0, 5.0, 12.0, 0.0]),
        (330.0, &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
    ];

    #[test]
    fn a_melody_is_played_in_one_octave_on_every_instrument() {
        let mut failures = Vec::new();
        for (_, model) in syrinx_models::factory() {
            let card = model.card();
            let target = FitTarget { pitch_range_hz: card.pitch_range_hz, loudness_range_db: card.loudness_range_db };
            let [low, high] = card.pitch_range_hz;
            for (number, (from_hz, melody)) in MELODIES.iter().enumerate() {
                let mut fit = AutoRange::new();
                let notes: Vec<(f32, u32)> =
                    melody.iter().cycle().take(30).enumerate().map(|(n, st)| (*st, 2 + (n * 7 % 5) as u32)).collect();
                let heard = sing(&mut fit, target, *from_hz, &notes);
                let what = format!("melody {number} on {} ({low:.0} to {high:.0} Hz)", card.id);
                if heard.len() != 1 {
                    failures.push(format!("{what} is heard at {heard:?}"));
                }
                // And not in just any: the first note may be the lowest or the highest, but a melody begins in the instrument.
                let outside = |octaves: i32| fit.outside(octaves, 0.0, 0.0);
                let least = (-MOST_OCTAVES..=MOST_OCTAVES).map(outside).fold(f32::MAX, f32::min);
                let now = outside(fit.octaves);
                if now > least + 9.0 {
                    failures.push(format!("{what} is {now:.1} semitones outside at {heard:?}, and could be {least:.1}"));
                }
            }
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }

    #[test]
    fn switched_off_it_adds_exactly_nothing() {
        let mut fit = AutoRange::new();
        for n in 0..3000 {
            let voice = if n % 300 < 250 { note(60.0, -60.0) } else { rest() };
            assert_eq!(fit.step(&voice, VIOLIN, FLOOR_DB, AutoRangeSettings::default()), Shift::default());
        }
    }

    #[test]
    fn a_first_frame_is_answered_for_the_melody_that_it_probably_begins() {
        // A melody from 200 Hz would leave the range downwards at once.
        for (f0_hz, semitones) in
            [(440.0, 0.0), (240.0, 0.0), (200.0, 12.0), (110.0, 12.0), (66.0, 24.0), (2500.0, -12.0), (40.0, 36.0)]
        {
            let mut fit = AutoRange::new();
            hold(&mut fit, rest(), VIOLIN, 1.0);
            assert_eq!(fit.step(&note(f0_hz, -30.0), VIOLIN, FLOOR_DB, BOTH).semitones, semitones, "{f0_hz} Hz");
            assert_eq!(hold(&mut fit, note(f0_hz, -30.0), VIOLIN, 1.0).semitones, semitones, "{f0_hz} Hz");
        }
    }

    #[test]
    fn eighty_milliseconds_of_one_note_decide() {
        let mut fit = AutoRange::new();
        assert_eq!(hold(&mut fit, note(60.0, -30.0), VIOLIN, 0.06).semitones, 24.0, "an octave or two too low at first");
        assert_eq!(hold(&mut fit, note(240.0, -30.0), VIOLIN, 0.06).semitones, 0.0);
        assert_eq!(hold(&mut fit, note(240.0, -30.0), VIOLIN, 0.06).semitones, 0.0);
        assert_eq!(hold(&mut fit, note(60.0, -30.0), VIOLIN, 1.0).semitones, 0.0, "and later no more");
    }

    #[test]
    fn the_mains_do_not_decide() {
        for hum_db in [-80.0, -55.0] {
            for gap_s in [0.0, 0.2] {
                let mut fit = AutoRange::new();
                hold(&mut fit, note(50.0, hum_db), VIOLIN, 3.0);
                hold(&mut fit, rest(), VIOLIN, gap_s);
                assert_eq!(hold(&mut fit, note(240.0, -25.0), VIOLIN, 0.1).semitones, 0.0, "a hum at {hum_db} dB");
                // Between phrases it is heard again.
                hold(&mut fit, note(50.0, hum_db), VIOLIN, 2.0);
                assert_eq!(hold(&mut fit, note(260.0, -25.0), VIOLIN, 0.1).semitones, 0.0, "a hum at {hum_db} dB");
            }
        }
    }

    #[test]
    fn no_single_note_changes_the_octave() {
        let mut fit = AutoRange::new();
        assert_eq!(hold(&mut fit, note(440.0, -30.0), VIOLIN, 1.0).semitones, 0.0);
        hold(&mut fit, rest(), VIOLIN, 1.0);
        assert_eq!(hold(&mut fit, note(80.0, -30.0), VIOLIN, 9.0).semitones, 0.0);
        assert_eq!(hold(&mut fit, rest(), VIOLIN, 1.0).semitones, 0.0);
    }

    #[test]
    fn a_voice_that_has_left_the_instrument_is_followed_between_phrases() {
        let mut fit = AutoRange::new();
        assert_eq!(sing(&mut fit, VIOLIN, 330.0, &[(0.0, 5), (4.0, 5), (7.0, 5), (5.0, 5), (0.0, 5)]), [0.0]);
        // Another singer, two octaves lower.
        let low: Vec<(f32, u32)> = [0.0, 4.0, 7.0, 5.0].iter().cycle().take(40).map(|st| (*st, 4)).collect();
        let heard = sing(&mut fit, VIOLIN, 82.0, &low);
        assert_eq!(heard, [0.0, 24.0]);
    }

    #[test]
    fn a_range_narrower_than_a_melody_does_not_flap() {
        for width in [3.0, 7.0, 12.0_f32] {
            let narrow = FitTarget { pitch_range_hz: [220.0, 220.0 * (width / 12.0).exp2()], ..VIOLIN };
            for (from_hz, melody) in MELODIES {
                let mut fit = AutoRange::new();
                let notes: Vec<(f32, u32)> = melody.iter().cycle().take(100).map(|st| (*st, 4)).collect();
                let heard = sing(&mut fit, narrow, from_hz, &notes);
                assert_eq!(heard.len(), 1, "{from_hz} Hz on {width} semitones: {heard:?}");
            }
        }
    }

    #[test]
    fn a_new_instrument_is_fitted_in_the_next_gap_to_what_was_sung() {
        let bass = FitTarget { pitch_range_hz: [41.0, 200.0], ..VIOLIN };
        let mut fit = AutoRange::new();
        hold(&mut fit, note(440.0, -30.0), VIOLIN, 2.0);
        assert_eq!(hold(&mut fit, note(440.0, -30.0), bass, 2.0).semitones, 0.0);
        assert_eq!(hold(&mut fit, rest(), bass, 0.1).semitones, -24.0);
        // At once where nothing sounds.
        hold(&mut fit, rest(), bass, 1.0);
        assert_eq!(fit.step(&rest(), VIOLIN, FLOOR_DB, BOTH).semitones, 0.0);
    }

    #[test]
    fn a_soft_voice_and_a_loud_one_meet_the_middle_of_the_range() {
        for (voice_db, wanted) in [(-40.0, 10.0), (-20.0, -10.0), (-60.0, 18.0), (20.0, -18.0), (-30.0, 0.0)] {
            let mut fit = AutoRange::new();
            let mut before = 0.0;
            for _ in 0..2500 {
                let shift = fit.step(&note(440.0, voice_db), VIOLIN, FLOOR_DB, BOTH).loudness_db;
                assert!((shift - before).abs() <= FASTEST_SHIFT_DB_S * FRAME_S * 1.001, "from {before} to {shift} dB in a frame");
                before = shift;
            }
            assert!((before - wanted).abs() < 1.0, "a voice at {voice_db} dB is shifted by {before} dB");
        }
    }

    #[test]
    fn a_steady_note_is_settled_after_three_tenths_of_a_second() {
        for (attack_s, voice_db) in [(0.02, -40.0), (0.2, -12.0), (0.1, -60.0)] {
            let mut fit = AutoRange::new();
            let shift = |fit: &mut AutoRange, n: usize| {
                let rise = (1.0 - n as f32 * FRAME_S / attack_s).max(0.0);
                fit.step(&note(220.0, voice_db - 30.0 * rise), VIOLIN, FLOOR_DB - 40.0, BOTH).loudness_db
            };
            let first: Vec<f32> = (0..2500).map(|n| shift(&mut fit, n)).collect();
            let settled = first[75];
            assert!(first[75..].iter().all(|db| (db - settled).abs() < 1.0), "from {settled} to {} dB", first[2499]);
        }
    }

    #[test]
    fn a_phrase_keeps_its_swell() {
        let mut fit = AutoRange::new();
        let settled = hold(&mut fit, note(440.0, -40.0), VIOLIN, 15.0).loudness_db;
        let mut extremes = [settled; 2];
        // Four seconds up by 20 dB and down again.
        for n in 0..1000 {
            let swell = 10.0 * (1.0 - (std::f32::consts::TAU * n as f32 / 1000.0).cos());
            let shift = fit.step(&note(440.0, -40.0 + swell), VIOLIN, FLOOR_DB, BOTH).loudness_db;
            extremes = [extremes[0].min(shift), extremes[1].max(shift)];
        }
        assert!(extremes[1] - extremes[0] < 2.0, "the shift moved by {} dB", extremes[1] - extremes[0]);
        assert_eq!(hold(&mut fit, rest(), VIOLIN, 10.0).loudness_db, fit.shift_db, "a rest changes nothing");
    }

    #[test]
    fn switching_off_glides_back_to_exactly_nothing() {
        let mut fit = AutoRange::new();
        let mut before = hold(&mut fit, note(80.0, -45.0), VIOLIN, 10.0).loudness_db;
        assert!(before > 13.0);
        let mut frames = 0;
        while before != 0.0 {
            let shift = fit.step(&note(80.0, -45.0), VIOLIN, FLOOR_DB, AutoRangeSettings::default());
            assert!(shift.semitones == 0.0 && before - shift.loudness_db <= FASTEST_SHIFT_DB_S * FRAME_S * 1.001);
            before = shift.loudness_db;
            frames += 1;
            assert!(frames < 750);
        }
    }

    #[test]
    fn no_instrument_and_broken_numbers_shift_nothing() {
        let mut fit = AutoRange::new();
        assert_eq!(hold(&mut fit, note(50.0, -60.0), FitTarget::ANY, 5.0), Shift::default());
        let broken = FitTarget { pitch_range_hz: [f32::NAN, 0.0], loudness_range_db: [f32::NAN; 2] };
        hold(&mut fit, note(f32::INFINITY, f32::NAN), broken, 1.0);
        hold(&mut fit, note(-3.0, f32::NEG_INFINITY), broken, 1.0);
        assert_eq!(hold(&mut fit, note(440.0, -30.0), broken, 1.0), Shift::default());
        assert_eq!(hold(&mut fit, rest(), broken, 1.0), Shift::default());
    }
}
