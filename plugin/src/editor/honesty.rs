//! The honesty line: the delay as the host is told, what computing costs, what was late, and in words whatever is wrong.

use super::{
    button,
    desk::{Desk, at},
    icons::Sign,
    live::Live,
    paint::{text, text_within},
    theme::{SMALL, Theme},
};
use crate::monitor::Shown;
use egui::{Align2, Id, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

/// From here on, load is a worry, as a share of the time there is.
const HEAVY: f32 = 0.7;

/// One readout: its words, and whether they are bad news.
struct Readout {
    words: String,
    bad: bool,
    help: &'static str,
}

/// The readouts, from left to right.
fn readouts(shown: &Shown, live: &Live) -> Vec<Readout> {
    let say = |words: String, bad: bool, help: &'static str| Readout { words, bad, help };
    let rate = shown.sample_rate_hz.get();
    if rate <= 0.0 {
        return vec![say("Not running yet".into(), false, "The host has not started Syrinx yet")];
    }
    let ms = |samples: f32| 1e3 * samples / rate;
    let latency = shown.latency_samples.get();
    let mut all = vec![say(
        format!("Delay {:.1} ms", ms(latency)),
        false,
        "From the voice to the instrument, as the host is told: voice, instrument and automation are all as late as this, exactly",
    )];
    let card = shown.card_samples.get();
    if card > 0.0 {
        all.push(say(format!("Round trip {:.1} ms", ms(latency + card)), false, "With the sound card, there and back"));
    }
    all.push(say(
        format!("Load {:.0} %", 100.0 * live.load),
        live.load > HEAVY,
        "The share of each block's time that Syrinx takes to compute it",
    ));
    let late = shown.late_blocks.get();
    all.push(say(
        format!("{late} late"),
        late > 0,
        "Blocks since the last reset that took longer than they last. If they grow: a larger buffer, or fewer instances",
    ));
    let failed = shown.failed_frames.get();
    if failed > 0.0 {
        all.push(say(
            format!("{failed:.0} unanswered"),
            true,
            "Frames that the instrument's network failed to answer; they were silent. Another instrument helps",
        ));
    }
    let gaps = shown.dropouts.get();
    if gaps > 0.0 {
        all.push(say(format!("{gaps:.0} gaps"), true, "Times that the sound card ran dry. A larger --buffer helps"));
    }
    all.push(say(format!("{} kHz", rate / 1000.0), false, "The sample rate of the host or the sound card"));
    all
}

/// Draws the line.
pub fn show(ui: &mut Ui, rect: Rect, theme: &Theme, desk: &mut Desk, shown: &Shown, live: &Live) {
    let painter = ui.painter();
    painter.rect_filled(rect, 0, theme.panel);
    painter.hline(rect.x_range(), rect.top() + 0.5, theme.border());
    let middle = rect.center().y;
    let mode = at("latency_mode");
    let now = desk.plain(mode).round() as usize;
    let switch = Rect::from_min_size(pos2(rect.left() + 12.0, middle - 10.0), vec2(112.0, 20.0));
    if let Some(n) = button::choice(ui, switch, theme, "Latency mode", desk.row(mode).help, &["Live", "Studio"], now) {
        desk.put_plain(mode, n as f32);
    }
    let mut x = switch.right() + 16.0;
    for readout in readouts(shown, live) {
        let ink = if readout.bad { theme.alarm } else { theme.muted };
        let place = text(ui.painter(), pos2(x, middle), Align2::LEFT_CENTER, &readout.words, SMALL, ink);
        let response = ui.interact(place.expand(3.0), Id::unique(("readout", readout.help)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, readout.words.clone()));
        response.on_hover_text(readout.help);
        // As wide as its longest, so that the next does not dance.
        x += (place.width() + 20.0).max(64.0);
    }
    let version = format!("{}   Syrinx {}", desk.face(), env!("CARGO_PKG_VERSION"));
    let version = text(ui.painter(), pos2(rect.right() - 12.0, middle), Align2::RIGHT_CENTER, &version, SMALL, theme.muted);
    let Some(message) = desk.library().message() else { return };
    let close = Rect::from_center_size(pos2(version.left() - 22.0, middle), vec2(20.0, 20.0));
    let room = close.left() - x - 12.0;
    let place =
        text_within(ui.painter(), pos2(close.left() - 6.0, middle), Align2::RIGHT_CENTER, &message, SMALL, theme.voice, room);
    let response = ui.interact(place.expand(3.0), Id::unique("message"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, message.clone()));
    response.on_hover_text(&message);
    if button::icon(ui, close, theme, Sign::Close, "Dismiss the message", None, true).clicked() {
        desk.library().hush();
    }
}
