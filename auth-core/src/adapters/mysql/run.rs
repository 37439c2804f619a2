//! Statements on a connection.

use std::{error::Error as StdError, fmt};

use mysql_async::{BinaryProtocol, Conn, Params, QueryResult, Row as MysqlRow, Value, prelude::Queryable};

use crate::adapters::sql::{
    Outcome, Positions, Row, SqlError, SqlErrorKind, SqlValue, Statement, Step, mysql_error_kind,
};

/// Reads all rows.
pub(super) async fn fetch(conn: &mut Conn, positions: &Positions, statement: &Statement) -> Result<Vec<Row>, SqlError> {
    let positional = positions.of(&statement.sql);
    let values = positional.arrange(&statement.values).map(value).collect();
    let result = conn
        .exec_iter(positional.sql.as_str(), Params::Positional(values))
        .await;
    rows(result.map_err(sql_error)?).await
}

/// Runs the steps, all or none. One statement is that by itself.
pub(super) async fn act(conn: &mut Conn, positions: &Positions, steps: &[Step]) -> Result<Vec<Outcome>, SqlError> {
    if let [step] = steps {
        return run(conn, positions, step).await.map(|outcome| vec![outcome]);
    }
    conn.query_drop("START TRANSACTION").await.map_err(sql_error)?;
    let mut outcomes = Vec::with_capacity(steps.len());
    for (index, step) in steps.iter().enumerate() {
        match run(conn, positions, step).await {
            Ok(outcome) => outcomes.push(outcome),
            Err(error) => {
                conn.query_drop("ROLLBACK").await.map_err(sql_error)?;
                return Err(error.at(index));
            }
        }
    }
    conn.query_drop("COMMIT").await.map_err(sql_error)?;
    Ok(outcomes)
}

async fn run(conn: &mut Conn, positions: &Positions, step: &Step) -> Result<Outcome, SqlError> {
    let statement = &step.statement;
    if statement.values.is_empty() {
        conn.query_drop(&*statement.sql).await.map_err(sql_error)?;
        return Ok(Outcome::default());
    }
    let positional = positions.of(&statement.sql);
    let values = positional.arrange(&statement.values).map(value).collect();
    let result = conn
        .exec_iter(positional.sql.as_str(), Params::Positional(values))
        .await;
    let result = result.map_err(sql_error)?;
    let affected = result.affected_rows();
    let rows = rows(result).await?;
    let outcome = Outcome {
        affected: affected.max(rows.len() as u64),
        rows,
    };
    if step.must_affect && outcome.affected == 0 {
        return Err(SqlError::new(SqlErrorKind::NoRow, "there is no such row"));
    }
    Ok(outcome)
}

async fn rows(result: QueryResult<'_, '_, BinaryProtocol>) -> Result<Vec<Row>, SqlError> {
    let rows: Vec<MysqlRow> = result.collect_and_drop().await.map_err(sql_error)?;
    rows.into_iter().map(row).collect()
}

fn row(row: MysqlRow) -> Result<Row, SqlError> {
    let columns = row.columns();
    let taken = |(value, binary)| {
        Ok(match value {
            Value::NULL => SqlValue::Null,
            Value::Bytes(bytes) if binary => SqlValue::Blob(bytes.into()),
            Value::Bytes(bytes) => SqlValue::Text(String::from_utf8(bytes).map_err(wrong)?),
            Value::Int(integer) => SqlValue::Integer(integer),
            Value::UInt(integer) => SqlValue::Integer(i64::try_from(integer).map_err(wrong)?),
            Value::Float(real) => SqlValue::Real(real.into()),
            Value::Double(real) => SqlValue::Real(real),
            Value::Date(..) | Value::Time(..) => return Err(wrong("nothing of ours is a date")),
        })
    };
    let binary = columns.iter().map(|column| column.character_set() == BINARY);
    row.unwrap().into_iter().zip(binary).map(taken).collect()
}

/// The character set of columns that hold bytes.
const BINARY: u16 = 63;

fn value(value: &SqlValue) -> Value {
    match value {
        SqlValue::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        SqlValue::Boolean(flag) => Value::Int((*flag).into()),
        SqlValue::Integer(integer) => Value::Int(*integer),
        SqlValue::Null => Value::NULL,
        SqlValue::Real(real) => Value::Double(*real),
        SqlValue::Text(text) => Value::Bytes(text.clone().into_bytes()),
    }
}

fn wrong(error: impl Into<Box<dyn StdError + Send + Sync>>) -> SqlError {
    SqlError::new(SqlErrorKind::Other, error)
}

/// What the server said. Its sentence about a duplicate quotes the value, somebody's address perhaps, and is left out.
#[derive(Debug)]
struct Refused {
    code: u16,
    message: Option<String>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message.as_deref().unwrap_or("the server refused");
        write!(f, "{message} ({})", self.code)
    }
}

impl StdError for Refused {}

pub(super) fn sql_error(error: mysql_async::Error) -> SqlError {
    let mysql_async::Error::Server(refused) = error else {
        return SqlError::new(SqlErrorKind::Other, error);
    };
    let kind = mysql_error_kind(refused.code, &refused.message);
    let quotes = matches!(
        kind,
        SqlErrorKind::PrimaryKey | SqlErrorKind::Unique | SqlErrorKind::Value
    );
    let refused = Refused {
        code: refused.code,
        message: (!quotes).then_some(refused.message),
    };
    SqlError::new(kind, refused)
}
