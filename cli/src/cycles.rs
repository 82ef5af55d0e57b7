//! `syrinx cycles`: a single cycle of a synthesiser as notes to train on, each at one pitch through all levels. A cycle is one period of a
//! waveform, as in a frame of a wavetable: some hundred to some thousand samples.

use crate::common::{Failure, bar, create_folder};
use std::{f64::consts::TAU, path::PathBuf};
use syrinx_analysis::{Audio, read_audio, write_wav};

/// Rate of the notes, Hz.
const RATE_HZ: u32 = 48_000;
/// Partials end here, Hz: nothing folds back.
const HIGHEST_HZ: f64 = 22_000.0;
/// Samples of the longest cycle: eight times a wavetable's usual frame. A recording of a second has three times as many.
const LONGEST: usize = 16_384;
/// Lowest and highest note (MIDI), and the semitones between two.
const NOTES: (u8, u8) = (33, 96);
const STEP_ST: usize = 3;
/// The level of a note at its corners: seconds, dB. Straight in dB between them.
const CORNERS: [(f64, f64); 7] =
    [(0.1, -80.0), (0.108, 0.0), (0.5, 0.0), (1.9, SOFTEST_DB), (3.3, 0.0), (3.6, 0.0), (3.7, -80.0)];
/// Seconds of a note, silence around it included.
const NOTE_S: f64 = 3.9;
/// The softest that a player plays, dB.
const SOFTEST_DB: f64 = -36.0;
/// How much steeper the spectrum falls there, dB an octave: a synthesiser's filter that follows the key's velocity.
const DARKER_DB: f64 = 9.0;
/// Level of the loudest, as a peak.
const PEAK: f64 = 0.5;

#[derive(clap::Args)]
pub struct Args {
    /// The cycle: a sound file that holds one period of a waveform (one frame of a wavetable) and nothing else, at most 16384 samples.
    cycle: PathBuf,
    /// The folder for the notes, ready for `syrinx train`.
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let name = args.cycle.display();
    let cycle = read_audio(&args.cycle)?.mono();
    if cycle.len() > LONGEST {
        return Err(format!(
            "{name} has {} samples, and a cycle at most {LONGEST}: it is one period of a waveform, such as one frame of a wavetable; for \
             recordings there is `syrinx train`",
            cycle.len()
        )
        .into());
    }
    let partials = partials(&cycle);
    if partials.iter().all(|p| p.hypot() < 1e-9) {
        return Err(format!("{name}: there is no sound in this cycle").into());
    }
    create_folder(&args.output)?;
    let notes: Vec<u8> = (NOTES.0..=NOTES.1).step_by(STEP_ST).collect();
    let progress = bar(notes.len() as u64, "rendering");
    for midi in notes {
        let f0_hz = f0_hz(midi);
        let audio = Audio { sample_rate_hz: RATE_HZ, channels: vec![note(&partials, f0_hz)] };
        write_wav(args.output.join(format!("{midi:03}.wav")), &audio)?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(())
}

/// Cosine and sine amplitude of a partial.
#[derive(Clone, Copy, Debug)]
struct Partial(f64, f64);

impl Partial {
    fn hypot(self) -> f64 {
        self.0.hypot(self.1)
    }
}

fn f0_hz(midi: u8) -> f64 {
    440.0 * ((f64::from(midi) - 69.0) / 12.0).exp2()
}

/// The partials of one period, from the first to the last that a note has: its Fourier series, without the mean.
fn partials(cycle: &[f32]) -> Vec<Partial> {
    let len = cycle.len() as f64;
    let sum = |k: usize, wave: fn(f64) -> f64| {
        let products = cycle.iter().enumerate().map(|(n, &x)| f64::from(x) * wave(TAU * (k * n % cycle.len()) as f64 / len));
        products.sum::<f64>() * 2.0 / len
    };
    let sounding = (HIGHEST_HZ / f0_hz(NOTES.0)) as usize;
    (1..(cycle.len() / 2).min(sounding + 1)).map(|k| Partial(sum(k, f64::cos), sum(k, f64::sin))).collect()
}

/// One note through all levels, darker where it is softer.
fn note(partials: &[Partial], f0_hz: f64) -> Vec<f32> {
    let len = (NOTE_S * f64::from(RATE_HZ)) as usize;
    let levels: Vec<f64> = (0..len).map(|n| level_db(n as f64 / f64::from(RATE_HZ))).collect();
    let mut out = vec![0.0; len];
    let sounding = partials.iter().enumerate().take_while(|(k, _)| (k + 1) as f64 * f0_hz < HIGHEST_HZ);
    for (k, partial) in sounding.filter(|(_, p)| p.hypot() > 1e-6) {
        let tilt = DARKER_DB * ((k + 1) as f64).log2() / -SOFTEST_DB;
        let step = TAU * (k + 1) as f64 * f0_hz / f64::from(RATE_HZ);
        for (n, (out, level)) in out.iter_mut().zip(&levels).enumerate() {
            if *level > -80.0 {
                let gain = 10f64.powf((level + tilt * level.max(SOFTEST_DB)) / 20.0);
                let (sin, cos) = (step * n as f64).sin_cos();
                *out += gain * (partial.0 * cos + partial.1 * sin);
            }
        }
    }
    let loudest = out.iter().fold(0.0_f64, |peak, x| peak.max(x.abs())).max(f64::MIN_POSITIVE);
    out.into_iter().map(|x| (PEAK / loudest * x) as f32).collect()
}

fn level_db(t: f64) -> f64 {
    let place = CORNERS.partition_point(|(at, _)| *at <= t);
    let (Some(&(t0, from)), Some(&(t1, to))) = (place.checked_sub(1).and_then(|p| CORNERS.get(p)), CORNERS.get(place)) else {
        return -80.0;
    };
    from + (t - t0) / (t1 - t0) * (to - from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use syrinx_trainer::{TrainOptions, train};

    #[test]
    fn a_note_has_the_cycles_partials_and_gets_darker_when_softer() {
        let cycle: Vec<f32> = (0..600)
            .map(|n| (TAU * f64::from(n) / 600.0).sin() + 0.5 * (TAU * 2.0 * f64::from(n) / 600.0).cos())
            .map(|x| x as f32)
            .collect();
        let partials = partials(&cycle);
        assert!((partials[0].1 - 1.0).abs() < 1e-6 && (partials[1].0 - 0.5).abs() < 1e-6 && partials[2].hypot() < 1e-6);
        let f0_hz = 480.0;
        let note = note(&partials, f0_hz);
        // A tenth of a second holds 48 periods.
        let level = |at: f64, k: f64| {
            let from = (at * f64::from(RATE_HZ)) as usize;
            let (mut re, mut im) = (0.0, 0.0);
            for (n, x) in note[from..from + 4800].iter().enumerate() {
                let (sin, cos) = (TAU * k * f0_hz * n as f64 / f64::from(RATE_HZ)).sin_cos();
                re += f64::from(*x) * cos;
                im += f64::from(*x) * sin;
            }
            20.0 * (re.hypot(im) / 2400.0).log10()
        };
        assert!((level(0.2, 1.0) - level(0.2, 2.0) - 6.02).abs() < 0.1);
        assert!(level(0.2, 3.0) < -80.0);
        let (loud, soft) = (level(0.2, 1.0) - level(0.2, 2.0), level(1.85, 1.0) - level(1.85, 2.0));
        assert!((soft - loud - DARKER_DB).abs() < 0.5, "{loud} {soft}");
        assert!((level(0.2, 1.0) - level(1.85, 1.0) + SOFTEST_DB).abs() < 1.5);
    }

    /// Its notes fall because they are rendered so: an instrument trained on them sounds as long as the voice.
    #[test]
    fn an_instrument_of_a_cycle_does_not_die_away() {
        let saw: Vec<f32> = (0..600).map(|n| n as f32 / 300.0 - 1.0).collect();
        let partials = partials(&saw);
        let takes = [45, 51, 57, 63, 69, 75].map(|midi| {
            let note = note(&partials, f0_hz(midi));
            syrinx_analysis::analyse("note", "saw", &Audio::from_mono(RATE_HZ, note))
        });
        let options = TrainOptions { steps: 1, ..TrainOptions::new("saw", "Saw") };
        assert_eq!(train(&takes, &options, &mut |_| ()).unwrap().card.decay, None);
    }

    #[test]
    fn a_high_note_ends_before_it_would_fold_back() {
        let saw: Vec<f32> = (0..600).map(|n| n as f32 / 300.0 - 1.0).collect();
        let note = note(&partials(&saw), 5000.0);
        let steepest = note.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
        assert!(note.iter().any(|x| x.abs() > 0.4) && steepest < 1.0, "{steepest}");
    }
}
