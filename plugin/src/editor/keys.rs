//! The keys that turn a widget, the same on all of them. No drawing.

use egui::{EventFilter, Key, Response, Ui};

/// What was pressed while a widget had the keyboard.
pub struct Keys {
    /// Arrows, to the right.
    pub across: f32,
    /// Arrows, up.
    pub up: f32,
    /// Pages, up.
    pub pages: f32,
    /// Delete or Backspace: back to the default.
    pub back: bool,
    /// Enter.
    pub enter: bool,
}

/// What was pressed for a widget; None while it does not have the keyboard. The arrows are its own then, and do not go to another.
pub fn of(ui: &Ui, response: &Response) -> Option<Keys> {
    if !response.has_focus() {
        return None;
    }
    let arrows = EventFilter { vertical_arrows: true, horizontal_arrows: true, ..Default::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    Some(ui.input(|i| {
        let between = |more, less| i.num_presses(more) as f32 - i.num_presses(less) as f32;
        Keys {
            across: between(Key::ArrowRight, Key::ArrowLeft),
            up: between(Key::ArrowUp, Key::ArrowDown),
            pages: between(Key::PageUp, Key::PageDown),
            back: i.key_pressed(Key::Delete) || i.key_pressed(Key::Backspace),
            enter: i.key_pressed(Key::Enter),
        }
    }))
}
