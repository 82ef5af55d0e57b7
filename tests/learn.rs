//! Recordings in, an instrument out: training and evaluation as their user runs them, on recordings that the test makes. Few notes and few
//! steps tell as much of most promises as many; with `SYRINX_LONG` set, the trainings are those of a user.

mod support;

use serde_json::Value;
use std::path::{Path, PathBuf};
use support::{FRAME_RATE_HZ, Folder, RATE_HZ, following, heard, ok, refused, samples, syrinx};
use syrinx_singer::{Event, Note, Phoneme, Voice, sing_score};

/// A plain reed: odd harmonics stronger, brighter when louder, some breath; `seconds` at `midi`, soft to loud and back.
fn note(midi: f64, seconds: f64, seed: u32) -> Vec<f32> {
    let rate = f64::from(RATE_HZ);
    let f0 = 440.0 * ((midi - 69.0) / 12.0).exp2();
    let len = (seconds * rate) as usize;
    let mut noise = seed.wrapping_mul(2_654_435_761) | 1;
    let mut smooth = 0.0;
    let mut phase = 0.0_f64;
    (0..len)
        .map(|i| {
            let t = i as f64 / rate;
            let edge = (t.min(seconds - t) / 0.04).clamp(0.0, 1.0);
            let swell = (std::f64::consts::PI * t / seconds).sin();
            phase += f0 * (1.0 + 0.004 * (33.0 * t).sin()) / rate;
            let tilt = 1.9 - 0.7 * swell;
            let tone: f64 = (1..=40)
                .filter(|k| f64::from(*k) * f0 < 20_000.0)
                .map(|k| {
                    let side = if k % 2 == 1 { 1.0 } else { 0.25 };
                    side * f64::from(k).powf(-tilt) * (std::f64::consts::TAU * phase * f64::from(k)).sin()
                })
                .sum();
            noise ^= noise << 13;
            noise ^= noise >> 17;
            noise ^= noise << 5;
            smooth += 0.3 * (f64::from(noise) / f64::from(u32::MAX) - 0.5 - smooth);
            ((0.05 + 0.2 * swell) * edge * (tone + 0.02 * smooth)) as f32
        })
        .collect()
}

/// Whether the long forms are asked for.
fn long() -> bool {
    std::env::var_os("SYRINX_LONG").is_some()
}

/// The reed from E3 to D5, and not at D#4.
fn recordings(folder: &Folder, name: &str) -> PathBuf {
    let path = folder.path(name);
    std::fs::create_dir_all(&path).unwrap();
    let (notes, seconds) = if long() { ((52..76).step_by(2).collect(), 2.5) } else { (vec![52, 58, 62, 68, 74], 3.3) };
    for (i, midi) in notes.into_iter().enumerate() {
        folder.wav(&format!("{name}/note-{i:02}.wav"), RATE_HZ, &note(f64::from(midi), seconds, midi));
    }
    path
}

/// A plucked string at `midi`: a fast early fall of 6 dB, then a slow one, faster for higher notes; damped after `seconds`.
fn pluck(midi: f64, seconds: f64) -> Vec<f32> {
    let rate = f64::from(RATE_HZ);
    let f0 = 440.0 * ((midi - 69.0) / 12.0).exp2();
    (0..((seconds + 0.2) * rate) as usize)
        .map(|i| {
            let t = i as f64 / rate;
            let fall_db = 6.0 * (1.0 - (-t / 0.12).exp()) + (4.0 + 0.2 * (midi - 52.0)) * t + 300.0 * (t - seconds).max(0.0);
            let tone: f64 = (1..=30)
                .filter(|k| f64::from(*k) * f0 < 20_000.0)
                .map(|k| f64::from(k).powf(-1.3) * (std::f64::consts::TAU * f64::from(k) * f0 * t).sin())
                .sum();
            (0.2 * (t / 0.004).min(1.0) * 10f64.powf(-fall_db / 20.0) * tone) as f32
        })
        .collect()
}

/// By how much a sound is softer 0.5, 1 and 2 s after the loudest frame of its first half second, dB; what starts late is looked at from its start.
fn falls(sound: &[f32]) -> [f32; 3] {
    let frames = heard(RATE_HZ, sound);
    let at = |seconds: f64| (seconds * FRAME_RATE_HZ) as usize;
    let start = frames.iter().position(|f| f.loudness_db > -60.0).expect("there is a sound");
    let loudest = |n: &usize| frames[*n].loudness_db;
    let peak = (start..start + at(0.5)).max_by(|a, b| loudest(a).total_cmp(&loudest(b))).unwrap();
    // Over a tenth of a second: singers have vibrato.
    let about = |n: usize| frames[n - at(0.05)..n + at(0.05)].iter().map(|f| f.loudness_db).sum::<f32>() / (2 * at(0.05)) as f32;
    [0.5, 1.0, 2.0].map(|seconds| frames[peak].loudness_db - about(peak + at(seconds)))
}

fn train(recordings: &Path, out: &Path, more: &[&str]) -> String {
    let mut args = vec![
        "train",
        recordings.to_str().unwrap(),
        "--id",
        "test-reed",
        "--name",
        "Test Reed",
        "--family",
        "reed",
        "--credit",
        "made by the test",
        "--licence",
        "CC0-1.0",
        "-o",
        out.to_str().unwrap(),
    ];
    args.extend(more);
    ok(args)
}

/// A sung phrase comes out at its pitch and loudness.
fn assert_it_plays(folder: &Folder, model: &Path) {
    let voice = syrinx_singer::sing(RATE_HZ, 1);
    let input = folder.wav("voice.wav", RATE_HZ, &voice.samples);
    let out = folder.path("out.wav");
    ok(["render", input.to_str().unwrap(), "-o", out.to_str().unwrap(), "--instrument", model.to_str().unwrap()]);
    let f = following(&voice, &samples(&out), 0.0);
    assert!(f.within_50_cents > 0.95 && f.loudness_error_db < 1.5, "{f:?}");
}

#[test]
fn a_new_instrument_from_recordings_plays_and_is_like_them() {
    let folder = Folder::new();
    let recordings = recordings(&folder, "reed");
    let (model, again) = (folder.path("reed.onnx"), folder.path("again.onnx"));
    // Among the recordings, as a folder that people have at hand: nothing there is learned from the next time.
    let sounds = recordings.join("sounds");
    let steps = if long() { "600" } else { "80" };
    let report = train(&recordings, &model, &["--sounds", sounds.to_str().unwrap(), "--steps", steps]);
    assert!(report.contains("usable") && report.contains("pitch: E3 to D5"), "the report on the recordings: {report}");
    // The short form of this is in `nsynth`, where one instrument is trained in two ways.
    if long() {
        train(&recordings, &again, &["--steps", steps]);
        assert!(std::fs::read(&model).unwrap() == std::fs::read(&again).unwrap(), "same seed, same model");
    }

    // A held-out note and what became of it lie side by side.
    assert!(report.contains("the instrument, studio"), "{report}");
    let [held_out, played] = ["held-out.wav", "resynthesis.wav"].map(|name| samples(&sounds.join(name)));
    assert!(held_out.len() == played.len() && held_out.len() > RATE_HZ as usize);
    let close = syrinx_analysis::score(&held_out, &played, RATE_HZ);
    assert!(close.lsd > 0.1 && close.loudness < 1.0, "{close}");

    assert_it_plays(&folder, &model);

    // It has learnt its recordings' timbre: on pitches that lie between those of its training, it is close to the real thing.
    folder.wav("unseen.wav", RATE_HZ, &note(63.0, 2.5, 9));
    let unseen = folder.path("unseen.wav");
    let scores: Value =
        serde_json::from_str(&ok(["evaluate", model.to_str().unwrap(), unseen.to_str().unwrap(), "--json"])).unwrap();
    let violin: Value = serde_json::from_str(&ok(["evaluate", "violin", unseen.to_str().unwrap(), "--json"])).unwrap();
    let score = |of: &Value, name: &str| of["scores"][name].as_f64().unwrap_or_else(|| panic!("{name} in {of}"));
    println!("test reed {scores}\nviolin {violin}");
    assert!(score(&scores, "h1_5") < 4.0, "{scores}");
    assert!(score(&scores, "lsd") < score(&violin, "lsd"), "a violin is closer to the reed than the reed: {scores} {violin}");
    assert!(score(&scores, "loudness") < 1.0, "{scores}");
}

/// Plucked and struck instruments die away as their recordings do, while the voice holds; until the next note, and unless the player
/// wants the voice to sustain them.
#[test]
fn a_plucked_instrument_dies_away_while_the_voice_holds() {
    const NOTE: f64 = 67.0;
    let folder = Folder::new();
    let plucked = folder.path("plucked");
    std::fs::create_dir_all(&plucked).unwrap();
    for midi in if long() { (52..77).step_by(2) } else { (51..77).step_by(5) } {
        folder.wav(&format!("plucked/{midi}.wav"), RATE_HZ, &pluck(f64::from(midi), 2.6));
    }
    let mut instruments = vec![(plucked, falls(&pluck(NOTE, 2.6)))];
    let vibraphone = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/vibraphone");
    if long() && vibraphone.exists() {
        // What its recordings of this very note do, in the mean.
        let takes = ["vcsl-mf-ff/G4-mf.flac", "vcsl-soft-mp/g3.flac", "vcsl-mf-ff/G4-ff.flac"]
            .map(|file| falls(&syrinx_analysis::read_audio(vibraphone.join(file)).unwrap().resampled(RATE_HZ).mono()));
        let median = |n: usize| {
            let mut three = takes.map(|t| t[n]);
            three.sort_by(f32::total_cmp);
            three[1]
        };
        instruments.push((vibraphone, [median(0), median(1), median(2)]));
    }
    let note = |seconds: f64| Event::Note(Note::new(NOTE, seconds, &[Phoneme::A]));
    let score = [note(3.0), Event::Rest { duration_s: 0.2 }, note(1.0)];
    let voice = sing_score(&score, &Voice::mezzo(), RATE_HZ, 1).unwrap().samples;
    let input = folder.wav("voice.wav", RATE_HZ, &voice);
    let sung = falls(&voice);
    for (recordings, wanted) in instruments {
        let model = folder.path("model.onnx");
        // How it falls is measured, and does not depend on how long the network learns.
        let report = train(&recordings, &model, &["--steps", if long() { "600" } else { "30" }]);
        assert!(report.contains("It dies away"), "{report}");
        let out = folder.path("out.wav");
        let render = |sustain: &str| {
            let set = format!("sustain={sustain}");
            ok([
                "render",
                input.to_str().unwrap(),
                "-o",
                out.to_str().unwrap(),
                "--instrument",
                model.to_str().unwrap(),
                "--set",
                &set,
            ]);
            samples(&out)
        };
        let (own, followed) = (render("Instrument"), render("Voice"));
        let (fell, held) = (falls(&own), falls(&followed));
        println!(
            "{}: falls by {fell:.1?} dB, recordings by {wanted:.1?}, the voice by {sung:.1?}, following it by {held:.1?}",
            recordings.display()
        );
        for (n, (fell, wanted)) in fell.iter().zip(&wanted).enumerate() {
            assert!((fell - wanted).abs() < 1.5 + 0.1 * wanted, "at {n}: {fell} dB where the recordings fall by {wanted}");
            assert!((held[n] - sung[n]).abs() < 1.5, "{held:?} dB where the voice falls by {sung:?}");
        }
        let peak = |sound: &[f32]| heard(RATE_HZ, sound).iter().map(|f| f.loudness_db).fold(f32::MIN, f32::max);
        let second = (3.1 * f64::from(RATE_HZ)) as usize;
        // A stroke is lifted by what it is going to lose, so that a phrase of them is as loud as the voice: by 11 dB at most.
        let lifted = peak(&own[second..]) - peak(&voice[second..]);
        assert!((-1.5..12.5).contains(&lifted), "the next note is struck {lifted:.1} dB above the voice's level");
        assert!(own[second - 480..second].iter().all(|x| x.abs() < 1e-3), "between the notes nothing rings on");
        let between = |set: &[&str]| {
            let mut args =
                vec!["render", input.to_str().unwrap(), "-o", out.to_str().unwrap(), "--instrument", model.to_str().unwrap()];
            args.extend(set);
            ok(args);
            samples(&out)
        };
        assert!(between(&["--block", "777"]) == own && between(&["--block", "64"]) == own, "the block changes the sound");
        let morphed = falls(&between(&["--set", "instrument_b=violin", "--set", "morph=50"]));
        let middle = 0.5 * (fell[2] + held[2]);
        assert!(
            (morphed[2] - middle).abs() < 1.5,
            "half-way to a violin it falls by {} dB, and {middle} is the middle",
            morphed[2]
        );
        assert!(own.iter().zip(&followed).any(|(a, b)| a != b) && own.iter().all(|x| x.is_finite()));
    }
    // What sounds as long as it is bowed does not know the difference.
    let violin = |sustain: &str| {
        let out = folder.path("violin.wav");
        ok(["render", input.to_str().unwrap(), "-o", out.to_str().unwrap(), "--set", sustain]);
        samples(&out)
    };
    assert!(violin("sustain=instrument") == violin("sustain=voice"));
}

#[test]
fn hopeless_recordings_are_refused_with_the_reason() {
    let folder = Folder::new();
    let seconds = 25 * RATE_HZ as usize;
    let mut seed = 7_u32;
    let noise: Vec<f32> = (0..seconds)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            0.2 * (seed as f32 / u32::MAX as f32 - 0.5)
        })
        .collect();
    let noise = folder.wav("noise.wav", RATE_HZ, &noise);
    let silence = folder.wav("silence.wav", RATE_HZ, &vec![0.0; seconds]);
    let short = folder.wav("short.wav", RATE_HZ, &note(60.0, 1.0, 1));
    let model = folder.path("model.onnx");
    let scaled = |name: &str, gain: f32| {
        let samples: Vec<f32> = note(60.0, 3.0, 1).iter().map(|x| gain * x).collect();
        folder.wav(name, RATE_HZ, &samples)
    };
    let (quiet, over) = (scaled("quiet.wav", 1e-3), scaled("over.wav", 32_768.0));
    for (file, says) in [
        (&noise, "pitch"),
        (&silence, "silent"),
        (&short, "at least 15 s"),
        (&quiet, "record them louder, or normalise"),
        (&over, "over full scale"),
    ] {
        let args = ["train", file.to_str().unwrap(), "--id", "x", "--name", "X", "-o", model.to_str().unwrap()];
        let sentence = refused(args);
        assert!(sentence.to_lowercase().contains(says), "{}: {sentence}", file.display());
        assert!(!model.exists());
    }
    let sentence = refused(["evaluate", "violin", silence.to_str().unwrap()]);
    assert!(sentence.contains("silent") && sentence.lines().count() == 1, "{sentence}");
    let sentence = refused(["cycles", silence.to_str().unwrap(), "-o", folder.path("notes").to_str().unwrap()]);
    assert!(sentence.contains("one period of a waveform") && sentence.lines().count() == 1, "{sentence}");
    assert!(!folder.path("notes").exists());
}

/// What cannot be said on the command line is told before anything is read, be it there or not.
#[test]
fn bad_options_are_refused_at_once() {
    let folder = Folder::new();
    let file = folder.wav("a-file.wav", RATE_HZ, &[0.0; 100]);
    let (inside_a_file, nowhere) = (file.join("model.onnx"), folder.path("nowhere/model.onnx"));
    let model = folder.path("model.onnx");
    let recordings = folder.path("missing");
    for (option, value, says) in [
        ("--weight-decay", "-1", "from 0 to 100"),
        ("--rise-decay", "nan", "from 0 to 100"),
        ("--own-harmonics", "100", "too many"),
        ("--steps", "0", "at least one step"),
        ("--family", "kazoo", "synth_lead, vocal"),
        ("--id", "My Cello", "lower-case letters, digits and hyphens"),
        ("--name", "", "name is empty"),
        ("--output", folder.path("").to_str().unwrap(), "is a folder"),
        ("--output", folder.path("model.toml").to_str().unwrap(), "card's name"),
        ("--output", nowhere.to_str().unwrap(), "there is no folder"),
        ("--output", inside_a_file.to_str().unwrap(), "there is no folder"),
        ("--sounds", file.to_str().unwrap(), "a-file.wav"),
    ] {
        let mut options = vec![("--id", "x"), ("--name", "X"), ("--output", model.to_str().unwrap())];
        options.retain(|(name, _)| *name != option);
        options.push((option, value));
        let options = options.iter().map(|(option, value)| format!("{option}={value}"));
        let sentence = refused(["train".into(), recordings.to_str().unwrap().to_owned()].into_iter().chain(options));
        assert!(sentence.contains(says) && !sentence.contains("missing"), "{option}={value}: {sentence}");
        assert!(!model.exists());
    }
}

/// What lies beside recordings is neither trained on nor scored, and what is there twice counts once.
#[test]
fn what_is_no_recording_is_passed_over_and_told() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path("set/.ipynb_checkpoints")).unwrap();
    let sound = note(60.0, 0.7, 1);
    for name in ["set/a.wav", "set/.ipynb_checkpoints/a-checkpoint.wav"] {
        folder.wav(name, RATE_HZ, &sound);
    }
    for name in ["set/._a.wav", "set/b.opus"] {
        std::fs::write(folder.path(name), "no sound").unwrap();
    }
    let set = folder.path("set");
    #[cfg(unix)]
    std::os::unix::fs::symlink(".", set.join("loop")).unwrap();
    let model = folder.path("model.onnx");
    let train = syrinx(["train", set.to_str().unwrap(), "--id", "x", "--name", "X", "-o", model.to_str().unwrap()]);
    let evaluate = syrinx(["evaluate", "violin", set.to_str().unwrap(), "--json"]);
    let report = String::from_utf8(train.stdout).unwrap();
    assert!(!train.status.success() && report.contains("1 recordings"), "{report}");
    let scores: Value = serde_json::from_slice(&evaluate.stdout).unwrap();
    assert_eq!(scores["recordings"].as_array().unwrap().len(), 1, "{scores}");
    for said in [train.stderr, evaluate.stderr] {
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("2 hidden") && said.contains("b.opus"), "{said}");
    }
}

/// The file is called as the instrument is, and none that was there before is written over unasked.
#[test]
fn a_name_is_all_that_training_needs() {
    let folder = Folder::new();
    let recordings = recordings(&folder, "reed");
    let train = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_syrinx"));
        command.current_dir(folder.path("")).args(["train", "--name", "My reed", "--steps", "8"]).arg(&recordings);
        command.output().unwrap()
    };
    let first = train();
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let model = syrinx_judge::from_file(&folder.path("my-reed.onnx")).unwrap();
    assert_eq!((model.card().id.as_str(), model.card().name.as_str()), ("my-reed", "My reed"));
    let again = train();
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(!again.status.success() && said.contains("my-reed.onnx is there already"), "{said}");
}

/// What a recipe may say of the training is on the card, and it plays.
#[test]
fn decays_and_own_harmonics_are_taken() {
    let folder = Folder::new();
    let recordings = recordings(&folder, "reed");
    let model = folder.path("reed.onnx");
    let steps = if long() { "60" } else { "30" };
    train(&recordings, &model, &["--steps", steps, "--weight-decay", "2", "--rise-decay", "1", "--own-harmonics", "0"]);
    let card = std::fs::read_to_string(model.with_extension("toml")).unwrap();
    for line in ["weight_decay = \"2\"", "rise_decay = \"1\"", "own_harmonics = \"0\""] {
        assert!(card.lines().any(|l| l == line), "{line} is not in {card}");
    }
    assert_it_plays(&folder, &model);
}

/// What moves in a held note: nothing in a tone that is as still as a machine's, and in what the violin makes of it as much as its card says.
#[test]
fn realism_tells_a_living_tone_from_a_still_one() {
    let folder = Folder::new();
    let tone = |n: usize| {
        let t = n as f32 / RATE_HZ as f32;
        let edge = (t.min(3.0 - t) / 0.02).clamp(0.0, 1.0);
        edge * (1..20).map(|k| 0.1 / k as f32 * (std::f32::consts::TAU * 330.0 * k as f32 * t).sin()).sum::<f32>()
    };
    let held: Vec<f32> = (0..3 * RATE_HZ as usize).map(tone).chain(vec![0.0; RATE_HZ as usize]).collect();
    let file = folder.wav("held.wav", RATE_HZ, &held);
    let told: Value = serde_json::from_str(&ok(["evaluate", "violin", file.to_str().unwrap(), "--realism", "--json"])).unwrap();
    let unexplained = |way: &str| told["realism"][way]["unexplained_db"].as_f64().unwrap();
    assert!(unexplained("recorded") < 0.1 && unexplained("without Life and Room") < 0.8, "{told}");
    assert!(unexplained("played") > unexplained("without Life and Room") + 1.0, "{told}");
    assert_eq!((told["notes"].as_u64(), told["model"].as_str()), (Some(1), Some("violin")));
    for way in ["recorded", "played"] {
        let levels = told["envelopes_db"][way].as_array().unwrap();
        assert!(levels.len() == 6 && levels[0].as_array().unwrap().len() > 500, "{way}");
    }
    let table = ok(["evaluate", "violin", file.to_str().unwrap(), "--realism"]);
    assert!(table.lines().count() == 4 && table.contains("without Life and Room"), "{table}");
    let short = folder.wav("short.wav", RATE_HZ, &held[..RATE_HZ as usize / 2]);
    let sentence = refused(["evaluate", "violin", short.to_str().unwrap(), "--realism"]);
    assert!(sentence.contains("no note is held") && sentence.lines().count() == 1, "{sentence}");
}
