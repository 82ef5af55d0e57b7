//! The system's sound cards (ALSA, CoreAudio, WASAPI). They have one callback for the voice and one for the sound; between the two runs a
//! ring that is kept as empty as the callbacks' rhythm allows, for every sample in it is heard later.

use crate::{
    Failure,
    audio::{self, Health, Instance, OUTPUTS, PlayerHandle, Running, Stream},
    options::{CARDS, Wanted},
};
use cpal::{
    BufferSize, Device, ErrorKind, FromSample, I24, Sample, SampleFormat, SizedSample, StreamConfig, SupportedBufferSize,
    SupportedStreamConfigRange,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use syrinx_plugin::changes::Changes;

/// Samples that the output's callback plays at a time.
const STEP: usize = 256;

/// Both streams, or that of the sound alone where no voice is heard; and how long sound takes on its way through the card.
struct Devices {
    input: Option<cpal::Stream>,
    _output: cpal::Stream,
    /// From the microphone to the input's callback, in the ring, and from the output's callback to the loudspeaker, samples.
    latency: Arc<[AtomicUsize; 3]>,
}

impl Running for Devices {
    fn card_latency_samples(&self) -> Option<usize> {
        let parts = self.latency.each_ref().map(|part| part.load(Ordering::Relaxed));
        let parts = if self.input.is_some() { &parts[..] } else { &parts[2..] };
        parts.iter().all(|part| *part > 0).then(|| parts.iter().sum())
    }
}

/// ALSA writes to the terminal whatever it stumbles over while it looks for cards and MIDI inputs. What matters of it comes back as an error, and is said
/// in a sentence.
pub fn hush() {
    #[cfg(target_os = "linux")]
    let _ = alsa::Output::local_error_handler();
}

fn inputs() -> Result<Vec<Device>, Failure> {
    Ok(cpal::default_host().input_devices().map_err(|e| format!("{CARDS} lists no inputs ({e})."))?.collect())
}

fn outputs() -> Result<Vec<Device>, Failure> {
    Ok(cpal::default_host().output_devices().map_err(|e| format!("{CARDS} lists no outputs ({e})."))?.collect())
}

/// A device's id, which is one, and its name, which people know it by.
fn names(device: &Device) -> [String; 2] {
    [device.id().map(|id| id.to_string()).unwrap_or_default(), device.to_string()]
}

/// The sound cards there are, in words.
pub fn list() -> Result<Vec<String>, Failure> {
    hush();
    let lines = |devices: &[Device], what: &str| {
        devices
            .iter()
            .map(|d| {
                let [id, name] = names(d);
                format!("{what} {id}  {name}")
            })
            .collect::<Vec<_>>()
    };
    Ok([lines(&inputs()?, "input "), lines(&outputs()?, "output")].concat())
}

/// The device called `name`, or by a part of it; the system's default without a name.
fn device(name: Option<&str>, default: Option<Device>, all: Vec<Device>, what: &str) -> Result<Device, Failure> {
    let Some(name) = name else {
        return default.ok_or_else(|| format!("There is no {what} ({CARDS})."));
    };
    let known = || {
        let list: Vec<String> = all.iter().map(|d| names(d)[0].clone()).collect();
        if list.is_empty() { "none".to_owned() } else { list.join(", ") }
    };
    let part = name.to_lowercase();
    let exact = all.iter().find(|d| names(d).iter().any(|n| n == name));
    let near = || all.iter().find(|d| names(d).iter().any(|n| n.to_lowercase().contains(&part)));
    exact.or_else(near).cloned().ok_or_else(|| format!("There is no {what} {name:?} ({CARDS}); there are {}.", known()))
}

/// The format that a device is opened with: of those with the rate, and channels enough, the one nearest to how Syrinx computes.
fn format(
    configs: impl Iterator<Item = SupportedStreamConfigRange>,
    wanted: &Wanted,
    channels: usize,
    what: &str,
) -> Result<(StreamConfig, SampleFormat), Failure> {
    let configs: Vec<_> = configs.collect();
    let rate = wanted.sample_rate_hz;
    let preference = |format: SampleFormat| match format {
        SampleFormat::F32 => Some(0),
        SampleFormat::I32 => Some(1),
        SampleFormat::I24 => Some(2),
        SampleFormat::I16 => Some(3),
        _ => None,
    };
    let fits = |c: &&SupportedStreamConfigRange| {
        (c.min_sample_rate()..=c.max_sample_rate()).contains(&rate) && preference(c.sample_format()).is_some()
    };
    let best = configs
        .iter()
        .filter(fits)
        .filter(|c| usize::from(c.channels()) >= channels)
        .min_by_key(|c| (c.channels(), preference(c.sample_format())))
        // A loudspeaker alone gets both sides in one.
        .or_else(|| configs.iter().filter(fits).max_by_key(|c| c.channels()).filter(|_| what == "output"));
    let Some(best) = best else {
        let offers: Vec<String> = configs
            .iter()
            .map(|c| {
                format!(
                    "{} channels of {} at {} to {} Hz",
                    c.channels(),
                    c.sample_format(),
                    c.min_sample_rate(),
                    c.max_sample_rate()
                )
            })
            .collect();
        return Err(format!("The {what} does not do channel {channels} at {rate} Hz; it offers {}.", offers.join("; ")));
    };
    if let SupportedBufferSize::Range { min, max } = best.buffer_size()
        && !(*min..=*max).contains(&wanted.buffer)
    {
        return Err(format!("The {what} does not do buffers of {} samples; it does {min} to {max}.", wanted.buffer));
    }
    let config = StreamConfig { channels: best.channels(), sample_rate: rate, buffer_size: BufferSize::Fixed(wanted.buffer) };
    Ok((config, best.sample_format()))
}

/// What becomes of a stream's error.
fn on_error(health: Arc<Health>, what: &'static str) -> impl FnMut(cpal::Error) + Send + 'static {
    move |error| match error.kind() {
        ErrorKind::Xrun => health.dropout(),
        ErrorKind::DeviceChanged => {}
        ErrorKind::RealtimeDenied => eprintln!("syrinx: the system refuses real-time priority; expect crackles under load"),
        _ => health.ends(format!("the {what} has gone ({error})")),
    }
}

struct Voice {
    ring: Producer<f32>,
    channel: usize,
    channels: usize,
    health: Arc<Health>,
}

impl Voice {
    fn hear<T: Sample>(&mut self, data: &[T])
    where
        f32: FromSample<T>,
    {
        for frame in data.chunks_exact(self.channels) {
            // A full ring means an output that stands still, which says so itself.
            let _ = self.ring.push(frame[self.channel].to_sample());
        }
        if self.ring.is_full() {
            self.health.dropout();
        }
    }
}

struct CardOutput {
    /// Where the voice comes from, if one is heard.
    ring: Option<Consumer<f32>>,
    /// Samples in the ring at which playing begins: with less, the next callback of the input may come too late.
    target: usize,
    playing: bool,
    channels: usize,
    handle: PlayerHandle,
    latency: Arc<[AtomicUsize; 3]>,
    /// Nothing happens inside of a block.
    none: Changes,
}

impl CardOutput {
    /// Keeps the ring as empty as it may be; whether there is enough in it for `len` samples.
    fn wait_for_voice(&mut self, len: usize) -> bool {
        let Some(ring) = &mut self.ring else { return false };
        let waiting = ring.slots();
        if !self.playing && waiting >= self.target.max(len) {
            self.playing = true;
        }
        if self.playing {
            if waiting < len {
                self.playing = false;
                self.handle.health.dropout();
            } else if waiting > 3 * self.target.max(len) {
                // The input's clock runs ahead of the output's; or the system stood still.
                let excess = waiting - self.target.max(len);
                if let Ok(chunk) = ring.read_chunk(excess) {
                    chunk.commit_all();
                }
                self.handle.health.dropout();
            }
        }
        self.latency[1].store(ring.slots().saturating_sub(len).max(1), Ordering::Relaxed);
        self.playing
    }

    fn play<T: Sample + FromSample<f32>>(&mut self, data: &mut [T]) {
        let hears = self.wait_for_voice(data.len() / self.channels);
        for block in data.chunks_mut(STEP * self.channels) {
            let (mut left, mut right) = ([0.0; STEP], [0.0; STEP]);
            let len = block.len() / self.channels;
            if let Some(ring) = self.ring.as_mut().filter(|_| hears) {
                left[..len].fill_with(|| ring.pop().unwrap_or(0.0));
            }
            self.handle.play(&mut left[..len], &mut right[..len], &self.none);
            for ((frame, left), right) in block.chunks_exact_mut(self.channels).zip(left).zip(right) {
                match frame {
                    [only] => *only = T::from_sample(0.5 * (left + right)),
                    [l, r, rest @ ..] => {
                        (*l, *r) = (T::from_sample(left), T::from_sample(right));
                        rest.fill(T::EQUILIBRIUM);
                    }
                    [] => {}
                }
            }
        }
    }
}

fn hear<T: SizedSample>(
    device: &Device,
    config: StreamConfig,
    mut voice: Voice,
    latency: Arc<[AtomicUsize; 3]>,
) -> Result<cpal::Stream, cpal::Error>
where
    f32: FromSample<T>,
{
    let health = voice.health.clone();
    device.build_input_stream(
        config,
        move |data: &[T], info: &cpal::InputCallbackInfo| {
            voice.hear(data);
            let times = info.timestamp();
            let since = times.callback.duration_since(times.capture);
            latency[0].store(samples(since, config.sample_rate), Ordering::Relaxed);
        },
        on_error(health, "input"),
        None,
    )
}

fn sound<T: SizedSample + FromSample<f32>>(
    device: &Device,
    config: StreamConfig,
    mut sound: CardOutput,
) -> Result<cpal::Stream, cpal::Error> {
    let health = sound.handle.health.clone();
    device.build_output_stream(
        config,
        move |data: &mut [T], info: &cpal::OutputCallbackInfo| {
            sound.play(data);
            let times = info.timestamp();
            let until = times.playback.duration_since(times.callback);
            sound.latency[2].store(samples(until, config.sample_rate), Ordering::Relaxed);
        },
        on_error(health, "output"),
        None,
    )
}

/// A time in samples; 0 is kept for "not known".
fn samples(time: std::time::Duration, rate_hz: u32) -> usize {
    ((time.as_secs_f64() * f64::from(rate_hz)).round() as usize).max(1)
}

fn cannot(what: &str, device: &Device, e: cpal::Error) -> Failure {
    format!("The {what} {} cannot be opened: {}.", names(device)[0], e.to_string().trim_end_matches('.'))
}

/// Opens the sound cards.
pub fn open(wanted: &Wanted, instance: &Instance) -> Result<Stream, Failure> {
    hush();
    let host = cpal::default_host();
    let input = match instance.hears() {
        true => {
            let input = device(wanted.input.as_deref(), host.default_input_device(), inputs()?, "input")?;
            let offers = input.supported_input_configs().map_err(|e| cannot("input", &input, e))?;
            let (config, format) = format(offers, wanted, wanted.channel + 1, "input")?;
            Some((input, config, format))
        }
        false => None,
    };
    let output = device(wanted.output.as_deref(), host.default_output_device(), outputs()?, "output")?;
    let offers = output.supported_output_configs().map_err(|e| cannot("output", &output, e))?;
    let (output_config, output_format) = format(offers, wanted, OUTPUTS, "output")?;

    audio::activate(instance, wanted.sample_rate_hz)?;
    let health = Arc::new(Health::default());
    let latency: Arc<[AtomicUsize; 3]> = Arc::default();
    let buffer = wanted.buffer as usize;
    let (producer, consumer) = RingBuffer::new((8 * buffer).max(wanted.sample_rate_hz as usize / 4));
    let heard = match &input {
        Some((input, config, format)) => {
            let voice =
                Voice { ring: producer, channel: wanted.channel, channels: usize::from(config.channels), health: health.clone() };
            let heard = match format {
                SampleFormat::F32 => hear::<f32>(input, *config, voice, latency.clone()),
                SampleFormat::I32 => hear::<i32>(input, *config, voice, latency.clone()),
                SampleFormat::I24 => hear::<I24>(input, *config, voice, latency.clone()),
                _ => hear::<i16>(input, *config, voice, latency.clone()),
            };
            Some(heard.map_err(|e| cannot("input", input, e))?)
        }
        None => None,
    };
    let player = CardOutput {
        ring: instance.hears().then_some(consumer),
        target: buffer + buffer / 2,
        playing: false,
        channels: usize::from(output_config.channels),
        handle: PlayerHandle { player: instance.player.clone(), health: health.clone(), sung: instance.sung.clone() },
        latency: latency.clone(),
        none: Changes::none(),
    };
    let sounds = match output_format {
        SampleFormat::F32 => sound::<f32>(&output, output_config, player),
        SampleFormat::I32 => sound::<i32>(&output, output_config, player),
        SampleFormat::I24 => sound::<I24>(&output, output_config, player),
        _ => sound::<i16>(&output, output_config, player),
    };
    let sounds = sounds.map_err(|e| cannot("output", &output, e))?;
    let heard_from = heard.as_ref().zip(input.as_ref()).map(|(stream, (device, ..))| (stream, device, "input"));
    for (stream, device, what) in heard_from.into_iter().chain([(&sounds, &output, "output")]) {
        match stream.play() {
            Err(e) if e.kind() != ErrorKind::RealtimeDenied => return Err(cannot(what, device, e)),
            _ => {}
        }
    }
    Ok(Stream {
        description: match &input {
            Some((input, ..)) => {
                format!("{CARDS}: {} in (channel {}), {} out", names(input)[0], wanted.channel + 1, names(&output)[0])
            }
            None => format!("{CARDS}: {} out", names(&output)[0]),
        },
        sample_rate_hz: wanted.sample_rate_hz,
        buffer: wanted.buffer,
        health,
        running: Box::new(Devices { input: heard, _output: sounds, latency }),
    })
}
