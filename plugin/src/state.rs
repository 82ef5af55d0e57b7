//! What a session keeps besides the parameters, and what is made of states that are old, broken, hostile or from the future. Main
//! thread.
//!
//! **Format 1.** The framework's JSON: `version` (of Syrinx), `params` (id to value) and `fields`, here: `format` ("1"), `a` and `b` (a
//! [`Reference`] each, as JSON): the instruments that the session uses, with the file of the player's own; `weights` (as JSON), where
//! single harmonics or noise are weighted; and `named` (as JSON), the preset that was loaded last. With the field `preset` it is a sound alone: what the session has of its own stays then, an
//! instrument that is not in it among that. A state is taken whole or not at all: anything that cannot be a Syrinx state is refused with a sentence, and what sounds stays as it is. Parameters that a state
//! lacks, because it is older than they are, get their defaults. An instrument that is not to be had leaves all settings in force, is
//! named to the player, and stays in the session.

use crate::{
    library::{Library, Named, Reference},
    params::SyrinxParams,
    presets::is_sessions,
    weighting::Weighting,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use nice_plug::plugin::{ParamValue, PluginState};
use std::{collections::BTreeMap, sync::Arc};
use syrinx_engine::{Kind, Model, OWN_INSTRUMENT, PARAMS, Param, Settings, Slot};

/// The format that is written, and the newest that is read.
const FORMAT: u32 = 1;
/// Field that holds the format's number.
const FORMAT_FIELD: &str = "format";
/// Field by which `filter` tells `restore` that nothing is to be restored, and why.
const REFUSED: &str = "refused";

/// Field of the weights; left out where all are neutral.
const WEIGHTS_FIELD: &str = "weights";
/// Field of the preset that was loaded last, as JSON; left out where none was.
const NAMED_FIELD: &str = "named";
/// Field of a state that is a preset.
const PRESET_FIELD: &str = "preset";

const SLOTS: [(Slot, &str); 2] = [(Slot::A, "a"), (Slot::B, "b")];

/// The state as it is, for faces without a host.
pub fn capture(params: &SyrinxParams) -> PluginState {
    let settings = params.settings();
    let value = |row: &Param| (row.id.to_owned(), param_value(row, settings.value(row.id).expect("the table's own id")));
    PluginState { version: env!("CARGO_PKG_VERSION").into(), params: PARAMS.iter().map(value).collect(), fields: save(params) }
}

/// Takes a state, whole or not at all, for faces without a host. Not for the audio thread.
///
/// # Errors
/// A sentence for the player; everything stays as it was.
pub fn apply(mut state: PluginState, params: &SyrinxParams) -> Result<(), String> {
    migrate(&mut state)?;
    let now = params.settings();
    let kept = |row: &Param| now.value(row.id).expect("the table's own id");
    let value = |at: usize| state.params.get(PARAMS[at].id).and_then(number).unwrap_or_else(|| kept(&PARAMS[at]));
    params.apply(&Settings::from_values(value));
    restore(&state.fields, params);
    Ok(())
}

/// [`capture`] as hosts keep it.
pub fn to_json(params: &SyrinxParams) -> Vec<u8> {
    serde_json::to_vec_pretty(&capture(params)).expect("a state is made of strings and numbers")
}

/// The sound alone, as hosts keep presets, with the player's own instruments in `slots`.
pub fn preset_json(params: &SyrinxParams, slots: &[Slot]) -> Vec<u8> {
    let mut state = capture(params);
    state.params.retain(|id, _| PARAMS.iter().any(|row| row.id == id && !is_sessions(row)));
    for (slot, field) in SLOTS {
        if !slots.contains(&slot) {
            state.fields.remove(field);
        }
    }
    state.fields.insert(PRESET_FIELD.into(), "1".into());
    serde_json::to_vec(&state).expect("a state is made of strings and numbers")
}

/// [`apply`] to what [`to_json`] or a host has saved.
///
/// # Errors
/// As [`apply`].
pub fn from_json(json: &[u8], params: &SyrinxParams) -> Result<(), String> {
    apply(serde_json::from_slice(json).map_err(|e| format!("it is not a saved state ({e})"))?, params)
}

/// The fields of a session.
pub fn save(params: &SyrinxParams) -> BTreeMap<String, String> {
    let (settings, library) = (params.settings(), params.library());
    let mut fields = BTreeMap::from([(FORMAT_FIELD.into(), FORMAT.to_string())]);
    for ((slot, field), number) in SLOTS.into_iter().zip([settings.instrument_a, settings.instrument_b]) {
        let number = number as u8;
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
    if let Some(weights) = params.weighting().to_json() {
        fields.insert(WEIGHTS_FIELD.into(), weights);
    }
    if let Some(named) = library.preset() {
        fields.insert(NAMED_FIELD.into(), serde_json::to_string(&named).expect("a name is made of strings"));
    }
    fields
}

/// Makes what the framework is about to apply fit to be applied: complete, or empty.
pub fn filter(state: &mut PluginState) {
    if let Err(why) = migrate(state) {
        state.params.clear();
        state.fields = BTreeMap::from([(REFUSED.into(), why)]);
    }
}

fn migrate(state: &mut PluginState) -> Result<(), String> {
    let format = state.fields.get(FORMAT_FIELD).ok_or("it is not one of Syrinx")?;
    match format.parse::<u32>() {
        Ok(0) | Err(_) => return Err("its format is none that Syrinx writes".into()),
        Ok(format) if format > FORMAT => {
            return Err(format!("a newer Syrinx ({}) wrote it; update Syrinx to open it", clip(&state.version)));
        }
        Ok(_) => {}
    }
    // A parameter of another Syrinx of the same format does no harm by its absence; what is the session's has no place in a preset.
    let preset = state.fields.contains_key(PRESET_FIELD);
    let takes = |row: &Param| !(preset && is_sessions(row));
    state.params.retain(|id, _| PARAMS.iter().any(|row| row.id == id && takes(row)));
    for row in PARAMS.iter().filter(|row| takes(row)) {
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
    if let Some(text) = state.fields.get(WEIGHTS_FIELD) {
        Weighting::parse(text).map_err(|e| format!("its weights cannot be read ({e})"))?;
    }
    Ok(())
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

/// Takes the fields of a filtered state.
pub fn restore(fields: &BTreeMap<String, String>, params: &SyrinxParams) {
    let library = params.library();
    if let Some(why) = fields.get(REFUSED) {
        library.say(format!("The saved state was not loaded: {why}. Everything stays as it was."));
        return;
    }
    library.hush();
    let weights = fields.get(WEIGHTS_FIELD).and_then(|text| Weighting::parse(text).ok()).unwrap_or_default();
    params.weighting().set(&weights);
    // A name is no reason to refuse a session.
    let named = fields.get(NAMED_FIELD).and_then(|text| serde_json::from_str::<Named>(text).ok());
    library.name_preset(named.map(|named| Named { name: clip(&named.name), group: clip(&named.group) }));
    let mut troubles = Vec::new();
    for (slot, field) in SLOTS {
        if fields.contains_key(PRESET_FIELD) && !fields.contains_key(field) {
            continue;
        }
        library.clear(slot);
        let Some(reference) = fields.get(field).and_then(|text| serde_json::from_str::<Reference>(text).ok()) else { continue };
        if let Err(why) = recall(slot, &reference, library) {
            troubles.push(why);
            library.miss(slot, Some(reference));
        }
    }
    if !troubles.is_empty() {
        library.say(troubles.join(" "));
    }
}

/// Finds the instrument that a session refers to; an `Err` is a sentence for the player.
fn recall(slot: Slot, reference: &Reference, library: &Library) -> Result<(), String> {
    let name = clip(if reference.name.is_empty() { &reference.id } else { &reference.name });
    if let Some(file) = &reference.file {
        let lost = |why: String| format!("The session's own instrument {name:?} cannot be played: {why}. All settings are kept.");
        let bytes = BASE64_STANDARD.decode(file).map_err(|_| lost("its file is damaged".into()))?;
        let model: Arc<Model> = syrinx_judge::from_bytes(&bytes).map_err(|e| lost(e.to_string()))?;
        if hexadecimal(model.hash()) != reference.hash {
            return Err(lost("its file is not the one that the session was saved with".into()));
        }
        library.put(slot, model);
        return Ok(());
    }
    if reference.number == OWN_INSTRUMENT {
        return Err(format!(
            "The session's own instrument {name:?} is not in the session. Load its file to hear it; all settings are kept."
        ));
    }
    match syrinx_models::numbered(reference.number) {
        Some(_) => Ok(()),
        None if reference.id.is_empty() => Ok(()),
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
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
