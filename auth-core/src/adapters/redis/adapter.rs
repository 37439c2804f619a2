use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;

use super::{connection::Connection, keys::Keys, options::RedisOptions};
use crate::{
    adapter::{Schema, Store},
    error::{Error, Result},
};

/// Sessions and attempts in Redis 7, without users: half of a [`SplitAdapter`](crate::adapter::SplitAdapter). Clones
/// share a connection.
///
/// ```no_run
/// use auth_core::{Auth, Secret, adapter::SplitAdapter, adapters::{MemoryAdapter, RedisSessions}};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = RedisSessions::connect("redis://localhost").await?;
/// let users = MemoryAdapter::default(); // a database, really
/// let auth = Auth::builder(SplitAdapter::new(users, sessions))
///     .secret(Secret::random()?)
///     .base_url("http://localhost:3000")
///     .build()?;
/// # let _ = auth;
/// # Ok(()) }
/// ```
///
/// # What is promised
/// - Looking a session up is one command. Every change is one command or script and happens whole or not at all; a session that
///   was deleted never comes back, whoever renews it meanwhile.
/// - Redis clears away sessions a minute after their end and windows of attempts likewise, by its own clock. Whether a
///   session is alive is decided by the application's clock.
/// - Redis not answering is an error, never "no session": requests get 503, nobody is signed out, and commands work again
///   as soon as Redis does. An error of a change leaves open whether it was made, as with any database.
/// - Redis losing everything means that everybody is signed out and that attempts are counted anew. Nobody is ever
///   signed in by it.
///
/// # What is not
/// - A replica that takes over may lack the last moments, a sign-out among them; `appendfsync` and
///   `min-replicas-to-write` decide how much. The same holds for a restart from a snapshot.
/// - Redis must not evict (`maxmemory-policy noeviction`): an evicted list of a user's sessions would keep
///   "sign out everywhere" from finding them.
/// - A declared attribute of sessions cannot be unique here; `build()` refuses it.
/// - [`Auth::delete_expired_sessions`](crate::Auth::delete_expired_sessions) walks through all keys of the database (`SCAN`).
///   Nobody needs to call it: Redis does the same by itself.
///
/// An account of Redis (ACL) needs `~auth:*` and `+del +eval +evalsha +get +hget +hincrby +hset +pexpire +ping +pttl
/// +scan +set +time +zadd +zrange +zrem +zremrangebyscore`; on a cluster `+cluster` as well,
/// and `+select` for a database other than 0.
#[derive(Clone)]
pub struct RedisSessions {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) redis: Connection,
    pub(super) keys: Keys,
    schema: OnceLock<Schema>,
}

impl RedisSessions {
    /// Connects to one server at `redis://user:password@host:port/database`.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`](crate::ErrorKind::ValidationFailed) when this is no such address,
    /// [`ErrorKind::DatabaseFetchFailed`](crate::ErrorKind::DatabaseFetchFailed) when nobody answers there.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::open(RedisOptions::new(url)).await
    }

    /// Connects as the options say.
    ///
    /// # Errors
    /// As [`RedisSessions::connect`], and [`ErrorKind::ValidationFailed`](crate::ErrorKind::ValidationFailed) when the
    /// key prefix cannot begin a key.
    pub async fn open(options: RedisOptions) -> Result<Self> {
        let keys = Keys::new(&options.prefix)?;
        Ok(Self {
            inner: Arc::new(Inner {
                redis: Connection::open(&options).await?,
                keys,
                schema: OnceLock::new(),
            }),
        })
    }
}

impl Inner {
    /// The attributes; without a declaration there are none.
    pub(super) fn schema(&self) -> &Schema {
        self.schema.get_or_init(Schema::default)
    }
}

impl fmt::Debug for RedisSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSessions").finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for RedisSessions {
    fn declare(&self, schema: &Schema) -> Result<(), String> {
        if let Some(unique) = schema
            .session_attributes()
            .iter()
            .find(|attribute| attribute.is_unique())
        {
            return Err(format!(
                "Redis cannot keep the session attribute {} unique.",
                unique.name()
            ));
        }
        if self.inner.schema.get_or_init(|| schema.clone()) == schema {
            Ok(())
        } else {
            Err("this store was given to another Auth already, with other attributes.".to_owned())
        }
    }

    async fn ping(&self) -> Result<()> {
        self.inner.redis.ping().await.map_err(Error::fetch_failed)
    }
}
