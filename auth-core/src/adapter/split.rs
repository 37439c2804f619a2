use std::{fmt, time::Duration};

use async_trait::async_trait;

use super::{Adapter, AttemptAdapter, Schema, SessionAdapter, Store, UserAdapter};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{KeyId, SessionId, UserId},
    model::{
        AttemptCount, AttemptSubject, KeyPatch, KeyRecord, SessionPatch, SessionRecord, SessionRotation, User,
        UserPatch,
    },
    secret::{Digest, HashedPassword},
};

/// Users in one store, sessions and attempts in another.
///
/// The session store cannot check that a user exists, so reads that need both ask both stores, and deleting a user
/// deletes the sessions first: a failure in between leaves a user without sessions, never sessions without a user.
pub struct SplitAdapter<U, S> {
    users: U,
    sessions: S,
}

impl<U: UserAdapter, S: SessionAdapter + AttemptAdapter> SplitAdapter<U, S> {
    /// Takes users and keys from `users`, sessions and attempts from `sessions`.
    pub fn new(users: U, sessions: S) -> Self {
        Self { users, sessions }
    }
}

impl<U, S> fmt::Debug for SplitAdapter<U, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SplitAdapter").finish_non_exhaustive()
    }
}

#[async_trait]
impl<U: UserAdapter, S: SessionAdapter + AttemptAdapter> Adapter for SplitAdapter<U, S> {}

#[async_trait]
impl<U: UserAdapter, S: SessionAdapter + AttemptAdapter> Store for SplitAdapter<U, S> {
    fn declare(&self, schema: &Schema) -> Result<(), String> {
        self.users.declare(schema)?;
        self.sessions.declare(schema)
    }

    async fn migrate(&self) -> Result<()> {
        self.users.migrate().await?;
        self.sessions.migrate().await
    }

    async fn ping(&self) -> Result<()> {
        self.users.ping().await?;
        self.sessions.ping().await
    }
}

#[async_trait]
impl<U: UserAdapter, S: SessionAdapter + AttemptAdapter> UserAdapter for SplitAdapter<U, S> {
    async fn get_user(&self, user_id: &UserId) -> Result<Option<User>> {
        self.users.get_user(user_id).await
    }

    async fn set_user(&self, user: &User, key: Option<&KeyRecord>) -> Result<()> {
        self.users.set_user(user, key).await
    }

    async fn update_user(&self, user_id: &UserId, patch: &UserPatch) -> Result<()> {
        self.users.update_user(user_id, patch).await
    }

    async fn delete_user(&self, user_id: &UserId) -> Result<()> {
        self.sessions.delete_sessions_by_user_id(user_id, None).await?;
        self.users.delete_user(user_id).await?;
        // A sign-in between the two may have made one more.
        self.sessions.delete_sessions_by_user_id(user_id, None).await
    }

    async fn get_key(&self, key_id: &KeyId) -> Result<Option<KeyRecord>> {
        self.users.get_key(key_id).await
    }

    async fn get_key_and_user(&self, key_id: &KeyId) -> Result<Option<(KeyRecord, User)>> {
        self.users.get_key_and_user(key_id).await
    }

    async fn get_keys_by_user_id(&self, user_id: &UserId) -> Result<Vec<KeyRecord>> {
        self.users.get_keys_by_user_id(user_id).await
    }

    async fn set_key(&self, key: &KeyRecord) -> Result<()> {
        self.users.set_key(key).await
    }

    async fn update_key(&self, key_id: &KeyId, patch: &KeyPatch) -> Result<()> {
        self.users.update_key(key_id, patch).await
    }

    async fn delete_key(&self, key_id: &KeyId) -> Result<()> {
        self.users.delete_key(key_id).await
    }

    async fn delete_non_primary_key(&self, key_id: &KeyId) -> Result<()> {
        self.users.delete_non_primary_key(key_id).await
    }

    async fn delete_keys_by_user_id(&self, user_id: &UserId) -> Result<()> {
        self.users.delete_keys_by_user_id(user_id).await
    }

    async fn take_key(&self, key_id: &KeyId) -> Result<bool> {
        self.users.take_key(key_id).await
    }

    async fn rename_key(&self, key_id: &KeyId, new_id: &KeyId, patch: &UserPatch, now: Timestamp) -> Result<()> {
        self.users.rename_key(key_id, new_id, patch, now).await
    }

    async fn set_password(&self, user_id: &UserId, hash: Option<&HashedPassword>, now: Timestamp) -> Result<()> {
        self.users.set_password(user_id, hash, now).await
    }

    async fn replace_hash(&self, key_id: &KeyId, expected: &HashedPassword, new: &HashedPassword) -> Result<bool> {
        self.users.replace_hash(key_id, expected, new).await
    }
}

#[async_trait]
impl<U: UserAdapter, S: SessionAdapter + AttemptAdapter> SessionAdapter for SplitAdapter<U, S> {
    async fn get_session(&self, session_id: &SessionId) -> Result<Option<SessionRecord>> {
        self.sessions.get_session(session_id).await
    }

    async fn get_sessions_by_user_id(&self, user_id: &UserId) -> Result<Vec<SessionRecord>> {
        self.sessions.get_sessions_by_user_id(user_id).await
    }

    async fn set_session(&self, session: &SessionRecord) -> Result<()> {
        self.sessions.set_session(session).await
    }

    async fn update_session(&self, session_id: &SessionId, patch: &SessionPatch) -> Result<()> {
        self.sessions.update_session(session_id, patch).await
    }

    async fn rotate_session(
        &self,
        session_id: &SessionId,
        expected: &Digest,
        rotation: &SessionRotation,
    ) -> Result<bool> {
        self.sessions.rotate_session(session_id, expected, rotation).await
    }

    async fn delete_session(&self, session_id: &SessionId) -> Result<()> {
        self.sessions.delete_session(session_id).await
    }

    async fn delete_sessions_by_user_id(&self, user_id: &UserId, except: Option<&SessionId>) -> Result<()> {
        self.sessions.delete_sessions_by_user_id(user_id, except).await
    }

    async fn delete_expired_sessions(&self, user_id: Option<&UserId>, now: Timestamp) -> Result<u64> {
        self.sessions.delete_expired_sessions(user_id, now).await
    }

    async fn delete_session_if_dead(&self, session_id: &SessionId, now: Timestamp) -> Result<()> {
        self.sessions.delete_session_if_dead(session_id, now).await
    }
}

#[async_trait]
impl<U: UserAdapter, S: SessionAdapter + AttemptAdapter> AttemptAdapter for SplitAdapter<U, S> {
    async fn count_attempt(
        &self,
        subject: &AttemptSubject,
        action: &str,
        window: Duration,
        now: Timestamp,
    ) -> Result<AttemptCount> {
        self.sessions.count_attempt(subject, action, window, now).await
    }

    async fn clear_attempts(&self, subject: &AttemptSubject, action: &str) -> Result<()> {
        self.sessions.clear_attempts(subject, action).await
    }

    async fn delete_expired_attempts(&self, now: Timestamp) -> Result<u64> {
        self.sessions.delete_expired_attempts(now).await
    }
}
