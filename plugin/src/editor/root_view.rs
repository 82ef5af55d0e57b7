//! The whole page: what it shows, and where. Its parts are widgets of their own.

use super::{
    bars, browser, choir_panel, controls,
    dialog::{Answer, Choose, Dialog, For},
    edits::{Edits, STANDALONE, at},
    field, files, header,
    instrument_list::{self, InstrumentList},
    keyboard::Keyboard,
    layout::Layout,
    learn_page::{self, LearnPage},
    live::Live,
    meters, note_panel,
    pitch_view::{Panel, PitchView},
    preset_list::PresetList,
    presets::Presets,
    region::Region,
    slots, status_bar,
    theme::Theme,
    trial::{Trial, Voice},
};
use crate::{monitor::Shown, params::SyrinxParams, source::Source, tuning_files::Kind};
use egui::Ui;
use nice_plug::context::gui::GuiContext;
use std::{sync::Arc, time::Duration};
use syrinx_analysis::EXTENSIONS;
use syrinx_engine::{Model, ParamId, Slot};

/// Between two pictures while something moves.
const FRAME: Duration = Duration::from_millis(16);
/// Between two pictures while nothing does: what matters has the window drawn itself, and the load of silence may be a little old.
const REST: Duration = Duration::from_secs(5);
/// How much sooner than asked for it may come, seconds.
const EARLY_S: f64 = 0.5;
/// How long a change of the window's looks rests before it is remembered, seconds.
const REMEMBER_S: f64 = 0.8;

/// What lies over the displays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Nothing,
    Instruments(Slot),
    Presets,
    Learn,
}

/// A region, and of which instrument it is: the hash of its file, and whether it is struck and left to ring.
struct CachedRegion {
    of: ([u8; 32], bool),
    region: Region,
}

/// The page, its widgets' memory, and what they show.
pub struct RootView {
    shown: Arc<Shown>,
    edits: Option<Edits>,
    params: Arc<SyrinxParams>,
    home: Option<files::Home>,
    /// How the window is to look.
    pub looks: files::Looks,
    remembered: files::Looks,
    changed_s: Option<f64>,
    /// When the next picture at rest comes.
    rest_s: f64,
    dressed: Option<Theme>,
    live: Live,
    instrument_list: InstrumentList,
    preset_list: PresetList,
    regions: [Option<CachedRegion>; 2],
    over: Over,
    dialog: Dialog,
    field: field::Field,
    pitch_view: PitchView,
    /// What lies over the bars and over the field.
    open: Vec<Panel>,
    choir_page: choir_panel::Page,
    keyboard: Keyboard,
    controls: controls::ControlPanel,
    browser: browser::Browser,
    presets: Presets,
    learn_page: LearnPage,
    trial: Trial,
    status_bar: status_bar::StatusBar,
}

impl RootView {
    /// A page that keeps its things in `home`.
    pub fn new(params: Arc<SyrinxParams>, shown: Arc<Shown>, home: Option<files::Home>) -> Self {
        let looks = home.as_ref().map(files::Home::looks).unwrap_or_default();
        let preset_list = PresetList::new(params.source(), home.as_ref().map(|home| home.presets.clone()));
        Self {
            shown,
            edits: None,
            params,
            home,
            remembered: looks.clone(),
            looks,
            changed_s: None,
            rest_s: 0.0,
            dressed: None,
            live: Live::default(),
            instrument_list: InstrumentList::default(),
            preset_list,
            regions: [None, None],
            over: Over::Nothing,
            dialog: Dialog::default(),
            field: field::Field::default(),
            pitch_view: PitchView::default(),
            open: Vec::new(),
            choir_page: choir_panel::Page::default(),
            keyboard: Keyboard::default(),
            controls: controls::ControlPanel::default(),
            browser: browser::Browser::default(),
            presets: Presets::default(),
            learn_page: LearnPage::default(),
            trial: Trial::default(),
            status_bar: status_bar::StatusBar::default(),
        }
    }

    /// What it is played from.
    pub fn source(&self) -> Source {
        self.params.source()
    }

    /// A window opens on the page: only now are the player's folders looked through.
    pub fn open(&mut self, ctx: &egui::Context, host: GuiContext) {
        if let Some(why) = self.preset_list.rescan() {
            self.params.notices().say(why);
        }
        if let Some(home) = self.home.as_ref().filter(|home| home.instruments.exists()) {
            self.instrument_list.search(&home.instruments);
        }
        super::theme::set_typeface(ctx);
        self.dressed = None;
        self.keyboard.release(&self.shown);
        match &mut self.edits {
            Some(edits) => edits.reopen(host),
            None => {
                let edits = Edits::new(self.params.clone(), host);
                // In a host, they are the host's.
                self.keyboard.computer_plays = edits.face() == STANDALONE;
                self.edits = Some(edits);
            }
        }
    }

    /// What the window changes goes through here; None before it is open.
    pub fn edits(&mut self) -> Option<&mut Edits> {
        self.edits.as_mut()
    }

    /// The region of what a slot plays, read anew only when it plays something else.
    fn region(&mut self, slot: Slot, model: &Model, struck: bool) -> Region {
        let of = (*model.hash(), struck);
        let kept = &mut self.regions[slot as usize];
        if let Some(kept) = kept.as_ref().filter(|kept| kept.of == of) {
            return kept.region.clone();
        }
        let region = Region::of(model.card(), struck);
        *kept = Some(CachedRegion { of, region: region.clone() });
        region
    }

    /// Draws everything, and does what the player does.
    pub fn draw(&mut self, ui: &mut Ui) {
        let theme = Theme::of(self.looks.dark);
        if self.dressed != Some(theme) {
            theme.dress(ui.ctx());
            self.dressed = Some(theme);
        }
        let Some(mut edits) = self.edits.take() else { return };
        self.take_answers(&mut edits);
        let now = ui.input(|i| i.time);
        self.live.tick(&self.shown, now, edits.a4_hz());
        let window = ui.max_rect();
        let layout = Layout::of(window, self.source());
        ui.painter().rect_filled(window, 0, theme.back);
        let morph = edits.value(at(ParamId::morph));
        let colour = if morph > 0.5 { theme.b } else { theme.a };
        let knobs = theme.between(theme.a, theme.b, morph);

        let name = PresetList::name(&edits);
        let changed = self.preset_list.changed(&edits);
        let among = self.presets.among();
        match header::show(
            ui,
            layout.header,
            &theme,
            &mut edits,
            &mut self.looks,
            (&name, changed),
            among.as_deref(),
            self.over == Over::Presets,
            self.trial.is_on(),
        ) {
            Some(header::Wish::Presets) => {
                self.over = if self.over == Over::Presets { Over::Nothing } else { Over::Presets };
            }
            Some(header::Wish::Step(by)) => {
                if let Err(why) = self.preset_list.step(&mut edits, by, &self.presets.wanted(&self.preset_list, &self.looks)) {
                    edits.notices().say(why);
                }
            }
            Some(header::Wish::Save) => {
                self.over = Over::Presets;
                self.presets.ask_for_name();
            }
            Some(header::Wish::Reset) => edits.reset(|_| false),
            Some(header::Wish::DemoVoice) => self.sing(&edits, Voice::Demo),
            Some(header::Wish::VoiceFile) => {
                self.dialog.open("Sing with a recording", "Recordings", EXTENSIONS, Choose::File, For::Voice);
            }
            Some(header::Wish::StopVoice) => self.trial.stop(edits.library()),
            None => {}
        }
        let open = if let Over::Instruments(slot) = self.over { Some(slot) } else { None };
        if let Some(slots::Wish::Browse(slot)) =
            slots::show(ui, layout.slots, &theme, &mut edits, &self.instrument_list, &mut self.looks, &self.browser, open)
        {
            self.over = if open == Some(slot) { Over::Nothing } else { Over::Instruments(slot) };
        }
        match self.over {
            Over::Nothing => self.displays(ui, &layout, &theme, &mut edits, now, morph, colour),
            Over::Instruments(slot) => {
                let mut view = browser::View {
                    theme: &theme,
                    edits: &mut edits,
                    instrument_list: &mut self.instrument_list,
                    looks: &mut self.looks,
                    home: self.home.as_ref(),
                    dialog: &mut self.dialog,
                    side: slots::Side::of(slot, &theme, open),
                    learns: false,
                };
                let stay = self.browser.show(ui, layout.centre(), &mut view);
                if view.learns {
                    self.over = Over::Learn;
                } else if !stay {
                    self.over = Over::Nothing;
                }
            }
            Over::Learn => {
                let mut view = learn_page::View {
                    theme: &theme,
                    edits: &mut edits,
                    shown: &self.shown,
                    live: &self.live,
                    home: self.home.as_ref(),
                    dialog: &mut self.dialog,
                };
                match self.learn_page.show(ui, layout.centre(), &mut view) {
                    None => {}
                    Some(learn_page::Wish::Close) => self.over = Over::Nothing,
                    Some(learn_page::Wish::Saved) => {
                        if let Some(home) = &self.home {
                            self.instrument_list.search(&home.instruments);
                        }
                    }
                    Some(learn_page::Wish::Preset) => {
                        self.over = Over::Presets;
                        self.presets.ask_for_name();
                    }
                }
            }
            Over::Presets => {
                if !self.presets.show(ui, layout.centre(), &theme, &mut edits, &mut self.preset_list, &mut self.looks) {
                    self.over = Over::Nothing;
                }
            }
        }
        if !matches!(self.over, Over::Instruments(_)) {
            self.browser.close();
        }
        if self.over != Over::Presets {
            self.presets.close();
        }
        if let Some(rect) = layout.keyboard {
            let reach = self.reach(&edits);
            self.keyboard.show(ui, rect, &theme, &self.shown, &self.live, colour, reach);
        }
        let wanted = self.controls.show(ui, layout.controls, &theme, &mut edits, &self.shown, &self.live, knobs);
        if let Some(kind) = wanted {
            let (what, extension) = match kind {
                Kind::Scale => ("Scales of Scala's", "scl"),
                Kind::Mapping => ("Keyboard mappings of Scala's", "kbm"),
            };
            self.dialog.open("Tune the keys", what, &[extension], Choose::File, For::Tuning(kind));
        }
        let keyboard = layout.keyboard.map(|_| &mut self.keyboard);
        self.status_bar.show(ui, layout.footer, &theme, &mut edits, &self.shown, &self.live, keyboard);
        self.remember(&edits, now);
        let rests = self.live.rests()
            && !self.learn_page.moves()
            && !self.dialog.is_open()
            && !self.instrument_list.searches()
            && self.changed_s.is_none();
        if !rests {
            ui.ctx().request_repaint_after(FRAME);
        } else if now >= self.rest_s - EARLY_S {
            // Once for each: the window's library forgets none that it was asked for, and each picture that the mouse draws would have another
            // come, for ever.
            self.rest_s = now + REST.as_secs_f64();
            ui.ctx().request_repaint_after(REST);
        }
        self.edits = Some(edits);
    }

    fn sing(&mut self, edits: &Edits, voice: Voice) {
        if let Err(why) = self.trial.sing(voice, self.shown.sample_rate_hz.get()) {
            edits.notices().say(why);
        }
    }

    /// The keys that the instrument reaches that sounds most; with none, all.
    fn reach(&mut self, edits: &Edits) -> [f32; 2] {
        let slot = if edits.value(at(ParamId::morph)) > 0.5 { Slot::B } else { Slot::A };
        let Some(model) = InstrumentList::model(edits, slot) else { return [f32::NEG_INFINITY, f32::INFINITY] };
        let shift_st = edits.plain(at(ParamId::pitch_shift));
        self.region(slot, &model, false).notes.map(|note| note - shift_st)
    }

    #[allow(clippy::too_many_arguments)]
    fn displays(
        &mut self,
        ui: &mut Ui,
        layout: &Layout,
        theme: &Theme,
        edits: &mut Edits,
        now: f64,
        morph: f32,
        colour: egui::Color32,
    ) {
        let mut playing = Vec::new();
        let hears = self.source() == Source::Voice;
        // Under keys, strokes are as hard as notes were.
        let struck = hears && !edits.is_on(at(ParamId::sustain));
        for (slot, share, colour) in [(Slot::A, 1.0 - morph, theme.a), (Slot::B, morph, theme.b)] {
            let first = playing.is_empty();
            if share > 0.0
                && let Some(model) = InstrumentList::model(edits, slot)
            {
                playing.push((InstrumentList::name(edits, slot), self.region(slot, &model, struck), colour, share, first));
            }
        }
        // The one that leads comes last, and so lies on top.
        playing.sort_by(|a, b| a.3.total_cmp(&b.3));
        let instruments: Vec<field::Outlined<'_>> = playing
            .iter()
            .map(|(name, region, colour, share, first)| field::Outlined {
                name,
                region,
                colour: *colour,
                share: *share,
                first: *first,
            })
            .collect();
        self.field.show(ui, layout.field, theme, edits, &self.live, &instruments);
        if self.open.contains(&Panel::Choir) {
            let over = egui::Rect::from_min_max(layout.field.min, layout.field.max - egui::vec2(0.0, field::KEYS_HEIGHT));
            choir_panel::show(ui, over, theme, edits, &mut self.choir_page);
        }
        if self.open.contains(&Panel::Notes) {
            let (captured, home) = (&self.shown.captured, self.home.as_ref());
            note_panel::show(ui, layout.bars, theme, edits, captured, home, theme.voice);
        } else {
            bars::show(ui, layout.bars, theme, edits, &self.live, self.live.played_hz, colour);
        }
        let open = hears.then_some(&self.open[..]);
        if let Some(panel) = self.pitch_view.show(ui, layout.pitch, theme, &self.live, now, colour, open) {
            match self.open.iter().position(|open| *open == panel) {
                // It takes all the room that there is.
                None if panel == Panel::Learn => self.over = Over::Learn,
                Some(at) => drop(self.open.remove(at)),
                None => self.open.push(panel),
            }
        }
        meters::show(ui, layout.meters, theme, &mut self.live, colour, hears);
    }

    /// Takes what other threads have come to: the file dialog, the search of the folder.
    fn take_answers(&mut self, edits: &mut Edits) {
        match self.dialog.answer() {
            Some(Answer::Chosen(For::Instrument(slot), paths)) => instrument_list::load(edits, slot, &paths[0]),
            Some(Answer::Chosen(For::Tuning(kind), paths)) => {
                let files = edits.library().tuning().with(kind, &paths[0]);
                edits.tune(files);
            }
            Some(Answer::Chosen(For::Recordings, paths)) => {
                if let Some(learning) = &*edits.params().learning() {
                    learning.add(&paths);
                }
            }
            Some(Answer::Chosen(For::Voice, mut paths)) => self.sing(edits, Voice::File(paths.remove(0))),
            Some(Answer::Failed(why)) => edits.notices().say(why),
            None => {}
        }
        if let Some(why) = self.instrument_list.take_found() {
            edits.notices().say(why);
        }
        if let Err(why) = self.trial.tick(edits.library(), self.shown.sample_rate_hz.get()) {
            edits.notices().say(why);
        }
        edits.library().free_returned();
    }

    /// Keeps the looks, once they have rested.
    fn remember(&mut self, edits: &Edits, now: f64) {
        if self.looks == self.remembered {
            self.changed_s = None;
            return;
        }
        let since = *self.changed_s.get_or_insert(now);
        if now - since > REMEMBER_S {
            self.changed_s = None;
            self.remembered = self.looks.clone();
            if let Some(home) = &self.home
                && let Err(why) = home.remember(&self.looks)
            {
                edits.notices().say(why);
            }
        }
    }
}
