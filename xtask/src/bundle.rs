//! `cargo xtask bundle`: the plugin as hosts want it, a VST3 folder with its `moduleinfo.json` and a CLAP file, and beside them the
//! standalone and the presets for VST3 hosts.

use crate::{
    module_info,
    system::{install, succeed},
    test::{TestProgram, test_programs},
    vst3_presets,
};
use serde_json::Value;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};
use xtask::Failure;

/// The package that is bundled; `bundler.toml` says what its bundles are called.
const PACKAGE: &str = "syrinx-plugin";
/// What the bundles are called, by `bundler.toml`.
pub const NAME: &str = "Syrinx";
/// The folder of the presets for VST3 hosts, among the bundles.
const PRESETS: &str = "vst3-presets";
/// What the standalone links with on Linux: the names that pkg-config knows, and Debian's packages.
const STANDALONE_LIBRARIES: [&str; 2] = ["alsa", "jack"];
const STANDALONE_PACKAGES: [&str; 3] = ["pkg-config", "libasound2-dev", "libjack-jackd2-dev"];

/// How the bundles are built: names of cargo's profiles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Profile {
    /// For tests, with everything else of the workspace, own code checking its assertions; into `target/bundled-bench`.
    Bench,
    /// For players; into `target/bundled`.
    Release,
}

impl Profile {
    /// The profile that `--profile NAME` asks for; release, where nothing is asked for.
    pub fn parse(arguments: &[String]) -> Result<Self, Failure> {
        match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] | ["--profile", "release"] | ["--profile=release"] => Ok(Self::Release),
            ["--profile", "bench"] | ["--profile=bench"] => Ok(Self::Bench),
            _ => {
                Err(format!("'{}' is not understood; there are --profile bench and --profile release", arguments.join(" "))
                    .into())
            }
        }
    }
}

/// Makes the bundles that the arguments ask for.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let bundles = make(Profile::parse(arguments)?)?;
    println!(
        "{}: {NAME}.vst3, {NAME}.clap{} and {PRESETS}",
        bundles.folder.display(),
        if bundles.standalone { ", the standalone" } else { "" }
    );
    Ok(())
}

/// What [`make`] made.
pub struct Bundles {
    /// The folder with all bundles.
    pub folder: PathBuf,
    /// Whether the standalone is among them.
    pub standalone: bool,
    /// The programs that hold tests, where they were built with the bundles.
    pub tests: Vec<TestProgram>,
}

impl Bundles {
    /// The presets for VST3 hosts, each with its place: the plugin's folder and the file.
    pub fn presets(&self) -> Result<Vec<(PathBuf, PathBuf)>, Failure> {
        let folder = self.folder.join(PRESETS);
        let list = |folder: &Path| {
            let entries = fs::read_dir(folder).map_err(|e| Failure::from(format!("{}: {e}", folder.display())))?;
            entries.map(|entry| Ok::<PathBuf, Failure>(entry?.path())).collect::<Result<Vec<_>, _>>()
        };
        let mut presets = Vec::new();
        for plugin in list(&folder)? {
            for file in list(&plugin)? {
                let place = file.strip_prefix(&folder)?.to_path_buf();
                presets.push((file, place));
            }
        }
        Ok(presets)
    }

    /// The standalone: a program, or on macOS an application's folder.
    pub fn standalone_path(&self) -> PathBuf {
        self.folder.join(if cfg!(target_os = "macos") {
            format!("{NAME}.app")
        } else {
            format!("{NAME}{}", env::consts::EXE_SUFFIX)
        })
    }
}

/// Builds the plugin and bundles it. The folder of bundles is replaced whole, once everything in it is done.
pub fn make(profile: Profile) -> Result<Bundles, Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the workspace has no folder")?;
    let standalone = match standalone_needs() {
        Ok(()) => true,
        Err(why) => {
            eprintln!("xtask: the standalone is left out: {why}");
            false
        }
    };
    let tests = build(root, profile, standalone)?;
    let target = target_folder(root)?;
    // Both profiles build into one folder, and share there what is not of this workspace.
    let built = "release";
    let folder = match profile {
        Profile::Bench => "bundled-bench",
        Profile::Release => "bundled",
    };

    // The bundler writes into `bundled` of the target folder that it is given, over what is there; and it looks for a program whose name has
    // underscores, while cargo keeps dashes. So it is given a target folder of its own.
    let stage = target.join(format!("{folder}.part"));
    make_anew(&stage)?;
    let binaries = stage.join(built);
    make_anew(&binaries)?;
    let library = format!("{}{}{}", env::consts::DLL_PREFIX, PACKAGE.replace('-', "_"), env::consts::DLL_SUFFIX);
    let mut staged = vec![copy_file(&target.join(built).join(&library), &binaries.join(&library))?];
    if standalone {
        let program = target.join(built).join(PACKAGE).with_extension(env::consts::EXE_EXTENSION);
        let to = binaries.join(PACKAGE.replace('-', "_")).with_extension(env::consts::EXE_EXTENSION);
        staged.push(copy_file(&program, &to)?);
    }
    if profile == Profile::Release && cfg!(unix) {
        // Cargo leaves the names of inner functions, a third of the file; exported names stay.
        for file in &staged {
            succeed(Command::new("strip").arg("-x").arg(file))?;
        }
    }
    // For `bundler.toml`. The bundler's own way to the root ends in the outermost folder that has a Cargo.toml, wrong for a clone inside
    // another project.
    env::set_current_dir(root).map_err(|e| format!("{}: {e}", root.display()))?;
    let arguments = ["--profile".to_owned(), built.to_owned()];
    nice_plug_xtask::bundle(&stage, PACKAGE, &arguments, false).map_err(|e| format!("the bundles cannot be made: {e:#}"))?;
    let done = stage.join("bundled");
    write_module_info(&done.join(format!("{NAME}.vst3")), &staged[0])?;
    vst3_presets::write(&staged[0], &done.join(PRESETS))?;

    let folder = target.join(folder);
    remove(&folder)?;
    fs::rename(&done, &folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    remove(&stage)?;
    Ok(Bundles { folder, standalone, tests })
}

/// Whether the standalone can be built here, once what can be installed unasked is installed.
pub fn standalone_needs() -> Result<(), Failure> {
    let known = || {
        let mut ask = Command::new("pkg-config");
        ask.arg("--exists").args(STANDALONE_LIBRARIES).output().is_ok_and(|o| o.status.success())
    };
    if cfg!(not(target_os = "linux")) || known() {
        return Ok(());
    }
    install(&STANDALONE_PACKAGES)?;
    if known() { Ok(()) } else { Err(format!("pkg-config does not know {}", STANDALONE_LIBRARIES.join(" and ")).into()) }
}

fn build(root: &Path, profile: Profile, standalone: bool) -> Result<Vec<TestProgram>, Failure> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root).args(["build", "--locked"]);
    match profile {
        // Everything, with what the tests are.
        Profile::Bench => cargo.args(["--profile", "bench", "--workspace", "--lib", "--bins", "--tests"]),
        Profile::Release => cargo.args(["--release", "-p", PACKAGE]),
    };
    if standalone {
        cargo.args(["--features", "syrinx-plugin/standalone"]);
    }
    test_programs(&mut cargo)
}

/// Where cargo builds this workspace.
fn target_folder(root: &Path) -> Result<PathBuf, Failure> {
    let mut ask = Command::new(env!("CARGO"));
    let output = ask.current_dir(root).args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| format!("cargo does not say where it builds: {}", String::from_utf8_lossy(&output.stderr).trim()))?;
    Ok(metadata["target_directory"].as_str().ok_or("cargo does not say where it builds")?.into())
}

/// Writes what the built library says of itself to where hosts look for it before they load it.
fn write_module_info(vst3: &Path, library: &Path) -> Result<(), Failure> {
    let folder = vst3.join("Contents/Resources");
    let path = folder.join("moduleinfo.json");
    let json = module_info::of(library)?;
    fs::create_dir_all(&folder).and_then(|()| fs::write(&path, json)).map_err(|e| format!("{}: {e}", path.display()))?;
    // The bundler's signature covers all files of the bundle, and there is one more now.
    #[cfg(target_os = "macos")]
    nice_plug_xtask::maybe_codesign(vst3, nice_plug_xtask::CompilationTarget::MacOSUniversal);
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<PathBuf, Failure> {
    fs::copy(from, to).map_err(|e| format!("{} cannot be copied to {}: {e}", from.display(), to.display()))?;
    Ok(to.into())
}

fn make_anew(folder: &Path) -> Result<(), Failure> {
    remove(folder)?;
    fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()).into())
}

/// Removes a folder with all that is in it, or a file, if it is there.
pub fn remove(path: &Path) -> Result<(), Failure> {
    let done = match fs::symlink_metadata(path) {
        Ok(what) if what.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    };
    done.map_err(|e| format!("{} cannot be removed: {e}", path.display()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_is_release_unless_asked_for() {
        let parse = |words: &[&str]| Profile::parse(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        assert_eq!(parse(&[]).unwrap(), Profile::Release);
        assert_eq!(parse(&["--profile", "bench"]).unwrap(), Profile::Bench);
        assert!(parse(&["--profile"]).unwrap_err().to_string().contains("--profile bench"));
        assert!(parse(&["--fast"]).unwrap_err().to_string().contains("--fast"));
    }

    #[test]
    fn the_bundler_is_told_the_name() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let table: toml::Table = fs::read_to_string(root.join("bundler.toml")).unwrap().parse().unwrap();
        assert_eq!(table[PACKAGE]["name"].as_str(), Some(NAME));
    }
}
