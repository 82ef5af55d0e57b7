//! Standard MIDI files, read as pieces of music: who plays what, and at which second.
//!
//! Source: Standard MIDI Files 1.0 (RP-001) and their wrapping in RIFF (RP-029), MIDI Manufacturers Association. Chunks and the
//! header are read here, for `midly` panics at some that are garbled and loses music at others; events within tracks, it reads.

use midly::{EventIter, MetaMessage, MidiMessage, TrackEventKind};
use syrinx_engine::is_control;

/// The most bytes that [`read`] takes. Long pieces for an orchestra have a few hundred thousand.
pub const MOST_BYTES: usize = 32 << 20;
/// The most events that are kept: what can be played, and changes of tempo.
const MOST_EVENTS: usize = 4_000_000;
/// The most tracks a header can announce.
const MOST_TRACKS: usize = u16::MAX as usize;
/// The most letters that are kept of a name.
const MOST_LETTERS: usize = 100;
/// The longest piece. A few bytes can ask for years of silence, which would be rendered until the disk is full.
const LONGEST_HOURS: u32 = 24;
/// The longest message to a channel: four bytes of time, its status, two of data. Fewer bytes may be one that was cut off.
const LONGEST_MESSAGE: usize = 7;
/// 120 quarter notes a minute, until a file says something else.
const FIRST_TEMPO_US: u32 = 500_000;
/// The controllers that choose a registered parameter and set it, and the one that makes a zone of MPE of the channels next to the first or the last.
///
/// Source: MIDI Polyphonic Expression 1.0 (RP-053), MIDI Manufacturers Association.
const REGISTERED: [u8; 2] = [101, 100];
const UNREGISTERED: [u8; 2] = [99, 98];
const DATA: u8 = 6;
const MPE_ZONE: [u8; 2] = [0, 6];
/// How fast a note is let go where nobody has measured it.
const USUAL_RELEASE: u8 = 64;

/// A piece of music, as a MIDI file tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Song {
    /// Those that have notes: of a file of type 1 its tracks, in its order; of type 0 its channels, from the lowest, those of a zone of MPE together.
    pub tracks: Vec<Track>,
    /// Seconds from the beginning to the last event of all `tracks`.
    pub seconds: f64,
}

/// One line of it: what is played by one instrument.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Its number for people, from 1; tracks without notes are not counted.
    pub number: usize,
    /// What its author called it, fit to be shown: at most 100 letters, no control characters. The channels of a file of type 0
    /// share the name of its one track.
    pub name: Option<String>,
    /// What happens in it, in order of time; what happens at once is in the file's order.
    pub events: Vec<Timed>,
    /// A bit for each channel that belongs to a zone of MPE.
    pub mpe: u16,
}

/// A message and its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timed {
    /// Seconds from the beginning of the piece.
    pub seconds: f64,
    /// The channel it is for, 0 to 15.
    pub channel: u8,
    /// What happens.
    pub message: Message,
}

/// What an instrument is told. Keys are numbered, 60 being middle C. All values are from 0 to 127, unless they say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// A key goes down.
    NoteOn {
        /// Which.
        key: u8,
        /// How fast, 1 to 127.
        velocity: u8,
    },
    /// A key is let go.
    NoteOff {
        /// Which.
        key: u8,
        /// How fast; 64 where the file does not tell.
        velocity: u8,
    },
    /// A knob, a pedal or a switch moves.
    Control {
        /// Which: 1 is the modulation wheel, 11 expression, 64 the sustain pedal.
        controller: u8,
        /// To where.
        value: u8,
    },
    /// The pitch wheel moves: -8192 to 8191, 0 in the middle.
    Bend(i16),
    /// All keys that are down are pressed this hard.
    ChannelPressure(u8),
    /// One key that is down is pressed harder or softer.
    KeyPressure {
        /// Which.
        key: u8,
        /// How hard.
        pressure: u8,
    },
    /// Another sound is called up.
    Program(u8),
}

/// The piece of music in a MIDI file of type 0 or 1, bare or wrapped in RIFF, whose bytes are given.
///
/// Changes of tempo hold for all tracks, whichever they stand in. A file that was cut off is read as far as it goes, and tracks
/// need not have their end marked. System messages, and what is written for people, are passed over.
///
/// # Errors
/// What is wrong with the file, in one sentence that begins in lower case and calls it "it": it is no MIDI file, it is broken, it
/// is of another type, it has no notes, or there is too much of it: the most are 32 MiB, 4 million events, 65535 tracks and 24 h.
pub fn read(bytes: &[u8]) -> Result<Song, String> {
    if bytes.len() > MOST_BYTES {
        return Err(format!("it has more than {} MiB", MOST_BYTES >> 20));
    }
    let Some((b"MThd", header, chunks)) = split_chunk(unwrap_riff(bytes).unwrap_or(bytes), u32::from_be_bytes) else {
        return Err("it is no MIDI file".into());
    };
    let header = Header::read(header)?;
    let mut score = Score::read(chunks, header.tracks)?;
    if header.kind == Kind::OneTrack {
        score.split_by_channel();
    }
    let mut clock = header.clock;
    clock.follow(score.tempos);
    song(score.lines, &clock)
}

/// The song that `lines` make, of which those without notes are left out.
fn song(lines: Vec<Line>, clock: &Clock) -> Result<Song, String> {
    let with_notes = lines.into_iter().filter(Line::has_notes);
    let tracks: Vec<_> = with_notes.zip(1..).map(|(line, number)| line.into_track(number, clock)).collect();
    let ends = tracks.iter().filter_map(|track| track.events.last()).map(|last| last.seconds);
    let seconds = ends.reduce(f64::max).ok_or("it has no notes")?;
    if seconds > f64::from(LONGEST_HOURS * 3600) {
        return Err(format!("it lasts longer than {LONGEST_HOURS} hours"));
    }
    Ok(Song { tracks, seconds })
}

/// The next chunk of `bytes`: its name, what is in it, what comes after. Of one that was cut off, what there is.
fn split_chunk(bytes: &[u8], length: fn([u8; 4]) -> u32) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let (name, bytes) = bytes.split_first_chunk()?;
    let (announced, bytes) = bytes.split_first_chunk()?;
    let (content, after) = bytes.split_at(bytes.len().min(length(*announced) as usize));
    Some((name, content, after))
}

/// The MIDI file within a RIFF file.
fn unwrap_riff(bytes: &[u8]) -> Option<&[u8]> {
    let mut chunks = bytes.strip_prefix(b"RIFF")?.get(4..)?.strip_prefix(b"RMID")?;
    loop {
        let (name, content, after) = split_chunk(chunks, u32::from_le_bytes)?;
        if name == b"data" {
            return Some(content);
        }
        // Chunks of an odd length have one byte more that does not count.
        chunks = after.get(content.len() % 2..)?;
    }
}

/// What the file's first chunk says.
struct Header {
    kind: Kind,
    /// How many tracks it announces.
    tracks: usize,
    /// Runs at the first tempo.
    clock: Clock,
}

/// The type of a file; the standard calls it format.
#[derive(PartialEq)]
enum Kind {
    /// 0: the channels are the instruments.
    OneTrack,
    /// 1: the tracks are.
    Tracks,
}

impl Header {
    fn read(chunk: &[u8]) -> Result<Self, String> {
        let &[kind_0, kind_1, tracks_0, tracks_1, time @ ..] = chunk.first_chunk::<6>().ok_or("its header is cut short")?;
        let kind = match u16::from_be_bytes([kind_0, kind_1]) {
            0 => Kind::OneTrack,
            1 => Kind::Tracks,
            2 => return Err("it is of type 2 (independent patterns), which cannot be played as one piece".into()),
            other => return Err(format!("it is of type {other}, and only types 0 and 1 can be played")),
        };
        Ok(Self { kind, tracks: u16::from_be_bytes([tracks_0, tracks_1]).into(), clock: Clock::read(time)? })
    }
}

/// Turns ticks into seconds.
///
/// It counts in units so small that a tick has a whole number of them at every tempo. So nothing is rounded before the one
/// division that leads to seconds, and times do not drift, however often the tempo changes.
struct Clock {
    units_per_second: f64,
    /// Whether a tick is a share of a quarter note, rather than of a frame of film, which tempo does not change.
    has_tempo: bool,
    /// In order of time, from tick 0.
    stretches: Vec<Stretch>,
}

/// From one change of tempo to the next.
struct Stretch {
    from_tick: u64,
    /// Units until then. Absurd files have more of them than 64 bits count.
    from_units: u128,
    units_per_tick: u32,
}

impl Stretch {
    fn units(&self, tick: u64) -> u128 {
        self.from_units + u128::from(tick - self.from_tick) * u128::from(self.units_per_tick)
    }
}

impl Clock {
    /// The clock that a header's last two bytes describe.
    fn read(time: [u8; 2]) -> Result<Self, String> {
        if time[0] < 0x80 {
            Self::of_quarters(u16::from_be_bytes(time))
        } else {
            Self::of_frames(time[0].wrapping_neg(), time[1])
        }
    }

    /// A unit is what a tick lasts where a quarter note lasts 1 µs.
    fn of_quarters(ticks: u16) -> Result<Self, String> {
        if ticks == 0 {
            return Err("it divides its quarter notes into 0 ticks, so nothing in it has a time".into());
        }
        Ok(Self::new(FIRST_TEMPO_US, f64::from(ticks) * 1e6, true))
    }

    /// A unit is a thousandth of a tick, but for 29.97 frames a second, which are 30 in 1.001 s.
    fn of_frames(frames: u8, ticks: u8) -> Result<Self, String> {
        let (frames, units_per_tick) = match frames {
            24 | 25 | 30 => (frames, 1000),
            29 => (30, 1001),
            other => return Err(format!("it counts {other} frames a second, and only 24, 25, 29 and 30 have a meaning")),
        };
        if ticks == 0 {
            return Err("it divides its frames into 0 ticks, so nothing in it has a time".into());
        }
        Ok(Self::new(units_per_tick, f64::from(frames) * f64::from(ticks) * 1e3, false))
    }

    fn new(units_per_tick: u32, units_per_second: f64, has_tempo: bool) -> Self {
        Self { units_per_second, has_tempo, stretches: vec![Stretch { from_tick: 0, from_units: 0, units_per_tick }] }
    }

    /// Takes over all changes of tempo of a file. Of those at one tick the last one counts.
    fn follow(&mut self, mut tempos: Vec<Tempo>) {
        if !self.has_tempo {
            return;
        }
        tempos.sort_by_key(|tempo| tempo.tick);
        for Tempo { tick, quarter_us } in tempos {
            let from_units = self.stretch(tick).units(tick);
            self.stretches.push(Stretch { from_tick: tick, from_units, units_per_tick: quarter_us });
        }
    }

    fn stretch(&self, tick: u64) -> &Stretch {
        let begun = self.stretches.partition_point(|stretch| stretch.from_tick <= tick);
        &self.stretches[begun - 1]
    }

    fn seconds(&self, tick: u64) -> f64 {
        self.stretch(tick).units(tick) as f64 / self.units_per_second
    }
}

/// From `tick` on a quarter note lasts `quarter_us` µs.
struct Tempo {
    tick: u64,
    quarter_us: u32,
}

/// What is kept of a file while it is read.
#[derive(Default)]
struct Score {
    lines: Vec<Line>,
    tempos: Vec<Tempo>,
    /// How many events and tempos there are by now.
    events: usize,
}

/// A track to be.
#[derive(Default)]
struct Line {
    name: Option<String>,
    events: Vec<Event>,
}

/// Takes no more memory than [`Timed`], so that one can take the other's place.
struct Event {
    tick: u64,
    channel: u8,
    message: Message,
}

impl Score {
    /// Reads all tracks among `chunks`, of which the header has announced a number.
    fn read(mut chunks: &[u8], announced: usize) -> Result<Self, String> {
        let mut score = Self::default();
        while let Some((name, content, after)) = split_chunk(chunks, u32::from_be_bytes) {
            chunks = after;
            if name == b"MTrk" {
                score.read_track(content)?;
            } else if !name.iter().all(|letter| matches!(letter, b' '..=b'~')) {
                // Some programs fill a file up with whatever lies about. But where tracks are still to come, a chunk before had a
                // wrong length, and the rest of the music would be missing without a word.
                if score.lines.len() < announced {
                    return Err(BROKEN.into());
                }
                break;
            }
        }
        Ok(score)
    }

    fn read_track(&mut self, chunk: &[u8]) -> Result<(), String> {
        if self.lines.len() == MOST_TRACKS {
            return Err(format!("it has more than {MOST_TRACKS} tracks"));
        }
        let mut line = Line::default();
        for event in Events::new(chunk) {
            let (tick, kind) = event?;
            match kind {
                TrackEventKind::Midi { channel, message } => {
                    self.count_one()?;
                    line.events.push(Event { tick, channel: channel.as_int(), message: message.into() });
                }
                // A quarter note that takes no time is no tempo: all that follows would happen at once.
                TrackEventKind::Meta(MetaMessage::Tempo(quarter_us)) if quarter_us > 0 => {
                    self.count_one()?;
                    self.tempos.push(Tempo { tick, quarter_us: quarter_us.as_int() });
                }
                TrackEventKind::Meta(MetaMessage::TrackName(text)) => line.name = line.name.or_else(|| readable(text)),
                TrackEventKind::Meta(_) | TrackEventKind::SysEx(_) | TrackEventKind::Escape(_) => {}
            }
        }
        self.lines.push(line);
        Ok(())
    }

    fn count_one(&mut self) -> Result<(), String> {
        self.events += 1;
        if self.events > MOST_EVENTS {
            Err(format!("it has more than {} million events", MOST_EVENTS / 1_000_000))
        } else {
            Ok(())
        }
    }

    /// Makes one line of each channel, or of those of a zone of MPE. Where the one track that there should be is several, they are played together.
    fn split_by_channel(&mut self) {
        let name = self.lines.iter_mut().find_map(|line| line.name.take());
        let mut events: Vec<_> = self.lines.drain(..).flat_map(|line| line.events).collect();
        events.sort_by_key(|event| event.tick);
        self.lines.resize_with(16, || Line { name: name.clone(), events: Vec::new() });
        let zones = zones(&events);
        for event in events {
            let line = match zones.iter().position(|zone| zone >> event.channel & 1 == 1) {
                Some(0) => 0,
                Some(_) => 15,
                None => event.channel,
            };
            self.lines[usize::from(line)].events.push(event);
        }
    }
}

/// The channels of the zones of MPE that these events ask for, a bit for each: of the lower zone, whose master is the first channel, and of the upper.
fn zones(events: &[Event]) -> [u16; 2] {
    let mut zones = [0, 0];
    for (master, zone) in [0, 15].into_iter().zip(&mut zones) {
        let mut chosen = [127; 2];
        for event in events.iter().filter(|event| event.channel == master) {
            match event.message {
                Message::Control { controller: DATA, value: members @ 1..=15 } if chosen == MPE_ZONE => {
                    let channels = (1_u32 << (members + 1)) - 1;
                    *zone |= if master == 0 { channels as u16 } else { (channels << (15 - members)) as u16 };
                }
                Message::Control { controller, value } if controller == REGISTERED[0] => chosen[0] = value,
                Message::Control { controller, value } if controller == REGISTERED[1] => chosen[1] = value,
                Message::Control { controller, .. } if UNREGISTERED.contains(&controller) => chosen = [127; 2],
                _ => {}
            }
        }
    }
    zones
}

impl Line {
    fn has_notes(&self) -> bool {
        self.events.iter().any(|event| matches!(event.message, Message::NoteOn { .. }))
    }

    fn into_track(self, number: usize, clock: &Clock) -> Track {
        let timed = |Event { tick, channel, message }| Timed { seconds: clock.seconds(tick), channel, message };
        let [lower, upper] = zones(&self.events);
        Track { number, name: self.name, events: self.events.into_iter().map(timed).collect(), mpe: lower | upper }
    }
}

impl From<MidiMessage> for Message {
    fn from(message: MidiMessage) -> Self {
        match message {
            // So written, it can share the status byte of the notes around it.
            MidiMessage::NoteOn { key, vel } if vel == 0 => Self::NoteOff { key: key.as_int(), velocity: USUAL_RELEASE },
            MidiMessage::NoteOn { key, vel } => Self::NoteOn { key: key.as_int(), velocity: vel.as_int() },
            MidiMessage::NoteOff { key, vel } => Self::NoteOff { key: key.as_int(), velocity: vel.as_int() },
            MidiMessage::Aftertouch { key, vel } => Self::KeyPressure { key: key.as_int(), pressure: vel.as_int() },
            MidiMessage::Controller { controller, value } => {
                Self::Control { controller: controller.as_int(), value: value.as_int() }
            }
            MidiMessage::ProgramChange { program } => Self::Program(program.as_int()),
            MidiMessage::ChannelAftertouch { vel } => Self::ChannelPressure(vel.as_int()),
            MidiMessage::PitchBend { bend } => Self::Bend(bend.as_int()),
        }
    }
}

/// Why a file is refused in which there is no telling where the music goes on.
const BROKEN: &str = "it is broken: there is something other than MIDI events in a track";

/// The events of a track and the ticks at which they are, up to its end.
///
/// `midly` gives a track up without a word, and sooner than players do. Here it is helped over whatever has no sound, and what
/// cannot be made sense of is told from what was cut off.
struct Events<'a> {
    inner: EventIter<'a>,
    /// Of the last message to a channel.
    status: Option<u8>,
    tick: u64,
}

impl<'a> Events<'a> {
    fn new(chunk: &'a [u8]) -> Self {
        Self { inner: EventIter::new(chunk), status: None, tick: 0 }
    }
}

impl<'a> Iterator for Events<'a> {
    type Item = Result<(u64, TrackEventKind<'a>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.inner.unread();
        // The standard ends running status at every text and tempo. Some files go on with it, and can mean only one thing.
        self.status = self.inner.running_status().or(self.status);
        *self.inner.running_status_mut() = self.status;
        if let Some(Ok(event)) = self.inner.next() {
            self.tick += u64::from(event.delta.as_int());
            return (event.kind != TrackEventKind::Meta(MetaMessage::EndOfTrack)).then_some(Ok((self.tick, event.kind)));
        }
        if let Some((delta, after)) = skip_silent(rest) {
            self.tick += delta;
            self.inner = EventIter::new(after);
            return Some(Ok((self.tick, TrackEventKind::Escape(&[]))));
        }
        (rest.len() >= LONGEST_MESSAGE).then(|| Err(BROKEN.into()))
    }
}

/// The ticks before an event that has no sound, and what comes after it: a meta event, whatever is in it, or a message to a whole
/// system. `midly` gives up at keys and times of day that there are not, and at the clocks that some recorders write down.
fn skip_silent(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (delta, bytes) = split_number(bytes)?;
    let (&status, bytes) = bytes.split_first()?;
    let (length, bytes) = match status {
        0xff => split_number(bytes.get(1..)?)?,
        0xf1 | 0xf3 => (1, bytes),
        0xf2 => (2, bytes),
        0xf4..=0xf6 | 0xf8..=0xfe => (0, bytes),
        _ => return None,
    };
    Some((delta, bytes.get(length as usize..).unwrap_or_default()))
}

/// A number of up to four bytes, all but the last of which have their top bit set, and what comes after.
fn split_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let last = bytes.iter().take(4).position(|&byte| byte < 0x80)?;
    let (number, after) = bytes.split_at(last + 1);
    Some((number.iter().fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7f)), after))
}

/// A name as it can be shown: files say in no way how their letters are coded. None where nothing can be seen of it.
fn readable(text: &[u8]) -> Option<String> {
    let shown = |letter: char| if is_control(letter) { ' ' } else { letter };
    let text: String = match str::from_utf8(text) {
        Ok(text) => text.chars().map(shown).collect(),
        // Latin-1, whose codes are those of its characters.
        Err(_) => text.iter().map(|&code| shown(code.into())).collect(),
    };
    let name: String = text.trim().chars().take(MOST_LETTERS).collect();
    (!name.is_empty()).then(|| name.trim_end().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use midly::{Format, Header, PitchBend, Smf, Timing, TrackEvent};

    /// 96 ticks to the quarter note.
    const QUARTERS: [u8; 2] = [0, 96];
    /// 40 ticks to each of 25 frames a second: one is 1 ms.
    const MILLISECONDS: [u8; 2] = [0xe7, 40];
    /// A quarter note of 1 s.
    const SLOW: &[u8] = b"\0\xff\x51\x03\x0f\x42\x40";
    /// One of 96 ticks on channel 0.
    const NOTE: &[u8] = b"\0\x90\x3c\x40\x60\x80\x3c\x20";
    const END: &[u8] = b"\0\xff\x2f\0";

    fn chunk(name: &[u8], content: &[u8]) -> Vec<u8> {
        [name, &(content.len() as u32).to_be_bytes(), content].concat()
    }

    fn header(kind: u8, tracks: u8, time: [u8; 2]) -> Vec<u8> {
        chunk(b"MThd", &[0, kind, 0, tracks, time[0], time[1]])
    }

    /// A file of tracks, each of which is made of pieces.
    fn file(kind: u8, time: [u8; 2], tracks: &[&[&[u8]]]) -> Vec<u8> {
        let tracks = tracks.iter().map(|pieces| chunk(b"MTrk", &pieces.concat()));
        [header(kind, tracks.len() as u8, time)].into_iter().chain(tracks).flatten().collect()
    }

    fn riff(content: &[u8]) -> Vec<u8> {
        // A chunk of odd length before the music.
        let before = b"RIFF\0\0\0\0RMIDDISP\x03\0\0\0abc\0data";
        [&before[..], &(content.len() as u32).to_le_bytes(), content].concat()
    }

    fn on(key: u8, velocity: u8) -> Message {
        Message::NoteOn { key, velocity }
    }

    fn off(key: u8, velocity: u8) -> Message {
        Message::NoteOff { key, velocity }
    }

    fn messages(track: &Track) -> Vec<Message> {
        track.events.iter().map(|event| event.message).collect()
    }

    fn times(track: &Track) -> Vec<f64> {
        track.events.iter().map(|event| event.seconds).collect()
    }

    /// What every answer keeps to, however garbled the question.
    fn check(bytes: &[u8]) -> Result<Song, String> {
        let answer = read(bytes);
        match &answer {
            Err(why) => {
                assert!(why.starts_with("it"), "{why}");
                assert!(!why.contains(char::is_control) && !why.ends_with('.'), "{why}");
            }
            Ok(song) => {
                assert!((0.0..=86_400.0).contains(&song.seconds));
                assert!(song.tracks.iter().map(|track| track.number).eq(1..=song.tracks.len()));
                song.tracks.iter().for_each(|track| check_track(track, song.seconds));
            }
        }
        answer
    }

    fn check_track(track: &Track, seconds: f64) {
        assert!(messages(track).iter().any(|message| matches!(message, Message::NoteOn { .. })));
        assert!(track.events.is_sorted_by_key(|event| event.seconds));
        assert!(track.name.as_ref().is_none_or(|name| !name.is_empty() && name.chars().count() <= 100));
        for event in &track.events {
            assert!((0.0..=seconds).contains(&event.seconds) && event.channel < 16);
            let values = match event.message {
                Message::NoteOn { key, velocity } => [key, velocity, velocity - 1],
                Message::NoteOff { key, velocity } => [key, velocity, 0],
                Message::Control { controller, value } => [controller, value, 0],
                Message::KeyPressure { key, pressure } => [key, pressure, 0],
                Message::ChannelPressure(value) | Message::Program(value) => [value, 0, 0],
                Message::Bend(bend) => [u8::from(!(-8192..8192).contains(&bend)) << 7, 0, 0],
            };
            assert!(values.iter().all(|&value| value < 0x80), "{event:?}");
        }
    }

    /// One of each thing that a file may have.
    fn rich() -> Vec<u8> {
        let conductor: &[&[u8]] =
            &[b"\0\xff\x03\x05Suite", SLOW, b"\x21\xff\x51\x03\x07\xa1\x20\0\xff\x58\x04\x04\x02\x18\x08", END];
        let violin: &[&[u8]] = &[b"\0\xff\x03\x06Violin\0\xc0\x28\0\xb0\x0b\x7f", NOTE, b"\0\xe0\0\x50\x07\xd0\x33", NOTE, END];
        let viola: &[&[u8]] = &[b"\x83\x00\x91\x30\x50\x10\x34\x50\x10\x30\0\0\x34\0\0\xf0\x03\x7e\x01\xf7\0\xa1\x30\x05", END];
        file(1, QUARTERS, &[conductor, violin, viola])
    }

    #[test]
    fn type_0_is_split_by_channel() {
        // Channel 9 comes first, channel 3 has no notes, and two things happen at once on channel 0.
        let music = b"\0\x99\x24\x7f\0\xb3\x07\x64\x30\x90\x3c\x40\0\xb0\x40\x7f\x30\x89\x24\x7f\0\x80\x3c\x01\0\x90\x3e\x7f";
        let song = check(&file(0, QUARTERS, &[&[b"\0\xff\x03\x04Song", music, END]])).unwrap();
        let [melody, drums] = &song.tracks[..] else { panic!("{song:?}") };
        assert_eq!((melody.number, drums.number), (1, 2));
        assert_eq!((melody.name.as_deref(), drums.name.as_deref()), (Some("Song"), Some("Song")));
        let pedal = Message::Control { controller: 64, value: 127 };
        assert_eq!(messages(melody), [on(60, 64), pedal, off(60, 1), on(62, 127)]);
        assert_eq!(times(melody), [0.25, 0.25, 0.5, 0.5]);
        assert_eq!(messages(drums), [on(36, 127), off(36, 127)]);
        assert!(melody.events.iter().all(|event| event.channel == 0) && drums.events.iter().all(|event| event.channel == 9));
        assert_eq!(song.seconds, 0.5);
    }

    #[test]
    fn the_channels_of_a_zone_of_mpe_are_one_line() {
        // Three members of channel 0; then two of 15, which a parameter that is not registered asks for in vain. Channel 9 is its own.
        let lower: &[u8] = b"\0\xb0\x65\0\0\xb0\x64\x06\0\xb0\x06\x03";
        let in_vain: &[u8] = b"\0\xbf\x65\0\0\xbf\x64\x06\0\xbf\x63\0\0\xbf\x62\0\0\xbf\x06\x02";
        let notes: &[u8] = b"\0\x91\x3c\x40\0\x93\x3d\x40\0\x99\x24\x40\0\x9e\x25\x40\0\x9f\x26\x40";
        let song = check(&file(0, QUARTERS, &[&[lower, in_vain, notes, END]])).unwrap();
        let played = |track: &Track| -> Vec<u8> {
            let notes = track.events.iter().filter(|event| matches!(event.message, Message::NoteOn { .. }));
            notes.map(|event| event.channel).collect()
        };
        assert_eq!(song.tracks.iter().map(played).collect::<Vec<_>>(), [vec![1, 3], vec![9], vec![14], vec![15]]);
        assert_eq!(song.tracks.iter().map(|track| track.mpe).collect::<Vec<_>>(), [0b1111, 0, 0, 0]);
        let upper: &[u8] = b"\0\xbf\x65\0\0\xbf\x64\x06\0\xbf\x06\x0f";
        let song = check(&file(0, QUARTERS, &[&[upper, notes, END]])).unwrap();
        assert_eq!((played(&song.tracks[0]), song.tracks[0].mpe), (vec![1, 3, 9, 14, 15], u16::MAX));
    }

    #[test]
    fn tracks_of_a_file_of_type_0_are_played_together() {
        let second = b"\x30\x90\x43\x40\x60\x90\x43\0";
        let song = check(&file(0, QUARTERS, &[&[NOTE, END], &[second, END]])).unwrap();
        assert_eq!(song.tracks.len(), 1);
        assert_eq!(messages(&song.tracks[0]), [on(60, 64), on(67, 64), off(60, 32), off(67, 64)]);
    }

    #[test]
    fn tempos_of_any_track_hold_for_all() {
        // 1 s from tick 0, 333333 µs from tick 33, of which only the last says so, then 0.25 s from tick 106.
        let conductor = [SLOW, b"\x21\xff\x51\x03\x01\x02\x03\0\xff\x51\x03\x05\x16\x15", END];
        let late_tempo: &[u8] = b"\x6a\xff\x51\x03\x03\xd0\x90\x05\x80\x3c\0";
        let played: &[u8] = b"\0\x91\x3c\x40\x21\x3d\x40\x01\x3e\x40\x48\x3f\x40\x01\x40\x40";
        let lonely: &[u8] = b"\0\xb2\x07\x64";
        let tracks: [&[&[u8]]; 4] = [&[b"\0\x90\x3c\x40", late_tempo, END], &conductor, &[lonely, END], &[played, END]];
        let song = check(&file(1, QUARTERS, &tracks)).unwrap();
        let exact = |us_ticks: u32| f64::from(us_ticks) / 96e6;
        let until = [33 * 1_000_000, 33 * 1_000_000 + 73 * 333_333];
        assert_eq!(times(&song.tracks[0]), [0.0, exact(until[1] + 5 * 250_000)]);
        let expected = [0, until[0], until[0] + 333_333, until[1], until[1] + 250_000];
        assert_eq!(times(&song.tracks[1]), expected.map(exact));
        assert_eq!(song.seconds, exact(until[1] + 5 * 250_000));
        assert_eq!(song.tracks.iter().map(|track| track.number).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn times_do_not_drift() {
        // A new tempo at every tick, 100000 times, none of which is a round number of seconds.
        let changes = b"\x01\xff\x51\x03\x05\x16\x15".repeat(100_000);
        let song = check(&file(1, [0, 97], &[&[&changes, END], &[b"\0\x90\x3c\x40\x86\x8d\x20\x80\x3c\0", END]])).unwrap();
        assert_eq!(song.seconds, (500_000 + 99_999 * 333_333_u64) as f64 / 97e6);
    }

    #[test]
    fn a_tempo_of_nothing_and_half_a_tempo_are_none() {
        let song = check(&file(0, QUARTERS, &[&[b"\0\xff\x51\x03\0\0\0\0\xff\x51\x02\0\x01", NOTE, END]])).unwrap();
        assert_eq!(song.seconds, 0.5);
    }

    #[test]
    fn timecode_has_no_tempo() {
        let lasts = |time| check(&file(1, time, &[&[SLOW, NOTE, END]])).unwrap().seconds;
        assert_eq!(lasts(MILLISECONDS), 0.096);
        assert_eq!(lasts([0xe8, 4]), 1.0);
        assert_eq!(lasts([0xe2, 80]), 0.04);
        // 29.97 frames a second are 30000/1001.
        assert_eq!(lasts([0xe3, 80]), 0.04004);
    }

    #[test]
    fn running_status_goes_on_over_texts() {
        let music = b"\0\x90\x3c\x40\x60\x3e\x41\0\xff\x01\x02la\0\x3c\0\0\xf0\x02\x7e\xf7\x60\x3e\0";
        let song = check(&file(1, QUARTERS, &[&[music, END]])).unwrap();
        assert_eq!(messages(&song.tracks[0]), [on(60, 64), on(62, 65), off(60, 64), off(62, 64)]);
        assert_eq!(times(&song.tracks[0]), [0.0, 0.5, 0.5, 1.0]);
        // Without any status there is nothing to go on with.
        assert_eq!(check(&file(1, QUARTERS, &[&[b"\0\x3c\x40\0\x3c\x40", END]])), Err(BROKEN.into()));
    }

    #[test]
    fn velocity_0_lets_go() {
        let song = check(&file(1, QUARTERS, &[&[b"\0\x90\x3c\x01\x01\x90\x3c\0\0\x80\x3c\0", END]])).unwrap();
        assert_eq!(messages(&song.tracks[0]), [on(60, 1), off(60, 64), off(60, 0)]);
        assert_eq!(check(&file(1, QUARTERS, &[&[b"\0\x90\x3c\0", END]])), Err("it has no notes".into()));
    }

    #[test]
    fn what_has_no_sound_is_skipped() {
        let silent: [&[u8]; 12] = [
            b"\x08\xf0\x05\x7e\x7f\x09\x01\xf7",
            b"\x08\xf7\x03\x90\x40\x40",
            b"\x08\xff\x05\x03\x90\x40\x40",
            b"\x08\xff\x21\x01\0",
            b"\x08\xff\x60\x01\0",
            // A signature of half its bytes, a key of none, an offset of 31 frames among 25, and of 40 hours.
            b"\x08\xff\x58\x02\x04\x02",
            b"\x08\xff\x59\0",
            b"\x08\xff\x54\x05\x21\0\0\x1f\0",
            b"\x08\xff\x54\x05\x1f\x3c\0\0\0",
            // A clock, a song's position, its number.
            b"\x08\xf8",
            b"\x08\xf2\x40\x40",
            b"\x08\xf3\x40",
        ];
        let song = check(&file(1, QUARTERS, &[&[b"\0\x95\x3c\x40", &silent.concat(), b"\0\x3c\0", END]])).unwrap();
        assert_eq!(messages(&song.tracks[0]), [on(60, 64), off(60, 64)]);
        assert_eq!(times(&song.tracks[0]), [0.0, 0.5]);
    }

    #[test]
    fn what_midly_writes_is_read() {
        use MidiMessage::{Aftertouch, ChannelAftertouch, Controller, NoteOff, NoteOn, ProgramChange};
        let (key, vel) = (60.into(), 100.into());
        let played = [
            ProgramChange { program: 40.into() },
            Controller { controller: 1.into(), value: 127.into() },
            MidiMessage::PitchBend { bend: PitchBend::from_int(-8192) },
            NoteOn { key, vel },
            NoteOn { key: 64.into(), vel },
            Aftertouch { key, vel },
            ChannelAftertouch { vel },
            MidiMessage::PitchBend { bend: PitchBend::from_int(8191) },
            MidiMessage::PitchBend { bend: PitchBend::mid_raw_value() },
            NoteOff { key, vel },
        ];
        let midi = |message| TrackEvent { delta: 48.into(), kind: TrackEventKind::Midi { channel: 15.into(), message } };
        let track = played.into_iter().map(midi).collect();
        let mut bytes = Vec::new();
        let header = Header::new(Format::Parallel, Timing::Metrical(96.into()));
        Smf { header, tracks: vec![track] }.write_std(&mut bytes).unwrap();
        let song = check(&bytes).unwrap();
        let expected = [
            Message::Program(40),
            Message::Control { controller: 1, value: 127 },
            Message::Bend(-8192),
            on(60, 100),
            on(64, 100),
            Message::KeyPressure { key: 60, pressure: 100 },
            Message::ChannelPressure(100),
            Message::Bend(8191),
            Message::Bend(0),
            off(60, 100),
        ];
        assert_eq!(messages(&song.tracks[0]), expected);
        assert!(song.tracks[0].events.iter().all(|event| event.channel == 15));
        assert_eq!(song.seconds, 2.5);
    }

    #[test]
    fn riff_is_unwrapped() {
        assert_eq!(check(&riff(&rich())), check(&rich()));
        assert_eq!(check(b"RIFF\x04\0\0\0WAVEdata"), Err("it is no MIDI file".into()));
        assert_eq!(check(&riff(b"")), Err("it is no MIDI file".into()));
    }

    #[test]
    fn other_files_are_refused() {
        let why = |bytes: &[u8]| check(bytes).unwrap_err();
        assert_eq!(why(b""), "it is no MIDI file");
        assert_eq!(why(b"MThd"), "it is no MIDI file");
        assert_eq!(why(&chunk(b"MTrk", NOTE)), "it is no MIDI file");
        assert_eq!(why(&chunk(b"MThd", &[0, 1, 0, 1, 0])), "its header is cut short");
        let of = |kind, time| why(&file(kind, time, &[&[NOTE, END]]));
        assert_eq!(of(2, QUARTERS), "it is of type 2 (independent patterns), which cannot be played as one piece");
        assert_eq!(of(7, QUARTERS), "it is of type 7, and only types 0 and 1 can be played");
        assert_eq!(of(1, [0, 0]), "it divides its quarter notes into 0 ticks, so nothing in it has a time");
        assert_eq!(of(1, [0xe8, 0]), "it divides its frames into 0 ticks, so nothing in it has a time");
        assert_eq!(of(1, [0xe4, 40]), "it counts 28 frames a second, and only 24, 25, 29 and 30 have a meaning");
        assert_eq!(of(1, [0x80, 40]), "it counts 128 frames a second, and only 24, 25, 29 and 30 have a meaning");
        assert_eq!(why(&header(1, 0, QUARTERS)), "it has no notes");
    }

    #[test]
    fn tracks_end_where_they_say() {
        let after = check(&file(1, QUARTERS, &[&[NOTE, END, NOTE, b"\xff\xff\xff\xff\xff\xff\xff\xff"], &[NOTE, END]])).unwrap();
        let without = check(&file(1, QUARTERS, &[&[NOTE], &[NOTE]])).unwrap();
        assert_eq!(after, without);
    }

    #[test]
    fn chunks_of_others_are_skipped() {
        let tracks = [chunk(b"MTrk", NOTE), chunk(b"XFIH", &[0; 30]), chunk(b"MTrk", NOTE)].concat();
        let padded = [header(1, 2, QUARTERS), tracks.clone(), vec![0; 100]].concat();
        assert_eq!(check(&padded), check(&file(1, QUARTERS, &[&[NOTE], &[NOTE]])));
        // The second header would have `midly` overflow.
        let again = [header(1, 2, QUARTERS), header(1, 2, [0x80, 0]), tracks].concat();
        assert_eq!(check(&again), check(&padded));
    }

    #[test]
    fn garbage_is_no_music() {
        let garbled: &[u8] = b"\0\x90\xbc\x40\0\x90\x3e\x40\0\x90\x40\x40";
        assert_eq!(check(&file(1, QUARTERS, &[&[NOTE, garbled, END]])), Err(BROKEN.into()));
        // A track that is longer than it says, before another one.
        let mut longer = file(1, QUARTERS, &[&[NOTE, NOTE, END], &[NOTE, END]]);
        longer[21] -= 7;
        assert_eq!(check(&longer), Err(BROKEN.into()));
    }

    #[test]
    fn what_is_cut_off_is_read_as_far_as_it_goes() {
        for whole in [rich(), riff(&rich())] {
            let song = check(&whole).unwrap();
            assert_eq!(song.tracks.len(), 2);
            for length in 0..whole.len() {
                let Ok(part) = check(&whole[..length]) else { continue };
                for (part, track) in part.tracks.iter().zip(&song.tracks) {
                    assert!(track.events.starts_with(&part.events), "{length}");
                }
            }
            let without_end = check(&whole[..whole.len() - 4]).unwrap();
            assert_eq!(without_end, song);
            let half_a_message = check(&whole[..whole.len() - 5]).unwrap();
            assert_eq!(half_a_message.tracks[1].events.len(), song.tracks[1].events.len() - 1);
        }
    }

    #[test]
    fn nothing_garbled_panics() {
        let mut state = 1u64;
        let mut below = |end: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % end
        };
        let silent = b"\0\xff\x54\x05\x21\0\0\x1f\0\0\xff\x59\x01\x01\0\xf8\0\xf2\x40\x40";
        let sources = [
            rich(),
            riff(&rich()),
            file(0, QUARTERS, &[&[silent, NOTE, b"\0\x91\x3c\x40", END]]),
            file(1, MILLISECONDS, &[&[NOTE, silent, END], &[silent, NOTE]]),
        ];
        let mut played = 0;
        for turn in 0..20_000 {
            let mut bytes = sources[turn % sources.len()].clone();
            for _ in 0..=below(5) {
                let at = below(bytes.len());
                match below(8) {
                    0 => drop(bytes.remove(at)),
                    1 => bytes.insert(at, below(256) as u8),
                    2 => bytes[at] ^= 1 << below(8),
                    3 => bytes[at] = [0, 0x7f, 0x80, 0xff][below(4)],
                    _ => bytes[at] = below(256) as u8,
                }
            }
            played += usize::from(check(&bytes).is_ok());
        }
        // So that it is not the header alone that is tried.
        assert!((4_000..16_000).contains(&played), "{played}");
    }

    #[test]
    fn absurd_lengths_are_refused() {
        assert_eq!(check(&vec![0; MOST_BYTES + 1]), Err("it has more than 32 MiB".into()));
        let mut long = file(1, QUARTERS, &[&[NOTE]]);
        long[18..22].fill(0xff);
        assert_eq!(check(&long).unwrap().seconds, 0.5);
        long[4..8].fill(0xff);
        assert_eq!(check(&long), Err("it has no notes".into()));
        let name: &[u8] = b"\0\xff\x03\xff\xff\xff\x7f";
        assert_eq!(check(&file(1, QUARTERS, &[&[NOTE, name, END]])).unwrap().seconds, 0.5);
    }

    #[test]
    fn a_day_is_the_longest() {
        // A quarter note is one tick and lasts 0.5 s.
        let lasts =
            |delta: &[u8]| check(&file(1, [0, 1], &[&[b"\0\x90\x3c\x40", delta, b"\x80\x3c\0"]])).map(|song| song.seconds);
        let too_long = || Err("it lasts longer than 24 hours".into());
        assert_eq!(lasts(b"\x8a\xc6\x00"), Ok(86_400.0));
        assert_eq!(lasts(b"\x8a\xc6\x01"), too_long());
        assert_eq!(lasts(b"\xff\xff\xff\x7f"), too_long());
        // More units than 64 bits count, in the slowest tempo that there is.
        let slowest = b"\0\xff\x51\x03\xff\xff\xff";
        let years = b"\xff\xff\xff\x7f\xc0\x01".repeat(10_000);
        assert_eq!(check(&file(1, [0, 1], &[&[slowest, NOTE, &years]])).unwrap_err(), too_long().unwrap_err());
        // Where nothing is played, nothing is waited for.
        assert_eq!(check(&file(1, [0, 96], &[&[NOTE, b"\xff\xff\xff\x7f\xff\x2f\0"]])).unwrap().seconds, 0.5);
    }

    #[test]
    fn events_and_tracks_are_bounded() {
        assert_eq!(size_of::<Event>(), size_of::<Timed>());
        let with = |more: usize| check(&file(1, QUARTERS, &[&[b"\0\x90\x3c\x40\0\xc0\x01", &b"\0\x01".repeat(more)]]));
        assert_eq!(with(MOST_EVENTS - 2).unwrap().tracks[0].events.len(), MOST_EVENTS);
        assert_eq!(with(MOST_EVENTS - 1), Err("it has more than 4 million events".into()));
        let tracks = |count: usize| check(&[header(1, 1, QUARTERS), chunk(b"MTrk", NOTE).repeat(count)].concat());
        assert_eq!(tracks(MOST_TRACKS).unwrap().tracks.len(), MOST_TRACKS);
        assert_eq!(tracks(MOST_TRACKS + 1), Err("it has more than 65535 tracks".into()));
    }

    #[test]
    fn names_can_be_shown() {
        let name = |text: &[u8]| {
            let title = [&b"\0\xff\x03\x81"[..], &[text.len() as u8 - 128], text].concat();
            check(&file(1, QUARTERS, &[&[&title, NOTE, END]])).unwrap().tracks[0].name.clone()
        };
        let padded = |text: &[u8]| name(&[text, &[b' '; 150][text.len()..]].concat());
        assert_eq!(padded("  Flöte 音".as_bytes()).as_deref(), Some("Flöte 音"));
        assert_eq!(padded(b"Fl\xf6te").as_deref(), Some("Flöte"));
        assert_eq!(padded(b"a\x1b[2J\x07b\xc2\x9bc\n\0").as_deref(), Some("a [2J b c"));
        assert_eq!(padded("a\u{202e}b".as_bytes()).as_deref(), Some("a b"));
        assert_eq!(padded(b" \0\n"), None);
        assert_eq!(name("é".repeat(120).as_bytes()), Some("é".repeat(100)));
        // The first that says anything counts, and a track may have none.
        let named: &[&[u8]] = &[b"\0\xff\x03\x01 \0\xff\x03\x04Oboe\0\xff\x03\x04Solo", NOTE, END];
        let song = check(&file(1, QUARTERS, &[&[b"\0\xff\x03\x04Tune", END], named, &[NOTE, END]])).unwrap();
        assert_eq!(song.tracks.iter().map(|track| track.name.as_deref()).collect::<Vec<_>>(), [Some("Oboe"), None]);
    }
}
