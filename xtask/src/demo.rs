//! `cargo xtask demo`: the demo voice, played on the factory instruments by the engine itself, heard and seen. Nothing else is built for it.

use crate::syrinx::{Syrinx, text};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};
use syrinx_engine::{Engine, EngineConfig, Model, Settings, bounce};
use xtask::{
    Failure,
    follow::follow,
    picture::{Sheet, draw},
    sound::Sound,
    track::{Track, TrackPoint},
};

/// The rate of the demo, Hz.
const SAMPLE_RATE_HZ: u32 = 48_000;

/// Samples of a block, as hosts have it; it does not change the sound.
const BLOCK: usize = 512;

/// Peaks of what is a voice, and of what nobody hears beside it.
const VOICE: f32 = 0.05;
const SILENCE: f32 = 0.001;

/// Which take of the demo voice: another number has other breaths and another vibrato.
const TAKE: u64 = 1;

/// The option that names a folder of recorded voices to play instead.
const VOICES: &str = "--voices";

/// Makes `demo/` for the instruments named in `arguments`, or for all: from the demo voice, or from the sound files of a folder.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the workspace has no folder")?;
    let folder = root.join("demo");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let (recorded, wanted) = match arguments {
        [option, voices, wanted @ ..] if option == VOICES => (Some(Path::new(voices)), wanted),
        [option] if option == VOICES => return Err(format!("{VOICES} takes a folder of sound files").into()),
        wanted => (None, wanted),
    };
    let instruments = chosen(wanted)?;

    println!(
        "{:<38} {:>15} {:>8} {:>11} {:>12} {:>15}",
        "", "within 50 cents", "octaves", "loudness by", "and within", "sings unvoiced"
    );
    if let Some(voices) = recorded {
        // Their formats, and rates that the engine does not run at, are the command line's to read: the dry voice comes out in time with the
        // instruments.
        let syrinx = Syrinx::build(root)?;
        let mut files = sound_files(voices)?;
        files.sort();
        for file in files {
            let name = file.file_stem().ok_or("a sound file has no name")?.to_string_lossy().into_owned();
            let voice = folder.join(format!("{name}.wav"));
            syrinx.run(&["render", text(&file)?, "-o", text(&voice)?, "--set", "mix=0"])?;
            play(&voice, &instruments, &name, &format!("{name}-"))?;
        }
    } else {
        let voice = folder.join("voice.wav");
        write_voice(&voice)?;
        play(&voice, &instruments, "The demo voice", "")?;
        crate::round::run(&folder)?;
    }
    println!("\nEach instrument has a .wav, a .csv (its pitch and loudness) and a .png in {}.", folder.display());
    Ok(())
}

/// Sings the demo voice into the WAV file `path`.
pub fn write_voice(path: &Path) -> Result<(), Failure> {
    Sound { samples: syrinx_singer::sing(SAMPLE_RATE_HZ, TAKE).samples, sample_rate_hz: SAMPLE_RATE_HZ }.write(path)
}

/// Plays the voice in the WAV file `path` on all `instruments`, prints the figures and draws what happened, into files beside it whose
/// names begin with `prefix`. The cores share the work.
fn play(path: &Path, instruments: &[&Model], name: &str, prefix: &str) -> Result<(), Failure> {
    let voice = Sound::read(path)?;
    let voice_track = Track::of(&voice)?.points();
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get()).min(instruments.len());
    // Rows come out in the order of the instruments, each as soon as those before it are there.
    let (send, done) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (send, next, voice, voice_track) = (send.clone(), &next, &voice, &voice_track);
            scope.spawn(move || {
                while let Some(model) = instruments.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let out = path.with_file_name(format!("{prefix}{}.wav", model.card().id));
                    let row = play_one(voice, voice_track, model, name, &out).map_err(|e| e.to_string());
                    if send.send((model.card().id.clone(), row)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        let mut rows = BTreeMap::new();
        let mut waiting = instruments.iter().peekable();
        for (id, row) in done {
            rows.insert(id, row?);
            while let Some(row) = waiting.peek().and_then(|model| rows.remove(&model.card().id)) {
                println!("{row}");
                waiting.next();
            }
        }
        Ok(())
    })
}

/// Plays a voice on one instrument into the WAV file `out`, writes its track and draws it, beside; the row of figures.
fn play_one(voice: &Sound, voice_track: &[TrackPoint], model: &Model, name: &str, out: &Path) -> Result<String, Failure> {
    let card = model.card();
    let number = syrinx_models::number(&card.id).ok_or("a factory instrument has no number")?;
    let config = EngineConfig { sample_rate_hz: voice.sample_rate_hz, ..EngineConfig::default() };
    let mut engine = Engine::new(config, syrinx_models::factory())?;
    engine.set(&Settings { instrument_a: number, ..Settings::default() });
    let samples = bounce(&mut engine, &[&voice.samples], BLOCK).swap_remove(0);
    if engine.failed_frames() > 0 {
        return Err(format!("{}: {} frames were not answered", card.name, engine.failed_frames()).into());
    }
    let peak = |samples: &[f32]| samples.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
    if samples.iter().any(|x| !x.is_finite()) || peak(&voice.samples) > VOICE && peak(&samples) < SILENCE {
        return Err(format!("{} does not sound", card.name).into());
    }
    let instrument = Sound { samples, sample_rate_hz: voice.sample_rate_hz };
    instrument.write_float(out)?;
    let track = Track::of(&instrument)?;
    track.write(&out.with_extension("csv"))?;
    let instrument_track = track.points();
    let sheet = Sheet {
        title: &format!("{name} on {}", card.name),
        voice,
        instrument: &instrument,
        voice_track,
        instrument_track: &instrument_track,
    };
    draw(&sheet, &out.with_extension("png"))?;
    let row = out.file_stem().unwrap_or_default().to_string_lossy();
    Ok(match follow(voice_track, &instrument_track) {
        Some(f) => format!(
            "{row:<38} {:>13.1} % {:>+8} {:>+8.1} dB {:>9.2} dB {:>13.1} %",
            100.0 * f.near,
            f.octaves,
            f.loudness_offset_db,
            f.loudness_error_db,
            100.0 * f.sings_unvoiced
        ),
        None => format!("{row:<38} has no pitch where the voice has one"),
    })
}

/// The sound files in `folder`.
fn sound_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |e| format!("{}: {e}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| ["wav", "flac", "mp3", "ogg"].iter().any(|known| e.eq_ignore_ascii_case(known))) {
            files.push(path);
        }
    }
    if files.is_empty() { Err(format!("{} has no sound files", folder.display()).into()) } else { Ok(files) }
}

/// The factory instruments named in `wanted`, by id; all, where nothing is wanted in particular.
fn chosen(wanted: &[String]) -> Result<Vec<&'static Model>, Failure> {
    let ids: Vec<&str> = syrinx_models::ids().collect();
    if let Some(stranger) = wanted.iter().find(|id| !ids.contains(&id.as_str())) {
        return Err(format!("no factory instrument is called '{stranger}'; there are: {}", ids.join(", ")).into());
    }
    let all = syrinx_models::factory().iter().map(|(_, model)| &**model);
    Ok(all.filter(|model| wanted.is_empty() || wanted.contains(&model.card().id)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instruments_are_chosen_by_id() {
        assert_eq!(chosen(&[]).unwrap().len(), syrinx_models::ids().count());
        assert_eq!(chosen(&["violin".into()]).unwrap()[0].card().id, "violin");
        assert!(chosen(&["flute".into(), "kazoo".into()]).unwrap_err().to_string().contains("kazoo"));
    }
}
