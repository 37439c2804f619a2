use std::{
    env,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use auth_core::adapters::{
    AnyAdapter, MysqlAdapter, MysqlOptions, PostgresAdapter, PostgresOptions, RedisOptions, RedisSessions,
    SqliteAdapter,
};

/// Where an application keeps things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    Memory,
    Sqlite,
    Postgres,
    Mysql,
    /// Sessions and attempts in Redis, everything else in SQLite.
    RedisSqlite,
    /// Sessions and attempts in Redis, everything else in PostgreSQL.
    RedisPostgres,
}

impl Store {
    /// An empty store that nobody else uses, on the servers that `tests/servers` starts.
    pub async fn open(self) -> AnyAdapter {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        static THIS_RUN: OnceLock<String> = OnceLock::new();
        // Numbers of processes come again, on a server that stays.
        let this_run = THIS_RUN.get_or_init(|| {
            auth_core::generate_random_string(6)
                .expect("it is random")
                .to_lowercase()
        });
        let name = format!("s{this_run}_{}", NUMBER.fetch_add(1, Ordering::SeqCst));
        match self {
            Self::Memory => AnyAdapter::connect("memory:").await.expect("there is memory"),
            Self::Sqlite => AnyAdapter::new(sqlite().await),
            Self::Postgres => AnyAdapter::new(postgres(name).await),
            Self::Mysql => {
                let options = MysqlOptions::new(url("AUTH_TEST_MYSQL"))
                    .table_prefix(name + "_")
                    .pool_size(4);
                AnyAdapter::new(MysqlAdapter::open(options).await.expect("MySQL answers"))
            }
            Self::RedisSqlite => AnyAdapter::new(sqlite().await).with_sessions(redis(&name).await),
            Self::RedisPostgres => {
                let sessions = redis(&name).await;
                AnyAdapter::new(postgres(name).await).with_sessions(sessions)
            }
        }
    }
}

async fn sqlite() -> SqliteAdapter {
    SqliteAdapter::connect("sqlite::memory:").await.expect("SQLite opens")
}

async fn postgres(name: String) -> PostgresAdapter {
    let options = PostgresOptions::new(url("AUTH_TEST_POSTGRES"))
        .schema(name)
        .pool_size(4)
        .readers(1);
    PostgresAdapter::open(options).await.expect("PostgreSQL answers")
}

async fn redis(name: &str) -> RedisSessions {
    let options = RedisOptions::new(url("AUTH_TEST_REDIS")).key_prefix(format!("{name}:"));
    RedisSessions::open(options).await.expect("Redis answers")
}

fn url(variable: &str) -> String {
    env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: see tests/servers"))
}
