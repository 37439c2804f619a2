//! Migrations: embedded, repeatable, never destructive, safe when several processes start at once.

use super::{
    Sql, SqlValue, Statement, Step,
    adapter::SqlAdapter,
    columns::{self, Column, type_of},
};
use crate::{
    error::{Error, Result},
    model::Attribute,
};

impl<D: Sql> SqlAdapter<D> {
    /// The statements that make an empty database ready, as [`Store::migrate`](crate::adapter::Store::migrate) would
    /// run them; for people who run their SQL themselves.
    pub(crate) fn migration_sql(&self) -> Vec<String> {
        let mut statements = self.create_statements();
        for (table, attributes) in self.attribute_tables() {
            statements.extend(attributes.iter().map(|attribute| self.add_column(table, attribute)));
            statements.extend(
                attributes
                    .iter()
                    .filter_map(|attribute| self.add_index(table, attribute)),
            );
        }
        statements
    }

    pub(super) async fn run_migrations(&self) -> Result<()> {
        let steps = self.create_statements().into_iter().map(Statement::text).map(Step::any);
        self.write(steps.collect()).await.map_err(Error::update_failed)?;
        for (table, attributes) in self.attribute_tables() {
            self.add_columns(table, attributes).await?;
        }
        Ok(())
    }

    fn attribute_tables(&self) -> [(&'static str, &[Attribute]); 2] {
        let schema = &self.queries().schema;
        [
            ("user", schema.user_attributes()),
            ("session", schema.session_attributes()),
        ]
    }

    /// Adds the columns that are missing; one that another process adds at the same moment is there as well.
    async fn add_columns(&self, table: &'static str, attributes: &[Attribute]) -> Result<()> {
        let dialect = self.driver.dialect();
        let name = format!("{}{table}", self.tables.prefix);
        let columns_of = (dialect.columns_of)(self.tables.schema.as_deref(), &name);
        let rows = self.driver.fetch(Statement::text(columns_of)).await;
        let there: Vec<SqlValue> = rows.map_err(Error::fetch_failed)?.into_iter().flatten().collect();
        for attribute in attributes {
            if !there.contains(&SqlValue::Text(attribute.name().to_owned())) {
                let add = Step::any(Statement::text(self.add_column(table, attribute)));
                match self.write(vec![add]).await {
                    Err(error) if !(dialect.is_duplicate_column)(&error.to_string()) => {
                        return Err(Error::update_failed(error));
                    }
                    _ => {}
                }
            }
            if let Some(index) = self.add_index(table, attribute) {
                let step = Step::any(Statement::text(index));
                self.write(vec![step]).await.map_err(Error::update_failed)?;
            }
        }
        Ok(())
    }

    fn add_column(&self, table: &str, attribute: &Attribute) -> String {
        let dialect = self.driver.dialect();
        let quote = dialect.quote;
        let column_type = (dialect.column_type)(type_of(attribute.kind()));
        let table = self.table(table);
        format!(
            "ALTER TABLE {table} ADD COLUMN {quote}{}{quote} {column_type}",
            attribute.name()
        )
    }

    fn add_index(&self, table: &str, attribute: &Attribute) -> Option<String> {
        let name = attribute.name();
        attribute
            .is_unique()
            .then(|| self.index("UNIQUE INDEX", table, name, &[name]))
    }

    fn create_statements(&self) -> Vec<String> {
        let quote = self.driver.dialect().quote;
        let prefix = &self.tables.prefix;
        // A foreign key stays within its schema, and SQLite refuses to be told which.
        let owner = format!(", FOREIGN KEY (user_id) REFERENCES {quote}{prefix}user{quote} (id) ON DELETE CASCADE");
        let migration = &self.tables.migration;
        vec![
            self.create("user", columns::USER, "id", ""),
            self.create("key", columns::KEY, "id", &owner),
            self.create("session", columns::SESSION, "id", &owner),
            self.create("attempt", columns::ATTEMPT, "subject, action", ""),
            self.create("signing_key", columns::SIGNING_KEY, "generation", ""),
            self.create(
                "migration",
                &[("version", columns::ColumnType::Integer, true)],
                "version",
                "",
            ),
            self.index("INDEX", "user", "email", &["email"]),
            self.index("INDEX", "key", "user_id", &["user_id", "created_at"]),
            self.index("INDEX", "session", "user_id", &["user_id", "created_at"]),
            self.index("INDEX", "session", "idle_expires", &["idle_expires"]),
            self.index("INDEX", "session", "absolute_expires", &["absolute_expires"]),
            self.index("INDEX", "attempt", "window_ends", &["window_ends"]),
            format!(
                "INSERT INTO {migration} (version) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM {migration} WHERE version = 1)"
            ),
        ]
    }

    fn create(&self, table: &str, columns: &[Column], primary_key: &str, constraint: &str) -> String {
        let dialect = self.driver.dialect();
        let quote = dialect.quote;
        let columns: Vec<String> = columns
            .iter()
            .map(|(name, column_type, required)| {
                let required = if *required { " NOT NULL" } else { "" };
                format!("{quote}{name}{quote} {}{required}", (dialect.column_type)(*column_type))
            })
            .collect();
        format!(
            "CREATE TABLE IF NOT EXISTS {} ({}, PRIMARY KEY ({primary_key}){constraint}){}",
            self.table(table),
            columns.join(", "),
            dialect.table_options
        )
    }

    fn index(&self, kind: &str, table: &str, name: &str, columns: &[&str]) -> String {
        let quote = self.driver.dialect().quote;
        let prefix = &self.tables.prefix;
        // SQLite wants the schema on the index and not on the table.
        let schema = self
            .tables
            .schema
            .as_ref()
            .map(|schema| format!("{quote}{schema}{quote}."))
            .unwrap_or_default();
        let columns: Vec<String> = columns.iter().map(|column| format!("{quote}{column}{quote}")).collect();
        format!(
            "CREATE {kind} IF NOT EXISTS {schema}{quote}{prefix}{table}_{name}{quote} ON {quote}{prefix}{table}{quote} ({})",
            columns.join(", ")
        )
    }

    fn table(&self, table: &str) -> &str {
        match table {
            "user" => &self.tables.user,
            "key" => &self.tables.key,
            "session" => &self.tables.session,
            "attempt" => &self.tables.attempt,
            "signing_key" => &self.tables.signing_key,
            _ => &self.tables.migration,
        }
    }
}
