//! JACK, and PipeWire in its clothes: voice or notes in and sound out in one callback, so that nothing comes later than JACK itself.

use crate::{
    Failure,
    audio::{self, Health, Instance, PlayerHandle, Running, Stream},
    midi_ports,
    options::Wanted,
};
use jack::{
    AsyncClient, AudioIn, AudioOut, Client, ClientOptions, ClientStatus, Control, Frames, LatencyType, MidiIn, MidiOut,
    NotificationHandler, Port, PortFlags, ProcessHandler, ProcessScope, RawMidi, Unowned,
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use syrinx_plugin::changes::Changes;

/// The client's name, of who listens to a voice and of who is played from keys.
const CLIENT: &str = "syrinx";
const KEYS_CLIENT: &str = "syrinx-keys";
const AUDIO: &str = "32 bit float mono audio";
const MIDI: &str = "8 bit raw midi";
/// As a port's name: leave it unconnected.
const UNCONNECTED: &str = "none";
/// No block has been played yet.
const NOT_YET: u64 = u64::MAX;

/// The ports and the player, on JACK's thread.
struct Process {
    voice: Option<Port<AudioIn>>,
    notes: Port<MidiIn>,
    /// Where a voice's notes go.
    sung: Option<Port<MidiOut>>,
    left: Port<AudioOut>,
    right: Port<AudioOut>,
    handle: PlayerHandle,
    changes: Changes,
    begun: Arc<AtomicU64>,
}

impl ProcessHandler for Process {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        let _ = self.begun.compare_exchange(NOT_YET, scope.last_frame_time().into(), Ordering::Relaxed, Ordering::Relaxed);
        let (left, right) = (self.left.as_mut_slice(scope), self.right.as_mut_slice(scope));
        self.changes.begin(left.len());
        match &self.voice {
            Some(voice) => left.copy_from_slice(voice.as_slice(scope)),
            None => left.fill(0.0),
        }
        for said in self.notes.iter(scope) {
            if let Some((channel, message)) = midi_ports::message(said.bytes) {
                self.changes.say(said.time.into(), channel, message);
            }
        }
        self.changes.sort();
        match &mut self.sung {
            Some(port) => {
                let mut writer = port.writer(scope);
                self.handle.play_and_send(left, right, &self.changes, |at, bytes| {
                    // Of more than JACK has room for, the last are lost.
                    let _ = writer.write(&RawMidi { time: at as u32, bytes: &bytes[..midi_ports::len(bytes)] });
                });
            }
            None => self.handle.play(left, right, &self.changes),
        }
        Control::Continue
    }
}

/// What JACK tells on a thread of its own.
struct Notices {
    health: Arc<Health>,
    sample_rate_hz: u32,
}

impl NotificationHandler for Notices {
    unsafe fn shutdown(&mut self, _: ClientStatus, _: &str) {
        self.health.is_gone();
    }

    fn sample_rate(&mut self, _: &Client, rate: Frames) -> Control {
        if rate != self.sample_rate_hz {
            self.health.ends(format!("JACK changed its sample rate to {rate} Hz"));
        }
        Control::Continue
    }

    fn xrun(&mut self, _: &Client) -> Control {
        self.health.dropout();
        Control::Continue
    }
}

struct Jack {
    client: Option<AsyncClient<Notices, Process>>,
    /// The voice's port, where there is one.
    voice: Option<Port<Unowned>>,
    left: Port<Unowned>,
    begun: Arc<AtomicU64>,
    told: AtomicU64,
}

impl Running for Jack {
    fn card_latency_samples(&self) -> Option<usize> {
        // For whoever compares a recording of JACK's with another to the sample.
        let begun = self.begun.load(Ordering::Relaxed);
        if begun != self.told.swap(begun, Ordering::Relaxed) {
            eprintln!("syrinx: the stream began at JACK's frame {begun}");
        }
        let capture = self.voice.as_ref().map_or(0, |voice| voice.get_latency_range(LatencyType::Capture).1);
        let playback = self.left.get_latency_range(LatencyType::Playback).1;
        Some((capture + playback) as usize)
    }
}

impl Drop for Jack {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            // A server that is gone has nothing left to say goodbye to.
            let _ = client.deactivate();
        }
    }
}

fn client(name: &str) -> Result<Client, Failure> {
    jack::set_logger(jack::LoggerType::None);
    match Client::new(name, ClientOptions::NO_START_SERVER) {
        Ok((client, _)) => Ok(client),
        Err(jack::Error::LibraryError(_)) => Err("libjack is not installed.".into()),
        Err(_) => Err("no JACK server runs.".into()),
    }
}

fn ports(client: &Client, kind: &str, flags: PortFlags) -> Vec<String> {
    let own = format!("{}:", client.name());
    client.ports(None, Some(kind), flags).into_iter().filter(|name| !name.starts_with(&own)).collect()
}

/// The JACK ports there are, in words.
pub fn list() -> Result<Vec<String>, Failure> {
    let client = client(CLIENT)?;
    let lines = |kind, flags, what: &str| {
        ports(&client, kind, flags).into_iter().map(|name| format!("{what} {name}")).collect::<Vec<_>>()
    };
    let rate = format!("{} Hz, blocks of {}", client.sample_rate(), client.buffer_size());
    Ok([
        vec![rate],
        lines(AUDIO, PortFlags::IS_OUTPUT, "input "),
        lines(AUDIO, PortFlags::IS_INPUT, "output"),
        lines(MIDI, PortFlags::IS_OUTPUT, "notes "),
    ]
    .concat())
}

/// The ports to connect to: those whose names hold `name`, or else the sound card's.
fn wanted_ports(client: &Client, kind: &str, flags: PortFlags, name: Option<&str>, what: &str) -> Result<Vec<String>, Failure> {
    match name {
        None => Ok(ports(client, kind, flags | PortFlags::IS_PHYSICAL)),
        Some(UNCONNECTED) => Ok(Vec::new()),
        Some(name) => {
            let all = ports(client, kind, flags);
            if all.iter().any(|port| port == name) {
                return Ok(vec![name.into()]);
            }
            let found: Vec<_> = all.iter().filter(|port| port.to_lowercase().contains(&name.to_lowercase())).cloned().collect();
            let there_are = if all.is_empty() { "none".into() } else { all.join(", ") };
            if found.is_empty() { Err(format!("JACK has no {what} {name:?}; it has {there_are}.")) } else { Ok(found) }
        }
    }
}

/// The port that the voice comes from.
fn voices_port(client: &Client, wanted: &Wanted) -> Result<Option<String>, Failure> {
    let sources = wanted_ports(client, AUDIO, PortFlags::IS_OUTPUT, wanted.input.as_deref(), "input")?;
    match sources.get(wanted.channel) {
        Some(source) => Ok(Some(source.clone())),
        // One port named in full is the microphone, whatever its number.
        None if wanted.input.is_some() && sources.len() == 1 => Ok(sources.first().cloned()),
        None if sources.is_empty() => Ok(None),
        None => Err(format!("JACK's input has no channel {}; it has {}.", wanted.channel + 1, sources.join(", "))),
    }
}

/// The port that notes come from, where one is named: what is plugged in is heard by the system's own way already.
fn notes_port(client: &Client, wanted: &Wanted) -> Result<Option<String>, Failure> {
    let Some(name) = wanted.input.as_deref() else { return Ok(None) };
    Ok(wanted_ports(client, MIDI, PortFlags::IS_OUTPUT, Some(name), "MIDI output")?.into_iter().next())
}

/// Joins the graph of a running server.
pub fn open(wanted: &Wanted, instance: &Instance) -> Result<Stream, Failure> {
    let client = client(if instance.hears() { CLIENT } else { KEYS_CLIENT })?;
    let failed = |e: jack::Error| format!("JACK refuses: {e}.");
    let source = if instance.hears() { voices_port(&client, wanted)? } else { notes_port(&client, wanted)? };
    let sinks = wanted_ports(&client, AUDIO, PortFlags::IS_INPUT, wanted.output.as_deref(), "output")?;
    let (rate, buffer) = (client.sample_rate(), client.buffer_size());
    audio::activate(instance, rate)?;
    let health = Arc::new(Health::default());
    let begun = Arc::new(AtomicU64::new(NOT_YET));
    let voice = instance.hears().then(|| client.register_port("voice", AudioIn::default())).transpose().map_err(failed)?;
    let notes = client.register_port("notes", MidiIn::default()).map_err(failed)?;
    let sung = instance.hears().then(|| client.register_port("sung notes", MidiOut::default())).transpose().map_err(failed)?;
    let left = client.register_port("left", AudioOut::default()).map_err(failed)?;
    let right = client.register_port("right", AudioOut::default()).map_err(failed)?;
    let unowned = (voice.as_ref().map(Port::clone_unowned), left.clone_unowned());
    let input = voice.as_ref().map_or_else(|| notes.name(), Port::name);
    let names = [input, left.name(), right.name()].into_iter().collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let handle = PlayerHandle { player: instance.player.clone(), health: health.clone(), sung: instance.sung.clone() };
    let process = Process { voice, notes, sung, left, right, handle, changes: Changes::default(), begun: begun.clone() };
    let notices = Notices { health: health.clone(), sample_rate_hz: rate };
    // Connections are possible, and kept, only while the client is active.
    let active = client.activate_async(notices, process).map_err(failed)?;
    let connect = |from: &str, to: &str| {
        active.as_client().connect_ports_by_name(from, to).map_err(|e| format!("{from} cannot be connected to {to}: {e}."))
    };
    if let Some(source) = &source {
        connect(source, &names[0])?;
    }
    for (name, sink) in names[1..].iter().zip(&sinks) {
        connect(name, sink)?;
    }
    let sinks = sinks.iter().take(audio::OUTPUTS).map(String::as_str).collect::<Vec<_>>().join(" and ");
    let or_nothing = |name: &str| if name.is_empty() { "nothing yet".to_owned() } else { name.to_owned() };
    Ok(Stream {
        description: format!("JACK: {} in, {} out", or_nothing(source.as_deref().unwrap_or_default()), or_nothing(&sinks)),
        sample_rate_hz: rate,
        buffer,
        health,
        running: Box::new(Jack { client: Some(active), voice: unowned.0, left: unowned.1, begun, told: AtomicU64::new(NOT_YET) }),
    })
}
