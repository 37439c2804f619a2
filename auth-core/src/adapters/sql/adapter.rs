use std::sync::{Arc, OnceLock};

use async_trait::async_trait;

use super::{
    Dialect, Outcome, Row, Sql, SqlError, SqlErrorKind, SqlValue, Statement, Step,
    columns::{self, check_attributes},
    dialect::SOME,
    queries::{Queries, Tables},
    rows::Reader,
    values::{attribute_sql, text, time},
};
use crate::{
    adapter::{MigrationPlan, Schema, Store},
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    id::SessionId,
    model::{Attributes, SessionRecord, User},
};

/// All ports over the waist.
pub(crate) struct SqlAdapter {
    pub(super) driver: Box<dyn Sql>,
    pub(super) tables: Tables,
    queries: OnceLock<Queries>,
}

impl SqlAdapter {
    /// An adapter whose tables begin with a prefix.
    pub(crate) fn new(driver: impl Sql, prefix: &str) -> Result<Self> {
        let tables = Tables::new(prefix, driver.dialect())
            .map_err(|problem| Error::from(ErrorKind::ValidationFailed).detail(problem))?;
        Ok(Self {
            driver: Box::new(driver),
            tables,
            queries: OnceLock::new(),
        })
    }

    /// The statements; without a declaration there are no attributes.
    pub(super) fn queries(&self) -> &Queries {
        self.queries
            .get_or_init(|| Queries::new(&Schema::default(), &self.tables, self.dialect()))
    }

    /// The attributes, once they are declared or the tables are used without any.
    pub(super) fn declared(&self) -> Option<&Schema> {
        self.queries.get().map(|queries| &queries.schema)
    }

    pub(super) fn dialect(&self) -> &'static Dialect {
        self.driver.dialect()
    }

    pub(super) async fn read(&self, sql: &Arc<str>, values: Vec<SqlValue>) -> Result<Vec<Row>> {
        found(self.driver.fetch(Statement::new(sql, values)).await)
    }

    /// As [`read`](Self::read), for an administrator's lists and counts.
    pub(super) async fn read_list(&self, sql: String, values: Vec<SqlValue>) -> Result<Vec<Row>> {
        found(self.driver.list(Statement::new(&sql.into(), values)).await)
    }

    pub(super) async fn read_one(&self, sql: &Arc<str>, id: &str) -> Result<Option<Reader>> {
        let row = found(self.driver.find(sql, id).await)?;
        Ok(row.map(Reader::new))
    }

    /// One statement; how many rows it affected.
    pub(super) async fn execute(&self, sql: &Arc<str>, values: Vec<SqlValue>) -> Result<u64> {
        let step = Step::any(Statement::new(sql, values));
        let outcomes = self.write(vec![step]).await.map_err(Error::update_failed)?;
        Ok(outcomes.iter().map(|outcome| outcome.affected).sum())
    }

    /// Deletes what ended before a moment, some at a time until nothing is left of it.
    pub(super) async fn sweep(&self, sql: &Arc<str>, before: Timestamp) -> Result<u64> {
        let mut swept = 0;
        loop {
            let deleted = self.execute(sql, vec![time(before)]).await?;
            swept += deleted;
            if deleted < SOME {
                return Ok(swept);
            }
        }
    }

    pub(super) async fn write(&self, steps: Vec<Step>) -> Result<Vec<Outcome>, SqlError> {
        self.driver.write(steps).await
    }

    /// An UPDATE of the given columns of one row; `None` when nothing is given.
    pub(super) fn update(&self, table: &str, id: &str, columns: Vec<(&str, SqlValue)>) -> Option<Statement> {
        if columns.is_empty() {
            return None;
        }
        let dialect = self.dialect();
        let assignments: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(index, (name, _))| format!("{} = {}", dialect.name(name), dialect.value(index + 1)))
            .collect();
        let sql = format!(
            "UPDATE {table} SET {} WHERE id = {}",
            assignments.join(", "),
            dialect.value(columns.len() + 1)
        );
        let mut values: Vec<SqlValue> = columns.into_iter().map(|(_, value)| value).collect();
        values.push(text(id));
        Some(Statement {
            sql: sql.into(),
            values,
        })
    }

    /// Adds attributes to the columns of an UPDATE; only declared names become SQL.
    pub(super) fn push_attributes<'a>(
        columns: &mut Vec<(&'a str, SqlValue)>,
        given: &'a Attributes,
        declared: &[crate::model::Attribute],
    ) -> Result<()> {
        for (name, value) in given.iter() {
            if !declared.iter().any(|attribute| attribute.name() == name) {
                return Err(Error::update_failed(format!("there is no attribute {name}")));
            }
            columns.push((name, attribute_sql(value)?));
        }
        Ok(())
    }
}

/// A value that cannot be in this database (PostgreSQL's text has no NUL) is not there.
fn found<T: Default>(fetched: Result<T, SqlError>) -> Result<T> {
    match fetched {
        Err(error) if error.kind == SqlErrorKind::Value => Ok(T::default()),
        fetched => fetched.map_err(Error::fetch_failed),
    }
}

/// Which code a failed write becomes; the step tells which table it was about.
pub(super) fn update_error(error: SqlError, unique: ErrorKind, missing: ErrorKind) -> Error {
    match error.kind {
        SqlErrorKind::ForeignKey => Error::with_source(ErrorKind::InvalidUserId, error),
        SqlErrorKind::NoRow => Error::with_source(missing, error),
        SqlErrorKind::Again | SqlErrorKind::Other => Error::update_failed(error),
        SqlErrorKind::PrimaryKey | SqlErrorKind::Unique => Error::with_source(unique, error),
        SqlErrorKind::Value => {
            Error::with_source(ErrorKind::ValidationFailed, error).detail("A value does not fit into the database.")
        }
    }
}

#[async_trait]
impl Store for SqlAdapter {
    fn declare(&self, schema: &Schema) -> Result<(), String> {
        check_attributes(schema.user_attributes(), columns::USER, &self.tables.prefix)?;
        check_attributes(schema.session_attributes(), columns::SESSION, &self.tables.prefix)?;
        let queries = Queries::new(schema, &self.tables, self.dialect());
        let declared = self.queries.get_or_init(|| queries);
        if declared.schema == *schema {
            Ok(())
        } else {
            Err("this adapter is in use with other attributes.".to_owned())
        }
    }

    async fn migrate(&self) -> Result<()> {
        self.run_migrations().await
    }

    async fn migration_plan(&self) -> Result<MigrationPlan> {
        self.plan().await
    }

    async fn ping(&self) -> Result<()> {
        let alive = self.driver.fetch(Statement::text("SELECT 1")).await;
        alive.map(drop).map_err(Error::fetch_failed)
    }
}

impl SqlAdapter {
    /// What every request with a session asks: a future of its own, because each adapter boxes it anyway.
    pub(crate) async fn session_and_user(&self, session_id: &SessionId) -> Result<Option<(SessionRecord, User)>> {
        let queries = self.queries();
        let Some(mut row) = self
            .read_one(&queries.get_session_and_user, session_id.as_str())
            .await?
        else {
            return Ok(None);
        };
        let session = row.session(queries.schema.session_attributes())?;
        let user = row.user(queries.schema.user_attributes())?;
        Ok(Some((session, user)))
    }
}
