//! The notes of all users, in the application's own table beside the library's.
//!
//! Notes belong to users by a foreign key and go with them: deleting a user is the library's business, and needs no hook.

#[cfg(feature = "servers")]
mod server;
mod sqlite;

use std::{error::Error, fmt};

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

/// The notes of all users. Clones share their connections.
#[derive(Clone)]
pub struct Notes {
    table: Table,
}

#[derive(Clone)]
enum Table {
    #[cfg(feature = "servers")]
    Server(server::Table),
    Sqlite(sqlite::Table),
}

impl Notes {
    /// Opens the notes in the database at `sqlite://file.db`, or on a server with the feature `servers`. The library's
    /// tables must be there, because notes refer to users.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub async fn open(database: &str) -> Result<Self, NoteError> {
        let table = match file_of(database) {
            #[cfg(feature = "servers")]
            None => Table::Server(server::Table::open(database).await?),
            path => Table::Sqlite(sqlite::Table::open(path.unwrap_or(database))?),
        };
        Ok(Self { table })
    }

    /// A user's notes, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn of(&self, user_id: &str) -> Result<Vec<Note>, NoteError> {
        match &self.table {
            #[cfg(feature = "servers")]
            Table::Server(table) => table.of(user_id).await,
            Table::Sqlite(table) => table.of(user_id).await,
        }
    }

    /// Adds a note.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn add(&self, user_id: &str, text: &str) -> Result<(), NoteError> {
        // PostgreSQL has no place for the character zero.
        let text: String = text
            .chars()
            .filter(|&character| character != '\0')
            .take(1_000)
            .collect();
        match &self.table {
            #[cfg(feature = "servers")]
            Table::Server(table) => table.add(user_id, &text).await,
            Table::Sqlite(table) => table.add(user_id, &text).await,
        }
    }

    /// Deletes a note, if it is this user's.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn delete(&self, user_id: &str, note_id: i64) -> Result<(), NoteError> {
        match &self.table {
            #[cfg(feature = "servers")]
            Table::Server(table) => table.delete(user_id, note_id).await,
            Table::Sqlite(table) => table.delete(user_id, note_id).await,
        }
    }
}

impl fmt::Debug for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notes").finish_non_exhaustive()
    }
}

/// Why notes cannot be read or written.
#[derive(Debug)]
pub struct NoteError(Box<dyn Error + Send + Sync>);

impl NoteError {
    fn of(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the notes cannot be reached: {}", self.0)
    }
}

impl Error for NoteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// The file of `sqlite://file?parameters`; the parameters are for the library, which opens the same file.
fn file_of(database: &str) -> Option<&str> {
    let path = database.strip_prefix("sqlite://")?;
    path.split('?').next()
}

#[cfg(test)]
mod tests {
    use super::file_of;

    #[test]
    fn notes_are_in_the_file_of_the_library_whatever_else_its_url_says() {
        assert_eq!(file_of("sqlite://notes.db"), Some("notes.db"));
        assert_eq!(file_of("sqlite:///var/notes.db?mode=rwc"), Some("/var/notes.db"));
        assert_eq!(file_of("postgres://localhost/notes"), None);
    }
}
