//! Tables of the factory instruments: a row each, which stays as it is until its instrument is measured anew.

use crate::syrinx::{Syrinx, text};
use serde::de::DeserializeOwned;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use xtask::Failure;

/// Most recordings of an instrument that are asked about, evenly chosen.
const MOST: usize = 8;

/// A table in a file of its own.
pub struct Table {
    path: PathBuf,
    head: &'static str,
    rows: BTreeMap<String, String>,
}

impl Table {
    /// The table in the file `path`, or an empty one; its rows begin with a picture whose name ends in `ending`.
    pub fn read(path: &Path, head: &'static str, ending: &str) -> Result<Self, Failure> {
        let old = if path.exists() { std::fs::read_to_string(path)? } else { String::new() };
        Ok(Self { path: path.into(), head, rows: rows(&old, ending) })
    }

    /// Puts the row of an instrument in, and writes the table.
    pub fn put(&mut self, id: &str, row: String) -> Result<(), Failure> {
        self.rows.insert(id.into(), row);
        let rows: String = self.rows.values().map(|row| format!("{row}\n")).collect();
        std::fs::write(&self.path, format!("{}{rows}", self.head)).map_err(|e| format!("{}: {e}", self.path.display()).into())
    }
}

/// What `syrinx evaluate` says of an instrument with an option, and some files.
pub fn ask<T: DeserializeOwned>(syrinx: &Syrinx, models: &Path, id: &str, files: &[PathBuf], option: &str) -> Result<T, Failure> {
    let model = models.join(format!("{id}.onnx"));
    let mut command = vec!["evaluate", text(&model)?];
    for file in files {
        command.push(text(file)?);
    }
    command.extend([option, "--json"]);
    serde_json::from_str(&syrinx.ask(&command)?).map_err(|e| format!("evaluate {option}: {e}").into())
}

/// The rows of a table, by the id of the instrument, which is what the name of a row's picture begins with, before `ending`.
pub fn rows(table: &str, ending: &str) -> BTreeMap<String, String> {
    let id = |line: &str| Some(line.split_once("](pictures/")?.1.split_once(ending)?.0.to_owned());
    table.lines().filter_map(|line| Some((id(line)?, line.to_owned()))).collect()
}

/// Some sound files of all that there are, evenly chosen.
pub fn some_of(recordings: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in recordings {
        if path.is_dir() {
            let mut below =
                std::fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
            below.retain(|path| path.is_file());
            below.sort();
            files.extend(below);
        } else {
            files.push(path.clone());
        }
    }
    let count = files.len().min(MOST);
    Ok((0..count).map(|n| files[(2 * n + 1) * files.len() / (2 * count)].clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_kept() {
        let path = std::env::temp_dir().join(format!("xtask-table-{}.md", std::process::id()));
        let row = |id: &str| format!("| [{id}](pictures/{id}-note.png) | 1 |");
        Table::read(&path, "# Head\n", "-note.png").unwrap().put("flute", row("flute")).unwrap();
        Table::read(&path, "# Head\n", "-note.png").unwrap().put("cello", row("cello")).unwrap();
        let written = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(written, format!("# Head\n{}\n{}\n", row("cello"), row("flute")));
    }

    #[test]
    fn files_are_chosen_evenly() {
        let files: Vec<PathBuf> = (0..20).map(|n| PathBuf::from(format!("{n}.wav"))).collect();
        let chosen = some_of(&files).unwrap();
        assert_eq!((chosen.len(), &chosen[0], &chosen[7]), (MOST, &files[1], &files[18]));
        assert_eq!(some_of(&files[..3]).unwrap(), files[..3]);
    }
}
