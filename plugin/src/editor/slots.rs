//! The two instruments and the morph between them.

use super::{
    browser::Browser,
    button,
    desk::{At, Desk, at},
    files::Looks,
    icons::{Sign, family, family_name},
    layout::{GAP, on_grid},
    live::{note, note_name},
    paint::{focus_ring, panel, text, text_within},
    shelf::Shelf,
    theme::{GRID, SMALL, TITLE, Theme},
};
use egui::{Align2, Color32, CornerRadius, CursorIcon, Id, Key, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use syrinx_engine::Slot;

/// One of the two instruments, as the window shows it.
#[derive(Clone, Copy)]
pub struct Side {
    /// Which.
    pub slot: Slot,
    /// What it is called.
    pub letter: &'static str,
    /// Its colour.
    pub colour: Color32,
    /// Whether its list is open.
    pub open: bool,
}

impl Side {
    /// The side of a slot, where the list of `open` is shown.
    pub fn of(slot: Slot, theme: &Theme, open: Option<Slot>) -> Self {
        let (letter, colour) = if slot == Slot::A { ("A", theme.a) } else { ("B", theme.b) };
        Self { slot, letter, colour, open: open == Some(slot) }
    }
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The list of instruments, for a slot.
    Browse(Slot),
}

/// Draws the strip. Both slots always show, so that a morph is one gesture away.
#[allow(clippy::too_many_arguments)]
pub fn show(
    ui: &mut Ui,
    rect: Rect,
    theme: &Theme,
    desk: &mut Desk,
    shelf: &Shelf,
    looks: &mut Looks,
    browser: &Browser,
    open: Option<Slot>,
) -> Option<Wish> {
    let middle = on_grid(0.26 * rect.width());
    let wide = on_grid((rect.width() - middle) / 2.0 - GAP);
    let a = Rect::from_min_size(rect.min, vec2(wide, rect.height()));
    let b = Rect::from_min_max(pos2(rect.right() - wide, rect.top()), rect.max);
    let morph = Rect::from_min_max(pos2(a.right() + GAP, rect.top()), pos2(b.left() - GAP, rect.bottom()));
    let first = slot(ui, a, theme, desk, shelf, looks, browser, Side::of(Slot::A, theme, open));
    let second = slot(ui, b, theme, desk, shelf, looks, browser, Side::of(Slot::B, theme, open));
    morph_slider(ui, morph, theme, desk, at("morph"));
    first.or(second)
}

#[allow(clippy::too_many_arguments)]
fn slot(
    ui: &mut Ui,
    rect: Rect,
    theme: &Theme,
    desk: &mut Desk,
    shelf: &Shelf,
    looks: &mut Looks,
    browser: &Browser,
    Side { slot, letter, colour, open }: Side,
) -> Option<Wish> {
    panel(ui, rect, theme);
    let name = Shelf::name(desk, slot);
    let morph = desk.value(at("morph"));
    let share = if slot == Slot::A { 1.0 - morph } else { morph };
    let ink = theme.between(theme.muted, colour, 0.25 + share);
    let model = Shelf::model(desk, slot);

    // Buttons on the right, so that the name has what is left.
    let side = 26.0;
    let mut right = rect.right() - 2.0 * GRID;
    let mut wish = None;
    let mut button = |ui: &Ui, sign: Sign, name: &str, on: Option<Color32>, able: bool| {
        let place = Rect::from_center_size(pos2(right - 0.5 * side, rect.center().y), vec2(side, side));
        right -= side + 1.0;
        button::icon(ui, place, theme, sign, name, on, able).clicked()
    };
    // The arrows go through what the list shows.
    let among = browser.among().map_or(String::new(), |among| format!(" among {among}"));
    for (sign, name, by) in [(Sign::Next, "Next", 1), (Sign::Previous, "Previous", -1)] {
        if button(ui, sign, &format!("{name} instrument {letter}{among}"), None, true) {
            shelf.step(desk, slot, by, &browser.wanted(shelf, looks));
        }
    }
    if button(ui, Sign::Info, &format!("About instrument {letter}"), open.then_some(colour), true) {
        wish = Some(Wish::Browse(slot));
    }
    if let Some(model) = &model {
        let id = model.card().id.clone();
        let loved = looks.favourite_instruments.contains(&id);
        let star = button(ui, Sign::Star(loved), &format!("Favourite instrument {letter}"), loved.then_some(theme.voice), true);
        if star && !looks.favourite_instruments.remove(&id) {
            looks.favourite_instruments.insert(id);
        }
    }

    let tile = Rect::from_min_max(rect.min, pos2(right - 2.0, rect.bottom()));
    let response = button::area(ui, tile, &format!("Instrument {letter}: {name}"), Role::Button, None);
    if response.hovered() || open {
        let round = CornerRadius::same(7);
        ui.painter().rect_filled(tile.shrink(3.0), round, theme.faint(theme.raised, if response.hovered() { 1.0 } else { 0.6 }));
    }
    let glyph = Rect::from_min_size(pos2(rect.left() + 10.0, rect.center().y - 19.0), vec2(38.0, 38.0));
    ui.painter().rect_filled(glyph, CornerRadius::same(7), theme.faint(ink, 0.16));
    let kind = model.as_ref().map_or("", |m| m.card().family.as_str());
    family(ui.painter(), glyph.shrink(7.0), kind, ink, theme.panel);
    let left = glyph.right() + 3.0 * GRID;
    let room = tile.right() - left - 4.0;
    let painter = ui.painter();
    text_within(painter, pos2(left, rect.center().y - 1.0), Align2::LEFT_BOTTOM, &name, TITLE, theme.text, room);
    let about = match (&model, desk.library().missing(slot)) {
        (Some(model), _) => {
            let [low, high] = model.card().pitch_range_hz.map(|hz| note_name(note(hz)));
            format!("{letter}   {}   {low}–{high}", family_name(&model.card().family))
        }
        (None, Some(missing)) => format!("{letter}   {} is missing: load its file", missing.name),
        (None, None) => format!("{letter}   none: choose one"),
    };
    text_within(painter, pos2(left, rect.center().y + 4.0), Align2::LEFT_TOP, &about, SMALL, ink, room);
    if response.on_hover_text("Choose an instrument").clicked() {
        wish = Some(Wish::Browse(slot));
    }
    wish
}

/// The way from A to B.
fn morph_slider(ui: &Ui, rect: Rect, theme: &Theme, desk: &mut Desk, at: At) {
    panel(ui, rect, theme);
    let row = desk.row(at);
    let value = desk.value(at);
    let line =
        Rect::from_min_max(pos2(rect.left() + 30.0, rect.bottom() - 24.0), pos2(rect.right() - 30.0, rect.bottom() - 20.0));
    let response = ui.interact(rect.shrink(4.0), Id::unique(("slider", row.id)), Sense::click_and_drag());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Slider, true, row.name);
        info.value = Some(f64::from(desk.plain(at)));
        info.current_text_value = Some(desk.text(at));
        info
    });
    let travelled = response.id.with("travelled");
    if response.drag_started() {
        desk.begin(at);
        // Where the pointer is on the line, there the morph goes.
        let to = response.interact_pointer_pos().map_or(value, |p| (p.x - line.left()) / line.width());
        ui.data_mut(|data| data.insert_temp(travelled, to.clamp(0.0, 1.0)));
    }
    if response.dragged() {
        let fine = if ui.input(|i| i.modifiers.shift) { 0.1 } else { 1.0 };
        let to = ui.data(|data| data.get_temp::<f32>(travelled)).unwrap_or(value) + response.drag_delta().x / line.width() * fine;
        let to = to.clamp(0.0, 1.0);
        ui.data_mut(|data| data.insert_temp(travelled, to));
        desk.set(at, to);
    }
    if response.drag_stopped() {
        desk.end(at);
    }
    if response.double_clicked() {
        desk.put(at, desk.default(at));
    } else if response.clicked() {
        response.request_focus();
    }
    if response.hovered() {
        let turned: f32 = ui.input(|i| {
            let wheel = |e: &egui::Event| {
                if let egui::Event::MouseWheel { delta, .. } = e { delta.y.signum() * f32::from(delta.y != 0.0) } else { 0.0 }
            };
            i.raw.events.iter().map(wheel).sum()
        });
        if turned != 0.0 {
            desk.nudge(at, desk.value(at) + 0.02 * turned);
        }
    }
    if response.has_focus() {
        ui.memory_mut(|memory| {
            let keys = egui::EventFilter { horizontal_arrows: true, ..Default::default() };
            memory.set_focus_lock_filter(response.id, keys);
        });
        let steps = ui.input(|i| i.num_presses(Key::ArrowRight) as f32 - i.num_presses(Key::ArrowLeft) as f32);
        if steps != 0.0 {
            desk.nudge(at, desk.value(at) + 0.02 * steps);
        }
        focus_ring(ui.painter(), rect.shrink(4.0), theme);
    }

    let painter = ui.painter();
    text(
        painter,
        pos2(rect.center().x, rect.top() + 9.0),
        Align2::CENTER_TOP,
        &format!("Morph   {}", desk.text(at)),
        SMALL,
        theme.muted,
    );
    text(painter, pos2(rect.left() + 16.0, line.center().y), Align2::CENTER_CENTER, "A", SMALL, theme.a);
    text(painter, pos2(rect.right() - 16.0, line.center().y), Align2::CENTER_CENTER, "B", SMALL, theme.b);
    let colour = theme.between(theme.a, theme.b, value);
    for n in 0..24 {
        let part = |n: i32| line.left() + line.width() * n as f32 / 24.0;
        let piece = Rect::from_x_y_ranges(part(n)..=part(n + 1), line.y_range());
        painter.rect_filled(piece, 0, theme.faint(theme.between(theme.a, theme.b, n as f32 / 23.0), 0.55));
    }
    let thumb = pos2(line.left() + value * line.width(), line.center().y);
    painter.circle(thumb, 8.0, colour, Stroke::new(3.0, theme.panel));
    response.on_hover_cursor(CursorIcon::ResizeHorizontal).on_hover_text(row.help);
}
