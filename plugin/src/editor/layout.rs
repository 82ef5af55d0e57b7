//! Where everything is: rectangles on the grid, from the size of the window.

use super::theme::GRID;
use crate::source::Source;
use egui::{Rect, pos2, vec2};

/// The window as it opens first, points.
pub const SIZE: (f32, f32) = (1120.0, 740.0);
/// The smallest window, points.
pub const LEAST: (f32, f32) = (960.0, 640.0);

const MARGIN: f32 = 3.0 * GRID;
/// Between panels.
pub const GAP: f32 = 2.0 * GRID;
const HEADER: f32 = 11.0 * GRID;
const FOOTER: f32 = 8.0 * GRID;
const SLOTS: f32 = 14.0 * GRID;
const CONTROLS: f32 = 49.0 * GRID;
const METERS: f32 = 17.0 * GRID;
const KEYBOARD: f32 = 17.0 * GRID;

/// The nearest line of the grid.
pub fn on_grid(at: f32) -> f32 {
    (at / GRID).round() * GRID
}

/// The parts of the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// Presets, A and B, undo, the window's own settings.
    pub header: Rect,
    /// Instruments and morph.
    pub slots: Rect,
    /// Pitch and loudness.
    pub field: Rect,
    /// Harmonics and noise.
    pub bars: Rect,
    /// The last seconds of pitch.
    pub pitch: Rect,
    /// Levels.
    pub meters: Rect,
    /// Keys to play on, where it is played from keys.
    pub keyboard: Option<Rect>,
    /// Knobs.
    pub controls: Rect,
    /// Delay, load and troubles.
    pub footer: Rect,
}

impl Layout {
    /// For a window of this size of who plays from `source`.
    pub fn of(window: Rect, source: Source) -> Self {
        let header = Rect::from_min_size(window.min, vec2(window.width(), HEADER));
        let footer = Rect::from_min_max(pos2(window.left(), window.bottom() - FOOTER), window.max);
        let inner = Rect::from_min_max(
            pos2(window.left() + MARGIN, header.bottom() + GAP),
            pos2(window.right() - MARGIN, footer.top() - GAP),
        );
        let slots = Rect::from_min_size(inner.min, vec2(inner.width(), SLOTS));
        // A tall window gives the knobs a little, and the displays the rest.
        let controls_height = CONTROLS + on_grid((0.12 * (window.height() - SIZE.1)).clamp(-8.0, 40.0));
        let controls = Rect::from_min_max(pos2(inner.left(), inner.bottom() - controls_height), inner.max);
        let keyboard = (source == Source::Keys).then(|| {
            let top = controls.top() - GAP - KEYBOARD;
            Rect::from_min_size(pos2(inner.left(), top), vec2(inner.width(), KEYBOARD))
        });
        let below = keyboard.map_or(controls.top(), |keyboard| keyboard.top());
        let centre = Rect::from_min_max(pos2(inner.left(), slots.bottom() + GAP), pos2(inner.right(), below - GAP));
        let meters = Rect::from_min_max(pos2(centre.right() - METERS, centre.top()), centre.max);
        let displays = centre.width() - METERS - 2.0 * GAP;
        let field = Rect::from_min_size(centre.min, vec2(on_grid(0.54 * displays), centre.height()));
        let right = Rect::from_min_max(pos2(field.right() + GAP, centre.top()), pos2(meters.left() - GAP, centre.bottom()));
        let bars_height = on_grid(0.5 * (right.height() - GAP));
        let bars = Rect::from_min_size(right.min, vec2(right.width(), bars_height));
        let pitch = Rect::from_min_max(pos2(right.left(), bars.bottom() + GAP), right.max);
        Self { header, slots, field, bars, pitch, meters, keyboard, controls, footer }
    }

    /// The whole of the displays: what lists are shown over.
    pub fn centre(&self) -> Rect {
        Rect::from_min_max(self.field.min, self.meters.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_overlaps_or_leaves_the_window_at_any_size() {
        for (source, (w, h)) in Source::BOTH
            .into_iter()
            .flat_map(|source| [LEAST, SIZE, (1400.0, 800.0), (2400.0, 1500.0), (960.0, 1200.0)].map(|size| (source, size)))
        {
            let window = Rect::from_min_size(pos2(0.0, 0.0), vec2(w, h));
            let Layout { header, slots, field, bars, pitch, meters, keyboard, controls, footer } = Layout::of(window, source);
            assert_eq!(keyboard.is_some(), source == Source::Keys);
            let all: Vec<Rect> =
                [header, slots, field, bars, pitch, meters, controls, footer].into_iter().chain(keyboard).collect();
            for (n, a) in all.iter().enumerate() {
                assert!(window.contains_rect(*a) && a.width() > 40.0 && a.height() > 20.0, "{w}x{h}: {n} is {a:?}");
                for b in &all[n + 1..] {
                    assert!(!a.shrink(0.1).intersects(b.shrink(0.1)), "{w}x{h}: {a:?} and {b:?}");
                }
            }
            assert!(field.height() >= if keyboard.is_some() { 200.0 } else { 240.0 } || h < 700.0, "{field:?}");
            for edge in all.iter().flat_map(|part| [part.left(), part.right(), part.top(), part.bottom()]) {
                assert_eq!(on_grid(edge), edge, "{w}x{h}: an edge beside the grid");
            }
        }
    }
}
