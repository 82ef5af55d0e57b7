//! The parts that play along with the lead: what each plays, on which instrument, how loud and where; and how they play it.

use super::{
    button,
    controls::{named, named_box, pick},
    edits::{At, Edits, at},
    paint::{heading, panel, text},
    theme::{GRID, SMALL, Theme},
    value_box,
};
use crate::params::instrument_name;
use egui::{Align2, Id, Rect, Sense, Ui, pos2, vec2};
use syrinx_engine::{OWN_INSTRUMENT, PARTS, ParamId, PartRows};

/// Height of what stands above the rows, and the most that a row is high.
const HEAD: f32 = 58.0;
const MOST_ROW: f32 = 34.0;
/// Width of a part's number.
const NUMBER: f32 = 16.0;

/// What the rows show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// Rule, instrument, level and place.
    #[default]
    Mix,
    /// Players, timing and movement.
    Playing,
}

/// A column of the rows: its heading, its share of the width, and what it sets, in steps of so much.
type Column = (&'static str, f32, fn(&PartRows) -> ParamId, Cell);

#[derive(Clone, Copy)]
enum Cell {
    List,
    Instrument,
    Number(f32),
    Switch(&'static str),
}

const MIX: &[Column] = &[
    ("Rule", 112.0, |part| part.rule, Cell::List),
    ("Step", 40.0, |part| part.step, Cell::Number(1.0)),
    ("Instrument", 122.0, |part| part.instrument, Cell::Instrument),
    ("Level", 58.0, |part| part.level, Cell::Number(1.0)),
    ("Pan", 58.0, |part| part.pan, Cell::Number(5.0)),
    ("", 24.0, |part| part.mute, Cell::Switch("M")),
    ("", 24.0, |part| part.solo, Cell::Switch("S")),
];
const PLAYING: &[Column] = &[
    ("Rule", 112.0, |part| part.rule, Cell::List),
    ("Players", 50.0, |part| part.players, Cell::Number(1.0)),
    ("Delay", 62.0, |part| part.delay, Cell::Number(1.0)),
    ("Humanise", 70.0, |part| part.humanise, Cell::Number(5.0)),
    ("Vibrato", 68.0, |part| part.vibrato, Cell::Number(5.0)),
    ("Glide", 62.0, |part| part.glide, Cell::Number(10.0)),
];

/// Draws the panel.
pub fn show(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, page: &mut Page) {
    // What lies under it is not to be pressed or dragged through it.
    ui.interact(rect, Id::unique("choir"), Sense::CLICK | Sense::DRAG);
    panel(ui, rect, theme);
    heading(ui, rect, theme, "Choir");
    head(ui, rect, theme, edits, page);
    let inner = Rect::from_min_max(rect.min + vec2(GRID, HEAD), rect.max - vec2(GRID, 0.5 * GRID));
    let columns = match page {
        Page::Mix => MIX,
        Page::Playing => PLAYING,
    };
    let total: f32 = columns.iter().map(|(_, share, ..)| share).sum();
    let high = (inner.height() / PARTS as f32).min(MOST_ROW);
    let wide = inner.width() - NUMBER;
    for n in 0..PARTS {
        let part = ParamId::part_rows(n);
        let top = inner.top() + high * n as f32;
        let plays = edits.plain(at(part.rule)) >= 1.0;
        let ink = if plays { theme.b } else { theme.muted };
        let number = pos2(inner.left() + 0.5 * NUMBER - 2.0, top + 0.5 * high);
        text(ui.painter(), number, Align2::CENTER_CENTER, &(n + 1).to_string(), SMALL, ink);
        let mut left = inner.left() + NUMBER;
        for (name, share, id, what) in columns {
            let right = left + wide * share / total;
            let place = Rect::from_min_max(pos2(left, top), pos2(right - 4.0, top + high));
            let place = Rect::from_center_size(place.center(), vec2(place.width(), (high - 4.0).min(22.0)));
            if n == 0 && !name.is_empty() {
                let over = pos2(place.left() + 2.0, inner.top() - 2.0);
                text(ui.painter(), over, Align2::LEFT_BOTTOM, name, SMALL, theme.muted);
            }
            cell(ui, place, theme, edits, at(id(part)), *what, plays);
            left = right;
        }
    }
}

/// The chord, the lead, and which page is open.
fn head(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, page: &mut Page) {
    let line = Rect::from_min_max(rect.min + vec2(54.0, 5.0), pos2(rect.right() - GRID, rect.top() + 27.0));
    let mut left = line.left();
    let mut place = |wide: f32| {
        let place = Rect::from_min_max(pos2(left, line.top()), pos2(left + wide, line.bottom()));
        left += wide + 4.0;
        place
    };
    let chord = place(102.0);
    pick(ui, named(ui, chord, theme, "Chord", 62.0), theme, edits, at(ParamId::chord_from));
    let set = edits.plain(at(ParamId::chord_from)) < 0.5;
    let [root, kind] = [place(46.0), place(68.0)];
    ui.add_enabled_ui(set, |ui| {
        pick(ui, root, theme, edits, at(ParamId::chord_root));
        pick(ui, kind, theme, edits, at(ParamId::chord_type));
    });
    switch(ui, place(44.0), theme, edits, at(ParamId::choir_crossing), "Cross");
    let rest = Rect::from_min_max(pos2(left, line.top()), line.max);
    let (lead, more) = rest.split_left_right_at_fraction(0.64);
    named_box(ui, lead.shrink2(vec2(2.0, 0.0)), theme, edits, at(ParamId::lead_level), "Lead", theme.b, 1.0);
    let on = *page == Page::Playing;
    let help = "Players, delay, humanise, vibrato and glide of each part";
    if button::switch(ui, more, theme, button::Switch { name: "More", help, on, tells: None, colour: theme.b }) {
        *page = if on { Page::Mix } else { Page::Playing };
    }
}

fn cell(ui: &mut Ui, place: Rect, theme: &Theme, edits: &mut Edits, at: At, what: Cell, plays: bool) {
    match what {
        Cell::List => pick(ui, place, theme, edits, at),
        _ if !plays => {}
        Cell::Instrument => instrument(ui, place, theme, edits, at),
        Cell::Number(by) => value_box::plain(ui, place, theme, edits, at, theme.b, by),
        Cell::Switch(words) => switch(ui, place, theme, edits, at, words),
    }
}

/// A switch with shorter words than its name.
fn switch(ui: &Ui, place: Rect, theme: &Theme, edits: &mut Edits, at: At, words: &str) {
    let (row, on) = (edits.row(at), edits.is_on(at));
    let look = button::Switch { name: row.name, help: row.help, on, tells: None, colour: theme.b };
    if button::switch_with(ui, place, theme, words, look) {
        edits.put(at, if on { 0.0 } else { 1.0 });
    }
}

/// A list of the factory's instruments, behind the lead's.
fn instrument(ui: &Ui, place: Rect, theme: &Theme, edits: &mut Edits, at: At) {
    let row = edits.row(at);
    let mut numbers: Vec<u8> = vec![OWN_INSTRUMENT];
    numbers.extend(syrinx_models::factory().iter().map(|(number, _)| *number));
    let names: Vec<String> = numbers.iter().map(|number| instrument_name(row, *number)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let now = numbers.iter().position(|number| f32::from(*number) == edits.plain(at).round()).unwrap_or(numbers.len());
    if let Some(n) = button::list(ui, place, theme, row.name, row.help, &names, now) {
        edits.put_plain(at, numbers[n].into());
    }
}
