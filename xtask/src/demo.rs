//! `cargo xtask demo`: the demo voice, played on the factory instruments through the real command line, heard and seen.

use crate::syrinx::{Syrinx, text};
use serde_json::Value;
use std::path::Path;
use xtask::Failure;
use xtask::follow::follow;
use xtask::picture::{Sheet, draw};
use xtask::sound::Sound;

/// The rate of the demo, Hz.
const SAMPLE_RATE_HZ: u32 = 48_000;

/// Which take of the demo voice: another number has other breaths and another vibrato.
const TAKE: u64 = 1;

/// Makes `demo/` for the instruments named in `wanted`, or for all.
pub fn run(wanted: &[String]) -> Result<(), Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the workspace has no folder")?;
    let folder = root.join("demo");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;

    let voice_path = folder.join("voice.wav");
    let voice = Sound { samples: syrinx_singer::sing(SAMPLE_RATE_HZ, TAKE).samples, sample_rate_hz: SAMPLE_RATE_HZ };
    voice.write(&voice_path)?;

    let syrinx = Syrinx::build(root)?;
    let instruments = chosen(parse_instruments(&syrinx.ask(&["instruments", "--json"])?)?, wanted)?;
    let voice_track = syrinx.track(&voice_path)?;

    println!(
        "{:<14} {:>15} {:>8} {:>16} {:>15}",
        "instrument", "within 50 cents", "octaves", "loudness off by", "loudness error"
    );
    for Instrument { id, name } in &instruments {
        let path = folder.join(format!("{id}.wav"));
        syrinx.run(&["render", text(&voice_path)?, "-o", text(&path)?, "--instrument", id])?;
        let instrument_track = syrinx.track(&path)?;
        let instrument = Sound::read(&path)?;
        let sheet = Sheet {
            title: &format!("The demo voice on {name}"),
            voice: &voice,
            instrument: &instrument,
            voice_track: &voice_track,
            instrument_track: &instrument_track,
        };
        draw(&sheet, &folder.join(format!("{id}.png")))?;
        match follow(&voice_track, &instrument_track) {
            Some(f) => println!(
                "{id:<14} {:>13.1} % {:>+8} {:>+13.1} dB {:>12.2} dB",
                100.0 * f.near,
                f.octaves,
                f.loudness_offset_db,
                f.loudness_error_db
            ),
            None => println!("{id:<14} has no pitch where the voice has one"),
        }
    }
    println!("\nThe voice is {}; each instrument has a .wav, a .csv and a .png beside it.", voice_path.display());
    Ok(())
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
