use std::sync::{
    Arc, Mutex, PoisonError,
    mpsc::{Receiver, SyncSender, sync_channel},
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::run;
use crate::adapters::sql::{Row, SqlError, Statement};

/// A read, and who waits for it.
pub(super) struct Read {
    pub(super) statement: Statement,
    pub(super) answer: oneshot::Sender<Result<Vec<Row>, SqlError>>,
}

impl Read {
    /// Reads, unless nobody waits any more.
    pub(super) fn run(self, connection: &Connection) {
        if !self.answer.is_closed() {
            let rows = run::fetch(connection, &self.statement);
            // Whoever asked may have left meanwhile.
            let _ = self.answer.send(rows);
        }
    }
}

/// One queue for all readers.
pub(super) fn queue(length: usize) -> (SyncSender<Read>, Arc<Mutex<Receiver<Read>>>) {
    let (reads, waiting) = sync_channel(length);
    (reads, Arc::new(Mutex::new(waiting)))
}

pub(super) fn work(connection: &Connection, waiting: &Mutex<Receiver<Read>>) {
    loop {
        let read = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match read {
            Ok(read) => read.run(connection),
            Err(_) => return,
        }
    }
}
