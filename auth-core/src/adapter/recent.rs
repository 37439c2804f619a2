use std::sync::Arc;

use crate::model::{SessionRecord, SharedSession, User};

/// What a quick read found: see [`Adapter::get_recent_session_and_user`](super::Adapter::get_recent_session_and_user).
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "there is nothing between the two")]
pub enum Recent<T> {
    /// What the store holds now, or that it holds nothing.
    Current(Option<T>),
    /// What the store held a moment ago, from a cache or a replica. There is no such thing as an absence from a moment
    /// ago: what is not found is asked at the store.
    MaybeOld(T),
}

/// Rows that a store has just read, to be handed on without copying.
pub(crate) fn shared((session, user): (SessionRecord, User)) -> (Arc<SharedSession>, Arc<User>) {
    (SharedSession::new(session), Arc::new(user))
}
