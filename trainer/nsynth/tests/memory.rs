//! What a pass through a long shard holds in memory: one note, however many there are.

use peak_alloc::PeakAlloc;
use std::{
    io::{self, BufReader, Read},
    path::Path,
};
use syrinx_nsynth::{Pick, Shard};
use syrinx_testkit::tfrecord::{feature, field, framed};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The same record, over and over, and a count of the bytes that were handed out.
struct Endless<'a> {
    record: &'a [u8],
    at: usize,
    left: usize,
}

impl Read for Endless<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let n = to.len().min(self.record.len() - self.at);
        to[..n].copy_from_slice(&self.record[self.at..self.at + n]);
        self.at += n;
        if self.at == self.record.len() {
            (self.at, self.left) = (0, self.left - 1);
        }
        Ok(n)
    }
}

/// A framed note of 64 000 samples, name and sound only.
fn record() -> Vec<u8> {
    let samples: Vec<u8> = (0..64_000).flat_map(|i| ((i % 100) as f32 / 100.0).to_le_bytes()).collect();
    framed(&field(1, &[feature("audio", 2, &samples), feature("id", 1, b"brass_acoustic_006-060-100")].concat()))
}

/// Bytes more than before that were in use at the worst moment of reading `notes` notes.
fn peak(record: &[u8], notes: usize, pick: &Pick) -> usize {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let mut shard = Shard::new(BufReader::new(Endless { record, at: 0, left: notes }), Path::new("endless.tfrecord"));
    let mut sum = 0;
    while let Some(mut note) = shard.next().unwrap() {
        if pick.admits(note.note()) {
            assert_eq!(note.samples().unwrap().len(), 64_000);
        }
        sum += 1;
    }
    assert_eq!((sum, shard.position()), (notes, (notes * record.len()) as u64));
    ALLOCATOR.peak_usage() - before
}

#[test]
fn no_more_than_one_note_is_ever_held() {
    let record = record();
    let (all, none) = (Pick::default(), Pick { families: vec!["reed".into()], ..Pick::default() });
    let (few, many) = (peak(&record, 3, &all), peak(&record, 2000, &all));
    let skipped = peak(&record, 2000, &none);
    println!("a record has {} bytes; held at most {few} of 3, {many} of 2000, {skipped} when none is picked", record.len());
    // One record, and its samples when they are wanted; half as much again is for the small things.
    assert!(many <= few + 4096, "memory grows with the file: {few}, then {many} bytes");
    assert!(many < 2 * record.len() + record.len() / 2, "{many} bytes for a record of {}", record.len());
    assert!(skipped < record.len() + record.len() / 2, "{skipped} bytes for a record of {} that nobody wants", record.len());
}
