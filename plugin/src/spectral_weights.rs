//! Weights of single harmonics and of the noise on their way from the window, or a session, to the audio thread: atomics, with a version
//! that says that there is something new. Written by the main thread, read by any.

use crate::monitor::Value;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU32, Ordering};
use syrinx_engine::{LEAST_WEIGHT_DB, MAX_HARMONICS, MOST_WEIGHT_DB, NOISE_POINTS, SpectralWeights};

/// The weights that are in force, dB.
pub struct SharedWeights {
    harmonics: [Value; MAX_HARMONICS],
    noise: [Value; NOISE_POINTS],
    version: AtomicU32,
}

/// Weights as a session keeps them: only what is not neutral, by number from 0.
#[derive(Default, Serialize, Deserialize)]
struct Stored {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    harmonics: Vec<(usize, f32)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    noise: Vec<(usize, f32)>,
}

impl Default for SharedWeights {
    fn default() -> Self {
        Self {
            harmonics: std::array::from_fn(|_| Value::default()),
            noise: std::array::from_fn(|_| Value::default()),
            version: AtomicU32::new(0),
        }
    }
}

impl SharedWeights {
    /// Puts weights in force.
    pub fn set(&self, weights: &SpectralWeights) {
        self.harmonics.iter().zip(weights.harmonics_db).for_each(|(value, db)| value.set(db));
        self.noise.iter().zip(weights.noise_db).for_each(|(value, db)| value.set(db));
        self.version.fetch_add(1, Ordering::Release);
    }

    /// The weights in force.
    pub fn get(&self) -> SpectralWeights {
        SpectralWeights {
            harmonics_db: std::array::from_fn(|k| self.harmonics[k].get()),
            noise_db: std::array::from_fn(|k| self.noise[k].get()),
        }
    }

    /// The weights, if they are newer than `seen`. Audio thread; a change that is half written is seen whole the next time.
    pub fn news(&self, seen: &mut u32) -> Option<SpectralWeights> {
        let version = self.version.load(Ordering::Acquire);
        (std::mem::replace(seen, version) != version).then(|| self.get())
    }

    /// As a session keeps them; nothing where all are neutral.
    pub fn to_json(&self) -> Option<String> {
        let weights = self.get();
        (weights != SpectralWeights::default()).then(|| Self::write(&weights))
    }

    /// Weights as text.
    pub fn write(weights: &SpectralWeights) -> String {
        let kept = |all: &[f32]| all.iter().copied().enumerate().filter(|(_, db)| *db != 0.0).collect();
        let kept = Stored { harmonics: kept(&weights.harmonics_db), noise: kept(&weights.noise_db) };
        serde_json::to_string(&kept).expect("it is made of numbers")
    }

    /// Weights from what [`to_json`](Self::to_json) gave, or a stranger wrote.
    ///
    /// # Errors
    /// A part of a sentence.
    pub fn parse(text: &str) -> Result<SpectralWeights, String> {
        if !text.trim_start().starts_with('{') {
            return Err("they are no list of weights".into());
        }
        let kept: Stored = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let mut weights = SpectralWeights::default();
        for (all, kept) in [(&mut weights.harmonics_db[..], kept.harmonics), (&mut weights.noise_db[..], kept.noise)] {
            let count = all.len();
            for (number, db) in kept {
                let place =
                    all.get_mut(number).ok_or_else(|| format!("there are {count} weights, and it has number {number}"))?;
                if !(LEAST_WEIGHT_DB..=MOST_WEIGHT_DB).contains(&db) {
                    return Err(format!("a weight is {db} dB, and {LEAST_WEIGHT_DB} to {MOST_WEIGHT_DB} are possible"));
                }
                *place = db;
            }
        }
        Ok(weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_come_back_from_a_session_and_news_come_once() {
        let shared = SharedWeights::default();
        assert_eq!((shared.to_json(), shared.news(&mut 0)), (None, None));
        let mut weights = SpectralWeights::default();
        (weights.harmonics_db[4], weights.noise_db[23]) = (-7.5, 3.0);
        shared.set(&weights);
        let mut seen = 0;
        assert_eq!(shared.news(&mut seen), Some(weights));
        assert_eq!(shared.news(&mut seen), None);
        let text = shared.to_json().unwrap();
        assert_eq!(text, r#"{"harmonics":[[4,-7.5]],"noise":[[23,3.0]]}"#);
        assert_eq!(SharedWeights::parse(&text), Ok(weights));
    }

    #[test]
    fn weights_that_cannot_be_are_refused() {
        for text in ["", "[]", r#"{"harmonics":[[128,1.0]]}"#, r#"{"noise":[[0,99.0]]}"#, r#"{"noise":[[-1,1.0]]}"#] {
            assert!(SharedWeights::parse(text).is_err(), "{text:?}");
        }
    }
}
