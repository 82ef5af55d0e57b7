//! `cargo xtask CHORE`: finds the chore that was asked for. Each chore is a file of its own.

mod demo;
mod syrinx;
mod test;
mod train_all;

use std::process::ExitCode;
use xtask::Failure;

const USAGE: &str = "\
usage: cargo xtask CHORE

chores:
  demo [--voices FOLDER] [ID...]
                  sings the demo voice, plays it on every factory instrument (or on those named) and draws what happened, into demo/;
                  or does so with all sound files of FOLDER
  test [ARG...]
                  runs all tests, with the peers that some compare against; ARGs go to cargo test
  train-all [RECORDINGS [ID...]]
                  trains the factory instruments (or those named) anew from a folder of recordings (default ../shared/data)
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
        [chore, rest @ ..] if chore == "demo" => demo::run(rest),
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
