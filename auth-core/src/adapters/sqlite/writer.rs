use crossbeam_channel::Receiver;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{reader::Read, run};
use crate::adapters::sql::{Outcome, SqlError, SqlErrorKind, Step};

type Answer = oneshot::Sender<Result<Vec<Outcome>, SqlError>>;

/// What the writer is asked for.
pub(super) enum Write {
    /// A read of a database in memory.
    Read(Read),
    Steps {
        steps: Vec<Step>,
        answer: Answer,
    },
}

/// The most acts in one transaction; more would only make the first wait longer.
const BATCH: usize = 64;

/// Takes what is waiting into one transaction after the other.
pub(super) fn work(connection: &Connection, waiting: &Receiver<Write>) {
    while let Ok(first) = waiting.recv() {
        match first {
            Write::Read(read) => read.run(connection),
            Write::Steps { steps, answer } => batch(connection, &steps, answer, waiting),
        }
    }
}

/// Fails what came while the first act waited in vain: each would wait as long again, one behind the other.
fn fail(connection: &Connection, error: &SqlError, waiting: &Receiver<Write>) {
    for late in waiting.try_iter().take(waiting.len()) {
        match late {
            Write::Read(read) => read.run(connection),
            Write::Steps { answer, .. } => {
                let _ = answer.send(Err(SqlError::new(error.kind, error.to_string())));
            }
        }
    }
}

/// One transaction: the first act and everything that waits behind it. Nobody is answered before the commit.
fn batch(connection: &Connection, steps: &[Step], answer: Answer, waiting: &Receiver<Write>) {
    if let Err(error) = run::execute(connection, "BEGIN IMMEDIATE") {
        fail(connection, &error, waiting);
        let _ = answer.send(Err(error));
        return;
    }
    let mut done = vec![(answer, run::act(connection, steps))];
    let mut read = None;
    while done.len() < BATCH && !connection.is_autocommit() {
        match waiting.try_recv() {
            Ok(Write::Steps { steps, answer }) => done.push((answer, run::act(connection, &steps))),
            Ok(Write::Read(next)) => {
                read = Some(next);
                break;
            }
            Err(_) => break,
        }
    }
    // A full disk or a broken one ends the transaction by itself, and everything in it is undone.
    let committed = if connection.is_autocommit() {
        Err("the transaction was undone by the database".to_owned())
    } else {
        run::execute(connection, "COMMIT").map_err(|error| {
            let reason = error.to_string();
            let _ = run::execute(connection, "ROLLBACK");
            reason
        })
    };
    for (answer, result) in done {
        let result = match (&committed, result) {
            (Ok(()), result) => result,
            (Err(_), Err(error)) => Err(error),
            (Err(reason), Ok(_)) => Err(SqlError::new(SqlErrorKind::Other, reason.as_str())),
        };
        // Whoever asked may have left; what was committed stays.
        let _ = answer.send(result);
    }
    if let Some(read) = read {
        read.run(connection);
    }
}
