//! Ardour without its window: sessions made by its Lua interpreter and a little editing, exported by its own exporter.

use super::sound::{Sound, Workshop};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    time::{Duration, Instant, SystemTime},
};

/// The plugins' classes.
const CLASS_ID: &[u8; 16] = b"SyrinxInstrument";
const KEYS_CLASS_ID: &[u8; 16] = b"SyrinxPlayedKeys";
/// Ticks of Ardour's in a quarter note: half a second, where nothing says otherwise.
pub const TICKS_PER_QUARTER: u16 = 1920;
/// Ardour's unit of time, per second.
const TICKS_PER_SECOND: usize = 282_240_000;
/// Once in some tens of exports on a busy machine Ardour 7.3 ends by a signal as the export begins, or its own threads wait for each other. Whatever
/// ends every one is found still.
const TRIES: usize = 3;
/// No export takes as long.
const LONGEST: Duration = Duration::from_secs(90);

/// Ardour, with a home of its own in which the plugin is installed.
pub struct Ardour<'a> {
    workshop: &'a Workshop,
    home: PathBuf,
}

/// A session with a voice on a track, and Syrinx on it.
pub struct Session<'a> {
    ardour: &'a Ardour<'a>,
    folder: PathBuf,
    rate_hz: u32,
    /// The delay that Ardour was told, samples.
    pub latency: usize,
    /// Names of the presets that Ardour lists.
    pub presets: Vec<String>,
    /// The parameters as Ardour shows them: name and value.
    pub values: Vec<(String, f32)>,
}

impl<'a> Ardour<'a> {
    pub fn new(workshop: &'a Workshop, plugin: &Path) -> Self {
        let home = workshop.path("home");
        let ardour = Self { workshop, home };
        let installed = ardour.home.join(".vst3/Syrinx.vst3");
        copy(plugin, &installed);
        // The scanner is not on the path; the interpreter's own starter knows where it is.
        let starter = find("ardour7-lua");
        let libraries = fs::read_to_string(&starter).unwrap();
        let libraries = libraries.lines().find_map(|l| l.strip_prefix("export ARDOUR_DLL_PATH=")).expect("Ardour has a folder");
        let mut scan = ardour.command(&Path::new(libraries).join("ardour-vst3-scanner"));
        scan.env("LD_LIBRARY_PATH", libraries).env("ARDOUR_DLL_PATH", libraries);
        let said = run(scan.arg("-f").arg(&installed));
        assert!(said.contains("Found Plugin: Syrinx"), "{said}");
        ardour
    }

    /// Puts presets where Ardour looks for them.
    pub fn install_presets(&self, folder: &Path) {
        copy(folder, &self.home.join(".vst3/presets/Syrinx/Syrinx"));
    }

    /// Makes a session. Settings are `NAME=VALUE`; `NAME@SECONDS=VALUE` is a point of automation; `preset:NAME` plays a preset.
    pub fn session(&self, voice: &Sound, settings: &[&str]) -> Session<'_> {
        self.session_with_outputs(voice, voice.channels.len(), settings)
    }

    /// [`session`](Self::session) with as many outputs of the track.
    pub fn session_with_outputs(&self, voice: &Sound, outputs: usize, settings: &[&str]) -> Session<'_> {
        let session = self.make(CLASS_ID, voice.rate_hz, [voice.channels.len(), outputs], settings);
        let audio = session.interchange("audiofiles");
        fs::create_dir_all(&audio).unwrap();
        voice.write(&audio.join("voice.wav"));
        session.put_voice(voice);
        session
    }

    /// A session of so many seconds with a MIDI file of two beats a second on a track, and Syrinx Keys on it.
    pub fn keys_session(&self, rate_hz: u32, song: &[u8], seconds: usize, settings: &[&str]) -> Session<'_> {
        let session = self.make(KEYS_CLASS_ID, rate_hz, [0, 2], settings);
        let files = session.interchange("midifiles");
        fs::create_dir_all(&files).unwrap();
        fs::write(files.join("notes.mid"), song).unwrap();
        session.put_song(seconds);
        session
    }

    fn make(&self, class: &[u8; 16], rate_hz: u32, [inputs, outputs]: [usize; 2], settings: &[&str]) -> Session<'_> {
        let folder = self.workshop.path(&format!("session-{rate_hz}-{inputs}-{outputs}"));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/hosts/ardour_session.lua");
        let class: String = class.iter().map(|b| format!("{b:02X}")).collect();
        let mut lua = self.command(Path::new("ardour7-lua"));
        let channels = [inputs, outputs].map(|count| count.to_string());
        let said = run(lua.arg(script).arg(&folder).arg(rate_hz.to_string()).arg(class).args(channels).args(settings));
        assert!(said.lines().any(|l| l == "made"), "Ardour made no session: {said}");
        let latency = said.lines().find_map(|l| l.strip_prefix("latency\t")).expect("a latency").parse().unwrap();
        let told = |what: &str| said.lines().filter_map(|l| l.strip_prefix(what)).map(str::to_owned).collect::<Vec<_>>();
        let presets = told("preset\t");
        let value = |line: &String| line.split_once('\t').map(|(name, value)| (name.to_owned(), value.parse().unwrap()));
        let values = told("value\t").iter().filter_map(value).collect();
        Session { ardour: self, folder, rate_hz, latency, presets, values }
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // Without a locale that knows Unicode, Ardour ends at once.
        command.env("HOME", &self.home).env("LC_ALL", "C.UTF-8").current_dir(&self.home);
        for variable in ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "VST3_PATH"] {
            command.env_remove(variable);
        }
        command
    }
}

impl Session<'_> {
    fn name(&self) -> &str {
        self.folder.file_name().unwrap().to_str().unwrap()
    }

    /// Where the session has files of a kind.
    fn interchange(&self, kind: &str) -> PathBuf {
        self.folder.join("interchange").join(self.name()).join(kind)
    }

    /// Puts `voice.wav` on the track, from the session's start to its end.
    fn put_voice(&self, voice: &Sound) {
        let end = voice.len() * (TICKS_PER_SECOND / self.rate_hz as usize);
        let (mut sources, mut used) = (String::new(), String::new());
        for channel in 0..voice.channels.len() {
            let id = 90_000 + channel;
            sources +=
                &format!(r#"<Source name="voice.wav" type="audio" flags="" id="{id}" channel="{channel}" origin="" gain="1"/>"#);
            used += &format!(r#" source-{channel}="{id}" master-source-{channel}="{id}""#);
        }
        let channels = voice.channels.len();
        let region = format!(
            r#"<Region name="voice" type="audio" id="90010" start="a0" length="a{end}@a0" channels="{channels}"{used} first-edit="nothing" opaque="1" muted="0" locked="0" whole-file="0" hidden="0" stretch="1" shift="1" layering-index="0" envelope-active="0" default-fade-in="0" default-fade-out="0" fade-in-active="0" fade-out-active="0" scale-amplitude="1"/>"#
        );
        self.put(&sources, &region, end);
    }

    /// Puts `notes.mid` on the track, from the session's start on.
    fn put_song(&self, seconds: usize) {
        let source = r#"<Source name="notes.mid" type="midi" flags="" id="90000" origin=""/>"#;
        let ticks = 2 * usize::from(TICKS_PER_QUARTER) * seconds;
        let region = format!(
            r#"<Region name="notes" type="midi" id="90010" start="b0" length="b{ticks}@b0" source-0="90000" master-source-0="90000" first-edit="nothing" opaque="1" muted="0" locked="0" whole-file="0" hidden="0" stretch="1" shift="1" layering-index="0"/>"#
        );
        self.put(source, &region, TICKS_PER_SECOND * seconds);
    }

    /// Puts sources and a region of them on the track, and the session's end where it is told.
    fn put(&self, sources: &str, region: &str, end: usize) {
        let path = self.folder.join(format!("{}.ardour", self.name()));
        let mut xml = fs::read_to_string(&path).unwrap();
        let mut put = |there: &str, instead: &str| {
            assert_eq!(xml.matches(there).count(), 1, "the session has not one {there:?}");
            xml = xml.replace(there, instead);
        };
        put("<Sources/>", &format!("<Sources>{sources}</Sources>"));
        put(r#"combine-ops="0"/>"#, &format!(r#"combine-ops="0">{region}</Playlist>"#));
        let range = format!(r#"<Location id="90020" name="session" start="a0" end="a{end}" flags="IsSessionRange" locked="0"/>"#);
        put("<Locations/>", &format!("<Locations>{range}</Locations>"));
        put(r#"session-range-is-free="1""#, r#"session-range-is-free="0""#);
        put(r#"id-counter=""#, r#"id-counter="9"#);
        fs::write(&path, xml).unwrap();
    }

    /// Exports the session by Ardour's exporter, faster than real time.
    pub fn export(&self) -> Sound {
        let out = self.ardour.workshop.path("export.wav");
        for tries_left in (0..TRIES).rev() {
            let _ = fs::remove_file(&out);
            let mut export = self.ardour.command(Path::new("ardour7-export"));
            export.args(["-b", "float", "-o"]).arg(&out).arg(&self.folder).arg(self.name());
            let (status, said) = self.outcome_in_time(&mut export);
            if status.code().is_none() && tries_left > 0 {
                eprintln!("Ardour's exporter was ended ({status}): {said}\nonce more");
                continue;
            }
            assert!(status.success(), "Ardour's exporter failed ({status}): {said}");
            assert!(out.exists(), "Ardour exported nothing: {said}");
            break;
        }
        Sound::read(&out)
    }
}

impl Session<'_> {
    /// [`outcome`], but of a command that is ended by force after [`LONGEST`].
    fn outcome_in_time(&self, command: &mut Command) -> (ExitStatus, String) {
        let log = self.ardour.workshop.path("export.log");
        let said = fs::File::create(&log).unwrap();
        let mut child = command.stdout(said.try_clone().unwrap()).stderr(said).spawn().unwrap();
        let begun = Instant::now();
        let status = loop {
            match child.try_wait().unwrap() {
                Some(status) => break status,
                None if begun.elapsed() > LONGEST => {
                    child.kill().unwrap();
                    break child.wait().unwrap();
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        (status, String::from_utf8_lossy(&fs::read(&log).unwrap()).into_owned())
    }
}

/// Runs a command, which must succeed; what it said.
fn run(command: &mut Command) -> String {
    let (status, said) = outcome(command);
    assert!(status.success(), "{} failed ({status}): {said}", command.get_program().display());
    said
}

/// Runs a command; how it ended, and what it said.
fn outcome(command: &mut Command) -> (ExitStatus, String) {
    let output = command.output().unwrap_or_else(|e| panic!("{}: {e}", command.get_program().display()));
    let said = [output.stdout, output.stderr].map(|s| String::from_utf8_lossy(&s).into_owned()).concat();
    (output.status, said)
}

/// A program on the path.
fn find(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|f| f.join(name)).find(|p| p.is_file()).unwrap_or_else(|| panic!("{name} is not installed"))
}

/// Copies a folder. The copies are an hour old: Ardour believes what it noted of a plugin only if the plugin is older than the note.
fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
        fs::File::options().write(true).open(to).unwrap().set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
    }
}
