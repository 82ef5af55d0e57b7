//! `cargo xtask demo`: the demo voice, played on the factory instruments through the real command line, heard and seen.

use crate::syrinx::{Syrinx, text};
use serde_json::Value;
use std::path::{Path, PathBuf};
use xtask::Failure;
use xtask::follow::follow;
use xtask::picture::{Sheet, draw};
use xtask::sound::Sound;

/// The rate of the demo, Hz.
const SAMPLE_RATE_HZ: u32 = 48_000;

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
    let syrinx = Syrinx::build(root)?;
    let instruments = chosen(parse_instruments(&syrinx.ask(&["instruments", "--json"])?)?, wanted)?;

    println!(
        "{:<38} {:>15} {:>8} {:>11} {:>12} {:>15}",
        "", "within 50 cents", "octaves", "loudness by", "and within", "sings unvoiced"
    );
    if let Some(voices) = recorded {
        let mut files = sound_files(voices)?;
        files.sort();
        for file in files {
            let name = file.file_stem().ok_or("a sound file has no name")?.to_string_lossy().into_owned();
            let voice = folder.join(format!("{name}.wav"));
            // The dry voice through the engine: whatever the file's format, and in time with the instruments.
            syrinx.run(&["render", text(&file)?, "-o", text(&voice)?, "--set", "mix=0"])?;
            play(&syrinx, &voice, &instruments, &name, &format!("{name}-"))?;
        }
    } else {
        let voice = folder.join("voice.wav");
        write_voice(&voice)?;
        play(&syrinx, &voice, &instruments, "The demo voice", "")?;
    }
    println!("\nEach instrument has a .wav, a .csv (its pitch and loudness) and a .png in {}.", folder.display());
    Ok(())
}

/// Sings the demo voice into the WAV file `path`.
pub fn write_voice(path: &Path) -> Result<(), Failure> {
    Sound { samples: syrinx_singer::sing(SAMPLE_RATE_HZ, TAKE).samples, sample_rate_hz: SAMPLE_RATE_HZ }.write(path)
}

/// Plays the voice in the WAV file `path` on all `instruments`, prints the figures and draws what happened, into files beside it whose
/// names begin with `prefix`.
fn play(syrinx: &Syrinx, path: &Path, instruments: &[Instrument], name: &str, prefix: &str) -> Result<(), Failure> {
    let voice = Sound::read(path)?;
    let voice_track = syrinx.track(path)?;
    for Instrument { id, name: instrument_name } in instruments {
        let out = path.with_file_name(format!("{prefix}{id}.wav"));
        syrinx.run(&["render", text(path)?, "-o", text(&out)?, "--instrument", id])?;
        let instrument_track = syrinx.track(&out)?;
        let sheet = Sheet {
            title: &format!("{name} on {instrument_name}"),
            voice: &voice,
            instrument: &Sound::read(&out)?,
            voice_track: &voice_track,
            instrument_track: &instrument_track,
        };
        draw(&sheet, &out.with_extension("png"))?;
        let row = format!("{prefix}{id}");
        match follow(&voice_track, &instrument_track) {
            Some(f) => println!(
                "{row:<38} {:>13.1} % {:>+8} {:>+8.1} dB {:>9.2} dB {:>13.1} %",
                100.0 * f.near,
                f.octaves,
                f.loudness_offset_db,
                f.loudness_error_db,
                100.0 * f.sings_unvoiced
            ),
            None => println!("{row:<38} has no pitch where the voice has one"),
        }
    }
    Ok(())
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

/// A factory instrument, as the command line lists it.
#[derive(Debug, PartialEq)]
struct Instrument {
    id: String,
    name: String,
}

/// Those of `listed` that are in `wanted`; all, where nothing is wanted in particular.
fn chosen(listed: Vec<Instrument>, wanted: &[String]) -> Result<Vec<Instrument>, Failure> {
    if let Some(stranger) = wanted.iter().find(|id| listed.iter().all(|i| i.id != **id)) {
        let ids: Vec<&str> = listed.iter().map(|i| i.id.as_str()).collect();
        return Err(format!("no factory instrument is called '{stranger}'; there are: {}", ids.join(", ")).into());
    }
    if listed.is_empty() {
        return Err("there is no factory instrument to play".into());
    }
    Ok(listed.into_iter().filter(|i| wanted.is_empty() || wanted.contains(&i.id)).collect())
}

/// Reads what `syrinx instruments --json` prints: a list of objects with id and name.
fn parse_instruments(json: &[u8]) -> Result<Vec<Instrument>, Failure> {
    let list: Value = serde_json::from_slice(json).map_err(|e| format!("'syrinx instruments --json' printed no JSON: {e}"))?;
    let field = |item: &Value, name: &str| {
        let value = item.get(name).and_then(Value::as_str).map(str::to_owned);
        value.ok_or_else(|| format!("'syrinx instruments --json' lists an instrument without '{name}'"))
    };
    let items = list.as_array().ok_or("'syrinx instruments --json' printed no list")?;
    items.iter().map(|item| Ok(Instrument { id: field(item, "id")?, name: field(item, "name")? })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instrument(id: &str) -> Instrument {
        Instrument { id: id.into(), name: id.to_uppercase() }
    }

    #[test]
    fn the_list_is_read_and_chosen_from() {
        let json = br#"[{"id":"flute","name":"FLUTE","family":"woodwind"},{"id":"violin","name":"VIOLIN"}]"#;
        let listed = parse_instruments(json).unwrap();
        assert_eq!(listed, [instrument("flute"), instrument("violin")]);
        assert_eq!(chosen(listed, &["violin".into()]).unwrap(), [instrument("violin")]);
        assert!(chosen(vec![instrument("flute")], &["kazoo".into()]).unwrap_err().to_string().contains("kazoo"));
    }

    #[test]
    fn a_list_that_is_none_is_refused() {
        assert!(parse_instruments(b"Flute").is_err());
        assert!(parse_instruments(b"{}").is_err());
        assert!(parse_instruments(br#"[{"name":"FLUTE"}]"#).unwrap_err().to_string().contains("'id'"));
    }
}
