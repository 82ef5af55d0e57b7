//! How long it takes until a stranger's model plays: `cargo bench -p syrinx-judge`.

use std::time::Instant;

fn main() {
    let bytes = syrinx_models::bytes("violin").expect("a factory instrument");
    let ms = |read: &dyn Fn()| {
        let mut times: Vec<f64> = (0..15)
            .map(|_| {
                let start = Instant::now();
                read();
                1e3 * start.elapsed().as_secs_f64()
            })
            .collect();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let read = ms(&|| drop(syrinx_decoder::Model::read(bytes).expect("an instrument")));
    let judged = ms(&|| drop(syrinx_judge::from_bytes(bytes).expect("an instrument")));
    println!("violin: read in {read:.1} ms, read and judged in {judged:.1} ms (medians of 15)");
}
