//! `cargo xtask test`: all tests, with the hosts and peers that some of them run in or compare against. `cargo xtask lint`: what the
//! compiler's linter says of everything.
//!
//! The peers are Python packages, listed in `tests/requirements.txt` and put into an environment of their own under `target/`; the hosts
//! are those of them that load plugins, and Debian's. Tests that need what cannot be had are left out and that is said; under CI, that is
//! a failure.

use crate::{
    bundle::{self, Profile},
    system::{has_program, install, succeed},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, PoisonError, mpsc},
    time::Instant,
};
use xtask::Failure;

/// Programs of the system that tests need.
struct Need {
    /// The programs.
    programs: &'static [&'static str],
    /// Debian's packages with them.
    packages: &'static [&'static str],
    /// A word in the names of the tests that need them, and of no others.
    tests: &'static str,
    /// What those tests are.
    what: &'static str,
}

const NEEDS: &[Need] = &[
    Need { programs: &["ardour7-lua", "ardour7-export"], packages: &["ardour"], tests: "ardour", what: "the tests in Ardour" },
    Need { programs: &["jackd", "Xvfb"], packages: &["jackd2", "xvfb"], tests: "jack", what: "the tests of the standalone" },
    Need {
        programs: &["Xvfb", "xdotool", "import"],
        packages: &["xvfb", "xdotool", "imagemagick"],
        tests: "on_screen",
        what: "the tests of the window on a screen",
    },
];

/// Words in the names of the tests that need a Python with the peers, and of no others.
const TESTS_WITH_PEERS: [&str; 3] = ["onnxruntime", "pedalboard", "dawdreamer"];

/// Tests that measure time itself: they run when nothing else does.
const IN_REAL_TIME: [&str; 2] =
    ["jack_hears_what_the_command_line_renders", "a_window_on_screen_costs_little_and_nothing_when_it_is_closed"];
/// The variable that asks tests for their long forms.
const LONG: &str = "SYRINX_LONG";

/// A program that holds tests.
pub struct TestProgram {
    /// Its name: that of the crate whose unit tests it holds, or of the file in `tests/`.
    pub name: String,
    /// Whether it holds tests of whole programs, not of units.
    pub whole: bool,
    /// The program.
    pub path: PathBuf,
    /// The folder of its package, which it is run in.
    pub folder: PathBuf,
}

/// What the arguments ask for.
#[derive(Debug, Default, PartialEq)]
struct Wanted {
    long: bool,
    programs: Vec<String>,
    names: Vec<String>,
}

impl Wanted {
    fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut wanted = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--long" => wanted.long = true,
                "--in" => wanted.programs.push(arguments.next().ok_or("--in takes the name of a program")?.clone()),
                option if option.starts_with('-') => return Err(format!("'{option}' is no option of test").into()),
                name => wanted.names.push(name.into()),
            }
        }
        Ok(wanted)
    }
}

/// Builds and runs the tests.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let wanted = Wanted::parse(arguments)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the workspace has no folder")?;
    let mut left_out: Vec<&str> = Vec::new();
    for need in NEEDS {
        let met = || need.programs.iter().all(|p| has_program(p));
        let done = if met() { Ok(()) } else { install(need.packages) };
        let missing = || Failure::from(format!("{} brought no {}", need.packages.join(" and "), need.programs.join(" and ")));
        leave_out(done.and_then(|()| if met() { Ok(()) } else { Err(missing()) }), need.what, &[need.tests], &mut left_out)?;
    }
    let peers = peers(root);
    let python = peers.as_ref().ok().cloned();
    leave_out(peers.map(drop), "the tests in pedalboard, DawDreamer and onnxruntime", &TESTS_WITH_PEERS, &mut left_out)?;
    leave_out(bundle::standalone_needs(), "the standalone", &["jack"], &mut left_out)?;

    let mut bundles = bundle::make(Profile::Bench)?;
    let mut variables: Vec<(&str, OsString)> = vec![("SYRINX_BUNDLES", bundles.folder.clone().into())];
    variables.extend(python.map(|python| ("SYRINX_PYTHON", python.into())));
    variables.extend(wanted.long.then(|| (LONG, "1".into())));

    let programs: Vec<TestProgram> = std::mem::take(&mut bundles.tests);
    if let Some(stranger) = wanted.programs.iter().find(|name| programs.iter().all(|p| p.name != **name)) {
        let names: Vec<&str> = programs.iter().map(|p| p.name.as_str()).collect();
        return Err(format!("no program with tests is called '{stranger}'; there are {}", names.join(", ")).into());
    }
    let memory = root.join("target/test-times.json");
    let mut times: Times = std::fs::read(&memory).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let mut jobs = Vec::new();
    for program in programs.iter().filter(|p| wanted.programs.is_empty() || wanted.programs.contains(&p.name)) {
        let named = |test: &str| wanted.names.is_empty() || wanted.names.iter().any(|name| test.contains(name.as_str()));
        let tests = listed(program)?.into_iter().filter(|test| named(test) && !left_out.iter().any(|word| test.contains(word)));
        if program.whole {
            // Each a process of its own, so that the cores are never left waiting for one long program.
            jobs.extend(tests.map(|test| Job { program, tests: vec![test] }));
        } else {
            jobs.extend(Some(Job { program, tests: tests.collect() }).filter(|job| !job.tests.is_empty()));
        }
    }
    // The longest first, as far as that is known; what is new may be long.
    jobs.sort_by(|a, b| times.of(b).total_cmp(&times.of(a)));
    let (last, first): (Vec<Job<'_>>, Vec<Job<'_>>) = jobs.into_iter().partition(Job::is_in_real_time);
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    let start = Instant::now();
    let mut done = side_by_side(first, cores, &variables);
    done.extend(side_by_side(last, 1, &variables));
    for one in &done {
        times.0.insert(one.name.clone(), one.seconds);
    }
    // To have forgotten costs the next run a little time, and nothing else.
    let _ = std::fs::write(&memory, serde_json::to_vec(&times)?);
    let failed: Vec<&str> = done.iter().filter(|one| !one.passed).map(|one| one.name.as_str()).collect();
    let tests: usize = done.iter().map(|one| one.tests).sum();
    println!(
        "{tests} tests in {:.0} s, {} of {} programs and tests failed",
        start.elapsed().as_secs_f64(),
        failed.len(),
        done.len()
    );
    if !failed.is_empty() {
        return Err(format!("these failed: {}", failed.join(", ")).into());
    }
    if tests == 0 {
        return Err("no test has such a name".into());
    }
    if wanted.programs.is_empty() && wanted.names.is_empty() {
        let mut examples = Command::new(env!("CARGO"));
        examples.current_dir(root).args(["test", "--quiet", "--doc", "--workspace", "--locked", "--profile", "bench"]);
        if bundles.standalone {
            examples.args(["--features", "syrinx-plugin/standalone"]);
        }
        succeed(&mut examples)?;
    }
    Ok(())
}

/// Has cargo build; the programs among what it built that hold tests.
pub fn test_programs(cargo: &mut Command) -> Result<Vec<TestProgram>, Failure> {
    let mut child = cargo.args(["--message-format", "json-render-diagnostics"]).stdout(Stdio::piped()).spawn()?;
    let messages = BufReader::new(child.stdout.take().ok_or("cargo says nothing")?);
    let mut programs = Vec::new();
    for line in messages.lines() {
        let message: Value = serde_json::from_str(&line?)?;
        let (Some(path), Some(true)) = (message["executable"].as_str(), message["profile"]["test"].as_bool()) else { continue };
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or("cargo does not say what it built");
        programs.push(TestProgram {
            name: text(&message["target"]["name"])?,
            whole: message["target"]["kind"][0] == "test",
            path: path.into(),
            folder: Path::new(&text(&message["manifest_path"])?).parent().ok_or("a package has no folder")?.into(),
        });
    }
    if child.wait()?.success() { Ok(programs) } else { Err("cargo failed".into()) }
}

/// Names of the tests in a program, those that need what this chore brings among them.
fn listed(program: &TestProgram) -> Result<Vec<String>, Failure> {
    let output = Command::new(&program.path).current_dir(&program.folder).args(["--list", "--format", "terse"]).output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

/// Seconds that jobs took the last time, by name.
#[derive(Default, Serialize, Deserialize)]
struct Times(BTreeMap<String, f64>);

impl Times {
    fn of(&self, job: &Job<'_>) -> f64 {
        self.0.get(&job.name()).copied().unwrap_or(f64::INFINITY)
    }
}

/// Tests of one program that run in one process.
struct Job<'a> {
    program: &'a TestProgram,
    tests: Vec<String>,
}

impl Job<'_> {
    fn name(&self) -> String {
        match &self.tests[..] {
            [test] if self.program.whole => format!("{}::{test}", self.program.name),
            _ => self.program.name.clone(),
        }
    }

    fn is_in_real_time(&self) -> bool {
        self.tests.iter().any(|test| IN_REAL_TIME.contains(&test.as_str()))
    }

    fn run(&self, variables: &[(&str, OsString)]) -> Done {
        let start = Instant::now();
        let mut command = Command::new(&self.program.path);
        command.current_dir(&self.program.folder).env("CARGO_MANIFEST_DIR", &self.program.folder);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        command.args(["--include-ignored", "--exact", "--test-threads", "1"]).args(&self.tests);
        let (passed, said) = match command.output() {
            Ok(output) => {
                let mut said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
                if !output.status.success() {
                    // It may have passed, and fallen on its way out.
                    said += &format!("\n{}: {}\n", self.program.name, output.status);
                }
                // A program that runs other tests than it was asked for has none of these names.
                let all = said.contains(&format!("test result: ok. {} passed", self.tests.len()));
                (output.status.success() && all, said)
            }
            Err(e) => (false, e.to_string()),
        };
        Done { name: self.name(), tests: self.tests.len(), passed, said, seconds: start.elapsed().as_secs_f64() }
    }
}

/// How a job ended.
struct Done {
    name: String,
    tests: usize,
    passed: bool,
    said: String,
    seconds: f64,
}

/// Runs jobs, so many at a time, and tells of each as it ends.
fn side_by_side(jobs: Vec<Job<'_>>, lanes: usize, variables: &[(&str, OsString)]) -> Vec<Done> {
    let waiting = Mutex::new(jobs.into_iter());
    let (send, ended) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..lanes {
            let (send, waiting) = (send.clone(), &waiting);
            scope.spawn(move || {
                let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                while let Some(job) = next() {
                    if send.send(job.run(variables)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        let tell = |done: Done| {
            let how = if done.passed { "ok    " } else { "FAILED" };
            println!(
                "{how} {:>6.1} s  {}{}",
                done.seconds,
                done.name,
                if done.tests > 1 { format!(" ({})", done.tests) } else { String::new() }
            );
            if !done.passed {
                println!("{}", done.said);
            }
            done
        };
        ended.into_iter().map(tell).collect()
    })
}

/// Runs the linter, for which warnings are errors.
pub fn lint() -> Result<(), Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the workspace has no folder")?;
    let mut left_out = Vec::new();
    leave_out(bundle::standalone_needs(), "the standalone", &["standalone"], &mut left_out)?;
    let mut clippy = Command::new(env!("CARGO"));
    clippy.current_dir(root).args(["clippy", "--profile", "bench", "--workspace", "--all-targets", "--locked"]);
    if left_out.is_empty() {
        clippy.args(["--features", "syrinx-plugin/standalone"]);
    }
    succeed(clippy.args(["--", "-D", "warnings"]))
}

/// Leaves tests out by the words in their names, where what they need cannot be had; a failure under CI.
fn leave_out<'a>(had: Result<(), Failure>, what: &str, words: &[&'a str], left_out: &mut Vec<&'a str>) -> Result<(), Failure> {
    match had {
        Ok(()) => Ok(()),
        Err(why) if env::var_os("CI").is_some() => Err(format!("{what} cannot be had: {why}").into()),
        Err(why) => {
            eprintln!("xtask: {what} will be left out: {why}");
            left_out.extend(words);
            Ok(())
        }
    }
}

/// The Python of an environment that has the peers, made if need be.
fn peers(root: &Path) -> Result<PathBuf, Failure> {
    let wanted = root.join("tests/requirements.txt");
    let folder = root.join("target/peers");
    let python = folder.join("bin/python");
    let installed = folder.join("requirements.txt");
    let list = std::fs::read_to_string(&wanted)?;
    if python.exists() && std::fs::read_to_string(&installed).is_ok_and(|had| had == list) {
        return Ok(python);
    }
    if !has_venv() {
        install(&["python3-venv"])?;
    }
    succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    succeed(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&wanted))?;
    std::fs::write(&installed, list)?;
    Ok(python)
}

/// Whether there is a Python that can make environments: Debian's comes without, unless asked.
fn has_venv() -> bool {
    Command::new("python3").args(["-c", "import venv, ensurepip"]).output().is_ok_and(|o| o.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Wanted, Failure> {
        Wanted::parse(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn tests_are_chosen_by_program_and_by_name() {
        let wanted = parse(&["--in", "play", "follows", "--long"]).unwrap();
        assert_eq!(wanted, Wanted { long: true, programs: vec!["play".into()], names: vec!["follows".into()] });
        assert!(parse(&["--in"]).is_err() && parse(&["--fast"]).unwrap_err().to_string().contains("--fast"));
    }

    /// Cargo compiles a crate once more for every other set of features: `demo`, `install` and `test` build different parts of the workspace, and
    /// are to ask for the same. What is missing belongs into `xtask/unify`.
    #[test]
    fn no_crate_of_others_is_compiled_twice() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let features = |selection: &[&str]| -> BTreeMap<String, String> {
            let mut tree = Command::new(env!("CARGO"));
            tree.current_dir(root)
                .args(["tree", "--offline", "--locked", "--prefix", "none", "--format", "{p}|{f}"])
                .args(selection);
            let output = tree.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let text = String::from_utf8(output.stdout).unwrap();
            let line = |line: &str| line.trim_end_matches(" (*)").split_once('|').map(|(p, f)| (p.to_owned(), f.to_owned()));
            // What has a path is of this workspace.
            text.lines().filter_map(line).filter(|(package, _)| !package.contains('/')).collect()
        };
        let all = features(&["--workspace", "--features", "syrinx-plugin/standalone", "--edges", "normal,build,dev"]);
        for part in [&["--package", "syrinx-plugin", "--features", "standalone"][..], &["--workspace"]] {
            for (package, features) in features(&[part, &["--edges", "normal,build"]].concat()) {
                assert_eq!(Some(&features), all.get(&package), "{package} as {part:?} builds it, and as the tests do");
            }
        }
    }
}
