//! `cargo xtask install`: the bundles and presets, where hosts and the player's shell look for them.

use crate::bundle::{self, NAME, Profile, remove};
use std::{
    env, fs,
    path::{Path, PathBuf},
};
use xtask::Failure;

/// Bundles and installs.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let places = Places::of_this_system()?;
    let bundles = bundle::make(Profile::parse(arguments)?)?;
    let (vst3, clap) = (format!("{NAME}.vst3"), format!("{NAME}.clap"));
    let mut copies =
        vec![(bundles.folder.join(&vst3), places.vst3.join(&vst3)), (bundles.folder.join(&clap), places.clap.join(&clap))];
    if bundles.standalone {
        copies.push((bundles.standalone_path(), places.standalone));
    }
    let bundled = copies.len();
    // One by one: hosts keep the player's own presets in the same folders.
    for (preset, place) in bundles.presets()? {
        copies.push((preset, places.presets.join(place)));
    }
    put(&copies)?;
    for (_, to) in &copies[..bundled] {
        println!("installed {}", to.display());
    }
    println!("installed {} presets in {}", copies.len() - bundled, places.presets.display());
    Ok(())
}

/// Where a system keeps what its users install.
struct Places {
    vst3: PathBuf,
    clap: PathBuf,
    /// Presets of the VST3 plugins, a folder for each.
    presets: PathBuf,
    /// The standalone itself.
    standalone: PathBuf,
}

impl Places {
    fn of_this_system() -> Result<Self, Failure> {
        let folder = |name: &str| {
            env::var_os(name)
                .filter(|f| !f.is_empty())
                .map(PathBuf::from)
                .ok_or_else(|| format!("{name} names no folder to install to"))
        };
        // By vendor, who has the name of the bundles, and plugin.
        let presets = |base: PathBuf| base.join(NAME);
        Ok(if cfg!(windows) {
            let common = folder("CommonProgramFiles")?;
            let programs = folder("LOCALAPPDATA")?.join("Programs");
            Self {
                vst3: common.join("VST3"),
                clap: common.join("CLAP"),
                presets: presets(folder("USERPROFILE")?.join("Documents/VST3 Presets")),
                standalone: programs.join(NAME).join(format!("{NAME}.exe")),
            }
        } else if cfg!(target_os = "macos") {
            let home = folder("HOME")?;
            let plugins = home.join("Library/Audio/Plug-Ins");
            Self {
                vst3: plugins.join("VST3"),
                clap: plugins.join("CLAP"),
                presets: presets(home.join("Library/Audio/Presets")),
                standalone: home.join("Applications").join(format!("{NAME}.app")),
            }
        } else {
            let home = folder("HOME")?;
            Self {
                vst3: home.join(".vst3"),
                clap: home.join(".clap"),
                presets: presets(home.join(".vst3/presets")),
                standalone: home.join(".local/bin/syrinx-standalone"),
            }
        })
    }
}

/// Copies files and folders, all of them or none: beside their places first, then into them.
fn put(copies: &[(PathBuf, PathBuf)]) -> Result<(), Failure> {
    let copied = copies.iter().try_for_each(|(from, to)| {
        let folder = to.parent().ok_or("a place to install to has no folder")?;
        fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        copy(from, &beside(to, "part")?)
    });
    let done = copied.and_then(|()| copies.iter().try_for_each(|(_, to)| replace(to)));
    for (_, to) in copies {
        // What is left of a failure; after success, there is nothing.
        remove(&beside(to, "part")?)?;
    }
    done
}

/// Puts the copy beside a place into it. What was there comes back if that fails.
fn replace(to: &Path) -> Result<(), Failure> {
    let (part, old) = (beside(to, "part")?, beside(to, "old")?);
    remove(&old)?;
    let was_there = fs::symlink_metadata(to).is_ok();
    let failed = |e| Failure::from(format!("{} cannot be replaced: {e}", to.display()));
    if was_there {
        fs::rename(to, &old).map_err(failed)?;
    }
    if let Err(e) = fs::rename(&part, to) {
        if was_there {
            fs::rename(&old, to).map_err(failed)?;
        }
        return Err(failed(e));
    }
    remove(&old)
}

/// A hidden neighbour, whose ending is none that hosts look for.
fn beside(path: &Path, ending: &str) -> Result<PathBuf, Failure> {
    let name = path.file_name().ok_or_else(|| format!("{} names no file", path.display()))?;
    Ok(path.with_file_name(format!(".{}.{ending}", name.to_string_lossy())))
}

/// Copies a file, or a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let failed = |e: std::io::Error| format!("{} cannot be copied to {}: {e}", from.display(), to.display());
    if !from.is_dir() {
        fs::copy(from, to).map_err(failed)?;
        return Ok(());
    }
    remove(to)?;
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_installed_is_replaced_whole_or_stays() {
        let root = env::temp_dir().join(format!("syrinx-install-{}", std::process::id()));
        let (new, place) = (root.join("new/Syrinx.vst3"), root.join("place/Syrinx.vst3"));
        fs::create_dir_all(new.join("Contents")).unwrap();
        fs::create_dir_all(&place).unwrap();
        fs::write(new.join("Contents/new"), "2").unwrap();
        fs::write(place.join("old"), "1").unwrap();

        let missing = (root.join("new/Syrinx.clap"), root.join("place/Syrinx.clap"));
        let refused = put(&[(new.clone(), place.clone()), missing]).unwrap_err().to_string();
        assert!(refused.contains("Syrinx.clap"), "{refused}");
        assert!(place.join("old").exists() && !place.join("Contents").exists(), "half installed");

        put(&[(new, place.clone())]).unwrap();
        assert_eq!(fs::read_to_string(place.join("Contents/new")).unwrap(), "2");
        assert!(!place.join("old").exists());
        assert_eq!(fs::read_dir(root.join("place")).unwrap().count(), 1, "something is left beside it");
        fs::remove_dir_all(&root).unwrap();
    }
}
