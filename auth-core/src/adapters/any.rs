use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{
    adapter::{
        Adapter, AttemptAdapter, Recent, SessionAdapter, delegate_beside_users, delegate_sessions, delegate_store,
        delegate_users,
    },
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    id::{KeyId, SessionId, UserId},
    model::{
        AttemptCount, AttemptSubject, KeyPatch, KeyRecord, SessionPatch, SessionRecord, SessionRotation, SharedSession,
        User, UserPatch, UserQuery,
    },
    secret::{Digest, HashedPassword},
};

/// Whatever adapter it holds, for programs that learn at their start where they keep things.
///
/// ```
/// use auth_core::{Auth, Secret, adapters::AnyAdapter};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let url = "memory:";
/// let auth = Auth::builder(AnyAdapter::connect(url).await?)
///     .secret(Secret::random()?)
///     .base_url("http://localhost:3000")
///     .build()?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct AnyAdapter {
    inner: Arc<dyn Adapter>,
}

impl AnyAdapter {
    /// Holds this adapter.
    pub fn new(adapter: impl Adapter) -> Self {
        Self {
            inner: Arc::new(adapter),
        }
    }

    /// Connects to the database that the URL begins with: `sqlite:`, `postgres:` or `postgresql:`, `mysql:` or
    /// `mariadb:`, `memory:`; with the default options of each.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] for another URL and for a database whose feature is not compiled in;
    /// [`ErrorKind::DatabaseFetchFailed`] when it does not answer.
    pub async fn connect(url: &str) -> Result<Self> {
        match url.split(':').next().unwrap_or_default() {
            "memory" => Ok(Self::new(super::MemoryAdapter::default())),
            #[cfg(feature = "sqlite")]
            "sqlite" => Ok(Self::new(super::SqliteAdapter::connect(url).await?)),
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => Ok(Self::new(super::PostgresAdapter::connect(url).await?)),
            #[cfg(feature = "mysql")]
            "mysql" => Ok(Self::new(super::MysqlAdapter::connect(url).await?)),
            #[cfg(feature = "mysql")]
            "mariadb" => {
                let url = url.replacen("mariadb", "mysql", 1);
                Ok(Self::new(super::MysqlAdapter::connect(&url).await?))
            }
            scheme => {
                // Only what stands before the colon: the rest may hold a password.
                let scheme: String = scheme.chars().take(16).collect();
                let error = Error::from(ErrorKind::ValidationFailed);
                Err(error.detail(format!("there is no adapter for {scheme}: in this program")))
            }
        }
    }

    /// The same users, with sessions and attempts kept elsewhere: in Redis, say.
    #[must_use]
    pub fn with_sessions(self, sessions: impl SessionAdapter + AttemptAdapter) -> Self {
        Self::new(crate::adapter::SplitAdapter::new(self, sessions))
    }
}

impl fmt::Debug for AnyAdapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyAdapter").finish_non_exhaustive()
    }
}

delegate_store!([] AnyAdapter, inner);

#[async_trait]
impl Adapter for AnyAdapter {
    async fn get_session_and_user(&self, session_id: &SessionId) -> Result<Option<(SessionRecord, User)>> {
        self.inner.get_session_and_user(session_id).await
    }

    async fn get_recent_session(&self, session_id: &SessionId) -> Result<Recent<Arc<SharedSession>>> {
        self.inner.get_recent_session(session_id).await
    }

    async fn get_recent_session_and_user(
        &self,
        session_id: &SessionId,
    ) -> Result<Recent<(Arc<SharedSession>, Arc<User>)>> {
        self.inner.get_recent_session_and_user(session_id).await
    }
}

delegate_users!([] AnyAdapter, inner, {
    async fn delete_user(&self, user_id: &UserId) -> Result<()> {
        self.inner.delete_user(user_id).await
    }
});

delegate_sessions!([] AnyAdapter, inner);

delegate_beside_users!([] AnyAdapter, inner);
