use std::{
    fmt,
    sync::{Arc, Weak},
};

use async_trait::async_trait;

use super::{listener::Listener, options::PostgresOptions};
use crate::{
    adapter::{Invalidation, InvalidationSink, Invalidations},
    adapters::bus::Bus,
    error::Result,
};

/// A bus over PostgreSQL's `LISTEN` and `NOTIFY`. Clones are the same bus; its connection, one of its own, ends with the last.
///
/// Processes hear each other that name the same database, [schema](PostgresOptions::schema) and
/// [table prefix](PostgresOptions::table_prefix).
///
/// ```no_run
/// use auth_core::{Auth, Secret, adapters::{
///     CacheOptions, CachedAdapter, PostgresAdapter, PostgresInvalidations, PostgresOptions,
/// }};
///
/// # async fn build() -> Result<(), Box<dyn std::error::Error>> {
/// let options = PostgresOptions::new("postgres://app:secret@localhost/app");
/// let bus = PostgresInvalidations::open(options.clone()).await?;
/// let store = PostgresAdapter::open(options).await?;
/// let auth = Auth::builder(CachedAdapter::new(store, CacheOptions::default().invalidations(bus)))
///     .secret(Secret::from_env("AUTH_SECRET")?)
///     .base_url("http://localhost:3000")
///     .build()?;
/// # let _ = auth;
/// # Ok(()) }
/// ```
///
/// # What is promised
/// - While the connection holds, every message arrives, in the order in which the server took them.
/// - A connection that is closed is noticed at once; one that is half open, within three seconds: it is asked every second and has
///   two to answer. From then on nothing is served from caches, until a new one listens. It is tried for after a tenth of a
///   second, then at delays that double up to five seconds.
/// - Publishing takes no longer than [`PostgresOptions::timeout`] or [`PostgresOptions::connect_timeout`], the longer;
///   without a connection, a third of a second. What could not be said is made up for by "everything" when the
///   connection is back.
///
/// # What is not
/// - A pooler in between (PgBouncer) must keep the session: in transaction mode `LISTEN` is forgotten. That is found out when
///   the server is next asked, as above, at the latest when the pooler hands out another connection; before, messages are lost.
/// - A standby does not listen: the address has to be the primary's.
/// - The processes of one bus share the tables' database; a message to another database is not heard.
#[derive(Clone)]
pub struct PostgresInvalidations {
    bus: Arc<Bus<Listener>>,
}

impl PostgresInvalidations {
    /// Connects to the database at `postgres://user:password@host:port/database`.
    ///
    /// # Errors
    /// As [`PostgresInvalidations::open`].
    pub async fn connect(url: &str) -> Result<Self> {
        Self::open(PostgresOptions::new(url)).await
    }

    /// Connects as the options say, which are those of the adapter; sizes of pools mean nothing here.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseFetchFailed`](crate::ErrorKind::DatabaseFetchFailed) when the database does not answer,
    /// [`ErrorKind::ValidationFailed`](crate::ErrorKind::ValidationFailed) when its URL or a certificate cannot be read.
    pub async fn open(options: PostgresOptions) -> Result<Self> {
        Ok(Self {
            bus: Arc::new(Bus::start(Listener::new(&options)?).await?),
        })
    }
}

#[async_trait]
impl Invalidations for PostgresInvalidations {
    async fn publish(&self, invalidation: &Invalidation) -> Result<()> {
        self.bus.publish(invalidation).await
    }

    fn subscribe(&self, sink: Weak<dyn InvalidationSink>) {
        self.bus.subscribe(sink);
    }
}

impl fmt::Debug for PostgresInvalidations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresInvalidations").finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "sqlite", feature = "testing"))]
#[expect(clippy::unwrap_used, reason = "a test reports by panicking")]
mod tests;
