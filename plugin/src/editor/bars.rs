//! The sound: live bars of the harmonics and a curve of the noise, and over them the weights, to be drawn with the pointer.

use super::{
    edits::Edits,
    keys,
    layout::on_grid,
    live::Live,
    paint::{focus_ring, heading, text, well, width},
    theme::{GRID, SMALL, TINY, Theme},
};
use egui::{
    Align2, Color32, CornerRadius, Id, Mesh, Painter, Pos2, Rect, Response, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2,
    vec2,
};
use syrinx_engine::{LEAST_WEIGHT_DB, MOST_WEIGHT_DB, NOISE_POINTS, SpectralWeights, noise_point_hz};

/// Harmonics that have a bar.
pub const BARS: usize = 48;
/// Levels from the bottom of a bar to its top, dB.
const LEVELS_DB: (f32, f32) = (-78.0, -6.0);
/// Room under a plot for its axis, points.
const AXIS: f32 = 5.0 * GRID;
/// Weights this near to nothing are nothing, dB: a line that is easy to come back to.
const DETENT_DB: f32 = 0.7;

/// Where a weight is drawn: its least at the bottom of `rect`, its most at the top.
fn weight_y(rect: Rect, db: f32) -> f32 {
    rect.bottom() - rect.height() * (db - LEAST_WEIGHT_DB) / (MOST_WEIGHT_DB - LEAST_WEIGHT_DB)
}

fn weight_at(rect: Rect, y: f32) -> f32 {
    let db = LEAST_WEIGHT_DB + (MOST_WEIGHT_DB - LEAST_WEIGHT_DB) * (rect.bottom() - y) / rect.height();
    if db.abs() < DETENT_DB { 0.0 } else { (10.0 * db.clamp(LEAST_WEIGHT_DB, MOST_WEIGHT_DB)).round() / 10.0 }
}

fn level_y(rect: Rect, db: f32) -> f32 {
    let share = ((db - LEVELS_DB.0) / (LEVELS_DB.1 - LEVELS_DB.0)).clamp(0.0, 1.0);
    rect.bottom() - rect.height() * share
}

/// Which of the two displays.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Harmonics,
    Noise,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Harmonics => "Harmonics",
            Self::Noise => "Noise",
        }
    }

    fn count(self) -> usize {
        match self {
            Self::Harmonics => BARS,
            Self::Noise => NOISE_POINTS,
        }
    }

    fn weights(self, weights: &mut SpectralWeights) -> &mut [f32] {
        match self {
            Self::Harmonics => &mut weights.harmonics_db[..BARS],
            Self::Noise => &mut weights.noise_db,
        }
    }

    /// What one bar or point stands for.
    fn label(self, n: usize, played_hz: f32) -> String {
        match self {
            Self::Harmonics if played_hz > 0.0 => format!("Harmonic {}  {}", n + 1, hertz((n + 1) as f32 * played_hz)),
            Self::Harmonics => format!("Harmonic {}", n + 1),
            Self::Noise => format!("Noise at {}", hertz(noise_point_hz(n))),
        }
    }
}

fn hertz(hz: f32) -> String {
    if hz < 1000.0 { format!("{hz:.0} Hz") } else { format!("{:.1} kHz", hz / 1000.0) }
}

/// Both displays, side by side.
pub fn show(ui: &Ui, rect: Rect, theme: &Theme, edits: &mut Edits, live: &Live, played_hz: f32, colour: Color32) {
    well(ui, rect, theme);
    let split = rect.left() + on_grid(0.66 * rect.width());
    let left = Rect::from_min_max(rect.min, pos2(split, rect.bottom()));
    let right = Rect::from_min_max(pos2(split, rect.top()), rect.max);
    ui.painter().vline(split + 0.5, rect.shrink(1.0).y_range(), theme.border());
    display(ui, left, theme, edits, live, played_hz, Kind::Harmonics, colour);
    display(ui, right, theme, edits, live, played_hz, Kind::Noise, theme.between(colour, theme.text, 0.45));
}

#[allow(clippy::too_many_arguments)]
fn display(ui: &Ui, rect: Rect, theme: &Theme, edits: &mut Edits, live: &Live, played_hz: f32, kind: Kind, colour: Color32) {
    heading(ui, rect, theme, kind.name());
    let plot = Rect::from_min_max(rect.min + vec2(12.0, 32.0), rect.max - vec2(12.0, AXIS));
    let response = ui.interact(plot.expand2(vec2(4.0, 4.0)), Id::unique(("bars", kind.name())), Sense::click_and_drag());
    response.widget_info(|| {
        WidgetInfo::labeled(
            Role::Canvas,
            true,
            format!(
                "{} weights: draw or use the arrow keys to weight, double-click or Delete sets one back, right-click all",
                kind.name()
            ),
        )
    });
    let chosen = weigh_by_keys(ui, &response, edits, kind);
    let under = response.hover_pos().or(response.interact_pointer_pos()).map(|p| nearest(plot, kind, p.x)).or(chosen);
    draw_weights(ui, &response, plot, edits, kind);
    menu(&response, edits, kind);

    let painter = ui.painter();
    let mut weights = edits.weights();
    let weights = kind.weights(&mut weights);
    match kind {
        Kind::Harmonics => bars(painter, plot, theme, live, under, colour),
        Kind::Noise => curve(painter, plot, theme, live, colour),
    }
    let zero = weight_y(plot, 0.0).round() + 0.5;
    painter.hline(plot.x_range(), zero, Stroke::new(1.0, theme.faint(theme.muted, 0.35)));
    if kind == Kind::Harmonics {
        text(painter, pos2(plot.right(), zero - 2.0), Align2::RIGHT_BOTTOM, "weights 0 dB", TINY, theme.muted);
    }
    paint_weights(painter, plot, theme, weights, kind);
    if let Some(n) = chosen {
        focus_ring(painter, plot.expand2(vec2(2.0, 0.0)), theme);
        let x = match kind {
            Kind::Harmonics => plot.left() + plot.width() * (n as f32 + 0.5) / BARS as f32,
            Kind::Noise => plot.left() + plot.width() * n as f32 / (NOISE_POINTS - 1) as f32,
        };
        painter.circle_filled(pos2(x, weight_y(plot, weights[n])), 3.5, theme.voice);
    }

    let corner = pos2(rect.right() - 12.0, rect.top() + 10.0);
    if let Some(n) = under {
        let weight = if weights[n] <= LEAST_WEIGHT_DB { "off".into() } else { format!("{:+.1} dB", weights[n]) };
        let words = match kind {
            Kind::Harmonics => format!("{}   {weight}", kind.label(n, played_hz)),
            Kind::Noise => format!("{}   {weight}", hertz(noise_point_hz(n))),
        };
        text(painter, corner, Align2::RIGHT_TOP, &words, SMALL, theme.text);
    } else if weights.iter().any(|db| *db != 0.0) {
        text(painter, corner, Align2::RIGHT_TOP, "weighted", SMALL, theme.voice);
    }
}

/// The bar or point under `x`.
fn nearest(plot: Rect, kind: Kind, x: f32) -> usize {
    let share = ((x - plot.left()) / plot.width()).clamp(0.0, 0.9999);
    match kind {
        Kind::Harmonics => (share * BARS as f32) as usize,
        Kind::Noise => (share * (NOISE_POINTS - 1) as f32).round() as usize,
    }
}

fn draw_weights(ui: &Ui, response: &Response, plot: Rect, edits: &mut Edits, kind: Kind) {
    let last = response.id.with("last");
    if response.drag_started_by(egui::PointerButton::Primary) {
        edits.about_to_change();
        ui.data_mut(|data| data.remove::<Pos2>(last));
    }
    if response.dragged_by(egui::PointerButton::Primary)
        && let Some(to) = response.interact_pointer_pos()
    {
        // The stroke begins where the pointer was pressed, which is some points before it is known to be one.
        let pressed = to - response.total_drag_delta().unwrap_or_default();
        let from = ui.data(|data| data.get_temp::<Pos2>(last)).unwrap_or(pressed);
        let mut weights = edits.weights();
        let (first, final_) = (nearest(plot, kind, from.x), nearest(plot, kind, to.x));
        // A quick stroke leaves no gaps.
        for n in first.min(final_)..=first.max(final_) {
            let t = if first == final_ { 1.0 } else { (n as f32 - first as f32) / (final_ as f32 - first as f32) };
            kind.weights(&mut weights)[n] = weight_at(plot, from.y + t * (to.y - from.y));
        }
        edits.weigh(&weights);
        ui.data_mut(|data| data.insert_temp(last, to));
    }
    if response.drag_stopped() {
        edits.note();
    }
    if response.double_clicked()
        && let Some(at) = response.interact_pointer_pos()
    {
        edits.about_to_change();
        let mut weights = edits.weights();
        kind.weights(&mut weights)[nearest(plot, kind, at.x)] = 0.0;
        edits.weigh(&weights);
        edits.note();
    }
}

/// The bar or point that the keyboard is on, while it is on the display: left and right go to another, up and down weight it.
fn weigh_by_keys(ui: &Ui, response: &Response, edits: &mut Edits, kind: Kind) -> Option<usize> {
    if response.clicked() {
        response.request_focus();
    }
    let keys = keys::of(ui, response)?;
    let place = response.id.with("chosen");
    let clicked = response.interact_pointer_pos().filter(|_| response.clicked()).map(|at| nearest(response.rect, kind, at.x));
    let before = clicked.or_else(|| ui.data(|data| data.get_temp::<usize>(place))).unwrap_or(0);
    let n = before.saturating_add_signed(keys.across as isize).min(kind.count() - 1);
    ui.data_mut(|data| data.insert_temp(place, n));
    let up = keys.up + 6.0 * keys.pages;
    if up != 0.0 || keys.back {
        edits.about_to_change();
        let mut weights = edits.weights();
        let weight = &mut kind.weights(&mut weights)[n];
        *weight = if keys.back { 0.0 } else { (*weight + up).clamp(LEAST_WEIGHT_DB, MOST_WEIGHT_DB) };
        edits.weigh(&weights);
        edits.note();
    }
    Some(n)
}

fn menu(response: &Response, edits: &mut Edits, kind: Kind) {
    response.context_menu(|ui| {
        if ui.button(format!("Set all of {} back", kind.name().to_lowercase())).clicked() {
            edits.about_to_change();
            let mut weights = edits.weights();
            kind.weights(&mut weights).fill(0.0);
            edits.weigh(&weights);
            edits.note();
        }
    });
}

fn bars(painter: &Painter, plot: Rect, theme: &Theme, live: &Live, under: Option<usize>, colour: Color32) {
    let each = plot.width() / BARS as f32;
    let wide = (each - 2.0).max(1.5);
    for n in 0..BARS {
        let x = plot.left() + each * (n as f32 + 0.5);
        let slot = Rect::from_x_y_ranges(x - 0.5 * wide..=x + 0.5 * wide, plot.y_range());
        let lit = under == Some(n);
        painter.rect_filled(slot, CornerRadius::same(2), theme.faint(theme.line, if lit { 0.9 } else { 0.35 }));
        let top = level_y(plot, live.harmonics_db[n]);
        if top < plot.bottom() - 1.0 {
            let bar = Rect::from_x_y_ranges(slot.x_range(), top..=plot.bottom());
            super::paint::gradient(painter, bar, colour, theme.between(theme.well, colour, 0.35));
        }
        if n == 0 || (n + 1) % 8 == 0 {
            text(painter, pos2(x, plot.bottom() + 3.0), Align2::CENTER_TOP, &(n + 1).to_string(), TINY, theme.muted);
        }
    }
}

fn curve(painter: &Painter, plot: Rect, theme: &Theme, live: &Live, colour: Color32) {
    for hz in [100.0_f32, 1000.0, 10_000.0] {
        let share = (hz / noise_point_hz(0)).ln() / (noise_point_hz(NOISE_POINTS - 1) / noise_point_hz(0)).ln();
        let x = (plot.left() + share * plot.width()).round() + 0.5;
        painter.vline(x, plot.y_range(), Stroke::new(1.0, theme.faint(theme.line, 0.6)));
        let label = if hz < 1000.0 { "100 Hz".into() } else { format!("{}k", hz / 1000.0) };
        let place = pos2(x.max(plot.left() + 0.5 * width(painter, &label, TINY)), plot.bottom() + 3.0);
        text(painter, place, Align2::CENTER_TOP, &label, TINY, theme.muted);
    }
    let point = |n: usize| {
        // The curve is per octave, and so lower than bars of the same strength.
        pos2(
            plot.left() + plot.width() * n as f32 / (NOISE_POINTS - 1) as f32,
            level_y(plot, live.noise_db[n] - LEVELS_DB.1 - 12.0),
        )
    };
    let mut mesh = Mesh::default();
    let (top, bottom) = (colour.gamma_multiply(0.45), colour.gamma_multiply(0.05));
    for n in 0..NOISE_POINTS {
        let p = point(n);
        mesh.colored_vertex(p, top);
        mesh.colored_vertex(pos2(p.x, plot.bottom()), bottom);
        if n > 0 {
            let at = 2 * n as u32;
            mesh.add_triangle(at - 2, at - 1, at);
            mesh.add_triangle(at - 1, at, at + 1);
        }
    }
    painter.add(mesh);
    if (0..NOISE_POINTS).any(|n| point(n).y < plot.bottom() - 1.0) {
        painter.add(Shape::line((0..NOISE_POINTS).map(point).collect(), Stroke::new(1.5, colour)));
    }
}

fn paint_weights(painter: &Painter, plot: Rect, theme: &Theme, weights: &[f32], kind: Kind) {
    let count = kind.count();
    match kind {
        Kind::Harmonics => {
            let each = plot.width() / count as f32;
            for (n, db) in weights.iter().enumerate().filter(|(_, db)| **db != 0.0) {
                let x = plot.left() + each * n as f32;
                let y = weight_y(plot, *db);
                painter.line_segment([pos2(x + 0.5, y), pos2(x + each - 0.5, y)], Stroke::new(2.0, theme.voice));
            }
        }
        Kind::Noise if weights.iter().any(|db| *db != 0.0) => {
            let point =
                |(n, db): (usize, &f32)| pos2(plot.left() + plot.width() * n as f32 / (count - 1) as f32, weight_y(plot, *db));
            painter.add(Shape::line(weights.iter().enumerate().map(point).collect(), Stroke::new(1.5, theme.voice)));
        }
        Kind::Noise => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_where_they_are_drawn() {
        let plot = Rect::from_min_size(pos2(10.0, 20.0), vec2(480.0, 96.0));
        for db in [-30.0, -12.0, 0.0, 6.0, 12.0] {
            assert!((weight_at(plot, weight_y(plot, db)) - db).abs() < 0.051, "{db}");
        }
        assert_eq!(weight_at(plot, weight_y(plot, 0.4)), 0.0, "nothing is easy to come back to");
        assert_eq!((weight_at(plot, 900.0), weight_at(plot, 0.0)), (LEAST_WEIGHT_DB, MOST_WEIGHT_DB));
        assert_eq!((nearest(plot, Kind::Harmonics, 10.0), nearest(plot, Kind::Harmonics, 489.9)), (0, BARS - 1));
        assert_eq!((nearest(plot, Kind::Noise, 0.0), nearest(plot, Kind::Noise, 900.0)), (0, NOISE_POINTS - 1));
    }
}
