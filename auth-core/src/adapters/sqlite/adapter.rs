use std::sync::Arc;

use super::{driver::SqliteDriver, options::SqliteOptions};
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
}

sql_adapter!(SqliteAdapter);

#[cfg(test)]
impl SqliteAdapter {
    pub(in crate::adapters) fn weak(&self) -> std::sync::Weak<impl Sized + use<>> {
        Arc::downgrade(&self.inner)
    }
}
