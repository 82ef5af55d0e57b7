//! An instrument's card: what it is, who made it, under which licence, where it is at home, and how good it is.

use super::{
    icons::{family, family_name},
    live::{note, note_name},
    paint::{text, text_within},
    theme::{BODY, GRID, SMALL, TITLE, Theme},
};
use egui::{Align2, Color32, CornerRadius, Rect, RichText, ScrollArea, Ui, UiBuilder, pos2, vec2};
use syrinx_engine::{Card, Decay};

/// Held-out scores that are shown, what they are called, and what a listener makes of them.
const SCORES: [(&str, &str); 6] = [
    ("lsd", "Spectrum"),
    ("mel", "Tone colour"),
    ("attack", "Attacks"),
    ("h1_5", "Harmonics 1 to 5"),
    ("h6_15", "Harmonics 6 to 15"),
    ("noise", "Noise"),
];
/// The score at which its bar is empty, dB.
const WORST_DB: f32 = 12.0;

/// Draws a card.
pub fn show(ui: &mut Ui, rect: Rect, theme: &Theme, card: &Card, colour: Color32) {
    let glyph = Rect::from_min_size(rect.min, vec2(44.0, 44.0));
    ui.painter().rect_filled(glyph, CornerRadius::same(8), theme.faint(colour, 0.16));
    family(ui.painter(), glyph.shrink(8.0), &card.family, colour, theme.well);
    let left = glyph.right() + 3.0 * GRID;
    let room = rect.right() - left;
    text_within(ui.painter(), pos2(left, rect.top() + 3.0), Align2::LEFT_TOP, &card.name, TITLE, theme.text, room);
    let who = format!("{}   ·   by {}", family_name(&card.family), card.author);
    text_within(ui.painter(), pos2(left, rect.top() + 25.0), Align2::LEFT_TOP, &who, SMALL, theme.muted, room);

    let body = Rect::from_min_max(pos2(rect.left(), glyph.bottom() + 3.0 * GRID), rect.max);
    ui.scope_builder(UiBuilder::new().max_rect(body), |ui| {
        ScrollArea::vertical().id_salt(("card", &card.id)).auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 3.0;
            let [low, high] = card.pitch_range_hz.map(|hz| note_name(note(hz)));
            let [soft, loud] = card.loudness_range_db;
            fact(ui, theme, "Range", &format!("{low} to {high}, {soft:.0} to {loud:.0} dB(A)"));
            if let Some(Decay { struck_range_db: [soft, loud], .. }) = &card.decay {
                fact(ui, theme, "Struck", &format!("at {soft:.0} to {loud:.0} dB(A)"));
            }
            if let Some((least, most)) = card.decay.as_ref().and_then(Decay::late_range) {
                fact(ui, theme, "Dies away", &format!("by {least:.0} to {most:.0} dB a second"));
            }
            fact(ui, theme, "Licence", &card.licence);
            if let Some(seconds) = card.training.get("seconds") {
                fact(ui, theme, "Trained on", &format!("{seconds} s of recordings"));
            }
            heading(ui, theme, "Made from");
            for credit in &card.credits {
                words(ui, theme, credit);
            }
            if !card.caveats.is_empty() {
                heading(ui, theme, "Mind");
                for caveat in &card.caveats {
                    words(ui, theme, caveat);
                }
            }
            heading(ui, theme, "Distance from recordings it never heard");
            for (id, name) in SCORES {
                if let Some(score) = card.scores.get(id) {
                    bar(ui, theme, name, *score, colour);
                }
            }
        });
    });
}

fn heading(ui: &mut Ui, theme: &Theme, words: &str) {
    ui.add_space(2.0 * GRID);
    ui.label(RichText::new(words).size(SMALL).color(theme.muted));
}

fn words(ui: &mut Ui, theme: &Theme, words: &str) {
    ui.add(egui::Label::new(RichText::new(words).size(BODY).color(theme.text)).wrap());
}

fn fact(ui: &mut Ui, theme: &Theme, name: &str, value: &str) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), egui::Sense::hover());
    text(ui.painter(), rect.left_center(), Align2::LEFT_CENTER, name, SMALL, theme.muted);
    let at = rect.left_center() + vec2(80.0, 0.0);
    text_within(ui.painter(), at, Align2::LEFT_CENTER, value, BODY, theme.text, rect.width() - 84.0);
}

fn bar(ui: &mut Ui, theme: &Theme, name: &str, score: f32, colour: Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 17.0), egui::Sense::hover());
    text(ui.painter(), rect.left_center(), Align2::LEFT_CENTER, name, SMALL, theme.text);
    let number = pos2(rect.right() - 8.0, rect.center().y);
    text(ui.painter(), number, Align2::RIGHT_CENTER, &format!("{score:.1} dB"), SMALL, theme.text);
    let whole =
        Rect::from_min_max(pos2(rect.left() + 118.0, rect.center().y - 2.0), pos2(rect.right() - 62.0, rect.center().y + 2.0));
    if whole.width() > 10.0 {
        ui.painter().rect_filled(whole, 2, theme.line);
        let good = whole.width() * (1.0 - score / WORST_DB).clamp(0.02, 1.0);
        ui.painter().rect_filled(Rect::from_min_size(whole.min, vec2(good, whole.height())), 2, colour);
    }
}
