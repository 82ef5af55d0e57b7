//! How notes begin and what becomes of consonants, on whole engines: strokes on what is plucked or struck, and breath. Recorded voices are
//! played where a folder of them lies beside the repository (`../shared/voices`), the demo voice always. `--nocapture` prints the figures.

mod support;

use std::path::Path;
use support::{RATE_HZ, demo_voice, heard, in_long_form};
use syrinx_engine::{Engine, EngineConfig, Features, LatencyMode, NOISE_POINTS, Settings, Spectrum, noise_point_hz};
use syrinx_tracker::a_weighting_power;

/// Samples of a frame: at this rate, every frame is as long.
const FRAME: usize = RATE_HZ as usize / 250;

/// What came out, and what the engine did for it, frame by frame in time with the voice.
struct Played {
    sound: Vec<f32>,
    /// What the live or studio tracker of the engine itself heard; what was played for it; with which spectrum.
    frames: Vec<(Features, Features, Spectrum)>,
}

fn play(voice: &[f32], instrument: &str, latency: LatencyMode, settings: Settings) -> Played {
    let config = EngineConfig { sample_rate_hz: RATE_HZ, ..EngineConfig::default() };
    let mut engine = Engine::of(config, syrinx_models::load(instrument).unwrap()).unwrap();
    engine.set(&Settings { latency_mode: latency, ..settings });
    let delay = engine.latency_samples();
    let padded: Vec<f32> = voice.iter().copied().chain(std::iter::repeat_n(0.0, delay + FRAME)).collect();
    let mut sound = vec![0.0; padded.len()];
    let mut frames = Vec::new();
    for (voice, sound) in padded.chunks_exact(FRAME).zip(sound.chunks_exact_mut(FRAME)) {
        engine.process(&[voice], &mut [sound]);
        let monitor = engine.monitor();
        frames.push((monitor.voice, monitor.played, engine.spectrum()));
    }
    assert_eq!(engine.failed_frames(), 0);
    sound.drain(..delay);
    sound.truncate(voice.len());
    // The sound of frame n is reached a frame after its end; it describes what lies the tracker's delay before that.
    frames.drain(..(delay - FRAME).div_ceil(FRAME));
    Played { sound, frames }
}

fn percentile(values: &[f32], share: f32) -> f32 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted.get(((sorted.len().max(1) - 1) as f32 * share).round() as usize).copied().unwrap_or(f32::NAN)
}

fn median(values: &[f32]) -> f32 {
    percentile(values, 0.5)
}

/// A-weighted level of a noise, dB.
fn noise_db(noise: &[f32; NOISE_POINTS]) -> f32 {
    let octaves = (noise_point_hz(NOISE_POINTS - 1) / noise_point_hz(0)).log2() / (NOISE_POINTS - 1) as f32;
    let power = |n: usize| noise[n] * noise[n] * a_weighting_power(f64::from(noise_point_hz(n))) as f32 * octaves;
    10.0 * (1e-14 + (0..NOISE_POINTS).map(power).sum::<f32>()).log10()
}

fn tone_db(harmonics: &[f32], f0_hz: f32) -> f32 {
    let power = |k: usize| 0.5 * harmonics[k].powi(2) * a_weighting_power(f64::from((k + 1) as f32 * f0_hz)) as f32;
    10.0 * (1e-14 + (0..harmonics.len()).map(power).sum::<f32>()).log10()
}

/// Mean power per octave of a noise's A-weighted shape.
fn shape(noises: &[&[f32; NOISE_POINTS]]) -> [f32; NOISE_POINTS] {
    let mut sum = [0.0; NOISE_POINTS];
    for noise in noises {
        let level = 10f32.powf(0.1 * noise_db(noise));
        sum.iter_mut().zip(*noise).for_each(|(s, n)| *s += n * n / level / noises.len() as f32);
    }
    sum
}

/// Centroid in Hz, and flatness (1 is white), both from 150 Hz to 12 kHz.
fn colour(shape: &[f32; NOISE_POINTS]) -> (f32, f32) {
    let (mut sum, mut weighted, mut log, mut density, mut count) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (n, power) in shape.iter().enumerate() {
        let hz = noise_point_hz(n);
        if (150.0..12_000.0).contains(&hz) {
            sum += power;
            weighted += power * hz.ln();
            log += (power / hz).max(1e-20).ln() * hz;
            density += power / hz * hz;
            count += hz;
        }
    }
    ((weighted / sum).exp(), (log / count).exp() / (density / count))
}

#[derive(Default, Debug)]
struct Consonants {
    /// Level of the output where the voice has no pitch, against the notes around, dB.
    apart_db: Vec<f32>,
    /// The same of the noise alone.
    noise_apart_db: Vec<f32>,
    /// Centroid (Hz), flatness of the noise there and in notes; their mean distance, dB.
    unpitched: (f32, f32),
    pitched: (f32, f32),
    distance_db: f32,
    /// Times of rise and fall of the noise, ms.
    rise_ms: Vec<f32>,
    fall_ms: Vec<f32>,
    /// Jumps of the noise by more than 6 dB in a frame within notes, and frames of notes.
    jumps: usize,
    notes: usize,
}

fn measure(sung: &[Features], played: &Played) -> Consonants {
    let out = heard(RATE_HZ, &played.sound);
    let len = sung.len().min(out.len()).min(played.frames.len());
    let all = |n: usize, around: usize, sure: &dyn Fn(&Features) -> bool| {
        (n.saturating_sub(around)..(n + around + 1).min(len)).all(|m| sure(&sung[m]))
    };
    let voiced: Vec<bool> = (0..len).map(|n| sung[n].confidence >= 0.8 && sung[n].loudness_db > -60.0).collect();
    let unvoiced: Vec<bool> = (0..len).map(|n| sung[n].loudness_db > -55.0 && all(n, 5, &|f| f.confidence < 0.3)).collect();
    let mut result = Consonants::default();
    let (mut here, mut notes) = (Vec::new(), Vec::new());
    let noise: Vec<f32> = (0..len).map(|n| noise_db(&played.frames[n].2.noise)).collect();
    for n in 0..len {
        if unvoiced[n] {
            let around: Vec<f32> =
                (n.saturating_sub(125)..(n + 125).min(len)).filter(|m| voiced[*m]).map(|m| out[m].loudness_db).collect();
            if around.len() >= 20 {
                result.apart_db.push(out[n].loudness_db - median(&around));
                result.noise_apart_db.push(noise[n] - median(&around));
            }
            if noise[n] > -80.0 {
                here.push(&played.frames[n].2.noise);
            }
        }
        if voiced[n] && all(n, 10, &|f| f.confidence >= 0.8) {
            if noise[n] > -110.0 {
                notes.push(&played.frames[n].2.noise);
            }
            result.notes += 1;
            let tone = tone_db(&played.frames[n].2.harmonics, played.frames[n].1.f0_hz);
            // What the voice itself gets louder by is no jump.
            let louder = (played.frames[n].1.loudness_db - played.frames[n - 1].1.loudness_db).max(0.0);
            let jumps = noise[n] - noise[n - 1] > 6.0 + 2.0 * louder && noise[n] > tone - 30.0;
            result.jumps += usize::from(jumps);
        }
    }
    let (a, b) = (shape(&here), shape(&notes));
    (result.unpitched, result.pitched) = (colour(&a), colour(&b));
    let apart: Vec<f32> = (0..NOISE_POINTS)
        .filter(|n| (150.0..12_000.0).contains(&noise_point_hz(*n)))
        .map(|n| 10.0 * (a[n].max(1e-9) / b[n].max(1e-9)).log10())
        .collect();
    let mean = apart.iter().sum::<f32>() / apart.len() as f32;
    result.distance_db = apart.iter().map(|d| (d - mean).abs()).sum::<f32>() / apart.len() as f32;
    // Stretches without a pitch.
    let mut at = 0;
    while at < len {
        if !unvoiced[at] {
            at += 1;
            continue;
        }
        let end = (at..len).find(|n| !unvoiced[*n]).unwrap_or(len);
        if end - at >= 5 && at > 12 && end + 12 < len {
            let plateau = median(&noise[at..end]);
            let when = |from: usize, to: usize, back: bool| {
                // Frames from 20 dB under to 2 dB under.
                let mut path: Vec<usize> = (from..to).collect();
                if back {
                    path.reverse();
                }
                let low = path.iter().rposition(|n| noise[*n] < plateau - 20.0)?;
                let high = path[low..].iter().position(|n| noise[*n] > plateau - 2.0)?;
                Some(4.0 * high as f32)
            };
            result.rise_ms.extend(when(at - 12, at + 12.min(end - at), false));
            result.fall_ms.extend(when(end - 12.min(end - at), end + 12, true));
        }
        at = end;
    }
    result
}

/// Recorded voices with consonants, and how far under the notes around the noise has to stay, dB. Speech changes its level by as much from
/// syllable to syllable, and what comes is not known.
const VOICES: [(&str, f32); 5] = [
    ("speech-female", -7.0),
    ("speech-male", -8.0),
    ("librispeech-3436", -10.0),
    ("vocadito-10", -10.0),
    ("singing-female", -10.0),
];
const INSTRUMENTS: [&str; 6] = ["violin", "flute", "trumpet", "alto-sax", "clarinet", "electric-piano"];

#[test]
fn consonants_are_breath_of_the_instrument_under_its_notes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/voices");
    let mut voices = vec![("demo", -10.0, demo_voice(RATE_HZ, 1).samples)];
    for (name, under_db) in VOICES {
        let file = folder.join(format!("{name}.flac"));
        if file.exists() {
            voices.push((name, under_db, syrinx_analysis::read_audio(&file).unwrap().resampled(RATE_HZ).mono()));
        }
    }
    let mut failures: Vec<String> = Vec::new();
    for (turn, (name, under_db, voice)) in voices.iter().enumerate() {
        let sung = heard(RATE_HZ, voice);
        for (n, id) in INSTRUMENTS.iter().enumerate() {
            for latency in [LatencyMode::Live, LatencyMode::Studio] {
                if !in_long_form() && (n != turn || (latency == LatencyMode::Studio) != (turn % 3 == 2)) {
                    continue;
                }
                let m = measure(&sung, &play(voice, id, latency, Settings::default()));
                let [whole, noise] =
                    [&m.apart_db, &m.noise_apart_db].map(|db| [0.5, 0.95, 1.0].map(|share| percentile(db, share)));
                println!(
                    "{name:<17} {id:<15} {latency:<7?} {:>4} frames without pitch: {whole:.1?} dB, noise {noise:.1?} dB from the notes; \
                     noise {:.0}, in notes {:.0} Hz, flatness {:.2}, {:.2}, {:.1} dB apart; rises in {:.0} ms, falls in {:.0} ms; {} jumps in {} frames",
                    m.apart_db.len(),
                    m.unpitched.0,
                    m.pitched.0,
                    m.unpitched.1,
                    m.pitched.1,
                    m.distance_db,
                    median(&m.rise_ms),
                    median(&m.fall_ms),
                    m.jumps,
                    m.notes
                );
                let mut expect =
                    |holds: bool, what: String| failures.extend((!holds).then(|| format!("{name} on {id}, {latency:?}: {what}")));
                if m.noise_apart_db.len() > 20 {
                    expect(noise[1] <= *under_db, format!("noise at {:.1} dB from the notes", noise[1]));
                    expect(
                        m.distance_db < 4.5,
                        format!("the noise is coloured otherwise than in notes, by {:.1} dB", m.distance_db),
                    );
                }
                // What is struck has the noise of its hammers.
                let struck = STRUCK.contains(id);
                expect(struck || m.jumps * 250 <= m.notes.max(500), format!("{} jumps of the noise in notes", m.jumps));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A voice on "ah" told by its pitch in semitones from A3 and its level in dB at each second, with the jitter that voices have.
fn sung(seconds: f64, voice: impl Fn(f64) -> (f64, f64)) -> Vec<f32> {
    let rate = f64::from(RATE_HZ);
    let (mut phase, mut seed, mut jitter) = (0.0, 1_u32, 0.0);
    (0..(seconds * rate) as usize)
        .map(|i| {
            let t = i as f64 / rate;
            let (pitch, level) = voice(t);
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Two to three cents, slower than the pitch itself.
            jitter += (f64::from(seed >> 8) / 2f64.powi(24) - 0.5 - jitter) * 0.004;
            let f0 = 220.0 * ((pitch + 0.6 * jitter) / 12.0).exp2();
            phase += f0 / rate;
            let partials = (1..=30).take_while(|k| f64::from(*k) * f0 < 6000.0);
            let sum: f64 = partials.map(|k| (std::f64::consts::TAU * f64::from(k) * phase).sin() / f64::from(k)).sum();
            (0.1 * 10f64.powf(level / 20.0) * sum) as f32
        })
        .collect()
}

/// Seconds at which the sound gets louder as at a stroke: by 4 dB within 40 ms.
fn attacks(sound: &[f32]) -> Vec<f32> {
    let levels: Vec<f32> = heard(RATE_HZ, sound).iter().map(|f| f.loudness_db).collect();
    let mut found: Vec<f32> = Vec::new();
    // What ends with the file is cut off, and clicks.
    for n in 10..levels.len().saturating_sub(15) {
        let before = levels[n - 10..n].iter().copied().fold(f32::MAX, f32::min);
        let at = n as f32 / 250.0;
        if levels[n] > -60.0 && levels[n] > before + 4.0 && found.last().is_none_or(|last| at - last > 0.08) {
            found.push(at);
        }
    }
    found
}

/// What is struck; the first dies away the fastest, so that every stroke can be told by its level.
const STRUCK: [&str; 3] = ["guitar", "vibraphone", "electric-piano"];

#[test]
fn a_slide_rings_on_and_every_note_is_struck() {
    let begin = |t: f64| if t < 0.2 { -100.0 } else { (-40.0 * (1.0 - (t - 0.2) / 0.05)).min(0.0) };
    let turn = |hz: f64, t: f64| (std::f64::consts::TAU * hz * t).sin();
    // What is sung, for how many seconds, and how many strokes are to be heard.
    type Voice = Box<dyn Fn(f64) -> (f64, f64)>;
    let mut scenes: Vec<(String, f64, usize, Voice)> = Vec::new();
    for (steps, takes) in
        [(12.0, 0.4), (12.0, 1.0), (12.0, 2.0), (12.0, 3.0), (-12.0, 3.0), (12.0, 4.0), (-7.0, 2.0), (5.0, 5.0), (24.0, 3.0)]
    {
        let slide = move |t: f64| steps * ((t - 0.7) / takes).clamp(0.0, 1.0);
        scenes.push((format!("{steps} semitones in {takes} s"), 1.2 + takes, 1, Box::new(move |t| (slide(t), begin(t)))));
    }
    for steps in [1.0, 2.0, -3.0] {
        let stairs = move |t: f64| {
            let notes = ((t - 0.7) / 0.25).clamp(0.0, 6.0);
            steps * (notes.floor() + (notes.fract() * 0.25 / 0.06).min(1.0))
        };
        scenes.push((format!("stairs of {steps} semitones"), 2.6, 7, Box::new(move |t| (stairs(t), begin(t)))));
    }
    let vibrato = move |t: f64| (0.9 * turn(5.5, t) * (t - 0.5).clamp(0.0, 1.0), begin(t) + 2.0 * turn(5.5, t));
    scenes.push(("vibrato".into(), 3.0, 1, Box::new(vibrato)));
    let hum = move |t: f64| (0.5 * turn(2.3, t), begin(t) + 2.0 * turn(3.1, t));
    scenes.push(("a hum".into(), 3.0, 1, Box::new(hum)));
    let crescendo = move |t: f64| (0.0, begin(t) - 30.0 + 25.0 * (t - 0.3).clamp(0.0, 1.2));
    scenes.push(("a crescendo".into(), 1.8, 1, Box::new(crescendo)));
    let syllables = move |t: f64| {
        let dip = 1.0 - ((t - 0.2).rem_euclid(0.4) / 0.05 - 0.5).abs().min(0.5) * 2.0;
        (0.0, begin(t) - if t > 0.5 { 14.0 * dip } else { 0.0 })
    };
    scenes.push(("syllables".into(), 2.1, 5, Box::new(syllables)));

    let mut failures: Vec<String> = Vec::new();
    for (turn, (what, seconds, strokes, voice)) in scenes.iter().enumerate() {
        let voice = sung(*seconds, voice);
        for (n, id) in STRUCK.iter().enumerate() {
            for latency in [LatencyMode::Live, LatencyMode::Studio] {
                let soon = what.starts_with("stairs");
                let chosen = if soon { n == 0 } else { n == turn % 3 } && (latency == LatencyMode::Studio) == (turn % 2 == 0);
                if !chosen && (soon && n > 0 || !in_long_form()) {
                    continue;
                }
                let found = attacks(&play(&voice, id, latency, Settings::default()).sound);
                println!("{what:<26} {id:<15} {latency:<7?} {strokes} strokes: {found:?}");
                if found.len() != *strokes {
                    failures.push(format!("{what} on {id}, {latency:?}: {strokes} strokes are right: {found:?}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
