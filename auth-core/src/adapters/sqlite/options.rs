use std::{
    thread::{self, available_parallelism},
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::{Error, ErrorKind, Result};

/// How a SQLite database is opened.
///
/// ```
/// use std::time::Duration;
/// use auth_core::adapters::SqliteOptions;
///
/// let options = SqliteOptions::new("sqlite://app.db").readers(2).busy_timeout(Duration::from_secs(1));
/// # let _ = options;
/// ```
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    pub(super) path: Option<String>,
    /// Whether a file that is not there is made.
    creates: bool,
    /// Why the URL cannot be used; said when it is.
    problem: Option<String>,
    pub(super) prefix: String,
    pub(super) readers: usize,
    pub(super) inline_reads: bool,
    pub(super) queue: usize,
    pub(super) busy_timeout: Duration,
    pub(super) synchronous: Synchronous,
    pub(super) memory_map: u64,
}

/// When a commit counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "SQLite's two that make sense with WAL")]
pub enum Synchronous {
    /// When it is on the disk: nothing answered is lost, a power failure included. The default.
    Full,
    /// When the operating system has it: a power failure may undo the last moments, a sign-out among them.
    Normal,
}

impl SqliteOptions {
    /// A database at `sqlite://path`, or `sqlite::memory:`, which lives as long as its adapter.
    ///
    /// Behind the path may stand `?mode=rwc`, the default; `?mode=rw`, which does not make a file that is missing; or
    /// `?mode=memory`. Any other parameter is refused when the database is opened.
    pub fn new(url: &str) -> Self {
        let rest = url
            .strip_prefix("sqlite://")
            .or_else(|| url.strip_prefix("sqlite:"))
            .unwrap_or(url);
        // SQLite reads the parameters of its own kind of URL itself.
        let (path, parameters) = match rest.split_once('?') {
            Some((path, parameters)) if !rest.starts_with("file:") => (path, parameters),
            _ => (rest, ""),
        };
        let (mut creates, mut in_memory, mut problem) = (true, path == ":memory:" || path.is_empty(), None);
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter {
                "mode=rwc" => creates = true,
                "mode=rw" => creates = false,
                "mode=memory" => in_memory = true,
                other => {
                    problem = Some(format!(
                        "a SQLite URL may say mode=rwc, mode=rw or mode=memory, and not {other}"
                    ))
                }
            }
        }
        Self {
            path: (!in_memory).then(|| path.to_owned()),
            creates,
            problem,
            prefix: "auth_".to_owned(),
            readers: available_parallelism().map_or(1, usize::from).min(4),
            inline_reads: true,
            queue: 1_024,
            busy_timeout: Duration::from_secs(5),
            synchronous: Synchronous::Full,
            memory_map: if cfg!(target_pointer_width = "64") { 1 << 30 } else { 0 },
        }
    }

    /// What table names begin with, `auth_` by default.
    #[must_use]
    pub fn table_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How many threads read. Default one per core, four at most.
    #[must_use]
    pub fn readers(mut self, readers: usize) -> Self {
        self.readers = readers.max(1);
        self
    }

    /// Whether reads run on the asking thread while a connection is free. Default yes: a lookup takes some microseconds,
    /// about as long as handing it to another thread. Say no where the file lies on a slow or remote disk, so that a
    /// read that has to wait for it holds up no other request.
    #[must_use]
    pub fn inline_reads(mut self, inline: bool) -> Self {
        self.inline_reads = inline;
        self
    }

    /// How many reads and writes may wait. Default 1024; beyond it they fail, which is a 503.
    #[must_use]
    pub fn queue(mut self, length: usize) -> Self {
        self.queue = length.max(1);
        self
    }

    /// How long to wait for another process that is writing. Default 5 seconds.
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// When a commit counts as done. Default [`Synchronous::Full`].
    #[must_use]
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// How many bytes of the file readers see as memory, instead of asking the operating system for every page
    /// ([memory-mapped I/O](https://sqlite.org/mmap.html)). Default 1 GiB where addresses have 64 bits, else 0, which switches
    /// it off. A lookup among a million sessions then takes about one and a half times as long as one among a thousand.
    ///
    /// Switch it off where the file lies on a disk that may go away (a network's, say): there a page that cannot be read ends
    /// the process, where it would have been an error.
    #[must_use]
    pub fn memory_map(mut self, bytes: u64) -> Self {
        self.memory_map = bytes;
        self
    }

    /// Refuses what the URL should not have said.
    pub(super) fn check(&self) -> Result<()> {
        let refuse = |problem: &String| Error::from(ErrorKind::ValidationFailed).detail(problem.clone());
        self.problem.as_ref().map_or(Ok(()), |problem| Err(refuse(problem)))
    }

    /// A connection that reads and never waits.
    pub(super) fn open_near(&self) -> rusqlite::Result<Connection> {
        let connection = self.open(false)?;
        connection.busy_timeout(Duration::ZERO)?;
        Ok(connection)
    }

    /// Of several who open a new file at once, one switches and the others are told at once that it is locked: SQLite does
    /// not wait here, because two who did might wait for each other.
    fn switch_to_wal(&self, connection: &Connection) -> rusqlite::Result<()> {
        let patience = Instant::now() + self.busy_timeout;
        loop {
            match connection.pragma_update(None, "journal_mode", "wal") {
                Err(error)
                    if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && Instant::now() < patience =>
                {
                    thread::sleep(Duration::from_millis(1));
                }
                switched => return switched,
            }
        }
    }

    pub(super) fn open(&self, writes: bool) -> rusqlite::Result<Connection> {
        let connection = match &self.path {
            Some(path) if writes && self.creates => Connection::open(path)?,
            Some(path) if writes => {
                Connection::open_with_flags(path, OpenFlags::default() & !OpenFlags::SQLITE_OPEN_CREATE)?
            }
            Some(path) => Connection::open_with_flags(
                path,
                OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI,
            )?,
            None => Connection::open_in_memory()?,
        };
        connection.busy_timeout(self.busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(128);
        connection.pragma_update(None, "foreign_keys", true)?;
        if writes {
            self.switch_to_wal(&connection)?;
            let synchronous = match self.synchronous {
                Synchronous::Full => "full",
                Synchronous::Normal => "normal",
            };
            connection.pragma_update(None, "synchronous", synchronous)?;
        } else if self.path.is_some() {
            // SQLite takes it as a signed number, and less if it was built for less.
            let bytes = i64::try_from(self.memory_map).unwrap_or(i64::MAX);
            connection.pragma_update(None, "mmap_size", bytes)?;
        }
        Ok(connection)
    }
}
