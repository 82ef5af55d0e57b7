//! Fit: brings the voice's usual pitch, by whole octaves, and its usual loudness, slowly, to where an instrument was trained. Audio
//! thread; plain arithmetic on one frame, never allocates.

use syrinx_tracker::{FRAME_RATE_HZ, Features};

/// What counts as usual: the last frames with a pitch, 4 s of them.
const MEMORY: usize = 4 * FRAME_RATE_HZ as usize;

/// Pitch is remembered in quarter tones above this, Hz: under any voice.
const LOWEST_HZ: f32 = 20.0;
const PITCH_BINS: usize = 24 * 9;
/// The octave changes only when the voice has had no pitch for this many frames (52 ms): then nothing sounds that could leap.
const GAP_FRAMES: u32 = 13;
/// Frames with a pitch (100 ms) before the first decision is looked at again.
const SETTLED_FRAMES: usize = 25;
/// The usual pitch may leave the instrument's range by this, semitones, before another octave is chosen; and must lie in it by as much
/// before the voice's own octave is chosen again.
const OCTAVE_MARGIN_ST: f32 = 3.0;
/// Most octaves of a transposition, either way.
const MOST_OCTAVES: i32 = 5;

/// Loudness is remembered in half decibels from this level, dB: softer is no singing.
const SOFTEST_DB: f32 = -90.0;
const LOUDNESS_BINS: usize = 2 * 120;
/// Loudness is shifted by this much at most, dB.
pub const MOST_SHIFT_DB: f32 = 18.0;
/// And moves by this much at most, dB a second.
pub const FASTEST_SHIFT_DB_S: f32 = 6.0;
/// Time constants of the shift, in seconds of voiced time: at first, and when it has settled. The latter is longer than a phrase, so that
/// a phrase keeps its swell.
const FIRST_S: f32 = 0.5;
const SETTLED_S: f32 = 12.0;
/// The time constant goes from the one to the other over this, seconds of voiced time.
const SETTLING_S: f32 = 7.0;

const FRAME_S: f32 = 1.0 / FRAME_RATE_HZ as f32;

/// What the instrument was trained on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// Lowest and highest pitch, Hz.
    pub pitch_range_hz: [f32; 2],
    /// 5th and 95th percentile of A-weighted loudness, dB.
    pub loudness_range_db: [f32; 2],
}

impl Target {
    /// Takes everything as it is: where there is no instrument.
    pub const ANY: Self = Self { pitch_range_hz: [0.0, f32::INFINITY], loudness_range_db: [f32::NEG_INFINITY, f32::INFINITY] };
}

/// Which of the fits are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FitSettings {
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
    /// Shift of loudness, dB.
    pub loudness_db: f32,
}

/// Counts of the last [`MEMORY`] values: exact running percentiles, without sorting.
#[derive(Clone)]
struct Usual<const BINS: usize> {
    last: [u16; MEMORY],
    counts: [u16; BINS],
    len: usize,
    next: usize,
}

impl<const BINS: usize> Usual<BINS> {
    const fn new() -> Self {
        Self { last: [0; MEMORY], counts: [0; BINS], len: 0, next: 0 }
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

/// Follows one voice, frame by frame.
#[derive(Clone)]
pub struct Fit {
    pitch: Usual<PITCH_BINS>,
    loudness: Usual<LOUDNESS_BINS>,
    octaves: i32,
    shift_db: f32,
    /// Frames since the last one with a pitch.
    gap: u32,
    /// Seconds of voice since there was a new instrument to adapt to.
    adapting_s: f32,
    target: Target,
}

impl Fit {
    /// Knows nothing of the voice yet.
    pub const fn new() -> Self {
        Self {
            pitch: Usual::new(),
            loudness: Usual::new(),
            octaves: 0,
            shift_db: 0.0,
            gap: 0,
            adapting_s: 0.0,
            target: Target::ANY,
        }
    }

    /// Forgets the voice.
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    /// What to add to the frame `voice`, for an instrument trained on `target`.
    ///
    /// **Octave fit**: none while the running median of the pitch lies in the instrument's range, otherwise the least number of octaves
    /// that brings it in, or nearest to a range narrower than an octave. The very first frame with a pitch decides for its note; later the
    /// decision changes only in gaps of 52 ms. Switched off, the voice's own octave is back at once.
    ///
    /// **Auto range**: the middle between the 5th and 95th percentile of the voice's loudness is brought to the instrument's, by
    /// [`MOST_SHIFT_DB`] and [`FASTEST_SHIFT_DB_S`] at most, and adapts only while the voice sounds. Switched off, it glides back.
    pub fn step(&mut self, voice: &Features, target: Target, settings: FitSettings) -> Shift {
        if target != self.target {
            self.target = target;
            self.adapting_s = 0.0;
        }
        let voiced = voice.confidence >= 0.5 && voice.f0_hz.is_finite() && voice.f0_hz > 0.0;
        let first = voiced && self.pitch.len == 0;
        self.gap = if voiced { 0 } else { self.gap.saturating_add(1) };
        if voiced {
            self.pitch.push((24.0 * (voice.f0_hz / LOWEST_HZ).log2()).max(0.0) as usize);
        }
        let heard = voiced && voice.loudness_db.is_finite() && voice.loudness_db > SOFTEST_DB;
        if heard {
            self.loudness.push((2.0 * (voice.loudness_db - SOFTEST_DB)) as usize);
        }

        if !settings.octave_fit {
            self.octaves = 0;
        } else if first {
            self.octaves = self.octaves_for(12.0 * (voice.f0_hz / LOWEST_HZ).log2(), 0.0);
        } else if self.gap >= GAP_FRAMES && self.pitch.len >= SETTLED_FRAMES {
            self.octaves = self.octaves_for(0.5 * self.pitch.percentile(0.5), OCTAVE_MARGIN_ST);
        }
        self.shift_loudness(heard, settings.auto_range);
        Shift { semitones: 12.0 * self.octaves as f32, loudness_db: self.shift_db }
    }

    /// The transposition for a voice whose usual pitch is `pitch_st` semitones above [`LOWEST_HZ`]; the present one stays while it brings
    /// that pitch into the range widened by `margin_st`.
    fn octaves_for(&self, pitch_st: f32, margin_st: f32) -> i32 {
        let [low, high] = self.target.pitch_range_hz.map(|hz| 12.0 * (hz / LOWEST_HZ).log2());
        // Neither an empty range nor one without numbers says anything.
        if low.is_nan() || high.is_nan() || low >= high {
            return 0;
        }
        let outside = |octaves: i32| {
            let pitch = pitch_st + 12.0 * octaves as f32;
            (low - pitch).max(pitch - high)
        };
        // In a range that is hardly wider than twice the margin, nothing lies in it by the margin.
        let well_inside = -margin_st.min(0.25 * (high - low));
        if self.octaves != 0 && outside(0) <= well_inside {
            return 0;
        }
        if outside(self.octaves) <= margin_st {
            return self.octaves;
        }
        // Few octaves first, so that of equals the fewest win.
        (0..=MOST_OCTAVES)
            .flat_map(|n| [n, -n])
            .fold(0, |best, n| if outside(n).max(0.0) < outside(best).max(0.0) { n } else { best })
    }

    fn shift_loudness(&mut self, heard: bool, on: bool) {
        let most = FASTEST_SHIFT_DB_S * FRAME_S;
        if !on {
            self.shift_db -= self.shift_db.clamp(-most, most);
            self.adapting_s = 0.0;
            return;
        }
        // The first frames of the first note are its attack, and say little of how loud the voice is.
        if !heard || self.loudness.len < SETTLED_FRAMES {
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
    }
}

impl Default for Fit {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A violin, more or less.
    const VIOLIN: Target = Target { pitch_range_hz: [196.0, 2000.0], loudness_range_db: [-45.0, -15.0] };
    const BOTH: FitSettings = FitSettings { auto_range: true, octave_fit: true };

    fn note(f0_hz: f32, loudness_db: f32) -> Features {
        Features { frame: 0, f0_hz, confidence: 0.9, loudness_db }
    }

    fn rest() -> Features {
        Features { frame: 0, f0_hz: 100.0, confidence: 0.1, loudness_db: -70.0 }
    }

    /// Holds one frame for `seconds` and returns the shift at the end.
    fn hold(fit: &mut Fit, voice: Features, target: Target, seconds: f32) -> Shift {
        let mut shift = Shift::default();
        for _ in 0..(seconds / FRAME_S).round() as usize {
            shift = fit.step(&voice, target, BOTH);
        }
        shift
    }

    #[test]
    fn switched_off_it_adds_exactly_nothing() {
        let mut fit = Fit::new();
        for n in 0..3000 {
            let voice = if n % 300 < 250 { note(60.0, -70.0) } else { rest() };
            assert_eq!(fit.step(&voice, VIOLIN, FitSettings::default()), Shift::default());
        }
    }

    #[test]
    fn the_first_frame_with_a_pitch_decides_the_octave_of_its_note() {
        for (f0_hz, semitones) in [(440.0, 0.0), (200.0, 0.0), (110.0, 12.0), (66.0, 24.0), (2500.0, -12.0), (40.0, 36.0)] {
            let mut fit = Fit::new();
            hold(&mut fit, rest(), VIOLIN, 1.0);
            assert_eq!(fit.step(&note(f0_hz, -30.0), VIOLIN, BOTH).semitones, semitones, "{f0_hz} Hz");
            assert_eq!(hold(&mut fit, note(f0_hz, -30.0), VIOLIN, 1.0).semitones, semitones, "{f0_hz} Hz");
        }
    }

    #[test]
    fn no_octave_changes_in_a_sounding_note_nor_in_a_short_gap() {
        let mut fit = Fit::new();
        assert_eq!(hold(&mut fit, note(440.0, -30.0), VIOLIN, 1.0).semitones, 0.0);
        assert_eq!(hold(&mut fit, note(80.0, -30.0), VIOLIN, 5.0).semitones, 0.0);
        assert_eq!(hold(&mut fit, rest(), VIOLIN, 0.048).semitones, 0.0);
        assert_eq!(hold(&mut fit, note(80.0, -30.0), VIOLIN, 1.0).semitones, 0.0);
        assert_eq!(hold(&mut fit, rest(), VIOLIN, 0.052).semitones, 24.0);
        assert_eq!(hold(&mut fit, note(80.0, -30.0), VIOLIN, 1.0).semitones, 24.0);
    }

    #[test]
    fn a_wrong_first_guess_is_mended_in_the_next_gap() {
        let mut fit = Fit::new();
        assert_eq!(fit.step(&note(110.0, -30.0), VIOLIN, BOTH).semitones, 12.0);
        assert_eq!(hold(&mut fit, note(400.0, -30.0), VIOLIN, 0.3).semitones, 12.0);
        assert_eq!(hold(&mut fit, rest(), VIOLIN, 0.1).semitones, 0.0);
    }

    #[test]
    fn the_octave_has_hysteresis() {
        // Phrases about the lowest note of the range, two semitones up and down: one decision for all.
        for first in [210.0, 182.0] {
            let mut fit = Fit::new();
            let decided = fit.step(&note(first, -30.0), VIOLIN, BOTH).semitones;
            for n in 0..20 {
                let f0_hz = if n % 2 == 0 { 180.0 } else { 215.0 };
                let phrase = hold(&mut fit, note(f0_hz, -30.0), VIOLIN, 4.0);
                let gap = hold(&mut fit, rest(), VIOLIN, 0.3);
                assert_eq!((phrase.semitones, gap.semitones), (decided, decided), "phrase {n}");
            }
            // Well inside, the voice's own octave is back.
            hold(&mut fit, note(300.0, -30.0), VIOLIN, 4.0);
            assert_eq!(hold(&mut fit, rest(), VIOLIN, 0.3).semitones, 0.0);
        }
    }

    #[test]
    fn a_range_narrower_than_an_octave_gets_the_nearest() {
        let narrow = Target { pitch_range_hz: [500.0, 700.0], ..VIOLIN };
        for (f0_hz, hz) in [(100.0, 800.0), (120.0, 480.0), (75.0, 600.0), (3000.0, 750.0)] {
            let shift = Fit::new().step(&note(f0_hz, -30.0), narrow, BOTH);
            assert_eq!((f0_hz * (shift.semitones / 12.0).exp2()).round(), hz, "{f0_hz} Hz");
        }
    }

    #[test]
    fn a_new_instrument_is_fitted_in_the_next_gap() {
        let bass = Target { pitch_range_hz: [41.0, 200.0], ..VIOLIN };
        let mut fit = Fit::new();
        hold(&mut fit, note(440.0, -30.0), VIOLIN, 2.0);
        assert_eq!(hold(&mut fit, note(440.0, -30.0), bass, 2.0).semitones, 0.0);
        assert_eq!(hold(&mut fit, rest(), bass, 0.1).semitones, -24.0);
    }

    #[test]
    fn a_soft_voice_and_a_loud_one_meet_the_middle_of_the_range() {
        for (voice_db, wanted) in [(-40.0, 10.0), (-20.0, -10.0), (-70.0, 18.0), (20.0, -18.0), (-30.0, 0.0)] {
            let mut fit = Fit::new();
            let mut before = 0.0;
            for _ in 0..2500 {
                let shift = fit.step(&note(440.0, voice_db), VIOLIN, BOTH).loudness_db;
                assert!((shift - before).abs() <= FASTEST_SHIFT_DB_S * FRAME_S * 1.001, "from {before} to {shift} dB in a frame");
                before = shift;
            }
            assert!((before - wanted).abs() < 1.0, "a voice at {voice_db} dB is shifted by {before} dB");
        }
    }

    #[test]
    fn a_phrase_keeps_its_swell() {
        let mut fit = Fit::new();
        let settled = hold(&mut fit, note(440.0, -40.0), VIOLIN, 15.0).loudness_db;
        let mut extremes = [settled; 2];
        // Four seconds up by 20 dB and down again.
        for n in 0..1000 {
            let swell = 10.0 * (1.0 - (std::f32::consts::TAU * n as f32 / 1000.0).cos());
            let shift = fit.step(&note(440.0, -40.0 + swell), VIOLIN, BOTH).loudness_db;
            extremes = [extremes[0].min(shift), extremes[1].max(shift)];
        }
        assert!(extremes[1] - extremes[0] < 2.0, "the shift moved by {} dB", extremes[1] - extremes[0]);
        assert_eq!(hold(&mut fit, rest(), VIOLIN, 10.0).loudness_db, fit.shift_db, "a rest changes nothing");
    }

    #[test]
    fn switching_off_glides_back_to_exactly_nothing() {
        let mut fit = Fit::new();
        let mut before = hold(&mut fit, note(80.0, -45.0), VIOLIN, 10.0).loudness_db;
        assert!(before > 13.0);
        let mut frames = 0;
        while before != 0.0 {
            let shift = fit.step(&note(80.0, -45.0), VIOLIN, FitSettings::default());
            assert!(shift.semitones == 0.0 && before - shift.loudness_db <= FASTEST_SHIFT_DB_S * FRAME_S * 1.001);
            before = shift.loudness_db;
            frames += 1;
            assert!(frames < 750);
        }
    }

    #[test]
    fn no_instrument_and_broken_numbers_shift_nothing() {
        let mut fit = Fit::new();
        assert_eq!(hold(&mut fit, note(50.0, -60.0), Target::ANY, 5.0), Shift::default());
        let broken = Target { pitch_range_hz: [f32::NAN, 0.0], loudness_range_db: [f32::NAN; 2] };
        hold(&mut fit, note(f32::INFINITY, f32::NAN), broken, 1.0);
        hold(&mut fit, note(-3.0, f32::NEG_INFINITY), broken, 1.0);
        assert_eq!(hold(&mut fit, note(440.0, -30.0), broken, 1.0), Shift::default());
        assert_eq!(hold(&mut fit, rest(), broken, 1.0), Shift::default());
    }
}
