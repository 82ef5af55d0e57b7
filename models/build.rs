//! Lists the model files beside this script, so that an instrument put there is a factory instrument at the next build.

use std::{env, fs, path::Path};

fn main() -> std::io::Result<()> {
    let folder = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    println!("cargo:rerun-if-changed={folder}");
    let mut files: Vec<_> = fs::read_dir(&folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    files.retain(|p| p.extension().is_some_and(|e| e == "onnx"));
    files.sort();
    let rows: String = files
        .iter()
        .map(|p| format!("({:?}, include_bytes!({p:?}).as_slice()),\n", p.file_stem().expect("it has an extension")))
        .collect();
    let out = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("factory.rs"), format!("&[\n{rows}]"))
}
