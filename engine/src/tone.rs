//! What the player changes of the instrument's own sound, between decoder and synth: gains of harmonics and noise, brightness, even and odd
//! harmonics, weights of single ones. Audio thread; plain arithmetic on one frame.

use crate::{Settings, params::OFF_DB, spectral_weights::SpectralGains};
use syrinx_synth::Controls;

/// Brightness tilts the harmonics about this frequency, Hz.
const TILT_PIVOT_HZ: f32 = 1000.0;

/// Linear gain of a level in dB; the least value of a gain parameter means off.
pub fn gain(db: f32, off_db: f32) -> f32 {
    if db <= off_db { 0.0 } else { 10f32.powf(db / 20.0) }
}

/// All of it, at one frame.
pub struct Tone<'a> {
    settings: &'a Settings,
    weights: &'a SpectralGains,
    noise_gain: f32,
}

impl<'a> Tone<'a> {
    /// What the settings and the weights make of the sound.
    pub fn of(settings: &'a Settings, weights: &'a SpectralGains) -> Self {
        Self { settings, weights, noise_gain: gain(settings.noise, OFF_DB) }
    }

    /// Shapes the harmonics.
    pub fn shape(&self, controls: &mut Controls) {
        shape(controls, self.settings);
        self.weights.shape(controls);
    }

    /// Shapes noise with these RMS amplitudes in bands between these edges, Hz.
    pub fn shape_noise(&self, noise: &mut [f32], edges_hz: &[f32]) {
        for (rms, edges) in noise.iter_mut().zip(edges_hz.windows(2)) {
            *rms *= self.noise_gain * self.weights.noise(edges[0], edges[1]);
        }
    }
}

/// Applies the settings to the harmonics of one frame.
fn shape(controls: &mut Controls, settings: &Settings) {
    controls.amplitude *= gain(settings.harmonics, OFF_DB);
    if settings.brightness == 0.0 && settings.even_odd == 0.0 {
        return;
    }
    let balance = settings.even_odd / 100.0;
    let (even, odd) = ((1.0 + balance).min(1.0), (1.0 - balance).min(1.0));
    let mut sum = 0.0;
    for (k, share) in controls.harmonics.iter_mut().enumerate().filter(|(_, share)| **share > 0.0) {
        let number = (k + 1) as f32;
        let octaves = (number * controls.f0_hz / TILT_PIVOT_HZ).log2();
        let tilt = 10f32.powf(settings.brightness * octaves / 20.0);
        // The fundamental belongs to both sides: without it "even" would be the octave.
        let side = if k == 0 {
            1.0
        } else if k % 2 == 1 {
            even
        } else {
            odd
        };
        *share *= tilt * side;
        sum += *share;
    }
    // The shares sum to one by contract; what the tone changes in level goes into the amplitude.
    if sum > 0.0 && sum.is_finite() {
        controls.harmonics.iter_mut().for_each(|share| *share /= sum);
        controls.amplitude *= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat() -> Controls {
        let mut c = Controls::silent(0);
        (c.f0_hz, c.amplitude) = (500.0, 1.0);
        c.harmonics[..4].fill(0.25);
        c.noise[0] = 0.1;
        c
    }

    fn level(c: &Controls, k: usize) -> f32 {
        c.amplitude * c.harmonics[k]
    }

    #[test]
    fn default_settings_change_nothing() {
        let mut c = flat();
        shape(&mut c, &Settings::default());
        assert_eq!(c, flat());
    }

    #[test]
    fn harmonics_and_noise_have_a_gain_each() {
        let (mut c, weights) = (flat(), SpectralGains::new());
        let settings = Settings { harmonics: 6.0, noise: -20.0, ..Settings::default() };
        let tone = Tone::of(&settings, &weights);
        tone.shape(&mut c);
        tone.shape_noise(&mut c.noise, &[100.0, 200.0]);
        assert!((level(&c, 0) / 0.25 - 1.995).abs() < 1e-3 && (c.noise[0] - 0.01).abs() < 1e-6);
    }

    #[test]
    fn brightness_tilts_about_one_kilohertz() {
        let mut c = flat();
        shape(&mut c, &Settings { brightness: 6.0, ..Settings::default() });
        let db = |k| 20.0 * (level(&c, k) / 0.25).log10();
        assert!((db(0) + 6.0).abs() < 1e-3 && db(1).abs() < 1e-3 && (db(3) - 6.0).abs() < 1e-3);
    }

    #[test]
    fn even_odd_silences_one_side_and_keeps_the_fundamental() {
        let mut c = flat();
        shape(&mut c, &Settings { even_odd: 100.0, ..Settings::default() });
        assert!(level(&c, 2) == 0.0 && (level(&c, 0) - 0.25).abs() < 1e-6 && (level(&c, 1) - 0.25).abs() < 1e-6);
    }

    #[test]
    fn gains_at_their_least_are_off() {
        let mut c = flat();
        shape(&mut c, &Settings { harmonics: -60.0, ..Settings::default() });
        assert_eq!((c.amplitude, gain(-60.0, OFF_DB)), (0.0, 0.0));
    }
}
