use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

/// What this process is sending. A clock that is set forward ends a lease before its time: the message is handed out again, but not
/// sent by two.
#[derive(Default)]
pub(crate) struct UnderWay(Mutex<HashSet<String>>);

impl UnderWay {
    /// None, if somebody is at it.
    pub(super) fn begin(&self, id: &str) -> Option<Turn<'_>> {
        let is_first = self.with(|ids| ids.insert(id.to_owned()));
        is_first.then(|| Turn {
            under_way: self,
            id: id.to_owned(),
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashSet<String>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Over when it is dropped.
pub(super) struct Turn<'a> {
    under_way: &'a UnderWay,
    id: String,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.under_way.with(|ids| ids.remove(&self.id));
    }
}
