use std::sync::Arc;

use super::{driver::SqliteDriver, options::SqliteOptions};
#[cfg(feature = "sqlx")]
use crate::{
    adapter::Store,
    adapters::{PoolLimits, sqlx::SqlitePoolDriver},
};
use crate::{
    adapters::sql::{SqlAdapter, sql_adapter},
    error::Result,
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
    inner: Arc<SqlAdapter>,
}

impl SqliteAdapter {
    /// Opens the database at `sqlite://path`, making the file if there is none; or `sqlite::memory:`.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseFetchFailed`](crate::ErrorKind::DatabaseFetchFailed) when it cannot be opened,
    /// [`ErrorKind::ValidationFailed`](crate::ErrorKind::ValidationFailed) when the URL has a parameter that means nothing here.
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
}

#[cfg(feature = "sqlx")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlx")))]
impl SqliteAdapter {
    /// Over a pool of sqlx's that the application has already; table names begin with the prefix, `auth_` or
    /// `schema.auth_`. The pool's own settings hold: WAL, foreign keys (on unless turned off) and when a commit is on the disk;
    /// [`PoolLimits`] says how long a call may take, and how many there may be at once.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseFetchFailed`](crate::ErrorKind::DatabaseFetchFailed) when the database does not answer,
    /// [`ErrorKind::ValidationFailed`](crate::ErrorKind::ValidationFailed) when the prefix cannot begin a name.
    pub async fn from_pool(pool: sqlx::SqlitePool, prefix: &str) -> Result<Self> {
        let limits = PoolLimits::default().timeout(std::time::Duration::from_secs(10));
        Self::from_pool_within(pool, prefix, limits).await
    }

    /// As [`SqliteAdapter::from_pool`], with other limits.
    ///
    /// # Errors
    /// As [`SqliteAdapter::from_pool`].
    pub async fn from_pool_within(pool: sqlx::SqlitePool, prefix: &str, limits: PoolLimits) -> Result<Self> {
        let inner = SqlAdapter::new(SqlitePoolDriver::new(pool, &limits), prefix)?;
        inner.ping().await?;
        Ok(Self { inner: Arc::new(inner) })
    }
}

sql_adapter!(SqliteAdapter);

#[cfg(test)]
impl SqliteAdapter {
    pub(in crate::adapters) fn weak(&self) -> std::sync::Weak<impl Sized + use<>> {
        Arc::downgrade(&self.inner)
    }
}
