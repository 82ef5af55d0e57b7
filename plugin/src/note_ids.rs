//! Which key each of a host's notes is. Hosts call a note by a number of its own, by channel and key, or by some of them; the engine knows channels and
//! keys. Audio thread; never allocates.

/// Notes that are remembered: more than sound. Of more, the oldest is forgotten.
const MOST: usize = 64;
/// Channels of MIDI.
const CHANNELS: u8 = 16;

/// A note as a host calls it; what is negative says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostNote {
    /// Its number.
    pub id: i32,
    /// Its channel, 0 to 15.
    pub channel: i16,
    /// Its key, 0 to 127.
    pub key: i16,
}

/// The keys that a host means: of one channel or of all, one key or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meant {
    channel: Option<u8>,
    /// The key; none for all.
    pub key: Option<u8>,
}

impl Meant {
    /// Each of the channels.
    pub fn channels(self) -> impl Iterator<Item = u8> {
        let (first, last) = self.channel.map_or((0, CHANNELS - 1), |channel| (channel, channel));
        first..=last
    }
}

#[derive(Clone, Copy, Debug)]
struct Known {
    id: i32,
    channel: u8,
    key: u8,
}

/// The notes that a host has numbered, oldest first.
#[derive(Debug)]
pub struct NoteIds {
    known: [Option<Known>; MOST],
}

impl Default for NoteIds {
    fn default() -> Self {
        Self { known: [None; MOST] }
    }
}

fn channel_of(channel: i16) -> Option<u8> {
    u8::try_from(channel).ok().filter(|channel| *channel < CHANNELS)
}

fn key_of(key: i16) -> Option<u8> {
    u8::try_from(key).ok().filter(|key| *key < 128)
}

impl NoteIds {
    /// A note begins: its channel, and its key, where it has one.
    pub fn begin(&mut self, note: HostNote) -> Option<(u8, u8)> {
        let (channel, key) = (channel_of(note.channel).unwrap_or(0), key_of(note.key)?);
        if note.id >= 0 {
            // Numbers are used anew.
            if let Some(place) = self.place(note.id) {
                self.known[place] = None;
            }
            self.known.rotate_left(1);
            self.known[MOST - 1] = Some(Known { id: note.id, channel, key });
        }
        Some((channel, key))
    }

    /// A note ends: the keys that are let go. None where its key was struck anew since, and so is another note's.
    pub fn end(&mut self, note: HostNote) -> Option<Meant> {
        let Some(place) = self.place(note.id) else { return Some(self.meant(note)) };
        let ended = self.known[place].take()?;
        let later = self.known[place + 1..].iter().flatten();
        let is_anothers = later.into_iter().any(|known| (known.channel, known.key) == (ended.channel, ended.key));
        (!is_anothers).then_some(Meant { channel: Some(ended.channel), key: Some(ended.key) })
    }

    /// The keys that a note is of.
    pub fn meant(&self, note: HostNote) -> Meant {
        match self.place(note.id).and_then(|place| self.known[place]) {
            Some(known) => Meant { channel: Some(known.channel), key: Some(known.key) },
            None => Meant { channel: channel_of(note.channel), key: key_of(note.key) },
        }
    }

    /// Whether a note has this number.
    pub fn knows(&self, id: i32) -> bool {
        self.place(id).is_some()
    }

    fn place(&self, id: i32) -> Option<usize> {
        self.known.iter().position(|known| id >= 0 && known.is_some_and(|known| known.id == id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(id: i32, channel: i16, key: i16) -> HostNote {
        HostNote { id, channel, key }
    }

    fn of(ids: &NoteIds, note: HostNote) -> (Vec<u8>, Option<u8>) {
        let meant = ids.meant(note);
        (meant.channels().collect(), meant.key)
    }

    #[test]
    fn a_note_is_found_by_its_number_or_by_its_key_or_all_are_meant() {
        let mut ids = NoteIds::default();
        assert_eq!(ids.begin(note(7, 3, 60)), Some((3, 60)));
        assert_eq!(ids.begin(note(-1, -1, 61)), Some((0, 61)));
        assert_eq!(ids.begin(note(8, 0, 200)), None);
        assert_eq!(of(&ids, note(7, -1, -1)), (vec![3], Some(60)));
        assert_eq!(of(&ids, note(99, 2, 64)), (vec![2], Some(64)));
        assert_eq!(of(&ids, note(-1, 2, -1)), (vec![2], None));
        assert_eq!(of(&ids, note(-1, -1, -1)), ((0..16).collect(), None));
    }

    #[test]
    fn the_end_of_a_note_whose_key_is_anothers_by_now_is_nobodys() {
        let mut ids = NoteIds::default();
        ids.begin(note(1, 0, 60));
        ids.begin(note(2, 0, 60));
        assert_eq!(ids.end(note(1, 0, 60)), None);
        assert_eq!(ids.end(note(2, 0, 60)).map(|meant| meant.key), Some(Some(60)));
        // One whose end never came, as after a stop, is older.
        ids.begin(note(3, 0, 60));
        ids.begin(note(4, 0, 60));
        assert!(ids.end(note(4, 0, 60)).is_some());
        // A number that was used before, and one that is not known.
        ids.begin(note(1, 0, 62));
        ids.begin(note(1, 0, 64));
        assert_eq!(ids.end(note(1, -1, -1)).map(|meant| meant.key), Some(Some(64)));
        assert_eq!(ids.end(note(5, 0, 62)).map(|meant| meant.key), Some(Some(62)));
    }

    #[test]
    fn of_too_many_notes_the_oldest_is_forgotten() {
        let mut ids = NoteIds::default();
        (0..1000).for_each(|id| _ = ids.begin(note(id, 0, (id % 128) as i16)));
        assert_eq!(of(&ids, note(999, -1, -1)).1, Some(999_u16 as u8 % 128));
        assert_eq!(of(&ids, note(0, -1, -1)).1, None);
    }
}
