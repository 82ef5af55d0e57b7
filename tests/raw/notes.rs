//! What is sung, as notes in a host's list: those that the engine sends, to the sample, in either format; and each of them ends, whatever happens.

use super::{
    super::{Host, WHOLE},
    clap, vst3,
};
use syrinx_engine::{Block, Engine, EngineConfig, Event, EventKind, Message, NoteOutput, ParamId, Settings};
use syrinx_singer::{Event as Sung, Note, Phoneme::*, Voice, sing_score};

const RATE_HZ: u32 = 48_000;

/// A few notes, some of them slurred, one with vibrato.
fn song() -> Vec<f32> {
    let note = |midi, seconds, sounds: &[_]| Sung::Note(Note::new(midi, seconds, sounds).vibrato(0.0));
    let score = [
        Sung::Rest { duration_s: 0.2 },
        note(57.0, 0.3, &[D, A]),
        note(61.0, 0.3, &[A]),
        note(64.0, 0.3, &[L, A]),
        Sung::Breath { duration_s: 0.3 },
        Sung::Note(Note::new(62.0, 1.2, &[N, O])),
        Sung::Rest { duration_s: 0.4 },
    ];
    sing_score(&score, &Voice::tenor(), RATE_HZ, 3).unwrap().samples
}

/// A message as far as every format tells it.
fn told(message: Message) -> (Option<[u8; 3]>, Option<(u8, i32)>) {
    let own = match message {
        Message::Express { key: Some(key), value, .. } => Some((key, (1000.0 * value).round() as i32)),
        _ => None,
    };
    (message.to_midi(0), own)
}

/// What the engine sends for a voice: samples, channels, messages.
fn sent(settings: &Settings, voice: &[f32]) -> Vec<(usize, u8, Message)> {
    let mut engine = Engine::new(EngineConfig { sample_rate_hz: RATE_HZ, channels: 2, seed: 0 }, &[]).unwrap();
    engine.set(settings);
    engine.reset();
    let mut out = vec![0.0; voice.len()];
    let mut sent = Vec::new();
    let block = Block { input: &[voice], output: &mut [&mut out], events: &[] };
    engine.play_and_send(block, &mut |Event { at, kind }| {
        if let EventKind::Message { channel, message } = kind {
            sent.push((at, channel, message));
        }
    });
    sent
}

/// What a host is given of it, in blocks of so many samples.
fn given<H: Host>(host: &H, voice: &[f32], block: usize) -> Vec<(usize, u8, Message)> {
    let mut given = Vec::new();
    for (n, piece) in voice.chunks(block).enumerate() {
        host.play(WHOLE, piece, &[]);
        let own = host.given();
        assert!(own.iter().all(|(at, ..)| *at < piece.len()));
        given.extend(own.into_iter().map(|(at, channel, message)| (n * block + at, channel, message)));
    }
    given
}

/// Keys that have begun and not ended, in a list of messages.
fn hanging(given: &[(usize, u8, Message)]) -> Vec<(u8, u8)> {
    let mut down = Vec::new();
    for (_, channel, message) in given {
        match message {
            Message::NoteOn { key, .. } => {
                assert!(!down.contains(&(*channel, *key)), "key {key} begins while it sounds");
                down.push((*channel, *key));
            }
            Message::NoteOff { key } => {
                let at = down.iter().position(|known| *known == (*channel, *key));
                down.swap_remove(at.unwrap_or_else(|| panic!("key {key} ends and has not begun")));
            }
            _ => {}
        }
    }
    down
}

fn output(output: NoteOutput) -> f32 {
    ParamId::note_output.param().normalized(Settings { note_output: output, ..Settings::default() }.get(ParamId::note_output))
}

fn gives_what_the_engine_sends<H: Host>() {
    let song = song();
    for mode in [NoteOutput::OneChannel, NoteOutput::Mpe, NoteOutput::Expressions] {
        let settings = Settings { note_output: mode, ..Settings::default() };
        let expected = sent(&settings, &song);
        let keys: Vec<u8> =
            expected.iter().filter_map(|(.., m)| if let Message::NoteOn { key, .. } = m { Some(*key) } else { None }).collect();
        assert!(keys.len() >= 4 && hanging(&expected).is_empty(), "{keys:?}");
        for wanted in [57, 61, 64, 62] {
            assert!(keys.contains(&wanted), "{wanted} is not among {keys:?}");
        }
        for block in [37, 512, 4096] {
            let mut host = H::new();
            host.set("note_output", output(mode));
            assert!(host.agree(2, 2) && host.activate(RATE_HZ.into(), 4096));
            let given = given(&host, &song, block);
            assert_eq!(given.len(), expected.len(), "{mode:?} in blocks of {block}");
            for ((at, channel, message), (wanted_at, wanted_channel, wanted)) in given.iter().zip(&expected) {
                assert_eq!((at, channel, told(*message)), (wanted_at, wanted_channel, told(*wanted)));
            }
        }
    }
}

#[test]
fn clap_gives_the_notes_that_the_engine_sends() {
    gives_what_the_engine_sends::<clap::Raw>();
}

#[test]
fn vst3_gives_the_notes_that_the_engine_sends() {
    gives_what_the_engine_sends::<vst3::Raw>();
}

fn every_note_ends<H: Host>() {
    let song = song();
    // In the middle of the long note.
    let (held, silence) = (&song[..(1.9 * f64::from(RATE_HZ)) as usize], vec![0.0; 1 << 15]);
    type Happens<H> = fn(&mut H);
    let state = H::new().save();
    let happens: [(&str, Happens<H>); 8] = [
        ("it is switched off", |host| host.set("note_output", 0.0)),
        ("another way of sending", |host| host.set("note_output", output(NoteOutput::Expressions))),
        ("bypass", |host| host.set("bypass", 1.0)),
        ("the other latency mode", |host| host.set("latency_mode", 1.0)),
        ("activated anew", |host| {
            host.deactivate();
            assert!(host.activate(48_000.0, 4096));
        }),
        ("another rate", |host| {
            host.deactivate();
            assert!(host.activate(96_000.0, 4096));
        }),
        ("pitch from keys", |host| host.set("pitch_from", 1.0)),
        ("silence", |_| {}),
    ];
    for mode in [NoteOutput::OneChannel, NoteOutput::Mpe] {
        for (what, happen) in happens {
            let mut host = H::new();
            host.set("note_output", output(mode));
            assert!(host.agree(2, 2) && host.activate(RATE_HZ.into(), 4096));
            let mut all = given(&host, held, 512);
            assert_eq!(hanging(&all).len(), 1, "{what}");
            happen(&mut host);
            all.extend(given(&host, &silence, 512));
            assert_eq!(hanging(&all), [], "{what}, {mode:?}");
        }
        let mut host = H::new();
        host.set("note_output", output(mode));
        assert!(host.agree(2, 2) && host.activate(RATE_HZ.into(), 4096));
        let mut all = given(&host, held, 512);
        assert!(host.load(&state));
        all.extend(given(&host, &silence, 512));
        assert_eq!(hanging(&all), [], "a state is loaded, {mode:?}");
    }
}

#[test]
fn every_note_ends_in_clap() {
    every_note_ends::<clap::Raw>();
}

#[test]
fn every_note_ends_in_vst3() {
    every_note_ends::<vst3::Raw>();
}

/// Whatever the voice and the settings do, the notes are a keyboard's: nothing begins twice, and nothing is left.
#[test]
fn whatever_happens_to_settings_the_notes_stay_a_keyboards() {
    let song = song();
    let mut engine = Engine::new(EngineConfig { sample_rate_hz: RATE_HZ, channels: 1, seed: 0 }, &[]).unwrap();
    let mut chance = super::super::chance(5);
    let mut all = Vec::new();
    let mut out = [0.0; 600];
    for n in 0..3000 {
        let number = |chance: &mut dyn FnMut(usize) -> usize, below| chance(below) as f32;
        if chance(6) == 0 {
            let mut settings = Settings { note_output: engine.settings().note_output, ..Settings::default() };
            match chance(8) {
                0 => settings.set("note_output", &number(&mut chance, 4).to_string()),
                1 => settings.set("note_octave", &(number(&mut chance, 7) - 3.0).to_string()),
                2 => settings.set("note_hold", &number(&mut chance, 300).to_string()),
                3 => settings.set("note_scale", "on"),
                4 => settings.set("bypass", "on"),
                5 => settings.set("latency_mode", "studio"),
                6 => settings.set("a4", &(400.0 + number(&mut chance, 60)).to_string()),
                _ => settings.set("note_react", &(4.0 + number(&mut chance, 36)).to_string()),
            }
            .ok();
            engine.set(&settings);
        }
        if chance(200) == 0 {
            engine.reset();
        }
        let from = chance(song.len() - out.len());
        let output = &mut out[..1 + chance(599)];
        let input = &song[from..from + output.len()];
        let block = Block { input: &[input], output: &mut [output], events: &[] };
        engine.play_and_send(block, &mut |Event { at, kind }| {
            if let EventKind::Message { channel, message } = kind {
                all.push((n * 600 + at, channel, message));
            }
        });
    }
    assert!(all.len() > 100);
    engine.set(&Settings::default());
    let block = Block { input: &[&[0.0; 9600]], output: &mut [&mut [0.0; 9600]], events: &[] };
    engine.play_and_send(block, &mut |Event { kind, .. }| {
        if let EventKind::Message { channel, message } = kind {
            all.push((usize::MAX, channel, message));
        }
    });
    assert_eq!(hanging(&all), []);
}

/// Nothing allocates, frees, locks or waits while notes are given.
#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn giving_notes_neither_allocates_nor_waits() {
    super::super::guarded("raw::notes::giving_notes_neither_allocates_nor_waits", || {
        gives_what_the_engine_sends::<clap::Raw>();
        gives_what_the_engine_sends::<vst3::Raw>();
    });
}
