//! How near an instrument comes to recordings that it never saw: the live tracker hears them, the instrument answers, the synth renders,
//! and the result is compared with the recording. Offline, any thread.

use std::sync::Arc;
use syrinx_analysis::{
    ANALYSIS_RATE_HZ, MeanSpectrum, Reference, Scores, Take, Target, live_delay_samples, resynthesise, studio_features,
};
use syrinx_decoder::{Decoder, Model};
use syrinx_synth::{Controls, FilteredNoise, HarmonicBank, HarmonicSynth};
use syrinx_tracker::{Features, FrameClock};

/// Seed of the noise in renderings that are compared: any will do, and the same makes scores repeatable.
const NOISE_SEED: u64 = 1;

/// Scores of an instrument on one recording, between what can be had without a network and what the synth can do at best.
#[derive(Clone, Copy, Debug)]
pub struct Evaluation {
    /// The instrument's, as it plays live.
    pub model: Scores,
    /// The instrument's, as it plays in studio mode: the tracker looks ahead and knows a note from its first sample.
    pub studio: Scores,
    /// Those of the mean spectrum at each loudness, where one was given.
    pub mean_spectrum: Option<Scores>,
    /// Those of the measured targets themselves, rendered.
    pub upper_bound: Scores,
}

impl Evaluation {
    /// Means over recordings, weighted by their length; none of nothing.
    pub fn mean(evaluations: &[Self]) -> Option<Self> {
        let mean = |of: fn(&Self) -> Scores| Scores::mean(&evaluations.iter().map(of).collect::<Vec<_>>());
        Some(Self {
            model: mean(|e| e.model)?,
            studio: mean(|e| e.studio)?,
            mean_spectrum: Scores::mean(&evaluations.iter().filter_map(|e| e.mean_spectrum).collect::<Vec<_>>()),
            upper_bound: mean(|e| e.upper_bound)?,
        })
    }
}

/// Evaluates `model` on a recording: `samples` are mono at [`ANALYSIS_RATE_HZ`], `take` is its analysis. `mean`, if any, is fitted on
/// what the model was trained on. `gain_db` is the gain on the recording's source that the training used, or 0. What lies above the recording's
/// own band is not compared.
pub fn evaluate(model: &Arc<Model>, mean: Option<&MeanSpectrum>, samples: &[f32], take: &Take, gain_db: f32) -> Evaluation {
    let reference = Reference::within(samples.to_vec(), take.band_limit_hz);
    let features: Vec<Features> = take.frames.iter().map(|f| f.features).collect();
    let targets: Vec<Target> = take.frames.iter().map(|f| f.target.clone()).collect();
    let (ahead, delay) = studio_features(samples, take);
    Evaluation {
        model: reference.score(&render(model, &features, live_delay_samples(), gain_db, samples.len())),
        studio: reference.score(&render(model, &ahead, delay, gain_db, samples.len())),
        mean_spectrum: mean.map(|mean| {
            let predicted: Vec<Target> = features.iter().map(|f| mean.predict(f)).collect();
            reference.score(&resynthesise(&predicted, samples.len(), NOISE_SEED))
        }),
        upper_bound: reference.score(&resynthesise(&targets, samples.len(), NOISE_SEED)),
    }
}

/// What the instrument makes of a tracker's features, which come `delay` samples late: `len` samples at [`ANALYSIS_RATE_HZ`], aligned
/// with what the tracker heard. The instrument hears the loudness changed by `gain_db`; the result has that gain taken back.
pub fn render(model: &Arc<Model>, features: &[Features], delay: usize, gain_db: f32, len: usize) -> Vec<f32> {
    let clock = FrameClock::new(ANALYSIS_RATE_HZ);
    let delay = delay as i64;
    let mut decoder = Decoder::new(model.clone());
    let mut harmonics = HarmonicBank::new(ANALYSIS_RATE_HZ);
    let mut noise = FilteredNoise::new(ANALYSIS_RATE_HZ, &model.card().noise_edges_hz, clock.max_len(), NOISE_SEED);
    let bands = model.card().bands();
    let mut controls = Controls::silent(0);
    let mut out = vec![0.0; len];
    let mut done = 0;
    for features in features {
        decoder.step(&Features { loudness_db: features.loudness_db + gain_db, ..*features }, &mut controls);
        // A frame describes the sound one tracker delay before its end, and the synth reaches its controls at a segment's end.
        let end = (clock.end_of(features.frame) as i64 - delay).clamp(0, len as i64) as usize;
        if end <= done {
            continue;
        }
        let segment = &mut out[done..end];
        harmonics.render(&controls, segment);
        noise.render(&controls.noise[..bands], segment);
        done = end;
    }
    let back = 10f32.powf(-gain_db / 20.0);
    out.iter_mut().for_each(|x| *x *= back);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::learned;

    /// An instrument trained on made-up notes, played by the features of a held-out one, sounds nearer to it than the mean spectrum does.
    #[test]
    fn an_instrument_is_nearer_to_a_held_out_note_than_the_mean_spectrum() {
        let (takes, trained) = (&learned().takes, &learned().trained);
        let twin = &trained.rounds[3];
        let model = syrinx_judge::from_bytes(&twin.to_onnx(&trained.card)).unwrap();
        let held_out = takes.iter().find(|t| twin.split.test_notes.contains(&t.note.unwrap())).unwrap();
        let seen = takes.iter().filter(|t| !twin.split.test_notes.contains(&t.note.unwrap()));
        let mean = MeanSpectrum::fit(seen);
        let targets: Vec<Target> = held_out.frames.iter().map(|f| f.target.clone()).collect();
        let samples = resynthesise(&targets, 250 * 192, 5);
        let e = evaluate(&model, Some(&mean), &samples, held_out, 0.0);
        let of_mean = e.mean_spectrum.unwrap();
        assert!(e.model.lsd < of_mean.lsd, "{:?}", e);
        assert!(e.upper_bound.lsd < e.model.lsd, "{:?}", e);
        assert!(e.studio.lsd < of_mean.lsd, "{:?}", e);
        assert!(e.model.loudness < 1.0, "{:?}", e.model);
        let mean = Evaluation::mean(&[e, e]).unwrap();
        assert!((mean.model.lsd - e.model.lsd).abs() < 1e-5);
        assert!(Evaluation::mean(&[]).is_none());
    }

    #[test]
    fn silence_and_nothing_render_as_silence() {
        let trained = &learned().trained;
        let model = syrinx_judge::from_bytes(&trained.to_onnx(&trained.card)).unwrap();
        assert!(render(&model, &[], 150, 0.0, 1000).iter().all(|&x| x == 0.0));
        let silent = Features { frame: 0, f0_hz: 0.0, confidence: 0.0, loudness_db: -120.0 };
        let features: Vec<Features> = (0..100).map(|frame| Features { frame, ..silent }).collect();
        assert!(render(&model, &features, 150, 0.0, 10_000).iter().all(|&x| x == 0.0));
    }
}
