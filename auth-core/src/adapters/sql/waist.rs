use std::{error::Error as StdError, fmt, sync::Arc};

use async_trait::async_trait;

use super::Dialect;

/// A connection to a database, however many connections it is.
#[async_trait]
pub(crate) trait Sql: Send + Sync + 'static {
    /// What this database does differently.
    fn dialect(&self) -> &'static Dialect;

    /// Reads.
    async fn fetch(&self, statement: Statement) -> Result<Vec<Row>, SqlError>;

    /// Reads the one row that a key can have.
    async fn find(&self, sql: &Arc<str>, key: &str) -> Result<Option<Row>, SqlError> {
        let rows = self.fetch(Statement::of_key(sql, key)).await?;
        Ok(rows.into_iter().next())
    }

    /// Reads what may take long, where those who look up one row do not wait behind it.
    async fn list(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        self.fetch(statement).await
    }

    /// Runs the steps in order, all or none; committed when it returns. A statement without values may be any SQL, and
    /// its rows are not looked at.
    async fn write(&self, steps: Vec<Step>) -> Result<Vec<Outcome>, SqlError>;
}

/// A statement and its values, in the order of its placeholders.
#[derive(Clone)]
pub(crate) struct Statement {
    pub(crate) sql: Arc<str>,
    pub(crate) values: Vec<SqlValue>,
}

impl Statement {
    pub(crate) fn new(sql: &Arc<str>, values: Vec<SqlValue>) -> Self {
        Self {
            sql: Arc::clone(sql),
            values,
        }
    }

    pub(crate) fn of_key(sql: &Arc<str>, key: &str) -> Self {
        Self::new(sql, vec![SqlValue::Text(key.to_owned())])
    }

    pub(crate) fn text(sql: impl Into<Arc<str>>) -> Self {
        Self {
            sql: sql.into(),
            values: Vec::new(),
        }
    }
}

/// Whether nothing but statements without values is to run: a migration, which takes the time it needs.
#[cfg(any(feature = "mysql", feature = "postgres", all(feature = "sqlite", feature = "sqlx")))]
pub(crate) fn is_script(steps: &[Step]) -> bool {
    steps.iter().all(|step| step.statement.values.is_empty())
}

/// Whether the connection that did this can serve another: not when it may itself be what failed.
#[cfg(any(feature = "mysql", feature = "postgres", all(feature = "sqlite", feature = "sqlx")))]
pub(crate) fn is_connection_good<T>(done: &Result<T, SqlError>) -> bool {
    match done {
        Ok(_) => true,
        Err(error) => error.kind != SqlErrorKind::Other,
    }
}

/// One step of a write.
pub(crate) struct Step {
    pub(crate) statement: Statement,
    /// Whether it undoes everything when it affects no row.
    pub(crate) must_affect: bool,
}

impl Step {
    /// A step that may affect any number of rows.
    pub(crate) fn any(statement: Statement) -> Self {
        Self {
            statement,
            must_affect: false,
        }
    }

    /// A step that must affect a row: one that writes, because not every driver counts what is read.
    pub(crate) fn some(statement: Statement) -> Self {
        Self {
            statement,
            must_affect: true,
        }
    }
}

/// What a step did.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) affected: u64,
    pub(crate) rows: Vec<Row>,
}

/// The values of a row, in the order of the columns.
pub(crate) type Row = Vec<SqlValue>;

/// A value of one of the types all databases have.
///
/// Bytes are boxed so that a value is no larger than its text: a row of a session with its user is then a small piece for the
/// allocator.
#[derive(Clone, PartialEq)]
pub(crate) enum SqlValue {
    Blob(Box<[u8]>),
    Boolean(bool),
    Integer(i64),
    Null,
    Real(f64),
    Text(String),
}

/// What went wrong, and in which step.
#[derive(Debug)]
pub(crate) struct SqlError {
    pub(crate) step: usize,
    pub(crate) kind: SqlErrorKind,
    pub(crate) source: Box<dyn StdError + Send + Sync>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SqlErrorKind {
    /// The database broke it off in favour of another; once more may do.
    Again,
    ForeignKey,
    /// A step that must affect a row affected none.
    NoRow,
    Other,
    /// There is a row with this primary key.
    PrimaryKey,
    /// There is a row with this value in a unique index.
    Unique,
    /// A value does not fit into its column, or is none for this database.
    Value,
}

impl SqlErrorKind {
    pub(crate) fn is_duplicate(&self) -> bool {
        matches!(self, Self::PrimaryKey | Self::Unique)
    }
}

impl SqlError {
    pub(crate) fn new(kind: SqlErrorKind, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            step: 0,
            kind,
            source: source.into(),
        }
    }

    pub(crate) fn at(mut self, step: usize) -> Self {
        self.step = step;
        self
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.source, f)
    }
}

impl StdError for SqlError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.source.as_ref())
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_no_larger_than_its_text() {
        assert_eq!(size_of::<SqlValue>(), size_of::<String>());
    }
}
