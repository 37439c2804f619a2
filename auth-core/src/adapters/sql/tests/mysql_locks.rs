//! On MySQL and MariaDB, the lock of those who migrate is one of the server's, and ends with a connection.

use std::time::Duration;

use mysql_async::{Conn, prelude::Queryable};

use crate::{
    adapter::Store,
    adapters::{
        MysqlAdapter,
        mysql::tests::{options, url},
        sql::{SqlAdapter, SqlValue, Statement, Step},
    },
};

/// How long a call may take.
const PATIENCE: Duration = Duration::from_millis(400);

/// The name of the lock, in SQL.
fn lock(sql: &SqlAdapter, database: Option<&str>) -> String {
    let (_, unlock) = (sql.dialect().lock)(database, &format!("{}migration", sql.tables.prefix));
    let name = unlock[0].strip_prefix("DO RELEASE_LOCK(");
    name.and_then(|name| name.strip_suffix(')')).unwrap().to_owned()
}

/// Takes the lock on a connection of its own.
async fn take(name: &str) -> Conn {
    let mut other = Conn::from_url(url()).await.unwrap();
    let taken: Option<Option<i64>> = other.query_first(format!("SELECT GET_LOCK({name}, 10)")).await.unwrap();
    assert_eq!(taken, Some(Some(1)));
    other
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
async fn a_migration_waits_for_another_longer_than_a_statement_may_take() {
    let options = options().timeout(PATIENCE).pool_size(1);
    let adapter = MysqlAdapter::open(options).await.unwrap();
    waits_for_another(&adapter).await;

    // What is no migration is bounded as before.
    let is_mariadb = adapter.sql().dialect().table_options.contains("nopad");
    let limit = if is_mariadb {
        "CAST(@@max_statement_time * 1000 AS SIGNED)"
    } else {
        "CAST(@@max_execution_time AS SIGNED)"
    };
    let rows = adapter
        .sql()
        .driver
        .fetch(Statement::text(format!("SELECT {limit}")))
        .await;
    assert!(rows.unwrap() == [[SqlValue::Integer(400)]]);
}

#[cfg(feature = "sqlx")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
async fn a_migration_over_a_pool_waits_for_another_longer_than_a_call_may_take() {
    let prefix = format!("w{}_", crate::adapters::tests::this_run());
    let pool = sqlx::mysql::MySqlPoolOptions::new().max_connections(1);
    let pool = pool.connect(&url()).await.unwrap();
    let limits = crate::adapters::PoolLimits::default().timeout(PATIENCE);
    let adapter = MysqlAdapter::from_pool_within(pool, &prefix, limits).await.unwrap();
    waits_for_another(&adapter).await;
}

async fn waits_for_another(adapter: &MysqlAdapter) {
    let other = take(&lock(adapter.sql(), None)).await;
    let migrating = tokio::spawn({
        let adapter = adapter.clone();
        async move { adapter.migrate().await }
    });
    tokio::time::sleep(PATIENCE * 3).await;
    assert!(!migrating.is_finished());
    other.disconnect().await.unwrap();
    migrating.await.unwrap().unwrap();
    assert!(adapter.migration_plan().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
async fn a_migration_does_not_wait_for_that_of_another_database() {
    // As long as prefixes get.
    let prefix = format!("{:_<32}", format!("y{}", crate::adapters::tests::this_run()));
    let adapter = MysqlAdapter::open(options().table_prefix(prefix)).await.unwrap();
    let other = take(&lock(adapter.sql(), Some("elsewhere"))).await;
    let migrated = tokio::time::timeout(Duration::from_secs(30), adapter.migrate()).await;
    migrated.unwrap().unwrap();
    other.disconnect().await.unwrap();
}

/// Fails in the middle of a migration.
async fn leaves_no_lock(adapter: &MysqlAdapter) {
    let sql = adapter.sql();
    let (before, after) = (sql.dialect().lock)(None, &format!("{}migration", sql.tables.prefix));
    let table = format!("{}lost", sql.tables.prefix);
    let statements = [
        format!("CREATE TABLE {table} (id INT PRIMARY KEY)"),
        // Somebody else was faster.
        format!("INSERT INTO {table} VALUES (1), (1)"),
    ];
    let steps = before.into_iter().chain(statements).chain(after);
    let lost = sql.write(steps.map(Statement::text).map(Step::any).collect()).await;
    assert!(lost.is_err_and(|error| error.kind.is_duplicate()));
    take(&lock(sql, None)).await.disconnect().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
async fn a_migration_that_fails_leaves_no_lock() {
    leaves_no_lock(&MysqlAdapter::open(options()).await.unwrap()).await;
}

#[cfg(feature = "sqlx")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
async fn a_migration_over_a_pool_that_fails_leaves_no_lock() {
    let prefix = format!("y{}_", crate::adapters::tests::this_run());
    let pool = sqlx::MySqlPool::connect(&url()).await.unwrap();
    leaves_no_lock(&MysqlAdapter::from_pool(pool, &prefix).await.unwrap()).await;
}
