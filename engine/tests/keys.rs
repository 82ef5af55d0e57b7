//! Instruments played from notes: when they sound, whatever the blocks; who sounds; no allocation; no note left hanging, no click.

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use syrinx_engine::{
    Block, Engine, EngineConfig, Event, EventKind, Expression, KeyDynamics, KeyInstrument, KeyMode, KeyPriority, KeySettings,
    Keys, Message, OWN_INSTRUMENT, ParamId, PitchFrom, Settings, Slot,
};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

const RATE_HZ: u32 = 48_000;

fn number(id: &str) -> u8 {
    syrinx_models::number(id).unwrap()
}

fn keys_at(sample_rate_hz: u32, id: &str) -> Keys {
    let config = EngineConfig { sample_rate_hz, channels: 2, seed: 0 };
    let mut keys = Keys::new(config, syrinx_models::factory()).unwrap();
    // Dry, so that what ends is silent.
    keys.set(&Settings { instrument_a: number(id), room: 0.0, ..Settings::default() });
    keys
}

fn keys(id: &str) -> Keys {
    keys_at(RATE_HZ, id)
}

fn on(at: usize, key: u8) -> Event {
    message(at, 0, Message::NoteOn { key, velocity: 0.7 })
}

fn off(at: usize, key: u8) -> Event {
    message(at, 0, Message::NoteOff { key })
}

fn control(at: usize, number: u8, value: f32) -> Event {
    message(at, 0, Message::Control { number, value })
}

fn message(at: usize, channel: u8, message: Message) -> Event {
    Event { at, kind: EventKind::Message { channel, message } }
}

/// Plays a stream of `len` samples in blocks of the sizes that `blocks` repeats; the left side. Nothing on the way allocates.
fn played(keys: &mut Keys, events: &[Event], len: usize, blocks: &[usize]) -> Vec<f32> {
    let (mut left, mut right) = (vec![0.0; len], vec![0.0; len]);
    let mut here: Vec<Event> = Vec::with_capacity(events.len());
    let (mut at, mut sizes) = (0, blocks.iter().cycle());
    while at < len {
        let to = len.min(at + sizes.next().unwrap());
        here.clear();
        let inside = events.iter().filter(|event| (at..to).contains(&event.at));
        here.extend(inside.map(|event| Event { at: event.at - at, ..*event }));
        let output = &mut [&mut left[at..to], &mut right[at..to]];
        assert_no_alloc(|| keys.play(Block { input: &[], output, events: &here }));
        at = to;
    }
    assert_eq!(keys.failed_frames(), 0);
    assert!(left.iter().chain(&right).all(|x| x.is_finite() && x.abs() <= 1.0));
    left
}

fn rms(x: &[f32]) -> f32 {
    (x.iter().map(|x| x * x).sum::<f32>() / x.len().max(1) as f32).sqrt()
}

/// The pitch of a steady tone by its autocorrelation, MIDI note number.
fn pitch(x: &[f32]) -> f32 {
    let alike = |lag: usize| {
        let pairs = || x.iter().zip(&x[lag..]);
        let (a, b) = (pairs().map(|(a, _)| a * a).sum::<f32>(), pairs().map(|(_, b)| b * b).sum::<f32>());
        pairs().map(|(a, b)| a * b).sum::<f32>() / (a * b).sqrt()
    };
    let all: Vec<f32> = (0..1000).map(|lag| if lag < 40 { -1.0 } else { alike(lag) }).collect();
    let best = all.iter().copied().fold(f32::MIN, f32::max);
    let first = (41..999).find(|n| all[*n] > 0.9 * best && all[*n] >= all[n - 1] && all[*n] >= all[n + 1]).unwrap();
    let (a, b, c) = (all[first - 1], all[first], all[first + 1]);
    let lag = first as f32 + 0.5 * (a - c) / (a - 2.0 * b + c);
    69.0 + 12.0 * (RATE_HZ as f32 / lag / 440.0).log2()
}

/// A phrase with all that keyboards send, over about two seconds.
fn busy() -> Vec<Event> {
    let mut events = vec![
        on(1, 60),
        message(1, 0, Message::Bend(0.5)),
        on(3_333, 64),
        control(4_000, 1, 0.5),
        on(4_000, 67),
        Event { at: 9_999, kind: EventKind::Setting(ParamId::pitch_shift, 1.5) },
        control(10_000, 64, 1.0),
        off(12_000, 60),
        off(12_000, 64),
        message(15_000, 0, Message::Pressure(0.9)),
        on(17_777, 72),
        Event { at: 20_000, kind: EventKind::Setting(ParamId::reverb_mix, 30.0) },
        Event { at: 30_001, kind: EventKind::Setting(ParamId::reverb_mix, 0.0) },
        message(31_000, 0, Message::Bend(-1.0)),
        control(40_000, 64, 0.0),
        control(41_000, 11, 0.4),
        Event { at: 50_000, kind: EventKind::Setting(ParamId::room, 150.0) },
        off(60_000, 67),
    ];
    events.extend((0..20).map(|n| on(62_000 + 37 * n, 50 + n as u8)));
    events.extend((0..20).map(|n| off(70_000 + 37 * n, 50 + n as u8)));
    events
}

#[test]
fn the_same_notes_are_the_same_samples_whatever_the_blocks() {
    for (rate, id) in [(44_100, "cello"), (48_000, "flute"), (96_000, "guitar")] {
        let settings = KeySettings { voices: 6, ..KeySettings::default() };
        let at = |blocks: &[usize]| {
            let mut keys = keys_at(rate, id);
            keys.set_keys(&settings);
            let settings = Settings { room: 100.0, ..keys.settings() };
            keys.set(&settings);
            keys.reset();
            // Long enough for rooms to die away, and a note after that.
            let events = [busy(), vec![control(80_000, 123, 0.0), on(400_000, 60), off(401_000, 60)]].concat();
            let once = played(&mut keys, &events, 410_000, blocks);
            assert!(once[399_000..400_000].iter().all(|x| *x == 0.0) && once[400_000..].iter().any(|x| *x != 0.0));
            // What was set on the way stays set; all else begins anew.
            keys.set(&settings);
            keys.reset();
            assert!(played(&mut keys, &busy(), 90_000, &[4096])[..1000] == once[..1000], "{id}: a reset changes the beginning");
            once
        };
        let reference = at(&[512]);
        assert!(rms(&reference) > 0.01);
        for blocks in [&[64][..], &[1], &[1000, 1, 7, 333, 1024], &[4096]] {
            let other = at(blocks);
            let differs = reference.iter().zip(&other).position(|(a, b)| a != b);
            assert_eq!(differs, None, "{id} in blocks of {blocks:?}");
        }
    }
}

#[test]
fn a_note_sounds_from_its_own_sample_on_and_as_itself() {
    for id in ["violin", "flute", "trumpet", "guitar", "organ", "saw-lead"] {
        for at in [0, 1, 777] {
            let out = played(&mut keys(id), &[on(at, 69)], 24_000, &[256]);
            assert!(out[..at].iter().all(|x| *x == 0.0), "{id}: sounds before it is struck");
            let first = out.iter().position(|x| x.abs() > 1e-5).unwrap();
            assert!(first - at < 192, "{id}: silent for {} samples", first - at);
            let heard = pitch(&out[16_000..20_000]);
            // Of an organ's stops, an octave's may be the loudest.
            assert!(((heard - 69.0 + 6.0).rem_euclid(12.0) - 6.0).abs() < 0.5, "{id}: {heard}");
        }
    }
}

#[test]
fn hard_is_louder_and_no_two_notes_are_alike() {
    for id in ["violin", "trumpet", "electric-piano", "bass-guitar"] {
        let level = |velocity: f32| {
            let struck = message(0, 0, Message::NoteOn { key: 60, velocity });
            20.0 * rms(&played(&mut keys(id), &[struck], 24_000, &[256])[2_400..24_000]).log10()
        };
        let [soft, middle, hard] = [0.2, 0.6, 1.0].map(level);
        assert!(middle - soft > 6.0 && hard - middle > 6.0, "{id}: {soft}, {middle}, {hard} dB");
        assert!((-40.0..-15.0).contains(&middle), "{id}: {middle} dB");
        let twice = played(&mut keys(id), &[on(0, 60), off(24_000, 60), on(48_000, 60)], 72_000, &[256]);
        assert_ne!(twice[..24_000], twice[48_000..], "{id}");
    }
}

#[test]
fn what_is_let_go_ends_and_costs_nothing_and_nothing_hangs() {
    for id in ["cello", "flute", "vibraphone", "organ", "sitar"] {
        let mut instrument = keys(id);
        let out = played(&mut instrument, &[on(0, 57), on(0, 64), off(24_000, 57), off(24_000, 64)], 24_000 + 4 * 48_000, &[480]);
        assert!(rms(&out[12_000..24_000]) > 1e-3, "{id}");
        assert!(instrument.is_idle() && out[out.len() - 4_800..].iter().all(|x| *x == 0.0), "{id} sounds on");
    }
}

/// Largest second difference, which a step or a corner shows up in, against what the tone itself has.
fn corner(x: &[f32]) -> f32 {
    x.windows(3).map(|w| (w[2] - 2.0 * w[1] + w[0]).abs()).fold(0.0, f32::max)
}

#[test]
fn stealing_and_cutting_are_silent() {
    // The hum has few harmonics, so that a step would stand out.
    let settings = KeySettings { voices: 2, ..KeySettings::default() };
    let mut instrument = keys("hum");
    instrument.set_keys(&settings);
    let mut still = instrument.settings();
    (still.noise, still.life) = (-60.0, 0.0);
    instrument.set(&still);
    let chord = [on(0, 50), on(0, 57)];
    let tone = corner(&played(&mut instrument, &chord, 48_000, &[64])[24_000..]);
    instrument.reset();
    let stolen: Vec<Event> = chord.into_iter().chain((0..12).map(|n| on(24_000 + 1_000 * n, 52 + n as u8))).collect();
    let out = played(&mut instrument, &stolen, 48_000, &[64]);
    assert_eq!(instrument.sounding(), 2);
    assert!(corner(&out[23_000..]) < 6.0 * tone, "{} against {tone}", corner(&out[23_000..]));
    // A thousand notes in one block, and a thousand more a sample apart.
    let flood: Vec<Event> = (0..2_000).map(|n| on(if n < 1_000 { 100 } else { n - 900 }, (n % 128) as u8)).collect();
    let out = played(&mut instrument, &flood, 48_000, &[4096]);
    assert!(instrument.sounding() <= 2 && out.iter().all(|x| x.abs() < 1.0));
}

#[test]
fn one_note_at_a_time_goes_back_to_the_key_that_is_still_held() {
    for mode in [KeyMode::Mono, KeyMode::Legato] {
        let mut instrument = keys("flute");
        instrument.set_keys(&KeySettings { key_mode: mode, ..KeySettings::default() });
        let events = [on(0, 60), on(24_000, 67), off(48_000, 67), off(72_000, 60)];
        let out = played(&mut instrument, &events, 120_000, &[256]);
        for (from, note) in [(14_000, 60.0), (38_000, 67.0), (62_000, 60.0)] {
            let heard = pitch(&out[from..from + 4_000]);
            assert!((heard - note).abs() < 0.5, "{mode:?}: {heard} instead of {note}");
        }
        assert!(instrument.is_idle());
    }
    for (priority, note) in [(KeyPriority::Last, 62.0), (KeyPriority::High, 67.0), (KeyPriority::Low, 60.0)] {
        let mut instrument = keys("flute");
        instrument.set_keys(&KeySettings { key_mode: KeyMode::Legato, key_priority: priority, ..KeySettings::default() });
        let out = played(&mut instrument, &[on(0, 60), on(2_000, 67), on(4_000, 62)], 48_000, &[256]);
        let heard = pitch(&out[30_000..34_000]);
        assert!((heard - note).abs() < 0.5, "{priority:?}: {heard}");
        assert_eq!(instrument.sounding(), 1);
    }
}

#[test]
fn a_glide_takes_its_time() {
    let mut instrument = keys("flute");
    instrument.set_keys(&KeySettings { key_mode: KeyMode::Legato, glide: 1.0, ..KeySettings::default() });
    let mut plain = instrument.settings();
    plain.vibrato = 0.0;
    instrument.set(&plain);
    let out = played(&mut instrument, &[on(0, 60), on(24_000, 72)], 96_000, &[256]);
    for (at, note) in [(36_000, 63.0), (48_000, 66.0), (60_000, 69.0), (80_000, 72.0)] {
        let heard = pitch(&out[at - 1_500..at + 1_500]);
        assert!((heard - note).abs() < 0.5, "{heard} instead of {note}");
    }
}

#[test]
fn pedals_hold_what_they_shall() {
    let sounding = |events: &[Event]| {
        let mut instrument = keys("flute");
        played(&mut instrument, events, 96_000, &[256]);
        instrument.sounding()
    };
    assert_eq!(sounding(&[on(0, 60), off(100, 60)]), 0);
    assert_eq!(sounding(&[control(0, 64, 1.0), on(0, 60), off(100, 60)]), 1);
    assert_eq!(sounding(&[on(0, 60), off(100, 60), control(101, 64, 1.0)]), 0, "too late");
    assert_eq!(sounding(&[control(0, 64, 1.0), on(0, 60), off(100, 60), control(200, 64, 0.0)]), 0);
    // Sostenuto holds what was down when it was pressed.
    let caught = [on(0, 60), control(10, 66, 1.0), on(20, 64), off(100, 60), off(100, 64)];
    assert_eq!(sounding(&caught), 1);
    assert_eq!(sounding(&[&caught[..], &[control(200, 66, 0.0)]].concat()), 0);
    // Struck again under a pedal, a key has one note.
    assert_eq!(sounding(&[control(0, 64, 1.0), on(0, 60), off(100, 60), on(200, 60), off(300, 60)]), 1);
    assert_eq!(sounding(&[control(0, 64, 1.0), on(0, 60), off(100, 60), control(200, 123, 0.0)]), 1, "the pedal is down");
    assert_eq!(sounding(&[control(0, 64, 1.0), on(0, 60), off(100, 60), control(200, 120, 0.0)]), 0);
    assert_eq!(sounding(&[on(0, 60), on(0, 64), control(200, 123, 0.0)]), 0);
    assert_eq!(sounding(&[control(0, 64, 1.0), on(0, 60), off(100, 60), control(200, 121, 0.0)]), 0);
    assert_eq!(sounding(&[on(0, 60), message(100, 0, Message::NoteOn { key: 60, velocity: 0.0 })]), 0);
    assert_eq!(sounding(&[on(0, 60), message(100, 0, Message::NoteOn { key: 60, velocity: f32::NAN })]), 0);
    assert_eq!(sounding(&[off(0, 60), on(0, 60)]), 1, "let go before it is struck");
    assert_eq!(sounding(&[on(0, 60), off(0, 60)]), 0);
}

#[test]
fn bends_are_as_wide_as_they_are_set() {
    let heard = |mpe: bool, events: &[Event]| {
        let mut instrument = keys("flute");
        let mut plain = instrument.settings();
        plain.vibrato = 0.0;
        instrument.set(&plain);
        instrument.set_keys(&KeySettings { mpe, ..KeySettings::default() });
        pitch(&played(&mut instrument, events, 30_000, &[256])[24_000..28_000])
    };
    let bend = |channel: u8, bend: f32| message(0, channel, Message::Bend(bend));
    let on_channel = |channel: u8, key: u8| message(0, channel, Message::NoteOn { key, velocity: 0.7 });
    let near = |heard: f32, note: f32| assert!((heard - note).abs() < 0.3, "{heard} instead of {note}");
    near(heard(false, &[bend(0, 1.0), on(0, 60)]), 62.0);
    near(heard(false, &[on(0, 60), bend(0, -1.0)]), 58.0);
    near(heard(false, &[bend(1, 1.0), on(0, 60)]), 60.0);
    let range = |semitones: u8| {
        [(101, 0.0), (100, 0.0), (6, f32::from(semitones) / 127.0)].map(|(number, value)| control(0, number, value))
    };
    near(heard(false, &[&range(12)[..], &[bend(0, 0.5), on(0, 60)]].concat()), 66.0);
    // A note of its own channel bends by 48, and all by 2.
    near(heard(true, &[on_channel(3, 60), bend(3, 0.25), bend(4, 0.5)]), 72.0);
    near(heard(true, &[on_channel(3, 60), bend(0, 1.0)]), 62.0);
    let zone = [(101, 0.0), (100, 6.0 / 127.0), (6, 15.0 / 127.0)].map(|(number, value)| control(0, number, value));
    near(heard(false, &[&zone[..], &[on_channel(3, 60), bend(3, 0.25)]].concat()), 72.0);
}

#[test]
fn a_note_that_was_let_go_does_not_follow_the_bend_of_its_channels_next() {
    let mut instrument = keys("vibraphone");
    instrument.set_keys(&KeySettings { mpe: true, ..KeySettings::default() });
    let on_channel = |at: usize, key: u8| message(at, 3, Message::NoteOn { key, velocity: 0.7 });
    let events =
        [on_channel(0, 60), message(24_000, 3, Message::NoteOff { key: 60 }), message(24_001, 3, Message::Bend(0.5)), off(0, 0)];
    let out = played(&mut instrument, &events, 30_000, &[64]);
    let heard = pitch(&out[24_200..26_200]);
    assert!((heard - 60.0).abs() < 0.4, "{heard}");
}

#[test]
fn whatever_is_sent_is_harmless() {
    let mut instrument = keys("tuba");
    let wild = [f32::NAN, f32::INFINITY, -5.0, 1e30];
    let mut events = Vec::new();
    for (n, value) in wild.into_iter().enumerate() {
        events.push(message(10 * n, 200, Message::NoteOn { key: 255, velocity: value }));
        events.push(message(10 * n, 3, Message::Bend(value)));
        events.push(message(10 * n, 3, Message::Pressure(value)));
        events.push(message(10 * n, 3, Message::KeyPressure { key: 255, pressure: value }));
        events.extend((0..=255).map(|number| message(10 * n, 3, Message::Control { number, value })));
        events.push(Event { at: 10 * n, kind: EventKind::Setting(ParamId::loudness, value) });
    }
    events.extend((0..128).map(|key| on(100, key)));
    events.push(control(40_000, 123, 0.0));
    played(&mut instrument, &events, 240_000, &[512]);
    let wild = KeySettings { voices: 0, glide: f32::NAN, bend_range: f32::INFINITY, ..KeySettings::default() };
    instrument.set_keys(&wild);
    assert_eq!(instrument.key_settings(), KeySettings { voices: 1, ..KeySettings::default() });
    assert!(Keys::new(EngineConfig { sample_rate_hz: 8_000, ..EngineConfig::default() }, &[]).is_err());
    assert!(Keys::new(EngineConfig { channels: 3, ..EngineConfig::default() }, &[]).is_err());
    // Without any instrument it is silent.
    let mut none = Keys::new(EngineConfig::default(), &[]).unwrap();
    assert!(played(&mut none, &[on(0, 60), off(9_000, 60)], 24_000, &[512]).iter().all(|x| *x == 0.0));
}

#[test]
fn an_own_instrument_sounds_is_replaced_while_it_does_and_comes_back() {
    let mut instrument = keys("violin");
    instrument.set(&Settings { instrument_a: OWN_INSTRUMENT, room: 0.0, ..Settings::default() });
    assert!(played(&mut instrument, &[on(0, 60)], 9_000, &[64]).iter().all(|x| *x == 0.0), "there is none yet");
    let own = |id: &str| Some(Box::new(KeyInstrument::new(RATE_HZ, syrinx_models::load(id).unwrap())));
    let install = |instrument: &mut Keys, id: Option<&str>| {
        let mut made = id.and_then(own);
        let mut back = Ok(());
        assert_no_alloc(|| back = instrument.install(Slot::A, made.take()));
        back.is_ok()
    };
    assert!(install(&mut instrument, Some("flute")));
    instrument.reset();
    assert!(rms(&played(&mut instrument, &[on(0, 60), on(0, 64)], 24_000, &[64])) > 0.003);
    assert!(install(&mut instrument, Some("trumpet")));
    let mut retired = None;
    assert_no_alloc(|| retired = instrument.retired());
    assert!(retired.is_none(), "it still sounds");
    assert!(!install(&mut instrument, Some("organ")), "one at a time");
    let out = played(&mut instrument, &[], 24_000, &[64]);
    assert!(rms(&out[20_000..]) > 0.003, "the notes go on");
    assert_no_alloc(|| retired = instrument.retired());
    assert_eq!(retired.take().unwrap().model().card().id, "flute");
    assert!(install(&mut instrument, None));
    played(&mut instrument, &[control(0, 120, 0.0)], 24_000, &[64]);
    assert_no_alloc(|| retired = instrument.retired());
    assert_eq!(retired.take().unwrap().model().card().id, "trumpet");
    assert!(instrument.is_idle());
}

/// Level over time, dB, in steps of 4 ms.
fn levels(x: &[f32]) -> Vec<f32> {
    x.chunks(192).map(|x| 20.0 * rms(x).max(1e-6).log10()).collect()
}

#[test]
fn fast_notes_are_there_in_time_and_do_not_run_into_one_another() {
    // A violin takes a fifth of a second to begin a long note.
    let scale = |step: usize| (0..12).flat_map(move |n| [on(n * step, 67 + n as u8), off((n + 1) * step - 300, 67 + n as u8)]);
    for (step, within_s) in [(6_000, 0.06), (4_800, 0.05)] {
        let mut instrument = keys("violin");
        let mut still = instrument.settings();
        (still.life, still.vibrato) = (0.0, 0.0);
        instrument.set(&still);
        let mut events: Vec<Event> = scale(step).collect();
        events.sort_by_key(|event| event.at);
        let out = played(&mut instrument, &events, 14 * step, &[64]);
        let mut rises: Vec<f32> = (2..12)
            .map(|n| {
                let note = levels(&out[n * step..(n + 1) * step - 300]);
                let top = note.iter().copied().fold(f32::MIN, f32::max);
                note.iter().position(|db| *db > top - 3.0).unwrap() as f32 * 0.004
            })
            .collect();
        rises.sort_by(f32::total_cmp);
        assert!(rises[5] <= within_s, "{step}: half are there after {} s", rises[5]);
        // The note before is gone soon.
        let mut heard: Vec<f32> =
            (2..12).map(|n| pitch(&out[n * step + step / 2..(n + 1) * step - 300]) - (67 + n) as f32).collect();
        heard.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
        assert!(heard[7].abs() < 0.5, "{heard:?}");
    }
    // A chord is one stroke: none of its notes is hurried by the others.
    let mut instrument = keys("cello");
    let alone = levels(&played(&mut instrument, &[on(0, 48)], 24_000, &[64]));
    instrument.reset();
    let chord = levels(&played(&mut instrument, &[on(0, 48), on(5, 55), on(40, 60)], 24_000, &[64]));
    let rise = |levels: &[f32]| {
        let held = levels[100..].iter().sum::<f32>() / (levels.len() - 100) as f32;
        levels.iter().position(|db| *db > held - 6.0).unwrap()
    };
    assert!(rise(&chord) * 2 > rise(&alone), "{} and {} frames", rise(&chord), rise(&alone));
}

#[test]
fn a_note_that_a_controller_has_silenced_is_there_again_when_it_is_raised() {
    for number in [2, 11] {
        let mut instrument = keys("flute");
        let events = [control(0, number, 0.0), on(10, 69), control(48_000, number, 1.0), off(90_000, 69)];
        let out = played(&mut instrument, &events, 180_000, &[64]);
        assert!(rms(&out[10_000..48_000]) < 1e-5, "controller {number}: {}", rms(&out[10_000..48_000]));
        assert!(rms(&out[60_000..90_000]) > 0.01, "controller {number}");
        assert!(instrument.is_idle(), "and ends");
    }
}

#[test]
fn what_a_note_expresses_is_its_own() {
    let express = |at: usize, channel: u8, expression: Expression, value: f32| {
        message(at, channel, Message::Express { key: Some(69), expression, value })
    };
    let steady = || {
        let mut keys = keys("trumpet");
        keys.set(&Settings { vibrato: 0.0, life: 0.0, ..keys.settings() });
        keys
    };
    let sound = |events: &[Event]| played(&mut steady(), events, 40_000, &[512]);
    let plain = sound(&[on(0, 69)]);
    let of = |expression, value| sound(&[on(0, 69), express(0, 0, expression, value)]);
    let (from, to) = (20_000, 28_000);
    let level_db = |x: &[f32]| 20.0 * (rms(&x[from..to]) / rms(&plain[from..to])).log10();
    assert!((pitch(&of(Expression::Tuning, -1.5)[from..to]) - 67.5).abs() < 0.1);
    assert!((level_db(&of(Expression::Volume, 0.5)) + 6.02).abs() < 0.5);
    assert!(level_db(&of(Expression::Effort, 0.5)) < -8.0);
    // Bright is more of what is high: differences of neighbouring samples grow against the samples.
    let brightness = |x: &[f32]| {
        let steps: Vec<f32> = x[from..to].windows(2).map(|w| w[1] - w[0]).collect();
        rms(&steps) / rms(&x[from..to])
    };
    assert!(brightness(&of(Expression::Brightness, 0.9)) > 1.2 * brightness(&plain));
    // Another note does not hear it, nor does this one hear another's.
    let two = [on(0, 69), message(0, 3, Message::NoteOn { key: 69, velocity: 0.7 })];
    let elsewhere = sound(&[on(0, 69), express(0, 3, Expression::Tuning, 5.0)]);
    assert!(elsewhere == plain, "no note sounds on that channel");
    assert!(rms(&sound(&two)[from..to]) > 1.2 * rms(&plain[from..to]));
    // What it expressed is over with it.
    let again = [on(0, 69), express(10, 0, Expression::Volume, 0.0), off(9000, 69), on(12_000, 69)];
    assert!(rms(&sound(&again)[from..to]) > 0.5 * rms(&plain[from..to]));
    // Choked, it is silent within five milliseconds, whatever holds it.
    let choked = sound(&[control(0, 64, 1.0), on(0, 69), message(20_000, 0, Message::Choke(Some(69)))]);
    assert!(rms(&choked[19_000..20_000]) > 0.01 && choked[20_500..].iter().all(|x| *x == 0.0));
}

#[test]
fn bypass_silences_and_lets_all_keys_go() {
    let bypass = |at: usize, on: f32| Event { at, kind: EventKind::Setting(ParamId::bypass, on) };
    let events = [on(0, 69), bypass(10_000, 1.0), on(12_000, 72), bypass(30_000, 0.0), on(40_000, 64), off(45_000, 64)];
    let sound = played(&mut keys("organ"), &events, 60_000, &[512]);
    assert!(rms(&sound[5000..10_000]) > 0.01 && rms(&sound[42_000..45_000]) > 0.01);
    assert!(sound[10_400..40_000].iter().all(|x| *x == 0.0));
    assert!(corner(&sound[9000..12_000]) < 2.0 * corner(&sound[5000..9000]), "it clicks");
}

#[test]
fn zones_have_one_pedal_and_the_window_of_a4_moves_all() {
    // The first channel's pedal holds the notes of the others.
    let mut mpe = keys("organ");
    mpe.set_keys(&KeySettings { mpe: true, ..KeySettings::default() });
    let note = |at: usize, on: bool| {
        let said = if on { Message::NoteOn { key: 69, velocity: 0.7 } } else { Message::NoteOff { key: 69 } };
        message(at, 4, said)
    };
    let events = [control(0, 64, 1.0), note(0, true), note(5000, false), control(40_000, 64, 0.0)];
    let sound = played(&mut mpe, &events, 90_000, &[512]);
    assert!(rms(&sound[35_000..40_000]) > 0.01 && rms(&sound[85_000..]) < 1e-4);
    let mut low = keys("trumpet");
    low.set(&Settings { a4: 415.0, vibrato: 0.0, ..low.settings() });
    let a = pitch(&played(&mut low, &[on(0, 69)], 30_000, &[512])[20_000..28_000]);
    assert!((a - 69.0 - 12.0 * (415.0_f32 / 440.0).log2()).abs() < 0.1, "{a}");
}

/// Keys give the pitch, a voice that sings another gives the loudness; without a key it is silent.
#[test]
fn keys_give_the_pitch_of_a_voice() {
    let tone = |n: usize| (1..12).map(|k| 0.12 / k as f32 * (0.0251 * (k * n) as f32).sin()).sum::<f32>();
    let voice: Vec<f32> = (0..96_000).map(tone).collect();
    let render = |blocks: &[usize]| {
        let mut engine = Engine::new(EngineConfig::default(), syrinx_models::factory()).unwrap();
        let settings =
            Settings { instrument_a: number("trumpet"), room: 0.0, pitch_from: PitchFrom::Keys, ..Settings::default() };
        engine.set(&settings);
        let events = [on(30_000, 69), on(50_000, 64), off(60_000, 64), off(75_000, 69)];
        let (mut out, mut at, mut sizes) = (vec![0.0; voice.len()], 0, blocks.iter().cycle());
        while at < voice.len() {
            let to = voice.len().min(at + sizes.next().unwrap());
            let inside = events.iter().filter(|event| (at..to).contains(&event.at));
            let here: Vec<Event> = inside.map(|event| Event { at: event.at - at, ..*event }).collect();
            let output = &mut [&mut out[at..to]];
            assert_no_alloc(|| engine.play(Block { input: &[&voice[at..to]], output, events: &here }));
            at = to;
        }
        (out, engine.latency_samples())
    };
    let (sound, latency) = render(&[512]);
    assert!(render(&[1, 77, 2048, 64]).0 == sound, "blocks change it");
    assert!(rms(&sound[10_000..30_000]) < 1e-4, "no key is down");
    let first = (30_000..40_000).find(|n| sound[*n].abs() > 1e-3).unwrap();
    assert!((30_000 + latency - 250..30_000 + latency + 700).contains(&first), "{first}: a key is as late as its voice");
    for (from, wanted) in [(40_000, 69.0), (54_000, 64.0), (66_000, 69.0)] {
        let found = pitch(&sound[from..from + 6000]);
        assert!((found - wanted).abs() < 0.05, "{found} at {from}");
    }
    assert!(rms(&sound[82_000..]) < 1e-4, "nothing hangs");
}

/// How hard a note is played can be said by a controller, all the time, and then by nothing else.
#[test]
fn a_controller_says_how_hard_notes_are_played() {
    let steady = |dynamics: KeyDynamics| {
        let mut keys = keys("trumpet");
        keys.set(&Settings { vibrato: 0.0, life: 0.0, ..keys.settings() });
        keys.set_keys(&KeySettings { dynamics: dynamics as u8, ..KeySettings::default() });
        keys
    };
    let say = |dynamics: KeyDynamics, at: usize, value: f32| match dynamics {
        KeyDynamics::Wheel => control(at, 1, value),
        KeyDynamics::Breath => control(at, 2, value),
        KeyDynamics::Expression => control(at, 11, value),
        _ => message(at, 0, Message::Pressure(value)),
    };
    for dynamics in [KeyDynamics::Wheel, KeyDynamics::Breath, KeyDynamics::Expression, KeyDynamics::Pressure] {
        let struck = |velocity: f32| message(100, 0, Message::NoteOn { key: 65, velocity });
        let swell = |velocity: f32| {
            let events = [
                say(dynamics, 0, 0.0),
                struck(velocity),
                say(dynamics, 20_000, 0.3),
                say(dynamics, 40_000, 0.9),
                say(dynamics, 60_000, 0.0),
            ];
            played(&mut steady(dynamics), &events, 80_000, &[512])
        };
        let sound = swell(0.2);
        assert!(swell(1.0) == sound, "{dynamics:?}: the velocity is heard");
        let level_db = |from: usize| 20.0 * rms(&sound[from..from + 5000]).max(1e-9).log10();
        assert!(level_db(10_000) < -80.0 && level_db(70_000) < -80.0, "{dynamics:?}: nobody plays");
        let grown = level_db(52_000) - level_db(32_000);
        assert!((10.0..25.0).contains(&grown), "{dynamics:?}: {grown} dB");
        // A vibrato would sway the pitch.
        let pitches: Vec<f32> = (0..6).map(|n| pitch(&sound[44_000 + 2000 * n..46_000 + 2000 * n])).collect();
        assert!(pitches.iter().all(|p| (p - pitches[0]).abs() < 0.1), "{dynamics:?}: {pitches:?}");
    }
}
