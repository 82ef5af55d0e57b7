//! A parameter's number: click on it to type another, with its unit or without; and the menu of a right-click, which knobs, sliders and
//! notes share.

use super::{
    edits::{At, Edits},
    paint::{signed, text_within},
    theme::{Theme, font},
};
use egui::{Align2, Color32, CursorIcon, Id, Key, Margin, Rect, Response, Sense, TextEdit, Ui, vec2};

/// How a number looks.
#[derive(Clone, Copy)]
pub struct NumberLook<'a> {
    /// As it reads while nobody types.
    pub text: &'a str,
    /// Its colour under the pointer.
    pub colour: Color32,
    /// Its size of type.
    pub size: f32,
}

/// What is being typed.
#[derive(Clone, Default)]
struct Typing {
    text: String,
    fresh: bool,
}

fn typing_id(at: At) -> Id {
    Id::unique(("typing", at))
}

/// Another number is to be typed.
pub fn begin(ui: &Ui, edits: &Edits, at: At) {
    let typing = Typing { text: edits.text(at), fresh: true };
    ui.data_mut(|data| data.insert_temp(typing_id(at), typing));
}

/// The number in the middle of `rect`.
pub fn show(
    ui: &mut Ui,
    rect: Rect,
    theme: &Theme,
    edits: &mut Edits,
    at: At,
    NumberLook { text, colour, size }: NumberLook<'_>,
) {
    let id = typing_id(at);
    let Some(mut typing) = ui.data(|data| data.get_temp::<Typing>(id)) else {
        // The keyboard gets here by Enter on what the number belongs to: no stop of its own.
        let response = ui.interact(rect, id.with("number"), Sense::CLICK);
        let ink = if response.hovered() { colour } else { theme.text };
        text_within(ui.painter(), rect.center(), Align2::CENTER_CENTER, text, size, ink, rect.width());
        if response.on_hover_cursor(CursorIcon::Text).clicked() {
            begin(ui, edits, at);
        }
        return;
    };
    let edit = TextEdit::singleline(&mut typing.text)
        .id(id.with("edit"))
        .font(font(size))
        .align(Align2::CENTER_CENTER)
        .margin(Margin::symmetric(2, 1));
    let response = ui.put(rect.expand2(vec2(4.0, 2.0)), edit);
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
        match edits.parse(at, &typing.text) {
            Some(value) => edits.put(at, value),
            None => {
                let row = edits.row(at);
                edits.notices().say(format!("{} takes {}, not {:?}.", row.name, row.takes(), typing.text.trim()));
            }
        }
        ui.data_mut(|data| data.remove::<Typing>(id));
    } else {
        ui.data_mut(|data| data.insert_temp(id, typing));
    }
}

/// The menu of a right-click.
pub fn menu(response: &Response, edits: &mut Edits, at: At) {
    response.context_menu(|ui| {
        ui.set_min_width(150.0);
        if ui.button("Type a value").clicked() {
            begin(ui, edits, at);
        }
        let param = edits.params().at(at);
        let default = format!("Default ({})", param.text(param.default_normalized()));
        if ui.button(signed(&default)).clicked() {
            edits.put(at, edits.default(at));
        }
        if ui.button("Copy value").clicked() {
            ui.ctx().copy_text(edits.text(at));
        }
    });
}
