//! The two instruments and the morph between them.

use super::{
    browser::Browser,
    button,
    edits::{At, Edits, at},
    files::Looks,
    icons::{Sign, family, family_name},
    instrument_list::InstrumentList,
    keys,
    knob::wheel,
    layout::{GAP, on_grid},
    live::{note, note_name},
    number,
    paint::{focus_ring, panel, text, text_within},
    theme::{GRID, SMALL, TITLE, Theme},
};
use crate::reading::harmless;
use egui::{Align2, Color32, CornerRadius, CursorIcon, Id, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use syrinx_engine::{ParamId, Slot};

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
    edits: &mut Edits,
    instrument_list: &InstrumentList,
    looks: &mut Looks,
    browser: &Browser,
    open: Option<Slot>,
) -> Option<Wish> {
    let middle = on_grid(0.26 * rect.width());
    let wide = on_grid((rect.width() - middle) / 2.0 - GAP);
    let a = Rect::from_min_size(rect.min, vec2(wide, rect.height()));
    let b = Rect::from_min_max(pos2(rect.right() - wide, rect.top()), rect.max);
    let morph = Rect::from_min_max(pos2(a.right() + GAP, rect.top()), pos2(b.left() - GAP, rect.bottom()));
    let first = slot(ui, a, theme, edits, instrument_list, looks, browser, Side::of(Slot::A, theme, open));
    morph_slider(ui, morph, theme, edits, at(ParamId::morph));
    let second = slot(ui, b, theme, edits, instrument_list, looks, browser, Side::of(Slot::B, theme, open));
    first.or(second)
}

#[allow(clippy::too_many_arguments)]
fn slot(
    ui: &mut Ui,
    rect: Rect,
    theme: &Theme,
    edits: &mut Edits,
    instrument_list: &InstrumentList,
    looks: &mut Looks,
    browser: &Browser,
    Side { slot, letter, colour, open }: Side,
) -> Option<Wish> {
    panel(ui, rect, theme);
    let name = InstrumentList::name(edits, slot);
    let morph = edits.value(at(ParamId::morph));
    let share = if slot == Slot::A { 1.0 - morph } else { morph };
    let ink = theme.between(theme.muted, colour, 0.25 + share);
    let model = InstrumentList::model(edits, slot);

    // Buttons on the right, so that the name has what is left.
    let side = 26.0;
    let right = rect.right() - 2.0 * GRID;
    let place = |from_right: f32| {
        Rect::from_center_size(pos2(right - 0.5 * side - (side + 1.0) * from_right, rect.center().y), vec2(side, side))
    };
    let mut wish = None;
    let tile = Rect::from_min_max(rect.min, pos2(place(3.0).left() - 3.0, rect.bottom()));
    let response = button::area_of(ui, tile, ("slot", letter), &format!("Instrument {letter}: {name}"), Role::Button, None);
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
    let about = match (&model, edits.library().missing(slot)) {
        (Some(model), _) => {
            let [low, high] = model.card().pitch_range_hz.map(|hz| note_name(note(hz)));
            format!("{letter}   {}   {low}–{high}", family_name(&model.card().family))
        }
        (None, Some(missing)) => format!("{letter}   {} is missing: load its file", harmless(&missing.name)),
        (None, None) => format!("{letter}   none: choose one"),
    };
    text_within(painter, pos2(left, rect.center().y + 4.0), Align2::LEFT_TOP, &about, SMALL, ink, room);
    if response.on_hover_text("Choose an instrument").clicked() {
        wish = Some(Wish::Browse(slot));
    }
    let button = |ui: &Ui, at: f32, sign: Sign, name: &str, on: Option<Color32>| {
        button::icon_of(ui, place(at), theme, (letter, at as u8), sign, name, on, true).clicked()
    };
    if let Some(model) = &model {
        let id = model.card().id.clone();
        let loved = looks.favourite_instruments.contains(&id);
        let star = button(ui, 3.0, Sign::Star(loved), &format!("Favourite instrument {letter}"), loved.then_some(theme.voice));
        if star && !looks.favourite_instruments.remove(&id) {
            looks.favourite_instruments.insert(id);
        }
    }
    if button(ui, 2.0, Sign::Info, &format!("About instrument {letter}"), open.then_some(colour)) {
        wish = Some(Wish::Browse(slot));
    }
    // The arrows go through what the list shows.
    let among = browser.among().map_or(String::new(), |among| format!(" among {among}"));
    for (at, sign, name, by) in [(1.0, Sign::Previous, "Previous", -1), (0.0, Sign::Next, "Next", 1)] {
        if button(ui, at, sign, &format!("{name} instrument {letter}{among}"), None) {
            instrument_list.step(edits, slot, by, &browser.wanted(instrument_list, looks));
        }
    }
    wish
}

/// The way from A to B.
fn morph_slider(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, at: At) {
    panel(ui, rect, theme);
    let row = edits.row(at);
    let value = edits.value(at);
    let colour = theme.between(theme.a, theme.b, value);
    let line =
        Rect::from_min_max(pos2(rect.left() + 30.0, rect.bottom() - 24.0), pos2(rect.right() - 30.0, rect.bottom() - 20.0));
    let response = ui.interact(rect.shrink(4.0), Id::unique(("slider", row.id)), Sense::click_and_drag());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Slider, true, row.name);
        info.value = Some(f64::from(edits.plain(at)));
        info.current_text_value = Some(edits.text(at));
        info
    });
    let travelled = response.id.with("travelled");
    if response.drag_started() {
        edits.begin(at);
    }
    if response.dragged() {
        let fine = if ui.input(|i| i.modifiers.shift) { 0.1 } else { 1.0 };
        let to = if response.drag_started() {
            // Where the pointer is on the line, there the morph goes.
            response.interact_pointer_pos().map_or(value, |p| (p.x - line.left()) / line.width())
        } else {
            ui.data(|data| data.get_temp::<f32>(travelled)).unwrap_or(value) + response.drag_delta().x / line.width() * fine
        };
        let to = to.clamp(0.0, 1.0);
        ui.data_mut(|data| data.insert_temp(travelled, to));
        edits.set(at, to);
    }
    if response.drag_stopped() {
        edits.end(at);
    }
    if response.double_clicked() {
        edits.put(at, edits.default(at));
    } else if response.clicked() {
        response.request_focus();
    }
    if response.hovered() {
        let turned: f32 = ui.input(|i| i.raw.events.iter().filter_map(wheel).sum());
        if turned != 0.0 {
            edits.nudge(at, edits.value(at) + 0.02 * turned);
        }
    }
    if let Some(keys) = keys::of(ui, &response) {
        let steps = keys.across + keys.up;
        if steps != 0.0 || keys.pages != 0.0 {
            edits.nudge(at, edits.value(at) + 0.02 * steps + 0.1 * keys.pages);
        }
        if keys.back {
            edits.put(at, edits.default(at));
        }
        if keys.enter {
            number::begin(ui, edits, at);
        }
        focus_ring(ui.painter(), rect.shrink(4.0), theme);
    }

    let painter = ui.painter();
    let top = rect.top() + 16.0;
    text(painter, pos2(rect.center().x - 2.0, top), Align2::RIGHT_CENTER, row.name, SMALL, theme.muted);
    let place = Rect::from_center_size(pos2(rect.center().x + 26.0, top), vec2(44.0, 16.0));
    text(painter, pos2(rect.left() + 16.0, line.center().y), Align2::CENTER_CENTER, "A", SMALL, theme.a);
    text(painter, pos2(rect.right() - 16.0, line.center().y), Align2::CENTER_CENTER, "B", SMALL, theme.b);
    for n in 0..24 {
        let part = |n: i32| line.left() + line.width() * n as f32 / 24.0;
        let piece = Rect::from_x_y_ranges(part(n)..=part(n + 1), line.y_range());
        painter.rect_filled(piece, 0, theme.faint(theme.between(theme.a, theme.b, n as f32 / 23.0), 0.55));
    }
    let thumb = pos2(line.left() + value * line.width(), line.center().y);
    painter.circle(thumb, 8.0, colour, Stroke::new(3.0, theme.panel));
    number::menu(&response, edits, at);
    response.on_hover_cursor(CursorIcon::ResizeHorizontal).on_hover_text(row.help);
    let text = edits.text(at);
    number::show(ui, place, theme, edits, at, number::NumberLook { text: &text, colour, size: SMALL });
}
