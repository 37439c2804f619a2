use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{
    AccountAdapter, Adapter, AttemptAdapter, MigrationPlan, Recent, Schema, SessionAdapter, Store,
    delegate::{delegate_beside_users, delegate_sessions, delegate_users},
};
use crate::{
    clock::Timestamp,
    error::{ErrorKind, Result},
    id::{KeyId, SessionId, UserId},
    model::{
        AttemptCount, AttemptSubject, KeyPatch, KeyRecord, SessionPatch, SessionRecord, SessionRotation, SharedSession,
        User, UserPatch, UserQuery,
    },
    secret::{Digest, HashedPassword},
};

/// Users in one store, sessions and attempts in another.
///
/// The session store cannot check that a user exists, so this asks the other one: after a session was inserted, and in
/// reads that need both. Deleting a user deletes the sessions before the user and once more after it: a failure in between leaves a
/// user without sessions. Only a sign-in in that very moment, and then a failure, leaves a session without its user; whatever asks for
/// the user does not find it.
pub struct SplitAdapter<U, S> {
    users: U,
    sessions: S,
}

impl<U: AccountAdapter, S: SessionAdapter + AttemptAdapter> SplitAdapter<U, S> {
    /// Takes sessions and attempts from `sessions`, everything else from `users`.
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
impl<U: AccountAdapter, S: SessionAdapter + AttemptAdapter> Adapter for SplitAdapter<U, S> {
    // As the defaults, but asked at the two themselves: each way by `self` would be one more boxed future for every request.

    async fn get_recent_session(&self, session_id: &SessionId) -> Result<Recent<Arc<SharedSession>>> {
        let session = self.sessions.get_session(session_id).await?;
        Ok(Recent::Current(session.map(SharedSession::new)))
    }

    async fn get_recent_session_and_user(
        &self,
        session_id: &SessionId,
    ) -> Result<Recent<(Arc<SharedSession>, Arc<User>)>> {
        let Some(session) = self.sessions.get_session(session_id).await? else {
            return Ok(Recent::Current(None));
        };
        let user = self.users.get_shared_user(&session.user_id).await?;
        Ok(Recent::Current(user.map(|user| (SharedSession::new(session), user))))
    }
}

#[async_trait]
impl<U: AccountAdapter, S: SessionAdapter + AttemptAdapter> Store for SplitAdapter<U, S> {
    fn declare(&self, schema: &Schema) -> Result<(), String> {
        self.users.declare(schema)?;
        self.sessions.declare(schema)
    }

    async fn migrate(&self) -> Result<()> {
        self.users.migrate().await?;
        self.sessions.migrate().await
    }

    async fn migration_plan(&self) -> Result<MigrationPlan> {
        let users = self.users.migration_plan().await?;
        Ok(users.then(self.sessions.migration_plan().await?))
    }

    async fn ping(&self) -> Result<()> {
        self.users.ping().await?;
        self.sessions.ping().await
    }
}

delegate_users!([U: AccountAdapter, S: SessionAdapter + AttemptAdapter] SplitAdapter<U, S>, users, {
    async fn delete_user(&self, user_id: &UserId) -> Result<()> {
        self.sessions.delete_sessions_by_user_id(user_id, None).await?;
        self.users.delete_user(user_id).await?;
        // A sign-in between the two may have made one more.
        self.sessions.delete_sessions_by_user_id(user_id, None).await
    }
});

delegate_sessions!([U: AccountAdapter, S: SessionAdapter + AttemptAdapter] SplitAdapter<U, S>, sessions, {
    async fn set_session(&self, session: &SessionRecord) -> Result<()> {
        self.sessions.set_session(session).await?;
        // Asked afterwards: whoever deletes the user in between deletes this session as well.
        match self.users.get_user(&session.user_id).await {
            Ok(Some(_)) => Ok(()),
            missing => {
                self.sessions.delete_session(&session.id).await?;
                missing.and(Err(ErrorKind::InvalidUserId.into()))
            }
        }
    }
});

delegate_beside_users!([U: AccountAdapter, S: SessionAdapter + AttemptAdapter] SplitAdapter<U, S>, users);
