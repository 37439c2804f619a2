use std::{
    collections::HashSet,
    env,
    sync::atomic::{AtomicUsize, Ordering},
};

use auth_core::{
    SessionPatch, Timestamp, UserId,
    adapter::{AttemptAdapter, SessionAdapter, SigningKeyAdapter},
    adapters::{AnyAdapter, RedisSessions},
};
use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use tempfile::TempDir;
use url::Url;

use super::redis_database::RedisDatabase;

/// Which store an application runs on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
    Mysql,
    /// Sessions and attempts in Redis, everything else in SQLite.
    RedisSqlite,
    /// Sessions and attempts in Redis, everything else in PostgreSQL.
    RedisPostgres,
}

/// A store of one test, empty at first.
pub(crate) struct Place {
    database: Database,
    sessions: Option<RedisDatabase>,
}

enum Database {
    /// In its directory.
    File(TempDir),
    /// Its own URL, and that of the database it was made from.
    OnServer { url: Url, made_at: Url },
}

impl Place {
    pub(crate) async fn new(kind: Kind) -> Self {
        sqlx::any::install_default_drivers();
        let database = match kind {
            Kind::Sqlite | Kind::RedisSqlite => Database::File(TempDir::new().unwrap()),
            Kind::Postgres | Kind::RedisPostgres => Database::create("AUTH_TEST_POSTGRES").await,
            Kind::Mysql => Database::create("AUTH_TEST_MYSQL").await,
        };
        let sessions = match kind {
            Kind::RedisSqlite | Kind::RedisPostgres => Some(RedisDatabase::claim(server("AUTH_TEST_REDIS")).await),
            Kind::Sqlite | Kind::Postgres | Kind::Mysql => None,
        };
        Self { database, sessions }
    }

    /// What an application is told to find it.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--database".to_owned(), self.database.url()];
        if let Some(sessions) = &self.sessions {
            arguments.extend(["--sessions".to_owned(), sessions.url()]);
        }
        arguments
    }

    /// Where its database is.
    pub(super) fn url(&self) -> Url {
        Url::parse(&self.database.url()).unwrap()
    }

    /// A day passes, as far as the store is concerned.
    pub(super) async fn age_sessions(&self, user_id: &str) {
        let adapter = self.adapter().await;
        for session in adapter.get_sessions_by_user_id(&UserId::from(user_id)).await.unwrap() {
            let earlier = session.active_expires.as_unix_ms() - 90_000_000;
            let patch = SessionPatch {
                active_expires: Some(Timestamp::from_unix_ms(earlier)),
                ..SessionPatch::default()
            };
            adapter.update_session(&session.id, &patch).await.unwrap();
        }
    }

    /// So does the time after which the next mail may be asked for.
    pub(super) async fn forget_attempts(&self) {
        // Far enough for every window.
        let later = Timestamp::from_unix_ms(4_102_444_800_000);
        self.adapter().await.delete_expired_attempts(later).await.unwrap();
    }

    pub(super) async fn count_sessions(&self, user_id: &str) -> usize {
        let adapter = self.adapter().await;
        adapter
            .get_sessions_by_user_id(&UserId::from(user_id))
            .await
            .unwrap()
            .len()
    }

    pub(super) async fn count_signing_keys(&self) -> usize {
        self.adapter().await.get_signing_keys().await.unwrap().len()
    }

    /// How many rows of the database there are, of a table and with a condition.
    pub(crate) async fn count(&self, rows: &str) -> i64 {
        let mut connection = self.connect().await;
        let count: (i64,) = sqlx::query_as(AssertSqlSafe(format!("SELECT count(*) FROM {rows}")))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        count.0
    }

    /// What one column of the database holds.
    pub(crate) async fn texts(&self, select: &'static str) -> HashSet<String> {
        let mut connection = self.connect().await;
        let rows: Vec<(String,)> = sqlx::query_as(select).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        rows.into_iter().map(|(text,)| text).collect()
    }

    pub(crate) async fn execute(&self, sql: &str) {
        execute(&self.url(), sql.to_owned()).await;
    }

    /// A file can be broken without a row of it being wrong.
    pub(crate) async fn assert_sound(&self) {
        if let Database::File(_) = self.database {
            for nothing in [
                "pragma_integrity_check WHERE integrity_check <> 'ok'",
                "pragma_foreign_key_check",
            ] {
                assert_eq!(self.count(nothing).await, 0, "{nothing}");
            }
        }
    }

    async fn connect(&self) -> AnyConnection {
        AnyConnection::connect(&self.database.url()).await.unwrap()
    }

    /// Removes what is not gone by itself.
    pub(crate) async fn remove(self) {
        if let Database::OnServer { url, made_at } = &self.database {
            let name = url.path().trim_start_matches('/');
            // An application that was killed may be connected for a moment longer.
            let force = if url.scheme() == "mysql" { "" } else { " WITH (FORCE)" };
            execute(made_at, format!("DROP DATABASE {name}{force}")).await;
        }
        if let Some(sessions) = self.sessions {
            sessions.release().await;
        }
    }

    async fn adapter(&self) -> AnyAdapter {
        let adapter = AnyAdapter::connect(&self.database.url()).await.unwrap();
        match &self.sessions {
            Some(sessions) => adapter.with_sessions(RedisSessions::connect(&sessions.url()).await.unwrap()),
            None => adapter,
        }
    }
}

impl Database {
    async fn create(variable: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let made_at = server(variable);
        // Numbers of processes come again, on a server that stays.
        let random = auth_core::generate_random_string(8).unwrap().to_lowercase();
        let name = format!("walk_{random}_{}", NUMBER.fetch_add(1, Ordering::SeqCst));
        execute(&made_at, format!("CREATE DATABASE {name}")).await;
        let mut url = made_at.clone();
        url.set_path(&name);
        Self::OnServer { url, made_at }
    }

    fn url(&self) -> String {
        match self {
            Self::File(directory) => format!("sqlite://{}", directory.path().join("walk.db").display()),
            Self::OnServer { url, .. } => url.to_string(),
        }
    }
}

async fn execute(url: &Url, sql: String) {
    let mut connection = AnyConnection::connect(url.as_str()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

fn server(variable: &str) -> Url {
    let url = env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: see tests/servers"));
    Url::parse(&url).unwrap()
}

/// Runs each story on every store.
macro_rules! on_every_place {
    ($($story:ident,)+) => {
        $crate::walk::place::on_place![sqlite Sqlite []: $($story,)+];
        $crate::walk::place::on_place![postgres Postgres ["needs a PostgreSQL server: AUTH_TEST_POSTGRES"]: $($story,)+];
        $crate::walk::place::on_place![mysql Mysql ["needs a MySQL server: AUTH_TEST_MYSQL"]: $($story,)+];
        $crate::walk::place::on_place![redis_sqlite RedisSqlite ["needs a Redis server: AUTH_TEST_REDIS"]: $($story,)+];
        $crate::walk::place::on_place![
            redis_postgres RedisPostgres
            ["needs a Redis and a PostgreSQL server: AUTH_TEST_REDIS, AUTH_TEST_POSTGRES"]: $($story,)+
        ];
    };
}
pub(crate) use on_every_place;

/// Each story on one store.
macro_rules! on_place {
    ($module:ident $kind:ident $needs:tt: $($story:ident,)+) => {
        mod $module {
            $($crate::walk::place::on_place![$story, $kind, $needs];)+
        }
    };
    ($story:ident, $kind:ident, [$($needs:literal)?]) => {
        #[tokio::test]
        $(#[ignore = $needs])?
        async fn $story() {
            let place = $crate::walk::Place::new($crate::walk::place::Kind::$kind).await;
            super::$story(&place).await;
            place.remove().await;
        }
    };
}
pub(crate) use on_place;
