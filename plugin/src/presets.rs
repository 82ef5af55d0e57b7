//! Presets: the factory's, and files of the player's own. A preset is a sound: how the voice is heard, the latency mode and bypass are the
//! session's, and stay. Any thread but the audio thread.

mod file_name;

use crate::{
    judged,
    library::{Library, Named, Reference},
    params::{SyrinxParams, instrument_name, instrument_number},
    reading::{self, harmless},
    source::{self, Source, Values},
    spectral_weights::SharedWeights,
    state,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    ffi::{CString, c_char},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};
use syrinx_engine::{Kind, MAX_FILE_BYTES, Model, OWN_INSTRUMENT, Param as ParamRow, ParamId, Slot, SpectralWeights};

/// The factory's presets: for voices, and for keys.
const FACTORY: [&str; 2] = [include_str!("../presets/factory.toml"), include_str!("../presets/keys.toml")];
/// How preset files end.
pub const EXTENSION: &str = "syrinx";
/// The format that is written, and the newest that is read.
const FORMAT: u32 = 2;
/// The group of users' presets.
pub const USER: &str = "Yours";
/// Most bytes of a preset's file: two instruments of the largest kind, in Base64, and what a preset says besides.
const MOST_BYTES: usize = 2 * (MAX_FILE_BYTES / 3 * 4) + (1 << 20);
/// Most letters of a preset's name.
const MOST_LETTERS: usize = 80;

/// Whether a parameter belongs to the session and not to the sound.
pub fn is_sessions(row: &ParamRow) -> bool {
    row.session
}

/// One preset.
#[derive(Clone, Debug)]
pub struct Preset {
    /// Its name.
    pub name: String,
    /// Its group.
    pub group: String,
    /// What it is good for, in a sentence; may be empty.
    pub about: String,
    /// Its file, if it is the user's.
    pub file: Option<PathBuf>,
    /// What it is played from.
    pub source: Source,
    values: BTreeMap<String, String>,
    weights: Option<String>,
    own: BTreeMap<String, Reference>,
}

/// An instrument in a preset.
#[derive(Clone, Debug, PartialEq)]
pub struct Played {
    /// Its name.
    pub name: String,
    /// Its family, as cards name them; empty where it is not known.
    pub family: String,
    /// How much of it there is, per cent.
    pub share: f32,
}

/// A preset as a file. Values are texts with units, as people type them.
#[derive(Serialize, Deserialize)]
struct Written {
    syrinx_preset: u32,
    /// Its name, which a file's name may not be able to say; older files have none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(default)]
    about: String,
    /// What it is played from; left out where that is a voice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plays: Option<String>,
    values: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weights: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    own: BTreeMap<String, Reference>,
}

#[derive(Deserialize)]
struct Factory {
    preset: Vec<FactoryPreset>,
}

#[derive(Deserialize)]
struct FactoryPreset {
    name: String,
    group: String,
    about: String,
    #[serde(default)]
    values: BTreeMap<String, String>,
    #[serde(default)]
    harmonics: BTreeMap<String, f32>,
    #[serde(default)]
    noise: BTreeMap<String, f32>,
}

impl FactoryPreset {
    fn weights(&self) -> Result<Option<String>, String> {
        if self.harmonics.is_empty() && self.noise.is_empty() {
            return Ok(None);
        }
        let mut weights = SpectralWeights::default();
        for (of, all) in [(&self.harmonics, &mut weights.harmonics_db[..]), (&self.noise, &mut weights.noise_db[..])] {
            for (number, db) in of {
                let at: usize = number.parse().map_err(|_| format!("{number:?} is no number"))?;
                *at.checked_sub(1).and_then(|at| all.get_mut(at)).ok_or_else(|| format!("there is no weight {number}"))? = *db;
            }
        }
        let text = SharedWeights::write(&weights);
        SharedWeights::parse(&text).map(|_| Some(text))
    }
}

/// The factory's presets for who plays from `source`, the one of a fresh instance first.
pub fn factory(source: Source) -> &'static [Preset] {
    static PRESETS: OnceLock<[Vec<Preset>; 2]> = OnceLock::new();
    let all =
        PRESETS.get_or_init(|| Source::BOTH.map(|source| read_factory(source).expect("the tests read the factory's presets")));
    &all[source as usize]
}

fn read_factory(source: Source) -> Result<Vec<Preset>, String> {
    let read: Factory = toml::from_str(FACTORY[source as usize]).map_err(|e| e.to_string())?;
    read.preset
        .into_iter()
        .map(|preset| {
            let weights = preset.weights().map_err(|e| format!("{}: {e}", preset.name))?;
            let FactoryPreset { name, group, about, values, .. } = preset;
            Ok(Preset { name, group, about, file: None, source, values, weights, own: BTreeMap::new() })
        })
        .collect()
}

impl Preset {
    /// Reads a file of the player's own.
    ///
    /// # Errors
    /// A sentence.
    pub fn from_file(path: &Path) -> Result<Self, String> {
        let Written { name, about, plays, values, weights, own, .. } = read(path)?;
        let source = plays.map_or(Ok(Source::Voice), |id| Source::named(&id));
        let source = source.map_err(|why| format!("{} cannot be played: {why}.", harmless(&path.display().to_string())))?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        // A file that somebody has given another name bears that one.
        let name = if file_name::is_of(&stem, &name) { name } else { stem.into_owned() };
        let (name, about) = (harmless(&name), harmless(&about));
        Ok(Self { name, group: USER.into(), about, file: Some(path.into()), source, values, weights, own })
    }

    /// What it is called.
    pub fn named(&self) -> Named {
        Named { name: self.name.clone(), group: self.group.clone() }
    }

    fn lost(&self, why: impl ToString) -> String {
        format!("The preset {:?} cannot be played: {}.", self.name, why.to_string())
    }

    /// The values and the weights; what it leaves out is at its default.
    ///
    /// # Errors
    /// A sentence.
    pub fn sound(&self) -> Result<(Values, SpectralWeights), String> {
        let mut values = Values::default();
        for (id, text) in &self.values {
            // A parameter of another Syrinx of the same format does no harm.
            let Some(row) = self.source.param(id) else { continue };
            if let (Kind::Instrument, Some(known)) = (row.kind, ParamId::named(id)) {
                let number = instrument_number(row, text).ok_or_else(|| self.lost(format!("there is no instrument {text:?}")))?;
                values.settings.put(known, number.into());
            } else {
                values.set(id, text).map_err(|e| self.lost(e))?;
            }
        }
        let weights =
            self.weights.as_deref().map_or(Ok(SpectralWeights::default()), SharedWeights::parse).map_err(|e| self.lost(e))?;
        Ok((values, weights))
    }

    /// The instruments of the player's own that it brings along: read anew, in some milliseconds.
    ///
    /// # Errors
    /// A sentence.
    pub fn own(&self) -> Result<Vec<(Slot, Arc<Model>)>, String> {
        let mut own = Vec::new();
        for (slot, letter) in [(Slot::A, "a"), (Slot::B, "b")] {
            let Some(reference) = self.own.get(letter) else { continue };
            let bytes = reference.file.as_ref().and_then(|file| BASE64_STANDARD.decode(file).ok());
            let bytes = bytes.ok_or_else(|| self.lost("the file of its instrument is damaged"))?;
            own.push((slot, judged::from_bytes(&bytes).map_err(|e| self.lost(e))?));
        }
        Ok(own)
    }

    /// The instruments that sound in it, A before B; none where it cannot be played.
    pub fn instruments(&self) -> Vec<Played> {
        let Ok((Values { settings, .. }, _)) = self.sound() else { return Vec::new() };
        let all = [("a", settings.instrument_a, 100.0 - settings.morph), ("b", settings.instrument_b, settings.morph)];
        let played = |(letter, number, share): (&str, u8, f32)| {
            let (name, family) = match (syrinx_models::numbered(number), self.own.get(letter)) {
                (Some(model), _) => (model.card().name.clone(), model.card().family.clone()),
                (None, Some(own)) => (harmless(&own.name), String::new()),
                (None, None) => (instrument_name(ParamId::instrument_a.param(), number), String::new()),
            };
            Played { name, family, share }
        };
        all.into_iter().filter(|(.., share)| *share > 0.0).map(played).collect()
    }

    /// As a state that a host can load: what it says nothing of, the session's own settings among it, stays.
    ///
    /// # Errors
    /// A sentence.
    pub fn to_state(&self) -> Result<Vec<u8>, String> {
        let ((values, weights), own) = (self.sound()?, self.own()?);
        let params = SyrinxParams::new(Arc::new(Library::of(self.source).0));
        params.apply_all(&values);
        params.spectral_weights().set(&weights);
        let slots: Vec<Slot> = own.iter().map(|(slot, _)| *slot).collect();
        own.into_iter().for_each(|(slot, model)| params.library().put(slot, model));
        params.library().name_preset(Some(self.named()));
        Ok(state::preset_json(&params, &slots))
    }
}

/// The name that somebody typed for a preset, without the spaces around it.
///
/// # Errors
/// A sentence that tells the rule.
pub fn name(typed: &str) -> Result<&str, String> {
    let name = typed.trim();
    let letters = name.chars().count();
    if letters > MOST_LETTERS {
        return Err(format!(
            "A preset's name has at most {MOST_LETTERS} letters, figures, spaces and signs; this one has {letters}."
        ));
    }
    if name.is_empty() || harmless(name) != name {
        return Err(format!("A preset's name has 1 to {MOST_LETTERS} letters, figures, spaces and signs that can be seen."));
    }
    Ok(name)
}

/// The file in `folder` for a new preset with this name: one that no file there has, in signs that every system allows.
pub fn path(folder: &Path, name: &str) -> PathBuf {
    file_name::candidates(name)
        .map(|stem| folder.join(format!("{stem}.{EXTENSION}")))
        .find(|path| !path.exists())
        .expect("a folder has not as many files as there are numbers")
}

fn read(path: &Path) -> Result<Written, String> {
    let file = harmless(&path.display().to_string());
    let wrong = |why: String| format!("{file} is no preset: {why}. Take it out of the folder, or save it anew.");
    let bytes = reading::bounded(path, MOST_BYTES).map_err(|e| format!("{file} cannot be read: {e}."))?;
    let mut written: Written = serde_json::from_slice(&bytes).map_err(|e| wrong(e.to_string()))?;
    match written.syrinx_preset {
        FORMAT => {}
        1 => {
            for id in state::UNKNOWN_TO_FORMAT_1 {
                written.values.insert(id.param().id.into(), "0".into());
            }
            written.syrinx_preset = FORMAT;
        }
        _ => return Err(wrong("a newer Syrinx wrote it".into())),
    }
    Ok(written)
}

/// The preset in the file at `path`, with another name.
///
/// # Errors
/// A sentence.
pub fn renamed(path: &Path, name: &str) -> Result<Vec<u8>, String> {
    let written = Written { name: name.into(), ..read(path)? };
    Ok(serde_json::to_vec_pretty(&written).expect("it is made of texts"))
}

/// The settings, the weights and the instruments of the player's own that play, as the file of a preset with this name has them.
pub fn write(params: &SyrinxParams, name: &str, about: &str) -> Vec<u8> {
    let (values, source) = (params.values(), params.source());
    let settings = &values.settings;
    let value = |at: usize| {
        let (row, value) = (source::row(at), values.get(at));
        let text = match row.kind {
            Kind::Instrument => instrument_text(row, value as u8),
            _ => format!("{} {}", row.display(value), row.unit).trim_end().to_owned(),
        };
        (row.id.to_owned(), text)
    };
    let own = [(Slot::A, "a", settings.instrument_a), (Slot::B, "b", settings.instrument_b)]
        .into_iter()
        .filter(|(_, _, number)| *number == OWN_INSTRUMENT)
        .filter_map(|(slot, letter, _)| Some((letter.to_owned(), reference(&params.library().own(slot)?))))
        .collect();
    let written = Written {
        syrinx_preset: FORMAT,
        name: name.into(),
        about: about.into(),
        plays: (source != Source::Voice).then(|| source.id().into()),
        values: source.rows().filter(|at| !is_sessions(source::row(*at))).map(value).collect(),
        weights: params.spectral_weights().to_json(),
        own,
    };
    serde_json::to_vec_pretty(&written).expect("it is made of texts")
}

fn instrument_text(row: &ParamRow, number: u8) -> String {
    syrinx_models::numbered(number).map_or_else(|| instrument_name(row, number), |m| m.card().id.clone())
}

fn reference(model: &Arc<Model>) -> Reference {
    Reference {
        number: OWN_INSTRUMENT,
        id: model.card().id.clone(),
        name: model.card().name.clone(),
        hash: model.hash().iter().map(|b| format!("{b:02x}")).collect(),
        file: Some(BASE64_STANDARD.encode(model.bytes())),
    }
}

/// The factory's presets as JSON, a list of objects with `plugin`, `name`, `group`, `about` and `state`: for the chore that makes preset files of
/// them in the host's format, which opens the library to ask. The text stays for as long as the library does.
#[unsafe(no_mangle)]
pub extern "C" fn syrinx_factory_presets() -> *const c_char {
    static TEXT: OnceLock<CString> = OnceLock::new();
    let text = TEXT.get_or_init(|| {
        let all = Source::BOTH.into_iter().flat_map(factory).map(|preset| {
            let state = preset.to_state().expect("the tests play the factory's presets");
            let state = String::from_utf8(state).expect("JSON is a text");
            serde_json::json!({"plugin": preset.source.product(), "name": preset.name, "group": preset.group, "about": preset.about, "state": state})
        });
        CString::new(serde_json::Value::from_iter(all).to_string()).expect("JSON has no zeroes")
    });
    text.as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use syrinx_engine::{KeyMode, LatencyMode, Settings};

    #[test]
    fn the_factory_has_many_presets_and_all_can_be_played() {
        let mut names = BTreeSet::new();
        for (source, least) in [(Source::Voice, 24), (Source::Keys, 16)] {
            let presets = read_factory(source).unwrap();
            assert!(presets.len() >= least, "{}", presets.len());
            let mut sounds = Vec::new();
            for preset in &presets {
                // Hosts tell the presets of both plugins apart by their names.
                assert!(names.insert(preset.name.clone()), "two are called {}", preset.name);
                let (values, weights) = preset.sound().unwrap();
                assert!(!preset.about.is_empty() && !preset.group.is_empty(), "{}", preset.name);
                let belongs = |id: &String| source.param(id).is_some_and(|row| !is_sessions(row));
                assert!(preset.values.keys().all(belongs), "{}", preset.name);
                assert!(!sounds.contains(&(values, weights)), "{} is another one's double", preset.name);
                sounds.push((values, weights));
            }
            assert_eq!(presets[0].sound().unwrap().0, Values::default(), "a fresh instance is the first");
        }
    }

    #[test]
    fn a_preset_of_format_1_sounds_as_it_did() {
        let file = |format: u32, values: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("mine.syrinx");
            let text = format!(r#"{{"syrinx_preset": {format}, "name": "mine", "about": "", "values": {{{values}}}}}"#);
            std::fs::write(&path, text).unwrap();
            Preset::from_file(&path).map(|preset| preset.sound().unwrap().0.settings).map(|sound| (sound.life, sound.room))
        };
        assert_eq!(file(1, r#""noise": "3 dB""#), Ok((0.0, 0.0)), "there was neither");
        assert_eq!(file(2, r#""noise": "3 dB""#), Ok((100.0, 100.0)));
        assert_eq!(file(2, r#""life": "50 %""#), Ok((50.0, 100.0)));
        assert!(file(3, "").unwrap_err().contains("newer Syrinx"));
    }

    #[test]
    fn a_preset_tells_what_plays() {
        let of = |name: &str| factory(Source::Voice).iter().find(|p| p.name == name).unwrap().instruments();
        let played = |name: &str, family: &str, share| Played { name: name.into(), family: family.into(), share };
        assert_eq!(of("Violin, plain"), [played("Violin", "string", 100.0)]);
        assert_eq!(of("Clarinet into organ"), [played("Clarinet", "reed", 50.0), played("Organ, full", "organ", 50.0)]);
    }

    #[test]
    fn a_preset_as_a_state_changes_the_sound_and_leaves_the_session() {
        let params = SyrinxParams::new(Arc::new(Library::new().0));
        let session = Settings { gate: -30.0, latency_mode: LatencyMode::Studio, loudness: 5.0, ..Settings::default() };
        params.apply(&session);
        let flute = syrinx_models::load("flute").unwrap();
        params.library().put(Slot::B, flute.clone());
        let preset = factory(Source::Voice).iter().find(|p| p.name == "Bright edge").unwrap();
        state::from_json(&preset.to_state().unwrap(), &params).unwrap();
        let (Values { settings, .. }, weights) = preset.sound().unwrap();
        assert_eq!(params.settings(), Settings { gate: -30.0, latency_mode: LatencyMode::Studio, ..settings });
        assert_eq!(params.spectral_weights().get(), weights);
        assert_eq!(params.library().preset(), Some(preset.named()));
        assert!(params.library().own(Slot::B).is_some(), "an instrument of the session's own is not lost");

        // One with an instrument of the player's own brings it along.
        params.apply(&Settings { instrument_a: OWN_INSTRUMENT, ..Settings::default() });
        params.library().put(Slot::A, flute);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Mine.syrinx");
        std::fs::write(&path, write(&params, "Mine", "")).unwrap();
        let other = SyrinxParams::new(Arc::new(Library::new().0));
        state::from_json(&Preset::from_file(&path).unwrap().to_state().unwrap(), &other).unwrap();
        assert_eq!(other.library().own(Slot::A).unwrap().card().id, "flute");
        assert!(other.library().own(Slot::B).is_none() && other.settings().instrument_a == OWN_INSTRUMENT);
    }

    #[test]
    fn a_preset_of_keys_is_of_keys_as_a_file_and_as_a_state() {
        let params = |source| SyrinxParams::new(Arc::new(Library::of(source).0));
        let (keys, folder) = (params(Source::Keys), tempfile::tempdir().unwrap());
        let preset = factory(Source::Keys).iter().find(|p| p.name == "Alto with slides").unwrap();
        state::from_json(&preset.to_state().unwrap(), &keys).unwrap();
        assert_eq!((keys.values().keys.key_mode, keys.values().keys.glide), (KeyMode::Legato, 0.09));
        let path = folder.path().join("Mine.syrinx");
        std::fs::write(&path, write(&keys, "Mine", "")).unwrap();
        let read = Preset::from_file(&path).unwrap();
        assert_eq!((read.source, read.sound().unwrap()), (Source::Keys, preset.sound().unwrap()));
        // What is for keys is not for a voice, nor the other way.
        let why = state::from_json(&read.to_state().unwrap(), &params(Source::Voice)).unwrap_err();
        assert_eq!(why, "it is one of Syrinx Keys, and this is Syrinx");
        let voices = factory(Source::Voice)[3].to_state().unwrap();
        assert!(state::from_json(&voices, &keys).unwrap_err().contains("this is Syrinx Keys"));
        assert_eq!(keys.values().keys.glide, 0.09, "it stays as it was");
    }

    #[test]
    fn a_preset_has_whatever_name_and_a_file_that_every_system_takes() {
        let (folder, params) = (tempfile::tempdir().unwrap(), SyrinxParams::new(Arc::new(Library::new().0)));
        let names =
            ["Sax #2: F# lead", "7/4", "7\\4", "CON", "lpt1.x", "dots...", "../up", ".hidden", "?", "*", "名前", "a: b", "A? b"];
        for called in names.map(String::from).into_iter().chain(["ü".repeat(80)]) {
            let path = path(folder.path(), name(&called).unwrap());
            assert_eq!(path.parent(), Some(folder.path()), "{called}");
            std::fs::write(&path, write(&params, &called, "")).unwrap();
            assert_eq!(Preset::from_file(&path).unwrap().name, called, "{path:?}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), names.len() + 1, "none took another's place");
        assert_eq!(name("  x ").unwrap(), "x");
        for bad in ["", "  ", "a\u{202e}b", "a\nb"] {
            assert!(name(bad).unwrap_err().contains("1 to 80 letters"), "{bad:?}");
        }
        assert!(name(&"x".repeat(81)).unwrap_err().contains("this one has 81"));
        // Of an older Syrinx: the file's name is all the name there is. One renamed by hand, alike.
        let path = folder.path().join("Old one.syrinx");
        std::fs::write(&path, write(&params, "", "")).unwrap();
        assert_eq!(Preset::from_file(&path).unwrap().name, "Old one");
        std::fs::write(&path, write(&params, "Sax #2: F# lead", "")).unwrap();
        assert_eq!(Preset::from_file(&path).unwrap().name, "Old one");
        // Another name changes nothing else.
        std::fs::write(&path, renamed(&path, "Old one").unwrap()).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), write(&params, "Old one", ""));
    }

    #[test]
    fn a_preset_of_a_gigabyte_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.syrinx");
        std::fs::File::create(&path).unwrap().set_len(1 << 30).unwrap();
        assert!(Preset::from_file(&path).unwrap_err().contains("large.syrinx cannot be read: it has more than"));
    }
}
