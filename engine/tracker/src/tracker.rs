//! The tracker itself: samples in, frames out. Audio thread; allocates in `new` only.

use thiserror::Error;

use crate::frame::{Features, FrameClock, LatencyMode};
use crate::glide::Glide;
use crate::loudness::{LIVE_DELAY_S, Loudness};
use crate::pitch::{Estimate, Pitch};
use crate::tuning::Tuning;

/// Delay of Studio, s: the look-ahead of the pitch filter, and the age of what a correlation compares (a window and a lag, halved:
/// 16 ms for a voice of 67 Hz; lower ones are read a little late).
const STUDIO_DELAY_S: f64 = 0.040;
/// How much of that is look-ahead of the pitch filter, s: six hops.
const STUDIO_LOOK_BACK_S: f64 = 0.024;
/// Finished estimates kept for Studio: 128 ms, more than the delay and the age of any estimate together.
const KEPT_ESTIMATES: usize = 32;
/// Samples are clipped here (24 dB over full scale), so that no square overflows.
const MOST: f32 = 16.0;
/// Below this probability of a pitch there is not even a guess, and the last one stays.
const HOLD_BELOW: f32 = 0.002;

/// What the tracker should listen for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackerConfig {
    /// Causal, or looking ahead.
    pub mode: LatencyMode,
    /// Lowest pitch told apart, Hz (30..=1000). The lower, the longer a low note takes to be known.
    pub min_f0_hz: f32,
    /// Highest pitch told apart, Hz (up to [`MAX_F0_HZ`](Self::MAX_F0_HZ), and at least an octave above the lowest).
    pub max_f0_hz: f32,
    /// Level under which nothing is voiced, dB re full-scale square wave (-120..=0): mean square over 12 ms, summed over the pitch
    /// filter's bands, which together span 45 Hz to 4 kHz.
    pub gate_db: f32,
    /// Live: whether a pitch that glides is said to be where it is by now rather than where it was heard last. Whoever plays it is some
    /// milliseconds less late; whoever measures a voice wants what was heard. Studio knows where it is.
    pub continue_glides: bool,
    /// Whether a pitch above 2050 Hz, higher than is sung, must be surer than others: a whistle is, and the hiss of a consonant, which
    /// resonates up there, is not. Recordings of instruments have no consonants.
    pub expect_consonants: bool,
}

impl TrackerConfig {
    /// Lowest pitch that is listened for where nothing else is said, Hz: a bass's lowest note is higher.
    pub const DEFAULT_MIN_F0_HZ: f32 = 50.0;
    /// Highest pitch that any tracker tells apart, Hz, listened for where nothing else is said: a little over C8, the top of whistling,
    /// piccolo and violin.
    pub const MAX_F0_HZ: f32 = 4200.0;
}

impl Default for TrackerConfig {
    fn default() -> Self {
        Self {
            mode: LatencyMode::Live,
            min_f0_hz: Self::DEFAULT_MIN_F0_HZ,
            max_f0_hz: Self::MAX_F0_HZ,
            gate_db: -70.0,
            continue_glides: false,
            expect_consonants: true,
        }
    }
}

/// Why a tracker cannot be made.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
pub enum TrackerError {
    /// The sample rate is outside 8 kHz..=384 kHz.
    #[error("the tracker works at sample rates from 8000 to 384000 Hz, not at {0} Hz")]
    SampleRate(u32),
    /// The pitch range is empty or beyond what the bands cover.
    #[error(
        "a pitch range of {min_f0_hz} to {max_f0_hz} Hz cannot be tracked: it must span an octave or more inside 30 to {} Hz",
        TrackerConfig::MAX_F0_HZ
    )]
    Range {
        /// Lowest pitch asked for, Hz.
        min_f0_hz: f32,
        /// Highest pitch asked for, Hz.
        max_f0_hz: f32,
    },
    /// The gate is not a level.
    #[error("the gate must be a level from -120 to 0 dB, not {0}")]
    Gate(f32),
}

/// Delay, samples, and look-ahead of the pitch filter, s, of a mode.
fn times(sample_rate_hz: u32, mode: LatencyMode) -> (usize, f64) {
    let (delay_s, look_back_s) = match mode {
        LatencyMode::Live => (LIVE_DELAY_S, 0.0),
        LatencyMode::Studio => (STUDIO_DELAY_S, STUDIO_LOOK_BACK_S),
    };
    ((delay_s * f64::from(sample_rate_hz)).round() as usize, look_back_s)
}

/// Tracks pitch, voicing and loudness of one voice.
///
/// Real-time contract: [`process`](Tracker::process) and [`reset`](Tracker::reset) never allocate, lock or panic, and what comes out
/// depends only on the samples since the last reset, never on how they were cut into blocks.
#[derive(Clone, Debug)]
pub struct Tracker {
    clock: FrameClock,
    mode: LatencyMode,
    made_for: LatencyMode,
    pitch: Pitch,
    loudness: Loudness,
    delay: usize,
    consumed: u64,
    frame: u64,
    frame_end: u64,
    latest: Estimate,
    /// Studio: finished estimates and the moments they describe (samples), a ring with the newest at `newest`.
    estimates: [(f64, Estimate); KEPT_ESTIMATES],
    newest: usize,
    continue_glides: bool,
    /// Live, where glides are to be continued.
    glide: Option<Glide>,
    held_f0_hz: f32,
    /// The range that the tracker was made for, Hz.
    widest_hz: (f32, f32),
}

impl Tracker {
    /// A tracker for a stream of `sample_rate_hz` samples a second (8000..=384000). Allocates all it will ever use.
    pub fn new(sample_rate_hz: u32, config: TrackerConfig) -> Result<Self, TrackerError> {
        if !(8_000..=384_000).contains(&sample_rate_hz) {
            return Err(TrackerError::SampleRate(sample_rate_hz));
        }
        let TrackerConfig { mode, min_f0_hz, max_f0_hz, gate_db, continue_glides, expect_consonants } = config;
        // Both fail on NaN.
        let spans = (2.0 * min_f0_hz..=TrackerConfig::MAX_F0_HZ).contains(&max_f0_hz);
        if !(30.0..=1000.0).contains(&min_f0_hz) || !spans {
            return Err(TrackerError::Range { min_f0_hz, max_f0_hz });
        }
        if !(-120.0..=0.0).contains(&gate_db) {
            return Err(TrackerError::Gate(gate_db));
        }
        let rate = f64::from(sample_rate_hz);
        let (delay, look_back_s) = times(sample_rate_hz, mode);
        let clock = FrameClock::new(sample_rate_hz);
        let mut tuning = Tuning::default();
        if !expect_consonants {
            tuning.whistle_doubt = 0.0;
        }
        // Four samples a period is the least the correlation can read.
        let max_f0_hz = f64::from(max_f0_hz).min(rate / 4.0);
        Ok(Self {
            clock,
            mode,
            made_for: mode,
            pitch: Pitch::new(sample_rate_hz, f64::from(min_f0_hz), max_f0_hz, look_back_s, gate_db, tuning),
            loudness: Loudness::new(sample_rate_hz, delay as f64 / rate, mode == LatencyMode::Studio),
            delay,
            consumed: 0,
            frame: 0,
            frame_end: clock.end_of(0),
            latest: Estimate::default(),
            estimates: [(f64::NEG_INFINITY, Estimate::default()); KEPT_ESTIMATES],
            newest: 0,
            continue_glides,
            glide: (continue_glides && mode == LatencyMode::Live).then(Glide::default),
            held_f0_hz: 0.0,
            widest_hz: (min_f0_hz, max_f0_hz as f32),
        })
    }

    /// Forgets all that was heard: the next sample is the first of the stream. No allocation.
    pub fn reset(&mut self) {
        self.pitch.reset();
        self.loudness.reset();
        self.consumed = 0;
        self.frame = 0;
        self.frame_end = self.clock.end_of(0);
        self.latest = Estimate::default();
        self.estimates.fill((f64::NEG_INFINITY, Estimate::default()));
        self.newest = 0;
        if let Some(glide) = &mut self.glide {
            glide.reset();
        }
        self.held_f0_hz = 0.0;
    }

    /// Begins anew, in this mode: one that was made for Studio can be Live too, with all its memory, and Studio again. One that was made for Live
    /// has no room to look ahead, and stays. No allocation.
    pub fn restart(&mut self, mode: LatencyMode) {
        if self.made_for == LatencyMode::Studio && self.mode != mode {
            let rate_hz = self.clock.sample_rate_hz();
            let (delay, look_back_s) = times(rate_hz, mode);
            (self.mode, self.delay) = (mode, delay);
            self.pitch.set_look_back_s(look_back_s);
            self.loudness.set(delay as f64 / f64::from(rate_hz), mode == LatencyMode::Studio);
            self.glide = (self.continue_glides && mode == LatencyMode::Live).then(Glide::default);
        }
        self.reset();
    }

    /// The mode that it hears in.
    pub fn mode(&self) -> LatencyMode {
        self.mode
    }

    /// What [`Tracker::delay_samples`] is in this mode, at this rate.
    pub fn delay_samples_in(mode: LatencyMode, sample_rate_hz: u32) -> usize {
        times(sample_rate_hz, mode).0
    }

    /// Hears only pitches from `low_hz` to `high_hz` from now on, as far as they lie in the range that the tracker was made for: whoever
    /// knows the singer's range hears sooner and errs less. No allocation; a range that is empty or no range leaves the whole of it.
    pub fn set_range(&mut self, low_hz: f32, high_hz: f32) {
        let (least, most) = self.widest_hz;
        let (low, high) = if low_hz < high_hz { (low_hz, high_hz) } else { (least, most) };
        // What reaches the end of the widest range ends nowhere: a pitch at the very limit is heard by the state beyond it.
        let low = if low <= least { 0.0 } else { f64::from(low) };
        let high = if high >= most { f64::MAX } else { f64::from(high) };
        self.pitch.set_range(low, high);
    }

    /// Frame `n` describes the input this many samples before its end ([`FrameClock::end_of`]`(n)`): the centre of the loudness window,
    /// and in Studio of the pitch too. Fixed for a sample rate and a mode.
    pub fn delay_samples(&self) -> usize {
        self.delay
    }

    /// The pitch and the confidence that are known best at the end of the last frame, and how many samples before it they describe: in Live those of the frame; in Studio, whose
    /// frames wait for loudness and for all that follows, some that are younger. Frequency in Hz, as it is even where it is a guess.
    pub fn newest(&self) -> (f32, f32, usize) {
        let age = (f64::from(self.latest.age_s) * f64::from(self.clock.sample_rate_hz())).round() as usize;
        match self.mode {
            LatencyMode::Live => (self.held_f0_hz, self.latest.confidence.clamp(0.0, 1.0), self.delay),
            LatencyMode::Studio => (self.latest.f0_hz, self.latest.confidence.clamp(0.0, 1.0), age.min(self.delay)),
        }
    }

    /// What the network that tells notes from noise heard in the last frame, for whoever trains it (`examples/voicing.rs`).
    #[doc(hidden)]
    pub const fn voicing_inputs(&self) -> &[f32] {
        self.pitch.voicing_inputs()
    }

    /// Takes the next samples of the stream, in blocks of any size, and calls `on_frame` for each frame they complete. NaN and infinity are
    /// taken as 0.
    pub fn process(&mut self, input: &[f32], mut on_frame: impl FnMut(Features)) {
        for &x in input {
            let x = if x.is_finite() { x.clamp(-MOST, MOST) } else { 0.0 };
            self.loudness.push(x);
            self.consumed += 1;
            self.pitch.push(x);
            if self.consumed == self.frame_end {
                let estimate = self.pitch.hop();
                self.take(estimate);
                let features = self.features();
                self.frame += 1;
                self.frame_end = self.clock.end_of(self.frame);
                on_frame(features);
            }
        }
    }

    fn take(&mut self, estimate: Estimate) {
        self.latest = estimate;
        if self.mode == LatencyMode::Studio {
            self.newest = (self.newest + 1) % KEPT_ESTIMATES;
            let rate = f64::from(self.clock.sample_rate_hz());
            self.estimates[self.newest] = (self.consumed as f64 - f64::from(estimate.age_s) * rate, estimate);
        }
    }

    fn features(&mut self) -> Features {
        let estimate = match self.mode {
            LatencyMode::Live => self.latest,
            LatencyMode::Studio => self.estimate_at(self.consumed as f64 - self.delay as f64),
        };
        let f0_hz = match &mut self.glide {
            Some(glide) => glide.step(&estimate, self.delay as f32 / self.clock.sample_rate_hz() as f32),
            None => estimate.f0_hz,
        };
        if estimate.periodic >= HOLD_BELOW {
            self.held_f0_hz = f0_hz;
        }
        let sure = estimate.confidence >= 0.5;
        Features {
            frame: self.frame,
            f0_hz: self.held_f0_hz,
            confidence: estimate.confidence.clamp(0.0, 1.0),
            loudness_db: self.loudness.read(if sure { estimate.f0_hz } else { 0.0 }),
        }
    }

    /// The estimate at one moment of the input, between the two that describe its neighbourhood.
    fn estimate_at(&self, moment: f64) -> Estimate {
        let mut after = self.estimates[self.newest];
        for back in 0..KEPT_ESTIMATES {
            let before = self.estimates[(self.newest + KEPT_ESTIMATES - back) % KEPT_ESTIMATES];
            if before.0 > moment {
                after = before;
                continue;
            }
            let gap = after.0 - before.0;
            if !(gap > 0.0 && gap.is_finite()) {
                return before.1;
            }
            let share = ((moment - before.0) / gap).clamp(0.0, 1.0) as f32;
            let nearer = if share < 0.5 { before.1 } else { after.1 };
            let ratio = after.1.f0_hz / before.1.f0_hz;
            // Between notes there is no pitch in the middle.
            let near = ratio > 0.92 && ratio < 1.09;
            let f0_hz = if near { before.1.f0_hz * (share * ratio.ln()).exp() } else { nearer.f0_hz };
            let confidence = before.1.confidence + share * (after.1.confidence - before.1.confidence);
            return Estimate { f0_hz, confidence, periodic: nearer.periodic, age_s: 0.0 };
        }
        after.1
    }
}
