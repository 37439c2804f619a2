//! What a request remembers.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::OnceCell;

use super::{Effects, VerifySession, seen::Seen};
use crate::{
    error::{Error, ErrorKind},
    model::{Session, User},
    secret::SessionToken,
};

/// What there is to remember once somebody asks.
pub(super) struct Asked {
    pub(super) seen: Seen,
    pub(super) memo: Mutex<Arc<Memo>>,
    pub(super) effects: Mutex<Effects>,
    /// What the refresh token that came along gave: its work is done, and shown again it would be a step behind.
    pub(super) renewed: OnceCell<Arc<Session>>,
    /// The same of an opaque session: the token that took the place of the one that came along.
    pub(super) rotated: OnceLock<SessionToken>,
    pub(super) wanted: Mutex<VerifySession>,
}

/// What has been found out, once.
#[derive(Default)]
pub(super) struct Memo {
    pub(super) session: OnceCell<Found>,
    /// Whether a handler said what it is, so that nobody has to find out.
    pub(super) is_said: bool,
    /// The user, where the session was found without: nothing, when there is none to sign in as.
    pub(super) user: OnceCell<Option<Arc<User>>>,
}

pub(super) enum Found {
    /// With its user, if both were read together.
    Session(Arc<Session>, Option<Arc<User>>),
    Nothing(Absence),
}

/// Why there is no session.
#[derive(Clone, Copy)]
pub(super) enum Absence {
    /// Another uses a copy of its token.
    Theft,
    /// Nothing was presented, or it opens nothing.
    Unauthenticated,
    /// The request may come from another site.
    OriginRefused,
    /// As `Unauthenticated`, in the words of the token strategy.
    Unauthorised,
}

impl Asked {
    pub(super) fn about(seen: Seen) -> Box<Self> {
        Box::new(Self {
            seen,
            memo: Mutex::default(),
            effects: Mutex::default(),
            renewed: OnceCell::new(),
            rotated: OnceLock::new(),
            wanted: Mutex::default(),
        })
    }
}

impl Absence {
    pub(super) fn error(self) -> Error {
        match self {
            Self::Unauthenticated => ErrorKind::NotAuthenticated,
            Self::OriginRefused => ErrorKind::InvalidRequest,
            Self::Theft => ErrorKind::TokenTheft,
            Self::Unauthorised => ErrorKind::Unauthorised,
        }
        .into()
    }
}

/// The data stays whole whatever panicked while it was held: every critical section is a single assignment.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
