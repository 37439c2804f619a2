//! Migrations: embedded, versioned, repeatable, never destructive, safe when several processes start at once.
//!
//! The tables are data; a plan is what the database lacks of them. A process that finds the ground changed under its
//! plan makes a new one, so that any number can start at once, whatever the database locks.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::sleep;

use super::{
    Row, SqlErrorKind, SqlValue, Statement, Step,
    adapter::SqlAdapter,
    columns::{self, Column, ColumnType, TABLES, Table, type_of},
};
use crate::{
    adapter::{Migration, MigrationPlan},
    error::{Error, ErrorKind, Result},
    model::Attribute,
};

/// How many processes may come in between before one gives up.
const TRIES: usize = 20;
/// Whoever holds the file has waited for it, too.
const HELD_UP: Duration = Duration::from_millis(50);

impl SqlAdapter {
    /// Brings the tables to what this release and its attributes need.
    pub(super) async fn run_migrations(&self) -> Result<()> {
        let mut tries = 0;
        loop {
            let plan = self.plan().await?;
            if plan.is_empty() {
                return Ok(());
            }
            let (lock, unlock) = (self.dialect().lock)(self.tables.schema.as_deref(), &self.name("migration"));
            let statements = lock
                .into_iter()
                .chain(plan.statements().map(str::to_owned))
                .chain(unlock);
            let steps = statements.map(Statement::text).map(Step::any).collect();
            tries += 1;
            let Err(error) = self.write(steps).await else { continue };
            // Where migrations wait for each other at the file itself, another may take longer than one waits.
            let is_held_up = error.kind == SqlErrorKind::Again;
            if is_held_up {
                sleep(HELD_UP).await;
            }
            if tries == TRIES || tries > 1 && !is_held_up && self.plan().await? == plan {
                // Nobody else has changed anything, so it is not that another process was faster.
                return Err(Error::update_failed(error));
            }
        }
    }

    /// What the database lacks.
    pub(super) async fn plan(&self) -> Result<MigrationPlan> {
        let dialect = self.dialect();
        let columns = self.inspect(dialect.columns_of).await?;
        let indexes = self.inspect(dialect.indexes_of).await?;
        let there = There {
            columns: columns.iter().filter_map(|row| pair(row)).collect(),
            indexes: indexes.iter().filter_map(|row| text(row.first()?)).collect(),
            version: self.version(&columns).await?,
        };
        Ok(self.plan_beside(&there))
    }

    /// The statements for an empty database.
    pub(crate) fn whole_plan(&self) -> MigrationPlan {
        self.plan_beside(&There::default())
    }

    /// Asks about our tables, one by one in one statement: what else is in the database may be much.
    async fn inspect(&self, of_table: fn(Option<&str>, &str) -> String) -> Result<Vec<Row>> {
        let schema = self.tables.schema.as_deref();
        let each = TABLES.iter().map(|table| of_table(schema, &self.name(table.name)));
        self.fetch_text(each.collect::<Vec<_>>().join(" UNION ALL ")).await
    }

    /// Whoever has the whole file to itself keeps readers out, too, where SQLite writes no log.
    async fn fetch_text(&self, sql: String) -> Result<Vec<Row>> {
        for _ in 1..TRIES {
            match self.driver.fetch(Statement::text(sql.clone())).await {
                Err(error) if error.kind == SqlErrorKind::Again => sleep(HELD_UP).await,
                rows => return rows.map_err(Error::fetch_failed),
            }
        }
        let rows = self.driver.fetch(Statement::text(sql)).await;
        rows.map_err(Error::fetch_failed)
    }

    /// The newest version the database has seen; an error when that is newer than ours.
    async fn version(&self, columns: &[Row]) -> Result<Option<i64>> {
        let migration = self.name("migration");
        let is_there = |row: &Row| row.first().and_then(text) == Some(migration.as_str());
        if !columns.iter().any(is_there) {
            return Ok(None);
        }
        let rows = self
            .fetch_text(format!("SELECT MAX(version) FROM {}", self.tables.migration))
            .await?;
        match rows.first().and_then(|row| row.first()) {
            Some(SqlValue::Integer(version)) if *version > columns::VERSION => {
                let newer = Error::from(ErrorKind::DatabaseUpdateFailed);
                Err(newer.detail("the tables belong to a newer release of this library"))
            }
            Some(SqlValue::Integer(version)) => Ok(Some(*version)),
            _ => Ok(None),
        }
    }

    fn plan_beside(&self, there: &There<'_>) -> MigrationPlan {
        let mut steps = Vec::new();
        let dialect = self.dialect();
        if let (Some(schema), Some(create), true) =
            (&self.tables.schema, dialect.create_schema, there.columns.is_empty())
        {
            steps.push(Migration::new(
                format!("schema {schema}"),
                create(&dialect.name(schema)),
            ));
        }
        for table in TABLES {
            self.plan_table(table, there, &mut steps);
        }
        if there.version != Some(columns::VERSION) {
            let version = columns::VERSION;
            let insert = format!("INSERT INTO {} (version) VALUES ({version})", self.tables.migration);
            steps.push(Migration::new(format!("version {version}"), insert));
        }
        MigrationPlan::new(steps)
    }

    fn plan_table(&self, table: &Table, there: &There<'_>, steps: &mut Vec<Migration>) {
        let name = self.name(table.name);
        let in_schema = self.tables.in_schema(table.name);
        let has = |column: &str| there.columns.contains(&(name.as_str(), column));
        let own = table
            .columns
            .iter()
            .map(|(column, column_type, required)| (*column, *column_type, *required));
        let (dialect, attributes) = (self.dialect(), self.attributes(table.name));
        if there.columns.iter().any(|(there, _)| *there == name) {
            for (column, column_type, required) in own {
                if !has(column) {
                    let definition = self.definition(column, column_type, required);
                    steps.push(add_column(&name, in_schema, column, &definition));
                }
            }
        } else {
            steps.push(Migration::new(format!("table {name}"), self.create(table)));
        }
        for attribute in attributes {
            let definition = self.definition(attribute.name(), type_of(attribute), false);
            let becomes_unique =
                attribute.is_unique() && !there.indexes.contains(format!("{name}_{}", attribute.name()).as_str());
            if !has(attribute.name()) {
                steps.push(add_column(&name, in_schema, attribute.name(), &definition));
            } else if let (Some(retype), true) =
                (dialect.retype, becomes_unique && type_of(attribute) == ColumnType::Key)
            {
                let what = format!("type of {name}.{}", attribute.name());
                steps.push(Migration::new(what, retype(in_schema, &definition)));
            }
        }
        let own = table
            .indexes
            .iter()
            .map(|(index, columns)| (*index, columns.to_vec(), false));
        let unique = attributes.iter().filter(|attribute| attribute.is_unique());
        let unique = table.unique.iter().copied().chain(unique.map(Attribute::name));
        let unique = unique.map(|column| (column, vec![column], true));
        for (index, columns, is_unique) in own.chain(unique) {
            let index = format!("{name}_{index}");
            if !there.indexes.contains(index.as_str()) {
                steps.push(self.index(&name, in_schema, &index, &columns, is_unique));
            }
        }
    }

    /// As declared, if anybody has: to look at a plan declares nothing.
    fn attributes(&self, table: &str) -> &[Attribute] {
        let Some(schema) = self.declared() else {
            return &[];
        };
        match table {
            "user" => schema.user_attributes(),
            "session" => schema.session_attributes(),
            _ => &[],
        }
    }

    fn create(&self, table: &Table) -> String {
        let dialect = self.dialect();
        let column = |(name, column_type, required): &Column| self.definition(name, *column_type, *required);
        let mut parts: Vec<String> = table.columns.iter().map(column).collect();
        parts.push(format!("PRIMARY KEY ({})", self.list(table.primary_key)));
        if table.is_owned {
            let schema = self.tables.schema.as_deref().filter(|_| dialect.qualifies_references);
            let user = dialect.name_in(schema, &self.name("user"));
            parts.push(format!(
                "FOREIGN KEY (user_id) REFERENCES {user} (id) ON DELETE CASCADE"
            ));
        }
        format!(
            "CREATE TABLE IF NOT EXISTS {} ({}){}",
            self.tables.in_schema(table.name),
            parts.join(", "),
            dialect.table_options
        )
    }

    fn definition(&self, name: &str, column_type: ColumnType, required: bool) -> String {
        let dialect = self.dialect();
        let required = if required { " NOT NULL" } else { "" };
        format!(
            "{} {}{required}",
            dialect.name(name),
            (dialect.column_type)(column_type)
        )
    }

    fn index(&self, table: &str, in_schema: &str, index: &str, columns: &[&str], unique: bool) -> Migration {
        let dialect = self.dialect();
        let kind = if unique { "UNIQUE INDEX" } else { "INDEX" };
        let (on, table) = if dialect.index_has_schema {
            (
                dialect.name_in(self.tables.schema.as_deref(), index),
                &*dialect.name(table),
            )
        } else {
            (dialect.name(index), in_schema)
        };
        let sql = format!("CREATE {kind} {on} ON {table} ({})", self.list(columns));
        Migration::new(format!("index {index}"), sql)
    }

    fn list(&self, columns: &[&str]) -> String {
        let names: Vec<String> = columns.iter().map(|column| self.dialect().name(column)).collect();
        names.join(", ")
    }

    /// A table's whole name, without quotes.
    fn name(&self, table: &str) -> String {
        format!("{}{table}", self.tables.prefix)
    }
}

fn add_column(table: &str, in_schema: &str, column: &str, definition: &str) -> Migration {
    Migration::new(
        format!("column {table}.{column}"),
        format!("ALTER TABLE {in_schema} ADD COLUMN {definition}"),
    )
}

/// What is in a database.
#[derive(Default)]
struct There<'a> {
    columns: BTreeSet<(&'a str, &'a str)>,
    indexes: BTreeSet<&'a str>,
    version: Option<i64>,
}

fn pair(row: &Row) -> Option<(&str, &str)> {
    Some((text(row.first()?)?, text(row.get(1)?)?))
}

fn text(value: &SqlValue) -> Option<&str> {
    match value {
        SqlValue::Text(text) => Some(text),
        _ => None,
    }
}
