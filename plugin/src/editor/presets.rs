//! The presets to choose from, in groups, with search and favourites; saving, renaming and deleting one's own.

use super::{
    browser::{among, search_field},
    button,
    edits::Edits,
    files::Looks,
    icons::{Sign, family, family_name},
    layout::GAP,
    lists::{Cursor, ListKeys},
    paint::{focus_ring, panel, text, text_within, well},
    preset_list::{PresetList, USER},
    theme::{BODY, GRID, ROUND_SMALL, SMALL, TITLE, Theme},
};
use egui::{
    Align2, Color32, CornerRadius, Key, Rect, Response, Role, ScrollArea, Sense, Stroke, StrokeKind, TextEdit, Ui, UiBuilder,
    pos2, vec2,
};

const GROUPS: f32 = 158.0;
const ABOUT: f32 = 290.0;
const FAVOURITES: &str = "Favourites";
const ALL: &str = "All";

/// What the list remembers.
#[derive(Default)]
pub struct Presets {
    search: String,
    group: Option<String>,
    /// The name that is being typed, for a new preset or, with its place, another name for one.
    naming: Option<(String, Option<usize>)>,
    /// The preset that is to be deleted, until it is confirmed.
    deleting: Option<usize>,
    /// Where the keyboard is.
    cursor: Cursor,
    /// What played when the list was last drawn: it is brought into view when it changes.
    seen: Option<usize>,
    open: bool,
}

impl Presets {
    /// A name for a new preset is asked for.
    pub fn ask_for_name(&mut self) {
        self.naming = Some((String::new(), None));
    }

    /// The list is closed: nothing is searched any more. Its group stays, for the arrows go through it.
    pub fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            self.search.clear();
            self.cursor.forget();
            (self.naming, self.deleting, self.seen) = (None, None, None);
        }
    }

    /// The places of the presets that are shown, and that the arrows go through.
    pub fn wanted(&self, preset_list: &PresetList, looks: &Looks) -> Vec<usize> {
        let wanted = self.search.trim().to_lowercase();
        let found = |text: &str| text.to_lowercase().contains(&wanted);
        let fits = |n: &usize| {
            let preset = &preset_list.presets()[*n];
            let plays =
                || preset_list.instruments(*n).iter().any(|played| found(&played.name) || found(&family_name(&played.family)));
            (found(&preset.name) || found(&preset.group) || found(&preset.about) || plays())
                && match self.group.as_deref() {
                    None => true,
                    Some(FAVOURITES) => looks.favourite_presets.contains(&preset.name),
                    Some(group) => preset.group == group,
                }
        };
        (0..preset_list.presets().len()).filter(fits).collect()
    }

    /// What they have in common, in words; None for all.
    pub fn among(&self) -> Option<String> {
        match self.group.as_deref() {
            Some(FAVOURITES) => among(true, None),
            group => among(false, group.map(str::to_owned)),
        }
    }

    /// Draws the list over the displays; whether it is to stay open.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        theme: &Theme,
        edits: &mut Edits,
        preset_list: &mut PresetList,
        looks: &mut Looks,
    ) -> bool {
        let groups = Rect::from_min_size(rect.min, vec2(GROUPS, rect.height()));
        let about = Rect::from_min_max(pos2(rect.right() - ABOUT, rect.top()), rect.max);
        let list = Rect::from_min_max(pos2(groups.right() + GAP, rect.top()), pos2(about.left() - GAP, rect.bottom()));
        panel(ui, groups, theme);
        panel(ui, list, theme);
        well(ui, about, theme);
        self.groups(ui, groups, theme, preset_list);
        let head = Rect::from_min_size(list.min + vec2(12.0, 10.0), vec2(list.width() - 24.0, 28.0));
        let close = Rect::from_min_size(head.right_top() - vec2(26.0, 0.0), vec2(26.0, 28.0));
        let field = Rect::from_min_max(head.min, pos2(close.left() - 6.0, head.bottom()));
        // While a name is typed, the keys are the name's.
        let fresh = !std::mem::replace(&mut self.open, true) && self.naming.is_none();
        let before = self.search.clone();
        let keys = search_field(ui, field, theme, &mut self.search, "Search presets", fresh);
        let keys = if self.naming.is_some() { ListKeys::default() } else { keys };
        let searched = self.search != before;
        let closed = button::icon(ui, close, theme, Sign::Close, "Close the list", None, true).clicked();
        let rows = Rect::from_min_max(pos2(list.left() + 8.0, head.bottom() + 2.0 * GRID), list.max - vec2(6.0, 8.0));
        self.rows(ui, rows, theme, (edits, preset_list, looks), keys, searched);
        self.about(ui, about.shrink(16.0), theme, edits, preset_list);
        let escape = self.naming.is_none() && ui.input(|i| i.key_pressed(Key::Escape));
        !closed && !escape
    }

    fn groups(&mut self, ui: &Ui, rect: Rect, theme: &Theme, preset_list: &PresetList) {
        let mut names = vec![ALL.to_owned(), FAVOURITES.to_owned()];
        for preset in preset_list.presets() {
            if !names.contains(&preset.group) {
                names.push(preset.group.clone());
            }
        }
        if !names.iter().any(|n| n == USER) {
            names.push(USER.into());
        }
        for (n, name) in names.iter().enumerate() {
            let row = Rect::from_min_size(rect.min + vec2(8.0, 10.0 + 30.0 * n as f32), vec2(rect.width() - 16.0, 28.0));
            if row.bottom() > rect.bottom() {
                break;
            }
            let on = self.group.as_deref().unwrap_or(ALL) == name;
            let response = button::area(ui, row, &format!("Group: {name}"), Role::RadioButton, Some(on));
            entry(ui, &response, theme, name, on, row.width() - 16.0);
            if response.clicked() {
                self.group = (name != ALL).then(|| name.clone());
            }
        }
    }

    fn rows(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        theme: &Theme,
        (edits, preset_list, looks): (&mut Edits, &mut PresetList, &mut Looks),
        keys: ListKeys,
        searched: bool,
    ) {
        let shown = self.wanted(preset_list, looks);
        if shown.is_empty() {
            let words = match self.group.as_deref() {
                Some(USER) => "None yet: save what you hear",
                Some(FAVOURITES) => "None yet: a star makes one",
                _ => "Nothing fits the search",
            };
            text(ui.painter(), rect.center(), Align2::CENTER_CENTER, words, BODY, theme.muted);
            return;
        }
        let current = preset_list.current(edits);
        let scroll = std::mem::replace(&mut self.seen, current) != current;
        if searched {
            self.cursor.to_first(&shown);
        }
        // There is one column: across is another group.
        let mut picked = self.cursor.step(ListKeys { across: 0, ..keys }, &shown, 1, current);
        let to_cursor = std::mem::take(&mut self.cursor.moved);
        ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
            ScrollArea::vertical().id_salt("presets").auto_shrink([false, false]).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                for n in shown {
                    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width() - 10.0, 28.0), Sense::hover());
                    let preset = &preset_list.presets()[n];
                    let on = current == Some(n);
                    let response = button::area_of(ui, row, ("preset", n), &preset.name, Role::Button, None);
                    let cursor = self.cursor.at() == Some(n);
                    if (on && scroll) || (cursor && to_cursor) {
                        ui.scroll_to_rect(row, None);
                    }
                    entry(ui, &response, theme, &preset.name, on, row.width() - 220.0);
                    if cursor {
                        focus_ring(ui.painter(), row.shrink(3.0), theme);
                    }
                    // What plays, as glyphs before the name's group.
                    let mut left = row.right() - 40.0 - 112.0;
                    for played in preset_list.instruments(n).iter().rev() {
                        let glyph = Rect::from_center_size(pos2(left - 10.0, row.center().y), vec2(18.0, 18.0));
                        let ink = if on { theme.a } else { theme.muted };
                        let ground = if on { theme.lit(theme.panel, theme.a) } else { theme.panel };
                        family(ui.painter(), glyph, &played.family, ink, ground);
                        left -= 24.0;
                    }
                    let at = row.right_center() - vec2(40.0, 0.0);
                    text_within(ui.painter(), at, Align2::RIGHT_CENTER, &preset.group, SMALL, theme.muted, 116.0);
                    let loved = looks.favourite_presets.contains(&preset.name);
                    let star = Rect::from_center_size(row.right_center() - vec2(18.0, 0.0), vec2(24.0, 24.0));
                    let name = format!("Favourite: {}", preset.name);
                    if button::icon_of(
                        ui,
                        star,
                        theme,
                        ("loved preset", n),
                        Sign::Star(loved),
                        &name,
                        loved.then_some(theme.voice),
                        true,
                    )
                    .clicked()
                        && !looks.favourite_presets.remove(&preset.name)
                    {
                        looks.favourite_presets.insert(preset.name.clone());
                    }
                    if response.clicked() {
                        picked = Some(n);
                    }
                }
            });
        });
        if let Some(n) = picked {
            self.deleting = None;
            if let Err(why) = preset_list.load(edits, n) {
                edits.notices().say(why);
            }
        }
    }

    /// What plays, and what can be done with it.
    fn about(&mut self, ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, preset_list: &mut PresetList) {
        let painter = ui.painter().clone();
        text_within(&painter, rect.min, Align2::LEFT_TOP, &PresetList::name(edits), TITLE, theme.text, rect.width());
        let current = preset_list.current(edits);
        let own = current.filter(|at| preset_list.presets()[*at].file.is_some());
        let preset = current.map(|at| preset_list.presets()[at].clone());
        let group = preset.as_ref().map_or("", |p| p.group.as_str());
        text(&painter, rect.min + vec2(0.0, 24.0), Align2::LEFT_TOP, group, SMALL, theme.muted);
        let about = preset.as_ref().map_or("", |p| p.about.as_str());
        let words = painter.layout(about.into(), super::theme::font(BODY), theme.text, rect.width());
        let under = 48.0 + words.size().y + 3.0 * GRID;
        painter.galley(rect.min + vec2(0.0, 48.0), words, theme.text);
        let played = current.map_or(&[][..], |at| preset_list.instruments(at));
        for (n, played) in played.iter().enumerate() {
            let line = Rect::from_min_size(rect.min + vec2(0.0, under + 36.0 * n as f32), vec2(rect.width(), 32.0));
            let colour = if n == 0 { theme.a } else { theme.b };
            let glyph = Rect::from_min_size(line.min, vec2(32.0, 32.0));
            painter.rect_filled(glyph, CornerRadius::same(6), theme.lit(theme.well, colour));
            family(&painter, glyph.shrink(6.0), &played.family, colour, theme.lit(theme.well, colour));
            let share = if played.share < 100.0 { format!("{:.0} %", played.share) } else { String::new() };
            let right = text(&painter, line.right_center(), Align2::RIGHT_CENTER, &share, SMALL, theme.muted);
            let at = pos2(glyph.right() + 10.0, line.center().y);
            text_within(&painter, at, Align2::LEFT_CENTER, &played.name, BODY, theme.text, right.left() - at.x - 8.0);
        }

        let row = |n: f32| Rect::from_min_size(pos2(rect.left(), rect.bottom() - 28.0 - 34.0 * n), vec2(rect.width(), 28.0));
        let half = |n: f32, right: bool| {
            let wide = 0.5 * (rect.width() - GAP);
            Rect::from_min_size(row(n).min + vec2(if right { wide + GAP } else { 0.0 }, 0.0), vec2(wide, 28.0))
        };
        if let Some((mut name, of)) = self.naming.take() {
            let field = row(1.0);
            painter.rect(
                field,
                CornerRadius::same(ROUND_SMALL as u8),
                theme.panel,
                Stroke::new(1.0, theme.a),
                StrokeKind::Inside,
            );
            let edit = TextEdit::singleline(&mut name).hint_text("Name of the preset").frame(egui::Frame::NONE);
            let edit = ui.put(field.shrink2(vec2(8.0, 4.0)), edit.margin(egui::Margin::symmetric(0, 3)));
            if !edit.has_focus() && !edit.lost_focus() {
                edit.request_focus();
            }
            let entered = edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
            let words = if of.is_some() { "Rename" } else { "Save" };
            let done = button::words(ui, half(0.0, false), theme, words, "").clicked() || entered;
            let given_up =
                button::words(ui, half(0.0, true), theme, "Cancel", "").clicked() || ui.input(|i| i.key_pressed(Key::Escape));
            if done {
                let result = match of {
                    Some(at) => preset_list.rename(edits, at, &name),
                    None => preset_list.save(edits, &name, ""),
                };
                match result {
                    Ok(()) => {
                        edits.notices().hush();
                        // It is to be seen, and the arrows are not to be left among one.
                        self.group = None;
                    }
                    Err(why) => {
                        edits.notices().say(why);
                        self.naming = Some((name, of));
                    }
                }
            } else if !given_up {
                self.naming = Some((name, of));
            }
        } else if let Some(at) = self.deleting {
            text(&painter, row(1.0).left_center(), Align2::LEFT_CENTER, "Delete this preset's file?", BODY, theme.alarm);
            if button::words(ui, half(0.0, false), theme, "Delete", "It cannot be undone").clicked() {
                if let Err(why) = preset_list.delete(at) {
                    edits.notices().say(why);
                }
                self.deleting = None;
            }
            if button::words(ui, half(0.0, true), theme, "Keep", "").clicked() {
                self.deleting = None;
            }
        } else {
            let wide = if own.is_some() { row(1.0) } else { row(0.0) };
            if button::words(ui, wide, theme, "Save as …", "Keep what is heard as a preset of your own").clicked() {
                self.naming = Some((String::new(), None));
            }
            if let Some(at) = own {
                if button::words(ui, half(0.0, false), theme, "Rename …", "").clicked() {
                    self.naming = Some((preset_list.presets()[at].name.clone(), Some(at)));
                }
                if button::words(ui, half(0.0, true), theme, "Delete …", "").clicked() {
                    self.deleting = Some(at);
                }
            }
        }
    }
}

/// A line of a list, lit where it is chosen or under the pointer; its name may take `room`.
fn entry(ui: &Ui, line: &Response, theme: &Theme, name: &str, on: bool, room: f32) {
    let fill = if on {
        theme.lit(theme.panel, theme.a)
    } else if line.hovered() {
        theme.raised
    } else {
        Color32::TRANSPARENT
    };
    ui.painter().rect_filled(line.rect, CornerRadius::same(ROUND_SMALL as u8), fill);
    let ink = if on { theme.a } else { theme.text };
    let at = line.rect.left_center() + vec2(10.0, 0.0);
    text_within(ui.painter(), at, Align2::LEFT_CENTER, name, BODY, ink, room);
}
