//! Where a test keeps its tables, and how it looks at them.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use sqlx::{AssertSqlSafe, Connection, Row as _};
use url::Url;

use super::{Proxy, Server};
use crate::{
    Auth, AuthBuilder, Error, Secret,
    adapters::{
        AnyAdapter, MysqlAdapter, MysqlOptions, PoolLimits, PostgresAdapter, PostgresOptions, mysql, postgres,
        sql::{Row, Sql, SqlValue, Statement, Step},
        sqlx::{MysqlPoolDriver, PostgresPoolDriver},
    },
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Database {
    Mariadb,
    Postgres,
}

/// Tables of a test's own in a database.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) database: Database,
    url: Url,
    pub(super) prefix: String,
}

/// Which connections are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    Own,
    Sqlx,
}

/// What the options of both databases have.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) pool_size: usize,
    pub(super) readers: usize,
    pub(super) queue: usize,
    pub(super) timeout: Duration,
    pub(super) root_certificates: Option<Vec<u8>>,
    /// Whether sqlx asks a connection for a sign of life before each use.
    pub(super) asks_before: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pool_size: 4,
            readers: 2,
            queue: 1_024,
            timeout: Duration::from_secs(5),
            root_certificates: None,
            asks_before: true,
        }
    }
}

impl Settings {
    /// One connection for everything, or one to read and one to write.
    pub(super) fn narrow() -> Self {
        Self {
            pool_size: 1,
            readers: 1,
            ..Self::default()
        }
    }

    pub(super) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

impl Place {
    /// In the server that all tests share.
    pub(super) fn shared(database: Database) -> Self {
        let url = match database {
            Database::Mariadb => mysql::tests::url(),
            Database::Postgres => postgres::tests::url(),
        };
        Self::at(database, &url)
    }

    /// In a database of its own in that server, whose catalogue lists nothing else.
    pub(super) async fn apart(database: Database) -> Self {
        let mut place = Self::shared(database);
        let name = format!("{}apart", place.prefix);
        place.witness().await.execute(&format!("CREATE DATABASE {name}")).await;
        place.url.set_path(&name);
        place
    }

    /// In a server of the test's own.
    pub(super) fn of(server: &Server) -> Self {
        Self::at(server.database(), &server.url())
    }

    pub(super) fn at(database: Database, url: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        Self {
            database,
            url: url.parse().unwrap(),
            prefix: format!("f{}_{number}_", crate::adapters::tests::this_run()),
        }
    }

    /// The same tables under other names.
    pub(super) fn with_prefix(&self, prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            ..self.clone()
        }
    }

    /// The same tables by way of a proxy.
    pub(super) fn through(&self, proxy: &Proxy) -> Self {
        let mut place = self.clone();
        place.url.set_port(Some(proxy.port())).unwrap();
        place
    }

    pub(super) fn port(&self) -> u16 {
        self.url.port().unwrap()
    }

    pub(super) async fn open(&self, settings: &Settings) -> AnyAdapter {
        self.try_open(settings).await.unwrap()
    }

    pub(super) async fn open_over(&self, over: Over, settings: &Settings) -> AnyAdapter {
        match over {
            Over::Own => self.open(settings).await,
            Over::Sqlx => self.open_sqlx(settings).await,
        }
    }

    pub(super) async fn try_open(&self, settings: &Settings) -> Result<AnyAdapter, Error> {
        let settings = settings.clone();
        Ok(match self.database {
            Database::Mariadb => {
                let mut options = MysqlOptions::new(self.url.as_str())
                    .table_prefix(self.prefix.as_str())
                    .pool_size(settings.pool_size)
                    .queue(settings.queue)
                    .timeout(settings.timeout);
                if let Some(pem) = settings.root_certificates {
                    options = options.root_certificates(pem);
                }
                AnyAdapter::new(MysqlAdapter::open(options).await?)
            }
            Database::Postgres => {
                let mut options = PostgresOptions::new(self.url.as_str())
                    .table_prefix(self.prefix.as_str())
                    .pool_size(settings.pool_size)
                    .readers(settings.readers)
                    .queue(settings.queue)
                    .timeout(settings.timeout);
                if let Some(pem) = settings.root_certificates {
                    options = options.root_certificates(pem);
                }
                AnyAdapter::new(PostgresAdapter::open(options).await?)
            }
        })
    }

    /// Over a pool of sqlx's.
    pub(super) async fn open_sqlx(&self, settings: &Settings) -> AnyAdapter {
        let prefix = self.prefix.as_str();
        let connections = u32::try_from(settings.pool_size).unwrap();
        let limits = PoolLimits::default().queue(settings.queue).timeout(settings.timeout);
        match self.database {
            Database::Mariadb => {
                let pool = sqlx::mysql::MySqlPoolOptions::new().max_connections(connections);
                let pool = pool.test_before_acquire(settings.asks_before);
                let pool = pool.connect(self.url.as_str()).await.unwrap();
                AnyAdapter::new(MysqlAdapter::from_pool_within(pool, prefix, limits).await.unwrap())
            }
            Database::Postgres => {
                let pool = sqlx::postgres::PgPoolOptions::new().max_connections(connections);
                let pool = pool.test_before_acquire(settings.asks_before);
                // Where somebody else's features let sqlx ask for TLS first, which the wires of tests do not speak.
                let options: sqlx::postgres::PgConnectOptions = self.url.as_str().parse().unwrap();
                let options = options.ssl_mode(sqlx::postgres::PgSslMode::Disable);
                let pool = pool.connect_with(options).await.unwrap();
                AnyAdapter::new(PostgresAdapter::from_pool_within(pool, prefix, limits).await.unwrap())
            }
        }
    }

    /// Somebody who looks at the tables from the side.
    pub(super) async fn witness(&self) -> Witness {
        self.try_witness().await.unwrap()
    }

    pub(super) async fn try_witness(&self) -> Result<Witness, Error> {
        let limits = PoolLimits::default().timeout(Duration::from_secs(60));
        let sql: Box<dyn Sql> = match self.database {
            Database::Mariadb => {
                let pool = sqlx::mysql::MySqlPoolOptions::new().max_connections(1);
                let pool = pool.connect(self.url.as_str()).await.map_err(Error::fetch_failed)?;
                Box::new(MysqlPoolDriver::new(pool, &limits).await?)
            }
            Database::Postgres => {
                let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1);
                let pool = pool.connect(self.url.as_str()).await.map_err(Error::fetch_failed)?;
                Box::new(PostgresPoolDriver::new(pool, &limits))
            }
        };
        Ok(Witness {
            database: self.database,
            url: self.url.clone(),
            prefix: self.prefix.clone(),
            sql,
        })
    }
}

/// An application over a store.
pub(super) fn application(adapter: AnyAdapter, secret: Secret) -> AuthBuilder {
    Auth::builder(adapter).secret(secret).base_url("https://example.com")
}

/// Reads and changes tables by SQL, past every adapter.
pub(super) struct Witness {
    database: Database,
    url: Url,
    prefix: String,
    sql: Box<dyn Sql>,
}

impl Witness {
    pub(super) async fn execute(&self, sql: &str) {
        let steps = vec![Step::any(Statement::text(sql))];
        self.sql
            .write(steps)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Many statements, as somebody types them.
    pub(super) async fn run_script(&self, sql: &str) {
        let (url, script) = (self.url.as_str(), sqlx::raw_sql(AssertSqlSafe(sql)));
        let done = match self.database {
            Database::Mariadb => {
                let mut connection = sqlx::MySqlConnection::connect(url).await.unwrap();
                script.execute(&mut connection).await.map(drop)
            }
            Database::Postgres => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                script.execute(&mut connection).await.map(drop)
            }
        };
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    pub(super) async fn rows(&self, sql: &str) -> Vec<Row> {
        let rows = self.sql.fetch(Statement::text(sql)).await;
        rows.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    pub(super) async fn number(&self, sql: &str) -> i64 {
        match self.rows(sql).await.first().and_then(|row| row.first()) {
            Some(SqlValue::Integer(number)) => *number,
            _ => panic!("{sql}: this is no number"),
        }
    }

    /// Everything in all tables.
    pub(super) async fn everything(&self) -> Vec<Vec<Row>> {
        let mut tables = Vec::new();
        for table in TABLES {
            tables.push(
                self.rows(&format!("SELECT * FROM {}{table} ORDER BY 1, 2", self.prefix))
                    .await,
            );
        }
        tables
    }

    /// Whose accounts there are.
    pub(super) async fn users(&self) -> Vec<String> {
        let rows = self.rows(&format!("SELECT id FROM {}user", self.prefix)).await;
        let name = |row: &Row| match row.first() {
            Some(SqlValue::Text(name)) => name.clone(),
            _ => panic!("an id is text"),
        };
        rows.iter().map(name).collect()
    }

    pub(super) async fn empty(&self) {
        // The others' rows go with their users.
        for table in ["user", "attempt", "outbox", "event", "signing_key"] {
            self.execute(&format!("DELETE FROM {}{table}", self.prefix)).await;
        }
    }

    /// Nothing half-written: keys and sessions have their users, and indexes hold what the tables do.
    pub(super) async fn assert_consistent(&self) {
        let p = &self.prefix;
        for owned in ["key", "session", "one_time_token"] {
            let orphans =
                format!("SELECT count(*) FROM {p}{owned} o LEFT JOIN {p}user u ON u.id = o.user_id WHERE u.id IS NULL");
            assert_eq!(self.number(&orphans).await, 0, "a {owned} without its user");
        }
        match self.database {
            Database::Mariadb => {
                let mut connection = sqlx::MySqlConnection::connect(self.url.as_str()).await.unwrap();
                for table in TABLES {
                    // As text: MySQL, unlike MariaDB, does not prepare it.
                    let check = sqlx::raw_sql(AssertSqlSafe(format!("CHECK TABLE {p}{table} EXTENDED")));
                    for told in check.fetch_all(&mut connection).await.unwrap() {
                        assert_eq!(told.get::<String, _>("Msg_text"), "OK", "{table} is broken");
                    }
                }
            }
            Database::Postgres => {
                // One after the other: two that find it missing at once both make it, and the second is refused.
                self.execute(
                    "DO $$ BEGIN PERFORM pg_advisory_xact_lock(7); CREATE EXTENSION IF NOT EXISTS amcheck; END $$",
                )
                .await;
                let check = format!(
                    "SELECT count(bt_index_check(c.oid, true)::text) FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid \
                     WHERE c.relname LIKE '{}%' AND c.relkind = 'i'",
                    p.replace('_', "\\_")
                );
                assert!(self.number(&check).await > 6);
            }
        }
    }

    /// Where every account is made with a key.
    pub(super) async fn assert_no_user_without_key(&self) {
        let p = &self.prefix;
        let lonely =
            format!("SELECT count(*) FROM {p}user u LEFT JOIN {p}key k ON k.user_id = u.id WHERE k.id IS NULL");
        assert_eq!(self.number(&lonely).await, 0, "a user without a key");
    }
}

pub(super) const TABLES: [&str; 8] = [
    "user",
    "key",
    "session",
    "attempt",
    "one_time_token",
    "outbox",
    "event",
    "signing_key",
];
