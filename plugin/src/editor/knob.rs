//! A knob: drag, with Shift finely; wheel; arrow keys; double-click for the default; click on the number, or Enter, to type a value;
//! right-click for a menu.

use super::{
    desk::{At, Desk},
    paint::{arc, disc, focus_ring, text_within},
    theme::{SMALL, TITLE, Theme},
};
use egui::{
    Align2, Color32, CursorIcon, Id, Key, Modifiers, PointerButton, Rect, Response, Role, Sense, Stroke, TextEdit, Ui, Vec2,
    WidgetInfo, pos2, vec2,
};

/// How far the pointer goes from one end of a knob to the other, points.
const TRAVEL: f32 = 220.0;
/// How much finer a fine drag is.
const FINE: f32 = 0.1;
/// A notch of the wheel, or a press of an arrow key, as a share of the whole.
const NOTCH: f32 = 0.02;
/// Where the turn begins, and how far it goes, radians clockwise from the right.
const BEGIN: f32 = 0.75 * std::f32::consts::PI;
const SWEEP: f32 = 1.5 * std::f32::consts::PI;

/// How a knob looks.
#[derive(Clone, Copy)]
pub struct Look {
    /// Radius of its arc.
    pub radius: f32,
    /// Colour of its arc.
    pub colour: Color32,
    /// The two that matter most have their number in the middle.
    pub big: bool,
}

/// What is typed into a knob's number.
#[derive(Clone, Default)]
struct Typing {
    text: String,
    fresh: bool,
}

fn typing_id(at: At) -> Id {
    Id::unique(("typing", at))
}

/// A knob for a parameter in `rect`, its name above and its number below.
pub fn show(ui: &mut Ui, rect: Rect, theme: &Theme, desk: &mut Desk, at: At, name: &str, look: Look) -> Response {
    let row = desk.row(at);
    let value = desk.value(at);
    let centre = pos2(rect.center().x, rect.center().y + if look.big { 4.0 } else { 0.0 });
    let face = Rect::from_center_size(centre, Vec2::splat(2.0 * look.radius + 4.0));
    let id = Id::unique(("knob", row.id));
    let response = ui.interact(face, id, Sense::click_and_drag());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Slider, true, row.name);
        info.value = Some(f64::from(desk.plain(at)));
        info.current_text_value = Some(desk.text(at));
        info
    });
    turn(ui, &response, desk, at);
    let value_now = desk.value(at);
    paint(ui, centre, theme, desk, at, look, response.hovered() || response.dragged());
    if response.has_focus() {
        focus_ring(ui.painter(), face, theme);
    }
    let painter = ui.painter();
    text_within(painter, pos2(centre.x, rect.top()), Align2::CENTER_TOP, name, SMALL, theme.muted, rect.width());

    let number = if look.big {
        Rect::from_center_size(centre, vec2(1.3 * look.radius, 22.0))
    } else {
        Rect::from_center_size(pos2(centre.x, rect.bottom() - 8.0), vec2(rect.width(), 16.0))
    };
    number_field(ui, number, theme, desk, at, look);
    menu(&response, desk, at);
    let tip = format!("{}\n{}", row.name, row.help);
    let moving = response.dragged() || value != value_now;
    let response = response.on_hover_cursor(CursorIcon::ResizeVertical);
    if moving { response } else { response.on_hover_text(tip) }
}

/// What pointer and keyboard do to the value.
fn turn(ui: &Ui, response: &Response, desk: &mut Desk, at: At) {
    let row = desk.row(at);
    let fine = |modifiers: Modifiers| if modifiers.shift || modifiers.command { FINE } else { 1.0 };
    let travelled = response.id.with("travelled");
    if response.drag_started_by(PointerButton::Primary) {
        desk.begin(at);
        ui.data_mut(|data| data.insert_temp(travelled, desk.value(at)));
        response.request_focus();
    }
    if response.dragged_by(PointerButton::Primary) {
        let motion = response.drag_delta();
        let step = (motion.x - motion.y) / TRAVEL * fine(ui.input(|i| i.modifiers));
        // What lies between two steps of the value is kept, or a slow drag would go nowhere.
        let to = ui.data(|data| data.get_temp::<f32>(travelled)).unwrap_or_else(|| desk.value(at)) + step;
        let to = to.clamp(0.0, 1.0);
        ui.data_mut(|data| data.insert_temp(travelled, to));
        desk.set(at, to);
    }
    if response.drag_stopped_by(PointerButton::Primary) {
        desk.end(at);
    }
    if response.double_clicked() {
        desk.put(at, desk.default(at));
    } else if response.clicked() {
        response.request_focus();
    }
    let least = match row.kind {
        syrinx_engine::Kind::Number { step } => step / (row.max - row.min),
        _ => 1.0 / (row.max - row.min),
    };
    let notches = |count: f32, modifiers: Modifiers| count * (NOTCH * fine(modifiers)).max(least);
    if response.hovered() {
        let (turned, modifiers) = ui.input(|i| (i.raw.events.iter().filter_map(wheel).sum::<f32>(), i.modifiers));
        if turned != 0.0 {
            desk.nudge(at, desk.value(at) + notches(turned, modifiers));
        }
    }
    if response.has_focus() {
        ui.memory_mut(|memory| {
            let keys = egui::EventFilter { vertical_arrows: true, horizontal_arrows: true, ..Default::default() };
            memory.set_focus_lock_filter(response.id, keys);
        });
        let pressed = |key| ui.input(|i| i.num_presses(key) as f32);
        let steps = pressed(Key::ArrowUp) + pressed(Key::ArrowRight) - pressed(Key::ArrowDown) - pressed(Key::ArrowLeft);
        let pages = pressed(Key::PageUp) - pressed(Key::PageDown);
        if steps != 0.0 || pages != 0.0 {
            desk.nudge(at, desk.value(at) + notches(steps + 5.0 * pages, ui.input(|i| i.modifiers)));
        }
        if ui.input(|i| i.key_pressed(Key::Delete) || i.key_pressed(Key::Backspace)) {
            desk.put(at, desk.default(at));
        }
        if ui.input(|i| i.key_pressed(Key::Enter)) {
            begin_typing(ui, desk, at);
        }
    }
}

/// How far a wheel has turned, in notches.
fn wheel(event: &egui::Event) -> Option<f32> {
    match event {
        egui::Event::MouseWheel { unit, delta, .. } => {
            let distance = if delta.y != 0.0 { delta.y } else { delta.x };
            Some(match unit {
                egui::MouseWheelUnit::Point => distance / 40.0,
                egui::MouseWheelUnit::Line => distance,
                egui::MouseWheelUnit::Page => 5.0 * distance,
            })
        }
        _ => None,
    }
}

fn paint(ui: &Ui, centre: egui::Pos2, theme: &Theme, desk: &Desk, at: At, look: Look, lit: bool) {
    let (value, row) = (desk.value(at), desk.row(at));
    let painter = ui.painter();
    let radius = look.radius;
    let thick = if look.big { 5.0 } else { 3.5 };
    let track = radius - 0.5 * thick;
    arc(painter, centre, track, BEGIN, BEGIN + SWEEP, Stroke::new(thick, theme.line));
    // Values with a middle are shown from it, the others from the left end.
    let zero = -row.min / (row.max - row.min);
    let home = if row.min < 0.0 && row.max > 0.0 && !row.silences() { zero } else { 0.0 };
    let colour = if lit { theme.between(look.colour, theme.text, 0.15) } else { look.colour };
    let angle = BEGIN + SWEEP * value;
    arc(painter, centre, track, BEGIN + SWEEP * home, angle, Stroke::new(thick + 5.0, theme.faint(colour, 0.13)));
    arc(painter, centre, track, BEGIN + SWEEP * home, angle, Stroke::new(thick, colour));
    let body = track - thick;
    disc(painter, centre, body, theme.shine, theme.raised);
    if !theme.dark {
        painter.circle_stroke(centre, body, theme.border());
    }
    let out = Vec2::angled(angle);
    if look.big {
        painter.circle_filled(centre + (body - 6.0) * out, 2.5, colour);
    } else {
        painter.line_segment([centre + 0.45 * body * out, centre + (body - 2.0) * out], Stroke::new(2.0, colour));
    }
}

fn begin_typing(ui: &Ui, desk: &Desk, at: At) {
    let typing = Typing { text: desk.text(at), fresh: true };
    ui.data_mut(|data| data.insert_temp(typing_id(at), typing));
}

/// The number, which can be clicked on to type another.
fn number_field(ui: &mut Ui, rect: Rect, theme: &Theme, desk: &mut Desk, at: At, look: Look) {
    let id = typing_id(at);
    let size = if look.big { TITLE } else { SMALL };
    let Some(mut typing) = ui.data(|data| data.get_temp::<Typing>(id)) else {
        let response = ui.interact(rect, id.with("number"), Sense::click());
        let colour = if response.hovered() { look.colour } else { theme.text };
        text_within(ui.painter(), rect.center(), Align2::CENTER_CENTER, &desk.text(at), size, colour, rect.width());
        if response.on_hover_cursor(CursorIcon::Text).clicked() {
            begin_typing(ui, desk, at);
        }
        return;
    };
    let edit = TextEdit::singleline(&mut typing.text)
        .id(id.with("edit"))
        .font(super::theme::font(size))
        .align(egui::Align2::CENTER_CENTER)
        .margin(egui::Margin::symmetric(2, 1));
    let response = ui.put(rect.expand2(vec2(if look.big { 6.0 } else { 0.0 }, 2.0)), edit);
    if typing.fresh {
        response.request_focus();
        typing.fresh = false;
        let mut state = egui::text_edit::TextEditState::load(ui.ctx(), response.id).unwrap_or_default();
        let all =
            egui::text::CCursorRange::two(egui::text::CCursor::new(0), egui::text::CCursor::new(typing.text.chars().count()));
        state.cursor.set_char_range(Some(all));
        state.store(ui.ctx(), response.id);
        ui.data_mut(|data| data.insert_temp(id, typing));
        return;
    }
    if ui.input(|i| i.key_pressed(Key::Escape)) {
        ui.data_mut(|data| data.remove::<Typing>(id));
    } else if response.lost_focus() {
        match desk.parse(at, typing.text.trim()) {
            Some(value) => desk.put(at, value),
            None => {
                let row = desk.row(at);
                let most = format!("{} to {} {}", row.min, row.max, row.unit);
                desk.library().say(format!("{} takes {}, not {:?}.", row.name, most.trim_end(), typing.text.trim()));
            }
        }
        ui.data_mut(|data| data.remove::<Typing>(id));
    } else {
        ui.data_mut(|data| data.insert_temp(id, typing));
    }
}

/// The menu of a right-click.
fn menu(response: &Response, desk: &mut Desk, at: At) {
    response.context_menu(|ui| {
        ui.set_min_width(150.0);
        if ui.button("Type a value").clicked() {
            begin_typing(ui, desk, at);
        }
        let default = format!(
            "Default ({})",
            desk.params().rows().nth(at).map(|(_, p)| p.text(p.default_normalized())).unwrap_or_default()
        );
        if ui.button(default).clicked() {
            desk.put(at, desk.default(at));
        }
        if ui.button("Copy value").clicked() {
            ui.ctx().copy_text(desk.text(at));
        }
    });
}
