//! Buttons: with a sign, with words, switches, a choice of few side by side, and a list that opens.

use super::{
    icons::{Sign, sign},
    paint::{focus_ring, text, text_within},
    theme::{BODY, ROUND_SMALL, SMALL, Theme},
};
use egui::{Align2, Color32, CornerRadius, Id, Popup, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};
use std::hash::Hash;

/// What keyboards and screen readers have: an area that can be pressed, with a name that no other has.
pub fn area(ui: &Ui, rect: Rect, name: &str, kind: Role, on: Option<bool>) -> Response {
    area_of(ui, rect, name, name, kind, on)
}

/// As `area`, where names may be alike: `key` tells one from the other.
pub fn area_of(ui: &Ui, rect: Rect, key: impl Hash + std::fmt::Debug, name: &str, kind: Role, on: Option<bool>) -> Response {
    let response = ui.interact(rect, Id::unique(("button", key, kind as u8)), Sense::click());
    let enabled = ui.is_enabled();
    response.widget_info(|| match on {
        Some(on) => WidgetInfo::selected(kind, enabled, on, name),
        None => WidgetInfo::labeled(kind, enabled, name),
    });
    if response.has_focus() {
        focus_ring(ui.painter(), rect, &super::theme::Theme::of(ui.visuals().dark_mode));
    }
    response
}

/// A button with a sign alone; `on` lights it up.
pub fn icon(ui: &Ui, rect: Rect, theme: &Theme, what: Sign, name: &str, on: Option<Color32>, able: bool) -> Response {
    icon_of(ui, rect, theme, name, what, name, on, able)
}

/// As `icon`, where names may be alike: `key` tells one from the other.
#[allow(clippy::too_many_arguments)]
pub fn icon_of(
    ui: &Ui,
    rect: Rect,
    theme: &Theme,
    key: impl Hash + std::fmt::Debug,
    what: Sign,
    name: &str,
    on: Option<Color32>,
    able: bool,
) -> Response {
    let response = area_of(ui, rect, key, name, Role::Button, None);
    let hovered = able && response.hovered();
    if hovered {
        ui.painter().rect_filled(rect, CornerRadius::same(ROUND_SMALL as u8), theme.hover);
    }
    let colour = match on {
        Some(colour) => colour,
        None if !able => theme.faint(theme.muted, 0.4),
        None if hovered => theme.text,
        None => theme.muted,
    };
    let side = rect.height().min(rect.width()).min(20.0);
    sign(ui.painter(), Rect::from_center_size(rect.center(), vec2(side, side)), what, colour);
    response.on_hover_text(name)
}

/// A button with words.
pub fn words(ui: &Ui, rect: Rect, theme: &Theme, words: &str, help: &str) -> Response {
    let response = area(ui, rect, words, Role::Button, None);
    let fill = if response.hovered() { theme.hover } else { theme.raised };
    ui.painter().rect(rect, CornerRadius::same(ROUND_SMALL as u8), fill, Stroke::NONE, StrokeKind::Inside);
    text_within(ui.painter(), rect.center(), Align2::CENTER_CENTER, words, BODY, theme.text, rect.width() - 8.0);
    if help.is_empty() { response } else { response.on_hover_text(help) }
}

/// How a switch looks.
#[derive(Clone, Copy)]
pub struct Switch<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it does, in a sentence.
    pub help: &'a str,
    /// Whether it is on.
    pub on: bool,
    /// What it has come to, where there is something to say beside the name.
    pub tells: Option<&'a str>,
    /// Its colour when it is on.
    pub colour: Color32,
}

/// A switch with its name: lit when it is on. Returns whether it was pressed.
pub fn switch(ui: &Ui, rect: Rect, theme: &Theme, look: Switch<'_>) -> bool {
    switch_with(ui, rect, theme, look.name, look)
}

/// As `switch`, with other `words` on it than its name.
pub fn switch_with(
    ui: &Ui,
    rect: Rect,
    theme: &Theme,
    words: &str,
    Switch { name, help, on, tells, colour }: Switch<'_>,
) -> bool {
    let response = area(ui, rect, name, Role::CheckBox, Some(on));
    let (fill, ink) = match (on, response.hovered()) {
        (true, _) => (theme.lit(theme.panel, colour), colour),
        (false, true) => (theme.hover, theme.text),
        (false, false) => (theme.raised, theme.muted),
    };
    let stroke = if on { Stroke::new(1.0, theme.faint(colour, 0.7)) } else { Stroke::NONE };
    ui.painter().rect(rect, CornerRadius::same(ROUND_SMALL as u8), fill, stroke, StrokeKind::Inside);
    match tells {
        None => {
            text_within(ui.painter(), rect.center(), Align2::CENTER_CENTER, words, SMALL, ink, rect.width() - 6.0);
        }
        Some(tells) => {
            let right = rect.right_center() - vec2(8.0, 0.0);
            let told = text(ui.painter(), right, Align2::RIGHT_CENTER, tells, SMALL, theme.text);
            let room = told.left() - rect.left() - 12.0;
            text_within(ui.painter(), rect.left_center() + vec2(8.0, 0.0), Align2::LEFT_CENTER, words, SMALL, ink, room);
        }
    }
    response.on_hover_text(help).clicked()
}

/// One of few, side by side. Returns the one that was pressed.
pub fn choice(ui: &Ui, rect: Rect, theme: &Theme, name: &str, help: &str, all: &[&str], now: usize) -> Option<usize> {
    ui.painter().rect_filled(rect, CornerRadius::same(ROUND_SMALL as u8), theme.raised);
    let each = rect.width() / all.len() as f32;
    let mut pressed = None;
    for (n, one) in all.iter().enumerate() {
        let part = Rect::from_min_size(rect.min + vec2(each * n as f32, 0.0), vec2(each, rect.height()));
        let response = area(ui, part, &format!("{name}: {one}"), Role::RadioButton, Some(n == now));
        if n == now {
            ui.painter().rect_filled(
                part.shrink(2.0),
                CornerRadius::same(ROUND_SMALL as u8 - 1),
                theme.lit(theme.panel, theme.a),
            );
        }
        let ink = match (n == now, response.hovered()) {
            (true, _) => theme.a,
            (false, true) => theme.text,
            (false, false) => theme.muted,
        };
        text(ui.painter(), part.center(), Align2::CENTER_CENTER, one, SMALL, ink);
        if response.on_hover_text(help).clicked() {
            pressed = Some(n);
        }
    }
    pressed
}

/// One of many, in a list that opens. Returns the one that was picked.
pub fn list(ui: &Ui, rect: Rect, theme: &Theme, name: &str, help: &str, all: &[&str], now: usize) -> Option<usize> {
    let response = area(ui, rect, name, Role::ComboBox, None);
    let fill = if response.hovered() { theme.hover } else { theme.raised };
    ui.painter().rect_filled(rect, CornerRadius::same(ROUND_SMALL as u8), fill);
    let words = all.get(now).copied().unwrap_or_default();
    let left = rect.left_center() + vec2(8.0, 0.0);
    text_within(ui.painter(), left, Align2::LEFT_CENTER, words, BODY, theme.text, rect.width() - 26.0);
    let arrow = Rect::from_center_size(rect.right_center() - vec2(11.0, 0.0), vec2(14.0, 14.0));
    sign(ui.painter(), arrow, Sign::Down, theme.muted);
    let mut picked = None;
    let was_open = response.id.with("was open");
    let fresh = !ui.data(|data| data.get_temp(was_open).unwrap_or(false));
    let open = Popup::menu(&response).show(|ui| {
        ui.set_min_width(rect.width());
        egui::ScrollArea::vertical().max_height(280.0).show(ui, |ui| {
            for (n, one) in all.iter().enumerate() {
                let words = egui::RichText::new(*one).size(BODY).color(if n == now { theme.a } else { theme.text });
                let line = ui.add(egui::Button::new(words).frame(false));
                if fresh && n == now {
                    // The arrow keys go on from the one in force.
                    line.request_focus();
                    line.scroll_to_me(None);
                }
                if line.clicked() {
                    picked = Some(n);
                }
            }
        });
    });
    ui.data_mut(|data| data.insert_temp(was_open, open.is_some()));
    response.on_hover_text(help);
    picked
}
