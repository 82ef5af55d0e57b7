//! The knobs, in groups along the way of the sound; and the learning of the voice's range.

use super::{
    button,
    edits::{Edits, at},
    knob::{self, KnobLook},
    layout::{GAP, on_grid},
    live::{Live, note, note_name},
    note_box,
    paint::{heading, panel, text},
    theme::{GRID, SMALL, Theme},
};
use crate::monitor::Shown;
use egui::{Align2, Color32, Rect, Ui, pos2, vec2};
use syrinx_engine::{Calibration, KEYS, Kind, PARAMS, ParamId};

const HEADING: f32 = 28.0;
const SMALL_KNOB: f32 = 20.0;
const BIG_KNOB: f32 = 46.0;

/// How wide each group is against the others.
const GROUPS: [(&str, f32); 6] =
    [("Voice", 140.0), ("Pitch and loudness", 238.0), ("Snap", 112.0), ("Sound", 266.0), ("Reverb", 128.0), ("Output", 84.0)];

/// What the groups remember.
#[derive(Default)]
pub struct ControlPanel {
    /// Counts while the player glides from the lowest note to the highest.
    calibration: Option<Calibration>,
}

/// One cell of `columns` by `rows` in `rect`.
fn cell(rect: Rect, columns: usize, rows: usize, column: usize, row: usize) -> Rect {
    let size = vec2(rect.width() / columns as f32, rect.height() / rows as f32);
    let min = rect.min + vec2(size.x * column as f32, size.y * row as f32);
    Rect::from_min_size(min, size).shrink2(vec2(2.0, 3.0))
}

impl ControlPanel {
    /// Draws all groups; `shown` is what is heard, and `live` what is made of it.
    #[allow(clippy::too_many_arguments)]
    pub fn show(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        theme: &Theme,
        edits: &mut Edits,
        shown: &Shown,
        live: &Live,
        colour: Color32,
    ) {
        let total: f32 = GROUPS.iter().map(|(_, width)| width).sum();
        let room = rect.width() - GAP * (GROUPS.len() - 1) as f32;
        let mut left = rect.left();
        for (n, (name, share)) in GROUPS.iter().enumerate() {
            let right = if n + 1 == GROUPS.len() { rect.right() } else { left + on_grid(room * share / total) };
            let group = Rect::from_min_max(pos2(left, rect.top()), pos2(right, rect.bottom()));
            panel(ui, group, theme);
            heading(ui, group, theme, name);
            let inner = Rect::from_min_max(group.min + vec2(GRID, HEADING), group.max - vec2(GRID, GRID));
            match n {
                0 => self.voice(ui, inner, theme, edits, shown),
                1 => pitch_and_loudness(ui, inner, theme, edits, live, colour),
                2 => snap(ui, inner, theme, edits, colour),
                3 => sound(ui, inner, theme, edits, colour),
                4 => reverb(ui, inner, theme, edits, colour),
                _ => output(ui, inner, theme, edits, colour),
            }
            left = right + GAP;
        }
    }

    fn voice(&mut self, ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, shown: &Shown) {
        let knobs = Rect::from_min_size(rect.min, vec2(rect.width(), 0.5 * rect.height()));
        small(ui, cell(knobs, 2, 1, 0, 0), theme, edits, ParamId::input_gain, "Gain", theme.voice);
        small(ui, cell(knobs, 2, 1, 1, 0), theme, edits, ParamId::gate, "Gate", theme.voice);
        let rows = Rect::from_min_max(pos2(rect.left() + GRID, knobs.bottom() + GRID), rect.max - vec2(GRID, 0.0));
        let row = |n: f32, height: f32| Rect::from_min_size(rows.min + vec2(0.0, n), vec2(rows.width(), height));
        let low = at(ParamId::voice_low);
        let high = at(ParamId::voice_high);
        match &mut self.calibration {
            None => {
                if button::words(ui, row(0.0, 24.0), theme, "Learn my range", "Glide from your lowest note to your highest: the tracker is then spared what you do not sing, and is sooner and surer").clicked() {
                    // What is listened for now must not limit what is learnt, and what was heard before is none of it.
                    set_range(edits, every_pitch(edits));
                    shown.take_frames(|_| ());
                    self.calibration = Some(Calibration::default());
                }
                let line = row(28.0, 18.0);
                let words = text(ui.painter(), line.left_center(), Align2::LEFT_CENTER, "Hears", SMALL, theme.muted);
                let rest = Rect::from_min_max(pos2(words.right() + GRID, line.top()), line.max);
                let wide = (0.5 * (rest.width() - 5.0 * GRID)).min(40.0);
                let first =
                    Rect::from_min_size(pos2(line.right() - 2.0 * wide - 5.0 * GRID, line.top()), vec2(wide, line.height()));
                let last = Rect::from_min_max(pos2(line.right() - wide, line.top()), line.max);
                let between = pos2(0.5 * (first.right() + last.left()), line.center().y);
                text(ui.painter(), between, Align2::CENTER_CENTER, "to", SMALL, theme.muted);
                note_box::show(ui, first, theme, edits, low, theme.voice);
                note_box::show(ui, last, theme, edits, high, theme.voice);
            }
            Some(calibration) => {
                shown.take_frames(|frame| calibration.hear(&frame));
                let range = calibration.range_hz();
                let mut done = None;
                let half = |n: usize| cell(row(0.0, 24.0), 2, 1, n, 0).expand2(vec2(0.0, 3.0));
                if button::words(ui, half(0), theme, "Done", "Listen for what was sung, and a little around it").clicked()
                    && let Some(range) = range
                {
                    done = Some(range);
                }
                if button::words(ui, half(1), theme, "All", "Listen for every pitch").clicked() {
                    done = Some(every_pitch(edits));
                }
                let words = range.map_or("Glide low to high …".into(), |(low, high)| {
                    format!("{} to {}", note_name(note(low)), note_name(note(high)))
                });
                text(ui.painter(), row(29.0, 16.0).center(), Align2::CENTER_CENTER, &words, SMALL, theme.voice);
                if let Some(range) = done {
                    self.calibration = None;
                    set_range(edits, range);
                }
            }
        }
        toggle(ui, row(50.0, 22.0), theme, edits, ParamId::auto_gate, "Adaptive gate", theme.voice);
    }
}

/// All pitches that can be listened for, Hz.
fn every_pitch(edits: &Edits) -> (f32, f32) {
    (edits.row(at(ParamId::voice_low)).min, edits.row(at(ParamId::voice_high)).max)
}

fn set_range(edits: &mut Edits, (low, high): (f32, f32)) {
    let (least, most) = every_pitch(edits);
    edits.together(|edits| {
        for (id, hz) in [(ParamId::voice_low, low), (ParamId::voice_high, high)] {
            edits.put_plain(at(id), hz.clamp(least, most));
        }
    });
}

fn small(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, id: ParamId, name: &str, colour: Color32) {
    // Room for the name above and the number below, and no bigger than looks well.
    let radius = (0.5 * (rect.height() - 34.0)).clamp(15.0, SMALL_KNOB + 8.0).min(0.42 * rect.width());
    knob::show(ui, rect, theme, edits, at(id), name, KnobLook { radius, colour, big: false });
}

fn toggle(ui: &Ui, rect: Rect, theme: &Theme, edits: &mut Edits, id: ParamId, name: &str, colour: Color32) {
    toggle_that_tells(ui, rect, theme, edits, id, name, None, colour);
}

/// As `toggle`, with what it has come to beside its name while it is on.
#[allow(clippy::too_many_arguments)]
fn toggle_that_tells(
    ui: &Ui,
    rect: Rect,
    theme: &Theme,
    edits: &mut Edits,
    id: ParamId,
    name: &str,
    tells: Option<&str>,
    colour: Color32,
) {
    let at = at(id);
    let on = edits.is_on(at);
    let look = button::Switch { name, help: PARAMS[at].help, on, tells: tells.filter(|_| on), colour };
    if button::switch(ui, rect, theme, look) {
        edits.put(at, if on { 0.0 } else { 1.0 });
    }
}

fn pitch_and_loudness(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, live: &Live, colour: Color32) {
    let switches = Rect::from_min_max(pos2(rect.left(), rect.bottom() - 30.0), rect.max);
    let knobs = Rect::from_min_max(rect.min, pos2(rect.right(), switches.top()));
    let radius = (0.5 * (knobs.height() - 30.0)).clamp(36.0, BIG_KNOB + 12.0).min(0.22 * knobs.width());
    let fitted =
        [format!("{:+.0} st", live.fitted_st), format!("{:+.0} dB", live.fitted_db)].map(|words| words.replace('-', "−"));
    let pairs = [
        (ParamId::pitch_shift, "Pitch shift", ParamId::octave_fit, "Octave fit"),
        (ParamId::loudness, "Loudness", ParamId::auto_range, "Auto range"),
    ];
    for (n, (id, name, switch, switch_name)) in pairs.into_iter().enumerate() {
        knob::show(ui, cell(knobs, 2, 1, n, 0), theme, edits, at(id), name, KnobLook { radius, colour, big: true });
        let place = cell(switches, 2, 1, n, 0);
        let place = Rect::from_center_size(place.center(), vec2(place.width() - 2.0 * GRID, 22.0));
        toggle_that_tells(ui, place, theme, edits, switch, switch_name, Some(&fitted[n]), colour);
    }
}

fn names(id: ParamId) -> &'static [&'static str] {
    match PARAMS[at(id)].kind {
        Kind::Choice(names) => names,
        _ => KEYS,
    }
}

fn pick(ui: &Ui, rect: Rect, theme: &Theme, edits: &mut Edits, id: ParamId) {
    let at = at(id);
    let row = edits.row(at);
    if let Some(n) = button::list(ui, rect, theme, row.name, row.help, names(id), edits.plain(at).round() as usize) {
        edits.put_plain(at, n as f32);
    }
}

fn snap(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, colour: Color32) {
    let half = Rect::from_min_size(rect.min, vec2(rect.width(), 0.5 * rect.height()));
    small(ui, cell(half, 2, 1, 0, 0), theme, edits, ParamId::snap, "Amount", colour);
    small(ui, cell(half, 2, 1, 1, 0), theme, edits, ParamId::vibrato, "Vibrato", colour);
    let top = half.bottom() + 2.0 * GRID;
    let wide = rect.width() - 2.0 * GRID;
    let row = |n: f32| Rect::from_min_size(pos2(rect.left() + GRID, top + n), vec2(wide, 24.0));
    pick(ui, row(0.0), theme, edits, ParamId::snap_key);
    pick(ui, row(30.0), theme, edits, ParamId::snap_scale);
}

fn grid(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, columns: usize, knobs: &[(ParamId, &str, Color32)]) {
    for (n, (id, name, colour)) in knobs.iter().enumerate() {
        small(ui, cell(rect, columns, 2, n % columns, n / columns), theme, edits, *id, name, *colour);
    }
}

fn sound(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, colour: Color32) {
    let knobs = [
        (ParamId::harmonics, "Harmonics", colour),
        (ParamId::noise, "Noise", colour),
        (ParamId::life, "Life", colour),
        (ParamId::room, "Room", colour),
        (ParamId::breath, "Breath", theme.voice),
        (ParamId::brightness, "Brightness", colour),
        (ParamId::even_odd, "Even/odd", colour),
        (ParamId::attack, "Attack", colour),
    ];
    grid(ui, rect, theme, edits, 4, &knobs);
    // Beside the heading: lit, the voice sustains what a plucked instrument would let die away.
    let place = Rect::from_min_max(pos2(rect.right() - 64.0, rect.top() - 23.0), pos2(rect.right(), rect.top() - 4.0));
    toggle(ui, place, theme, edits, ParamId::sustain, "Sustain", colour);
}

fn reverb(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, colour: Color32) {
    let top = Rect::from_min_size(rect.min, vec2(rect.width(), 0.5 * rect.height()));
    small(ui, cell(top, 1, 1, 0, 0), theme, edits, ParamId::reverb_mix, "Mix", colour);
    let below = Rect::from_min_max(pos2(rect.left(), top.bottom()), rect.max);
    small(ui, cell(below, 2, 1, 0, 0), theme, edits, ParamId::reverb_size, "Size", colour);
    small(ui, cell(below, 2, 1, 1, 0), theme, edits, ParamId::reverb_damping, "Damping", colour);
}

fn output(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, colour: Color32) {
    grid(
        ui,
        rect,
        theme,
        edits,
        1,
        &[(ParamId::mix, "Dry/wet", theme.between(theme.voice, colour, 0.5)), (ParamId::output_gain, "Output", colour)],
    );
}
