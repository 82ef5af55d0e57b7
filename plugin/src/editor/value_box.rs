//! A parameter's value in a box: click, or press Enter, to type another; wheel and arrow keys go by steps.

use super::{
    edits::{At, Edits},
    keys,
    knob::wheel,
    number,
    paint::focus_ring,
    theme::{ROUND_SMALL, SMALL, Theme},
};
use egui::{Color32, CornerRadius, Id, Rect, Role, Sense, Ui, WidgetInfo};

/// How a value reads.
pub struct BoxLook<'a> {
    /// In the box.
    pub text: &'a str,
    /// To a screen reader.
    pub said: &'a str,
    /// What can be typed, after the parameter's help.
    pub how: &'a str,
    /// Its colour under the pointer.
    pub colour: Color32,
}

/// Draws the value of a parameter; `step` gives the one so many steps from the present, in its unit. A page is twelve steps.
pub fn show(
    ui: &mut Ui,
    rect: Rect,
    theme: &Theme,
    edits: &mut Edits,
    at: At,
    look: &BoxLook<'_>,
    step: impl Fn(f32, f32) -> f32,
) {
    let row = edits.row(at);
    let response = ui.interact(rect, Id::unique(("box", row.id)), Sense::click());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Slider, true, row.name);
        info.value = Some(f64::from(edits.plain(at)));
        info.current_text_value = Some(look.said.into());
        info
    });
    let mut steps = 0.0;
    if response.hovered() {
        steps += ui.input(|i| i.raw.events.iter().filter_map(wheel).sum::<f32>());
    }
    if let Some(keys) = keys::of(ui, &response) {
        steps += keys.up + keys.across + 12.0 * keys.pages;
        if keys.back {
            edits.put(at, edits.default(at));
        }
        focus_ring(ui.painter(), rect, theme);
    }
    if steps != 0.0 {
        let to = edits.normalized(at, step(edits.plain(at), steps));
        edits.nudge(at, to);
    }
    if response.clicked() {
        number::begin(ui, edits, at);
    }
    let fill = if response.hovered() { theme.hover } else { theme.raised };
    ui.painter().rect_filled(rect, CornerRadius::same(ROUND_SMALL as u8), fill);
    let number = number::NumberLook { text: look.text, colour: look.colour, size: SMALL };
    number::show(ui, rect.shrink(2.0), theme, edits, at, number);
    number::menu(&response, edits, at);
    response.on_hover_text(format!("{}: {}\n{}\n{}", row.name, edits.text(at), row.help, look.how));
}

/// The same in the parameter's own words, by steps of `by` in its unit.
pub fn plain(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, at: At, colour: Color32, by: f32) {
    let text = edits.text(at);
    let how = format!("Click to type a value: {}", edits.row(at).takes());
    let look = BoxLook { text: &text, said: &text, how: &how, colour };
    show(ui, rect, theme, edits, at, &look, |now, steps| now + by * steps);
}
