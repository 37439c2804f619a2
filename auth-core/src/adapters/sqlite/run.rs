//! Statements on a connection.

use rusqlite::{
    Connection, ErrorCode, Statement as Prepared, ToSql,
    types::{ToSqlOutput, ValueRef},
};

use crate::adapters::sql::{Outcome, Row, SqlError, SqlErrorKind, SqlValue, Statement, Step};

/// Reads the one row that a key can have.
pub(super) fn find(connection: &Connection, sql: &str, key: &str) -> Result<Option<Row>, SqlError> {
    let mut prepared = connection.prepare_cached(sql).map_err(error)?;
    prepared.raw_bind_parameter(1, key).map_err(error)?;
    let columns = prepared.column_count();
    let mut found = prepared.raw_query();
    let row = found.next().map_err(error)?;
    row.map(|row| values(row, columns)).transpose()
}

/// Reads all rows.
pub(super) fn fetch(connection: &Connection, statement: &Statement) -> Result<Vec<Row>, SqlError> {
    let mut prepared = connection.prepare_cached(&statement.sql).map_err(error)?;
    bind(&mut prepared, &statement.values)?;
    rows(&mut prepared)
}

/// Runs a statement without values.
pub(super) fn execute(connection: &Connection, sql: &str) -> Result<(), SqlError> {
    let mut prepared = connection.prepare_cached(sql).map_err(error)?;
    prepared.raw_execute().map(drop).map_err(error)
}

/// Runs the steps, all or none. One statement is that by itself; more get a savepoint.
pub(super) fn act(connection: &Connection, steps: &[Step]) -> Result<Vec<Outcome>, SqlError> {
    if let [step] = steps {
        return run(connection, step).map(|outcome| vec![outcome]);
    }
    execute(connection, "SAVEPOINT act")?;
    let outcomes: Result<Vec<Outcome>, SqlError> = steps
        .iter()
        .enumerate()
        .map(|(index, step)| run(connection, step).map_err(|error| error.at(index)))
        .collect();
    if outcomes.is_err() && !connection.is_autocommit() {
        execute(connection, "ROLLBACK TO act")?;
    }
    if !connection.is_autocommit() {
        execute(connection, "RELEASE act")?;
    }
    outcomes
}

fn run(connection: &Connection, step: &Step) -> Result<Outcome, SqlError> {
    let statement = &step.statement;
    let mut prepared = connection.prepare_cached(&statement.sql).map_err(error)?;
    bind(&mut prepared, &statement.values)?;
    let outcome = if prepared.column_count() > 0 {
        let rows = rows(&mut prepared)?;
        Outcome {
            affected: rows.len() as u64,
            rows,
        }
    } else {
        Outcome {
            affected: prepared.raw_execute().map_err(error)? as u64,
            rows: Vec::new(),
        }
    };
    if step.must_affect && outcome.affected == 0 {
        return Err(SqlError::new(SqlErrorKind::NoRow, "there is no such row"));
    }
    Ok(outcome)
}

fn bind(prepared: &mut Prepared<'_>, values: &[SqlValue]) -> Result<(), SqlError> {
    for (index, value) in values.iter().enumerate() {
        prepared.raw_bind_parameter(index + 1, Bound(value)).map_err(error)?;
    }
    Ok(())
}

fn rows(prepared: &mut Prepared<'_>) -> Result<Vec<Row>, SqlError> {
    let columns = prepared.column_count();
    let mut found = prepared.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(error)? {
        rows.push(values(row, columns)?);
    }
    Ok(rows)
}

fn values(row: &rusqlite::Row<'_>, columns: usize) -> Result<Row, SqlError> {
    let mut values = Row::with_capacity(columns);
    for index in 0..columns {
        values.push(match row.get_ref(index).map_err(error)? {
            ValueRef::Blob(bytes) => SqlValue::Blob(bytes.into()),
            ValueRef::Integer(integer) => SqlValue::Integer(integer),
            ValueRef::Null => SqlValue::Null,
            ValueRef::Real(real) => SqlValue::Real(real),
            ValueRef::Text(text) => SqlValue::Text(str::from_utf8(text).map_err(other)?.to_owned()),
        });
    }
    Ok(values)
}

/// A value on its way to SQLite, borrowed.
struct Bound<'a>(&'a SqlValue);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            SqlValue::Blob(bytes) => ValueRef::Blob(bytes),
            SqlValue::Boolean(flag) => ValueRef::Integer((*flag).into()),
            SqlValue::Integer(integer) => ValueRef::Integer(*integer),
            SqlValue::Null => ValueRef::Null,
            SqlValue::Real(real) => ValueRef::Real(*real),
            SqlValue::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// Whether another process held the database.
pub(super) fn is_busy(error: &SqlError) -> bool {
    error.kind == SqlErrorKind::Again
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> SqlError {
    SqlError::new(SqlErrorKind::Other, error)
}

fn error(error: rusqlite::Error) -> SqlError {
    use rusqlite::ffi::{SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};

    let kind = match &error {
        rusqlite::Error::SqliteFailure(failure, _) => match failure.extended_code {
            SQLITE_CONSTRAINT_FOREIGNKEY => SqlErrorKind::ForeignKey,
            SQLITE_CONSTRAINT_PRIMARYKEY => SqlErrorKind::PrimaryKey,
            SQLITE_CONSTRAINT_UNIQUE => SqlErrorKind::Unique,
            _ => match failure.code {
                ErrorCode::DatabaseBusy => SqlErrorKind::Again,
                ErrorCode::TooBig | ErrorCode::TypeMismatch => SqlErrorKind::Value,
                _ => SqlErrorKind::Other,
            },
        },
        _ => SqlErrorKind::Other,
    };
    SqlError::new(kind, error)
}
