//! The engine at whatever rate a host runs at. At 44.1 to 192 kHz it plays at the host's own, rounded to whole samples a second (11 ppm, a fiftieth
//! of a cent, is the most that can be off). Below and above, the host's rate times or through a whole number is one that it plays at, and a
//! resampler (rubato's, linear in phase) stands on either side of it; all delays are whole samples of the host's then.

use crate::{Block, Engine, EngineConfig, EngineError, Event, Keys, Model, block};
use rubato::{Fft, FixedSync, Resampler, WindowFunction, audioadapter_buffers::direct::SequentialSliceOfVecs};
use std::sync::Arc;

/// Rates that the engine plays at itself, Hz.
const OWN_HZ: std::ops::RangeInclusive<f64> = 44_100.0..=192_000.0;
/// Rates that can be played at, Hz. Music uses 8 to 768 kHz; those who try plugins out go further.
const POSSIBLE_HZ: std::ops::RangeInclusive<f64> = 1_000.0..=2_000_000.0;
/// Samples that are resampled at a time, at the lower of the two rates. The filter is as long: flat to nine tenths of the band.
const CHUNK: usize = 128;
/// Most samples by which two rates may differ in number.
const MOST: usize = 45;
/// Most channels.
const CHANNELS: usize = 2;

/// What [`AnyRate`] brings to any rate: an [`Engine`], or [`Keys`].
pub trait Playing {
    /// How it was set up.
    fn config(&self) -> EngineConfig;
    /// Samples by which its output lags what it is given.
    fn latency_samples(&self) -> usize;
    /// Samples for which it sounds on, the delay included.
    fn tail_samples(&self) -> usize;
    /// Forgets the stream, not the settings.
    fn reset(&mut self);
    /// Plays a block, and gives the notes of a voice to `send`.
    fn play_and_send(&mut self, block: Block<'_, '_>, send: &mut dyn FnMut(Event));
    /// Takes the events of one sample, wherever in a block they stand.
    fn take(&mut self, events: &[Event]);
}

macro_rules! playing {
    ($($player:ty, $play_and_send:expr);+) => {$(
        impl Playing for $player {
            fn config(&self) -> EngineConfig {
                self.config()
            }
            fn latency_samples(&self) -> usize {
                self.latency_samples()
            }
            fn tail_samples(&self) -> usize {
                self.tail_samples()
            }
            fn reset(&mut self) {
                self.reset();
            }
            fn play_and_send(&mut self, block: Block<'_, '_>, send: &mut dyn FnMut(Event)) {
                $play_and_send(self, block, send);
            }
            fn take(&mut self, events: &[Event]) {
                self.take(events);
            }
        }
    )+};
}

playing!(Engine, Engine::play_and_send; Keys, |keys: &mut Keys, block, _| keys.play(block));

/// An engine at a rate of 1 kHz to 2 MHz.
pub struct AnyRate<P = Engine> {
    engine: P,
    rate_hz: f64,
    around: Option<Box<Around>>,
}

impl AnyRate {
    /// Sets up an engine for a host's rate, which need not be whole. Allocates and takes milliseconds; not for the audio thread.
    ///
    /// ```
    /// use syrinx_engine::AnyRate;
    ///
    /// let mut engine = AnyRate::new(22_050.0, 1, syrinx_models::factory())?;
    /// let (voice, mut sound) = ([0.0; 512], [0.0; 512]);
    /// engine.process(&[&voice], &mut [&mut sound]);
    /// assert!(engine.latency_samples() > 0 && engine.tail_samples() > engine.latency_samples());
    /// # Ok::<(), syrinx_engine::EngineError>(())
    /// ```
    ///
    /// # Errors
    /// When the rate or the number of channels is out of range.
    pub fn new(rate_hz: f64, channels: usize, palette: &[(u8, Arc<Model>)]) -> Result<Self, EngineError> {
        Self::around(rate_hz, channels, |config| Engine::new(config, palette))
    }
}

impl AnyRate<Keys> {
    /// Keys at a host's rate, as [`AnyRate::new`].
    ///
    /// # Errors
    /// When the rate or the number of channels is out of range.
    pub fn of_keys(rate_hz: f64, channels: usize, palette: &[(u8, Arc<Model>)]) -> Result<Self, EngineError> {
        Self::around(rate_hz, channels, |config| Keys::new(config, palette))
    }
}

impl<P: Playing> AnyRate<P> {
    /// What `make` makes for a rate of its own, brought to the host's.
    fn around(
        rate_hz: f64,
        channels: usize,
        make: impl FnOnce(EngineConfig) -> Result<P, EngineError>,
    ) -> Result<Self, EngineError> {
        if !POSSIBLE_HZ.contains(&rate_hz) {
            return Err(EngineError::HostRate(rate_hz));
        }
        let (own_hz, factor) = if rate_hz < *OWN_HZ.start() {
            let factor = (OWN_HZ.start() / rate_hz).ceil();
            (rate_hz * factor, Factor::Up(factor as usize))
        } else {
            let factor = (rate_hz / OWN_HZ.end()).ceil();
            (rate_hz / factor, Factor::Down(factor as usize))
        };
        let engine = make(EngineConfig { sample_rate_hz: own_hz.round() as u32, channels, seed: 0 })?;
        let around = (factor != Factor::Down(1)).then(|| Box::new(Around::new(factor)));
        Ok(Self { engine, rate_hz, around })
    }

    /// The host's rate, Hz.
    pub fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    /// The engine, to set, weigh and look at. What is set is heard from the next chunk on where there are resamplers (16 ms at 8 kHz).
    pub fn engine(&mut self) -> &mut P {
        &mut self.engine
    }

    /// Whether the engine plays at the host's own rate, without resamplers, which hold some samples back.
    pub fn is_direct(&self) -> bool {
        self.around.is_none()
    }

    /// What the engine was set up with; its rate is not the host's.
    pub fn config(&self) -> EngineConfig {
        self.engine.config()
    }

    /// Samples of the host's by which the output lags the input; see [`Engine::latency_samples`].
    pub fn latency_samples(&self) -> usize {
        let own = self.engine.latency_samples();
        self.around.as_ref().map_or(own, |around| around.latency_samples(own))
    }

    /// Samples of the host's for which the present settings may sound on after the voice has ended, the delay included.
    pub fn tail_samples(&self) -> usize {
        let own = self.engine.tail_samples();
        self.around.as_ref().map_or(own, |around| around.latency_samples(own))
    }

    /// [`Engine::reset`].
    pub fn reset(&mut self) {
        self.engine.reset();
        if let Some(around) = &mut self.around {
            around.reset();
        }
    }

    /// [`Engine::process`] at the host's rate.
    pub fn process(&mut self, input: &[&[f32]], output: &mut [&mut [f32]]) {
        self.play(Block { input, output, events: &[] });
    }

    /// [`Engine::play`] at the host's rate. Where there are resamplers, events are heard from the next chunk on (16 ms at 8 kHz).
    pub fn play(&mut self, block: Block<'_, '_>) {
        self.play_and_send(block, &mut |_| {});
    }

    /// [`Engine::play_and_send`] at the host's rate. Where there are resamplers, the notes of a chunk are sent at its end.
    pub fn play_and_send(&mut self, block: Block<'_, '_>, send: &mut dyn FnMut(Event)) {
        let Some(around) = &mut self.around else { return self.engine.play_and_send(block, send) };
        let Block { input, output, events } = block;
        let len = block::len(output);
        let run = |(around, engine): &mut (&mut Around, &mut P), from, to| {
            around.run(&mut **engine, input, output, from, to, send);
        };
        block::walk(&mut (&mut **around, &mut self.engine), events, len, run, |(_, engine), events| engine.take(events));
    }
}

/// How many samples of one rate there are in the other.
#[derive(Clone, Copy, PartialEq)]
enum Factor {
    /// The engine's rate is so many times the host's.
    Up(usize),
    /// The host's is so many times the engine's.
    Down(usize),
}

/// Blocks of one chunk, a vector a channel.
type Chunk = Vec<Vec<f32>>;

/// The resamplers, and what waits on either side of them.
struct Around {
    factor: Factor,
    /// Samples of a chunk, host's and engine's.
    host: usize,
    own: usize,
    to_engine: Fft<f32>,
    to_host: Fft<f32>,
    /// What has come in and goes out, at the host's rate; the next sample of either is at `at`.
    heard: Chunk,
    played: Chunk,
    at: usize,
    /// The chunk at the engine's rate.
    voice: Chunk,
    sound: Chunk,
    /// The last samples of the engine, the latest at the end: what makes its delay whole in the host's samples.
    held: [[f32; MOST]; CHANNELS],
}

impl Around {
    fn new(factor: Factor) -> Self {
        let (host, own) = match factor {
            Factor::Up(factor) => (CHUNK, CHUNK * factor),
            Factor::Down(factor) => (CHUNK * factor, CHUNK),
        };
        let chunk = |len: usize| vec![vec![0.0; len]; CHANNELS];
        let resampler = |from: usize, to: usize| {
            Fft::new_custom(from, to, from, 1, CHANNELS, WindowFunction::BlackmanHarris2, FixedSync::Both)
                .expect("one of the rates is a whole multiple of the other")
        };
        Self {
            factor,
            host,
            own,
            to_engine: resampler(host, own),
            to_host: resampler(own, host),
            heard: chunk(host),
            played: chunk(host),
            at: 0,
            voice: chunk(own),
            sound: chunk(own),
            held: [[0.0; MOST]; CHANNELS],
        }
    }

    fn reset(&mut self) {
        self.to_engine.reset();
        self.to_host.reset();
        self.heard.iter_mut().chain(&mut self.played).for_each(|channel| channel.fill(0.0));
        self.held = [[0.0; MOST]; CHANNELS];
        self.at = 0;
    }

    /// Samples of the engine's by which its sound is held back.
    fn held_back(&self, own: usize) -> usize {
        match self.factor {
            Factor::Up(factor) => own.next_multiple_of(factor) - own,
            Factor::Down(_) => 0,
        }
    }

    /// Samples of the host's that pass between what goes in and what comes out, where the engine takes `own` of its own.
    fn latency_samples(&self, own: usize) -> usize {
        let engine = match self.factor {
            Factor::Up(factor) => own.div_ceil(factor),
            Factor::Down(factor) => own * factor,
        };
        // A chunk is waited for, and each filter is half as long.
        self.host + self.host / 2 + self.host / 2 + engine
    }

    /// Samples `from` to `to` of a block.
    fn run(
        &mut self,
        engine: &mut impl Playing,
        input: &[&[f32]],
        output: &mut [&mut [f32]],
        from: usize,
        to: usize,
        send: &mut dyn FnMut(Event),
    ) {
        for n in from..to {
            for (number, channel) in self.heard.iter_mut().enumerate() {
                let source = input.get(number).or(input.last());
                channel[self.at] = source.and_then(|s| s.get(n)).copied().filter(|x| x.is_finite()).unwrap_or(0.0);
            }
            for (number, channel) in output.iter_mut().enumerate() {
                channel[n] = self.played[number.min(CHANNELS - 1)][self.at];
            }
            self.at += 1;
            if self.at == self.host {
                self.at = 0;
                self.turn(engine, input.len(), &mut |event| send(Event { at: n, ..event }));
            }
        }
    }

    /// Plays a chunk.
    fn turn(&mut self, engine: &mut impl Playing, inputs: usize, send: &mut dyn FnMut(Event)) {
        resample(&mut self.to_engine, &self.heard, &mut self.voice);
        let held_back = self.held_back(engine.latency_samples());
        let [left, right] = &self.voice[..] else { return };
        let [to_left, to_right] = &mut self.sound[..] else { return };
        let (input, output) = (&[&left[..], &right[..]][..inputs.min(CHANNELS)], &mut [&mut to_left[..], &mut to_right[..]]);
        engine.play_and_send(Block { input, output, events: &[] }, send);
        for (sound, held) in self.sound.iter_mut().zip(&mut self.held) {
            let mut last = [0.0; MOST];
            last.copy_from_slice(&sound[self.own - MOST..]);
            sound.copy_within(..self.own - held_back, held_back);
            sound[..held_back].copy_from_slice(&held[MOST - held_back..]);
            *held = last;
        }
        resample(&mut self.to_host, &self.sound, &mut self.played);
    }
}

fn resample(by: &mut Fft<f32>, from: &Chunk, to: &mut Chunk) {
    let (len_from, len_to) = (from[0].len(), to[0].len());
    let (Ok(from), Ok(mut to)) =
        (SequentialSliceOfVecs::new(from, CHANNELS, len_from), SequentialSliceOfVecs::new_mut(to, CHANNELS, len_to))
    else {
        return;
    };
    // The lengths are those that it was made for.
    let _ = by.process_into_buffer(&from, &mut to, None);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LatencyMode, Settings};
    use std::f64::consts::TAU;

    fn dry(rate_hz: f64) -> AnyRate {
        let mut any = AnyRate::new(rate_hz, 2, syrinx_models::factory()).unwrap();
        any.engine().set(&Settings { mix: 0.0, ..Settings::default() });
        any.reset();
        any
    }

    fn play(any: &mut AnyRate, input: &[f32], blocks: &[usize]) -> Vec<f32> {
        let (mut out, mut at) = (vec![0.0; input.len()], 0);
        for block in blocks.iter().cycle() {
            let to = input.len().min(at + block);
            any.process(&[&input[at..to]], &mut [&mut out[at..to]]);
            at = to;
            if at == input.len() {
                break;
            }
        }
        out
    }

    /// The dry voice comes out as it went in, as late as is told, in every latency mode, block size and at every kind of rate.
    #[test]
    fn the_delay_told_is_the_delay_of_the_voice_at_any_rate() {
        for rate_hz in
            [8_000.0, 11_025.0, 12_345.6, 22_050.0, 32_000.0, 44_099.0, 48_000.5, 192_001.0, 352_800.0, 384_000.0, 768_000.0]
        {
            for latency_mode in [LatencyMode::Live, LatencyMode::Studio] {
                let mut any = dry(rate_hz);
                let settings = Settings { mix: 0.0, latency_mode, ..Settings::default() };
                any.engine().set(&settings);
                any.reset();
                // Long enough for the delay, which is most of a second at the lowest rate, and well inside of the band.
                let (len, hz) = ((1.2 * rate_hz) as usize, 700.0_f64.min(0.2 * rate_hz));
                let tone: Vec<f32> = (0..len).map(|n| (0.3 * (TAU * hz * n as f64 / rate_hz).sin()) as f32).collect();
                let out = play(&mut any, &tone, &[64, 1, 333, 1000]);
                let delay = any.latency_samples();
                let start = delay + (0.05 * rate_hz) as usize;
                let worst = (start..len).map(|n| (out[n] - tone[n - delay]).abs()).fold(0.0, f32::max);
                assert!(worst < 1e-4, "{rate_hz} Hz, {latency_mode:?}, delay {delay}: off by {worst}");
                assert!(out[..delay.saturating_sub(any.around.as_ref().map_or(0, |a| a.host))].iter().all(|x| x.abs() < 1e-3));
            }
        }
    }

    #[test]
    fn block_sizes_change_nothing_and_a_reset_begins_anew() {
        for rate_hz in [11_025.0, 384_000.0] {
            let mut any = AnyRate::new(rate_hz, 1, syrinx_models::factory()).unwrap();
            let len = (0.4 * rate_hz) as usize;
            let voice: Vec<f32> = (0..len).map(|n| (0.3 * (TAU * 220.0 * n as f64 / rate_hz).sin()) as f32).collect();
            let once = play(&mut any, &voice, &[len]);
            any.reset();
            let again = play(&mut any, &voice, &[1, 77, 2048, 128]);
            assert!(once == again, "{rate_hz} Hz");
            assert!(once.iter().any(|x| x.abs() > 0.01) && once.iter().all(|x| x.is_finite()), "{rate_hz} Hz: it is silent");
        }
    }

    #[test]
    fn rates_of_its_own_are_played_as_by_the_engine_alone() {
        for rate_hz in [44_100, 48_000, 88_200, 96_000, 176_400, 192_000] {
            let mut any = AnyRate::new(f64::from(rate_hz), 1, syrinx_models::factory()).unwrap();
            let config = EngineConfig { sample_rate_hz: rate_hz, channels: 1, seed: 0 };
            let mut engine = Engine::new(config, syrinx_models::factory()).unwrap();
            let voice: Vec<f32> = (0..rate_hz / 5).map(|n| 0.3 * (0.03 * n as f32).sin()).collect();
            let mut out = vec![0.0; voice.len()];
            engine.process(&[&voice], &mut [&mut out]);
            assert!(play(&mut any, &voice, &[512]) == out, "{rate_hz} Hz");
            assert_eq!(any.latency_samples(), engine.latency_samples());
        }
    }

    #[test]
    fn rates_that_nothing_runs_at_are_refused() {
        for rate_hz in [0.0, -48_000.0, 999.0, 2_000_001.0, f64::NAN, f64::INFINITY] {
            let Err(why) = AnyRate::new(rate_hz, 2, &[]) else { panic!("{rate_hz} Hz is played") };
            assert!(why.to_string().contains("1000 to 2000000"), "{why}");
        }
    }
}
