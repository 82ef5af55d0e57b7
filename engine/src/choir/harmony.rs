//! Which keys the parts play: what is sung, and a rule for each. Plain arithmetic on keys (MIDI notes, 60 is middle C); never allocates.

use crate::{
    params::{PARTS, PartRule},
    snap::{has_note, turned},
};

/// The chords: name, and a bit for each semitone above the root.
pub const CHORDS: &[(&str, u16)] = &[
    ("Major", 0b0000_1001_0001),
    ("Minor", 0b0000_1000_1001),
    ("7", 0b0100_1001_0001),
    ("maj7", 0b1000_1001_0001),
    ("m7", 0b0100_1000_1001),
    ("dim", 0b0000_0100_1001),
    ("aug", 0b0001_0001_0001),
    ("sus2", 0b0000_1000_0101),
    ("sus4", 0b0000_1010_0001),
    ("6", 0b0010_1001_0001),
    ("m6", 0b0010_1000_1001),
    ("m7b5", 0b0100_0100_1001),
    ("dim7", 0b0010_0100_1001),
    ("9", 0b0100_1001_0101),
    ("m9", 0b0100_1000_1101),
    ("5", 0b0000_1000_0001),
];

/// All keys there are.
const KEYS: std::ops::RangeInclusive<i32> = 0..=127;
/// A scale without gaps has no degrees; those of the major scale are meant.
const CHROMATIC: u16 = 0xfff;
const MAJOR: u16 = 0b1010_1011_0101;
/// The drone's octave begins with C3.
const DRONE: i32 = 48;
/// Keys beside the tone of the chord that a part is set to, in which it looks for the one that moves it least.
const LOOKS: i32 = 7;
/// How much a semitone from that tone counts against a semitone of movement.
const PLACE: f32 = 0.4;

/// What the parts go by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Harmony {
    /// The key that is sung, as the lead plays it.
    pub lead: i32,
    /// The first note of the scale, semitones above C; its notes and those of the chord, a bit for each semitone above C.
    pub root: u8,
    pub scale: u16,
    pub chord: u16,
    /// Whether parts may cross.
    pub crossing: bool,
    /// The rule of each part, and how far it is set from the lead.
    pub rules: [(PartRule, i32); PARTS],
}

impl Harmony {
    /// The key of each part, which has `before` been others; none where it plays none.
    pub fn keys(&self, before: &[Option<i32>; PARTS]) -> [Option<i32>; PARTS] {
        let mut keys = [None; PARTS];
        for (key, (rule, step)) in keys.iter_mut().zip(self.rules) {
            *key = match rule {
                PartRule::Off | PartRule::Later(_) | PartRule::Chord => None,
                PartRule::Interval => Some(self.lead + step),
                PartRule::Degree => Some(self.degree(step)),
                PartRule::Drone => Some(DRONE + i32::from(self.root) + step),
                PartRule::Unison => Some(self.lead + 12 * step),
            };
        }
        self.voice(before, &mut keys);
        keys.map(|key| key.filter(|key| KEYS.contains(key)))
    }

    /// The note of the scale so many steps from the one that is nearest to the lead, of two the lower.
    fn degree(&self, step: i32) -> i32 {
        let scale = if self.scale & CHROMATIC == CHROMATIC { turned(MAJOR, self.root) } else { self.scale };
        nearest(scale, self.lead).map_or(self.lead, |nearest| steps(scale, nearest, step).unwrap_or(nearest))
    }

    /// Gives every part that plays a tone of the chord the one that moves it least from what it had `before`, in the order of their steps outward from the lead.
    fn voice(&self, before: &[Option<i32>; PARTS], keys: &mut [Option<i32>; PARTS]) {
        for way in [1, -1] {
            let is_there = |rule: PartRule, step: i32| rule == PartRule::Chord && (step < 0) == (way < 0);
            let rules = self.rules.into_iter().enumerate();
            let found = rules.filter_map(|(at, (rule, step))| is_there(rule, step).then_some((step.abs(), at)));
            let mut parts = [(i32::MAX, 0); PARTS];
            let count = parts.iter_mut().zip(found).map(|(place, part)| *place = part).count();
            parts[..count].sort_unstable();
            // Each lies beyond the one before; those of one step are one.
            let mut last: Option<(i32, i32)> = None;
            for (step, at) in parts[..count].iter().copied() {
                let same = last.filter(|(of, _)| *of == step).map(|(_, key)| key);
                let inner = last.map_or(self.lead, |(_, key)| if way > 0 { key.max(self.lead) } else { key.min(self.lead) });
                let key = same.or_else(|| self.nearest_tone(way, step, inner, before[at]));
                keys[at] = key;
                last = key.map(|key| (step, key)).or(last);
            }
        }
    }

    /// The tone that is so many above or below the lead, as `way` is 1 or -1, or another near it that moves a part less from `before` and lies beyond `inner`.
    fn nearest_tone(&self, way: i32, step: i32, inner: i32, before: Option<i32>) -> Option<i32> {
        if self.chord & CHROMATIC == 0 {
            return None;
        }
        if step == 0 {
            return nearest(self.chord, self.lead);
        }
        let ideal = steps(self.chord, self.lead, way * step)?;
        let may = |key: &i32| has_note(self.chord, *key) && (self.crossing || way * (key - inner) > 0);
        // Where those further in have taken what lies near, the next beyond them.
        let beyond = || (1..=12).map(|away| inner + way * away).find(may);
        let Some(before) = before else { return Some(ideal).filter(may).or_else(beyond) };
        let cost = |key: i32| (key - before).abs() as f32 + PLACE * (key - ideal).abs() as f32;
        let near = (ideal - LOOKS..=ideal + LOOKS).filter(may).min_by(|a, b| cost(*a).total_cmp(&cost(*b)));
        near.or_else(beyond)
    }
}

/// The one of `notes` that is nearest to a key, of two the lower.
fn nearest(notes: u16, key: i32) -> Option<i32> {
    (0..12).find_map(|away| [key - away, key + away].into_iter().find(|key| has_note(notes, *key)))
}

/// The note so many of `notes` from a key, which itself need be none of them.
fn steps(notes: u16, from: i32, step: i32) -> Option<i32> {
    if notes & CHROMATIC == 0 {
        return None;
    }
    let mut key = from;
    for _ in 0..step.abs() {
        key += step.signum();
        while !has_note(notes, key) {
            key += step.signum();
        }
    }
    Some(key)
}

/// Keys that go down within so many frames (60 ms) are struck together.
const TOGETHER_FRAMES: u32 = 15;
/// Keys of the chord before are let go of within so many frames (0.3 s) where they are none of the next.
const CHANGE_FRAMES: u32 = 75;

/// The chord of the keys that were last down together.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeldChord {
    down: u128,
    /// The keys of those that were struck last, and frames since the first of them.
    newest: u128,
    age: u32,
    /// A key has gone up since the last went down.
    released: bool,
    notes: u16,
}

impl HeldChord {
    /// A frame goes by.
    pub fn tick(&mut self) {
        self.age = self.age.saturating_add(1);
    }

    /// A key goes down: of a chord that is let go of, it begins another.
    pub fn press(&mut self, key: u8) {
        if self.down == 0 || self.age > TOGETHER_FRAMES {
            (self.newest, self.age) = (0, 0);
        }
        self.down |= 1 << key.min(127);
        self.newest |= 1 << key.min(127);
        self.notes = classes(self.down) | if self.released { 0 } else { self.notes };
        self.released = false;
    }

    /// A key goes up, or all of them. What was struck before, and is let go of soon, is of the chord no more; otherwise the chord stays.
    pub fn release(&mut self, key: Option<u8>) {
        let up = key.map_or(u128::MAX, |key| 1 << key.min(127));
        self.down &= !up;
        if self.age <= CHANGE_FRAMES && up & self.newest == 0 && self.down & self.newest != 0 {
            self.notes = classes(self.down);
        }
        self.released = true;
    }

    /// Its notes, a bit for each semitone above C.
    pub fn notes(&self) -> u16 {
        self.notes
    }
}

/// The notes of some keys.
fn classes(keys: u128) -> u16 {
    (0..128).filter(|key| keys >> key & 1 == 1).fold(0, |notes, key| notes | 1 << (key % 12))
}

#[cfg(test)]
mod tests {
    use super::*;

    const C_MAJOR: u16 = 0b0000_1001_0001;
    const NONE: [Option<i32>; PARTS] = [None; PARTS];

    fn harmony(lead: i32, rules: &[(PartRule, i32)]) -> Harmony {
        let mut all = [(PartRule::Off, 0); PARTS];
        all[..rules.len()].copy_from_slice(rules);
        Harmony { lead, root: 0, scale: MAJOR, chord: C_MAJOR, crossing: false, rules: all }
    }

    fn keys(harmony: &Harmony, before: &[Option<i32>; PARTS]) -> Vec<i32> {
        harmony.keys(before).into_iter().flatten().collect()
    }

    #[test]
    fn each_rule_has_its_note() {
        use PartRule::*;
        let rules = [(Interval, -12), (Degree, 2), (Degree, -2), (Drone, 7), (Unison, 1), (Chord, 1), (Chord, -1), (Off, 3)];
        assert_eq!(keys(&harmony(64, &rules), &NONE), [52, 67, 60, 55, 76, 67, 60]);
        // Over what is no note of the scale, the third of the one below.
        assert_eq!(keys(&harmony(66, &[(Degree, 2)]), &NONE), [69]);
        // A chromatic scale has the degrees of the major one.
        let g = Harmony { root: 7, scale: CHROMATIC, ..harmony(67, &[(Degree, 2), (Degree, 6)]) };
        assert_eq!(keys(&g, &NONE), [71, 78]);
        // What lies beyond the keyboard is not played.
        assert_eq!(keys(&harmony(120, &[(Unison, 1), (Interval, -1)]), &NONE), [119]);
    }

    #[test]
    fn parts_hold_what_chords_have_in_common_and_do_not_cross() {
        let rules = [(PartRule::Chord, -1), (PartRule::Chord, -2), (PartRule::Chord, -3)];
        let c = harmony(72, &rules).keys(&NONE);
        assert_eq!(c[..3], [Some(67), Some(64), Some(60)]);
        // C major to A minor, under the same note: two stay, one moves by a step.
        let a = Harmony { chord: 0b0010_0001_0001, ..harmony(72, &rules) }.keys(&c);
        assert_eq!(a[..3], [Some(69), Some(64), Some(60)]);
        // To F major, with the lead down on A.
        let f = Harmony { chord: 0b0010_0010_0001, ..harmony(69, &rules) }.keys(&a);
        assert_eq!(f[..3], [Some(65), Some(60), Some(57)]);
        let moved: i32 = a.iter().zip(&f).filter_map(|(a, f)| Some((*a)?.abs_diff((*f)?) as i32)).sum();
        assert!(moved <= 11, "{moved}");
        for lead in 40..90 {
            let all = harmony(lead, &[(PartRule::Chord, 2), (PartRule::Chord, -1), (PartRule::Chord, 1), (PartRule::Chord, -2)]);
            let mut before = NONE;
            for chord in [C_MAJOR, 0b0010_0001_0001, 0b1000_1000_0100, 1, 0xfff] {
                before = Harmony { chord, ..all }.keys(&before);
                let [up2, down1, up1, down2] = [0, 1, 2, 3].map(|at| before[at].unwrap());
                assert!(up2 > up1 && up1 > lead && lead > down1 && down1 > down2, "{lead} {chord:b} {before:?}");
                assert!(up2 - lead <= 31 && lead - down2 <= 31);
            }
        }
    }

    #[test]
    fn a_chord_without_notes_has_no_tones_and_crossing_moves_less() {
        let silent = Harmony { chord: 0, ..harmony(60, &[(PartRule::Chord, 1), (PartRule::Chord, 0), (PartRule::Interval, 3)]) };
        assert_eq!(silent.keys(&NONE)[..3], [None, None, Some(63)]);
        let mut before = NONE;
        before[0] = Some(64);
        let rules = [(PartRule::Chord, 1)];
        // The lead goes over the part.
        assert_eq!(keys(&harmony(65, &rules), &before), [67]);
        assert_eq!(keys(&Harmony { crossing: true, ..harmony(65, &rules) }, &before), [64]);
    }

    #[test]
    fn keys_that_are_down_together_are_a_chord_until_others_are() {
        let mut chord = HeldChord::default();
        [60, 64, 67].into_iter().for_each(|key| chord.press(key));
        assert_eq!(chord.notes(), C_MAJOR);
        [60, 64, 67].into_iter().for_each(|key| chord.release(Some(key)));
        assert_eq!(chord.notes(), C_MAJOR, "latched");
        chord.press(69);
        assert_eq!(chord.notes(), 0b0010_0000_0000);
        chord.press(72);
        assert_eq!(chord.notes(), 0b0010_0000_0001);
        chord.release(Some(69));
        chord.press(76);
        assert_eq!(chord.notes(), 0b0000_0001_0001, "what is held, and what is new");
        chord.release(None);
        assert_eq!(chord.notes(), 0b0000_0001_0001);
        // From C major to F major as on an organ: F and A go down before E and G come up.
        [60, 64, 67].into_iter().for_each(|key| chord.press(key));
        (0..100).for_each(|_| chord.tick());
        [65, 69].into_iter().for_each(|key| chord.press(key));
        [64, 67].into_iter().for_each(|key| chord.release(Some(key)));
        assert_eq!(chord.notes(), 0b0010_0010_0001);
        // Let go of one by one, it stays, with what was held over.
        (0..100).for_each(|_| chord.tick());
        [60, 69, 65].into_iter().for_each(|key| chord.release(Some(key)));
        assert_eq!(chord.notes(), 0b0010_0010_0001);
    }
}
