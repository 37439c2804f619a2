use std::{
    fmt,
    sync::{Arc, Weak},
};

use async_trait::async_trait;

use super::{options::RedisOptions, subscriber::Subscriber};
use crate::{
    adapter::{Invalidation, InvalidationSink, Invalidations},
    adapters::bus::Bus,
    error::Result,
};

/// A bus over Redis pub/sub, on one server or a master behind sentinels. Clones are the same bus; its connection, one of its
/// own, ends with the last.
///
/// Processes hear each other that name the same server, database and [key prefix](RedisOptions::key_prefix).
///
/// ```no_run
/// use auth_core::{Auth, Secret, adapters::{CacheOptions, CachedAdapter, MemoryAdapter, RedisInvalidations}};
///
/// # async fn build() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = RedisInvalidations::connect("redis://localhost").await?;
/// let store = MemoryAdapter::default(); // a database, really
/// let auth = Auth::builder(CachedAdapter::new(store, CacheOptions::default().invalidations(bus)))
///     .secret(Secret::from_env("AUTH_SECRET")?)
///     .base_url("http://localhost:3000")
///     .build()?;
/// # let _ = auth;
/// # Ok(()) }
/// ```
///
/// # What is promised
/// - While the connection holds, every message arrives, in the order in which the server took them. A process that reads
///   too slowly is disconnected by the server (`client-output-buffer-limit pubsub`), which is noticed as any loss.
/// - A connection that is closed is noticed at once; one that is half open, within three seconds: it is asked every second and has
///   two to answer. From then on nothing is served from caches, until a new one is subscribed. It is tried for after a tenth of a
///   second, then at delays that double up to five seconds.
/// - Publishing takes no longer than [`RedisOptions::connect_timeout`] and [`RedisOptions::response_timeout`] together;
///   without a connection, a third of a second. What could not be said is made up for by "everything" when the
///   connection is back.
/// - Behind sentinels they are asked every second which server is the master, and a connection to another is given up.
///
/// # What is not
/// - A cluster: its nodes pass messages on to each other without noticing when one is lost. `open` refuses it; a single
///   Redis beside it, or PostgreSQL, will do for a bus.
/// - A server that is cut off from its sentinels, but not from this process, is taken for the master for as long as the sentinels
///   that answer say so.
///
/// An account of Redis (ACL) needs `&auth:*` and `+ping +publish +role +subscribe`; `+select` as well for a database other than 0.
#[derive(Clone)]
pub struct RedisInvalidations {
    bus: Arc<Bus<Subscriber>>,
}

impl RedisInvalidations {
    /// Connects to one server at `redis://user:password@host:port/database`.
    ///
    /// # Errors
    /// As [`RedisInvalidations::open`].
    pub async fn connect(url: &str) -> Result<Self> {
        Self::open(RedisOptions::new(url)).await
    }

    /// Connects as the options say, which are those of the adapter.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`](crate::ErrorKind::ValidationFailed) when an address is none, the key prefix
    /// cannot begin a key, or they name a cluster; [`ErrorKind::DatabaseFetchFailed`](crate::ErrorKind::DatabaseFetchFailed)
    /// when nobody answers.
    pub async fn open(options: RedisOptions) -> Result<Self> {
        Ok(Self {
            bus: Arc::new(Bus::start(Subscriber::new(&options)?).await?),
        })
    }
}

#[async_trait]
impl Invalidations for RedisInvalidations {
    async fn publish(&self, invalidation: &Invalidation) -> Result<()> {
        self.bus.publish(invalidation).await
    }

    fn subscribe(&self, sink: Weak<dyn InvalidationSink>) {
        self.bus.subscribe(sink);
    }
}

impl fmt::Debug for RedisInvalidations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisInvalidations").finish_non_exhaustive()
    }
}
