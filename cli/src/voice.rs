//! A recorded voice, read as a stream: once for its levels, and once to be heard. No recording is too long for it.

use crate::common::{Failure, bar};
use indicatif::ProgressBar;
use std::path::{Path, PathBuf};
use syrinx_analysis::{AudioError, Levels, Resampler, SoundReader, Voice, resampled_len};

/// What is called with each block: a slice of samples a channel.
type Hear<'a> = dyn FnMut(&[Vec<f32>]) -> Result<(), Failure> + 'a;

/// What a first pass over a recording finds.
pub struct Recording {
    path: PathBuf,
    sample_rate_hz: u32,
    channels: usize,
    /// Samples a channel.
    len: u64,
    levels: Levels,
    voice: Voice,
}

impl Recording {
    /// Reads all of a file.
    pub fn scan(path: &Path) -> Result<Self, AudioError> {
        let mut reader = SoundReader::open(path)?;
        let (mut levels, mut len) = (Levels::default(), 0);
        while let Some(block) = reader.next_block()? {
            levels.hear(block);
            len += block[0].len() as u64;
        }
        let (sample_rate_hz, channels) = (reader.sample_rate_hz(), reader.channels());
        Ok(Self { path: path.into(), sample_rate_hz, channels, len, voice: levels.voice(), levels })
    }

    /// Says on the terminal what is not as a player expects: channels that are not heard, samples over full scale.
    pub fn tell(&self) {
        let name = self.path.display();
        if !self.voice.is_everything() {
            eprintln!("syrinx: {name}: {}", self.voice);
        }
        if let Some(db) = self.levels.over_full_scale_db() {
            eprintln!("syrinx: {name}: its samples are up to {db:.1} dB over full scale; were they meant to be so loud?");
        }
    }

    /// Samples a second.
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Samples a channel at another rate.
    pub fn len_at(&self, rate_hz: u32) -> u64 {
        resampled_len(self.len, self.sample_rate_hz, rate_hz)
    }

    /// Calls `hear` with the voice as one channel, block by block.
    pub fn each_block(&self, what: &'static str, mut hear: impl FnMut(&[f32]) -> Result<(), Failure>) -> Result<(), Failure> {
        self.stream(self.sample_rate_hz, true, what, &mut |block: &[Vec<f32>]| hear(&block[0]))
    }

    /// Calls `hear` with the recording at `rate_hz`, block by block: both channels of a stereo recording that has a voice on both, or else the
    /// voice as one channel.
    pub fn each_block_at(
        &self,
        rate_hz: u32,
        what: &'static str,
        mut hear: impl FnMut(&[Vec<f32>]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let is_mixed = self.channels != 2 || !self.voice.is_everything();
        self.stream(rate_hz, is_mixed, what, &mut hear)
    }

    fn stream(&self, rate_hz: u32, is_mixed: bool, what: &'static str, hear: &mut Hear<'_>) -> Result<(), Failure> {
        let progress = bar(self.len, what);
        let done = self.stream_with(rate_hz, is_mixed, &progress, hear);
        progress.finish_and_clear();
        done
    }

    fn stream_with(&self, rate_hz: u32, is_mixed: bool, progress: &ProgressBar, hear: &mut Hear<'_>) -> Result<(), Failure> {
        let channels = if is_mixed { 1 } else { self.channels };
        let resampler = || Resampler::new(self.sample_rate_hz, rate_hz);
        let mut resamplers: Vec<_> = (0..channels).filter(|_| rate_hz != self.sample_rate_hz).map(|_| resampler()).collect();
        let mut reader = SoundReader::open(&self.path)?;
        let (mut read, mut given) = (0, 0);
        while let Some(block) = reader.next_block()? {
            read += block[0].len() as u64;
            progress.inc(block[0].len() as u64);
            if block.len() != self.channels || read > self.len {
                break;
            }
            let mixed = if is_mixed { vec![self.voice.of(block)] } else { Vec::new() };
            let block: &[Vec<f32>] = if is_mixed { &mixed } else { block };
            if resamplers.is_empty() {
                hear(block)?;
                continue;
            }
            let mut resampled = vec![Vec::new(); channels];
            for ((resampler, samples), out) in resamplers.iter_mut().zip(block).zip(&mut resampled) {
                resampler.process(samples, out);
                out.truncate((self.len_at(rate_hz) - given) as usize);
            }
            given += resampled[0].len() as u64;
            hear(&resampled)?;
        }
        if read != self.len {
            return Err(format!("{} changed while it was read", self.path.display()).into());
        }
        if !resamplers.is_empty() {
            let mut rest = vec![Vec::new(); channels];
            let missing = (self.len_at(rate_hz) - given) as usize;
            resamplers.iter_mut().zip(&mut rest).for_each(|(resampler, rest)| resampler.finish(missing, rest));
            hear(&rest)?;
        }
        Ok(())
    }
}
