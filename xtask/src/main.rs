//! `cargo xtask CHORE`: finds the chore that was asked for. Each chore is a file of its own.

mod bundle;
mod demo;
mod install;
mod module_info;
mod performance;
mod realism;
mod round;
mod scores;
mod syrinx;
mod system;
mod table;
mod test;
mod train_all;
mod vst3_presets;

use std::process::ExitCode;
use xtask::Failure;

const USAGE: &str = "\
usage: cargo xtask CHORE

chores:
  bundle [--profile bench|release]
                  makes Syrinx.vst3 with its presets, Syrinx.clap and the standalone, into target/bundled (bench, as the tests have
                  them: target/bundled-bench)
  demo [--voices FOLDER] [ID...]
                  sings the demo voice, plays it on every factory instrument (or on those named) and draws what happened, into demo/;
                  and plays a round in four parts from notes; or plays all sound files of FOLDER instead
  install [--profile bench|release]
                  bundles, and copies everything to where hosts look for it
  lint            runs the linter on everything; warnings are errors
  test [--long] [--in PROGRAM]... [NAME...]
                  runs all tests, with the hosts and peers that some need, or those of the named programs (hosts_clap, syrinx_engine,
                  ...), or those with one of the NAMEs in their names; --long: in the long forms that a release has to pass
  train-all [RECORDINGS [ID...]]
                  trains the factory instruments (or those named) anew from a folder of recordings (default ../shared/data), with
                  their scores in models/SCORES.md and a picture of each in models/pictures
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Failure> {
    match arguments {
        [chore, rest @ ..] if chore == "bundle" => bundle::run(rest),
        [chore, rest @ ..] if chore == "demo" => demo::run(rest),
        [chore, rest @ ..] if chore == "install" => install::run(rest),
        [chore] if chore == "lint" => test::lint(),
        [chore, rest @ ..] if chore == "test" => test::run(rest),
        [chore, rest @ ..] if chore == "train-all" => train_all::run(rest),
        [chore] if chore == "help" || chore == "--help" || chore == "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        [chore, ..] => Err(format!("no chore is called '{chore}'\n\n{USAGE}").into()),
        [] => Err(format!("which chore?\n\n{USAGE}").into()),
    }
}
