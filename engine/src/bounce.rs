//! A whole sound at once, as a host bounces it. Allocates: not for the audio thread.

use crate::Engine;

/// Plays all of `voice`, one slice of equal length a channel, from the engine's beginning and in blocks of `block` samples; what comes out is as
/// long, and aligned with it: the delay is taken off. The engine is reset first, so that the same voice sounds the same every time.
///
/// ```
/// use syrinx_engine::{Engine, EngineConfig, bounce};
///
/// let mut engine = Engine::new(EngineConfig::default(), syrinx_models::factory())?;
/// let voice: Vec<f32> = (0..4800).map(|n| 0.2 * (n as f32 * 0.05).sin()).collect();
/// let sound = bounce(&mut engine, &[&voice], 512);
/// assert_eq!((sound.len(), sound[0].len()), (1, 4800));
/// # Ok::<(), syrinx_engine::EngineError>(())
/// ```
///
/// # Panics
/// When a block has no sample.
pub fn bounce(engine: &mut Engine, voice: &[&[f32]], block: usize) -> Vec<Vec<f32>> {
    assert!(block > 0, "a block has one sample at least");
    engine.reset();
    let len = voice.first().map_or(0, |channel| channel.len());
    let delay = engine.latency_samples();
    let channels = engine.config().channels;
    let mut sound = vec![vec![0.0; delay + len]; channels];
    let padded: Vec<Vec<f32>> = voice.iter().map(|channel| [channel, &vec![0.0; delay][..]].concat()).collect();
    for from in (0..delay + len).step_by(block) {
        let to = (from + block).min(delay + len);
        let input: Vec<&[f32]> = padded.iter().map(|channel| &channel[from..to]).collect();
        let mut output: Vec<&mut [f32]> = sound.iter_mut().map(|channel| &mut channel[from..to]).collect();
        engine.process(&input, &mut output);
    }
    sound.iter_mut().for_each(|channel| drop(channel.drain(..delay)));
    sound
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EngineConfig, Settings};

    #[test]
    fn the_voice_itself_comes_out_where_it_went_in() {
        let mut engine = Engine::new(EngineConfig { channels: 2, ..EngineConfig::default() }, &[]).unwrap();
        engine.set(&Settings { bypass: true, ..Settings::default() });
        let voice: Vec<f32> = (0..5000).map(|n| (0.01 * n as f32).sin()).collect();
        for block in [1, 100, 8192] {
            assert_eq!(bounce(&mut engine, &[&voice], block), [voice.clone(), voice.clone()]);
        }
    }
}
