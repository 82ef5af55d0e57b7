//! Standard MIDI files that are written: one line of messages, at the tempo of whoever plays along.
//!
//! Source: Standard MIDI Files 1.0 (RP-001), MIDI Manufacturers Association; `midly` writes the bytes.

use midly::{Format, Header, MetaMessage, Smf, Timing, TrackEvent, TrackEventKind, live::LiveEvent};

/// Ticks of a quarter note: half a millisecond at 120 quarters a minute.
const TICKS: u16 = 960;

/// The bytes of a file of type 0 with these messages of MIDI, each at its time in s, in order; what is none of a channel is left out. `name` is that of the
/// track, and `quarters_per_minute` its tempo, as far as MIDI can tell it (3.6 and more).
///
/// ```
/// let bytes = syrinx_file::midi_file("Voice", 120.0, [(0.0, [0x90, 60, 100]), (0.5, [0x80, 60, 64])]);
/// assert!(bytes.starts_with(b"MThd"));
/// ```
pub fn midi_file(name: &str, quarters_per_minute: f64, messages: impl IntoIterator<Item = (f64, [u8; 3])>) -> Vec<u8> {
    let us_per_quarter = (60e6 / quarters_per_minute).clamp(1.0, f64::from((1 << 24) - 1)) as u32;
    let ticks_per_s = f64::from(TICKS) * 1e6 / f64::from(us_per_quarter);
    let meta = |message| TrackEvent { delta: 0.into(), kind: TrackEventKind::Meta(message) };
    let mut track = vec![meta(MetaMessage::TrackName(name.as_bytes())), meta(MetaMessage::Tempo(us_per_quarter.into()))];
    let mut now = 0;
    for (seconds, bytes) in messages {
        // Pressure on the channel has one byte of data.
        let len = if bytes[0] & 0xe0 == 0xc0 { 2 } else { 3 };
        let Ok(LiveEvent::Midi { channel, message }) = LiveEvent::parse(&bytes[..len]) else { continue };
        let tick = ((seconds.max(0.0) * ticks_per_s).round() as u64).max(now);
        let delta = u32::try_from(tick - now).unwrap_or(u32::MAX).min((1 << 28) - 1);
        now += u64::from(delta);
        track.push(TrackEvent { delta: delta.into(), kind: TrackEventKind::Midi { channel, message } });
    }
    track.push(meta(MetaMessage::EndOfTrack));
    let smf = Smf { header: Header::new(Format::SingleTrack, Timing::Metrical(TICKS.into())), tracks: vec![track] };
    let mut bytes = Vec::new();
    // To memory it cannot fail.
    let _ = smf.write(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_at_its_tempo() {
        let messages =
            [(0.0, [0xb3, 101, 0]), (0.25, [0x93, 60, 100]), (0.25, [0xd3, 77, 0]), (1.0, [0xe3, 0, 64]), (1.5, [0x83, 60, 64])];
        let bytes = midi_file("Voice", 90.0, messages);
        let smf = Smf::parse(&bytes).unwrap();
        assert_eq!(smf.header.timing, Timing::Metrical(TICKS.into()));
        let mut ticks = 0_u32;
        let mut times = Vec::new();
        for event in &smf.tracks[0] {
            ticks += event.delta.as_int();
            if let TrackEventKind::Midi { channel, .. } = event.kind {
                assert_eq!(channel, 3);
                times.push(f64::from(ticks) / (f64::from(TICKS) * 1.5));
            }
        }
        assert_eq!(times.len(), messages.len());
        assert!(times.iter().zip(messages).all(|(read, (written, _))| (read - written).abs() < 1e-3), "{times:?}");
    }

    #[test]
    fn odd_messages_times_and_tempos_harm_nothing() {
        for tempo in [0.0, -1.0, f64::NAN, 1e-9, 1e12] {
            let bytes = midi_file(
                "",
                tempo,
                [(f64::NAN, [0x90, 60, 1]), (1e12, [0x80, 60, 0]), (3.0, [0xf8, 200, 255]), (2.0, [0x90, 200, 1])],
            );
            let smf = Smf::parse(&bytes).unwrap();
            let notes = smf.tracks[0].iter().filter(|event| matches!(event.kind, TrackEventKind::Midi { .. })).count();
            assert_eq!(notes, 2, "{tempo}");
        }
    }
}
