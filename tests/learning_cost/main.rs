//! What learning costs, as one who plays meanwhile has it: `cargo bench -p syrinx-plugin --bench learning -- RECORDINGS...`. Of each path, the time until its recordings are
//! listened to, until a first version plays and until all is known; blocks of 64 samples that came late while it was played, and before; the most memory.

use std::{
    error::Error,
    fs,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};
use syrinx_plugin::{
    learn::{Learning, Stage, View},
    player::{Owner, Player},
};
use syrinx_testkit::demo_voice;

const RATE_HZ: u32 = 48_000;
const BLOCK: usize = 64;
/// Seconds that are played before anything is learned, to compare.
const BEFORE_S: f64 = 10.0;

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).filter(|arg| arg != "--bench").map(PathBuf::from).collect();
    println!(
        "recordings, s; listened to, first version, instrument, scores, s; tone colour, dB; late blocks of all: before, meanwhile; most memory, MB"
    );
    for path in &paths {
        println!("{}: {}", path.display(), learn(path)?);
    }
    Ok(())
}

fn learn(path: &std::path::Path) -> Result<String, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let (owner, mut player) = Player::new();
    owner.activate(&mut player, f64::from(RATE_HZ), 1, 1)?;
    let learning = Learning::open(folder.path(), owner.params().library(), owner.shown())?;
    // The most memory from here on.
    fs::write("/proc/self/clear_refs", "5")?;
    let ends = AtomicBool::new(false);
    let voice = demo_voice(RATE_HZ, 0).samples;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut player = player;
            play(&mut player, &voice, &ends);
        });
        let learned = watch(&learning, &owner, path);
        ends.store(true, Ordering::Relaxed);
        learned
    })
}

/// Plays in time, block after block.
fn play(player: &mut Player, voice: &[f32], ends: &AtomicBool) {
    let begun = Instant::now();
    for (n, block) in voice.chunks_exact(BLOCK).cycle().enumerate() {
        if ends.load(Ordering::Relaxed) {
            break;
        }
        let due = Duration::from_secs_f64((n * BLOCK) as f64 / f64::from(RATE_HZ));
        std::thread::sleep(due.saturating_sub(begun.elapsed()));
        let mut block = block.to_vec();
        player.process(&mut [&mut block]).expect("it is activated");
    }
}

fn watch(learning: &Learning, owner: &Owner, path: &std::path::Path) -> Result<String, Box<dyn Error>> {
    let shown = owner.shown();
    let late = || {
        let counts = (shown.late_blocks.get(), shown.blocks.get());
        move |before: (u32, u32)| (counts.0 - before.0, counts.1 - before.1)
    };
    let wait = |is_so: &dyn Fn(&View) -> bool| -> Result<(f32, View), Box<dyn Error>> {
        let begun = Instant::now();
        loop {
            let view = learning.view();
            if is_so(&view) {
                return Ok((begun.elapsed().as_secs_f32(), view));
            }
            if let Some(trouble) = view.trouble {
                return Err(trouble.into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    std::thread::sleep(Duration::from_secs_f64(BEFORE_S));
    let before = late()((0, 0));
    learning.add(&[path.to_owned()]);
    let (listened_s, view) = wait(&|view| view.stage == Stage::Idle && view.report.is_some())?;
    let seconds = view.report.map_or(0.0, |report| report.seconds);
    learning.train(1);
    let (first_s, first) = wait(&|view| view.versions > 0)?;
    if let Some(model) = first.version {
        owner.params().library().put(syrinx_plugin::learn::SLOT, model);
        let mut settings = owner.params().settings();
        (settings.morph, settings.instrument_b) = (100.0, syrinx_engine::OWN_INSTRUMENT);
        owner.params().apply(&settings);
    }
    let (trained_s, _) = wait(&|view| matches!(view.stage, Stage::Scoring(_)) || view.learned.is_some())?;
    let (scored_s, view) = wait(&|view| view.stage == Stage::Idle && view.learned.is_some())?;
    let mel = view.learned.and_then(|learned| learned.card.scores.get("mel").copied()).unwrap_or(f32::NAN);
    let meanwhile = late()(before);
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|kb| kb.split_whitespace().next()?.parse::<f32>().ok());
    Ok(format!(
        "{seconds:.0} s; {listened_s:.1}, {first_s:.1}, {:.1}, {:.1}; {mel:.2}; {} of {}, {} of {}; {:.0}",
        first_s + trained_s,
        first_s + trained_s + scored_s,
        before.0,
        before.1,
        meanwhile.0,
        meanwhile.1,
        peak.unwrap_or(f32::NAN) / 1024.0
    ))
}
