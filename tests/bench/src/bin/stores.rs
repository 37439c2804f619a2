//! Operations a second of each store, beside the same single statement straight through its driver, in one run.
//!
//! Rounds are paired: in each, the adapter and the driver answer for the same time, one after the other; what is printed
//! is the median of the rates and of their ratio. Servers are found by `AUTH_TEST_POSTGRES`, `AUTH_TEST_MYSQL` and
//! `AUTH_TEST_REDIS`; a store whose variable is missing is left out. `stores [PART]`: `memory`, `sqlite`, `postgres`, `mysql`,
//! `redis`, or `growth`, from a thousand sessions to a million; everything if nothing is said.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use auth_core::{
    Auth, IssuedSession, KeyId, NewUser, Proof, Secret, SessionConfig, SessionId, SessionStrategy, SessionToken, Tokens,
    adapter::{Adapter, SessionAdapter, SplitAdapter},
    adapters::{
        AnyAdapter, MemoryAdapter, MysqlAdapter, MysqlOptions, PostgresAdapter, PostgresOptions, RedisSessions, SqliteAdapter,
    },
};

use mysql_async::prelude::Queryable;
use tokio::task::JoinSet;

type Failure = Box<dyn std::error::Error>;

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(400);
/// Sessions that an act is done to.
const SESSIONS: usize = 500;
/// Whose sessions are made.
const USERS: usize = 200;
/// Tasks that ask at the same time.
const ASKING: usize = 16;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    println!("{:<20} {:<12} {:>12} {:>12} {:>8}", "store", "act", "a second", "driver", "ratio");
    let directory = tempfile::TempDir::new()?;
    let only = std::env::args().nth(1);
    let is_wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    let server = |part: &str, variable: &str| std::env::var(variable).ok().filter(|_| is_wanted(part));
    if is_wanted("memory") {
        acts("memory", AnyAdapter::new(MemoryAdapter::default())).await?;
    }
    if is_wanted("sqlite") {
        let file = format!("sqlite://{}", directory.path().join("auth.db").display());
        acts("sqlite", AnyAdapter::new(SqliteAdapter::connect(&file).await?)).await?;
    }
    if let Some(url) = server("postgres", "AUTH_TEST_POSTGRES") {
        for size in [1, 10] {
            let schema = format!("b{}_{size}", std::process::id());
            let options = PostgresOptions::new(&url).schema(&schema).pool_size(size).readers(size.min(2));
            let adapter = PostgresAdapter::open(options).await?;
            acts(&format!("postgres, {size}"), AnyAdapter::new(adapter.clone())).await?;
            beside_tokio_postgres(&url, &schema, size.min(2), size, &adapter).await?;
            // The same statements through sqlx, for applications that have its pool.
            let pool = sqlx::postgres::PgPoolOptions::new().max_connections(u32::try_from(size)?).connect(&url).await?;
            let prefix = format!("{schema}.auth_");
            acts(&format!("postgres sqlx, {size}"), AnyAdapter::new(PostgresAdapter::from_pool(pool, &prefix).await?)).await?;
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
        acts("redis", AnyAdapter::new(SplitAdapter::new(MemoryAdapter::default(), sessions.clone()))).await?;
        beside_redis(&url, &sessions).await?;
    }
    if is_wanted("growth") {
        let file = format!("sqlite://{}", directory.path().join("growth.db").display());
        growth("sqlite", AnyAdapter::new(SqliteAdapter::connect(&file).await?), async || Ok(())).await?;
    }
    if let Some(url) = server("growth", "AUTH_TEST_POSTGRES") {
        let schema = format!("g{}", std::process::id());
        let options = PostgresOptions::new(&url).schema(&schema);
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        // What the server does by itself a while after so many inserts.
        let settle = async || {
            client.simple_query(&format!("VACUUM (ANALYZE) {schema}.auth_session")).await?;
            client.simple_query("CHECKPOINT").await?;
            Ok(())
        };
        growth("postgres", AnyAdapter::new(PostgresAdapter::open(options).await?), settle).await?;
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
    let _ = auth.create_user(NewUser::with_password("username", "ada", "correct horse battery")).await;
    let proof = auth.authenticate_user("username", "ada", "correct horse battery").await?;
    Ok(auth.create_session(&proof, Default::default()).await?)
}

/// What an application asks of a store, through the core.
async fn acts(store: &str, adapter: AnyAdapter) -> Result<(), Failure> {
    let auth = build(adapter.clone(), SessionConfig::default())?;
    auth.migrate().await?;
    let issued = session(&auth).await?;
    let token = Arc::new(SessionToken::parse(&issued.token.expose())?);
    let validated = rate(|| {
        let (auth, token) = (auth.clone(), Arc::clone(&token));
        async move { auth.validate_session_user(&token).await.map(drop).expect("it is valid") }
    });
    print(store, "validate", validated.await, None);
    // Of many users: thousands of sessions of one are nobody's day.
    let mut proofs = Vec::new();
    for number in 0..USERS {
        let name = format!("user{number}");
        let _ = auth.create_user(NewUser::with_password("username", &name, "correct horse battery")).await;
        proofs.push(auth.authenticate_user("username", &name, "correct horse battery").await?);
    }
    let (proofs, next) = (Arc::new(proofs), AtomicUsize::new(0));
    let created = rate(|| {
        let (auth, proofs, at) = (auth.clone(), Arc::clone(&proofs), next.fetch_add(1, Ordering::Relaxed) % USERS);
        async move {
            let proof = &proofs[at];
            auth.create_session(proof, Default::default()).await.map(drop).expect("it is made") }
    });
    print(store, "create", created.await, None);
    let renewed = each(&auth, &proofs, |auth, issued| async move {
        auth.renew_session(&issued.token).await.map(drop).expect("it is renewed");
    });
    print(store, "renew", renewed.await?, None);
    let revoked = each(&auth, &proofs, |auth, issued| async move {
        auth.invalidate_session(&issued.session.id).await.expect("it is ended");
    });
    print(store, "revoke", revoked.await?, None);
    let tokens = build(adapter, Tokens::default())?;
    let refreshed = each(&tokens, &proofs, |auth, issued| async move {
        let tokens = issued.tokens.expect("tokens");
        auth.refresh_session(tokens.refresh.expose()).await.map(drop).expect("it is refreshed");
    });
    print(store, "refresh", refreshed.await?, None);
    Ok(())
}

/// A lookup and a deletion, through the adapter and straight through tokio-postgres: lookups on connections that are shared,
/// a deletion on one that nobody else uses meanwhile, because the commits of a shared one would wait for each other's disk.
async fn beside_tokio_postgres(
    url: &str,
    schema: &str,
    readers: usize,
    writers: usize,
    adapter: &PostgresAdapter,
) -> Result<(), Failure> {
    let mut clients = Vec::new();
    for _ in 0..readers {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        let select = format!(
            "SELECT s.*, u.* FROM {schema}.auth_session s JOIN {schema}.auth_user u ON u.id = s.user_id WHERE s.id = $1"
        );
        let select = client.prepare(&select).await?;
        clients.push((client, select));
    }
    let removal: Arc<str> = format!("DELETE FROM {schema}.auth_session WHERE id = $1").into();
    let manager = deadpool_postgres::Manager::from_config(
        url.parse()?,
        tokio_postgres::NoTls,
        deadpool_postgres::ManagerConfig { recycling_method: deadpool_postgres::RecyclingMethod::Fast },
    );
    let pool = deadpool_postgres::Pool::builder(manager).max_size(writers).build()?;
    let clients = Arc::new(clients);
    let next = Arc::new(AtomicUsize::new(0));
    let id = one_of(adapter).await?;
    let label = format!("postgres, {readers} conn");
    beside(&label, "lookup", lookup(adapter, &id), || {
        let (clients, id, at) = (Arc::clone(&clients), id.to_string(), next.fetch_add(1, Ordering::Relaxed) % readers);
        async move {
            let (client, select) = &clients[at];
            assert_eq!(client.query(select, &[&id]).await.expect("it answers").len(), 1);
        }
    })
    .await;
    beside(&label, "delete", delete(adapter), || {
        let (pool, removal) = (pool.clone(), Arc::clone(&removal));
        async move {
            let client = pool.get().await.expect("it answers");
            let removal = client.prepare_cached(&removal).await.expect("it answers");
            client.execute(&removal, &[&"nobody"]).await.map(drop).expect("it answers");
        }
    })
    .await;
    Ok(())
}

async fn beside_mysql_async(url: &str, prefix: &str, size: usize, adapter: &MysqlAdapter) -> Result<(), Failure> {
    let constraints = mysql_async::PoolConstraints::new(0, size).ok_or("a size")?;
    // As our adapter has it; by default the pool closes connections as soon as nobody uses them.
    let pool = mysql_async::PoolOpts::default()
        .with_constraints(constraints)
        .with_reset_connection(false)
        .with_inactive_connection_ttl(Duration::from_secs(60));
    let opts = mysql_async::OptsBuilder::from_opts(mysql_async::Opts::from_url(url)?)
        .pool_opts(pool)
        .prefer_socket(false)
        .stmt_cache_size(128)
        .client_found_rows(true);
    let pool = mysql_async::Pool::new(opts);
    let select: Arc<str> = format!(
        "SELECT s.*, u.* FROM {prefix}session s JOIN {prefix}user u ON u.id = s.user_id WHERE s.id = ?"
    )
    .into();
    let removal: Arc<str> = format!("DELETE FROM {prefix}session WHERE id = ?").into();
    let id = one_of(adapter).await?;
    let label = format!("mysql, {size} conn");
    beside(&label, "lookup", lookup(adapter, &id), || {
        let (pool, select, id) = (pool.clone(), Arc::clone(&select), id.to_string());
        async move {
            let mut conn = pool.get_conn().await.expect("it answers");
            let rows: Vec<mysql_async::Row> = conn.exec(&*select, (id,)).await.expect("it answers");
            assert_eq!(rows.len(), 1);
        }
    })
    .await;
    beside(&label, "delete", delete(adapter), || {
        let (pool, removal) = (pool.clone(), Arc::clone(&removal));
        async move {
            let mut conn = pool.get_conn().await.expect("it answers");
            conn.exec_drop(&*removal, ("nobody",)).await.expect("it answers");
        }
    })
    .await;
    Ok(())
}

async fn beside_redis(url: &str, sessions: &RedisSessions) -> Result<(), Failure> {
    let connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
    let id = SessionId::from("of-the-bench");
    let mut command = redis::cmd("KEYS");
    let keys: Vec<String> = command.arg("auth:s:*").query_async(&mut connection.clone()).await?;
    let key = keys.first().ok_or("a session")?.clone();
    let there = SessionId::from(key.trim_start_matches("auth:s:").trim_matches(['{', '}']));
    beside("redis", "lookup", lookup(sessions, &there), || {
        let (mut connection, key) = (connection.clone(), key.clone());
        async move {
            let mut command = redis::cmd("HMGET");
            command.arg(&key).arg(&["h", "u", "f", "x", "p", "d", "m"]);
            let fields: Vec<Option<Vec<u8>>> = command.query_async(&mut connection).await.expect("it answers");
            assert!(fields[0].is_some());
        }
    })
    .await;
    // What our script does to somebody who is not there, so that it is the same work for the server.
    let removal = Arc::new(redis::Script::new(
        "local user = redis.call('HGET', KEYS[1], 'u') redis.call('DEL', KEYS[1]) return user",
    ));
    beside("redis", "delete", delete(sessions), || {
        let (mut connection, id, removal) = (connection.clone(), id.clone(), Arc::clone(&removal));
        async move {
            let removal = removal.key(id.as_str());
            removal.invoke_async::<Option<String>>(&mut connection).await.map(drop).expect("it answers");
        }
    })
    .await;
    Ok(())
}

/// One lookup among a thousand sessions, and among a million; of a thousand users.
async fn growth(store: &str, adapter: AnyAdapter, settle: impl AsyncFn() -> Result<(), Failure>) -> Result<(), Failure> {
    let auth = build(adapter.clone(), SessionConfig::default())?;
    auth.migrate().await?;
    let mut users = Vec::new();
    for number in 0..1_000 {
        users.push(auth.create_user(NewUser::with_key("of-growth", number.to_string())).await?.id);
    }
    let template = {
        let issued = session(&auth).await?;
        adapter.get_session(&issued.session.id).await?.ok_or("a session")?
    };
    let (mut made, mut few) = (0_usize, 0.0);
    for (count, name) in [(1_000_usize, "1 k sessions"), (1_000_000, "1 M sessions")] {
        while made < count {
            let batch = (made..count.min(made + 512)).map(|number| {
                let (mut record, adapter) = (template.clone(), adapter.clone());
                record.id = SessionId::from(format!("growth{number}"));
                record.user_id = users[number % users.len()].clone();
                async move { adapter.set_session(&record).await }
            });
            made += batch.len();
            for stored in futures_util::future::join_all(batch).await {
                stored?;
            }
        }
        settle().await?;
        let next = Arc::new(AtomicUsize::new(0));
        let found = rate(|| {
            // A step that meets all of them, far apart.
            let number = next.fetch_add(1, Ordering::Relaxed).wrapping_mul(7_919) % count;
            let (adapter, id) = (adapter.clone(), SessionId::from(format!("growth{number}")));
            async move {
                let found = adapter.get_session_and_user(&id).await.expect("it answers");
                assert!(found.is_some());
            }
        })
        .await;
        print(store, name, found, (few > 0.0).then_some(few));
        few = found;
    }
    Ok(())
}

async fn one_of(adapter: &impl Adapter) -> Result<SessionId, Failure> {
    let (_, user) = adapter.get_key_and_user(&KeyId::new("username", "ada")?).await?.ok_or("a user")?;
    let sessions = adapter.get_sessions_by_user_id(&user.id).await?;
    Ok(sessions.first().ok_or("a session")?.id.clone())
}

fn lookup<A: SessionAdapter + Clone>(adapter: &A, id: &SessionId) -> impl Fn() -> Work + use<A> {
    let (adapter, id) = (adapter.clone(), id.clone());
    move || {
        let (adapter, id) = (adapter.clone(), id.clone());
        Box::pin(async move { assert!(adapter.get_session(&id).await.expect("it answers").is_some()) })
    }
}

fn delete<A: SessionAdapter + Clone>(adapter: &A) -> impl Fn() -> Work + use<A> {
    let (adapter, nobody) = (adapter.clone(), SessionId::from("nobody"));
    move || {
        let (adapter, nobody) = (adapter.clone(), nobody.clone());
        Box::pin(async move { assert!(!adapter.delete_session(&nobody).await.expect("it answers")) })
    }
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Ours and the driver's in turn; the ratio is of the same round.
async fn beside<F: Future<Output = ()> + Send + 'static>(
    store: &str,
    act: &str,
    ours: impl Fn() -> Work,
    driver: impl Fn() -> F,
) {
    let (mut own, mut bare) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let (first, second) = (once(&ours).await, once(&driver).await);
        // The first round warms.
        if round > 0 {
            own.push(first);
            bare.push(second);
        }
    }
    print(store, act, median(own), Some(median(bare)));
}

async fn rate<F: Future<Output = ()> + Send + 'static>(act: impl Fn() -> F) -> f64 {
    let mut rates = Vec::new();
    for round in 0..=ROUNDS {
        let rate = once(&act).await;
        if round > 0 {
            rates.push(rate);
        }
    }
    median(rates)
}

/// How often a second, with all tasks asking one thing after the other.
async fn once<F: Future<Output = ()> + Send + 'static>(act: &impl Fn() -> F) -> f64 {
    let start = Instant::now();
    let (mut asking, mut done) = (JoinSet::new(), 0_u32);
    for _ in 0..ASKING {
        asking.spawn(act());
    }
    while asking.join_next().await.is_some() {
        done += 1;
        if start.elapsed() < ROUND {
            asking.spawn(act());
        }
    }
    f64::from(done) / start.elapsed().as_secs_f64()
}

/// An act that is done once to each of many new sessions.
async fn each<F: Future<Output = ()> + Send + 'static>(
    auth: &Auth,
    proofs: &[Proof],
    act: impl Fn(Auth, IssuedSession) -> F,
) -> Result<f64, Failure> {
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let mut sessions = Vec::new();
        for number in 0..SESSIONS {
            sessions.push(auth.create_session(&proofs[number % proofs.len()], Default::default()).await?);
        }
        let (start, mut acting) = (Instant::now(), JoinSet::new());
        for issued in sessions {
            if acting.len() == ASKING {
                acting.join_next().await;
            }
            acting.spawn(act(auth.clone(), issued));
        }
        acting.join_all().await;
        rates.push(SESSIONS as f64 / start.elapsed().as_secs_f64());
    }
    Ok(median(rates))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print(store: &str, act: &str, rate: f64, beside: Option<f64>) {
    let (driver, ratio) = match beside {
        Some(driver) => (format!("{driver:.0}"), format!("{:.2}", rate / driver)),
        None => Default::default(),
    };
    println!("{store:<20} {act:<12} {rate:>12.0} {driver:>12} {ratio:>8}");
}
