//! The instruments to choose from, with search and favourites, and the card of the one that plays.

use super::{
    button, card,
    desk::Desk,
    dialog::Dialog,
    files::{Home, Looks},
    icons::{Sign, family, family_name, sign},
    layout::GAP,
    paint::{panel, text, text_within, well},
    shelf::{self, Shelf},
    theme::{BODY, GRID, ROUND_SMALL, SMALL, Theme},
};
use egui::{
    Align2, Color32, CornerRadius, Rect, Role, ScrollArea, Sense, Stroke, StrokeKind, TextEdit, Ui, UiBuilder, pos2, vec2,
};
use std::path::Path;
use syrinx_engine::Slot;

const TILE: (f32, f32) = (184.0, 58.0);
const CARD: f32 = 330.0;

/// What the list remembers.
#[derive(Default)]
pub struct Browser {
    search: String,
    favourites_only: bool,
    path: String,
}

impl Browser {
    /// Draws the list over the displays; whether it is to stay open.
    #[allow(clippy::too_many_arguments)]
    pub fn show(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        theme: &Theme,
        desk: &mut Desk,
        shelf: &mut Shelf,
        looks: &mut Looks,
        home: Option<&Home>,
        dialog: &mut Dialog,
        slot: Slot,
        colour: Color32,
    ) -> bool {
        let card_width = CARD.min(0.36 * rect.width());
        let left = Rect::from_min_max(rect.min, pos2(rect.right() - card_width - GAP, rect.bottom()));
        let right = Rect::from_min_max(pos2(left.right() + GAP, rect.top()), rect.max);
        panel(ui, left, theme);
        well(ui, right, theme);
        let stay = self.head(ui, left, theme, slot, colour);
        let foot = Rect::from_min_max(pos2(left.left() + 12.0, left.bottom() - 38.0), left.max - vec2(12.0, 10.0));
        self.foot(ui, foot, theme, desk, shelf, home, dialog, slot);
        let tiles = Rect::from_min_max(pos2(left.left() + 12.0, left.top() + 48.0), pos2(left.right() - 6.0, foot.top() - GRID));
        self.tiles(ui, tiles, theme, desk, shelf, looks, slot, colour);
        let inner = right.shrink(16.0);
        match Shelf::model(desk, slot) {
            Some(model) => card::show(ui, inner, theme, model.card(), colour),
            None => {
                text(ui.painter(), inner.center(), Align2::CENTER_CENTER, "No instrument in this slot", BODY, theme.muted);
            }
        }
        stay
    }

    fn head(&mut self, ui: &mut Ui, rect: Rect, theme: &Theme, slot: Slot, colour: Color32) -> bool {
        let row = Rect::from_min_size(rect.min + vec2(12.0, 10.0), vec2(rect.width() - 24.0, 28.0));
        let letter = if slot == Slot::A { "A" } else { "B" };
        let title =
            text(ui.painter(), row.left_center(), Align2::LEFT_CENTER, &format!("Instrument {letter}"), BODY + 1.0, colour);
        let close = Rect::from_min_size(row.right_top() - vec2(26.0, 0.0), vec2(26.0, 28.0));
        let star = close.translate(vec2(-30.0, 0.0));
        let field = Rect::from_min_max(pos2(title.right() + 16.0, row.top()), pos2(star.left() - 6.0, row.bottom()));
        search_field(ui, field, theme, &mut self.search, "Search instruments");
        let lit = self.favourites_only.then_some(theme.voice);
        if button::icon(ui, star, theme, Sign::Star(self.favourites_only), "Favourite instruments only", lit, true).clicked() {
            self.favourites_only = !self.favourites_only;
        }
        let closed = button::icon(ui, close, theme, Sign::Close, "Close the list", None, true).clicked();
        !closed && !ui.input(|i| i.key_pressed(egui::Key::Escape))
    }

    #[allow(clippy::too_many_arguments)]
    fn tiles(
        &self,
        ui: &mut Ui,
        rect: Rect,
        theme: &Theme,
        desk: &mut Desk,
        shelf: &Shelf,
        looks: &mut Looks,
        slot: Slot,
        colour: Color32,
    ) {
        let wanted = self.search.trim().to_lowercase();
        let fits = |n: &usize| {
            let card = shelf.items()[*n].card();
            let found = |text: &str| text.to_lowercase().contains(&wanted);
            (found(&card.name) || found(&card.id) || found(&family_name(&card.family)) || found(&card.author))
                && (!self.favourites_only || looks.favourite_instruments.contains(&card.id))
        };
        let shown: Vec<usize> = (0..shelf.items().len()).filter(fits).collect();
        if shown.is_empty() {
            text(ui.painter(), rect.center(), Align2::CENTER_CENTER, "Nothing fits the search", BODY, theme.muted);
            return;
        }
        let playing = shelf.playing(desk, slot);
        let mut picked = None;
        ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
            ScrollArea::vertical().id_salt("instruments").auto_shrink([false, false]).show(ui, |ui| {
                let room = ui.available_width() - 8.0;
                let columns = ((room + GAP) / (TILE.0 + GAP)).floor().max(1.0) as usize;
                let wide = ((room + GAP) / columns as f32 - GAP).floor();
                ui.spacing_mut().item_spacing = vec2(GAP, GAP);
                for row in shown.chunks(columns) {
                    ui.horizontal(|ui| {
                        for n in row {
                            let (place, _) = ui.allocate_exact_size(vec2(wide, TILE.1), Sense::hover());
                            let card = shelf.items()[*n].card();
                            if tile(ui, place, theme, *n, card, playing == Some(*n), looks, colour) {
                                picked = Some(*n);
                            }
                        }
                    });
                }
            });
        });
        if let Some(n) = picked {
            shelf.play(desk, slot, n);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn foot(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        theme: &Theme,
        desk: &mut Desk,
        shelf: &mut Shelf,
        home: Option<&Home>,
        dialog: &mut Dialog,
        slot: Slot,
    ) {
        let at = |x: f32, wide: f32| Rect::from_min_size(pos2(x, rect.top()), vec2(wide, 26.0));
        let open = at(rect.left(), 92.0);
        if button::words(ui, open, theme, "Open file …", "Play an instrument from its .onnx file; it then travels in the session")
            .clicked()
        {
            dialog.open("Open an instrument", "Instruments", "onnx", super::dialog::For::Instrument(slot));
        }
        let load = at(rect.right() - 56.0, 56.0);
        let again = at(load.left() - 90.0, 82.0);
        let field = Rect::from_min_max(pos2(open.right() + GAP, rect.top()), pos2(again.left() - GAP, rect.top() + 26.0));
        let edit = TextEdit::singleline(&mut self.path)
            .hint_text("or the path of a file")
            .align(Align2::LEFT_CENTER)
            .margin(egui::Margin::symmetric(8, 5));
        let typed = ui.put(field, edit);
        let entered = typed.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
        if (button::words(ui, load, theme, "Load", "Play the file whose path is typed").clicked() || entered)
            && !self.path.trim().is_empty()
        {
            shelf::load(desk, slot, Path::new(self.path.trim()));
        }
        let words = if shelf.searches() { "Looking …" } else { "Rescan" };
        let help = home.map_or_else(
            || "This system names no folder for instruments".to_owned(),
            |home| format!("Look for instruments in {}", home.instruments.display()),
        );
        if button::words(ui, again, theme, words, &help).clicked()
            && let Some(home) = home
        {
            shelf.search(&home.instruments);
        }
    }
}

/// A field to type a search into.
pub fn search_field(ui: &mut Ui, rect: Rect, theme: &Theme, text: &mut String, hint: &str) {
    ui.painter().rect(rect, CornerRadius::same(ROUND_SMALL as u8), theme.well, theme.border(), StrokeKind::Inside);
    let glass = Rect::from_center_size(rect.left_center() + vec2(16.0, 0.0), vec2(16.0, 16.0));
    sign(ui.painter(), glass, Sign::Search, theme.muted);
    let edit = TextEdit::singleline(text)
        .hint_text(hint)
        .align(Align2::LEFT_CENTER)
        .frame(egui::Frame::NONE)
        .margin(egui::Margin::symmetric(2, 5));
    ui.put(Rect::from_min_max(pos2(rect.left() + 30.0, rect.top()), rect.max - vec2(4.0, 0.0)), edit);
}

/// One instrument; whether it was picked.
#[allow(clippy::too_many_arguments)]
fn tile(
    ui: &Ui,
    rect: Rect,
    theme: &Theme,
    key: usize,
    card: &syrinx_engine::Card,
    playing: bool,
    looks: &mut Looks,
    colour: Color32,
) -> bool {
    let response = button::area_of(ui, rect, ("instrument", key), &card.name, Role::Button, None);
    let round = CornerRadius::same(ROUND_SMALL as u8 + 2);
    let fill = if playing {
        theme.between(theme.panel, colour, 0.14)
    } else if response.hovered() {
        theme.hover
    } else {
        theme.raised
    };
    let stroke = if playing { Stroke::new(1.5, colour) } else { Stroke::NONE };
    ui.painter().rect(rect, round, fill, stroke, StrokeKind::Inside);
    let glyph = Rect::from_center_size(rect.left_center() + vec2(28.0, 0.0), vec2(28.0, 28.0));
    let ink = if playing { colour } else { theme.text };
    family(ui.painter(), glyph, &card.family, ink, fill);
    let left = rect.left() + 54.0;
    let room = rect.right() - 34.0 - left;
    text_within(ui.painter(), pos2(left, rect.center().y - 1.0), Align2::LEFT_BOTTOM, &card.name, BODY + 1.0, theme.text, room);
    text_within(
        ui.painter(),
        pos2(left, rect.center().y + 3.0),
        Align2::LEFT_TOP,
        &family_name(&card.family),
        SMALL,
        theme.muted,
        room,
    );
    let loved = looks.favourite_instruments.contains(&card.id);
    let star = Rect::from_center_size(pos2(rect.right() - 18.0, rect.center().y), vec2(24.0, 24.0));
    let name = format!("Favourite: {}", card.name);
    if button::icon_of(ui, star, theme, ("loved", key), Sign::Star(loved), &name, loved.then_some(theme.voice), true).clicked()
        && !looks.favourite_instruments.remove(&card.id)
    {
        looks.favourite_instruments.insert(card.id.clone());
    }
    response.clicked()
}
