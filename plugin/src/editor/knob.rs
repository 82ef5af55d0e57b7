//! A knob: drag, with Shift finely; wheel; arrow keys; double-click for the default; click on the number, or Enter, to type a value;
//! right-click for a menu.

use super::{
    edits::{At, Edits},
    keys, number,
    paint::{arc, disc, focus_ring, text_within},
    theme::{SMALL, TITLE, Theme},
};
use egui::{
    Align2, Color32, CursorIcon, Id, Modifiers, PointerButton, Rect, Response, Role, Sense, Stroke, Ui, Vec2, WidgetInfo, pos2,
    vec2,
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
pub struct KnobLook {
    /// Radius of its arc.
    pub radius: f32,
    /// Colour of its arc.
    pub colour: Color32,
    /// The two that matter most have their number in the middle.
    pub big: bool,
}

/// A knob for a parameter in `rect`, its name above and its number below.
pub fn show(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, at: At, name: &str, look: KnobLook) -> Response {
    let row = edits.row(at);
    let value = edits.value(at);
    let centre = pos2(rect.center().x, rect.center().y + if look.big { 4.0 } else { 0.0 });
    let face = Rect::from_center_size(centre, Vec2::splat(2.0 * look.radius + 4.0));
    let id = Id::unique(("knob", row.id));
    let response = ui.interact(face, id, Sense::click_and_drag());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Slider, true, row.name);
        info.value = Some(f64::from(edits.plain(at)));
        info.current_text_value = Some(edits.text(at));
        info
    });
    turn(ui, &response, edits, at);
    let value_now = edits.value(at);
    paint(ui, centre, theme, edits, at, look, response.hovered() || response.dragged());
    if response.has_focus() {
        focus_ring(ui.painter(), face, theme);
    }
    let painter = ui.painter();
    text_within(painter, pos2(centre.x, rect.top()), Align2::CENTER_TOP, name, SMALL, theme.muted, rect.width());

    let number = if look.big {
        Rect::from_center_size(centre, vec2(1.4 * look.radius, 22.0))
    } else {
        Rect::from_center_size(pos2(centre.x, rect.bottom() - 8.0), vec2(rect.width(), 16.0))
    };
    let text = edits.text(at);
    let size = if look.big { TITLE } else { SMALL };
    number::show(ui, number, theme, edits, at, number::NumberLook { text: &text, colour: look.colour, size });
    number::menu(&response, edits, at);
    let tip = format!("{}\n{}", row.name, row.help);
    let moving = response.dragged() || value != value_now;
    let response = response.on_hover_cursor(CursorIcon::ResizeVertical);
    if moving { response } else { response.on_hover_text(tip) }
}

/// What pointer and keyboard do to the value.
fn turn(ui: &Ui, response: &Response, edits: &mut Edits, at: At) {
    let row = edits.row(at);
    let fine = |modifiers: Modifiers| if modifiers.shift || modifiers.command { FINE } else { 1.0 };
    let travelled = response.id.with("travelled");
    if response.drag_started_by(PointerButton::Primary) {
        edits.begin(at);
        ui.data_mut(|data| data.insert_temp(travelled, edits.value(at)));
        response.request_focus();
    }
    if response.dragged_by(PointerButton::Primary) {
        let motion = response.drag_delta();
        let step = (motion.x - motion.y) / TRAVEL * fine(ui.input(|i| i.modifiers));
        // What lies between two steps of the value is kept, or a slow drag would go nowhere.
        let to = ui.data(|data| data.get_temp::<f32>(travelled)).unwrap_or_else(|| edits.value(at)) + step;
        let to = to.clamp(0.0, 1.0);
        ui.data_mut(|data| data.insert_temp(travelled, to));
        edits.set(at, to);
    }
    if response.drag_stopped_by(PointerButton::Primary) {
        edits.end(at);
    }
    if response.double_clicked() {
        edits.put(at, edits.default(at));
    } else if response.clicked() {
        response.request_focus();
    }
    let least = match row.kind {
        syrinx_engine::Kind::Number { step, .. } => step / (row.max - row.min),
        _ => 1.0 / (row.max - row.min),
    };
    let notches = |count: f32, modifiers: Modifiers| count * (NOTCH * fine(modifiers)).max(least);
    if response.hovered() {
        let (turned, modifiers) = ui.input(|i| (i.raw.events.iter().filter_map(wheel).sum::<f32>(), i.modifiers));
        if turned != 0.0 {
            edits.nudge(at, edits.value(at) + notches(turned, modifiers));
        }
    }
    if let Some(keys) = keys::of(ui, response) {
        let steps = keys.up + keys.across;
        if steps != 0.0 || keys.pages != 0.0 {
            edits.nudge(at, edits.value(at) + notches(steps + 5.0 * keys.pages, ui.input(|i| i.modifiers)));
        }
        if keys.back {
            edits.put(at, edits.default(at));
        }
        if keys.enter {
            number::begin(ui, edits, at);
        }
    }
}

/// How far a wheel has turned, in notches.
pub fn wheel(event: &egui::Event) -> Option<f32> {
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

fn paint(ui: &Ui, centre: egui::Pos2, theme: &Theme, edits: &Edits, at: At, look: KnobLook, lit: bool) {
    let (value, row) = (edits.value(at), edits.row(at));
    let painter = ui.painter();
    let radius = look.radius;
    let thick = if look.big { 5.0 } else { 3.5 };
    let track = radius - 0.5 * thick;
    arc(painter, centre, track, BEGIN, BEGIN + SWEEP, Stroke::new(thick, theme.line));
    // Values with a middle are shown from it, the others from the left end.
    let zero = row.normalized(0.0);
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
