//! The field: pitch across, loudness up. The voice is a point with a trail; the instrument's trained range is a region to drag, which is
//! pitch shift and loudness as one gesture; a double-click fits it to the voice.

use super::{
    edits::{Edits, at},
    keys,
    live::{self, Dot, Live, SURE, TRAIL_S, note_name},
    paint::{dragged_by, focus_ring, text, text_within, well, width},
    region::{Place, Region},
    theme::{BODY, SMALL, TINY, Theme},
};
use crate::source::Source;
use egui::{
    Align2, Color32, CornerRadius, CursorIcon, Id, Mesh, Painter, Pos2, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo,
    pos2, vec2,
};
use syrinx_engine::{MOST_SHIFT_DB, ParamId};

/// Notes from left to right: E1 to D8, MIDI. The tracker hears up to C8.
const NOTES: (f32, f32) = (28.0, 110.0);
/// Levels from the bottom to the top, dB(A).
const LEVELS_DB: (f32, f32) = (-72.0, 0.0);
/// Keys, and their names under them, points.
pub const KEYS_HEIGHT: f32 = 24.0 + NAMES_HEIGHT;
const NAMES_HEIGHT: f32 = 14.0;
/// Steps of loudness that a region is painted in, dB.
const LEVEL_STEP_DB: f32 = 2.0;
/// Beside its outline, a region fades out over this, semitones.
const SIDE_ST: f32 = 1.0;
/// Between two lines of a region's name, points.
const NAME_LINE: f32 = 16.0;
/// The voice is outside for so long before anything is said, seconds.
const OUTSIDE_S: f64 = 0.7;

/// An instrument in the field.
pub struct Outlined<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its region.
    pub region: &'a Region,
    /// Its colour.
    pub colour: Color32,
    /// How much of it sounds, 0 to 1.
    pub share: f32,
    /// Whether it is the first of the two.
    pub first: bool,
}

/// What the field remembers from one picture to the next.
#[derive(Default)]
pub struct Field {
    outside: Option<(Place, f64)>,
}

struct Axes {
    rect: Rect,
}

impl Axes {
    fn x(&self, note: f32) -> f32 {
        self.rect.left() + self.rect.width() * (note - NOTES.0) / (NOTES.1 - NOTES.0)
    }

    fn y(&self, db: f32) -> f32 {
        self.rect.bottom() - self.rect.height() * (db - LEVELS_DB.0) / (LEVELS_DB.1 - LEVELS_DB.0)
    }

    fn at(&self, note: f32, db: f32) -> Pos2 {
        pos2(self.x(note), self.y(db.max(LEVELS_DB.0)))
    }

    fn semitone(&self) -> f32 {
        self.rect.width() / (NOTES.1 - NOTES.0)
    }

    fn decibel(&self) -> f32 {
        self.rect.height() / (LEVELS_DB.1 - LEVELS_DB.0)
    }
}

impl Field {
    /// Draws the field and does what the player does to it; `instruments` come with the leading one last.
    pub fn show(&mut self, ui: &mut Ui, rect: Rect, theme: &Theme, edits: &mut Edits, live: &Live, instruments: &[Outlined<'_>]) {
        well(ui, rect, theme);
        let inner = rect.shrink(1.0);
        let axes = Axes { rect: Rect::from_min_max(inner.min, pos2(inner.right(), inner.bottom() - KEYS_HEIGHT)) };
        let keys = Rect::from_min_max(pos2(inner.left(), axes.rect.bottom()), inner.max);
        let painter = ui.painter().with_clip_rect(axes.rect);
        grid(&painter, theme, &axes);

        let (shift, loudness) = (at(ParamId::pitch_shift), at(ParamId::loudness));
        // What is fitted by itself and what is set by hand add up.
        // Instruments were recorded where A4 is at 440 Hz.
        let tuned_st = live::note_at(live::A4_HZ, live.a4_hz) - 69.0;
        let offset = (tuned_st - edits.plain(shift) - live.fitted_st, -edits.plain(loudness) - live.fitted_db);
        let outlines: Vec<Rect> = instruments.iter().map(|shown| region(&painter, theme, &axes, shown, offset)).collect();
        let fitted = fitted_words(edits, live);
        for (n, (shown, outline)) in instruments.iter().zip(outlines).enumerate() {
            let leads = n + 1 == instruments.len();
            name(&painter, theme, &axes, shown, outline, fitted.as_deref().filter(|_| leads));
        }
        self.interact(ui, &axes, theme, edits, live, instruments.last());
        trail(&painter, theme, &axes, live);
        let set = (edits.plain(shift), edits.plain(loudness));
        notes(&painter, &axes, live, set, instruments.last().map_or(theme.a, |leader| leader.colour));
        // With none in the slot, no key is out of reach.
        let (colour, reach) = instruments.last().map_or((theme.a, [f32::NEG_INFINITY, f32::INFINITY]), |leader| {
            (leader.colour, leader.region.notes.map(|note| note + offset.0))
        });
        keyboard(&ui.painter().with_clip_rect(keys), theme, keys, &axes, live, colour, reach);
        if let Some(leader) = instruments.last() {
            self.hint(ui, &axes, theme, edits, live, leader, offset);
        }
    }

    fn interact(&self, ui: &Ui, axes: &Axes, theme: &Theme, edits: &mut Edits, live: &Live, leader: Option<&Outlined<'_>>) {
        let (shift, loudness) = (at(ParamId::pitch_shift), at(ParamId::loudness));
        let response = ui.interact(axes.rect, Id::unique("field"), Sense::click_and_drag());
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Canvas, true, "Range of the instrument");
            let fitted = fitted_words(edits, live).map_or(String::new(), |words| format!(", {words}"));
            let set = format!("Pitch shift {}, loudness {}{fitted}", edits.text(shift), edits.text(loudness));
            info.current_text_value = Some(set);
            info
        });
        if response.has_focus() {
            focus_ring(ui.painter(), axes.rect.shrink(4.0), theme);
        }
        let start = response.id.with("start");
        if response.drag_started() {
            edits.about_to_change();
            edits.begin(shift);
            edits.begin(loudness);
            ui.data_mut(|data| data.insert_temp(start, (edits.plain(shift), edits.plain(loudness), egui::Vec2::ZERO)));
        }
        if response.dragged() {
            let (st, db, moved) = ui.data(|data| data.get_temp::<(f32, f32, egui::Vec2)>(start)).unwrap_or_default();
            let fine = ui.input(|i| i.modifiers.shift);
            let moved = moved + dragged_by(&response) * if fine { 0.1 } else { 1.0 };
            ui.data_mut(|data| data.insert_temp(start, (st, db, moved)));
            // The region goes with the pointer; the voice, seen from it, the other way.
            let (st, db) = (st - moved.x / axes.semitone(), db + moved.y / axes.decibel());
            // Whole semitones keep the singer's key; finely, every cent is to be had.
            let to = edits.normalized(shift, if fine { st } else { st.round() });
            edits.set(shift, to);
            let to = edits.normalized(loudness, db);
            edits.set(loudness, to);
        }
        if response.drag_stopped() {
            edits.end(shift);
            edits.end(loudness);
        }
        let mut fit = response.double_clicked();
        if response.clicked() {
            response.request_focus();
        }
        if let Some(keys) = keys::of(ui, &response) {
            if keys.across != 0.0 {
                let to = edits.normalized(shift, edits.plain(shift) - keys.across);
                edits.nudge(shift, to);
            }
            if keys.up != 0.0 {
                let to = edits.normalized(loudness, edits.plain(loudness) - keys.up);
                edits.nudge(loudness, to);
            }
            fit |= keys.enter;
        }
        if fit && let Some(leader) = leader {
            match live.usual() {
                Some((note, db)) => {
                    // What is added by itself already is not added twice.
                    let fitted = (note + live.fitted_st, db + live.fitted_db);
                    let fit = leader.region.fit(fitted.0, fitted.1, edits.row(shift).max, edits.row(loudness).max);
                    let loudness_db = if ranging(edits, live) { 0.0 } else { fit.loudness_db };
                    edits.together(|edits| {
                        edits.put_plain(shift, fit.shift_st);
                        edits.put_plain(loudness, loudness_db);
                    });
                }
                None if edits.source() == Source::Keys => edits.together(|edits| {
                    edits.put(shift, edits.default(shift));
                    edits.put(loudness, edits.default(loudness));
                }),
                None => edits.notices().say("Sing a few notes first; then a double-click fits the instrument to your voice."),
            }
        }
        // A tooltip would lie over what it is about.
        let rests = live.trail.is_empty() && live.usual().is_none() && live.notes.is_empty();
        let words = match (response.hovered() && !response.dragged(), rests) {
            (true, _) if edits.source() == Source::Keys => {
                "Drag: pitch and loudness (Shift: finely).  Double-click: as it was recorded"
            }
            (false, true) if edits.source() == Source::Keys => "Play: your notes are shown here",
            (true, _) => "Drag: pitch and loudness (Shift: finely).  Double-click: fit to your voice",
            (false, true) => "Sing: your voice moves here",
            (false, false) => "",
        };
        let place = pos2(axes.rect.center().x, axes.rect.bottom() - 20.0);
        text_within(ui.painter(), place, Align2::CENTER_CENTER, words, BODY, theme.muted, axes.rect.width() - 24.0);
        response.on_hover_and_drag_cursor(CursorIcon::Grab);
    }

    /// One sentence when the voice is outside, with the gesture that mends it, or with what mends it by itself.
    #[allow(clippy::too_many_arguments)]
    fn hint(
        &mut self,
        ui: &Ui,
        axes: &Axes,
        theme: &Theme,
        edits: &Edits,
        live: &Live,
        leader: &Outlined<'_>,
        offset: (f32, f32),
    ) {
        let now = ui.input(|i| i.time);
        let sure = live.voice().filter(|dot| dot.confidence >= SURE);
        if let Some(dot) = sure {
            let place = leader.region.place(dot.note - offset.0, dot.loudness_db - offset.1);
            self.outside = match (place, self.outside) {
                (Place::Inside, _) => None,
                (place, Some((_, since))) => Some((place, since)),
                (place, None) => Some((place, now)),
            };
        } else if live.trail.is_empty() {
            self.outside = None;
        }
        let Some((place, since)) = self.outside else { return };
        if now - since < OUTSIDE_S {
            return;
        }
        let where_to = match place {
            Place::Below => "below",
            Place::Above => "above",
            Place::Softer => "softer than",
            Place::Louder => "louder than",
            Place::Inside => return,
        };
        let set = (edits.plain(at(ParamId::pitch_shift)), edits.plain(at(ParamId::loudness)));
        let mends = match place {
            Place::Below | Place::Above if edits.is_on(at(ParamId::octave_fit)) && set.0 == 0.0 => {
                "Octave fit follows when you stay there"
            }
            Place::Softer | Place::Louder if ranging(edits, live) && set.1 == 0.0 => "Auto range is on its way",
            _ => "double-click to fit it",
        };
        let words = format!("Your voice is {where_to} the range of {} – {mends}", leader.name);
        let wide = (width(ui.painter(), &words, BODY) + 28.0).min(axes.rect.width() - 16.0);
        let pill = Rect::from_center_size(axes.rect.center_top() + vec2(0.0, 26.0), vec2(wide, 28.0));
        ui.painter().rect(pill, CornerRadius::same(14), theme.panel, Stroke::new(1.0, theme.voice), StrokeKind::Inside);
        text_within(ui.painter(), pill.center(), Align2::CENTER_CENTER, &words, BODY, theme.voice, wide - 20.0);
    }
}

/// Whether auto range brings the loudness in by itself, and has not come to the end of what it may do.
fn ranging(edits: &Edits, live: &Live) -> bool {
    edits.is_on(at(ParamId::auto_range)) && live.fitted_db.abs() < MOST_SHIFT_DB - 0.5
}

/// What octave fit and auto range add to the voice now, in words; None while both are off and have let go.
fn fitted_words(edits: &Edits, live: &Live) -> Option<String> {
    let mut parts = Vec::new();
    if edits.is_on(at(ParamId::octave_fit)) {
        parts.push(format!("Octave fit {:+.0} st", live.fitted_st));
    }
    if edits.is_on(at(ParamId::auto_range)) || live.fitted_db.abs() >= 0.05 {
        parts.push(format!("Auto range {:+.1} dB", live.fitted_db));
    }
    let words = parts.join(", ").replace('-', "−");
    (!words.is_empty()).then_some(words)
}

fn grid(painter: &Painter, theme: &Theme, axes: &Axes) {
    let thin = Stroke::new(1.0, theme.faint(theme.line, 0.55));
    for octave in 1..=8 {
        let c = 12.0 * octave as f32 + 12.0;
        if c > NOTES.0 && c < NOTES.1 {
            painter.vline(axes.x(c - 0.5).round() + 0.5, axes.rect.y_range(), thin);
        }
    }
    for level in [-60.0, -48.0, -36.0, -24.0, -12.0] {
        let y = axes.y(level).round() + 0.5;
        painter.hline(axes.rect.x_range(), y, thin);
        let label = pos2(axes.rect.left() + 8.0, y - 2.0);
        text(painter, label, Align2::LEFT_BOTTOM, &format!("−{} dB", -level), TINY, theme.muted);
    }
}

/// Paints a region; its outline.
fn region(painter: &Painter, theme: &Theme, axes: &Axes, shown: &Outlined<'_>, offset: (f32, f32)) -> Rect {
    let region = shown.region;
    let strength = shown.share * if theme.dark { 0.62 } else { 0.5 };
    let [low, high] = region.notes;
    let sides = (low - 0.5 - SIDE_ST, high + 0.5 + SIDE_ST);
    let columns = (2.0 * (sides.1 - sides.0)).ceil().clamp(1.0, 256.0) as usize;
    let rows = ((LEVELS_DB.1 - LEVELS_DB.0) / LEVEL_STEP_DB) as usize;
    let mut mesh = Mesh::default();
    let soft = region.loudness_db[0] - 12.0;
    let loud = region.loudness_db[1] + 8.0;
    for column in 0..=columns {
        let note = sides.0 + (sides.1 - sides.0) * column as f32 / columns as f32;
        let side = ((note - sides.0).min(sides.1 - note) / SIDE_ST).clamp(0.0, 1.0);
        for row in 0..=rows {
            let db = soft + (loud - soft) * row as f32 / rows as f32;
            // What was hardly ever trained fades out instead of ending.
            let edge = side.min((db - soft) / 12.0).min((loud - db) / 8.0).clamp(0.0, 1.0);
            let strength = strength * region.density(note.clamp(low, high), db) * edge * edge * (3.0 - 2.0 * edge);
            let colour = shown.colour.gamma_multiply(strength);
            mesh.colored_vertex(axes.at(note + offset.0, db + offset.1), colour);
        }
    }
    let stride = rows as u32 + 1;
    for column in 0..columns as u32 {
        for row in 0..rows as u32 {
            let corner = column * stride + row;
            mesh.add_triangle(corner, corner + 1, corner + stride);
            mesh.add_triangle(corner + 1, corner + stride, corner + stride + 1);
        }
    }
    painter.add(mesh);
    let outline = Rect::from_two_pos(
        axes.at(low + offset.0 - 0.5, region.loudness_db[0] + offset.1),
        axes.at(high + offset.0 + 0.5, region.loudness_db[1] + offset.1),
    );
    let stroke = Stroke::new(1.5, shown.colour.gamma_multiply(0.35 + 0.5 * shown.share));
    painter.rect_stroke(outline, CornerRadius::same(6), stroke, StrokeKind::Middle);
    outline
}

/// Names a region beside its outline, where the voice seldom is, and says what is added by itself.
fn name(painter: &Painter, theme: &Theme, axes: &Axes, shown: &Outlined<'_>, outline: Rect, fitted: Option<&str>) {
    let [low, high] = shown.region.notes.map(note_name);
    let seen = outline.intersect(axes.rect);
    if seen.width() <= 60.0 || shown.share <= 0.05 {
        return;
    }
    let name = format!("{}   {low}–{high}", shown.name);
    let lines: Vec<&str> =
        if shown.first { [fitted, Some(&*name)] } else { [Some(&*name), fitted] }.into_iter().flatten().collect();
    let high = NAME_LINE * lines.len() as f32;
    // The two of a morph lie at different corners: above on the left, and below on the right.
    let (across, align, top) = if shown.first {
        let above = outline.top() - high - 2.0;
        let inside = outline.top().max(axes.rect.top()) + 4.0;
        (seen.left() + 4.0, Align2::LEFT_TOP, if above > axes.rect.top() + 4.0 { above } else { inside })
    } else {
        let below = outline.bottom() + 2.0;
        let inside = outline.bottom().min(axes.rect.bottom()) - high - 4.0;
        (seen.right() - 4.0, Align2::RIGHT_TOP, if below + high < axes.rect.bottom() - 4.0 { below } else { inside })
    };
    let ink = theme.between(theme.muted, shown.colour, 0.4 + 0.6 * shown.share);
    for (n, words) in lines.into_iter().enumerate() {
        let place = pos2(across, top + NAME_LINE * n as f32 + 1.0);
        let wide = width(painter, words, SMALL).min(seen.width() - 8.0);
        // Whatever lies under it, it can be read.
        let ground = align.anchor_size(place, vec2(wide, NAME_LINE - 2.0)).expand2(vec2(4.0, 1.0));
        painter.rect_filled(ground, CornerRadius::same(3), theme.faint(theme.well, 0.6));
        text_within(painter, place, align, words, SMALL, ink, seen.width() - 8.0);
    }
}

fn dot_colour(theme: &Theme, dot: &Dot) -> Color32 {
    theme.between(theme.muted, theme.voice, (dot.confidence - 0.25) / 0.5)
}

fn trail(painter: &Painter, theme: &Theme, axes: &Axes, live: &Live) {
    let Some(last) = live.trail.back() else { return };
    let age = |dot: &Dot| ((last.time - dot.time) / TRAIL_S) as f32;
    for pair in live.trail.iter().zip(live.trail.iter().skip(1)) {
        let (from, to) = pair;
        // A leap of an octave is a new place, not a way.
        if to.time - from.time > 0.12 || (to.note - from.note).abs() > 7.0 {
            continue;
        }
        let strength = (1.0 - age(to)).powi(2) * (0.25 + 0.75 * to.confidence);
        let colour = dot_colour(theme, to).gamma_multiply(0.8 * strength);
        let line = [axes.at(from.note, from.loudness_db), axes.at(to.note, to.loudness_db)];
        painter.line_segment(line, Stroke::new(1.0 + 2.5 * strength, colour));
    }
    let Some(dot) = live.voice() else { return };
    let (place, colour) = (axes.at(dot.note, dot.loudness_db), dot_colour(theme, &dot));
    for (radius, strength) in [(18.0, 0.08), (12.0, 0.14), (8.0, 0.22)] {
        painter.circle_filled(place, radius, colour.gamma_multiply(strength * (0.4 + 0.6 * dot.confidence)));
    }
    if dot.confidence >= SURE {
        painter.circle_filled(place, 5.0, colour);
        let name = note_name(dot.note);
        text(painter, place + vec2(11.0, -9.0), Align2::LEFT_BOTTOM, &name, BODY, colour);
    } else {
        painter.circle_stroke(place, 5.0, Stroke::new(1.5, colour));
    }
}

/// Paints the notes that sound where keys are struck: what is `set`, semitones and dB, comes on top of a key, and is taken off.
fn notes(painter: &Painter, axes: &Axes, live: &Live, set: (f32, f32), colour: Color32) {
    for sounding in live.notes.iter().filter(|sounding| sounding.f0_hz > 0.0) {
        let note = live::note_at(sounding.f0_hz, live.a4_hz);
        let place = axes.at(note - set.0, sounding.loudness_db - set.1);
        let strength = if sounding.held { 1.0 } else { 0.5 };
        for (radius, share) in [(14.0, 0.1), (9.0, 0.2), (4.5, 1.0)] {
            painter.circle_filled(place, radius, colour.gamma_multiply(share * strength));
        }
        if sounding.held {
            text(painter, place + vec2(8.0, 6.0), Align2::LEFT_TOP, &note_name(sounding.key.into()), SMALL, colour);
        }
    }
}

/// Paints the keys with their names under them; those between the notes of `reach` are the ones that the instrument reaches.
fn keyboard(painter: &Painter, theme: &Theme, rect: Rect, axes: &Axes, live: &Live, colour: Color32, reach: [f32; 2]) {
    let keys = Rect::from_min_max(rect.min, pos2(rect.right(), rect.bottom() - NAMES_HEIGHT));
    painter.rect_filled(keys, CornerRadius::ZERO, theme.far_key);
    let semitone = axes.semitone();
    let voice = live.voice().filter(|dot| dot.confidence >= SURE).map(|dot| dot.note.round() as i32);
    let played = live.pitches.back().and_then(|p| p.played).map(|n| n.round() as i32);
    let notes = NOTES.0 as i32..=NOTES.1 as i32;
    let is_black = |n: i32| matches!(n.rem_euclid(12), 1 | 3 | 6 | 8 | 10);
    let key = |n: i32| {
        // A white key reaches under its black neighbours.
        let reach = |side: i32| if is_black(n + side) { semitone } else { 0.5 * semitone };
        if is_black(n) {
            Rect::from_center_size(pos2(axes.x(n as f32), keys.top() + 7.5), vec2(semitone, 15.0))
        } else {
            let x = axes.x(n as f32);
            Rect::from_min_max(pos2(x - reach(-1), keys.top()), pos2(x + reach(1), keys.bottom()))
        }
    };
    let sounds =
        |n: i32| if live.notes.is_empty() { Some(n) == played } else { live.notes.iter().any(|note| i32::from(note.key) == n) };
    let parts: Vec<i32> = live.pitches.back().iter().flat_map(|p| p.parts).flatten().map(|n| n.round() as i32).collect();
    let lit = |n: i32| match (Some(n) == voice, sounds(n), parts.contains(&n)) {
        (true, ..) => Some(theme.voice),
        (_, true, _) => Some(colour),
        (.., true) => Some(theme.b),
        _ => None,
    };
    let foot = CornerRadius { nw: 0, ne: 0, sw: 2, se: 2 };
    for n in notes.clone().filter(|n| !is_black(*n)) {
        let reached = (reach[0] - 0.5..=reach[1] + 0.5).contains(&(n as f32));
        let fill = lit(n).unwrap_or(if reached { theme.key } else { theme.far_key });
        let key = key(n);
        painter.rect_filled(key.shrink2(vec2(0.5, 0.0)), foot, fill);
        painter.vline(key.right().round() + 0.5, keys.y_range(), theme.border());
        if n % 12 == 0 {
            let ink = lit(n).unwrap_or(theme.muted);
            text(painter, pos2(key.center().x, rect.bottom() - 1.0), Align2::CENTER_BOTTOM, &note_name(n as f32), TINY, ink);
        }
    }
    for n in notes.filter(|n| is_black(*n)) {
        painter.rect_filled(key(n).shrink2(vec2(0.5, 0.0)), foot, lit(n).unwrap_or(theme.black_key));
    }
    painter.hline(rect.x_range(), rect.top(), theme.border());
}
