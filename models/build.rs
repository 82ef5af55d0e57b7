//! Lists the model files beside this script with their numbers, so that an instrument put there is a factory instrument at the next
//! build. An instrument without a number, or two with the same, end the build.

use std::{collections::BTreeMap, env, fs, path::Path};

fn main() -> std::io::Result<()> {
    let folder = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    println!("cargo:rerun-if-changed={folder}");
    let numbers = fs::read_to_string(Path::new(&folder).join("numbers.toml"))?;
    let numbers: BTreeMap<&str, u8> = numbers
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (id, number) = line.split_once('=').unwrap_or_else(|| panic!("numbers.toml: {line:?} is not ID = NUMBER"));
            let number = number.trim().parse().unwrap_or_else(|e| panic!("numbers.toml: {line:?}: {e}"));
            (id.trim(), number)
        })
        .collect();
    let distinct: std::collections::BTreeSet<_> = numbers.values().collect();
    assert!(
        distinct.len() == numbers.len() && numbers.values().all(|n| *n < 127),
        "numbers.toml: a number is used twice, or above 126"
    );

    let mut files: Vec<_> = fs::read_dir(&folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    files.retain(|p| p.extension().is_some_and(|e| e == "onnx"));
    files.sort();
    let rows: String = files
        .iter()
        .map(|p| {
            let id = p.file_stem().and_then(|s| s.to_str()).expect("it has a plain name");
            let number = numbers.get(id).unwrap_or_else(|| panic!("{id} has no number in numbers.toml; append one"));
            format!("({id:?}, {number}, include_bytes!({p:?}).as_slice()),\n")
        })
        .collect();
    let out = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("factory.rs"), format!("&[\n{rows}]"))
}
