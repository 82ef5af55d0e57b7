//! Made-up recordings for tests: a plausible instrument whose spectrum is known in closed form. Tests only.

use syrinx_analysis::{BANDS, FLOOR_DB, Frame, HARMONICS, Take, Target, loudness_db};
use syrinx_tracker::{Features, LOUDNESS_FLOOR_DB};

use std::sync::OnceLock;

use crate::{
    random::Random,
    train::{Progress, TrainOptions, Trained, train},
};

/// Steps of the training of [`learned`].
pub const STEPS: usize = 120;

/// An instrument, what it was trained on, and what was told meanwhile.
pub struct Learned {
    pub takes: Vec<Take>,
    pub trained: Trained,
    pub progress: Vec<Progress>,
}

/// The instrument, trained on eight of its notes: once for all tests that look at what comes of it.
pub fn learned() -> &'static Learned {
    static LEARNED: OnceLock<Learned> = OnceLock::new();
    LEARNED.get_or_init(|| {
        let takes: Vec<Take> = (50..66).step_by(2).map(|n| note(n, "one", 250)).collect();
        let mut progress = Vec::new();
        let options = TrainOptions { steps: STEPS, ..TrainOptions::new("test", "Test") };
        let trained = train(&takes, &options, &mut |p| progress.push(p)).expect("there is enough to learn from");
        Learned { takes, trained, progress }
    })
}

/// One frame of the instrument at `midi` (with fraction) and about `level_db`.
pub fn frame(number: usize, midi: f32, level_db: f32, confidence: f32, random: &mut Random) -> Frame {
    let f0_hz = 440.0 * 2f32.powf((midi - 69.0) / 12.0);
    let mut harmonics_db = [FLOOR_DB; HARMONICS];
    for (k, h) in harmonics_db.iter_mut().enumerate() {
        let hz = (k + 1) as f32 * f0_hz;
        if hz < 21_000.0 {
            // A resonance at 1 kHz, and a tilt that follows loudness.
            let octaves = (hz / 1000.0).log2();
            *h = level_db - 4.0 * octaves * octaves - (3.0 - 0.05 * level_db) * (k as f32).sqrt() + random.between(-1.0, 1.0);
        }
    }
    let mut noise_db = [0.0; BANDS];
    for (b, n) in noise_db.iter_mut().enumerate() {
        *n = level_db - 40.0 - 0.5 * b as f32 + random.between(-2.0, 2.0);
    }
    let loudness = loudness_db(f0_hz, &harmonics_db, &noise_db);
    Frame {
        features: Features { frame: number as u64, f0_hz, confidence, loudness_db: loudness },
        target: Target { f0_hz, harmonics_db, noise_db, loudness_db: loudness, pulse: Default::default() },
    }
}

pub fn silence(number: usize) -> Frame {
    Frame {
        features: Features { frame: number as u64, f0_hz: 0.0, confidence: 0.0, loudness_db: LOUDNESS_FLOOR_DB },
        target: Target {
            f0_hz: 0.0,
            harmonics_db: [FLOOR_DB; HARMONICS],
            noise_db: [FLOOR_DB; BANDS],
            loudness_db: FLOOR_DB,
            pulse: Default::default(),
        },
    }
}

/// A note that starts at once and decays by 30 dB, after 5 frames of silence.
pub fn note(midi: u8, source: &str, frames: usize) -> Take {
    let mut random = Random::new(u64::from(midi));
    let frames = (0..frames)
        .map(|n| {
            if n < 5 {
                silence(n)
            } else {
                let age = (n - 5) as f32;
                let level = -20.0 - 30.0 * age / frames as f32;
                // The live tracker is not sure at once.
                frame(n, f32::from(midi), level, (age / 8.0).min(0.9), &mut random)
            }
        })
        .collect();
    Take { name: format!("{midi}.wav"), source: source.into(), frames, band_limit_hz: 22_000.0, note: Some(midi) }
}

/// Half-second tones of changing pitch with pauses between them.
pub fn phrase(frames: usize) -> Take {
    let mut random = Random::new(9);
    let frames = (0..frames)
        .map(|n| {
            let (tone, place) = (n / 125, n % 125);
            if place > 110 { silence(n) } else { frame(n, 55.0 + (tone * 7 % 12) as f32, -25.0, 0.9, &mut random) }
        })
        .collect();
    Take { name: "phrase.wav".into(), source: "one".into(), frames, band_limit_hz: 22_000.0, note: None }
}

/// A card that passes the reader's checks.
pub fn card() -> syrinx_decoder::Card {
    syrinx_decoder::Card {
        format_version: syrinx_decoder::FORMAT_VERSION,
        id: "test".into(),
        name: "Test".into(),
        family: "reed".into(),
        author: "A. Nobody".into(),
        licence: "CC0".into(),
        credits: vec!["made up".into()],
        caveats: vec![],
        frame_rate_hz: syrinx_tracker::FRAME_RATE_HZ,
        harmonics: HARMONICS,
        noise_edges_hz: syrinx_analysis::noise_edges_hz().to_vec(),
        pitch_range_hz: [100.0, 1000.0],
        loudness_range_db: [-50.0, -10.0],
        pitch_histogram_s: vec![(60, 1.0)],
        loudness_histogram_s: vec![(-30, 1.0)],
        decay: None,
        life: None,
        room: None,
        dynamics: None,
        performance: None,
        scores: Default::default(),
        training: Default::default(),
    }
}
