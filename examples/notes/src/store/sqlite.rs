use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, params};

use super::{Note, NoteError};

/// The notes in a SQLite file.
#[derive(Clone)]
pub(super) struct Table {
    connection: Arc<Mutex<Connection>>,
}

impl Table {
    pub(super) fn open(path: &str) -> Result<Self, NoteError> {
        let connection = connect(path).map_err(NoteError::of)?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    pub(super) async fn of(&self, user_id: &str) -> Result<Vec<Note>, NoteError> {
        let user_id = user_id.to_owned();
        self.with(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT id, text FROM note WHERE user_id = ? ORDER BY id DESC")?;
            let notes = statement.query_map([user_id], |row| {
                Ok(Note {
                    id: row.get(0)?,
                    text: row.get(1)?,
                })
            })?;
            notes.collect()
        })
        .await
    }

    pub(super) async fn add(&self, user_id: &str, text: &str) -> Result<(), NoteError> {
        let (user_id, text) = (user_id.to_owned(), text.to_owned());
        self.with(move |connection| {
            connection
                .execute("INSERT INTO note (user_id, text) VALUES (?, ?)", params![user_id, text])
                .map(drop)
        })
        .await
    }

    pub(super) async fn delete(&self, user_id: &str, note_id: i64) -> Result<(), NoteError> {
        let user_id = user_id.to_owned();
        self.with(move |connection| {
            connection
                .execute(
                    "DELETE FROM note WHERE id = ? AND user_id = ?",
                    params![note_id, user_id],
                )
                .map(drop)
        })
        .await
    }

    async fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, NoteError> {
        let connection = Arc::clone(&self.connection);
        tokio::task::spawn_blocking(move || act(&connection.lock().unwrap_or_else(PoisonError::into_inner)))
            .await
            .map_err(NoteError::of)?
            .map_err(NoteError::of)
    }
}

fn connect(path: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS note (
            id INTEGER PRIMARY KEY,
            user_id TEXT NOT NULL REFERENCES auth_user (id) ON DELETE CASCADE,
            text TEXT NOT NULL
        );
        CREATE INDEX IF NOT EXISTS note_user_id ON note (user_id);",
    )?;
    Ok(connection)
}
