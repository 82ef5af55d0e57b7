//! Values as people type them: the one reading for the command line, the window, hosts, presets and sessions. What
//! [`Param::display`] writes is read back, with its unit or without.

use crate::params::{KEYS, Kind, Param};

/// Words for units, without spaces and in small letters, and what one of each is in the parameter's unit.
fn units(unit: &str) -> &'static [(&'static str, f32)] {
    match unit {
        "dB" => &[("db", 1.0), ("db(a)", 1.0), ("dba", 1.0), ("decibel", 1.0), ("decibels", 1.0)],
        "dB/oct" => &[("db/oct", 1.0), ("db/octave", 1.0), ("dbperoctave", 1.0), ("db", 1.0)],
        "st" => &[
            ("st", 1.0),
            ("semitone", 1.0),
            ("semitones", 1.0),
            ("oct", 12.0),
            ("octave", 12.0),
            ("octaves", 12.0),
            ("ct", 0.01),
            ("cent", 0.01),
            ("cents", 0.01),
        ],
        "s" => &[
            ("s", 1.0),
            ("sec", 1.0),
            ("second", 1.0),
            ("seconds", 1.0),
            ("ms", 1e-3),
            ("millisecond", 1e-3),
            ("milliseconds", 1e-3),
        ],
        "ms" => &[("ms", 1.0), ("millisecond", 1.0), ("milliseconds", 1.0), ("s", 1e3)],
        "cents" => &[("cents", 1.0), ("cent", 1.0), ("ct", 1.0), ("st", 100.0)],
        "oct" => &[("oct", 1.0), ("octave", 1.0), ("octaves", 1.0)],
        "%" => &[("%", 1.0), ("percent", 1.0), ("pct", 1.0)],
        "Hz" => &[("hz", 1.0), ("hertz", 1.0), ("khz", 1e3), ("kilohertz", 1e3), ("k", 1e3)],
        _ => &[],
    }
}

impl Param {
    /// The value that `text` says, in the parameter's range: a number with the unit or without (`"-6"`, `"−6,5 dB"`, `"+7 semitones"`,
    /// `"1 oct"`, `"50 ct"`, `"1.2 kHz"`), where the unit is Hz a note (`"A2"`, `"B♭4"`), the name of a choice (keys in flats too), `on` or
    /// `off`. Spaces around it and the size of letters do not matter.
    pub fn parse(&self, text: &str) -> Option<f32> {
        let text = plain(text);
        let value = match self.kind {
            Kind::Choice(names) => {
                let named = names.iter().position(|name| plain(name) == text);
                let key = || if names == KEYS { key(&text) } else { None };
                named.or_else(key).or_else(|| unknown(&text).parse().ok())? as f32
            }
            Kind::Switch => match text.as_str() {
                "on" | "1" | "true" | "yes" => 1.0,
                "off" | "0" | "false" | "no" => 0.0,
                _ => return None,
            },
            Kind::Instrument => f32::from(text.parse::<u8>().ok()?),
            Kind::Number { .. } if self.silences() && is_silence(&text) => self.min,
            Kind::Number { .. } => {
                number(&text, units(self.unit)).or_else(|| if self.unit == "Hz" { note_hz(&text) } else { None })?
            }
        };
        (self.min..=self.max).contains(&value).then_some(value)
    }

    /// The values that it takes, in words: `-24 to 24 st`.
    pub fn takes(&self) -> String {
        match self.kind {
            Kind::Choice(names) => names.join(", "),
            Kind::Switch => "on or off".into(),
            Kind::Instrument => "a factory instrument's id".into(),
            Kind::Number { .. } if self.unit == "Hz" => format!("{} to {} Hz or a note such as A2", self.min, self.max),
            Kind::Number { .. } => format!("{} to {} {}", self.min, self.max, self.unit).trim_end().into(),
        }
    }
}

/// The number of a choice that this version does not know, as [`Param::display`] writes it.
fn unknown(text: &str) -> &str {
    text.strip_prefix("none (").and_then(|rest| rest.strip_suffix(')')).unwrap_or(text)
}

/// The same in small letters and plain signs: minus, sharp, flat and spaces come in several forms each.
fn plain(text: &str) -> String {
    let sign = |c: char| match c {
        '−' | '–' | '－' => '-',
        '♭' => 'b',
        '♯' => '#',
        c if c.is_whitespace() => ' ',
        c => c,
    };
    text.trim().to_lowercase().chars().map(sign).collect()
}

fn is_silence(text: &str) -> bool {
    matches!(text.strip_suffix("db").unwrap_or(text).trim_end(), "off" | "-inf" | "-∞")
}

/// The number, in the first unit of `units`.
fn number(text: &str, units: &[(&str, f32)]) -> Option<f32> {
    // Whatever the scripts' own way with small numbers is: 1e-05.
    if let Ok(number) = text.parse::<f32>() {
        return Some(number);
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && !"+-., ".contains(c)).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let unit: String = unit.split(' ').collect();
    let scale = if unit.is_empty() { 1.0 } else { units.iter().find(|(name, _)| *name == unit)?.1 };
    let digits = digits.trim_end();
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, digits.strip_prefix('+').unwrap_or(digits)),
    };
    // One sign, which is gone, and a comma or a point.
    let number = digits.trim_start().replacen(',', ".", 1);
    if number.starts_with(['+', '-']) { None } else { Some(sign * scale * number.parse::<f32>().ok()?) }
}

/// The pitch class that a text begins with, semitones above C from -1 to 12, and what follows.
fn pitch_class(text: &str) -> Option<(i32, &str)> {
    let natural = match text.chars().next()? {
        'c' => 0,
        'd' => 2,
        'e' => 4,
        'f' => 5,
        'g' => 7,
        'a' => 9,
        'b' => 11,
        _ => return None,
    };
    let rest = text[1..].trim_start_matches([' ', '-']);
    let accidental = |names: &[&str]| names.iter().find_map(|name| rest.strip_prefix(name));
    if let Some(rest) = accidental(&["#", "sharp"]) {
        Some((natural + 1, rest))
    } else if let Some(rest) = accidental(&["flat", "b"]) {
        Some((natural - 1, rest))
    } else {
        // The minus may be an octave's.
        Some((natural, &text[1..]))
    }
}

/// The place of a key among [`KEYS`], however it is written: `bb`, `a#`, `b flat`.
fn key(text: &str) -> Option<usize> {
    let (class, rest) = pitch_class(text)?;
    rest.is_empty().then_some(class.rem_euclid(12) as usize)
}

/// The pitch of a note as musicians write it, Hz: `c4`, `f#3`, `bb2` (A4 is 440 Hz).
fn note_hz(text: &str) -> Option<f32> {
    let (class, octave) = pitch_class(text)?;
    let octave: i32 = octave.trim().parse().ok().filter(|o| (-1..=9).contains(o))?;
    Some(440.0 * ((12 * octave + class - 57) as f32 / 12.0).exp2())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::PARAMS;

    fn param(id: &str) -> &'static Param {
        PARAMS.iter().find(|p| p.id == id).unwrap()
    }

    #[test]
    fn what_people_type_is_read() {
        for (id, text, value) in [
            ("pitch_shift", "0,5", 0.5),
            ("pitch_shift", "7 semitones", 7.0),
            ("pitch_shift", "1 semitone", 1.0),
            ("pitch_shift", "7st", 7.0),
            ("pitch_shift", "-1 Octave", -12.0),
            ("pitch_shift", "−50 cents", -0.5),
            ("pitch_shift", " +3 ST ", 3.0),
            ("pitch_shift", "- 3", -3.0),
            ("pitch_shift", ".5", 0.5),
            ("pitch_shift", "1e-1", 0.1),
            ("output_gain", "−6", -6.0),
            ("output_gain", "−6,5\u{a0}dB", -6.5),
            ("output_gain", "-6 decibels", -6.0),
            ("output_gain", "OFF", -60.0),
            ("output_gain", "−∞ dB", -60.0),
            ("brightness", "−1,5 dB per octave", -1.5),
            ("brightness", "2 dB / oct", 2.0),
            ("mix", "50 %", 50.0),
            ("mix", "50%", 50.0),
            ("mix", "12,5 per cent", 12.5),
            ("gate", "-50 dB(A)", -50.0),
            ("voice_low", "440 Hz", 440.0),
            ("voice_high", "1.2 kHz", 1200.0),
            ("voice_high", "1,2k", 1200.0),
            ("voice_low", "A2", 110.0),
            ("voice_low", " a 2 ", 110.0),
            ("snap_key", "Bb", 10.0),
            ("snap_key", "b♭", 10.0),
            ("snap_key", "B♭", 10.0),
            ("snap_key", "A♯", 10.0),
            ("snap_key", "B flat", 10.0),
            ("snap_key", "b", 11.0),
            ("snap_key", "Cb", 11.0),
            ("snap_key", "E#", 5.0),
            ("snap_key", "G-sharp", 8.0),
            ("snap_key", "3", 3.0),
            ("bypass", " Yes", 1.0),
            ("latency_mode", "STUDIO ", 1.0),
        ] {
            assert_eq!(param(id).parse(text), Some(value), "{id}={text:?}");
        }
        let hz = |text: &str| param("voice_high").parse(text).unwrap();
        assert_eq!(hz("B♭4"), hz("a#4"));
        assert_eq!(hz("Cb5"), hz("B4"));
        assert!((hz("b♭4") - 466.16).abs() < 0.01);
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for (id, text) in [
            ("pitch_shift", ""),
            ("pitch_shift", "7 dB"),
            ("pitch_shift", "7 8"),
            ("pitch_shift", "--7"),
            ("pitch_shift", "1,2,3"),
            ("pitch_shift", "1.000,5"),
            ("pitch_shift", "seven"),
            ("pitch_shift", "NaN"),
            ("pitch_shift", "inf"),
            ("pitch_shift", "off"),
            ("pitch_shift", "A2"),
            ("pitch_shift", "♭"),
            ("mix", "101 %"),
            ("voice_low", "h2"),
            ("voice_low", "c11"),
            ("voice_low", "é2"),
            ("snap_key", "H"),
            ("snap_key", "B♭♭"),
            ("snap_key", "12"),
            ("snap_scale", "b flat"),
            ("instrument_a", "128"),
            ("bypass", "perhaps"),
        ] {
            assert_eq!(param(id).parse(text), None, "{id}={text:?}");
        }
    }

    #[test]
    fn whatever_is_shown_is_read_back_however_it_is_written() {
        for p in PARAMS {
            let step = if let Kind::Number { step, .. } = p.kind { step } else { 1.0 };
            for n in 0..=997 {
                let value = p.min + (p.max - p.min) * n as f32 / 997.0;
                let value = if let Kind::Number { .. } = p.kind { value } else { value.round() };
                let shown = p.display(value);
                let forms = [
                    shown.clone(),
                    format!("{shown} {}", p.unit),
                    format!("  {shown}{} ", p.unit),
                    shown.replace('-', "−"),
                    shown.replace('.', ","),
                    format!("{shown} {}", p.unit).to_uppercase(),
                    format!("{shown} {}", p.unit).to_lowercase(),
                ];
                for form in forms {
                    let back = p.parse(&form).unwrap_or_else(|| panic!("{}: {value} is shown as {form:?}", p.id));
                    assert!((back - value).abs() <= 0.501 * step.max(1e-3 * value.abs()), "{}: {form:?} is {back}", p.id);
                    assert_eq!(p.display(back), shown, "{}: {form:?}", p.id);
                }
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic() {
        let pieces = ["", "-", "−", "1", ",", ".", " ", "é", "♭", "b", "A", "∞", "%", "dB", "k", "\u{202e}", "inf", "1e99"];
        for p in PARAMS {
            for a in pieces {
                for b in pieces {
                    for c in pieces {
                        if let Some(value) = p.parse(&[a, b, c].concat()) {
                            assert!((p.min..=p.max).contains(&value), "{}: {a}{b}{c}", p.id);
                        }
                    }
                }
            }
        }
    }
}
