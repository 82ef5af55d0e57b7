//! Pitch snap: draws notes to a scale and keeps their vibrato, or as much of it as is wanted. Audio thread; plain arithmetic on one frame, never allocates.

use syrinx_tracker::FRAME_RATE_HZ;

/// The scales: name, and a bit for each semitone above the key, in equal temperament.
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
    /// Share of the vibrato that is kept, 0..=2.
    pub vibrato: f32,
    /// Pitch of A4, Hz.
    pub a4_hz: f32,
}

const FRAME_S: f32 = 1.0 / FRAME_RATE_HZ as f32;

/// The correction glides with this time constant, seconds.
const GLIDE_S: f32 = 0.030;
/// Vibrato goes as far from the centre as this, cents; what goes twice as far is none.
const VIBRATO_CENTS: f32 = 70.0;
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
    /// The centre, gliding from note to note: what swings about it is vibrato.
    line: f32,
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
            line: 0.0,
            gap: u32::MAX,
        }
    }

    /// Forgets the note.
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    /// The pitch to play, Hz, for a voice at `f0_hz`; one call a frame. What the voice does about the centre of its note passes
    /// as far as `vibrato` says, whatever the amount; amount 0 with all of the vibrato returns `f0_hz` itself. Where nothing is `voiced` the last correction stays.
    pub fn step(&mut self, f0_hz: f32, voiced: bool, settings: SnapSettings) -> f32 {
        let cents = 6900.0 + 1200.0 * (f0_hz / settings.a4_hz).log2();
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
            let pulled = if begins { 1.0 } else { pull(GLIDE_S) };
            self.correction += (wanted - self.correction) * pulled;
            self.line += (self.centre - self.line) * pulled;
        } else {
            self.gap = self.gap.saturating_add(1);
        }
        let amount = settings.amount.clamp(0.0, 1.0);
        let mut added = if amount > 0.0 { amount * self.correction } else { 0.0 };
        if settings.vibrato != 1.0 && self.gap != u32::MAX {
            added += (settings.vibrato - 1.0) * vibrato(cents - self.line);
        }
        if added != 0.0 { f0_hz * (added / 1200.0).exp2() } else { f0_hz }
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

/// What of a distance from the centre of the note, cents, is vibrato: all of a small one, and of a larger one ever less, for that is a slide or another
/// note.
fn vibrato(away: f32) -> f32 {
    let beyond = (away.abs() - VIBRATO_CENTS).max(0.0);
    away * (1.0 - beyond / VIBRATO_CENTS).max(0.0)
}

/// The share of the way that one frame goes with a time constant of `time_s` seconds.
fn pull(time_s: f32) -> f32 {
    1.0 - (-FRAME_S / time_s).exp()
}

/// The notes of a scale, a bit for each semitone above C.
pub fn scale_mask(key: u8, scale: u8) -> u16 {
    let (_, mask) = *SCALES.get(usize::from(scale)).unwrap_or(&SCALES[0]);
    turned(mask, key)
}

/// Whether a note is among those of a mask, a bit for each semitone above its first note.
pub fn has_note(notes: u16, note: i32) -> bool {
    notes >> note.rem_euclid(12) & 1 == 1
}

/// Notes above a key, as notes above C.
pub fn turned(notes: u16, key: u8) -> u16 {
    let notes = u32::from(notes) << (key % 12);
    ((notes | notes >> 12) & 0xfff) as u16
}

/// The scale note, MIDI number, nearest to `cents`; `held` unless another is nearer by twice the hysteresis.
fn scale_note(cents: f32, held: Option<i32>, settings: SnapSettings) -> i32 {
    let (_, mask) = *SCALES.get(settings.scale).unwrap_or(&SCALES[0]);
    let key = (settings.key % 12) as i32;
    let sounds = |note: i32| has_note(mask, note - key);
    let away = |note: i32| (cents - 100.0 * note as f32).abs();
    let about = (cents / 100.0).round() as i32;
    // No scale leaves out six semitones in a row.
    let nearest = (about - 6..=about + 6).filter(|&n| sounds(n)).min_by(|&a, &b| away(a).total_cmp(&away(b))).unwrap_or(about);
    match held {
        Some(held) if sounds(held) && away(held) <= away(nearest) + 2.0 * HYSTERESIS => held,
        _ => nearest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: SnapSettings = SnapSettings { amount: 0.0, key: 0, scale: 0, vibrato: 0.0, a4_hz: 440.0 };

    /// Cents from A4 that are played where a voice sings these.
    fn played(settings: SnapSettings, cents: impl Fn(f32) -> f32) -> Vec<f32> {
        let mut snap = Snap::new();
        let play = |n: u32| {
            let f0_hz = 440.0 * (cents(n as f32 * FRAME_S) / 1200.0).exp2();
            1200.0 * (snap.step(f0_hz, true, settings) / 440.0).log2()
        };
        (0..500).map(play).collect()
    }

    fn vibrato_of(depth: f32) -> impl Fn(f32) -> f32 {
        move |s| depth * (std::f32::consts::TAU * 5.5 * s).sin()
    }

    fn farthest(cents: &[f32], from: f32) -> f32 {
        cents.iter().map(|c| (c - from).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn the_scale_is_tuned_to_a4() {
        // A4 at 432 Hz is 31.8 cents under 440 Hz; a voice 20 cents beside it is drawn there.
        let tuned = SnapSettings { amount: 1.0, vibrato: 1.0, a4_hz: 432.0, ..NONE };
        let cents = played(tuned, |_| -11.8);
        assert!((cents[499] + 31.77).abs() < 0.1, "{}", cents[499]);
    }

    #[test]
    fn vibrato_is_left_away_or_doubled_and_the_note_stays() {
        for depth in [20.0, 40.0, 60.0] {
            let kept = played(SnapSettings { vibrato: 1.0, ..NONE }, vibrato_of(depth));
            assert!((farthest(&kept[250..], 0.0) - depth).abs() < 1.0);
            let none = played(NONE, vibrato_of(depth));
            assert!(farthest(&none[250..], 0.0) < 0.2 * depth, "{depth}: {}", farthest(&none[250..], 0.0));
            let twice = played(SnapSettings { vibrato: 2.0, ..NONE }, vibrato_of(depth));
            assert!((farthest(&twice[250..], 0.0) - 2.0 * depth).abs() < 0.2 * depth);
        }
    }

    #[test]
    fn without_vibrato_other_notes_are_as_soon_as_with_it() {
        // A leap is there at once, and a step within a tenth of a second.
        for (leap, frames) in [(700.0, 1), (200.0, 1), (100.0, 30)] {
            let notes = played(NONE, |s| if s < 1.0 { 0.0 } else { leap });
            let late = notes[250..].iter().position(|c| (c - leap).abs() < 25.0).unwrap();
            assert!(late <= frames, "{leap} cents: {late} frames late");
            assert!(farthest(&notes[400..], leap) < 3.0);
        }
        // A slide stays one.
        let slide = played(NONE, |s| 600.0 * (s - 0.5).clamp(0.0, 1.0));
        let (most, least) = slide.windows(2).map(|w| w[1] - w[0]).fold((f32::MIN, f32::MAX), |(a, b), d| (a.max(d), b.min(d)));
        assert!(most < 40.0 && least > -40.0, "steps from {least} to {most} cents");
    }

    #[test]
    fn with_all_of_it_the_pitch_passes_to_the_bit() {
        let mut snap = Snap::new();
        let settings = SnapSettings { vibrato: 1.0, ..NONE };
        assert!((1..500).all(|n| {
            let hz = 200.0 + n as f32;
            snap.step(hz, n % 7 > 0, settings) == hz
        }));
    }
}
