//! The report on recordings that comes before training.
//!
//! `cargo run --release -p syrinx-analysis --example report -- FILES...`

use std::path::PathBuf;

fn main() {
    let files: Vec<(PathBuf, String)> = std::env::args_os().skip(1).map(|path| (path.into(), String::new())).collect();
    let workers = syrinx_analysis::Workers::all();
    let surveyed = syrinx_analysis::survey_files(&workers, &files, |_| ()).expect("nobody cancels it");
    let report = syrinx_analysis::Recordings::new(files.into_iter().map(|(path, _)| path), surveyed).report;
    print!("{report}");
    match report.verdict() {
        Ok(()) => println!("an instrument can be trained on these"),
        Err(reason) => {
            println!("{reason}");
            std::process::exit(1);
        }
    }
}
