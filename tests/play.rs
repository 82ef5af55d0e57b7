//! A sung phrase becomes an instrument: the program as its user runs it, on a voice whose truth is known.

mod support;

use std::collections::BTreeSet;
use support::{
    FRAME_RATE_HZ, Folder, OCTAVES, RATE_HZ, demo_voice, following, following_sung, heard, in_long_form, ok, refused, samples,
    sounds_as_ever,
};
use syrinx_engine::{Engine, EngineConfig, OWN_INSTRUMENT, Settings};
use syrinx_singer::{DemoVoice, Event, Note, Phoneme, Voice, sing_score};

/// The instruments' ids: of all of them, or of one in each family and those that sound in several octaves at once.
fn instruments(all: bool) -> Vec<String> {
    let list: serde_json::Value = serde_json::from_str(&ok(["instruments", "--json"])).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let mut families = BTreeSet::new();
    let instruments = list.as_array().unwrap().iter().map(|card| (text(&card["id"]), text(&card["family"])));
    let chosen = instruments.filter(|(id, family)| families.insert(family.clone()) || OCTAVES.contains(&id.as_str()) || all);
    chosen.map(|(id, _)| id).collect()
}

/// A take of the demo voice at [`RATE_HZ`]: all of it, or in the short form of a test its first two phrases.
fn phrases(take: u64) -> DemoVoice {
    let mut voice = demo_voice(RATE_HZ, take);
    if !in_long_form() {
        voice.samples.truncate(9 * RATE_HZ as usize);
    }
    voice
}

fn render(folder: &Folder, voice: &std::path::Path, more: &[&str]) -> Vec<f32> {
    let out = folder.path("out.wav");
    let mut args = vec!["render", voice.to_str().unwrap(), "-o", out.to_str().unwrap()];
    args.extend(more);
    ok(args);
    samples(&out)
}

#[test]
fn every_instrument_follows_a_sung_phrase() {
    let folder = Folder::new();
    let voice = phrases(1);
    let input = folder.wav("voice.wav", RATE_HZ, &voice.samples);
    let sung = heard(RATE_HZ, &voice.samples);
    for id in instruments(in_long_form()) {
        // What rings of its own does not follow the loudness of the voice.
        let out = render(&folder, &input, &["--instrument", &id, "--set", "sustain=voice"]);
        assert_eq!(out.len(), voice.samples.len(), "{id}: aligned with the voice");
        let f = following_sung(&voice, &sung, &out, 0.0);
        println!("{id}: {f:?}");
        let within = if OCTAVES.contains(&id.as_str()) { f.within_any_octave } else { f.within_50_cents };
        // With its few even harmonics a clarinet is hard to track itself, and a harmonium, with its reeds.
        let least = if ["clarinet", "harmonium"].contains(&id.as_str()) { 0.92 } else { 0.95 };
        assert!(within > least, "{id}: {f:?}");
        assert!(f.loudness_error_db < 1.5, "{id}: {f:?}");
        assert!(out.iter().all(|x| x.is_finite() && x.abs() < 1.0), "{id} clips");
    }
}

#[test]
fn studio_follows_more_closely_than_live() {
    let folder = Folder::new();
    let voice = phrases(1);
    let input = folder.wav("voice.wav", RATE_HZ, &voice.samples);
    let [live, studio] = ["live", "studio"].map(|mode| following(&voice, &render(&folder, &input, &["--latency", mode]), 0.0));
    println!("live {live:?}, studio {studio:?}");
    assert!(studio.within_50_cents >= live.within_50_cents - 0.002, "live {live:?}, studio {studio:?}");
    assert!(studio.within_50_cents > 0.97, "{studio:?}");
}

#[test]
fn transposes_by_the_pitch_shift() {
    let folder = Folder::new();
    let voice = phrases(2);
    let input = folder.wav("voice.wav", RATE_HZ, &voice.samples);
    let out = render(&folder, &input, &["--instrument", "flute", "--set", "pitch_shift=12"]);
    let f = following(&voice, &out, 12.0);
    assert!(f.within_50_cents > 0.95, "{f:?}");
}

/// Breath, consonants and whispers never become a guessed pitch.
#[test]
fn what_has_no_pitch_does_not_sing() {
    use Phoneme::{A, F, I, S, Sh, T, U};
    let folder = Folder::new();
    let whisper: Vec<Event> = [[S, A], [Sh, I], [T, U], [F, A], [S, I], [Sh, U]]
        .iter()
        .map(|sounds| Event::Note(Note::new(57.0, 0.5, sounds).whispered()))
        .collect();
    let voice = sing_score(&whisper, &Voice::mezzo(), RATE_HZ, 3).unwrap();
    let input = folder.wav("whisper.wav", RATE_HZ, &voice.samples);
    for id in instruments(in_long_form()) {
        let out = render(&folder, &input, &["--instrument", &id]);
        let frames = heard(RATE_HZ, &out);
        let loud: Vec<_> = frames.iter().filter(|f| f.loudness_db > -60.0).collect();
        let sung = loud.iter().filter(|f| f.confidence >= 0.5).count();
        assert!(loud.len() > 200, "{id}: the whisper is not heard as noise: {} loud frames", loud.len());
        assert!(sung * 50 <= loud.len(), "{id}: {sung} of {} whispered frames have a pitch", loud.len());
    }
}

#[test]
fn silence_is_silent_and_ends_do_not_sing_on() {
    let folder = Folder::new();
    let second = RATE_HZ as usize;
    let mut sound = vec![0.0; second];
    let note = sing_score(&[Event::Note(Note::new(57.0, 1.0, &[Phoneme::A]))], &Voice::tenor(), RATE_HZ, 1).unwrap();
    sound.extend(&note.samples);
    let end = sound.iter().rposition(|x| x.abs() > 1e-5).unwrap();
    sound.resize(end + 2 * second, 0.0);
    let input = folder.wav("voice.wav", RATE_HZ, &sound);
    for id in instruments(in_long_form()) {
        // A room sounds on, as it should; the instrument does not.
        let out = render(&folder, &input, &["--instrument", &id, "--set", "room=0"]);
        assert!(out[..second / 2].iter().all(|x| *x == 0.0), "{id}: not silent before the note");
        let after = &out[end + second / 10..end + second];
        let peak = after.iter().fold(0.0_f32, |p, x| p.max(x.abs()));
        assert!(peak < 1e-4, "{id}: sings on at {peak} a tenth of a second after the end");
        assert!(out[end + second..].iter().all(|x| *x == 0.0), "{id}: not silent a second after the note");
    }
}

#[test]
fn block_size_and_repetition_do_not_change_the_file() {
    let folder = Folder::new();
    let mut voice = demo_voice(44_100, 1).samples;
    voice.truncate(3 * 44_100);
    let input = folder.wav("voice.wav", 44_100, &voice);
    let reference = render(&folder, &input, &[]);
    assert!(reference.iter().any(|x| *x != 0.0));
    for block in ["64", "1", "777", "8192"] {
        assert!(render(&folder, &input, &["--block", block]) == reference, "block {block}");
    }
}

#[test]
fn raw_output_is_late_by_the_delay_and_otherwise_the_same() {
    let folder = Folder::new();
    let mut voice = demo_voice(RATE_HZ, 1).samples;
    voice.truncate(2 * RATE_HZ as usize);
    let input = folder.wav("voice.wav", RATE_HZ, &voice);
    for mode in ["live", "studio"] {
        let aligned = render(&folder, &input, &["--latency", mode]);
        let raw = render(&folder, &input, &["--latency", mode, "--raw"]);
        assert!(raw.len() > aligned.len() && raw[raw.len() - aligned.len()..] == aligned, "{mode}");
    }
}

#[test]
fn any_rate_gives_the_same_instrument() {
    let folder = Folder::new();
    let voice = phrases(1);
    let input = folder.wav("voice.wav", RATE_HZ, &voice.samples);
    let sung = heard(RATE_HZ, &voice.samples);
    for rate in ["44100", "96000", "192000"] {
        let out = folder.path("rate.wav");
        ok(["render", input.to_str().unwrap(), "-o", out.to_str().unwrap(), "--sample-rate", rate]);
        let audio = syrinx_analysis::read_audio(&out).unwrap();
        assert_eq!(audio.sample_rate_hz.to_string(), rate);
        let f = following_sung(&voice, &sung, &audio.resampled(RATE_HZ).mono(), 0.0);
        assert!(f.within_50_cents > 0.95 && f.loudness_error_db < 1.5, "{rate} Hz: {f:?}");
    }
}

#[test]
fn the_dry_mix_is_the_voice_itself() {
    let folder = Folder::new();
    let mut voice = demo_voice(RATE_HZ, 1).samples;
    voice.truncate(2 * RATE_HZ as usize);
    let input = folder.wav("voice.wav", RATE_HZ, &voice);
    let dry = render(&folder, &input, &["--set", "mix=0"]);
    assert_eq!(dry[2400..], voice[2400..]);
}

/// Of a choir, every file is what the engine plays, on both sides, and sounds as it did.
#[test]
fn a_choir_is_what_the_engine_plays() {
    let folder = Folder::new();
    let mut voice = demo_voice(RATE_HZ, 1).samples;
    voice.truncate(4 * RATE_HZ as usize);
    let input = folder.wav("voice.wav", RATE_HZ, &voice);
    let out = folder.path("choir.wav");
    let set = [
        "snap_scale=Major",
        "chord_root=F",
        "lead_level=-3",
        "part1_rule=scale degree",
        "part1_step=-2",
        "part1_instrument=flute",
        "part1_pan=-50",
        "part2_rule=chord tone",
        "part2_step=1",
        "part2_humanise=50",
        "part8_rule=drone",
        "part8_instrument=lead",
        "part8_delay=10 ms",
    ];
    let args = ["render", input.to_str().unwrap(), "-o", out.to_str().unwrap(), "--instrument", "clarinet"];
    ok(args.into_iter().chain(set.iter().flat_map(|set| ["--set", set])));
    let audio = syrinx_analysis::read_audio(&out).unwrap();
    let [left, right] = &audio.channels[..] else { panic!("a choir stands on two sides") };
    let mut settings = Settings::default();
    for set in set {
        let (id, value) = set.split_once('=').unwrap();
        let value = if id.ends_with("_instrument") {
            syrinx_models::number(value).unwrap_or(OWN_INSTRUMENT).to_string()
        } else {
            value.into()
        };
        settings.set(id, &value).unwrap();
    }
    settings.instrument_a = syrinx_models::number("clarinet").unwrap();
    let config = EngineConfig { sample_rate_hz: RATE_HZ, channels: 2, seed: 0 };
    let mut engine = Engine::new(config, syrinx_models::factory()).unwrap();
    engine.set(&settings);
    let late = engine.latency_samples();
    voice.resize(voice.len() + late, 0.0);
    let (mut a, mut b) = (vec![0.0; voice.len()], vec![0.0; voice.len()]);
    engine.process(&[&voice], &mut [&mut a, &mut b]);
    assert!(a[late..] == left[..] && b[late..] == right[..]);
    sounds_as_ever("choir", &audio.mono());
    for (set, says) in [
        ("part1_rule=fifths", "part1_rule takes Off, Interval, Scale degree, Chord tone, Drone, Unison"),
        ("part9_rule=unison", "no parameter \"part9_rule\""),
        ("part1_instrument=own file", "there is no instrument \"own file\""),
        ("part1_delay=51 ms", "part1_delay takes 0 to 50 ms"),
        ("chord_type=perfect", "chord_type takes Major, Minor"),
    ] {
        let sentence = refused(["render", input.to_str().unwrap(), "-o", "out.wav", "--set", set]);
        assert!(sentence.contains(says), "{set}: {sentence}");
    }
}

/// A fingerprint of what the shipped instruments sound like: level in octave bands every 50 ms of a fixed phrase. A change of sound
/// that nobody meant shows here; one that was meant is written down with `SYRINX_BLESS=1`.
#[test]
fn golden_renders_sound_as_they_did() {
    let folder = Folder::new();
    let mut voice = demo_voice(RATE_HZ, 1).samples;
    voice.truncate(4 * RATE_HZ as usize);
    let input = folder.wav("voice.wav", RATE_HZ, &voice);
    // As every version has played them, without life or room; and as they play now.
    let ways = [("", ["life=0", "room=0"]), ("-alive", ["life=100", "room=100"])];
    for (id, (way, [life, room])) in instruments(true).iter().flat_map(|id| ways.map(|way| (id, way))) {
        let out = render(&folder, &input, &["--instrument", id, "--set", life, "--set", room]);
        sounds_as_ever(&format!("{id}{way}"), &out);
    }
}

/// Sample `n` of a steady tone of nineteen harmonics.
fn tone(f0_hz: f32, n: usize) -> f32 {
    (1..20).map(|k| 0.1 / k as f32 * (std::f32::consts::TAU * f0_hz * k as f32 * n as f32 / RATE_HZ as f32).sin()).sum()
}

/// RMS in dB by which those of harmonics 3 to 12 of a steady note that are loud enough to tell move against the whole; and how much the noise pulses with it, 0
/// to 0.7, where there is enough of it.
fn unrest(note: &[f32], f0_hz: f32) -> (f32, Option<f32>) {
    let middle = &note[RATE_HZ as usize..note.len() - RATE_HZ as usize / 2];
    let frames = middle.len() / (RATE_HZ as usize / 250);
    let targets = &syrinx_analysis::levels_of(middle, 0.0, &vec![f0_hz; frames])[25..frames - 25];
    let whole = |t: &syrinx_analysis::Target| 10.0 * t.harmonics_db.iter().map(|db| 10f32.powf(0.1 * db)).sum::<f32>().log10();
    let loud = |k: usize| targets.iter().map(|t| t.harmonics_db[k] - whole(t)).sum::<f32>() / targets.len() as f32 > -35.0;
    let rms = |k: usize| {
        let levels: Vec<f32> = targets.iter().map(|t| t.harmonics_db[k] - whole(t)).collect();
        let mean = levels.iter().sum::<f32>() / levels.len() as f32;
        (levels.iter().map(|db| (db - mean).powi(2)).sum::<f32>() / levels.len() as f32).sqrt()
    };
    let read = targets
        .iter()
        .fold((0.0, [0.0, 0.0]), |(power, [re, im]), t| (power + t.pulse.power, [re + t.pulse.beat[0], im + t.pulse.beat[1]]));
    let heard: Vec<f32> = (2..12).filter(|k| loud(*k)).map(rms).collect();
    let pulse = (read.0 > targets.len() as f32).then(|| read.1[0].hypot(read.1[1]) / read.0);
    (heard.iter().sum::<f32>() / heard.len() as f32, pulse)
}

/// *Life*: a held note moves as its card says that the recordings do, twice as far at 200 %, and not at all at 0.
#[test]
fn held_notes_live_as_their_recordings_do() {
    let folder = Folder::new();
    const F0_HZ: f32 = 330.0;
    let note: Vec<f32> = (0..8 * RATE_HZ as usize).map(|n| tone(F0_HZ, n)).collect();
    let input = folder.wav("note.wav", RATE_HZ, &note);
    let cards: Vec<serde_json::Value> = serde_json::from_str(&ok(["instruments", "--json"])).unwrap();
    let mut pulsing = 0;
    for id in ["alto-sax", "trombone", "trumpet", "violin", "saw-lead"] {
        let life = &cards.iter().find(|card| card["id"] == id).unwrap()["life"];
        // Of the octaves that harmonics 3 to 12 lie in.
        let square = |point: usize| {
            life["fluctuation_db"][point].as_array().unwrap().iter().map(|db| db.as_f64().unwrap().powi(2)).sum::<f64>()
        };
        let wanders = ([1, 2, 3].map(square).iter().sum::<f64>() / 3.0).sqrt() as f32;
        let pulse = life["pulse"].as_f64().unwrap() as f32;
        let [(still, steady), (alive, pulses), (twice, _)] = ["life=0", "life=100", "life=200"].map(|life| {
            unrest(
                &render(&folder, &input, &["--instrument", id, "--latency", "studio", "--set", life, "--set", "room=0"]),
                F0_HZ,
            )
        });
        println!(
            "{id}: {still:.2}, {alive:.2} and {twice:.2} dB, card {wanders:.2}; pulse {steady:?} and {pulses:?}, card {pulse:.2}"
        );
        assert!(still < 0.7 && steady.is_none_or(|pulse| pulse < 0.15), "{id}: {still} dB and {steady:?} without life");
        if wanders == 0.0 {
            assert!(twice < still + 0.05, "{id}: {twice} dB, and it has no life");
            continue;
        }
        // The whole, against which it is read, moves too: by half as far where few harmonics are the most of it.
        assert!((0.5..1.5).contains(&(alive / wanders)), "{id}: {alive} dB, card {wanders}");
        assert!((1.5..2.2).contains(&(twice / alive)), "{id}: {twice} dB at 200 %, {alive} at 100");
        if let Some(pulses) = pulses {
            assert!((pulses - pulse / (1.0 + 0.5 * pulse * pulse)).abs() < 0.12, "{id}: pulse {pulses}, card {pulse}");
            pulsing += 1;
        }
    }
    assert!(pulsing >= 2, "nobody's noise was heard");
}

/// Where the recordings are of one loudness, playing louder is brighter as the card says; with *Life* at 0 it is what the network made of it.
#[test]
fn loud_is_brighter_as_the_card_says() {
    let folder = Folder::new();
    let (rate, length) = (RATE_HZ as usize, 2 * RATE_HZ as usize);
    let cards: Vec<serde_json::Value> = serde_json::from_str(&ok(["instruments", "--json"])).unwrap();
    for id in ["violin", "flute", "trombone", "vowel-ah"] {
        let card = cards.iter().find(|card| card["id"] == id).unwrap();
        let (dynamics, number) = (&card["dynamics"], |v: &serde_json::Value| v.as_f64().unwrap() as f32);
        let points: Vec<[f32; 2]> =
            dynamics["usual_db"].as_array().unwrap().iter().map(|p| [0, 1].map(|i| number(&p[i]))).collect();
        // Notes across its range, each as loud as it was recorded.
        let notes: Vec<[f32; 2]> = (1..=4)
            .map(|n| points[n * (points.len() - 1) / 5])
            .map(|[note, db]| [440.0 * ((note - 69.0) / 12.0).exp2(), db])
            .collect();
        let mut voice = Vec::new();
        for [f0_hz, db] in &notes {
            let bare: Vec<f32> = (0..length).map(|n| if n < length - rate / 5 { tone(*f0_hz, n) } else { 0.0 }).collect();
            let level = syrinx_analysis::levels_of(&bare[..rate], 0.0, &vec![*f0_hz; 250])[125].loudness_db;
            voice.extend(bare.iter().map(|x| x * 10f32.powf(0.05 * (db - level))));
        }
        let input = folder.wav("notes.wav", RATE_HZ, &voice);
        let [played, still] = ["life=100", "life=0"].map(|life| {
            let [soft, loud] = ["loudness=-4", "loudness=4"].map(|loudness| {
                let set = ["auto_range=off", "octave_fit=off", "room=0", life, loudness].map(|set| ["--set", set]);
                let args: Vec<&str> = ["--instrument", id, "--latency", "studio"].into_iter().chain(set.concat()).collect();
                let out = render(&folder, &input, &args);
                let centroid = |n: usize| {
                    let middle = &out[n * length + rate / 2..n * length + 3 * rate / 2];
                    let targets = syrinx_analysis::levels_of(middle, 0.0, &vec![notes[n][0]; 250]);
                    let of = |t: &syrinx_analysis::Target| {
                        let amplitudes = t.harmonics_db.map(|db| 10f32.powf(0.05 * db));
                        let (sum, all) =
                            amplitudes.iter().zip(1..).fold((0.0, 0.0), |(sum, all), (a, k)| (sum + a * k as f32, all + a));
                        12.0 * (sum / all).log2()
                    };
                    targets[25..225].iter().map(of).sum::<f32>() / 200.0
                };
                (0..notes.len()).map(centroid).sum::<f32>() / notes.len() as f32
            });
            (loud - soft) / 8.0
        });
        let slope = number(&dynamics["slope_st_db"]);
        println!("{id}: {still:.2} st/dB without life, {played:.2} with it, card {slope:.2}");
        // The flute's answers get so much duller with loudness that no tilt that is allowed makes up for all of it.
        assert!((played - slope).abs() < 0.25 && still < played, "{id}: {still} and {played} st/dB, card {slope}");
    }
}

/// A note begins as it does without life: no later, no earlier; and no otherwise, where it is no brighter for being louder.
#[test]
fn life_leaves_beginnings_as_they_are() {
    let folder = Folder::new();
    let (silence, rate) = (RATE_HZ as usize / 2, RATE_HZ as f32);
    let note: Vec<f32> = (0..3 * silence).map(|n| if n < silence { 0.0 } else { tone(220.0, n - silence) }).collect();
    let input = folder.wav("note.wav", RATE_HZ, &note);
    for (id, same) in
        [("sitar", true), ("guitar", true), ("trumpet", false), ("violin", false), ("flute", false), ("cello", false)]
    {
        let [still, alive] =
            ["life=0", "life=200"].map(|life| render(&folder, &input, &["--instrument", id, "--set", life, "--set", "room=0"]));
        let power = |from: f32, to: f32, x: &dyn Fn(usize) -> f32| {
            let at = |s: f32| (silence as f32 + s * rate) as usize;
            (at(from)..at(to)).map(|n| x(n).powi(2)).sum::<f32>()
        };
        let apart = |from, to| 10.0 * (power(from, to, &|n| alive[n] - still[n]) / power(from, to, &|n| still[n])).log10();
        // Milliseconds until 10 of them are 6 dB under what is held.
        let there = |x: &dyn Fn(usize) -> f32| {
            let enough = power(0.2, 0.3, x) / 40.0;
            (-30_i32..200).find(|ms| power(*ms as f32 / 1000.0, (ms + 10) as f32 / 1000.0, x) > enough).unwrap()
        };
        let [begins, began] = [there(&|n| alive[n]), there(&|n| still[n])];
        println!(
            "{id}: begins after {began} and {begins} ms, {:.1} dB apart at the beginning, {:.1} dB later",
            apart(0.0, 0.02),
            apart(0.5, 0.9)
        );
        assert!((begins - began).abs() <= 2, "{id}");
        assert!(!same || (apart(0.0, 0.02) < -25.0 && apart(0.5, 0.9) > apart(0.0, 0.02) + 6.0), "{id}");
    }
}

/// *Room*: where a note ends, the instrument sounds on as its card says that the recordings do, and within it, it is as loud as without.
#[test]
fn notes_end_in_the_room_of_their_recordings() {
    let folder = Folder::new();
    let rate = RATE_HZ as usize;
    let note: Vec<f32> = (0..4 * rate).map(|n| if n < 2 * rate { tone(220.0, n) } else { 0.0 }).collect();
    let input = folder.wav("note.wav", RATE_HZ, &note);
    let cards: Vec<serde_json::Value> = serde_json::from_str(&ok(["instruments", "--json"])).unwrap();
    let mut rooms = 0;
    for card in &cards {
        let (id, room) = (card["id"].as_str().unwrap(), &card["room"]);
        let [dry, wet, twice] = ["room=0", "room=100", "room=200"]
            .map(|room| render(&folder, &input, &["--instrument", id, "--latency", "studio", "--set", "life=0", "--set", room]));
        if room.is_null() {
            assert!(dry == wet && wet == twice, "{id}");
            continue;
        }
        let db = |x: &[f32], from: f32, to: f32| {
            let at = |s: f32| 2 * rate + (s * rate as f32) as i64 as usize;
            10.0 * (x[at(from)..at(to)].iter().map(|x| x * x).sum::<f32>() / ((to - from) * rate as f32)).max(1e-12).log10()
        };
        let held =
            |x: &[f32]| 10.0 * (x[rate..2 * rate - rate / 10].iter().map(|x| x * x).sum::<f32>() / (0.9 * rate as f32)).log10();
        let number = |field: &str| room[field][0].as_f64().unwrap() as f32;
        let falls = (db(&wet, 0.1, 0.15) - db(&wet, 0.25, 0.3)) / 0.15 * number("rt60_s") / 60.0;
        println!(
            "{id}: {room}, held {:+.2} dB, 0.1 s after the end {:.1}, falls {falls:.2}",
            held(&wet) - held(&dry),
            db(&wet, 0.1, 0.15) - held(&wet)
        );
        assert!(
            (held(&wet) - held(&dry)).abs() < 2.0 && (held(&twice) - held(&dry)).abs() < 4.5,
            "{id}: held notes are not as loud"
        );
        assert!((0.5..2.0).contains(&falls), "{id}: falls {falls} times as fast");
        let after = db(&wet, 0.1, 0.15) - held(&wet) + 60.0 * 0.125 / number("rt60_s");
        assert!((after - number("level_db")).abs() < 7.0, "{id}: {after} dB, card {}", number("level_db"));
        assert!(db(&dry, 0.1, 0.15) < db(&wet, 0.1, 0.15) - 10.0 && db(&twice, 0.1, 0.15) > db(&wet, 0.1, 0.15) + 3.0, "{id}");
        rooms += 1;
    }
    assert!(rooms >= 4, "{rooms} instruments have a room");
}

#[test]
fn frames_are_as_many_as_the_sound_is_long() {
    // The measuring stick itself: without it, a test that compares too few frames would pass.
    let tone: Vec<f32> = (0..RATE_HZ).map(|i| 0.1 * (i as f32 * 0.0288).sin()).collect();
    let frames = heard(RATE_HZ, &tone);
    assert!((frames.len() as f64 - FRAME_RATE_HZ).abs() <= 1.0);
    assert!(
        frames[50..200].iter().all(|f| support::cents(f.f0_hz, 0.0288 * f64::from(RATE_HZ) / std::f64::consts::TAU).abs() < 5.0)
    );
}
