//! Attack softness: notes begin slowly, whatever happens within them. Audio thread; plain arithmetic on one frame, never allocates.

use syrinx_tracker::{FRAME_RATE_HZ, LOUDNESS_FLOOR_DB};

/// At softness 1 a rise from silence to full takes this long, seconds.
pub const SLOWEST_ATTACK_S: f32 = 0.4;
/// Rises of up to this much above the level of a moment ago are no new note and pass unchanged, dB: tremolo and accents lie within.
pub const FREE_RISE_DB: f32 = 8.0;
/// dB per decade of the time since the note began: amplitude grows with the square of time. Linear growth (20) is heard as sudden, for
/// half of its decibels pass in the first tenth of the time; a rise linear in dB is heard as a late note.
const CURVE_DB: f32 = 40.0;

/// Limits how fast loudness rises out of silence; falls pass at once.
///
/// A ceiling lies over the loudness. It comes down with the loudness to [`FREE_RISE_DB`] above it, and goes up at its own pace: so how
/// much a rise is held back depends on how far below the level of a moment ago the loudness had gone.
#[derive(Clone, Copy, Debug)]
pub struct SoftAttack {
    ceiling_db: f32,
}

impl SoftAttack {
    /// In silence.
    pub fn new() -> Self {
        Self { ceiling_db: LOUDNESS_FLOOR_DB + FREE_RISE_DB }
    }

    /// Back to silence.
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    /// The loudness to play, dB, for this frame's `loudness_db`; `softness` 0..=1 is the share of [`SLOWEST_ATTACK_S`] that a rise from
    /// silence takes, and 0 returns the loudness itself.
    pub fn step(&mut self, loudness_db: f32, softness: f32) -> f32 {
        if !loudness_db.is_finite() {
            self.reset();
            return loudness_db;
        }
        // A gate may ask for less than the tracker's floor; from there a rise would take longer than from silence.
        let level = loudness_db.max(LOUDNESS_FLOOR_DB);
        // Also at softness 0, so that the ceiling is where it belongs when softness is turned up in the middle of a note.
        let frames = SLOWEST_ATTACK_S * softness.clamp(0.0, 1.0) * FRAME_RATE_HZ as f32;
        let progress = 10f32.powf((self.ceiling_db - level) / CURVE_DB);
        // NaN and zero softness both end at the top.
        let rise = if frames > 0.0 { 1.0 / frames } else { f32::INFINITY };
        let top = level + FREE_RISE_DB;
        self.ceiling_db = (level + CURVE_DB * (progress + rise).log10()).min(top);
        if softness > 0.0 { loudness_db.min(self.ceiling_db) } else { loudness_db }
    }
}

impl Default for SoftAttack {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME_MS: f32 = 1000.0 / FRAME_RATE_HZ as f32;

    /// Milliseconds from the step to within 1 dB of full.
    fn rise_ms(softness: f32, from_db: f32, to_db: f32) -> f32 {
        let mut attack = SoftAttack::new();
        for _ in 0..500 {
            attack.step(from_db, softness);
        }
        (1..).find(|_| attack.step(to_db, softness) > to_db - 1.0).unwrap() as f32 * FRAME_MS
    }

    #[test]
    fn softness_is_the_time_of_a_rise_from_silence() {
        for (softness, ms) in [(1.0, 400.0), (0.5, 200.0), (0.1, 40.0)] {
            for full in [-10.0, -30.0] {
                let rise = rise_ms(softness, LOUDNESS_FLOOR_DB, full);
                assert!((0.85 * ms..1.05 * ms).contains(&rise), "softness {softness} to {full} dB: {rise} ms");
            }
        }
    }

    #[test]
    fn no_softness_changes_no_bit() {
        let mut attack = SoftAttack::new();
        for n in 0..1000u32 {
            let loudness = -150.0 + (n.wrapping_mul(2_654_435_761) >> 8) as f32 * 1e-5;
            assert_eq!(attack.step(loudness, 0.0).to_bits(), loudness.to_bits());
        }
    }

    #[test]
    fn a_rise_has_no_step_and_never_overshoots() {
        let mut attack = SoftAttack::new();
        let mut before = attack.step(LOUDNESS_FLOOR_DB, 1.0);
        for frame in 0..150 {
            let now = attack.step(-20.0, 1.0);
            assert!(now >= before && now <= -20.0);
            // Below -40 dB of full the first frames of a power law are steep; nobody hears them.
            assert!(before < -60.0 || now - before < 7.0, "frame {frame}: {before} to {now} dB");
            before = now;
        }
        assert_eq!(before, -20.0);
    }

    #[test]
    fn falls_pass_at_once() {
        let mut attack = SoftAttack::new();
        for _ in 0..200 {
            attack.step(-20.0, 1.0);
        }
        for loudness in [-25.0, -60.0, -100.0, -300.0] {
            assert_eq!(attack.step(loudness, 1.0), loudness);
        }
    }

    #[test]
    fn tremolo_and_crescendo_within_a_note_pass() {
        let mut attack = SoftAttack::new();
        for _ in 0..200 {
            attack.step(-40.0, 1.0);
        }
        let mut worst = 0.0_f32;
        for n in 0..1000 {
            let t = n as f32 / FRAME_RATE_HZ as f32;
            let loudness = -40.0 + 5.0 * t + 3.5 * (std::f32::consts::TAU * 6.0 * t).sin();
            worst = worst.max(loudness - attack.step(loudness, 1.0));
        }
        assert!(worst < 0.2, "held back by {worst} dB");
    }

    #[test]
    fn the_next_note_is_softened_the_more_the_deeper_the_gap() {
        let (dip, gap, silence) = (rise_ms(1.0, -28.0, -20.0), rise_ms(1.0, -45.0, -20.0), rise_ms(1.0, -120.0, -20.0));
        assert!(dip <= FRAME_MS && (200.0..300.0).contains(&gap) && silence > gap + 80.0, "{dip}, {gap}, {silence} ms");
    }

    #[test]
    fn broken_numbers_leave_no_trace() {
        let mut attack = SoftAttack::new();
        attack.step(f32::NEG_INFINITY, 1.0);
        attack.step(f32::NAN, 1.0);
        attack.step(-20.0, f32::NAN);
        let mut last = 0.0;
        for _ in 0..110 {
            last = attack.step(-20.0, 1.0);
        }
        assert_eq!(last, -20.0);
    }
}
