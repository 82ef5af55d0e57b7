//! Learning an instrument: record, check, train, name. What is done lies in [`Learning`], which goes on while this is closed; here it is shown and asked for.

use super::{
    button,
    dialog::{Choose, Dialog, For},
    edits::{Edits, at, instrument},
    files::Home,
    icons::{FAMILIES, Sign, family, family_name},
    layout::GAP,
    learn_pictures,
    live::Live,
    paint::{panel, signed, text, text_within, well},
    theme::{BODY, GRID, ROUND_SMALL, SMALL, TITLE, Theme},
};
use crate::{
    learn::{
        Learned, Learning, MOST_TIMES, Recorded, SLOT, Stage, View as State,
        coverage::{Coverage, Finding, Is, findings},
        recorder::SoFar,
    },
    monitor::Shown,
    source::Source,
    tape::Along,
};
use egui::{
    Align2, Color32, CornerRadius, Key, Rect, RichText, Role, ScrollArea, Sense, TextEdit, TextureHandle, TextureOptions, Ui,
    UiBuilder, pos2, vec2,
};
use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};
use syrinx_analysis::{ANALYSIS_RATE_HZ, EXTENSIONS};
use syrinx_engine::{OWN_INSTRUMENT, ParamId};

/// Width of the list of recordings.
const LIST: f32 = 320.0;
/// Height of rows of buttons, and of the recordings.
const ROW: f32 = 26.0;
const RECORDING: f32 = 34.0;
/// Scores that are shown beside those of the factory's, and what they are of.
const SCORES: [(&str, &str); 3] = [("mel", "Tone colour"), ("attack", "Attacks"), ("noise", "Noise")];
/// The score at which nothing is left of a bar, dB.
const WORST_DB: f32 = 12.0;

/// The steps of learning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Record,
    Check,
    Train,
    Name,
}

const STEPS: [(Step, &str); 4] =
    [(Step::Record, "1  Record"), (Step::Check, "2  Check"), (Step::Train, "3  Train"), (Step::Name, "4  Name")];

/// What the player wants of the rest of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To see the displays again.
    Close,
    /// There is another instrument in the folder.
    Saved,
    /// A preset with the instrument in it.
    Preset,
}

/// What the page shows and changes.
pub struct View<'a> {
    /// The palette.
    pub theme: &'a Theme,
    /// What plays.
    pub edits: &'a mut Edits,
    /// What is told by the audio thread.
    pub shown: &'a Arc<Shown>,
    /// What moves.
    pub live: &'a Live,
    /// The player's folders.
    pub home: Option<&'a Home>,
    /// For files from elsewhere.
    pub dialog: &'a mut Dialog,
}

/// What the held-out recording and what is made of it look like.
struct Pictures {
    of: Arc<Learned>,
    dark: bool,
    textures: [TextureHandle; 2],
}

/// Each of [`SCORES`] as half of the factory's instruments have it, or nearer, dB.
fn usual_scores() -> &'static [f32; SCORES.len()] {
    static USUAL: OnceLock<[f32; SCORES.len()]> = OnceLock::new();
    USUAL.get_or_init(|| {
        SCORES.map(|(id, _)| {
            let scores = syrinx_models::factory().iter().filter_map(|(_, model)| model.card().scores.get(id).copied());
            let mut scores: Vec<f32> = scores.collect();
            scores.sort_by(f32::total_cmp);
            scores.get(scores.len() / 2).copied().unwrap_or(WORST_DB)
        })
    })
}

/// What is heard of the two.
struct Listening {
    which: usize,
    along: Arc<Along>,
}

/// What the page remembers.
#[derive(Default)]
pub struct LearnPage {
    step: Step,
    path: String,
    /// What was played since a recording was heard last.
    fresh: Coverage,
    files: usize,
    records: bool,
    pictures: Option<Pictures>,
    listening: Option<Listening>,
    /// Something goes on.
    moves: bool,
}

impl LearnPage {
    /// Whether something on it moves of itself.
    pub fn moves(&self) -> bool {
        self.moves
    }

    /// Draws the page over the displays.
    pub fn show(&mut self, ui: &mut Ui, rect: Rect, view: &mut View<'_>) -> Option<Wish> {
        let params = view.edits.params().clone();
        let mut slot = params.learning();
        if slot.is_none() {
            let opened = match view.home {
                Some(home) => Learning::open(&home.learning, params.library(), view.shown),
                None => Err("This system names no folder to keep recordings in.".into()),
            };
            match opened {
                Ok(learning) => *slot = Some(learning),
                Err(why) => {
                    view.edits.notices().say(why);
                    return Some(Wish::Close);
                }
            }
            self.step = Step::Record;
        }
        let learning = slot.as_ref()?;
        let state = learning.view();
        let recording = learning.recording();
        self.hear(view, &state, recording.is_some());
        Self::introduce(view, learning);
        self.moves = recording.is_some() || state.stage != Stage::Idle || self.listening.is_some();

        let theme = view.theme;
        let list = Rect::from_min_max(pos2(rect.right() - LIST.min(0.36 * rect.width()), rect.top()), rect.max);
        let main = Rect::from_min_max(rect.min, pos2(list.left() - GAP, rect.bottom()));
        panel(ui, main, theme);
        well(ui, list, theme);
        let head = Rect::from_min_size(main.min + vec2(12.0, 10.0), vec2(main.width() - 24.0, 28.0));
        let title = text(ui.painter(), head.left_center(), Align2::LEFT_CENTER, "Learn an instrument", BODY, theme.b);
        let close = Rect::from_min_size(head.right_top() - vec2(26.0, 0.0), vec2(26.0, 28.0));
        let steps =
            Rect::from_min_max(pos2(title.right() + 16.0, head.top() + 1.0), pos2(close.left() - 8.0, head.bottom() - 1.0));
        let names = STEPS.map(|(_, name)| name);
        let now = STEPS.iter().position(|(step, _)| *step == self.step).unwrap_or(0);
        if let Some(n) = button::choice(ui, steps, theme, "Step", "Each can be gone back to", &names, now) {
            self.step = STEPS[n].0;
        }
        let closed = button::icon(ui, close, theme, Sign::Close, "Close; recording and training go on", None, true).clicked();
        let inner = Rect::from_min_max(pos2(main.left() + 12.0, head.bottom() + 2.0 * GRID), main.max - vec2(12.0, 10.0));
        let wish = match self.step {
            Step::Record => {
                self.record(ui, inner, view, learning, &state, recording);
                None
            }
            Step::Check => {
                self.check(ui, inner, view, &state);
                None
            }
            Step::Train => {
                self.train(ui, inner, view, learning, &state);
                None
            }
            Step::Name => Self::name(ui, inner, view, learning, &state),
        };
        let over = self.list(ui, list.shrink(12.0), view, learning, &state, recording.is_some());
        if over
            && let Some(home) = view.home
            && let Some(before) = slot.take()
        {
            match before.anew(&home.learning) {
                Ok(new) => *slot = Some(new),
                Err(why) => view.edits.notices().say(why),
            }
            *self = Self::default();
        }
        let escape = ui.memory(|memory| memory.focused().is_none()) && ui.input(|i| i.key_pressed(Key::Escape));
        if closed || escape {
            return Some(Wish::Close);
        }
        wish
    }

    /// What is played while it records, until the teacher has heard it.
    fn hear(&mut self, view: &View<'_>, state: &State, records: bool) {
        let heard = state.recorded.iter().filter(|recorded| recorded.fit.is_some()).count();
        if heard != self.files || records != self.records {
            (self.files, self.records) = (heard, records);
            self.fresh = Coverage::default();
        }
        if records {
            view.shown.take_frames(|frame| self.fresh.hear(&frame));
        }
    }

    /// The first version of a training goes to slot B, under the player's hands.
    fn introduce(view: &mut View<'_>, learning: &Learning) {
        if let Some(model) = learning.introduction() {
            view.edits.together(|edits| {
                edits.library().put(SLOT, model);
                edits.put_plain(instrument(SLOT), f32::from(OWN_INSTRUMENT));
                edits.put_plain(at(ParamId::morph), 100.0);
            });
        }
    }

    fn record(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        view: &mut View<'_>,
        learning: &Learning,
        state: &State,
        recording: Option<SoFar>,
    ) {
        let theme = view.theme;
        let coverage = state.coverage.and(&self.fresh);
        let hears = view.edits.source() == Source::Voice;
        let records = recording.is_some();
        let (mut large, mut small) =
            coverage.advice(records, recording.map_or(0.0, |so_far| so_far.peak), recording.is_some_and(|so_far| so_far.silent));
        if recording.is_some_and(|so_far| !so_far.runs) {
            (large, small) = ("Nothing comes in".into(), "Have the host play or monitor the track, or choose an input.".into());
        }
        if !hears && coverage.seconds() == 0.0 {
            (large, small) = (
                "Choose recordings".into(),
                "Of one instrument, one note at a time. Syrinx, not Keys, records them itself.".into(),
            );
        }
        let loud = records && large == "Too loud";
        text_within(
            ui.painter(),
            rect.min,
            Align2::LEFT_TOP,
            &large,
            TITLE,
            if loud { theme.alarm } else { theme.text },
            rect.width(),
        );
        text_within(ui.painter(), rect.min + vec2(0.0, 24.0), Align2::LEFT_TOP, &small, SMALL, theme.muted, rect.width());
        let field = Rect::from_min_max(rect.min + vec2(0.0, 44.0), rect.max - vec2(0.0, ROW + GAP));
        let now = view.live.voice().filter(|dot| records && dot.confidence >= super::live::SURE);
        learn_pictures::field(ui, field, theme, &coverage, now.map(|dot| (dot.note, dot.loudness_db)));
        let row = Rect::from_min_max(pos2(rect.left(), rect.bottom() - ROW), rect.max);
        let button_at = |left: f32, wide: f32| Rect::from_min_size(pos2(left, row.top()), vec2(wide, ROW));
        let record = button_at(row.left(), if hears { 132.0 } else { -GAP });
        let files = button_at(record.right() + GAP, 72.0);
        let folder = button_at(files.right() + GAP, 76.0);
        if hears && record_button(ui, record, theme, recording) {
            self.fresh = Coverage::default();
            view.shown.take_frames(|_| ());
            learning.record(!records);
            if records {
                self.step = Step::Check;
            }
        }
        let lesson = state.stage.is_lesson();
        ui.add_enabled_ui(!lesson, |ui| {
            if button::words(ui, files, theme, "Files …", "Learn from sound files").clicked() {
                view.dialog.open("Learn from recordings", "Recordings", EXTENSIONS, Choose::Files, For::Recordings);
            }
            if button::words(ui, folder, theme, "Folder …", "Learn from all sound files in a folder").clicked() {
                view.dialog.open("Learn from recordings", "Recordings", EXTENSIONS, Choose::Folder, For::Recordings);
            }
            let add = Rect::from_min_max(pos2(row.right() - 48.0, row.top()), row.max);
            let field = Rect::from_min_max(pos2(folder.right() + GAP, row.top()), pos2(add.left() - GAP, row.bottom()));
            let edit = TextEdit::singleline(&mut self.path)
                .hint_text("or the path of a file or folder")
                .align(Align2::LEFT_CENTER)
                .margin(egui::Margin::symmetric(8, 5));
            let typed = ui.put(field, edit);
            let entered = typed.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
            let pressed = button::words(ui, add, theme, "Add", "Learn from what is at the path").clicked();
            if (entered || pressed) && !self.path.trim().is_empty() {
                learning.add(&[PathBuf::from(self.path.trim())]);
                self.path.clear();
            }
        });
    }

    fn check(&mut self, ui: &mut Ui, rect: Rect, view: &View<'_>, state: &State) {
        let theme = view.theme;
        let verdict = state.report.as_ref().map(|report| report.verdict());
        let (large, ink) = match (&state.stage, &verdict) {
            (Stage::Checking(heard, of), _) => (format!("Listening: {heard} of {of}"), theme.text),
            (Stage::Waiting, _) => ("Another instance is learning; this one is next".into(), theme.text),
            (_, None) => ("Nothing was recorded yet".into(), theme.muted),
            (_, Some(Ok(()))) => ("An instrument can be learned from this".into(), theme.a),
            (_, Some(Err(_))) => ("Not yet".into(), theme.alarm),
        };
        text_within(ui.painter(), rect.min, Align2::LEFT_TOP, &large, TITLE, ink, rect.width());
        let says = match &verdict {
            Some(Err(why)) => crate::learn::capital(&why.to_string()),
            _ => "What was played, and what an instrument made of it would have to guess.".into(),
        };
        text_within(ui.painter(), rect.min + vec2(0.0, 24.0), Align2::LEFT_TOP, &says, SMALL, theme.muted, rect.width());
        let facts_at =
            Rect::from_min_max(pos2(rect.right() - 0.42 * rect.width(), rect.top() + 44.0), rect.max - vec2(0.0, ROW + GAP));
        let field = Rect::from_min_max(rect.min + vec2(0.0, 44.0), pos2(facts_at.left() - GAP, facts_at.bottom()));
        learn_pictures::field(ui, field, theme, &state.coverage, None);
        if let Some(report) = &state.report {
            let findings = findings(report);
            ui.scope_builder(UiBuilder::new().max_rect(facts_at), |ui| {
                ScrollArea::vertical().id_salt("findings").auto_shrink([false, false]).show(ui, |ui| {
                    for Finding { words, is } in findings {
                        let ink = match is {
                            Is::Well => theme.text,
                            Is::Better => theme.voice,
                            Is::Wrong => theme.alarm,
                        };
                        ui.add(egui::Label::new(RichText::new(signed(&words)).size(BODY).color(ink)).wrap());
                        ui.add_space(4.0);
                    }
                });
            });
        }
        let row = Rect::from_min_max(pos2(rect.left(), rect.bottom() - ROW), rect.max);
        let more = Rect::from_min_size(row.min, vec2(120.0, ROW));
        if button::words(ui, more, theme, "Record more", "Back to recording").clicked() {
            self.step = Step::Record;
        }
        let train = Rect::from_min_max(pos2(row.right() - 140.0, row.top()), row.max);
        let able = matches!(verdict, Some(Ok(()))) && state.stage == Stage::Idle;
        if primary(ui, train, theme, "Next: train", "Learn an instrument from this", able) {
            self.step = Step::Train;
        }
    }

    fn train(&mut self, ui: &mut Ui, rect: Rect, view: &View<'_>, learning: &Learning, state: &State) {
        let theme = view.theme;
        let ready = state.report.as_ref().is_some_and(|report| report.verdict().is_ok());
        let (large, share) = match &state.stage {
            Stage::Training(share, left) => {
                let left = left.map_or(String::new(), |left| format!(", {} s left", left.as_secs() + 1));
                let plays = if state.versions > 0 { "It plays, as B, and gets better" } else { "Learning" };
                (format!("{plays}{left}"), Some(0.8 * share))
            }
            Stage::Scoring(share) => ("It is asked for what it never heard".into(), Some(0.8 + 0.2 * share)),
            Stage::Checking(heard, of) => (format!("Listening: {heard} of {of}"), None),
            Stage::Waiting => ("Another instance is learning; this one is next".into(), None),
            Stage::Idle if state.learned.is_some() => ("Learned: it plays, as B".into(), None),
            Stage::Idle if ready => ("Ready to learn".into(), None),
            Stage::Idle => ("There is not enough to learn from yet".into(), None),
        };
        text_within(ui.painter(), rect.min, Align2::LEFT_TOP, &large, TITLE, theme.text, rect.width());
        let row = Rect::from_min_max(pos2(rect.left(), rect.bottom() - ROW), rect.max);
        let body = Rect::from_min_max(rect.min + vec2(0.0, 30.0), pos2(rect.right(), row.top() - GAP));
        if let Some(share) = share {
            let bar = Rect::from_min_size(body.min, vec2(body.width(), 6.0));
            ui.painter().rect_filled(bar, 3, theme.line);
            ui.painter().rect_filled(Rect::from_min_size(bar.min, vec2(bar.width() * share.clamp(0.01, 1.0), 6.0)), 3, theme.b);
        }
        let body = Rect::from_min_max(body.min + vec2(0.0, 14.0), body.max);
        let lesson = state.stage.is_lesson();
        if let Some(learned) = state.learned.as_ref().filter(|_| !lesson) {
            self.result(ui, body, theme, learning, learned);
        } else {
            families(ui, body, theme, learning, &state.about.family, lesson);
        }
        if lesson {
            let cancel = Rect::from_min_size(row.min, vec2(100.0, ROW));
            if button::words(ui, cancel, theme, "Cancel", "Learn no further; the recordings stay").clicked() {
                learning.cancel();
            }
            return;
        }
        let able = ready && state.stage == Stage::Idle;
        let right = Rect::from_min_max(pos2(row.right() - 140.0, row.top()), row.max);
        match &state.learned {
            None => {
                if primary(ui, right, theme, "Train", "Learn an instrument from the recordings: about a minute", able) {
                    learning.train(1);
                }
            }
            Some(learned) => {
                let on = Rect::from_min_size(row.min, vec2(120.0, ROW));
                let again = Rect::from_min_size(pos2(on.right() + GAP, row.top()), vec2(120.0, ROW));
                ui.add_enabled_ui(able && 2 * learned.times <= MOST_TIMES, |ui| {
                    if button::words(ui, on, theme, "Keep going", "Train it twice as long").clicked() {
                        learning.train(2 * learned.times);
                    }
                });
                ui.add_enabled_ui(able, |ui| {
                    if button::words(ui, again, theme, "Train again", "From all recordings, with those that came since").clicked()
                    {
                        learning.train(learned.times);
                    }
                });
                if primary(ui, right, theme, "Done: name it", "Keep the instrument", true) {
                    self.step = Step::Name;
                }
            }
        }
    }

    /// What was learned, to look at and to listen to.
    fn result(&mut self, ui: &mut Ui, rect: Rect, theme: &Theme, learning: &Learning, learned: &Arc<Learned>) {
        let facts = Rect::from_min_max(pos2(rect.right() - 0.4 * rect.width(), rect.top()), rect.max);
        let pictures = Rect::from_min_max(rect.min, pos2(facts.left() - GAP, rect.bottom()));
        if let Some(example) = &learned.held_out.example {
            let known = self.pictures.as_ref().is_some_and(|known| Arc::ptr_eq(&known.of, learned) && known.dark == theme.dark);
            if !known {
                let made = |n: usize, name: &str, colour: Color32| {
                    let levels = learn_pictures::spectrogram(&example[n], ANALYSIS_RATE_HZ as f32);
                    ui.ctx().load_texture(name, learn_pictures::image(&levels, theme, colour), TextureOptions::LINEAR)
                };
                let textures = [made(0, "recorded", theme.voice), made(1, "played", theme.b)];
                self.pictures = Some(Pictures { of: learned.clone(), dark: theme.dark, textures });
            }
            self.listening = self.listening.take().filter(|listening| !listening.along.is_over());
            let high = (pictures.height() - GAP) / 2.0;
            for (n, words) in ["Recorded, and held out from it", "What it makes of that"].into_iter().enumerate() {
                let whole = Rect::from_min_size(pictures.min + vec2(0.0, n as f32 * (high + GAP)), vec2(pictures.width(), high));
                let place = whole.with_min_y(whole.top() + 18.0);
                text_within(ui.painter(), whole.min, Align2::LEFT_TOP, words, SMALL, theme.muted, whole.width());
                let heard = self.listening.as_ref().filter(|listening| listening.which == n);
                let rate = |listening: &Listening| listening.along.at() as f32 / learning.rate_hz().max(1.0);
                let length_s = example[n].len() as f32 / ANALYSIS_RATE_HZ as f32;
                let along = heard.map(|listening| (rate(listening) / length_s).min(1.0));
                if let Some(pictures) = &self.pictures {
                    learn_pictures::show(ui, place, theme, &pictures.textures[n], along);
                }
                let response = button::area(ui, place, &format!("Listen: {words}"), Role::Button, Some(heard.is_some()));
                let sign = Rect::from_min_size(place.right_top() + vec2(-30.0, 4.0), vec2(26.0, 24.0));
                let glyph = if heard.is_some() { Sign::Stop } else { Sign::Play };
                super::icons::sign(ui.painter(), sign, glyph, theme.text);
                if response.on_hover_text("Play it; the other goes on where this one is").clicked() {
                    let goes_on = self.listening.as_ref().map(|listening| (listening.which, rate(listening)));
                    self.listening = match goes_on {
                        Some((which, _)) if which == n => {
                            learning.listen(None, 0.0);
                            None
                        }
                        other => {
                            let from_s = other.map_or(0.0, |(_, at_s)| at_s);
                            learning.listen(Some(&example[n]), from_s).map(|along| Listening { which: n, along })
                        }
                    };
                }
            }
        }
        ui.scope_builder(UiBuilder::new().max_rect(facts), |ui| {
            ScrollArea::vertical().id_salt("learned").auto_shrink([false, false]).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 3.0;
                scores(ui, theme, learned);
                for words in learned.words() {
                    ui.add(egui::Label::new(RichText::new(signed(&words)).size(BODY).color(theme.text)).wrap());
                }
            });
        });
    }

    fn name(ui: &mut Ui, rect: Rect, view: &mut View<'_>, learning: &Learning, state: &State) -> Option<Wish> {
        let theme = view.theme;
        let learned = state.learned.is_some();
        let large = match (&state.saved, learned) {
            (Some(_), _) => "Saved among your instruments",
            (None, true) => "What is it called?",
            (None, false) => "Nothing was learned yet: train it first",
        };
        text_within(ui.painter(), rect.min, Align2::LEFT_TOP, large, TITLE, theme.text, rect.width());
        let glyph = Rect::from_min_size(rect.min + vec2(0.0, 38.0), vec2(64.0, 64.0));
        ui.painter().rect_filled(glyph, CornerRadius::same(8), theme.faint(theme.b, 0.16));
        family(ui.painter(), glyph.shrink(10.0), &state.about.family, theme.b, theme.well);
        let mut about = state.about.clone();
        let left = glyph.right() + 16.0;
        for (n, (words, hint, value)) in [
            ("Name", "My violin", &mut about.name),
            ("Made by", "your name", &mut about.author),
            ("Licence", "CC0-1.0, say, if others may have it", &mut about.licence),
        ]
        .into_iter()
        .enumerate()
        {
            let y = glyph.top() + n as f32 * (ROW + GRID);
            text(ui.painter(), pos2(left, y + 0.5 * ROW), Align2::LEFT_CENTER, words, SMALL, theme.muted);
            let field = Rect::from_min_size(pos2(left + 64.0, y), vec2((rect.right() - left - 64.0).min(360.0), ROW));
            let edit = TextEdit::singleline(value)
                .id(egui::Id::unique(("learn", words)))
                .char_limit(100)
                .hint_text(hint)
                .align(Align2::LEFT_CENTER)
                .margin(egui::Margin::symmetric(8, 5));
            let field = ui.put(field, edit);
            ui.ctx().accesskit_node_builder(field.id, |node| node.set_label(words));
        }
        if about != state.about {
            learning.change(|now| *now = about);
        }
        let says = match &state.saved {
            Some(path) => format!("It is in {}. Give that file to others: its card tells all.", path.display()),
            None => "Saved as one file in your folder of instruments; sessions and presets take it with them.".into(),
        };
        let at_y = glyph.top() + 3.0 * (ROW + GRID) + 6.0;
        text_within(ui.painter(), pos2(rect.left(), at_y), Align2::LEFT_TOP, &says, SMALL, theme.muted, rect.width());
        let row = Rect::from_min_max(pos2(rect.left(), rect.bottom() - ROW), rect.max);
        let save = Rect::from_min_max(pos2(row.right() - 140.0, row.top()), row.max);
        let preset = Rect::from_min_size(row.min, vec2(150.0, ROW));
        let mut wish = None;
        if state.saved.is_some()
            && button::words(ui, preset, theme, "Save a preset …", "All knobs, with the instrument inside").clicked()
        {
            wish = Some(Wish::Preset);
        }
        let named = !state.about.name.trim().is_empty();
        if primary(ui, save, theme, "Save", "Keep it among your instruments", learned && named)
            && let Some(home) = view.home
        {
            match learning.save(&home.instruments) {
                Ok((path, model)) => {
                    view.edits.notices().say(format!("Saved as {}.", path.display()));
                    view.edits.play_own(SLOT, model);
                    wish = Some(Wish::Saved);
                }
                Err(why) => view.edits.notices().say(why),
            }
        }
        wish
    }

    /// The recordings; whether to begin anew.
    fn list(&self, ui: &mut Ui, rect: Rect, view: &View<'_>, learning: &Learning, state: &State, records: bool) -> bool {
        let theme = view.theme;
        let count = state.recorded.len();
        let words = if count == 1 { "1 recording".into() } else { format!("{count} recordings") };
        text(ui.painter(), rect.min, Align2::LEFT_TOP, &words, BODY, theme.text);
        let checking = match &state.stage {
            Stage::Checking(heard, of) => format!("listening, {heard} of {of}"),
            Stage::Waiting => "waiting for another instance".into(),
            _ => String::new(),
        };
        text(ui.painter(), rect.right_top() + vec2(0.0, 2.0), Align2::RIGHT_TOP, &checking, SMALL, theme.muted);
        let foot = Rect::from_min_max(pos2(rect.left(), rect.bottom() - ROW), rect.max);
        let mut rows = Rect::from_min_max(rect.min + vec2(0.0, 24.0), pos2(rect.right(), foot.top() - GRID));
        if let Some(trouble) = &state.trouble {
            let lines = ui.painter().layout(trouble.clone(), super::theme::font(SMALL), theme.alarm, rect.width());
            let high = lines.size().y.min(0.5 * rows.height());
            rows.max.y -= high + GRID;
            let place = Rect::from_min_size(pos2(rows.left(), rows.bottom() + GRID), vec2(rows.width(), high));
            ui.painter().with_clip_rect(place).galley(place.min, lines, theme.alarm);
        }
        let lesson = state.stage.is_lesson();
        ui.scope_builder(UiBuilder::new().max_rect(rows), |ui| {
            ScrollArea::vertical().id_salt("recordings").auto_shrink([false, false]).stick_to_bottom(records).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                for recorded in &state.recorded {
                    let (place, _) = ui.allocate_exact_size(vec2(rows.width() - 10.0, RECORDING), Sense::hover());
                    if recording_row(ui, place, theme, recorded, !lesson) {
                        learning.leave_out(&recorded.path);
                    }
                }
            });
        });
        let anew = Rect::from_min_size(foot.min, vec2(110.0, ROW));
        let mut pressed = false;
        ui.add_enabled_ui(count > 0 && !records && !lesson, |ui| {
            let help = format!("Another instrument. These recordings stay in {}", learning.folder().display());
            pressed = button::words(ui, anew, theme, "Start over", &help).clicked();
        });
        pressed
    }
}

/// One recording; whether it is to be left out.
fn recording_row(ui: &Ui, rect: Rect, theme: &Theme, recorded: &Recorded, able: bool) -> bool {
    ui.painter().rect_filled(rect, CornerRadius::same(ROUND_SMALL as u8), theme.panel);
    let ink = match recorded.fit {
        None => theme.muted,
        Some(true) => theme.a,
        Some(false) => theme.alarm,
    };
    ui.painter().circle_filled(rect.left_center() + vec2(10.0, 0.0), 3.5, ink);
    let name = recorded.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = crate::reading::harmless(&name);
    let room = rect.width() - 52.0;
    text_within(ui.painter(), rect.left_top() + vec2(20.0, 3.0), Align2::LEFT_TOP, &name, SMALL, theme.text, room);
    let says = crate::reading::harmless(&recorded.says);
    let ink = if recorded.fit == Some(false) { theme.alarm } else { theme.muted };
    text_within(ui.painter(), rect.left_bottom() + vec2(20.0, -3.0), Align2::LEFT_BOTTOM, &says, SMALL, ink, room);
    let out = Rect::from_center_size(pos2(rect.right() - 16.0, rect.center().y), vec2(24.0, 24.0));
    let key = ("leave out", &recorded.path);
    let pressed = button::icon_of(ui, out, theme, key, Sign::Close, &format!("Leave out: {name}"), None, able).clicked();
    let response = ui.interact(rect.with_max_x(out.left()), egui::Id::unique(("recording", &recorded.path)), Sense::hover());
    response.on_hover_text(format!("{name}: {says}"));
    pressed && able
}

/// What an instrument is: its family.
fn families(ui: &Ui, rect: Rect, theme: &Theme, learning: &Learning, now: &str, fixed: bool) {
    let words = if fixed { "Its family" } else { "What is it? What recordings don't tell is taken from its family." };
    text_within(ui.painter(), rect.min, Align2::LEFT_TOP, words, SMALL, theme.muted, rect.width());
    let (wide, high) = (112.0_f32.min((rect.width() - 3.0 * GAP) / 4.0), 34.0);
    for (n, name) in FAMILIES.into_iter().enumerate() {
        let columns = 4;
        let place = rect.min + vec2((n % columns) as f32 * (wide + GRID), 22.0 + (n / columns) as f32 * (high + GRID));
        let chip = Rect::from_min_size(place, vec2(wide, high));
        let (on, called) = (name == now, family_name(name));
        let response = button::area(ui, chip, &format!("Learned family: {called}"), Role::RadioButton, Some(on));
        let (fill, ink) = match (on, response.hovered() && !fixed) {
            (true, _) => (theme.lit(theme.panel, theme.b), theme.b),
            (false, true) => (theme.hover, theme.text),
            (false, false) => (theme.raised, theme.muted),
        };
        ui.painter().rect_filled(chip, CornerRadius::same(ROUND_SMALL as u8), fill);
        family(ui.painter(), Rect::from_center_size(chip.left_center() + vec2(18.0, 0.0), vec2(22.0, 22.0)), name, ink, fill);
        text_within(ui.painter(), chip.left_center() + vec2(36.0, 0.0), Align2::LEFT_CENTER, &called, SMALL, ink, wide - 40.0);
        if response.clicked() && !fixed {
            learning.change(|about| about.family = name.into());
        }
    }
}

/// Scores on what it never heard, longer is nearer, beside what is usual among the factory's.
fn scores(ui: &mut Ui, theme: &Theme, learned: &Learned) {
    let heading = "How near it comes to what it never heard";
    ui.label(RichText::new(heading).size(SMALL).color(theme.muted));
    for ((id, name), usual) in SCORES.into_iter().zip(*usual_scores()) {
        let Some(score) = learned.card.scores.get(id) else { continue };
        let (place, _) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
        text(ui.painter(), place.left_center(), Align2::LEFT_CENTER, name, SMALL, theme.text);
        let bar = Rect::from_min_max(
            pos2(place.left() + 84.0, place.center().y - 3.0),
            pos2(place.right() - 8.0, place.center().y + 3.0),
        );
        let good = |score: f32| bar.width() * (1.0 - score / WORST_DB).clamp(0.02, 1.0);
        ui.painter().rect_filled(bar, 3, theme.line);
        ui.painter().rect_filled(Rect::from_min_size(bar.min, vec2(good(*score), bar.height())), 3, theme.b);
        let x = bar.left() + good(usual);
        ui.painter().vline(x, (bar.top() - 4.0)..=(bar.bottom() + 4.0), egui::Stroke::new(1.5, theme.text));
        let help = format!("{score:.1} dB away; half of the factory's instruments are nearer than {usual:.1} dB (the line)");
        ui.interact(place, egui::Id::unique(("score", id)), Sense::hover()).on_hover_text(help);
    }
    ui.add_space(4.0);
}

/// The button that leads on; whether it was pressed.
fn primary(ui: &mut Ui, rect: Rect, theme: &Theme, words: &str, help: &str, able: bool) -> bool {
    ui.add_enabled_ui(able, |ui| {
        let response = button::area(ui, rect, words, Role::Button, None);
        let fill = if response.hovered() { theme.b } else { theme.faint(theme.b, 0.85) };
        ui.painter().rect_filled(rect, CornerRadius::same(ROUND_SMALL as u8), fill);
        text(ui.painter(), rect.center(), Align2::CENTER_CENTER, words, BODY, theme.back);
        response.on_hover_text(help).clicked()
    })
    .inner
}

/// The button that records, with the time and the level while it does; whether it was pressed.
fn record_button(ui: &Ui, rect: Rect, theme: &Theme, recording: Option<SoFar>) -> bool {
    let name = if recording.is_some() { "Stop recording" } else { "Record" };
    let response = button::area(ui, rect, name, Role::Button, None);
    let fill = match (recording, response.hovered()) {
        (Some(_), _) => theme.lit(theme.panel, theme.alarm),
        (None, true) => theme.hover,
        (None, false) => theme.raised,
    };
    ui.painter().rect_filled(rect, CornerRadius::same(ROUND_SMALL as u8), fill);
    let sign = Rect::from_center_size(rect.left_center() + vec2(18.0, 0.0), vec2(20.0, 20.0));
    let glyph = if recording.is_some() { Sign::Stop } else { Sign::Record };
    super::icons::sign(ui.painter(), sign, glyph, theme.alarm);
    let words =
        recording.map_or("Record".into(), |so_far| format!("{}:{:02}", so_far.seconds as u32 / 60, so_far.seconds as u32 % 60));
    text(ui.painter(), rect.left_center() + vec2(34.0, 0.0), Align2::LEFT_CENTER, &words, BODY, theme.text);
    if let Some(so_far) = recording {
        let bar =
            Rect::from_min_max(pos2(rect.left() + 74.0, rect.center().y - 3.0), pos2(rect.right() - 10.0, rect.center().y + 3.0));
        let share = (1.0 + super::live::decibels(so_far.peak) / 60.0).clamp(0.0, 1.0);
        let ink = if so_far.peak >= 1.0 { theme.alarm } else { theme.voice };
        ui.painter().rect_filled(bar, 3, theme.line);
        ui.painter().rect_filled(Rect::from_min_size(bar.min, vec2(share * bar.width(), bar.height())), 3, ink);
    }
    let help = "Records what comes in, one note at a time; everything is kept on disk as it comes";
    response.on_hover_text(help).clicked()
}
