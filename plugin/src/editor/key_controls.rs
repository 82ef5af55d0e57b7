//! How keys are played: the groups that Syrinx Keys has where Syrinx listens to a voice.

use super::{
    button,
    controls::{cell, named, named_box, pick, row, small, toggle, tuning},
    edits::{Edits, at, key_at},
    paint::{text, well},
    theme::{SMALL, Theme},
};
use crate::tuning_files::{Kind, TuningFiles};
use egui::{Align2, Color32, Id, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};
use syrinx_engine::{KeyParamId, KeySettings, ParamId};

/// How many notes at once, and which, and at which pitches. The file that is asked for, if one is.
pub fn keys(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, colour: Color32) -> Option<Kind> {
    // Above the rows that every group has.
    let upper = |n: usize| row(rect, n).translate(vec2(0.0, -78.0));
    pick(ui, upper(0), theme, edits, key_at(KeyParamId::key_mode));
    named_box(ui, upper(1), theme, edits, key_at(KeyParamId::voices), "Voices", colour, 1.0);
    let priority = named(ui, upper(2), theme, "Priority", 60.0);
    pick(ui, priority, theme, edits, key_at(KeyParamId::key_priority));
    toggle(ui, row(rect, 0), theme, edits, key_at(KeyParamId::mpe), "MPE", colour);
    tuning(ui, row(rect, 1), theme, edits, colour);
    temperament(ui, row(rect, 2), theme, edits)
}

/// Which files say what pitch each key has.
fn temperament(ui: &Ui, rect: Rect, theme: &Theme, edits: &mut Edits) -> Option<Kind> {
    let files = edits.library().tuning();
    let name = files.name();
    let choices = ["Equal steps", "Open a scale (.scl) …", "Open a keyboard mapping (.kbm) …", &name];
    // What is loaded is named last, where it is none of the others.
    let (all, now) = if files.is_empty() { (&choices[..3], 0) } else { (&choices[..], 3) };
    let help = "Which pitch each key has: equal steps, or a scale and a keyboard mapping of Scala's. The session keeps them";
    match button::list(ui, rect, theme, "Tuning", help, all, now) {
        Some(0) => edits.tune(Ok(TuningFiles::default())),
        Some(1) => return Some(Kind::Scale),
        Some(2) => return Some(Kind::Mapping),
        _ => {}
    }
    None
}

/// How pitch goes from note to note, and how far the wheel bends it.
pub fn glide(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, colour: Color32) {
    let half = Rect::from_min_size(rect.min, vec2(rect.width(), 0.5 * rect.height()));
    small(ui, cell(half, 1, 1, 0, 0), theme, edits, key_at(KeyParamId::glide), "Glide", colour);
    toggle(ui, row(rect, 0), theme, edits, key_at(KeyParamId::glide_always), "Glide always", colour);
    toggle(ui, row(rect, 1), theme, edits, key_at(KeyParamId::glide_pace), "Glide by pace", colour);
    named_box(ui, row(rect, 2), theme, edits, key_at(KeyParamId::bend_range), "Bend", colour, 1.0);
}

/// What a touch makes of a note, and its vibrato.
pub fn touch(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, colour: Color32) {
    let half = Rect::from_min_size(rect.min, vec2(rect.width(), 0.5 * rect.height()));
    small(ui, cell(half, 3, 1, 0, 0), theme, edits, key_at(KeyParamId::velocity_range), "Range", colour);
    small(ui, cell(half, 3, 1, 1, 0), theme, edits, key_at(KeyParamId::velocity_curve), "Curve", colour);
    curve(ui, cell(half, 3, 1, 2, 0), theme, edits, colour);
    for (n, (id, name)) in [(KeyParamId::dynamics, "Dynamics"), (KeyParamId::vibrato_from, "Vibrato")].into_iter().enumerate() {
        let place = named(ui, row(rect, n), theme, name, 100.0);
        pick(ui, place, theme, edits, key_at(id));
    }
    named_box(ui, row(rect, 2), theme, edits, at(ParamId::vibrato), "Amount", colour, 5.0);
}

/// Draws how hard the keys play, velocity across and effort up.
fn curve(ui: &Ui, rect: Rect, theme: &Theme, edits: &Edits, colour: Color32) {
    text(ui.painter(), rect.center_top(), Align2::CENTER_TOP, "Touch", SMALL, theme.muted);
    let side = (rect.height() - 22.0).min(rect.width() - 8.0);
    let plot = Rect::from_center_size(pos2(rect.center().x, rect.bottom() - 4.0 - 0.5 * side), vec2(side, side));
    well(ui, plot, theme);
    let keys = KeySettings {
        velocity_range: edits.plain(key_at(KeyParamId::velocity_range)),
        velocity_curve: edits.plain(key_at(KeyParamId::velocity_curve)),
        ..KeySettings::default()
    };
    let most_db = KeyParamId::velocity_range.param().max;
    let inner = plot.shrink(4.0);
    let point = |n: usize| {
        let velocity = n as f32 / 24.0;
        let db = keys.harder_db(velocity) - keys.harder_db(0.0);
        pos2(inner.left() + inner.width() * velocity, inner.bottom() - inner.height() * db / most_db)
    };
    ui.painter().add(Shape::line((0..=24).map(point).collect(), Stroke::new(1.5, colour)));
    ui.interact(plot, Id::unique("touch"), Sense::hover())
        .on_hover_text("How hard keys play: softly struck on the left, hard on the right; the more, the higher");
}
