//! Plays a voice on the violin, an octave up: `cargo run --release -p syrinx-engine --example render -- voice.wav violin.wav`.

use syrinx_engine::{Engine, EngineConfig, Settings, bounce};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [voice, violin] = &paths[..] else { return Err("give a mono WAV file of a voice, and the file to write".into()) };
    let mut reader = hound::WavReader::open(voice)?;
    let spec = reader.spec();
    let samples: Vec<f32> = match spec.sample_format {
        hound::SampleFormat::Float => reader.samples().collect::<Result<_, _>>()?,
        hound::SampleFormat::Int => {
            let full_scale = (1_i64 << (spec.bits_per_sample - 1)) as f32;
            reader.samples::<i32>().map(|sample| Ok(sample? as f32 / full_scale)).collect::<Result<_, hound::Error>>()?
        }
    };

    let config = EngineConfig { sample_rate_hz: spec.sample_rate, channels: 1, seed: 0 };
    let mut engine = Engine::of(config, syrinx_models::load("violin").ok_or("there is no violin")?)?;
    engine.set(&Settings { pitch_shift: 12.0, ..Settings::default() });
    let sound = bounce(&mut engine, &[&samples], 512);

    let spec = hound::WavSpec { channels: 1, bits_per_sample: 32, sample_format: hound::SampleFormat::Float, ..spec };
    let mut writer = hound::WavWriter::create(violin, spec)?;
    sound[0].iter().try_for_each(|sample| writer.write_sample(*sample))?;
    Ok(writer.finalize()?)
}
