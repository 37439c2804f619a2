//! The one place where sessions leave the store, and with them what this process remembers of them.

use crate::{
    auth::Auth,
    clock::Timestamp,
    error::Result,
    flows::tokens::TokenStrategy,
    id::{SessionId, UserId},
};

impl Auth {
    pub(super) async fn delete_session(&self, id: &SessionId) -> Result<bool> {
        let deleted = self.inner.adapter.delete_session(id).await;
        // Whatever the answer: a store that failed may have done it all the same.
        self.forget(|tokens| tokens.verified().forget_session(id));
        deleted
    }

    pub(super) async fn delete_session_if_dead(&self, id: &SessionId, now: Timestamp) -> Result<()> {
        let deleted = self.inner.adapter.delete_session_if_dead(id, now).await;
        self.forget(|tokens| tokens.verified().forget_session(id));
        deleted
    }

    /// All sessions of a user, but for one.
    pub(crate) async fn delete_sessions_of(&self, user_id: &UserId, except: Option<&SessionId>) -> Result<()> {
        let deleted = self.inner.adapter.delete_sessions_by_user_id(user_id, except).await;
        self.forget(|tokens| tokens.verified().forget_user(user_id, except));
        deleted
    }

    /// Those that are dead, of one user or of all. The store does not say which they were; what they left expired before.
    pub(super) async fn delete_dead_sessions(&self, user_id: Option<&UserId>, now: Timestamp) -> Result<u64> {
        let deleted = self.inner.adapter.delete_expired_sessions(user_id, now).await;
        self.forget(|tokens| tokens.verified().forget_expired(now));
        deleted
    }

    /// A user, with all that belongs to them.
    pub(crate) async fn delete_account(&self, user_id: &UserId) -> Result<()> {
        let deleted = self.inner.adapter.delete_user(user_id).await;
        self.forget(|tokens| tokens.verified().forget_user(user_id, None));
        deleted
    }

    fn forget(&self, forget: impl FnOnce(&TokenStrategy)) {
        if let Some(tokens) = &self.inner.tokens {
            forget(tokens);
        }
    }
}
