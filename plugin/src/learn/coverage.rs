//! Which pitches were played how loudly, and what is worth playing next, in words.

use crate::editor::live::{note, note_name};
use syrinx_analysis::{FileReport, Report, Take, Verdict, gaps_between};
use syrinx_engine::Features;

/// Levels that are told apart: so many of so many dB, from the first on up.
pub const LEVELS: usize = 20;
/// Height of one, dB.
pub const LEVEL_DB: f32 = 4.0;
/// The lowest, dB(A).
pub const LOWEST_DB: f32 = -80.0;
/// Keys.
const NOTES: usize = 128;
/// A key is played, and a level, with so much of it, s.
const PLAYED_S: f32 = 0.2;
/// So many keys are a scale; so many dB from soft to loud are both.
const SCALE: usize = 7;
const DYNAMICS_DB: f32 = 12.0;
/// That is enough to begin with, and that is good, s.
pub const ENOUGH_S: f32 = 60.0;
const GOOD_S: f32 = 180.0;
/// Noise nearer to the notes than this is heard in the instrument, dB.
const NOISY_DB: f32 = -20.0;
/// Tracker's confidence that makes a pitch.
const SURE: f32 = 0.5;

/// Seconds of each level of each key.
#[derive(Clone, Debug, PartialEq)]
pub struct Coverage(Vec<[f32; LEVELS]>);

impl Default for Coverage {
    fn default() -> Self {
        Self(vec![[0.0; LEVELS]; NOTES])
    }
}

impl Coverage {
    /// Of recordings that were analysed.
    pub fn of(takes: &[Take]) -> Self {
        let mut all = Self::default();
        takes.iter().for_each(|take| all.take(take));
        all
    }

    /// One recording more.
    pub fn take(&mut self, take: &Take) {
        for frame in &take.frames {
            self.add(frame.target.f0_hz, frame.target.loudness_db);
        }
    }

    /// One frame of a voice more.
    pub fn hear(&mut self, voice: &Features) {
        if voice.confidence >= SURE {
            self.add(voice.f0_hz, voice.loudness_db);
        }
    }

    fn add(&mut self, f0_hz: f32, loudness_db: f32) {
        let level = (loudness_db - LOWEST_DB) / LEVEL_DB;
        if f0_hz > 0.0 && level >= 0.0 {
            let key = note(f0_hz).round().clamp(0.0, 127.0) as usize;
            self.0[key][(level as usize).min(LEVELS - 1)] += 1.0 / syrinx_engine::FRAME_RATE_HZ as f32;
        }
    }

    /// Both.
    pub fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (mine, theirs) in both.0.iter_mut().zip(&other.0) {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
        }
        both
    }

    /// Seconds of each level of each key.
    pub fn cells(&self) -> &[[f32; LEVELS]] {
        &self.0
    }

    /// Seconds of a key.
    pub fn note_s(&self, note: usize) -> f32 {
        self.0[note].iter().sum()
    }

    /// Seconds of all.
    pub fn seconds(&self) -> f32 {
        (0..NOTES).map(|note| self.note_s(note)).sum()
    }

    /// The lowest and the highest key that were played.
    pub fn range(&self) -> Option<(usize, usize)> {
        let played = |note: &usize| self.note_s(*note) >= PLAYED_S;
        (0..NOTES).find(played).zip((0..NOTES).rev().find(played))
    }

    /// The softest and the loudest level, dB(A): a twentieth is softer, and louder.
    pub fn loudness_db(&self) -> Option<(f32, f32)> {
        let level = |level: usize| (0..NOTES).map(|note| self.0[note][level]).sum::<f32>();
        let all: Vec<f32> = (0..LEVELS).map(level).collect();
        let sum: f32 = all.iter().sum();
        let place = |share: f32| {
            let mut so_far = 0.0;
            let at = all.iter().position(|seconds| {
                so_far += seconds;
                so_far > share * sum
            });
            at.map(|at| LOWEST_DB + LEVEL_DB * (at as f32 + 0.5))
        };
        place(0.05).zip(place(0.95))
    }

    /// Keys within the range that were not played, six in a row and more.
    pub fn gaps(&self) -> Vec<(u8, u8)> {
        gaps_between((0..NOTES as u8).filter(|note| self.note_s(usize::from(*note)) >= PLAYED_S))
    }

    /// What to do next, in large words and in small ones. `records` while it does; `input_peak` is the highest of late, linear.
    pub fn advice(&self, records: bool, input_peak: f32, silent: bool) -> (String, String) {
        let say = |large: &str, small: &str| (large.to_owned(), small.to_owned());
        let seconds = self.seconds();
        if !records {
            return match seconds {
                0.0 => say(
                    "Record, or choose recordings",
                    "One note at a time, without other instruments. A minute is enough, three are better.",
                ),
                few if few < ENOUGH_S => {
                    say("Record some more", &format!("{few:.0} s of sound so far; a minute is enough, three are better."))
                }
                _ => say("That is enough to learn from", "Train it now, or record more: gaps in the field are guessed."),
            };
        }
        if input_peak >= 1.0 {
            return say("Too loud", "The sound is cut off at its peaks. Turn the input down, and play on.");
        }
        if silent {
            return say("Play one note at a time", "Nothing is recorded while nothing sounds.");
        }
        let keys = (0..NOTES).filter(|note| self.note_s(*note) >= PLAYED_S).count();
        if keys < SCALE {
            return say("Play up a scale, softly", "From the lowest note to the highest, each for a second or two.");
        }
        if self.loudness_db().is_some_and(|(soft, loud)| loud - soft < DYNAMICS_DB) {
            return say("Now loudly", "The same notes again, as loudly as they are to be played; then some that swell.");
        }
        if let Some((from, to)) = self.gaps().into_iter().max_by_key(|(from, to)| to - from) {
            return say(
                &format!("Some notes from {} to {}", note_name(from.into()), note_name(to.into())),
                "None of them was played yet.",
            );
        }
        if seconds < ENOUGH_S {
            return say(
                "Go on: short notes, long ones, a melody",
                &format!("{seconds:.0} s so far; a minute is enough, three are better."),
            );
        }
        if seconds < GOOD_S {
            return say("That is enough; more is better", &format!("{seconds:.0} s so far. Stop when you like."));
        }
        say("That is plenty", &format!("{seconds:.0} s. Stop, and train it."))
    }
}

/// What a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    /// Good news.
    Well,
    /// Something that could be better.
    Better,
    /// Something that is of no use.
    Wrong,
}

/// Something that is to be said of all recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A sentence or two.
    pub words: String,
    /// What it is.
    pub is: Is,
}

/// What is to be said of all recordings, and what to do about it.
pub fn findings(report: &Report) -> Vec<Finding> {
    let key = |note: u8| note_name(note.into());
    let mut all = Vec::new();
    let mut say = |is: Is, words: String| all.push(Finding { words, is });
    say(Is::Well, format!("{:.0} s of {:.0} s can be used.", report.usable_s, report.seconds));
    if report.usable_s < ENOUGH_S {
        say(Is::Better, "More is better: a minute at least, three are good.".into());
    }
    if let Some((low, high)) = report.range {
        say(Is::Well, format!("Pitch: {} to {}.", key(low), key(high)));
        if usize::from(high - low) < SCALE {
            say(Is::Better, "Play lower and higher notes, too: what is beyond is guessed.".into());
        }
    }
    for (from, to) in &report.gaps {
        say(Is::Better, format!("Nothing from {} to {}: play some notes there, or they are guessed.", key(*from), key(*to)));
    }
    match report.layers_db[..] {
        [] => {}
        [_] => say(
            Is::Better,
            "One loudness only. Play the same softly and loudly, or what loud is like is taken from its family.".into(),
        ),
        _ => {
            let layers: Vec<String> = report.layers_db.iter().map(|db| format!("{db:.0} dB")).collect();
            say(Is::Well, format!("Played at {}.", layers.join(", ")));
        }
    }
    if let Some(floor) = report.noise_floor_db.filter(|floor| *floor > NOISY_DB) {
        say(
            Is::Better,
            format!("The room is {:.0} dB under the notes: nearer to the microphone is better, or a quieter room.", -floor),
        );
    }
    let unfit = report.files.iter().filter(|file| file.verdict != Verdict::Usable).count() + report.unreadable.len();
    match unfit {
        0 => {}
        1 => say(Is::Wrong, "One recording is not learned from; the list says why.".into()),
        more => say(Is::Wrong, format!("{more} recordings are not learned from; the list says why.")),
    }
    all
}

/// What is to be said of a recording, in a few words, and whether it is learned from.
pub fn words_of(report: &FileReport) -> (String, Option<bool>) {
    let fit = report.verdict == Verdict::Usable;
    let range = report.range.map(|(low, high)| {
        let (low, high) = (note_name(low), note_name(high));
        if low == high { low } else { format!("{low} to {high}") }
    });
    let words = match report.verdict {
        Verdict::Usable => {
            let mut words = format!("{:.0} s", report.usable_s);
            if let Some(range) = range {
                words += &format!(", {range}");
            }
            if report.polyphonic > 0.1 {
                words += &format!(", {:.0} % sounds like several notes", 100.0 * report.polyphonic);
            }
            words
        }
        Verdict::Clipped => "badly clipped: record it again at a lower level".into(),
        Verdict::Polyphonic => "several notes at once: one at a time is learned from".into(),
        Verdict::NoPitch => "no pitch was found in it".into(),
        Verdict::Silent => "silent, or nearly".into(),
        Verdict::OverScale => "far over full scale: its samples are in other units".into(),
    };
    (words, Some(fit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(notes: impl IntoIterator<Item = (u8, f32)>) -> Coverage {
        let mut all = Coverage::default();
        for (note, loudness_db) in notes {
            let f0_hz = 440.0 * ((f32::from(note) - 69.0) / 12.0).exp2();
            for frame in 0..250 {
                all.hear(&Features { frame, f0_hz, confidence: 1.0, loudness_db });
            }
        }
        all
    }

    #[test]
    fn prompts_lead_from_nothing_to_enough() {
        let large = |coverage: &Coverage, records| coverage.advice(records, 0.3, false).0;
        let nothing = Coverage::default();
        assert!(large(&nothing, false).starts_with("Record"));
        assert_eq!(nothing.advice(true, 0.0, true).0, "Play one note at a time");
        assert_eq!(nothing.advice(true, 1.2, false).0, "Too loud");
        assert_eq!(large(&played([(60, -30.0)]), true), "Play up a scale, softly");
        let scale = played((60..72).map(|note| (note, -40.0)));
        assert_eq!(large(&scale, true), "Now loudly");
        let both = scale.and(&played((60..72).map(|note| (note, -20.0))));
        assert!(large(&both, true).starts_with("Go on"));
        assert_eq!((both.range(), both.loudness_db()), (Some((60, 71)), Some((-38.0, -18.0))));
        let wide = both.and(&played([(84, -20.0), (85, -40.0)]));
        assert_eq!((wide.gaps(), large(&wide, true)), (vec![(72, 83)], "Some notes from C5 to B5".into()));
        let much = both.and(&both).and(&both);
        assert!(large(&much, true).starts_with("That is enough") && large(&much, false).starts_with("That is enough"));
    }
}
