//! Levels and octaves of whole performances: an instrument is as loud as the voice that plays it, whatever its spectrum and whether auto range
//! is on; nothing leaves above full scale; and octave fit plays a performance in one octave. On the demo voice and, where a folder of
//! them lies beside the repository (`../shared/voices`), on recorded ones: each instrument with some of them, in the long form with all.
//! `--nocapture` prints the figures.

mod support;

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};
use support::{RATE_HZ, demo_voice, in_long_form, k_levels, lufs, recorded_voice, recorded_voices};
use syrinx_engine::{Engine, EngineConfig, Model, Settings, SustainedBy};

/// Most that an instrument's loudness over a phrase may differ from the voice's, LU.
const WITHIN_LU: f64 = 2.0;
/// Where more than this, dBFS, comes to the guard, a voice is about as loud as full scale allows, and the instrument's tone has higher peaks: what
/// the guard keeps back may be as much more, LU.
const GUARDED_DBFS: f64 = 2.0;
const KEPT_BACK_LU: f64 = 1.0;
/// Noises of the mouth, hardly one of which has a pitch; what has none is played softer.
const NO_PITCH: &[&str] = &["mouth-loop"];
/// A few long notes, or slides from note to note: what rings has one stroke for all of them, and nobody can know how long it is to last.
const FEW_STROKES: &[&str] = &[
    "singing-female",
    "vocal-hum-1",
    "vocal-hum-2",
    "vocal-buzz-1",
    "human-voice-glides",
    "whistle1",
    "whistle-2",
    "rebel-yell",
];
/// A chord of gliding voices: which of them is heard changes, and so does how low it is.
const SEVERAL_VOICES: &[&str] = &["up-down-vocals-1"];

/// What an instrument made of a voice.
struct Played {
    sound: Vec<f32>,
    /// Peak as it came to the guard, linear.
    unguarded: f32,
    /// Transpositions by octave fit, semitones, of the frames that were sung, each change once.
    octaves: Vec<f32>,
}

fn play(voice: &[f32], settings: &Settings) -> Played {
    let config = EngineConfig { sample_rate_hz: RATE_HZ, ..EngineConfig::default() };
    let mut engine = Engine::new(config, syrinx_models::factory()).unwrap();
    engine.set(settings);
    engine.reset();
    let delay = engine.latency_samples();
    let padded: Vec<f32> = voice.iter().copied().chain(std::iter::repeat_n(0.0, delay)).collect();
    let mut sound = vec![0.0; padded.len()];
    let (mut unguarded, mut octaves) = (0.0_f32, Vec::new());
    let mut since = 0;
    // A frame a block, so that none is missed.
    for (input, output) in padded.chunks(192).zip(sound.chunks_mut(192)) {
        engine.process(&[input], &mut [output]);
        let monitor = engine.monitor();
        unguarded = unguarded.max(monitor.output_peak);
        // What a note begins with may be revised until it is sure.
        let sung = monitor.voice.confidence >= 0.5 && monitor.voice.loudness_db > -50.0;
        since = if sung { since + 1 } else { 0 };
        if since > 40 && octaves.last() != Some(&monitor.fitted.semitones) {
            octaves.push(monitor.fitted.semitones);
        }
    }
    Played { sound: sound.split_off(delay), unguarded, octaves }
}

fn db(x: f32) -> f64 {
    20.0 * f64::from(x.max(1e-9)).log10()
}

fn peak(sound: &[f32]) -> f32 {
    sound.iter().fold(0.0, |peak, x| peak.max(x.abs()))
}

/// The demo voice, its first two phrases in the short form, and the recorded voices by name.
fn voices() -> Vec<(String, Vec<f32>)> {
    let mut demo = demo_voice(RATE_HZ, 1).samples;
    if !in_long_form() {
        demo.truncate(9 * RATE_HZ as usize);
    }
    let mut voices = vec![("demo".to_owned(), demo)];
    voices.extend(recorded_voices().unwrap_or_default().iter().map(|file| recorded_voice(file)));
    voices
}

/// Plays `voice` on the instrument and says what is wrong with it.
fn judge(name: &str, voice: &[f32], (number, model): &(u8, std::sync::Arc<Model>), fitted: bool) -> Vec<String> {
    let card = model.card();
    let settings = Settings { instrument_a: *number, auto_range: fitted, octave_fit: fitted, ..Settings::default() };
    let played = play(voice, &settings);
    let off = match (lufs(voice), lufs(&played.sound)) {
        (Some(voice), Some(played)) => played - voice,
        _ => f64::NEG_INFINITY,
    };
    let (out, unguarded) = (db(peak(&played.sound)), db(played.unguarded));
    let what = format!("{name} on {}{}", card.id, if fitted { ", fitted" } else { "" });
    println!("{what:<50} {off:+5.1} LU, peak {out:+5.1} dBFS, {unguarded:+5.1} before the guard, octaves {:?}", played.octaves);
    let mut failures = Vec::new();
    let mut expect = |holds: bool, why: String| failures.extend((!holds).then(|| format!("{what}: {why}")));
    let several = SEVERAL_VOICES.contains(&name);
    let exempt = NO_PITCH.contains(&name) || several || card.decay.is_some() && FEW_STROKES.contains(&name);
    let least = -WITHIN_LU - if unguarded > GUARDED_DBFS { KEPT_BACK_LU } else { 0.0 };
    expect((least..WITHIN_LU).contains(&off) || exempt, format!("{off:+.1} LU from the voice"));
    expect(out <= 0.0, format!("a peak of {out:+.2} dBFS"));
    expect(unguarded > -1.0 || out == unguarded, format!("{out:+.2} dBFS of {unguarded:+.2}, where nothing is to be guarded"));
    expect(played.octaves.len() < 2 || several, format!("played in the octaves {:?}", played.octaves));
    failures
}

/// Does the jobs on two threads, in the long form and in the short.
fn all(jobs: Vec<(usize, usize, bool)>, voices: &[(String, Vec<f32>)]) {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((voice, instrument, fitted)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (name, samples) = &voices[*voice];
                    let failed = judge(name, samples, &syrinx_models::factory()[*instrument], *fitted);
                    failures.lock().unwrap().extend(failed);
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), jobs.len(), failures.join("\n"));
}

#[test]
fn every_instrument_is_as_loud_as_the_sung_phrase() {
    let voices = &voices()[..1];
    let both = |n: usize| if in_long_form() { vec![false, true] } else { vec![n.is_multiple_of(2)] };
    let instruments = 0..syrinx_models::factory().len();
    all(instruments.flat_map(|n| both(n).into_iter().map(move |fitted| (0, n, fitted))).collect(), voices);
}

#[test]
fn recorded_voices_are_played_as_loud_in_one_octave_and_under_full_scale() {
    let voices = voices();
    if voices.len() == 1 {
        println!("no recorded voices here");
        return;
    }
    let mut jobs = Vec::new();
    for voice in 1..voices.len() {
        for n in 0..syrinx_models::factory().len() {
            if in_long_form() {
                jobs.extend([(voice, n, false), (voice, n, true)]);
            } else if n % (voices.len() - 1) == voice - 1 {
                jobs.push((voice, n, true));
            }
        }
    }
    all(jobs, &voices);
}

/// Auto range finds how hard to play a steady hum, and nobody hears it do so.
#[test]
fn a_steady_hum_stays_as_loud_on_every_instrument() {
    let hum: Vec<f32> = (0..3 * RATE_HZ)
        .map(|n| {
            let t = n as f32 / RATE_HZ as f32;
            let partials: f32 = (1..=10).map(|k| (std::f32::consts::TAU * 165.0 * k as f32 * t).sin() / (k * k) as f32).sum();
            0.1 * (t / 0.05).min(1.0) * partials
        })
        .collect();
    let mut failures = Vec::new();
    for (number, model) in syrinx_models::factory() {
        // What rings falls of its own, and a room takes its time to fill.
        let bare = Settings { sustain: SustainedBy::Voice, room: 0.0, ..Settings::default() };
        let hummed = Settings { instrument_a: *number, auto_range: true, ..bare };
        let levels = k_levels(&play(&hum, &hummed).sound);
        // Fifths of a second from 0.3 s on: noise fluctuates from moment to moment.
        let fifths: Vec<f32> = levels[75..].chunks_exact(50).map(|fifth| fifth.iter().sum::<f32>() / 50.0).collect();
        let (low, high) = fifths.iter().fold((f32::MAX, f32::MIN), |(low, high), db| (low.min(*db), high.max(*db)));
        println!("{}: {low:.2} to {high:.2} dB", model.card().id);
        failures.extend((high - low >= 1.0).then(|| format!("{} goes from {low:.1} to {high:.1} dB", model.card().id)));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The measuring stick: a tone of 997 Hz at full scale is at -3.01 LUFS in one channel, and pauses do not count.
#[test]
fn loudness_is_as_the_recommendation_has_it() {
    let tone: Vec<f32> = (0..3 * RATE_HZ).map(|n| (std::f32::consts::TAU * 997.0 * n as f32 / RATE_HZ as f32).sin()).collect();
    let soft: Vec<f32> = tone.iter().map(|x| 0.1 * x).collect();
    assert!((lufs(&tone).unwrap() + 3.01).abs() < 0.02 && (lufs(&soft).unwrap() + 23.01).abs() < 0.02);
    let paused = [&soft[..], &vec![0.0; 10 * RATE_HZ as usize]].concat();
    assert!((lufs(&paused).unwrap() - lufs(&soft).unwrap()).abs() < 1.0);
    assert_eq!(lufs(&vec![0.0; 48_000]), None);
}
