use async_trait::async_trait;

use super::Store;
use crate::{
    clock::Timestamp,
    error::Result,
    id::{SessionId, UserId},
    model::{SessionPatch, SessionRecord, SessionRotation},
    secret::Digest,
};

/// Sessions.
#[async_trait]
pub trait SessionAdapter: Store {
    /// The session with this id, dead or alive.
    ///
    /// # Errors
    /// `DATABASE_FETCH_FAILED`.
    async fn get_session(&self, session_id: &SessionId) -> Result<Option<SessionRecord>>;

    /// All sessions of the user, oldest first, dead ones too; empty for an unknown user.
    ///
    /// # Errors
    /// `DATABASE_FETCH_FAILED`.
    async fn get_sessions_by_user_id(&self, user_id: &UserId) -> Result<Vec<SessionRecord>>;

    /// Inserts a session.
    ///
    /// # Errors
    /// `AUTH_INVALID_USER_ID` when the store knows users and this is none, `DATABASE_UPDATE_FAILED` for anything
    /// else, a taken id included.
    async fn set_session(&self, session: &SessionRecord) -> Result<()>;

    /// Changes the given columns; an empty patch is no change (and no error for a known session). It never brings a
    /// deleted session back.
    ///
    /// # Errors
    /// `AUTH_INVALID_SESSION_ID` when there is no such session, `DATABASE_UPDATE_FAILED`.
    async fn update_session(&self, session_id: &SessionId, patch: &SessionPatch) -> Result<()>;

    /// Rotates the session if `expected` is still its digest, and answers whether it was: of any number of racers
    /// exactly one hears `true`, and none if the session was deleted.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn rotate_session(
        &self,
        session_id: &SessionId,
        expected: &Digest,
        rotation: &SessionRotation,
    ) -> Result<bool>;

    /// Removes the session, and answers whether it was there.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn delete_session(&self, session_id: &SessionId) -> Result<bool>;

    /// Removes all sessions of the user, but for `except`. An unknown user is no error.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn delete_sessions_by_user_id(&self, user_id: &UserId, except: Option<&SessionId>) -> Result<()>;

    /// Removes the sessions that are dead at `now`, of one user or of all, and answers how many they were.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn delete_expired_sessions(&self, user_id: Option<&UserId>, now: Timestamp) -> Result<u64>;

    /// Removes the session if it is dead at `now`, in one act, so that a renewal in between is not undone.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn delete_session_if_dead(&self, session_id: &SessionId, now: Timestamp) -> Result<()>;

    /// Whether the store removes sessions by itself some time after their end; a sign-in then does not ask it to.
    fn removes_expired_sessions(&self) -> bool {
        false
    }
}
