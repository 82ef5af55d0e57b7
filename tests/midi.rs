//! `syrinx play`: a MIDI file becomes music, the program as its user runs it.

mod support;

use std::{collections::BTreeSet, fs, path::Path, path::PathBuf};
use support::{Folder, OCTAVES, RATE_HZ, heard, in_long_form, ok, refused, samples, sounds_as_ever};

use syrinx_engine::{Block, EngineConfig, Event, EventKind, KeySettings, Keys, Message, Settings};

/// Ticks of a second in the files below.
const TICKS_PER_S: u32 = 960;

/// A note: its key, velocity, and seconds of its beginning and end.
type Note = (u8, u8, f64, f64);

/// A MIDI file of type 1: each track with its name, program and notes, on a channel of its own.
fn midi(tracks: &[(&str, u8, &[Note])]) -> Vec<u8> {
    let mut file = b"MThd\0\0\0\x06\0\x01".to_vec();
    file.extend((tracks.len() as u16).to_be_bytes());
    // Two quarter notes a second.
    file.extend((TICKS_PER_S as u16 / 2).to_be_bytes());
    for (channel, (name, program, notes)) in tracks.iter().enumerate() {
        let mut events: Vec<(u32, Vec<u8>)> = vec![(0, vec![0xc0 | channel as u8, *program])];
        for (key, velocity, from, to) in *notes {
            let tick = |seconds: f64| (seconds * f64::from(TICKS_PER_S)).round() as u32;
            events.push((tick(*from), vec![0x90 | channel as u8, *key, *velocity]));
            events.push((tick(*to), vec![0x80 | channel as u8, *key, 64]));
        }
        events.sort_by_key(|(tick, _)| *tick);
        let mut track = vec![0, 0xff, 0x03, name.len() as u8];
        track.extend(name.as_bytes());
        let mut last = 0;
        for (tick, message) in events {
            let delta = tick - last;
            track.extend([0x80 | (delta >> 14 & 0x7f) as u8, 0x80 | (delta >> 7 & 0x7f) as u8, (delta & 0x7f) as u8]);
            track.extend(message);
            last = tick;
        }
        track.extend([0, 0xff, 0x2f, 0]);
        file.extend(b"MTrk");
        file.extend((track.len() as u32).to_be_bytes());
        file.extend(track);
    }
    file
}

fn write(folder: &Folder, name: &str, tracks: &[(&str, u8, &[Note])]) -> PathBuf {
    let path = folder.path(name);
    fs::write(&path, midi(tracks)).unwrap();
    path
}

fn play(song: &Path, out: &Path, more: &[&str]) {
    ok(["play", song.to_str().unwrap(), "-o", out.to_str().unwrap()].into_iter().chain(more.iter().copied()));
}

#[test]
fn every_instrument_plays_the_notes_that_are_written() {
    let folder = Folder::new();
    let cards: Vec<serde_json::Value> = serde_json::from_str(&ok(["instruments", "--json"])).unwrap();
    let mut families = BTreeSet::new();
    let cards = cards.iter().filter(|card| families.insert(card["family"].to_string()) || in_long_form());
    for card in cards {
        let id = card["id"].as_str().unwrap();
        let [low, high] = [0, 1].map(|at| 69.0 + 12.0 * (card["pitch_range_hz"][at].as_f64().unwrap() / 440.0).log2());
        // Five notes of its range, a second each, with a breath between them.
        let keys: [u8; 5] = std::array::from_fn(|n| (low + (high - low) * (n + 1) as f64 / 6.0).round() as u8);
        let notes: Vec<Note> = keys.into_iter().zip(0..).map(|(key, n)| (key, 90, f64::from(n), f64::from(n) + 0.9)).collect();
        let (song, out) = (write(&folder, "scale.mid", &[("scale", 0, &notes)]), folder.path("scale.wav"));
        play(&song, &out, &["--instrument", id, "--set", "room=0"]);
        let played = samples(&out);
        assert!(played.iter().all(|x| x.is_finite() && x.abs() < 1.0), "{id}");
        let frames = heard(RATE_HZ, &played);
        for (n, key) in keys.into_iter().enumerate() {
            // From a fifth of a second into the note on, when it is there, until it is let go.
            let held = &frames[n * 250 + 60..n * 250 + 220];
            let in_tune = held.iter().filter(|frame| {
                let away = 69.0 + 12.0 * (frame.f0_hz / 440.0).log2() - f32::from(key);
                let away = if OCTAVES.contains(&id) { (away + 6.0).rem_euclid(12.0) - 6.0 } else { away };
                frame.confidence >= 0.5 && away.abs() < 0.5
            });
            let share = in_tune.count() as f32 / held.len() as f32;
            assert!(share > 0.8, "{id}: key {key} is heard for {share} of its time");
        }
    }
}

#[test]
fn blocks_and_repeats_are_the_same_samples_and_a_seed_is_another_take() {
    let folder = Folder::new();
    let notes = [(60, 80, 0.1, 1.0), (64, 90, 0.333, 1.2), (67, 70, 1.0, 1.7), (60, 110, 1.01, 1.5)];
    let song = write(&folder, "chord.mid", &[("a", 40, &notes), ("b", 73, &notes)]);
    let at = |more: &[&str]| {
        let out = folder.path("out.wav");
        play(&song, &out, more);
        fs::read(out).unwrap()
    };
    let once = at(&[]);
    for block in ["1", "64", "333", "4096"] {
        assert!(at(&["--block", block]) == once, "in blocks of {block}");
    }
    assert!(at(&["--seed", "1"]) != once);
    let (from, early) = (samples(&folder.path("out.wav")), (0.1 * f64::from(RATE_HZ)) as usize);
    assert!(from[..early].iter().all(|x| *x == 0.0) && from[early..early + 200].iter().any(|x| *x != 0.0));
    assert!(from[from.len() - 10..].iter().all(|x| x.abs() < 1e-6), "it ends in silence");
}

/// The first track is what the engine plays, and so what a plugin does, to the sample.
#[test]
fn a_track_is_what_the_engine_plays() {
    let folder = Folder::new();
    let notes: &[Note] = &[(69, 90, 0.25, 0.75), (72, 70, 0.5, 1.0), (64, 100, 1.0, 1.25)];
    let song = write(&folder, "song.mid", &[("Flute", 73, notes), ("Cello", 42, notes)]);
    let out = folder.path("out.wav");
    play(&song, &out, &["--stems", folder.path("stems").to_str().unwrap(), "--set", "voices=2"]);
    let stem = samples(&folder.path("stems/track-1.wav"));
    let rate = RATE_HZ as usize;
    let config = EngineConfig { sample_rate_hz: RATE_HZ, channels: 2, seed: 0 };
    let mut keys = Keys::new(config, syrinx_models::factory()).unwrap();
    keys.set(&Settings { instrument_a: syrinx_models::number("flute").unwrap(), ..Settings::default() });
    keys.set_keys(&KeySettings { voices: 2, ..KeySettings::default() });
    let at = |seconds: f64| (seconds * rate as f64) as usize;
    let mut events: Vec<Event> = Vec::new();
    for (key, velocity, from, to) in notes {
        let velocity = f32::from(*velocity) / 127.0;
        let said = [(from, Message::NoteOn { key: *key, velocity }), (to, Message::NoteOff { key: *key })];
        events.extend(said.map(|(when, message)| Event { at: at(*when), kind: EventKind::Message { channel: 0, message } }));
    }
    // As in the file: what ends comes before what begins with it.
    events.sort_by_key(|event| (event.at, matches!(event.kind, EventKind::Message { message: Message::NoteOn { .. }, .. })));
    let len = 2 * rate;
    let (mut left, mut right) = (vec![0.0; len], vec![0.0; len]);
    keys.play(Block { input: &[], output: &mut [&mut left, &mut right], events: &events });
    assert!(left.iter().any(|x| x.abs() > 0.01));
    let worst = (0..len.min(stem.len())).map(|n| (stem[n] - 0.5 * (left[n] + right[n])).abs()).fold(0.0, f32::max);
    assert_eq!(worst, 0.0);
    let said = refused(["play", song.to_str().unwrap(), "-o", out.to_str().unwrap(), "--set", "gate=-30"]);
    assert!(said.contains("gate is for who plays from a voice"), "{said}");
}

/// What keys sound like on an instrument of each kind: long, short and fast notes, a chord. A change of sound has to be wanted, and said (see CONTRIBUTING.md).
#[test]
fn golden_notes_sound_as_they_did() {
    let folder = Folder::new();
    let mut notes: Vec<Note> = vec![(60, 90, 0.0, 0.8), (67, 60, 0.9, 1.3)];
    notes.extend((0..8).map(|n| (60 + 2 * n, 70 + 4 * n, 1.5 + 0.12 * f64::from(n), 1.6 + 0.12 * f64::from(n))));
    notes.extend([55, 59, 62].map(|key| (key, 80, 2.7, 3.6)));
    let (song, out) = (write(&folder, "notes.mid", &[("", 0, &notes)]), folder.path("notes.wav"));
    for id in ["violin", "flute", "trumpet", "guitar", "organ", "vowel-ah"] {
        play(&song, &out, &["--instrument", id]);
        sounds_as_ever(&format!("{id}-keys"), &samples(&out));
    }
}

#[test]
fn each_track_has_its_instrument_and_its_stem() {
    let folder = Folder::new();
    let (high, low) = ([(72, 80, 0.0, 1.0)], [(48, 80, 0.0, 1.0)]);
    let song = write(&folder, "duo.mid", &[("Melody", 73, &high), ("Bass", 42, &low)]);
    let (out, stems) = (folder.path("duo.wav"), folder.path("stems"));
    let said = |more: &[&str]| {
        let args = ["play", song.to_str().unwrap(), "-o", out.to_str().unwrap()];
        let done = support::syrinx(args.into_iter().chain(more.iter().copied()));
        assert!(done.status.success());
        String::from_utf8(done.stderr).unwrap()
    };
    assert_eq!(said(&["--stems", stems.to_str().unwrap()]), "track 1 (Melody): Flute\ntrack 2 (Bass): Cello\n");
    let mix = samples(&out);
    let [one, two] = [1, 2].map(|n| samples(&stems.join(format!("track-{n}.wav"))));
    assert!(mix.iter().enumerate().all(|(n, x)| {
        let parts = [&one, &two].map(|stem| stem.get(n).copied().unwrap_or(0.0));
        (x - parts[0] - parts[1]).abs() < 1e-6
    }));
    assert_eq!(said(&["--track", "2=tuba"]), "track 1 (Melody): Flute\ntrack 2 (Bass): Tuba\n");
    assert_eq!(
        said(&["--instrument", "organ", "--track", "1=violin"]),
        "track 1 (Melody): Violin\ntrack 2 (Bass): Organ, full\n"
    );
}

#[test]
fn a_track_follows_its_programs_and_leaves_drums_out() {
    let folder = Folder::new();
    // On channel 1: a guitar and a note; a note on the channel of drums; the flute, and the note again.
    let track: &[u8] = &[
        0, 0xc0, 24, 0, 0x90, 69, 90, 0x87, 0x40, 0x80, 69, 64, // until 1 s
        0, 0x99, 40, 100, 0x87, 0x40, 0x89, 40, 64, // until 2 s
        0, 0xc0, 73, 0x87, 0x40, 0x90, 69, 90, 0x87, 0x40, 0x80, 69, 64, 0, 0xff, 0x2f, 0, // from 3 to 4 s
    ];
    let song = folder.path("programs.mid");
    let head = [b"MThd\0\0\0\x06\0\x01\0\x01\x01\xe0MTrk".as_slice(), &(track.len() as u32).to_be_bytes()].concat();
    fs::write(&song, [&head, track].concat()).unwrap();
    let out = folder.path("out.wav");
    let done = support::syrinx(["play", song.to_str().unwrap(), "-o", out.to_str().unwrap(), "--set", "room=0"]);
    assert_eq!(String::from_utf8(done.stderr).unwrap(), "track 1: Electric guitar, Flute\n");
    let level = |x: &[f32]| (x.iter().map(|x| x * x).sum::<f32>() / x.len() as f32).sqrt();
    let all = samples(&out);
    let second = |n: usize| &all[n * RATE_HZ as usize + 9_600..(n + 1) * RATE_HZ as usize - 9_600];
    assert!(level(second(0)) > 0.01 && level(second(3)) > 0.01);
    assert!(level(&second(1)[19_200..]) < 1e-4 && level(second(2)) < 1e-4, "drums are played");
    // A guitar dies away, and a flute does not.
    let falls = |x: &[f32]| level(&x[..x.len() / 4]) / level(&x[3 * x.len() / 4..]);
    assert!(falls(second(0)) > 1.3 * falls(second(3)), "{} and {}", falls(second(0)), falls(second(3)));
}

#[test]
fn a_glide_and_a_slur_join_notes() {
    let folder = Folder::new();
    let notes = [(60, 80, 0.0, 1.05), (67, 80, 1.0, 2.0)];
    let song = write(&folder, "slur.mid", &[("", 73, &notes)]);
    let at = |more: &[&str]| {
        let out = folder.path("out.wav");
        play(&song, &out, more);
        heard(RATE_HZ, &samples(&out))
    };
    let note = |frame: &syrinx_tracker::Features| 69.0 + 12.0 * (frame.f0_hz / 440.0).log2();
    let slur = at(&["--set", "key_mode=legato", "--set", "vibrato=0"]);
    assert!((note(&slur[200]) - 60.0).abs() < 0.5 && (note(&slur[330]) - 67.0).abs() < 0.5);
    let loudest = slur[150..240].iter().map(|f| f.loudness_db).fold(f32::MIN, f32::max);
    let lowest = slur[240..280].iter().map(|f| f.loudness_db).fold(f32::MAX, f32::min);
    assert!(loudest - lowest < 14.0, "a slur falls by {} dB", loudest - lowest);
    let glide = at(&["--set", "key_mode=legato", "--set", "glide=600 ms", "--set", "vibrato=0"]);
    assert!((note(&glide[325]) - 63.5).abs() < 1.2, "{}", note(&glide[325]));
}

#[test]
fn what_cannot_be_played_is_refused_in_a_sentence() {
    let folder = Folder::new();
    let good = write(&folder, "good.mid", &[("", 0, &[(60, 80, 0.0, 0.5)])]);
    let good = good.to_str().unwrap();
    let (bad, cut) = (folder.path("bad.mid"), folder.path("cut.mid"));
    fs::write(&bad, b"this is no music").unwrap();
    fs::write(&cut, &midi(&[("", 0, &[(60, 80, 0.0, 0.5)])])[..12]).unwrap();
    let empty = write(&folder, "empty.mid", &[("", 0, &[])]);
    let out = folder.path("out.wav");
    let out = out.to_str().unwrap();
    let refused = |song: &str, more: &[&str]| refused(["play", song, "-o", out].into_iter().chain(more.iter().copied()));
    assert!(refused(bad.to_str().unwrap(), &[]).ends_with("bad.mid: it is no MIDI file\n"));
    assert!(refused(empty.to_str().unwrap(), &[]).ends_with("empty.mid: it has no notes\n"));
    assert!(refused(cut.to_str().unwrap(), &[]).contains("cut.mid: it"));
    assert!(refused(folder.path("none.mid").to_str().unwrap(), &[]).contains("none.mid: "));
    assert!(refused(good, &["--track", "2=violin"]).contains("there is no track 2"));
    assert!(refused(good, &["--track", "violin"]).contains("--track takes N=INSTRUMENT"));
    assert!(refused(good, &["--instrument", "kazoo"]).contains("there is no instrument \"kazoo\""));
    assert!(refused(good, &["--set", "life=loud"]).contains("life takes 0 to 200 %"));
    assert!(refused(good, &["--set", "a4=300"]).contains("a4 takes 392 to 466"));
    assert!(refused(good, &["--set", "glide=NaN"]).contains("glide takes 0 to 2 s, not NaN"));
    assert!(refused(good, &["--set", "gliding=1"]).contains("there is no parameter \"gliding\""));
    assert!(refused(good, &["--sample-rate", "8000"]).contains("44100 to 192000"));
    assert!(refused(good, &["--block", "0"]).contains("a block"));
    let mp3 = folder.path("out.mp3");
    assert!(support::refused(["play", good, "-o", mp3.to_str().unwrap()]).contains("only WAV"));
    assert!(support::refused(["play", good, "-o", good]).contains("would overwrite"));
    let scale = folder.path("bad.scl");
    fs::write(&scale, "no scale").unwrap();
    assert!(refused(good, &["--scale", scale.to_str().unwrap()]).contains("bad.scl: the scale is none of Scala's"));
    assert!(!Path::new(out).exists());
}

#[test]
fn keys_have_the_pitches_of_a_scale() {
    let folder = Folder::new();
    let song = write(&folder, "two.mid", &[("", 73, &[(69, 80, 0.0, 0.9), (71, 80, 1.0, 1.9)])]);
    let (scale, map, out) = (folder.path("pure.scl"), folder.path("a.kbm"), folder.path("out.wav"));
    fs::write(&scale, "a pure third and fifth\n3\n5/4\n3/2\n2/1\n").unwrap();
    fs::write(&map, "0\n0\n127\n69\n69\n432.0\n0\n").unwrap();
    play(&song, &out, &["--scale", scale.to_str().unwrap(), "--keyboard-map", map.to_str().unwrap(), "--set", "vibrato=0"]);
    let frames = heard(RATE_HZ, &samples(&out));
    let hz = |from: usize| {
        let mut held: Vec<f32> = frames[from..from + 60].iter().map(|frame| frame.f0_hz).collect();
        held.sort_by(f32::total_cmp);
        held[30]
    };
    let (first, second) = (hz(150), hz(400));
    assert!((first / 432.0 - 1.0).abs() < 0.004 && (second / first / 1.5 - 1.0).abs() < 0.004, "{first} and {second} Hz");
}
