//! SQL, written once: statements over a narrow waist, with what differs between databases in one small table.
//!
//! The waist ([`Sql`]) has no interactive transactions: a write is a list of steps that happen all or not at all, so a
//! driver can pipeline them, group them with others' or run them on a thread of its own.

mod adapter;
mod columns;
mod commit;
mod dialect;
mod events;
mod migrate;
#[cfg(feature = "mysql")]
mod mysql_errors;
mod outbox;
#[cfg(feature = "mysql")]
mod positional;
mod public;
mod queries;
mod rows;
mod sessions;
mod signing_keys;
mod tokens;
mod user_list;
mod users;
mod values;
mod waist;

#[cfg(all(test, feature = "sqlite", feature = "testing"))]
mod tests;

pub(super) use adapter::SqlAdapter;
pub(super) use dialect::Dialect;
#[cfg(feature = "sqlite")]
pub(super) use dialect::SQLITE;
#[cfg(feature = "mysql")]
pub(super) use dialect::{MARIADB, MYSQL};
#[cfg(feature = "postgres")]
pub(super) use dialect::{POSTGRES, is_primary_key};
#[cfg(feature = "mysql")]
pub(super) use mysql_errors::mysql_error_kind;
#[cfg(feature = "mysql")]
pub(super) use positional::Positions;
pub(super) use public::sql_adapter;
pub(super) use waist::{Outcome, Row, Sql, SqlError, SqlErrorKind, SqlValue, Statement, Step};
#[cfg(any(feature = "mysql", feature = "postgres", all(feature = "sqlite", feature = "sqlx")))]
pub(super) use waist::{is_connection_good, is_script};
