//! The pitch of a song over time: steps, glides, overshoot, vibrato and drift. Any thread.
//!
//! The larynx is a damped second-order system driven by the score (Saitou, Unoki and Akagi, "Development of an F0 control model based on
//! F0 dynamic characteristics for singing-voice synthesis", Speech Communication 46, 2005): steps become rounded and overshoot a little.

use crate::noise::Wander;
use crate::track::{PLAN_RATE_HZ, smooth};
use crate::voice::Voice;

/// Natural angular frequency of the larynx, rad/s: between the values Saitou found for fast and for slow changes.
const LARYNX_RAD_S: f64 = 42.0;

/// Its damping. Saitou's 0.54 overshoots by a fifth of a step; a schooled singer keeps to a twentieth.
const LARYNX_DAMPING: f64 = 0.7;

/// A phrase starts this much below its first pitch and scoops up, in semitones.
const SCOOP_ST: f64 = 0.9;

/// Vibrato grows to its full extent in this time, seconds.
const VIBRATO_GROWTH_S: f64 = 0.45;

/// A note as the larynx sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotePitch {
    pub start_s: f64,
    pub end_s: f64,
    pub midi: [f64; 2],
    pub glide_s: f64,
    /// Factor on the voice's vibrato, effort included.
    pub vibrato: f64,
    /// Whether a breath or rest lies before it.
    pub first: bool,
}

/// MIDI note numbers to Hz.
pub(crate) fn hz(midi: f64) -> f64 {
    440.0 * ((midi - 69.0) / 12.0).exp2()
}

/// f0 in Hz at each of `points` points of the plan.
pub(crate) fn curve(targets: &[NotePitch], voice: &Voice, seed: u64, points: usize) -> Vec<f64> {
    // The larynx lags by 2 damping / frequency: a singer starts moving that much early.
    let lead_s = 2.0 * LARYNX_DAMPING / LARYNX_RAD_S;
    let (drift, flutter) = (Wander::new(seed, 11, 2.5), Wander::new(seed, 12, 11.0));
    let rate = Wander::new(seed, 13, 1.5);
    let Some(opening) = targets.first() else { return vec![hz(60.0); points] };
    let mut position = opening.midi[0] - SCOOP_ST;
    let mut velocity = 0.0;
    let mut vibrato_phase = 0.0;
    let step_s = 1.0 / PLAN_RATE_HZ;
    (0..points)
        .map(|i| {
            let time = i as f64 * step_s;
            let wanted = wanted_midi(targets, time + lead_s);
            // Semi-implicit Euler at a step of 0.04 rad: stable and exact enough.
            velocity +=
                step_s * (LARYNX_RAD_S * LARYNX_RAD_S * (wanted - position) - 2.0 * LARYNX_DAMPING * LARYNX_RAD_S * velocity);
            position += step_s * velocity;
            vibrato_phase += step_s * voice.vibrato_hz * (1.0 + 0.06 * rate.at(time));
            let extent = voice.vibrato_cents * vibrato_extent(targets, voice, time);
            let cents = extent * (2.0 * std::f64::consts::PI * vibrato_phase).sin()
                + voice.drift_cents * (drift.at(time) + 0.3 * flutter.at(time));
            hz(position + cents / 100.0)
        })
        .collect()
}

/// What the score asks for at `time`.
fn wanted_midi(targets: &[NotePitch], time: f64) -> f64 {
    let index = targets.partition_point(|t| t.start_s <= time).max(1) - 1;
    let target = targets[index];
    let share = ((time - target.start_s) / (target.end_s - target.start_s).max(1e-3)).clamp(0.0, 1.0);
    let own = target.midi[0] + share * (target.midi[1] - target.midi[0]);
    let since = time - target.start_s;
    if since < 0.0 {
        // Before the first note of all.
        return own - SCOOP_ST;
    }
    // A long glide is centred on the beat; the half before it is sung on the note before.
    if let Some(next) = targets.get(index + 1).filter(|n| n.glide_s > 0.0 && time > n.start_s - n.glide_s / 2.0) {
        return own + (next.midi[0] - own) * smooth((time - next.start_s) / next.glide_s + 0.5);
    }
    if let Some(next) = targets.get(index + 1).filter(|n| n.first && time > 0.5 * (target.end_s + n.start_s)) {
        // The voice before has died away: in the silence the larynx sets itself for what comes.
        return next.midi[0] - SCOOP_ST;
    }
    if index > 0 && target.glide_s > 0.0 && since < target.glide_s / 2.0 {
        let before = targets[index - 1].midi[1];
        return before + (own - before) * smooth(since / target.glide_s + 0.5);
    }
    own
}

/// Extent of vibrato at `time`, 0..=1 times the note's factor: straight at first, growing, letting go before the note ends.
fn vibrato_extent(targets: &[NotePitch], voice: &Voice, time: f64) -> f64 {
    let index = targets.partition_point(|t| t.start_s <= time);
    if index == 0 {
        return 0.0;
    }
    let target = targets[index - 1];
    let growth = smooth((time - target.start_s - voice.vibrato_delay_s) / VIBRATO_GROWTH_S);
    let release = smooth((target.end_s - time) / 0.12);
    target.vibrato * growth * release
}

#[cfg(test)]
mod tests {
    use super::*;

    fn straight(midi: [f64; 2], start_s: f64, end_s: f64) -> NotePitch {
        NotePitch { start_s, end_s, midi, glide_s: 0.0, vibrato: 0.0, first: start_s == 0.0 }
    }

    fn cents(a: f64, b: f64) -> f64 {
        1200.0 * (a / b).log2()
    }

    #[test]
    fn a_step_arrives_in_100_ms_and_overshoots_little() {
        let voice = Voice { drift_cents: 0.0, ..Voice::tenor() };
        let f0 = curve(&[straight([57.0; 2], 0.0, 1.0), straight([62.0; 2], 1.0, 2.0)], &voice, 1, 2000);
        assert!(cents(f0[900], hz(57.0)).abs() < 1.0);
        assert!(cents(f0[1090], hz(62.0)).abs() < 50.0);
        assert!(cents(f0[1500], hz(62.0)).abs() < 1.0);
        let highest = f0.iter().copied().fold(0.0, f64::max);
        assert!((5.0..40.0).contains(&cents(highest, hz(62.0))));
    }

    #[test]
    fn vibrato_starts_late_and_reaches_its_extent_and_rate() {
        let voice = Voice { drift_cents: 0.0, ..Voice::tenor() };
        let f0 = curve(&[NotePitch { vibrato: 1.0, ..straight([57.0; 2], 0.0, 3.0) }], &voice, 1, 3000);
        assert!(f0[150..220].iter().all(|&f| cents(f, hz(57.0)).abs() < 10.0));
        let settled = &f0[1000..2500];
        let extent = settled.iter().map(|&f| cents(f, hz(57.0)).abs()).fold(0.0, f64::max);
        assert!((extent - voice.vibrato_cents).abs() < 3.0, "{extent}");
        let crossings = settled.windows(2).filter(|w| (w[0] < hz(57.0)) != (w[1] < hz(57.0))).count();
        assert!((crossings as f64 / 2.0 / 1.5 - voice.vibrato_hz).abs() < 0.7, "{crossings}");
    }
}
