//! `syrinx notes`: voices become notes, the program as its user runs it.

mod support;

use midly::{MidiMessage, Smf, Timing, TrackEventKind};
use std::{fs, path::Path};
use support::{Folder, NoteScore, RATE_HZ, in_long_form, melody, ok, refused, samples, syrinx};

/// A message of a channel: its time in s, channel and content.
type Timed = (f64, u8, MidiMessage);

/// What is in a MIDI file at this tempo, quarter notes a minute.
fn read(bytes: &[u8], tempo: f64) -> Vec<Timed> {
    let smf = Smf::parse(bytes).unwrap();
    let Timing::Metrical(ticks) = smf.header.timing else { panic!("{:?}", smf.header) };
    assert_eq!(smf.tracks.len(), 1);
    let mut now = 0;
    let mut messages = Vec::new();
    for event in &smf.tracks[0] {
        now += event.delta.as_int();
        if let TrackEventKind::Midi { channel, message } = event.kind {
            messages.push((f64::from(now) * 60.0 / (tempo * f64::from(ticks.as_int())), channel.as_int(), message));
        }
    }
    messages
}

/// The notes that begin: seconds and key.
fn begun(messages: &[Timed]) -> Vec<(f64, u8)> {
    let begins = |(time, _, message): &Timed| match message {
        MidiMessage::NoteOn { key, .. } => Some((*time, key.as_int())),
        _ => None,
    };
    messages.iter().filter_map(begins).collect()
}

/// Every note that begins ends, on its channel.
fn assert_all_end(messages: &[Timed]) {
    let mut down = Vec::new();
    for (time, channel, message) in messages {
        match message {
            MidiMessage::NoteOn { key, vel } => {
                assert!(vel.as_int() > 0, "silent at {time}");
                assert!(!down.contains(&(*channel, *key)), "struck twice at {time}");
                down.push((*channel, *key));
            }
            MidiMessage::NoteOff { key, .. } => down.retain(|note| *note != (*channel, *key)),
            _ => {}
        }
    }
    assert!(down.is_empty(), "{down:?} hang");
}

fn notes(voice: &Path, out: &Path, more: &[&str]) -> Vec<u8> {
    ok(["notes", voice.to_str().unwrap(), "-o", out.to_str().unwrap()].into_iter().chain(more.iter().copied()));
    fs::read(out).unwrap()
}

#[test]
fn the_notes_that_are_sung_are_found() {
    // What is found in twelve takes of each (`engine/examples/notes.rs`), less what the notes of a few leave open.
    let folder = Folder::new();
    let takes = if in_long_form() { 12 } else { 4 };
    for (kind, live, studio) in [("tenor", 0.78, 0.8), ("mezzo", 0.75, 0.84), ("tongued", 0.97, 0.97), ("slurred", 0.85, 0.88)] {
        for (mode, least) in [("live", live), ("studio", studio)] {
            let mut score = NoteScore::default();
            for take in (0..takes).map(|n| 2 * n + 1) {
                let sung = melody(kind, take, RATE_HZ);
                let voice = folder.wav("voice.wav", RATE_HZ, &sung.samples);
                let messages = read(&notes(&voice, &folder.path("notes.mid"), &["--latency", mode]), 120.0);
                assert_all_end(&messages);
                score = score.and(NoteScore::of(&sung.notes, &begun(&messages)));
            }
            assert!(score.f1() >= least, "{kind} {mode}: {:.3} {score:?}", score.f1());
        }
    }
}

#[test]
fn what_is_sung_can_be_played_again() {
    let folder = Folder::new();
    let sung = melody("slurred", 1, RATE_HZ);
    let voice = folder.wav("voice.wav", RATE_HZ, &sung.samples);
    let (song, out) = (folder.path("song.mid"), folder.path("song.wav"));
    for more in [&[][..], &["--mpe"]] {
        notes(&voice, &song, more);
        ok(["play", song.to_str().unwrap(), "-o", out.to_str().unwrap(), "--instrument", "violin", "--set", "room=0"]);
        let (played, was) = (support::heard(RATE_HZ, &samples(&out)), support::heard(RATE_HZ, &sung.samples));
        // Notes are written where they begin, not where they are known: with their bends, 20 ms sooner.
        let both = played.iter().zip(&was[5..]).filter(|(a, b)| a.confidence > 0.8 && b.confidence > 0.8);
        let mut cents: Vec<f32> = both.map(|(a, b)| 1200.0 * (a.f0_hz / b.f0_hz).log2().abs()).collect();
        cents.sort_by(f32::total_cmp);
        assert!(cents.len() > was.len() / 2, "{} of {} frames", cents.len(), was.len());
        // The bends follow the voice.
        assert!(cents[cents.len() / 2] < 15.0 && cents[cents.len() * 4 / 5] < 50.0, "{more:?}: {}", cents[cents.len() / 2]);
    }
}

#[test]
fn notes_are_at_their_times_at_any_rate_and_tempo() {
    let folder = Folder::new();
    let mut all = Vec::new();
    for (rate, tempo) in [(48_000, 120.0), (44_100, 60.0), (96_000, 97.5), (22_050, 240.0)] {
        let sung = melody("tongued", 3, rate);
        let voice = folder.wav("voice.wav", rate, &sung.samples);
        let bytes = notes(&voice, &folder.path("notes.mid"), &["--tempo", &tempo.to_string()]);
        let found = begun(&read(&bytes, tempo));
        let score = NoteScore::of(&sung.notes, &found);
        assert!(score.f1() > 0.9, "{rate} Hz: {score:?}");
        all.push(found.len());
    }
    assert!(all.iter().all(|count| *count > 10), "{all:?}");
}

#[test]
fn a_folder_takes_many_and_standard_output_one() {
    let folder = Folder::new();
    let voices = ["a", "b"].map(|name| folder.wav(&format!("{name}.wav"), RATE_HZ, &melody("tongued", 5, RATE_HZ).samples));
    let voices = voices.each_ref().map(|path| path.to_str().unwrap());
    let to = folder.path("found");
    ok(["notes", voices[0], voices[1], "-o", to.to_str().unwrap()]);
    let [a, b] = ["a.mid", "b.mid"].map(|name| read(&fs::read(to.join(name)).unwrap(), 120.0));
    assert!(!begun(&a).is_empty() && begun(&a) == begun(&b));
    // A folder is one that is there, whatever it is called.
    let odd = folder.path("takes.mid");
    fs::create_dir(&odd).unwrap();
    ok(["notes", voices[0], "-o", odd.to_str().unwrap()]);
    assert!(odd.join("a.mid").is_file());
    let piped = syrinx(["notes", voices[0], "-o", "-"]);
    assert!(piped.status.success() && begun(&read(&piped.stdout, 120.0)) == begun(&a));
    // Silence has no notes, and is a file all the same.
    let silent = folder.wav("silent.wav", RATE_HZ, &[0.0; 4800]);
    assert!(begun(&read(&notes(&silent, &folder.path("silent.mid"), &[]), 120.0)).is_empty());
}

#[test]
fn mpe_gives_every_note_a_channel_and_settings_change_the_notes() {
    let folder = Folder::new();
    let voice = folder.wav("voice.wav", RATE_HZ, &melody("slurred", 7, RATE_HZ).samples);
    let out = folder.path("notes.mid");
    let plain = read(&notes(&voice, &out, &[]), 120.0);
    assert!(plain.iter().all(|(_, channel, _)| *channel == 0));
    let mpe = read(&notes(&voice, &out, &["--mpe"]), 120.0);
    assert_eq!(begun(&mpe), begun(&plain));
    let channels = |messages: &[Timed]| -> Vec<u8> {
        let begins = messages.iter().filter(|(.., message)| matches!(message, MidiMessage::NoteOn { .. }));
        begins.map(|(_, channel, _)| *channel).collect()
    };
    assert!(channels(&mpe).windows(2).all(|pair| pair[0] != pair[1] && pair[0] > 0));
    assert_all_end(&mpe);
    let up = begun(&read(&notes(&voice, &out, &["--set", "note_octave=1"]), 120.0));
    assert!(up.iter().zip(begun(&plain)).all(|(up, plain)| up.1 == plain.1 + 12));
    let bends =
        |messages: &[Timed]| messages.iter().filter(|(.., message)| matches!(message, MidiMessage::PitchBend { .. })).count();
    assert!(bends(&plain) > 50);
    // The wheel is told once that it rests.
    assert!(bends(&read(&notes(&voice, &out, &["--set", "note_bend=Off"]), 120.0)) <= 1);
    let scale = &["--set", "note_scale=on", "--set", "snap_key=C", "--set", "snap_scale=Major"];
    let scale = begun(&read(&notes(&voice, &out, scale), 120.0));
    assert!(!scale.is_empty() && scale.iter().all(|(_, key)| [0, 2, 4, 5, 7, 9, 11].contains(&(key % 12))), "{scale:?}");
}

#[test]
fn what_is_wrong_is_said_in_a_sentence() {
    let folder = Folder::new();
    let voice = folder.wav("voice.wav", RATE_HZ, &[0.0; 4800]);
    let other = folder.path("other");
    fs::create_dir(&other).unwrap();
    let twin = other.join("voice.wav");
    fs::copy(&voice, &twin).unwrap();
    let text = folder.path("text.wav");
    fs::write(&text, "this is no sound").unwrap();
    let out = folder.path("out.mid");
    let [voice, twin, text, out] = [&voice, &twin, &text, &out].map(|path| path.to_str().unwrap());
    let missing = folder.path("none.wav");
    for (args, says) in [
        (vec!["notes", voice, "-o", out, "--tempo", "0"], "a tempo is 4 to 960 quarter notes a minute, not 0"),
        (vec!["notes", voice, "-o", out, "--tempo", "NaN"], "not NaN"),
        (vec!["notes", voice, twin, "-o", out], "go into a folder"),
        (vec!["notes", voice, twin, "-o", "-"], "standard output takes the notes of one voice"),
        (vec!["notes", voice, twin, "-o", other.to_str().unwrap()], "two of the voices are called voice"),
        (vec!["notes", text, "-o", out], "text.wav"),
        (vec!["notes", missing.to_str().unwrap(), "-o", out], "none.wav"),
        (vec!["notes", voice, "-o", out, "--set", "note_react=99"], "note_react takes 4 to 40 ms"),
        (vec!["notes", voice, "-o", out, "--set", "note_bend=Wide"], "Off, Glides, Full"),
    ] {
        let sentence = refused(&args);
        assert!(sentence.contains(says), "{args:?} says {sentence:?}");
        assert!(!Path::new(out).exists(), "{args:?} left a file behind");
    }
}
