//! The demo voice, which takes a second or two to sing and which many tests need: sung once for all tests of a program.

use std::{
    env, fs,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    time::UNIX_EPOCH,
};
use syrinx_singer::{DemoVoice, SungNote, TruthPoint, sing};

/// The demo voice at a rate in Hz, and which take of it: what [`sing`] gives.
///
/// Every test may be a process of its own, so it is kept in a file, for the program that holds the test and as long as that is not built anew: the
/// singer is part of it.
pub fn demo_voice(rate_hz: u32, take: u64) -> DemoVoice {
    let program = env::current_exe().unwrap();
    let built = fs::metadata(&program).and_then(|about| about.modified()).unwrap().duration_since(UNIX_EPOCH).unwrap();
    let name = program.file_name().unwrap().to_string_lossy();
    let folder = program.with_file_name("voices");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{name}-{rate_hz}-{take}.voice"));
    let built = built.as_nanos().to_le_bytes();
    if let Some(voice) = fs::read(&file).ok().and_then(|bytes| decode(bytes.strip_prefix(&built)?, rate_hz)) {
        return voice;
    }
    let voice = sing(rate_hz, take);
    // Written aside and renamed: another test may be reading, or singing the same, in this process or another.
    static WRITERS: AtomicUsize = AtomicUsize::new(0);
    let writer = WRITERS.fetch_add(1, Ordering::Relaxed);
    let part = PathBuf::from(format!("{}.{}.{writer}", file.display(), std::process::id()));
    fs::write(&part, [&built[..], &encode(&voice)].concat()).unwrap();
    fs::rename(&part, &file).unwrap();
    voice
}

/// Three counts, and so many samples, points and notes, all as numbers of eight bytes.
fn encode(voice: &DemoVoice) -> Vec<u8> {
    let mut numbers = [voice.samples.len(), voice.truth.len(), voice.notes.len()].map(|count| count as f64).to_vec();
    numbers.extend(voice.samples.iter().map(|x| f64::from(*x)));
    for point in &voice.truth {
        numbers.extend([point.time_s, point.f0_hz, f64::from(u8::from(point.voiced)), f64::from(u8::from(point.certain))]);
    }
    for note in &voice.notes {
        numbers.extend([note.start_s, note.end_s, note.midi[0], note.midi[1], f64::from(u8::from(note.whispered))]);
    }
    numbers.into_iter().flat_map(f64::to_le_bytes).collect()
}

/// What [`encode`] made; nothing where it is not all there.
fn decode(bytes: &[u8], sample_rate_hz: u32) -> Option<DemoVoice> {
    let numbers: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    let (counts, rest) = numbers.split_first_chunk::<3>()?;
    let [samples, points, notes] = counts.map(|count| count as usize);
    if rest.len() != samples + 4 * points + 5 * notes {
        return None;
    }
    let (samples, rest) = rest.split_at(samples);
    let (points, notes) = rest.split_at(4 * points);
    let point = |p: &[f64; 4]| TruthPoint { time_s: p[0], f0_hz: p[1], voiced: p[2] == 1.0, certain: p[3] == 1.0 };
    let note = |n: &[f64; 5]| SungNote { start_s: n[0], end_s: n[1], midi: [n[2], n[3]], whispered: n[4] == 1.0 };
    Some(DemoVoice {
        samples: samples.iter().map(|x| *x as f32).collect(),
        sample_rate_hz,
        truth: points.as_chunks().0.iter().map(point).collect(),
        notes: notes.as_chunks().0.iter().map(note).collect(),
    })
}
