//! What a set of recordings is worth before an instrument is trained on it, and why some are refused. Offline; any thread but the audio
//! thread.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::audio::{Audio, AudioError, ROUNDING_DB, read_audio};
use crate::bands::power_of;
use crate::frames::{Frame, Take, Target};
use crate::targets::{analyse, file_name};
use crate::workers::{Cancelled, Workers};

/// Frames quieter than this under the loudest of their file are not used, dB.
const USABLE_RANGE_DB: f32 = 50.0;
/// Frames this near the loudest decide whether a file has a pitch, and one only, dB.
const LOUD_RANGE_DB: f32 = 30.0;
/// Under this peak a recording is silent, dB of full scale.
pub const SILENT_PEAK_DB: f32 = -60.0;
/// Over this peak the samples are in other units than full scale, dB: floats of a hot mix may go a little over it.
const MOST_OVER_DB: f32 = 12.0;
/// Least share of the loud frames that must have a pitch.
const LEAST_PITCHED: f32 = 0.3;
/// Share of the pitched loud frames that may sound like several notes. Double stops, and a hall in which one note rings into the next, make
/// fewer; chords nearly all.
const MOST_POLYPHONIC: f32 = 0.6;
/// One note's harmonics hold at least this share of its power; breathy and bowed notes hold 0.95 and more.
const LEAST_HARMONIC: f64 = 0.8;
/// A chord is taken for the common subharmonic of its notes. Its fundamental is then missing, this far under the strongest harmonic, dB...
const MISSING_FUNDAMENTAL_DB: f32 = 35.0;
/// ...and so are many harmonics between strong ones: at least this share of them. Instruments with a weak fundamental have no such gaps.
const GAPS_SHARE: f32 = 0.3;
/// A harmonic this far under the strongest of its neighbours is missing, dB.
const GAP_DB: f32 = 20.0;
/// Nobody clips lower than this, dB of full scale: flat tops under it are those of a square wave.
const CLIPPING_DB: f32 = -3.0;
/// Clipped samples are so many in a row, within this share of the peak ...
const CLIPPED_RUN: usize = 3;
const FLAT_SHARE: f32 = 1e-4;
/// ... and at one of their ends, this many samples on, the level has fallen by this share of the peak: at a corner, where the crest of a low
/// sine, as flat as that, goes down by at most 0.0009.
const CORNER_SAMPLES: usize = 2;
const CORNER_SHARE: f32 = 1e-3;
/// Share of samples that are clipped when a file is badly clipped.
const MOST_CLIPPED: f32 = 0.01;
/// Shortest usable sound to train on, s.
const LEAST_USABLE_S: f32 = 15.0;
/// Seconds of a semitone that make it covered...
const COVERED_S: f32 = 0.2;
/// ...and share of all usable sound: stray readings of a long set add up to more than a moment.
const COVERED_SHARE: f32 = 0.005;
/// Uncovered semitones in a row, inside the range, that are worth a warning: an instrument reaches two and a half to each side.
const GAP_SEMITONES: u8 = 6;

/// What is wrong with one recording, if anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// One pitch at a time: fit for training.
    Usable,
    /// Nothing to hear.
    Silent,
    /// Sound without a pitch.
    NoPitch,
    /// Several notes at once.
    Polyphonic,
    /// Flattened peaks.
    Clipped,
    /// Samples far over full scale: in other units.
    OverScale,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Usable => "usable",
            Self::Silent => "silent",
            Self::NoPitch => "no pitch",
            Self::Polyphonic => "several notes at once",
            Self::Clipped => "badly clipped",
            Self::OverScale => "far over full scale",
        })
    }
}

/// One recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileReport {
    /// File name.
    pub name: String,
    /// Name of the source.
    pub source: String,
    /// Length, s.
    pub seconds: f32,
    /// Pitched sound within 50 dB of the loudest, s; 0 when the file is refused.
    pub usable_s: f32,
    /// Lowest and highest pitch, as MIDI notes with a fraction: the 5th and 95th percentile of usable sound.
    pub range: Option<(f32, f32)>,
    /// Median loudness of the usable sound, dB (A-weighted).
    pub sustained_db: Option<f32>,
    /// Loudness of the quietest twentieth of the file, dB (A-weighted), when it is a pause: 20 dB under the loudest or more.
    pub noise_floor_db: Option<f32>,
    /// Highest sample, dB of full scale; none of digital silence.
    pub peak_db: Option<f32>,
    /// Which of its channels were heard and why the others were not, in a few words, where not all were.
    #[serde(default)]
    pub channels: Option<String>,
    /// Share of the samples that are clipped.
    pub clipped: f32,
    /// Share of the loud frames that have a pitch.
    pub pitched: f32,
    /// Share of the loud, pitched frames that sound like several notes.
    pub polyphonic: f32,
    /// Fit for training, or why not.
    pub verdict: Verdict,
    /// Usable seconds of each MIDI note that sounds.
    pub notes_s: Vec<(u8, f32)>,
}

impl FileReport {
    /// Judges `take`, which was analysed from `audio`.
    pub fn new(take: &Take, audio: &Audio) -> Self {
        let frame_s = 1.0 / syrinx_tracker::FRAME_RATE_HZ as f32;
        let levels: Vec<f64> = take.frames.iter().map(|frame| total_power(&frame.target)).collect();
        let loudest = levels.iter().fold(0.0f64, |a, &b| a.max(b));
        let within = |range_db: f32| {
            let least = loudest * power_of(-range_db);
            take.frames.iter().zip(&levels).filter(move |&(_, &level)| level > 0.0 && level >= least).map(|(frame, _)| frame)
        };
        let loud: Vec<&Frame> = within(LOUD_RANGE_DB).collect();
        let pitched: Vec<&Frame> = loud.iter().copied().filter(|frame| frame.target.f0_hz > 0.0).collect();
        let share = |part: usize, whole: usize| if whole == 0 { 0.0 } else { part as f32 / whole as f32 };
        let pitched_share = share(pitched.len(), loud.len());
        let polyphonic = share(pitched.iter().filter(|frame| sounds_like_several_notes(&frame.target)).count(), pitched.len());
        let clipped = clipped_share(audio);
        let voice = audio.levels().voice();

        let peak_db = peak_db(audio.channels.iter().flatten());
        let verdict = if peak_db.is_none_or(|peak| peak < SILENT_PEAK_DB) {
            Verdict::Silent
        } else if peak_db.is_some_and(|peak| peak > MOST_OVER_DB) {
            Verdict::OverScale
        } else if clipped > MOST_CLIPPED {
            Verdict::Clipped
        } else if pitched_share < LEAST_PITCHED {
            Verdict::NoPitch
        } else if polyphonic > MOST_POLYPHONIC {
            Verdict::Polyphonic
        } else {
            Verdict::Usable
        };

        let mut midi = Vec::new();
        let mut loudness = Vec::new();
        if verdict == Verdict::Usable {
            for frame in within(USABLE_RANGE_DB).filter(|frame| frame.target.f0_hz > 0.0) {
                midi.push(69.0 + 12.0 * (frame.target.f0_hz / 440.0).log2());
                loudness.push(frame.target.loudness_db);
            }
        }
        let mut notes_s: Vec<(u8, f32)> = Vec::new();
        midi.sort_by(f32::total_cmp);
        for note in midi.iter().map(|midi| midi.round().clamp(0.0, 127.0) as u8) {
            match notes_s.last_mut() {
                Some((last, seconds)) if *last == note => *seconds += frame_s,
                _ => notes_s.push((note, frame_s)),
            }
        }
        let mut heard: Vec<f32> = take.frames.iter().map(|frame| frame.target.loudness_db).collect();
        let (quiet, loud_db) = (percentile(&mut heard, 0.05), percentile(&mut heard, 1.0));
        Self {
            name: take.name.clone(),
            source: take.source.clone(),
            seconds: audio.seconds() as f32,
            usable_s: midi.len() as f32 * frame_s,
            range: percentile(&mut midi, 0.05).zip(percentile(&mut midi, 0.95)),
            sustained_db: percentile(&mut loudness, 0.5),
            noise_floor_db: quiet.zip(loud_db).and_then(|(quiet, loud)| (quiet <= loud - 20.0).then_some(quiet)),
            peak_db,
            channels: (!voice.is_everything() && !voice.is_silent()).then(|| voice.to_string()),
            clipped,
            pitched: pitched_share,
            polyphonic,
            verdict,
            notes_s,
        }
    }
}

/// A set of recordings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Each recording that could be read.
    pub files: Vec<FileReport>,
    /// One sentence for each file that could not.
    pub unreadable: Vec<String>,
    /// Length of all recordings, s.
    pub seconds: f32,
    /// Usable sound in all recordings, s.
    pub usable_s: f32,
    /// Lowest and highest MIDI note covered.
    pub range: Option<(u8, u8)>,
    /// Stretches of six semitones or more inside the range that no recording covers, as first and last missing note.
    pub gaps: Vec<(u8, u8)>,
    /// Loudness of each layer of dynamics, dB, softest first. A set of one layer teaches one way of playing.
    pub layers_db: Vec<f32>,
    /// Highest noise floor among the files where one is heard, relative to their sustained loudness, dB.
    pub noise_floor_db: Option<f32>,
}

/// Stretches of [`GAP_SEMITONES`] or more that are not among `notes`, which are in order and each there once: the first and the last missing note of each.
pub fn gaps_between(notes: impl IntoIterator<Item = u8>) -> Vec<(u8, u8)> {
    let (mut gaps, mut last) = (Vec::new(), None);
    for note in notes {
        if let Some(last) = last.replace(note).filter(|last| note - last > GAP_SEMITONES) {
            gaps.push((last + 1, note - 1));
        }
    }
    gaps
}

/// Why nothing can be trained on a set of recordings.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReportError {
    /// No file could be read.
    #[error("none of the recordings can be read: {0}")]
    Unreadable(String),
    /// There are no files.
    #[error("there are no recordings")]
    Nothing,
    /// Every file is silent, or nearly: the loudest peaks here, dB of full scale.
    #[error(
        "the recordings are too quiet: the loudest peaks at {0:.0} dB of full scale, and at least {SILENT_PEAK_DB:.0} dB are needed; record them louder, or normalise them"
    )]
    Quiet(f32),
    /// Every file is far over full scale, this one by so much, dB.
    #[error(
        "the recordings are up to {0:.0} dB over full scale: their samples are in other units; scale them to a peak of at most 1"
    )]
    OverScale(f32),
    /// Every file is refused, and most for this reason.
    #[error("the recordings cannot be trained on: {}", reason(*.0))]
    Refused(Verdict),
    /// Too little is left.
    #[error("only {usable_s:.0} s of the recordings can be used, and an instrument needs at least {LEAST_USABLE_S:.0} s{}", because(.reason))]
    TooShort {
        /// Usable sound, s.
        usable_s: f32,
        /// Why most of the rest is refused, if it is.
        reason: Option<Verdict>,
    },
}

fn reason(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Usable => "they are usable, but nothing was found in them",
        Verdict::Silent => "they are silent",
        Verdict::NoPitch => "no pitch was found in them",
        Verdict::Polyphonic => "several notes sound at once, and this instrument plays one at a time",
        Verdict::Clipped => "they are badly clipped; record them again at a lower level",
        Verdict::OverScale => "their samples are far over full scale",
    }
}

fn because(verdict: &Option<Verdict>) -> String {
    verdict.map_or(String::new(), |verdict| {
        format!(
            "; in most of the others {}",
            match verdict {
                Verdict::Usable => "nothing was found",
                Verdict::Silent => "there is silence",
                Verdict::NoPitch => "no pitch was found",
                Verdict::Polyphonic => "several notes sound at once",
                Verdict::Clipped => "the peaks are badly clipped",
                Verdict::OverScale => "the samples are far over full scale",
            }
        )
    })
}

impl Report {
    /// Sums up `files`; `unreadable` has a sentence for each file that could not be read.
    pub fn new(files: Vec<FileReport>, unreadable: Vec<String>) -> Self {
        let mut covered = [0.0f32; 128];
        for &(note, seconds) in files.iter().flat_map(|file| &file.notes_s) {
            covered[usize::from(note)] += seconds;
        }
        let usable_s: f32 = files.iter().map(|file| file.usable_s).sum();
        let is_covered = |note: &u8| covered[usize::from(*note)] >= COVERED_S.max(COVERED_SHARE * usable_s);
        let range = (0..128).find(is_covered).zip((0..128).rev().find(is_covered));
        let gaps = gaps_between((0..128).filter(is_covered));
        let levels: Vec<(f32, f32)> = files.iter().filter_map(|file| Some((file.sustained_db?, file.usable_s))).collect();
        let floors = files.iter().filter_map(|file| Some(file.noise_floor_db? - file.sustained_db?));
        Self {
            seconds: files.iter().map(|file| file.seconds).sum(),
            usable_s,
            range,
            gaps,
            layers_db: layers(&levels),
            noise_floor_db: floors.max_by(f32::total_cmp),
            files,
            unreadable,
        }
    }

    /// Whether an instrument can be trained on the recordings.
    ///
    /// # Errors
    /// The reason, as a sentence, when it cannot.
    pub fn verdict(&self) -> Result<(), ReportError> {
        if self.files.is_empty() {
            return Err(self.unreadable.first().map_or(ReportError::Nothing, |first| ReportError::Unreadable(first.clone())));
        }
        if self.usable_s >= LEAST_USABLE_S {
            return Ok(());
        }
        let seconds_of = |verdict: Verdict| self.files.iter().filter(|f| f.verdict == verdict).map(|f| f.seconds).sum::<f32>();
        let most = [Verdict::Silent, Verdict::NoPitch, Verdict::Polyphonic, Verdict::Clipped, Verdict::OverScale]
            .into_iter()
            .filter(|&verdict| seconds_of(verdict) > 0.0)
            .max_by(|&a, &b| seconds_of(a).total_cmp(&seconds_of(b)));
        let of_those = self.files.iter().filter(|f| Some(f.verdict) == most);
        let peak_db = of_those.filter_map(|f| f.peak_db).max_by(f32::total_cmp);
        Err(match (most, peak_db) {
            (Some(Verdict::Silent), Some(peak_db)) if self.usable_s == 0.0 => ReportError::Quiet(peak_db),
            (Some(Verdict::OverScale), Some(peak_db)) if self.usable_s == 0.0 => ReportError::OverScale(peak_db),
            (Some(most), _) if self.usable_s == 0.0 => ReportError::Refused(most),
            (reason, _) => ReportError::TooShort { usable_s: self.usable_s, reason },
        })
    }
}

impl fmt::Display for Report {
    /// A page for a person: totals, then one line a file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |note: u8| note_name(f32::from(note));
        writeln!(f, "{} recordings, {:.0} s, of which {:.0} s can be used", self.files.len(), self.seconds, self.usable_s)?;
        if let Some((lowest, highest)) = self.range {
            write!(f, "pitch: {} to {}", names(lowest), names(highest))?;
            for &(first, last) in &self.gaps {
                write!(f, ", nothing from {} to {}", names(first), names(last))?;
            }
            writeln!(f)?;
        }
        if !self.layers_db.is_empty() {
            let levels: Vec<String> = self.layers_db.iter().map(|db| format!("{db:.0} dB")).collect();
            writeln!(f, "loudness layers: {}", levels.join(", "))?;
        }
        if let Some(floor) = self.noise_floor_db {
            writeln!(f, "noise floor: {:.0} dB under the notes, in the noisiest file", -floor)?;
        }
        for file in &self.files {
            write!(f, "  {:32} {:6.1} s, {:6.1} s usable", file.name, file.seconds, file.usable_s)?;
            if let Some((low, high)) = file.range {
                let (low, high) = (note_name(low), note_name(high));
                write!(f, ", {}", if low == high { low } else { format!("{low} to {high}") })?;
            }
            if let Some(db) = file.sustained_db {
                write!(f, ", {db:.0} dB")?;
            }
            if file.verdict != Verdict::Usable {
                write!(f, ", refused: {}", file.verdict)?;
            } else if file.polyphonic > 0.1 {
                write!(f, ", {:.0} % sounds like several notes", 100.0 * file.polyphonic)?;
            }
            match file.peak_db {
                Some(peak) if file.verdict == Verdict::Silent => write!(f, ", it peaks at {peak:.0} dB of full scale")?,
                Some(peak) if peak >= ROUNDING_DB => write!(f, ", {peak:.1} dB over full scale")?,
                _ => (),
            }
            if let Some(channels) = &file.channels {
                write!(f, "; {channels}")?;
            }
            writeln!(f)?;
        }
        for sentence in &self.unreadable {
            writeln!(f, "  {sentence}")?;
        }
        Ok(())
    }
}

/// A recording that was analysed and judged, or why it cannot be read.
pub type Surveyed = Result<(Take, FileReport), AudioError>;

/// Reads, analyses and judges one file, with the name of its source.
///
/// # Errors
/// When it cannot be read.
pub fn survey_file(path: &Path, source: &str) -> Surveyed {
    let audio = read_audio(path)?;
    let take = analyse(&file_name(path), source, &audio);
    let report = FileReport::new(&take, &audio);
    Ok((take, report))
}

/// The same of many, in their order; `done` is called with the number of files finished so far, from any of the threads.
///
/// # Errors
/// When it was cancelled.
pub fn survey_files(
    workers: &Workers,
    files: &[(PathBuf, String)],
    done: impl Fn(usize) + Sync,
) -> Result<Vec<Surveyed>, Cancelled> {
    workers.map(files, done, |(path, source)| survey_file(path, source))
}

/// Mean square of harmonics and noise together.
fn total_power(target: &Target) -> f64 {
    target.harmonics_db.iter().chain(&target.noise_db).map(|&db| power_of(db)).filter(|&power| power > 1.1e-14).sum()
}

/// Whether the harmonics of the pitch found explain too little, or only every so many of them sound.
fn sounds_like_several_notes(target: &Target) -> bool {
    let harmonics = &target.harmonics_db;
    let total = total_power(target);
    let harmonic: f64 = harmonics.iter().map(|&db| power_of(db)).sum();
    if harmonic < LEAST_HARMONIC * total {
        return true;
    }
    let strongest = harmonics.iter().copied().fold(f32::MIN, f32::max);
    // The harmonics that matter: up to the last strong one, at most 24.
    let Some(last) = (0..24).rev().find(|&k| harmonics[k] > strongest - LOUD_RANGE_DB) else { return false };
    let missing = (0..=last).filter(|&k| {
        let near = harmonics[k.saturating_sub(2)..(k + 3).min(24)].iter().copied().fold(f32::MIN, f32::max);
        harmonics[k] < near - GAP_DB
    });
    let gaps = missing.count() as f32 / (last + 1) as f32;
    harmonics[0] < strongest - MISSING_FUNDAMENTAL_DB && gaps >= GAPS_SHARE
}

/// The highest of some samples, dB of full scale; none where all are 0.
pub fn peak_db<'a>(samples: impl IntoIterator<Item = &'a f32>) -> Option<f32> {
    let peak = samples.into_iter().fold(0.0f32, |a, &b| a.max(b.abs()));
    (peak > 0.0).then(|| 20.0 * peak.log10())
}

/// Share of samples in flat tops with a corner, at the peak of their channel.
fn clipped_share(audio: &Audio) -> f32 {
    let mut clipped = 0;
    for channel in &audio.channels {
        if peak_db(channel).is_none_or(|peak| peak < CLIPPING_DB) {
            continue;
        }
        let peak = channel.iter().fold(0.0f32, |a, &b| a.max(b.abs()));
        let at_peak = |x: &f32| x.abs() >= (1.0 - FLAT_SHARE) * peak;
        let is_lower = |n: usize| channel.get(n).is_some_and(|x| x.abs() <= (1.0 - CORNER_SHARE) * peak);
        let mut start = 0;
        for run in channel.chunk_by(|a, b| at_peak(a) == at_peak(b)) {
            let end = start + run.len();
            let corner = start.checked_sub(CORNER_SAMPLES).is_some_and(is_lower) || is_lower(end - 1 + CORNER_SAMPLES);
            if at_peak(&run[0]) && run.len() >= CLIPPED_RUN && corner {
                clipped += run.len();
            }
            start = end;
        }
    }
    clipped as f32 / (audio.len() * audio.channels.len()).max(1) as f32
}

/// Sorts and reads off: 0 is the least, 1 the greatest.
fn percentile(values: &mut [f32], share: f32) -> Option<f32> {
    values.sort_by(f32::total_cmp);
    let last = values.len().checked_sub(1)?;
    Some(values[(last as f32 * share).round() as usize])
}

/// Levels around which the recordings gather: maxima of their density, smoothed by 2 dB, that stand out by a tenth of the highest from the
/// valley before and behind. Takes pairs of level and weight.
fn layers(levels: &[(f32, f32)]) -> Vec<f32> {
    const SMOOTHING_DB: f32 = 2.0;
    const STEP_DB: f32 = 0.5;
    const PROMINENCE: f32 = 0.1;
    let least = levels.iter().map(|l| l.0).fold(f32::MAX, f32::min) - 10.0;
    let most = levels.iter().map(|l| l.0).fold(f32::MIN, f32::max) + 10.0;
    if levels.is_empty() {
        return Vec::new();
    }
    let density: Vec<f32> = (0..((most - least) / STEP_DB) as usize)
        .map(|i| {
            let at = least + i as f32 * STEP_DB;
            levels.iter().map(|&(level, weight)| weight * (-0.5 * ((at - level) / SMOOTHING_DB).powi(2)).exp()).sum()
        })
        .collect();
    let enough = PROMINENCE * density.iter().copied().fold(0.0, f32::max);
    let mut found = Vec::new();
    let (mut valley, mut peak, mut rising) = (0.0f32, (0, 0.0f32), true);
    for (i, &value) in density.iter().chain(&[0.0]).enumerate() {
        if rising {
            if value > peak.1 {
                peak = (i, value);
            } else if value < peak.1 - enough {
                if peak.1 > valley + enough {
                    found.push(least + peak.0 as f32 * STEP_DB);
                }
                valley = value;
                rising = false;
            }
        } else if value < valley {
            valley = value;
        } else if value > valley + enough {
            peak = (i, value);
            rising = true;
        }
    }
    found
}

/// Name of the nearest note: A4 is MIDI note 69.
fn note_name(midi: f32) -> String {
    const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
    let note = midi.round() as i32;
    format!("{}{}", NAMES[note.rem_euclid(12) as usize], note.div_euclid(12) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::period_spectrum::ANALYSIS_RATE_HZ;
    use std::f64::consts::TAU;

    const RATE: f64 = ANALYSIS_RATE_HZ as f64;

    fn note(midi: f64, seconds: f64, amplitude: f64) -> Vec<f64> {
        let f0 = 440.0 * 2f64.powf((midi - 69.0) / 12.0);
        (0..(seconds * RATE) as usize)
            .map(|i| {
                (1..30)
                    .filter(|&k| f0 * f64::from(k) < 15_000.0)
                    .map(|k| (TAU * f0 * f64::from(k) * i as f64 / RATE + f64::from(k * k)).sin() / f64::from(k))
                    .sum::<f64>()
                    * amplitude
            })
            .collect()
    }

    fn judge(samples: Vec<f64>) -> FileReport {
        let audio = Audio::from_mono(ANALYSIS_RATE_HZ, samples.iter().map(|&x| x as f32).collect());
        FileReport::new(&analyse("test", "source", &audio), &audio)
    }

    fn sum(notes: &[f64]) -> Vec<f64> {
        let mut sum = note(notes[0], 1.5, 0.1);
        for &midi in &notes[1..] {
            sum.iter_mut().zip(note(midi, 1.5, 0.1)).for_each(|(a, b)| *a += b);
        }
        sum
    }

    #[test]
    fn chords_are_called_polyphonic() {
        for chord in [&[60.0, 64.0, 67.0][..], &[60.0, 63.0, 67.0], &[57.0, 61.0], &[60.0, 67.0], &[55.0, 59.0, 62.0, 65.0]] {
            assert_eq!(judge(sum(chord)).verdict, Verdict::Polyphonic, "{chord:?}");
        }
    }

    #[test]
    fn fine_tones_are_usable_and_their_pitch_and_level_are_told() {
        for midi in [36.0, 48.0, 60.0, 72.0, 84.0] {
            let report = judge(note(midi, 1.5, 0.1));
            assert_eq!(report.verdict, Verdict::Usable, "{report:?}");
            let (low, high) = report.range.unwrap();
            assert!((f64::from(low) - midi).abs() < 0.1 && (f64::from(high) - midi).abs() < 0.1);
            assert!(report.usable_s > 1.3 && report.clipped == 0.0);
        }
        // A clarinet: the even harmonics are missing, the fundamental is not.
        let odd = (0..72_000).map(|i| {
            (0..10).map(|k| 0.1 / f64::from(2 * k + 1) * (TAU * 200.0 * f64::from(2 * k + 1) * f64::from(i) / RATE).sin()).sum()
        });
        assert_eq!(judge(odd.collect()).verdict, Verdict::Usable);
    }

    #[test]
    fn noise_silence_and_clipping_are_told_apart() {
        let mut state = 9u32;
        let noise = (0..72_000).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            0.2 * (f64::from(state >> 8) / f64::from(1 << 23) - 1.0)
        });
        assert_eq!(judge(noise.collect()).verdict, Verdict::NoPitch);
        assert_eq!(judge(vec![0.0; 48_000]).verdict, Verdict::Silent);
        let clipped = judge(note(60.0, 1.5, 1.0).iter().map(|x| x.clamp(-0.8, 0.8)).collect());
        assert_eq!(clipped.verdict, Verdict::Clipped, "{}", clipped.clipped);
    }

    /// The crests of low sines are flat for many samples, and square waves are flat by nature.
    #[test]
    fn low_sines_and_squares_are_not_clipped_and_clipped_sines_are() {
        let clipped = |hz: f64, shape: &dyn Fn(f64) -> f64| {
            let samples = (0..72_000).map(|i| shape((TAU * hz * f64::from(i) / RATE).sin()) as f32).collect();
            clipped_share(&Audio::from_mono(ANALYSIS_RATE_HZ, samples))
        };
        for hz in [41.2, 55.0, 98.0, 130.8, 440.0] {
            for amplitude in [0.3, 0.5, 0.9, 1.0] {
                assert_eq!(clipped(hz, &|x| amplitude * x), 0.0, "{hz} Hz at {amplitude}");
            }
            for ceiling in [0.75, 1.0] {
                let share = clipped(hz, &|x| (1.25 * ceiling * x).clamp(-ceiling, ceiling));
                assert!(share > 0.3, "{hz} Hz at {ceiling}: {share}");
            }
        }
        assert_eq!(clipped(220.0, &|x| 0.3 * x.signum()), 0.0);
    }

    #[test]
    fn levels_that_cannot_be_trained_on_are_told() {
        let peaking_at = |db: f64| {
            let note = note(60.0, 1.5, 1.0);
            let peak = note.iter().fold(0.0f64, |a, b| a.max(b.abs()));
            judge(note.iter().map(|x| x * 10f64.powf(db / 20.0) / peak).collect())
        };
        let refused = |db: f64| {
            let report = Report::new(vec![peaking_at(db)], vec![]);
            (report.files[0].verdict, report.verdict().unwrap_err().to_string(), report.to_string())
        };
        let (verdict, sentence, page) = refused(-62.0);
        assert_eq!(verdict, Verdict::Silent);
        assert!(sentence.contains("peaks at -62 dB") && sentence.contains("normalise"), "{sentence}");
        assert!(page.contains("it peaks at -62 dB of full scale"), "{page}");
        let (verdict, sentence, page) = refused(90.0);
        assert_eq!(verdict, Verdict::OverScale);
        assert!(sentence.contains("up to 90 dB") && sentence.contains("scale them"), "{sentence}");
        assert!(page.contains("90.0 dB over full scale"), "{page}");
        // A mix that is a little hot.
        let hot = Report::new(vec![peaking_at(3.0)], vec![]);
        assert_eq!(hot.files[0].verdict, Verdict::Usable);
        assert!(hot.to_string().contains("3.0 dB over full scale"), "{hot}");
    }

    #[test]
    fn channels_that_are_not_heard_are_named() {
        let sung: Vec<f32> = note(57.0, 1.5, 0.1).iter().map(|x| *x as f32).collect();
        let silent = vec![0.0; sung.len()];
        let says = |channels: Vec<Vec<f32>>| {
            let audio = Audio { sample_rate_hz: ANALYSIS_RATE_HZ, channels };
            Report::new(vec![FileReport::new(&analyse("test", "source", &audio), &audio)], Vec::new()).to_string()
        };
        let one = says(vec![silent, sung.clone()]);
        assert!(one.contains("the voice is channel 2 of 2; the others are silent"), "{one}");
        let both = says(vec![sung.clone(), sung]);
        assert!(!both.contains("channel"), "{both}");
    }

    fn file(verdict: Verdict, usable_s: f32, db: f32, notes: &[u8]) -> FileReport {
        FileReport {
            name: "a.wav".into(),
            source: "s".into(),
            seconds: 30.0,
            usable_s,
            range: None,
            sustained_db: (usable_s > 0.0).then_some(db),
            noise_floor_db: None,
            peak_db: (verdict != Verdict::Silent).then_some(-6.0),
            channels: None,
            clipped: 0.0,
            pitched: 1.0,
            polyphonic: 0.0,
            verdict,
            notes_s: notes.iter().map(|&note| (note, usable_s / notes.len() as f32)).collect(),
        }
    }

    #[test]
    fn a_set_is_summed_up() {
        let report = Report::new(
            vec![
                file(Verdict::Usable, 15.0, -20.0, &[50, 53, 55]),
                file(Verdict::Usable, 15.0, -36.0, &[70, 72]),
                file(Verdict::NoPitch, 0.0, 0.0, &[]),
            ],
            vec!["x.wav is empty".into()],
        );
        assert_eq!((report.range, report.gaps.as_slice()), (Some((50, 72)), &[(56, 69)][..]));
        assert_eq!(report.layers_db.len(), 2, "{:?}", report.layers_db);
        assert!((report.layers_db[0] + 36.0).abs() < 1.0 && (report.layers_db[1] + 20.0).abs() < 1.0);
        assert_eq!(report.verdict(), Ok(()));
        let page = report.to_string();
        for wanted in
            ["3 recordings, 90 s, of which 30 s can be used", "D3 to C5, nothing from G#3 to A4", "no pitch", "x.wav is empty"]
        {
            assert!(page.contains(wanted), "{wanted:?} is missing in\n{page}");
        }
    }

    #[test]
    fn hopeless_sets_are_refused_with_the_reason() {
        let refused =
            |files: Vec<FileReport>, unreadable: Vec<String>| Report::new(files, unreadable).verdict().unwrap_err().to_string();
        assert_eq!(refused(vec![], vec![]), "there are no recordings");
        assert!(refused(vec![], vec!["x.wav is empty".into()]).ends_with("x.wav is empty"));
        assert!(refused(vec![file(Verdict::Polyphonic, 0.0, 0.0, &[])], vec![]).contains("several notes sound at once"));
        assert!(refused(vec![file(Verdict::NoPitch, 0.0, 0.0, &[])], vec![]).contains("no pitch was found"));
        assert!(refused(vec![file(Verdict::Clipped, 0.0, 0.0, &[])], vec![]).contains("clipped"));
        assert!(refused(vec![file(Verdict::Silent, 0.0, 0.0, &[])], vec![]).contains("silent"));
        let short = refused(vec![file(Verdict::Usable, 5.0, -20.0, &[60]), file(Verdict::Clipped, 0.0, 0.0, &[])], vec![]);
        assert!(short.contains("only 5 s") && short.contains("clipped"), "{short}");
    }
}
