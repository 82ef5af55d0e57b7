//! What a session keeps besides the parameters, and what is made of states that are old, broken, hostile or from the future. Main
//! thread.
//!
//! **Format 2.** JSON, as the framework would write it: `version` (of Syrinx), `params` (id to value) and `fields`, here: `format` ("2"), `a` and `b` (a
//! [`Reference`] each, as JSON): the instruments that the session uses, with the file of the player's own; `weights` (as JSON), where
//! single harmonics or noise are weighted; `named` (as JSON), the preset that was loaded last; and `plays`, what it is played from, where that is no voice; and `tuning` (as JSON), files of Scala's that
//! tune the keys. With the field `preset` it is a sound alone: what the session has of its own stays then, an
//! instrument that is not in it among that. A state is taken whole or not at all: anything that cannot be a Syrinx state is refused with a sentence, and what sounds stays as it is. Parameters that a state
//! lacks, because it is older than they are, get their defaults; but a session that was saved before there was *Life* or *Room* has none. An instrument that is not to be had leaves all settings in force, is
//! named to the player, and stays in the session.

use crate::{
    judged,
    library::{Named, Reference},
    params::SyrinxParams,
    presets::is_sessions,
    source::{self, Source, Values},
    spectral_weights::SharedWeights,
    tuning_files::TuningFiles,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use nice_plug::plugin::{ParamValue, PluginState};
use std::{collections::BTreeMap, sync::Arc};
use syrinx_engine::{Kind, MAX_FILE_BYTES, Model, OWN_INSTRUMENT, Param, ParamId, Slot, SpectralWeights};

/// The format that is written, and the newest that is read.
const FORMAT: u32 = 2;
/// What states and presets of format 1 knew nothing of; at 0, they sound as they did.
pub const UNKNOWN_TO_FORMAT_1: [ParamId; 2] = [ParamId::life, ParamId::room];
/// Field that holds the format's number.
const FORMAT_FIELD: &str = "format";
/// Most bytes of a state: two instruments of the player's own in Base64, and room for what else there is.
pub const MAX_STATE_BYTES: usize = 3 * MAX_FILE_BYTES;

/// Field of the weights; left out where all are neutral.
const WEIGHTS_FIELD: &str = "weights";
/// Field of the preset that was loaded last, as JSON; left out where none was.
const NAMED_FIELD: &str = "named";
/// Field of what a state is played from; left out where that is a voice.
const PLAYS_FIELD: &str = "plays";
/// Field of what says which pitch each key has, as JSON; left out where that is equal temperament.
const TUNING_FIELD: &str = "tuning";
/// Field of a state that is a preset.
const PRESET_FIELD: &str = "preset";

const SLOTS: [(Slot, &str); 2] = [(Slot::A, "a"), (Slot::B, "b")];

/// The state as it is, for faces without a host.
pub fn capture(params: &SyrinxParams) -> PluginState {
    let all = params.values();
    let values = params.source().rows().map(|at| (source::row(at).id.to_owned(), param_value(source::row(at), all.get(at))));
    PluginState { version: env!("CARGO_PKG_VERSION").into(), params: values.collect(), fields: save(params) }
}

/// Takes a state, whole or not at all: the audio thread plays all of it from one sample on. Not for the audio thread.
///
/// # Errors
/// A sentence for the player; everything stays as it was.
pub fn apply(mut state: PluginState, params: &SyrinxParams) -> Result<(), String> {
    migrate(&mut state, params.source())?;
    let now = params.values();
    let value = |at: usize| state.params.get(source::row(at).id).and_then(number).unwrap_or_else(|| now.get(at));
    let values = Values::from_rows(value);
    // Whatever takes time comes first.
    let restored = Restored::from_fields(&state.fields);
    params.at_once(|| {
        params.apply_all(&values);
        restored.put_in_force(params);
    });
    Ok(())
}

/// [`capture`] as hosts keep it: short.
pub fn for_host(params: &SyrinxParams) -> Vec<u8> {
    serde_json::to_vec(&capture(params)).expect("a state is made of strings and numbers")
}

/// [`capture`] as a file that can be read.
pub fn to_json(params: &SyrinxParams) -> Vec<u8> {
    serde_json::to_vec_pretty(&capture(params)).expect("a state is made of strings and numbers")
}

/// The sound alone, as hosts keep presets, with the player's own instruments in `slots`.
pub fn preset_json(params: &SyrinxParams, slots: &[Slot]) -> Vec<u8> {
    let mut state = capture(params);
    state.params.retain(|id, _| params.source().param(id).is_some_and(|row| !is_sessions(row)));
    for (slot, field) in SLOTS {
        if !slots.contains(&slot) {
            state.fields.remove(field);
        }
    }
    state.fields.remove(TUNING_FIELD);
    state.fields.insert(PRESET_FIELD.into(), "1".into());
    serde_json::to_vec(&state).expect("a state is made of strings and numbers")
}

/// [`apply`] to what [`to_json`] or a host has saved.
///
/// # Errors
/// As [`apply`].
pub fn from_json(json: &[u8], params: &SyrinxParams) -> Result<(), String> {
    if json.len() > MAX_STATE_BYTES {
        return Err(format!("it has more than {MAX_STATE_BYTES} bytes"));
    }
    apply(serde_json::from_slice(json).map_err(|e| format!("it is not a saved state ({e})"))?, params)
}

/// [`from_json`] for a host, which has no words for why it was refused: the player reads them in the window. Whether it was taken.
pub fn load(json: &[u8], params: &SyrinxParams) -> bool {
    let loaded = from_json(json, params);
    if let Err(why) = &loaded {
        params.notices().say(format!("The saved state was not loaded: {why}. Everything stays as it was."));
    }
    loaded.is_ok()
}

/// The fields of a session.
fn save(params: &SyrinxParams) -> BTreeMap<String, String> {
    let (settings, library) = (params.settings(), params.library());
    let mut fields = BTreeMap::from([(FORMAT_FIELD.into(), FORMAT.to_string())]);
    for ((slot, field), number) in SLOTS.into_iter().zip([settings.instrument_a, settings.instrument_b]) {
        let own = library.own(slot);
        let of = |model: &Model, file: Option<String>| Reference {
            number,
            id: model.card().id.clone(),
            name: model.card().name.clone(),
            hash: hexadecimal(model.hash()),
            file,
        };
        // An own instrument travels with the session even while another one plays: the player may come back to it.
        let reference = match (&own, syrinx_models::numbered(number), library.missing(slot)) {
            (Some(model), ..) => of(model, Some(BASE64_STANDARD.encode(model.bytes()))),
            (None, _, Some(missing)) if missing.number == number || missing.file.is_some() => missing,
            (None, Some(model), _) => of(model, None),
            (None, None, _) => Reference { number, id: String::new(), name: String::new(), hash: String::new(), file: None },
        };
        fields.insert(field.into(), serde_json::to_string(&reference).expect("a reference is made of strings and numbers"));
    }
    if params.source() != Source::Voice {
        fields.insert(PLAYS_FIELD.into(), params.source().id().into());
    }
    let tuning = library.tuning();
    if !tuning.is_empty() {
        fields.insert(TUNING_FIELD.into(), serde_json::to_string(&tuning).expect("files are made of strings"));
    }
    if let Some(weights) = params.spectral_weights().to_json() {
        fields.insert(WEIGHTS_FIELD.into(), weights);
    }
    if let Some(named) = library.preset() {
        fields.insert(NAMED_FIELD.into(), serde_json::to_string(&named).expect("a name is made of strings"));
    }
    fields
}

/// Makes a state fit to be applied to who plays from `source`: complete.
fn migrate(state: &mut PluginState, source: Source) -> Result<(), String> {
    let format = state.fields.get(FORMAT_FIELD).ok_or("it is not one of Syrinx")?;
    match format.parse::<u32>() {
        Ok(0) | Err(_) => return Err("its format is none that Syrinx writes".into()),
        Ok(format) if format > FORMAT => {
            return Err(format!("a newer Syrinx ({}) wrote it; update Syrinx to open it", clip(&state.version)));
        }
        Ok(1) => {
            for id in UNKNOWN_TO_FORMAT_1 {
                state.params.insert(id.param().id.into(), ParamValue::F32(0.0));
            }
        }
        Ok(_) => {}
    }
    let plays = state.fields.get(PLAYS_FIELD).map_or(Ok(Source::Voice), |id| Source::named(id))?;
    if plays != source {
        return Err(format!("it is one of {}, and this is {}", plays.product(), source.product()));
    }
    // All parameters there are were written, so a session that names no room was saved when there was none, and sounds as it did.
    let room = ParamId::room.param().id;
    if !state.fields.contains_key(PRESET_FIELD) && !state.params.contains_key(room) {
        state.params.insert(room.into(), ParamValue::F32(0.0));
    }
    // A parameter of another Syrinx of the same format does no harm by its absence; what is the session's has no place in a preset.
    let preset = state.fields.contains_key(PRESET_FIELD);
    let takes = |row: &Param| !(preset && is_sessions(row));
    state.params.retain(|id, _| source.param(id).is_some_and(takes));
    for row in source.params().filter(|row| takes(row)) {
        let value = match state.params.get(row.id) {
            None => row.default,
            Some(value) => number(value).ok_or_else(|| format!("its value of {} is no number", row.id))?,
        };
        if !(row.min..=row.max).contains(&value) {
            return Err(format!("its value of {} is {value}, and {} to {} are possible", row.id, row.min, row.max));
        }
        state.params.insert(row.id.into(), param_value(row, value));
    }
    for (_, field) in SLOTS {
        if let Some(text) = state.fields.get(field) {
            serde_json::from_str::<Reference>(text)
                .map_err(|e| format!("what it says of instrument {field} cannot be read ({e})"))?;
        }
    }
    tuning_of(&state.fields).map_err(|e| format!("its tuning cannot be read ({e})"))?;
    if let Some(text) = state.fields.get(WEIGHTS_FIELD) {
        SharedWeights::parse(text).map_err(|e| format!("its weights cannot be read ({e})"))?;
    }
    Ok(())
}

/// The files that tune the keys, which do.
fn tuning_of(fields: &BTreeMap<String, String>) -> Result<TuningFiles, String> {
    let Some(text) = fields.get(TUNING_FIELD) else { return Ok(TuningFiles::default()) };
    let files: TuningFiles = serde_json::from_str(text).map_err(|e| e.to_string())?;
    files.tuning().map(|_| files)
}

/// The framework's kind of value for a row of the table.
fn param_value(row: &Param, value: f32) -> ParamValue {
    match row.kind {
        Kind::Number { .. } => ParamValue::F32(value),
        Kind::Choice(_) | Kind::Instrument => ParamValue::I32(value as i32),
        Kind::Switch => ParamValue::Bool(value >= 0.5),
    }
}

/// The number in the framework's value; no parameter is saved as a text.
fn number(value: &ParamValue) -> Option<f32> {
    match value {
        ParamValue::F32(v) => Some(*v),
        ParamValue::I32(v) => Some(*v as f32),
        ParamValue::Bool(v) => Some(f32::from(u8::from(*v))),
        ParamValue::String(_) => None,
    }
}

/// The fields of a state, read and judged.
struct Restored {
    weights: SpectralWeights,
    preset: Option<Named>,
    /// None where the state leaves it as it is.
    tuning: Option<TuningFiles>,
    /// None where the state leaves a slot as it is.
    slots: [Option<Recalled>; 2],
}

/// What becomes of the player's own instrument of a slot.
enum Recalled {
    /// The slot has none, or this one.
    Own(Option<Arc<Model>>),
    /// One that is not to be had, and a sentence for the player.
    Missing(Reference, String),
}

impl Restored {
    /// Takes the fields of a state that is fit to be applied.
    fn from_fields(fields: &BTreeMap<String, String>) -> Self {
        let weights = fields.get(WEIGHTS_FIELD).and_then(|text| SharedWeights::parse(text).ok()).unwrap_or_default();
        // A name is no reason to refuse a session.
        let named = fields.get(NAMED_FIELD).and_then(|text| serde_json::from_str::<Named>(text).ok());
        let preset = named.map(|named| Named { name: clip(&named.name), group: clip(&named.group) });
        let slots = SLOTS.map(|(_, field)| {
            if fields.contains_key(PRESET_FIELD) && !fields.contains_key(field) {
                return None;
            }
            let reference = fields.get(field).and_then(|text| serde_json::from_str::<Reference>(text).ok());
            let Some(reference) = reference else { return Some(Recalled::Own(None)) };
            Some(match recall(&reference) {
                Ok(own) => Recalled::Own(own),
                Err(why) => Recalled::Missing(reference, why),
            })
        });
        let tuning = (!fields.contains_key(PRESET_FIELD)).then(|| tuning_of(fields).unwrap_or_default());
        Self { weights, preset, tuning, slots }
    }

    fn put_in_force(self, params: &SyrinxParams) {
        let library = params.library();
        params.notices().hush();
        params.spectral_weights().set(&self.weights);
        library.name_preset(self.preset);
        if let Some(tuning) = self.tuning {
            // They were tried before anything was changed.
            let _ = library.tune(tuning);
        }
        let mut troubles = Vec::new();
        for ((slot, _), recalled) in SLOTS.into_iter().zip(self.slots) {
            match recalled {
                None => {}
                Some(Recalled::Own(None)) => library.clear(slot),
                Some(Recalled::Own(Some(model))) => library.put(slot, model),
                Some(Recalled::Missing(reference, why)) => {
                    library.clear(slot);
                    library.miss(slot, Some(reference));
                    troubles.push(why);
                }
            }
        }
        if !troubles.is_empty() {
            params.notices().say(troubles.join(" "));
        }
    }
}

/// Finds the player's own instrument that a session refers to, if it refers to one; an `Err` is a sentence for the player.
fn recall(reference: &Reference) -> Result<Option<Arc<Model>>, String> {
    let name = clip(if reference.name.is_empty() { &reference.id } else { &reference.name });
    if let Some(file) = &reference.file {
        let lost = |why: String| format!("The session's own instrument {name:?} cannot be played: {why}. All settings are kept.");
        let bytes = BASE64_STANDARD.decode(file).map_err(|_| lost("its file is damaged".into()))?;
        let model = judged::from_bytes(&bytes).map_err(|e| lost(e.to_string()))?;
        if hexadecimal(model.hash()) != reference.hash {
            return Err(lost("its file is not the one that the session was saved with".into()));
        }
        return Ok(Some(model));
    }
    if reference.number == OWN_INSTRUMENT {
        return Err(format!(
            "The session's own instrument {name:?} is not in the session. Load its file to hear it; all settings are kept."
        ));
    }
    match syrinx_models::numbered(reference.number) {
        Some(_) => Ok(None),
        None if reference.id.is_empty() => Ok(None),
        None => Err(format!(
            "The session plays {name:?}, which this Syrinx does not have. Update it to hear it; all settings are kept."
        )),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A stranger's words, short enough for a sentence.
fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}
