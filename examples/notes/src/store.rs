use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, params};
use serde::Serialize;

/// A note.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[non_exhaustive]
pub struct Note {
    /// Its number.
    pub id: i64,
    /// What it says.
    pub text: String,
}

/// The notes of all users, in the application's own table beside the library's.
#[derive(Clone)]
pub struct Notes {
    connection: Arc<Mutex<Connection>>,
}

impl Notes {
    /// Opens the notes in the database of `sqlite://file.db`. The library's tables must be there, because notes belong
    /// to users and go with them.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub fn open(database: &str) -> Result<Self, NoteError> {
        let path = database.strip_prefix("sqlite://").unwrap_or(database);
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
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    /// A user's notes, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn of(&self, user_id: &str) -> Result<Vec<Note>, NoteError> {
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

    /// Adds a note.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn add(&self, user_id: &str, text: &str) -> Result<(), NoteError> {
        let (user_id, text) = (user_id.to_owned(), text.chars().take(1_000).collect::<String>());
        self.with(move |connection| {
            connection
                .execute("INSERT INTO note (user_id, text) VALUES (?, ?)", params![user_id, text])
                .map(drop)
        })
        .await
    }

    /// Deletes a note, if it is this user's.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn delete(&self, user_id: &str, note_id: i64) -> Result<(), NoteError> {
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
            .map_err(|_| NoteError(rusqlite::Error::InvalidQuery))?
            .map_err(NoteError)
    }
}

impl fmt::Debug for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notes").finish_non_exhaustive()
    }
}

/// Why notes cannot be read or written.
#[derive(Debug)]
pub struct NoteError(rusqlite::Error);

impl From<rusqlite::Error> for NoteError {
    fn from(error: rusqlite::Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the notes cannot be reached: {}", self.0)
    }
}

impl std::error::Error for NoteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
