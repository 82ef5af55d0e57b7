//! The factory instruments, embedded in the program: the `ID.onnx` files of this folder. The `ID.toml` beside each is its card for
//! people to read; the same card is in the file. `numbers.toml` has the number that calls each up.

use std::sync::{Arc, OnceLock};
use syrinx_decoder::Model;

static FILES: &[(&str, u8, &[u8])] = include!(concat!(env!("OUT_DIR"), "/factory.rs"));

/// A factory instrument: the number that calls it up, for ever, and the model.
pub type Numbered = (u8, Arc<Model>);

/// All factory instruments, ready to play, ascending by id. They are read once in a process, in some milliseconds, and shared.
pub fn factory() -> &'static [Numbered] {
    static FACTORY: OnceLock<Vec<Numbered>> = OnceLock::new();
    FACTORY.get_or_init(|| {
        let read = |bytes| Model::read(bytes).expect("the tests of this crate read every embedded file");
        FILES.iter().map(|(_, number, bytes)| (*number, read(bytes))).collect()
    })
}

/// Ids of the factory instruments, ascending.
pub fn ids() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(id, ..)| *id)
}

/// The number that calls the factory instrument `id` up.
pub fn number(id: &str) -> Option<u8> {
    FILES.iter().find(|(known, ..)| *known == id).map(|(_, number, _)| *number)
}

/// The factory instrument with this number.
pub fn numbered(number: u8) -> Option<&'static Arc<Model>> {
    factory().iter().find(|(n, _)| *n == number).map(|(_, model)| model)
}

/// The model file of a factory instrument.
pub fn bytes(id: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|(known, ..)| *known == id).map(|(_, _, bytes)| *bytes)
}

/// A factory instrument, ready to play; none when there is no such id.
pub fn load(id: &str) -> Option<Arc<Model>> {
    numbered(number(id)?).cloned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_factory_instrument_is_one_and_bears_its_files_name() {
        assert!(super::ids().count() >= 4, "violin, flute, trumpet and alto saxophone at the least");
        for (id, (number, model)) in super::ids().zip(super::factory()) {
            let card = model.card();
            assert_eq!(card.id, id);
            assert_eq!((super::number(id), super::numbered(*number).unwrap().hash()), (Some(*number), model.hash()));
            assert_eq!(super::load(id).unwrap().hash(), model.hash());
            assert!(!card.credits.is_empty() && !card.licence.is_empty() && card.scores.contains_key("lsd"), "{id}");
        }
        assert!(super::load("theremin").is_none());
    }

    /// Sessions name instruments by these.
    #[test]
    fn numbers_never_change() {
        for (id, number) in [("violin", 0), ("flute", 1), ("trumpet", 2), ("alto-sax", 3)] {
            assert_eq!(super::number(id), Some(number));
        }
    }
}
