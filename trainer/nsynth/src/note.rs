//! What is known of a note besides its sound. Any thread.

use std::ops::RangeInclusive;

/// Families in the order of their numbers in the dataset.
pub const FAMILIES: [&str; 11] =
    ["bass", "brass", "flute", "guitar", "keyboard", "mallet", "organ", "reed", "string", "synth_lead", "vocal"];
/// How notes were made, in the order of their numbers in the dataset.
pub const SOURCES: [&str; 3] = ["acoustic", "electronic", "synthetic"];

/// Sample rate of the dataset, Hz: what a note without one has.
const RATE_HZ: i64 = 16_000;
/// Sample rates taken as plausible, Hz, as in the reader of sound files.
const RATES_HZ: RangeInclusive<i64> = 4_000..=384_000;
/// Longest name, bytes; those of the dataset have 30.
const LONGEST_NAME: usize = 120;
/// Shortest and longest sound of a note, s; those of the dataset have 4.
const SECONDS: RangeInclusive<f64> = 0.1..=60.0;

/// A note, but for its sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Unique name: instrument, pitch and velocity, as in `bass_synthetic_033-022-050`. Fit for a file name.
    pub name: String,
    /// Name of the instrument, as in `bass_synthetic_033`. Fit for a file name.
    pub instrument: String,
    /// One of [`FAMILIES`].
    pub family: String,
    /// One of [`SOURCES`].
    pub source: String,
    /// MIDI note.
    pub pitch: u8,
    /// MIDI velocity.
    pub velocity: u8,
    /// Samples a second.
    pub sample_rate_hz: u32,
}

/// What a file says of a note, before any of it is believed.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub name: String,
    pub instrument: Option<String>,
    pub family: Option<String>,
    pub source: Option<String>,
    pub pitch: Option<i64>,
    pub velocity: Option<i64>,
    pub sample_rate_hz: Option<i64>,
}

impl Said {
    /// The note, or what is wrong with it. What the file leaves out is taken from the name, which has it all but for the rate.
    pub fn check(self) -> Result<Note, String> {
        let name = self.name;
        if !fit_for_a_file_name(&name) {
            return Err(format!("{:?} is no name of a note", name.chars().take(40).collect::<String>()));
        }
        let mut parts = name.rsplitn(3, '-');
        let (velocity, pitch, instrument) = (parts.next(), parts.next(), parts.next());
        let of_name = |part: Option<&str>| instrument.and(part).and_then(|p| p.parse().ok());
        let midi = |said: Option<i64>, part: Option<&str>, what: &str| match said.or_else(|| of_name(part)) {
            Some(number) => {
                u8::try_from(number).ok().filter(|n| *n < 128).ok_or_else(|| format!("note {name} has a {what} of {number}"))
            }
            None => Err(format!("note {name} has no {what}")),
        };
        let (pitch, velocity) = (midi(self.pitch, pitch, "pitch")?, midi(self.velocity, velocity, "velocity")?);
        let instrument =
            self.instrument.or_else(|| instrument.map(str::to_owned)).ok_or_else(|| format!("note {name} has no instrument"))?;
        if !fit_for_a_file_name(&instrument) {
            return Err(format!("note {name} has an instrument without a proper name"));
        }
        let known = |said: Option<String>, all: &[&str], of_name: &dyn Fn(&str) -> bool, what: &str| {
            let value = said.or_else(|| all.iter().find(|x| of_name(x)).map(|x| (*x).to_owned()));
            let value = value.ok_or_else(|| format!("note {name} has no {what}"))?;
            if all.contains(&value.as_str()) { Ok(value) } else { Err(format!("note {name} has an unknown {what}")) }
        };
        let family = known(self.family, &FAMILIES, &|f| instrument.starts_with(&format!("{f}_")), "family")?;
        let source = known(self.source, &SOURCES, &|s| instrument.contains(&format!("_{s}_")), "source")?;
        let rate_hz = self.sample_rate_hz.unwrap_or(RATE_HZ);
        let sample_rate_hz = u32::try_from(rate_hz)
            .ok()
            .filter(|_| RATES_HZ.contains(&rate_hz))
            .ok_or_else(|| format!("note {name} has a sample rate of {rate_hz} Hz"))?;
        Ok(Note { name, instrument, family, source, pitch, velocity, sample_rate_hz })
    }
}

impl Note {
    /// What is wrong with this many samples of sound, if anything.
    pub(crate) fn check_length(&self, samples: usize) -> Result<(), String> {
        let seconds = samples as f64 / f64::from(self.sample_rate_hz);
        if SECONDS.contains(&seconds) {
            return Ok(());
        }
        Err(format!(
            "note {} has {samples} samples at {} Hz, and {} to {} s are expected",
            self.name,
            self.sample_rate_hz,
            SECONDS.start(),
            SECONDS.end()
        ))
    }
}

/// Names become files and folders: nothing in them may lead elsewhere.
fn fit_for_a_file_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str) -> Said {
        Said { name: name.into(), ..Said::default() }
    }

    #[test]
    fn a_name_alone_tells_all_that_it_says() {
        let note = said("synth_lead_synthetic_011-081-127").check().unwrap();
        assert_eq!((note.instrument.as_str(), note.family.as_str()), ("synth_lead_synthetic_011", "synth_lead"));
        assert_eq!((note.source.as_str(), note.pitch, note.velocity, note.sample_rate_hz), ("synthetic", 81, 127, 16_000));
    }

    #[test]
    fn what_cannot_be_is_refused_with_the_reason() {
        for (said, reason) in [
            (said("../../etc/passwd-060-100"), "no name"),
            (said(""), "no name"),
            (said(".hidden_acoustic_1-060-100"), "no name"),
            (said(&"x".repeat(1000)), "no name"),
            (said("brass"), "no pitch"),
            (Said { pitch: Some(60), ..said("brass") }, "no velocity"),
            (said("brass_acoustic_006-200-100"), "pitch of 200"),
            (Said { pitch: Some(-1), ..said("brass_acoustic_006-060-100") }, "pitch of -1"),
            (Said { instrument: Some("a/b".into()), ..said("brass_acoustic_006-060-100") }, "proper name"),
            (Said { family: Some("kazoo".into()), ..said("brass_acoustic_006-060-100") }, "unknown family"),
            (said("kazoo_acoustic_006-060-100"), "no family"),
            (Said { sample_rate_hz: Some(0), ..said("brass_acoustic_006-060-100") }, "rate of 0"),
            (Said { sample_rate_hz: Some(i64::MAX), ..said("brass_acoustic_006-060-100") }, "sample rate"),
        ] {
            let error = said.check().unwrap_err();
            assert!(error.contains(reason) && error.len() < 200, "{error}");
        }
    }

    #[test]
    fn four_seconds_are_a_note_and_nothing_or_an_hour_are_not() {
        let note = said("brass_acoustic_006-060-100").check().unwrap();
        assert!(note.check_length(64_000).is_ok());
        assert!(note.check_length(0).unwrap_err().contains("0 samples"));
        assert!(note.check_length(16_000 * 3600).is_err());
    }
}
