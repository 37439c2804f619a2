//! What a request remembers.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::{Effects, VerifySession, found_once::FoundOnce, memo::Memos, seen::Seen};
use crate::{model::Session, secret::SessionToken};

/// What there is to remember once somebody asks.
pub(super) struct Asked {
    pub(super) seen: Seen,
    pub(super) memos: Memos,
    pub(super) effects: Mutex<Effects>,
    /// What the refresh token that came along gave: its work is done, and shown again it would be a step behind.
    pub(super) renewed: FoundOnce<Arc<Session>>,
    /// The same of an opaque session: the token that took the place of the one that came along.
    pub(super) rotated: OnceLock<SessionToken>,
    pub(super) wanted: Mutex<VerifySession>,
}

impl Asked {
    pub(super) fn about(seen: Seen) -> Box<Self> {
        Box::new(Self {
            seen,
            memos: Memos::default(),
            effects: Mutex::default(),
            renewed: FoundOnce::default(),
            rotated: OnceLock::new(),
            wanted: Mutex::default(),
        })
    }
}

/// The data stays whole whatever panicked while it was held: every critical section is a single assignment.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
