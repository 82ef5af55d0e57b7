//! One line of sound: what is wished for, frame by frame, played by the instruments that are called. Knows no tracker, no clock, and not who wishes. Audio
//! thread; never allocates after `new`.

use crate::{
    Settings,
    auto_range::FitTarget,
    automation::Automation,
    crossfade_bank::{CrossfadeBank, LEAP_OCTAVES},
    ensemble::Ensemble,
    instrument::{Instrument, Slot},
    life,
    mapping::Wish,
    spectral_weights::{SpectralGains, SpectralWeights},
    sustain::Ringing,
    tell::Spectrum,
    tone::{Tone, gain},
};
use std::sync::Arc;
use syrinx_decoder::Model;
use syrinx_synth::{Controls, HarmonicSynth, RoomParams};
use syrinx_tracker::FrameClock;

/// Samples between two values of a moving pitch shift or loudness; straight lines between.
const CURVE_STEP: usize = 16;

/// What holds at a frame, besides what is wished for.
pub struct Moment<'a> {
    pub settings: &'a Settings,
    /// Pitch shift and loudness as they move within the frame; none where they do not, or are wished for with all else.
    pub automation: Option<&'a Automation>,
    /// How much louder the voice is than its level says, dB.
    pub colour_db: f32,
    /// The segment that is played is of so many samples, and this is the position behind its last in the stream of settings.
    pub len: usize,
    pub end: i64,
}

/// A line of sound.
pub struct Part {
    ensemble: Ensemble,
    bank: CrossfadeBank,
    gains: SpectralGains,
    /// The pitch that was played last, Hz.
    played_hz: f32,
    controls: Controls,
    /// Of the frame before: pitch before the shift, and what the loudness setting contributed to the amplitude.
    reached_hz: f32,
    reached_loudness: f32,
    segment: Vec<f32>,
    /// The noise of a segment, where it pulses, and what it pulses with.
    noise: Vec<f32>,
    carrier: Vec<f32>,
    /// How much it pulsed at the end of the segment before.
    pulse: f32,
}

impl Part {
    /// For every instrument of `palette`, each with the number that calls it up.
    pub fn new(sample_rate_hz: u32, seed: u64, palette: &[(u8, Arc<Model>)]) -> Self {
        let longest = FrameClock::new(sample_rate_hz).max_len();
        Self {
            ensemble: Ensemble::new(sample_rate_hz, seed, palette),
            bank: CrossfadeBank::new(sample_rate_hz),
            gains: SpectralGains::new(),
            played_hz: 0.0,
            controls: Controls::silent(0),
            reached_hz: 0.0,
            reached_loudness: 1.0,
            segment: vec![0.0; longest],
            noise: vec![0.0; longest],
            carrier: vec![0.0; longest],
            pulse: 0.0,
        }
    }

    /// As if `settings` had always been.
    pub fn settle(&mut self, settings: &Settings) {
        self.ensemble.settle();
        self.reached_loudness = gain(settings.loudness, f32::NEG_INFINITY);
    }

    /// The stream begins anew.
    pub fn reset(&mut self, settings: &Settings) {
        self.ensemble.reset();
        self.forget();
        self.settle(settings);
    }

    /// A note begins that has nothing to do with what was played before.
    pub fn begin_note(&mut self) {
        self.ensemble.begin_note();
        self.forget();
    }

    /// What was rendered before is no longer gone on from.
    fn forget(&mut self) {
        self.bank.reset();
        self.played_hz = 0.0;
        self.controls = Controls::silent(0);
        self.reached_hz = 0.0;
        self.pulse = 0.0;
    }

    /// [`Engine::weigh`](crate::Engine::weigh).
    pub fn weigh(&mut self, weights: &SpectralWeights) {
        self.gains.set(weights);
    }

    /// [`Engine::install`](crate::Engine::install).
    pub fn install(&mut self, slot: Slot, own: Option<Box<Instrument>>) -> Result<(), Option<Box<Instrument>>> {
        self.ensemble.install(slot, own)
    }

    /// Whether an instrument that has been replaced in a slot still fades.
    pub fn is_leaving(&self, slot: Slot) -> bool {
        self.ensemble.is_leaving(slot)
    }

    /// The instrument that has been replaced in a slot, if it is silent.
    pub fn retired(&mut self, slot: Slot) -> Option<Box<Instrument>> {
        self.ensemble.retired(slot)
    }

    /// Nothing sounds any more: whatever fades is silent at once.
    pub fn rest(&mut self) {
        self.ensemble.settle();
    }

    /// Frames that a network failed to answer with numbers.
    pub fn failed_frames(&self) -> u64 {
        self.ensemble.failed_frames()
    }

    /// The last segment.
    pub fn segment(&self, len: usize) -> &[f32] {
        &self.segment[..len]
    }

    /// The room around the last segment, as it was recorded.
    pub fn room(&self) -> RoomParams {
        self.ensemble.room()
    }

    /// The room around the instruments that are set, as it was recorded.
    pub fn room_of(&self, settings: &Settings) -> RoomParams {
        self.ensemble.room_of(settings.instrument_a, settings.instrument_b, settings.morph / 100.0)
    }

    /// The instrument that sounds most, or will.
    pub fn leader(&self, settings: &Settings) -> Option<&Model> {
        self.ensemble.leader(settings.morph / 100.0)
    }

    /// Seconds for which that room sounds on at most, with these settings.
    pub fn tail_s(&self, settings: &Settings) -> f32 {
        if settings.room == 0.0 {
            return 0.0;
        }
        self.ensemble.tail_s(settings.instrument_a, settings.instrument_b, settings.morph / 100.0)
    }

    /// The harmonics and the noise of the last frame.
    pub fn spectrum(&self) -> Spectrum {
        Spectrum {
            harmonics: self.controls.harmonics.map(|share| self.controls.amplitude * share),
            noise: self.ensemble.noise_shown(),
        }
    }

    /// Says who plays over the next frame.
    pub fn call(&mut self, settings: &Settings) {
        self.ensemble.call(settings.instrument_a, settings.instrument_b, settings.morph / 100.0);
    }

    /// What a voice is fitted to: the instrument that sounds most.
    pub fn target(&self, settings: &Settings) -> FitTarget {
        self.leader(settings).map_or(FitTarget::ANY, |model| {
            let card = model.card();
            // What the voice gives an instrument that rings is the strength of its strokes.
            let struck = card.decay.as_ref().filter(|_| settings.sustains_as_instrument());
            let loudness_range_db = struck.map_or(card.loudness_range_db, |decay| decay.struck_range_db);
            FitTarget { pitch_range_hz: card.pitch_range_hz, loudness_range_db }
        })
    }

    /// How those who play die away.
    pub fn ringing(&self) -> Ringing {
        // The pitch is that of the frame before: the table of a decay changes less within a frame than anybody hears.
        self.ensemble.ringing(self.played_hz)
    }

    /// Plays one frame, by those who were called for it.
    pub fn play(&mut self, wish: &Wish, moment: &Moment<'_>) {
        let Moment { settings, automation, colour_db, len, end } = *moment;
        let life = settings.life / 100.0;
        self.ensemble.decode(&wish.features, wish.level_db + colour_db, life, &mut self.controls);
        let tone = Tone::of(settings, &self.gains);
        tone.shape(&mut self.controls);
        self.ensemble.shape_noise(&tone);

        let pulse = [self.pulse, self.ensemble.pulse(life)];
        self.pulse = pulse[1];
        let pulses = pulse != [0.0; 2];

        self.segment[..len].fill(0.0);
        self.render_harmonics(wish, automation, pulses, end, len);
        if pulses {
            self.render_pulsing_noise(pulse, len);
        } else {
            self.ensemble.render_noise(&mut self.segment[..len]);
        }
        if let Some(automation) = automation {
            self.follow_loudness(automation, end, len);
        }
        self.played_hz = wish.features.f0_hz;
    }

    /// Adds the noise of one segment, which belongs to the tone: it pulses with it, from one strength to the other.
    fn render_pulsing_noise(&mut self, [from, to]: [f32; 2], len: usize) {
        let noise = &mut self.noise[..len];
        noise.fill(0.0);
        self.ensemble.render_noise(noise);
        life::pulse(noise, &self.carrier[..len], from, to);
        self.segment.iter_mut().zip(noise).for_each(|(sample, noise)| *sample += *noise);
    }

    /// Adds the harmonics of one segment, its pitch following the shift's glide within it; with their `carrier`, if it is wanted.
    fn render_harmonics(&mut self, wish: &Wish, automation: Option<&Automation>, carrier: bool, end: i64, len: usize) {
        let start = end - len as i64;
        let (from_hz, to_hz) = (self.reached_hz, wish.unshifted_hz);
        self.reached_hz = to_hz;
        let wet = &mut self.segment[..len];
        let leaps = from_hz <= 0.0 || to_hz <= 0.0 || (to_hz / from_hz).log2().abs() >= LEAP_OCTAVES;
        let Some(automation) = automation.filter(|automation| !leaps && !automation.pitch_shift.holds(start, end)) else {
            self.bank.render(&self.controls, wet);
            if carrier {
                self.bank.carrier(&mut self.carrier[..len]);
            }
            return;
        };
        // Harmonic amplitudes go straight from segment to segment, so cutting one in pieces needs what lies between.
        let was = self.bank.reached();
        let target = self.controls;
        let mut at = 0;
        while at < len {
            let to = len.min(at + CURVE_STEP);
            let t = to as f32 / len as f32;
            let ratio = (automation.pitch_shift.at(start + to as i64) / 12.0).exp2();
            let mut piece = if to == len { target } else { between(&was, &target, t) };
            piece.f0_hz = (from_hz + t * (to_hz - from_hz)) * ratio;
            self.bank.glide(&piece, &mut wet[at..to]);
            if carrier {
                self.bank.carrier(&mut self.carrier[at..to]);
            }
            at = to;
        }
        self.controls.f0_hz = wish.features.f0_hz;
    }

    /// Makes the level follow the loudness setting sample by sample, where the frames know it at their ends alone.
    fn follow_loudness(&mut self, automation: &Automation, end: i64, len: usize) {
        let start = end - len as i64;
        let (from, to) = (self.reached_loudness, gain(automation.loudness.at(end), f32::NEG_INFINITY));
        self.reached_loudness = to;
        if automation.loudness.holds(start, end) && from == to {
            return;
        }
        let correction = |at: usize| {
            let t = at as f32 / len as f32;
            gain(automation.loudness.at(start + at as i64), f32::NEG_INFINITY) / (from + t * (to - from))
        };
        let mut at = 0;
        let mut before = correction(0);
        while at < len {
            let next = len.min(at + CURVE_STEP);
            let after = correction(next);
            let piece = &mut self.segment[at..next];
            let step = (after - before) / piece.len() as f32;
            for (i, sample) in piece.iter_mut().enumerate() {
                *sample *= before + step * (i + 1) as f32;
            }
            (at, before) = (next, after);
        }
    }
}

/// The controls a share `t` of the way from one frame's to the next's.
fn between(from: &Controls, to: &Controls, t: f32) -> Controls {
    let mut controls = Controls::silent(to.frame);
    let mut sum = 0.0;
    for ((k, a), b) in controls.harmonics.iter_mut().zip(&from.harmonics).zip(&to.harmonics) {
        let (a, b) = (from.amplitude * a, to.amplitude * b);
        *k = a + t * (b - a);
        sum += *k;
    }
    if sum > 0.0 {
        controls.harmonics.iter_mut().for_each(|k| *k /= sum);
    }
    controls.amplitude = sum;
    controls
}
