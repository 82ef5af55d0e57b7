//! The factory instruments, embedded in the program: the `ID.onnx` files of this folder. The `ID.toml` beside each is its card for
//! people to read; the same card is in the file.

use std::sync::Arc;
use syrinx_decoder::{Model, ModelError};

static FACTORY: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/factory.rs"));

/// Ids of the factory instruments, ascending.
pub fn ids() -> impl Iterator<Item = &'static str> {
    FACTORY.iter().map(|(id, _)| *id)
}

/// The model file of a factory instrument.
pub fn bytes(id: &str) -> Option<&'static [u8]> {
    FACTORY.iter().find(|(known, _)| *known == id).map(|(_, bytes)| *bytes)
}

/// A factory instrument, checked and ready; none when there is no such id.
///
/// # Errors
/// When the embedded file is not an instrument, which the tests of this crate rule out.
pub fn load(id: &str) -> Option<Result<Arc<Model>, ModelError>> {
    bytes(id).map(Model::from_bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_factory_instrument_is_one_and_bears_its_files_name() {
        assert!(super::ids().count() >= 4, "violin, flute, trumpet and alto saxophone at the least");
        for id in super::ids() {
            let model = super::load(id).unwrap().unwrap_or_else(|e| panic!("{id}: {e}"));
            let card = model.card();
            assert_eq!(card.id, id);
            assert!(!card.credits.is_empty() && !card.licence.is_empty() && card.scores.contains_key("lsd"), "{id}");
        }
        assert!(super::load("theremin").is_none());
    }
}
