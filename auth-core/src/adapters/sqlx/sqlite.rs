use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::{
    Arguments, AssertSqlSafe, Connection, Either, Executor, Row as _, Sqlite, SqliteConnection, SqlitePool,
    Transaction, TypeInfo, ValueRef,
    error::DatabaseError,
    sqlite::{SqliteArguments, SqliteRow},
};

use super::{
    driver::{pause, sqlx_driver},
    limits::{Bounds, PoolLimits},
};
use crate::adapters::sql::{Dialect, Outcome, Row, SQLITE, SqlError, SqlErrorKind, SqlValue, Statement, Step};

/// A pool of sqlx's for SQLite.
pub(crate) struct SqlitePoolDriver {
    dialect: &'static Dialect,
    pool: SqlitePool,
    bounds: Bounds,
}

impl SqlitePoolDriver {
    pub(crate) fn new(pool: SqlitePool, limits: &PoolLimits) -> Self {
        Self {
            dialect: &SQLITE,
            pool,
            bounds: Bounds::new(limits),
        }
    }

    fn arguments(&self, statement: &Statement) -> Result<(Arc<str>, SqliteArguments), SqlError> {
        let mut arguments = SqliteArguments::default();
        for value in &statement.values {
            let added = match value {
                SqlValue::Blob(bytes) => arguments.add(bytes.to_vec()),
                SqlValue::Boolean(flag) => arguments.add(*flag),
                SqlValue::Integer(integer) => arguments.add(*integer),
                SqlValue::Null => arguments.add(None::<String>),
                SqlValue::Real(real) => arguments.add(*real),
                SqlValue::Text(text) => arguments.add(text.clone()),
            };
            added.map_err(|error| SqlError::new(SqlErrorKind::Other, error))?;
        }
        Ok((Arc::clone(&statement.sql), arguments))
    }
}

sqlx_driver!(SqlitePoolDriver, Sqlite);

/// Nothing is broken off in favour of another; what waits for the file has waited as long as it may.
const TRIES: u64 = 1;
/// It leaves nothing behind, and a database in memory would end with the connection.
const CLOSES_BEHIND_A_MIGRATION: bool = false;
/// A database in memory ends with its connection.
const CLOSES_WHAT_FAILED: bool = false;

/// One that writes from the start: it waits for another writer instead of failing half-way.
async fn begin(connection: &mut SqliteConnection) -> Result<Transaction<'_, Sqlite>, sqlx::Error> {
    connection.begin_with("BEGIN IMMEDIATE").await
}

fn value(row: &SqliteRow, index: usize) -> Result<SqlValue, sqlx::Error> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(SqlValue::Null);
    }
    // The value's own type: what an expression gives has no declared one.
    Ok(match raw.type_info().name() {
        "BLOB" => SqlValue::Blob(row.try_get_unchecked(index)?),
        "INTEGER" | "BOOLEAN" => SqlValue::Integer(row.try_get_unchecked(index)?),
        "REAL" => SqlValue::Real(row.try_get_unchecked(index)?),
        _ => SqlValue::Text(row.try_get_unchecked(index)?),
    })
}

fn kind(error: &dyn DatabaseError) -> Option<SqlErrorKind> {
    // https://www.sqlite.org/rescode.html
    const CONSTRAINT_PRIMARY_KEY: u32 = 1555;
    const BUSY: u32 = 5;
    match error.code()?.parse().ok()? {
        CONSTRAINT_PRIMARY_KEY => Some(SqlErrorKind::PrimaryKey),
        // The low byte; what is above it says why.
        code if code & 0xff == BUSY => Some(SqlErrorKind::Again),
        _ => None,
    }
}
