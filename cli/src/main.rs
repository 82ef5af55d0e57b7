//! `syrinx`: the command line. Each subcommand is a file; all that makes sound is in the engine, all that learns in the trainer.

#[macro_use]
mod terminal;

mod bench;
mod common;
mod cycles;
mod evaluate;
mod instruments;
mod latency;
mod midi_file;
mod notes;
mod nsynth;
mod performance;
mod play;
mod realism;
mod recordings;
mod render;
mod track;
mod train;
mod voice;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The instrument you play with your voice.
#[derive(Parser)]
#[command(name = "syrinx", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Turns a recorded voice into an instrument, through the engine exactly as the plugin runs it.
    Render(render::Args),
    /// Plays a MIDI file, an instrument a track.
    Play(play::Args),
    /// Writes the notes that are sung as MIDI files.
    Notes(notes::Args),
    /// Writes what the tracker hears, frame by frame, as CSV.
    Track(track::Args),
    /// Trains an instrument from recordings.
    Train(Box<train::Args>),
    /// Sorts the NSynth dataset into folders of recordings, one an instrument, or lists its instruments.
    Nsynth(nsynth::Args),
    /// Renders a synthesiser's single cycle as notes to train on.
    Cycles(cycles::Args),
    /// Scores an instrument on recordings that it never saw.
    Evaluate(evaluate::Args),
    /// Lists the factory instruments.
    Instruments(instruments::Args),
    /// Measures how late the instrument answers: onsets, notes and steps of pitch.
    Latency(latency::Args),
    /// Measures what each stage and the whole cost, as a share of one core.
    Bench(bench::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Render(args) => render::run(&args),
        Command::Play(args) => play::run(&args),
        Command::Notes(args) => notes::run(&args),
        Command::Track(args) => track::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Nsynth(args) => nsynth::run(&args),
        Command::Cycles(args) => cycles::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Instruments(args) => instruments::run(&args),
        Command::Latency(args) => latency::run(&args),
        Command::Bench(args) => bench::run(&args),
    };
    match done.and_then(|()| terminal::finish()) {
        Ok(()) => ExitCode::SUCCESS,
        // Who reads has enough, as `head` does: no failure of ours.
        Err(failure) if common::is_broken_pipe(&*failure) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("syrinx: {}", terminal::one_line(&failure.to_string()));
            ExitCode::FAILURE
        }
    }
}
