//! The knobs, in groups along the way of the sound; and the learning of the voice's range. What keys have instead of a voice is in `key_controls`.

use super::{
    button,
    edits::{At, Edits, at},
    key_controls,
    knob::{self, KnobLook},
    layout::{GAP, on_grid},
    live::{Live, note, note_name},
    note_box,
    paint::{heading, panel, text},
    theme::{GRID, SMALL, Theme},
    value_box,
};
use crate::{monitor::Shown, source::Source, tuning_files};
use egui::{Align2, Color32, Rect, Ui, pos2, vec2};
use syrinx_engine::{Calibration, KEYS, Kind, ParamId};

const HEADING: f32 = 28.0;
const SMALL_KNOB: f32 = 20.0;
const BIG_KNOB: f32 = 46.0;

/// A group.
#[derive(Clone, Copy)]
enum Group {
    Voice,
    Keys,
    PitchAndLoudness,
    Snap,
    Glide,
    Touch,
    Sound,
    Reverb,
    Output,
}

/// The groups, with their names, and how wide each is against the others.
const OF_VOICE: &[(Group, &str, f32)] = &[
    (Group::Voice, "Voice", 140.0),
    (Group::PitchAndLoudness, "Pitch and loudness", 238.0),
    (Group::Snap, "Snap", 112.0),
    (Group::Sound, "Sound", 266.0),
    (Group::Reverb, "Reverb", 128.0),
    (Group::Output, "Output", 84.0),
];
const OF_KEYS: &[(Group, &str, f32)] = &[
    (Group::Keys, "Keys", 122.0),
    (Group::PitchAndLoudness, "Pitch and loudness", 194.0),
    (Group::Glide, "Glide and bend", 112.0),
    (Group::Touch, "Touch and vibrato", 166.0),
    (Group::Sound, "Sound", 226.0),
    (Group::Reverb, "Reverb", 114.0),
    (Group::Output, "Output", 58.0),
];

/// What the groups remember.
#[derive(Default)]
pub struct ControlPanel {
    /// Counts while the player glides from the lowest note to the highest.
    calibration: Option<Calibration>,
}

/// One cell of `columns` by `rows` in `rect`.
pub fn cell(rect: Rect, columns: usize, rows: usize, column: usize, row: usize) -> Rect {
    let size = vec2(rect.width() / columns as f32, rect.height() / rows as f32);
    let min = rect.min + vec2(size.x * column as f32, size.y * row as f32);
    Rect::from_min_size(min, size).shrink2(vec2(2.0, 3.0))
}

impl ControlPanel {
    /// Draws all groups; `shown` is what is heard, and `live` what is made of it. Which file is asked for, if one is.
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
    ) -> Option<tuning_files::Kind> {
        let mut wanted = None;
        let groups = match edits.source() {
            Source::Voice => OF_VOICE,
            Source::Keys => OF_KEYS,
        };
        let total: f32 = groups.iter().map(|(.., width)| width).sum();
        let room = rect.width() - GAP * (groups.len() - 1) as f32;
        let mut left = rect.left();
        for (n, (what, name, share)) in groups.iter().enumerate() {
            let right = if n + 1 == groups.len() { rect.right() } else { left + on_grid(room * share / total) };
            let group = Rect::from_min_max(pos2(left, rect.top()), pos2(right, rect.bottom()));
            panel(ui, group, theme);
            heading(ui, group, theme, name);
            let inner = Rect::from_min_max(group.min + vec2(GRID, HEADING), group.max - vec2(GRID, GRID));
            match what {
                Group::Voice => self.voice(ui, inner, theme, edits, shown),
                Group::Keys => wanted = key_controls::keys(ui, inner, theme, edits, colour),
                Group::PitchAndLoudness => pitch_and_loudness(ui, inner, theme, edits, live, colour),
                Group::Snap => snap(ui, inner, theme, edits, colour),
                Group::Glide => key_controls::glide(ui, inner, theme, edits, colour),
                Group::Touch => key_controls::touch(ui, inner, theme, edits, colour),
                Group::Sound => sound(ui, inner, theme, edits, colour),
                Group::Reverb => reverb(ui, inner, theme, edits, colour),
                Group::Output => output(ui, inner, theme, edits, colour),
            }
            left = right + GAP;
        }
        wanted
    }

    fn voice(&mut self, ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, shown: &Shown) {
        let knobs = Rect::from_min_size(rect.min, vec2(rect.width(), 0.5 * rect.height()));
        small(ui, cell(knobs, 2, 1, 0, 0), theme, edits, at(ParamId::input_gain), "Gain", theme.voice);
        small(ui, cell(knobs, 2, 1, 1, 0), theme, edits, at(ParamId::gate), "Gate", theme.voice);
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
        toggle(ui, row(50.0, 22.0), theme, edits, at(ParamId::auto_gate), "Adaptive gate", theme.voice);
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

/// A small knob.
pub fn small(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, at: At, name: &str, colour: Color32) {
    // Room for the name above and the number below, and no bigger than looks well.
    let radius = (0.5 * (rect.height() - 34.0)).clamp(15.0, SMALL_KNOB + 8.0).min(0.42 * rect.width());
    knob::show(ui, rect, theme, edits, at, name, KnobLook { radius, colour, big: false });
}

/// A switch.
pub fn toggle(ui: &Ui, rect: Rect, theme: &Theme, edits: &mut Edits, at: At, name: &str, colour: Color32) {
    toggle_that_tells(ui, rect, theme, edits, at, name, None, colour);
}

/// As `toggle`, with what it has come to beside its name while it is on.
#[allow(clippy::too_many_arguments)]
fn toggle_that_tells(
    ui: &Ui,
    rect: Rect,
    theme: &Theme,
    edits: &mut Edits,
    at: At,
    name: &str,
    tells: Option<&str>,
    colour: Color32,
) {
    let on = edits.is_on(at);
    let look = button::Switch { name, help: edits.row(at).help, on, tells: tells.filter(|_| on), colour };
    if button::switch(ui, rect, theme, look) {
        edits.put(at, if on { 0.0 } else { 1.0 });
    }
}

fn pitch_and_loudness(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, live: &Live, colour: Color32) {
    // What fits the instrument to a voice has no place where there is none.
    let fits = edits.source() == Source::Voice;
    let switches = Rect::from_min_max(pos2(rect.left(), rect.bottom() - if fits { 30.0 } else { 0.0 }), rect.max);
    let knobs = Rect::from_min_max(rect.min, pos2(rect.right(), switches.top()));
    let radius = (0.5 * (knobs.height() - 30.0)).clamp(36.0, BIG_KNOB + 12.0).min(0.235 * knobs.width());
    if fits {
        // Beside the heading: lit, keys give the pitch.
        let place = Rect::from_min_max(pos2(rect.right() - 84.0, rect.top() - 23.0), pos2(rect.right(), rect.top() - 4.0));
        let look = |edits: &Edits, at: At| button::Switch {
            name: "Pitch by keys",
            help: edits.row(at).help,
            on: edits.is_on(at),
            tells: None,
            colour,
        };
        let at = at(ParamId::pitch_from);
        if button::switch(ui, place, theme, look(edits, at)) {
            let to = if edits.is_on(at) { 0.0 } else { 1.0 };
            edits.put(at, to);
        }
    }
    let fitted =
        [format!("{:+.0} st", live.fitted_st), format!("{:+.0} dB", live.fitted_db)].map(|words| words.replace('-', "−"));
    let pairs = [
        (ParamId::pitch_shift, "Pitch shift", ParamId::octave_fit, "Octave fit"),
        (ParamId::loudness, "Loudness", ParamId::auto_range, "Auto range"),
    ];
    for (n, (id, name, switch, switch_name)) in pairs.into_iter().enumerate() {
        knob::show(ui, cell(knobs, 2, 1, n, 0), theme, edits, at(id), name, KnobLook { radius, colour, big: true });
        if !fits {
            continue;
        }
        let place = cell(switches, 2, 1, n, 0);
        let place = Rect::from_center_size(place.center(), vec2(place.width() - 2.0 * GRID, 22.0));
        toggle_that_tells(ui, place, theme, edits, at(switch), switch_name, Some(&fitted[n]), colour);
    }
}

fn names(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Choice(names) => names,
        _ => KEYS,
    }
}

/// A list of what a parameter can be.
pub fn pick(ui: &Ui, rect: Rect, theme: &Theme, edits: &mut Edits, at: At) {
    let row = edits.row(at);
    if let Some(n) = button::list(ui, rect, theme, row.name, row.help, names(row.kind), edits.plain(at).round() as usize) {
        edits.put_plain(at, n as f32);
    }
}

fn snap(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, colour: Color32) {
    let half = Rect::from_min_size(rect.min, vec2(rect.width(), 0.5 * rect.height()));
    small(ui, cell(half, 2, 1, 0, 0), theme, edits, at(ParamId::snap), "Amount", colour);
    small(ui, cell(half, 2, 1, 1, 0), theme, edits, at(ParamId::vibrato), "Vibrato", colour);
    pick(ui, row(rect, 0), theme, edits, at(ParamId::snap_key));
    pick(ui, row(rect, 1), theme, edits, at(ParamId::snap_scale));
    tuning(ui, row(rect, 2), theme, edits, colour);
}

/// One of three rows in the lower half of a group.
pub fn row(rect: Rect, n: usize) -> Rect {
    let top = rect.center().y + GRID;
    Rect::from_min_size(pos2(rect.left() + GRID, top + 26.0 * n as f32), vec2(rect.width() - 2.0 * GRID, 22.0))
}

/// A name, and the place beside it, so wide, points, or six tenths of the whole.
pub fn named(ui: &Ui, rect: Rect, theme: &Theme, name: &str, wide: f32) -> Rect {
    text(ui.painter(), rect.left_center() + vec2(2.0, 0.0), Align2::LEFT_CENTER, name, SMALL, theme.muted);
    Rect::from_min_max(pos2(rect.right() - wide.min(0.6 * rect.width()), rect.top()), rect.max)
}

/// A name, and a box with the value beside it.
#[allow(clippy::too_many_arguments)]
pub fn named_box(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, at: At, name: &str, colour: Color32, by: f32) {
    let value = named(ui, rect, theme, name, 60.0);
    value_box::plain(ui, value, theme, edits, at, colour, by);
}

/// The pitch of A4.
pub fn tuning(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, colour: Color32) {
    named_box(ui, rect, theme, edits, at(ParamId::a4), "A4", colour, 1.0);
}

/// Small knobs in two lines, of those that mean something here.
fn grid(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, columns: usize, knobs: &[(ParamId, &str, Color32)]) {
    let shown = knobs.iter().filter(|(id, ..)| edits.source().shows(at(*id))).copied();
    for (n, (id, name, colour)) in shown.collect::<Vec<_>>().into_iter().enumerate() {
        small(ui, cell(rect, columns, 2, n % columns, n / columns), theme, edits, at(id), name, colour);
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
    if !edits.source().shows(at(ParamId::sustain)) {
        return;
    }
    // Beside the heading: lit, the voice sustains what a plucked instrument would let die away.
    let place = Rect::from_min_max(pos2(rect.right() - 64.0, rect.top() - 23.0), pos2(rect.right(), rect.top() - 4.0));
    toggle(ui, place, theme, edits, at(ParamId::sustain), "Sustain", colour);
}

fn reverb(ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, colour: Color32) {
    let top = Rect::from_min_size(rect.min, vec2(rect.width(), 0.5 * rect.height()));
    small(ui, cell(top, 1, 1, 0, 0), theme, edits, at(ParamId::reverb_mix), "Mix", colour);
    let below = Rect::from_min_max(pos2(rect.left(), top.bottom()), rect.max);
    small(ui, cell(below, 2, 1, 0, 0), theme, edits, at(ParamId::reverb_size), "Size", colour);
    small(ui, cell(below, 2, 1, 1, 0), theme, edits, at(ParamId::reverb_damping), "Damping", colour);
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
