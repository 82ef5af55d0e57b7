//! What the window can change, and how: gestures that the host sees begin, move and end, and a history of them to undo and redo. No
//! drawing. The window's thread; values reach the audio thread through the framework's atomics and [`crate::spectral_weights`] only.

use super::history::{Entry, History, Snapshot};
use crate::{
    library::Library,
    notices::Notices,
    params::{HostParam, SyrinxParams},
    source::{self, ROWS, Source},
    tuning_files::TuningFiles,
};
use nice_plug::context::gui::GuiContext;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use syrinx_engine::{Model, Param as ParamRow, ParamId, Slot, SpectralWeights};

/// Hosts take a change that the window made with their next block; until then the window shows what it asked for.
const CONFIRMED: Duration = Duration::from_millis(400);
/// Turns of the wheel, and presses of a key, that come sooner than this after one another are one change.
const ONE_CHANGE: Duration = Duration::from_millis(900);

pub use source::{at, key_at};

/// The place of a parameter in the table.
pub type At = usize;

/// The face that has no host.
pub const STANDALONE: &str = "Standalone";

/// A value that the host has been asked for.
#[derive(Clone, Copy)]
struct Asked {
    normalized: f32,
    /// What the parameter was when it was asked.
    before: f32,
    since: Instant,
    /// Until the gesture ends.
    held: bool,
}

/// Everything that the window changes goes through here.
pub struct Edits {
    params: Arc<SyrinxParams>,
    host: GuiContext,
    asked: Vec<Option<Asked>>,
    history: History,
    /// What was before the gesture that has begun.
    before: Option<Snapshot>,
    /// The last change by wheel or key.
    nudged: Option<(At, Instant)>,
    /// The other of A and B, and whether B is in force.
    other: Option<Snapshot>,
    on_b: bool,
}

impl Edits {
    /// With no history.
    pub fn new(params: Arc<SyrinxParams>, host: GuiContext) -> Self {
        let asked = vec![None; ROWS];
        Self { params, host, asked, history: History::default(), before: None, nudged: None, other: None, on_b: false }
    }

    /// Another window on the same settings: the history stays.
    pub fn reopen(&mut self, host: GuiContext) {
        self.host = host;
        self.before = None;
        self.asked.fill(None);
    }

    /// The face of Syrinx that the window belongs to.
    pub fn face(&self) -> &'static str {
        use nice_plug::context::PluginApi::{Clap, Standalone, Vst3};
        match self.host.plugin_api() {
            Clap => "CLAP",
            Vst3 => "VST3",
            Standalone => STANDALONE,
        }
    }

    /// Pitch of A4, Hz.
    pub fn a4_hz(&self) -> f32 {
        self.plain(at(ParamId::a4))
    }

    /// What it is played from.
    pub fn source(&self) -> Source {
        self.params.source()
    }

    /// What the player is to be told.
    pub fn notices(&self) -> &Notices {
        self.params.notices()
    }

    /// Own instruments.
    pub fn library(&self) -> &Arc<Library> {
        self.params.library()
    }

    /// The parameters.
    pub fn params(&self) -> &Arc<SyrinxParams> {
        &self.params
    }

    /// The row of the table.
    pub fn row(&self, at: At) -> &'static ParamRow {
        source::row(at)
    }

    fn param(&self, at: At) -> &HostParam {
        self.params.at(at)
    }

    /// The value, 0 to 1.
    pub fn value(&self, at: At) -> f32 {
        let now = self.param(at).normalized();
        match self.asked[at] {
            Some(asked) if asked.held || (now == asked.before && asked.since.elapsed() < CONFIRMED) => asked.normalized,
            _ => now,
        }
    }

    /// The value of a fresh instance, 0 to 1.
    pub fn default(&self, at: At) -> f32 {
        self.param(at).default_normalized()
    }

    /// The value in its unit.
    pub fn plain(&self, at: At) -> f32 {
        self.row(at).plain(self.value(at))
    }

    /// Where a value in its unit lies, 0 to 1.
    pub fn normalized(&self, at: At, plain: f32) -> f32 {
        self.param(at).nearest(self.row(at).normalized(plain))
    }

    /// Whether it is switched on.
    pub fn is_on(&self, at: At) -> bool {
        self.value(at) >= 0.5
    }

    /// What the value is called.
    pub fn text(&self, at: At) -> String {
        self.param(at).text(self.value(at))
    }

    /// The value that a text means.
    pub fn parse(&self, at: At, text: &str) -> Option<f32> {
        self.param(at).parse(text)
    }

    /// A gesture begins: the host starts to write.
    pub fn begin(&mut self, at: At) {
        if self.asked[at].is_some_and(|asked| asked.held) {
            return;
        }
        if self.before.is_none() {
            self.before = Some(self.snapshot());
        }
        let now = self.value(at);
        let before = self.param(at).normalized();
        self.asked[at] = Some(Asked { normalized: now, before, since: Instant::now(), held: true });
        // SAFETY: the pointer is the parameter's own, which lives as long as the plugin; the host looks it up before it uses it.
        unsafe { self.host.raw_begin_set_parameter(self.param(at).pointer()) };
    }

    /// Within a gesture: the value is to be this, 0 to 1.
    pub fn set(&mut self, at: At, normalized: f32) {
        let normalized = self.param(at).nearest(normalized);
        let Some(asked) = &mut self.asked[at] else { return };
        if asked.held && asked.normalized != normalized {
            asked.normalized = normalized;
            // SAFETY: as in `begin`.
            unsafe { self.host.raw_set_parameter_normalized(self.param(at).pointer(), normalized) };
        }
    }

    fn release(&mut self, at: At) {
        if let Some(asked) = &mut self.asked[at]
            && asked.held
        {
            (asked.held, asked.since) = (false, Instant::now());
            // SAFETY: as in `begin`.
            unsafe { self.host.raw_end_set_parameter(self.param(at).pointer()) };
        }
    }

    /// The gesture ends, and is one step of the history.
    pub fn end(&mut self, at: At) {
        self.release(at);
        self.nudged = None;
        self.note();
    }

    /// A whole gesture at once.
    pub fn put(&mut self, at: At, normalized: f32) {
        self.begin(at);
        self.set(at, normalized);
        self.end(at);
    }

    /// As `put`, in the parameter's unit.
    pub fn put_plain(&mut self, at: At, plain: f32) {
        let normalized = self.normalized(at, plain);
        self.put(at, normalized);
    }

    /// As `put`, for changes that come in small steps: those close after one another are one step of the history.
    pub fn nudge(&mut self, at: At, normalized: f32) {
        let before = self.before.take().unwrap_or_else(|| self.snapshot());
        self.begin(at);
        self.set(at, normalized);
        self.release(at);
        let more = self.nudged.is_some_and(|(last, when)| last == at && when.elapsed() < ONE_CHANGE);
        self.nudged = Some((at, Instant::now()));
        let after = self.snapshot();
        if more {
            self.history.extend(after);
        } else {
            self.history.push(before, after);
        }
    }

    /// Several changes that are one step of the history.
    pub fn together(&mut self, change: impl FnOnce(&mut Self)) {
        let before = self.before.take().unwrap_or_else(|| self.snapshot());
        let history = std::mem::take(&mut self.history);
        change(self);
        self.history = history;
        self.before = None;
        let after = self.snapshot();
        self.history.push(before, after);
    }

    /// Something changes that is no parameter: it is to be called before and, with `note`, after.
    pub fn about_to_change(&mut self) {
        if self.before.is_none() {
            self.before = Some(self.snapshot());
        }
    }

    /// What has changed since the gesture began becomes a step of the history.
    pub fn note(&mut self) {
        if let Some(before) = self.before.take() {
            let after = self.snapshot();
            self.history.push(before, after);
        }
    }

    /// Plays a model of the player's own in a slot.
    pub fn play_own(&mut self, slot: Slot, model: Arc<Model>) {
        // What was said of this slot's own is over; anything else waits until it was seen.
        if self.library().missing(slot).is_some() {
            self.notices().hush();
        }
        self.together(|edits| {
            edits.library().put(slot, model);
            edits.put_plain(instrument(slot), f32::from(syrinx_engine::OWN_INSTRUMENT));
        });
    }

    /// The weights in force.
    pub fn weights(&self) -> SpectralWeights {
        self.params.spectral_weights().get()
    }

    /// Within a gesture that `about_to_change` began.
    pub fn weigh(&mut self, weights: &SpectralWeights) {
        self.params.spectral_weights().set(weights);
    }

    /// Everything as it is.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            values: (0..ROWS).map(|at| self.value(at)).collect(),
            weights: self.weights(),
            own: [Slot::A, Slot::B].map(|slot| self.library().own(slot)),
            preset: self.library().preset(),
            tuning: self.library().tuning(),
        }
    }

    /// Makes everything that differs between `from` and `to` as it is in `to`.
    fn go(&mut self, from: &Snapshot, to: &Snapshot) {
        for at in 0..ROWS {
            if from.values[at] != to.values[at] {
                self.begin(at);
                self.set(at, to.values[at]);
                self.release(at);
            }
        }
        if from.weights != to.weights {
            self.weigh(&to.weights);
        }
        for slot in [Slot::A, Slot::B] {
            let hash = |s: &Snapshot| s.own[slot as usize].as_ref().map(|m| *m.hash());
            if hash(from) != hash(to) {
                match &to.own[slot as usize] {
                    Some(model) => self.library().put(slot, model.clone()),
                    None => self.library().clear(slot),
                }
            }
        }
        self.library().name_preset(to.preset.clone());
        // What was in force once is so again.
        let _ = self.library().tune(to.tuning.clone());
        self.before = None;
        self.nudged = None;
    }

    /// What undo would take back.
    pub fn undo_name(&self) -> Option<String> {
        self.history.last_done().map(Entry::name)
    }

    /// What redo would do again.
    pub fn redo_name(&self) -> Option<String> {
        self.history.last_undone().map(Entry::name)
    }

    /// Takes the last step back.
    pub fn undo(&mut self) {
        if let Some(entry) = self.history.undo() {
            self.go(&entry.after, &entry.before);
        }
    }

    /// Does the last step that was taken back again.
    pub fn redo(&mut self) {
        if let Some(entry) = self.history.redo() {
            self.go(&entry.before, &entry.after);
        }
    }

    /// Whether B of A and B is in force.
    pub fn on_b(&self) -> bool {
        self.on_b
    }

    /// Plays the other of A and B; at first, both are the same.
    pub fn swap(&mut self) {
        let now = self.snapshot();
        let other = self.other.replace(now.clone()).unwrap_or_else(|| now.clone());
        self.on_b = !self.on_b;
        self.together(|edits| edits.go(&now, &other));
    }

    /// Makes the other of A and B what is in force.
    pub fn copy_to_other(&mut self) {
        self.other = Some(self.snapshot());
    }

    /// Has the keys tuned by files, or says why not.
    pub fn tune(&mut self, files: Result<TuningFiles, String>) {
        let tuned = files.and_then(|files| {
            self.about_to_change();
            self.library().tune(files)
        });
        match tuned {
            Ok(()) => self.notices().hush(),
            Err(why) => self.notices().say(why),
        }
        self.note();
    }

    /// Everything as on the first day; how the voice is heard stays.
    pub fn reset(&mut self, keep: impl Fn(&ParamRow) -> bool) {
        self.together(|edits| {
            for at in (0..ROWS).filter(|at| !keep(source::row(*at))) {
                let default = edits.default(at);
                if edits.value(at) != default {
                    edits.put(at, default);
                }
            }
            edits.weigh(&SpectralWeights::default());
            edits.library().name_preset(None);
            let _ = edits.library().tune(TuningFiles::default());
        });
    }
}

/// The parameter that says which instrument a slot plays.
pub fn instrument(slot: Slot) -> At {
    at(match slot {
        Slot::A => ParamId::instrument_a,
        Slot::B => ParamId::instrument_b,
    })
}
