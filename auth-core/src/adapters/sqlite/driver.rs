use std::{
    sync::{Arc, Mutex, TryLockError},
    thread,
};

use async_trait::async_trait;
use crossbeam_channel::{Sender, TrySendError, bounded};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{
    options::SqliteOptions,
    reader::{self, Read},
    run,
    writer::{self, Write},
};
use crate::{
    adapters::sql::{Dialect, Outcome, Row, SQLITE, Sql, SqlError, SqlErrorKind, Statement, Step},
    error::{Error, Result},
};

/// The threads of one database, and the connections that need none.
pub(crate) struct SqliteDriver {
    /// For reads on the spot: one by its key takes microseconds, and a thread would take as many to wake.
    near: Box<[Mutex<Connection>]>,
    writes: Sender<Write>,
    /// None for a database in memory, which only the writer sees.
    reads: Option<Sender<Read>>,
}

impl SqliteDriver {
    pub(super) async fn open(options: &SqliteOptions) -> Result<Self> {
        options.check()?;
        let (writes, waiting) = bounded(options.queue);
        start("auth-sqlite-writer", options, true, move |connection| {
            writer::work(&connection, &waiting);
        })
        .await?;
        if options.path.is_none() {
            return Ok(Self {
                near: Box::default(),
                writes,
                reads: None,
            });
        }
        let (reads, waiting) = bounded(options.queue);
        for _ in 0..options.readers {
            let waiting = waiting.clone();
            start("auth-sqlite-reader", options, false, move |connection| {
                reader::work(&connection, &waiting);
            })
            .await?;
        }
        let near = if options.inline_reads { options.readers } else { 0 };
        let near: rusqlite::Result<Vec<_>> = (0..near).map(|_| options.open_near().map(Mutex::new)).collect();
        Ok(Self {
            near: near.map_err(Error::fetch_failed)?.into(),
            writes,
            reads: Some(reads),
        })
    }

    /// Reads on the spot if it can be done without waiting; to wait is what the threads are for.
    fn read_near<T>(&self, read: impl FnOnce(&Connection) -> Result<T, SqlError>) -> Option<Result<T, SqlError>> {
        let free = self.near.iter().find_map(|connection| match connection.try_lock() {
            Ok(connection) => Some(connection),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        });
        match read(&*free?) {
            Err(error) if run::is_busy(&error) => None,
            read => Some(read),
        }
    }
}

/// Starts a thread that opens its connection and works until its queue ends.
async fn start(
    name: &str,
    options: &SqliteOptions,
    writes: bool,
    work: impl FnOnce(Connection) + Send + 'static,
) -> Result<()> {
    let options = options.clone();
    let (opened, is_open) = oneshot::channel();
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || match options.open(writes) {
            Ok(connection) => {
                // `connect` was dropped meanwhile; the queue is gone as well and the work ends at once.
                let _ = opened.send(Ok(()));
                work(connection);
            }
            Err(error) => {
                let _ = opened.send(Err(error));
            }
        })
        .map_err(Error::fetch_failed)?;
    is_open.await.map_err(Error::fetch_failed)?.map_err(Error::fetch_failed)
}

#[async_trait]
impl Sql for SqliteDriver {
    fn dialect(&self) -> &'static Dialect {
        &SQLITE
    }

    async fn fetch(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        match self.read_near(|connection| run::fetch(connection, &statement)) {
            Some(fetched) => fetched,
            None => self.list(statement).await,
        }
    }

    async fn find(&self, sql: &Arc<str>, key: &str) -> Result<Option<Row>, SqlError> {
        if let Some(found) = self.read_near(|connection| run::find(connection, sql, key)) {
            return found;
        }
        let rows = self.list(Statement::of_key(sql, key)).await?;
        Ok(rows.into_iter().next())
    }

    /// On a thread: the asking one has other requests to answer meanwhile.
    async fn list(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        let (answer, rows) = oneshot::channel();
        let read = Read { statement, answer };
        match &self.reads {
            Some(reads) => queued(reads.try_send(read))?,
            None => queued(self.writes.try_send(Write::Read(read)))?,
        }
        rows.await.unwrap_or_else(|error| Err(gone(error)))
    }

    async fn write(&self, steps: Vec<Step>) -> Result<Vec<Outcome>, SqlError> {
        let (answer, outcomes) = oneshot::channel();
        queued(self.writes.try_send(Write::Steps { steps, answer }))?;
        outcomes.await.unwrap_or_else(|error| Err(gone(error)))
    }
}

fn queued<T>(sent: std::result::Result<(), TrySendError<T>>) -> Result<(), SqlError> {
    sent.map_err(|error| match error {
        TrySendError::Full(_) => SqlError::new(SqlErrorKind::Other, "too many statements are waiting for SQLite"),
        TrySendError::Disconnected(_) => SqlError::new(SqlErrorKind::Other, "the SQLite thread has ended"),
    })
}

fn gone(error: oneshot::error::RecvError) -> SqlError {
    SqlError::new(SqlErrorKind::Other, error)
}
