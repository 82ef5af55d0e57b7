//! Pitch snap: draws notes to a scale and keeps their vibrato. Audio thread; plain arithmetic on one frame, never allocates.

use syrinx_tracker::FRAME_RATE_HZ;

/// The scales: name, and a bit for each semitone above the key. A4 is 440 Hz, in equal temperament.
pub const SCALES: &[(&str, u16)] = &[
    ("Chromatic", 0b1111_1111_1111),
    ("Major", 0b1010_1011_0101),
    ("Minor", 0b0101_1010_1101),
    ("Harmonic minor", 0b1001_1010_1101),
    ("Melodic minor", 0b1010_1010_1101),
    ("Dorian", 0b0110_1010_1101),
    ("Mixolydian", 0b0110_1011_0101),
    ("Major pentatonic", 0b0010_1001_0101),
    ("Minor pentatonic", 0b0100_1010_1001),
    ("Blues", 0b0100_1110_1001),
    ("Whole tone", 0b0101_0101_0101),
];

/// How notes are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SnapSettings {
    /// Share of the way to the scale note, 0..=1.
    pub amount: f32,
    /// The scale's first note, semitones above C.
    pub key: usize,
    /// Index into [`SCALES`]; beyond it, the first.
    pub scale: usize,
}

const FRAME_S: f32 = 1.0 / FRAME_RATE_HZ as f32;

/// The correction glides with this time constant, seconds.
const GLIDE_S: f32 = 0.030;
/// A note keeps its place in the scale until its centre has passed the middle between two scale notes by this, cents.
const HYSTERESIS: f32 = 12.0;

/// The centre follows the mean of the pitch with this time constant, seconds: more than a period of any vibrato.
const MEAN_S: f32 = 0.300;
/// No frame draws the mean further than a deviation of this many cents would, so that wide vibrato and the way to another note hardly do.
const MEAN_REACH: f32 = 30.0;
/// A pitch that stays on one side of the centre for longer than half a period of the slowest vibrato (4 Hz) is no vibrato about it: a
/// drift, a glide, or a wrong centre. The centre then comes nearer with the time constant `DRIFT_S`.
const ONE_SIDE_FRAMES: u32 = 33;
const DRIFT_S: f32 = 0.040;

/// What is another note rather than vibrato, in cents from the centre and frames without a break. Vibrato of 4 Hz and +-100 cents is
/// beyond 85 cents for 11 frames on end, and never beyond 160.
const NEAR_NOTE: (f32, usize) = (85.0, 13);
const FAR_NOTE: (f32, usize) = (160.0, 6);
/// As is a plateau beyond 40 cents: over 13 frames about the turn of a vibrato of 4 Hz, the pitch moves by 0.21 of its deviation.
const PLATEAU_FROM: f32 = 40.0;
const PLATEAU_SLOPE: f32 = 0.15;
const PLATEAU_JITTER: f32 = 2.0;

/// The pitches looked at, frames.
const RECENT: usize = 13;
/// The centre is judged by medians of this many frames, so that a stray frame of the tracker does not move it.
const MEDIAN: usize = 3;
/// Shorter gaps in the voice do not end a note, frames (60 ms).
const GAP_FRAMES: u32 = 15;

/// Follows the notes of one voice.
#[derive(Clone, Copy, Debug)]
pub struct Snap {
    /// The last raw pitches, MIDI cents, newest last.
    raw: [f32; MEDIAN],
    /// The last medians, MIDI cents, newest last, of which `known` belong to this note.
    recent: [f32; RECENT],
    known: usize,
    /// Centre of the note, MIDI cents.
    centre: f32,
    /// Frames that the centre is a mean of, up to the time constant.
    mean_of: f32,
    /// Frames on this side of the centre; the sign of the side.
    one_side: u32,
    side: f32,
    /// The scale note, MIDI number, that the centre is drawn to; none before the first.
    note: Option<i32>,
    /// What is added to the pitch at amount 1, cents.
    correction: f32,
    /// Frames without a pitch.
    gap: u32,
}

impl Snap {
    /// No note yet.
    pub const fn new() -> Self {
        Self {
            raw: [0.0; MEDIAN],
            recent: [0.0; RECENT],
            known: 0,
            centre: 0.0,
            mean_of: 0.0,
            one_side: 0,
            side: 0.0,
            note: None,
            correction: 0.0,
            gap: u32::MAX,
        }
    }

    /// Forgets the note.
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    /// The pitch to play, Hz, for a voice at `f0_hz`; one call a frame. What the voice does about the centre of its note passes
    /// unchanged, whatever the amount; amount 0 returns `f0_hz` itself. Where nothing is `voiced` the last correction stays.
    pub fn step(&mut self, f0_hz: f32, voiced: bool, settings: SnapSettings) -> f32 {
        let cents = 6900.0 + 1200.0 * (f0_hz / 440.0).log2();
        if !cents.is_finite() {
            self.gap = self.gap.saturating_add(1);
            return f0_hz;
        }
        if voiced {
            let begins = self.gap > GAP_FRAMES;
            self.gap = 0;
            if begins {
                self.begin(cents);
            } else {
                self.follow(cents);
            }
            let note = scale_note(self.centre, self.note, settings);
            self.note = Some(note);
            let wanted = 100.0 * note as f32 - self.centre;
            // Nothing sounded before, so nothing can jump: the note is in tune from its first frame.
            self.correction += (wanted - self.correction) * if begins { 1.0 } else { pull(GLIDE_S) };
        } else {
            self.gap = self.gap.saturating_add(1);
        }
        let amount = settings.amount.clamp(0.0, 1.0);
        if amount > 0.0 { f0_hz * (amount * self.correction / 1200.0).exp2() } else { f0_hz }
    }

    /// A note begins at its first pitch.
    fn begin(&mut self, cents: f32) {
        self.raw = [cents; MEDIAN];
        self.note = None;
        self.recentre(cents);
        self.known = 0;
    }

    /// The centre moves to another note.
    fn recentre(&mut self, cents: f32) {
        (self.centre, self.mean_of, self.one_side, self.side) = (cents, MEDIAN as f32, 0, 0.0);
        self.known = self.known.min(MEDIAN);
    }

    /// Moves the centre by one frame of the sounding note.
    fn follow(&mut self, cents: f32) {
        self.raw.rotate_left(1);
        self.raw[MEDIAN - 1] = cents;
        let [a, b, c] = self.raw;
        let pitch = a.max(b).min(c).max(a.min(b));
        self.recent.rotate_left(1);
        self.recent[RECENT - 1] = pitch;
        self.known = (self.known + 1).min(RECENT);

        let away = pitch - self.centre;
        self.one_side = if away * self.side > 0.0 { self.one_side + 1 } else { 1 };
        self.side = away.signum();
        if self.is_another_note() {
            // Of a glide the newest pitch counts; of a step it is as good as any.
            self.recentre(pitch);
        } else if self.one_side > ONE_SIDE_FRAMES {
            self.centre += away * pull(DRIFT_S);
        } else {
            self.mean_of = (self.mean_of + 1.0).min(MEAN_S / FRAME_S);
            self.centre += away.clamp(-MEAN_REACH, MEAN_REACH) / self.mean_of;
        }
    }

    fn is_another_note(&self) -> bool {
        let beyond = |(cents, frames): (f32, usize)| {
            self.known >= frames
                && self.one_side as usize >= frames
                && self.recent[RECENT - frames..].iter().all(|pitch| (pitch - self.centre).abs() > cents)
        };
        let plateau = || {
            let (low, high) = self.recent.iter().fold((f32::MAX, f32::MIN), |(low, high), &p| (low.min(p), high.max(p)));
            let away = (0.5 * (low + high) - self.centre).abs();
            self.known == RECENT && away > PLATEAU_FROM && high - low < PLATEAU_SLOPE * away + PLATEAU_JITTER
        };
        beyond(FAR_NOTE) || beyond(NEAR_NOTE) || plateau()
    }
}

impl Default for Snap {
    fn default() -> Self {
        Self::new()
    }
}

/// The share of the way that one frame goes with a time constant of `time_s` seconds.
fn pull(time_s: f32) -> f32 {
    1.0 - (-FRAME_S / time_s).exp()
}

/// The scale note, MIDI number, nearest to `cents`; `held` unless another is nearer by twice the hysteresis.
fn scale_note(cents: f32, held: Option<i32>, settings: SnapSettings) -> i32 {
    let (_, mask) = *SCALES.get(settings.scale).unwrap_or(&SCALES[0]);
    let key = (settings.key % 12) as i32;
    let sounds = |note: i32| mask >> (note - key).rem_euclid(12) & 1 == 1;
    let away = |note: i32| (cents - 100.0 * note as f32).abs();
    let about = (cents / 100.0).round() as i32;
    // No scale leaves out six semitones in a row.
    let nearest = (about - 6..=about + 6).filter(|&n| sounds(n)).min_by(|&a, &b| away(a).total_cmp(&away(b))).unwrap_or(about);
    match held {
        Some(held) if sounds(held) && away(held) <= away(nearest) + 2.0 * HYSTERESIS => held,
        _ => nearest,
    }
}
