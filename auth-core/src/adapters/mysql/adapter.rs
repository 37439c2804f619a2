use std::sync::Arc;

use super::{driver::MysqlDriver, options::MysqlOptions};
#[cfg(feature = "sqlx")]
use crate::{
    adapter::Store,
    adapters::{PoolLimits, sqlx::MysqlPoolDriver},
};
use crate::{
    adapters::sql::{SqlAdapter, sql_adapter},
    error::Result,
};

/// Everything in one MySQL (8.0.17 or newer) or MariaDB (10.11 or newer) database. Clones share its connections, which end with the last of them.
///
/// When the server does not answer, every call fails within the configured time; it is asked again at the next call, so
/// that nothing must be restarted when it is back.
///
/// ```no_run
/// use auth_core::{Auth, Secret, adapters::MysqlAdapter};
///
/// # async fn build() -> Result<(), Box<dyn std::error::Error>> {
/// let auth = Auth::builder(MysqlAdapter::connect("mysql://app:secret@localhost/app").await?)
///     .secret(Secret::from_env("AUTH_SECRET")?)
///     .base_url("http://localhost:3000")
///     .build()?;
/// auth.migrate().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct MysqlAdapter {
    inner: Arc<SqlAdapter>,
}

impl MysqlAdapter {
    /// Connects to the database at `mysql://user:password@host:port/database`.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseFetchFailed`](crate::ErrorKind::DatabaseFetchFailed) when it does not answer,
    /// [`ErrorKind::ValidationFailed`](crate::ErrorKind::ValidationFailed) when this is no such URL.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::open(MysqlOptions::new(url)).await
    }

    /// Connects as the options say.
    ///
    /// # Errors
    /// As [`MysqlAdapter::connect`]; and [`ErrorKind::ValidationFailed`](crate::ErrorKind::ValidationFailed) when
    /// schema or prefix cannot begin a table's name, or a certificate cannot be read.
    pub async fn open(options: MysqlOptions) -> Result<Self> {
        let driver = MysqlDriver::open(&options).await?;
        Ok(Self {
            inner: Arc::new(SqlAdapter::new(driver, &options.whole_prefix())?),
        })
    }
}

#[cfg(feature = "sqlx")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlx")))]
impl MysqlAdapter {
    /// Over a pool of sqlx's that the application has already; table names begin with the prefix, `auth_` or
    /// `schema.auth_`. [`PoolLimits`] says how long a call may take, and how many there may be at once.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseFetchFailed`](crate::ErrorKind::DatabaseFetchFailed) when the database does not answer,
    /// [`ErrorKind::ValidationFailed`](crate::ErrorKind::ValidationFailed) when the prefix cannot begin a name, or the
    /// `sql_mode` of the pool's connections is not a strict one.
    pub async fn from_pool(pool: sqlx::MySqlPool, prefix: &str) -> Result<Self> {
        Self::from_pool_within(pool, prefix, PoolLimits::default()).await
    }

    /// As [`MysqlAdapter::from_pool`], with other limits.
    ///
    /// # Errors
    /// As [`MysqlAdapter::from_pool`].
    pub async fn from_pool_within(pool: sqlx::MySqlPool, prefix: &str, limits: PoolLimits) -> Result<Self> {
        let inner = SqlAdapter::new(MysqlPoolDriver::new(pool, &limits).await?, prefix)?;
        inner.ping().await?;
        Ok(Self { inner: Arc::new(inner) })
    }
}

sql_adapter!(MysqlAdapter);
