//! From curves to sound, at one internal rate. Any thread.

use crate::glottis::Pulse;
use crate::noise::White;
use crate::plan::Plan;
use crate::resample::bessel_i0;
use crate::track::{PLAN_RATE_HZ, read};
use crate::tract::{Band, Resonator};
use crate::voice::Voice;
use std::f64::consts::PI;

/// The rate at which the voice is computed; every output rate is made from this one, so a song is the same at all of them.
pub(crate) const RATE_HZ: f64 = 96_000.0;

/// The glottal pulse has corners, whose spectrum falls by 12 dB an octave for ever: it is computed this many times finer and filtered down.
/// At 384 kHz what folds into the audible band lies 85 dB below the voice.
const OVERSAMPLING: usize = 4;

/// Half the length of the decimating filter, in oversampled steps.
const DECIMATOR_REACH: usize = 40;

/// Samples between updates of the filters. Each update is a small step in gain, so steps modulate the voice at the update rate: at 48 kHz the
/// sidebands lie beyond every output's band, at a few kHz they whistle.
const UPDATE: usize = 2;

/// Formants are laid out up to Nyquist, where the images of their digital resonators take over. Each lifts what lies below it, so leaving the
/// inaudible ones out would cost 25 dB at 8 kHz: Klatt's "higher pole correction".
const TOP_FORMANT_HZ: f64 = RATE_HZ / 2.0 - 500.0;

/// Glottal turbulence falls by 6 dB an octave from here: a jet between the folds is no white source.
const BREATH_CORNER_HZ: f64 = 4_000.0;

/// Range of excitation from no effort to full, dB.
const EFFORT_RANGE_DB: f64 = 24.0;

/// Ringing below this, for so many samples (a quarter of a period of the lowest resonance), counts as silence.
const SILENT_BELOW: f64 = 1e-9;
const QUIET_SAMPLES: usize = 100;

/// Renders `plan` at [`RATE_HZ`].
pub(crate) fn render(plan: &Plan, voice: &Voice, seed: u64) -> Vec<f64> {
    let length = ((plan.len() - 1) as f64 * RATE_HZ / PLAN_RATE_HZ) as usize;
    let mut source = Source::new(voice, seed);
    let mut tract = Tract::new(voice);
    let (mut breath, mut hiss) = (White::new(seed, 1), White::new(seed, 2));
    let (mut turbulence, mut quiet_for) = (0.0, 0);
    let breath_pole = 1.0 - (-2.0 * PI * BREATH_CORNER_HZ / RATE_HZ).exp();
    let mut output = Vec::with_capacity(length);
    for n in 0..length {
        let at = n as f64 * PLAN_RATE_HZ / RATE_HZ;
        if n % UPDATE == 0 {
            tract.tune(plan, voice, at);
        }
        let effort = read(&plan.effort, at);
        let voicing = read(&plan.voicing, at);
        let (pulse, opening) = source.next(plan, at, voicing, effort);
        // A lax voice breathes more for what it sounds, and turbulence comes in puffs, while the glottis is open.
        let excitation = voicing * strength(effort);
        let own_breath = voice.breathiness * (1.7 - effort) * excitation * (0.25 + 0.75 * opening);
        let other_breath = 0.2 * read(&plan.aspiration, at);
        turbulence += breath_pole * (breath.next() - turbulence);
        let glottal = pulse + turbulence * (own_breath + other_breath);
        // A voiced hiss comes in the same puffs.
        let puffs = if voicing > 0.05 { 0.3 + 0.9 * opening } else { 1.0 };
        let oral = hiss.next() * read(&plan.frication, at) * puffs;
        output.push(voice.gain * tract.next(glottal, oral));
        // What rings on below any converter's last bit is cleared, so that silence is silence and no denormal slows the filters.
        let quiet = glottal == 0.0 && oral == 0.0 && output[n].abs() < SILENT_BELOW;
        quiet_for = if quiet { quiet_for + 1 } else { 0 };
        if quiet_for > QUIET_SAMPLES {
            output[n] = 0.0;
            tract.still();
        }
    }
    output
}

/// Linear strength of the excitation at `effort`.
fn strength(effort: f64) -> f64 {
    10f64.powf(EFFORT_RANGE_DB * (effort - 1.0) / 20.0)
}

/// The glottis in motion: phase, the present cycle, and the filter that brings it down to [`RATE_HZ`].
struct Source {
    rd: [f64; 2],
    jitter: f64,
    shimmer: f64,
    scatter: White,
    phase: f64,
    cycle: Pulse,
    amplitude: f64,
    /// Deviation of this cycle's length and the one before: differences of independent numbers, so that they never accumulate.
    stretch: f64,
    deviation: f64,
    kernel: Vec<f64>,
    /// The last oversampled values, newest last, doubled in length so that the window is contiguous.
    history: Vec<f64>,
    write: usize,
    silent_for: usize,
}

impl Source {
    fn new(voice: &Voice, seed: u64) -> Self {
        let taps = 2 * DECIMATOR_REACH + 1;
        // Cutoff 40 kHz of 384 kHz; Kaiser window, 80 dB.
        let kernel: Vec<f64> = (0..taps)
            .map(|i| {
                let x = i as f64 - DECIMATOR_REACH as f64;
                let cutoff = 0.42 * 2.0 / OVERSAMPLING as f64;
                let sinc = if x == 0.0 { cutoff } else { (PI * cutoff * x).sin() / (PI * x) };
                let edge = x / (DECIMATOR_REACH + 1) as f64;
                sinc * bessel_i0(8.0 * (1.0 - edge * edge).sqrt()) / bessel_i0(8.0)
            })
            .collect();
        Self {
            rd: voice.rd,
            jitter: voice.jitter,
            shimmer: voice.shimmer,
            scatter: White::new(seed, 3),
            phase: 0.0,
            cycle: Pulse::new(voice.rd[0]),
            amplitude: 0.0,
            stretch: 1.0,
            deviation: 0.0,
            kernel,
            history: vec![0.0; 2 * taps],
            write: 0,
            silent_for: usize::MAX / 2,
        }
    }

    /// The next sample of the excitation and how open the glottis is. `at` is the place in the plan.
    fn next(&mut self, plan: &Plan, at: f64, voicing: f64, effort: f64) -> (f64, f64) {
        let taps = self.kernel.len();
        let step = PLAN_RATE_HZ / RATE_HZ;
        // The filter's middle lies behind its newest value: run the glottis ahead by as much, so that sound and truth agree in time.
        let ahead = at + step * DECIMATOR_REACH as f64 / OVERSAMPLING as f64;
        let from = read(&plan.f0_hz, ahead);
        let to = read(&plan.f0_hz, ahead + step);
        for k in 0..OVERSAMPLING {
            let f0 = from + (to - from) * k as f64 / OVERSAMPLING as f64;
            self.phase += f0 * self.stretch / (RATE_HZ * OVERSAMPLING as f64);
            if self.phase >= 1.0 {
                self.phase -= 1.0;
                self.begin_cycle(voicing, effort);
            }
            let value = if self.amplitude > 0.0 { self.amplitude * self.cycle.at(self.phase) } else { 0.0 };
            self.silent_for = if value == 0.0 { self.silent_for + 1 } else { 0 };
            self.history[self.write] = value;
            self.history[self.write + taps] = value;
            self.write = (self.write + 1) % taps;
        }
        let opening = self.cycle.opening(self.phase);
        if self.silent_for > taps {
            return (0.0, opening);
        }
        let window = &self.history[self.write..self.write + taps];
        (window.iter().zip(&self.kernel).map(|(x, h)| x * h).sum(), opening)
    }

    /// Shape and strength are fixed for a cycle and change where the pulse is zero, so nothing jumps.
    fn begin_cycle(&mut self, voicing: f64, effort: f64) {
        let deviation = self.jitter * self.scatter.next();
        self.stretch = 1.0 + deviation - self.deviation;
        self.deviation = deviation;
        let shimmer = 1.0 + self.shimmer * self.scatter.next();
        self.amplitude = if voicing > 1e-4 { voicing * strength(effort) * shimmer } else { 0.0 };
        // A weakened voice, as behind a closure or at the end of a breath, is a lax one.
        let tension = effort * voicing.sqrt();
        self.cycle = Pulse::new(self.rd[1] + tension * (self.rd[0] - self.rd[1]));
    }
}

/// All filters of the vocal tract.
struct Tract {
    formants: Vec<Resonator>,
    nasal_pole: Resonator,
    nasal_zero: Resonator,
    pocket_pole: Resonator,
    pocket_zero: Resonator,
    /// Two alike in a row each: one would let half its noise leak far below its centre.
    bands: [[Band; 2]; 3],
    band_gain: [f64; 3],
}

/// The nose's own resonance, Hz (Klatt 1980).
const NASAL_POLE_HZ: f64 = 270.0;

/// The pockets beside the larynx take energy near this frequency, and give the dip above the singer's formant
/// (Dang and Honda, JASA 101(1), 1997); for a man's tract, in Hz.
const POCKET_HZ: f64 = 4300.0;

impl Tract {
    fn new(voice: &Voice) -> Self {
        let mut upper = vec![(voice.f4_hz, 280.0), (voice.f5_hz, 320.0)];
        let mut hz = voice.f5_hz;
        // Real tracts are not uniform tubes: the spacing alternates a little, or the comb of formants shows as a regular pattern.
        for k in 0.. {
            hz += voice.formant_spacing_hz * [0.95, 1.12, 0.9, 1.03][k % 4];
            if hz > TOP_FORMANT_HZ {
                break;
            }
            upper.push((hz, (200.0 + 0.08 * hz).min(900.0)));
        }
        let fixed = |hz: f64, bandwidth: f64| {
            let mut resonator = Resonator::default();
            resonator.tune(hz, bandwidth, RATE_HZ);
            resonator
        };
        let pocket = POCKET_HZ * voice.formant_scale;
        let mut formants = vec![Resonator::default(); 3];
        formants.extend(upper.into_iter().map(|(hz, bandwidth)| fixed(hz, bandwidth)));
        Self {
            formants,
            nasal_pole: fixed(NASAL_POLE_HZ, 100.0),
            nasal_zero: Resonator::default(),
            pocket_pole: fixed(1.06 * pocket, 700.0),
            pocket_zero: fixed(pocket, 350.0),
            bands: [[Band::default(); 2]; 3],
            band_gain: [0.0; 3],
        }
    }

    fn tune(&mut self, plan: &Plan, voice: &Voice, at: f64) {
        let f0 = read(&plan.f0_hz, at);
        for k in 0..3 {
            let mut hz = read(&plan.formant_hz[k], at);
            if k == 0 {
                // Above its first formant a vowel loses its voice: singers open the mouth and let F1 follow (Sundberg 1975).
                let open = read(&plan.voicing, at) * (1.0 - read(&plan.nasal, at));
                hz += open * (1.04 * f0 - hz).max(0.0);
            }
            self.formants[k].tune(hz, read(&plan.bandwidth_hz[k], at), RATE_HZ);
        }
        // Without coupling the pair cancels. With it the zero moves away: to where the shut mouth drinks the sound.
        let nasal = read(&plan.nasal, at);
        let zero_hz = NASAL_POLE_HZ * (read(&plan.zero_hz, at) * voice.formant_scale / NASAL_POLE_HZ).powf(nasal);
        self.nasal_zero.tune(zero_hz, 100.0 + 100.0 * nasal, RATE_HZ);
        for k in 0..3 {
            let bandwidth = read(&plan.noise_bandwidth[k], at);
            for band in &mut self.bands[k] {
                band.tune(read(&plan.noise_hz[k], at), bandwidth, RATE_HZ);
            }
            // White noise of variance 1 leaves the pair with the variance of its noise bandwidth, pi/4 of its width, over Nyquist.
            self.band_gain[k] = read(&plan.noise_level[k], at) / (PI / 4.0 * bandwidth / (RATE_HZ / 2.0)).sqrt();
        }
    }

    /// Forgets what rings.
    fn still(&mut self) {
        let fixed = [&mut self.nasal_pole, &mut self.nasal_zero, &mut self.pocket_pole, &mut self.pocket_zero];
        fixed.into_iter().chain(&mut self.formants).for_each(Resonator::still);
        self.bands.iter_mut().flatten().for_each(Band::still);
    }

    fn next(&mut self, glottal: f64, oral: f64) -> f64 {
        let mut y = self.nasal_pole.pole(self.nasal_zero.zero(glottal));
        y = self.pocket_pole.pole(self.pocket_zero.zero(y));
        // From both ends inwards: low formants press the top of the band down and high ones lift it, by 300 dB in all. In order of frequency,
        // what is lifted at the end would be rounding noise.
        let count = self.formants.len();
        for k in 0..count {
            let next = if k % 2 == 0 { k / 2 } else { count - 1 - k / 2 };
            y = self.formants[next].pole(y);
        }
        for k in 0..3 {
            let [first, second] = &mut self.bands[k];
            y += self.band_gain[k] * second.next(first.next(oral));
        }
        y
    }
}
