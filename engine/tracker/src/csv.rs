//! What the tracker hears as rows of text, the form that pitch scorers read: `syrinx track` writes it, and whoever else tells of a track.

use crate::Features;

/// Names of the columns; times in seconds of input consumed when the row came out, pitch in Hz, loudness in dB(A).
pub const HEADER: &str = "time_s,f0_hz,voiced,confidence,loudness_db";

/// One row, without the line's end. From a confidence of 0.5 on there is a pitch.
pub fn row(time_s: f64, features: &Features) -> String {
    let voiced = u8::from(features.confidence >= 0.5);
    format!("{time_s:.6},{:.3},{voiced},{:.4},{:.2}", features.f0_hz, features.confidence, features.loudness_db)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_as_many_columns_as_the_header() {
        let features = Features { frame: 0, f0_hz: 440.0, confidence: 0.97, loudness_db: -20.5 };
        assert_eq!(row(0.004, &features), "0.004000,440.000,1,0.9700,-20.50");
        assert_eq!(HEADER.split(',').count(), row(1.0, &features).split(',').count());
    }
}
