//! The notes that are sung, for other instruments: how they are told apart and sent, and the last of them as a file.

use super::{
    button,
    controls::{named, named_box, pick, small, toggle},
    edits::{Edits, at},
    files::{self, Home},
    paint::{heading, panel},
    theme::{GRID, Theme},
};
use crate::captured::Captured;
use egui::{Color32, Rect, Ui, pos2, vec2};
use std::path::PathBuf;
use syrinx_engine::{NoteOutput, ParamId, Settings};
use syrinx_file::midi_file;

/// Files of one name that are tried.
const MOST_FILES: u32 = 10_000;
/// Height of a row, and from one to the next.
const ROW: f32 = 22.0;
const NEXT: f32 = 26.0;

/// Draws the panel.
pub fn show(
    ui: &mut Ui,
    rect: Rect,
    theme: &Theme,
    edits: &mut Edits,
    captured: &Captured,
    home: Option<&Home>,
    colour: Color32,
) {
    panel(ui, rect, theme);
    heading(ui, rect, theme, "Notes out");
    let inner = Rect::from_min_max(rect.min + vec2(GRID, 7.0 * GRID), rect.max - vec2(GRID, GRID));
    let (knobs, lists) = inner.split_left_right_at_fraction(0.42);
    let third = knobs.width() / 3.0;
    let timing = [(ParamId::note_react, "React"), (ParamId::note_stickiness, "Stickiness"), (ParamId::note_hold, "Hold breath")];
    for (n, (id, name)) in timing.into_iter().enumerate() {
        let place = Rect::from_min_size(pos2(knobs.left() + n as f32 * third, knobs.top()), vec2(third, 86.0));
        small(ui, place, theme, edits, at(id), name, colour);
    }
    let switches = Rect::from_min_max(pos2(knobs.left(), knobs.bottom() - ROW), knobs.max);
    let (left, right) = switches.split_left_right_at_fraction(0.5);
    toggle(ui, left.shrink2(vec2(0.5 * GRID, 0.0)), theme, edits, at(ParamId::note_retrigger), "Retrigger", colour);
    toggle(ui, right.shrink2(vec2(0.5 * GRID, 0.0)), theme, edits, at(ParamId::note_scale), "Notes in scale", colour);

    let lists = Rect::from_min_max(pos2(lists.left() + 2.0 * GRID, lists.top()), lists.max);
    let (left, right) = lists.split_left_right_at_fraction(0.6);
    let row = |of: Rect, n: usize| Rect::from_min_size(pos2(of.left(), of.top() + NEXT * n as f32), vec2(of.width() - GRID, ROW));
    let mut list = |ui: &mut Ui, n: usize, name: &str, id: ParamId| {
        let place = named(ui, row(left, n), theme, name, 100.0);
        pick(ui, place, theme, edits, at(id));
    };
    list(ui, 0, "Send", ParamId::note_output);
    list(ui, 1, "Bend", ParamId::note_bend);
    list(ui, 2, "Loudness", ParamId::note_loudness);
    named_box(ui, row(right, 0), theme, edits, at(ParamId::note_octave), "Octave", colour, 1.0);
    // MPE and expressions have a range of their own.
    let mut settings = Settings::default();
    settings.put(ParamId::note_output, edits.plain(at(ParamId::note_output)));
    let one_channel = settings.note_output.is_off() || settings.note_output == NoteOutput::OneChannel;
    ui.add_enabled_ui(one_channel, |ui| {
        named_box(ui, row(right, 1), theme, edits, at(ParamId::note_bend_range), "Range", colour, 1.0);
    });
    let save = Rect::from_min_max(pos2(left.left(), lists.bottom() - ROW), pos2(lists.right() - GRID, lists.bottom()));
    let help = "Writes the notes that were sung in the last minutes into a MIDI file, whether they were sent or not";
    let pressed =
        ui.add_enabled_ui(captured.has_notes(), |ui| button::words(ui, save, theme, "Save what was sung (.mid)", help).clicked());
    if pressed.inner {
        let said = match home
            .ok_or_else(|| "This system names no folder to keep notes in.".into())
            .and_then(|home| keep(captured, home))
        {
            Ok(path) => format!("What was sung is in {}.", path.display()),
            Err(why) => why,
        };
        edits.notices().say(said);
    }
}

/// Writes what was sung into a new file.
fn keep(captured: &Captured, home: &Home) -> Result<PathBuf, String> {
    let messages = captured.messages();
    if messages.is_empty() {
        return Err("No note was sung yet.".into());
    }
    let name = |n: u32| home.notes.join(if n == 1 { "Sung.mid".into() } else { format!("Sung {n}.mid") });
    let free = (1..MOST_FILES).map(name).find(|path| !path.exists());
    let path = free.ok_or_else(|| format!("{} is full of notes. Move some of them away.", home.notes.display()))?;
    files::write(&path, &midi_file("Syrinx", captured.tempo(), messages))?;
    Ok(path)
}
