//! Instruments of the player's own: judged when they are first wanted, and shared by all instances in a process for as long as one of them
//! has them. Takes some tens of milliseconds; any thread but the audio thread.

use crate::reading;
use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};
use syrinx_engine::{MAX_FILE_BYTES, Model, ModelError};

/// Those that somebody has.
static SHARED: Mutex<Vec<Weak<Model>>> = Mutex::new(Vec::new());

/// The instrument in a file.
///
/// # Errors
/// When the file cannot be read or is no instrument.
pub fn from_file(path: &Path) -> Result<Arc<Model>, ModelError> {
    let bytes = reading::bounded(path, MAX_FILE_BYTES)
        .map_err(|source| ModelError::Unreadable { path: path.display().to_string(), source })?;
    from_bytes(&bytes)
}

/// The instrument that a file with these bytes holds.
///
/// # Errors
/// When the bytes are no instrument.
pub fn from_bytes(bytes: &[u8]) -> Result<Arc<Model>, ModelError> {
    let known =
        |shared: &MutexGuard<'_, Vec<Weak<Model>>>| shared.iter().filter_map(Weak::upgrade).find(|model| model.bytes() == bytes);
    let shared = || SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let found = known(&shared());
    if let Some(model) = found {
        return Ok(model);
    }
    // Nobody waits for another's judgement; of two that come to the same, the first is kept.
    #[cfg(feature = "judge")]
    let model = syrinx_judge::from_bytes(bytes)?;
    #[cfg(not(feature = "judge"))]
    let model = Model::read(bytes)?;
    let mut shared = shared();
    if let Some(first) = known(&shared) {
        return Ok(first);
    }
    shared.retain(|model| model.strong_count() > 0);
    shared.push(Arc::downgrade(&model));
    Ok(model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{library::Library, params::SyrinxParams, state};
    use syrinx_engine::Slot;

    #[test]
    fn all_instances_share_one_and_let_it_go_with_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.onnx");
        std::fs::write(&path, syrinx_models::bytes("bassoon").unwrap()).unwrap();
        let first = from_file(&path).unwrap();
        let second = from_bytes(syrinx_models::bytes("bassoon").unwrap()).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        let gone = Arc::downgrade(&first);
        drop((first, second));
        assert!(gone.upgrade().is_none());
        assert!(from_bytes(b"no instrument").is_err() && from_file(folder.path()).is_err());
    }

    #[test]
    fn instances_with_the_same_session_share_its_instrument() {
        let instance = || SyrinxParams::new(Arc::new(Library::new().0));
        let saved = instance();
        saved.library().put(Slot::A, from_bytes(syrinx_models::bytes("french-horn").unwrap()).unwrap());
        let session = state::to_json(&saved);
        let [first, second] = [instance(), instance()].map(|params| {
            state::from_json(&session, &params).unwrap();
            params.library().own(Slot::A).unwrap()
        });
        assert!(Arc::ptr_eq(&first, &second) && Arc::ptr_eq(&first, &saved.library().own(Slot::A).unwrap()));
    }
}
