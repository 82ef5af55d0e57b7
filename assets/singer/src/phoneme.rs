//! The sounds of speech and what the vocal tract does for each. Plain data, any thread.
//!
//! Formants and bandwidths of consonants: Klatt, "Software for a cascade/parallel formant synthesizer", JASA 67(3), 1980, table III;
//! vowels: the same with sung values (Sundberg, "The Science of the Singing Voice", 1987), for a man's tract.

/// A sound of speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phoneme {
    /// As in *father*.
    A,
    /// As in *cat*.
    Ae,
    /// As in *bed*.
    E,
    /// The first part of *day*.
    Ei,
    /// As in *see*.
    I,
    /// As in *sit*.
    Ih,
    /// The first part of *go*.
    O,
    /// As in *law*.
    Aw,
    /// As in *you*.
    U,
    /// The unstressed vowel of *about*.
    Schwa,
    /// As in *more*: a nasal at the lips, which may carry a note by itself (humming).
    M,
    /// As in *no*.
    N,
    /// As in *sing*.
    Ng,
    /// As in *long*.
    L,
    /// As in *river*.
    R,
    /// As in *way*.
    W,
    /// As in *you*.
    J,
    /// As in *very*.
    V,
    /// As in *zoo*.
    Z,
    /// As in *the*.
    Dh,
    /// As in *see*.
    S,
    /// As in *she*.
    Sh,
    /// As in *far*.
    F,
    /// As in *thin*.
    Th,
    /// As in *hear*: breath through the vowel to come.
    H,
    /// As in *pea*.
    P,
    /// As in *tea*.
    T,
    /// As in *key*.
    K,
    /// As in *bee*.
    B,
    /// As in *day*.
    D,
    /// As in *go*.
    G,
}

impl Phoneme {
    /// Whether the sound can carry a note: a vowel.
    pub fn is_vowel(self) -> bool {
        use Phoneme::*;
        matches!(self, A | Ae | E | Ei | I | Ih | O | Aw | U | Schwa)
    }

    /// The steps of this sound, in order.
    pub(crate) fn steps(self) -> Vec<Step> {
        use Phoneme::*;
        let vowel = |f1, f2, f3| vec![Step { hz: [f1, f2, f3], ..Step::VOWEL }];
        let sonorant = |hz, bandwidths, seconds, voicing| {
            vec![Step { hz, bandwidths, seconds, voicing, edge_s: 0.035, dip_cents: 12.0, ..Step::VOWEL }]
        };
        let nasal = |hz, zero| {
            let murmur = Step { hz, bandwidths: [60.0, 200.0, 250.0], nasal: 1.0, zero_hz: zero, ..Step::VOWEL };
            vec![Step { seconds: 0.075, voicing: 0.7, edge_s: 0.025, dip_cents: 8.0, ..murmur }]
        };
        // A fricative hisses at `noise`; a voiced one does so in the rhythm of a weakened voice.
        let fricative = |hz, noise, level, voicing, seconds| {
            let dip_cents = if voicing > 0.0 { 35.0 } else { 0.0 };
            vec![Step {
                hz,
                bandwidths: [120.0, 120.0, 180.0],
                noise,
                frication: level,
                voicing,
                seconds,
                dip_cents,
                edge_s: 0.028,
                ..Step::VOWEL
            }]
        };
        // A stop: the tract shuts (a voiced one hums on behind the closure), opens with a burst, and breath follows.
        let stop = |hz: [f64; 3], noise, burst, voiced: bool, breath_s| {
            let shut = Step { hz, bandwidths: [120.0, 150.0, 200.0], noise, edge_s: 0.012, dip_cents: 20.0, ..Step::VOWEL };
            let murmur = Step { hz: [190.0, hz[1], hz[2]], bandwidths: [90.0, 600.0, 800.0], ..shut };
            let mut steps = vec![
                Step { seconds: 0.055, voicing: if voiced { 0.22 } else { 0.0 }, ..murmur },
                Step { seconds: 0.011, frication: burst, voicing: if voiced { 0.2 } else { 0.0 }, edge_s: 0.004, ..shut },
            ];
            if breath_s > 0.0 {
                steps.push(Step {
                    seconds: breath_s,
                    voicing: 0.0,
                    frication: 0.12 * burst,
                    aspiration: 0.45,
                    edge_s: 0.02,
                    ..shut
                });
            }
            steps
        };
        match self {
            A => vowel(690.0, 1120.0, 2550.0),
            Ae => vowel(640.0, 1600.0, 2480.0),
            E => vowel(530.0, 1750.0, 2500.0),
            Ei => vowel(420.0, 1980.0, 2580.0),
            I => vowel(300.0, 2120.0, 2850.0),
            Ih => vowel(400.0, 1850.0, 2570.0),
            O => vowel(440.0, 820.0, 2480.0),
            Aw => vowel(570.0, 880.0, 2450.0),
            U => vowel(330.0, 860.0, 2300.0),
            Schwa => vowel(500.0, 1350.0, 2470.0),
            M => nasal([330.0, 1100.0, 2150.0], 950.0),
            N => nasal([330.0, 1340.0, 2470.0], 1600.0),
            Ng => nasal([330.0, 1900.0, 2400.0], 3000.0),
            L => sonorant([330.0, 1050.0, 2850.0], [60.0, 100.0, 280.0], 0.065, 0.75),
            R => sonorant([330.0, 1060.0, 1480.0], [80.0, 100.0, 130.0], 0.07, 0.75),
            W => sonorant([290.0, 620.0, 2150.0], [60.0, 90.0, 80.0], 0.065, 0.75),
            J => sonorant([270.0, 2070.0, 2950.0], [60.0, 200.0, 400.0], 0.06, 0.75),
            V => fricative([230.0, 1100.0, 2080.0], Noise::LIPS, 0.04, 0.4, 0.065),
            Z => fricative([240.0, 1500.0, 2530.0], Noise::RIDGE, 0.16, 0.35, 0.08),
            Dh => fricative([270.0, 1290.0, 2540.0], Noise::LIPS, 0.03, 0.45, 0.05),
            S => fricative([320.0, 1500.0, 2530.0], Noise::RIDGE, 0.34, 0.0, 0.12),
            Sh => fricative([300.0, 1840.0, 2750.0], Noise::PALATE, 0.42, 0.0, 0.13),
            F => fricative([340.0, 1100.0, 2080.0], Noise::LIPS, 0.11, 0.0, 0.11),
            Th => fricative([320.0, 1290.0, 2540.0], Noise::LIPS, 0.09, 0.0, 0.1),
            H => vec![Step {
                hz: [0.0; 3],
                seconds: 0.07,
                voicing: 0.0,
                aspiration: 0.8,
                bandwidths: [220.0, 140.0, 180.0],
                ..Step::VOWEL
            }],
            P => stop([300.0, 900.0, 2100.0], Noise::LIPS_BURST, 0.3, false, 0.03),
            T => stop([300.0, 1700.0, 2600.0], Noise::RIDGE_BURST, 0.45, false, 0.035),
            K => stop([300.0, 1850.0, 2300.0], Noise::VELUM_BURST, 0.5, false, 0.04),
            B => stop([200.0, 900.0, 2150.0], Noise::LIPS_BURST, 0.12, true, 0.0),
            D => stop([200.0, 1700.0, 2600.0], Noise::RIDGE_BURST, 0.16, true, 0.0),
            G => stop([200.0, 1900.0, 2300.0], Noise::VELUM_BURST, 0.18, true, 0.0),
        }
    }
}

/// The spectrum of turbulence in the mouth: three bands of noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Noise {
    pub hz: [f64; 3],
    pub bandwidth: [f64; 3],
    /// Root mean square of each band, relative.
    pub level: [f64; 3],
}

impl Noise {
    /// s, z: the short tube before the teeth sounds from 5 kHz up.
    const RIDGE: Self = Self { hz: [5600.0, 8200.0, 12000.0], bandwidth: [1500.0, 2600.0, 5000.0], level: [0.8, 0.9, 0.35] };
    /// sh: a longer tube, from 2.5 kHz.
    const PALATE: Self = Self { hz: [2700.0, 4300.0, 7000.0], bandwidth: [600.0, 1600.0, 3500.0], level: [0.85, 0.75, 0.35] };
    /// f, th, v: no tube at all, so weak and nearly white.
    const LIPS: Self = Self { hz: [1700.0, 5000.0, 9000.0], bandwidth: [2200.0, 5000.0, 8000.0], level: [0.3, 0.5, 0.8] };
    /// p, b.
    const LIPS_BURST: Self = Self { hz: [800.0, 2200.0, 5000.0], bandwidth: [800.0, 2500.0, 5000.0], level: [0.9, 0.4, 0.2] };
    /// t, d.
    const RIDGE_BURST: Self = Self { hz: [4200.0, 6400.0, 9500.0], bandwidth: [1400.0, 3000.0, 5000.0], level: [0.9, 0.7, 0.4] };
    /// k, g: compact, near the second formant.
    const VELUM_BURST: Self = Self { hz: [1950.0, 3900.0, 6500.0], bandwidth: [450.0, 1400.0, 4000.0], level: [1.0, 0.4, 0.15] };
}

/// One steady posture of the tract; transitions between postures make the sound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    /// F1 to F3 in Hz, for a man's tract; 0 takes the formants of the sound that follows.
    pub hz: [f64; 3],
    /// Their bandwidths in Hz.
    pub bandwidths: [f64; 3],
    /// How long it lasts, in seconds; vowels take what time the note leaves.
    pub seconds: f64,
    /// Strength of the voice, 0..=1.
    pub voicing: f64,
    /// Turbulence at the glottis beside what the voice itself breathes.
    pub aspiration: f64,
    /// Turbulence in the mouth.
    pub frication: f64,
    pub noise: Noise,
    /// Coupling of the nose, 0..=1.
    pub nasal: f64,
    /// The zero that the shut mouth makes beside a nasal.
    pub zero_hz: f64,
    /// Time in which amplitudes change at its borders, in seconds.
    pub edge_s: f64,
    /// How far pitch sinks under it: a narrow tract takes pressure from the glottis.
    pub dip_cents: f64,
}

impl Step {
    pub(crate) const VOWEL: Self = Self {
        hz: [500.0, 1500.0, 2500.0],
        bandwidths: [75.0, 90.0, 200.0],
        seconds: 0.1,
        voicing: 1.0,
        aspiration: 0.0,
        frication: 0.0,
        noise: Noise::LIPS,
        nasal: 0.0,
        zero_hz: 950.0,
        edge_s: 0.04,
        dip_cents: 0.0,
    };

    /// Nothing sounds; the tract stays as it was, or takes the shape of what comes.
    pub(crate) const SILENCE: Self = Self { hz: [0.0; 3], voicing: 0.0, edge_s: 0.06, ..Self::VOWEL };

    /// Air drawn in through an open mouth.
    pub(crate) const BREATH: Self = Self {
        hz: [560.0, 1500.0, 2500.0],
        bandwidths: [250.0, 180.0, 220.0],
        voicing: 0.0,
        aspiration: 0.16,
        frication: 0.012,
        edge_s: 0.14,
        ..Self::VOWEL
    };
}
