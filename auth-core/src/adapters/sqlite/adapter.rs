use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{driver::SqliteDriver, options::SqliteOptions};
use crate::{
    adapter::{Adapter, Schema, Store, delegate_sessions, delegate_signing_keys, delegate_users},
    adapters::sql::SqlAdapter,
    clock::Timestamp,
    error::Result,
    id::{KeyId, SessionId, UserId},
    model::{
        AttemptCount, AttemptSubject, KeyPatch, KeyRecord, SessionPatch, SessionRecord, SessionRotation,
        SigningKeyRecord, User, UserPatch,
    },
    secret::{Digest, HashedPassword},
};

/// Everything in one SQLite database. Clones share its threads, which end with the last of them.
///
/// ```
/// use auth_core::{Auth, Secret, adapters::SqliteAdapter};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let auth = Auth::builder(SqliteAdapter::connect("sqlite::memory:").await?)
///     .secret(Secret::random()?)
///     .base_url("http://localhost:3000")
///     .build()?;
/// auth.migrate().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct SqliteAdapter {
    inner: Arc<SqlAdapter<SqliteDriver>>,
}

impl SqliteAdapter {
    /// Opens the database at `sqlite://path`, making the file if there is none; or `sqlite::memory:`.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseFetchFailed`](crate::ErrorKind::DatabaseFetchFailed) when it cannot be opened.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::open(SqliteOptions::new(url)).await
    }

    /// Opens a database as the options say.
    ///
    /// # Errors
    /// As [`SqliteAdapter::connect`], and [`ErrorKind::ValidationFailed`](crate::ErrorKind::ValidationFailed) when the
    /// table prefix cannot begin a name.
    pub async fn open(options: SqliteOptions) -> Result<Self> {
        let driver = SqliteDriver::open(&options).await?;
        Ok(Self {
            inner: Arc::new(SqlAdapter::new(driver, &options.prefix)?),
        })
    }

    /// The SQL that [`Auth::migrate`](crate::Auth::migrate) runs on an empty database, for people who run it
    /// themselves; with the declared attributes once the adapter belongs to an [`Auth`](crate::Auth).
    pub fn migration_sql(&self) -> String {
        let mut sql = self.inner.migration_sql().join(";\n");
        sql.push_str(";\n");
        sql
    }
}

#[cfg(test)]
impl SqliteAdapter {
    pub(in crate::adapters) fn weak(&self) -> std::sync::Weak<impl Sized + use<>> {
        Arc::downgrade(&self.inner)
    }
}

impl fmt::Debug for SqliteAdapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteAdapter").finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for SqliteAdapter {
    fn declare(&self, schema: &Schema) -> Result<(), String> {
        self.inner.declare(schema)
    }

    async fn migrate(&self) -> Result<()> {
        self.inner.migrate().await
    }

    async fn ping(&self) -> Result<()> {
        self.inner.ping().await
    }
}

#[async_trait]
impl Adapter for SqliteAdapter {
    async fn get_session_and_user(&self, session_id: &SessionId) -> Result<Option<(SessionRecord, User)>> {
        self.inner.get_session_and_user(session_id).await
    }
}

delegate_users!([] SqliteAdapter, inner, {
    async fn delete_user(&self, user_id: &UserId) -> Result<()> {
        self.inner.delete_user(user_id).await
    }
});

delegate_sessions!([] SqliteAdapter, inner);

delegate_signing_keys!([] SqliteAdapter, inner);
