//! What is played, with the voice that it answers and the room around both, into what comes out. Audio thread; never allocates after `new`.

use crate::{
    Settings,
    delay_line::DelayLine,
    guard::{Guard, limited},
    mapping::SILENT,
    params::OFF_DB,
    reverb::{Reverb, ReverbParams},
    tone::gain,
};
use syrinx_synth::{Room, RoomParams};
use syrinx_tracker::Features;

/// Gains of the mixer, as reached at the end of a frame.
#[derive(Clone, Copy, Default)]
struct Mix {
    wet: f32,
    dry: f32,
    breath: f32,
    reverb: f32,
    /// What of the instrument is heard past the room it was recorded in.
    direct: f32,
    /// The bare voice of a bypassed instance, and how much of all else is left.
    bypass: f32,
}

/// A segment that is played: by the lead, by others to its left and right, and by all together, as rooms hear them.
#[derive(Clone, Copy)]
pub struct Wet<'a> {
    pub lead: &'a [f32],
    pub sides: Option<[&'a [f32]; 2]>,
    pub sum: &'a [f32],
}

impl<'a> Wet<'a> {
    /// The lead alone.
    pub fn alone(lead: &'a [f32]) -> Self {
        Self { lead, sides: None, sum: lead }
    }
}

/// Mixes one stream.
pub struct Mixer {
    reverb: Reverb,
    room: Room,
    guard: Guard,
    mix: Mix,
    /// The voice as it came, for as long as it is held back, a delay line a channel.
    voice: Vec<DelayLine>,
    /// What the two rooms answer to a segment: the one of the recordings, and the player's.
    recorded: [Vec<f32>; 2],
    reverberated: [Vec<f32>; 2],
    out: Vec<DelayLine>,
    /// Samples handed out.
    position: u64,
}

impl Mixer {
    /// For as many channels, segments of `longest` samples at most, and a voice that is held back by `delay` at most; `step` samples are kept or
    /// handed out at a time.
    pub fn new(sample_rate_hz: u32, channels: usize, longest: usize, delay: usize, step: usize) -> Self {
        let lines = |len: usize| (0..channels).map(|_| DelayLine::new(len)).collect();
        let sides = || [vec![0.0; longest], vec![0.0; longest]];
        Self {
            reverb: Reverb::new(sample_rate_hz),
            room: Room::new(sample_rate_hz, longest),
            guard: Guard::new(sample_rate_hz),
            mix: Mix::default(),
            voice: lines(delay + 4 * longest + step),
            recorded: sides(),
            reverberated: sides(),
            out: lines(3 * longest + step),
            position: 0,
        }
    }

    /// As if `settings` had always been.
    pub fn settle(&mut self, settings: &Settings) {
        self.mix = Mix::of(settings, RoomParams::NONE, &SILENT);
    }

    /// The stream begins anew, with so many samples of silence before the first that is mixed.
    pub fn reset(&mut self, settings: &Settings, silence: usize) {
        self.reverb.reset();
        self.room.reset();
        self.guard.reset();
        self.settle(settings);
        self.voice.iter_mut().chain(&mut self.out).for_each(DelayLine::reset);
        self.position = 0;
        for line in &mut self.out {
            (0..silence).for_each(|_| line.push(0.0));
        }
    }

    /// Samples for which the reverb sounds on.
    pub fn tail_samples(&self, settings: &Settings) -> usize {
        if settings.reverb_mix > 0.0 { self.reverb.tail_samples(ReverbParams::of(settings)) as usize } else { 0 }
    }

    /// Whether nothing was handed out yet.
    pub fn is_at_beginning(&self) -> bool {
        self.position == 0
    }

    /// Keeps the next samples of the voice, a slice a channel.
    pub fn keep<'a>(&mut self, voice: impl Iterator<Item = &'a [f32]>) {
        for (line, samples) in self.voice.iter_mut().zip(voice) {
            samples.iter().for_each(|sample| line.push(*sample));
        }
    }

    /// Mixes the next segment, `wet`, and what others play beside it, in the room that it was recorded in, with the voice that it answers, whose last sample lies
    /// before `end` in the stream of the voice. The peak of what comes out.
    pub fn mix(&mut self, wet: Wet<'_>, room: RoomParams, settings: &Settings, voice: &Features, end: i64) -> f32 {
        let Wet { lead, sides: beside, sum } = wet;
        let len = lead.len();
        let room = room.times(settings.room / 100.0);
        let (from, to) = (self.mix, Mix::of(settings, room, voice));
        self.mix = to;
        let [left, right] = &mut self.recorded;
        self.room.process(room, len, sum, &mut left[..len], &mut right[..len]);
        let [left, right] = &mut self.reverberated;
        let reverberates = from.reverb > 0.0 || to.reverb > 0.0;
        if reverberates {
            self.reverb.process(ReverbParams::of(settings), len, sum, &mut left[..len], &mut right[..len]);
            if to.reverb == 0.0 {
                // What the reverb still holds must not be heard when it is opened again.
                self.reverb.reset();
            }
        }
        let start = end - len as i64;
        let mut peak = 0.0_f32;
        let channels = self.out.len();
        for (at, lead) in lead.iter().enumerate() {
            let t = (at + 1) as f32 / len as f32;
            let glide = |a: f32, b: f32| a + t * (b - a);
            let dry = glide(from.dry, to.dry) + glide(from.breath, to.breath);
            let (level, direct, reverb) = (glide(from.wet, to.wet), glide(from.direct, to.direct), glide(from.reverb, to.reverb));
            let bypass = glide(from.bypass, to.bypass);
            // Of each channel: the bare voice, what of it is mixed in, and all that is played.
            let mut sides = [(0.0, 0.0, 0.0); 2];
            // One channel hears the middle of both.
            let wet = match beside {
                Some(_) if channels == 1 => [sum[at]; 2],
                Some([left, right]) => [lead + left[at], lead + right[at]],
                None => [*lead; 2],
            };
            let rooms = self.recorded.iter().zip(&self.reverberated).zip(wet);
            for ((bare, dry_voice, played), (voice, ((room, reverberated), wet))) in
                sides.iter_mut().zip(self.voice.iter().zip(rooms))
            {
                *bare = voice.get(start + at as i64);
                *dry_voice = *bare * dry;
                let reverberated = if reverberates { reverb * reverberated[at] } else { 0.0 };
                *played = limited(level * (direct * wet + room[at]) + reverberated + *dry_voice);
            }
            let sides = &sides[..channels];
            self.guard.step(sides.iter().fold(0.0, |peak, (_, _, played)| peak.max(played.abs())));
            for (line, (bare, dry_voice, played)) in self.out.iter_mut().zip(sides) {
                // Whole at both ends, to the bit.
                let mixed = |played: f32| limited((1.0 - bypass) * played + bypass * bare);
                peak = peak.max(mixed(*played).abs());
                line.push(mixed(self.guard.pass(*played, *dry_voice)));
            }
        }
        peak
    }

    /// Hands out samples `from` to `to` of a block, times `gain` at each of them; surplus channels repeat the last.
    pub fn hand_out(&mut self, output: &mut [&mut [f32]], from: usize, to: usize, gain: Option<impl Fn(usize) -> f32>) {
        for (channel, out) in output.iter_mut().enumerate() {
            let line = &self.out[channel.min(self.out.len() - 1)];
            for (at, sample) in out[from..to].iter_mut().enumerate() {
                *sample = line.get((self.position + at as u64) as i64);
                if let Some(gain) = &gain {
                    *sample *= gain(at);
                }
            }
        }
        self.position += (to - from) as u64;
    }
}

impl Mix {
    fn of(settings: &Settings, room: RoomParams, voice: &Features) -> Self {
        let out = gain(settings.output_gain, OFF_DB);
        let mix = settings.mix / 100.0;
        // Breath passes where the voice has no pitch, and as much of it as is missing of the dry voice already.
        let unvoiced = (1.0 - 2.0 * voice.confidence).clamp(0.0, 1.0);
        let input = gain(settings.input_gain, f32::NEG_INFINITY);
        Self {
            wet: out * mix,
            dry: out * input * (1.0 - mix),
            breath: out * input * mix * unvoiced * settings.breath / 100.0,
            reverb: out * mix * settings.reverb_mix / 100.0,
            direct: room.direct(),
            bypass: f32::from(u8::from(settings.bypass)),
        }
    }
}
