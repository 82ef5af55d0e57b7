//! How the window looks: two palettes, one typeface in five sizes, and a grid of four points. Nothing else in the editor names a colour
//! or a size of type.

use egui::{Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow, Stroke, Visuals};
use std::sync::Arc;

/// Roboto: its figures all have the same width, so that readouts do not dance.
const TYPEFACE: &[u8] = include_bytes!("../../../assets/fonts/Roboto-Regular.ttf");

/// The grid: panels, their distances and what is in them lie on multiples of this, or of its half, points.
pub const GRID: f32 = 4.0;
/// Corners of panels.
pub const ROUND: f32 = 8.0;
/// Corners of buttons and lists.
pub const ROUND_SMALL: f32 = 5.0;

/// Along axes.
pub const TINY: f32 = 10.0;
/// Readouts and labels.
pub const SMALL: f32 = 11.0;
/// Buttons, lists and running text.
pub const BODY: f32 = 13.0;
/// Names.
pub const TITLE: f32 = 16.0;
/// What is read from afar.
pub const BIG: f32 = 20.0;

/// A size of the typeface.
pub fn font(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// A palette: warm is the voice, cool is the instrument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Theme {
    /// Whether it is the dark one.
    pub dark: bool,
    /// Behind all.
    pub back: Color32,
    /// A panel.
    pub panel: Color32,
    /// What lies deeper than a panel: displays.
    pub well: Color32,
    /// What stands out of a panel: buttons.
    pub raised: Color32,
    /// A button under the pointer.
    pub hover: Color32,
    /// Borders and grid lines.
    pub line: Color32,
    /// Text to be read.
    pub text: Color32,
    /// Labels.
    pub muted: Color32,
    /// The voice.
    pub voice: Color32,
    /// Instrument A.
    pub a: Color32,
    /// Instrument B.
    pub b: Color32,
    /// Something is wrong.
    pub alarm: Color32,
    /// White keys that the instrument reaches.
    pub key: Color32,
    /// White keys that it does not reach.
    pub far_key: Color32,
    /// Black keys.
    pub black_key: Color32,
    /// What is lit by light from above, at its top: knobs.
    pub shine: Color32,
}

const fn hex(rgb: u32) -> Color32 {
    Color32::from_rgb((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8)
}

/// For dark rooms, and by default.
pub const DARK: Theme = Theme {
    dark: true,
    back: hex(0x0c0f14),
    panel: hex(0x151a22),
    well: hex(0x0f131a),
    raised: hex(0x212936),
    hover: hex(0x2c3646),
    line: hex(0x293241),
    text: hex(0xe9edf3),
    muted: hex(0x98a4b5),
    voice: hex(0xffb05c),
    a: hex(0x4fd6c4),
    b: hex(0xa993ff),
    alarm: hex(0xff6b6b),
    key: hex(0x98a2b1),
    far_key: hex(0x2b333f),
    black_key: hex(0x0c0f14),
    shine: hex(0x2c3646),
};

/// For bright rooms.
pub const LIGHT: Theme = Theme {
    dark: false,
    back: hex(0xe7e4de),
    panel: hex(0xf7f5f1),
    well: hex(0xfdfcfa),
    raised: hex(0xe6e2da),
    hover: hex(0xdfdad0),
    line: hex(0xd3cdc1),
    text: hex(0x1c2330),
    muted: hex(0x525c6b),
    voice: hex(0x9f4e00),
    a: hex(0x086b60),
    b: hex(0x5f41c0),
    alarm: hex(0xb52222),
    key: hex(0xffffff),
    far_key: hex(0xe6e2da),
    black_key: hex(0x3b424d),
    shine: hex(0xffffff),
};

impl Theme {
    /// The dark palette or the light one.
    pub const fn of(dark: bool) -> Self {
        if dark { DARK } else { LIGHT }
    }

    /// A colour of the palette, so strong.
    pub fn faint(&self, colour: Color32, strength: f32) -> Color32 {
        colour.gamma_multiply(strength)
    }

    /// A colour between two.
    pub fn between(&self, from: Color32, to: Color32, t: f32) -> Color32 {
        from.lerp_to_gamma(to, t.clamp(0.0, 1.0))
    }

    /// A ground that is lit in a colour: what is chosen or switched on.
    pub fn lit(&self, ground: Color32, colour: Color32) -> Color32 {
        self.between(ground, colour, if self.dark { 0.16 } else { 0.12 })
    }

    /// A thin border.
    pub fn border(&self) -> Stroke {
        Stroke::new(1.0, self.line)
    }

    /// Dresses what egui draws itself: text fields, menus, tooltips, scroll bars.
    pub fn dress(&self, ctx: &egui::Context) {
        let mut visuals = if self.dark { Visuals::dark() } else { Visuals::light() };
        visuals.panel_fill = self.back;
        visuals.window_fill = self.panel;
        visuals.window_stroke = self.border();
        visuals.window_corner_radius = CornerRadius::same(ROUND as u8);
        visuals.menu_corner_radius = CornerRadius::same(ROUND_SMALL as u8);
        let shadow =
            Shadow { offset: [0, 6], blur: 18, spread: 0, color: Color32::from_black_alpha(if self.dark { 130 } else { 50 }) };
        visuals.popup_shadow = shadow;
        visuals.window_shadow = shadow;
        visuals.extreme_bg_color = self.well;
        visuals.text_edit_bg_color = Some(self.well);
        visuals.override_text_color = Some(self.text);
        visuals.selection.bg_fill = self.faint(self.a, 0.35);
        visuals.selection.stroke = Stroke::new(1.0, self.a);
        visuals.text_cursor.stroke = Stroke::new(1.5, self.a);
        for (widget, fill) in [
            (&mut visuals.widgets.noninteractive, self.panel),
            (&mut visuals.widgets.inactive, self.raised),
            (&mut visuals.widgets.hovered, self.hover),
            (&mut visuals.widgets.active, self.hover),
            (&mut visuals.widgets.open, self.raised),
        ] {
            widget.bg_fill = fill;
            widget.weak_bg_fill = fill;
            widget.bg_stroke = self.border();
            widget.fg_stroke = Stroke::new(1.0, self.text);
            widget.corner_radius = CornerRadius::same(ROUND_SMALL as u8);
            widget.expansion = 0.0;
        }
        ctx.set_visuals(visuals);
        ctx.all_styles_mut(|style| {
            use egui::TextStyle::{Body, Button, Heading, Monospace, Small};
            style.text_styles = [(Small, SMALL), (Body, BODY), (Button, BODY), (Monospace, BODY), (Heading, TITLE)]
                .map(|(style, size)| (style, font(size)))
                .into();
            style.spacing.item_spacing = egui::vec2(2.0 * GRID, GRID);
            style.spacing.button_padding = egui::vec2(2.0 * GRID, GRID);
            style.spacing.menu_margin = Margin::same(6);
            style.interaction.tooltip_delay = 0.6;
            style.interaction.selectable_labels = false;
        });
    }
}

/// Makes the typeface the only one.
pub fn set_typeface(ctx: &egui::Context) {
    let mut fonts = FontDefinitions::empty();
    fonts.font_data.insert("Roboto".into(), Arc::new(FontData::from_static(TYPEFACE)));
    for family in [FontFamily::Proportional, FontFamily::Monospace] {
        fonts.families.insert(family, vec!["Roboto".into()]);
    }
    ctx.set_fonts(fonts);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2, 1.4.3: text is readable from this contrast on.
    const READABLE: f32 = 4.5;

    /// WCAG's contrast of two colours.
    fn contrast(a: Color32, b: Color32) -> f32 {
        let luminance = |c: Color32| {
            let linear = |v: u8| egui::ecolor::linear_f32_from_gamma_u8(v);
            0.2126 * linear(c.r()) + 0.7152 * linear(c.g()) + 0.0722 * linear(c.b())
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn everything_written_is_readable_in_both_palettes() {
        for theme in [DARK, LIGHT] {
            let check = |ink: Color32, ground: Color32, least: f32, what: &str| {
                let found = contrast(ink, ground);
                assert!(found >= least, "{what}: {ink:?} on {ground:?} has {found:.2}, dark: {}", theme.dark);
            };
            for ground in [theme.back, theme.panel, theme.well, theme.raised, theme.hover] {
                check(theme.text, ground, 7.0, "text");
            }
            for ground in [theme.back, theme.panel, theme.well, theme.raised, theme.hover] {
                check(theme.muted, ground, READABLE, "a label");
            }
            for colour in [theme.voice, theme.a, theme.b, theme.between(theme.a, theme.b, 0.5), theme.alarm] {
                for ground in [theme.panel, theme.well] {
                    check(colour, ground, READABLE, "coloured text");
                }
                for ink in [colour, theme.text, theme.muted] {
                    check(ink, theme.lit(theme.panel, colour), READABLE, "text on what is chosen or switched on");
                }
            }
            // What is drawn and not written: WCAG asks for 3.
            for colour in [theme.voice, theme.a, theme.b, theme.alarm] {
                for ground in [theme.panel, theme.well, theme.raised] {
                    check(colour, ground, 3.0, "a line");
                }
            }
            check(theme.a, theme.panel, 3.0, "the ring of the focus");
        }
    }

    #[test]
    fn figures_have_one_width_so_that_readouts_do_not_dance() {
        let ctx = egui::Context::default();
        set_typeface(&ctx);
        // Typefaces are there from the second pass on.
        for _ in 0..2 {
            ctx.run_ui(egui::RawInput::default(), |_| {}).textures_delta.clear();
        }
        ctx.fonts_mut(|fonts| {
            for size in [TINY, SMALL, BODY, TITLE, BIG] {
                let font = font(size);
                let width = fonts.glyph_width(&font, '0');
                assert!(width > 0.3 * size, "{width}");
                for figure in '0'..='9' {
                    assert_eq!(fonts.glyph_width(&font, figure), width, "{figure} at {size}");
                }
                // The signs differ by a hair, not by a pixel.
                assert!((fonts.glyph_width(&font, '−') - fonts.glyph_width(&font, '+')).abs() < 0.1, "signs at {size}");
                for letter in "−–…·∞éä".chars() {
                    assert!(fonts.has_glyph(&font, letter), "{letter:?} at {size}");
                }
            }
        });
    }
}
