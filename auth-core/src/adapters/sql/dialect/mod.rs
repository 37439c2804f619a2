//! What databases spell differently. A new database is a new constant and a driver; the statements stay.
//!
//! Statements number their values, `?1` or `$1`, and may use one twice.

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "mysql")]
pub(crate) use mysql::{MARIADB, MYSQL};
#[cfg(feature = "postgres")]
pub(crate) use postgres::{POSTGRES, is_primary_key};
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::SQLITE;

use super::columns::ColumnType;

/// How many rows a sweep deletes at once: others who write wait for one statement, not for all of a sweep.
pub(crate) const SOME: u64 = 1_000;

/// One database's spelling.
pub(crate) struct Dialect {
    /// Encloses names.
    pub(crate) quote: char,
    /// What stands before the number of a value.
    pub(crate) placeholder: char,
    /// The name of a type.
    pub(crate) column_type: fn(ColumnType) -> &'static str,
    /// Behind a table's column list.
    pub(crate) table_options: &'static str,
    /// Whether the schema stands on an index, and its table must be in the same; else it stands on the table.
    pub(crate) index_has_schema: bool,
    /// Whether a foreign key must name its schema.
    pub(crate) qualifies_references: bool,
    /// Lists the columns of a table: two texts a row, table and column.
    pub(crate) columns_of: fn(schema: Option<&str>, table: &str) -> String,
    /// Lists the names of a table's indexes.
    pub(crate) indexes_of: fn(schema: Option<&str>, table: &str) -> String,
    /// Gives a column the type of its definition, where an index needs another than text elsewhere has. What does not fit is
    /// refused, not cut.
    pub(crate) retype: Option<fn(table: &str, definition: &str) -> String>,
    /// Makes a schema, where a prefix may name one that is not there.
    pub(crate) create_schema: Option<fn(&str) -> String>,
    /// Before and after a migration, so that one process at a time changes tables.
    pub(crate) lock: fn(schema: Option<&str>, name: &str) -> BeforeAndAfter,
    /// Behind an INSERT: when the id is there, the row takes these columns instead. The first is the id; the columns are quoted.
    pub(crate) or_replace: fn(columns: &[String]) -> String,
    /// Deletes [`SOME`] rows at most that meet a condition.
    pub(crate) delete_some: fn(table: &str, key: &str, condition: &str) -> String,
    /// Counts an attempt; values: subject, action, end of a new window, now. The last statement answers count and end.
    pub(crate) count_attempt: fn(table: &str) -> Vec<String>,
}

/// Statements around others.
type BeforeAndAfter = (Vec<String>, Vec<String>);

impl Dialect {
    /// The placeholder of the n-th value, counted from 1.
    pub(super) fn value(&self, number: usize) -> String {
        format!("{}{number}", self.placeholder)
    }

    /// A name as it stands in SQL.
    pub(super) fn name(&self, name: &str) -> String {
        let quote = self.quote;
        format!("{quote}{name}{quote}")
    }

    /// A name within its schema, if there is one.
    pub(super) fn name_in(&self, schema: Option<&str>, name: &str) -> String {
        match schema {
            Some(schema) => format!("{}.{}", self.name(schema), self.name(name)),
            None => self.name(name),
        }
    }
}

/// [`Dialect::or_replace`] in the words of PostgreSQL, which SQLite took over.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
fn on_conflict(columns: &[String]) -> String {
    let others = columns.iter().skip(1);
    let assignments: Vec<String> = others.map(|column| format!("{column} = excluded.{column}")).collect();
    format!(" ON CONFLICT (id) DO UPDATE SET {}", assignments.join(", "))
}
