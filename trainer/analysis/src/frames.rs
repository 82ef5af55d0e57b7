//! What analysis makes of a recording: frames of features as the player's tracker hears them, each with the sound measured there.

use syrinx_tracker::Features;

/// Harmonics measured, and answered by the instruments trained here. 100 lose nothing against 128; 60 lose 0.4 dB of lsd.
pub const HARMONICS: usize = 100;
/// Noise bands measured. 32 ERB-spaced bands lose nothing against 64; 16 do.
pub const BANDS: usize = 32;

/// The sound measured at one frame of a recording: the training target.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Refined f0 in Hz at the instant the features describe; 0 where the sound has no pitch.
    pub f0_hz: f32,
    /// Mean square of each harmonic, dB re mean square 1.0; [`FLOOR_DB`] where there is none (or above 21 kHz).
    pub harmonics_db: [f32; HARMONICS],
    /// Mean square of the noise within each band, dB re mean square 1.0.
    pub noise_db: [f32; BANDS],
    /// A-weighted level of harmonics and noise together, in closed form, dB.
    pub loudness_db: f32,
    /// How the noise pulses with the pitch.
    pub pulse: Pulse,
}

/// How the noise of a frame, from 2 to 6 kHz, pulses with the pitch: noise that does has a spectrum that is alike one harmonic apart.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pulse {
    /// Parts of the spectrum that were looked at; 0 where there are none.
    pub power: f32,
    /// Sum over them of the mean product of bins one harmonic apart against their power, turned by the phase of the harmonics: real and imaginary part.
    /// Sums over neighbouring frames tell a pulse from chance.
    pub beat: [f32; 2],
}

/// Level of nothing, dB.
pub const FLOOR_DB: f32 = -140.0;

/// One frame of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// What the live tracker says: what the decoder will be fed when playing.
    pub features: Features,
    /// What sounded at the instant that those features describe.
    pub target: Target,
}

/// One recording, analysed.
#[derive(Clone, Debug)]
pub struct Take {
    /// File name, for reports.
    pub name: String,
    /// Folder name of the recording's source: never mixed across splits of the same pitch.
    pub source: String,
    /// All frames in order, from the start of the file.
    pub frames: Vec<Frame>,
    /// Highest frequency that the recording tells anything of, Hz: targets above it are guessed from the spectrum below, and are no
    /// measure of anything. See [`crate::band_limit_hz`].
    pub band_limit_hz: f32,
    /// Nearest MIDI note of the sustained pitch when the take is a single note, else none (a phrase).
    pub note: Option<u8>,
}
