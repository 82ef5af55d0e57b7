//! How keys are played: what a keyboard has and a voice has not.

/// Most notes that sound at once.
pub const MOST_VOICES: usize = 16;

/// A key struck in the middle, at velocity 80, plays the instrument as it usually was at that pitch.
const USUAL_VELOCITY: f32 = 80.0 / 127.0;

/// How many notes sound at once, and how they follow one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyMode {
    /// Up to [`KeySettings::voices`] at once.
    #[default]
    Poly,
    /// One: a new key while another is held begins a new note.
    Mono,
    /// One: a new key while another is held goes on with the same breath, bow or stroke.
    Legato,
}

/// Which of the keys that are held sounds, where only one does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyPriority {
    /// The one that was struck last.
    #[default]
    Last,
    /// The highest.
    High,
    /// The lowest.
    Low,
}

/// How keys are played. What no player can want is made harmless by [`KeySettings::sanitised`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeySettings {
    /// How many notes sound at once, and how they follow one another.
    pub mode: KeyMode,
    /// Most notes at once in [`KeyMode::Poly`], 1 to [`MOST_VOICES`].
    pub voices: u8,
    /// Which key sounds in the other two.
    pub priority: KeyPriority,
    /// Seconds of a glide from note to note, 0 to 2; an octave takes as long where it is a pace.
    pub glide_s: f32,
    /// Whether only keys that are struck while another is held glide.
    pub glide_legato: bool,
    /// Whether the glide is a pace, semitones in a time, rather than a time.
    pub glide_pace: bool,
    /// Semitones of the pitch bend wheel, 0 to 96, until a controller says otherwise.
    pub bend_st: f32,
    /// Whether each note has a channel of its own, as MPE controllers play.
    pub mpe: bool,
    /// Pitch of A4, 392 to 466 Hz.
    pub a4_hz: f32,
    /// Decibels between the softest and the hardest stroke, 0 to 60.
    pub velocity_db: f32,
    /// Bend of the velocity curve, -2 (a light touch gives less) to 2 (more).
    pub velocity_curve: f32,
}

impl Default for KeySettings {
    fn default() -> Self {
        Self {
            mode: KeyMode::Poly,
            voices: MOST_VOICES as u8,
            priority: KeyPriority::Last,
            glide_s: 0.0,
            glide_legato: true,
            glide_pace: false,
            bend_st: 2.0,
            mpe: false,
            a4_hz: 440.0,
            velocity_db: 30.0,
            velocity_curve: 0.0,
        }
    }
}

impl KeySettings {
    /// The same with every value finite and in its range.
    pub fn sanitised(mut self) -> Self {
        let usual = Self::default();
        let made = |x: f32, usual: f32, low: f32, high: f32| if x.is_finite() { x.clamp(low, high) } else { usual };
        self.voices = self.voices.clamp(1, MOST_VOICES as u8);
        self.glide_s = made(self.glide_s, usual.glide_s, 0.0, 2.0);
        self.bend_st = made(self.bend_st, usual.bend_st, 0.0, 96.0);
        self.a4_hz = made(self.a4_hz, usual.a4_hz, 392.0, 466.0);
        self.velocity_db = made(self.velocity_db, usual.velocity_db, 0.0, 60.0);
        self.velocity_curve = made(self.velocity_curve, usual.velocity_curve, -2.0, 2.0);
        self
    }

    /// How much harder than is usual a velocity, 0 to 1, plays, dB.
    pub fn harder_db(&self, velocity: f32) -> f32 {
        self.velocity_db * (velocity.clamp(0.0, 1.0).powf((-self.velocity_curve).exp2()) - USUAL_VELOCITY)
    }

    /// The velocity, 0 to 1, that plays so much harder than is usual, dB, or as nearly so as one can.
    ///
    /// ```
    /// let keys = syrinx_engine::KeySettings { velocity_curve: 0.5, ..Default::default() };
    /// assert!((keys.harder_db(keys.velocity_of(-7.0)) + 7.0).abs() < 1e-3);
    /// assert_eq!(keys.velocity_of(40.0), 1.0);
    /// ```
    pub fn velocity_of(&self, harder_db: f32) -> f32 {
        let straight = USUAL_VELOCITY + harder_db / self.velocity_db.max(f32::MIN_POSITIVE);
        straight.clamp(0.0, 1.0).powf(self.velocity_curve.exp2())
    }

    /// How long a glide over an interval takes, s.
    pub(super) fn glide_over(&self, semitones: f32) -> f32 {
        if self.glide_pace { self.glide_s * semitones.abs() / 12.0 } else { self.glide_s }
    }
}
