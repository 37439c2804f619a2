use std::sync::Arc;

use super::{driver::PostgresDriver, options::PostgresOptions};
#[cfg(feature = "sqlx")]
use crate::{
    adapter::Store,
    adapters::{PoolLimits, sqlx::PostgresPoolDriver},
};
use crate::{
    adapters::sql::{SqlAdapter, sql_adapter},
    error::Result,
};

/// Everything in one PostgreSQL database, 12 or newer. Clones share its connections, which end with the last of them.
///
/// When the server does not answer, every call fails within the configured time; it is asked again at the next call, so
/// that nothing must be restarted when it is back.
///
/// ```no_run
/// use auth_core::{Auth, Secret, adapters::PostgresAdapter};
///
/// # async fn build() -> Result<(), Box<dyn std::error::Error>> {
/// let auth = Auth::builder(PostgresAdapter::connect("postgres://app:secret@localhost/app").await?)
///     .secret(Secret::from_env("AUTH_SECRET")?)
///     .base_url("http://localhost:3000")
///     .build()?;
/// auth.migrate().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct PostgresAdapter {
    inner: Arc<SqlAdapter>,
}

impl PostgresAdapter {
    /// Connects to the database at `postgres://user:password@host:port/database`.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseFetchFailed`](crate::ErrorKind::DatabaseFetchFailed) when it does not answer,
    /// [`ErrorKind::ValidationFailed`](crate::ErrorKind::ValidationFailed) when this is no such URL.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::open(PostgresOptions::new(url)).await
    }

    /// Connects as the options say.
    ///
    /// # Errors
    /// As [`PostgresAdapter::connect`]; and [`ErrorKind::ValidationFailed`](crate::ErrorKind::ValidationFailed) when
    /// schema or prefix cannot begin a table's name, or a certificate cannot be read.
    pub async fn open(options: PostgresOptions) -> Result<Self> {
        let driver = PostgresDriver::open(&options).await?;
        Ok(Self {
            inner: Arc::new(SqlAdapter::new(driver, &options.whole_prefix())?),
        })
    }
}

#[cfg(feature = "sqlx")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlx")))]
impl PostgresAdapter {
    /// Over a pool of sqlx's that the application has already; table names begin with the prefix, `auth_` or
    /// `schema.auth_`. [`PoolLimits`] says how long a call may take, and how many there may be at once.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseFetchFailed`](crate::ErrorKind::DatabaseFetchFailed) when the database does not answer,
    /// [`ErrorKind::ValidationFailed`](crate::ErrorKind::ValidationFailed) when the prefix cannot begin a name.
    pub async fn from_pool(pool: sqlx::PgPool, prefix: &str) -> Result<Self> {
        Self::from_pool_within(pool, prefix, PoolLimits::default()).await
    }

    /// As [`PostgresAdapter::from_pool`], with other limits.
    ///
    /// # Errors
    /// As [`PostgresAdapter::from_pool`].
    pub async fn from_pool_within(pool: sqlx::PgPool, prefix: &str, limits: PoolLimits) -> Result<Self> {
        let inner = SqlAdapter::new(PostgresPoolDriver::new(pool, &limits), prefix)?;
        inner.ping().await?;
        Ok(Self { inner: Arc::new(inner) })
    }
}

sql_adapter!(PostgresAdapter);
