//! The conformance suite over pools of sqlx's.
#![expect(clippy::unwrap_used, reason = "a test reports by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use crate::{
    adapters::{SqliteAdapter, tests::CASES},
    testing::conformance,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_for_sqlite_conforms() {
    sqlite_conforms(4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_of_one_for_sqlite_conforms() {
    sqlite_conforms(1).await;
}

async fn sqlite_conforms(connections: u32) {
    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

    let directory = TempDir::new().unwrap();
    let number = AtomicUsize::new(0);
    let report = conformance::run(async || {
        let number = number.fetch_add(1, Ordering::SeqCst);
        let options = SqliteConnectOptions::new()
            .filename(directory.path().join(format!("{number}.db")))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Off);
        let pool = SqlitePoolOptions::new()
            .max_connections(connections)
            .connect_with(options)
            .await
            .unwrap();
        SqliteAdapter::from_pool(pool, "auth_").await.unwrap()
    })
    .await;
    assert_eq!(report.cases(), CASES);
}

/// Another process holds the database: the call is given up, and what it had begun meanwhile is undone by then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_over_a_pool_for_sqlite_ends_in_its_time_and_leaves_nothing_begun() {
    use std::time::{Duration, Instant};

    use sqlx::{
        Connection, Executor,
        sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions},
    };

    use crate::{
        ErrorKind, Timestamp,
        adapter::{Store, UserAdapter},
        adapters::PoolLimits,
        id::UserId,
        model::User,
    };

    let directory = TempDir::new().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(directory.path().join("auth.db"))
        .create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect_with(options.clone()).await.unwrap();
    let limits = PoolLimits::default().timeout(Duration::from_millis(200));
    let store = SqliteAdapter::from_pool_within(pool, "auth_", limits).await.unwrap();
    store.migrate().await.unwrap();
    let user = |name: &str| User::new(UserId::from(name), Timestamp::from_unix_ms(5));
    let mut rival = SqliteConnection::connect_with(&options).await.unwrap();
    rival.execute("BEGIN IMMEDIATE").await.unwrap();
    let began = Instant::now();
    let key = crate::model::KeyRecord {
        id: "email:ada".into(),
        user_id: "ada".into(),
        hashed_password: None,
        primary: true,
        expires: None,
        created_at: Timestamp::from_unix_ms(5),
        updated_at: Timestamp::from_unix_ms(5),
    };
    let late = store.set_user(&user("ada"), Some(&key)).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::DatabaseUpdateFailed);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    rival.execute("ROLLBACK").await.unwrap();
    // The pool has one connection: it is the one that was given up in the middle of an act.
    while store.set_user(&user("bob"), None).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(8), "it does not work again");
    }
    assert_eq!(store.get_user(&UserId::from("ada")).await.unwrap(), None);
    rival.execute("BEGIN IMMEDIATE").await.unwrap();
}

/// As over the library's own connections.
#[tokio::test]
async fn a_migration_over_a_pool_for_sqlite_waits_for_another_longer_than_a_write_does() {
    use std::time::Duration;

    use sqlx::{
        Connection, Executor,
        sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions},
    };

    use crate::adapter::Store;

    let directory = TempDir::new().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(directory.path().join("auth.db"))
        .create_if_missing(true)
        .busy_timeout(Duration::from_millis(200));
    let pool = SqlitePoolOptions::new().connect_with(options.clone()).await.unwrap();
    let store = SqliteAdapter::from_pool(pool, "auth_").await.unwrap();
    let mut rival = SqliteConnection::connect_with(&options).await.unwrap();
    // The second keeps readers out as well.
    for begin in ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"] {
        rival.execute(begin).await.unwrap();
        let done = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(500)).await;
            rival.execute("COMMIT").await.unwrap();
            rival
        });
        store.migrate().await.unwrap();
        rival = done.await.unwrap();
        assert!(store.migration_plan().await.unwrap().is_empty());
    }
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn a_pool_for_postgres_conforms() {
    use crate::adapters::{PostgresAdapter, postgres::tests::url};

    let pool = sqlx::PgPool::connect(&url()).await.unwrap();
    let number = AtomicUsize::new(0);
    let report = conformance::run(async || {
        let prefix = format!(
            "x{}.p{}_",
            crate::adapters::tests::this_run(),
            number.fetch_add(1, Ordering::SeqCst)
        );
        PostgresAdapter::from_pool(pool.clone(), &prefix).await.unwrap()
    })
    .await;
    assert_eq!(report.cases(), CASES);
}

#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
async fn a_pool_for_mysql_conforms() {
    use crate::adapters::{MysqlAdapter, mysql::tests::url};

    let pool = sqlx::MySqlPool::connect(&url()).await.unwrap();
    let number = AtomicUsize::new(0);
    let report = conformance::run(async || {
        let prefix = format!(
            "x{}_{}_",
            crate::adapters::tests::this_run(),
            number.fetch_add(1, Ordering::SeqCst)
        );
        MysqlAdapter::from_pool(pool.clone(), &prefix).await.unwrap()
    })
    .await;
    assert_eq!(report.cases(), CASES);
}

#[cfg(feature = "mysql")]
#[tokio::test]
#[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
async fn a_pool_for_mysql_that_would_cut_values_is_refused() {
    use sqlx::{Executor, mysql::MySqlPoolOptions};

    use crate::{
        ErrorKind,
        adapters::{MysqlAdapter, mysql::tests::url},
    };

    let with_mode = async |mode: &'static str| {
        let pool = MySqlPoolOptions::new()
            .after_connect(move |connection, _| Box::pin(async move { connection.execute(mode).await.map(drop) }));
        MysqlAdapter::from_pool(pool.connect(&url()).await.unwrap(), "auth_").await
    };
    let error = with_mode("SET sql_mode = 'NO_ENGINE_SUBSTITUTION'").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ValidationFailed);
    for mode in ["STRICT_ALL_TABLES", "STRICT_TRANS_TABLES", "TRADITIONAL"] {
        let set = sqlx::AssertSqlSafe(format!("SET sql_mode = '{mode}'"));
        let pool = MySqlPoolOptions::new()
            .max_connections(1)
            .connect(&url())
            .await
            .unwrap();
        pool.execute(set).await.unwrap();
        MysqlAdapter::from_pool(pool, "auth_").await.unwrap();
    }
}
