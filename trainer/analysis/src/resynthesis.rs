//! Targets back into sound, through the synth that plays: the upper bound of any instrument that answers with such targets. Offline; any
//! thread but the audio thread.

use syrinx_synth::{Controls, FilteredNoise, HarmonicBank, HarmonicSynth};
use syrinx_tracker::{FrameClock, Tracker, TrackerConfig};

use crate::bands::{noise_edges_hz, power_of};
use crate::frames::{FLOOR_DB, Target};
use crate::period_spectrum::{ANALYSIS_RATE_HZ, HOP};

/// How many samples (48 kHz) before the end of its frame a target's instant lies: the delay of the live tracker.
pub fn live_delay_samples() -> usize {
    Tracker::new(ANALYSIS_RATE_HZ, TrackerConfig::default())
        .expect("48 kHz and the default range are within the tracker's")
        .delay_samples()
}

/// The controls that ask the synth for `target`, as frame `frame`.
pub fn controls_of(frame: u64, target: &Target) -> Controls {
    let mut controls = Controls::silent(frame);
    controls.f0_hz = target.f0_hz;
    if target.f0_hz > 0.0 {
        for (share, &db) in controls.harmonics.iter_mut().zip(&target.harmonics_db) {
            if db > FLOOR_DB {
                // Mean square to peak amplitude.
                *share = (2.0 * power_of(db)).sqrt() as f32;
            }
        }
        controls.amplitude = controls.harmonics.iter().sum();
        if controls.amplitude > 0.0 {
            controls.harmonics.iter_mut().for_each(|share| *share /= controls.amplitude);
        }
    }
    for (rms, &db) in controls.noise.iter_mut().zip(&target.noise_db) {
        if db > FLOOR_DB {
            *rms = power_of(db).sqrt() as f32;
        }
    }
    controls
}

/// Renders the targets of a take at 48 kHz, aligned with the recording that they were measured on: `len` samples.
pub fn resynthesise(targets: &[Target], len: usize, seed: u64) -> Vec<f32> {
    let clock = FrameClock::new(ANALYSIS_RATE_HZ);
    let delay = live_delay_samples() as i64;
    let edges = noise_edges_hz();
    let mut harmonics = HarmonicBank::new(ANALYSIS_RATE_HZ);
    let mut noise = FilteredNoise::new(ANALYSIS_RATE_HZ, &edges, HOP, seed);
    let mut out = vec![0.0; len];
    let mut done = 0;
    for (n, target) in targets.iter().enumerate() {
        // Targets before the start have no samples to sound in.
        let end = (clock.end_of(n as u64) as i64 - delay).clamp(0, len as i64) as usize;
        if end <= done {
            continue;
        }
        let controls = controls_of(n as u64, target);
        let segment = &mut out[done..end];
        harmonics.render(&controls, segment);
        noise.render(&controls.noise[..target.noise_db.len()], segment);
        done = end;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Audio;
    use crate::bands::loudness_db;
    use crate::frames::{BANDS, HARMONICS};
    use crate::targets::analyse;

    #[test]
    fn what_is_rendered_is_measured_back() {
        let mut target = Target {
            f0_hz: 311.0,
            harmonics_db: [FLOOR_DB; HARMONICS],
            noise_db: [-70.0; BANDS],
            loudness_db: 0.0,
            pulse: Default::default(),
        };
        for k in 0..30 {
            target.harmonics_db[k] = -20.0 - k as f32;
        }
        target.loudness_db = loudness_db(target.f0_hz, &target.harmonics_db, &target.noise_db);
        let samples = resynthesise(&vec![target.clone(); 500], 96_000, 1);
        let take = analyse("back", "test", &Audio::from_mono(ANALYSIS_RATE_HZ, samples));
        let middle = &take.frames[100..400];
        let mean = |db: &dyn Fn(&Target) -> f32| {
            10.0 * (middle.iter().map(|f| power_of(db(&f.target))).sum::<f64>() / middle.len() as f64).log10()
        };
        for k in 0..25 {
            let got = mean(&|t| t.harmonics_db[k]);
            assert!((got - f64::from(target.harmonics_db[k])).abs() < 0.2, "harmonic {}: {got} dB", k + 1);
        }
        for band in 0..BANDS {
            let got = mean(&|t| t.noise_db[band]);
            assert!((got + 70.0).abs() < 1.5, "band {band}: {got} dB");
        }
        assert!(middle.iter().all(|f| (f.target.f0_hz / 311.0 - 1.0).abs() < 1e-4));
        assert!((mean(&|t| t.loudness_db) - f64::from(target.loudness_db)).abs() < 0.1);
    }

    #[test]
    fn silence_and_odd_lengths_render_to_their_length() {
        let silent = Target {
            f0_hz: 0.0,
            harmonics_db: [FLOOR_DB; HARMONICS],
            noise_db: [FLOOR_DB; BANDS],
            loudness_db: FLOOR_DB,
            pulse: Default::default(),
        };
        for len in [0, 1, 1000, 4801] {
            let out = resynthesise(&vec![silent.clone(); 20], len, 1);
            assert!(out.len() == len && out.iter().all(|&x| x == 0.0));
        }
    }
}
