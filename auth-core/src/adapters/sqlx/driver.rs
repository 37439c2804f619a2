use std::{fmt, time::Duration};

use sqlx::error::ErrorKind;

use crate::adapters::sql::{SqlError, SqlErrorKind};

/// How often an act is repeated that the server broke off in favour of another.
pub(super) const TRIES: u64 = 10;

/// Implements the waist for a driver with a `pool` and `bounds`, by what lies beside it: `arguments`, `value`, `kind`, `begin`,
/// `CLOSES_BEHIND_A_MIGRATION` and `CLOSES_WHAT_FAILED`.
macro_rules! sqlx_driver {
    ($driver:ident, $database:ty) => {
        use tokio::time::Instant;

        #[async_trait::async_trait]
        impl crate::adapters::sql::Sql for $driver {
            fn dialect(&self) -> &'static Dialect {
                self.dialect
            }

            async fn fetch(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
                self.bounds.in_time(|late| self.rows(&statement, late)).await
            }

            async fn write(&self, steps: Vec<Step>) -> Result<Vec<Outcome>, SqlError> {
                if crate::adapters::sql::is_script(&steps) {
                    return self.act(&steps, None).await;
                }
                self.bounds.in_time(|late| self.act(&steps, Some(late))).await
            }
        }

        impl $driver {
            async fn lend(&self, late: Option<Instant>) -> Result<super::limits::Lent<$database>, SqlError> {
                let lent = super::limits::Lent::by(&self.pool, CLOSES_WHAT_FAILED, late).await;
                lent.map_err(sql_error)
            }

            async fn rows(&self, statement: &Statement, late: Instant) -> Result<Vec<Row>, SqlError> {
                let (sql, arguments) = self.arguments(statement)?;
                let mut lent = self.lend(Some(late)).await?;
                let query = sqlx::query_with(AssertSqlSafe(sql), arguments);
                let rows = query.fetch_all(&mut **lent.get()?).await.map_err(sql_error);
                lent.give_back(&rows);
                rows?.iter().map(row).collect()
            }

            async fn act(&self, steps: &[Step], late: Option<Instant>) -> Result<Vec<Outcome>, SqlError> {
                let mut attempt = 1;
                loop {
                    match self.try_act(steps, late).await {
                        // Those that got in each other's way come back one after the other.
                        Err(error) if error.kind == SqlErrorKind::Again && attempt < TRIES => {
                            tokio::time::sleep(pause(attempt)).await;
                        }
                        done => return done,
                    }
                    attempt += 1;
                }
            }

            async fn try_act(&self, steps: &[Step], late: Option<Instant>) -> Result<Vec<Outcome>, SqlError> {
                let mut lent = self.lend(late).await?;
                let connection = lent.get()?;
                if CLOSES_BEHIND_A_MIGRATION && crate::adapters::sql::is_script(steps) {
                    connection.close_on_drop();
                }
                let done = self.act_on(connection, steps).await;
                lent.give_back(&done);
                done
            }

            async fn act_on(
                &self,
                connection: &mut <$database as sqlx::Database>::Connection,
                steps: &[Step],
            ) -> Result<Vec<Outcome>, SqlError> {
                if let [step] = steps {
                    return self.run(connection, step).await.map(|outcome| vec![outcome]);
                }
                // Dropped, it is undone.
                let mut transaction = begin(connection).await.map_err(sql_error)?;
                let mut outcomes = Vec::with_capacity(steps.len());
                for (index, step) in steps.iter().enumerate() {
                    let outcome = self.run(&mut transaction, step).await;
                    outcomes.push(outcome.map_err(|error| error.at(index))?);
                }
                transaction.commit().await.map_err(sql_error)?;
                Ok(outcomes)
            }

            async fn run(
                &self,
                connection: &mut <$database as sqlx::Database>::Connection,
                step: &Step,
            ) -> Result<Outcome, SqlError> {
                let statement = &step.statement;
                if statement.values.is_empty() {
                    let sql = AssertSqlSafe(Arc::clone(&statement.sql));
                    sqlx::raw_sql(sql).execute(connection).await.map_err(sql_error)?;
                    return Ok(Outcome::default());
                }
                let (sql, arguments) = self.arguments(statement)?;
                let query = sqlx::query_with(AssertSqlSafe(sql), arguments);
                let (mut outcome, mut found) = (Outcome::default(), connection.fetch_many(query));
                while let Some(next) = found.try_next().await.map_err(sql_error)? {
                    match next {
                        Either::Left(done) => outcome.affected += done.rows_affected(),
                        Either::Right(next) => outcome.rows.push(row(&next)?),
                    }
                }
                outcome.affected = outcome.affected.max(outcome.rows.len() as u64);
                if step.must_affect && outcome.affected == 0 {
                    return Err(SqlError::new(SqlErrorKind::NoRow, "there is no such row"));
                }
                Ok(outcome)
            }
        }

        fn row(row: &<$database as sqlx::Database>::Row) -> Result<Row, SqlError> {
            (0..row.len())
                .map(|index| value(row, index).map_err(sql_error))
                .collect()
        }

        fn sql_error(error: sqlx::Error) -> SqlError {
            super::driver::sql_error(error, kind)
        }
    };
}

pub(super) use sqlx_driver;

pub(super) fn pause(attempt: u64) -> Duration {
    Duration::from_millis(attempt)
}

/// What the server said. Its sentence about a clash may quote the value, somebody's address perhaps, and is left out.
#[derive(Debug)]
struct Refused {
    code: Option<String>,
    message: Option<String>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message.as_deref().unwrap_or("the database refused");
        write!(f, "{message} ({})", self.code.as_deref().unwrap_or("no code"))
    }
}

impl std::error::Error for Refused {}

/// What an error means; `special` knows a database's own codes, a primary key's among them.
pub(super) fn sql_error(
    error: sqlx::Error,
    special: fn(&dyn sqlx::error::DatabaseError) -> Option<SqlErrorKind>,
) -> SqlError {
    let sqlx::Error::Database(refused) = error else {
        return SqlError::new(SqlErrorKind::Other, error);
    };
    let kind = special(refused.as_ref()).unwrap_or_else(|| match refused.kind() {
        ErrorKind::ForeignKeyViolation => SqlErrorKind::ForeignKey,
        ErrorKind::UniqueViolation => SqlErrorKind::Unique,
        _ => SqlErrorKind::Other,
    });
    let quotes = kind.is_duplicate() || kind == SqlErrorKind::Value;
    let refused = Refused {
        code: refused.code().map(Into::into),
        message: (!quotes).then(|| refused.message().to_owned()),
    };
    SqlError::new(kind, refused)
}
