//! Parts that play with the lead: in time to the sample, whatever the blocks, without allocation or clicks, by rules that hold while chords change.

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use syrinx_engine::{
    Block, ChordFrom, Engine, EngineConfig, Event, EventKind, Instrument, Message, OWN_INSTRUMENT, PARTS, ParamId, PartRows,
    PartRule, Settings, Slot,
};
use syrinx_testkit::{RATE_HZ, heard};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

const NO_CHANCE: [(ParamId, f32); 4] =
    [(ParamId::life, 0.0), (ParamId::room, 0.0), (ParamId::noise, -60.0), (ParamId::auto_gate, 0.0)];

fn number(id: &str) -> f32 {
    syrinx_models::number(id).unwrap().into()
}

fn with(values: &[(ParamId, f32)]) -> Settings {
    let mut settings = Settings::default();
    NO_CHANCE.iter().chain(values).for_each(|(id, value)| settings.put(*id, *value));
    settings
}

/// What else is said of a part: which row, and its value.
type More = (fn(&PartRows) -> ParamId, f32);

/// A part that plays by a rule, so far from the lead, with more said of it.
fn part(n: usize, rule: PartRule, step: f32, more: &[More]) -> Vec<(ParamId, f32)> {
    let rows = ParamId::part_rows(n);
    let number = [PartRule::Off, PartRule::Interval, PartRule::Degree, PartRule::Chord, PartRule::Drone, PartRule::Unison];
    let number = number.iter().position(|known| *known == rule).unwrap() as f32;
    let more = more.iter().map(|(row, value)| (row(rows), *value));
    [(rows.rule, number), (rows.step, step)].into_iter().chain(more).collect()
}

fn engine(settings: &Settings, channels: usize) -> Engine {
    let config = EngineConfig { sample_rate_hz: RATE_HZ, channels, seed: 0 };
    let mut engine = Engine::new(config, syrinx_models::factory()).unwrap();
    engine.set(settings);
    engine
}

/// A voice on these notes (MIDI), half a second each, with breaths after every third.
fn sung(notes: &[f32]) -> Vec<f32> {
    let mut phase = 0.0_f32;
    let note = |(n, midi): (usize, &f32)| {
        let hz = 440.0 * ((midi - 69.0) / 12.0).exp2();
        let len = RATE_HZ as usize / 2;
        let rest = if n % 3 == 2 { len * 4 / 5 } else { len };
        (0..len)
            .map(|at| {
                phase = (phase + hz / RATE_HZ as f32).fract();
                let edge = (at.min(len - at) as f32 / 240.0).min(1.0);
                let soft = if at < rest { 1.0 } else { 0.0 };
                let tone: f32 = (1..12).map(|k| (std::f32::consts::TAU * phase * k as f32).sin() / k as f32).sum();
                0.12 * edge * soft * tone
            })
            .collect::<Vec<_>>()
    };
    notes.iter().enumerate().flat_map(note).collect()
}

/// What comes of a voice in blocks of these sizes, a side each. Nothing on the way allocates.
fn played(engine: &mut Engine, voice: &[f32], events: &[Event], blocks: &[usize]) -> [Vec<f32>; 2] {
    let channels = engine.config().channels;
    let mut sides = [vec![0.0; voice.len()], vec![0.0; voice.len()]];
    let (mut at, mut sizes) = (0, blocks.iter().cycle());
    while at < voice.len() {
        let to = voice.len().min(at + sizes.next().unwrap());
        let inside = events.iter().filter(|event| (at..to).contains(&event.at));
        let here: Vec<Event> = inside.map(|event| Event { at: event.at - at, ..*event }).collect();
        let [left, right] = &mut sides;
        let mut output = [&mut left[at..to], &mut right[at..to]];
        let input = &[&voice[at..to]];
        assert_no_alloc(|| engine.play(Block { input, output: &mut output[..channels], events: &here }));
        at = to;
    }
    sides
}

fn rms(x: &[f32]) -> f32 {
    (x.iter().map(|x| x * x).sum::<f32>() / x.len() as f32).sqrt()
}

/// The median pitch (MIDI) between two moments, s.
fn pitch(sound: &[f32], from_s: f32, to_s: f32) -> f32 {
    let at = |s: f32| (s * 250.0) as usize;
    let frames = &heard(RATE_HZ, sound)[at(from_s)..at(to_s)];
    let mut sure: Vec<f32> =
        frames.iter().filter(|f| f.confidence > 0.5).map(|f| 69.0 + 12.0 * (f.f0_hz / 440.0).log2()).collect();
    sure.sort_by(f32::total_cmp);
    sure.get(sure.len() / 2).copied().unwrap_or(f32::NAN)
}

#[test]
fn a_part_in_unison_goes_with_the_lead_and_later_by_what_is_set() {
    let voice = sung(&[60.0, 62.0, 64.0, 60.0]);
    let lead = played(&mut engine(&with(&[]), 2), &voice, &[], &[512]);
    let alone = |delay_ms: f32| {
        let mut values = part(2, PartRule::Unison, 0.0, &[(|rows| rows.delay, delay_ms)]);
        values.push((ParamId::lead_level, -60.0));
        let [left, right] = played(&mut engine(&with(&values), 2), &voice, &[], &[512]);
        assert_eq!(left, right, "it stands in the middle");
        left
    };
    let soon = alone(0.0);
    // In time: no other shift of a millisecond or more makes the two more alike.
    let envelope = |sound: &[f32]| sound.chunks(48).map(rms).collect::<Vec<f32>>();
    let (led, followed) = (envelope(&lead[0]), envelope(&soon));
    let unlike = |shift: usize| {
        let pairs = led[100..led.len() - 100].iter().zip(&followed[100 + shift - 20..]);
        pairs.map(|(a, b)| (a - b).powi(2)).sum::<f32>()
    };
    let best = (0..=40).min_by(|a, b| unlike(*a).total_cmp(&unlike(*b))).unwrap();
    assert!(best.abs_diff(20) <= 1, "{} ms late", best as i32 - 20);
    let (led, followed) = (heard(RATE_HZ, &lead[0]), heard(RATE_HZ, &soon));
    let both = led.iter().zip(&followed).filter(|(a, b)| a.confidence > 0.9 && b.confidence > 0.9);
    let cents: Vec<f32> = both.map(|(a, b)| 1200.0 * (b.f0_hz / a.f0_hz).log2().abs()).collect();
    assert!(cents.len() > 300 && cents.iter().filter(|c| **c > 2.0).count() < cents.len() / 20, "{cents:?}");
    // Later to the sample.
    let late = alone(20.0);
    assert!(soon[..voice.len() - 960].iter().zip(&late[960..]).skip(4800).all(|(a, b)| (a - b).abs() < 1e-4));
}

#[test]
fn blocks_do_not_change_a_choir_and_off_it_is_none() {
    let voice = sung(&[57.0, 64.0, 62.0, 65.0]);
    let mut values = Vec::new();
    let rules = [PartRule::Interval, PartRule::Degree, PartRule::Chord, PartRule::Drone, PartRule::Unison, PartRule::Chord];
    for (n, rule) in rules.into_iter().enumerate() {
        let instrument = number(["flute", "cello", "guitar", "organ", "violin", "trumpet"][n]);
        let more: &[More] =
            &[(|rows| rows.instrument, instrument), (|rows| rows.humanise, 60.0), (|rows| rows.pan, 30.0 * n as f32 - 60.0)];
        values.extend(part(n, rule, 1.0 + n as f32 % 3.0, more));
    }
    let settings = with(&values);
    let change = |at: usize, id: ParamId, value: f32| Event { at, kind: EventKind::Setting(id, value) };
    let rows = ParamId::part_rows(0);
    let events = [
        change(20_000, ParamId::chord_root, 5.0),
        change(30_011, rows.level, -12.0),
        change(40_077, rows.mute, 1.0),
        change(50_001, rows.rule, 0.0),
        change(60_000, rows.delay, 33.0),
    ];
    let once = played(&mut engine(&settings, 2), &voice, &events, &[512]);
    assert!(played(&mut engine(&settings, 2), &voice, &events, &[1, 64, 2048, 333]) == once);
    assert!(once.iter().flatten().all(|x| x.is_finite() && x.abs() <= 1.0));
    // Begun anew, it is the same.
    let mut again = engine(&settings, 2);
    played(&mut again, &voice, &events, &[512]);
    again.set(&settings);
    again.reset();
    assert!(played(&mut again, &voice, &events, &[512]) == once);
    // Silence has no choir.
    let silence = played(&mut engine(&settings, 2), &vec![0.0; 48_000], &[], &[512]);
    assert!(silence.iter().flatten().all(|x| x.abs() < 1e-5));
    // One channel hears the middle of both sides, which is where the guard has nothing to do.
    let mono = played(&mut engine(&settings, 1), &voice, &events, &[512]);
    let beside: Vec<f32> = (0..voice.len()).map(|n| mono[0][n] - 0.5 * (once[0][n] + once[1][n])).collect();
    assert!(rms(&beside) < 0.02 * rms(&mono[0]), "{} of {}", rms(&beside), rms(&mono[0]));
}

#[test]
fn each_rule_sounds_at_its_pitch() {
    let voice = sung(&[60.0, 64.0]);
    // In C major over C: the lead's E has the third G, the chord's next tone is G, and so on.
    for (rule, step, wanted) in [
        (PartRule::Interval, 7.0, [67.0, 71.0]),
        (PartRule::Degree, 2.0, [64.0, 67.0]),
        (PartRule::Degree, -2.0, [57.0, 60.0]),
        (PartRule::Chord, 1.0, [64.0, 67.0]),
        (PartRule::Drone, 7.0, [55.0, 55.0]),
        (PartRule::Unison, 1.0, [72.0, 76.0]),
    ] {
        let mut values = part(0, rule, step, &[(|rows| rows.instrument, number("flute"))]);
        values.extend([(ParamId::lead_level, -60.0), (ParamId::snap_scale, 1.0)]);
        let [sound, _] = played(&mut engine(&with(&values), 2), &voice, &[], &[512]);
        let found = [pitch(&sound, 0.15, 0.45), pitch(&sound, 0.65, 0.95)];
        assert!(found.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 0.1), "{rule:?}: {found:?}");
    }
}

#[test]
fn a_chord_of_keys_voices_a_held_note_and_stays_when_they_go() {
    let voice = sung(&[67.0, 67.0, 67.0, 67.0])[..72_000].to_vec();
    let mut values = part(0, PartRule::Chord, -1.0, &[(|rows| rows.instrument, number("trumpet"))]);
    values.extend([(ParamId::lead_level, -60.0), (ParamId::chord_from, 1.0)]);
    let settings = with(&values);
    assert_eq!(settings.chord_from, ChordFrom::Keys);
    let key = |at: usize, key: u8, on: bool| {
        let message = if on { Message::NoteOn { key, velocity: 0.5 } } else { Message::NoteOff { key } };
        Event { at, kind: EventKind::Message { channel: 0, message } }
    };
    let mut events: Vec<Event> = [60, 64, 67].map(|pressed| key(12_000, pressed, true)).to_vec();
    events.extend([60, 64, 67].map(|released| key(18_000, released, false)));
    events.extend([59, 62, 67].map(|pressed| key(36_000, pressed, true)));
    let [sound, _] = played(&mut engine(&settings, 2), &voice, &events, &[512]);
    assert!(rms(&sound[2000..12_000]) < 1e-4, "without a chord there is no tone of it");
    for (from_s, wanted) in [(0.45, 64.0), (0.8, 62.0)] {
        let found = pitch(&sound, from_s, from_s + 0.18);
        assert!((found - wanted).abs() < 0.1, "{found} at {from_s} s");
    }
}

#[test]
fn mute_solo_and_level_come_without_a_click() {
    let voice = sung(&[60.0, 60.0, 60.0])[..48_000].to_vec();
    let tone = part(0, PartRule::Interval, 12.0, &[(|rows| rows.instrument, number("flute"))]);
    let settings = with(&tone);
    let rows = ParamId::part_rows(0);
    let steepest = |sound: &[f32]| sound.windows(3).map(|w| (w[0] - 2.0 * w[1] + w[2]).abs()).fold(0.0, f32::max);
    let [still, _] = played(&mut engine(&settings, 2), &voice, &[], &[512]);
    for (id, value) in [(rows.mute, 1.0), (rows.solo, 1.0), (rows.level, -60.0), (rows.pan, -100.0), (rows.rule, 0.0)] {
        let event = Event { at: 15_123, kind: EventKind::Setting(id, value) };
        let [moved, _] = played(&mut engine(&settings, 2), &voice, &[event], &[512]);
        assert!(steepest(&moved[10_000..22_000]) < 1.5 * steepest(&still[10_000..22_000]), "{id:?} clicks");
        assert!(rms(&moved[20_000..22_000]) != rms(&still[20_000..22_000]), "{id:?} does nothing");
    }
}

#[test]
fn a_section_has_all_the_players_that_are_left_and_they_are_not_in_step() {
    let voice = sung(&[60.0, 62.0, 64.0]);
    let values = part(3, PartRule::Unison, 0.0, &[(|rows| rows.players, 8.0)]);
    let mut settings = with(&values);
    settings.lead_level = -60.0;
    let [left, right] = played(&mut engine(&settings, 2), &voice, &[], &[512]);
    let one = with(&[part(3, PartRule::Unison, 0.0, &[]), vec![(ParamId::lead_level, -60.0)]].concat());
    let [alone, _] = played(&mut engine(&one, 2), &voice, &[], &[512]);
    // Eight that are not in step are as loud as one.
    let level = 20.0 * (rms(&left[12_000..60_000]) / rms(&alone[12_000..60_000])).log10();
    assert!(level.abs() < 4.0, "{level} dB");
    let apart: Vec<f32> = left.iter().zip(&right).map(|(l, r)| l - r).collect();
    assert!(rms(&apart) > 0.2 * rms(&left), "they stand apart");
}

/// The same instrument, in nine slots; and whatever no player wants.
#[test]
fn the_leads_own_instrument_plays_every_part_and_what_is_wild_is_harmless() {
    let voice = sung(&[60.0, 62.0, 64.0]);
    let mut values: Vec<(ParamId, f32)> = (0..PARTS).flat_map(|n| part(n, PartRule::Interval, n as f32 - 4.0, &[])).collect();
    values.push((ParamId::instrument_a, OWN_INSTRUMENT.into()));
    let mut own = Engine::new(EngineConfig { sample_rate_hz: RATE_HZ, channels: 2, seed: 0 }, &[]).unwrap();
    let flute = syrinx_models::load("flute").unwrap();
    own.set(&with(&values));
    let silent = played(&mut own, &voice, &[], &[512]);
    assert!(silent.iter().flatten().all(|x| *x == 0.0), "nobody has an instrument");
    let mut made = [0, 1].map(|_| Some(Box::new(Instrument::with_choir(RATE_HZ, &flute))));
    for instrument in &mut made {
        let mut back = Ok(());
        assert_no_alloc(|| back = own.install(Slot::A, instrument.take()));
        assert!(back.is_ok());
        let sound = played(&mut own, &voice, &[], &[512]);
        assert!(rms(&sound[0]) > 0.01);
        let parts = own.parts();
        assert!(parts.iter().all(Option::is_some), "{parts:?}");
        let mut gone = Vec::with_capacity(2 * PARTS);
        assert_no_alloc(|| {
            while let Some(instrument) = own.retired() {
                gone.push(instrument);
            }
        });
        assert!(gone.is_empty() || gone.len() == 1 + PARTS);
    }
    let wild: Vec<Event> = (0..4000_usize)
        .map(|n| {
            let id = ParamId::ALL[ParamId::lead_level.index() + n % (ParamId::ALL.len() - ParamId::lead_level.index())];
            let value = [f32::NAN, -1e9, 1e9, 0.0, 1.0, 3.0][n % 6];
            Event { at: n * 17, kind: EventKind::Setting(id, value) }
        })
        .collect();
    let sound = played(&mut engine(&with(&values), 2), &voice, &wild, &[512]);
    assert!(sound.iter().flatten().all(|x| x.is_finite() && x.abs() <= 1.0));
    // Chords as quick as sound, and of twelve notes; two who sing at once.
    let mut chords: Vec<(ParamId, f32)> = (0..PARTS).flat_map(|n| part(n, PartRule::Chord, n as f32 - 4.0, &[])).collect();
    chords.push((ParamId::chord_from, 1.0));
    let keys: Vec<Event> = (0..20_000_usize)
        .map(|n| {
            let key = (n * 7 % 128) as u8;
            let message = if n % 3 < 2 { Message::NoteOn { key, velocity: 1.0 } } else { Message::NoteOff { key } };
            Event { at: 3 * n, kind: EventKind::Message { channel: (n % 16) as u8, message } }
        })
        .collect();
    let two: Vec<f32> = voice.iter().zip(sung(&[67.0, 59.0, 70.0])).map(|(a, b)| 0.5 * (a + b)).collect();
    let sound = played(&mut engine(&with(&chords), 2), &two, &keys, &[512]);
    assert!(sound.iter().flatten().all(|x| x.is_finite() && x.abs() <= 1.0) && rms(&sound[0]) > 0.005);
}
