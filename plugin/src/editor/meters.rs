//! Input and output: level, peak hold and a clip light that stays until it is clicked.

use super::{
    live::{FLOOR_DB, Level, Live},
    paint::{focus_ring, text, well},
    theme::{SMALL, Theme},
};
use egui::{Align2, Color32, CornerRadius, Id, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

/// Levels from the bottom to the top, dB.
const LEVELS_DB: (f32, f32) = (-60.0, 3.0);

fn y(rect: Rect, db: f32) -> f32 {
    let share = ((db - LEVELS_DB.0) / (LEVELS_DB.1 - LEVELS_DB.0)).clamp(0.0, 1.0);
    rect.bottom() - rect.height() * share
}

/// Both meters; of who hears no voice, the output's alone.
pub fn show(ui: &Ui, rect: Rect, theme: &Theme, live: &mut Live, colour: Color32, hears: bool) {
    well(ui, rect, theme);
    let inner = rect.shrink2(vec2(10.0, 10.0));
    let wide = ((inner.width() - 8.0) / 2.0).floor();
    let meter = |n: f32| Rect::from_min_size(inner.min + vec2(n * (wide + 8.0), 0.0), vec2(wide, inner.height()));
    if !hears {
        let middle = meter(0.5);
        return one(ui, middle, theme, "Out", &mut live.output, colour);
    }
    one(ui, meter(0.0), theme, "In", &mut live.input, theme.voice);
    one(ui, meter(1.0), theme, "Out", &mut live.output, colour);
}

fn one(ui: &Ui, rect: Rect, theme: &Theme, name: &str, level: &mut Level, colour: Color32) {
    let painter = ui.painter();
    text(painter, rect.center_top(), Align2::CENTER_TOP, name, SMALL, theme.muted);
    let light = Rect::from_min_size(rect.min + vec2(0.0, 18.0), vec2(rect.width(), 5.0));
    let bar = Rect::from_min_max(pos2(rect.left(), light.bottom() + 3.0), pos2(rect.right(), rect.bottom() - 18.0));
    let round = CornerRadius::same(2);
    painter.rect_filled(light, round, if level.clipped { theme.alarm } else { theme.line });
    painter.rect_filled(bar, round, theme.faint(theme.line, 0.5));
    let hot = y(bar, -6.0);
    let top = y(bar, level.db);
    if top < bar.bottom() {
        let part = Rect::from_x_y_ranges(bar.x_range(), top.max(hot)..=bar.bottom());
        super::paint::gradient(painter, part, colour, theme.between(theme.well, colour, 0.5));
        if top < hot {
            let part = Rect::from_x_y_ranges(bar.x_range(), top..=hot);
            super::paint::gradient(painter, part, theme.between(colour, theme.alarm, 0.8), colour);
        }
    }
    for db in [0.0, -12.0, -24.0, -36.0, -48.0] {
        let y = y(bar, db).round() + 0.5;
        painter.hline(bar.x_range(), y, Stroke::new(1.0, theme.faint(theme.well, 0.7)));
    }
    if level.hold_db > LEVELS_DB.0 {
        let y = y(bar, level.hold_db);
        let colour = if level.hold_db > 0.0 { theme.alarm } else { theme.text };
        painter.hline(bar.x_range(), y, Stroke::new(1.5, colour));
    }
    let words = if level.hold_db > FLOOR_DB { format!("{:.0}", level.hold_db).replace('-', "−") } else { "−∞".into() };
    let ink = if level.clipped { theme.alarm } else { theme.muted };
    text(painter, rect.center_bottom(), Align2::CENTER_BOTTOM, &words, SMALL, ink);
    let response = ui.interact(rect, Id::unique(("meter", name)), Sense::click());
    let (hold, clipped) = (level.hold_db, level.clipped);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, format!("{name}put level"));
        info.current_text_value = Some(format!("{hold:.0} dB{}", if clipped { ", clipped" } else { "" }));
        info
    });
    if response.has_focus() {
        focus_ring(ui.painter(), rect.shrink(2.0), theme);
    }
    if response.clicked() {
        level.clipped = false;
    }
    if level.clipped {
        response.on_hover_text("It was over full scale. Click to put the light out");
    }
}
