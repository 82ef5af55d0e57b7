//! How hard a singer sings, by the singer's own range. Audio thread; plain arithmetic on one frame, never allocates.

use super::detector::NoteChange;

/// What a voice at a microphone has until it is known, dB: softly, loudly.
const USUAL_DB: [f32; 2] = [-44.0, -16.0];
/// The shares of a voice's time that it is softer than what counts as soft and as loud.
const SHARES: [f32; 2] = [0.1, 0.95];
/// The range that is learned is at least so wide, dB.
const LEAST_DB: f32 = 12.0;
/// How quickly it is learned, dB a frame: at first, and after minutes. In between it falls as one over this many frames.
const FIRST_STEP_DB: f32 = 0.4;
const LAST_STEP_DB: f32 = 0.02;
const STEP_FRAMES: f32 = 250.0;
/// What a note gains within its first frames (100 ms), dB, until that is known; and how much every note tells of it.
const USUAL_RISE_DB: f32 = 6.0;
const RISE_FRAMES: u32 = 25;
const RISE_SHARE: f32 = 0.2;
/// The softest note has this share of velocity, that it be heard at all.
const SOFTEST: f32 = 0.15;

/// Follows one voice.
#[derive(Clone, Copy, Debug)]
pub struct SungDynamics {
    range_db: [f32; 2],
    heard: f32,
    level_db: f32,
    /// What notes gain after they have been found; the one that gains: its level then, the most since, and frames since.
    rise_db: f32,
    begun_db: f32,
    most_db: f32,
    age: u32,
    /// The level that the note is struck with.
    struck_db: f32,
}

impl SungDynamics {
    /// Nothing is known.
    pub const fn new() -> Self {
        Self {
            range_db: USUAL_DB,
            heard: 0.0,
            level_db: USUAL_DB[0],
            rise_db: USUAL_RISE_DB,
            begun_db: 0.0,
            most_db: 0.0,
            age: u32::MAX,
            struck_db: USUAL_DB[0],
        }
    }

    /// A frame at a level, dB, of a voice whose note sounds, and what it changes.
    pub fn step(&mut self, level_db: f32, change: NoteChange) {
        self.level_db = level_db;
        if matches!(change, NoteChange::Ends) {
            return;
        }
        self.heard += 1.0;
        let step = LAST_STEP_DB.max(FIRST_STEP_DB / (1.0 + self.heard / STEP_FRAMES));
        for (bound, share) in self.range_db.iter_mut().zip(SHARES) {
            *bound += step * if level_db > *bound { share } else { share - 1.0 };
        }
        match change {
            NoteChange::Begins(_) => {
                (self.begun_db, self.most_db, self.age) = (level_db, level_db, 0);
                self.struck_db = level_db + self.rise_db;
            }
            NoteChange::GoesOn(_) => self.struck_db = level_db,
            _ => {}
        }
        self.age = self.age.saturating_add(1);
        self.most_db = self.most_db.max(level_db);
        if self.age == RISE_FRAMES {
            self.rise_db += RISE_SHARE * (self.most_db - self.begun_db - self.rise_db);
        }
    }

    /// How hard the last note was sung, above 0 to 1.
    pub fn velocity(&self) -> f32 {
        SOFTEST + (1.0 - SOFTEST) * self.place(self.struck_db)
    }

    /// How loud the voice is, 0 to 1.
    pub fn loudness(&self) -> f32 {
        self.place(self.level_db)
    }

    fn place(&self, level_db: f32) -> f32 {
        let [low, high] = self.range_db;
        let wide = (high - low).max(LEAST_DB);
        ((level_db - (high - wide)) / wide).clamp(0.0, 1.0)
    }
}
