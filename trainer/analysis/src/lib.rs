//! Recordings into training targets and scores: sound files, what the player's tracker hears in them, and the harmonics and noise that
//! sounded there. Everything here is offline and runs on any thread but the audio thread.

mod audio;
mod band_limit;
mod bands;
mod frames;
mod mean_spectrum;
mod period_spectrum;
mod pitch;
mod recordings;
mod report;
mod resynthesis;
mod score;
mod targets;
mod workers;

pub use audio::{
    Audio, AudioError, EXTENSIONS, FORMATS, Levels, Resampler, SoundReader, Voice, WavWriter, is_sound_file,
    is_unreadable_sound_file, read_audio, resampled_len, write_wav,
};
pub use band_limit::{band_limit_hz, bands_heard, is_limited};
pub use bands::{HARMONIC_LIMIT_HZ, band_a_weights, loudness_db, noise_edges_hz};
pub use frames::{BANDS, FLOOR_DB, Frame, HARMONICS, Pulse, Take, Target};
pub use mean_spectrum::MeanSpectrum;
pub use period_spectrum::ANALYSIS_RATE_HZ;
pub use recordings::{FindError, Found, HELD_OUT, RESYNTHESIS, Recordings, find_recordings, source_of};
pub use report::{
    FileReport, Report, ReportError, SILENT_PEAK_DB, Surveyed, Verdict, gaps_between, peak_db, survey_file, survey_files,
};
pub use resynthesis::{controls_of, live_delay_samples, resynthesise};
pub use score::{Reference, Scores, score};
pub use targets::{analyse, analyse_files, analysis_samples, levels_of, studio_features};
pub use workers::{Cancelled, Workers, in_parallel};
