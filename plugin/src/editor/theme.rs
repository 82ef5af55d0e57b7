//! How the window looks: two palettes, one typeface in four sizes, and a grid of four points. Nothing else in the editor names a colour
//! or a size of type.

use egui::{Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow, Stroke, Visuals};
use std::sync::Arc;

/// Roboto: its figures all have the same width, so that readouts do not dance.
const TYPEFACE: &[u8] = include_bytes!("../../../assets/fonts/Roboto-Regular.ttf");

/// The grid: every distance is a multiple of this, points.
pub const GRID: f32 = 4.0;
/// Corners of panels.
pub const ROUND: f32 = 8.0;
/// Corners of buttons and lists.
pub const ROUND_SMALL: f32 = 5.0;

/// Readouts and labels.
pub const SMALL: f32 = 11.0;
/// Buttons, lists and running text.
pub const BODY: f32 = 13.0;
/// Names.
pub const TITLE: f32 = 16.0;
/// What is read from afar.
pub const BIG: f32 = 22.0;

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
    /// Text on a coloured ground.
    pub on_colour: Color32,
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
    on_colour: hex(0x0c0f14),
};

/// For bright rooms.
pub const LIGHT: Theme = Theme {
    dark: false,
    back: hex(0xe7e4de),
    panel: hex(0xf7f5f1),
    well: hex(0xfdfcfa),
    raised: hex(0xe6e2da),
    hover: hex(0xd9d4ca),
    line: hex(0xd3cdc1),
    text: hex(0x1c2330),
    muted: hex(0x556070),
    voice: hex(0xb85c00),
    a: hex(0x0b7d70),
    b: hex(0x6546c9),
    alarm: hex(0xc62828),
    on_colour: hex(0xffffff),
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
            for ground in [theme.back, theme.panel, theme.well, theme.raised] {
                for (ink, least) in [(theme.text, 7.0), (theme.muted, 4.5)] {
                    let found = contrast(ink, ground);
                    assert!(found >= least, "{ink:?} on {ground:?} has {found:.2}, dark: {}", theme.dark);
                }
            }
            for colour in [theme.voice, theme.a, theme.b, theme.alarm] {
                for ground in [theme.panel, theme.well, theme.on_colour] {
                    let found = contrast(colour, ground);
                    assert!(found >= 4.2, "{colour:?} on {ground:?} has {found:.2}, dark: {}", theme.dark);
                }
            }
        }
    }
}
