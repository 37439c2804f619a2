//! Statements on a connection.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use bytes::BytesMut;
use deadpool_postgres::ClientWrapper;
use futures_util::{TryStreamExt, future};
use tokio_postgres::{
    Row as PgRow, Statement as Prepared,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};

use super::error::sql_error;
use crate::adapters::sql::{Outcome, Row, SqlError, SqlErrorKind, SqlValue, Statement, Step};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Reads all rows.
pub(super) async fn fetch(client: &ClientWrapper, statement: &Statement) -> Result<Vec<Row>, SqlError> {
    let prepared = client.prepare_cached(&statement.sql).await.map_err(sql_error)?;
    rows(client, &prepared, &statement.values).await
}

/// Runs the steps, all or none, in as few round trips as there can be.
pub(super) async fn act(client: &ClientWrapper, steps: &[Step]) -> Result<Vec<Outcome>, SqlError> {
    if let [step] = steps {
        let prepared = prepare(client, step).await?;
        return run(client, step, prepared.as_ref()).await.map(|outcome| vec![outcome]);
    }
    let mut prepared = Vec::with_capacity(steps.len());
    for (index, step) in steps.iter().enumerate() {
        prepared.push(prepare(client, step).await.map_err(|error| error.at(index))?);
    }
    let is_script = prepared.iter().all(Option::is_none);
    let done = if is_script {
        script(client, steps).await
    } else {
        pipelined(client, steps, &prepared).await
    };
    if done.is_err() {
        // Closing would do as well, and does when this fails too.
        client.batch_execute("ROLLBACK").await.map_err(sql_error)?;
    }
    done
}

/// Sends everything at once. A statement that fails makes the rest fail and the COMMIT a ROLLBACK; only when a step must
/// affect a row is the COMMIT held back until that is known. And it is not sent when a statement was not, because one of its
/// values cannot be: the server would know nothing of that.
async fn pipelined(
    client: &ClientWrapper,
    steps: &[Step],
    prepared: &[Option<Prepared>],
) -> Result<Vec<Outcome>, SqlError> {
    let has_failed = AtomicBool::new(false);
    let runs = steps.iter().zip(prepared).map(|(step, prepared)| async {
        let ran = run(client, step, prepared.as_ref()).await;
        has_failed.fetch_or(ran.is_err(), Ordering::Relaxed);
        ran
    });
    let runs = future::join_all(runs);
    // Asked for the first time behind all the others, which were sent by then or cannot be.
    let commit = async {
        match has_failed.load(Ordering::Relaxed) {
            true => Ok(()),
            false => client.batch_execute("COMMIT").await,
        }
    };
    let holds_back = steps.iter().any(|step| step.must_affect);
    let (begun, ran, committed) = if holds_back {
        let (begun, ran) = future::join(client.batch_execute("BEGIN"), runs).await;
        (begun, ran, None)
    } else {
        let (begun, ran, committed) = future::join3(client.batch_execute("BEGIN"), runs, commit).await;
        (begun, ran, Some(committed))
    };
    begun.map_err(sql_error)?;
    let outcomes = ran
        .into_iter()
        .enumerate()
        .map(|(index, ran)| ran.map_err(|error| error.at(index)));
    let outcomes = outcomes.collect::<Result<Vec<_>, _>>()?;
    match committed {
        Some(committed) => committed.map_err(sql_error)?,
        None => client.batch_execute("COMMIT").await.map_err(sql_error)?,
    }
    Ok(outcomes)
}

/// One after the other: what a migration changes, its next statement sees.
async fn script(client: &ClientWrapper, steps: &[Step]) -> Result<Vec<Outcome>, SqlError> {
    client.batch_execute("BEGIN").await.map_err(sql_error)?;
    let mut outcomes = Vec::with_capacity(steps.len());
    for (index, step) in steps.iter().enumerate() {
        outcomes.push(run(client, step, None).await.map_err(|error| error.at(index))?);
    }
    client.batch_execute("COMMIT").await.map_err(sql_error)?;
    Ok(outcomes)
}

/// A statement with values; one without is sent as it is.
async fn prepare(client: &ClientWrapper, step: &Step) -> Result<Option<Prepared>, SqlError> {
    if step.statement.values.is_empty() {
        return Ok(None);
    }
    let prepared = client.prepare_cached(&step.statement.sql).await;
    prepared.map(Some).map_err(sql_error)
}

async fn run(client: &ClientWrapper, step: &Step, prepared: Option<&Prepared>) -> Result<Outcome, SqlError> {
    let Some(prepared) = prepared else {
        client.batch_execute(&step.statement.sql).await.map_err(sql_error)?;
        return Ok(Outcome::default());
    };
    let values = &step.statement.values;
    let outcome = if prepared.columns().is_empty() {
        let affected = client.execute_raw(prepared, values.iter().map(Bound)).await;
        Outcome {
            affected: affected.map_err(sql_error)?,
            rows: Vec::new(),
        }
    } else {
        let rows = rows(client, prepared, values).await?;
        Outcome {
            affected: rows.len() as u64,
            rows,
        }
    };
    if step.must_affect && outcome.affected == 0 {
        return Err(SqlError::new(SqlErrorKind::NoRow, "there is no such row"));
    }
    Ok(outcome)
}

async fn rows(client: &ClientWrapper, prepared: &Prepared, values: &[SqlValue]) -> Result<Vec<Row>, SqlError> {
    let found = client.query_raw(prepared, values.iter().map(Bound)).await;
    let found = found.map_err(sql_error)?.map_err(sql_error);
    found.and_then(|found| future::ready(row(&found))).try_collect().await
}

fn row(found: &PgRow) -> Result<Row, SqlError> {
    let value = |index| match found.try_get(index) {
        Ok(Taken(value)) => Ok(value),
        Err(error) => Err(sql_error(error)),
    };
    (0..found.len()).map(value).collect()
}

/// A value on its way to the server, borrowed.
struct Bound<'a>(&'a SqlValue);

/// The driver logs parameters.
impl fmt::Debug for Bound<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl ToSql for Bound<'_> {
    fn to_sql(&self, column: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        match (self.0, column) {
            (SqlValue::Null, _) => Ok(IsNull::Yes),
            (SqlValue::Blob(bytes), _) => (&**bytes).to_sql(column, out),
            (SqlValue::Boolean(flag), _) => flag.to_sql(column, out),
            (SqlValue::Integer(integer), &Type::INT8) => integer.to_sql(column, out),
            (SqlValue::Integer(integer), &Type::INT4) => i32::try_from(*integer)?.to_sql(column, out),
            (SqlValue::Real(real), _) => real.to_sql(column, out),
            (SqlValue::Text(text), _) => text.to_sql(column, out),
            (SqlValue::Integer(_), _) => Err(format!("an integer does not go into {column}").into()),
        }
    }

    /// What does not fit is an error of the statement that is sent.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A value as it came.
struct Taken(SqlValue);

impl<'a> FromSql<'a> for Taken {
    fn from_sql(column: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        Ok(Self(match *column {
            Type::BOOL => SqlValue::Boolean(bool::from_sql(column, raw)?),
            Type::BYTEA => SqlValue::Blob(raw.into()),
            Type::FLOAT8 => SqlValue::Real(f64::from_sql(column, raw)?),
            Type::INT4 => SqlValue::Integer(i32::from_sql(column, raw)?.into()),
            Type::INT8 => SqlValue::Integer(i64::from_sql(column, raw)?),
            Type::TEXT => SqlValue::Text(String::from_sql(column, raw)?),
            _ => return Err(format!("nothing of ours is {column}").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failure> {
        Ok(Self(SqlValue::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
