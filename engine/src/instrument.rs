//! Instruments on one stream, and how they share it: which sound, how much of each, and what they ask of the synth together. Made on
//! any thread, played on the audio thread without allocating.

use crate::{
    level::{k_noise_weights, powers},
    spectral_weights::{NOISE_POINTS, SpectralGains, noise_point_hz},
    sustain::Ringing,
};
use std::sync::Arc;
use syrinx_decoder::{Decoder, Model, noise_weights};
use syrinx_synth::{Controls, FilteredNoise};
use syrinx_tracker::{Features, FrameClock};

/// Most that the share of an instrument moves in one frame: a change of instrument is a cross-fade of 48 ms.
const FADE_PER_FRAME: f32 = 1.0 / 12.0;

/// Frames of the present sound that an instrument is given which starts in the middle of a stream: as long as instruments remember (the
/// trained ones, 30 ms), so that it does not play an attack.
const WARM_UP_FRAMES: usize = 12;

/// An instrument made ready to play at one sample rate. Takes milliseconds to make: not for the audio thread, and neither is dropping it.
pub struct Instrument {
    decoder: Decoder,
    /// Its own noise where its bands are not those of the others.
    pub(crate) noise: Option<FilteredNoise>,
    /// A-weighting and K-weighting of its noise bands, power gains.
    a_weights: Vec<f32>,
    k_weights: Vec<f32>,
    /// Share of the sound, 0 to 1: reached, and wanted.
    share: f32,
    wanted: f32,
    /// It starts in the middle of a stream, and must not take that for the beginning of a note.
    cold: bool,
    pub(crate) controls: Controls,
}

impl Instrument {
    /// Makes `model` ready for a stream of `sample_rate_hz` samples a second.
    pub fn new(sample_rate_hz: u32, model: Arc<Model>) -> Self {
        let edges = &model.card().noise_edges_hz;
        let noise = FilteredNoise::new(sample_rate_hz, edges, FrameClock::new(sample_rate_hz).max_len(), 0);
        Self { noise: Some(noise), ..Self::sharing_noise(model) }
    }

    /// As `new`, for one whose noise another renderer of the same bands plays.
    pub(crate) fn sharing_noise(model: Arc<Model>) -> Self {
        let edges = &model.card().noise_edges_hz;
        let (a_weights, k_weights) = (noise_weights(edges), k_noise_weights(edges));
        Self {
            decoder: Decoder::new(model),
            noise: None,
            a_weights,
            k_weights,
            share: 0.0,
            wanted: 0.0,
            cold: false,
            controls: Controls::silent(0),
        }
    }

    /// What plays.
    pub fn model(&self) -> &Arc<Model> {
        self.decoder.model()
    }

    pub(crate) fn failed_frames(&self) -> u64 {
        self.decoder.failed_frames()
    }
}

/// Where an instrument of the player's own goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Instrument A.
    A,
    /// Instrument B.
    B,
}

const OWN: usize = crate::OWN_INSTRUMENT as usize;
/// Places of the ensemble: the factory's by number, the player's own two, and the two that those replaced, while they fade.
const PLACES: usize = OWN + 4;

impl Slot {
    fn place(self) -> usize {
        OWN + self as usize
    }

    fn leaving(self) -> usize {
        OWN + 2 + self as usize
    }
}

/// All instruments that a stream can call up.
pub struct Ensemble {
    places: Vec<Option<Box<Instrument>>>,
    /// Noise of the factory instruments, one renderer for each set of bands, and the instruments' places that share it.
    noises: Vec<(Vec<f32>, FilteredNoise)>,
    /// For each factory place, which of `noises` plays it.
    noise_of: Vec<usize>,
    /// Where A and B were last found: what is missing leaves the one that sounds.
    playing: [Option<usize>; 2],
    started: bool,
}

impl Ensemble {
    pub fn new(sample_rate_hz: u32, seed: u64, palette: &[(u8, Arc<Model>)]) -> Self {
        let mut ensemble = Self {
            places: (0..PLACES).map(|_| None).collect(),
            noises: Vec::new(),
            noise_of: vec![0; PLACES],
            playing: [None; 2],
            started: false,
        };
        for (number, model) in palette {
            let place = usize::from(*number).min(OWN);
            let edges = &model.card().noise_edges_hz;
            let known = ensemble.noises.iter().position(|(e, _)| e == edges);
            ensemble.noise_of[place] = known.unwrap_or_else(|| {
                let noise = FilteredNoise::new(sample_rate_hz, edges, FrameClock::new(sample_rate_hz).max_len(), seed);
                ensemble.noises.push((edges.clone(), noise));
                ensemble.noises.len() - 1
            });
            ensemble.places[place] = Some(Box::new(Instrument::sharing_noise(model.clone())));
        }
        ensemble
    }

    /// Forgets the stream.
    pub fn reset(&mut self) {
        for instrument in self.places.iter_mut().flatten() {
            instrument.decoder.reset();
            instrument.noise.iter_mut().for_each(FilteredNoise::reset);
        }
        self.noises.iter_mut().for_each(|(_, noise)| noise.reset());
        self.settle();
    }

    /// Who plays is decided anew at the next frame, without a fade.
    pub fn settle(&mut self) {
        for instrument in self.places.iter_mut().flatten() {
            (instrument.share, instrument.wanted) = (0.0, 0.0);
        }
        self.started = false;
    }

    /// Puts an instrument of the player's own, or none, into `slot`; the one before fades out, and is then to be had from `retired`.
    pub fn install(&mut self, slot: Slot, own: Option<Box<Instrument>>) -> Result<(), Option<Box<Instrument>>> {
        if self.places[slot.leaving()].is_some() {
            return Err(own);
        }
        let old = std::mem::replace(&mut self.places[slot.place()], own);
        self.places[slot.leaving()] = old;
        if self.places[slot.place()].is_none() {
            self.playing.iter_mut().filter(|p| **p == Some(slot.place())).for_each(|p| *p = None);
        }
        Ok(())
    }

    /// An instrument that has been replaced and is silent.
    pub fn retired(&mut self) -> Option<Box<Instrument>> {
        let silent = |i: &&mut Option<Box<Instrument>>| i.as_ref().is_some_and(|i| i.share == 0.0);
        self.places[OWN + 2..].iter_mut().find(silent)?.take()
    }

    /// The card of the instrument that sounds most, or will.
    pub fn leader(&self, morph: f32) -> Option<&Model> {
        let [a, b] = self.playing;
        let place = if morph > 0.5 { b.or(a) } else { a.or(b) };
        Some(self.places[place?].as_ref()?.model())
    }

    /// How those who play die away, together, at `f0_hz`.
    pub fn ringing(&self, f0_hz: f32) -> Ringing {
        let (mut all, mut ringing) = (0.0, Ringing::default());
        for instrument in self.places.iter().flatten().filter(|i| i.share > 0.0) {
            all += instrument.share;
            if let Some(decay) = &instrument.model().card().decay {
                let fall = decay.at(f0_hz);
                ringing.share += instrument.share;
                ringing.fall.early_db += instrument.share * fall.early_db;
                ringing.fall.late_db_per_s += instrument.share * fall.late_db_per_s;
            }
        }
        if ringing.share > 0.0 {
            ringing.fall.early_db /= ringing.share;
            ringing.fall.late_db_per_s /= ringing.share;
            ringing.share /= all;
        }
        ringing
    }

    pub fn failed_frames(&self) -> u64 {
        self.places.iter().flatten().map(|i| i.failed_frames()).sum()
    }

    /// Says who is to play: the numbers of instruments A and B, and how far the morph from A to B has gone, 0 to 1.
    pub fn call(&mut self, a: f32, b: f32, morph: f32) {
        for (slot, number) in [(Slot::A, a), (Slot::B, b)] {
            let number = number.max(0.0) as usize;
            let place = if number >= OWN { slot.place() } else { number };
            if self.places[place].is_some() {
                self.playing[slot as usize] = Some(place);
            }
        }
        for instrument in self.places.iter_mut().flatten() {
            instrument.wanted = 0.0;
        }
        for (place, share) in self.playing.into_iter().zip([1.0 - morph, morph]) {
            if let Some(instrument) = place.and_then(|p| self.places[p].as_mut()) {
                instrument.wanted += share;
            }
        }
        for instrument in self.places.iter_mut().flatten() {
            let was_silent = instrument.share == 0.0;
            instrument.share = if self.started {
                instrument.share + (instrument.wanted - instrument.share).clamp(-FADE_PER_FRAME, FADE_PER_FRAME)
            } else {
                instrument.wanted
            };
            instrument.cold = was_silent && instrument.share > 0.0 && self.started;
        }
        self.started = true;
    }

    /// Answers one frame: `controls` gets the harmonics of all who play, and the noise is left with them. The network hears `features` with
    /// the A-weighted loudness that it was trained on; what sounds has that level, and `level_db` more, by K-weighting: at equal numbers all
    /// instruments are equally loud, whatever their spectrum.
    pub fn decode(&mut self, features: &Features, level_db: f32, controls: &mut Controls) {
        let level = 10f32.powf(0.1 * level_db);
        *controls = Controls::silent(features.frame);
        controls.f0_hz = features.f0_hz;
        let mut playing = 0;
        let mut shares = 0.0;
        let (mut wanted_power, mut got_power) = (0.0, 0.0);
        for instrument in self.places.iter_mut().flatten() {
            if instrument.share == 0.0 {
                instrument.controls = Controls::silent(features.frame);
                continue;
            }
            if instrument.cold {
                instrument.decoder.reset();
                (0..WARM_UP_FRAMES).for_each(|_| instrument.decoder.step(features, &mut instrument.controls));
            }
            instrument.decoder.step(features, &mut instrument.controls);
            controls.f0_hz = instrument.controls.f0_hz;
            playing += 1;
            shares += instrument.share;
        }
        for instrument in self.places.iter_mut().flatten().filter(|i| i.share > 0.0) {
            let share = instrument.share;
            let own = &mut instrument.controls;
            // The decoder has locked one level to the voice's, and the other follows: one gain on everything.
            let [a_power, k_power] = powers(own, &instrument.a_weights, &instrument.k_weights);
            if k_power > f32::MIN_POSITIVE {
                let gain = (level * a_power / k_power).sqrt();
                own.amplitude *= gain;
                own.noise.iter_mut().for_each(|rms| *rms *= gain);
            }
            wanted_power += share * level * a_power;
            // Phases are one and the same, so amplitudes add.
            for (sum, k) in controls.harmonics.iter_mut().zip(&own.harmonics) {
                *sum += share * own.amplitude * k;
            }
            own.noise.iter_mut().for_each(|rms| *rms *= share);
            got_power += noise_power(own, &instrument.k_weights);
        }
        controls.amplitude = controls.harmonics.iter().sum();
        if controls.amplitude > 0.0 {
            let sum = controls.amplitude;
            controls.harmonics.iter_mut().for_each(|k| *k /= sum);
        }
        if playing > 1 {
            // Two spectra that complement each other would be softer together than either: hold the loudness.
            got_power += powers(controls, &[], &[])[1];
            if got_power > f32::MIN_POSITIVE {
                let gain = (wanted_power / shares.max(f32::MIN_POSITIVE) * shares.min(1.0) / got_power).sqrt();
                controls.amplitude *= gain;
                for instrument in self.places.iter_mut().flatten().filter(|i| i.share > 0.0) {
                    instrument.controls.noise.iter_mut().for_each(|rms| *rms *= gain);
                }
            }
        }
    }

    /// Adds one segment of all instruments' noise to `out`, its bands scaled by `gain` and weighted by `gains`. Must be called once a frame.
    pub fn render_noise(&mut self, gain: f32, gains: &SpectralGains, out: &mut [f32]) {
        for instrument in self.places.iter_mut().flatten().filter(|i| i.share > 0.0) {
            let edges = &instrument.decoder.model().card().noise_edges_hz;
            for (rms, edges) in instrument.controls.noise.iter_mut().zip(edges.windows(2)) {
                *rms *= gain * gains.noise(edges[0], edges[1]);
            }
        }
        for (at, (_, noise)) in self.noises.iter_mut().enumerate() {
            let mut bands = Controls::silent(0).noise;
            for (place, instrument) in self.places[..OWN + 2].iter().enumerate() {
                let Some(instrument) = instrument.as_ref().filter(|i| i.noise.is_none() && i.share > 0.0) else { continue };
                if self.noise_of[place] == at {
                    bands.iter_mut().zip(&instrument.controls.noise).for_each(|(sum, rms)| *sum += rms);
                }
            }
            noise.render(&bands, out);
        }
        for instrument in self.places.iter_mut().flatten() {
            if let Some(noise) = &mut instrument.noise {
                noise.render(&instrument.controls.noise, out);
            }
        }
    }

    /// RMS amplitude of the noise that was rendered last, per octave, at each [`noise_point_hz`].
    pub fn noise_shown(&self) -> [f32; NOISE_POINTS] {
        let mut power = [0.0_f32; NOISE_POINTS];
        for instrument in self.places[..OWN + 2].iter().flatten().filter(|i| i.share > 0.0) {
            let edges = &instrument.decoder.model().card().noise_edges_hz;
            for (point, sum) in power.iter_mut().enumerate() {
                let hz = noise_point_hz(point);
                let band = edges.partition_point(|edge| *edge <= hz);
                if (1..edges.len()).contains(&band) {
                    let octaves = (edges[band] / edges[band - 1]).log2();
                    let rms = instrument.controls.noise[band - 1];
                    *sum += rms * rms / octaves;
                }
            }
        }
        power.map(f32::sqrt)
    }
}

/// K-weighted mean square of the noise in `controls`.
fn noise_power(controls: &Controls, k_weights: &[f32]) -> f32 {
    controls.noise.iter().zip(k_weights).map(|(rms, weight)| rms * rms * weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(id: &str) -> Arc<Model> {
        syrinx_models::load(id).unwrap()
    }

    fn note(frame: u64) -> Features {
        Features { frame, f0_hz: 440.0, confidence: 1.0, loudness_db: -20.0 }
    }

    /// K-weighted.
    fn power(ensemble: &Ensemble, controls: &Controls) -> f32 {
        let noise: f32 = ensemble.places.iter().flatten().map(|i| noise_power(&i.controls, &i.k_weights)).sum();
        powers(controls, &[], &[])[1] + noise
    }

    #[test]
    fn a_morph_holds_the_loudness_all_the_way() {
        let mut ensemble = Ensemble::new(48_000, 0, &[(0, load("violin")), (1, load("flute"))]);
        let mut controls = Controls::silent(0);
        for n in 0..500 {
            ensemble.call(0.0, 1.0, n as f32 / 499.0);
            ensemble.decode(&note(n), 0.0, &mut controls);
            let db = 10.0 * power(&ensemble, &controls).log10();
            assert!((db + 20.0).abs() < 0.1, "frame {n}: {db} dB");
        }
    }

    #[test]
    fn a_missing_instrument_leaves_the_one_that_sounds() {
        let mut ensemble = Ensemble::new(48_000, 0, &[(0, load("violin")), (1, load("flute"))]);
        let mut controls = Controls::silent(0);
        ensemble.call(1.0, 1.0, 0.0);
        ensemble.decode(&note(0), 0.0, &mut controls);
        let flute = controls;
        let mut reference = Ensemble::new(48_000, 0, &[(1, load("flute"))]);
        reference.call(1.0, 1.0, 0.0);
        reference.decode(&note(0), 0.0, &mut Controls::silent(0));
        ensemble.call(77.0, 1.0, 0.0);
        ensemble.decode(&note(1), 0.0, &mut controls);
        reference.call(1.0, 1.0, 0.0);
        let mut expected = Controls::silent(0);
        reference.decode(&note(1), 0.0, &mut expected);
        assert!(flute.amplitude > 0.0);
        assert_eq!(controls, expected);
    }

    #[test]
    fn a_consonant_is_breath_under_the_notes_and_a_doubt_makes_no_burst() {
        for id in ["violin", "flute", "alto-sax", "clarinet", "guitar"] {
            let mut ensemble = Ensemble::new(48_000, 0, &[(0, load(id))]);
            let mut controls = Controls::silent(0);
            let mut frame = 0;
            // Levels of the noise and of all, dB, of a frame of so much confidence and level.
            let mut play = |confidence: f32, loudness_db: f32| {
                frame += 1;
                ensemble.call(0.0, 0.0, 0.0);
                ensemble.decode(&Features { confidence, loudness_db, ..note(frame) }, 0.0, &mut controls);
                let noise = power(&ensemble, &Controls { amplitude: 0.0, ..controls });
                [noise, power(&ensemble, &controls)].map(|power| 10.0 * power.log10())
            };
            let sung: Vec<[f32; 2]> = (0..100).map(|_| play(1.0, -20.0)).collect();
            let [usual, _] = sung[99];
            let most = [0.55, 0.45, 0.5].into_iter().map(|doubt| play(doubt, -20.0)[0]).fold(f32::MIN, f32::max);
            assert!(
                most < (usual + 6.0).max(-20.0 - 10.0),
                "{id}: noise at {most} dB where the pitch is in doubt, {usual} dB before"
            );
            play(1.0, -20.0);
            // An s, 8 dB louder than the note.
            let hiss: Vec<[f32; 2]> = (0..50).map(|_| play(0.05, -12.0)).collect();
            assert!(hiss.iter().all(|[_, all]| *all < -20.0 - 10.0), "{id}: {hiss:?}");
            assert!(hiss[3..].iter().all(|[noise, all]| *noise > -40.0 && noise == all), "{id}: {hiss:?}");
            let [noise, all] = (0..5).map(|_| play(1.0, -20.0)).last().unwrap();
            assert!(noise < usual + 6.0 && (all + 20.0).abs() < 0.1, "{id}: {noise} and {all} dB when the note goes on");
        }
    }

    #[test]
    fn nobody_there_is_silence() {
        let mut ensemble = Ensemble::new(48_000, 0, &[]);
        let mut controls = Controls::silent(0);
        ensemble.call(3.0, 4.0, 0.5);
        ensemble.decode(&note(0), 0.0, &mut controls);
        assert_eq!(controls.amplitude, 0.0);
    }

    #[test]
    fn an_own_instrument_replaces_the_one_before_and_hands_it_back_silent() {
        let mut ensemble = Ensemble::new(48_000, 0, &[(0, load("violin"))]);
        let own = |id| Some(Box::new(Instrument::new(48_000, load(id))));
        let mut controls = Controls::silent(0);
        ensemble.call(127.0, 0.0, 0.0);
        assert_eq!(controls.amplitude, 0.0, "there is none yet");
        ensemble.install(Slot::A, own("flute")).ok().unwrap();
        for n in 0..20 {
            ensemble.call(127.0, 0.0, 0.0);
            ensemble.decode(&note(n), 0.0, &mut controls);
        }
        assert!(ensemble.retired().is_none() && controls.amplitude > 0.0);
        ensemble.install(Slot::A, own("trumpet")).ok().unwrap();
        assert!(ensemble.install(Slot::A, own("violin")).is_err(), "the flute still fades");
        let mut fading = 0;
        let retired = loop {
            ensemble.call(127.0, 0.0, 0.0);
            ensemble.decode(&note(20 + fading), 0.0, &mut controls);
            assert!((10.0 * power(&ensemble, &controls).log10() + 20.0).abs() < 0.1);
            fading += 1;
            if let Some(retired) = ensemble.retired() {
                break retired;
            }
        };
        assert_eq!(retired.model().card().id, "flute");
        assert!((12..=13).contains(&fading), "{fading} frames");
    }
}
