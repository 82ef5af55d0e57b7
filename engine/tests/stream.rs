//! The engine as a stream, on a sung voice and shipped instruments: one delay, whatever the blocks; no allocation; nothing broken out.

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use std::sync::Arc;
use syrinx_engine::{
    Block, Engine, EngineConfig, Event, EventKind, Instrument, LatencyMode, Model, OWN_INSTRUMENT, PARAMS, ParamId, Settings,
    Slot,
};
use syrinx_testkit::{demo_voice, in_long_form};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

fn violin() -> Arc<Model> {
    syrinx_models::load("violin").unwrap()
}

fn voice(rate: u32, seconds: f64) -> Vec<f32> {
    let mut samples = demo_voice(rate, 1).samples;
    samples.truncate((f64::from(rate) * seconds) as usize);
    samples
}

fn in_mode(mode: LatencyMode) -> Settings {
    Settings { latency_mode: mode, ..Settings::default() }
}

/// Renders mono in blocks of the sizes that `blocks` repeats; the delay is taken off.
fn render(config: EngineConfig, settings: &Settings, voice: &[f32], blocks: &[usize]) -> Vec<f32> {
    let mut engine = Engine::of(config, violin()).unwrap();
    engine.set(settings);
    let delay = engine.latency_samples();
    let padded: Vec<f32> = voice.iter().copied().chain(std::iter::repeat_n(0.0, delay)).collect();
    let mut out = vec![0.0; padded.len()];
    let (mut at, mut sizes) = (0, blocks.iter().cycle());
    while at < padded.len() {
        let to = padded.len().min(at + sizes.next().unwrap());
        engine.process(&[&padded[at..to]], &mut [&mut out[at..to]]);
        at = to;
    }
    assert_eq!(engine.failed_frames(), 0);
    out.split_off(delay)
}

fn rms(x: &[f32]) -> f32 {
    (x.iter().map(|x| x * x).sum::<f32>() / x.len().max(1) as f32).sqrt()
}

#[test]
fn block_size_never_changes_the_output() {
    for rate in [44_100, 48_000, 96_000] {
        let voice = voice(rate, if in_long_form() { 4.0 } else { 2.0 });
        for mode in [LatencyMode::Live, LatencyMode::Studio] {
            let config = EngineConfig { sample_rate_hz: rate, ..EngineConfig::default() };
            let at = |blocks: &[usize]| render(config, &in_mode(mode), &voice, blocks);
            let reference = at(&[512]);
            assert!(rms(&reference) > 1e-3, "the voice is not answered");
            for blocks in [&[64][..], &[1], &[1000, 1, 7, 333, 0, 1024], &[8192]] {
                assert!(at(blocks) == reference, "{rate} Hz, {mode:?}, {blocks:?}");
            }
        }
    }
}

/// What happens inside a block is heard as if the block had been cut there, wherever the host cuts it; out of order or out of the block, it
/// happens no earlier than what was before it, and at the block's end. No event allocates.
#[test]
fn events_are_heard_from_their_very_sample_on() {
    use ParamId::{brightness, instrument_a, latency_mode, loudness, mix, pitch_shift};
    let voice = voice(48_000, 1.5);
    let events: Vec<Event> = [
        (0, pitch_shift, 3.0),
        (9_001, loudness, -9.0),
        (9_001, pitch_shift, 1.0),
        (9_001, pitch_shift, 7.0),
        (20_000, mix, 40.0),
        (20_001, brightness, f32::NAN),
        (31_017, instrument_a, 1.0),
        (44_444, latency_mode, 1.0),
        (50_000, pitch_shift, 400.0),
    ]
    .map(|(at, param, value)| Event { at, kind: EventKind::Setting(param, value) })
    .into();

    // Blocks cut at every event, each setting by hand.
    let mut engine = Engine::new(EngineConfig::default(), syrinx_models::factory()).unwrap();
    let mut wanted = vec![0.0; voice.len()];
    let mut from = 0;
    for at in events.iter().map(|event| event.at).chain([voice.len()]) {
        engine.process(&[&voice[from..at]], &mut [&mut wanted[from..at]]);
        let mut settings = engine.settings();
        for Event { kind, .. } in events.iter().filter(|event| event.at == at) {
            let EventKind::Setting(param, value) = *kind else { unreachable!() };
            settings.put(param, value);
        }
        engine.set(&settings);
        from = at;
    }
    let reached = engine.settings();
    assert_eq!((reached.pitch_shift, reached.brightness, reached.latency_mode), (24.0, 0.0, LatencyMode::Studio));

    for size in [1, 64, 1000, voice.len()] {
        let mut engine = Engine::new(EngineConfig::default(), syrinx_models::factory()).unwrap();
        let mut played = vec![0.0; voice.len()];
        for (number, (input, output)) in voice.chunks(size).zip(played.chunks_mut(size)).enumerate() {
            let here: Vec<Event> = events.iter().filter(|event| event.at / size == number).copied().collect();
            let here: Vec<Event> = here.iter().map(|event| Event { at: event.at - number * size, ..*event }).collect();
            assert_no_alloc(|| engine.play(Block { input: &[input], output: &mut [output], events: &here }));
        }
        assert!(played == wanted, "in blocks of {size}");
        assert_eq!(engine.settings(), reached);
    }

    let late =
        [(300, 1.0), (100, 2.0), (usize::MAX, 3.0)].map(|(at, to)| Event { at, kind: EventKind::Setting(pitch_shift, to) });
    let mut out = [0.0; 512];
    engine.play(Block { input: &[&[0.0; 512]], output: &mut [&mut out], events: &late });
    assert_eq!(engine.settings().pitch_shift, 3.0);
}

/// A host may give silence for as long as it likes before the voice begins.
#[test]
fn silence_before_the_voice_changes_nothing() {
    for rate in [44_100, 48_000] {
        let voice = voice(rate, 2.0);
        let config = EngineConfig { sample_rate_hz: rate, ..EngineConfig::default() };
        // Tens of frames, which are whole samples at each rate and whole turns of the tracker's sums, and enough of them for the belief that
        // nobody sings to settle to its last bit.
        let after = |frames: usize| {
            let lead = frames * rate as usize / 250;
            let padded: Vec<f32> = std::iter::repeat_n(0.0, lead).chain(voice.iter().copied()).collect();
            let mut out = render(config, &in_mode(LatencyMode::Live), &padded, &[512]);
            out.split_off(lead)
        };
        let reference = after(40);
        for frames in [50, 250, 1000] {
            let differs = after(frames).iter().zip(&reference).position(|(a, b)| a != b);
            assert_eq!(differs, None, "{rate} Hz, after {frames} frames of silence");
        }
    }
}

#[test]
fn a_reset_starts_the_same_stream_again() {
    let voice = voice(48_000, 2.0);
    let mut engine = Engine::of(EngineConfig::default(), violin()).unwrap();
    let run = |engine: &mut Engine| {
        let mut out = vec![0.0; voice.len()];
        engine.process(&[&voice], &mut [&mut out]);
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
        let config = EngineConfig { sample_rate_hz: 44_100, ..EngineConfig::default() };
        for settings in
            [Settings { mix: 0.0, ..in_mode(mode) }, Settings { bypass: true, mix: 70.0, input_gain: 6.0, ..in_mode(mode) }]
        {
            let dry = render(config, &settings, &voice, &[100]);
            assert!(dry == voice[..dry.len()], "{mode:?}");
        }
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
        let config = EngineConfig { sample_rate_hz: rate, ..EngineConfig::default() };
        let wet = render(config, &in_mode(mode), &tone, &[512]);
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

/// No allocation in playing, setting everything, changing instruments and latency mode, and resetting; blocks of any size, stereo.
#[test]
fn nothing_allocates_on_the_audio_thread() {
    let voice = voice(48_000, 6.0);
    let config = EngineConfig { channels: 2, ..EngineConfig::default() };
    let mut engine = Engine::new(config, syrinx_models::factory()).unwrap();
    let (mut left, mut right) = (vec![0.0; 700], vec![0.0; 700]);
    let mut peak = 0.0_f32;
    let mut retired = 0;
    for pass in 0..2 {
        let mut at = 0;
        for (i, len) in [64, 1, 256, 33, 700, 0, 128].iter().cycle().enumerate() {
            if at + len > voice.len() {
                break;
            }
            let input = &voice[at..at + len];
            let mut settings = Settings::from_values(|p| {
                let p = &PARAMS[p];
                p.min + (p.max - p.min) * ((i * 7919 + p.id.len() * 31) % 101) as f32 / 100.0
            });
            settings.instrument_a = if i % 2 == 0 { OWN_INSTRUMENT } else { (i % 18) as u8 };
            settings.output_gain = settings.output_gain.max(-12.0);
            settings.latency_mode = if i / 50 % 2 == 0 { LatencyMode::Live } else { LatencyMode::Studio };
            let mut own = (i % 40 == 0).then(|| Box::new(Instrument::new(48_000, violin())));
            let mut old = None;
            assert_no_alloc(|| {
                engine.set(&settings);
                if own.is_some() {
                    own = engine.install(Slot::A, own.take()).err().flatten();
                }
                old = engine.retired();
                engine.process(&[input, input], &mut [&mut left[..*len], &mut right[..*len]]);
                std::hint::black_box((engine.tail_samples(), engine.monitor()));
                engine.frames(|frame| {
                    std::hint::black_box(frame);
                });
            });
            retired += usize::from(old.is_some());
            peak = left[..*len].iter().fold(peak, |p, x| p.max(x.abs()));
            at += len;
        }
        assert!(peak > 0.0, "pass {pass} was silent");
        assert_no_alloc(|| engine.reset());
    }
    assert!(retired > 2, "own instruments came and went");
}

#[test]
fn every_frame_of_the_voice_is_handed_over_once_whatever_the_blocks() {
    let voice = voice(48_000, 2.0);
    let heard = |blocks: &[usize]| {
        let mut engine = Engine::of(EngineConfig::default(), violin()).unwrap();
        let (mut frames, mut at, mut sizes) = (Vec::new(), 0, blocks.iter().cycle());
        while at < voice.len() {
            let to = voice.len().min(at + sizes.next().unwrap());
            let mut out = vec![0.0; to - at];
            engine.process(&[&voice[at..to]], &mut [&mut out]);
            engine.frames(|frame| frames.push(frame));
            at = to;
        }
        engine.frames(|_| panic!("all were handed over"));
        frames
    };
    let all = heard(&[192]);
    assert_eq!(all.len(), 500);
    assert!(all.iter().enumerate().all(|(n, frame)| frame.frame == n as u64));
    for blocks in [&[1000, 1, 333][..], &[3072]] {
        assert!(heard(blocks) == all, "{blocks:?}");
    }
    // Of more than are kept, the latest.
    assert!(heard(&[96_000]) == all[all.len() - 16..]);
}

/// Settings are heard with the input they came with: a step of the output gain set at one sample sounds the delay later.
#[test]
fn settings_are_as_late_as_the_sound() {
    let tone: Vec<f32> = (0..48_000).map(|i| 0.25 * (0.07 * i as f32).sin()).collect();
    for mode in [LatencyMode::Live, LatencyMode::Studio] {
        let mut engine = Engine::of(EngineConfig::default(), violin()).unwrap();
        let dry = Settings { mix: 0.0, ..in_mode(mode) };
        engine.set(&dry);
        let mut out = vec![0.0; tone.len()];
        engine.process(&[&tone[..20_000]], &mut [&mut out[..20_000]]);
        engine.set(&Settings { output_gain: -60.0, ..dry });
        engine.process(&[&tone[20_000..]], &mut [&mut out[20_000..]]);
        let delay = engine.latency_samples();
        let last = out.iter().rposition(|x| *x != 0.0).unwrap() as i64 - delay as i64 - 20_000;
        // A frame to glide, and the nearest frame to the change.
        assert!((0..=3 * 192).contains(&last), "{mode:?}: {last} samples after the change");
    }
}

/// Pitch shift and loudness begin to change at their very sample, and no sooner than the sound they came with.
#[test]
fn pitch_shift_and_loudness_are_sample_accurate() {
    let tone: Vec<f32> = (0..48_000).map(|i| (1..=6).map(|k| 0.1 * (0.03 * (k * i) as f32).sin()).sum()).collect();
    let harmonics_alone = Settings { noise: -60.0, ..Settings::default() };
    let run = |at: usize, settings: &Settings| {
        let mut engine = Engine::of(EngineConfig::default(), violin()).unwrap();
        engine.set(&harmonics_alone);
        let mut out = vec![0.0; tone.len()];
        engine.process(&[&tone[..at]], &mut [&mut out[..at]]);
        engine.set(settings);
        engine.process(&[&tone[at..]], &mut [&mut out[at..]]);
        (out, engine.latency_samples())
    };
    let (still, delay) = run(30_000, &harmonics_alone);
    for changed in [Settings { pitch_shift: 7.0, ..harmonics_alone }, Settings { loudness: 12.0, ..harmonics_alone }] {
        for at in [30_000, 30_001, 30_077] {
            let (out, _) = run(at, &changed);
            let first = still.iter().zip(&out).position(|(a, b)| (a - b).abs() > 1e-4).unwrap() as i64 - (at + delay) as i64;
            // Straight lines of 16 samples, and the frame's own timbre glide, which starts a frame sooner and is no louder.
            assert!((-192..=64).contains(&first), "set at {at}, heard {first} samples off");
            let half = |out: &[f32]| rms(&out[at + delay + 60..at + delay + 180]);
            if changed.loudness > 0.0 {
                let rise = 20.0 * (half(&out) / half(&still)).log10();
                assert!((4.0..=9.0).contains(&rise), "half way through the glide it is {rise:.1} dB louder");
            }
        }
    }
}

/// A session that a host restores while silence runs already sounds as if it had been there from the first sample.
#[test]
fn settings_that_come_before_the_first_sound_need_no_glide() {
    let silence = vec![0.0; 5003];
    let sung = voice(48_000, 1.0);
    let begun = sung.iter().position(|x| x.abs() > 1e-3).unwrap();
    let voice = [&silence, &sung[begun..]].concat();
    let restored =
        Settings { pitch_shift: -5.0, loudness: 9.0, input_gain: 3.0, mix: 70.0, reverb_mix: 40.0, ..Settings::default() };
    let from_the_start = render(EngineConfig::default(), &restored, &voice, &[64]);
    let mut engine = Engine::of(EngineConfig::default(), violin()).unwrap();
    let mut out = vec![0.0; voice.len()];
    let at = silence.len();
    engine.process(&[&voice[..at]], &mut [&mut out[..at]]);
    engine.set(&restored);
    engine.process(&[&voice[at..]], &mut [&mut out[at..]]);
    let delay = engine.latency_samples();
    assert!(out[delay..] == from_the_start[..out.len() - delay]);
}

/// A change of latency mode while playing: faded, and what follows is exactly the stream of the new mode.
#[test]
fn the_latency_mode_changes_while_playing() {
    let voice = voice(48_000, 4.0);
    let mut engine = Engine::of(EngineConfig::default(), violin()).unwrap();
    let live = engine.latency_samples();
    let mut out = vec![0.0; voice.len()];
    engine.process(&[&voice[..48_000]], &mut [&mut out[..48_000]]);
    engine.set(&in_mode(LatencyMode::Studio));
    let mut changed = 0;
    for (i, (voice, out)) in voice[48_000..].chunks(64).zip(out[48_000..].chunks_mut(64)).enumerate() {
        engine.process(&[voice], &mut [out]);
        if changed == 0 && engine.latency_samples() != live {
            changed = 48_000 + i * 64;
        }
    }
    assert!((48_400..48_700).contains(&changed), "the mode changed at {changed}");
    let studio = engine.latency_samples();
    assert!(studio > live);
    let begun = 48_480;
    let fresh = render(EngineConfig::default(), &in_mode(LatencyMode::Studio), &voice[begun..], &[64]);
    let faded_in = begun + 480 + studio;
    assert!(out[faded_in..] == fresh[480..480 + out.len() - faded_in]);
    let slope = |x: &[f32]| x.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
    assert!(slope(&out[47_000..52_000]) <= slope(&out[..47_000]).max(slope(&out[52_000..])), "it clicked");
}

#[test]
fn setups_that_cannot_be_are_refused_in_words() {
    let error = |config| Engine::of(config, violin()).err().unwrap().to_string();
    assert_eq!(
        error(EngineConfig { sample_rate_hz: 8000, ..EngineConfig::default() }),
        "the sample rate is 8000 Hz, and 44100 to 192000 are possible"
    );
    assert_eq!(
        error(EngineConfig { channels: 3, ..EngineConfig::default() }),
        "3 channels were asked for, and 1 or 2 are possible"
    );
}
