//! Syrinx for the stage: a voice in at a sound card, or notes in at MIDI inputs, and the instrument out, with the plugin's own window and state.
//!
//! Three threads: the main thread has the window (or waits), the supervisor opens the sound card, watches it and opens it anew when it
//! comes back after it has vanished, and the sound card's own thread plays. Where it is played from notes, a fourth looks what is plugged in. Between them go the parameters' atomics, the library's rings,
//! and a mutex around the player that the sound card's thread only ever tries: nobody else holds it while a stream runs.

mod audio;
mod audio_devices;
mod config;
mod dummy;
mod jack_client;
mod midi_ports;
mod options;
mod supervisor;
mod window;

use clap::Parser;
use options::Options;
use std::{
    process::ExitCode,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use supervisor::Supervisor;
use syrinx_engine::{Kind as ParamKind, ParamId, Slot};
use syrinx_plugin::{judged, params::instrument_number, player::Player, source::Source, state, tuning_files::Kind};

/// What ends the program: one sentence for the player.
type Failure = String;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("syrinx: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    if options.list_devices {
        print!("{}", audio::list());
        return Ok(());
    }
    let config = config::Config::new(options)?;
    let remembered = if options.forget { config::SoundConfig::default() } else { config.sound() };
    let wanted = options.wanted(&remembered);
    let (owner, mut player) = Player::of(options.source());
    let (params, shown) = (owner.params().clone(), owner.shown().clone());
    let session = config.session()?;
    if !options.forget
        && let Some(session) = session
        && let Err(why) = state::from_json(&session, &params)
    {
        // What is there may be worth something to another Syrinx.
        let kept = config.set_session_aside()?;
        params.notices().say(format!("The last session was not loaded: {why}. It is kept as {}.", kept.display()));
    }
    set_up(options, &params)?;
    // So that the delay is known, and a rate that Syrinx does not play at refused, before a sound card is touched.
    let inputs = usize::from(options.source() == Source::Voice);
    owner.activate(&mut player, f64::from(wanted.sample_rate_hz), inputs, audio::OUTPUTS).map_err(|e| e.to_string())?;

    let stop = Arc::new(AtomicBool::new(false));
    let stopping = stop.clone();
    ctrlc::set_handler(move || stopping.store(true, Ordering::Relaxed)).map_err(|e| e.to_string())?;
    player.set_midi_only();
    let sung = Arc::new(audio::SungNotes::default());
    let instance = audio::Instance { owner, player: Arc::new(Mutex::new(player)), sung: sung.clone() };
    shown.midi_inputs.hear(wanted.midi.clone());
    let mut midi = {
        let (shown, stop, source) = (shown.clone(), stop.clone(), options.source());
        vec![std::thread::spawn(move || midi_ports::run(&shown, source, &stop))]
    };
    if options.source() == Source::Voice {
        let stop = stop.clone();
        midi.push(std::thread::spawn(move || midi_ports::send(&sung, &stop)));
    }
    let supervisor = Supervisor { wanted, instance, config, stop: stop.clone(), patient: !options.no_window, told: None };
    let supervisor = std::thread::spawn(move || supervisor.run());
    if let Some(seconds) = options.seconds {
        let stop = stop.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs_f64(seconds));
            stop.store(true, Ordering::Relaxed);
        });
    }
    if !options.no_window {
        match window::run(&params, &shown, &stop) {
            Ok(()) => stop.store(true, Ordering::Relaxed),
            Err(why) => eprintln!("syrinx: no window can be opened ({why}); playing without one, Ctrl-C ends it"),
        }
    }
    let ended = supervisor.join().map_err(|_| "the sound card's supervisor panicked")?;
    if midi.into_iter().any(|thread| thread.join().is_err()) {
        return Err("what is at MIDI's ports panicked".into());
    }
    ended
}

/// Sets what the flags say of the sound.
fn set_up(options: &Options, params: &syrinx_plugin::params::SyrinxParams) -> Result<(), Failure> {
    let mut values = params.values();
    if let Some(name) = &options.instrument {
        values.settings.instrument_a = instrument(name, params)?;
    }
    if let Some(latency) = options.latency {
        values.settings.latency_mode = latency.into();
    }
    for assignment in &options.set {
        let (id, text) = assignment.split_once('=').ok_or_else(|| format!("--set takes PARAM=VALUE, not {assignment:?}"))?;
        let row = ParamId::named(id.trim()).filter(|known| known.param().kind == ParamKind::Instrument);
        match (id.trim(), row.and_then(|row| Some((row, instrument_number(row.param(), text)?)))) {
            (_, Some((row, number))) => values.settings.put(row, number.into()),
            (id, _) if params.source().param(id).is_none() => {
                let known: Vec<_> = params.source().params().map(|row| row.id).collect();
                let product = params.source().product();
                return Err(format!("{product} has no parameter {id:?}; it has {}", known.join(", ")));
            }
            (id, _) => values.set(id, text).map_err(|e| e.to_string())?,
        }
    }
    params.apply_all(&values);
    let mut tuning = params.library().tuning();
    for (kind, path) in [(Kind::Scale, &options.scale), (Kind::Mapping, &options.keyboard_map)] {
        if let Some(path) = path {
            tuning = tuning.with(kind, path)?;
        }
    }
    params.library().tune(tuning)?;
    Ok(())
}

/// The number of the instrument called `name`; the player's own file is put into the library.
fn instrument(name: &str, params: &syrinx_plugin::params::SyrinxParams) -> Result<u8, Failure> {
    if let Some(number) = syrinx_models::number(name) {
        return Ok(number);
    }
    let path = std::path::Path::new(name);
    if path.exists() || name.ends_with(".onnx") {
        params.library().put(Slot::A, judged::from_file(path).map_err(|e| format!("{name}: {e}"))?);
        return Ok(syrinx_engine::OWN_INSTRUMENT);
    }
    let known: Vec<_> = syrinx_models::ids().collect();
    Err(format!("there is no instrument {name:?}: give a model file (.onnx) or one of {}", known.join(", ")))
}
