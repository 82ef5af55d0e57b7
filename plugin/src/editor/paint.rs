//! What widgets paint with: panels, texts that fit, arcs and gradients.

use super::theme::{ROUND, SMALL, Theme, font};
use egui::{Align2, Color32, CornerRadius, Mesh, Painter, Pos2, Rect, Response, Shape, Stroke, StrokeKind, Ui, Vec2, pos2, vec2};

/// A panel.
pub fn panel(ui: &Ui, rect: Rect, theme: &Theme) {
    ui.painter().rect(rect, CornerRadius::same(ROUND as u8), theme.panel, theme.border(), StrokeKind::Inside);
}

/// A display: what moves is shown in it.
pub fn well(ui: &Ui, rect: Rect, theme: &Theme) {
    ui.painter().rect(rect, CornerRadius::same(ROUND as u8), theme.well, theme.border(), StrokeKind::Inside);
}

/// The heading of a panel, in its upper left corner.
pub fn heading(ui: &Ui, rect: Rect, theme: &Theme, words: &str) {
    text(ui.painter(), rect.left_top() + vec2(12.0, 10.0), Align2::LEFT_TOP, words, SMALL, theme.muted);
}

/// A line of text; where it lies.
pub fn text(painter: &Painter, at: Pos2, align: Align2, words: &str, size: f32, colour: Color32) -> Rect {
    painter.text(at, align, signed(words), font(size), colour)
}

/// Words with a minus, which is as wide as a plus, before their numbers instead of the hyphen that is typed there: figures stay where they
/// are when the sign changes.
pub fn signed(words: &str) -> String {
    let mut before = ' ';
    let mut letters = words.chars().peekable();
    std::iter::from_fn(|| {
        let letter = letters.next()?;
        let begins = before.is_whitespace() || before == '(';
        before = letter;
        let number = letters.peek().is_some_and(char::is_ascii_digit);
        Some(if letter == '-' && begins && number { '−' } else { letter })
    })
    .collect()
}

/// A line of text no wider than `width`: what does not fit ends in an ellipsis.
pub fn text_within(painter: &Painter, at: Pos2, align: Align2, words: &str, size: f32, colour: Color32, width: f32) -> Rect {
    let wide = |words: &str| self::width(painter, words, size);
    if wide(words) <= width {
        return text(painter, at, align, words, size, colour);
    }
    let mut letters: Vec<char> = words.chars().collect();
    while !letters.is_empty() {
        letters.pop();
        let shorter: String = letters.iter().collect::<String>().trim_end().to_owned() + "…";
        if wide(&shorter) <= width {
            return text(painter, at, align, &shorter, size, colour);
        }
    }
    Rect::from_min_size(at, Vec2::ZERO)
}

/// How wide a line of text is.
pub fn width(painter: &Painter, words: &str, size: f32) -> f32 {
    painter.layout_no_wrap(signed(words), font(size), Color32::WHITE).size().x
}

/// How far a drag has gone since the last picture. It is known for one only after some points, and on a slow screen after more: with the
/// first picture, all that the pointer has gone since it was pressed, so that what is dragged stays under it.
pub fn dragged_by(response: &Response) -> Vec2 {
    let all = if response.drag_started() { response.total_drag_delta() } else { None };
    all.unwrap_or_else(|| response.drag_delta())
}

/// A part of a circle with round ends; angles in radians, clockwise from the right.
pub fn arc(painter: &Painter, centre: Pos2, radius: f32, from: f32, to: f32, stroke: Stroke) {
    let (from, to) = (from.min(to), from.max(to));
    if to - from < 1e-3 {
        return;
    }
    let steps = ((to - from) * radius / 2.5).ceil().clamp(2.0, 96.0) as usize;
    let point = |angle: f32| centre + radius * Vec2::angled(angle);
    let points: Vec<Pos2> = (0..=steps).map(|n| point(from + (to - from) * n as f32 / steps as f32)).collect();
    painter.add(Shape::line(points, stroke));
    for angle in [from, to] {
        painter.circle_filled(point(angle), 0.5 * stroke.width, stroke.color);
    }
}

/// A disc that is lighter at the top.
pub fn disc(painter: &Painter, centre: Pos2, radius: f32, top: Color32, bottom: Color32) {
    let mut mesh = Mesh::default();
    let colour = |y: f32| top.lerp_to_gamma(bottom, (0.5 + 0.5 * y).clamp(0.0, 1.0));
    mesh.colored_vertex(centre, colour(0.0));
    const STEPS: u32 = 48;
    for n in 0..STEPS {
        let out = Vec2::angled(std::f32::consts::TAU * n as f32 / STEPS as f32);
        mesh.colored_vertex(centre + radius * out, colour(out.y));
        mesh.add_triangle(0, 1 + n, 1 + (n + 1) % STEPS);
    }
    painter.add(mesh);
    // Meshes have hard edges; a thin ring of the same colours smooths this one.
    painter.circle_stroke(centre, radius, Stroke::new(1.0, colour(0.0)));
}

/// A rectangle that goes from one colour at the top to another at the bottom.
pub fn gradient(painter: &Painter, rect: Rect, top: Color32, bottom: Color32) {
    let mut mesh = Mesh::default();
    for (pos, colour) in
        [(rect.left_top(), top), (rect.right_top(), top), (rect.right_bottom(), bottom), (rect.left_bottom(), bottom)]
    {
        mesh.colored_vertex(pos, colour);
    }
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(0, 2, 3);
    painter.add(mesh);
}

/// The ring around what has the keyboard's focus.
pub fn focus_ring(painter: &Painter, rect: Rect, theme: &Theme) {
    painter.rect_stroke(rect.expand(2.0), CornerRadius::same(6), Stroke::new(1.5, theme.a), StrokeKind::Outside);
}

/// The lines of an icon, drawn on 24 by 24 units.
pub struct Icon<'a> {
    painter: &'a Painter,
    origin: Pos2,
    unit: f32,
    colour: Color32,
}

impl<'a> Icon<'a> {
    /// An icon that fills `rect`, which is a square.
    pub fn new(painter: &'a Painter, rect: Rect, colour: Color32) -> Self {
        Self { painter, origin: rect.min, unit: rect.width() / 24.0, colour }
    }

    /// In another colour.
    pub fn coloured(&self, colour: Color32) -> Icon<'a> {
        Icon { painter: self.painter, origin: self.origin, unit: self.unit, colour }
    }

    fn at(&self, (x, y): (f32, f32)) -> Pos2 {
        pos2(self.origin.x + self.unit * x, self.origin.y + self.unit * y)
    }

    /// A line with round ends.
    pub fn line(&self, points: &[(f32, f32)], width: f32) {
        let points: Vec<Pos2> = points.iter().map(|p| self.at(*p)).collect();
        let width = width * self.unit;
        for end in &points {
            self.painter.circle_filled(*end, 0.5 * width, self.colour);
        }
        self.painter.add(Shape::line(points, Stroke::new(width, self.colour)));
    }

    /// A curved line: a smooth way through the points.
    pub fn curve(&self, points: &[(f32, f32)], width: f32) {
        let mut smooth = Vec::new();
        for n in 0..points.len() - 1 {
            let p = |at: isize| points[(n as isize + at).clamp(0, points.len() as isize - 1) as usize];
            let (p0, p1, p2, p3) = (p(-1), p(0), p(1), p(2));
            for step in 0..8 {
                let t = step as f32 / 8.0;
                let spline = |a: f32, b: f32, c: f32, d: f32| {
                    0.5 * (2.0 * b
                        + (c - a) * t
                        + (2.0 * a - 5.0 * b + 4.0 * c - d) * t * t
                        + (3.0 * b - a - 3.0 * c + d) * t * t * t)
                };
                smooth.push((spline(p0.0, p1.0, p2.0, p3.0), spline(p0.1, p1.1, p2.1, p3.1)));
            }
        }
        smooth.push(points[points.len() - 1]);
        self.line(&smooth, width);
    }

    /// A filled shape without dents.
    pub fn fill(&self, points: &[(f32, f32)]) {
        let points = points.iter().map(|p| self.at(*p)).collect();
        self.painter.add(Shape::convex_polygon(points, self.colour, Stroke::NONE));
    }

    /// A disc.
    pub fn dot(&self, at: (f32, f32), radius: f32) {
        self.painter.circle_filled(self.at(at), radius * self.unit, self.colour);
    }

    /// A circle.
    pub fn ring(&self, at: (f32, f32), radius: f32, width: f32) {
        self.painter.circle_stroke(self.at(at), radius * self.unit, Stroke::new(width * self.unit, self.colour));
    }

    /// A part of a circle, from one angle to another in degrees, clockwise from the right.
    pub fn arc(&self, at: (f32, f32), radius: f32, from: f32, to: f32, width: f32) {
        let stroke = Stroke::new(width * self.unit, self.colour);
        arc(self.painter, self.at(at), radius * self.unit, from.to_radians(), to.to_radians(), stroke);
    }
}

#[cfg(test)]
mod tests {
    use super::signed;

    #[test]
    fn minus_is_written_before_numbers_and_nowhere_else() {
        for (typed, written) in [
            ("-65.0 dB", "−65.0 dB"),
            ("G3 to A6, -33 to -12 dB(A)", "G3 to A6, −33 to −12 dB(A)"),
            ("Default (-24.0 dB)", "Default (−24.0 dB)"),
            ("CC0-1.0, take-2 of a well-known tune - or two", "CC0-1.0, take-2 of a well-known tune - or two"),
            ("", ""),
            ("-", "-"),
        ] {
            assert_eq!(signed(typed), written);
        }
    }
}
