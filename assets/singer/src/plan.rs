//! From a score to curves: what every part of the voice does at every millisecond. Any thread.

use crate::phoneme::{Noise, Phoneme, Step};
use crate::pitch::{self, NotePitch};
use crate::score::{Event, Note};
use crate::track::{PLAN_RATE_HZ, average, smooth};
use crate::voice::Voice;
use crate::{SingError, SungNote};

/// Articulators take about this long from one posture to the next, in seconds, when there is time.
const TRANSITION_S: f64 = 0.075;

/// The last vowel of a diphthong takes this share of the note, at most [`GLIDE_MAX_S`].
const GLIDE_SHARE: f64 = 0.3;
const GLIDE_MAX_S: f64 = 0.14;

/// Consonants before a vowel may take this share of the event before them.
const BORROW_SHARE: f64 = 0.5;

/// Silence kept after the last event so that the tract rings out and the last resampling kernel fits, in seconds.
const TAIL_S: f64 = 0.25;

/// The longest song, in seconds: the whole is held in memory.
const LONGEST_S: f64 = 600.0;

/// Curves on the plan's grid.
pub(crate) struct Plan {
    pub f0_hz: Vec<f64>,
    /// Strength of the excitation without the note's effort, 0..=1.
    pub voicing: Vec<f64>,
    /// Vocal effort, 0..=1.
    pub effort: Vec<f64>,
    pub aspiration: Vec<f64>,
    pub frication: Vec<f64>,
    pub formant_hz: [Vec<f64>; 3],
    pub bandwidth_hz: [Vec<f64>; 3],
    pub nasal: Vec<f64>,
    pub zero_hz: Vec<f64>,
    pub noise_hz: [Vec<f64>; 3],
    pub noise_bandwidth: [Vec<f64>; 3],
    pub noise_level: [Vec<f64>; 3],
    pub notes: Vec<SungNote>,
}

impl Plan {
    pub(crate) fn len(&self) -> usize {
        self.f0_hz.len()
    }
}

/// A posture with its place in time.
struct Placed {
    step: Step,
    start_s: f64,
    end_s: f64,
}

/// Everything before it becomes curves.
struct Layout {
    placed: Vec<Placed>,
    targets: Vec<NotePitch>,
    notes: Vec<SungNote>,
    /// (time, effort) at the corners.
    effort: Vec<(f64, f64)>,
    end_s: f64,
}

/// Plans `score` for `voice`.
pub(crate) fn plan(score: &[Event], voice: &Voice, seed: u64) -> Result<Plan, SingError> {
    let layout = lay_out(score)?;
    let points = ((layout.end_s + TAIL_S) * PLAN_RATE_HZ).ceil() as usize + 1;
    let mut placed = layout.placed;
    inherit(&mut placed);
    for part in &mut placed {
        let [f1, f2, f3] = part.step.hz.map(|hz| hz * voice.formant_scale);
        part.step.hz = [f1, f2, f3 + 0.5 * (voice.cluster_f3_hz - f3)];
    }
    let shape = |value: &dyn Fn(&Step) -> f64| joined(&placed, points, &|_, _| TRANSITION_S, value);
    let level = |value: &dyn Fn(&Step) -> f64| joined(&placed, points, &amplitude_edge, value);
    let triple = |value: &dyn Fn(&Step, usize) -> f64| [0, 1, 2].map(|k| shape(&|s| value(s, k)));
    let dips = shape(&|s| s.dip_cents);
    let f0_hz = pitch::curve(&layout.targets, voice, seed, points)
        .iter()
        .zip(&dips)
        .map(|(f0, dip)| f0 * (-dip / 1200.0).exp2())
        .collect();
    Ok(Plan {
        f0_hz,
        voicing: level(&|s| s.voicing),
        effort: average(&cornered(&layout.effort, points), 25),
        aspiration: level(&|s| s.aspiration),
        frication: level(&|s| s.frication),
        formant_hz: triple(&|s, k| s.hz[k]),
        bandwidth_hz: triple(&|s, k| s.bandwidths[k]),
        nasal: joined(&placed, points, &|_, _| 0.045, &|s| s.nasal),
        zero_hz: shape(&|s| s.zero_hz),
        noise_hz: triple(&|s, k| s.noise.hz[k]),
        noise_bandwidth: triple(&|s, k| s.noise.bandwidth[k]),
        noise_level: triple(&|s, k| s.noise.level[k]),
        notes: layout.notes,
    })
}

/// Puts every posture of the score in its place.
fn lay_out(score: &[Event]) -> Result<Layout, SingError> {
    let mut layout = Layout { placed: Vec::new(), targets: Vec::new(), notes: Vec::new(), effort: Vec::new(), end_s: 0.0 };
    // The very first consonants need something to borrow from.
    layout.placed.push(Placed { step: Step::SILENCE, start_s: 0.0, end_s: 0.0 });
    let mut rested = true;
    for event in score {
        let (start_s, duration_s) = (
            layout.end_s,
            match event {
                Event::Note(note) => note.duration_s,
                Event::Breath { duration_s } | Event::Rest { duration_s } => *duration_s,
            },
        );
        if !(duration_s > 0.0 && start_s + duration_s <= LONGEST_S) {
            return Err(SingError::Duration(duration_s));
        }
        layout.end_s += duration_s;
        match event {
            Event::Rest { .. } => layout.placed.push(Placed { step: Step::SILENCE, start_s, end_s: layout.end_s }),
            Event::Breath { .. } => {
                // The air stops before the note: a still moment in which the folds close.
                let still = start_s + 0.8 * duration_s;
                layout.placed.push(Placed { step: Step::BREATH, start_s, end_s: still });
                layout.placed.push(Placed { step: Step::SILENCE, start_s: still, end_s: layout.end_s });
            }
            Event::Note(note) => place_note(&mut layout, note, start_s, rested)?,
        }
        rested = !matches!(event, Event::Note(_));
    }
    let end_s = layout.end_s;
    layout.placed.push(Placed { step: Step::SILENCE, start_s: end_s, end_s: end_s + TAIL_S });
    Ok(layout)
}

fn place_note(layout: &mut Layout, note: &Note, start_s: f64, rested: bool) -> Result<(), SingError> {
    let end_s = start_s + note.duration_s;
    if note.midi.iter().any(|m| !(24.0..=96.0).contains(m)) {
        return Err(SingError::Pitch(note.midi));
    }
    // The carrier of the note: its first vowel, or in humming its first sound.
    let carrier = note.sounds.iter().position(|p| p.is_vowel()).unwrap_or(0);
    let Some((onset, rhyme)) = note.sounds.split_at_checked(carrier).filter(|(_, rhyme)| !rhyme.is_empty()) else {
        return Err(SingError::NoSound);
    };
    let manner = |mut step: Step| {
        if note.whispered {
            step.aspiration = step.aspiration.max(0.55 * step.voicing);
            step.voicing = 0.0;
            // The open glottis swallows the resonances, the lowest most.
            step.bandwidths = [step.bandwidths[0] * 3.0, step.bandwidths[1] * 1.6, step.bandwidths[2] * 1.3];
        }
        step
    };
    let timed = |sounds: &[Phoneme]| sounds.iter().flat_map(|p| p.steps()).map(manner).collect::<Vec<_>>();

    // Consonants before the beat, squeezed if the event before is short.
    let onset = timed(onset);
    let wanted: f64 = onset.iter().map(|s| s.seconds).sum();
    let before = layout.placed.last_mut().expect("lay_out begins with a silence");
    let squeeze = (BORROW_SHARE * (before.end_s - before.start_s) / wanted.max(1e-9)).min(1.0);
    let mut time = start_s - wanted * squeeze;
    before.end_s = time;
    for step in onset {
        layout.placed.push(Placed { step, start_s: time, end_s: time + step.seconds * squeeze });
        time += step.seconds * squeeze;
    }

    // The vowels and what closes the syllable.
    let vowels = rhyme.iter().take_while(|p| p.is_vowel()).count().max(1);
    let (vowels, coda) = rhyme.split_at(vowels);
    let coda = timed(coda);
    let closing: f64 = coda.iter().map(|s| s.seconds).sum();
    let squeeze = (BORROW_SHARE * note.duration_s / closing.max(1e-9)).min(1.0);
    let vowels_end = end_s - closing * squeeze;
    let glide = (GLIDE_SHARE * note.duration_s).min(GLIDE_MAX_S);
    for (k, vowel) in vowels.iter().enumerate() {
        let from = if k == 0 { start_s } else { vowels_end - glide * (vowels.len() - k) as f64 };
        let to = vowels_end - glide * (vowels.len() - 1 - k) as f64;
        let steps = timed(&[*vowel]);
        let whole: f64 = steps.iter().map(|s| s.seconds).sum();
        let mut time = from;
        for step in steps {
            let length = step.seconds / whole * (to - from);
            layout.placed.push(Placed { step, start_s: time, end_s: time + length });
            time += length;
        }
    }
    let mut time = vowels_end;
    for step in coda {
        layout.placed.push(Placed { step, start_s: time, end_s: time + step.seconds * squeeze });
        time += step.seconds * squeeze;
    }

    let mean_effort = 0.5 * (note.effort[0] + note.effort[1]);
    let vibrato = note.vibrato * (0.5 + 0.5 * mean_effort);
    layout.targets.push(NotePitch { start_s, end_s, midi: note.midi, glide_s: note.glide_s, vibrato, first: rested });
    layout.effort.push((start_s, note.effort[0].clamp(0.0, 1.0)));
    layout.effort.push((end_s, note.effort[1].clamp(0.0, 1.0)));
    layout.notes.push(SungNote { start_s, end_s, midi: note.midi, whispered: note.whispered });
    Ok(())
}

/// Fills in what a posture leaves to its neighbours: formants of the sound that follows (or else went before), and the noise shape of the
/// nearest hiss, so that no filter moves while it sounds.
fn inherit(placed: &mut [Placed]) {
    let mut following: Option<[f64; 3]> = None;
    for part in placed.iter_mut().rev() {
        if part.step.hz[0] > 0.0 {
            following = Some(part.step.hz)
        } else if let Some(hz) = following {
            part.step.hz = hz
        }
    }
    let mut before = Step::VOWEL.hz;
    for part in placed.iter_mut() {
        if part.step.hz[0] > 0.0 { before = part.step.hz } else { part.step.hz = before }
    }
    let hissing: Vec<(f64, Noise)> =
        placed.iter().filter(|p| p.step.frication > 0.0).map(|p| (0.5 * (p.start_s + p.end_s), p.step.noise)).collect();
    for part in placed.iter_mut().filter(|p| p.step.frication == 0.0) {
        let centre = 0.5 * (part.start_s + part.end_s);
        if let Some((_, noise)) = hissing.iter().min_by(|a, b| (a.0 - centre).abs().total_cmp(&(b.0 - centre).abs())) {
            part.step.noise = *noise;
        }
    }
}

/// Time in which amplitudes cross from `left` to `right`.
fn amplitude_edge(left: &Step, right: &Step) -> f64 {
    // A voice let go into silence dies away slowly; every other border is as quick as its quicker side.
    if right.voicing == 0.0 && right.aspiration == 0.0 && right.frication == 0.0 && left.voicing > 0.5 && right.edge_s > 0.05 {
        0.16
    } else {
        left.edge_s.min(right.edge_s)
    }
}

/// One quantity over time: each posture's value, joined at each border by a raised cosine as wide as `width` allows.
fn joined(placed: &[Placed], points: usize, width: &dyn Fn(&Step, &Step) -> f64, value: &dyn Fn(&Step) -> f64) -> Vec<f64> {
    let mut curve = vec![value(&placed[placed.len() - 1].step); points];
    let index = |time: f64| ((time * PLAN_RATE_HZ).ceil().max(0.0) as usize).min(points);
    for part in placed {
        curve[index(part.start_s)..index(part.end_s)].fill(value(&part.step));
    }
    for pair in placed.windows(2) {
        let (left, right) = (&pair[0], &pair[1]);
        let room = (left.end_s - left.start_s).min(right.end_s - right.start_s);
        let span = width(&left.step, &right.step).min(room).max(1e-9);
        let from = right.start_s - span / 2.0;
        let (a, b) = (value(&left.step), value(&right.step));
        for i in index(from)..index(from + span) {
            curve[i] = a + (b - a) * smooth((i as f64 / PLAN_RATE_HZ - from) / span);
        }
    }
    curve
}

/// Straight lines between `corners`, constant beyond them.
fn cornered(corners: &[(f64, f64)], points: usize) -> Vec<f64> {
    let Some(&(_, first)) = corners.first() else { return vec![0.0; points] };
    let mut next = 0;
    (0..points)
        .map(|i| {
            let time = i as f64 / PLAN_RATE_HZ;
            while next < corners.len() && corners[next].0 <= time {
                next += 1;
            }
            match (next.checked_sub(1).map(|k| corners[k]), corners.get(next)) {
                (None, _) => first,
                (Some((_, value)), None) => value,
                (Some((t0, v0)), Some(&(t1, v1))) => v0 + (v1 - v0) * (time - t0) / (t1 - t0).max(1e-9),
            }
        })
        .collect()
}
