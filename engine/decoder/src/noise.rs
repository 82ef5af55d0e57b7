//! What is known of an instrument's noise before it plays: made once for a model, and shared with it.

use crate::plan::{Arena, Plan};
use syrinx_synth::MAX_BANDS;
use syrinx_tracker::a_weighting_power;

/// Frames of a soft note that tell the colour of the noise: more than instruments remember.
const COLOUR_FRAMES: usize = 16;

/// The noise bands of a model.
pub(crate) struct NoiseBands {
    /// A-weighting of each band at its centre, power gain.
    pub weights: Vec<f32>,
    /// Width of each band, Hz.
    pub widths: Vec<f32>,
    /// Mean square of each band of the noise of a soft note in the middle of the instrument's range, against that of the note.
    pub soft: [f32; MAX_BANDS],
}

impl NoiseBands {
    /// Runs the network for what it says of a soft note at `f0_hz` and `loudness_db`.
    pub fn of(edges_hz: &[f32], plan: &Plan, f0_hz: f32, loudness_db: f32) -> Self {
        let (mut arena, mut state) = (Arena::with_room(plan.rows_len()), vec![0.0; plan.state_len()]);
        let mut soft = [0.0; MAX_BANDS];
        for _ in 0..COLOUR_FRAMES {
            let answer = plan.run(&mut arena, [f0_hz, 1.0, loudness_db], &mut state);
            if answer.is_finite() {
                soft.iter_mut().zip(answer.noise_db).for_each(|(band, db)| *band = power(*db));
            }
        }
        let widths = edges_hz.windows(2).map(|edges| edges[1] - edges[0]).collect();
        Self { weights: noise_weights(edges_hz), widths, soft }
    }
}

/// Power gain of A-weighting at the centre of each band: `noise_edges_hz.len() - 1` numbers.
pub fn noise_weights(noise_edges_hz: &[f32]) -> Vec<f32> {
    noise_edges_hz.windows(2).map(|w| a_weighting_power(f64::from(0.5 * (w[0] + w[1]))) as f32).collect()
}

/// Power of a level in dB; levels a hundred dB above the input or more are a broken model's, and are held there.
pub(crate) fn power(db: f32) -> f32 {
    10f32.powf(0.1 * db.clamp(-200.0, 100.0))
}
