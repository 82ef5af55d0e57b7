//! The top line: presets, A and B, undo and redo, bypass, and how the window looks.

use super::{
    button,
    edits::{Edits, at},
    files::{Looks, SCALES},
    icons::{Sign, mark},
    paint::{text, text_within},
    theme::{BIG, GRID, ROUND_SMALL, SMALL, TITLE, Theme},
};
use crate::source::Source;
use egui::{Align2, CornerRadius, Popup, Rect, RichText, Role, StrokeKind, Ui, pos2, vec2};
use syrinx_engine::ParamId;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The list of presets.
    Presets,
    /// The preset so many places on.
    Step(isize),
    /// Keep what is heard as a preset.
    Save,
    /// Everything as on the first day.
    Reset,
    /// The demo voice in place of what comes in.
    DemoVoice,
    /// A recording in place of it.
    VoiceFile,
    /// What comes in again.
    StopVoice,
}

/// Draws the line. `preset` is the name of the one that plays, and whether something has been changed since; the arrows beside it go
/// through all presets or those `among` some. A voice `sings` in place of what comes in, or none.
#[allow(clippy::too_many_arguments)]
pub fn show(
    ui: &mut Ui,
    rect: Rect,
    theme: &Theme,
    edits: &mut Edits,
    looks: &mut Looks,
    preset: (&str, bool),
    among: Option<&str>,
    open: bool,
    sings: bool,
) -> Option<Wish> {
    ui.painter().rect_filled(rect, 0, theme.panel);
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, theme.border());
    let middle = rect.center().y;
    let sign = Rect::from_center_size(pos2(rect.left() + 28.0, middle), vec2(26.0, 26.0));
    mark(ui.painter(), sign, theme);
    text(ui.painter(), pos2(sign.right() + 8.0, middle), Align2::LEFT_CENTER, edits.source().product(), BIG, theme.text);

    let mut wish = None;
    let side = 28.0;
    let square = |x: f32| Rect::from_center_size(pos2(x, middle), vec2(side, side));
    let wide = (0.34 * rect.width()).clamp(280.0, 440.0);
    let bar = Rect::from_center_size(pos2(rect.center().x - 20.0, middle), vec2(wide, 30.0));
    ui.painter().rect(bar, CornerRadius::same(ROUND_SMALL as u8 + 1), theme.well, theme.border(), StrokeKind::Inside);
    // In the order in which they lie: so goes the Tab key.
    let among = among.map_or(String::new(), |among| format!(" among {among}"));
    let mut step = |ui: &Ui, x: f32, sign: Sign, name: &str, by: isize| {
        if button::icon_of(ui, square(x), theme, ("step of presets", by), sign, &format!("{name} preset{among}"), None, true)
            .clicked()
        {
            wish = Some(Wish::Step(by));
        }
    };
    step(ui, bar.left() + 16.0, Sign::Previous, "Previous", -1);
    let name = Rect::from_min_max(pos2(bar.left() + 34.0, bar.top()), pos2(bar.right() - 34.0, bar.bottom()));
    let (called, changed) = preset;
    let response = button::area_of(ui, name, "presets", &format!("Preset: {called}"), Role::Button, None);
    let ink = if open || response.hovered() { theme.a } else { theme.text };
    let words = if changed { format!("{called} *") } else { called.to_owned() };
    text_within(ui.painter(), name.center(), Align2::CENTER_CENTER, &words, TITLE, ink, name.width());
    step(ui, bar.right() - 16.0, Sign::Next, "Next", 1);
    let help = if changed { "Presets (* changed since it was loaded)" } else { "Presets" };
    if response.on_hover_text(help).clicked() {
        wish = Some(Wish::Presets);
    }
    if button::icon(ui, square(bar.right() + 20.0), theme, Sign::Save, "Save as a preset", None, true).clicked() {
        wish = Some(Wish::Save);
    }

    let right = rect.right() - 24.0;
    let [menu, power, redo, undo] = [0.0, 32.0, 74.0, 104.0].map(|from_right| square(right - from_right));
    let copy = Rect::from_min_max(pos2(undo.left() - 88.0, middle - 12.0), pos2(undo.left() - 12.0, middle + 12.0));
    let sides = Rect::from_min_size(pos2(copy.left() - 2.0 * GRID - 56.0, middle - 12.0), vec2(56.0, 24.0));
    let now = usize::from(edits.on_b());
    if let Some(n) =
        button::choice(ui, sides, theme, "Compare", "Two sets of settings, to hear one against the other", &["A", "B"], now)
        && n != now
    {
        edits.swap();
    }
    let to = if edits.on_b() { "A" } else { "B" };
    if button::words(ui, copy, theme, &format!("Copy to {to}"), &format!("Make {to} the same as what is heard")).clicked() {
        edits.copy_to_other();
    }
    history(ui, theme, edits, undo, redo);
    let bypass = at(ParamId::bypass);
    let off = edits.is_on(bypass);
    let lit = Some(if off { theme.faint(theme.muted, 0.5) } else { theme.a });
    let name = if off { "Bypassed: play" } else { "Bypass" };
    if button::icon_of(ui, power, theme, "bypass", Sign::Power, name, lit, true).clicked() {
        edits.put(bypass, if off { 0.0 } else { 1.0 });
    }
    let menu = button::icon(ui, menu, theme, Sign::Menu, "Window", None, true);
    let hears = edits.source() == Source::Voice;
    Popup::menu(&menu).show(|ui| window_menu(ui, theme, looks, hears.then_some(sings), &mut wish));
    wish
}

/// Undo and redo, by button and by key.
fn history(ui: &Ui, theme: &Theme, edits: &mut Edits, undo: Rect, redo: Rect) {
    let typing = ui.ctx().egui_wants_keyboard_input()
        && ui.memory(|m| m.focused()).is_some_and(|id| egui::text_edit::TextEditState::load(ui.ctx(), id).is_some());
    let (z, shift, y) = ui.input(|i| {
        let pressed = |key| !typing && i.modifiers.command && i.key_pressed(key);
        (pressed(egui::Key::Z), i.modifiers.shift, pressed(egui::Key::Y))
    });
    let (last_done, last_undone) = (edits.undo_name(), edits.redo_name());
    let words = last_done.as_ref().map_or("Nothing to undo".into(), |name| format!("Undo {name}"));
    let undone = button::icon_of(ui, undo, theme, "undo", Sign::Undo, &words, None, last_done.is_some()).clicked();
    let words = last_undone.as_ref().map_or("Nothing to redo".into(), |name| format!("Redo {name}"));
    let redone = button::icon_of(ui, redo, theme, "redo", Sign::Redo, &words, None, last_undone.is_some()).clicked();
    if undone || (z && !shift) {
        edits.undo();
    } else if redone || (z && shift) || y {
        edits.redo();
    }
}

/// The menu; `sings` says whether a voice is sung in place of what comes in, where there can be one.
fn window_menu(ui: &mut Ui, theme: &Theme, looks: &mut Looks, sings: Option<bool>, wish: &mut Option<Wish>) {
    ui.set_min_width(150.0);
    if let Some(sings) = sings {
        ui.label(RichText::new("Without a microphone").size(SMALL).color(theme.muted));
        if sings {
            if ui.button("Stop the voice").clicked() {
                *wish = Some(Wish::StopVoice);
            }
        } else {
            if ui.button("Sing with the demo voice").clicked() {
                *wish = Some(Wish::DemoVoice);
            }
            if ui.button("Sing with a recording …").clicked() {
                *wish = Some(Wish::VoiceFile);
            }
        }
        ui.separator();
    }
    ui.label(RichText::new("Size").size(SMALL).color(theme.muted));
    for pair in SCALES.chunks(3) {
        ui.horizontal(|ui| {
            for scale in pair {
                let ink = if *scale == looks.scale { theme.a } else { theme.text };
                if ui.add(egui::Button::new(RichText::new(format!("{scale} %")).color(ink)).min_size(vec2(56.0, 0.0))).clicked() {
                    looks.scale = *scale;
                }
            }
        });
    }
    ui.separator();
    if ui.button(if looks.dark { "Light colours" } else { "Dark colours" }).clicked() {
        looks.dark = !looks.dark;
    }
    if ui.button("Reset everything").clicked() {
        *wish = Some(Wish::Reset);
    }
}
