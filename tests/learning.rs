//! Learning an instrument where it is played: the real window, the real audio side of an instance, recordings on disk, the real training, and whatever may go wrong
//! between them.

mod window {
    pub mod painter;
    #[allow(dead_code, reason = "the window's other tests want more of it")]
    pub mod stage;
}

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};
use syrinx_analysis::{Audio, Workers, find_recordings, read_audio, write_wav};
use syrinx_engine::Model;
use syrinx_plugin::{
    editor::files::Home,
    learn::{self, Learning, View, folder::About},
    player::{Owner, Player},
    source::Source,
};
use syrinx_testkit::demo_voice;
use syrinx_trainer::{Job, Twins};
use window::stage::{Opening, Stage};

const RATE_HZ: u32 = 48_000;
/// Nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(280);
/// Steps of a training in which nothing is said of how it sounds.
const FEW: usize = 24;

/// An instance that plays.
struct Instance {
    owner: Owner,
    player: Player,
}

impl Instance {
    fn new() -> Self {
        Self::at(RATE_HZ)
    }

    fn at(rate_hz: u32) -> Self {
        let (owner, mut player) = Player::new();
        owner.activate(&mut player, f64::from(rate_hz), 1, 1).unwrap();
        Self { owner, player }
    }

    /// A learning of its own below `folder`.
    fn learning(&self, folder: &Path) -> Learning {
        Learning::open(&Home::in_folder(folder).learning, self.owner.params().library(), self.owner.shown()).unwrap()
    }

    /// Sings, faster than the clock goes, in steps of a quarter second; the sound.
    fn sing(&mut self, voice: &[f32], mut each: impl FnMut()) -> Vec<f32> {
        let mut out = Vec::new();
        for piece in voice.chunks(RATE_HZ as usize / 4) {
            for block in piece.chunks(512) {
                let mut block = block.to_vec();
                self.player.process(&mut [&mut block]).unwrap();
                out.extend(block);
            }
            each();
            std::thread::sleep(Duration::from_millis(25));
        }
        out
    }
}

/// Its window, on a folder.
struct Windowed {
    instance: Instance,
    stage: Stage,
}

impl Windowed {
    fn open(folder: &Path) -> Self {
        Self::around(Instance::new(), folder)
    }

    fn around(instance: Instance, folder: &Path) -> Self {
        let (params, shown) = (instance.owner.params().clone(), instance.owner.shown().clone());
        let mut stage = Stage::open_on(params, shown, folder, Opening::default());
        stage.wait(3);
        Self { instance, stage }
    }

    fn sing(&mut self, voice: &[f32]) {
        let stage = &mut self.stage;
        self.instance.sing(voice, || stage.wait(1));
    }

    fn view(&self) -> View {
        self.instance.owner.params().learning().as_ref().map(|learning| learning.view()).unwrap_or_default()
    }

    fn change(&self, change: impl FnOnce(&mut About)) {
        self.instance.owner.params().learning().as_ref().unwrap().change(change);
    }

    /// Draws the window until something is so.
    fn until(&mut self, what: &str, is_so: impl Fn(&View) -> bool) {
        let begun = Instant::now();
        while !is_so(&self.view()) {
            let view = self.view();
            assert!(begun.elapsed() < PATIENCE, "{what} takes too long: {:?}, {:?}", view.stage, view.trouble);
            self.stage.wait(1);
            std::thread::sleep(Duration::from_millis(5));
        }
        self.stage.wait(3);
    }
}

/// Waits until something is so.
fn until(learning: &Learning, what: &str, is_so: impl Fn(&View) -> bool) -> View {
    let begun = Instant::now();
    loop {
        let view = learning.view();
        if is_so(&view) {
            return view;
        }
        assert!(begun.elapsed() < PATIENCE, "{what} takes too long: {:?}, {:?}", view.stage, view.trouble);
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_idle(view: &View) -> bool {
    view.stage == learn::Stage::Idle
}

/// The demo singer's voice as files of a folder.
fn sung(folder: &Path, takes: u64) -> PathBuf {
    let folder = folder.join("sung");
    fs::create_dir_all(&folder).unwrap();
    for take in 0..takes {
        write_wav(folder.join(format!("take {take}.wav")), &Audio::from_mono(RATE_HZ, demo_voice(RATE_HZ, take).samples))
            .unwrap();
    }
    folder
}

/// What the command line makes of the recordings of a learning.
fn by_the_command_line(paths: &[PathBuf], about: &About) -> Vec<u8> {
    let files = find_recordings(paths).unwrap().files;
    let options = learn::options(about, 1);
    let workers = Workers::all();
    let job = Job { workers: &workers, tell: &|_| (), early: None };
    let recordings = job.survey(&files).unwrap();
    let trained = job.train(&recordings, &options, Twins::All).unwrap();
    let mut card = trained.card.clone();
    card.scores.extend(job.score(&recordings, &trained, &options).unwrap().named());
    trained.to_onnx(&card)
}

#[test]
fn a_voice_that_is_recorded_becomes_an_instrument() {
    let folder = tempfile::tempdir().unwrap();
    let mut syrinx = Windowed::open(folder.path());
    syrinx.stage.click("Learn");
    syrinx.stage.photograph("learn");
    syrinx.stage.click("Record");
    syrinx.sing(&vec![0.0; RATE_HZ as usize]);
    syrinx.sing(&demo_voice(RATE_HZ, 0).samples);
    for take in 1..3 {
        syrinx.sing(&vec![0.0; 2 * RATE_HZ as usize]);
        syrinx.sing(&demo_voice(RATE_HZ, take).samples);
    }
    syrinx.sing(&vec![0.0; 2 * RATE_HZ as usize]);
    // The window may close meanwhile; another one finds it all.
    drop(syrinx.stage);
    let mut syrinx = Windowed::around(syrinx.instance, folder.path());
    syrinx.stage.click("Learn");
    syrinx.stage.click("Stop recording");
    syrinx.until("listening", is_idle);
    let view = syrinx.view();
    assert!(view.trouble.is_none() && view.recorded.iter().all(|file| file.fit == Some(true)), "{:?}", view.recorded);
    assert!((3..=4).contains(&view.recorded.len()) && view.report.as_ref().unwrap().verdict().is_ok());
    // What was recorded is what was sung, sample for sample.
    let recorded = read_audio(&view.recorded[0].path).unwrap();
    let voice = demo_voice(RATE_HZ, 0).samples;
    let first = recorded.channels[0].iter().position(|sample| *sample != 0.0).unwrap();
    let begin = voice.iter().position(|sample| *sample != 0.0).unwrap();
    let length = recorded.len().min(voice.len()) - first.max(begin) - RATE_HZ as usize;
    let held = &recorded.channels[0][first..first + length];
    let found = (begin..voice.len() - length).step_by(1).find(|at| voice[*at..*at + 64] == held[..64]);
    let at = found.expect("it begins with something that was sung");
    assert!(voice[at..at + RATE_HZ as usize] == held[..RATE_HZ as usize]);

    syrinx.change(|about| about.steps = FEW);
    syrinx.stage.click("Next: train");
    syrinx.stage.click("Learned family: Voices");
    syrinx.stage.click("Train");
    syrinx.until("the training", |view| view.learned.is_some() && is_idle(view));
    // It plays, in B.
    let settings = syrinx.instance.owner.params().settings();
    assert_eq!((settings.morph, settings.instrument_b), (100.0, syrinx_engine::OWN_INSTRUMENT));
    let own = syrinx.instance.owner.params().library().own(learn::SLOT).unwrap();
    assert_eq!((own.card().family.as_str(), own.hash()), ("vocal", syrinx.view().version.unwrap().hash()));
    let heard = syrinx.instance.sing(&voice[..2 * RATE_HZ as usize], || ());
    assert!(heard.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs())) > 0.01);

    syrinx.stage.click("Done: name it");
    syrinx.stage.click("Name");
    syrinx.stage.harness.event(egui::Event::Text("Größe 3".into()));
    syrinx.stage.wait(3);
    syrinx.stage.click("Save");
    syrinx.stage.wait(3);
    let saved = syrinx.view().saved.expect("it is saved");
    assert_eq!(saved, folder.path().join("instruments/gr-e-3.onnx"));
    let model = syrinx_judge::from_file(&saved).unwrap();
    assert_eq!((model.card().name.as_str(), model.card().id.as_str()), ("Größe 3", "gr-e-3"));
    assert!(model.card().scores.contains_key("mel"));
    // Once more is another file.
    syrinx.stage.click("Save");
    assert!(folder.path().join("instruments/gr-e-3-2.onnx").is_file());
    // The same recordings, the same file.
    let about = syrinx.view().about;
    let recordings: Vec<PathBuf> = syrinx.view().recorded.into_iter().map(|file| file.path).collect();
    assert!(by_the_command_line(&recordings, &about) == fs::read(saved).unwrap(), "another file than the command line's");
}

#[test]
fn every_step_as_it_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let recordings = sung(folder.path(), 3);
    let mut syrinx = Windowed::open(folder.path());
    syrinx.stage.click("Learn");
    // What is heard while it records, before any file is complete.
    syrinx.stage.click("Record");
    syrinx.sing(&demo_voice(RATE_HZ, 1).samples[..9 * RATE_HZ as usize]);
    std::thread::sleep(Duration::from_millis(200));
    let so_far = syrinx.instance.owner.params().learning().as_ref().unwrap().recording().unwrap();
    assert!((7.0..9.0).contains(&so_far.seconds) && so_far.runs && so_far.clipped == 0, "{so_far:?}");
    syrinx.stage.click("Stop recording");
    syrinx.until("listening", is_idle);
    syrinx.stage.click("Start over");
    assert!(syrinx.view().recorded.is_empty());

    let path = syrinx.stage.rect("Folder …").right_center() + egui::vec2(60.0, 0.0);
    let add = |syrinx: &mut Windowed, text: &Path| {
        syrinx.stage.press(path);
        syrinx.stage.harness.event(egui::Event::Text(text.display().to_string()));
        syrinx.stage.wait(2);
        syrinx.stage.click("Add");
    };
    add(&mut syrinx, &folder.path().join("nowhere"));
    assert!(syrinx.view().trouble.unwrap().contains("does not exist"));
    add(&mut syrinx, &recordings);
    syrinx.until("listening", is_idle);
    assert!(syrinx.view().trouble.is_none());
    syrinx.stage.photograph("learn_recorded");
    syrinx.stage.click("Step: 2  Check");
    syrinx.stage.photograph("learn_check");
    syrinx.stage.click("Next: train");
    syrinx.stage.photograph("learn_train");
    syrinx.change(|about| about.steps = FEW);
    syrinx.stage.click("Train");
    syrinx.until("the training", |view| view.learned.is_some() && is_idle(view));
    syrinx.stage.photograph_trained("learn_learned");
    // The held-out recording and what is made of it, heard one after the other without a pause.
    let listen = ["Listen: Recorded, and held out from it", "Listen: What it makes of that"];
    let silence = vec![0.0; RATE_HZ as usize / 2];
    for (which, name) in listen.into_iter().enumerate() {
        syrinx.stage.click(name);
        let heard = syrinx.instance.sing(&silence, || ());
        let learned = syrinx.view().learned.unwrap();
        let example = &learned.held_out.example.as_ref().unwrap()[which];
        // The second goes on where the first was, once that has faded.
        let from = which * silence.len();
        let is_there = |late: usize| (4_000..20_000).all(|n| (heard[n] - example[from + n - late]).abs() < 1e-6);
        assert!((0..=1024).any(is_there), "{name}");
    }
    syrinx.stage.click(listen[1]);
    let heard = syrinx.instance.sing(&silence, || ());
    assert!(heard[4_000..].iter().all(|sample| sample.abs() < 1e-4), "it goes on when it was stopped");
    syrinx.stage.click("Done: name it");
    syrinx.stage.photograph("learn_name");
}

#[test]
fn the_demo_voice_sings_without_a_microphone() {
    let folder = tempfile::tempdir().unwrap();
    let mut syrinx = Windowed::open(folder.path());
    syrinx.stage.click("Window");
    syrinx.stage.click("Sing with the demo voice");
    let voice = demo_voice(RATE_HZ, 0).samples;
    let begun = Instant::now();
    let mut heard = Vec::new();
    // Sung in a second or two, it is heard as if it came in.
    while heard.iter().all(|sample: &f32| sample.abs() < 1e-3) {
        assert!(begun.elapsed() < PATIENCE);
        heard = syrinx.instance.sing(&vec![0.0; RATE_HZ as usize / 4], || syrinx.stage.wait(1));
    }
    heard.extend(syrinx.instance.sing(&vec![0.0; voice.len()], || syrinx.stage.wait(1)));
    let mut other = Instance::new();
    let sung = other.sing(&[&voice[..], &vec![0.0; RATE_HZ as usize]].concat(), || ());
    let first = |sound: &[f32]| sound.iter().position(|sample| sample.abs() > 1e-3).unwrap();
    let (heard, sung) = (&heard[first(&heard)..], &sung[first(&sung)..]);
    // It begins between two frames, so the samples are others.
    let db = |sound: &[f32]| 10.0 * (sound[..10 * RATE_HZ as usize].iter().map(|x| x * x).sum::<f32>() / 10.0).log10();
    assert!((db(heard) - db(sung)).abs() < 0.5, "{} and {} dB", db(heard), db(sung));
    // What comes in is heard again.
    syrinx.instance.sing(&vec![0.0; 2 * RATE_HZ as usize], || syrinx.stage.wait(1));
    let again = syrinx.instance.sing(&voice[..4 * RATE_HZ as usize], || syrinx.stage.wait(1));
    assert!(again.iter().any(|sample| sample.abs() > 0.01));
}

#[test]
fn keys_learn_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let recordings = sung(folder.path(), 2);
    let (owner, mut player) = Player::of(Source::Keys);
    owner.activate(&mut player, f64::from(RATE_HZ), 0, 2).unwrap();
    let mut keys = Windowed::around(Instance { owner, player }, folder.path());
    keys.stage.click("Instrument A: Violin");
    keys.stage.click("Learn …");
    keys.stage.photograph("learn_keys");
    keys.instance.owner.params().learning().as_ref().unwrap().add(&[recordings]);
    keys.until("listening", |view| is_idle(view) && view.report.is_some());
    assert!(keys.view().report.unwrap().verdict().is_ok());
}

#[test]
fn an_instrument_gets_better_while_it_is_played_and_training_can_be_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let recordings = sung(folder.path(), 2);
    let mut instance = Instance::new();
    let learning = instance.learning(folder.path());
    learning.add(&[recordings]);
    until(&learning, "listening", is_idle);
    learning.change(|about| about.steps = 400);
    learning.train(1);
    let first = until(&learning, "the first version", |view| view.versions == 1).version.unwrap();
    let library = instance.owner.params().library().clone();
    library.put(learn::SLOT, first.clone());
    let mut settings = instance.owner.params().settings();
    (settings.morph, settings.instrument_b) = (100.0, syrinx_engine::OWN_INSTRUMENT);
    instance.owner.params().apply(&settings);
    let voice = demo_voice(RATE_HZ, 3).samples;
    let mut played = instance.sing(&voice[..RATE_HZ as usize], || ());
    until(&learning, "the third version", |view| view.versions >= 3);
    // It takes the first one's place by itself, and without a click.
    assert_ne!(library.own(learn::SLOT).unwrap().hash(), first.hash());
    played.extend(instance.sing(&voice[RATE_HZ as usize..3 * RATE_HZ as usize], || ()));
    let step = played.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
    assert!(step < 0.3, "{step}");
    // What the player has chosen since is not taken away.
    let flute = Model::read(syrinx_models::bytes("flute").unwrap()).unwrap();
    library.put(learn::SLOT, flute.clone());
    let begun = Instant::now();
    learning.cancel();
    let view = until(&learning, "cancelling", is_idle);
    assert!(begun.elapsed() < Duration::from_secs(5) && view.learned.is_none() && view.trouble.is_none(), "{:?}", view.trouble);
    assert_eq!(library.own(learn::SLOT).unwrap().hash(), flute.hash());
    // An instance that goes while it learns does not keep the host waiting.
    learning.train(1);
    until(&learning, "training", |view| view.stage.is_lesson());
    let begun = Instant::now();
    drop(learning);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn ten_instances_record_and_learn_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut instances: Vec<(Instance, Learning)> = (0..10)
        .map(|_| {
            let instance = Instance::new();
            let learning = instance.learning(folder.path());
            learning.record(true);
            (instance, learning)
        })
        .collect();
    let voice = demo_voice(RATE_HZ, 4).samples;
    for piece in voice[..6 * RATE_HZ as usize].chunks(RATE_HZ as usize / 2) {
        for (instance, _) in &mut instances {
            instance.sing(piece, || ());
        }
    }
    let folders: std::collections::BTreeSet<PathBuf> =
        instances.iter().map(|(_, learning)| learning.folder().to_owned()).collect();
    assert_eq!(folders.len(), 10, "each has one of its own");
    for (_, learning) in &instances {
        learning.record(false);
    }
    for (_, learning) in &instances {
        let view = until(learning, "listening", |view| is_idle(view) && view.report.is_some());
        assert!(view.trouble.is_none() && view.recorded.len() == 1, "{:?}", view.trouble);
        let seconds = view.report.unwrap().seconds;
        assert!((4.0..6.2).contains(&seconds), "{seconds}");
    }
}

#[test]
fn another_rate_is_another_recording_and_what_is_no_number_is_silence() {
    let folder = tempfile::tempdir().unwrap();
    let mut instance = Instance::new();
    let learning = instance.learning(folder.path());
    learning.record(true);
    let voice = demo_voice(RATE_HZ, 5).samples;
    instance.sing(&voice[..4 * RATE_HZ as usize], || ());
    let Instance { owner, player } = &mut instance;
    owner.activate(player, 44_100.0, 1, 1).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let mut odd = voice[4 * RATE_HZ as usize..8 * RATE_HZ as usize].to_vec();
    odd[100_000] = f32::NAN;
    odd[100_001] = f32::INFINITY;
    instance.sing(&odd, || ());
    learning.record(false);
    let view = until(&learning, "listening", |view| is_idle(view) && view.recorded.len() == 2);
    let rates: Vec<u32> = view.recorded.iter().map(|file| read_audio(&file.path).unwrap().sample_rate_hz).collect();
    assert_eq!(rates, [48_000, 44_100]);
    assert!(view.recorded.iter().all(|file| file.fit == Some(true)), "{:?}", view.recorded);
}

#[test]
fn what_is_silent_or_gone_is_said_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let mut instance = Instance::new();
    let learning = instance.learning(folder.path());
    learning.record(true);
    instance.sing(&vec![0.0; 2 * RATE_HZ as usize], || ());
    assert!(learning.recording().unwrap().silent);
    learning.record(false);
    assert!(learning.view().recorded.is_empty(), "silence is not written");
    learning.train(1);
    let trouble = until(&learning, "refusing", |view| view.trouble.is_some()).trouble.unwrap();
    assert_eq!(trouble, "There are no recordings.");
    // The folder goes away while it records.
    learning.record(true);
    let path = learning.folder().to_owned();
    fs::remove_dir_all(&path).unwrap();
    instance.sing(&demo_voice(RATE_HZ, 6).samples[..2 * RATE_HZ as usize], || ());
    let trouble = until(&learning, "refusing", |view| view.trouble.is_some()).trouble.unwrap();
    assert!(trouble.contains("cannot be written") && trouble.lines().count() == 1, "{trouble}");
    std::thread::sleep(Duration::from_millis(100));
    assert!(learning.recording().is_none(), "it has ended");
    drop(learning);
    // Files that were learned from are gone the next time.
    let recordings = sung(folder.path(), 1);
    let learning = instance.learning(folder.path());
    learning.add(std::slice::from_ref(&recordings));
    until(&learning, "listening", is_idle);
    drop(learning);
    fs::remove_dir_all(&recordings).unwrap();
    let learning = instance.learning(folder.path());
    let view = until(&learning, "listening", |view| is_idle(view) && view.report.is_some());
    assert!(view.recorded[0].says.contains("cannot open") && view.recorded[0].fit == Some(false), "{:?}", view.recorded);
}

/// Says what a process of the next tests is to do: the folder that it learns in.
const CHILD: &str = "SYRINX_TEST_LEARNS_IN";

#[test]
#[ignore = "another test's other process"]
fn another_process_records() {
    let Ok(folder) = std::env::var(CHILD) else { return };
    #[cfg(target_os = "linux")]
    if let Some(bytes) = std::env::var("SYRINX_TEST_ROOM").ok().and_then(|bytes| bytes.parse().ok()) {
        // No file can be longer: what a full disk says, without one.
        // SAFETY: of this process alone.
        unsafe {
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
            libc::setrlimit(libc::RLIMIT_FSIZE, &libc::rlimit { rlim_cur: bytes, rlim_max: bytes });
        }
    }
    let mut instance = Instance::new();
    let learning = Arc::new(instance.learning(Path::new(&folder)));
    learning.record(true);
    let voice = demo_voice(RATE_HZ, 7).samples;
    loop {
        for piece in voice.chunks(RATE_HZ as usize / 2) {
            instance.sing(piece, || ());
            if let Some(trouble) = learning.view().trouble {
                // Its last words.
                fs::write(Path::new(&folder).join("trouble"), trouble).unwrap();
                return;
            }
        }
    }
}

fn another_process(folder: &Path) -> Command {
    // Sung before its time is short.
    demo_voice(RATE_HZ, 7);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "another_process_records"]).env(CHILD, folder);
    command
}

#[test]
fn what_was_recorded_outlives_a_process_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = another_process(folder.path()).stdout(std::process::Stdio::null()).spawn().unwrap();
    let home = Home::in_folder(folder.path()).learning;
    let bytes = || -> u64 {
        let learnings = fs::read_dir(&home).into_iter().flatten().flatten();
        let files = learnings.flat_map(|learning| fs::read_dir(learning.path()).into_iter().flatten().flatten());
        files.filter_map(|file| file.metadata().ok()).map(|about| about.len()).sum()
    };
    let begun = Instant::now();
    while bytes() < 20 * u64::from(RATE_HZ) * 4 {
        assert!(begun.elapsed() < PATIENCE, "{} bytes", bytes());
        std::thread::sleep(Duration::from_millis(20));
    }
    process.kill().unwrap();
    process.wait().unwrap();
    let learning = Instance::new().learning(folder.path());
    let view = until(&learning, "listening", |view| is_idle(view) && view.report.is_some());
    let report = view.report.unwrap();
    assert!(report.unreadable.is_empty() && report.seconds > 17.0 && report.verdict().is_ok(), "{report}");
    // And is gone on with: another training, as if nothing had been.
    learning.change(|about| about.steps = FEW);
    learning.train(1);
    until(&learning, "the training", |view| view.learned.is_some() && is_idle(view));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_ends_a_recording_and_loses_nothing_before() {
    let folder = tempfile::tempdir().unwrap();
    let ended = another_process(folder.path()).env("SYRINX_TEST_ROOM", "1000000").output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let trouble = fs::read_to_string(folder.path().join("trouble")).unwrap();
    assert!(trouble.contains("cannot be written") && trouble.contains("is kept"), "{trouble}");
    let learning = Instance::new().learning(folder.path());
    let view = until(&learning, "listening", |view| is_idle(view) && view.report.is_some());
    assert!(view.report.as_ref().unwrap().seconds > 4.0, "{:?}", view.recorded);
}
