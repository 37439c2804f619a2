use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::{
    Arguments, AssertSqlSafe, Connection, Either, Encode, Executor, PgConnection, PgPool, Postgres, Row as _,
    Transaction, Type, TypeInfo, ValueRef,
    encode::IsNull,
    error::{BoxDynError, DatabaseError},
    postgres::{PgArgumentBuffer, PgArguments, PgRow, PgTypeInfo, types::Oid},
};

use super::{
    driver::{TRIES, pause, sqlx_driver},
    limits::{Bounds, PoolLimits},
};
use crate::adapters::sql::{
    Dialect, Outcome, POSTGRES, Row, SqlError, SqlErrorKind, SqlValue, Statement, Step, is_primary_key,
};

/// A pool of sqlx's for PostgreSQL.
pub(crate) struct PostgresPoolDriver {
    dialect: &'static Dialect,
    pool: PgPool,
    bounds: Bounds,
}

impl PostgresPoolDriver {
    pub(crate) fn new(pool: PgPool, limits: &PoolLimits) -> Self {
        Self {
            dialect: &POSTGRES,
            pool,
            bounds: Bounds::new(limits),
        }
    }

    fn arguments(&self, statement: &Statement) -> Result<(Arc<str>, PgArguments), SqlError> {
        let mut arguments = PgArguments::default();
        for value in &statement.values {
            let added = match value {
                SqlValue::Blob(bytes) => arguments.add(&**bytes),
                SqlValue::Boolean(flag) => arguments.add(*flag),
                SqlValue::Integer(integer) => arguments.add(*integer),
                SqlValue::Null => arguments.add(Null),
                SqlValue::Real(real) => arguments.add(*real),
                SqlValue::Text(text) => arguments.add(text.as_str()),
            };
            added.map_err(|error| SqlError::new(SqlErrorKind::Other, error))?;
        }
        Ok((Arc::clone(&statement.sql), arguments))
    }
}

sqlx_driver!(PostgresPoolDriver, Postgres);

/// Its lock and what it set end with the transaction.
const CLOSES_BEHIND_A_MIGRATION: bool = false;
const CLOSES_WHAT_FAILED: bool = true;

async fn begin(connection: &mut PgConnection) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    connection.begin().await
}

fn value(row: &PgRow, index: usize) -> Result<SqlValue, sqlx::Error> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(SqlValue::Null);
    }
    Ok(match raw.type_info().name() {
        "BOOL" => SqlValue::Boolean(row.try_get(index)?),
        "BYTEA" => SqlValue::Blob(row.try_get(index)?),
        "FLOAT8" => SqlValue::Real(row.try_get(index)?),
        "INT4" => SqlValue::Integer(row.try_get::<i32, _>(index)?.into()),
        "INT8" => SqlValue::Integer(row.try_get(index)?),
        _ => SqlValue::Text(row.try_get(index)?),
    })
}

fn kind(error: &dyn DatabaseError) -> Option<SqlErrorKind> {
    let code = error.code()?;
    match code.as_ref() {
        "23505" if is_primary_key(error.constraint(), error.table()) => Some(SqlErrorKind::PrimaryKey),
        "40001" | "40P01" => Some(SqlErrorKind::Again),
        // Too long for its index. The code alone may as well mean that the server takes no writes for now.
        "54000" if error.message().starts_with("index row") => Some(SqlErrorKind::Value),
        code if code.starts_with("22") => Some(SqlErrorKind::Value),
        _ => None,
    }
}

/// A null of the type that the server wants in its place.
struct Null;

impl Type<Postgres> for Null {
    fn type_info() -> PgTypeInfo {
        // "unknown": the server infers it.
        PgTypeInfo::with_oid(Oid(705))
    }
}

impl Encode<'_, Postgres> for Null {
    fn encode_by_ref(&self, _: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(IsNull::Yes)
    }
}
