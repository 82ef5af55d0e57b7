//! The engine as a stream, on a sung voice and shipped instruments: one delay, whatever the blocks; no allocation; nothing broken out.

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use std::sync::Arc;
use syrinx_engine::{Engine, EngineConfig, LatencyMode, Model, Pace, Settings};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

fn violin() -> Arc<Model> {
    syrinx_models::load("violin").unwrap().unwrap()
}

fn voice(rate: u32, seconds: f64) -> Vec<f32> {
    let mut samples = syrinx_singer::sing(rate, 1).samples;
    samples.truncate((f64::from(rate) * seconds) as usize);
    samples
}

/// Renders mono, offline, in blocks of the sizes that `blocks` repeats; the delay is taken off.
fn render(config: EngineConfig, settings: &Settings, voice: &[f32], blocks: &[usize]) -> Vec<f32> {
    let mut engine = Engine::new(config, violin()).unwrap();
    engine.set(settings);
    let delay = engine.latency_samples();
    let padded: Vec<f32> = voice.iter().copied().chain(std::iter::repeat_n(0.0, delay)).collect();
    let mut out = vec![0.0; padded.len()];
    let (mut at, mut sizes) = (0, blocks.iter().cycle());
    while at < padded.len() {
        let to = padded.len().min(at + sizes.next().unwrap());
        engine.process(&[&padded[at..to]], &mut [&mut out[at..to]], Pace::Offline);
        at = to;
    }
    assert_eq!(engine.late_frames(), 0);
    out.split_off(delay)
}

fn rms(x: &[f32]) -> f32 {
    (x.iter().map(|x| x * x).sum::<f32>() / x.len().max(1) as f32).sqrt()
}

#[test]
fn block_size_never_changes_the_output() {
    for rate in [44_100, 48_000, 96_000] {
        let voice = voice(rate, 4.0);
        for mode in [LatencyMode::Live, LatencyMode::Studio] {
            let at = |max_block, blocks: &[usize]| {
                let config = EngineConfig { sample_rate_hz: rate, max_block, mode, ..EngineConfig::default() };
                render(config, &Settings::default(), &voice, blocks)
            };
            let reference = at(512, &[512]);
            assert!(rms(&reference) > 1e-3, "the voice is not answered");
            for (max_block, blocks) in [(64, &[64][..]), (1, &[1]), (1024, &[1000, 1, 7, 333, 1024]), (256, &[5000])] {
                assert!(at(max_block, blocks) == reference, "{rate} Hz, {mode:?}, at most {max_block}, {blocks:?}");
            }
        }
    }
}

#[test]
fn a_reset_starts_the_same_stream_again() {
    let voice = voice(48_000, 2.0);
    let mut engine = Engine::new(EngineConfig::default(), violin()).unwrap();
    let run = |engine: &mut Engine| {
        let mut out = vec![0.0; voice.len()];
        engine.process(&[&voice], &mut [&mut out], Pace::Offline);
        out
    };
    let first = run(&mut engine);
    let unreset = run(&mut engine);
    assert!(unreset != first);
    engine.reset();
    assert!(run(&mut engine) == first);
}

#[test]
fn the_dry_voice_comes_out_whole_after_exactly_the_delay() {
    let voice = voice(44_100, 2.0);
    for mode in [LatencyMode::Live, LatencyMode::Studio] {
        let config = EngineConfig { sample_rate_hz: 44_100, max_block: 100, mode, ..EngineConfig::default() };
        let dry = render(config, &Settings { mix: 0.0, ..Settings::default() }, &voice, &[100]);
        // The first frame glides up from silence.
        let from = 44_100 / 100;
        assert!(dry[from..] == voice[from..dry.len()], "{mode:?}");
    }
}

/// An onset of the instrument is where the onset of the voice is, once the reported delay is taken off.
#[test]
fn wet_lines_up_with_dry() {
    let rate = 48_000;
    let onset = rate as usize / 2;
    let tone: Vec<f32> = (0..rate as usize * 3 / 2)
        .map(|i| {
            let t = i as f32 / rate as f32;
            let partials: f32 = (1..=8).map(|k| (std::f32::consts::TAU * 330.0 * k as f32 * t).sin() / k as f32).sum();
            if i < onset { 0.0 } else { 0.1 * partials }
        })
        .collect();
    for mode in [LatencyMode::Live, LatencyMode::Studio] {
        let config = EngineConfig { sample_rate_hz: rate, mode, ..EngineConfig::default() };
        let wet = render(config, &Settings::default(), &tone, &[512]);
        let loud = rms(&wet[wet.len() / 2..]);
        let window = 96;
        let heard = (0..wet.len() - window).find(|&i| rms(&wet[i..i + window]) > 0.25 * loud).unwrap() as f64;
        let off_ms = (heard - onset as f64) / f64::from(rate) * 1e3;
        assert!((-12.0..=12.0).contains(&off_ms), "{mode:?}: the onset sounds {off_ms:.1} ms away from the voice's");
    }
}

#[test]
fn silence_in_gives_silence_out() {
    let out = render(EngineConfig::default(), &Settings { loudness: 24.0, ..Settings::default() }, &vec![0.0; 96_000], &[64]);
    assert!(out.iter().all(|x| *x == 0.0));
}

#[test]
fn broken_input_never_comes_out() {
    let mut voice = voice(48_000, 2.0);
    for (i, x) in voice.iter_mut().enumerate() {
        match i % 5000 {
            0 => *x = f32::NAN,
            1000 => *x = f32::INFINITY,
            2000 => *x = f32::NEG_INFINITY,
            3000 => *x = 1e-42,
            4000 => *x = f32::MAX,
            _ => {}
        }
    }
    for mix in [0.0, 50.0, 100.0] {
        let out = render(EngineConfig::default(), &Settings { mix, breath: 100.0, ..Settings::default() }, &voice, &[64]);
        assert!(out.iter().all(|x| x.is_finite() && x.abs() <= 16.0), "mix {mix}");
        assert!(rms(&out[48_000..]) > 0.0);
    }
}

/// The audio thread's side in live pace: no allocation in playing, setting and resetting, in blocks of any size, stereo.
#[test]
fn nothing_allocates_on_the_audio_thread() {
    let voice = voice(48_000, 3.0);
    let config = EngineConfig { channels: 2, max_block: 256, ..EngineConfig::default() };
    let mut engine = Engine::new(config, violin()).unwrap();
    let (mut left, mut right) = (vec![0.0; 700], vec![0.0; 700]);
    let mut peak = 0.0_f32;
    for pass in 0..2 {
        let mut at = 0;
        for (i, len) in [64, 1, 256, 33, 700, 0, 128].iter().cycle().enumerate() {
            if at + len > voice.len() {
                break;
            }
            let input = &voice[at..at + len];
            let settings =
                Settings { pitch_shift: (i % 25) as f32 - 12.0, brightness: (i % 5) as f32, breath: 50.0, ..Settings::default() };
            assert_no_alloc(|| {
                engine.set(&settings);
                engine.process(&[input, input], &mut [&mut left[..*len], &mut right[..*len]], Pace::Live);
            });
            assert_eq!(left[..*len], right[..*len]);
            peak = left[..*len].iter().fold(peak, |p, x| p.max(x.abs()));
            at += len;
            // The clock of a stage: the decoder gets its time, as between the blocks of a sound card.
            std::thread::yield_now();
        }
        assert!(peak > 0.0, "pass {pass} was silent");
        assert_no_alloc(|| engine.reset());
    }
}

/// A decoder that gets no time: sound is held, lateness is counted, and nothing lags afterwards.
#[test]
fn a_stall_leaves_no_lasting_lag() {
    let voice = voice(48_000, 6.0);
    let config = EngineConfig { max_block: 512, ..EngineConfig::default() };
    let on_time = render(config, &Settings::default(), &voice, &[512]);
    let mut engine = Engine::new(config, violin()).unwrap();
    let delay = engine.latency_samples();
    let mut out = vec![0.0; voice.len()];
    let third = voice.len() / 3 / 512 * 512;
    // Live pace without a pause between blocks is a host that runs away from the decoder; a quick decoder may keep up once or twice.
    for _ in 0..50 {
        engine.reset();
        engine.process(&[&voice[..third]], &mut [&mut out[..third]], Pace::Live);
        if engine.late_frames() > 0 {
            break;
        }
    }
    assert!(engine.late_frames() > 0, "the decoder kept up with a runaway host fifty times; the stall was none");
    engine.process(&[&voice[third..]], &mut [&mut out[third..]], Pace::Offline);
    let late = engine.late_frames();
    // After the stall, level and timing are those of the stream that had none.
    let from = 2 * voice.len() / 3;
    for at in (from..voice.len() - 4800).step_by(4800) {
        let (a, b) = (rms(&out[at..at + 4800]), rms(&on_time[at - delay..at - delay + 4800]));
        assert!((a - b).abs() <= 0.25 * a.max(b) + 1e-4, "at sample {at}: {a} against {b} on time; {late} late");
    }
}

#[test]
fn setups_that_cannot_be_are_refused_in_words() {
    let error = |config| Engine::new(config, violin()).err().unwrap().to_string();
    assert_eq!(
        error(EngineConfig { sample_rate_hz: 8000, ..EngineConfig::default() }),
        "the sample rate is 8000 Hz, and 44100 to 192000 are possible"
    );
    assert_eq!(
        error(EngineConfig { channels: 3, ..EngineConfig::default() }),
        "3 channels were asked for, and 1 or 2 are possible"
    );
    assert_eq!(
        error(EngineConfig { max_block: 0, ..EngineConfig::default() }),
        "the block size is 0 samples, and 1 to 8192 are possible"
    );
}
