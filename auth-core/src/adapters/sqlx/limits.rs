use std::time::Duration;

use sqlx::{Database, Pool, pool::PoolConnection};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use crate::adapters::sql::{SqlError, SqlErrorKind, is_connection_good};

/// What calls may take over a pool that the application has already: sqlx itself waits for an answer for ever.
///
/// ```
/// use std::time::Duration;
/// use auth_core::adapters::PoolLimits;
///
/// let limits = PoolLimits::default().timeout(Duration::from_secs(2)).queue(200);
/// # let _ = limits;
/// ```
///
/// The server is not told, because what a connection is told holds for the application too. Give the connections of the pool
/// limits of their own (`statement_timeout` and `lock_timeout` in PostgreSQL, `max_statement_time` and
/// `innodb_lock_wait_timeout` in MariaDB): a statement that waits for a lock goes on waiting at the server when nobody waits
/// for its answer any more, each on a connection that the pool no longer counts, and a write may be made after it was given up. And sqlx asks each connection that comes back whether it lives, for as long as that takes: where a
/// wire falls silent at that moment, its place in the pool is free again when the operating system gives the wire up.
#[derive(Clone, Debug)]
pub struct PoolLimits {
    queue: usize,
    timeout: Duration,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self {
            queue: 1_024,
            timeout: Duration::from_secs(5),
        }
    }
}

impl PoolLimits {
    /// How many reads and writes may be under way. Default 1024; beyond it they fail, which is a 503.
    #[must_use]
    pub fn queue(mut self, length: usize) -> Self {
        self.queue = length.max(1);
        self
    }

    /// How long a read or an act may take, waiting for a connection included; a connection that did not answer in time is
    /// closed. Default 5 seconds; 10 for SQLite, because it has to be longer than the pool's `busy_timeout`, which is 5.
    /// Migrations take the time they need.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// The limits at work.
pub(super) struct Bounds {
    under_way: Semaphore,
    timeout: Duration,
}

impl Bounds {
    pub(super) fn new(limits: &PoolLimits) -> Self {
        Self {
            under_way: Semaphore::new(limits.queue.min(Semaphore::MAX_PERMITS)),
            timeout: limits.timeout,
        }
    }

    /// Works until the moment at which it is late.
    pub(super) async fn in_time<T, F>(&self, work: impl FnOnce(Instant) -> F) -> Result<T, SqlError>
    where
        F: Future<Output = Result<T, SqlError>>,
    {
        let _permit = self
            .under_way
            .try_acquire()
            .map_err(|_| other("too many statements are waiting for the pool"))?;
        let late = Instant::now() + self.timeout;
        timeout_at(late, work(late))
            .await
            .unwrap_or_else(|_| Err(other("the database did not answer in time")))
    }
}

/// A connection in use. One that is late has an answer to come that nobody reads: the pool would first wait for that answer,
/// for ever, so it is closed, and the server undoes what was not committed. Whoever leaves earlier, a client that hangs up,
/// costs the pool nothing: it waits for the answer, and undoes what was begun.
pub(super) struct Lent<DB: Database> {
    connection: Option<PoolConnection<DB>>,
    /// Never, for a migration.
    late: Option<Instant>,
    may_close: bool,
}

impl<DB: Database> Lent<DB> {
    /// Of a database that `may_close` its connections.
    pub(super) async fn by(pool: &Pool<DB>, may_close: bool, late: Option<Instant>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            connection: Some(pool.acquire().await?),
            late,
            may_close,
        })
    }

    pub(super) fn get(&mut self) -> Result<&mut PoolConnection<DB>, SqlError> {
        self.connection.as_mut().ok_or_else(|| other("there is no connection"))
    }

    /// Back to the pool, which closes it when the connection itself may be what failed: it may lead to a server that takes
    /// no writes any more.
    pub(super) fn give_back<T>(mut self, done: &Result<T, SqlError>) {
        if let Some(mut connection) = self.connection.take()
            && self.may_close
            && !is_connection_good(done)
        {
            connection.close_on_drop();
        }
    }
}

impl<DB: Database> Drop for Lent<DB> {
    fn drop(&mut self) {
        if self.may_close
            && self.late.is_some_and(|late| Instant::now() >= late)
            && let Some(connection) = self.connection.take()
        {
            // Without a word to the server, which may not listen: the pool has room for another at once.
            drop(connection.detach());
        }
    }
}

fn other(reason: &'static str) -> SqlError {
    SqlError::new(SqlErrorKind::Other, reason)
}
