//! Writes the demo voice to a WAV file: `cargo run --release -p syrinx-singer --example sing -- voice.wav [rate]`.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("which file? usage: sing FILE.wav [RATE]")?;
    let rate = arguments.next().map_or(Ok(48_000), |r| r.parse())?;
    let voice = syrinx_singer::sing_score(&syrinx_singer::shenandoah(), &syrinx_singer::Voice::tenor(), rate, 1)?;
    let spec = hound::WavSpec { channels: 1, sample_rate: rate, bits_per_sample: 32, sample_format: hound::SampleFormat::Float };
    let mut file = hound::WavWriter::create(path, spec)?;
    for sample in voice.samples {
        file.write_sample(sample)?;
    }
    Ok(file.finalize()?)
}
