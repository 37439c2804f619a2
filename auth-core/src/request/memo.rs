//! What a request has found out of its session.

use std::{
    ops::Deref,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{asked::lock, found_once::FoundOnce};
use crate::{
    error::{Error, ErrorKind},
    model::{Session, User},
};

/// What has been found out so far. Most requests find out once, and pay for no more.
#[derive(Default)]
pub(super) struct Memos {
    first: Memo,
    has_later: AtomicBool,
    later: Mutex<Option<Arc<Memo>>>,
}

impl Memos {
    /// What counts now; whoever is finding out goes on with what counted when they began.
    pub(super) fn current(&self) -> Current<'_> {
        match self.has_later.load(Ordering::Acquire) {
            false => Current::First(&self.first),
            true => lock(&self.later)
                .clone()
                .map_or(Current::First(&self.first), Current::Later),
        }
    }

    /// From now on this counts.
    pub(super) fn replace(&self, memo: Memo) {
        self.put(&mut lock(&self.later), memo);
    }

    /// Forgets what was found out, but not what a handler said.
    pub(super) fn forget_unless_said(&self) {
        let mut later = lock(&self.later);
        if !later.as_ref().is_some_and(|memo| memo.is_said) {
            self.put(&mut later, Memo::default());
        }
    }

    fn put(&self, later: &mut Option<Arc<Memo>>, memo: Memo) {
        *later = Some(Arc::new(memo));
        self.has_later.store(true, Ordering::Release);
    }
}

/// A memo for as long as somebody reads it.
pub(super) enum Current<'a> {
    First(&'a Memo),
    Later(Arc<Memo>),
}

impl Deref for Current<'_> {
    type Target = Memo;

    fn deref(&self) -> &Memo {
        match self {
            Self::First(memo) => memo,
            Self::Later(memo) => memo,
        }
    }
}

/// What has been found out, once.
#[derive(Default)]
pub(super) struct Memo {
    pub(super) session: FoundOnce<Found>,
    /// Whether a handler said what it is, so that nobody has to find out.
    pub(super) is_said: bool,
    /// The user, where the session was found without: nothing, when there is none to sign in as.
    pub(super) user: FoundOnce<Option<Arc<User>>>,
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
