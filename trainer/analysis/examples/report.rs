//! The report on recordings that comes before training.
//!
//! `cargo run --release -p syrinx-analysis --example report -- FILES...`

use std::path::PathBuf;

fn main() {
    let files: Vec<(PathBuf, String)> = std::env::args_os().skip(1).map(|path| (path.into(), String::new())).collect();
    let (_, report) = syrinx_analysis::survey_files(&files, |_| ());
    print!("{report}");
    match report.verdict() {
        Ok(()) => println!("an instrument can be trained on these"),
        Err(reason) => {
            println!("{reason}");
            std::process::exit(1);
        }
    }
}
