use std::sync::Arc;

use tokio::time::Instant;

use super::stamps::{Place, Seen, Stamps};
use crate::model::{SharedSession, User};

/// When a reading began, by both measures.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    pub(super) seen: Seen,
    /// Of the clock that never steps back.
    pub(super) at: Instant,
}

impl Reading {
    /// To be called before the store is asked.
    pub(super) fn begin(stamps: &Stamps) -> Self {
        Self {
            seen: stamps.seen(),
            at: Instant::now(),
        }
    }
}

/// What a reading found.
pub(super) struct Entry {
    pub(super) reading: Reading,
    pub(super) place: Place,
    pub(super) session: Arc<SharedSession>,
    /// `None` when only the session was asked for.
    pub(super) user: Option<Arc<User>>,
}
