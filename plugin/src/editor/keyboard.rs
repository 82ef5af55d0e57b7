//! The keyboard of Syrinx Keys: the sounding notes on it, and played with the mouse (nearer to the front is harder) or the computer's own keys, which are a white row from A
//! and a black one above it.

use super::{
    live::{Live, note_name},
    paint::{focus_ring, text, well},
    theme::{SMALL, TINY, Theme},
};
use crate::monitor::{Shown, WINDOW_CHANNEL};
use egui::{Align2, Color32, CornerRadius, Event, Id, Key, PointerButton, Pos2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use syrinx_engine::Message;

/// Keys from left to right: C1 to C8, MIDI.
const KEYS: [u8; 2] = [24, 108];
/// How deep black keys are, of white ones.
const BLACK_DEPTH: f32 = 0.62;
/// How wide they are, of white ones.
const BLACK_WIDTH: f32 = 0.6;
/// The computer's keys, a semitone apart from C on, and what is written on them.
const COMPUTER: [(Key, &str); 17] = [
    (Key::A, "A"),
    (Key::W, "W"),
    (Key::S, "S"),
    (Key::E, "E"),
    (Key::D, "D"),
    (Key::F, "F"),
    (Key::T, "T"),
    (Key::G, "G"),
    (Key::Y, "Y"),
    (Key::H, "H"),
    (Key::U, "U"),
    (Key::J, "J"),
    (Key::K, "K"),
    (Key::O, "O"),
    (Key::L, "L"),
    (Key::P, "P"),
    (Key::Semicolon, ";"),
];
/// How hard they strike.
const COMPUTER_VELOCITY: f32 = 0.63;
/// The first C that the computer's keys may begin at, and the last.
const OCTAVES: [u8; 2] = [24, 84];

/// What is held down in the window.
pub struct Keyboard {
    /// By the mouse.
    pressed: Option<u8>,
    /// By the computer's keys, each with the note that it has struck.
    computer: Vec<(Key, u8)>,
    /// Whether the computer's keys play.
    pub computer_plays: bool,
    /// The C that they begin at.
    first: u8,
}

impl Default for Keyboard {
    fn default() -> Self {
        Self { pressed: None, computer: Vec::new(), computer_plays: false, first: 48 }
    }
}

fn is_black(key: u8) -> bool {
    matches!(key % 12, 1 | 3 | 6 | 8 | 10)
}

/// White keys under this one, from the first.
fn whites_before(key: u8) -> usize {
    (KEYS[0]..key).filter(|key| !is_black(*key)).count()
}

/// Where a key lies.
fn place(rect: Rect, key: u8) -> Rect {
    let wide = rect.width() / (whites_before(KEYS[1]) + 1) as f32;
    let left = rect.left() + wide * whites_before(key) as f32;
    if is_black(key) {
        let size = vec2(BLACK_WIDTH * wide, BLACK_DEPTH * rect.height());
        return Rect::from_min_size(pos2(left - 0.5 * size.x, rect.top()), size);
    }
    Rect::from_min_size(pos2(left, rect.top()), vec2(wide, rect.height()))
}

/// The key at a place, and how hard it is struck there.
fn struck_at(rect: Rect, at: Pos2) -> Option<(u8, f32)> {
    if !rect.contains(at) {
        return None;
    }
    let under =
        |black: bool| (KEYS[0]..=KEYS[1]).filter(move |key| is_black(*key) == black).find(|key| place(rect, *key).contains(at));
    let key = under(true).or_else(|| under(false))?;
    let depth = (at.y - rect.top()) / place(rect, key).height();
    Some((key, 0.25 + 0.75 * depth.clamp(0.0, 1.0)))
}

impl Keyboard {
    /// Draws the keys and plays what the player does to them; those between the notes of `reach` are the ones that the instrument reaches.
    #[allow(clippy::too_many_arguments)]
    pub fn show(&mut self, ui: &Ui, rect: Rect, theme: &Theme, shown: &Shown, live: &Live, colour: Color32, reach: [f32; 2]) {
        well(ui, rect, theme);
        let keys = rect.shrink(1.0);
        let response = ui.interact(keys, Id::unique("keyboard"), Sense::click_and_drag());
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Canvas, true, "Keyboard");
            let names: Vec<_> = live.notes.iter().map(|note| note_name(note.key.into())).collect();
            info.current_text_value = Some(if names.is_empty() { "No notes sound".into() } else { names.join(", ") });
            info
        });
        self.mouse(ui, keys, shown, response.is_pointer_button_down_on());
        self.computer(ui, shown);
        self.paint(ui, keys, theme, live, colour, reach);
        if response.has_focus() {
            focus_ring(ui.painter(), keys, theme);
        }
        // A tooltip would lie over the keys.
    }

    /// Lets everything go that is held down in the window.
    pub fn release(&mut self, shown: &Shown) {
        let held = self.pressed.take().into_iter().chain(self.computer.drain(..).map(|(_, key)| key));
        held.for_each(|key| _ = shown.say(WINDOW_CHANNEL, Message::NoteOff { key }));
    }

    fn mouse(&mut self, ui: &Ui, keys: Rect, shown: &Shown, down: bool) {
        let pointer = ui.input(|i| i.pointer.latest_pos().filter(|_| down && i.pointer.button_down(PointerButton::Primary)));
        let struck = pointer.and_then(|at| struck_at(keys, at));
        let key = struck.map(|(key, _)| key);
        if key == self.pressed {
            return;
        }
        // The new one first: drawn over the keys, notes are slurred where notes are.
        if let Some((key, velocity)) = struck {
            shown.say(WINDOW_CHANNEL, Message::NoteOn { key, velocity });
        }
        if let Some(key) = self.pressed {
            shown.say(WINDOW_CHANNEL, Message::NoteOff { key });
        }
        self.pressed = key;
    }

    fn computer(&mut self, ui: &Ui, shown: &Shown) {
        // Whoever types a name or a number does not play.
        let types = ui
            .ctx()
            .memory(|memory| memory.focused())
            .is_some_and(|id| egui::text_edit::TextEditState::load(ui.ctx(), id).is_some());
        if types || !self.computer_plays || !ui.input(|i| i.focused) {
            if !self.computer.is_empty() {
                self.release(shown);
            }
            return;
        }
        let events = ui.input(|i| i.events.clone());
        for event in events {
            let Event::Key { key, pressed, repeat, modifiers, .. } = event else { continue };
            if !pressed {
                if let Some(at) = self.computer.iter().position(|(held, _)| *held == key) {
                    let (_, key) = self.computer.remove(at);
                    shown.say(WINDOW_CHANNEL, Message::NoteOff { key });
                }
                continue;
            }
            if repeat
                || modifiers.command
                || modifiers.ctrl
                || modifiers.alt
                || self.computer.iter().any(|(held, _)| *held == key)
            {
                continue;
            }
            match key {
                Key::Z => self.first = (self.first - 12).max(OCTAVES[0]),
                Key::X => self.first = (self.first + 12).min(OCTAVES[1]),
                key => {
                    let Some(semitone) = COMPUTER.iter().position(|(known, _)| *known == key) else { continue };
                    let note = self.first + semitone as u8;
                    self.computer.push((key, note));
                    shown.say(WINDOW_CHANNEL, Message::NoteOn { key: note, velocity: COMPUTER_VELOCITY });
                }
            }
        }
    }

    fn paint(&self, ui: &Ui, rect: Rect, theme: &Theme, live: &Live, colour: Color32, reach: [f32; 2]) {
        let painter = ui.painter().with_clip_rect(rect);
        let lit = |key: u8| {
            let notes = live.notes.iter().filter(|note| note.key == key);
            let strongest = notes.map(|note| if note.held { 1.0 } else { 0.45 }).fold(0.0, f32::max);
            (strongest > 0.0).then_some(strongest)
        };
        let letter = |key: u8| {
            let at = key.checked_sub(self.first).filter(|_| self.computer_plays)?;
            COMPUTER.get(usize::from(at)).map(|(_, letter)| *letter)
        };
        let foot = CornerRadius { nw: 0, ne: 0, sw: 3, se: 3 };
        for black in [false, true] {
            for key in (KEYS[0]..=KEYS[1]).filter(|key| is_black(*key) == black) {
                let place = place(rect, key);
                let reached = (reach[0] - 0.5..=reach[1] + 0.5).contains(&f32::from(key));
                let ground = match (black, reached) {
                    (true, _) => theme.black_key,
                    (_, true) => theme.key,
                    _ => theme.far_key,
                };
                let fill = lit(key).map_or(ground, |strength| theme.between(ground, colour, strength));
                painter.rect_filled(place.shrink2(vec2(0.5, 0.0)), foot, fill);
                if !black {
                    painter.vline(place.right().round() + 0.5, place.y_range(), theme.border());
                }
                // What is written on keys is read on light ones, on dark ones and on lit ones.
                let ink = match (black || !reached, lit(key)) {
                    (_, Some(_)) => theme.panel,
                    (true, None) => theme.muted,
                    (false, None) => theme.black_key,
                };
                if let Some(letter) = letter(key) {
                    let at = pos2(place.center().x, place.bottom() - if black { 3.0 } else { 16.0 });
                    text(&painter, at, Align2::CENTER_BOTTOM, letter, TINY, ink);
                }
                if !black && key % 12 == 0 {
                    let at = pos2(place.center().x, place.bottom() - 3.0);
                    text(
                        &painter,
                        at,
                        Align2::CENTER_BOTTOM,
                        &note_name(key.into()),
                        if place.width() > 20.0 { SMALL } else { TINY },
                        ink,
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_where_it_is_drawn() {
        let rect = Rect::from_min_size(pos2(10.0, 20.0), vec2(1000.0, 60.0));
        for key in KEYS[0]..=KEYS[1] {
            let place = place(rect, key);
            let front = pos2(place.center().x, place.bottom() - 2.0);
            let (found, velocity) = struck_at(rect, front).unwrap();
            assert!(found == key && velocity > 0.9, "{key}: {found} at {velocity}");
            assert!(rect.expand(0.01).contains_rect(place));
        }
        assert_eq!(struck_at(rect, pos2(5.0, 30.0)), None);
    }
}
