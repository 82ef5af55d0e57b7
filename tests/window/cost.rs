//! What a picture of the window costs before a graphics driver paints it: layout, drawing commands, triangles. Printed as milliseconds and as
//! the share of a core that sixty pictures a second take.
//!
//! `cargo bench --workspace --features syrinx-plugin/standalone --bench window`

// Shared with the tests, which use more of it.
#[allow(dead_code)]
mod painter;
#[allow(dead_code)]
mod stage;

use stage::{Opening, Stage};
use std::{hint::black_box, time::Instant};

/// Pictures of each kind: four seconds of them.
const PICTURES: usize = 240;

fn main() {
    let folder = tempfile::tempdir().expect("a folder of its own");
    for (what, scale) in [("100 %", 1.0), ("200 %", 2.0)] {
        let mut stage = Stage::open(folder.path(), Opening { scale, ..Opening::default() });
        // The view of pitch and the trail are full.
        (0..3).for_each(|_| stage.sing_phrase(57.0, 7.0));
        let mut times_ms: Vec<f64> = (0..PICTURES)
            .map(|n| {
                let begun = Instant::now();
                let vibrato = 0.35 * (n as f32 * 0.57).sin();
                stage.sing(62.0 + vibrato, -22.0, 0.95, 7.0);
                let shapes = stage.harness.output().shapes.clone();
                black_box(stage.harness.ctx.tessellate(shapes, scale));
                1e3 * begun.elapsed().as_secs_f64()
            })
            .collect();
        times_ms.sort_by(f64::total_cmp);
        let (median, worst) = (times_ms[PICTURES / 2], times_ms[PICTURES - 1]);
        println!("{what}: {median:.2} ms a picture, {worst:.2} at worst; sixty a second take {:.1} % of a core", median * 6.0);
    }
}
