//! One instrument as it sounds on a stream. Made on any thread, played on the audio thread without allocating.

use crate::{
    PARTS,
    level::{k_noise_weights, moved_powers},
    tone::Tone,
};
use std::sync::Arc;
use syrinx_decoder::{Arena, DecoderState, LifeTable, Model};
use syrinx_synth::{Controls, FilteredNoise, MAX_HARMONICS};
use syrinx_tracker::{Features, FrameClock};

/// A change of instrument is a cross-fade of so many frames (48 ms).
pub const FADE_FRAMES: f32 = 12.0;
/// Most that the share of an instrument moves in one frame.
const FADE_PER_FRAME: f32 = 1.0 / FADE_FRAMES;

/// Frames of the present sound that an instrument is given which starts in the middle of a stream: as long as instruments remember (the
/// trained ones, 30 ms), so that it does not play an attack.
const WARM_UP_FRAMES: usize = 12;

/// An instrument on its way in, there, or on its way out.
pub struct Sounding {
    decoder: DecoderState,
    /// K-weighting of each noise band, power gain: the same for all with the same bands.
    k_weights: Arc<[f32]>,
    /// Share of the sound, 0 to 1: reached, and wanted.
    share: f32,
    wanted: f32,
    /// It starts in the middle of a stream, and must not take that for the beginning of a note.
    cold: bool,
    pub controls: Controls,
}

impl Sounding {
    /// Silent, at the start of a stream.
    pub fn new(model: Arc<Model>, k_weights: Arc<[f32]>) -> Self {
        let decoder = DecoderState::new(model);
        Self { decoder, k_weights, share: 0.0, wanted: 0.0, cold: false, controls: Controls::silent(0) }
    }

    /// Makes room for any of these models.
    pub fn reserve<'a>(&mut self, models: impl IntoIterator<Item = &'a Model>) {
        self.decoder.reserve(models);
    }

    /// Is another instrument from now on, silent, at the start of a stream. Never allocates after [`Sounding::reserve`].
    pub fn become_of(&mut self, model: &Arc<Model>, k_weights: &Arc<[f32]>) {
        self.decoder.become_of(model);
        self.k_weights = k_weights.clone();
        self.settle();
    }

    pub fn model(&self) -> &Arc<Model> {
        self.decoder.model()
    }

    pub fn failed_frames(&self) -> u64 {
        self.decoder.failed_frames()
    }

    pub fn share(&self) -> f32 {
        self.share
    }

    /// Whether it is to sound, or does.
    pub fn is_called(&self) -> bool {
        self.wanted > 0.0
    }

    /// Forgets what was played.
    pub fn reset(&mut self) {
        self.decoder.reset();
    }

    /// Who plays is decided anew.
    pub fn settle(&mut self) {
        (self.share, self.wanted) = (0.0, 0.0);
    }

    /// Nobody wants it, until somebody calls.
    pub fn dismiss(&mut self) {
        self.wanted = 0.0;
    }

    /// It is wanted with a share of the sound besides what it is wanted with already.
    pub fn call(&mut self, share: f32) {
        self.wanted += share;
    }

    /// Goes on to the share that is wanted, by one frame; at once where the stream has not `started`.
    pub fn fade(&mut self, started: bool) {
        let was_silent = self.share == 0.0;
        self.share =
            if started { self.share + (self.wanted - self.share).clamp(-FADE_PER_FRAME, FADE_PER_FRAME) } else { self.wanted };
        self.cold = was_silent && self.share > 0.0 && started;
    }

    /// What its network says of the frame; whether it sounds.
    pub fn answer(&mut self, arena: &mut Arena, features: &Features) -> bool {
        if self.share == 0.0 {
            self.controls = Controls::silent(features.frame);
            return false;
        }
        if self.cold {
            self.decoder.reset();
            (0..WARM_UP_FRAMES).for_each(|_| self.decoder.step(arena, features, &mut self.controls));
        }
        self.decoder.step(arena, features, &mut self.controls);
        true
    }

    /// What moves in its held notes.
    pub fn life(&self) -> Option<&LifeTable> {
        self.decoder.model().life()
    }

    /// What its answer lacks of getting brighter with loudness where it is played with so much effort, dB an octave.
    pub fn tilt_db(&self, effort_db: f32) -> f32 {
        let dynamics = self.decoder.model().card().dynamics.as_ref();
        dynamics.map_or(0.0, |dynamics| dynamics.tilt_at(self.controls.f0_hz, effort_db))
    }

    /// Gives what was answered, each harmonic with its gain of `moves`, the K-weighted power that its A-weighted one without them, which it returns,
    /// says, times `level`: one gain on everything.
    pub fn lift(&mut self, level: f32, moves: Option<&[f32; MAX_HARMONICS]>) -> f32 {
        let own = &mut self.controls;
        // The decoder has locked one level to the voice's, and the other follows.
        let [a_power, k_power] = moved_powers(own, moves, self.decoder.model().noise_weights(), &self.k_weights);
        if k_power > f32::MIN_POSITIVE {
            let gain = (level * a_power / k_power).sqrt();
            own.amplitude *= gain;
            own.noise.iter_mut().for_each(|rms| *rms *= gain);
        }
        if let Some(moves) = moves {
            own.scale_harmonics(moves);
        }
        a_power
    }

    /// Shapes its noise.
    pub fn shape_noise(&mut self, tone: &Tone<'_>) {
        tone.shape_noise(&mut self.controls.noise, &self.decoder.model().card().noise_edges_hz);
    }

    /// K-weighted mean square of its noise.
    pub fn noise_power(&self) -> f32 {
        self.controls.noise.iter().zip(&*self.k_weights).map(|(rms, weight)| rms * rms * weight).sum()
    }
}

/// An instrument of the player's own, made ready to play at one sample rate. Takes milliseconds to make: not for the audio thread, and neither
/// is dropping it.
pub struct Instrument {
    pub(crate) sounding: Sounding,
    /// Its own noise: its bands need not be those of others.
    pub(crate) noise: FilteredNoise,
    pub(crate) arena: Arena,
    /// More of it, for players of the choir, each to be given away without allocating.
    #[allow(clippy::vec_box)]
    pub(crate) copies: Vec<Box<Instrument>>,
}

impl Instrument {
    /// Makes `model` ready for a stream of `sample_rate_hz` samples a second.
    pub fn new(sample_rate_hz: u32, model: Arc<Model>) -> Self {
        Self::with_seed(sample_rate_hz, model, 0)
    }

    fn with_seed(sample_rate_hz: u32, model: Arc<Model>, seed: u64) -> Self {
        let edges = &model.card().noise_edges_hz;
        let noise = FilteredNoise::new(sample_rate_hz, edges, FrameClock::new(sample_rate_hz).max_len(), seed);
        let k_weights = k_noise_weights(edges).into();
        Self { noise, arena: Arena::of([&*model]), sounding: Sounding::new(model, k_weights), copies: Vec::new() }
    }

    /// With copies for all parts of the choir that are to play the lead's instrument; no two have the same noise.
    pub fn with_choir(sample_rate_hz: u32, model: &Arc<Model>) -> Self {
        let copy = |n: usize| Box::new(Self::with_seed(sample_rate_hz, model.clone(), n as u64 + 1));
        let copies = (0..PARTS).map(copy).collect();
        Self { copies, ..Self::new(sample_rate_hz, model.clone()) }
    }

    /// What plays.
    pub fn model(&self) -> &Arc<Model> {
        self.sounding.model()
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

impl Slot {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::A, Self::B];
}
