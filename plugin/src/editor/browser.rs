//! The instruments to choose from, with search and favourites, and the card of the one that plays.

use super::{
    button, card,
    dialog::{Choose, Dialog, For},
    edits::Edits,
    files::{Home, Looks},
    icons::{FAMILIES, Sign, family, family_name, sign},
    instrument_list::{self, InstrumentList, Item, Source},
    layout::GAP,
    lists::{Cursor, ListKeys},
    paint::{focus_ring, panel, text, text_within, well, width},
    slots::Side,
    theme::{BODY, GRID, ROUND_SMALL, SMALL, Theme},
};
use egui::{
    Align2, Color32, CornerRadius, Id, Key, Modifiers, Popup, Rect, Role, ScrollArea, Sense, Stroke, StrokeKind, TextEdit, Ui,
    UiBuilder, pos2, vec2,
};
use std::{collections::BTreeSet, path::Path};
use syrinx_engine::{Card, Slot};

const TILE: (f32, f32) = (184.0, 44.0);
const CARD: f32 = 330.0;

/// What the list remembers.
#[derive(Default)]
pub struct Browser {
    search: String,
    favourites_only: bool,
    /// The family that is shown alone.
    family: Option<String>,
    path: String,
    /// What played when the list was last drawn: it is brought into view when it changes.
    seen: Option<usize>,
    /// Where the keyboard is.
    cursor: Cursor,
    /// The slot that the list is open for.
    open: Option<Slot>,
}

/// What the list shows and changes, for one of the two instruments.
pub struct View<'a> {
    /// The palette.
    pub theme: &'a Theme,
    /// What plays.
    pub edits: &'a mut Edits,
    /// The instruments.
    pub instrument_list: &'a mut InstrumentList,
    /// Favourites.
    pub looks: &'a mut Looks,
    /// The player's folders.
    pub home: Option<&'a Home>,
    /// For a file from elsewhere.
    pub dialog: &'a mut Dialog,
    /// Which of the two.
    pub side: Side,
    /// An instrument is to be learned.
    pub learns: bool,
}

impl Browser {
    /// The list is closed: nothing is searched any more. Its family and its favourites stay, for the arrows go through them.
    pub fn close(&mut self) {
        if self.open.take().is_some() {
            self.search.clear();
            self.cursor.forget();
            self.seen = None;
        }
    }

    /// The places of the instruments that are shown, and that the arrows go through.
    pub fn wanted(&self, instrument_list: &InstrumentList, looks: &Looks) -> Vec<usize> {
        (0..instrument_list.items().len()).filter(|n| self.fits(instrument_list.items()[*n].card(), looks)).collect()
    }

    /// What they have in common, in words; None for all.
    pub fn among(&self) -> Option<String> {
        among(self.favourites_only, self.family.as_deref().map(family_name))
    }

    /// Draws the list over the displays; whether it is to stay open.
    pub fn show(&mut self, ui: &mut Ui, rect: Rect, view: &mut View<'_>) -> bool {
        let theme = view.theme;
        let fresh = self.open.replace(view.side.slot) != Some(view.side.slot);
        if fresh {
            self.cursor.forget();
        }
        let card_width = CARD.min(0.36 * rect.width());
        let left = Rect::from_min_max(rect.min, pos2(rect.right() - card_width - GAP, rect.bottom()));
        let right = Rect::from_min_max(pos2(left.right() + GAP, rect.top()), rect.max);
        panel(ui, left, theme);
        well(ui, right, theme);
        let (stay, keys, searched) = self.head(ui, left, theme, view.side, fresh);
        let families = Rect::from_min_max(left.min + vec2(12.0, 44.0), pos2(left.right() - 12.0, left.top() + 72.0));
        self.families(ui, families, view);
        let foot = Rect::from_min_max(pos2(left.left() + 12.0, left.bottom() - 38.0), left.max - vec2(12.0, 10.0));
        self.foot(ui, foot, view);
        let tiles =
            Rect::from_min_max(pos2(left.left() + 12.0, families.bottom() + GAP), pos2(left.right() - 6.0, foot.top() - GAP));
        self.tiles(ui, tiles, view, keys, searched);
        let inner = right.shrink(16.0);
        match InstrumentList::model(view.edits, view.side.slot) {
            Some(model) => card::show(ui, inner, theme, model.card(), view.side.colour),
            None => {
                text(ui.painter(), inner.center(), Align2::CENTER_CENTER, "No instrument in this slot", BODY, theme.muted);
            }
        }
        stay
    }

    /// The title, the search, and what the keyboard asks for; also whether something else is searched than before.
    fn head(&mut self, ui: &mut Ui, rect: Rect, theme: &Theme, side: Side, fresh: bool) -> (bool, ListKeys, bool) {
        let row = Rect::from_min_size(rect.min + vec2(12.0, 10.0), vec2(rect.width() - 24.0, 28.0));
        let title = format!("Instrument {}", side.letter);
        let title = text(ui.painter(), row.left_center(), Align2::LEFT_CENTER, &title, BODY, side.colour);
        let close = Rect::from_min_size(row.right_top() - vec2(26.0, 0.0), vec2(26.0, 28.0));
        let star = close.translate(vec2(-30.0, 0.0));
        let field = Rect::from_min_max(pos2(title.right() + 16.0, row.top()), pos2(star.left() - 6.0, row.bottom()));
        let before = self.search.clone();
        let keys = search_field(ui, field, theme, &mut self.search, "Search instruments", fresh);
        let lit = self.favourites_only.then_some(theme.voice);
        if button::icon(ui, star, theme, Sign::Star(self.favourites_only), "Favourite instruments only", lit, true).clicked() {
            self.favourites_only = !self.favourites_only;
        }
        let closed = button::icon(ui, close, theme, Sign::Close, "Close the list", None, true).clicked();
        let stay = !closed && !ui.input(|i| i.key_pressed(egui::Key::Escape));
        (stay, keys, self.search != before)
    }

    /// A glyph for every family that there is: a press shows that one alone, another all of them again.
    fn families(&mut self, ui: &Ui, rect: Rect, view: &View<'_>) {
        let theme = view.theme;
        let there: BTreeSet<&str> = view.instrument_list.items().iter().map(|item| item.card().family.as_str()).collect();
        if self.family.as_ref().is_some_and(|chosen| !there.contains(chosen.as_str())) {
            self.family = None;
        }
        let strangers = there.iter().copied().filter(|name| !FAMILIES.contains(name));
        let all: Vec<&str> = FAMILIES.into_iter().filter(|name| there.contains(name)).chain(strangers).collect();
        let each = ((rect.width() + GRID) / all.len().max(1) as f32 - GRID).clamp(16.0, 40.0);
        for (n, name) in all.into_iter().enumerate() {
            let chip = Rect::from_min_size(rect.min + vec2((each + GRID) * n as f32, 0.0), vec2(each, rect.height()));
            let on = self.family.as_deref() == Some(name);
            let called = family_name(name);
            let label = format!("Family: {called}");
            let response = button::area(ui, chip, &label, Role::CheckBox, Some(on));
            let (fill, ink) = match (on, response.hovered()) {
                (true, _) => (theme.lit(theme.panel, view.side.colour), view.side.colour),
                (false, true) => (theme.hover, theme.text),
                (false, false) => (theme.raised, theme.muted),
            };
            ui.painter().rect_filled(chip, CornerRadius::same(ROUND_SMALL as u8), fill);
            let side = (each - 4.0).min(20.0);
            family(ui.painter(), Rect::from_center_size(chip.center(), vec2(side, side)), name, ink, fill);
            if response.on_hover_text(called).clicked() {
                self.family = (!on).then(|| name.to_owned());
            }
        }
    }

    /// Whether an instrument is among those wanted.
    fn fits(&self, card: &Card, looks: &Looks) -> bool {
        let wanted = self.search.trim().to_lowercase();
        let found = |text: &str| text.to_lowercase().contains(&wanted);
        (found(&card.name) || found(&card.id) || found(&family_name(&card.family)) || found(&card.author))
            && self.family.as_ref().is_none_or(|family| *family == card.family)
            && (!self.favourites_only || looks.favourite_instruments.contains(&card.id))
    }

    fn tiles(&mut self, ui: &mut Ui, rect: Rect, view: &mut View<'_>, keys: ListKeys, searched: bool) {
        let instrument_list = &*view.instrument_list;
        let shown = self.wanted(instrument_list, view.looks);
        if shown.is_empty() {
            let words = if self.favourites_only { "No favourite fits" } else { "Nothing fits the search" };
            text(ui.painter(), rect.center(), Align2::CENTER_CENTER, words, BODY, view.theme.muted);
            return;
        }
        let playing = instrument_list.playing(view.edits, view.side.slot);
        let moved = std::mem::replace(&mut self.seen, playing) != playing;
        let room = rect.width() - 8.0;
        let columns = ((room + GAP) / (TILE.0 + GAP)).floor().max(1.0) as usize;
        if searched {
            self.cursor.to_first(&shown);
        }
        let mut picked = self.cursor.step(keys, &shown, columns, playing);
        let to_cursor = std::mem::take(&mut self.cursor.moved);
        ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
            ScrollArea::vertical().id_salt("instruments").auto_shrink([false, false]).show(ui, |ui| {
                let wide = ((room + GAP) / columns as f32 - GAP).floor();
                ui.spacing_mut().item_spacing = vec2(GAP, GAP);
                for row in shown.chunks(columns) {
                    ui.horizontal(|ui| {
                        for n in row {
                            let (place, _) = ui.allocate_exact_size(vec2(wide, TILE.1), Sense::hover());
                            let plays = playing == Some(*n);
                            let cursor = self.cursor.at() == Some(*n);
                            if (plays && moved) || (cursor && to_cursor) {
                                ui.scroll_to_rect(place, None);
                            }
                            let look = TileLook { theme: view.theme, colour: view.side.colour, plays, cursor };
                            if tile(ui, place, &look, *n, &instrument_list.items()[*n], view.looks) {
                                picked = Some(*n);
                            }
                        }
                    });
                }
            });
        });
        if let Some(n) = picked {
            instrument_list.play(view.edits, view.side.slot, n);
        }
    }

    fn foot(&mut self, ui: &mut Ui, rect: Rect, view: &mut View<'_>) {
        let (theme, slot) = (view.theme, view.side.slot);
        let at = |x: f32, wide: f32| Rect::from_min_size(pos2(x, rect.top()), vec2(wide, 26.0));
        let open = at(rect.left(), 92.0);
        if button::words(ui, open, theme, "Open file …", "Play an instrument from its .onnx file; it then travels in the session")
            .clicked()
        {
            view.dialog.open("Open an instrument", "Instruments", &["onnx"], Choose::File, For::Instrument(slot));
        }
        let learn = at(open.right() + GAP, 74.0);
        if button::words(ui, learn, theme, "Learn …", "Make an instrument of recordings: a minute of one is enough").clicked() {
            view.learns = true;
        }
        let load = at(rect.right() - 56.0, 56.0);
        let again = at(load.left() - 90.0, 82.0);
        let field = Rect::from_min_max(pos2(learn.right() + GAP, rect.top()), pos2(again.left() - GAP, rect.top() + 26.0));
        let edit = TextEdit::singleline(&mut self.path)
            .hint_text("or the path of a file")
            .align(Align2::LEFT_CENTER)
            .margin(egui::Margin::symmetric(8, 5));
        let typed = ui.put(field, edit);
        let entered = typed.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
        if (button::words(ui, load, theme, "Load", "Play the file whose path is typed").clicked() || entered)
            && !self.path.trim().is_empty()
        {
            instrument_list::load(view.edits, slot, Path::new(self.path.trim()));
        }
        let words = if view.instrument_list.searches() { "Looking …" } else { "Rescan" };
        let help = view.home.map_or_else(
            || "This system names no folder for instruments".to_owned(),
            |home| format!("Look for instruments in {}", home.instruments.display()),
        );
        if button::words(ui, again, theme, words, &help).clicked()
            && let Some(home) = view.home
        {
            view.instrument_list.search(&home.instruments);
        }
    }
}

/// What a list shows, in words: favourites, a family or a group; None for all of it.
pub fn among(favourites: bool, kind: Option<String>) -> Option<String> {
    match (favourites, kind) {
        (false, kind) => kind,
        (true, None) => Some("favourites".into()),
        (true, Some(kind)) => Some(format!("favourites of {kind}")),
    }
}

/// A field to type a search into, and the keys that go to the list below it: arrows and Enter, while the field has the keyboard or nothing
/// has. It takes the keyboard when the list is `fresh`, and when somebody types into nothing.
pub fn search_field(ui: &mut Ui, rect: Rect, theme: &Theme, text: &mut String, hint: &str, fresh: bool) -> ListKeys {
    let id = Id::unique(("search", hint));
    let focused = ui.memory(|memory| memory.focused());
    let typed = || ui.input(|i| i.events.iter().any(|e| matches!(e, egui::Event::Text(text) if !text.trim().is_empty())));
    if fresh || (focused.is_none() && typed()) {
        ui.memory_mut(|memory| memory.request_focus(id));
    }
    let mut keys = ListKeys::default();
    if focused.is_none_or(|focused| focused == id) && !Popup::is_any_open(ui.ctx()) {
        ui.input_mut(|input| {
            let mut pressed = |key| input.count_and_consume_key(Modifiers::NONE, key) as isize;
            keys.across = pressed(Key::ArrowRight) - pressed(Key::ArrowLeft);
            keys.down = pressed(Key::ArrowDown) - pressed(Key::ArrowUp);
            keys.enter = pressed(Key::Enter) > 0;
        });
    }
    let stroke = if focused == Some(id) { Stroke::new(1.0, theme.a) } else { theme.border() };
    ui.painter().rect(rect, CornerRadius::same(ROUND_SMALL as u8), theme.well, stroke, StrokeKind::Inside);
    let glass = Rect::from_center_size(rect.left_center() + vec2(16.0, 0.0), vec2(16.0, 16.0));
    sign(ui.painter(), glass, Sign::Search, theme.muted);
    let edit = TextEdit::singleline(text)
        .id(id)
        .hint_text(hint)
        .align(Align2::LEFT_CENTER)
        .frame(egui::Frame::NONE)
        .margin(egui::Margin::symmetric(2, 5));
    ui.put(Rect::from_min_max(pos2(rect.left() + 30.0, rect.top()), rect.max - vec2(4.0, 0.0)), edit);
    keys
}

/// How a tile looks.
#[derive(Clone, Copy)]
struct TileLook<'a> {
    theme: &'a Theme,
    colour: Color32,
    plays: bool,
    /// Whether the keyboard is there.
    cursor: bool,
}

/// One instrument; whether it was picked.
fn tile(ui: &Ui, rect: Rect, look: &TileLook<'_>, key: usize, item: &Item, looks: &mut Looks) -> bool {
    let (TileLook { theme, colour, plays, cursor }, card) = (*look, item.card());
    let response = button::area_of(ui, rect, ("instrument", key), &card.name, Role::Button, None);
    let round = CornerRadius::same(ROUND_SMALL as u8 + 2);
    let fill = if plays {
        theme.lit(theme.panel, colour)
    } else if response.hovered() {
        theme.hover
    } else {
        theme.raised
    };
    let stroke = if plays { Stroke::new(1.5, colour) } else { Stroke::NONE };
    ui.painter().rect(rect, round, fill, stroke, StrokeKind::Inside);
    if cursor {
        focus_ring(ui.painter(), rect.shrink(3.0), theme);
    }
    let glyph = Rect::from_center_size(rect.left_center() + vec2(24.0, 0.0), vec2(28.0, 28.0));
    let ink = if plays { colour } else { theme.text };
    family(ui.painter(), glyph, &card.family, ink, fill);
    let left = rect.left() + 48.0;
    let room = rect.right() - 30.0 - left;
    text_within(ui.painter(), pos2(left, rect.center().y - 1.0), Align2::LEFT_BOTTOM, &card.name, BODY, theme.text, room);
    let family_name = family_name(&card.family);
    let kind = match item.source {
        Source::Factory(_) => family_name,
        Source::File(_) => format!("{family_name} · yours"),
    };
    text_within(ui.painter(), pos2(left, rect.center().y + 3.0), Align2::LEFT_TOP, &kind, SMALL, theme.muted, room);
    let loved = looks.favourite_instruments.contains(&card.id);
    let star = Rect::from_center_size(pos2(rect.right() - 16.0, rect.center().y), vec2(24.0, 24.0));
    let name = format!("Favourite: {}", card.name);
    if button::icon_of(ui, star, theme, ("loved", key), Sign::Star(loved), &name, loved.then_some(theme.voice), true).clicked()
        && !looks.favourite_instruments.remove(&card.id)
    {
        looks.favourite_instruments.insert(card.id.clone());
    }
    let whole = width(ui.painter(), &card.name, BODY) <= room;
    let response = if whole { response } else { response.on_hover_text(&card.name) };
    response.clicked()
}
