//! Who sings: the sizes and habits that make a tenor a tenor. Plain data, any thread.

/// A singer: the vocal tract's size, the glottis' manner and the habits of phrasing.
#[derive(Clone, Debug, PartialEq)]
pub struct Voice {
    /// Factor on the vowel formants F1 to F3, 1.0 for a man's vocal tract of 17.5 cm. A woman's is shorter: about 1.15.
    pub formant_scale: f64,
    /// F3 is drawn towards this frequency, in Hz, by half its distance: with F4 and F5 it forms the singer's formant (Sundberg 1974).
    pub cluster_f3_hz: f64,
    /// F4, in Hz: no longer a matter of the vowel.
    pub f4_hz: f64,
    /// F5, in Hz.
    pub f5_hz: f64,
    /// Mean distance of the formants above F5, in Hz: speed of sound over twice the tract's length.
    pub formant_spacing_hz: f64,
    /// The glottal shape parameter Rd (Fant 1995) at full effort and at none: small is pressed and bright, large is lax and dull.
    pub rd: [f64; 2],
    /// Turbulence at the glottis while it vibrates, as a share of the excitation.
    pub breathiness: f64,
    /// Vibrato rate in Hz. Singers of the concert stage: 5.5 to 6.5 (Prame 1994).
    pub vibrato_hz: f64,
    /// Vibrato extent, ± cents, at full effort once it has settled.
    pub vibrato_cents: f64,
    /// Seconds of straight tone before vibrato begins to grow.
    pub vibrato_delay_s: f64,
    /// Cycle-to-cycle scatter of the period, relative standard deviation. It never accumulates, so the mean f0 stays exact.
    pub jitter: f64,
    /// Cycle-to-cycle scatter of the amplitude, relative standard deviation.
    pub shimmer: f64,
    /// Slow drift of pitch, ± cents.
    pub drift_cents: f64,
    /// Linear gain of everything the voice does, set so that a loud open vowel peaks near 0.6.
    pub gain: f64,
}

impl Voice {
    /// A light tenor, at home from about 130 to 520 Hz.
    pub fn tenor() -> Self {
        Self {
            formant_scale: 1.0,
            cluster_f3_hz: 2650.0,
            f4_hz: 3150.0,
            f5_hz: 3700.0,
            formant_spacing_hz: 1000.0,
            rd: [0.5, 1.5],
            breathiness: 0.04,
            vibrato_hz: 5.5,
            vibrato_cents: 65.0,
            vibrato_delay_s: 0.18,
            jitter: 0.003,
            shimmer: 0.02,
            drift_cents: 7.0,
            gain: 0.25,
        }
    }

    /// A mezzo-soprano, at home from about 200 to 800 Hz.
    pub fn mezzo() -> Self {
        Self {
            formant_scale: 1.14,
            cluster_f3_hz: 2900.0,
            f4_hz: 3550.0,
            f5_hz: 4300.0,
            formant_spacing_hz: 1150.0,
            rd: [0.65, 1.8],
            breathiness: 0.055,
            vibrato_hz: 5.8,
            vibrato_cents: 55.0,
            vibrato_delay_s: 0.17,
            jitter: 0.003,
            shimmer: 0.02,
            drift_cents: 6.0,
            gain: 0.25,
        }
    }
}
