//! What `syrinx track` writes: pitch, voicing and loudness over time.

use crate::Failure;
use std::path::Path;

/// Names of the columns, the command line's contract.
const HEADER: &str = "time_s,f0_hz,voiced,confidence,loudness_db";

/// One row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackPoint {
    /// Seconds of input consumed when the row came out.
    pub time_s: f64,
    /// Fundamental frequency in Hz; a guess where not voiced.
    pub f0_hz: f64,
    /// Whether there is a pitch.
    pub voiced: bool,
    /// A-weighted level, dB.
    pub loudness_db: f64,
}

impl TrackPoint {
    /// Pitch as a MIDI note number, where there is one.
    pub fn midi(&self) -> Option<f64> {
        (self.voiced && self.f0_hz > 0.0).then(|| 69.0 + 12.0 * (self.f0_hz / 440.0).log2())
    }
}

/// Reads a CSV file of `syrinx track`.
pub fn read(path: &Path) -> Result<Vec<TrackPoint>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    parse(&text).map_err(|e| format!("{}: {e}", path.display()).into())
}

fn parse(text: &str) -> Result<Vec<TrackPoint>, String> {
    let mut lines = text.lines();
    if lines.next().map(str::trim) != Some(HEADER) {
        return Err(format!("the first line should be '{HEADER}'"));
    }
    lines
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(row, line)| {
            let fields: Vec<f64> = line.split(',').map_while(|field| field.trim().parse().ok()).collect();
            let &[time_s, f0_hz, voiced, _, loudness_db] = fields.as_slice() else {
                return Err(format!("line {} is not five numbers", row + 2));
            };
            Ok(TrackPoint { time_s, f0_hz, voiced: voiced >= 0.5, loudness_db })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_points() {
        let points = parse("time_s,f0_hz,voiced,confidence,loudness_db\n0.004,440.0,1,0.97,-20.5\n0.008,0,0,0.1,-120\n").unwrap();
        assert_eq!(points[0], TrackPoint { time_s: 0.004, f0_hz: 440.0, voiced: true, loudness_db: -20.5 });
        assert_eq!(points[0].midi(), Some(69.0));
        assert_eq!(points[1].midi(), None);
    }

    #[test]
    fn a_bad_row_is_pointed_at() {
        assert!(parse("time_s,f0_hz,voiced,confidence,loudness_db\n0.004,440.0,1,0.97\n").unwrap_err().contains("line 2"));
        assert!(parse("f0\n").unwrap_err().contains("first line"));
    }
}
