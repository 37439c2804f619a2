use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::{
    Arguments, AssertSqlSafe, Connection, Either, Executor, MySql, MySqlConnection, MySqlPool, Row as _, Transaction,
    TypeInfo, ValueRef,
    error::DatabaseError,
    mysql::{MySqlArguments, MySqlDatabaseError, MySqlRow},
};

use super::{
    driver::{TRIES, pause, sqlx_driver},
    limits::{Bounds, Lent, PoolLimits},
};
use crate::{
    adapters::sql::{
        Dialect, MARIADB, MYSQL, Outcome, Positions, Row, SqlError, SqlErrorKind, SqlValue, Statement, Step,
        mysql_error_kind,
    },
    error::{Error, ErrorKind, Result as CoreResult},
};

/// A pool of sqlx's for MySQL or MariaDB.
pub(crate) struct MysqlPoolDriver {
    dialect: &'static Dialect,
    pool: MySqlPool,
    bounds: Bounds,
    positions: Positions,
}

impl MysqlPoolDriver {
    pub(crate) async fn new(pool: MySqlPool, limits: &PoolLimits) -> CoreResult<Self> {
        let bounds = Bounds::new(limits);
        let ask = async |late| {
            let mut lent = Lent::by(&pool, CLOSES_WHAT_FAILED, Some(late))
                .await
                .map_err(sql_error)?;
            let query = sqlx::query_as("SELECT VERSION(), @@sql_mode");
            let answer = query.fetch_one(&mut **lent.get()?).await.map_err(sql_error);
            lent.give_back(&answer);
            answer
        };
        let (version, mode): (String, String) = bounds.in_time(ask).await.map_err(Error::fetch_failed)?;
        if !mode.contains("STRICT") && !mode.contains("TRADITIONAL") {
            return Err(Error::from(ErrorKind::ValidationFailed).detail(
                "the pool's sql_mode lacks STRICT_ALL_TABLES: MySQL would cut what is too long and say nothing",
            ));
        }
        Ok(Self {
            dialect: if version.contains("MariaDB") { &MARIADB } else { &MYSQL },
            pool,
            bounds,
            positions: Positions::default(),
        })
    }

    fn arguments(&self, statement: &Statement) -> Result<(String, MySqlArguments), SqlError> {
        let positional = self.positions.of(&statement.sql);
        let mut arguments = MySqlArguments::default();
        for value in positional.arrange(&statement.values) {
            let added = match value {
                SqlValue::Blob(bytes) => arguments.add(&**bytes),
                SqlValue::Boolean(flag) => arguments.add(*flag),
                SqlValue::Integer(integer) => arguments.add(*integer),
                SqlValue::Null => arguments.add(None::<&str>),
                SqlValue::Real(real) => arguments.add(*real),
                SqlValue::Text(text) => arguments.add(text.as_str()),
            };
            added.map_err(|error| SqlError::new(SqlErrorKind::Other, error))?;
        }
        Ok((positional.sql.clone(), arguments))
    }
}

sqlx_driver!(MysqlPoolDriver, MySql);

/// Its lock and what it set end with the connection.
const CLOSES_BEHIND_A_MIGRATION: bool = true;
const CLOSES_WHAT_FAILED: bool = true;

async fn begin(connection: &mut MySqlConnection) -> Result<Transaction<'_, MySql>, sqlx::Error> {
    connection.begin().await
}

fn value(row: &MySqlRow, index: usize) -> Result<SqlValue, sqlx::Error> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(SqlValue::Null);
    }
    Ok(match raw.type_info().name() {
        "BOOLEAN" => SqlValue::Boolean(row.try_get(index)?),
        "BINARY" | "BLOB" | "LONGBLOB" => SqlValue::Blob(row.try_get(index)?),
        "DOUBLE" => SqlValue::Real(row.try_get(index)?),
        "BIGINT" | "INT" | "TINYINT" => SqlValue::Integer(row.try_get(index)?),
        _ => SqlValue::Text(row.try_get(index)?),
    })
}

fn kind(error: &dyn DatabaseError) -> Option<SqlErrorKind> {
    let error = error.try_downcast_ref::<MySqlDatabaseError>()?;
    Some(mysql_error_kind(error.number(), error.message()))
}
