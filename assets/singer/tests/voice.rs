//! What the singer promises, measured on its sound alone.

use std::f64::consts::TAU;
use std::sync::OnceLock;
use syrinx_singer::Phoneme::*;
use syrinx_singer::{DemoVoice, Event, Note, Phoneme, SingError, Voice, shenandoah, sing, sing_score};

const RATE: u32 = 48_000;

fn demo() -> &'static DemoVoice {
    static DEMO: OnceLock<DemoVoice> = OnceLock::new();
    DEMO.get_or_init(|| sing(RATE, 1))
}

fn note(midi: f64, seconds: f64, sounds: &[Phoneme]) -> Event {
    Event::Note(Note::new(midi, seconds, sounds))
}

fn sung(score: &[Event], voice: &Voice) -> DemoVoice {
    sing_score(score, voice, RATE, 1).unwrap()
}

fn rms(samples: &[f32]) -> f64 {
    (samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len().max(1) as f64).sqrt()
}

fn between(voice: &DemoVoice, from_s: f64, to_s: f64) -> &[f32] {
    let at = |s: f64| ((s * f64::from(voice.sample_rate_hz)) as usize).min(voice.samples.len());
    &voice.samples[at(from_s)..at(to_s)]
}

fn cents(a: f64, b: f64) -> f64 {
    1200.0 * (a / b).log2()
}

/// Normalised correlation of `x[at - half..at + half]`, split around `at`, with itself `lag` samples on.
fn correlation(x: &[f32], at: usize, half: usize, lag: usize) -> f64 {
    let start = at - half - lag / 2;
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for n in start..start + 2 * half {
        let (a, b) = (f64::from(x[n]), f64::from(x[n + lag]));
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    ab / (aa * bb).sqrt().max(1e-12)
}

/// Pitch by the highest correlation between `low_hz` and `high_hz`, refined by a parabola: (Hz, correlation).
fn pitch(x: &[f32], at: usize, low_hz: f64, high_hz: f64) -> (f64, f64) {
    let rate = f64::from(RATE);
    let (shortest, longest) = ((rate / high_hz) as usize, (rate / low_hz) as usize);
    let half = (longest * 3 / 2).max(480);
    let curve: Vec<f64> = (shortest - 1..=longest + 1).map(|lag| correlation(x, at, half, lag)).collect();
    let peak = (1..curve.len() - 1).max_by(|&a, &b| curve[a].total_cmp(&curve[b])).unwrap();
    let (l, c, r) = (curve[peak - 1], curve[peak], curve[peak + 1]);
    let shift = (0.5 * (l - r) / (l - 2.0 * c + r)).clamp(-0.5, 0.5);
    (rate / ((shortest - 1 + peak) as f64 + shift), c)
}

/// Distances in cents of the measured pitch from the truth, wherever that is certain, voiced and steady, and the waveform repeats well
/// enough to be measured: while formants move fast, no two periods are alike.
fn pitch_errors(voice: &DemoVoice) -> Vec<f64> {
    let steady = |i: usize| {
        let around = &voice.truth[i - 25..=i + 25];
        around.iter().all(|p| p.voiced && p.certain && cents(p.f0_hz, voice.truth[i].f0_hz).abs() < 25.0)
    };
    let places: Vec<usize> = (40..voice.truth.len() - 300).step_by(7).filter(|&i| steady(i)).collect();
    let errors: Vec<f64> = places
        .iter()
        .filter_map(|&i| {
            let truth = voice.truth[i];
            let at = (truth.time_s * f64::from(RATE)) as usize;
            let (found, height) = pitch(&voice.samples, at, truth.f0_hz / 1.6, truth.f0_hz * 1.6);
            (height > 0.95).then(|| cents(found, truth.f0_hz).abs())
        })
        .collect();
    assert!(errors.len() * 10 > places.len() * 8, "only {} of {} places repeat", errors.len(), places.len());
    errors
}

fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share) as usize]
}

#[test]
fn the_demo_has_the_pitch_it_says() {
    let errors = pitch_errors(demo());
    assert!(errors.len() > 900, "only {} places to measure", errors.len());
    let (median, most) = (quantile(errors.clone(), 0.5), quantile(errors, 0.95));
    assert!(median < 4.0 && most < 20.0, "median {median:.2}, 95 % {most:.2} cents");
}

#[test]
fn a_sweep_from_80_to_800_hz_has_the_pitch_it_says() {
    let sweep = Note::new(39.49, 6.0, &[A]).towards(79.35).vibrato(0.0).effort(0.8, 0.8);
    let voice = sung(&[Event::Note(sweep)], &Voice { drift_cents: 0.0, ..Voice::tenor() });
    let heard: Vec<f64> = voice.truth.iter().filter(|p| p.voiced && p.certain).map(|p| p.f0_hz).collect();
    assert!(heard[0] < 82.0 && heard.iter().copied().fold(0.0, f64::max) > 780.0);
    let errors = pitch_errors(&voice);
    let (median, most) = (quantile(errors.clone(), 0.5), quantile(errors, 0.95));
    assert!(median < 4.0 && most < 20.0, "median {median:.2}, 95 % {most:.2} cents");
}

#[test]
fn what_has_no_voice_has_no_pitch() {
    let syllables = [[S, A], [Sh, I], [F, E], [H, U]];
    let score: Vec<Event> = syllables.iter().map(|s| Event::Note(Note::new(50.0, 0.5, s).whispered())).collect();
    let voice = sung(&score, &Voice::tenor());
    assert!(voice.truth.iter().all(|p| !p.voiced));
    for step in 10..170 {
        let at = step * RATE as usize / 100;
        let (hz, height) = pitch(&voice.samples, at, 70.0, 250.0);
        assert!(height < 0.8, "at {:.2} s: {height:.2} at {hz:.0} Hz", at as f64 / f64::from(RATE));
    }
}

#[test]
fn nothing_clips_or_jumps_and_every_sample_is_a_number() {
    let fine = sing(192_000, 1);
    for voice in [demo(), &fine] {
        let peak = voice.samples.iter().fold(0.0f32, |m, s| m.max(s.abs()));
        assert!(voice.samples.iter().all(|s| s.is_finite()));
        assert!((0.3..0.95).contains(&peak), "{peak}");
        assert!(voice.samples[0].abs() < 1e-6 && voice.samples[voice.samples.len() - 1].abs() < 1e-6);
    }
    // Seen so finely, a voice is smooth: a click is a step the band's own slope cannot make.
    let steepest = fine.samples.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
    assert!(steepest < 0.1, "{steepest}");
}

/// A click in a vowel shows in the octaves that the voice itself leaves nearly empty.
#[test]
fn transitions_between_vowels_and_nasals_are_clean() {
    let score = [note(50.0, 0.4, &[A]), note(55.0, 0.4, &[M, I]), note(52.0, 0.4, &[N, O, U]), note(57.0, 0.4, &[L, A])];
    let voice = sing_score(&score, &Voice { breathiness: 0.0, ..Voice::tenor() }, 96_000, 1).unwrap();
    // Fourth differences pass the top of the band only.
    let sharp: Vec<f32> = voice.samples.windows(5).map(|w| w[0] - 4.0 * w[1] + 6.0 * w[2] - 4.0 * w[3] + w[4]).collect();
    let frames: Vec<f64> = sharp.chunks(960).map(rms).collect();
    let usual = quantile(frames.clone(), 0.5);
    let worst = frames.iter().copied().fold(0.0, f64::max);
    assert!(worst < 12.0 * usual, "{worst} against {usual}");
}

#[test]
fn the_same_seed_sings_the_same_and_another_does_not() {
    let score = [Event::Breath { duration_s: 0.2 }, note(57.0, 0.4, &[S, A])];
    let with_seed = |seed| sing_score(&score, &Voice::mezzo(), 44_100, seed).unwrap();
    assert_eq!(with_seed(5), with_seed(5));
    assert_ne!(with_seed(5).samples, with_seed(6).samples);
}

#[test]
fn the_song_is_the_same_at_every_rate() {
    let score = [note(57.0, 0.5, &[A]), note(60.0, 0.4, &[L, O])];
    let at = |rate| sing_score(&score, &Voice::tenor(), rate, 1).unwrap();
    let reference = at(192_000);
    for (rate, every) in [(96_000, 2), (48_000, 4), (32_000, 6), (24_000, 8)] {
        let voice = at(rate);
        assert_eq!(voice.truth, reference.truth);
        let difference: Vec<f32> =
            voice.samples.iter().zip(reference.samples.iter().step_by(every)).map(|(a, b)| a - b).collect();
        // What the lower rate cannot hold is missing from it; in vowels that is little.
        let share = rms(&difference) / rms(&voice.samples);
        assert!(share < 0.01, "{rate}: {share}");
    }
    for rate in [22_050u32, 44_100, 88_200, 176_400] {
        let voice = at(rate);
        let seconds = voice.samples.len() as f64 / f64::from(rate);
        assert!((seconds - reference.samples.len() as f64 / 192_000.0).abs() < 1e-3);
        assert!((rms(&voice.samples) / rms(&reference.samples) - 1.0).abs() < 0.01);
    }
}

/// Level of the sound at `hz`, dB.
fn level_at(x: &[f32], hz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, s) in x.iter().enumerate() {
        let hann = 0.5 - 0.5 * (TAU * n as f64 / x.len() as f64).cos();
        let (sin, cos) = (TAU * hz * n as f64 / f64::from(RATE)).sin_cos();
        re += f64::from(*s) * hann * cos;
        im += f64::from(*s) * hann * sin;
    }
    10.0 * (re * re + im * im + 1e-30).log10()
}

/// The strongest harmonic of `f0_hz` near `formant_hz`, the source's fall of 12 dB an octave taken out.
fn formant_near(x: &[f32], f0_hz: f64, formant_hz: f64) -> f64 {
    let lowest = (0.85 * formant_hz / f0_hz).ceil() as usize;
    let highest = (1.15 * formant_hz / f0_hz) as usize;
    let lifted = |k: usize| level_at(x, k as f64 * f0_hz) + 40.0 * (k as f64).log10();
    (lowest..=highest).max_by(|&a, &b| lifted(a).total_cmp(&lifted(b))).unwrap() as f64 * f0_hz
}

#[test]
fn vowels_have_their_formants() {
    // A straight low note: harmonics 55 Hz apart sample the envelope.
    let low = |sound, voice: Voice| {
        let still = Voice { drift_cents: 0.0, jitter: 0.0, shimmer: 0.0, ..voice };
        let note = Note::new(33.0, 1.2, &[sound]).vibrato(0.0);
        sung(&[Event::Note(note)], &still)
    };
    for (sound, f1, f2) in [(A, 690.0, 1120.0), (E, 530.0, 1750.0), (I, 300.0, 2120.0), (O, 440.0, 820.0), (Schwa, 500.0, 1350.0)]
    {
        for voice in [Voice::tenor(), Voice::mezzo()] {
            let scale = voice.formant_scale;
            let sound_of = low(sound, voice);
            let steady = between(&sound_of, 0.5, 1.0);
            for formant in [f1 * scale, f2 * scale] {
                let found = formant_near(steady, 55.0, formant);
                assert!((found - formant).abs() < 60.0, "{sound:?}: {found:.0} for {formant:.0} Hz");
            }
        }
    }
}

#[test]
fn s_is_higher_than_sh_and_both_than_a_vowel() {
    // The centre of gravity of the spectrum, from powers of the sound and of its first difference.
    let centre = |x: &[f32]| {
        let steps: Vec<f32> = x.windows(2).map(|w| w[1] - w[0]).collect();
        f64::from(RATE) / TAU * 2.0 * (0.5 * rms(&steps) / rms(x)).asin()
    };
    let score = |sound| [Event::Rest { duration_s: 0.4 }, note(50.0, 0.4, &[sound, A])];
    let of = |sound, from_s, to_s| centre(between(&sung(&score(sound), &Voice::tenor()), from_s, to_s));
    let (s, sh, a) = (of(S, 0.31, 0.37), of(Sh, 0.31, 0.37), of(S, 0.6, 0.7));
    assert!(s > 5000.0 && (2500.0..5000.0).contains(&sh) && a < 1500.0, "{s:.0} {sh:.0} {a:.0}");
}

#[test]
fn a_stop_is_silent_then_bursts() {
    let voice = sung(&[note(50.0, 0.5, &[A]), note(50.0, 0.5, &[K, A])], &Voice::tenor());
    let frames: Vec<f64> = between(&voice, 0.38, 0.55).chunks(96).map(rms).collect();
    let quietest = (0..frames.len()).min_by(|&a, &b| frames[a].total_cmp(&frames[b])).unwrap();
    let vowel = rms(between(&voice, 0.2, 0.3));
    assert!(frames[quietest] < 0.02 * vowel, "{} {vowel}", frames[quietest]);
    let burst = frames[quietest..quietest + 20].windows(4).map(|w| w[3] / w[0].max(1e-9)).fold(0.0, f64::max);
    assert!(burst > 5.0, "{burst}");
}

#[test]
fn effort_is_loudness_and_brightness() {
    let voice = sung(&[Event::Note(Note::new(57.0, 3.0, &[A]).effort(0.1, 1.0).vibrato(0.0))], &Voice::tenor());
    let (soft, loud) = (between(&voice, 0.3, 0.7), between(&voice, 2.5, 2.8));
    assert!(20.0 * (rms(loud) / rms(soft)).log10() > 12.0);
    let tilt = |x: &[f32], at_s: f64| level_at(x, 12.0 * voice.truth_at(at_s).f0_hz) - level_at(x, voice.truth_at(at_s).f0_hz);
    assert!(tilt(loud, 2.65) > tilt(soft, 0.5) + 4.0);
}

#[test]
fn a_breath_is_noise_and_a_rest_is_silence() {
    let score = [Event::Breath { duration_s: 0.5 }, Event::Rest { duration_s: 0.5 }];
    let voice = sung(&score, &Voice::tenor());
    let breath = rms(between(&voice, 0.1, 0.3));
    assert!((0.001..0.05).contains(&breath), "{breath}");
    assert!(between(&voice, 0.7, 1.2).iter().all(|s| *s == 0.0));
    assert!(voice.truth.iter().all(|p| !p.voiced));
}

#[test]
fn the_notes_are_where_the_truth_has_them() {
    let voice = demo();
    assert_eq!(voice.notes.len(), shenandoah().iter().filter(|e| matches!(e, Event::Note(_))).count());
    for sung in &voice.notes {
        let middle = voice.truth_at(0.5 * (sung.start_s + sung.end_s));
        let written = 440.0 * ((sung.midi[0] - 69.0) / 12.0).exp2();
        assert!(middle.voiced && cents(middle.f0_hz, written).abs() < 120.0, "{sung:?}: {:.1} Hz", middle.f0_hz);
    }
}

#[test]
fn scores_that_cannot_be_sung_are_refused() {
    let refused = |event| sing_score(&[event], &Voice::tenor(), RATE, 1).unwrap_err();
    assert_eq!(refused(Event::Rest { duration_s: 0.0 }), SingError::Duration(0.0));
    assert!(matches!(refused(Event::Rest { duration_s: f64::NAN }), SingError::Duration(_)));
    assert!(matches!(refused(note(130.0, 1.0, &[A])), SingError::Pitch(_)));
    assert!(matches!(refused(note(f64::NAN, 1.0, &[A])), SingError::Pitch(_)));
    assert_eq!(refused(note(60.0, 1.0, &[])), SingError::NoSound);
    assert_eq!(sing_score(&[], &Voice::tenor(), 4_000, 1).unwrap_err(), SingError::Rate(4_000));
    assert!(sing_score(&[], &Voice::tenor(), RATE, 1).unwrap().samples.iter().all(|s| *s == 0.0));
}
