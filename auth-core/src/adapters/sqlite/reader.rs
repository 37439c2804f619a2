use crossbeam_channel::Receiver;
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

/// Answers until the queue ends; all readers share one.
pub(super) fn work(connection: &Connection, waiting: &Receiver<Read>) {
    for read in waiting {
        read.run(connection);
    }
}
