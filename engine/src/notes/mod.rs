//! The voice's notes: what is sung of all that is heard, the one note detector, and what it tells those who want notes. Audio thread; plain arithmetic on one
//! frame, never allocates.

mod detector;
mod dynamics;
mod network;
mod note_weights;
mod onset;
mod sender;

pub use detector::NoteChange;
#[cfg(test)]
pub use onset::OnsetDetector;
pub use onset::{Onset, RISE_DB};

use crate::{
    Settings,
    block::EventKind,
    keys::note_of,
    noise_floor::NoiseFloor,
    params::{NoteOutput, PitchFrom},
    slip::Slips,
    snap::{Snap, SnapSettings, scale_mask},
};
use detector::{NoteDetector, NoteSettings};
use dynamics::SungDynamics;
use sender::NoteSender;
use syrinx_tracker::{FRAME_RATE_HZ, Features, HeldPitch, LOUDNESS_FLOOR_DB};

/// How steeply the gate closes: dB out per dB in below the threshold. An expander rather than a switch, so that soft note ends fade
/// instead of being chopped.
const GATE_SLOPE: f32 = 4.0;
/// The adaptive gate stands this far above the room's noise while nobody sings, dB, and as far below it while the pitch is sure: what is
/// left of a note that dies away in the noise is played to its end.
const ABOVE_NOISE_DB: f32 = 8.0;
/// What is louder than the room by this, dB, and than the gate, is sung to be fitted.
const ABOVE_ROOM_DB: f32 = 12.0;
/// A voice that the gate takes more than this from, dB, has no note.
const GATED_DB: f32 = 12.0;

/// What is sung in a frame.
#[derive(Clone, Copy, Debug)]
pub struct Sung {
    /// The voice, its pitch held where it is only guessed.
    pub voice: Features,
    /// Its level as the gate leaves it, dB.
    pub gated_db: f32,
    /// What is louder than this is sung to be fitted, dB.
    pub floor_db: f32,
    /// What it is to strings and bars.
    pub onset: Onset,
    /// Its note, as the detector has it.
    pub key: Option<u8>,
    /// Its pitch (MIDI), and that without the vibrato, where it has one.
    pub pitch: Option<[f32; 2]>,
}

/// Finds the notes of one voice.
pub struct Notes {
    slips: Slips,
    held: HeldPitch,
    noise: NoiseFloor,
    detector: NoteDetector,
    dynamics: SungDynamics,
    /// Leaves the vibrato away.
    glide: Snap,
    sender: NoteSender,
    /// Sends all, to be kept, to whomever else it is sent or not.
    keeper: NoteSender,
}

impl Notes {
    pub fn new() -> Self {
        Self {
            slips: Slips::new(),
            held: HeldPitch::default(),
            noise: NoiseFloor::new(),
            detector: NoteDetector::new(),
            dynamics: SungDynamics::new(),
            glide: Snap::new(),
            sender: NoteSender::new(),
            keeper: NoteSender::new(),
        }
    }

    /// The stream begins anew; notes that have been sent are let go of with its first frame.
    pub fn reset(&mut self) {
        let (mut sender, mut keeper) = (self.sender, self.keeper);
        sender.reset();
        keeper.reset();
        *self = Self { sender, keeper, ..Self::new() };
    }

    /// What the network of the detector hears in the last frame, and the key nearest to its pitch.
    pub fn inputs(&self) -> Option<(&[f32], u8)> {
        self.detector.inputs()
    }

    /// Hears one frame of `voice`, and sends its notes; `newest` is the voice with the pitch that is known by now, younger by so many frames than its own.
    pub fn hear(
        &mut self,
        voice: &Features,
        newest: (Features, u32),
        settings: &Settings,
        send: &mut dyn FnMut(EventKind),
    ) -> Sung {
        // Keys neither slip nor waver.
        let (voice, (newest, younger)) = match settings.pitch_from {
            PitchFrom::Voice => (self.held.step(&self.slips.step(voice)), newest),
            PitchFrom::Keys => (*voice, (*voice, 0)),
        };
        let room_db = self.noise.step(&voice);
        let adapted = room_db + ABOVE_NOISE_DB * (1.0 - 2.0 * voice.confidence);
        let gate = if settings.auto_gate { settings.gate.max(adapted) } else { settings.gate };
        let under = (gate - voice.loudness_db).max(0.0);
        let gated_db = voice.loudness_db - (GATE_SLOPE - 1.0) * under;
        // A gate may ask for less than the tracker's floor; a rise from there begins no sooner than from silence.
        let level_db = gated_db.max(LOUDNESS_FLOOR_DB);

        let is_gated = under > GATED_DB;
        let newest = Features { confidence: if is_gated { 0.0 } else { newest.confidence }, ..newest };
        let (onset, change) = self.detector.step(level_db, &voice, &newest, &note_settings(settings, younger));
        if self.detector.key().is_some() || change == NoteChange::Ends {
            self.dynamics.step(voice.loudness_db, change);
        }
        let voiced = !is_gated && voice.confidence >= 0.5 && voice.f0_hz > 0.0;
        let straight = SnapSettings { amount: 0.0, key: 0, scale: 0, vibrato: 0.0, a4_hz: settings.a4 };
        let glide_hz = self.glide.step(voice.f0_hz, voiced, straight);
        let pitch = voiced.then(|| [voice.f0_hz, glide_hz].map(|hz| note_of(hz, settings.a4)));
        self.sender.step(change, pitch, &self.dynamics, settings, &mut |channel, message| {
            send(EventKind::Message { channel, message });
        });
        // What is kept is what was sung, where it was sung.
        let kept = Settings { note_output: NoteOutput::OneChannel, note_octave: 0.0, ..*settings };
        self.keeper.step(change, pitch, &self.dynamics, &kept, &mut |_, message| send(EventKind::Sung(message)));
        Sung { voice, gated_db, floor_db: settings.gate.max(room_db + ABOVE_ROOM_DB), onset, key: self.detector.key(), pitch }
    }
}

fn frames(ms: f32) -> u32 {
    (ms * FRAME_RATE_HZ as f32 / 1000.0).round() as u32
}

fn note_settings(settings: &Settings, younger: u32) -> NoteSettings {
    NoteSettings {
        // What is known sooner is made surer.
        react: frames(settings.note_react) + younger,
        stickiness_st: settings.note_stickiness / 100.0,
        hold: frames(settings.note_hold),
        retrigger: settings.note_retrigger,
        keys: if settings.note_scale { scale_mask(settings.snap_key, settings.snap_scale) } else { 0xfff },
        a4_hz: settings.a4,
    }
}
