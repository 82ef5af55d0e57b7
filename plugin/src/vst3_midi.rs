//! Notes, their expressions and controllers as a VST3 host sends and gets them.
//!
//! VST3 brings bend, pressure and controllers as changes of parameters that the plugin names for them, one for each channel and controller: 2,080 for all that there are,
//! which hosts show, save and send. Here there are 58, hidden ones: what MPE plays on each channel for itself has one a channel, the rest one for all channels. Syrinx, where keys
//! may give the pitch, has the wheel and the reset of all keys alone.

use crate::{changes::Changes, note_ids::HostNote, source::Source};
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{
    ControllerNumbers_, CtrlNumber, Event, Event_::EventTypes_, LegacyMIDICCOutEvent, NoteExpressionTypeIDs_,
    NoteExpressionTypeInfo, NoteExpressionTypeInfo_::NoteExpressionTypeFlags_, NoteExpressionValueDescription,
    NoteExpressionValueEvent, NoteOffEvent, NoteOnEvent, ParamID, ParameterInfo, ParameterInfo_::ParameterFlags_,
    PhysicalUITypeIDs_, String128, kRootUnitId,
};
use syrinx_engine::{Expression, Message};

/// Channels of MIDI.
const CHANNELS: usize = 16;
/// VST3's numbers beyond MIDI's controllers.
const PRESSURE: u8 = ControllerNumbers_::kAfterTouch as u8;
const BEND: u8 = ControllerNumbers_::kPitchBend as u8;
/// What MPE plays on each channel for itself.
const OF_A_CHANNEL: [(u8, &str); 3] = [(BEND, "Pitch bend"), (PRESSURE, "Channel pressure"), (74, "Timbre")];
/// What is for all channels.
const OF_ALL: [(u8, &str); 10] = [
    (1, "Modulation"),
    (2, "Breath"),
    (7, "Volume"),
    (11, "Expression"),
    (64, "Sustain pedal"),
    (66, "Sostenuto pedal"),
    (67, "Soft pedal"),
    (120, "All sound off"),
    (121, "Reset all controllers"),
    (123, "All notes off"),
];
/// The places of those that a plugin has whose keys give a voice the pitch: the wheel of the first channel, and the end of all notes.
const OF_VOICE: [usize; 2] = [0, COUNT - 1];
/// How many there are.
const COUNT: usize = OF_A_CHANNEL.len() * CHANNELS + OF_ALL.len();
/// Number of the first of them; those of the table are sums of their ids, and none comes here.
const FIRST_ID: ParamID = 0x7fff_0000;

/// The expression that pressure on a key is, among those that a plugin may number itself.
const PRESSURE_EXPRESSION: u32 = NoteExpressionTypeIDs_::kCustomStart;
/// VST3's greatest tuning, semitones to either side, and its greatest volume, linear.
const MOST_TUNING_ST: f64 = 120.0;
const MOST_VOLUME: f64 = 4.0;

/// The places of the hidden parameters of who plays from `source`.
pub fn places(source: Source) -> Vec<usize> {
    match source {
        Source::Voice => OF_VOICE.into(),
        Source::Keys => (0..COUNT).collect(),
    }
}

/// A hidden parameter, by its place among them: its controller, and its channel where it is of one.
fn controller(at: usize) -> Option<(u8, &'static str, Option<u8>)> {
    let of_channels = OF_A_CHANNEL.len() * CHANNELS;
    if at < of_channels {
        let (number, name) = OF_A_CHANNEL[at / CHANNELS];
        return Some((number, name, Some((at % CHANNELS) as u8)));
    }
    OF_ALL.get(at - of_channels).map(|(number, name)| (*number, *name, None))
}

/// The place of a hidden parameter, by the number that hosts know it by.
pub fn place(id: ParamID) -> Option<usize> {
    id.checked_sub(FIRST_ID).map(|at| at as usize).filter(|at| *at < COUNT)
}

/// The hidden parameter that a controller of a channel changes.
pub fn assignment(channel: i16, number: CtrlNumber) -> Option<ParamID> {
    let (channel, number) = (u8::try_from(channel).ok()?, u8::try_from(number).ok()?);
    (0..COUNT)
        .find(|at| controller(*at).is_some_and(|(known, _, of)| known == number && of.is_none_or(|of| of == channel)))
        .filter(|_| usize::from(channel) < CHANNELS)
        .map(|at| FIRST_ID + at as ParamID)
}

/// The value of a hidden parameter that nobody has touched, 0 to 1.
pub fn at_rest(at: usize) -> f64 {
    match controller(at) {
        Some((BEND | 74, ..)) => 0.5,
        Some((2 | 7 | 11, ..)) => 1.0,
        _ => 0.0,
    }
}

/// What hosts are told of a hidden parameter.
pub fn info(at: usize, info: &mut ParameterInfo) {
    let Some((_, name, channel)) = controller(at) else { return };
    let name = channel.map_or(name.into(), |channel| format!("{name} {}", channel + 1));
    info.id = FIRST_ID + at as ParamID;
    write(&mut info.title, &name);
    write(&mut info.shortTitle, &name);
    info.defaultNormalizedValue = at_rest(at);
    info.unitId = kRootUnitId;
    info.flags = ParameterFlags_::kIsHidden;
}

/// Takes a change of a hidden parameter.
pub fn control(at: i64, place: usize, value: f64, changes: &mut Changes) {
    let Some((number, _, channel)) = controller(place) else { return };
    let message = match number {
        BEND => Message::Bend((2.0 * value - 1.0) as f32),
        PRESSURE => Message::Pressure(value as f32),
        // These are no values but moments; at rest they say nothing.
        120 | 121 | 123 if value < 0.5 => return,
        number => Message::Control { number, value: value as f32 },
    };
    match channel {
        Some(channel) => changes.say(at, channel, message),
        None => (0..CHANNELS as u8).for_each(|channel| changes.say(at, channel, message)),
    }
}

/// Takes an event that is of notes; others it leaves alone.
///
/// # Safety
/// It is what its type says.
pub unsafe fn take(event: &Event, changes: &mut Changes) {
    let at = i64::from(event.sampleOffset);
    // SAFETY: by this function's own contract.
    unsafe {
        match u32::from(event.r#type) {
            EventTypes_::kNoteOnEvent => {
                let on = event.__field0.noteOn;
                let note = HostNote { id: on.noteId, channel: on.channel, key: on.pitch };
                // A velocity of none is a note's end, as in MIDI.
                if on.velocity > 0.0 {
                    changes.note_on(at, note, on.velocity.into(), on.tuning / 100.0);
                } else {
                    changes.note_off(at, note, false);
                }
            }
            EventTypes_::kNoteOffEvent => {
                let off = event.__field0.noteOff;
                changes.note_off(at, HostNote { id: off.noteId, channel: off.channel, key: off.pitch }, false);
            }
            EventTypes_::kPolyPressureEvent => {
                let press = event.__field0.polyPressure;
                let note = HostNote { id: press.noteId, channel: press.channel, key: press.pitch };
                changes.express(at, note, Expression::Pressure, press.pressure);
            }
            EventTypes_::kNoteExpressionValueEvent => {
                let said = event.__field0.noteExpressionValue;
                let Some((expression, value)) = expression_of(said.typeId, said.value) else { return };
                // It is of a note by its number alone.
                if changes.knows(said.noteId) {
                    changes.express(at, HostNote { id: said.noteId, channel: -1, key: -1 }, expression, value as f32);
                }
            }
            _ => {}
        }
    }
}

/// The event that a message of a voice's notes is for a host, at a sample of the block: notes and what they express are VST3's own, the rest its way of sending MIDI.
pub fn event_of(at: usize, channel: u8, message: Message) -> Option<Event> {
    // SAFETY: an event is made of numbers, for which zeroes are as good as any.
    let mut event: Event = unsafe { std::mem::zeroed() };
    event.sampleOffset = at as i32;
    let kind = |kind: u32| kind as u16;
    // What sounds of a channel and a key is one note.
    let number = |key: u8| i32::from(channel) * 128 + i32::from(key);
    let channel_of = i16::from(channel);
    match message {
        Message::NoteOn { key, velocity } => {
            event.r#type = kind(EventTypes_::kNoteOnEvent);
            event.__field0.noteOn =
                NoteOnEvent { channel: channel_of, pitch: key.into(), tuning: 0.0, velocity, length: 0, noteId: number(key) };
        }
        Message::NoteOff { key } => {
            event.r#type = kind(EventTypes_::kNoteOffEvent);
            event.__field0.noteOff =
                NoteOffEvent { channel: channel_of, pitch: key.into(), velocity: 0.5, noteId: number(key), tuning: 0.0 };
        }
        Message::Express { key: Some(key), expression, value } => {
            let (id, value) = number_of(expression, value.into());
            event.r#type = kind(EventTypes_::kNoteExpressionValueEvent);
            event.__field0.noteExpressionValue = NoteExpressionValueEvent { typeId: id, noteId: number(key), value };
        }
        Message::Control { .. } | Message::Bend(_) | Message::Pressure(_) => {
            let [_, first, second] = message.to_midi(channel)?;
            let (number, value, value2) = match message {
                Message::Bend(_) => (BEND, first, second),
                Message::Pressure(_) => (PRESSURE, first, 0),
                _ => (first, second, 0),
            };
            event.r#type = kind(EventTypes_::kLegacyMIDICCOutEvent);
            event.__field0.midiCCOut =
                LegacyMIDICCOutEvent { controlNumber: number, channel: channel as i8, value: value as i8, value2: value2 as i8 };
        }
        _ => return None,
    }
    Some(event)
}

/// VST3's number of an expression, and its value, 0 to 1.
fn number_of(expression: Expression, value: f64) -> (u32, f64) {
    match expression {
        Expression::Volume => (NoteExpressionTypeIDs_::kVolumeTypeID, value / MOST_VOLUME),
        Expression::Tuning => (NoteExpressionTypeIDs_::kTuningTypeID, 0.5 + 0.5 * value / MOST_TUNING_ST),
        Expression::Vibrato => (NoteExpressionTypeIDs_::kVibratoTypeID, value),
        Expression::Effort => (NoteExpressionTypeIDs_::kExpressionTypeID, value),
        Expression::Brightness => (NoteExpressionTypeIDs_::kBrightnessTypeID, value),
        Expression::Pressure => (PRESSURE_EXPRESSION, value),
    }
}

fn expression_of(id: u32, value: f64) -> Option<(Expression, f64)> {
    Some(match id {
        NoteExpressionTypeIDs_::kVolumeTypeID => (Expression::Volume, MOST_VOLUME * value),
        NoteExpressionTypeIDs_::kTuningTypeID => (Expression::Tuning, MOST_TUNING_ST * (2.0 * value - 1.0)),
        NoteExpressionTypeIDs_::kVibratoTypeID => (Expression::Vibrato, value),
        NoteExpressionTypeIDs_::kExpressionTypeID => (Expression::Effort, value),
        NoteExpressionTypeIDs_::kBrightnessTypeID => (Expression::Brightness, value),
        PRESSURE_EXPRESSION => (Expression::Pressure, value),
        _ => return None,
    })
}

/// The expressions that notes have: number, name, unit, value at rest, and whether it goes to both sides.
pub const EXPRESSIONS: [(u32, &str, &str, f64, bool); 6] = [
    (NoteExpressionTypeIDs_::kVolumeTypeID, "Volume", "dB", 1.0 / MOST_VOLUME, false),
    (NoteExpressionTypeIDs_::kTuningTypeID, "Tuning", "st", 0.5, true),
    (NoteExpressionTypeIDs_::kVibratoTypeID, "Vibrato", "", 0.0, false),
    (NoteExpressionTypeIDs_::kExpressionTypeID, "Expression", "", 1.0, false),
    (NoteExpressionTypeIDs_::kBrightnessTypeID, "Brightness", "", 0.5, true),
    (PRESSURE_EXPRESSION, "Pressure", "", 0.0, false),
];

/// What hosts are told of an expression, by its place among them.
pub fn expression_info(at: usize, info: &mut NoteExpressionTypeInfo) {
    let (id, name, unit, at_rest, both_sides) = EXPRESSIONS[at];
    info.typeId = id;
    write(&mut info.title, name);
    write(&mut info.shortTitle, name);
    write(&mut info.units, unit);
    info.unitId = -1;
    info.valueDesc = NoteExpressionValueDescription { defaultValue: at_rest, minimum: 0.0, maximum: 1.0, stepCount: 0 };
    info.flags = if both_sides { NoteExpressionTypeFlags_::kIsBipolar as i32 } else { 0 };
}

/// The text of an expression's value.
pub fn expression_text(id: u32, value: f64) -> Option<String> {
    let (expression, value) = expression_of(id, value)?;
    Some(match expression {
        Expression::Volume => format!("{:.1}", 20.0 * value.max(1e-6).log10()),
        Expression::Tuning => format!("{value:.2}"),
        _ => format!("{:.0} %", 100.0 * value),
    })
}

/// The expression's value, 0 to 1, that a text means.
pub fn expression_value(id: u32, text: &str) -> Option<f64> {
    let number = text.trim().trim_end_matches('%').trim_end_matches("dB").trim_end_matches("st").trim().parse::<f64>().ok()?;
    let (expression, _) = expression_of(id, 0.0)?;
    let value = match expression {
        Expression::Volume => 10_f64.powf(number / 20.0) / MOST_VOLUME,
        Expression::Tuning => 0.5 + 0.5 * number / MOST_TUNING_ST,
        _ => number / 100.0,
    };
    (0.0..=1.0).contains(&value).then_some(value)
}

/// The expression that a controller's surface plays: sideways, forwards, pressure.
pub fn of_surface(surface: u32) -> u32 {
    match surface {
        PhysicalUITypeIDs_::kPUIXMovement => NoteExpressionTypeIDs_::kTuningTypeID,
        PhysicalUITypeIDs_::kPUIYMovement => NoteExpressionTypeIDs_::kBrightnessTypeID,
        PhysicalUITypeIDs_::kPUIPressure => PRESSURE_EXPRESSION,
        _ => NoteExpressionTypeIDs_::kInvalidTypeID,
    }
}

/// Writes a text into a field of fixed length.
pub fn write(to: &mut String128, text: &str) {
    let most = to.len() - 1;
    to.fill(0);
    to.iter_mut().zip(text.encode_utf16().take(most)).for_each(|(to, from)| *to = from as _);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::What;

    #[test]
    fn every_hidden_parameter_is_a_controller_and_leads_back_to_itself() {
        assert_eq!(COUNT, 58);
        for at in 0..COUNT {
            let (number, _, channel) = controller(at).unwrap();
            let id = assignment(channel.unwrap_or(7).into(), number.into()).unwrap();
            assert_eq!(place(id), Some(at), "{number} of {channel:?}");
        }
        assert_eq!(
            (assignment(0, 3), assignment(16, 1), assignment(-1, 1), place(5), controller(COUNT)),
            (None, None, None, None, None)
        );
    }

    #[test]
    fn a_controller_of_all_channels_is_said_to_each() {
        let mut changes = Changes::default();
        changes.begin(64);
        let said = |changes: &mut Changes, channel, number, value| {
            changes.begin(64);
            control(5, place(assignment(channel, number).unwrap()).unwrap(), value, changes);
            changes.events().iter().map(|event| (event.at, event.what)).collect::<Vec<_>>()
        };
        let sustain = said(&mut changes, 3, 64, 1.0);
        assert_eq!(sustain.len(), 16);
        assert_eq!(sustain[15], (5, What::Message(15, Message::Control { number: 64, value: 1.0 })));
        assert_eq!(said(&mut changes, 3, 129, 0.5), [(5, What::Message(3, Message::Bend(0.0)))]);
        assert_eq!(said(&mut changes, 3, 123, 0.0), []);
    }

    #[test]
    fn an_expressions_text_is_read_back() {
        for (id, name, _, at_rest, _) in EXPRESSIONS {
            let text = expression_text(id, at_rest).unwrap();
            assert!((expression_value(id, &text).unwrap() - at_rest).abs() < 0.01, "{name}: {text}");
        }
        assert_eq!(expression_value(NoteExpressionTypeIDs_::kTuningTypeID, "-12 st"), Some(0.45));
        assert_eq!((expression_value(99, "1"), expression_value(0, "loud")), (None, None));
    }
}
