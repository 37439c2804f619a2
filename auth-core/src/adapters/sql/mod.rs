//! SQL, written once: statements over a narrow waist, with what differs between databases in one small table.
//!
//! The waist ([`Sql`]) has no interactive transactions: a write is a list of steps that happen all or not at all, so a
//! driver can pipeline them, group them with others' or run them on a thread of its own.

mod adapter;
mod columns;
mod dialect;
mod migrate;
mod queries;
mod rows;
mod sessions;
mod signing_keys;
mod users;
mod waist;

pub(super) use adapter::SqlAdapter;
pub(super) use dialect::{Dialect, SQLITE};
pub(super) use waist::{Outcome, Row, Sql, SqlError, SqlErrorKind, SqlValue, Statement, Step};
