//! A pitch as the name of its note: click, or press Enter, to type a note or a frequency; wheel and arrow keys go by semitones.

use super::{
    edits::{At, Edits},
    keys,
    knob::wheel,
    live::{note, note_name},
    number,
    paint::focus_ring,
    theme::{ROUND_SMALL, SMALL, Theme},
};
use egui::{Color32, CornerRadius, Id, Rect, Role, Sense, Ui, WidgetInfo};

/// Draws the note of a parameter in Hz.
pub fn show(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, at: At, colour: Color32) {
    let row = edits.row(at);
    let id = Id::unique(("note", row.id));
    let response = ui.interact(rect, id, Sense::click());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Slider, true, row.name);
        info.value = Some(f64::from(edits.plain(at)));
        info.current_text_value = Some(format!("{}, {}", note_name(note(edits.plain(at))), edits.text(at)));
        info
    });
    let mut semitones = 0.0;
    if response.hovered() {
        semitones += ui.input(|i| i.raw.events.iter().filter_map(wheel).sum::<f32>());
    }
    if let Some(keys) = keys::of(ui, &response) {
        semitones += keys.up + keys.across + 12.0 * keys.pages;
        if keys.back {
            edits.put(at, edits.default(at));
        }
        focus_ring(ui.painter(), rect, theme);
    }
    if semitones != 0.0 {
        // From note to note, wherever between two it was.
        let to = note(edits.plain(at)).round() + semitones;
        let hz = 440.0 * ((to - 69.0) / 12.0).exp2();
        let to = edits.normalized(at, hz);
        edits.nudge(at, to);
    }
    if response.clicked() {
        number::begin(ui, edits, at);
    }
    let fill = if response.hovered() { theme.hover } else { theme.raised };
    ui.painter().rect_filled(rect, CornerRadius::same(ROUND_SMALL as u8), fill);
    let name = note_name(note(edits.plain(at)));
    number::show(ui, rect.shrink(2.0), theme, edits, at, number::NumberLook { text: &name, colour, size: SMALL });
    number::menu(&response, edits, at);
    response.on_hover_text(format!(
        "{}: {}\n{}\nClick to type a note or a frequency: A2, 110 Hz",
        row.name,
        edits.text(at),
        row.help
    ));
}
