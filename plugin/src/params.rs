//! The engine's table of parameters as the host's: ids, names, units, groups, typed entry and steps all come from there. The values are
//! atomics of the framework; any thread.

use crate::{
    changes::Change,
    library::Library,
    notices::Notices,
    source::{self, ROWS, Source, Values},
    spectral_weights::SharedWeights,
};
use nice_plug::{params::InternalParamMut, prelude::*};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU32, Ordering, fence},
};
use syrinx_engine::{Kind, OWN_INSTRUMENT, Param as ParamRow, Settings};

/// One row of the table, in the framework's kind that fits it.
pub enum HostParam {
    /// A number in its unit.
    Number(FloatParam),
    /// A number whose values run by ratios, by its place between the least and the greatest: the framework has no range for it.
    Place(FloatParam, &'static ParamRow),
    /// A choice, or an instrument.
    Index(IntParam),
    /// On or off.
    Switch(BoolParam),
}

macro_rules! with {
    ($param:expr, $p:ident => $do:expr) => {
        match $param {
            HostParam::Number($p) | HostParam::Place($p, _) => $do,
            HostParam::Index($p) => $do,
            HostParam::Switch($p) => $do,
        }
    };
}

impl HostParam {
    /// The value as hosts keep it, 0 to 1, without modulation.
    pub fn normalized(&self) -> f32 {
        with!(self, p => p.unmodulated_normalized_value())
    }

    /// The value of a fresh instance, 0 to 1.
    pub fn default_normalized(&self) -> f32 {
        with!(self, p => p.default_normalized_value())
    }

    /// What a value is called, with its unit.
    pub fn text(&self, normalized: f32) -> String {
        with!(self, p => p.normalized_value_to_string(normalized, true))
    }

    /// The value that a text means, if it means one.
    pub fn parse(&self, text: &str) -> Option<f32> {
        with!(self, p => p.string_to_normalized_value(text))
    }

    /// The nearest value that can be, 0 to 1.
    pub fn nearest(&self, normalized: f32) -> f32 {
        with!(self, p => p.preview_normalized(p.preview_plain(normalized.clamp(0.0, 1.0))))
    }

    /// The framework's name for it.
    pub fn pointer(&self) -> ParamPtr {
        with!(self, p => p.as_ptr())
    }
}

/// What the window and the host set and the audio thread reads: atomics and nothing else, so that neither ever waits for the other. All
/// that the audio thread has of the parameters is this.
pub struct SharedValues {
    params: Vec<HostParam>,
    spectral_weights: SharedWeights,
    /// Odd while a state is being put in force, and another number after each.
    epoch: AtomicU32,
}

impl SharedValues {
    /// Whether nothing is half changed: no state is being put in force.
    pub fn is_whole(&self) -> bool {
        self.epoch.load(Ordering::Acquire).is_multiple_of(2)
    }

    /// The values as the engine takes them, but not while a state is being put in force: the audio thread keeps those before until it has all.
    pub fn whole(&self) -> Option<Values> {
        let before = self.epoch.load(Ordering::Acquire);
        let values = self.values();
        fence(Ordering::Acquire);
        (before.is_multiple_of(2) && self.epoch.load(Ordering::Relaxed) == before).then_some(values)
    }

    /// Changes the parameter of a row, as a host does; whether it is another value now. Any thread.
    pub fn change(&self, row: usize, change: Change) -> bool {
        let (Change::Value(number) | Change::Modulation(number)) = change;
        if !number.is_finite() {
            return false;
        }
        // SAFETY: this is what the framework does for a host; the values are atomics.
        unsafe {
            match change {
                Change::Value(normalized) => with!(&self.params[row], p => p._internal_set_normalized_value(normalized)),
                Change::Modulation(offset) => with!(&self.params[row], p => p._internal_modulate_value(offset)),
            }
        }
    }

    /// The values as the engine takes them.
    pub fn values(&self) -> Values {
        Values::from_rows(|row| self.value(row))
    }

    /// The value of a row's parameter, in its unit, with what modulation adds.
    pub fn value(&self, row: usize) -> f32 {
        match &self.params[row] {
            HostParam::Number(p) => p.value(),
            HostParam::Place(p, row) => row.plain(p.value()),
            HostParam::Index(p) => p.value() as f32,
            HostParam::Switch(p) => f32::from(u8::from(p.value())),
        }
    }

    /// The weights of single harmonics and of the noise.
    pub fn spectral_weights(&self) -> &SharedWeights {
        &self.spectral_weights
    }
}

/// The parameters and what else a session keeps: what the audio thread sees of it, and the library, which has locks and is none of its
/// business.
pub struct SyrinxParams {
    controls: Arc<SharedValues>,
    library: Arc<Library>,
    notices: Notices,
    /// The instrument that is being learned.
    #[cfg(feature = "editor")]
    learning: Mutex<Option<crate::learn::Learning>>,
    /// Held by who puts a state in force.
    one_at_a_time: Mutex<()>,
}

/// Ends what [`SyrinxParams::at_once`] begins, however that ends.
struct Half<'a>(&'a AtomicU32);

impl Drop for Half<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

impl SyrinxParams {
    /// All parameters at their defaults.
    pub fn new(library: Arc<Library>) -> Self {
        let controls = SharedValues {
            params: (0..ROWS).map(|at| host_param(source::row(at))).collect(),
            spectral_weights: SharedWeights::default(),
            epoch: AtomicU32::new(0),
        };
        Self {
            controls: Arc::new(controls),
            library,
            notices: Notices::default(),
            #[cfg(feature = "editor")]
            learning: Mutex::default(),
            one_at_a_time: Mutex::default(),
        }
    }

    /// The instrument that is being learned, if one is. For the window.
    #[cfg(feature = "editor")]
    pub fn learning(&self) -> std::sync::MutexGuard<'_, Option<crate::learn::Learning>> {
        self.learning.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing is learned any more: its threads end, and what is on disk stays.
    pub fn end_learning(&self) {
        #[cfg(feature = "editor")]
        drop(self.learning().take());
    }

    /// What the audio thread sees.
    pub fn controls(&self) -> &Arc<SharedValues> {
        &self.controls
    }

    /// The weights of single harmonics and of the noise.
    pub fn spectral_weights(&self) -> &SharedWeights {
        &self.controls.spectral_weights
    }

    /// Where the player's own instruments are.
    pub fn library(&self) -> &Arc<Library> {
        &self.library
    }

    /// What the player is to be told.
    pub fn notices(&self) -> &Notices {
        &self.notices
    }

    /// What it is played from.
    pub fn source(&self) -> Source {
        self.library.source()
    }

    /// The values as the engine takes them.
    pub fn values(&self) -> Values {
        self.controls.values()
    }

    /// Those of the instrument.
    pub fn settings(&self) -> Settings {
        self.values().settings
    }

    /// The parameter in a row of the table.
    pub fn at(&self, row: usize) -> &HostParam {
        &self.controls.params[row]
    }

    /// The parameters that mean something to who plays, each with its row of the table.
    pub fn rows(&self) -> impl Iterator<Item = (&'static ParamRow, &HostParam)> {
        self.source().rows().map(|at| (source::row(at), self.at(at)))
    }

    /// Runs what changes many things at once; the audio thread takes all of it or nothing yet. Not for the audio thread.
    pub fn at_once(&self, change: impl FnOnce()) {
        let _alone = self.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
        self.controls.epoch.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::Release);
        let _half = Half(&self.controls.epoch);
        change();
    }

    /// Sets every parameter of the instrument, as a host would: any thread.
    pub fn apply(&self, settings: &Settings) {
        self.apply_all(&Values { settings: *settings, keys: self.values().keys });
    }

    /// Sets every parameter, as a host would: any thread.
    pub fn apply_all(&self, values: &Values) {
        for (at, param) in self.controls.params.iter().enumerate() {
            let value = values.get(at);
            // SAFETY: this is what the framework does for a host; a face without a host does without the framework.
            unsafe {
                match param {
                    HostParam::Number(p) => p._internal_set_plain_value(value),
                    HostParam::Place(p, row) => p._internal_set_plain_value(row.normalized(value)),
                    HostParam::Index(p) => p._internal_set_plain_value(value as i32),
                    HostParam::Switch(p) => p._internal_set_plain_value(value >= 0.5),
                };
            }
        }
    }
}

fn host_param(row: &'static ParamRow) -> HostParam {
    match row.kind {
        Kind::Number { logarithmic: true, .. } => {
            let param = FloatParam::new(row.name, row.normalized(row.default), FloatRange::Linear { min: 0.0, max: 1.0 })
                .with_unit(unit(row.unit))
                .with_value_to_string(Arc::new(move |place| row.display(row.plain(place))))
                .with_string_to_value(Arc::new(move |text| row.parse(text).map(|value| row.normalized(value))));
            HostParam::Place(param, row)
        }
        Kind::Number { step, .. } => {
            let range = FloatRange::Linear { min: row.min, max: row.max };
            // "Off" has no unit, so where there is one the text brings the unit along.
            let text_has_unit = row.silences();
            let param = FloatParam::new(row.name, row.default, range)
                .with_step_size(step)
                .with_value_to_string(Arc::new(move |value| match row.display(value) {
                    number if text_has_unit && number != "Off" => format!("{number} {}", row.unit),
                    text => text,
                }))
                .with_string_to_value(Arc::new(move |text| row.parse(text)));
            HostParam::Number(if text_has_unit { param } else { param.with_unit(unit(row.unit)) })
        }
        Kind::Choice(_) | Kind::Instrument => {
            let range = IntRange::Linear { min: row.min as i32, max: row.max as i32 };
            let param = IntParam::new(row.name, row.default as i32, range);
            let param = if row.kind == Kind::Instrument {
                param
                    .with_value_to_string(Arc::new(|number| {
                        u8::try_from(number).map(|n| instrument_name(row, n)).unwrap_or_default()
                    }))
                    .with_string_to_value(Arc::new(|text| instrument_number(row, text).map(i32::from)))
            } else {
                param
                    .with_value_to_string(Arc::new(move |value| row.display(value as f32)))
                    .with_string_to_value(Arc::new(move |text| row.parse(text).map(|v| v as i32)))
            };
            // A host cannot follow a delay that an automation lane changes.
            HostParam::Index(if row.id == "latency_mode" { param.non_automatable() } else { param })
        }
        Kind::Switch => {
            let param = BoolParam::new(row.name, row.default >= 0.5)
                .with_value_to_string(Arc::new(move |on| row.display(f32::from(u8::from(on)))))
                .with_string_to_value(Arc::new(move |text| row.parse(text).map(|v| v >= 0.5)));
            HostParam::Switch(if row.id == "bypass" { param.make_bypass() } else { param })
        }
    }
}

/// The unit as the framework appends it: with the space before it.
fn unit(unit: &str) -> &'static str {
    match unit {
        "dB" => " dB",
        "st" => " st",
        "Hz" => " Hz",
        "s" => " s",
        "ms" => " ms",
        "cents" => " cents",
        "oct" => " oct",
        "%" => " %",
        "dB/oct" => " dB/oct",
        "" => "",
        other => panic!("the unit {other} has no form with a space yet"),
    }
}

/// What the number of an instrument is called in a row.
pub fn instrument_name(row: &ParamRow, number: u8) -> String {
    match number {
        OWN_INSTRUMENT => own_name(row).into(),
        _ => syrinx_models::numbered(number).map_or_else(|| format!("No instrument {number}"), |model| model.card().name.clone()),
    }
}

/// What a row calls an instrument that is none of the factory's.
fn own_name(row: &ParamRow) -> &'static str {
    if row.follows_lead() { "Lead" } else { "Own file" }
}

/// The number of the instrument with this name, id or number, in a row.
pub fn instrument_number(row: &ParamRow, text: &str) -> Option<u8> {
    let text = text.trim();
    if text.eq_ignore_ascii_case(own_name(row)) {
        return Some(OWN_INSTRUMENT);
    }
    let named = syrinx_models::factory().iter().find(|(_, model)| {
        let card = model.card();
        card.name.eq_ignore_ascii_case(text) || card.id.eq_ignore_ascii_case(text)
    });
    let number = text.strip_prefix("No instrument ").unwrap_or(text).parse::<u8>().ok().filter(|n| *n <= OWN_INSTRUMENT);
    named.map(|(number, _)| *number).or(number)
}

// SAFETY: the pointers lead into the vector of `self.controls`, which never changes after `new`, and so stay valid as long as `self`.
unsafe impl Params for SyrinxParams {
    fn param_map(&self) -> Vec<(String, ParamPtr, String)> {
        self.rows().map(|(row, param)| (row.id.into(), param.pointer(), row.group.into())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;
    use syrinx_engine::ParamId;

    fn params() -> SyrinxParams {
        SyrinxParams::new(Arc::new(Library::new().0))
    }

    #[test]
    fn the_defaults_are_the_engines() {
        assert_eq!(params().values(), Values::default());
    }

    #[test]
    fn what_a_host_shows_can_be_typed_back() {
        let both = Source::BOTH.map(|source| SyrinxParams::new(Arc::new(Library::of(source).0)));
        for (row, param) in both.iter().flat_map(SyrinxParams::rows) {
            for normalized in [0.0, 0.25, 0.5, 1.0] {
                let text = param.text(normalized);
                let back = param.parse(&text);
                let back = back.unwrap_or_else(|| panic!("{}: {text:?} is not understood", row.id));
                assert!((back - normalized).abs() < 0.51, "{}: {normalized} shows {text:?}, which is {back}", row.id);
            }
        }
    }

    #[test]
    fn instruments_have_their_names() {
        let (a, part) = (ParamId::instrument_a.param(), ParamId::part_rows(0).instrument.param());
        assert_eq!((instrument_name(a, 0).as_str(), instrument_number(part, "alto-sax")), ("Violin", Some(3)));
        assert_eq!(instrument_number(a, &instrument_name(a, 99)), Some(99));
        assert_eq!((instrument_number(a, "own FILE"), instrument_number(part, "own file")), (Some(127), None));
        assert_eq!((instrument_number(part, "LEAD"), instrument_number(a, "lead")), (Some(127), None));
        assert_eq!(instrument_number(a, "theremin"), None);
    }

    /// Who reads while a state is put in force gets what was before or what is after, never some of each.
    #[test]
    fn a_state_is_taken_whole_or_not_yet() {
        let params = params();
        let ends = [Values::from_rows(|at| source::row(at).min), Values::from_rows(|at| source::row(at).max)];
        params.at_once(|| params.apply_all(&ends[0]));
        let stop = AtomicBool::new(false);
        // How often each state was read. The writer goes on until both were: on a busy machine it can be done before the reader begins.
        let seen = [AtomicU32::new(0), AtomicU32::new(0)];
        let both_seen = || seen.iter().all(|count| count.load(Ordering::Relaxed) > 0);
        std::thread::scope(|scope| {
            let controls = params.controls().clone();
            let reader = scope.spawn(|| {
                let controls = controls;
                while !stop.load(Ordering::Relaxed) {
                    if let Some(values) = controls.whole() {
                        let which = ends.iter().position(|end| *end == values).expect("some of each");
                        seen[which].fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
            let began = std::time::Instant::now();
            for n in 0.. {
                params.at_once(|| params.apply_all(&ends[n % 2]));
                if n % 100 == 0 {
                    std::thread::yield_now();
                }
                // Nobody waits a minute for a thread to begin; a reader that panicked never sees both.
                if n >= 20_000 && (both_seen() || reader.is_finished() || began.elapsed().as_secs() > 60) {
                    break;
                }
            }
            stop.store(true, Ordering::Relaxed);
            reader.join().unwrap();
        });
        assert!(both_seen(), "{seen:?}");
        params.at_once(|| assert!(!params.controls().is_whole() && params.controls().whole().is_none()));
    }
}
