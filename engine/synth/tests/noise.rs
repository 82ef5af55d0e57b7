//! The filtered noise: spectrum, seams, silence, determinism, bad controls.

use syrinx_synth::FilteredNoise;

#[test]
fn quick() {
    let edges: Vec<f32> = (0..=32)
        .map(|i| {
            let e = 2.16 + (42.5 - 2.16) * i as f64 / 32.0;
            ((10f64.powf(e / 21.4) - 1.0) / 0.00437) as f32
        })
        .collect();
    let mut n = FilteredNoise::new(48000, &edges, 192, 1);
    let bands = [0.01f32; 32];
    let mut out = vec![0.0; 192 * 1000];
    for o in out.chunks_mut(192) {
        n.render(&bands, o);
    }
    let rms = (out.iter().map(|x| (*x as f64).powi(2)).sum::<f64>() / out.len() as f64).sqrt();
    println!("{rms} {}", 0.01 * 32f64.sqrt());
    assert!((rms / (0.01 * 32f64.sqrt()) - 1.0).abs() < 0.05);
}
