//! Prints how the tracker does on the takes that `tests/octaves.rs` makes: octave slips in mid-note, accuracy, voicing.
//!
//! `cargo run --release -p syrinx-tracker --example octaves -- [TAKES OF EACH KIND] [tuned|reported]`

#[path = "../tests/common/mod.rs"]
mod common;

use common::octaves::{Count, count};
use common::sung::{KINDS, take};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let takes: u64 = args.get(1).and_then(|n| n.parse().ok()).unwrap_or(6);
    let first = u64::from(args.get(2).is_none_or(|half| half != "tuned"));
    println!(
        "{:12} {:6} {:>10} {:>8} {:>8} {:>8} {:>6} {:>6} {:>6} {:>6} {:>7} {:>9} {:>7} {:>8} {:>8}",
        "",
        "",
        "mid-note s",
        "slips/m",
        "wrong %",
        "missed %",
        "RPA50",
        "RPA10",
        "VR",
        "VFA",
        "LIVE50",
        "blips/min",
        "held ms",
        "buried s",
        "wrong %"
    );
    let mut all = [Count::default(); 2];
    for kind in KINDS {
        for (mode, all) in common::MODES.into_iter().zip(&mut all) {
            let numbers: Vec<u64> = (0..takes).map(|n| first + 2 * n).collect();
            let half = |part: &[u64]| -> Count { part.iter().map(|&number| count(&take(kind, number), mode)).sum() };
            let (one, other) = numbers.split_at(numbers.len() / 2);
            let sum = std::thread::scope(|scope| {
                let one = scope.spawn(|| half(one));
                half(other) + one.join().expect("takes that can be tracked")
            });
            *all = *all + sum;
            print(&format!("{kind:?}").to_lowercase(), &format!("{mode:?}").to_lowercase(), &sum);
        }
    }
    for (mode, all) in common::MODES.into_iter().zip(&all) {
        print("all", &format!("{mode:?}").to_lowercase(), all);
    }
}

fn print(kind: &str, mode: &str, c: &Count) {
    let percent = |part: f64, whole: f64| 100.0 * part / whole.max(1e-9);
    println!(
        "{kind:12} {mode:6} {:10.1} {:8.2} {:8.2} {:8.2} {:6.1} {:6.1} {:6.1} {:6.1} {:7.1} {:9.1} {:7.0} {:8.1} {:8.2}",
        c.mid_note_s,
        c.slips_a_minute(),
        percent(c.wrong_s, c.mid_note_s),
        percent(c.missed_s, c.mid_note_s),
        percent(c.right_s, c.sung_s),
        percent(c.exact_s, c.sung_s),
        percent(c.recalled_s, c.sung_s),
        percent(c.false_s, c.unsung_s),
        percent(c.right_now_s, c.sung_s),
        60.0 * c.blips / c.seconds,
        1000.0 * c.held_s / c.ends.max(1.0),
        c.buried_s,
        percent(c.buried_wrong_s, c.buried_s)
    );
}
