//! A pitch as the name of its note: click, or press Enter, to type a note or a frequency; wheel and arrow keys go by semitones.

use super::{
    edits::{At, Edits},
    live::{note_at, note_name},
    theme::Theme,
    value_box::{self, BoxLook},
};
use egui::{Color32, Rect, Ui};

/// Draws the note of a parameter in Hz.
pub fn show(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, at: At, colour: Color32) {
    let a4_hz = edits.a4_hz();
    let name = note_name(note_at(edits.plain(at), a4_hz));
    let said = format!("{name}, {}", edits.text(at));
    let how = "Click to type a note or a frequency: A2, 110 Hz";
    let look = BoxLook { text: &name, said: &said, how, colour };
    // From note to note, wherever between two it was.
    let step = |hz: f32, semitones: f32| a4_hz * ((note_at(hz, a4_hz).round() + semitones - 69.0) / 12.0).exp2();
    value_box::show(ui, rect, theme, edits, at, &look, step);
}
