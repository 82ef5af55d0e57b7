//! How fast a dataset goes by: MB/s through TFRecord files from memory and from the disk (as the system has it cached), picking nothing,
//! one note in ten, and all, without and with writing them; and entries a second of an index.
//!
//! `cargo bench -p syrinx-nsynth`

use std::{
    fs::File,
    hint::black_box,
    io::{BufWriter, Write},
    path::Path,
    time::Instant,
};

use syrinx_nsynth::{FAMILIES, Input, Pick, Shard, sort, walk};
use syrinx_testkit::tfrecord::{feature, field, framed};

/// Notes in the file: 390 MB.
const NOTES: usize = 1500;

/// A framed note of instrument 0 to 9, with all features that a name needs.
fn record(number: usize, samples: &[u8]) -> Vec<u8> {
    let instrument = format!("{}_acoustic_{:03}", FAMILIES[number % 10], number % 10);
    let name = format!("{instrument}-{:03}-{:03}", 30 + number % 60, number / 60 % 128);
    let features = [
        feature("audio", 2, samples),
        feature("instrument_family_str", 1, FAMILIES[number % 10].as_bytes()),
        feature("instrument_source_str", 1, b"acoustic"),
        feature("instrument_str", 1, instrument.as_bytes()),
        feature("note_str", 1, name.as_bytes()),
    ];
    framed(&field(1, &features.concat()))
}

fn write_shard(path: &Path) -> std::io::Result<()> {
    let samples: Vec<u8> = (0..64_000).flat_map(|i| ((i % 100) as f32 / 100.0).to_le_bytes()).collect();
    let mut file = BufWriter::new(File::create(path)?);
    (0..NOTES).try_for_each(|n| file.write_all(&record(n, &samples)))?;
    file.flush()
}

fn write_index(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)?;
    let mut file = BufWriter::new(File::create(path.join("examples.json"))?);
    for n in 0..100_000 {
        let comma = if n == 0 { "{" } else { "," };
        writeln!(
            file,
            r#"{comma} "brass_acoustic_{:03}-{:03}-{:03}": {{"qualities": [0, 0, 0, 0, 0, 0, 0, 0, 1, 0], "pitch": {}, "note": {n},
            "instrument_source_str": "acoustic", "velocity": 100, "instrument_str": "brass_acoustic_000", "instrument": 1,
            "sample_rate": 16000, "qualities_str": ["reverb"], "instrument_source": 0, "note_str": "x", "instrument_family": 1,
            "instrument_family_str": "brass"}}"#,
            n / 10_000,
            n / 100 % 100,
            n % 100,
            n / 100 % 100
        )?;
    }
    writeln!(file, "}}")?;
    file.flush()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bench.tfrecord");
    write_shard(&path)?;
    let megabytes = std::fs::metadata(&path)?.len() as f64 / 1e6;
    let shard = [Input::Shard(path.clone())];
    let (none, tenth, all) = (
        Pick { families: vec!["vocal".into()], ..Pick::default() },
        Pick { families: vec!["brass".into()], ..Pick::default() },
        Pick::default(),
    );
    let report = |what: &str, amount: f64, unit: &str, pass: &mut dyn FnMut() -> Result<(), Box<dyn std::error::Error>>| {
        // The best of some passes: what interrupts them is not the reader's.
        let mut least = f64::MAX;
        for _ in 0..5 {
            let start = Instant::now();
            pass()?;
            least = least.min(start.elapsed().as_secs_f64());
        }
        println!("{what:<44} {:>10.0} {unit}", amount / least);
        Ok::<_, Box<dyn std::error::Error>>(())
    };
    println!("TFRecord file of {NOTES} notes, {megabytes:.0} MB");
    let bytes = std::fs::read(&path)?;
    report("from memory, none picked", megabytes, "MB/s", &mut || {
        let mut shard = Shard::new(&bytes[..], &path);
        while let Some(note) = shard.next()? {
            black_box(note.note());
        }
        Ok(())
    })?;
    drop(bytes);
    report("plain read of the file, for comparison", megabytes, "MB/s", &mut || {
        let mut buffer = vec![0; 1 << 18];
        let mut file = File::open(&path)?;
        while std::io::Read::read(&mut file, &mut buffer)? > 0 {
            black_box(&buffer);
        }
        Ok(())
    })?;
    for (what, pick) in [("none picked", &none), ("one note in ten picked", &tenth), ("all picked", &all)] {
        report(&format!("from the file, {what}"), megabytes, "MB/s", &mut || {
            walk(&shard, pick, &mut |_| (), &mut |note, _| {
                black_box(note);
                Ok(())
            })?;
            Ok(())
        })?;
    }
    for (what, pick) in [("one note in ten", &tenth), ("all", &all)] {
        report(&format!("sorted into WAV files, {what}"), megabytes, "MB/s", &mut || {
            sort(&shard, pick, &folder.path().join("out"), &mut |_| ())?;
            Ok(())
        })?;
    }
    let index = folder.path().join("json");
    write_index(&index)?;
    let input = [Input::Folder(index)];
    let megabytes = input[0].bytes() as f64 / 1e6;
    report(&format!("index of 100 000 entries, {megabytes:.0} MB"), megabytes, "MB/s", &mut || {
        walk(&input, &none, &mut |_| (), &mut |_, _| Ok(()))?;
        Ok(())
    })?;
    Ok(())
}
