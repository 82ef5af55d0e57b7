//! The status bar: the delay as the host is told, what computing costs, what was late, and in words whatever is wrong.

use super::{
    button,
    edits::{Edits, at},
    icons::Sign,
    keyboard::Keyboard,
    live::Live,
    paint::{text, width},
    theme::{SMALL, Theme, font},
};
use crate::{
    midi_inputs::{Heard, MidiInputs},
    monitor::{InputNote, Shown},
    source::Source,
};
use egui::{Align, Align2, Id, Rect, Role, Sense, Ui, WidgetInfo, pos2, text::LayoutJob, vec2};
use syrinx_engine::ParamId;

/// From here on, load is a worry, as a share of the time there is.
const HEAVY: f32 = 0.7;

/// What the line remembers: how much of each count the player has seen and put aside.
#[derive(Default)]
pub struct StatusBar {
    seen: [u32; COUNTS],
}

/// What is counted: blocks that were late, frames without an answer, gaps of the sound card.
const COUNTS: usize = 3;

/// One readout.
struct Readout {
    words: String,
    /// The longest that it becomes, so that what comes after it does not dance.
    longest: &'static str,
    /// Whether it is bad news.
    bad: bool,
    help: &'static str,
    /// The count that a click puts aside.
    count: Option<usize>,
}

impl StatusBar {
    /// What has been counted since it was last put aside.
    fn news(&mut self, shown: &Shown) -> [u32; COUNTS] {
        let now = counts(shown);
        for (seen, now) in self.seen.iter_mut().zip(now) {
            // The audio thread counts from 0 when the stream begins anew.
            *seen = (*seen).min(now);
        }
        std::array::from_fn(|n| now[n] - self.seen[n])
    }

    /// The readouts, from left to right.
    fn readouts(&mut self, shown: &Shown, live: &Live, source: Source) -> Vec<Readout> {
        let say = |words: String, longest, bad, help| Readout { words, longest, bad, help, count: None };
        let rate = shown.sample_rate_hz.get();
        if rate <= 0.0 {
            return vec![say("Not running yet".into(), "", false, "The host has not started Syrinx yet")];
        }
        let [late, unanswered, gaps] = self.news(shown);
        let ms = |samples: f32| 1e3 * samples / rate;
        let latency = shown.latency_samples.get();
        let mut all = vec![say(
            format!("Delay {:.1} ms", ms(latency)),
            "Delay 00.0 ms",
            false,
            match source {
                Source::Voice => {
                    "From the voice to the instrument, as the host is told: voice, instrument and automation are all as late as this, exactly"
                }
                Source::Keys => "From a note to its sound, as the host is told",
            },
        )];
        let card = shown.card_samples.get();
        if card > 0.0 {
            let words = format!("Round trip {:.1} ms", ms(latency + card));
            all.push(say(words, "Round trip 00.0 ms", false, "With the sound card, there and back"));
        }
        all.push(say(
            format!("Load {:.0} %", 100.0 * live.load),
            "Load 00 %",
            live.load > HEAVY,
            "The share of each block's time that Syrinx takes to compute it",
        ));
        let mut count = |words: &str, longest, count: u32, at, help| {
            let readout = say(format!("{count} {words}"), longest, count > 0, help);
            all.push(Readout { count: Some(at), ..readout });
        };
        count(
            "late",
            "00 late",
            late,
            LATE,
            "Blocks that took longer than they last, since the last reset or click. If they grow: a larger buffer, or fewer instances",
        );
        if unanswered > 0 {
            let help = "Frames that the instrument's network failed to answer; they were silent. Another instrument helps. A click counts anew";
            count("unanswered", "00 unanswered", unanswered, UNANSWERED, help);
        }
        if gaps > 0 {
            let help = "Times that the sound card ran dry. A larger --buffer helps. A click counts anew";
            count("gaps", "00 gaps", gaps, GAPS, help);
        }
        all.push(say(format!("{} kHz", rate / 1000.0), "", false, "The sample rate of the host or the sound card"));
        match shown.input_note.get() {
            InputNote::None => {}
            InputNote::Cancelling => all.push(say(
                "Left cancels right".into(),
                "",
                true,
                "One channel of the input is the other turned upside down, and their sum is silence: Syrinx listens to one of them",
            )),
            InputNote::OneSided => all.push(say(
                "Voice on one side".into(),
                "",
                false,
                "One channel of the input is silent, and Syrinx listens to the other",
            )),
        }
        all
    }

    /// Draws the line.
    #[allow(clippy::too_many_arguments)]
    pub fn show(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        theme: &Theme,
        edits: &mut Edits,
        shown: &Shown,
        live: &Live,
        keyboard: Option<&mut Keyboard>,
    ) {
        let painter = ui.painter();
        painter.rect_filled(rect, 0, theme.panel);
        painter.hline(rect.x_range(), rect.top() + 0.5, theme.border());
        let middle = rect.center().y;
        let switch = Rect::from_min_size(pos2(rect.left() + 12.0, middle - 10.0), vec2(112.0, 20.0));
        match keyboard {
            Some(keyboard) => {
                let help = "The keys A to ; of this computer play while the window has them: black keys above, Z and X an octave down and up";
                let look =
                    button::Switch { name: "Computer keys", help, on: keyboard.computer_plays, tells: None, colour: theme.a };
                if button::switch(ui, switch, theme, look) {
                    keyboard.computer_plays = !keyboard.computer_plays;
                }
            }
            None => {
                let mode = at(ParamId::latency_mode);
                let now = edits.plain(mode).round() as usize;
                if let Some(n) = button::choice(ui, switch, theme, "Latency mode", edits.row(mode).help, &["Live", "Studio"], now)
                {
                    edits.put_plain(mode, n as f32);
                }
            }
        }
        let mut x = switch.right() + 16.0;
        if let Some(there) = shown.midi_inputs.there() {
            let rect = Rect::from_min_size(pos2(switch.right() + 8.0, middle - 10.0), vec2(168.0, 20.0));
            midi(ui, rect, theme, &shown.midi_inputs, there);
            x = rect.right() + 16.0;
        }
        for readout in self.readouts(shown, live, edits.source()) {
            let ink = if readout.bad { theme.alarm } else { theme.muted };
            let place = text(ui.painter(), pos2(x, middle), Align2::LEFT_CENTER, &readout.words, SMALL, ink);
            let response = match readout.count {
                Some(_) => button::area_of(ui, place.expand(3.0), ("readout", readout.help), &readout.words, Role::Button, None),
                None => {
                    let response = ui.interact(place.expand(3.0), Id::unique(("readout", readout.help)), Sense::hover());
                    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, readout.words.clone()));
                    response
                }
            };
            if let Some(at) = readout.count.filter(|_| response.clicked()) {
                self.seen[at] = counts(shown)[at];
            }
            response.on_hover_text(readout.help);
            x += place.width().max(width(ui.painter(), readout.longest, SMALL)) + 20.0;
        }
        let version = format!("{}   {} {}", edits.face(), edits.source().product(), env!("CARGO_PKG_VERSION"));
        let version = text(ui.painter(), pos2(rect.right() - 12.0, middle), Align2::RIGHT_CENTER, &version, SMALL, theme.muted);
        if let Some(message) = edits.notices().message() {
            let close = Rect::from_center_size(pos2(version.left() - 22.0, middle), vec2(20.0, 20.0));
            let room = Rect::from_min_max(pos2(x, rect.top() + 1.0), pos2(close.left() - 6.0, rect.bottom()));
            say(ui, room, theme, &message);
            if button::icon(ui, close, theme, Sign::Close, "Dismiss the message", None, true).clicked() {
                edits.notices().hush();
            }
        }
    }
}

/// Which MIDI inputs are heard.
fn midi(ui: &Ui, rect: Rect, theme: &Theme, inputs: &MidiInputs, there: Vec<String>) {
    let heard = inputs.heard();
    let mut all = vec![(Heard::All, "MIDI: all inputs".to_owned()), (Heard::None, "MIDI: none".to_owned())];
    all.extend(there.into_iter().map(|name| (Heard::Named(name.clone()), name)));
    if !all.iter().any(|(known, _)| *known == heard) {
        // Chosen by a part of its name, or not plugged in.
        all.push((heard.clone(), heard.text().into()));
    }
    let now = all.iter().position(|(known, _)| *known == heard).unwrap_or(0);
    let names: Vec<&str> = all.iter().map(|(_, name)| name.as_str()).collect();
    let help = "The MIDI inputs that are heard; what is plugged in later is heard, too";
    if let Some(n) = button::list(ui, rect, theme, "MIDI inputs", help, &names, now) {
        inputs.hear(all.swap_remove(n).0);
    }
}

const LATE: usize = 0;
const UNANSWERED: usize = 1;
const GAPS: usize = 2;

/// Everything that was counted.
fn counts(shown: &Shown) -> [u32; COUNTS] {
    let mut all = [0; COUNTS];
    all[LATE] = shown.late_blocks.get();
    all[UNANSWERED] = shown.failed_frames.get() as u32;
    all[GAPS] = shown.dropouts.get() as u32;
    all
}

/// Says what is wrong, at the right end of `room`: in two lines if it takes them, and what is longer yet, to the pointer.
fn say(ui: &Ui, room: Rect, theme: &Theme, message: &str) {
    let mut job = LayoutJob::simple(message.into(), font(SMALL), theme.voice, room.width());
    job.wrap.max_rows = 2;
    job.halign = Align::RIGHT;
    let galley = ui.painter().layout_job(job);
    let size = galley.rect.size();
    let place = Rect::from_min_size(pos2(room.right() - size.x, room.center().y - 0.5 * size.y), size);
    // With this alignment, lines end where the galley is put.
    ui.painter().galley(place.right_top(), galley, theme.voice);
    let response = ui.interact(place.expand(3.0), Id::unique("message"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, message));
    response.on_hover_text(message);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_aside_is_counted_anew() {
        let (shown, mut status_bar) = (Shown::default(), StatusBar::default());
        shown.dropouts.set(5.0);
        assert_eq!(status_bar.news(&shown), [0, 0, 5]);
        status_bar.seen = counts(&shown);
        shown.dropouts.set(7.0);
        assert_eq!(status_bar.news(&shown), [0, 0, 2]);
        // The stream begins anew.
        shown.dropouts.set(1.0);
        assert_eq!(status_bar.news(&shown), [0, 0, 0]);
        shown.dropouts.set(2.0);
        assert_eq!(status_bar.news(&shown), [0, 0, 1]);
    }

    #[test]
    fn a_stereo_input_that_is_none_is_told() {
        let (shown, live, mut status_bar) = (Shown::default(), Live::default(), StatusBar::default());
        shown.sample_rate_hz.set(48_000.0);
        let mut words = |note| {
            shown.input_note.set(note);
            status_bar.readouts(&shown, &live, Source::Voice).last().map(|readout| (readout.words.clone(), readout.bad)).unwrap()
        };
        assert_eq!(words(InputNote::Cancelling), ("Left cancels right".into(), true));
        assert_eq!(words(InputNote::OneSided), ("Voice on one side".into(), false));
        assert_eq!(words(InputNote::None), ("48 kHz".into(), false));
    }
}
