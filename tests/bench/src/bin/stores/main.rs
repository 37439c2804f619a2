//! Operations a second of each store, beside the same single statement straight through its driver, in one run.
//!
//! Rounds are paired: in each, the adapter and the driver answer for the same time, one after the other and each of them first in
//! turn; what is printed are the medians of the rates, and of the rounds' ratios. By default a refresh writes nothing: its
//! statement is the lookup's.
//!
//! Servers are found by `AUTH_TEST_POSTGRES`, `AUTH_TEST_MYSQL` and `AUTH_TEST_REDIS`; a store whose variable is missing is left
//! out. `stores [PART]`: `memory`, `sqlite`, `postgres`, `mysql`, `redis`, or `growth`, from a thousand sessions to a million;
//! everything if nothing is said. `AUTH_TEST_POSTGRES_BUFFERS=1GB` in front of `tests/servers` gives PostgreSQL room for a
//! million and more.

mod acts;
mod growth;
mod mysql;
mod postgres;
mod redis;
mod rows;
mod sqlite;

use std::{
    cell::Cell,
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use auth_core::{
    Auth, IssuedSession, NewUser, Secret, SessionStrategy,
    adapter::{Adapter, SessionAdapter, SplitAdapter, Store},
    adapters::{
        AnyAdapter, MemoryAdapter, MysqlAdapter, MysqlOptions, PostgresAdapter, PostgresOptions, RedisSessions,
        SqliteAdapter,
    },
};
use futures_util::{StreamExt, stream::FuturesUnordered};

use self::redis::beside_redis;
use acts::acts;
use growth::{Beside, growth};
use mysql::beside_mysql_async;
use postgres::beside_tokio_postgres;
use sqlite::beside_rusqlite;

type Failure = Box<dyn std::error::Error>;

const ROUNDS: usize = 6;
const ROUND: Duration = Duration::from_millis(400);
/// How many ask at the same time.
const ASKING: usize = 16;

// One thread, as a worker of a server has it: more of them than cores, and what is measured is who runs when.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    println!(
        "{:<24} {:<12} {:>12} {:>12} {:>8}",
        "store", "act", "a second", "driver", "ratio"
    );
    let directory = tempfile::TempDir::new()?;
    let only = std::env::args().nth(1);
    let is_wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    let server = |part: &str, variable: &str| std::env::var(variable).ok().filter(|_| is_wanted(part));
    if is_wanted("memory") {
        acts("memory", AnyAdapter::new(MemoryAdapter::default())).await?;
    }
    if is_wanted("sqlite") {
        let file = directory.path().join("auth.db");
        let adapter = SqliteAdapter::connect(&format!("sqlite://{}", file.display())).await?;
        acts("sqlite", AnyAdapter::new(adapter.clone())).await?;
        beside_rusqlite(&file, &adapter).await?;
    }
    if let Some(url) = server("postgres", "AUTH_TEST_POSTGRES") {
        for size in [1, 10] {
            let schema = format!("b{}_{size}", std::process::id());
            let options = PostgresOptions::new(&url)
                .schema(&schema)
                .pool_size(size)
                .readers(size.min(2));
            let adapter = PostgresAdapter::open(options).await?;
            acts(&format!("postgres, {size}"), AnyAdapter::new(adapter.clone())).await?;
            beside_tokio_postgres(&url, &schema, size.min(2), size, &adapter).await?;
            // The same statements through sqlx, for applications that have its pool.
            let pool = sqlx::postgres::PgPoolOptions::new()
                .max_connections(u32::try_from(size)?)
                .connect(&url)
                .await?;
            let prefix = format!("{schema}.auth_");
            acts(
                &format!("postgres sqlx, {size}"),
                AnyAdapter::new(PostgresAdapter::from_pool(pool, &prefix).await?),
            )
            .await?;
        }
    }
    if let Some(url) = server("mysql", "AUTH_TEST_MYSQL") {
        for size in [1, 10] {
            let prefix = format!("b{}_{size}_", std::process::id());
            let options = MysqlOptions::new(&url).table_prefix(&prefix).pool_size(size);
            let adapter = MysqlAdapter::open(options).await?;
            acts(&format!("mysql, {size}"), AnyAdapter::new(adapter.clone())).await?;
            beside_mysql_async(&url, &prefix, size, &adapter).await?;
        }
    }
    if let Some(url) = server("redis", "AUTH_TEST_REDIS") {
        let sessions = RedisSessions::connect(&url).await?;
        let adapter = AnyAdapter::new(SplitAdapter::new(MemoryAdapter::default(), sessions));
        acts("redis", adapter.clone()).await?;
        beside_redis(&url, &adapter).await?;
    }
    let nothing = || -> Work { Box::pin(async {}) };
    if is_wanted("growth") {
        let file = directory.path().join("growth.db");
        let adapter = AnyAdapter::new(SqliteAdapter::connect(&format!("sqlite://{}", file.display())).await?);
        adapter.migrate().await?;
        let drivers = vec![
            ("rusqlite", sqlite::lookups(&file)?),
            ("sqlx", sqlite::lookups_of_sqlx(&file).await?),
        ];
        growth(
            "sqlite",
            adapter,
            Beside {
                settle: &nothing,
                drivers,
            },
        )
        .await?;
    }
    if let Some(url) = server("growth", "AUTH_TEST_REDIS") {
        let sessions = RedisSessions::connect(&url).await?;
        let adapter = AnyAdapter::new(SplitAdapter::new(MemoryAdapter::default(), sessions));
        let asked = adapter.clone();
        let lookup =
            Box::pin(async move { assert!(asked.get_session(&"nobody".into()).await.expect("it answers").is_none()) });
        let drivers = vec![("redis-rs", self::redis::lookups(&url, lookup).await?)];
        growth(
            "redis",
            adapter,
            Beside {
                settle: &nothing,
                drivers,
            },
        )
        .await?;
    }
    if let Some(url) = server("growth", "AUTH_TEST_MYSQL") {
        let prefix = format!("g{}_", std::process::id());
        let adapter = AnyAdapter::new(MysqlAdapter::open(MysqlOptions::new(&url).table_prefix(&prefix)).await?);
        let drivers = vec![("mysql_async", mysql::lookups(&url, &prefix)?)];
        growth(
            "mysql",
            adapter,
            Beside {
                settle: &nothing,
                drivers,
            },
        )
        .await?;
    }
    if let Some(url) = server("growth", "AUTH_TEST_POSTGRES") {
        let schema = format!("g{}", std::process::id());
        let adapter = AnyAdapter::new(PostgresAdapter::open(PostgresOptions::new(&url).schema(&schema)).await?);
        adapter.migrate().await?;
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        let client = Arc::new(client);
        let settle = || -> Work {
            let (client, vacuum) = (Arc::clone(&client), format!("VACUUM (ANALYZE) {schema}.auth_session"));
            Box::pin(async move {
                client.simple_query(&vacuum).await.expect("it answers");
                client.simple_query("CHECKPOINT").await.expect("it answers");
            })
        };
        let buffers: String = client.query_one("SHOW shared_buffers", &[]).await?.get(0);
        println!("postgres has {buffers} of shared_buffers");
        let drivers = vec![
            ("tokio-postgres", postgres::lookups(&url, &schema).await?),
            ("sqlx", postgres::lookups_of_sqlx(&url, &schema).await?),
        ];
        growth(
            "postgres",
            adapter,
            Beside {
                settle: &settle,
                drivers,
            },
        )
        .await?;
    }
    Ok(())
}

fn build(adapter: impl Adapter, sessions: impl Into<SessionStrategy>) -> Result<Auth, Failure> {
    Ok(Auth::builder(adapter)
        .secret(Secret::new("a secret of the bench, 32 bytes and more"))
        .base_url("http://localhost")
        .sessions(sessions)
        .build()?)
}

/// A user, once for all; and sessions of it.
async fn session(auth: &Auth) -> Result<IssuedSession, Failure> {
    // The second time the user is there.
    let _ = auth
        .create_user(NewUser::with_password("username", "ada", "correct horse battery"))
        .await;
    let proof = auth
        .authenticate_user("username", "ada", "correct horse battery")
        .await?;
    Ok(auth.create_session(&proof, Default::default()).await?)
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Ours and the driver's in turn.
async fn beside<F: Future<Output = ()>>(store: &str, act: &str, ours: impl Fn() -> Work, driver: impl Fn() -> F) {
    let (mut rates, mut ratios) = ([Vec::new(), Vec::new()], Vec::new());
    for round in 0..=ROUNDS {
        let (own, bare) = if round % 2 == 0 {
            (once(&ours).await, once(&driver).await)
        } else {
            let bare = once(&driver).await;
            (once(&ours).await, bare)
        };
        // The first round warms.
        if round > 0 {
            rates[0].push(own);
            rates[1].push(bare);
            ratios.push(own / bare);
        }
    }
    let [own, bare] = rates.map(median);
    print(store, act, own, Some((bare, median(ratios))));
}

async fn rate<F: Future<Output = ()>>(act: impl Fn() -> F) -> f64 {
    let mut rates = Vec::new();
    for round in 0..=ROUNDS {
        let rate = once(&act).await;
        if round > 0 {
            rates.push(rate);
        }
    }
    median(rates)
}

/// How often a second, with all who ask asking one thing after the other.
async fn once<F: Future<Output = ()>>(act: &impl Fn() -> F) -> f64 {
    let (start, done) = (Instant::now(), Cell::new(0_u32));
    let asking = async || {
        while start.elapsed() < ROUND {
            act().await;
            done.set(done.get() + 1);
        }
    };
    let all: FuturesUnordered<_> = (0..ASKING).map(|_| asking()).collect();
    all.collect::<()>().await;
    f64::from(done.get()) / start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 0 {
        f64::midpoint(values[middle - 1], values[middle])
    } else {
        values[middle]
    }
}

/// A line: a rate, and beside it another and their ratio.
fn print(store: &str, act: &str, rate: f64, beside: Option<(f64, f64)>) {
    let (driver, ratio) = match beside {
        Some((driver, ratio)) => (format!("{driver:.0}"), format!("{ratio:.2}")),
        None => Default::default(),
    };
    println!("{store:<24} {act:<12} {rate:>12.0} {driver:>12} {ratio:>8}");
}
