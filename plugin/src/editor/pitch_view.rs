//! The last seconds of pitch, the voice's and the instrument's, scrolling.

use super::{
    button,
    live::{Live, PITCH_S, Pitches, note_name},
    paint::{heading, text, well},
    theme::{SMALL, Theme},
};
use egui::{Align2, Color32, CornerRadius, Painter, Pos2, Rect, Shape, Stroke, Ui, pos2, vec2};
use syrinx_engine::PARTS;

/// Least that the view spans, semitones.
const LEAST_SPAN: f32 = 16.0;

/// Panels that the view opens over others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    /// The notes that are sung, for other instruments.
    Notes,
    /// The parts that play along.
    Choir,
    /// An instrument that is learned from recordings.
    Learn,
}

/// A line: which pitch, its colour, and its width.
type Line<'a> = (&'a dyn Fn(&Pitches) -> Option<f32>, Color32, f32);

/// What the view remembers: the notes at its bottom and top.
pub struct PitchView {
    notes: [f32; 2],
}

impl Default for PitchView {
    fn default() -> Self {
        Self { notes: [52.0, 76.0] }
    }
}

impl PitchView {
    /// Draws the last seconds up to `now`; who hears no voice has one line. Of who hears one, `open` says which panels are open, and is
    /// answered which was pressed.
    #[allow(clippy::too_many_arguments)]
    pub fn show(
        &mut self,
        ui: &Ui,
        rect: Rect,
        theme: &Theme,
        live: &Live,
        now: f64,
        colour: Color32,
        open: Option<&[Panel]>,
    ) -> Option<Panel> {
        well(ui, rect, theme);
        self.follow(live);
        let plot = rect.shrink2(vec2(1.0, 6.0));
        let painter = ui.painter().with_clip_rect(plot);
        let [low, high] = self.notes;
        let y = |note: f32| plot.bottom() - plot.height() * (note - low) / (high - low);
        let x = |time: f64| plot.right() - 44.0 - (plot.width() - 52.0) * ((now - time) / PITCH_S) as f32;
        for n in low.ceil() as i32..=high.floor() as i32 {
            let strength = match n.rem_euclid(12) {
                0 => 1.0,
                2 | 4 | 5 | 7 | 9 | 11 => 0.25,
                _ => continue,
            };
            let at = y(n as f32).round() + 0.5;
            painter.hline(plot.left()..=plot.right() - 36.0, at, Stroke::new(1.0, theme.faint(theme.line, 0.8 * strength)));
            if n.rem_euclid(12) == 0 {
                text(&painter, pos2(plot.right() - 8.0, at), Align2::RIGHT_CENTER, &note_name(n as f32), SMALL, theme.muted);
            }
        }
        if open.is_some_and(|open| open.contains(&Panel::Notes)) {
            Self::notes(&painter, live, &x, &y, theme);
        }
        // Where both sing the same, one shows around the other.
        let part: [_; PARTS] = std::array::from_fn(|n| move |p: &Pitches| p.parts[n]);
        let parts = part.iter().map(|of| (of as &dyn Fn(&Pitches) -> Option<f32>, theme.faint(theme.b, 0.8), 1.8));
        let lines: [Line<'_>; 2] = [(&|p| p.played, colour, 4.0), (&|p| p.voice, theme.voice, 1.8)];
        for (of, colour, width) in parts.chain(lines) {
            let mut piece: Vec<Pos2> = Vec::new();
            let mut before: Option<f32> = None;
            let draw = |piece: &mut Vec<Pos2>| {
                if piece.len() > 1 {
                    painter.add(Shape::line(std::mem::take(piece), Stroke::new(width, colour)));
                }
                piece.clear();
            };
            for pitches in &live.pitches {
                let note = of(pitches);
                // A leap is a new note.
                if note.is_none() || before.zip(note).is_some_and(|(a, b)| (a - b).abs() > 3.0) {
                    draw(&mut piece);
                }
                if let Some(note) = note {
                    piece.push(pos2(x(pitches.time), y(note)));
                }
                before = note;
            }
            draw(&mut piece);
            if let Some(note) = live.pitches.back().and_then(of) {
                painter.circle_filled(pos2(x(now), y(note)), 2.5 + 0.5 * width, colour);
            }
        }
        heading(ui, rect, theme, "Pitch");
        let open = open?;
        let legend = rect.left_top() + vec2(52.0, 10.0);
        let end = text(ui.painter(), legend, Align2::LEFT_TOP, "voice", SMALL, theme.voice);
        text(ui.painter(), pos2(end.right() + 10.0, legend.y), Align2::LEFT_TOP, "instrument", SMALL, colour);
        let mut pressed = None;
        let panels = [
            (Panel::Notes, "Notes out", "The notes that are sung, for other instruments and as a file", theme.voice, 84.0),
            (Panel::Choir, "Choir", "Other instruments that play along, by rules of harmony", theme.b, 60.0),
            (Panel::Learn, "Learn", "An instrument of one's own, from a minute of recordings", theme.a, 60.0),
        ];
        let mut right = rect.right() - 8.0;
        for (panel, name, help, colour, wide) in panels {
            let place = Rect::from_min_size(pos2(right - wide, rect.top() + 6.0), vec2(wide, 20.0));
            let on = open.contains(&panel);
            if button::switch(ui, place, theme, button::Switch { name, help, on, tells: None, colour }) {
                pressed = Some(panel);
            }
            right -= wide + 6.0;
        }
        pressed
    }

    /// Draws the keys that were sung, each as long as it was.
    fn notes(painter: &Painter, live: &Live, x: &dyn Fn(f64) -> f32, y: &dyn Fn(f32) -> f32, theme: &Theme) {
        let half = (y(0.0) - y(1.0)).abs().min(12.0) * 0.4;
        let pitches: Vec<&Pitches> = live.pitches.iter().collect();
        for run in pitches.chunk_by(|a, b| a.key == b.key) {
            let (first, last) = (run[0], run[run.len() - 1]);
            let Some(key) = first.key else { continue };
            let bar = Rect::from_x_y_ranges(
                x(first.time)..=x(last.time).max(x(first.time) + 2.0),
                y(key.into()) - half..=y(key.into()) + half,
            );
            painter.rect_filled(bar, CornerRadius::same(2), theme.faint(theme.voice, 0.5));
        }
    }

    /// Follows what is to be seen, without haste.
    fn follow(&mut self, live: &Live) {
        let seen = live.pitches.iter().flat_map(|p| [p.voice, p.played].into_iter().chain(p.parts)).flatten();
        let (low, high) = seen.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), n| (low.min(n), high.max(n)));
        if low > high {
            return;
        }
        let (middle, span) = (0.5 * (low + high), (high - low + 6.0).max(LEAST_SPAN));
        for (now, wanted) in self.notes.iter_mut().zip([middle - 0.5 * span, middle + 0.5 * span]) {
            *now += 0.12 * (wanted - *now);
        }
    }
}
