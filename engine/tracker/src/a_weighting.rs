//! The A-weighting curve in closed form. Plain arithmetic, any thread. The filter that applies it to a signal is in `loudness`.

/// Power gain of A-weighting at `hz`: 1 at 1 kHz (IEC 61672-1:2013, equation E.1 and the pole frequencies of annex E).
///
/// Takes any non-negative frequency; 0 at 0 Hz.
pub fn a_weighting_power(hz: f64) -> f64 {
    const F1: f64 = 20.598_997;
    const F2: f64 = 107.652_65;
    const F3: f64 = 737.862_23;
    const F4: f64 = 12_194.217;
    // |A(1 kHz)|^2 of the unnormalised curve, so that the gain there is exactly 1.
    const AT_1_KHZ: f64 = 0.631_007_39;
    let f2 = hz * hz;
    let ra = (F4 * F4 * f2 * f2) / ((f2 + F1 * F1) * ((f2 + F2 * F2) * (f2 + F3 * F3)).sqrt() * (f2 + F4 * F4));
    ra * ra / AT_1_KHZ
}

#[cfg(test)]
mod tests {
    use super::a_weighting_power;

    /// IEC 61672-1:2013, table 3, nominal values in dB.
    #[test]
    fn matches_the_standards_table() {
        let table = [
            (31.5, -39.4),
            (63.0, -26.2),
            (125.0, -16.1),
            (250.0, -8.6),
            (500.0, -3.2),
            (1000.0, 0.0),
            (2000.0, 1.2),
            (4000.0, 1.0),
            (8000.0, -1.1),
            (16000.0, -6.6),
        ];
        for (hz, db) in table {
            let got = 10.0 * a_weighting_power(hz).log10();
            assert!((got - db).abs() < 0.15, "{hz} Hz: {got} dB, the standard says {db}");
        }
        assert_eq!(a_weighting_power(0.0), 0.0);
    }
}
