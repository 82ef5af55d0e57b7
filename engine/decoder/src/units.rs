//! Conversions that many need. Plain arithmetic, any thread.

/// MIDI note number (with fraction) of a frequency.
pub fn midi(hz: f32) -> f32 {
    69.0 + 12.0 * (hz / 440.0).log2()
}
